-- Price plans, from the published tariffs that come with the extension.
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_admin;
BEGIN;
CREATE TEMP TABLE given_plan (plan_code text, name text, from_on date, published text, line serial);
\copy given_plan (plan_code, name, from_on, published) FROM 'plans.csv' (FORMAT csv, HEADER)
SELECT count(billing.add_plan(g.plan_code, g.name, g.from_on, t.tariff, t.market))
  FROM given_plan g JOIN billing.published_tariffs() t ON t.code = g.published
 WHERE NOT EXISTS (SELECT FROM billing.plan p JOIN billing.plan_version v USING (plan_id) WHERE p.plan_code = g.plan_code AND v.from_on = g.from_on) \g /dev/null
-- one that was never published stands beside them
\set farm `cat "$LOAD_TARIFFS/demo-farm.json"`
SELECT count(billing.add_plan(g.plan_code, g.name, g.from_on, :'farm'::billing.tariff)) FROM given_plan g
 WHERE g.published = 'demo-farm' AND NOT EXISTS (SELECT FROM billing.plan p WHERE p.plan_code = g.plan_code) \g /dev/null
COMMIT;
SELECT format('%s price plans', count(*)) FROM billing.plan;

/*
 * Price plans, from the published tariffs that come with the extension.  Those
 * that ask for each month's prices get them: January's, for the months of the
 * county, as if they had held.
 */
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_admin;
BEGIN;
CREATE TEMP TABLE given_plan (plan_code text, name text, from_on date);
CREATE TEMP TABLE given_month (month date);
\copy given_plan FROM 'plans.csv' (FORMAT csv, HEADER)
\copy given_month FROM 'months.csv' (FORMAT csv, HEADER)
DELETE FROM given_plan g USING billing.plan p WHERE p.plan_code = g.plan_code;
CREATE TEMP TABLE published AS
SELECT g.*, t.tariff, t.market FROM given_plan g JOIN billing.published_tariffs() t ON t.code = g.plan_code;

SELECT count(billing.publish_market(m.market, NULL, 'loadgen')) FROM (
	SELECT jsonb_build_object('prices', (SELECT jsonb_object_agg(c.key, (
			SELECT jsonb_agg(jsonb_build_object('from', to_char(n.month, 'YYYY-MM-DD'), 'price', c.value #>> '{0,price}') ORDER BY n.month) FROM given_month n))
		FROM jsonb_each(billing.jsonb(p.market) -> 'prices') c))::billing.market AS market
	  FROM published p WHERE p.market IS NOT NULL ORDER BY p.plan_code LIMIT 1) m \g /dev/null
SELECT count(billing.add_plan(p.plan_code, p.name, p.from_on, p.tariff)) FROM published p \g /dev/null
-- one that was never published stands beside them
\set farm `cat "$LOAD_TARIFFS/demo-farm.json"`
SELECT count(billing.add_plan(g.plan_code, g.name, g.from_on, :'farm'::billing.tariff)) FROM given_plan g WHERE g.plan_code = 'demo-farm' \g /dev/null
COMMIT;
SELECT format('%s price plans', count(*)) FROM billing.plan;

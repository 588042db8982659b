-- What a segment's bills would be: to the cent what was billed where nothing is changed, for those who may know, without a trace.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('C', 'Company', 'company') \gset
SELECT billing.add_org('S1', 'Station', 'station', 'C'), billing.add_org('S2', 'Station', 'station') \gset
SELECT billing.add_plan('tou', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "notes": {"class": "residential"},
	"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"},
	"charges": [{"code": "energy", "tags": ["energy"], "price": {"peak": "0.568", "valley": "0.288"}},
				{"code": "tier", "per": "year", "steps": [{"to": "300"}, {"to": "600", "add": "0.05"}, {"add": "0.30"}]},
				{"code": "base", "fixed": "month", "price": "3"}]}') \gset
-- dearer from March on: a bill of January goes by the first, one of April by the second, the count of the year goes on
SELECT billing.add_plan('tou', 'Homes', '2026-03-01', '{"name": "x", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "notes": {"class": "residential"},
	"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"},
	"charges": [{"code": "energy", "tags": ["energy"], "price": {"peak": "0.6", "valley": "0.3"}},
				{"code": "tier", "per": "year", "steps": [{"to": "300"}, {"to": "600", "add": "0.05"}, {"add": "0.30"}]},
				{"code": "base", "fixed": "month", "price": "3"}]}') \gset
SELECT billing.add_plan('flat', 'Flat', '2026-01-01', '{"name": "y", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "notes": {"class": "shop"},
	"charges": [{"code": "energy", "price": "0.5"}]}') \gset
SELECT billing.add_plan('two', 'Two-part', '2026-01-01', '{"name": "d", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "notes": {"class": "industrial"},
	"terms": {"basic_charge": {"one_of": ["capacity", "demand", "contract"]}},
	"charges": [{"code": "energy", "price": "0.4"},
		{"code": "capacity", "when": {"basic_charge": "capacity"}, "capacity": "capacity_kva", "price": "26.3"},
		{"code": "demand", "when": {"basic_charge": "demand"}, "demand": {"minutes": 15}, "price": "42.0"},
		{"code": "contract", "when": {"basic_charge": "contract"}, "price": "40.0", "demand": {"minutes": 15, "contract": "contract_kw", "overrun": "contract_105"}}]}') \gset
SELECT billing.add_plan('dollars', 'Other money', '2026-01-01', '{"name": "y", "currency": "USD", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') \gset
SELECT billing.add_customer('S1', 'x', 'person', 'decision_customer') AS customer, billing.add_customer('S2', 'z') AS stranger \gset
SELECT count(*) FROM (SELECT billing.add_account('S1', 'A' || n, :customer, '2026-01-01') FROM generate_series(1, 8) n) q \gset
SELECT billing.add_account('S1', 'R', :stranger, '2026-01-01'), billing.add_account('S1', 'E', :stranger, '2026-01-01'), billing.add_account('S2', 'Z', :stranger, '2026-01-01') \gset
SELECT count(*) FROM (SELECT billing.set_plan('A' || n, CASE n WHEN 7 THEN 'two' WHEN 8 THEN 'flat' ELSE 'tou' END, '2026-01-01', CASE n WHEN 7 THEN '{"basic_charge": "capacity", "capacity_kva": 4}'::jsonb ELSE '{}' END)
	FROM generate_series(1, 8) n) q \gset
SELECT billing.set_plan('R', 'flat', '2026-01-01'), billing.set_plan('E', 'flat', '2026-01-01'), billing.set_plan('Z', 'flat', '2026-01-01') \gset
SELECT count(*) FROM (SELECT billing.record_profile(k.no, billing.profile(m AT TIME ZONE 'Asia/Shanghai', '15 minutes',
	ARRAY(SELECT ((30 + (n * 7919) % 60) * (1 + (n / 24 + k.n) % 3) * (1 + extract(month FROM m)::integer % 2))::bigint FROM generate_series(1, 96 * ((m + interval '1 month')::date - m::date)) n), time_zone => 'Asia/Shanghai'))
  FROM generate_series('2026-01-01'::timestamp, '2026-06-01', interval '1 month') m, (SELECT 'A' || n AS no, n FROM generate_series(1, 8) n UNION ALL VALUES ('Z', 9)) k) q \gset
-- A5 has a roof
SELECT count(*) FROM (SELECT billing.record_profile('A5', billing.profile(m AT TIME ZONE 'Asia/Shanghai', '15 minutes', array_fill(20::bigint, ARRAY[96 * ((m + interval '1 month')::date - m::date)]), time_zone => 'Asia/Shanghai'),
	channel => 'export') FROM generate_series('2026-01-01'::timestamp, '2026-06-01', interval '1 month') m) q \gset
SELECT billing.set_usage_from('register', '{R}') \gset
SELECT count(*) FROM (SELECT billing.record_register('R', d::date, 'total', v) FROM (VALUES ('2026-01-01', 100.5), ('2026-02-01', 350.75), ('2026-03-01', 600), ('2026-04-01', 801)) v(d, v)) q \gset
-- its terms change in May, its plan in June
SELECT billing.set_plan('A6', 'flat', '2026-06-01') \gset
CREATE FUNCTION pg_temp.run(org text, until_on date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run(org, until_on, 5);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	PERFORM billing._finish_run(run);
END $$;
SELECT pg_temp.run('C', '2026-07-01'), pg_temp.run('S2', '2026-07-01') \gset
-- a bill that was made anew, and one that was corrected after the readings were
SELECT billing.void_bill('A2', '2026-06-01', 'x') \gset
SELECT pg_temp.run('C', '2026-07-01') \gset
CREATE ROLE decision_customer LOGIN IN ROLE billing_customer;
CREATE ROLE decision_analyst LOGIN IN ROLE billing_analyst;
CREATE ROLE decision_other LOGIN IN ROLE billing_analyst;
CREATE ROLE decision_clerk LOGIN IN ROLE billing_clerk;
SELECT billing.add_staff('S1', 'K1', 'x', 'analyst', 'decision_analyst'), billing.grant_post('K1', 'C'), billing.add_staff('S2', 'K2', 'x', 'analyst', 'decision_other'), billing.grant_post('K2', 'S2'),
	billing.add_staff('S1', 'K3', 'x', 'customer service', 'decision_clerk'), billing.grant_post('K3', 'C') \gset
CREATE FUNCTION pg_temp.asked(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said	text;
BEGIN
	EXECUTE query INTO said;
	RETURN said;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
GRANT EXECUTE ON FUNCTION pg_temp.asked(text) TO PUBLIC;
\set half '''[2026-01-01,2026-07-01)'''

SELECT plan(67);
-- nothing changed
SELECT is_empty($$SELECT account_no, before, after, message FROM billing.rate_segment('{"org": "C"}', '[2026-01-01,2026-07-01)') WHERE account_no <> 'E' AND difference IS DISTINCT FROM 0$$,
	'by their own plans all accounts come to what they were billed, to the cent');
SELECT results_eq($$SELECT account_no, bills, before, sqlstate FROM billing.rate_segment('{"org": "C"}', '[2026-01-01,2026-07-01)') WHERE sqlstate IS NOT NULL$$,
	$$VALUES ('E', 0, NULL::numeric, 'P0002')$$, 'one without bills is listed, and says so');
SELECT is((SELECT sum(before) FROM billing.rate_segment('{"org": "C"}', :half)), (SELECT sum(total) FROM billing.bill WHERE org_id <> (SELECT org_id FROM billing.org WHERE org_no = 'S2')),
	'and together they are what was billed');
SELECT is_empty($$SELECT r.account_no FROM billing.rate_segment('{"org": "C"}', '[2026-03-01,2026-05-01)') r WHERE r.bills > 0 AND r.difference <> 0$$, 'within a year the count of earlier bills goes on');
-- another plan: the same as simulate() says, which goes account by account
SELECT results_eq($$SELECT account_no, after FROM billing.rate_segment('{"org": "C"}', '[2026-01-01,2026-07-01)', 'tou') WHERE account_no <> 'E'$$,
	$$SELECT s.account_no, sum(s.simulated) FROM billing.simulate('[2026-01-01,2026-07-01)', org_no => 'C', plan_code => 'tou') s JOIN billing.account a USING (account_no) WHERE s.billed IS NOT NULL GROUP BY a.account_id, s.account_no ORDER BY a.account_id$$,
	'another plan, of two versions, as simulate() has it');
SELECT results_eq($$SELECT account_no, totals FROM billing.rate_segment('{"accounts": ["A1", "A6"]}', '[2026-01-01,2026-07-01)', tariff => '{"name": "z", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "1"}]}')$$,
	$$SELECT s.account_no, array_agg(s.simulated ORDER BY s.from_on) FROM billing.simulate('[2026-01-01,2026-07-01)', '{A1,A6}', tariff => '{"name": "z", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "1"}]}') s GROUP BY s.account_no ORDER BY 1$$,
	'a tariff that is no plan, period by period');
SELECT isnt((SELECT after FROM billing.rate_segment('{"accounts": ["A1"]}', :half, 'tou', '2026-01-01')), (SELECT after FROM billing.rate_segment('{"accounts": ["A1"]}', :half, 'tou')), 'a version of a plan as if it had always held');
SELECT results_eq($$SELECT account_no, sqlstate, message FROM billing.rate_segment('{"accounts": ["A1", "A7"]}', '[2026-01-01,2026-07-01)', 'two')$$,
	$$VALUES ('A1', 'UB202', 'term "basic_charge" is missing'), ('A7', NULL, NULL)$$, 'who cannot be rated says why, the others go on');
SELECT is((SELECT count(*) FROM billing.rate_segment('{"accounts": ["A1", "A7"]}', :half, 'two', terms => '{"basic_charge": "demand"}') WHERE sqlstate IS NULL), 2::bigint, 'terms are added to the account''s own');
SELECT results_eq($$SELECT sqlstate, after FROM billing.rate_segment('{"accounts": ["A1"]}', '[2026-01-01,2026-07-01)', 'dollars')$$, $$VALUES ('UB308', NULL::numeric)$$, 'another currency is no comparison');
SELECT results_eq($$SELECT class, accounts, refused, difference, winners + losers FROM billing.segment_effect('{"org": "C"}', '[2026-01-01,2026-07-01)')$$,
	$$VALUES ('industrial', 1::bigint, 0::bigint, 0.00, 0::bigint), ('residential', 5, 0, 0.00, 0), ('shop', 4, 1, 0.00, 0), (NULL, 10, 1, 0.00, 0)$$, 'by class, and all together');
SELECT is((SELECT after - before FROM billing.segment_effect('{"org": "C"}', :half, 'flat') WHERE class IS NULL), (SELECT sum(difference) FROM billing.rate_segment('{"org": "C"}', :half, 'flat')), 'the classes add up');
SELECT is((SELECT count(*) FROM billing.segment_effect('{"class": "nobody"}', :half)), 1::bigint, 'an empty segment');
SELECT is((SELECT accounts FROM billing.segment_effect('{"class": "nobody"}', :half)), 0::bigint, 'has no accounts');
-- what may be asked
SELECT throws_ok($$SELECT * FROM billing.rate_segment('{}', '(,)')$$, '22023', 'a trial is of 1 to 3660 days', 'a span without end is refused');
SELECT throws_ok($$SELECT * FROM billing.rate_segment('{"orgs": "C"}', '[2026-01-01,2026-07-01)')$$, '22023', 'criterion "orgs" is not known, or not of this kind', 'a criterion that is not known');
SELECT throws_ok($$SELECT * FROM billing.rate_segment('{}', '[2026-01-01,2026-07-01)', 'nosuch')$$, 'P0002', NULL, 'a plan that is none');
SELECT throws_ok($$SELECT * FROM billing.rate_segment('{}', '[2026-01-01,2026-07-01)', 'tou', '2026-02-01')$$, 'P0002', NULL, 'a version that is none');
SELECT throws_ok($$SELECT * FROM billing.rate_segment('{}', '[2026-01-01,2026-07-01)', terms => '[]')$$, '22023', NULL, 'terms that are none');

-- the best for each
SELECT results_eq($$SELECT account_no, best_plan_code, best = (offers ->> best_plan_code)::numeric, saving = before - best FROM billing.best_plans('{"accounts": ["A1", "A8"]}', '[2026-01-01,2026-07-01)', '{flat,tou}')$$,
	$$VALUES ('A1', 'flat', true, true), ('A8', 'flat', true, true)$$, 'the best plan, and what it saves');
SELECT is((SELECT refused ->> 'two' FROM billing.best_plans('{"accounts": ["A1"]}', :half, '{two}')), 'term "basic_charge" is missing', 'a plan that cannot be is named with the reason');
CREATE TEMPORARY TABLE chosen AS SELECT * FROM billing.best_terms('{"accounts": ["A7"]}', :half,
	'{"capacity": {"basic_charge": "capacity"}, "demand": {"basic_charge": "demand"}, "contract": {"basic_charge": "contract", "contract_kw": {"peaks": ["1", "1.05"]}}}', 2);
SELECT is((SELECT amount FROM chosen), (SELECT min(r.after) FROM (VALUES ('{"basic_charge": "capacity"}'::jsonb), ('{"basic_charge": "demand"}'), ('{"basic_charge": "contract", "contract_kw": 1}'),
	('{"basic_charge": "contract", "contract_kw": 2}')) v(terms) CROSS JOIN LATERAL billing.rate_segment('{"accounts": ["A7"]}', :half, terms => v.terms) r), 'the best way to pay for demand');
SELECT is((SELECT before - amount FROM chosen), (SELECT saving FROM chosen), 'what it saves');
SELECT cmp_ok((SELECT changes_amount FROM chosen), '<=', (SELECT amount FROM chosen), 'changing between them saves no less');
SELECT is((SELECT after FROM chosen c CROSS JOIN LATERAL billing.rate_segment('{"accounts": ["A7"]}', :half, terms => c.terms)), (SELECT amount FROM chosen), 'and is what it comes to when it is rated');
SELECT is(billing._best_sequence('{a,b}', '[["1", "9", "1", "9"], ["5", "5", "5", "5"]]', 4, 1), '{1,2,1,2}', 'held for one period: the cheapest of each');
SELECT is(billing._best_sequence('{a,b}', '[["1", "9", "2", "9"], ["5", "5", "5", "5"]]', 4, 2), '{1,2,2,2}', 'held for two');

-- a tariff searched for
SELECT tariff AS tou FROM billing.plan_version v JOIN billing.plan p USING (plan_id) WHERE plan_code = 'tou' AND from_on = '2026-01-01' \gset
\set parameters '''{"peak": {"path": "charges/0/price/peak", "from": "0.54", "to": "0.62", "step": "0.02"}, "valley": {"path": "charges/0/price/valley", "from": "0.1", "to": "0.4", "step": "0.0001", "balance": true}}'''
CREATE TEMPORARY TABLE searched AS SELECT * FROM billing.search_tariff('{"plan": "tou"}', :half, :'tou', :parameters, '{"revenue_percent": "0.05", "rise_percent": "3"}');
SELECT results_eq($$SELECT count(*), count(*) FILTER (WHERE chosen), bool_and(abs(change_percent) <= 0.05 AND largest_rise_percent <= 3) FILTER (WHERE chosen) FROM searched$$, $$VALUES (6::bigint, 1::bigint, true)$$,
	'the grid and the tariff as it stands; one is chosen, which meets the constraints');
SELECT is_empty($$SELECT * FROM searched WHERE meets AND candidate > 0 AND moved < (SELECT moved FROM searched WHERE chosen)$$, 'none that meets them moves less money');
SELECT results_eq(format($$SELECT before, after, winners, losers FROM billing.segment_effect('{"plan": "tou"}', '[2026-01-01,2026-07-01)', tariff => billing.tariff_candidate(%L, %L, (SELECT figures FROM searched WHERE chosen))) WHERE class IS NULL$$, :'tou', :parameters),
	$$SELECT before, after, winners, losers FROM searched WHERE chosen$$, 'the chosen tariff rated again gives the same figures');
SELECT is((SELECT figures FROM billing.search_tariff('{"plan": "tou"}', :half, :'tou', :parameters, '{"revenue_percent": "0.05", "rise_percent": "3"}', method => 'descent') WHERE chosen), (SELECT figures FROM searched WHERE chosen),
	'a descent finds the same here');
SELECT is((SELECT count(*) FROM billing.search_tariff('{"plan": "tou"}', :half, :'tou', :parameters, '{"revenue_percent": "0", "rise_percent": "0"}', 'losers') WHERE chosen), 0::bigint, 'where none meets the constraints none is chosen');
SELECT throws_ok(format($$SELECT * FROM billing.search_tariff('{}', '[2026-01-01,2026-07-01)', %L, '{"x": {"path": "charges/9/price", "from": "1", "to": "2", "step": "1"}}')$$, :'tou'), '22023',
	'the tariff has no number at "charges/9/price"', 'a path that leads nowhere');
SELECT throws_ok(format($$SELECT * FROM billing.search_tariff('{}', '[2026-01-01,2026-07-01)', %L, %L, '{"rise": "1"}')$$, :'tou', :parameters), '22023', 'constraint "rise" is none', 'a constraint that is none');

-- the same by brute force: all candidates, each rated by itself
SELECT is_empty($$SELECT b.account_no FROM billing.best_plans('{"org": "C"}', '[2026-01-01,2026-07-01)', '{flat,tou,two}') b
	 WHERE b.best <> (SELECT min(least(r.after, r.before)) FROM unnest('{flat,tou,two}'::text[]) p CROSS JOIN LATERAL billing.rate_segment(jsonb_build_object('accounts', jsonb_build_array(b.account_no)), '[2026-01-01,2026-07-01)', p) r)$$,
	'no plan of those asked for is better than the best');
SELECT is((SELECT amount FROM chosen), (SELECT min(r.after) FROM (SELECT '{"basic_charge": "capacity"}'::jsonb AS terms UNION ALL SELECT '{"basic_charge": "demand"}' UNION ALL
	SELECT jsonb_build_object('basic_charge', 'contract', 'contract_kw', kw) FROM generate_series(1, 12) kw) v CROSS JOIN LATERAL billing.rate_segment('{"accounts": ["A7"]}', :half, terms => v.terms) r),
	'no contract demand is better than the best choice');
-- of all sequences of three choices over six periods, whose runs but the first and the last are long enough
CREATE TEMPORARY TABLE sequence AS
SELECT s.s, coalesce((SELECT min(r.n) FROM (SELECT g.g, count(*) AS n, bool_or(g.i = 1 OR g.i = 6) AS is_end FROM (
		SELECT u.i, count(*) FILTER (WHERE u.is_new) OVER (ORDER BY u.i) AS g FROM (SELECT i, c, lag(c) OVER (ORDER BY i) IS DISTINCT FROM c AS is_new FROM unnest(s.s) WITH ORDINALITY x(c, i)) u) g GROUP BY g.g) r WHERE NOT r.is_end), 99) AS shortest
  FROM (SELECT ARRAY[a, b, c, d, e, f] AS s FROM generate_series(1, 3) a, generate_series(1, 3) b, generate_series(1, 3) c, generate_series(1, 3) d, generate_series(1, 3) e, generate_series(1, 3) f) s;
CREATE FUNCTION pg_temp.cost(costs jsonb, s integer[]) RETURNS numeric LANGUAGE sql AS 'SELECT sum((costs -> (c - 1) ->> (i - 1)::integer)::numeric) FROM unnest(s) WITH ORDINALITY u(c, i)';
SELECT is_empty($$SELECT m.n, h FROM (SELECT n, jsonb_agg(q.row ORDER BY q.c) AS costs FROM generate_series(1, 12) n
		CROSS JOIN LATERAL (SELECT c, jsonb_agg(to_jsonb((hashint4(n * 100 + c * 10 + i) & 31)::text) ORDER BY i) AS row FROM generate_series(1, 3) c, generate_series(1, 6) i GROUP BY c) q GROUP BY n) m
	CROSS JOIN generate_series(1, 4) h
	WHERE pg_temp.cost(m.costs, billing._best_sequence('{a,b,c}', m.costs, 6, h)) IS DISTINCT FROM (SELECT min(pg_temp.cost(m.costs, s.s)) FROM sequence s WHERE s.shortest >= h)
	   OR NOT EXISTS (SELECT FROM sequence s WHERE s.s = billing._best_sequence('{a,b,c}', m.costs, 6, h) AND s.shortest >= h)$$, 'no sequence of choices that are held long enough costs less');
-- searches of segments and with constraints as they come; every candidate rated by itself says the same
CREATE TEMPORARY TABLE random_search AS
SELECT n, o.objective, c.criteria, c.constraints, s.* FROM generate_series(1, 8) n
 CROSS JOIN LATERAL (SELECT (ARRAY['moved', 'losers', 'rise', 'revenue'])[1 + n % 4] AS objective) o
 CROSS JOIN LATERAL (SELECT jsonb_build_object('accounts', (SELECT jsonb_agg('A' || i) FROM generate_series(1, 6) i WHERE i = n % 6 + 1 OR hashint4(n * 10 + i) & 1 = 1)) AS criteria,
		jsonb_build_object('revenue_percent', round((hashint4(n) & 15) / 4.0, 2), 'rise_percent', (hashint4(n + 50) & 7)) AS constraints) c
 CROSS JOIN LATERAL billing.search_tariff(c.criteria, :half, :'tou', '{"peak": {"path": "charges/0/price/peak", "from": "0.56", "to": "0.60", "step": "0.02"}, "valley": {"path": "charges/0/price/valley", "from": "0.26", "to": "0.30", "step": "0.02"}}',
	c.constraints, o.objective) s;
CREATE TEMPORARY TABLE by_itself AS
SELECT q.n, q.candidate, count(*) AS accounts, sum(r.before) AS before, sum(r.after) AS after, count(*) FILTER (WHERE r.after > r.before) AS losers, sum(abs(r.difference)) AS moved,
	   greatest(max(round(100 * r.difference / r.before, 4)), 0) AS rise,
	   abs(sum(r.difference)) * 100 <= (q.constraints ->> 'revenue_percent')::numeric * sum(r.before) AND bool_and(r.difference * 100 <= ((q.constraints ->> 'rise_percent')::numeric + 0.0001) * r.before) AS meets
  FROM random_search q CROSS JOIN LATERAL billing.rate_segment(q.criteria, :half, tariff => billing.tariff_with(:'tou', jsonb_build_object('charges/0/price/peak', q.figures ->> 'peak', 'charges/0/price/valley', q.figures ->> 'valley'))) r
 GROUP BY q.n, q.candidate, q.constraints;
SELECT results_eq('SELECT n, candidate, accounts, before, after, losers, moved, largest_rise_percent, meets FROM random_search ORDER BY 1, 2', 'SELECT n, candidate, accounts, before, after, losers, moved, rise, meets FROM by_itself ORDER BY 1, 2',
	'a search says of each candidate what comes of it by itself, and whether it meets the constraints');
SELECT is_empty($$SELECT c.n FROM random_search c JOIN by_itself i USING (n, candidate) WHERE c.chosen AND NOT i.meets$$, 'what is chosen keeps revenue and what anybody pays within the bounds');
SELECT is_empty($$SELECT i.n FROM by_itself i JOIN random_search q USING (n, candidate) WHERE i.meets AND i.candidate > 0 AND NOT EXISTS (SELECT FROM by_itself c JOIN random_search s USING (n, candidate) WHERE s.chosen AND s.n = i.n AND
	CASE q.objective WHEN 'moved' THEN c.moved <= i.moved WHEN 'losers' THEN c.losers <= i.losers WHEN 'rise' THEN c.rise <= i.rise ELSE c.after >= i.after END)$$, 'and none that does is better');
SELECT cmp_ok((SELECT count(DISTINCT n) FROM random_search WHERE chosen), '>=', 4::bigint, 'in most of them one is chosen');
-- accounts are taken by the thousand
SELECT results_eq(format('SELECT accounts, before, after, moved FROM billing._tariff_effects(%L, %L, ARRAY[%L]::billing.tariff[], NULL)', (SELECT array_agg(coalesce(a.account_id, -n) ORDER BY n) FROM generate_series(1, 2500) n
		LEFT JOIN billing.account a ON n % 600 = 0 AND a.account_no = 'A' || n / 600), :half, :'tou'), format('SELECT count(*), sum(before), sum(after), sum(abs(difference)) FROM billing.rate_segment(%L, %L, tariff => %L)',
	'{"accounts": ["A1", "A2", "A3", "A4"]}', :half, :'tou'), 'and all of them');

-- without a trace
SELECT billing.save_what_if('C', 'all flat', '{"class": "residential"}', :half, 'flat') AS kept \gset
SELECT results_eq(format('SELECT same, accounts, winners FROM billing.repeat_what_if(%s)', :kept), $$VALUES (true, 5::bigint, 5::bigint)$$, 'a trial that was kept, again');
SELECT billing.add_campaign('C', 'spring', 'To the flat plan', 'flat', '{"class": "residential"}', '[2026-01-01,2026-06-01)', 10) AS listed \gset
SELECT is(:listed, 6, 'a campaign lists whom it saves enough');
SELECT billing.answer_campaign('spring', 'A6', 'accepted', 'by telephone') \gset
SELECT results_eq($$SELECT state, accounts, changed, billed, saving = otherwise - billed, saving > 0 FROM billing.campaign_outcome('spring', '2026-07-01')$$,
	$$SELECT 'accepted', 1::bigint, 1::bigint, total, true, true FROM billing.bill WHERE from_on = '2026-06-01' AND account_id = (SELECT account_id FROM billing.account WHERE account_no = 'A6') UNION ALL SELECT 'listed', 5, 0, NULL, NULL, NULL$$,
	'and what it has saved is measured by the bills since');
SAVEPOINT reading;
SET TRANSACTION READ ONLY;
SELECT lives_ok($$SELECT * FROM billing.rate_segment('{}', '[2026-01-01,2026-07-01)', 'flat')$$, 'all of it in a transaction that may not write');
SELECT lives_ok(format($$SELECT * FROM billing.search_tariff('{}', '[2026-01-01,2026-02-01)', %L, '{"base": {"path": "charges/2/price", "from": "3", "to": "4", "step": "1"}}')$$, :'tou'), 'searches too');
ROLLBACK TO reading;

-- who may ask
SET LOCAL SESSION AUTHORIZATION decision_analyst;
SELECT is(pg_temp.asked('SELECT count(*) FROM billing.rate_segment(''{}'', ''[2026-01-01,2026-07-01)'', ''flat'')'), '10', 'an analyst of the company, its accounts');
SELECT is(pg_temp.asked(format('SELECT count(*) FROM billing.search_tariff(''{"plan": "tou"}'', ''[2026-01-01,2026-02-01)'', %L, ''{"base": {"path": "charges/2/price", "from": "3", "to": "4", "step": "1"}}'')', :'tou')), '3', 'who may search');
SELECT is(pg_temp.asked('SELECT billing.save_what_if(''C'', ''mine'', ''{}'', ''[2026-01-01,2026-02-01)'')') IS NOT NULL, true, 'who may also keep a trial');
SELECT is(pg_temp.asked('SELECT billing.add_campaign(''C'', ''x'', ''x'', ''flat'', ''{}'', ''[2026-01-01,2026-06-01)'', 10)'), '42501', 'but approach no customers');
SET LOCAL SESSION AUTHORIZATION decision_other;
SELECT is(pg_temp.asked('SELECT string_agg(account_no, '','') FROM billing.rate_segment(''{}'', ''[2026-01-01,2026-07-01)'', ''flat'')'), 'Z', 'one of another station, its own');
SELECT is(pg_temp.asked('SELECT count(*) FROM billing.rate_segment(''{"org": "C"}'', ''[2026-01-01,2026-07-01)'')'), 'P0002', 'and none of the company');
SELECT is(pg_temp.asked(format('SELECT count(*) FROM billing.repeat_what_if(%s)', :kept)), 'P0002', 'nor what was kept there');
SET LOCAL SESSION AUTHORIZATION decision_customer;
SELECT is(pg_temp.asked('SELECT count(*) FROM billing.best_plans(''{}'', ''[2026-01-01,2026-07-01)'', ''{flat,tou}'')'), '8', 'a customer, his own accounts');
SET LOCAL SESSION AUTHORIZATION decision_clerk;
SELECT is(pg_temp.asked('SELECT billing.answer_campaign(''spring'', ''A1'', ''declined'')') IS NOT NULL, true, 'customer service writes down answers');
RESET SESSION AUTHORIZATION;
-- another currency
SELECT billing.add_org('S3', 'Station', 'station', 'C'), billing.add_account('S3', 'D', :customer, '2026-01-01'), billing.set_plan('D', 'dollars', '2026-01-01'), billing.set_usage_from('register', '{D}'),
	billing.record_register('D', '2026-01-01', 'total', 0), billing.record_register('D', '2026-02-01', 'total', 100) \gset
SELECT pg_temp.run('C', '2026-07-01') \gset
SELECT throws_ok($$SELECT * FROM billing.segment_effect('{"org": "C"}', '[2026-01-01,2026-07-01)')$$, 'UB308', 'amounts in several currencies are not added', 'two currencies are not added');
SELECT throws_ok($$SELECT billing.save_what_if('C', 'both', '{"org": "C"}', '[2026-01-01,2026-07-01)')$$, 'UB308', NULL, 'nor kept as one amount');
SELECT results_eq($$SELECT class, currency, before, after FROM billing.segment_effect('{"org": "S3"}', '[2026-01-01,2026-07-01)')$$, $$VALUES ('other', 'USD', 50.00, 50.00), (NULL, 'USD', 50.00, 50.00)$$, 'amounts say in what they are');
SELECT results_eq($$SELECT currency, count(*) FROM billing.rate_segment('{"org": "C"}', '[2026-01-01,2026-07-01)') WHERE sqlstate IS NULL GROUP BY 1 ORDER BY 1$$, $$VALUES ('CNY', 9::bigint), ('USD', 1)$$, 'account by account both');
SELECT results_eq($$SELECT currency, accounts - refused FROM billing.segment_effect('{"org": "C"}', '[2026-01-01,2026-07-01)', 'flat') WHERE class IS NULL$$, $$VALUES ('CNY', 9::bigint)$$, 'by a plan of one currency the other accounts are refused, not added');
-- readings are read once for all choices: what is said of each is what it comes to by itself
SELECT is((SELECT changes_amount FROM chosen), (SELECT r.after FROM chosen c CROSS JOIN LATERAL (SELECT array_agg(t.choice) AS names, array_agg(t.terms) AS terms FROM billing._choice_terms((SELECT account_id FROM billing.account WHERE account_no = 'A7'), :half,
	'{"capacity": {"basic_charge": "capacity"}, "demand": {"basic_charge": "demand"}, "contract": {"basic_charge": "contract", "contract_kw": {"peaks": ["1", "1.05"]}}}') t) t
	CROSS JOIN LATERAL billing.rate_segment('{"accounts": ["A7"]}', :half, terms => billing._terms_by_steps(c.changes, t.names, t.terms)) r), 'changes come to what they do when they are rated');
-- readings of half hours, demand of half hours
SELECT billing.add_account('S1', 'H', :stranger, '2026-01-01'), billing.set_plan('H', 'flat', '2026-01-01') \gset
SELECT count(billing.record_profile('H', billing.profile(m AT TIME ZONE 'Asia/Shanghai', '30 minutes', ARRAY(SELECT (((n * 7919) % 700) * (1 + extract(month FROM m)::integer % 3))::bigint
	FROM generate_series(1, 48 * ((m + interval '1 month')::date - m::date)) n), time_zone => 'Asia/Shanghai'))) FROM generate_series('2026-01-01'::timestamp, '2026-06-01', interval '1 month') m \gset
SELECT pg_temp.run('S1', '2026-07-01') \gset
SELECT jsonb_set(billing.jsonb(tariff), '{charges,3,demand,minutes}', '30')::text AS halves FROM billing.plan_version v JOIN billing.plan p USING (plan_id) WHERE plan_code = 'two' \gset
CREATE TEMPORARY TABLE half_hour AS SELECT * FROM billing.best_terms('{"accounts": ["H", "A7", "A8", "E", "R"]}', :half, '{"contract": {"basic_charge": "contract", "contract_kw": {"peaks": ["1", "1.05"], "minutes": 30}}}', 3, NULL, :'halves');
SELECT results_eq('SELECT account_no, amount FROM half_hour WHERE amount IS NOT NULL',
	format($$SELECT account_no, min(after) FROM generate_series(1, 8) kw CROSS JOIN LATERAL billing.rate_segment('{"accounts": ["H", "A7", "A8"]}', '[2026-01-01,2026-07-01)', tariff => %L, terms => jsonb_build_object('basic_charge', 'contract', 'contract_kw', kw))
	GROUP BY account_id, account_no ORDER BY account_id$$, :'halves'), 'contract demands of half hours: no other is better, from readings of a quarter and of half an hour');
SELECT results_eq($$SELECT account_no FROM half_hour WHERE amount IS NULL$$, $$SELECT ''::text WHERE false$$, 'who has no demand to contract for is not listed');
SELECT is((SELECT count(*) FROM billing.best_terms('{"accounts": ["H", "A7"]}', :half, '{"contract": {"basic_charge": "contract", "contract_kw": {"peaks": ["1"]}}}', 3, NULL, :'halves') WHERE amount IS NOT NULL), 2::bigint,
	'readings of longer slots than the blocks asked for end nothing');
SELECT throws_ok($$SELECT * FROM billing.best_terms('{}', '[2026-01-01,2026-07-01)', '{"c": {"kw": {"peaks": ["1"], "minutes": 7}}}')$$, '22023', 'the divisors of peaks in choice "c" are none', 'blocks that do not divide an hour');
SELECT throws_ok($$SELECT * FROM billing.best_terms('{}', '[2026-01-01,2026-07-01)', '{"c": {"kw": {"peaks": ["0.5"]}}}')$$, '22023', 'the divisors of peaks in choice "c" are none', 'divisors below one');
SELECT * FROM finish();
ROLLBACK;

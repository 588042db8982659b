-- Forming: what is divided adds up to what was measured, on registers and slot by slot; worked cases; order, redo, late; two tenants.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_bill LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_otto LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c, billing.add_org('S1', 'Station 1', 'station', 'C') AS s1, billing.add_org('S2', 'Station 2', 'station', 'C') AS s2 \gset
SELECT billing.add_staff('S1', 'B', 'Bill', 'billing clerk', 'tap_bill') AS b, billing.add_staff('S2', 'O', 'Otto', 'billing clerk', 'tap_otto') AS o \gset
SELECT billing.grant_post('B', 'S1') AS g, billing.grant_post('O', 'S2') AS i, billing.grant_access('O', 'S2', '{account}', '{write}') AS j, billing.grant_access('B', 'S1', '{account,reading}', '{write}') AS k \gset
SELECT billing.add_plan('p', 'p', '2026-01-01', '{"name": "s", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "1"}]}') AS p \gset
SELECT billing.add_customer('S1', 'x') AS cu \gset
SELECT billing.add_account(CASE WHEN a = 'X' THEN 'S2' ELSE 'S1' END, a, :cu, '2026-01-01'), billing.set_plan(a, 'p', '2026-01-01')
  FROM unnest('{M,S1,S2,T,J,J1,J2,J3,L,N,P,P1,P2,PS,X,R,R1,D,D1,D2,H,H1,H2}'::text[]) a;
CREATE FUNCTION pg_temp.formed(no text, want text DEFAULT 'import') RETURNS numeric LANGUAGE sql AS $$
	SELECT sum(l.kwh) FROM billing.formed_usage u JOIN billing.formed_line l USING (account_id, from_on, revision) JOIN billing.account a ON a.account_id = u.account_id
	 WHERE a.account_no = no AND l.channel = want AND u.state = 'current' $$;

SELECT plan(46);

-- ---- shares ----
SELECT is(billing.split_kwh(1000, '{1,1,1}'), '{333.333334,333.333333,333.333333}'::numeric[], 'by largest remainder, the first of equals');
SELECT is(billing.split_kwh(10, '{1,2,4}', 1), '{1,3,6}'::numeric[], 'in whole kWh: 1.43, 2.86, 5.71');
SELECT is(billing.split_kwh(10.5, '{1,2,4}', 1), '{1,3,6.5}'::numeric[], 'what is less than a step goes to the largest');
SELECT is((SELECT count(*) FROM (SELECT (random() * 1e6)::numeric(18,6) AS kwh, (SELECT array_agg((random() * 1000)::numeric(12,3) + 0.001 * (i + n * 0)) FROM generate_series(1, 1 + n % 9) i) AS w FROM generate_series(1, 500) n) q
	WHERE (SELECT sum(s) FROM unnest(billing.split_kwh(q.kwh, q.w)) s) <> q.kwh
	   -- each within a step of its exact share
	   OR EXISTS (SELECT FROM unnest(q.w, billing.split_kwh(q.kwh, q.w)) x(w, s) WHERE abs(x.s - q.kwh * x.w / (SELECT sum(z) FROM unnest(q.w) z)) >= 0.000001)), 0::bigint, '500 random divisions add up, each share within a step');
SELECT is((SELECT count(*) FROM (SELECT billing.profile('2026-01-01 00:00+08', '1 hour', (SELECT array_agg((random() * 5000)::bigint * (i % 3 + n * 0)) FROM generate_series(1, 48) i), time_zone => 'Asia/Shanghai') AS p,
		(random() * 0.4)::numeric(8,6) AS r FROM generate_series(1, 100) n) q, LATERAL (SELECT round(billing.energy_kwh(q.p) * q.r, 6) AS kwh) e, LATERAL (SELECT billing.portion(q.p, e.kwh) AS part) t
	WHERE billing.energy_kwh(t.part) <> e.kwh OR billing.energy_kwh(billing.negative(billing.subtract(q.p, t.part))) <> 0), 0::bigint, '100 random portions of profiles: exact, and no slot below zero');
SELECT throws_ok($$SELECT billing.portion(billing.profile('2026-01-01 00:00+08', '1 hour', '{0,0}'::bigint[]), 1)$$, '22023', NULL, 'nothing has no portion');
SELECT is(billing._months('2026-01-01', '2026-02-01'), 1::numeric, 'a month of 31 days is one');
SELECT is(round(billing._months('2026-01-12', '2026-02-01'), 6), 0.666667, '20 days are 20/30');

-- ---- losses: worked cases ----
-- transformer loss by the table for 20 days of a month: 304 * 20/30 = 203, whole kWh (public exam bank on changing a transformer)
SELECT billing.add_loss_table('T1', '[{"kva": 315, "kwh_from": 0, "loss_kwh": 304, "loss_kvarh": 900}, {"kva": 315, "kwh_from": 100000, "loss_kwh": 700}]') AS t \gset
SELECT billing.set_usage_from('formed', '{N}') AS u \gset
SELECT billing.record_register('N', '2026-01-01', r, 0, 'opening', digits => 6), billing.record_register('N', '2026-01-21', r, v) FROM (VALUES ('peak', 6000), ('flat', 9000), ('valley', 5000), ('reactive_import', 4000)) x(r, v);
SELECT billing.add_forming_rule('N', 'transformer_loss', '2026-01-01', '{"kva": 315, "table_code": "T1", "step_kwh": 1, "period": "flat"}') AS r \gset
SELECT results_eq($$SELECT outcome, spans FROM billing.form_usage('S1', '2026-01-21')$$, $$VALUES ('formed'::text, 1::bigint)$$, 'a part of a month is formed');
SELECT results_eq($$SELECT channel, period, kwh FROM billing.explain_usage('N') WHERE kind = 'transformer_loss' ORDER BY 1$$, $$VALUES ('import', 'flat', 203::numeric), ('reactive_import', '', 600)$$,
	'304 a month are 203 for 20 days, in the flat period; reactive 900 are 600');
-- by the formula: 0.67 * 744 + 3.65 * (300000^2 + 100000^2) / (315^2 * 744) and reactive 1.4% * 315 * 744 + 4% * (..) / (315 * 744)
SELECT is(round(0.67 * 744 + 3.65 * (300000::numeric ^ 2 + 100000::numeric ^ 2) / (315::numeric ^ 2 * 744), 3), 5442.712, 'the formula by hand');
SELECT billing.record_register('M', '2026-01-01', r, 0, 'opening', digits => 6, multiplier => 100), billing.record_register('M', '2026-02-01', r, v) FROM (VALUES ('total', 3000), ('reactive_import', 1000)) x(r, v);
SELECT billing.record_register(a, '2026-01-01', 'total', 0, 'opening', digits => 6), billing.record_register(a, '2026-02-01', 'total', v) FROM (VALUES ('S1', 40000), ('S2', 20000.5), ('T', 1234.5)) x(a, v);
SELECT billing.add_forming_rule('M', 'transformer_loss', '2026-01-01', '{"kva": 315, "iron_kw": 0.67, "copper_kw": 3.65, "no_load_percent": 1.4, "impedance_percent": 4, "step_kwh": 0.001}') AS a,
	billing.add_forming_rule('M', 'line_loss', '2026-01-01', '{"ratio": 0.01, "step_kwh": 1}') AS b,
	billing.add_forming_rule('M', 'deduct', '2026-01-01', other_account_no => 'S1') AS c,
	billing.add_forming_rule('M', 'deduct', '2026-01-01', other_account_no => 'S2') AS d,
	billing.add_forming_rule('M', 'loss_share', '2026-01-01', '{"step_kwh": 1}', other_account_no => 'S1') AS e,
	billing.add_forming_rule('M', 'loss_share', '2026-01-01', '{"step_kwh": 1}', other_account_no => 'S2') AS f,
	billing.add_forming_rule('M', 'fixed_quantity', '2026-01-01', '{"kwh": 500, "step_kwh": 1}', other_part => 'canteen') AS g,
	billing.add_forming_rule('M', 'fixed_ratio', '2026-01-01', '{"ratio": 0.03, "step_kwh": 1}', other_part => 'lighting') AS h,
	billing.add_forming_rule('S1', 'deduct', '2026-01-01', other_account_no => 'T') AS i \gset
-- joint accounts, one of which gives on
SELECT billing.record_register('J', '2026-01-01', r, 0, 'opening', digits => 6), billing.record_register('J', '2026-02-01', r, v) FROM (VALUES ('peak', 333.1), ('valley', 100.2), ('reactive_import', 77)) x(r, v);
SELECT billing.add_forming_rule('J', 'share', '2026-01-01', '{"weight": 1}', other_account_no => 'J1') AS a, billing.add_forming_rule('J', 'share', '2026-01-01', '{"weight": 2.5}', other_account_no => 'J2') AS b,
	billing.add_forming_rule('J', 'share', '2026-01-01', '{"weight": 0.7}') AS c, billing.add_forming_rule('J2', 'fixed_ratio', '2026-01-01', '{"ratio": 0.2}', other_account_no => 'J3') AS d,
	billing.add_forming_rule('L', 'unmetered', '2026-01-01', '{"kw": 0.25, "hours": [12.5]}') AS e, billing.add_forming_rule('L', 'unmetered', '2026-01-11', '{"kwh": 300, "step_kwh": 1}', part => 'sign') AS f \gset
-- the same slot by slot
SELECT billing.record_profile(a, billing.profile('2026-01-01 00:00+08', '1 hour', (SELECT array_agg((i * 7919 + 13) % m) FROM generate_series(1, 744) i), time_zone => 'Asia/Shanghai'))
  FROM (VALUES ('P', 20000), ('PS', 1)) x(a, m);
SELECT billing.add_forming_rule('P', 'transformer_loss', '2026-01-01', '{"kva": 315, "iron_kw": 0.67, "copper_kw": 3.65}') AS a, billing.add_forming_rule('P', 'deduct', '2026-01-01', other_account_no => 'PS') AS b,
	billing.add_forming_rule('P', 'fixed_quantity', '2026-01-01', '{"kwh": 77.7}', other_part => 'canteen') AS c, billing.add_forming_rule('P', 'share', '2026-01-01', '{"weight": 3}', other_account_no => 'P1') AS d,
	billing.add_forming_rule('P', 'share', '2026-01-01', '{"weight": 4}', other_account_no => 'P2') AS e \gset
SET SESSION AUTHORIZATION tap_bill;
SELECT results_eq($$SELECT outcome, spans FROM billing.form_usage('S1', '2026-02-01')$$, $$VALUES ('failed'::text, 1::bigint), ('formed', 11)$$, 'all are formed but the one that was not read at the end');
SELECT results_eq($$SELECT outcome, spans FROM billing.form_usage('S1', '2026-02-01')$$, $$VALUES ('failed'::text, 1::bigint), ('unchanged', 11)$$, 'once');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT sqlstate FROM billing_report.formed_usage WHERE account_no = 'N' AND state = 'current' AND until_on = '2026-02-01'), 'UB122', 'that one says why');
SELECT is((SELECT kwh FROM billing.explain_usage('M') WHERE kind = 'transformer_loss' AND channel = 'import'), 5442.712, 'the loss by formula');
SELECT is((SELECT kwh FROM billing.explain_usage('M') WHERE kind = 'transformer_loss' AND channel = 'reactive_import'), round(0.014 * 315 * 744 + 0.04 * 1e11 / (315 * 744), 3), 'and the reactive one');
SELECT is((SELECT kwh FROM billing.explain_usage('M') WHERE kind = 'line_loss'), round(0.01 * 305442.712), 'line loss is of what is with the transformer''s');
SELECT is((SELECT sum(kwh) FROM billing.explain_usage('M') WHERE part = 'lighting'), round(0.03 * (SELECT total_kwh FROM billing.explain_usage('M') WHERE kind = 'fixed_quantity' AND part = 'main')), '3% of what is left');
-- laws
SELECT is((SELECT sum(pg_temp.formed(a)) FROM unnest('{M,S1,S2}'::text[]) a) + 1234.5, 300000 + (SELECT sum(kwh) FROM billing.explain_usage('M') WHERE kind IN ('transformer_loss', 'line_loss') AND channel = 'import'),
	'main, sub-meters and the one behind: what was measured, and the losses');
SELECT is((SELECT sum(pg_temp.formed(a)) FROM unnest('{J,J1,J2,J3}'::text[]) a), 433.3, 'joint accounts: what was measured');
SELECT is((SELECT sum(pg_temp.formed(a, 'reactive_import')) FROM unnest('{J,J1,J2}'::text[]) a), 77::numeric, 'reactive energy too');
SELECT is((SELECT sum(pg_temp.formed(a)) FROM unnest('{P,P1,P2}'::text[]) a), (SELECT sum(kwh) FROM billing.explain_usage('P') WHERE kind IN ('measured', 'transformer_loss', 'deduct')), 'slot by slot as well');
SELECT is((SELECT count(*) FROM billing.formed_line WHERE profile IS NOT NULL AND billing.energy_kwh(profile) <> kwh), 0::bigint, 'every step''s slots add up to it');
SELECT ok((SELECT billing.equal(billing.add(billing.add(billing.channel_profile(a.usage, 'main', 'import'), billing.channel_profile(b.usage, 'main', 'import')),
		billing.channel_profile(p.usage, 'canteen', 'import')), (SELECT billing.sum(l.profile) FROM billing.formed_line l WHERE l.account_id = p.account_id AND l.kind IN ('measured', 'transformer_loss', 'deduct')))
	FROM billing.formed_usage a, billing.formed_usage b, billing.formed_usage p WHERE (a.account_id, b.account_id, p.account_id) = ((SELECT account_id FROM billing.account WHERE account_no = 'P1'),
		(SELECT account_id FROM billing.account WHERE account_no = 'P2'), (SELECT account_id FROM billing.account WHERE account_no = 'P'))), 'in each slot');
SELECT is_empty($$SELECT u.account_id, l.part, l.channel, r.kwh FROM billing.formed_usage u JOIN billing.formed_line l USING (account_id, from_on, revision),
		LATERAL (SELECT coalesce(sum(r.kwh), 0) AS kwh FROM billing.registers(u.usage) r WHERE r.part = l.part AND r.channel = l.channel) r
	WHERE l.profile IS NULL AND u.state = 'current' GROUP BY u.account_id, l.part, l.channel, r.kwh HAVING sum(l.kwh) <> r.kwh$$, 'the steps add up to the usage');
SELECT is(pg_temp.formed('L'), round(0.25 * 12.5 * 31, 6) + 210, 'street lights: 31 nights; a sign from the 11th: 21 days of 300 a month');

-- ---- order, redo, late ----
SELECT throws_ok($$SELECT billing.add_forming_rule('T', 'deduct', '2026-01-01', other_account_no => 'M')$$, 'UB126', 'the rule would close a circle', 'a circle of meters over two levels');
SELECT throws_ok($$SELECT billing.add_forming_rule('J3', 'share', '2026-01-01', '{"weight": 1}', other_account_no => 'J')$$, 'UB126', 'the rule would close a circle', 'a circle of gifts');
SELECT throws_ok($$SELECT billing.add_forming_rule('J3', 'share', '2026-01-01', '{"wait": 1}')$$, '22023', NULL, 'an unknown setting');
SELECT throws_ok($$SELECT billing.add_forming_rule('J3', 'fixed_ratio', '2026-01-01', '{"ratio": 1.2}', other_part => 'x')$$, '23514', NULL, 'a ratio above one');
SELECT is((SELECT sqlstate FROM billing._stored_usage((SELECT account_id FROM billing.account WHERE account_no = 'J3'), 'formed', '2026-01-01', '2026-02-01')), NULL, 'what is formed can be billed');
SELECT billing.record_register('J', '2026-02-01', 'valley', 120.2) AS changed \gset
SELECT is((SELECT sqlstate FROM billing._stored_usage((SELECT account_id FROM billing.account WHERE account_no = 'J3'), 'formed', '2026-01-01', '2026-02-01')), 'UB123', 'not when what it rests on has changed, two accounts away');
UPDATE billing.account_head SET billed_to = '2026-02-01' WHERE account_id = (SELECT account_id FROM billing.account WHERE account_no = 'J2');
SELECT results_eq($$SELECT outcome, spans FROM billing.form_usage('S1', '2026-02-01', back_to => '2026-01-01')$$, $$VALUES ('failed'::text, 1::bigint), ('formed anew', 3), ('late', 1), ('unchanged', 7)$$,
	'three are formed anew, the billed one is late');
SELECT is((SELECT sum(l.kwh) FROM billing.formed_usage u JOIN billing.formed_line l USING (account_id, from_on, revision) JOIN billing.account a ON a.account_id = u.account_id
	WHERE l.channel = 'import' AND (a.account_no IN ('J', 'J1', 'J3') AND u.state = 'current' OR a.account_no = 'J2' AND u.state = 'late')), 453.3, 'with what the billed one would be, it adds up again');
SELECT throws_ok($$UPDATE billing.formed_usage SET usage = '{}'$$, '23001', NULL, 'formed usage is not changed');
-- less than nothing
SELECT billing.record_register('R', '2026-01-01', 'total', 0, 'opening', digits => 6), billing.record_register('R', '2026-02-01', 'total', 10), billing.record_register('R1', '2026-01-01', 'total', 0, 'opening', digits => 6),
	billing.record_register('R1', '2026-02-01', 'total', 10.5);
SELECT billing.add_forming_rule('R', 'deduct', '2026-01-01', other_account_no => 'R1') AS r \gset
SELECT is((SELECT spans FROM billing.form_usage('S1', '2026-02-01') WHERE outcome = 'failed'), 2::bigint, 'a negative rest is not formed');
SELECT is((SELECT sqlstate FROM billing_report.formed_usage WHERE account_no = 'R'), 'UB125', 'it is a case for a work order');

-- ---- demand of joint accounts ----
SELECT billing.record_register('D', '2026-01-01', r, 0, 'opening', digits => 6, multiplier => 10), billing.record_register('D', '2026-02-01', r, v) FROM (VALUES ('total', 700), ('demand', 0.1)) x(r, v);
SELECT billing.add_forming_rule('D', 'share', '2026-01-01', '{"weight": 1, "step_kwh": 1}', other_account_no => 'D1') AS a, billing.add_forming_rule('D', 'share', '2026-01-01', '{"weight": 1, "step_kwh": 1}', other_account_no => 'D2') AS b,
	billing.add_forming_rule('D', 'share', '2026-01-01', '{"weight": 1}') AS c \gset
SELECT is((SELECT spans FROM billing.form_usage('S1', '2026-02-01') WHERE outcome = 'formed'), 3::bigint, 'three share a meter with a demand');
SELECT results_eq($$SELECT a.account_no, d.kw, r.kwh FROM billing.formed_usage u JOIN billing.account a USING (account_id), billing.recorded_demands(u.usage) d, billing.registers(u.usage) r
	WHERE a.account_no LIKE 'D%' AND u.state = 'current' ORDER BY 1$$, $$VALUES ('D', 0.333333, 2333::numeric), ('D1', 0.333334, 2334), ('D2', 0.333333, 2333)$$,
	'the demand is shared as the energy is, and adds up: 1 kW, not in steps of kWh');

-- ---- givers with other days, and over a chain ----
SELECT billing.record_register('H', '2026-01-01', 'total', 0, 'opening', digits => 6), billing.record_register('H', d, 'total', v) FROM (VALUES ('2026-01-21'::date, 100), ('2026-02-01', 150)) x(d, v);
SELECT billing.add_forming_rule('H', 'share', '2026-01-01', '{"weight": 1}', other_account_no => 'H1') AS a, billing.add_forming_rule('H', 'share', '2026-01-01', '{"weight": 1}') AS b,
	billing.add_forming_rule('H1', 'fixed_ratio', '2026-01-01', '{"ratio": 0.5}', other_account_no => 'H2') AS c, billing.set_plan('H2', 'p', '2026-01-21') \gset
SELECT is((SELECT spans FROM billing.form_usage('S1', '2026-02-01') WHERE outcome = 'formed'), 4::bigint, 'who gets is billed in two pieces, who gives in one');
SELECT results_eq($$SELECT from_on, kwh FROM billing.explain_usage('H2') ORDER BY 1$$, $$VALUES ('2026-01-01'::date, 25::numeric), ('2026-01-21', 12.5)$$, 'each piece is formed for its own days, over both who give');
SELECT results_eq($$SELECT outcome FROM billing.form_usage('S1', '2026-02-01') WHERE outcome NOT IN ('failed', 'unchanged')$$, ARRAY[]::text[], 'and once');
SELECT billing.record_register('H', '2026-02-01', 'total', 170) AS r \gset
SELECT is((SELECT spans FROM billing.form_usage('S1', '2026-02-01') WHERE outcome = 'formed anew'), 3::bigint, 'what has changed in one span changes those that have it');
SELECT is(pg_temp.formed('H2'), 25 + 17.5, 'the later piece only');

-- ---- two tenants ----
SET SESSION AUTHORIZATION tap_otto;
SELECT is((SELECT count(*) FROM billing.formed_usage) + (SELECT count(*) FROM billing.formed_line) + (SELECT count(*) FROM billing.forming_rule), 0::bigint, 'another station sees nothing');
SELECT throws_ok($$SELECT billing.add_forming_rule('X', 'deduct', '2026-01-01', other_account_no => 'S2')$$, 'P0002', 'account S2 does not exist, or not for you', 'and deducts no stranger''s meter');
RESET SESSION AUTHORIZATION;
SELECT finish();
ROLLBACK;

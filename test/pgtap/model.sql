-- Models: labels, training from readings, back-test, scores, why; cold without labels; and who may know.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('S1', 'Station', 'station'), billing.add_org('S2', 'Station', 'station') \gset
SELECT billing.add_customer('S1', 'x', 'person', 'model_customer') AS customer, billing.add_customer('S2', 'z') AS other \gset
SELECT count(*) FROM (SELECT billing.add_account('S1', 'A' || to_char(n, 'FM00'), :customer, '2026-01-01') FROM generate_series(1, 40) n) q \gset
SELECT billing.add_account('S2', 'Z', :other, '2026-01-01') \gset
-- every third is metered to a third from the tenth of February on
CREATE FUNCTION pg_temp.load(n integer, month timestamp) RETURNS billing.profile LANGUAGE sql AS $$
	SELECT billing.profile(month AT TIME ZONE 'Asia/Shanghai', '1 hour', ARRAY(SELECT ((300 + 10 * n + 700 * (extract(hour FROM t) BETWEEN 17 AND 21)::integer + (hashint4(n * 100000 + extract(epoch FROM t)::integer / 3600) & 255))
		/ CASE WHEN n % 3 = 0 AND t >= '2026-02-10' THEN 3 ELSE 1 END)::bigint
		FROM generate_series(month, month + interval '1 month' - interval '1 hour', '1 hour') t), time_zone => 'Asia/Shanghai') $$;
SELECT count(*) FROM (SELECT billing.record_profile('A' || to_char(n, 'FM00'), pg_temp.load(n, m)) FROM generate_series('2026-01-01'::timestamp, '2026-03-01', interval '1 month') m, generate_series(1, 40) n) q \gset
SELECT billing.record_profile('Z', pg_temp.load(3, '2026-01-01')) \gset
CREATE ROLE model_customer LOGIN IN ROLE billing_customer;
CREATE ROLE model_analyst LOGIN IN ROLE billing_analyst;
CREATE ROLE model_other LOGIN IN ROLE billing_analyst;
SELECT billing.add_staff('S1', 'K1', 'x', 'analyst', 'model_analyst'), billing.grant_post('K1', 'S1'), billing.add_staff('S2', 'K2', 'x', 'analyst', 'model_other'), billing.grant_post('K2', 'S2') \gset
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

SELECT * FROM no_plan();
-- the engine: how well scores rank
SELECT results_eq($$SELECT * FROM billing.ranking_quality('{t,f,t,f}', '{0.9,0.8,0.7,0.1}', 3)$$, $$VALUES (0.75::float8, (1 + 2.0 / 3)::float8 / 2, (1 + 2.0 / 3)::float8 / 2)$$, 'above, below, and the first');
SELECT results_eq($$SELECT round(auc::numeric, 6), round(average_precision::numeric, 6) FROM billing.ranking_quality('{t,f,t,f,NULL}', '{1,1,1,0,5}')$$, $$VALUES (0.75, 0.666667)$$, 'equal scores share their place');
SELECT is(q, ROW(NULL::float8, NULL::float8, NULL::float8), 'nothing true, no quality') FROM billing.ranking_quality('{f,f}', '{1,2}') q;

-- cold: there are no labels
SELECT billing.add_model('S1', 'theft', 'Suspected theft') \gset
SELECT throws_ok($$SELECT * FROM billing.score_accounts('theft', 'S1', '2026-04-01')$$, 'P0002', 'model theft has no such version', 'what was not trained says nothing');
SELECT is(billing.train_model('theft', '2026-04-01', 3), 1, 'the first version');
SELECT results_eq($$SELECT grade, rows, positive, auc FROM billing_report.model_version WHERE code = 'theft'$$, $$VALUES ('cold'::text, 40, 0, NULL::float8)$$, 'is cold, and not tested');
SELECT ok(count(*) >= 8, 'those who stand apart are most of the first thirteen') FROM (SELECT * FROM billing.score_accounts('theft', 'S1', '2026-04-01') LIMIT 13) q WHERE right(account_no, 2)::integer % 3 = 0;
SELECT is(count(*) FILTER (WHERE probability IS NULL AND grade = 'cold' AND score BETWEEN 0 AND 1), 40::bigint, 'a cold score is a rank and no probability') FROM billing.score_accounts('theft', 'S1', '2026-04-01');

-- trained: the first thirty were inspected
SELECT count(*) FROM (SELECT billing.label_account('theft', 'A' || to_char(n, 'FM00'), n % 3 = 0, '2026-04-01', 'inspection ' || n) FROM generate_series(1, 30) n) q \gset
SELECT is(billing.train_model('theft', '2026-04-01', 3), 2, 'the next version');
SELECT results_eq($$SELECT grade, rows, positive, auc > 0.95, average_precision > 0.9 FROM billing_report.model_version WHERE code = 'theft' AND version = 2$$, $$VALUES ('trained'::text, 30, 10, true, true)$$,
	'is trained, and told those apart that it had not seen');
SELECT is((SELECT sum(rows) FROM billing.model_backtest WHERE version = 2), 30::bigint, 'each was tested once');
SELECT set_eq($$SELECT account_no FROM billing.score_accounts('theft', 'S1', '2026-04-01') WHERE right(account_no, 2)::integer > 30 AND probability > 0.5$$, '{A33,A36,A39}'::text[], 'of those not inspected the three are found');
SELECT is((SELECT array_agg(by_version) FROM (SELECT DISTINCT by_version FROM billing.score_accounts('theft', 'S1', '2026-04-01', 1)) q), '{1}', 'an older version can be asked');
SELECT is((SELECT round(sum(contribution)::numeric, 6) FROM billing.explain_score('theft', 'A33', '2026-04-01')),
	(SELECT round(score::numeric, 6) FROM billing.score_accounts('theft', 'S1', '2026-04-01') WHERE account_no = 'A33'), 'contributions are the score');
-- the same again, whatever the order of labels
SELECT is(billing.train_model('theft', '2026-04-01', 3), 3, 'again');
SELECT is(a.forest::text, b.forest::text, 'the same readings, labels and seed give the same forest') FROM billing.model_version a, billing.model_version b WHERE a.version = 2 AND b.version = 3;
SELECT billing.label_account('theft', 'A30', false, '2026-04-01', 'corrected') \gset
SELECT results_eq($$SELECT label, source FROM billing.model_label l JOIN billing.account a USING (account_id) WHERE a.account_no = 'A30'$$, $$VALUES (false, 'corrected'::text)$$, 'a label of the same day is corrected');
SELECT is(billing.train_model('theft', '2026-04-01', 3), 4, 'with nine of one kind');
SELECT is((SELECT grade FROM billing.model_version WHERE version = 4), 'cold', 'it is cold again');
SELECT throws_ok($$UPDATE billing.model_version SET grade = 'trained'$$, NULL, NULL, 'a version is never changed');
SELECT is((SELECT count(*) FROM billing.audit WHERE act = 'train_model'), 4::bigint, 'training is audited');

-- segments by what it says
SELECT billing.add_segmentation('S1', 'risk', 'Suspected theft', 'model', '{"model": "theft", "version": 2, "bounds": ["0.20", "0.60"]}') \gset
SELECT cmp_ok(billing.refresh_segments('risk', '2026-04-01'), '>', 30::bigint, 'accounts come into the segments of a model');
SELECT results_eq($$SELECT account_no, segment, measure FROM billing_report.segment_member WHERE code = 'risk' ORDER BY account_no$$,
	$$SELECT account_no, CASE WHEN probability < 0.2 THEN 'low' WHEN probability < 0.6 THEN 'medium' ELSE 'high' END, round(probability::numeric, 6) FROM billing.score_accounts('theft', 'S1', '2026-04-01', 2) ORDER BY account_no$$,
	'each as the version of the model that was named says');
SELECT is(billing.refresh_segments('risk', '2026-04-01'), (SELECT count(*) FROM billing.segment_member), 'and again the same');
SELECT throws_ok($$SELECT billing.put_segments('risk', '2026-05-01', '{1}', '{low}')$$, '22023', NULL, 'nobody puts them there by hand');
SELECT throws_ok($$SELECT billing.add_segmentation('S1', 'r2', 'x', 'model', '{"model": "none"}')$$, 'P0002', NULL, 'a model that there is');
SELECT throws_ok($$SELECT billing.add_segmentation('S1', 'r2', 'x', 'model', '{"version": 2}')$$, '22023', 'a segmentation by a model names it', 'which is named');
SELECT throws_ok($$SELECT billing.add_segmentation('S1', 'r2', 'x', 'model', '{"model": "theft", "bounds": ["0.6", "0.2"]}')$$, '22023', 'the bounds of a segmentation are two rising shares', 'with bounds that rise');
SELECT billing.add_segmentation('S1', 'r3', 'x', 'model', '{"model": "theft", "version": 99}') \gset
SELECT throws_ok($$SELECT billing.refresh_segments('r3', '2026-04-01')$$, 'P0002', 'model theft has no such version', 'and a version that there is');

-- errors
SELECT throws_ok($$SELECT billing.train_model('none', '2026-04-01')$$, 'P0002', NULL, 'a model that there is');
SELECT throws_ok($$SELECT billing.train_model('theft', '2026-04-01', 0)$$, '22023', 'a model looks at 1 to 60 months before a day', 'some months');
SELECT throws_ok($$SELECT billing.train_model('theft', '1999-04-01')$$, 'P0002', NULL, 'with readings');
SELECT throws_ok($$SELECT billing.train_model('theft', '2026-04-01', 3, '{"tree": 3}')$$, '22023', NULL, 'options of forests');
SELECT throws_ok($$SELECT billing.train_model('theft', '2026-04-01', 3, '[]')$$, '22023', 'the options of a model are an object', 'an object of them');
SELECT throws_ok($$SELECT * FROM billing.explain_score('theft', 'none', '2026-04-01')$$, 'P0002', NULL, 'an account that there is');

-- who may know
SET SESSION AUTHORIZATION model_analyst;
SELECT is(pg_temp.asked($$SELECT count(*) FROM billing.score_accounts('theft', 'S1', '2026-04-01', 2)$$), '40', 'an analyst of the org asks');
SELECT is(pg_temp.asked($$SELECT count(*) > 100 FROM billing.explain_score('theft', 'A33', '2026-04-01', 2)$$), 'true', 'and why');
SELECT is(pg_temp.asked($$SELECT billing.label_account('theft', 'A01', true, '2026-04-01', 'x')$$), '42501', 'but does not say what was found');
SET SESSION AUTHORIZATION model_other;
SELECT is(pg_temp.asked($$SELECT count(*) FROM billing.score_accounts('theft', 'S1', '2026-04-01', 2)$$), 'P0002', 'one of another org does not');
SELECT is(pg_temp.asked($$SELECT count(*) FROM billing.model_label$$), '0', 'nor sees labels');
SELECT is(pg_temp.asked($$SELECT count(*) FROM billing.model_backtest$$), '0', 'nor versions');
SELECT is(pg_temp.asked($$SELECT billing.train_model('theft', '2026-04-01')$$), 'P0002', 'nor trains it');
SELECT is(pg_temp.asked($$SELECT count(*) FROM billing.explain_score('theft', 'A33', '2026-04-01', 2)$$), 'P0002', 'nor asks why');
SET SESSION AUTHORIZATION model_customer;
SELECT is(pg_temp.asked($$SELECT count(*) FROM billing.model_label$$), '42501', 'a customer is not told how he is judged');
SELECT is(pg_temp.asked($$SELECT count(*) FROM billing.score_accounts('theft', 'S1', '2026-04-01', 2)$$), '42501', 'nor may ask');
RESET SESSION AUTHORIZATION;
SELECT finish();
ROLLBACK;

-- What one period leaves, later ones feel: tiers and minima of the year, ratchets, banks
-- of energy and of money.  When early days change after all was billed, an account comes to
-- the same bills as its twin, that had the right readings from the first day: line by line,
-- in balance and carry, and in the bill after that.  Changes are random, with SOAK=1 many more.
\getenv soak SOAK
SELECT CASE :'soak' WHEN '' THEN 3 ELSE 40 END AS pairs \gset
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'UTC';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('C', 'Company', 'company') \gset
SELECT billing.add_org('D', 'Delta', 'station', 'C'), billing.add_org('R', 'Rebill', 'station', 'C') \gset
SELECT billing.set_late_policy('D', 'delta'), billing.set_late_policy('R', 'rebill') \gset
SELECT billing.add_plan('ratchet', 'x', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "price": "0.5"}, {"code": "demand", "demand": {"ratchet": {"share": "0.8", "months": 4}}, "price": "38"},
				{"code": "minimum", "minimum": "9000", "per": "year"}]}') AS p1,
	billing.add_plan('tier', 'x', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "per": "year", "steps": [{"to": "600", "price": "0.538"}, {"to": "1200", "price": "0.588"}, {"price": "0.838"}]},
				{"code": "vat", "percent": "13", "included": true}]}') AS p2,
	billing.add_plan('kept', 'x', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "banks": {"kept": {"unit": "kWh", "months": 3}},
	"charges": [{"code": "energy", "net": "month", "bank": "kept", "price": {"peak": "0.568", "valley": "0.288"}},
				{"code": "true_up", "pay_out": "kept", "true_up": 6, "price": {"peak": "0.40", "valley": "0.20"}}]}') AS p3,
	billing.add_plan('credit', 'x', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"banks": {"credit": {"unit": "money", "usable": "next"}},
	"charges": [{"code": "energy", "price": "0.50"}, {"code": "feed_in", "channel": "export", "sign": "credit", "price": "0.30", "bank": "credit"},
				{"code": "credit", "use": "credit", "of": ["energy"]}, {"code": "minimum", "minimum": "10"}, {"code": "true_up", "pay_out": "credit", "true_up": 6}]}') AS p4 \gset
SELECT billing.add_customer('C', 'x') AS customer \gset
SELECT setseed(0.26) \gset

-- pairs of an account and its twin, for each plan and policy, with half a year of hours in both directions
CREATE TEMPORARY TABLE pair AS
SELECT row_number() OVER () AS pair, p.plan, o.org FROM unnest('{ratchet,tier,kept,credit}'::text[]) p(plan), unnest('{D,R}'::text[]) o(org), generate_series(1, :pairs);
SELECT count(billing.add_account(p.org, k || p.pair, 1, '2026-01-01')) FROM pair p, unnest('{a,t}'::text[]) k \gset
SELECT count(*) FROM (SELECT billing.set_plan(k || p.pair, p.plan, '2026-01-01') FROM pair p, unnest('{a,t}'::text[]) k) q \gset
CREATE TEMPORARY TABLE month AS
SELECT p.pair, c.channel, m, billing.profile(m, '1 hour', ARRAY(SELECT (random() * CASE c.channel WHEN 'import' THEN 700 WHEN 'export' THEN 900 END)::bigint + n * 0 FROM generate_series(1, 24 * extract(day FROM m + interval '1 month' - interval '1 day')::integer) n)) AS profile
  FROM pair p, unnest('{import,export}'::text[]) c(channel), generate_series('2026-01-01 00:00+00'::timestamptz, '2026-07-01', interval '1 month') m
 WHERE c.channel = 'import' OR p.plan IN ('kept', 'credit');
INSERT INTO billing.reading (account_id, org_id, channel, profile)
SELECT a.account_id, a.org_id, m.channel, m.profile FROM month m JOIN billing.account a ON a.account_no IN ('a' || m.pair, 't' || m.pair) ORDER BY 1;
-- three rounds of changes: of some days, mostly early ones, each to something between nothing and three times as much
CREATE TABLE public.change AS
SELECT r.round, q.pair, q.channel, q.day, billing.profile(q.day::timestamp AT TIME ZONE 'UTC', '1 hour', ARRAY(SELECT (random() * 2400)::bigint + n * 0 FROM generate_series(1, 24) n)) AS profile
  FROM generate_series(1, 3) r(round),
	   LATERAL (SELECT p.pair, c.channel, date '2026-01-01' + (random() * random() * 180)::integer AS day FROM pair p, (SELECT DISTINCT pair, channel FROM month) c, generate_series(1, 2)
				 WHERE c.pair = p.pair AND random() < 0.8 + r.round * 0) q;
GRANT ALL ON SCHEMA public TO PUBLIC;
GRANT SELECT ON public.change TO PUBLIC;
CREATE FUNCTION public.change(rounds integer[], side text) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
	SELECT billing._lock_heads(ARRAY(SELECT account_id FROM billing.account ORDER BY 1));
	SELECT billing._put_days(NULL, now() + make_interval(mins => x.round), 'late', (SELECT array_agg(ROW (1, a.account_id, 'main', c.channel, c.day, NULL, c.profile)::billing._landed_day ORDER BY a.account_id)
		FROM (SELECT DISTINCT ON (round, pair, channel, day) * FROM public.change WHERE round = x.round ORDER BY round, pair, channel, day) c JOIN billing.account a ON a.account_no = side || c.pair), true) IS NULL
	  FROM unnest(rounds) x(round) ORDER BY x.round;
$$;
-- as whoever lands files: what comes by hand is told apart by its role
ALTER FUNCTION public.change OWNER TO billing_owner;
CREATE FUNCTION pg_temp.run(until_on date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run('C', until_on, 100);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	RETURN billing._finish_run(run);
END $$;
CREATE FUNCTION pg_temp.settle(OUT left_open bigint, OUT failed bigint) LANGUAGE plpgsql AS $$
DECLARE
	after	bigint := 0;
	done	record;
BEGIN
	left_open := 0;
	failed := 0;
	LOOP
		SELECT c.* INTO done FROM billing._settle_chunk('C', after, 100) c;
		EXIT WHEN done.last IS NULL;
		after := done.last;
		left_open := left_open + done.left_open;
		failed := failed + done.failed;
	END LOOP;
END $$;
CREATE FUNCTION pg_temp.lines(side text) RETURNS TABLE (pair text, from_on date, code text, tier integer, period text, price numeric, what text, quantity numeric, amount numeric) LANGUAGE sql AS $$
	SELECT substr(a.account_no, 2), b.from_on, l.code, l.tier, l.period, l.price, l.kind, sum(l.quantity * s.sign), sum(l.amount * s.sign)
	  FROM billing.bill b JOIN billing.account a USING (account_id) CROSS JOIN LATERAL (SELECT CASE b.kind WHEN 'reversal' THEN -1 ELSE 1 END AS sign) s
	 CROSS JOIN LATERAL billing.lines(b.charges) l
	 WHERE a.account_no ~ ('^' || side) GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(l.amount * s.sign) <> 0 OR sum(l.quantity * s.sign) <> 0
$$;
CREATE FUNCTION pg_temp.heads(side text) RETURNS TABLE (pair text, billed_to date, balance numeric, carry text) LANGUAGE sql AS $$
	SELECT substr(a.account_no, 2), h.billed_to, h.balance, h.carry::text FROM billing.account_head h JOIN billing.account a USING (account_id) WHERE a.account_no ~ ('^' || side)
$$;

SELECT plan(14);
SELECT public.change('{1,2,3}', 't') \gset
SELECT is(pg_temp.run('2026-07-01'), format('Run 1: %s bills, 0 exceptions.', 8 * :pairs * 2 * 6), 'half a year is billed');
CREATE TEMPORARY TABLE before AS SELECT * FROM pg_temp.lines('a');
SELECT public.change('{1}', 'a') \gset
SELECT is(pg_temp.settle()::text, '(0,0)', 'the first changes come late, and are settled');
SELECT public.change('{2}', 'a') \gset
SELECT public.change('{3}', 'a') \gset
SELECT is(pg_temp.settle()::text, '(0,0)', 'and the others, together');
SELECT set_eq($$SELECT * FROM pg_temp.lines('a')$$, $$SELECT * FROM pg_temp.lines('t')$$, 'line by line the twins have the same bills');
SELECT set_eq($$SELECT * FROM pg_temp.heads('a')$$, $$SELECT * FROM pg_temp.heads('t')$$, 'they owe the same, and hand the same on');
SELECT is((SELECT count(DISTINCT b.from_on) FROM billing_report.bill b WHERE b.account_no ~ '^a' AND b.kind = 'correction'), 6::bigint, 'corrections are in the months of their own');
-- it is the carry that makes later months other ones: each kind of it did
SELECT cmp_ok((SELECT count(*) FROM pg_temp.lines('a') l JOIN pair p ON p.pair = l.pair::bigint WHERE p.plan = 'ratchet' AND l.code = 'demand'
	AND NOT EXISTS (SELECT FROM before b WHERE b.pair = l.pair AND b.from_on = l.from_on AND b.code = 'demand' AND b.quantity = l.quantity)
	AND NOT EXISTS (SELECT FROM public.change c WHERE c.pair = l.pair::bigint AND date_trunc('month', c.day::timestamp) = l.from_on)), '>', 0::bigint, 'a ratchet raised months whose readings did not change');
SELECT cmp_ok((SELECT count(*) FROM pg_temp.lines('a') l JOIN pair p ON p.pair = l.pair::bigint WHERE p.plan = 'tier' AND l.code = 'energy'
	AND NOT EXISTS (SELECT FROM before b WHERE b.pair = l.pair AND b.from_on = l.from_on AND b.code = 'energy' AND b.tier = l.tier AND b.quantity = l.quantity)
	AND NOT EXISTS (SELECT FROM public.change c WHERE c.pair = l.pair::bigint AND date_trunc('month', c.day::timestamp) = l.from_on)), '>', 0::bigint, 'the year''s tiers moved');
SELECT cmp_ok((SELECT count(*) FROM pg_temp.lines('a') l JOIN pair p ON p.pair = l.pair::bigint WHERE p.plan = 'kept' AND l.code IN ('energy', 'true_up')
	AND NOT EXISTS (SELECT FROM before b WHERE b.pair = l.pair AND b.from_on = l.from_on AND b.code = l.code AND b.period = l.period AND b.quantity = l.quantity)
	AND NOT EXISTS (SELECT FROM public.change c WHERE c.pair = l.pair::bigint AND date_trunc('month', c.day::timestamp) = l.from_on)), '>', 0::bigint, 'kept energy was there, or was not');
SELECT cmp_ok((SELECT count(*) FROM pg_temp.lines('a') l JOIN pair p ON p.pair = l.pair::bigint WHERE p.plan = 'credit' AND l.code IN ('credit', 'minimum', 'true_up')
	AND NOT EXISTS (SELECT FROM before b WHERE b.pair = l.pair AND b.from_on = l.from_on AND b.code = l.code AND b.amount = l.amount)
	AND NOT EXISTS (SELECT FROM public.change c WHERE c.pair = l.pair::bigint AND date_trunc('month', c.day::timestamp) = l.from_on)), '>', 0::bigint, 'and so was kept money');
SELECT is_empty('SELECT * FROM billing.verify()', 'every chain holds, and every bill rests on its readings');
-- the month after
SELECT is(pg_temp.run('2026-08-01'), format('Run 2: %s bills, 0 exceptions.', 8 * :pairs * 2), 'the next month is billed');
SELECT set_eq($$SELECT * FROM pg_temp.lines('a') WHERE from_on = '2026-07-01'$$, $$SELECT * FROM pg_temp.lines('t') WHERE from_on = '2026-07-01'$$, 'alike');
SELECT set_eq($$SELECT * FROM pg_temp.heads('a')$$, $$SELECT * FROM pg_temp.heads('t')$$, 'to the same balance and carry');
SELECT finish();
ROLLBACK;

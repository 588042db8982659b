/*
 * Late fees are a function of the ledger: of bills and what corrects them, of
 * money by its value date, of due days and rates.  Charging them is a bill of
 * what they come to less what was charged before, so it may be done again at
 * any time, and what was corrected since comes out by itself.
 */

-- ---- what is laid down ----

CREATE FUNCTION billing.set_late_fee_rule(org_no text, class text, from_on date, rate_per_day numeric, rate_after_year numeric DEFAULT NULL, minimum numeric DEFAULT 0,
	decimals integer DEFAULT 2, grace_days integer DEFAULT 0)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes a rule of an org, for who may approve bills there.
DECLARE
	at_org	bigint := billing._org_of(set_late_fee_rule.org_no, 'approve', 'bill');
BEGIN
	-- without class: of all others; without rate_after_year: the same rate
	PERFORM billing._given('set_late_fee_rule', org_no, coalesce(class, ''), from_on, rate_per_day, coalesce(rate_after_year, 0), minimum, decimals, grace_days);
	PERFORM billing._check_class(set_late_fee_rule.class);
	INSERT INTO billing.late_fee_rule AS r (org_id, class, from_on, rate_per_day, rate_after_year, minimum, decimals, grace_days)
	VALUES (at_org, set_late_fee_rule.class, set_late_fee_rule.from_on, set_late_fee_rule.rate_per_day, set_late_fee_rule.rate_after_year, set_late_fee_rule.minimum,
			set_late_fee_rule.decimals, set_late_fee_rule.grace_days)
	    ON CONFLICT ON CONSTRAINT late_fee_rule_key DO UPDATE SET rate_per_day = excluded.rate_per_day, rate_after_year = excluded.rate_after_year, minimum = excluded.minimum,
		   decimals = excluded.decimals, grace_days = excluded.grace_days, set_by = excluded.set_by, set_at = excluded.set_at;
	PERFORM billing._audit(at_org, 'set_late_fee_rule', format('org %s', set_late_fee_rule.org_no),
		jsonb_strip_nulls(jsonb_build_object('class', set_late_fee_rule.class, 'from_on', set_late_fee_rule.from_on, 'rate_per_day', set_late_fee_rule.rate_per_day,
			'rate_after_year', set_late_fee_rule.rate_after_year, 'minimum', set_late_fee_rule.minimum, 'decimals', set_late_fee_rule.decimals, 'grace_days', set_late_fee_rule.grace_days)));
END $$;
COMMENT ON FUNCTION billing.set_late_fee_rule(text, text, date, numeric, numeric, numeric, integer, integer) IS
'what paying late costs at an org and all below it, for bills issued from a day on, of a class of customers or (null) of all others: a part of what is open for each day (0.001: 1‰), '
'another from the year after it was due, at least minimum for each bill, rounded to decimals; the first grace_days cost nothing; needs approve on bill';

CREATE FUNCTION billing._contract_late_fee_rate(account_id bigint, on_day date)
RETURNS numeric
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT v.late_fee_rate
	  FROM billing.contract c
	  JOIN LATERAL (SELECT o.late_fee_rate FROM billing.contract_version o
					 WHERE o.account_id = c.account_id AND o.contract_no = c.contract_no AND o.state = 'signed' AND lower(o.valid_during) <= _contract_late_fee_rate.on_day
					 ORDER BY o.version DESC LIMIT 1) v ON true
	 WHERE c.account_id = _contract_late_fee_rate.account_id AND v.late_fee_rate IS NOT NULL
	   AND _contract_late_fee_rate.on_day < coalesce(billing.contract_ends_on(c.account_id, c.contract_no, _contract_late_fee_rate.on_day), 'infinity')
	 ORDER BY c.contract_no LIMIT 1;
END;
COMMENT ON FUNCTION billing._contract_late_fee_rate(bigint, date) IS 'the late fee that the account''s contract says on a day; null: none';

-- ---- what they come to ----

/*
 * Of many accounts at once, each up to a day of its own: planned once for the
 * session, and by keys, whatever the statistics say.
 */
CREATE FUNCTION billing._debts(accounts bigint[])
RETURNS TABLE (account_id bigint, seq bigint, kind text, from_on date, issued_on date, org_id bigint, tariff_digest bytea, amount numeric)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	zone	text := (SELECT s.time_zone FROM billing.sum_setting s);
BEGIN
	RETURN QUERY
	WITH bill AS (
		-- a period with its corrections is one thing, as is any other bill with its reversal
		SELECT b.account_id, b.seq, coalesce(o.kind, b.kind) AS kind, b.from_on, (b.issued_at AT TIME ZONE zone)::date AS issued_on, b.org_id, billing.tariff_digest(b.charges) AS tariff_digest,
			   sum(b.total) OVER w AS so_far, k.until_on AS of_until, k.seq AS of_seq
		  FROM unnest(_debts.accounts) a
		  JOIN billing.bill b ON b.account_id = a
		  LEFT JOIN billing.bill o ON b.reverses_seq IS NOT NULL AND o.account_id = b.account_id AND o.from_on = b.from_on AND o.seq = b.reverses_seq
		 CROSS JOIN LATERAL (SELECT CASE WHEN s.is_period THEN b.until_on END AS until_on, CASE WHEN NOT s.is_period THEN coalesce(b.reverses_seq, b.seq) END AS seq
							   FROM (SELECT coalesce(o.kind, b.kind) IN ('normal', 'correction') AS is_period) s) k
		WINDOW w AS (PARTITION BY b.account_id, k.until_on, k.seq, b.from_on ORDER BY b.seq)),
	-- what was billed too much was never owed: only what no later link takes away
	kept AS (
		SELECT b.*, min(b.so_far) OVER (PARTITION BY b.account_id, b.of_until, b.of_seq, b.from_on ORDER BY b.seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS lasting FROM bill b)
	SELECT k.account_id, k.seq, k.kind, k.from_on, k.issued_on, k.org_id, k.tariff_digest,
		   k.lasting - coalesce(lag(k.lasting) OVER (PARTITION BY k.account_id, k.of_until, k.of_seq, k.from_on ORDER BY k.seq), 0)
	  FROM kept k
	UNION ALL
	SELECT t.account_id, t.seq, NULL, NULL, (t.posted_at AT TIME ZONE zone)::date, t.org_id, NULL, t.amount
	  FROM unnest(_debts.accounts) a JOIN billing.transfer t ON t.account_id = a WHERE t.debit = 'receivable' AND t.bill_seq IS NULL;
END $$;
COMMENT ON FUNCTION billing._debts(bigint[]) IS
'what accounts were charged by each link of their chains, less what was reversed or corrected of it since; below zero where it is owed to the customer; without kind: debts that are no bills';

CREATE FUNCTION billing._late_fees(accounts bigint[], up_to date[])
RETURNS TABLE (account_id bigint, bill_id bigint, bill_from_on date, due_on date, from_on date, until_on date, days integer, open numeric, rate numeric, exact numeric, fee numeric)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	zone	text := (SELECT s.time_zone FROM billing.sum_setting s);
BEGIN
	RETURN QUERY
	WITH of_day AS MATERIALIZED (
		SELECT u.account_id, u.on_day FROM unnest(_late_fees.accounts, _late_fees.up_to) u(account_id, on_day)),
	entry AS MATERIALIZED (
		SELECT d.* FROM billing._debts(_late_fees.accounts) d),
	money AS (
		SELECT t.account_id, coalesce(t.value_on, (t.posted_at AT TIME ZONE zone)::date) AS day, t.amount
		  FROM of_day a JOIN billing.transfer t ON t.account_id = a.account_id WHERE t.credit = 'receivable' AND t.bill_seq IS NULL
		UNION ALL
		SELECT e.account_id, e.issued_on, -e.amount FROM entry e WHERE e.amount < 0
		UNION ALL
		-- what is disputed bears no fee meanwhile
		SELECT a.account_id, w.day, w.amount FROM of_day a JOIN billing.dispute d ON d.account_id = a.account_id
		 CROSS JOIN LATERAL (VALUES (d.opened_on, d.amount), (d.closed_on, -d.amount)) w(day, amount) WHERE w.day IS NOT NULL
		UNION ALL
		SELECT a.account_id, '-infinity', 0 FROM of_day a),
	settled AS (
		SELECT m.account_id, m.day, sum(m.amount) AS amount FROM money m GROUP BY m.account_id, m.day),
	-- how much of the debts, in their order, is settled from when until when; money counts from the day after: the day of payment still bears a fee
	step AS (
		SELECT s.account_id, s.day + 1 AS from_on, coalesce(lead(s.day) OVER w + 1, 'infinity') AS until_on, sum(s.amount) OVER w AS settled
		  FROM settled s WINDOW w AS (PARTITION BY s.account_id ORDER BY s.day)),
	debt AS (
		SELECT e.*, sum(e.amount) OVER (PARTITION BY e.account_id ORDER BY e.seq) AS up_to FROM entry e WHERE e.amount > 0),
	-- of a bill that no tariff made, the class is that of the account's plan
	classed AS MATERIALIZED (
		SELECT d.*, a.on_day, CASE WHEN d.tariff_digest IS NULL THEN (
				SELECT p.plan_id FROM billing.account_plan p WHERE p.account_id = d.account_id AND p.from_on <= d.issued_on ORDER BY p.from_on DESC LIMIT 1) END AS plan_id,
			   CASE WHEN EXISTS (SELECT FROM billing.contract c WHERE c.account_id = d.account_id) THEN billing._contract_late_fee_rate(d.account_id, d.issued_on) END AS contract_rate
		  FROM debt d JOIN of_day a ON a.account_id = d.account_id WHERE d.kind <> 'late_fee' AND d.issued_on < a.on_day),
	-- what is laid down, looked up once for all bills of an org, a tariff and a day
	ruled AS MATERIALIZED (
		SELECT k.org_id, k.tariff_digest, k.plan_id, k.issued_on, due.on_day AS due_on, r.rate_per_day, r.rate_after_year,
			   due.on_day + 1 + coalesce(r.grace_days, 0) AS first_on, coalesce(r.minimum, 0) AS minimum, coalesce(r.decimals, 2) AS decimals,
			   make_date(extract(year FROM due.on_day)::integer + 1, 1, 1) AS year_on
		  FROM (SELECT DISTINCT c.org_id, c.tariff_digest, c.plan_id, c.issued_on FROM classed c) k
		  LEFT JOIN LATERAL (SELECT p.class FROM billing_report.tariff_plan p WHERE p.tariff_digest = k.tariff_digest) t ON true
		  LEFT JOIN billing.plan_class s ON s.plan_id = k.plan_id
		 CROSS JOIN LATERAL (SELECT billing._due_on(k.org_id, t.class, k.issued_on) AS on_day) due
		  LEFT JOIN LATERAL (
			SELECT l.* FROM (SELECT billing._orgs_over(k.org_id) AS orgs) o
			  JOIN billing.late_fee_rule l ON l.org_id = ANY (o.orgs)
			 WHERE (l.class IS NULL OR l.class = coalesce(t.class, s.class)) AND l.from_on <= k.issued_on
			 ORDER BY array_position(o.orgs, l.org_id), l.class IS NULL, l.from_on DESC LIMIT 1) r ON true),
	-- the days of a debt with their rate, another one from the year after it was due
	late AS MATERIALIZED (
		SELECT c.account_id, c.seq, c.from_on AS bill_from_on, r.due_on, s.from_on, s.until_on, s.rate, r.minimum, r.decimals, c.amount, c.up_to
		  FROM classed c
		  JOIN ruled r ON r.org_id = c.org_id AND r.issued_on = c.issued_on AND r.tariff_digest IS NOT DISTINCT FROM c.tariff_digest AND r.plan_id IS NOT DISTINCT FROM c.plan_id
		 CROSS JOIN LATERAL (
			SELECT r.first_on, CASE WHEN c.contract_rate IS NOT NULL OR r.rate_after_year IS NULL THEN c.on_day + 1 ELSE least(c.on_day + 1, r.year_on) END, coalesce(c.contract_rate, r.rate_per_day)
			UNION ALL
			SELECT greatest(r.first_on, r.year_on), c.on_day + 1, r.rate_after_year WHERE c.contract_rate IS NULL) s(from_on, until_on, rate)
		 WHERE s.rate > 0 AND s.from_on < s.until_on),
	span AS (
		SELECT d.account_id, d.seq, d.bill_from_on, d.due_on, d.rate, d.minimum, d.decimals, greatest(d.from_on, m.from_on) AS from_on, least(d.until_on, m.until_on) AS until_on,
			   least(d.amount, d.up_to - m.settled) AS open
		  FROM late d
		  JOIN step m ON m.account_id = d.account_id AND m.from_on < d.until_on AND m.until_on > d.from_on AND m.settled < d.up_to),
	-- money that settled other debts divides nothing here
	follows AS (
		SELECT s.*, s.until_on - sum(s.until_on - s.from_on) OVER (PARTITION BY s.account_id, s.seq, s.rate, s.open ORDER BY s.from_on)::integer AS start FROM span s),
	whole AS (
		SELECT f.account_id, f.seq, f.bill_from_on, f.due_on, f.rate, f.minimum, f.decimals, f.open, min(f.from_on) AS from_on, max(f.until_on) AS until_on
		  FROM follows f GROUP BY f.account_id, f.seq, f.bill_from_on, f.due_on, f.rate, f.minimum, f.decimals, f.open, f.start),
	reckoned AS (
		SELECT w.*, w.open * w.rate * (w.until_on - w.from_on) AS exact,
			   sum(w.open * w.rate * (w.until_on - w.from_on)) OVER (PARTITION BY w.account_id, w.seq ORDER BY w.from_on) AS so_far
		  FROM whole w),
	-- the fee of a bill is rounded once, and is at least so much; each row has what it adds
	rounded AS (
		SELECT r.*, greatest(round(r.so_far, r.decimals), r.minimum) AS rounded FROM reckoned r)
	SELECT r.account_id, r.seq, r.bill_from_on, r.due_on, r.from_on, r.until_on, r.until_on - r.from_on, r.open, trim_scale(r.rate), trim_scale(r.exact),
		   (r.rounded - coalesce(lag(r.rounded) OVER (PARTITION BY r.account_id, r.seq ORDER BY r.from_on), 0))::numeric(20,2)
	  FROM rounded r ORDER BY r.account_id, r.seq, r.from_on;
END $$;
COMMENT ON FUNCTION billing._late_fees(bigint[], date[]) IS 'the late fees of accounts, of each up to a day, see late_fees()';

CREATE FUNCTION billing._late_fee_day(on_day date)
RETURNS date
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(isfinite(_late_fee_day.on_day), true) THEN
		RAISE EXCEPTION 'late fees are of a day' USING ERRCODE = 'invalid_parameter_value', HINT = 'Without on_day: today.';
	END IF;
	RETURN coalesce(_late_fee_day.on_day, billing._sum_day(now()));
END $$;
COMMENT ON FUNCTION billing._late_fee_day(date) IS 'the day that was given, or today';

CREATE FUNCTION billing.late_fees(account_no text, on_day date DEFAULT NULL)
RETURNS TABLE (bill_id bigint, bill_from_on date, due_on date, from_on date, until_on date, days integer, open numeric, rate numeric, exact numeric, fee numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: looks at the bills and money of an account, for who may read money there.
DECLARE
	account	bigint := billing._account_of(coalesce(late_fees.account_no, ''), 'read', 'money');
BEGIN
	RETURN QUERY
	SELECT f.bill_id, f.bill_from_on, f.due_on, f.from_on, f.until_on, f.days, f.open, f.rate, f.exact, f.fee
	  FROM billing._late_fees(ARRAY[account], ARRAY[billing._late_fee_day(late_fees.on_day)]) f;
END $$;
COMMENT ON FUNCTION billing.late_fees(text, date) IS
'what late payment of an account''s bills comes to up to a day (today), that day included, by what is known now: for each bill the days with the same open amount and rate, days × open × rate exact, '
'and the fee in cents that they add to that of the bill, which is rounded once and at least the minimum; a day ahead: as if nothing more came; needs read on money';

-- ---- charging ----

CREATE FUNCTION billing._charge_late_fees(accounts bigint[], on_day date)
RETURNS TABLE (account_id bigint, seq bigint, until_on date, amount numeric)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 100
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
-- The caller has locked the heads.
DECLARE
	todo	bigint[] := _charge_late_fees.accounts;
	before	record;
	bills	billing.bill[];
	at_most	CONSTANT integer := 100;	-- lines of a bill
BEGIN
	WHILE cardinality(todo) > 0 LOOP
		-- what was charged, and up to when: never less far than before, which would give back what is owed
		SELECT array_agg(a.account_id ORDER BY a.n) AS accounts, array_agg(greatest(_charge_late_fees.on_day + 1, l.until_on) - 1 ORDER BY a.n) AS days,
			   array_agg(l.until_on ORDER BY a.n) AS charged_to, array_agg(l.from_on ORDER BY a.n) AS last_on INTO before
		  FROM unnest(todo) WITH ORDINALITY a(account_id, n)
		  LEFT JOIN LATERAL (
			SELECT max(b.until_on) AS until_on, (array_agg(b.from_on ORDER BY b.seq DESC))[1] AS from_on
			  FROM billing.bill b WHERE b.account_id = a.account_id AND b.kind = 'late_fee' AND NOT billing._is_reversed(b)) l ON true;
		WITH account AS MATERIALIZED (
			SELECT u.account_id, u.on_day, u.charged_to, u.last_on FROM unnest(before.accounts, before.days, before.charged_to, before.last_on) u(account_id, on_day, charged_to, last_on)),
		fee AS MATERIALIZED (
			SELECT f.account_id, f.bill_id, f.from_on, f.until_on, f.fee FROM billing._late_fees(before.accounts, before.days) f),
		-- the first day that was not charged yet
		first AS (
			SELECT a.account_id, min(greatest(f.from_on, a.charged_to)) AS from_on
			  FROM account a JOIN fee f ON f.account_id = a.account_id WHERE f.until_on > coalesce(a.charged_to, '-infinity') GROUP BY a.account_id),
		owed AS (
			SELECT f.account_id, f.bill_id, sum(f.fee) AS amount FROM fee f GROUP BY f.account_id, f.bill_id),
		charged AS (
			SELECT b.account_id, substr(l.tags[1], 6)::bigint AS bill_id, sum(l.amount) AS amount, coalesce(-sum(l.amount) FILTER (WHERE l.code = 'late_fee_waiver'), 0) AS waived
			  FROM account a JOIN billing.bill b ON b.account_id = a.account_id CROSS JOIN LATERAL billing.lines(b.charges) l
			 WHERE a.charged_to IS NOT NULL AND b.kind = 'late_fee' AND NOT billing._is_reversed(b) GROUP BY 1, 2),
		-- what was waived does not come back; it is an amount, so what comes after it is owed
		due AS (
			SELECT account_id, bill_id, greatest(coalesce(o.amount, 0) - coalesce(c.waived, 0), 0) AS owed, coalesce(c.amount, 0) AS charged, coalesce(c.waived, 0) AS waived
			  FROM owed o FULL JOIN charged c USING (account_id, bill_id)),
		changed AS (
			SELECT d.*, row_number() OVER (PARTITION BY d.account_id ORDER BY d.bill_id) AS n FROM due d WHERE d.owed <> d.charged),
		made AS (
			SELECT c.account_id, sum(c.owed - c.charged) AS total,
				   jsonb_agg(jsonb_build_object('code', 'late_fee', 'tags', jsonb_build_array('bill-' || c.bill_id)) ORDER BY c.n) AS charges,
				   jsonb_agg(jsonb_build_object('code', 'late_fee', 'charge', c.n - 1, 'amount', (c.owed - c.charged)::text) ORDER BY c.n) AS lines,
				   string_agg(format('bill %s: %s', c.bill_id, c.owed) || CASE WHEN c.waived <> 0 THEN format(' without %s waived', c.waived) ELSE '' END || CASE WHEN c.charged <> 0 THEN format(' less %s charged before', c.charged) ELSE '' END, E'\n' ORDER BY c.n) AS said
			  FROM changed c WHERE c.n <= at_most GROUP BY c.account_id)
		SELECT array_agg(ROW (m.account_id, coalesce(w.from_on, a.last_on), NULL, 'late_fee', a.on_day + 1, NULL, NULL, NULL, NULL, NULL, m.total, NULL, NULL,
				format(E'late fee up to %s\n%s', to_char(a.on_day, 'YYYY-MM-DD'), m.said), NULL, NULL,
				jsonb_build_object('currency', coalesce(h.currency, billing._currency_of(m.account_id)), 'from', coalesce(w.from_on, a.last_on), 'until', a.on_day + 1, 'charges', m.charges, 'lines', m.lines)::text)::billing.bill
				ORDER BY m.account_id),
			   array_agg(m.account_id ORDER BY m.account_id) FILTER (WHERE jsonb_array_length(m.lines) = at_most) INTO bills, todo
		  FROM made m
		  JOIN account a ON a.account_id = m.account_id
		  JOIN billing.account_head h ON h.account_id = m.account_id
		  LEFT JOIN first w ON w.account_id = m.account_id;
		RETURN QUERY
		SELECT i.account_id, i.seq, b.until_on, b.total FROM billing._issue_bills(bills) i JOIN unnest(bills) b ON b.account_id = i.account_id;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._charge_late_fees(bigint[], date) IS
'charges accounts, whose heads are locked, what their late fees come to now more or less than was charged; returns each bill';

CREATE FUNCTION billing._late_fee_passed(on_day date)
RETURNS date
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made	date := billing._late_fee_day(_late_fee_passed.on_day);
BEGIN
	IF made > billing._sum_day(now()) THEN
		RAISE EXCEPTION 'no late fee is charged for days to come' USING ERRCODE = 'invalid_parameter_value', HINT = 'late_fees() says what it will be.';
	END IF;
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._late_fee_passed(date) IS 'the day up to which late fees are charged: not one to come';

CREATE FUNCTION billing.charge_late_fee(account_no text, on_day date DEFAULT NULL)
RETURNS numeric
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: late fees are bills, which nobody else writes, for who may run bills there.
DECLARE
	account	bigint := billing._account_of(charge_late_fee.account_no, 'run', 'bill');
	made	record;
	charged	numeric := 0;
BEGIN
	PERFORM billing._given('charge_late_fee', account_no);
	PERFORM billing._lock_heads(ARRAY[account]);
	FOR made IN SELECT c.* FROM billing._charge_late_fees(ARRAY[account], billing._late_fee_passed(charge_late_fee.on_day)) c LOOP
		charged := charged + made.amount;
		PERFORM billing._audit(h.org_id, 'charge_late_fee', format('account %s', charge_late_fee.account_no),
					jsonb_build_object('on_day', made.until_on - 1, 'seq', made.seq, 'total', made.amount)) FROM billing.account_head h WHERE h.account_id = account;
	END LOOP;
	RETURN charged;
END $$;
COMMENT ON FUNCTION billing.charge_late_fee(text, date) IS
'a bill of kind late_fee of what an account''s late_fees() up to a day (today) come to more or less than was charged before; nothing where they are the same; an earlier day than before reckons up to that '
'of before; needs run on bill; returns how much was charged';

CREATE FUNCTION billing._late_fee_chunk(org_no text, on_day date, after bigint, chunk_size integer, OUT last bigint, OUT accounts bigint, OUT amount numeric, OUT failed bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- many small queries
SET jit = off
AS $$
#variable_conflict use_column
-- Definer: as charge_late_fee(), for the next accounts of an org and all below it.
DECLARE
	at_org	bigint := billing._org_of(_late_fee_chunk.org_no, 'run', 'bill');
	up_to	date := billing._late_fee_passed(_late_fee_chunk.on_day);
	chunk	bigint[];
	each	bigint;
	charged	record;
	said	text;
BEGIN
	accounts := 0;
	amount := 0;
	failed := 0;
	SELECT array_agg(q.account_id ORDER BY q.account_id) INTO chunk
	  FROM (SELECT h.account_id FROM billing.account_head h WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND h.account_id > _late_fee_chunk.after
			 ORDER BY h.account_id LIMIT _late_fee_chunk.chunk_size) q;
	last := chunk[cardinality(chunk)];
	IF last IS NULL THEN
		RETURN;
	END IF;
	PERFORM billing._lock_heads(chunk);
	BEGIN
		SELECT count(DISTINCT c.account_id), coalesce(sum(c.amount), 0) INTO accounts, amount FROM billing._charge_late_fees(chunk, up_to) c;
	EXCEPTION
		-- these are of the session, not of an account
		WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
			RAISE;
		WHEN OTHERS THEN
			-- one of them cannot be charged: each by itself tells which
			FOREACH each IN ARRAY chunk LOOP
				BEGIN
					SELECT count(DISTINCT c.account_id) AS n, coalesce(sum(c.amount), 0) AS amount INTO charged FROM billing._charge_late_fees(ARRAY[each], up_to) c;
					accounts := accounts + charged.n;
					amount := amount + charged.amount;
				EXCEPTION
					WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
						RAISE;
					WHEN OTHERS THEN
						GET STACKED DIAGNOSTICS said = MESSAGE_TEXT;
						failed := failed + 1;
						RAISE WARNING 'account % was not charged: %', (SELECT a.account_no FROM billing.account a WHERE a.account_id = each), said USING ERRCODE = SQLSTATE;
				END;
			END LOOP;
	END;
	PERFORM billing._audit(at_org, 'charge_late_fee', format('accounts %s to %s', chunk[1], last), jsonb_build_object('on_day', up_to, 'accounts', accounts, 'total', amount))
	  WHERE accounts > 0;
END $$;
COMMENT ON FUNCTION billing._late_fee_chunk(text, date, bigint, integer) IS 'charges late fees to the next accounts of an org and all below it; last is null after the last';

CREATE PROCEDURE billing.charge_late_fees(org_no text, on_day date DEFAULT NULL, chunk_size integer DEFAULT 1000, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	after		bigint := 0;
	done		record;
	accounts	bigint := 0;
	amount		numeric := 0;
	failed		bigint := 0;
BEGIN
	PERFORM billing._given('charge_late_fees', org_no, coalesce(on_day, 'infinity'), chunk_size);
	IF chunk_size NOT BETWEEN 1 AND 100000 THEN
		RAISE EXCEPTION 'a chunk has 1 to 100000 accounts' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF billing._in_transaction_block() THEN
		RAISE EXCEPTION 'charging commits as it goes, and cannot run inside a transaction'
			USING ERRCODE = 'active_sql_transaction', HINT = 'CALL billing.charge_late_fees(...) outside BEGIN and COMMIT, and not from a function.';
	END IF;
	LOOP
		SELECT c.* INTO done FROM billing._late_fee_chunk(org_no, on_day, after, chunk_size) c;
		COMMIT;
		EXIT WHEN done.last IS NULL;
		after := done.last;
		accounts := accounts + done.accounts;
		amount := amount + done.amount;
		failed := failed + done.failed;
	END LOOP;
	result := format('%s accounts charged, %s in all, %s accounts failed.', accounts, amount, failed);
END $$;
COMMENT ON PROCEDURE billing.charge_late_fees(text, date, integer, text) IS
'charge_late_fee() for the accounts of an org and all below it, in chunks that commit; an account that fails is named in a warning and stands alone; stopped or called again, it charges what is not charged yet';

-- ---- waiving ----

CREATE FUNCTION billing._late_fee_to_waive(account_no text, bill_id bigint, reason text, amount numeric, OUT head billing.account_head, OUT waived numeric, OUT charged numeric, OUT from_on date, OUT until_on date,
	OUT subject text, OUT detail jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	account	bigint := billing._account_of(_late_fee_to_waive.account_no, 'write', 'money');
	last	record;
BEGIN
	IF length(btrim(_late_fee_to_waive.reason)) NOT BETWEEN 1 AND 1000 THEN
		RAISE EXCEPTION 'who waives gives a reason' USING ERRCODE = 'invalid_parameter_value', HINT = 'The customer''s bill has it; at most 1000 characters.';
	END IF;
	IF NOT coalesce(_late_fee_to_waive.amount > 0 AND _late_fee_to_waive.amount = round(_late_fee_to_waive.amount, 2) AND _late_fee_to_waive.amount < 1e15, true) THEN
		RAISE EXCEPTION 'this is a positive amount in whole cents' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It is %s.', _late_fee_to_waive.amount), HINT = 'Without an amount: all of the fee.';
	END IF;
	SELECT h.* INTO STRICT head FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	-- the days of the last charge, so that the next one goes on from there
	SELECT coalesce(sum(q.amount), 0) AS amount, max(q.until_on) AS until_on, (array_agg(q.from_on ORDER BY q.seq DESC))[1] AS from_on INTO last
	  FROM (SELECT b.seq, b.from_on, b.until_on, sum(l.amount) FILTER (WHERE l.tags[1] = 'bill-' || _late_fee_to_waive.bill_id) AS amount
			  FROM billing.bill b CROSS JOIN LATERAL billing.lines(b.charges) l
			 WHERE b.account_id = account AND b.kind = 'late_fee' AND NOT billing._is_reversed(b) GROUP BY 1, 2, 3) q;
	charged := last.amount;
	waived := coalesce(_late_fee_to_waive.amount, charged);
	IF waived > charged OR waived <= 0 THEN
		RAISE EXCEPTION 'no late fee of % was charged for bill % of account %', coalesce(_late_fee_to_waive.amount::text, 'any amount'), _late_fee_to_waive.bill_id, _late_fee_to_waive.account_no
			USING ERRCODE = 'UB316', DETAIL = format('It is %s, less what was waived.', charged), HINT = 'At most what was charged is waived.';
	END IF;
	from_on := last.from_on;
	until_on := last.until_on;
	subject := format('late fee of bill %s of account %s', _late_fee_to_waive.bill_id, _late_fee_to_waive.account_no);
	detail := jsonb_build_object('account_no', _late_fee_to_waive.account_no, 'bill_id', _late_fee_to_waive.bill_id, 'amount', round(waived, 2)::text, 'reason', _late_fee_to_waive.reason);
END $$;
COMMENT ON FUNCTION billing._late_fee_to_waive(text, bigint, text, numeric) IS 'what is to be waived of the late fee of a bill, for who may write money there; locks the head of the account';

CREATE FUNCTION billing.request_late_fee_waiver(account_no text, bill_id bigint, reason text, amount numeric DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: asks, for who may write money there.
DECLARE
	asked	record;
BEGIN
	PERFORM billing._given('request_late_fee_waiver', account_no, bill_id, reason);
	SELECT w.* INTO asked FROM billing._late_fee_to_waive(request_late_fee_waiver.account_no, request_late_fee_waiver.bill_id, request_late_fee_waiver.reason, request_late_fee_waiver.amount) w;
	RETURN billing._ask_approval('late_fee_waiver', (asked.head).org_id, asked.subject, asked.detail, asked.waived, (asked.head).account_id);
END $$;
COMMENT ON FUNCTION billing.request_late_fee_waiver(text, bigint, text, numeric) IS
'asks that the late fee of a bill, or so much of it, be given up 减免; somebody else approves; needs write on money; returns approval_id';

CREATE FUNCTION billing.waive_late_fee(account_no text, bill_id bigint, reason text, amount numeric DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: a bill that takes a late fee back, for who may write money there, as another has approved it.
DECLARE
	asked	record;
	bill	billing.bill;
BEGIN
	PERFORM billing._given('waive_late_fee', account_no, bill_id, reason);
	SELECT w.* INTO asked FROM billing._late_fee_to_waive(waive_late_fee.account_no, waive_late_fee.bill_id, waive_late_fee.reason, waive_late_fee.amount) w;
	PERFORM billing._take_approval('late_fee_waiver', (asked.head).org_id, asked.subject, asked.detail, asked.waived);
	bill.account_id := (asked.head).account_id;
	bill.kind := 'late_fee';
	bill.from_on := asked.from_on;
	bill.until_on := asked.until_on;
	bill.total := -asked.waived;
	bill.reason := format(E'late fee waived: %s\nbill %s: %s of %s', waive_late_fee.reason, waive_late_fee.bill_id, round(asked.waived, 2), asked.charged);
	bill.charges := billing._hand_charges(billing._currency_of(bill.account_id), bill.from_on, bill.until_on,
		jsonb_build_array(jsonb_build_object('code', 'late_fee_waiver', 'tags', jsonb_build_array('bill-' || waive_late_fee.bill_id), 'amount', round(-asked.waived, 2)::text)));
	bill.seq := billing._issue_bill(bill);
	PERFORM billing._audit((asked.head).org_id, 'waive_late_fee', format('account %s', waive_late_fee.account_no), asked.detail || jsonb_build_object('seq', bill.seq));
	RETURN bill.seq;
END $$;
COMMENT ON FUNCTION billing.waive_late_fee(text, bigint, text, numeric) IS
'the late fee of a bill, or so much of it, is given up 减免, for a reason, as another has approved: a bill of kind late_fee that takes it back. It does not come back with the next charge; what '
'comes after it is owed. reverse_bill() takes the waiver back; needs write on money; returns the link''s number';

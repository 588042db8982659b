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

CREATE FUNCTION billing._debts(account_id bigint)
RETURNS TABLE (seq bigint, kind text, from_on date, issued_on date, org_id bigint, tariff_digest bytea, amount numeric)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH bill AS (
		-- a period with its corrections is one thing, as is any other bill with its reversal
		SELECT b.seq, coalesce(o.kind, b.kind) AS kind, b.from_on, billing._sum_day(b.issued_at) AS issued_on, b.org_id, billing.tariff_digest(b.charges) AS tariff_digest,
			   sum(b.total) OVER (PARTITION BY w.until_on, w.seq, b.from_on ORDER BY b.seq) AS so_far, w.until_on AS of_until, w.seq AS of_seq
		  FROM billing.bill b
		  LEFT JOIN billing.bill o ON o.account_id = b.account_id AND o.from_on = b.from_on AND o.seq = b.reverses_seq
		 CROSS JOIN LATERAL (SELECT CASE WHEN s.is_period THEN b.until_on END AS until_on, CASE WHEN NOT s.is_period THEN coalesce(b.reverses_seq, b.seq) END AS seq
							   FROM (SELECT coalesce(o.kind, b.kind) IN ('normal', 'correction') AS is_period) s) w
		 WHERE b.account_id = _debts.account_id),
	-- what was billed too much was never owed: only what no later link takes away
	kept AS (
		SELECT b.*, min(b.so_far) OVER (PARTITION BY b.of_until, b.of_seq, b.from_on ORDER BY b.seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS lasting FROM bill b)
	SELECT k.seq, k.kind, k.from_on, k.issued_on, k.org_id, k.tariff_digest,
		   k.lasting - coalesce(lag(k.lasting) OVER (PARTITION BY k.of_until, k.of_seq, k.from_on ORDER BY k.seq), 0)
	  FROM kept k
	UNION ALL
	SELECT t.seq, NULL, NULL, billing._sum_day(t.posted_at), t.org_id, NULL, t.amount
	  FROM billing.transfer t WHERE t.account_id = _debts.account_id AND t.debit = 'receivable' AND t.bill_seq IS NULL;
END $$;
COMMENT ON FUNCTION billing._debts(bigint) IS
'what an account was charged by each link of its chain, less what was reversed or corrected of it since; below zero where it is owed to the customer; without kind: debts that are no bills';

CREATE FUNCTION billing._money_steps(account_id bigint)
RETURNS TABLE (from_on date, until_on date, settled numeric)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH money AS (
		SELECT coalesce(t.value_on, billing._sum_day(t.posted_at)) AS day, t.amount
		  FROM billing.transfer t WHERE t.account_id = _money_steps.account_id AND t.credit = 'receivable' AND t.bill_seq IS NULL
		UNION ALL
		SELECT d.issued_on, -d.amount FROM billing._debts(_money_steps.account_id) d WHERE d.amount < 0
		UNION ALL
		-- what is disputed bears no fee meanwhile
		SELECT w.day, w.amount FROM billing.dispute d CROSS JOIN LATERAL (VALUES (d.opened_on, d.amount), (d.closed_on, -d.amount)) w(day, amount)
		 WHERE d.account_id = _money_steps.account_id AND w.day IS NOT NULL
		UNION ALL
		SELECT '-infinity', 0),
	day AS (SELECT m.day, sum(m.amount) AS amount FROM money m GROUP BY m.day)
	-- money counts from the day after: the day of payment still bears a fee
	SELECT d.day + 1, coalesce(lead(d.day) OVER w + 1, 'infinity'), sum(d.amount) OVER w FROM day d WINDOW w AS (ORDER BY d.day);
END $$;
COMMENT ON FUNCTION billing._money_steps(bigint) IS 'from when until when how much of an account''s debts, in their order, was settled by payments, credits and open disputes';

CREATE FUNCTION billing._late_debts(account_id bigint, on_day date)
RETURNS TABLE (seq bigint, bill_from_on date, due_on date, from_on date, until_on date, rate numeric, minimum numeric, decimals integer, amount numeric, up_to numeric)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH debt AS (
		SELECT d.*, sum(d.amount) OVER (ORDER BY d.seq) AS up_to FROM billing._debts(_late_debts.account_id) d WHERE d.amount > 0),
	due AS (
		SELECT d.*, t.class, billing._due_on(d.org_id, t.class, d.issued_on) AS due_on
		  FROM debt d
		  LEFT JOIN LATERAL (SELECT p.class FROM billing_report.tariff_plan p WHERE p.tariff_digest = d.tariff_digest) t ON true
		 WHERE d.kind <> 'late_fee' AND d.issued_on < _late_debts.on_day),
	ruled AS (
		SELECT d.*, d.due_on + 1 + coalesce(r.grace_days, 0) AS first_on, coalesce(r.minimum, 0) AS minimum, coalesce(r.decimals, 2) AS decimals,
			   coalesce(k.rate, r.rate_per_day) AS rate, CASE WHEN k.rate IS NULL THEN r.rate_after_year END AS rate_after_year,
			   make_date(extract(year FROM d.due_on)::integer + 1, 1, 1) AS year_on
		  FROM due d
		 CROSS JOIN LATERAL (SELECT billing._contract_late_fee_rate(_late_debts.account_id, d.issued_on) AS rate) k
		 -- of a bill that no tariff made, that of the account's plan
		 CROSS JOIN LATERAL (SELECT coalesce(d.class, (SELECT s.class FROM (
								SELECT p.plan_id FROM billing.account_plan p WHERE p.account_id = _late_debts.account_id AND p.from_on <= d.issued_on ORDER BY p.from_on DESC LIMIT 1) p
							   JOIN billing.plan_class s ON s.plan_id = p.plan_id)) AS class) c
		  LEFT JOIN LATERAL (
			SELECT l.* FROM (SELECT billing._orgs_over(d.org_id) AS orgs) o
			  JOIN billing.late_fee_rule l ON l.org_id = ANY (o.orgs)
			 WHERE (l.class IS NULL OR l.class = c.class) AND l.from_on <= d.issued_on
			 ORDER BY array_position(o.orgs, l.org_id), l.class IS NULL, l.from_on DESC LIMIT 1) r ON true
		 WHERE d.due_on < _late_debts.on_day)
	SELECT r.seq, r.from_on, r.due_on, s.from_on, s.until_on, s.rate, r.minimum, r.decimals, r.amount, r.up_to
	  FROM ruled r
	 CROSS JOIN LATERAL (
		SELECT r.first_on, CASE WHEN r.rate_after_year IS NULL THEN _late_debts.on_day + 1 ELSE least(_late_debts.on_day + 1, r.year_on) END, r.rate
		UNION ALL
		SELECT greatest(r.first_on, r.year_on), _late_debts.on_day + 1, r.rate_after_year WHERE r.rate_after_year IS NOT NULL) s(from_on, until_on, rate)
	 WHERE s.rate > 0 AND s.from_on < s.until_on;
END $$;
COMMENT ON FUNCTION billing._late_debts(bigint, date) IS
'the bills of an account that were due before a day, with the days after that and their rate; up_to: this debt and all before it, which is when money has settled it';

CREATE FUNCTION billing._late_fees(account_id bigint, on_day date)
RETURNS TABLE (bill_id bigint, bill_from_on date, due_on date, from_on date, until_on date, days integer, open numeric, rate numeric, exact numeric, fee numeric)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH span AS (
		SELECT d.seq, d.bill_from_on, d.due_on, d.rate, d.minimum, d.decimals, greatest(d.from_on, m.from_on) AS from_on, least(d.until_on, m.until_on) AS until_on,
			   least(d.amount, d.up_to - m.settled) AS open
		  FROM billing._late_debts(_late_fees.account_id, _late_fees.on_day) d
		  JOIN billing._money_steps(_late_fees.account_id) m ON m.from_on < d.until_on AND m.until_on > d.from_on AND m.settled < d.up_to),
	-- money that settled other debts divides nothing here
	follows AS (
		SELECT s.*, s.until_on - sum(s.until_on - s.from_on) OVER (PARTITION BY s.seq, s.rate, s.open ORDER BY s.from_on)::integer AS start FROM span s),
	whole AS (
		SELECT f.seq, f.bill_from_on, f.due_on, f.rate, f.minimum, f.decimals, f.open, min(f.from_on) AS from_on, max(f.until_on) AS until_on
		  FROM follows f GROUP BY f.seq, f.bill_from_on, f.due_on, f.rate, f.minimum, f.decimals, f.open, f.start),
	reckoned AS (
		SELECT w.*, w.open * w.rate * (w.until_on - w.from_on) AS exact,
			   sum(w.open * w.rate * (w.until_on - w.from_on)) OVER (PARTITION BY w.seq ORDER BY w.from_on) AS so_far
		  FROM whole w),
	-- the fee of a bill is rounded once, and is at least so much; each row has what it adds
	rounded AS (
		SELECT r.*, greatest(round(r.so_far, r.decimals), r.minimum) AS rounded FROM reckoned r)
	SELECT r.seq, r.bill_from_on, r.due_on, r.from_on, r.until_on, r.until_on - r.from_on, r.open, trim_scale(r.rate), trim_scale(r.exact),
		   (r.rounded - coalesce(lag(r.rounded) OVER (PARTITION BY r.seq ORDER BY r.from_on), 0))::numeric(20,2)
	  FROM rounded r ORDER BY r.seq, r.from_on;
END $$;
COMMENT ON FUNCTION billing._late_fees(bigint, date) IS 'the late fees of an account, see late_fees()';

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
	RETURN QUERY SELECT f.* FROM billing._late_fees(account, billing._late_fee_day(late_fees.on_day)) f;
END $$;
COMMENT ON FUNCTION billing.late_fees(text, date) IS
'what late payment of an account''s bills comes to up to a day (today), that day included, by what is known now: for each bill the days with the same open amount and rate, days × open × rate exact, '
'and the fee in cents that they add to that of the bill, which is rounded once and at least the minimum; a day ahead: as if nothing more came; needs read on money';

-- ---- charging ----

CREATE FUNCTION billing._charge_late_fee(account_id bigint, on_day date)
RETURNS numeric
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- The caller has locked the head.
DECLARE
	last	record;
	bill	billing.bill;
	change	record;
	amount	numeric := 0;
	at_most	CONSTANT integer := 100;	-- lines of a bill
BEGIN
	SELECT max(b.until_on) AS until_on, (array_agg(b.from_on ORDER BY b.seq DESC))[1] AS from_on INTO last
	  FROM billing.bill b WHERE b.account_id = _charge_late_fee.account_id AND b.kind = 'late_fee' AND NOT billing._is_reversed(b);
	-- never less far than before: that would give back what is owed
	bill.until_on := greatest(_charge_late_fee.on_day + 1, last.until_on);
	LOOP
		WITH fee AS MATERIALIZED (
			SELECT f.* FROM billing._late_fees(_charge_late_fee.account_id, bill.until_on - 1) f),
		owed AS (
			SELECT f.bill_id, sum(f.fee) AS amount FROM fee f GROUP BY f.bill_id),
		charged AS (
			SELECT substr(l.tags[1], 6)::bigint AS bill_id, sum(l.amount) AS amount FROM billing.bill b CROSS JOIN LATERAL billing.lines(b.charges) l
			 WHERE b.account_id = _charge_late_fee.account_id AND b.kind = 'late_fee' AND NOT billing._is_reversed(b) GROUP BY 1),
		changed AS (
			SELECT bill_id, coalesce(o.amount, 0) AS owed, coalesce(c.amount, 0) AS charged FROM owed o FULL JOIN charged c USING (bill_id)
			 WHERE coalesce(o.amount, 0) <> coalesce(c.amount, 0) ORDER BY bill_id LIMIT at_most)
		SELECT count(*) AS n, jsonb_agg(jsonb_build_object('code', 'late_fee', 'tags', jsonb_build_array('bill-' || c.bill_id), 'amount', (c.owed - c.charged)::text) ORDER BY c.bill_id) AS lines,
			   string_agg(format('bill %s: %s', c.bill_id, c.owed) || CASE WHEN c.charged <> 0 THEN format(' less %s charged before', c.charged) ELSE '' END, E'\n' ORDER BY c.bill_id) AS said,
			   (SELECT min(greatest(f.from_on, last.until_on)) FROM fee f WHERE f.until_on > coalesce(last.until_on, '-infinity')) AS from_on INTO change
		  FROM changed c;
		EXIT WHEN change.n = 0;
		bill.account_id := _charge_late_fee.account_id;
		bill.kind := 'late_fee';
		bill.from_on := coalesce(change.from_on, last.from_on);
		bill.charges := billing._hand_charges(billing._currency_of(_charge_late_fee.account_id), bill.from_on, bill.until_on, change.lines);
		bill.total := billing.total(bill.charges);
		bill.reason := format(E'late fee up to %s\n%s', to_char(bill.until_on - 1, 'YYYY-MM-DD'), change.said);
		amount := amount + bill.total;
		bill.seq := billing._issue_bill(bill);
		PERFORM billing._audit(h.org_id, 'charge_late_fee', format('account %s', a.account_no), jsonb_build_object('on_day', bill.until_on - 1, 'seq', bill.seq, 'total', bill.total))
		   FROM billing.account_head h JOIN billing.account a ON a.account_id = h.account_id WHERE h.account_id = _charge_late_fee.account_id;
		EXIT WHEN change.n < at_most;
	END LOOP;
	RETURN amount;
END $$;
COMMENT ON FUNCTION billing._charge_late_fee(bigint, date) IS 'charges an account, whose head is locked, what its late fees come to now more or less than was charged; returns how much';

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
BEGIN
	PERFORM billing._given('charge_late_fee', account_no);
	PERFORM billing._lock_heads(ARRAY[account]);
	RETURN billing._charge_late_fee(account, billing._late_fee_passed(charge_late_fee.on_day));
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
	account	bigint;
	charged	numeric;
	said	text;
BEGIN
	accounts := 0;
	amount := 0;
	failed := 0;
	SELECT array_agg(q.account_id ORDER BY q.account_id) INTO chunk
	  FROM (SELECT h.account_id FROM billing.account_head h WHERE h.org_id = ANY (billing._orgs_below(at_org)) AND h.account_id > _late_fee_chunk.after
			 ORDER BY h.account_id LIMIT _late_fee_chunk.chunk_size) q;
	last := chunk[cardinality(chunk)];
	IF last IS NULL THEN
		RETURN;
	END IF;
	PERFORM billing._lock_heads(chunk);
	FOREACH account IN ARRAY chunk LOOP
		BEGIN
			charged := billing._charge_late_fee(account, up_to);
			accounts := accounts + (charged <> 0)::integer;
			amount := amount + charged;
		EXCEPTION
			-- these are of the session, not of the account
			WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
				RAISE;
			WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS said = MESSAGE_TEXT;
				failed := failed + 1;
				RAISE WARNING 'account % was not charged: %', (SELECT a.account_no FROM billing.account a WHERE a.account_id = account), said USING ERRCODE = SQLSTATE;
		END;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._late_fee_chunk(text, date, bigint, integer) IS 'charges late fees to the next accounts of an org and all below it; last is null after the last';

CREATE PROCEDURE billing.charge_late_fees(org_no text, on_day date DEFAULT NULL, chunk_size integer DEFAULT 200, INOUT result text DEFAULT NULL)
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

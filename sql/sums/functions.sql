-- ---- what bills come to ----

CREATE FUNCTION billing._sum_day(at timestamptz)
RETURNS date
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- PL/pgSQL, so that it is planned once a session
BEGIN
	RETURN (SELECT (_sum_day.at AT TIME ZONE s.time_zone)::date FROM billing.sum_setting s);
END $$;
COMMENT ON FUNCTION billing._sum_day(timestamptz) IS 'the day of a moment in the zone that sums go by';

CREATE FUNCTION billing._month_of(day date)
RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT date_trunc('month', _month_of.day::timestamp)::date;
END;
COMMENT ON FUNCTION billing._month_of(date) IS 'the first of the month';

CREATE FUNCTION billing._code_sums(charges billing.charges)
RETURNS TABLE (code text, is_energy boolean, kwh numeric, amount numeric)
-- not strict, so that it becomes part of the query that asks, and is planned with it
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	WITH line AS (
		SELECT coalesce(l.code, 'rounding') AS code, 'energy' = ANY (l.tags) OR l.code = 'energy' AS is_energy, l.amount,
			   -- a charge that is printed by component says its energy once for each of them
			   CASE WHEN l.unit = 'kWh' AND l.component IS NOT DISTINCT FROM first_value(l.component) OVER (PARTITION BY l.code ORDER BY l.component IS NOT NULL, l.line)
					THEN l.quantity ELSE 0 END AS kwh
		  FROM billing.lines(_code_sums.charges) l WHERE l.counted)
	SELECT l.code, coalesce(bool_or(l.is_energy), false), sum(l.kwh), sum(l.amount) FROM line l GROUP BY l.code;
END;
COMMENT ON FUNCTION billing._code_sums(billing.charges) IS 'the lines of a bill, or of several in one, by code; is_energy: its kWh are those of the bill';

CREATE FUNCTION billing._sign(kind text)
RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN _sign.kind = 'reversal' THEN -1 ELSE 1 END;
END;
COMMENT ON FUNCTION billing._sign(text) IS 'a reversal has the charges of the bill that it takes away';

CREATE FUNCTION billing._days_of_supply(b billing.bill)
RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN b.kind = 'normal' OR (b.kind = 'reversal' AND EXISTS (SELECT FROM billing.bill o WHERE o.account_id = b.account_id AND o.from_on = b.from_on
																			  AND o.seq = b.reverses_seq AND o.kind = 'normal'))
				THEN b.until_on - b.from_on ELSE 0 END;
END;
COMMENT ON FUNCTION billing._days_of_supply(billing.bill) IS 'the days that a bill is for; none where it only corrects, or charges for something else than supply';

CREATE FUNCTION billing._add_bills(issued_org_id bigint, month_on date, sign integer, bills bigint, days bigint, charges billing.charges)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- PL/pgSQL, so that a run plans it once and not with every chunk
BEGIN
	WITH code AS MATERIALIZED (SELECT c.* FROM billing._code_sums(_add_bills.charges) c),
	coded AS (
		INSERT INTO billing.charge_sum (org_id, month_on, tariff_digest, currency, code, kwh, amount)
		SELECT _add_bills.issued_org_id, _add_bills.month_on, billing.tariff_digest(_add_bills.charges), billing.currency(_add_bills.charges), c.code,
			   _add_bills.sign * c.kwh, _add_bills.sign * c.amount
		  FROM code c)
	INSERT INTO billing.bill_sum (org_id, month_on, tariff_digest, currency, bills, days, kwh, amount)
	SELECT _add_bills.issued_org_id, _add_bills.month_on, billing.tariff_digest(_add_bills.charges), billing.currency(_add_bills.charges),
		   _add_bills.sign * _add_bills.bills, _add_bills.sign * _add_bills.days,
		   coalesce(_add_bills.sign * (SELECT sum(c.kwh) FROM code c WHERE c.is_energy), 0), _add_bills.sign * billing.total(_add_bills.charges);
END $$;
COMMENT ON FUNCTION billing._add_bills(bigint, date, integer, bigint, bigint, billing.charges) IS
'adds bills of one org, month and tariff to the sums: how many, their days of supply, and their charges as one; sign -1 takes them away';

-- ---- what customers owe ----

CREATE FUNCTION billing._balance_at(account_id bigint, seq bigint)
RETURNS numeric
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- from where the head is, which may be before this link or after it
	SELECT h.balance + coalesce(sum(CASE WHEN e.seq <= h.seq THEN -e.owed ELSE e.owed END), 0)
	  FROM billing.account_head h
	  LEFT JOIN (
		SELECT b.seq, b.total AS owed FROM billing.bill b WHERE b.account_id = _balance_at.account_id
		 UNION ALL
		SELECT t.seq, CASE 'receivable' WHEN t.debit THEN t.amount WHEN t.credit THEN -t.amount END AS owed FROM billing.transfer t
		 WHERE t.account_id = _balance_at.account_id AND t.bill_seq IS NULL AND 'receivable' IN (t.debit, t.credit)) e
	    ON e.seq > least(h.seq, _balance_at.seq) AND e.seq <= greatest(h.seq, _balance_at.seq)
	 WHERE h.account_id = _balance_at.account_id
	 GROUP BY h.balance;
END;
COMMENT ON FUNCTION billing._balance_at(bigint, bigint) IS 'the balance of an account after a link of its chain, the transfer of a bill counting with the bill';

CREATE FUNCTION billing._receivables(account_id bigint, seq bigint, balance numeric)
RETURNS TABLE (month_on date, issued_on date, tariff_digest bytea, charged numeric, settled numeric)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	WITH debt AS (
		SELECT b.seq, billing._month_of(b.from_on) AS month_on, billing._sum_day(b.issued_at) AS issued_on, billing.tariff_digest(b.charges) AS tariff_digest, b.total AS amount
		  FROM billing.bill b
		 WHERE b.account_id = _receivables.account_id AND b.seq <= _receivables.seq AND b.total > 0 AND b.kind <> 'reversal'
		   AND NOT EXISTS (SELECT FROM billing.bill r WHERE r.account_id = b.account_id AND r.reverses_seq = b.seq AND r.seq <= _receivables.seq)
		 UNION ALL
		SELECT t.seq, billing._month_of(billing._sum_day(t.posted_at)) AS month_on, billing._sum_day(t.posted_at) AS issued_on, NULL::bytea AS tariff_digest, t.amount
		  FROM billing.transfer t
		 WHERE t.account_id = _receivables.account_id AND t.seq <= _receivables.seq AND t.debit = 'receivable' AND t.bill_seq IS NULL),
	-- money settles the oldest debt first, so what is owed is of the last debts
	open AS (
		SELECT d.*, greatest(0, least(d.amount, _receivables.balance
					- coalesce(sum(d.amount) OVER (ORDER BY d.seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS open
		  FROM debt d)
	SELECT o.month_on, o.issued_on, o.tariff_digest, sum(o.amount) AS charged, sum(o.amount - o.open) AS settled FROM open o GROUP BY o.month_on, o.issued_on, o.tariff_digest
	 UNION ALL
	-- money that is ahead of the bills
	SELECT NULL::date AS month_on, NULL::date AS issued_on, NULL::bytea AS tariff_digest, 0 AS charged, a.ahead AS settled FROM (SELECT coalesce(sum(o.open), 0) - _receivables.balance AS ahead FROM open o) a WHERE a.ahead <> 0;
END;
COMMENT ON FUNCTION billing._receivables(bigint, bigint, numeric) IS
'what an account was charged up to a link of its chain, and what of it is settled with this balance, the oldest first; as rows of receivable_sum';

-- ---- triggers: what is written changes the sums in the same transaction; those of bills and transfers are in C ----

CREATE FUNCTION billing._sum_moves()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- a clerk who changes an address has no right to the sums, and does not come near them
	PERFORM FROM old_rows o JOIN new_rows n ON n.account_id = o.account_id AND n.org_id <> o.org_id;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	INSERT INTO billing.receivable_sum (org_id, month_on, issued_on, tariff_digest, charged, settled)
	SELECT m.org_id, r.month_on, r.issued_on, r.tariff_digest, m.sign * r.charged, m.sign * r.settled
	  FROM old_rows o
	  JOIN new_rows n ON n.account_id = o.account_id AND n.org_id <> o.org_id
	  JOIN billing.account_head h ON h.account_id = n.account_id
	 CROSS JOIN (VALUES (1), (-1)) s(sign)
	 CROSS JOIN LATERAL (SELECT s.sign, CASE s.sign WHEN 1 THEN n.org_id ELSE o.org_id END AS org_id) m
	 CROSS JOIN LATERAL billing._receivables(h.account_id, h.seq, h.balance) r;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._sum_moves() IS 'trigger: what an account owes goes along with it to another org';

-- ---- folding, checking, making anew ----

CREATE FUNCTION billing._fold_sums(orgs bigint[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
	folded	bigint := 0;
	n		bigint;
BEGIN
	-- only folding removes rows, and one who folds does; who comes second finds it done soon
	IF NOT pg_try_advisory_xact_lock(hashtextextended('billing.fold_sums', 0)) THEN
		RETURN 0;
	END IF;
	WITH gone AS (
		DELETE FROM billing.bill_sum s WHERE s.org_id = ANY (_fold_sums.orgs)
		   AND s.ctid = ANY (ARRAY(SELECT q.ctid FROM (SELECT l.ctid, count(*) OVER (PARTITION BY l.org_id, l.month_on, l.tariff_digest, l.currency) AS rows
														  FROM billing.bill_sum l WHERE l.org_id = ANY (_fold_sums.orgs)) q WHERE q.rows > 1))
		RETURNING s.*)
	INSERT INTO billing.bill_sum (org_id, month_on, tariff_digest, currency, bills, days, kwh, amount)
	SELECT g.org_id, g.month_on, g.tariff_digest, g.currency, sum(g.bills), sum(g.days), sum(g.kwh), sum(g.amount)
	  FROM gone g GROUP BY g.org_id, g.month_on, g.tariff_digest, g.currency;
	GET DIAGNOSTICS n = ROW_COUNT;
	folded := folded + n;
	WITH gone AS (
		DELETE FROM billing.charge_sum s WHERE s.org_id = ANY (_fold_sums.orgs)
		   AND s.ctid = ANY (ARRAY(SELECT q.ctid FROM (SELECT l.ctid, count(*) OVER (PARTITION BY l.org_id, l.month_on, l.tariff_digest, l.currency, l.code) AS rows
														  FROM billing.charge_sum l WHERE l.org_id = ANY (_fold_sums.orgs)) q WHERE q.rows > 1))
		RETURNING s.*)
	INSERT INTO billing.charge_sum (org_id, month_on, tariff_digest, currency, code, kwh, amount)
	SELECT g.org_id, g.month_on, g.tariff_digest, g.currency, g.code, sum(g.kwh), sum(g.amount)
	  FROM gone g GROUP BY g.org_id, g.month_on, g.tariff_digest, g.currency, g.code;
	GET DIAGNOSTICS n = ROW_COUNT;
	folded := folded + n;
	WITH gone AS (
		DELETE FROM billing.receivable_sum s WHERE s.org_id = ANY (_fold_sums.orgs)
		   AND s.ctid = ANY (ARRAY(SELECT q.ctid FROM (SELECT l.ctid, count(*) OVER (PARTITION BY l.org_id, l.month_on, l.issued_on, l.tariff_digest) AS rows
														  FROM billing.receivable_sum l WHERE l.org_id = ANY (_fold_sums.orgs)) q WHERE q.rows > 1))
		RETURNING s.*)
	INSERT INTO billing.receivable_sum (org_id, month_on, issued_on, tariff_digest, charged, settled)
	SELECT g.org_id, g.month_on, g.issued_on, g.tariff_digest, sum(g.charged), sum(g.settled)
	  FROM gone g GROUP BY g.org_id, g.month_on, g.issued_on, g.tariff_digest
	HAVING sum(g.charged) <> 0 OR sum(g.settled) <> 0;
	GET DIAGNOSTICS n = ROW_COUNT;
	folded := folded + n;
	WITH gone AS (
		DELETE FROM billing.transfer_sum s WHERE s.org_id = ANY (_fold_sums.orgs)
		   AND s.ctid = ANY (ARRAY(SELECT q.ctid FROM (SELECT l.ctid, count(*) OVER (PARTITION BY l.org_id, l.month_on, l.debit, l.credit) AS rows
														  FROM billing.transfer_sum l WHERE l.org_id = ANY (_fold_sums.orgs)) q WHERE q.rows > 1))
		RETURNING s.*)
	INSERT INTO billing.transfer_sum (org_id, month_on, debit, credit, transfers, amount)
	SELECT g.org_id, g.month_on, g.debit, g.credit, sum(g.transfers), sum(g.amount)
	  FROM gone g GROUP BY g.org_id, g.month_on, g.debit, g.credit;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN folded + n;
END $$;
COMMENT ON FUNCTION billing._fold_sums(bigint[]) IS 'makes one row of the rows of each sum of these orgs; returns how many sums had several; 0 also while another session folds';

CREATE PROCEDURE billing.fold_sums(org_no text, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: rows are put together, and say the same; for who may run bills there.
BEGIN
	PERFORM billing._given('fold_sums', org_no);
	result := format('%s sums folded.', billing._fold_sums(billing._orgs_below(billing._org_of(fold_sums.org_no, 'run', 'bill'))));
END $$;
COMMENT ON PROCEDURE billing.fold_sums(text, text) IS
'makes one row of the many that bills and payments have added to each sum of an org and those below it, so that reports read less; says nothing new; a run does it at its end. Needs run on bill';

CREATE FUNCTION billing._made_charge_sums()
RETURNS TABLE (org_id bigint, month_on date, tariff_digest bytea, currency text, code text, bills bigint, days bigint, kwh numeric, amount numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- code is null for the bills as a whole
	WITH g AS MATERIALIZED (
		SELECT b.issued_org_id AS org_id, billing._month_of(b.from_on) AS month_on, billing._sign(b.kind) AS sign, count(*) AS bills,
			   sum(billing._days_of_supply(b)) AS days, billing.sum(b.charges) AS charges, billing.tariff_digest(b.charges) AS tariff_digest, billing.currency(b.charges) AS currency
		  FROM billing.bill b
		 GROUP BY b.issued_org_id, billing._month_of(b.from_on), billing._sign(b.kind), billing.tariff_digest(b.charges), billing.currency(b.charges)),
	c AS MATERIALIZED (SELECT g.*, s.code, s.is_energy, s.kwh, s.amount FROM g CROSS JOIN LATERAL billing._code_sums(g.charges) s)
	SELECT c.org_id, c.month_on, c.tariff_digest, c.currency, c.code, NULL::bigint AS bills, NULL::bigint AS days, sum(c.sign * c.kwh) AS kwh, sum(c.sign * c.amount) AS amount
	  FROM c GROUP BY c.org_id, c.month_on, c.tariff_digest, c.currency, c.code
	 UNION ALL
	SELECT g.org_id, g.month_on, g.tariff_digest, g.currency, NULL::text AS code, sum(g.sign * g.bills) AS bills, sum(g.sign * g.days) AS days,
		   coalesce(sum(g.sign * (SELECT sum(s.kwh) FROM billing._code_sums(g.charges) s WHERE s.is_energy)), 0) AS kwh, sum(g.sign * billing.total(g.charges)) AS amount
	  FROM g GROUP BY g.org_id, g.month_on, g.tariff_digest, g.currency;
END;
COMMENT ON FUNCTION billing._made_charge_sums() IS 'what bill_sum and charge_sum must say, made of the bills';

CREATE FUNCTION billing._made_receivable_sums()
RETURNS TABLE (org_id bigint, month_on date, issued_on date, tariff_digest bytea, charged numeric, settled numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- all accounts at once, where they stand now
	WITH debt AS (
		SELECT b.account_id, b.seq, billing._month_of(b.from_on) AS month_on, billing._sum_day(b.issued_at) AS issued_on, billing.tariff_digest(b.charges) AS tariff_digest, b.total AS amount
		  FROM billing.bill b
		  LEFT JOIN billing.bill r ON r.account_id = b.account_id AND r.reverses_seq = b.seq
		 WHERE b.total > 0 AND b.kind <> 'reversal' AND r.account_id IS NULL
		 UNION ALL
		SELECT t.account_id, t.seq, billing._month_of(billing._sum_day(t.posted_at)) AS month_on, billing._sum_day(t.posted_at) AS issued_on, NULL::bytea AS tariff_digest, t.amount
		  FROM billing.transfer t WHERE t.debit = 'receivable' AND t.bill_seq IS NULL),
	open AS MATERIALIZED (
		SELECT d.*, h.org_id, greatest(0, least(d.amount, h.balance
					- coalesce(sum(d.amount) OVER (PARTITION BY d.account_id ORDER BY d.seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS open
		  FROM debt d JOIN billing.account_head h ON h.account_id = d.account_id)
	SELECT o.org_id, o.month_on, o.issued_on, o.tariff_digest, sum(o.amount) AS charged, sum(o.amount - o.open) AS settled
	  FROM open o GROUP BY o.org_id, o.month_on, o.issued_on, o.tariff_digest
	 UNION ALL
	SELECT h.org_id, NULL::date AS month_on, NULL::date AS issued_on, NULL::bytea AS tariff_digest, 0 AS charged, sum(coalesce(o.open, 0) - h.balance) AS settled
	  FROM billing.account_head h
	  LEFT JOIN (SELECT o.account_id, sum(o.open) AS open FROM open o GROUP BY o.account_id) o ON o.account_id = h.account_id
	 GROUP BY h.org_id HAVING sum(coalesce(o.open, 0) - h.balance) <> 0;
END;
COMMENT ON FUNCTION billing._made_receivable_sums() IS 'what receivable_sum must say, made of the bills, the transfers and the balances';

CREATE FUNCTION billing._made_transfer_sums()
RETURNS TABLE (org_id bigint, month_on date, debit text, credit text, transfers bigint, amount numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT t.issued_org_id, billing._month_of(billing._sum_day(t.posted_at)), t.debit, t.credit, count(*), sum(t.amount)
	  FROM billing.transfer t GROUP BY t.issued_org_id, billing._month_of(billing._sum_day(t.posted_at)), t.debit, t.credit;
END;
COMMENT ON FUNCTION billing._made_transfer_sums() IS 'what transfer_sum must say, made of the transfers';

CREATE FUNCTION billing.check_sums()
RETURNS TABLE (sums text, org_no text, month_on date, about text, kept numeric, made numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	-- who does not see everything would find what he cannot see missing
	PERFORM billing._check_everywhere('read', k) FROM unnest('{account,bill,money}'::text[]) k;
	RETURN QUERY
	WITH made_charge AS MATERIALIZED (SELECT m.* FROM billing._made_charge_sums() m),
	entry AS (
		-- each sum once as it is kept and once, with the other sign, as it is made anew
		SELECT 'bill_sum' AS sums, s.org_id, s.month_on, v.about || coalesce(' ' || encode(s.tariff_digest, 'hex'), '') AS about, v.amount AS kept, 0::numeric AS made
		  FROM billing.bill_sum s
		 CROSS JOIN LATERAL (VALUES ('bills', s.bills::numeric), ('days', s.days), ('kwh', s.kwh), ('amount ' || s.currency, s.amount)) v(about, amount)
		 UNION ALL
		SELECT 'bill_sum', s.org_id, s.month_on, v.about || coalesce(' ' || encode(s.tariff_digest, 'hex'), ''), 0, v.amount
		  FROM made_charge s
		 CROSS JOIN LATERAL (VALUES ('bills', s.bills::numeric), ('days', s.days), ('kwh', s.kwh), ('amount ' || s.currency, s.amount)) v(about, amount)
		 WHERE s.code IS NULL
		 UNION ALL
		SELECT 'charge_sum', s.org_id, s.month_on, s.code || v.about || coalesce(' ' || encode(s.tariff_digest, 'hex'), ''), v.amount, 0
		  FROM billing.charge_sum s CROSS JOIN LATERAL (VALUES (' kwh', s.kwh), (' amount ' || s.currency, s.amount)) v(about, amount)
		 UNION ALL
		SELECT 'charge_sum', s.org_id, s.month_on, s.code || v.about || coalesce(' ' || encode(s.tariff_digest, 'hex'), ''), 0, v.amount
		  FROM made_charge s CROSS JOIN LATERAL (VALUES (' kwh', s.kwh), (' amount ' || s.currency, s.amount)) v(about, amount)
		 WHERE s.code IS NOT NULL
		 UNION ALL
		SELECT 'receivable_sum', s.org_id, s.month_on, v.about || coalesce(' of ' || to_char(s.issued_on, 'YYYY-MM-DD'), '') || coalesce(' ' || encode(s.tariff_digest, 'hex'), ''), v.amount, 0
		  FROM billing.receivable_sum s CROSS JOIN LATERAL (VALUES ('charged', s.charged), ('settled', s.settled)) v(about, amount)
		 UNION ALL
		SELECT 'receivable_sum', s.org_id, s.month_on, v.about || coalesce(' of ' || to_char(s.issued_on, 'YYYY-MM-DD'), '') || coalesce(' ' || encode(s.tariff_digest, 'hex'), ''), 0, v.amount
		  FROM billing._made_receivable_sums() s CROSS JOIN LATERAL (VALUES ('charged', s.charged), ('settled', s.settled)) v(about, amount)
		 UNION ALL
		SELECT 'transfer_sum', s.org_id, s.month_on, format('%s from %s to %s', v.about, s.credit, s.debit), v.amount, 0
		  FROM billing.transfer_sum s CROSS JOIN LATERAL (VALUES ('transfers', s.transfers::numeric), ('amount', s.amount)) v(about, amount)
		 UNION ALL
		SELECT 'transfer_sum', s.org_id, s.month_on, format('%s from %s to %s', v.about, s.credit, s.debit), 0, v.amount
		  FROM billing._made_transfer_sums() s CROSS JOIN LATERAL (VALUES ('transfers', s.transfers::numeric), ('amount', s.amount)) v(about, amount))
	SELECT e.sums, o.org_no, e.month_on, e.about, sum(e.kept), sum(e.made)
	  FROM entry e LEFT JOIN billing.org o ON o.org_id = e.org_id
	 GROUP BY e.sums, o.org_no, e.month_on, e.about HAVING sum(e.kept) <> sum(e.made)
	 ORDER BY e.sums, o.org_no, e.month_on, e.about;
END $$;
COMMENT ON FUNCTION billing.check_sums() IS
'makes every sum anew from bills, transfers and balances, and lists those that are kept otherwise; no row: all are right. Reads everything; needs the right to read every account, bill and money';

CREATE FUNCTION billing._rebuild_sums()
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
BEGIN
	-- who has written a bill or a transfer and not committed yet is waited for, who comes later waits
	LOCK TABLE billing.bill_sum, billing.charge_sum, billing.receivable_sum, billing.transfer_sum IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM billing.bill_sum;
	DELETE FROM billing.charge_sum;
	DELETE FROM billing.receivable_sum;
	DELETE FROM billing.transfer_sum;
	WITH made AS MATERIALIZED (SELECT m.* FROM billing._made_charge_sums() m),
	coded AS (
		INSERT INTO billing.charge_sum (org_id, month_on, tariff_digest, currency, code, kwh, amount)
		SELECT m.org_id, m.month_on, m.tariff_digest, m.currency, m.code, m.kwh, m.amount FROM made m WHERE m.code IS NOT NULL)
	INSERT INTO billing.bill_sum (org_id, month_on, tariff_digest, currency, bills, days, kwh, amount)
	SELECT m.org_id, m.month_on, m.tariff_digest, m.currency, m.bills, m.days, m.kwh, m.amount FROM made m WHERE m.code IS NULL;
	INSERT INTO billing.receivable_sum (org_id, month_on, issued_on, tariff_digest, charged, settled) SELECT m.* FROM billing._made_receivable_sums() m;
	INSERT INTO billing.transfer_sum (org_id, month_on, debit, credit, transfers, amount) SELECT m.* FROM billing._made_transfer_sums() m;
END $$;
COMMENT ON FUNCTION billing._rebuild_sums() IS 'makes all sums anew';

CREATE FUNCTION billing.rebuild_sums(time_zone text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: sums are written by the store only, for who may run bills everywhere.
BEGIN
	PERFORM billing._check_everywhere('run', 'bill');
	PERFORM billing._check_everywhere('read', k) FROM unnest('{account,bill,money}'::text[]) k;
	IF rebuild_sums.time_zone IS NOT NULL THEN
		-- an error where the server does not know it
		PERFORM now() AT TIME ZONE rebuild_sums.time_zone;
		UPDATE billing.sum_setting s SET time_zone = rebuild_sums.time_zone;
	END IF;
	PERFORM billing._rebuild_sums();
	PERFORM billing._audit(o.org_id, 'rebuild_sums', format('org %s', o.org_no), jsonb_build_object('time_zone', rebuild_sums.time_zone))
	   FROM billing.org o WHERE o.parent_id IS NULL;
END $$;
COMMENT ON FUNCTION billing.rebuild_sums(text) IS
'makes every sum anew, after rows were loaded past the triggers, or to go by the days of another time zone; bills and payments wait meanwhile. Needs run on bill, and read on account, bill and money, everywhere';

-- ---- classes and due days ----

CREATE FUNCTION billing._class_plans()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: a plan has the class that its tariff names, until somebody gives it another.
BEGIN
	INSERT INTO billing.plan_class (plan_id, class)
	SELECT q.plan_id, q.class FROM (SELECT DISTINCT ON (n.plan_id) n.plan_id, billing.jsonb(n.tariff) #>> '{notes,class}' AS class FROM new_rows n ORDER BY n.plan_id, n.from_on DESC) q
	 WHERE q.class ~ '^[a-z][a-z0-9_]{0,31}$'
	    ON CONFLICT ON CONSTRAINT plan_class_pkey DO NOTHING;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._class_plans() IS 'trigger: a plan has the class that the notes of its first tariff name';

CREATE FUNCTION billing.set_plan_class(plan_code text, class text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_plan().
DECLARE
	plan	bigint;
BEGIN
	PERFORM billing._given('set_plan_class', plan_code, class);
	PERFORM billing._check_everywhere('write', 'plan');
	SELECT p.plan_id INTO plan FROM billing.plan p WHERE p.plan_code = set_plan_class.plan_code;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('plan %s', set_plan_class.plan_code));
	END IF;
	INSERT INTO billing.plan_class (plan_id, class) VALUES (plan, set_plan_class.class)
	    ON CONFLICT ON CONSTRAINT plan_class_pkey DO UPDATE SET class = excluded.class;
END $$;
COMMENT ON FUNCTION billing.set_plan_class(text, text) IS 'of which class 用电类别 the customers of a plan are, in all reports at once; needs write on plan everywhere';

CREATE FUNCTION billing._check_class(class text)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known	text[];
BEGIN
	-- of a plan that nobody gave a class, reports and rules say other
	SELECT array_agg(k.class ORDER BY k.class) INTO known FROM (SELECT c.class FROM billing.plan_class c UNION SELECT 'other' AS class) k;
	IF NOT _check_class.class = ANY (known) THEN
		RAISE EXCEPTION 'no plan is of class "%"', left(_check_class.class, 100)
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Plans are of: %s.', array_to_string(known, ', ')),
				HINT = 'A rule of this class would never hold. set_plan_class() gives a plan its class.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_class(text) IS 'raises where there is no plan of a class: a rule that is misspelt would never hold, and nobody would see it; null: of all others';

CREATE FUNCTION billing.set_due_days(org_no text, due_days integer, from_on date, class text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes rules for an org and all below it, for who may approve bills there.
DECLARE
	at_org	bigint := billing._org_of(set_due_days.org_no, 'approve', 'bill');
BEGIN
	PERFORM billing._check_class(set_due_days.class);
	-- for each org by itself: who works below does not see the orgs above
	INSERT INTO billing.due_rule (org_id, class, from_on, due_days)
	SELECT o, set_due_days.class, set_due_days.from_on, set_due_days.due_days FROM unnest(billing._orgs_below(at_org)) o
	    ON CONFLICT ON CONSTRAINT due_rule_key DO UPDATE SET due_days = excluded.due_days, set_by = excluded.set_by;
	PERFORM billing._audit(at_org, 'set_due_days', format('org %s', set_due_days.org_no),
		jsonb_build_object('due_days', set_due_days.due_days, 'from_on', set_due_days.from_on, 'class', set_due_days.class));
END $$;
COMMENT ON FUNCTION billing.set_due_days(text, integer, date, text) IS
'bills issued on or after a day are due so many days later, at an org and all below it, of a class of customers or of all others; needs approve on bill';

CREATE FUNCTION billing._inherit_due_rules()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: a new org begins with the rules of the one above.
BEGIN
	INSERT INTO billing.due_rule (org_id, class, from_on, due_days)
	SELECT n.org_id, r.class, r.from_on, r.due_days FROM new_rows n JOIN billing.due_rule r ON r.org_id = n.parent_id;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._inherit_due_rules() IS 'trigger: a new org has the due days of its parent';

CREATE FUNCTION billing._due_on(org_id bigint, class text, issued_on date)
RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT _due_on.issued_on + coalesce((SELECT r.due_days FROM billing.due_rule r
			 WHERE r.org_id = _due_on.org_id AND (r.class IS NULL OR r.class = _due_on.class) AND r.from_on <= _due_on.issued_on
			 ORDER BY r.class IS NULL, r.from_on DESC LIMIT 1), 15);
END;
COMMENT ON FUNCTION billing._due_on(bigint, text, date) IS 'when a bill that was issued on a day is due';

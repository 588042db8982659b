-- ---- rating again what is billed ----

CREATE FUNCTION billing._charges_difference(now billing.charges[], before billing.charges[], from_on date, until_on date, carry billing.carry)
RETURNS billing.charges
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- not in SQL: planning this anew for each bill would cost more than running it
BEGIN
	RETURN (
	WITH said AS (
		SELECT 1 AS sign, n.place, billing.jsonb(n.charges) AS j FROM unnest(_charges_difference.now) WITH ORDINALITY n(charges, place)
		UNION ALL
		SELECT -1, b.place, billing.jsonb(b.charges) FROM unnest(_charges_difference.before) WITH ORDINALITY b(charges, place)),
	-- lines are the same where all but quantity and amount is
	line AS (
		SELECT l.value - '{quantity,amount,charge,estimated}'::text[] AS line, s.j -> 'charges' -> (l.value ->> 'charge')::integer AS charge,
			   sum(s.sign * (l.value ->> 'quantity')::numeric) AS quantity, sum(s.sign * (l.value ->> 'amount')::numeric) AS amount,
			   bool_or(s.sign = 1 AND coalesce((l.value ->> 'estimated')::boolean, false)) AS estimated,
			   -- in the order of what holds now, what has gone before what took its place
			   min(s.place * 10000 + l.place * 2 - (s.sign < 0)::integer) AS place
		  FROM said s CROSS JOIN LATERAL jsonb_array_elements(s.j -> 'lines') WITH ORDINALITY l(value, place)
		 GROUP BY 1, 2),
	kept AS MATERIALIZED (
		SELECT l.* FROM line l WHERE l.quantity <> 0 OR l.amount <> 0),
	charge AS MATERIALIZED (
		SELECT k.charge, row_number() OVER (ORDER BY min(k.place)) - 1 AS n FROM kept k WHERE k.charge IS NOT NULL GROUP BY k.charge)
	SELECT CAST(jsonb_strip_nulls(jsonb_build_object(
			'currency', (SELECT min(s.j ->> 'currency') FROM said s), 'from', _charges_difference.from_on, 'until', _charges_difference.until_on,
			'tariff', (SELECT CASE WHEN min(s.j ->> 'tariff') = max(s.j ->> 'tariff') THEN min(s.j ->> 'tariff') END FROM said s WHERE s.sign = 1),
			'market', (SELECT CASE WHEN min(s.j ->> 'market') = max(s.j ->> 'market') THEN min(s.j ->> 'market') END FROM said s WHERE s.sign = 1),
			'estimated', (SELECT nullif(bool_or(coalesce((s.j ->> 'estimated')::boolean, false)), false) FROM said s WHERE s.sign = 1),
			'charges', (SELECT jsonb_agg(c.charge ORDER BY c.n) FROM charge c),
			'periods', (SELECT jsonb_agg(DISTINCT k.line ->> 'period') FILTER (WHERE k.line ? 'period') FROM kept k),
			'components', (SELECT jsonb_agg(o.value) FROM (
								SELECT DISTINCT ON (e.value ->> 'name') e.value FROM said s CROSS JOIN LATERAL jsonb_array_elements(s.j -> 'components') e(value)
								 WHERE EXISTS (SELECT FROM kept k WHERE k.line ->> 'component' = e.value ->> 'name') ORDER BY e.value ->> 'name', s.sign DESC) o),
			'lines', (SELECT coalesce(jsonb_agg(k.line || jsonb_strip_nulls(jsonb_build_object('charge', c.n, 'quantity', k.quantity::text, 'amount', k.amount::text,
										'estimated', nullif(k.estimated, false))) ORDER BY k.place, k.line), '[]')
						FROM kept k LEFT JOIN charge c ON c.charge = k.charge),
			'carry', billing.jsonb(_charges_difference.carry)))::text AS billing.charges));
END $$;
COMMENT ON FUNCTION billing._charges_difference(billing.charges[], billing.charges[], date, date, billing.carry) IS
'what the lines come to now less what they came to before, line by line, with this closing carry';

CREATE FUNCTION billing._billed_by(bill billing.bill)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- told by the digest that the bill has of it, since an account may be billed by something else now
	IF EXISTS (SELECT FROM billing.formed_usage u WHERE u.account_id = bill.account_id AND u.from_on = bill.from_on AND u.digest = bill.usage_digest) THEN
		RETURN 'formed';
	ELSIF EXISTS (SELECT FROM billing.register_reading r WHERE r.account_id = bill.account_id)
		AND EXISTS (SELECT FROM billing._register_usage(bill.account_id, bill.from_on, bill.until_on, bill.seq) q WHERE q.digest = bill.usage_digest) THEN
		RETURN 'register';
	END IF;
	RETURN 'reading';
END $$;
COMMENT ON FUNCTION billing._billed_by(billing.bill) IS 'what a bill was made of: reading, register or formed';

CREATE FUNCTION billing._usage_now(bill billing.bill, from_on date, until_on date, OUT usage billing.usage, OUT digest bytea)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source	text := billing._billed_by(bill);
	said	record;
BEGIN
	IF source = 'reading' THEN
		usage := coalesce(billing._usage_of(bill.account_id, daterange(_usage_now.from_on, _usage_now.until_on)), billing.usage());
		digest := billing._usage_digest_at(bill.account_id, _usage_now.from_on, _usage_now.until_on, 9223372036854775807);
		RETURN;
	ELSIF source = 'register' THEN
		SELECT q.* INTO said FROM billing._stored_usage(bill.account_id, source, _usage_now.from_on, _usage_now.until_on) q;
	ELSE
		-- what was formed last, also where it came late
		SELECT u.usage, u.digest, u.sqlstate, u.message, u.detail, u.hint INTO said FROM billing.formed_usage u
		 WHERE u.account_id = bill.account_id AND u.from_on = _usage_now.from_on AND u.until_on = _usage_now.until_on AND u.state IN ('current', 'late')
		 ORDER BY u.revision DESC LIMIT 1;
		IF NOT FOUND THEN
			RAISE EXCEPTION 'the usage of these days is not formed' USING ERRCODE = 'UB123', HINT = 'form_usage(…, back_to => …) forms it anew.';
		END IF;
	END IF;
	IF said.sqlstate IS NOT NULL THEN
		RAISE EXCEPTION '%', said.message USING ERRCODE = said.sqlstate, DETAIL = coalesce(said.detail, ''), HINT = coalesce(said.hint, '');
	END IF;
	usage := said.usage;
	digest := said.digest;
END $$;
COMMENT ON FUNCTION billing._usage_now(billing.bill, date, date) IS 'what is known now of days that a bill was made of, and its digest';

CREATE FUNCTION billing._pieces_now(bill billing.bill, as_published boolean)
RETURNS TABLE (from_on date, until_on date, tariff billing.tariff, terms jsonb, market billing.market, usage billing.usage, digest bytea)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	piece	record;
BEGIN
	until_on := bill.from_on;
	WHILE until_on < bill.until_on LOOP
		from_on := until_on;
		SELECT p.* INTO piece FROM billing._piece_of(bill.account_id, from_on, bill.until_on) p;
		IF piece.tariff IS NULL THEN
			RAISE EXCEPTION 'the account has no price plan on the first day' USING ERRCODE = 'UB305', HINT = 'correct_plan() gives it one.';
		END IF;
		until_on := piece.ends_on;
		tariff := piece.tariff;
		terms := piece.terms;
		SELECT u.usage, u.digest INTO usage, digest FROM billing._usage_now(bill, from_on, until_on) u;
		market := piece.market;
		IF market IS NULL AND piece.asked IS NOT NULL THEN
			-- what was published since changes a bill only where that is asked for
			IF NOT as_published AND billing.digest(tariff) = billing.tariff_digest(bill.charges) THEN
				market := billing.bill_market((SELECT a.account_no FROM billing.account a WHERE a.account_id = bill.account_id), bill.from_on, bill.revision);
			END IF;
			market := coalesce(market, billing._market(tariff, piece.asked, piece.calendar_id, from_on, until_on));
		END IF;
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._pieces_now(billing.bill, boolean) IS
'what the days of a bill are rated from by what is known now, several pieces where plan or terms change within; with the market that the bill was made of, unless as_published';

CREATE FUNCTION billing._rate_again(bill billing.bill, carry billing.carry, as_published boolean)
RETURNS SETOF billing.bill
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	again	billing.bill := bill;
	piece	record;
BEGIN
	again.kind := 'normal';
	again.revision := NULL;
	again.run_id := NULL;
	FOR piece IN SELECT p.* FROM billing._pieces_now(bill, as_published) p LOOP
		again.from_on := piece.from_on;
		again.until_on := piece.until_on;
		again.charges := billing.rate(piece.tariff, piece.usage, daterange(piece.from_on, piece.until_on), piece.terms, piece.market, carry);
		again.total := billing.total(again.charges);
		again.usage_digest := piece.digest;
		carry := billing.carry(again.charges);
		RETURN NEXT again;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._rate_again(billing.bill, billing.carry, boolean) IS 'the bills that the days of a bill come to by what is known now, see _pieces_now()';

CREATE FUNCTION billing._bills_of(account_id bigint, from_on date, until_on date)
RETURNS SETOF billing.bill
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT b.* FROM billing.bill b
	 WHERE b.account_id = _bills_of.account_id AND b.from_on = _bills_of.from_on AND b.until_on = _bills_of.until_on AND b.kind IN ('normal', 'correction')
	   AND NOT EXISTS (SELECT FROM billing.bill r WHERE r.account_id = b.account_id AND r.from_on = b.from_on AND r.reverses_seq = b.seq) ORDER BY b.seq;
END $$;
COMMENT ON FUNCTION billing._bills_of(bigint, date, date) IS 'what stands of a period: its bill, and the corrections of it';

/*
 * Re-folds an account from the first bill that has a day on or after first_on:
 * each is rated with the carry that the one before leaves now, so that tier
 * years, ratchets and banks of later months follow from what an early one has
 * become.  What comes out the same, money and carry, stays as it is.
 */
CREATE FUNCTION billing._correct_account(account_id bigint, first_on date, policy text, as_published boolean, reason text, OUT corrected integer, OUT amount numeric)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bill		billing.bill;
	each		billing.bill;
	booked		billing.bill[];
	pieces		billing.bill[];
	carry		billing.carry;
	difference	billing.charges;
	-- of rebilling: what goes, and what takes its place, in the order of days
	gone		billing.bill[] := '{}';
	made		billing.bill[] := '{}';
	first		boolean := true;
BEGIN
	corrected := 0;
	amount := 0;
	FOR bill IN SELECT b.* FROM billing.bill b
				 WHERE b.account_id = _correct_account.account_id AND b.until_on > _correct_account.first_on AND b.kind = 'normal'
				   AND NOT EXISTS (SELECT FROM billing.bill r WHERE r.account_id = b.account_id AND r.from_on = b.from_on AND r.reverses_seq = b.seq)
				 ORDER BY b.from_on LOOP
		IF first THEN
			carry := billing._carry_at(bill.account_id, bill.from_on);
			first := false;
		END IF;
		booked := ARRAY(SELECT b FROM billing._bills_of(bill.account_id, bill.from_on, bill.until_on) b ORDER BY b.seq);
		pieces := ARRAY(SELECT b FROM billing._rate_again(bill, carry, _correct_account.as_published) b ORDER BY b.from_on);
		carry := billing.carry(pieces[cardinality(pieces)].charges);
		CONTINUE WHEN cardinality(pieces) = 1 AND cardinality(booked) = 1 AND pieces[1].charges OPERATOR(billing.=) booked[1].charges;
		difference := billing._charges_difference(ARRAY(SELECT p.charges FROM unnest(pieces) p), ARRAY(SELECT b.charges FROM unnest(booked) b), bill.from_on, bill.until_on, carry);
		CONTINUE WHEN NOT EXISTS (SELECT FROM billing.lines(difference))
			AND carry::text IS NOT DISTINCT FROM billing.carry(booked[cardinality(booked)].charges)::text
			AND (billing.jsonb(difference) ->> 'estimated') IS NOT DISTINCT FROM (billing.jsonb(booked[cardinality(booked)].charges) ->> 'estimated');
		corrected := corrected + 1;
		amount := amount + billing.total(difference);
		IF _correct_account.policy = 'rebill' THEN
			gone := gone || booked;
			made := made || pieces;
			CONTINUE;
		END IF;
		bill.usage_digest := CASE WHEN cardinality(pieces) = 1 THEN pieces[1].usage_digest ELSE (billing._usage_now(bill, bill.from_on, bill.until_on)).digest END;
		bill.kind := 'correction';
		bill.revision := NULL;
		bill.run_id := NULL;
		bill.total := billing.total(difference);
		bill.reason := _correct_account.reason;
		bill.charges := difference;
		PERFORM billing._issue_bill(bill);
	END LOOP;
	-- the last first, as each rests on those before
	FOR each IN SELECT g.* FROM unnest(gone) g ORDER BY g.seq DESC LOOP
		PERFORM billing._reverse_bill(each, _correct_account.reason);
	END LOOP;
	FOR each IN SELECT m.* FROM unnest(made) m ORDER BY m.from_on LOOP
		each.reason := _correct_account.reason;
		PERFORM billing._issue_bill(each);
	END LOOP;
	IF corrected > 0 THEN
		UPDATE billing.account_head h SET carry = billing._carry_at(h.account_id, h.billed_to) WHERE h.account_id = _correct_account.account_id;
	END IF;
END $$;
COMMENT ON FUNCTION billing._correct_account(bigint, date, text, boolean, text) IS
'rates an account, whose head is locked, again from a day on, and issues what comes out otherwise: by delta a correction for each period, by rebill reversals and the bills anew; '
'returns how many periods, and how much';

-- ---- what is laid down ----

CREATE FUNCTION billing.set_late_policy(org_no text, policy text, plan_code text DEFAULT NULL, months_back integer DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes the policy of an org, for who may approve bills there.
DECLARE
	at_org	bigint := billing._org_of(set_late_policy.org_no, 'approve', 'bill');
	plan	bigint;
BEGIN
	IF set_late_policy.policy IS NULL OR set_late_policy.policy NOT IN ('refuse', 'delta', 'rebill') THEN
		RAISE EXCEPTION 'a policy is refuse, delta or rebill' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF set_late_policy.plan_code IS NOT NULL THEN
		SELECT p.plan_id INTO plan FROM billing.plan p WHERE p.plan_code = set_late_policy.plan_code;
		IF NOT FOUND THEN
			PERFORM billing._not_found(format('plan %s', set_late_policy.plan_code));
		END IF;
	END IF;
	INSERT INTO billing.late_policy AS l (org_id, plan_id, policy, months_back)
	VALUES (at_org, plan, set_late_policy.policy, set_late_policy.months_back)
	    ON CONFLICT ON CONSTRAINT late_policy_class_key DO UPDATE SET policy = excluded.policy, months_back = excluded.months_back, set_by = excluded.set_by, set_at = excluded.set_at;
	PERFORM billing._audit(at_org, 'set_late_policy', format('org %s', set_late_policy.org_no),
		jsonb_strip_nulls(jsonb_build_object('policy', set_late_policy.policy, 'plan_code', set_late_policy.plan_code, 'months_back', set_late_policy.months_back)));
END $$;
COMMENT ON FUNCTION billing.set_late_policy(text, text, text, integer) IS
'what is done, at an org and all below it, with what changes after it was billed, for accounts of a plan or all others: refuse (left to a person), delta (a correction for each period), '
'rebill (reversed and made anew); months_back: what is older than so many months before the last bill is left to a person; needs approve on bill';

CREATE FUNCTION billing._late_policy(account_id bigint, from_on date, OUT policy text, OUT until_on date)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	SELECT coalesce(l.policy, 'delta'), (h.billed_to - make_interval(months => l.months_back))::date INTO policy, until_on
	  FROM billing.account_head h
	  LEFT JOIN LATERAL (
		SELECT y.policy, y.months_back
		  FROM (SELECT billing._orgs_over(h.org_id) AS orgs) o
		  JOIN billing.late_policy y ON y.org_id = ANY (o.orgs)
		 WHERE y.plan_id IS NULL OR y.plan_id = (SELECT p.plan_id FROM billing.account_plan p
												  WHERE p.account_id = _late_policy.account_id AND p.from_on <= _late_policy.from_on ORDER BY p.from_on DESC LIMIT 1)
		 ORDER BY array_position(o.orgs, y.org_id), y.plan_id IS NULL LIMIT 1) l ON true
	 WHERE h.account_id = _late_policy.account_id;
END $$;
COMMENT ON FUNCTION billing._late_policy(bigint, date) IS 'what is done with a change of an account of this day; what is before until_on is left to a person';

-- ---- what there is, and settling it ----

CREATE FUNCTION billing._late_work(account_id bigint)
RETURNS TABLE (late_id bigint, change_id bigint, cause text, from_on date, until_on date, reason text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 2
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT l.late_id, NULL::bigint, 'reading'::text, l.from_on, l.until_on, ''::text FROM billing.late_reading l WHERE l.account_id = _late_work.account_id AND l.state = 'open'
	UNION ALL
	SELECT NULL::bigint, c.change_id, c.cause, c.from_on, c.until_on, c.reason FROM billing.late_change c WHERE c.account_id = _late_work.account_id AND c.state = 'open';
END $$;
COMMENT ON FUNCTION billing._late_work(bigint) IS 'what of an account has changed after it was billed, and is open';

CREATE FUNCTION billing._close_late(account_id bigint, late_ids bigint[], change_ids bigint[], state text, seq bigint, note text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	UPDATE billing.late_reading l SET state = _close_late.state, settled_seq = _close_late.seq, note = _close_late.note,
		   decided_at = CASE WHEN _close_late.state <> 'open' THEN now() END, decided_by = CASE WHEN _close_late.state <> 'open' THEN billing.actor() END
	 WHERE l.account_id = _close_late.account_id AND l.late_id = ANY (_close_late.late_ids);
	UPDATE billing.late_change c SET state = _close_late.state, settled_seq = _close_late.seq, note = _close_late.note,
		   decided_at = CASE WHEN _close_late.state <> 'open' THEN now() END, decided_by = CASE WHEN _close_late.state <> 'open' THEN billing.actor() END
	 WHERE c.account_id = _close_late.account_id AND c.change_id = ANY (_close_late.change_ids);
END;
COMMENT ON FUNCTION billing._close_late(bigint, bigint[], bigint[], text, bigint, text) IS 'writes down what has become of late work';

CREATE FUNCTION billing._settle_account(account_id bigint, policy text DEFAULT NULL, OUT corrected integer, OUT amount numeric, OUT left_open integer)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- The caller has locked the head.  policy: what a person has decided, else what is laid down.
DECLARE
	head	record;
	work	record;
BEGIN
	SELECT h.org_id, h.billed_to INTO head FROM billing.account_head h WHERE h.account_id = _settle_account.account_id;
	-- what policy leaves to a person
	SELECT coalesce(array_agg(w.late_id) FILTER (WHERE w.late_id IS NOT NULL), '{}') AS lates, coalesce(array_agg(w.change_id) FILTER (WHERE w.change_id IS NOT NULL), '{}') AS changes,
		   count(*) AS n INTO work
	  FROM billing._late_work(_settle_account.account_id) w CROSS JOIN LATERAL billing._late_policy(_settle_account.account_id, w.from_on) p
	 WHERE _settle_account.policy IS NULL AND w.cause <> 'request' AND (p.policy = 'refuse' OR w.from_on < p.until_on);
	left_open := work.n;
	IF work.n > 0 THEN
		PERFORM billing._close_late(_settle_account.account_id, work.lates, work.changes, 'left', NULL, 'left to a person by policy');
	END IF;
	-- and the rest in one go
	SELECT coalesce(array_agg(w.late_id) FILTER (WHERE w.late_id IS NOT NULL), '{}') AS lates, coalesce(array_agg(w.change_id) FILTER (WHERE w.change_id IS NOT NULL), '{}') AS changes,
		   count(*) AS n, min(w.from_on) AS first_on, bool_or(w.cause IN ('price', 'request')) AS as_published,
		   string_agg(DISTINCT CASE WHEN w.reason <> '' THEN w.reason ELSE CASE w.cause WHEN 'reading' THEN 'readings of billed days have changed'
				WHEN 'register' THEN 'a register of billed days was read otherwise' ELSE 'the usage of billed days was formed anew' END END, '; ') AS reason INTO work
	  FROM billing._late_work(_settle_account.account_id) w;
	IF work.n = 0 THEN
		corrected := 0;
		amount := 0;
		RETURN;
	END IF;
	SELECT c.corrected, c.amount INTO corrected, amount
	  FROM billing._correct_account(_settle_account.account_id, work.first_on,
			coalesce(_settle_account.policy, (billing._late_policy(_settle_account.account_id, work.first_on)).policy, 'delta'), work.as_published, work.reason) c;
	PERFORM billing._close_late(_settle_account.account_id, work.lates, work.changes, 'settled', h.seq,
			CASE WHEN corrected = 0 THEN 'the bills say the same' END)
	   FROM billing.account_head h WHERE h.account_id = _settle_account.account_id;
	PERFORM billing._audit(head.org_id, 'settle_late', format('account %s', (SELECT a.account_no FROM billing.account a WHERE a.account_id = _settle_account.account_id)),
		jsonb_build_object('from_on', work.first_on, 'changes', work.n, 'periods', corrected, 'amount', amount, 'reason', work.reason));
END $$;
COMMENT ON FUNCTION billing._settle_account(bigint, text) IS
'does with what has changed of an account, whose head is locked, what policy says; returns how many periods it corrected, by how much, and how much it left to a person';

CREATE FUNCTION billing._settle_chunk(org_no text, after bigint, chunk_size integer, OUT last bigint, OUT corrected bigint, OUT left_open bigint, OUT failed bigint)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- many small queries
SET jit = off
AS $$
#variable_conflict use_column
-- Definer: corrections are bills, which nobody else writes, for who may run bills there.
DECLARE
	at_org	bigint := billing._org_of(_settle_chunk.org_no, 'run', 'bill');
	chunk	bigint[];
	account	bigint;
	done	record;
	said	text;
BEGIN
	corrected := 0;
	left_open := 0;
	failed := 0;
	SELECT array_agg(q.account_id ORDER BY q.account_id) INTO chunk
	  FROM (SELECT w.account_id FROM (
				SELECT l.account_id FROM billing.late_reading l WHERE l.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND l.account_id > _settle_chunk.after AND l.state = 'open'
				UNION
				SELECT c.account_id FROM billing.late_change c WHERE c.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND c.account_id > _settle_chunk.after AND c.state = 'open') w
			 ORDER BY w.account_id LIMIT _settle_chunk.chunk_size) q;
	last := chunk[cardinality(chunk)];
	IF last IS NULL THEN
		RETURN;
	END IF;
	PERFORM billing._lock_heads(chunk);
	FOREACH account IN ARRAY chunk LOOP
		BEGIN
			SELECT s.* INTO done FROM billing._settle_account(account) s;
			corrected := corrected + done.corrected;
			left_open := left_open + done.left_open;
		EXCEPTION
			-- these are of the session, not of the account
			WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
				RAISE;
			WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS said = MESSAGE_TEXT;
				said := format('%s: %s', SQLSTATE, said);
				failed := failed + 1;
				PERFORM billing._close_late(account, array_agg(w.late_id), array_agg(w.change_id), 'open', NULL, said) FROM billing._late_work(account) w;
		END;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._settle_chunk(text, bigint, integer) IS 'settles what has changed of the next accounts of an org and all below it; last is null after the last';

CREATE PROCEDURE billing.settle_late(org_no text, chunk_size integer DEFAULT 200, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	after		bigint := 0;
	done		record;
	corrected	bigint := 0;
	left_open	bigint := 0;
	failed		bigint := 0;
BEGIN
	PERFORM billing._given('settle_late', org_no, chunk_size);
	IF billing._in_transaction_block() THEN
		RAISE EXCEPTION 'settling commits as it goes, and cannot run inside a transaction'
			USING ERRCODE = 'active_sql_transaction', HINT = 'CALL billing.settle_late(...) outside BEGIN and COMMIT, and not from a function.';
	END IF;
	LOOP
		SELECT c.* INTO done FROM billing._settle_chunk(org_no, after, chunk_size) c;
		COMMIT;
		EXIT WHEN done.last IS NULL;
		after := done.last;
		corrected := corrected + done.corrected;
		left_open := left_open + done.left_open;
		failed := failed + done.failed;
	END LOOP;
	result := format('%s periods corrected, %s changes left to a person, %s accounts failed.', corrected, left_open, failed);
END $$;
COMMENT ON PROCEDURE billing.settle_late(text, integer, text) IS
'does with what has changed of billed days, at an org and all below it, what set_late_policy() has laid down, in chunks of accounts that commit; what fails stays open with its reason; '
'stopped or called again, it goes on with what is open';

CREATE FUNCTION billing.settle_account(account_no text, policy text, reason text DEFAULT NULL)
RETURNS numeric
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
-- Definer: as settle_late(), by the decision of who may approve bills there.
DECLARE
	account	bigint := billing._correcting_account('settle_account', settle_account.account_no, settle_account.policy);
	done	record;
BEGIN
	IF settle_account.policy IS NULL OR settle_account.policy NOT IN ('refuse', 'delta', 'rebill') THEN
		RAISE EXCEPTION 'a policy is refuse, delta or rebill' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM billing._lock_heads(ARRAY[account]);
	IF settle_account.policy = 'refuse' THEN
		PERFORM billing._close_late(account, array_agg(w.late_id), array_agg(w.change_id), 'left', NULL, coalesce(settle_account.reason, 'left')) FROM billing._late_work(account) w;
		RETURN 0;
	END IF;
	PERFORM billing._take_correction('settle_account', account, settle_account.account_no, settle_account.policy, settle_account.reason);
	-- also what was left before
	UPDATE billing.late_reading l SET state = 'open', decided_at = NULL, decided_by = NULL WHERE l.account_id = account AND l.state = 'left';
	UPDATE billing.late_change c SET state = 'open', decided_at = NULL, decided_by = NULL WHERE c.account_id = account AND c.state = 'left';
	SELECT s.* INTO done FROM billing._settle_account(account, settle_account.policy) s;
	RETURN done.amount;
END $$;
COMMENT ON FUNCTION billing.settle_account(text, text, text) IS
'settles what has changed of one account, also what was left, as a person decides: delta, rebill, or refuse to leave it for good; needs approve on bill, and a second person where the rules say so (request_bill_correction()); returns by how much its bills change';

-- ---- what else changes ----

CREATE FUNCTION billing.correct_plan(account_no text, plan_code text, from_on date, terms jsonb, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: another plan or other terms for days that are billed, for who may approve the account.
DECLARE
	account	bigint := billing._account_of(correct_plan.account_no, 'approve', 'account');
	head	record;
	plan	bigint;
BEGIN
	PERFORM billing._given('correct_plan', account_no, plan_code, from_on, terms, reason);
	SELECT h.org_id, h.billed_to, a.opened_on INTO head FROM billing.account_head h JOIN billing.account a ON a.account_id = h.account_id
	 WHERE h.account_id = account FOR NO KEY UPDATE OF h;
	SELECT p.plan_id INTO plan FROM billing.plan p WHERE p.plan_code = correct_plan.plan_code;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('plan %s', correct_plan.plan_code));
	END IF;
	IF NOT isfinite(correct_plan.from_on) OR correct_plan.from_on < head.opened_on OR correct_plan.from_on >= head.billed_to THEN
		RAISE EXCEPTION 'this day of account % is not billed', correct_plan.account_no
			USING ERRCODE = 'UB311', DETAIL = format('It is billed from %s to %s.', to_char(head.opened_on, 'YYYY-MM-DD'), to_char(head.billed_to, 'YYYY-MM-DD')), HINT = 'set_plan() is for days that are not billed yet.';
	END IF;
	PERFORM billing._take_correction('correct_plan', account, correct_plan.account_no, billing._plan_correction(correct_plan.from_on, correct_plan.plan_code, correct_plan.terms), correct_plan.reason);
	INSERT INTO billing.account_plan AS p (account_id, from_on, org_id, plan_id, terms, reason)
	VALUES (account, correct_plan.from_on, head.org_id, plan, correct_plan.terms, correct_plan.reason)
	    ON CONFLICT ON CONSTRAINT account_plan_pkey DO UPDATE SET plan_id = excluded.plan_id, terms = excluded.terms, reason = excluded.reason;
	INSERT INTO billing.late_change (account_id, org_id, cause, from_on, until_on, reason)
	VALUES (account, head.org_id, 'plan', correct_plan.from_on, head.billed_to, correct_plan.reason);
	PERFORM billing._audit(head.org_id, 'correct_plan', format('account %s', correct_plan.account_no),
		jsonb_build_object('plan_code', correct_plan.plan_code, 'from_on', correct_plan.from_on, 'terms', correct_plan.terms, 'reason', correct_plan.reason));
END $$;
COMMENT ON FUNCTION billing.correct_plan(text, text, date, jsonb, text) IS
'another plan, or other terms, from a day on that is billed already, until the account''s next plan, for a reason; settle_late() corrects the bills; needs approve on account, and a second person where the rules say so (request_bill_correction())';

CREATE FUNCTION billing.correct_register(account_no text, read_on date, register text, value numeric, reason text, part text DEFAULT 'main')
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: another value for a reading that bills rest on, once another has approved just that, for who may write readings there.
DECLARE
	account	bigint := billing._account_of(correct_register.account_no, 'write', 'reading');
	head	record;
	was		billing.register_reading;
	beside	record;
	asked	jsonb;
	subject	text := format('register %s of account %s on %s', correct_register.register, correct_register.account_no, to_char(correct_register.read_on, 'YYYY-MM-DD'));
	change	numeric;
	approver text;
BEGIN
	SELECT h.org_id, h.billed_to, h.seq INTO head FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	SELECT r.* INTO was FROM billing.register_reading r
	 WHERE r.account_id = account AND r.read_on = correct_register.read_on AND r.part = correct_register.part AND r.register = correct_register.register AND r.state = 'valid' AND r.place = 0;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('a reading of %s', subject));
	END IF;
	IF correct_register.read_on > head.billed_to THEN
		RAISE EXCEPTION 'no bill rests on this reading' USING ERRCODE = 'UB311', DETAIL = format('The account is billed up to %s.', to_char(head.billed_to, 'YYYY-MM-DD')), HINT = 'record_register() enters it again.';
	END IF;
	IF coalesce(correct_register.reason, '') = '' THEN
		RAISE EXCEPTION 'a correction has a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- a register does not fall back: it stays between its neighbours
	SELECT (SELECT r.value FROM billing.register_reading r WHERE r.account_id = account AND r.part = was.part AND r.register = was.register AND r.state = 'valid' AND r.place < 3
			   AND r.read_on < was.read_on ORDER BY r.read_on DESC, r.place DESC LIMIT 1) AS before,
		   (SELECT CASE WHEN r.place < 2 THEN r.value END FROM billing.register_reading r WHERE r.account_id = account AND r.part = was.part AND r.register = was.register AND r.state = 'valid' AND r.place < 3
			   AND (r.read_on, r.place) > (was.read_on, was.place) ORDER BY r.read_on, r.place LIMIT 1) AS after INTO beside;
	IF (correct_register.value >= 0 AND correct_register.value < 1e12) IS NOT TRUE OR (correct_register.value < beside.before AND was.value >= beside.before)
			OR (correct_register.value > beside.after AND was.value <= beside.after) THEN
		RAISE EXCEPTION 'the register cannot show %', correct_register.value
			USING ERRCODE = 'UB121', DETAIL = format('It showed %s before, and %s after.', coalesce(trim_scale(beside.before)::text, 'nothing'), coalesce(trim_scale(beside.after)::text, 'nothing')), HINT = 'Read it again.';
	END IF;
	change := (correct_register.value - was.value) * coalesce(was.multiplier, 1);
	IF change = 0 THEN
		RETURN 'unchanged';
	END IF;
	asked := jsonb_build_object('account_id', account, 'entry_no', was.entry_no, 'value', correct_register.value::text, 'reason', correct_register.reason);
	BEGIN
		SELECT a.decided_by INTO approver FROM billing._take_approval('large_reading', head.org_id, subject, asked, round(change, 2)) t LEFT JOIN billing.approval a ON a.approval_id = t;
	EXCEPTION
		WHEN SQLSTATE 'UB603' THEN
			PERFORM billing._ask_approval('large_reading', head.org_id, subject, asked, round(change, 2));
			RETURN 'asked';
	END;
	UPDATE billing.register_reading r SET state = 'superseded', superseded_after = head.seq
	 WHERE r.account_id = account AND r.read_on = was.read_on AND r.part = was.part AND r.register = was.register AND r.entry_no = was.entry_no;
	INSERT INTO billing.register_reading (account_id, part, register, read_on, kind, org_id, value, digits, multiplier, state, source, finding, approved_by, decided_at, reason, valid_after)
	VALUES (account, was.part, was.register, was.read_on, was.kind, was.org_id, correct_register.value, was.digits, was.multiplier, 'valid', 'correction', 'changed', approver,
			CASE WHEN approver IS NOT NULL THEN now() END, correct_register.reason, head.seq);
	INSERT INTO billing.late_change (account_id, org_id, cause, from_on, until_on, reason)
	VALUES (account, head.org_id, 'register', was.read_on - 1, was.read_on, correct_register.reason);
	PERFORM billing._audit(head.org_id, 'correct_register', format('account %s', correct_register.account_no),
		jsonb_build_object('register', was.register, 'read_on', was.read_on, 'before', was.value, 'value', correct_register.value, 'reason', correct_register.reason));
	RETURN 'corrected';
END $$;
COMMENT ON FUNCTION billing.correct_register(text, date, text, numeric, text, text) IS
'another value for a reading of a register that bills rest on: asks for the approval of a second person (asked), and the same call again, once that is given, corrects it (corrected); '
'settle_late() then moves the usage between the bills on both sides; needs write on reading';

CREATE FUNCTION billing.request_correction(account_no text, from_on date, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: lists work for settle_late(), for who may write bills there.
DECLARE
	account	bigint := billing._account_of(request_correction.account_no, 'write', 'bill');
	head	record;
BEGIN
	PERFORM billing._given('request_correction', account_no, from_on, reason);
	SELECT h.org_id, h.billed_to INTO head FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	IF NOT isfinite(request_correction.from_on) OR request_correction.from_on >= head.billed_to THEN
		RAISE EXCEPTION 'this day of account % is not billed', request_correction.account_no
			USING ERRCODE = 'UB311', DETAIL = format('It is billed up to %s.', to_char(head.billed_to, 'YYYY-MM-DD')), HINT = 'The next run bills it by what is known then.';
	END IF;
	PERFORM billing._take_correction('request_correction', account, request_correction.account_no, to_char(request_correction.from_on, 'YYYY-MM-DD'), request_correction.reason);
	INSERT INTO billing.late_change (account_id, org_id, cause, from_on, until_on, reason)
	VALUES (account, head.org_id, 'request', request_correction.from_on, head.billed_to, request_correction.reason);
	PERFORM billing._audit(head.org_id, 'request_correction', format('account %s', request_correction.account_no),
		jsonb_build_object('from_on', request_correction.from_on, 'reason', request_correction.reason));
END $$;
COMMENT ON FUNCTION billing.request_correction(text, date, text) IS
'asks that an account be rated again from a billed day on, by prices and calendars as they are published now, for a reason; settle_late() does it; needs write on bill, and a second person where the rules say so (request_bill_correction())';

CREATE FUNCTION billing.correct_outdated(org_no text, back_to date, reason text)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: lists work for settle_late(), for who may approve bills there.
DECLARE
	at_org	bigint := billing._org_of(correct_outdated.org_no, 'approve', 'bill');
	listed	integer;
BEGIN
	PERFORM billing._given('correct_outdated', org_no, back_to, reason);
	INSERT INTO billing.late_change (account_id, org_id, cause, from_on, until_on, reason)
	SELECT a.account_id, a.org_id, 'price', min(o.from_on), max(o.until_on), correct_outdated.reason
	  FROM billing.outdated_bills(correct_outdated.org_no, correct_outdated.back_to) o JOIN billing.account a ON a.account_no = o.account_no
	 WHERE NOT EXISTS (SELECT FROM billing.late_change c WHERE c.account_id = a.account_id AND c.state = 'open' AND c.cause = 'price' AND c.from_on <= o.from_on)
	 GROUP BY a.account_id, a.org_id ORDER BY a.account_id;
	GET DIAGNOSTICS listed = ROW_COUNT;
	PERFORM billing._audit(at_org, 'correct_outdated', format('org %s', correct_outdated.org_no),
		jsonb_build_object('back_to', correct_outdated.back_to, 'reason', correct_outdated.reason, 'accounts', listed));
	RETURN listed;
END $$;
COMMENT ON FUNCTION billing.correct_outdated(text, date, text) IS
'lists the accounts of outdated_bills() for settle_late(), which rates them again by the prices, calendars and versions of plans that are published now; needs approve on bill; returns how many';

CREATE FUNCTION billing._note_formed()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: late formed usage is listed for whoever settles it.
BEGIN
	INSERT INTO billing.late_change (account_id, org_id, cause, from_on, until_on)
	SELECT n.account_id, n.org_id, 'formed', n.from_on, n.until_on FROM new_rows n WHERE n.state = 'late' AND n.sqlstate IS NULL ORDER BY n.account_id;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._note_formed() IS 'trigger: usage that was formed anew after it was billed is late work';

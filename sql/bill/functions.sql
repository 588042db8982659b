-- What a link is made of: one place for those who write and those who verify.
CREATE FUNCTION billing._bill_content(b billing.bill)
RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing._row_content('bill', b);
END;
COMMENT ON FUNCTION billing._bill_content(billing.bill) IS 'what the chain says of a bill: all but the org that may see it';

CREATE FUNCTION billing._transfer_content(t billing.transfer)
RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing._row_content('transfer', t);
END;
COMMENT ON FUNCTION billing._transfer_content(billing.transfer) IS 'what the chain says of a transfer: all but the org that may see it';

CREATE FUNCTION billing.post_payment(account_no text, amount numeric, key text, value_on date DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: one transfer and the head, for who may write money there.
DECLARE
	account	bigint := billing._account_of(post_payment.account_no, 'write', 'money');
	head	record;
	row		billing.transfer;
BEGIN
	IF NOT coalesce(post_payment.amount > 0 AND post_payment.amount = round(post_payment.amount, 2) AND post_payment.amount < 1e15, false) THEN
		RAISE EXCEPTION 'a payment is a positive amount in whole cents'
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It is %s.', coalesce(post_payment.amount::text, 'not given')),
				  HINT = 'Round it as it was received; what goes back to the customer is no payment.';
	END IF;
	IF post_payment.key IS NULL OR NOT isfinite(post_payment.value_on) THEN
		RAISE EXCEPTION 'a payment has a key, and a value date that is a day'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'The key tells it from every other payment of the account; without a value date, leave value_on out.';
	END IF;
	SELECT h.account_id, h.org_id, h.seq, h.link INTO head FROM billing.account_head h
	 WHERE h.account_id = account FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', post_payment.account_no));
	END IF;
	SELECT t.* INTO row FROM billing.transfer t WHERE t.account_id = head.account_id AND t.key = post_payment.key;
	IF FOUND THEN
		IF row.amount <> post_payment.amount OR row.debit <> 'cash' OR row.value_on <> post_payment.value_on THEN
			RAISE EXCEPTION 'key "%" has posted something else', post_payment.key
				USING ERRCODE = 'UB302', DETAIL = format('It posted %s%s.', row.amount, ' of ' || to_char(row.value_on, 'YYYY-MM-DD')), HINT = 'A new payment has a new key; a repeated one is the same.';
		END IF;
		RETURN row.seq;
	END IF;
	row := NULL;
	row.account_id := head.account_id;
	row.seq := head.seq + 1;
	row.org_id := head.org_id;
	row.issued_org_id := head.org_id;
	row.debit := 'cash';
	row.credit := 'receivable';
	row.amount := post_payment.amount;
	row.posted_at := now();
	row.posted_by := billing.actor();
	row.key := post_payment.key;
	row.value_on := post_payment.value_on;
	row.link := sha256(head.link || billing._transfer_content(row));
	INSERT INTO billing.transfer SELECT row.*;
	UPDATE billing.account_head h SET seq = row.seq, link = row.link, balance = h.balance - row.amount WHERE h.account_id = head.account_id;
	PERFORM billing._withdraw_paid(ARRAY[head.org_id], head.account_id);
	RETURN row.seq;
END $$;
COMMENT ON FUNCTION billing.post_payment(text, numeric, text, date) IS
'a customer has paid: cash from receivable; key says which payment, so that a call may be repeated; value_on is the day as of which the money is there, where the bank '
'or the counter says it; returns the link''s number';

CREATE FUNCTION billing._bill_transfer(bill billing.bill)
RETURNS billing.transfer
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT (r.t).account_id, (r.t).seq, (r.t).org_id, (r.t).issued_org_id, (r.t).debit, (r.t).credit, (r.t).amount, (r.t).posted_at,
		(r.t).posted_by, (r.t).bill_seq, (r.t).key, sha256(bill.link || billing._transfer_content(r.t)), (r.t).value_on
	  FROM (SELECT ROW (bill.account_id, bill.seq + 1, bill.org_id, bill.issued_org_id,
						CASE WHEN bill.total > 0 THEN 'receivable' ELSE 'billed' END, CASE WHEN bill.total > 0 THEN 'billed' ELSE 'receivable' END,
						abs(bill.total), bill.issued_at, bill.issued_by, bill.seq, NULL::text, NULL::bytea, NULL::date)::billing.transfer AS t) r;
END;
COMMENT ON FUNCTION billing._bill_transfer(billing.bill) IS 'the transfer that a bill brings, linked behind it';

CREATE FUNCTION billing._is_reversed(bill billing.bill)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT EXISTS (SELECT FROM billing.bill r WHERE r.account_id = (bill).account_id AND r.from_on = (bill).from_on AND r.reverses_seq = (bill).seq);
END;
COMMENT ON FUNCTION billing._is_reversed(billing.bill) IS 'has this bill a reversal?';

CREATE FUNCTION billing._carry_at(account_id bigint, day date)
RETURNS billing.carry
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- of the last bill up to this day, as it was corrected since; or what came from an old system
	RETURN coalesce((SELECT billing.carry(b.charges) FROM billing.bill b
					  WHERE b.account_id = _carry_at.account_id AND b.until_on = _carry_at.day AND b.kind IN ('normal', 'correction')
						AND NOT EXISTS (SELECT FROM billing.bill r WHERE r.account_id = b.account_id AND r.from_on = b.from_on AND r.reverses_seq = b.seq)
					  ORDER BY b.seq DESC LIMIT 1),
		(SELECT i.carry FROM billing.cutover_item i WHERE i.account_id = _carry_at.account_id AND i.from_on = _carry_at.day AND i.state = 'posted'));
END $$;
COMMENT ON FUNCTION billing._carry_at(bigint, date) IS 'the carry with which the period of an account that begins on this day is rated';

CREATE FUNCTION billing._issue_bills(bills billing.bill[])
RETURNS TABLE (account_id bigint, seq bigint)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 100
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
-- Bills outside of a run, of whatever kind, of each account at most one: a link, the transfer it brings, the head.
DECLARE
	locked	integer;
	wrong	record;
	made	billing.bill[];
	entries	billing.transfer[];
BEGIN
	-- first of all: what a head says of the currency is so until the end
	PERFORM FROM billing.account_head h WHERE h.account_id IN (SELECT b.account_id FROM unnest(_issue_bills.bills) b) ORDER BY h.account_id FOR NO KEY UPDATE;
	GET DIAGNOSTICS locked = ROW_COUNT;
	IF locked <> cardinality(_issue_bills.bills) THEN
		RAISE EXCEPTION '% bills are of % accounts', cardinality(_issue_bills.bills), locked USING ERRCODE = 'internal_error';
	END IF;
	SELECT b.total, h.currency, b.total <> round(b.total, 2) AS is_fraction INTO wrong FROM unnest(_issue_bills.bills) b JOIN billing.account_head h ON h.account_id = b.account_id
	 WHERE b.total <> round(b.total, 2) OR billing.currency(b.charges) <> h.currency LIMIT 1;
	IF wrong.is_fraction THEN
		RAISE EXCEPTION 'the total is not in whole cents' USING ERRCODE = 'UB307', DETAIL = format('It is %s.', trim_scale(wrong.total)), HINT = 'Let the tariff round its lines or the total.';
	ELSIF FOUND THEN
		RAISE EXCEPTION 'the currency is not that of the bills before' USING ERRCODE = 'UB308', DETAIL = format('They are in %s.', wrong.currency);
	END IF;
	SELECT array_agg(ROW (b.account_id, b.from_on, b.revision, b.kind, b.until_on, b.org_id, b.issued_org_id, b.seq, b.run_id, b.reverses_seq, b.total, b.issued_at, b.issued_by, b.reason, b.usage_digest,
				sha256(b.head_link || billing._bill_content(b.bill)), b.charges)::billing.bill ORDER BY b.account_id) INTO made
	  FROM (SELECT (q.bill).*, q.bill, q.head_link
			  FROM (SELECT h.link AS head_link, ROW (b.account_id, b.from_on,
							-- 1 is the first of the run
							coalesce(b.revision, (SELECT max(o.revision) FROM billing.bill o WHERE o.account_id = b.account_id AND o.from_on = b.from_on) + 1, 2),
							b.kind, b.until_on, h.org_id, h.org_id, h.seq + 1, b.run_id, b.reverses_seq, b.total, now(), billing.actor(), b.reason, b.usage_digest, NULL, b.charges)::billing.bill AS bill
					  FROM unnest(_issue_bills.bills) b JOIN billing.account_head h ON h.account_id = b.account_id OFFSET 0) q OFFSET 0) b;
	INSERT INTO billing.bill SELECT m.* FROM unnest(made) m;
	entries := ARRAY(SELECT t FROM unnest(made) m CROSS JOIN LATERAL billing._bill_transfer(m) t WHERE m.total <> 0);
	INSERT INTO billing.transfer SELECT e.* FROM unnest(entries) e;
	UPDATE billing.account_head h SET seq = coalesce(e.seq, m.seq), link = coalesce(e.link, m.link), balance = h.balance + m.total, currency = billing.currency(m.charges)
	  FROM unnest(made) m LEFT JOIN unnest(entries) e ON e.account_id = m.account_id WHERE h.account_id = m.account_id;
	-- where anybody wants to be told at all
	PERFORM billing._tell_of_bills(m.org_id, m.account_id, m.account_id, NULL, m.seq) FROM unnest(made) m
	  WHERE EXISTS (SELECT FROM billing.notice_rule r WHERE r.kind = 'bill_ready' AND r.channel IS NOT NULL);
	RETURN QUERY SELECT m.account_id, m.seq FROM unnest(made) m;
END $$;
COMMENT ON FUNCTION billing._issue_bills(billing.bill[]) IS
'issues bills, of each account at most one, whose account, days, kind, total, reason and charges are given, with the next revision unless that is given too; the caller has checked who may; '
'returns the numbers of their links';

CREATE FUNCTION billing._issue_bill(bill billing.bill)
RETURNS bigint
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT i.seq FROM billing._issue_bills(ARRAY[_issue_bill.bill]) i;
END;
COMMENT ON FUNCTION billing._issue_bill(billing.bill) IS
'issues one bill, see _issue_bills(); returns the link''s number';

CREATE FUNCTION billing._reverse_bill(bill billing.bill, reason text)
RETURNS bigint
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT billing._issue_bill(ROW (b.account_id, b.from_on, b.revision, 'reversal', b.until_on, b.org_id, b.issued_org_id, NULL, NULL, b.seq, -b.total, NULL, NULL,
			_reverse_bill.reason, b.usage_digest, NULL, b.charges)::billing.bill)
	  FROM (SELECT (bill).*) b;
END;
COMMENT ON FUNCTION billing._reverse_bill(billing.bill, text) IS 'issues the reversal of a bill; returns the link''s number';

-- ---- correcting by four eyes ----

CREATE FUNCTION billing._correction_subject(command text, account_no text, what text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT format('%s %s of account %s', _correction_subject.command, _correction_subject.what, _correction_subject.account_no);
END;
COMMENT ON FUNCTION billing._correction_subject(text, text, text) IS 'what an approval of a correction is about';

CREATE FUNCTION billing._plan_correction(from_on date, plan_code text, terms jsonb)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT format('%s %s %s', to_char(_plan_correction.from_on, 'YYYY-MM-DD'), _plan_correction.plan_code, _plan_correction.terms);
END;
COMMENT ON FUNCTION billing._plan_correction(date, text, jsonb) IS 'what an approval of correct_plan() says: the day, the plan and its terms';

CREATE FUNCTION billing._correcting_account(command text, account_no text, what text)
RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- who may approve bills corrects them; who may write them does what another has approved
	RETURN billing._account_of(_correcting_account.account_no, CASE WHEN EXISTS (
			SELECT FROM billing.approval p JOIN billing.account a ON a.account_no = _correcting_account.account_no
			 WHERE p.act = 'bill_correction' AND p.subject = billing._correction_subject(_correcting_account.command, _correcting_account.account_no, _correcting_account.what)
			   AND p.state = 'approved' AND p.expires_at > now() AND (billing.can_write(a.org_id, 'bill') OR billing.is_assigned(a.account_id, 'write', 'bill'))) THEN 'write' ELSE 'approve' END, 'bill');
END $$;
COMMENT ON FUNCTION billing._correcting_account(text, text, text) IS 'the account whose bills the actor may correct so';

CREATE FUNCTION billing._correction_amount(account_id bigint, command text, what text)
RETURNS numeric
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE _correction_amount.command
		WHEN 'void_bill' THEN (SELECT sum(b.total) FROM billing.bill b WHERE b.account_id = _correction_amount.account_id AND b.from_on = _correction_amount.what::date
									AND b.kind IN ('normal', 'correction') AND NOT billing._is_reversed(b))
		WHEN 'reverse_bill' THEN (SELECT b.total FROM billing.bill b WHERE b.account_id = _correction_amount.account_id AND b.seq = _correction_amount.what::bigint AND b.kind <> 'reversal') END;
END;
COMMENT ON FUNCTION billing._correction_amount(bigint, text, text) IS 'the amount of the bills that are taken back; null: nobody knows before';

CREATE FUNCTION billing._take_correction(command text, account_id bigint, account_no text, what text, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF billing._take_approval('bill_correction', h.org_id, billing._correction_subject(_take_correction.command, _take_correction.account_no, _take_correction.what),
			jsonb_build_object('command', _take_correction.command, 'account_no', _take_correction.account_no, 'what', _take_correction.what, 'reason', coalesce(_take_correction.reason, '')),
			billing._correction_amount(h.account_id, _take_correction.command, _take_correction.what)) IS NULL
	   FROM billing.account_head h WHERE h.account_id = _take_correction.account_id THEN
		-- no rule asks for a second person: then it is for who may approve; listing work is for who may write, another plan for who may approve the account
		PERFORM billing._account_of(_take_correction.account_no, CASE WHEN _take_correction.command = 'request_correction' THEN 'write' ELSE 'approve' END,
			CASE WHEN _take_correction.command = 'correct_plan' THEN 'account' ELSE 'bill' END);
	END IF;
END $$;
COMMENT ON FUNCTION billing._take_correction(text, bigint, text, text, text) IS
'uses the approval of just this correction, where the rules ask for one; the head of the account is locked';

CREATE FUNCTION billing.request_bill_correction(account_no text, command text, what text, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: asks, for who may write bills there.
DECLARE
	account	bigint := billing._account_of(request_bill_correction.account_no, 'write', 'bill');
	amount	numeric;
BEGIN
	PERFORM billing._given('request_bill_correction', account_no, command, what, reason);
	IF (CASE request_bill_correction.command WHEN 'void_bill' THEN what !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' WHEN 'request_correction' THEN what !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
			WHEN 'reverse_bill' THEN what !~ '^[0-9]{1,18}$' WHEN 'settle_account' THEN what NOT IN ('delta', 'rebill')
			WHEN 'correct_plan' THEN what !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2} \S+ \{.*\}$' ELSE true END) THEN
		RAISE EXCEPTION 'there is no such correction' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Asked for: %s, %s.', left(command, 64), left(what, 64)),
			HINT = 'void_bill or request_correction with the first day (2026-01-01), reverse_bill with the number of the bill, settle_account with delta or rebill, correct_plan with first day, plan and terms (2026-01-01 home {}).';
	END IF;
	IF request_bill_correction.command = 'correct_plan' THEN
		what := billing._plan_correction(substr(what, 1, 10)::date, split_part(what, ' ', 2), substr(what, position('{' IN what))::jsonb);
	END IF;
	amount := billing._correction_amount(account, request_bill_correction.command, what);
	IF amount IS NULL AND request_bill_correction.command IN ('void_bill', 'reverse_bill') THEN
		PERFORM billing._not_found(format('a bill %s of account %s', what, request_bill_correction.account_no));
	END IF;
	RETURN billing._ask_approval('bill_correction', h.org_id, billing._correction_subject(request_bill_correction.command, request_bill_correction.account_no, what),
			jsonb_build_object('command', request_bill_correction.command, 'account_no', request_bill_correction.account_no, 'what', what, 'reason', request_bill_correction.reason), amount, h.account_id)
	   FROM billing.account_head h WHERE h.account_id = account;
END $$;
COMMENT ON FUNCTION billing.request_bill_correction(text, text, text, text) IS
'asks that issued bills be taken back or rated again by void_bill() or request_correction() (what: the first day), reverse_bill() (the number of the bill), settle_account() (delta or rebill) or correct_plan() (the first day, the plan and its terms: 2026-01-01 home {}), for just '
'this reason; once another has approved, the command does it, also for who may only write bills; needs write on bill; returns approval_id';

CREATE FUNCTION billing.void_bill(account_no text, from_on date, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: a reversal of the last bill, for who may approve bills there.
DECLARE
	account	bigint := billing._correcting_account('void_bill', void_bill.account_no, to_char(void_bill.from_on, 'YYYY-MM-DD'));
	head	billing.account_head;
	bill	billing.bill;
	each	billing.bill;
	made	bigint;
BEGIN
	PERFORM billing._given('void_bill', account_no, from_on, reason);
	SELECT h.* INTO head FROM billing.account_head h
	 WHERE h.account_id = account FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', void_bill.account_no));
	END IF;
	SELECT b.* INTO bill FROM billing.bill b
	 WHERE b.account_id = head.account_id AND b.from_on = void_bill.from_on AND b.kind = 'normal' AND NOT billing._is_reversed(b) ORDER BY b.revision DESC LIMIT 1;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('a bill of account %s from %s', void_bill.account_no, void_bill.from_on));
	END IF;
	IF bill.until_on <> head.billed_to THEN
		RAISE EXCEPTION 'later bills of account % rest on this one', void_bill.account_no
			USING ERRCODE = 'UB303', DETAIL = format('It is billed up to %s.', head.billed_to), HINT = 'Void them first, the last one first.';
	END IF;
	PERFORM billing._take_correction('void_bill', account, void_bill.account_no, to_char(void_bill.from_on, 'YYYY-MM-DD'), void_bill.reason);
	-- its corrections first, which rest on it
	FOR each IN SELECT b.* FROM billing.bill b
				 WHERE b.account_id = bill.account_id AND b.from_on = bill.from_on AND b.until_on = bill.until_on AND b.kind IN ('normal', 'correction')
				   AND NOT billing._is_reversed(b) ORDER BY b.seq DESC LOOP
		made := billing._reverse_bill(each, void_bill.reason);
	END LOOP;
	UPDATE billing.account_head h SET billed_to = bill.from_on, voided = true, carry = billing._carry_at(bill.account_id, bill.from_on)
	 WHERE h.account_id = head.account_id;
	PERFORM billing._audit(head.org_id, 'void_bill', format('account %s', void_bill.account_no),
		jsonb_build_object('from_on', void_bill.from_on, 'reason', void_bill.reason));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.void_bill(text, date, text) IS
'reverses the last bill of an account, with its corrections, for a reason; the next run makes its days a bill again; needs approve on bill, and a second person where the rules say so (request_bill_correction()); returns the link''s number';

CREATE FUNCTION billing.transfer_account(account_no text, org_no text, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: rows that nobody may change get another org, for who may write accounts at both.
DECLARE
	to_org	bigint := billing._org_of(transfer_account.org_no, 'write', 'account');
	found_id bigint := billing._account_of(transfer_account.account_no, 'write', 'account');
	account	record;
	moved	bigint;
	n		bigint;
BEGIN
	PERFORM billing._given('transfer_account', account_no, org_no, reason);
	SELECT a.account_id, a.org_id, a.customer_id, h.seq INTO account FROM billing.account a JOIN billing.account_head h USING (account_id)
	 WHERE a.account_id = found_id FOR NO KEY UPDATE OF h;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', transfer_account.account_no));
	END IF;
	-- plans, readings, exceptions and the head follow by their keys; bills and transfers have none
	UPDATE billing.account a SET org_id = to_org WHERE a.account_id = account.account_id;
	UPDATE billing.bill b SET org_id = to_org WHERE b.account_id = account.account_id;
	GET DIAGNOSTICS moved = ROW_COUNT;
	UPDATE billing.transfer t SET org_id = to_org WHERE t.account_id = account.account_id;
	GET DIAGNOSTICS n = ROW_COUNT;
	IF moved + n <> account.seq THEN
		RAISE EXCEPTION 'the chain of account % is not whole', transfer_account.account_no
			USING ERRCODE = 'UB304', DETAIL = format('It has %s links, and %s rows were found.', account.seq, moved + n),
				  HINT = 'SELECT * FROM billing.verify(...) says where.';
	END IF;
	-- the customer's record goes along, unless the old org still has an account of his
	UPDATE billing.customer c SET org_id = to_org
	 WHERE c.customer_id = account.customer_id AND c.org_id = account.org_id
	   AND NOT EXISTS (SELECT FROM billing.account a WHERE a.customer_id = c.customer_id AND a.org_id = c.org_id);
	PERFORM billing._audit(o, 'transfer_account', format('account %s', transfer_account.account_no),
		jsonb_build_object('org_no', transfer_account.org_no, 'reason', transfer_account.reason)) FROM unnest(ARRAY[account.org_id, to_org]) o;
END $$;
COMMENT ON FUNCTION billing.transfer_account(text, text, text) IS
'gives an account with all its readings, bills and money to another org: that org sees everything of it, the old one nothing any more; '
'who issued a bill stays on record; needs write on account at both';

CREATE FUNCTION billing.bill_market(account_no text, from_on date, revision integer DEFAULT NULL)
RETURNS billing.market
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bill	record;
	made_of	billing.market;
BEGIN
	SELECT b.from_on, b.until_on, b.charges INTO bill FROM billing.account a JOIN billing.bill b ON b.account_id = a.account_id
	 WHERE a.account_no = bill_market.account_no AND b.from_on = bill_market.from_on AND b.kind = 'normal' AND (bill_market.revision IS NULL OR b.revision = bill_market.revision)
	 ORDER BY b.revision DESC LIMIT 1;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('a bill of account %s from %s', bill_market.account_no, bill_market.from_on));
	END IF;
	-- the plan's own, or one that was made of rows for its month
	SELECT m.market INTO made_of
	  FROM billing.plan_version v
	 CROSS JOIN LATERAL (
		SELECT v.market WHERE v.market IS NOT NULL
		UNION ALL
		SELECT w.market FROM billing.plan_market k JOIN billing.market_value w ON w.digest = k.digest
		 WHERE k.plan_id = v.plan_id AND k.from_on = v.from_on AND k.month_on = date_trunc('month', bill.from_on::timestamp)::date) m(market)
	 WHERE v.digest = billing.tariff_digest(bill.charges)
	   AND billing.market_digest(v.tariff, daterange(bill.from_on, bill.until_on), m.market) = billing.market_digest(bill.charges)
	 LIMIT 1;
	RETURN made_of;
END $$;
COMMENT ON FUNCTION billing.bill_market(text, date, integer) IS
'the market that a bill was made of, found by the digest that the bill has of it; null: of none, or of one that was not kept (bills more than half a year behind)';

CREATE FUNCTION billing.outdated_bills(org_no text, back_to date)
RETURNS TABLE (account_no text, from_on date, until_on date, revision smallint, plan_code text, what text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: reads the bills that the caller may read, and nothing else.
DECLARE
	orgs	bigint[] := billing._orgs_below(billing._org_of(outdated_bills.org_no, 'read', 'bill'));
BEGIN
	IF NOT isfinite(outdated_bills.back_to) THEN
		RAISE EXCEPTION 'bills are looked at from a day on' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN QUERY
	WITH bill AS MATERIALIZED (
		SELECT b.account_id, b.from_on, b.until_on, b.revision, billing.tariff_digest(b.charges) AS tariff_digest, billing.market_digest(b.charges) AS market_digest,
			   p.plan_id, v.from_on AS version_on, v.digest, v.tariff, v.market, v.asked, v.calendar_id,
			   date_trunc('month', b.from_on::timestamp)::date AS month_on,
			   CASE WHEN b.until_on <= date_trunc('month', b.from_on::timestamp) + interval '1 month' THEN 1 ELSE 2 END AS months,
			   EXISTS (SELECT FROM billing.plan_version n WHERE n.plan_id = p.plan_id AND n.from_on > b.from_on AND n.from_on < b.until_on)
				AND billing.tariff_digest(b.charges) IS NOT NULL AS changes
		  FROM billing.bill b
		 CROSS JOIN LATERAL (SELECT a.plan_id FROM billing.account_plan a WHERE a.account_id = b.account_id AND a.from_on <= b.from_on ORDER BY a.from_on DESC LIMIT 1) p
		  JOIN LATERAL (SELECT n.* FROM billing.plan_version n WHERE n.plan_id = p.plan_id AND n.from_on <= b.from_on ORDER BY n.from_on DESC LIMIT 1) v ON true
		 WHERE b.org_id = ANY (orgs) AND billing.can_read(b.org_id, 'bill') AND b.kind IN ('normal', 'correction') AND b.until_on > outdated_bills.back_to
		   AND NOT EXISTS (SELECT FROM billing.bill r WHERE r.account_id = b.account_id AND r.from_on = b.from_on AND r.kind = 'reversal' AND r.revision = b.revision)
		   -- of a corrected one its last correction
		   AND NOT EXISTS (SELECT FROM billing.bill c WHERE c.account_id = b.account_id AND c.from_on = b.from_on AND c.until_on = b.until_on AND c.kind = 'correction' AND c.seq > b.seq
							  AND NOT billing._is_reversed(c))),
	-- as a run makes it: of whole months
	market AS MATERIALIZED (
		SELECT q.plan_id, q.version_on, q.month_on, q.months,
			   billing._market(q.tariff, q.asked, q.calendar_id, q.month_on, (q.month_on + q.months * interval '1 month')::date) AS market
		  FROM (SELECT DISTINCT ON (b.plan_id, b.version_on, b.month_on, b.months) b.* FROM bill b
				 WHERE b.asked IS NOT NULL AND b.market IS NULL AND b.tariff_digest = b.digest) q)
	SELECT a.account_no, b.from_on, b.until_on, b.revision, p.plan_code, CASE WHEN b.tariff_digest <> b.digest OR b.changes THEN 'tariff' ELSE 'market' END
	  FROM bill b
	  JOIN billing.account a ON a.account_id = b.account_id
	  JOIN billing.plan p ON p.plan_id = b.plan_id
	  LEFT JOIN market m ON m.plan_id = b.plan_id AND m.version_on = b.version_on AND m.month_on = b.month_on AND m.months = b.months
	 WHERE b.tariff_digest <> b.digest OR b.changes
		OR (b.market_digest <> billing.market_digest(b.tariff, daterange(b.from_on, b.until_on), coalesce(b.market, m.market))
			-- a bill that is made where no market was prepared has one of its own days
			AND (m.plan_id IS NULL OR b.market_digest <> billing.market_digest(b.tariff, daterange(b.from_on, b.until_on),
				billing._market(b.tariff, b.asked, b.calendar_id, b.from_on, b.until_on))))
	 ORDER BY b.account_id, b.from_on;
END $$;
COMMENT ON FUNCTION billing.outdated_bills(text, date) IS
'bills of an org, and of those below it, with days from back_to on, that would be made by something else now: a version of the plan that came, or prices, holidays or events that were '
'published, after the bill (what: tariff or market); whether the amount is another, a new bill says';

CREATE FUNCTION billing.bill_document(account_no text, from_on date, revision integer DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made	jsonb;
BEGIN
	SELECT jsonb_strip_nulls(jsonb_build_object('bill_no', format('%s-%s', a.account_no, b.seq), 'kind', b.kind, 'revision', b.revision, 'account_no', a.account_no,
			'customer', c.name, 'address', nullif(a.address, ''), 'org_no', o.org_no, 'org', o.name, 'from', b.from_on, 'until', b.until_on, 'days', b.until_on - b.from_on,
			'issued_at', b.issued_at, 'reason', b.reason, 'currency', billing.currency(b.charges), 'total', b.total::text,
			'in_words', billing.amount_in_words(abs(b.total), 'zh', billing.currency(b.charges)), 'reverses', (SELECT format('%s-%s', a.account_no, b.reverses_seq) WHERE b.reverses_seq IS NOT NULL),
			'lines', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('line', l.line, 'code', l.code, 'period', l.period, 'component', l.component, 'tier', l.tier, 'quantity', l.quantity::text,
						'unit', l.unit, 'price', l.price::text, 'amount', (CASE b.kind WHEN 'reversal' THEN -l.amount ELSE l.amount END)::text, 'counted', l.counted, 'estimated', nullif(l.estimated, false),
						'tax_class', nullif(l.tax_class, ''))) ORDER BY l.line) FROM billing.lines(b.charges) l))) INTO made
	  FROM billing.account a
	  JOIN billing.bill b ON b.account_id = a.account_id
	  LEFT JOIN billing.customer c ON c.customer_id = a.customer_id
	  LEFT JOIN billing.org o ON o.org_id = b.issued_org_id
	 WHERE a.account_no = bill_document.account_no AND b.from_on = bill_document.from_on
	   AND CASE WHEN bill_document.revision IS NULL THEN b.kind <> 'reversal' ELSE b.revision = bill_document.revision END
	 ORDER BY b.kind = 'reversal', b.revision DESC LIMIT 1;
	IF made IS NULL THEN
		PERFORM billing._not_found(format('a bill of account %s from %s', bill_document.account_no, to_char(bill_document.from_on, 'YYYY-MM-DD')));
	END IF;
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.bill_document(text, date, integer) IS
'all that a printed bill says, for the printer of letters or an electronic invoice: numbers, days, customer and address, lines, total, total in words; the last revision unless one is named; decimals are strings';

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

CREATE FUNCTION billing._usage_digest(account_id bigint, from_on date, until_on date)
RETURNS bytea
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT sha256(string_agg(billing.digest(r.profile), ''::bytea ORDER BY r.part, r.channel, r.from_on)) FROM billing.reading r
	 WHERE r.account_id = _usage_digest.account_id AND r.from_on > _usage_digest.from_on - 31 AND r.from_on < _usage_digest.until_on AND r.until_on > _usage_digest.from_on;
END;
COMMENT ON FUNCTION billing._usage_digest(bigint, date, date) IS 'SHA-256 over the digests of an account''s readings of these days, made anew from the readings';

CREATE FUNCTION billing.verify(account_no text DEFAULT NULL, with_readings boolean DEFAULT true)
RETURNS TABLE (account_no text, seq bigint, problem text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH mine AS MATERIALIZED (
		SELECT a.account_id, a.account_no, a.org_id FROM billing.account a
		 WHERE verify.account_no IS NULL OR a.account_no = verify.account_no),
	event AS (
		SELECT b.account_id, b.seq, b.link, b.org_id, billing._bill_content(b) AS content, 0::numeric AS owed
		  FROM billing.bill b JOIN mine USING (account_id)
		UNION ALL
		SELECT t.account_id, t.seq, t.link, t.org_id, billing._transfer_content(t),
			   CASE 'receivable' WHEN t.debit THEN t.amount WHEN t.credit THEN -t.amount ELSE 0 END
		  FROM billing.transfer t JOIN mine USING (account_id)),
	link AS (
		SELECT e.account_id, e.seq, e.org_id, e.link, e.content,
			   lag(e.seq, 1, 0::bigint) OVER w AS seq_before, lag(e.link, 1, ''::bytea) OVER w AS link_before
		  FROM event e WINDOW w AS (PARTITION BY e.account_id ORDER BY e.seq, e.link)),
	finding AS (
		-- each link by itself, and to the one before
		SELECT l.account_id, l.seq, 'a link is missing before this one' AS problem FROM link l WHERE l.seq > l.seq_before + 1
		UNION ALL
		SELECT l.account_id, l.seq, 'two links have this number' AS problem FROM link l WHERE l.seq <= l.seq_before
		UNION ALL
		SELECT l.account_id, l.seq, 'the link does not follow from its content and the link before' AS problem
		  FROM link l WHERE l.link <> sha256(l.link_before || l.content)
		UNION ALL
		SELECT l.account_id, l.seq, 'the row belongs to another org than its account' AS problem
		  FROM link l JOIN mine m USING (account_id) WHERE l.org_id <> m.org_id
		UNION ALL
		-- the end of each chain, also of an empty one
		SELECT m.account_id, coalesce(s.seq, 0::bigint), p.problem
		  FROM mine m
		  LEFT JOIN billing.account_head h USING (account_id)
		  LEFT JOIN (SELECT e.account_id, max(e.seq) AS seq, sum(e.owed) AS owed FROM event e GROUP BY e.account_id) s USING (account_id)
		  LEFT JOIN link l ON l.account_id = m.account_id AND l.seq = s.seq
		 CROSS JOIN LATERAL (
			SELECT 'the account has no head' AS problem WHERE h.account_id IS NULL
			UNION ALL
			SELECT 'the chain does not end where the head says' AS problem WHERE h.seq <> coalesce(s.seq, 0::bigint) OR h.link <> coalesce(l.link, ''::bytea)
			UNION ALL
			SELECT 'the balance is not the sum of the transfers' AS problem WHERE h.balance <> coalesce(s.owed, 0::numeric)) p
		UNION ALL
		-- and what the bills rest on
		SELECT b.account_id, b.seq, 'the readings are not those that were billed' AS problem FROM billing.bill b JOIN mine USING (account_id)
		 WHERE verify.with_readings AND b.kind = 'normal' AND b.usage_digest IS DISTINCT FROM billing._usage_digest_at(b.account_id, b.from_on, b.until_on, b.seq)
		   -- as earlier releases made it, of the rows as they lay
		   AND b.usage_digest IS DISTINCT FROM billing._usage_digest(b.account_id, b.from_on, b.until_on)
		   AND NOT EXISTS (SELECT FROM billing._register_usage(b.account_id, b.from_on, b.until_on, b.seq) q WHERE q.digest = b.usage_digest)
		   AND NOT EXISTS (SELECT FROM billing.formed_usage u WHERE u.account_id = b.account_id AND u.from_on = b.from_on AND u.until_on = b.until_on
							  AND u.digest = b.usage_digest AND u.digest = billing._formed_digest(u.account_id, u.from_on, u.until_on, u.usage)))
	SELECT m.account_no, f.seq, f.problem FROM finding f JOIN mine m USING (account_id) ORDER BY m.account_no, f.seq, f.problem;
END;
COMMENT ON FUNCTION billing.verify(text, boolean) IS
'checks every link of the chains of one account, or of all that the actor may read: what was changed, removed, put in or cut off, '
'balances, and, unless told otherwise, the readings behind the bills; no row: nothing is wrong. What a superuser forged from end to end it cannot see';

CREATE FUNCTION billing.post_payment(account_no text, amount numeric, key text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: one transfer and the head, for who may write money there.
DECLARE
	account	bigint := billing._account_of(post_payment.account_no, 'write', 'money');
	head	record;
	row		billing.transfer;
BEGIN
	IF post_payment.amount <= 0 OR post_payment.amount <> round(post_payment.amount, 2) OR post_payment.amount >= 1e15 THEN
		RAISE EXCEPTION 'a payment is a positive amount in whole cents' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT h.account_id, h.org_id, h.seq, h.link INTO head FROM billing.account_head h
	 WHERE h.account_id = account FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', post_payment.account_no));
	END IF;
	SELECT t.* INTO row FROM billing.transfer t WHERE t.account_id = head.account_id AND t.key = post_payment.key;
	IF FOUND THEN
		IF row.amount <> post_payment.amount OR row.debit <> 'cash' THEN
			RAISE EXCEPTION 'key "%" has posted something else', post_payment.key
				USING ERRCODE = 'UB302', DETAIL = format('It posted %s.', row.amount), HINT = 'A new payment has a new key; a repeated one is the same.';
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
	row.link := sha256(head.link || billing._transfer_content(row));
	INSERT INTO billing.transfer SELECT row.*;
	UPDATE billing.account_head h SET seq = row.seq, link = row.link, balance = h.balance - row.amount WHERE h.account_id = head.account_id;
	RETURN row.seq;
END $$;
COMMENT ON FUNCTION billing.post_payment(text, numeric, text) IS
'a customer has paid: cash from receivable; key says which payment, so that a call may be repeated; returns the link''s number';

CREATE FUNCTION billing.void_bill(account_no text, from_on date, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: a reversal of the last bill, for who may approve bills there.
DECLARE
	account	bigint := billing._account_of(void_bill.account_no, 'approve', 'bill');
	head	billing.account_head;
	bill	billing.bill;
	row		billing.transfer;
BEGIN
	SELECT h.* INTO head FROM billing.account_head h
	 WHERE h.account_id = account FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', void_bill.account_no));
	END IF;
	SELECT b.* INTO bill FROM billing.bill b
	 WHERE b.account_id = head.account_id AND b.from_on = void_bill.from_on AND b.kind = 'normal' ORDER BY b.revision DESC LIMIT 1;
	IF NOT FOUND OR EXISTS (SELECT FROM billing.bill r WHERE r.account_id = bill.account_id AND r.from_on = bill.from_on
							AND r.kind = 'reversal' AND r.revision = bill.revision) THEN
		PERFORM billing._not_found(format('a bill of account %s from %s', void_bill.account_no, void_bill.from_on));
	END IF;
	IF bill.until_on <> head.billed_to THEN
		RAISE EXCEPTION 'later bills of account % rest on this one', void_bill.account_no
			USING ERRCODE = 'UB303', DETAIL = format('It is billed up to %s.', head.billed_to), HINT = 'Void them first, the last one first.';
	END IF;
	bill.kind := 'reversal';
	bill.reverses_seq := bill.seq;
	bill.seq := head.seq + 1;
	bill.org_id := head.org_id;
	bill.issued_org_id := head.org_id;
	bill.run_id := NULL;
	bill.total := -bill.total;
	bill.issued_at := now();
	bill.issued_by := billing.actor();
	bill.reason := void_bill.reason;
	bill.link := sha256(head.link || billing._bill_content(bill));
	INSERT INTO billing.bill SELECT bill.*;
	head.seq := bill.seq;
	head.link := bill.link;
	IF bill.total <> 0 THEN
		row := billing._bill_transfer(bill);
		INSERT INTO billing.transfer SELECT row.*;
		head.seq := row.seq;
		head.link := row.link;
	END IF;
	UPDATE billing.account_head h SET seq = head.seq, link = head.link, balance = h.balance + bill.total, billed_to = bill.from_on, voided = true,
		-- of the bill before, or what came from an old system
		carry = coalesce((SELECT billing.carry(p.charges) FROM billing.bill p
						   WHERE p.account_id = bill.account_id AND p.until_on = bill.from_on AND p.kind = 'normal' ORDER BY p.seq DESC LIMIT 1),
			(SELECT i.carry FROM billing.cutover_item i WHERE i.account_id = bill.account_id AND i.from_on = bill.from_on AND i.state = 'posted'))
	 WHERE h.account_id = head.account_id;
	PERFORM billing._audit(head.org_id, 'void_bill', format('account %s', void_bill.account_no),
		jsonb_build_object('from_on', void_bill.from_on, 'reason', void_bill.reason));
	RETURN bill.seq;
END $$;
COMMENT ON FUNCTION billing.void_bill(text, date, text) IS
'reverses the last bill of an account, with a reason; the next run makes its days a bill again; needs approve on bill; returns the link''s number';

CREATE FUNCTION billing._bill_transfer(bill billing.bill)
RETURNS billing.transfer
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT (r.t).account_id, (r.t).seq, (r.t).org_id, (r.t).issued_org_id, (r.t).debit, (r.t).credit, (r.t).amount, (r.t).posted_at,
		(r.t).posted_by, (r.t).bill_seq, (r.t).key, sha256(bill.link || billing._transfer_content(r.t))
	  FROM (SELECT ROW (bill.account_id, bill.seq + 1, bill.org_id, bill.issued_org_id,
						CASE WHEN bill.total > 0 THEN 'receivable' ELSE 'billed' END, CASE WHEN bill.total > 0 THEN 'billed' ELSE 'receivable' END,
						abs(bill.total), bill.issued_at, bill.issued_by, bill.seq, NULL::text, NULL::bytea)::billing.transfer AS t) r;
END;
COMMENT ON FUNCTION billing._bill_transfer(billing.bill) IS 'the transfer that a bill brings, linked behind it';

CREATE FUNCTION billing.transfer_account(account_no text, org_no text, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
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
	SELECT a.account_id, a.org_id, a.customer_id, h.seq INTO account FROM billing.account a JOIN billing.account_head h USING (account_id)
	 WHERE a.account_id = found_id FOR NO KEY UPDATE OF h;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', transfer_account.account_no));
	END IF;
	-- plans, readings and the head follow by their keys; bills and transfers have none
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
	UPDATE billing.run_exception x SET org_id = to_org WHERE x.account_id = account.account_id;
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

CREATE FUNCTION billing._refuse_all_but_org()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'UPDATE' THEN
		OLD.org_id := NEW.org_id;
		-- byte by byte: not every type has an order
		IF NEW OPERATOR(pg_catalog.*=) OLD THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'rows of billing.% stay as they are', TG_TABLE_NAME
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP),
			  HINT = 'void_bill() and a new run correct a bill.';
END $$;
COMMENT ON FUNCTION billing._refuse_all_but_org() IS 'trigger of what is only ever added to, and moves with its account';

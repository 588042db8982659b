/*
 * Money that goes back, and debts that are given up.  One person asks, another
 * approves, and then just that is posted, once; small amounts as the rules say.
 */
CREATE FUNCTION billing._check_refund(act text, account_no text, amount numeric, key text, reason text)
RETURNS billing.account_head
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	account	bigint := billing._account_of(_check_refund.account_no, 'write', 'money');
	head	billing.account_head;
	there	numeric;
BEGIN
	IF NOT coalesce(_check_refund.amount > 0 AND _check_refund.amount = round(_check_refund.amount, 2) AND _check_refund.amount < 1e15, false) THEN
		RAISE EXCEPTION 'this is a positive amount in whole cents'
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It is %s.', coalesce(_check_refund.amount::text, 'not given'));
	END IF;
	IF coalesce(_check_refund.key, '') = '' OR length(_check_refund.key) > 100 OR coalesce(btrim(_check_refund.reason), '') = '' OR length(_check_refund.reason) > 1000 THEN
		RAISE EXCEPTION 'this has a key, and a reason' USING ERRCODE = 'invalid_parameter_value', HINT = 'The key tells it from every other posting of the account.';
	END IF;
	SELECT h.* INTO STRICT head FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	there := CASE _check_refund.act WHEN 'refund' THEN -head.balance ELSE head.balance END;
	IF _check_refund.amount > there AND NOT EXISTS (SELECT FROM billing.transfer t WHERE t.account_id = account AND t.key = _check_refund.key) THEN
		RAISE EXCEPTION 'account % % %', _check_refund.account_no, CASE _check_refund.act WHEN 'refund' THEN 'has not in credit' ELSE 'does not owe' END, _check_refund.amount
			USING ERRCODE = 'UB316', DETAIL = format('It %s %s.', CASE WHEN head.balance < 0 THEN 'has in credit' ELSE 'owes' END, abs(head.balance)),
				  HINT = CASE _check_refund.act WHEN 'refund' THEN 'A bill that was too high is corrected first; deposits are settled first.' ELSE 'At most what is owed is written off.' END;
	END IF;
	RETURN head;
END $$;
COMMENT ON FUNCTION billing._check_refund(text, text, numeric, text, text) IS 'the head of the account, locked, from which this can be refunded, or of which this can be written off';

CREATE FUNCTION billing._refund_detail(account_no text, amount numeric, key text, reason text)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object('account_no', _refund_detail.account_no, 'amount', round(_refund_detail.amount, 2)::text, 'key', _refund_detail.key, 'reason', _refund_detail.reason);
END;
COMMENT ON FUNCTION billing._refund_detail(text, numeric, text, text) IS 'what exactly is approved of a refund or write-off';

CREATE FUNCTION billing._request_refund(act text, account_no text, amount numeric, key text, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	head	billing.account_head := billing._check_refund(_request_refund.act, _request_refund.account_no, _request_refund.amount, _request_refund.key, _request_refund.reason);
BEGIN
	RETURN billing._ask_approval(_request_refund.act, head.org_id, format('account %s, %s', _request_refund.account_no, _request_refund.key),
		billing._refund_detail(_request_refund.account_no, _request_refund.amount, _request_refund.key, _request_refund.reason), _request_refund.amount);
END $$;
COMMENT ON FUNCTION billing._request_refund(text, text, numeric, text, text) IS 'asks for the approval of a refund or write-off';

CREATE FUNCTION billing._post_refund(act text, account_no text, amount numeric, key text, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	head	billing.account_head := billing._check_refund(_post_refund.act, _post_refund.account_no, _post_refund.amount, _post_refund.key, _post_refund.reason);
	row		billing.transfer;
	posted	billing.transfer;
BEGIN
	row.account_id := head.account_id;
	row.seq := head.seq + 1;
	row.org_id := head.org_id;
	row.issued_org_id := head.org_id;
	row.debit := CASE _post_refund.act WHEN 'refund' THEN 'receivable' ELSE 'written_off' END;
	row.credit := CASE _post_refund.act WHEN 'refund' THEN 'cash' ELSE 'receivable' END;
	row.amount := _post_refund.amount;
	row.posted_at := now();
	row.posted_by := billing.actor();
	row.key := _post_refund.key;
	SELECT t.* INTO posted FROM billing.transfer t WHERE t.account_id = head.account_id AND t.key = _post_refund.key;
	IF FOUND THEN
		IF (posted.debit, posted.credit, posted.amount) <> (row.debit, row.credit, row.amount) THEN
			RAISE EXCEPTION 'key "%" has posted something else', _post_refund.key
				USING ERRCODE = 'UB302', DETAIL = format('It posted %s from %s to %s.', posted.amount, posted.credit, posted.debit), HINT = 'A new posting has a new key; a repeated one is the same.';
		END IF;
		RETURN posted.seq;
	END IF;
	PERFORM billing._take_approval(_post_refund.act, head.org_id, format('account %s, %s', _post_refund.account_no, _post_refund.key),
		billing._refund_detail(_post_refund.account_no, _post_refund.amount, _post_refund.key, _post_refund.reason), _post_refund.amount);
	row.link := sha256(head.link || billing._transfer_content(row));
	INSERT INTO billing.transfer SELECT row.*;
	UPDATE billing.account_head h SET seq = row.seq, link = row.link, balance = h.balance + CASE row.debit WHEN 'receivable' THEN row.amount ELSE -row.amount END
	 WHERE h.account_id = head.account_id;
	PERFORM billing._audit(head.org_id, _post_refund.act, format('account %s', _post_refund.account_no),
		jsonb_build_object('amount', _post_refund.amount, 'key', _post_refund.key, 'reason', _post_refund.reason, 'seq', row.seq));
	RETURN row.seq;
END $$;
COMMENT ON FUNCTION billing._post_refund(text, text, numeric, text, text) IS 'posts a refund or write-off that was approved, or that the rules let one person do';

CREATE FUNCTION billing.request_refund(account_no text, amount numeric, key text, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: asks, for who may write money there.
BEGIN
	RETURN billing._request_refund('refund', request_refund.account_no, request_refund.amount, request_refund.key, request_refund.reason);
END $$;
COMMENT ON FUNCTION billing.request_refund(text, numeric, text, text) IS
'asks that money be paid back to a customer, of what the account has in credit; somebody else approves; key says which refund; needs write on money; returns approval_id';

CREATE FUNCTION billing.post_refund(account_no text, amount numeric, key text, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: one transfer and the head, for who may write money there, as another has approved it.
BEGIN
	RETURN billing._post_refund('refund', post_refund.account_no, post_refund.amount, post_refund.key, post_refund.reason);
END $$;
COMMENT ON FUNCTION billing.post_refund(text, numeric, text, text) IS
'money was paid back: cash to receivable, just as request_refund() asked and another has approved; the same key again posts nothing; needs write on money; returns the link''s number';

CREATE FUNCTION billing.request_write_off(account_no text, amount numeric, key text, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as request_refund().
BEGIN
	RETURN billing._request_refund('write_off', request_write_off.account_no, request_write_off.amount, request_write_off.key, request_write_off.reason);
END $$;
COMMENT ON FUNCTION billing.request_write_off(text, numeric, text, text) IS
'asks that a debt be given up 核销, at most what the account owes; somebody else approves; needs write on money; returns approval_id';

CREATE FUNCTION billing.post_write_off(account_no text, amount numeric, key text, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as post_refund().
BEGIN
	RETURN billing._post_refund('write_off', post_write_off.account_no, post_write_off.amount, post_write_off.key, post_write_off.reason);
END $$;
COMMENT ON FUNCTION billing.post_write_off(text, numeric, text, text) IS
'a debt is given up: receivable to written_off, just as request_write_off() asked and another has approved; the same key again posts nothing; needs write on money; returns the link''s number';

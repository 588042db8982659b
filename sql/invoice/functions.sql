CREATE FUNCTION billing.ask_invoice(account_no text, bill_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: a request for who may write bills there.
DECLARE
	account	bigint := billing._account_of(ask_invoice.account_no, 'write', 'bill');
	bill	billing.bill;
	made	bigint;
BEGIN
	PERFORM billing._given('ask_invoice', account_no, bill_id);
	-- who reverses the bill at the same time comes before or after
	PERFORM billing._lock_heads(ARRAY[account]);
	SELECT b.* INTO bill FROM billing.bill b WHERE b.account_id = account AND b.seq = ask_invoice.bill_id;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('bill %s of account %s', ask_invoice.bill_id, ask_invoice.account_no));
	END IF;
	IF bill.kind = 'reversal' OR bill.total <= 0 OR billing._is_reversed(bill) THEN
		RAISE EXCEPTION 'there is nothing to invoice of bill %', ask_invoice.bill_id
			USING ERRCODE = 'UB341', DETAIL = CASE WHEN bill.kind = 'reversal' OR bill.total <= 0 THEN 'It asks for no money.' ELSE 'It was reversed.' END, HINT = 'Invoices are of bills that stand.';
	END IF;
	SELECT i.invoice_id INTO made FROM billing.e_invoice i
	 WHERE i.account_id = account AND i.bill_seq = bill.seq AND i.colour = 'blue' AND i.state IN ('asked', 'issued');
	IF FOUND THEN
		RETURN made;
	END IF;
	INSERT INTO billing.e_invoice AS i (account_id, org_id, bill_seq, amount, issuer_id) VALUES (account, bill.org_id, bill.seq, bill.total,
		(SELECT o[cardinality(o)] FROM billing._orgs_over(bill.org_id) o)) RETURNING i.invoice_id INTO made;
	PERFORM billing._audit(bill.org_id, 'ask_invoice', format('invoice %s', made), jsonb_build_object('account_no', ask_invoice.account_no, 'bill_id', bill.seq));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.ask_invoice(text, bigint) IS
'asks for the electronic invoice of a bill that stands: billing_report.e_invoice has what the tax platform is to be told; the same again is the same request, after a refusal a new one; '
'needs write on bill; returns invoice_id';

CREATE FUNCTION billing.ask_red_invoices(org_no text, OUT asked bigint, OUT withdrawn bigint)
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as ask_invoice(), for an org and all below it.
DECLARE
	at_org	bigint := billing._org_of(ask_red_invoices.org_no, 'write', 'bill');
	orgs	bigint[] := billing._orgs_below(at_org);
BEGIN
	PERFORM billing._given('ask_red_invoices', org_no);
	UPDATE billing.e_invoice i SET state = 'withdrawn', reason = 'the bill was reversed'
	 WHERE i.org_id = ANY (orgs) AND i.state = 'asked' AND i.colour = 'blue'
	   AND EXISTS (SELECT FROM billing.bill r WHERE r.account_id = i.account_id AND r.reverses_seq = i.bill_seq);
	GET DIAGNOSTICS withdrawn = ROW_COUNT;
	INSERT INTO billing.e_invoice (account_id, org_id, bill_seq, colour, amount, issuer_id)
	SELECT i.account_id, i.org_id, i.bill_seq, 'red', -i.amount, i.issuer_id FROM billing.e_invoice i
	 WHERE i.org_id = ANY (orgs) AND i.state = 'issued' AND i.colour = 'blue'
	   AND EXISTS (SELECT FROM billing.bill r WHERE r.account_id = i.account_id AND r.reverses_seq = i.bill_seq)
	   AND NOT EXISTS (SELECT FROM billing.e_invoice d WHERE d.account_id = i.account_id AND d.bill_seq = i.bill_seq AND d.colour = 'red' AND d.state IN ('asked', 'issued'))
	 ORDER BY i.account_id, i.invoice_id
	    ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS asked = ROW_COUNT;
	PERFORM billing._audit(at_org, 'ask_red_invoices', format('org %s', ask_red_invoices.org_no), jsonb_build_object('asked', asked, 'withdrawn', withdrawn));
END $$;
COMMENT ON FUNCTION billing.ask_red_invoices(text) IS
'asks for the red invoice of each bill of an org, and of all below it, that was reversed after its invoice was issued; withdraws what was asked for and not issued yet; for every evening; needs write on bill';

CREATE FUNCTION billing._take_invoice(b billing.batch, fields jsonb)
RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	invoice	billing.e_invoice;
	said	billing.e_invoice;
	total	numeric;
	key		text;
BEGIN
	SELECT i.* INTO invoice FROM billing.e_invoice i
	 WHERE i.invoice_id = CASE WHEN fields ->> 'invoice_id' ~ '^[0-9]{1,18}$' THEN (fields ->> 'invoice_id')::bigint END AND billing.can_write(i.org_id, 'bill') FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('invoice %s', fields ->> 'invoice_id'));
	END IF;
	IF fields ->> 'state' = 'refused' THEN
		IF invoice.state IN ('asked', 'withdrawn') THEN
			UPDATE billing.e_invoice i SET state = 'refused', reason = left(coalesce(fields ->> 'reason', ''), 1000), batch_id = b.batch_id
			 WHERE i.account_id = invoice.account_id AND i.invoice_id = invoice.invoice_id;
			RETURN true;
		ELSIF invoice.state = 'refused' THEN
			RETURN false;
		END IF;
		RAISE EXCEPTION 'invoice % was issued', invoice.invoice_id USING ERRCODE = 'UB342', DETAIL = format('As %s.', invoice.number), HINT = 'A red invoice takes it back.';
	ELSIF fields ->> 'state' IS DISTINCT FROM 'issued' OR fields ->> 'number' IS NULL OR coalesce(fields ->> 'issued_on' !~ '^[0-9]{4}-?[0-9]{2}-?[0-9]{2}$', true)
		  OR coalesce(fields ->> 'pdf_digest' !~ '^([0-9a-fA-F]{2}){32}$', false) THEN
		RAISE EXCEPTION 'a reply says issued, with number and issued_on (2026-01-31), or refused; pdf_digest is 64 hexadecimal digits' USING ERRCODE = 'UB107', HINT = 'Correct the record and send it again.';
	END IF;
	said.net := billing._amount_of(coalesce(fields ->> 'net', ''), b.read_as -> 'mapping');
	said.tax := billing._amount_of(coalesce(fields ->> 'tax', ''), b.read_as -> 'mapping');
	total := billing._amount_of(coalesce(fields ->> 'total', ''), b.read_as -> 'mapping');
	IF total <> invoice.amount OR said.net + said.tax <> total THEN
		RAISE EXCEPTION 'the amounts of invoice % are not those of its bill', invoice.invoice_id
			USING ERRCODE = 'UB342', DETAIL = format('It says %s and tax %s, in all %s; the bill says %s.', said.net, said.tax, total, invoice.amount), HINT = 'Let it be issued again with the amounts that were asked for.';
	END IF;
	IF invoice.state = 'issued' THEN
		IF (invoice.number, invoice.code, invoice.issued_on, invoice.net) IS NOT DISTINCT FROM (fields ->> 'number', fields ->> 'code', (fields ->> 'issued_on')::date, said.net) THEN
			RETURN false;
		END IF;
		RAISE EXCEPTION 'invoice % was issued otherwise', invoice.invoice_id USING ERRCODE = 'UB342', DETAIL = format('As %s on %s.', invoice.number, to_char(invoice.issued_on, 'YYYY-MM-DD')),
			HINT = 'One of them is wrong: a red invoice takes it back.';
	END IF;
	BEGIN
		-- also what was refused or withdrawn here meanwhile: it exists
		UPDATE billing.e_invoice i SET state = 'issued', number = fields ->> 'number', code = fields ->> 'code', issued_on = (fields ->> 'issued_on')::date, net = said.net, tax = said.tax,
			   url = fields ->> 'url', pdf_digest = decode(fields ->> 'pdf_digest', 'hex'), reason = NULL, batch_id = b.batch_id
		 WHERE i.account_id = invoice.account_id AND i.invoice_id = invoice.invoice_id;
	EXCEPTION WHEN unique_violation THEN
		GET STACKED DIAGNOSTICS key = CONSTRAINT_NAME;
		IF key = 'e_invoice_number_key' THEN
			RAISE EXCEPTION 'number % is of another invoice', fields ->> 'number' USING ERRCODE = 'UB342', HINT = 'Correct the record and send it again.';
		END IF;
		RAISE EXCEPTION 'the bill of invoice % was asked for anew', invoice.invoice_id
			USING ERRCODE = 'UB342', DETAIL = 'A bill has one invoice that stands.', HINT = 'Let one of the two be taken back where it was issued.';
	END;
	RETURN true;
END $$;
COMMENT ON FUNCTION billing._take_invoice(billing.batch, jsonb) IS 'what a file of replies says of one invoice; false: it was known';

CREATE FUNCTION billing._guard_e_invoice()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	was		billing.e_invoice := OLD;
BEGIN
	IF TG_OP = 'UPDATE' THEN
		was.org_id := NEW.org_id;
		IF (OLD.state <> 'issued' AND (NEW.account_id, NEW.invoice_id, NEW.bill_seq, NEW.colour, NEW.amount, NEW.asked_by, NEW.asked_at)
				= (OLD.account_id, OLD.invoice_id, OLD.bill_seq, OLD.colour, OLD.amount, OLD.asked_by, OLD.asked_at)) OR NEW OPERATOR(pg_catalog.*=) was THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'an invoice that was issued stays' USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'A red invoice takes it back.';
END $$;
COMMENT ON FUNCTION billing._guard_e_invoice() IS 'trigger: invoices are asked for, answered, and stay';

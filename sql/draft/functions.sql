-- ---- lines by hand ----

CREATE FUNCTION billing._hand_line(line jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- One line, read strictly: any doubt is an error, since nobody looks at its rating.
DECLARE
	field		text;
	quantity	numeric;
	price		numeric;
	amount		numeric;
	product		numeric;
BEGIN
	IF jsonb_typeof(line) <> 'object' THEN
		RAISE EXCEPTION 'a line is an object' USING ERRCODE = 'UB312', HINT = 'Fields: code, quantity, unit, price, amount, tags, tax_class, included.';
	END IF;
	SELECT k INTO field FROM jsonb_object_keys(line) k WHERE k <> ALL ('{code,quantity,unit,price,amount,tags,tax_class,included}') LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'a line has no field "%"', left(field, 64) USING ERRCODE = 'UB312', HINT = 'Fields: code, quantity, unit, price, amount, tags, tax_class, included.';
	END IF;
	FOREACH field IN ARRAY '{quantity,price,amount}'::text[] LOOP
		IF coalesce(line ->> field, '0') !~ '^-?[0-9]{1,15}(\.[0-9]{1,10})?$' THEN
			RAISE EXCEPTION 'field "%" is no number', field USING ERRCODE = 'UB312', DETAIL = format('It says %s.', left(line ->> field, 80)), HINT = 'Write it as 123.45, with at most ten decimals.';
		END IF;
	END LOOP;
	IF coalesce(line ->> 'code', '') !~ '^[0-9A-Za-z_.-]{1,63}$' THEN
		RAISE EXCEPTION 'a line has a code' USING ERRCODE = 'UB312', DETAIL = format('It says %s.', coalesce(quote_literal(left(line ->> 'code', 64)), 'nothing')), HINT = 'Letters, digits and _ . - only.';
	END IF;
	quantity := line ->> 'quantity';
	price := line ->> 'price';
	amount := line ->> 'amount';
	product := round(CASE WHEN line ->> 'unit' = '%' AND (line ->> 'included')::boolean THEN quantity * price / nullif(100 + price, 0)
						  WHEN line ->> 'unit' = '%' THEN quantity * price / 100 ELSE quantity * price END, 2);
	IF coalesce(amount, product) IS NULL OR amount <> round(amount, 2) THEN
		RAISE EXCEPTION 'line "%" has no amount in whole cents', line ->> 'code' USING ERRCODE = 'UB312', HINT = 'Give amount, or quantity and price.';
	ELSIF amount <> product THEN
		RAISE EXCEPTION 'line "%" does not add up', line ->> 'code'
			USING ERRCODE = 'UB312', DETAIL = format('%s at %s is %s, not %s.', quantity, price, product, amount), HINT = 'Leave one of the three out, or correct it.';
	END IF;
	RETURN jsonb_strip_nulls(jsonb_build_object('code', line ->> 'code', 'tags', line -> 'tags', 'tax_class', line -> 'tax_class', 'quantity', trim_scale(quantity)::text,
		'unit', line -> 'unit', 'price', trim_scale(price)::text, 'amount', coalesce(amount, product)::numeric(20,2)::text,
		'kind', CASE WHEN (line ->> 'included')::boolean THEN 'included' END));
END $$;
COMMENT ON FUNCTION billing._hand_line(jsonb) IS 'a line as a person writes it, checked: its amount is quantity times price, rounded once';

CREATE FUNCTION billing._hand_charges(currency text, from_on date, until_on date, lines jsonb, carry billing.carry DEFAULT NULL)
RETURNS billing.charges
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made	billing.charges;
BEGIN
	IF jsonb_typeof(_hand_charges.lines) IS DISTINCT FROM 'array' OR jsonb_array_length(_hand_charges.lines) = 0 THEN
		RAISE EXCEPTION 'a bill has lines' USING ERRCODE = 'UB312', HINT = 'Give a list such as [{"code": "energy", "quantity": 100, "unit": "kWh", "price": "0.5"}].';
	END IF;
	WITH line AS MATERIALIZED (
		SELECT l.n, billing._hand_line(l.value) AS line FROM jsonb_array_elements(_hand_charges.lines) WITH ORDINALITY l(value, n)),
	charge AS MATERIALIZED (
		SELECT c.charge, row_number() OVER (ORDER BY min(c.n)) - 1 AS place
		  FROM (SELECT l.n, l.line - '{quantity,unit,price,amount,kind}'::text[] AS charge FROM line l) c GROUP BY c.charge)
	SELECT jsonb_strip_nulls(jsonb_build_object('currency', _hand_charges.currency, 'from', _hand_charges.from_on, 'until', _hand_charges.until_on,
			'charges', (SELECT jsonb_agg(c.charge ORDER BY c.place) FROM charge c),
			'lines', (SELECT jsonb_agg(l.line - '{tags,tax_class}'::text[] || jsonb_build_object('charge', c.place) ORDER BY l.n)
						FROM line l JOIN charge c ON c.charge = l.line - '{quantity,unit,price,amount,kind}'::text[]),
			'carry', billing.jsonb(_hand_charges.carry)))::text::billing.charges INTO made;
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._hand_charges(text, date, date, jsonb, billing.carry) IS 'charges of lines that a person wrote';

CREATE FUNCTION billing._currency_of(account_id bigint)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found	text;
BEGIN
	SELECT coalesce(h.currency, (SELECT billing.jsonb(v.tariff) ->> 'currency' FROM billing.account_plan p JOIN billing.plan_version v ON v.plan_id = p.plan_id
								  WHERE p.account_id = h.account_id ORDER BY p.from_on DESC, v.from_on DESC LIMIT 1)) INTO found
	  FROM billing.account_head h WHERE h.account_id = _currency_of.account_id;
	IF found IS NULL THEN
		RAISE EXCEPTION 'the account has no price plan' USING ERRCODE = 'UB305', HINT = 'set_plan() gives it one, and with it a currency.';
	END IF;
	RETURN found;
END $$;
COMMENT ON FUNCTION billing._currency_of(bigint) IS 'the currency of an account: that of its bills, else of its plan';

-- ---- drafts ----

CREATE FUNCTION billing._add_draft(account_id bigint, kind text, from_on date, until_on date, charges billing.charges, reason text, explanation text[] DEFAULT '{}',
								   usage_digest bytea DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	head	record;
	made	integer;
BEGIN
	SELECT h.org_id, h.seq, a.account_no INTO head FROM billing.account_head h JOIN billing.account a ON a.account_id = h.account_id
	 WHERE h.account_id = _add_draft.account_id FOR NO KEY UPDATE OF h;
	SELECT coalesce(max(d.draft_no), 0) + 1 INTO made FROM billing.bill_draft d WHERE d.account_id = _add_draft.account_id;
	INSERT INTO billing.bill_draft (account_id, draft_no, org_id, kind, from_on, until_on, total, reason, explanation, charges, usage_digest, after_seq)
	VALUES (_add_draft.account_id, made, head.org_id, _add_draft.kind, _add_draft.from_on, _add_draft.until_on, billing.total(_add_draft.charges), _add_draft.reason,
			_add_draft.explanation, _add_draft.charges, _add_draft.usage_digest, head.seq);
	PERFORM billing._audit(head.org_id, 'draft_bill', format('account %s', head.account_no),
		jsonb_build_object('draft_no', made, 'kind', _add_draft.kind, 'from_on', _add_draft.from_on, 'until_on', _add_draft.until_on,
			'total', billing.total(_add_draft.charges), 'reason', _add_draft.reason));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._add_draft(bigint, text, date, date, billing.charges, text, text[], bytea) IS 'puts a draft down, whoever made its lines; returns its number within the account';

CREATE FUNCTION billing.draft_bill(account_no text, kind text, from_on date, until_on date, lines jsonb, reason text, control_total numeric DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: puts down a draft, for who may write bills there.
DECLARE
	account	bigint := billing._account_of(draft_bill.account_no, 'write', 'bill');
	charges	billing.charges := billing._hand_charges(billing._currency_of(account), draft_bill.from_on, draft_bill.until_on, draft_bill.lines);
BEGIN
	IF draft_bill.kind IS NULL OR draft_bill.kind NOT IN ('adjustment', 'credit', 'penalty', 'theft', 'purchase', 'temporary', 'sundry') THEN
		RAISE EXCEPTION 'no bill of this kind is entered by hand'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Kinds: adjustment, credit, penalty, theft, purchase, temporary, sundry. draft_next_bill() makes one of what was used.';
	END IF;
	IF billing.total(charges) <> draft_bill.control_total THEN
		RAISE EXCEPTION 'the lines do not come to the total'
			USING ERRCODE = 'UB312', DETAIL = format('They come to %s, and %s was given.', billing.total(charges), draft_bill.control_total), HINT = 'Look for the line that is missing or wrong.';
	END IF;
	RETURN billing._add_draft(account, draft_bill.kind, draft_bill.from_on, draft_bill.until_on, charges, draft_bill.reason);
END $$;
COMMENT ON FUNCTION billing.draft_bill(text, text, date, date, jsonb, text, numeric) IS
'a draft with lines by hand: [{"code", "quantity", "unit", "price", "amount", "tags", "tax_class", "included"}…], an amount being quantity times price; control_total: what they come to; '
'kinds: adjustment, credit, penalty, theft, purchase, temporary, sundry; needs write on bill; returns the draft''s number within the account';

CREATE FUNCTION billing._market_for(plan_id bigint, version_on date, tariff billing.tariff, own billing.market, asked jsonb, calendar_id bigint, from_on date, until_on date)
RETURNS billing.market
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- its own, one that a run has prepared, or one made of the rows
	SELECT CASE WHEN _market_for.asked IS NULL OR _market_for.own IS NOT NULL THEN _market_for.own
				ELSE coalesce((SELECT m.market FROM billing.plan_market k JOIN billing.market_value m ON m.digest = k.digest
								WHERE k.plan_id = _market_for.plan_id AND k.from_on = _market_for.version_on AND k.month_on = date_trunc('month', _market_for.from_on::timestamp)::date
								  AND k.months = CASE WHEN _market_for.until_on <= date_trunc('month', _market_for.from_on::timestamp) + interval '1 month' THEN 1
													  WHEN _market_for.until_on <= date_trunc('month', _market_for.from_on::timestamp) + interval '2 months' THEN 2 END
								ORDER BY k.as_of DESC LIMIT 1),
					billing._market(_market_for.tariff, _market_for.asked, _market_for.calendar_id, _market_for.from_on, _market_for.until_on)) END;
END;
COMMENT ON FUNCTION billing._market_for(bigint, date, billing.tariff, billing.market, jsonb, bigint, date, date) IS 'the market of a version of a plan for these days, as a run takes it';

CREATE FUNCTION billing._next_charges(head billing.account_head, ends_on date, OUT until_on date, OUT charges billing.charges, OUT digest bytea)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	piece	record;
	said	record;
BEGIN
	SELECT p.* INTO piece FROM billing._piece_of(head.account_id, head.billed_to, ends_on) p;
	IF piece.tariff IS NULL THEN
		RAISE EXCEPTION 'the account has no price plan on the first day' USING ERRCODE = 'UB305', HINT = 'set_plan() gives it one.';
	END IF;
	until_on := piece.ends_on;
	IF head.usage_from = 'reading' THEN
		SELECT coalesce(billing._usage_of(head.account_id, daterange(head.billed_to, until_on)), billing.usage()) AS usage,
			   billing._usage_digest_at(head.account_id, head.billed_to, until_on, 9223372036854775807) AS digest INTO said;
	ELSE
		SELECT q.* INTO said FROM billing._stored_usage(head.account_id, head.usage_from, head.billed_to, until_on) q;
		IF said.sqlstate IS NOT NULL THEN
			RAISE EXCEPTION '%', said.message USING ERRCODE = said.sqlstate, DETAIL = coalesce(said.detail, ''), HINT = coalesce(said.hint, '');
		END IF;
	END IF;
	digest := said.digest;
	charges := billing.rate(piece.tariff, said.usage, daterange(head.billed_to, until_on), piece.terms,
		billing._market_for(piece.plan_id, piece.version_from_on, piece.tariff, piece.market, piece.asked, piece.calendar_id, head.billed_to, until_on), head.carry);
END $$;
COMMENT ON FUNCTION billing._next_charges(billing.account_head, date) IS 'what a run would make of an account''s next days, up to ends_on or a change of plan before it';

CREATE FUNCTION billing.draft_next_bill(account_no text, until_on date DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: puts down what a run would make, for who may write bills there.
DECLARE
	account	bigint := billing._account_of(draft_next_bill.account_no, 'write', 'bill');
	head	billing.account_head;
	next	record;
	ends_on	date;
BEGIN
	SELECT h.* INTO head FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	ends_on := least(draft_next_bill.until_on, head.stops_on, billing._period_end(head.billed_to, head.cycle_day, head.cycle_months, head.cycle_first),
					 (SELECT min(c) FROM unnest(head.plan_changes) c WHERE c > head.billed_to));
	IF ends_on <= head.billed_to THEN
		RAISE EXCEPTION 'account % is billed up to % already', draft_next_bill.account_no, to_char(head.billed_to, 'YYYY-MM-DD') USING ERRCODE = 'UB301';
	END IF;
	SELECT n.* INTO next FROM billing._next_charges(head, ends_on) n;
	RETURN billing._add_draft(account, 'normal', head.billed_to, next.until_on, next.charges, 'made for one account', '{}', next.digest);
END $$;
COMMENT ON FUNCTION billing.draft_next_bill(text, date) IS
'a draft of the next bill of one account, as a run would make it, so that it can be looked at or edited before it is issued; until_on: an earlier end; needs write on bill';

CREATE FUNCTION billing.draft_rated_bill(account_no text, kind text, plan_code text, from_on date, until_on date, reason text, terms jsonb DEFAULT '{}', registers jsonb DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: rates the account's readings by a plan beside its own, for who may write bills there.
DECLARE
	account	bigint := billing._account_of(draft_rated_bill.account_no, 'write', 'bill');
	version	billing.plan_version;
	usage	billing.usage;
	digest	bytea;
	rated	record;
BEGIN
	IF draft_rated_bill.kind IS NULL OR draft_rated_bill.kind NOT IN ('purchase', 'temporary', 'adjustment', 'sundry') THEN
		RAISE EXCEPTION 'no bill of this kind is rated by a plan of its own' USING ERRCODE = 'invalid_parameter_value', HINT = 'Kinds: purchase, temporary, adjustment, sundry.';
	END IF;
	SELECT v.* INTO version FROM billing.plan p JOIN billing.plan_version v ON v.plan_id = p.plan_id
	 WHERE p.plan_code = draft_rated_bill.plan_code AND v.from_on <= draft_rated_bill.from_on ORDER BY v.from_on DESC LIMIT 1;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('plan %s on %s', draft_rated_bill.plan_code, to_char(draft_rated_bill.from_on, 'YYYY-MM-DD')));
	END IF;
	IF draft_rated_bill.registers IS NULL THEN
		usage := billing._usage_of(account, daterange(draft_rated_bill.from_on, draft_rated_bill.until_on));
		digest := billing._usage_digest_at(account, draft_rated_bill.from_on, draft_rated_bill.until_on, 9223372036854775807);
	ELSE
		usage := billing.usage(registers => draft_rated_bill.registers);
	END IF;
	-- each such kind has one bill for a day
	IF draft_rated_bill.kind IN ('purchase', 'temporary') AND EXISTS (SELECT FROM billing.bill b
			WHERE b.account_id = account AND b.kind = draft_rated_bill.kind AND b.from_on < draft_rated_bill.until_on AND b.until_on > draft_rated_bill.from_on AND NOT billing._is_reversed(b)) THEN
		RAISE EXCEPTION 'account % has a bill of this kind for these days already', draft_rated_bill.account_no
			USING ERRCODE = 'UB301', HINT = 'reverse_bill() takes it back.';
	END IF;
	SELECT r.* INTO rated FROM billing.try_rate(version.tariff, coalesce(usage, billing.usage()), daterange(draft_rated_bill.from_on, draft_rated_bill.until_on), draft_rated_bill.terms,
		billing._market_for(version.plan_id, version.from_on, version.tariff, version.market, version.asked, version.calendar_id, draft_rated_bill.from_on, draft_rated_bill.until_on)) r;
	IF rated.sqlstate IS NOT NULL THEN
		RAISE EXCEPTION '%', rated.message USING ERRCODE = rated.sqlstate, DETAIL = coalesce(rated.detail, ''), HINT = coalesce(rated.hint, '');
	END IF;
	RETURN billing._add_draft(account, draft_rated_bill.kind, draft_rated_bill.from_on, draft_rated_bill.until_on, rated.charges, draft_rated_bill.reason,
		ARRAY[format('rated by plan %s', draft_rated_bill.plan_code)], digest);
END $$;
COMMENT ON FUNCTION billing.draft_rated_bill(text, text, text, date, date, text, jsonb, jsonb) IS
'a draft of what an account''s readings of these days, or the registers given, come to by a plan beside its own: purchase of what it delivers, temporary supply, adjustment, sundry; '
'needs write on bill; returns the draft''s number within the account';

CREATE FUNCTION billing._draft_of(account_no text, draft_no integer, action text)
RETURNS billing.bill_draft
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	account	bigint := billing._account_of(_draft_of.account_no, _draft_of.action, 'bill');
	draft	billing.bill_draft;
BEGIN
	PERFORM billing._lock_heads(ARRAY[account]);
	SELECT d.* INTO draft FROM billing.bill_draft d WHERE d.account_id = account AND d.draft_no = _draft_of.draft_no;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('draft %s of account %s', _draft_of.draft_no, _draft_of.account_no));
	END IF;
	IF draft.state <> 'draft' THEN
		RAISE EXCEPTION 'draft % of account % is % already', draft.draft_no, _draft_of.account_no, draft.state
			USING ERRCODE = 'UB313', DETAIL = format('By %s.', draft.ended_by), HINT = 'What is issued is reversed, never edited; make a new draft.';
	END IF;
	RETURN draft;
END $$;
COMMENT ON FUNCTION billing._draft_of(text, integer, text) IS 'a draft that is still one, of an account where the actor has the right, with the head locked';

CREATE FUNCTION billing.edit_draft(account_no text, draft_no integer, lines jsonb, reason text DEFAULT NULL, control_total numeric DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: other lines for a draft, for who may write bills there.
DECLARE
	draft	billing.bill_draft := billing._draft_of(edit_draft.account_no, edit_draft.draft_no, 'write');
	made	billing.charges := billing._hand_charges(billing.currency(draft.charges), draft.from_on, draft.until_on, edit_draft.lines, billing.carry(draft.charges));
BEGIN
	IF billing.total(made) <> edit_draft.control_total THEN
		RAISE EXCEPTION 'the lines do not come to the total'
			USING ERRCODE = 'UB312', DETAIL = format('They come to %s, and %s was given.', billing.total(made), edit_draft.control_total), HINT = 'Look for the line that is missing or wrong.';
	END IF;
	UPDATE billing.bill_draft d SET charges = made, total = billing.total(made), reason = coalesce(edit_draft.reason, d.reason), version = d.version + 1,
		   edited_by = billing.actor(), edited_at = now()
	 WHERE d.account_id = draft.account_id AND d.draft_no = draft.draft_no;
	PERFORM billing._audit(draft.org_id, 'edit_draft', format('account %s', edit_draft.account_no),
		jsonb_build_object('draft_no', draft.draft_no, 'version', draft.version + 1, 'before', billing.jsonb(draft.charges) -> 'lines', 'total_before', draft.total, 'total', billing.total(made)));
	RETURN draft.version + 1;
END $$;
COMMENT ON FUNCTION billing.edit_draft(text, integer, jsonb, text, numeric) IS
'other lines for a draft, as draft_bill() takes them; what it was before is in the audit trail, and an approval of it does not hold for what it is now; needs write on bill; returns the version';

CREATE FUNCTION billing.discard_draft(account_no text, draft_no integer)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: ends a draft, for who may write bills there.
DECLARE
	draft	billing.bill_draft := billing._draft_of(discard_draft.account_no, discard_draft.draft_no, 'write');
BEGIN
	PERFORM billing._given('discard_draft', account_no, draft_no);
	UPDATE billing.bill_draft d SET state = 'discarded', ended_by = billing.actor(), ended_at = now() WHERE d.account_id = draft.account_id AND d.draft_no = draft.draft_no;
	PERFORM billing._audit(draft.org_id, 'discard_draft', format('account %s', discard_draft.account_no), jsonb_build_object('draft_no', draft.draft_no, 'total', draft.total));
END $$;
COMMENT ON FUNCTION billing.discard_draft(text, integer) IS 'a draft will not be issued; it stays on record; needs write on bill';

CREATE FUNCTION billing.compare_draft(account_no text, draft_no integer)
RETURNS TABLE (code text, period text, component text, tier integer, unit text, price numeric, quantity numeric, amount numeric, billed_quantity numeric, billed_amount numeric, difference numeric)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH draft AS (
		SELECT d.* FROM billing.bill_draft d JOIN billing.account a ON a.account_id = d.account_id
		 WHERE a.account_no = compare_draft.account_no AND d.draft_no = compare_draft.draft_no),
	line AS (
		SELECT l.*, true AS is_draft, 1 AS sign FROM draft d CROSS JOIN LATERAL billing.lines(d.charges) l
		UNION ALL
		-- what stands of the same days
		SELECT l.*, false, CASE b.kind WHEN 'reversal' THEN -1 ELSE 1 END
		  FROM draft d JOIN billing.bill b ON b.account_id = d.account_id AND b.from_on = d.from_on AND b.until_on = d.until_on CROSS JOIN LATERAL billing.lines(b.charges) l)
	SELECT l.code, l.period, l.component, l.tier, l.unit, l.price, sum(l.quantity) FILTER (WHERE l.is_draft), coalesce(sum(l.amount) FILTER (WHERE l.is_draft), 0),
		   sum(l.quantity * l.sign) FILTER (WHERE NOT l.is_draft), coalesce(sum(l.amount * l.sign) FILTER (WHERE NOT l.is_draft), 0),
		   sum(CASE WHEN l.is_draft THEN l.amount ELSE -l.amount * l.sign END)
	  FROM line l GROUP BY l.code, l.period, l.component, l.tier, l.unit, l.price, l.kind
	 ORDER BY min(CASE WHEN l.is_draft THEN l.line ELSE l.line + 1000 END), l.code, l.price;
END;
COMMENT ON FUNCTION billing.compare_draft(text, integer) IS 'a draft line by line beside what the bills of the same days come to';

CREATE FUNCTION billing._guard_draft()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND OLD.state <> 'draft' THEN
		OLD.org_id := NEW.org_id;
	END IF;
	IF TG_OP = 'UPDATE' AND (OLD.state = 'draft' OR NEW OPERATOR(pg_catalog.*=) OLD) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'a draft that was issued or discarded stays as it is'
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'Make a new one.';
END $$;
COMMENT ON FUNCTION billing._guard_draft() IS 'trigger: drafts change until they are issued or discarded, and are never removed';

-- ---- issuing ----

CREATE FUNCTION billing._draft_detail(draft billing.bill_draft)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object('account_id', (draft).account_id, 'draft_no', (draft).draft_no, 'version', (draft).version, 'kind', (draft).kind, 'from_on', (draft).from_on,
		'until_on', (draft).until_on, 'digest', encode(billing.digest((draft).charges), 'hex'));
END;
COMMENT ON FUNCTION billing._draft_detail(billing.bill_draft) IS 'what exactly is approved of a draft';

CREATE FUNCTION billing.submit_draft(account_no text, draft_no integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: asks for approval, for who may write bills there.
DECLARE
	draft	billing.bill_draft := billing._draft_of(submit_draft.account_no, submit_draft.draft_no, 'write');
BEGIN
	PERFORM billing._given('submit_draft', account_no, draft_no);
	RETURN billing._ask_approval('manual_bill', draft.org_id, format('draft %s of account %s', draft.draft_no, submit_draft.account_no), billing._draft_detail(draft), draft.total);
END $$;
COMMENT ON FUNCTION billing.submit_draft(text, integer) IS 'asks that a draft be approved by a second person, see approve(); needs write on bill; returns approval_id';

CREATE FUNCTION billing.issue_draft(account_no text, draft_no integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: a draft that another has approved becomes a bill, for who may write bills there.
DECLARE
	draft	billing.bill_draft := billing._draft_of(issue_draft.account_no, issue_draft.draft_no, 'write');
	bill	billing.bill;
	head	billing.account_head;
	next	record;
	made	bigint;
BEGIN
	PERFORM billing._given('issue_draft', account_no, draft_no);
	SELECT h.* INTO head FROM billing.account_head h WHERE h.account_id = draft.account_id;
	IF draft.kind = 'normal' THEN
		-- the days of a period are the run's unless this comes first, and rest on the carry of then
		IF head.billed_to <> draft.from_on OR EXISTS (SELECT FROM billing.bill b WHERE b.account_id = draft.account_id AND b.seq > draft.after_seq AND b.kind IN ('normal', 'correction', 'reversal')) THEN
			RAISE EXCEPTION 'the account was billed since the draft was made'
				USING ERRCODE = 'UB313', DETAIL = format('It is billed up to %s.', to_char(head.billed_to, 'YYYY-MM-DD')), HINT = 'Discard it, and make a new one.';
		END IF;
		-- and so do readings, plan and prices, of lines that a person wrote the readings
		SELECT n.* INTO next FROM billing._next_charges(head, draft.until_on) n;
		IF next.until_on <> draft.until_on OR next.digest IS DISTINCT FROM draft.usage_digest OR (draft.version = 1 AND next.charges OPERATOR(billing.<>) draft.charges) THEN
			RAISE EXCEPTION 'what the draft rests on has changed since it was made'
				USING ERRCODE = 'UB313', DETAIL = CASE WHEN next.digest IS DISTINCT FROM draft.usage_digest THEN 'Other readings have come.' ELSE 'Plan, terms or prices of its days are others now.' END,
					  HINT = 'Discard it, and make a new one.';
		END IF;
	END IF;
	PERFORM billing._take_approval('manual_bill', draft.org_id, format('draft %s of account %s', draft.draft_no, issue_draft.account_no), billing._draft_detail(draft), draft.total);
	bill.account_id := draft.account_id;
	bill.from_on := draft.from_on;
	bill.until_on := draft.until_on;
	bill.kind := draft.kind;
	bill.total := draft.total;
	bill.reason := array_to_string(draft.reason || draft.explanation, E'\n');
	bill.charges := draft.charges;
	IF draft.kind = 'normal' THEN
		bill.usage_digest := draft.usage_digest;
		bill.revision := coalesce((SELECT max(b.revision) FROM billing.bill b WHERE b.account_id = draft.account_id AND b.from_on = draft.from_on), 0) + 1;
		made := billing._issue_bill(bill);
		UPDATE billing.account_head h SET billed_to = draft.until_on, carry = billing.carry(draft.charges) WHERE h.account_id = draft.account_id;
	ELSE
		made := billing._issue_bill(bill);
	END IF;
	UPDATE billing.bill_draft d SET state = 'issued', ended_by = billing.actor(), ended_at = now(), bill_seq = made WHERE d.account_id = draft.account_id AND d.draft_no = draft.draft_no;
	PERFORM billing._audit(head.org_id, 'issue_draft', format('account %s', issue_draft.account_no), jsonb_build_object('draft_no', draft.draft_no, 'version', draft.version, 'seq', made, 'total', draft.total));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.issue_draft(text, integer) IS
'a draft becomes a bill, once just this version of it is approved by another; needs write on bill; returns the link''s number';

CREATE FUNCTION billing.reverse_bill(account_no text, seq bigint, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: the reversal of a bill that no run made, for who may approve bills there.
DECLARE
	account	bigint := billing._correcting_account('reverse_bill', reverse_bill.account_no, reverse_bill.seq::text);
	bill	billing.bill;
	made	bigint;
BEGIN
	PERFORM billing._given('reverse_bill', account_no, seq, reason);
	PERFORM billing._lock_heads(ARRAY[account]);
	SELECT b.* INTO bill FROM billing.bill b WHERE b.account_id = account AND b.seq = reverse_bill.seq AND b.kind <> 'reversal' AND NOT billing._is_reversed(b);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('a bill of account %s with number %s', reverse_bill.account_no, reverse_bill.seq));
	END IF;
	IF bill.kind IN ('normal', 'correction') THEN
		RAISE EXCEPTION 'the bill of a period is voided, not reversed by itself' USING ERRCODE = 'UB303', HINT = 'void_bill() voids it with its corrections; request_correction() corrects it.';
	END IF;
	PERFORM billing._take_correction('reverse_bill', account, reverse_bill.account_no, reverse_bill.seq::text, reverse_bill.reason);
	made := billing._reverse_bill(bill, reverse_bill.reason);
	PERFORM billing._audit(bill.org_id, 'reverse_bill', format('account %s', reverse_bill.account_no), jsonb_build_object('seq', reverse_bill.seq, 'total', bill.total, 'reason', reverse_bill.reason));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.reverse_bill(text, bigint, text) IS
'reverses a bill that was issued from a draft, for a reason; those of periods are voided by void_bill(); needs approve on bill, and a second person where the rules say so (request_bill_correction()); returns the link''s number';

-- ---- the end of an account ----

CREATE FUNCTION billing.settle_deposit(account_no text)
RETURNS numeric
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: what the account has as deposit and in advance goes against what it owes, for who may write money there.
DECLARE
	account	bigint := billing._account_of(settle_deposit.account_no, 'write', 'money');
	head	billing.account_head;
	held	record;
	row		billing.transfer;
	moved	numeric := 0;
BEGIN
	PERFORM billing._given('settle_deposit', account_no);
	SELECT h.* INTO head FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	IF head.stops_on IS NULL OR head.billed_to < head.stops_on THEN
		RAISE EXCEPTION 'account % has no final bill yet', settle_deposit.account_no
			USING ERRCODE = 'UB314', DETAIL = CASE WHEN head.stops_on IS NULL THEN 'It is not closed.' ELSE format('It is billed up to %s, and ends on %s.', to_char(head.billed_to, 'YYYY-MM-DD'), to_char(head.stops_on, 'YYYY-MM-DD')) END,
				  HINT = 'A request of kind close ends it, and a run makes the final bill.';
	END IF;
	FOR held IN SELECT q.book, q.amount FROM (
					SELECT b.book, sum(CASE WHEN t.credit = b.book THEN t.amount ELSE -t.amount END) AS amount
					  FROM billing.transfer t JOIN unnest('{deposit,advance}'::text[]) b(book) ON b.book IN (t.debit, t.credit)
					 WHERE t.account_id = account GROUP BY b.book) q
				 WHERE q.amount > 0 ORDER BY q.book LOOP
		row := NULL;
		row.account_id := account;
		row.seq := head.seq + 1;
		row.org_id := head.org_id;
		row.issued_org_id := head.org_id;
		row.debit := held.book;
		row.credit := 'receivable';
		row.amount := held.amount;
		row.posted_at := now();
		row.posted_by := billing.actor();
		row.key := format('final %s', held.book);
		row.link := sha256(head.link || billing._transfer_content(row));
		INSERT INTO billing.transfer SELECT row.*;
		head.seq := row.seq;
		head.link := row.link;
		head.balance := head.balance - row.amount;
		moved := moved + row.amount;
	END LOOP;
	UPDATE billing.account_head h SET seq = head.seq, link = head.link, balance = head.balance WHERE h.account_id = account;
	PERFORM billing._audit(head.org_id, 'settle_deposit', format('account %s', settle_deposit.account_no), jsonb_build_object('amount', moved, 'balance', head.balance));
	RETURN head.balance;
END $$;
COMMENT ON FUNCTION billing.settle_deposit(text) IS
'after the final bill of an account: its deposit and what it paid in advance go against what it owes; needs write on money; returns what is left to pay, below zero what is owed to the customer';

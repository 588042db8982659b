-- ---- formulas ----

CREATE FUNCTION billing.meter_error_kwh(recorded_kwh numeric, error_percent numeric, part numeric DEFAULT 0.5)
RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT round((meter_error_kwh.recorded_kwh * 100 / nullif(100 + meter_error_kwh.error_percent, 0) - meter_error_kwh.recorded_kwh) * meter_error_kwh.part);
END;
COMMENT ON FUNCTION billing.meter_error_kwh(numeric, numeric, numeric) IS
'what a meter that a test found wrong by so many percent has recorded too little (above zero) or too much, in whole kWh: half of it, since nobody knows when the error began';

CREATE FUNCTION billing.multiplier_kwh(recorded_kwh numeric, used numeric, correct numeric)
RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT round(multiplier_kwh.recorded_kwh * (multiplier_kwh.correct - multiplier_kwh.used) / nullif(multiplier_kwh.used, 0));
END;
COMMENT ON FUNCTION billing.multiplier_kwh(numeric, numeric, numeric) IS 'what was recorded too little (above zero) or too much with a wrong multiplier, in whole kWh';

CREATE FUNCTION billing.wiring_kwh(recorded_kwh numeric, coefficient numeric)
RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT round(wiring_kwh.recorded_kwh * (wiring_kwh.coefficient - 1));
END;
COMMENT ON FUNCTION billing.wiring_kwh(numeric, numeric) IS
'what a wrongly wired meter has recorded too little or too much, in whole kWh; coefficient 更正系数: true power by recorded power, so 3 for one of three currents reversed';

CREATE FUNCTION billing.average_kwh(normal_kwh numeric, normal_days integer, days integer, recorded_kwh numeric DEFAULT 0)
RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT round(average_kwh.normal_kwh * average_kwh.days / nullif(average_kwh.normal_days, 0) - average_kwh.recorded_kwh);
END;
COMMENT ON FUNCTION billing.average_kwh(numeric, integer, integer, numeric) IS
'what a stopped meter, or one whose readings are lost, has recorded too little over so many days, in whole kWh, by the usage of normal days';

CREATE FUNCTION billing.theft_kwh(kw numeric, days integer, hours numeric)
RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT theft_kwh.kw * theft_kwh.days * theft_kwh.hours;
END;
COMMENT ON FUNCTION billing.theft_kwh(numeric, integer, numeric) IS 'what a load of so many kW has used unmeasured in so many days of so many hours 窃电量';

CREATE FUNCTION billing.power_factor_amount(billed numeric, percent_before numeric, percent_after numeric)
RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT round(power_factor_amount.billed / nullif(100 + power_factor_amount.percent_before, 0) * (power_factor_amount.percent_after - power_factor_amount.percent_before), 2);
END;
COMMENT ON FUNCTION billing.power_factor_amount(numeric, numeric, numeric) IS
'what a bill, adjusted by one percentage for its power factor, lacks of what it comes to by another, as when kvarh were missed';

-- ---- rules ----

CREATE FUNCTION billing.claim_defaults()
RETURNS TABLE (name text, value numeric, meaning text, source text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT v.name, v.value, v.meaning, '供电营业规则 (1996) ' || v.article FROM (VALUES
		('error_part', 0.5, 'part of the time since the last test for which a meter''s error is settled', '80'),
		('theft_days', 180, 'days of theft where its beginning is not known', '103'),
		('theft_hours_power', 12, 'hours a day of power users', '103'),
		('theft_hours_lighting', 6, 'hours a day of lighting and homes', '103'),
		('theft_times', 3, 'penalty of theft, times the charges evaded', '102'),
		('price_class_times', 2, 'penalty of dear use on a cheap line, times the difference', '100 (1)'),
		('price_class_months', 3, 'months of it where its beginning is not known', '100 (1)'),
		('excess_times', 3, 'penalty of unpermitted capacity under a two-part price, times its capacity charge', '100 (2)'),
		('excess_per_kw', 50, 'the same under other prices, by kW or kVA', '100 (2)'),
		('sealed_times', 2, 'penalty of using suspended or sealed equipment under a two-part price, times its capacity charge', '100 (4)'),
		('sealed_per_kw', 30, 'the same under other prices, by kW or kVA', '100 (4)'),
		('tampering_home', 500, 'penalty of moving or working metering equipment, at home', '100 (5)'),
		('tampering_other', 5000, 'the same elsewhere', '100 (5)')) v(name, value, meaning, article);
END;
COMMENT ON FUNCTION billing.claim_defaults() IS
'what claims are reckoned with where no org has laid down otherwise: the national rules of supply 供电营业规则 of 1996, by article. unpermitted_source_per_kw, the penalty of bringing in or giving '
'out power or running an own source in parallel, has no default: set_claim_rule() lays it down';

CREATE FUNCTION billing.set_claim_rule(org_no text, name text, value numeric, source text DEFAULT '')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes a rule of an org, for who may approve bills there.
DECLARE
	at_org	bigint := billing._org_of(set_claim_rule.org_no, 'approve', 'bill');
BEGIN
	PERFORM billing._given('set_claim_rule', org_no, name, value, source);
	INSERT INTO billing.claim_rule (org_id, name, value, source) VALUES (at_org, set_claim_rule.name, set_claim_rule.value, set_claim_rule.source)
	    ON CONFLICT ON CONSTRAINT claim_rule_pkey DO UPDATE SET value = excluded.value, source = excluded.source, set_by = excluded.set_by, set_at = excluded.set_at;
	PERFORM billing._audit(at_org, 'set_claim_rule', format('org %s', set_claim_rule.org_no), jsonb_build_object('name', set_claim_rule.name, 'value', set_claim_rule.value, 'source', set_claim_rule.source));
END $$;
COMMENT ON FUNCTION billing.set_claim_rule(text, text, numeric, text) IS 'what an org, and all below it, reckons claims with instead of claim_defaults(); source: where that is laid down; needs approve on bill';

CREATE FUNCTION billing._claim_rule(account_id bigint, name text)
RETURNS numeric
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found	numeric;
BEGIN
	SELECT coalesce((SELECT trim_scale(r.value) FROM billing.account a CROSS JOIN LATERAL (SELECT billing._orgs_over(a.org_id) AS orgs) o
					   JOIN billing.claim_rule r ON r.org_id = ANY (o.orgs) AND r.name = _claim_rule.name
					  WHERE a.account_id = _claim_rule.account_id ORDER BY array_position(o.orgs, r.org_id) LIMIT 1),
		(SELECT d.value FROM billing.claim_defaults() d WHERE d.name = _claim_rule.name)) INTO found;
	IF found IS NULL THEN
		RAISE EXCEPTION 'nobody has laid down what this claim is reckoned with' USING ERRCODE = 'UB315', DETAIL = format('Needed: %s.', _claim_rule.name), HINT = 'set_claim_rule() lays it down, with its source.';
	END IF;
	RETURN found;
END $$;
COMMENT ON FUNCTION billing._claim_rule(bigint, text) IS 'what claims on an account are reckoned with';

-- ---- drafts of them ----

CREATE FUNCTION billing._claim_number(inputs jsonb, field text, needed boolean DEFAULT true)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF inputs ->> field IS NULL AND NOT needed THEN
		RETURN NULL;
	END IF;
	IF coalesce(inputs ->> field, '') !~ '^-?[0-9]{1,15}(\.[0-9]{1,10})?$' THEN
		RAISE EXCEPTION 'the claim needs a number "%"', field
			USING ERRCODE = 'UB315', DETAIL = format('It says %s.', coalesce(left(inputs ->> field, 80), 'nothing')), HINT = 'Write it as 123.45, with at most ten decimals.';
	END IF;
	RETURN (inputs ->> field)::numeric;
END $$;
COMMENT ON FUNCTION billing._claim_number(jsonb, text, boolean) IS 'a number that a claim is made with';

CREATE FUNCTION billing._price_lines(kwh numeric, prices jsonb, OUT lines jsonb, OUT exact numeric)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong	text;
BEGIN
	IF jsonb_typeof(prices) <> 'array' OR jsonb_array_length(prices) = 0 THEN
		RAISE EXCEPTION 'the claim has no prices' USING ERRCODE = 'UB315', HINT = 'Give them as [{"code": "energy", "price": "0.5"}], each by kWh.';
	END IF;
	SELECT p.value::text INTO wrong FROM jsonb_array_elements(prices) p
	 WHERE jsonb_typeof(p.value) <> 'object' OR coalesce(p.value ->> 'price', '') !~ '^[0-9]{1,6}(\.[0-9]{1,10})?$' LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'a price of the claim is no price' USING ERRCODE = 'UB315', DETAIL = format('It says %s.', left(wrong, 80)), HINT = 'Give it as {"code": "energy", "price": "0.5"}, by kWh.';
	END IF;
	SELECT jsonb_agg(p.value || jsonb_build_object('quantity', trim_scale(kwh)::text, 'unit', 'kWh') ORDER BY p.n), sum(kwh * (p.value ->> 'price')::numeric)
	  INTO lines, exact FROM jsonb_array_elements(prices) WITH ORDINALITY p(value, n);
END $$;
COMMENT ON FUNCTION billing._price_lines(numeric, jsonb) IS 'lines of so many kWh at each of the prices, and what they come to before rounding';

CREATE FUNCTION billing._penalty_line(base numeric, times numeric, code text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- of what is unrounded: a penalty is no multiple of a rounding
	SELECT jsonb_build_object('code', _penalty_line.code, 'quantity', trim_scale(_penalty_line.base)::text, 'unit', '%', 'price', trim_scale(_penalty_line.times * 100)::text, 'tags', jsonb_build_array('penalty'));
END;
COMMENT ON FUNCTION billing._penalty_line(numeric, numeric, text) IS 'a penalty of so many times an amount';

CREATE FUNCTION billing._billed_kwh(account_id bigint, from_on date, until_on date, code text)
RETURNS numeric
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT sum(l.quantity) FROM billing.bill b CROSS JOIN LATERAL billing.lines(b.charges) l
	 WHERE b.account_id = _billed_kwh.account_id AND b.from_on >= _billed_kwh.from_on AND b.until_on <= _billed_kwh.until_on AND b.kind IN ('normal', 'correction')
	   AND NOT billing._is_reversed(b) AND l.code = _billed_kwh.code AND l.unit = 'kWh' AND l.kind = 'charge';
END;
COMMENT ON FUNCTION billing._billed_kwh(bigint, date, date, text) IS 'the energy of a charge in the bills of these days';

CREATE FUNCTION billing._fault_kwh(account_id bigint, fault text, recorded numeric, days integer, inputs jsonb, OUT kwh numeric, OUT how text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part	numeric;
BEGIN
	CASE fault
		WHEN 'error' THEN
			part := billing._claim_rule(_fault_kwh.account_id, 'error_part');
			kwh := billing.meter_error_kwh(recorded, billing._claim_number(inputs, 'error_percent'), part);
			how := format('recorded %s kWh at an error of %s %%: %s kWh for %s of the time', trim_scale(recorded), inputs ->> 'error_percent', kwh, trim_scale(part));
		WHEN 'multiplier' THEN
			kwh := billing.multiplier_kwh(recorded, billing._claim_number(inputs, 'used'), billing._claim_number(inputs, 'correct'));
			how := format('recorded %s kWh by multiplier %s instead of %s: %s kWh', trim_scale(recorded), inputs ->> 'used', inputs ->> 'correct', kwh);
		WHEN 'wiring' THEN
			kwh := billing.wiring_kwh(recorded, billing._claim_number(inputs, 'coefficient'));
			how := format('recorded %s kWh, correction coefficient %s: %s kWh', trim_scale(recorded), inputs ->> 'coefficient', kwh);
		WHEN 'stopped' THEN
			kwh := billing.average_kwh(billing._claim_number(inputs, 'normal_kwh'), billing._claim_number(inputs, 'normal_days')::integer, days, recorded);
			how := format('%s kWh in %s normal days, so %s kWh in %s days, of which %s are recorded: %s kWh', inputs ->> 'normal_kwh', inputs ->> 'normal_days', kwh + recorded, days, trim_scale(recorded), kwh);
		ELSE
			RAISE EXCEPTION 'there is no such fault of a meter' USING ERRCODE = 'invalid_parameter_value', HINT = 'Faults: error, multiplier, wiring, stopped.';
	END CASE;
END $$;
COMMENT ON FUNCTION billing._fault_kwh(bigint, text, numeric, integer, jsonb) IS 'what a faulty meter that recorded so much in so many days has recorded too little or too much, and how that is reckoned';

CREATE FUNCTION billing.draft_meter_claim(account_no text, fault text, from_on date, until_on date, inputs jsonb, prices jsonb, reason text)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: puts down a draft, for who may write bills there.
DECLARE
	account		bigint := billing._account_of(draft_meter_claim.account_no, 'write', 'bill');
	recorded	numeric := billing._claim_number(inputs, 'recorded_kwh', false);
	made		record;
BEGIN
	PERFORM billing._given('draft_meter_claim', account_no, fault, from_on, until_on, inputs, prices, reason);
	IF recorded IS NULL AND fault <> 'stopped' THEN
		recorded := billing._billed_kwh(account, draft_meter_claim.from_on, draft_meter_claim.until_on, prices -> 0 ->> 'code');
		IF recorded IS NULL THEN
			RAISE EXCEPTION 'no bill of these days has energy of this charge'
				USING ERRCODE = 'UB315', DETAIL = format('Looked for charge "%s" from %s to %s.', prices -> 0 ->> 'code', draft_meter_claim.from_on, draft_meter_claim.until_on),
					  HINT = 'Give "recorded_kwh", or days that whole bills cover.';
		END IF;
	END IF;
	SELECT f.* INTO made FROM billing._fault_kwh(account, fault, coalesce(recorded, 0), draft_meter_claim.until_on - draft_meter_claim.from_on, inputs) f;
	IF made.kwh IS NULL OR made.kwh = 0 THEN
		RAISE EXCEPTION 'the claim comes to nothing' USING ERRCODE = 'UB315', DETAIL = made.how, HINT = 'Look at its numbers.';
	END IF;
	RETURN billing._add_draft(account, 'adjustment', draft_meter_claim.from_on, draft_meter_claim.until_on,
		billing._hand_charges(billing._currency_of(account), draft_meter_claim.from_on, draft_meter_claim.until_on, (billing._price_lines(made.kwh, prices)).lines),
		draft_meter_claim.reason, ARRAY[made.how]);
END $$;
COMMENT ON FUNCTION billing.draft_meter_claim(text, text, date, date, jsonb, jsonb, text) IS
'a draft that bills or refunds, at given prices, what a faulty meter recorded too little or too much 退补: fault error {"error_percent"}, multiplier {"used", "correct"}, wiring {"coefficient"}, stopped '
'{"normal_kwh", "normal_days"}; recorded_kwh: without it that of the bills of these days; prices: [{"code", "price"}…] by kWh; draft_rated_claim() finds them by the tariff; needs write on bill';

-- ---- what the right quantity would have cost ----

CREATE FUNCTION billing._recorded_kwh(usage billing.usage, part text, channel text, during daterange)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	profile	billing.profile := billing.channel_profile(usage, part, channel);
BEGIN
	IF profile IS NOT NULL THEN
		RETURN coalesce(billing.energy_kwh(billing.slice(profile, during)), 0);
	END IF;
	-- what a register counted in part of its span nobody knows
	IF EXISTS (SELECT FROM billing.registers(usage) r WHERE r.part = _recorded_kwh.part AND r.channel = _recorded_kwh.channel AND NOT daterange(r.from_on, r.until_on) <@ during) THEN
		RAISE EXCEPTION 'the claim begins or ends between two readings of a register' USING ERRCODE = 'UB315', HINT = 'Give days that begin and end with a reading.';
	END IF;
	RETURN (SELECT sum(r.kwh) FROM billing.registers(usage) r WHERE r.part = _recorded_kwh.part AND r.channel = _recorded_kwh.channel);
END $$;
COMMENT ON FUNCTION billing._recorded_kwh(billing.usage, text, text, daterange) IS 'what a usage has of a channel on these days; null where it has neither profile nor register of it';

CREATE FUNCTION billing._spread(kwh numeric, recorded numeric[], step_kwh numeric)
RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	shares	numeric[];
BEGIN
	-- where nothing was recorded at all, evenly
	shares := billing.split_kwh(abs(kwh), CASE WHEN (SELECT sum(r) FROM unnest(recorded) r) > 0 THEN ARRAY(SELECT coalesce(r, 0) FROM unnest(recorded) WITH ORDINALITY u(r, n) ORDER BY n)
		ELSE ARRAY(SELECT CASE WHEN r IS NULL THEN 0 ELSE 1 END FROM unnest(recorded) WITH ORDINALITY u(r, n) ORDER BY n) END, step_kwh);
	RETURN ARRAY(SELECT CASE WHEN u.r IS NOT NULL THEN sign(kwh) * s.share END FROM unnest(recorded) WITH ORDINALITY u(r, n) JOIN unnest(shares) WITH ORDINALITY s(share, n) ON s.n = u.n ORDER BY u.n);
END $$;
COMMENT ON FUNCTION billing._spread(numeric, numeric[], numeric) IS 'a correction spread over what was recorded, in whole steps by largest remainder; what is missing gets none';

CREATE FUNCTION billing._usage_with(usage billing.usage, part text, channel text, during daterange, kwh numeric)
RETURNS billing.usage
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	profile		billing.profile := billing.channel_profile(usage, part, channel);
	inside		billing.profile := billing.slice(profile, during);
	slots		record;
	form		jsonb := billing.jsonb(usage);
	registers	jsonb;
BEGIN
	IF profile IS NULL THEN
		SELECT jsonb_agg(r.value || CASE WHEN r.value ->> 'channel' = _usage_with.channel
										 THEN jsonb_build_object('kwh', ((r.value ->> 'kwh')::numeric + s.shares[r.place])::text) ELSE '{}' END ORDER BY r.n) INTO registers
		  FROM (SELECT e.value, e.n, count(*) FILTER (WHERE e.value ->> 'channel' = _usage_with.channel) OVER (ORDER BY e.n) AS place
				  FROM jsonb_array_elements(form #> ARRAY[part, 'registers']) WITH ORDINALITY e(value, n)) r
		 CROSS JOIN (SELECT billing._spread(_usage_with.kwh, array_agg((e.value ->> 'kwh')::numeric ORDER BY e.n), 1) AS shares
					   FROM jsonb_array_elements(form #> ARRAY[part, 'registers']) WITH ORDINALITY e(value, n) WHERE e.value ->> 'channel' = _usage_with.channel) s;
		RETURN jsonb_set(form, ARRAY[part, 'registers'], registers)::billing.usage;
	END IF;
	SELECT array_agg(s.value * 0.001 ORDER BY s.at) AS kwh, count(s.value) AS there INTO slots FROM billing.slots(inside) s;
	IF slots.there IS NULL OR slots.there = 0 THEN
		RAISE EXCEPTION 'there are no readings that a claim could correct' USING ERRCODE = 'UB315', DETAIL = format('Looked for %s of part %s in %s.', channel, part, during),
			HINT = 'estimate_readings() estimates them, and settle_late() corrects the bills.';
	END IF;
	inside := billing.add(inside, billing.profile(billing.start_at(inside), billing.slot(inside), billing._spread(kwh, slots.kwh, 0.001), 'k' || billing.unit(inside), billing.time_zone(inside)));
	IF billing.start_at(inside) > billing.start_at(profile) THEN
		inside := billing.concat(billing.slice(profile, billing.start_at(profile), billing.start_at(inside)), inside);
	END IF;
	IF billing.until_at(inside) < billing.until_at(profile) THEN
		inside := billing.concat(inside, billing.slice(profile, billing.until_at(inside), billing.until_at(profile)));
	END IF;
	RETURN jsonb_set(form, ARRAY[part, channel], billing.jsonb(inside))::billing.usage;
END $$;
COMMENT ON FUNCTION billing._usage_with(billing.usage, text, text, daterange, numeric) IS
'a usage with a correction of a channel on these days, spread over its slots in watt-hours, or over its registers in kilowatt-hours, as they recorded';

CREATE FUNCTION billing._claimed_usage(account_id bigint, usage billing.usage, during daterange, part text, fault text, inputs jsonb, OUT claimed billing.usage, OUT how text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	channel		text;
	recorded	numeric;
	made		record;
	form		jsonb;
BEGIN
	claimed := usage;
	-- a wrong multiplier is wrong of all that the meter records
	FOR channel IN SELECT q.channel FROM (SELECT c.channel, c.part FROM billing.channels(usage) c UNION SELECT r.channel, r.part FROM billing.registers(usage) r) q
					WHERE q.part = _claimed_usage.part AND (fault = 'multiplier' OR q.channel = 'import') ORDER BY q.channel <> 'import', q.channel LOOP
		recorded := billing._recorded_kwh(usage, part, channel, during);
		SELECT f.* INTO made FROM billing._fault_kwh(_claimed_usage.account_id, fault, recorded, upper(during) - lower(during), inputs) f;
		IF made.kwh <> 0 THEN
			claimed := billing._usage_with(claimed, part, channel, during, made.kwh);
		END IF;
		how := coalesce(how, made.how);
	END LOOP;
	form := billing.jsonb(claimed);
	IF fault = 'multiplier' AND form #> ARRAY[part, 'demands'] IS NOT NULL THEN
		claimed := jsonb_set(form, ARRAY[part, 'demands'], (
			SELECT jsonb_agg(d.value || jsonb_strip_nulls(jsonb_build_object(
						'kw', trim_scale(round((d.value ->> 'kw')::numeric * (inputs ->> 'correct')::numeric / (inputs ->> 'used')::numeric, 6))::text,
						'kva', trim_scale(round((d.value ->> 'kva')::numeric * (inputs ->> 'correct')::numeric / (inputs ->> 'used')::numeric, 6))::text)) ORDER BY d.n)
			  FROM jsonb_array_elements(form #> ARRAY[part, 'demands']) WITH ORDINALITY d(value, n)))::billing.usage;
	END IF;
END $$;
COMMENT ON FUNCTION billing._claimed_usage(bigint, billing.usage, daterange, text, text, jsonb) IS 'a usage as it would be without the fault of a meter on these days, and how its energy is reckoned';

CREATE FUNCTION billing.draft_rated_claim(account_no text, fault text, from_on date, until_on date, inputs jsonb, reason text, part text DEFAULT 'main')
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: puts down a draft, for who may write bills there.
DECLARE
	account		bigint := billing._account_of(draft_rated_claim.account_no, 'write', 'bill');
	days		daterange := daterange(draft_rated_claim.from_on, draft_rated_claim.until_on);
	bill		billing.bill;
	piece		record;
	claim		record;
	booked		billing.charges[];
	rated		billing.charges;
	carry		billing.carry;
	now			billing.charges[] := '{}';
	before		billing.charges[] := '{}';
	amount		numeric;
	covered		integer := 0;
	explanation	text[] := '{}';
	difference	billing.charges;
BEGIN
	PERFORM billing._given('draft_rated_claim', account_no, fault, from_on, until_on, inputs, reason, part);
	PERFORM billing._lock_heads(ARRAY[account]);
	IF EXISTS (SELECT FROM billing._late_work(account)) THEN
		RAISE EXCEPTION 'account % has changes that its bills do not say yet', draft_rated_claim.account_no USING ERRCODE = 'UB315', HINT = 'settle_account() settles them; then claim what is left.';
	END IF;
	-- also later bills, as far as they follow from these: tier years, ratchets, banks
	FOR bill IN SELECT b.* FROM billing.bill b
				 WHERE b.account_id = account AND b.until_on > draft_rated_claim.from_on AND b.kind = 'normal' AND NOT billing._is_reversed(b) ORDER BY b.from_on LOOP
		IF cardinality(before) = 0 THEN
			carry := billing._carry_at(account, bill.from_on);
		END IF;
		booked := ARRAY(SELECT b.charges FROM billing._bills_of(account, bill.from_on, bill.until_on) b);
		before := before || booked;
		amount := -(SELECT sum(billing.total(c)) FROM unnest(booked) c);
		FOR piece IN SELECT p.*, days * daterange(p.from_on, p.until_on) AS during FROM billing._pieces_now(bill, false) p LOOP
			SELECT piece.usage AS claimed, NULL::text AS how INTO claim;
			IF NOT isempty(piece.during) THEN
				covered := covered + upper(piece.during) - lower(piece.during);
				SELECT c.* INTO claim FROM billing._claimed_usage(account, piece.usage, piece.during, draft_rated_claim.part, fault, inputs) c;
			END IF;
			rated := billing.rate(piece.tariff, claim.claimed, daterange(piece.from_on, piece.until_on), piece.terms, piece.market, carry);
			carry := billing.carry(rated);
			now := now || rated;
			amount := amount + billing.total(rated);
			explanation := explanation || claim.how;
		END LOOP;
		explanation := explanation || format('%s to %s: %s', to_char(bill.from_on, 'YYYY-MM-DD'), to_char(bill.until_on, 'YYYY-MM-DD'), amount);
	END LOOP;
	IF covered <> draft_rated_claim.until_on - draft_rated_claim.from_on OR covered <= 0 THEN
		RAISE EXCEPTION 'not all of these days are billed' USING ERRCODE = 'UB315', DETAIL = format('Bills cover %s days of them.', covered), HINT = 'The next run bills what is not; correct its readings.';
	END IF;
	difference := billing._charges_difference(now, before, draft_rated_claim.from_on, draft_rated_claim.until_on, NULL);
	IF (SELECT count(*) FROM billing.lines(difference)) = 0 THEN
		RAISE EXCEPTION 'the claim comes to nothing' USING ERRCODE = 'UB315', DETAIL = array_to_string(explanation, '; '), HINT = 'Look at its numbers.';
	END IF;
	RETURN billing._add_draft(account, 'adjustment', draft_rated_claim.from_on, draft_rated_claim.until_on, difference, draft_rated_claim.reason, array_remove(explanation, NULL));
END $$;
COMMENT ON FUNCTION billing.draft_rated_claim(text, text, date, date, jsonb, text, text) IS
'a draft that bills or refunds what a faulty meter recorded too little or too much 退补: the bills of these days, and later ones as far as they follow, rated again with the right quantity, less what was '
'billed; period by period, spread over slots or registers as they recorded; faults and inputs as for draft_meter_claim(); multiplier corrects all channels and recorded demands, the others import; '
'needs write on bill';

CREATE FUNCTION billing.draft_theft_claim(account_no text, until_on date, kw numeric, load text, prices jsonb, reason text, from_on date DEFAULT NULL, hours numeric DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: puts down a draft, for who may write bills there.
DECLARE
	account	bigint := billing._account_of(draft_theft_claim.account_no, 'write', 'bill');
	times	numeric := billing._claim_rule(account, 'theft_times');
	days	integer;
	a_day	numeric;
	kwh		numeric;
	priced	record;
BEGIN
	IF draft_theft_claim.load IS NULL OR draft_theft_claim.load NOT IN ('power', 'lighting') OR (draft_theft_claim.kw > 0 AND draft_theft_claim.kw < 1e6) IS NOT TRUE
			OR NOT draft_theft_claim.hours BETWEEN 0 AND 24 OR (isfinite(draft_theft_claim.until_on) AND isfinite(coalesce(draft_theft_claim.from_on, draft_theft_claim.until_on))) IS NOT TRUE THEN
		RAISE EXCEPTION 'theft is of so many kW of power or lighting, at most 24 hours a day' USING ERRCODE = 'UB315';
	END IF;
	a_day := coalesce(draft_theft_claim.hours, billing._claim_rule(account, 'theft_hours_' || draft_theft_claim.load));
	days := coalesce(draft_theft_claim.until_on - draft_theft_claim.from_on, billing._claim_rule(account, 'theft_days')::integer);
	kwh := billing.theft_kwh(draft_theft_claim.kw, days, a_day);
	SELECT p.lines, p.exact INTO priced FROM billing._price_lines(kwh, draft_theft_claim.prices) p;
	RETURN billing._add_draft(account, 'theft', draft_theft_claim.until_on - days, draft_theft_claim.until_on,
		billing._hand_charges(billing._currency_of(account), draft_theft_claim.until_on - days, draft_theft_claim.until_on, priced.lines || billing._penalty_line(priced.exact, times, 'theft_penalty')),
		draft_theft_claim.reason, ARRAY[format('%s kW for %s days%s, %s hours a day: %s kWh', trim_scale(draft_theft_claim.kw), days,
			CASE WHEN draft_theft_claim.from_on IS NULL THEN ' (its beginning is not known)' ELSE '' END, trim_scale(a_day), trim_scale(kwh)), format('penalty: %s times the charges', trim_scale(times))]);
END $$;
COMMENT ON FUNCTION billing.draft_theft_claim(text, date, numeric, text, jsonb, text, date, numeric) IS
'a draft for theft 窃电, found on until_on: kW times days times hours, at these prices by kWh, and the penalty; load: power or lighting, which says how many hours a day where that is not known; '
'without from_on for the days that claim_defaults() says; needs write on bill';

CREATE FUNCTION billing.draft_penalty(account_no text, breach text, from_on date, until_on date, inputs jsonb, reason text)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: puts down a draft, for who may write bills there.
DECLARE
	account	bigint := billing._account_of(draft_penalty.account_no, 'write', 'bill');
	begins	date := draft_penalty.from_on;
	kva		numeric;
	price	numeric;
	base	numeric;
	rate	numeric;
	lines	jsonb := '[]';
	how		text[];
BEGIN
	IF (isfinite(draft_penalty.until_on) AND isfinite(coalesce(begins, draft_penalty.until_on))) IS NOT TRUE THEN
		RAISE EXCEPTION 'a breach has days' USING ERRCODE = 'UB315';
	END IF;
	CASE draft_penalty.breach
		WHEN 'price_class' THEN
			-- dear use on a cheap line: the difference, and the penalty of it
			begins := coalesce(begins, (draft_penalty.until_on - make_interval(months => billing._claim_rule(account, 'price_class_months')::integer))::date);
			base := billing._claim_number(inputs, 'kwh') * (billing._claim_number(inputs, 'price') - billing._claim_number(inputs, 'price_paid'));
			rate := billing._claim_rule(account, 'price_class_times');
			lines := jsonb_build_array(jsonb_build_object('code', 'price_difference', 'quantity', inputs ->> 'kwh', 'unit', 'kWh',
				'price', (billing._claim_number(inputs, 'price') - billing._claim_number(inputs, 'price_paid'))::text), billing._penalty_line(base, rate, 'breach_penalty'));
			how := ARRAY[format('%s kWh at %s instead of %s from %s', inputs ->> 'kwh', inputs ->> 'price', inputs ->> 'price_paid', to_char(begins, 'YYYY-MM-DD')),
						 format('penalty: %s times the difference', trim_scale(rate))];
		WHEN 'excess_capacity', 'sealed_equipment' THEN
			kva := billing._claim_number(inputs, 'kva');
			price := billing._claim_number(inputs, 'price', false);
			IF price IS NULL THEN
				rate := billing._claim_rule(account, CASE draft_penalty.breach WHEN 'excess_capacity' THEN 'excess_per_kw' ELSE 'sealed_per_kw' END);
				lines := jsonb_build_array(jsonb_build_object('code', 'breach_penalty', 'quantity', trim_scale(kva)::text, 'unit', 'kVA', 'price', rate::text, 'tags', '["penalty"]'::jsonb));
				how := ARRAY[format('penalty: %s a kVA', rate)];
				begins := coalesce(begins, draft_penalty.until_on - 1);
			ELSE
				-- two-part: the capacity charge of its days, by thirtieths of a month
				base := kva * price * (draft_penalty.until_on - begins) / 30;
				rate := billing._claim_rule(account, CASE draft_penalty.breach WHEN 'excess_capacity' THEN 'excess_times' ELSE 'sealed_times' END);
				lines := jsonb_build_array(jsonb_build_object('code', 'capacity', 'amount', round(base, 2)::text), billing._penalty_line(round(base, 10), rate, 'breach_penalty'));
				how := ARRAY[format('capacity charge: %s kVA at %s for %s/30 months', trim_scale(kva), inputs ->> 'price', draft_penalty.until_on - begins),
							 format('penalty: %s times the capacity charge', trim_scale(rate))];
			END IF;
		WHEN 'unpermitted_source' THEN
			rate := billing._claim_rule(account, 'unpermitted_source_per_kw');
			lines := jsonb_build_array(jsonb_build_object('code', 'breach_penalty', 'quantity', trim_scale(billing._claim_number(inputs, 'kva'))::text, 'unit', 'kVA', 'price', rate::text, 'tags', '["penalty"]'::jsonb));
			how := ARRAY[format('penalty: %s a kVA', rate)];
			begins := coalesce(begins, draft_penalty.until_on - 1);
		WHEN 'tampering' THEN
			rate := billing._claim_rule(account, CASE WHEN (inputs ->> 'home')::boolean THEN 'tampering_home' ELSE 'tampering_other' END);
			lines := jsonb_build_array(jsonb_build_object('code', 'breach_penalty', 'quantity', coalesce(billing._claim_number(inputs, 'times', false), 1)::text, 'unit', 'piece', 'price', rate::text, 'tags', '["penalty"]'::jsonb));
			how := ARRAY[format('penalty: %s each time', rate)];
			begins := coalesce(begins, draft_penalty.until_on - 1);
		ELSE
			RAISE EXCEPTION 'there is no such breach' USING ERRCODE = 'invalid_parameter_value', HINT = 'Breaches: price_class, excess_capacity, sealed_equipment, unpermitted_source, tampering.';
	END CASE;
	IF lines IS NULL OR begins IS NULL THEN
		RAISE EXCEPTION 'the claim lacks its beginning' USING ERRCODE = 'UB315', HINT = 'Give from_on.';
	END IF;
	RETURN billing._add_draft(account, 'penalty', begins, draft_penalty.until_on,
		billing._hand_charges(billing._currency_of(account), begins, draft_penalty.until_on, lines), draft_penalty.reason, how);
END $$;
COMMENT ON FUNCTION billing.draft_penalty(text, text, date, date, jsonb, text) IS
'a draft for a breach of the supply contract 违约使用电费: price_class {"kwh", "price", "price_paid"}, excess_capacity or sealed_equipment {"kva"} with "price" by month under a two-part price, '
'unpermitted_source {"kva"}, tampering {"home"}; what it is reckoned with: claim_defaults(), set_claim_rule(); needs write on bill';

CREATE FUNCTION billing.draft_power_factor_claim(account_no text, from_on date, until_on date, billed numeric, percent_before numeric, percent_after numeric, reason text)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: puts down a draft, for who may write bills there.
DECLARE
	account	bigint := billing._account_of(draft_power_factor_claim.account_no, 'write', 'bill');
	amount	numeric := billing.power_factor_amount(draft_power_factor_claim.billed, draft_power_factor_claim.percent_before, draft_power_factor_claim.percent_after);
BEGIN
	PERFORM billing._given('draft_power_factor_claim', account_no, from_on, until_on, billed, percent_before, percent_after, reason);
	IF amount IS NULL OR amount = 0 THEN
		RAISE EXCEPTION 'the claim comes to nothing' USING ERRCODE = 'UB315', HINT = 'Look at its numbers.';
	END IF;
	RETURN billing._add_draft(account, 'adjustment', draft_power_factor_claim.from_on, draft_power_factor_claim.until_on,
		billing._hand_charges(billing._currency_of(account), draft_power_factor_claim.from_on, draft_power_factor_claim.until_on,
			jsonb_build_array(jsonb_build_object('code', 'power_factor', 'amount', amount::text))), draft_power_factor_claim.reason,
		ARRAY[format('%s was adjusted by %s %%, and is by %s %%', draft_power_factor_claim.billed, draft_power_factor_claim.percent_before, draft_power_factor_claim.percent_after)]);
END $$;
COMMENT ON FUNCTION billing.draft_power_factor_claim(text, date, date, numeric, numeric, numeric, text) IS
'a draft of what adjusted charges come to by another percentage of their power factor 力调, as when kvarh were missed; needs write on bill';

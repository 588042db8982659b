-- Which detectors there are, and what an org has them do.
CREATE FUNCTION billing.detectors()
RETURNS TABLE (kind text, meaning text, least_score double precision, bound numeric, unit text, within_days integer, action text, source text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 25
BEGIN ATOMIC
	SELECT v.* FROM (VALUES
		('gap', 'readings of these days did not come', 0.5::double precision, 0.02, 'share', 5, 'CALL billing.estimate_readings({org}, {from}, {until})', 'share of slots; measured: missing'),
		('spike', 'readings far above the meter''s own peaks', 0.9, NULL, NULL, 10, 'SELECT billing.mark_reading({account}, {from_at}, {until_at}, ''missing'', ''spike'')', 'outliers()'),
		('negative', 'readings below zero on a channel that counts one way', 0.9, NULL, NULL, 10, 'SELECT billing.mark_reading({account}, {from_at}, {until_at}, ''missing'', ''negative'')', 'outliers()'),
		('catch_up', 'zeros, then all of it in one reading', 0.9, NULL, NULL, 10, 'SELECT billing.mark_reading({account}, {from_at}, {until_at}, ''missing'', ''lump after zeros'')', 'outliers()'),
		('stuck', 'the same reading for longer than chance', 0.9, NULL, NULL, 10, 'SELECT billing.record_meter_test({meter}, ''on_request'', …)', 'outliers()'),
		('zero_run', 'nothing for longer than this meter''s own pauses', 0.95, NULL, NULL, 15, 'SELECT billing.record_register({account}, {until}, ''total'', …, ''check'')', 'outliers()'),
		('zero_use', 'no use at all on an account that is supplied, and used before', 0.9, 30, 'days', 15, 'SELECT billing.record_register({account}, {until}, ''total'', …, ''check'')', 'days in a row'),
		('inactive_use', 'use on an account that is not supplied any more', 0.5, 1, 'kWh', 5, 'SELECT billing.draft_theft_claim({account}, {until}, …)', 'energy after the end or the disconnection'),
		('level_shift', 'from a day on another share of what it was', 0.8, NULL, NULL, 30, 'SELECT billing.record_register({account}, {until}, ''total'', …, ''check'')', 'level_shift()'),
		('phase_fault', 'from a day on about 1/3, 1/2 or 2/3 of what it was: a phase or a current transformer', 0.8, 0.06, 'logarithm', 10,
			'SELECT billing.draft_rated_claim({account}, ''wiring'', {from}, {until}, ''{"coefficient": "…"}'', ''phase lost'')', 'level_shift(); bound: how far from the fraction'),
		('jump_own', 'another use than in the days before', 0.5, 2, 'times', 30, 'SELECT billing.record_register({account}, {until}, ''total'', …, ''check'')', 'ratio of means a day'),
		('jump_peers', 'another course than the other accounts', 0.5, 3, 'times', 30, 'SELECT billing.record_register({account}, {until}, ''total'', …, ''check'')', 'ratio of means, by the median ratio of the others'),
		('night_base', 'more at night than before', 0.5, 2, 'times', 30, 'SELECT billing.record_register({account}, {until}, ''total'', …, ''check'')', 'mean from 1 to 5 o''clock'),
		('rollover', 'a register that began again at zero', 0.3, NULL, NULL, 5, 'SELECT billing.approve_reading({account}, {from}, …)', 'checks of registers'),
		('reversal', 'a register that fell back', 0.5, NULL, NULL, 5, 'SELECT billing.record_register({account}, {until}, ''total'', …, ''check'')', 'checks of registers'),
		('power_factor', 'a power factor below the bound, and lower than before', 0.5, 0.85, 'PF', 30, 'SELECT billing.draft_power_factor_claim({account}, …)', 'kWh over the root of kWh² + kvarh²'),
		('over_contract', 'more demand than was agreed', 0.5, 1, 'times', 30, 'SELECT billing.draft_penalty({account}, ''excess_capacity'', {from}, {until}, …)', 'highest kW over contract_kw or capacity_kva of the terms'),
		('tier_splitting', 'several accounts of one holder at one address by one plan', 0.5, 1, 'accounts', 60, 'SELECT billing.open_supply_request(''close'', {account}, …)', 'equal address_key(); the same customer, paper, bank account or telephone'),
		('main_sub', 'the check meter counts otherwise than the billing meter, or the meters behind one more than it', 0.5, 0.02, 'share', 10, 'SELECT billing.record_meter_test({meter}, ''on_request'', …)',
			'difference over the energy of the check meter, or of the meters behind'),
		('area_balance', 'an area loses more than it should, or less than nothing', 0.5, 10, '%', 20, 'SELECT * FROM billing.area_losses({org}, {days})', 'area_losses()'),
		('suspected_theft', 'a model takes it for theft', 0.5, NULL, NULL, 10, 'SELECT billing.draft_theft_claim({account}, {until}, …)', 'a model of the store')
		) v(kind, meaning, least_score, bound, unit, within_days, action, source);
END;
COMMENT ON FUNCTION billing.detectors() IS
'what detectors look for, from which score on they tell, their limit (set_detector() sets another), within how many days somebody is to have seen to it, and the call that would';

CREATE FUNCTION billing._exceeds(measured double precision, bound double precision)
RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN _exceeds.measured <= 0 OR _exceeds.bound <= 0 THEN 0 WHEN _exceeds.measured / _exceeds.bound > 1e6 THEN 1
		ELSE 1 - 1 / (1 + (_exceeds.measured / _exceeds.bound) ^ 2) END;
END;
COMMENT ON FUNCTION billing._exceeds(double precision, double precision) IS 'the score of what has a limit: x² / (1 + x²) with x measured over the limit, so one half where it is just reached';

CREATE FUNCTION billing.set_detector(org_no text, kind text, enabled boolean DEFAULT true, least_score double precision DEFAULT NULL, bound numeric DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes a rule of an org, for who may approve readings there.
DECLARE
	at_org	bigint := billing._org_of(set_detector.org_no, 'approve', 'reading');
BEGIN
	PERFORM billing._given('set_detector', org_no, kind, enabled);
	IF set_detector.kind <> ALL (ARRAY(SELECT d.kind FROM billing.detectors() d)) THEN
		RAISE EXCEPTION 'there is no detector "%"', left(set_detector.kind, 80) USING ERRCODE = 'invalid_parameter_value', HINT = 'detectors() lists them.';
	END IF;
	INSERT INTO billing.detector_rule (org_id, kind, enabled, least_score, bound) VALUES (at_org, set_detector.kind, set_detector.enabled, set_detector.least_score, set_detector.bound)
	    ON CONFLICT ON CONSTRAINT detector_rule_pkey DO UPDATE SET enabled = excluded.enabled, least_score = excluded.least_score, bound = excluded.bound, set_by = excluded.set_by, set_at = excluded.set_at;
	PERFORM billing._audit(at_org, 'set_detector', format('org %s', set_detector.org_no),
		jsonb_strip_nulls(jsonb_build_object('kind', set_detector.kind, 'enabled', set_detector.enabled, 'least_score', set_detector.least_score, 'bound', set_detector.bound)));
END $$;
COMMENT ON FUNCTION billing.set_detector(text, text, boolean, double precision, numeric) IS
'switches a detector off or on for an org and all below it, and sets from which score on it tells and its limit; null: as detectors() says; needs approve on reading';

CREATE FUNCTION billing._detector_rules(org_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_object_agg(d.kind, jsonb_build_object('least', coalesce(r.least_score, d.least_score), 'bound', coalesce(r.bound, d.bound)))
	  FROM (SELECT billing._orgs_over(_detector_rules.org_id) AS orgs) o
	 CROSS JOIN billing.detectors() d
	  LEFT JOIN LATERAL (SELECT q.* FROM billing.detector_rule q WHERE q.org_id = ANY (o.orgs) AND q.kind = d.kind ORDER BY array_position(o.orgs, q.org_id) LIMIT 1) r ON true
	 WHERE coalesce(r.enabled, true);
END;
COMMENT ON FUNCTION billing._detector_rules(bigint) IS 'the detectors that are on at an org, each with its least score and its limit';

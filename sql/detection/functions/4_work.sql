-- The work list: who sees to what, and what it was.
CREATE FUNCTION billing._anomaly_of(anomaly_id bigint, states text[])
RETURNS billing.anomaly
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	anomaly	billing.anomaly;
BEGIN
	SELECT a.* INTO anomaly FROM billing.anomaly a WHERE a.anomaly_id = _anomaly_of.anomaly_id AND billing.can_write(a.org_id, 'reading') FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('anomaly %s', _anomaly_of.anomaly_id));
	END IF;
	IF anomaly.state <> ALL (_anomaly_of.states) THEN
		RAISE EXCEPTION 'anomaly % is %', anomaly.anomaly_id, replace(anomaly.state, '_', ' ')
			USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = coalesce(format('Closed by %s as %s.', anomaly.closed_by, anomaly.outcome), format('Its owner is %s.', coalesce(anomaly.owner, 'nobody'))),
				  HINT = 'A closed anomaly stays so: what it was teaches.';
	END IF;
	RETURN anomaly;
END $$;
COMMENT ON FUNCTION billing._anomaly_of(bigint, text[]) IS 'an anomaly in one of these states, locked, where the actor may write readings';

CREATE FUNCTION billing.assign_anomaly(anomaly_id bigint, owner text, due_on date DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: says who sees to it, for who may write readings there.
DECLARE
	anomaly	billing.anomaly;
BEGIN
	PERFORM billing._given('assign_anomaly', anomaly_id, owner);
	IF NOT isfinite(assign_anomaly.due_on) THEN
		RAISE EXCEPTION 'an anomaly is to be seen to until a day' USING ERRCODE = 'invalid_parameter_value', HINT = 'null leaves the day as it was.';
	END IF;
	anomaly := billing._anomaly_of(assign_anomaly.anomaly_id, '{open,assigned,in_work}');
	UPDATE billing.anomaly a SET state = 'assigned', owner = assign_anomaly.owner, due_on = coalesce(assign_anomaly.due_on, a.due_on) WHERE a.anomaly_id = anomaly.anomaly_id;
	PERFORM billing._audit(anomaly.org_id, 'assign_anomaly', format('anomaly %s', anomaly.anomaly_id), jsonb_strip_nulls(jsonb_build_object('owner', assign_anomaly.owner, 'due_on', assign_anomaly.due_on)));
END $$;
COMMENT ON FUNCTION billing.assign_anomaly(bigint, text, date) IS 'who is to see to an anomaly, and until when; null: as it was; needs write on reading';

CREATE FUNCTION billing.work_on_anomaly(anomaly_id bigint, note text DEFAULT '')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as assign_anomaly().
DECLARE
	anomaly	billing.anomaly;
BEGIN
	PERFORM billing._given('work_on_anomaly', anomaly_id, note);
	anomaly := billing._anomaly_of(work_on_anomaly.anomaly_id, '{open,assigned,in_work}');
	UPDATE billing.anomaly a SET state = 'in_work', owner = coalesce(a.owner, billing.actor()), note = work_on_anomaly.note WHERE a.anomaly_id = anomaly.anomaly_id;
	PERFORM billing._audit(anomaly.org_id, 'work_on_anomaly', format('anomaly %s', anomaly.anomaly_id), jsonb_build_object('note', work_on_anomaly.note));
END $$;
COMMENT ON FUNCTION billing.work_on_anomaly(bigint, text) IS 'somebody has begun to see to an anomaly: its owner, or where it had none the caller; needs write on reading';

CREATE FUNCTION billing.close_anomaly(anomaly_id bigint, outcome text, note text DEFAULT '')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as assign_anomaly().
DECLARE
	anomaly	billing.anomaly;
BEGIN
	PERFORM billing._given('close_anomaly', anomaly_id, outcome, note);
	anomaly := billing._anomaly_of(close_anomaly.anomaly_id, '{open,assigned,in_work}');
	UPDATE billing.anomaly a SET state = 'closed', outcome = close_anomaly.outcome, note = CASE WHEN close_anomaly.note = '' THEN a.note ELSE close_anomaly.note END,
		   closed_by = billing.actor(), closed_at = now() WHERE a.anomaly_id = anomaly.anomaly_id;
	-- an account where theft was confirmed, or was looked for and not found, is a label for the model of it
	INSERT INTO billing.model_label (account_id, model_id, until_on, org_id, label, source)
	SELECT anomaly.account_id, m.model_id, anomaly.looked_until, anomaly.org_id, close_anomaly.outcome = 'theft', format('anomaly %s', anomaly.anomaly_id)
	  FROM billing.model m
	 WHERE m.code = 'theft' AND m.org_id = ANY (billing._orgs_over(anomaly.org_id)) AND anomaly.account_id IS NOT NULL AND billing.can_write(anomaly.org_id, 'account')
	   AND (close_anomaly.outcome = 'theft' OR anomaly.kind = 'suspected_theft' AND close_anomaly.outcome <> 'unresolved')
	    ON CONFLICT ON CONSTRAINT model_label_pkey DO UPDATE SET label = excluded.label, source = excluded.source, set_by = excluded.set_by, set_at = excluded.set_at;
	PERFORM billing._audit(anomaly.org_id, 'close_anomaly', format('anomaly %s', anomaly.anomaly_id), jsonb_build_object('kind', anomaly.kind, 'outcome', close_anomaly.outcome, 'note', close_anomaly.note));
END $$;
COMMENT ON FUNCTION billing.close_anomaly(bigint, text, text) IS
'what an anomaly was: theft, meter_fault, wiring_fault, transformer_fault, reading_fault, master_data, changed_use, vacant, false_alarm or unresolved. Later probabilities and models learn from it; it cannot be opened again; needs '
'write on reading';

CREATE FUNCTION billing.anomaly_evidence(anomaly_id bigint)
RETURNS TABLE (kind text, part text, from_on date, until_on date, score double precision, kwh numeric, measured numeric, bound numeric, unit text, evidence jsonb)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: looks at readings and records of one account or area that the caller may read.
DECLARE
	anomaly	billing.anomaly;
BEGIN
	SELECT a.* INTO anomaly FROM billing.anomaly a WHERE a.anomaly_id = anomaly_evidence.anomaly_id AND billing.can_read(a.org_id, 'reading') AND billing.can_read(a.org_id, 'account');
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('anomaly %s', anomaly_evidence.anomaly_id));
	END IF;
	IF anomaly.area_id IS NOT NULL THEN
		RETURN QUERY
		SELECT anomaly.kind, anomaly.part, anomaly.looked_from, anomaly.looked_until, anomaly.score, l.loss_kwh, l.loss_percent, anomaly.bound, '%', to_jsonb(l)
		  FROM billing.transformer_area a JOIN billing.org o ON o.org_id = a.org_id
		 CROSS JOIN LATERAL billing.area_losses(o.org_no, daterange(anomaly.looked_from, anomaly.looked_until), anomaly.evidence ->> 'time_zone') l
		 WHERE a.area_id = anomaly.area_id AND l.area_no = a.area_no;
		RETURN;
	END IF;
	IF anomaly.kind = 'suspected_theft' THEN
		-- as that version sees it now, and what moved it most
		RETURN QUERY
		SELECT anomaly.kind, anomaly.part, s.from_on, anomaly.looked_until, s.probability, s.kwh, NULL::numeric, NULL::numeric, NULL::text, s.evidence
				|| jsonb_build_object('reasons', (SELECT jsonb_object_agg(e.feature, round(e.contribution::numeric, 4)) FROM (
					SELECT x.feature, x.contribution FROM billing.explain_score('theft', a.account_no, anomaly.looked_until, v.version) x
					 WHERE x.feature IS NOT NULL ORDER BY abs(x.contribution) DESC, x.feature LIMIT 5) e))
		  FROM billing.account a
		 CROSS JOIN LATERAL billing._model_version_of('theft', (anomaly.evidence ->> 'version')::integer) v
		 CROSS JOIN LATERAL billing._suspected(v, billing._model_reference(billing._orgs_below(v.org_id), billing._months_before(anomaly.looked_until, v.months)), a.org_id, a.account_id, a.account_id,
				daterange(anomaly.looked_from, anomaly.looked_until)) s
		 WHERE a.account_id = anomaly.account_id;
		RETURN;
	END IF;
	RETURN QUERY
	SELECT q.kind, q.part, q.from_on, q.until_on, q.score, q.kwh, q.measured, q.bound, q.unit, q.evidence
	  FROM billing._detect(anomaly.org_id, anomaly.account_id, anomaly.account_id, daterange(anomaly.looked_from, anomaly.looked_until),
			(SELECT jsonb_object_agg(d.kind, jsonb_build_object('least', 0, 'bound', coalesce(CASE WHEN d.kind = anomaly.kind THEN anomaly.bound END, d.bound))) FROM billing.detectors() d)
			-- the peers of its run
			|| jsonb_build_object('peers', jsonb_build_object('all', anomaly.evidence -> 'ratio_of_others'))) q
	 WHERE q.kind = anomaly.kind AND q.part = anomaly.part
	 ORDER BY q.score DESC;
END $$;
COMMENT ON FUNCTION billing.anomaly_evidence(bigint) IS
'looks again: what the detector of an anomaly sees in the same days now, whatever its score. No row: it is not there any more, as when readings came or were corrected';

-- ---- what is best for each ----

CREATE FUNCTION billing.best_plans(criteria jsonb, during daterange, plan_codes text[], terms jsonb DEFAULT NULL)
RETURNS TABLE (account_no text, own_plan_code text, before numeric, best_plan_code text, best numeric, saving numeric, offers jsonb, refused jsonb)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
	codes	text[] := ARRAY(SELECT DISTINCT p FROM unnest(best_plans.plan_codes) p ORDER BY p);
BEGIN
	IF cardinality(codes) NOT BETWEEN 1 AND 64 OR array_position(codes, NULL) IS NOT NULL THEN
		RAISE EXCEPTION 'one to 64 plans are compared' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM billing._check_trial(best_plans.during, p, NULL, NULL, best_plans.terms) FROM unnest(codes) p;
	RETURN QUERY
	WITH tried AS (
		SELECT r.account_id, codes[r.place] AS plan_code, r.before, r.after, r.sqlstate, r.message
		  FROM billing._try_accounts(billing._trial_accounts(best_plans.criteria, best_plans.during), best_plans.during, codes, NULL, best_plans.terms) r),
	offered AS (
		SELECT t.account_id, max(t.before) AS before, min(t.after) AS best, (array_agg(t.plan_code ORDER BY t.after, t.plan_code) FILTER (WHERE t.after IS NOT NULL))[1] AS plan_code,
			   jsonb_object_agg(t.plan_code, t.after) FILTER (WHERE t.after IS NOT NULL) AS offers, jsonb_object_agg(t.plan_code, t.message) FILTER (WHERE t.sqlstate IS NOT NULL) AS refused
		  FROM tried t GROUP BY t.account_id)
	SELECT a.account_no, p.plan_code, f.before, CASE WHEN f.best < f.before THEN f.plan_code ELSE p.plan_code END, least(f.best, f.before), greatest(f.before - f.best, 0),
		   coalesce(f.offers, '{}'), coalesce(f.refused, '{}')
	  FROM offered f
	  JOIN billing.account a ON a.account_id = f.account_id
	  LEFT JOIN LATERAL (
		SELECT n.plan_code FROM billing.account_plan q JOIN billing.plan n ON n.plan_id = q.plan_id
		 WHERE q.account_id = f.account_id AND q.from_on < upper(best_plans.during) ORDER BY q.from_on DESC LIMIT 1) p ON true
	 ORDER BY a.account_id;
END $$;
COMMENT ON FUNCTION billing.best_plans(jsonb, daterange, text[], jsonb) IS
'of some plans the one by which each account would have paid least for its billed periods within some days, and what it would have saved; where none is below what it paid, its own. '
'offers: what each plan comes to; refused: why a plan cannot be rated for it';

CREATE FUNCTION billing._choice_terms(account_id bigint, during daterange, choices jsonb)
RETURNS TABLE (choice text, terms jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	-- a term that is {"peaks": ["1", "1.05"]} is tried at each month's highest demand divided by each of these; of longer slots it is that of a slot
	SELECT DISTINCT c.key || coalesce(' ' || v.value, ''), CASE WHEN t.name IS NULL THEN c.value ELSE c.value || jsonb_build_object(t.name, v.value) END
	  FROM jsonb_each(_choice_terms.choices) c
	  LEFT JOIN LATERAL (SELECT m.key AS name, m.value -> 'peaks' AS peaks, coalesce((m.value ->> 'minutes')::integer, 15) * interval '1 minute' AS blocks FROM jsonb_each(c.value) m WHERE jsonb_typeof(m.value) = 'object' AND m.value ? 'peaks' LIMIT 1) t ON true
	  LEFT JOIN LATERAL (
		SELECT DISTINCT ceil(q.kw / d::numeric)::text AS value
		  FROM (SELECT max(billing.peak_kw(r.profile, CASE WHEN extract(epoch FROM t.blocks)::integer % extract(epoch FROM billing.slot(r.profile))::integer = 0 THEN t.blocks END)) AS kw FROM billing.reading r
				 WHERE r.account_id = _choice_terms.account_id AND r.part = 'main' AND r.channel = 'import' AND billing.unit(r.profile) = 'Wh' AND r.from_on >= lower(_choice_terms.during) AND r.until_on <= upper(_choice_terms.during)
				 GROUP BY date_trunc('month', r.from_on::timestamp)) q
		 CROSS JOIN jsonb_array_elements_text(t.peaks) d WHERE q.kw > 0) v ON t.name IS NOT NULL
	 WHERE t.name IS NULL OR v.value IS NOT NULL;
END;
COMMENT ON FUNCTION billing._choice_terms(bigint, daterange, jsonb) IS 'the choices of an account, each with the terms that it means for it';

CREATE FUNCTION billing._best_sequence(names text[], costs jsonb, periods integer, hold integer)
RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	best	numeric[] := ARRAY[0::numeric];		-- best[i + 1]: of the first i periods
	since	integer[] := '{}';					-- with the last change so many periods from the beginning
	taken	integer[] := '{}';					-- and to this choice
	chosen	integer[];
	cost	numeric;
	value	numeric;
	n		integer := cardinality(_best_sequence.names);
BEGIN
	FOR i IN 1 .. _best_sequence.periods LOOP
		best := best || NULL::numeric;
		since := since || 0;
		taken := taken || 0;
		FOR c IN 1 .. n LOOP
			cost := 0;
			FOR s IN REVERSE i .. 1 LOOP
				cost := cost + (_best_sequence.costs -> (c - 1) ->> (s - 1))::numeric;
				-- what held before may have begun long ago, what holds at the end goes on
				CONTINUE WHEN i - s + 1 < _best_sequence.hold AND i < _best_sequence.periods AND s > 1;
				value := best[s] + cost;
				IF best[i + 1] IS NULL OR value < best[i + 1] THEN
					best[i + 1] := value;
					since[i] := s;
					taken[i] := c;
				END IF;
			END LOOP;
		END LOOP;
	END LOOP;
	chosen := array_fill(0, ARRAY[_best_sequence.periods]);
	n := _best_sequence.periods;
	WHILE n > 0 LOOP
		FOR i IN since[n] .. n LOOP
			chosen[i] := taken[n];
		END LOOP;
		n := since[n] - 1;
	END LOOP;
	RETURN chosen;
END $$;
COMMENT ON FUNCTION billing._best_sequence(text[], jsonb, integer, integer) IS 'which of some choices to take in each period, such that each is held for so many periods and all cost least';

CREATE FUNCTION billing._terms_by_steps(changes jsonb, names text[], terms jsonb[])
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH step AS (
		SELECT m.name, c.place, c.value ->> 'from' AS from_on, _terms_by_steps.terms[array_position(_terms_by_steps.names, c.value ->> 'choice')] -> m.name AS value
		  FROM (SELECT DISTINCT k.k AS name FROM unnest(_terms_by_steps.terms) t CROSS JOIN LATERAL jsonb_object_keys(t.t) k) m
		 CROSS JOIN jsonb_array_elements(_terms_by_steps.changes) WITH ORDINALITY c(value, place)),
	-- a term that the first choice does not have, and so does not need, is there from the beginning
	known AS (
		SELECT s.name, s.place, s.value, CASE WHEN row_number() OVER (PARTITION BY s.name ORDER BY s.place) = 1 THEN _terms_by_steps.changes -> 0 ->> 'from' ELSE s.from_on END AS from_on
		  FROM step s WHERE s.value IS NOT NULL)
	SELECT coalesce(jsonb_object_agg(q.name, q.steps), '{}')
	  FROM (SELECT k.name, jsonb_agg(jsonb_build_object('from', k.from_on, 'value', k.value) ORDER BY k.place) AS steps FROM known k GROUP BY k.name) q;
END;
COMMENT ON FUNCTION billing._terms_by_steps(jsonb, text[], jsonb[]) IS 'choices that change from day to day as terms with dated steps';

CREATE FUNCTION billing._check_choices(choices jsonb, hold integer)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	member	text;
BEGIN
	SELECT c.key INTO member FROM jsonb_each(CASE jsonb_typeof(choices) WHEN 'object' THEN choices ELSE '{"": 0}' END) c WHERE jsonb_typeof(c.value) <> 'object' LIMIT 1;
	IF FOUND OR choices = '{}' OR choices IS NULL THEN
		RAISE EXCEPTION 'choices are an object of terms by name' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Such as {"capacity": {"basic_charge": "capacity"}, "contract": {"basic_charge": "contract", "contract_kw": {"peaks": ["1", "1.05"]}}}.';
	END IF;
	IF NOT coalesce(hold BETWEEN 1 AND 120, false) THEN
		RAISE EXCEPTION 'a choice is held for 1 to 120 periods' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT c.key INTO member FROM jsonb_each(choices) c CROSS JOIN LATERAL jsonb_each(c.value) m
	 WHERE m.value ? 'peaks' AND NOT (jsonb_typeof(m.value -> 'peaks') = 'array' AND jsonb_array_length(m.value -> 'peaks') BETWEEN 1 AND 4
		AND coalesce(m.value ->> 'minutes', '15') IN ('5', '10', '15', '20', '30', '60')
		AND NOT EXISTS (SELECT FROM jsonb_array_elements_text(m.value -> 'peaks') e WHERE e !~ '^[1-9][0-9]?(\.[0-9]{1,6})?$')) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'the divisors of peaks in choice "%" are none', left(member, 64) USING ERRCODE = 'invalid_parameter_value',
			HINT = 'One to four numbers from 1 on, such as {"peaks": ["1", "1.05"], "minutes": 30}; blocks are of 15 minutes, or of 5, 10, 20, 30 or 60.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_choices(jsonb, integer) IS 'raises where there is nothing to choose between';

CREATE FUNCTION billing.best_terms(criteria jsonb, during daterange, choices jsonb, hold integer DEFAULT 3, plan_code text DEFAULT NULL, tariff billing.tariff DEFAULT NULL)
RETURNS TABLE (account_no text, before numeric, choice text, terms jsonb, amount numeric, saving numeric, changes jsonb, changes_amount numeric, changes_saving numeric, refused jsonb)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
	id			bigint;
	v			record;		-- the versions that are tried
	account		record;		-- what it was billed, and its readings, read once for all choices
	tried		record;
	steps		jsonb;
	chosen		integer[];
BEGIN
	PERFORM billing._check_trial(during, plan_code, NULL, tariff, NULL);
	PERFORM billing._check_choices(choices, hold);
	SELECT t.* INTO v FROM billing._trial_versions(during, plan_code, NULL, tariff) t;
	FOREACH id IN ARRAY billing._trial_accounts(criteria, during) LOOP
		SELECT a.account_no, u.* INTO account
		  FROM billing._trial_usages(ARRAY[id], ARRAY[NULL::jsonb], during) u JOIN billing.account a ON a.account_id = u.account_id;
		CONTINUE WHEN NOT FOUND;
		account_no := account.account_no;
		SELECT jsonb_object_agg(c.choice, q.message) FILTER (WHERE q.sqlstate IS NOT NULL) AS refused,
			   array_agg(c.choice ORDER BY q.after, c.choice) FILTER (WHERE q.after IS NOT NULL) AS names, array_agg(c.terms ORDER BY q.after, c.choice) FILTER (WHERE q.after IS NOT NULL) AS terms,
			   jsonb_agg(to_jsonb(q.totals) ORDER BY q.after, c.choice) FILTER (WHERE q.after IS NOT NULL) AS costs, min(q.after) AS least
		  INTO tried
		  FROM billing._choice_terms(id, during, choices) c
		 CROSS JOIN LATERAL billing._rate_versions(id, c.terms, account.periods, account.usage, account.carry, v.plan_ids, v.calendar_ids, v.spans, v.tariffs, v.markets) r
		 CROSS JOIN LATERAL billing._trial_result(id, c.terms, during, plan_code, tariff, account.usage_from, account.currency, account.periods, r.rated) q;
		CONTINUE WHEN tried.names IS NULL AND tried.refused IS NULL;
		before := account.before;
		refused := coalesce(tried.refused, '{}');
		choice := tried.names[1];
		terms := tried.terms[1];
		amount := tried.least;
		saving := before - amount;
		changes := NULL;
		changes_amount := NULL;
		changes_saving := NULL;
		IF choice IS NOT NULL THEN
			-- what each choice costs by itself tells which to take when; what the whole comes to is rated, since a carry may go across
			chosen := billing._best_sequence(tried.names, tried.costs, cardinality(account.periods), hold);
			SELECT jsonb_agg(jsonb_build_object('from', lower(q.period), 'choice', tried.names[q.c]) ORDER BY q.n) INTO changes
			  FROM (SELECT u.n, u.c, u.period, lag(u.c) OVER (ORDER BY u.n) AS was FROM unnest(chosen, account.periods) WITH ORDINALITY u(c, period, n)) q WHERE q.was IS DISTINCT FROM q.c;
			steps := billing._terms_by_steps(changes, tried.names, tried.terms);
			SELECT q.after INTO changes_amount
			  FROM billing._rate_versions(id, steps, account.periods, account.usage, account.carry, v.plan_ids, v.calendar_ids, v.spans, v.tariffs, v.markets) r
			 CROSS JOIN LATERAL billing._trial_result(id, steps, during, plan_code, tariff, account.usage_from, account.currency, account.periods, r.rated) q;
			changes_saving := before - changes_amount;
		END IF;
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing.best_terms(jsonb, daterange, jsonb, integer, text, billing.tariff) IS
'of some choices of terms (capacity or demand 容量/需量, contract demand) the one by which each account would have paid least, with its terms; and the best changes between them, each held '
'for so many periods, with what they come to. A term {"peaks": ["1", "1.05"]} is tried at each month''s highest demand, and at that divided by 1.05, in whole kW; "minutes" beside "peaks" is the length of its blocks (15)';

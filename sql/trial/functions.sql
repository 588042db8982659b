-- Tariffs on trial: what the bills of many accounts would come to, and a tariff's figures turned.

-- ---- an account's periods in one go ----

CREATE FUNCTION billing._fold_step(internal, billing.tariff, billing.usage, daterange[], jsonb, billing.market, billing.carry)
RETURNS internal
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_rate_fold_step';
COMMENT ON FUNCTION billing._fold_step(internal, billing.tariff, billing.usage, daterange[], jsonb, billing.market, billing.carry) IS 'step of rate_fold()';
REVOKE ALL ON FUNCTION billing._fold_step(internal, billing.tariff, billing.usage, daterange[], jsonb, billing.market, billing.carry) FROM PUBLIC;

CREATE FUNCTION billing._fold_final(internal)
RETURNS billing.rated
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_rate_fold_final';
COMMENT ON FUNCTION billing._fold_final(internal) IS 'result of rate_fold()';
REVOKE ALL ON FUNCTION billing._fold_final(internal) FROM PUBLIC;

CREATE AGGREGATE billing.rate_fold(tariff billing.tariff, usage billing.usage, periods daterange[], terms jsonb, market billing.market, carry billing.carry) (
	SFUNC = billing._fold_step,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = billing._fold_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.rate_fold(billing.tariff, billing.usage, daterange[], jsonb, billing.market, billing.carry) IS
'the periods of one account, each rated as by rate() with the carry of the one before; the first goes on from the carry of the first row. A row a tariff, in the order of time '
'(ORDER BY): where the tariff changes, the carry goes on. Only what the bills come to is kept; one that cannot be rated ends the account and says why, see type rated';

-- ---- a tariff with other figures ----

CREATE FUNCTION billing.tariff_with(tariff billing.tariff, figures jsonb)
RETURNS billing.tariff
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	document	jsonb := billing.jsonb(tariff_with.tariff);
	figure		record;
	place		text[];
BEGIN
	IF jsonb_typeof(tariff_with.figures) <> 'object' THEN
		RAISE EXCEPTION 'figures are an object of paths and values' USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"charges/0/price": "0.52"}.';
	END IF;
	FOR figure IN SELECT f.key AS path, f.value FROM jsonb_each(tariff_with.figures) f ORDER BY f.key COLLATE "C"
	LOOP
		place := string_to_array(figure.path, '/');
		IF document #> place IS NULL THEN
			RAISE EXCEPTION 'the tariff has nothing at "%"', left(figure.path, 200)
				USING ERRCODE = 'invalid_parameter_value', HINT = 'A path names members and, counted from 0, elements: charges/0/price/peak.';
		END IF;
		document := jsonb_set(document, place, figure.value, false);
	END LOOP;
	RETURN billing.tariff(document);
END $$;
COMMENT ON FUNCTION billing.tariff_with(billing.tariff, jsonb) IS
'the tariff with other values at these paths, each of which must be there: {"charges/0/price/peak": "0.61", "charges/1/steps/0/to": "2160"}; checked as any tariff';

CREATE FUNCTION billing.tariff_figure(document jsonb, path text)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	said	text := tariff_figure.document #>> string_to_array(tariff_figure.path, '/');
BEGIN
	IF said IS NULL OR said !~ '^-?[0-9]{1,15}(\.[0-9]{1,15})?$' THEN
		RAISE EXCEPTION 'the tariff has no number at "%"', left(tariff_figure.path, 200)
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('There is %s.', coalesce(left(said, 100), 'nothing')),
				  HINT = 'A path names members and, counted from 0, elements: charges/0/price/peak.';
	END IF;
	RETURN said::numeric;
END $$;
COMMENT ON FUNCTION billing.tariff_figure(jsonb, text) IS 'the number at a path of a tariff''s document';

CREATE FUNCTION billing.tariff_parameters(tariff billing.tariff, parameters jsonb)
RETURNS TABLE (name text, paths text[], value numeric, lowest numeric, highest numeric, step numeric, balance boolean)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 4
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	document	jsonb := billing.jsonb(tariff_parameters.tariff);
	given		record;
	member		text;
BEGIN
	IF jsonb_typeof(tariff_parameters.parameters) <> 'object' OR tariff_parameters.parameters = '{}' THEN
		RAISE EXCEPTION 'parameters are an object, a member each' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Such as {"peak": {"path": "charges/0/price/peak", "from": "0.55", "to": "0.65", "step": "0.01"}}.';
	END IF;
	FOR given IN SELECT p.key, p.value FROM jsonb_each(tariff_parameters.parameters) p ORDER BY p.key COLLATE "C"
	LOOP
		IF jsonb_typeof(given.value) <> 'object' THEN
			RAISE EXCEPTION 'parameter "%" is not an object', left(given.key, 100) USING ERRCODE = 'invalid_parameter_value', HINT = 'It has "path", "from", "to" and "step".';
		END IF;
		SELECT k INTO member FROM jsonb_object_keys(given.value) k WHERE k NOT IN ('path', 'from', 'to', 'step', 'balance') ORDER BY k LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'parameter "%" has the unknown member "%"', left(given.key, 100), left(member, 100)
				USING ERRCODE = 'invalid_parameter_value', HINT = 'Members: path (one, or a list), from, to, step, balance.';
		END IF;
		name := given.key;
		paths := CASE jsonb_typeof(given.value -> 'path') WHEN 'string' THEN ARRAY[given.value ->> 'path']
				 WHEN 'array' THEN ARRAY(SELECT e FROM jsonb_array_elements_text(given.value -> 'path') e) END;
		IF paths IS NULL OR cardinality(paths) = 0 THEN
			RAISE EXCEPTION 'parameter "%" has no path', left(name, 100) USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as "charges/0/price/peak", or a list of several that have one value.';
		END IF;
		-- all of its places have the first one's value; each must be a number
		PERFORM billing.tariff_figure(document, p) FROM unnest(paths) p;
		value := billing.tariff_figure(document, paths[1]);
		lowest := billing.tariff_figure(given.value, 'from');
		highest := billing.tariff_figure(given.value, 'to');
		step := billing.tariff_figure(given.value, 'step');
		balance := coalesce((given.value ->> 'balance')::boolean, false);
		IF step <= 0 OR highest < lowest OR (highest - lowest) / step > 1000000 THEN
			RAISE EXCEPTION 'parameter "%" has no steps from % to %', left(name, 100), lowest, highest USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('The step is %s.', step), HINT = 'A step is above zero; at most a million of them lead from "from" to "to".';
		END IF;
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing.tariff_parameters(billing.tariff, jsonb) IS
'the parameters of a search, by name: paths into the tariff (those of one parameter have one value), the value now, the bounds and the step, and whether it is set to balance the revenue; checked';

CREATE FUNCTION billing.tariff_candidate(tariff billing.tariff, parameters jsonb, figures jsonb)
RETURNS billing.tariff
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing.tariff_with(tariff_candidate.tariff, coalesce(jsonb_object_agg(p.path, to_jsonb(tariff_candidate.figures ->> q.name)), '{}'))
	  FROM billing.tariff_parameters(tariff_candidate.tariff, tariff_candidate.parameters) q CROSS JOIN LATERAL unnest(q.paths) p(path) WHERE tariff_candidate.figures ? q.name;
END;
COMMENT ON FUNCTION billing.tariff_candidate(billing.tariff, jsonb, jsonb) IS
'the tariff with its parameters at these values, by name: {"peak": "0.61"}; those that are not named stay as they are';

CREATE FUNCTION billing.tariff_grid(tariff billing.tariff, parameters jsonb)
RETURNS TABLE (candidate integer, figures jsonb, candidate_tariff billing.tariff)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	size		numeric := 1;
	parameter	record;
BEGIN
	FOR parameter IN SELECT p.* FROM billing.tariff_parameters(tariff_grid.tariff, tariff_grid.parameters) p LOOP
		size := size * (trunc((parameter.highest - parameter.lowest) / parameter.step) + 1);
	END LOOP;
	IF size > 10000 THEN
		RAISE EXCEPTION 'the grid has % candidates', size USING ERRCODE = 'program_limit_exceeded', HINT = 'At most 10000: take fewer parameters, or longer steps.';
	END IF;
	RETURN QUERY
	WITH RECURSIVE parameter AS (
		SELECT p.*, row_number() OVER ()::integer AS n FROM billing.tariff_parameters(tariff_grid.tariff, tariff_grid.parameters) p),
	made AS (
		SELECT 0 AS n, '{}'::jsonb AS figures, '{}'::integer[] AS place
		 UNION ALL
		SELECT p.n, m.figures || jsonb_build_object(p.name, trim_scale(p.lowest + i * p.step)::text), m.place || i
		  FROM made m JOIN parameter p ON p.n = m.n + 1 CROSS JOIN LATERAL generate_series(0, trunc((p.highest - p.lowest) / p.step)::integer) i)
	SELECT row_number() OVER (ORDER BY m.place)::integer, m.figures, billing.tariff_candidate(tariff_grid.tariff, tariff_grid.parameters, m.figures)
	  FROM made m WHERE m.n = (SELECT max(p.n) FROM parameter p);
END $$;
COMMENT ON FUNCTION billing.tariff_grid(billing.tariff, jsonb) IS
'every combination of the values of some parameters of a tariff, in their order, as tariffs: {"peak": {"path": "charges/0/price/peak", "from": "0.55", "to": "0.65", "step": "0.01"}}; at most 10000';

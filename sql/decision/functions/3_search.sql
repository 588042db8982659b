-- ---- a tariff searched for ----

CREATE FUNCTION billing._search_options(constraints jsonb, objective text, method text, most integer)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	member	text;
BEGIN
	SELECT c.key INTO member FROM jsonb_each(CASE jsonb_typeof(_search_options.constraints) WHEN 'object' THEN _search_options.constraints ELSE '{"?": 0}' END) c
	 WHERE c.key NOT IN ('revenue_percent', 'rise_percent') OR c.value #>> '{}' !~ '^[0-9]{1,6}(\.[0-9]{1,6})?$' ORDER BY c.key LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'constraint "%" is none', left(member, 64) USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Such as {"revenue_percent": "0.1", "rise_percent": "5"}: how far revenue may be from what it was, and how much more anybody may pay.';
	END IF;
	IF _search_options.objective IS NULL OR _search_options.objective NOT IN ('moved', 'losers', 'rise', 'revenue') THEN
		RAISE EXCEPTION 'there is no objective "%"', left(coalesce(_search_options.objective, ''), 64) USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Objectives: moved (least money moved between customers), losers (fewest who pay more), rise (least rise of anybody), revenue (most).';
	END IF;
	IF _search_options.method IS NULL OR _search_options.method NOT IN ('grid', 'descent') OR NOT coalesce(_search_options.most BETWEEN 1 AND 10000, false) THEN
		RAISE EXCEPTION 'there is no such search' USING ERRCODE = 'invalid_parameter_value', HINT = 'Methods: grid, descent; at most 10000 candidates.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._search_options(jsonb, text, text, integer) IS 'raises where constraints, objective or method of a search are none';

CREATE FUNCTION billing._tariff_effects(account_ids bigint[], during daterange, tariffs billing.tariff[], terms jsonb)
RETURNS TABLE (place bigint, accounts bigint, refused bigint, before numeric, after numeric, winners bigint, losers bigint, largest_rise_percent numeric, moved numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT c.place::bigint, count(t.account_id), count(t.sqlstate), coalesce(sum(t.before) FILTER (WHERE t.sqlstate IS NULL), 0), coalesce(sum(t.after), 0),
		   count(*) FILTER (WHERE t.after < t.before), count(*) FILTER (WHERE t.after > t.before), coalesce(max(round(100 * (t.after - t.before) / nullif(t.before, 0), 4)), 0), coalesce(sum(abs(t.after - t.before)), 0)
	  FROM generate_subscripts(_tariff_effects.tariffs, 1) c(place)
	  LEFT JOIN billing._try_accounts(_tariff_effects.account_ids, _tariff_effects.during, NULL, _tariff_effects.tariffs, _tariff_effects.terms) t ON t.place = c.place
	 GROUP BY c.place ORDER BY c.place;
END $$;
COMMENT ON FUNCTION billing._tariff_effects(bigint[], daterange, billing.tariff[], jsonb) IS 'what comes of each of some tariffs for accounts, all of them together';

CREATE FUNCTION billing._try_figures(account_ids bigint[], during daterange, tariff billing.tariff, parameters jsonb, figures jsonb[], terms jsonb, constraints jsonb, objective text)
RETURNS billing._tried[]
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT array_agg(ROW(_try_figures.figures[e.place], e.accounts, e.refused, e.before, e.after, e.winners, e.losers, r.rise, e.moved,
			-- both in percent, so that one is not bought with the other
			greatest(0, coalesce(round(100 * abs(e.after - e.before) / nullif(e.before, 0), 6) - (_try_figures.constraints ->> 'revenue_percent')::numeric, 0))
				+ greatest(0, coalesce(r.rise - (_try_figures.constraints ->> 'rise_percent')::numeric, 0)),
			CASE _try_figures.objective WHEN 'moved' THEN e.moved WHEN 'losers' THEN e.losers WHEN 'rise' THEN r.rise ELSE -e.after END)::billing._tried ORDER BY e.place)
	  FROM billing._tariff_effects(_try_figures.account_ids, _try_figures.during,
			ARRAY(SELECT billing.tariff_candidate(_try_figures.tariff, _try_figures.parameters, f.f) FROM unnest(_try_figures.figures) WITH ORDINALITY f(f, n) ORDER BY f.n), _try_figures.terms) e
	 CROSS JOIN LATERAL (SELECT greatest(e.largest_rise_percent, 0) AS rise) r;
END;
COMMENT ON FUNCTION billing._try_figures(bigint[], daterange, billing.tariff, jsonb, jsonb[], jsonb, jsonb, text) IS 'the effects of a tariff with its parameters at some values, one after the other';

CREATE FUNCTION billing._try_balanced(account_ids bigint[], during daterange, tariff billing.tariff, parameters jsonb, figures jsonb[], terms jsonb, constraints jsonb, objective text, balance jsonb)
RETURNS billing._tried[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n		integer := cardinality(figures);
	lowest	numeric := balance ->> 'lowest';
	step	numeric := balance ->> 'step';
	highest	integer := trunc(((balance ->> 'highest')::numeric - lowest) / step);
	name	text := balance ->> 'name';
	low		integer[] := array_fill(0, ARRAY[n]);
	high	integer[] := array_fill(highest, ARRAY[n]);
	rising	boolean[];
	tried	billing._tried[];
	best	billing._tried[];
BEGIN
	-- revenue rises, or falls, with the parameter: the steps of all candidates are halved at once, until the one that brings it nearest is found
	best := billing._try_figures(account_ids, during, tariff, parameters, ARRAY(SELECT f || jsonb_build_object(name, trim_scale(lowest)::text) FROM unnest(figures) f), terms, constraints, objective);
	tried := billing._try_figures(account_ids, during, tariff, parameters, ARRAY(SELECT f || jsonb_build_object(name, trim_scale(lowest + highest * step)::text) FROM unnest(figures) f), terms, constraints, objective);
	FOR i IN 1 .. n LOOP
		rising[i] := tried[i].after >= best[i].after;
	END LOOP;
	LOOP
		FOR i IN 1 .. n LOOP
			IF abs(tried[i].after - tried[i].before) < abs(best[i].after - best[i].before) THEN
				best[i] := tried[i];
			END IF;
		END LOOP;
		-- all have as many steps, so that all are done at once, but for one
		EXIT WHEN NOT EXISTS (SELECT FROM unnest(low, high) s(low, high) WHERE s.high - s.low > 1);
		tried := billing._try_figures(account_ids, during, tariff, parameters,
			ARRAY(SELECT s.f || jsonb_build_object(name, trim_scale(lowest + (s.low + s.high) / 2 * step)::text) FROM unnest(figures, low, high) s(f, low, high)), terms, constraints, objective);
		FOR i IN 1 .. n LOOP
			IF (tried[i].after < tried[i].before) = rising[i] THEN
				low[i] := (low[i] + high[i]) / 2;
			ELSE
				high[i] := (low[i] + high[i]) / 2;
			END IF;
		END LOOP;
	END LOOP;
	RETURN best;
END $$;
COMMENT ON FUNCTION billing._try_balanced(bigint[], daterange, billing.tariff, jsonb, jsonb[], jsonb, jsonb, text, jsonb) IS
'the same with the one parameter that balances the revenue at the value that brings it nearest to what it was';

CREATE FUNCTION billing._grid_places(steps integer[])
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH RECURSIVE made AS (
		SELECT 0 AS n, '{}'::integer[] AS place
		 UNION ALL
		SELECT m.n + 1, m.place || i FROM made m CROSS JOIN LATERAL generate_series(0, _grid_places.steps[m.n + 1]) i WHERE m.n < cardinality(_grid_places.steps))
	SELECT array_agg(array_to_string(m.place, ',') ORDER BY m.place) FROM made m WHERE m.n = cardinality(_grid_places.steps);
END;
COMMENT ON FUNCTION billing._grid_places(integer[]) IS 'all places of a grid';

CREATE FUNCTION billing._next_places(place text, steps integer[], seen text[])
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- one step up or down of one parameter, where that was not tried
	SELECT array_agg(q.asked ORDER BY q.n, q.up)
	  FROM (SELECT k.k AS n, u.up, array_to_string(p.p[:k.k - 1] || (p.p[k.k] + u.up) || p.p[k.k + 1:], ',') AS asked
			  FROM (SELECT string_to_array(_next_places.place, ',')::integer[] AS p) p CROSS JOIN LATERAL generate_subscripts(p.p, 1) k(k) CROSS JOIN (VALUES (-1), (1)) u(up)
			 WHERE p.p[k.k] + u.up BETWEEN 0 AND _next_places.steps[k.k]) q
	 WHERE NOT q.asked = ANY (_next_places.seen);
END;
COMMENT ON FUNCTION billing._next_places(text, integer[], text[]) IS 'where a descent looks next; null: all about it is seen';

CREATE FUNCTION billing._figures_at(tariff billing.tariff, parameters jsonb, free text[], places text[])
RETURNS jsonb[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT array_agg(q.figures ORDER BY q.n)
	  FROM (SELECT a.n, coalesce(jsonb_object_agg(p.name, trim_scale(p.lowest + f.place::integer * p.step)::text) FILTER (WHERE p.name IS NOT NULL), '{}') AS figures
			  FROM unnest(_figures_at.places) WITH ORDINALITY a(place, n)
			  LEFT JOIN LATERAL unnest(_figures_at.free, string_to_array(a.place, ',')) f(name, place) ON true
			  LEFT JOIN billing.tariff_parameters(_figures_at.tariff, _figures_at.parameters) p ON p.name = f.name
			 GROUP BY a.n) q;
END;
COMMENT ON FUNCTION billing._figures_at(billing.tariff, jsonb, text[], text[]) IS 'the values of the free parameters at some places';

CREATE FUNCTION billing.search_tariff(criteria jsonb, during daterange, tariff billing.tariff, parameters jsonb, constraints jsonb DEFAULT '{}', objective text DEFAULT 'moved',
									  method text DEFAULT 'grid', terms jsonb DEFAULT NULL, most integer DEFAULT 200)
RETURNS TABLE (candidate integer, figures jsonb, accounts bigint, refused bigint, before numeric, after numeric, change_percent numeric, winners bigint, losers bigint,
			   largest_rise_percent numeric, moved numeric, meets boolean, chosen boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
	ids			bigint[];
	given		record;
	balance		jsonb;
	free		text[] := '{}';
	steps		integer[] := '{}';		-- of each free parameter
	place		integer[] := '{}';		-- where the tariff stands
	asked		text[];					-- places to be tried together
	seen		text[] := '{}';			-- places that were tried
	tried		billing._tried[];
	best		integer;				-- of those seen
	size		numeric := 1;
	t			billing._tried;
BEGIN
	PERFORM billing._check_trial(during, NULL, NULL, tariff, terms);
	PERFORM billing._search_options(constraints, objective, method, most);
	ids := billing._trial_accounts(criteria, during);
	FOR given IN SELECT p.* FROM billing.tariff_parameters(tariff, parameters) p LOOP
		IF given.balance THEN
			IF balance IS NOT NULL THEN
				RAISE EXCEPTION 'one parameter balances the revenue' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Both "%s" and "%s" are to.', balance ->> 'name', given.name);
			END IF;
			balance := to_jsonb(given);
		ELSE
			free := free || given.name;
			steps := steps || trunc((given.highest - given.lowest) / given.step)::integer;
			-- a descent begins at the step next to the value now
			place := place || least(greatest(round((given.value - given.lowest) / given.step), 0), trunc((given.highest - given.lowest) / given.step))::integer;
			size := size * (trunc((given.highest - given.lowest) / given.step) + 1);
		END IF;
	END LOOP;
	IF method = 'grid' AND size > most THEN
		RAISE EXCEPTION 'the grid has % candidates', size USING ERRCODE = 'program_limit_exceeded', HINT = 'Take longer steps, the method descent, or raise "most".';
	END IF;
	-- the tariff as it stands, to compare with
	tried := billing._try_figures(ids, during, tariff, parameters, ARRAY[(SELECT jsonb_object_agg(p.name, trim_scale(p.value)::text) FROM billing.tariff_parameters(tariff, parameters) p)], terms, constraints, objective);
	asked := CASE method WHEN 'grid' THEN billing._grid_places(steps) ELSE ARRAY[array_to_string(place, ',')] END;
	WHILE asked IS NOT NULL AND cardinality(seen) < most LOOP
		asked := asked[:most - cardinality(seen)];
		tried := tried || CASE WHEN balance IS NULL THEN billing._try_figures(ids, during, tariff, parameters, billing._figures_at(tariff, parameters, free, asked), terms, constraints, objective)
						  ELSE billing._try_balanced(ids, during, tariff, parameters, billing._figures_at(tariff, parameters, free, asked), terms, constraints, objective, balance) END;
		seen := seen || asked;
		-- the first of those that are as good stays
		FOR i IN cardinality(seen) - cardinality(asked) + 1 .. cardinality(seen) LOOP
			t := tried[i + 1];
			IF best IS NULL OR (t.violation, t.value) < (tried[best + 1].violation, tried[best + 1].value) THEN
				best := i;
			END IF;
		END LOOP;
		asked := CASE method WHEN 'descent' THEN billing._next_places(seen[best], steps, seen) END;
	END LOOP;
	FOR i IN 1 .. cardinality(tried) LOOP
		candidate := i - 1;
		figures := tried[i].figures;
		accounts := tried[i].accounts;
		refused := tried[i].refused;
		before := tried[i].before;
		after := tried[i].after;
		change_percent := round(100 * (after - before) / nullif(before, 0), 4);
		winners := tried[i].winners;
		losers := tried[i].losers;
		largest_rise_percent := tried[i].largest_rise_percent;
		moved := tried[i].moved;
		meets := tried[i].violation = 0;
		chosen := i = best + 1 AND meets;
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing.search_tariff(jsonb, daterange, billing.tariff, jsonb, jsonb, text, text, jsonb, integer) IS
'tries values of some parameters of a tariff on the billed periods of all accounts that meet some criteria: a grid, or a descent from where the tariff stands, one step of one parameter '
'at a time, the one that is best; candidate 0 is the tariff as it stands. Constraints: revenue within so many percent of what was billed, nobody pays more than so many percent more; of those that meet them the '
'best by the objective is chosen. A parameter with "balance" is set for each candidate such that revenue comes nearest to what it was. tariff_candidate() makes the tariff';

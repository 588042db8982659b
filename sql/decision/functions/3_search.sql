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

CREATE FUNCTION billing._try_figures(account_ids bigint[], during daterange, tariff billing.tariff, parameters jsonb, figures jsonb, terms jsonb, constraints jsonb, objective text)
RETURNS billing._tried
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
	t	billing._tried;
BEGIN
	SELECT count(*), count(r.sqlstate), coalesce(sum(r.before) FILTER (WHERE r.sqlstate IS NULL), 0), coalesce(sum(r.after), 0), count(*) FILTER (WHERE r.after < r.before), count(*) FILTER (WHERE r.after > r.before),
		   coalesce(max(round(100 * (r.after - r.before) / nullif(r.before, 0), 4)), 0), coalesce(sum(abs(r.after - r.before)), 0)
	  INTO t.accounts, t.refused, t.before, t.after, t.winners, t.losers, t.largest_rise_percent, t.moved
	  FROM billing._rate_accounts(_try_figures.account_ids, array_fill(_try_figures.terms, ARRAY[cardinality(_try_figures.account_ids)]), _try_figures.during, NULL, NULL,
			billing.tariff_candidate(_try_figures.tariff, _try_figures.parameters, _try_figures.figures)) r;
	t.figures := _try_figures.figures;
	t.largest_rise_percent := greatest(t.largest_rise_percent, 0);
	-- both in percent, so that one is not bought with the other
	t.violation := greatest(0, coalesce(round(100 * abs(t.after - t.before) / nullif(t.before, 0), 6) - (_try_figures.constraints ->> 'revenue_percent')::numeric, 0))
		+ greatest(0, coalesce(t.largest_rise_percent - (_try_figures.constraints ->> 'rise_percent')::numeric, 0));
	t.value := CASE _try_figures.objective WHEN 'moved' THEN t.moved WHEN 'losers' THEN t.losers WHEN 'rise' THEN t.largest_rise_percent ELSE -t.after END;
	RETURN t;
END $$;
COMMENT ON FUNCTION billing._try_figures(bigint[], daterange, billing.tariff, jsonb, jsonb, jsonb, jsonb, text) IS 'the effect of a tariff with its parameters at some values';

CREATE FUNCTION billing._balanced(account_ids bigint[], during daterange, tariff billing.tariff, parameters jsonb, figures jsonb, terms jsonb, constraints jsonb, objective text, balance jsonb)
RETURNS billing._tried
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	low		integer := 0;
	lowest	numeric := balance ->> 'lowest';
	step	numeric := balance ->> 'step';
	high	integer := trunc(((balance ->> 'highest')::numeric - lowest) / step);
	name	text := balance ->> 'name';
	middle	integer;
	rising	boolean;
	ends	billing._tried[];
	t		billing._tried;
	best	billing._tried;
BEGIN
	-- revenue rises, or falls, with the parameter: halves the steps until the one that brings it nearest is found
	FOR i IN 0 .. 1 LOOP
		ends := ends || billing._try_figures(account_ids, during, tariff, parameters, figures || jsonb_build_object(name, trim_scale(lowest + (CASE i WHEN 0 THEN low ELSE high END) * step)::text),
			terms, constraints, objective);
	END LOOP;
	rising := ends[2].after >= ends[1].after;
	best := CASE WHEN abs(ends[2].after - ends[2].before) < abs(ends[1].after - ends[1].before) THEN ends[2] ELSE ends[1] END;
	WHILE high - low > 1 LOOP
		middle := (low + high) / 2;
		t := billing._try_figures(account_ids, during, tariff, parameters, figures || jsonb_build_object(name, trim_scale(lowest + middle * step)::text), terms, constraints, objective);
		IF abs(t.after - t.before) < abs(best.after - best.before) THEN
			best := t;
		END IF;
		IF (t.after < t.before) = rising THEN
			low := middle;
		ELSE
			high := middle;
		END IF;
	END LOOP;
	RETURN best;
END $$;
COMMENT ON FUNCTION billing._balanced(bigint[], daterange, billing.tariff, jsonb, jsonb, jsonb, jsonb, text, jsonb) IS
'the same with the one parameter that balances the revenue at the value that brings it nearest to what it was';

CREATE FUNCTION billing._next_place(place integer[], steps integer[], seen jsonb)
RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- where it stands, then one step up or down of one parameter, the first that was not tried
	SELECT q.asked
	  FROM (SELECT 0 AS n, 0 AS up, _next_place.place AS asked
			 UNION ALL
			SELECT k.k, u.up, _next_place.place[:k.k - 1] || (_next_place.place[k.k] + u.up) || _next_place.place[k.k + 1:]
			  FROM generate_subscripts(_next_place.place, 1) k CROSS JOIN (VALUES (-1), (1)) u(up)
			 WHERE _next_place.place[k.k] + u.up BETWEEN 0 AND _next_place.steps[k.k]) q
	 WHERE NOT _next_place.seen ? array_to_string(q.asked, ',')
	 ORDER BY q.n, q.up LIMIT 1;
END;
COMMENT ON FUNCTION billing._next_place(integer[], integer[], jsonb) IS 'where a descent looks next; null: all about it is seen';

CREATE FUNCTION billing._try_place(account_ids bigint[], during daterange, tariff billing.tariff, parameters jsonb, free text[], place integer[], terms jsonb, constraints jsonb, objective text, balance jsonb)
RETURNS billing._tried
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	figures	jsonb;
BEGIN
	SELECT coalesce(jsonb_object_agg(f.name, trim_scale(p.lowest + f.place * p.step)::text), '{}') INTO figures
	  FROM unnest(_try_place.free, _try_place.place) f(name, place) JOIN billing.tariff_parameters(_try_place.tariff, _try_place.parameters) p ON p.name = f.name;
	IF balance IS NULL THEN
		RETURN billing._try_figures(account_ids, during, tariff, parameters, figures, terms, constraints, objective);
	END IF;
	RETURN billing._balanced(account_ids, during, tariff, parameters, figures, terms, constraints, objective, balance);
END $$;
COMMENT ON FUNCTION billing._try_place(bigint[], daterange, billing.tariff, jsonb, text[], integer[], jsonb, jsonb, text, jsonb) IS 'a candidate of a search, balanced where one parameter is for that';

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
	place		integer[] := '{}';		-- where the search stands
	asked		integer[];
	seen		jsonb := '{}';			-- places that were tried, by number
	tried		billing._tried[] := '{}';
	best		integer;
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
	t := billing._try_figures(ids, during, tariff, parameters, (SELECT jsonb_object_agg(p.name, trim_scale(p.value)::text) FROM billing.tariff_parameters(tariff, parameters) p), terms, constraints, objective);
	tried := tried || t;
	FOR i IN 0 .. CASE method WHEN 'grid' THEN size::integer - 1 ELSE most - 1 END LOOP
		IF method = 'grid' THEN
			-- its digits are the places, the last one first
			asked := place;
			size := i;
			FOR k IN REVERSE cardinality(free) .. 1 LOOP
				asked[k] := size % (steps[k] + 1);
				size := trunc(size / (steps[k] + 1));
			END LOOP;
		ELSE
			asked := billing._next_place(place, steps, seen);
			EXIT WHEN asked IS NULL;
		END IF;
		t := billing._try_place(ids, during, tariff, parameters, free, asked, terms, constraints, objective, balance);
		tried := tried || t;
		seen := seen || jsonb_build_object(array_to_string(asked, ','), cardinality(tried));
		-- the first of those that are as good stays
		IF best IS NULL OR (t.violation, t.value) < (tried[best].violation, tried[best].value) THEN
			best := cardinality(tried);
			place := asked;
		END IF;
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
		chosen := i = best AND meets;
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing.search_tariff(jsonb, daterange, billing.tariff, jsonb, jsonb, text, text, jsonb, integer) IS
'tries values of some parameters of a tariff on the billed periods of all accounts that meet some criteria: a grid, or a descent from where the tariff stands, one step of one parameter '
'at a time; candidate 0 is the tariff as it stands. Constraints: revenue within so many percent of what was billed, nobody pays more than so many percent more; of those that meet them the '
'best by the objective is chosen. A parameter with "balance" is set for each candidate such that revenue comes nearest to what it was. tariff_candidate() makes the tariff';

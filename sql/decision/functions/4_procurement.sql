-- ---- what is bought ----

CREATE FUNCTION billing.add_purchase_contract(org_no text, code text, seller text, kind text, shape text DEFAULT 'flat')
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write money there.
DECLARE
	at_org	bigint := billing._org_of(add_purchase_contract.org_no, 'write', 'money');
	made	bigint;
BEGIN
	PERFORM billing._given('add_purchase_contract', org_no, code, seller, kind, shape);
	INSERT INTO billing.purchase_contract (org_id, code, seller, kind, shape)
	VALUES (at_org, add_purchase_contract.code, add_purchase_contract.seller, add_purchase_contract.kind, add_purchase_contract.shape) RETURNING purchase_contract_id INTO made;
	PERFORM billing._audit(at_org, 'add_purchase_contract', format('purchase contract %s', add_purchase_contract.code), jsonb_build_object('seller', add_purchase_contract.seller, 'kind', add_purchase_contract.kind));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_purchase_contract(text, text, text, text, text) IS
'a contract by which an org buys energy: seller, kind (annual, monthly, green, …), shape: flat, the same in each hour, or load, as the load is; needs write on money';

CREATE FUNCTION billing.set_purchase_month(code text, month_on date, kwh numeric, price_per_kwh numeric)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_purchase_contract().
DECLARE
	contract	record;
	made		integer;
BEGIN
	PERFORM billing._given('set_purchase_month', code, month_on, kwh, price_per_kwh);
	SELECT c.purchase_contract_id, c.org_id INTO contract FROM billing.purchase_contract c WHERE c.code = set_purchase_month.code AND billing.can_write(c.org_id, 'money') FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('purchase contract %s', set_purchase_month.code));
	END IF;
	SELECT coalesce(max(m.revision), 0) + 1 INTO made FROM billing.purchase_month m WHERE m.purchase_contract_id = contract.purchase_contract_id AND m.month_on = set_purchase_month.month_on;
	INSERT INTO billing.purchase_month (purchase_contract_id, month_on, revision, org_id, kwh, price_per_kwh)
	VALUES (contract.purchase_contract_id, set_purchase_month.month_on, made, contract.org_id, set_purchase_month.kwh, set_purchase_month.price_per_kwh);
	PERFORM billing._audit(contract.org_id, 'set_purchase_month', format('purchase contract %s', set_purchase_month.code),
		jsonb_build_object('month_on', set_purchase_month.month_on, 'revision', made, 'kwh', set_purchase_month.kwh, 'price_per_kwh', set_purchase_month.price_per_kwh));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.set_purchase_month(text, date, numeric, numeric) IS
'energy and price of a purchase contract in the month that begins on a day; a later call for the month is its next revision, which holds; needs write on money; returns the revision';

CREATE FUNCTION billing._purchases(orgs bigint[], during daterange)
RETURNS TABLE (month_on date, code text, seller text, kind text, shape text, kwh numeric, price_per_kwh numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT DISTINCT ON (m.month_on, c.code) m.month_on, c.code, c.seller, c.kind, c.shape, m.kwh, m.price_per_kwh
	  FROM billing.purchase_contract c JOIN billing.purchase_month m ON m.purchase_contract_id = c.purchase_contract_id
	 WHERE c.org_id = ANY (_purchases.orgs) AND m.month_on >= lower(_purchases.during) AND m.month_on < upper(_purchases.during)
	 ORDER BY m.month_on, c.code, m.revision DESC;
END;
COMMENT ON FUNCTION billing._purchases(bigint[], daterange) IS 'what orgs have contracted for months that begin within some days';

CREATE FUNCTION billing._sales(orgs bigint[], during daterange)
RETURNS TABLE (month_on date, currency text, kwh numeric, amount numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
	-- what was billed and taken back is no sale
	SELECT s.month_on, s.currency, sum(s.kwh), sum(s.amount) FROM billing.bill_sum s
	 WHERE s.org_id = ANY (_sales.orgs) AND s.month_on >= lower(_sales.during) AND s.month_on < upper(_sales.during)
	 GROUP BY s.month_on, s.currency HAVING sum(s.bills) <> 0 OR sum(s.amount) <> 0;
END;
COMMENT ON FUNCTION billing._sales(bigint[], daterange) IS 'what orgs have billed for months that begin within some days';

CREATE FUNCTION billing._loads(orgs bigint[], during daterange, zone text)
RETURNS TABLE (month_on date, at timestamptz, slot interval, kwh numeric, missing boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH load AS (
		-- accounts are added up by length of slot, zone and span, as profiles, before any slot is looked at
		SELECT billing.slot(r.profile) AS slot, billing.sum(billing.slice(r.profile, lower(_loads.during)::timestamp AT TIME ZONE _loads.zone, upper(_loads.during)::timestamp AT TIME ZONE _loads.zone)) AS profile
		  FROM billing.reading r
		 WHERE r.org_id = ANY (_loads.orgs) AND r.channel = 'import' AND r.part = 'main' AND r.from_on > lower(_loads.during) - 31 AND r.from_on < upper(_loads.during) AND r.until_on > lower(_loads.during)
		   AND billing.unit(r.profile) = 'Wh'
		 GROUP BY billing.slot(r.profile), billing.time_zone(r.profile), r.from_on, r.until_on)
	SELECT date_trunc('month', t.at AT TIME ZONE _loads.zone)::date, t.at, l.slot, sum(t.value) * 0.001, bool_or(t.value IS NULL)
	  FROM load l CROSS JOIN LATERAL billing.slots(l.profile) t GROUP BY t.at, l.slot;
END $$;
COMMENT ON FUNCTION billing._loads(bigint[], daterange, text) IS 'what the accounts of orgs took slot by slot, by the length of their slots';

CREATE FUNCTION billing._check_sale_days(during daterange)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF _check_sale_days.during IS NULL OR isempty(_check_sale_days.during) OR lower_inf(_check_sale_days.during) OR upper_inf(_check_sale_days.during) OR NOT isfinite(lower(_check_sale_days.during))
		OR NOT isfinite(upper(_check_sale_days.during)) OR upper(_check_sale_days.during) - lower(_check_sale_days.during) > 3660
		OR extract(day FROM lower(_check_sale_days.during)) <> 1 OR extract(day FROM upper(_check_sale_days.during)) <> 1 THEN
		RAISE EXCEPTION 'purchase and sales are compared by whole months' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Given: %s.', _check_sale_days.during),
			HINT = 'Give a span such as daterange(''2026-01-01'', ''2027-01-01'').';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_sale_days(daterange) IS 'raises where days are no whole months';

CREATE FUNCTION billing.purchase_against_sales(org_no text, during daterange, spot_series text DEFAULT NULL)
RETURNS TABLE (month_on date, currency text, sold_kwh numeric, sales numeric, sale_price numeric, metered_kwh numeric, contract_kwh numeric, contract_cost numeric, spot_kwh numeric, spot_cost numeric,
			   unmetered_kwh numeric, unmetered_cost numeric, cost numeric, purchase_price numeric, margin numeric, margin_per_kwh numeric, unpriced_slots bigint, missing_slots bigint)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 12
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	orgs	bigint[] := billing._orgs_below(billing._org_of(purchase_against_sales.org_no, 'read', 'bill'));
	zone	text := (SELECT s.time_zone FROM billing.sum_setting s);
	series	bigint;
	mixed	record;
BEGIN
	PERFORM billing._org_of(purchase_against_sales.org_no, 'read', k) FROM unnest('{reading,money}'::text[]) k;
	PERFORM billing._check_sale_days(purchase_against_sales.during);
	-- what is bought is in the one currency in which the org sells: there is no other to say what it costs beside another
	SELECT s.month_on, string_agg(s.currency, ', ' ORDER BY s.currency) AS currencies INTO mixed FROM billing._sales(orgs, purchase_against_sales.during) s
	 GROUP BY s.month_on HAVING count(*) > 1 ORDER BY s.month_on LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'sales in several currencies are not compared with what was bought' USING ERRCODE = 'UB308',
			DETAIL = format('In the month from %s bills are in %s.', to_char(mixed.month_on, 'YYYY-MM-DD'), mixed.currencies), HINT = 'Ask of each org below that sells in one.';
	END IF;
	IF purchase_against_sales.spot_series IS NOT NULL THEN
		SELECT s.series_id INTO series FROM billing.price_series s WHERE s.series_code = purchase_against_sales.spot_series;
		IF NOT FOUND THEN
			PERFORM billing._not_found(format('price series %s', purchase_against_sales.spot_series));
		END IF;
	END IF;
	RETURN QUERY
	WITH sale AS (SELECT s.* FROM billing._sales(orgs, purchase_against_sales.during) s),
	load AS MATERIALIZED (SELECT l.* FROM billing._loads(orgs, purchase_against_sales.during, zone) l),
	price AS MATERIALIZED (
		-- of two publications of a slot the later
		SELECT DISTINCT ON (u.at) u.at, u.until_at, u.price
		  FROM (SELECT p.publication_no, p.from_at + (x.place - 1) * make_interval(mins => s.slot_minutes) AS at, p.from_at + x.place * make_interval(mins => s.slot_minutes) AS until_at, x.price
				  FROM billing.price_series s JOIN billing.series_price p ON p.series_id = s.series_id CROSS JOIN LATERAL unnest(p.prices) WITH ORDINALITY x(price, place)
				 WHERE s.series_id = series AND p.from_at < upper(purchase_against_sales.during)::timestamp AT TIME ZONE zone AND p.until_at > lower(purchase_against_sales.during)::timestamp AT TIME ZONE zone) u
		 ORDER BY u.at, u.publication_no DESC),
	bought AS MATERIALIZED (SELECT p.* FROM billing._purchases(orgs, purchase_against_sales.during) p),
	contracted AS (
		SELECT b.month_on, sum(b.kwh) AS kwh, sum(b.kwh * b.price_per_kwh) AS cost, coalesce(sum(b.kwh) FILTER (WHERE b.shape = 'flat'), 0) AS flat, coalesce(sum(b.kwh) FILTER (WHERE b.shape = 'load'), 0) AS shaped
		  FROM bought b GROUP BY b.month_on),
	whole AS (SELECT l.month_on, sum(l.kwh) AS kwh, sum(extract(epoch FROM l.slot)) FILTER (WHERE l.slot = f.finest) AS seconds, count(*) FILTER (WHERE l.missing) AS missing
				FROM load l CROSS JOIN (SELECT min(l.slot) AS finest FROM load l) f GROUP BY l.month_on),
	slot AS (
		-- a slot pays the mean of the prices within it, or the one that it lies in, for what no contract covers; what is over is sold at that price
		SELECT l.month_on, l.kwh - coalesce(c.flat * extract(epoch FROM l.slot) / nullif(w.seconds, 0), 0) * (CASE WHEN l.slot = f.finest THEN 1 ELSE 0 END) - coalesce(c.shaped * l.kwh / nullif(w.kwh, 0), 0) AS open,
			   (SELECT avg(p.price) FROM price p WHERE p.at < l.at + l.slot AND p.until_at > l.at) AS price
		  FROM load l CROSS JOIN (SELECT min(l.slot) AS finest FROM load l) f JOIN whole w ON w.month_on = l.month_on LEFT JOIN contracted c ON c.month_on = l.month_on),
	spot AS (
		SELECT s.month_on, sum(s.open) AS kwh, sum(s.open * s.price) AS cost, avg(s.price) AS mean, count(*) FILTER (WHERE s.price IS NULL AND round(s.open, 6) <> 0) AS unpriced FROM slot s GROUP BY s.month_on),
	q AS (
		SELECT m.month_on, s.currency, coalesce(s.kwh, 0) AS sold_kwh, coalesce(s.amount, 0) AS sales, coalesce(w.kwh, 0) AS metered_kwh, coalesce(c.kwh, 0) AS contract_kwh, coalesce(c.cost, 0) AS contract_cost,
			   coalesce(t.kwh, -c.kwh, 0) AS spot_kwh, t.cost AS spot_cost, greatest(coalesce(s.kwh, 0) - coalesce(w.kwh, 0), 0) AS unmetered_kwh, t.mean, coalesce(t.unpriced, 0) AS unpriced, coalesce(w.missing, 0) AS missing
		  FROM (SELECT g::date AS month_on FROM generate_series(lower(purchase_against_sales.during)::timestamp, upper(purchase_against_sales.during)::timestamp - interval '1 day', interval '1 month') g) m
		  LEFT JOIN sale s ON s.month_on = m.month_on LEFT JOIN whole w ON w.month_on = m.month_on LEFT JOIN contracted c ON c.month_on = m.month_on LEFT JOIN spot t ON t.month_on = m.month_on),
	r AS (
		SELECT q.*, CASE WHEN q.unmetered_kwh = 0 THEN 0 ELSE q.unmetered_kwh * q.mean END AS unmetered_cost,
			   -- a margin with a hole in it would be taken for one
			   CASE WHEN q.unpriced = 0 AND round(q.spot_kwh, 6) * (CASE WHEN q.spot_cost IS NULL THEN 1 ELSE 0 END) = 0 THEN q.contract_cost + coalesce(q.spot_cost, 0)
					+ CASE WHEN q.unmetered_kwh = 0 THEN 0 ELSE q.unmetered_kwh * q.mean END END AS cost FROM q)
	SELECT r.month_on, r.currency, round(r.sold_kwh, 3), round(r.sales, 2), round(r.sales / nullif(r.sold_kwh, 0), 6), round(r.metered_kwh, 3), round(r.contract_kwh, 3), round(r.contract_cost, 2), round(r.spot_kwh, 3),
		   round(r.spot_cost, 2), round(r.unmetered_kwh, 3), round(r.unmetered_cost, 2), round(r.cost, 2), round(r.cost / nullif(r.metered_kwh + r.unmetered_kwh, 0), 6), round(r.sales - r.cost, 2),
		   round((r.sales - r.cost) / nullif(r.sold_kwh, 0), 6), r.unpriced, r.missing
	  FROM r ORDER BY r.month_on;
END $$;
COMMENT ON FUNCTION billing.purchase_against_sales(text, daterange, text) IS
'month by month what an org and those below it have sold, beside what the energy has cost: contracts by their energy and price, what they do not cover, slot by slot, at the prices of a '
'series (what they have too much is sold at them), energy that was billed without load profiles at the mean of these prices. Without a price that is needed there is no cost and no margin; '
'missing_slots had no reading of some account, and so cost too little. What is bought is in the currency of the sales; a month of several is refused';

CREATE FUNCTION billing.contract_mix(org_no text, during daterange)
RETURNS TABLE (month_on date, code text, seller text, kind text, kwh numeric, price_per_kwh numeric, cost numeric, kwh_percent numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 12
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	orgs	bigint[] := billing._orgs_below(billing._org_of(contract_mix.org_no, 'read', 'money'));
BEGIN
	PERFORM billing._check_sale_days(contract_mix.during);
	RETURN QUERY
	SELECT p.month_on, p.code, p.seller, p.kind, p.kwh, p.price_per_kwh, round(p.kwh * p.price_per_kwh, 2), round(100 * p.kwh / nullif(sum(p.kwh) OVER (PARTITION BY p.month_on), 0), 2)
	  FROM billing._purchases(orgs, contract_mix.during) p ORDER BY p.month_on, p.code;
END $$;
COMMENT ON FUNCTION billing.contract_mix(text, daterange) IS 'the purchase contracts of an org and those below it, month by month, with their energy, price, cost and share; needs read on money';

CREATE FUNCTION billing.product_margin(org_no text, during daterange, spot_series text DEFAULT NULL, passed_on text[] DEFAULT '{}')
RETURNS TABLE (class text, plan_code text, currency text, kwh numeric, amount numeric, price_per_kwh numeric, passed_on_amount numeric, purchase_cost numeric, margin numeric, margin_per_kwh numeric, margin_percent numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	orgs	bigint[] := billing._orgs_below(billing._org_of(product_margin.org_no, 'read', 'bill'));
BEGIN
	RETURN QUERY
	WITH bought AS MATERIALIZED (SELECT p.month_on, p.purchase_price FROM billing.purchase_against_sales(product_margin.org_no, product_margin.during, product_margin.spot_series) p),
	passed AS (
		SELECT s.month_on, s.tariff_digest, s.currency, sum(s.amount) AS amount FROM billing.charge_sum s
		 WHERE s.org_id = ANY (orgs) AND s.month_on <@ product_margin.during AND s.code = ANY (product_margin.passed_on) GROUP BY s.month_on, s.tariff_digest, s.currency),
	sold AS (
		SELECT s.month_on, s.tariff_digest, s.currency, sum(s.kwh) AS kwh, sum(s.amount) AS amount FROM billing.bill_sum s
		 WHERE s.org_id = ANY (orgs) AND s.month_on <@ product_margin.during GROUP BY s.month_on, s.tariff_digest, s.currency),
	product AS (
		SELECT t.class, t.plan_code, s.currency, sum(s.kwh) AS kwh, sum(s.amount) AS amount, coalesce(sum(p.amount), 0) AS passed,
			   -- a month without a purchase price leaves the whole without one
			   CASE WHEN count(*) FILTER (WHERE b.purchase_price IS NULL AND s.kwh <> 0) = 0 THEN sum(s.kwh * coalesce(b.purchase_price, 0)) END AS cost
		  FROM sold s
		  LEFT JOIN passed p ON p.month_on = s.month_on AND p.tariff_digest IS NOT DISTINCT FROM s.tariff_digest AND p.currency = s.currency
		  LEFT JOIN bought b ON b.month_on = s.month_on
		  LEFT JOIN billing_report.tariff_plan t ON t.tariff_digest = s.tariff_digest
		 GROUP BY t.class, t.plan_code, s.currency)
	SELECT p.class, p.plan_code, p.currency, round(p.kwh, 3), round(p.amount, 2), round(p.amount / nullif(p.kwh, 0), 6), round(p.passed, 2), round(p.cost, 2), round(p.amount - p.passed - p.cost, 2),
		   round((p.amount - p.passed - p.cost) / nullif(p.kwh, 0), 6), round(100 * (p.amount - p.passed - p.cost) / nullif(p.amount, 0), 2)
	  FROM product p ORDER BY p.class, p.plan_code, p.currency;
END $$;
COMMENT ON FUNCTION billing.product_margin(text, daterange, text, text[]) IS
'by price plan what an org and those below it have sold in some months: energy, revenue, average price, charges that are only passed on (their codes are named: funds, grid), what the energy '
'has cost at the purchase price of each month, and the margin';

CREATE FUNCTION billing._check_components(components jsonb, passed_on text[])
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong	text;
BEGIN
	SELECT c.key INTO wrong FROM jsonb_each(CASE jsonb_typeof(_check_components.components) WHEN 'object' THEN _check_components.components ELSE '{"?": 0}' END) c
	 WHERE jsonb_typeof(c.value) <> 'array' OR c.key = 'energy' OR jsonb_path_exists(c.value, 'strict $[*] ? (@.type() <> "string")') ORDER BY c.key LIMIT 1;
	IF FOUND OR _check_components.components IS NULL THEN
		RAISE EXCEPTION 'components are lists of the codes of charges by name' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('"%s" is none.', left(coalesce(wrong, ''), 64)),
			HINT = 'Such as {"transmission": ["grid"], "funds": ["fund_water", "fund_renewable"]}; energy is what no other component names.';
	END IF;
	SELECT e.code INTO wrong FROM jsonb_each(_check_components.components) c CROSS JOIN LATERAL jsonb_array_elements_text(c.value) e(code) GROUP BY e.code HAVING count(*) > 1 ORDER BY e.code LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'charge "%" is in two components', left(wrong, 64) USING ERRCODE = 'invalid_parameter_value', HINT = 'Each code is of one component, so that the parts add up.';
	END IF;
	SELECT p INTO wrong FROM unnest(_check_components.passed_on) p WHERE NOT coalesce(_check_components.components ? p, false) ORDER BY p LIMIT 1;
	IF FOUND OR _check_components.passed_on IS NULL THEN
		RAISE EXCEPTION 'there is no component "%"', left(coalesce(wrong, ''), 64) USING ERRCODE = 'invalid_parameter_value', HINT = 'What is passed on is among the components; energy is not, since it is bought.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_components(jsonb, text[]) IS 'raises where codes of charges are not put into components';

CREATE FUNCTION billing.component_margin(org_no text, during daterange, spot_series text, components jsonb, passed_on text[] DEFAULT '{}')
RETURNS TABLE (month_on date, currency text, component text, codes text[], sales numeric, cost numeric, margin numeric, sales_per_kwh numeric, cost_per_kwh numeric, margin_per_kwh numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 50
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	orgs	bigint[] := billing._orgs_below(billing._org_of(component_margin.org_no, 'read', 'bill'));
BEGIN
	PERFORM billing._check_components(component_margin.components, component_margin.passed_on);
	RETURN QUERY
	WITH bought AS MATERIALIZED (SELECT p.month_on, p.currency, p.sold_kwh, p.cost FROM billing.purchase_against_sales(component_margin.org_no, component_margin.during, component_margin.spot_series) p),
	named AS (SELECT c.key AS component, e.code FROM jsonb_each(component_margin.components) c CROSS JOIN LATERAL jsonb_array_elements_text(c.value) e(code)),
	charged AS (
		SELECT s.month_on, coalesce(n.component, 'energy') AS component, array_agg(DISTINCT s.code ORDER BY s.code) AS codes, sum(s.amount) AS sales
		  FROM billing.charge_sum s LEFT JOIN named n ON n.code = s.code
		 WHERE s.org_id = ANY (orgs) AND s.month_on <@ component_margin.during GROUP BY s.month_on, coalesce(n.component, 'energy')),
	part AS (
		-- energy is bought, in each month, sold or not
		SELECT b.month_on, b.currency, b.sold_kwh AS kwh, k.component, c.codes, coalesce(c.sales, 0) AS sales,
			   CASE WHEN k.component = 'energy' THEN b.cost WHEN k.component = ANY (component_margin.passed_on) THEN coalesce(c.sales, 0) ELSE 0 END AS cost
		  FROM bought b
		 CROSS JOIN LATERAL (SELECT 'energy' AS component UNION ALL SELECT jsonb_object_keys(component_margin.components)) k
		  LEFT JOIN charged c ON c.month_on = b.month_on AND c.component = k.component
		 WHERE k.component = 'energy' OR c.component IS NOT NULL)
	SELECT p.month_on, p.currency, p.component, CASE WHEN p.component IS NOT NULL THEN max(p.codes) END, round(sum(p.sales), 2), CASE WHEN count(*) = count(p.cost) THEN round(sum(p.cost), 2) END,
		   CASE WHEN count(*) = count(p.cost) THEN round(sum(p.sales - p.cost), 2) END, round(sum(p.sales) / nullif(max(p.kwh), 0), 6),
		   CASE WHEN count(*) = count(p.cost) THEN round(sum(p.cost) / nullif(max(p.kwh), 0), 6) END, CASE WHEN count(*) = count(p.cost) THEN round(sum(p.sales - p.cost) / nullif(max(p.kwh), 0), 6) END
	  FROM part p GROUP BY GROUPING SETS ((p.month_on, p.currency, p.component), (p.month_on, p.currency))
	 ORDER BY p.month_on, p.currency, p.component <> 'energy', p.component;
END $$;
COMMENT ON FUNCTION billing.component_margin(text, daterange, text, jsonb, text[]) IS
'month by month what an org and those below it have sold by components of the price: {"transmission": ["grid"], "funds": ["fund_water"], "tax": ["vat"]} names the codes of their charges, energy is all the '
'others. Energy costs what purchase_against_sales() says; what is passed on to others costs what it brings. Component null: the month, to which its parts add up';

-- ---- what others charge ----

CREATE FUNCTION billing.record_market_price(org_no text, seller text, product text, days daterange, price_per_kwh numeric, currency text, source text, class text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: notes of whoever reads the bills of an org about others' prices there.
DECLARE
	at_org	bigint := billing._org_of(record_market_price.org_no, 'read', 'bill');
	made	bigint;
BEGIN
	INSERT INTO billing.market_price (org_id, seller, product, class, days, price_per_kwh, currency, source)
	VALUES (at_org, record_market_price.seller, record_market_price.product, record_market_price.class, record_market_price.days, record_market_price.price_per_kwh, record_market_price.currency,
		record_market_price.source) RETURNING market_price_id INTO made;
	PERFORM billing._audit(at_org, 'record_market_price', format('market price %s', made), jsonb_build_object('seller', record_market_price.seller, 'product', record_market_price.product));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.record_market_price(text, text, text, daterange, numeric, text, text, text) IS
'what another seller charges on average, with the source; of the same seller and product the last one recorded for a day holds; needs read on bill; returns market_price_id';

CREATE FUNCTION billing.compare_market_prices(org_no text, during daterange)
RETURNS TABLE (class text, currency text, kwh numeric, own_price numeric, seller text, product text, price_per_kwh numeric, difference_percent numeric, source text, note text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	orgs	bigint[] := billing._orgs_below(billing._org_of(compare_market_prices.org_no, 'read', 'bill'));
	above	bigint[] := billing._orgs_above(billing._org_of(compare_market_prices.org_no, 'read', 'bill'));
BEGIN
	PERFORM billing._check_sale_days(compare_market_prices.during);
	RETURN QUERY
	WITH own AS (
		SELECT coalesce(t.class, 'other') AS class, s.currency, sum(s.kwh) AS kwh, sum(s.amount) AS amount FROM billing.bill_sum s LEFT JOIN billing_report.tariff_plan t ON t.tariff_digest = s.tariff_digest
		 WHERE s.org_id = ANY (orgs) AND s.month_on <@ compare_market_prices.during GROUP BY 1, s.currency),
	other AS (
		SELECT DISTINCT ON (m.seller, m.product, m.class, m.currency) m.seller, m.product, m.class, m.currency, m.price_per_kwh, m.source
		  FROM billing.market_price m WHERE m.org_id = ANY (orgs || above) AND m.days && compare_market_prices.during
		 ORDER BY m.seller, m.product, m.class, m.currency, m.market_price_id DESC)
	SELECT o.class, o.currency, round(o.kwh, 3), round(o.amount / nullif(o.kwh, 0), 6), m.seller, m.product, m.price_per_kwh,
		   round(100 * (m.price_per_kwh - o.amount / nullif(o.kwh, 0)) / nullif(o.amount / nullif(o.kwh, 0), 0), 2), m.source,
		   CASE WHEN m.seller IS NULL THEN 'no price of another seller is recorded for this class and these days' END
	  FROM own o LEFT JOIN other m ON m.currency = o.currency AND (m.class IS NULL OR m.class = o.class)
	 UNION ALL
	SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'nothing was billed in these months' WHERE NOT EXISTS (SELECT FROM own)
	 ORDER BY 1, 2, 5, 6;
END $$;
COMMENT ON FUNCTION billing.compare_market_prices(text, daterange) IS
'the own average price of each class in some months beside what others charge; the note says where nothing is recorded of them';

-- The library: contrib/tariffs/*.json and markets/*.json, put in by contrib/assemble.

CREATE FUNCTION billing.published_tariffs(
	OUT code text, OUT name jsonb, OUT region text, OUT class text, OUT currency text, OUT valid_during daterange,
	OUT tariff billing.tariff, OUT market billing.market, OUT source text, OUT licence text, OUT lacks text[])
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE COST 20000 ROWS 25
SET search_path = pg_catalog, pg_temp
AS $library$
SELECT t.code, d.document -> 'name', d.document #>> '{notes,region}', d.document #>> '{notes,class}', d.document ->> 'currency',
	   daterange((d.document #>> '{valid,from}')::date, (d.document #>> '{valid,until}')::date),
	   t.document::billing.tariff, m.document::billing.market, d.document ->> 'source', d.document #>> '{notes,licence}',
	   ARRAY(SELECT * FROM jsonb_array_elements_text(d.document #> '{notes,lacks}'))
  FROM (VALUES
@TARIFFS@
	) t(code, document)
 CROSS JOIN LATERAL (SELECT t.document::jsonb) d(document)
  LEFT JOIN (VALUES
@MARKETS@
	) m(code, document) ON m.code = d.document #>> '{notes,market}'
 ORDER BY t.code COLLATE "C"
$library$;
COMMENT ON FUNCTION billing.published_tariffs()
	IS 'published tariffs, ready to rate by, as examples and for tests: where each is in force (ISO 3166), for which class of customers, the market value that goes with it (prices published monthly, holidays; null where it needs none), its source and licence, and what it does not hold. They are copied from quotations, not from gazettes: compare with the notice before billing anybody';

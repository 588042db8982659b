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

CREATE FUNCTION billing.published_holidays(OUT region text, OUT day date, OUT kind text, OUT name text, OUT source text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 130
BEGIN ATOMIC
	SELECT 'CN', d::date, v.kind, v.name, n.notice
	  FROM (VALUES
		(2024, '国务院办公厅 国办发明电〔2023〕7号, 2023-10-25'), (2025, '国务院办公厅 国办发明电〔2024〕12号, 2024-11-12'),
		(2026, '国务院办公厅关于2026年部分节假日安排的通知, 2025-11-04')) n(year, notice)
	  JOIN (VALUES
		('holiday', '元旦', '2024-01-01', '2024-01-01'), ('holiday', '春节', '2024-02-10', '2024-02-17'), ('holiday', '清明节', '2024-04-04', '2024-04-06'),
		('holiday', '劳动节', '2024-05-01', '2024-05-05'), ('holiday', '端午节', '2024-06-10', '2024-06-10'), ('holiday', '中秋节', '2024-09-15', '2024-09-17'),
		('holiday', '国庆节', '2024-10-01', '2024-10-07'),
		('workday', '春节', '2024-02-04', '2024-02-04'), ('workday', '春节', '2024-02-18', '2024-02-18'), ('workday', '清明节', '2024-04-07', '2024-04-07'),
		('workday', '劳动节', '2024-04-28', '2024-04-28'), ('workday', '劳动节', '2024-05-11', '2024-05-11'), ('workday', '中秋节', '2024-09-14', '2024-09-14'),
		('workday', '国庆节', '2024-09-29', '2024-09-29'), ('workday', '国庆节', '2024-10-12', '2024-10-12'),
		('holiday', '元旦', '2025-01-01', '2025-01-01'), ('holiday', '春节', '2025-01-28', '2025-02-04'), ('holiday', '清明节', '2025-04-04', '2025-04-06'),
		('holiday', '劳动节', '2025-05-01', '2025-05-05'), ('holiday', '端午节', '2025-05-31', '2025-06-02'), ('holiday', '国庆节、中秋节', '2025-10-01', '2025-10-08'),
		('workday', '春节', '2025-01-26', '2025-01-26'), ('workday', '春节', '2025-02-08', '2025-02-08'), ('workday', '劳动节', '2025-04-27', '2025-04-27'),
		('workday', '国庆节、中秋节', '2025-09-28', '2025-09-28'), ('workday', '国庆节、中秋节', '2025-10-11', '2025-10-11'),
		('holiday', '元旦', '2026-01-01', '2026-01-03'), ('holiday', '春节', '2026-02-15', '2026-02-23'), ('holiday', '清明节', '2026-04-04', '2026-04-06'),
		('holiday', '劳动节', '2026-05-01', '2026-05-05'), ('holiday', '端午节', '2026-06-19', '2026-06-21'), ('holiday', '中秋节', '2026-09-25', '2026-09-27'),
		('holiday', '国庆节', '2026-10-01', '2026-10-07'),
		('workday', '元旦', '2026-01-04', '2026-01-04'), ('workday', '春节', '2026-02-14', '2026-02-14'), ('workday', '春节', '2026-02-28', '2026-02-28'),
		('workday', '劳动节', '2026-05-09', '2026-05-09'), ('workday', '国庆节', '2026-09-20', '2026-09-20'), ('workday', '国庆节', '2026-10-10', '2026-10-10')
		) v(kind, name, first_on, last_on) ON n.year = substr(v.first_on, 1, 4)::integer
	 CROSS JOIN LATERAL generate_series(v.first_on::date::timestamp, v.last_on::date::timestamp, interval '1 day') d
	 ORDER BY 2;
END;
COMMENT ON FUNCTION billing.published_holidays() IS
'the days off and the weekend days worked in exchange (workday 调休) that China''s State Council announced for 2024 to 2026, with the notice. '
'What a tariff means by a holiday is for the tariff''s own notice to say';

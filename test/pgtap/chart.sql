-- Charts: well-formed whatever is in them, with what they show in words, gaps where nothing is known.
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE FUNCTION pg_temp.load(n integer, minutes integer DEFAULT 60, missing int4range DEFAULT 'empty') RETURNS billing.profile LANGUAGE sql AS $$
	SELECT billing.profile('2026-03-02 00:00+08', make_interval(mins => minutes), ARRAY(SELECT CASE WHEN NOT i <@ missing THEN 500 + i * 7919 % 100 END::bigint FROM generate_series(0, n - 1) i), time_zone => 'Asia/Shanghai') $$;
CREATE TEMPORARY TABLE chart AS
SELECT v.* FROM (VALUES
	('load', billing.chart_load(pg_temp.load(48), ARRAY[tstzrange('2026-03-02 05:00+08', '2026-03-02 07:00+08')], ARRAY[E'<script>"&\u0007'], E'</title><script>alert(1)</script> & "x" \u0001')),
	('forecast', billing.chart_forecast(pg_temp.load(48), pg_temp.load(24), pg_temp.load(24), pg_temp.load(24), '</desc>')),
	('forecast alone', billing.chart_forecast(NULL, pg_temp.load(24))),
	('duration', billing.chart_duration(pg_temp.load(24), ']]>')),
	('heatmap', billing.chart_heatmap(pg_temp.load(48, 30), '<!--')),
	('losses', billing.chart_losses(ARRAY['<a>', repeat('长', 300)], '{1,NULL}', 2, '&amp;')),
	('no losses', billing.chart_losses('{}', '{}')),
	('nothing known', billing.chart_load(pg_temp.load(24, 60, '[0,24)'))),
	('heatmap of nothing', billing.chart_heatmap(pg_temp.load(24, 60, '[0,24)'))),
	('duration of nothing', billing.chart_duration(pg_temp.load(24, 60, '[0,24)'))),
	('all the same', billing.chart_heatmap(billing.profile('2026-03-02 00:00+08', '1 hour', array_fill(0::bigint, '{24}'), time_zone => 'Asia/Shanghai'))),
	('below zero', billing.chart_load(billing.profile('2026-03-02 00:00+08', '1 hour', '{-5,-10,-5}'::bigint[], time_zone => 'Asia/Shanghai'))),
	('one slot', billing.chart_duration(billing.profile('2026-03-02 00:00+08', '1 hour', '{5}'::bigint[], time_zone => 'Asia/Shanghai'))),
	('volts', billing.chart_load(billing.profile('2026-03-02 00:00+08', '1 hour', '{231,229}'::bigint[], unit => 'V', time_zone => 'Asia/Shanghai')))) v(name, svg);
-- the luminance of a colour, as WCAG 2 defines it
CREATE FUNCTION pg_temp.luminance(colour text) RETURNS double precision LANGUAGE sql AS $$
	SELECT sum(w.weight * CASE WHEN c.c <= 0.04045 THEN c.c / 12.92 ELSE ((c.c + 0.055) / 1.055) ^ 2.4 END)
	  FROM (VALUES (2, 0.2126), (4, 0.7152), (6, 0.0722)) w(place, weight) CROSS JOIN LATERAL (SELECT get_byte(decode(substr(colour, w.place, 2), 'hex'), 0) / 255.0 AS c) c $$;
CREATE FUNCTION pg_temp.contrast(a text, b text) RETURNS double precision LANGUAGE sql AS $$
	SELECT (greatest(pg_temp.luminance(a), pg_temp.luminance(b)) + 0.05) / (least(pg_temp.luminance(a), pg_temp.luminance(b)) + 0.05) $$;

SELECT plan(34);
SELECT is_empty($$SELECT name FROM chart WHERE NOT coalesce(xml_is_well_formed_document(svg), false)$$, 'every chart is well-formed, whatever is in it');
SELECT is_empty($$SELECT name FROM chart WHERE (xpath('count(//*[local-name()=''script''])', svg::xml))[1]::text <> '0'$$, 'and no text becomes an element');
SELECT is_empty($$SELECT name FROM chart WHERE cardinality(xpath('/*/*[local-name()=''title'']/text()', svg::xml)) <> 1 OR cardinality(xpath('/*/*[local-name()=''desc'']/text()', svg::xml)) <> 1$$, 'each has a title and a description');
SELECT is_empty($$SELECT name FROM chart WHERE svg ~ 'NaN|Infinity|null'$$, 'and only numbers for numbers');
SELECT is((xpath('/*/*[local-name()=''title'']/text()', svg::xml))[1]::text, '&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; "x"  ', 'a hostile title is a title') FROM chart WHERE name = 'load';
SELECT is((xpath('/*/*[local-name()=''desc'']/text()', billing.chart_load(pg_temp.load(48))::xml))[1]::text, 'Load curve, 2026-03-02 00:00 – 2026-03-04 00:00. highest 0.599 kW, lowest 0.500 kW. missing: 0. anomaly: 0.', 'the description says what is shown');
SELECT matches(billing.chart_load(pg_temp.load(48), lang => 'zh'), '<title>负荷曲线</title>', 'in Chinese');
SELECT matches(billing.chart_load(pg_temp.load(48), lang => 'de', words => '{"load": "Lastgang"}'), '<title>Lastgang</title>', 'in the words of another language');
SELECT is(regexp_count(svg, 'fill="none" stroke="#0072b2" stroke-width="1.5"'), 1, 'one line') FROM chart WHERE name = 'load';

-- gaps
SELECT billing.chart_load(pg_temp.load(48, 60, '[10,15)')) AS gap \gset
SELECT is(regexp_count((regexp_match(:'gap', '<path d="([^"]*)" fill="none" stroke="#0072b2"'))[1], 'M'), 2, 'a line breaks where readings are missing');
SELECT is(regexp_count(:'gap', 'height="8" fill="url\(#hatch\)"'), 2, 'with a hatched bar below, and in the legend');
SELECT is(regexp_count(billing.chart_heatmap(pg_temp.load(48, 60, '[10,15)')), 'fill="url\(#hatch\)"/>'), 5 + 1, 'hours without readings are hatched');
SELECT is(regexp_count(billing.chart_forecast(NULL, pg_temp.load(48), pg_temp.load(48, 60, '[10,15)'), pg_temp.load(48)), 'Z'), 2, 'an interval breaks, too');

-- the highest is not lost where slots are drawn together
SELECT ok(billing.chart_load(billing.profile('2026-03-02 00:00+08', '15 minutes', ARRAY(SELECT CASE WHEN i = 5000 THEN 9000 ELSE 10 END::bigint FROM generate_series(1, 96 * 90) i), time_zone => 'Asia/Shanghai')) LIKE '%V76.0V309.7%', 'a peak of one slot is drawn');
SELECT is(regexp_count(svg, '▲'), 0, 'no loss is above the limit') FROM chart WHERE name = 'losses';
SELECT is(regexp_count(billing.chart_losses('{a,b,c}', '{3,9,-1}', 8), '▲'), 2, 'what is too high or below zero has a mark and a word');

-- colours: lines and marks by 3 : 1, words by 4.5 : 1, the heat map ever darker
SELECT is_empty($$SELECT DISTINCT m[1] FROM chart CROSS JOIN LATERAL regexp_matches(svg, '<text[^>]*fill="(#[0-9a-f]{6})"', 'g') m WHERE pg_temp.contrast(m[1], '#ffffff') < 4.5$$, 'words stand out');
SELECT cmp_ok(least(pg_temp.contrast('#1a1a1a', '#ffffff'), pg_temp.contrast('#8a3600', '#fbe3d4')), '>=', 4.5::double precision, 'also on what they lie on');
SELECT cmp_ok(least(pg_temp.contrast('#0072b2', '#ffffff'), pg_temp.contrast('#b34700', '#ffffff'), pg_temp.contrast('#767676', '#ffffff'), pg_temp.contrast('#595959', '#ffffff')), '>=', 3::double precision, 'so do lines and marks');
SELECT is_empty($$SELECT i FROM (SELECT i, pg_temp.luminance(billing._chart_shade(i / 50.0)) AS l, lag(pg_temp.luminance(billing._chart_shade(i / 50.0))) OVER (ORDER BY i) AS was FROM generate_series(0, 50) i) q WHERE l >= was$$,
	'a darker hour is a higher load');

-- words have room: marks do not run into each other, nothing leaves the picture
CREATE FUNCTION pg_temp.room(words text[]) RETURNS numeric LANGUAGE sql AS 'SELECT sum(billing._chart_room(w) + 3) FROM unnest(words) w';
SELECT is_empty($$SELECT days, width FROM generate_series(1, 60) n CROSS JOIN LATERAL (SELECT n * n * 10 AS days) d CROSS JOIN unnest('{300,360,500,900,2000}'::integer[]) width
	CROSS JOIN LATERAL (SELECT array_agg(m.label) AS labels FROM billing._chart_time_marks('2026-03-10', '2026-03-10'::timestamp + make_interval(days => days), '3 hours', width - 84) m) l
	WHERE pg_temp.room(labels) > width - 84 + 60 OR labels IS NULL$$, 'times below a chart have room, from a day to a century');
SELECT throws_ok($$SELECT billing._chart_time_axis('-infinity', 'infinity', 'UTC', '3 hours', 900, 360)$$, '0A000', NULL, 'times without end have no marks');
SELECT is((SELECT count(*) FROM billing._chart_time_marks('0001-01-01', '9999-12-31', '3 hours', 816)), 20::bigint, 'nor are there too many of the longest');
SELECT is(billing._chart_fit('Transformer area of the east', 100), 'Transformer…', 'what has no room is cut');
SELECT is(billing._chart_fit('台区线损', 60), '台区线损', 'what has is not');
SELECT matches(billing.chart_load(pg_temp.load(48), title => repeat('长', 100), width => 300), '<title>长{100}</title>', 'the whole title is still said');
SELECT is(regexp_count(billing.chart_load(pg_temp.load(240), ARRAY(SELECT tstzrange(t, t + '1 hour') FROM generate_series('2026-03-02 00:00+08'::timestamptz, '2026-03-10 00:00+08', '2 hours') t)), 'fill="#8a3600"'), 1,
	'labels that would run into each other are left to the titles of their bands');
SELECT is_empty($$SELECT name FROM chart WHERE name IN ('nothing known', 'duration of nothing', 'no losses') AND svg !~ '>no data<'$$, 'an empty picture says that nothing is known');

-- refused
SELECT throws_ok($$SELECT billing.chart_load(pg_temp.load(48), width => 10)$$, '22023', NULL, 'no picture of ten points');
SELECT throws_ok($$SELECT billing.chart_heatmap(pg_temp.load(9700))$$, '54000', 'a heat map shows hours of up to 400 days', 'no heat map of years');
SELECT throws_ok($$SELECT billing.chart_losses('{a}', '{1,2}')$$, '22023', NULL, 'each area has its loss');
SELECT throws_ok($$SELECT billing.chart_losses('{a}', '{NaN}')$$, '22023', NULL, 'which is a number');
SELECT is(billing.chart_load(NULL), NULL, 'no profile, no chart');
CREATE ROLE chart_anybody LOGIN;
SET LOCAL SESSION AUTHORIZATION chart_anybody;
SELECT ok(billing.chart_heatmap(billing.profile('2026-03-02 00:00+08', '1 hour', '{1,2,3}'::bigint[], time_zone => 'Asia/Shanghai')) ~ '^<svg', 'anybody may draw');
RESET SESSION AUTHORIZATION;
SELECT * FROM finish();
ROLLBACK;

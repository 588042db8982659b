/*
 * Charts as SVG.  What is in a picture is also in its description; what a
 * colour says a shape or a word says too.  Colours are those of Okabe and Ito
 * that stand out from white by 3 : 1 and more, words by 4.5 : 1 and more; the same
 * data give the same bytes.  Missing readings are gaps, never lines across.  Room
 * for words is reckoned, since nobody measures letters here: 7 points for one of
 * the alphabet, 14 for one of Chinese.
 */

-- ---- words ----

CREATE FUNCTION billing.chart_words()
RETURNS TABLE (word text, en text, zh text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 30
BEGIN ATOMIC
	SELECT * FROM (VALUES
		('load', 'Load curve', '负荷曲线'),
		('forecast', 'Load forecast', '负荷预测'),
		('duration', 'Load duration curve', '负荷持续曲线'),
		('heatmap', 'Load by day and hour', '日时负荷热力图'),
		('losses', 'Line loss by transformer area', '台区线损率'),
		('power', 'Power', '功率'),
		('value', 'Value', '数值'),
		('time_share', 'Share of time (%)', '时间占比（%）'),
		('loss_percent', 'Loss (%)', '线损率（%）'),
		('hour', 'Hour', '时'),
		('actual', 'metered', '实测'),
		('predicted', 'forecast', '预测'),
		('interval', 'interval', '区间'),
		('anomaly', 'anomaly', '异常'),
		('missing', 'missing', '缺数'),
		('highest', 'highest', '最大'),
		('lowest', 'lowest', '最小'),
		('mean', 'mean', '平均'),
		('limit', 'limit', '限值'),
		('above_limit', 'above the limit', '超限'),
		('negative', 'below zero', '负线损'),
		('no_data', 'no data', '无数据')) v(word, en, zh);
END;
COMMENT ON FUNCTION billing.chart_words() IS 'the words that charts use, in English and Chinese; other languages come with the argument words of a chart: {"load": "Lastgang"}';

CREATE FUNCTION billing._chart_word(word text, lang text, words jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(_chart_word.words ->> w.word, CASE WHEN _chart_word.lang LIKE 'zh%' THEN w.zh ELSE w.en END) FROM billing.chart_words() w WHERE w.word = _chart_word.word;
END;
COMMENT ON FUNCTION billing._chart_word(text, text, jsonb) IS 'a word of a chart in a language';

CREATE FUNCTION billing._chart_text(said text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- what XML cannot hold even escaped goes
	SELECT replace(replace(replace(replace(regexp_replace(left(coalesce(_chart_text.said, ''), 200), '[\x01-\x1f\x7f\ufffe\uffff]', ' ', 'g'), '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;');
END;
COMMENT ON FUNCTION billing._chart_text(text) IS 'a text as XML has it, at most 200 characters';

CREATE FUNCTION billing._chart_room(said text)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 3.5 * (length(_chart_room.said) + octet_length(convert_to(_chart_room.said, 'UTF8')));
END;
COMMENT ON FUNCTION billing._chart_room(text) IS 'how wide a text is at 12 points: a letter 7, a character of Chinese 14';

CREATE FUNCTION billing._chart_fit(said text, room numeric)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing._chart_text(CASE WHEN billing._chart_room(t.said) <= _chart_fit.room THEN t.said
		ELSE (SELECT rtrim(left(t.said, max(n))) || '…' FROM generate_series(0, length(t.said)) n WHERE billing._chart_room(left(t.said, n) || '…') <= greatest(_chart_fit.room, 14)) END)
	  FROM (SELECT left(_chart_fit.said, 200) AS said) t;
END;
COMMENT ON FUNCTION billing._chart_fit(text, numeric) IS 'a text as XML has it, as much of it as has room at 12 points';

-- ---- frame and axes ----

CREATE FUNCTION billing._chart_check(width integer, height integer, words jsonb)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(_chart_check.width BETWEEN 300 AND 4000 AND _chart_check.height BETWEEN 200 AND 4000, false) THEN
		RAISE EXCEPTION 'a chart is 300 to 4000 wide and 200 to 4000 high' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Asked for: %s by %s.', _chart_check.width, _chart_check.height);
	END IF;
	IF jsonb_typeof(_chart_check.words) <> 'object' THEN
		RAISE EXCEPTION 'words are an object' USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"load": "Lastgang"}; chart_words() lists them.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._chart_check(integer, integer, jsonb) IS 'raises where a chart cannot be drawn';

CREATE FUNCTION billing._chart_frame(width integer, height integer, title text, description text, body text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT format(E'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="%s" viewBox="0 0 %s %s" width="%2$s" height="%3$s" font-family="sans-serif" font-size="12" fill="#1a1a1a">\n'
			'<title>%1$s</title>\n<desc>%4$s</desc>\n'
			'<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#ffffff"/><path d="M0 0V6" stroke="#767676" stroke-width="2"/></pattern></defs>\n'
			'<rect width="%2$s" height="%3$s" fill="#ffffff"/>\n<text x="64" y="%6$s" font-size="%7$s" font-weight="bold">%8$s</text>\n%5$s</svg>\n',
		billing._chart_text(_chart_frame.title), _chart_frame.width, _chart_frame.height, billing._chart_text(_chart_frame.description), _chart_frame.body,
		-- a long title is smaller, a longer one is cut
		CASE t.size WHEN 16 THEN 20 ELSE 18 END, t.size, billing._chart_fit(_chart_frame.title, (_chart_frame.width - 72) * 11 / t.size))
	  FROM (SELECT CASE WHEN billing._chart_room(_chart_frame.title) <= (_chart_frame.width - 72) * 11 / 16 THEN 16 ELSE 12 END AS size) t;
END;
COMMENT ON FUNCTION billing._chart_frame(integer, integer, text, text, text) IS 'a picture with its title, its description and what is drawn';

CREATE FUNCTION billing._chart_step(span numeric, wanted integer)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- 1, 2 or 5 of a power of ten
	SELECT CASE WHEN _chart_step.span > 0 THEN
			(SELECT trim_scale(m.m * q.power) FROM (VALUES (1), (2), (5), (10)) m(m) WHERE m.m * q.power >= _chart_step.span / _chart_step.wanted ORDER BY m.m LIMIT 1) ELSE 1 END
	  FROM (SELECT power(10::numeric, floor(log(_chart_step.span / _chart_step.wanted))) AS power WHERE _chart_step.span > 0 UNION ALL SELECT 1 WHERE NOT coalesce(_chart_step.span > 0, false)) q;
END;
COMMENT ON FUNCTION billing._chart_step(numeric, integer) IS 'the distance of about so many marks over a span, a round number';

CREATE FUNCTION billing._chart_range(lowest numeric, highest numeric, steps integer, OUT low numeric, OUT high numeric, OUT step numeric)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- with zero, and whole steps at both ends
	SELECT s.step * floor(least(coalesce(_chart_range.lowest, 0), 0) / s.step), s.step * greatest(ceil(greatest(coalesce(_chart_range.highest, 0), 0) / s.step), CASE WHEN coalesce(_chart_range.lowest, 0) < 0 THEN 0 ELSE 1 END), s.step
	  FROM (SELECT billing._chart_step(greatest(coalesce(_chart_range.highest, 0), 0) - least(coalesce(_chart_range.lowest, 0), 0), _chart_range.steps) AS step) s;
END;
COMMENT ON FUNCTION billing._chart_range(numeric, numeric, integer) IS 'from where to where an axis goes, and its steps, about so many';

CREATE FUNCTION billing._chart_value_axis(low numeric, high numeric, step numeric, label text, width integer, height integer)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT string_agg(format(E'<path d="M64 %s H%s" stroke="%s"/><text x="58" y="%s" text-anchor="end">%s</text>\n', round(y.y, 1), _chart_value_axis.width - 20, CASE WHEN v.v = 0 THEN '#595959' ELSE '#d9d9d9' END,
				-- more than seven digits have no room
				round(y.y + 4, 1), CASE WHEN v.v = 0 OR greatest(_chart_value_axis.high, -_chart_value_axis.low) < 1e7 THEN trim_scale(v.v)::text ELSE trim_scale(v.v / power(10::numeric, floor(log(abs(v.v))))) || 'e' || floor(log(abs(v.v))) END), '' ORDER BY v.v)
		|| format(E'<text x="64" y="38" fill="#404040">%s</text>\n', billing._chart_text(_chart_value_axis.label))
	  -- at most so many that can be told apart
	  FROM (SELECT _chart_value_axis.low + i * _chart_value_axis.step AS v FROM generate_series(0, least(100, trunc((_chart_value_axis.high - _chart_value_axis.low) / nullif(_chart_value_axis.step, 0)))::integer) i) v
	 CROSS JOIN LATERAL (SELECT 50 + (_chart_value_axis.high - v.v) / (_chart_value_axis.high - _chart_value_axis.low) * (_chart_value_axis.height - 100) AS y) y;
END;
COMMENT ON FUNCTION billing._chart_value_axis(numeric, numeric, numeric, text, integer, integer) IS 'lines across, each with its value';

CREATE FUNCTION billing._chart_time_marks(from_at timestamp, until_at timestamp, finest interval, room numeric)
RETURNS TABLE (at timestamp, label text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	-- not the difference of the times, which overflows without a word
	WITH span AS (SELECT (extract(epoch FROM _chart_time_marks.until_at) - extract(epoch FROM _chart_time_marks.from_at)) / 86400 AS days),
	scale AS (
		-- the finest whose words have room; beyond a year a mark is a round number of years
		SELECT k.step, k.unit, k.form
		  FROM span s CROSS JOIN (VALUES (interval '3 hours', 'day', 'HH24:MI', 45), ('6 hours', 'day', 'HH24:MI', 45), ('1 day', 'day', 'MM-DD', 45), ('2 days', 'day', 'MM-DD', 45), ('7 days', 'day', 'MM-DD', 45),
					('1 month', 'month', 'MM', 30), ('3 months', 'quarter', 'MM', 30), ('1 year', 'year', 'YYYY', 40)) k(step, unit, form, room)
		 WHERE k.step >= _chart_time_marks.finest AND s.days * 86400 / extract(epoch FROM k.step) * k.room <= _chart_time_marks.room
		 UNION ALL
		SELECT make_interval(years => greatest(billing._chart_step(s.days / 365.25, trunc(_chart_time_marks.room / 40)::integer), 1)::integer) AS step, 'year' AS unit, 'YYYY' AS form FROM span s
		 ORDER BY step LIMIT 1),
	mark AS (
		SELECT t.at, k.form, row_number() OVER (ORDER BY t.at) = 1 AS is_first
		  FROM scale k CROSS JOIN LATERAL generate_series(0, 100) i CROSS JOIN LATERAL (SELECT date_trunc(k.unit, _chart_time_marks.from_at) + i * k.step AS at) t
		 WHERE t.at >= _chart_time_marks.from_at AND t.at <= _chart_time_marks.until_at)
	SELECT m.at, to_char(m.at, CASE WHEN m.form = 'HH24:MI' AND m.at = date_trunc('day', m.at) THEN 'MM-DD' WHEN m.form = 'MM' AND (m.is_first OR extract(month FROM m.at) = 1) THEN 'YYYY-MM' ELSE m.form END) FROM mark m;
END;
COMMENT ON FUNCTION billing._chart_time_marks(timestamp, timestamp, interval, numeric) IS 'round times within a span, with their words, as many as there is room for';

CREATE FUNCTION billing._chart_time_axis(from_at timestamptz, until_at timestamptz, zone text, finest interval, width integer, height integer)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT format(E'<path d="M64 %s H%s" stroke="#595959"/>\n', _chart_time_axis.height - 50, _chart_time_axis.width - 20)
		-- marks may not name the year
		|| CASE WHEN _chart_time_axis.width >= 360 THEN format(E'<text x="%s" y="38" text-anchor="end" fill="#404040">%s%s</text>\n', _chart_time_axis.width - 20, to_char(s.from_at, 'YYYY-MM-DD'),
				' – ' || to_char(nullif((s.until_at - interval '1 second')::date, s.from_at::date), 'YYYY-MM-DD')) ELSE '' END
		|| coalesce((
			SELECT string_agg(format(E'<path d="M%s %s V%s" stroke="#595959"/><text x="%s" y="%s" text-anchor="%s">%s</text>\n', m.x, _chart_time_axis.height - 50, _chart_time_axis.height - 45,
					-- the last must not leave the picture
					CASE WHEN m.is_cut THEN _chart_time_axis.width - 2 ELSE m.x END, _chart_time_axis.height - 31, CASE WHEN m.is_cut THEN 'end' ELSE 'middle' END, m.label), '' ORDER BY m.at)
			  FROM (SELECT t.at, t.label, x.x, x.x + billing._chart_room(t.label) / 2 > _chart_time_axis.width - 2 AS is_cut
					  FROM billing._chart_time_marks(s.from_at, s.until_at, _chart_time_axis.finest, _chart_time_axis.width - 84) t
					 CROSS JOIN LATERAL (SELECT 64 + round(extract(epoch FROM (t.at AT TIME ZONE _chart_time_axis.zone) - _chart_time_axis.from_at)
							/ extract(epoch FROM _chart_time_axis.until_at - _chart_time_axis.from_at) * (_chart_time_axis.width - 84), 1) AS x) x) m), '')
	  FROM (SELECT _chart_time_axis.from_at AT TIME ZONE _chart_time_axis.zone AS from_at, _chart_time_axis.until_at AT TIME ZONE _chart_time_axis.zone AS until_at) s;
END;
COMMENT ON FUNCTION billing._chart_time_axis(timestamptz, timestamptz, text, interval, integer, integer) IS 'years, months, days or hours below a chart, by local time, and its first and last day';

CREATE FUNCTION billing._chart_legend(entries text[], width integer, height integer)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- entries: a mark, drawn from 0 0 to 24 12, and its word, in turn; closer together where there is little room
	WITH entry AS (
		SELECT i.n, _chart_legend.entries[2 * i.n - 1] AS mark, _chart_legend.entries[2 * i.n] AS word, 30 + billing._chart_room(_chart_legend.entries[2 * i.n]) AS room
		  FROM generate_series(1, cardinality(_chart_legend.entries) / 2) i(n)),
	place AS (
		SELECT e.*, coalesce(sum(e.room) OVER (ORDER BY e.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS x, sum(e.room + 20) OVER () > _chart_legend.width - 64 AS is_close FROM entry e)
	SELECT coalesce(string_agg(format(E'<g transform="translate(%s %s)">%s<text x="30" y="10">%s</text></g>\n', trim_scale(CASE WHEN p.is_close THEN 8 + p.x + 6 * (p.n - 1) ELSE 64 + p.x + 20 * (p.n - 1) END),
			_chart_legend.height - 18, p.mark, billing._chart_text(p.word)), '' ORDER BY p.n), '')
	  FROM place p;
END;
COMMENT ON FUNCTION billing._chart_legend(text[], integer, integer) IS 'what the marks of a chart mean, below it';

CREATE FUNCTION billing._chart_nothing(lang text, words jsonb, width integer, height integer)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT format(E'<text x="%s" y="%s" text-anchor="middle" font-size="16" fill="#404040">%s</text>\n', (_chart_nothing.width + 44) / 2, _chart_nothing.height / 2,
		billing._chart_text(billing._chart_word('no_data', _chart_nothing.lang, _chart_nothing.words)));
END;
COMMENT ON FUNCTION billing._chart_nothing(text, jsonb, integer, integer) IS 'says in the middle of a chart that nothing is known';

-- ---- series ----

CREATE FUNCTION billing._chart_unit(profile billing.profile, OUT factor numeric, OUT unit text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- energies of slots are shown as power
	SELECT CASE WHEN billing.unit(_chart_unit.profile) IN ('Wh', 'varh', 'VAh') THEN 3.6 / extract(epoch FROM billing.slot(_chart_unit.profile)) WHEN billing.unit(_chart_unit.profile) IN ('W', 'var', 'VA') THEN 0.001 ELSE 1 END,
		   CASE billing.unit(_chart_unit.profile) WHEN 'Wh' THEN 'kW' WHEN 'varh' THEN 'kvar' WHEN 'VAh' THEN 'kVA' WHEN 'W' THEN 'kW' WHEN 'var' THEN 'kvar' WHEN 'VA' THEN 'kVA' ELSE billing.unit(_chart_unit.profile) END;
END;
COMMENT ON FUNCTION billing._chart_unit(billing.profile) IS 'by what the values of a profile are multiplied in a chart, and what they are then';

CREATE FUNCTION billing._chart_series(profile billing.profile, most integer)
RETURNS TABLE (from_at timestamptz, until_at timestamptz, mean numeric, lowest numeric, highest numeric)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 500
BEGIN ATOMIC
	-- several slots in one where there are too many to be told apart; the highest and the lowest of them stay
	SELECT min(s.at), max(s.at) + billing.slot(_chart_series.profile), avg(s.value) * max(u.factor), min(s.value) * max(u.factor), max(s.value) * max(u.factor)
	  FROM billing._chart_unit(_chart_series.profile) u
	 CROSS JOIN LATERAL (SELECT t.at, t.value, row_number() OVER (ORDER BY t.at) - 1 AS n FROM billing.slots(_chart_series.profile) t) s
	 GROUP BY s.n / ((billing.slot_count(_chart_series.profile) - 1) / _chart_series.most + 1) ORDER BY 1;
END;
COMMENT ON FUNCTION billing._chart_series(billing.profile, integer) IS 'at most so many pieces of a profile, in kW; null: nothing is known of one';

CREATE FUNCTION billing._chart_line(profile billing.profile, from_at timestamptz, until_at timestamptz, low numeric, high numeric, width integer, height integer)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(string_agg(CASE WHEN q.mean IS NULL THEN '' ELSE
				CASE WHEN q.was IS NULL THEN format('M%s %s', q.x0, q.y) ELSE format('V%s', q.y) END || CASE WHEN q.top <> q.bottom THEN format('V%sV%sV%s', q.top, q.bottom, q.y) ELSE '' END || format('H%s', q.x1) END,
			'' ORDER BY q.from_at), '')
	  FROM (SELECT s.from_at, s.mean, lag(s.mean) OVER (ORDER BY s.from_at) AS was,
				   round(64 + extract(epoch FROM s.from_at - _chart_line.from_at) / t.seconds * (_chart_line.width - 84), 1) AS x0, round(64 + extract(epoch FROM s.until_at - _chart_line.from_at) / t.seconds * (_chart_line.width - 84), 1) AS x1,
				   round(50 + (_chart_line.high - s.mean) * t.per_unit, 1) AS y, round(50 + (_chart_line.high - s.highest) * t.per_unit, 1) AS top, round(50 + (_chart_line.high - s.lowest) * t.per_unit, 1) AS bottom
			  FROM billing._chart_series(_chart_line.profile, _chart_line.width - 84) s
			 CROSS JOIN (SELECT extract(epoch FROM _chart_line.until_at - _chart_line.from_at) AS seconds, (_chart_line.height - 100) / (_chart_line.high - _chart_line.low) AS per_unit) t) q;
END;
COMMENT ON FUNCTION billing._chart_line(billing.profile, timestamptz, timestamptz, numeric, numeric, integer, integer) IS 'the path of a profile, which breaks where readings are missing';

CREATE FUNCTION billing._chart_zone(profile billing.profile)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(nullif(billing.time_zone(_chart_zone.profile), ''), 'UTC');
END;
COMMENT ON FUNCTION billing._chart_zone(billing.profile) IS 'whose local time a chart shows';

-- ---- charts ----

CREATE FUNCTION billing.chart_load(profile billing.profile, anomalies tstzrange[] DEFAULT '{}', labels text[] DEFAULT '{}', title text DEFAULT NULL, lang text DEFAULT 'en', words jsonb DEFAULT '{}',
								   width integer DEFAULT 900, height integer DEFAULT 360)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_at		timestamptz := billing.start_at(profile);
	until_at	timestamptz := billing.until_at(profile);
	zone		text;
	unit		text;
	head		text;
	r			record;
	s			record;
	n			bigint;
	marks		text;
	gaps		text;
BEGIN
	IF profile IS NULL THEN
		RETURN NULL;
	END IF;
	PERFORM billing._chart_check(width, height, words);
	IF cardinality(anomalies) > 1000 THEN
		RAISE EXCEPTION 'a chart marks at most 1000 anomalies' USING ERRCODE = 'program_limit_exceeded', DETAIL = format('Given: %s.', cardinality(anomalies)), HINT = 'Show fewer days.';
	END IF;
	zone := billing._chart_zone(profile);
	unit := u.unit FROM billing._chart_unit(profile) u;
	head := coalesce(title, billing._chart_word('load', lang, words));
	SELECT min(q.lowest) AS lowest, max(q.highest) AS highest INTO s FROM billing._chart_series(profile, 1000000) q;
	SELECT * INTO r FROM billing._chart_range(s.lowest, s.highest, 5);
	-- a band, a triangle above it and a number or a word: not the colour alone
	SELECT string_agg(format(E'<g><title>%s</title><rect x="%s" y="50" width="%s" height="%s" fill="#fbe3d4" stroke="#b34700" stroke-dasharray="4 2"/><path d="M%s 49l-4 -7h8z" fill="#b34700"/>%s</g>\n',
				billing._chart_text(format('%s %s – %s', q.label, to_char(q.a AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI'), to_char(q.b AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI'))),
				q.x0, greatest(q.x1 - q.x0, 2), height - 100, round((q.x0 + q.x1) / 2, 1),
				-- a label that would run into the next one is only in the title; the last may stand to the left
				CASE WHEN q.x0 + 3 + billing._chart_room(q.label) <= q.next THEN format('<text x="%s" y="62" fill="#8a3600">%s</text>', q.x0 + 3, billing._chart_text(q.label))
					 WHEN q.next = width - 2 AND q.x0 - 3 - billing._chart_room(q.label) >= greatest(q.last, 64) THEN format('<text x="%s" y="62" text-anchor="end" fill="#8a3600">%s</text>', q.x0 - 3, billing._chart_text(q.label))
					 ELSE '' END), '' ORDER BY q.a, q.place), count(*)
	  INTO marks, n
	  FROM (SELECT q.*, coalesce(lead(q.x0) OVER w, width - 2) AS next, lag(q.x1) OVER w AS last FROM (SELECT greatest(lower(a), from_at) AS a, least(upper(a), until_at) AS b, coalesce(labels[place], place::text) AS label, place,
				   round(64 + extract(epoch FROM greatest(lower(a), from_at) - from_at) / extract(epoch FROM until_at - from_at) * (width - 84), 1) AS x0,
				   round(64 + extract(epoch FROM least(upper(a), until_at) - from_at) / extract(epoch FROM until_at - from_at) * (width - 84), 1) AS x1
			  FROM unnest(anomalies) WITH ORDINALITY u(a, place) WHERE a && tstzrange(from_at, until_at)) q WINDOW w AS (ORDER BY q.a, q.place)) q;
	SELECT string_agg(format(E'<rect x="%s" y="%s" width="%s" height="8" fill="url(#hatch)"/>\n', q.x0, height - 58, greatest(q.x1 - q.x0, 1)), '' ORDER BY q.x0) INTO gaps
	  FROM (SELECT round(64 + extract(epoch FROM lower(g) - from_at) / extract(epoch FROM until_at - from_at) * (width - 84), 1) AS x0,
				   round(64 + extract(epoch FROM upper(g) - from_at) / extract(epoch FROM until_at - from_at) * (width - 84), 1) AS x1 FROM billing.gaps(profile) g) q;
	RETURN billing._chart_frame(width, height, head,
		format('%s, %s – %s. %s %s %s, %s %s %s. %s: %s. %s: %s.', head, to_char(from_at AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI'), to_char(until_at AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI'),
			billing._chart_word('highest', lang, words), coalesce(round(s.highest, 3)::text, '-'), unit, billing._chart_word('lowest', lang, words), coalesce(round(s.lowest, 3)::text, '-'), unit,
			billing._chart_word('missing', lang, words), billing.missing_count(profile), billing._chart_word('anomaly', lang, words), n),
		billing._chart_value_axis(r.low, r.high, r.step, format('%s (%s)', billing._chart_word(CASE WHEN unit LIKE 'k%' THEN 'power' ELSE 'value' END, lang, words), unit), width, height)
		|| coalesce(marks, '') || coalesce(gaps, '') || CASE WHEN s.highest IS NULL THEN billing._chart_nothing(lang, words, width, height) ELSE '' END
		|| format(E'<path d="%s" fill="none" stroke="#0072b2" stroke-width="1.5"/>\n', billing._chart_line(profile, from_at, until_at, r.low, r.high, width, height))
		|| billing._chart_time_axis(from_at, until_at, zone, '3 hours', width, height)
		|| billing._chart_legend(ARRAY['<path d="M0 6H24" stroke="#0072b2" stroke-width="2"/>', billing._chart_word('actual', lang, words)]
			|| CASE WHEN n > 0 THEN ARRAY['<rect width="24" height="12" fill="#fbe3d4" stroke="#b34700" stroke-dasharray="4 2"/><path d="M12 10l-4 -7h8z" fill="#b34700"/>', billing._chart_word('anomaly', lang, words)] ELSE '{}' END
			|| CASE WHEN gaps IS NOT NULL THEN ARRAY['<rect y="2" width="24" height="8" fill="url(#hatch)"/>', billing._chart_word('missing', lang, words)] ELSE '{}' END, width, height));
END $$;
COMMENT ON FUNCTION billing.chart_load(billing.profile, tstzrange[], text[], text, text, jsonb, integer, integer) IS
'a load curve as SVG: energies as power, missing readings as gaps with a hatched bar below, anomalies as bands with a triangle and their label (or number); lang en or zh, other words by words';

CREATE FUNCTION billing._chart_band(lower billing.profile, upper billing.profile, from_at timestamptz, until_at timestamptz, low numeric, high numeric, width integer, height integer)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- one closed path a stretch without gaps: along the upper bound, and back along the lower
	WITH piece AS (
		SELECT u.from_at, round(64 + extract(epoch FROM u.from_at - _chart_band.from_at) / t.seconds * (_chart_band.width - 84), 1) AS x0, round(64 + extract(epoch FROM u.until_at - _chart_band.from_at) / t.seconds * (_chart_band.width - 84), 1) AS x1,
			   round(50 + (_chart_band.high - u.highest) * t.per_unit, 1) AS top, round(50 + (_chart_band.high - l.lowest) * t.per_unit, 1) AS bottom,
			   count(*) FILTER (WHERE u.highest IS NULL OR l.lowest IS NULL) OVER (ORDER BY u.from_at) AS stretch
		  FROM billing._chart_series(_chart_band.upper, _chart_band.width - 84) u
		  JOIN billing._chart_series(_chart_band.lower, _chart_band.width - 84) l ON l.from_at = u.from_at
		 CROSS JOIN (SELECT extract(epoch FROM _chart_band.until_at - _chart_band.from_at) AS seconds, (_chart_band.height - 100) / (_chart_band.high - _chart_band.low) AS per_unit) t)
	SELECT coalesce(string_agg(q.d, '' ORDER BY q.stretch), '')
	  FROM (SELECT p.stretch, 'M' || substr(string_agg(format('L%s %sL%s %2$s', p.x0, p.top, p.x1), '' ORDER BY p.from_at) || string_agg(format('L%s %sL%s %2$s', p.x1, p.bottom, p.x0), '' ORDER BY p.from_at DESC), 2) || 'Z' AS d
			  FROM piece p WHERE p.top IS NOT NULL AND p.bottom IS NOT NULL GROUP BY p.stretch) q;
END;
COMMENT ON FUNCTION billing._chart_band(billing.profile, billing.profile, timestamptz, timestamptz, numeric, numeric, integer, integer) IS 'the area between two profiles';

CREATE FUNCTION billing.chart_forecast(actual billing.profile, forecast billing.profile, lower billing.profile DEFAULT NULL, upper billing.profile DEFAULT NULL, title text DEFAULT NULL,
									   lang text DEFAULT 'en', words jsonb DEFAULT '{}', width integer DEFAULT 900, height integer DEFAULT 360)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_at		timestamptz := least(billing.start_at(actual), billing.start_at(forecast), billing.start_at(lower), billing.start_at(upper));
	until_at	timestamptz := greatest(billing.until_at(actual), billing.until_at(forecast), billing.until_at(lower), billing.until_at(upper));
	zone		text := billing._chart_zone(forecast);
	unit		text;
	head		text;
	r			record;
	s			record;
	band		text;
BEGIN
	IF forecast IS NULL THEN
		RETURN NULL;
	END IF;
	PERFORM billing._chart_check(width, height, words);
	unit := u.unit FROM billing._chart_unit(forecast) u;
	IF (SELECT count(DISTINCT u.unit) FROM unnest(ARRAY[actual, forecast, lower, upper]) p(p) CROSS JOIN LATERAL billing._chart_unit(p.p) u WHERE p.p IS NOT NULL) > 1 THEN
		RAISE EXCEPTION 'a forecast and what it is drawn with are of one unit' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	head := coalesce(title, billing._chart_word('forecast', lang, words));
	SELECT min(q.lowest) AS lowest, max(q.highest) AS highest INTO s FROM unnest(ARRAY[actual, forecast, lower, upper]) p(p) CROSS JOIN LATERAL billing._chart_series(p.p, 1000000) q WHERE p.p IS NOT NULL;
	SELECT * INTO r FROM billing._chart_range(s.lowest, s.highest, 5);
	band := CASE WHEN lower IS NOT NULL AND upper IS NOT NULL THEN billing._chart_band(lower, upper, from_at, until_at, r.low, r.high, width, height) END;
	RETURN billing._chart_frame(width, height, head,
		format('%s, %s – %s. %s: %s %s %s.', head, to_char(billing.start_at(forecast) AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI'), to_char(billing.until_at(forecast) AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI'),
			billing._chart_word('predicted', lang, words), billing._chart_word('highest', lang, words), coalesce((SELECT round(max(q.highest), 3)::text FROM billing._chart_series(forecast, 1000000) q), '-'), unit),
		billing._chart_value_axis(r.low, r.high, r.step, format('%s (%s)', billing._chart_word(CASE WHEN unit LIKE 'k%' THEN 'power' ELSE 'value' END, lang, words), unit), width, height)
		|| coalesce(format(E'<path d="%s" fill="#cce3f0" stroke="#0072b2" stroke-width="0.7" stroke-dasharray="2 2"/>\n', band), '')
		|| CASE WHEN actual IS NOT NULL THEN format(E'<path d="%s" fill="none" stroke="#1a1a1a" stroke-width="1.5"/>\n', billing._chart_line(actual, from_at, until_at, r.low, r.high, width, height)) ELSE '' END
		|| format(E'<path d="%s" fill="none" stroke="#0072b2" stroke-width="2" stroke-dasharray="7 3"/>\n', billing._chart_line(forecast, from_at, until_at, r.low, r.high, width, height))
		|| CASE WHEN s.highest IS NULL THEN billing._chart_nothing(lang, words, width, height) ELSE '' END
		|| billing._chart_time_axis(from_at, until_at, zone, '3 hours', width, height)
		|| billing._chart_legend(CASE WHEN actual IS NOT NULL THEN ARRAY['<path d="M0 6H24" stroke="#1a1a1a" stroke-width="2"/>', billing._chart_word('actual', lang, words)] ELSE '{}' END
			|| ARRAY['<path d="M0 6H24" stroke="#0072b2" stroke-width="2" stroke-dasharray="7 3"/>', billing._chart_word('predicted', lang, words)]
			|| CASE WHEN band IS NOT NULL THEN ARRAY['<rect width="24" height="12" fill="#cce3f0" stroke="#0072b2" stroke-dasharray="2 2"/>', billing._chart_word('interval', lang, words)] ELSE '{}' END, width, height));
END $$;
COMMENT ON FUNCTION billing.chart_forecast(billing.profile, billing.profile, billing.profile, billing.profile, text, text, jsonb, integer, integer) IS
'a forecast as SVG, dashed, with its interval as an area, beside what was metered, as a whole line';

CREATE FUNCTION billing.chart_duration(profile billing.profile, title text DEFAULT NULL, lang text DEFAULT 'en', words jsonb DEFAULT '{}', width integer DEFAULT 900, height integer DEFAULT 360)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unit	text;
	head	text;
	r		record;
	s		record;
	line	text;
BEGIN
	IF profile IS NULL THEN
		RETURN NULL;
	END IF;
	PERFORM billing._chart_check(width, height, words);
	unit := u.unit FROM billing._chart_unit(profile) u;
	head := coalesce(title, billing._chart_word('duration', lang, words));
	SELECT min(t.value) * max(u.factor) AS lowest, max(t.value) * max(u.factor) AS highest, avg(t.value) * max(u.factor) AS mean INTO s FROM billing.slots(profile) t CROSS JOIN billing._chart_unit(profile) u;
	SELECT * INTO r FROM billing._chart_range(s.lowest, s.highest, 5);
	-- the highest for its share of the time, and so on; of so many values as the picture is wide one is shown, and the last
	SELECT string_agg(format('%s%s %s', CASE WHEN q.n = 0 THEN 'M' ELSE 'L' END, round(64 + q.n / (q.most + 1)::numeric * (width - 84), 1), round(50 + (r.high - q.value) / (r.high - r.low) * (height - 100), 1)), '' ORDER BY q.n) || format('H%s', width - 20)
	  INTO line
	  FROM (SELECT t.value * u.factor AS value, row_number() OVER (ORDER BY t.value DESC) - 1 AS n, count(*) OVER () - 1 AS most
			  FROM billing.slots(profile) t CROSS JOIN billing._chart_unit(profile) u WHERE t.value IS NOT NULL) q
	 WHERE q.n % ((q.most + 1) / (width - 84) + 1) = 0 OR q.n = q.most;
	RETURN billing._chart_frame(width, height, head,
		format('%s. %s %s, %s %s, %s %s %s. %s: %s.', head, billing._chart_word('highest', lang, words), coalesce(round(s.highest, 3)::text, '-'), billing._chart_word('mean', lang, words), coalesce(round(s.mean, 3)::text, '-'),
			billing._chart_word('lowest', lang, words), coalesce(round(s.lowest, 3)::text, '-'), unit, billing._chart_word('missing', lang, words), billing.missing_count(profile)),
		billing._chart_value_axis(r.low, r.high, r.step, format('%s (%s)', billing._chart_word(CASE WHEN unit LIKE 'k%' THEN 'power' ELSE 'value' END, lang, words), unit), width, height)
		|| format(E'<path d="M64 %s H%s" stroke="#595959"/>\n', height - 50, width - 20)
		|| (SELECT string_agg(format(E'<path d="M%s %s V%s" stroke="#595959"/><text x="%1$s" y="%4$s" text-anchor="middle">%5$s</text>\n', round(64 + (width - 84) * p / 100.0, 1), height - 50, height - 45, height - 31, p), '' ORDER BY p)
			  FROM generate_series(0, 100, CASE WHEN width < 500 THEN 20 ELSE 10 END) p)
		|| coalesce(format(E'<path d="%s" fill="none" stroke="#0072b2" stroke-width="2"/>\n', line), '')
		|| coalesce(format(E'<path d="M64 %s H%s" stroke="#b34700" stroke-dasharray="8 4"/>\n', round(50 + (r.high - s.mean) / (r.high - r.low) * (height - 100), 1), width - 20), '')
		|| format(E'<text x="%s" y="%s" text-anchor="end" fill="#404040">%s</text>\n', width - 20, height - 8, billing._chart_text(billing._chart_word('time_share', lang, words)))
		|| CASE WHEN s.mean IS NULL THEN billing._chart_nothing(lang, words, width, height) ELSE
			billing._chart_legend(ARRAY['<path d="M0 6H24" stroke="#b34700" stroke-dasharray="8 4"/>', billing._chart_word('mean', lang, words)], width, height) END);
END $$;
COMMENT ON FUNCTION billing.chart_duration(billing.profile, text, text, jsonb, integer, integer) IS 'a load duration curve as SVG: for which share of the time the load was at least so high, and its mean';

CREATE FUNCTION billing._chart_shade(share numeric)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- from pale yellow over green to dark blue: ever darker, so that it says the same without colours
	SELECT '#' || string_agg(lpad(to_hex(round(v.a + (v.b - v.a) * (s.share * 4 - s.part))::integer), 2, '0'), '' ORDER BY v.n)
	  FROM (SELECT greatest(least(_chart_shade.share, 1), 0) AS share, least(floor(greatest(least(_chart_shade.share, 1), 0) * 4), 3)::integer AS part) s
	 CROSS JOIN LATERAL (VALUES (1, (ARRAY[253, 170, 65, 34, 8])[s.part + 1], (ARRAY[253, 170, 65, 34, 8])[s.part + 2]), (2, (ARRAY[246, 220, 182, 113, 29])[s.part + 1], (ARRAY[246, 220, 182, 113, 29])[s.part + 2]),
								(3, (ARRAY[200, 180, 196, 168, 88])[s.part + 1], (ARRAY[200, 180, 196, 168, 88])[s.part + 2])) v(n, a, b);
END;
COMMENT ON FUNCTION billing._chart_shade(numeric) IS 'the colour of a share, 0 to 1';

CREATE FUNCTION billing.chart_heatmap(profile billing.profile, title text DEFAULT NULL, lang text DEFAULT 'en', words jsonb DEFAULT '{}', width integer DEFAULT 900, height integer DEFAULT 360)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	zone	text := billing._chart_zone(profile);
	days	daterange;
	count	integer;
	unit	text;
	head	text;
	s		record;
BEGIN
	IF profile IS NULL THEN
		RETURN NULL;
	END IF;
	PERFORM billing._chart_check(width, height, words);
	days := daterange((billing.start_at(profile) AT TIME ZONE zone)::date, ((billing.until_at(profile) - interval '1 second') AT TIME ZONE zone)::date, '[]');
	count := upper(days) - lower(days);
	IF count > 400 OR billing.slot(profile) > interval '1 hour' THEN
		RAISE EXCEPTION 'a heat map shows hours of up to 400 days' USING ERRCODE = 'program_limit_exceeded', DETAIL = format('The profile has %s days of slots of %s.', count, billing.slot(profile)),
			HINT = 'slice() it; longer slots have no hours.';
	END IF;
	unit := u.unit FROM billing._chart_unit(profile) u;
	head := coalesce(title, billing._chart_word('heatmap', lang, words));
	-- a day a column, an hour a row; of hours that come twice when clocks change the mean
	WITH hour AS (
		SELECT (t.at AT TIME ZONE zone)::date - lower(days) AS day, extract(hour FROM t.at AT TIME ZONE zone)::integer AS hour, avg(t.value) * max(u.factor) AS kw
		  FROM billing.slots(profile) t CROSS JOIN billing._chart_unit(profile) u GROUP BY 1, 2),
	ends AS (SELECT min(h.kw) AS lowest, max(h.kw) AS highest FROM hour h)
	SELECT e.lowest, e.highest,
		   string_agg(format('<rect x="%s" y="%s" width="%s" height="%s" fill="%s"/>', round(64 + h.day * (width - 164) / count::numeric, 1), round(50 + h.hour * (height - 100) / 24.0, 1),
					round((h.day + 1) * (width - 164) / count::numeric, 1) - round(h.day * (width - 164) / count::numeric, 1), round((h.hour + 1) * (height - 100) / 24.0, 1) - round(h.hour * (height - 100) / 24.0, 1),
					CASE WHEN h.kw IS NULL THEN 'url(#hatch)' ELSE billing._chart_shade(coalesce((h.kw - e.lowest) / nullif(e.highest - e.lowest, 0), 0.5)) END), E'\n' ORDER BY h.day, h.hour) || E'\n' AS cells
	  INTO s FROM hour h CROSS JOIN ends e GROUP BY e.lowest, e.highest;
	RETURN billing._chart_frame(width, height, head,
		format('%s, %s – %s. %s %s, %s %s %s. %s: %s.', head, lower(days), upper(days) - 1, billing._chart_word('highest', lang, words), coalesce(round(s.highest, 3)::text, '-'), billing._chart_word('lowest', lang, words),
			coalesce(round(s.lowest, 3)::text, '-'), unit, billing._chart_word('missing', lang, words), billing.missing_count(profile)),
		format(E'<text x="64" y="38" fill="#404040">%s</text>\n', billing._chart_text(billing._chart_word('hour', lang, words)))
		|| format(E'<g stroke="none" shape-rendering="crispEdges">\n%s</g>\n<rect x="64" y="50" width="%s" height="%s" fill="none" stroke="#595959"/>\n', s.cells, width - 164, height - 100)
		|| (SELECT string_agg(format(E'<text x="58" y="%s" text-anchor="end">%s</text>\n', round(50 + h * (height - 100) / 24.0 + 4, 1), h), '' ORDER BY h) FROM generate_series(0, 24, 6) h)
		|| billing._chart_time_axis(lower(days)::timestamp AT TIME ZONE zone, upper(days)::timestamp AT TIME ZONE zone, zone, '1 day', width - 80, height)
		-- the scale; where all hours are the same, or not known, there is nothing to compare
		|| format(E'<text x="%s" y="38" fill="#404040">%s</text>\n', width - 84, unit)
		|| CASE WHEN s.highest > s.lowest THEN (
				SELECT string_agg(format('<rect x="%s" y="%s" width="16" height="%s" fill="%s"/>', width - 84, round(50 + (1 - (i + 1) / 20.0) * (height - 100), 1), round((height - 100) / 20.0 + 0.5, 1), billing._chart_shade((i + 0.5) / 20)),
					E'\n' ORDER BY i) FROM generate_series(0, 19) i)
				|| format(E'\n<text x="%1$s" y="54">%2$s</text><text x="%1$s" y="%3$s">%4$s</text><text x="%1$s" y="%5$s">%6$s</text>\n', width - 64, round(s.highest, 2), round(height / 2.0 + 4, 1),
					round((s.highest + s.lowest) / 2, 2), height - 46, round(s.lowest, 2))
		   WHEN s.highest IS NOT NULL THEN format(E'<rect x="%s" y="50" width="16" height="%s" fill="%s"/><text x="%s" y="%s">%s</text>\n', width - 84, height - 100, billing._chart_shade(0.5), width - 64, round(height / 2.0 + 4, 1), round(s.highest, 2))
		   ELSE '' END
		|| CASE WHEN billing.missing_count(profile) > 0 THEN billing._chart_legend(ARRAY['<rect width="24" height="12" fill="url(#hatch)"/>', billing._chart_word('missing', lang, words)], width, height) ELSE '' END);
END $$;
COMMENT ON FUNCTION billing.chart_heatmap(billing.profile, text, text, jsonb, integer, integer) IS 'mean load of each hour of each day as SVG, ever darker, with a scale; hours without readings are hatched; at most 400 days';

CREATE FUNCTION billing.chart_losses(names text[], loss_percent numeric[], limit_percent numeric DEFAULT NULL, title text DEFAULT NULL, lang text DEFAULT 'en', words jsonb DEFAULT '{}', width integer DEFAULT 900)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n			integer := coalesce(cardinality(names), 0);
	height		integer := greatest(100 + 24 * n, 200);
	-- names to the left of the bars, what they are to the right; in a narrow picture without words
	starts		integer := least(160, width * 3 / 10);
	has_words	boolean := width >= 500;
	ends		integer := width - CASE WHEN has_words THEN 190 ELSE 72 END;
	head		text;
	r			record;
	bars		text;
	above		integer;
BEGIN
	PERFORM billing._chart_check(width, height, words);
	IF n > 150 OR n <> coalesce(cardinality(loss_percent), 0) OR EXISTS (SELECT FROM unnest(loss_percent || limit_percent) p WHERE NOT p BETWEEN -1e9 AND 1e9) THEN
		RAISE EXCEPTION 'a chart of losses is of up to 150 areas, each with its loss' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Given: %s names, %s losses.', n, coalesce(cardinality(loss_percent), 0)),
			HINT = 'A loss, and the limit, are numbers up to a thousand million; null is a loss that is not known.';
	END IF;
	head := coalesce(title, billing._chart_word('losses', lang, words));
	SELECT * INTO r FROM billing._chart_range(least((SELECT min(p) FROM unnest(loss_percent) p), limit_percent), greatest((SELECT max(p) FROM unnest(loss_percent) p), limit_percent), greatest((ends - starts) / 90, 1));
	-- what is above the limit, or below zero, is hatched and says so
	SELECT string_agg(format(E'<text x="%s" y="%s" text-anchor="end">%s</text>', starts - 6, q.y + 12, billing._chart_fit(q.name, starts - 10))
			|| CASE WHEN q.loss IS NULL THEN format(E'<text x="%s" y="%s" fill="#404040" stroke="#ffffff" stroke-width="3" paint-order="stroke">%s</text>\n', q.zero + 4, q.y + 12, billing._chart_text(billing._chart_word('no_data', lang, words)))
			   ELSE format(E'<rect x="%s" y="%s" width="%s" height="16" fill="%s" stroke="%s"/><text x="%s" y="%s" stroke="#ffffff" stroke-width="3" paint-order="stroke">%s %%%s</text>\n', least(q.x, q.zero), q.y, abs(q.x - q.zero),
					CASE WHEN q.odd IS NULL THEN '#0072b2' ELSE 'url(#hatch)' END, CASE WHEN q.odd IS NULL THEN '#0072b2' ELSE '#b34700' END, greatest(q.x, q.zero) + 4, q.y + 12, round(q.loss, 2),
					CASE WHEN q.odd IS NOT NULL THEN ' ▲' || CASE WHEN has_words THEN ' ' || billing._chart_text(billing._chart_word(q.odd, lang, words)) ELSE '' END ELSE '' END) END, '' ORDER BY q.place), count(q.odd)
	  INTO bars, above
	  FROM (SELECT place, name, loss, 56 + 24 * (place - 1) AS y, round(starts + (loss - r.low) / (r.high - r.low) * (ends - starts), 1) AS x, round(starts - r.low / (r.high - r.low) * (ends - starts), 1) AS zero,
				   CASE WHEN loss > limit_percent THEN 'above_limit' WHEN loss < 0 THEN 'negative' END AS odd
			  FROM unnest(names, loss_percent) WITH ORDINALITY u(name, loss, place)) q;
	RETURN billing._chart_frame(width, height, head,
		format('%s. %s: %s. %s: %s.', head, billing._chart_word('above_limit', lang, words) || ' / ' || billing._chart_word('negative', lang, words), above, billing._chart_word('limit', lang, words), coalesce(limit_percent::text, '-')),
		(SELECT string_agg(format(E'<path d="M%s 50V%s" stroke="%s"/><text x="%1$s" y="%4$s" text-anchor="middle">%5$s</text>\n', round(starts + (v - r.low) / (r.high - r.low) * (ends - starts), 1), height - 40,
				CASE WHEN v = 0 THEN '#595959' ELSE '#d9d9d9' END, height - 26, trim_scale(v)), '' ORDER BY v) FROM generate_series(r.low, r.high, r.step) v)
		|| coalesce((SELECT format(E'<path d="M%s 46V%s" stroke="#b34700" stroke-width="2" stroke-dasharray="8 4"/><text x="%1$s" y="40" fill="#8a3600" text-anchor="middle">%3$s %4$s %%</text>\n', x, height - 40,
				billing._chart_text(billing._chart_word('limit', lang, words)), trim_scale(limit_percent)) FROM (SELECT round(starts + (limit_percent - r.low) / (r.high - r.low) * (ends - starts), 1) AS x) l WHERE x IS NOT NULL), '')
		|| coalesce(bars, billing._chart_nothing(lang, words, width, height))
		|| format(E'<text x="%s" y="%s" text-anchor="end" fill="#404040">%s</text>\n', width - 20, height - 8, billing._chart_text(billing._chart_word('loss_percent', lang, words))));
END $$;
COMMENT ON FUNCTION billing.chart_losses(text[], numeric[], numeric, text, text, jsonb, integer) IS
'losses of areas as SVG, a bar each, with a limit: SELECT chart_losses(array_agg(area_no), array_agg(loss_percent), 8) FROM area_losses(…); what is above the limit or below zero is hatched and says so';

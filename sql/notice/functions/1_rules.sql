-- ---- what is wanted, and in which words ----

CREATE FUNCTION billing.set_notice_rule(org_no text, kind text, from_on date, channel text, class text DEFAULT NULL, days integer DEFAULT 0, locale text DEFAULT 'zh')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes a rule of an org, for who may approve bills there.
DECLARE
	at_org	bigint := billing._org_of(set_notice_rule.org_no, 'approve', 'bill');
BEGIN
	-- without channel: none of this kind; without class: of all others
	PERFORM billing._given('set_notice_rule', org_no, kind, from_on, coalesce(channel, ''), coalesce(class, ''), days, locale);
	PERFORM billing._notice_kind(set_notice_rule.kind);
	PERFORM billing._check_class(set_notice_rule.class);
	INSERT INTO billing.notice_rule AS r (org_id, class, kind, from_on, channel, locale, days)
	VALUES (at_org, set_notice_rule.class, set_notice_rule.kind, set_notice_rule.from_on, set_notice_rule.channel, set_notice_rule.locale, set_notice_rule.days)
	    ON CONFLICT ON CONSTRAINT notice_rule_key DO UPDATE SET channel = excluded.channel, locale = excluded.locale, days = excluded.days, set_by = excluded.set_by;
	PERFORM billing._audit(at_org, 'set_notice_rule', format('org %s', set_notice_rule.org_no), jsonb_strip_nulls(jsonb_build_object('kind', set_notice_rule.kind,
		'class', set_notice_rule.class, 'from_on', set_notice_rule.from_on, 'channel', set_notice_rule.channel, 'days', set_notice_rule.days, 'locale', set_notice_rule.locale)));
END $$;
COMMENT ON FUNCTION billing.set_notice_rule(text, text, date, text, text, integer, text) IS
'from a day on customers of an org and all below it, of a class or (null) of all others, are told of this kind by a channel: email, sms, post, wechat, hand; null: not told; '
'days: due_soon so many before the bill is due, overdue so many after; needs approve on bill';

CREATE FUNCTION billing._notice_kind(kind text)
RETURNS billing.notice_kind
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_kind	billing.notice_kind;
BEGIN
	SELECT k.* INTO found_kind FROM billing.notice_kind k WHERE k.kind = _notice_kind.kind;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no kind of notice "%"', _notice_kind.kind
			USING ERRCODE = 'invalid_parameter_value', HINT = format('Kinds: %s.', (SELECT string_agg(k.kind, ', ' ORDER BY k.kind) FROM billing.notice_kind k));
	END IF;
	RETURN found_kind;
END $$;
COMMENT ON FUNCTION billing._notice_kind(text) IS 'the kind of this name';

CREATE FUNCTION billing._check_words(words text, placeholders text[])
RETURNS void
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong	text;
BEGIN
	SELECT m.m[1] INTO wrong FROM regexp_matches(_check_words.words, '\{([^{}]*)\}', 'g') m WHERE NOT m.m[1] = ANY (_check_words.placeholders) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'nothing can stand for "{%}"', left(wrong, 100)
			USING ERRCODE = 'invalid_parameter_value', HINT = format('In notices of this kind: {%s}.', array_to_string(_check_words.placeholders, '}, {'));
	END IF;
	IF regexp_replace(_check_words.words, '\{[^{}]*\}', '', 'g') ~ '[{}]' THEN
		RAISE EXCEPTION 'a brace is not closed, or not opened'
			USING ERRCODE = 'invalid_parameter_value', HINT = format('Braces are for placeholders: {%s}.', array_to_string(_check_words.placeholders, '}, {'));
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_words(text, text[]) IS 'raises where a text has braces with something else in them than these';

CREATE FUNCTION billing._filled(words text, said jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- in one pass: what is put in is not looked through again
	SELECT coalesce(string_agg(CASE WHEN p.n = 1 THEN p.piece ELSE coalesce(_filled.said ->> split_part(p.piece, '}', 1), '') || substr(p.piece, strpos(p.piece, '}') + 1) END, '' ORDER BY p.n), '')
	  FROM string_to_table(_filled.words, '{') WITH ORDINALITY p(piece, n);
END;
COMMENT ON FUNCTION billing._filled(text, jsonb) IS 'a text whose braces were checked, with what stands for them';

CREATE FUNCTION billing.set_notice_template(org_no text, kind text, channel text, locale text, subject text, body text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as set_notice_rule().
DECLARE
	at_org	bigint := billing._org_of(set_notice_template.org_no, 'approve', 'bill');
	of_kind	billing.notice_kind;
	made	bigint;
BEGIN
	PERFORM billing._given('set_notice_template', org_no, kind, channel, locale, subject, body);
	of_kind := billing._notice_kind(set_notice_template.kind);
	PERFORM billing._check_words(set_notice_template.subject, of_kind.placeholders), billing._check_words(set_notice_template.body, of_kind.placeholders);
	INSERT INTO billing.notice_template AS t (org_id, kind, channel, locale, subject, body)
	VALUES (at_org, set_notice_template.kind, set_notice_template.channel, set_notice_template.locale, set_notice_template.subject, set_notice_template.body)
	RETURNING t.template_id INTO made;
	PERFORM billing._audit(at_org, 'set_notice_template', format('template %s', made),
		jsonb_build_object('kind', set_notice_template.kind, 'channel', set_notice_template.channel, 'locale', set_notice_template.locale));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.set_notice_template(text, text, text, text, text, text) IS
'the words of notices of a kind, channel and language, from now on, for an org and all below it; in braces what billing.notice_kind lists, and nothing else; needs approve on bill';

CREATE FUNCTION billing._notice_rule(org_id bigint, class text, kind text, on_day date)
RETURNS billing.notice_rule
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT r FROM (SELECT billing._orgs_over(_notice_rule.org_id) AS orgs) o
	  JOIN billing.notice_rule r ON r.org_id = ANY (o.orgs)
	 WHERE r.kind = _notice_rule.kind AND (r.class IS NULL OR r.class = _notice_rule.class) AND r.from_on <= _notice_rule.on_day
	 ORDER BY array_position(o.orgs, r.org_id), r.class IS NULL, r.from_on DESC LIMIT 1;
END;
COMMENT ON FUNCTION billing._notice_rule(bigint, text, text, date) IS 'what is wanted at an org, for a class, on a day';

CREATE FUNCTION billing.set_disconnection_rule(org_no text, class text, from_on date, overdue_days integer DEFAULT 30, notice_days integer DEFAULT 7, reminder_minutes integer DEFAULT 30,
	reconnect_hours integer DEFAULT 24, source text DEFAULT '')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as set_notice_rule().
DECLARE
	at_org	bigint := billing._org_of(set_disconnection_rule.org_no, 'approve', 'bill');
BEGIN
	-- without class: of all others; without reminder_minutes: no reminder
	PERFORM billing._given('set_disconnection_rule', org_no, coalesce(class, ''), from_on, overdue_days, notice_days, coalesce(reminder_minutes, 0), reconnect_hours, source);
	PERFORM billing._check_class(set_disconnection_rule.class);
	INSERT INTO billing.disconnection_rule AS r (org_id, class, from_on, overdue_days, notice_days, reminder_minutes, reconnect_hours, source)
	VALUES (at_org, set_disconnection_rule.class, set_disconnection_rule.from_on, set_disconnection_rule.overdue_days, set_disconnection_rule.notice_days,
			set_disconnection_rule.reminder_minutes, set_disconnection_rule.reconnect_hours, set_disconnection_rule.source)
	    ON CONFLICT ON CONSTRAINT disconnection_rule_key DO UPDATE SET overdue_days = excluded.overdue_days, notice_days = excluded.notice_days,
			reminder_minutes = excluded.reminder_minutes, reconnect_hours = excluded.reconnect_hours, source = excluded.source, set_by = excluded.set_by;
	PERFORM billing._audit(at_org, 'set_disconnection_rule', format('org %s', set_disconnection_rule.org_no), jsonb_strip_nulls(jsonb_build_object('class', set_disconnection_rule.class,
		'from_on', set_disconnection_rule.from_on, 'overdue_days', set_disconnection_rule.overdue_days, 'notice_days', set_disconnection_rule.notice_days,
		'reminder_minutes', set_disconnection_rule.reminder_minutes, 'reconnect_hours', set_disconnection_rule.reconnect_hours, 'source', set_disconnection_rule.source)));
END $$;
COMMENT ON FUNCTION billing.set_disconnection_rule(text, text, date, integer, integer, integer, integer, text) IS
'what is asked before supply is stopped for arrears, at an org and all below it, of a class or (null) of all others, from a day on: days overdue, days of notice, minutes of a second '
'warning (null: none), hours until supply is back after payment, and where that is laid down; needs approve on bill';

CREATE FUNCTION billing._disconnection_rule(account_id bigint, on_day date)
RETURNS billing.disconnection_rule
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	at_org	bigint;
	class_of text;
	rule	billing.disconnection_rule;
	agreed	integer;
BEGIN
	SELECT a.org_id, (SELECT s.class FROM billing._plan_on(a.account_id, _disconnection_rule.on_day) p JOIN billing.plan_class s ON s.plan_id = p.plan_id) INTO at_org, class_of
	  FROM billing.account a WHERE a.account_id = _disconnection_rule.account_id;
	SELECT r.* INTO rule FROM (SELECT billing._orgs_over(at_org) AS orgs) o
	  JOIN billing.disconnection_rule r ON r.org_id = ANY (o.orgs)
	 WHERE (r.class IS NULL OR r.class = class_of) AND r.from_on <= _disconnection_rule.on_day
	 ORDER BY array_position(o.orgs, r.org_id), r.class IS NULL, r.from_on DESC LIMIT 1;
	IF NOT FOUND THEN
		rule := ROW (at_org, NULL, _disconnection_rule.on_day, 30, 7, 30, 24, '', '')::billing.disconnection_rule;
	END IF;
	-- a contract may give the customer more time than the law, not less
	SELECT max((v.other_terms ->> 'disconnection_notice_days')::integer) INTO agreed FROM billing.contract c
	  JOIN LATERAL (SELECT o.other_terms FROM billing.contract_version o
					 WHERE o.account_id = c.account_id AND o.contract_no = c.contract_no AND o.state = 'signed' AND lower(o.valid_during) <= _disconnection_rule.on_day
					 ORDER BY o.version DESC LIMIT 1) v ON v.other_terms ->> 'disconnection_notice_days' ~ '^[0-9]{1,3}$'
	 WHERE c.account_id = _disconnection_rule.account_id
	   AND _disconnection_rule.on_day < coalesce(billing.contract_ends_on(c.account_id, c.contract_no, _disconnection_rule.on_day), 'infinity');
	rule.notice_days := greatest(rule.notice_days, agreed);
	RETURN rule;
END $$;
COMMENT ON FUNCTION billing._disconnection_rule(bigint, date) IS 'what is asked before an account is disconnected for arrears on a day';

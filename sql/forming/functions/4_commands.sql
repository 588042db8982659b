-- Commands: rules, tables of losses, collective statements.
CREATE FUNCTION billing.add_loss_table(table_code text, steps jsonb)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: tables are everybody's, so who writes them may write plans everywhere.
DECLARE
	n	integer;
BEGIN
	PERFORM billing._given('add_loss_table', table_code, steps);
	PERFORM billing._check_everywhere('write', 'plan');
	INSERT INTO billing.loss_table AS t (table_code, kva, kwh_from, loss_kwh, loss_kvarh)
	SELECT add_loss_table.table_code, s.kva, s.kwh_from, s.loss_kwh, coalesce(s.loss_kvarh, 0)
	  FROM jsonb_to_recordset(add_loss_table.steps) s(kva numeric, kwh_from numeric, loss_kwh numeric, loss_kvarh numeric)
	    ON CONFLICT ON CONSTRAINT loss_table_pkey DO UPDATE SET loss_kwh = excluded.loss_kwh, loss_kvarh = excluded.loss_kvarh;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;
COMMENT ON FUNCTION billing.add_loss_table(text, jsonb) IS
'a table of transformer losses, or more of it: [{"kva", "kwh_from", "loss_kwh", "loss_kvarh"}, ...], of a month; needs write on plan everywhere; returns how many steps';

CREATE FUNCTION billing.add_forming_rule(account_no text, kind text, from_on date, settings jsonb DEFAULT '{}', part text DEFAULT 'main',
	other_account_no text DEFAULT NULL, other_part text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: writes a rule for who may write both accounts.
DECLARE
	account	bigint := billing._account_of(add_forming_rule.account_no, 'write', 'account');
	other	bigint := CASE WHEN add_forming_rule.other_account_no IS NOT NULL THEN billing._account_of(add_forming_rule.other_account_no, 'write', 'account') END;
	gives	boolean := add_forming_rule.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share');
	unknown	text;
	head	record;
	rule	billing.forming_rule;
BEGIN
	SELECT k INTO unknown FROM jsonb_object_keys(add_forming_rule.settings) k
	 WHERE k <> ALL ('{ratio,weight,kwh,kw,hours,period,step_kwh,table_code,kva,iron_kw,copper_kw,no_load_percent,impedance_percent,ohm,kv,factor,until_on}'::text[]) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'unknown setting "%"', unknown USING ERRCODE = 'invalid_parameter_value', HINT = 'The columns of billing.forming_rule are the settings.';
	END IF;
	-- one after the other: two that are made at once could close a circle
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.forming_rule', 0));
	PERFORM FROM billing.account_head h WHERE h.account_id IN (account, other) ORDER BY h.account_id FOR NO KEY UPDATE;
	FOR head IN SELECT h.billed_to, h.usage_from FROM billing.account_head h WHERE h.account_id = account OR (h.account_id = other AND gives) LOOP
		IF add_forming_rule.from_on < head.billed_to THEN
			RAISE EXCEPTION 'these days are billed already'
				USING ERRCODE = 'UB301', DETAIL = format('An account of the rule is billed up to %s.', to_char(head.billed_to, 'YYYY-MM-DD')), HINT = 'Let the rule begin there.';
		END IF;
	END LOOP;
	rule := jsonb_populate_record(NULL::billing.forming_rule, add_forming_rule.settings);
	rule.account_id := account;
	rule.kind := add_forming_rule.kind;
	rule.part := add_forming_rule.part;
	rule.from_on := add_forming_rule.from_on;
	rule.other_id := other;
	rule.other_part := coalesce(add_forming_rule.other_part, CASE WHEN other IS NOT NULL THEN 'main' END);
	rule.period := coalesce(rule.period, '');
	rule.step_kwh := coalesce(rule.step_kwh, 0.000001);
	rule.factor := coalesce(rule.factor, 1);
	rule.made_by := billing.actor();
	rule.made_at := now();
	rule.rule_no := coalesce((SELECT max(r.rule_no) FROM billing.forming_rule r WHERE r.account_id = account), 0) + 1;
	SELECT h.org_id INTO rule.org_id FROM billing.account_head h WHERE h.account_id = account;
	IF other IS NOT NULL AND EXISTS (
		WITH RECURSIVE reached AS (
			SELECT other AS account_id
			UNION
			SELECT r.other_id FROM reached q JOIN billing.forming_rule r ON r.account_id = q.account_id
			 WHERE r.other_id IS NOT NULL AND (r.kind = 'deduct') <> gives
			   AND (r.until_on IS NULL OR r.until_on > rule.from_on) AND (rule.until_on IS NULL OR r.from_on < rule.until_on))
		SELECT FROM reached q WHERE q.account_id = account) THEN
		RAISE EXCEPTION 'the rule would close a circle'
			USING ERRCODE = 'UB126', DETAIL = format('Account %s already %s account %s, directly or by others.', add_forming_rule.other_account_no,
				CASE WHEN gives THEN 'gives to' ELSE 'has its meter in front of that of' END, add_forming_rule.account_no),
				HINT = 'Deduct the meters behind, and give in one direction.';
	END IF;
	INSERT INTO billing.forming_rule SELECT rule.*;
	UPDATE billing.account_head h SET usage_from = 'formed' WHERE h.usage_from <> 'formed' AND (h.account_id = account OR (h.account_id = other AND gives));
	PERFORM billing._audit(a.org_id, 'add_forming_rule', format('account %s', a.account_no), jsonb_strip_nulls(jsonb_build_object('of', add_forming_rule.account_no, 'rule_no', rule.rule_no,
			'kind', rule.kind, 'from_on', rule.from_on, 'part', rule.part, 'other_account_no', add_forming_rule.other_account_no, 'other_part', rule.other_part, 'settings', add_forming_rule.settings)))
	   FROM billing.account a WHERE a.account_id IN (account, other) ORDER BY a.account_id;
	RETURN rule.rule_no;
END $$;
COMMENT ON FUNCTION billing.add_forming_rule(text, text, date, jsonb, text, text, text) IS
'what is done to the energy of a part of an account from a day on: unmetered, transformer_loss, line_loss, deduct, loss_share, fixed_quantity, fixed_ratio, share; settings are columns of '
'forming_rule; the account, and who gets from it, are billed by formed usage from then on; a circle is refused; needs write on both accounts; returns rule_no';

CREATE FUNCTION billing.end_forming_rule(account_no text, rule_no integer, until_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_forming_rule().
DECLARE
	account	bigint := billing._account_of(end_forming_rule.account_no, 'write', 'account');
	rule	record;
BEGIN
	PERFORM billing._given('end_forming_rule', account_no, rule_no, until_on);
	SELECT r.other_id, r.kind, r.org_id, r.until_on INTO rule FROM billing.forming_rule r WHERE r.account_id = account AND r.rule_no = end_forming_rule.rule_no;
	IF NOT FOUND OR rule.until_on IS NOT NULL THEN
		PERFORM billing._not_found(format('an open rule %s of account %s', end_forming_rule.rule_no, end_forming_rule.account_no));
	END IF;
	PERFORM FROM billing.account_head h WHERE h.account_id IN (account, rule.other_id) ORDER BY h.account_id FOR NO KEY UPDATE;
	IF EXISTS (SELECT FROM billing.account_head h WHERE (h.account_id = account OR (h.account_id = rule.other_id AND rule.kind <> 'deduct')) AND h.billed_to > end_forming_rule.until_on) THEN
		RAISE EXCEPTION 'these days are billed already' USING ERRCODE = 'UB301', HINT = 'A rule ends where bills do, and not before the last one.';
	END IF;
	UPDATE billing.forming_rule r SET until_on = end_forming_rule.until_on WHERE r.account_id = account AND r.rule_no = end_forming_rule.rule_no;
	PERFORM billing._audit(rule.org_id, 'end_forming_rule', format('account %s', end_forming_rule.account_no),
		jsonb_build_object('rule_no', end_forming_rule.rule_no, 'until_on', end_forming_rule.until_on));
END $$;
COMMENT ON FUNCTION billing.end_forming_rule(text, integer, date) IS 'a rule does not count any more from a day on that is not billed yet';

CREATE FUNCTION billing.add_collective(org_no text, collective_no text, name text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_account().
DECLARE
	at_org	bigint := billing._org_of(add_collective.org_no, 'write', 'account');
	made	bigint;
BEGIN
	PERFORM billing._given('add_collective', org_no, collective_no, name);
	INSERT INTO billing.collective AS c (org_id, collective_no, name) VALUES (at_org, add_collective.collective_no, add_collective.name) RETURNING c.collective_id INTO made;
	PERFORM billing._audit(at_org, 'add_collective', format('collective %s', add_collective.collective_no));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_collective(text, text, text) IS 'a statement that several accounts have together; returns collective_id';

CREATE FUNCTION billing.join_collective(collective_no text, account_no text, from_on date, until_on date DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write the account and the statement's org.
DECLARE
	account	bigint := billing._account_of(join_collective.account_no, 'write', 'account');
	at_org	bigint;
	wanted	bigint;
BEGIN
	SELECT c.collective_id INTO wanted FROM billing.collective c WHERE c.collective_no = join_collective.collective_no AND billing.can_write(c.org_id, 'account');
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('collective %s', join_collective.collective_no));
	END IF;
	SELECT h.org_id INTO at_org FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	-- one at a time: the one before ends
	UPDATE billing.collective_member m SET until_on = join_collective.from_on
	 WHERE m.account_id = account AND m.from_on < join_collective.from_on AND (m.until_on IS NULL OR m.until_on > join_collective.from_on);
	INSERT INTO billing.collective_member (account_id, from_on, org_id, collective_id, until_on)
	VALUES (account, join_collective.from_on, at_org, wanted, join_collective.until_on)
	    ON CONFLICT ON CONSTRAINT collective_member_pkey DO UPDATE SET collective_id = excluded.collective_id, until_on = excluded.until_on;
	PERFORM billing._audit(at_org, 'join_collective', format('account %s', join_collective.account_no),
		jsonb_build_object('collective_no', join_collective.collective_no, 'from_on', join_collective.from_on, 'until_on', join_collective.until_on));
END $$;
COMMENT ON FUNCTION billing.join_collective(text, text, date, date) IS 'bills of an account that begin on or after a day are on this statement, not on the one before';

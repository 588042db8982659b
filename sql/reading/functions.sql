CREATE FUNCTION billing.record_profile(account_no text, profile billing.profile, channel text DEFAULT 'import', part text DEFAULT 'main',
									   source text DEFAULT '')
RETURNS daterange
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: finds the account by its number for a meter reader who may write readings there.
DECLARE
	found_id	bigint := billing._account_of(record_profile.account_no, 'write', 'reading');
	account		record;
	days		daterange := billing.days(record_profile.profile);
	there		daterange;
BEGIN
	SELECT h.account_id, h.org_id, h.billed_to INTO account FROM billing.account a JOIN billing.account_head h ON h.account_id = a.account_id
	 WHERE a.account_id = found_id FOR NO KEY UPDATE OF h;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', record_profile.account_no));
	END IF;
	SELECT daterange(r.from_on, r.until_on) INTO there FROM billing.reading r
	 WHERE r.account_id = account.account_id AND r.part = record_profile.part AND r.channel = record_profile.channel
	   AND r.from_on > lower(days) - 31 AND r.from_on < upper(days) AND r.until_on > lower(days) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'account % has readings of these days already', record_profile.account_no
			USING ERRCODE = 'UB102', DETAIL = format('Recorded: %s; now: %s.', there, days), HINT = 'Deliver each day once.';
	END IF;
	INSERT INTO billing.reading (account_id, part, channel, org_id, source, profile)
	VALUES (account.account_id, record_profile.part, record_profile.channel, account.org_id, record_profile.source, record_profile.profile);
	RETURN days;
END $$;
COMMENT ON FUNCTION billing.record_profile(text, billing.profile, text, text, text) IS
'keeps a load profile of an account, of a channel (import, export, generation, reactive_import, reactive_export) of a part; returns its days; each day comes once (UB102)';

-- One call for a cycle: read, validate, rate, bill, tell.

CREATE FUNCTION billing._cycle_days(org_no text, until_on date, OUT from_on date, OUT accounts bigint, OUT may_validate boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: looks at how far accounts are billed, for who may run bills there.
DECLARE
	at_org	bigint := billing._org_of(_cycle_days.org_no, 'run', 'bill');
BEGIN
	IF NOT coalesce(_cycle_days.until_on BETWEEN '1900-01-01' AND '3000-01-01', false) THEN
		RAISE EXCEPTION 'a cycle ends on a day' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- those who are further behind were looked at before
	SELECT greatest(min(h.billed_to), _cycle_days.until_on - 366), count(*) INTO from_on, accounts
	  FROM billing.account_head h WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND billing._is_due(h, _cycle_days.until_on);
	-- who bills need not be who may change readings
	may_validate := coalesce(billing.can_write(at_org, 'reading') AND billing.can_read(at_org, 'account'), false);
END $$;
COMMENT ON FUNCTION billing._cycle_days(text, date) IS 'the first day that a cycle of an org is to look at, how many accounts are due, and whether their readings are the caller''s to validate';

CREATE FUNCTION billing._files_left(org_no text)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as _cycle_days(); files are those that the caller may see.
DECLARE
	orgs	bigint[] := billing._orgs_below(billing._org_of(_files_left.org_no, 'run', 'bill'));
	files	bigint := (SELECT count(*) FROM billing.batch b WHERE b.org_id = ANY (orgs) AND b.landed_at IS NULL);
BEGIN
	RETURN CASE WHEN files > 0 THEN format(' %s left to those who may land.', billing._counted(files, 'file')) ELSE '' END;
END $$;
COMMENT ON FUNCTION billing._files_left(text) IS 'says how many files of an org, and of those below it, still wait to be landed; empty: none';

CREATE PROCEDURE billing.run_cycle(org_no text, until_on date, estimate boolean DEFAULT false, chunk_size integer DEFAULT 2000, workers integer DEFAULT 0, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	due		record;
	said	text;
	told	record;
BEGIN
	PERFORM billing._given('run_cycle', org_no, until_on, estimate, chunk_size, workers);
	PERFORM billing._check_no_transaction();
	SELECT d.from_on, d.accounts, d.may_validate INTO due FROM billing._cycle_days(org_no, until_on) d;
	IF estimate AND NOT due.may_validate THEN
		RAISE EXCEPTION 'to estimate needs the rights to write reading and to read account' USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor()),
			HINT = 'Without estimate, the cycle goes on with the readings as they are.';
	END IF;
	COMMIT;
	CALL billing.land_batches(org_no, said);
	result := 'read: ' || said || billing._files_left(org_no);
	IF NOT due.may_validate THEN
		result := result || E'\nvalidate: left to those who may write readings.';
	ELSIF due.accounts > 0 THEN
		CALL billing.validate_readings(org_no, due.from_on, until_on, result => said);
		result := result || E'\nvalidate: ' || said;
		IF estimate THEN
			CALL billing.estimate_readings(org_no, due.from_on, until_on, result => said);
			result := result || E'\nestimate: ' || said;
		END IF;
	END IF;
	CALL billing.run_bills(org_no, until_on, chunk_size, workers, false, said);
	result := result || E'\nbill: ' || said;
	SELECT q.queued, q.withdrawn INTO told FROM billing.queue_notices(org_no) q;
	result := result || format(E'\nnotices: %s queued, %s withdrawn.', told.queued, told.withdrawn);
END $$;
COMMENT ON PROCEDURE billing.run_cycle(text, date, boolean, integer, integer, text) IS
'a whole cycle of an org, and of all below it, up to a day: lands what was received, validates the readings of the days that are due (and estimates what is missing, if asked), '
'rates and bills with the notices of the bills, queues those of what is open. Each step commits as it goes and begins where it was: stopped or killed anywhere, the same call goes on, and no '
'day is billed twice. billing.stat_progress has its progress, billing_report.open_exception what could not be billed; needs run on bill; files and readings are touched only as far as '
'the caller may write them, and the result says what is left to others';

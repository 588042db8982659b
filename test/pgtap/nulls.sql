-- What somebody asks to be done is done or refused: no command passes over a null without a word.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles();
SELECT billing.install();

CREATE TEMPORARY TABLE command AS
SELECT p.oid::regprocedure::text AS signature, p.proisstrict, p.prokind,
	   format('billing.%I(%s)', p.proname, (SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY a(t, n))) AS call
  FROM pg_proc p
 WHERE p.pronamespace = 'billing'::regnamespace AND p.proowner = 'billing_owner'::regrole AND p.provolatile = 'v' AND p.pronargs > 0
   AND p.proname NOT LIKE '\_%' AND p.prorettype <> 'trigger'::regtype;
CREATE TEMPORARY TABLE outcome (signature text, state text, message text);
CREATE FUNCTION pg_temp.try(signature text, call text, prokind "char")
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	state	text;
	message	text;
BEGIN
	BEGIN
		EXECUTE CASE prokind WHEN 'p' THEN 'CALL ' ELSE 'SELECT * FROM ' END || call;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	END;
	INSERT INTO outcome VALUES (signature, state, message);
END $$;
SELECT * FROM no_plan();

SELECT is_empty($$
	SELECT signature FROM command WHERE proisstrict ORDER BY 1
$$, 'no command of the store is STRICT');

DO $$ BEGIN PERFORM pg_temp.try(signature, call, prokind) FROM command; END $$;

SELECT is_empty($$
	-- a bar that is not there; sums made anew without another time zone
	SELECT signature FROM outcome WHERE state IS NULL AND signature !~ '^billing\.(progress_bar|rebuild_sums)\(' ORDER BY 1
$$, 'each refuses nothing but nulls');

SELECT is_empty($$
	SELECT signature, message FROM outcome WHERE state ~ '^XX' ORDER BY 1
$$, 'with an error that is expected');

SELECT throws_ok($$ SELECT billing.end_staff(NULL) $$, '22004', 'end_staff() was given a null for argument "staff_no"', 'the error names the argument');
SELECT throws_ok($$ SELECT billing.set_cycle('M', NULL) $$, '22004', 'set_cycle() was given a null for argument "account_nos"', 'and it is the one that is null');

-- whoever may call commands may call what they ask by, with anything
SELECT throws_ok('SELECT billing._given(NULL, 1)', '22023', NULL, 'what says so itself refuses a null for the command');
SELECT throws_ok('SELECT billing._given(NULL, NULL)', '22023', NULL, 'also with nulls behind it');
SELECT throws_ok($$SELECT billing._given('x', VARIADIC ARRAY[1, NULL])$$, '22023', NULL, 'and arguments that are an array');
SELECT throws_ok($$SELECT billing._given('no_such_command', 1, NULL)$$, '22004', 'no_such_command() was given a null for argument 2', 'without a command of that name it says the place');

SELECT * FROM finish();
ROLLBACK;

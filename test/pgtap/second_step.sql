-- second steps: every act of the list is stopped with one way of identification and done
-- with two; at the org of the rule and below only; the nearest rule counts; a few sealed
-- values open with one; the rule is not lifted with one.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_pool LOGIN IN ROLE billing_clerk, billing_admin, billing_auditor;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c, billing.add_org('S1', 'Station 1', 'station', 'C') AS s1, billing.add_org('S2', 'Station 2', 'station', 'C') AS s2,
	billing.add_org('O', 'Another company', 'company') AS o \gset
SELECT billing.add_staff('C', 'CHI', 'Chief', 'chief') AS chief, billing.add_staff('S1', 'ANN', 'Ann', 'billing clerk') AS ann, billing.add_staff('O', 'OTH', 'Other', 'chief') AS other \gset
SELECT billing.grant_access('CHI', 'C', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read,write,approve,run}') AS x,
	billing.grant_access('OTH', 'O', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read,write,approve,run}') AS y \gset
-- the calls of one person, by so many ways of identification, in a transaction of their own
CREATE FUNCTION public.by(who bigint, methods text[], VARIADIC calls text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got		text;
	said	text := '';
BEGIN
	FOR n IN 1 .. cardinality(methods) LOOP
		PERFORM billing._bind_actor('staff', who, methods[n]);
	END LOOP;
	SET LOCAL ROLE tap_pool;
	FOR n IN 1 .. cardinality(calls) LOOP
		EXECUTE 'SELECT ' || calls[n] INTO got;
		said := said || coalesce(nullif(got, ''), 'done');
	END LOOP;
	RAISE EXCEPTION '%', said USING ERRCODE = 'ZZ001';
EXCEPTION
	WHEN SQLSTATE 'ZZ001' THEN
		-- what was done is undone, the word of it stays
		RETURN SQLERRM;
	WHEN OTHERS THEN
		RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
\set two '\'{password,fingerprint}\''
\set one '\'{password}\''
\set needs '\'UB407 this needs a second step of identification\''

SELECT plan(23);
-- no rule: one step does
SELECT is(by(:chief, :one, $$billing.grant_access('ANN', 'S1', '{bill}', '{read}')$$), '1', 'without a rule one step is enough');
SELECT is(by(:chief, :one, $$billing.require_second_step('C')$$), :needs, 'who requires two has shown two');
SELECT is(by(:chief, :two, $$billing.require_second_step('C', '{flying}')$$), '22023 there is no risky act of this name', 'an act that is none');
SELECT is(by(:chief, :two, $$billing.require_second_step('C', '{void_bill,NULL}')$$), '22023 there is no risky act of this name', 'nor is nothing');
SELECT is(by(:chief, :two, $$billing.require_second_step('O')$$), 'P0002 org O does not exist, or not for you', 'of one''s own orgs');
SELECT is(billing.require_second_step('S1'), (SELECT count(*)::integer FROM billing.risky_act), 'all acts, at a station');

SELECT is(by(:chief, :one, $$billing.grant_access('ANN', 'S1', '{bill}', '{read}')$$), :needs, 'granting is a risky act');
SELECT is(by(:chief, :two, $$billing.grant_access('ANN', 'S1', '{bill}', '{read}')$$), '1', 'done with two steps');
SELECT is(by(:chief, '{fingerprint,fingerprint}', $$billing.grant_access('ANN', 'S1', '{bill}', '{read}')$$), :needs, 'the same twice is one');
SELECT is(by(:chief, :one, $$billing.grant_access('CHI', 'S2', '{bill}', '{read}')$$), '42501 nobody grants to himself', 'and what is not allowed is not, in any number of steps');
SELECT is(by(:chief, :one, $$billing.add_org('T2', 'Team', 'team', 'S2')$$) ~ '^\d+$', true, 'elsewhere and otherwise nothing is new');
SELECT is(by(:other, :one, $$billing.add_staff('O', 'NEW', 'New', 'driver')$$) ~ '^\d+$', true, 'nor at another company');
SELECT is(by(:chief, :one, $$billing.end_staff('ANN')$$), 'done', 'who leaves is ended with one step, at once');

-- each act of the list, as commands write it down
SELECT is((SELECT string_agg(a.act || ': ' || s.said, E'\n') FROM billing.risky_act a
			CROSS JOIN LATERAL (SELECT by(:chief, :one, format('(SELECT ''done'' FROM (SELECT billing._audit(%s, %L, ''x'')) q)', :s1, a.act))) s(said)
			WHERE s.said !~ '42501'), NULL, 'nobody writes the trail himself');
CREATE FUNCTION public.act(org bigint, act text) RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT billing._audit($1, $2, ''x'')';
ALTER FUNCTION public.act OWNER TO billing_owner;
SELECT results_eq(format($$SELECT a.act FROM billing.risky_act a WHERE by(%s, '{password}', format('public.act(%s, %%L)', a.act)) LIKE 'UB407%%' ORDER BY 1$$, :chief, :s1),
	$$SELECT a.act FROM billing.risky_act a WHERE a.act <> 'open_sealed' ORDER BY 1$$, 'each act of the list is stopped with one step');
SELECT is_empty(format($$SELECT a.act FROM billing.risky_act a WHERE by(%s, '{password,card}', format('public.act(%s, %%L)', a.act)) <> 'done'$$, :chief, :s1), 'and done with two');
-- and each is one that some command writes down
SELECT is_empty($$SELECT a.act FROM billing.risky_act a
	 WHERE a.act <> 'approved' AND NOT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'billing'::regnamespace AND p.proname NOT IN ('install', '_check_risky_act')
		AND p.prosrc LIKE '%billing._audit(%''' || a.act || '''%')$$, 'the list names acts of the trail');

SELECT is(by(:other, :one, format('public.act(%s, ''void_bill'')', :s1)), :needs, 'who has no right there, as on an assigned account, goes by the strictest rule');
-- many openings
SELECT is(by(:chief, :one, VARIADIC array_fill(format('public.act(%s, ''open_sealed'')', :s1), ARRAY[20])), repeat('done', 20), 'twenty sealed values open with one step');
SELECT is(by(:chief, :one, VARIADIC array_fill(format('public.act(%s, ''open_sealed'')', :s1), ARRAY[21])), :needs, 'not one more');

-- the nearest rule; and lifting it
SELECT billing.require_second_step('C', '{void_bill}', 0) AS r, billing.require_second_step('S1', '{void_bill}', 2) AS r2 \gset
SELECT is(by(:chief, :one, VARIADIC array_fill(format('public.act(%s, ''void_bill'')', :s1), ARRAY[2])) || '|' || by(:chief, :one, format('public.act(%s, ''void_bill'')', :s2)),
	'donedone|' || :needs, 'the nearest rule counts');
SELECT is(by(:chief, :one, $$billing.lift_second_step('S1', '{lift_second_step,grant_access}')$$), :needs, 'one step does not lift the rule');
SELECT is(by(:chief, :two, $$billing.lift_second_step('S1', '{lift_second_step,grant_access}')$$), '2', 'two do');
SELECT * FROM finish();
ROLLBACK;

-- forming goes by many spans at once
CREATE TYPE billing._forming_span AS (account_id bigint, from_on date, until_on date, org_id bigint, gives boolean, billed boolean, revision integer, digest bytea,
	next_revision integer, inputs bytea, fresh boolean);
COMMENT ON TYPE billing._forming_span IS
'a span that is to be formed, or, where gives, that of an account which gives to one: what was formed of it before, what it depends on now, and whether that is still the same (fresh)';

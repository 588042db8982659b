CREATE TYPE billing.rated AS (
	bills		integer,
	total		numeric,
	totals		numeric[],
	currency	text,
	carry		billing.carry,
	sqlstate	text,
	message		text,
	detail		text
);
COMMENT ON TYPE billing.rated IS
'what the bills of one account come to, see rate_fold(): how many were rated, their total (null where one could not be), each, and what the last one leaves; or why the first '
'that could not be rated was not';

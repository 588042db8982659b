-- The work of a bill run: finding, rating and writing, account after account, in C.

CREATE FUNCTION billing._bill_accounts(run_id bigint, org_id bigint, until_on date, first_account bigint, last_account bigint,
									   OUT billed integer, OUT failed integer)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_bill_accounts';
COMMENT ON FUNCTION billing._bill_accounts(bigint, bigint, date, bigint, bigint) IS
'bills the next month of the due accounts of a range that nobody else has locked; those that cannot be rated become exceptions';
REVOKE ALL ON FUNCTION billing._bill_accounts(bigint, bigint, date, bigint, bigint) FROM PUBLIC;

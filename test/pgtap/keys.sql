/*
 * Before there are statistics the check of a key may go by any index that
 * begins with a column of it.  One on org_id alone then reads all rows of the
 * org, for each row that is inserted: so it holds the whole key.
 */
SET client_min_messages = warning;
SELECT billing.create_roles() \g /dev/null
SELECT billing.install() \g /dev/null
BEGIN;
SELECT plan(1);

SELECT is_empty($$
	SELECT DISTINCT i.indexrelid::regclass
	  FROM pg_constraint c
	  JOIN pg_index i ON i.indrelid = c.confrelid
	  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attname = 'org_id'
	 WHERE c.contype = 'f' AND c.connamespace = 'billing'::regnamespace AND cardinality(c.confkey) > 1 AND a.attnum = ANY (c.confkey)
	   AND NOT c.confkey::smallint[] <@ (i.indkey::smallint[])
	   -- those of some rows only are not used for it; requests are entered one by one
	   AND i.indpred IS NULL AND i.indexrelid <> 'billing.supply_request_org_id_idx'::regclass
	 ORDER BY 1
$$, 'an index that begins with org_id holds the whole key that rows refer to');

SELECT finish();
ROLLBACK;

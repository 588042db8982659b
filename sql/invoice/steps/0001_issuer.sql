-- A number is of one invoice of a company: kept by a key, not by looking first.
ALTER TABLE billing.e_invoice ADD COLUMN issuer_id bigint REFERENCES billing.org;
COMMENT ON COLUMN billing.e_invoice.issuer_id IS 'the company in whose name it is, whose numbers are each of one invoice';
ALTER TABLE billing.e_invoice NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.org NO FORCE ROW LEVEL SECURITY;
WITH RECURSIVE company AS (
	SELECT o.org_id, o.org_id AS issuer_id FROM billing.org o WHERE o.parent_id IS NULL
	 UNION ALL
	SELECT o.org_id, c.issuer_id FROM company c JOIN billing.org o ON o.parent_id = c.org_id)
UPDATE billing.e_invoice i SET issuer_id = c.issuer_id FROM company c WHERE c.org_id = i.org_id;
ALTER TABLE billing.e_invoice ALTER COLUMN issuer_id SET NOT NULL;
DROP INDEX billing.e_invoice_number_idx;
CREATE UNIQUE INDEX e_invoice_number_key ON billing.e_invoice (number, code, issuer_id) NULLS NOT DISTINCT WHERE state = 'issued';

-- Contacts and papers are sealed.  Without keys an upgrade cannot: what is there waits in unsealed_value for reseal().
CREATE TABLE billing.unsealed_value (
	customer_id		bigint NOT NULL,
	place			text NOT NULL,
	no				integer NOT NULL,
	org_id			bigint NOT NULL,
	value			text NOT NULL,
	PRIMARY KEY (customer_id, place, no),
	FOREIGN KEY (customer_id, org_id) REFERENCES billing.customer (customer_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT unsealed_value_place_known CHECK (place IN ('customer_contact', 'customer_identity'))
);
COMMENT ON TABLE billing.unsealed_value IS 'numbers and contacts of a store that is older than sealed fields, in plain text, until CALL reseal() has sealed them; empty since';
CREATE INDEX unsealed_value_org_id_idx ON billing.unsealed_value (org_id);

-- the policies are made anew after the steps; until then the owner would see no row
ALTER TABLE billing.customer_contact NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.customer_identity NO FORCE ROW LEVEL SECURITY;

INSERT INTO billing.unsealed_value (customer_id, place, no, org_id, value)
SELECT customer_id, 'customer_contact', contact_no, org_id, value FROM billing.customer_contact;
ALTER TABLE billing.customer_contact DROP COLUMN value_key, DROP COLUMN value,
	ADD COLUMN value billing.sealed, ADD COLUMN value_index bytea,
	ADD CONSTRAINT customer_contact_value_index_of_value CHECK (value IS NOT NULL OR value_index IS NULL);
COMMENT ON COLUMN billing.customer_contact.value IS 'sealed: billing.mask() shows a part of it, open_contact() the whole; null: erased, or not sealed yet';
COMMENT ON COLUMN billing.customer_contact.value_index IS 'blind index for comparing: of telephone numbers the digits, of addresses and others the spelling that counts';
CREATE INDEX customer_contact_value_index_idx ON billing.customer_contact (value_index);

ALTER TABLE billing.customer_identity ADD COLUMN identity_no integer;
UPDATE billing.customer_identity i SET identity_no = n.no
  FROM (SELECT customer_id, kind, number, row_number() OVER (PARTITION BY customer_id ORDER BY kind, number) AS no FROM billing.customer_identity) n
 WHERE i.customer_id = n.customer_id AND i.kind = n.kind AND i.number = n.number;
INSERT INTO billing.unsealed_value (customer_id, place, no, org_id, value)
SELECT customer_id, 'customer_identity', identity_no, org_id, number FROM billing.customer_identity;
ALTER TABLE billing.customer_identity DROP CONSTRAINT customer_identity_pkey, DROP CONSTRAINT customer_identity_number_valid;
ALTER TABLE billing.customer_identity DROP COLUMN number_key, DROP COLUMN number,
	ALTER COLUMN identity_no SET NOT NULL, ADD PRIMARY KEY (customer_id, identity_no),
	ADD COLUMN number billing.sealed, ADD COLUMN number_index bytea,
	ADD CONSTRAINT customer_identity_number_index_of_number CHECK (number IS NOT NULL OR number_index IS NULL);
COMMENT ON COLUMN billing.customer_identity.number IS 'sealed: billing.mask() shows a part of it, open_identity() the whole; null: erased, or not sealed yet';
COMMENT ON COLUMN billing.customer_identity.number_index IS 'blind index for comparing';
CREATE INDEX customer_identity_number_index_idx ON billing.customer_identity (number_index);

CREATE TABLE billing.customer_bank_account (
	customer_id		bigint NOT NULL,
	bank_account_no	integer NOT NULL,
	org_id			bigint NOT NULL,
	bank			text NOT NULL,
	number			billing.sealed,
	number_index	bytea,
	valid_during	daterange NOT NULL,
	PRIMARY KEY (customer_id, bank_account_no),
	FOREIGN KEY (customer_id, org_id) REFERENCES billing.customer (customer_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT customer_bank_account_bank_bounded CHECK (length(bank) BETWEEN 1 AND 100),
	CONSTRAINT customer_bank_account_valid_during_some CHECK (NOT isempty(valid_during)),
	CONSTRAINT customer_bank_account_number_index_of_number CHECK (number IS NOT NULL OR number_index IS NULL)
);
COMMENT ON TABLE billing.customer_bank_account IS 'bank accounts from which a customer pays, or to which refunds go, and during which days';
COMMENT ON COLUMN billing.customer_bank_account.number IS 'sealed: billing.mask() shows a part of it, open_bank_account() the whole; null: erased';
COMMENT ON COLUMN billing.customer_bank_account.number_index IS 'blind index: which other customer has the same';
CREATE INDEX customer_bank_account_number_index_idx ON billing.customer_bank_account (number_index);
CREATE INDEX customer_bank_account_org_id_idx ON billing.customer_bank_account (org_id);

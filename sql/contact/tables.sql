/*
 * How customers are reached and who they are by paper; who may be whom; who
 * was.  Rows are a customer's, and their org is the org that keeps the record.
 */
CREATE TABLE billing.customer_contact (
	customer_id		bigint NOT NULL,
	contact_no		integer NOT NULL,
	org_id			bigint NOT NULL,
	kind			text NOT NULL,
	value			billing.sealed,
	value_index		bytea,
	valid_during	daterange NOT NULL,
	consent			text[] NOT NULL DEFAULT '{}',
	consent_at		timestamptz,
	PRIMARY KEY (customer_id, contact_no),
	FOREIGN KEY (customer_id, org_id) REFERENCES billing.customer (customer_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT customer_contact_kind_known CHECK (kind IN ('mobile', 'phone', 'email', 'post', 'wechat')),
	CONSTRAINT customer_contact_value_index_of_value CHECK (value IS NOT NULL OR value_index IS NULL),
	CONSTRAINT customer_contact_valid_during_some CHECK (NOT isempty(valid_during)),
	CONSTRAINT customer_contact_consent_known CHECK (consent <@ '{bill,outage,dunning,advertising}'),
	CONSTRAINT customer_contact_consent_dated CHECK ((consent = '{}') OR (consent_at IS NOT NULL))
);
COMMENT ON TABLE billing.customer_contact IS 'how a customer is reached, during which days, and what for; an earlier one stays on record';
COMMENT ON COLUMN billing.customer_contact.value IS 'sealed: billing.mask() shows a part of it, open_contact() the whole; null: erased, or not sealed yet';
COMMENT ON COLUMN billing.customer_contact.value_index IS 'blind index for comparing: of telephone numbers the digits, of addresses and others the spelling that counts';
COMMENT ON COLUMN billing.customer_contact.consent IS 'what the customer agreed to be told there: bill, outage, dunning, advertising';
CREATE INDEX customer_contact_value_index_idx ON billing.customer_contact (value_index);
CREATE INDEX customer_contact_org_id_idx ON billing.customer_contact (org_id);

CREATE TABLE billing.customer_identity (
	customer_id		bigint NOT NULL,
	identity_no		integer NOT NULL,
	kind			text NOT NULL,
	number			billing.sealed,
	number_index	bytea,
	org_id			bigint NOT NULL,
	PRIMARY KEY (customer_id, identity_no),
	FOREIGN KEY (customer_id, org_id) REFERENCES billing.customer (customer_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT customer_identity_kind_known CHECK (kind IN ('resident', 'credit_code', 'passport', 'other')),
	CONSTRAINT customer_identity_number_index_of_number CHECK (number IS NOT NULL OR number_index IS NULL)
);
COMMENT ON TABLE billing.customer_identity IS 'by which paper a customer is known: 居民身份证, 统一社会信用代码, passport';
COMMENT ON COLUMN billing.customer_identity.number IS 'sealed: billing.mask() shows a part of it, open_identity() the whole; null: erased, or not sealed yet';
COMMENT ON COLUMN billing.customer_identity.number_index IS 'blind index for comparing';
CREATE INDEX customer_identity_number_index_idx ON billing.customer_identity (number_index);
CREATE INDEX customer_identity_org_id_idx ON billing.customer_identity (org_id);

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

CREATE TABLE billing.customer_duplicate (
	customer_id		bigint NOT NULL,
	other_id		bigint NOT NULL REFERENCES billing.customer,
	org_id			bigint NOT NULL,
	score			integer NOT NULL,
	reasons			text[] NOT NULL,
	state			text NOT NULL DEFAULT 'open',
	noted_by		text NOT NULL DEFAULT billing.actor(),
	noted_at		timestamptz NOT NULL DEFAULT now(),
	decided_by		text,
	decided_at		timestamptz,
	PRIMARY KEY (customer_id, other_id),
	FOREIGN KEY (customer_id, org_id) REFERENCES billing.customer (customer_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT customer_duplicate_other_another CHECK (other_id <> customer_id),
	CONSTRAINT customer_duplicate_state_known CHECK (state IN ('open', 'different', 'merged')),
	CONSTRAINT customer_duplicate_decided_whole CHECK ((state = 'open') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL))
);
COMMENT ON TABLE billing.customer_duplicate IS 'customers that were entered although they look like another, until a person says what they are';
CREATE INDEX customer_duplicate_org_id_idx ON billing.customer_duplicate (org_id, state);

CREATE TABLE billing.customer_merge (
	customer_id		bigint NOT NULL,
	kept_id			bigint NOT NULL REFERENCES billing.customer,
	org_id			bigint NOT NULL,
	accounts		text[] NOT NULL,
	reason			text NOT NULL,
	merged_by		text NOT NULL DEFAULT billing.actor(),
	merged_at		timestamptz NOT NULL DEFAULT clock_timestamp(),
	FOREIGN KEY (customer_id, org_id) REFERENCES billing.customer (customer_id, org_id) ON UPDATE CASCADE
);
COMMENT ON TABLE billing.customer_merge IS 'which record went into which, with which accounts, by whom and why; only added to';
COMMENT ON COLUMN billing.customer_merge.customer_id IS 'the record that is used no more; it stays, with merged_into';
CREATE INDEX customer_merge_customer_id_idx ON billing.customer_merge (customer_id);
CREATE INDEX customer_merge_org_id_idx ON billing.customer_merge (org_id);

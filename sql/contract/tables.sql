/*
 * Supply contracts 供用电合同: terms as data, in versions that are never
 * changed once signed.  What rating needs of them goes to the account's plan
 * and terms on the day a version begins.
 */
CREATE TABLE billing.contract (
	account_id		bigint NOT NULL,
	contract_no		text NOT NULL,
	org_id			bigint NOT NULL,
	renewal			text NOT NULL DEFAULT 'none',
	renewal_months	integer,
	notice_days		integer NOT NULL DEFAULT 30,
	terminated_on	date,
	PRIMARY KEY (account_id, contract_no),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT contract_org_id_key UNIQUE (account_id, contract_no, org_id),
	CONSTRAINT contract_contract_no_plain CHECK (contract_no ~ '^[0-9A-Za-z_/-]{1,64}$'),
	CONSTRAINT contract_renewal_known CHECK (renewal IN ('none', 'automatic')),
	CONSTRAINT contract_renewal_months_given CHECK ((renewal = 'automatic') = (renewal_months IS NOT NULL) AND renewal_months BETWEEN 1 AND 600),
	CONSTRAINT contract_notice_days_bounded CHECK (notice_days BETWEEN 0 AND 3650)
);
COMMENT ON TABLE billing.contract IS 'supply contracts of accounts 供用电合同; what was agreed is in its versions';
COMMENT ON COLUMN billing.contract.notice_days IS 'so long before its end it is shown as ending soon';
CREATE INDEX contract_org_id_idx ON billing.contract (org_id, account_id, contract_no);

CREATE TABLE billing.contract_version (
	account_id		bigint NOT NULL,
	contract_no		text NOT NULL,
	version			integer NOT NULL,
	org_id			bigint NOT NULL,
	state			text NOT NULL DEFAULT 'draft',
	valid_during	daterange NOT NULL,
	plan_id			bigint NOT NULL REFERENCES billing.plan,
	terms			jsonb NOT NULL DEFAULT '{}',
	other_terms		jsonb NOT NULL DEFAULT '{}',
	late_fee_rate	numeric(10,8),
	drafted_by		text NOT NULL DEFAULT billing.actor(),
	drafted_at		timestamptz NOT NULL DEFAULT now(),
	approved_by		text,
	signed_on		date,
	signature_digest bytea,
	signed_by		text,
	PRIMARY KEY (account_id, contract_no, version),
	FOREIGN KEY (account_id, contract_no, org_id) REFERENCES billing.contract (account_id, contract_no, org_id) ON UPDATE CASCADE,
	CONSTRAINT contract_version_state_known CHECK (state IN ('draft', 'approved', 'signed', 'withdrawn')),
	CONSTRAINT contract_version_valid_during_whole CHECK (NOT isempty(valid_during) AND lower(valid_during) IS NOT NULL AND isfinite(lower(valid_during))),
	CONSTRAINT contract_version_terms_object CHECK (jsonb_typeof(terms) = 'object' AND jsonb_typeof(other_terms) = 'object'),
	CONSTRAINT contract_version_late_fee_rate_bounded CHECK (late_fee_rate BETWEEN 0 AND 1),
	CONSTRAINT contract_version_signed_whole CHECK ((state = 'signed') = (signed_on IS NOT NULL AND signature_digest IS NOT NULL AND signed_by IS NOT NULL)),
	CONSTRAINT contract_version_approved_by_another CHECK (approved_by <> drafted_by AND (state NOT IN ('approved', 'signed') OR approved_by IS NOT NULL)),
	CONSTRAINT contract_version_signature_digest_whole CHECK (length(signature_digest) = 32)
);
COMMENT ON TABLE billing.contract_version IS 'what was agreed, from when until when; a signed version never changes: an amendment or renewal is the next one';
COMMENT ON COLUMN billing.contract_version.terms IS 'what rating needs: capacity, contract demand, ratios, options; become the account''s terms when the version is signed';
COMMENT ON COLUMN billing.contract_version.other_terms IS 'what else was agreed, such as property limits, safety duties, required power factor';
COMMENT ON COLUMN billing.contract_version.late_fee_rate IS 'late fee 违约金 of a day, as a part of the debt: 0.001 is 1‰';
COMMENT ON COLUMN billing.contract_version.signature_digest IS 'SHA-256 of the signed paper';
CREATE UNIQUE INDEX contract_version_draft_key ON billing.contract_version (account_id, contract_no) WHERE state IN ('draft', 'approved');
INSERT INTO billing.approval_act (act, kind, meaning, carried_out_by) VALUES ('contract', 'account', 'a contract that can be signed', '_decide_contract');

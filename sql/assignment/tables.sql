-- Single accounts that are shown to a member of staff beyond the orgs where he has rights.
CREATE TABLE billing.account_grant (
	account_id		bigint NOT NULL,
	staff_id		bigint NOT NULL REFERENCES billing.staff,
	org_id			bigint NOT NULL,
	valid_during	tstzrange NOT NULL DEFAULT tstzrange(now(), NULL),
	granted_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (account_id, staff_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT account_grant_valid_during_some CHECK (NOT isempty(valid_during))
);
COMMENT ON TABLE billing.account_grant IS 'accounts assigned to staff: they read of them what the customer reads, while valid';
CREATE INDEX account_grant_staff_id_idx ON billing.account_grant (staff_id);
CREATE INDEX account_grant_org_id_idx ON billing.account_grant (org_id, account_id);

-- Single accounts that are assigned to a member of staff beyond the orgs where he has rights.
CREATE TABLE billing.account_grant (
	account_id		bigint NOT NULL,
	staff_id		bigint NOT NULL REFERENCES billing.staff,
	org_id			bigint NOT NULL,
	kind			text NOT NULL DEFAULT 'account',
	action			text NOT NULL DEFAULT 'read',
	valid_during	tstzmultirange NOT NULL DEFAULT tstzmultirange(tstzrange(now(), NULL)),
	granted_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (account_id, staff_id, kind, action),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT account_grant_valid_during_some CHECK (NOT isempty(valid_during)),
	-- bills and money are in the sums of an org, too
	CONSTRAINT account_grant_kind_known CHECK (kind IN ('account', 'reading', 'supply')),
	CONSTRAINT account_grant_action_known CHECK (action IN ('read', 'write', 'approve'))
);
COMMENT ON TABLE billing.account_grant IS 'a right on one account: this person reads of it what the customer reads, and writes or approves what it has of this kind, while valid';
CREATE INDEX account_grant_staff_id_idx ON billing.account_grant (staff_id);
CREATE INDEX account_grant_org_id_idx ON billing.account_grant (org_id, account_id);

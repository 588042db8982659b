-- Who may do what where.
CREATE TABLE billing.access_grant (
	staff_id		bigint NOT NULL REFERENCES billing.staff,
	org_id			bigint NOT NULL REFERENCES billing.org,
	kind			text NOT NULL,
	action			text NOT NULL,
	valid_during	tstzrange NOT NULL DEFAULT tstzrange(now(), NULL),
	granted_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (staff_id, org_id, kind, action),
	CONSTRAINT access_grant_kind_known CHECK (kind IN ('org', 'customer', 'account', 'reading', 'plan', 'bill', 'money', 'audit', 'supply', 'personal')),
	CONSTRAINT access_grant_action_known CHECK (action IN ('read', 'write', 'approve', 'run')),
	CONSTRAINT access_grant_valid_during_some CHECK (NOT isempty(valid_during))
);
COMMENT ON TABLE billing.access_grant IS 'a right: this person may do this action to what this org, and all below it, has of this kind, while valid';
CREATE INDEX access_grant_org_id_idx ON billing.access_grant (org_id);

CREATE TABLE billing.audit (
	audit_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL,
	at			timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor		text NOT NULL DEFAULT billing.actor(),
	session_role name NOT NULL DEFAULT session_user,
	act			text NOT NULL,
	subject		text NOT NULL,
	detail		jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE billing.audit IS 'who did what when, written in the same transaction by what did it; nobody changes or removes a row';
COMMENT ON COLUMN billing.audit.actor IS 'as the server knows it, never as the client says';
CREATE INDEX audit_org_id_idx ON billing.audit (org_id, at);

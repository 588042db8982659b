-- Who may do what where.
CREATE TABLE billing.access_grant (
	staff_id		bigint NOT NULL REFERENCES billing.staff,
	org_id			bigint NOT NULL REFERENCES billing.org,
	kind			text NOT NULL,
	action			text NOT NULL,
	valid_during	tstzmultirange NOT NULL DEFAULT tstzmultirange(tstzrange(now(), NULL)),
	granted_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (staff_id, org_id, kind, action),
	CONSTRAINT access_grant_kind_known CHECK (kind IN ('org', 'customer', 'account', 'reading', 'plan', 'bill', 'money', 'audit', 'supply', 'personal')),
	CONSTRAINT access_grant_action_known CHECK (action IN ('read', 'write', 'approve', 'run')),
	CONSTRAINT access_grant_valid_during_some CHECK (NOT isempty(valid_during))
);
COMMENT ON TABLE billing.access_grant IS 'a right: this person may do this action to what this org, and all below it, has of this kind, while valid';
COMMENT ON COLUMN billing.access_grant.valid_during IS 'also several spans: what one has until later, and from later on';
CREATE INDEX access_grant_org_id_idx ON billing.access_grant (org_id);

CREATE TABLE billing.stand_in (
	staff_id		bigint NOT NULL REFERENCES billing.staff,
	for_staff_id	bigint NOT NULL REFERENCES billing.staff,
	org_id			bigint NOT NULL REFERENCES billing.org,
	valid_during	tstzmultirange NOT NULL,
	added_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (staff_id, for_staff_id),
	CONSTRAINT stand_in_another CHECK (staff_id <> for_staff_id),
	CONSTRAINT stand_in_valid_during_bounded CHECK (NOT isempty(valid_during) AND NOT upper_inf(valid_during))
);
COMMENT ON TABLE billing.stand_in IS 'who stands in for whom, while valid: has what the other has by his post, by groups and by grants to him; not what is assigned to him';
COMMENT ON COLUMN billing.stand_in.org_id IS 'of the one who is away, when it was laid down';
CREATE INDEX stand_in_for_staff_id_idx ON billing.stand_in (for_staff_id);
CREATE INDEX stand_in_org_id_idx ON billing.stand_in (org_id);

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

-- The tree of organisations and who works there.
CREATE TABLE billing.org (
	org_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	parent_id	bigint REFERENCES billing.org,
	org_no		text NOT NULL UNIQUE,
	name		text NOT NULL,
	kind		text NOT NULL,
	CONSTRAINT org_org_id_bounded CHECK (org_id BETWEEN 1 AND 1000000),
	CONSTRAINT org_parent_id_another CHECK (parent_id <> org_id),
	CONSTRAINT org_org_no_plain CHECK (org_no ~ '^[0-9A-Za-z_-]{1,32}$'),
	CONSTRAINT org_kind_known CHECK (kind IN ('company', 'station', 'team'))
);
COMMENT ON TABLE billing.org IS 'organisational units 供电单位: companies, their stations 供电所, and teams; org_id on a row of any table says whose it is';
COMMENT ON COLUMN billing.org.org_id IS 'never changes; small numbers, since each session has a table over them';
COMMENT ON COLUMN billing.org.parent_id IS 'the org above; null for a company on its own';
CREATE INDEX org_parent_id_idx ON billing.org (parent_id);

CREATE TABLE billing.staff (
	staff_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	staff_no		text NOT NULL UNIQUE,
	name			text NOT NULL,
	post			text NOT NULL,
	login_role		name UNIQUE,
	valid_during	tstzrange NOT NULL DEFAULT tstzrange(now(), NULL),
	CONSTRAINT staff_valid_during_some CHECK (NOT isempty(valid_during)),
	CONSTRAINT staff_login_role_not_ours CHECK (login_role::text !~ '^(billing|pg)_')
);
COMMENT ON TABLE billing.staff IS 'who works here; who has left has a valid_during that has ended, and no right from that moment';
COMMENT ON COLUMN billing.staff.login_role IS 'the database role by which this person logs in; null for those who only come through an application';
COMMENT ON COLUMN billing.staff.post IS 'what the person does; grant_post() gives what a post usually needs';

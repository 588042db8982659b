-- Groups of staff, which hold rights as a person does; and which duties one person does not hold together.
CREATE TABLE billing.access_group (
	group_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	group_no	text NOT NULL UNIQUE,
	name		text NOT NULL,
	post		text,
	CONSTRAINT access_group_group_id_org_id_key UNIQUE (group_id, org_id),
	CONSTRAINT access_group_post_key UNIQUE (post, org_id),
	CONSTRAINT access_group_group_no_plain CHECK (group_no ~ '^[0-9A-Za-z_-]{1,64}$'),
	CONSTRAINT access_group_name_bounded CHECK (length(name) <= 200),
	CONSTRAINT access_group_post_bounded CHECK (length(post) BETWEEN 1 AND 200)
);
COMMENT ON TABLE billing.access_group IS 'groups of staff; a right of the group is each member''s';
COMMENT ON COLUMN billing.access_group.org_id IS 'the org that administers the group';
COMMENT ON COLUMN billing.access_group.post IS 'not null: its members are all who hold this post at org_id or below, each with the group''s rights at his own org';

CREATE TABLE billing.group_staff (
	staff_id		bigint NOT NULL REFERENCES billing.staff,
	group_id		bigint NOT NULL,
	org_id			bigint NOT NULL,
	valid_during	tstzmultirange NOT NULL DEFAULT tstzmultirange(tstzrange(now(), NULL)),
	added_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (staff_id, group_id),
	FOREIGN KEY (group_id, org_id) REFERENCES billing.access_group (group_id, org_id) ON DELETE CASCADE,
	CONSTRAINT group_staff_valid_during_some CHECK (NOT isempty(valid_during))
);
COMMENT ON TABLE billing.group_staff IS 'who is in which group, while valid';
COMMENT ON COLUMN billing.group_staff.org_id IS 'of the group';
CREATE INDEX group_staff_group_id_idx ON billing.group_staff (group_id, org_id);
CREATE INDEX group_staff_org_id_idx ON billing.group_staff (org_id);

CREATE TABLE billing.group_group (
	member_id		bigint NOT NULL REFERENCES billing.access_group ON DELETE CASCADE,
	group_id		bigint NOT NULL,
	org_id			bigint NOT NULL,
	valid_during	tstzmultirange NOT NULL DEFAULT tstzmultirange(tstzrange(now(), NULL)),
	added_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (member_id, group_id),
	FOREIGN KEY (group_id, org_id) REFERENCES billing.access_group (group_id, org_id) ON DELETE CASCADE,
	CONSTRAINT group_group_member_id_another CHECK (member_id <> group_id),
	CONSTRAINT group_group_valid_during_some CHECK (NOT isempty(valid_during))
);
COMMENT ON TABLE billing.group_group IS 'groups in groups: who is in member_id is in group_id, while valid; no circles';
COMMENT ON COLUMN billing.group_group.org_id IS 'of the group that holds the other';
CREATE INDEX group_group_group_id_idx ON billing.group_group (group_id, org_id);
CREATE INDEX group_group_org_id_idx ON billing.group_group (org_id);

CREATE TABLE billing.group_grant (
	group_id		bigint NOT NULL REFERENCES billing.access_group ON DELETE CASCADE,
	org_id			bigint NOT NULL REFERENCES billing.org,
	kind			text NOT NULL,
	action			text NOT NULL,
	valid_during	tstzmultirange NOT NULL DEFAULT tstzmultirange(tstzrange(now(), NULL)),
	granted_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (group_id, org_id, kind, action),
	CONSTRAINT group_grant_kind_known CHECK (kind IN ('org', 'customer', 'account', 'reading', 'plan', 'bill', 'money', 'audit', 'supply', 'personal')),
	CONSTRAINT group_grant_action_known CHECK (action IN ('read', 'write', 'approve', 'run')),
	CONSTRAINT group_grant_valid_during_some CHECK (NOT isempty(valid_during))
);
COMMENT ON TABLE billing.group_grant IS 'a right of a group: its members may do this action to what this org, and all below it, has of this kind, while valid';
CREATE INDEX group_grant_org_id_idx ON billing.group_grant (org_id);

CREATE TABLE billing.duty_rule (
	org_id		bigint NOT NULL REFERENCES billing.org,
	kind		text NOT NULL,
	PRIMARY KEY (org_id, kind),
	CONSTRAINT duty_rule_kind_known CHECK (kind IN ('org', 'customer', 'account', 'reading', 'plan', 'bill', 'money', 'audit', 'supply', 'personal'))
);
COMMENT ON TABLE billing.duty_rule IS 'at this org and all below it, who may write this kind may not approve it, whatever he was granted';

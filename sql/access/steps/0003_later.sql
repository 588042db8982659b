-- Grants that begin later beside those that hold now; who stands in for whom.
ALTER TABLE billing.access_grant ALTER COLUMN valid_during DROP DEFAULT, ALTER COLUMN valid_during TYPE tstzmultirange USING tstzmultirange(valid_during),
	ALTER COLUMN valid_during SET DEFAULT tstzmultirange(tstzrange(now(), NULL));
COMMENT ON COLUMN billing.access_grant.valid_during IS 'also several spans: what one has until later, and from later on';
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

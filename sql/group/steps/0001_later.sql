-- As the grants of a person.
ALTER TABLE billing.group_staff ALTER COLUMN valid_during DROP DEFAULT, ALTER COLUMN valid_during TYPE tstzmultirange USING tstzmultirange(valid_during),
	ALTER COLUMN valid_during SET DEFAULT tstzmultirange(tstzrange(now(), NULL));
ALTER TABLE billing.group_group ALTER COLUMN valid_during DROP DEFAULT, ALTER COLUMN valid_during TYPE tstzmultirange USING tstzmultirange(valid_during),
	ALTER COLUMN valid_during SET DEFAULT tstzmultirange(tstzrange(now(), NULL));
ALTER TABLE billing.group_grant ALTER COLUMN valid_during DROP DEFAULT, ALTER COLUMN valid_during TYPE tstzmultirange USING tstzmultirange(valid_during),
	ALTER COLUMN valid_during SET DEFAULT tstzmultirange(tstzrange(now(), NULL));

-- As the grants of a person; approving, too.
ALTER TABLE billing.account_grant ALTER COLUMN valid_during DROP DEFAULT, ALTER COLUMN valid_during TYPE tstzmultirange USING tstzmultirange(valid_during),
	ALTER COLUMN valid_during SET DEFAULT tstzmultirange(tstzrange(now(), NULL));
ALTER TABLE billing.account_grant DROP CONSTRAINT account_grant_action_known,
	ADD CONSTRAINT account_grant_action_known CHECK (action IN ('read', 'write', 'approve'));
COMMENT ON TABLE billing.account_grant IS 'a right on one account: this person reads of it what the customer reads, and writes or approves what it has of this kind, while valid';

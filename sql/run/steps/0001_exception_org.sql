-- exceptions move with their account, as all of an account does
ALTER TABLE billing.run_exception DROP CONSTRAINT run_exception_account_id_fkey,
	ADD FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE;

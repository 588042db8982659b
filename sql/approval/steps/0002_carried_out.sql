-- Acts that are carried out as they are approved; requests move with their account.
ALTER TABLE billing.approval_act ADD COLUMN carried_out_by text;
COMMENT ON COLUMN billing.approval_act.carried_out_by IS
'the function that carries it out as it is approved, or lays it aside as it is declined; null: whoever asked does it afterwards';
ALTER TABLE billing.approval ADD COLUMN account_id bigint,
	ADD FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE;
COMMENT ON COLUMN billing.approval.account_id IS 'the account it is about, with which it moves; null: it is about no account, or one that is not there yet';
CREATE INDEX approval_account_id_idx ON billing.approval (account_id, org_id) WHERE account_id IS NOT NULL;
-- the policies are made anew after the steps; until then the owner could ask for nothing that waits already
ALTER TABLE billing.approval NO FORCE ROW LEVEL SECURITY;

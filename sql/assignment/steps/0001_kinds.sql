-- An assignment says what may be done to the account, which was reading it.
ALTER TABLE billing.account_grant ADD COLUMN kind text NOT NULL DEFAULT 'account', ADD COLUMN action text NOT NULL DEFAULT 'read',
	DROP CONSTRAINT account_grant_pkey, ADD PRIMARY KEY (account_id, staff_id, kind, action),
	ADD CONSTRAINT account_grant_kind_known CHECK (kind IN ('account', 'reading', 'supply')),
	ADD CONSTRAINT account_grant_action_known CHECK (action IN ('read', 'write'));
COMMENT ON TABLE billing.account_grant IS 'a right on one account: this person reads of it what the customer reads, and writes what it has of this kind, while valid';

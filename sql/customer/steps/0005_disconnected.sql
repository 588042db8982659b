-- Accounts that are disconnected for arrears.
ALTER TABLE billing.account_phase DROP CONSTRAINT account_phase_known,
	ADD CONSTRAINT account_phase_known CHECK (phase IN ('active', 'suspended', 'vacant', 'transferred', 'vacated', 'succeeded', 'disconnected', 'closed'));
COMMENT ON COLUMN billing.account_phase.phase IS
'active; suspended 暂停; vacant: its customer is away; vacated: its customer moved out, the supply stays; succeeded: and another moved in; '
'transferred 过户: to another customer''s account; disconnected 欠费停电: supply is stopped for arrears; closed 销户';

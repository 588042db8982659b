-- the phases of accounts are with the accounts; a store that knows requests has them
DO $step$
BEGIN
	IF to_regclass('billing.account_phase') IS NULL THEN
		CREATE TABLE billing.account_phase (
			account_id	bigint NOT NULL,
			request_id	bigint NOT NULL,
			from_on		date NOT NULL,
			org_id		bigint NOT NULL,
			phase		text NOT NULL,
			PRIMARY KEY (account_id, request_id),
			FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
			CONSTRAINT account_phase_from_on_finite CHECK (isfinite(from_on)),
			CONSTRAINT account_phase_known CHECK (phase IN ('active', 'suspended', 'vacant', 'transferred', 'vacated', 'succeeded', 'closed'))
		);
		COMMENT ON TABLE billing.account_phase IS 'what an account is from a day on, and by which request; an account without a row is active since it was opened';
		COMMENT ON COLUMN billing.account_phase.phase IS
		'active; suspended 暂停; vacant: its customer is away; vacated: its customer moved out, the supply stays; succeeded: and another moved in; '
		'transferred 过户: to another customer''s account; closed 销户';
	END IF;
END $step$;

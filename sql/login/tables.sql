-- How people prove who they are where they have no database role: checkers outside, names and passwords.
CREATE TABLE billing.identity_checker (
	checker		text PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	public_key	bytea NOT NULL,
	methods		text[] NOT NULL,
	valid_during tstzrange NOT NULL DEFAULT tstzrange(now(), NULL),
	CONSTRAINT identity_checker_checker_plain CHECK (checker ~ '^[0-9a-z_-]{1,32}$'),
	CONSTRAINT identity_checker_public_key_whole CHECK (length(public_key) = 32),
	CONSTRAINT identity_checker_methods_plain CHECK (array_to_string(methods, ',', '!') ~ '^[a-z]{1,20}(,[a-z]{1,20}){0,9}$'
		AND NOT methods && '{login,token,password}')
);
COMMENT ON TABLE billing.identity_checker IS 'who outside the database is believed when he says whom he has seen: single sign-on, readers of fingerprints or cards';
COMMENT ON COLUMN billing.identity_checker.org_id IS 'it speaks for the people of this org and all below it';
COMMENT ON COLUMN billing.identity_checker.public_key IS 'Ed25519, raw, 32 bytes';
COMMENT ON COLUMN billing.identity_checker.methods IS 'by what it may say that it has checked';

CREATE TABLE billing.credential (
	login_name	text PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	staff_id	bigint UNIQUE REFERENCES billing.staff,
	customer_id	bigint UNIQUE REFERENCES billing.customer,
	salt		bytea NOT NULL,
	cost		integer NOT NULL,
	hash		bytea NOT NULL,
	set_at		timestamptz NOT NULL DEFAULT now(),
	expires_at	timestamptz NOT NULL,
	-- of attempts: each counts as failed before it is looked at
	failures	integer NOT NULL DEFAULT 0,
	locked_until timestamptz,
	attempt		bigint,
	attempt_by	text,
	attempt_xid	xid8,
	attempt_allowed boolean NOT NULL DEFAULT false,
	CONSTRAINT credential_login_name_plain CHECK (login_name ~ '^[0-9a-z._@-]{3,64}$'),
	CONSTRAINT credential_of_one CHECK (num_nonnulls(staff_id, customer_id) = 1),
	CONSTRAINT credential_salt_whole CHECK (length(salt) = 16),
	CONSTRAINT credential_hash_whole CHECK (length(hash) = 32)
);
COMMENT ON TABLE billing.credential IS 'names and passwords of those who log in through an application; read by nobody, compared by login()';
COMMENT ON COLUMN billing.credential.cost IS 'of scrypt: N = 2^cost';
CREATE INDEX credential_org_id_idx ON billing.credential (org_id);
CREATE SEQUENCE billing.login_attempt AS bigint;

CREATE TABLE billing.login_session (
	digest		bytea PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	login_name	text NOT NULL REFERENCES billing.credential ON DELETE CASCADE,
	began_at	timestamptz NOT NULL DEFAULT now(),
	expires_at	timestamptz NOT NULL
);
COMMENT ON TABLE billing.login_session IS 'who has logged in by name and password, until when';
COMMENT ON COLUMN billing.login_session.digest IS 'SHA-256 of the key that the application keeps: who reads the table, or a backup, is nobody by it';
CREATE INDEX login_session_login_name_idx ON billing.login_session (login_name);
CREATE INDEX login_session_org_id_idx ON billing.login_session (org_id);

-- The installer's own: which release made the store, and what belongs to it.
CREATE TABLE billing.store (
	only_row	boolean PRIMARY KEY DEFAULT true,
	release		text NOT NULL DEFAULT '',
	made_at		timestamptz NOT NULL DEFAULT now(),
	digest		bytea NOT NULL DEFAULT '',
	CONSTRAINT store_only_row_true CHECK (only_row)
);
COMMENT ON TABLE billing.store IS 'the release that made the store, or last brought it up to date; one row';
COMMENT ON COLUMN billing.store.digest IS 'of the SQL that made it: install() does nothing where it is the same';
INSERT INTO billing.store DEFAULT VALUES;

CREATE TABLE billing.store_object (
	place		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind		text NOT NULL,
	identity	text NOT NULL,
	owner		name NOT NULL,
	release		text NOT NULL,
	UNIQUE (kind, identity)
);
COMMENT ON TABLE billing.store_object IS 'what install() made; an upgrade replaces these and touches nothing else';

CREATE TABLE billing.store_module (
	module	text PRIMARY KEY,
	step	integer NOT NULL
);
COMMENT ON TABLE billing.store_module IS 'how far the tables of each module are: the number of the last state step';

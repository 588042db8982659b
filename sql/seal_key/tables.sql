/*
 * The keys of sealed values, each wrapped by the one above: a master key, which
 * is not in the database, wraps a company's, that one its customers' and the one
 * of its blind indexes.  So a customer is erased by destroying one key, a company
 * by destroying one, and a new master key means few rows to write.
 */
CREATE TABLE billing.seal_key (
	key_id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	customer_id		bigint,
	kind			text NOT NULL,
	wrapped_by		bigint REFERENCES billing.seal_key,
	master			text,
	wrapped			bytea,
	made_at			timestamptz NOT NULL DEFAULT now(),
	made_by			text NOT NULL DEFAULT billing.actor(),
	retired_at		timestamptz,
	destroyed_at	timestamptz,
	destroyed_by	text,
	FOREIGN KEY (customer_id, org_id) REFERENCES billing.customer (customer_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT seal_key_kind_known CHECK (kind IN ('company', 'index', 'customer')),
	CONSTRAINT seal_key_kind_whole CHECK ((kind = 'customer') = (customer_id IS NOT NULL) AND (kind = 'company') = (wrapped_by IS NULL)
		AND (kind = 'company') = (master IS NOT NULL)),
	CONSTRAINT seal_key_wrapped_by_another CHECK (wrapped_by <> key_id),
	CONSTRAINT seal_key_destroyed_whole CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL) AND (wrapped IS NULL) = (destroyed_by IS NOT NULL)),
	CONSTRAINT seal_key_destroyed_retired CHECK (destroyed_at IS NULL OR retired_at IS NOT NULL)
);
COMMENT ON TABLE billing.seal_key IS 'the keys of sealed values, wrapped; a row without its key is one that was destroyed';
COMMENT ON COLUMN billing.seal_key.org_id IS 'the company; of a customer''s key the org that keeps the record';
COMMENT ON COLUMN billing.seal_key.kind IS 'company: wraps the others; index: makes blind indexes; customer: seals what is his';
COMMENT ON COLUMN billing.seal_key.master IS 'the name of the master key that wraps a company''s';
COMMENT ON COLUMN billing.seal_key.retired_at IS 'from then on it only opens';
CREATE UNIQUE INDEX seal_key_customer_id_key ON billing.seal_key (customer_id) WHERE retired_at IS NULL AND customer_id IS NOT NULL;
CREATE UNIQUE INDEX seal_key_org_id_key ON billing.seal_key (org_id, kind) WHERE retired_at IS NULL AND customer_id IS NULL;
CREATE INDEX seal_key_org_id_idx ON billing.seal_key (org_id, customer_id);
CREATE INDEX seal_key_wrapped_by_idx ON billing.seal_key (wrapped_by) WHERE destroyed_at IS NULL;

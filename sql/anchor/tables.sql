/*
 * Anchors: where all chains of an org end, as one hash, signed.  What is kept of
 * them outside the database shows whoever rewrites a chain from end to end.
 */
CREATE TABLE billing.anchor (
	org_id		bigint NOT NULL REFERENCES billing.org,
	anchor_no	bigint NOT NULL,
	anchored_at	timestamptz NOT NULL,
	anchored_by	text NOT NULL DEFAULT billing.actor(),
	root		bytea NOT NULL,
	document	text NOT NULL,
	key_name	text NOT NULL,
	public_key	bytea NOT NULL,
	signature	bytea NOT NULL,
	kinds		text[] NOT NULL,
	subjects	bigint[] NOT NULL,
	seqs		bigint[] NOT NULL,
	links		bytea[] NOT NULL,
	PRIMARY KEY (org_id, anchor_no),
	CONSTRAINT anchor_leaves_whole CHECK (cardinality(kinds) = cardinality(subjects) AND cardinality(kinds) = cardinality(seqs)
		AND cardinality(kinds) = cardinality(links))
);
COMMENT ON TABLE billing.anchor IS 'where the chains of an org, and of all below it, ended at a moment: a root over all heads, signed; only added to';
COMMENT ON COLUMN billing.anchor.document IS 'what is signed: a text that says org, number, moment, root, and the SHA-256 of the anchor before';
COMMENT ON COLUMN billing.anchor.kinds IS 'the leaves, in their order: account, or a kind of batches';
COMMENT ON COLUMN billing.anchor.subjects IS 'of each leaf the account_id, or the org_id of the batches';

CREATE TABLE billing.period_close (
	org_id		bigint NOT NULL REFERENCES billing.org,
	until_on	date NOT NULL,
	closed_at	timestamptz NOT NULL DEFAULT clock_timestamp(),
	closed_by	text NOT NULL DEFAULT billing.actor(),
	accounts	bigint NOT NULL,
	unbilled	bigint NOT NULL,
	anchor_no	bigint NOT NULL,
	PRIMARY KEY (org_id, until_on),
	FOREIGN KEY (org_id, anchor_no) REFERENCES billing.anchor
);
COMMENT ON TABLE billing.period_close IS 'up to which day an org has closed its bills, with the anchor that was made then; only added to';
COMMENT ON COLUMN billing.period_close.unbilled IS 'accounts that were not billed up to that day, and were accepted so';

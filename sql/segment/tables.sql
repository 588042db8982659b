-- Customers by what they are and do: industries, segmentations, and who is in which segment since when.
CREATE TABLE billing.account_industry (
	account_id	bigint NOT NULL,
	from_on		date NOT NULL,
	org_id		bigint NOT NULL,
	industry	text NOT NULL,
	set_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (account_id, from_on),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT account_industry_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT account_industry_industry_plain CHECK (industry ~ '^[A-T]([0-9]{2,4})?$')
);
COMMENT ON TABLE billing.account_industry IS 'the branch of industry 国民经济行业 of an account from a day on, until its next row';
COMMENT ON COLUMN billing.account_industry.industry IS 'section and, as far as known, division, group, class of GB/T 4754-2017: C, C26, C261, C2611';

CREATE TABLE billing.segmentation (
	segmentation_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	code			text NOT NULL,
	name			text NOT NULL,
	kind			text NOT NULL,
	rule			jsonb NOT NULL DEFAULT '{}',
	centers			double precision[],
	made_by			text NOT NULL DEFAULT billing.actor(),
	made_at			timestamptz NOT NULL DEFAULT now(),
	refreshed_to	date,
	refreshed_at	timestamptz,
	CONSTRAINT segmentation_code_key UNIQUE (code),
	CONSTRAINT segmentation_code_plain CHECK (code ~ '^[0-9A-Za-z_-]{1,64}$'),
	CONSTRAINT segmentation_name_bounded CHECK (length(name) BETWEEN 1 AND 200),
	CONSTRAINT segmentation_kind_known CHECK (kind IN ('revenue', 'load_factor', 'arrears', 'industry', 'shape', 'model', 'listed')),
	CONSTRAINT segmentation_rule_object CHECK (jsonb_typeof(rule) = 'object')
);
COMMENT ON TABLE billing.segmentation IS 'ways to divide the accounts of an org and those below it into segments';
COMMENT ON COLUMN billing.segmentation.kind IS
'revenue: ABC by what they were billed; load_factor: mean over highest load; arrears: the share of bills not paid when due; industry: its section; shape: clusters of the course of '
'the day; model: what somebody''s model says of each account, as listed: lists brought in by hand or by a query';
COMMENT ON COLUMN billing.segmentation.rule IS 'bounds of the segments, or clusters and seed; what is not there is usual, see add_segmentation()';
COMMENT ON COLUMN billing.segmentation.centers IS 'of shape: the centres of the clusters, a row each; they stay until the segmentation is trained anew';
COMMENT ON COLUMN billing.segmentation.refreshed_to IS 'the day before which the last refresh has looked at bills and readings';
CREATE INDEX segmentation_org_id_idx ON billing.segmentation (org_id);

CREATE TABLE billing.segment_member (
	account_id		bigint NOT NULL,
	segmentation_id	bigint NOT NULL REFERENCES billing.segmentation,
	from_on			date NOT NULL,
	until_on		date,
	org_id			bigint NOT NULL,
	segment			text NOT NULL,
	measure			numeric,
	PRIMARY KEY (account_id, segmentation_id, from_on),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT segment_member_until_on_later CHECK (until_on > from_on),
	CONSTRAINT segment_member_segment_plain CHECK (segment ~ '^[0-9A-Za-z_]{1,32}$'),
	CONSTRAINT segment_member_measure_finite CHECK (measure NOT IN ('NaN', 'Infinity', '-Infinity'))
);
COMMENT ON TABLE billing.segment_member IS 'in which segment an account is, from a day until another';
COMMENT ON COLUMN billing.segment_member.until_on IS 'null: still';
COMMENT ON COLUMN billing.segment_member.measure IS 'by which it was put there: revenue, load factor, late share, distance from the centre; of the last refresh';
CREATE INDEX segment_member_segment_idx ON billing.segment_member (segmentation_id, segment);
CREATE INDEX segment_member_org_id_idx ON billing.segment_member (org_id);

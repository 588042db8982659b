/*
 * What is watched: what was done to keep the store (backups, recoveries, checks of
 * the chains, archives) and how it went; which state calls whom.
 */
CREATE TABLE billing.upkeep (
	upkeep_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind		text NOT NULL,
	good		boolean NOT NULL,
	at			timestamptz NOT NULL DEFAULT now(),
	by			text NOT NULL DEFAULT billing.actor(),
	detail		jsonb NOT NULL DEFAULT '{}',
	CONSTRAINT upkeep_kind_known CHECK (kind IN ('backup', 'recovery', 'verify', 'archive')),
	CONSTRAINT upkeep_detail_object CHECK (jsonb_typeof(detail) = 'object')
);
COMMENT ON TABLE billing.upkeep IS 'what was done to keep the store, and how it went; only added to';
COMMENT ON COLUMN billing.upkeep.kind IS
'backup: a base backup was made; recovery: one was brought back on another server, up to a moment, and checked; verify: all chains were checked; archive: a closed period was written away and read back';
CREATE INDEX upkeep_kind_idx ON billing.upkeep (kind, at);

CREATE TABLE billing.alert_rule (
	name		text PRIMARY KEY,
	check_name	text,
	state		text,
	metric		text,
	above		numeric,
	owner		text NOT NULL,
	within		interval NOT NULL,
	channel		text NOT NULL DEFAULT 'billing_alert',
	enabled		boolean NOT NULL DEFAULT true,
	set_by		text NOT NULL DEFAULT billing.actor(),
	set_at		timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT alert_rule_name_plain CHECK (name ~ '^[0-9a-z_-]{1,64}$'),
	CONSTRAINT alert_rule_check_or_metric CHECK ((check_name IS NULL) <> (metric IS NULL) AND (check_name IS NULL) = (state IS NULL) AND (metric IS NULL) = (above IS NULL)),
	CONSTRAINT alert_rule_state_known CHECK (state IN ('warning', 'critical', 'unknown')),
	CONSTRAINT alert_rule_above_number CHECK (above <> 'NaN'),
	CONSTRAINT alert_rule_owner_bounded CHECK (length(owner) BETWEEN 1 AND 100),
	CONSTRAINT alert_rule_within_positive CHECK (within > '0'),
	CONSTRAINT alert_rule_channel_plain CHECK (channel ~ '^[a-z][a-z0-9_]{0,62}$')
);
COMMENT ON TABLE billing.alert_rule IS 'which check of health(), in this state or worse, or which metric above a threshold, calls whom, and by when he is to have seen to it';
COMMENT ON COLUMN billing.alert_rule.check_name IS 'of health(); a pattern of LIKE, % for all';
COMMENT ON COLUMN billing.alert_rule.channel IS 'of NOTIFY, on which check_alerts() tells those who LISTEN';

CREATE TABLE billing.alert (
	alert_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	rule		text NOT NULL,
	subject		text NOT NULL,
	meaning		text NOT NULL,
	remedy		text NOT NULL,
	owner		text NOT NULL,
	opened_at	timestamptz NOT NULL DEFAULT now(),
	due_at		timestamptz NOT NULL,
	taken_by	text,
	taken_at	timestamptz,
	closed_at	timestamptz,
	CONSTRAINT alert_taken_whole CHECK ((taken_by IS NULL) = (taken_at IS NULL))
);
COMMENT ON TABLE billing.alert IS 'what called somebody, until it is well again';
COMMENT ON COLUMN billing.alert.subject IS 'the check or the metric';
CREATE UNIQUE INDEX alert_open_key ON billing.alert (rule, subject) WHERE closed_at IS NULL;

/*
 * What customers are told: kinds of notices, what each org wants to be told by
 * which channel, in which words; the queue, and what became of each; what has
 * to be told and waited for before somebody is disconnected for arrears.
 */
CREATE TABLE billing.notice_kind (
	kind			text PRIMARY KEY,
	about			text NOT NULL,
	consent			text,
	placeholders	text[] NOT NULL,
	meaning			text NOT NULL,
	CONSTRAINT notice_kind_kind_plain CHECK (kind ~ '^[a-z][a-z0-9_]{0,31}$'),
	CONSTRAINT notice_kind_about_known CHECK (about IN ('bill', 'plan', 'matter')),
	CONSTRAINT notice_kind_consent_known CHECK (consent IN ('bill', 'outage', 'dunning', 'advertising'))
);
COMMENT ON TABLE billing.notice_kind IS 'what customers are told of; everybody may read it';
COMMENT ON COLUMN billing.notice_kind.about IS 'of what a notice speaks: a bill (its bill_id), a plan (its code and a day), a matter (in words)';
COMMENT ON COLUMN billing.notice_kind.consent IS 'what the customer must have agreed to be told at the contact; null: told by duty, consent or not';
COMMENT ON COLUMN billing.notice_kind.placeholders IS 'what may stand in braces in its templates';
INSERT INTO billing.notice_kind (kind, about, consent, placeholders, meaning) VALUES
	('bill_ready', 'bill', 'bill', '{account_no,customer,address,org,bill_no,from_on,last_on,total,currency,due_on,open}', 'a bill was issued 账单'),
	('due_soon', 'bill', 'bill', '{account_no,customer,address,org,bill_no,from_on,last_on,total,currency,due_on,open}', 'a bill will be due 缴费提醒'),
	('overdue', 'bill', 'dunning', '{account_no,customer,address,org,bill_no,from_on,last_on,total,currency,due_on,open,overdue}', 'a bill was due and is not paid 催费'),
	('disconnection', 'bill', NULL, '{account_no,customer,address,org,bill_no,from_on,last_on,total,currency,due_on,open,overdue,stops_on}', 'supply will be stopped for arrears 停电通知'),
	('disconnection_reminder', 'bill', NULL, '{account_no,customer,address,org,bill_no,from_on,last_on,total,currency,due_on,open,overdue}', 'supply is about to be stopped 停电前再次通知'),
	('price_change', 'plan', 'bill', '{account_no,customer,address,org,plan,from_on}', 'prices change 调价'),
	('reply_wanted', 'matter', 'bill', '{account_no,customer,address,org,matter}', 'the customer is asked something');

CREATE TABLE billing.notice_rule (
	org_id		bigint NOT NULL REFERENCES billing.org,
	class		text,
	kind		text NOT NULL REFERENCES billing.notice_kind,
	from_on		date NOT NULL,
	channel		text,
	locale		text NOT NULL DEFAULT 'zh',
	days		integer NOT NULL DEFAULT 0,
	set_by		text NOT NULL DEFAULT billing.actor(),
	CONSTRAINT notice_rule_key UNIQUE NULLS NOT DISTINCT (org_id, class, kind, from_on),
	CONSTRAINT notice_rule_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT notice_rule_channel_known CHECK (channel IN ('email', 'sms', 'post', 'wechat', 'hand')),
	CONSTRAINT notice_rule_locale_plain CHECK (locale ~ '^[a-z]{2}(-[A-Z]{2})?$'),
	CONSTRAINT notice_rule_days_bounded CHECK (days BETWEEN 0 AND 365)
);
COMMENT ON TABLE billing.notice_rule IS
'which notices an org and all below it want sent: of the nearest org the row of the class of the bill''s plan, else that of all others; without one, none are';
COMMENT ON COLUMN billing.notice_rule.channel IS 'email, sms, post, wechat, hand (carried there); null: none of this kind here';
COMMENT ON COLUMN billing.notice_rule.days IS 'due_soon: so many days before; overdue: so many after, at least one';

CREATE TABLE billing.notice_template (
	template_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	kind		text NOT NULL REFERENCES billing.notice_kind,
	channel		text NOT NULL,
	locale		text NOT NULL,
	subject		text NOT NULL,
	body		text NOT NULL,
	set_by		text NOT NULL DEFAULT billing.actor(),
	set_at		timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT notice_template_channel_known CHECK (channel IN ('email', 'sms', 'post', 'wechat', 'hand')),
	CONSTRAINT notice_template_locale_plain CHECK (locale ~ '^[a-z]{2}(-[A-Z]{2})?$'),
	CONSTRAINT notice_template_subject_bounded CHECK (length(subject) <= 200 AND subject !~ '[[:cntrl:]]'),
	CONSTRAINT notice_template_body_bounded CHECK (length(body) BETWEEN 1 AND 10000)
);
COMMENT ON TABLE billing.notice_template IS 'the words of notices; only added to, so that what was sent can be said again: the last of the nearest org counts';
COMMENT ON COLUMN billing.notice_template.subject IS 'of mail and letters; empty for sms';
CREATE INDEX notice_template_org_id_idx ON billing.notice_template (org_id, kind, channel, locale);

CREATE TABLE billing.notice (
	account_id	bigint NOT NULL,
	notice_id	bigint GENERATED ALWAYS AS IDENTITY,
	org_id		bigint NOT NULL,
	-- as bills, without keys to account and notice_kind: commands see to both, and to look them up, and lock the account's row, would double what a notice costs a run
	kind		text NOT NULL,
	about		text NOT NULL,
	channel		text NOT NULL,
	locale		text NOT NULL,
	state		text NOT NULL DEFAULT 'queued',
	next_at		timestamptz NOT NULL DEFAULT now(),
	attempts	integer NOT NULL DEFAULT 0,
	queued_by	text NOT NULL DEFAULT billing.actor(),
	queued_at	timestamptz NOT NULL DEFAULT now(),
	template_id	bigint REFERENCES billing.notice_template,
	said		jsonb,
	digest		bytea,
	contact_no	integer,
	taken_by	text,
	message_id	text,
	sent_at		timestamptz,
	answered_at	timestamptz,
	reason		text,
	PRIMARY KEY (account_id, kind, about),
	CONSTRAINT notice_about_bounded CHECK (length(about) BETWEEN 1 AND 200),
	CONSTRAINT notice_next_at_finite CHECK (isfinite(next_at)),
	CONSTRAINT notice_channel_known CHECK (channel IN ('email', 'sms', 'post', 'wechat', 'hand')),
	CONSTRAINT notice_state_known CHECK (state IN ('queued', 'taken', 'sent', 'delivered', 'refused', 'failed', 'withdrawn')),
	CONSTRAINT notice_sent_whole CHECK (state NOT IN ('sent', 'delivered') OR (sent_at IS NOT NULL AND message_id IS NOT NULL AND digest IS NOT NULL)),
	CONSTRAINT notice_reason_bounded CHECK (length(reason) <= 1000)
);
COMMENT ON TABLE billing.notice IS 'what customers are told, each thing once: the queue, and the proof of what was sent when in which words. The address is not kept here';
COMMENT ON COLUMN billing.notice.about IS 'of what it speaks: bill_id; plan and day; a matter';
COMMENT ON COLUMN billing.notice.state IS
'queued; taken: a sender has it until next_at; sent: the relay has accepted it; delivered; refused: it will not be accepted; failed: given up; withdrawn: paid, or reversed, before it went';
COMMENT ON COLUMN billing.notice.next_at IS 'when it may be taken: first when it is to go, after a failure later, of a taken one when the lease ends';
COMMENT ON COLUMN billing.notice.said IS 'what stands for the placeholders; with the template the text, whose SHA-256 is digest';
COMMENT ON COLUMN billing.notice.contact_no IS 'the customer''s contact it goes to';
COMMENT ON COLUMN billing.notice.reason IS 'why it was refused, failed, tried again or withdrawn';
CREATE INDEX notice_queue_idx ON billing.notice (channel, next_at) WHERE state IN ('queued', 'taken');
CREATE INDEX notice_org_id_idx ON billing.notice (org_id, kind, state);
CREATE INDEX notice_message_id_idx ON billing.notice (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX notice_notice_id_idx ON billing.notice (notice_id);

CREATE TABLE billing.disconnection_rule (
	org_id				bigint NOT NULL REFERENCES billing.org,
	class				text,
	from_on				date NOT NULL,
	overdue_days		integer NOT NULL DEFAULT 30,
	notice_days			integer NOT NULL DEFAULT 7,
	reminder_minutes	integer DEFAULT 30,
	reconnect_hours		integer NOT NULL DEFAULT 24,
	source				text NOT NULL DEFAULT '',
	set_by				text NOT NULL DEFAULT billing.actor(),
	CONSTRAINT disconnection_rule_key UNIQUE NULLS NOT DISTINCT (org_id, class, from_on),
	CONSTRAINT disconnection_rule_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT disconnection_rule_overdue_days_bounded CHECK (overdue_days >= 0 AND overdue_days <= 3650),
	CONSTRAINT disconnection_rule_notice_days_bounded CHECK (notice_days >= 0 AND notice_days <= 365),
	CONSTRAINT disconnection_rule_reminder_minutes_bounded CHECK (reminder_minutes >= 0 AND reminder_minutes <= 10080),
	CONSTRAINT disconnection_rule_reconnect_hours_bounded CHECK (reconnect_hours >= 1 AND reconnect_hours <= 720),
	CONSTRAINT disconnection_rule_source_bounded CHECK (length(source) <= 200)
);
COMMENT ON TABLE billing.disconnection_rule IS
'what the law of a place asks before supply is stopped for arrears, for an org and all below it, from a day on; without a row: 30 days overdue, 7 days of notice, 30 minutes, 24 hours';
COMMENT ON COLUMN billing.disconnection_rule.overdue_days IS 'more than so many days after a bill was due';
COMMENT ON COLUMN billing.disconnection_rule.notice_days IS 'days between the notice and the day of disconnection; a contract may agree on more: disconnection_notice_days of its other terms';
COMMENT ON COLUMN billing.disconnection_rule.reminder_minutes IS 'told once more at least so long before; null: not asked for';
COMMENT ON COLUMN billing.disconnection_rule.reconnect_hours IS 'supply is back so many hours after the arrears are paid';
COMMENT ON COLUMN billing.disconnection_rule.source IS 'where that is laid down';

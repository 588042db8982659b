-- Decisions with figures: what was tried, what is bought, what others charge, whom a campaign is for.
CREATE TABLE billing.what_if (
	what_if_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	name			text NOT NULL,
	criteria		jsonb NOT NULL,
	during			daterange NOT NULL,
	plan_code		text,
	version_from_on	date,
	tariff			billing.tariff,
	terms			jsonb,
	accounts		bigint NOT NULL,
	refused			bigint NOT NULL,
	before			numeric,
	after			numeric,
	winners			bigint NOT NULL,
	losers			bigint NOT NULL,
	by_class		jsonb NOT NULL,
	result_digest	bytea NOT NULL,
	made_by			text NOT NULL DEFAULT billing.actor(),
	made_at			timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT what_if_name_bounded CHECK (length(name) BETWEEN 1 AND 200)
);
COMMENT ON TABLE billing.what_if IS 'trials that were kept: on whom, over which days, by which plan, tariff or terms, with what result; never changed';
COMMENT ON COLUMN billing.what_if.result_digest IS 'SHA-256 over the result of each account: repeat_what_if() says whether it still is the same';
CREATE INDEX what_if_org_id_idx ON billing.what_if (org_id);

CREATE TABLE billing.purchase_contract (
	purchase_contract_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id					bigint NOT NULL REFERENCES billing.org,
	code					text NOT NULL,
	seller					text NOT NULL,
	kind					text NOT NULL,
	shape					text NOT NULL DEFAULT 'flat',
	made_by					text NOT NULL DEFAULT billing.actor(),
	made_at					timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT purchase_contract_code_key UNIQUE (code),
	CONSTRAINT purchase_contract_code_plain CHECK (code ~ '^[0-9A-Za-z_-]{1,64}$'),
	CONSTRAINT purchase_contract_seller_bounded CHECK (length(seller) BETWEEN 1 AND 200),
	CONSTRAINT purchase_contract_kind_plain CHECK (kind ~ '^[a-z][a-z0-9_]{0,31}$'),
	CONSTRAINT purchase_contract_shape_known CHECK (shape IN ('flat', 'load'))
);
COMMENT ON TABLE billing.purchase_contract IS 'contracts by which a company buys energy 购电合同';
COMMENT ON COLUMN billing.purchase_contract.kind IS 'as it is called: annual 年度, monthly 月度, green 绿电, agent 代理, …';
COMMENT ON COLUMN billing.purchase_contract.shape IS 'how a month''s energy is spread: flat: the same in each hour; load: as the load is';
CREATE INDEX purchase_contract_org_id_idx ON billing.purchase_contract (org_id);

CREATE TABLE billing.purchase_month (
	purchase_contract_id	bigint NOT NULL REFERENCES billing.purchase_contract,
	month_on				date NOT NULL,
	revision				integer NOT NULL,
	org_id					bigint NOT NULL REFERENCES billing.org,
	kwh						numeric NOT NULL,
	price_per_kwh			numeric NOT NULL,
	made_by					text NOT NULL DEFAULT billing.actor(),
	made_at					timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (purchase_contract_id, month_on, revision),
	CONSTRAINT purchase_month_month_on_first CHECK (isfinite(month_on) AND extract(day FROM month_on) = 1),
	CONSTRAINT purchase_month_kwh_bounded CHECK (kwh >= 0 AND kwh < 1e15 AND scale(kwh) <= 6),
	CONSTRAINT purchase_month_price_per_kwh_bounded CHECK (price_per_kwh > -1e6 AND price_per_kwh < 1e6 AND scale(price_per_kwh) <= 12)
);
COMMENT ON TABLE billing.purchase_month IS 'energy and price of a purchase contract in a month; the last revision holds, what was there before stays';
CREATE INDEX purchase_month_org_id_idx ON billing.purchase_month (org_id);

CREATE TABLE billing.market_price (
	market_price_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	seller			text NOT NULL,
	product			text NOT NULL,
	class			text,
	days			daterange NOT NULL,
	price_per_kwh	numeric NOT NULL,
	currency		text NOT NULL,
	source			text NOT NULL,
	made_by			text NOT NULL DEFAULT billing.actor(),
	made_at			timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT market_price_seller_bounded CHECK (length(seller) BETWEEN 1 AND 200),
	CONSTRAINT market_price_product_bounded CHECK (length(product) BETWEEN 1 AND 200),
	CONSTRAINT market_price_source_bounded CHECK (length(source) BETWEEN 1 AND 500),
	CONSTRAINT market_price_days_finite CHECK (NOT isempty(days) AND NOT lower_inf(days) AND isfinite(lower(days))),
	CONSTRAINT market_price_price_per_kwh_bounded CHECK (price_per_kwh > -1e6 AND price_per_kwh < 1e6 AND scale(price_per_kwh) <= 12),
	CONSTRAINT market_price_currency_plain CHECK (currency ~ '^[A-Z]{3}$')
);
COMMENT ON TABLE billing.market_price IS 'what others charge where the org sells, as somebody has found out: an average price with its source; never changed, a later row holds';
COMMENT ON COLUMN billing.market_price.class IS 'of customers; null: of all';
CREATE INDEX market_price_org_id_idx ON billing.market_price (org_id);

CREATE TABLE billing.campaign (
	campaign_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	code			text NOT NULL,
	name			text NOT NULL,
	plan_id			bigint NOT NULL REFERENCES billing.plan,
	criteria		jsonb NOT NULL,
	basis			daterange NOT NULL,
	least_saving	numeric NOT NULL,
	made_by			text NOT NULL DEFAULT billing.actor(),
	made_at			timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT campaign_code_key UNIQUE (code),
	CONSTRAINT campaign_code_plain CHECK (code ~ '^[0-9A-Za-z_-]{1,64}$'),
	CONSTRAINT campaign_name_bounded CHECK (length(name) BETWEEN 1 AND 200)
);
COMMENT ON TABLE billing.campaign IS 'offers of a plan to accounts that would have paid less by it';
COMMENT ON COLUMN billing.campaign.basis IS 'the days whose bills say so';
COMMENT ON COLUMN billing.campaign.least_saving IS 'listed is who would have saved at least this over the basis';
CREATE INDEX campaign_org_id_idx ON billing.campaign (org_id);

CREATE TABLE billing.campaign_account (
	account_id	bigint NOT NULL,
	campaign_id	bigint NOT NULL REFERENCES billing.campaign,
	org_id		bigint NOT NULL,
	plan_id		bigint NOT NULL REFERENCES billing.plan,
	before		numeric NOT NULL,
	after		numeric NOT NULL,
	state		text NOT NULL DEFAULT 'listed',
	note		text,
	changed_by	text NOT NULL DEFAULT billing.actor(),
	changed_at	timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (account_id, campaign_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT campaign_account_state_known CHECK (state IN ('listed', 'contacted', 'accepted', 'declined')),
	CONSTRAINT campaign_account_note_bounded CHECK (length(note) <= 1000)
);
COMMENT ON TABLE billing.campaign_account IS 'whom a campaign is for, what it would have saved, and what was answered';
COMMENT ON COLUMN billing.campaign_account.plan_id IS 'the plan when it was listed, which is the one to compare with';
CREATE INDEX campaign_account_campaign_id_idx ON billing.campaign_account (campaign_id);
CREATE INDEX campaign_account_org_id_idx ON billing.campaign_account (org_id);

CREATE TYPE billing._tried AS (
	figures					jsonb,
	accounts				bigint,
	refused					bigint,
	before					numeric,
	after					numeric,
	winners					bigint,
	losers					bigint,
	largest_rise_percent	numeric,
	moved					numeric,
	violation				numeric,
	value					numeric
);
COMMENT ON TYPE billing._tried IS 'a candidate of a search: its effect, by how much it breaks the constraints, and what the objective says of it, less being better';

-- The county's tables: tariffs, accounts, what the meters delivered, the bills.
-- Environment: DEMO (this directory), DEMO_ACCOUNTS, DEMO_SEED.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
CREATE EXTENSION billing;
CREATE SCHEMA county;

CREATE TABLE county.tariff (
	code	text PRIMARY KEY,
	tariff	billing.tariff NOT NULL
);
COMMENT ON TABLE county.tariff IS 'published tariffs, from contrib/tariffs';

CREATE TABLE county.class (
	class		text PRIMARY KEY,
	place		integer NOT NULL,
	name_zh		text NOT NULL,
	name_en		text NOT NULL
);
COMMENT ON TABLE county.class IS 'classes of customers, in the order of the reports';
INSERT INTO county.class VALUES
	('res_flat', 1, '居民阶梯', 'homes, tiers'),
	('res_tou', 2, '居民阶梯分时', 'homes, tiers, day/night'),
	('res_pv', 3, '居民光伏', 'homes with solar, net'),
	('res_read', 4, '居民抄表', 'homes, read monthly'),
	('res_other', 5, '粤深苏京居民', 'homes, other provinces'),
	('shop', 6, '商业单一制', 'shops, single-part'),
	('shop_read', 7, '商业抄表', 'shops, read monthly'),
	('farm', 8, '农业排灌', 'farms and pumps'),
	('industry', 9, '工业两部制', 'industry, two-part'),
	('shanghai', 10, '上海两部制', 'Shanghai, two-part'),
	('britain', 11, '英国住户', 'British homes'),
	('america', 12, '美国商户', 'American offices');

CREATE TABLE county.delivery (
	account_no		text PRIMARY KEY,
	class			text NOT NULL,
	name_zh			text NOT NULL,
	name_en			text NOT NULL,
	tariff			text NOT NULL,
	terms			jsonb NOT NULL,
	time_zone		text NOT NULL,
	slot_minutes	integer NOT NULL,
	wh				integer[],
	varh			integer[],
	registers		jsonb
);
COMMENT ON TABLE county.delivery IS 'one month of one account as it came in: slots of energy (net of solar), or register readings';
ALTER TABLE county.delivery ALTER wh SET STORAGE EXTERNAL, ALTER varh SET STORAGE EXTERNAL;

CREATE TABLE county.account (
	account_no	text PRIMARY KEY,
	place		integer NOT NULL UNIQUE,
	class		text NOT NULL REFERENCES county.class,
	name_zh		text NOT NULL,
	name_en		text NOT NULL,
	tariff		text NOT NULL REFERENCES county.tariff,
	terms		jsonb NOT NULL,
	readings	integer NOT NULL,
	usage		billing.usage NOT NULL
);
COMMENT ON TABLE county.account IS 'the accounts, their contracts'' terms and their usage of January 2026';

CREATE TABLE county.bill (
	account_no	text PRIMARY KEY REFERENCES county.account,
	charges		billing.charges,
	sqlstate	text,
	message		text,
	detail		text,
	hint		text
);
COMMENT ON TABLE county.bill IS 'the bills of January 2026; where charges is null, why there is none';

CREATE FUNCTION county.page(account_no text, language text DEFAULT 'zh')
RETURNS SETOF text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT billing.print_bill(b.charges, t.tariff, language,
			   a.account_no || ' ' || CASE language WHEN 'zh' THEN a.name_zh ELSE a.name_en END)
	  FROM county.bill b JOIN county.account a USING (account_no) JOIN county.tariff t ON t.code = a.tariff
	 WHERE a.account_no = page.account_no;
END;
COMMENT ON FUNCTION county.page(text, text) IS 'the bill of an account, printed';

\copy county.tariff FROM PROGRAM 'cd "$DEMO/../tariffs" && for f in *.json; do printf "%s\t%s\n" "${f%.json}" "$(tr -d "\n\t" <"$f")"; done'
\copy county.delivery FROM PROGRAM 'python3 "$DEMO/county.py" "$DEMO_ACCOUNTS" "$DEMO_SEED"'

-- Solar homes deliver net energy: its positive part is bought, its negative part sold.
INSERT INTO county.account
SELECT d.account_no, row_number() OVER (ORDER BY d.account_no), d.class, d.name_zh, d.name_en, d.tariff, d.terms,
	   coalesce(cardinality(d.wh), 0) + coalesce(cardinality(d.varh), 0) + 2 * coalesce(jsonb_array_length(d.registers), 0),
	   billing.usage(
			import => CASE d.class WHEN 'res_pv' THEN billing.positive(energy) ELSE energy END,
			export => CASE d.class WHEN 'res_pv' THEN billing.negative(energy) END,
			reactive_import => billing.profile(month.start_at, month.slot, d.varh, 'varh', d.time_zone),
			registers => d.registers)
  FROM county.delivery d
 CROSS JOIN LATERAL (SELECT '2026-01-01'::timestamp AT TIME ZONE d.time_zone AS start_at,
							make_interval(mins => d.slot_minutes) AS slot) month
 CROSS JOIN LATERAL (SELECT billing.profile(month.start_at, month.slot, d.wh, 'Wh', d.time_zone) AS energy) profile;
COMMIT;
VACUUM ANALYZE county.account;

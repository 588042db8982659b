-- The county's database: the store, and what the demonstration keeps beside it.
-- Environment: DEMO_COUNTY, the folder that loadgen made.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION billing;
SELECT billing.create_roles() \g /dev/null
SELECT billing.install() \g /dev/null

BEGIN;
CREATE SCHEMA county;
GRANT USAGE ON SCHEMA county TO PUBLIC;

CREATE TABLE county.class (
	class		text PRIMARY KEY,
	place		integer NOT NULL,
	name_zh		text NOT NULL,
	name_en		text NOT NULL
);
COMMENT ON TABLE county.class IS 'classes of customers, in the order of the reports';
INSERT INTO county.class VALUES
	('home', 1, '居民阶梯', 'homes, tiers'),
	('home_tou', 2, '居民阶梯分时', 'homes, tiers, day/night'),
	('home_car', 3, '居民电动汽车', 'homes with a car'),
	('home_pv', 4, '居民光伏', 'homes with solar'),
	('home_read', 5, '居民抄表', 'homes, read monthly'),
	('shop', 6, '商业单一制', 'shops, single-part'),
	('shop_read', 7, '商业抄表', 'shops, read monthly'),
	('farm', 8, '农业排灌', 'farms and pumps'),
	('works', 9, '工业两部制', 'works, two-part'),
	('street', 10, '路灯', 'street lights'),
	('unmetered', 11, '无表约定', 'unmetered, as agreed');

CREATE TABLE county.account_class (
	account_no	text PRIMARY KEY,
	org_no		text NOT NULL,
	class		text NOT NULL REFERENCES county.class
);
COMMENT ON TABLE county.account_class IS 'which class an account is of';

CREATE TABLE county.label (
	account_no		text NOT NULL,
	point_code		text NOT NULL,
	channel			text,
	kind			text NOT NULL,
	from_at			timestamptz,
	until_at		timestamptz,
	slots			integer NOT NULL,
	true_wh			bigint,
	delivered_wh	bigint
);
COMMENT ON TABLE county.label IS 'what loadgen did to the data: the answers, which nothing but the demonstration''s reports looks at';

\copy county.account_class (account_no, org_no, class) FROM PROGRAM 'cut -d, -f1,2,7 "$DEMO_COUNTY/accounts.csv"' (FORMAT csv, HEADER)
\copy county.label FROM PROGRAM 'cat "$DEMO_COUNTY/faults.csv"' (FORMAT csv, HEADER)

CREATE FUNCTION county.page(account_no text, language text DEFAULT 'zh')
RETURNS SETOF text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT billing.print_bill(b.charges, v.tariff, language,
			   a.account_no || ' ' || CASE WHEN language <> 'zh' AND a.account_no = '4200000101' THEN 'Qinghe Precision Bearings Co., Ltd.' ELSE c.name END)
	  FROM billing.bill b
	  JOIN billing.account a USING (account_id)
	  JOIN billing.customer c USING (customer_id)
	 CROSS JOIN LATERAL (SELECT p.plan_id FROM billing.account_plan p
						  WHERE p.account_id = a.account_id AND p.from_on <= b.from_on ORDER BY p.from_on DESC LIMIT 1) p
	 CROSS JOIN LATERAL (SELECT v.tariff FROM billing.plan_version v
						  WHERE v.plan_id = p.plan_id AND v.from_on <= b.from_on ORDER BY v.from_on DESC LIMIT 1) v
	 WHERE a.account_no = page.account_no ORDER BY b.from_on, b.revision;
END;
COMMENT ON FUNCTION county.page(text, text) IS 'the bills of an account, printed; for whoever may see them';
GRANT SELECT ON ALL TABLES IN SCHEMA county TO PUBLIC;
COMMIT;

-- ---- industries ----

CREATE FUNCTION billing.industry_sections()
RETURNS TABLE (section text, zh text, en text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT * FROM (VALUES
		('A', '农、林、牧、渔业', 'Agriculture, forestry, animal husbandry and fishery'),
		('B', '采矿业', 'Mining'),
		('C', '制造业', 'Manufacturing'),
		('D', '电力、热力、燃气及水生产和供应业', 'Electricity, heat, gas and water'),
		('E', '建筑业', 'Construction'),
		('F', '批发和零售业', 'Wholesale and retail trade'),
		('G', '交通运输、仓储和邮政业', 'Transport, storage and post'),
		('H', '住宿和餐饮业', 'Accommodation and catering'),
		('I', '信息传输、软件和信息技术服务业', 'Information transmission, software and IT services'),
		('J', '金融业', 'Finance'),
		('K', '房地产业', 'Real estate'),
		('L', '租赁和商务服务业', 'Leasing and business services'),
		('M', '科学研究和技术服务业', 'Scientific research and technical services'),
		('N', '水利、环境和公共设施管理业', 'Water conservancy, environment and public facilities'),
		('O', '居民服务、修理和其他服务业', 'Services to households, repair and other services'),
		('P', '教育', 'Education'),
		('Q', '卫生和社会工作', 'Health and social work'),
		('R', '文化、体育和娱乐业', 'Culture, sports and entertainment'),
		('S', '公共管理、社会保障和社会组织', 'Public administration, social security and organisations'),
		('T', '国际组织', 'International organisations')) v(section, zh, en);
END;
COMMENT ON FUNCTION billing.industry_sections() IS 'the sections of 国民经济行业分类, GB/T 4754-2017';

CREATE FUNCTION billing.set_industry(account_no text, industry text, from_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes for accounts that the caller may write.
DECLARE
	account	bigint := billing._account_of(set_industry.account_no, 'write', 'account');
	at_org	bigint;
BEGIN
	PERFORM billing._given('set_industry', account_no, industry, from_on);
	SELECT a.org_id INTO at_org FROM billing.account a WHERE a.account_id = account FOR KEY SHARE;
	INSERT INTO billing.account_industry (account_id, from_on, org_id, industry) VALUES (account, set_industry.from_on, at_org, set_industry.industry)
	    ON CONFLICT ON CONSTRAINT account_industry_pkey DO UPDATE SET industry = excluded.industry, set_by = excluded.set_by;
	PERFORM billing._audit(at_org, 'set_industry', format('account %s', set_industry.account_no), jsonb_build_object('industry', set_industry.industry, 'from_on', set_industry.from_on));
END $$;
COMMENT ON FUNCTION billing.set_industry(text, text, date) IS
'the branch of industry 国民经济行业 of an account from a day on: a section and, as far as known, division, group, class (C, C26, C2611); needs write on account';

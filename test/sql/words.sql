-- Amounts in words.
--
-- Chinese by the rules of payment and settlement (支付结算办法 附一); the first rows are its examples.
SELECT amount, billing.amount_in_words(amount) = words AS right, billing.amount_in_words(amount) AS words
  FROM (VALUES
	(1409.50, '人民币壹仟肆佰零玖元伍角'),
	(6007.14, '人民币陆仟零柒元壹角肆分'),
	(1680.32, '人民币壹仟陆佰捌拾元零叁角贰分'),
	(107000.53, '人民币壹拾万柒仟元零伍角叁分'),
	(16409.02, '人民币壹万陆仟肆佰零玖元零贰分'),
	(325.04, '人民币叁佰贰拾伍元零肆分'),
	(0, '人民币零元整'), (0.05, '人民币伍分'), (0.5, '人民币伍角'), (0.55, '人民币伍角伍分'), (1, '人民币壹元整'),
	(10, '人民币壹拾元整'), (10.05, '人民币壹拾元零伍分'), (20.50, '人民币贰拾元零伍角'),
	(100000, '人民币壹拾万元整'), (1010.01, '人民币壹仟零壹拾元零壹分'), (1000001, '人民币壹佰万零壹元整'),
	(10001000, '人民币壹仟万壹仟元整'), (100010000, '人民币壹亿零壹万元整'), (100001000, '人民币壹亿零壹仟元整'),
	(1000000000, '人民币壹拾亿元整'), (5111163.77, '人民币伍佰壹拾壹万壹仟壹佰陆拾叁元柒角柒分'),
	(62277707.14, '人民币陆仟贰佰贰拾柒万柒仟柒佰零柒元壹角肆分'),
	(1000000000000, '人民币壹万亿元整'), (1000000000000.01, '人民币壹万亿元零壹分'),
	(9999999999999999.99, '人民币玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分'),
	(-35240.35, '人民币负叁万伍仟贰佰肆拾元零叁角伍分')) v(amount, words);

-- English, and other currencies.
SELECT amount, currency, billing.amount_in_words(amount, 'en', currency) AS en, billing.amount_in_words(amount, 'zh-CN', currency) AS zh
  FROM (VALUES (1409.50, 'CNY'), (1.01, 'CNY'), (0, 'CNY'), (0.05, 'CNY'), (-21, 'USD'), (1.01, 'USD'), (2100000.99, 'GBP'),
	(1000000000000000, 'EUR'), (115.15, 'INR'), (5197.05, 'BRL'), (-3, 'JPY'), (9999999999999999.99, 'CNY')) v(amount, currency);

-- As many decimals as the currency has.
SELECT currency, billing.minor_unit(currency), amount, billing.amount_in_words(amount, 'en', currency) AS en,
	   billing.amount_in_words(amount, 'zh', currency) AS zh
  FROM (VALUES (2290, 'JPY'), (0, 'KRW'), (1, 'KRW'), (1.000, 'VND'), (-1000000, 'CLP'), (12.345, 'KWD'), (1.001, 'BHD'), (0.020, 'TND'),
	(10.005, 'KWD'), (10.200, 'KWD'), (10.050, 'KWD'), (7.001, 'OMR'), (0.0304, 'CLF'), (3.5, 'UYW'), (20.0034, 'UYW')) v(amount, currency);
-- Every currency of ISO 4217 that has a minor unit (list one of SIX, its maintenance agency, of 2024-06-25): none differs.
SELECT currency, decimals, billing.minor_unit(currency)
  FROM (VALUES
	(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
	(2, 'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
		CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD
		HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
		MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG
		SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST
		XCD YER ZAR ZMW ZWG'),
	(3, 'BHD IQD JOD KWD LYD OMR TND'),
	(4, 'CLF UYW')) v(decimals, currencies),
	   regexp_split_to_table(currencies, '\s+') currency
 WHERE billing.minor_unit(currency) IS DISTINCT FROM decimals;
SELECT billing.amount_in_words(2289.7, 'zh', 'JPY');
SELECT billing.amount_in_words(0.0001, 'en', 'TND');
SELECT billing.minor_unit('jpy');
SELECT billing.minor_unit('JPYX');

-- Zeros behind the second decimal change nothing; anything else there is refused.
SELECT billing.amount_in_words(1.2000), billing.amount_in_words(NULL);
SELECT billing.amount_in_words(1.005);
SELECT billing.amount_in_words('NaN');
SELECT billing.amount_in_words('-Infinity');
SELECT billing.amount_in_words(10000000000000000);
SELECT billing.amount_in_words(1e100);
SELECT billing.amount_in_words(1, 'fr');
SELECT billing.amount_in_words(1, '');
SELECT billing.amount_in_words(1, 'zh', 'yuan');
SELECT billing.amount_in_words(1, 'zh', '');

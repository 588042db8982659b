-- Keys of names, addresses and numbers, in the scripts that customers write.
SET search_path = billing, public;
SET client_encoding = 'UTF8';

-- Each line: spellings of one thing, and what they are known by.
SELECT line, name_key(spelling) = known AS name, spelling, known
  FROM (VALUES
	(1, '张伟', '张伟'), (1, '张 伟', '张伟'), (1, '张　伟', '张伟'), (1, E'张\u200b伟', '张伟'), (1, E'张\ufe00伟', '张伟'),
	(2, 'ＡＢＣ公司', 'abc公司'), (2, 'abc 公司', 'abc公司'), (2, 'Abc（公司）', 'abc公司'),
	(3, '阿凡提·买买提', '阿凡提买买提'), (3, '阿凡提•买买提', '阿凡提买买提'), (3, '阿凡提・买买提', '阿凡提买买提'),
	(4, 'Straße', 'strasse'), (4, 'STRASSE', 'strasse'), (4, 'STRAẞE', 'strasse'),
	(5, 'İstanbul', 'istanbul'), (5, 'ISTANBUL', 'istanbul'), (5, 'ıstanbul', 'istanbul'), (5, E'I\u0307stanbul', 'istanbul'),
	(6, 'Nguyễn Văn Đức', 'nguyễn văn đức'), (6, E'NGUYE\u0302\u0303N VA\u0306N \u0110U\u031b\u0301C', 'nguyễn văn đức'),
	(6, E'Nguy\u00ea\u0303n  V\u0103n \u0110\u01b0\u0301c', 'nguyễn văn đức'),
	(7, 'Ångström', 'ångström'), (7, E'\u212bngstro\u0308m', 'ångström'),
	(8, E'O\u2019Brien & Sons, Ltd.', 'obrien sons ltd'), (8, 'O''BRIEN SONS LTD', 'obrien sons ltd'),
	(9, '第①分店', '第1分店'), (9, '第１分店', '第1分店'), (9, '第一分店', '第一分店'),
	(10, 'Ⅷ栋', 'viii栋'), (10, '㈱日立', '株日立'), (10, 'ﾋﾀﾁ', 'ヒタチ'), (10, 'ヒタチ', 'ヒタチ'),
	(11, 'ไทย แลนด์', 'ไทยแลนด์'), (11, 'ΣΊΣΥΦΟΣ', 'σίσυφοσ'), (11, 'σίσυφος', 'σίσυφοσ'),
	(12, '٣٤ محمد', '34 محمد'), (12, '३४', '34'), (12, '서울', '서울'), (12, E'\u1109\u1165\u110b\u116e\u11af', '서울')
  ) v(line, spelling, known)
 WHERE name_key(spelling) IS DISTINCT FROM known;

-- Different they stay: accents tell names apart, the pinyin key does not.
SELECT a, b, name_key(a) = name_key(b) AS name, pinyin_key(a) = pinyin_key(b) AS pinyin
  FROM (VALUES ('Müller', 'Muller'), ('张伟', '張偉'), ('张伟', 'Zhang Wei'), ('张伟', 'zhangwei'), ('吕布', 'Lv Bu'),
	('吕布', 'LYU BU'), ('Đức', 'Duc'), ('Łódź', 'Lodz'), ('Straße', 'strasse'), ('张伟', '章伟'), ('张伟', 'Wei Zhang'),
	('西安', '先'), ('Müller', 'Mueller'), ('Владимир', 'Vladimir')) v(a, b);

-- Polyphones: a family name where it begins the name, otherwise the usual reading; two characters at once in four names.
SELECT name, pinyin_key(name) FROM (VALUES ('单雄信'), ('信单'), ('解缙'), ('公司解'), ('曾国藩'), ('仇和'), ('重庆'), ('银行'),
	('令狐冲'), ('张令狐'), ('万俟卨'), ('万科'), ('澹台灭明'), ('长孙无忌'), ('张长孙'), ('长江'), ('欧阳修'), ('尉迟恭'),
	('A单'), ('𠮷野家'), ('嗧')) v(name);
-- Asked in another order, or again from what is kept: the same.
SELECT bool_and(pinyin_key(name) = key) AS same
  FROM (SELECT name, pinyin_key(name) AS key FROM (VALUES ('长孙'), ('单单'), ('万俟万俟'), ('Łé张')) v(name)) v, generate_series(1, 3);

-- Nothing left to compare: null, so that two of them never meet.
SELECT key, name_key(key), pinyin_key(key), address_key(key), number_key(key)
  FROM (VALUES (''), (' '), ('…—'), ('🙂'), (E'\u0301'), ('+')) v(key);
SELECT name_key(NULL), id_number_valid(NULL, 'resident');

SELECT address, address_key(address)
  FROM (VALUES ('浙江省杭州市西湖区文三路一百二十号3幢2单元501室'), ('浙江杭州市西湖区文三路120号 3栋 2单元 501'),
	('杭州市西湖区文三路１２０号３＃楼２單元５０１戶'), ('杭州市西湖区文三路120-3-2-501'),
	('中国 广西壮族自治区南宁市民族大道二十三号A座五〇一室'), ('广西南宁市民族大道23号a座5○1'),
	('吉林市解放大路5号'), ('浙江路12号'), ('三里屯'), ('三百五'),
	('12 Main Street, Apt. 4'), ('12 MAIN ST APT 4'), ('Hauptstraße 5'), ('HAUPTSTR. 5'), ('Haupt-Strasse Nr. 5')) v(address);

SELECT number, number_key(number)
  FROM (VALUES ('+86 138-0013-8000'), ('0086 13800138000'), ('１３８　００１３　８０００'), ('+86 (0)571 8765 4321'), ('(0571) 87654321'),
	('+86 10 1234 5678'), ('+86 400 123 4567'), ('+49 (0)30 123456'), ('0049 30 123456'),
	('11010519491231002x'), ('京A·12345'), ('٠١٢')) v(number);

-- Check digits: the examples of GB 11643 and GB 32100, then what is wrong with the others.
SELECT number, kind, id_number_valid(number, kind), why
  FROM (VALUES
	('11010519491231002X', 'resident', 'the standard''s example'), ('440524188001010014', 'resident', 'the standard''s example'),
	('１１０１０５　１９４９１２３１　００２ｘ', 'resident', 'width, case, blanks'),
	('110105194912310021', 'resident', 'check digit'), ('110105194902290029', 'resident', 'no such day'),
	('160105194912310029', 'resident', 'no such province'), ('110105491231002', 'resident', '15 digits, of before 1999'),
	('+8611010519491231002X', 'resident', 'no telephone'), ('', 'resident', 'nothing'), ('１', 'resident', 'short'),
	('91350100M000100Y43', 'credit_code', 'the standard''s example'), ('91350100m000100y43', 'credit_code', 'case'),
	('91350100M000100Y4Z', 'credit_code', 'no such character'), ('9135O100M000100Y43', 'credit_code', 'letter O for 0'),
	('91350100M000100Y44', 'credit_code', 'check character'), ('9135010OM000100Y4张', 'credit_code', 'Han')) v(number, kind, why);
SELECT id_number_valid('1', 'passport');
SELECT id_number_valid('1', repeat('长', 100));

-- Bounds.
SELECT length(name_key(repeat('x', 4000))), length(name_key(repeat('ﷺ', 1333))), length(address_key(repeat('三千，', 444)));
SELECT name_key(repeat('x', 4001));
SELECT address_key(repeat('张', 1334));

-- An index answers, and a plan with workers says the same.
CREATE TABLE customer (customer_id int, name text);
INSERT INTO customer SELECT n, (ARRAY['张伟', 'Zhang Wei', '李娜', 'Li Na', 'O''Brien'])[n % 5 + 1] || CASE WHEN n > 5 THEN n::text ELSE '' END
  FROM generate_series(1, 5000) n;
CREATE INDEX customer_pinyin_idx ON customer (pinyin_key(name));
ANALYZE customer;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM customer WHERE pinyin_key(name) = pinyin_key('zhang wei');
SELECT * FROM customer WHERE pinyin_key(name) = pinyin_key('ZHANG wei') ORDER BY 1;
SELECT md5(string_agg(name_key(name) || pinyin_key(name), '' ORDER BY customer_id)) AS serial FROM customer \gset
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
SELECT md5(string_agg(n || p, '' ORDER BY customer_id)) = :'serial' AS same
  FROM (SELECT customer_id, name_key(name) AS n, pinyin_key(name) AS p FROM customer OFFSET 0) v;
DROP TABLE customer;
RESET ALL;

SELECT billing.text_version() ~ '^ICU \d+\.\d+(\.\d+)*, Unicode \d+\.\d+(\.\d+)*, rules 1$' AS version;

-- Another encoding of the database makes no difference; without one there is no text to speak of.
CREATE DATABASE names_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
CREATE DATABASE names_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c names_latin1
CREATE EXTENSION billing;
SET client_encoding = 'UTF8';
SELECT billing.name_key('Straße  ÀÉ'), billing.pinyin_key('Müller, Ærø');
\c names_ascii
CREATE EXTENSION billing;
SELECT billing.name_key(convert_from('\xff', 'SQL_ASCII'));
SELECT billing.name_key('张伟');
\c billing_regress
DROP DATABASE names_latin1;
DROP DATABASE names_ascii;

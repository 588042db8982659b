-- Keys: two spellings of one name, address or number have one.  Costs are of short names.

CREATE FUNCTION billing.name_key(name text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_name_key';
COMMENT ON FUNCTION billing.name_key(text)
	IS 'the name for comparing: width, case, blanks, punctuation, apostrophes and invisible characters do not count, accents do; null where no letter or digit is left. May be indexed: REINDEX when text_version() changes';

CREATE FUNCTION billing.pinyin_key(name text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_pinyin_key';
COMMENT ON FUNCTION billing.pinyin_key(text)
	IS 'the name in Latin letters for comparing: Han characters by their pinyin without tones, Latin letters without accents, no blanks, so that 张伟, 張偉, Zhang Wei and zhangwei meet. A character of several readings (polyphone) has one: as a family name where it begins the name (单 shan, 解 xie), else its most frequent (行 xing, not hang); who writes another reading in Latin letters is not found. After l and n, v and yu are u (吕 lu, lv, lyu). Null where no letter or digit is left. May be indexed: REINDEX when text_version() changes';

CREATE FUNCTION billing.address_key(address text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_address_key';
COMMENT ON FUNCTION billing.address_key(text)
	IS 'the address for comparing: as name_key, and numbers in figures (二十三号 23), the names of buildings'' parts after a number as hyphens (3幢2单元501室 3-2-501), no country and province of China in front, usual short forms of Latin words (Street St, Straße Str.). Null where no letter or digit is left. May be indexed: REINDEX when text_version() changes';

CREATE FUNCTION billing.number_key(number text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_number_key';
COMMENT ON FUNCTION billing.number_key(text)
	IS 'an identity, licence or telephone number for comparing: digits and letters only, digits of any script and width as 0 to 9, letters large; +49 as 0049, and numbers of China without their +86 or 0086 as they are dialled there. Null where no letter or digit is left. May be indexed: REINDEX when text_version() changes';

CREATE FUNCTION billing.id_number_valid(number text, kind text)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_id_number_valid';
COMMENT ON FUNCTION billing.id_number_valid(text, text)
	IS 'whether a number can be one of its kind, by its form and check digit: resident for 公民身份号码 of 18 digits (GB 11643: division, date of birth, check digit), credit_code for 统一社会信用代码 (GB 32100). Width, case and blanks do not count. True does not say that the number was ever issued';

CREATE FUNCTION billing.text_version()
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_text_version';
COMMENT ON FUNCTION billing.text_version()
	IS 'what name_key, pinyin_key, address_key and number_key rest on: the version of the ICU library, of Unicode, of our own rules. When it changes, REINDEX indexes and UPDATE columns that hold keys';

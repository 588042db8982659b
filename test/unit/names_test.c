/*
 * names_test.c - keys of names, addresses and numbers, without ICU: the glyphs
 * here are ASCII and Han, as ../../src/names_fn.c would hand them over
 */
#include "check.h"
#include "core/names.h"
#include "core/utf8.h"

enum
{
	ROOM = 512
};

static BlGlyph glyphs[2 * ROOM + 1];
static char out[ROOM * BL_READING_MAX + 1];

static size_t
glyphs_of(const char *text)
{
	const uint8_t *s = (const uint8_t *) text;
	const uint8_t *end = s + strlen(text);
	size_t		count = 0;

	while (s < end && count < ROOM)
	{
		int			n = bl_utf8_length(s, end);
		uint32_t	code = n == 1 ? s[0] : n == 2 ? s[0] & 0x1FU : n == 3 ? s[0] & 0x0FU : s[0] & 0x07U;
		BlGlyphKind kind = BL_GLYPH_OTHER;

		for (int i = 1; i < n; i++)
			code = code << 6 | (s[i] & 0x3FU);
		s += n;
		if (code >= '0' && code <= '9')
			kind = BL_GLYPH_DIGIT;
		else if (code >= 0x0300 && code <= 0x036F)
			kind = BL_GLYPH_MARK;
		else if (code == 0x3007 || (code >= 0x4E00 && code <= 0x9FFF))
			kind = BL_GLYPH_SOLID;
		else if ((code >= 'a' && code <= 'z') || (code >= 0xDF && code <= 0x0250))
			kind = BL_GLYPH_LETTER;
		glyphs[count++] = bl_glyph(code, kind);
	}
	return count;
}

static const char *
said(size_t count)
{
	out[bl_glyphs_utf8(glyphs, count, out)] = '\0';
	return out;
}

static const char *
name(const char *text)
{
	return said(bl_name_fold(glyphs, glyphs_of(text)));
}

static const char *
address(const char *text)
{
	return said(bl_address_fold(glyphs, glyphs_of(text)));
}

static const char *
number(const char *text)
{
	return said(bl_number_fold(glyphs, glyphs_of(text), true));
}

/* three characters, one of them with two readings; an accented letter */
static const char *
reading(void *context, uint32_t code, uint32_t next, bool begins)
{
	(void) context;
	(void) next;
	return code == 0x5355 ? (begins ? "shan" : "dan") : code == 0x5F20 ? "zhang" : code == 0x5415 ? "lu" :
		code == 0xFC ? "u" : NULL;
}

static const char *
pinyin(const char *text)
{
	out[bl_pinyin_fold(glyphs, bl_name_fold(glyphs, glyphs_of(text)), reading, NULL, out)] = '\0';
	return out;
}

static void
names(void)
{
	CHECK_TEXT(name("  acme   power, ltd. "), "acme power ltd");
	CHECK_TEXT(name("o'brien"), "obrien");
	CHECK_TEXT(name("o’brien"), "obrien");
	CHECK_TEXT(name("张 伟"), "张伟");
	CHECK_TEXT(name("张伟 zhang wei 2"), "张伟zhang wei 2");
	CHECK_TEXT(name("张\xCC\x81\xCC\x82 \xCC\x81伟 x"), "张\xCC\x81\xCC\x82伟x");
	CHECK_TEXT(name("i\xCC\x87stanbul"), "istanbul");
	CHECK_TEXT(name("ısparta"), "isparta");
	CHECK_TEXT(name("\xCC\x81x"), "x");
	CHECK_TEXT(name("3\xCC\x81 5"), "3 5");
	CHECK_TEXT(name(" ... "), "");
	CHECK_TEXT(name(""), "");
}

static void
readings(void)
{
	CHECK_TEXT(pinyin("单张"), "shanzhang");
	CHECK_TEXT(pinyin("张单"), "zhangdan");
	CHECK_TEXT(pinyin("a 单"), "ashan");
	CHECK_TEXT(pinyin("吕 布"), "lu布");
	CHECK_TEXT(pinyin("lv bu"), "lubu");
	CHECK_TEXT(pinyin("lyu bu"), "lubu");
	CHECK_TEXT(pinyin("sun yuan"), pinyin("sunyuan"));
	CHECK_TEXT(pinyin("yv"), "yv");
	CHECK_TEXT(pinyin("ly"), "ly");
	/* a mark goes with the letter that was written in ASCII, and stays on others */
	CHECK_TEXT(pinyin("ü\xCC\x81"), "u");
	CHECK_TEXT(pinyin("布\xCC\x81"), "布\xCC\x81");
}

static void
addresses(void)
{
	const char *one = "文3路120-3-2-501";

	CHECK_TEXT(address("文三路一百二十号3幢2单元501室"), one);
	CHECK_TEXT(address("文三路120号3号楼2单元501"), one);
	CHECK_TEXT(address("文三路 120, 3-2-501"), one);
	CHECK_TEXT(address("浙江省杭州市"), "杭州市");
	CHECK_TEXT(address("中国浙江杭州市"), "杭州市");
	CHECK_TEXT(address("浙江路5号"), "浙江路5");
	CHECK_TEXT(address("吉林市"), "吉林市");
	CHECK_TEXT(address("新疆维吾尔自治区乌鲁木齐市"), "乌鲁木齐市");
	CHECK_TEXT(address("内蒙古呼和浩特市"), "呼和浩特市");
	CHECK_TEXT(address("浙江省"), "");
	/* numerals */
	CHECK_TEXT(address("十"), "10");
	CHECK_TEXT(address("十五"), "15");
	CHECK_TEXT(address("二十"), "20");
	CHECK_TEXT(address("二〇三"), "203");
	CHECK_TEXT(address("二○三"), "203");
	CHECK_TEXT(address("一百零三"), "103");
	CHECK_TEXT(address("一千零二十"), "1020");
	CHECK_TEXT(address("三千九百九十九"), "3999");
	/* not written as numbers are, or ambiguous: left as they are */
	CHECK_TEXT(address("三百五"), "三百五");
	CHECK_TEXT(address("百"), "百");
	CHECK_TEXT(address("十百"), "十百");
	CHECK_TEXT(address("一百零"), "一百零");
	CHECK_TEXT(address("二十三四"), "二十三四");
	/* units part numbers only after a number or a letter that stands alone */
	CHECK_TEXT(address("a座501"), "a501");
	CHECK_TEXT(address("红楼5号"), "红楼5");
	CHECK_TEXT(address("kfc楼5"), "kfc楼5");
	CHECK_TEXT(address("12号房"), "12");
	/* words */
	CHECK_TEXT(address("12 main street"), "12mainst");
	CHECK_TEXT(address("12 main st"), "12mainst");
	CHECK_TEXT(address("5 avenue road"), address("5 ave rd"));
	CHECK_TEXT(address("haupt-strasse nr. 5"), "hauptstr5");
	CHECK_TEXT(address("hauptstr 5"), "hauptstr5");
	CHECK_TEXT(address("no 5 no 7"), "5-7");
	CHECK_TEXT(address("no mans land"), "nomansland");
	CHECK_TEXT(address(""), "");
}

static void
numbers(void)
{
	CHECK_TEXT(number("ab-12 3"), "AB123");
	CHECK_TEXT(number("+86 138-0013-8000"), "13800138000");
	CHECK_TEXT(number("0086 13800138000"), "13800138000");
	CHECK_TEXT(number("+86 (0)571 87654321"), "057187654321");
	CHECK_TEXT(number("+86 571 87654321"), "057187654321");
	CHECK_TEXT(number("+86 10 12345678"), "01012345678");
	CHECK_TEXT(number("+86 400 123 4567"), "4001234567");
	CHECK_TEXT(number("+49 (0)30 123"), "004930123");
	CHECK_TEXT(number("+49 30 123"), number("0049 30 123"));
	/* too short, too long, not only digits: no number of China */
	CHECK_TEXT(number("+86 1234567"), "00861234567");
	CHECK_TEXT(number("0086"), "0086");
	CHECK_TEXT(number("+86 0"), "00860");
	CHECK_TEXT(number("0086 1380013800x"), "00861380013800X");
	CHECK_TEXT(number("1+2"), "12");
	CHECK_TEXT(number("+"), "");
	CHECK_TEXT(number("+(0)"), "");
	CHECK_TEXT(number("(0"), "0");
}

/* the examples of the two standards, then each digit of them changed */
static void
check_digits(void)
{
	static const char *const resident[] = {"11010519491231002X", "440524188001010014"};
	char		changed[19];
	size_t		accepted = 0;

	for (int k = 0; k < 2; k++)
	{
		CHECK(bl_resident_number_valid(resident[k], 18));
		for (int i = 0; i < 18; i++)
		{
			for (char digit = '0'; digit <= '9'; digit++)
			{
				memcpy(changed, resident[k], 19);
				if (changed[i] == digit)
					continue;
				changed[i] = digit;
				accepted += bl_resident_number_valid(changed, 18);
			}
		}
	}
	CHECK_EQ(accepted, 0);
	CHECK(!bl_resident_number_valid("11010519491231002", 17));
	CHECK(!bl_resident_number_valid("11010519490229002X", 18));
	CHECK(!bl_resident_number_valid("000000000000000000", 18));

	accepted = 0;
	CHECK(bl_credit_code_valid("91350100M000100Y43", 18));
	for (int i = 0; i < 18; i++)
	{
		for (const char *c = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"; *c != '\0'; c++)
		{
			memcpy(changed, "91350100M000100Y43", 19);
			if (changed[i] == *c)
				continue;
			changed[i] = *c;
			accepted += bl_credit_code_valid(changed, 18);
		}
	}
	CHECK_EQ(accepted, 0);
	CHECK(!bl_credit_code_valid("91350100M000100Y4", 17));
	CHECK(!bl_credit_code_valid("91350100M000100Y\0" "3", 18));
}

/* a key is its own key, whatever the text */
static void
folding_ends(void)
{
	static const char *const pieces[] = {"张", "三", "十", "百", "〇", "号", "楼", "单元", "省", "浙江", "市", " ", "-",
		"a", "no", "strasse", "ave", "5", "12", "'", "(0)", "+", "86", "\xCC\x81", "i\xCC\x87", "l", "v", "yu"};
	uint64_t	seed = 7;
	size_t		unlike = 0;

	for (int round = 0; round < 20000; round++)
	{
		char		text[256] = "";
		char		first[ROOM * BL_READING_MAX + 1];

		for (uint64_t n = check_random(&seed) % 12; n > 0; n--)
			strcat(text, pieces[check_random(&seed) % (sizeof pieces / sizeof *pieces)]);
		strcpy(first, name(text));
		unlike += strcmp(first, name(first)) != 0;
		strcpy(first, pinyin(text));
		/* reading is no folding: only its bound and form count */
		unlike += !bl_utf8_plain(first, strlen(first));
		strcpy(first, address(text));
		unlike += !bl_utf8_plain(first, strlen(first));
		strcpy(first, number(text));
		unlike += strlen(first) > strlen(text) + 2;
	}
	CHECK_EQ(unlike, 0);
}

int
main(void)
{
	RUN(names);
	RUN(readings);
	RUN(addresses);
	RUN(numbers);
	RUN(check_digits);
	RUN(folding_ends);
	return DONE();
}

/*
 * words_test.c - amounts in words, by examples and by reading them back
 */
#include "check.h"
#include "core/words.h"

static char words[BL_WORDS_SIZE];

static const char *
zh(int64_t hundredths)
{
	CHECK_EQ(bl_words_zh(bl_dec(hundredths, 2), "CNY", words), BL_OK);
	return words;
}

static const char *
en(int64_t hundredths, const char *currency)
{
	CHECK_EQ(bl_words_en(bl_dec(hundredths, 2), currency, words), BL_OK);
	return words;
}

/* the examples of 支付结算办法 附一, and the edges between its rules */
static void
chinese(void)
{
	CHECK_TEXT(zh(140950), "人民币壹仟肆佰零玖元伍角");
	CHECK_TEXT(zh(600714), "人民币陆仟零柒元壹角肆分");
	CHECK_TEXT(zh(168032), "人民币壹仟陆佰捌拾元零叁角贰分");
	CHECK_TEXT(zh(10700053), "人民币壹拾万柒仟元零伍角叁分");
	CHECK_TEXT(zh(1640902), "人民币壹万陆仟肆佰零玖元零贰分");
	CHECK_TEXT(zh(32504), "人民币叁佰贰拾伍元零肆分");
	CHECK_TEXT(zh(0), "人民币零元整");
	CHECK_TEXT(zh(5), "人民币伍分");
	CHECK_TEXT(zh(50), "人民币伍角");
	CHECK_TEXT(zh(1000), "人民币壹拾元整");
	CHECK_TEXT(zh(101001), "人民币壹仟零壹拾元零壹分");
	CHECK_TEXT(zh(10000000), "人民币壹拾万元整");
	CHECK_TEXT(zh(10001000000), "人民币壹亿零壹万元整");
	CHECK_TEXT(zh(-100), "人民币负壹元整");
}

static void
english(void)
{
	CHECK_TEXT(en(140950, "CNY"), "one thousand four hundred nine yuan and fifty fen");
	CHECK_TEXT(en(0, "CNY"), "zero yuan");
	CHECK_TEXT(en(5, "CNY"), "five fen");
	CHECK_TEXT(en(101, "USD"), "one dollar and one cent");
	CHECK_TEXT(en(-200, "GBP"), "minus two pounds");
	CHECK_TEXT(en(140905, "BRL"), "BRL one thousand four hundred nine and 05/100");
	CHECK_TEXT(en(99999999, "CNY"),
			   "nine hundred ninety-nine thousand nine hundred ninety-nine yuan and ninety-nine fen");
}

/* currencies without hundredths */
static void
other_decimals(void)
{
	CHECK_EQ(bl_currency_decimals("CNY"), 2);
	CHECK_EQ(bl_currency_decimals("JPY"), 0);
	CHECK_EQ(bl_currency_decimals("TND"), 3);
	CHECK_EQ(bl_currency_decimals("CLF"), 4);
	CHECK_EQ(bl_currency_decimals(""), -1);
	CHECK_EQ(bl_currency_decimals("JPYX"), -1);
	CHECK_EQ(bl_words_zh(bl_dec(22905, 1), "JPY", words), BL_BAD_VALUE);
	CHECK_EQ(bl_words_zh(bl_dec(22900, 1), "JPY", words), BL_OK);
	CHECK_TEXT(words, "日元贰仟贰佰玖拾元整");
	CHECK_EQ(bl_words_zh(bl_dec(10005, 3), "KWD", words), BL_OK);
	CHECK_TEXT(words, "KWD壹拾元零伍厘");
	CHECK_EQ(bl_words_zh(bl_dec(5, 3), "KWD", words), BL_OK);
	CHECK_TEXT(words, "KWD伍厘");
	CHECK_EQ(bl_words_zh(bl_dec(1203, 3), "KWD", words), BL_OK);
	CHECK_TEXT(words, "KWD壹元贰角零叁厘");
	CHECK_EQ(bl_words_en(bl_dec(7001, 3), "OMR", words), BL_OK);
	CHECK_TEXT(words, "OMR seven and 001/1000");
	CHECK_EQ(bl_words_en(bl_dec(12345, 3), "KWD", words), BL_OK);
	CHECK_TEXT(words, "twelve dinars and three hundred forty-five fils");
	CHECK_EQ(bl_words_en(bl_dec(7, 0), "VND", words), BL_OK);
	CHECK_TEXT(words, "VND seven");
	CHECK_EQ(bl_words_en((BlDec) {bl_pow10(20) - 1, 4}, "CLF", words), BL_OK);
}

static void
refused(void)
{
	CHECK_EQ(bl_words_zh(bl_dec(1, 3), "CNY", words), BL_BAD_VALUE);
	CHECK_EQ(bl_words_zh(bl_dec(1000, 3), "CNY", words), BL_OK);
	CHECK_EQ(bl_words_zh((BlDec) {bl_pow10(16), 0}, "CNY", words), BL_OVERFLOW);
	CHECK_EQ(bl_words_zh((BlDec) {bl_pow10(18) - 1, 2}, "CNY", words), BL_OK);
	CHECK_EQ(bl_words_en((BlDec) {-bl_pow10(38), 0}, "CNY", words), BL_OVERFLOW);
	CHECK_EQ(bl_words_en(bl_dec(1, 0), "cny", words), BL_BAD_TEXT);
	CHECK_EQ(bl_words_en(bl_dec(1, 0), "CN", words), BL_BAD_TEXT);
	CHECK_EQ(bl_words_en(bl_dec(1, 0), "CNYX", words), BL_BAD_TEXT);
}

/* the value of the first character, 0 to 9, or -1 */
static int
digit_of(const char *at)
{
	static const char *const digits[10] = {"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"};

	for (int i = 0; i < 10; i++)
	{
		if (strncmp(at, digits[i], 3) == 0)
			return i;
	}
	return -1;
}

/* reads Chinese words as a clerk does: digits times units, sections closed by 万 and 亿 */
static int64_t
read_back(const char *at)
{
	int64_t		above = 0;		/* 亿 and higher */
	int64_t		wan = 0;
	int64_t		section = 0;
	int64_t		hundredths = 0;
	int			digit = 0;
	bool		minus = false;

	for (at += strlen("人民币"); *at != '\0'; at += 3)
	{
		int			d = digit_of(at);

		if (d >= 0)
		{
			CHECK(digit == 0);
			digit = d;
		}
		else if (strncmp(at, "负", 3) == 0)
			minus = true;
		else if (strncmp(at, "整", 3) == 0)
			CHECK(at[3] == '\0' && hundredths % 100 == 0);
		else if (strncmp(at, "万", 3) == 0)
		{
			wan = (section + digit) * 10000;
			section = digit = 0;
		}
		else if (strncmp(at, "亿", 3) == 0)
		{
			above = (wan + section + digit) * 100000000;
			wan = section = digit = 0;
		}
		else if (strncmp(at, "元", 3) == 0)
		{
			hundredths = (above + wan + section + digit) * 100;
			above = wan = section = digit = 0;
		}
		else
		{
			int			unit = strncmp(at, "仟", 3) == 0 ? 1000 : strncmp(at, "佰", 3) == 0 ? 100 :
				strncmp(at, "拾", 3) == 0 ? 10 : 0;

			CHECK(digit > 0);
			if (unit > 0)
				section += digit * unit;
			else
				hundredths += digit * (strncmp(at, "角", 3) == 0 ? 10 : 1);
			digit = 0;
		}
	}
	CHECK_EQ(digit, 0);
	return minus ? -hundredths : hundredths;
}

static void
reads_back(void)
{
	uint64_t	seed = 8;

	for (long i = 0; i < check_rounds(100000); i++)
	{
		/* many zeros: each decimal digit is one with chance 1/2 */
		int64_t		amount = 0;

		for (int n = (int) (check_random(&seed) % 18); n >= 0; n--)
			amount = amount * 10 + (check_random(&seed) & 1 ? (int64_t) (check_random(&seed) % 10) : 0);
		if (check_random(&seed) % 4 == 0)
			amount = -amount;
		zh(amount);
		CHECK(strstr(words, "零零") == NULL);
		if (!CHECK(read_back(words) == amount))
			printf("# %" PRId64 " %s\n", amount, words);
	}
}

int
main(void)
{
	RUN(chinese);
	RUN(english);
	RUN(other_decimals);
	RUN(refused);
	RUN(reads_back);
	return DONE();
}

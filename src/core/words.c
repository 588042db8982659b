/*
 * words.c - an amount of money in words; the rules are in words.h
 */
#include "words.h"

#include <string.h>

#define UNITS_MAX UINT64_C(10000000000000000)	/* 10^16 whole units */

/* An amount taken apart. */
typedef struct Parts
{
	bool		negative;
	uint64_t	units;
	int			decimals;		/* of the currency */
	unsigned	minor;			/* 10^-decimals units */
} Parts;

/* Text that grows; it stays terminated and never leaves its room. */
typedef struct Text
{
	char	   *out;
	size_t		used;
} Text;

static void
put(Text *t, const char *words)
{
	size_t		n = strlen(words);

	if (n >= BL_WORDS_SIZE - t->used)
		n = BL_WORDS_SIZE - t->used - 1;
	memcpy(t->out + t->used, words, n);
	t->used += n;
	t->out[t->used] = '\0';
}

int
bl_currency_decimals(const char *currency)
{
	static const char *const not_two[] = {
		"BIF0", "CLP0", "DJF0", "GNF0", "ISK0", "JPY0", "KMF0", "KRW0", "PYG0", "RWF0", "UGX0", "UYI0", "VND0", "VUV0",
		"XAF0", "XOF0", "XPF0",
		"BHD3", "IQD3", "JOD3", "KWD3", "LYD3", "OMR3", "TND3",
		"CLF4", "UYW4"
	};

	for (int i = 0; i < 3; i++)
		if (currency[i] < 'A' || currency[i] > 'Z')
			return -1;
	if (currency[3] != '\0')
		return -1;
	for (size_t i = 0; i < sizeof not_two / sizeof not_two[0]; i++)
		if (strncmp(not_two[i], currency, 3) == 0)
			return not_two[i][3] - '0';
	return 2;
}

static BlStatus
take_apart(BlDec amount, const char *currency, Parts *parts)
{
	BlUint128	size;
	unsigned	one;

	parts->decimals = bl_currency_decimals(currency);
	if (parts->decimals < 0)
		return BL_BAD_TEXT;
	amount = bl_dec_trim(amount);
	if (amount.scale > parts->decimals)
		return BL_BAD_VALUE;
	parts->negative = amount.coefficient < 0;
	size = parts->negative ? 0 - (BlUint128) amount.coefficient : (BlUint128) amount.coefficient;
	if (size >= (BlUint128) UNITS_MAX * (BlUint128) bl_pow10(amount.scale))
		return BL_OVERFLOW;
	size *= (BlUint128) bl_pow10(parts->decimals - amount.scale);
	one = (unsigned) bl_pow10(parts->decimals);
	parts->units = (uint64_t) (size / one);
	parts->minor = (unsigned) (size % one);
	return BL_OK;
}

/* ---- Chinese ---- */

static const char *const zh_digits[10] = {
	"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"
};

/* 1 to 9999; zeros inside give one 零, zeros at either end none */
static void
put_four(Text *t, unsigned n)
{
	static const char *const places[4] = {"仟", "佰", "拾", ""};
	bool		gap = false;
	bool		begun = false;

	for (unsigned i = 0, unit = 1000; i < 4; i++, unit /= 10)
	{
		unsigned	digit = n / unit % 10;

		if (digit == 0)
		{
			gap = begun;
			continue;
		}
		put(t, gap ? "零" : "");
		put(t, zh_digits[digit]);
		put(t, places[i]);
		gap = false;
		begun = true;
	}
}

/* 1 to 99999999: 万 and what is below it */
static void
put_eight(Text *t, unsigned n)
{
	unsigned	high = n / 10000;
	unsigned	low = n % 10000;

	if (high > 0)
	{
		put_four(t, high);
		put(t, "万");
	}
	if (low > 0)
	{
		put(t, high > 0 && low < 1000 ? "零" : "");
		put_four(t, low);
	}
}

/* 亿 and what is below it */
static void
put_units(Text *t, uint64_t n)
{
	unsigned	high = (unsigned) (n / 100000000);
	unsigned	low = (unsigned) (n % 100000000);

	if (high > 0)
	{
		put_eight(t, high);
		put(t, "亿");
	}
	if (low > 0)
	{
		put(t, high > 0 && low < 10000000 ? "零" : "");
		put_eight(t, low);
	}
}

static const char *
zh_currency(const char *code)
{
	static const char *const names[][2] = {
		{"CNY", "人民币"}, {"HKD", "港币"}, {"MOP", "澳门币"}, {"TWD", "新台币"},
		{"USD", "美元"}, {"EUR", "欧元"}, {"GBP", "英镑"}, {"JPY", "日元"}, {"KRW", "韩元"},
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
	{
		if (strcmp(names[i][0], code) == 0)
			return names[i][1];
	}
	return code;
}

BlStatus
bl_words_zh(BlDec amount, const char *currency, char out[BL_WORDS_SIZE])
{
	Text		t = {out, 0};
	static const char *const places[4] = {"角", "分", "厘", "毫"};
	Parts		parts;
	unsigned	unit;
	size_t		begun;
	bool		gap;
	BlStatus	status = take_apart(amount, currency, &parts);

	if (status != BL_OK)
		return status;
	put(&t, zh_currency(currency));
	put(&t, parts.negative ? "负" : "");
	begun = t.used;
	if (parts.units > 0)
	{
		put_units(&t, parts.units);
		put(&t, "元");
	}
	else if (parts.minor == 0)
		put(&t, "零元");
	if (parts.minor == 0)
	{
		put(&t, "整");
		return BL_OK;
	}
	/* one 零 for zero digits before what follows: of 元 before 角, of 角 before 分 */
	gap = parts.units > 0 && parts.units % 10 == 0;
	unit = (unsigned) bl_pow10(parts.decimals);
	for (int i = 0; i < parts.decimals; i++)
	{
		unsigned	digit = parts.minor / (unit /= 10) % 10;

		if (digit == 0)
		{
			/* nothing is said before the first digit of all */
			gap = gap || t.used > begun;
			continue;
		}
		put(&t, gap ? "零" : "");
		put(&t, zh_digits[digit]);
		put(&t, places[i]);
		gap = false;
	}
	return BL_OK;
}

/* ---- English ---- */

/* 1 to 99 */
static void
put_tens(Text *t, unsigned n)
{
	static const char *const small[20] = {
		"", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
		"eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"
	};
	static const char *const tens[10] = {
		"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"
	};

	if (n < 20)
	{
		put(t, small[n]);
		return;
	}
	put(t, tens[n / 10]);
	put(t, n % 10 > 0 ? "-" : "");
	put(t, small[n % 10]);
}

/* 1 to 999 */
static void
put_hundreds(Text *t, unsigned n)
{
	if (n >= 100)
	{
		put_tens(t, n / 100);
		put(t, n % 100 > 0 ? " hundred " : " hundred");
	}
	put_tens(t, n % 100);
}

static void
put_number(Text *t, uint64_t n)
{
	static const char *const groups[6] = {" quadrillion", " trillion", " billion", " million", " thousand", ""};
	uint64_t	unit = UINT64_C(1000000000000000);
	bool		begun = false;

	if (n == 0)
		put(t, "zero");
	for (int i = 0; i < 6; i++, unit /= 1000)
	{
		unsigned	group = (unsigned) (n / unit % 1000);

		if (group == 0)
			continue;
		put(t, begun ? " " : "");
		put_hundreds(t, group);
		put(t, groups[i]);
		begun = true;
	}
}

/* one and many of the unit, of its part */
typedef struct Currency
{
	const char *code;
	const char *unit[2];
	const char *minor[2];
} Currency;

static const Currency *
en_currency(const char *code)
{
	static const Currency known[] = {
		{"CNY", {" yuan", " yuan"}, {" fen", " fen"}},
		{"USD", {" dollar", " dollars"}, {" cent", " cents"}},
		{"EUR", {" euro", " euros"}, {" cent", " cents"}},
		{"GBP", {" pound", " pounds"}, {" penny", " pence"}},
		{"INR", {" rupee", " rupees"}, {" paisa", " paise"}},
		{"JPY", {" yen", " yen"}, {"", ""}},
		{"KRW", {" won", " won"}, {"", ""}},
		{"KWD", {" dinar", " dinars"}, {" fils", " fils"}},
		{"BHD", {" dinar", " dinars"}, {" fils", " fils"}},
		{"TND", {" dinar", " dinars"}, {" millime", " millimes"}},
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
	{
		if (strcmp(known[i].code, code) == 0)
			return &known[i];
	}
	return NULL;
}

/* " and 05/100" */
static void
put_fraction(Text *t, const Parts *parts)
{
	char		digits[] = "0000";
	unsigned	left = parts->minor;

	if (parts->decimals == 0)
		return;
	digits[parts->decimals] = '\0';
	for (int i = parts->decimals; i-- > 0; left /= 10)
		digits[i] = (char) ('0' + left % 10);
	put(t, " and ");
	put(t, digits);
	put(t, "/1");
	for (int i = 0; i < parts->decimals; i++)
		put(t, "0");
}

BlStatus
bl_words_en(BlDec amount, const char *currency, char out[BL_WORDS_SIZE])
{
	Text		t = {out, 0};
	const Currency *known = en_currency(currency);
	Parts		parts;
	BlStatus	status = take_apart(amount, currency, &parts);

	if (status != BL_OK)
		return status;
	if (known == NULL)
	{
		put(&t, currency);
		put(&t, parts.negative ? " minus " : " ");
		put_number(&t, parts.units);
		put_fraction(&t, &parts);
		return BL_OK;
	}
	put(&t, parts.negative ? "minus " : "");
	if (parts.units > 0 || parts.minor == 0)
	{
		put_number(&t, parts.units);
		put(&t, known->unit[parts.units != 1]);
	}
	if (parts.minor > 0)
	{
		put(&t, parts.units > 0 ? " and " : "");
		put_number(&t, parts.minor);
		put(&t, known->minor[parts.minor != 1]);
	}
	return BL_OK;
}

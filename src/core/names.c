/*
 * names.c - names, addresses and numbers folded to what is compared
 *
 * Every rule here is kept so simple that a clerk can be told why two texts
 * meet.  A rule may join what is different (the clerk looks at candidates), it
 * should not part what is the same.
 */
#include <string.h>

#include "names.h"

#define BLANK bl_glyph(' ', BL_GLYPH_OTHER)

static bool
is_digit(BlGlyph glyph)
{
	return bl_glyph_kind(glyph) == BL_GLYPH_DIGIT;
}

static bool
is_solid(BlGlyph glyph)
{
	return bl_glyph_kind(glyph) == BL_GLYPH_SOLID;
}

/* O'Brien, O’Brien and OBrien are one; so are Qur'an and Quran in any script */
static bool
is_apostrophe(uint32_t code)
{
	return code == '\'' || code == '`' || code == 0x2018 || code == 0x2019 || code == 0x201B ||
		code == 0x02BB || code == 0x02BC || code == 0x2032;
}

/*
 * Runs of blanks, punctuation and symbols to one blank between words; none at
 * the ends.  Marks without a letter go.  The dots of Turkish i's do not tell
 * names apart: capital letters are written with and without.
 */
static size_t
squeeze(BlGlyph *text, size_t count)
{
	size_t		used = 0;
	bool		blank = false;

	for (size_t i = 0; i < count; i++)
	{
		BlGlyph		glyph = text[i];
		uint32_t	code = bl_glyph_code(glyph);

		if (is_apostrophe(code))
			continue;
		switch (bl_glyph_kind(glyph))
		{
			case BL_GLYPH_OTHER:
				blank = true;
				continue;
			case BL_GLYPH_MARK:
				if (used == 0 || blank || is_digit(text[used - 1]) ||
					(code == 0x0307 && bl_glyph_code(text[used - 1]) == 'i'))
					continue;
				break;
			default:
				if (blank && used > 0)
					text[used++] = BLANK;
				blank = false;
				if (code == 0x0131)
					glyph = bl_glyph('i', BL_GLYPH_LETTER);
				break;
		}
		text[used++] = glyph;
	}
	return used;
}

size_t
bl_name_fold(BlGlyph *text, size_t count)
{
	size_t		used = 0;
	bool		solid = false;	/* the letter before, without its marks */

	count = squeeze(text, count);
	for (size_t i = 0; i < count; i++)
	{
		/* where words are not parted by blanks, a blank says nothing */
		if (text[i] == BLANK && (solid || is_solid(text[i + 1])))
			continue;
		if (bl_glyph_kind(text[i]) != BL_GLYPH_MARK)
			solid = is_solid(text[i]);
		text[used++] = text[i];
	}
	return used;
}

/* ---- readings ---- */

static size_t
put_utf8(uint32_t code, char *out)
{
	uint8_t    *to = (uint8_t *) out;

	if (code < 0x80)
	{
		to[0] = (uint8_t) code;
		return 1;
	}
	if (code < 0x800)
	{
		to[0] = (uint8_t) (0xC0 | code >> 6);
		to[1] = (uint8_t) (0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000)
	{
		to[0] = (uint8_t) (0xE0 | code >> 12);
		to[1] = (uint8_t) (0x80 | (code >> 6 & 0x3F));
		to[2] = (uint8_t) (0x80 | (code & 0x3F));
		return 3;
	}
	to[0] = (uint8_t) (0xF0 | code >> 18);
	to[1] = (uint8_t) (0x80 | (code >> 12 & 0x3F));
	to[2] = (uint8_t) (0x80 | (code >> 6 & 0x3F));
	to[3] = (uint8_t) (0x80 | (code & 0x3F));
	return 4;
}

size_t
bl_glyphs_utf8(const BlGlyph *text, size_t count, char *out)
{
	size_t		used = 0;

	for (size_t i = 0; i < count; i++)
		used += put_utf8(bl_glyph_code(text[i]), out + used);
	return used;
}

/* ü is typed u, v or yu after l and n: 吕 is Lu, Lv and, in passports, Lyu */
static size_t
fold_umlauts(char *text, size_t length)
{
	size_t		used = 0;

	for (size_t i = 0; i < length; i++)
	{
		bool		after = used > 0 && (text[used - 1] == 'l' || text[used - 1] == 'n');

		if (after && text[i] == 'y' && i + 1 < length && text[i + 1] == 'u')
			continue;
		text[used++] = after && text[i] == 'v' ? 'u' : text[i];
	}
	return used;
}

size_t
bl_pinyin_fold(const BlGlyph *name, size_t count, BlReading reading, void *context, char *out)
{
	size_t		used = 0;
	bool		latin = false;	/* the letter that a mark would be on was written in ASCII */

	for (size_t i = 0; i < count; i++)
	{
		uint32_t	code = bl_glyph_code(name[i]);
		BlGlyphKind kind = bl_glyph_kind(name[i]);
		const char *said = NULL;

		if (kind == BL_GLYPH_OTHER || (kind == BL_GLYPH_MARK && latin))
			continue;
		if (code >= 0x80 && kind != BL_GLYPH_MARK)
			said = reading(context, code, i + 1 < count ? bl_glyph_code(name[i + 1]) : 0,
						   i == 0 || !is_solid(name[i - 1]));
		latin = code < 0x80 || said != NULL;
		if (said == NULL)
			used += put_utf8(code, out + used);
		else
		{
			size_t		length = strnlen(said, BL_READING_MAX);

			memcpy(out + used, said, length);
			used += length;
		}
	}
	return fold_umlauts(out, used);
}

/* ---- addresses ---- */

/* 0 to 9, 10, 100, 1000; -1: no numeral */
static int
numeral(BlGlyph glyph)
{
	switch (bl_glyph_code(glyph))
	{
		case 0x3007:			/* 〇 */
		case 0x96F6:			/* 零 */
			return 0;
		case 0x4E00:
			return 1;
		case 0x4E8C:
			return 2;
		case 0x4E09:
			return 3;
		case 0x56DB:
			return 4;
		case 0x4E94:
			return 5;
		case 0x516D:
			return 6;
		case 0x4E03:
			return 7;
		case 0x516B:
			return 8;
		case 0x4E5D:
			return 9;
		case 0x5341:			/* 十 */
			return 10;
		case 0x767E:			/* 百 */
			return 100;
		case 0x5343:			/* 千 */
			return 1000;
		default:
			return -1;
	}
}

/* 二十三, 一百零三, 三千 …; -1: not written so */
static int
numeral_value(const BlGlyph *run, size_t length)
{
	int			value = 0;
	int			below = 10000;	/* the next unit must be smaller */
	int			digit = -1;		/* waits for its unit */
	bool		zero = false;	/* 零 waits for something */

	for (size_t i = 0; i < length; i++)
	{
		int			n = numeral(run[i]);

		if (n == 0)
		{
			if (zero || digit >= 0 || i == 0)
				return -1;
			zero = true;
		}
		else if (n < 10)
		{
			if (digit >= 0)
				return -1;
			digit = n;
			zero = false;
		}
		else
		{
			/* only ten may stand without a digit, and only in front */
			if (n >= below || zero || (digit < 0 && (n != 10 || i > 0)))
				return -1;
			value += (digit < 0 ? 1 : digit) * n;
			below = n;
			digit = -1;
		}
	}
	/* 三百五 may be 350 or 305 */
	if (zero || (digit >= 0 && below > 10 && (length < 2 || numeral(run[length - 2]) != 0)))
		return -1;
	return value + (digit < 0 ? 0 : digit);
}

/* 三〇五号 and 二十三号 in digits; out has room for twice the glyphs */
static size_t
fold_numerals(const BlGlyph *text, size_t count, BlGlyph *out)
{
	size_t		used = 0;

	for (size_t i = 0; i < count;)
	{
		size_t		n = 0;
		bool		units = false;
		int			value;

		while (i + n < count && is_solid(text[i + n]) && numeral(text[i + n]) >= 0)
			units |= numeral(text[i + n++]) >= 10;
		if (n == 0)
			out[used++] = text[i++];
		else if (!units)
		{
			for (; n > 0; n--)
				out[used++] = bl_glyph('0' + (uint32_t) numeral(text[i++]), BL_GLYPH_DIGIT);
		}
		else if ((value = numeral_value(text + i, n)) < 0)
		{
			for (; n > 0; n--)
				out[used++] = text[i++];
		}
		else
		{
			int			scale = value >= 1000 ? 1000 : value >= 100 ? 100 : value >= 10 ? 10 : 1;

			for (; scale > 0; scale /= 10)
				out[used++] = bl_glyph('0' + (uint32_t) (value / scale % 10), BL_GLYPH_DIGIT);
			i += n;
		}
	}
	return used;
}

/* what parts the numbers of an address; longer words first */
static const uint32_t unit_words[][2] = {
	{0x53F7, 0x697C},			/* 号楼 */
	{0x865F, 0x6A13},			/* 號樓 */
	{0x5355, 0x5143},			/* 单元 */
	{0x55AE, 0x5143},			/* 單元 */
	{0x53F7}, {0x865F},			/* 号 號 */
	{0x697C}, {0x6A13},			/* 楼 樓 */
	{0x5E62},					/* 幢 */
	{0x680B}, {0x68DF},			/* 栋 棟 */
	{0x5EA7},					/* 座 */
	{0x5C42}, {0x5C64},			/* 层 層 */
	{0x5BA4},					/* 室 */
	{0x623F},					/* 房 */
	{0x6237}, {0x6236}			/* 户 戶 */
};

/* the glyphs of the unit word at text, after a blank or not; 0: none */
static size_t
unit_word(const BlGlyph *text, size_t count)
{
	size_t		skip = count > 0 && text[0] == BLANK;

	for (size_t w = 0; w < sizeof unit_words / sizeof *unit_words; w++)
	{
		size_t		length = unit_words[w][1] != 0 ? 2 : 1;

		if (skip + length <= count && bl_glyph_code(text[skip]) == unit_words[w][0] &&
			(length == 1 || bl_glyph_code(text[skip + 1]) == unit_words[w][1]))
			return skip + length;
	}
	return 0;
}

/* 3幢2单元501室, 3号楼2单元501, 3-2-501: after a number, or a single letter, the unit's name parts */
static size_t
fold_units(BlGlyph *text, size_t count)
{
	size_t		used = 0;

	for (size_t i = 0; i < count;)
	{
		bool		after = used > 0 && (is_digit(text[used - 1]) ||
										 (bl_glyph_kind(text[used - 1]) == BL_GLYPH_LETTER &&
										  (used == 1 || bl_glyph_kind(text[used - 2]) != BL_GLYPH_LETTER)));
		size_t		n = after ? unit_word(text + i, count - i) : 0;

		if (n > 0)
		{
			/* 5号房 has two */
			for (; n > 0; n = unit_word(text + i, count - i))
				i += n;
			text[used++] = BLANK;
		}
		else
			text[used++] = text[i++];
	}
	return used;
}

/* the state, then provinces (省) and autonomous regions, as they begin addresses */
static const uint32_t country_names[][8] = {
	{0x4E2D, 0x534E, 0x4EBA, 0x6C11, 0x5171, 0x548C, 0x56FD},	/* 中华人民共和国 */
	{0x4E2D, 0x56FD}			/* 中国 */
};
static const uint32_t province_names[][8] = {
	{0x6CB3, 0x5317},			/* 河北 */
	{0x5C71, 0x897F},			/* 山西 */
	{0x8FBD, 0x5B81},			/* 辽宁 */
	{0x5409, 0x6797},			/* 吉林 */
	{0x9ED1, 0x9F99, 0x6C5F},	/* 黑龙江 */
	{0x6C5F, 0x82CF},			/* 江苏 */
	{0x6D59, 0x6C5F},			/* 浙江 */
	{0x5B89, 0x5FBD},			/* 安徽 */
	{0x798F, 0x5EFA},			/* 福建 */
	{0x6C5F, 0x897F},			/* 江西 */
	{0x5C71, 0x4E1C},			/* 山东 */
	{0x6CB3, 0x5357},			/* 河南 */
	{0x6E56, 0x5317},			/* 湖北 */
	{0x6E56, 0x5357},			/* 湖南 */
	{0x5E7F, 0x4E1C},			/* 广东 */
	{0x6D77, 0x5357},			/* 海南 */
	{0x56DB, 0x5DDD},			/* 四川 */
	{0x8D35, 0x5DDE},			/* 贵州 */
	{0x4E91, 0x5357},			/* 云南 */
	{0x9655, 0x897F},			/* 陕西 */
	{0x7518, 0x8083},			/* 甘肃 */
	{0x9752, 0x6D77},			/* 青海 */
	{0x53F0, 0x6E7E},			/* 台湾 */
	{0x5185, 0x8499, 0x53E4, 0x81EA, 0x6CBB, 0x533A},	/* 内蒙古自治区 */
	{0x5E7F, 0x897F, 0x58EE, 0x65CF, 0x81EA, 0x6CBB, 0x533A},	/* 广西壮族自治区 */
	{0x897F, 0x85CF, 0x81EA, 0x6CBB, 0x533A},	/* 西藏自治区 */
	{0x5B81, 0x590F, 0x56DE, 0x65CF, 0x81EA, 0x6CBB, 0x533A},	/* 宁夏回族自治区 */
	{0x65B0, 0x7586, 0x7EF4, 0x543E, 0x5C14, 0x81EA, 0x6CBB, 0x533A},	/* 新疆维吾尔自治区 */
	{0x5185, 0x8499, 0x53E4},	/* 内蒙古 */
	{0x5E7F, 0x897F},			/* 广西 */
	{0x897F, 0x85CF},			/* 西藏 */
	{0x5B81, 0x590F},			/* 宁夏 */
	{0x65B0, 0x7586}			/* 新疆 */
};

enum
{
	SHENG = 0x7701,				/* 省 */
	SHI = 0x5E02,				/* 市 */
	ZHOU = 0x5DDE				/* 州 */
};

static size_t
name_at(const BlGlyph *text, size_t count, const uint32_t *name)
{
	size_t		n = 0;

	while (n < 8 && name[n] != 0)
	{
		if (n >= count || bl_glyph_code(text[n]) != name[n])
			return 0;
		n++;
	}
	return n;
}

/*
 * How many glyphs name country and province: they are left out as often as
 * written.  A province without 省 is one only where a city follows: 浙江杭州市
 * begins with it, 浙江路 and 吉林市 do not.
 */
static size_t
province_length(const BlGlyph *text, size_t count)
{
	size_t		at = 0;

	for (size_t i = 0; i < sizeof country_names / sizeof *country_names && at == 0; i++)
		at = name_at(text, count, country_names[i]);
	if (at < count && text[at] == BLANK)
		at++;
	for (size_t i = 0; i < sizeof province_names / sizeof *province_names; i++)
	{
		size_t		n = name_at(text + at, count - at, province_names[i]);
		size_t		end = at + n;

		if (n == 0)
			continue;
		if (n > 3)
			return end;			/* 自治区 and all */
		if (end < count && bl_glyph_code(text[end]) == SHENG)
			return end + 1;
		for (size_t j = end + 2; j < count && j <= end + 5; j++)
		{
			if (!is_solid(text[j]))
				break;
			if (bl_glyph_code(text[j]) == SHI || bl_glyph_code(text[j]) == ZHOU)
				return end;
		}
		return at;
	}
	return at;
}

static const struct
{
	const char *word;
	const char *is;				/* not longer; empty: says nothing before a number */
}			latin_words[] = {
	{"street", "st"}, {"saint", "st"}, {"road", "rd"}, {"avenue", "av"}, {"ave", "av"},
	{"boulevard", "bd"}, {"blvd", "bd"}, {"drive", "dr"}, {"lane", "ln"}, {"place", "pl"},
	{"square", "sq"}, {"court", "ct"}, {"highway", "hwy"}, {"parkway", "pkwy"}, {"terrace", "ter"},
	{"apartment", "apt"}, {"suite", "ste"}, {"floor", "fl"}, {"building", "bldg"}, {"room", "rm"},
	{"north", "n"}, {"south", "s"}, {"east", "e"}, {"west", "w"},
	{"no", ""}, {"nr", ""}, {"number", ""}
};

/* the usual short form of a word of letters, in place; its new length */
static size_t
fold_word(BlGlyph *word, size_t length, bool before_number)
{
	char		ascii[16];

	/* Hauptstraße, Hauptstr. */
	if (length >= 7)
	{
		size_t		i = 0;

		while (i < 7 && bl_glyph_code(word[length - 7 + i]) == (uint32_t) "strasse"[i])
			i++;
		if (i == 7)
			return length - 4;
	}
	if (length >= sizeof ascii)
		return length;
	for (size_t i = 0; i < length; i++)
	{
		uint32_t	code = bl_glyph_code(word[i]);

		if (code >= 0x80)
			return length;
		ascii[i] = (char) code;
	}
	ascii[length] = '\0';
	for (size_t i = 0; i < sizeof latin_words / sizeof *latin_words; i++)
	{
		const char *is = latin_words[i].is;

		if (strcmp(ascii, latin_words[i].word) != 0 || (is[0] == '\0' && !before_number))
			continue;
		for (length = 0; is[length] != '\0'; length++)
			word[length] = bl_glyph((uint32_t) (unsigned char) is[length], BL_GLYPH_LETTER);
		return length;
	}
	return length;
}

/* words in short, then without blanks but between two numbers */
static size_t
join_words(BlGlyph *text, size_t count)
{
	size_t		used = 0;
	bool		blank = false;

	for (size_t i = 0; i < count;)
	{
		size_t		n = 1;
		size_t		kept = 1;

		if (text[i] == BLANK)
		{
			blank = true;
			i++;
			continue;
		}
		if (bl_glyph_kind(text[i]) == BL_GLYPH_LETTER)
		{
			size_t		next;

			while (i + n < count && (bl_glyph_kind(text[i + n]) == BL_GLYPH_LETTER ||
									 bl_glyph_kind(text[i + n]) == BL_GLYPH_MARK))
				n++;
			next = i + n;
			if (next < count && text[next] == BLANK)
				next++;
			kept = fold_word(text + i, n, next < count && is_digit(text[next]));
		}
		if (blank && kept > 0 && used > 0 && is_digit(text[used - 1]) && is_digit(text[i]))
			text[used++] = bl_glyph('-', BL_GLYPH_OTHER);
		/* a word left out parts two numbers as the blank before it did */
		blank = kept == 0;
		memmove(text + used, text + i, kept * sizeof *text);
		used += kept;
		i += n;
	}
	return used;
}

size_t
bl_address_fold(BlGlyph *text, size_t count)
{
	size_t		skip;

	for (size_t i = 0; i < count; i++)
	{
		uint32_t	code = bl_glyph_code(text[i]);

		/* circles written for 〇 */
		if (code == 0x25CB || code == 0x25EF)
			text[i] = bl_glyph(0x3007, BL_GLYPH_SOLID);
	}
	count = squeeze(text, count);
	/* the province first: its name has no numerals, and the rest may grow */
	skip = province_length(text, count);
	count -= skip;
	memmove(text + count + 1, text + skip, count * sizeof *text);
	count = fold_numerals(text + count + 1, count, text);
	count = fold_units(text, count);
	return join_words(text, count);
}

/* ---- numbers ---- */

static size_t
digits_at(const BlGlyph *text, size_t count, const char *digits)
{
	size_t		n = 0;

	while (digits[n] != '\0')
	{
		if (n >= count || bl_glyph_code(text[n]) != (uint32_t) (unsigned char) digits[n])
			return 0;
		n++;
	}
	return n;
}

/* a number of China after its 0086: with the 0 of its area, or a mobile's eleven digits */
static size_t
fold_chinese_phone(BlGlyph *text, size_t count)
{
	size_t		n = count - 4;
	const BlGlyph *rest = text + 4;

	for (size_t i = 0; i < n; i++)
	{
		if (!is_digit(rest[i]))
			return count;
	}
	if (n > 0 && bl_glyph_code(rest[0]) == '0')
	{
		rest++;
		n--;
	}
	if (n < 9 || n > 11)
		return count;
	if (n == 11 && bl_glyph_code(rest[0]) == '1' && bl_glyph_code(rest[1]) >= '3')
	{
		memmove(text, rest, n * sizeof *text);
		return n;
	}
	/* 400 and 800 are no areas */
	if (n == 10 && (digits_at(rest, n, "400") > 0 || digits_at(rest, n, "800") > 0))
	{
		memmove(text, rest, n * sizeof *text);
		return n;
	}
	memmove(text + 1, rest, n * sizeof *text);
	text[0] = bl_glyph('0', BL_GLYPH_DIGIT);
	return n + 1;
}

size_t
bl_number_fold(BlGlyph *text, size_t count, bool phone)
{
	size_t		used = 0;
	bool		plus = false;

	/* one free glyph in front, for what + becomes */
	memmove(text + 1, text, count * sizeof *text);
	for (size_t i = 1; i <= count; i++)
	{
		uint32_t	code = bl_glyph_code(text[i]);

		if (phone && code == '+' && used == 0)
		{
			plus = true;
			text[used++] = bl_glyph('0', BL_GLYPH_DIGIT);
			text[used++] = bl_glyph('0', BL_GLYPH_DIGIT);
			continue;
		}
		/* +49 (0)30 …: the 0 is for callers at home */
		if (plus && code == '(' && i + 2 <= count && bl_glyph_code(text[i + 1]) == '0' &&
			bl_glyph_code(text[i + 2]) == ')')
		{
			i += 2;
			continue;
		}
		if (bl_glyph_kind(text[i]) == BL_GLYPH_OTHER || bl_glyph_kind(text[i]) == BL_GLYPH_MARK ||
			is_apostrophe(code))
			continue;
		text[used++] = code >= 'a' && code <= 'z' ? bl_glyph(code - 'a' + 'A', BL_GLYPH_LETTER) : text[i];
	}
	if (plus && used == 2)
		return 0;
	if (phone && digits_at(text, used, "0086") > 0)
		used = fold_chinese_phone(text, used);
	return used;
}

static bool
all_digits(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return true;
}

static int
decimal(const char *text, size_t length)
{
	int			value = 0;

	for (size_t i = 0; i < length; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

/*
 * The first digits of GB/T 2260's divisions, 81 to 83 for residents from Hong
 * Kong, Macau and Taiwan; 9 begins the numbers of foreign residents.
 */
static bool
is_division(const char *text)
{
	static const char *const begin = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 "
		"50 51 52 53 54 61 62 63 64 65 71 81 82 83";

	if (text[0] == '9')
		return true;
	for (const char *p = begin;; p += 3)
	{
		if (p[0] == text[0] && p[1] == text[1])
			return true;
		if (p[2] == '\0')
			return false;
	}
}

bool
bl_resident_number_valid(const char *number, size_t length)
{
	static const uint8_t weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
	static const uint8_t month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int			sum = 0;
	int			year,
				month,
				day,
				days;

	if (length != 18 || !all_digits(number, 17) || !is_division(number))
		return false;
	year = decimal(number + 6, 4);
	month = decimal(number + 10, 2);
	day = decimal(number + 12, 2);
	if (year < 1800 || year > 2199 || month < 1 || month > 12)
		return false;
	days = month_days[month - 1] +
		(month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	if (day < 1 || day > days)
		return false;
	for (int i = 0; i < 17; i++)
		sum += (number[i] - '0') * weights[i];
	return number[17] == "10X98765432"[sum % 11];
}

bool
bl_credit_code_valid(const char *number, size_t length)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	int			weight = 1;
	int			sum = 0;

	if (length != 18 || !all_digits(number + 2, 6))
		return false;
	for (int i = 0; i < 18; i++)
	{
		const char *place = number[i] == '\0' ? NULL : strchr(alphabet, number[i]);

		if (place == NULL)
			return false;
		/* the check character makes the whole sum a multiple of 31 */
		sum += (int) (place - alphabet) * (i < 17 ? weight : 1);
		weight = weight * 3 % 31;
	}
	return sum % 31 == 0;
}

/*
 * names_fuzz.c - any bytes as glyphs: keys stay within their room and are UTF-8,
 * a name's key is its own key
 *
 * Four bytes make a glyph: its kind and its code, mostly of the characters that
 * the rules speak of.
 */
#include <stdlib.h>
#include <string.h>

#include "core/names.h"
#include "core/utf8.h"

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t said_of[] = {
	0x4E00, 0x4E8C, 0x4E09, 0x5341, 0x767E, 0x5343, 0x96F6, 0x3007, 0x25CB, 0x53F7, 0x697C, 0x5355, 0x5143, 0x5BA4,
	0x6D59, 0x6C5F, 0x7701, 0x5E02, 0x4E2D, 0x56FD, 0x65B0, 0x7586, 0x0131, 0x0307, 0x2019
};

static const char *
reading(void *context, uint32_t code, uint32_t next, bool begins)
{
	static const char *const some[] = {"zhuang", "abcdefg", "lv", "nyu", NULL};

	(void) context;
	return some[(code + next + begins) % 5];
}

/* memory of just its size, so that the sanitizer sees each step beyond */
static BlGlyph *
fresh(const BlGlyph *glyphs, size_t count, size_t room)
{
	BlGlyph    *copy = malloc(room * sizeof *copy + 1);

	if (count > 0)
		memcpy(copy, glyphs, count * sizeof *copy);
	return copy;
}

static void
check_text(const BlGlyph *glyphs, size_t count)
{
	char	   *text = malloc(4 * count + 1);
	size_t		length = bl_glyphs_utf8(glyphs, count, text);

	MUST(length <= 4 * count);
	MUST(bl_utf8_plain(text, length));
	(void) bl_resident_number_valid(text, length);
	(void) bl_credit_code_valid(text, length);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t		count = size / 4;
	BlGlyph    *glyphs = malloc(count * sizeof *glyphs + 1);
	BlGlyph    *key;
	char	   *text;
	size_t		used;

	for (size_t i = 0; i < count; i++)
	{
		const uint8_t *at = data + 4 * i;
		uint32_t	code = (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];

		if (at[0] & 0x40)
			code = at[3] % 95 + 32;
		else if (at[0] & 0x20)
			code = said_of[at[3] % (sizeof said_of / sizeof *said_of)];
		if (code < 32 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
			code = ' ';
		glyphs[i] = bl_glyph(code, (BlGlyphKind) (at[0] % 5));
	}

	key = fresh(glyphs, count, count);
	used = bl_name_fold(key, count);
	MUST(used <= count);
	check_text(key, used);
	text = malloc(BL_READING_MAX * used + 1);
	MUST(bl_pinyin_fold(key, used, reading, NULL, text) <= BL_READING_MAX * used);
	free(text);
	{
		BlGlyph    *again = fresh(key, used, used);

		MUST(bl_name_fold(again, used) == used && memcmp(again, key, used * sizeof *key) == 0);
		free(again);
	}
	free(key);

	key = fresh(glyphs, count, 2 * count + 1);
	used = bl_address_fold(key, count);
	MUST(used <= 2 * count);
	check_text(key, used);
	free(key);

	for (int phone = 0; phone < 2; phone++)
	{
		key = fresh(glyphs, count, count + 1);
		used = bl_number_fold(key, count, phone);
		MUST(used <= count + 1);
		check_text(key, used);
		free(key);
	}
	free(glyphs);
	return 0;
}

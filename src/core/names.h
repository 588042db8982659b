/*
 * names.h - which texts say the same name, address or number?
 *
 * Keys for the search of duplicates: two spellings of one thing have one key.
 * A key is for comparing, not for printing, and two things may share one.
 *
 * The caller (../names_fn.c) brings a text into one form (Unicode's NFKC with
 * case folding) and says of each character what it is, so that nothing here
 * needs Unicode's tables; what is here is the folding that is the trade's own.
 */
#ifndef BL_NAMES_H
#define BL_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* changes with every rule here that changes a key */
#define BL_NAMES_RULES 1

/* what a character is to a key */
typedef enum BlGlyphKind
{
	BL_GLYPH_OTHER,				/* blanks, punctuation, symbols */
	BL_GLYPH_LETTER,			/* of a script that puts blanks between words */
	BL_GLYPH_SOLID,				/* of one that does not: Han, kana, Thai … */
	BL_GLYPH_DIGIT,				/* of any script, as 0 to 9 */
	BL_GLYPH_MARK				/* combines with the letter before it */
} BlGlyphKind;

/* a character (low 24 bits) and its kind */
typedef uint32_t BlGlyph;

static inline BlGlyph
bl_glyph(uint32_t code, BlGlyphKind kind)
{
	return code | (uint32_t) kind << 24;
}

static inline uint32_t
bl_glyph_code(BlGlyph glyph)
{
	return glyph & 0xFFFFFF;
}

static inline BlGlyphKind
bl_glyph_kind(BlGlyph glyph)
{
	return (BlGlyphKind) (glyph >> 24);
}

enum
{
	BL_READING_MAX = 7			/* letters of a character's reading */
};

/*
 * The reading of a character in small ASCII letters; NULL: it has none and
 * stays.  begins: no Han character stands before it; next: the character after
 * it, or 0.  At most BL_READING_MAX letters.
 */
typedef const char *(*BlReading) (void *context, uint32_t code, uint32_t next, bool begins);

/* Each changes the glyphs in place and returns how many are left. */
extern size_t bl_name_fold(BlGlyph *text, size_t count);

/* room: 2 * count + 1 glyphs at text */
extern size_t bl_address_fold(BlGlyph *text, size_t count);

/* room: count + 1 glyphs at text; phone: also the forms of a telephone number */
extern size_t bl_number_fold(BlGlyph *text, size_t count, bool phone);

/* a folded name by its readings, in UTF-8; out has room for BL_READING_MAX * count bytes */
extern size_t bl_pinyin_fold(const BlGlyph *name, size_t count, BlReading reading, void *context, char *out);

/* out has room for 4 * count bytes */
extern size_t bl_glyphs_utf8(const BlGlyph *text, size_t count, char *out);

/* 公民身份号码, GB 11643-1999: division, date of birth, check digit */
extern bool bl_resident_number_valid(const char *number, size_t length);

/* 统一社会信用代码, GB 32100-2015: characters, division, check character */
extern bool bl_credit_code_valid(const char *number, size_t length);

#endif							/* BL_NAMES_H */

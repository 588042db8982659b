/*
 * names_fn.c - keys of names, addresses and numbers
 *
 * ICU brings a text into one form, says what each character is, and how a Han
 * character is read; core/names.c makes the key of it.  ICU is the server's
 * own, the one its collations use.
 *
 * The transliterators are opened once a session and kept: opening them reads
 * the whole table of Han readings.  What they answer is kept by character, so
 * that a name costs look-ups only.
 */
#include "postgres.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>
#include <unicode/uversion.h>

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "billing.h"
#include "core/names.h"
#include "jsontext.h"

enum
{
	TEXT_BYTES = 4000,			/* longest text that has a key */
	CODES = 0x110000,
	PAGE_CODES = 128
};

static void
check_icu(UErrorCode error, const char *what)
{
	if (likely(U_SUCCESS(error)))
		return;
	if (error == U_MEMORY_ALLOCATION_ERROR)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("ICU cannot do this: %s", what),
			 errdetail("It says %s.", u_errorName(error)),
			 errhint("The ICU library needs its full data, as the distribution's package has it.")));
}

/* ---- text to glyphs ---- */

static BlGlyphKind
kind_of(UChar32 code)
{
	uint32_t	category = U_GET_GC_MASK(code);

	if (category & U_GC_ND_MASK)
		return BL_GLYPH_DIGIT;
	if (category & U_GC_M_MASK)
		return BL_GLYPH_MARK;
	/* Han too new for this ICU, and rare ones of private use: letters of names all the same */
	if (category & (U_GC_CO_MASK | U_GC_CN_MASK))
		return BL_GLYPH_SOLID;
	if (category & (U_GC_L_MASK | U_GC_NL_MASK | U_GC_NO_MASK))
	{
		UErrorCode	error = U_ZERO_ERROR;

		switch (uscript_getScript(code, &error))
		{
			case USCRIPT_HAN:
			case USCRIPT_HIRAGANA:
			case USCRIPT_KATAKANA:
			case USCRIPT_BOPOMOFO:
			case USCRIPT_THAI:
			case USCRIPT_LAO:
			case USCRIPT_KHMER:
			case USCRIPT_MYANMAR:
				return BL_GLYPH_SOLID;
			default:
				/* the long vowel of kana belongs to both scripts */
				return code == 0x30FC ? BL_GLYPH_SOLID : BL_GLYPH_LETTER;
		}
	}
	return BL_GLYPH_OTHER;
}

/* NFKC and case folding of ASCII alone, without ICU */
static size_t
glyphs_of_ascii(BlText text, BlGlyph *glyphs)
{
	for (int i = 0; i < text.length; i++)
	{
		uint32_t	code = (unsigned char) text.text[i];

		if (code >= 'A' && code <= 'Z')
			code += 'a' - 'A';
		glyphs[i] = bl_glyph(code, code >= 'a' && code <= 'z' ? BL_GLYPH_LETTER :
							 code >= '0' && code <= '9' ? BL_GLYPH_DIGIT : BL_GLYPH_OTHER);
	}
	return (size_t) text.length;
}

static size_t
glyphs_of_utf16(const UChar *units, int32_t length, BlGlyph *glyphs)
{
	size_t		count = 0;

	for (int32_t i = 0; i < length;)
	{
		UChar32		code;
		BlGlyphKind kind;

		U16_NEXT(units, i, length, code);
		kind = kind_of(code);
		if (kind == BL_GLYPH_DIGIT)
			code = '0' + u_charDigitValue(code);
		glyphs[count++] = bl_glyph((uint32_t) code, kind);
	}
	return count;
}

/* palloc'd, with the room that every fold needs */
static BlGlyph *
new_glyphs(size_t count)
{
	return palloc((2 * count + 1) * sizeof(BlGlyph));
}

static BlGlyph *
glyphs_of_datum(Datum value, size_t *count)
{
	BlText		text = bl_text_of_datum(value);
	const UNormalizer2 *normalizer;
	UErrorCode	error = U_ZERO_ERROR;
	UChar	   *units;
	UChar	   *normal;
	int32_t		length;
	int32_t		room;
	BlGlyph    *glyphs;
	bool		ascii = true;

	if (text.length > TEXT_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the text is too long for a key"),
				 errdetail("It has %d bytes in UTF-8; at most %d can be.", text.length, TEXT_BYTES),
				 errhint("A key is made of one name, address or number.")));

	for (int i = 0; i < text.length && ascii; i++)
		ascii = (unsigned char) text.text[i] < 0x80;
	if (ascii)
	{
		glyphs = new_glyphs((size_t) text.length);
		*count = glyphs_of_ascii(text, glyphs);
		return glyphs;
	}

	units = palloc((size_t) text.length * sizeof *units);
	u_strFromUTF8(units, text.length, &length, text.text, text.length, &error);
	/* only a database of encoding SQL_ASCII holds such bytes */
	if (U_FAILURE(error))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("the text is not in UTF-8"),
				 errhint("Keys need a database with an encoding, best UTF8.")));

	normalizer = unorm2_getNFKCCasefoldInstance(&error);
	check_icu(error, "NFKC with case folding");
	room = length + 64;
	normal = palloc((size_t) room * sizeof *normal);
	room = unorm2_normalize(normalizer, units, length, normal, room, &error);
	if (error == U_BUFFER_OVERFLOW_ERROR)
	{
		error = U_ZERO_ERROR;
		normal = palloc((size_t) room * sizeof *normal);
		room = unorm2_normalize(normalizer, units, length, normal, room, &error);
	}
	check_icu(error, "NFKC with case folding");

	glyphs = new_glyphs((size_t) room);
	*count = glyphs_of_utf16(normal, room, glyphs);
	return glyphs;
}

/* ---- readings ---- */

typedef struct Reading
{
	char		begins[BL_READING_MAX + 1]; /* with no Han before: as a family name */
	char		inside[BL_READING_MAX + 1];
} Reading;

/* of a page's first byte 0: not asked yet; 1: the character has no reading */
#define NO_READING '\1'

static Reading *pages[CODES / PAGE_CODES];
static UTransliterator *han;
static UTransliterator *latin;

static UTransliterator *
open_transliterator(const char *name)
{
	UErrorCode	error = U_ZERO_ERROR;
	UChar		id[64];
	UTransliterator *opened;

	u_uastrcpy(id, name);
	opened = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &error);
	check_icu(error, name);
	return opened;
}

/* the reading of some characters in small ASCII letters, without blanks; "" where there is none */
static void
ask(UTransliterator *transliterator, const UChar32 *codes, int count, char *reading)
{
	UErrorCode	error = U_ZERO_ERROR;
	UChar		units[128];
	int32_t		length = 0;
	int32_t		limit;
	int			used = 0;

	reading[0] = '\0';
	for (int i = 0; i < count; i++)
		U16_APPEND_UNSAFE(units, length, codes[i]);
	limit = length;
	utrans_transUChars(transliterator, units, &length, lengthof(units), 0, &limit, &error);
	check_icu(error, "transliteration");
	for (int32_t i = 0; i < limit; i++)
	{
		UChar		unit = units[i];

		if (unit == ' ')
			continue;
		if (unit >= 'A' && unit <= 'Z')
			unit += 'a' - 'A';
		if (unit < 'a' || unit > 'z' || used == 2 * BL_READING_MAX)
		{
			reading[0] = '\0';
			return;
		}
		reading[used++] = (char) unit;
	}
	reading[used] = '\0';
}

static void
keep(char *kept, const char *said)
{
	if (said[0] == '\0' || strlen(said) > BL_READING_MAX)
		kept[0] = NO_READING;
	else
		strlcpy(kept, said, BL_READING_MAX + 1);
}

/* what stands for "some Han character before" where a reading depends on it */
static const UChar32 some_han = 0x4E2D;

static void
learn(UChar32 code, Reading *entry)
{
	UErrorCode	error = U_ZERO_ERROR;
	char		before[2 * BL_READING_MAX + 1];
	char		said[2 * BL_READING_MAX + 1];
	UChar32		both[2] = {some_han, code};

	switch (uscript_getScript(code, &error))
	{
		case USCRIPT_HAN:
			if (han == NULL)
				han = open_transliterator("Han-Latin/Names; Latin-ASCII");
			ask(han, both, 1, before);
			ask(han, both, 2, said);
			keep(entry->inside, strlen(said) > strlen(before) ? said + strlen(before) : "");
			ask(han, &code, 1, said);
			keep(entry->begins, said);
			break;
		case USCRIPT_LATIN:
			if (latin == NULL)
				latin = open_transliterator("Latin-ASCII");
			ask(latin, &code, 1, said);
			keep(entry->inside, said);
			keep(entry->begins, said);
			break;
		default:
			entry->inside[0] = entry->begins[0] = NO_READING;
			break;
	}
}

/* the four family names of two characters that ICU reads as such: 令狐 万俟 澹台 长孙 */
static const char *
reading_of_pair(UChar32 code, UChar32 next, bool begins)
{
	static const UChar32 pairs[][2] = {
		{0x4EE4, 0x72D0}, {0x4E07, 0x4FDF}, {0x6FB9, 0x53F0}, {0x957F, 0x5B59}
	};
	static char kept[lengthof(pairs)][2][BL_READING_MAX + 1];

	for (size_t i = 0; i < lengthof(pairs); i++)
	{
		char	   *reading = kept[i][begins];

		if (pairs[i][0] != code || pairs[i][1] != next)
			continue;
		if (reading[0] == '\0')
		{
			UChar32		codes[3] = {some_han, code, next};
			UChar32		last[2] = {some_han, next};
			char		before[2 * BL_READING_MAX + 1];
			char		said[2 * BL_READING_MAX + 1];
			char		after[2 * BL_READING_MAX + 1];
			size_t		from;

			ask(han, codes, 1, before);
			from = begins ? 0 : strlen(before);
			ask(han, last, 2, after);
			ask(han, begins ? codes + 1 : codes, begins ? 2 : 3, said);
			/* what is between the character before and the one behind */
			if (strlen(said) <= from + strlen(after) - strlen(before))
				return NULL;
			said[strlen(said) - (strlen(after) - strlen(before))] = '\0';
			keep(reading, said + from);
		}
		return reading[0] == NO_READING ? NULL : reading;
	}
	return NULL;
}

static const char *
reading_of(void *context, uint32_t code, uint32_t next, bool begins)
{
	Reading    *page = pages[code / PAGE_CODES];
	Reading    *entry;
	const char *said;

	(void) context;
	if (unlikely(page == NULL))
		page = pages[code / PAGE_CODES] =
			MemoryContextAllocZero(TopMemoryContext, PAGE_CODES * sizeof *page);
	entry = &page[code % PAGE_CODES];
	if (unlikely(entry->begins[0] == '\0'))
		learn((UChar32) code, entry);
	said = begins ? entry->begins : entry->inside;
	if (said[0] == NO_READING)
		return NULL;
	if (code == 0x4EE4 || code == 0x4E07 || code == 0x6FB9 || code == 0x957F)
	{
		const char *pair = reading_of_pair((UChar32) code, (UChar32) next, begins);

		if (pair != NULL)
			return pair;
	}
	return said;
}

/* ---- functions ---- */

/* the key, or NULL where nothing is left to compare */
static Datum
key_of_utf8(FunctionCallInfo fcinfo, const char *key, size_t length)
{
	if (length == 0)
		PG_RETURN_NULL();
	return bl_text_datum((BlText) {key, (int) length});
}

static Datum
key_of_glyphs(FunctionCallInfo fcinfo, const BlGlyph *glyphs, size_t count)
{
	char	   *key = palloc(4 * count + 1);

	return key_of_utf8(fcinfo, key, bl_glyphs_utf8(glyphs, count, key));
}

/* name_key(name text) returns text */
PG_FUNCTION_INFO_V1(billing_name_key);
Datum
billing_name_key(PG_FUNCTION_ARGS)
{
	size_t		count;
	BlGlyph    *glyphs = glyphs_of_datum(PG_GETARG_DATUM(0), &count);

	return key_of_glyphs(fcinfo, glyphs, bl_name_fold(glyphs, count));
}

/* pinyin_key(name text) returns text */
PG_FUNCTION_INFO_V1(billing_pinyin_key);
Datum
billing_pinyin_key(PG_FUNCTION_ARGS)
{
	size_t		count;
	BlGlyph    *glyphs = glyphs_of_datum(PG_GETARG_DATUM(0), &count);
	char	   *key;

	count = bl_name_fold(glyphs, count);
	key = palloc(BL_READING_MAX * count + 1);
	return key_of_utf8(fcinfo, key, bl_pinyin_fold(glyphs, count, reading_of, NULL, key));
}

/* address_key(address text) returns text */
PG_FUNCTION_INFO_V1(billing_address_key);
Datum
billing_address_key(PG_FUNCTION_ARGS)
{
	size_t		count;
	BlGlyph    *glyphs = glyphs_of_datum(PG_GETARG_DATUM(0), &count);

	return key_of_glyphs(fcinfo, glyphs, bl_address_fold(glyphs, count));
}

/* number_key(number text) returns text */
PG_FUNCTION_INFO_V1(billing_number_key);
Datum
billing_number_key(PG_FUNCTION_ARGS)
{
	size_t		count;
	BlGlyph    *glyphs = glyphs_of_datum(PG_GETARG_DATUM(0), &count);

	return key_of_glyphs(fcinfo, glyphs, bl_number_fold(glyphs, count, true));
}

/* id_number_valid(number text, kind text) returns boolean */
PG_FUNCTION_INFO_V1(billing_id_number_valid);
Datum
billing_id_number_valid(PG_FUNCTION_ARGS)
{
	char	   *kind = TextDatumGetCString(PG_GETARG_DATUM(1));
	size_t		count;
	BlGlyph    *glyphs;
	char	   *number;
	size_t		length;
	bool		resident = strcmp(kind, "resident") == 0;

	if (!resident && strcmp(kind, "credit_code") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown kind of number \"%s\"", pnstrdup(kind, pg_mbcliplen(kind, (int) strlen(kind), 60))),
				 errhint("The kinds are resident (GB 11643) and credit_code (GB 32100).")));
	glyphs = glyphs_of_datum(PG_GETARG_DATUM(0), &count);
	count = bl_number_fold(glyphs, count, false);
	number = palloc(4 * count + 1);
	length = bl_glyphs_utf8(glyphs, count, number);
	PG_RETURN_BOOL(resident ? bl_resident_number_valid(number, length) :
				   bl_credit_code_valid(number, length));
}

/* text_version() returns text */
PG_FUNCTION_INFO_V1(billing_text_version);
Datum
billing_text_version(PG_FUNCTION_ARGS)
{
	UVersionInfo version;
	char		icu[U_MAX_VERSION_STRING_LENGTH];
	char		unicode[U_MAX_VERSION_STRING_LENGTH];

	(void) fcinfo;
	u_getVersion(version);
	u_versionToString(version, icu);
	u_getUnicodeVersion(version);
	u_versionToString(version, unicode);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("ICU %s, Unicode %s, rules %d", icu, unicode, BL_NAMES_RULES)));
}

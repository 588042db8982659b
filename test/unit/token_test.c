/*
 * token_test.c - fields, numbers, digits of what is signed elsewhere
 */
#include "core/token.h"
#include "check.h"

#include <string.h>

static bool
splits(const char *text, const char *version, int fields)
{
	char		copy[64];
	char	   *field[8];

	strcpy(copy, text);
	return bl_token_split(copy, version, field, fields);
}

static void
a_token_has_its_fields_and_no_more(void)
{
	char		text[] = "b1.k1..x";
	char	   *field[4];

	CHECK(bl_token_split(text, "b1", field, 4));
	CHECK_TEXT(field[1], "k1");
	CHECK_TEXT(field[2], "");
	CHECK_TEXT(field[3], "x");
	CHECK(!splits("b1.a.b", "b1", 4));
	CHECK(!splits("b1.a.b.c.d", "b1", 4));
	CHECK(!splits("b2.a.b.c", "b1", 4));
	CHECK(!splits("b1", "b1", 4));
	CHECK(!splits("", "b1", 4));
	CHECK(!splits(".......", "b1", 8));
}

static void
a_number_is_digits(void)
{
	CHECK_EQ(bl_token_number("0"), 0);
	CHECK_EQ(bl_token_number("1770000000"), 1770000000);
	CHECK_EQ(bl_token_number("999999999999999999"), INT64_C(999999999999999999));
	CHECK_EQ(bl_token_number("1000000000000000000"), -1);
	CHECK_EQ(bl_token_number(""), -1);
	CHECK_EQ(bl_token_number("-1"), -1);
	CHECK_EQ(bl_token_number("+1"), -1);
	CHECK_EQ(bl_token_number(" 1"), -1);
	CHECK_EQ(bl_token_number("1e3"), -1);
}

static void
digits_are_hexadecimal(void)
{
	uint8_t		out[4];

	CHECK(bl_hex_bytes(out, 4, "00ffAb9e"));
	CHECK(memcmp(out, "\x00\xff\xab\x9e", 4) == 0);
	CHECK(!bl_hex_bytes(out, 4, "00ffAb9g"));
	CHECK(!bl_hex_bytes(out, 4, "00ff Ab9"));
	CHECK(bl_token_same((const uint8_t *) "abcd", (const uint8_t *) "abcd", 4));
	for (int bit = 0; bit < 32; bit++)
	{
		uint8_t		other[4] = {'a', 'b', 'c', 'd'};

		other[bit / 8] ^= (uint8_t) (1 << bit % 8);
		CHECK(!bl_token_same((const uint8_t *) "abcd", other, 4));
	}
}

int
main(void)
{
	RUN(a_token_has_its_fields_and_no_more);
	RUN(a_number_is_digits);
	RUN(digits_are_hexadecimal);
	return DONE();
}

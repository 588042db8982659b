/*
 * token_fuzz.c - any text as a token: its fields are its own, and only one text
 * has them; digits and numbers say each other
 */
#include "core/token.h"
#include <stdio.h>
#include <string.h>

#include "memory.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
split(const char *text, size_t size, const char *version, int fields)
{
	char		copy[512];
	char	   *field[8];
	size_t		at = 0;

	memcpy(copy, text, size + 1);
	if (!bl_token_split(copy, version, field, fields))
		return;
	MUST(strcmp(field[0], version) == 0);
	for (int i = 0; i < fields; i++)
	{
		size_t		length = strlen(field[i]);

		MUST(field[i] == copy + at && memcmp(text + at, field[i], length) == 0 && strchr(field[i], '.') == NULL);
		at += length;
		MUST(text[at] == (i == fields - 1 ? '\0' : '.'));
		at++;
	}
	MUST(at == size + 1);
}

static void
number(const char *text)
{
	int64_t		value = bl_token_number(text);
	char		back[32];

	if (value < 0)
		return;
	MUST(value < INT64_C(1000000000000000000));
	while (text[0] == '0' && text[1] != '\0')
		text++;
	snprintf(back, sizeof back, "%lld", (long long) value);
	MUST(strcmp(back, text) == 0);
}

static void
bytes(const char *text, size_t size)
{
	uint8_t		out[256];

	if (!bl_hex_bytes(out, size / 2, text))
		return;
	for (size_t i = 0; i < size / 2; i++)
	{
		char		back[3];

		snprintf(back, sizeof back, "%02x", out[i]);
		MUST(back[0] == (text[2 * i] | (text[2 * i] >= 'A' ? 0x20 : 0)) && back[1] == (text[2 * i + 1] | (text[2 * i + 1] >= 'A' ? 0x20 : 0)));
	}
	MUST(bl_token_same(out, out, size / 2));
	if (size >= 2)
	{
		uint8_t		other[256];

		memcpy(other, out, size / 2);
		other[size / 4] ^= 1;
		MUST(!bl_token_same(out, other, size / 2));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		text[512];

	/* no longer than is looked at: an assertion's */
	if (size > 400)
		size = 400;
	memcpy(text, data, size);
	text[size] = '\0';
	size = strlen(text);
	split(text, size, "b1", 7);
	split(text, size, "a1", 8);
	number(text);
	bytes(text, size);
	return 0;
}

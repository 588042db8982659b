/*
 * token.c - the parts of what is signed elsewhere
 */
#include "core/token.h"

#include <string.h>

bool
bl_token_split(char *text, const char *version, char **field, int fields)
{
	int			n = 0;

	field[n++] = text;
	for (char *c = text; *c; c++)
		if (*c == '.')
		{
			if (n == fields)
				return false;
			*c = '\0';
			field[n++] = c + 1;
		}
	return n == fields && strcmp(field[0], version) == 0;
}

int64_t
bl_token_number(const char *digits)
{
	int64_t		number = 0;
	int			n = 0;

	for (; digits[n]; n++)
		if (digits[n] < '0' || digits[n] > '9' || n == 18)
			return -1;
		else
			number = number * 10 + (digits[n] - '0');
	return n == 0 ? -1 : number;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
bl_hex_bytes(uint8_t *out, size_t size, const char *digits)
{
	for (size_t i = 0; i < size; i++)
	{
		int			high = hex_digit(digits[2 * i]);
		int			low = hex_digit(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t) (high << 4 | low);
	}
	return true;
}

bool
bl_token_same(const uint8_t *one, const uint8_t *other, size_t size)
{
	unsigned	different = 0;

	/* no early way out */
	for (size_t i = 0; i < size; i++)
		different |= (unsigned) (one[i] ^ other[i]);
	return different == 0;
}

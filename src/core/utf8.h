/*
 * utf8.h - is it UTF-8, and fit for a name?
 */
#ifndef BL_UTF8_H
#define BL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the length of the well-formed sequence at s, which ends before end; or 0 */
static inline int
bl_utf8_length(const uint8_t *s, const uint8_t *end)
{
	int			n = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;

	if (n == 0 || n > end - s)
		return 0;
	for (int i = 1; i < n; i++)
	{
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	}
	/* overlong forms, surrogates, beyond U+10FFFF */
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
		(s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	return n;
}

/* UTF-8 without control characters, as every name must be */
static inline bool
bl_utf8_plain(const char *text, size_t length)
{
	const uint8_t *s = (const uint8_t *) text;
	const uint8_t *end = s + length;

	while (s < end)
	{
		int			n = *s < 0x20 ? 0 : bl_utf8_length(s, end);

		if (n == 0)
			return false;
		s += n;
	}
	return true;
}

#endif							/* BL_UTF8_H */

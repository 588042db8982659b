/*
 * table.c - a line of a text table as its cells
 */
#include "table.h"

#include <string.h>

/* a quoted cell that begins behind its quote; *at then is behind the closing one */
static const char *
quoted(const char **at, const char *end, BlSlice *cell, char **scratch)
{
	const char *p = *at;
	char	   *out = *scratch;
	size_t		n = 0;

	while (p < end)
	{
		if (*p != '"')
			out[n++] = *p++;
		else if (p + 1 < end && p[1] == '"')
		{
			out[n++] = '"';
			p += 2;
		}
		else
		{
			*at = p + 1;
			*cell = (BlSlice) {out, n};
			*scratch = out + n;
			return NULL;
		}
	}
	return "the quotes of a cell do not match";
}

const char *
bl_table_split(BlSlice line, char delimiter, BlSlice *cells, int room, int *n, char *scratch)
{
	const char *p = line.text;
	const char *end = p + line.length;
	const char *reason;

	for (*n = 0;; (*n)++)
	{
		const char *begin;

		if (*n == room)
			return "the line has too many cells";
		while (p < end && *p == ' ' && *p != delimiter)
			p++;
		if (p < end && *p == '"')
		{
			p++;
			reason = quoted(&p, end, &cells[*n], &scratch);
			if (reason != NULL)
				return reason;
			while (p < end && *p == ' ' && *p != delimiter)
				p++;
			if (p < end && *p != delimiter)
				return "a quoted cell goes on behind its quotes";
		}
		else
		{
			begin = p;
			while (p < end && *p != delimiter)
				p++;
			cells[*n] = bl_trimmed((BlSlice) {begin, (size_t) (p - begin)});
		}
		if (p == end)
			break;
		p++;
	}
	(*n)++;
	return NULL;
}

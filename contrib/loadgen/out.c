/*
 * out.c - files written in large pieces
 */
#include "out.h"

#include <errno.h>
#include <stdlib.h>

#include "calendar.h"

static _Noreturn void
out_failed(const Out *out)
{
	fprintf(stderr, "loadgen: %s: %s\n", out->name, strerror(errno));
	exit(1);
}

void
out_open(Out *out, const char *folder, const char *name)
{
	char		path[4096];

	out->name = name;
	out->rows = 0;
	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int) sizeof(path))
	{
		errno = ENAMETOOLONG;
		out_failed(out);
	}
	out->file = fopen(path, "wb");
	out->buffer = malloc(OUT_BUFFER + OUT_SLACK);
	if (out->file == NULL || out->buffer == NULL)
		out_failed(out);
	out->next = out->buffer;
	out->end = out->buffer + OUT_BUFFER;
}

void
out_flush(Out *out)
{
	size_t		size = (size_t) (out->next - out->buffer);

	if (fwrite(out->buffer, 1, size, out->file) != size)
		out_failed(out);
	out->next = out->buffer;
}

void
out_close(Out *out)
{
	out_flush(out);
	if (fclose(out->file) != 0)
		out_failed(out);
	free(out->buffer);
	out->buffer = NULL;
}

void
out_text(Out *out, const char *text)
{
	while (*text != '\0')
		out_char(out, *text++);
}

void
out_cell(Out *out, const char *text)
{
	if (strpbrk(text, ",\"\n") == NULL)
	{
		out_text(out, text);
		return;
	}
	out_char(out, '"');
	for (; *text != '\0'; text++)
	{
		if (*text == '"')
			out_char(out, '"');
		out_char(out, *text);
	}
	out_char(out, '"');
}

void
out_number(Out *out, int64_t number)
{
	out_decimal(out, number, 0);
}

void
out_decimal(Out *out, int64_t number, int decimals)
{
	char		digits[32];
	int			used = 0;
	uint64_t	left = number < 0 ? -(uint64_t) number : (uint64_t) number;

	if (out->next >= out->end)
		out_flush(out);
	if (number < 0)
		*out->next++ = '-';
	do
	{
		if (used == decimals && decimals > 0)
			digits[used++] = '.';
		digits[used++] = (char) ('0' + left % 10);
		left /= 10;
	} while (left > 0 || used < decimals || used == decimals);
	while (used > 0)
		*out->next++ = digits[--used];
}

static void
day_digits(Out *out, int64_t day, const char *between)
{
	CalendarDay at = calendar_day(day);
	char		text[32];

	snprintf(text, sizeof(text), "%04d%s%02d%s%02d", at.year, between, at.month, between, at.day);
	out_text(out, text);
}

void
out_day(Out *out, int64_t day)
{
	day_digits(out, day, "-");
}

void
out_compact_day(Out *out, int64_t day)
{
	day_digits(out, day, "");
}

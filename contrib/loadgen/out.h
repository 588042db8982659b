/*
 * out.h - files written in large pieces; a failed write ends the program
 */
#ifndef LOADGEN_OUT_H
#define LOADGEN_OUT_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct Out
{
	FILE	   *file;
	const char *name;			/* below the folder, for messages */
	int64_t		rows;
	char	   *next;
	char	   *end;			/* room of OUT_SLACK behind it */
	char	   *buffer;
} Out;

enum
{
	OUT_BUFFER = 1 << 20,
	OUT_SLACK = 64				/* what may be written between two looks at the end */
};

/* creates the file name below the folder; both must outlive the Out */
extern void out_open(Out *out, const char *folder, const char *name);
extern void out_close(Out *out);
extern void out_flush(Out *out);

extern void out_text(Out *out, const char *text);
/* in double quotes where a comma, a quote or a line end asks for them */
extern void out_cell(Out *out, const char *text);
extern void out_number(Out *out, int64_t number);
/* with so many decimals: 12345, 2 is 123.45 */
extern void out_decimal(Out *out, int64_t number, int decimals);
/* the day of that number since 1970-01-01, with or without hyphens */
extern void out_day(Out *out, int64_t day);
extern void out_compact_day(Out *out, int64_t day);

static inline void
out_char(Out *out, char c)
{
	if (out->next >= out->end)
		out_flush(out);
	*out->next++ = c;
}

static inline void
out_line(Out *out)
{
	out_char(out, '\n');
	out->rows++;
}

#endif

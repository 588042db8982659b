/*
 * table_test.c - the cells of a line, and lines that have none
 */
#include "../../src/core/table.h"
#include "check.h"

#include <string.h>

/* the cells with bars between them, or the reason */
static const char *
split(const char *line, char delimiter, int room)
{
	static char text[256];
	char		scratch[128];
	BlSlice		cells[8];
	const char *reason;
	size_t		used = 0;
	int			n;

	reason = bl_table_split((BlSlice) {line, strlen(line)}, delimiter, cells, room, &n, scratch);
	if (reason != NULL)
		return reason;
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			text[used++] = '|';
		memcpy(text + used, cells[i].text, cells[i].length);
		used += cells[i].length;
	}
	text[used] = '\0';
	return text;
}

static void
cells(void)
{
	CHECK_TEXT(split("a, b ,,c", ',', 8), "a|b||c");
	CHECK_TEXT(split("", ',', 8), "");
	CHECK_TEXT(split(",", ',', 8), "|");
	CHECK_TEXT(split("a\tb c\t", '\t', 8), "a|b c|");
	CHECK_TEXT(split("\"a,b\" ,\"say \"\"x\"\"\",\"\"", ',', 8), "a,b|say \"x\"|");
	CHECK_TEXT(split("a\"b", ',', 8), "a\"b");
	CHECK_TEXT(split("1;2;3", ';', 3), "1|2|3");
}

static void
refused(void)
{
	CHECK_TEXT(split("1;2;3", ';', 2), "the line has too many cells");
	CHECK_TEXT(split("\"a", ',', 8), "the quotes of a cell do not match");
	CHECK_TEXT(split("\"a\"b", ',', 8), "a quoted cell goes on behind its quotes");
}

int
main(void)
{
	RUN(cells);
	RUN(refused);
	return DONE();
}

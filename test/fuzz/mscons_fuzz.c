/*
 * mscons_fuzz.c - any bytes as MSCONS, whole and in pieces: the same rows
 */
#include "core/mscons.h"
#include "reading.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static BlHash
read_in_pieces(const char *text, size_t size, size_t piece, size_t ceiling)
{
	static BlMscons m;
	BlArena		arena = memory_arena();
	BlArena		day_arena = {.more = days_more,.ceiling = ceiling};
	BlMeterDays days = {.arena = &day_arena,.release = days_release,.seen_arena = &arena,.zone = &zone,.zone_name = "x",.zone_length = 1};
	BlHash		all = {1, 1};
	BlReadRow	row;
	char	   *buffer = NULL;
	size_t		given = 0;

	MUST(bl_mscons_begin(&m, &days, &arena, (BlSlice) {NULL, 0}));
	for (;;)
	{
		BlTake		take = bl_mscons_next(&m, &row);

		if (take == BL_TAKE_END || take == BL_TAKE_NO_SPACE)
			break;
		if (take == BL_TAKE_ROW)
			use_row(&row, &all);
		else
		{
			size_t		left = (size_t) (m.end - m.next);
			size_t		n = piece < size - given ? piece : size - given;
			char	   *next = malloc(left + n + 1);

			MUST(next != NULL);
			if (left > 0)
				memcpy(next, m.next, left);
			memcpy(next + left, text + given, n);
			given += n;
			bl_mscons_feed(&m, next, left + n, given == size);
			free(buffer);
			buffer = next;
		}
	}
	free(buffer);
	memory_release();
	days_release(NULL);
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlHash		whole;
	BlHash		pieces;

	if (size < 1)
		return 0;
	whole = read_in_pieces((const char *) data + 1, size - 1, size, 1 << 24);
	pieces = read_in_pieces((const char *) data + 1, size - 1, (size_t) data[0] + 1, 1 << 24);
	MUST(whole.a == pieces.a && whole.b == pieces.b);
	(void) read_in_pieces((const char *) data + 1, size - 1, size, 40000);
	return 0;
}

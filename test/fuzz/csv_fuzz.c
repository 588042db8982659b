/*
 * csv_fuzz.c - any bytes as a text table or as JSON objects under one of some mappings, or as a
 * mapping: whole and in pieces the same rows, each with a profile that can be packed
 */
#include "core/csv.h"
#include "reading.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const mappings[] = {
	"{\"meter\":\"m\",\"time\":\"t\",\"time_zone\":\"x\",\"slot_minutes\":60,\"value\":\"v\",\"unit\":\"kWh\"}",
	"{\"meter\":1,\"header\":false,\"channel\":2,\"time\":[3,4],\"time_zone\":\"x\",\"slot_minutes\":15,\"value\":5,\"unit_column\":6,"
		"\"time_format\":\"DD.MM.YYYY HH24:MI\",\"time_is\":\"end\",\"delimiter\":\";\",\"decimal_mark\":\",\",\"group_mark\":\".\",\"quality\":7}",
	"{\"meter\":1,\"header\":false,\"time\":2,\"time_zone\":\"x\",\"slot_minutes\":60,\"columns\":{\"first\":3,\"count\":25},\"unit\":\"kWh\",\"nulls\":[\"\",\"-\"]}",
	"{\"meter\":1,\"header\":false,\"time\":2,\"time_zone\":\"x\",\"slot_minutes\":60,\"columns\":{\"first\":3,\"count\":24,\"wall_clock\":true},\"unit\":\"Wh\",\"decimals\":2}",
	"{\"meter_is\":\"M\",\"time\":1,\"time_format\":\"EPOCH\",\"header\":false,\"time_zone\":\"x\",\"register\":true,\"unit\":\"kWh\","
		"\"values\":[{\"column\":2,\"channel\":\"i\"},{\"column\":3,\"channel\":\"e\"}]}",
	"{}",
	/* of objects */
	"{\"meter\":\"m\",\"channel\":\"c.d\",\"time\":\"t\",\"time_zone\":\"x\",\"slot_minutes\":60,\"value\":\"v\",\"unit\":\"kWh\"}",
	"{\"meter\":\"m\",\"time\":\"t\",\"time_zone\":\"x\",\"slot_minutes\":60,\"columns\":{\"first\":\"v\",\"count\":25},\"unit\":\"kWh\"}"
};

static void *object_piece[256];
static int	object_pieces;

static void *
object_more(void *context, size_t size)
{
	(void) context;
	return object_pieces == 256 ? NULL : (object_piece[object_pieces++] = malloc(size));
}

static void
object_release(void *context)
{
	(void) context;
	while (object_pieces > 0)
		free(object_piece[--object_pieces]);
}

static BlHash
read_in_pieces(const BlCsvMap *map, bool objects, const char *text, size_t size, size_t piece, size_t ceiling)
{
	static BlCsv csv;
	BlArena		arena = memory_arena();
	BlArena		day_arena = {.more = days_more,.ceiling = ceiling};
	BlMeterDays		days = {.arena = &day_arena,.release = days_release,.seen_arena = &arena,.zone = &zone,.zone_name = "x",.zone_length = 1};
	BlArena		object_arena = {.more = object_more,.ceiling = 1 << 24};
	BlHash		all = {1, 1};
	BlReadRow	row;
	char	   *buffer = NULL;
	size_t		given = 0;

	bl_csv_begin(&csv, map, &days, &arena);
	if (objects)
		bl_csv_objects(&csv, &object_arena, object_release);
	for (;;)
	{
		BlTake		take = bl_csv_next(&csv, &row);

		if (take == BL_TAKE_END || take == BL_TAKE_NO_SPACE)
			break;
		if (take == BL_TAKE_ROW)
			use_row(&row, &all);
		else
		{
			size_t		left = (size_t) (csv.lines.end - csv.lines.next);
			size_t		n = piece < size - given ? piece : size - given;
			char	   *next = malloc(left + n + 1);

			MUST(next != NULL);
			if (left > 0)
				memcpy(next, csv.lines.next, left);
			memcpy(next + left, text + given, n);
			given += n;
			bl_lines_feed(&csv.lines, next, left + n, given == size);
			free(buffer);
			buffer = next;
		}
	}
	free(buffer);
	memory_release();
	days_release(NULL);
	object_release(NULL);
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static BlCsvMap map;
	BlArena		arena = memory_arena();
	BlProblem	problem = {0};
	BlJson	   *json;
	static char kept[1000];
	const char *text = (const char *) data + 2;
	BlHash		whole;
	BlHash		pieces;
	int			which;

	if (size < 2)
		return 0;
	size -= 2;
	which = data[0] & 7;
	if (which == 5)
	{
		/* as a mapping, which is only looked at */
		if (bl_json_parse(text, size, &arena, &json, &problem) == BL_OK)
			MUST(bl_csv_map(json, false, &map, &problem) == BL_OK || problem.message[0] != '\0');
		memory_release();
		return 0;
	}
	/* its texts point into the tree, and the tree into this */
	memcpy(kept, mappings[which], strlen(mappings[which]) + 1);
	MUST(bl_json_parse(kept, strlen(kept), &arena, &json, &problem) == BL_OK);
	MUST(bl_csv_map(json, which > 5, &map, &problem) == BL_OK);
	{
		/* the readers release all memory: what the map needs is in the arena, so it is kept apart */
		void	   *mine[8];
		int			n = memory_pieces;

		MUST(n <= 8);
		memcpy(mine, memory_piece, sizeof *mine * (size_t) n);
		memory_pieces = 0;
		whole = read_in_pieces(&map, which > 5, text, size, size, 1 << 24);
		pieces = read_in_pieces(&map, which > 5, text, size, (size_t) data[1] + 1, 1 << 24);
		MUST(whole.a == pieces.a && whole.b == pieces.b);
		(void) read_in_pieces(&map, which > 5, text, size, size, 40000);
		while (n > 0)
			free(mine[--n]);
	}
	return 0;
}

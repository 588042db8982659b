/*
 * csv_test.c - text tables: times, numbers, mappings, what is refused and why,
 * and that the pieces a file comes in, and how much memory there is, change nothing
 */
#include "check.h"

#include "core/csv.h"

typedef struct Pool
{
	void	   *block[256];
	int			n;
} Pool;

static Pool pool;
static Pool day_pool;

static void *
more(void *context, size_t size)
{
	Pool	   *p = context;

	if (p->n == 256)
		return NULL;
	return p->block[p->n++] = malloc(size);
}

static void
release(void *context)
{
	Pool	   *p = context;

	while (p->n > 0)
		free(p->block[--p->n]);
}

/* Berlin's summer of 2025 */
static const BlZoneStep berlin_steps[] = {
	{INT32_MIN, 60}, {13276860, 120}, {13579260, 60}
};
static const BlZone berlin = {3, berlin_steps};

static size_t day_ceiling = 1 << 24;

static void
say(char *out, size_t room, const BlReadRow *row)
{
	size_t		n = strlen(out);

	n += (size_t) snprintf(out + n, room - n, "%d %s/%s", (int) row->line, row->meter ? row->meter : "-",
						   row->channel ? row->channel : "-");
	if (row->has_profile && n < room)
	{
		const BlMeterDayRow *p = &row->profile;

		n += (size_t) snprintf(out + n, room - n, " day %d: %d x %d from %d e%d %s:", p->day->day, p->shape.slots,
							   p->shape.slot_minutes, (p->shape.start - p->day->start) / p->shape.slot_minutes,
							   p->shape.scale, bl_unit_name(p->shape.unit));
		for (int i = 0; i < p->shape.slots && i < 8 && n < room; i++)
			n += p->qualities[i] == BL_MISSING ? (size_t) snprintf(out + n, room - n, " -") :
				(size_t) snprintf(out + n, room - n, " %lld%s", (long long) p->values[i],
								  p->qualities[i] == BL_ACTUAL ? "" : "*");
	}
	if (row->has_reading && n < room)
		n += (size_t) snprintf(out + n, room - n, " %lld e-%d %s+%d at %d", (long long) row->reading.mantissa,
							   row->reading.decimals, bl_unit_name(row->unit), row->unit_scale, row->read_at);
	if (row->rejected != NULL && n < room)
		n += (size_t) snprintf(out + n, room - n, " %s [%.*s]", row->rejected,
							   row->content.length < 10 ? (int) row->content.length : 10, row->content.text);
	if (n < room)
		snprintf(out + n, room - n, "\n");
}

static const char *
rows_in(const char *mapping, const char *text, size_t size, size_t piece)
{
	static char out[100000];
	static BlCsv csv;
	static BlCsvMap map;
	BlArena		arena = {.more = more,.context = &pool,.ceiling = 1 << 24};
	BlArena		day_arena = {.more = more,.context = &day_pool,.ceiling = day_ceiling};
	BlMeterDays		days = {.arena = &day_arena,.release = release,.seen_arena = &arena,.zone = &berlin};
	BlProblem	problem = {0};
	BlJson	   *json;
	BlReadRow	row;
	char	   *buffer = NULL;
	size_t		given = 0;

	out[0] = '\0';
	if (bl_json_parse(mapping, strlen(mapping), &arena, &json, &problem) != BL_OK ||
		bl_csv_map(json, false, &map, &problem) != BL_OK)
	{
		snprintf(out, sizeof out, "%s %s", problem.message, problem.detail);
		release(&pool);
		return out;
	}
	/* memory that somebody has used before, as in a server */
	memset(&csv, 0xa0, sizeof csv);
	csv.meter_text.length = csv.channel_text.length = 0;
	bl_csv_begin(&csv, &map, &days, &arena);
	for (;;)
	{
		BlTake		take = bl_csv_next(&csv, &row);

		if (take == BL_TAKE_END || take == BL_TAKE_NO_SPACE)
		{
			if (take == BL_TAKE_NO_SPACE)
				strcat(out, "no space\n");
			break;
		}
		if (take == BL_TAKE_ROW)
			say(out, sizeof out, &row);
		else
		{
			size_t		left = (size_t) (csv.lines.end - csv.lines.next);
			size_t		n = piece < size - given ? piece : size - given;
			char	   *next = malloc(left + n + 1);

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
	release(&pool);
	release(&day_pool);
	return out;
}

static const char *
rows_of(const char *mapping, const char *text)
{
	return rows_in(mapping, text, strlen(text), 10000);
}

#define LONG "{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"kWh\"}"

static void
numbers(void)
{
	static const struct
	{
		const char *text;
		char		point;
		char		group;
		int64_t		mantissa;
		int			decimals;	/* -1: no number */
	}			list[] = {
		{"0", '.', 0, 0, 0}, {"12.50", '.', 0, 1250, 2}, {".5", '.', 0, 5, 1}, {"5.", '.', 0, 5, 0},
		{"-3,25", ',', 0, -325, 2}, {"+7", '.', 0, 7, 0}, {"1.234.567,8", ',', '.', 12345678, 1},
		{"1 234", '.', ' ', 1234, 0}, {"1'000", '.', '\'', 1000, 0}, {"1e3", '.', 0, 1000, 0},
		{"1.5E-3", '.', 0, 15, 4}, {"2.5e1", '.', 0, 25, 0}, {"0e999", '.', 0, 0, 0},
		{"000000000000000000000012", '.', 0, 12, 0}, {"0.000000000000000000001", '.', 0, 1, 21},
		{"999999999999999999", '.', 0, INT64_C(999999999999999999), 0},
		{"", '.', 0, 0, -1}, {".", '.', 0, 0, -1}, {"-", '.', 0, 0, -1}, {"1.2.3", '.', 0, 0, -1},
		{"1,2", '.', 0, 0, -1}, {"1e", '.', 0, 0, -1}, {"e5", '.', 0, 0, -1}, {"1e9999", '.', 0, 0, -1},
		{"1e30", '.', 0, 0, -1}, {"1e-300", '.', 0, 0, -1}, {"1234567890123456789", '.', 0, 0, -1},
		{"NaN", '.', 0, 0, -1}, {"0x10", '.', 0, 0, -1}, {"1 2", '.', 0, 0, -1}, {",5", '.', ',', 0, -1}, {"5,", '.', ',', 0, -1},
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		BlNumber	n = {0, 0};
		bool		good = bl_number_general((BlSlice) {list[i].text, strlen(list[i].text)}, list[i].point, list[i].group, &n);

		if (good != (list[i].decimals >= 0) ||
			(good && (n.mantissa != list[i].mantissa || n.decimals != list[i].decimals)))
			printf("# %s: %lld e-%d\n", list[i].text, (long long) n.mantissa, n.decimals), check_failures++;
	}
	{
		BlNumber	n = {-12345, 3};

		bl_number_round(&n, 2);
		CHECK(n.mantissa == -1235 && n.decimals == 2);
		n = (BlNumber) {30000000000000004, 17};
		bl_number_round(&n, 3);
		CHECK(n.mantissa == 300 && n.decimals == 3);
		n = (BlNumber) {INT64_C(999999999999999999), 200};
		bl_number_round(&n, 0);
		CHECK(n.mantissa == 0 && n.decimals == 0);
	}
}

static void
times(void)
{
	/* 2025-03-01 14:05 is 9191 days and 845 minutes after 2000-01-01 */
	static const struct
	{
		const char *format;
		const char *text;
		int			minute;		/* after 2025-03-01 00:00; -1: refused */
	}			list[] = {
		{"", "2025-03-01 14:05", 845}, {"", "2025-03-01T14:05:00", 845}, {"", "2025/3/1 14:05", 845},
		{"", "2025-03-01", 0}, {"", "2025-03-01 24:00", 1440}, {"", "2025-03-01T14:05:00.000Z", 845},
		{"", "2025-03-01T16:05:00+02:00", 845}, {"", "2025-03-01 14:05 -0100", 905}, {"", "2025-03-01 14:05:01", -1},
		{"", "2025-03-01 14:05:00.001", -1}, {"", "2025-13-01 14:05", -1}, {"", "2025-02-29", -1}, {"", "2025-03/01", -1},
		{"", "14:05", -1}, {"", "2025-03-01 25:00", -1}, {"", "2025-03-01 14:05x", -1}, {"", "", -1}, {"", "9025-03-01", -1},
		{"", "1925-03-01", -1},
		{"DD.MM.YYYY HH24:MI", "01.03.2025 14:05", 845}, {"DD.MM.YYYY HH24:MI", "1.3.2025 14:05", 845},
		{"DD.MM.YYYY HH24:MI", "01.03.2025", 0}, {"DD.MM.YYYY HH24:MI", "01.03.2025 14", -1},
		{"DD.MM.YYYY HH24:MI", "01.03.25 14:05", -1}, {"DD.MM.YY HH24:MI:SS", "01.03.25 14:05:00", 845},
		{"MM/DD/YYYY HH12:MI AM", "3/1/2025 2:05 PM", 845}, {"MM/DD/YYYY HH12:MI AM", "3/1/2025 12:00 AM", 0},
		{"MM/DD/YYYY HH12:MI AM", "3/1/2025 13:00 AM", -1}, {"DD-MON-YYYY HH24:MI", "01-mar-2025 14:05", 845},
		{"YYYYMMDDHH24MI", "202503011405", 845}, {"YYYYMMDDHH24MI", "20253011405", -1},
		{"YYYY-MM-DDTHH24:MIOF", "2025-03-01T15:05+01", 845},
		{"EPOCH", "1740837900", 845}, {"EPOCH", "1740837900.0", 845}, {"EPOCH", "1740837901", -1}, {"EPOCH", "-60", -1},
		{"EPOCHMS", "1740837900000", 845}, {"EPOCHMS", "99999999999999999", -1},
	};
	BlTimeFormat format;

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		BlWall		wall = {0};
		bool		good;

		format.n = 0;
		if (list[i].format[0])
			CHECK(bl_time_format((BlSlice) {list[i].format, strlen(list[i].format)}, &format));
		good = bl_wall_parse((BlSlice) {list[i].text, strlen(list[i].text)}, &format, &wall);
		if (good != (list[i].minute >= 0) || (good && wall.minute != 9191 * 1440 + list[i].minute))
			printf("# %s %s: %d\n", list[i].format, list[i].text, wall.minute - 9191 * 1440), check_failures++;
	}
	CHECK(!bl_time_format((BlSlice) {"HH24:MM:xx", 10}, &format));
	CHECK(!bl_time_format((BlSlice) {"", 0}, &format));
}

/* every slot of the days on which Berlin's clocks change, by starts and by ends, of one meter and of two in turn */
static void
changing_clocks(void)
{
	static const int32_t days[] = {9220, 9430};	/* 2025-03-30, 2025-10-26 */

	for (int d = 0; d < 2; d++)
		for (int ends = 0; ends < 2; ends++)
			for (int two = 0; two < 2; two++)
			{
				BlWallClock clock = {.zone = &berlin,.ends = ends};
				BlBefore	before = {0};
				int32_t		from = bl_zone_midnight(&berlin, days[d]);
				int32_t		until = bl_zone_midnight(&berlin, days[d] + 1);

				CHECK_EQ(until - from, d == 0 ? 1380 : 1500);
				for (int32_t at = from; at < until; at += 15)
					for (int meter = 0; meter <= two; meter++)
					{
						int32_t		label = at + (ends ? 15 : 0);
						BlWall		wall = {label + bl_zone_offset(&berlin, label), false, true};
						int32_t		start;

						before.same = !two && before.known;
						CHECK(bl_wall_start(&clock, &wall, 15, &before, &start));
						CHECK_EQ(start, at);
						before.known = true;
						before.start = start;
					}
			}
}

static void
long_tables(void)
{
	CHECK_TEXT(rows_of(LONG, "m,t,v\nA,2025-01-01 00:00,1.5\nA,2025-01-01 01:00,2\r\nA,2025-01-01 03:00,-0.25\nB,2025-01-01 23:00,1\n"
					   "A,2025-01-02 00:00,\n"),
			   "2 A/ day 9132: 4 x 60 from 0 e1 Wh: 150 200 - -25\n"
			   "5 B/ day 9132: 1 x 60 from 23 e3 Wh: 1\n"
			   "6 A/ day 9133: 1 x 60 from 0 e3 Wh: -\n");
	/* what is refused */
	CHECK_TEXT(rows_of(LONG, "m,t,v\nA,2025-01-01 00:00\nA,nonsense,1\nA,2025-01-01 00:30,1\nA,2025-01-01 00:00,x\n,2025-01-01 00:00,1\n"
					   "\xff,2025-01-01 00:00,1\nA,2025-03-30 02:00,1\nA,2025-01-01 00:00,0.1234567891\n"),
			   "2 -/- it has 2 columns, but at least 3 are needed [A,2025-01-]\n"
			   "3 A/ time \"nonsense\" is not of the format, or not of this century's days and whole minutes [A,nonsense]\n"
			   "4 A/ its time is not on the grid of slots of 60 minutes [A,2025-01-]\n"
			   "5 A/ value \"x\" of column 3 is no number of at most 18 digits [A,2025-01-]\n"
			   "6 -/- the meter is empty [,2025-01-0]\n"
			   "7 -/- the meter is too long, or no UTF-8 text [\xff,2025-01-]\n"
			   "8 A/ the clock never shows its time: it was put forward then [A,2025-03-]\n"
			   "9 A/ a value has more than 9 decimals [A,2025-01-]\n");
	/* again, and otherwise */
	CHECK_TEXT(rows_of(LONG, "m,t,v\nA,2025-01-01 00:00,1\nA,2025-01-01 00:00,1.0\nA,2025-01-01 00:00,2\nA,2025-01-01 01:00,3\n"
					   "A,2024-06-01 00:00,4\n"),
			   "3 A/ the same reading as on line 2, again [A,2025-01-]\n"
			   "4 A/ line 2 has another reading of this time [A,2025-01-]\n"
			   "2 A/ day 9132: 2 x 60 from 0 e3 Wh: 1 3\n"
			   "6 A/ day 8918: 1 x 60 from 0 e3 Wh: 4\n");
	/* quotes; one that never ends costs one line */
	CHECK_TEXT(rows_of("{\"meter\": 2, \"time\": 1, \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": 3, \"unit\": \"Wh\", \"header\": false}",
					   "\"2025-01-01 00:00\",\"A \"\"x\"\"\",\"1\" \n2025-01-01 01:00,\"A,\",2,and,\"\nmore\"\n"
					   "2025-01-01 02:00,\"A,3\n2025-01-01 03:00,A,4\n2025-01-01 04:00,A\"B,5\n"),
			   "4 -/- quotes of column 2 do not match [2025-01-01]\n"
			   "1 A \"x\"/ day 9132: 1 x 60 from 0 e0 Wh: 1\n"
			   "2 A,/ day 9132: 1 x 60 from 1 e0 Wh: 2\n"
			   "5 A/ day 9132: 1 x 60 from 3 e0 Wh: 4\n"
			   "6 A\"B/ day 9132: 1 x 60 from 4 e0 Wh: 5\n");
	/* several channels a line, all or none; units by column; qualities; texts for nothing */
	CHECK_TEXT(rows_of("{\"meter_is\": \"M\", \"time\": [\"d\", \"h\"], \"time_zone\": \"x\", \"slot_minutes\": 60, \"delimiter\": \"\\t\", \"skip\": 1,"
					   "\"values\": [{\"column\": \"a\", \"channel\": \"import\", \"unit\": \"kWh\"}, {\"column\": \"b\", \"channel\": \"voltage\", \"unit\": \"V\"}],"
					   "\"quality\": \"q\", \"qualities\": {\"\": \"actual\", \"E\": \"estimated\"}, \"nulls\": [\"-\"]}",
					   "exported today\nd\th\tb\tq\ta\n2025-01-01\t00:00\t230.1\t\t1\n2025-01-01\t01:00\t-\tE\t2\n2025-01-01\t02:00\tx\tE\t3\n"
					   "2025-01-01\t03:00\t1\tQ\t3\n2025-01-01\t00:00\t1\t\t3\n"),
			   "5 M/ value \"x\" of column 3 is no number of at most 18 digits [2025-01-01]\n"
			   "6 M/ quality \"Q\" is not known [2025-01-01]\n"
			   "7 M/ line 3 has another reading of this time [2025-01-01]\n"
			   "3 M/import day 9132: 2 x 60 from 0 e3 Wh: 1 2*\n"
			   "3 M/voltage day 9132: 2 x 60 from 0 e-1 V: 2301 -\n");
	CHECK_TEXT(rows_of("{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\", \"unit_column\": \"u\", \"decimals\": 3}",
					   "m,t,v,u\nA,2025-01-01 00:00,0.30000000000000004,kWh\nA,2025-01-01 01:00,1,MWh\nA,2025-01-01 02:00,1,gallon\n"),
			   "3 A/ another unit than on line 2 for the same day [A,2025-01-]\n"
			   "4 A/ unit \"gallon\" is not known [A,2025-01-]\n"
			   "2 A/ day 9132: 1 x 60 from 0 e0 Wh: 300\n");
	/* the file as a whole */
	CHECK_TEXT(rows_of(LONG, ""), "1 -/- the file is empty []\n");
	CHECK_TEXT(rows_of(LONG, "m,t\nA,2025-01-01 00:00,1\n"), "1 -/- the header has no column \"v\" [m,t]\n");
	CHECK_TEXT(rows_of(LONG, "m,t,v,v\nA,2025-01-01 00:00,1\n"), "1 -/- the header has column \"v\" twice [m,t,v,v]\n");
	CHECK_TEXT(rows_of(LONG, "\xef\xbb\xbfm,t,v\n\n\n"), "");
	CHECK_TEXT(rows_of(LONG, "\xff\xfem,t,v\n"), "1 -/- the file is UTF-16; convert it to UTF-8 []\n");
}

#define WIDE "{\"meter\": \"m\", \"time\": \"d\", \"time_zone\": \"x\", \"slot_minutes\": 240, \"columns\": {\"first\": 3, \"count\": %d%s}, \"unit\": \"Wh\"}"

static void
wide_tables(void)
{
	char		six[300];

	snprintf(six, sizeof six, WIDE, 6, "");
	CHECK_TEXT(rows_of(six, "m,d,a,b,c,d,e,f\nA,2025-01-01,1,2,3,4,5,6\n"), "1 -/- the header has column \"d\" twice [m,d,a,b,c,]\n");
	CHECK_TEXT(rows_of(six, "m,d,1,2,3,4,5,6,note\nA,2025-01-01,1,2,3,4,5,6,x\nA,2025-01-02 00:00,1,,3,4,5,6\nA,2025-01-03 01:00,1,2,3,4,5,6\n"
					   "A,2025-01-01,1,2,3,4,5,6\nA,2025-01-04,1,2,3,4,5\nA,2025-01-05,1,2,3,x,5,6\nA,2025-01-01,9,2,3,4,5,6\n"
					   "A,2025-03-30,1,2,3,4,5,6\n"),
			   "4 A/ its time is no midnight, but the line is of a whole day [A,2025-01-]\n"
			   "5 A/ the same reading as on line 2, again [A,2025-01-]\n"
			   "6 -/- it has 7 columns, but at least 8 are needed [A,2025-01-]\n"
			   "7 A/ value \"x\" of column 6 is no number of at most 18 digits [A,2025-01-]\n"
			   "8 A/ line 2 has another reading of this time [A,2025-01-]\n"
			   "9 A/ slots of 240 minutes do not divide its day of 1380 minutes [A,2025-03-]\n"
			   "2 A/ day 9132: 6 x 240 from 0 e0 Wh: 1 2 3 4 5 6\n"
			   "3 A/ day 9133: 6 x 240 from 0 e0 Wh: 1 - 3 4 5 6\n");
}

/* 23 and 25 hours by time gone by, and by the clock */
static void
wide_days_of_other_lengths(void)
{
	static const struct
	{
		int			count;
		const char *wall;
		const char *date;
		int			values;
		int			hole;		/* a column without a value; -1: none */
		const char *rows;
	}			list[] = {
		{25, "", "2025-10-26", 25, -1, "2 A/ day 9430: 25 x 60 from 0 e0 Wh: 1 2 3 4 5 6 7 8\n"},
		{25, "", "2025-01-01", 24, -1, "2 A/ day 9132: 24 x 60 from 0 e0 Wh: 1 2 3 4 5 6 7 8\n"},
		{25, "", "2025-01-01", 25, -1, "2 A/ column 27 has a value, but its day of 24 slots has no time for it [A,2025-01-]\n"},
		{24, "", "2025-10-26", 24, -1, "2 A/ its day has 25 slots, but there are columns for 24 [A,2025-10-]\n"},
		{24, "", "2025-03-30", 23, -1, "2 A/ day 9220: 23 x 60 from 0 e0 Wh: 1 2 3 4 5 6 7 8\n"},
		{24, ", \"wall_clock\": true", "2025-03-30", 24, 2, "2 A/ day 9220: 23 x 60 from 0 e0 Wh: 1 2 4 5 6 7 8 9\n"},
		{24, ", \"wall_clock\": true", "2025-03-30", 24, -1, "2 A/ column 5 has a value, but its day of 23 slots has no time for it [A,2025-03-]\n"},
		{24, ", \"wall_clock\": true", "2025-10-26", 24, -1, "2 A/ day 9430: 25 x 60 from 0 e0 Wh: 1 2 3 - 4 5 6 7\n"},
	};
	char		mapping[400];
	char		text[1000];

	for (size_t k = 0; k < sizeof list / sizeof *list; k++)
	{
		size_t		n = (size_t) snprintf(text, sizeof text, "m,d\nA,%s", list[k].date);

		snprintf(mapping, sizeof mapping,
				 "{\"meter\": \"m\", \"time\": \"d\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"columns\": {\"first\": 3, \"count\": %d%s}, \"unit\": \"Wh\"}",
				 list[k].count, list[k].wall);
		for (int i = 0; i < list[k].count; i++)
			n += i < list[k].values && i != list[k].hole ? (size_t) snprintf(text + n, sizeof text - n, ",%d", i + 1) :
				(size_t) snprintf(text + n, sizeof text - n, ",");
		CHECK_TEXT(rows_of(mapping, text), list[k].rows);
	}
}

/* times read by what those before had in common are what each is by itself */
static void
times_alike(void)
{
	static const char *const formats[] = {
		"", "DD.MM.YYYY HH24:MI", "YYYYMMDDHH24MI", "YYYY-MM-DDTHH24:MI:SS", "DD/MM/YY HH24.MI", "MM-DD-YYYY", "HH24:MI YYYY/MM/DD",
		"YYYY-MM-DD HH24:MI:SS.", "DD.MM.YYYY  HH24:MI", " DD.MM.YYYY HH24:MI", "MM/DD/YYYY HH12:MI AM", "DD-MON-YYYY HH24:MI", "EPOCH",
		"YYYY-MM-DDTHH24:MIOF", "HH24:MI:SS HH24 YYYYMMDD"
	};
	static const char *const texts[] = {
		"2025-03-01 14:05", "2025-03-01 14:10", "2025-03-01 23:59", "2025-03-01 24:00", "2025-03-01 24:05", "2025-03-01 5:05",
		"2025-03-01  5:05", "2025-03-02 00:00", "2025/03/02 00:00", "2025-03-02T00:15", "2025-03-02T00:15:00", "2025-03-02 00:15:00",
		"2025-03-02 00:15:01", "2025-03-02 00:60", "2025-02-29 00:00", "2025-02-28 00:00", "0000-00-00 00:00", "1970-01-01 23:00",
		"1970-01-02 00:00", "1970-01-01 24:00", "2099-12-30 24:00", "2099-12-31 01:00", "2099-12-30 23:00", "2025-03-01 14:0x",
		"2025-03-01", " 2025-03-01 14:15", "2025-03-01 14:15 ", "2025-03-01 14:5Z", "2025-03-01 14:15Z", "2025-03-01\xff" "14:15",
		"01.03.2025 14:05", "01.03.2025 14:06", "1.3.2025 0:05", "01.03.2025 24:00", "31.02.2025 00:00", "01.03.2025 00:00", "01.03.2025",
		"202503011405", "202503011420", "202503012400", "202513011420", "2025-03-01T14:05:00", "2025-03-01T14:05:30", "2025-03-01T15:05:00",
		"01/03/25 14.05", "02/03/25 14.05", "02/03/25 24.00", "03-01-2025", "03-02-2025", "13-02-2025", "14:05 2025/03/01", "14:06 2025/03/01",
		"2025-03-01 14:05:00.", "01.03.2025  14:05", "3/1/2025 02:05 PM", "03/01/2025 02:05 PM", "01-mar-2025 14:05", "1740837900",
		"1740837960", "2025-03-01T15:05+01", "2025-03-01T15:05+02", "14:05:00 14 20250301", "14:05:00 15 20250301", "", "12345678"
	};
	int			n = (int) (sizeof texts / sizeof *texts);

	for (size_t f = 0; f < sizeof formats / sizeof *formats; f++)
		for (int first = 0; first < n; first++)
		{
			BlTimeFormat format = {0};
			BlWallShape shape = {0};

			if (formats[f][0] != '\0')
				CHECK(bl_time_format((BlSlice) {formats[f], strlen(formats[f])}, &format));
			/* from each, in several orders, each twice */
			for (int k = 0; k < 4 * n; k++)
			{
				const char *text = texts[k == 0 ? first : (first + k / 2 * 7) % n];
				char	   *exact = malloc(strlen(text) > 0 ? strlen(text) : 1);
				BlWall		one = {0},
							like = {0};
				bool		good;

				memcpy(exact, text, strlen(text));
				good = bl_wall_parse((BlSlice) {exact, strlen(text)}, &format, &one);
				if (bl_wall_parse_like(&shape, (BlSlice) {exact, strlen(text)}, &format, &like) != good ||
					(good && (one.minute != like.minute || one.has_offset != like.has_offset || one.has_time != like.has_time)))
					printf("# \"%s\" %s after %s: %d\n", formats[f], text, texts[first], like.minute), check_failures++;
				free(exact);
			}
		}
}

/* values in quotes are read one by one: the same rows as from plain ones */
static void
wide_plain_and_quoted(void)
{
	static const char *const values[] = {"0.125", "12", "", "1234567.5", ".5", "7.", "0", "000000000000000001", "0.000000001", "99999999"};
	static const char *const qualities[] = {"actual", "estimated", "missing", "suspect"};
	static const char *const mapping =
		"{\"header\": false, \"meter\": 1, \"time\": 2, \"time_zone\": \"x\", \"slot_minutes\": 60, \"unit\": \"kWh\", "
		"\"columns\": {\"first\": 3, \"count\": 25}, \"quality\": 28%s}";
	static const char *const more_fields[] = {"", ", \"decimals\": 1", ", \"nulls\": [\"-\"]", ", \"nulls\": [\"\", \"0\"]"};
	static char plain[40000];
	static char quoted[80000];
	static char rows[100000];

	for (size_t f = 0; f < sizeof more_fields / sizeof *more_fields; f++)
	{
		char		map[400];
		size_t		p = 0,
					q = 0;

		snprintf(map, sizeof map, mapping, more_fields[f]);
		for (int line = 0; line < 40; line++)
		{
			/* the days of 23 and of 25 hours among them */
			const char *day = line % 7 == 3 ? "2025-03-30" : line % 7 == 5 ? "2025-10-26" : "2025-06-01";

			p += (size_t) sprintf(plain + p, "M%d,%s", line / 2, day);
			q += (size_t) sprintf(quoted + q, "M%d,%s", line / 2, day);
			for (int i = 0; i < 25; i++)
			{
				const char *v = i == 24 && line % 3 > 0 ? line % 3 == 1 ? "" : "0" :
					values[(line * 31 + i * (line % 5 + 1)) % (line % 4 == 0 ? 2 : 10)];

				p += (size_t) sprintf(plain + p, ",%s", v);
				q += (size_t) sprintf(quoted + q, ",\"%s\"", v);
			}
			p += (size_t) sprintf(plain + p, ",%s\n", qualities[line % 11 % 4]);
			q += (size_t) sprintf(quoted + q, ",%s\n", qualities[line % 11 % 4]);
		}
		strcpy(rows, rows_of(map, plain));
		/* reasons show the text of the line, which differs */
		{
			const char *other = rows_of(map, quoted);
			int			lines = 0;

			for (const char *a = rows, *b = other; *a != '\0' && *b != '\0'; lines++)
			{
				size_t		na = strcspn(a, "\n"),
							nb = strcspn(b, "\n");
				const char *ba = memchr(a, '[', na),
						   *bb = memchr(b, '[', nb);
				size_t		ca = ba ? (size_t) (ba - a) : na,
							cb = bb ? (size_t) (bb - b) : nb;

				CHECK(ca == cb && memcmp(a, b, ca) == 0);
				a += na + 1;
				b += nb + 1;
			}
			CHECK_EQ(lines, 40);
		}
	}
}

static void
registers(void)
{
	CHECK_TEXT(rows_of("{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"register\": true, \"unit\": \"kWh\","
					   "\"values\": [{\"column\": \"i\", \"channel\": \"import\"}, {\"column\": \"e\", \"channel\": \"export\"}]}",
					   "m,t,i,e\nA,2025-01-01 10:17,1234.50,7\nB,2025-01-01 10:20,,8\nA,2025-01-01 10:17,1234.5,9\n"),
			   "2 A/import 123450 e-2 Wh+3 at 13150637\n"
			   "2 A/export 7 e-0 Wh+3 at 13150637\n"
			   "3 B/export 8 e-0 Wh+3 at 13150640\n"
			   "4 A/import the same reading as on line 2, again [A,2025-01-]\n"
			   "4 A/export line 2 has another reading of this time [A,2025-01-]\n");
}

static void
mappings(void)
{
	static const struct
	{
		const char *mapping;
		const char *said;
	}			list[] = {
		{"[]", "mapping: it should be an object At $."},
		{"{\"meter\": \"m\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"kWh\"}", "mapping: time is missing At $."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"kWh\"}", "mapping: time_zone is missing At $."},
		{"{\"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"kWh\"}", "mapping: one of meter and meter_is must be given At $."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"value\": \"v\", \"unit\": \"kWh\"}", "mapping: slot_minutes is missing At $."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 7, \"value\": \"v\", \"unit\": \"kWh\"}", "mapping: slots must divide the day At $.slot_minutes."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"unit\": \"kWh\"}", "mapping: one of value, values and columns must be given At $."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\"}", "mapping: the unit is missing At $."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"gallon\"}", "mapping: the unit is not known At $.unit."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"kWh\", \"time_format\": \"QQ\"}", "mapping: the format is not known At $.time_format."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"kWh\", \"typo\": 1}", "mapping: unknown field \"typo\" At $.typo."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": 0, \"unit\": \"kWh\"}", "mapping: it should be a whole number from 1 to 100000 At $.value."},
		{"{\"meter\": \"m\", \"time\": 1, \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": 1, \"unit\": \"kWh\", \"header\": false}", "mapping: a table without a header has no names of columns At $.meter."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"kWh\", \"delimiter\": \";;\"}", "mapping: it should be one character At $.delimiter."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"kWh\", \"decimal_mark\": \",\"}", "mapping: delimiter, decimal_mark and group_mark must differ At $."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"kWh\", \"qualities\": {\"A\": \"good\"}}", "mapping: the quality is not known At $.qualities.A."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"register\": true, \"slot_minutes\": 60, \"value\": \"v\", \"unit\": \"kWh\"}", "mapping: registers have moments, no slots At $."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"columns\": {\"first\": \"a\", \"count\": 96}, \"time_is\": \"end\", \"unit\": \"kWh\"}", "mapping: a line of a whole day has no time_is At $."},
		{"{\"meter\": \"m\", \"time\": \"t\", \"time_zone\": \"x\", \"slot_minutes\": 60, \"values\": [{\"column\": \"a\", \"channel\": \"i\"}, {\"column\": \"b\", \"channel\": \"i\"}], \"unit\": \"kWh\"}", "mapping: two values have one channel At $.values[1]."},
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		CHECK_TEXT(rows_of(list[i].mapping, "m,t,v\n"), list[i].said);
}

static void
pieces(void)
{
	const char *text = "m,t,v\n\"A\n1\",2025-01-01 00:00,1\n\nB,2025-01-01 00:00,1\n\"B,2025-01-01 01:00,1\nC,2025-01-01 00:00,\"1\"\n"
		"B,2025-01-01 00:00,1\r\nB,2025-01-01 02:00,\"5\"\"\"\nZ,2025-01-01 02:00,5";
	char	   *whole = strdup(rows_of(LONG, text));

	CHECK(strlen(whole) > 200);
	for (size_t piece = 1; piece < strlen(text); piece++)
		CHECK_TEXT(rows_in(LONG, text, strlen(text), piece), whole);
	free(whole);
}

/* little memory: days come out earlier, and a reading that comes later for one of them is refused, not doubled */
static void
little_memory(void)
{
	static char text[100000];
	size_t		n = (size_t) snprintf(text, sizeof text, "m,t,v\n");
	const char *rows;
	int			days = 0;
	int			late = 0;

	for (int meter = 0; meter < 1000; meter++)
		n += (size_t) snprintf(text + n, sizeof text - n, "M%d,2025-01-01 00:00,1\n", meter);
	snprintf(text + n, sizeof text - n, "M1,2025-01-01 01:00,1\nM999,2025-01-01 01:00,1\n");
	day_ceiling = 100000;
	rows = rows_of(LONG, text);
	day_ceiling = 1 << 24;
	for (const char *p = rows; (p = strstr(p, " x 60 from ")) != NULL; p++)
		days++;
	for (const char *p = rows; (p = strstr(p, "was given out before")) != NULL; p++)
		late++;
	CHECK_EQ(days, 1000);
	CHECK_EQ(late, 1);
	CHECK(strstr(rows, "\n1003 ") == NULL && strstr(rows, "M999/ day 9132: 2 x 60") != NULL);
	day_ceiling = 10;
	CHECK_TEXT(rows_of(LONG, text), "no space\n");
	day_ceiling = 1 << 24;
}

int
main(void)
{
	RUN(numbers);
	RUN(times);
	RUN(times_alike);
	RUN(changing_clocks);
	RUN(long_tables);
	RUN(wide_tables);
	RUN(wide_days_of_other_lengths);
	RUN(wide_plain_and_quoted);
	RUN(registers);
	RUN(mappings);
	RUN(pieces);
	RUN(little_memory);
	return DONE();
}

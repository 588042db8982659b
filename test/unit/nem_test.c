/*
 * nem_test.c - NEM12 and NEM13: what is read, what is refused and why, and
 * that the pieces a file comes in make no difference
 */
#include "check.h"

#include "core/nem.h"

static void *blocks[64];
static int	block_count;

static void *
more(void *context, size_t size)
{
	(void) context;
	if (block_count == 64)
		return NULL;
	return blocks[block_count++] = malloc(size);
}

static void
release(void)
{
	while (block_count > 0)
		free(blocks[--block_count]);
}

/* a line for each row, as short as a test can compare it */
static void
say(char *out, size_t room, const BlNemRow *row)
{
	size_t		n = strlen(out);

	n += (size_t) snprintf(out + n, room - n, "%d:%d", (int) row->line, row->record);
	if (row->channel != NULL && n < room)
		n += (size_t) snprintf(out + n, room - n, " %s/%s", row->channel->nmi, row->channel->suffix);
	if (row->has_profile && n < room)
	{
		int64_t		sum = 0;

		for (int i = 0; i < row->shape.slots; i++)
			sum += row->qualities[i] == BL_MISSING ? 1000000 : row->values[i];
		n += (size_t) snprintf(out + n, room - n, " day %d from %d: %d x %d sum %lld e%d %s %s", row->day,
							   row->shape.start, row->shape.slots, row->shape.slot_minutes, (long long) sum,
							   row->shape.scale, bl_unit_name(row->shape.unit), row->quality->text);
	}
	if (row->events.length > 0 && n < room)
		n += (size_t) snprintf(out + n, room - n, " %.*s", (int) row->events.length, row->events.text);
	if (row->current.known && row->rejected == NULL && n < room)
		n += (size_t) snprintf(out + n, room - n, " index %lld e-%d", (long long) row->current.index.coefficient,
							   row->current.index.scale);
	if (row->rejected != NULL && n < room)
		n += (size_t) snprintf(out + n, room - n, " %s [%.*s]", row->rejected,
							   row->content.length < 12 ? (int) row->content.length : 12, row->content.text);
	if (n < room)
		snprintf(out + n, room - n, "\n");
}

/* all rows of a file that comes in pieces of so many bytes */
static const char *
rows_of(BlNemKind kind, const char *text, size_t size, size_t piece)
{
	static char out[200000];
	static BlNem nem;
	BlArena		arena = {.more = more,.ceiling = 1 << 24};
	BlNemRow	row;
	size_t		given = 0;
	char	   *buffer = NULL;

	out[0] = '\0';
	CHECK(bl_nem_begin(&nem, kind, 600, (BlSlice) {NULL, 0}, &arena));
	for (;;)
	{
		BlTake		take = bl_nem_next(&nem, &row);

		if (take == BL_TAKE_END)
			break;
		CHECK(take != BL_TAKE_NO_SPACE);
		if (take == BL_TAKE_ROW)
		{
			say(out, sizeof out, &row);
			continue;
		}
		{
			/* a new copy of just what is needed, so that the sanitizer sees every step beyond it */
			size_t		left = (size_t) (nem.lines.end - nem.lines.next);
			size_t		n = piece < size - given ? piece : size - given;
			char	   *next = malloc(left + n + 1);

			if (left > 0)
				memcpy(next, nem.lines.next, left);
			memcpy(next + left, text + given, n);
			given += n;
			bl_lines_feed(&nem.lines, next, left + n, given == size);
			free(buffer);
			buffer = next;
		}
	}
	free(buffer);
	release();
	return out;
}

/* "v,v,v,..." */
static const char *
times(int n, const char *value)
{
	static char out[16000];
	size_t		used = 0;

	for (int i = 0; i < n; i++)
		used += (size_t) snprintf(out + used, sizeof out - used, "%s%s", i ? "," : "", value);
	return out;
}

#define HEAD "100,NEM12,200405011135,MDA1,Ret1\n"
#define CHANNEL "200,VABD000163,E1Q1,1,E1,N1,METSER123,kWh,720,\n"

static void
read_day(void)
{
	const char *text = HEAD CHANNEL "300,20040201,1.5,.25,A,,,20040202120025,\n900\n";

	CHECK_TEXT(rows_of(BL_NEM12, text, strlen(text), 1000),
			   "3:300 VABD000163/E1 day 1492 from 2147880: 2 x 720 sum 175 e1 Wh A\n");
}

/* what is refused, each by its reason; the rest of the file is always read */
static void
refused(void)
{
	static const struct
	{
		const char *lines;
		const char *rows;
	}			list[] = {
		{"300,20040201,1,A\n", "3:300 VABD000163/E1 1 of 2 values, for intervals of 720 minutes [300,20040201]\n"},
		{"300,20040201,1,2,3,A\n", "3:300 VABD000163/E1 more than 2 values, for intervals of 720 minutes [300,20040201]\n"},
		{"300,20040201,1,2,3,4,5,6,7,A\n", "3:300 VABD000163/E1 more than 2 values, for intervals of 720 minutes [300,20040201]\n"},
		{"300,20040201,1,2\n", "3:300 VABD000163/E1 the line ends before its quality [300,20040201]\n"},
		{"300,20040201,1\n", "3:300 VABD000163/E1 the line ends after 1 of 2 values [300,20040201]\n"},
		{"300\n", "3:300 VABD000163/E1 day \"\" is no date [300]\n"},
		{"300,20040230,1,2,A\n", "3:300 VABD000163/E1 day \"20040230\" is no date [300,20040230]\n"},
		{"300,20040201,1,x,A\n", "3:300 VABD000163/E1 value 2, \"x\", is no number [300,20040201]\n"},
		{"300,20040201,1,1e3,A\n", "3:300 VABD000163/E1 value 2, \"1e3\", is no number [300,20040201]\n"},
		{"300,20040201,1,1234567890123456789,A\n", "3:300 VABD000163/E1 value 2, \"1234567890123456789\", is no number [300,20040201]\n"},
		{"300,20040201,1,,A\n", "3:300 VABD000163/E1 value 2 is empty, and its quality is not N [300,20040201]\n"},
		{"300,20040201,1,-2,A\n", "3:300 VABD000163/E1 value 2 is below zero [300,20040201]\n"},
		{"300,20040201,1,.0000000001,A\n", "3:300 VABD000163/E1 value 2 has more than 9 decimals [300,20040201]\n"},
		{"300,20040201,.000000000000000001,999999999999999999,A\n", "3:300 VABD000163/E1 values of too many digits [300,20040201]\n"},
		{"300,20040201,1,2,X\n", "3:300 VABD000163/E1 quality \"X\" is none of A, E, F, N, S, V with a method of two digits [300,20040201]\n"},
		{"300,20040201,1,2,A14\n", "3:300 VABD000163/E1 quality \"A14\" is none of A, E, F, N, S, V with a method of two digits [300,20040201]\n"},
		{"300,20040201,1,2,A,,,2004020212002\n", "3:300 VABD000163/E1 the update \"2004020212002\" is no date and time [300,20040201]\n"},
		{"300,20040201,1,2,A,,a\xff,\n", "3:300 VABD000163/E1 the reason is too long, or no UTF-8 text [300,20040201]\n"},
		{"300,20040201,1,2,V\n", "3:300 VABD000163/E1 quality V, but 400 records cover 0 of 2 intervals [300,20040201]\n"},
		{"300,20040201,1,2,V\n400,1,1,A\n", "3:300 VABD000163/E1 quality V, but 400 records cover 1 of 2 intervals [300,20040201]\n"},
		{"300,20040201,1,2,V\n400,2,2,A\n", "4:400 it begins with interval 2 where 1 is next [400,2,2,A]\n"
			"3:300 VABD000163/E1 its 400 record on line 4 is rejected [300,20040201]\n"},
		{"300,20040201,1,2,V\n400,1,2,A\n400,2,2,A\n", "5:400 it begins with interval 2 where 3 is next [400,2,2,A]\n"
			"3:300 VABD000163/E1 its 400 record on line 5 is rejected [300,20040201]\n"},
		{"300,20040201,1,2,V\n400,1,3,A\n", "4:400 \"1\" to \"3\" are no intervals of a day of 2 [400,1,3,A]\n"
			"3:300 VABD000163/E1 its 400 record on line 4 is rejected [300,20040201]\n"},
		{"300,20040201,1,2,V\n400,1,2,V\n", "4:400 quality V is not for single intervals [400,1,2,V]\n"
			"3:300 VABD000163/E1 its 400 record on line 4 is rejected [300,20040201]\n"},
		{"300,20040201,1,2,A\n400,1,2,A\n", "4:400 its 300 record on line 3 has not quality V [400,1,2,A]\n"
			"3:300 VABD000163/E1 its 400 record on line 4 is rejected [300,20040201]\n"},
		{"400,1,2,A\n", "3:400 no 300 record is above it [400,1,2,A]\n"},
		{"200,NMI,,,,,,kWh,30\n300,20040201,1,2,A\n", "3:200 NMI/ suffix \"\" is empty, too long, or no text [200,NMI,,,,,]\n"
			"4:300 NMI/ its 200 record on line 3 is rejected [300,20040201]\n"},
		{"200,NMI,,,E1,,,therm,30\n", "3:200 NMI/E1 unit of measure \"therm\" is not known [200,NMI,,,E1]\n"},
		{"200,NMI,,,E1,,,,30\n", "3:200 NMI/E1 the unit of measure is empty [200,NMI,,,E1]\n"},
		{"200,NMI,,,E1,,,kWh,7\n", "3:200 NMI/E1 intervals of \"7\" minutes do not divide the day [200,NMI,,,E1]\n"},
		{"200,NMI,,,E1,,,kWh,0\n", "3:200 NMI/E1 intervals of \"0\" minutes do not divide the day [200,NMI,,,E1]\n"},
		{"200,NMI,,,E1\n", "3:200 NMI/E1 the unit of measure is empty [200,NMI,,,E1]\n"},
		{"500,O,S01,2004020212002,5\n", "3:500 VABD000163/E1 the moment \"2004020212002\" is no date and time [500,O,S01,20]\n"},
		{"500,O,S01,20040202120025,5x\n", "3:500 VABD000163/E1 the index reading \"5x\" is no number [500,O,S01,20]\n"},
		{"500,O,S01,20040202120025,1234.5\n", "3:500 VABD000163/E1 index 12345 e-1\n"},
		{"500,O,S01,20040202120025,\n", ""},
		{"250,a\n", "3:250 a 250 record belongs to NEM13 [250,a]\n"},
		{"hello\n", "3:-1 it begins with no record number of NEM12 or NEM13 [hello]\n"},
		{"3000,20040201,1,2,A\n", "3:-1 it begins with no record number of NEM12 or NEM13 [3000,2004020]\n"},
		{"100,NEM12,,\n", "3:100 the file before it ends without its 900 record [100,NEM12,,]\n"},
		{"100,NEM13,,\n", "3:100 the file is NEM13 [100,NEM13,,]\n"},
		{"900\n300,20040201,1,2,A\n", "4:300 the record is behind the 900 record [300,20040201]\n"},
		{"900\n" HEAD CHANNEL, ""},
		{"\r\n   \n,\n", "5:-1 it begins with no record number of NEM12 or NEM13 [,]\n"},
	};
	const char *good = "200,VABD000163,E1Q1,1,E1,N1,METSER123,kWh,720,\r\n300,20040205,1,2,A,,,,\r\n900\r\n";
	char		text[2000];
	char		want[2000];

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		int			line = 3;

		for (const char *p = list[i].lines; *p; p++)
			line += *p == '\n';
		snprintf(text, sizeof text, HEAD CHANNEL "%s%s", list[i].lines, strncmp(list[i].lines, "900\n3", 5) == 0 ? "" : good);
		snprintf(want, sizeof want, "%s", list[i].rows);
		if (strncmp(list[i].lines, "900\n3", 5) != 0)
			snprintf(want + strlen(want), sizeof want - strlen(want),
					 "%d:300 VABD000163/E1 day 1496 from 2153640: 2 x 720 sum 3 e3 Wh A\n", line + 1);
		CHECK_TEXT(rows_of(BL_NEM12, text, strlen(text), 1000), want);
	}
}

/* qualities of intervals; nothing recorded needs no value */
static void
qualities(void)
{
	const char *text = HEAD "200,N,E1,1,E1,N1,M,kWh,480,\n300,20040201,1.2,,3,V,,\n400,1,1,F14,76,\n400,2,2,N,,\n"
		"400,3,3,E51,79,\"Gale, \xc3\xa9\"\n300,20040202,1.20,,3,V\n400,1,1,A\n400,2,2,N,,\n400,3,3,S,1,x\n"
		"300,20040203,,,,N\n900";

	CHECK_TEXT(rows_of(BL_NEM12, text, strlen(text), 1000),
			   "6:400 too many fields [400,3,3,E51,]\n"
			   "3:300 N/E1 its 400 record on line 6 is rejected [300,20040201]\n"
			   "7:300 N/E1 day 1493 from 2149320: 3 x 480 sum 1000420 e1 Wh V "
			   "[{\"from\": 1, \"to\": 1, \"quality\": \"A\"}, {\"from\": 2, \"to\": 2, \"quality\": \"N\"}, "
			   "{\"from\": 3, \"to\": 3, \"quality\": \"S\", \"reason_code\": \"1\", \"reason\": \"x\"}]\n"
			   "11:300 N/E1 day 1494 from 2150760: 3 x 480 sum 3000000 e3 Wh N\n");
}

static void
file_as_a_whole(void)
{
	char		text[4000];

	/* no header, no end */
	CHECK_TEXT(rows_of(BL_NEM12, CHANNEL "300,20040201,1,2,A", strlen(CHANNEL) + 18, 1000),
			   "1:0 the file does not begin with a 100 record []\n"
			   "2:300 VABD000163/E1 day 1492 from 2147880: 2 x 720 sum 3 e3 Wh A\n"
			   "2:0 the file ends without its 900 record; it may be cut []\n");
	CHECK_TEXT(rows_of(BL_NEM12, "", 0, 1000), "1:0 the file is empty []\n");
	CHECK_TEXT(rows_of(BL_NEM12, " \n\r\n", 4, 1), "1:0 the file is empty []\n");
	CHECK_TEXT(rows_of(BL_NEM12, "\xff\xfe" "1\0000\0000\000", 8, 1000),
			   "1:0 the file is UTF-16; convert it to UTF-8 []\n");
	CHECK_TEXT(rows_of(BL_NEM12, "\xef\xbb\xbf" HEAD "900\n", strlen(HEAD) + 7, 1000), "");
	/* the same day again */
	snprintf(text, sizeof text, HEAD CHANNEL "300,20040201,1,2,A\n300,20040201,1,2,A\n300,20040201,1,3,A\n"
			 "200,VABD000163,E1Q1,2,Q1,,M,kvarh,720,\n300,20040201,1,2,A\n"
			 "200,VABD000163,E1Q1,1,E1,N1,OTHER,kWh,720,\n300,20040201,1,2,A\n900\n");
	CHECK_TEXT(rows_of(BL_NEM12, text, strlen(text), 1000),
			   "3:300 VABD000163/E1 day 1492 from 2147880: 2 x 720 sum 3 e3 Wh A\n"
			   "4:300 VABD000163/E1 the same day as line 3, again [300,20040201]\n"
			   "5:300 VABD000163/E1 line 3 has other values for this day [300,20040201]\n"
			   "7:300 VABD000163/Q1 day 1492 from 2147880: 2 x 720 sum 3 e3 varh A\n"
			   "9:300 VABD000163/E1 the same day as line 3, again [300,20040201]\n");
	/* 5, 15 and 30 minutes */
	snprintf(text, sizeof text, HEAD "200,N,E1,1,E1,N1,M,MWh,15,\n300,20040201,%s,A\n900\n", times(96, "0.001"));
	CHECK_TEXT(rows_of(BL_NEM12, text, strlen(text), 1000), "3:300 N/E1 day 1492 from 2147880: 96 x 15 sum 96 e3 Wh A\n");
	snprintf(text, sizeof text, HEAD "200,N,E1,1,E1,N1,M,KWH,5,\n300,20040201,%s,A\n900\n", times(288, "12.345"));
	CHECK_TEXT(rows_of(BL_NEM12, text, strlen(text), 1000), "3:300 N/E1 day 1492 from 2147880: 288 x 5 sum 3555360 e0 Wh A\n");
}

/* however the file is cut into pieces, the rows are the same */
static void
pieces(void)
{
	char		text[6000];
	char	   *whole;

	snprintf(text, sizeof text, "\xef\xbb\xbf" HEAD CHANNEL "300,20040201,1,2,V\r\n400,1,1,F14,76,\n400,2,2,A,,\n"
			 "500,O,S01,20040202120025,1234.5\n\n300,2004\n200,N,E1,1,E1,N1,M,kWh,30,\n300,20040201,%s,A\nx\n"
			 "300,20040202,%s,A", times(48, "1.125"), times(48, " 1 "));
	whole = strdup(rows_of(BL_NEM12, text, strlen(text), 10000));
	CHECK(strlen(whole) > 300);
	for (size_t piece = 1; piece < 400; piece += piece < 20 ? 1 : 7)
		CHECK_TEXT(rows_of(BL_NEM12, text, strlen(text), piece), whole);
	free(whole);
}

/* a line without end does not fill the memory, and the one after it is read */
static void
endless_line(void)
{
	size_t		size = 3 << 20;
	char	   *text = malloc(size + 200);
	size_t		n = strlen(HEAD CHANNEL);
	const char *want = "3:-1 the line is longer than 1048576 bytes [300,20040201]\n"
		"4:300 VABD000163/E1 day 1493 from 2149320: 2 x 720 sum 3 e3 Wh A\n";

	memcpy(text, HEAD CHANNEL, n);
	memcpy(text + n, "300,20040201", 12);
	for (size_t i = n + 12; i < size; i += 2)
		memcpy(text + i, ",1", 2);
	size += (size_t) snprintf(text + size, 100, "\n300,20040202,1,2,A\n900\n");
	CHECK_TEXT(rows_of(BL_NEM12, text, size, size), want);
	CHECK_TEXT(rows_of(BL_NEM12, text, size, 100000), want);
	free(text);
}

static void
registers(void)
{
#define HEAD13 "100,NEM13,200401101030,MDA1,Ret1\n"
#define REG "250,VABC005890,11,1,11,11,METSER123,E,006342.8,20031005093055,A,,,007654.9,20040107100333,A,,,1312.1,kWh"
	static const struct
	{
		const char *lines;
		const char *rows;
	}			list[] = {
		{REG ",20040407, 20040108100333,20040108091133\n", "2:250 VABC005890/11 index 76549 e-1\n"},
		{REG "\n550,O,,N,S01\n", "2:250 VABC005890/11 index 76549 e-1\n"},
		{REG "\n" REG "\n", "2:250 VABC005890/11 index 76549 e-1\n"
			"3:250 VABC005890/11 the same readings as line 2, again [250,VABC0058]\n"},
		{"250,V,,1,11,,M,E,1,20031005093055,A,,,2,20031005093055,A,,,1,kWh\n",
			"2:250 V/11 the current reading is not later than the previous [250,V,,1,11,]\n"},
		{"250,V,,1,11,,M,E,1,20031005093055,A,,,2,20031105093055,V,,,1,kWh\n",
			"2:250 V/11 quality V is not for single readings [250,V,,1,11,]\n"},
		{"250,V,,1,11,,M,E,1,20031005093055,A,,,,20031105093055,A,,,1,kWh\n",
			"2:250 V/11 the current reading is empty, and its quality is not N [250,V,,1,11,]\n"},
		{"250,V,,1,11,,M,E,1,,A,,,2,20031105093055,A,,,1,kWh\n",
			"2:250 V/11 the previous reading has no date and time [250,V,,1,11,]\n"},
		{"250,V,,1,11,,M,E,1,20031005093055,A\n", "2:250 V/11 the unit of measure is empty [250,V,,1,11,]\n"},
		{"300,20040201,1\n", "2:300 a 300 record belongs to NEM12 [300,20040201]\n"},
		{"200,a\n", "2:200 a 200 record belongs to NEM12 [200,a]\n"},
	};
	char		text[1000];

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		snprintf(text, sizeof text, HEAD13 "%s900\n", list[i].lines);
		CHECK_TEXT(rows_of(BL_NEM13, text, strlen(text), 50), list[i].rows);
	}
}

static void
units(void)
{
	BlUnit		unit;
	int			scale;

	CHECK(bl_nem_unit((BlSlice) {"KVARH", 5}, &unit, &scale) && unit == BL_VARH && scale == 3);
	CHECK(bl_nem_unit((BlSlice) {"mWh", 3}, &unit, &scale) && unit == BL_WH && scale == 6);
	CHECK(bl_nem_unit((BlSlice) {"pf", 2}, &unit, &scale) && unit == BL_PF && scale == 0);
	CHECK(!bl_nem_unit((BlSlice) {"", 0}, &unit, &scale));
	CHECK(!bl_nem_unit((BlSlice) {"kilowatthour", 12}, &unit, &scale));
}

int
main(void)
{
	RUN(read_day);
	RUN(refused);
	RUN(qualities);
	RUN(file_as_a_whole);
	RUN(pieces);
	RUN(endless_line);
	RUN(registers);
	RUN(units);
	return DONE();
}

/*
 * csv.c - text tables, line by line
 */
#include "csv_cells.h"

#include <limits.h>

#include "nem.h"
#include "utf8.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

void
bl_csv_begin(BlCsv *csv, const BlCsvMap *map, BlMeterDays *days, BlArena *arena)
{
	memset(csv, 0, offsetof(BlCsv, cell));
	csv->map = map;
	csv->days = days;
	csv->arena = arena;
	csv->lines.delimiter = map->delimiter;
	csv->plain_marks = !is_digit(map->delimiter) && !is_digit(map->point);
	for (int i = 0; i < map->nulls; i++)
		csv->empty_is_null |= map->null[i].length == 0;
	csv->clock = (BlWallClock) {.zone = days->zone,.ends = map->ends};
	/* beyond what was cleared: no name yet */
	csv->meter_text.length = csv->channel_text.length = 0;
	csv->meter_text.text[0] = csv->channel_text.text[0] = '\0';
}

void
bl_csv_objects(BlCsv *csv, BlArena *object_arena, void (*release) (void *context))
{
	csv->object_arena = object_arena;
	csv->object_release = release;
	bl_csv_members_plan(csv);
}

/* ------------------------------------------------------------------ lines */

static void
row_clear(BlReadRow *row)
{
	memset(row, 0, sizeof *row);
	row->content = (BlSlice) {"", 0};
}

static bool
name_take(BlCsv *csv, int cell, BlSlice constant, bool needed, const char *what, BlCsvText *out, bool *same)
{
	BlSlice		s = cell < 0 ? constant : csv->cell[cell].text;

	if (s.length == out->length && (s.length == 0 || memcmp(s.text, out->text, s.length) == 0))
	{
		if (s.length > 0 || !needed)
			return true;
		bl_reason(csv->rejected, "the %s is empty", what);
		return false;
	}
	*same = false;
	out->length = 0;
	out->text[0] = '\0';
	/* the day of the line before is of another one */
	memset(csv->day, 0, sizeof csv->day);
	if (s.length == 0)
	{
		if (!needed)
			return true;
		bl_reason(csv->rejected, "the %s is empty", what);
		return false;
	}
	if (bl_slice_copy(s, out->text, BL_CSV_NAME))
	{
		out->length = s.length;
		return true;
	}
	bl_reason(csv->rejected, "the %s is too long, or no UTF-8 text", what);
	return false;
}

static bool
time_take(BlCsv *csv, BlWall *wall)
{
	BlSlice		s = csv->cell[csv->time_cell[0]].text;
	char		joined[200];
	size_t		n = 0;

	if (csv->map->times > 1)
	{
		for (int i = 0; i < csv->map->times; i++)
		{
			BlSlice		part = csv->cell[csv->time_cell[i]].text;

			if (part.length + 1 > sizeof joined - n)
			{
				bl_reason(csv->rejected, "the time is too long");
				return false;
			}
			if (i > 0 && part.length > 0)
				joined[n++] = ' ';
			memcpy(joined + n, part.text, part.length);
			n += part.length;
		}
		s = (BlSlice) {joined, n};
	}
	if (bl_wall_parse_like(&csv->times, s, &csv->map->format, wall))
		return true;
	bl_reason(csv->rejected, "time \"%.*s\" is not of the format, or not of this century's days and whole minutes",
			  (int) (s.length < 40 ? s.length : 40), s.text);
	return false;
}

static bool
unit_take(BlCsv *csv, BlUnit *unit, int *scale)
{
	BlSlice		s;

	*unit = csv->map->unit;
	*scale = csv->map->unit_scale;
	if (csv->unit_cell < 0)
		return true;
	s = csv->cell[csv->unit_cell].text;
	if (bl_unit_parse(s.text, s.length, unit, scale) == BL_OK || bl_nem_unit(s, unit, scale))
		return true;
	bl_reason(csv->rejected, "unit \"%.*s\" is not known", (int) (s.length < 40 ? s.length : 40), s.text);
	return false;
}

static bool
quality_take(BlCsv *csv, BlQuality *quality)
{
	const BlCsvMap *m = csv->map;
	BlSlice		s;

	*quality = BL_ACTUAL;
	if (csv->quality_cell < 0)
		return true;
	s = csv->cell[csv->quality_cell].text;
	for (int i = 0; i < m->codes; i++)
		if (s.length == m->code[i].text.length && memcmp(s.text, m->code[i].text.text, s.length) == 0)
		{
			*quality = m->code[i].quality;
			return true;
		}
	if (m->codes == 0 && bl_quality_parse(s.text, s.length, quality) == BL_OK)
		return true;
	bl_reason(csv->rejected, "quality \"%.*s\" is not known", (int) (s.length < 40 ? s.length : 40), s.text);
	return false;
}

/* what came before this line is this line */
static void
went_by(BlCsv *csv, int32_t start)
{
	csv->before.known = true;
	csv->before.start = start;
}

bool
bl_csv_day_find(BlCsv *csv, int i, const BlMeterDayKey *key, int32_t start)
{
	const BlMeterDay *before = csv->day[i];

	/* mostly that of the line before, which is of the same meter and channel where there is one */
	if (before != NULL && (uint32_t) (start - before->start) < (uint32_t) (before->slots * before->slot_minutes) &&
		before->unit == key->unit && before->unit_scale == key->unit_scale)
		return true;
	csv->day[i] = bl_meterdays_at(csv->days, key, start);
	if (csv->day[i] == NULL)
		memcpy(csv->rejected, csv->days->rejected, sizeof csv->rejected);
	return csv->day[i] != NULL;
}

/* one value or several channels: all of them or none */
static bool
readings_put(BlCsv *csv, BlMeterDayKey *key, int32_t start)
{
	const BlCsvMap *m = csv->map;
	int			place[BL_CSV_CHANNELS];
	BlUnit		unit = key->unit;
	int			scale = key->unit_scale;

	for (int i = 0; i < m->values; i++)
	{
		if (m->values > 1)
			key->channel = m->value[i].channel;
		key->unit = m->value[i].has_unit ? m->value[i].unit : unit;
		key->unit_scale = m->value[i].has_unit ? m->value[i].unit_scale : scale;
		if (!bl_csv_day_find(csv, i, key, start))
			return false;
		place[i] = bl_meterday_free(csv->day[i], start, csv->number[i].decimals);
		if (place[i] < 0)
			place[i] = bl_meterday_place(csv->days, csv->day[i], start, &csv->number[i], csv->grade[i]);
		if (place[i] < 0)
		{
			memcpy(csv->rejected, csv->days->rejected, sizeof csv->rejected);
			return false;
		}
	}
	for (int i = 0; i < m->values; i++)
		bl_meterday_put(csv->day[i], place[i], csv->number[i], csv->grade[i], csv->line.number);
	return true;
}

/* one register of the line, which is held for the others */
static bool
register_take(BlCsv *csv, BlReadRow *row, const BlMeterDayKey *key, int32_t at)
{
	const BlCsvMap *m = csv->map;
	int			i = csv->next_register++;

	csv->held = csv->next_register < m->values;
	if (!csv->held)
		csv->next_register = 0;
	/* a register without a reading was not read */
	if (csv->grade[i] == BL_MISSING)
		return true;
	if (!bl_register_new(csv->days, &csv->seen, csv->arena, key, at, &csv->number[i], csv->rejected))
		return false;
	row_clear(row);
	row->line = csv->line.number;
	row->meter = csv->meter_text.text;
	row->channel = csv->channel_text.text;
	row->has_reading = true;
	row->read_at = at;
	row->reading = csv->number[i];
	if (row->reading.decimals > BL_NUMBER_DIGITS)
		bl_number_trim(&row->reading);
	row->quality = (BlQuality) csv->grade[i];
	row->unit = key->unit;
	row->unit_scale = key->unit_scale;
	return true;
}

static bool
line_take(BlCsv *csv, BlReadRow *row)
{
	const BlCsvMap *m = csv->map;
	bool		same = true;
	BlWall		wall;
	BlQuality	quality;
	BlMeterDayKey	key = {.slot_minutes = m->slot_minutes,.line = csv->line.number};
	int32_t		start;

	csv->named = csv->torn = false;
	if (!(csv->object_arena ? bl_csv_members_take(csv, csv->line.text) : bl_csv_cells_take(csv, csv->line.text)) ||
		!name_take(csv, csv->meter_cell, m->meter_is, true, "meter", &csv->meter_text, &same) ||
		!name_take(csv, csv->channel_cell, m->channel_is, false, "channel", &csv->channel_text, &same))
		return false;
	csv->named = true;
	if (!time_take(csv, &wall) || !unit_take(csv, &key.unit, &key.unit_scale) || !quality_take(csv, &quality))
		return false;
	key.meter = (BlSlice) {csv->meter_text.text, csv->meter_text.length};
	key.channel = (BlSlice) {csv->channel_text.text, csv->channel_text.length};
	for (int i = 0; i < m->values; i++)
	{
		csv->grade[i] = (uint8_t) quality;
		if (!bl_csv_value_take(csv, i, csv->value_cell[i], &csv->number[i], &csv->grade[i]))
			return false;
	}
	if (m->count > 0)
	{
		const BlZone *zone = csv->days->zone;
		int32_t		day = wall.has_offset ? bl_zone_day(zone, wall.minute) :
			(int32_t) bl_floor_div(wall.minute, BL_MINUTES_PER_DAY);
		int32_t		midnight = bl_zone_midnight(zone, day);

		if (!bl_csv_day_take(csv, quality))
			return false;
		if (wall.minute != (wall.has_offset ? midnight : day * BL_MINUTES_PER_DAY))
		{
			bl_reason(csv->rejected, "its time is no midnight, but the line is of a whole day");
			return false;
		}
		return bl_csv_day_put(csv, &key, midnight);
	}
	csv->before.same = same;
	if (!bl_wall_start(&csv->clock, &wall, m->slot_minutes, &csv->before, &start))
	{
		bl_reason(csv->rejected, "the clock never shows its time: it was put forward then");
		return false;
	}
	went_by(csv, start);
	if (!m->registers)
		return readings_put(csv, &key, start);
	if (m->values > 1)
	{
		const BlCsvValue *value = &m->value[csv->next_register];

		key.channel = value->channel;
		if (bl_slice_copy(key.channel, csv->channel_text.text, BL_CSV_NAME))
			csv->channel_text.length = key.channel.length;
		else
			csv->channel_text.length = 0;
		key.unit = value->has_unit ? value->unit : key.unit;
		key.unit_scale = value->has_unit ? value->unit_scale : key.unit_scale;
	}
	return register_take(csv, row, &key, start);
}

/* ------------------------------------------------------------------- rows */

static BlTake
reject(BlCsv *csv, BlReadRow *row)
{
	row_clear(row);
	row->line = csv->line.number;
	if (csv->named)
	{
		row->meter = csv->meter_text.text;
		row->channel = csv->channel_text.text;
	}
	row->rejected = csv->rejected;
	row->content = csv->line.text;
	return BL_TAKE_ROW;
}

/* nothing of the file can be read */
static BlTake
give_up(BlCsv *csv, BlReadRow *row)
{
	csv->lines.next = csv->lines.end;
	csv->lines.last = csv->ended = true;
	csv->named = false;
	return reject(csv, row);
}

static BlTake
day_row(BlCsv *csv, BlReadRow *row)
{
	row_clear(row);
	if (!bl_meterdays_next(csv->days, &row->profile))
	{
		csv->giving = false;
		memset(csv->day, 0, sizeof csv->day);
		return BL_TAKE_END;
	}
	bl_meterdays_row(csv->days, row);
	return BL_TAKE_ROW;
}

static BlTake
give_all(BlCsv *csv)
{
	csv->giving = true;
	bl_meterdays_give(csv->days);
	return BL_TAKE_MORE;
}

/* a quotation that never ends is taken for a line's own: the lines behind it are read */
static void
unquote(BlCsv *csv)
{
	const char *newline = memchr(csv->line.text.text, '\n', csv->line.text.length);

	if (newline == NULL)
		return;
	csv->line.text.length = (size_t) (newline - csv->line.text.text);
	csv->lines.next = newline + 1;
	csv->lines.number = csv->line.number;
	csv->lines.skipping = false;
}

/* BL_TAKE_MORE: on to the next line */
static BlTake
one_line(BlCsv *csv, BlReadRow *row)
{
	if (csv->line.number <= csv->map->skip)
		return BL_TAKE_MORE;
	if (csv->line.number % 1024 == 0)
		bl_arena_poll(csv->arena);
	if (csv->object_arena != NULL && !csv->object)
	{
		csv->header_read = true;
		csv->named = false;
		bl_reason(csv->rejected, csv->line.too_long ? "the object is longer than %d bytes" :
				  "here is no JSON object, or one without its end", BL_LINE_MAX);
		return reject(csv, row);
	}
	if (csv->line.too_long)
	{
		bl_reason(csv->rejected, "the line is longer than %d bytes", BL_LINE_MAX);
		/* without its header a table says nothing */
		return csv->header_read || !csv->map->header ? reject(csv, row) : give_up(csv, row);
	}
	if (!csv->header_read)
	{
		csv->header_read = true;
		if (csv->object_arena == NULL)
		{
			if (!bl_csv_columns_find(csv))
				return give_up(csv, row);
			if (csv->map->header)
				return BL_TAKE_MORE;
		}
	}
	row->has_reading = false;
	if (line_take(csv, row))
		return row->has_reading ? BL_TAKE_ROW : BL_TAKE_MORE;
	if (csv->days->lost || (csv->days->full && csv->days->first == NULL))
		return BL_TAKE_NO_SPACE;
	if (csv->days->full)
	{
		/* once more when the others are out */
		csv->held = true;
		return give_all(csv);
	}
	if (csv->torn)
		unquote(csv);
	return reject(csv, row);
}

BlTake
bl_csv_next(BlCsv *csv, BlReadRow *row)
{
	for (;;)
	{
		BlTake		take;

		if (csv->giving && day_row(csv, row) == BL_TAKE_ROW)
			return BL_TAKE_ROW;
		if (csv->days->lost)
			return BL_TAKE_NO_SPACE;
		if (!csv->held)
		{
			if (!csv->header_read && bl_lines_utf16(&csv->lines))
			{
				csv->line = (BlTextLine) {.text = {"", 0},.number = 1};
				bl_reason(csv->rejected, "the file is UTF-16; convert it to UTF-8");
				csv->header_read = true;
				return give_up(csv, row);
			}
			take = csv->object_arena ? bl_objects_next(&csv->lines, &csv->line, &csv->object) :
				bl_lines_next(&csv->lines, &csv->line);
			if (take == BL_TAKE_MORE)
				return take;
			if (take == BL_TAKE_END)
			{
				if (!csv->header_read && !csv->ended)
				{
					csv->line = (BlTextLine) {.text = {"", 0},.number = csv->lines.number + 1};
					bl_reason(csv->rejected, "the file is empty");
					return give_up(csv, row);
				}
				csv->ended = true;
				if (csv->days->first == NULL)
					return BL_TAKE_END;
				(void) give_all(csv);
				continue;
			}
		}
		csv->held = false;
		take = one_line(csv, row);
		if (take != BL_TAKE_MORE)
			return take;
	}
}

/*
 * csv.c - text tables, line by line
 */
#include "csv.h"

#include <limits.h>

#include "nem.h"
#include "utf8.h"

void
bl_csv_begin(BlCsv *csv, const BlCsvMap *map, BlMeterDays *days, BlArena *arena)
{
	memset(csv, 0, offsetof(BlCsv, cell));
	csv->map = map;
	csv->days = days;
	csv->arena = arena;
	csv->lines.delimiter = map->delimiter;
	csv->clock = (BlWallClock) {.zone = days->zone,.ends = map->ends};
}

/* ---------------------------------------------------------------- numbers */

/* at most 400 times ten: more cannot be told from zero or is out of range */
static bool
exponent_parse(const char *p, const char *end, int *exponent)
{
	bool		minus = p < end && *p == '-';
	int			v = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end || end - p > 3)
		return false;
	for (; p < end; p++)
	{
		if (*p < '0' || *p > '9')
			return false;
		v = v * 10 + (*p - '0');
	}
	*exponent = minus ? -v : v;
	return true;
}

bool
bl_number_general(BlSlice s, char point, char group, BlNumber *number)
{
	const char *p = s.text;
	const char *end = p + s.length;
	bool		minus = p < end && *p == '-';
	bool		fraction = false;
	bool		any = false;
	int			digits = 0;
	int			exponent = 0;

	*number = (BlNumber) {0, 0};
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	for (; p < end; p++)
	{
		if (*p >= '0' && *p <= '9')
		{
			any = true;
			if (digits == 0 && *p == '0')
			{
				number->decimals += fraction;
				continue;
			}
			if (++digits > BL_NUMBER_DIGITS)
				return false;
			number->mantissa = number->mantissa * 10 + (*p - '0');
			number->decimals += fraction;
		}
		else if (*p == point && !fraction)
			fraction = true;
		else if (*p == group && group != '\0' && any && !fraction && p + 1 < end)
			continue;
		else if ((*p == 'e' || *p == 'E') && any)
		{
			if (!exponent_parse(p + 1, end, &exponent))
				return false;
			break;
		}
		else
			return false;
	}
	if (minus)
		number->mantissa = -number->mantissa;
	if (number->mantissa == 0)
		exponent = number->decimals = 0;
	for (number->decimals -= exponent; number->decimals < 0; number->decimals++)
		if (__builtin_mul_overflow(number->mantissa, 10, &number->mantissa))
			return false;
	return any && number->decimals <= UINT8_MAX;
}

/* ------------------------------------------------------------------ cells */

/* the cell at p; what lies behind it is *p: the delimiter or the end.  false: quotes that do not match */
static bool
cell_take(BlCsv *csv, const char **at, const char *end, BlSlice *cell)
{
	const char *p = *at;
	const char *delimiter;
	bool		doubled = false;
	const char *begin;

	while (p < end && *p == ' ')
		p++;
	if (p == end || *p != '"')
	{
		delimiter = memchr(p, csv->map->delimiter, (size_t) (end - p));
		*at = delimiter ? delimiter : end;
		*cell = bl_trimmed((BlSlice) {p, (size_t) (*at - p)});
		return true;
	}
	begin = ++p;
	for (;;)
	{
		p = memchr(p, '"', (size_t) (end - p));
		if (p == NULL)
			return false;
		if (p + 1 == end || p[1] != '"')
			break;
		doubled = true;
		p += 2;
	}
	*cell = (BlSlice) {begin, (size_t) (p - begin)};
	for (p++; p < end && *p == ' ';)
		p++;
	*at = p;
	if (p < end && *p != csv->map->delimiter)
		return false;
	if (doubled)
	{
		char	   *out = csv->scratch + csv->scratch_used;
		size_t		n = 0;

		if (cell->length > sizeof csv->scratch - csv->scratch_used)
			return false;
		for (size_t i = 0; i < cell->length; i++)
		{
			out[n++] = cell->text[i];
			i += cell->text[i] == '"';
		}
		csv->scratch_used += n;
		*cell = (BlSlice) {out, n};
	}
	*cell = bl_trimmed(*cell);
	return true;
}

/* the wanted cells of a line; false: csv->rejected */
static bool
cells_take(BlCsv *csv, BlSlice line)
{
	const char *p = line.text;
	const char *end = p + line.length;
	int			k = 0;

	csv->scratch_used = 0;
	for (int column = 0;; column++)
	{
		BlSlice		cell;

		if (!cell_take(csv, &p, end, &cell))
		{
			bl_reason(csv->rejected, "quotes of column %d do not match", column + 1);
			csv->torn = true;
			return false;
		}
		for (; k < csv->cells && csv->cell[k].column == column; k++)
			csv->cell[k].text = cell;
		if (k == csv->cells)
			return true;
		if (p == end)
		{
			bl_reason(csv->rejected, "it has %d columns, but at least %d are needed", column + 1,
					  csv->cell[csv->cells - 1].column + 1);
			return false;
		}
		p++;
	}
}

/* --------------------------------------------------------------- members */

/* a member by its name; "a.b" is b of a where there is no member of that name */
static const BlJson *
member_find(const BlJson *object, BlSlice name)
{
	for (const BlJson *c = object->type == BL_JSON_OBJECT ? object->first : NULL; c; c = c->next)
	{
		const BlJson *inner;

		if (c->key_length == name.length && memcmp(c->key, name.text, name.length) == 0)
			return c;
		if (c->key_length < name.length && name.text[c->key_length] == '.' &&
			memcmp(c->key, name.text, c->key_length) == 0)
		{
			inner = member_find(c, (BlSlice) {name.text + c->key_length + 1, name.length - c->key_length - 1});
			if (inner != NULL)
				return inner;
		}
	}
	return NULL;
}

static bool
member_text(BlCsv *csv, const BlJson *member, BlSlice name, BlSlice *text)
{
	*text = (BlSlice) {"", 0};
	if (member == NULL || member->type == BL_JSON_NULL)
		return true;
	if (member->type == BL_JSON_STRING || member->type == BL_JSON_NUMBER)
	{
		*text = bl_trimmed((BlSlice) {member->text, member->length});
		return true;
	}
	bl_reason(csv->rejected, "member \"%.*s\" is neither text nor number",
			  (int) (name.length < 60 ? name.length : 60), name.text);
	return false;
}

/* the wanted members of an object; false: csv->rejected */
static bool
members_take(BlCsv *csv, BlSlice line)
{
	const BlCsvMap *m = csv->map;
	BlProblem	problem = {0};
	BlJson	   *object;
	const BlJson *list = NULL;
	int			singles = csv->cells - m->count;

	csv->object_release(csv->object_arena->context);
	csv->object_arena->asked = csv->object_arena->left = 0;
	csv->object_arena->next = NULL;
	if (bl_json_parse(line.text, line.length, csv->object_arena, &object, &problem) != BL_OK)
	{
		bl_reason(csv->rejected, "%s. %s", problem.message, problem.detail);
		return false;
	}
	for (int i = 0; i < singles; i++)
		if (!member_text(csv, member_find(object, csv->cell[i].member), csv->cell[i].member, &csv->cell[i].text))
			return false;
	if (m->count == 0)
		return true;
	list = member_find(object, m->first.name);
	if (list == NULL || list->type != BL_JSON_ARRAY || list->count > m->count)
	{
		bl_reason(csv->rejected, "member \"%.*s\" is no list of at most %d values",
				  (int) (m->first.name.length < 60 ? m->first.name.length : 60), m->first.name.text, m->count);
		return false;
	}
	list = list->first;
	for (int i = singles; i < csv->cells; i++)
	{
		if (!member_text(csv, list, m->first.name, &csv->cell[i].text))
			return false;
		list = list ? list->next : NULL;
	}
	return true;
}

/* which members are wanted: single ones, then the list's */
static void
members_plan(BlCsv *csv)
{
	const BlCsvMap *m = csv->map;

#define WANT(given_column, place) \
	do { \
		(place) = -1; \
		if ((given_column).given) \
		{ \
			(place) = csv->cells; \
			csv->cell[csv->cells].column = csv->cells; \
			csv->cell[csv->cells++].member = (given_column).name; \
		} \
	} while (0)

	csv->cells = 0;
	WANT(m->meter, csv->meter_cell);
	WANT(m->channel, csv->channel_cell);
	WANT(m->unit_column, csv->unit_cell);
	WANT(m->quality, csv->quality_cell);
	for (int i = 0; i < m->times; i++)
		WANT(m->time[i], csv->time_cell[i]);
	for (int i = 0; i < m->values; i++)
		WANT(m->value[i].column, csv->value_cell[i]);
	csv->first_cell = csv->cells;
	for (int i = 0; i < m->count; i++, csv->cells++)
		csv->cell[csv->cells].column = i;
#undef WANT
}

void
bl_csv_objects(BlCsv *csv, BlArena *object_arena, void (*release) (void *context))
{
	csv->object_arena = object_arena;
	csv->object_release = release;
	members_plan(csv);
}

/* ----------------------------------------------------------------- header */

static bool
column_find(BlCsv *csv, const BlCsvColumn *wanted, int *found)
{
	const char *p = csv->line.text.text;
	const char *end = p + csv->line.text.length;

	*found = wanted->found;
	if (wanted->name.length == 0)
		return true;
	*found = -1;
	csv->scratch_used = 0;
	for (int column = 0;; column++, p++)
	{
		BlSlice		cell;

		if (!cell_take(csv, &p, end, &cell))
		{
			bl_reason(csv->rejected, "the quotes of the header do not match");
			return false;
		}
		if (cell.length == wanted->name.length && memcmp(cell.text, wanted->name.text, cell.length) == 0)
		{
			if (*found >= 0)
			{
				bl_reason(csv->rejected, "the header has column \"%.*s\" twice", (int) cell.length, cell.text);
				return false;
			}
			*found = column;
		}
		if (p == end)
			break;
	}
	if (*found < 0)
		bl_reason(csv->rejected, "the header has no column \"%.*s\"",
				  (int) (wanted->name.length < 100 ? wanted->name.length : 100), wanted->name.text);
	return *found >= 0;
}

typedef struct Wanted
{
	int			column;
	int		   *place;
} Wanted;

static bool
want(BlCsv *csv, Wanted *wanted, int *n, const BlCsvColumn *column, int *place)
{
	*place = -1;
	if (!column->given)
		return true;
	wanted[*n].place = place;
	return column_find(csv, column, &wanted[(*n)++].column);
}

/* which columns are wanted, by the header where there is one */
static bool
columns_find(BlCsv *csv)
{
	const BlCsvMap *m = csv->map;
	Wanted		wanted[8 + BL_CSV_TIMES + BL_CSV_CHANNELS];
	int			n = 0;
	int			first = 0;

	if (!want(csv, wanted, &n, &m->meter, &csv->meter_cell) ||
		!want(csv, wanted, &n, &m->channel, &csv->channel_cell) ||
		!want(csv, wanted, &n, &m->unit_column, &csv->unit_cell) ||
		!want(csv, wanted, &n, &m->quality, &csv->quality_cell))
		return false;
	for (int i = 0; i < m->times; i++)
		if (!want(csv, wanted, &n, &m->time[i], &csv->time_cell[i]))
			return false;
	for (int i = 0; i < m->values; i++)
		if (!want(csv, wanted, &n, &m->value[i].column, &csv->value_cell[i]))
			return false;
	if (m->count > 0 && !column_find(csv, &m->first, &first))
		return false;
	/* by rising column: those of single cells, and the row of a day's values among them */
	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && wanted[j].column < wanted[j - 1].column; j--)
		{
			Wanted		other = wanted[j];

			wanted[j] = wanted[j - 1];
			wanted[j - 1] = other;
		}
	csv->cells = 0;
	for (int i = 0, slot = 0; i < n || slot < m->count;)
	{
		if (slot == m->count || (i < n && wanted[i].column <= first + slot))
		{
			*wanted[i].place = csv->cells;
			csv->cell[csv->cells++].column = wanted[i++].column;
		}
		else
			csv->cell[csv->cells++].column = first + slot++;
	}
	/* a single cell among the values would tear them apart */
	csv->first_cell = 0;
	while (m->count > 0 && csv->cell[csv->first_cell].column != first)
		csv->first_cell++;
	for (int i = 0; i < n; i++)
		if (m->count > 0 && wanted[i].column >= first && wanted[i].column < first + m->count)
		{
			bl_reason(csv->rejected, "column %d is wanted twice: the values of a day begin at %d", wanted[i].column + 1, first + 1);
			return false;
		}
	return true;
}

/* ------------------------------------------------------------------ lines */

static bool
name_take(BlCsv *csv, int cell, BlSlice constant, bool needed, const char *what, char *out, bool *same)
{
	BlSlice		s = cell < 0 ? constant : csv->cell[cell].text;

	if (s.length == strlen(out) && s.length > 0 && memcmp(s.text, out, s.length) == 0)
		return true;
	*same = *same && s.length == 0 && out[0] == '\0';
	if (s.length == 0)
	{
		out[0] = '\0';
		if (!needed)
			return true;
		bl_reason(csv->rejected, "the %s is empty", what);
		return false;
	}
	if (bl_slice_copy(s, out, BL_CSV_NAME))
		return true;
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
	if (bl_wall_parse(s, &csv->map->format, wall))
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

static bool
is_null(const BlCsvMap *m, BlSlice s)
{
	for (int i = 0; i < m->nulls; i++)
		if (s.length == m->null[i].length && memcmp(s.text, m->null[i].text, s.length) == 0)
			return true;
	return false;
}

/* number[i] and grade[i] from a cell */
static bool
value_take(BlCsv *csv, int i, int cell, BlQuality quality)
{
	const BlCsvMap *m = csv->map;
	BlSlice		s = csv->cell[cell].text;
	BlNumber   *number = &csv->number[i];

	csv->grade[i] = (uint8_t) quality;
	if (bl_number_parse(s, m->point, number) || bl_number_general(s, m->point, m->group, number))
	{
		if (m->decimals >= 0)
			bl_number_round(number, m->decimals);
		return true;
	}
	*number = (BlNumber) {0, 0};
	csv->grade[i] = BL_MISSING;
	if (is_null(m, s))
		return true;
	bl_reason(csv->rejected, "value \"%.*s\" of %s %d is no number of at most %d digits",
			  (int) (s.length < 40 ? s.length : 40), s.text, csv->object_arena ? "place" : "column",
			  (csv->object_arena ? i : csv->cell[cell].column) + 1, BL_NUMBER_DIGITS);
	return false;
}

/* what came before this line is this line */
static void
went_by(BlCsv *csv, int32_t start)
{
	csv->before.known = true;
	csv->before.start = start;
}

/* the day for a reading; false: csv->rejected, or days->full */
static bool
day_find(BlCsv *csv, int i, const BlMeterDayKey *key, int32_t start)
{
	if (csv->day[i] != NULL && bl_meterday_is(csv->day[i], key, start))
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
		if (!day_find(csv, i, key, start))
			return false;
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

/* the column, from 0 on, of a slot of a day by the clock; -1: its hour comes the second time */
static int
wall_column(const BlZone *zone, const BlMeterDay *day, int slot)
{
	int32_t		at = day->start + slot * day->slot_minutes;
	int32_t		wall = at + bl_zone_offset(zone, at);

	if (bl_zone_offset(zone, at) < bl_zone_offset(zone, day->start))
		for (int32_t earlier = day->start; earlier < at; earlier += day->slot_minutes)
			if (earlier + bl_zone_offset(zone, earlier) == wall)
				return -1;
	return (wall - day->day * BL_MINUTES_PER_DAY) / day->slot_minutes;
}

/* a day of values: all of them or none */
static bool
row_put(BlCsv *csv, const BlMeterDayKey *key, int32_t midnight)
{
	const BlCsvMap *m = csv->map;
	BlMeterDay	   *day;
	int16_t		from[BL_CSV_SLOTS];
	bool		used[BL_CSV_SLOTS] = {false};
	BlNumber	none = {0, 0};

	if (!day_find(csv, 0, key, midnight))
		return false;
	day = csv->day[0];
	if (!m->wall && day->slots > m->count)
	{
		bl_reason(csv->rejected, "its day has %d slots, but there are columns for %d", day->slots, m->count);
		return false;
	}
	for (int i = 0; i < day->slots; i++)
	{
		int			c = m->wall ? wall_column(csv->days->zone, day, i) : i;

		from[i] = (int16_t) (c < m->count ? c : -1);
		if (from[i] >= 0)
			used[c] = true;
		if (bl_meterday_place(csv->days, day, midnight + i * day->slot_minutes,
						 from[i] >= 0 ? &csv->number[c] : &none, from[i] >= 0 ? csv->grade[c] : BL_MISSING) < 0)
		{
			memcpy(csv->rejected, csv->days->rejected, sizeof csv->rejected);
			return false;
		}
	}
	for (int c = 0; c < m->count; c++)
		if (!used[c] && csv->grade[c] != BL_MISSING && csv->number[c].mantissa != 0)
		{
			bl_reason(csv->rejected, "%s %d has a value, but its day of %d slots has no time for it",
					  csv->object_arena ? "place" : "column", csv->cell[csv->first_cell + c].column + 1, day->slots);
			return false;
		}
	for (int i = 0; i < day->slots; i++)
		if (from[i] >= 0)
			bl_meterday_put(day, i, csv->number[from[i]], csv->grade[from[i]], csv->line.number);
		else
			bl_meterday_put(day, i, none, BL_MISSING, csv->line.number);
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
	row->meter = csv->meter_text;
	row->channel = csv->channel_text;
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
	if (!(csv->object_arena ? members_take(csv, csv->line.text) : cells_take(csv, csv->line.text)) ||
		!name_take(csv, csv->meter_cell, m->meter_is, true, "meter", csv->meter_text, &same) ||
		!name_take(csv, csv->channel_cell, m->channel_is, false, "channel", csv->channel_text, &same))
		return false;
	csv->named = true;
	if (!time_take(csv, &wall) || !unit_take(csv, &key.unit, &key.unit_scale) || !quality_take(csv, &quality))
		return false;
	key.meter = (BlSlice) {csv->meter_text, strlen(csv->meter_text)};
	key.channel = (BlSlice) {csv->channel_text, strlen(csv->channel_text)};
	for (int i = 0; i < m->values; i++)
		if (!value_take(csv, i, csv->value_cell[i], quality))
			return false;
	for (int i = 0; i < m->count; i++)
		if (!value_take(csv, i, csv->first_cell + i, quality))
			return false;
	if (m->count > 0)
	{
		const BlZone *zone = csv->days->zone;
		int32_t		day = wall.has_offset ? bl_zone_day(zone, wall.minute) :
			(int32_t) bl_floor_div(wall.minute, BL_MINUTES_PER_DAY);
		int32_t		midnight = bl_zone_midnight(zone, day);

		if (wall.minute != (wall.has_offset ? midnight : day * BL_MINUTES_PER_DAY))
		{
			bl_reason(csv->rejected, "its time is no midnight, but the line is of a whole day");
			return false;
		}
		return row_put(csv, &key, midnight);
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
		(void) bl_slice_copy(key.channel, csv->channel_text, sizeof csv->channel_text);
		key.unit = value->has_unit ? value->unit : key.unit;
		key.unit_scale = value->has_unit ? value->unit_scale : key.unit_scale;
	}
	return register_take(csv, row, &key, start);
}

/* ------------------------------------------------------------------- rows */

static void
row_clear(BlReadRow *row)
{
	memset(row, 0, sizeof *row);
	row->content = (BlSlice) {"", 0};
}

static BlTake
reject(BlCsv *csv, BlReadRow *row)
{
	row_clear(row);
	row->line = csv->line.number;
	if (csv->named)
	{
		row->meter = csv->meter_text;
		row->channel = csv->channel_text;
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
		return csv->header_read ? reject(csv, row) : give_up(csv, row);
	}
	if (!csv->header_read)
	{
		csv->header_read = true;
		if (csv->object_arena == NULL)
		{
			if (!columns_find(csv))
				return give_up(csv, row);
			if (csv->map->header)
				return BL_TAKE_MORE;
		}
	}
	row_clear(row);
	row->line = csv->line.number;
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

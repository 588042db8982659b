/*
 * csv_map.c - the mapping of a text table: JSON -> BlCsvMap
 */
#include "csv.h"

#include <stdarg.h>
#include <stdio.h>

#include "nem.h"

typedef struct Reading
{
	BlCsvMap   *map;
	BlProblem  *problem;
	bool		members;		/* of objects, not columns */
	bool		bad;
} Reading;

/* the first thing that is wrong is what is said */
static void __attribute__((format(printf, 4, 5)))
refuse(Reading *r, const BlJson *at, const char *hint, const char *message,...)
{
	char		path[BL_JSON_PATH] = "$";
	char		text[160];
	va_list		args;

	if (r->bad)
		return;
	r->bad = true;
	if (at != NULL)
		bl_json_path(at, path);
	va_start(args, message);
	vsnprintf(text, sizeof text, message, args);
	va_end(args);
	bl_problem(r->problem, BL_BAD_VALUE, "mapping: %s", text);
	bl_problem_detail(r->problem, "At %s.", path);
	if (hint != NULL)
		bl_problem_hint(r->problem, "%s", hint);
}

static BlSlice
text_of(Reading *r, BlJson *json)
{
	BlSlice		s = {json->text, json->length};

	if (json->type != BL_JSON_STRING)
	{
		refuse(r, json, NULL, "it should be a text");
		return (BlSlice) {"", 0};
	}
	return s;
}

static BlSlice
text_member(Reading *r, BlJson *json, const char *key)
{
	BlJson	   *member = bl_json_member(json, key);

	return member ? text_of(r, member) : (BlSlice) {NULL, 0};
}

static bool
flag_member(Reading *r, BlJson *json, const char *key, bool otherwise)
{
	BlJson	   *member = bl_json_member(json, key);

	if (member == NULL)
		return otherwise;
	if (member->type != BL_JSON_TRUE && member->type != BL_JSON_FALSE)
		refuse(r, member, NULL, "it should be true or false");
	return member->type == BL_JSON_TRUE;
}

static int
whole_of(Reading *r, BlJson *json, int least, int most)
{
	BlDec		value;

	if (json->type == BL_JSON_NUMBER && bl_json_decimal(json, 0, &value) == BL_OK &&
		value.coefficient >= least && value.coefficient <= most)
		return (int) value.coefficient;
	refuse(r, json, NULL, "it should be a whole number from %d to %d", least, most);
	return least;
}

static int
whole_member(Reading *r, BlJson *json, const char *key, int least, int most, int otherwise)
{
	BlJson	   *member = bl_json_member(json, key);

	return member ? whole_of(r, member, least, most) : otherwise;
}

/* one character of ASCII; otherwise where it is absent */
static char
sign_member(Reading *r, BlJson *json, const char *key, char otherwise)
{
	BlJson	   *member = bl_json_member(json, key);
	BlSlice		s;

	if (member == NULL)
		return otherwise;
	s = text_of(r, member);
	if (s.length != 1 || (unsigned char) s.text[0] > 126 || s.text[0] == '"' || s.text[0] == '\n' || s.text[0] == '\0')
	{
		refuse(r, member, NULL, "it should be one character");
		return otherwise;
	}
	return s.text[0];
}

static void
column_of(Reading *r, BlJson *json, BlCsvColumn *column)
{
	column->given = true;
	if (r->members && (json->type != BL_JSON_STRING || json->length == 0))
		refuse(r, json, NULL, "it should be the name of a member");
	else if (json->type == BL_JSON_NUMBER)
		column->found = whole_of(r, json, 1, 100000) - 1;
	else if (json->type != BL_JSON_STRING || json->length == 0)
		refuse(r, json, NULL, "a column is a name in the header, or a number from 1 on");
	else if (!r->map->header)
		refuse(r, json, "Give the number of the column.", "a table without a header has no names of columns");
	else
		column->name = (BlSlice) {json->text, json->length};
}

static bool
column_member(Reading *r, BlJson *json, const char *key, BlCsvColumn *column)
{
	BlJson	   *member = bl_json_member(json, key);

	if (member != NULL)
		column_of(r, member, column);
	return member != NULL;
}

static bool
unit_member(Reading *r, BlJson *json, BlUnit *unit, int *scale)
{
	BlJson	   *member = bl_json_member(json, "unit");
	BlSlice		s;

	if (member == NULL)
		return false;
	s = text_of(r, member);
	if (bl_unit_parse(s.text, s.length, unit, scale) != BL_OK && !bl_nem_unit(s, unit, scale))
		refuse(r, member, "Units are Wh, varh, VAh, W, var, VA, V, A, Hz with prefixes such as kWh, and PF and degC.",
			   "the unit is not known");
	return true;
}

static void
texts_member(Reading *r, BlJson *json)
{
	BlCsvMap   *m = r->map;
	BlJson	   *nulls = bl_json_member(json, "nulls");
	BlJson	   *qualities = bl_json_member(json, "qualities");

	m->null[0] = (BlSlice) {"", 0};
	m->nulls = 1;
	if (nulls != NULL)
	{
		m->nulls = 0;
		if (nulls->type != BL_JSON_ARRAY || nulls->count > BL_CSV_CODES)
			refuse(r, nulls, NULL, "it should be a list of at most %d texts", BL_CSV_CODES);
		for (BlJson *c = r->bad ? NULL : nulls->first; c; c = c->next)
			m->null[m->nulls++] = text_of(r, c);
	}
	if (qualities == NULL)
		return;
	if (qualities->type != BL_JSON_OBJECT || qualities->count > BL_CSV_CODES)
		refuse(r, qualities, NULL, "it should be an object of at most %d texts and qualities", BL_CSV_CODES);
	for (BlJson *c = r->bad ? NULL : qualities->first; c; c = c->next)
	{
		BlCsvCode  *code = &m->code[m->codes++];
		BlSlice		s = text_of(r, c);

		c->seen = true;
		code->text = (BlSlice) {c->key, c->key_length};
		if (bl_quality_parse(s.text, s.length, &code->quality) != BL_OK)
			refuse(r, c, "Qualities are actual, estimated, substituted, corrected, suspect and missing.",
				   "the quality is not known");
	}
}

static void
time_members(Reading *r, BlJson *json)
{
	BlCsvMap   *m = r->map;
	BlJson	   *time = bl_json_member(json, "time");
	BlJson	   *is = bl_json_member(json, "time_is");
	BlSlice		format = text_member(r, json, "time_format");

	if (time == NULL)
		refuse(r, json, "Name the column of the time.", "time is missing");
	else if (time->type != BL_JSON_ARRAY)
		column_of(r, time, &m->time[m->times++]);
	else if (time->count < 1 || time->count > BL_CSV_TIMES)
		refuse(r, time, NULL, "it should be a list of at most %d columns", BL_CSV_TIMES);
	else
		for (BlJson *c = time->first; c; c = c->next)
			column_of(r, c, &m->time[m->times++]);
	if (format.text != NULL && !bl_time_format(format, &m->format))
		refuse(r, bl_json_member(json, "time_format"),
			   "Words are YYYY YY MM MON DD HH24 HH12 MI SS AM OF EPOCH EPOCHMS.", "the format is not known");
	m->zone = text_member(r, json, "time_zone");
	if (m->zone.text == NULL)
		refuse(r, json, "Give a name such as Europe/Berlin, or an offset such as +08:00.", "time_zone is missing");
	if (is != NULL && !bl_json_is(is, "start") && !bl_json_is(is, "end"))
		refuse(r, is, NULL, "it should be \"start\" or \"end\"");
	m->ends = is != NULL && bl_json_is(is, "end");
}

static void
several_values(Reading *r, BlJson *list)
{
	BlCsvMap   *m = r->map;

	if (list->type != BL_JSON_ARRAY || list->count < 1 || list->count > BL_CSV_CHANNELS)
	{
		refuse(r, list, NULL, "it should be a list of at most %d columns", BL_CSV_CHANNELS);
		return;
	}
	for (BlJson *c = list->first; c; c = c->next)
	{
		BlCsvValue *value = &m->value[m->values++];

		if (c->type != BL_JSON_OBJECT || !column_member(r, c, "column", &value->column))
			refuse(r, c, "Write {\"column\": \"kWh\", \"channel\": \"import\"}.", "a value has its column");
		value->channel = text_member(r, c, "channel");
		value->has_unit = unit_member(r, c, &value->unit, &value->unit_scale);
		if (value->channel.text == NULL || value->channel.length == 0 || value->channel.length >= BL_CSV_NAME)
			refuse(r, c, NULL, "each of several values has its channel");
		for (int i = 0; i + 1 < m->values; i++)
			if (m->value[i].channel.length == value->channel.length && value->channel.text != NULL &&
				memcmp(m->value[i].channel.text, value->channel.text, value->channel.length) == 0)
				refuse(r, c, NULL, "two values have one channel");
	}
}

static void
value_members(Reading *r, BlJson *json)
{
	BlCsvMap   *m = r->map;
	BlJson	   *value = bl_json_member(json, "value");
	BlJson	   *values = bl_json_member(json, "values");
	BlJson	   *columns = bl_json_member(json, "columns");

	if ((value != NULL) + (values != NULL) + (columns != NULL) != 1)
		refuse(r, json, "Use value for one column, values for several channels, columns for a day a line.",
			   "one of value, values and columns must be given");
	else if (value != NULL)
		column_of(r, value, &m->value[m->values++].column);
	else if (values != NULL)
		several_values(r, values);
	else if (columns->type != BL_JSON_OBJECT || !column_member(r, columns, "first", &m->first))
		refuse(r, columns, "Write {\"first\": \"00:00\", \"count\": 96}.", "the columns of a day have their first");
	else
	{
		m->count = whole_member(r, columns, "count", 1, BL_CSV_SLOTS, 0);
		m->wall = flag_member(r, columns, "wall_clock", false);
		if (m->count == 0)
			refuse(r, columns, NULL, "count is missing");
	}
}

static void
slot_members(Reading *r, BlJson *json)
{
	BlCsvMap   *m = r->map;

	m->registers = flag_member(r, json, "register", false);
	m->slot_minutes = whole_member(r, json, "slot_minutes", 1, BL_MINUTES_PER_DAY, 0);
	if (m->slot_minutes == 0 && m->count > 0 && BL_MINUTES_PER_DAY % m->count == 0)
		m->slot_minutes = BL_MINUTES_PER_DAY / m->count;
	if (m->registers)
	{
		if (m->slot_minutes > 0 || m->count > 0 || m->ends)
			refuse(r, json, NULL, "registers have moments, no slots");
	}
	else if (m->slot_minutes == 0)
		refuse(r, json, "Give the minutes of a slot, or \"register\": true for what registers show.",
			   "slot_minutes is missing");
	else if (BL_MINUTES_PER_DAY % m->slot_minutes != 0)
		refuse(r, bl_json_member(json, "slot_minutes"), NULL, "slots must divide the day");
	if (m->count > 0 && m->ends)
		refuse(r, json, NULL, "a line of a whole day has no time_is");
}

static void
unit_members(Reading *r, BlJson *json)
{
	BlCsvMap   *m = r->map;
	bool		all = m->values > 0 && m->value[0].has_unit;

	m->has_unit = unit_member(r, json, &m->unit, &m->unit_scale);
	column_member(r, json, "unit_column", &m->unit_column);
	for (int i = 0; i < m->values; i++)
		all = all && m->value[i].has_unit;
	if (m->has_unit + m->unit_column.given + all < 1)
		refuse(r, json, "Give unit, or unit_column.", "the unit is missing");
	if (m->has_unit && m->unit_column.given)
		refuse(r, json, NULL, "unit and unit_column are both given");
}

BlStatus
bl_csv_map(BlJson *json, bool members, BlCsvMap *m, BlProblem *problem)
{
	Reading		r = {m, problem, members, false};
	BlJson	   *unseen;

	memset(m, 0, sizeof *m);
	if (json->type != BL_JSON_OBJECT)
	{
		refuse(&r, json, NULL, "it should be an object");
		return BL_BAD_VALUE;
	}
	json->seen = true;
	m->header = members || flag_member(&r, json, "header", true);
	m->delimiter = members ? '\0' : sign_member(&r, json, "delimiter", ',');
	m->skip = members ? 0 : whole_member(&r, json, "skip", 0, 100000, 0);
	column_member(&r, json, "meter", &m->meter);
	m->meter_is = text_member(&r, json, "meter_is");
	column_member(&r, json, "channel", &m->channel);
	m->channel_is = text_member(&r, json, "channel_is");
	time_members(&r, json);
	value_members(&r, json);
	slot_members(&r, json);
	unit_members(&r, json);
	column_member(&r, json, "quality", &m->quality);
	texts_member(&r, json);
	m->point = sign_member(&r, json, "decimal_mark", '.');
	m->group = sign_member(&r, json, "group_mark", '\0');
	m->decimals = whole_member(&r, json, "decimals", 0, BL_NUMBER_DIGITS, -1);
	if (m->meter.given + (m->meter_is.text != NULL) != 1)
		refuse(&r, json, "Name the column of the meter, or give meter_is.", "one of meter and meter_is must be given");
	if (m->channel.given && m->channel_is.text != NULL)
		refuse(&r, json, NULL, "channel and channel_is are both given");
	if (m->values > 1 && (m->channel.given || m->channel_is.text != NULL))
		refuse(&r, json, NULL, "several values have channels of their own");
	if (m->meter_is.length >= BL_CSV_NAME || m->channel_is.length >= BL_CSV_NAME ||
		(m->meter_is.text != NULL && m->meter_is.length == 0))
		refuse(&r, json, NULL, "meter_is or channel_is is empty or too long");
	if ((m->point == m->delimiter && !members) || m->point == m->group || (m->group != '\0' && m->group == m->delimiter))
		refuse(&r, json, NULL, "delimiter, decimal_mark and group_mark must differ");
	unseen = bl_json_unseen(json);
	if (unseen != NULL)
		refuse(&r, unseen, NULL, "unknown field \"%.*s\"", (int) (unseen->key_length < 60 ? unseen->key_length : 60), unseen->key);
	return r.bad ? BL_BAD_VALUE : BL_OK;
}

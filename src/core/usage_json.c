/*
 * usage_json.c - usages and their pieces from JSON and to it; see usage_json.h
 */
#include "usage_json.h"

#include <stdio.h>

/* what is being read, for errors */
typedef struct Reading
{
	const BlJson *root;			/* what label stands for */
	const char *label;
	BlProblem  *problem;
} Reading;

/* the name of a value in an error: the label, then the path from the root */
static void
place(const Reading *reading, const BlJson *value, char out[BL_JSON_PATH + 32])
{
	char		path[BL_JSON_PATH];
	char		top[BL_JSON_PATH];
	int			skip = bl_json_path(reading->root, top);

	bl_json_path(value, path);
	snprintf(out, BL_JSON_PATH + 32, "%s%s", reading->label, path + skip);
}

static BlStatus
refuse(const Reading *reading, BlStatus status, const BlJson *value, const char *what, const char *hint)
{
	char		at[BL_JSON_PATH + 32];

	place(reading, value, at);
	bl_problem(reading->problem, status, "%s: %s", at, what);
	bl_problem_hint(reading->problem, "%s", hint);
	return status;
}

/* the member, or NULL where it is missing or null */
static BlJson *
given(BlJson *object, const char *key)
{
	BlJson	   *member = bl_json_member(object, key);

	return member != NULL && member->type != BL_JSON_NULL ? member : NULL;
}

static BlStatus
unseen(const Reading *reading, BlJson *object, const char *hint)
{
	BlJson	   *member = bl_json_unseen(object);

	return member == NULL ? BL_OK : refuse(reading, BL_BAD_TEXT, member, "unknown field", hint);
}

/* NULL gives the empty name */
static BlStatus
read_name(const Reading *reading, BlJson *value, BlText *name)
{
	*name = (BlText) {"", 0};
	if (value == NULL)
		return BL_OK;
	if (value->type == BL_JSON_STRING && value->length <= BL_NAME_MAX)
	{
		*name = (BlText) {value->text, (int) value->length};
		if (bl_name_valid(*name))
			return BL_OK;
	}
	return refuse(reading, BL_BAD_TEXT, value, "not a name",
				  "A name is a string of 1 to 63 bytes without control characters.");
}

/* NULL gives false */
static BlStatus
read_flag(const Reading *reading, BlJson *value, bool *flag)
{
	*flag = value != NULL && value->type == BL_JSON_TRUE;
	if (value == NULL || *flag || value->type == BL_JSON_FALSE)
		return BL_OK;
	return refuse(reading, BL_BAD_TEXT, value, "neither true nor false", "estimated is true where a reading behind it is.");
}

/* a number that is not negative, of at most BL_ENERGY_SCALE decimals */
static BlStatus
read_quantity(const Reading *reading, BlJson *value, const char *negative_hint, BlDec *quantity)
{
	BlRounding	rounding = bl_round_places(BL_ENERGY_SCALE, BL_HALF_UP);
	BlStatus	status = bl_json_decimal(value, BL_SCALE_MAX, quantity);

	if (status == BL_OK)
		status = bl_dec_round(*quantity, &rounding, quantity);
	if (status == BL_BAD_TEXT)
		return refuse(reading, status, value, "not a number",
					  "Write a decimal such as \"120.5\", as a string or a number.");
	if (status == BL_OK && quantity->coefficient < 0)
		return refuse(reading, BL_BAD_VALUE, value, "a negative value", negative_hint);
	*quantity = bl_dec_trim(*quantity);
	if (status != BL_OK || !bl_decimal_fits(*quantity))
		return refuse(reading, BL_OVERFLOW, value, "out of range",
					  "At most 18 digits are kept, 9 of them behind the point.");
	return BL_OK;
}

/* --------------------------------------------------------------- registers */

static const char REGISTER_HINT[] =
	"A register has channel, from, until, period, estimated, and kwh (or kvarh, kvah), "
	"or start, end, digits and multiplier.";

static BlStatus
read_channel(const Reading *reading, BlJson *value, BlChannel *channel)
{
	*channel = BL_IMPORT;
	if (value == NULL)
		return BL_OK;
	if (value->type == BL_JSON_STRING && bl_channel_find(value->text, value->length, channel))
		return BL_OK;
	return refuse(reading, BL_BAD_TEXT, value, "not a channel",
				  "Channels are import, export, generation, reactive_import, reactive_export, "
				  "reactive_q1 to reactive_q4, and apparent.");
}

static BlStatus
read_edge(const Reading *reading, BlJson *value, BlSpanKind *kind, int32_t *at)
{
	BlStatus	status = BL_BAD_TEXT;

	*kind = BL_SPAN_DAYS;
	if (value->type == BL_JSON_STRING && value->length == 10)
		status = bl_day_parse(value->text, value->length, at);
	else if (value->type == BL_JSON_STRING)
	{
		*kind = BL_SPAN_MOMENTS;
		status = bl_moment_parse(value->text, value->length, NULL, at);
	}
	return status == BL_OK ? BL_OK :
		refuse(reading, status, value, "neither a day nor a moment with its zone",
			   "Write \"2026-01-31\", or \"2026-01-31T08:30+08:00\" to the whole minute.");
}

static BlStatus
read_span(const Reading *reading, BlJson *object, BlRegister *r)
{
	static const char hint[] =
		"Give both as days, or both as moments; or neither: the register then counts the whole billed span.";
	BlJson	   *from = given(object, "from");
	BlJson	   *until = given(object, "until");
	BlSpanKind	kind;
	BlStatus	status;

	r->kind = BL_SPAN_NONE;
	if (from == NULL && until == NULL)
		return BL_OK;
	if (from == NULL || until == NULL)
		return refuse(reading, BL_BAD_VALUE, object, "from and until belong together", hint);
	status = read_edge(reading, from, &r->kind, &r->from);
	if (status == BL_OK)
		status = read_edge(reading, until, &kind, &r->until);
	if (status != BL_OK)
		return status;
	if (kind != r->kind)
		return refuse(reading, BL_BAD_VALUE, object, "from is a day and until a moment, or the reverse", hint);
	if (r->until <= r->from)
		return refuse(reading, BL_BAD_VALUE, until, "not later than from",
					  "until is the day or moment behind the span, not its last one.");
	return BL_OK;
}

/* the whole digits of a register; 0 where not given */
static BlStatus
read_digits(const Reading *reading, BlJson *value, int *digits)
{
	BlDec		d;

	*digits = 0;
	if (value == NULL)
		return BL_OK;
	if (bl_json_decimal(value, 0, &d) != BL_OK || d.coefficient < 1 || d.coefficient > 18)
		return refuse(reading, BL_BAD_VALUE, value, "not a number of digits",
					  "digits is the number of whole digits the register shows, 1 to 18.");
	*digits = (int) d.coefficient;
	return BL_OK;
}

static BlStatus
read_reading(const Reading *reading, BlJson *value, BlDec *decimal)
{
	BlStatus	status = bl_json_decimal(value, BL_SCALE_MAX, decimal);

	if (status == BL_BAD_TEXT)
		return refuse(reading, status, value, "not a number",
					  "Write a decimal such as \"99950.5\", as a string or a number.");
	return status == BL_OK ? BL_OK :
		refuse(reading, BL_OVERFLOW, value, "out of range", "A reading has at most 28 decimals and 38 digits.");
}

/* the energy from start, end, digits and multiplier */
static BlStatus
read_difference(const Reading *reading, BlJson *object, BlDec *energy)
{
	BlJson	   *start_json = given(object, "start");
	BlJson	   *end_json = given(object, "end");
	BlJson	   *multiplier_json = given(object, "multiplier");
	BlRounding	rounding = bl_round_places(BL_ENERGY_SCALE, BL_HALF_UP);
	BlDec		start,
				end,
				multiplier = bl_dec(1, 0);
	int			digits;
	BlProblem	why;
	char		at[BL_JSON_PATH + 32];
	BlStatus	status;

	if (start_json == NULL || end_json == NULL)
		return refuse(reading, BL_BAD_VALUE, object, "neither an energy nor two readings", REGISTER_HINT);
	status = read_reading(reading, start_json, &start);
	if (status == BL_OK)
		status = read_reading(reading, end_json, &end);
	if (status == BL_OK && multiplier_json != NULL)
		status = read_reading(reading, multiplier_json, &multiplier);
	if (status == BL_OK)
		status = read_digits(reading, given(object, "digits"), &digits);
	if (status != BL_OK)
		return status;
	status = bl_register_energy(start, end, digits, multiplier, energy, &why);
	if (status == BL_OK)
	{
		status = bl_dec_round(*energy, &rounding, energy);
		*energy = bl_dec_trim(*energy);
		if (status == BL_OK && bl_decimal_fits(*energy))
			return BL_OK;
		status = bl_problem(&why, BL_OVERFLOW, "the energy between two readings is out of range");
		bl_problem_hint(&why, "At most 18 digits are kept, 9 of them behind the point.");
	}
	place(reading, object, at);
	bl_problem(reading->problem, status, "%s: %s", at, why.message);
	bl_problem_detail(reading->problem, "%s", why.detail);
	bl_problem_hint(reading->problem, "%s", why.hint);
	return status;
}

/* the one member that holds the energy, or NULL */
static BlStatus
energy_member(const Reading *reading, BlJson *object, BlChannel channel, BlJson **member)
{
	static const char *const names[] = {"kwh", "kvarh", "kvah"};

	*member = NULL;
	for (int i = 0; i < 3; i++)
	{
		BlJson	   *found = given(object, names[i]);

		if (found == NULL)
			continue;
		if (*member != NULL)
			return refuse(reading, BL_BAD_VALUE, found, "a second energy", REGISTER_HINT);
		if ((i == 1 && bl_channel_unit(channel) != BL_VARH) || (i == 2 && channel != BL_APPARENT))
			return refuse(reading, BL_BAD_UNIT, found, "not an energy of this channel",
						  "kvarh is for reactive channels, kvah for apparent, kwh for any.");
		*member = found;
	}
	return BL_OK;
}

static BlStatus
read_energy(const Reading *reading, BlJson *object, BlRegister *r)
{
	BlJson	   *energy;
	BlStatus	status = energy_member(reading, object, r->channel, &energy);

	if (status != BL_OK)
		return status;
	if (energy == NULL)
		return read_difference(reading, object, &r->kwh);
	if (given(object, "start") != NULL || given(object, "end") != NULL ||
		given(object, "digits") != NULL || given(object, "multiplier") != NULL)
		return refuse(reading, BL_BAD_VALUE, object, "both an energy and readings", REGISTER_HINT);
	return read_quantity(reading, energy,
						 "What flows back is counted in the channel export.", &r->kwh);
}

static BlStatus
read_register(const Reading *reading, BlJson *object, BlRegister *r)
{
	BlStatus	status;

	if (object->type != BL_JSON_OBJECT)
		return refuse(reading, BL_BAD_TEXT, object, "not an object", REGISTER_HINT);
	status = read_channel(reading, given(object, "channel"), &r->channel);
	if (status == BL_OK)
		status = read_span(reading, object, r);
	if (status == BL_OK)
		status = read_name(reading, given(object, "period"), &r->period);
	if (status == BL_OK)
		status = read_flag(reading, given(object, "estimated"), &r->estimated);
	if (status == BL_OK)
		status = read_energy(reading, object, r);
	return status == BL_OK ? unseen(reading, object, REGISTER_HINT) : status;
}

/* ----------------------------------------------------------------- demands */

static const char DEMAND_HINT[] = "A demand has kw or kva, period, and at (the moment it was recorded).";

static BlStatus
read_demand(const Reading *reading, BlJson *object, BlRecordedDemand *d)
{
	BlJson	   *kw;
	BlJson	   *kva;
	BlJson	   *at;
	BlStatus	status;

	if (object->type != BL_JSON_OBJECT)
		return refuse(reading, BL_BAD_TEXT, object, "not an object", DEMAND_HINT);
	kw = given(object, "kw");
	kva = given(object, "kva");
	if (kw == NULL && kva == NULL)
		return refuse(reading, BL_BAD_VALUE, object, "neither kw nor kva", DEMAND_HINT);
	if (kw != NULL && kva != NULL)
		return refuse(reading, BL_BAD_VALUE, object, "both kw and kva", "They are two demands: {\"kw\": 70}, {\"kva\": 81}.");
	d->apparent = kva != NULL;
	kw = d->apparent ? kva : kw;
	status = read_quantity(reading, kw, "A demand is a highest mean power, never below zero.", &d->kw);
	if (status == BL_OK)
		status = read_name(reading, given(object, "period"), &d->period);
	if (status != BL_OK)
		return status;
	at = given(object, "at");
	d->has_moment = at != NULL;
	if (at != NULL && (at->type != BL_JSON_STRING ||
					   bl_moment_parse(at->text, at->length, NULL, &d->moment) != BL_OK))
		return refuse(reading, BL_BAD_TEXT, at, "not a moment with its zone",
					  "Write \"2026-01-31T08:30+08:00\" to the whole minute.");
	return unseen(reading, object, DEMAND_HINT);
}

/* ------------------------------------------------------------------ arrays */

/* checks that it is an array of at most `most`, and gets memory for its elements */
static BlStatus
array_room(const Reading *reading, BlJson *array, int most, size_t size, BlArena *arena, void **room)
{
	char		hint[64];

	if (array->type != BL_JSON_ARRAY)
		return refuse(reading, BL_BAD_TEXT, array, "not an array", "Write a list: [{...}, {...}].");
	snprintf(hint, sizeof hint, "A part has at most %d of them.", most);
	if (array->count > most)
		return refuse(reading, BL_LIMIT, array, "too many", hint);
	*room = bl_arena_get(arena, size * (size_t) (array->count + 1));
	return *room != NULL ? BL_OK : bl_problem(reading->problem, BL_NO_SPACE, "the usage is too large");
}

static BlStatus
registers(const Reading *reading, BlJson *array, BlArena *arena, BlRegister **list, int *n)
{
	void	   *room;
	BlStatus	status = array_room(reading, array, BL_USAGE_REGISTERS_MAX, sizeof **list, arena, &room);

	*n = 0;
	if (status != BL_OK)
		return status;
	*list = room;
	for (BlJson *element = array->first; element != NULL && status == BL_OK; element = element->next)
		status = read_register(reading, element, &(*list)[(*n)++]);
	return status;
}

static BlStatus
demands(const Reading *reading, BlJson *array, BlArena *arena, BlRecordedDemand **list, int *n)
{
	void	   *room;
	BlStatus	status = array_room(reading, array, BL_USAGE_DEMANDS_MAX, sizeof **list, arena, &room);

	*n = 0;
	if (status != BL_OK)
		return status;
	*list = room;
	for (BlJson *element = array->first; element != NULL && status == BL_OK; element = element->next)
		status = read_demand(reading, element, &(*list)[(*n)++]);
	return status;
}

BlStatus
bl_registers_from_json(BlJson *array, const char *label, BlArena *arena,
					   BlRegister **list, int *n, BlProblem *problem)
{
	Reading		reading = {array, label, problem};

	return registers(&reading, array, arena, list, n);
}

BlStatus
bl_demands_from_json(BlJson *array, const char *label, BlArena *arena,
					 BlRecordedDemand **list, int *n, BlProblem *problem)
{
	Reading		reading = {array, label, problem};

	return demands(&reading, array, arena, list, n);
}

/* ------------------------------------------------------------ whole usages */

static BlStatus
read_part(const Reading *reading, BlJson *object, BlArena *arena, BlUsageDraftPart *part)
{
	static const char hint[] =
		"A part has a profile for a channel (import, export, ...), registers, and demands.";
	BlStatus	status = BL_OK;
	BlJson	   *list;

	memset(part, 0, sizeof *part);
	part->name = (BlText) {object->key, object->key_length > BL_NAME_MAX ? BL_NAME_MAX + 1 : (int) object->key_length};
	if (!bl_name_valid(part->name))
		return refuse(reading, BL_BAD_TEXT, object, "not the name of a part",
					  "A name has 1 to 63 bytes and no control characters.");
	if (object->type != BL_JSON_OBJECT)
		return refuse(reading, BL_BAD_TEXT, object, "not an object", hint);
	for (int c = 0; c < BL_CHANNEL_COUNT; c++)
	{
		part->profile_json[c] = given(object, bl_channel_name[c]);
		/* what is inside is the profile's own affair */
		if (part->profile_json[c] != NULL)
			bl_json_see_all(part->profile_json[c]);
	}
	list = given(object, "registers");
	if (list != NULL)
		status = registers(reading, list, arena, &part->reg, &part->registers);
	list = given(object, "demands");
	if (status == BL_OK && list != NULL)
		status = demands(reading, list, arena, &part->demand, &part->demands);
	return status == BL_OK ? unseen(reading, object, hint) : status;
}

BlStatus
bl_usage_from_json(BlJson *json, BlArena *arena, BlUsageDraft *draft, BlProblem *problem)
{
	Reading		reading = {json, "$", problem};
	BlStatus	status = BL_OK;

	draft->parts = 0;
	if (json->type != BL_JSON_OBJECT)
		return refuse(&reading, BL_BAD_TEXT, json, "not an object",
					  "A usage is an object of parts: {\"main\": {\"registers\": [...]}}.");
	if (json->count > BL_USAGE_PARTS_MAX)
		return refuse(&reading, BL_LIMIT, json, "too many parts", "A usage has at most 16 parts.");
	for (BlJson *part = json->first; part != NULL && status == BL_OK; part = part->next)
		status = read_part(&reading, part, arena, &draft->part[draft->parts++]);
	return status;
}

/* ----------------------------------------------------------------- writing */

/* separates members and elements */
static void
separate(BlWriter *out, bool *first)
{
	if (!*first)
		bl_write_bytes(out, ", ", 2);
	*first = false;
}

static void
write_key(BlWriter *out, bool *first, const char *key)
{
	separate(out, first);
	bl_json_write_string(out, key, strlen(key));
	bl_write_bytes(out, ": ", 2);
}

static void
write_string(BlWriter *out, bool *first, const char *key, BlText text)
{
	write_key(out, first, key);
	bl_json_write_string(out, text.text, (size_t) text.length);
}

static void
write_decimal(BlWriter *out, bool *first, const char *key, BlDec value)
{
	char		text[BL_DEC_TEXT];
	int			length = bl_dec_text(value, text);

	write_string(out, first, key, (BlText) {text, length});
}

static void
write_edge(BlWriter *out, bool *first, const char *key, BlSpanKind kind, int32_t at)
{
	char		text[24];
	int			length = kind == BL_SPAN_DAYS ? bl_day_text(at, text) : bl_moment_text(at, text);

	write_string(out, first, key, (BlText) {text, length});
}

static void
write_register(BlWriter *out, const BlRegister *r)
{
	static const char *const energy[] = {[BL_WH] = "kwh", [BL_VARH] = "kvarh", [BL_VAH] = "kvah"};
	const char *channel = bl_channel_name[r->channel];
	bool		first = true;

	bl_write_u8(out, '{');
	write_string(out, &first, "channel", (BlText) {channel, (int) strlen(channel)});
	if (r->kind != BL_SPAN_NONE)
	{
		write_edge(out, &first, "from", r->kind, r->from);
		write_edge(out, &first, "until", r->kind, r->until);
	}
	if (r->period.length > 0)
		write_string(out, &first, "period", r->period);
	write_decimal(out, &first, energy[bl_channel_unit(r->channel)], r->kwh);
	if (r->estimated)
	{
		write_key(out, &first, "estimated");
		bl_write_bytes(out, "true", 4);
	}
	bl_write_u8(out, '}');
}

static void
write_demand(BlWriter *out, const BlRecordedDemand *d)
{
	bool		first = true;

	bl_write_u8(out, '{');
	write_decimal(out, &first, d->apparent ? "kva" : "kw", d->kw);
	if (d->period.length > 0)
		write_string(out, &first, "period", d->period);
	if (d->has_moment)
		write_edge(out, &first, "at", BL_SPAN_MOMENTS, d->moment);
	bl_write_u8(out, '}');
}

static void
write_registers(BlWriter *out, const BlUsagePart *part)
{
	const uint8_t *next = part->register_bytes;
	bool		first = true;

	bl_write_u8(out, '[');
	for (int i = 0; i < part->registers; i++)
	{
		BlRegister	r;

		bl_usage_register(part, &next, &r);
		separate(out, &first);
		write_register(out, &r);
	}
	bl_write_u8(out, ']');
}

static void
write_demands(BlWriter *out, const BlUsagePart *part)
{
	const uint8_t *next = part->demand_bytes;
	bool		first = true;

	bl_write_u8(out, '[');
	for (int i = 0; i < part->demands; i++)
	{
		BlRecordedDemand d;

		bl_usage_demand(part, &next, &d);
		separate(out, &first);
		write_demand(out, &d);
	}
	bl_write_u8(out, ']');
}

static void
write_part(BlWriter *out, const BlUsagePart *part, const BlText *profiles)
{
	bool		first = true;

	bl_write_u8(out, '{');
	for (int c = 0; c < BL_CHANNEL_COUNT; c++)
		if (part->profile[c] != NULL)
		{
			write_key(out, &first, bl_channel_name[c]);
			bl_write_bytes(out, profiles[c].text, (size_t) profiles[c].length);
		}
	if (part->registers > 0)
	{
		write_key(out, &first, "registers");
		write_registers(out, part);
	}
	if (part->demands > 0)
	{
		write_key(out, &first, "demands");
		write_demands(out, part);
	}
	bl_write_u8(out, '}');
}

void
bl_usage_to_json(const BlUsage *usage, const BlText (*profiles)[BL_CHANNEL_COUNT], BlWriter *out)
{
	bool		first = true;

	bl_write_u8(out, '{');
	for (int i = 0; i < usage->parts; i++)
	{
		const BlUsagePart *part = &usage->part[i];

		separate(out, &first);
		bl_json_write_string(out, part->name.text, (size_t) part->name.length);
		bl_write_bytes(out, ": ", 2);
		write_part(out, part, profiles[i]);
	}
	bl_write_u8(out, '}');
}

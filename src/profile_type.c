/*
 * profile_type.c - type profile: in, out, send, recv, casts
 *
 * The text form is a JSON object, and the jsonb form the same object:
 *
 *	{"start": "2026-01-01T00:00+08:00", "slot_minutes": 15, "unit": "Wh", "scale": 0,
 *	 "time_zone": "Asia/Shanghai", "quality": "actual", "values": [250, 260, null]}
 *
 * A value v means v * 10^scale units, null a missing slot.  Only start,
 * slot_minutes and values must be given.  Without time_zone the offset that
 * start is written with holds throughout.  quality is one name, or runs of
 * slots: [["actual", 90], ["estimated", 6]].  Input also takes a unit with a
 * prefix and values with decimals, as numbers or strings.
 */
#include "postgres.h"

#include <stdalign.h>

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "billing.h"
#include "core/json.h"
#include "jsontext.h"
#include "profile_type.h"

/* ---------------------------------------------------------------- helpers */

BlProfile
bl_profile_of(const struct varlena *value)
{
	BlProfile	profile;

	bl_check(bl_profile_open(&profile, (const uint8_t *) VARDATA_ANY(value),
							 VARSIZE_ANY_EXHDR(value)), "profile");
	return profile;
}

void
bl_series_room(BlSeries *series, int slots)
{
	series->values = palloc(Max(slots, 1) * sizeof *series->values);
	series->qualities = palloc(Max(slots, 1));
}

BlDec *
bl_decimals_room(int n)
{
	char	   *at = MemoryContextAllocHuge(CurrentMemoryContext, (Size) n * sizeof(BlDec) + alignof(BlDec));

	return (BlDec *) TYPEALIGN(alignof(BlDec), at);
}

BlSeries
bl_series_of(const BlProfile *profile)
{
	BlSeries	series;

	series.shape = *profile;
	bl_series_room(&series, profile->slots);
	bl_check(bl_profile_decode(profile, series.values, series.qualities, NULL), "profile");
	return series;
}

char *
bl_local_text(int32_t minute, int offset)
{
	unsigned	away = (unsigned) abs(offset);
	char		text[24];

	bl_moment_text(minute + offset, text);
	/* without the Z */
	text[strlen(text) - 1] = '\0';
	return psprintf("%s%c%02u:%02u", text, offset < 0 ? '-' : '+', away / 60, away % 60);
}

void
bl_profile_set_zone(BlProfile *shape, const BlZoneName *name, const BlZone *table)
{
	shape->zone = name->name;
	shape->zone_length = name->length;
	shape->offset = bl_zone_offset(table, shape->start);
}

int32_t
bl_shape_until(const BlProfile *shape)
{
	int64		until = shape->start + (int64) shape->slots * shape->slot_minutes;

	return (int32_t) Min(until, BL_DAY_MAX * (int64) BL_MINUTES_PER_DAY);
}

bool
bl_profile_same_zone(const BlProfile *a, const BlProfile *b)
{
	if (a->zone_length != b->zone_length)
		return false;
	if (a->zone_length == 0)
		return a->offset == b->offset;
	return memcmp(a->zone, b->zone, (size_t) a->zone_length) == 0;
}

void
bl_unit_of(const char *text, size_t length, BlUnit *unit, int *scale)
{
	if (bl_unit_parse(text, length, unit, scale) != BL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_BAD_UNIT),
				 errmsg("unit \"%.*s\" is not known", (int) Min(length, 40), text),
				 errhint("Units are Wh, varh, VAh, W, var, VA, V, A, Hz with prefixes such as kWh, "
						 "and PF and degC.")));
}

BlQuality
bl_quality_of(const char *text, size_t length)
{
	BlQuality	quality;

	if (bl_quality_parse(text, length, &quality) != BL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("quality \"%.*s\" is not known", (int) Min(length, 40), text),
				 errhint("Qualities are actual, estimated, substituted, corrected, suspect and missing.")));
	return quality;
}

void
bl_profile_refuse(BlStatus status, const BlProfile *shape)
{
	switch (status)
	{
		case BL_UNALIGNED:
			ereport(ERROR,
					(errcode(ERRCODE_BILLING_UNALIGNED),
					 errmsg("a slot of the profile straddles a local midnight"),
					 errdetail("Slots of %d minutes from %s on do not fill the days of its time zone.",
							   shape->slot_minutes, bl_local_text(shape->start, shape->offset)),
					 errhint("Begin a whole number of slots after midnight, and give the zone that the "
							 "slots follow; where days have 23 or 25 hours, slots must divide these.")));
			break;
		case BL_LIMIT:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the profile is too long"),
					 errdetail("A profile has at most %d slots, %d days, and %d slots a day.",
							   BL_PROFILE_SLOTS_MAX, BL_PROFILE_BLOCKS_MAX, BL_BLOCK_SLOTS_MAX),
					 errhint("Split it into shorter spans.")));
			break;
		case BL_OVERFLOW:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("a value of the profile is out of range"),
					 errdetail("Values are kept as 64-bit integers at one decimal scale."),
					 errhint("Use a coarser unit, or fewer decimals.")));
			break;
		default:
			if (shape->slots < 1)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("a profile has at least one slot"),
						 errhint("Give at least one value; null stands for a missing one.")));
			if (shape->slot_minutes < 1 || BL_MINUTES_PER_DAY % shape->slot_minutes != 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("slots of %d minutes do not divide the day", shape->slot_minutes),
						 errhint("Use 1, 5, 10, 15, 20, 30, 60 minutes or another divisor of 1440.")));
			if (shape->scale < bl_unit_scale_min(shape->unit) || shape->scale > BL_PROFILE_SCALE_MAX)
				ereport(ERROR,
						(errcode(ERRCODE_BILLING_BAD_UNIT),
						 errmsg("scale %d is outside what %s allows", shape->scale, bl_unit_name(shape->unit)),
						 errdetail("Energies are kept in steps of 10^-9 kWh at the finest."),
						 errhint("Use a coarser unit, or give decimals, which are rounded.")));
			if (shape->start + (int64) shape->slots * shape->slot_minutes >
				(BL_DAY_MAX - 2) * (int64) BL_MINUTES_PER_DAY)
				ereport(ERROR,
						(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						 errmsg("the profile ends beyond the year 4997"),
						 errhint("Check its start and its slot.")));
			bl_check(status, "profile");
	}
	pg_unreachable();
}

struct varlena *
bl_profile_packed(const BlProfile *shape, const BlZone *zone, const int64_t *values, const uint8_t *qualities)
{
	size_t		room;
	size_t		used;
	struct varlena *value;
	BlStatus	status;

	if (shape->slots > BL_PROFILE_SLOTS_MAX)
		bl_profile_refuse(BL_LIMIT, shape);
	room = bl_profile_bound(shape);
	value = bl_new_value(room);
	status = bl_profile_pack(shape, zone, values, qualities, bl_new_bytes(value), room, &used);
	if (status != BL_OK)
		bl_profile_refuse(status, shape);
	SET_VARSIZE(value, VARHDRSZ + used);
	return value;
}

struct varlena *
bl_series_packed(const BlSeries *series)
{
	BlProfile	shape = series->shape;
	BlZone		zone = bl_calendar_of(&shape);

	shape.offset = bl_zone_offset(&zone, shape.start);
	return bl_profile_packed(&shape, &zone, series->values, series->qualities);
}

/* --------------------------------------------------------------- text out */

static void
put_runs(StringInfo out, const uint8_t *qualities, int slots)
{
	appendStringInfoChar(out, '[');
	for (int i = 0, from = 0; i < slots; i++)
		if (i + 1 == slots || qualities[i + 1] != qualities[i])
		{
			appendStringInfo(out, "%s[\"%s\", %d]", from > 0 ? ", " : "",
							 bl_quality_name((BlQuality) qualities[i]), i + 1 - from);
			from = i + 1;
		}
	appendStringInfoChar(out, ']');
}

/* one name where all slots that are present agree: nulls already say what is missing */
static void
put_quality(StringInfo out, const uint8_t *qualities, int slots)
{
	BlQuality	one = BL_MISSING;

	for (int i = 0; i < slots; i++)
		if (qualities[i] != BL_MISSING)
		{
			if (one != BL_MISSING && qualities[i] != one)
			{
				put_runs(out, qualities, slots);
				return;
			}
			one = (BlQuality) qualities[i];
		}
	appendStringInfo(out, "\"%s\"", bl_quality_name(one));
}

static char *
profile_text(const BlProfile *profile)
{
	BlSeries	series = bl_series_of(profile);
	BlZoneName	name;
	StringInfoData out;
	char		zone[BL_PROFILE_ZONE_MAX + 1];

	bl_calendar_name_of(profile, &name);
	bl_calendar_name_text(&name, zone);
	initStringInfo(&out);
	appendStringInfo(&out, "{\"start\": \"%s\", \"slot_minutes\": %d, \"unit\": \"%s\", \"scale\": %d, "
					 "\"time_zone\": \"%s\", \"quality\": ",
					 bl_local_text(profile->start, profile->offset), profile->slot_minutes,
					 bl_unit_name(profile->unit), profile->scale, zone);
	put_quality(&out, series.qualities, profile->slots);
	appendStringInfoString(&out, ", \"values\": [");
	for (int i = 0; i < profile->slots; i++)
	{
		enlargeStringInfo(&out, 32);
		if (i > 0)
		{
			out.data[out.len++] = ',';
			out.data[out.len++] = ' ';
		}
		if (series.qualities[i] == BL_MISSING)
			appendStringInfoString(&out, "null");
		else
			out.len += pg_lltoa(series.values[i], out.data + out.len);
	}
	appendStringInfoString(&out, "]}");
	return out.data;
}

/* ---------------------------------------------------------------- text in */

static void
bad_text(const BlJson *at, const char *what, const char *hint) pg_attribute_noreturn();
static void
bad_text(const BlJson *at, const char *what, const char *hint)
{
	char		path[BL_JSON_PATH];

	bl_json_path(at, path);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("profile: %s", what),
			 errdetail("It is at %s.", bl_utf8_to_server(path)),
			 errhint("%s", hint)));
}

static BlJson *
member(BlJson *root, const char *key, BlJsonType type, bool needed, const char *hint)
{
	BlJson	   *value = bl_json_member(root, key);

	if (value == NULL && needed)
		bad_text(root, psprintf("\"%s\" is not given", key), hint);
	if (value != NULL && value->type != type)
		bad_text(value, psprintf("\"%s\" is not of the right kind", key), hint);
	return value;
}

static int
whole_number(BlJson *value, int low, int high, const char *hint)
{
	BlDec		d;

	if (value->type != BL_JSON_NUMBER || bl_json_decimal(value, 0, &d) != BL_OK)
		bad_text(value, "not a whole number", hint);
	d = bl_dec_trim(d);
	if (d.coefficient < low || d.coefficient > high)
		bad_text(value, psprintf("not a number from %d to %d", low, high), hint);
	return (int) d.coefficient;
}

/* start and zone; the zone's name is palloc'd */
static BlZone
read_start(BlJson *root, BlProfile *shape)
{
	static const char *const hint = "Write \"start\": \"2026-01-01T00:00+08:00\".";
	static const BlZoneStep utc_step = {PG_INT32_MIN, 0};
	static const BlZone utc = {1, &utc_step};
	BlJson	   *start = member(root, "start", BL_JSON_STRING, true, hint);
	BlJson	   *given = member(root, "time_zone", BL_JSON_STRING, false,
							   "Write \"time_zone\": \"Asia/Shanghai\", or \"+08:00\".");
	BlZoneName *name = palloc0(sizeof *name);
	BlProblem	problem;
	BlZone		zone;
	int32_t		about;
	size_t		plain = start->length >= 19 && start->text[16] == ':' ? 19 : 16;

	if (given != NULL)
	{
		if (bl_calendar_name(given->text, given->length, name, &problem) != BL_OK)
			bl_raise(&problem);
	}
	else if (start->length <= plain ||
			 bl_calendar_name(start->text + plain, start->length - plain, name, &problem) != BL_OK ||
			 name->length > 0)
		bad_text(start, "neither \"start\" has an offset nor is \"time_zone\" given", hint);

	/* a first look as if in UTC tells which part of the zone's table is needed */
	if (bl_moment_parse(start->text, Min(start->length, plain), &utc, &about) != BL_OK ||
		about < (BL_DAY_MIN + 3) * BL_MINUTES_PER_DAY || about > (BL_DAY_MAX - 3) * BL_MINUTES_PER_DAY)
		bad_text(start, "not a moment on a whole minute", hint);
	if (bl_calendar_zone(name, about, about, &zone, &problem) != BL_OK)
		bl_raise(&problem);
	if (bl_moment_parse(start->text, start->length, &zone, &shape->start) != BL_OK)
		bad_text(start, "not a moment on a whole minute", hint);
	bl_profile_set_zone(shape, name, &zone);

	/* the values tell how far the table must reach */
	if (bl_calendar_zone(name, shape->start, bl_shape_until(shape), &zone, &problem) != BL_OK)
		bl_raise(&problem);
	return zone;
}

static void
read_values(const BlJson *array, BlSeries *series, int unit_scale)
{
	BlDec	   *decimals = bl_decimals_room(series->shape.slots);
	int			i = 0;
	BlStatus	status;

	for (BlJson *v = array->first; v != NULL; v = v->next, i++)
	{
		series->qualities[i] = v->type == BL_JSON_NULL ? BL_MISSING : BL_ACTUAL;
		decimals[i] = BL_ZERO;
		if (v->type != BL_JSON_NULL && bl_json_decimal(v, BL_SCALE_MAX, &decimals[i]) != BL_OK)
			bad_text(v, "not a number", "Values are numbers, or null where a slot is missing.");
	}
	status = bl_series_from_decimals(series, decimals, unit_scale);
	series->shape.scale = status == BL_OK ? series->shape.scale : unit_scale;
	if (status != BL_OK)
		bl_profile_refuse(status, &series->shape);
}

static void
read_quality(BlJson *quality, BlSeries *series)
{
	static const char *const hint =
		"Write \"quality\": \"actual\", or runs that cover all slots: [[\"actual\", 90], [\"missing\", 6]].";
	int			slot = 0;

	if (quality->type == BL_JSON_STRING)
	{
		BlQuality	q = bl_quality_of(quality->text, quality->length);

		for (int i = 0; i < series->shape.slots; i++)
			if (series->qualities[i] != BL_MISSING)
			{
				if (q == BL_MISSING)
					bad_text(quality, "a slot that is missing has a value", "Write null for its value.");
				series->qualities[i] = q;
			}
		return;
	}
	if (quality->type != BL_JSON_ARRAY)
		bad_text(quality, "\"quality\" is not of the right kind", hint);
	bl_json_see_all(quality);
	for (BlJson *run = quality->first; run != NULL; run = run->next)
	{
		BlQuality	q;
		int			length;

		if (run->type != BL_JSON_ARRAY || run->count != 2 || run->first->type != BL_JSON_STRING)
			bad_text(run, "not a run of slots", hint);
		q = bl_quality_of(run->first->text, run->first->length);
		length = whole_number(run->first->next, 1, BL_PROFILE_SLOTS_MAX, hint);
		if (length > series->shape.slots - slot)
			bad_text(run, "more slots have a quality than a value", hint);
		for (; length > 0; length--, slot++)
		{
			if ((q == BL_MISSING) != (series->qualities[slot] == BL_MISSING))
				bad_text(run, psprintf("value and quality of slot %d contradict each other", slot),
						 "The value null and the quality missing go together.");
			series->qualities[slot] = q;
		}
	}
	if (slot != series->shape.slots)
		bad_text(quality, "not all slots have a quality", hint);
}

static struct varlena *
profile_read(const char *text)
{
	BlArena		arena;
	BlJson	   *root;
	BlJson	   *values;
	BlJson	   *value;
	BlSeries	series = {0};
	BlZone		zone;
	int			prefix = 0;
	int			scale = 0;

	bl_arena_init(&arena, (size_t) 1 << 30);
	root = bl_json_of_text(text, &arena);
	if (root->type != BL_JSON_OBJECT)
		bad_text(root, "not a JSON object",
				 "Write {\"start\": \"2026-01-01T00:00+08:00\", \"slot_minutes\": 15, \"values\": [250, 260]}.");
	values = member(root, "values", BL_JSON_ARRAY, true, "Write \"values\": [250, 260, null].");
	value = member(root, "slot_minutes", BL_JSON_NUMBER, true, "Write \"slot_minutes\": 15.");
	series.shape.slot_minutes = whole_number(value, 1, BL_MINUTES_PER_DAY, "Write \"slot_minutes\": 15.");
	series.shape.slots = values->count;
	if (series.shape.slots > BL_PROFILE_SLOTS_MAX)
		bl_profile_refuse(BL_LIMIT, &series.shape);
	value = member(root, "unit", BL_JSON_STRING, false, "Write \"unit\": \"Wh\".");
	if (value != NULL)
		bl_unit_of(value->text, value->length, &series.shape.unit, &prefix);
	value = member(root, "scale", BL_JSON_NUMBER, false, "Write \"scale\": 0.");
	if (value != NULL)
		scale = whole_number(value, BL_PROFILE_SCALE_MIN, BL_PROFILE_SCALE_MAX, "Write \"scale\": 0.");
	zone = read_start(root, &series.shape);
	bl_series_room(&series, series.shape.slots);
	bl_json_see_all(values);
	read_values(values, &series, prefix + scale);
	value = bl_json_member(root, "quality");
	if (value != NULL)
		read_quality(value, &series);
	value = bl_json_unseen(root);
	if (value != NULL)
		bad_text(value, "a field that is not known",
				 "Fields are start, slot_minutes, unit, scale, time_zone, quality and values.");
	return bl_profile_packed(&series.shape, &zone, series.values, series.qualities);
}

void
bl_profile_need_energy(const BlProfile *profile)
{
	if (!bl_unit_is_energy(profile->unit))
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_BAD_UNIT),
				 errmsg("a profile of %s has no energy", bl_unit_name(profile->unit)),
				 errdetail("It holds levels, which are not summed over time."),
				 errhint("Use statistics() for their mean and extremes.")));
}

/* ------------------------------------------------------------ entry points */

/* profile_in(cstring) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_in);
Datum
billing_profile_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(profile_read(PG_GETARG_CSTRING(0)));
}

/* profile_out(profile) returns cstring */
PG_FUNCTION_INFO_V1(billing_profile_out);
Datum
billing_profile_out(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);

	PG_RETURN_CSTRING(profile_text(&profile));
}

/* profile_recv(internal) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_recv);
Datum
billing_profile_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			size = in->len - in->cursor;
	struct varlena *value = bl_new_value((size_t) size);
	BlProfile	profile;

	pq_copymsgbytes(in, (char *) bl_new_bytes(value), size);
	bl_check(bl_profile_validate(bl_new_bytes(value), (size_t) size), "profile");
	profile = bl_profile_of(value);
	if (profile.zone_length > 0)
	{
		/* the sender's zone data may cut days otherwise than ours: the slots count, not the cut */
		BlZone		zone = bl_calendar_of(&profile);

		if (profile.offset != bl_zone_offset(&zone, profile.start) ||
			bl_profile_check_days(&profile, &zone) != BL_OK)
		{
			BlSeries	series = bl_series_of(&profile);

			PG_RETURN_POINTER(bl_series_packed(&series));
		}
	}
	PG_RETURN_POINTER(value);
}

/* profile_send(profile) returns bytea */
PG_FUNCTION_INFO_V1(billing_profile_send);
Datum
billing_profile_send(PG_FUNCTION_ARGS)
{
	BlBytes		stored = BL_GETARG_BYTES(0);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendbytes(&out, (const char *) stored.bytes, (int) stored.size);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* jsonb(profile) returns jsonb */
PG_FUNCTION_INFO_V1(billing_profile_to_jsonb);
Datum
billing_profile_to_jsonb(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);

	PG_RETURN_DATUM(bl_jsonb_of_text(profile_text(&profile)));
}

/* profile(jsonb) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_from_jsonb);
Datum
billing_profile_from_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(profile_read(bl_text_of_jsonb(PG_GETARG_DATUM(0))));
}

/*
 * profile_agg.c - aggregates that make profiles: readings -> profile_agg(),
 * pieces -> concat_agg(), meters -> sum()
 *
 * States are integers in the order-free form that the core's merge needs, so
 * that serial and parallel plans agree exactly.  Memory grows with the rows and
 * ends at the limits of a profile.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "billing.h"
#include "core/load.h"
#include "profile_type.h"

/* the context that an aggregate's state lives in */
static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("a support function of an aggregate was called on its own"),
				 errhint("Call the aggregate.")));
	return context;
}

/* -------------------------------------------------- readings -> profile_agg */

/* what all rows must agree on */
typedef struct Readings
{
	MemoryContext context;
	int			slot_minutes;
	BlUnit		unit;
	int			unit_scale;
	bool		decimals;		/* the readings were numeric; values are at the unit's finest scale */
	BlZoneName	zone;
	int			n;
	int			room;
	int32_t    *minutes;
	int64_t    *values;
	uint8_t    *qualities;
	/* the last row's texts, which most rows repeat */
	Interval	slot;
	char		zone_text[BL_PROFILE_ZONE_MAX + 1];
	int			zone_text_length;
	char		quality_text[16];
	int			quality_text_length;
	BlQuality	quality;
} Readings;

static Readings *
readings_new(MemoryContext context)
{
	Readings   *r = MemoryContextAllocZero(context, sizeof *r);

	r->context = context;
	r->zone_text_length = -1;
	r->quality_text_length = -1;
	return r;
}

static void
readings_reserve(Readings *r, int n)
{
	int			room = Max(r->room, 96);

	if (n > BL_PROFILE_SLOTS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many readings for one profile"),
				 errdetail("A profile has at most %d slots.", BL_PROFILE_SLOTS_MAX),
				 errhint("Group them by meter, and by month or year.")));
	if (n <= r->room)
		return;
	while (room < n)
		room *= 2;
	room = Min(room, BL_PROFILE_SLOTS_MAX);
	if (r->room == 0)
	{
		r->minutes = MemoryContextAlloc(r->context, room * sizeof *r->minutes);
		r->values = MemoryContextAlloc(r->context, room * sizeof *r->values);
		r->qualities = MemoryContextAlloc(r->context, room);
	}
	else
	{
		r->minutes = repalloc(r->minutes, room * sizeof *r->minutes);
		r->values = repalloc(r->values, room * sizeof *r->values);
		r->qualities = repalloc(r->qualities, room);
	}
	r->room = room;
}

static void
different_rows(const char *what) pg_attribute_noreturn();
static void
different_rows(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_BILLING_UNALIGNED),
			 errmsg("readings of one profile have different %s", what),
			 errhint("Group them so that each profile has one, or convert them first.")));
}

static void
readings_zone(Readings *r, text *given)
{
	const char *text = VARDATA_ANY(given);
	int			length = (int) VARSIZE_ANY_EXHDR(given);
	BlZoneName	name;
	BlProblem	problem;

	if (length == r->zone_text_length && memcmp(text, r->zone_text, length) == 0)
		return;
	if (bl_calendar_name(text, length, &name, &problem) != BL_OK)
		bl_raise(&problem);
	if (r->n > 0 && (name.length != r->zone.length || name.offset != r->zone.offset ||
					 memcmp(name.name, r->zone.name, sizeof name.name) != 0))
		different_rows("time zones");
	r->zone = name;
	r->zone_text_length = length;
	memcpy(r->zone_text, text, length);
}

static BlQuality
readings_quality(Readings *r, text *given)
{
	const char *text = VARDATA_ANY(given);
	int			length = (int) VARSIZE_ANY_EXHDR(given);

	if (length != r->quality_text_length || memcmp(text, r->quality_text, length) != 0)
	{
		r->quality = bl_quality_of(text, length);
		r->quality_text_length = length;
		memcpy(r->quality_text, text, length);
	}
	return r->quality;
}

static void
readings_slot(Readings *r, const Interval *slot)
{
	int			minutes;

	if (r->n > 0 && memcmp(slot, &r->slot, sizeof *slot) == 0)
		return;
	minutes = bl_minutes_of(slot, BL_MINUTES_PER_DAY, "a slot");
	if (r->n > 0 && minutes != r->slot_minutes)
		different_rows("slots");
	r->slot_minutes = minutes;
	r->slot = *slot;
}

/* a reading in units of 10^unit_scale as a whole number at the unit's finest scale, half-up */
static int64
decimal_reading(Numeric value, BlUnit unit, int unit_scale)
{
	int			most = unit_scale - bl_unit_scale_min(unit);
	BlDec		d;
	BlRounding	whole = bl_round_places(0, BL_HALF_UP);

	if (most < 0)
		bl_profile_refuse(BL_BAD_UNIT, &(BlProfile) {.unit = unit, .scale = unit_scale});
	d = bl_profile_decimal(value, most);
	d.scale -= most;
	if (bl_dec_round(d, &whole, &d) != BL_OK || d.coefficient > PG_INT64_MAX || d.coefficient < PG_INT64_MIN)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a reading is out of range"),
				 errdetail("A slot holds less than 9.2 * 10^9 kWh where readings are decimals.")));
	return (int64) d.coefficient;
}

static Datum
readings_add(FunctionCallInfo fcinfo, bool decimals)
{
	MemoryContext context = aggregate_context(fcinfo);
	Readings   *r = PG_ARGISNULL(0) ? NULL : (Readings *) PG_GETARG_POINTER(0);
	BlUnit		unit = BL_WH;
	int			unit_scale = decimals ? 3 : 0;
	int			scale;
	BlQuality	quality = BL_ACTUAL;

	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
	{
		/* the empty row of an outer join */
		if (r == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(r);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a reading has no %s", PG_ARGISNULL(1) ? "moment" : "slot"),
				 errhint("Every reading needs the start of its slot, and the slot's length.")));
	if (r == NULL)
		r = readings_new(context);
	readings_slot(r, PG_GETARG_INTERVAL_P(3));
	if (PG_NARGS() > 4 && !PG_ARGISNULL(4))
		quality = readings_quality(r, PG_GETARG_TEXT_PP(4));
	if (PG_NARGS() > 5 && !PG_ARGISNULL(5))
		readings_zone(r, PG_GETARG_TEXT_PP(5));
	else if (r->zone_text_length > 0)
		different_rows("time zones");
	if (PG_NARGS() > 6 && !PG_ARGISNULL(6))
		bl_unit_of(VARDATA_ANY(PG_GETARG_TEXT_PP(6)), VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(6)),
				   &unit, &unit_scale);
	scale = decimals ? bl_unit_scale_min(unit) : unit_scale;
	if (r->n > 0 && (unit != r->unit || scale != r->unit_scale))
		different_rows("units");
	r->unit = unit;
	r->unit_scale = scale;
	r->decimals = decimals;
	if (r->zone_text_length < 0)
		r->zone_text_length = 0;
	readings_reserve(r, r->n + 1);
	r->minutes[r->n] = bl_minute_of(PG_GETARG_TIMESTAMPTZ(1), "the moment of a reading");
	r->qualities[r->n] = PG_ARGISNULL(2) ? BL_MISSING : quality;
	r->values[r->n] = r->qualities[r->n] == BL_MISSING ? 0 :
		decimals ? decimal_reading(PG_GETARG_NUMERIC(2), unit, unit_scale) : PG_GETARG_INT64(2);
	r->n++;
	PG_RETURN_POINTER(r);
}

/*
 * profile_agg's transition: (internal, timestamptz, bigint, interval
 * [, quality text [, time_zone text [, unit text]]])
 */
PG_FUNCTION_INFO_V1(billing_readings_add);
Datum
billing_readings_add(PG_FUNCTION_ARGS)
{
	return readings_add(fcinfo, false);
}

/* the same of numeric readings, in kWh unless a unit is given */
PG_FUNCTION_INFO_V1(billing_readings_add_numeric);
Datum
billing_readings_add_numeric(PG_FUNCTION_ARGS)
{
	return readings_add(fcinfo, true);
}

/* the same of integer readings: without it a call with an integer could mean either of the others */
PG_FUNCTION_INFO_V1(billing_readings_add_int4);
Datum
billing_readings_add_int4(PG_FUNCTION_ARGS)
{
	if (!PG_ARGISNULL(2))
		fcinfo->args[2].value = Int64GetDatum((int64) PG_GETARG_INT32(2));
	return readings_add(fcinfo, false);
}

/* profile_agg's combine */
PG_FUNCTION_INFO_V1(billing_readings_combine);
Datum
billing_readings_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Readings   *into = PG_ARGISNULL(0) ? NULL : (Readings *) PG_GETARG_POINTER(0);
	Readings   *from = PG_ARGISNULL(1) ? NULL : (Readings *) PG_GETARG_POINTER(1);

	if (from == NULL)
	{
		if (into == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(into);
	}
	/* "from" may live in a shorter context: always merge into our own copy */
	if (into == NULL)
	{
		into = readings_new(context);
		into->slot_minutes = from->slot_minutes;
		into->slot = from->slot;
		into->unit = from->unit;
		into->unit_scale = from->unit_scale;
		into->decimals = from->decimals;
		into->zone = from->zone;
		into->zone_text_length = from->zone_text_length;
		memcpy(into->zone_text, from->zone_text, sizeof into->zone_text);
	}
	else if (into->slot_minutes != from->slot_minutes)
		different_rows("slots");
	else if (into->unit != from->unit || into->unit_scale != from->unit_scale)
		different_rows("units");
	else if (into->zone.length != from->zone.length || into->zone.offset != from->zone.offset ||
			 memcmp(into->zone.name, from->zone.name, sizeof into->zone.name) != 0)
		different_rows("time zones");
	/* 64 bits, so that two full states cannot wrap */
	readings_reserve(into, (int) Min((int64) into->n + from->n, PG_INT32_MAX));
	memcpy(into->minutes + into->n, from->minutes, from->n * sizeof *into->minutes);
	memcpy(into->values + into->n, from->values, from->n * sizeof *into->values);
	memcpy(into->qualities + into->n, from->qualities, from->n);
	into->n += from->n;
	PG_RETURN_POINTER(into);
}

/* profile_agg's serial form: between backends of one server, so in its own byte order */
PG_FUNCTION_INFO_V1(billing_readings_serialize);
Datum
billing_readings_serialize(PG_FUNCTION_ARGS)
{
	Readings   *r;
	StringInfoData buf;

	(void) aggregate_context(fcinfo);
	r = (Readings *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendbytes(&buf, (char *) r, sizeof *r);
	pq_sendbytes(&buf, (char *) r->minutes, r->n * (int) sizeof *r->minutes);
	pq_sendbytes(&buf, (char *) r->values, r->n * (int) sizeof *r->values);
	pq_sendbytes(&buf, (char *) r->qualities, r->n);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static StringInfoData
incoming(bytea *bytes)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(bytes), (int) VARSIZE_ANY_EXHDR(bytes));
	return buf;
}

/* profile_agg's state again */
PG_FUNCTION_INFO_V1(billing_readings_deserialize);
Datum
billing_readings_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	Readings   *r;
	int			n;

	(void) aggregate_context(fcinfo);
	buf = incoming(PG_GETARG_BYTEA_PP(0));
	r = palloc(sizeof *r);
	pq_copymsgbytes(&buf, (char *) r, sizeof *r);
	n = r->n;
	r->context = CurrentMemoryContext;
	r->n = r->room = 0;
	readings_reserve(r, n);
	pq_copymsgbytes(&buf, (char *) r->minutes, n * (int) sizeof *r->minutes);
	pq_copymsgbytes(&buf, (char *) r->values, n * (int) sizeof *r->values);
	pq_copymsgbytes(&buf, (char *) r->qualities, n);
	pq_getmsgend(&buf);
	r->n = n;
	PG_RETURN_POINTER(r);
}

/* from the earliest reading to the latest; BL_UNCOVERED where none is */
static BlSeries
readings_spread(const Readings *r, BlProfile *shape)
{
	BlSeries	series;
	int32_t		first = PG_INT32_MAX;
	int32_t		last = PG_INT32_MIN;
	int64		slots;

	for (int i = 0; i < r->n; i++)
	{
		first = Min(first, r->minutes[i]);
		last = Max(last, r->minutes[i]);
	}
	slots = ((int64) last - first) / r->slot_minutes + 1;
	shape->start = first;
	shape->slots = (int) Min(slots, BL_PROFILE_SLOTS_MAX + 1);
	if (slots > BL_PROFILE_SLOTS_MAX)
		bl_profile_refuse(BL_LIMIT, shape);
	bl_series_room(&series, shape->slots);
	series.shape = *shape;
	memset(series.values, 0, (size_t) slots * sizeof *series.values);
	memset(series.qualities, BL_UNCOVERED, (size_t) slots);
	for (int i = 0; i < r->n; i++)
	{
		int			at = (r->minutes[i] - first) / r->slot_minutes;

		if ((r->minutes[i] - first) % r->slot_minutes != 0)
			ereport(ERROR,
					(errcode(ERRCODE_BILLING_UNALIGNED),
					 errmsg("a reading is not on the grid of slots"),
					 errdetail("%s is not a whole number of slots of %d minutes after the first reading, %s.",
							   bl_local_text(r->minutes[i], 0), r->slot_minutes, bl_local_text(first, 0)),
					 errhint("Give the slot's start as its moment, and the slot's true length.")));
		if (series.qualities[at] != BL_UNCOVERED)
			ereport(ERROR,
					(errcode(ERRCODE_BILLING_OVERLAP),
					 errmsg("two readings are of the same moment"),
					 errdetail("It is %s.", bl_local_text(r->minutes[i], 0)),
					 errhint("Group by meter and channel, and keep one reading a slot.")));
		series.values[at] = r->values[i];
		series.qualities[at] = r->qualities[i];
	}
	return series;
}

/* profile_agg's result; the arguments beyond the state are only there for their types */
PG_FUNCTION_INFO_V1(billing_readings_final);
Datum
billing_readings_final(PG_FUNCTION_ARGS)
{
	Readings   *r;
	BlProfile	shape = {0};
	BlSeries	series;
	BlProblem	problem;
	BlZone		zone;

	(void) aggregate_context(fcinfo);
	r = PG_ARGISNULL(0) ? NULL : (Readings *) PG_GETARG_POINTER(0);
	if (r == NULL || r->n == 0)
		PG_RETURN_NULL();
	shape.slot_minutes = r->slot_minutes;
	shape.unit = r->unit;
	series = readings_spread(r, &shape);
	bl_load_finish(&series);
	series.shape.scale = r->unit_scale;
	if (r->unit_scale > BL_PROFILE_SCALE_MAX)
		bl_profile_check(bl_series_rescale(&series, BL_PROFILE_SCALE_MAX), &shape);
	if (r->decimals)
		bl_series_coarsen(&series);
	if (bl_calendar_zone(&r->zone, shape.start, bl_shape_until(&shape), &zone, &problem) != BL_OK)
		bl_raise(&problem);
	bl_profile_set_zone(&series.shape, &r->zone, &zone);
	PG_RETURN_POINTER(bl_profile_packed(&series.shape, &zone, series.values, series.qualities));
}

/* ---------------------------------------------------- pieces -> concat_agg */

/* the pieces one after another in one chunk of memory, each its size (4 bytes) and its bytes */
typedef struct Pieces
{
	MemoryContext context;
	int			n;
	int64		slots;			/* in all of them */
	size_t		used;
	size_t		room;
	char	   *bytes;
} Pieces;

static Pieces *
pieces_reserve(Pieces *p, MemoryContext context, size_t more)
{
	if (p == NULL)
	{
		p = MemoryContextAllocZero(context, sizeof *p);
		p->context = context;
	}
	if (p->used + more > p->room)
	{
		size_t		room = Max(p->room * 2, 512);

		while (room < p->used + more)
			room *= 2;
		p->bytes = p->room == 0 ? MemoryContextAlloc(context, room) : repalloc_huge(p->bytes, room);
		p->room = room;
	}
	return p;
}

static Pieces *
pieces_add(Pieces *p, MemoryContext context, BlBytes piece)
{
	BlProfile	profile;
	uint32		size = (uint32) piece.size;

	bl_check(bl_profile_open(&profile, piece.bytes, piece.size), "profile");
	p = pieces_reserve(p, context, sizeof size + size);
	p->slots += profile.slots;
	if (p->slots > BL_PROFILE_SLOTS_MAX)
		bl_profile_refuse(BL_LIMIT, &profile);
	memcpy(p->bytes + p->used, &size, sizeof size);
	memcpy(p->bytes + p->used + sizeof size, piece.bytes, size);
	p->used += sizeof size + size;
	p->n++;
	return p;
}

/* the piece at *at, which moves to the next */
static BlBytes
pieces_next(const Pieces *p, size_t *at)
{
	uint32		size;
	BlBytes		piece;

	memcpy(&size, p->bytes + *at, sizeof size);
	piece = (BlBytes) {(const uint8_t *) p->bytes + *at + sizeof size, size};
	*at += sizeof size + size;
	return piece;
}

/* concat_agg's transition */
PG_FUNCTION_INFO_V1(billing_pieces_add);
Datum
billing_pieces_add(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Pieces	   *p = PG_ARGISNULL(0) ? NULL : (Pieces *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
		p = pieces_add(p, context, BL_GETARG_BYTES(1));
	if (p == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(p);
}

/* concat_agg's combine */
PG_FUNCTION_INFO_V1(billing_pieces_combine);
Datum
billing_pieces_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Pieces	   *into = PG_ARGISNULL(0) ? NULL : (Pieces *) PG_GETARG_POINTER(0);
	Pieces	   *from = PG_ARGISNULL(1) ? NULL : (Pieces *) PG_GETARG_POINTER(1);

	if (from != NULL)
		for (size_t at = 0; at < from->used;)
			into = pieces_add(into, context, pieces_next(from, &at));
	if (into == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(into);
}

/* concat_agg's serial form */
PG_FUNCTION_INFO_V1(billing_pieces_serialize);
Datum
billing_pieces_serialize(PG_FUNCTION_ARGS)
{
	Pieces	   *p;
	StringInfoData buf;

	(void) aggregate_context(fcinfo);
	p = (Pieces *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendbytes(&buf, p->bytes, (int) p->used);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* concat_agg's state again */
PG_FUNCTION_INFO_V1(billing_pieces_deserialize);
Datum
billing_pieces_deserialize(PG_FUNCTION_ARGS)
{
	Pieces		sent = {0};
	Pieces	   *p = NULL;

	(void) aggregate_context(fcinfo);
	sent.bytes = VARDATA_ANY(PG_GETARG_BYTEA_PP(0));
	sent.used = VARSIZE_ANY_EXHDR(PG_GETARG_BYTEA_PP(0));
	for (size_t at = 0; at < sent.used;)
		p = pieces_add(p, CurrentMemoryContext, pieces_next(&sent, &at));
	PG_RETURN_POINTER(p);
}

/* concat_agg's result */
PG_FUNCTION_INFO_V1(billing_pieces_final);
Datum
billing_pieces_final(PG_FUNCTION_ARGS)
{
	Pieces	   *p;
	BlProfile  *parts;

	(void) aggregate_context(fcinfo);
	p = PG_ARGISNULL(0) ? NULL : (Pieces *) PG_GETARG_POINTER(0);
	if (p == NULL)
		PG_RETURN_NULL();
	parts = palloc(p->n * sizeof *parts);
	for (size_t at = 0, i = 0; at < p->used; i++)
	{
		BlBytes		piece = pieces_next(p, &at);

		bl_check(bl_profile_open(&parts[i], piece.bytes, piece.size), "profile");
	}
	PG_RETURN_POINTER(bl_profiles_joined(parts, p->n));
}

/* ----------------------------------------------------------- meters -> sum */

typedef struct Load
{
	MemoryContext context;
	BlSeries	sum;			/* its zone points to name */
	char		name[BL_PROFILE_ZONE_MAX + 1];
} Load;

static void
load_reserve(Load *load, int32_t start, int slots)
{
	BlSeries	wider;

	if (load->sum.shape.start == start && load->sum.shape.slots == slots)
		return;
	wider.values = MemoryContextAlloc(load->context, slots * sizeof *wider.values);
	wider.qualities = MemoryContextAlloc(load->context, slots);
	bl_load_widen(&load->sum, &wider, start, slots);
	pfree(load->sum.values);
	pfree(load->sum.qualities);
	load->sum = wider;
}

/* series: a profile's or another load's; it may be rescaled */
static Load *
load_add(Load *load, MemoryContext context, BlSeries *series)
{
	const BlProfile *shape = &series->shape;
	BlStatus	status;
	int32_t		start;
	int			slots;

	if (load == NULL)
	{
		load = MemoryContextAllocZero(context, sizeof *load);
		load->context = context;
		load->sum.shape = *shape;
		memcpy(load->name, shape->zone, (size_t) shape->zone_length);
		load->sum.shape.zone = load->name;
		load->sum.values = MemoryContextAllocZero(context, shape->slots * sizeof *load->sum.values);
		load->sum.qualities = MemoryContextAlloc(context, shape->slots);
		memset(load->sum.qualities, BL_UNCOVERED, (size_t) shape->slots);
	}
	if (!bl_profile_same_zone(&load->sum.shape, shape))
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("profiles are of different time zones"),
				 errdetail("Days of a profile begin at the midnights of its zone."),
				 errhint("Use in_zone() first.")));
	status = bl_load_union(&load->sum.shape, shape, &start, &slots);
	if (status == BL_LIMIT)
		bl_profile_refuse(status, shape);
	if (status == BL_BAD_UNIT)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_BAD_UNIT),
				 errmsg("profiles of %s and %s do not go together",
						bl_unit_name(load->sum.shape.unit), bl_unit_name(shape->unit)),
				 errhint("Group them by channel, so that each result is of one unit.")));
	if (status != BL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("profiles have different slots"),
				 errdetail("One has slots of %d minutes from %s, the other of %d from %s.",
						   load->sum.shape.slot_minutes, bl_local_text(load->sum.shape.start, 0),
						   shape->slot_minutes, bl_local_text(shape->start, 0)),
				 errhint("Use resample() first.")));
	load_reserve(load, start, slots);
	if (bl_load_add(&load->sum, series) != BL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the sum of a slot is out of range"),
				 errdetail("Sums are kept as 64-bit integers at the finest scale of the profiles."),
				 errhint("Bring the profiles to a coarser scale first.")));
	return load;
}

static void
series_free(BlSeries *series)
{
	pfree(series->values);
	pfree(series->qualities);
}

/* sum's transition */
PG_FUNCTION_INFO_V1(billing_load_add);
Datum
billing_load_add(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Load	   *load = PG_ARGISNULL(0) ? NULL : (Load *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		BlProfile	profile = BL_GETARG_PROFILE(1);
		BlSeries	series = bl_series_of(&profile);

		load = load_add(load, context, &series);
		series_free(&series);
	}
	if (load == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(load);
}

/* sum's combine */
PG_FUNCTION_INFO_V1(billing_load_combine);
Datum
billing_load_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Load	   *into = PG_ARGISNULL(0) ? NULL : (Load *) PG_GETARG_POINTER(0);
	Load	   *from = PG_ARGISNULL(1) ? NULL : (Load *) PG_GETARG_POINTER(1);

	if (from != NULL)
	{
		/* a copy, since adding may rescale it */
		BlSeries	series = from->sum;

		bl_series_room(&series, series.shape.slots);
		memcpy(series.values, from->sum.values, series.shape.slots * sizeof *series.values);
		memcpy(series.qualities, from->sum.qualities, series.shape.slots);
		into = load_add(into, context, &series);
		series_free(&series);
	}
	if (into == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(into);
}

/* sum's serial form: between backends of one server, so in its own byte order */
PG_FUNCTION_INFO_V1(billing_load_serialize);
Datum
billing_load_serialize(PG_FUNCTION_ARGS)
{
	Load	   *load;
	StringInfoData buf;

	(void) aggregate_context(fcinfo);
	load = (Load *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendbytes(&buf, (char *) load, sizeof *load);
	pq_sendbytes(&buf, (char *) load->sum.values, load->sum.shape.slots * (int) sizeof *load->sum.values);
	pq_sendbytes(&buf, (char *) load->sum.qualities, load->sum.shape.slots);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* sum's state again */
PG_FUNCTION_INFO_V1(billing_load_deserialize);
Datum
billing_load_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	Load	   *load;
	int			slots;

	(void) aggregate_context(fcinfo);
	buf = incoming(PG_GETARG_BYTEA_PP(0));
	load = palloc(sizeof *load);
	pq_copymsgbytes(&buf, (char *) load, sizeof *load);
	load->context = CurrentMemoryContext;
	load->sum.shape.zone = load->name;
	slots = load->sum.shape.slots;
	bl_series_room(&load->sum, slots);
	pq_copymsgbytes(&buf, (char *) load->sum.values, slots * (int) sizeof *load->sum.values);
	pq_copymsgbytes(&buf, (char *) load->sum.qualities, slots);
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(load);
}

/* sum's result */
PG_FUNCTION_INFO_V1(billing_load_final);
Datum
billing_load_final(PG_FUNCTION_ARGS)
{
	Load	   *load;
	BlSeries	series;

	(void) aggregate_context(fcinfo);
	load = PG_ARGISNULL(0) ? NULL : (Load *) PG_GETARG_POINTER(0);
	if (load == NULL)
		PG_RETURN_NULL();
	/* the state stays as it is, should more be added */
	series = load->sum;
	series.qualities = palloc(series.shape.slots);
	memcpy(series.qualities, load->sum.qualities, series.shape.slots);
	bl_load_finish(&series);
	PG_RETURN_POINTER(bl_series_packed(&series));
}

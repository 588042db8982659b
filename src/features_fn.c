/*
 * features_fn.c - features of a profile, and the usage that customers usually have
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "billing.h"
#include "calendar.h"
#include "core/features.h"
#include "jsontext.h"
#include "profile_type.h"

enum
{
	ARENA_CEILING = 1 << 28
};

/* What a call site keeps from call to call: its room, and a reference that it is given again and again, read once. */
typedef struct Kept
{
	uint8_t    *room;
	Size		room_size;		/* once aligned */
	MemoryContext given_context;
	struct varlena *given;
	BlReference reference;
} Kept;

static Kept *
kept_of(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Kept));
	return fcinfo->flinfo->fn_extra;
}

/* an arena that begins with the room of the calls before: fresh memory for every year of readings would cost as much as its features */
static BlArena
arena_of(FunctionCallInfo fcinfo)
{
	BlArena		arena;

	bl_arena_init(&arena, ARENA_CEILING);
	arena.next = (uint8_t *) TYPEALIGN(16, kept_of(fcinfo)->room);
	arena.left = kept_of(fcinfo)->room_size;
	return arena;
}

/* what was not enough will be the next time */
static void
keep_room(FunctionCallInfo fcinfo, const BlArena *arena)
{
	Kept	   *kept = kept_of(fcinfo);

	if (arena->asked == 0)
		return;
	if (kept->room != NULL)
		pfree(kept->room);
	kept->room_size += arena->asked;
	kept->room = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, kept->room_size + 15);
}

static BlDayGrid
grid_of(const BlProfile *profile, BlArena *arena)
{
	BlZone		zone = bl_calendar_of(profile);
	BlDayGrid	grid;
	BlStatus	status = bl_day_grid(profile, &zone, arena, &grid);

	if (status == BL_LIMIT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a profile of so many days has no features"),
				 errdetail("There may be %d.", BL_GRID_DAYS_MAX),
				 errhint("Take its last years.")));
	bl_check(status, "profile");
	return grid;
}

/* ---------------------------------------------- the reference as an argument */

static void
bad_reference(const char *why) pg_attribute_noreturn();
static void
bad_reference(const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a reference that usage_reference() did not make"),
			 errdetail("%s", why),
			 errhint("Make it by the aggregate usage_reference(profile).")));
}

static JsonbValue *
member(Jsonb *object, const char *key)
{
	return getKeyJsonValueFromContainer(&object->root, key, (int) strlen(key), NULL);
}

/* numbers of zero or more, null for NaN; *n of them, 1 to most */
static double *
numbers(Jsonb *object, const char *key, int most, int *n)
{
	JsonbValue *list = member(object, key);
	JsonbIterator *it;
	JsonbValue	v;
	double	   *x;
	int			i = 0;

	if (list == NULL || list->type != jbvBinary || !JsonContainerIsArray(list->val.binary.data))
		bad_reference(psprintf("\"%s\" is no list.", key));
	*n = (int) JsonContainerSize(list->val.binary.data);
	if (*n < 1 || *n > most)
		bad_reference(psprintf("\"%s\" has %d numbers, where 1 to %d may be.", key, *n, most));
	x = palloc(sizeof *x * (Size) *n);
	it = JsonbIteratorInit(list->val.binary.data);
	JsonbIteratorNext(&it, &v, true);
	while (JsonbIteratorNext(&it, &v, true) == WJB_ELEM)
	{
		if (v.type == jbvNull)
			x[i] = NAN;
		else if (v.type != jbvNumeric)
			bad_reference(psprintf("\"%s\" holds something else than numbers.", key));
		else
			x[i] = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(v.val.numeric)));
		if (x[i] < 0 || isinf(x[i]))
			bad_reference(psprintf("\"%s\" holds a number below zero or without end.", key));
		i++;
	}
	return x;
}

static BlReference
reference_of(Jsonb *jsonb)
{
	BlReference r = {0};
	JsonbValue *from;

	if (!JB_ROOT_IS_OBJECT(jsonb))
		bad_reference("It is no object.");
	from = member(jsonb, "from");
	if (from == NULL || from->type != jbvString ||
		bl_day_parse(from->val.string.val, (size_t) from->val.string.len, &r.first) != BL_OK)
		bad_reference("\"from\" is no date.");
	r.day = numbers(jsonb, "day", BL_GRID_DAYS_MAX, &r.days);
	r.shape = numbers(jsonb, "shape", BL_GRID_SLOTS_MAX, &r.slots);
	return r;
}

/* argument n, NULL for null */
static const BlReference *
reference_arg(FunctionCallInfo fcinfo, int n)
{
	Kept	   *kept = kept_of(fcinfo);
	struct varlena *given;
	MemoryContext before;

	if (PG_ARGISNULL(n))
		return NULL;
	given = (struct varlena *) PG_GETARG_POINTER(n);
	if (kept->given != NULL && VARSIZE_ANY(kept->given) == VARSIZE_ANY(given) && memcmp(kept->given, given, VARSIZE_ANY(given)) == 0)
		return &kept->reference;
	kept->given = NULL;
	if (kept->given_context == NULL)
		kept->given_context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "usage reference", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(kept->given_context);
	before = MemoryContextSwitchTo(kept->given_context);
	given = memcpy(palloc(VARSIZE_ANY(given)), given, VARSIZE_ANY(given));
	kept->reference = reference_of(DatumGetJsonbP(PointerGetDatum(given)));
	MemoryContextSwitchTo(before);
	kept->given = given;
	return &kept->reference;
}

/* --------------------------------------------------------------- features */

static Datum
float8_array(const double *x, int n)
{
	int			dims = n,
				lower = 1;
	Size		size = ARR_OVERHEAD_NONULLS(1) + sizeof *x * (Size) n;
	ArrayType  *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = FLOAT8OID;
	*ARR_DIMS(array) = dims;
	*ARR_LBOUND(array) = lower;
	memcpy(ARR_DATA_PTR(array), x, sizeof *x * (Size) n);
	PG_RETURN_POINTER(array);
}

/* usage_features(profile, jsonb, profile) returns double precision[] */
PG_FUNCTION_INFO_V1(billing_usage_features);
Datum
billing_usage_features(PG_FUNCTION_ARGS)
{
	double		feature[BL_FEATURES];
	const BlReference *reference = reference_arg(fcinfo, 1);
	BlProfile	profile;
	BlDayGrid	grid,
				area;
	BlArena		arena;
	BlStatus	status;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	arena = arena_of(fcinfo);
	profile = BL_GETARG_PROFILE(0);
	bl_profile_need_energy(&profile);
	grid = grid_of(&profile, &arena);
	if (!PG_ARGISNULL(2))
	{
		BlProfile	lost = BL_GETARG_PROFILE(2);

		bl_profile_need_energy(&lost);
		area = grid_of(&lost, &arena);
	}
	status = bl_features(&grid, reference, PG_ARGISNULL(2) ? NULL : &area, &arena, feature);
	if (status == BL_UNALIGNED)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("profile and reference have different slots"),
				 errdetail("A day of the profile has %d slots, of the reference %d.", grid.slots, reference->slots),
				 errhint("Make a reference of profiles of this slot length, or resample() the profile.")));
	bl_check(status, "features");
	keep_room(fcinfo, &arena);
	return float8_array(feature, BL_FEATURES);
}

/* usage_feature_names() returns text[] */
PG_FUNCTION_INFO_V1(billing_usage_feature_names);
Datum
billing_usage_feature_names(PG_FUNCTION_ARGS)
{
	Datum		name[BL_FEATURES];

	(void) fcinfo;
	for (int i = 0; i < BL_FEATURES; i++)
		name[i] = CStringGetTextDatum(bl_feature_name[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(name, BL_FEATURES, TEXTOID, -1, false, TYPALIGN_INT));
}

/* -------------------------------------------------------------- reference */

/* the state: counts that live in the aggregate's context */
static BlReferenceCounts *
counts_arg(FunctionCallInfo fcinfo, int n, MemoryContext *context)
{
	if (!AggCheckCallContext(fcinfo, context))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("a support function of an aggregate was called on its own"),
				 errhint("Call the aggregate.")));
	return PG_ARGISNULL(n) ? NULL : (BlReferenceCounts *) PG_GETARG_POINTER(n);
}

static uint32 *
counts_room(MemoryContext context, int rows)
{
	return MemoryContextAllocZero(context, sizeof(uint32) * BL_REFERENCE_BINS * (Size) rows);
}

static BlReferenceCounts *
counts_new(MemoryContext context, int slots)
{
	BlReferenceCounts *c = MemoryContextAllocZero(context, sizeof *c);

	c->slots = slots;
	c->shape = counts_room(context, slots);
	return c;
}

/* makes room for days, whatever is there already */
static void
counts_widen(BlReferenceCounts *c, MemoryContext context, int32_t first, int days)
{
	int32_t		union_first;
	int			union_days;
	uint32	   *day;

	if (days == 0)
		return;
	if (bl_reference_union(c, first, days, &union_first, &union_days) != BL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a reference over so many days"),
				 errdetail("Profiles may lie within %d days.", BL_GRID_DAYS_MAX),
				 errhint("Take profiles of the same years.")));
	if (c->days == union_days)
		return;
	day = counts_room(context, union_days);
	if (c->days > 0)
	{
		memcpy(day + (Size) (c->first - union_first) * BL_REFERENCE_BINS, c->day, sizeof *day * BL_REFERENCE_BINS * (Size) c->days);
		pfree(c->day);
	}
	c->day = day;
	c->first = union_first;
	c->days = union_days;
}

static void
check_slots(BlStatus status)
{
	if (status == BL_UNALIGNED)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("profiles of one reference have different slots"),
				 errhint("Group them by slot length, or resample() them.")));
	bl_check(status, "reference");
}

/* _reference_step(internal, profile) returns internal */
PG_FUNCTION_INFO_V1(billing_reference_step);
Datum
billing_reference_step(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	BlReferenceCounts *c = counts_arg(fcinfo, 0, &context);
	BlProfile	profile;
	BlDayGrid	grid;
	BlArena		arena;

	if (PG_ARGISNULL(1))
	{
		if (c == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(c);
	}
	arena = arena_of(fcinfo);
	profile = BL_GETARG_PROFILE(1);
	bl_profile_need_energy(&profile);
	grid = grid_of(&profile, &arena);
	if (c == NULL)
		c = counts_new(context, grid.slots);
	counts_widen(c, context, grid.first, grid.days);
	check_slots(bl_reference_add(c, &grid));
	keep_room(fcinfo, &arena);
	PG_RETURN_POINTER(c);
}

/* _reference_combine(internal, internal) returns internal */
PG_FUNCTION_INFO_V1(billing_reference_combine);
Datum
billing_reference_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	BlReferenceCounts *into = counts_arg(fcinfo, 0, &context);
	BlReferenceCounts *from = counts_arg(fcinfo, 1, &context);

	if (from != NULL)
	{
		/* `from` may live in a shorter context: always merged into our own copy */
		if (into == NULL)
			into = counts_new(context, from->slots);
		counts_widen(into, context, from->first, from->days);
		check_slots(bl_reference_merge(into, from));
	}
	if (into == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(into);
}

/* customers, slots, first day, days (4 bytes each), then the counts of shape and days */
enum
{
	STATE_HEAD = 16
};

/* _reference_serialize(internal) returns bytea */
PG_FUNCTION_INFO_V1(billing_reference_serialize);
Datum
billing_reference_serialize(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	BlReferenceCounts *c = counts_arg(fcinfo, 0, &context);
	size_t		counts = (size_t) (c->slots + c->days) * BL_REFERENCE_BINS;
	struct varlena *value = bl_new_value(STATE_HEAD + 4 * counts);
	BlWriter	w = {bl_new_bytes(value), STATE_HEAD + 4 * counts, 0};

	bl_write_le32(&w, c->customers);
	bl_write_le32(&w, (uint32_t) c->slots);
	bl_write_le32(&w, (uint32_t) c->first);
	bl_write_le32(&w, (uint32_t) c->days);
	for (size_t i = 0; i < (size_t) c->slots * BL_REFERENCE_BINS; i++)
		bl_write_le32(&w, c->shape[i]);
	for (size_t i = 0; i < (size_t) c->days * BL_REFERENCE_BINS; i++)
		bl_write_le32(&w, c->day[i]);
	PG_RETURN_POINTER(value);
}

/* _reference_deserialize(bytea, internal) returns internal */
PG_FUNCTION_INFO_V1(billing_reference_deserialize);
Datum
billing_reference_deserialize(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	BlBytes		bytes = BL_GETARG_BYTES(0);
	BlReader	r = {bytes.bytes, bytes.bytes + bytes.size, false};
	uint32		customers = bl_read_le32(&r),
				slots = bl_read_le32(&r);
	int32_t		first = (int32_t) bl_read_le32(&r);
	uint32		days = bl_read_le32(&r);
	BlReferenceCounts *c;

	(void) counts_arg(fcinfo, 1, &context);
	if (r.bad || slots < 1 || slots > BL_GRID_SLOTS_MAX || days > BL_GRID_DAYS_MAX ||
		bytes.size != STATE_HEAD + (size_t) 4 * (slots + days) * BL_REFERENCE_BINS)
		bl_fail(BL_CORRUPT, "reference");
	c = counts_new(context, (int) slots);
	c->customers = customers;
	counts_widen(c, context, first, (int) days);
	for (size_t i = 0; i < (size_t) slots * BL_REFERENCE_BINS; i++)
		c->shape[i] = bl_read_le32(&r);
	for (size_t i = 0; i < (size_t) days * BL_REFERENCE_BINS; i++)
		c->day[i] = bl_read_le32(&r);
	PG_RETURN_POINTER(c);
}

static void
put_numbers(StringInfo json, const double *x, int n)
{
	for (int i = 0; i < n; i++)
	{
		appendStringInfoString(json, i > 0 ? ", " : "[");
		if (isnan(x[i]))
			appendStringInfoString(json, "null");
		else
			appendStringInfo(json, "%.6f", x[i]);
	}
	appendStringInfoChar(json, ']');
}

/* _reference_final(internal) returns jsonb */
PG_FUNCTION_INFO_V1(billing_reference_final);
Datum
billing_reference_final(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	BlReferenceCounts *c = counts_arg(fcinfo, 0, &context);
	StringInfoData json;
	double	   *day,
				shape[BL_GRID_SLOTS_MAX];
	char		from[16];

	/* nobody who used something: there is nothing usual */
	if (c == NULL || c->customers == 0)
		PG_RETURN_NULL();
	day = palloc(sizeof *day * (Size) c->days);
	bl_reference_medians(c, day, shape);
	bl_day_text(c->first, from);
	initStringInfo(&json);
	appendStringInfo(&json, "{\"customers\": %u, \"from\": \"%s\", \"day\": ", c->customers, from);
	put_numbers(&json, day, c->days);
	appendStringInfoString(&json, ", \"shape\": ");
	put_numbers(&json, shape, c->slots);
	appendStringInfoChar(&json, '}');
	PG_RETURN_DATUM(bl_jsonb_of_text(json.data));
}

/*
 * charges_agg.c - aggregate sum(charges): the core's state in server memory
 *
 * The state travels between workers as a list of charges, one a group, each
 * after its length; adding those up again is how states are combined.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "billing.h"
#include "charges_agg.h"
#include "core/charges_sum.h"
#include "jsontext.h"

struct BlChargesAgg
{
	BlChargesSum sum;
	MemoryContext context;
};
typedef BlChargesAgg State;

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the support functions of billing.sum(charges) cannot be called alone")));
	return context;
}

State *
bl_charges_agg_new(MemoryContext context)
{
	State	   *state = MemoryContextAllocZero(context, sizeof *state);

	state->context = context;
	return state;
}

static BlSumGroup *
new_group(State *state, const uint8_t *dictionary, size_t size)
{
	BlSumGroup *group = MemoryContextAllocZero(state->context, sizeof *group);
	uint8_t    *copy = MemoryContextAlloc(state->context, size);

	memcpy(copy, dictionary, size);
	group->dictionary = copy;
	group->dictionary_size = size;
	group->next = state->sum.group;
	state->sum.group = group;
	state->sum.groups++;
	return group;
}

static void
make_room(State *state, BlSumGroup *group, int lines)
{
	int			room = Min(Max(lines, 2 * group->room), BL_CHARGES_LINES_MAX);

	if (lines <= group->room)
		return;
	if (group->line == NULL)
		group->line = MemoryContextAlloc(state->context, room * sizeof *group->line);
	else
		group->line = repalloc(group->line, room * sizeof *group->line);
	group->room = room;
}

static void
check_sum(BlStatus status)
{
	if (status == BL_LIMIT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the sum of these charges has too many different lines"),
				 errdetail("One value holds at most %d lines of at most %d charges, periods and components.",
						   BL_CHARGES_LINES_MAX, BL_NONE),
				 errhint("Sum fewer tariffs at a time: group by billing.tariff_digest(charges).")));
	bl_check(status, "sum of charges");
}

/* one group of all, in the current memory context; sum loses its tariff */
static BlSumGroup
united(BlChargesSum *sum)
{
	BlArena		arena;
	BlSumGroup	group;

	bl_arena_init(&arena, MaxAllocSize);
	check_sum(bl_sum_unite(sum, &arena, &group));
	return group;
}

/* many tariffs: their groups become one, so that the state stays bounded */
static void
unite_groups(State *state)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "billing sum", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(scratch);
	BlSumGroup	all = united(&state->sum);
	BlSumGroup *group;

	MemoryContextSwitchTo(before);
	for (BlSumGroup *next; state->sum.group != NULL; state->sum.group = next)
	{
		next = state->sum.group->next;
		pfree(unconstify(uint8_t *, state->sum.group->dictionary));
		if (state->sum.group->line != NULL)
			pfree(state->sum.group->line);
		pfree(state->sum.group);
	}
	state->sum.groups = 0;
	group = new_group(state, all.dictionary, all.dictionary_size);
	make_room(state, group, all.lines);
	if (all.lines > 0)
		memcpy(group->line, all.line, all.lines * sizeof *all.line);
	group->lines = all.lines;
	MemoryContextDelete(scratch);
}

void
bl_charges_agg_add(State *state, const BlCharges *charges)
{
	BlProblem	problem = {0};
	BlSumGroup *group;

	if (bl_sum_head(&state->sum, charges, &problem) != BL_OK)
		bl_raise(&problem);
	group = bl_sum_find(&state->sum, charges->dictionary, charges->dictionary_size);
	if (group == NULL)
	{
		if (state->sum.groups >= BL_SUM_GROUPS_MAX)
			unite_groups(state);
		group = new_group(state, charges->dictionary, charges->dictionary_size);
	}
	make_room(state, group, bl_sum_room(group, charges));
	check_sum(bl_sum_lines(group, charges));
}

static void
add_bytes(State *state, BlBytes bytes)
{
	BlCharges	charges;

	bl_check(bl_charges_open(&charges, bytes.bytes, bytes.size), "charges");
	bl_charges_agg_add(state, &charges);
}

static struct varlena *
group_value(const BlChargesSum *sum, const BlSumGroup *group)
{
	BlWriter	w = {NULL, 0, 0};
	struct varlena *value;

	bl_sum_write(sum, group, &w);
	value = bl_new_value(w.used);
	w = (BlWriter) {bl_new_bytes(value), w.used, 0};
	bl_sum_write(sum, group, &w);
	return value;
}

struct varlena *
bl_charges_agg_value(const State *state)
{
	/* a copy: a window may ask again */
	BlChargesSum sum = state->sum;
	BlSumGroup	all;

	if (sum.groups == 0)
		return NULL;
	if (sum.groups == 1)
		return group_value(&sum, sum.group);
	all = united(&sum);
	return group_value(&sum, &all);
}

/* _sum_step(internal, charges) returns internal */
PG_FUNCTION_INFO_V1(billing_sum_step);
Datum
billing_sum_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	State	   *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		if (state == NULL)
			state = bl_charges_agg_new(context);
		add_bytes(state, BL_GETARG_BYTES(1));
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* _sum_combine(internal, internal) returns internal */
PG_FUNCTION_INFO_V1(billing_sum_combine);
Datum
billing_sum_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	State	   *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	State	   *other = PG_ARGISNULL(1) ? NULL : (State *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (state == NULL)
			state = bl_charges_agg_new(context);
		for (const BlSumGroup *g = other->sum.group; g != NULL; g = g->next)
		{
			struct varlena *value = group_value(&other->sum, g);

			add_bytes(state, bl_bytes(value));
			pfree(value);
		}
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* _sum_serialize(internal) returns bytea */
PG_FUNCTION_INFO_V1(billing_sum_serialize);
Datum
billing_sum_serialize(PG_FUNCTION_ARGS)
{
	State	   *state = (State *) PG_GETARG_POINTER(0);
	BlWriter	w = {NULL, 0, 0};
	struct varlena *value;

	aggregate_context(fcinfo);
	for (const BlSumGroup *g = state->sum.group; g != NULL; g = g->next)
	{
		w.used += 4;
		bl_sum_write(&state->sum, g, &w);
	}
	value = bl_new_value(w.used);
	w = (BlWriter) {bl_new_bytes(value), w.used, 0};
	for (const BlSumGroup *g = state->sum.group; g != NULL; g = g->next)
	{
		size_t		at = w.used;

		bl_write_le32(&w, 0);
		bl_sum_write(&state->sum, g, &w);
		bl_put_le32(w.bytes + at, (uint32) (w.used - at - 4));
	}
	PG_RETURN_POINTER(value);
}

/* _sum_deserialize(bytea, internal) returns internal */
PG_FUNCTION_INFO_V1(billing_sum_deserialize);
Datum
billing_sum_deserialize(PG_FUNCTION_ARGS)
{
	BlBytes		bytes = BL_GETARG_BYTES(0);
	BlReader	r = {bytes.bytes, bytes.bytes + bytes.size, false};
	State	   *state;

	aggregate_context(fcinfo);
	state = bl_charges_agg_new(CurrentMemoryContext);
	while (r.next < r.end)
	{
		size_t		size = bl_read_le32(&r);
		const uint8_t *value = bl_read_bytes(&r, size);

		if (value == NULL)
			bl_fail(BL_TRUNCATED, "sum of charges");
		add_bytes(state, (BlBytes) {value, size});
	}
	PG_RETURN_POINTER(state);
}

/* _sum_final(internal) returns charges */
PG_FUNCTION_INFO_V1(billing_sum_final);
Datum
billing_sum_final(PG_FUNCTION_ARGS)
{
	struct varlena *value;

	aggregate_context(fcinfo);
	value = PG_ARGISNULL(0) ? NULL : bl_charges_agg_value((State *) PG_GETARG_POINTER(0));
	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(value);
}

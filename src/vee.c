/*
 * vee.c - the arguments that validation, estimation and editing share
 *
 * Rules and market are compiled once for a run of rows that share them: the
 * bytes of the argument are compared with those of the call before.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "core/usage_json.h"
#include "document.h"
#include "jsontext.h"
#include "profile_type.h"
#include "vee.h"

/* ---------------------------------------------------- what a query keeps */

/* an argument as it was last seen, and what was made of it */
typedef struct Kept
{
	MemoryContext context;		/* NULL: nothing yet */
	struct varlena *bytes;		/* NULL: the argument was null */
	void	   *compiled;
} Kept;

typedef struct VeeCall
{
	Kept		rules;
	Kept		market;
} VeeCall;

typedef void *(*Compiler) (Datum argument, bool isnull);

static VeeCall *
call_of(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(VeeCall));
	return fcinfo->flinfo->fn_extra;
}

static bool
same_bytes(const struct varlena *a, const struct varlena *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* argument n, compiled now or before */
static void *
kept(FunctionCallInfo fcinfo, Kept *kept, int n, Compiler compile)
{
	bool		isnull = PG_ARGISNULL(n);
	struct varlena *given = isnull ? NULL : PG_GETARG_VARLENA_PP(n);
	MemoryContext before;
	MemoryContext context;

	if (kept->context != NULL && (given == NULL) == (kept->bytes == NULL) &&
		(given == NULL || same_bytes(given, kept->bytes)))
		return kept->compiled;
	if (kept->context != NULL)
	{
		context = kept->context;
		kept->context = NULL;
		MemoryContextDelete(context);
	}
	/* the caller's until it is whole, so that an error leaves nothing behind */
	context = AllocSetContextCreate(CurrentMemoryContext, "billing rules", ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(context);
	kept->bytes = NULL;
	if (given != NULL)
	{
		kept->bytes = palloc(VARSIZE_ANY(given));
		memcpy(kept->bytes, given, VARSIZE_ANY(given));
	}
	kept->compiled = compile(PointerGetDatum(given), isnull);
	MemoryContextSwitchTo(before);
	MemoryContextSetParent(context, fcinfo->flinfo->fn_mcxt);
	kept->context = context;
	return kept->compiled;
}

/* ------------------------------------------------------------------- rules */

typedef struct FirstProblem
{
	BlProblem	problem;
	int			found;
} FirstProblem;

static bool
keep_first(void *context, const char *path, const char *message, const char *hint)
{
	FirstProblem *first = context;

	if (first->found++ > 0)
		return true;
	bl_problem(&first->problem, BL_BAD_RULES, "rules: %s", message);
	bl_problem_detail(&first->problem, "At %s.", path);
	if (hint[0] != '\0')
		bl_problem_hint(&first->problem, "%s", hint);
	return true;
}

static void
check_compiled(BlStatus status, FirstProblem *first, const char *check)
{
	if (status == BL_BAD_RULES)
	{
		if (first->found > 1)
			bl_problem_detail(&first->problem, "%s %d more: billing.%s() lists all.",
							  pstrdup(first->problem.detail), first->found - 1, check);
		bl_raise(&first->problem);
	}
	bl_check(status, "rules");
}

static BlJson *
rules_json(Datum argument, bool isnull, const char *without, BlArena *arena)
{
	bl_arena_init(arena, (size_t) 64 << 20);
	return bl_json_of_text(isnull ? pstrdup(without) : bl_text_of_jsonb(argument), arena);
}

static void *
compile_rules(Datum argument, bool isnull)
{
	BlRules    *rules = palloc(sizeof *rules);
	FirstProblem first = {0};
	BlArena		arena;
	BlJson	   *root = rules_json(argument, isnull, bl_validation_rules, &arena);

	check_compiled(bl_rules_compile(root, &arena, rules, keep_first, &first), &first, "validation_check");
	return rules;
}

static void *
compile_estimation_rules(Datum argument, bool isnull)
{
	BlEstimationRules *rules = palloc(sizeof *rules);
	FirstProblem first = {0};
	BlArena		arena;
	BlJson	   *root = rules_json(argument, isnull, bl_estimation_rules, &arena);

	check_compiled(bl_estimation_rules_compile(root, rules, keep_first, &first), &first, "estimation_check");
	return rules;
}

const BlRules *
bl_vee_rules(FunctionCallInfo fcinfo)
{
	return kept(fcinfo, &call_of(fcinfo)->rules, BL_VEE_RULES, compile_rules);
}

const BlEstimationRules *
bl_vee_estimation_rules(FunctionCallInfo fcinfo)
{
	return kept(fcinfo, &call_of(fcinfo)->rules, BL_VEE_RULES, compile_estimation_rules);
}

/* ---------------------------------------------------------------- readings */

static void *
compile_market(Datum argument, bool isnull)
{
	BlDocument	document;
	BlMarket   *market;
	BlProblem	problem = {0};

	if (isnull)
		return NULL;
	bl_check(bl_document_open(bl_bytes((struct varlena *) DatumGetPointer(argument)), BL_DOCUMENT_MARKET, &document), "market");
	if (bl_document_market(&document, &market, &problem) != BL_OK)
		bl_raise(&problem);
	return market;
}

BlZone
bl_vee_zone(const BlProfile *profile, int32_t from, int32_t until)
{
	BlZoneName	name;
	BlProblem	problem;
	BlZone		zone;

	bl_calendar_name_of(profile, &name);
	if (bl_calendar_zone(&name, from, until, &zone, &problem) != BL_OK)
		bl_raise(&problem);
	return zone;
}

static void
read_registers(FunctionCallInfo fcinfo, BlArena *arena, BlReadings *readings)
{
	BlRegister *list;
	BlProblem	problem = {0};
	BlStatus	status;
	int			n;

	if (PG_ARGISNULL(BL_VEE_REGISTERS))
		return;
	status = bl_registers_from_json(bl_json_of_text(bl_text_of_jsonb(PG_GETARG_DATUM(BL_VEE_REGISTERS)), arena),
									"registers", arena, &list, &n, &problem);
	if (status == BL_OK)
		status = bl_readings_registers(readings, list, n, &problem);
	if (status != BL_OK)
		bl_raise(&problem);
}

void
bl_vee_readings(FunctionCallInfo fcinfo, BlArena *arena, BlReadings *readings)
{
	BlProfile	profile = BL_GETARG_PROFILE(BL_VEE_PROFILE);
	bool		alone = PG_ARGISNULL(BL_VEE_HISTORY);
	BlProfile	history;
	BlProblem	problem = {0};
	BlZone	   *zone = palloc(sizeof *zone);
	int32_t		from,
				until;

	if (!alone)
		history = BL_GETARG_PROFILE(BL_VEE_HISTORY);
	bl_readings_span(&profile, alone ? NULL : &history, &from, &until);
	*zone = bl_vee_zone(&profile, from, until);
	bl_arena_init(arena, BL_VEE_CEILING);
	if (bl_readings_make(&profile, alone ? NULL : &history, zone,
						 kept(fcinfo, &call_of(fcinfo)->market, BL_VEE_MARKET, compile_market),
						 arena, readings, &problem) != BL_OK)
		bl_raise(&problem);
	read_registers(fcinfo, arena, readings);
}

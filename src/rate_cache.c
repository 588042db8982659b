/*
 * rate_cache.c - tariffs compiled and bound once a query, not once a row
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "billing.h"
#include "calendar.h"
#include "jsontext.h"
#include "rate_cache.h"
#include "sha256.h"

enum
{
	ROOM = 64 * 1024,
	ARENA_CEILING = 1 << 29,
	BINDINGS_MAX = 64,			/* kept by a session */
	BINDINGS_SIZE_MAX = 64 * 1024 * 1024	/* bytes of all of them, most of which is room never touched */
};

static BlBinding *bindings[BINDINGS_MAX];
static uint64 serials;

/*
 * Is the argument a constant of the expression?  A parameter that stays the
 * same within a query is not enough: PL/pgSQL keeps an expression and what we
 * know of it while its variables change.
 */
static bool
is_constant(FmgrInfo *flinfo, int n)
{
	Node	   *call = flinfo->fn_expr;

	return call != NULL && IsA(call, FuncExpr) && n < list_length(((FuncExpr *) call)->args) &&
		IsA(list_nth(((FuncExpr *) call)->args, n), Const);
}

BlRateCall *
bl_rate_call(FunctionCallInfo fcinfo, int tariff, int during, int market)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	BlRateCall *call = flinfo->fn_extra;
	MemoryContext context;

	if (call != NULL)
		return call;
	context = AllocSetContextCreate(flinfo->fn_mcxt, "billing rate", ALLOCSET_DEFAULT_SIZES);
	call = MemoryContextAllocZero(context, sizeof *call);
	call->context = context;
	call->scratch = AllocSetContextCreate(context, "billing rate scratch", ALLOCSET_DEFAULT_SIZES);
	call->tariff_stable = is_constant(flinfo, tariff);
	call->during_stable = is_constant(flinfo, during);
	call->market_stable = is_constant(flinfo, market);
	call->room = MemoryContextAlloc(context, ROOM + 16);
	flinfo->fn_extra = call;
	return call;
}

void
bl_rate_next_row(BlRateCall *call)
{
	if (call->arena.asked > 0)
		MemoryContextReset(call->scratch);
	if (call->arena.more == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(call->scratch);

		bl_arena_init(&call->arena, ARENA_CEILING);
		MemoryContextSwitchTo(old);
	}
	call->arena.asked = 0;
	call->arena.next = (uint8_t *) TYPEALIGN(16, call->room);
	call->arena.left = ROOM;
}

/* ---- binding ---- */

/* all that a bill depends on besides tariff, usage, terms and carry */
static void
facts_digest(BlBinding *b, const BlZone *zone)
{
	size_t		size = 2 * BL_DIGEST_SIZE + (size_t) zone->n * 6;
	uint8_t    *bytes = palloc(size);
	int32_t		from = b->from * BL_MINUTES_PER_DAY - 2 * BL_MINUTES_PER_DAY;
	int32_t		until = b->until * BL_MINUTES_PER_DAY + 2 * BL_MINUTES_PER_DAY;
	uint8_t    *at = bytes + BL_DIGEST_SIZE;

	memcpy(bytes, b->market_digest, BL_DIGEST_SIZE);
	/* the offsets in force around the span, however long the table is */
	for (int i = 0; i < zone->n; i++)
	{
		bool		last_before = i + 1 == zone->n || zone->step[i + 1].from_minute > from;

		if (!last_before || (i > 0 && zone->step[i].from_minute >= until))
			continue;
		bl_put_le32(at, (uint32_t) (zone->step[i].from_minute <= from ? 0 : zone->step[i].from_minute));
		bl_put_le16(at + 4, (uint16_t) zone->step[i].offset);
		at += 6;
	}
	bl_sha256(bytes, (size_t) (at - bytes), b->facts_digest);
	pfree(bytes);
}

static BlStatus
zone_of(const BlBinding *b, BlZone *zone, BlProblem *problem)
{
	const BlZone *given = bl_market_zone(b->market, b->tariff->zone);
	BlZoneName	name;
	BlStatus	status;

	if (given != NULL)
	{
		*zone = *given;
		return BL_OK;
	}
	status = bl_calendar_name(b->tariff->zone.text, (size_t) b->tariff->zone.length, &name, problem);
	if (status != BL_OK)
		return status;
	return bl_calendar_zone(&name, (b->from - 400) * BL_MINUTES_PER_DAY, (b->until + 400) * BL_MINUTES_PER_DAY,
							zone, problem);
}

/* in b->context */
static BlStatus
make_binding(BlBinding *b, const BlDocument *tariff, const BlDocument *market, BlProblem *problem)
{
	BlStatus	status;
	BlArena		arena;
	BlZone	   *zone;

	/* dates far beyond the calendar must not reach the arithmetic of zones */
	if (b->from <= BL_DAY_MIN + 400 || b->until >= BL_DAY_MAX - 800)
		return bl_problem(problem, BL_BAD_VALUE, "the billed span is beyond the calendar");
	status = bl_document_tariff(tariff, &b->tariff, problem);
	if (status == BL_OK && market != NULL)
		status = bl_document_market(market, &b->market, problem);
	if (status != BL_OK)
		return status;
	zone = palloc(sizeof *zone);
	status = zone_of(b, zone, problem);
	if (status != BL_OK)
		return status;
	bl_arena_init(&arena, ARENA_CEILING);
	status = bl_bind(b->tariff, b->market, zone, b->from, b->until, &arena, &b->bound, problem);
	if (status == BL_OK)
		facts_digest(b, zone);
	return status;
}

static bool
is_for(const BlBinding *b, const BlRateCall *call, const uint8_t *tariff, const uint8_t *market, int32_t from, int32_t until)
{
	return b != NULL && b->from == from && b->until == until && b->explains == call->explains &&
		memcmp(b->tariff_digest, tariff, BL_DIGEST_SIZE) == 0 && memcmp(b->market_digest, market, BL_DIGEST_SIZE) == 0;
}

/* its place; -1: there is none */
static int
find(const BlRateCall *call, const uint8_t *tariff, const uint8_t *market, int32_t from, int32_t until)
{
	/* mostly the one of the last row */
	if (is_for(bindings[call->place], call, tariff, market, from, until))
		return call->place;
	for (int i = 0; i < BINDINGS_MAX; i++)
		if (is_for(bindings[i], call, tariff, market, from, until))
			return i;
	return -1;
}

/* a free place, and memory for one more: those not used for the longest time go */
static int
make_place(Size size)
{
	for (;;)
	{
		Size		all = size;
		int			oldest = -1,
					empty = -1;

		for (int i = 0; i < BINDINGS_MAX; i++)
		{
			if (bindings[i] == NULL)
			{
				empty = i;
				continue;
			}
			all += bindings[i]->size;
			if (oldest < 0 || bindings[i]->used < bindings[oldest]->used)
				oldest = i;
		}
		if (empty >= 0 && (oldest < 0 || all <= BINDINGS_SIZE_MAX))
			return empty;
		MemoryContextDelete(bindings[oldest]->context);
		bindings[oldest] = NULL;
	}
}

/* is the binding that a call site used last still there? */
static BlBinding *
last_of(const BlRateCall *call)
{
	BlBinding  *b = call->serial > 0 ? bindings[call->place] : NULL;

	return b != NULL && b->serial == call->serial ? b : NULL;
}

/* the bytes of a document; of one that is compressed or elsewhere only the head with its digest, unless whole */
static BlBytes
document_bytes(Datum value, bool whole)
{
	struct varlena *stored = (struct varlena *) DatumGetPointer(value);

	if (!whole && (VARATT_IS_COMPRESSED(stored) || VARATT_IS_EXTERNAL(stored)))
		return bl_bytes(PG_DETOAST_DATUM_SLICE(value, 0, BL_DOCUMENT_HEADER));
	return bl_bytes(PG_DETOAST_DATUM_PACKED(value));
}

static BlStatus
open_documents(Datum tariff_value, Datum market_value, bool has_market, bool whole, BlDocument *tariff, BlDocument *market,
			   BlProblem *problem)
{
	BlStatus	status = bl_document_open(document_bytes(tariff_value, whole), BL_DOCUMENT_TARIFF, tariff);

	if (status != BL_OK)
		return bl_problem(problem, status, "tariff: %s", bl_status_text(status));
	if (has_market)
		status = bl_document_open(document_bytes(market_value, whole), BL_DOCUMENT_MARKET, market);
	if (status != BL_OK)
		return bl_problem(problem, status, "market: %s", bl_status_text(status));
	return BL_OK;
}

BlStatus
bl_rate_bind(BlRateCall *call, Datum tariff_value, int32_t from, int32_t until,
			 Datum market_value, bool has_market, BlBinding **binding)
{
	static const uint8_t none[BL_DIGEST_SIZE];
	BlDocument	tariff,
				market = {none, NULL, 0};
	MemoryContext context,
				old;
	BlBinding  *b = last_of(call);
	BlStatus	status;
	int			place;

	if (b != NULL && call->tariff_stable && call->market_stable && b->from == from && b->until == until)
	{
		*binding = b;
		return BL_OK;
	}
	status = open_documents(tariff_value, market_value, has_market, false, &tariff, &market, &call->problem);
	if (status != BL_OK)
		return status;
	place = find(call, tariff.digest, market.digest, from, until);
	if (place < 0)
	{
		status = open_documents(tariff_value, market_value, has_market, true, &tariff, &market, &call->problem);
		if (status != BL_OK)
			return status;
		context = AllocSetContextCreate(call->context, "billing bound tariff", ALLOCSET_DEFAULT_SIZES);
		old = MemoryContextSwitchTo(context);
		b = palloc0(sizeof *b);
		b->context = context;
		b->from = from;
		b->until = until;
		b->explains = call->explains;
		memcpy(b->tariff_digest, tariff.digest, BL_DIGEST_SIZE);
		memcpy(b->market_digest, market.digest, BL_DIGEST_SIZE);
		status = make_binding(b, &tariff, has_market ? &market : NULL, &call->problem);
		MemoryContextSwitchTo(old);
		if (status != BL_OK)
		{
			MemoryContextDelete(context);
			return status;
		}
		if (b->explains)
			bl_bound_explain(b->bound);
		b->size = MemoryContextMemAllocated(context, true);
		b->serial = ++serials;
		place = make_place(b->size);
		MemoryContextSetParent(context, TopMemoryContext);
		bindings[place] = b;
	}
	b = bindings[place];
	b->used = ++serials;
	call->place = place;
	call->serial = b->serial;
	call->from = from;
	call->until = until;
	*binding = b;
	return BL_OK;
}

/* ---- terms ---- */

BlStatus
bl_rate_terms(BlRateCall *call, Datum terms, bool has_terms, BlJson **json)
{
	struct varlena *value;
	MemoryContext old;
	BlArena		arena;
	char	   *text;
	BlStatus	status;

	*json = NULL;
	if (!has_terms)
		return BL_OK;
	value = PG_DETOAST_DATUM_PACKED(terms);
	if (call->terms_value != NULL && VARSIZE_ANY_EXHDR(value) == VARSIZE_ANY_EXHDR(call->terms_value) &&
		memcmp(VARDATA_ANY(value), VARDATA_ANY(call->terms_value), VARSIZE_ANY_EXHDR(value)) == 0)
	{
		*json = call->terms;
		return BL_OK;
	}
	call->terms_value = NULL;
	if (call->terms_context == NULL)
		call->terms_context = AllocSetContextCreate(call->context, "billing terms", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(call->terms_context);
	old = MemoryContextSwitchTo(call->terms_context);
	bl_arena_init(&arena, ARENA_CEILING);
	text = bl_text_of_jsonb(terms);
	text = pg_server_to_any(text, (int) strlen(text), PG_UTF8);
	status = bl_json_parse(text, strlen(text), &arena, &call->terms, &call->problem);
	if (status == BL_OK)
	{
		call->terms_value = palloc(VARSIZE_ANY(value));
		memcpy(call->terms_value, value, VARSIZE_ANY(value));
	}
	MemoryContextSwitchTo(old);
	*json = call->terms;
	return status;
}

/*
 * rate_cache.h - what rate() keeps between rows and between queries
 *
 * A compiled tariff, a compiled market and the binding of both to a span are
 * made once and found again by their digests, by any call site of the session:
 * what is bound is a function of those bytes and the span alone.  Where the planner
 * says that an argument cannot change within the query, not even that is looked at.
 * The least lately used go when there are too many or they take too much memory.
 */
#ifndef BL_RATE_CACHE_H
#define BL_RATE_CACHE_H

#include "access/tupdesc.h"

#include "document.h"
#include "core/rate.h"

typedef struct BlBinding
{
	uint8_t		tariff_digest[BL_DIGEST_SIZE];
	uint8_t		market_digest[BL_DIGEST_SIZE];	/* of the market value; zeros: none */
	uint8_t		facts_digest[BL_DIGEST_SIZE];	/* of market value and zone table together */
	int32_t		from;
	int32_t		until;
	BlTariff   *tariff;
	BlMarket   *market;
	BlBound    *bound;
	bool		explains;		/* keeps exact amounts */
	MemoryContext context;
	Size		size;
	uint64		serial;			/* its own, 0 for no binding */
	uint64		used;			/* when it was last looked up */
} BlBinding;

typedef struct BlRateCall
{
	MemoryContext context;		/* child of the function's own */
	MemoryContext scratch;		/* of one row, reset when used */
	bool		tariff_stable;
	bool		market_stable;
	bool		during_stable;
	bool		explains;		/* wants exact amounts */
	/* the last binding, as long as it has its serial number */
	int			place;
	uint64		serial;			/* 0: none yet */
	int32_t		from;
	int32_t		until;
	/* the last terms, parsed */
	MemoryContext terms_context;
	struct varlena *terms_value;
	BlJson	   *terms;
	BlProblem	problem;
	BlArena		arena;
	uint8_t    *room;			/* the arena's first chunk, kept between rows */
	TupleDesc	result;			/* of a function that returns a row; NULL: not asked for yet */
} BlRateCall;

/* of this call site; the numbers of its arguments for tariff, span and market */
extern BlRateCall *bl_rate_call(FunctionCallInfo fcinfo, int tariff, int during, int market);

/* binds; a status other than BL_OK has filled in call->problem */
extern BlStatus bl_rate_bind(BlRateCall *call, Datum tariff, int32_t from, int32_t until,
							 Datum market, bool has_market, BlBinding **binding);
/* parses; NULL for no terms or empty ones */
extern BlStatus bl_rate_terms(BlRateCall *call, Datum terms, bool has_terms, BlJson **json);
/* empty scratch for the next row */
extern void bl_rate_next_row(BlRateCall *call);

#endif							/* BL_RATE_CACHE_H */

/*
 * rate_cache.h - what one call site of rate() keeps between rows
 *
 * A compiled tariff, a compiled market and the binding of both to a span are
 * made once and found again by their digests; where the planner says that an
 * argument cannot change within the query, not even that is looked at.
 */
#ifndef BL_RATE_CACHE_H
#define BL_RATE_CACHE_H

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
	MemoryContext context;
} BlBinding;

typedef struct BlRateCall
{
	MemoryContext context;		/* child of the function's own */
	MemoryContext scratch;		/* of one row, reset when used */
	bool		tariff_stable;
	bool		market_stable;
	bool		during_stable;
	bool		bound;			/* last is right for stable arguments */
	int			bindings;
	BlBinding  *binding[32];
	BlBinding  *last;
	/* the last terms, parsed */
	MemoryContext terms_context;
	struct varlena *terms_value;
	BlJson	   *terms;
	BlProblem	problem;
	BlArena		arena;
	uint8_t    *room;			/* the arena's first chunk, kept between rows */
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

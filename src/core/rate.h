/*
 * rate.h - one step of the fold: (tariff, usage, terms, market, carry) -> (charges, carry')
 *
 * Binding does once a query what only depends on tariff, market and span: the
 * days, their kinds and their maps of periods, the places where the span is
 * cut.  Rating does the rest for each usage.
 *
 *	bind.c			days, maps, cuts
 *	measure.c		profiles and registers -> energy by piece and period, peaks
 *	rate.c			pieces, the order of things, bytes
 *	rate_terms.c	terms, prices, conditions
 *	rate_energy.c	charges on energy
 *	rate_tiers.c	tiers and their counts
 *	rate_demand.c	demand
 *	rate_time.c		fixed and capacity charges, months
 *	rate_export.c	netting, banks
 *	rate_money.c	percent, power factor, bounds; rounding of groups and the total
 *
 * A bound tariff carries its own scratch, so one thread rates with it at a time.
 */
#ifndef BL_RATE_H
#define BL_RATE_H

#include "carry.h"
#include "charges.h"
#include "market.h"
#include "tariff.h"

enum
{
	BL_RATE_DAYS_MAX = 1500,	/* of one billed span */
	BL_RATE_PIECES_MAX = 400,
	BL_RATE_SCANS_MAX = 48
};

typedef struct BlBound BlBound;

/*
 * zone is the tariff's, covering [from - 2 days, until + 2 days); market may be NULL.
 * Everything given must outlive the binding.
 */
extern BlStatus bl_bind(const BlTariff *tariff, const BlMarket *market, const BlZone *zone,
						int32_t from, int32_t until, BlArena *arena, BlBound **bound, BlProblem *problem);

/* What rating made; lives until the next rating with the same binding. */
typedef struct BlRated
{
	int			lines;
	BlDec		total;
	bool		estimated;
	BlCarry		carry;			/* entries not touched point into the opening carry */
	bool		plain;			/* of no carry */
	const uint8_t *bytes;		/* the charges, where they were made as the last ones; NULL: they are to be written */
	size_t		size;
} BlRated;

/*
 * terms: a JSON object or NULL; carry: NULL for none.  arena: scratch of this call,
 * used only where the bound one's does not do (terms that change, many registers).
 */
extern BlStatus bl_rate(BlBound *bound, const BlUsage *usage, BlJson *terms, const BlCarry *carry,
						BlArena *arena, BlRated *rated, BlProblem *problem);

/* Why a line is what it is. */
typedef struct BlReason
{
	const BlCharge *charge;		/* NULL: the rounding of the total */
	BlDec		exact;			/* the amount before rounding; only after bl_bound_explain() */
	int64_t		num;			/* the fraction of a month or year, percent's 100, a credit's sign */
	int64_t		den;
	int32_t		from;			/* the days it is for */
	int32_t		until;
	BlDec		bound;			/* of a minimum or maximum, and the money it is held against */
	BlDec		base;
} BlReason;

/* the period of a schedule that a minute is in; false: not in the span, no such schedule, or it has no periods */
extern bool bl_bound_period(const BlBound *bound, BlText schedule, int32_t minute, BlText *period);

extern void bl_bound_explain(BlBound *bound);	/* from now on ratings keep exact amounts */
extern void bl_rated_reason(const BlBound *bound, int line, BlReason *reason);

/* the charges as bytes: room enough for them, then the bytes themselves; the carry's come from bl_carry_write */
extern size_t bl_rated_bound(const BlBound *bound, const BlRated *rated, size_t carry_size);
extern void bl_rated_write(const BlBound *bound, const BlRated *rated, const uint8_t *tariff_digest,
						   const uint8_t *market_digest, const uint8_t *carry, size_t carry_size, BlWriter *w);

#endif							/* BL_RATE_H */

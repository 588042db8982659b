/*
 * carry.h - what earlier periods leave behind, bounded
 *
 *	counters	energy counted so far in a tier year, season or month
 *	demand		billed or measured peaks of earlier periods, for ratchets
 *	banks		energy or money kept for later (export credits, differences of rounding), and
 *				money counted so far for a minimum or maximum by the year
 *
 * carry, version 1 (after the varlena length word; integers little-endian)
 *
 *	 0  1  version
 *	 1  1  flags, all reserved: zero
 *	 2  2  number of counters; each: name (1+n), kind (1: BlCounterKind), first day of its window (4), kWh (decimal)
 *	 .  2  number of demands; each: name (1+n), first day of the month (4), kW (decimal)
 *	 .  2  number of banks; each: name (1+n), period name (1+n, may be empty), first day of the vintage (4), amount (decimal)
 *
 * Counters rise by name, demands by (name, day), banks by (name, period, day), bytewise and never twice the
 * same; names and periods are plain UTF-8 of at most BL_NAME_MAX bytes; a decimal is as in usage.h, without
 * trailing zeros, of a counter never below zero; the day of a year counter is 1 January, that of a month the first.  So equal carries have
 * equal bytes.
 *
 * As JSON:
 *	{"counters": {"tier": {"year": 2026, "kwh": "2700"}, "slab": {"month": "2026-03", "kwh": "12.5"},
 *				  "block": {"from": "2026-06-01", "kwh": "9"}},
 *	 "demand": [{"name": "demand", "month": "2026-01", "kw": "123.4"}],
 *	 "banks": [{"name": "export", "period": "peak", "from": "2026-01-01", "amount": "12.25"}]}
 * Every member may be missing; nothing else is allowed.  Years are 1 to 4998.
 * A year counter's window begins on the tier year's first day; "year" is the year of that day.
 * A tier split by period counters has the name "tier/peak".
 */
#ifndef BL_CARRY_H
#define BL_CARRY_H

#include "json.h"
#include "usage.h"

enum
{
	BL_CARRY_VERSION = 1,
	BL_CARRY_COUNTERS_MAX = 64,
	BL_CARRY_DEMANDS_MAX = 512,
	BL_CARRY_BANKS_MAX = 512,
	BL_CARRY_EMPTY = 8			/* bytes of a carry with nothing in it */
};

typedef enum BlCounterKind
{
	BL_COUNTER_YEAR,
	BL_COUNTER_MONTH,
	BL_COUNTER_FROM
} BlCounterKind;

/*
 * A year counter keeps its year only (the tariff knows its year_start):
 * first_day is 1 January once written, whatever day of the year was given.
 */
typedef struct BlCounter
{
	BlText		name;
	BlCounterKind kind;
	int32_t		first_day;
	BlDec		kwh;
} BlCounter;

typedef struct BlPastDemand
{
	BlText		name;
	int32_t		first_day;		/* of the month */
	BlDec		kw;
} BlPastDemand;

typedef struct BlBank
{
	BlText		name;
	BlText		period;			/* may be empty */
	int32_t		first_day;
	BlDec		amount;
} BlBank;

/* Arrays live in an arena; texts point into the bytes or JSON they came from. */
typedef struct BlCarry
{
	int			counters;
	BlCounter  *counter;
	int			demands;
	BlPastDemand *demand;
	int			banks;
	BlBank	   *bank;
} BlCarry;

/* checks all; the arrays come from the arena */
extern BlStatus bl_carry_open(BlCarry *carry, const uint8_t *bytes, size_t size, BlArena *arena);
/*
 * Sorts the entries, moves their days to the first of year or month, and
 * writes.  BL_BAD_CARRY on two entries of one key or a bad name or day,
 * BL_LIMIT on too many, BL_OVERFLOW on a decimal that does not fit.
 */
extern BlStatus bl_carry_write(BlCarry *carry, BlWriter *w);
extern BlStatus bl_carry_from_json(BlCarry *carry, BlJson *json, BlArena *arena, BlProblem *problem);
extern void bl_carry_to_json(const BlCarry *carry, BlWriter *out);

#endif							/* BL_CARRY_H */

/*
 * rating.h - what the fuzz targets of tariffs share: compiling, two zones,
 * and what must be true of every bill
 */
#ifndef FUZZ_RATING_H
#define FUZZ_RATING_H

#include "core/rate.h"
#include "core/tariff_parse.h"
#include "core/utf8.h"
#include "memory.h"

enum
{
	RATING_DAYS_MAX = 120		/* keeps one input short */
};

/* London's clock of 2026, and one that moves by half an hour */
static const BlZoneStep london_steps[] = {{INT32_MIN, 0}, {13801020, 60}, {14103420, 0}};
static const BlZoneStep half_steps[] = {{INT32_MIN, 660}, {13810500, 630}, {14072610, 660}};
static const BlZone zones[] = {{3, london_steps}, {3, half_steps}};

/* every text that a person may see is UTF-8 */
static inline void
check_text(const char *text)
{
	const uint8_t *at = (const uint8_t *) text;
	const uint8_t *end = at + strlen(text);

	while (at < end)
	{
		int			n = bl_utf8_length(at, end);

		MUST(n > 0);
		at += n;
	}
}

static inline void
check_problem(BlStatus status, const BlProblem *problem)
{
	MUST(status > BL_OK && status < BL_STATUS_COUNT);
	if (problem->status != status)
		return;
	MUST(problem->message[0] != '\0');
	check_text(problem->message);
	check_text(problem->detail);
	check_text(problem->hint);
}

typedef struct Reports
{
	int			count;
	int			most;			/* stop after so many; 0: hear all */
} Reports;

static inline bool
report(void *context, const char *path, const char *message, const char *hint)
{
	Reports    *reports = context;

	MUST(path[0] == '$' && message[0] != '\0');
	check_text(path);
	check_text(message);
	check_text(hint);
	return ++reports->count != reports->most;
}

/* JSON, or NULL */
static inline BlJson *
parse_json(const void *text, size_t size, BlArena *arena)
{
	BlProblem	problem = {0};
	BlJson	   *root;
	BlStatus	status = bl_json_parse(text, size, arena, &root, &problem);

	if (status == BL_OK)
		return root;
	check_problem(status, &problem);
	return NULL;
}

static inline BlTariff *
compile_tariff(BlJson *root, BlArena *arena)
{
	Reports		reports = {0, 0};
	BlTariff   *tariff;
	BlStatus	status = bl_tariff_compile(root, arena, &tariff, report, &reports);

	MUST(status == BL_OK ? reports.count == 0 : status == BL_NO_SPACE || reports.count > 0);
	return status == BL_OK ? tariff : NULL;
}

/* the canonical text of a tree */
static inline BlWriter
canonical_text(const BlJson *root, BlArena *arena)
{
	BlWriter	w = {NULL, 0, 0};

	MUST(bl_json_write(root, arena, &w));
	w = (BlWriter) {bl_arena_get(arena, w.used), w.used, 0};
	MUST(w.bytes != NULL);
	MUST(bl_json_write(root, arena, &w) && w.used == w.size);
	return w;
}

/* the closing carry as bytes; NULL where it is empty or does not fit */
static inline uint8_t *
carry_bytes(BlCarry *carry, BlArena *arena, size_t *size)
{
	BlWriter	w = {NULL, 0, 0};
	BlStatus	status;
	BlCarry		back;

	*size = 0;
	if (carry->counters + carry->demands + carry->banks == 0)
		return NULL;
	status = bl_carry_write(carry, &w);
	/* what a single number or a single bill makes too large or too many; never a bad name */
	MUST(status == BL_OK || status == BL_LIMIT || status == BL_OVERFLOW);
	if (status != BL_OK)
		return NULL;
	w = (BlWriter) {bl_arena_get(arena, w.used), w.used, 0};
	MUST(w.bytes != NULL && bl_carry_write(carry, &w) == BL_OK && w.used == w.size);
	MUST(bl_carry_open(&back, w.bytes, w.used, arena) == BL_OK);
	*size = w.used;
	return w.bytes;
}

/* a bill as bytes, checked: it opens, and its lines add up to its total */
static inline BlWriter
bill_bytes(const BlBound *bound, BlRated *rated, BlArena *arena)
{
	static const uint8_t digest[BL_DIGEST];
	size_t		size;
	uint8_t    *carry = carry_bytes(&rated->carry, arena, &size);
	size_t		room = bl_rated_bound(bound, rated, size);
	BlWriter	w = {bl_arena_get(arena, room), room, 0};
	BlCharges	charges;
	BlDec		total;

	MUST(w.bytes != NULL);
	bl_rated_write(bound, rated, digest, digest, carry, size, &w);
	MUST(w.used <= room);
	MUST(bl_charges_validate(w.bytes, w.used, arena) == BL_OK);
	MUST(bl_charges_open(&charges, w.bytes, w.used) == BL_OK);
	MUST(charges.lines == rated->lines);
	MUST(bl_charges_total(&charges, &total) == BL_OK && bl_dec_cmp(total, rated->total) == 0);
	return w;
}

/* rates twice, the second time after something else, and compares; false where it is refused */
static inline bool
rate_twice(BlBound *bound, const BlUsage *usage, BlJson *terms, const BlCarry *carry, BlArena *arena)
{
	static const BlUsage nothing;
	BlProblem	problem = {0};
	BlRated		rated;
	BlWriter	first,
				second;
	BlArena		small = {.more = memory_more,.ceiling = 20000};
	BlStatus	status = bl_rate(bound, usage, terms, carry, arena, &rated, &problem);

	if (status == BL_OK)
		first = bill_bytes(bound, &rated, arena);
	else
		check_problem(status, &problem);
	(void) bl_rate(bound, &nothing, NULL, NULL, arena, &rated, &problem);
	(void) bl_rate(bound, usage, terms, carry, &small, &rated, &problem);
	MUST(bl_rate(bound, usage, terms, carry, arena, &rated, &problem) == status);
	if (status != BL_OK)
		return false;
	second = bill_bytes(bound, &rated, arena);
	MUST(first.used == second.used && memcmp(first.bytes, second.bytes, first.used) == 0);
	return true;
}

#endif							/* FUZZ_RATING_H */

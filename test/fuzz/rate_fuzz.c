/*
 * rate_fuzz.c - any tariff, usage, terms, carry and market: a bill that adds
 * up, the same when it is made again, or a reason
 *
 * An input is six sections with "\n==\n" between them: first day and number
 * of days, tariff, usage (packed, or JSON), terms, carry (packed, or JSON), market.
 */
#define _GNU_SOURCE				/* memmem */
#include "rating.h"

#include "core/usage_json.h"

#include <stdio.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum
{
	SECTIONS = 6,
	ROOM = 1 << 17
};

typedef struct Section
{
	const uint8_t *bytes;
	size_t		size;
} Section;

static void
cut_sections(const uint8_t *data, size_t size, Section *section)
{
	const uint8_t *end = data + size;

	for (int i = 0; i < SECTIONS; i++)
	{
		const uint8_t *mark = i < SECTIONS - 1 ? memmem(data, (size_t) (end - data), "\n==\n", 4) : NULL;

		section[i] = (Section) {data, (size_t) ((mark ? mark : end) - data)};
		data = mark ? mark + 4 : end;
	}
}

static bool
open_usage(Section s, BlArena *arena, BlUsage *usage)
{
	static uint8_t room[ROOM];
	BlWriter	w = {room, sizeof room, 0};
	BlProblem	problem = {0};
	BlUsageDraft draft;
	BlJson	   *json;

	if (bl_usage_open(usage, s.bytes, s.size) == BL_OK)
		return true;
	json = parse_json(s.bytes, s.size, arena);
	return json != NULL && bl_usage_from_json(json, arena, &draft, &problem) == BL_OK &&
		bl_usage_write(&draft, &w, &problem) == BL_OK && w.used <= w.size &&
		bl_usage_open(usage, room, w.used) == BL_OK;
}

static bool
open_carry(Section s, BlArena *arena, BlCarry *carry)
{
	BlProblem	problem = {0};
	BlJson	   *json;

	if (bl_carry_open(carry, s.bytes, s.size, arena) == BL_OK)
		return true;
	json = parse_json(s.bytes, s.size, arena);
	return json != NULL && bl_carry_from_json(carry, json, arena, &problem) == BL_OK;
}

static void
try(const Section *section, BlArena *arena)
{
	BlJson	   *tariff_json = parse_json(section[1].bytes, section[1].size, arena);
	BlJson	   *market_json = parse_json(section[5].bytes, section[5].size, arena);
	BlTariff   *tariff = tariff_json ? compile_tariff(tariff_json, arena) : NULL;
	BlMarket   *market = NULL;
	BlProblem	problem = {0};
	const BlZone *zone;
	BlBound    *bound;
	BlUsage		usage;
	BlCarry		carry;
	int32_t		from;
	int			days = section[0].size > 11 ? section[0].bytes[11] % RATING_DAYS_MAX + 1 : 31;
	bool		has_carry;

	if (tariff == NULL || section[0].size < 10 || bl_day_parse((const char *) section[0].bytes, 10, &from) != BL_OK ||
		!open_usage(section[2], arena, &usage))
		return;
	if (market_json != NULL && bl_market_compile(market_json, arena, &market, &problem) != BL_OK)
		return;
	has_carry = open_carry(section[4], arena, &carry);
	zone = bl_market_zone(market, tariff->zone);
	zone = zone != NULL ? zone : &zones[section[1].size & 1];
	if (bl_bind(tariff, market, zone, from, from + days, arena, &bound, &problem) != BL_OK)
	{
		check_problem(problem.status, &problem);
		return;
	}
	(void) rate_twice(bound, &usage, parse_json(section[3].bytes, section[3].size, arena), has_carry ? &carry : NULL, arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlArena		arena = memory_arena();
	Section		section[SECTIONS];

	cut_sections(data, size, section);
	try(section, &arena);
	memory_release();
	return 0;
}

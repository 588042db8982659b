/*
 * market_fuzz.c - any bytes as a market: one canonical form, lists in order,
 * and zones that a span is either rated in or refused for
 */
#include "rating.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char tariff_text[] =
"{\"name\": \"t\", \"currency\": \"EUR\", \"time_zone\": \"Z\", \"missing\": \"zero\","
" \"periods\": {\"peak\": [{\"event\": \"critical\"}, {\"days\": [\"weekday\", \"holiday\"], \"from\": \"08:00\", \"to\": \"20:00\"}], \"flat\": \"else\"},"
" \"charges\": [{\"code\": \"a\", \"price\": {\"peak\": {\"published\": \"purchase\"}, \"flat\": \"1\"}},"
" {\"code\": \"b\", \"price\": {\"series\": \"spot\", \"at_most\": \"5\"}},"
" {\"code\": \"c\", \"price\": \"2\", \"demand\": {\"minutes\": 60, \"periods\": [\"peak\"], \"sliding\": true}}]}";

static void
check_order(const BlMarket *m)
{
	for (int i = 1; i < m->holidays; i++)
		MUST(m->holiday[i - 1] <= m->holiday[i]);
	for (int k = 0; k < m->event_names; k++)
	{
		const BlEvents *e = &m->events[k];

		MUST(e->whole_days >= 0 && e->whole_days <= e->n);
		for (int i = 0; i < e->n; i++)
		{
			MUST(e->event[i].from < e->event[i].until && e->event[i].days == (i < e->whole_days));
			MUST(i == 0 || i == e->whole_days || e->event[i - 1].until < e->event[i].from);
		}
		MUST(bl_market_events(m, e->name) == e);
	}
	for (int k = 0; k < m->price_names; k++)
		for (int i = 1; i < m->prices[k].n; i++)
			MUST(m->prices[k].day[i - 1] < m->prices[k].day[i]);
}

/* an hourly profile of some days that begins where a zone's first of March does */
static size_t
make_profile(const BlZone *zone, int32_t from, uint8_t *bytes, size_t room)
{
	static int64_t values[48 * 40];
	BlProfile	shape = {.slot_minutes = 30,.unit = BL_WH,.slots = 48 * 40};
	BlZone		utc = {1, london_steps};
	size_t		size = 0;

	shape.start = bl_zone_midnight(zone, from);
	for (int i = 0; i < shape.slots; i++)
		values[i] = i * 7 % 400;
	if (bl_profile_pack(&shape, &utc, values, NULL, bytes, room, &size) != BL_OK)
		return 0;
	return size;
}

static void
use(const BlMarket *m, BlArena *arena)
{
	BlTariff   *tariff = compile_tariff(parse_json(tariff_text, sizeof tariff_text - 1, arena), arena);
	const BlZone *zone = bl_market_zone(m, (BlText) {"Z", 1});
	int32_t		from = bl_day_of(2026, 3, 1);
	static uint8_t bytes[48 * 40 * 9 + 40 * 20 + 1000];
	BlProblem	problem = {0};
	BlBound    *bound;
	BlUsage		usage;
	size_t		size;

	MUST(tariff != NULL);
	zone = zone != NULL ? zone : &zones[0];
	if (bl_bind(tariff, m, zone, from, from + 31, arena, &bound, &problem) != BL_OK)
	{
		check_problem(problem.status, &problem);
		return;
	}
	size = make_profile(zone, from, bytes, sizeof bytes);
	bl_usage_of_profile(&usage, BL_IMPORT, size ? bytes : NULL, size);
	(void) rate_twice(bound, &usage, NULL, NULL, arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlArena		arena = memory_arena();
	BlArena		small = {.more = memory_more,.ceiling = size * 2};
	BlProblem	problem = {0};
	BlJson	   *root = parse_json(data, size, &arena);
	BlMarket   *market;
	BlStatus	status;

	if (root != NULL)
	{
		(void) bl_market_compile(parse_json(data, size, &arena), &small, &market, &problem);
		status = bl_market_compile(root, &arena, &market, &problem);
		if (status != BL_OK)
			check_problem(status, &problem);
		else
		{
			BlWriter	first = canonical_text(root, &arena);
			BlWriter	second;

			check_order(market);
			root = parse_json(first.bytes, first.used, &arena);
			MUST(root != NULL && bl_market_compile(root, &arena, &market, &problem) == BL_OK);
			second = canonical_text(root, &arena);
			MUST(first.used == second.used && memcmp(first.bytes, second.bytes, first.used) == 0);
			use(market, &arena);
		}
	}
	memory_release();
	return 0;
}

/*
 * tariff_fuzz.c - any bytes as a tariff: what is accepted has one canonical
 * form, which is accepted too; it binds to a span and rates a usage made for
 * it, or says why not
 */
#include "rating.h"

#include <stdio.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum
{
	ROOM = 1 << 18,
	SLOTS = 48 * (RATING_DAYS_MAX + 2)
};

static const char market_text[] =
"{\"calendar\": {\"holidays\": [\"2026-04-03\", \"2026-04-06\"], \"workdays\": [\"2026-03-14\"]},"
" \"events\": {\"critical\": [{\"from\": \"2026-03-20\", \"until\": \"2026-03-22\"}, {\"from\": \"2026-03-29T00:30Z\", \"until\": \"2026-03-29T04:00Z\"}]},"
" \"prices\": {\"purchase\": [{\"from\": \"2020-01-01\", \"price\": \"0.4\"}, {\"from\": \"2026-03-20\", \"price\": \"0.41\"}]},"
" \"series\": {\"spot\": {\"from\": \"2026-02-20T00:00Z\", \"slot_minutes\": 1440, \"values\": [\"0.1\", -0.2, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1,"
" 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1,"
" 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]}}}";

static uint8_t profile_bytes[2][SLOTS * 9 + 20000];
static uint8_t usage_bytes[ROOM];

static size_t
make_profile(int n, BlUnit unit, const BlZone *zone, int32_t from, int32_t until)
{
	static int64_t values[SLOTS];
	BlProfile	shape = {.slot_minutes = 30,.unit = unit,.start = bl_zone_midnight(zone, from)};
	size_t		size = 0;

	shape.slots = (bl_zone_midnight(zone, until) - shape.start) / 30;
	shape.offset = bl_zone_offset(zone, shape.start);
	for (int i = 0; i < shape.slots; i++)
		values[i] = i * 37 % 900 + (i % 1000 == 7 ? 100000 : 0);
	MUST(bl_profile_pack(&shape, zone, values, NULL, profile_bytes[n], sizeof profile_bytes[n], &size) == BL_OK);
	return size;
}

/* profiles for main and every part the tariff names, or registers by its periods */
static size_t
make_usage(const BlTariff *t, const BlZone *zone, int32_t from, int32_t until, bool registers)
{
	static BlUsageDraft draft;
	static BlRegister list[BL_USAGE_PARTS_MAX][BL_TARIFF_PERIODS_MAX];
	size_t		size[2] = {make_profile(0, BL_WH, zone, from, until), make_profile(1, BL_VARH, zone, from, until)};
	BlWriter	w = {usage_bytes, sizeof usage_bytes, 0};
	BlProblem	problem = {0};

	memset(&draft, 0, sizeof draft);
	for (int i = 0; i < t->parts; i++)
	{
		BlUsageDraftPart *part = &draft.part[draft.parts];

		if (t->part[i].whole || t->part[i].of >= 0)
			continue;
		part->name = t->part[i].name;
		for (int k = 0; k < t->schedule[0].periods && registers; k++)
			list[draft.parts][part->registers++] = (BlRegister) {.channel = BL_IMPORT,.period = t->schedule[0].period[k],.kwh = bl_dec(123456 + k, 2)};
		part->reg = list[draft.parts];
		for (int c = 0; c < 2 && !registers; c++)
		{
			part->profile[c ? BL_REACTIVE_IMPORT : BL_IMPORT] = profile_bytes[c];
			part->profile_size[c ? BL_REACTIVE_IMPORT : BL_IMPORT] = size[c];
		}
		draft.parts++;
	}
	if (bl_usage_write(&draft, &w, &problem) != BL_OK || w.used > sizeof usage_bytes)
		return 0;
	return w.used;
}

/* a value for every term: its default, one of those allowed, or a number that is now and then a date */
static BlJson *
make_terms(const BlTariff *t, BlArena *arena)
{
	static char text[BL_TARIFF_TERMS_MAX * 400 + 10];
	static const char changing[] = "[{\"from\":\"2026-01-01\",\"value\":1},{\"from\":\"2026-03-10\",\"value\":0.5}]";
	BlWriter	w = {(uint8_t *) text, sizeof text, 0};

	bl_write_u8(&w, '{');
	for (int i = 0; i < t->terms; i++)
	{
		const BlTermRule *rule = &t->term[i];

		if (i > 0)
			bl_write_u8(&w, ',');
		bl_json_write_string(&w, rule->name.text, (size_t) rule->name.length);
		bl_write_u8(&w, ':');
		if (rule->one_of != NULL && rule->one_of->first != NULL && rule->one_of->first->length < 300)
			MUST(bl_json_write(rule->one_of->first, arena, &w));
		else if (bl_text_equal(rule->name, bl_text_of("service_from")))
			bl_write_bytes(&w, "\"2026-02-14\"", 12);
		else if (i % 4 == 3)
			bl_write_bytes(&w, changing, strlen(changing));
		else
			bl_write_bytes(&w, "0.9", 3);
	}
	bl_write_u8(&w, '}');
	return w.used <= w.size ? parse_json(text, w.used, arena) : NULL;
}

static void
use(const BlTariff *t, BlArena *arena, unsigned choice)
{
	const BlZone *zone = &zones[choice & 1];
	int32_t		from = bl_day_of(2026, 3, 1) + (choice & 2 ? 6 : 0);
	int32_t		until = from + (choice & 4 ? 31 : choice & 8 ? 1 : 59);
	BlProblem	problem = {0};
	BlMarket   *market = NULL;
	BlBound    *bound;
	BlUsage		usage;
	BlJson	   *json;
	size_t		size;

	if ((choice & 16) == 0)
	{
		json = parse_json(market_text, sizeof market_text - 1, arena);
		MUST(json != NULL && bl_market_compile(json, arena, &market, &problem) == BL_OK);
	}
	if (bl_bind(t, market, zone, from, until, arena, &bound, &problem) != BL_OK)
	{
		check_problem(problem.status, &problem);
		return;
	}
	for (int registers = 0; registers < 2; registers++)
	{
		size = make_usage(t, zone, from, until, registers);
		if (size == 0)
			continue;
		MUST(bl_usage_open(&usage, usage_bytes, size) == BL_OK);
		(void) rate_twice(bound, &usage, make_terms(t, arena), NULL, arena);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlArena		arena = memory_arena();
	BlJson	   *root = parse_json(data, size, &arena);
	BlTariff   *tariff;

	if (root != NULL)
	{
		BlArena		small = {.more = memory_more,.ceiling = 16384 + size % 97 * 1000};
		Reports		reports = {0, 1};
		BlStatus	status;

		/* memory that ends somewhere, a reader who stops at the first problem */
		status = bl_tariff_compile(parse_json(data, size, &arena), &small, &tariff, report, &reports);
		MUST(reports.count <= 1 && (status == BL_OK || status == BL_NO_SPACE || reports.count == 1));
		tariff = compile_tariff(root, &arena);
		if (tariff != NULL)
		{
			BlWriter	first = canonical_text(root, &arena);
			BlWriter	second;
			BlTariff   *again;

			root = parse_json(first.bytes, first.used, &arena);
			MUST(root != NULL && (again = compile_tariff(root, &arena)) != NULL);
			second = canonical_text(root, &arena);
			MUST(first.used == second.used && memcmp(first.bytes, second.bytes, first.used) == 0);
			use(again, &arena, (unsigned) size);
		}
	}
	memory_release();
	return 0;
}

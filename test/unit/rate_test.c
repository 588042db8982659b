/*
 * rate_test.c - bills worked out by hand, and the laws of all bills
 */
#include "document.h"
#include "core/rate_work.h"
#include "core/usage_json.h"

#define TEXT(s) {s, sizeof s - 1}

enum
{
	SLOTS = 400 * 48,
	ROOM = 1 << 20
};

/* ---- zones ---- */

static const BlZoneStep shanghai_steps[] = {{INT32_MIN, 480}};
static const BlZoneStep london_steps[] = {{INT32_MIN, 0}, {13801020, 60}, {14103420, 0}};
/* Lord Howe moves its clock by half an hour */
static const BlZoneStep howe_steps[] = {{INT32_MIN, 660}, {13810500, 630}, {14072610, 660}};
/* falls back across midnight, as Newfoundland did until 2011: 00:01 on 1 November becomes 23:01 */
static const BlZoneStep johns_steps[] = {{INT32_MIN, -150}, {14113591, -210}};
/* a day that never was: 30 June is skipped */
static const BlZoneStep apia_steps[] = {{INT32_MIN, -600}, {13935480, 840}};
static const BlZone shanghai = {1, shanghai_steps};
static const BlZone london = {3, london_steps};
static const BlZone howe = {3, howe_steps};
static const BlZone johns = {2, johns_steps};
static const BlZone apia = {2, apia_steps};

/* ---- making and rating ---- */

static BlArena arena;
static BlCarry closing;			/* of the last bill; in the arena */
static BlDec total;
static uint8_t usage_bytes[ROOM];
static uint8_t profile_bytes[3][ROOM];
static int64_t values[SLOTS];
static uint8_t qualities[SLOTS];

static BlJson *
json(const char *text)
{
	BlJson	   *root = tree_of(text, strlen(text), &arena);

	if (!CHECK(root != NULL))
		printf("# %s %s in %s\n", problem.message, problem.detail, text);
	return root;
}

static bool
tell(void *context, const char *path, const char *message, const char *hint)
{
	(void) context;
	(void) hint;
	printf("# %s: %s\n", path, message);
	return true;
}

/* a bound tariff, or NULL with the problem; members come after the head */
static BlBound *
bind(const char *members, const char *market_text, const BlZone *zone, int32_t from, int32_t until)
{
	char		text[1 << 14];
	BlTariff   *tariff;
	BlMarket   *market = NULL;
	BlBound    *bound;
	BlJson	   *root;

	snprintf(text, sizeof text, "{\"name\": \"t\", \"currency\": \"EUR\", \"time_zone\": \"Z\", %s}", members);
	/* as the server does: from the canonical text */
	root = json(text);
	if (root == NULL || !CHECK_EQ(bl_tariff_compile(root, &arena, &tariff, tell, NULL), BL_OK))
		return NULL;
	root = json(written(root, &arena));
	if (!CHECK_EQ(bl_tariff_compile(root, &arena, &tariff, tell, NULL), BL_OK))
		return NULL;
	if (market_text != NULL && !CHECK_EQ(bl_market_compile(json(market_text), &arena, &market, &problem), BL_OK))
		return NULL;
	return bl_bind(tariff, market, zone, from, until, &arena, &bound, &problem) == BL_OK ? bound : NULL;
}

static const char *
dec(BlDec d)
{
	static char text[4][BL_DEC_TEXT];
	static int	next;

	next = (next + 1) % 4;
	bl_dec_text(d, text[next]);
	return text[next];
}

/* every bill as bytes is one that charges.c takes, and adds up */
static void
check_bill(const BlBound *bound, BlRated *rated)
{
	static const uint8_t digest[BL_DIGEST];
	static uint8_t bytes[ROOM];
	BlWriter	w = {bytes, sizeof bytes, 0};
	BlCharges	charges;
	BlDec		sum;

	CHECK(bl_rated_bound(bound, rated, 0) <= sizeof bytes);
	bl_rated_write(bound, rated, digest, digest, NULL, 0, &w);
	CHECK_EQ(bl_charges_validate(bytes, w.used, &arena), BL_OK);
	if (CHECK_EQ(bl_charges_open(&charges, bytes, w.used), BL_OK) && CHECK_EQ(bl_charges_total(&charges, &sum), BL_OK))
		CHECK_TEXT(dec(sum), dec(rated->total));
	total = rated->total;
}

static BlStatus
rate_with(BlBound *bound, const BlUsage *usage, const char *terms, const BlCarry *carry, BlRated *rated)
{
	BlStatus	status = bl_rate(bound, usage, terms ? json(terms) : NULL, carry, &arena, rated, &problem);

	if (status == BL_OK)
	{
		check_bill(bound, rated);
		closing = rated->carry;
	}
	return status;
}

/* the lines, as "code period/tier quantity * price = amount", one a line, then the total; or the problem */
static const char *
lines_of(const BlBound *bound, const BlRated *rated)
{
	static char text[1 << 15];
	size_t		used = 0;

	for (int i = 0; i < rated->lines; i++)
	{
		const BlLine *l = &bound->work[i].line;
		const BlCharge *q = l->charge == BL_NONE ? NULL : &bound->tariff->charge[l->charge];

		used += (size_t) snprintf(text + used, sizeof text - used, "%s%.*s", i ? "\n" : "", q ? q->code.length : 8, q ? q->code.text : "rounding");
		if (l->component != BL_NONE)
			used += (size_t) snprintf(text + used, sizeof text - used, " (%.*s)", bound->tariff->component[l->component].name.length,
									  bound->tariff->component[l->component].name.text);
		if (l->period != BL_NONE && q != NULL)
			for (int k = 0; k < bound->tariff->schedule[q->schedule].periods; k++)
				if (bound->tariff->schedule[q->schedule].name_index[k] == l->period)
					used += (size_t) snprintf(text + used, sizeof text - used, " %.*s", bound->tariff->schedule[q->schedule].period[k].length,
											  bound->tariff->schedule[q->schedule].period[k].text);
		if (l->tier)
			used += (size_t) snprintf(text + used, sizeof text - used, " %d", l->tier);
		if (l->flags & BL_LINE_SPAN)
		{
			char		a[16],
						z[16];

			bl_day_text(l->from, a);
			bl_day_text(l->until, z);
			used += (size_t) snprintf(text + used, sizeof text - used, " [%s,%s)", a + 5, z + 5);
		}
		if (l->flags & BL_LINE_MEASURED)
			used += (size_t) snprintf(text + used, sizeof text - used, " %s", dec(l->quantity));
		if (l->flags & BL_LINE_PRICED)
			used += (size_t) snprintf(text + used, sizeof text - used, " * %s", dec(l->price));
		used += (size_t) snprintf(text + used, sizeof text - used, " =%s %s", l->flags & BL_LINE_COUNTED ? "" : " of which", dec(l->amount));
	}
	snprintf(text + used, sizeof text - used, "%s%s", rated->lines ? "\n" : "", dec(rated->total));
	return text;
}

/* a usage from JSON without profiles */
static bool
registers(const char *text, BlUsage *usage)
{
	static BlUsageDraft draft;
	BlWriter	w = {usage_bytes, sizeof usage_bytes, 0};

	return CHECK_EQ(bl_usage_from_json(json(text), &arena, &draft, &problem), BL_OK) &&
		CHECK_EQ(bl_usage_write(&draft, &w, &problem), BL_OK) &&
		CHECK_EQ(bl_usage_open(usage, usage_bytes, w.used), BL_OK);
}

/* a bill over registers, as text */
static const char *
bill(const char *members, const char *market, const char *usage_text, const char *from, const char *until,
	 const char *terms, const BlCarry *carry)
{
	static char said[600];
	BlUsage		usage;
	BlRated		rated;
	BlBound    *bound;
	int32_t		a = 0,
				z = 0;
	BlStatus	status;

	memset(&problem, 0, sizeof problem);
	CHECK(bl_day_parse(from, 10, &a) == BL_OK && bl_day_parse(until, 10, &z) == BL_OK);
	bound = bind(members, market, &shanghai, a, z);
	if (bound == NULL || !registers(usage_text, &usage))
		return problem.message;
	status = rate_with(bound, &usage, terms, carry, &rated);
	if (status == BL_OK)
		return lines_of(bound, &rated);
	snprintf(said, sizeof said, "%s%s%s", problem.status == status ? problem.message : bl_status_text(status),
			 problem.detail[0] ? ". " : "", problem.detail);
	return said;
}

static void
begin(void)
{
	release();
	arena = new_arena();
}

/* ---- by hand ---- */

static void
bills_by_hand(void)
{
	static const char two[] = "\"periods\": {\"peak\": [{\"from\": \"08:00\", \"to\": \"22:00\"}], \"valley\": \"else\"}, \"rounding\": {\"line\": 2},";
	static const char main_200_150[] = "{\"main\": {\"registers\": [{\"channel\": \"import\", \"period\": \"peak\", \"kwh\": 200}, {\"channel\": \"import\", \"period\": \"valley\", \"kwh\": 150}]}}";
	static const char main_350[] = "{\"main\": {\"registers\": [{\"channel\": \"import\", \"kwh\": 350}]}}";
	char		members[4000];
	BlCounter	counter = {TEXT("tier"), BL_COUNTER_YEAR, 0, {2700, 0}};
	BlCarry		carry = {.counters = 1,.counter = &counter};

	begin();
	/* 350 * 0.538 = 188.30 */
	CHECK_TEXT(bill("\"rounding\": {\"line\": 2}, \"charges\": [{\"code\": \"energy\", \"price\": \"0.538\"}]", NULL, main_350, "2026-01-01", "2026-02-01", NULL, NULL),
			   "energy 350 * 0.538 = 188.3\n188.3");
	/* 200 * 0.568 + 150 * 0.288 */
	snprintf(members, sizeof members, "%s\"charges\": [{\"code\": \"energy\", \"price\": {\"peak\": \"0.568\", \"valley\": \"0.288\"}}]", two);
	CHECK_TEXT(bill(members, NULL, main_200_150, "2026-01-01", "2026-02-01", NULL, NULL),
			   "energy peak 200 * 0.568 = 113.6\nenergy valley 150 * 0.288 = 43.2\n156.8");
	/* the tier year stood at 2700 of 2760: 60 in the first step, 290 in the second */
	counter.first_day = bl_day_of(2026, 1, 1);
	CHECK_TEXT(bill("\"rounding\": {\"line\": 2}, \"charges\": [{\"code\": \"tier\", \"per\": \"year\", \"steps\": [{\"to\": 2760}, {\"to\": 4800, \"add\": \"0.05\"}, {\"add\": \"0.30\"}]}]",
					NULL, main_350, "2026-06-01", "2026-07-01", NULL, &carry),
			   "tier 2 290 * 0.05 = 14.5\ntier 3 0 * 0.3 = 0\n14.5");
	CHECK(closing.counters == 1 && bl_dec_cmp(closing.counter[0].kwh, bl_dec(3050, 0)) == 0);
	/* of another year nothing is carried over: all in the first step, which has no price */
	counter.first_day = bl_day_of(2025, 1, 1);
	CHECK_TEXT(bill("\"charges\": [{\"code\": \"tier\", \"per\": \"year\", \"steps\": [{\"to\": 2760}, {\"add\": \"0.30\"}]}]",
					NULL, main_350, "2026-06-01", "2026-07-01", NULL, &carry),
			   "tier 2 0 * 0.3 = 0\n0");
	CHECK(closing.counters == 1 && bl_dec_cmp(closing.counter[0].kwh, bl_dec(350, 0)) == 0);
	/* slabs of a month; half a month of a 31-day month has no half slab, unless prorated: 100 * 15/31 */
	CHECK_TEXT(bill("\"rounding\": {\"line\": 2}, \"charges\": [{\"code\": \"slab\", \"per\": \"month\", \"steps\": [{\"to\": 100, \"price\": 3}, {\"price\": 5}]}]",
					NULL, main_350, "2026-01-01", "2026-01-16", NULL, NULL),
			   "slab 1 100 * 3 = 300\nslab 2 250 * 5 = 1250\n1550");
	CHECK_TEXT(bill("\"rounding\": {\"line\": 2}, \"charges\": [{\"code\": \"slab\", \"per\": \"month\", \"month\": \"prorated\", \"steps\": [{\"to\": 100, \"price\": 3}, {\"price\": 5}]}]",
					NULL, main_350, "2026-01-01", "2026-01-16", NULL, NULL),
			   "slab 1 48.387097 * 3 = 145.16\nslab 2 301.612903 * 5 = 1508.06\n1653.22");
	/* all at the price of the step reached */
	CHECK_TEXT(bill("\"charges\": [{\"code\": \"slab\", \"per\": \"period\", \"mode\": \"volume\", \"steps\": [{\"to\": 350, \"price\": 3, \"flat\": 10}, {\"price\": 5}]}]",
					NULL, main_350, "2026-01-01", "2026-01-16", NULL, NULL),
			   "slab 1 350 * 3 = 1050\nslab 2 0 * 5 = 0\nslab 1 1 * 10 = 10\n1060");
	/* 320 kVA for 6 days of thirty, then 160 for the rest: 1920 + 3840 */
	CHECK_TEXT(bill("\"charges\": [{\"code\": \"capacity\", \"capacity\": \"kva\", \"price\": 30, \"proration\": \"thirty\"}]",
					NULL, "{}", "2020-07-24", "2020-08-24", "{\"kva\": [{\"from\": \"2020-07-24\", \"value\": 320}, {\"from\": \"2020-07-30\", \"value\": 160}]}", NULL),
			   "capacity [07-24,07-30) 320 * 30 = 1920\ncapacity [07-30,08-24) 160 * 30 = 3840\n5760");
	/* a price that changes within the span: days of registers are divided where the tariff says so, 10 and 21 of 31 */
	CHECK_TEXT(bill("\"charges\": [{\"code\": \"e\", \"price\": {\"versions\": [{\"price\": 1}, {\"from\": \"2026-01-11\", \"price\": 2}]}}]",
					NULL, main_350, "2026-01-01", "2026-02-01", NULL, NULL),
			   "a register of part \"main\" spans the change on 2026-01-11. Charge \"e\" has another price or condition from then on.");
	CHECK_TEXT(bill("\"split\": \"days\", \"charges\": [{\"code\": \"e\", \"price\": {\"versions\": [{\"price\": 1}, {\"from\": \"2026-01-11\", \"price\": 2}]}}]",
					NULL, main_350, "2026-01-01", "2026-02-01", NULL, NULL),
			   "e [01-01,01-11) 112.903226 * 1 = 112.903226\ne [01-11,02-01) 237.096774 * 2 = 474.193548\n587.096774");
	/* tax inside, then a minimum, then the total to five cents */
	CHECK_TEXT(bill("\"rounding\": {\"line\": 2, \"total\": {\"step\": \"0.05\"}}, \"charges\": [{\"code\": \"e\", \"price\": \"0.1\"}, {\"code\": \"vat\", \"percent\": 13, \"included\": true},"
					"{\"code\": \"min\", \"minimum\": \"40.03\", \"of\": [\"e\"]}]", NULL, main_350, "2026-01-01", "2026-02-01", NULL, NULL),
			   "e 350 * 0.1 = 35\nvat 35 * 13 = of which 4.03\nmin = 5.03\nrounding = 0.02\n40.05");
	/* 0.90 with cos phi 0.80: 0.5 % for each 0.01 below */
	CHECK_TEXT(bill("\"rounding\": {\"line\": 2}, \"charges\": [{\"code\": \"e\", \"price\": 1}, {\"code\": \"pf\", \"power_factor\": {\"standard\": \"0.90\"}, \"of\": [\"e\"]}]",
					NULL, "{\"main\": {\"registers\": [{\"channel\": \"import\", \"kwh\": 800}, {\"channel\": \"reactive_import\", \"kwh\": 600}]}}", "2026-01-01", "2026-02-01", NULL, NULL),
			   "e 800 * 1 = 800\npf 800 * 5 = 40\n840");
	release();
}

static void
what_is_missing(void)
{
	static const char usage[] = "{\"main\": {\"registers\": [{\"channel\": \"import\", \"kwh\": 350}]}}";
	static const struct
	{
		const char *members;
		const char *market;
		const char *usage;
		const char *terms;
		const char *problem;
	}			list[] = {
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"published\": \"p\"}}]", NULL, usage, NULL, "the market value has no price \"p\""},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"published\": \"p\"}}]", "{\"prices\": {\"p\": []}}", usage, NULL, "price \"p\" is not published for 2026-01-01"},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"published\": \"p\"}}]", "{\"prices\": {\"p\": [{\"from\": \"2026-01-02\", \"price\": 1}]}}", usage, NULL, "price \"p\" is not published for 2026-01-01"},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"series\": \"s\"}}]", NULL, usage, NULL, "the market value has no series \"s\""},
		{"\"periods\": {\"a\": [{\"days\": \"holiday\"}], \"b\": \"else\"}, \"charges\": [{\"code\": \"e\", \"price\": 1}]", NULL, usage, NULL, "the market value has no calendar"},
		{"\"periods\": {\"a\": [{\"days\": \"holiday\"}], \"b\": \"else\"}, \"charges\": [{\"code\": \"e\", \"price\": 1}]", "{}", usage, NULL, "the market value has no calendar"},
		{"\"periods\": {\"a\": [{\"event\": \"hot\"}], \"b\": \"else\"}, \"charges\": [{\"code\": \"e\", \"price\": 1}]", "{}", usage, NULL, "the market value has no events \"hot\""},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"term\": \"p\"}}]", NULL, usage, NULL, "term \"p\" is missing"},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"term\": \"p\"}}]", NULL, usage, "{\"q\": 1}", "term \"p\" is missing"},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"term\": \"p\"}}]", NULL, usage, "[]", "the terms are not a JSON object"},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"term\": \"p\"}}]", NULL, usage, "{\"p\": \"cheap\"}", "term \"p\" is not a number that can be used"},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"term\": \"p\"}}]", NULL, usage, "{\"p\": null}", "term \"p\" is not a text, a number, true or false"},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"term\": \"p\"}}]", NULL, usage, "{\"p\": []}", "term \"p\" has no steps, or too many"},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"term\": \"p\"}}]", NULL, usage, "{\"p\": [{\"value\": 1}]}", "term \"p\" has steps that are not dated in order"},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"term\": \"p\"}}]", NULL, usage, "{\"p\": [{\"from\": \"2026-01-02\", \"value\": 1}]}", "term \"p\" has no value at the start of the billed span"},
		{"\"terms\": {\"c\": {\"one_of\": [\"a\", 1]}}, \"charges\": [{\"code\": \"e\", \"price\": 1}]", NULL, usage, "{\"c\": \"b\"}", "term \"c\" has a value that the tariff does not know"},
		{"\"valid\": {\"from\": \"2026-01-02\"}, \"charges\": [{\"code\": \"e\", \"price\": 1}]", NULL, usage, NULL, "the tariff is not valid for the whole billed span"},
		{"\"valid\": {\"until\": \"2026-01-31\"}, \"charges\": [{\"code\": \"e\", \"price\": 1}]", NULL, usage, NULL, "the tariff is not valid for the whole billed span"},
		{"\"charges\": [{\"code\": \"e\", \"price\": {\"versions\": [{\"from\": \"2026-01-02\", \"price\": 1}]}}]", NULL, usage, NULL,
		"the tariff has no price for 2026-01-01. The versions at $.charges[0].price.versions begin later."},
		{"\"charges\": [{\"code\": \"e\", \"per\": \"month\", \"steps\": [{\"to\": 5, \"price\": 1}]}]", NULL, usage, NULL, "the energy goes beyond the last tier of charge \"e\""},
		{"\"charges\": [{\"code\": \"e\", \"price\": 1, \"part\": \"shop\"}]", NULL, usage, NULL, "no charge of the tariff bills part \"main\" of the usage"},
		{"\"periods\": {\"a\": [{\"to\": \"12:00\"}], \"b\": \"else\"}, \"charges\": [{\"code\": \"e\", \"price\": {\"a\": 1, \"b\": 2}}]", NULL, usage, NULL,
		"the import of part \"main\" has a register without a period, but the tariff has several"},
		{"\"charges\": [{\"code\": \"e\", \"price\": 1}, {\"code\": \"d\", \"price\": 1, \"demand\": {}}]", NULL, usage, NULL, "the usage has no demand for charge \"d\""},
		{"\"charges\": [{\"code\": \"e\", \"price\": 1}, {\"code\": \"pf\", \"power_factor\": {\"standard\": \"0.90\"}}]", NULL, usage, NULL, "the usage has no reactive energy for charge \"pf\""},
		{"\"charges\": [{\"code\": \"e\", \"price\": 999999999999999999}, {\"code\": \"p\", \"percent\": 999999999999999999}, {\"code\": \"q\", \"percent\": 999999999999999999}]", NULL, usage, NULL,
		"the number is out of range. While rating charge \"p\"."},
		{"\"charges\": [{\"code\": \"e\", \"per\": \"month\", \"split\": \"chronological\", \"steps\": [{\"to\": 5, \"price\": {\"a\": 1, \"b\": 2}}, {\"price\": 1}]}],"
			"\"periods\": {\"a\": [{\"to\": \"12:00\"}], \"b\": \"else\"}", NULL,
		"{\"main\": {\"registers\": [{\"channel\": \"import\", \"period\": \"a\", \"kwh\": 1}, {\"channel\": \"import\", \"period\": \"b\", \"kwh\": 9}]}}", NULL,
		"the tariff needs the import profile of part \"main\""},
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		begin();
		if (!CHECK_TEXT(bill(list[i].members, list[i].market, list[i].usage, "2026-01-01", "2026-02-01", list[i].terms, NULL), list[i].problem))
			printf("# of %s\n", list[i].members);
	}
	release();
}

/* ---- profiles ---- */

/* a packed profile of values[] in one of the places; the number of its bytes */
static size_t
pack(int place, const BlZone *zone, int32_t start, int slot_minutes, int slots, int scale, const uint8_t *q)
{
	BlProfile	shape = {.slot_minutes = slot_minutes,.start = start,.offset = bl_zone_offset(zone, start),.unit = BL_WH,.scale = scale,.slots = slots};
	size_t		size = 0;

	CHECK_EQ(bl_profile_pack(&shape, zone, values, q, profile_bytes[place], ROOM, &size), BL_OK);
	return size;
}

static const char *
rate_profile(BlBound *bound, int place, size_t size, const char *terms)
{
	static char said[300];
	BlUsage		usage;
	BlRated		rated;

	bl_usage_of_profile(&usage, BL_IMPORT, profile_bytes[place], size);
	memset(&problem, 0, sizeof problem);
	if (rate_with(bound, &usage, terms, NULL, &rated) == BL_OK)
		return lines_of(bound, &rated);
	snprintf(said, sizeof said, "%s", problem.message);
	return said;
}

/*
 * The same integers in other clothes: narrow blocks go through the lanes, wide ones,
 * ones with a quality that differs, ones of another zone's days and ones of
 * shorter slots do not.  The bills are the same.
 */
static void
fast_as_slow(void)
{
	static const char members[] = "\"periods\": {\"peak\": [{\"from\": \"08:00\", \"to\": \"11:00\"}, {\"from\": \"18:00\", \"to\": \"23:00\", \"days\": \"weekday\"}],"
	"\"flat\": \"else\", \"valley\": [{\"from\": \"23:00\", \"to\": \"07:00\"}]}, \"seasons\": {\"summer\": {\"months\": [7, 8]}, \"mild\": \"else\"},"
	"\"charges\": [{\"code\": \"e\", \"price\": {\"summer\": {\"peak\": \"1.2\", \"flat\": \"0.7\", \"valley\": \"0.3\"}, \"mild\": {\"peak\": \"1\", \"flat\": \"0.6\", \"valley\": \"0.25\"}}},"
	"{\"code\": \"t\", \"per\": \"month\", \"month\": \"each\", \"steps\": [{\"to\": 100}, {\"to\": 150, \"add\": \"0.05\"}, {\"add\": \"0.3\"}]},"
	"{\"code\": \"d\", \"price\": {\"peak\": 30, \"flat\": 20, \"valley\": 10}, \"demand\": {\"periods\": \"each\"}},"
	"{\"code\": \"m\", \"price\": 12, \"demand\": {\"minutes\": 60}}]";
	const BlZone *all[] = {&shanghai, &london, &howe};
	uint64_t	seed = 3;

	for (long round = 0; round < check_rounds(60); round++)
	{
		const BlZone *zone = all[round % 3];
		int32_t		from = bl_day_of(2026, 1 + (int) (check_random(&seed) % 9), 1 + (int) (check_random(&seed) % 28));
		int32_t		until = from + 1 + (int32_t) (check_random(&seed) % 90);
		int32_t		start;
		int			slots,
					top = round % 4 == 0 ? 3 : round % 4 == 1 ? 4000 : 16000;
		BlBound    *bound;
		char		fast[1 << 15];
		BlZone		moved = {1, &(BlZoneStep) {INT32_MIN, 150}};

		begin();
		bound = bind(members, NULL, zone, from, until);
		if (!CHECK(bound != NULL))
			return;
		start = bl_zone_midnight(zone, from);
		slots = (bl_zone_midnight(zone, until) - start) / 30;
		for (int i = 0; i < slots; i++)
			values[i] = (int64_t) (check_random(&seed) % (unsigned) top) + (round % 5 == 0 ? 30000 : 0);
		strcpy(fast, rate_profile(bound, 0, pack(0, zone, start, 30, slots, 0, NULL), NULL));
		CHECK(strncmp(fast, "e ", 2) == 0);
		/* a quality that differs on one slot a day */
		for (int i = 0; i < slots; i++)
			qualities[i] = i % 48 == 5 ? BL_CORRECTED : BL_ACTUAL;
		if (!CHECK_TEXT(rate_profile(bound, 1, pack(1, zone, start, 30, slots, 0, qualities), NULL), fast))
			return;
		/* blocks of another zone's days */
		if (!CHECK_TEXT(rate_profile(bound, 1, pack(1, &moved, start, 30, slots, 0, NULL), NULL), fast))
			return;
		/* wide: the same in thousandths of a Wh */
		for (int i = 0; i < slots; i++)
			values[i] *= 1000;
		if (!CHECK_TEXT(rate_profile(bound, 1, pack(1, zone, start, 30, slots, -3, NULL), NULL), fast))
			return;
	}
	/* slots before and after the span are not looked at */
	begin();
	{
		int32_t		from = bl_day_of(2026, 3, 10);
		BlBound    *bound = bind(members, NULL, &london, from, from + 30);
		int32_t		start = bl_zone_midnight(&london, from - 10);
		char		cut[1 << 15];

		for (int i = 0; i < 60 * 48; i++)
			values[i] = i < 480 ? 9999 : 1 + i % 700;
		strcpy(cut, rate_profile(bound, 0, pack(0, &london, start, 30, 60 * 48, 0, NULL), NULL));
		memmove(values, values + 480, sizeof *values * 48 * 40);
		CHECK_TEXT(rate_profile(bound, 0, pack(0, &london, bl_zone_midnight(&london, from), 30, 30 * 48 - 2, 0, NULL), NULL), cut);
	}
	release();
}

/* rating a profile is rating its totals by period */
static void
profile_as_registers(void)
{
	static const char members[] = "\"periods\": {\"peak\": [{\"from\": \"08:00\", \"to\": \"22:00\"}], \"valley\": \"else\"}, \"rounding\": {\"quantity\": 0, \"line\": 2},"
	"\"charges\": [{\"code\": \"e\", \"price\": {\"peak\": \"0.568\", \"valley\": \"0.288\"}},"
	"{\"code\": \"t\", \"per\": \"year\", \"steps\": [{\"to\": 200}, {\"to\": 400, \"add\": \"0.05\"}, {\"add\": \"0.30\"}]},"
	"{\"code\": \"g\", \"per\": \"period\", \"steps\": [{\"to\": 50, \"price\": {\"peak\": 1, \"valley\": 2}}, {\"price\": {\"peak\": 3, \"valley\": 4}}]},"
	"{\"code\": \"f\", \"price\": \"-0.5\", \"first\": {\"kwh\": 15, \"per\": \"month\"}}, {\"code\": \"vat\", \"percent\": 13, \"included\": true}]";
	uint64_t	seed = 4;

	for (long round = 0; round < check_rounds(100); round++)
	{
		int32_t		from = bl_day_of(2026, 1, 1) + (int32_t) (check_random(&seed) % 300);
		int			days = 1 + (int) (check_random(&seed) % 60);
		BlBound    *bound;
		BlUsage		usage;
		BlRated		rated;
		char		by_profile[1 << 15];
		char		text[400];
		int64_t		peak = 0,
					all = 0;

		begin();
		bound = bind(members, NULL, &shanghai, from, from + days);
		if (!CHECK(bound != NULL))
			return;
		for (int i = 0; i < days * 24; i++)
		{
			values[i] = (int64_t) (check_random(&seed) % 2000);
			all += values[i];
			peak += i % 24 >= 8 && i % 24 < 22 ? values[i] : 0;
		}
		strcpy(by_profile, rate_profile(bound, 0, pack(0, &shanghai, from * 1440 - 480, 60, days * 24, 0, NULL), NULL));
		snprintf(text, sizeof text, "{\"main\": {\"registers\": [{\"channel\": \"import\", \"period\": \"peak\", \"kwh\": \"%d.%03d\"}, {\"channel\": \"import\", \"period\": \"valley\", \"kwh\": \"%d.%03d\"}]}}",
				 (int) (peak / 1000), (int) (peak % 1000), (int) ((all - peak) / 1000), (int) ((all - peak) % 1000));
		if (!registers(text, &usage) || !CHECK_EQ(rate_with(bound, &usage, NULL, NULL, &rated), BL_OK) ||
			!CHECK_TEXT(lines_of(bound, &rated), by_profile))
			return;
	}
	release();
}

/* twelve months, each with the carry of the one before, are the year */
static void
months_make_a_year(void)
{
	static const char members[] = "\"year_start\": \"07-01\", \"seasons\": {\"summer\": {\"months\": [6, 7, 8]}, \"winter\": \"else\"},"
	"\"periods\": {\"peak\": [{\"from\": \"08:00\", \"to\": \"22:00\"}], \"valley\": \"else\"},"
	"\"charges\": [{\"code\": \"y\", \"per\": \"year\", \"steps\": [{\"to\": 2000, \"price\": \"0.5\"}, {\"to\": 3000, \"price\": \"0.6\"}, {\"price\": \"0.9\"}]},"
	"{\"code\": \"s\", \"per\": \"season\", \"steps\": {\"summer\": [{\"to\": 700, \"price\": 1}, {\"price\": 2}], \"winter\": [{\"to\": 900, \"price\": 3}, {\"price\": 4}]}},"
	"{\"code\": \"m\", \"per\": \"month\", \"month\": \"each\", \"steps\": [{\"to\": 200, \"price\": 1}, {\"price\": 2}]},"
	"{\"code\": \"c\", \"per\": \"year\", \"split\": \"counters\", \"steps\": [{\"to\": 900, \"price\": {\"peak\": 1, \"valley\": 2}}, {\"price\": {\"peak\": 3, \"valley\": 4}}]},"
	"{\"code\": \"o\", \"per\": \"year\", \"split\": \"chronological\", \"counter\": \"y\", \"steps\": [{\"to\": 1500, \"price\": {\"peak\": 1, \"valley\": 2}}, {\"price\": {\"peak\": 3, \"valley\": 4}}]},"
	"{\"code\": \"min\", \"minimum\": 12000, \"of\": [\"s\", \"m\"], \"per\": \"year\"},"
	"{\"code\": \"max\", \"maximum\": 1500, \"of\": [\"y\"], \"per\": \"year\", \"proration\": \"thirty\", \"counter\": \"x\"},"
	"{\"code\": \"f\", \"fixed\": \"month\", \"price\": 10}]";
	uint64_t	seed = 5;

	for (long round = 0; round < check_rounds(10); round++)
	{
		/* from a day of the year on, not the first of a month */
		int32_t		from = bl_day_of(2026, 1, 1) + (int32_t) (check_random(&seed) % 300);
		BlDate		d = bl_date_of(from);
		int32_t		until = bl_day_of(d.year + 1, d.month, d.day);
		int32_t		first = from;
		BlUsage		usage;
		BlRated		rated;
		BlBound    *bound;
		BlDec		sum = BL_ZERO,
					whole;
		BlCarry		carry = {0};
		size_t		size;
		char		all[2000];

		begin();
		for (int i = 0; i < (until - from) * 24; i++)
			values[i] = (int64_t) (check_random(&seed) % 1000);
		size = pack(0, &shanghai, from * 1440 - 480, 60, (until - from) * 24, 0, NULL);
		bl_usage_of_profile(&usage, BL_IMPORT, profile_bytes[0], size);
		bound = bind(members, NULL, &shanghai, from, until);
		if (!CHECK(bound != NULL) || !CHECK_EQ(rate_with(bound, &usage, NULL, NULL, &rated), BL_OK))
		{
			printf("# %s %s\n", problem.message, problem.detail);
			return;
		}
		whole = total;
		all[0] = '\0';
		for (int i = 0; i < closing.counters; i++)
			snprintf(all + strlen(all), sizeof all - strlen(all), "%.*s %d %s;", closing.counter[i].name.length, closing.counter[i].name.text,
					 (int) closing.counter[i].first_day, dec(closing.counter[i].kwh));
		for (int i = 0; i < closing.banks; i++)
			snprintf(all + strlen(all), sizeof all - strlen(all), "%.*s %d %s;", closing.bank[i].name.length, closing.bank[i].name.text,
					 (int) closing.bank[i].first_day, dec(closing.bank[i].amount));
		for (int month = 1; month <= 12; month++)
		{
			int			last = bl_days_in_month(d.year + (d.month - 1 + month) / 12, (d.month - 1 + month) % 12 + 1);
			int32_t		next = bl_day_of(d.year, d.month + month, d.day < last ? d.day : last);

			bound = bind(members, NULL, &shanghai, first, next);
			if (!CHECK(bound != NULL) || !CHECK_EQ(rate_with(bound, &usage, NULL, &carry, &rated), BL_OK))
				return;
			carry = closing;
			CHECK_EQ(bl_dec_add(sum, total, &sum), BL_OK);
			first = next;
		}
		/* the fixed charge alone goes by thirds and so on: it is rounded once a month */
		if (!CHECK(bl_dec_sub(sum, whole, &sum) == BL_OK && bl_dec_cmp(sum, bl_dec(1, 8)) < 0 && bl_dec_cmp(sum, bl_dec(-1, 8)) > 0))
			printf("# from %d/%d: %s apart\n", d.month, d.day, dec(sum));
		for (int i = 0; i < carry.counters; i++)
		{
			char		one[200];

			snprintf(one, sizeof one, "%.*s %d %s;", carry.counter[i].name.length, carry.counter[i].name.text,
					 (int) carry.counter[i].first_day, dec(carry.counter[i].kwh));
			if (!CHECK(strstr(all, one) != NULL))
				printf("# %s not in %s\n", one, all);
		}
		CHECK_EQ(carry.banks, 2);
		for (int i = 0; i < carry.banks; i++)
		{
			char		one[200];

			snprintf(one, sizeof one, "%.*s %d %s;", carry.bank[i].name.length, carry.bank[i].name.text,
					 (int) carry.bank[i].first_day, dec(carry.bank[i].amount));
			if (!CHECK(strstr(all, one) != NULL))
				printf("# %s not in %s\n", one, all);
		}
	}
	release();
}

/* bounds by the year: counted, settled at the year's end, the charge's, or the service's */
static void
bounds_by_year(void)
{
	static const char main_350[] = "{\"main\": {\"registers\": [{\"channel\": \"import\", \"kwh\": 350}]}}";
	static const char least[] = "\"rounding\": {\"line\": 2}, \"charges\": [{\"code\": \"e\", \"price\": 1}, {\"code\": \"min\", \"minimum\": 3650, \"per\": \"year\"%s}]";
	struct
	{
		const char *more;
		const char *from;
		const char *until;
		const char *terms;
		const char *count_from; /* NULL: none; the count stands at 1000 */
		const char *bill;
		const char *closing;	/* day and amount; NULL: none */
	}			list[] = {
		/* goes on; a first count; of another year nothing goes on */
		{"", "2026-11-01", "2026-12-01", NULL, "2026-01-01", "e 350 * 1 = 350\n350", "2026-01-01 1350"},
		{"", "2026-11-01", "2026-12-01", NULL, NULL, "e 350 * 1 = 350\n350", "2026-11-01 350"},
		{"", "2026-11-01", "2026-12-01", NULL, "2025-12-31", "e 350 * 1 = 350\n350", "2026-11-01 350"},
		/* the last bill of the year: the whole, 122 days of it, the whole in any case, 120 thirtieths */
		{"", "2026-12-01", "2027-01-01", NULL, "2026-01-01", "e 350 * 1 = 350\nmin = 2300\n2650", NULL},
		{"", "2026-12-01", "2027-01-01", NULL, "2026-09-01", "e 350 * 1 = 350\n350", NULL},
		{", \"proration\": \"none\"", "2026-12-01", "2027-01-01", NULL, "2026-09-01", "e 350 * 1 = 350\nmin = 2300\n2650", NULL},
		{", \"proration\": \"thirty\"", "2026-12-01", "2027-01-01", NULL, "2026-07-11", "e 350 * 1 = 350\nmin = 373.61\n723.61", NULL},
		/* service ends with the bill, within it, after it, and before the count began */
		{"", "2026-06-01", "2026-07-01", "{\"service_until\": \"2026-07-01\"}", "2026-01-01", "e 350 * 1 = 350\nmin = 460\n810", NULL},
		{"", "2026-06-01", "2026-07-01", "{\"service_until\": \"2026-06-30\"}", "2026-01-01", "e 350 * 1 = 350\nmin = 450\n800", NULL},
		{"", "2026-06-01", "2026-07-01", "{\"service_until\": \"2026-07-02\"}", "2026-01-01", "e 350 * 1 = 350\n350", "2026-01-01 1350"},
		{"", "2026-06-01", "2026-07-01", "{\"service_until\": \"2026-05-01\"}", NULL, "e 350 * 1 = 350\n350", NULL},
		{"", "2026-06-01", "2026-07-01", "{\"service_until\": 7}", NULL, "term \"service_until\" is not a date", NULL},
		/* the charge ends with the bill, before it (nothing of this bill counts), and by a condition */
		{", \"until\": \"2026-07-01\"", "2026-06-01", "2026-07-01", NULL, "2026-01-01", "e 350 * 1 = 350\nmin = 460\n810", NULL},
		{", \"until\": \"2026-06-01\"", "2026-06-01", "2026-07-01", NULL, "2026-01-01", "e 350 * 1 = 350\nmin = 510\n860", NULL},
		{", \"when\": {\"class\": 1}", "2026-06-01", "2026-07-01", "{\"class\": 2}", "2026-01-01", "e 350 * 1 = 350\nmin = 510\n860", NULL},
		/* a count that begins with the bill or later is of another bill */
		{"", "2026-06-01", "2026-07-01", NULL, "2026-06-01", "the carry's bank \"min\" has an entry of a later day than the bill", NULL},
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		char		members[2000];
		BlBank		bank[2] = {{TEXT("another"), TEXT(""), 0, {5, 0}}, {TEXT("min"), TEXT(""), 0, {1000, 0}}};
		BlCarry		carry = {.banks = list[i].count_from ? 2 : 1,.bank = bank};
		int32_t		day;

		begin();
		if (list[i].count_from != NULL && bl_day_parse(list[i].count_from, 10, &day) == BL_OK)
			bank[1].first_day = day;
		snprintf(members, sizeof members, least, list[i].more);
		closing.banks = 0;
		CHECK_TEXT(bill(members, NULL, main_350, list[i].from, list[i].until, list[i].terms, &carry), list[i].bill);
		if (list[i].closing != NULL && CHECK_EQ(closing.banks, 2))
		{
			char		text[100];

			bl_day_text(closing.bank[1].first_day, text);
			snprintf(text + strlen(text), sizeof text - strlen(text), " %s", dec(closing.bank[1].amount));
			CHECK_TEXT(text, list[i].closing);
		}
		else if (list[i].closing == NULL)
			CHECK(closing.banks <= 1);
		release();
	}
}

/*
 * What is netted, climbed and priced by runs of slots is what slot after slot gives;
 * a slot that is too large for the quick sums takes the careful way.
 */
static void
slots_one_by_one(void)
{
	enum
	{
		DAYS = 3, DAY = 96, N = DAYS * DAY
	};
	static const char members[] = "\"rounding\": {\"line\": 2}, \"periods\": {\"peak\": [{\"from\": \"08:15\", \"to\": \"22:00\"}], \"valley\": \"else\"}, \"charges\": ["
	"{\"code\": \"t\", \"net\": \"slot\", \"per\": \"period\", \"split\": \"chronological\", \"steps\": [{\"to\": 20, \"price\": {\"peak\": 1, \"valley\": \"0.5\"}}, {\"price\": {\"peak\": 2, \"valley\": \"0.7\"}}]},"
	"{\"code\": \"in\", \"net\": \"slot\", \"price\": {\"series\": \"s\", \"times\": \"0.5\", \"plus\": \"-0.1\"}},"
	"{\"code\": \"out\", \"channel\": \"export\", \"net\": \"slot\", \"sign\": \"credit\", \"price\": {\"series\": \"s\"}},"
	"{\"code\": \"peak\", \"net\": \"slot\", \"periods\": [\"peak\"], \"price\": {\"series\": \"s\"}},"
	"{\"code\": \"d\", \"net\": \"slot\", \"demand\": {\"minutes\": 45, \"sliding\": true}, \"price\": 1, \"proration\": \"period\"}]";
	int32_t		from = bl_day_of(2026, 3, 1);
	uint64_t	seed = 11;

	for (int round = 0; round < 40; round++)
	{
		char		market[4000] = "{\"series\": {\"s\": {\"from\": \"2026-03-01T00:00+08:00\", \"slot_minutes\": 60, \"values\": [";
		int64_t		price[DAYS * 24],
					in[N];
		int64_t		tier[2][2] = {{0}};
		int64_t		left[N + 2] = {0};
		BlInt128	sums[3] = {0},
					most = 0;
		int64_t		counted = 0;
		BlUsage		usage;
		BlRated		rated;
		BlBound    *bound;
		BlDec		wanted[4][2];
		size_t		size;

		begin();
		for (int i = 0; i < DAYS * 24; i++)
		{
			price[i] = (int64_t) (check_random(&seed) % 2000) - 500;
			snprintf(market + strlen(market), sizeof market - strlen(market), "%s\"%s\"", i ? "," : "", dec((BlDec) {price[i], 3}));
		}
		strcat(market, "]}}}");
		for (int i = 0; i < N; i++)
			in[i] = values[i] = (int64_t) (check_random(&seed) % 800);
		if (round % 4 == 1)
			in[round] = values[round] = (int64_t) 1 << 52;
		size = pack(0, &shanghai, from * 1440 - 480, 15, N, 0, NULL);
		bl_usage_of_profile(&usage, BL_IMPORT, profile_bytes[0], size);
		for (int i = 0; i < N; i++)
			values[i] = (int64_t) (check_random(&seed) % 800);
		if (round % 4 == 2)
			values[round] = (int64_t) 1 << 52;
		usage.part[0].profiles = 2;
		usage.part[0].profile[BL_EXPORT] = profile_bytes[1];
		usage.part[0].profile_size[BL_EXPORT] = pack(1, &shanghai, from * 1440 - 480, 15, N, 0, NULL);
		for (int i = 0; i < N; i++)
		{
			bool		peak = i % DAY >= 33 && i % DAY < 88;
			int64_t		net = in[i] - values[i];
			int64_t		first;

			left[i] = net > 0 ? net : 0;
			first = counted >= 20000 ? 0 : 20000 - counted < left[i] ? 20000 - counted : left[i];
			counted += left[i];
			tier[0][!peak] += first;
			tier[1][!peak] += left[i] - first;
			/* at the fourth decimal of a price */
			sums[0] += (BlInt128) left[i] * (5 * price[i / 4] - 1000);
			sums[1] += net < 0 ? (BlInt128) net * price[i / 4] * 10 : 0;
			sums[2] += peak ? (BlInt128) left[i] * price[i / 4] * 10 : 0;
		}
		for (int i = 0; i + 3 <= N; i++)
			most = left[i] + left[i + 1] + left[i + 2] > most ? left[i] + left[i + 1] + left[i + 2] : most;
		bound = bind(members, market, &shanghai, from, from + DAYS);
		if (!CHECK(bound != NULL) || !CHECK_EQ(rate_with(bound, &usage, NULL, NULL, &rated), BL_OK) || !CHECK_EQ(rated.lines, 8))
		{
			printf("# %s %s\n", problem.message, problem.detail);
			return;
		}
		for (int i = 0; i < 4; i++)
			CHECK_TEXT(dec(bl_dec_trim(bound->work[i].line.quantity)), dec(bl_dec_trim((BlDec) {tier[i / 2][i % 2], 3})));
		for (int i = 0; i < 3; i++)
		{
			BlRounding	cent = bl_round_places(2, BL_HALF_UP);

			CHECK_EQ(bl_dec_round((BlDec) {sums[i], 7}, &cent, &wanted[i][0]), BL_OK);
			CHECK_TEXT(dec(bl_dec_trim(bound->work[4 + i].line.amount)), dec(bl_dec_trim(wanted[i][0])));
		}
		/* kWh of 45 minutes, as kW */
		CHECK_EQ(bl_dec_div((BlDec) {most * 4, 3}, bl_dec(3, 0), 6, BL_HALF_UP, &wanted[3][0]), BL_OK);
		CHECK_TEXT(dec(bl_dec_trim(bound->work[7].line.quantity)), dec(bl_dec_trim(wanted[3][0])));
		release();
	}
}

/* ---- clocks ---- */

static const char by_hours[] = "\"periods\": {\"night\": [{\"from\": \"00:00\", \"to\": \"03:00\"}], \"day\": \"else\"}, \"charges\": [{\"code\": \"e\", \"price\": {\"night\": 1, \"day\": 2}}]";

static void
clock_changes(void)
{
	struct
	{
		const BlZone *zone;
		int			year;
		int			month;
		int			day;
		int			slot;
		const char *bill;		/* slots of 1 kWh */
	}			list[] = {
		/* an ordinary day: 3 and 21 hours */
		{&london, 2026, 3, 28, 60, "e day 21 * 2 = 42\ne night 3 * 1 = 3\n45"},
		/* the clock jumps from 01:00 to 02:00: night has two hours */
		{&london, 2026, 3, 29, 60, "e day 21 * 2 = 42\ne night 2 * 1 = 2\n44"},
		/* 01:00 to 02:00 twice */
		{&london, 2026, 10, 25, 60, "e day 21 * 2 = 42\ne night 4 * 1 = 4\n46"},
		/* half an hour: 02:00 to 01:30 in April, 02:00 to 02:30 in October */
		{&howe, 2026, 4, 5, 30, "e day 42 * 2 = 84\ne night 7 * 1 = 7\n91"},
		{&howe, 2026, 10, 4, 30, "e day 42 * 2 = 84\ne night 5 * 1 = 5\n89"},
		/* 00:01 becomes 23:01 of the day before, which is the same night again */
		{&johns, 2026, 11, 1, 1, "e day 1260 * 2 = 2520\ne night 240 * 1 = 240\n2760"},
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		int32_t		day = bl_day_of(list[i].year, list[i].month, list[i].day);
		int32_t		start = bl_zone_midnight(list[i].zone, day);
		int32_t		until = bl_zone_midnight(list[i].zone, day + 1);
		BlBound    *bound;
		BlZone		utc = {1, &(BlZoneStep) {INT32_MIN, 0}};

		begin();
		bound = bind(by_hours, NULL, list[i].zone, day, day + 1);
		if (!CHECK(bound != NULL))
			continue;
		for (int k = 0; k < SLOTS; k++)
			values[k] = 1000;
		if (!CHECK_TEXT(rate_profile(bound, 0, pack(0, list[i].zone, start, list[i].slot, (until - start) / list[i].slot, 0, NULL), NULL), list[i].bill))
			printf("# of %d-%d-%d\n", list[i].year, list[i].month, list[i].day);
		/* the profile's own days are another matter */
		if (list[i].slot > 1)
			CHECK_TEXT(rate_profile(bound, 0, pack(0, &utc, start, list[i].slot, (until - start) / list[i].slot, 0, NULL), NULL), list[i].bill);
	}
	/* hours do not fit a day that is half an hour longer */
	begin();
	{
		int32_t		day = bl_day_of(2026, 4, 4);
		BlZone		utc = {1, &(BlZoneStep) {INT32_MIN, 0}};
		BlBound    *bound = bind(by_hours, NULL, &howe, day, day + 3);

		CHECK_TEXT(rate_profile(bound, 0, pack(0, &utc, bl_zone_midnight(&howe, day), 60, 80, 0, NULL), NULL),
				   "the import of part \"main\" has a slot across a change of period");
		bound = bind("\"charges\": [{\"code\": \"e\", \"price\": 1}]", NULL, &howe, day, day + 3);
		CHECK_TEXT(rate_profile(bound, 0, pack(0, &utc, bl_zone_midnight(&howe, day), 60, 80, 0, NULL), NULL),
				   "the import of part \"main\" has a slot across a midnight of the tariff's zone");
	}
	/* a day that never was has no energy and no error */
	begin();
	{
		int32_t		day = bl_day_of(2026, 6, 29);
		BlBound    *bound = bind(by_hours, NULL, &apia, day, day + 3);
		int32_t		start = bl_zone_midnight(&apia, day);

		CHECK_EQ(bl_zone_midnight(&apia, day + 3) - start, 2 * 1440);
		if (CHECK(bound != NULL))
			CHECK_TEXT(rate_profile(bound, 0, pack(0, &shanghai, start, 60, 48, 0, NULL), NULL), "e day 42 * 2 = 84\ne night 6 * 1 = 6\n90");
	}
	release();
}

/* events go before other windows, by days and by moments, also where the clock is set back */
static void
events(void)
{
	static const char members[] = "\"periods\": {\"hot\": [{\"event\": \"hot\", \"from\": \"01:00\", \"to\": \"05:00\"}], \"day\": \"else\"}, \"charges\": [{\"code\": \"e\", \"price\": {\"hot\": 10, \"day\": 1}}]";
	static const struct
	{
		const char *events;
		const char *bill;
	}			list[] = {
		{"[]", "e day 25 * 1 = 25\ne hot 0 * 10 = 0\n25"},
		{"[{\"from\": \"2026-10-25\", \"until\": \"2026-10-26\"}]", "e day 20 * 1 = 20\ne hot 5 * 10 = 50\n70"},
		{"[{\"from\": \"2026-10-24\", \"until\": \"2026-10-25\"}]", "e day 25 * 1 = 25\ne hot 0 * 10 = 0\n25"},
		{"[{\"from\": \"2026-10-25T02:00Z\", \"until\": \"2026-10-25T03:00Z\"}]", "e day 24 * 1 = 24\ne hot 1 * 10 = 10\n34"},
		/* meets, overlaps and repeats make no difference */
		{"[{\"from\": \"2026-10-25T02:00Z\", \"until\": \"2026-10-25T03:00Z\"}, {\"from\": \"2026-10-25T03:00Z\", \"until\": \"2026-10-25T04:00Z\"},"
			" {\"from\": \"2026-10-25T02:30Z\", \"until\": \"2026-10-25T03:30Z\"}]", "e day 23 * 1 = 23\ne hot 2 * 10 = 20\n43"},
	};
	int32_t		day = bl_day_of(2026, 10, 25);

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		char		market[600];
		BlBound    *bound;

		begin();
		snprintf(market, sizeof market, "{\"events\": {\"hot\": %s}}", list[i].events);
		bound = bind(members, market, &london, day, day + 1);
		for (int k = 0; k < 50; k++)
			values[k] = 500;
		if (CHECK(bound != NULL))
			CHECK_TEXT(rate_profile(bound, 0, pack(0, &london, bl_zone_midnight(&london, day), 30, 50, 0, NULL), NULL), list[i].bill);
	}
	release();
}

/* zones that make no sense are refused, and never more */
static void
hostile_zones(void)
{
	uint64_t	seed = 6;

	for (long round = 0; round < check_rounds(300); round++)
	{
		BlZoneStep	steps[8];
		BlZone		zone = {8, steps};
		int32_t		from = bl_day_of(2026, 1, 1),
					start;
		BlZoneStep	aligned = {INT32_MIN, 0};
		BlZone		utc = {1, &aligned};
		BlBound    *bound;

		begin();
		for (int i = 0; i < 8; i++)
		{
			steps[i].from_minute = i == 0 ? INT32_MIN : (i == 1 ? from * 1440 - 3000 : steps[i - 1].from_minute) + 1 + (int32_t) (check_random(&seed) % 3000);
			steps[i].offset = (int16_t) ((int) (check_random(&seed) % 2879) - 1439);
		}
		bound = bind("\"missing\": \"zero\", \"periods\": {\"a\": [{\"to\": \"10:00\"}], \"hot\": [{\"event\": \"hot\"}], \"b\": \"else\"}, \"charges\": [{\"code\": \"e\", \"price\": {\"a\": 1, \"b\": 2, \"hot\": 3}},"
					 "{\"code\": \"d\", \"price\": 1, \"demand\": {\"minutes\": 30, \"periods\": [\"a\"]}}, {\"code\": \"s\", \"price\": 1, \"demand\": {\"minutes\": 60, \"sliding\": true}}]",
					 "{\"events\": {\"hot\": [{\"from\": \"2026-01-02T05:00Z\", \"until\": \"2026-01-09T06:00Z\"}]}}", &zone, from, from + 12);
		if (bound == NULL)
		{
			CHECK_EQ(problem.status, BL_BAD_ZONE);
			continue;
		}
		for (int i = 0; i < 13 * 1440; i++)
			values[i] = 1;
		start = bl_zone_midnight(&zone, from);
		aligned.offset = (int16_t) -(start % 15);
		rate_profile(bound, 0, pack(0, &utc, start, 1, 13 * 1440, 0, NULL), NULL);
		rate_profile(bound, 0, pack(0, &utc, start, 15, 13 * 96, 0, NULL), NULL);
	}
	release();
}

static void
gaps(void)
{
	int32_t		day = bl_day_of(2026, 1, 1);
	BlBound    *strict,
			   *lenient;
	BlRated		rated;
	BlUsage		usage;
	size_t		size;
	BlZone		askew = {1, &(BlZoneStep) {INT32_MIN, 510}};

	begin();
	strict = bind("\"charges\": [{\"code\": \"e\", \"price\": 1}]", NULL, &shanghai, day, day + 2);
	lenient = bind("\"missing\": \"zero\", \"charges\": [{\"code\": \"e\", \"price\": 1}]", NULL, &shanghai, day, day + 2);
	for (int i = 0; i < 72; i++)
	{
		values[i] = 1000;
		qualities[i] = i == 30 ? BL_MISSING : BL_ACTUAL;
	}
	/* too short, too late, one slot missing */
	CHECK_TEXT(rate_profile(strict, 0, pack(0, &shanghai, day * 1440 - 480, 60, 47, 0, NULL), NULL), "the import of part \"main\" does not cover the billed span");
	CHECK_TEXT(rate_profile(strict, 0, pack(0, &shanghai, day * 1440 - 420, 60, 48, 0, NULL), NULL), "the import of part \"main\" does not cover the billed span");
	CHECK_TEXT(rate_profile(strict, 0, pack(0, &shanghai, day * 1440 - 480, 60, 48, 0, qualities), NULL), "the import of part \"main\" has no reading for part of the billed span");
	CHECK_TEXT(rate_profile(strict, 0, pack(0, &askew, day * 1440 - 510, 60, 48, 0, NULL), NULL), "the import of part \"main\" has slots across the start of the billed span");
	CHECK_TEXT(rate_profile(lenient, 0, pack(0, &shanghai, day * 1440 - 480, 60, 47, 0, NULL), NULL), "e 47 * 1 = 47\n47");
	CHECK_TEXT(rate_profile(lenient, 0, pack(0, &shanghai, day * 1440 - 420, 60, 48, 0, NULL), NULL), "e 47 * 1 = 47\n47");
	CHECK_TEXT(rate_profile(lenient, 0, pack(0, &shanghai, day * 1440 - 480, 60, 48, 0, qualities), NULL), "e 47 * 1 = 47\n47");
	/* wholly elsewhere */
	CHECK_TEXT(rate_profile(lenient, 0, pack(0, &shanghai, day * 1440 + 9600, 60, 48, 0, NULL), NULL), "e 0 * 1 = 0\n0");
	/* flagged */
	size = pack(0, &shanghai, day * 1440 - 480, 60, 48, 0, qualities);
	bl_usage_of_profile(&usage, BL_IMPORT, profile_bytes[0], size);
	CHECK_EQ(rate_with(lenient, &usage, NULL, NULL, &rated), BL_OK);
	CHECK(rated.estimated && (lenient->work[0].line.flags & BL_LINE_ESTIMATED));
	size = pack(0, &shanghai, day * 1440 - 480, 60, 48, 0, NULL);
	bl_usage_of_profile(&usage, BL_IMPORT, profile_bytes[0], size);
	CHECK_EQ(rate_with(lenient, &usage, NULL, NULL, &rated), BL_OK);
	CHECK(!rated.estimated && !(lenient->work[0].line.flags & BL_LINE_ESTIMATED));
	release();
}

/* ---- demand ---- */

static void
demand_windows(void)
{
	int32_t		day = bl_day_of(2026, 1, 1);
	char		members[600];
	static const struct
	{
		const char *demand;
		const char *bill;
	}			list[] = {
		/* the contract is 18.1 kW; quarters of 1 kWh, but 08:15 of 3, 08:30 of 4 and, the next day, 20:45 of 5 kWh */
		{"{}", "d 20 * 1 = 20\n20"},
		{"{\"minutes\": 15}", "d 20 * 1 = 20\n20"},
		{"{\"minutes\": 30}", "d 12 * 1 = 12\n12"},
		{"{\"minutes\": 30, \"sliding\": true}", "d 14 * 1 = 14\n14"},
		{"{\"minutes\": 60}", "d 9 * 1 = 9\n9"},
		{"{\"minutes\": 20}", "demand over 20 minutes needs slots that divide them"},
		{"{\"minutes\": 5}", "demand over 5 minutes needs slots that divide them"},
		{"{\"periods\": [\"morning\"]}", "d 16 * 1 = 16\n16"},
		{"{\"periods\": \"each\"}", "d morning 16 * 1 = 16\nd rest 20 * 1 = 20\n36"},
		{"{\"highest\": {\"mean_of\": 2, \"on\": \"days\"}}", "d 18 * 1 = 18\n18"},
		{"{\"highest\": {\"mean_of\": 9, \"on\": \"days\"}}", "d 13.333333 * 1 = 13.333333\n13.333333"},
		{"{\"contract\": \"kw\"}", "d 20.995 * 1 = 20.995\n20.995"},
		{"{\"contract\": \"kw\", \"overrun\": \"contract_105_literal\"}", "d 20.09 * 1 = 20.09\n20.09"},
		{"{\"contract\": \"kw\", \"overrun\": \"band_95_105\"}", "d 21.9 * 1 = 21.9\n21.9"},
		{"{\"contract\": \"kw\", \"overrun\": \"none\"}", "d 20 * 1 = 20\n20"},
		{"{\"at_least\": {\"share\": \"0.4\", \"of\": \"kva\"}}", "d 40 * 1 = 40\n40"},
		{"{\"at_least\": 33, \"rounding\": 0}", "d 33 * 1 = 33\n33"},
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		BlBound    *bound;
		const char *got;

		begin();
		snprintf(members, sizeof members, "\"periods\": {\"morning\": [{\"from\": \"06:00\", \"to\": \"12:00\"}], \"rest\": \"else\"}, "
				 "\"charges\": [{\"code\": \"d\", \"price\": 1, \"proration\": \"period\", \"demand\": %s}]", list[i].demand);
		bound = bind(members, NULL, &shanghai, day, day + 3);
		for (int k = 0; k < 3 * 96; k++)
			values[k] = 1000;
		values[33] = 3000;
		values[34] = 4000;
		values[96 + 83] = 5000;
		if (!CHECK(bound != NULL))
			continue;
		got = rate_profile(bound, 0, pack(0, &shanghai, day * 1440 - 480, 15, 3 * 96, 0, NULL), "{\"kw\": \"18.1\", \"kva\": 100}");
		if (!CHECK_TEXT(got, list[i].bill))
			printf("# of %s\n", list[i].demand);
	}
	release();
}

/* ---- the rest ---- */

/* memory that ends anywhere is a status, and the next bill is as before */
static void
memory_ends(void)
{
	static const char members[] = "\"periods\": {\"peak\": [{\"to\": \"12:00\"}], \"flat\": \"else\"}, \"components\": {\"a\": \"1\", \"b\": \"2\"},"
	"\"charges\": [{\"code\": \"e\", \"price\": {\"components\": [\"a\", \"b\"]}}, {\"code\": \"t\", \"per\": \"year\", \"split\": \"chronological\", \"steps\": [{\"to\": 5, \"price\": {\"peak\": 1, \"flat\": 2}}, {\"price\": 1}]},"
	"{\"code\": \"d\", \"price\": 1, \"demand\": {\"minutes\": 120, \"sliding\": true, \"periods\": [\"peak\"]}}, {\"code\": \"k\", \"capacity\": \"kva\", \"price\": 1}]";
	int32_t		day = bl_day_of(2026, 1, 1);
	BlBound    *bound;
	BlUsage		usage;
	BlRated		rated;
	char		whole[1 << 14];
	size_t		size;
	BlJson	   *terms;

	begin();
	bound = bind(members, NULL, &shanghai, day, day + 40);
	terms = json("{\"kva\": [{\"from\": \"2026-01-01\", \"value\": 1}, {\"from\": \"2026-01-05\", \"value\": 2}]}");
	for (int i = 0; i < 40 * 24; i++)
		values[i] = 1000 + i;
	size = pack(0, &shanghai, day * 1440 - 480, 60, 40 * 24, 0, NULL);
	bl_usage_of_profile(&usage, BL_IMPORT, profile_bytes[0], size);
	if (!CHECK_EQ(bl_rate(bound, &usage, terms, NULL, &arena, &rated, &problem), BL_OK))
		return;
	strcpy(whole, lines_of(bound, &rated));
	for (size_t room = 0; room < 200000; room += 3000)
	{
		BlArena		small = {.more = more_memory,.ceiling = room};
		BlStatus	status = bl_rate(bound, &usage, terms, NULL, &small, &rated, &problem);

		CHECK(status == BL_OK || status == BL_NO_SPACE);
		CHECK_EQ(bl_rate(bound, &usage, terms, NULL, &arena, &rated, &problem), BL_OK);
		CHECK_TEXT(lines_of(bound, &rated), whole);
	}
	release();
}

/* what a binding keeps from bill to bill never shows: each bill is as from a binding of its own */
static void
bills_do_not_mix(void)
{
	static const char members[] = "\"missing\": \"zero\", \"periods\": {\"peak\": [{\"to\": \"12:00\"}], \"flat\": \"else\"}, \"rounding\": {\"line\": 2, \"total\": {\"places\": 1, \"carry\": true}},"
	"\"terms\": {\"class\": {\"default\": \"home\"}, \"kva\": {\"default\": 10}}, \"parts\": {\"light\": {\"of\": \"main\", \"share\": {\"term\": \"light\"}}},"
	"\"charges\": [{\"code\": \"service\", \"fixed\": \"month\", \"price\": 10}, {\"code\": \"e\", \"price\": {\"peak\": 2, \"flat\": 1}},"
	"{\"code\": \"l\", \"part\": \"light\", \"price\": 3}, {\"code\": \"w\", \"part\": \"whole\", \"price\": \"0.001\"},"
	"{\"code\": \"t\", \"per\": \"year\", \"steps\": [{\"to\": 500, \"price\": \"0.1\"}, {\"price\": \"0.2\", \"flat\": 7}]},"
	"{\"code\": \"home\", \"when\": {\"class\": \"home\"}, \"fixed\": \"day\", \"price\": \"0.5\"}, {\"code\": \"big\", \"when\": {\"usage.kwh\": {\"above\": 400}}, \"fixed\": \"period\", \"price\": 99},"
	"{\"code\": \"k\", \"capacity\": \"kva\", \"price\": 1}, {\"code\": \"d\", \"price\": 4, \"demand\": {\"at_least\": 1, \"ratchet\": {\"share\": \"0.8\", \"months\": 2}}},"
	"{\"code\": \"vat\", \"percent\": 20}, {\"code\": \"min\", \"minimum\": 50, \"of\": [\"e\"]}]";
	static const char *const terms[] = {NULL, "{\"light\": \"0.3\"}", "{\"light\": 0, \"class\": \"shop\"}", "{\"light\": 2}", "{\"class\": 5, \"light\": 1, \"kva\": 20}",
		"{\"light\": [{\"from\": \"2026-01-01\", \"value\": \"0.1\"}, {\"from\": \"2026-01-10\", \"value\": \"0.4\"}]}",
	"{\"light\": \"0.2\", \"class\": [{\"from\": \"2025-01-01\", \"value\": \"shop\"}, {\"from\": \"2026-01-20\", \"value\": \"home\"}]}"};
	int32_t		day = bl_day_of(2026, 1, 1);
	uint64_t	seed = 9;
	BlBound    *kept = NULL;
	BlCounter	counter = {TEXT("t"), BL_COUNTER_YEAR, 0, {450, 0}};
	BlPastDemand past = {TEXT("d"), 0, {99, 1}};
	BlBank		bank = {TEXT("rounding"), TEXT(""), 0, {4, 2}};
	BlCarry		carry = {1, &counter, 1, &past, 1, &bank};
	int			good = 0;

	counter.first_day = bank.first_day = day;
	past.first_day = bl_day_of(2025, 12, 1);
	begin();
	for (long round = 0; round < check_rounds(400); round++)
	{
		const char *t = terms[check_random(&seed) % 7];
		bool		with_carry = check_random(&seed) % 2;
		int			slots = check_random(&seed) % 3 == 0 ? 20 * 24 : 31 * 24;
		int			top = check_random(&seed) % 4 == 0 ? 90000 : 1000;
		BlUsage		usage;
		BlRated		rated;
		BlBound    *fresh;
		BlStatus	status;
		char		first[1 << 14],
					carried[600] = "";
		size_t		size;

		if (kept == NULL || round % 50 == 0)
		{
			begin();
			kept = bind(members, NULL, &shanghai, day, day + 31);
		}
		fresh = bind(members, NULL, &shanghai, day, day + 31);
		if (!CHECK(kept != NULL && fresh != NULL))
			return;
		for (int i = 0; i < slots; i++)
			values[i] = (int64_t) (check_random(&seed) % (unsigned) top);
		size = pack(0, &shanghai, day * 1440 - 480, 60, slots, 0, NULL);
		bl_usage_of_profile(&usage, BL_IMPORT, check_random(&seed) % 10 == 0 ? NULL : profile_bytes[0], size);
		status = rate_with(fresh, &usage, t, with_carry ? &carry : NULL, &rated);
		strcpy(first, status == BL_OK ? lines_of(fresh, &rated) : problem.message);
		for (int i = 0; status == BL_OK && i < closing.counters; i++)
			snprintf(carried + strlen(carried), sizeof carried - strlen(carried), "%s,", dec(closing.counter[i].kwh));
		good += status == BL_OK;
		if (!CHECK_EQ(rate_with(kept, &usage, t, with_carry ? &carry : NULL, &rated), status) ||
			!CHECK_TEXT(status == BL_OK ? lines_of(kept, &rated) : problem.message, first))
			return;
		for (int i = 0; status == BL_OK && i < closing.counters; i++)
			CHECK(strstr(carried, dec(closing.counter[i].kwh)) != NULL);
	}
	CHECK(good > 100);
	release();
}

/* the bytes of a bill */
static size_t
bytes_of(const BlBound *bound, const BlRated *rated, uint8_t *bytes, size_t room)
{
	static const uint8_t digest[BL_DIGEST] = {7};
	BlWriter	w = {bytes, room, 0};

	bl_rated_write(bound, rated, digest, digest, NULL, 0, &w);
	CHECK(w.used <= room && w.used <= bl_rated_bound(bound, rated, 0));
	return w.used;
}

/* a bill that is made out of the one before has the bytes of a bill rated in full */
static void
bills_alike(void)
{
	static const char periods[] = "\"seasons\": {\"winter\": {\"from\": \"01-10\", \"until\": \"02-01\"}, \"rest\": \"else\"}, \"periods\": {\"peak\": [{\"season\": \"winter\", \"from\": \"08:00\", \"to\": \"12:00\"}, {\"season\": \"rest\", \"days\": \"weekday\", \"from\": \"09:00\", \"to\": \"21:00\"}], \"flat\": \"else\"}, \"rounding\": {\"line\": 2},";
	static const char *const list[] = {
		"{\"code\": \"e\", \"price\": {\"peak\": \"0.56801\", \"flat\": \"0.288\"}}, {\"code\": \"t\", \"per\": \"month\", \"month\": \"period\", \"steps\": [{\"to\": 180}, {\"to\": 400, \"add\": \"0.05\"}, {\"add\": \"0.30\"}]},"
		"{\"code\": \"s\", \"price\": \"0.0019\"}, {\"code\": \"w\", \"part\": \"whole\", \"price\": \"0.0006\"}, {\"code\": \"d\", \"demand\": {}, \"price\": 38}, {\"code\": \"f\", \"fixed\": \"month\", \"price\": \"10.5\"}",
		"{\"code\": \"e\", \"price\": {\"summer\": 1, \"winter\": \"0.9\", \"rest\": \"0.7\"}}, {\"code\": \"p\", \"periods\": [\"peak\"], \"price\": \"0.1\"}",
		"{\"code\": \"e\", \"price\": {\"winter\": {\"peak\": \"0.9\", \"flat\": \"0.5\"}, \"rest\": \"0.7\"}}, {\"code\": \"p\", \"periods\": [\"peak\"], \"price\": \"0.1\"}, {\"code\": \"d\", \"demand\": {\"periods\": \"each\"}, \"price\": 1}",
		"{\"code\": \"e\", \"price\": {\"winter\": {\"peak\": \"0.9\", \"flat\": \"0.5\"}, \"rest\": \"0.7\"}}, {\"code\": \"p\", \"periods\": [\"peak\"], \"price\": \"0.1\"}",
		"{\"code\": \"t\", \"per\": \"day\", \"steps\": [{\"to\": \"4.5\", \"price\": \"0.2\"}, {\"price\": \"0.33\"}]}, {\"code\": \"d\", \"demand\": {}, \"price\": {\"versions\": [{\"price\": 4}, {\"from\": \"2026-01-11\", \"price\": 5}]}}",
		"{\"code\": \"t\", \"per\": \"month\", \"steps\": [{\"to\": \"90.1234567\", \"price\": \"0.2\"}, {\"price\": \"0.33\"}]}",
		"{\"code\": \"e\", \"price\": \"0.5\"}, {\"code\": \"back\", \"percent\": 5}",
		"{\"code\": \"e\", \"price\": \"999999999999.25\"}, {\"code\": \"f\", \"fixed\": \"day\", \"price\": \"0.125\"}"
	};
	int			alike[sizeof list / sizeof *list] = {0};
	int32_t		day = bl_day_of(2026, 1, 1);
	uint64_t	seed = 5;
	BlBound    *kept = NULL;

	for (long round = 0; round < check_rounds(1600); round++)
	{
		static uint8_t a[1 << 13],
					b[1 << 13];
		size_t		k = (size_t) (round / 40) % (sizeof list / sizeof *list);
		int			minutes = check_random(&seed) % 3 == 0 ? 30 : 15;
		int			slots = 31 * 24 * 60 / minutes;
		int			kind = (int) (check_random(&seed) % 14);
		int			scale = kind == 0 ? -3 : 0;
		int64_t		top = kind == 1 ? 1 : kind == 2 ? (int64_t) 1 << 40 : 900;
		char		members[3000],
					said[300];
		BlUsage		usage;
		BlRated		rated;
		BlBound    *fresh;
		BlStatus	status;
		size_t		size;

		if (round % 40 == 0)
			begin();
		snprintf(members, sizeof members, "%s\"charges\": [%s]", periods, list[k]);
		if (k == 1)
			snprintf(members, sizeof members, "\"seasons\": {\"winter\": {\"until\": \"01-20\", \"from\": \"11-01\"}, \"summer\": {\"from\": \"06-01\", \"until\": \"07-01\"}, \"rest\": \"else\"}, \"periods\": {\"peak\": [{\"from\": \"08:30\", \"to\": \"12:00\"}], \"flat\": \"else\"}, \"rounding\": {\"line\": 3}, \"charges\": [%s]", list[k]);
		if (round % 40 == 0)
			kept = bind(members, NULL, &shanghai, day, day + 31);
		fresh = bind(members, NULL, &shanghai, day, day + 31);
		if (!CHECK(kept != NULL && fresh != NULL))
			return;
		for (int i = 0; i < slots; i++)
		{
			values[i] = (int64_t) (check_random(&seed) % (uint64_t) top) - (kind == 3 ? 20 : kind == 4 ? 30000 : 0);
			qualities[i] = kind == 5 && i == 700 ? BL_ESTIMATED : kind == 6 && i == 700 ? BL_MISSING : BL_ACTUAL;
			if (qualities[i] == BL_MISSING)
				values[i] = 0;
		}
		size = pack(0, &shanghai, day * 1440 - 480 + (kind == 7 ? minutes : 0), minutes, slots - (kind == 7), scale, qualities);
		bl_usage_of_profile(&usage, kind == 8 ? BL_EXPORT : BL_IMPORT, profile_bytes[0], size);
		memset(&problem, 0, sizeof problem);
		status = bl_rate(fresh, &usage, NULL, NULL, &arena, &rated, &problem);
		CHECK(status != BL_OK || rated.bytes == NULL);
		size = status == BL_OK ? bytes_of(fresh, &rated, a, sizeof a) : 0;
		snprintf(said, sizeof said, "%s", problem.message);
		memset(&problem, 0, sizeof problem);
		if (!CHECK_EQ(bl_rate(kept, &usage, NULL, NULL, &arena, &rated, &problem), status) || !CHECK_TEXT(problem.message, said))
			return;
		if (status != BL_OK)
			continue;
		alike[k] += rated.bytes != NULL;
		if (!CHECK_EQ(bytes_of(kept, &rated, b, sizeof b), size) || !CHECK(memcmp(a, b, size) == 0))
		{
			printf("# tariff %zu, round %ld, kind %d\n", k, round, kind);
			return;
		}
		check_bill(kept, &rated);
	}
	/* and there were such bills */
	for (size_t k = 0; k < sizeof list / sizeof *list; k++)
		CHECK((alike[k] > 0) == (k != 2 && k != 5 && k != 6));
	release();
}

static int	polls;

static void
count_poll(void)
{
	polls++;
}

/* long work asks now and then whether it should end */
static void
interruptible(void)
{
	int32_t		day = bl_day_of(2022, 1, 1);
	BlBound    *bound;
	BlArena		polling = new_arena();
	BlUsage		usage;
	BlRated		rated;
	static uint8_t big[8 << 20];
	static int64_t many[1500 * 1440];
	BlProfile	shape = {.slot_minutes = 1,.start = day * 1440 - 480,.offset = 480,.unit = BL_WH,.slots = 1500 * 1440};
	size_t		size;

	begin();
	polling.poll = count_poll;
	bound = bind("\"missing\": \"zero\", \"periods\": {\"peak\": [{\"to\": \"12:30\"}], \"flat\": \"else\"}, \"charges\": [{\"code\": \"e\", \"price\": {\"peak\": 1, \"flat\": 2}},"
				 "{\"code\": \"t\", \"per\": \"period\", \"split\": \"chronological\", \"steps\": [{\"to\": 5, \"price\": {\"peak\": 1, \"flat\": 2}}, {\"price\": 1}]},"
				 "{\"code\": \"d\", \"price\": 1, \"demand\": {\"minutes\": 1440, \"sliding\": true, \"periods\": [\"peak\"], \"at_least\": 0}}]",
				 NULL, &shanghai, day, day + 1500);
	for (int i = 0; i < shape.slots; i++)
		many[i] = i % 17;
	if (!CHECK(bound != NULL) || !CHECK_EQ(bl_profile_pack(&shape, &shanghai, many, NULL, big, sizeof big, &size), BL_OK))
		return;
	bl_usage_of_profile(&usage, BL_IMPORT, big, size);
	polls = 0;
	(void) bl_rate(bound, &usage, NULL, NULL, &polling, &rated, &problem);
	CHECK(polls > 2000);
	/* one day more is refused */
	CHECK(bind("\"charges\": [{\"code\": \"e\", \"price\": 1}]", NULL, &shanghai, day, day + 1501) == NULL);
	CHECK_EQ(problem.status, BL_LIMIT);
	release();
}

int
main(void)
{
	RUN(bills_by_hand);
	RUN(what_is_missing);
	RUN(fast_as_slow);
	RUN(profile_as_registers);
	RUN(months_make_a_year);
	RUN(bounds_by_year);
	RUN(slots_one_by_one);
	RUN(clock_changes);
	RUN(events);
	RUN(hostile_zones);
	RUN(gaps);
	RUN(demand_windows);
	RUN(bills_do_not_mix);
	RUN(bills_alike);
	RUN(memory_ends);
	RUN(interruptible);
	return DONE();
}

/*
 * vee_test.c - validation and estimation: limits are exact, sums are kept, nothing else moves
 *
 * That the rules find what they should is shown against plain loops by
 * test/reference/vee_test.py; here are the edges.
 */
#include "document.h"
#include "core/estimate.h"
#include "core/validate.h"

enum
{
	DAY = 48					/* slots of half an hour */
};

static const BlZoneStep fixed[] = {{INT32_MIN, 0}};
static const BlZone utc = {1, fixed};
static const int64_t gone = INT64_MIN;

/* a packed profile of half-hours, `from` slots after the start of 2026; `gone` is missing */
static BlProfile
profile_of(const int64_t *values, int n, int from, int scale, BlArena *arena)
{
	BlProfile	shape = {
		.slot_minutes = 30,.start = bl_day_of(2026, 1, 1) * BL_MINUTES_PER_DAY + from * 30,.slots = n,.scale = scale,.zone = ""
	};
	uint8_t    *qualities = bl_arena_get(arena, (size_t) n);
	size_t		room = bl_profile_bound(&shape);
	uint8_t    *bytes = bl_arena_get(arena, room);
	BlProfile	opened = {0};
	size_t		size = 0;

	for (int i = 0; i < n; i++)
		qualities[i] = values[i] == gone ? BL_MISSING : BL_ACTUAL;
	CHECK_EQ(bl_profile_pack(&shape, &utc, values, qualities, bytes, room, &size), BL_OK);
	CHECK_EQ(bl_profile_open(&opened, bytes, size), BL_OK);
	return opened;
}

static BlReadings
readings_of(const BlProfile *profile, const BlProfile *history, BlArena *arena)
{
	BlReadings	r;

	CHECK_EQ(bl_readings_make(profile, history, &utc, NULL, arena, &r, &problem), BL_OK);
	return r;
}

/* ------------------------------------------------------------------- rules */

static int	told;

static bool
tell(void *context, const char *path, const char *message, const char *hint)
{
	(void) context;
	(void) message;
	CHECK(path[0] == '$' && hint[0] != '\0');
	told++;
	return told < 3;
}

static BlRules
rules_of(const char *text, BlStatus wanted, BlArena *arena)
{
	BlRules		rules = {0};
	BlJson	   *root = tree_of(text, strlen(text), arena);

	told = 0;
	if (CHECK(root != NULL))
		CHECK_EQ(bl_rules_compile(root, arena, &rules, tell, NULL), wanted);
	CHECK((told > 0) == (wanted != BL_OK));
	return rules;
}

static BlEstimationRules
estimation_of(const char *text, BlStatus wanted, BlArena *arena)
{
	BlEstimationRules rules;
	BlJson	   *root = tree_of(text, strlen(text), arena);

	told = 0;
	if (CHECK(root != NULL))
		CHECK_EQ(bl_estimation_rules_compile(root, &rules, tell, NULL), wanted);
	return rules;
}

static void
rules_are_read(void)
{
	BlArena		arena = new_arena();
	BlRules		rules = rules_of(bl_validation_rules, BL_OK, &arena);
	BlEstimationRules estimation = estimation_of(bl_estimation_rules, BL_OK, &arena);
	BlEstimationRules without = estimation_of("{}", BL_OK, &arena);

	CHECK_EQ(rules.n, 12);
	CHECK_EQ(estimation.days, without.days);
	CHECK_EQ(estimation.linear_minutes, without.linear_minutes);
	CHECK_EQ(estimation.least_days, without.least_days);
	CHECK_EQ(estimation.within_days, without.within_days);
	CHECK_EQ(estimation.sources, without.sources);
	CHECK_EQ(estimation.fill, without.fill);
	CHECK_EQ(estimation_of("{\"days\": 1}", BL_OK, &arena).least_days, 1);
	/* each kind stands with what it needs alone */
	for (int i = 0; i < BL_RULE_COUNT; i++)
	{
		char		text[120];

		snprintf(text, sizeof text, "[{\"rule\": \"%s\"%s}]", bl_rule_name[i],
				 i == BL_RULE_CAPACITY || i == BL_RULE_STEP ? ", \"kw\": 1" : i == BL_RULE_RANGE ? ", \"most\": -1" :
				 i == BL_RULE_SPAN ? ", \"from\": \"2026-01-01\"" : i == BL_RULE_CHANNEL ? ", \"unit\": \"Wh\"" : "");
		rules = rules_of(text, BL_OK, &arena);
		CHECK_EQ(rules.n, 1);
		CHECK_EQ(rules.rule[0].kind, i);
	}
	release();
}

static void
bad_rules_are_refused(void)
{
	static const char *const bad[] = {
		"{}", "[1]", "[{}]", "[{\"rule\": 1}]", "[{\"rule\": \"capacity\"}]", "[{\"rule\": \"gap\", \"kw\": 1}]",
		"[{\"rule\": \"capacity\", \"kw\": -1}]", "[{\"rule\": \"capacity\", \"kw\": \"1e9\"}]", "[{\"rule\": \"capacity\", \"kw\": 1000000001}]",
		"[{\"rule\": \"capacity\", \"kw\": 0.123456789}]", "[{\"rule\": \"spike\", \"days\": 1.5}]", "[{\"rule\": \"repeated\", \"slots\": 1}]",
		"[{\"rule\": \"span\", \"from\": \"9999-01-01\"}]", "[{\"rule\": \"gap\", \"severity\": \"unchecked\"}]",
		"[1, 2, 3, 4, 5, 6]"
	};
	BlArena		arena = new_arena();

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		rules_of(bad[i], BL_BAD_RULES, &arena);
	estimation_of("[]", BL_BAD_RULES, &arena);
	estimation_of("{\"sources\": []}", BL_BAD_RULES, &arena);
	estimation_of("{\"sources\": [\"missing\"], \"fill\": [\"suspect\"]}", BL_BAD_RULES, &arena);
	estimation_of("{\"linear_minutes\": 20000}", BL_BAD_RULES, &arena);
	release();
}

/* -------------------------------------------------------------- validation */

typedef struct Found
{
	int			n;
	BlFinding	last;
} Found;

static void
find(void *context, const BlFinding *finding)
{
	Found	   *found = context;

	found->n++;
	found->last = *finding;
}

static Found
found_in(const BlReadings *r, const char *rules, BlArena *arena)
{
	BlRules		compiled = rules_of(rules, BL_OK, arena);
	Found		found = {0};

	CHECK_EQ(bl_validate(r, &compiled, find, &found), BL_OK);
	return found;
}

/* 1 kW for half an hour is 500 Wh: just that may flow, in whatever scale the profile is */
static void
limits_are_exact(void)
{
	for (int scale = -6; scale <= 2; scale++)
	{
		BlArena		arena = new_arena();
		int64_t		exact = 500 * (int64_t) bl_pow10(6) / (int64_t) bl_pow10(scale + 6);
		int64_t		values[3] = {exact, exact + 1, exact};
		BlProfile	p = profile_of(values, 3, 0, scale, &arena);
		BlReadings	r = readings_of(&p, NULL, &arena);

		CHECK_EQ(found_in(&r, "[{\"rule\": \"capacity\", \"kw\": 1}]", &arena).n, 1);
		CHECK_EQ(found_in(&r, "[{\"rule\": \"range\", \"least\": 500}]", &arena).n, 0);
		CHECK_EQ(found_in(&r, "[{\"rule\": \"range\", \"most\": 500}]", &arena).n, 1);
		CHECK_EQ(found_in(&r, "[{\"rule\": \"range\", \"least\": \"500.00000001\"}]", &arena).n, 2);
		CHECK_EQ(found_in(&r, "[{\"rule\": \"step\", \"kw\": 0}]", &arena).n, 2);
		CHECK_EQ(found_in(&r, "[{\"rule\": \"step\", \"kw\": 200}]", &arena).n, 0);
		release();
	}
}

static void
extremes_do_not_overflow(void)
{
	static const char all[] = "[{\"rule\": \"gap\"}, {\"rule\": \"negative\"}, {\"rule\": \"capacity\", \"kw\": 1000000000}, "
		"{\"rule\": \"range\", \"least\": -1000000000, \"most\": 1000000000}, {\"rule\": \"step\", \"kw\": 1000000000}, "
		"{\"rule\": \"spike\", \"over\": 1000000000, \"days\": 3660}, {\"rule\": \"catch_up\"}, {\"rule\": \"peak\", \"over\": \"1000000000\"}, "
		"{\"rule\": \"high_low\"}, {\"rule\": \"high_low\", \"against\": \"year\"}, {\"rule\": \"sum\"}, {\"rule\": \"repeated\"}]";

	for (int scale = -6; scale <= 9; scale += 3)
	{
		BlArena		arena = new_arena();
		int64_t		values[6] = {INT64_MAX, INT64_MIN + 1, INT64_MAX, INT64_MAX, 0, INT64_MIN + 1};
		BlProfile	p = profile_of(values, 6, 0, scale, &arena);
		BlProfile	history = profile_of(values, 6, -6, scale, &arena);
		BlReadings	r = readings_of(&p, &history, &arena);

		CHECK(found_in(&r, all, &arena).n > 0);
		release();
	}
}

/* --------------------------------------------------------------- estimation */

static void
counted(void *context, const BlEstimate *estimate)
{
	int		   *n = context;

	(void) estimate;
	n[0]++;
}

static BlInt128
sum_of(const BlReadings *r, int from, int until)
{
	BlInt128	sum = 0;

	for (int i = from; i < until; i++)
		sum += r->series.values[i];
	return sum;
}

/* random gaps over twenty days, registers that end anywhere: each is met to the last step */
static void
registers_are_met(void)
{
	uint64_t	seed = 3;

	for (long round = 0; round < check_rounds(60); round++)
	{
		enum
		{
			N = 20 * DAY
		};
		BlArena		arena = new_arena();
		int64_t		values[N];
		BlRegister	reg[2];
		int			cut = 1 + (int) (check_random(&seed) % (N - 1));
		int			extra = (int) (check_random(&seed) % 1000);
		BlEstimationRules rules = estimation_of("{\"even\": true}", BL_OK, &arena);
		BlInt128	known[2] = {0};
		int			pieces = 0;
		BlProfile	p;
		BlReadings	r;

		for (int i = 0; i < N; i++)
			values[i] = (int64_t) (check_random(&seed) % 500);
		for (int g = 0; g < 5; g++)
			for (int i = (int) (check_random(&seed) % N), n = (int) (check_random(&seed) % 100); n > 0 && i < N; n--)
				values[i++] = gone;
		for (int i = 0; i < N; i++)
			known[i >= cut] += values[i] == gone ? 0 : values[i];
		p = profile_of(values, N, 0, 0, &arena);
		r = readings_of(&p, NULL, &arena);
		for (int k = 0; k < 2; k++)
			/* a thousandth of a watt-hour finer than the profile */
			reg[k] = (BlRegister) {
				.kind = BL_SPAN_MOMENTS,.from = p.start + (k == 0 ? 0 : cut) * 30,.until = p.start + (k == 0 ? cut : N) * 30,
				.kwh = {known[k] * 1000 + 37 * extra, 6}
			};
		CHECK_EQ(bl_readings_registers(&r, reg, 2, &problem), BL_OK);
		CHECK_EQ(bl_estimate(&r, &rules, counted, &pieces, &problem), BL_OK);
		CHECK(pieces > 0);
		for (int k = 0; k < 2; k++)
		{
			int			from = k == 0 ? 0 : cut;
			int			until = k == 0 ? cut : N;
			bool		any = false;

			for (int i = from; i < until; i++)
				any |= values[i] == gone;
			if (any)
				CHECK_EQ(sum_of(&r, from, until) * bl_pow10(3 + r.series.shape.scale), reg[k].kwh.coefficient);
		}
		for (int i = 0; i < N; i++)
			if (values[i] == gone)
				CHECK_EQ(r.series.qualities[i], BL_ESTIMATED);
			else
				CHECK_EQ(r.series.values[i] * bl_pow10(3 + r.series.shape.scale), (BlInt128) values[i] * 1000);
		release();
	}
}

static void
memory_can_end_anywhere(void)
{
	int64_t		values[10 * DAY];
	bool		done = false;

	for (int i = 0; i < 10 * DAY; i++)
		values[i] = i % 7 == 0 ? gone : i % 50;
	for (size_t ceiling = 1 << 14; !done && ceiling < (size_t) 1 << 26; ceiling += 1 << 14)
	{
		BlArena		all = new_arena();
		BlArena		arena = new_arena();
		BlRules		rules = rules_of(bl_validation_rules, BL_OK, &all);
		BlEstimationRules estimation = estimation_of("{\"linear_minutes\": 0}", BL_OK, &all);
		BlProfile	p = profile_of(values, 10 * DAY, 0, 0, &all);
		Found		found = {0};
		BlReadings	r;
		BlStatus	status;

		arena.ceiling = ceiling;
		status = bl_readings_make(&p, NULL, &utc, NULL, &arena, &r, &problem);
		if (status == BL_OK)
			status = bl_validate(&r, &rules, find, &found);
		if (status == BL_OK)
			status = bl_estimate(&r, &estimation, NULL, NULL, &problem);
		CHECK(status == BL_OK || status == BL_NO_SPACE);
		done = status == BL_OK;
		release();
	}
	CHECK(done);
}

static void
later_slots_count(void)
{
	BlArena		arena = new_arena();
	int64_t		first[4] = {1, 2, gone, 4};
	int64_t		second[4] = {30, gone, 50, 60};
	static const int64_t want[6] = {10, 20, 30, 40, 50, 60};
	BlProfile	a = profile_of(first, 4, 0, 1, &arena);
	BlProfile	b = profile_of(second, 4, 2, 0, &arena);
	BlSeries	both;

	CHECK_EQ(bl_series_overlay(&a, &b, &arena, &both, &problem), BL_OK);
	CHECK_EQ(both.shape.slots, 6);
	CHECK_EQ(both.shape.scale, 0);
	for (int i = 0; i < 6; i++)
		CHECK_EQ(both.values[i], want[i]);
	release();
}

int
main(void)
{
	RUN(rules_are_read);
	RUN(bad_rules_are_refused);
	RUN(limits_are_exact);
	RUN(extremes_do_not_overflow);
	RUN(registers_are_met);
	RUN(memory_can_end_anywhere);
	RUN(later_slots_count);
	return DONE();
}

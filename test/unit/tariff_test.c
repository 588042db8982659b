/*
 * tariff_test.c - the schema of tariffs: what is refused, where and with which words; one canonical form
 */
#include "document.h"
#include "core/tariff.h"

/* ---- what a check says ---- */

static char heard[1 << 16];
static int	problems;

static bool
hear(void *context, const char *path, const char *message, const char *hint)
{
	size_t		used = strlen(heard);

	(void) context;
	(void) hint;
	snprintf(heard + used, sizeof heard - used, "%s%s: %s", problems++ ? "\n" : "", path, message);
	return true;
}

static BlTariff *
compile(const char *text, BlArena *arena)
{
	BlJson	   *root = tree_of(text, strlen(text), arena);
	BlTariff   *tariff;
	BlStatus	status;

	heard[0] = '\0';
	problems = 0;
	if (root == NULL)
	{
		snprintf(heard, sizeof heard, "%s: %.*s", problem.message, 200, problem.detail);
		return NULL;
	}
	status = bl_tariff_compile(root, arena, &tariff, hear, NULL);
	CHECK(status == (problems > 0 ? BL_BAD_TARIFF : BL_OK));
	return status == BL_OK ? tariff : NULL;
}

/* a tariff around some members; without charges of its own it gets one */
static const char *
around(const char *members)
{
	static char text[1 << 16];

	snprintf(text, sizeof text, "{\"name\": \"t\", \"currency\": \"CNY\", \"time_zone\": \"Asia/Shanghai\", %s%s}", members,
			 strstr(members, "\"charges\"") ? "" : ", \"charges\": [{\"code\": \"e\", \"price\": \"1\"}]");
	return text;
}

/* all problems of these members, or what is accepted */
static const char *
problems_of(const char *members)
{
	BlArena		arena = new_arena();

	if (compile(around(members), &arena) != NULL)
		strcpy(heard, "accepted");
	release();
	return heard;
}

typedef struct Case
{
	const char *members;
	const char *problems;
} Case;

static void
check_cases(const Case *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!CHECK_TEXT(problems_of(list[i].members), list[i].problems))
			printf("# of %s\n", list[i].members);
}

#define CHECK_CASES(list) check_cases(list, sizeof list / sizeof *list)

/* ---- the document ---- */

static void
the_head(void)
{
	static const struct
	{
		const char *text;
		const char *problems;
	}			whole[] = {
		{"[]", "$: a tariff should be an object, not a list"},
		{"1", "$: a tariff should be an object, not a number"},
		{"{}", "$: a tariff without a name\n$: a tariff without a currency\n$: a tariff without a time zone\n$: a tariff without charges"},
		{"{\"name\": 1, \"currency\": \"yen\", \"time_zone\": \"\", \"charges\": {}}",
		"$.name: not a name\n$.currency: not a currency\n$.time_zone: not the name of a time zone\n$.charges: charges should be a list, not an object"},
		{"{\"name\": {}, \"currency\": \"CN\", \"time_zone\": null, \"charges\": []}",
		"$.name: not a name\n$.currency: not a currency\n$.time_zone: not the name of a time zone\n$.charges: 0 charges"},
		{"{\"name\": {\"z\": \"x\", \"en\": \"\"}, \"currency\": \"\", \"time_zone\": \"Z\", \"charges\": [1]}",
		"$.name.z: not a name in a language\n$.name.en: not a name in a language\n$.currency: not the name of a currency\n$.currency: not a currency\n"
		"$.charges[0]: a charge should be an object, not a number"},
	};
	static const Case list[] = {
		{"\"code\": 1, \"notes\": [{\"anything\": {}}], \"source\": \"here\"", "accepted"},
		{"\"valid\": {}", "accepted"},
		{"\"valid\": {\"from\": \"2026-01-01\"}", "accepted"},
		{"\"valid\": {\"from\": \"2026-02-30\", \"until\": 3}", "$.valid.from: a date was expected\n$.valid.until: a date was expected\n$.valid: valid ends before it begins"},
		{"\"valid\": {\"from\": \"2026-01-02\", \"until\": \"2026-01-02\"}", "$.valid: valid ends before it begins"},
		{"\"valid\": []", "$.valid: valid should be an object, not a list"},
		{"\"bills\": \"both\"", "$.bills: not what bills"},
		{"\"split\": \"hours\"", "$.split: not a way to split registers"},
		{"\"missing\": 0", "$.missing: not what missing slots mean"},
		{"\"year_start\": \"07-01\"", "accepted"},
		{"\"year_start\": \"02-29\"", "$.year_start: not the first day of a year"},
		{"\"year_start\": \"2026-07-01\"", "$.year_start: not the first day of a year"},
		{"\"year_start\": 7", "$.year_start: not the first day of a year"},
		{"\"charges\": [{\"code\": \"a\", \"price\": 1}, {\"code\": \"a\", \"price\": 1}, {\"code\": \"rounding\", \"price\": 1}, {\"price\": 1}]",
		"$.charges[1].code: code \"a\" stands twice\n$.charges[2].code: \"rounding\" is the line that rounding of the total makes\n"
		"$.charges[3]: a charge without a code"},
	};

	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
	{
		BlArena		arena = new_arena();

		CHECK(compile(whole[i].text, &arena) == NULL);
		CHECK_TEXT(heard, whole[i].problems);
		release();
	}
	CHECK_CASES(list);
}

static void
unknown_fields(void)
{
	static const Case list[] = {
		{"\"charge\": []", "$.charge: unknown field \"charge\""},
		{"\"valid\": {\"to\": \"2026-01-01\"}", "$.valid.to: unknown field \"to\""},
		{"\"seasons\": {\"s\": {\"months\": [1], \"x\": 1}, \"r\": \"else\"}", "$.seasons.s.x: unknown field \"x\""},
		{"\"periods\": {\"p\": [{\"from\": \"08:00\", \"to\": \"09:00\", \"day\": \"mon\"}], \"q\": \"else\"}",
		"$.periods.p[0].day: unknown field \"day\""},
		{"\"components\": {\"c\": {\"price\": \"1\", \"tag\": []}}", "$.components.c.tag: unknown field \"tag\""},
		{"\"parts\": {\"l\": {\"of\": \"main\", \"share\": \"0.5\", \"x\": 0}}", "$.parts.l.x: unknown field \"x\""},
		{"\"terms\": {\"t\": {\"defalt\": 1}}", "$.terms.t.defalt: unknown field \"defalt\""},
		{"\"rounding\": {\"lines\": 2}", "$.rounding.lines: unknown field \"lines\""},
		{"\"rounding\": {\"line\": {\"places\": 2, \"carry\": true}}", "$.rounding.line.carry: unknown field \"carry\""},
		{"\"power_factor_tables\": {\"a\": {\"best\": 0, \"at\": 1, \"rise\": [{\"to\": 0, \"by\": 1, \"x\": 1}]}}",
		"$.power_factor_tables.a.rise[0].x: unknown field \"x\""},
		{"\"charges\": [{\"code\": \"a\", \"price\": \"1\", \"colour\": 1}]", "$.charges[0].colour: unknown field \"colour\""},
		{"\"charges\": [{\"code\": \"a\", \"price\": {\"versions\": [{\"price\": 1, \"to\": 1}], \"x\": 2}}]",
		"$.charges[0].price.versions[0].to: unknown field \"to\"\n$.charges[0].price.x: unknown field \"x\""},
		{"\"charges\": [{\"code\": \"a\", \"price\": {\"base\": \"1\", \"times\": 2, \"x\": 1}}]", "$.charges[0].price.x: unknown field \"x\""},
		{"\"charges\": [{\"code\": \"a\", \"price\": {\"series\": \"s\", \"x\": 1}}]", "$.charges[0].price.x: unknown field \"x\""},
		{"\"charges\": [{\"code\": \"a\", \"price\": \"1\", \"first\": {\"kwh\": 1, \"per\": \"day\", \"x\": 1}}]", "$.charges[0].first.x: unknown field \"x\""},
		{"\"charges\": [{\"code\": \"a\", \"per\": \"year\", \"steps\": [{\"price\": 1, \"x\": 1}], \"mod\": 1}]",
		"$.charges[0].steps[0].x: unknown field \"x\"\n$.charges[0].mod: unknown field \"mod\""},
		{"\"charges\": [{\"code\": \"a\", \"per\": \"year\", \"steps\": [{\"price\": 1}], \"allowance\": [{\"kwh\": 1, \"x\": 1}]}]",
		"$.charges[0].allowance[0].x: unknown field \"x\""},
		{"\"charges\": [{\"code\": \"a\", \"price\": 1, \"demand\": {\"minute\": 15, \"ratchet\": {\"share\": 1, \"months\": 2, \"y\": 1}}}]",
		"$.charges[0].demand.minute: unknown field \"minute\"\n$.charges[0].demand.ratchet.y: unknown field \"y\""},
		{"\"charges\": [{\"code\": \"a\", \"price\": 1}, {\"code\": \"v\", \"percent\": 13, \"off\": [\"a\"]}]", "$.charges[1].off: unknown field \"off\""},
		{"\"charges\": [{\"code\": \"a\", \"price\": 1, \"when\": {\"t\": {\"at_least\": 1, \"x\": 1}}}]", "$.charges[0].when.t.x: unknown field \"x\""},
		/* below an unknown field nothing more is said */
		{"\"x\": {\"y\": {\"z\": 1}}, \"w\": [{\"v\": 1}]", "$.x: unknown field \"x\"\n$.w: unknown field \"w\""},
	};

	CHECK_CASES(list);
}

/* ---- seasons and periods ---- */

static void
seasons(void)
{
	static const Case list[] = {
		{"\"seasons\": {\"summer\": {\"months\": [7, 8]}, \"mild\": \"else\"}", "accepted"},
		{"\"seasons\": {\"a\": {\"from\": \"11-01\", \"until\": \"04-01\"}, \"b\": {\"from\": \"04-01\", \"until\": \"11-01\"}}", "accepted"},
		{"\"seasons\": {\"a\": [{\"months\": [1]}, {\"from\": \"02-01\", \"until\": \"02-29\"}], \"b\": \"else\"}", "accepted"},
		{"\"seasons\": {\"all\": {\"from\": \"03-01\", \"until\": \"03-01\"}}", "accepted"},
		{"\"seasons\": []", "$.seasons: seasons should be an object, not a list"},
		{"\"seasons\": {\"a\": {\"months\": [7]}}", "$.seasons: no season covers 01-01"},
		{"\"seasons\": {\"a\": {\"from\": \"02-29\", \"until\": \"02-29\"}, \"b\": {\"months\": [2]}}", "$.seasons.b: season \"b\" overlaps season \"a\""},
		{"\"seasons\": {\"a\": \"else\", \"b\": \"else\"}", "$.seasons.b: only one season can be \"else\""},
		{"\"seasons\": {\"a\": \"rest\", \"b\": 1}", "$.seasons.a: a season should be an object, not a text\n$.seasons.b: a season should be an object, not a number"},
		{"\"seasons\": {\"a\": {\"months\": []}, \"b\": {\"months\": [0, 13, 1.5, \"x\"]}, \"c\": \"else\"}",
		"$.seasons.a.months: an empty list of months\n$.seasons.b.months[0]: a month should be a whole number from 1 to 12\n"
		"$.seasons.b.months[1]: a month should be a whole number from 1 to 12\n$.seasons.b.months[2]: a month should be a whole number from 1 to 12\n"
		"$.seasons.b.months[3]: a month should be a whole number from 1 to 12"},
		{"\"seasons\": {\"a\": {\"from\": \"02-30\", \"until\": \"03-01\"}, \"b\": {\"from\": \"1-1\", \"until\": 5}, \"c\": \"else\"}",
		"$.seasons.a.from: a day of the year was expected\n$.seasons.b.from: a day of the year was expected\n$.seasons.b.until: a day of the year was expected"},
		{"\"seasons\": {\"a\": {\"from\": \"01-01\"}, \"b\": {\"months\": [1], \"from\": \"01-01\"}, \"c\": [1], \"d\": \"else\"}",
		"$.seasons.a: a season needs months, or from and until\n$.seasons.b: a season needs months, or from and until\n"
		"$.seasons.c[0]: a season needs months, or from and until"},
		{"\"seasons\": {\"\": \"else\"}", "$.seasons.: bad name of a season"},
		{"\"seasons\": {\"a\": {}, \"b\": {}, \"c\": {}, \"d\": {}, \"e\": {}, \"f\": {}, \"g\": {}, \"h\": {}, \"i\": {}, \"j\": {}, \"k\": {}, \"l\": {}, \"m\": {}}",
		"$.seasons: too many seasons"},
	};

	CHECK_CASES(list);
}

static void
periods(void)
{
	static const Case list[] = {
		{"\"periods\": {\"peak\": [{\"from\": \"08:00\", \"to\": \"22:00\"}], \"valley\": \"else\"}", "accepted"},
		{"\"periods\": {\"peak\": {\"from\": \"08:00\", \"to\": \"22:00\"}, \"valley\": [{\"from\": \"22:00\", \"to\": \"08:00\"}]}", "accepted"},
		{"\"periods\": {\"a\": [{\"to\": \"12:00\"}], \"b\": [{\"from\": \"12:00\"}]}", "accepted"},
		{"\"periods\": {\"a\": [{\"from\": \"12:00\", \"to\": \"00:00\"}], \"b\": [{\"from\": \"00:00\", \"to\": \"12:00\"}]}", "accepted"},
		{"\"periods\": {\"only\": [{}]}", "accepted"},
		{"\"periods\": {\"a\": [{\"days\": \"weekday\"}], \"b\": [{\"days\": [\"weekend\"]}]}", "accepted"},
		{"\"periods\": {\"a\": [{\"days\": [\"weekday\", \"holiday\"]}], \"b\": [{\"days\": \"weekend\"}]}", "accepted"},
		{"\"periods\": {\"a\": [{\"days\": [\"mon\", [\"tue\", \"wed\"], \"thu\", \"fri\", \"sat\", \"sun\"]}]}", "accepted"},
		{"\"periods\": {\"a\": [{\"event\": \"hot\"}], \"b\": [{}]}", "accepted"},
		{"\"periods\": {\"a\": [{}, {\"from\": \"08:00\", \"to\": \"09:00\"}]}", "accepted"},
		{"\"periods\": []", "$.periods: periods should be an object, not a list"},
		{"\"periods\": {}", "$.periods: periods: 0 of them"},
		{"\"periods\": {\"a\": 5}", "$.periods.a: a period should be a list, not a number"},
		{"\"periods\": {\"a\": [5]}", "$.periods.a[0]: a window should be an object, not a number"},
		{"\"periods\": {\"a\": \"else\", \"b\": \"else\"}", "$.periods.b: only one period can be \"else\""},
		{"\"periods\": {\"a\": []}", "$.periods: no period covers 00:00 in month 1"},
		{"\"periods\": {\"a\": [{\"from\": \"00:00\", \"to\": \"23:59\"}]}", "$.periods: no period covers 23:59 in month 1"},
		{"\"periods\": {\"a\": [{\"to\": \"10:00\"}], \"b\": [{\"from\": \"10:01\"}]}", "$.periods: no period covers 10:00 in month 1"},
		{"\"periods\": {\"a\": [{\"to\": \"10:01\"}], \"b\": [{\"from\": \"10:00\"}]}", "$.periods.b[0]: periods \"b\" and \"a\" overlap in month 1"},
		{"\"periods\": {\"a\": [{\"from\": \"22:00\", \"to\": \"08:00\"}], \"b\": [{\"from\": \"07:59\", \"to\": \"09:00\"}], \"c\": \"else\"}",
		"$.periods.b[0]: periods \"b\" and \"a\" overlap in month 1"},
		{"\"periods\": {\"a\": [{\"from\": \"22:00\", \"to\": \"02:00\"}], \"b\": [{\"from\": \"23:00\", \"to\": \"01:00\"}], \"c\": \"else\"}",
		"$.periods.b[0]: periods \"b\" and \"a\" overlap in month 1"},
		{"\"periods\": {\"a\": [{\"months\": [1]}], \"b\": [{\"months\": [2, 3, 4, 5, 6, 7, 8, 9, 10, 12]}]}", "$.periods: no period covers 00:00 in month 11"},
		{"\"periods\": {\"a\": [{\"months\": [3, 4]}], \"b\": [{\"months\": [4]}], \"c\": \"else\"}", "$.periods.b[0]: periods \"b\" and \"a\" overlap in month 4"},
		/* a holiday on a Monday is both, where the tariff speaks of holidays */
		{"\"periods\": {\"a\": [{\"days\": \"holiday\"}], \"b\": [{\"days\": \"mon\"}], \"c\": \"else\"}", "$.periods.b[0]: periods \"b\" and \"a\" overlap in month 1"},
		{"\"periods\": {\"a\": [{\"days\": \"weekday\"}], \"b\": [{\"days\": \"weekend\"}, {\"days\": \"holiday\", \"to\": \"12:00\"}]}",
		"$.periods: no period covers 12:00 in month 1"},
		/* events do not cover the day */
		{"\"periods\": {\"a\": [{\"event\": \"hot\"}]}", "$.periods: no period covers 00:00 in month 1"},
		{"\"periods\": {\"a\": [{\"from\": \"8:00\"}], \"b\": [{\"from\": \"24:01\", \"to\": \"0900\"}], \"c\": [{\"from\": \"24:00\"}], \"d\": [{\"from\": \"09:00\", \"to\": \"09:00\"}]}",
		"$.periods.a[0].from: a time of the day was expected\n$.periods.b[0].from: a time of the day was expected\n"
		"$.periods.b[0].to: a time of the day was expected\n$.periods.c[0]: an empty window\n$.periods.d[0]: an empty window"},
		{"\"periods\": {\"a\": [{\"days\": \"monday\"}, {\"days\": []}, {\"days\": {}}], \"b\": \"else\"}",
		"$.periods.a[0].days: not a kind of day\n$.periods.a[1].days: an empty list of days\n$.periods.a[2].days: not a kind of day"},
		{"\"periods\": {\"a\": [{\"season\": \"summer\"}, {\"season\": 1}, {\"event\": \"\"}], \"b\": \"else\"}",
		"$.periods.a[0].season: season \"summer\" is not known\n$.periods.a[1].season: not the name of a season\n$.periods.a[1].season: season \"?\" is not known\n"
		"$.periods.a[2].event: not the name of an event"},
		{"\"seasons\": {\"s\": \"else\"}, \"periods\": {\"s\": \"else\"}", "$.periods.s: a period and a season have the same name"},
		{"\"schedules\": {\"second\": {\"a\": \"else\"}}", "accepted"},
		{"\"schedules\": {\"second\": {\"a\": [{\"to\": \"10:00\"}]}}", "$.schedules.second: no period covers 10:00 in month 1"},
		{"\"schedules\": {\"1\": {\"a\": \"else\"}, \"2\": {\"a\": \"else\"}, \"3\": {\"a\": \"else\"}, \"4\": {\"a\": \"else\"},"
			"\"5\": {\"a\": \"else\"}, \"6\": {\"a\": \"else\"}, \"7\": {\"a\": \"else\"}, \"8\": 0}", "$.schedules.8: too many schedules"},
	};

	CHECK_CASES(list);
}

/* ---- prices ---- */

#define PRICE(p) "\"periods\": {\"peak\": [{\"to\": \"12:00\"}], \"flat\": \"else\"}, \"seasons\": {\"hot\": {\"months\": [7]}, \"mild\": \"else\"}," \
	"\"components\": {\"a\": \"1\", \"b\": {\"price\": \"2\", \"tags\": [\"t\"], \"name\": {\"en\": \"B\"}}}," \
	"\"charges\": [{\"code\": \"e\", \"price\": " p "}]"

static void
prices(void)
{
	static const Case list[] = {
		{PRICE("\"0.538\""), "accepted"},
		{PRICE("-1e-3"), "accepted"},
		{PRICE("{\"peak\": 1, \"flat\": 2}"), "accepted"},
		{PRICE("{\"hot\": {\"peak\": 1, \"flat\": 2}, \"mild\": 3}"), "accepted"},
		{PRICE("{\"versions\": [{\"price\": 1}, {\"from\": \"2026-01-01\", \"price\": {\"peak\": 1, \"flat\": 2}}]}"), "accepted"},
		{PRICE("{\"component\": \"a\"}"), "accepted"},
		{PRICE("{\"components\": [\"a\", \"b\"], \"multipliers\": {\"on\": [\"a\"], \"peak\": \"1.6\", \"flat\": {\"hot\": 1, \"mild\": 2}}}"), "accepted"},
		{PRICE("{\"published\": \"x\"}"), "accepted"},
		{PRICE("{\"series\": \"x\", \"times\": 1, \"plus\": 0, \"at_least\": 0, \"at_most\": 1}"), "accepted"},
		{PRICE("{\"term\": \"agreed\"}"), "accepted"},
		{PRICE("{\"base\": {\"peak\": 1, \"flat\": 2}, \"percent\": -10}"), "accepted"},
		{PRICE("null"), "$.charges[0].price: a price should be a decimal or an object"},
		{PRICE("[1]"), "$.charges[0].price: a price should be a decimal or an object"},
		{PRICE("\"a\""), "$.charges[0].price: a price should be a decimal"},
		{PRICE("\"0.12345678901\""), "$.charges[0].price: a price should be a decimal"},
		{PRICE("1e99"), "$.charges[0].price: a price beyond its range (at most 10 decimals and 18 digits)"},
		{PRICE("9999999999999999999"), "$.charges[0].price: a price beyond its range (at most 10 decimals and 18 digits)"},
		{PRICE("{}"), "$.charges[0].price: no price for period \"peak\"\n$.charges[0].price: no price for period \"flat\""},
		{PRICE("{\"peak\": 1}"), "$.charges[0].price: no price for period \"flat\""},
		{PRICE("{\"peak\": 1, \"flat\": 1, \"valley\": 1}"), "$.charges[0].price.valley: \"valley\" is no period here"},
		{PRICE("{\"hot\": 1}"), "$.charges[0].price: no price for season \"mild\""},
		{PRICE("{\"hot\": 1, \"mild\": 2, \"peak\": 3}"), "$.charges[0].price.peak: \"peak\" is no season here"},
		{PRICE("{\"versions\": []}"), "$.charges[0].price.versions: 0 versions"},
		{PRICE("{\"versions\": {}}"), "$.charges[0].price.versions: versions should be a list, not an object"},
		{PRICE("{\"versions\": [{\"from\": \"2026-01-01\", \"price\": 1}, {\"price\": 2}]}"),
		"$.charges[0].price.versions[1]: a version without from\n$.charges[0].price.versions[1]: the dates of versions do not rise"},
		{PRICE("{\"versions\": [{\"from\": \"2026-01-01\", \"price\": 1}, {\"from\": \"2026-01-01\", \"price\": 1}, {\"from\": \"2027-01-01\"}]}"),
		"$.charges[0].price.versions[1]: the dates of versions do not rise\n$.charges[0].price.versions[2]: a version without a price"},
		{PRICE("{\"versions\": [1]}"), "$.charges[0].price.versions[0]: a version without a price"},
		{PRICE("{\"component\": \"c\"}"), "$.charges[0].price.component: component \"c\" is not known"},
		{PRICE("{\"components\": []}"), "$.charges[0].price.components: 0 components"},
		{PRICE("{\"components\": [\"a\", \"a\", \"c\"]}"), "$.charges[0].price.components[1]: a component is named twice\n$.charges[0].price.components[2]: component \"c\" is not known"
			"\n$.charges[0].price.components[2]: a component is named twice\n$.charges[0].price.components[2]: a component is named twice"},
		{PRICE("{\"components\": [\"a\"], \"multipliers\": {\"on\": [\"b\"], \"peak\": 1, \"valley\": 1}}"),
		"$.charges[0].price.multipliers.on[0]: a multiplier on a component that is not summed\n$.charges[0].price.multipliers.valley: \"valley\" is no period here\n"
		"$.charges[0].price.multipliers: no multiplier for period \"flat\""},
		{PRICE("{\"components\": [\"a\"], \"multipliers\": {\"peak\": 1, \"flat\": 1}}"), "$.charges[0].price.multipliers: multipliers on nothing"},
		{PRICE("{\"base\": 1}"), "$.charges[0].price: a price from a base needs one change"},
		{PRICE("{\"base\": 1, \"times\": 2, \"plus\": 3}"), "$.charges[0].price: a price from a base needs one change"},
		{PRICE("{\"base\": 1, \"times\": true}"), "$.charges[0].price.times: a factor should be a decimal"},
		{PRICE("{\"base\": {\"series\": \"x\"}, \"times\": 1}"), "accepted"},
		{PRICE("{\"series\": \"\"}"), "$.charges[0].price.series: not the name of a series"},
		{PRICE("{\"published\": 1}"), "$.charges[0].price.published: not the name of a published component"},
		{PRICE("{\"term\": {}}"), "$.charges[0].price.term: not the name of a term"},
		{"\"components\": {\"a\": {\"component\": \"a\"}}", "$.components.a.component: the tariff has no components\n$.components.a: a component made of components or of a series"},
		{"\"components\": {\"a\": 1, \"b\": {\"component\": \"a\"}, \"c\": {\"series\": \"s\"}, \"d\": {\"price\": 1, \"tags\": 1}}",
		"$.components.b: a component made of components or of a series\n$.components.c: a component made of components or of a series\n$.components.d.tags: tags should be a list, not a number"},
		{"\"components\": {}, \"charges\": [{\"code\": \"e\", \"price\": {\"components\": [\"a\"]}}]", "$.charges[0].price.components: the tariff has no components"},
	};

	CHECK_CASES(list);
}

/* ---- charges ---- */

#define CHARGE(c) "\"periods\": {\"peak\": [{\"to\": \"12:00\"}], \"flat\": \"else\"}, \"seasons\": {\"hot\": {\"months\": [7]}, \"mild\": \"else\"}," \
	"\"components\": {\"a\": \"1\", \"b\": \"2\"}, \"charges\": [{\"code\": \"e\", \"tags\": [\"t\"], \"price\": \"1\"}, {\"code\": \"x\", " c "}]"

static void
energy_charges(void)
{
	static const Case list[] = {
		{CHARGE("\"price\": 1, \"from\": \"2026-01-01\", \"until\": \"2027-01-01\", \"months\": [1], \"tax_class\": \"goods\", \"sign\": \"credit\", \"part\": \"p\","
			"\"channel\": \"reactive_q1\", \"notes\": {\"a\": 1}, \"name\": \"x\""), "accepted"},
		{CHARGE("\"notes\": 1"), "$.charges[1]: charge \"x\" has no price"},
		{CHARGE("\"lines\": \"component\""), "$.charges[1]: charge \"x\" has no price\n$.charges[1]: lines by component of a price without components"},
		{CHARGE("\"price\": 1, \"lines\": \"component\""), "$.charges[1]: lines by component of a price without components\n"
			"$.charges[1]: lines by component of a price with components deeper inside"},
		{CHARGE("\"price\": {\"components\": [\"a\", \"b\"]}, \"lines\": \"component\""), "accepted"},
		{CHARGE("\"price\": {\"hot\": {\"component\": \"a\"}, \"mild\": {\"component\": \"b\"}}, \"lines\": \"component\""),
		"$.charges[1]: lines by component of a price with components deeper inside"},
		{CHARGE("\"price\": 1, \"of_which\": {\"a\": \"0.1\"}, \"rest\": \"b\""), "accepted"},
		{CHARGE("\"price\": 1, \"of_which\": {\"a\": \"0.1\"}, \"rest\": \"b\", \"lines\": \"component\""), "accepted"},
		{CHARGE("\"price\": 1, \"of_which\": {\"c\": \"0.1\"}"), "$.charges[1].of_which.c: component \"c\" is not known\n$.charges[1]: of_which without rest"},
		{CHARGE("\"price\": 1, \"of_which\": {\"a\": 1}, \"rest\": \"c\""), "$.charges[1].rest: component \"c\" is not known"},
		{CHARGE("\"price\": {\"component\": \"a\"}, \"of_which\": {\"b\": 1}, \"rest\": \"a\""), "$.charges[1]: of_which on a built price"},
		{CHARGE("\"price\": 1, \"sign\": \"-\", \"lines\": 1"), "$.charges[1].lines: not a kind of lines\n$.charges[1].sign: not a sign"},
		{CHARGE("\"price\": 1, \"periods\": [\"peak\", \"night\"]"), "$.charges[1].periods[1]: period \"night\" is not known"},
		{CHARGE("\"price\": 1, \"periods\": []"), "$.charges[1].periods: an empty list of periods"},
		{CHARGE("\"price\": 1, \"first\": {\"kwh\": 15, \"per\": \"month\"}"), "accepted"},
		{CHARGE("\"price\": 1, \"first\": {\"kwh\": 15}"), "$.charges[1].first: first needs kwh and per"},
		{CHARGE("\"price\": 1, \"first\": {\"kwh\": \"x\", \"per\": \"year\"}"), "$.charges[1].first.kwh: kWh should be a decimal\n$.charges[1].first.per: the first kWh count per day, month or period"},
		{CHARGE("\"price\": {\"series\": \"s\"}, \"first\": {\"kwh\": 1, \"per\": \"day\"}"), "$.charges[1]: a price by series with components, or of the first kWh"},
		{CHARGE("\"price\": 1, \"channel\": \"in\""), "$.charges[1].channel: not a channel"},
		{CHARGE("\"price\": 1, \"schedule\": \"s\""), "$.charges[1].schedule: schedule \"s\" is not known"},
		{CHARGE("\"price\": 1, \"part\": 1"), "$.charges[1].part: not the name of a part"},
		{CHARGE("\"price\": 1, \"from\": 1, \"months\": []"), "$.charges[1].from: a date was expected\n$.charges[1].months: an empty list of months"},
		{CHARGE("\"price\": 1, \"rounding\": {\"total\": 1, \"quantity\": 1}"), "$.charges[1].rounding: the total is not one charge's to round\n$.charges[1].rounding: the quantities are rounded once for all charges"},
		{CHARGE("\"price\": 1, \"tags\": [\"a\\u0007\"]"), "$.charges[1].tags[0]: not the name of a tag"},
		{CHARGE("\"price\": 1, \"percent\": 1, \"fixed\": \"day\""), "$.charges[1].percent: both fixed and percent\n$.charges[1].price: a price beside percent"},
	};

	CHECK_CASES(list);
}

static void
tier_charges(void)
{
	static const Case list[] = {
		{CHARGE("\"per\": \"year\", \"steps\": [{\"to\": 2760}, {\"to\": 4800, \"add\": \"0.05\"}, {\"add\": \"0.30\", \"name\": \"third\"}]"), "accepted"},
		{CHARGE("\"per\": \"month\", \"month\": \"each\", \"steps\": {\"hot\": [{\"price\": 1}], \"mild\": [{\"to\": 5, \"flat\": 2}]}, \"beyond\": \"last\", \"mode\": \"volume\""), "accepted"},
		{CHARGE("\"steps\": [{}]"), "$.charges[1]: tiers without per"},
		{CHARGE("\"per\": \"week\", \"steps\": []"), "$.charges[1].per: not a span\n$.charges[1].steps: 0 steps"},
		{CHARGE("\"per\": \"year\", \"steps\": 1"), "$.charges[1].steps: steps should be a list, not a number"},
		{CHARGE("\"per\": \"year\", \"steps\": [1, {\"to\": 0}, {\"to\": -1, \"price\": 1, \"add\": 1}, {}]"),
		"$.charges[1].steps[0]: a step should be an object, not a number\n"
		"$.charges[1].steps[1].to: limits must rise from above zero\n$.charges[1].steps[2].to: limits must rise from above zero\n$.charges[1].steps[2]: both price and add"},
		{CHARGE("\"per\": \"year\", \"steps\": [{\"to\": 5}, {\"to\": 5}, {}, {\"price\": 1}]"),
		"$.charges[1].steps[1].to: limits must rise from above zero\n$.charges[1].steps[2]: only the last step may have no limit"},
		{CHARGE("\"per\": \"year\", \"steps\": {\"hot\": [{\"price\": 1}], \"cold\": []}"),
		"$.charges[1].steps.cold: not a season\n$.charges[1].steps: no steps for season \"mild\"\n$.charges[1].steps: steps by season cannot count by the year"},
		{CHARGE("\"per\": \"year\", \"month\": \"each\", \"prorate\": \"months\", \"split\": \"x\", \"counter\": 1, \"beyond\": 1, \"steps\": [{\"price\": 1}]"),
		"$.charges[1].month: month goes with per month\n$.charges[1].split: not a way to split tiers\n$.charges[1].counter: not the name of a counter\n$.charges[1].beyond: not what lies beyond the last step"},
		{CHARGE("\"per\": \"month\", \"prorate\": \"months\", \"steps\": [{\"price\": 1}]"), "$.charges[1].prorate: limits are prorated by months of service only per year"},
		{CHARGE("\"per\": \"month\", \"unit\": \"kWh/kW\", \"steps\": [{\"price\": 1}]"), "$.charges[1].unit: limits per kVA or kW need a term or a demand charge"},
		{CHARGE("\"per\": \"month\", \"unit\": \"kWh/kW\", \"of\": \"kw\", \"steps\": [{\"price\": 1}]"), "accepted"},
		{CHARGE("\"per\": \"month\", \"steps\": [{\"price\": 1}], \"allowance\": [{\"when\": {\"size\": {\"at_least\": 5}}, \"kwh\": 100, \"to\": \"first\"}]"), "accepted"},
		{CHARGE("\"per\": \"month\", \"steps\": [{\"price\": 1}], \"allowance\": [1, {}, {\"kwh\": 1, \"per\": \"year\", \"to\": \"all\"}]"),
		"$.charges[1].allowance[0]: an allowance should be an object, not a number\n$.charges[1].allowance[1]: an allowance without kwh\n"
		"$.charges[1].allowance[2].per: an allowance is per month, or of yearly tiers per year\n$.charges[1].allowance[2].to: not what an allowance raises"},
		{"\"charges\": [{\"code\": \"x\", \"per\": \"season\", \"steps\": {}}]", "$.charges[0].per: tiers by season in a tariff without seasons\n$.charges[0].steps: steps by season in a tariff without seasons"},
		{"\"periods\": {\"a234567890123456789012345678901234567890\": \"else\"}, \"charges\": [{\"code\": \"a234567890123456789012345678901234567890\", \"per\": \"year\", "
			"\"split\": \"counters\", \"steps\": [{\"price\": 1}]}]",
		"$.charges[0]: the counter's and the period's name are too long together"},
	};

	CHECK_CASES(list);
}

static void
other_charges(void)
{
	static const Case list[] = {
		{CHARGE("\"price\": 42, \"demand\": {\"minutes\": 15, \"sliding\": true, \"periods\": [\"peak\"], \"highest\": {\"mean_of\": 3, \"on\": \"days\"}, \"contract\": \"kw\", "
			"\"overrun\": \"band_95_105\", \"at_least\": {\"share\": \"0.4\", \"of\": \"kva\"}, \"ratchet\": {\"share\": \"0.8\", \"months\": 11}, \"rounding\": 0}, "
			"\"discount\": {\"kwh_per\": \"kva\", \"at_least\": 260, \"times\": \"0.9\"}"), "accepted"},
		{CHARGE("\"price\": {\"peak\": 1, \"flat\": 2}, \"demand\": {\"periods\": \"each\"}"), "accepted"},
		{CHARGE("\"demand\": {}"), "$.charges[1]: charge \"x\" has no price"},
		{CHARGE("\"price\": 1, \"demand\": 5"), "$.charges[1].demand: demand should be an object, not a number"},
		{CHARGE("\"price\": 1, \"demand\": {\"minutes\": 0, \"sliding\": 1, \"periods\": \"all\", \"highest\": {}, \"overrun\": \"none\", \"at_least\": {\"share\": 1}, \"ratchet\": {}, \"rounding\": 99}"),
		"$.charges[1].demand.minutes: minutes should be a whole number from 1 to 1440\n$.charges[1].demand.sliding: true or false was expected\n$.charges[1].demand.periods: periods should be a list, not a text\n"
		"$.charges[1].demand.highest: highest needs mean_of and on\n$.charges[1].demand.overrun: an overrun rule without a contract\n$.charges[1].demand.at_least: a floor needs share and of\n"
		"$.charges[1].demand.ratchet: a ratchet needs share, and months or in\n$.charges[1].demand.rounding: a number of decimals should be a whole number from -9 to 10"},
		{CHARGE("\"price\": 1, \"demand\": {}, \"discount\": {\"kwh_per\": \"kva\"}"), "$.charges[1].discount: a discount needs kwh_per, at_least and times"},
		{CHARGE("\"price\": \"26.3\", \"capacity\": \"kva\", \"unit\": \"kVA\", \"proration\": \"thirty\""), "accepted"},
		{CHARGE("\"price\": \"26.3\", \"capacity\": 5, \"unit\": \"MW\", \"proration\": \"x\", \"year_days\": 300"),
		"$.charges[1].capacity: not the name of a term\n$.charges[1].unit: not a unit of capacity\n$.charges[1].proration: not a proration\n$.charges[1].year_days: a year has 360 to 366 days"},
		{CHARGE("\"price\": 1, \"fixed\": \"month\", \"times\": \"meters\", \"proration\": \"year\", \"year_days\": \"365.25\""), "accepted"},
		{CHARGE("\"price\": 1, \"fixed\": \"season\""), "$.charges[1].fixed: fixed charges do not go by season"},
		{CHARGE("\"price\": {\"peak\": 1, \"flat\": 1}, \"fixed\": \"day\""), "$.charges[1].price: a price by period or series for a charge without periods"},
		{CHARGE("\"percent\": 13, \"of\": [\"e\", \"t\", \"a\"], \"except\": [\"b\"], \"included\": true, \"on\": \"exact\""), "accepted"},
		{CHARGE("\"percent\": 13, \"of\": [\"x\", \"later\"], \"on\": \"printed\", \"included\": 1"),
		NULL},
		{CHARGE("\"percent\": 13, \"of\": \"e\""), "$.charges[1].of: a selection should be a list, not a text"},
		{CHARGE("\"power_factor\": {\"standard\": \"0.90\"}, \"of\": [\"e\"], \"except\": [\"a\"]"), "accepted"},
		{CHARGE("\"power_factor\": {\"standard\": {\"term\": \"pf\"}}"), "accepted"},
		{CHARGE("\"power_factor\": {\"required\": \"0.93\", \"at_most\": \"1.10\", \"places\": 4}, \"of\": [\"e\"]"), NULL},
		{CHARGE("\"power_factor\": {}"), "$.charges[1].power_factor: a power factor needs a standard or a required value"},
		{CHARGE("\"power_factor\": {\"standard\": \"0.95\"}"), "$.charges[1].power_factor.standard: table \"0.95\" is not known"},
		{CHARGE("\"power_factor\": {\"standard\": \"0.90\", \"places\": 3}"), "$.charges[1].power_factor: a table of power factors needs 2 places"},
		{CHARGE("\"power_factor\": {\"required\": 2}"), NULL},
		{"\"power_factor_tables\": {\"a\": {\"best\": 1}, \"b\": {\"best\": 0, \"at\": \"0.9\", \"rise\": [{\"to\": \"0.9\", \"by\": 1}, {\"to\": 0}]}}",
		"$.power_factor_tables.a: a table needs best, at and 1 to 8 rises\n$.power_factor_tables.b.rise[0].to: the rises must go down\n$.power_factor_tables.b.rise[1]: a rise needs to and by"},
		{CHARGE("\"minimum\": 10, \"of\": [\"e\"], \"per\": \"month\""), "accepted"},
		{CHARGE("\"minimum\": 10, \"per\": \"season\""), "$.charges[1].per: a bound by that span"},
		{CHARGE("\"maximum\": 10, \"of\": [\"e\"], \"per\": \"year\", \"proration\": \"thirty\", \"counter\": \"n\""), "accepted"},
		{CHARGE("\"minimum\": 10, \"per\": \"year\", \"proration\": \"period\", \"counter\": \"rounding\""),
		"$.charges[1].proration: not a proration of a year\n$.charges[1].minimum: \"rounding\" is the bank of what rounding of the total leaves"},
		{CHARGE("\"minimum\": 10, \"per\": \"month\", \"proration\": \"none\""), "$.charges[1].proration: not a proration"},
		{"\"banks\": {\"b\": {\"unit\": \"money\"}}, \"charges\": [{\"code\": \"e\", \"price\": 1}, {\"code\": \"f\", \"channel\": \"export\", \"sign\": \"credit\", \"price\": 1, \"bank\": \"b\"},"
		"{\"code\": \"u\", \"use\": \"b\"}, {\"code\": \"m\", \"minimum\": 1, \"per\": \"year\", \"counter\": \"b\"}, {\"code\": \"n\", \"minimum\": 1, \"per\": \"year\", \"counter\": \"b2\"},"
		"{\"code\": \"o\", \"maximum\": 1, \"per\": \"year\", \"counter\": \"b2\"}]",
		"$.charges[3].minimum: the count \"b\" has the name of a bank\n$.charges[5].maximum: two bounds by the year count in \"b2\""},
		{CHARGE("\"maximum\": {\"peak\": 1, \"flat\": 2}"), NULL},
		{CHARGE("\"price\": 1, \"minimum\": 10"), NULL},
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		if (list[i].problems != NULL)
			check_cases(&list[i], 1);
		else
			CHECK(strcmp(problems_of(list[i].members), "") != 0);
}

/* prices by period where no period is asked for, or those of another schedule */
static void
strange_periods(void)
{
#define HEAD "\"periods\": {\"a\": {\"to\": \"12:00\"}, \"b\": \"else\"}, \"schedules\": {\"s\": {\"c\": {\"to\": \"06:00\"}, \"d\": {\"from\": \"06:00\", \"to\": \"12:00\"}, \"e\": \"else\"}}," \
	"\"components\": {\"f\": {\"a\": 1, \"b\": 2}, \"g\": 1, \"h\": {\"tags\": [\"x\"]}}, "
	static const Case list[] = {
		{HEAD "\"charges\": [{\"code\": \"e\", \"schedule\": \"s\", \"price\": {\"components\": [\"g\"], \"multipliers\": {\"on\": [\"g\"], \"c\": 1, \"d\": 2, \"e\": 3}}}]", "accepted"},
		{HEAD "\"charges\": [{\"code\": \"e\", \"schedule\": \"s\", \"price\": {\"components\": [\"f\", \"g\"]}}]",
		"$.charges[0].price.components[0]: component \"f\" has a price by other periods than the charge's"},
		{HEAD "\"charges\": [{\"code\": \"e\", \"schedule\": \"s\", \"price\": {\"versions\": [{\"price\": {\"component\": \"f\"}}]}}]",
		"$.charges[0].price.versions[0].price.component: component \"f\" has a price by other periods than the charge's"},
		{HEAD "\"charges\": [{\"code\": \"e\", \"fixed\": \"day\", \"price\": {\"component\": \"f\"}}]", "$.charges[0].price: a price by period or series for a charge without periods"},
		{HEAD "\"charges\": [{\"code\": \"e\", \"per\": \"month\", \"steps\": [{\"flat\": {\"component\": \"f\"}}]}]", "$.charges[0].steps[0].flat: a flat amount by period"},
		{HEAD "\"charges\": [{\"code\": \"e\", \"price\": {\"components\": [\"g\"], \"multipliers\": {\"on\": [\"g\"], \"a\": 1, \"b\": {\"series\": \"s\"}}}}]",
		"$.charges[0].price.multipliers.b: a series where there are no slots"},
		{HEAD "\"charges\": [{\"code\": \"e\", \"price\": 1, \"of_which\": {\"g\": {\"series\": \"s\"}}, \"rest\": \"h\"}]", "$.charges[0].of_which.g: a series where there are no slots"},
		{HEAD "\"charges\": [{\"code\": \"e\", \"price\": {\"component\": \"h\"}}]", "$.charges[0].price.component: component \"h\" has no price"},
	};

	CHECK_CASES(list);
}

static void
parts_terms_rounding(void)
{
	static const Case list[] = {
		{"\"parts\": {\"light\": {\"of\": \"main\", \"share\": \"0.3\"}, \"heat\": {\"of\": \"main\", \"share\": {\"term\": \"h\"}}}", "accepted"},
		{"\"parts\": {\"light\": {\"of\": \"whole\", \"share\": \"0.3\"}, \"main\": {\"of\": \"x\", \"share\": 0}, \"y\": {\"of\": \"y\", \"share\": 0}}",
		"$.parts.light: not a part that a share can make\n$.parts.main: not a part that a share can make\n$.parts.y: not a part that a share can make"},
		/* whatever the order of the members */
		{"\"parts\": {\"a\": {\"of\": \"main\", \"share\": 0}, \"b\": {\"of\": \"a\", \"share\": 0}}", "$.parts.b: not a part that a share can make"},
		{"\"parts\": {\"b\": {\"of\": \"a\", \"share\": 0}, \"a\": {\"of\": \"main\", \"share\": 0}}", "$.parts.a: not a part that a share can make"},
		{"\"parts\": {\"a\": {\"of\": \"b\", \"share\": 0}, \"b\": {\"of\": \"a\", \"share\": 0}}", "$.parts.b: not a part that a share can make"},
		{"\"parts\": {\"a\": {\"of\": \"main\"}, \"b\": 1, \"c\": {\"of\": \"main\", \"share\": 2}, \"d\": {\"of\": \"main\", \"share\": {\"published\": \"x\"}}}",
		"$.parts.a: a part needs of and share\n$.parts.b: a part needs of and share\n$.parts.c.share: a share lies between 0 and 1\n$.parts.d.share: not a share"},
		{"\"terms\": {\"size\": {\"default\": 1, \"one_of\": [1, \"two\", true]}, \"free\": {}}", "accepted"},
		{"\"terms\": {\"a.b\": {}, \"c\": 1, \"d\": {\"default\": null, \"one_of\": []}, \"e\": {\"default\": [1], \"one_of\": [[1]]}}",
		"$.terms.a.b: bad name of a term\n$.terms.c: a term should be an object, not a number\n$.terms.d.default: a default is a text, a number, true or false\n"
		"$.terms.d.one_of: one_of is a list of texts, numbers, true or false\n$.terms.e.default: a default is a text, a number, true or false\n"
		"$.terms.e.one_of: one_of is a list of texts, numbers, true or false"},
		{"\"charges\": [{\"code\": \"e\", \"price\": 1, \"when\": {\"usage.kwh\": {\"above\": 5}, \"usage.demand_kw\": 1, \"class\": [\"a\", 2, true]}}]", "accepted"},
		{"\"charges\": [{\"code\": \"e\", \"price\": 1, \"when\": {\"usage.kw\": 1, \"a\": null, \"b\": {}, \"c\": {\"above\": \"x\"}, \"d\": [[1]]}}]",
		"$.charges[0].when.usage.kw: \"usage.kw\" cannot be tested\n$.charges[0].when.a: not a test\n$.charges[0].when.b: a test without a bound\n"
		"$.charges[0].when.c.above: a bound should be a decimal\n$.charges[0].when.d: not a test"},
		{"\"charges\": [{\"code\": \"e\", \"price\": 1, \"when\": 5}]", "$.charges[0].when: a condition should be an object, not a number"},
		{"\"rounding\": {\"line\": 2, \"group\": null, \"total\": {\"places\": 1, \"carry\": true}, \"quantity\": -3, \"price\": {\"step\": \"0.05\", \"mode\": \"floor\"}, \"fraction\": 4, \"mode\": \"half_even\"}", "accepted"},
		{"\"rounding\": {\"line\": 11, \"total\": {\"places\": 2, \"step\": 1}, \"price\": {\"step\": 0}, \"demand\": {\"step\": \"9999999999999\"}, \"mode\": \"up_up\"}",
		"$.rounding.mode: not a way of rounding\n$.rounding.line: a number of decimals should be a whole number from -9 to 10\n$.rounding.total: rounding needs either places or step\n"
		"$.rounding.price.step: a step must be above zero, and at most 10^12 of its last decimal\n$.rounding.demand.step: a step must be above zero, and at most 10^12 of its last decimal"},
		{"\"rounding\": 2", "$.rounding: rounding should be an object, not a number"},
	};

	CHECK_CASES(list);
}

/* ---- names ---- */

/* names of 63 bytes pass, longer ones and control characters do not; what is cut is cut at a character */
static void
names(void)
{
	char		members[2000];
	static const char long_name[] = "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
	"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad";
	static const char *const shapes[] = {
		"\"charges\": [{\"code\": \"%s\", \"price\": 1}]",
		"\"charges\": [{\"code\": \"e\", \"tax_class\": \"%s\", \"price\": 1}]",
		"\"charges\": [{\"code\": \"e\", \"tags\": [\"%s\"], \"price\": 1}]",
		"\"charges\": [{\"code\": \"e\", \"part\": \"%s\", \"price\": 1}]",
		"\"charges\": [{\"code\": \"e\", \"counter\": \"%s\", \"per\": \"year\", \"steps\": [{\"price\": 1}]}]",
		"\"periods\": {\"%s\": \"else\"}",
		"\"seasons\": {\"%s\": \"else\"}",
		"\"components\": {\"%s\": \"1\"}",
		"\"schedules\": {\"%s\": {\"a\": \"else\"}}",
		"\"parts\": {\"%s\": {\"of\": \"main\", \"share\": 0}}",
		"\"terms\": {\"%s\": {}}",
		"\"charges\": [{\"code\": \"e\", \"price\": 1, \"when\": {\"%s\": 1}}]",
	};

	CHECK_EQ(strlen(long_name), 63);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
	{
		char		name[100];

		snprintf(members, sizeof members, shapes[i], long_name);
		CHECK_TEXT(problems_of(members), "accepted");
		snprintf(name, sizeof name, "x%s", long_name);
		snprintf(members, sizeof members, shapes[i], name);
		problems_of(members);
		CHECK_EQ(problems, 1);
		/* the reader of JSON is the judge of UTF-8 */
		for (char *c = heard; *c; c++)
			if (*c == '"')
				*c = '\'';
		snprintf(members, sizeof members, "\"%.1900s\"", heard);
		{
			BlArena		arena = new_arena();

			CHECK(tree_of(members, strlen(members), &arena) != NULL);
			release();
		}
		snprintf(members, sizeof members, shapes[i], "a\\u0001b");
		problems_of(members);
		CHECK_EQ(problems, 1);
		snprintf(members, sizeof members, shapes[i], "");
		problems_of(members);
		CHECK_EQ(problems, 1);
	}
}

/* ---- one form ---- */

static void
canonical_form(void)
{
	static const char *const same[] = {
		"{\"name\": \"t\", \"currency\": \"CNY\", \"time_zone\": \"Asia/Shanghai\", \"notes\": [1.50], \"valid\": {\"from\": \"2026-01-01\"}, "
		"\"rounding\": {\"line\": 2, \"total\": {\"step\": \"0.050\", \"carry\": true}},"
		"\"charges\": [{\"code\": \"e\", \"price\": \"0.50\", \"when\": {\"n\": [1.0, \"x\"]}, \"months\": [1, 2]}]}",
		"{\"charges\": [{\"months\": [1e0, \"2\"], \"when\": {\"n\": [\"1\", \"x\"]}, \"price\": 5e-1, \"code\": \"e\"}], "
		"\"rounding\": {\"total\": {\"carry\": true, \"step\": 0.05}, \"line\": \"2\"}, \"valid\": {\"from\": \"2026-01-01\"},"
		"\"notes\": [1.50], \"time_zone\": \"Asia/Shanghai\", \"currency\": \"CNY\", \"name\": \"t\"}",
	};
	const char *expected = "{\"charges\":[{\"code\":\"e\",\"months\":[\"1\",\"2\"],\"price\":\"0.5\",\"when\":{\"n\":[\"1\",\"x\"]}}],\"currency\":\"CNY\","
	"\"name\":\"t\",\"notes\":[1.50],\"rounding\":{\"line\":\"2\",\"total\":{\"carry\":true,\"step\":\"0.05\"}},\"time_zone\":\"Asia/Shanghai\",\"valid\":{\"from\":\"2026-01-01\"}}";

	for (int i = 0; i < 2; i++)
	{
		BlArena		arena = new_arena();
		BlTariff   *tariff = compile(same[i], &arena);

		if (CHECK(tariff != NULL))
			CHECK_TEXT(written(tariff->root, &arena), expected);
		release();
	}
}

static bool
count(void *context, const char *path, const char *message, const char *hint)
{
	(void) context;
	(void) path;
	(void) message;
	(void) hint;
	return ++problems > 0;
}

static bool
only_two(void *context, const char *path, const char *message, const char *hint)
{
	return hear(context, path, message, hint) && problems < 2;
}

static void
many_problems(void)
{
	BlArena		arena = new_arena();
	char	   *text = malloc(1 << 22);
	size_t		used = (size_t) sprintf(text, "{\"name\": \"t\"");
	BlJson	   *root;
	BlTariff   *tariff;

	/* a reader who has heard enough */
	root = tree_of("{}", 2, &arena);
	heard[0] = '\0';
	problems = 0;
	CHECK_EQ(bl_tariff_compile(root, &arena, &tariff, only_two, NULL), BL_BAD_TARIFF);
	CHECK_EQ(problems, 2);
	CHECK_EQ(bl_tariff_compile(root, &arena, &tariff, NULL, NULL), BL_BAD_TARIFF);
	/* a hundred thousand unknown fields take one walk */
	for (int i = 0; i < 100000; i++)
		used += (size_t) sprintf(text + used, ",\"unknown%d\":{\"a\":1}", i);
	used += (size_t) sprintf(text + used, "}");
	root = tree_of(text, used, &arena);
	if (CHECK(root != NULL))
	{
		problems = 0;
		CHECK_EQ(bl_tariff_compile(root, &arena, &tariff, count, NULL), BL_BAD_TARIFF);
		CHECK_EQ(problems, 100003);
	}
	release();
	free(text);
}

/* memory that ends anywhere is a status */
static void
memory_ends(void)
{
	static const char members[] = "\"periods\": {\"peak\": [{\"to\": \"12:00\"}], \"flat\": \"else\"}, \"components\": {\"a\": \"1\", \"b\": \"2\"},"
	"\"charges\": [{\"code\": \"e\", \"price\": {\"versions\": [{\"price\": {\"components\": [\"a\", \"b\"]}}, {\"from\": \"2026-01-01\", \"price\": {\"peak\": 1, \"flat\": 2}}]}},"
	"{\"code\": \"x\", \"per\": \"year\", \"steps\": [{\"to\": 5}, {\"price\": 1}], \"when\": {\"a\": [1, 2]}}]";
	BlArena		arena = new_arena();
	int			refused = 0;

	for (size_t room = 0; room < 200000; room += 700)
	{
		BlJson	   *root = tree_of(around(members), strlen(around(members)), &arena);
		BlArena		small = {.more = more_memory,.ceiling = room};
		BlTariff   *tariff;
		BlStatus	status = bl_tariff_compile(root, &small, &tariff, NULL, NULL);

		CHECK(status == BL_OK || status == BL_NO_SPACE);
		refused += status != BL_OK;
	}
	CHECK(refused > 10);
	release();
}

int
main(void)
{
	RUN(the_head);
	RUN(unknown_fields);
	RUN(seasons);
	RUN(periods);
	RUN(prices);
	RUN(energy_charges);
	RUN(tier_charges);
	RUN(other_charges);
	RUN(strange_periods);
	RUN(parts_terms_rounding);
	RUN(names);
	RUN(canonical_form);
	RUN(many_problems);
	RUN(memory_ends);
	return DONE();
}

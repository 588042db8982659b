/*
 * market_test.c - market documents: what is refused and where, lists in order, finding things
 */
#include "document.h"
#include "core/market.h"

static BlMarket *
compile(const char *text, BlArena *arena)
{
	BlJson	   *root = tree_of(text, strlen(text), arena);
	BlMarket   *market;

	if (root == NULL || bl_market_compile(root, arena, &market, &problem) != BL_OK)
		return NULL;
	return market;
}

static BlText
text_of(const char *text)
{
	return (BlText) {text, (int) strlen(text)};
}

static void
refused(void)
{
	static const struct
	{
		const char *text;
		const char *problem;
	}			list[] = {
		{"[]", "market: an object was expected At $."},
		{"{\"holidays\": []}", "market: an unknown field At $.holidays."},
		{"{\"calendar\": []}", "market: a calendar has holidays and workdays At $.calendar."},
		{"{\"calendar\": {\"holidays\": {}}}", "market: a list of dates was expected At $.calendar.holidays."},
		{"{\"calendar\": {\"holidays\": [\"2026-02-29\"]}}", "market: a date was expected At $.calendar.holidays[0]."},
		{"{\"calendar\": {\"workdays\": [20260101]}}", "market: a date was expected At $.calendar.workdays[0]."},
		{"{\"calendar\": {\"holidays\": [\"2026-01-01\"], \"workdays\": [\"2026-01-01\"]}}", "market: a day is both a holiday and a workday At $.calendar."},
		{"{\"calendar\": {\"weekdays\": []}}", "market: an unknown field At $.calendar.weekdays."},
		{"{\"events\": []}", "market: an object of at most 256 names was expected At $.events."},
		{"{\"events\": {\"\": []}}", "market: a name has 1 to 63 bytes At $.events.."},
		{"{\"events\": {\"a\": {}}}", "market: a list of events was expected At $.events.a."},
		{"{\"events\": {\"a\": [{}]}}", "market: an event needs from and until At $.events.a[0]."},
		{"{\"events\": {\"a\": [{\"from\": \"2026-01-01\", \"until\": \"2026-01-02T00:00Z\"}]}}", "market: not the span of an event At $.events.a[0]."},
		{"{\"events\": {\"a\": [{\"from\": \"2026-01-01T10:00\", \"until\": \"2026-01-01T11:00\"}]}}", "market: not the span of an event At $.events.a[0]."},
		{"{\"events\": {\"a\": [{\"from\": \"2026-01-02\", \"until\": \"2026-01-02\"}]}}", "market: the event ends before it begins At $.events.a[0]."},
		{"{\"events\": {\"a\": [{\"from\": \"2026-01-02\", \"until\": \"2026-01-03\", \"x\": 1}]}}", "market: an unknown field At $.events.a[0].x."},
		{"{\"prices\": {\"p\": [1]}}", "market: a published price needs from and price At $.prices.p[0]."},
		{"{\"prices\": {\"p\": [{\"from\": \"x\", \"price\": 1}]}}", "market: a date was expected At $.prices.p[0].from."},
		{"{\"prices\": {\"p\": [{\"from\": \"2026-01-01\", \"price\": \"a\"}]}}", "market: a price has at most 10 decimals At $.prices.p[0].price."},
		{"{\"prices\": {\"p\": [{\"from\": \"2026-01-01\", \"price\": 1e-11}]}}", "market: a price has at most 10 decimals At $.prices.p[0].price."},
		{"{\"prices\": {\"p\": [{\"from\": \"2026-01-01\", \"price\": 1}, {\"from\": \"2026-01-01\", \"price\": 1}]}}", "market: the dates of prices do not rise At $.prices.p[1]."},
		{"{\"series\": {\"s\": {}}}", "market: a series needs from At $.series.s."},
		{"{\"series\": {\"s\": []}}", "market: a series needs from At $.series.s."},
		{"{\"series\": {\"s\": {\"from\": \"2026-01-01T00:00\", \"slot_minutes\": 60, \"values\": []}}}", "market: a series needs from At $.series.s."},
		{"{\"series\": {\"s\": {\"from\": \"2026-01-01T00:00Z\", \"slot_minutes\": 7, \"values\": []}}}", "market: a series needs slot_minutes that divide the day At $.series.s."},
		{"{\"series\": {\"s\": {\"from\": \"2026-01-01T00:00Z\", \"slot_minutes\": 60}}}", "market: a series needs values At $.series.s."},
		{"{\"series\": {\"s\": {\"from\": \"2026-01-01T00:00Z\", \"slot_minutes\": 60, \"values\": [\"x\"]}}}", "market: a price has at most 10 decimals At $.series.s.values[0]."},
		{"{\"series\": {\"s\": {\"from\": \"4997-12-31T00:00Z\", \"slot_minutes\": 1440, \"values\": [1, 2, 3, 4, 5, 6]}}}", "market: the series runs beyond the calendar At $.series.s."},
		{"{\"zones\": {\"Z\": []}}", "market: a list of offsets was expected At $.zones.Z."},
		{"{\"zones\": {\"Z\": [{}]}}", "market: an offset is minutes east of UTC At $.zones.Z[0]."},
		{"{\"zones\": {\"Z\": [{\"offset\": 1440}]}}", "market: an offset is minutes east of UTC At $.zones.Z[0]."},
		{"{\"zones\": {\"Z\": [{\"offset\": 1}, {\"offset\": 2}]}}", "market: offsets need rising moments At $.zones.Z[1]."},
		{"{\"zones\": {\"Z\": [{\"from\": \"2026-01-01T00:00Z\", \"offset\": 1}, {\"from\": \"2026-01-01T00:00Z\", \"offset\": 2}]}}", "market: offsets need rising moments At $.zones.Z[1]."},
	};
	char		said[600];

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		BlArena		arena = new_arena();

		said[0] = '\0';
		if (CHECK(compile(list[i].text, &arena) == NULL))
			snprintf(said, sizeof said, "%s %s", problem.message, problem.detail);
		if (!CHECK_TEXT(said, list[i].problem))
			printf("# of %s\n", list[i].text);
		release();
	}
}

static void
accepted(void)
{
	static const char text[] = "{\"calendar\": {\"holidays\": [\"2026-10-02\", \"2026-10-01\", \"2026-10-02\"], \"workdays\": [\"2026-10-10\"]},"
	"\"events\": {\"a\": [{\"from\": \"2026-07-05\", \"until\": \"2026-07-06\"}, {\"from\": \"2026-07-01T14:00+08:00\", \"until\": \"2026-07-01T18:00+08:00\"},"
	"{\"from\": \"2026-07-06\", \"until\": \"2026-07-08\"}, {\"from\": \"2026-07-01T09:00Z\", \"until\": \"2026-07-01T09:30Z\"}, {\"from\": \"2026-07-01\", \"until\": \"2026-07-02\"}], \"none\": []},"
	"\"prices\": {\"p\": [{\"from\": \"2026-01-01\", \"price\": 0.50}, {\"from\": \"2026-02-01\", \"price\": \"-0.1\"}], \"empty\": []},"
	"\"series\": {\"s\": {\"from\": \"2026-01-01T00:00+08:00\", \"slot_minutes\": 60, \"values\": [\"0.10\", null, -2]}},"
	"\"zones\": {\"Z\": [{\"offset\": -480}, {\"from\": \"2026-03-08T10:00Z\", \"offset\": -420}]}}";
	BlArena		arena = new_arena();
	BlMarket   *m = compile(text, &arena);
	const BlEvents *e;
	const BlPriceSeries *s;
	BlMarket   *nothing = compile("{}", &arena);

	if (!CHECK(m != NULL) || !CHECK(nothing != NULL))
		return;
	CHECK(m->has_calendar && !nothing->has_calendar);
	CHECK(bl_day_listed(m->holiday, m->holidays, bl_day_of(2026, 10, 1)));
	CHECK(bl_day_listed(m->holiday, m->holidays, bl_day_of(2026, 10, 2)));
	CHECK(!bl_day_listed(m->holiday, m->holidays, bl_day_of(2026, 10, 3)));
	CHECK(bl_day_listed(m->workday, m->workdays, bl_day_of(2026, 10, 10)));
	CHECK(!bl_day_listed(NULL, 0, 0));
	e = bl_market_events(m, text_of("a"));
	if (CHECK(e != NULL))
	{
		/* days first, what meets is one */
		CHECK_EQ(e->n, 3);
		CHECK_EQ(e->whole_days, 2);
		CHECK_EQ(e->event[0].from, bl_day_of(2026, 7, 1));
		CHECK_EQ(e->event[1].from, bl_day_of(2026, 7, 5));
		CHECK_EQ(e->event[1].until, bl_day_of(2026, 7, 8));
		CHECK_EQ(e->event[2].until - e->event[2].from, 240);
	}
	CHECK(bl_market_events(m, text_of("none"))->n == 0 && bl_market_events(m, text_of("b")) == NULL);
	CHECK(bl_market_prices(m, text_of("p"))->n == 2 && bl_market_prices(m, text_of("q")) == NULL);
	s = bl_market_series(m, text_of("s"));
	if (CHECK(s != NULL))
	{
		CHECK(s->n == 3 && s->value[1].scale == -1 && s->value[2].coefficient == -2);
		CHECK_EQ(s->from, (bl_day_of(2026, 1, 1) - 1) * 1440 + 960);
	}
	CHECK_EQ(bl_zone_offset(bl_market_zone(m, text_of("Z")), 0), -480);
	CHECK(bl_market_zone(NULL, text_of("Z")) == NULL && bl_market_prices(NULL, text_of("p")) == NULL);
	CHECK_TEXT(written(tree_of("{}", 2, &arena), &arena), "{}");
	release();
}

static void
limits(void)
{
	BlArena		arena = new_arena();
	char	   *text = malloc(1 << 22);
	size_t		used = (size_t) sprintf(text, "{\"calendar\": {\"holidays\": [\"2026-01-01\"");

	for (int i = 0; i < BL_MARKET_DAYS_MAX; i++)
		used += (size_t) sprintf(text + used, ",\"2026-01-01\"");
	strcpy(text + used, "]}}");
	CHECK(compile(text, &arena) == NULL);
	CHECK_TEXT(problem.message, "market: a list of dates was expected");
	used = (size_t) sprintf(text, "{\"events\": {\"n\": []");
	for (int i = 0; i < BL_MARKET_NAMES_MAX; i++)
		used += (size_t) sprintf(text + used, ",\"%d\": []", i);
	strcpy(text + used, "}}");
	CHECK(compile(text, &arena) == NULL);
	CHECK_TEXT(problem.message, "market: an object of at most 256 names was expected");
	for (size_t room = 0; room < 100000; room += 16384)
	{
		BlArena		small = {.more = more_memory,.ceiling = room};
		BlJson	   *root = tree_of("{\"prices\": {\"p\": []}}", 21, &arena);
		BlMarket   *market;

		CHECK_EQ(bl_market_compile(root, &small, &market, &problem), room == 0 ? BL_NO_SPACE : BL_OK);
	}
	release();
	free(text);
}

int
main(void)
{
	RUN(accepted);
	RUN(refused);
	RUN(limits);
	return DONE();
}

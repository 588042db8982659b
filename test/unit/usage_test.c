/*
 * usage_test.c - usages written, opened, merged, said in JSON; registers by
 * their readings and divided by a standard profile
 */
#include "check.h"
#include "core/usage_json.h"

#define TEXT(s) ((BlText) {s, (int) strlen(s)})

static uint8_t memory[1 << 20];
static BlProblem problem;

/* ---- an arena of static memory ---- */

static uint8_t arena_bytes[8 << 20];
static size_t arena_used;

static void *
more(void *context, size_t size)
{
	void	   *at = arena_bytes + arena_used;

	(void) context;
	if (size > sizeof arena_bytes - arena_used)
		return NULL;
	arena_used += size;
	return at;
}

static BlArena
new_arena(void)
{
	arena_used = 0;
	return (BlArena) {.more = more,.ceiling = sizeof arena_bytes};
}

static BlDec
dec(const char *text)
{
	BlDec		value = BL_ZERO;

	CHECK_EQ(bl_dec_parse(text, strlen(text), BL_SCALE_MAX, &value), BL_OK);
	return value;
}

static const char *
text_of(BlDec d)
{
	static char text[BL_DEC_TEXT];

	bl_dec_text(d, text);
	return text;
}

/* a profile of hours from a start, in static memory of its own */
static size_t
make_profile(uint8_t *bytes, size_t room, BlUnit unit, int32_t start, const int64_t *values,
			 const uint8_t *qualities, int slots)
{
	static const BlZoneStep step = {0, 0};
	static const BlZone zone = {1, &step};
	BlProfile	shape = {.slot_minutes = 60,.start = start,.unit = unit,.slots = slots};
	size_t		size = 0;

	CHECK_EQ(bl_profile_pack(&shape, &zone, values, qualities, bytes, room, &size), BL_OK);
	return size;
}

/* JSON without profiles -> packed; its size, or 0 and the problem */
static size_t
pack(const char *json, uint8_t *out, size_t room)
{
	BlArena		arena = new_arena();
	BlUsageDraft draft;
	BlJson	   *root;
	BlWriter	w = {out, room, 0};

	memset(&problem, 0, sizeof problem);
	if (bl_json_parse(json, strlen(json), &arena, &root, &problem) != BL_OK ||
		bl_usage_from_json(root, &arena, &draft, &problem) != BL_OK ||
		bl_usage_write(&draft, &w, &problem) != BL_OK)
		return 0;
	return w.used;
}

static const char *
json_of(const uint8_t *bytes, size_t size)
{
	static const BlText none[BL_USAGE_PARTS_MAX][BL_CHANNEL_COUNT];
	static char text[1 << 16];
	BlUsage		usage;
	BlWriter	w = {(uint8_t *) text, sizeof text - 1, 0};

	if (bl_usage_open(&usage, bytes, size) != BL_OK)
		return "does not open";
	bl_usage_to_json(&usage, none, &w);
	text[w.used < sizeof text ? w.used : 0] = '\0';
	return text;
}

/* the canonical text of some JSON, or what is wrong with it */
static const char *
canonical(const char *json)
{
	size_t		size = pack(json, memory, sizeof memory);

	if (size == 0)
		return problem.message;
	CHECK_EQ(bl_usage_validate(memory, size), BL_OK);
	return json_of(memory, size);
}

static void
json_round_trip(void)
{
	static const char *const same[] = {
		"{}",
		"{\"main\": {}}",
		"{\"main\": {\"registers\": [{\"channel\": \"import\", \"kwh\": \"120.5\"}]}}",
		"{\"main\": {\"registers\": [{\"channel\": \"import\", \"from\": \"2026-01-01\", \"until\": \"2026-02-01\", "
		"\"period\": \"peak\", \"kwh\": \"0\"}, {\"channel\": \"reactive_q1\", \"kvarh\": \"0.000000001\"}, "
		"{\"channel\": \"apparent\", \"from\": \"2025-12-31T16:00Z\", \"until\": \"2026-01-01T16:00Z\", \"kvah\": \"9223372036.854775807\"}], "
		"\"demands\": [{\"kw\": \"3\"}, {\"kw\": \"3\"}, {\"kw\": \"81.5\", \"period\": \"\xe5\xb3\xb0\", \"at\": \"2026-01-07T02:15Z\"}]}}",
	};

	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
		CHECK_TEXT(canonical(same[i]), same[i]);

	/* what order, blanks, spelling of numbers and nulls say is nothing */
	CHECK_TEXT(canonical("{\"b\": {}, \"a\": {\"registers\": [{\"kwh\": 1.50, \"period\": \"z\", \"from\": null}, "
						 " {\"kwh\": 2e1, \"period\": \"y\"}], \"demands\": null}}"),
			   "{\"a\": {\"registers\": [{\"channel\": \"import\", \"period\": \"y\", \"kwh\": \"20\"}, "
			   "{\"channel\": \"import\", \"period\": \"z\", \"kwh\": \"1.5\"}]}, \"b\": {}}");
	/* readings become energy; finer than 10^-9 is rounded half-up */
	CHECK_TEXT(canonical("{\"main\": {\"registers\": [{\"start\": \"99950.5\", \"end\": \"120.2\", \"digits\": 5, \"multiplier\": \"200\"}, "
						 "{\"period\": \"p\", \"kwh\": \"0.0000000005\"}]}}"),
			   "{\"main\": {\"registers\": [{\"channel\": \"import\", \"kwh\": \"33940\"}, "
			   "{\"channel\": \"import\", \"period\": \"p\", \"kwh\": \"0.000000001\"}]}}");
}

#define REGISTER(inside) "{\"main\":{\"registers\":[{" inside "}]}}"

static void
json_refused(void)
{
	static const struct
	{
		const char *json;
		BlStatus	status;
		const char *message;
	}			bad[] = {
		{"[]", BL_BAD_TEXT, "$: not an object"},
		{"{\"main\":null}", BL_BAD_TEXT, "$.main: not an object"},
		{"{\"\":{}}", BL_BAD_TEXT, "$.: not the name of a part"},
		{"{\"main\":{\"imports\":1}}", BL_BAD_TEXT, "$.main.imports: unknown field"},
		{"{\"main\":{\"registers\":{}}}", BL_BAD_TEXT, "$.main.registers: not an array"},
		{"{\"main\":{\"registers\":[1]}}", BL_BAD_TEXT, "$.main.registers[0]: not an object"},
		{REGISTER(""), BL_BAD_VALUE, "$.main.registers[0]: neither an energy nor two readings"},
		{REGISTER("\"kwh\":\"NaN\""), BL_BAD_TEXT, "$.main.registers[0].kwh: not a number"},
		{REGISTER("\"kwh\":true"), BL_BAD_TEXT, "$.main.registers[0].kwh: not a number"},
		{REGISTER("\"kwh\":-1"), BL_BAD_VALUE, "$.main.registers[0].kwh: a negative value"},
		{REGISTER("\"kwh\":1e40"), BL_OVERFLOW, "$.main.registers[0].kwh: out of range"},
		{REGISTER("\"kwh\":9223372036854775808"), BL_OVERFLOW, "$.main.registers[0].kwh: out of range"},
		{REGISTER("\"kwh\":1,\"kWh\":2"), BL_BAD_TEXT, "$.main.registers[0].kWh: unknown field"},
		{REGISTER("\"kvarh\":1"), BL_BAD_UNIT, "$.main.registers[0].kvarh: not an energy of this channel"},
		{REGISTER("\"kwh\":1,\"kvah\":1,\"channel\":\"apparent\""), BL_BAD_VALUE, "$.main.registers[0].kvah: a second energy"},
		{REGISTER("\"kwh\":1,\"start\":1"), BL_BAD_VALUE, "$.main.registers[0]: both an energy and readings"},
		{REGISTER("\"start\":1"), BL_BAD_VALUE, "$.main.registers[0]: neither an energy nor two readings"},
		{REGISTER("\"start\":2,\"end\":1"), BL_BAD_VALUE, "$.main.registers[0]: the end reading is below the start reading"},
		{REGISTER("\"start\":2,\"end\":1,\"digits\":0"), BL_BAD_VALUE, "$.main.registers[0].digits: not a number of digits"},
		{REGISTER("\"start\":2,\"end\":100,\"digits\":2"), BL_BAD_VALUE, "$.main.registers[0]: a reading has more whole digits than its register"},
		{REGISTER("\"start\":1,\"end\":2,\"multiplier\":0"), BL_BAD_VALUE, "$.main.registers[0]: the multiplier of a register must be above zero"},
		{REGISTER("\"start\":0,\"end\":1e18,\"multiplier\":1e15"), BL_OVERFLOW, "$.main.registers[0]: the energy between two readings is out of range"},
		{REGISTER("\"kwh\":1,\"channel\":\"imports\""), BL_BAD_TEXT, "$.main.registers[0].channel: not a channel"},
		{REGISTER("\"kwh\":1,\"period\":\"\""), BL_BAD_TEXT, "$.main.registers[0].period: not a name"},
		{REGISTER("\"kwh\":1,\"from\":\"2026-01-01\""), BL_BAD_VALUE, "$.main.registers[0]: from and until belong together"},
		{REGISTER("\"kwh\":1,\"from\":\"2026-02-30\",\"until\":\"2026-03-01\""), BL_BAD_TEXT, "$.main.registers[0].from: neither a day nor a moment with its zone"},
		{REGISTER("\"kwh\":1,\"from\":\"2026-01-01T00:00\",\"until\":\"2026-03-01T00:00\""), BL_BAD_TEXT, "$.main.registers[0].from: neither a day nor a moment with its zone"},
		{REGISTER("\"kwh\":1,\"from\":\"2026-01-01\",\"until\":\"2026-01-01T00:00Z\""), BL_BAD_VALUE, "$.main.registers[0]: from is a day and until a moment, or the reverse"},
		{REGISTER("\"kwh\":1,\"from\":\"2026-01-01\",\"until\":\"2026-01-01\""), BL_BAD_VALUE, "$.main.registers[0].until: not later than from"},
		{REGISTER("\"kwh\":1},{\"kwh\":2"), BL_OVERLAP, "two registers of part \"main\" count the same energy"},
		{REGISTER("\"kwh\":1,\"from\":\"2026-01-01\",\"until\":\"2026-01-03\"},{\"kwh\":2,\"from\":\"2026-01-02\",\"until\":\"2026-01-04\""),
		BL_OVERLAP, "two registers of part \"main\" count the same energy"},
		{REGISTER("\"kwh\":1,\"from\":\"2026-01-01\",\"until\":\"2026-01-03\"},{\"kwh\":2"),
		BL_OVERLAP, "two registers of part \"main\" count the same energy"},
		{REGISTER("\"kwh\":1,\"from\":\"2026-01-01\",\"until\":\"2026-01-03\"},{\"kwh\":2,\"from\":\"2027-01-02T00:00Z\",\"until\":\"2027-01-04T00:00Z\""),
		BL_UNALIGNED, "registers of part \"main\" have spans of days and of moments"},
		{"{\"main\":{\"demands\":[{\"period\":\"p\"}]}}", BL_BAD_VALUE, "$.main.demands[0]: neither kw nor kva"},
		{"{\"main\":{\"demands\":[{\"kw\":1,\"at\":\"2026-01-01\"}]}}", BL_BAD_TEXT, "$.main.demands[0].at: not a moment with its zone"},
		{"{\"main\":{\"demands\":[{\"kw\":1,\"at\":\"2026-01-01T00:00Z\"},{\"kw\":2,\"at\":\"2026-01-01T08:00+08\"}]}}",
		BL_OVERLAP, "two demands of part \"main\" are of the same moment"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
	{
		CHECK_EQ(pack(bad[i].json, memory, sizeof memory), 0);
		CHECK_TEXT(problem.message, bad[i].message);
		CHECK_EQ(problem.status, bad[i].status);
	}
	/* spans that meet, and other periods and channels, are fine */
	CHECK(pack(REGISTER("\"kwh\":1,\"from\":\"2026-01-02\",\"until\":\"2026-01-03\"},{\"kwh\":2,\"from\":\"2026-01-01\",\"until\":\"2026-01-02\""
						"},{\"kwh\":1,\"period\":\"p\"},{\"kwh\":1,\"channel\":\"export\""), memory, sizeof memory) > 0);
}

/* ---- bytes ---- */

static size_t
with_profile(uint8_t *out, size_t room)
{
	static const int64_t values[24] = {5, 4, 3, [23] = 70};
	uint8_t		profile[512];
	size_t		size = make_profile(profile, sizeof profile, BL_WH, 0, values, NULL, 24);
	uint8_t		reactive[512];
	size_t		reactive_size = make_profile(reactive, sizeof reactive, BL_VARH, 0, values, NULL, 24);
	BlRegister	registers[] = {
		{BL_EXPORT, BL_SPAN_DAYS, 0, 31, TEXT("peak"), dec("12.5"), true},
		{BL_IMPORT, BL_SPAN_NONE, 0, 0, TEXT(""), dec("100.50"), false},
	};
	BlRecordedDemand demands[] = {{true, 600, TEXT("peak"), dec("4.2"), false}, {false, 0, TEXT(""), dec("5"), false},
	{false, 0, TEXT(""), dec("4"), true}};
	BlUsageDraft draft = {.parts = 2};
	BlWriter	w = {out, room, 0};

	draft.part[0] = (BlUsageDraftPart) {.name = TEXT("shop"),.registers = 2,.reg = registers};
	draft.part[1] = (BlUsageDraftPart) {.name = TEXT("main"),.demands = 3,.demand = demands};
	draft.part[1].profile[BL_REACTIVE_Q4] = reactive;
	draft.part[1].profile_size[BL_REACTIVE_Q4] = reactive_size;
	draft.part[1].profile[BL_IMPORT] = profile;
	draft.part[1].profile_size[BL_IMPORT] = size;
	CHECK_EQ(bl_usage_write(&draft, &w, &problem), BL_OK);
	CHECK(w.used <= room);

	/* an import in varh is refused */
	draft.part[1].profile[BL_IMPORT] = reactive;
	draft.part[1].profile_size[BL_IMPORT] = reactive_size;
	room = w.used;
	CHECK_EQ(bl_usage_write(&draft, &w, &problem), BL_BAD_UNIT);
	CHECK_TEXT(problem.message, "channel import cannot take a profile in varh");
	return room;
}

static void
what_is_written_opens(void)
{
	size_t		size = with_profile(memory, sizeof memory);
	const uint8_t *next;
	BlUsage		usage;
	BlRegister	r;
	BlRecordedDemand d;

	CHECK_EQ(bl_usage_validate(memory, size), BL_OK);
	CHECK_EQ(bl_usage_open(&usage, memory, size), BL_OK);
	CHECK_EQ(usage.parts, 2);
	CHECK_EQ(bl_text_cmp(usage.part[0].name, TEXT("main")), 0);
	CHECK_EQ(usage.part[0].profiles, 2);
	CHECK(usage.part[0].profile[BL_IMPORT] != NULL && usage.part[0].profile[BL_EXPORT] == NULL);
	CHECK_EQ(usage.part[0].demands, 3);
	next = usage.part[0].demand_bytes;
	bl_usage_demand(&usage.part[0], &next, &d);
	CHECK(!d.has_moment && !d.apparent && d.kw.coefficient == 5);
	bl_usage_demand(&usage.part[0], &next, &d);
	CHECK(!d.has_moment && d.apparent && d.kw.coefficient == 4);
	bl_usage_demand(&usage.part[0], &next, &d);
	CHECK(d.has_moment && !d.apparent && d.moment == 600);
	CHECK_TEXT(text_of(d.kw), "4.2");
	CHECK_EQ(usage.part[1].registers, 2);
	next = usage.part[1].register_bytes;
	bl_usage_register(&usage.part[1], &next, &r);
	CHECK_EQ(r.channel, BL_IMPORT);
	CHECK_TEXT(text_of(r.kwh), "100.5");
	CHECK(!r.estimated);
	bl_usage_register(&usage.part[1], &next, &r);
	CHECK_EQ(r.until, 31);
	CHECK(r.estimated);
	CHECK_EQ(r.period.length, 4);
}

/* no prefix opens; a changed byte opens or not, but is never read beyond the end */
static void
damaged_bytes(void)
{
	size_t		size = with_profile(memory, sizeof memory);
	uint64_t	seed = 1;

	for (size_t n = 0; n < size; n++)
	{
		uint8_t    *cut = malloc(n + 1);

		memcpy(cut, memory, n);
		CHECK(bl_usage_validate(cut, n) != BL_OK);
		free(cut);
	}
	for (long i = 0; i < check_rounds(20000); i++)
	{
		uint8_t    *copy = malloc(size);

		memcpy(copy, memory, size);
		for (uint64_t k = check_random(&seed) % 3 + 1; k > 0; k--)
			copy[check_random(&seed) % size] ^= (uint8_t) (1 << check_random(&seed) % 8);
		(void) bl_usage_validate(copy, size);
		(void) json_of(copy, 0);
		free(copy);
	}
	memory[0] = 2;
	CHECK_EQ(bl_usage_validate(memory, size), BL_BAD_VERSION);
	memory[0] = 1;
	memory[1] = 1;
	CHECK_EQ(bl_usage_validate(memory, size), BL_BAD_VERSION);
}

static void
decimals(void)
{
	static const char *const good[] = {"0", "1", "-1", "9223372036854775807", "-9223372036854775808", "0.0000000000000000000000000001"};
	uint8_t		bytes[32];
	BlReader	r;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
	{
		BlWriter	w = {bytes, sizeof bytes, 0};

		bl_write_decimal(&w, dec(good[i]));
		r = (BlReader) {bytes, bytes + w.used, false};
		CHECK_TEXT(text_of(bl_read_decimal(&r)), good[i]);
		CHECK(!r.bad && r.next == r.end);
	}
	/* 1.0 as 10 / 10 is another form of 1 */
	memcpy(bytes, "\001\024", 2);
	r = (BlReader) {bytes, bytes + 2, false};
	bl_read_decimal(&r);
	CHECK(r.bad);
	{
		BlWriter	w = {bytes, sizeof bytes, 0};

		CHECK(!bl_decimal_fits(dec("9223372036854775808")));
		bl_write_decimal(&w, dec("9223372036854775808"));
		CHECK(w.used > SIZE_MAX / 4);
	}
}

/* ---- merging ---- */

/* the merge of two usages in JSON, or what is wrong with it */
static const char *
merged(const char *a_json, const char *b_json)
{
	static uint8_t a[1 << 16];
	static uint8_t b[1 << 16];
	size_t		a_size = pack(a_json, a, sizeof a);
	size_t		b_size = pack(b_json, b, sizeof b);
	BlUsage		x;
	BlUsage		y;
	BlWriter	w = {memory, sizeof memory, 0};

	CHECK_EQ(bl_usage_open(&x, a, a_size), BL_OK);
	CHECK_EQ(bl_usage_open(&y, b, b_size), BL_OK);
	if (bl_usage_merge(&x, &y, &w, &problem) != BL_OK)
		return problem.message;
	CHECK_EQ(bl_usage_validate(memory, w.used), BL_OK);
	return json_of(memory, w.used);
}

static void
merging(void)
{
	static const char a[] = "{\"b\":{\"registers\":[{\"kwh\":1,\"from\":\"2026-01-01\",\"until\":\"2026-01-02\"},"
		"{\"kwh\":3,\"from\":\"2026-01-03\",\"until\":\"2026-01-04\"}],\"demands\":[{\"kw\":2}]}}";
	static const char b[] = "{\"a\":{},\"b\":{\"registers\":[{\"kwh\":2,\"from\":\"2026-01-02\",\"until\":\"2026-01-03\"},"
		"{\"kwh\":9,\"channel\":\"export\"}],\"demands\":[{\"kw\":1}]},\"c\":{\"demands\":[{\"kw\":7}]}}";
	static const char both[] = "{\"a\": {}, \"b\": {\"registers\": ["
		"{\"channel\": \"import\", \"from\": \"2026-01-01\", \"until\": \"2026-01-02\", \"kwh\": \"1\"}, "
		"{\"channel\": \"import\", \"from\": \"2026-01-02\", \"until\": \"2026-01-03\", \"kwh\": \"2\"}, "
		"{\"channel\": \"import\", \"from\": \"2026-01-03\", \"until\": \"2026-01-04\", \"kwh\": \"3\"}, "
		"{\"channel\": \"export\", \"kwh\": \"9\"}], \"demands\": [{\"kw\": \"1\"}, {\"kw\": \"2\"}]}, \"c\": {\"demands\": [{\"kw\": \"7\"}]}}";

	CHECK_TEXT(merged(a, b), both);
	CHECK_TEXT(merged(b, a), both);
	CHECK_TEXT(merged(a, "{}"), canonical(a));
	CHECK_TEXT(merged("{}", "{}"), "{}");
	CHECK_TEXT(merged(a, a), "two registers of part \"b\" count the same energy");
	CHECK_EQ(problem.status, BL_OVERLAP);
	CHECK_TEXT(problem.detail, "Channel import, all periods together: one covers 2026-01-01 to 2026-01-02, "
			   "the other 2026-01-01 to 2026-01-02.");
	CHECK_TEXT(merged("{\"m\":{\"demands\":[{\"kw\":1,\"at\":\"2026-01-01T00:00Z\"}]}}",
					  "{\"m\":{\"demands\":[{\"kw\":1,\"at\":\"2026-01-01T00:00Z\"}]}}"),
			   "two demands of part \"m\" are of the same moment");
}

static void
merging_profiles(void)
{
	size_t		size = with_profile(memory, sizeof memory / 2);
	BlUsage		x;
	BlUsage		y;
	BlWriter	w = {memory + sizeof memory / 2, sizeof memory / 2, 0};

	CHECK_EQ(bl_usage_open(&x, memory, size), BL_OK);
	bl_usage_of_profile(&y, BL_EXPORT, x.part[0].profile[BL_IMPORT], x.part[0].profile_size[BL_IMPORT]);
	CHECK_EQ(bl_usage_merge(&x, &y, &w, &problem), BL_OK);
	CHECK_EQ(bl_usage_validate(w.bytes, w.used), BL_OK);
	CHECK_EQ(bl_usage_merge(&x, &x, &w, &problem), BL_OVERLAP);
	CHECK_TEXT(problem.message, "both usages have channel import of part \"main\"");
}

/* sixteen parts are the most, also together */
static void
limits(void)
{
	char		a[1024] = "{\"p0\":{}";
	char		b[] = "{\"q\":{}}";

	for (int i = 1; i < BL_USAGE_PARTS_MAX; i++)
		snprintf(a + strlen(a), sizeof a - strlen(a), ",\"p%d\":{}", i);
	snprintf(a + strlen(a), sizeof a - strlen(a), "}");
	CHECK(pack(a, memory, sizeof memory) > 0);
	CHECK_TEXT(merged(a, b), "a usage has at most 16 parts");
	CHECK_EQ(problem.status, BL_LIMIT);
	snprintf(a + strlen(a) - 1, 10, ",\"x\":{}}");
	CHECK_TEXT(canonical(a), "$: too many parts");
}

/* ---- registers ---- */

static void
readings(void)
{
	static const struct
	{
		const char *start;
		const char *end;
		int			digits;
		const char *multiplier;
		const char *energy;
	}			good[] = {
		{"0", "0", 0, "1", "0"},
		{"1000", "1250.5", 0, "200", "50100"},
		{"99950.5", "120.2", 5, "200", "33940"},
		{"999.99", "0", 3, "1", "0.01"},
		{"0", "999.99", 3, "1", "999.99"},
		{"1.05", "2.1", 6, "1.5", "1.575"},
	};
	BlDec		energy;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
	{
		CHECK_EQ(bl_register_energy(dec(good[i].start), dec(good[i].end), good[i].digits,
									dec(good[i].multiplier), &energy, &problem), BL_OK);
		CHECK_TEXT(text_of(energy), good[i].energy);
	}
	CHECK_EQ(bl_register_energy(dec("5"), dec("4"), 0, dec("1"), &energy, &problem), BL_BAD_VALUE);
	CHECK_EQ(bl_register_energy(dec("-5"), dec("4"), 0, dec("1"), &energy, &problem), BL_BAD_VALUE);
	CHECK_EQ(bl_register_energy(dec("5"), dec("4"), 19, dec("1"), &energy, &problem), BL_BAD_VALUE);
	CHECK_EQ(bl_register_energy(dec("5"), dec("4"), 3, dec("-1"), &energy, &problem), BL_BAD_VALUE);
	CHECK_EQ(bl_register_energy(dec("1000"), dec("4"), 3, dec("1"), &energy, &problem), BL_BAD_VALUE);
	CHECK_EQ(bl_register_energy(dec("0"), dec("99999999999999999999999999999999999"), 0,
								dec("100000"), &energy, &problem), BL_OVERFLOW);
}

static void
splitting(void)
{
	int64_t		values[72];
	uint8_t		qualities[72] = {0};
	uint8_t		bytes[2048];
	BlProfile	p;
	BlDec		parts[2];
	size_t		size;

	for (int i = 0; i < 72; i++)
		values[i] = i < 24 ? 1 : 2;
	qualities[70] = BL_MISSING;
	size = make_profile(bytes, sizeof bytes, BL_WH, 0, values, qualities, 72);
	CHECK_EQ(bl_profile_open(&p, bytes, size), BL_OK);

	/* 24 and 48 parts of 72; of a total finer than a step the rest goes to the heavier side */
	CHECK_EQ(bl_register_split(dec("100"), 0, 2 * 1440, 1440, &p, parts, &problem), BL_OK);
	CHECK_TEXT(text_of(parts[0]), "33.333333");
	CHECK_TEXT(text_of(parts[1]), "66.666667");
	CHECK_EQ(bl_register_split(dec("0.000000002"), 0, 2 * 1440, 1440, &p, parts, &problem), BL_OK);
	CHECK_TEXT(text_of(parts[0]), "0");
	CHECK_TEXT(text_of(parts[1]), "0.000000002");
	/* inside a day: 1 hour against 2 */
	CHECK_EQ(bl_register_split(dec("9"), 60, 240, 120, &p, parts, &problem), BL_OK);
	CHECK_TEXT(text_of(parts[0]), "3");
	CHECK_TEXT(text_of(parts[1]), "6");

	CHECK_EQ(bl_register_split(dec("9"), 0, 3 * 1440, 60, &p, parts, &problem), BL_GAP);
	CHECK_EQ(bl_register_split(dec("9"), -60, 240, 60, &p, parts, &problem), BL_GAP);
	CHECK_EQ(bl_register_split(dec("9"), 0, 240, 90, &p, parts, &problem), BL_UNALIGNED);
	CHECK_EQ(bl_register_split(dec("9"), 0, 240, 0, &p, parts, &problem), BL_BAD_VALUE);
	CHECK_EQ(bl_register_split(dec("9"), 0, 240, 240, &p, parts, &problem), BL_BAD_VALUE);
	CHECK_EQ(bl_register_split(dec("-9"), 0, 240, 60, &p, parts, &problem), BL_BAD_VALUE);

	memset(values, 0, sizeof values);
	size = make_profile(bytes, sizeof bytes, BL_WH, 0, values, NULL, 72);
	CHECK_EQ(bl_profile_open(&p, bytes, size), BL_OK);
	CHECK_EQ(bl_register_split(dec("9"), 0, 240, 60, &p, parts, &problem), BL_BAD_VALUE);
	values[1] = -1;
	size = make_profile(bytes, sizeof bytes, BL_WH, 0, values, NULL, 72);
	CHECK_EQ(bl_profile_open(&p, bytes, size), BL_OK);
	CHECK_EQ(bl_register_split(dec("9"), 0, 240, 60, &p, parts, &problem), BL_BAD_VALUE);
	size = make_profile(bytes, sizeof bytes, BL_V, 0, values, NULL, 72);
	CHECK_EQ(bl_profile_open(&p, bytes, size), BL_OK);
	CHECK_EQ(bl_register_split(dec("9"), 0, 240, 60, &p, parts, &problem), BL_BAD_UNIT);
}

static void
channels(void)
{
	BlChannel	channel;

	for (int c = 0; c < BL_CHANNEL_COUNT; c++)
	{
		CHECK(bl_channel_find(bl_channel_name[c], strlen(bl_channel_name[c]), &channel));
		CHECK_EQ(channel, c);
	}
	CHECK(!bl_channel_find("impor", 5, &channel));
	CHECK_EQ(bl_channel_unit(BL_GENERATION), BL_WH);
	CHECK_EQ(bl_channel_unit(BL_REACTIVE_Q4), BL_VARH);
	CHECK_EQ(bl_channel_unit(BL_APPARENT), BL_VAH);
}

int
main(void)
{
	RUN(channels);
	RUN(decimals);
	RUN(json_round_trip);
	RUN(json_refused);
	RUN(what_is_written_opens);
	RUN(damaged_bytes);
	RUN(merging);
	RUN(merging_profiles);
	RUN(limits);
	RUN(readings);
	RUN(splitting);
	return DONE();
}

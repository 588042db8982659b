/*
 * carry_test.c - carries written, opened, said in JSON: one form for one content
 */
#include "check.h"
#include "core/carry.h"
#include "core/clock.h"

#define TEXT(s) ((BlText) {s, (int) strlen(s)})

static uint8_t memory[4 << 20];
static size_t memory_used;
static BlProblem problem;

static void *
more(void *context, size_t size)
{
	void	   *at = memory + memory_used;

	(void) context;
	if (size > sizeof memory - memory_used)
		return NULL;
	memory_used += size;
	return at;
}

static BlArena
new_arena(void)
{
	memory_used = 0;
	return (BlArena) {.more = more,.ceiling = sizeof memory};
}

/* a carry with one entry of each kind, its days anywhere in year and month */
static BlCarry
sample(void)
{
	static BlCounter counters[3];
	static BlPastDemand demands[2];
	static BlBank banks[2];

	counters[0] = (BlCounter) {TEXT("tier"), BL_COUNTER_YEAR, bl_day_of(2026, 4, 1), bl_dec(27000, 1)};
	counters[1] = (BlCounter) {TEXT("slab"), BL_COUNTER_MONTH, bl_day_of(2026, 3, 31), bl_dec(125, 1)};
	counters[2] = (BlCounter) {TEXT("block"), BL_COUNTER_FROM, bl_day_of(2026, 6, 15), bl_dec(9, 0)};
	demands[0] = (BlPastDemand) {TEXT("demand"), bl_day_of(2026, 2, 3), bl_dec(1200, 1)};
	demands[1] = (BlPastDemand) {TEXT("demand"), bl_day_of(2026, 1, 3), bl_dec(1234, 1)};
	banks[0] = (BlBank) {TEXT("export"), TEXT("peak"), bl_day_of(2026, 1, 2), bl_dec(1225, 2)};
	banks[1] = (BlBank) {TEXT("export"), TEXT(""), bl_day_of(2026, 1, 2), bl_dec(1, 10)};
	return (BlCarry) {3, counters, 2, demands, 2, banks};
}

static const char sample_text[] =
"{\"counters\": {\"block\": {\"from\": \"2026-06-15\", \"kwh\": \"9\"}, "
"\"slab\": {\"month\": \"2026-03\", \"kwh\": \"12.5\"}, \"tier\": {\"year\": 2026, \"kwh\": \"2700\"}}, "
"\"demand\": [{\"name\": \"demand\", \"month\": \"2026-01\", \"kw\": \"123.4\"}, "
"{\"name\": \"demand\", \"month\": \"2026-02\", \"kw\": \"120\"}], "
"\"banks\": [{\"name\": \"export\", \"from\": \"2026-01-02\", \"amount\": \"0.0000000001\"}, "
"{\"name\": \"export\", \"period\": \"peak\", \"from\": \"2026-01-02\", \"amount\": \"12.25\"}]}";

static void
one_form(void)
{
	BlArena		arena = new_arena();
	BlCarry		carry = sample();
	BlCarry		back;
	uint8_t		bytes[1000];
	uint8_t		again[1000];
	char		text[2000] = "";
	BlWriter	w = {bytes, sizeof bytes, 0};
	BlWriter	w2 = {again, sizeof again, 0};
	BlWriter	out = {(uint8_t *) text, sizeof text - 1, 0};
	BlJson	   *json;

	CHECK_EQ(bl_carry_write(&carry, &w), BL_OK);
	CHECK_EQ(bl_carry_open(&back, bytes, w.used, &arena), BL_OK);
	CHECK_EQ(back.counters, 3);
	CHECK_EQ(back.counter[2].first_day, bl_day_of(2026, 1, 1));
	CHECK_EQ(back.counter[1].first_day, bl_day_of(2026, 3, 1));
	CHECK_EQ(back.counter[0].first_day, bl_day_of(2026, 6, 15));
	bl_carry_to_json(&back, &out);
	CHECK_TEXT(text, sample_text);
	CHECK_EQ(bl_json_parse(text, strlen(text), &arena, &json, &problem), BL_OK);
	CHECK_EQ(bl_carry_from_json(&back, json, &arena, &problem), BL_OK);
	CHECK_EQ(bl_carry_write(&back, &w2), BL_OK);
	CHECK_EQ(w2.used, w.used);
	CHECK(memcmp(bytes, again, w.used) == 0);
}

/* every shorter piece is refused; every changed byte is refused, or another carry that stands */
static void
hostile_bytes(void)
{
	BlCarry		carry = sample();
	BlCarry		back;
	uint8_t		bytes[1000];
	BlWriter	w = {bytes, sizeof bytes, 0};

	CHECK_EQ(bl_carry_write(&carry, &w), BL_OK);
	for (size_t n = 0; n < w.used; n++)
	{
		/* exact memory, so that the sanitizer sees a step too far */
		uint8_t    *piece = malloc(n + 1);
		BlArena		arena = new_arena();

		memcpy(piece, bytes, n);
		piece = realloc(piece, n > 0 ? n : 1);
		CHECK(bl_carry_open(&back, piece, n, &arena) != BL_OK);
		free(piece);
	}
	for (size_t at = 0; at < w.used; at++)
	{
		for (int value = 0; value < 256; value++)
		{
			BlArena		arena = new_arena();
			uint8_t		was = bytes[at];
			uint8_t		again[1000];
			BlWriter	w2 = {again, sizeof again, 0};

			bytes[at] = (uint8_t) value;
			if (bl_carry_open(&back, bytes, w.used, &arena) == BL_OK)
			{
				CHECK_EQ(bl_carry_write(&back, &w2), BL_OK);
				CHECK(w2.used == w.used && memcmp(again, bytes, w.used) == 0);
			}
			bytes[at] = was;
		}
	}
}

static void
refused(void)
{
	BlCarry		carry;
	BlWriter	w = {NULL, 0, 0};
	BlCarry		empty = {0};
	BlArena		none = {.more = more,.ceiling = 0};
	static BlCounter many[BL_CARRY_COUNTERS_MAX + 1];

	carry = sample();
	carry.counter[0].name = carry.counter[1].name;
	CHECK_EQ(bl_carry_write(&carry, &w), BL_BAD_CARRY);
	carry = sample();
	carry.demand[0].first_day = carry.demand[1].first_day + 20;
	CHECK_EQ(bl_carry_write(&carry, &w), BL_BAD_CARRY);
	carry = sample();
	carry.bank[0].period = carry.bank[1].period;
	CHECK_EQ(bl_carry_write(&carry, &w), BL_BAD_CARRY);
	carry = sample();
	carry.bank[0].name = TEXT("");
	CHECK_EQ(bl_carry_write(&carry, &w), BL_BAD_CARRY);
	carry = sample();
	carry.demand[0].first_day = INT32_MAX;
	CHECK_EQ(bl_carry_write(&carry, &w), BL_BAD_CARRY);
	carry = sample();
	carry.counter[0].kwh = (BlDec) {(BlInt128) INT64_MAX + 1, 0};
	CHECK_EQ(bl_carry_write(&carry, &w), BL_OVERFLOW);
	carry = sample();
	carry.counter[0].kwh = bl_dec(1, 10);
	CHECK_EQ(bl_carry_write(&carry, &w), BL_OVERFLOW);
	carry = (BlCarry) {.counters = BL_CARRY_COUNTERS_MAX + 1,.counter = many};
	CHECK_EQ(bl_carry_write(&carry, &w), BL_LIMIT);

	w.used = 0;
	CHECK_EQ(bl_carry_write(&empty, &w), BL_OK);
	CHECK_EQ(w.used, BL_CARRY_EMPTY);
	CHECK_EQ(bl_carry_open(&carry, (const uint8_t *) "\1\0\0\0\0\0\0", 8, &none), BL_NO_SPACE);
}

int
main(void)
{
	RUN(one_form);
	RUN(hostile_bytes);
	RUN(refused);
	return DONE();
}

/*
 * charges_test.c - charges written and opened, totals, their text, and the
 * laws of their sum
 */
#include "check.h"
#include "core/charges_sum.h"
#include "core/clock.h"

#define TEXT(s) ((BlText) {s, (int) strlen(s)})

static uint8_t memory[64 << 20];
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

/* ---- making charges ---- */

/* two codes, two periods, one component; tag says which dictionary of several */
static void
write_dictionary(BlWriter *w, const char *tag)
{
	BlEntry		energy = {TEXT("energy"), TEXT("goods"), 2, {TEXT(tag), TEXT("money")}};
	BlEntry		fixed = {TEXT("fixed"), TEXT(""), 0, {{NULL, 0}}};
	BlEntry		funds = {TEXT("funds"), TEXT(""), 1, {TEXT("funds")}};

	bl_write_u8(w, 2);
	bl_charges_write_code(w, &energy);
	bl_charges_write_code(w, &fixed);
	bl_write_u8(w, 2);
	bl_charges_write_name(w, TEXT("valley"));
	bl_charges_write_name(w, TEXT("peak"));
	bl_write_u8(w, 1);
	bl_charges_write_component(w, &funds);
}

static size_t
write_charges(uint8_t *bytes, size_t room, const char *tag, const BlLine *lines, int n)
{
	BlWriter	w = {bytes, room, 0};
	BlWriter	measure = {NULL, 0, 0};
	BlCharges	head = {.lines = n,.from = bl_day_of(2026, 1, 1),.until = bl_day_of(2026, 2, 1),.currency = "CNY"};

	write_dictionary(&measure, tag);
	head.dictionary_size = measure.used;
	bl_charges_write_header(&w, &head);
	write_dictionary(&w, tag);
	for (int i = 0; i < n; i++)
		bl_line_write(&w, &lines[i]);
	return w.used;
}

static BlLine
line(int charge, int period, int64_t quantity, int64_t price, int64_t amount)
{
	return (BlLine) {BL_LINE_COUNTED | BL_LINE_MEASURED | BL_LINE_PRICED, charge, period, BL_NONE, 0, BL_UNIT_KWH,
		bl_dec(quantity, 0), bl_dec(price, 3), bl_dec(amount, 2), 0, 0};
}

static BlLine
random_line(uint64_t *seed)
{
	BlLine		l = line((int) (check_random(seed) % 2), (int) (check_random(seed) % 2),
						 (int64_t) (check_random(seed) % 1000), (int64_t) (check_random(seed) % 2 + 500),
						 (int64_t) (check_random(seed) % 100000) - 30000);

	switch (check_random(seed) % 6)
	{
		case 0:
			l.flags ^= BL_LINE_COUNTED | BL_LINE_OF_WHICH;
			l.component = 0;
			break;
		case 1:
			l.charge = l.period = BL_NONE;
			l.flags = BL_LINE_COUNTED;
			break;
		case 2:
			l.flags |= BL_LINE_SPAN | BL_LINE_ESTIMATED;
			l.from = bl_day_of(2026, 1, 1);
			l.until = l.from + 1 + (int) (check_random(seed) % 2);
			break;
		case 3:
			l.flags ^= BL_LINE_PRICED;
			l.tier = (int) (check_random(seed) % 3);
			break;
		case 4:
			l.amount.coefficient *= (BlInt128) 1 << 70;
			break;
	}
	return l;
}

/* ---- reading ---- */

static void
written_and_read(void)
{
	BlLine		lines[3] = {line(0, 1, 350, 568, 19880), line(1, BL_NONE, 150, 288, 4320), line(BL_NONE, BL_NONE, 0, 0, -1)};
	uint8_t		bytes[1000];
	size_t		size;
	const uint8_t *next;
	BlCharges	charges;
	BlLine		l;
	BlLineNames names;
	BlDec		sum;
	BlText		both[2] = {TEXT("energy"), TEXT("money")};

	lines[2].flags = BL_LINE_COUNTED;
	lines[1].component = 0;
	lines[1].flags |= BL_LINE_SPAN;
	lines[1].from = bl_day_of(2026, 1, 1);
	lines[1].until = bl_day_of(2026, 1, 16);
	size = write_charges(bytes, sizeof bytes, "home", lines, 3);
	CHECK_EQ(bl_charges_open(&charges, bytes, size), BL_OK);
	CHECK_EQ(charges.lines, 3);
	CHECK_TEXT(charges.currency, "CNY");
	next = charges.first_line;
	bl_charges_line(&charges, &next, &l);
	CHECK_EQ(l.amount.coefficient, 19880);
	bl_charges_names(&charges, &l, &names);
	CHECK(bl_text_cmp(names.code, TEXT("energy")) == 0 && bl_text_cmp(names.period, TEXT("peak")) == 0);
	CHECK(bl_text_cmp(names.tax_class, TEXT("goods")) == 0 && names.tags == 2);
	bl_charges_line(&charges, &next, &l);
	CHECK_EQ(l.until - l.from, 15);
	bl_charges_names(&charges, &l, &names);
	CHECK(bl_text_cmp(names.component, TEXT("funds")) == 0 && names.tags == 1 && names.period.length == 0);
	bl_charges_line(&charges, &next, &l);
	bl_charges_names(&charges, &l, &names);
	CHECK(bl_text_cmp(names.code, TEXT("rounding")) == 0);
	CHECK(next == charges.carry);

	CHECK_EQ(bl_charges_total(&charges, &sum), BL_OK);
	CHECK_EQ(sum.coefficient, 19880 + 4320 - 1);
	CHECK_EQ(bl_charges_amount(&charges, both, 2, &sum), BL_OK);
	CHECK_EQ(sum.coefficient, 19880);
	CHECK_EQ(bl_charges_amount(&charges, &(BlText) {"funds", 5}, 1, &sum), BL_OK);
	CHECK_EQ(sum.coefficient, 4320);
	CHECK_EQ(bl_charges_amount(&charges, NULL, 0, &sum), BL_OK);
	CHECK_EQ(sum.coefficient, 0);
}

/* what a line does not have cannot be smuggled in, and wide is only what must be */
static void
line_forms(void)
{
	static const struct
	{
		int			at;			/* in the line */
		int			value;
	}			bad[] = {
		{0, BL_LINE_COUNTED | BL_LINE_INCLUDED}, {0, BL_LINE_INCLUDED | BL_LINE_OF_WHICH}, {0, 1 | BL_LINE_WIDE}, {1, 1},
		{0, BL_LINE_COUNTED}, {2, 2}, {3, 2}, {4, 1}, {6, BL_CHARGE_UNITS}, {7, BL_SCALE_MAX + 1},
		{8, BL_SCALE_MAX + 1}, {9, BL_SCALE_MAX + 1}, {0, BL_LINE_COUNTED | BL_LINE_MEASURED}
	};
	BlLine		l = line(0, 1, 350, 568, 19880);
	uint8_t		bytes[1000];
	size_t		size = write_charges(bytes, sizeof bytes, "home", &l, 1);
	uint8_t    *at = bytes + size - BL_LINE_SIZE;
	BlCharges	charges;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
	{
		uint8_t		was = at[bad[i].at];

		at[bad[i].at] = (uint8_t) bad[i].value;
		if (!CHECK_EQ(bl_charges_open(&charges, bytes, size), BL_CORRUPT))
			printf("# case %zu\n", i);
		at[bad[i].at] = was;
	}
	CHECK_EQ(bl_charges_open(&charges, bytes, size), BL_OK);

	/* the writer clears what the flags deny, and widens by itself */
	l.flags = BL_LINE_COUNTED | BL_LINE_WIDE;
	CHECK_EQ(bl_charges_open(&charges, bytes, write_charges(bytes, sizeof bytes, "home", &l, 1)), BL_OK);
	CHECK_EQ(charges.end - charges.first_line, BL_LINE_SIZE);
	l.amount.coefficient = (BlInt128) INT64_MIN - 1;
	CHECK_EQ(bl_charges_open(&charges, bytes, write_charges(bytes, sizeof bytes, "home", &l, 1)), BL_OK);
	CHECK_EQ(charges.end - charges.first_line, BL_LINE_SIZE + 24);
}

static void
hostile_bytes(void)
{
	BlLine		lines[2] = {line(0, 1, 350, 568, 19880), line(1, BL_NONE, 150, 288, 4320)};
	uint8_t		bytes[1000];
	size_t		size = write_charges(bytes, sizeof bytes, "home", lines, 2);
	BlCharges	charges;

	for (size_t n = 0; n < size; n++)
	{
		uint8_t    *piece = malloc(n > 0 ? n : 1);

		memcpy(piece, bytes, n);
		CHECK(bl_charges_open(&charges, piece, n) != BL_OK);
		free(piece);
	}
	for (size_t at = 0; at < size; at++)
	{
		for (int value = 0; value < 256; value++)
		{
			uint8_t		was = bytes[at];
			BlArena		arena = new_arena();
			BlDec		total;

			bytes[at] = (uint8_t) value;
			if (bl_charges_validate(bytes, size, &arena) == BL_OK)
			{
				CHECK_EQ(bl_charges_open(&charges, bytes, size), BL_OK);
				CHECK_EQ(bl_charges_total(&charges, &total), BL_OK);
			}
			bytes[at] = was;
		}
	}
}

static void
text_round_trips(void)
{
	static uint8_t bytes[1 << 16];
	static char text[1 << 18];
	uint64_t	seed = 11;

	for (int round = 0; round < 200; round++)
	{
		BlLine		lines[40];
		int			n = (int) (check_random(&seed) % 40);
		BlArena		arena = new_arena();
		BlWriter	out = {(uint8_t *) text, sizeof text, 0};
		static uint8_t again[1 << 16];
		BlWriter	back = {again, sizeof again, 0};
		BlCharges	charges;
		BlJson	   *json;
		size_t		size;

		for (int i = 0; i < n; i++)
			lines[i] = random_line(&seed);
		size = write_charges(bytes, sizeof bytes, "home", lines, n);
		CHECK_EQ(bl_charges_open(&charges, bytes, size), BL_OK);
		CHECK_EQ(bl_charges_to_json(&charges, &arena, &out), BL_OK);
		CHECK_EQ(bl_json_parse(text, out.used, &arena, &json, &problem), BL_OK);
		CHECK_EQ(bl_charges_from_json(json, &arena, &back, &problem), BL_OK);
		CHECK(back.used == size && memcmp(bytes, again, size) == 0);
	}
}

/* ---- sums ---- */

enum
{
	BILLS = 12,
	LINES = 12
};

static uint8_t bill[BILLS][2000];
static size_t bill_size[BILLS];

static void
make_bills(uint64_t *seed, int dictionaries)
{
	static const char *const tags[] = {"home", "farm", "works", "school"};

	for (int i = 0; i < BILLS; i++)
	{
		BlLine		lines[LINES];
		int			n = (int) (check_random(seed) % LINES);

		for (int j = 0; j < n; j++)
			lines[j] = random_line(seed);
		bill_size[i] = write_charges(bill[i], sizeof bill[i], tags[check_random(seed) % (uint64_t) dictionaries], lines, n);
	}
}

static BlStatus
add(BlChargesSum *sum, const uint8_t *bytes, size_t size, BlArena *arena)
{
	BlCharges	charges;
	BlSumGroup *group;
	BlStatus	status = bl_charges_open(&charges, bytes, size);

	if (status == BL_OK)
		status = bl_sum_head(sum, &charges, &problem);
	if (status != BL_OK)
		return status;
	group = bl_sum_find(sum, charges.dictionary, charges.dictionary_size);
	if (group == NULL)
	{
		group = bl_arena_get(arena, sizeof *group);
		group->dictionary = charges.dictionary;
		group->dictionary_size = charges.dictionary_size;
		group->room = 500;
		group->line = bl_arena_get(arena, 500 * sizeof *group->line);
		group->next = sum->group;
		sum->group = group;
		sum->groups++;
	}
	CHECK(bl_sum_room(group, &charges) <= group->room);
	return bl_sum_lines(group, &charges);
}

/* the sum as bytes in the arena */
static const uint8_t *
result(BlChargesSum *sum, BlArena *arena, size_t *size)
{
	BlSumGroup	united = {0};
	BlWriter	w = {bl_arena_get(arena, 100000), 100000, 0};

	if (sum->groups != 1)
		CHECK_EQ(bl_sum_unite(sum, arena, &united), BL_OK);
	bl_sum_write(sum, sum->groups == 1 ? sum->group : &united, &w);
	CHECK_EQ(bl_charges_validate(w.bytes, w.used, arena), BL_OK);
	*size = w.used;
	return w.bytes;
}

static BlInt128
total_of(const uint8_t *bytes, size_t size)
{
	BlCharges	charges;
	BlDec		total = BL_ZERO;

	CHECK_EQ(bl_charges_open(&charges, bytes, size), BL_OK);
	CHECK_EQ(bl_charges_total(&charges, &total), BL_OK);
	return total.coefficient * bl_pow10(2 - total.scale);
}

/* forwards, shuffled, in stages, in two workers: one result, and totals agree */
static void
order_does_not_matter(void)
{
	uint64_t	seed = 12;

	for (int round = 0; round < 300; round++)
	{
		BlArena		arena = new_arena();
		BlChargesSum forwards = {0};
		BlChargesSum shuffled = {0};
		BlChargesSum halves[2] = {{0}, {0}};
		BlChargesSum stages = {0};
		const uint8_t *one,
				   *other;
		size_t		one_size,
					other_size;
		BlInt128	total = 0;

		make_bills(&seed, round % 4 + 1);
		for (int i = 0; i < BILLS; i++)
		{
			CHECK_EQ(add(&forwards, bill[i], bill_size[i], &arena), BL_OK);
			CHECK_EQ(add(&shuffled, bill[(i * 7 + round) % BILLS], bill_size[(i * 7 + round) % BILLS], &arena), BL_OK);
			CHECK_EQ(add(&halves[i % 2], bill[i], bill_size[i], &arena), BL_OK);
			total += total_of(bill[i], bill_size[i]);
		}
		one = result(&forwards, &arena, &one_size);
		CHECK(total_of(one, one_size) == total);
		other = result(&shuffled, &arena, &other_size);
		CHECK(one_size == other_size && memcmp(one, other, one_size) == 0);
		for (int i = 0; i < 2; i++)
		{
			other = result(&halves[i], &arena, &other_size);
			CHECK_EQ(add(&stages, other, other_size, &arena), BL_OK);
		}
		other = result(&stages, &arena, &other_size);
		CHECK(one_size == other_size && memcmp(one, other, one_size) == 0);
	}
}

static void
limits_of_a_sum(void)
{
	BlArena		arena = new_arena();
	BlChargesSum sum = {0};
	BlSumGroup	group = {0};
	BlLine		lines[3] = {line(0, 0, 1, 1, 1), line(0, 1, 1, 1, 1), line(1, 1, 1, 1, 1)};
	BlCharges	charges;
	size_t		size = write_charges(bill[0], sizeof bill[0], "home", lines, 3);

	CHECK_EQ(bl_charges_open(&charges, bill[0], size), BL_OK);
	group.line = bl_arena_get(&arena, 2 * sizeof *group.line);
	group.room = 2;
	CHECK_EQ(bl_sum_lines(&group, &charges), BL_NO_SPACE);
	CHECK_EQ(bl_sum_head(&sum, &charges, &problem), BL_OK);
	memcpy(bill[0] + 12, "EUR", 3);
	CHECK_EQ(bl_charges_open(&charges, bill[0], size), BL_OK);
	CHECK_EQ(bl_sum_head(&sum, &charges, &problem), BL_BAD_UNIT);
	CHECK_TEXT(problem.message, "charges in CNY and in EUR cannot be added");
}

int
main(void)
{
	RUN(written_and_read);
	RUN(line_forms);
	RUN(hostile_bytes);
	RUN(text_round_trips);
	RUN(order_does_not_matter);
	RUN(limits_of_a_sum);
	return DONE();
}

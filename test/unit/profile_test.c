/*
 * profile_test.c - the codec: what goes in comes out, sums agree with the
 * slots, days are cut at local midnights, and no bytes are believed
 */
#include "check.h"
#include "core/profile.h"

enum
{
	ROOM = 1 << 20
};

static uint8_t bytes[ROOM];
static int64_t values[1 << 16];
static uint8_t qualities[1 << 16];
static int64_t back[1 << 16];
static uint8_t back_qualities[1 << 16];

static BlZone
zone_fixed(int offset)
{
	static BlZoneStep step;

	step = (BlZoneStep) {INT32_MIN, (int16_t) offset};
	return (BlZone) {1, &step};
}

/* 2026-03-29 01:00 UTC to +60, 2026-10-25 01:00 UTC back */
static BlZone
zone_london(void)
{
	static BlZoneStep steps[3];

	steps[0] = (BlZoneStep) {INT32_MIN, 0};
	steps[1] = (BlZoneStep) {bl_day_of(2026, 3, 29) * 1440 + 60, 60};
	steps[2] = (BlZoneStep) {bl_day_of(2026, 10, 25) * 1440 + 60, 0};
	return (BlZone) {3, steps};
}

/* half an hour of summer time, from 2026-10-03 15:30 UTC on */
static BlZone
zone_lord_howe(void)
{
	static BlZoneStep steps[2];

	steps[0] = (BlZoneStep) {INT32_MIN, 630};
	steps[1] = (BlZoneStep) {bl_day_of(2026, 10, 3) * 1440 + 15 * 60 + 30, 660};
	return (BlZone) {2, steps};
}

static BlProfile
shape_of(int32_t start, int slot_minutes, int slots, const char *zone)
{
	return (BlProfile) {.slot_minutes = slot_minutes, .start = start, .slots = slots,
			.zone = zone, .zone_length = (int) strlen(zone)};
}

static BlStatus
pack(const BlProfile *shape, const BlZone *zone, const uint8_t *q, size_t *size)
{
	return bl_profile_pack(shape, zone, values, q, bytes, bl_profile_bound(shape), size);
}

/* packs `values` (and qualities), opens, decodes, compares, sums */
static void
round_trip(const BlProfile *shape, const BlZone *zone, const uint8_t *q)
{
	BlProfile	p;
	BlInt128	sum = 0;
	BlDec		got;
	size_t		size;
	int			missing = 0;
	int			count;

	if (!CHECK(bl_profile_bound(shape) <= ROOM) || !CHECK_EQ(pack(shape, zone, q, &size), BL_OK))
		return;
	CHECK(size <= bl_profile_bound(shape));
	CHECK_EQ(bl_profile_validate(bytes, size), BL_OK);
	if (!CHECK_EQ(bl_profile_open(&p, bytes, size), BL_OK))
		return;
	CHECK_EQ(p.slots, shape->slots);
	CHECK_EQ(p.start, shape->start);
	CHECK_EQ(p.unit, shape->unit);
	CHECK_EQ(p.scale, shape->scale);
	CHECK_EQ(bl_profile_check_days(&p, zone), BL_OK);
	CHECK_EQ(bl_profile_decode(&p, back, back_qualities, &count), BL_OK);
	for (int i = 0; i < shape->slots; i++)
	{
		bool		gone = q != NULL && q[i] == BL_MISSING;

		CHECK_EQ(back[i], gone ? 0 : values[i]);
		CHECK_EQ(back_qualities[i], q != NULL ? q[i] : shape->quality);
		missing += gone;
		sum += gone ? 0 : values[i];
	}
	CHECK_EQ(count, missing);
	CHECK_EQ(bl_profile_sum(&p, &got, &count), BL_OK);
	CHECK_EQ(got.coefficient, bl_scaled(sum, shape->scale).coefficient);
	CHECK_EQ(count, missing);
}

static void
every_width(void)
{
	BlZone		utc = zone_fixed(0);
	uint64_t	seed = 1;

	for (int width = 0; width <= 64; width++)
		for (int base = 0; base < 4; base++)
		{
			static const int slots[] = {1, 2, 3, 5, 8, 10, 15, 20, 30, 60, 90, 720, 1440};

			for (size_t s = 0; s < sizeof slots / sizeof *slots; s++)
			{
				BlProfile	shape = shape_of(bl_day_of(2026, 2, 1) * 1440, slots[s], 1440 / slots[s] * 2, "");
				int64_t		low = base == 0 ? 0 : base == 1 ? -32768 : base == 2 ? 32768 : INT64_MIN;

				for (int i = 0; i < shape.slots; i++)
				{
					uint64_t	v = check_random(&seed);

					v = width == 0 ? 0 : v >> (64 - width);
					if (v > (uint64_t) INT64_MAX - (uint64_t) low)
						v = (uint64_t) INT64_MAX - (uint64_t) low;
					values[i] = (int64_t) ((uint64_t) low + v);
				}
				round_trip(&shape, &utc, NULL);
			}
		}
}

static void
random_profiles(void)
{
	static const int slots[] = {1, 5, 10, 15, 30, 60, 120, 360, 1440};
	uint64_t	seed = 2;

	for (long round = 0; round < check_rounds(2000); round++)
	{
		BlZone		zone = zone_fixed((int) (check_random(&seed) % 100) * 15 - 720);
		int			slot = slots[check_random(&seed) % 9];
		int			day = bl_day_of(2020, 1, 1) + (int) (check_random(&seed) % 4000);
		int			skip = (int) (check_random(&seed) % (unsigned) (1440 / slot));
		int			n = 1 + (int) (check_random(&seed) % 5000);
		int			width = (int) (check_random(&seed) % 20);
		BlProfile	shape = shape_of(day * 1440 - zone.step->offset + skip * slot, slot, n, "");

		shape.offset = zone.step->offset;
		shape.unit = (BlUnit) (check_random(&seed) % BL_UNIT_COUNT);
		shape.scale = (int) (check_random(&seed) % 16) - 6;
		for (int i = 0; i < n; i++)
		{
			values[i] = (int64_t) (check_random(&seed) >> (63 - width)) - (int64_t) (check_random(&seed) % 64);
			qualities[i] = 0;
		}
		for (int i = 0; i < n; i++)
			if (check_random(&seed) % 97 == 0)
			{
				int			length = (int) (check_random(&seed) % 200);
				uint8_t		quality = (uint8_t) (check_random(&seed) % BL_QUALITY_COUNT);

				for (; length > 0 && i < n; i++, length--)
					qualities[i] = quality;
			}
		round_trip(&shape, &zone, round % 3 == 0 ? NULL : qualities);
	}
}

static void
a_day_of_zeros_is_three_bytes(void)
{
	BlZone		utc = zone_fixed(0);
	BlProfile	shape = shape_of(0, 15, 96, "");
	size_t		size;

	memset(values, 0, sizeof values);
	CHECK_EQ(pack(&shape, &utc, NULL, &size), BL_OK);
	CHECK_EQ(size, BL_PROFILE_HEADER + 3);
}

static void
one_quality_costs_nothing(void)
{
	BlZone		utc = zone_fixed(0);
	BlProfile	shape = shape_of(0, 15, 960, "");
	size_t		plain;
	size_t		marked;

	memset(values, 0, sizeof values);
	memset(qualities, BL_ESTIMATED, sizeof qualities);
	CHECK_EQ(pack(&shape, &utc, NULL, &plain), BL_OK);
	CHECK_EQ(pack(&shape, &utc, qualities, &marked), BL_OK);
	CHECK_EQ(plain, marked);
	memset(qualities, BL_MISSING, sizeof qualities);
	CHECK_EQ(pack(&shape, &utc, qualities, &marked), BL_OK);
	CHECK_EQ(plain, marked);
	round_trip(&shape, &utc, qualities);
}

/* how many slots each block holds */
static int
block_slots(size_t size, int *slots)
{
	BlProfile	p;
	BlCursor	cursor = {0};
	BlBlock		block;
	int			n = 0;

	CHECK_EQ(bl_profile_open(&p, bytes, size), BL_OK);
	while (CHECK_EQ(bl_profile_next(&p, &cursor, &block), BL_OK) && block.slots > 0)
		slots[n++] = block.slots;
	return n;
}

static void
days_are_local(void)
{
	BlZone		london = zone_london();
	BlZone		howe = zone_lord_howe();
	BlProfile	shape;
	size_t		size;
	int			slots[64];

	/* March has 31 days, one of 23 hours */
	for (int i = 0; i < 5000; i++)
		values[i] = i % 700;
	shape = shape_of(bl_day_of(2026, 3, 1) * 1440, 15, 31 * 96 - 4, "Europe/London");
	CHECK_EQ(pack(&shape, &london, NULL, &size), BL_OK);
	CHECK_EQ(block_slots(size, slots), 31);
	CHECK_EQ(slots[27], 96);
	CHECK_EQ(slots[28], 92);
	CHECK_EQ(slots[29], 96);
	round_trip(&shape, &london, NULL);

	/* October, one of 25; begins at local midnight, 23:00 UTC */
	shape = shape_of(bl_day_of(2026, 10, 1) * 1440 - 60, 30, 31 * 48 + 2, "Europe/London");
	CHECK_EQ(pack(&shape, &london, NULL, &size), BL_OK);
	CHECK_EQ(block_slots(size, slots), 31);
	CHECK_EQ(slots[24], 50);
	round_trip(&shape, &london, NULL);

	/* minutes of a 25-hour day are the largest block */
	shape = shape_of(bl_day_of(2026, 10, 25) * 1440 - 60, 1, 1500, "Europe/London");
	CHECK_EQ(pack(&shape, &london, NULL, &size), BL_OK);
	CHECK_EQ(block_slots(size, slots), 1);
	CHECK_EQ(slots[0], 1500);
	round_trip(&shape, &london, NULL);

	/* a day of 23.5 hours has 47 half-hours, and no whole number of hours */
	shape = shape_of(bl_day_of(2026, 10, 1) * 1440 - 630, 30, 10 * 48 - 1, "Australia/Lord_Howe");
	CHECK_EQ(pack(&shape, &howe, NULL, &size), BL_OK);
	CHECK_EQ(block_slots(size, slots), 10);
	CHECK_EQ(slots[3], 47);
	round_trip(&shape, &howe, NULL);
	shape.slot_minutes = 60;
	shape.slots = 5 * 24;
	CHECK_EQ(pack(&shape, &howe, NULL, &size), BL_UNALIGNED);
	shape.slots = 2 * 24;
	CHECK_EQ(pack(&shape, &howe, NULL, &size), BL_OK);

	/* whole days of 23 hours are no equal slots */
	shape = shape_of(bl_day_of(2026, 3, 1) * 1440, 1440, 31, "Europe/London");
	CHECK_EQ(pack(&shape, &london, NULL, &size), BL_UNALIGNED);
}

static void
shapes_are_checked(void)
{
	BlZone		utc = zone_fixed(0);
	BlProfile	good = shape_of(0, 15, 96, "");
	BlProfile	bad;
	size_t		size;

	memset(values, 0, sizeof values);
#define REFUSED(field, value, status) \
	(bad = good, bad.field = (value), CHECK_EQ(pack(&bad, &utc, NULL, &size), status))
	REFUSED(slot_minutes, 0, BL_BAD_VALUE);
	REFUSED(slot_minutes, -15, BL_BAD_VALUE);
	REFUSED(slot_minutes, 7, BL_BAD_VALUE);
	REFUSED(slot_minutes, 2880, BL_BAD_VALUE);
	REFUSED(slots, 0, BL_BAD_VALUE);
	REFUSED(slots, -1, BL_BAD_VALUE);
	REFUSED(slots, BL_PROFILE_SLOTS_MAX + 1, BL_LIMIT);
	REFUSED(scale, 10, BL_BAD_VALUE);
	REFUSED(scale, -7, BL_BAD_VALUE);
	REFUSED(unit, BL_UNIT_COUNT, BL_BAD_VALUE);
	REFUSED(quality, BL_MISSING, BL_BAD_VALUE);
	REFUSED(offset, 60, BL_BAD_ZONE);
	REFUSED(start, 7, BL_UNALIGNED);
	REFUSED(start, INT32_MAX, BL_BAD_VALUE);
	REFUSED(start, INT32_MIN, BL_BAD_VALUE);
#undef REFUSED
	bad = shape_of(0, 15, 96, "no blanks");
	CHECK_EQ(pack(&bad, &utc, NULL, &size), BL_BAD_ZONE);
	bad = shape_of(0, 1440, 70000, "");
	CHECK_EQ(pack(&bad, &utc, NULL, &size), BL_LIMIT);
	qualities[0] = 77;
	CHECK_EQ(pack(&good, &utc, qualities, &size), BL_BAD_VALUE);
	CHECK_EQ(bl_profile_pack(&good, &utc, values, NULL, bytes, 22, &size), BL_NO_SPACE);
	CHECK_EQ(bl_profile_pack(&good, &utc, values, NULL, bytes, 0, &size), BL_NO_SPACE);
}

static void
hostile_bytes(void)
{
	BlZone		london = zone_london();
	BlProfile	shape = shape_of(bl_day_of(2026, 3, 28) * 1440, 30, 120, "Europe/London");
	uint64_t	seed = 3;
	size_t		size;

	for (int i = 0; i < shape.slots; i++)
	{
		values[i] = i < 48 ? i * 11 : i < 94 ? i * 1000003L : i;
		qualities[i] = i > 90 && i < 101 ? BL_MISSING : i > 110 ? BL_ESTIMATED : BL_ACTUAL;
	}
	CHECK_EQ(pack(&shape, &london, qualities, &size), BL_OK);
	CHECK_EQ(bl_profile_validate(bytes, size), BL_OK);
	for (size_t cut = 0; cut < size; cut++)
	{
		/* a copy of its own, so that the sanitizer sees every step too far */
		uint8_t    *copy = malloc(cut ? cut : 1);

		memcpy(copy, bytes, cut);
		CHECK(bl_profile_validate(copy, cut) != BL_OK);
		free(copy);
	}
	for (size_t i = 0; i < size; i++)
		for (int v = 0; v < 256; v++)
		{
			uint8_t    *copy = malloc(size);
			BlProfile	p;
			BlDec		sum;
			int			missing;

			memcpy(copy, bytes, size);
			copy[i] = (uint8_t) v;
			(void) bl_profile_validate(copy, size);
			if (bl_profile_open(&p, copy, size) == BL_OK && p.slots <= (int) (sizeof back / sizeof *back))
			{
				(void) bl_profile_decode(&p, back, back_qualities, &missing);
				(void) bl_profile_sum(&p, &sum, &missing);
			}
			free(copy);
		}
	for (long round = 0; round < check_rounds(20000); round++)
	{
		size_t		n = check_random(&seed) % 200;
		uint8_t    *copy = malloc(n ? n : 1);
		BlProfile	p;

		for (size_t i = 0; i < n; i++)
			copy[i] = (uint8_t) check_random(&seed);
		if (n >= 20)
			memcpy(copy, bytes, 20);
		if (bl_profile_open(&p, copy, n) == BL_OK && p.slots <= (int) (sizeof back / sizeof *back))
			(void) bl_profile_decode(&p, back, back_qualities, NULL);
		(void) bl_profile_validate(copy, n);
		free(copy);
	}
}

/* every kernel against the plain sums */
static void
lanes_agree(void)
{
	static const int per_hour[] = {1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60};
	uint64_t	seed = 4;

	for (size_t k = 0; k < sizeof per_hour / sizeof *per_hour; k++)
		for (int width = 0; width <= 16; width++)
		{
			int			n = per_hour[k];
			int			rows = 3 * n;
			size_t		size = bl_lanes_bytes(rows, width);
			uint16_t	in[1504];
			uint16_t	out[1504];
			uint8_t    *packed = malloc(size + 1);	/* begins on an odd address */
			uint32_t	sum;
			uint32_t	want_sum = 0;
			uint16_t	top;
			uint16_t	want_top = 0;

			for (int i = 0; i < 24 * n; i++)
			{
				in[i] = width == 0 ? 0 : (uint16_t) (check_random(&seed) >> (64 - width));
				if (i % 7 == 0)
					in[i] = (uint16_t) ((1 << width) - 1);
				want_sum += in[i];
				want_top = in[i] > want_top ? in[i] : want_top;
			}
			bl_lanes_pack(in, width, rows, packed + 1);
			bl_lanes_unpack(packed + 1, width, rows, out);
			CHECK(memcmp(in, out, (size_t) rows * 16) == 0);
			bl_lanes_total(packed + 1, width, rows, &sum, &top);
			CHECK_EQ(sum, want_sum);
			CHECK_EQ(top, want_top);
			for (BlTops tops = BL_TOPS_NONE; tops <= BL_TOPS_HOURS; tops++)
			{
				BlLanesHours kernel = bl_lanes_hours(width, n, tops);
				uint16_t	begin = n * ((1 << width) - 1) <= 65532 ? 3 : 0;	/* sums are added to */
				BlV8		hour[3] = {{begin}, {begin}, {begin}};
				BlV8		high_of[3] = {{0}};
				int			highest = 0;

				CHECK((kernel != NULL) == (width < 16 && n * ((1 << width) - 1) <= 65535));
				if (kernel == NULL)
					continue;
				kernel(packed + 1, width, n, -7, hour, high_of);
				for (int h = 0; h < 24; h++)
				{
					int			want = h < 3 ? begin : 0;
					int			high = 0;

					for (int i = h * n; i < (h + 1) * n; i++)
					{
						want += in[i];
						high = in[i] > high ? in[i] : high;
					}
					CHECK_EQ(hour[h % 3][h / 3], want);
					if (tops == BL_TOPS_HOURS)
						CHECK_EQ(high_of[h % 3][h / 3], high < 7 ? 0 : high - 7);
				}
				for (int l = 0; l < 8; l++)
					highest = high_of[0][l] > highest ? high_of[0][l] : highest;
				if (tops == BL_TOPS_DAY)
					CHECK_EQ(highest, want_top < 7 ? 0 : want_top - 7);
			}
			free(packed);
		}
	CHECK(bl_lanes_hours(-1, 4, BL_TOPS_DAY) == NULL);
	CHECK(bl_lanes_hours(17, 1, BL_TOPS_DAY) == NULL);
	CHECK(bl_lanes_hours(4, 7, BL_TOPS_DAY) == NULL);
	CHECK(bl_lanes_hours(4, 0, BL_TOPS_DAY) == NULL);
}

static void
names(void)
{
	BlUnit		unit;
	BlQuality	quality;
	int			scale;

	CHECK(bl_unit_parse("kWh", 3, &unit, &scale) == BL_OK && unit == BL_WH && scale == 3);
	CHECK(bl_unit_parse("varh", 4, &unit, &scale) == BL_OK && unit == BL_VARH && scale == 0);
	CHECK(bl_unit_parse("MVAh", 4, &unit, &scale) == BL_OK && unit == BL_VAH && scale == 6);
	CHECK(bl_unit_parse("mV", 2, &unit, &scale) == BL_OK && unit == BL_V && scale == -3);
	CHECK_EQ(bl_unit_parse("kPF", 3, &unit, &scale), BL_BAD_UNIT);
	CHECK_EQ(bl_unit_parse("", 0, &unit, &scale), BL_BAD_UNIT);
	CHECK_EQ(bl_unit_parse("k", 1, &unit, &scale), BL_BAD_UNIT);
	CHECK_EQ(bl_unit_parse("wh", 2, &unit, &scale), BL_BAD_UNIT);
	for (int u = 0; u < BL_UNIT_COUNT; u++)
	{
		const char *name = bl_unit_name((BlUnit) u);

		CHECK(bl_unit_parse(name, strlen(name), &unit, &scale) == BL_OK && unit == (BlUnit) u && scale == 0);
	}
	for (int q = 0; q < BL_QUALITY_COUNT; q++)
	{
		const char *name = bl_quality_name((BlQuality) q);

		CHECK(bl_quality_parse(name, strlen(name), &quality) == BL_OK && quality == (BlQuality) q);
	}
	CHECK_EQ(bl_quality_parse("good", 4, &quality), BL_BAD_TEXT);
	CHECK_EQ(bl_quality_worse(BL_ACTUAL, BL_ESTIMATED), BL_ESTIMATED);
	CHECK_EQ(bl_quality_worse(BL_ESTIMATED, BL_CORRECTED), BL_ESTIMATED);
}

/* the canonical bytes know no scale, zone or blocks */
static void
canonical(void)
{
	static uint8_t one[4096];
	static uint8_t two[4096];
	BlProfile	a = shape_of(0, 15, 96, "");
	BlProfile	b = shape_of(0, 15, 96, "");
	BlWriter	w1 = {one, sizeof one, 0};
	BlWriter	w2 = {two, sizeof two, 0};

	memset(qualities, 0, sizeof qualities);
	for (int i = 0; i < 96; i++)
	{
		values[i] = i;
		back[i] = i * 1000;
	}
	b.scale = -3;
	bl_profile_canonical(&a, values, qualities, &w1);
	bl_profile_canonical(&b, back, qualities, &w2);
	CHECK_EQ(w1.used, w2.used);
	CHECK(memcmp(one, two, w1.used) == 0);
	CHECK_EQ(bl_values_scale(back, 96, -3), 0);
	back[5]++;
	CHECK_EQ(bl_values_scale(back, 96, -3), -3);
	memset(back, 0, sizeof back);
	CHECK_EQ(bl_values_scale(back, 96, -3), 0);
}

/* the slots [from, until) of a month that `values` holds, packed for themselves */
static BlProfile
piece(const BlProfile *month, const BlZone *zone, int from, int until, uint8_t *at, size_t *size)
{
	BlProfile	shape = *month;
	BlProfile	p = {0};

	shape.start += from * shape.slot_minutes;
	shape.slots = until - from;
	CHECK_EQ(bl_profile_pack(&shape, zone, values + from, NULL, at, bl_profile_bound(&shape), size), BL_OK);
	CHECK_EQ(bl_profile_open(&p, at, *size), BL_OK);
	return p;
}

/* days put together are, byte for byte, the month; a March with a day of 23 hours */
static void
days_join(void)
{
	static uint8_t pieces[ROOM];
	static uint8_t joined[ROOM];
	BlZone		london = zone_london();
	BlProfile	month = shape_of(bl_day_of(2026, 3, 1) * 1440, 15, 31 * 96 - 4, "Europe/London");
	BlProfile	part[31];
	size_t		used = 0;
	size_t		whole;
	size_t		size;

	for (int i = 0; i < month.slots; i++)
		values[i] = i * 7919 % 1000;
	for (int day = 0, from = 0; day < 31; day++, used += size)
	{
		int			until = from + (day == 28 ? 92 : 96);

		part[day] = piece(&month, &london, from, until, pieces + used, &size);
		from = until;
	}
	CHECK_EQ(pack(&month, &london, NULL, &whole), BL_OK);
	CHECK_EQ(bl_profile_join(part, 31, &london, joined, used, &size), BL_OK);
	CHECK_EQ(size, whole);
	CHECK(memcmp(joined, bytes, whole) == 0);
	CHECK_EQ(bl_profile_join(part, 31, &london, joined, whole - 1, &size), BL_NO_SPACE);

	/* a gap, another scale, another quality, another zone, a join at noon */
	CHECK_EQ(bl_profile_join(part + 2, 1, &london, joined, used, &size), BL_OK);
	part[1] = part[2];
	CHECK_EQ(bl_profile_join(part, 2, &london, joined, used, &size), BL_UNALIGNED);
	part[1] = part[3];
	part[1].scale = 1;
	CHECK_EQ(bl_profile_join(part + 1, 2, &london, joined, used, &size), BL_UNALIGNED);
	part[5].quality = BL_ESTIMATED;
	CHECK_EQ(bl_profile_join(part + 4, 2, &london, joined, used, &size), BL_UNALIGNED);
	part[8].zone = "Europe/Lisbon";
	CHECK_EQ(bl_profile_join(part + 7, 2, &london, joined, used, &size), BL_UNALIGNED);
	part[0] = piece(&month, &london, 0, 48, pieces, &size);
	part[1] = piece(&month, &london, 48, 96, pieces + size, &size);
	CHECK_EQ(bl_profile_join(part, 2, &london, joined, used, &size), BL_UNALIGNED);
}

int
main(void)
{
	RUN(every_width);
	RUN(random_profiles);
	RUN(a_day_of_zeros_is_three_bytes);
	RUN(one_quality_costs_nothing);
	RUN(days_are_local);
	RUN(shapes_are_checked);
	RUN(hostile_bytes);
	RUN(lanes_agree);
	RUN(names);
	RUN(canonical);
	RUN(days_join);
	return DONE();
}

/*
 * days_test.c - whole days: both ways of adding them up against plain sums
 */
#include "check.h"
#include "core/days.h"
#include "core/rate_work.h"

enum
{
	DAYS = 40,
	PERIODS = 3,
	ROOM = 1 << 16
};

static uint64_t seed = 11;

static int
below(int n)
{
	return (int) (check_random(&seed) >> 33) % n;
}

/* hours fall to periods by a rule of its own for each map */
static void
make_map(BlDayMap *map, int which)
{
	memset(map, 0, sizeof *map);
	map->place = which;
	map->hourly = true;
	for (int h = 0; h < 24; h++)
	{
		int			p = which == 0 ? 0 : (h * (which + 1) / 5 + h) % PERIODS;

		map->hour[h] = (int8_t) p;
		map->hours[p]++;
		(h / 3 % 2 ? map->mask[p].odd : map->mask[p].even)[h % 3][h / 6] = UINT32_MAX;
		map->mask[p].lanes[h % 3] |= (uint8_t) (1 << h / 3);
	}
}

/* a day of slots of one width at p; returns its size */
static int
put_day(uint8_t *p, int width, int base, int slots_per_hour, const uint16_t *offset)
{
	p[0] = (uint8_t) width;
	bl_put_le16(p + 1, (uint16_t) base);
	bl_lanes_pack(offset, width, 3 * slots_per_hour, p + 3);
	return 3 + (int) bl_lanes_bytes(3 * slots_per_hour, width);
}

/* random days through one way, against sums reading by reading */
static void
agree(int slot_minutes, int peaks, bool wide, int widest)
{
	static BlDayMap maps[PERIODS];
	BlKernels  *kernels = calloc(1, sizeof *kernels);
	BlDays	   *days = aligned_alloc(64, (sizeof *days + 63) / 64 * 64);
	uint8_t    *bytes = malloc(ROOM);
	uint8_t    *copy;
	const BlDayMap *map[DAYS];
	BlInt128	cell[2 * PERIODS] = {0},
				want[2 * PERIODS] = {0};
	int64_t		peak[PERIODS] = {INT64_MIN, INT64_MIN, INT64_MIN};
	BlSums		sums = {.cell = cell, .periods = PERIODS, .peaks = peaks};
	int			slots_per_hour = 60 / slot_minutes;
	int			size = 0,
				done = 0;
	BlProfile	p = {.day_slots = 24 * slots_per_hour};
	BlCursor	cursor = {0};

	for (int i = 0; i < PERIODS; i++)
		make_map(&maps[i], i);
	for (int d = 0; d < DAYS; d++)
	{
		int			width = below(widest + 1);
		int			base = below(5) == 0 ? below(65536) - 32768 : below(300) - 100;
		uint16_t	offset[24 * 60];

		map[d] = &maps[below(PERIODS)];
		for (int s = 0; s < 24 * slots_per_hour; s++)
		{
			int			period = map[d]->hour[s / slots_per_hour];
			int64_t		value;

			offset[s] = (uint16_t) (below(9) == 0 ? (1 << width) - 1 : below(1 << width));
			value = (int64_t) base + offset[s];
			want[(d < DAYS / 2 ? 0 : PERIODS) + period] += value;
			if (peaks == BL_PEAK_SPAN)
				period = 0;
			peak[period] = value > peak[period] ? value : peak[period];
		}
		size += put_day(bytes + size, width, base, slots_per_hour, offset);
	}
	/* in a block of its own size: nothing may be read behind it */
	copy = malloc((size_t) size);
	memcpy(copy, bytes, (size_t) size);
	cursor.next = copy;
	p.end = copy + size;
	bl_days_kernels(kernels, slot_minutes, wide);
	bl_days_open(days, kernels, peaks);
	for (int piece = 0; piece < 2; piece++)
	{
		int			until = piece == 0 ? DAYS / 2 : DAYS;

		while (done < until)
		{
			int			n = bl_days_add(days, &sums, &p, &cursor, map + done, until - done, piece);

			if (!CHECK(n > 0))
				break;
			done += n;
		}
		bl_days_settle(days, &sums, piece);
	}
	bl_days_peak(days, &sums);
	CHECK_EQ(cursor.block, DAYS);
	CHECK_EQ(cursor.slot, DAYS * p.day_slots);
	CHECK(cursor.next == p.end);
	for (int i = 0; i < 2 * PERIODS; i++)
		CHECK_EQ(cell[i], want[i]);
	for (int i = 0; i < (peaks == BL_PEAK_SPAN ? 1 : PERIODS) && peaks != BL_PEAK_NONE; i++)
		CHECK_EQ(sums.peak[i], peak[i]);
	free(copy);
	free(bytes);
	free(days);
	free(kernels);
}

static void
narrow(void)
{
	static const int minutes[] = {60, 30, 15, 5};

	for (int round = 0; round < 60; round++)
		for (int k = 0; k < 4; k++)
			for (int peaks = BL_PEAK_NONE; peaks <= BL_PEAK_PERIODS; peaks++)
				agree(minutes[k], peaks, false, minutes[k] == 5 ? 12 : 14);
}

/* on a processor that has no wide way this is the narrow one again */
static void
wide(void)
{
	for (int round = 0; round < 300; round++)
		for (int peaks = BL_PEAK_NONE; peaks <= BL_PEAK_PERIODS; peaks++)
			agree(15, peaks, bl_days_wide_here(), 14);
}

/* so many days of the widest values that sums in 16 bits must be moved on */
static void
full(void)
{
	for (int w = 0; w < 2; w++)
	{
		static BlDayMap map;
		const BlDayMap *maps[500];
		BlKernels  *kernels = calloc(1, sizeof *kernels);
		BlDays	   *days = aligned_alloc(64, (sizeof *days + 63) / 64 * 64);
		uint8_t    *bytes = malloc(500 * 200);
		uint16_t	offset[96];
		BlInt128	cell[PERIODS] = {0};
		BlSums		sums = {.cell = cell, .periods = PERIODS, .peaks = BL_PEAK_NONE};
		BlProfile	p = {.day_slots = 96};
		BlCursor	cursor = {.next = bytes};
		int			size = 0;

		make_map(&map, 1);
		for (int s = 0; s < 96; s++)
			offset[s] = (1 << 14) - 1;
		for (int d = 0; d < 500; d++)
		{
			maps[d] = &map;
			size += put_day(bytes + size, 14, 7, 4, offset);
		}
		p.end = bytes + size;
		bl_days_kernels(kernels, 15, w > 0 && bl_days_wide_here());
		bl_days_open(days, kernels, BL_PEAK_NONE);
		for (int done = 0, n = 1; done < 500 && n > 0; done += n)
			n = bl_days_add(days, &sums, &p, &cursor, maps, 500 - done, 0);
		bl_days_settle(days, &sums, 0);
		CHECK_EQ(cell[0] + cell[1] + cell[2], 500 * 96 * (7 + (1 << 14) - 1));
		CHECK_EQ(cell[1], 500 * 4 * map.hours[1] * (7 + (1 << 14) - 1));
		free(bytes);
		free(days);
		free(kernels);
	}
}

/* what cannot be taken is left */
static void
left_alone(void)
{
	static BlDayMap map;
	uint8_t		day[200];
	uint16_t	offset[96] = {0};
	BlInt128	cell[PERIODS] = {0};
	int			size = put_day(day, 8, 0, 4, offset);

	make_map(&map, 0);
	for (int w = 0; w < 2; w++)
		for (int cut = 0; cut <= size; cut++)
		{
			const BlDayMap *maps[2] = {&map, NULL};
			BlKernels	kernels = {0};
			BlDays		days;
			BlSums		sums = {.cell = cell, .periods = PERIODS, .peaks = BL_PEAK_SPAN};
			uint8_t    *copy = malloc((size_t) cut + 1);
			BlProfile	p = {.day_slots = 96, .end = copy + cut};
			BlCursor	cursor = {.next = copy};

			memcpy(copy, day, (size_t) cut);
			bl_days_kernels(&kernels, 15, w > 0 && bl_days_wide_here());
			bl_days_open(&days, &kernels, BL_PEAK_SPAN);
			CHECK_EQ(bl_days_add(&days, &sums, &p, &cursor, maps, 2, 0), cut == size);
			/* a count of slots, quality runs, a wide block, no map */
			for (int bit = 5; bit < 8 && cut == size; bit++)
			{
				cursor = (BlCursor) {.next = copy};
				copy[0] = (uint8_t) (8 | 1 << bit);
				CHECK_EQ(bl_days_add(&days, &sums, &p, &cursor, maps, 1, 0), 0);
			}
			copy[0] = 8;
			cursor = (BlCursor) {.next = copy};
			CHECK_EQ(bl_days_add(&days, &sums, &p, &cursor, maps + 1, 1, 0), 0);
			free(copy);
		}
}

int
main(void)
{
	RUN(narrow);
	RUN(wide);
	RUN(full);
	RUN(left_alone);
	return DONE();
}

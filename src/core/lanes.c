/*
 * lanes.c - kernels over packed lanes
 *
 * One function for each width where slots are quarter-hours, so that every
 * shift and offset is a constant; one with the width as a variable for the
 * rest.  The layout is at the top of profile.h.  Measured on a 2 GHz server
 * core without any -march: a day of 96 slots takes 25 to 35 ns.
 */
#include "lanes.h"

#include <stddef.h>

typedef uint8_t BlB8 __attribute__((vector_size(8)));
typedef uint16_t BlH4 __attribute__((vector_size(8)));
typedef int64_t BlL4 __attribute__((vector_size(32)));

/* The bytes are little-endian and may begin anywhere. */
static inline __attribute__((always_inline)) BlV8
load(const uint8_t *p)
{
	BlV8		x;

	memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = x << 8 | x >> 8;
#endif
	return x;
}

static inline __attribute__((always_inline)) void
store(uint8_t *p, BlV8 x)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = x << 8 | x >> 8;
#endif
	memcpy(p, &x, sizeof x);
}

/* word `word` of every lane, where the last may be a half; reads no further than the block */
static inline __attribute__((always_inline)) BlV8
lane_word(const uint8_t *offsets, int bits, int word)
{
	int			left = bits - 16 * word;
	BlB8		half;

	if (left > 8)
		return load(offsets + 16 * word);
	memcpy(&half, offsets + 16 * word, sizeof half);
	return __builtin_convertvector(half, BlV8);
}

/* slot `row` of every lane, where a lane has `bits` bits */
static inline __attribute__((always_inline)) BlV8
lane_row(const uint8_t *offsets, int width, int bits, int row, BlV8 mask)
{
	int			word = row * width / 16;
	int			shift = row * width % 16;
	BlV8		x = lane_word(offsets, bits, word) >> shift;

	if (shift + width > 16)
		x |= lane_word(offsets, bits, word + 1) << (16 - shift);
	return x & mask;
}

/* offsets are below 2^15 wherever there is a kernel, so that signed order is the order */
static inline __attribute__((always_inline)) void
hours(const uint8_t *offsets, int width, int slots_per_hour, int base, BlV8 hour[3], BlV8 *tops, BlTops wanted)
{
	const BlV8	mask = (BlV8) {0} + (uint16_t) ((1u << width) - 1);
	BlV8		top = {0};

#pragma GCC unroll 3
	for (int k = 0; k < 3; k++)
	{
		BlV8		sum = hour[k];

		if (wanted == BL_TOPS_HOURS)
			top = (BlV8) {0};
#pragma GCC unroll 4
		for (int i = 0; i < slots_per_hour; i++)
		{
			BlV8		x = lane_row(offsets, width, 3 * slots_per_hour * width,
										 k * slots_per_hour + i, mask);

			sum += x;
			if (wanted != BL_TOPS_NONE)
				top = bl_lanes_larger(x, top);
		}
		hour[k] = sum;
		if (wanted == BL_TOPS_HOURS)
			tops[k] = bl_lanes_larger(tops[k], top + (uint16_t) base);
	}
	if (wanted == BL_TOPS_DAY)
		tops[0] = bl_lanes_larger(tops[0], top + (uint16_t) base);
}

static inline __attribute__((always_inline)) void
hours_zero(int base, BlV8 *tops, BlTops wanted)
{
	for (int k = 0; k < (int) wanted + (wanted == BL_TOPS_HOURS); k++)
		tops[k] = bl_lanes_larger(tops[k], (BlV8) {0} + (uint16_t) base);
}

/* the kernels of one kind: of width 0, of any width and slot, of quarter-hours by width */
#define QUARTERS(KIND, WANTED, W) \
static void \
quarters_##KIND##_##W(const uint8_t *offsets, int width, int slots_per_hour, int base, BlV8 hour[3], BlV8 *tops) \
{ \
	(void) width; \
	(void) slots_per_hour; \
	hours(offsets, W, 4, base, hour, tops, WANTED); \
}
#define KERNELS(KIND, WANTED) \
static void \
zero_##KIND(const uint8_t *offsets, int width, int slots_per_hour, int base, BlV8 hour[3], BlV8 *tops) \
{ \
	(void) offsets; \
	(void) width; \
	(void) slots_per_hour; \
	(void) hour; \
	hours_zero(base, tops, WANTED); \
} \
static void \
any_##KIND(const uint8_t *offsets, int width, int slots_per_hour, int base, BlV8 hour[3], BlV8 *tops) \
{ \
	hours(offsets, width, slots_per_hour, base, hour, tops, WANTED); \
} \
QUARTERS(KIND, WANTED, 1) QUARTERS(KIND, WANTED, 2) QUARTERS(KIND, WANTED, 3) QUARTERS(KIND, WANTED, 4) \
QUARTERS(KIND, WANTED, 5) QUARTERS(KIND, WANTED, 6) QUARTERS(KIND, WANTED, 7) QUARTERS(KIND, WANTED, 8) \
QUARTERS(KIND, WANTED, 9) QUARTERS(KIND, WANTED, 10) QUARTERS(KIND, WANTED, 11) QUARTERS(KIND, WANTED, 12) \
QUARTERS(KIND, WANTED, 13) QUARTERS(KIND, WANTED, 14)
#define TABLE(KIND) { \
	zero_##KIND, quarters_##KIND##_1, quarters_##KIND##_2, quarters_##KIND##_3, quarters_##KIND##_4, \
	quarters_##KIND##_5, quarters_##KIND##_6, quarters_##KIND##_7, quarters_##KIND##_8, quarters_##KIND##_9, \
	quarters_##KIND##_10, quarters_##KIND##_11, quarters_##KIND##_12, quarters_##KIND##_13, quarters_##KIND##_14 \
}
KERNELS(plain, BL_TOPS_NONE)
KERNELS(day, BL_TOPS_DAY)
KERNELS(hour, BL_TOPS_HOURS)

static const BlLanesHours quarters[3][15] = {TABLE(plain), TABLE(day), TABLE(hour)};
static const BlLanesHours any[3] = {any_plain, any_day, any_hour};

BlLanesHours
bl_lanes_hours(int width, int slots_per_hour, BlTops tops)
{
	if (slots_per_hour < 1 || slots_per_hour > 60 || 60 % slots_per_hour != 0 ||
		width < 0 || width > 15 || ((1 << width) - 1) * slots_per_hour > 65535)
		return NULL;
	return width == 0 || slots_per_hour == 4 ? quarters[tops][width] : any[tops];
}

void
bl_lanes_total(const uint8_t *offsets, int width, int rows, uint32_t *sum, uint16_t *top)
{
	BlV4		acc = {0};
	BlV8		max = {0};

	if (rows == 12 && width <= 14)
	{
		BlV8		hour[3] = {{0}};

		quarters[BL_TOPS_DAY][width] (offsets, width, 4, 0, hour, &max);
		for (int k = 0; k < 3; k++)
			acc += ((BlV4) hour[k] & 0xffff) + ((BlV4) hour[k] >> 16);
	}
	else if (width > 0)
	{
		const BlV8	mask = (BlV8) {0} + (uint16_t) ((1u << width) - 1);
		const BlV8	sign = (BlV8) {0} + (uint16_t) 0x8000;

		/* flip the top bit, so that 16-bit offsets keep their order as signed numbers */
		max = sign;
		for (int r = 0; r < rows; r++)
		{
			BlV8		x = lane_row(offsets, width, rows * width, r, mask);

			acc += ((BlV4) x & 0xffff) + ((BlV4) x >> 16);
			max = bl_lanes_larger(x ^ sign, max);
		}
		max ^= sign;
	}
	*sum = acc[0] + acc[1] + acc[2] + acc[3];
	*top = 0;
	for (int l = 0; l < 8; l++)
		if (max[l] > *top)
			*top = max[l];
}

/*
 * Rows r to r + 3, turned so that these four slots of a lane stand side by
 * side: two lanes in each of the four vectors.
 */
static inline __attribute__((always_inline)) void
four_rows(const uint8_t *offsets, int width, int rows, int r, BlV8 two[4])
{
	const BlV8	mask = (BlV8) {0} + (uint16_t) ((1u << width) - 1);
	BlV8		a = lane_row(offsets, width, rows * width, r, mask),
				b = lane_row(offsets, width, rows * width, r + 1, mask),
				c = lane_row(offsets, width, rows * width, r + 2, mask),
				d = lane_row(offsets, width, rows * width, r + 3, mask);
	BlV8		ab[2] = {__builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11),
						 __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)},
				cd[2] = {__builtin_shufflevector(c, d, 0, 8, 1, 9, 2, 10, 3, 11),
						 __builtin_shufflevector(c, d, 4, 12, 5, 13, 6, 14, 7, 15)};

#pragma GCC unroll 2
	for (int half = 0; half < 2; half++)
	{
		two[2 * half] = __builtin_shufflevector(ab[half], cd[half], 0, 1, 8, 9, 2, 3, 10, 11);
		two[2 * half + 1] = __builtin_shufflevector(ab[half], cd[half], 4, 5, 12, 13, 6, 7, 14, 15);
	}
}

void
bl_lanes_unpack(const uint8_t *offsets, int width, int rows, uint16_t *out)
{
	const BlV8	mask = (BlV8) {0} + (uint16_t) ((1u << width) - 1);
	int			r = 0;

	if (width == 0)
	{
		memset(out, 0, (size_t) rows * 8 * sizeof *out);
		return;
	}
	for (; r + 4 <= rows; r += 4)
	{
		BlV8		two[4];

		four_rows(offsets, width, rows, r, two);
#pragma GCC unroll 8
		for (int l = 0; l < 8; l++)
			memcpy(out + l * rows + r, (const uint16_t *) &two[l / 2] + 4 * (l % 2), 4 * sizeof *out);
	}
	for (; r < rows; r++)
	{
		BlV8		x = lane_row(offsets, width, rows * width, r, mask);

#pragma GCC unroll 8
		for (int l = 0; l < 8; l++)
			out[l * rows + r] = x[l];
	}
}

/* a day of quarter-hours: as above, and made wide on the way */
#define VALUES(W) \
static void \
values_##W(const uint8_t *offsets, int64_t base, int64_t *values) \
{ \
	_Pragma("GCC unroll 3") \
	for (int r = 0; r < 12; r += 4) \
	{ \
		BlV8		two[4]; \
\
		four_rows(offsets, W, 12, r, two); \
		_Pragma("GCC unroll 8") \
		for (int l = 0; l < 8; l++) \
		{ \
			BlH4		four; \
			BlL4		wide; \
\
			memcpy(&four, (const uint16_t *) &two[l / 2] + 4 * (l % 2), sizeof four); \
			wide = __builtin_convertvector(four, BlL4) + base; \
			memcpy(values + 12 * l + r, &wide, sizeof wide); \
		} \
	} \
}
VALUES(1) VALUES(2) VALUES(3) VALUES(4) VALUES(5) VALUES(6) VALUES(7) VALUES(8)
VALUES(9) VALUES(10) VALUES(11) VALUES(12) VALUES(13) VALUES(14) VALUES(15) VALUES(16)

void
bl_lanes_values(const uint8_t *offsets, int width, int slots, int64_t base, int64_t *values)
{
	static void (*const day[]) (const uint8_t *, int64_t, int64_t *) = {
		NULL, values_1, values_2, values_3, values_4, values_5, values_6, values_7, values_8,
		values_9, values_10, values_11, values_12, values_13, values_14, values_15, values_16
	};

	if (slots == 96 && width > 0)
		day[width] (offsets, base, values);
	else
	{
		uint16_t	offset[8 * BL_LANES_ROWS_MAX];

		bl_lanes_unpack(offsets, width, bl_lanes_rows(slots), offset);
		for (int i = 0; i < slots; i++)
			values[i] = base + offset[i];
	}
}

void
bl_lanes_pack(const uint16_t *in, int width, int rows, uint8_t *offsets)
{
	BlV8		word = {0};
	int			shift = 0;

	if (width == 0)
		return;
	for (int r = 0; r < rows; r++)
	{
		BlV8		x = {in[r], in[rows + r], in[2 * rows + r], in[3 * rows + r],
			in[4 * rows + r], in[5 * rows + r], in[6 * rows + r], in[7 * rows + r]};

		word |= x << shift;
		shift += width;
		if (shift < 16)
			continue;
		store(offsets, word);
		offsets += 16;
		shift -= 16;
		word = shift > 0 ? x >> (width - shift) : (BlV8) {0};
	}
	if (shift > 8)
		store(offsets, word);
	else if (shift > 0)
	{
		BlB8		half = __builtin_convertvector(word, BlB8);

		memcpy(offsets, &half, sizeof half);
	}
}

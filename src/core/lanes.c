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

typedef int16_t BlS8 __attribute__((vector_size(16)));
typedef uint8_t BlB8 __attribute__((vector_size(8)));

/* the larger of each pair; both are below 2^15, where signed order is the order */
static inline __attribute__((always_inline)) BlV8
larger(BlV8 a, BlV8 b)
{
	BlV8		above = (BlV8) ((BlS8) a > (BlS8) b);

	return (a & above) | (b & ~above);
}

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

static inline __attribute__((always_inline)) void
hours(const uint8_t *offsets, int width, int slots_per_hour, BlV8 hour[3], BlV8 tops[3])
{
	const BlV8	mask = (BlV8) {0} + (uint16_t) ((1u << width) - 1);

#pragma GCC unroll 3
	for (int k = 0; k < 3; k++)
	{
		BlV8		sum = {0};
		BlV8		top = {0};

#pragma GCC unroll 4
		for (int i = 0; i < slots_per_hour; i++)
		{
			BlV8		x = lane_row(offsets, width, 3 * slots_per_hour * width,
										 k * slots_per_hour + i, mask);

			sum += x;
			top = larger(x, top);
		}
		hour[k] = sum;
		tops[k] = top;
	}
}

static void
hours_0(const uint8_t *offsets, int width, int slots_per_hour, BlV8 hour[3], BlV8 tops[3])
{
	(void) offsets;
	(void) width;
	(void) slots_per_hour;
	for (int k = 0; k < 3; k++)
		hour[k] = tops[k] = (BlV8) {0};
}

static void
hours_any(const uint8_t *offsets, int width, int slots_per_hour, BlV8 hour[3], BlV8 tops[3])
{
	hours(offsets, width, slots_per_hour, hour, tops);
}

#define QUARTERS(W) \
static void \
quarters_##W(const uint8_t *offsets, int width, int slots_per_hour, BlV8 hour[3], BlV8 tops[3]) \
{ \
	(void) width; \
	(void) slots_per_hour; \
	hours(offsets, W, 4, hour, tops); \
}
QUARTERS(1) QUARTERS(2) QUARTERS(3) QUARTERS(4) QUARTERS(5) QUARTERS(6) QUARTERS(7)
QUARTERS(8) QUARTERS(9) QUARTERS(10) QUARTERS(11) QUARTERS(12) QUARTERS(13) QUARTERS(14)

static const BlLanesHours quarters[15] = {
	hours_0, quarters_1, quarters_2, quarters_3, quarters_4, quarters_5, quarters_6, quarters_7,
	quarters_8, quarters_9, quarters_10, quarters_11, quarters_12, quarters_13, quarters_14
};

BlLanesHours
bl_lanes_hours(int width, int slots_per_hour)
{
	if (slots_per_hour < 1 || slots_per_hour > 60 || 60 % slots_per_hour != 0 ||
		width < 0 || width > 15 || ((1 << width) - 1) * slots_per_hour > 65535)
		return NULL;
	if (width == 0)
		return hours_0;
	return slots_per_hour == 4 ? quarters[width] : hours_any;
}

void
bl_lanes_total(const uint8_t *offsets, int width, int rows, uint32_t *sum, uint16_t *top)
{
	BlV4		acc = {0};
	BlV8		max = {0};

	if (rows == 12 && width <= 14)
	{
		BlV8		hour[3];
		BlV8		tops[3];

		quarters[width] (offsets, width, 4, hour, tops);
		for (int k = 0; k < 3; k++)
		{
			acc += ((BlV4) hour[k] & 0xffff) + ((BlV4) hour[k] >> 16);
			max = larger(tops[k], max);
		}
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
			max = larger(x ^ sign, max);
		}
		max ^= sign;
	}
	*sum = acc[0] + acc[1] + acc[2] + acc[3];
	*top = 0;
	for (int l = 0; l < 8; l++)
		if (max[l] > *top)
			*top = max[l];
}

void
bl_lanes_unpack(const uint8_t *offsets, int width, int rows, uint16_t *out)
{
	const BlV8	mask = (BlV8) {0} + (uint16_t) ((1u << width) - 1);

	if (width == 0)
	{
		memset(out, 0, (size_t) rows * 8 * sizeof *out);
		return;
	}
	for (int r = 0; r < rows; r++)
	{
		BlV8		x = lane_row(offsets, width, rows * width, r, mask);

#pragma GCC unroll 8
		for (int l = 0; l < 8; l++)
			out[l * rows + r] = x[l];
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

/*
 * lanes.h - sums over narrow blocks without unpacking them slot by slot
 *
 * Works on the compiler's vector types, so plain SSE2 or NEON is enough; it does not find SSE2's maximum by itself.  See profile.h for the layout.
 */
#ifndef BL_LANES_H
#define BL_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef uint16_t BlV8 __attribute__((vector_size(16)));
typedef int16_t BlS8 __attribute__((vector_size(16)));
typedef uint32_t BlV4 __attribute__((vector_size(16)));
typedef int32_t BlS4 __attribute__((vector_size(16)));

enum
{
	BL_LANES_ROWS_MAX = 188		/* of the longest block: profile.h */
};

/* What a kernel tells of the highest values. */
typedef enum BlTops
{
	BL_TOPS_NONE,
	BL_TOPS_DAY,				/* top[0]: of all hours */
	BL_TOPS_HOURS				/* top[k]: as hour[k] */
} BlTops;

/*
 * The kernel for a whole 24-hour day in a narrow block.  The sum of the offsets (base not
 * added) of hour 3 * l + k is added to lane l of hour[k]; top is raised to the highest
 * base + offset, as signed numbers.
 */
typedef void (*BlLanesHours) (const uint8_t *offsets, int width, int slots_per_hour, int base, BlV8 hour[3], BlV8 *top);

/*
 * slots_per_hour is any divisor of 60.  NULL where the sums of an hour could
 * exceed 16 bits, or the width is 16: decode the block instead.
 */
extern BlLanesHours bl_lanes_hours(int width, int slots_per_hour, BlTops tops);

/* the larger of each pair, as signed numbers */
static inline __attribute__((always_inline)) BlV8
bl_lanes_larger(BlV8 a, BlV8 b)
{
#ifdef __SSE2__
	return (BlV8) _mm_max_epi16((__m128i) a, (__m128i) b);
#else
	BlV8		above = (BlV8) ((BlS8) a > (BlS8) b);

	return (a & above) | (b & ~above);
#endif
}

/* the sum and the highest of all offsets of a narrow block of any length */
extern void bl_lanes_total(const uint8_t *offsets, int width, int rows, uint32_t *sum, uint16_t *top);

/* offsets in the order of slots; out and in have 8 * rows places, those beyond the block's slots zero */
extern void bl_lanes_unpack(const uint8_t *offsets, int width, int rows, uint16_t *out);
/* the same as base + offset of each of the block's slots; slots at most 8 * BL_LANES_ROWS_MAX, width at most 16 */
extern void bl_lanes_values(const uint8_t *offsets, int width, int slots, int64_t base, int64_t *values);
extern void bl_lanes_pack(const uint16_t *in, int width, int rows, uint8_t *offsets);

/* how many slots a lane holds, and how many bytes all lanes take */
static inline int
bl_lanes_rows(int slots)
{
	return (slots + 7) / 8;
}

static inline size_t
bl_lanes_bytes(int rows, int width)
{
	return (size_t) (rows * width + 7) / 8 * 8;
}

#endif							/* BL_LANES_H */

/*
 * days_wide.c - whole days of quarter-hours in 64-byte vectors; see days.h
 *
 * The four slots of an hour take at most 56 bits of a lane, which lie within 64 bits
 * from a word's edge.  One byte permute brings those 64 bits of each lane together, one
 * shift of many bytes sets its four slots side by side, one mask cuts them out: an
 * hour of all lanes in seven instructions, of any width, without a branch on it.
 * A day takes 8 to 12 ns, a third of what 16-byte vectors take (2 to 3 GHz server
 * cores of 2023).
 *
 * Where a processor has no such instructions, bl_days_wide_here() says so and the rest is not called.
 */
#include "days.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")))

bool
bl_days_wide_here(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi");
}

/*
 * Byte 8 l + 2 j + b of the permuted lanes is byte b of word j of lane l.  The
 * half word a block may end in has one byte a lane; what stands above it is cut off by the mask.
 */
#define LANE(L, B0, B1, B2, B3) \
	B0 + (L), B0 + (L) + 1, B1 + (L), B1 + (L) + 1, B2 + (L), B2 + (L) + 1, B3 + (L), B3 + (L) + 1
#define LANES(B0, B1, B2, B3, H0, H1, H2, H3) { \
	LANE(0, B0, B1, B2, B3), LANE(2, B0 - H0, B1 - H1, B2 - H2, B3 - H3), \
	LANE(4, B0 - 2 * H0, B1 - 2 * H1, B2 - 2 * H2, B3 - 2 * H3), LANE(6, B0 - 3 * H0, B1 - 3 * H1, B2 - 3 * H2, B3 - 3 * H3), \
	LANE(8, B0 - 4 * H0, B1 - 4 * H1, B2 - 4 * H2, B3 - 4 * H3), LANE(10, B0 - 5 * H0, B1 - 5 * H1, B2 - 5 * H2, B3 - 5 * H3), \
	LANE(12, B0 - 6 * H0, B1 - 6 * H1, B2 - 6 * H2, B3 - 6 * H3), LANE(14, B0 - 7 * H0, B1 - 7 * H1, B2 - 7 * H2, B3 - 7 * H3) \
}
static const uint8_t gather[5][64] __attribute__((aligned(64))) = {
	LANES(0, 16, 32, 48, 0, 0, 0, 0),	/* no half */
	LANES(0, 16, 32, 48, 1, 0, 0, 0),	/* the first word */
	LANES(0, 16, 32, 48, 0, 1, 0, 0),
	LANES(0, 16, 32, 48, 0, 0, 1, 0),
	LANES(0, 16, 32, 48, 0, 0, 0, 1)
};

void
bl_days_wide_kernels(BlWideKernel kernel[BL_WIDE_WIDTHS])
{
	for (int w = 0; w < BL_WIDE_WIDTHS; w++)
	{
		BlWideKernel *k = &kernel[w];
		int			bytes = (int) bl_lanes_bytes(12, w);

		k->half = -1;
		k->mask = (uint16_t) ((1 << w) - 1);
		k->base = INT16_MAX + 1 - (1 << w);
		k->size = 3 + bytes;
		for (int hour = 0; hour < 3; hour++)
		{
			int			word = 4 * hour * w / 16;
			int			bit = 4 * hour * w % 16;
			int			left = (bytes - 16 * word) / 8;

			k->from[hour] = 16 * word;
			k->valid[hour] = (uint8_t) (left >= 8 ? 0xff : (1 << left) - 1);
			k->bits[hour] = 0;
			for (int slot = 0; slot < 4; slot++)
				k->bits[hour] |= (uint64_t) ((bit + slot * w) | ((bit + slot * w + 8) & 63) << 8) << 16 * slot;
			if (hour == 2 && bytes % 16 != 0)
				k->half = (int8_t) (bytes / 16 - word);
		}
	}
}

static inline __attribute__((always_inline)) WIDE __m512i
hour_of(const BlWideKernel *k, const uint8_t *offsets, int hour, __m512i gather_by, __m512i mask)
{
	__m512i		x = _mm512_maskz_loadu_epi64(k->valid[hour], offsets + k->from[hour]);

	x = _mm512_permutexvar_epi8(gather_by, x);
	x = _mm512_multishift_epi64_epi8(_mm512_set1_epi64((int64_t) k->bits[hour]), x);
	return _mm512_and_si512(x, mask);
}

/* sums into 64 bits a lane, so that there is room again */
static WIDE void
spill(BlHours *h)
{
	const __m512i low16 = _mm512_set1_epi32(0xffff),
				low32 = _mm512_set1_epi64(0xffffffff);

	for (int k = 0; k < 3; k++)
	{
		__m512i		x = (__m512i) h->wide[k];

		x = _mm512_add_epi32(_mm512_and_si512(x, low16), _mm512_srli_epi32(x, 16));
		x = _mm512_add_epi64(_mm512_and_si512(x, low32), _mm512_srli_epi64(x, 32));
		h->spill[k] = (BlV32) (h->has_spill ? _mm512_add_epi64((__m512i) h->spill[k], x) : x);
		h->wide[k] = (BlV32) _mm512_setzero_si512();
	}
	h->has_spill = true;
	h->wide_room = UINT16_MAX;
}

static WIDE void
begin_wide(BlHours *h, bool tops)
{
	h->has_wide = true;
	h->wide_room = UINT16_MAX;
	for (int k = 0; k < 3; k++)
	{
		h->wide[k] = (BlV32) _mm512_setzero_si512();
		if (tops)
			h->wide_top[k] = (BlV32) _mm512_set1_epi16(INT16_MIN);
	}
}

static inline __attribute__((always_inline)) WIDE int
add(BlDays *days, BlSums *sums, const BlProfile *p, const uint8_t **next, const BlDayMap *const *maps, int n, int piece, BlTops tops)
{
	const BlWideKernel *kernels = days->kernels->wide_kernel;
	const uint8_t *at = *next,
			   *end = p->end;
	const __m512i plain = _mm512_load_si512(gather[0]);
	__m512i		top = _mm512_set1_epi16(INT16_MIN);
	int			bases = 0;
	int			i;

	if (tops == BL_TOPS_DAY && days->has_wide_top)
		top = (__m512i) days->wide_top;
	for (i = 0; i < n && at < end; i++)
	{
		const BlDayMap *map = maps[i];
		const BlWideKernel *k;
		int			base;
		BlHours    *h;
		__m512i		a,
					b,
					c,
					mask;

		if (map == NULL || at[0] >= BL_WIDE_WIDTHS)
			break;
		/* a day's two lines, eight days ahead: the processor's own prefetching stops at pages */
		__builtin_prefetch(at + 1024);
		__builtin_prefetch(at + 1088);
		k = &kernels[at[0]];
		if (k->size > end - at)
			break;
		base = (int16_t) bl_le16(at + 1);
		if (tops != BL_TOPS_NONE && base > k->base)
			break;
		bases |= base;
		h = &days->hours[map->place];
		if (h->map != map)
			bl_days_begin(days, sums, map, piece);
		if (!h->has_wide)
			begin_wide(h, tops == BL_TOPS_HOURS);
		if (h->wide_room < k->mask)
			spill(h);
		h->wide_room -= k->mask;
		h->base += base;
		mask = _mm512_set1_epi16((int16_t) k->mask);
		a = hour_of(k, at + 3, 0, plain, mask);
		b = hour_of(k, at + 3, 1, plain, mask);
		c = hour_of(k, at + 3, 2, _mm512_load_si512(gather[k->half + 1]), mask);
		h->wide[0] = (BlV32) _mm512_add_epi16((__m512i) h->wide[0], a);
		h->wide[1] = (BlV32) _mm512_add_epi16((__m512i) h->wide[1], b);
		h->wide[2] = (BlV32) _mm512_add_epi16((__m512i) h->wide[2], c);
		mask = _mm512_set1_epi16((int16_t) base);
		if (tops == BL_TOPS_DAY)
			top = _mm512_max_epi16(top, _mm512_add_epi16(_mm512_max_epi16(_mm512_max_epi16(a, b), c), mask));
		if (tops == BL_TOPS_HOURS)
		{
			h->wide_top[0] = (BlV32) _mm512_max_epi16((__m512i) h->wide_top[0], _mm512_add_epi16(a, mask));
			h->wide_top[1] = (BlV32) _mm512_max_epi16((__m512i) h->wide_top[1], _mm512_add_epi16(b, mask));
			h->wide_top[2] = (BlV32) _mm512_max_epi16((__m512i) h->wide_top[2], _mm512_add_epi16(c, mask));
		}
		at += k->size;
	}
	if (tops == BL_TOPS_DAY && i > 0)
	{
		days->wide_top = (BlV32) top;
		days->has_wide_top = true;
	}
	days->bases |= bases;
	*next = at;
	return i;
}

WIDE int
bl_days_wide_add(BlDays *days, BlSums *sums, const BlProfile *p, const uint8_t **next, const BlDayMap *const *maps, int n, int piece)
{
	switch (days->tops)
	{
		case BL_TOPS_NONE:
			return add(days, sums, p, next, maps, n, piece, BL_TOPS_NONE);
		case BL_TOPS_DAY:
			return add(days, sums, p, next, maps, n, piece, BL_TOPS_DAY);
		case BL_TOPS_HOURS:
			return add(days, sums, p, next, maps, n, piece, BL_TOPS_HOURS);
	}
	return 0;
}

WIDE void
bl_days_wide_sums(BlHours *const *list, int n, int periods, int64_t *sum)
{
	for (int i = 0; i < n; i++)
		if (list[i]->has_wide)
			spill(list[i]);
	for (int p = 0; p < periods; p++)
	{
		__m512i		x = _mm512_setzero_si512();

		for (int i = 0; i < n; i++)
		{
			const BlHours *h = list[i];
			const uint8_t *lanes = h->map->mask[p].lanes;

			if (h->has_wide)
				for (int k = 0; k < 3; k++)
					x = _mm512_mask_add_epi64(x, lanes[k], x, (__m512i) h->spill[k]);
		}
		sum[p] += _mm512_reduce_add_epi64(x);
	}
}

void
bl_days_wide_tops(const BlHours *h, BlSums *sums)
{
	for (int hour = 0; hour < 24; hour++)
		for (int slot = 0; slot < 4; slot++)
			bl_peak_of(sums, h->map->hour[hour], (int16_t) h->wide_top[hour % 3][4 * (hour / 3) + slot]);
}

WIDE int
bl_days_wide_top(const BlDays *days)
{
	__m512i		x = (__m512i) days->wide_top;
	__m256i		y = _mm256_max_epi16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
	__m128i		z = _mm_max_epi16(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));

	/* the lowest of unsigned numbers is found by one instruction, so the order is turned round */
	z = _mm_minpos_epu16(_mm_sub_epi16(_mm_set1_epi16(INT16_MAX), z));
	return INT16_MAX - _mm_extract_epi16(z, 0);
}

#else

bool
bl_days_wide_here(void)
{
	return false;
}

void
bl_days_wide_kernels(BlWideKernel kernel[BL_WIDE_WIDTHS])
{
	(void) kernel;
}

int
bl_days_wide_add(BlDays *days, BlSums *sums, const BlProfile *p, const uint8_t **next, const BlDayMap *const *maps, int n, int piece)
{
	(void) days, (void) sums, (void) p, (void) next, (void) maps, (void) n, (void) piece;
	return 0;
}

void
bl_days_wide_sums(BlHours *const *list, int n, int periods, int64_t *sum)
{
	(void) list, (void) n, (void) periods, (void) sum;
}

void
bl_days_wide_tops(const BlHours *h, BlSums *sums)
{
	(void) h, (void) sums;
}

int
bl_days_wide_top(const BlDays *days)
{
	(void) days;
	return 0;
}

#endif

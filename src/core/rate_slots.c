/*
 * rate_slots.c - loops over the slots of a span, each compiled twice
 *
 * The same plain C is compiled for any processor of the architecture and, as days_wide.c
 * is written, for 64-byte vectors, which have what 16-byte ones lack for 64-bit slots:
 * shifts that keep the sign, and comparisons.
 */
#include "rate_slots.h"

#include <stddef.h>

#include "rate_work.h"

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")))
#else
#define WIDE
#endif
#define BODY static inline __attribute__((always_inline))

/* ---- import and export set off against each other ---- */

BODY bool
net(const int64_t *restrict import, const int64_t *restrict export, int n, int64_t *restrict more, int64_t *restrict less)
{
	uint64_t	seen = 0;

	for (int i = 0; i < n; i++)
	{
		int64_t		net = (int64_t) ((uint64_t) import[i] - (uint64_t) export[i]);
		int64_t		sign = net >> 63;

		seen |= ((uint64_t) import[i] + BL_SMALL_LIFT) | ((uint64_t) export[i] + BL_SMALL_LIFT);
		more[i] = net & ~sign;
		if (less != NULL)
			less[i] = (int64_t) (0 - (uint64_t) (net & sign));
	}
	return seen >> BL_SMALL_BITS >> 1 == 0;
}

static bool
net_plain(const int64_t *import, const int64_t *export, int n, int64_t *more, int64_t *less)
{
	return less == NULL ? net(import, export, n, more, NULL) : net(import, export, n, more, less);
}

static WIDE bool
net_wide(const int64_t *import, const int64_t *export, int n, int64_t *more, int64_t *less)
{
	return less == NULL ? net(import, export, n, more, NULL) : net(import, export, n, more, less);
}

bool
bl_slots_net(const int64_t *import, const int64_t *export, int n, int64_t *const left[2], bool wide)
{
	static const int64_t nothing[256];
	bool		small = true;

	/* in stretches: of a channel that is not there all are alike */
	for (int from = 0; from < n; from += 256)
	{
		const int64_t *in = import != NULL ? import + from : nothing;
		const int64_t *out = export != NULL ? export + from : nothing;
		int			m = n - from < 256 ? n - from : 256;

		small &= (wide ? net_wide : net_plain) (in, out, m, left[0] + from, left[1] != NULL ? left[1] + from : NULL);
	}
	return small;
}

/* ---- windows ---- */

BODY int64_t
pair_top(const int64_t *value, int n)
{
	int64_t		top = value[0] + value[1];

	for (int i = 1; i < n; i++)
	{
		int64_t		sum = value[i] + value[i + 1];

		top = top > sum ? top : sum;
	}
	return top;
}

static int64_t
pair_top_plain(const int64_t *value, int n)
{
	return pair_top(value, n);
}

static WIDE int64_t
pair_top_wide(const int64_t *value, int n)
{
	return pair_top(value, n);
}

int64_t
bl_slots_window_top(const int64_t *value, int n, int window, bool wide)
{
	int64_t		sum = 0,
				top;

	/* half an hour of quarters */
	if (window == 2)
		return (wide ? pair_top_wide : pair_top_plain) (value, n);
	for (int k = 0; k < window; k++)
		sum += value[k];
	top = sum;
	for (int i = 1; i < n; i++)
	{
		sum += value[i + window - 1] - value[i - 1];
		top = top > sum ? top : sum;
	}
	return top;
}

/*
 * kernel.c - how fast the work of W1 can go on this machine with no database
 *
 *	kernel METERS
 *
 * Packs the readings of METERS meters into lanes in memory, then answers each
 * line of its input, a number of threads, with milliseconds and the answer.
 * Every day is one block: base (2 bytes), width (1), then 96 offsets in 8 lanes
 * of 16-bit words, lane l holding readings 12 l to 12 l + 11 one after another.
 * Unpacking is shifts of whole vectors, and hour 3 l + k is the sum of rows 4 k to
 * 4 k + 3 of lane l.  This is the bare loop that others are measured by: no
 * header, no checks, no gaps, no other slots; the tariff is compiled in.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "meter.h"

typedef uint16_t v8 __attribute__((vector_size(16)));
typedef uint32_t v4 __attribute__((vector_size(16)));

enum
{
	DAYS = 30,
	SLOTS = 96,
	LANES = 8,
	ROWS = SLOTS / LANES,
	WIDTH_MAX = 14,				/* four such offsets fit a 16-bit sum */
	THREADS_MAX = 16
};

static int	meters;
static uint8_t *lanes;
static size_t *lanes_at;		/* where a meter's blocks begin */
static v8	hour_mask[DAYS][PERIODS][3];
static int	slots_of[DAYS][PERIODS];

static inline v8
load8(const uint8_t *p)
{
	v8			x;

	memcpy(&x, p, sizeof x);
	return x;
}

static inline v8
larger(v8 a, v8 b)
{
	return (v8) (((a > b) & a) | ((a <= b) & b));
}

/* A function for each width, so that every shift and offset is a constant. */
#define LANE_SUMS(W) \
static void \
lane_sums_##W(const uint8_t *p, v8 hour[3], v8 *top) \
{ \
	const v8	mask = (v8) {0} + (uint16_t) ((1u << W) - 1); \
	v8			max = {0}; \
\
	_Pragma("GCC unroll 3") \
	for (int k = 0; k < 3; k++) \
	{ \
		v8			sum = {0}; \
\
		_Pragma("GCC unroll 4") \
		for (int r = 4 * k; r < 4 * k + 4; r++) \
		{ \
			int			word = r * W / 16; \
			int			shift = r * W % 16; \
			v8			x = load8(p + 16 * word) >> shift; \
\
			if (shift + W > 16) \
				x |= load8(p + 16 * (word + 1)) << (16 - shift); \
			x &= mask; \
			sum += x; \
			max = larger(x, max); \
		} \
		hour[k] = sum; \
	} \
	*top = max; \
}
LANE_SUMS(1) LANE_SUMS(2) LANE_SUMS(3) LANE_SUMS(4) LANE_SUMS(5) LANE_SUMS(6) LANE_SUMS(7)
LANE_SUMS(8) LANE_SUMS(9) LANE_SUMS(10) LANE_SUMS(11) LANE_SUMS(12) LANE_SUMS(13) LANE_SUMS(14)

static void
lane_sums_0(const uint8_t *p, v8 hour[3], v8 *top)
{
	(void) p;
	hour[0] = hour[1] = hour[2] = *top = (v8) {0};
}

static void (*const lane_sums[WIDTH_MAX + 1]) (const uint8_t *, v8 *, v8 *) = {
	lane_sums_0, lane_sums_1, lane_sums_2, lane_sums_3, lane_sums_4, lane_sums_5, lane_sums_6, lane_sums_7,
	lane_sums_8, lane_sums_9, lane_sums_10, lane_sums_11, lane_sums_12, lane_sums_13, lane_sums_14
};

static inline size_t
lane_bytes(int width)
{
	return (size_t) (width * ROWS + 15) / 16 * 16;
}

static void
rate_meters(int from, int to, Answer *answer)
{
	for (int m = from; m < to; m++)
	{
		const uint8_t *p = lanes + lanes_at[m];
		int64_t		wh[PERIODS] = {0};
		v4			acc[PERIODS] = {{0}};
		v8			peaks = {0};
		int			peak = 0;

		for (int d = 0; d < DAYS; d++)
		{
			int			base = p[0] | p[1] << 8;
			int			width = p[2];
			v8			hour[3];
			v8			max;

			lane_sums[width] (p + 3, hour, &max);
			p += 3 + lane_bytes(width);
			for (int i = 0; i < PERIODS; i++)
			{
				wh[i] += (int64_t) base * slots_of[d][i];
				for (int k = 0; k < 3; k++)
				{
					v4			x = (v4) (hour[k] & hour_mask[d][i][k]);

					acc[i] += (x & 0xffff) + (x >> 16);
				}
			}
			max += (uint16_t) base;
			peaks = larger(max, peaks);
		}
		for (int l = 0; l < LANES; l++)
			peak = peaks[l] > peak ? peaks[l] : peak;
		for (int i = 0; i < PERIODS; i++)
			wh[i] += (int64_t) acc[i][0] + acc[i][1] + acc[i][2] + acc[i][3];
		answer_add(answer, m + 1, wh, (int64_t) peak * 4);
	}
}

/* Packs a day at p; returns its size. */
static size_t
pack_day(const int32_t wh[SLOTS], uint8_t *p)
{
	uint16_t	words[WIDTH_MAX * ROWS / 16 + 2][LANES] = {{0}};
	int			low = wh[0];
	int			high = wh[0];
	int			width = 0;

	for (int s = 1; s < SLOTS; s++)
	{
		low = wh[s] < low ? wh[s] : low;
		high = wh[s] > high ? wh[s] : high;
	}
	while ((high - low) >> width)
		width++;
	if (width > WIDTH_MAX)
		abort();
	for (int s = 0; s < SLOTS; s++)
	{
		int			bit = s % ROWS * width;
		uint32_t	offset = (uint32_t) (wh[s] - low) << bit % 16;

		words[bit / 16][s / ROWS] |= (uint16_t) offset;
		words[bit / 16 + 1][s / ROWS] |= (uint16_t) (offset >> 16);
	}
	p[0] = (uint8_t) low;
	p[1] = (uint8_t) (low >> 8);
	p[2] = (uint8_t) width;
	memcpy(p + 3, words, lane_bytes(width));
	return 3 + lane_bytes(width);
}

static void
prepare(void)
{
	const MeterClass *c = &CLASSES[0];
	size_t		used = 0;
	int32_t		wh[DAY_SLOTS_MAX];

	lanes = malloc((size_t) meters * DAYS * (3 + lane_bytes(WIDTH_MAX)) + 16);
	lanes_at = malloc((size_t) meters * sizeof *lanes_at);
	if (lanes == NULL || lanes_at == NULL)
	{
		fputs("kernel: out of memory\n", stderr);
		exit(1);
	}
	for (int m = 0; m < meters; m++)
	{
		lanes_at[m] = used;
		for (int d = 0; d < DAYS; d++)
		{
			meter_day(c, m + 1, d, wh);
			used += pack_day(wh, lanes + used);
		}
	}
	for (int d = 0; d < DAYS; d++)
		for (int h = 0; h < HOURS; h++)
		{
			int			period = period_of(c->first_day + d, h);

			hour_mask[d][period][h % 3][h / 3] = 0xffff;
			slots_of[d][period] += 4;
		}
	printf("{\"bytes\": %.3f}\n", (double) used / ((double) meters * DAYS * SLOTS));
}

typedef struct Job
{
	int			from;
	int			to;
	Answer		answer;
} Job;

static void *
work(void *argument)
{
	Job		   *job = argument;

	rate_meters(job->from, job->to, &job->answer);
	return NULL;
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e3 + (double) t.tv_nsec * 1e-6;
}

int
main(int argc, char **argv)
{
	char		line[32];

	meters = argc == 2 ? atoi(argv[1]) : 0;
	if (meters < 1)
	{
		fputs("kernel METERS\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	prepare();
	while (fgets(line, sizeof line, stdin) != NULL)
	{
		int			n = atoi(line);
		Job			job[THREADS_MAX] = {{0}};
		pthread_t	thread[THREADS_MAX];
		Answer		all;
		double		start = now_ms();

		if (n < 1 || n > THREADS_MAX)
			return 2;
		for (int i = 0; i < n; i++)
		{
			job[i].from = (int) ((int64_t) meters * i / n);
			job[i].to = (int) ((int64_t) meters * (i + 1) / n);
			if (i > 0 && pthread_create(&thread[i], NULL, work, &job[i]) != 0)
				return 1;
		}
		work(&job[0]);
		all = job[0].answer;
		for (int i = 1; i < n; i++)
		{
			pthread_join(thread[i], NULL);
			all.n += job[i].answer.n;
			all.total += job[i].answer.total;
			all.mix += job[i].answer.mix;
			all.demand += job[i].answer.demand;
		}
		printf("%.4f %ld|%ld|%ld|%ld\n", now_ms() - start, (long) all.n, (long) all.total, (long) all.mix,
			   (long) all.demand);
	}
	return 0;
}

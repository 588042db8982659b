/*
 * tariff.h - W1, the tariff of the bench, in integers; w1.json says the same in our own language
 *
 * Four time-of-use periods with a summer season and weekends of their own, two
 * tiers on top, five surcharges: eleven lines, each rounded half-up to a fen
 * (0.01), their total, and the highest demand.  Energy is in Wh and prices
 * in 10^-5 a kWh, so that their product is 10^-8 and a fen is 10^6 of those.
 */
#ifndef BENCH_TARIFF_H
#define BENCH_TARIFF_H

#include <stdint.h>

enum
{
	HOURS = 24,
	PERIODS = 4,
	TIERS = 2,
	SURCHARGES = 5,
	LINES = PERIODS + TIERS + SURCHARGES,

	/* days of the year 2026, from 0 */
	MAY_17 = 136,
	JUNE_1 = 151,				/* summer begins */
	JULY_1 = 181,
	SEPTEMBER_1 = 243			/* summer is over */
};

/* C sharp, P peak, F flat, V valley: a letter an hour, [summer][weekend] */
static const char *const HOUR_MAP[2][2] = {
	{"VVVVVVVFPPPFFFFFFPPPPFFV", "VVVVVVVVFFFFFFFFFFPPPFFV"},
	{"VVVVVVVFPPCCFFPPPPPCCPFV", "VVVVVVVVFFFFFFFFFFCPPPFV"},
};
static const int64_t PRICE[PERIODS] = {134617, 107694, 64103, 30769};
static const int64_t TIER_FROM[TIERS] = {180000, 400000};	/* Wh of the billed span */
static const int64_t TIER_ADD[TIERS] = {5000, 30000};
static const int64_t SURCHARGE[SURCHARGES] = {196, 620, 1900, 358, 1025};

static inline int
period_of(int day_of_2026, int hour)
{
	int			weekday = (day_of_2026 + 4) % 7;	/* Sunday is 0 */
	int			summer = day_of_2026 >= JUNE_1 && day_of_2026 < SEPTEMBER_1;

	switch (HOUR_MAP[summer][weekday == 0 || weekday == 6][hour])
	{
		case 'C':
			return 0;
		case 'P':
			return 1;
		case 'F':
			return 2;
		default:
			return 3;
	}
}

/* never negative here, so adding half is half-up */
static inline int64_t
line_fen(int64_t wh, int64_t price)
{
	return (wh * price + 500000) / 1000000;
}

/* The lines of a bill, and their sum. */
static inline int64_t
rate_month(const int64_t wh[PERIODS], int64_t lines[LINES])
{
	int64_t		all = wh[0] + wh[1] + wh[2] + wh[3];
	int64_t		third = all > TIER_FROM[1] ? all - TIER_FROM[1] : 0;
	int64_t		second = all > TIER_FROM[0] ? all - TIER_FROM[0] - third : 0;
	int64_t		total = 0;
	int			n = 0;

	for (int i = 0; i < PERIODS; i++)
		lines[n++] = line_fen(wh[i], PRICE[i]);
	lines[n++] = line_fen(second, TIER_ADD[0]);
	lines[n++] = line_fen(third, TIER_ADD[1]);
	for (int i = 0; i < SURCHARGES; i++)
		lines[n++] = line_fen(all, SURCHARGE[i]);
	for (int i = 0; i < n; i++)
		total += lines[i];
	return total;
}

/* What every contender must answer: bills, fen, fen weighted by meter, watts. */
typedef struct Answer
{
	int64_t		n;
	int64_t		total;
	int64_t		mix;
	int64_t		demand;
} Answer;

/* Takes in a meter's bill; peak_w is the mean power of its highest slot. */
static inline void
answer_add(Answer *answer, int meter, const int64_t wh[PERIODS], int64_t peak_w)
{
	int64_t		lines[LINES];
	int64_t		total = rate_month(wh, lines);

	answer->n++;
	answer->total += total;
	answer->mix += total * (meter % 1009 + 1);
	answer->demand += peak_w;
}

#endif							/* BENCH_TARIFF_H */

/*
 * heavy.h - the heavy tariff of the bench, in integers; heavy.json says the same in our own language
 *
 * A home with a roof: import and export are netted slot by slot.  What is left
 * of the import climbs three tiers in the order of time, each with four prices by
 * period, and pays a part of the hour's spot price; what is left of the export
 * earns that price; the highest half-hour, at whatever quarter it begins, is
 * the demand.  Fifteen lines, each rounded half-up to a fen.
 */
#ifndef BENCH_HEAVY_H
#define BENCH_HEAVY_H

#include "meter.h"

enum
{
	HEAVY_TIERS = 3,
	HEAVY_DAY = 96,				/* slots */
	HEAVY_LINES = HEAVY_TIERS * PERIODS + 3
};

/* Wh where the tiers end, 10^-5 a kWh on top of W1's prices, fen for 10 kW of half an hour's mean */
static const int64_t HEAVY_TO[HEAVY_TIERS] = {180000, 400000, INT64_MAX};
static const int64_t HEAVY_ADD[HEAVY_TIERS] = {0, 5000, 30000};
static const int64_t HEAVY_DEMAND = 3800;

/* of the best hour, in 256ths: what the sun gives */
static const uint8_t SUN[HOURS] = {
	0, 0, 0, 0, 0, 4, 24, 70, 130, 190, 230, 252, 255, 246, 220, 180, 120, 60, 20, 3, 0, 0, 0, 0,
};

/* 10^-5 a kWh in an hour of the span; below zero at times */
static inline int64_t
spot_price(int hour)
{
	return hour * 7919 % 60000 - 9000;
}

/* what the roof of a meter gives on a day of the span, Wh a quarter-hour; bright and dull days */
static inline void
sun_day(int meter, int day, int32_t *wh)
{
	uint64_t	m = mix((uint64_t) meter * 2654435761u);
	uint64_t	weather = mix((uint64_t) day * 0x9e3779b9u);
	int			best = 100 + (int) (m >> 24 & 255);
	int			bright = 60 + (int) (weather % 196);

	for (int s = 0; s < HEAVY_DAY; s++)
	{
		uint64_t	r = mix(weather ^ m ^ (uint64_t) s);

		wh[s] = best * SUN[s / 4] / 256 * bright / 256 * (192 + (int) (r & 63)) / 256;
	}
}

/* half away from zero */
static inline int64_t
rounded_to(int64_t value, int64_t unit)
{
	return value < 0 ? -((-value + unit / 2) / unit) : (value + unit / 2) / unit;
}

/* A meter's bill in fen, slot by slot; *peak_w is its demand. */
static inline int64_t
heavy_bill(const MeterClass *c, int meter, int64_t *peak_w)
{
	int64_t		wh[HEAVY_TIERS][PERIODS] = {{0}};
	int64_t		counted = 0,
				balancing = 0,
				feed_in = 0,
				last = 0,
				most = 0,
				total = 0;

	for (int d = 0; d < c->days; d++)
	{
		int32_t		in[DAY_SLOTS_MAX],
					out[DAY_SLOTS_MAX];

		meter_day(c, meter, d, in);
		sun_day(meter, d, out);
		for (int s = 0; s < HEAVY_DAY; s++)
		{
			int64_t		net = in[s] - out[s];
			int64_t		left = net > 0 ? net : 0;
			int64_t		price = spot_price(d * HOURS + s / 4);
			int			period = period_of(c->first_day + d, s / 4);

			balancing += left * (price + 10000);
			if (net < 0)
				feed_in -= net * price;
			if (left + last > most)
				most = left + last;
			last = left;
			for (int t = 0; left > 0; t++)
			{
				int64_t		here = HEAVY_TO[t] - counted < left ? HEAVY_TO[t] - counted : left;

				if (here <= 0)
					continue;
				wh[t][period] += here;
				counted += here;
				left -= here;
			}
		}
	}
	for (int t = 0; t < HEAVY_TIERS; t++)
		for (int p = 0; p < PERIODS; p++)
			total += rounded_to(wh[t][p] * (PRICE[p] + HEAVY_ADD[t]), 1000000);
	total += rounded_to(balancing, 10000000);
	total -= rounded_to(feed_in, 1000000);
	*peak_w = most * 2;
	return total + rounded_to(*peak_w * HEAVY_DEMAND, 1000);
}

#endif							/* BENCH_HEAVY_H */

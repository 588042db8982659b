/*
 * meter.h - made-up meters, the same on every machine: integer arithmetic only
 *
 * W1 is the shape that the yardstick was measured with: 80 % homes, 15 % small
 * shops, 5 % vacant, thirty days from 17 May 2026.  The other classes are a
 * July of one kind of customer each, to see what a real mix takes.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <string.h>

#include "tariff.h"

enum
{
	DAY_SLOTS_MAX = 288,
	DAYS_MAX = 31
};

typedef enum Shape
{
	SHAPE_W1, SHAPE_HOME, SHAPE_CAR, SHAPE_SHOP
} Shape;

typedef struct MeterClass
{
	const char *name;
	Shape		shape;
	int			slot_minutes;
	int			first_day;		/* of 2026 */
	int			days;
} MeterClass;

static const MeterClass CLASSES[] = {
	{"w1", SHAPE_W1, 15, MAY_17, 30},
	{"household", SHAPE_HOME, 15, JULY_1, 31},
	{"electric_car", SHAPE_CAR, 15, JULY_1, 31},
	{"shop", SHAPE_SHOP, 15, JULY_1, 31},
	{"five_minute", SHAPE_HOME, 5, JULY_1, 31},
	{"solar", SHAPE_HOME, 15, MAY_17, 30},
};

static inline const MeterClass *
class_find(const char *name)
{
	for (unsigned i = 0; i < sizeof CLASSES / sizeof *CLASSES; i++)
		if (strcmp(CLASSES[i].name, name) == 0)
			return &CLASSES[i];
	return NULL;
}

static inline int
class_day_slots(const MeterClass *c)
{
	return 1440 / c->slot_minutes;
}

/* splitmix64 */
static inline uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* of the highest load, in 256ths, by hour: homes and shops */
static const uint8_t DAY_SHAPE[2][HOURS] = {
	{40, 32, 28, 26, 26, 30, 60, 110, 100, 70, 60, 70, 100, 80, 60, 60, 80, 130, 200, 240, 255, 220, 150, 80},
	{20, 20, 20, 20, 20, 24, 40, 90, 200, 240, 250, 230, 180, 220, 250, 255, 240, 200, 120, 70, 40, 30, 24, 20},
};

/*
 * Homes, shops and vacant flats: a base, the day's shape with noise, now and
 * then an appliance, in one day of a hundred an outage of two hours.
 */
static inline void
load_day(uint64_t m, uint64_t d, int kind, int slot_minutes, int32_t *wh)
{
	int			slots = 1440 / slot_minutes;
	int			in_hour = 60 / slot_minutes;
	int			base = kind == 1 ? 60 + (int) (m >> 8 & 255) : 5 + (int) (m >> 8 & 31);
	int			scale = kind == 1 ? 400 + (int) (m >> 16 & 2047) : 80 + (int) (m >> 16 & 255);
	int			outage = d % 100 == 0 ? (int) (d >> 20 & 63) : -100;

	for (int s = 0; s < slots; s++)
	{
		uint64_t	r = mix(d + (uint64_t) s);
		int			v = base + scale * DAY_SHAPE[kind == 1][s / in_hour] / 256 * (128 + (int) (r & 255)) / 256;
		int			quarter = s * slot_minutes / 15;

		if ((r >> 8 & 63) == 0)
			v += 200 + (int) (r >> 16 & 1023);
		if (kind == 2)
			v = (r >> 32 & 31) == 0 ? (int) (r >> 40 & 7) : 0;
		if (quarter >= outage && quarter < outage + 8)
			v = 0;
		wh[s] = v * slot_minutes / 15;
	}
}

/*
 * A charging point of 3.5, 7 or 11 kW: a watt of its own, and on five days of
 * seven a session of one to five hours from the evening on, its last slot cut short.
 */
static inline void
car_day(uint64_t m, uint64_t d, int slot_minutes, int32_t *wh)
{
	static const int watts[4] = {3500, 7000, 7000, 11000};
	int			slots = 1440 / slot_minutes;
	int			full = watts[m >> 8 & 3] * slot_minutes / 60;
	int			begin = (int) (18 * 60 + (d >> 16 & 127)) / slot_minutes;
	int			left = d % 7 < 5 ? (int) (watts[m >> 8 & 3] * (60 + (d >> 24 & 255)) / 60) : 0;

	for (int s = 0; s < slots; s++)
	{
		int			v = s >= begin ? full - (int) (mix(d + (uint64_t) s) & 15) : 0;

		v = v > left ? left : v;
		left -= v;
		wh[s] = v + (s & 3 ? 0 : 1);
	}
}

/* The readings of a meter (from 1) on a day of its span (from 0), each below 32768 Wh. */
static inline void
meter_day(const MeterClass *c, int meter, int day, int32_t *wh)
{
	uint64_t	m = mix((uint64_t) meter * 2654435761u);
	uint64_t	d = mix(m ^ (uint64_t) (day + 1) * 0x51ed2701u);
	int			kind = m % 100 < 5 ? 2 : m % 100 < 20 ? 1 : 0;

	switch (c->shape)
	{
		case SHAPE_W1:
			load_day(m, d, kind, c->slot_minutes, wh);
			break;
		case SHAPE_HOME:
			load_day(m, d, kind == 1 ? 0 : kind, c->slot_minutes, wh);
			break;
		case SHAPE_CAR:
			car_day(m, d, c->slot_minutes, wh);
			break;
		case SHAPE_SHOP:
			load_day(m, d, 1, c->slot_minutes, wh);
			break;
	}
}

#endif							/* BENCH_METER_H */

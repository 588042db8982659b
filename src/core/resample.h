/*
 * resample.h - arithmetic on unpacked profiles: scales, sums, parts, slot lengths
 *
 * Energies stay exact: a sum is the sum, the parts of a slot add up to it.  A
 * result slot is missing where what makes it up is not wholly there.
 */
#ifndef BL_RESAMPLE_H
#define BL_RESAMPLE_H

#include "profile.h"

/* Unpacked: shape.slots values (0 where missing) and qualities.  The shape's block fields mean nothing. */
typedef struct BlSeries
{
	BlProfile	shape;
	int64_t    *values;
	uint8_t    *qualities;
} BlSeries;

/* the same amounts at a finer (lower) scale; BL_OVERFLOW */
extern BlStatus bl_series_rescale(BlSeries *series, int scale);

/* the coarsest scale that is exact, which packs into the fewest bits */
extern void bl_series_coarsen(BlSeries *series);

/*
 * into + sign * other, sign 1 or -1; the finer scale, the worse quality.
 * BL_UNALIGNED unless start, slots and slot length agree; BL_BAD_UNIT; BL_OVERFLOW.
 */
extern BlStatus bl_series_add(BlSeries *into, BlSeries *other, int sign);

/*
 * Times a factor, exact; what is finer than the unit's finest scale (10^-9 kWh)
 * is rounded half up there.
 */
extern BlStatus bl_series_multiply(BlSeries *series, BlDec factor);

/*
 * What is left of it has `energy` (in k-units, as kWh) in all, each slot in
 * proportion: its share of the running sum, rounded, so that the slots add up
 * exactly, in steps of 10^-6 k-units or the profile's own if finer.  A slot of
 * nothing gets nothing, and while energy is at most the sum no slot gets more
 * than it had.  BL_BAD_VALUE: a slot below zero, or nothing to divide; BL_OVERFLOW.
 */
extern BlStatus bl_series_portion(BlSeries *series, BlDec energy);

/*
 * Active energy becomes apparent energy: in each slot the square root of both squares' sum, half-up at the
 * finer scale of both; Wh and varh give VAh, W and var VA.  As bl_series_add otherwise.
 */
extern BlStatus bl_series_apparent(BlSeries *active, BlSeries *reactive);

/* each value with its sign turned; BL_OVERFLOW */
extern BlStatus bl_series_negate(BlSeries *series);

/* keeps what is above zero, or what is below it as its magnitude */
extern void bl_series_positive(BlSeries *series);
extern BlStatus bl_series_negative(BlSeries *series);

/* how many slots a resampled profile has and needs room for; BL_UNALIGNED, BL_LIMIT, BL_BAD_VALUE */
extern BlStatus bl_resample_slots(const BlProfile *shape, int slot_minutes, int *slots, int *room);

/*
 * To another slot length.  Energies: longer slots are sums; shorter ones split
 * each slot evenly, in more decimals where that makes it even, otherwise by
 * largest remainder in steps of 10^-6 kWh or the profile's own if finer.
 * Levels: longer slots are means weighted by time (rounded half up at three
 * decimals more), shorter ones repeat.  `to` has `room` values of memory.
 */
extern BlStatus bl_series_resample(const BlSeries *from, int slot_minutes, BlSeries *to, int room);

/*
 * Decimals in units of 10^unit_scale as whole numbers at the coarsest scale
 * that is exact; finer than the unit's finest scale is rounded half up there.
 * missing[i] as in qualities.
 */
extern BlStatus bl_series_from_decimals(BlSeries *series, const BlDec *decimals, int unit_scale);

#endif							/* BL_RESAMPLE_H */

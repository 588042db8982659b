/*
 * rate_tiers.h - what the files of tiers share (see rate_tiers.c); not for others
 */
#ifndef BL_RATE_TIERS_H
#define BL_RATE_TIERS_H

#include "rate_work.h"

/* What a charge by steps is, for tiers and for "first so many kWh" alike. */
typedef struct BlTiers
{
	const BlCharge *q;
	BlScan	   *scan;
	const BlSteps *steps;
	int			season_steps;
	bool		open_end;		/* what lies beyond the last limit costs nothing */
	bool		by_period;
	BlSteps		own;
	BlStep		own_step;
} BlTiers;

/* rate_count.c */
/* first day of the window a piece lies in, as a day of the calendar */
extern int32_t bl_tiers_window(const BlRate *r, const BlTiers *tiers, int piece);
/* days of the span inside a window */
extern int bl_tiers_window_days(const BlRate *r, const BlTiers *tiers, int32_t window);
/* the steps that hold in a piece; a calendar month with its own count has those of its first day */
extern const BlSteps *bl_tiers_steps(const BlRate *r, const BlTiers *tiers, int piece);
extern BlCount *bl_find_count(BlRate *r, BlText name);
extern BlText bl_count_name(BlRate *r, const BlCharge *q, int period);
extern bool bl_counts_by_period(const BlCharge *q);
/* the energy of the pieces [piece, end), of one period or (-1) of all */
extern BlStatus bl_stretch_energy(const BlRate *r, const BlScan *s, int piece, int end, int period, BlDec *energy);
extern BlStatus bl_holds_somewhere(BlRate *r, const BlCharge *q, bool *holds);
/* enters what a charge counts; of charges that share a counter the first that holds counts a piece */
extern BlStatus bl_prepare_count(BlRate *r, const BlCharge *q, BlScan *s, int period);
/* the count at the start of a piece (or, with end, at its end) */
extern BlStatus bl_count_at(BlRate *r, const BlTiers *tiers, const BlCount *c, int piece, bool end, BlDec *at);
/* the closing carry of every carried count that moved */
extern BlStatus bl_close_counts(BlRate *r, const BlTiers *tiers, BlCount *c);
extern void bl_tiers_of(BlRate *r, const BlCharge *q, BlTiers *tiers);

/* rate_ladder.c */
/* value as a whole number of 1 / (den * 10^scale) kWh */
extern BlStatus bl_on_ladder(const BlLadder *l, BlDec value, int64_t num, BlInt128 *out);
extern BlStatus bl_make_ladder(BlRate *r, const BlTiers *tiers, int piece, int scale, int period, BlLadder *l);
/* how much of (from, to] lies in each step; a last place takes what lies beyond and is free */
extern BlStatus bl_climb(BlRate *r, const BlTiers *tiers, const BlLadder *l, BlInt128 from, BlInt128 to, BlInt128 *part);
/* the step that a position has reached: limits are inclusive */
extern BlStatus bl_ladder_reached(BlRate *r, const BlTiers *tiers, const BlLadder *l, BlInt128 at, int *step);
/*
 * What lies below a step that is for all goes to it: *all is that step, the
 * highest reached at the end of the window, or -1.
 */
extern BlStatus bl_ladder_all_below(BlRate *r, const BlTiers *tiers, const BlLadder *l, BlInt128 end, BlInt128 *part, int *all);
/* steps sold by the package: how many more are begun between two positions; a step for all begins at zero */
extern void bl_count_packages(const BlLadder *l, bool volume, int all, const BlInt128 *part, BlInt128 from, BlDec *tier);
extern BlDec bl_quantity_step(const BlRate *r);
/* energy in parts proportional to weights: exactly where decimals can say it, else in whole steps */
extern BlStatus bl_divide_tiers(const BlRate *r, const BlLadder *l, BlDec energy, const BlInt128 *weight, int n, BlDec *part);

#endif							/* BL_RATE_TIERS_H */

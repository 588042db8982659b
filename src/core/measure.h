/*
 * measure.h - what the files of measuring share (see rate_work.h); not for others
 */
#ifndef BL_MEASURE_H
#define BL_MEASURE_H

#include "rate_work.h"

/* ---- when ---- */

static inline const BlDayMap *
bl_map_of_day(const BlDay *day, int schedule)
{
	return schedule < 0 || day->map[schedule] == NULL ? &bl_whole_day : day->map[schedule];
}

/* the period at a wall-clock minute, or -1 when the slot goes on beyond it */
static inline int
bl_period_at(const BlDayMap *map, int *run, int minute, int slot)
{
	/* another day may have another map */
	if (*run >= map->runs || minute < map->run[*run].from)
		*run = 0;
	while (*run < map->runs - 1 && minute >= map->run[*run].to)
		(*run)++;
	return minute + slot <= map->run[*run].to ? map->run[*run].period : -1;
}

/* ---- measure.c ---- */

/* the problem that a part's channel has something, with a hint; and at which moment */
extern BlStatus bl_refuse_channel(BlRate *r, BlStatus status, const BlUsagePart *part, BlChannel channel, const char *what, const char *hint);
extern BlStatus bl_refuse_at(BlRate *r, BlStatus status, const BlUsagePart *part, BlChannel channel, const char *what,
							 int32_t minute, const char *hint);
/* opens a profile and checks that it can be billed over the span */
extern BlStatus bl_open_channel(BlRate *r, const BlUsagePart *part, BlChannel channel, BlProfile *p);
/* a day's base is below zero, and mostly so is a value of it: where? */
extern BlStatus bl_check_signs(BlRate *r, const BlUsagePart *part, BlChannel channel, const BlProfile *p);

/* a plant takes a little at night: where its meter nets that, what it gives is less than nothing */
static inline bool
bl_may_be_negative(BlChannel channel)
{
	return channel == BL_EXPORT || channel == BL_GENERATION;
}

/* ---- measure_registers.c ---- */

extern bool bl_register_in_span(const BlBound *b, const BlRegister *reg);
/* the place of a register's period in the schedule of a scan; -1: it is not there */
extern int	bl_register_period(const BlRate *r, const BlScan *s, BlText name);
/* all registers of one channel into the cells; they cover the span */
extern BlStatus bl_measure_registers(BlRate *r, BlScan *s, const BlUsagePart *part, BlDec *cells);

#endif							/* BL_MEASURE_H */

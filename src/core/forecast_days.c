/*
 * forecast_days.c - a profile as days of equal length, and back; see forecast_days.h
 */
#include "forecast_days.h"

#include <math.h>

static double
power_of_ten(int scale)
{
	double		power = (double) bl_pow10(scale < 0 ? -scale : scale);

	return scale < 0 ? 1 / power : power;
}

BlStatus
bl_forecast_days(BlForecastDays *days, const BlProfile *history, const BlZone *zone, int32_t until)
{
	int64_t		ahead;

	days->zone = *zone;
	days->slot_minutes = history->slot_minutes;
	days->day = bl_zone_day(zone, history->start);
	days->end = bl_profile_until(history);
	ahead = (int64_t) until - days->end;
	if (ahead <= 0 || ahead % history->slot_minutes != 0)
		return BL_UNALIGNED;
	if (ahead / history->slot_minutes > BL_FORECAST_HORIZON_MAX)
		return BL_LIMIT;
	days->slots = (int) (ahead / history->slot_minutes);
	days->n = bl_forecast_place(days, days->end - days->slot_minutes) + 1;
	days->horizon = bl_forecast_place(days, until - days->slot_minutes) - days->n + 1;
	/* where clocks go back, the last slots may share the places of those before */
	if (days->horizon < 1)
		days->horizon = 1;
	return days->n > BL_FORECAST_SLOTS_MAX || days->horizon > BL_FORECAST_HORIZON_MAX ? BL_LIMIT : BL_OK;
}

int
bl_forecast_place(const BlForecastDays *days, int32_t minute)
{
	int64_t		local = (int64_t) minute + bl_zone_offset(&days->zone, minute) - (int64_t) days->day * BL_MINUTES_PER_DAY;

	return (int) bl_floor_div(local, days->slot_minutes);
}

void
bl_forecast_spread(const BlForecastDays *days, const BlSeries *history, double *value)
{
	double		unit = power_of_ten(history->shape.scale);

	for (int i = 0; i < days->n; i++)
		value[i] = NAN;
	for (int i = 0; i < history->shape.slots; i++)
	{
		int			place = bl_forecast_place(days, history->shape.start + i * days->slot_minutes);

		if (history->qualities[i] == BL_MISSING || place < 0 || place >= days->n)
			continue;
		/* clocks go back by what is at most one slot more of the same place */
		value[place] = isnan(value[place]) ? (double) history->values[i] * unit :
			(value[place] + (double) history->values[i] * unit) / 2;
	}
}

void
bl_forecast_sample(const BlForecastDays *days, const BlSeries *other, double *value)
{
	double		unit = power_of_ten(other->shape.scale);
	int32_t		start = bl_zone_midnight(&days->zone, days->day);
	int32_t		until = days->end + days->slots * days->slot_minutes;

	for (int i = 0; i < days->n + days->horizon; i++)
		value[i] = NAN;
	for (int32_t minute = start; minute < until; minute += days->slot_minutes)
	{
		int			place = bl_forecast_place(days, minute);
		int64_t		slot = bl_floor_div((int64_t) minute - other->shape.start, other->shape.slot_minutes);

		if (place >= 0 && place < days->n + days->horizon && slot >= 0 && slot < other->shape.slots &&
			other->qualities[slot] != BL_MISSING)
			value[place] = (double) other->values[slot] * unit;
	}
}

void
bl_forecast_mark(const BlForecastDays *days, const int32_t *day, int count, uint8_t *mark)
{
	int			a_day = BL_MINUTES_PER_DAY / days->slot_minutes;
	int			next = 0;

	for (int i = 0; i < days->n + days->horizon; i++)
	{
		int32_t		today = days->day + i / a_day;

		while (next < count && day[next] < today)
			next++;
		mark[i] = next < count && day[next] == today;
	}
}

BlStatus
bl_forecast_gather(const BlForecastDays *days, const double *foreseen, int scale, int64_t *values)
{
	double		unit = power_of_ten(-scale);

	for (int i = 0; i < days->slots; i++)
	{
		int			k = bl_forecast_place(days, days->end + i * days->slot_minutes) - days->n;
		double		v = floor(foreseen[k < 0 ? 0 : k] * unit + 0.5);

		if (!(fabs(v) < 9e18))
			return BL_OVERFLOW;
		values[i] = (int64_t) v;
	}
	return BL_OK;
}

BlStatus
bl_apportion(int64_t total, int64_t *part, int n)
{
	BlInt128	lacking = total,
				weights = 0,
				running = 0,
				given = 0;

	for (int i = 0; i < n; i++)
	{
		lacking -= part[i];
		weights += part[i] < 0 ? -(BlInt128) part[i] : part[i];
	}
	for (int i = 0; i < n; i++)
	{
		BlInt128	upto,
					whole;

		if (weights == 0)
			upto = bl_div_round(lacking * (i + 1), n, BL_HALF_UP);
		else
		{
			running += part[i] < 0 ? -(BlInt128) part[i] : part[i];
			if (__builtin_mul_overflow(lacking, running, &upto))
				return BL_OVERFLOW;
			upto = bl_div_round(upto, weights, BL_HALF_UP);
		}
		whole = part[i] + (upto - given);
		if (whole > INT64_MAX || whole < INT64_MIN)
			return BL_OVERFLOW;
		part[i] = (int64_t) whole;
		given = upto;
	}
	return BL_OK;
}

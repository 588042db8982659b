/*
 * csv_day.c - a day a line: its values, and which slots they are of
 */
#include "csv_cells.h"
#include "digits.h"

/* ----------------------------------------------------------------- values */

bool
bl_csv_day_plain(BlCsv *csv, const char **at, const char *end)
{
	const BlCsvMap *m = csv->map;
	const char *p = *at;
	bool		gaps = false;

	if (!csv->plain_marks)
		return false;
	for (int i = 0; i < m->count; i++)
	{
		const char *stop = bl_plain_decimal(p, end, m->point, m->delimiter, &csv->values[i], &csv->decimals[i]);

		if (stop == NULL)
		{
			if (!csv->empty_is_null || (p < end && *p != m->delimiter))
				return false;
			if (!gaps)
				memset(csv->grades, BL_ACTUAL, (size_t) m->count);
			gaps = true;
			csv->values[i] = csv->decimals[i] = 0;
			csv->grades[i] = BL_MISSING;
			stop = p;
		}
		/* the line may have fewer columns */
		if (stop == end && i + 1 < m->count)
			return false;
		p = stop + 1;
	}
	csv->plain = true;
	csv->gaps = gaps;
	*at = p - 1;
	return true;
}

static void
day_round(BlCsv *csv, int decimals)
{
	for (int i = 0; i < csv->map->count; i++)
		if (csv->decimals[i] > decimals)
		{
			BlNumber	number = {csv->values[i], csv->decimals[i]};

			bl_number_round(&number, decimals);
			csv->values[i] = number.mantissa;
			csv->decimals[i] = (uint8_t) number.decimals;
		}
}

bool
bl_csv_day_take(BlCsv *csv, BlQuality quality)
{
	const BlCsvMap *m = csv->map;

	if (!csv->plain)
	{
		for (int i = 0; i < m->count; i++)
		{
			BlNumber	number;

			csv->grades[i] = (uint8_t) quality;
			if (!bl_csv_value_take(csv, i, csv->first_cell + i, &number, &csv->grades[i]))
				return false;
			csv->values[i] = csv->grades[i] == BL_MISSING ? 0 : number.mantissa;
			csv->decimals[i] = (uint8_t) (csv->grades[i] == BL_MISSING ? 0 : number.decimals);
		}
		return true;
	}
	if (m->decimals >= 0)
		day_round(csv, m->decimals);
	if (quality == BL_MISSING)
	{
		memset(csv->values, 0, (size_t) m->count * sizeof *csv->values);
		memset(csv->decimals, 0, (size_t) m->count);
	}
	if (!csv->gaps)
		memset(csv->grades, quality, (size_t) m->count);
	else if (quality != BL_ACTUAL)
		for (int i = 0; i < m->count; i++)
			if (csv->grades[i] != BL_MISSING)
				csv->grades[i] = (uint8_t) quality;
	return true;
}

/* ------------------------------------------------------------------ slots */

/* the column, from 0 on, of a slot of a day by the clock; -1: its hour comes the second time */
static int
wall_column(const BlZone *zone, const BlMeterDay *day, int slot)
{
	int32_t		at = day->start + slot * day->slot_minutes;
	int32_t		wall = at + bl_zone_offset(zone, at);

	if (bl_zone_offset(zone, at) < bl_zone_offset(zone, day->start))
		for (int32_t earlier = day->start; earlier < at; earlier += day->slot_minutes)
			if (earlier + bl_zone_offset(zone, earlier) == wall)
				return -1;
	return (wall - day->day * BL_MINUTES_PER_DAY) / day->slot_minutes;
}

/*
 * All slots at once, as nearly every line is: a day that no reading came for yet, and nothing
 * in the way of its values.  False: slot by slot, which also finds out what is wrong.
 */
static bool
put_whole(BlCsv *csv, BlMeterDay *day)
{
	const BlCsvMap *m = csv->map;
	size_t		n = (size_t) day->slots;
	int			most = day->unit_scale - bl_unit_scale_min(day->unit);
	uint8_t		finest = 0;
	uint32_t	line = (uint32_t) (csv->line.number < UINT32_MAX ? csv->line.number : UINT32_MAX);

	if (m->wall || day->taken > 0 || day->slots > m->count)
		return false;
	for (size_t i = 0; i < n; i++)
		finest = csv->decimals[i] > finest ? csv->decimals[i] : finest;
	if (finest > most)
		return false;
	for (int i = day->slots; i < m->count; i++)
		if (csv->values[i] != 0 && csv->grades[i] != BL_MISSING)
			return false;
	memcpy(day->values, csv->values, n * sizeof *day->values);
	memcpy(day->decimals, csv->decimals, n);
	memcpy(day->qualities, csv->grades, n);
	for (size_t i = 0; i < n; i++)
		day->lines[i] = line;
	day->taken = day->slots;
	return true;
}

bool
bl_csv_day_put(BlCsv *csv, const BlMeterDayKey *key, int32_t midnight)
{
	const BlCsvMap *m = csv->map;
	BlMeterDay *day;
	int16_t		from[BL_CSV_SLOTS];
	bool		used[BL_CSV_SLOTS] = {false};

	if (!bl_csv_day_find(csv, 0, key, midnight))
		return false;
	day = csv->day[0];
	if (!m->wall && day->slots > m->count)
	{
		bl_reason(csv->rejected, "its day has %d slots, but there are columns for %d", day->slots, m->count);
		return false;
	}
	if (put_whole(csv, day))
		return true;
	for (int i = 0; i < day->slots; i++)
	{
		int			c = m->wall ? wall_column(csv->days->zone, day, i) : i;
		BlNumber	number = {0, 0};

		from[i] = (int16_t) (c < m->count ? c : -1);
		if (from[i] >= 0)
		{
			used[c] = true;
			number = (BlNumber) {csv->values[c], csv->decimals[c]};
		}
		if (bl_meterday_place(csv->days, day, midnight + i * day->slot_minutes, &number,
							  from[i] >= 0 ? csv->grades[c] : BL_MISSING) < 0)
		{
			memcpy(csv->rejected, csv->days->rejected, sizeof csv->rejected);
			return false;
		}
		/* zeros at its end may be gone */
		if (from[i] >= 0)
		{
			csv->values[c] = number.mantissa;
			csv->decimals[c] = (uint8_t) number.decimals;
		}
	}
	for (int c = 0; c < m->count; c++)
		if (!used[c] && csv->grades[c] != BL_MISSING && csv->values[c] != 0)
		{
			bl_reason(csv->rejected, "%s %d has a value, but its day of %d slots has no time for it",
					  csv->object_arena ? "place" : "column", csv->cell[csv->first_cell + c].column + 1, day->slots);
			return false;
		}
	for (int i = 0; i < day->slots; i++)
	{
		int			c = from[i];

		bl_meterday_put(day, i, c >= 0 ? (BlNumber) {csv->values[c], csv->decimals[c]} : (BlNumber) {0, 0},
						c >= 0 ? csv->grades[c] : BL_MISSING, csv->line.number);
	}
	return true;
}

/*
 * load.c - profiles summed slot by slot
 */
#include "load.h"

BlStatus
bl_load_union(const BlProfile *a, const BlProfile *b, int32_t *start, int *slots)
{
	int64_t		from = a->start < b->start ? a->start : b->start;
	int64_t		until = bl_profile_until(a) > bl_profile_until(b) ? bl_profile_until(a) : bl_profile_until(b);

	if (a->unit != b->unit)
		return BL_BAD_UNIT;
	if (a->slot_minutes != b->slot_minutes || (a->start - (int64_t) b->start) % a->slot_minutes != 0)
		return BL_UNALIGNED;
	if ((until - from) / a->slot_minutes > BL_PROFILE_SLOTS_MAX)
		return BL_LIMIT;
	*start = (int32_t) from;
	*slots = (int) ((until - from) / a->slot_minutes);
	return BL_OK;
}

void
bl_load_widen(const BlSeries *load, BlSeries *wider, int32_t start, int slots)
{
	int			at = (load->shape.start - start) / load->shape.slot_minutes;

	memset(wider->values, 0, (size_t) slots * sizeof *wider->values);
	memset(wider->qualities, BL_UNCOVERED, (size_t) slots);
	memcpy(wider->values + at, load->values, (size_t) load->shape.slots * sizeof *wider->values);
	memcpy(wider->qualities + at, load->qualities, (size_t) load->shape.slots);
	wider->shape = load->shape;
	wider->shape.start = start;
	wider->shape.slots = slots;
}

static uint8_t
together(uint8_t a, uint8_t b)
{
	if (a == BL_UNCOVERED || a == b)
		return b;
	if (b == BL_UNCOVERED)
		return a;
	if (a == BL_MISSING || b == BL_MISSING)
		return BL_SUSPECT;
	return (uint8_t) bl_quality_worse((BlQuality) a, (BlQuality) b);
}

BlStatus
bl_load_add(BlSeries *load, BlSeries *from)
{
	int			at = (from->shape.start - load->shape.start) / load->shape.slot_minutes;
	BlStatus	status = BL_OK;

	if (from->shape.scale > load->shape.scale)
		status = bl_series_rescale(from, load->shape.scale);
	else if (from->shape.scale < load->shape.scale)
		status = bl_series_rescale(load, from->shape.scale);
	if (status != BL_OK)
		return status;
	for (int i = 0; i < from->shape.slots; i++)
	{
		int64_t    *value = &load->values[at + i];

		if (__builtin_add_overflow(*value, from->values[i], value))
			return BL_OVERFLOW;
		load->qualities[at + i] = together(load->qualities[at + i], from->qualities[i]);
	}
	return BL_OK;
}

void
bl_load_finish(BlSeries *load)
{
	for (int i = 0; i < load->shape.slots; i++)
		if (load->qualities[i] == BL_UNCOVERED)
			load->qualities[i] = BL_MISSING;
}

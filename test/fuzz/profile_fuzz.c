/*
 * profile_fuzz.c - any bytes as a stored profile: what the checker accepts can
 * be used in every way, and packs into a profile that says the same
 */
#include <stdlib.h>

#include "core/demand.h"
#include "core/load.h"

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

enum
{
	SLOTS = 20000
};

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t values[3][SLOTS];
static uint8_t qualities[3][SLOTS];

/* what a reader does who trusts nobody: no check beforehand */
static void
use_unchecked(const uint8_t *data, size_t size)
{
	BlProfile	p;
	BlPeak		peak;
	BlStatistics s;
	BlDec		sum;
	int			missing;

	if (bl_profile_open(&p, data, size) != BL_OK || p.slots > SLOTS)
		return;
	(void) bl_profile_decode(&p, values[0], qualities[0], &missing);
	(void) bl_profile_sum(&p, &sum, &missing);
	(void) bl_profile_statistics(&p, &s);
	(void) bl_profile_peak(&p, p.slot_minutes, false, &peak);
}

static void
use_peaks(const BlProfile *p, const BlStatistics *s)
{
	BlPeak		peak;
	BlPeak		slot;
	BlDec		kw;

	MUST(bl_profile_peak(p, p->slot_minutes, false, &slot) == BL_OK);
	MUST(bl_profile_peak(p, p->slot_minutes, true, &peak) == BL_OK);
	MUST(slot.found == peak.found && slot.value == peak.value && slot.at == peak.at);
	if (slot.found)
		MUST(slot.value == s->max && slot.at == s->max_at);
	if (slot.found && p->unit <= BL_VA)
		MUST(bl_peak_kw(p, p->slot_minutes, &slot, &kw) == BL_OK);
	(void) bl_profile_peak(p, 60, false, &peak);
	(void) bl_profile_peak(p, 120, true, &peak);
}

/* the packed values again, at a fixed offset */
static void
use_pack(const BlProfile *p)
{
	static uint8_t again[SLOTS * 10 + SLOTS * 40 + 1000];
	BlProfile	shape = *p;
	BlProfile	q;
	BlZoneStep	step = {INT32_MIN, (int16_t) p->offset};
	BlZone		zone = {1, &step};
	size_t		size;
	BlStatus	status;

	shape.zone_length = 0;
	MUST(bl_profile_bound(&shape) <= sizeof again);
	status = bl_profile_pack(&shape, &zone, values[0], qualities[0], again, bl_profile_bound(&shape), &size);
	if (p->zone_length == 0)
		MUST(status == BL_OK);
	if (status != BL_OK)
		return;
	MUST(bl_profile_validate(again, size) == BL_OK);
	MUST(bl_profile_open(&q, again, size) == BL_OK);
	MUST(bl_profile_decode(&q, values[1], qualities[1], NULL) == BL_OK);
	MUST(memcmp(values[0], values[1], (size_t) p->slots * sizeof(int64_t)) == 0);
	MUST(memcmp(qualities[0], qualities[1], (size_t) p->slots) == 0);
}

static void
use_series(const BlProfile *p, uint8_t choice)
{
	static const int lengths[] = {1, 5, 7, 15, 30, 60, 120, 1440};
	BlSeries	a = {*p, values[0], qualities[0]};
	BlSeries	b = {*p, values[1], qualities[1]};
	BlSeries	c = {*p, values[2], qualities[2]};

	memcpy(values[1], values[0], sizeof values[0]);
	memcpy(qualities[1], qualities[0], sizeof qualities[0]);
	(void) bl_series_resample(&a, lengths[choice % 8], &c, SLOTS);
	if (bl_series_add(&b, &a, -1) == BL_OK)
		for (int i = 0; i < p->slots; i++)
			MUST(b.values[i] == 0);
	(void) bl_load_add(&b, &a);
	(void) bl_series_multiply(&a, bl_dec(choice - 100, choice / 16));
	(void) bl_series_negative(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlProfile	p;
	BlStatistics s;
	BlDec		sum;
	int			missing;

	use_unchecked(data, size);
	if (bl_profile_validate(data, size) != BL_OK)
		return 0;
	MUST(bl_profile_open(&p, data, size) == BL_OK);
	if (p.slots > SLOTS)
		return 0;
	MUST(bl_profile_decode(&p, values[0], qualities[0], &missing) == BL_OK);
	MUST(bl_profile_sum(&p, &sum, NULL) == BL_OK);
	MUST(bl_profile_statistics(&p, &s) == BL_OK);
	MUST(s.slots == p.slots && s.quality[BL_MISSING] == missing);
	MUST(bl_dec_cmp(sum, bl_scaled(s.sum, p.scale)) == 0);
	use_peaks(&p, &s);
	use_pack(&p);
	use_series(&p, size > 0 ? data[size - 1] : 0);
	return 0;
}

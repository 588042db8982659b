/*
 * demand_test.c - peaks against a plain search, and the kW they mean
 */
#include "check.h"
#include "core/demand.h"

static int64_t values[20000];
static uint8_t qualities[20000];
static uint8_t bytes[400000];

static const BlZoneStep UTC_STEP = {INT32_MIN, 0};
static const BlZone UTC = {1, &UTC_STEP};

static BlProfile
packed(BlProfile shape)
{
	BlProfile	p = {0};
	size_t		size;

	shape.zone = "";
	CHECK_EQ(bl_profile_pack(&shape, &UTC, values, qualities, bytes, sizeof bytes, &size), BL_OK);
	CHECK_EQ(bl_profile_open(&p, bytes, size), BL_OK);
	return p;
}

/* every window, one by one */
static BlPeak
plain_peak(const BlProfile *p, int window, bool sliding)
{
	BlPeak		peak = {0};
	int			k = window / p->slot_minutes;

	for (int from = 0; from + k <= p->slots; from++)
	{
		int32_t		at = p->start + from * p->slot_minutes;
		BlInt128	sum = 0;
		bool		whole = sliding || at % window == 0;

		for (int i = from; i < from + k; i++)
		{
			whole &= qualities[i] != BL_MISSING;
			sum += values[i];
		}
		if (whole && (!peak.found || sum > peak.value))
			peak = (BlPeak) {true, at, sum};
	}
	return peak;
}

static void
peaks_agree(void)
{
	static const int windows[] = {15, 30, 45, 60, 90, 120, 240, 720, 1440, 75, 165};
	uint64_t	seed = 1;

	for (int round = 0; round < 300; round++)
	{
		int			first = (int) (check_random(&seed) % 96);
		int			bits = (int) (check_random(&seed) % 24);
		BlProfile	p;

		BlProfile	shape = {.slot_minutes = 15, .start = bl_day_of(2026, 1, 1) * 1440 + first * 15,
			.slots = 1 + (int) (check_random(&seed) % 600)};

		for (int i = 0; i < shape.slots; i++)
		{
			values[i] = (int64_t) (check_random(&seed) >> (63 - bits)) - 20;
			qualities[i] = check_random(&seed) % 40 == 0 && round % 2 ? BL_MISSING : BL_ACTUAL;
		}
		p = packed(shape);
		for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
			for (int sliding = 0; sliding < 2; sliding++)
			{
				BlPeak		want = plain_peak(&p, windows[w], sliding);
				BlPeak		got;

				if (!sliding && 1440 % windows[w] != 0)
				{
					CHECK_EQ(bl_profile_peak(&p, windows[w], false, &got), BL_BAD_VALUE);
					continue;
				}
				CHECK_EQ(bl_profile_peak(&p, windows[w], sliding, &got), BL_OK);
				CHECK_EQ(got.found, want.found);
				CHECK_EQ(got.value, want.value);
				CHECK_EQ(got.at, want.at);
			}
	}
}

static void
windows_that_do_not_fit(void)
{
	BlProfile	p = packed((BlProfile) {.slot_minutes = 15, .slots = 96});
	BlPeak		peak;

	CHECK_EQ(bl_profile_peak(&p, 0, true, &peak), BL_BAD_VALUE);
	CHECK_EQ(bl_profile_peak(&p, -15, true, &peak), BL_BAD_VALUE);
	CHECK_EQ(bl_profile_peak(&p, 10, true, &peak), BL_BAD_VALUE);
	CHECK_EQ(bl_profile_peak(&p, 20, true, &peak), BL_BAD_VALUE);
	CHECK_EQ(bl_profile_peak(&p, 1455, true, &peak), BL_BAD_VALUE);
}

static void
kw_of(BlUnit unit, int slot, int scale, int window, int64_t value, const char *want)
{
	BlProfile	p = {.slot_minutes = slot, .unit = unit, .scale = scale};
	BlPeak		peak = {true, 0, value};
	BlDec		kw = BL_ZERO;
	char		text[BL_DEC_TEXT];

	CHECK_EQ(bl_peak_kw(&p, window, &peak, &kw), BL_OK);
	bl_dec_text(kw, text);
	CHECK_TEXT(text, want);
}

static void
kilowatts(void)
{
	BlProfile	volts = {.slot_minutes = 15, .unit = BL_V};
	BlPeak		peak = {true, 0, 1};
	BlDec		kw;

	kw_of(BL_WH, 15, 0, 15, 250, "1");
	kw_of(BL_WH, 15, 0, 30, 251, "0.502");
	kw_of(BL_WH, 15, 0, 45, 100, "0.133333");
	kw_of(BL_WH, 15, 0, 45, 200, "0.266667");
	kw_of(BL_WH, 15, 0, 45, 300, "0.4");
	kw_of(BL_WH, 5, -6, 5, 1, "0.000000012");
	kw_of(BL_WH, 60, 9, 60, 2, "2000000");
	kw_of(BL_WH, 15, 0, 1440, 24001, "1.000042");
	kw_of(BL_WH, 15, 0, 15, -250, "-1");
	kw_of(BL_W, 15, 0, 15, 1500, "1.5");
	kw_of(BL_W, 15, 0, 30, 3001, "1.5005");
	kw_of(BL_W, 15, 0, 45, 1000, "0.333333");
	CHECK_EQ(bl_peak_kw(&volts, 15, &peak, &kw), BL_BAD_UNIT);
}

static void
statistics(void)
{
	BlStatistics s;
	BlProfile	p;

	memset(qualities, 0, sizeof qualities);
	memset(values, 0, sizeof values);
	values[3] = 9;
	values[4] = 9;
	values[7] = -2;
	qualities[5] = BL_MISSING;
	qualities[6] = BL_ESTIMATED;
	p = packed((BlProfile) {.slot_minutes = 15, .slots = 10});
	CHECK_EQ(bl_profile_statistics(&p, &s), BL_OK);
	CHECK_EQ(s.slots, 10);
	CHECK_EQ(s.quality[BL_MISSING], 1);
	CHECK_EQ(s.quality[BL_ESTIMATED], 1);
	CHECK_EQ(s.zeros, 6);
	CHECK_EQ(s.min, -2);
	CHECK_EQ(s.min_at, 7 * 15);
	CHECK_EQ(s.max, 9);
	CHECK_EQ(s.max_at, 3 * 15);
	CHECK_EQ(s.sum, 16);
}

int
main(void)
{
	RUN(peaks_agree);
	RUN(windows_that_do_not_fit);
	RUN(kilowatts);
	RUN(statistics);
	return DONE();
}

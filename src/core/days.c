/*
 * days.c - whole days of narrow blocks; see days.h
 */
#include "days.h"

/*
 * The even 16-bit lanes of a big-endian machine are the high halves of the 32-bit
 * ones: there the two change places.
 */
static inline BlV4
lanes_of(BlV8 x, bool odd)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	odd = !odd;
#endif
	return odd ? (BlV4) x >> 16 : (BlV4) x & 0xffff;
}

static void
make_room(BlHours *h)
{
	for (int k = 0; k < 3; k++)
	{
		BlV4		even = lanes_of(h->sum[k], false),
					odd = lanes_of(h->sum[k], true);

		h->even[k] = h->has_more ? h->even[k] + even : even;
		h->odd[k] = h->has_more ? h->odd[k] + odd : odd;
		h->sum[k] = (BlV8) {0};
	}
	h->has_more = true;
	h->room = UINT16_MAX;
}

/* ---- kernels ---- */

void
bl_days_kernels(BlKernels *kernels, int slot_minutes, bool wide)
{
	int			per_hour = 60 % slot_minutes == 0 ? 60 / slot_minutes : 0;

	if (kernels->known && kernels->slot_minutes == slot_minutes)
		return;
	kernels->known = true;
	kernels->slot_minutes = slot_minutes;
	kernels->per_hour = per_hour;
	for (BlTops tops = BL_TOPS_NONE; tops <= BL_TOPS_HOURS; tops++)
		for (int w = 0; w <= 16; w++)
			kernels->kernel[tops][w] = (BlKernel) {
				.run = per_hour ? bl_lanes_hours(w, per_hour, tops) : NULL,
				.per_hour = per_hour,
				.most = per_hour * ((1 << w) - 1),
				.base = tops == BL_TOPS_NONE ? INT16_MAX : INT16_MAX + 1 - (1 << w),
				.size = 3 + (int) bl_lanes_bytes(3 * per_hour, w)
			};
	kernels->wide = wide && per_hour == 4;
	if (kernels->wide)
		bl_days_wide_kernels(kernels->wide_kernel);
}

/* ---- adding ---- */

void
bl_days_open(BlDays *days, const BlKernels *kernels, int peaks)
{
	days->kernels = kernels;
	days->tops = peaks == BL_PEAK_NONE ? BL_TOPS_NONE : peaks == BL_PEAK_SPAN ? BL_TOPS_DAY : BL_TOPS_HOURS;
	days->has_top = days->has_wide_top = false;
	days->bases = 0;
	days->top = (BlV8) {0} + (uint16_t) INT16_MIN;
	for (int i = 0; i < BL_MAPS_AT_ONCE; i++)
		days->hours[i].map = NULL;
}

/* days of some maps into the cells of the periods */
static void
settle(BlDays *days, BlSums *sums, BlHours *const *list, int n, int piece)
{
	int64_t		sum[BL_TARIFF_PERIODS_MAX];
	BlInt128   *cell = sums->cell + piece * sums->periods;
	bool		narrow = false,
				wide = false;

	for (int p = 0; p < sums->periods; p++)
		sum[p] = 0;
	for (int i = 0; i < n; i++)
	{
		for (int p = 0; p < sums->periods; p++)
			sum[p] += list[i]->base * (list[i]->map->hours[p] * days->kernels->per_hour);
		narrow |= list[i]->has_narrow;
		wide |= list[i]->has_wide;
	}
	if (wide)
		bl_days_wide_sums(list, n, sums->periods, sum);
	for (int i = 0; narrow && i < n; i++)
		if (list[i]->has_narrow)
			make_room(list[i]);
	for (int p = 0; narrow && p < sums->periods; p++)
	{
		BlV4		x = {0};

		for (int i = 0; i < n; i++)
		{
			const BlHours *h = list[i];
			const BlMask *mask = &h->map->mask[p];

			if (!h->has_narrow || h->map->hours[p] == 0)
				continue;
			for (int k = 0; k < 3; k++)
				x += (h->even[k] & mask->even[k]) + (h->odd[k] & mask->odd[k]);
		}
		sum[p] += (int64_t) x[0] + x[1] + x[2] + x[3];
	}
	for (int p = 0; p < sums->periods; p++)
		cell[p] += sum[p];
	for (int i = 0; i < n; i++)
	{
		BlHours    *h = list[i];

		for (int hour = 0; hour < 24 && h->has_tops && days->tops == BL_TOPS_HOURS; hour++)
			bl_peak_of(sums, h->map->hour[hour], (int16_t) h->top[hour % 3][hour / 3]);
		if (h->has_wide && days->tops == BL_TOPS_HOURS)
			bl_days_wide_tops(h, sums);
		days->has_top |= h->has_tops;
		h->map = NULL;
	}
}

void
bl_days_settle(BlDays *days, BlSums *sums, int piece)
{
	BlHours    *list[BL_MAPS_AT_ONCE];
	int			n = 0;

	for (int i = 0; i < BL_MAPS_AT_ONCE; i++)
		if (days->hours[i].map != NULL)
			list[n++] = &days->hours[i];
	if (n > 0)
		settle(days, sums, list, n, piece);
}

void
bl_days_peak(const BlDays *days, BlSums *sums)
{
	if (days->tops != BL_TOPS_DAY)
		return;
	for (int lane = 0; lane < 8 && days->has_top; lane++)
		bl_peak_of(sums, 0, (int16_t) days->top[lane]);
	if (days->has_wide_top)
		bl_peak_of(sums, 0, bl_days_wide_top(days));
}

__attribute__((noinline)) void
bl_days_begin(BlDays *days, BlSums *sums, const BlDayMap *map, int piece)
{
	BlHours    *h = &days->hours[map->place];

	if (h->map != NULL)
		settle(days, sums, &h, 1, piece);
	h->map = map;
	h->base = 0;
	h->has_tops = h->has_narrow = h->has_more = h->has_wide = h->has_spill = false;
}

/* the first day that the wide way does not take */
static void
begin_narrow(BlHours *h)
{
	const BlV8	lowest = (BlV8) {0} + (uint16_t) INT16_MIN;

	h->has_narrow = true;
	h->room = UINT16_MAX;
	for (int k = 0; k < 3; k++)
	{
		h->sum[k] = (BlV8) {0};
		h->top[k] = lowest;
	}
}

/* a day whose values do not fit the lanes: its tops are offsets */
static __attribute__((noinline)) void
high_day(BlSums *sums, const BlDays *days, BlHours *h, const BlKernel *kernel, int base, const uint8_t *offsets, int width)
{
	const BlDayMap *map = h->map;
	BlV8		tops[3] = {{0}};

	kernel->run(offsets, width, kernel->per_hour, 0, h->sum, tops);
	for (int hour = 0; hour < 24; hour++)
		if (days->tops == BL_TOPS_HOURS)
			bl_peak_of(sums, map->hour[hour], base + tops[hour % 3][hour / 3]);
		else
			bl_peak_of(sums, 0, base + tops[0][hour / 3]);
}

static __attribute__((noinline)) int
add_narrow(BlDays *days, BlSums *sums, const BlProfile *p, const uint8_t **next, const BlDayMap *const *maps, int n, int piece)
{
	const uint8_t *at = *next,
			   *end = p->end;
	const BlKernel *kernel = days->kernels->kernel[days->tops];
	bool		by_hour = days->tops == BL_TOPS_HOURS;
	int			i;

	for (i = 0; i < n && at < end; i++)
	{
		const BlDayMap *map = maps[i];
		int			width = at[0];
		const BlKernel *k;
		int			base;
		BlHours    *h;

		if (map == NULL || width > 16)
			break;
		/* a day's two lines, eight days ahead: the processor's own prefetching stops at pages */
		__builtin_prefetch(at + 1024);
		__builtin_prefetch(at + 1088);
		k = &kernel[width];
		if (k->run == NULL || k->size > end - at)
			break;
		base = (int16_t) bl_le16(at + 1);
		days->bases |= base;
		h = &days->hours[map->place];
		if (h->map != map)
			bl_days_begin(days, sums, map, piece);
		if (!h->has_narrow)
			begin_narrow(h);
		if (h->room < k->most)
			make_room(h);
		h->room -= k->most;
		h->base += base;
		if (base > k->base)
			high_day(sums, days, h, k, base, at + 3, width);
		else
		{
			k->run(at + 3, width, k->per_hour, base, h->sum, by_hour ? h->top : &days->top);
			h->has_tops = true;
		}
		at += k->size;
	}
	*next = at;
	return i;
}

int
bl_days_add(BlDays *days, BlSums *sums, const BlProfile *p, BlCursor *cursor, const BlDayMap *const *maps, int n, int piece)
{
	int			added = 0;

	if (days->kernels->wide)
		added = bl_days_wide_add(days, sums, p, &cursor->next, maps, n, piece);
	/* what the wide way leaves, by days, so that it can go on behind them */
	if (added == 0)
		added = add_narrow(days, sums, p, &cursor->next, maps, days->kernels->wide && n > 1 ? 1 : n, piece);
	cursor->block += added;
	cursor->slot += added * p->day_slots;
	return added;
}

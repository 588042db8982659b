/*
 * days.h - whole days of narrow blocks, summed by the hour and told apart by period
 *
 * The hot loop of rating.  A whole local day in a narrow block is summed by its
 * hours as lanes (lanes.h; profile.h has the layout), days that fall into
 * periods alike are summed together, and only then each period takes its hours.
 * Days that cannot be taken so are left to the caller, slot by slot; both ways
 * add the same integers.
 *
 * Where the processor has 64-byte vectors with byte permutes (AVX-512 VBMI), days
 * of quarter-hours go four slots of all lanes at a time (days_wide.c); the sums are
 * integers of the same readings, so no bill can tell.
 */
#ifndef BL_DAYS_H
#define BL_DAYS_H

#include "lanes.h"
#include "profile.h"
#include "tariff.h"

enum
{
	BL_MAP_RUNS_MAX = 160,		/* runs of one period in a day */
	BL_MAPS_AT_ONCE = 8,		/* kinds of days added up side by side */
	BL_WIDE_WIDTHS = 15,		/* that the wide way takes: 0 .. 14 */

	/* what is asked of the highest slots */
	BL_PEAK_NONE = 0,
	BL_PEAK_SPAN,				/* the highest of the span */
	BL_PEAK_PERIODS				/* of each period */
};

/* The hours of a period as lanes.h numbers them, those of even and of odd lanes, 32 bits each. */
typedef struct BlMask
{
	BlV4		even[3];
	BlV4		odd[3];
	uint8_t		lanes[3];		/* the same as bits */
} BlMask;

/* How one kind of day falls into periods. */
typedef struct BlDayMap
{
	int			place;			/* where its days are added up */
	int			runs;
	struct
	{
		int16_t		from;
		int16_t		to;
		int			period;
	}			run[BL_MAP_RUNS_MAX];
	bool		hourly;			/* changes on the hour only: what follows is valid */
	int8_t		hour[24];		/* its period */
	int			hours[BL_TARIFF_PERIODS_MAX];	/* of each period */
	BlMask		mask[BL_TARIFF_PERIODS_MAX];
} BlDayMap;

/* Raw integers of a profile, by piece of the span and period. */
typedef struct BlSums
{
	BlInt128   *cell;			/* [piece * periods + period] */
	int			periods;
	int			peaks;			/* BL_PEAK_... */
	bool		has_peak[BL_TARIFF_PERIODS_MAX];
	int64_t		peak[BL_TARIFF_PERIODS_MAX];
	bool		estimated;
} BlSums;

static inline void
bl_peak_of(BlSums *sums, int period, int64_t value)
{
	if (!sums->has_peak[period] || value > sums->peak[period])
	{
		sums->has_peak[period] = true;
		sums->peak[period] = value;
	}
}

/* What sums a whole narrow day of one width. */
typedef struct BlKernel
{
	BlLanesHours run;			/* NULL: none does */
	int			per_hour;		/* slots */
	int			most;			/* that it adds to any hour */
	int			base;			/* the highest with which its values fit the lanes */
	int			size;			/* of the block */
} BlKernel;

/* Where the four slots of each hour lie, in a day of quarter-hours of one width. */
typedef struct BlWideKernel
{
	uint64_t	bits[3];		/* of each byte of the four slots, within 64 bits of a lane */
	int			from[3];		/* byte that those 64 bits of the lanes begin at */
	uint8_t		valid[3];		/* a bit for each 8 bytes of the 64 that belong to the block */
	int8_t		half;			/* word of the last hour that is a half; -1: none */
	uint16_t	mask;
	int			base;			/* as BlKernel has it */
	int			size;
} BlWideKernel;

/* Kernels for slots of one length, kept from profile to profile. */
typedef struct BlKernels
{
	bool		known;
	bool		wide;			/* the wide way is there and takes these slots */
	int			slot_minutes;
	int			per_hour;		/* 0: slots do not divide the hour, nothing is taken */
	BlKernel	kernel[3][17];	/* [tops][width] */
	BlWideKernel wide_kernel[BL_WIDE_WIDTHS];
} BlKernels;

typedef uint16_t BlV32 __attribute__((vector_size(64)));

/* What days of one map have added so far, hour by hour as lanes.h numbers them. */
typedef struct BlHours
{
	const BlDayMap *map;		/* NULL: nothing yet */
	int64_t		base;			/* of the days' bases */
	int			room;			/* what every sum can still take */
	int			wide_room;
	bool		has_tops;
	bool		has_narrow;
	bool		has_more;		/* even and odd are set */
	bool		has_wide;
	bool		has_spill;
	BlV8		sum[3];
	BlV4		even[3];		/* sums that had no more room */
	BlV4		odd[3];
	BlV8		top[3];			/* with BL_TOPS_HOURS */
	BlV32		wide[3];		/* four slots of a lane side by side */
	BlV32		spill[3];		/* the same in 64 bits a lane */
	BlV32		wide_top[3];
} BlHours;

/* The whole days of one piece. */
typedef struct BlDays
{
	const BlKernels *kernels;
	BlTops		tops;
	bool		has_top;
	bool		has_wide_top;
	int			bases;			/* the bits of all bases: below zero where one of them is */
	BlV8		top;			/* with BL_TOPS_DAY */
	BlV32		wide_top;
	BlHours		hours[BL_MAPS_AT_ONCE];
} BlDays;

/* does this processor have the wide way? */
extern bool bl_days_wide_here(void);

/* for slots of a length; nothing happens where they are known */
extern void bl_days_kernels(BlKernels *kernels, int slot_minutes, bool wide);

extern void bl_days_open(BlDays *days, const BlKernels *kernels, int peaks);

/*
 * Adds at most n whole days from the cursor on, while maps has one for the day
 * (NULL: it cannot be taken by hours) and the block is plain; returns how many.
 * The cells are those of the piece that the days lie in.
 */
extern int	bl_days_add(BlDays *days, BlSums *sums, const BlProfile *p, BlCursor *cursor, const BlDayMap *const *maps, int n, int piece);

/* the days since the last time into the cells of a piece */
extern void bl_days_settle(BlDays *days, BlSums *sums, int piece);
/* the highest slot of all days, with BL_PEAK_SPAN */
extern void bl_days_peak(const BlDays *days, BlSums *sums);

/* days.c, for days_wide.c: a place for days of a map; one of another map there makes way */
extern void bl_days_begin(BlDays *days, BlSums *sums, const BlDayMap *map, int piece);

/* days_wide.c */
extern void bl_days_wide_kernels(BlWideKernel kernel[BL_WIDE_WIDTHS]);
extern int	bl_days_wide_add(BlDays *days, BlSums *sums, const BlProfile *p, const uint8_t **at, const BlDayMap *const *maps, int n, int piece);
/* what the days of some maps make of each period, added to sum */
extern void bl_days_wide_sums(BlHours *const *list, int n, int periods, int64_t *sum);
extern void bl_days_wide_tops(const BlHours *hours, BlSums *sums);	/* BL_TOPS_HOURS */
extern int	bl_days_wide_top(const BlDays *days);	/* BL_TOPS_DAY */

#endif							/* BL_DAYS_H */

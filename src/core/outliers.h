/*
 * outliers.h - readings and runs of readings that stand out from the meter's own
 *
 * Nothing is set: what is usual is learnt from the meter itself.  A reading is
 * held against the largest of the third-largest readings of the days around
 * it, a run of equal readings or of zeros against how long the meter's other
 * runs are.  Trained trees may judge readings instead, by the features below.
 *
 * Scores are doubles; a reading that is billed never comes from here.
 */
#ifndef BL_OUTLIERS_H
#define BL_OUTLIERS_H

#include "readings.h"

enum
{
	BL_OUTLIER_FEATURES = 12,
	BL_OUTLIER_RUN_LEAST = 6	/* slots: shorter runs are never told of */
};

typedef enum BlOutlierKind
{
	BL_OUTLIER_SPIKE,
	BL_OUTLIER_NEGATIVE,
	BL_OUTLIER_CATCH_UP,		/* zeros, then all of it in one reading */
	BL_OUTLIER_STUCK,
	BL_OUTLIER_ZERO,
	BL_OUTLIER_KINDS
} BlOutlierKind;

typedef struct BlOutlier
{
	BlOutlierKind kind;
	int			from;			/* slots of the series */
	int			until;
	double		score;			/* 0 to 1 */
} BlOutlier;

/* what is usual of a meter */
typedef struct BlOutliers
{
	const BlReadings *readings;
	double	   *value;			/* by slot; NaN: missing */
	int		   *day;			/* by slot, an index of readings->day */
	int		   *clock;			/* by slot: which of the day's slots, by local time */
	double	   *slot_median;	/* by clock */
	double	   *slot_spread;	/* median distance from it, as of a normal distribution */
	double	   *slot_high;		/* 99 % quantile */
	double		median;			/* of all readings above zero */
	double		high;			/* 99.5 % quantile of all */
	double	   *day_third;		/* by day; NaN: too few readings */
	double	   *week_third;		/* the largest of the days around */
	bool		net;			/* readings below zero are usual: the channel counts both ways */
} BlOutliers;

/* judges a reading by its features, 0 to 1 */
typedef double (*BlOutlierJudge) (void *context, const double *features);
typedef void (*BlOutlierSink) (void *context, const BlOutlier *outlier);

extern const char *const bl_outlier_name[BL_OUTLIER_KINDS];
extern const char *const bl_outlier_feature[BL_OUTLIER_FEATURES];

/* learns what is usual from the whole series, history included; BL_NO_SPACE */
extern BlStatus bl_outliers_learn(const BlReadings *readings, BlArena *arena, BlOutliers *o);

/* what a reading is beside its own day, week and time of day; false: nothing about it stands out, not even a little */
extern bool bl_outlier_features(const BlOutliers *o, int slot, double *features);

/*
 * Tells of the profile's slots, by their kinds and then by time, what scores at
 * least `least`; judge NULL: untrained.  BL_NO_SPACE
 */
extern BlStatus bl_outliers_find(const BlOutliers *o, double least, BlOutlierJudge judge, void *judge_context,
								 BlOutlierSink sink, void *context);

#endif							/* BL_OUTLIERS_H */

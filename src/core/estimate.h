/*
 * estimate.h - what is missing is estimated, and every estimate says how
 *
 * A gap of up to linear_minutes is a line between its good neighbours, or
 * level where only one side has one.  A longer one takes, day by day, the
 * mean of the same local times of the nearest like days on both sides.  Then
 * what was estimated within a register's span is scaled so that all slots of
 * the span add up to it exactly.  A slot that none of this serves stays as it
 * is and says why.
 */
#ifndef BL_ESTIMATE_H
#define BL_ESTIMATE_H

#include "readings.h"
#include "vee_rules.h"

enum
{
	BL_LIKE_DAYS_MAX = 31
};

typedef enum BlMethod
{
	BL_NOT_ESTIMATED,
	BL_LINEAR,
	BL_FLAT,
	BL_LIKE_DAYS,
	BL_EVEN
} BlMethod;

/* slots of the profile that were estimated in one way, or could not be */
typedef struct BlEstimate
{
	int			from;			/* slots of the series */
	int			until;
	BlMethod	method;
	int			days;			/* that the mean is of */
	int32_t		day[BL_LIKE_DAYS_MAX];	/* rising */
	BlInt128	unscaled;		/* sums, in the series' step */
	BlInt128	sum;
	int			reg;			/* the register that it was scaled to, or -1 */
	const char *reason;			/* why not estimated, or not scaled; NULL: nothing to say */
} BlEstimate;

typedef void (*BlEstimateSink) (void *context, const BlEstimate *estimate);

/*
 * Fills the slots of readings->series in place; its scale becomes finer where a
 * register needs it.  sink may be NULL; it is called when all are filled.  BL_NO_SPACE, BL_OVERFLOW with problem.
 */
extern BlStatus bl_estimate(BlReadings *readings, const BlEstimationRules *rules,
							BlEstimateSink sink, void *context, BlProblem *problem);

extern const char *const bl_method_name[BL_EVEN + 1];

#endif							/* BL_ESTIMATE_H */

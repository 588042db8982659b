/*
 * validate.h - which readings break which rule
 *
 * Rules look at a profile within its history (readings.h) and tell of spans
 * of the profile.  What a person or an estimate has put in (corrected,
 * substituted, estimated) is not questioned again, but counts as history.
 */
#ifndef BL_VALIDATE_H
#define BL_VALIDATE_H

#include "readings.h"
#include "vee_rules.h"

/* one breach of a rule, or why it could not be checked */
typedef struct BlFinding
{
	const BlRule *rule;
	BlSeverity	severity;
	int32_t		from;
	int32_t		until;
	int			slots;			/* of the profile within the span */
	bool		has_measured;
	bool		has_bound;
	BlDec		measured;
	BlDec		bound;
	const char *unit;			/* of both; NULL where there is neither */
	char		detail[160];
} BlFinding;

typedef void (*BlFindingSink) (void *context, const BlFinding *finding);

/* rule by rule, each in the order of time; BL_NO_SPACE */
extern BlStatus bl_validate(const BlReadings *readings, const BlRules *rules, BlFindingSink sink, void *context);

/*
 * The same, into the profile's qualities: rejected slots become missing,
 * suspected ones that were actual suspect.  qualities and values are those of
 * the profile's slots.
 */
extern BlStatus bl_validate_mark(const BlReadings *readings, const BlRules *rules, int64_t *values, uint8_t *qualities);

#endif							/* BL_VALIDATE_H */

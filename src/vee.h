/*
 * vee.h - the arguments that validation, estimation and editing share
 */
#ifndef BL_VEE_H
#define BL_VEE_H

#include "billing.h"
#include "core/readings.h"
#include "core/vee_rules.h"

/* of validate(), validated(), estimate() and estimation() */
enum
{
	BL_VEE_PROFILE,
	BL_VEE_RULES,
	BL_VEE_HISTORY,
	BL_VEE_REGISTERS,
	BL_VEE_MARKET
};

/* argument 0 with history, registers and market, in the current memory context; errors are raised */
extern void bl_vee_readings(FunctionCallInfo fcinfo, BlArena *arena, BlReadings *readings);
/* argument BL_VEE_RULES, or what holds without it; kept between the calls of a query */
extern const BlRules *bl_vee_rules(FunctionCallInfo fcinfo);
extern const BlEstimationRules *bl_vee_estimation_rules(FunctionCallInfo fcinfo);

/* the offset table for a profile's zone over some span; errors are raised */
extern BlZone bl_vee_zone(const BlProfile *profile, int32_t from, int32_t until);

/* bytes that working on some readings may take */
#define BL_VEE_CEILING ((size_t) 1 << 30)

#endif							/* BL_VEE_H */

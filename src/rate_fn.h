/*
 * rate_fn.h - rate() for those who call it from C, row after row
 */
#ifndef BL_RATE_FN_H
#define BL_RATE_FN_H

#include "billing.h"
#include "core/fixed.h"

/* the arguments of rate() and its kin, in order */
enum
{
	BL_RATE_TARIFF,
	BL_RATE_USAGE,
	BL_RATE_DURING,
	BL_RATE_TERMS,
	BL_RATE_MARKET,
	BL_RATE_CARRY,
	BL_RATE_ARGS
};

/* what a bill says, and what its writer asks of it */
typedef struct BlRatedRow
{
	struct varlena *charges;
	BlDec		total;
	char		currency[4];
	const uint8_t *carry;		/* within charges */
	size_t		carry_size;		/* 0: the carry is empty */
} BlRatedRow;

/*
 * One step of rate(): fcinfo's arguments, of which tariff and span are not null, its flinfo kept between rows.
 * bare_profile: the usage is an import profile of part "main".  *problem is filled in unless the status is BL_OK.
 */
extern BlStatus bl_rate_row(FunctionCallInfo fcinfo, bool bare_profile, BlRatedRow *row, const BlProblem **problem);

#endif							/* BL_RATE_FN_H */

/*
 * forest_fn.h - forests as arguments of functions beside their own
 */
#ifndef BL_FOREST_FN_H
#define BL_FOREST_FN_H

#include "billing.h"
#include "core/forest.h"

/* argument n, opened once for all calls of a query that bring the same; *row has room for its features */
extern const BlForest *bl_forest_arg(FunctionCallInfo fcinfo, int n, float **row);

#endif							/* BL_FOREST_FN_H */

/*
 * forest_fuzz.c - any bytes as a forest: what is accepted is walked, and every walk ends
 */
#include <math.h>

#include "core/forest.h"
#include "memory.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static float row[BL_FOREST_FEATURES_MAX];
	static double by[BL_FOREST_FEATURES_MAX];
	BlForest	f;
	double		base;

	if (bl_forest_open(&f, data, size) != BL_OK)
		return 0;
	for (int k = 0; k < 3; k++)
	{
		for (int i = 0; i < f.features; i++)
			row[i] = k == 0 ? 0 : k == 1 ? NAN : INFINITY;
		MUST(!isnan(bl_forest_probability(&f, bl_forest_score(&f, row))));
		bl_forest_contributions(&f, row, &base, by);
	}
	bl_forest_importance(&f, by);
	return 0;
}

/*
 * forest.h - ensembles of extremely randomised trees: trained, stored, asked, explained
 *
 * Classes: extra-trees after Geurts, Ernst, Wehenkel, "Extremely randomized
 * trees", Machine Learning 63 (2006): each tree sees all rows, each node draws
 * some features and one cut for each, and takes the best by the Gini index.
 * Isolation: after Liu, Ting, Zhou, "Isolation Forest", ICDM 2008, on the same
 * nodes.  The same rows in any order, options and seed give the same bytes on
 * every machine: counts are integers, doubles only add, multiply, divide and
 * compare, random numbers are SplitMix64's.
 *
 * A missing value (NaN) goes, at each node, to the side it fits best.
 *
 *	offset	size	what (little-endian)
 *	0		1		version, 1
 *	1		1		kind: 0 classes, 1 isolation
 *	2		2		features, 1 to 1024
 *	4		4		trees, 1 to 10000
 *	8		4		rows it was trained on
 *	12		4		those of them with label true; isolation: 0
 *	16		8		seed
 *	24		32		SHA-256 of the training rows in the order of their bytes
 *	56		8		slope, a double: probability = 1 / (1 + exp(-(slope * score + intercept)));
 *	64		8		intercept; both 0: not calibrated
 *	72		4		rows a tree of an isolation forest saw; classes: 0
 *	76				for each feature: 1 length, its name in UTF-8
 *					for each tree: 4 number of nodes, then nodes of 28 bytes, a node's left
 *					side right after it:
 *					8 cut, 8 value, 4 right side's number (a leaf: 0), 4 rows, 2 feature, 1 missing goes left, 1 zero
 *
 * A row goes left where its feature is at most the cut.  A node's value is the share of true
 * labels below it, or in isolation the mean length of the paths through it.
 */
#ifndef BL_FOREST_H
#define BL_FOREST_H

#include "arena.h"
#include "bytes.h"
#include "status.h"

enum
{
	BL_FOREST_FEATURES_MAX = 1024,
	BL_FOREST_TREES_MAX = 10000,
	BL_FOREST_ROWS_MAX = 100000000,
	BL_FOREST_DEPTH_MAX = 64,
	BL_FOREST_SAMPLE_MAX = 65536,
	BL_FOREST_HEADER = 76,
	BL_FOREST_NODE = 28
};

typedef enum BlForestKind
{
	BL_FOREST_CLASSES,
	BL_FOREST_ISOLATION
} BlForestKind;

/* A value that has been checked; points into its bytes. */
typedef struct BlForest
{
	BlForestKind kind;
	int			features;
	int			trees;
	uint32_t	rows;
	uint32_t	positive;
	uint32_t	sample;
	double		usual;			/* of isolation: the mean length of path that sets nothing apart */
	uint64_t	seed;
	const uint8_t *digest;
	double		slope;
	double		intercept;
	const uint8_t *names;
	const uint8_t *first;		/* of the trees */
	const uint8_t *end;
} BlForest;

/* What to train on, and how. */
typedef struct BlForestTraining
{
	BlForestKind kind;
	int			features;
	uint32_t	rows;
	const float *value;			/* rows * features, row after row; NaN: missing */
	const uint8_t *label;		/* 0 or 1 by row; isolation: NULL */
	const char *const *name;	/* of the features, at most 255 bytes each */
	int			trees;
	int			leaf;			/* fewest rows of a leaf */
	double		share;			/* of the features that a node tries */
	uint32_t	sample;			/* rows an isolation tree sees */
	uint64_t	seed;
	bool		calibrate;
	uint8_t		digest[32];		/* of the rows in their order */
} BlForestTraining;

/*
 * Training: begin, which puts the rows into the order of their bytes; with the digest over them in the training,
 * the head; then the trees, any of them in any order, each of so many bytes as bl_forest_grow() says.
 */
typedef struct BlForestGrower BlForestGrower;
extern BlStatus bl_forest_begin(const BlForestTraining *training, BlArena *arena, BlForestGrower **grower);
extern const uint32_t *bl_forest_order(const BlForestGrower *grower);	/* row numbers */
extern BlStatus bl_forest_write_head(BlForestGrower *grower, BlWriter *out);	/* calibrates */
extern BlStatus bl_forest_grow(BlForestGrower *grower, int tree, size_t *bytes);
extern void bl_forest_write_tree(const BlForestGrower *grower, BlWriter *out);

/* BL_OK: every walk through it ends, and reads nothing beyond it */
extern BlStatus bl_forest_open(BlForest *forest, const uint8_t *bytes, size_t size);

/* the mean of the trees' leaves: classes 0 to 1; isolation 0 to 1, above 0.5 apart from the rest */
extern double bl_forest_score(const BlForest *forest, const float *row);
/* the calibrated probability; of a forest that is not, the score */
extern double bl_forest_probability(const BlForest *forest, double score);
/*
 * How far each feature moved the mean from that of all rows, *base: base and the contributions together are
 * the mean of the trees' leaves (of isolation the mean length of path: what shortens it points to apart).
 */
extern void bl_forest_contributions(const BlForest *forest, const float *row, double *base, double *by_feature);
/* the share of each feature in what the cuts have told apart, together 1; of isolation in how many cuts it made */
extern void bl_forest_importance(const BlForest *forest, double *by_feature);

#endif							/* BL_FOREST_H */

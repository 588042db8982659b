/*
 * forest_test.c - forests: the same from rows in any order, right on what can be told apart, safe with any bytes
 */
#include <math.h>

#include "check.h"
#include "core/forest.h"

enum
{
	ROWS = 600,
	FEATURES = 5
};

static uint8_t memory[64 << 20];
static size_t memory_used;

static void *
more(void *context, size_t size)
{
	void	   *at = memory + memory_used;

	(void) context;
	if (size > sizeof memory - memory_used)
		return NULL;
	memory_used += size;
	return at;
}

static float value[ROWS][FEATURES];
static uint8_t label[ROWS];
static const char *const name[FEATURES] = {"a", "b", "c", "d", "e"};
static uint8_t bytes[16 << 20];

/* true inside a circle of the first two, and where the third is missing and the fourth high */
static void
make_rows(uint64_t seed)
{
	for (int i = 0; i < ROWS; i++)
	{
		for (int f = 0; f < FEATURES; f++)
			value[i][f] = (float) (check_random(&seed) >> 40) / (1 << 24);
		if (check_random(&seed) % 5 == 0)
			value[i][2] = NAN;
		value[i][4] = 7;
		label[i] = (value[i][0] - 0.5f) * (value[i][0] - 0.5f) + (value[i][1] - 0.5f) * (value[i][1] - 0.5f) < 0.08f ||
			(isnan(value[i][2]) && value[i][3] > 0.7f);
	}
}

static BlForestTraining
training(BlForestKind kind)
{
	return (BlForestTraining) {.kind = kind, .features = FEATURES, .rows = ROWS, .value = &value[0][0], .label = kind == BL_FOREST_CLASSES ? label : NULL,
		.name = name, .trees = 50, .leaf = kind == BL_FOREST_CLASSES ? 2 : 1, .share = 0.6, .sample = 128, .seed = 42, .calibrate = true};
}

static size_t
train(const BlForestTraining *t, BlForest *f)
{
	BlArena		arena = {.more = more, .ceiling = sizeof memory};
	BlWriter	w = {bytes, sizeof bytes, 0};
	BlForestGrower *g;
	size_t		size;

	memory_used = 0;
	CHECK_EQ(bl_forest_begin(t, &arena, &g), BL_OK);
	CHECK_EQ(bl_forest_write_head(g, &w), BL_OK);
	for (int i = 0; i < t->trees; i++)
	{
		size_t		before = w.used;

		CHECK_EQ(bl_forest_grow(g, i, &size), BL_OK);
		bl_forest_write_tree(g, &w);
		CHECK_EQ(w.used - before, size);
	}
	CHECK(w.used <= sizeof bytes);
	CHECK_EQ(bl_forest_open(f, bytes, w.used), BL_OK);
	return w.used;
}

static void
tells_apart(void)
{
	BlForestTraining t = training(BL_FOREST_CLASSES);
	BlForest	f;
	int			wrong = 0;
	double		loss = 0;

	make_rows(1);
	train(&t, &f);
	CHECK_EQ(f.features, FEATURES);
	CHECK_EQ(f.rows, ROWS);
	/* rows it has not seen */
	make_rows(2);
	for (int i = 0; i < ROWS; i++)
	{
		double		score = bl_forest_score(&f, value[i]),
					p = bl_forest_probability(&f, score);

		CHECK(score >= 0 && score <= 1 && p > 0 && p < 1);
		wrong += (score > 0.5) != label[i];
		loss += (p - label[i]) * (p - label[i]) / ROWS;
	}
	CHECK(wrong < ROWS / 12);
	CHECK(loss < 0.06);
}

/* a tenth of the rows, which every cut tells from the others: each score is 0 or 1 */
static void
tells_surely(void)
{
	BlForestTraining t = training(BL_FOREST_CLASSES);
	BlForest	f;

	make_rows(4);
	for (int i = 0; i < ROWS; i++)
	{
		label[i] = i % 10 == 0;
		for (int k = 0; k < 4; k++)
			value[i][k] = (isnan(value[i][k]) ? 0 : value[i][k]) / 100 + label[i];
	}
	train(&t, &f);
	for (int i = 0; i < ROWS; i++)
	{
		double		p = bl_forest_probability(&f, bl_forest_score(&f, value[i]));

		CHECK(label[i] ? p > 0.9 : p < 0.05);
	}
}

static void
any_order(void)
{
	BlForestTraining t = training(BL_FOREST_CLASSES);
	static uint8_t before[sizeof bytes];
	BlForest	f;
	size_t		size;

	for (BlForestKind kind = BL_FOREST_CLASSES; kind <= BL_FOREST_ISOLATION; kind++)
	{
		t = training(kind);
		make_rows(3);
		size = train(&t, &f);
		memcpy(before, bytes, size);
		for (int i = 0; i < ROWS / 2; i++)
		{
			float		row[FEATURES];
			uint8_t		l = label[i];

			memcpy(row, value[i], sizeof row);
			memcpy(value[i], value[ROWS - 1 - i], sizeof row);
			memcpy(value[ROWS - 1 - i], row, sizeof row);
			label[i] = label[ROWS - 1 - i];
			label[ROWS - 1 - i] = l;
		}
		CHECK_EQ(train(&t, &f), size);
		CHECK(memcmp(before, bytes, size) == 0);
		t.seed++;
		train(&t, &f);
		CHECK(memcmp(before, bytes, 4096) != 0);
	}
}

static void
explains(void)
{
	double		base,
				by[FEATURES],
				importance[FEATURES],
				sum;

	for (BlForestKind kind = BL_FOREST_CLASSES; kind <= BL_FOREST_ISOLATION; kind++)
	{
		BlForestTraining t = training(kind);
		BlForest	f;

		make_rows(4);
		train(&t, &f);
		for (int i = 0; i < ROWS; i++)
		{
			bl_forest_contributions(&f, value[i], &base, by);
			sum = base;
			for (int k = 0; k < FEATURES; k++)
				sum += by[k];
			if (kind == BL_FOREST_CLASSES)
				CHECK(fabs(sum - bl_forest_score(&f, value[i])) < 1e-9);
			CHECK(by[4] == 0);
		}
		bl_forest_importance(&f, importance);
		sum = 0;
		for (int k = 0; k < FEATURES; k++)
			sum += importance[k];
		CHECK(fabs(sum - 1) < 1e-9);
		CHECK(importance[4] == 0);	/* it is the same in all rows */
		if (kind == BL_FOREST_CLASSES)
			CHECK(importance[0] > importance[3] && importance[1] > importance[3]);
	}
}

static void
isolates(void)
{
	BlForestTraining t = training(BL_FOREST_ISOLATION);
	BlForest	f;
	double		mean = 0,
				odd;

	make_rows(5);
	for (int k = 0; k < 4; k++)
		value[17][k] = 3;
	train(&t, &f);
	for (int i = 0; i < ROWS; i++)
		mean += bl_forest_score(&f, value[i]) / ROWS;
	odd = bl_forest_score(&f, value[17]);
	CHECK(mean > 0.35 && mean < 0.55);
	CHECK(odd > 0.65);
}

static void
few_rows(void)
{
	BlForestTraining t = training(BL_FOREST_CLASSES);
	BlForest	f;

	make_rows(6);
	t.rows = 1;
	train(&t, &f);
	CHECK(bl_forest_score(&f, value[0]) == label[0]);
	CHECK(f.slope == 0 && f.intercept == 0);
	t = training(BL_FOREST_ISOLATION);
	t.rows = 1;
	train(&t, &f);
	CHECK(bl_forest_score(&f, value[0]) == 0.5);
	/* all rows the same, all missing */
	t = training(BL_FOREST_CLASSES);
	for (int i = 0; i < ROWS; i++)
		for (int k = 0; k < FEATURES; k++)
			value[i][k] = NAN;
	train(&t, &f);
	CHECK(bl_forest_score(&f, value[0]) > 0 && bl_forest_score(&f, value[0]) < 1);
	t.features = 0;
	memory_used = 0;
	CHECK_EQ(bl_forest_begin(&t, &(BlArena) {.more = more, .ceiling = sizeof memory}, &(BlForestGrower *) {NULL}), BL_BAD_VALUE);
}

/* damaged at any place: refused, or still a forest whose walks end */
static void
damaged(void)
{
	BlForestTraining t = training(BL_FOREST_CLASSES);
	BlForest	f;
	uint64_t	seed = 7;
	size_t		size;
	int			refused = 0;

	make_rows(8);
	t.trees = 3;
	t.calibrate = false;
	size = train(&t, &f);
	for (int i = 0; i < 20000; i++)
	{
		size_t		at = check_random(&seed) % size;
		uint8_t		was = bytes[at];

		bytes[at] ^= (uint8_t) (1 << check_random(&seed) % 8);
		if (bl_forest_open(&f, bytes, size) != BL_OK)
			refused++;
		else if (f.features == FEATURES)
			CHECK(isfinite(bl_forest_score(&f, value[i % ROWS])));
		bytes[at] = was;
	}
	CHECK(refused > 1000);
	for (size_t i = 0; i < size; i += 1 + size / 500)
		CHECK(bl_forest_open(&f, bytes, i) != BL_OK);
	bytes[0] = 2;
	CHECK_EQ(bl_forest_open(&f, bytes, size), BL_BAD_VERSION);
}

int
main(void)
{
	RUN(tells_apart);
	RUN(tells_surely);
	RUN(any_order);
	RUN(explains);
	RUN(isolates);
	RUN(few_rows);
	RUN(damaged);
	return DONE();
}

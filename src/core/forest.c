/*
 * forest.c - extremely randomised trees; see forest.h
 */
#include "forest.h"

#include <math.h>

typedef struct Node
{
	double		cut;
	double		value;
	uint32_t	right;			/* 0: a leaf */
	uint32_t	rows;
	uint16_t	feature;
	bool		missing_left;
} Node;

static uint64_t
next_random(uint64_t *state)
{
	uint64_t	z = (*state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* 0 to below n; the bias is below n / 2^32 */
static uint32_t
below(uint64_t *state, uint32_t n)
{
	return (uint32_t) ((next_random(state) >> 32) * n >> 32);
}

/* 0 to below 1 */
static double
fraction(uint64_t *state)
{
	return (double) (next_random(state) >> 11) * 0x1p-53;
}

static double
get_double(const uint8_t *p)
{
	uint64_t	bits = bl_le64(p);
	double		x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

static void
write_double(BlWriter *out, double x)
{
	uint64_t	bits;

	memcpy(&bits, &x, sizeof bits);
	bl_write_le64(out, bits);
}

static Node
get_node(const uint8_t *p)
{
	return (Node) {get_double(p), get_double(p + 8), bl_le32(p + 16), bl_le32(p + 20), bl_le16(p + 24), p[26] != 0};
}

static void
write_node(BlWriter *out, const Node *n)
{
	write_double(out, n->cut);
	write_double(out, n->value);
	bl_write_le32(out, n->right);
	bl_write_le32(out, n->rows);
	bl_write_le16(out, n->feature);
	bl_write_u8(out, n->missing_left);
	bl_write_u8(out, 0);
}

/* the mean length of a path to a row among n that no cut has told apart */
static double
isolation_rest(uint32_t n)
{
	double		harmonic = 0;

	if (n < 2)
		return 0;
	for (uint32_t i = 1; i < n; i++)
		harmonic += 1.0 / i;
	return 2 * harmonic - 2 * (double) (n - 1) / n;
}

/* ---- training ---- */

struct BlForestGrower
{
	const BlForestTraining *t;
	BlArena    *arena;
	const uint32_t *order;		/* of the rows */
	uint32_t   *all;			/* 0, 1, 2… */
	uint32_t	positive;
	const float *column;		/* features * rows, feature after feature */
	const uint8_t *label;
	uint32_t	rows;
	uint32_t   *row;			/* those of the tree, a node's side by side */
	uint16_t   *feature;		/* in the order they are drawn */
	int			tries;
	Node	   *node;
	uint32_t	nodes;
	uint32_t	room;
	uint64_t	random;
	uint32_t	polled;
};
typedef struct BlForestGrower Grower;

/* A stretch of rows that becomes a node; its parent, if it is the right side of one. */
typedef struct Stretch
{
	uint32_t	from;
	uint32_t	until;
	int			depth;
	uint32_t	parent;			/* UINT32_MAX: a left side, or the root */
} Stretch;

typedef struct Cut
{
	int			feature;		/* -1: none */
	float		at;
	bool		missing_left;
	double		gain;
} Cut;

typedef struct Side
{
	uint32_t	n;
	uint32_t	positive;
} Side;

/* what Gini's index leaves to compare: the sum of squares over each side's rows */
static double
purity(Side s)
{
	double		p = s.positive,
				q = (double) s.n - s.positive;

	return (p * p + q * q) / s.n;
}

static void
consider(const Grower *g, Cut *best, int feature, float at, bool missing_left, Side left, Side right)
{
	double		gain;

	if (left.n < (uint32_t) g->t->leaf || right.n < (uint32_t) g->t->leaf)
		return;
	gain = purity(left) + purity(right);
	if (best->feature < 0 || gain > best->gain)
		*best = (Cut) {feature, at, missing_left, gain};
}

/* a cut of one feature at random; false: all its values are the same */
static bool
try_feature(Grower *g, const Stretch *s, int feature, Side all, Cut *best)
{
	const float *x = g->column + (size_t) feature * g->rows;
	float		low = INFINITY,
				high = -INFINITY,
				at;
	Side		missing = {0, 0},
				left = {0, 0},
				right;

	for (uint32_t i = s->from; i < s->until; i++)
	{
		float		v = x[g->row[i]];

		if (isnan(v))
		{
			missing.n++;
			missing.positive += g->label != NULL && g->label[g->row[i]];
			continue;
		}
		low = v < low ? v : low;
		high = v > high ? v : high;
	}
	if (missing.n == all.n || (low == high && missing.n == 0))
		return false;
	at = (float) (low + fraction(&g->random) * ((double) high - low));
	if (!(at < high))
		at = low;
	if (g->t->kind == BL_FOREST_ISOLATION)
	{
		/* there is nothing to compare: missing values go either way, where the rest cannot be cut to the right */
		*best = (Cut) {feature, at, low < high && below(&g->random, 2) == 0, 0};
		return true;
	}
	for (uint32_t i = s->from; i < s->until; i++)
	{
		bool		goes = x[g->row[i]] <= at;	/* false for NaN */

		left.n += goes;
		left.positive += goes & g->label[g->row[i]];
	}
	right = (Side) {all.n - left.n - missing.n, all.positive - left.positive - missing.positive};
	if (missing.n == 0)
	{
		consider(g, best, feature, at, left.n >= right.n, left, right);
		return true;
	}
	if (right.n > 0)
		consider(g, best, feature, at, true, (Side) {left.n + missing.n, left.positive + missing.positive}, right);
	consider(g, best, feature, at, false, left, (Side) {right.n + missing.n, right.positive + missing.positive});
	return true;
}

static Cut
draw_cut(Grower *g, const Stretch *s, Side all)
{
	Cut			best = {-1, 0, false, 0};
	int			tried = 0;

	for (int i = 0; i < g->t->features && tried < g->tries; i++)
	{
		int			j = i + (int) below(&g->random, (uint32_t) (g->t->features - i));
		uint16_t	feature = g->feature[j];

		g->feature[j] = g->feature[i];
		g->feature[i] = feature;
		tried += try_feature(g, s, feature, all, &best);
	}
	return best;
}

static bool
goes_left(const Node *n, float v)
{
	return isnan(v) ? n->missing_left : (double) v <= n->cut;
}

/* left rows to the front; returns where the right ones begin */
static uint32_t
part(Grower *g, const Stretch *s, const Node *n)
{
	const float *x = g->column + (size_t) n->feature * g->rows;
	uint32_t	from = s->from,
				until = s->until;

	while (from < until)
	{
		uint32_t	row = g->row[from];

		if (goes_left(n, x[row]))
			from++;
		else
		{
			g->row[from] = g->row[--until];
			g->row[until] = row;
		}
	}
	return from;
}

/* the mean length of path below each inner node of an isolation tree, from its leaves */
static void
lengths_up(Grower *g)
{
	for (uint32_t i = g->nodes; i-- > 0;)
	{
		Node	   *n = &g->node[i];

		if (n->right != 0)
			n->value = (g->node[i + 1].value * g->node[i + 1].rows + g->node[n->right].value * g->node[n->right].rows) / n->rows;
	}
}

static BlStatus
grow(Grower *g, uint32_t rows, int deepest)
{
	Stretch		stack[BL_FOREST_DEPTH_MAX + 2];
	int			height = 0;

	g->nodes = 0;
	stack[height++] = (Stretch) {0, rows, 0, UINT32_MAX};
	while (height > 0)
	{
		Stretch		s = stack[--height];
		Side		all = {s.until - s.from, 0};
		Node	   *n;
		Cut			cut = {-1, 0, false, 0};
		uint32_t	at = g->nodes++;

		if (at == g->room)
			return BL_LIMIT;
		n = &g->node[at];
		if (s.parent != UINT32_MAX)
			g->node[s.parent].right = at;
		for (uint32_t i = s.from; i < s.until && g->label != NULL; i++)
			all.positive += g->label[g->row[i]];
		g->polled += all.n;
		if (g->polled >> 16 != 0)
		{
			g->polled = 0;
			bl_arena_poll(g->arena);
		}
		if (s.depth < deepest && all.n >= 2 * (uint32_t) g->t->leaf &&
			(g->label == NULL || (all.positive > 0 && all.positive < all.n)))
			cut = draw_cut(g, &s, all);
		*n = (Node) {0, g->label != NULL ? (double) all.positive / all.n : s.depth + isolation_rest(all.n), 0, all.n, 0, false};
		if (cut.feature >= 0)
		{
			uint32_t	middle;

			n->cut = cut.at;
			n->feature = (uint16_t) cut.feature;
			n->missing_left = cut.missing_left;
			middle = part(g, &s, n);
			stack[height++] = (Stretch) {middle, s.until, s.depth + 1, at};
			stack[height++] = (Stretch) {s.from, middle, s.depth + 1, UINT32_MAX};
		}
	}
	if (g->label == NULL)
		lengths_up(g);
	return BL_OK;
}

/* the rows of a tree: all of `rows`, or a sample to the front */
static uint32_t
choose_rows(Grower *g, const uint32_t *rows, uint32_t n)
{
	uint32_t	sample = g->t->sample < n ? g->t->sample : n;

	memcpy(g->row, rows, sizeof *rows * n);
	if (g->t->kind == BL_FOREST_CLASSES)
		return n;
	for (uint32_t i = 0; i < sample; i++)
	{
		uint32_t	j = i + below(&g->random, n - i);
		uint32_t	row = g->row[j];

		g->row[j] = g->row[i];
		g->row[i] = row;
	}
	return sample;
}

static BlStatus
grow_tree(Grower *g, const uint32_t *rows, uint32_t n, uint64_t number)
{
	uint64_t	mix = g->t->seed;
	int			deepest = BL_FOREST_DEPTH_MAX;

	/* trees do not depend on each other, so that any of them can be grown alone */
	mix = next_random(&mix) ^ number * UINT64_C(0xD1342543DE82EF95);
	g->random = next_random(&mix);
	for (int i = 0; i < g->t->features; i++)
		g->feature[i] = (uint16_t) i;
	n = choose_rows(g, rows, n);
	if (g->t->kind == BL_FOREST_ISOLATION)
		for (deepest = 1; deepest < 32 && (uint64_t) 1 << deepest < n;)
			deepest++;
	return grow(g, n, deepest);
}

static double
walk(const Node *node, const float *column, uint32_t rows, uint32_t row)
{
	uint32_t	at = 0;

	while (node[at].right != 0)
		at = goes_left(&node[at], column[(size_t) node[at].feature * rows + row]) ? at + 1 : node[at].right;
	return node[at].value;
}

/* what is to be least: of log(1 + exp(x)) less target times x, without overflow */
static double
platt_loss(const double *score, const uint8_t *label, uint32_t rows, double high, double low, double a, double b)
{
	double		loss = 0;

	for (uint32_t i = 0; i < rows; i++)
	{
		double		x = a * score[i] + b;

		loss += (x > 0 ? x : 0) + log1p(exp(-fabs(x))) - (label[i] ? high : low) * x;
	}
	return loss;
}

/*
 * Platt's scaling after Lin, Lin, Weng, "A note on Platt's probabilistic outputs", Machine Learning
 * 68 (2007), by Newton's method; steps are halved until they lead down, since where scores tell the labels
 * apart without fault whole ones run away.  Rounded to 2^-16, so that the last bits of exp() do not count.
 */
static void
platt(const double *score, const uint8_t *label, uint32_t rows, uint32_t positive, double *slope, double *intercept)
{
	double		high = (positive + 1.0) / (positive + 2.0),
				low = 1.0 / (rows - positive + 2.0),
				a = 0,
				b = log((positive + 1.0) / (rows - positive + 1.0)),
				loss = platt_loss(score, label, rows, high, low, a, b);

	for (int round = 0; round < 100; round++)
	{
		double		h11 = 1e-9,
					h22 = 1e-9,
					h21 = 0,
					g1 = 0,
					g2 = 0,
					step = 1,
					next,
					det,
					da,
					db;

		for (uint32_t i = 0; i < rows; i++)
		{
			double		p = 1 / (1 + exp(-(a * score[i] + b))),
						d = (label[i] ? high : low) - p,
						w = p * (1 - p);

			h11 += score[i] * score[i] * w;
			h22 += w;
			h21 += score[i] * w;
			g1 += score[i] * d;
			g2 += d;
		}
		det = h11 * h22 - h21 * h21;
		if (!(det > 0))
			break;
		da = (h22 * g1 - h21 * g2) / det;
		db = (h11 * g2 - h21 * g1) / det;
		/* at the bottom whole steps are right, and rounding hides what they gain */
		if (g1 * da + g2 * db > 1e-6)
		{
			while ((next = platt_loss(score, label, rows, high, low, a + step * da, b + step * db)) > loss - 1e-4 * step * (g1 * da + g2 * db) && step > 1e-9)
				step /= 2;
			loss = next;
		}
		a += step * da;
		b += step * db;
		if (fabs(da) < 1e-7 && fabs(db) < 1e-7)
			break;
	}
	*slope = floor(a * 65536 + 0.5) / 65536;
	*intercept = floor(b * 65536 + 0.5) / 65536;
}

/* each row is judged by trees that have not seen it: five parts, a fifth of the trees each (at least 20) */
static BlStatus
calibrate(Grower *g, double *slope, double *intercept)
{
	enum
	{
		PARTS = 5
	};
	int			trees = g->t->trees / PARTS > 20 ? g->t->trees / PARTS : 20;
	double	   *score = bl_arena_get(g->arena, sizeof *score * g->rows);
	uint32_t   *seen = bl_arena_room(g->arena, sizeof *seen * g->rows);
	uint8_t    *fold = bl_arena_room(g->arena, g->rows);
	uint64_t	mix = g->t->seed ^ UINT64_C(0xA0761D6478BD642F);

	*slope = *intercept = 0;
	if (score == NULL || seen == NULL || fold == NULL)
		return BL_NO_SPACE;
	/* too few of either kind tell nothing */
	if (g->positive < 2 * PARTS || g->rows - g->positive < 2 * PARTS)
		return BL_OK;
	for (uint32_t i = 0; i < g->rows; i++)
		fold[i] = (uint8_t) below(&mix, PARTS);
	for (int k = 0; k < PARTS; k++)
	{
		uint32_t	n = 0;

		for (uint32_t i = 0; i < g->rows; i++)
			if (fold[i] != k)
				seen[n++] = i;
		if (n == 0)
			continue;
		for (int t = 0; t < trees; t++)
		{
			BlStatus	status = grow_tree(g, seen, n, (uint64_t) (k + 1) << 32 | (uint64_t) t);

			if (status != BL_OK)
				return status;
			for (uint32_t i = 0; i < g->rows; i++)
				if (fold[i] == k)
					score[i] += walk(g->node, g->column, g->rows, i) / trees;
		}
	}
	platt(score, g->label, g->rows, g->positive, slope, intercept);
	return BL_OK;
}

/* rows in the order of their bytes, by a merge sort from below: the order they came in does not count */
static int
row_cmp(const BlForestTraining *t, uint32_t a, uint32_t b)
{
	size_t		width = sizeof *t->value * (size_t) t->features;
	int			order = memcmp(t->value + (size_t) a * (size_t) t->features, t->value + (size_t) b * (size_t) t->features, width);

	return order != 0 || t->label == NULL ? order : t->label[a] - t->label[b];
}

static void
sort_rows(const BlForestTraining *t, uint32_t *row, uint32_t *spare)
{
	uint32_t   *from = row,
			   *to = spare;

	for (uint64_t width = 1; width < t->rows; width *= 2)
	{
		uint32_t   *swap;

		for (uint64_t start = 0; start < t->rows; start += 2 * width)
		{
			uint64_t	middle = start + width < t->rows ? start + width : t->rows,
						end = start + 2 * width < t->rows ? start + 2 * width : t->rows,
						i = start,
						j = middle;

			for (uint64_t k = start; k < end; k++)
				to[k] = j >= end || (i < middle && row_cmp(t, from[i], from[j]) <= 0) ? from[i++] : from[j++];
		}
		swap = from;
		from = to;
		to = swap;
	}
	if (from != row)
		memcpy(row, from, sizeof *row * t->rows);
}

BlStatus
bl_forest_begin(const BlForestTraining *t, BlArena *arena, BlForestGrower **grower)
{
	Grower	   *g = bl_arena_get(arena, sizeof *g);
	uint32_t   *order,
			   *spare;
	float	   *column;
	uint8_t    *label = NULL;

	if (t->features < 1 || t->features > BL_FOREST_FEATURES_MAX || t->trees < 1 || t->trees > BL_FOREST_TREES_MAX ||
		t->rows < 1 || t->rows > BL_FOREST_ROWS_MAX || t->leaf < 1 || !(t->share > 0 && t->share <= 1) ||
		(t->kind == BL_FOREST_ISOLATION && (t->sample < 2 || t->sample > BL_FOREST_SAMPLE_MAX)))
		return BL_BAD_VALUE;
	order = bl_arena_room(arena, sizeof *order * t->rows);
	spare = bl_arena_room(arena, sizeof *spare * t->rows);
	column = bl_arena_room(arena, sizeof *column * t->rows * (size_t) t->features);
	if (t->kind == BL_FOREST_CLASSES)
		label = bl_arena_room(arena, t->rows);
	if (g == NULL || order == NULL || spare == NULL || column == NULL || (t->kind == BL_FOREST_CLASSES && label == NULL))
		return BL_NO_SPACE;
	for (uint32_t i = 0; i < t->rows; i++)
		order[i] = i;
	sort_rows(t, order, spare);
	*g = (Grower) {.t = t, .arena = arena, .order = order, .all = spare, .column = column, .label = label, .rows = t->rows,
		.room = 2 * (t->kind == BL_FOREST_ISOLATION && t->sample < t->rows ? t->sample : t->rows),
		.tries = t->kind == BL_FOREST_ISOLATION ? 1 : (int) ceil(t->share * t->features)};
	for (uint32_t i = 0; i < t->rows; i++)
	{
		for (int f = 0; f < t->features; f++)
			column[(size_t) f * t->rows + i] = t->value[(size_t) order[i] * (size_t) t->features + (size_t) f];
		if (label != NULL)
			g->positive += label[i] = t->label[order[i]] != 0;
		g->all[i] = i;
	}
	g->row = bl_arena_room(arena, sizeof *g->row * t->rows);
	g->feature = bl_arena_room(arena, sizeof *g->feature * (size_t) t->features);
	g->node = bl_arena_room(arena, sizeof *g->node * g->room);
	*grower = g;
	return g->row == NULL || g->feature == NULL || g->node == NULL ? BL_NO_SPACE : BL_OK;
}

const uint32_t *
bl_forest_order(const BlForestGrower *g)
{
	return g->order;
}

BlStatus
bl_forest_write_head(BlForestGrower *g, BlWriter *out)
{
	const BlForestTraining *t = g->t;
	double		slope = 0,
				intercept = 0;

	if (t->kind == BL_FOREST_CLASSES && t->calibrate)
	{
		BlStatus	status = calibrate(g, &slope, &intercept);

		if (status != BL_OK)
			return status;
	}
	bl_write_u8(out, 1);
	bl_write_u8(out, t->kind);
	bl_write_le16(out, (uint16_t) t->features);
	bl_write_le32(out, (uint32_t) t->trees);
	bl_write_le32(out, t->rows);
	bl_write_le32(out, g->positive);
	bl_write_le64(out, t->seed);
	bl_write_bytes(out, t->digest, sizeof t->digest);
	write_double(out, slope);
	write_double(out, intercept);
	bl_write_le32(out, t->kind == BL_FOREST_ISOLATION ? (t->sample < t->rows ? t->sample : t->rows) : 0);
	for (int f = 0; f < t->features; f++)
	{
		size_t		length = strlen(t->name[f]);

		if (length > 255)
			return BL_LIMIT;
		bl_write_u8(out, (uint8_t) length);
		bl_write_bytes(out, t->name[f], length);
	}
	return BL_OK;
}

BlStatus
bl_forest_grow(BlForestGrower *g, int tree, size_t *bytes)
{
	BlStatus	status = grow_tree(g, g->all, g->rows, (uint64_t) tree);

	*bytes = 4 + (size_t) g->nodes * BL_FOREST_NODE;
	return status;
}

void
bl_forest_write_tree(const BlForestGrower *g, BlWriter *out)
{
	bl_write_le32(out, g->nodes);
	for (uint32_t i = 0; i < g->nodes; i++)
		write_node(out, &g->node[i]);
}

/* ---- reading ---- */

/* a left side ends where its parent's right side begins, which ends where the parent's does */
static BlStatus
check_tree(const BlForest *f, const uint8_t *nodes, uint32_t n)
{
	uint32_t	end[BL_FOREST_DEPTH_MAX + 2];	/* of the stretches that begin at a node to come */
	int			height = 0;

	end[height++] = n;
	for (uint32_t i = 0; i < n; i++)
	{
		Node		node = get_node(nodes + (size_t) i * BL_FOREST_NODE);
		uint32_t	until;

		if (height == 0)
			return BL_CORRUPT;
		until = end[--height];
		if (!isfinite(node.cut) || !isfinite(node.value) || node.value < 0 || node.rows < 1 || node.feature >= f->features ||
			(f->kind == BL_FOREST_CLASSES && node.value > 1) || nodes[(size_t) i * BL_FOREST_NODE + 26] > 1 ||
			nodes[(size_t) i * BL_FOREST_NODE + 27] != 0)
			return BL_CORRUPT;
		if (node.right == 0)
		{
			if (i + 1 != until)
				return BL_CORRUPT;
			continue;
		}
		if (node.right <= i + 1 || node.right >= until || height + 2 > BL_FOREST_DEPTH_MAX + 2)
			return BL_CORRUPT;
		end[height++] = until;
		end[height++] = node.right;
	}
	return height == 0 ? BL_OK : BL_CORRUPT;
}

BlStatus
bl_forest_open(BlForest *f, const uint8_t *bytes, size_t size)
{
	BlReader	r = {bytes, bytes + size, false};
	const uint8_t *slope,
			   *intercept;

	if (size > 0 && bytes[0] != 1)
		return BL_BAD_VERSION;
	bl_read_u8(&r);
	*f = (BlForest) {.kind = (BlForestKind) bl_read_u8(&r), .end = bytes + size};
	f->features = bl_read_le16(&r);
	f->trees = (int) bl_read_le32(&r);
	f->rows = bl_read_le32(&r);
	f->positive = bl_read_le32(&r);
	f->seed = bl_read_le64(&r);
	f->digest = bl_read_bytes(&r, 32);
	slope = bl_read_bytes(&r, 8);
	intercept = bl_read_bytes(&r, 8);
	f->sample = bl_read_le32(&r);
	f->names = r.next;
	if (r.bad)
		return BL_TRUNCATED;
	f->slope = get_double(slope);
	f->intercept = get_double(intercept);
	if (f->kind > BL_FOREST_ISOLATION || f->features < 1 || f->features > BL_FOREST_FEATURES_MAX || f->trees < 1 ||
		f->trees > BL_FOREST_TREES_MAX || f->rows < 1 || f->positive > f->rows || !isfinite(f->slope) || !isfinite(f->intercept) ||
		(f->kind == BL_FOREST_ISOLATION ? f->sample < 1 || f->sample > BL_FOREST_SAMPLE_MAX || f->positive != 0 : f->sample != 0))
		return BL_CORRUPT;
	f->usual = isolation_rest(f->sample);
	for (int i = 0; i < f->features; i++)
		bl_read_bytes(&r, bl_read_u8(&r));
	f->first = r.next;
	for (int i = 0; i < f->trees; i++)
	{
		uint32_t	n = bl_read_le32(&r);
		const uint8_t *nodes = bl_read_bytes(&r, (size_t) n * BL_FOREST_NODE);

		if (r.bad)
			return BL_TRUNCATED;
		if (n < 1 || check_tree(f, nodes, n) != BL_OK)
			return BL_CORRUPT;
	}
	return r.next == r.end ? BL_OK : BL_CORRUPT;
}

/* the next tree's nodes; *at begins as the forest's first */
static const uint8_t *
next_tree(const uint8_t **at)
{
	const uint8_t *nodes = *at + 4;

	*at = nodes + (size_t) bl_le32(*at) * BL_FOREST_NODE;
	return nodes;
}

static bool
row_goes_left(const uint8_t *node, const float *row)
{
	float		v = row[bl_le16(node + 24)];

	return isnan(v) ? node[26] != 0 : (double) v <= get_double(node);
}

double
bl_forest_score(const BlForest *f, const float *row)
{
	const uint8_t *at = f->first;
	double		sum = 0;

	for (int i = 0; i < f->trees; i++)
	{
		const uint8_t *nodes = next_tree(&at);
		const uint8_t *n = nodes;
		uint32_t	right;

		while ((right = bl_le32(n + 16)) != 0)
			n = row_goes_left(n, row) ? n + BL_FOREST_NODE : nodes + (size_t) right * BL_FOREST_NODE;
		sum += get_double(n + 8);
	}
	sum /= f->trees;
	if (f->kind == BL_FOREST_CLASSES)
		return sum;
	return f->usual > 0 ? exp2(-sum / f->usual) : 0.5;
}

double
bl_forest_probability(const BlForest *f, double score)
{
	if (f->kind == BL_FOREST_ISOLATION || (f->slope == 0 && f->intercept == 0))
		return score;
	return 1 / (1 + exp(-(f->slope * score + f->intercept)));
}

void
bl_forest_contributions(const BlForest *f, const float *row, double *base, double *by_feature)
{
	const uint8_t *at = f->first;

	*base = 0;
	for (int i = 0; i < f->features; i++)
		by_feature[i] = 0;
	for (int i = 0; i < f->trees; i++)
	{
		const uint8_t *nodes = next_tree(&at);
		const uint8_t *n = nodes;
		uint32_t	right;

		*base += get_double(n + 8) / f->trees;
		while ((right = bl_le32(n + 16)) != 0)
		{
			const uint8_t *next = row_goes_left(n, row) ? n + BL_FOREST_NODE : nodes + (size_t) right * BL_FOREST_NODE;

			by_feature[bl_le16(n + 24)] += (get_double(next + 8) - get_double(n + 8)) / f->trees;
			n = next;
		}
	}
}

void
bl_forest_importance(const BlForest *f, double *by_feature)
{
	const uint8_t *at = f->first;
	double		all = 0;

	for (int i = 0; i < f->features; i++)
		by_feature[i] = 0;
	for (int i = 0; i < f->trees; i++)
	{
		const uint8_t *nodes = next_tree(&at);
		uint32_t	n = (uint32_t) ((at - nodes) / BL_FOREST_NODE);

		for (uint32_t k = 0; k < n; k++)
		{
			Node		node = get_node(nodes + (size_t) k * BL_FOREST_NODE),
						left,
						right;
			double		told = 1;

			if (node.right == 0)
				continue;
			left = get_node(nodes + (size_t) (k + 1) * BL_FOREST_NODE);
			right = get_node(nodes + (size_t) node.right * BL_FOREST_NODE);
			if (f->kind == BL_FOREST_CLASSES)
				told = 2 * (node.value * (1 - node.value) * node.rows - left.value * (1 - left.value) * left.rows -
							right.value * (1 - right.value) * right.rows);
			by_feature[node.feature] += told;
			all += told;
		}
	}
	for (int i = 0; i < f->features && all > 0; i++)
		by_feature[i] /= all;
}

/*
 * replay.c - a bill that differs from the last one only in its figures
 *
 * Most bills of a run are alike: the same tariff and span, one import profile, no
 * terms, nothing carried.  Their bytes differ in quantities and amounts only.
 * The first such bills are rated in full; what their lines were made of is noted, and the
 * next ones are the profile's sums put into its bytes.  Whatever is not as it was (an
 * estimate, a gap, another part, a carry, a number too large) is rated in full again, so
 * there is one place that knows how: here is only what can be said of a line beforehand.
 */
#include "rate_work.h"

enum
{
	LINES_MAX = 96,
	CELLS_MAX = 128,			/* of all profiles' sums */
	PLACES_MAX = 2048			/* of cells that lines add up */
};

typedef enum Source
{
	SOURCE_NONE,				/* the same in every bill */
	SOURCE_CELLS,
	SOURCE_TIER,
	SOURCE_PEAK
} Source;

typedef struct Line
{
	Source		source;
	bool		as_before;		/* sums the same cells as the line before */
	bool		counted;
	int			first;			/* of the places */
	int			places;
	int			sums;			/* with SOURCE_PEAK: whose, and the fraction of the price's time */
	int64_t		num;
	int64_t		den;
	const BlRounding *rounding;
	int64_t		above;			/* with SOURCE_TIER: what lies below is of other tiers */
	int64_t		upto;			/* INT64_MAX: no limit */
	int			decimals;		/* of the limits */
	BlDec		price;
	int			amount_scale;
	int64_t		amount;			/* with SOURCE_NONE */
	size_t		at;				/* in the image */
} Line;

/* What a scan sums: its own cells, or those of another that tells its periods apart. */
typedef struct Summed
{
	int			scan;
	int			cell;			/* its first one */
	int			n;
} Summed;

struct BlReplay
{
	bool		possible;		/* as far as the tariff goes */
	bool		ready;
	int			sums;
	Summed		sum[4];
	int			sum_of[BL_RATE_SCANS_MAX];	/* of each scan */
	int			cells;
	int			lines;
	Line		line[LINES_MAX];
	int			places;
	uint8_t		place[PLACES_MAX];
	int			scale;			/* of the profile's kWh in the ladder; -1: no tiers */
	int			total_scale;
	size_t		size;
	size_t		room;
	uint8_t    *image;			/* the last bill's bytes */
};

/* ---- can this tariff's bills be alike? ---- */

static bool
charge_alike(const BlBound *b, const BlCharge *q)
{
	const BlScan *s;

	if (!b->kept[q - b->tariff->charge].constant || q->credit || q->bank > 0 || q->rounding.group.set ||
		!q->rounding.line.set || q->rounding.line.mode != BL_HALF_UP || q->rounding.line.step.coefficient != 1)
		return false;
	switch (q->kind)
	{
		case BL_CHARGE_CAPACITY:
		case BL_CHARGE_FIXED:
			return true;
		case BL_CHARGE_TIERS:
			if (q->per == BL_PER_YEAR || q->per == BL_PER_SEASON || (q->per == BL_PER_MONTH && q->month == BL_MONTH_EACH))
				return false;	/* counted on from bill to bill */
			break;
		case BL_CHARGE_DEMAND:
			if (q->periods != 0 || q->weights > 0 || q->window_minutes != 0 || q->mean_of > 1 || q->of_months > 0 || q->ratchets > 0 ||
				q->own_share[b->day[0].month].scale >= 0 || q->has_floor || q->unit != BL_UNIT_KW || q->rounding.demand.set)
				return false;
			break;
		case BL_CHARGE_ENERGY:
			break;
		default:
			return false;
	}
	s = &b->scan[b->scan_of[q - b->tariff->charge]];
	return s->channel == BL_IMPORT && s->net == BL_NET_NONE && s->bank == 0;
}

/* whose cells a scan's energy lies in: the first scan that tells periods apart, or itself */
static int
summed_by(const BlBound *b, int scan)
{
	for (int i = 0; b->scan[scan].schedule < 0 && i < b->scans; i++)
		if (b->scan[i].schedule >= 0 && b->scan[i].part == b->scan[scan].part && b->scan[i].channel == b->scan[scan].channel &&
			b->scan[i].net == b->scan[scan].net)
			return i;
	return scan;
}

static bool
add_sum(const BlBound *b, BlReplay *y, int scan)
{
	int			by = summed_by(b, scan);

	for (int i = 0; i < y->sums; i++)
		if (y->sum[i].scan == by)
		{
			y->sum_of[scan] = i;
			return true;
		}
	if (y->sums == (int) (sizeof y->sum / sizeof y->sum[0]))
		return false;
	y->sum_of[scan] = y->sums;
	y->sum[y->sums++].scan = by;
	return true;
}

BlStatus
bl_bind_replay(BlBound *b, BlArena *arena)
{
	const BlTariff *t = b->tariff;
	BlReplay   *y = b->replay = bl_arena_get(arena, sizeof *y);
	bool		possible = t->terms == 0 && t->banks == 0 && !t->rounding.total.set && !t->rounding.quantity.set &&
		!b->makes_parts && !b->keeps_exact && b->scans > 0 && t->charges > 0;

	if (y == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < t->charges && possible; i++)
		possible = charge_alike(b, &t->charge[i]);
	for (int i = 0; i < b->scans && possible; i++)
		possible = add_sum(b, y, i);
	if (!possible)
		return BL_OK;
	y->possible = true;
	y->room = BL_CHARGES_HEADER + t->dictionary_size + (size_t) LINES_MAX * BL_LINE_SIZE_MAX;
	y->image = bl_arena_room(arena, y->room);
	return y->image == NULL ? BL_NO_SPACE : BL_OK;
}

/* ---- noting how a bill was made ---- */

static bool
add_place(BlReplay *y, Line *line, int place)
{
	if (y->places == PLACES_MAX)
		return false;
	y->place[y->places++] = (uint8_t) place;
	line->places++;
	return true;
}

/* the cells of a line's pieces and period */
static bool
note_cells(const BlBound *b, BlReplay *y, const BlCharge *q, const BlWork *w, Line *line)
{
	int			scan = b->scan_of[q - b->tariff->charge];
	const Summed *sum = &y->sum[y->sum_of[scan]];
	int			periods = b->scan[sum->scan].periods;
	bool		total = b->scan[scan].schedule < 0;

	line->first = y->places;
	for (int piece = w->piece; piece < w->end; piece++)
		for (int p = 0; p < periods; p++)
			if (total || (w->cell < 0 ? q->periods == 0 || (q->periods & 1u << p) : p == w->cell))
				if (!add_place(y, line, sum->cell + piece * periods + p))
					return false;
	if (line > y->line && line->places > 0 && line[-1].places == line->places &&
		memcmp(y->place + line[-1].first, y->place + line->first, (size_t) line->places) == 0)
		line->as_before = true;
	return true;
}

static bool
note_tier(const BlBound *b, BlReplay *y, const BlCharge *q, const BlWork *w, Line *line)
{
	const BlKept *kept = &b->kept[q - b->tariff->charge];
	const BlLadder *l = kept->ladder;
	BlWork		whole = *w;
	int			k = w->line.tier - 1;
	BlInt128	above = 0,
				upto = INT64_MAX;

	if (l->den != 1 || l->scale != kept->ladder_scale || (y->scale >= 0 && y->scale != l->scale) ||
		l->steps->step[l->steps->n - 1].limited || w->piece != 0 || k < 0 || k >= l->steps->n)
		return false;
	for (int i = 0; i < k; i++)
		above = l->limit[i] > above ? l->limit[i] : above;
	if (l->steps->step[k].limited)
		upto = l->limit[k] > above ? l->limit[k] : above;
	if (above < 0 || above > INT64_MAX || upto > INT64_MAX)
		return false;
	y->scale = l->scale;
	line->above = (int64_t) above;
	line->upto = (int64_t) upto;
	whole.end = b->pieces;
	whole.cell = -1;
	return note_cells(b, y, q, &whole, line);
}

static bool
note_line(const BlBound *b, BlReplay *y, const BlWork *w, Line *line)
{
	const BlCharge *q = &b->tariff->charge[w->line.charge];

	*line = (Line) {.counted = w->line.flags & BL_LINE_COUNTED, .price = w->line.price, .amount_scale = w->line.amount.scale};
	if (q->kind == BL_CHARGE_CAPACITY || q->kind == BL_CHARGE_FIXED)
	{
		line->amount = (int64_t) w->line.amount.coefficient;
		return line->amount == w->line.amount.coefficient;
	}
	if (w->line.amount.scale != q->rounding.line.step.scale ||
		(w->line.flags & (BL_LINE_PRICED | BL_LINE_MEASURED)) != (BL_LINE_PRICED | BL_LINE_MEASURED))
		return false;
	if (q->kind == BL_CHARGE_DEMAND)
	{
		line->source = SOURCE_PEAK;
		line->sums = y->sum_of[b->scan_of[q - b->tariff->charge]];
		line->num = w->num;
		line->den = w->den;
		line->rounding = &q->rounding.line;
		return true;
	}
	if (w->num != 1 || w->den != 1)
		return false;
	line->source = q->kind == BL_CHARGE_TIERS ? SOURCE_TIER : SOURCE_CELLS;
	return q->kind == BL_CHARGE_TIERS ? note_tier(b, y, q, w, line) : note_cells(b, y, q, w, line);
}

/* the lines of the bill, and where they stand in its bytes */
static bool
note_lines(const BlBound *b, const BlRated *rated, BlReplay *y)
{
	BlCharges	charges;
	const uint8_t *next;

	y->lines = y->places = y->cells = 0;
	y->scale = -1;
	for (int i = 0; i < y->sums; i++)
	{
		y->sum[i].cell = y->cells;
		y->sum[i].n = b->pieces * b->scan[y->sum[i].scan].periods;
		y->cells += y->sum[i].n;
	}
	if (rated->lines > LINES_MAX || y->cells > CELLS_MAX || bl_charges_open(&charges, y->image, y->size) != BL_OK)
		return false;
	y->total_scale = -1;
	next = charges.first_line;
	for (int i = 0; i < rated->lines; i++)
	{
		const BlWork *w = &b->work[i];
		Line	   *line = &y->line[i];
		BlLine		written;

		line->at = 0;
		if (w->line.charge == BL_NONE || !b->kept[w->line.charge].known || !note_line(b, y, w, line))
			return false;
		line->at = (size_t) (next - y->image);
		bl_charges_line(&charges, &next, &written);
		if (written.flags & BL_LINE_WIDE)
			return false;
		if (!line->counted)
			continue;
		if (y->total_scale >= 0 && y->total_scale != line->amount_scale)
			return false;
		y->total_scale = line->amount_scale;
	}
	y->lines = rated->lines;
	return y->total_scale >= 0;
}

void
bl_note_replay(const BlBound *b, const BlRated *rated, const uint8_t *bytes, size_t size)
{
	BlReplay   *y = b->replay;

	if (!y->possible || y->ready || !rated->plain || rated->estimated || b->keeps_exact)
		return;
	/* limits are put on a ladder by the second bill */
	for (int i = 0; i < b->tariff->charges; i++)
		if (b->tariff->charge[i].kind == BL_CHARGE_TIERS && b->kept[i].ladder_scale < 0)
			return;
	/* unless this ends well, never again */
	y->possible = false;
	if (size > y->room)
		return;
	memcpy(y->image, bytes, size);
	y->size = size;
	y->possible = y->ready = note_lines(b, rated, y);
}

/* ---- the next bill ---- */

typedef struct Figures
{
	int64_t		cell[CELLS_MAX];
	int64_t		peak[4];
	int			peak_minutes;
	int			scale;			/* decimals of kWh */
} Figures;

static bool
measure(BlRate *r, BlReplay *y, Figures *f)
{
	const BlUsagePart *part = &r->usage->part[0];
	BlInt128	cells[CELLS_MAX];
	BlSums		sums;

	if (r->usage->parts != 1 || part->registers > 0 || part->demands > 0)
		return false;
	for (int i = 0; i < BL_CHANNEL_COUNT; i++)
		if ((part->profile[i] != NULL) != (i == BL_IMPORT))
			return false;
	for (int i = 0; i < y->sums; i++)
	{
		const BlScan *s = &r->b->scan[y->sum[i].scan];
		const BlPartRule *rule = &r->t->part[s->part];
		BlProfile	p;

		if (!rule->whole && !bl_text_equal(rule->name, part->name))
			return false;
		memset(cells, 0, sizeof *cells * (size_t) y->sum[i].n);
		sums.cell = cells;
		sums.periods = s->periods;
		sums.peaks = s->peaks;
		sums.estimated = false;
		memset(sums.has_peak, 0, (size_t) s->periods);
		if (bl_measure_profile(r, s, part, &p, &sums) != BL_OK || sums.estimated)
			return false;
		f->scale = 3 - p.scale;
		f->peak_minutes = p.slot_minutes;
		for (int k = 0; k < y->sum[i].n; k++)
		{
			/* sums of all of them stay in 64 bits */
			if (cells[k] > INT64_MAX / CELLS_MAX || cells[k] < -(INT64_MAX / CELLS_MAX))
				return false;
			f->cell[y->sum[i].cell + k] = (int64_t) cells[k];
		}
		f->peak[i] = INT64_MIN;
		for (int k = 0; k < (s->peaks == BL_PEAK_SPAN ? 1 : s->periods) && s->peaks != BL_PEAK_NONE; k++)
			if (sums.has_peak[k] && sums.peak[k] > f->peak[i])
				f->peak[i] = sums.peak[k];
	}
	return f->scale >= 0 && (y->scale < 0 || y->scale == f->scale);
}

/* the kW of the highest slot, as rate_peak.c has them */
static bool
peak_kw(const Figures *f, int64_t peak, BlDec *kw)
{
	if (peak > INT32_MAX || peak < -INT32_MAX || 60 % f->peak_minutes != 0)
		return false;
	*kw = bl_dec_trim(bl_dec(peak * (60 / f->peak_minutes), f->scale));
	return true;
}

bool
bl_replay(BlRate *r, BlRated *rated)
{
	BlReplay   *y = r->b->replay;
	Figures		f = {.scale = -1};
	BlDec		quantity = BL_ZERO,
				amount;
	int64_t		sum = 0,
				total = 0,
				any = 0;

	if (!y->ready || r->b->keeps_exact || !measure(r, y, &f))
		return false;
	for (int i = 0; i < y->lines; i++)
	{
		const Line *line = &y->line[i];
		uint8_t    *at = y->image + line->at;

		if (line->source == SOURCE_NONE)
		{
			if (line->counted && __builtin_add_overflow(total, line->amount, &total))
				return false;
			continue;
		}
		if (line->source == SOURCE_PEAK)
		{
			if (!peak_kw(&f, f.peak[line->sums], &quantity) ||
				bl_dec_mul_ratio(quantity, line->price, line->num, line->den, line->rounding, &amount) != BL_OK ||
				(int64_t) amount.coefficient != amount.coefficient)
				return false;
		}
		else if (!line->as_before)
		{
			const uint8_t *place = y->place + line->first;

			sum = any = 0;
			for (int k = 0; k < line->places; k++)
			{
				sum += f.cell[place[k]];
				any |= f.cell[place[k]];
			}
		}
		if (line->source == SOURCE_CELLS)
			quantity = any == 0 ? BL_ZERO : bl_dec(sum, f.scale);
		if (line->source == SOURCE_TIER)
		{
			if (sum < 0)
				return false;
			quantity = sum == 0 ? BL_ZERO : bl_dec(sum <= line->above ? 0 : (sum < line->upto ? sum : line->upto) - line->above, f.scale);
		}
		if ((line->source != SOURCE_PEAK && !bl_dec_mul_narrow(quantity, line->price, line->amount_scale, &amount)) ||
			(line->counted && __builtin_add_overflow(total, (int64_t) amount.coefficient, &total)))
			return false;
		at[BL_LINE_SCALES] = (uint8_t) quantity.scale;
		bl_put_le64(at + BL_LINE_NUMBERS, (uint64_t) quantity.coefficient);
		bl_put_le64(at + BL_LINE_NUMBERS + 16, (uint64_t) amount.coefficient);
	}
	*rated = (BlRated) {.lines = y->lines, .total = bl_dec(total, y->total_scale), .plain = true, .bytes = y->image, .size = y->size};
	return true;
}

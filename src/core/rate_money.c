/*
 * rate_money.c - charges on money: percent, power factor, bounds; rounding of groups and of the total
 *
 * A base is a selection of the lines before, by code, tag or component.  A
 * line that was printed by period can still be taken apart by its of-which lines.
 */
#include "rate_work.h"

/* ---- selecting ------------------------------------------------------------------ */

static bool
named(BlText name, const BlText *list, int n)
{
	for (int i = 0; i < n; i++)
		if (bl_text_equal(list[i], name))
			return true;
	return false;
}

static bool
charge_named(const BlCharge *q, const BlText *list, int n)
{
	if (named(q->code, list, n))
		return true;
	for (int i = 0; i < q->tags.n; i++)
		if (named(q->tags.tag[i], list, n))
			return true;
	return false;
}

static bool
component_named(const BlComponent *k, const BlText *list, int n)
{
	if (named(k->name, list, n))
		return true;
	for (int i = 0; i < k->tags.n; i++)
		if (named(k->tags.tag[i], list, n))
			return true;
	return false;
}

/* +1: the line's amount belongs to the base; -1: it is taken out again; 0: neither */
static int
weight_of(const BlRate *r, const BlSelection *s, const BlLine *line)
{
	const BlCharge *q;
	bool		in,
				out;

	if (line->charge == BL_NONE || !(line->flags & (BL_LINE_COUNTED | BL_LINE_OF_WHICH)))
		return 0;
	q = &r->t->charge[line->charge];
	in = s->all || charge_named(q, s->of, s->of_count);
	out = charge_named(q, s->except, s->except_count);
	if (line->component != BL_NONE)
	{
		const BlComponent *k = &r->t->component[line->component];
		bool		part_in = component_named(k, s->of, s->of_count);
		bool		part_out = component_named(k, s->except, s->except_count);

		if (line->flags & BL_LINE_OF_WHICH)
			return out ? 0 : in ? -part_out : part_in && !part_out;
		in = in || part_in;
		out = out || part_out;
	}
	return in && !out;
}

/* the money of selected lines whose piece lies in [first, end) */
static BlStatus
base_of(const BlRate *r, const BlSelection *s, bool exact, int first, int end, BlDec *base)
{
	*base = BL_ZERO;
	for (int i = 0; i < r->works; i++)
	{
		const BlWork *w = &r->work[i];
		BlDec		amount = exact ? w->exact : w->line.amount;
		int			weight;

		if (w->piece < first || w->piece >= end || (weight = weight_of(r, s, &w->line)) == 0)
			continue;
		if (weight < 0)
			BL_TRY(bl_dec_sub(*base, amount, base));
		else
			BL_TRY(bl_dec_add(*base, amount, base));
	}
	return exact ? bl_settle_sum(base) : BL_OK;
}

static void
span_of(BlRate *r, BlWork *w, int first, int end)
{
	w->piece = end - 1;
	if (first == 0 && end == r->pieces)
		return;
	w->line.flags |= BL_LINE_SPAN;
	w->line.from = r->b->from + r->piece[first].first;
	w->line.until = r->b->from + r->piece[end - 1].end;
}

BlStatus
bl_base_of(const BlRate *r, const BlSelection *s, bool exact, int first, int end, BlDec *base)
{
	return base_of(r, s, exact, first, end, base);
}

/* ---- percent ---------------------------------------------------------------------- */

static BlStatus
percent_line(BlRate *r, const BlCharge *q, BlDec percent, int first, int end)
{
	BlDec		base,
				whole;
	BlWork	   *w;

	BL_TRY(base_of(r, &q->of, q->exact, first, end, &base));
	base = bl_dec_trim(base);
	if ((w = bl_emit(r, q)) == NULL)
		return bl_too_many_lines(r);
	span_of(r, w, first, end);
	if (!q->included)
		return bl_amount(r, q, w, base, percent, 1, 100);
	/* base * p / (100 + p): p and 100 + p as whole numbers of the same scale */
	w->line.flags = (w->line.flags & ~BL_LINE_COUNTED) | BL_LINE_INCLUDED;
	BL_TRY(bl_dec_add(percent, bl_dec(100, 0), &whole));
	if (whole.coefficient <= 0 || whole.coefficient > INT64_MAX)
		return BL_OVERFLOW;
	BL_TRY(bl_amount(r, q, w, base, (BlDec) {percent.coefficient, 0}, 1,
					 (int64_t) (whole.coefficient * bl_pow10(percent.scale) / bl_pow10(whole.scale))));
	w->line.price = percent;
	return BL_OK;
}

BlStatus
bl_rate_percent(BlRate *r, const BlCharge *q)
{
	BlDec		percent,
				run = BL_ZERO;
	int			first = -1;
	bool		holds,
				built = false;

	for (int piece = 0; piece < r->pieces; piece++)
	{
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (holds)
			BL_TRY(bl_price_at(r, q->price, piece, 0, &percent, &built));
		if (first >= 0 && (!holds || bl_dec_cmp(percent, run) != 0))
		{
			BL_TRY(percent_line(r, q, run, first, piece));
			first = -1;
		}
		if (holds && first < 0)
		{
			first = piece;
			run = bl_dec_trim(percent);
		}
	}
	return first >= 0 ? percent_line(r, q, run, first, r->pieces) : BL_OK;
}

/* ---- power factor -------------------------------------------------------------------- */

/* P / sqrt(P^2 + Q^2), rounded at 10^-places, as a whole number of those */
static int
rounded_factor(BlInt128 p, BlInt128 q, int places, BlRoundingMode mode)
{
	int			one = (int) bl_pow10(places);
	int			lo = 0,
				hi = one;
	BlUint128	p2,
				s2,
				twice,
				edge;

	/* squares must fit: 48 bits leave relative 10^-14 */
	while (p >= (BlInt128) 1 << 48 || q >= (BlInt128) 1 << 48)
	{
		p /= 10;
		q /= 10;
	}
	p2 = (BlUint128) p * (BlUint128) p;
	s2 = p2 + (BlUint128) q * (BlUint128) q;
	twice = p2 * (BlUint128) (4 * (int64_t) one * one);
	/* the highest k with factor >= k / one, compared in squares */
	while (lo < hi)
	{
		int			k = (lo + hi + 1) / 2;

		if (twice >= (BlUint128) (4 * (int64_t) k * k) * s2)
			lo = k;
		else
			hi = k - 1;
	}
	if (twice == (BlUint128) (4 * (int64_t) lo * lo) * s2)
		return lo;
	/* it lies above k: how does it lie to k + 1/2? */
	edge = (BlUint128) ((2 * (int64_t) lo + 1) * (2 * (int64_t) lo + 1)) * s2;
	switch (mode)
	{
		case BL_DOWN:
		case BL_FLOOR:
			return lo;
		case BL_UP:
		case BL_CEILING:
			return lo + 1;
		case BL_HALF_DOWN:
			return lo + (twice > edge);
		case BL_HALF_EVEN:
			return lo + (twice > edge || (twice == edge && lo % 2 != 0));
		default:
			return lo + (twice >= edge);
	}
}

BlStatus
bl_measure_factor(BlRate *r, const BlCharge *q, BlDec *factor, bool *none)
{
	BlDec		p,
				in,
				out;
	bool		has_p,
				has_in,
				has_out;

	BL_TRY(bl_measure_total_of(r, q, 0, &p, &has_p));
	BL_TRY(bl_measure_total_of(r, q, 1, &in, &has_in));
	BL_TRY(bl_measure_total_of(r, q, 2, &out, &has_out));
	if (!has_in && !has_out)
	{
		bl_problem(r->problem, BL_NO_USAGE, "the usage has no reactive energy for charge \"%.*s\"", q->code.length, q->code.text);
		return bl_problem_hint(r->problem, "Give reactive_import (and reactive_export, where it flows back).");
	}
	BL_TRY(bl_dec_add(in, out, &in));
	*none = p.coefficient <= 0;
	if (*none)
		return BL_OK;
	for (; p.scale < in.scale; p.scale++)
		if (__builtin_mul_overflow(p.coefficient, (BlInt128) 10, &p.coefficient))
			return BL_OVERFLOW;
	for (; in.scale < p.scale; in.scale++)
		if (__builtin_mul_overflow(in.coefficient, (BlInt128) 10, &in.coefficient))
			return BL_OVERFLOW;
	*factor = bl_dec(rounded_factor(p.coefficient, in.coefficient < 0 ? -in.coefficient : in.coefficient, q->places, q->factor_mode), q->places);
	return BL_OK;
}

/* the percent of a table at a factor */
static BlStatus
table_percent(const BlPowerTable *t, BlDec factor, BlDec *percent)
{
	BlDec		at = t->at;

	*percent = t->best;
	for (int i = 0; i < t->rises && bl_dec_cmp(factor, at) < 0; i++)
	{
		BlDec		to = bl_dec_cmp(factor, t->rise[i].to) > 0 ? factor : t->rise[i].to;
		BlDec		steps;

		BL_TRY(bl_dec_sub(at, to, &steps));
		BL_TRY(bl_dec_mul(steps, bl_dec(100, 0), &steps));
		BL_TRY(bl_dec_mul(steps, t->rise[i].by, &steps));
		BL_TRY(bl_dec_add(*percent, steps, percent));
		at = to;
	}
	*percent = bl_dec_trim(*percent);
	return BL_OK;
}

/* which table holds in a piece */
static BlStatus
table_of(BlRate *r, const BlCharge *q, int piece, int *table)
{
	const BlJson *value;

	*table = q->standard;
	if (q->standard_term < 0)
		return BL_OK;
	value = bl_term_value(r, q->standard_term, piece);
	if (value != NULL)
		for (int i = 0; i < r->t->tables; i++)
		{
			BlText		name = r->t->table[i].name;
			BlJson		number = *value;
			BlDec		d,
						n;

			/* 0.9 as a number means the table "0.90" */
			if (value->type == BL_JSON_STRING &&
				bl_text_equal((BlText) {value->text, (int) value->length}, name))
				*table = i;
			else if (bl_json_decimal(&number, 4, &d) == BL_OK &&
					 bl_dec_parse(name.text, (size_t) name.length, 4, &n) == BL_OK && bl_dec_cmp(d, n) == 0)
				*table = i;
			else
				continue;
			return BL_OK;
		}
	bl_problem(r->problem, BL_NO_TERM, "term \"%.*s\" names no table of power factors",
			   r->t->term[q->standard_term].name.length, r->t->term[q->standard_term].name.text);
	return bl_problem_hint(r->problem, "Give the name of a table, such as \"0.90\".");
}

static BlStatus
factor_line(BlRate *r, const BlCharge *q, BlDec factor, int table, int first, int end)
{
	BlDec		base,
				percent,
				most;
	BlWork	   *w;

	BL_TRY(base_of(r, &q->of, false, first, end, &base));
	base = bl_dec_trim(base);
	if ((w = bl_emit(r, q)) == NULL)
		return bl_too_many_lines(r);
	span_of(r, w, first, end);
	if (!q->ratio_form)
	{
		BL_TRY(table_percent(&r->t->table[table], factor, &percent));
		return bl_amount(r, q, w, base, percent, 1, 100);
	}
	/* required / actual - 1, capped, never a credit: base * (required - actual) / actual */
	BL_TRY(bl_dec_sub(q->required, factor, &percent));
	if (percent.coefficient <= 0)
		return bl_amount(r, q, w, base, BL_ZERO, 1, 1);
	if (q->has_most)
	{
		BL_TRY(bl_dec_mul(q->most, factor, &most));
		if (bl_dec_cmp(q->required, most) > 0)
		{
			BL_TRY(bl_dec_sub(q->most, bl_dec(1, 0), &percent));
			BL_TRY(bl_dec_mul(percent, bl_dec(100, 0), &percent));
			return bl_amount(r, q, w, base, bl_dec_trim(percent), 1, 100);
		}
	}
	if (factor.coefficient <= 0)
	{
		bl_problem(r->problem, BL_BAD_VALUE, "a power factor of zero has no ratio");
		return bl_problem_hint(r->problem, "Let the tariff say \"at_most\".");
	}
	BL_TRY(bl_amount(r, q, w, base, (BlDec) {percent.coefficient, 0},
					 (int64_t) bl_pow10(factor.scale), (int64_t) factor.coefficient * (int64_t) bl_pow10(percent.scale)));
	BL_TRY(bl_dec_mul(percent, bl_dec(100, 0), &percent));
	return bl_dec_div(percent, factor, 6, BL_HALF_UP, &w->line.price);
}

BlStatus
bl_rate_power_factor(BlRate *r, const BlCharge *q)
{
	BlDec		factor;
	int			first = -1,
				table = 0,
				run = 0;
	bool		holds,
				any = false,
				none;

	for (int piece = 0; piece < r->pieces && !any; piece++)
		BL_TRY(bl_charge_holds(r, q, piece, &any));
	if (!any)
		return BL_OK;
	BL_TRY(bl_measure_factor(r, q, &factor, &none));
	if (none)
		return BL_OK;
	for (int piece = 0; piece < r->pieces; piece++)
	{
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (holds && !q->ratio_form)
			BL_TRY(table_of(r, q, piece, &table));
		if (first >= 0 && (!holds || table != run))
		{
			BL_TRY(factor_line(r, q, factor, run, first, piece));
			first = -1;
		}
		if (holds && first < 0)
		{
			first = piece;
			run = table;
		}
	}
	return first >= 0 ? factor_line(r, q, factor, run, first, r->pieces) : BL_OK;
}

/* ---- minimum and maximum ---------------------------------------------------------------- */

/* An amount and how many times it is due: the days of one amount are counted together, and rounded once. */
typedef struct Due
{
	BlDec		amount;
	int64_t		num;
	int64_t		den;
} Due;

static BlStatus
due_in(BlRate *r, const BlCharge *q, BlDec amount, int piece, int end, Due *due, int *dues)
{
	int64_t		num = r->piece[end - 1].end - r->piece[piece].first,
				den = 1;
	int			k = 0;

	if (q->per == BL_PER_PERIOD)
		den = r->b->days;		/* of the span, the days on which it holds */
	if (q->per == BL_PER_MONTH)
		bl_exact_months(r, q, r->piece[piece].first, r->piece[end - 1].end, &num, &den);
	while (k < *dues && bl_dec_cmp(due[k].amount, amount) != 0)
		k++;
	if (k == *dues)
		due[(*dues)++] = (Due) {amount, 0, 1};
	bl_add_fraction(&due[k].num, &due[k].den, num, den);
	return BL_OK;
}

static BlStatus
sum_of_dues(const BlCharge *q, Due *due, int dues, BlDec *sum)
{
	BlRounding	fine = bl_round_places(BL_EXACT_SCALE, BL_HALF_UP);

	*sum = BL_ZERO;
	for (int k = 0; k < dues; k++)
	{
		BlDec		one;

		if (q->per == BL_PER_MONTH)
			BL_TRY(bl_round_months(q, &due[k].num, &due[k].den));
		BL_TRY(bl_dec_mul_ratio(due[k].amount, bl_dec(1, 0), due[k].num, due[k].den, &fine, &one));
		BL_TRY(bl_dec_add(*sum, one, sum));
	}
	return bl_settle_sum(sum);
}

BlStatus
bl_rate_bound(BlRate *r, const BlCharge *q)
{
	Due		   *due = bl_arena_get(r->arena, sizeof *due * (size_t) r->pieces);
	BlDec		base = BL_ZERO,
				bound,
				limit = BL_ZERO,
				one;
	BlWork	   *w;
	int			dues = 0,
				last = -1;

	if (due == NULL)
		return BL_NO_SPACE;
	for (int piece = 0, end; piece < r->pieces; piece = end)
	{
		BlDec		next;
		bool		holds,
					built = false;

		end = piece + 1;
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (!holds)
			continue;
		BL_TRY(bl_price_at(r, q->price, piece, 0, &limit, &built));
		/* as far as it goes on unchanged: the lines are looked through once for each run */
		for (; end < r->pieces; end++)
		{
			BL_TRY(bl_charge_holds(r, q, end, &holds));
			if (!holds)
				break;
			BL_TRY(bl_price_at(r, q->price, end, 0, &next, &built));
			if (bl_dec_cmp(next, limit) != 0)
				break;
		}
		last = end - 1;
		bl_arena_poll(r->arena);
		BL_TRY(base_of(r, &q->of, false, piece, end, &one));
		BL_TRY(bl_dec_add(base, one, &base));
		BL_TRY(due_in(r, q, limit, piece, end, due, &dues));
	}
	if (last < 0)
		return BL_OK;
	BL_TRY(sum_of_dues(q, due, dues, &bound));
	BL_TRY(bl_dec_sub(bound, base, &one));
	if (q->kind == BL_CHARGE_MINIMUM ? one.coefficient <= 0 : one.coefficient >= 0)
		return BL_OK;
	if ((w = bl_emit(r, q)) == NULL)
		return bl_too_many_lines(r);
	w->piece = last;
	return bl_bound_amount(r, q, w, bound, base);
}

BlStatus
bl_bound_amount(BlRate *r, const BlCharge *q, BlWork *w, BlDec bound, BlDec base)
{
	BlDec		missing;

	BL_TRY(bl_dec_sub(bound, base, &missing));
	BL_TRY(bl_amount(r, q, w, missing, bl_dec(1, 0), 1, 1));
	/* the line has neither; they say how its amount came to be */
	w->line.flags &= ~(BL_LINE_MEASURED | BL_LINE_PRICED);
	w->line.price = bound;
	w->line.quantity = base;
	return BL_OK;
}

/* ---- rounding of groups and of the total ---------------------------------------------------- */

/* the floor of a / step, and what is left */
static BlStatus
in_steps(BlDec a, BlDec step, BlInt128 *whole, BlDec *left)
{
	BlInt128	rest;

	for (; a.scale < step.scale; a.scale++)
		if (__builtin_mul_overflow(a.coefficient, (BlInt128) 10, &a.coefficient))
			return BL_OVERFLOW;
	for (; step.scale < a.scale; step.scale++)
		if (__builtin_mul_overflow(step.coefficient, (BlInt128) 10, &step.coefficient))
			return BL_OVERFLOW;
	*whole = a.coefficient / step.coefficient;
	rest = a.coefficient % step.coefficient;
	if (rest < 0)
	{
		(*whole)--;
		rest += step.coefficient;
	}
	*left = (BlDec) {rest, a.scale};
	return BL_OK;
}

/*
 * Rounds the sum of the values and lets them share it in whole steps: each its
 * floor, then a step more for the largest remainders, ties to the earlier.
 */
BlStatus
bl_share(BlArena *arena, BlDec *values, int n, const BlRounding *rounding)
{
	BlDec	   *left = bl_arena_get(arena, sizeof *left * (size_t) (n + 1));
	BlInt128	spare,
				whole;
	BlDec		sum = BL_ZERO,
				none;

	if (left == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < n; i++)
		BL_TRY(bl_dec_add(sum, values[i], &sum));
	BL_TRY(bl_settle_sum(&sum));
	BL_TRY(bl_dec_round(sum, rounding, &sum));
	BL_TRY(in_steps(sum, rounding->step, &spare, &none));
	for (int i = 0; i < n; i++)
	{
		BL_TRY(in_steps(values[i], rounding->step, &whole, &left[i]));
		spare -= whole;
		values[i] = (BlDec) {whole * rounding->step.coefficient, rounding->step.scale};
	}
	/* spare is at most n: each remainder is below a step */
	for (; spare > 0; spare--)
	{
		int			best = 0;

		for (int i = 1; i < n; i++)
			if (bl_dec_cmp(left[i], left[best]) > 0)
				best = i;
		left[best] = bl_dec(-1, 0);
		values[best].coefficient += rounding->step.coefficient;
	}
	return BL_OK;
}

/* which of the of-which lines takes the cents: the rest, or the first component */
static int
slack_of(const BlCharge *q)
{
	return q->of_which > 0 ? q->of_which : 0;
}

/* the of-which lines from `first` on, so that they add up to the lines before them again */
static BlStatus
settle_parts(BlRate *r, const BlCharge *q, int first, int parts, BlDec printed)
{
	for (int i = 0; i < parts; i++)
		if (i != slack_of(q))
			BL_TRY(bl_dec_sub(printed, r->work[first + i].line.amount, &printed));
	r->work[first + slack_of(q)].line.amount = printed;
	return BL_OK;
}

/* the lines of one charge share its rounded sum */
BlStatus
bl_round_group(BlRate *r, const BlCharge *q, int first)
{
	int			n = 0,
				parts;
	BlDec	   *share = bl_arena_get(r->arena, sizeof *share * (size_t) (r->works - first + 1));
	BlDec		printed = BL_ZERO;

	if (share == NULL)
		return BL_NO_SPACE;
	for (int i = first; i < r->works; i++)
		if (r->work[i].line.flags & BL_LINE_COUNTED)
			share[n++] = r->work[i].exact;
		else if (r->work[i].line.flags & BL_LINE_INCLUDED)
			BL_TRY(bl_dec_round(r->work[i].exact, &q->rounding.group, &r->work[i].line.amount));
	BL_TRY(bl_share(r->arena, share, n, &q->rounding.group));
	n = 0;
	for (int i = first; i < r->works; i += parts)
	{
		parts = 1;
		if (r->work[i].line.flags & BL_LINE_COUNTED)
		{
			r->work[i].line.amount = share[n++];
			BL_TRY(bl_dec_add(printed, r->work[i].line.amount, &printed));
		}
		if (!(r->work[i].line.flags & BL_LINE_OF_WHICH))
			continue;
		parts = q->of_which > 0 ? q->of_which + 1 : q->price->n;
		BL_TRY(settle_parts(r, q, i, parts, printed));
		printed = BL_ZERO;
	}
	return BL_OK;
}

static BlStatus
keep_difference(BlRate *r, BlText name, BlDec difference)
{
	BlCarry    *c = &r->closing;
	BlBank	   *list = bl_arena_get(r->arena, sizeof *list * (size_t) (c->banks + 1));
	int			n = 0;

	if (list == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < c->banks; i++)
		if (!bl_text_equal(c->bank[i].name, name))
			list[n++] = c->bank[i];
	if (difference.coefficient != 0)
		list[n++] = (BlBank) {name, {"", 0}, r->b->from, bl_dec_trim(difference)};
	c->bank = list;
	c->banks = n;
	return BL_OK;
}

BlStatus
bl_round_total(BlRate *r, BlDec *total)
{
	const BlRoundings *rounding = &r->t->rounding;
	BlText		name = bl_text_of("rounding");
	BlDec		printed = BL_ZERO,
				exact,
				difference;
	BlWork	   *w;

	*total = BL_ZERO;
	if (!rounding->total.set)
		return BL_OK;
	for (int i = 0; i < r->works; i++)
		if (r->work[i].line.flags & BL_LINE_COUNTED)
			BL_TRY(bl_dec_add(printed, r->work[i].line.amount, &printed));
	exact = printed;
	for (int i = 0; rounding->carry && i < r->closing.banks; i++)
		if (bl_text_equal(r->closing.bank[i].name, name))
			BL_TRY(bl_dec_add(exact, r->closing.bank[i].amount, &exact));
	BL_TRY(bl_dec_round(exact, &rounding->total, total));
	if (rounding->carry)
	{
		BL_TRY(bl_dec_sub(exact, *total, &difference));
		BL_TRY(keep_difference(r, name, difference));
	}
	BL_TRY(bl_dec_sub(*total, printed, &difference));
	if (difference.coefficient == 0)
		return BL_OK;
	if (r->works == BL_CHARGES_LINES_MAX)
		return bl_too_many_lines(r);
	w = &r->work[r->works++];
	*w = (BlWork) {.line = {.flags = BL_LINE_COUNTED, .charge = BL_NONE, .period = BL_NONE, .component = BL_NONE,
	.amount = bl_dec_trim(difference)}, .epoch = -1};
	return BL_OK;
}

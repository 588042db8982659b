/*
 * rate_time.c - charges by time: months and their fractions, fixed and capacity charges
 *
 * A fraction of a month stays a fraction until the line is rounded.
 */
#include "rate_work.h"

/* ---- months ---- */

void
bl_add_fraction(int64_t *num, int64_t *den, int64_t n, int64_t d)
{
	int64_t		a,
				b;

	n = *num * d + n * *den;
	d = *den * d;
	for (a = n, b = d; b != 0;)
	{
		int64_t		rest = a % b;

		a = b;
		b = rest;
	}
	a = a < 0 ? -a : a;
	*num = a ? n / a : 0;
	*den = a ? d / a : 1;
}

/* whole months from day a until day b, or -1 */
static int
whole_months(int32_t a, int32_t b)
{
	BlDate		x = bl_date_of(a);

	for (int n = 1; n <= 60; n++)
	{
		int			last = bl_days_in_month(x.year + (x.month - 1 + n) / 12, (x.month - 1 + n) % 12 + 1);
		int32_t		to = bl_day_of(x.year, x.month + n, x.day < last ? x.day : last);

		if (to == b)
			return n;
		if (to > b)
			break;
	}
	return -1;
}

/* thirtieths of a month from the span's start to a day of it: a span of whole months */
static int
thirtieths(int32_t from, int32_t day)
{
	BlDate		x = bl_date_of(from);
	int			n = 0;
	int32_t		start = from;

	for (;;)
	{
		int			last = bl_days_in_month(x.year + (x.month + n) / 12, (x.month + n) % 12 + 1);
		int32_t		to = bl_day_of(x.year, x.month + n + 1, x.day < last ? x.day : last);

		if (to > day)
			break;
		start = to;
		n++;
	}
	return n * 30 + (day - start < 30 ? day - start : 30);
}

void
bl_exact_months(BlRate *r, const BlCharge *q, int first, int end, int64_t *num, int64_t *den)
{
	const BlBound *b = r->b;

	*num = 0;
	*den = 1;
	switch (q->proration)
	{
		case BL_PRORATE_PERIOD:
			*num = end - first;
			*den = b->days;
			break;
		case BL_PRORATE_DAILY:
			*num = end - first;
			break;
		case BL_PRORATE_YEAR:
			{
				BlDec		year = bl_dec_trim(q->year_days);

				/* 12 * days / year_days */
				*num = (int64_t) (end - first) * 12 * (int64_t) bl_pow10(year.scale);
				*den = (int64_t) year.coefficient;
				break;
			}
		case BL_PRORATE_THIRTY:
			if (whole_months(b->from, b->until) > 0)
				*num = thirtieths(b->from, b->from + end) - thirtieths(b->from, b->from + first);
			else
				*num = end - first;
			*den = 30;
			break;
		case BL_PRORATE_CALENDAR:
			for (int32_t day = b->from + first, next; day < b->from + end; day = next)
			{
				BlDate		d = bl_date_of(day);

				next = bl_day_of(d.year, d.month + 1, 1);
				if (next > b->from + end)
					next = b->from + end;
				bl_add_fraction(num, den, next - day, bl_days_in_month(d.year, d.month));
			}
			break;
	}
	bl_add_fraction(num, den, 0, 1);
}

BlStatus
bl_round_months(const BlCharge *q, int64_t *num, int64_t *den)
{
	BlDec		f;

	if (!q->rounding.fraction.set)
		return BL_OK;
	BL_TRY(bl_dec_mul_ratio(bl_dec(*num, 0), bl_dec(1, 0), 1, *den, &q->rounding.fraction, &f));
	*num = (int64_t) f.coefficient;
	*den = (int64_t) bl_pow10(f.scale);
	return BL_OK;
}

static BlStatus
months_of(BlRate *r, const BlCharge *q, int first, int end, int64_t *num, int64_t *den)
{
	bl_exact_months(r, q, first, end, num, den);
	return bl_round_months(q, num, den);
}

void
bl_year_share(const BlCharge *q, int32_t year, int32_t end, int32_t from, int32_t until, int64_t *num, int64_t *den)
{
	if (q->proration == BL_PRORATE_THIRTY)
	{
		*num = thirtieths(year, until) - thirtieths(year, from);
		*den = 360;
		return;
	}
	*num = until - from;
	*den = end - year;
}

/* the months that days [first, end) of the span are worth, as a fraction */
BlStatus
bl_months(BlRate *r, const BlCharge *q, int first, int end, int64_t *num, int64_t *den)
{
	BlFraction *known;

	if (first != 0 || end != r->b->days || q < r->t->charge || q >= r->t->charge + r->t->charges)
		return months_of(r, q, first, end, num, den);
	/* the whole span is asked for in every bill */
	known = &r->b->span_months[q - r->t->charge];
	if (known->den == 0)
		BL_TRY(months_of(r, q, first, end, &known->num, &known->den));
	*num = known->num;
	*den = known->den;
	return BL_OK;
}

/* ---- fixed and capacity ---- */

/* days of a calendar-year charge, as a fraction of years */
static BlStatus
years(BlRate *r, const BlCharge *q, int first, int end, int64_t *num, int64_t *den)
{
	const BlBound *b = r->b;

	if (q->proration == BL_PRORATE_YEAR)
	{
		BlDec		year = bl_dec_trim(q->year_days);

		*num = (int64_t) (end - first) * (int64_t) bl_pow10(year.scale);
		*den = (int64_t) year.coefficient;
		bl_add_fraction(num, den, 0, 1);
		return BL_OK;
	}
	if (q->proration != BL_PRORATE_CALENDAR)
	{
		BlCharge	whole = {.proration = q->proration};

		/* a fraction is rounded as months; the share of a span is none */
		if (q->proration == BL_PRORATE_THIRTY)
			whole.rounding.fraction = q->rounding.fraction;
		BL_TRY(months_of(r, &whole, first, end, num, den));
		if (q->proration == BL_PRORATE_THIRTY)
			*den *= 12;
		return BL_OK;
	}
	*num = 0;
	*den = 1;
	for (int32_t day = b->from + first, next; day < b->from + end; day = next)
	{
		BlDate		d = bl_date_of(day);

		next = bl_day_of(d.year + 1, 1, 1);
		if (next > b->from + end)
			next = b->from + end;
		bl_add_fraction(num, den, next - day, bl_day_of(d.year + 1, 1, 1) - bl_day_of(d.year, 1, 1));
	}
	return BL_OK;
}

/* how many of its unit a fixed, capacity or demand charge counts over a run of days */
static BlStatus
count_of(BlRate *r, const BlCharge *q, int first, int end, int64_t *num, int64_t *den)
{
	*num = end - first;
	*den = 1;
	if (q->kind != BL_CHARGE_FIXED || q->per == BL_PER_MONTH)
		return bl_months(r, q, first, end, num, den);
	if (q->per == BL_PER_YEAR)
		return years(r, q, first, end, num, den);
	if (q->per == BL_PER_PERIOD)
	{
		*den = r->b->days;
		bl_add_fraction(num, den, 0, 1);
	}
	return BL_OK;
}

/* what is multiplied: the term, 1, or the billed kW of the charge */
typedef struct Multiple
{
	BlDec		times;
	BlDec		price;
} Multiple;

static BlStatus
multiple_of(BlRate *r, const BlCharge *q, int piece, Multiple *m)
{
	m->times = bl_dec(1, 0);
	if (q->quantity_term >= 0)
		BL_TRY(bl_term_quantity(r, q->quantity_term, piece, &m->times));
	return bl_price_rounded(r, q, q->price, piece, 0, &m->price);
}

static BlStatus
time_line(BlRate *r, const BlCharge *q, const Multiple *m, int first, int end)
{
	BlWork	   *w = bl_emit(r, q);
	int64_t		num,
				den;

	if (w == NULL)
		return bl_too_many_lines(r);
	bl_set_span(r, w, first, end);
	BL_TRY(count_of(r, q, r->piece[first].first, r->piece[end - 1].end, &num, &den));
	BL_TRY(bl_amount(r, q, w, m->times, m->price, num, den));
	if (q->kind == BL_CHARGE_FIXED)
	{
		/* the printed quantity is the time, to six decimals where it is a fraction */
		BlRounding	six = bl_round_places(6, BL_HALF_UP);

		BL_TRY(bl_dec_mul_ratio(m->times, bl_dec(1, 0), num, den, &six, &w->line.quantity));
		w->line.quantity = bl_dec_trim(w->line.quantity);
	}
	return BL_OK;
}

/* runs of neighbouring pieces of one epoch with equal multiples */
BlStatus
bl_rate_time(BlRate *r, const BlCharge *q)
{
	Multiple	run = {BL_ZERO, BL_ZERO},
				now = {BL_ZERO, BL_ZERO};
	const BlKept *kept = bl_kept_lines(r, q);
	int			first = -1,
				line = r->works;
	bool		holds;

	for (int i = 0; kept != NULL && i < kept->lines; i++)
		if (bl_repeat_line(r, kept, i) == NULL)
			return bl_too_many_lines(r);
	if (kept != NULL)
		return BL_OK;
	for (int piece = 0; piece < r->pieces; piece++)
	{
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (holds)
			BL_TRY(multiple_of(r, q, piece, &now));
		if (first >= 0 && (!holds || r->piece[piece].epoch != r->piece[piece - 1].epoch ||
						   bl_dec_cmp(now.times, run.times) != 0 || bl_dec_cmp(now.price, run.price) != 0))
		{
			BL_TRY(time_line(r, q, &run, first, piece));
			first = -1;
		}
		if (holds && first < 0)
		{
			first = piece;
			run = now;
		}
	}
	if (first >= 0)
		BL_TRY(time_line(r, q, &run, first, r->pieces));
	bl_keep_lines(r, q, line);
	return BL_OK;
}

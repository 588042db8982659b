/*
 * rate_year.c - minimum and maximum by the year
 *
 * The money of the lines is counted from bill to bill, from the first day of
 * the tier year on which the charge holds; the count lies in the carry as a
 * bank of the charge's counter, dated that day.  It ends with the year, before
 * where the charge holds no more or service ends, and only then is a line made.
 */
#include "rate_work.h"

/* What has been counted of one year. */
typedef struct YearCount
{
	bool		open;
	int32_t		year;			/* first day of the tier year */
	int32_t		from;			/* first day counted */
	BlDec		amount;			/* of the lines since */
	int			first;			/* pieces of this bill in it; end 0: none */
	int			end;
} YearCount;

static int32_t
year_end(const BlTariff *t, int32_t year)
{
	return bl_day_of(bl_date_of(year).year + 1, t->year_month, t->year_day);
}

/* what the bills before have counted of the year that goes on */
static BlStatus
open_count(BlRate *r, const BlCharge *q, YearCount *y)
{
	y->year = r->piece[0].year_from;
	for (int i = 0; r->opening != NULL && i < r->opening->banks; i++)
	{
		const BlBank *b = &r->opening->bank[i];

		if (!bl_text_equal(b->name, q->counter) || b->period.length > 0)
			continue;
		if (b->first_day >= r->b->from)
		{
			bl_problem(r->problem, BL_BAD_CARRY, "the carry's bank \"%.*s\" has an entry of a later day than the bill",
					   q->counter.length, q->counter.text);
			return bl_problem_hint(r->problem, "The carry comes from the bill before, of the same tariff.");
		}
		if (bl_year_start(r->t, b->first_day) != y->year)
			continue;
		if (!y->open || b->first_day < y->from)
			y->from = b->first_day;
		y->open = true;
		BL_TRY(bl_dec_add(y->amount, b->amount, &y->amount));
	}
	return BL_OK;
}

/* the first day without service, or far away */
static BlStatus
service_end(BlRate *r, const BlCharge *q, int piece, int32_t *day)
{
	const BlJson *value = bl_term_value(r, q->service_term, piece);

	*day = BL_DAY_MAX;
	if (value == NULL)
		return BL_OK;
	if (value->type == BL_JSON_STRING && bl_day_parse(value->text, value->length, day) == BL_OK)
		return BL_OK;
	bl_problem(r->problem, BL_NO_TERM, "term \"service_until\" is not a date");
	return bl_problem_hint(r->problem, "Write it as \"2026-06-20\": the first day without service.");
}

/* the line of a count that ends; where it has no piece of this bill, it ended as the bill began */
static BlStatus
settle(BlRate *r, const BlCharge *q, YearCount *y)
{
	BlRounding	fine = bl_round_places(BL_EXACT_SCALE, BL_HALF_UP);
	int			piece = y->end > 0 ? y->end - 1 : 0,
				last = piece;
	int32_t		end = r->b->from + (y->end > 0 ? r->piece[piece].end : 0),
				served;
	int64_t		num = 1,
				den = 1;
	BlDec		bound,
				missing;
	BlWork	   *w;
	bool		built = false;

	y->open = false;
	BL_TRY(service_end(r, q, piece, &served));
	end = served < end ? served : end;
	if (end <= y->from)
		return BL_OK;
	/* the amount is that of the last day */
	while (last > 0 && r->b->from + r->piece[last].first >= end)
		last--;
	BL_TRY(bl_price_at(r, q->price, last, 0, &bound, &built));
	if (!q->undivided)
		bl_year_share(q, y->year, year_end(r->t, y->year), y->from, end, &num, &den);
	BL_TRY(bl_dec_mul_ratio(bound, bl_dec(1, 0), num, den, &fine, &bound));
	BL_TRY(bl_dec_sub(bound, y->amount, &missing));
	if (q->kind == BL_CHARGE_MINIMUM ? missing.coefficient <= 0 : missing.coefficient >= 0)
		return BL_OK;
	if ((w = bl_emit(r, q)) == NULL)
		return bl_too_many_lines(r);
	BL_TRY(bl_bound_amount(r, q, w, bound, y->amount));
	if (y->end > 0)
		bl_set_span(r, w, y->first, y->end);
	w->piece = piece;
	w->epoch = -1;
	return BL_OK;
}

/* has the count ended with the last day of the bill? */
static BlStatus
ends(BlRate *r, const BlCharge *q, const YearCount *y, bool *end)
{
	int32_t		served;

	BL_TRY(service_end(r, q, r->pieces - 1, &served));
	*end = r->b->until == year_end(r->t, y->year) || served <= r->b->until || (q->has_until && q->until <= r->b->until);
	return BL_OK;
}

BlStatus
bl_rate_year_bound(BlRate *r, const BlCharge *q)
{
	YearCount	y = {.amount = BL_ZERO};
	bool		holds,
				end;

	BL_TRY(open_count(r, q, &y));
	for (int piece = 0; piece < r->pieces; piece++)
	{
		BlDec		one;

		bl_arena_poll(r->arena);
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (y.open && (!holds || r->piece[piece].year_from != y.year))
			BL_TRY(settle(r, q, &y));
		if (!holds)
			continue;
		if (!y.open)
			y = (YearCount) {true, r->piece[piece].year_from, r->b->from + r->piece[piece].first, BL_ZERO, piece, piece};
		if (y.end == 0)
			y.first = piece;
		y.end = piece + 1;
		BL_TRY(bl_base_of(r, &q->of, false, piece, piece + 1, &one));
		BL_TRY(bl_dec_add(y.amount, one, &y.amount));
	}
	if (!y.open)
		return BL_OK;
	BL_TRY(ends(r, q, &y, &end));
	if (end)
		return settle(r, q, &y);
	if (r->year == NULL && (r->year = bl_arena_get(r->arena, sizeof *r->year * (size_t) r->t->charges)) == NULL)
		return BL_NO_SPACE;
	r->year[r->years++] = (BlBank) {q->counter, {"", 0}, y.from, bl_dec_trim(y.amount)};
	return BL_OK;
}

static bool
counts_year(const BlTariff *t, const BlBank *b)
{
	for (int i = 0; i < t->charges; i++)
		if (bl_is_year_bound(&t->charge[i]) && b->period.length == 0 && bl_text_equal(t->charge[i].counter, b->name))
			return true;
	return false;
}

/* the counts that go on, in place of those that the carry had */
BlStatus
bl_close_years(BlRate *r)
{
	BlCarry    *c = &r->closing;
	BlBank	   *list;
	int			n = 0;

	if (!r->b->counts_years || (c->banks == 0 && r->years == 0))
		return BL_OK;
	list = bl_arena_get(r->arena, sizeof *list * (size_t) (c->banks + r->years + 1));
	if (list == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < c->banks; i++)
		if (!counts_year(r->t, &c->bank[i]))
			list[n++] = c->bank[i];
	for (int i = 0; i < r->years; i++)
		list[n++] = r->year[i];
	c->bank = list;
	c->banks = n;
	return BL_OK;
}

/*
 * rate.c - charges on energy, demand, capacity and time; see rate.h
 *
 * The invariants: every line's amount is rounded once, from the exact product;
 * neighbouring pieces with equal prices are one line, except across a change
 * of terms; the total is the sum of the counted lines.
 */
#include "rate_work.h"

BlStatus
bl_rate_problem(BlRate *r, BlStatus status, const BlCharge *q)
{
	/* a problem that was told in full stays as it is */
	if (r->problem == NULL || r->problem->status == status)
		return status;
	bl_problem(r->problem, status, "%s", bl_status_text(status));
	bl_problem_detail(r->problem, "While rating charge \"%.*s\".", q->code.length, q->code.text);
	return status;
}

/* ---- terms -------------------------------------------------------------------- */

const BlJson *
bl_term_value(BlRate *r, int term, int piece)
{
	const BlTermSteps *s = &r->term[term];
	int32_t		day = r->b->from + r->piece[piece].first;
	int			i = s->n - 1;

	while (i > 0 && s->from[i] > day)
		i--;
	return s->n > 0 ? s->value[i] : r->t->term[term].fallback;
}

static BlStatus
no_term(BlRate *r, int term, const char *what, const char *hint)
{
	bl_problem(r->problem, BL_NO_TERM, "term \"%.*s\" %s", r->t->term[term].name.length, r->t->term[term].name.text, what);
	return bl_problem_hint(r->problem, "%s", hint);
}

static BlStatus
term_needed(BlRate *r, int term, int piece, const BlJson **value)
{
	*value = bl_term_value(r, term, piece);
	if (*value == NULL)
		return no_term(r, term, "is missing", "Give it in the terms, or let the tariff declare a default.");
	return BL_OK;
}

BlStatus
bl_term_decimal(BlRate *r, int term, int piece, BlDec *value)
{
	const BlJson *node;
	BlJson		copy;

	BL_TRY(term_needed(r, term, piece, &node));
	copy = *node;
	if (bl_json_decimal(&copy, BL_PRICE_SCALE, value) != BL_OK ||
		value->coefficient > (BlInt128) 1 << 62 || value->coefficient < -((BlInt128) 1 << 62))
		return no_term(r, term, "is not a number that can be used", "Give a decimal with at most 10 decimals.");
	return BL_OK;
}

static bool
same_scalar(const BlJson *a, const BlJson *b)
{
	BlJson		x = *a,
				y = *b;
	BlDec		p,
				q;

	if (x.type == BL_JSON_NUMBER || y.type == BL_JSON_NUMBER)
		return bl_json_decimal(&x, BL_SCALE_MAX, &p) == BL_OK && bl_json_decimal(&y, BL_SCALE_MAX, &q) == BL_OK &&
			bl_dec_cmp(p, q) == 0;
	return x.type == y.type && (x.type != BL_JSON_STRING ||
								(x.length == y.length && memcmp(x.text, y.text, x.length) == 0));
}

/* one value of the terms: a scalar, allowed where the tariff says which are */
static BlStatus
check_term(BlRate *r, int term, const BlJson *value)
{
	const BlJson *one_of = r->t->term[term].one_of;
	bool		ok = one_of == NULL;

	if (value->type == BL_JSON_NULL || value->type == BL_JSON_ARRAY || value->type == BL_JSON_OBJECT)
		return no_term(r, term, "is not a text, a number, true or false", "A value that changes is a list of {\"from\": date, \"value\": ...}.");
	for (const BlJson *e = one_of ? one_of->first : NULL; e && !ok; e = e->next)
		ok = same_scalar(e, value);
	return ok ? BL_OK : no_term(r, term, "has a value that the tariff does not know", "The tariff's terms list the values in one_of.");
}

/* a term's value or its dated steps */
static BlStatus
open_term(BlRate *r, int term, BlJson *node)
{
	BlTermSteps *s = &r->term[term];
	int			n = node->type == BL_JSON_ARRAY ? node->count : 1;

	if (n < 1 || n > 366)
		return no_term(r, term, "has no steps, or too many", "Give 1 to 366 dated steps.");
	s->from = bl_arena_get(r->arena, sizeof *s->from * (size_t) n);
	s->value = bl_arena_get(r->arena, sizeof *s->value * (size_t) n);
	if (s->from == NULL || s->value == NULL)
		return BL_NO_SPACE;
	if (node->type != BL_JSON_ARRAY)
	{
		s->n = 1;
		s->from[0] = INT32_MIN;
		s->value[0] = node;
		return check_term(r, term, node);
	}
	for (BlJson *e = node->first; e; e = e->next)
	{
		BlJson	   *from = bl_json_member(e, "from");
		BlJson	   *value = bl_json_member(e, "value");

		if (from == NULL || value == NULL || e->count != 2 || from->type != BL_JSON_STRING ||
			bl_day_parse(from->text, from->length, &s->from[s->n]) != BL_OK ||
			(s->n > 0 && s->from[s->n] <= s->from[s->n - 1]))
			return no_term(r, term, "has steps that are not dated in order", "Write [{\"from\": \"2026-07-24\", \"value\": 320}, ...].");
		BL_TRY(check_term(r, term, value));
		s->value[s->n++] = value;
	}
	if (s->from[0] > r->b->from)
		return no_term(r, term, "has no value at the start of the billed span", "Let the first step begin at or before the span.");
	return BL_OK;
}

static BlStatus
open_terms(BlRate *r, BlJson *terms)
{
	if (r->t->terms == 0)
		return BL_OK;
	r->term = bl_arena_get(r->arena, sizeof *r->term * (size_t) r->t->terms);
	if (r->term == NULL)
		return BL_NO_SPACE;
	if (terms != NULL && terms->type != BL_JSON_OBJECT)
	{
		bl_problem(r->problem, BL_NO_TERM, "the terms are not a JSON object");
		return bl_problem_hint(r->problem, "Write {\"capacity_kva\": 320}.");
	}
	for (int i = 0; i < r->t->terms && terms != NULL; i++)
		for (BlJson *m = terms->first; m; m = m->next)
			if (bl_text_equal((BlText) {m->key, (int) m->key_length}, r->t->term[i].name))
				BL_TRY(open_term(r, i, m));
	return BL_OK;
}

/* ---- pieces -------------------------------------------------------------------- */

/* marks the days on which a term changes its value */
static void
cut_terms(const BlRate *r, bool *cut)
{
	for (int i = 0; i < r->t->terms; i++)
	{
		const BlTermSteps *s = &r->term[i];

		for (int k = 1; k < s->n; k++)
			if (s->from[k] > r->b->from && s->from[k] < r->b->until && !same_scalar(s->value[k], s->value[k - 1]))
				cut[s->from[k] - r->b->from] = true;
	}
}

static bool
terms_change(const BlRate *r)
{
	for (int i = 0; i < r->t->terms; i++)
		if (r->term[i].n > 1)
			return true;
	return false;
}

static void
set_piece(const BlRate *r, BlPiece *p, int first, int end, int epoch)
{
	p->first = first;
	p->end = end;
	p->epoch = epoch;
	p->season = r->b->day[first].season;
	p->year_from = r->b->counts_years ? bl_year_start(r->t, r->b->from + first) : 0;
}

static BlStatus
make_pieces(BlRate *r)
{
	BlBound    *b = r->b;
	bool		term_cut[BL_RATE_DAYS_MAX + 1];
	int			n = 0,
				epoch = 0,
				next = 0;

	r->piece = b->piece;
	memset(term_cut, 0, (size_t) b->days + 1);
	if (terms_change(r))
	{
		cut_terms(r, term_cut);
		r->piece = bl_arena_get(r->arena, sizeof *r->piece * BL_RATE_PIECES_MAX);
		if (r->piece == NULL)
			return BL_NO_SPACE;
	}
	for (int day = 0; day < b->days;)
	{
		int			end = day + 1;

		while (next < b->cuts && b->cut[next] <= day)
			next++;
		if (r->piece == b->piece)
			end = next < b->cuts ? b->cut[next] : b->days;
		else
			while (end < b->days && !term_cut[end] && !(next < b->cuts && b->cut[next] == end))
				end++;
		if (n == BL_RATE_PIECES_MAX)
			return bl_problem(r->problem, BL_LIMIT, "the billed span is cut into more than %d pieces", BL_RATE_PIECES_MAX);
		if (term_cut[day] || b->money_cut[day])
			epoch++;
		set_piece(r, &r->piece[n++], day, end, epoch);
		day = end;
	}
	r->pieces = n;
	r->epochs = epoch + 1;
	return BL_OK;
}

static BlStatus
make_cells(BlRate *r)
{
	BlBound    *b = r->b;
	BlDec	   *cells = b->cells;
	bool	   *spread;
	size_t		need = 3;

	for (int i = 0; i < b->scans; i++)
		need += (size_t) b->scan[i].periods;
	if (r->pieces > b->cuts + 1)
		cells = bl_arena_get(r->arena, sizeof *cells * need * (size_t) r->pieces);
	spread = bl_arena_get(r->arena, (size_t) (b->scans + 3) * (size_t) r->pieces);
	if (cells == NULL || spread == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < b->scans + 3; i++)
	{
		BlScan	   *s = i < b->scans ? &b->scan[i] : &b->total[i - b->scans];

		s->done = s->found = s->estimated = false;
		s->peak_minutes = 0;
		s->cell = cells;
		s->spread = spread;
		cells += s->periods * r->pieces;
		spread += r->pieces;
	}
	return BL_OK;
}

/* ---- prices --------------------------------------------------------------------- */

static BlStatus
published(BlRate *r, const BlPrice *p, int32_t day, BlDec *price)
{
	const BlPublished *list = bl_market_prices(r->b->market, p->name);
	char		text[16];
	int			i;

	if (list == NULL)
	{
		bl_problem(r->problem, BL_NO_MARKET, "the market value has no price \"%.*s\"", p->name.length, p->name.text);
		return bl_problem_hint(r->problem, "Give {\"prices\": {\"%.*s\": [{\"from\": ..., \"price\": ...}]}}.", p->name.length, p->name.text);
	}
	for (i = list->n - 1; i >= 0 && list->day[i] > day; i--)
		;
	if (i < 0)
	{
		bl_day_text(day, text);
		bl_problem(r->problem, BL_NO_MARKET, "price \"%.*s\" is not published for %s", p->name.length, p->name.text, text);
		return BL_NO_MARKET;
	}
	*price = list->price[i];
	return BL_OK;
}

BlStatus
bl_price_at(BlRate *r, const BlPrice *p, int piece, int period, BlDec *price, bool *built)
{
	int32_t		day = r->b->from + r->piece[piece].first;
	BlDec		part,
				factor;
	int			i;

	switch (p->kind)
	{
		case BL_PRICE_VALUE:
			*price = p->value;
			return BL_OK;
		case BL_PRICE_BY_PERIOD:
			return bl_price_at(r, p->item[period], piece, period, price, built);
		case BL_PRICE_BY_SEASON:
			return bl_price_at(r, p->item[r->piece[piece].season], piece, period, price, built);
		case BL_PRICE_VERSIONS:
			for (i = p->n - 1; i >= 0 && p->day[i] > day; i--)
				;
			if (i < 0)
			{
				char		text[16],
							path[BL_JSON_PATH];

				bl_day_text(day, text);
				bl_json_path(p->at, path);
				bl_problem(r->problem, BL_TARIFF_GAP, "the tariff has no price for %s", text);
				bl_problem_detail(r->problem, "The versions at %s begin later.", path);
				return bl_problem_hint(r->problem, "Add the version that was in force then.");
			}
			return bl_price_at(r, p->item[i], piece, period, price, built);
		case BL_PRICE_COMPONENTS:
			*price = BL_ZERO;
			for (i = 0; i < p->n; i++)
			{
				BL_TRY(bl_price_at(r, r->t->component[p->component[i]].price, piece, period, &part, built));
				if (p->multiplied[i] && p->multiplier != NULL)
				{
					BL_TRY(bl_price_at(r, p->multiplier[period], piece, period, &factor, built));
					BL_TRY(bl_dec_mul(part, factor, &part));
				}
				BL_TRY(bl_dec_add(*price, part, price));
			}
			*built = true;
			return BL_OK;
		case BL_PRICE_PUBLISHED:
			return published(r, p, day, price);
		case BL_PRICE_TERM:
			return bl_term_decimal(r, p->term, piece, price);
		case BL_PRICE_BASE:
			BL_TRY(bl_price_at(r, p->item[0], piece, period, price, built));
			BL_TRY(bl_dec_mul(*price, p->times, price));
			BL_TRY(bl_dec_add(*price, p->plus, price));
			*built = true;
			return BL_OK;
		default:
			return BL_CORRUPT;	/* series are not asked for here */
	}
}

BlStatus
bl_price_rounded(BlRate *r, const BlCharge *q, const BlPrice *p, int piece, int period, BlDec *price)
{
	bool		built = false;

	BL_TRY(bl_price_at(r, p, piece, period, price, &built));
	if (!built)
		return BL_OK;
	BL_TRY(bl_dec_round(*price, &q->rounding.price, price));
	*price = bl_dec_trim(*price);
	return BL_OK;
}

/* ---- conditions ------------------------------------------------------------------- */

static BlStatus
subject_value(BlRate *r, const BlTest *test, BlDec *value, int64_t *per)
{
	bool		found;

	*per = 1;
	if (test->subject == BL_SUBJECT_DEMAND_KW)
	{
		BlCharge	any = {.part = 1, .channel = BL_IMPORT};

		BL_TRY(bl_recorded(r, 1, (BlText) {"", 0}, &found, value));
		if (!found)
			BL_TRY(bl_measured_kw(r, &any, 0, &found, value));
		if (!found)
			return bl_problem(r->problem, BL_NO_USAGE, "a condition on demand needs a demand in the usage");
		return BL_OK;
	}
	BL_TRY(bl_measure_total(r, 0, value, &found));
	if (test->subject == BL_SUBJECT_KWH_PER_DAY)
		*per = r->b->days;
	return BL_OK;
}

/* value / per against a bound */
static BlStatus
in_bounds(const BlTest *test, BlDec value, int64_t per, bool *holds)
{
	for (int i = 0; i < 4 && *holds; i++)
	{
		BlDec		bound;
		int			c;

		if (!(test->bounds & 1u << i))
			continue;
		BL_TRY(bl_dec_mul(test->bound[i], bl_dec(per, 0), &bound));
		c = bl_dec_cmp(value, bound);
		*holds = i == 0 ? c >= 0 : i == 1 ? c > 0 : i == 2 ? c <= 0 : c < 0;
	}
	return BL_OK;
}

static BlStatus
test_holds(BlRate *r, const BlTest *test, int piece, bool *holds)
{
	const BlJson *value;
	BlDec		number;
	int64_t		per = 1;

	*holds = true;
	if (test->subject == BL_SUBJECT_TERM && test->equal != NULL)
	{
		BL_TRY(term_needed(r, test->term, piece, &value));
		if (test->equal->type != BL_JSON_ARRAY)
			*holds = same_scalar(test->equal, value);
		else
		{
			*holds = false;
			for (const BlJson *e = test->equal->first; e && !*holds; e = e->next)
				*holds = same_scalar(e, value);
		}
		return BL_OK;
	}
	if (test->subject == BL_SUBJECT_TERM)
		BL_TRY(bl_term_decimal(r, test->term, piece, &number));
	else
		BL_TRY(subject_value(r, test, &number, &per));
	if (test->equal != NULL)
	{
		const BlJson *e = test->equal->type == BL_JSON_ARRAY ? test->equal->first : test->equal;

		for (*holds = false; e && !*holds; e = test->equal->type == BL_JSON_ARRAY ? e->next : NULL)
		{
			BlJson		copy = *e;
			BlDec		wanted;

			if (bl_json_decimal(&copy, BL_PRICE_SCALE, &wanted) == BL_OK)
			{
				BL_TRY(bl_dec_mul(wanted, bl_dec(per, 0), &wanted));
				*holds = bl_dec_cmp(number, wanted) == 0;
			}
		}
		return BL_OK;
	}
	return in_bounds(test, number, per, holds);
}

BlStatus
bl_condition_holds(BlRate *r, const BlCondition *condition, int piece, bool *holds)
{
	*holds = true;
	for (int i = 0; i < condition->n && *holds; i++)
		BL_TRY(test_holds(r, &condition->test[i], piece, holds));
	return BL_OK;
}

BlStatus
bl_charge_holds(BlRate *r, const BlCharge *q, int piece, bool *holds)
{
	int32_t		day = r->b->from + r->piece[piece].first;

	*holds = !(q->has_from && day < q->from) && !(q->has_until && day >= q->until) &&
		!(q->months && !(q->months & 1u << r->b->day[0].month));
	if (*holds && q->when.n > 0)
		return bl_condition_holds(r, &q->when, piece, holds);
	return BL_OK;
}

/* ---- lines -------------------------------------------------------------------------- */

BlWork *
bl_emit(BlRate *r, const BlCharge *q)
{
	BlWork	   *w;

	if (r->works == BL_CHARGES_LINES_MAX)
		return NULL;
	w = &r->work[r->works++];
	w->line.flags = BL_LINE_COUNTED;
	w->line.charge = (int) (q - r->t->charge);
	w->line.period = w->line.component = BL_NONE;
	w->line.tier = 0;
	w->line.unit = q->unit;
	w->line.quantity = w->line.price = w->line.amount = w->exact = BL_ZERO;
	w->epoch = -1;
	w->piece = 0;
	w->parts = 0;
	return w;
}

static BlStatus
too_many_lines(BlRate *r)
{
	return bl_problem(r->problem, BL_LIMIT, "the bill has more than %d lines", BL_CHARGES_LINES_MAX);
}

/* quantity * price * num / den into a line; a credit turns its sign */
BlStatus
bl_amount(BlRate *r, const BlCharge *q, BlWork *w, BlDec quantity, BlDec price, int64_t num, int64_t den)
{
	const BlRounding *rounding = q->rounding.line.set && !q->rounding.group.set ? &q->rounding.line : NULL;

	if (q->credit)
		num = -num;
	w->line.quantity = quantity;
	w->line.price = price;
	w->line.flags |= BL_LINE_PRICED | BL_LINE_MEASURED;
	if (r->b->keeps_exact)
	{
		BlRounding	fine = bl_round_places(BL_EXACT_SCALE, BL_HALF_UP);

		BL_TRY(bl_dec_mul_ratio(quantity, price, num, den, &fine, &w->exact));
	}
	return bl_dec_mul_ratio(quantity, price, num, den, rounding, &w->line.amount);
}

static void
set_span(BlRate *r, BlWork *w, int first_piece, int end_piece)
{
	w->piece = first_piece;
	w->epoch = r->piece[first_piece].epoch;
	if (first_piece == 0 && end_piece == r->pieces)
		return;
	w->line.flags |= BL_LINE_SPAN;
	w->line.from = r->b->from + r->piece[first_piece].first;
	w->line.until = r->b->from + r->piece[end_piece - 1].end;
}

/* a register spread over a cut that separates lines is only allowed where the tariff says so */
static BlStatus
check_spread(BlRate *r, const BlCharge *q, const BlScan *s, int end_piece)
{
	char		text[16];

	if (r->t->split_days || end_piece >= r->pieces || !s->spread[end_piece - 1])
		return BL_OK;
	bl_day_text(r->b->from + r->piece[end_piece].first, text);
	bl_problem(r->problem, BL_UNALIGNED, "a register of part \"%.*s\" spans the change on %s",
			   r->t->part[s->part].name.length, r->t->part[s->part].name.text, text);
	bl_problem_detail(r->problem, "Charge \"%.*s\" has another price or condition from then on.", q->code.length, q->code.text);
	return bl_problem_hint(r->problem, "Give a reading at the change, split the register with split_register(), or let the tariff say \"split\": \"days\".");
}

/* ---- energy -------------------------------------------------------------------------- */

static inline bool
wanted(unsigned mask, int period)
{
	return mask == 0 || (mask & 1u << period);
}

/* of the components of a built price */
static BlStatus
component_prices(BlRate *r, const BlCharge *q, int piece, BlPrices *p)
{
	const BlPrice *price = q->price;

	p->parts = price->n;
	p->rest = false;
	for (int i = 0; i < price->n; i++)
	{
		p->component[i] = price->component[i];
		for (int k = 0; k < p->n; k++)
		{
			BlDec	   *out = &p->part[i * p->n + k];
			BlDec		factor;
			bool		built = false;

			BL_TRY(bl_price_at(r, r->t->component[price->component[i]].price, piece, k, out, &built));
			if (price->multiplied[i] && price->multiplier != NULL)
			{
				BL_TRY(bl_price_at(r, price->multiplier[k], piece, k, &factor, &built));
				BL_TRY(bl_dec_mul(*out, factor, out));
				built = true;
			}
			if (built && q->by_component)
				BL_TRY(bl_dec_round(*out, &q->rounding.price, out));
			*out = bl_dec_trim(*out);
		}
	}
	return BL_OK;
}

/* of the parts an absolute price says it is made of */
static BlStatus
of_which_prices(BlRate *r, const BlCharge *q, int piece, BlPrices *p)
{
	p->parts = q->of_which + 1;
	p->rest = true;
	for (int k = 0; k < p->n; k++)
	{
		BlDec		left = p->price[k];

		for (int i = 0; i < q->of_which; i++)
		{
			p->component[i] = q->of_which_component[i];
			BL_TRY(bl_price_rounded(r, q, q->of_which_price[i], piece, k, &p->part[i * p->n + k]));
			BL_TRY(bl_dec_sub(left, p->part[i * p->n + k], &left));
		}
		p->component[q->of_which] = q->rest_component;
		p->part[q->of_which * p->n + k] = bl_dec_trim(left);
	}
	return BL_OK;
}

/* the energy of a piece by the periods that the price tells apart, added to energy */
static BlStatus
add_energy(const BlCharge *q, const BlScan *s, int piece, BlDec *energy)
{
	for (int k = 0; k < s->periods; k++)
		if (q->by_period || wanted(q->periods, k))
			BL_TRY(bl_dec_add(energy[q->by_period ? k : 0], s->cell[piece * s->periods + k], &energy[q->by_period ? k : 0]));
	return BL_OK;
}

/* the dictionary index of what a line for place k of the prices says of its period */
static int
line_period(const BlRate *r, const BlCharge *q, int k)
{
	const BlSchedule *s = &r->t->schedule[q->schedule];

	if (q->by_period)
		return s->name_index[k];
	/* all together, or the only one that is wanted */
	if (q->periods == 0 || (q->periods & (q->periods - 1)) != 0)
		return BL_NONE;
	return s->name_index[__builtin_ctz(q->periods)];
}

static BlStatus
prices_of(BlRate *r, const BlCharge *q, const BlScan *s, int piece, BlPrices *p)
{
	p->n = q->by_period ? s->periods : 1;
	p->mask = q->by_period ? q->periods : 0;
	p->parts = 0;
	for (int k = 0; k < p->n; k++)
		if (wanted(p->mask, k))
			BL_TRY(bl_price_rounded(r, q, q->price, piece, k, &p->price[k]));
		else
			p->price[k] = BL_ZERO;
	if (q->of_which > 0)
		return of_which_prices(r, q, piece, p);
	if (q->price->kind == BL_PRICE_COMPONENTS)
		return component_prices(r, q, piece, p);
	return BL_OK;
}

static bool
same_prices(const BlPrices *a, const BlPrices *b)
{
	for (int k = 0; k < a->n; k++)
		if (bl_dec_cmp(a->price[k], b->price[k]) != 0)
			return false;
	for (int i = 0; i < a->parts * a->n; i++)
		if (bl_dec_cmp(a->part[i], b->part[i]) != 0)
			return false;
	return true;
}

/* is the price of a component the same in all periods? */
static bool
even(const BlDec *price, int n, unsigned mask)
{
	int			first = -1;

	for (int k = 0; k < n; k++)
	{
		if (!wanted(mask, k))
			continue;
		if (first >= 0 && bl_dec_cmp(price[k], price[first]) != 0)
			return false;
		if (first < 0)
			first = k;
	}
	return true;
}

/* sum of energy * price over periods, rounded once */
static BlStatus
sum_product(const BlCharge *q, const BlPrices *p, const BlDec *energy, const BlDec *price, const BlRounding *rounding, BlDec *amount)
{
	BlDec		sum = BL_ZERO,
				one;

	for (int k = 0; k < p->n; k++)
	{
		if (!wanted(p->mask, k))
			continue;
		BL_TRY(bl_dec_mul(energy[k], price[k], &one));
		BL_TRY(bl_dec_add(sum, one, &sum));
	}
	return bl_dec_mul_ratio(sum, bl_dec(1, 0), q->credit ? -1 : 1, 1, rounding, amount);
}

static BlStatus
sum_energy(const BlPrices *p, const BlDec *energy, BlDec *sum)
{
	*sum = BL_ZERO;
	for (int k = 0; k < p->n; k++)
		if (wanted(p->mask, k))
			BL_TRY(bl_dec_add(*sum, energy[k], sum));
	return BL_OK;
}

/* one component over all periods of a run */
static BlStatus
component_line(BlRate *r, const BlCharge *q, const BlPrices *p, const BlDec *energy, int i, int flags, BlWork **out)
{
	const BlRounding *rounding = q->rounding.line.set && !q->rounding.group.set ? &q->rounding.line : NULL;
	const BlDec *price = &p->part[i * p->n];
	BlWork	   *w = *out = bl_emit(r, q);
	BlDec		sum;

	if (w == NULL)
		return too_many_lines(r);
	w->line.flags = flags | BL_LINE_MEASURED;
	w->line.component = p->component[i];
	BL_TRY(sum_energy(p, energy, &sum));
	w->line.quantity = sum;
	if (even(price, p->n, p->mask))
	{
		w->line.flags |= BL_LINE_PRICED;
		for (int k = p->n - 1; k >= 0; k--)
			if (wanted(p->mask, k))
				w->line.price = price[k];
	}
	if (r->b->keeps_exact)
	{
		BlRounding	fine = bl_round_places(BL_EXACT_SCALE, BL_HALF_UP);

		BL_TRY(sum_product(q, p, energy, price, &fine, &w->exact));
	}
	return sum_product(q, p, energy, price, rounding, &w->line.amount);
}

/*
 * The components of a run that was printed by period: lines that do not count.
 * The rest (of of_which), or the first component, takes the cents of rounding,
 * so that the parts add up to the printed lines.
 */
static BlStatus
of_which_lines(BlRate *r, const BlCharge *q, const BlPrices *p, const BlDec *energy, int first, int end, BlDec printed)
{
	int			slack = p->rest ? p->parts - 1 : 0;
	int			parent = r->works - 1;
	BlDec		others = BL_ZERO;
	BlWork	   *w,
			   *rest = NULL;

	for (int i = 0; i < p->parts; i++)
	{
		BL_TRY(component_line(r, q, p, energy, i, BL_LINE_OF_WHICH, &w));
		set_span(r, w, first, end);
		if (i == slack)
			rest = w;
		else
			BL_TRY(bl_dec_add(others, w->line.amount, &others));
	}
	r->work[parent].parts = p->parts;
	return bl_dec_sub(printed, others, &rest->line.amount);
}

/* lines by component: a multiplied component has one for each period, any other one for all */
static BlStatus
by_component(BlRate *r, const BlCharge *q, const BlScan *s, const BlPrices *p, const BlDec *energy, int first, int end)
{
	BlDec		whole = BL_ZERO,
				others = BL_ZERO;

	if (p->rest)
		BL_TRY(sum_product(q, p, energy, p->price, q->rounding.line.set && !q->rounding.group.set ? &q->rounding.line : NULL, &whole));
	for (int i = 0; i < p->parts; i++)
	{
		BlWork	   *w;

		if (!p->rest && (q->price->multiplied[i] || !even(&p->part[i * p->n], p->n, p->mask)))
		{
			for (int k = 0; k < p->n; k++)
			{
				if (!wanted(p->mask, k))
					continue;
				if ((w = bl_emit(r, q)) == NULL)
					return too_many_lines(r);
				w->line.component = p->component[i];
				w->line.period = line_period(r, q, k);
				set_span(r, w, first, end);
				if (s->estimated)
					w->line.flags |= BL_LINE_ESTIMATED;
				BL_TRY(bl_amount(r, q, w, energy[k], p->part[i * p->n + k], 1, 1));
			}
			continue;
		}
		BL_TRY(component_line(r, q, p, energy, i, BL_LINE_COUNTED, &w));
		set_span(r, w, first, end);
		if (s->estimated)
			w->line.flags |= BL_LINE_ESTIMATED;
		if (p->rest && i == p->parts - 1)
			return bl_dec_sub(whole, others, &w->line.amount);
		BL_TRY(bl_dec_add(others, w->line.amount, &others));
	}
	return BL_OK;
}

/* the lines of a run of pieces with one price */
static BlStatus
energy_lines(BlRate *r, const BlCharge *q, const BlScan *s, const BlPrices *p, const BlDec *energy, int first, int end)
{
	BlDec		printed = BL_ZERO;

	BL_TRY(check_spread(r, q, s, end));
	if (q->by_component)
		return by_component(r, q, s, p, energy, first, end);
	for (int k = 0; k < p->n; k++)
	{
		BlWork	   *w;

		if (!wanted(p->mask, k))
			continue;
		if ((w = bl_emit(r, q)) == NULL)
			return too_many_lines(r);
		w->line.period = line_period(r, q, k);
		set_span(r, w, first, end);
		if (s->estimated)
			w->line.flags |= BL_LINE_ESTIMATED;
		BL_TRY(bl_amount(r, q, w, energy[k], p->price[k], 1, 1));
		if (p->parts > 0)
			BL_TRY(bl_dec_add(printed, w->line.amount, &printed));
	}
	return p->parts > 0 ? of_which_lines(r, q, p, energy, first, end, printed) : BL_OK;
}

static BlStatus
rate_energy(BlRate *r, const BlCharge *q)
{
	BlScan	   *s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	BlDec		energy[BL_TARIFF_PERIODS_MAX];
	BlPrices   *now = r->b->prices[0],
			   *run = r->b->prices[1];
	int			first = -1;
	bool		holds;

	BL_TRY(bl_measure(r, s));
	if (q->of_which > 0 || q->price->kind == BL_PRICE_COMPONENTS)
		for (int i = 0; i < 2; i++)
		{
			int			parts = q->of_which > 0 ? q->of_which + 1 : q->price->n;

			r->b->prices[i]->part = bl_arena_get(r->arena, sizeof(BlDec) * (size_t) (parts * s->periods));
			if (r->b->prices[i]->part == NULL)
				return BL_NO_SPACE;
		}
	for (int piece = 0; piece < r->pieces; piece++)
	{
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (holds)
			BL_TRY(prices_of(r, q, s, piece, now));
		if (first >= 0 && (!holds || r->piece[piece].epoch != r->piece[piece - 1].epoch || !same_prices(now, run)))
		{
			BL_TRY(energy_lines(r, q, s, run, energy, first, piece));
			first = -1;
		}
		if (!holds)
		{
			if (piece > 0 && s->spread[piece - 1])
				BL_TRY(check_spread(r, q, s, piece));
			continue;
		}
		if (first < 0)
		{
			BlPrices   *swap = run;

			first = piece;
			run = now;
			now = swap;
			/* the piece before held another price or none */
			if (piece > 0)
				BL_TRY(check_spread(r, q, s, piece));
			for (int k = 0; k < run->n; k++)
				energy[k] = BL_ZERO;
		}
		BL_TRY(add_energy(q, s, piece, energy));
	}
	return first >= 0 ? energy_lines(r, q, s, run, energy, first, r->pieces) : BL_OK;
}

/* ---- energy at a price series --------------------------------------------------------- */

static BlStatus
series_price(BlRate *r, const BlCharge *q, const BlPriceSeries *series, int32_t at, int minutes, BlDec *price)
{
	const BlPrice *p = q->price;
	int64_t		i = bl_floor_div((int64_t) at - series->from, series->slot_minutes);
	char		text[24];

	bl_moment_text(at, text);
	if (i < 0 || i >= series->n || series->value[i].scale < 0)
	{
		bl_problem(r->problem, BL_NO_MARKET, "series \"%.*s\" has no price at %s", p->name.length, p->name.text, text);
		return BL_NO_MARKET;
	}
	if ((int64_t) at + minutes > series->from + (i + 1) * series->slot_minutes)
	{
		bl_problem(r->problem, BL_UNALIGNED, "a slot at %s reaches beyond its slot of series \"%.*s\"", text, p->name.length, p->name.text);
		return bl_problem_hint(r->problem, "Resample the profile to slots that divide those of the series.");
	}
	BL_TRY(bl_dec_mul(series->value[i], p->times, price));
	BL_TRY(bl_dec_add(*price, p->plus, price));
	if (p->has_floor && bl_dec_cmp(*price, p->floor) < 0)
		*price = p->floor;
	if (p->has_cap && bl_dec_cmp(*price, p->cap) > 0)
		*price = p->cap;
	return bl_dec_round(*price, &q->rounding.price, price);
}

static BlStatus
rate_series(BlRate *r, const BlCharge *q)
{
	BlScan	   *s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	const BlPriceSeries *series = bl_market_series(r->b->market, q->price->name);
	const BlRounding *rounding = q->rounding.line.set && !q->rounding.group.set ? &q->rounding.line : NULL;
	BlSlots		slots;
	bool		holds;
	int			first = -1;

	if (series == NULL)
	{
		bl_problem(r->problem, BL_NO_MARKET, "the market value has no series \"%.*s\"", q->price->name.length, q->price->name.text);
		return BL_NO_MARKET;
	}
	BL_TRY(bl_measure(r, s));
	BL_TRY(bl_slots_of(r, s, &slots));
	for (int piece = 0; piece <= r->pieces; piece++)
	{
		BlDec		sum = BL_ZERO,
					energy = BL_ZERO;
		BlWork	   *w;
		int			from,
					until;

		holds = false;
		if (piece < r->pieces)
			BL_TRY(bl_charge_holds(r, q, piece, &holds));
		/* a run goes on through pieces of one epoch: the series has its own prices */
		if (first >= 0 && holds && r->piece[piece].epoch == r->piece[first].epoch)
			continue;
		if (first >= 0)
		{
			from = (r->b->day[r->piece[first].first].start - slots.start) / slots.minutes;
			until = (r->b->day[r->piece[piece - 1].end].start - slots.start) / slots.minutes;
			for (int i = from; i < until; i++)
			{
				int32_t		at = slots.start + i * slots.minutes;
				BlDec		price,
							one;

				if (q->periods != 0)
				{
					int			k = bl_slot_period(r, q->schedule, at, slots.minutes);

					if (k < 0 || !wanted(q->periods, k))
						continue;
				}
				BL_TRY(series_price(r, q, series, at, slots.minutes, &price));
				BL_TRY(bl_dec_mul((BlDec) {slots.value[i], slots.scale}, price, &one));
				BL_TRY(bl_dec_add(sum, one, &sum));
			}
			for (int j = first; j < piece; j++)
				BL_TRY(add_energy(q, s, j, &energy));
			if ((w = bl_emit(r, q)) == NULL)
				return too_many_lines(r);
			w->line.period = line_period(r, q, 0);
			w->line.flags |= BL_LINE_MEASURED | (s->estimated ? BL_LINE_ESTIMATED : 0);
			w->line.quantity = energy;
			set_span(r, w, first, piece);
			if (r->b->keeps_exact)
			{
				BlRounding	fine = bl_round_places(BL_EXACT_SCALE, BL_HALF_UP);

				BL_TRY(bl_dec_mul_ratio(sum, bl_dec(1, 0), q->credit ? -1 : 1, 1, &fine, &w->exact));
			}
			BL_TRY(bl_dec_mul_ratio(sum, bl_dec(1, 0), q->credit ? -1 : 1, 1, rounding, &w->line.amount));
			first = -1;
		}
		if (holds)
			first = piece;
	}
	return BL_OK;
}

/* ---- months --------------------------------------------------------------------------- */

/* adds num / den, keeping the fraction small */
static void
add_fraction(int64_t *num, int64_t *den, int64_t n, int64_t d)
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

static BlStatus
months_of(BlRate *r, const BlCharge *q, int first, int end, int64_t *num, int64_t *den)
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
				add_fraction(num, den, next - day, bl_days_in_month(d.year, d.month));
			}
			break;
	}
	add_fraction(num, den, 0, 1);
	if (q->rounding.fraction.set)
	{
		BlDec		f;

		BL_TRY(bl_dec_mul_ratio(bl_dec(*num, 0), bl_dec(1, 0), 1, *den, &q->rounding.fraction, &f));
		*num = (int64_t) f.coefficient;
		*den = (int64_t) bl_pow10(f.scale);
	}
	return BL_OK;
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

/* ---- fixed and capacity ------------------------------------------------------------------ */

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
		add_fraction(num, den, 0, 1);
		return BL_OK;
	}
	if (q->proration != BL_PRORATE_CALENDAR)
	{
		BL_TRY(bl_months(r, q, first, end, num, den));
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
		add_fraction(num, den, next - day, bl_day_of(d.year + 1, 1, 1) - bl_day_of(d.year, 1, 1));
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
		add_fraction(num, den, 0, 1);
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
		BL_TRY(bl_term_decimal(r, q->quantity_term, piece, &m->times));
	return bl_price_rounded(r, q, q->price, piece, 0, &m->price);
}

static BlStatus
time_line(BlRate *r, const BlCharge *q, const Multiple *m, int first, int end)
{
	BlWork	   *w = bl_emit(r, q);
	int64_t		num,
				den;

	if (w == NULL)
		return too_many_lines(r);
	set_span(r, w, first, end);
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
static BlStatus
rate_time(BlRate *r, const BlCharge *q)
{
	Multiple	run = {BL_ZERO, BL_ZERO},
				now = {BL_ZERO, BL_ZERO};
	int			first = -1;
	bool		holds;

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
	return first >= 0 ? time_line(r, q, &run, first, r->pieces) : BL_OK;
}

/* ---- demand -------------------------------------------------------------------------------- */

/* the highest recorded demand of a part (of all, for the whole) and period */
BlStatus
bl_recorded(BlRate *r, int part, BlText period, bool *found, BlDec *kw)
{
	const BlPartRule *rule = &r->t->part[part];

	*found = false;
	for (int i = 0; i < r->usage->parts; i++)
	{
		const BlUsagePart *u = &r->usage->part[i];
		const uint8_t *next = u->demand_bytes;

		if (!rule->whole && !bl_text_equal(u->name, rule->name))
			continue;
		for (int k = 0; k < u->demands; k++)
		{
			BlRecordedDemand d;

			bl_usage_demand(u, &next, &d);
			if (!bl_text_equal(d.period, period) ||
				(d.has_moment && (d.moment < r->b->day[0].start || d.moment >= r->b->day[r->b->days].start)))
				continue;
			if (!*found || bl_dec_cmp(d.kw, *kw) > 0)
				*kw = d.kw;
			*found = true;
		}
	}
	return BL_OK;
}

/* energy of a window of minutes to kW: exact, else half-up at 10^-6 */
static BlStatus
power_of(BlInt128 value, int scale, int minutes, BlDec *kw)
{
	BlDec		kwh = {value, scale};

	while (kwh.scale < 0)
	{
		if (__builtin_mul_overflow(kwh.coefficient, (BlInt128) 10, &kwh.coefficient))
			return BL_OVERFLOW;
		kwh.scale++;
	}
	if (__builtin_mul_overflow(kwh.coefficient, (BlInt128) 60, &kwh.coefficient))
		return BL_OVERFLOW;
	BL_TRY(bl_dec_div(kwh, bl_dec(minutes, 0), BL_ENERGY_SCALE + 3, BL_HALF_UP, kw));
	/* a quotient that ends is exact; one that does not is cut at 10^-6 */
	if ((kw->coefficient * minutes) * bl_pow10(kwh.scale > kw->scale ? kwh.scale - kw->scale : 0) !=
		kwh.coefficient * bl_pow10(kw->scale > kwh.scale ? kw->scale - kwh.scale : 0))
		BL_TRY(bl_dec_div(kwh, bl_dec(minutes, 0), 6, BL_HALF_UP, kw));
	*kw = bl_dec_trim(*kw);
	return BL_OK;
}

static BlStatus
by_size(const BlInt128 *day_peak, const bool *has, int days, int n, BlInt128 *sum, int *used)
{
	bool		taken[BL_RATE_DAYS_MAX + 1];

	memset(taken, 0, sizeof taken);
	*sum = 0;
	for (*used = 0; *used < n; (*used)++)
	{
		int			best = -1;

		for (int d = 0; d < days; d++)
			if (has[d] && !taken[d] && (best < 0 || day_peak[d] > day_peak[best]))
				best = d;
		if (best < 0)
			break;
		taken[best] = true;
		*sum += day_peak[best];
	}
	return BL_OK;
}

/* the window that begins at slot i counts for the wanted periods only if all of it lies in them */
static bool
in_periods(const BlRate *r, const BlCharge *q, const BlSlots *slots, int i, int n, unsigned periods)
{
	for (int k = i; periods != 0 && k < i + n; k++)
	{
		int			p = bl_slot_period(r, q->schedule, slots->start + k * slots->minutes, slots->minutes);

		if (p < 0 || !(periods & 1u << p))
			return false;
	}
	return true;
}

/* peaks by windows of several slots, or the mean of several days */
static BlStatus
window_peak(BlRate *r, const BlCharge *q, const BlScan *s, unsigned periods, bool *found, BlDec *kw)
{
	BlSlots		slots;
	BlInt128   *day_peak = bl_arena_get(r->arena, sizeof *day_peak * (size_t) (r->b->days + 1));
	bool	   *has = bl_arena_get(r->arena, (size_t) r->b->days + 1);
	BlInt128	sum;
	int			window,
				day = 0,
				used;

	if (day_peak == NULL || has == NULL)
		return BL_NO_SPACE;
	BL_TRY(bl_slots_of(r, s, &slots));
	window = q->window_minutes ? q->window_minutes / slots.minutes : 1;
	if (window < 1 || (q->window_minutes && q->window_minutes % slots.minutes != 0))
	{
		bl_problem(r->problem, BL_UNALIGNED, "demand over %d minutes needs slots that divide them", q->window_minutes);
		bl_problem_detail(r->problem, "The profile has slots of %d minutes.", slots.minutes);
		return bl_problem_hint(r->problem, "Resample the profile.");
	}
	for (int i = 0; i < slots.n; i += q->sliding ? 1 : 0)
	{
		int32_t		at = slots.start + i * slots.minutes;
		BlInt128	one = 0;
		int			n = window;

		while (at >= r->b->day[day + 1].start)
			day++;
		if (!q->sliding)
		{
			/* blocks begin at midnight; the last of a day or of the span may be short */
			int			left = (r->b->day[day + 1].start - at) / slots.minutes;

			n = n < left ? n : left;
		}
		else if (i + n > slots.n)
			break;
		for (int k = 0; k < n; k++)
			one += slots.value[i + k];
		if (in_periods(r, q, &slots, i, n, periods) && (!has[day] || one > day_peak[day]))
		{
			has[day] = true;
			day_peak[day] = one;
		}
		if (!q->sliding)
			i += n;
	}
	BL_TRY(by_size(day_peak, has, r->b->days, q->mean_of > 1 ? q->mean_of : 1, &sum, &used));
	*found = used > 0;
	return *found ? power_of(sum, slots.scale, window * slots.minutes * used, kw) : BL_OK;
}

/* the measured kW of a charge, of the wanted periods (bits; 0: all) */
BlStatus
bl_measured_kw(BlRate *r, const BlCharge *q, unsigned periods, bool *found, BlDec *kw)
{
	BlScan	   *s = NULL;
	BlScan		whole = {.part = 1, .channel = BL_IMPORT, .schedule = BL_SCHEDULE_TOTAL, .periods = 1};
	int64_t		best = 0;

	*found = false;
	if (q >= r->t->charge && q < r->t->charge + r->t->charges)
		s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	if (s == NULL)
	{
		bool		any = false;

		for (int i = 0; i < r->usage->parts; i++)
			any = any || r->usage->part[i].profile[BL_IMPORT] != NULL;
		return any ? window_peak(r, q, &whole, 0, found, kw) : BL_OK;
	}
	BL_TRY(bl_measure(r, s));
	if (!s->found || s->peak_minutes == 0)
	{
		/* a profile that does not bill, or several parts: only slots could tell, and they may not be there */
		const BlPartRule *rule = &r->t->part[s->part];
		int			profiles = 0;

		for (int i = 0; i < r->usage->parts; i++)
			if (r->usage->part[i].profile[s->channel] != NULL && (rule->whole || bl_text_equal(r->usage->part[i].name, rule->name)))
				profiles++;
		return profiles > 0 ? window_peak(r, q, s, periods, found, kw) : BL_OK;
	}
	if ((q->window_minutes != 0 && q->window_minutes != s->peak_minutes) || q->mean_of > 1)
		return window_peak(r, q, s, periods, found, kw);
	for (int k = 0; k < (s->peaks == BL_PEAK_SPAN ? 1 : s->periods); k++)
		if (s->has_peak[k] && (s->peaks == BL_PEAK_SPAN || periods == 0 || (periods & 1u << k)) &&
			(!*found || s->peak[k] > best))
		{
			*found = true;
			best = s->peak[k];
		}
	return *found ? power_of(best, s->peak_scale, s->peak_minutes, kw) : BL_OK;
}

static BlStatus
max_of(BlDec a, BlDec *b)
{
	if (bl_dec_cmp(a, *b) > 0)
		*b = a;
	return BL_OK;
}

/* the three published readings of what is above (or below) the contract */
static BlStatus
overrun(const BlCharge *q, BlDec contract, BlDec *kw)
{
	BlDec		upper,
				lower,
				over;

	BL_TRY(bl_dec_mul(contract, bl_dec(105, 2), &upper));
	BL_TRY(bl_dec_mul(contract, bl_dec(95, 2), &lower));
	switch (q->overrun)
	{
		case BL_OVERRUN_NONE:
			return max_of(contract, kw);
		case BL_OVERRUN_CONTRACT_105:
			if (bl_dec_cmp(*kw, upper) <= 0)
			{
				*kw = contract;
				return BL_OK;
			}
			/* all up to 105 % once, the part above it twice */
			BL_TRY(bl_dec_sub(*kw, upper, &over));
			return bl_dec_add(*kw, over, kw);
		case BL_OVERRUN_CONTRACT_105_LITERAL:
			if (bl_dec_cmp(*kw, upper) <= 0)
			{
				*kw = contract;
				return BL_OK;
			}
			BL_TRY(bl_dec_sub(*kw, upper, &over));
			BL_TRY(bl_dec_add(over, over, &over));
			return bl_dec_add(contract, over, kw);
		case BL_OVERRUN_BAND_95_105:
			if (bl_dec_cmp(*kw, lower) < 0)
				*kw = lower;
			else if (bl_dec_cmp(*kw, upper) > 0)
			{
				BL_TRY(bl_dec_sub(*kw, contract, &over));
				BL_TRY(bl_dec_add(over, over, &over));
				return bl_dec_add(contract, over, kw);
			}
			return BL_OK;
	}
	return BL_CORRUPT;
}

static int32_t
month_of(int32_t day)
{
	BlDate		d = bl_date_of(day);

	return bl_day_of(d.year, d.month, 1);
}

/* the highest past demand within the look-back, before this month */
static void
past_demand(const BlRate *r, const BlCharge *q, BlText name, bool *found, BlDec *kw)
{
	BlDate		d = bl_date_of(r->b->from);
	int32_t		month = month_of(r->b->from);
	int32_t		since = bl_day_of(d.year, d.month - q->ratchet_months, 1);

	*found = false;
	for (int i = 0; i < r->closing.demands; i++)
	{
		const BlPastDemand *p = &r->closing.demand[i];

		if (!bl_text_equal(p->name, name) || p->first_day < since || p->first_day >= month)
			continue;
		if (!*found || bl_dec_cmp(p->kw, *kw) > 0)
			*kw = p->kw;
		*found = true;
	}
}

/* notes this month's measured demand and forgets what no look-back reaches */
static BlStatus
keep_demand(BlRate *r, const BlCharge *q, BlText name, BlDec kw)
{
	BlCarry    *c = &r->closing;
	BlDate		d = bl_date_of(r->b->from);
	int32_t		month = month_of(r->b->from);
	int32_t		since = bl_day_of(d.year, d.month - q->ratchet_months + 1, 1);
	BlPastDemand *list = bl_arena_get(r->arena, sizeof *list * (size_t) (c->demands + 1));
	int			n = 0;

	if (list == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < c->demands; i++)
	{
		BlPastDemand *p = &c->demand[i];

		if (bl_text_equal(p->name, name))
		{
			if (p->first_day == month)
			{
				max_of(p->kw, &kw);
				continue;
			}
			if (p->first_day < since)
				continue;
		}
		list[n++] = *p;
	}
	list[n++] = (BlPastDemand) {name, month, bl_dec_trim(kw)};
	c->demand = list;
	c->demands = n;
	return BL_OK;
}

/* billed kW of one piece */
static BlStatus
billed_kw(BlRate *r, const BlCharge *q, BlText name, BlDec measured, int piece, BlDec *kw)
{
	BlRounding	six = bl_round_places(6, BL_HALF_UP);
	const BlRounding *rounding = q->rounding.demand.set ? &q->rounding.demand : &six;
	BlDec		other;
	bool		found;

	*kw = measured;
	if (q->rounding.demand.set)
		BL_TRY(bl_dec_round(*kw, rounding, kw));
	if (q->ratchet_months > 0)
	{
		past_demand(r, q, name, &found, &other);
		if (found)
		{
			BL_TRY(bl_dec_mul_ratio(other, q->ratchet_share, 1, 1, rounding, &other));
			max_of(other, kw);
		}
	}
	if (q->contract_term >= 0)
	{
		BL_TRY(bl_term_decimal(r, q->contract_term, piece, &other));
		BL_TRY(overrun(q, other, kw));
	}
	if (q->has_floor)
	{
		other = q->floor_share;
		if (q->floor_term >= 0)
		{
			BL_TRY(bl_term_decimal(r, q->floor_term, piece, &other));
			BL_TRY(bl_dec_mul_ratio(other, q->floor_share, 1, 1, rounding, &other));
		}
		max_of(other, kw);
	}
	*kw = bl_dec_trim(*kw);
	return BL_OK;
}

static BlStatus
demand_price(BlRate *r, const BlCharge *q, int piece, int period, BlDec *price)
{
	bool		built = false,
				found;
	BlDec		kwh,
				need;

	BL_TRY(bl_price_at(r, q->price, piece, period, price, &built));
	if (q->discount_term >= 0)
	{
		BL_TRY(bl_measure_total(r, 0, &kwh, &found));
		BL_TRY(bl_term_decimal(r, q->discount_term, piece, &need));
		BL_TRY(bl_dec_mul(need, q->discount_at, &need));
		if (need.coefficient > 0 && bl_dec_cmp(kwh, need) >= 0)
		{
			BL_TRY(bl_dec_mul(*price, q->discount_times, price));
			built = true;
		}
	}
	if (built)
		BL_TRY(bl_dec_round(*price, &q->rounding.price, price));
	*price = bl_dec_trim(*price);
	return BL_OK;
}

static BlStatus
demand_line(BlRate *r, const BlCharge *q, BlDec kw, BlDec price, int period, int first, int end)
{
	BlScan	   *s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	BlWork	   *w = bl_emit(r, q);
	int64_t		num,
				den;

	if (w == NULL)
		return too_many_lines(r);
	set_span(r, w, first, end);
	if (period >= 0)
		w->line.period = r->t->schedule[q->schedule].name_index[period];
	if (s->done && s->estimated)
		w->line.flags |= BL_LINE_ESTIMATED;
	BL_TRY(bl_months(r, q, r->piece[first].first, r->piece[end - 1].end, &num, &den));
	return bl_amount(r, q, w, kw, price, num, den);
}

/* the demand of one period (-1: of the charge's periods together) */
static BlStatus
rate_demand_of(BlRate *r, const BlCharge *q, int period)
{
	BlText		name = {"", 0},
				count = q->code;	/* its name in the carry */
	unsigned	periods = period >= 0 ? 1u << period : q->periods;
	BlDec		measured,
				kw = BL_ZERO,
				price = BL_ZERO,
				run_kw = BL_ZERO,
				run_price = BL_ZERO;
	bool		found = false,
				holds,
				ever = false;
	int			first = -1;

	for (int piece = 0; piece < r->pieces && !ever; piece++)
		BL_TRY(bl_charge_holds(r, q, piece, &ever));
	if (!ever)
		return BL_OK;
	if (period >= 0 && q->ratchet_months > 0)
		count = bl_joined_name(r->arena, q->code, r->t->schedule[q->schedule].period[period]);
	/* a recorded demand of the period, or of several: the highest */
	for (int k = 0; k < 32 && periods != 0; k++)
		if (periods & 1u << k)
		{
			BlDec		one;
			bool		has;

			name = r->t->schedule[q->schedule].period[k];
			BL_TRY(bl_recorded(r, q->part, name, &has, &one));
			if (has && (!found || bl_dec_cmp(one, measured) > 0))
				measured = one;
			found = found || has;
		}
	if (periods == 0)
		BL_TRY(bl_recorded(r, q->part, name, &found, &measured));
	if (!found)
		BL_TRY(bl_measured_kw(r, q, periods, &found, &measured));
	if (!found)
	{
		bl_problem(r->problem, BL_NO_USAGE, "the usage has no demand for charge \"%.*s\"", q->code.length, q->code.text);
		return bl_problem_hint(r->problem, "Give an import profile, or the recorded demand.");
	}
	for (int piece = 0; piece < r->pieces; piece++)
	{
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (holds)
		{
			BL_TRY(billed_kw(r, q, count, measured, piece, &kw));
			BL_TRY(demand_price(r, q, piece, period < 0 ? 0 : period, &price));
		}
		if (first >= 0 && (!holds || r->piece[piece].epoch != r->piece[piece - 1].epoch ||
						   bl_dec_cmp(kw, run_kw) != 0 || bl_dec_cmp(price, run_price) != 0))
		{
			BL_TRY(demand_line(r, q, run_kw, run_price, period, first, piece));
			first = -1;
		}
		if (holds && first < 0)
		{
			first = piece;
			run_kw = kw;
			run_price = price;
		}
	}
	if (first >= 0)
		BL_TRY(demand_line(r, q, run_kw, run_price, period, first, r->pieces));
	return q->ratchet_months > 0 ? keep_demand(r, q, count, measured) : BL_OK;
}

static BlStatus
rate_demand(BlRate *r, const BlCharge *q)
{
	if (!q->each_period)
		return rate_demand_of(r, q, -1);
	for (int k = 0; k < r->t->schedule[q->schedule].periods; k++)
		BL_TRY(rate_demand_of(r, q, k));
	return BL_OK;
}

/* ---- the whole bill ---------------------------------------------------------------------- */

static BlStatus
rate_charge(BlRate *r, const BlCharge *q)
{
	switch (q->kind)
	{
		case BL_CHARGE_ENERGY:
			return q->series ? rate_series(r, q) : q->has_first ? bl_rate_first(r, q) : rate_energy(r, q);
		case BL_CHARGE_TIERS:
			return bl_rate_tiers(r, q);
		case BL_CHARGE_DEMAND:
			return rate_demand(r, q);
		case BL_CHARGE_CAPACITY:
		case BL_CHARGE_FIXED:
			return rate_time(r, q);
		case BL_CHARGE_PERCENT:
			return bl_rate_percent(r, q);
		case BL_CHARGE_POWER_FACTOR:
			return bl_rate_power_factor(r, q);
		case BL_CHARGE_MINIMUM:
		case BL_CHARGE_MAXIMUM:
			return bl_rate_bound(r, q);
	}
	return BL_CORRUPT;
}

/* a part of the usage that no charge looks at would be given away */
static BlStatus
check_parts(BlRate *r)
{
	for (int i = 0; i < r->usage->parts; i++)
	{
		const BlUsagePart *part = &r->usage->part[i];
		bool		billed = false;

		for (int k = 0; k < r->t->charges && !billed; k++)
		{
			const BlCharge *q = &r->t->charge[k];
			const BlPartRule *rule = &r->t->part[q->part];

			if (q->kind == BL_CHARGE_ENERGY || q->kind == BL_CHARGE_TIERS || q->kind == BL_CHARGE_DEMAND)
				billed = rule->whole || bl_text_equal(rule->name, part->name) ||
					(rule->of >= 0 && bl_text_equal(r->t->part[rule->of].name, part->name));
		}
		if (!billed)
		{
			bl_problem(r->problem, BL_NO_USAGE, "no charge of the tariff bills part \"%.*s\" of the usage", part->name.length, part->name.text);
			return bl_problem_hint(r->problem, "Add a charge with that \"part\", or one for the \"whole\".");
		}
	}
	return BL_OK;
}

static BlStatus
finish(BlRate *r, BlRated *rated)
{
	BlBound    *b = r->b;

	rated->lines = 0;
	rated->total = BL_ZERO;
	rated->estimated = false;
	for (int i = 0; i < r->works; i++)
	{
		const BlLine *line = &r->work[i].line;

		if (line->flags & BL_LINE_COUNTED)
			BL_TRY(bl_dec_add(rated->total, line->amount, &rated->total));
		if (line->flags & BL_LINE_ESTIMATED)
			rated->estimated = true;
		b->line[rated->lines++] = *line;
	}
	rated->line = b->line;
	rated->carry = r->closing;
	return BL_OK;
}

BlStatus
bl_rate(BlBound *b, const BlUsage *usage, BlJson *terms, const BlCarry *carry, BlArena *arena,
		BlRated *rated, BlProblem *problem)
{
	BlRate		r = {.b = b, .t = b->tariff, .usage = usage, .opening = carry, .arena = arena,
	.problem = problem, .work = b->work};
	BlDec		total;
	BlStatus	status;

	if (problem != NULL)
		problem->status = BL_OK;
	if (carry != NULL)
		r.closing = *carry;
	BL_TRY(open_terms(&r, terms));
	BL_TRY(make_pieces(&r));
	BL_TRY(make_cells(&r));
	BL_TRY(check_parts(&r));
	BL_TRY(bl_rate_tiers_prepare(&r));
	for (int i = 0; i < b->tariff->charges; i++)
	{
		const BlCharge *q = &b->tariff->charge[i];
		int			first = r.works;

		status = rate_charge(&r, q);
		if (status == BL_OK && q->rounding.group.set)
			status = bl_round_group(&r, q, first);
		if (status != BL_OK)
			return bl_rate_problem(&r, status, q);
	}
	BL_TRY(bl_round_total(&r, &total));
	return finish(&r, rated);
}

/* ---- bytes --------------------------------------------------------------------------------- */

size_t
bl_rated_bound(const BlBound *b, const BlRated *rated, size_t carry_size)
{
	return BL_CHARGES_HEADER + b->tariff->dictionary_size + (size_t) rated->lines * BL_LINE_SIZE_MAX + carry_size;
}

void
bl_rated_write(const BlBound *b, const BlRated *rated, const uint8_t *tariff_digest,
			   const uint8_t *market_digest, const uint8_t *carry, size_t carry_size, BlWriter *w)
{
	bl_write_u8(w, BL_CHARGES_VERSION);
	bl_write_u8(w, rated->estimated ? 1 : 0);
	bl_write_le16(w, (uint16_t) rated->lines);
	bl_write_le32(w, (uint32_t) b->from);
	bl_write_le32(w, (uint32_t) b->until);
	bl_write_bytes(w, b->tariff->currency.text, 3);
	bl_write_u8(w, 0);
	bl_write_bytes(w, tariff_digest, 32);
	bl_write_bytes(w, market_digest, 32);
	bl_write_le16(w, (uint16_t) b->tariff->dictionary_size);
	bl_write_le32(w, (uint32_t) carry_size);
	bl_write_bytes(w, b->tariff->dictionary, b->tariff->dictionary_size);
	for (int i = 0; i < rated->lines; i++)
		bl_line_write(w, &rated->line[i]);
	bl_write_bytes(w, carry, carry_size);
}

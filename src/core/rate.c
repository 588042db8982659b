/*
 * rate.c - a bill from its first piece to its bytes; see rate.h
 *
 * The span falls into pieces, the charges are rated in the order of the
 * tariff, and the total is the sum of the lines that count.
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

/* ---- pieces ---- */

/* marks the days on which a term changes its value */
static void
cut_terms(const BlRate *r, bool *cut)
{
	for (int i = 0; i < r->t->terms; i++)
	{
		const BlTermSteps *s = &r->term[i];

		for (int k = 1; k < s->n; k++)
			if (s->from[k] > r->b->from && s->from[k] < r->b->until && !bl_same_scalar(s->value[k], s->value[k - 1]))
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
	r->pieces = b->pieces;
	r->epochs = b->epochs;
	if (r->t->terms > 0 && terms_change(r))
	{
		memset(term_cut, 0, (size_t) b->days + 1);
		cut_terms(r, term_cut);
		r->piece = bl_arena_get(r->arena, sizeof *r->piece * BL_RATE_PIECES_MAX);
		if (r->piece == NULL)
			return BL_NO_SPACE;
	}
	else if (b->pieces > 0)
		return BL_OK;			/* as in the last bill */
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
		if ((r->piece != b->piece && term_cut[day]) || b->money_cut[day])
			epoch++;
		set_piece(r, &r->piece[n++], day, end, epoch);
		day = end;
	}
	r->pieces = n;
	r->epochs = epoch + 1;
	if (r->piece == b->piece)
	{
		b->pieces = r->pieces;
		b->epochs = r->epochs;
	}
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
	spread = bl_arena_get(r->arena, need * (size_t) r->pieces);
	if (cells == NULL || spread == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < b->scans + 3; i++)
	{
		BlScan	   *s = i < b->scans ? &b->scan[i] : &b->total[i - b->scans];

		s->done = s->found = s->estimated = false;
		s->peak_minutes = s->slots.minutes = 0;
		s->cell = cells;
		s->spread = spread;
		cells += s->periods * r->pieces;
		spread += s->periods * r->pieces;
	}
	return BL_OK;
}

/* ---- lines ---- */

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
	w->end = 0;
	w->cell = -1;
	w->num = w->den = 1;
	w->kept = NULL;
	w->narrow = false;
	return w;
}

BlStatus
bl_too_many_lines(BlRate *r)
{
	return bl_problem(r->problem, BL_LIMIT, "the bill has more than %d lines", BL_CHARGES_LINES_MAX);
}

/* quantity * price * num / den into a line; a credit turns its sign */
BlStatus
bl_amount(BlRate *r, const BlCharge *q, BlWork *w, BlDec quantity, BlDec price, int64_t num, int64_t den)
{
	w->line.price = price;
	w->line.flags |= BL_LINE_PRICED | BL_LINE_MEASURED;
	w->num = q->credit ? -num : num;
	w->den = den;
	return bl_reckon(r, q, w, quantity);
}

void
bl_set_span(BlRate *r, BlWork *w, int first_piece, int end_piece)
{
	w->piece = first_piece;
	w->epoch = r->piece[first_piece].epoch;
	if (first_piece == 0 && end_piece == r->pieces)
		return;
	w->line.flags |= BL_LINE_SPAN;
	w->line.from = r->b->from + r->piece[first_piece].first;
	w->line.until = r->b->from + r->piece[end_piece - 1].end;
}

/* the place of a period's name in its scan, for spread registers */
static int
cell_of(const BlRate *r, const BlScan *s, int period)
{
	if (s->periods == 1)
		return 0;
	for (int k = 0; k < s->periods && period != BL_NONE; k++)
		if (r->t->schedule[s->schedule].name_index[k] == period)
			return k;
	return -1;
}

BlStatus
bl_extend_line(BlRate *r, const BlCharge *q, const BlScan *s, BlOpen *open, int piece, int end,
			   int period, int component, int tier, BlDec price, BlDec energy)
{
	BlWork	   *w = open->line >= 0 ? &r->work[open->line] : NULL;

	if (w != NULL && w->end == piece && bl_dec_cmp(w->line.price, price) == 0)
	{
		w->end = end;
		return bl_dec_add(w->line.quantity, energy, &w->line.quantity);
	}
	w = bl_emit(r, q);
	if (w == NULL)
		return bl_too_many_lines(r);
	open->line = r->works - 1;
	w->piece = piece;
	w->end = end;
	w->cell = cell_of(r, s, period);
	w->line.period = period;
	w->line.component = component;
	w->line.tier = tier;
	w->line.price = price;
	w->line.quantity = energy;
	return BL_OK;
}

BlStatus
bl_close_line(BlRate *r, const BlCharge *q, const BlScan *s, BlWork *w)
{
	if (r->pieces > 1)
		BL_TRY(bl_check_line_spread(r, q, s, w));
	if (s->estimated)
		w->line.flags |= BL_LINE_ESTIMATED;
	bl_set_span(r, w, w->piece, w->end);
	return bl_amount(r, q, w, w->line.quantity, w->line.price, 1, 1);
}

void
bl_keep_lines(BlRate *r, const BlCharge *q, int first)
{
	BlBound    *b = r->b;
	BlKept	   *kept = &b->kept[q - r->t->charge];
	const BlRounding *rounding = bl_line_rounding(q);
	bool		all = true;		/* have bytes */
	int			lines = r->works - first;

	if (!kept->constant || r->piece != b->piece || lines > BL_KEPT_LINES_MAX - b->kept_works)
		return;
	for (int i = 0; i < lines; i++)
	{
		BlWork	   *w = &b->kept_work[b->kept_works + i];
		uint8_t    *bytes = b->kept_bytes + (size_t) (b->kept_works + i) * BL_LINE_SIZE_MAX;

		*w = r->work[first + i];
		w->line.flags &= ~BL_LINE_ESTIMATED;
		w->kept = w;
		w->narrow = false;
		w->bytes = bytes;
		all = bl_line_prepare(bytes, &w->line) && all;
	}
	kept->known = true;
	kept->places = !all || b->keeps_exact || rounding == NULL || rounding->mode != BL_HALF_UP || rounding->step.coefficient != 1 ||
		q->credit ? -1 : rounding->step.scale;
	kept->lines = lines;
	kept->line = b->kept_work + b->kept_works;
	b->kept_works += lines;
}

/* ---- the whole bill ---- */

static BlStatus
rate_charge(BlRate *r, const BlCharge *q)
{
	bool		holds = false;

	switch (q->kind)
	{
		case BL_CHARGE_ENERGY:
			/* one that does not hold looks at no meter */
			for (int i = 0; i < r->pieces && !holds; i++)
				BL_TRY(bl_charge_holds(r, q, i, &holds));
			if (!holds)
				return BL_OK;
			return q->series ? bl_rate_series(r, q) : q->has_first ? bl_rate_first(r, q) : bl_rate_energy(r, q);
		case BL_CHARGE_TIERS:
			return bl_rate_tiers(r, q);
		case BL_CHARGE_DEMAND:
			return bl_rate_demand(r, q);
		case BL_CHARGE_CAPACITY:
		case BL_CHARGE_FIXED:
			return bl_rate_time(r, q);
		case BL_CHARGE_PERCENT:
			return bl_rate_percent(r, q);
		case BL_CHARGE_POWER_FACTOR:
			return bl_rate_power_factor(r, q);
		case BL_CHARGE_MINIMUM:
		case BL_CHARGE_MAXIMUM:
			return q->per == BL_PER_YEAR ? bl_rate_year_bound(r, q) : bl_rate_bound(r, q);
		case BL_CHARGE_USE:
			return bl_rate_use(r, q);
		case BL_CHARGE_PAY_OUT:
			return bl_rate_pay_out(r, q);
	}
	return BL_CORRUPT;
}

static bool
is_billed(const BlTariff *t, BlText part)
{
	for (int i = 0; i < t->charges; i++)
	{
		const BlCharge *q = &t->charge[i];
		const BlPartRule *rule = &t->part[q->part];

		if ((q->kind == BL_CHARGE_ENERGY || q->kind == BL_CHARGE_TIERS || q->kind == BL_CHARGE_DEMAND) &&
			(rule->whole || bl_text_equal(rule->name, part)))
			return true;
	}
	return false;
}

/* a part of the usage, or a share of one, that no charge looks at would be given away */
static BlStatus
check_parts(BlRate *r)
{
	for (int i = 0; i < r->t->parts; i++)
		if (r->t->part[i].of >= 0 && !is_billed(r->t, r->t->part[i].name))
		{
			bl_problem(r->problem, BL_NO_USAGE, "no charge of the tariff bills its part \"%.*s\"",
					   r->t->part[i].name.length, r->t->part[i].name.text);
			return bl_problem_hint(r->problem, "Add a charge with that \"part\", or one for the \"whole\".");
		}
	for (int i = 0; i < r->usage->parts; i++)
	{
		const BlUsagePart *part = &r->usage->part[i];

		if ((part->profiles > 0 || part->registers > 0 || part->demands > 0) && !is_billed(r->t, part->name))
		{
			bl_problem(r->problem, BL_NO_USAGE, "no charge of the tariff bills part \"%.*s\" of the usage", part->name.length, part->name.text);
			return bl_problem_hint(r->problem, "Add a charge with that \"part\", or one for the \"whole\".");
		}
	}
	return BL_OK;
}

/* the sum of the lines that count */
static BlStatus
total_of(const BlRate *r, BlDec *total)
{
	BlInt128	sum = 0;
	int			scale = -1;

	*total = BL_ZERO;
	for (int i = 0; i < r->works; i++)
	{
		const BlLine *line = &r->work[i].line;

		if (!(line->flags & BL_LINE_COUNTED))
			continue;
		if ((!r->work[i].narrow && (int64_t) line->amount.coefficient != line->amount.coefficient) ||
			(scale >= 0 && line->amount.scale != scale))
			goto any;
		sum += (int64_t) line->amount.coefficient;
		scale = line->amount.scale;
	}
	if (scale >= 0)
		*total = (BlDec) {sum, scale};
	return BL_OK;

any:
	for (int i = 0; i < r->works; i++)
		if (r->work[i].line.flags & BL_LINE_COUNTED)
			BL_TRY(bl_dec_add(*total, r->work[i].line.amount, total));
	return BL_OK;
}

/* energy taken that was not measured at all is a gap, not a zero */
static BlStatus
check_metered(BlRate *r, const BlCharge *q)
{
	const BlScan *s;

	if (q->channel != BL_IMPORT || (q->kind != BL_CHARGE_ENERGY && q->kind != BL_CHARGE_TIERS) || r->t->missing_zero)
		return BL_OK;
	s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	if (s->found)
		return BL_OK;
	bl_problem(r->problem, BL_NO_USAGE, "the usage has no import of part \"%.*s\" for charge \"%.*s\"",
			   r->t->part[q->part].name.length, r->t->part[q->part].name.text, q->code.length, q->code.text);
	return bl_problem_hint(r->problem, "Give its profile or registers; where nothing was taken, a register of 0 kWh says so.");
}

static BlStatus
finish(BlRate *r, BlRated *rated)
{
	int			flags = 0;

	rated->lines = r->works;
	for (int i = 0; i < r->works; i++)
		flags |= r->work[i].line.flags;
	rated->estimated = flags & BL_LINE_ESTIMATED;
	rated->carry = r->closing;
	rated->plain = r->opening == NULL;
	rated->bytes = NULL;
	rated->size = 0;
	return total_of(r, &rated->total);
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
	BL_TRY(bl_open_terms(&r, terms));
	BL_TRY(make_pieces(&r));
	if (carry == NULL && bl_replay(&r, rated))
		return BL_OK;
	if (problem != NULL)
		problem->status = BL_OK;
	BL_TRY(make_cells(&r));
	BL_TRY(check_parts(&r));
	BL_TRY(bl_open_banks(&r));
	BL_TRY(bl_rate_tiers_prepare(&r));
	for (int i = 0; i < b->tariff->charges; i++)
	{
		const BlCharge *q = &b->tariff->charge[i];
		bool		takes_part;
		int			first = r.works;

		bl_arena_poll(arena);
		status = bl_takes_part(&r, q, &takes_part);
		if (status == BL_OK && takes_part)
			status = rate_charge(&r, q);
		if (status == BL_OK && r.works > first)
			status = check_metered(&r, q);
		if (status == BL_OK && q->rounding.group.set)
			status = bl_round_group(&r, q, first);
		if (status == BL_OK && q->bank > 0)
			status = bl_deposit_lines(&r, q, first);
		if (status != BL_OK)
			return bl_rate_problem(&r, status, q);
	}
	bl_close_banks(&r);
	BL_TRY(bl_close_years(&r));
	BL_TRY(bl_round_total(&r, &total));
	return finish(&r, rated);
}

/* ---- reasons ---- */

void
bl_bound_explain(BlBound *b)
{
	b->keeps_exact = true;
	/* lines kept so far have none */
	for (int i = 0; i < b->tariff->charges; i++)
		b->kept[i].known = false;
	b->kept_works = 0;
}

void
bl_rated_reason(const BlBound *b, int line, BlReason *reason)
{
	const BlWork *w = &b->work[line];

	reason->charge = w->line.charge == BL_NONE ? NULL : &b->tariff->charge[w->line.charge];
	reason->exact = reason->charge == NULL ? w->line.amount : w->exact;
	reason->num = w->num;
	reason->den = w->den;
	reason->bound = w->line.price;
	reason->base = w->line.quantity;
	reason->from = w->line.flags & BL_LINE_SPAN ? w->line.from : b->from;
	reason->until = w->line.flags & BL_LINE_SPAN ? w->line.until : b->until;
}

/* ---- bytes ---- */

size_t
bl_rated_bound(const BlBound *b, const BlRated *rated, size_t carry_size)
{
	if (rated->bytes != NULL)
		return rated->size;
	return BL_CHARGES_HEADER + b->tariff->dictionary_size + (size_t) rated->lines * BL_LINE_SIZE_MAX + carry_size;
}

void
bl_rated_write(const BlBound *b, const BlRated *rated, const uint8_t *tariff_digest,
			   const uint8_t *market_digest, const uint8_t *carry, size_t carry_size, BlWriter *w)
{
	BlCharges	header = {
		.flags = rated->estimated ? BL_CHARGES_ESTIMATED : 0, .lines = rated->lines, .from = b->from, .until = b->until,
		.tariff_digest = tariff_digest, .market_digest = market_digest,
		.dictionary_size = b->tariff->dictionary_size, .carry_size = carry_size
	};

	size_t		start = w->used;

	if (rated->bytes != NULL)
	{
		bl_write_bytes(w, rated->bytes, rated->size);
		return;
	}
	memcpy(header.currency, b->tariff->currency.text, 3);
	bl_charges_write_header(w, &header);
	bl_write_bytes(w, b->tariff->dictionary, b->tariff->dictionary_size);
	for (int i = 0; i < rated->lines; i++)
		if (b->work[i].narrow && w->used <= w->size && w->size - w->used >= BL_LINE_SIZE_MAX)
			w->used += bl_line_put(w->bytes + w->used, b->work[i].bytes, &b->work[i].line);
		else
			bl_line_write(w, &b->work[i].line);
	bl_write_bytes(w, carry, carry_size);
	if (carry_size == 0 && w->used <= w->size)
		bl_note_replay(b, rated, w->bytes + start, w->used - start);
}

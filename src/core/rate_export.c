/*
 * rate_export.c - import and export set off against each other, and what is kept of it
 *
 * What is netted by slot or hour goes slot after slot through both profiles;
 * what is netted over the month works on the sums of the periods.  A bank
 * lives in the closing carry from the start of a rating on: its entries are
 * checked, worn off and moved once, then drawn from, oldest first, and fed.
 */
#include "rate_slots.h"
#include "rate_work.h"

/* ---- both channels ---------------------------------------------------------------- */

/* the import or export that a netted scan is made of */
static BlScan *
plain_scan(BlRate *r, const BlScan *s, BlChannel channel)
{
	for (int i = 0; i < r->b->scans; i++)
	{
		BlScan	   *o = &r->b->scan[i];

		if (o->part == s->part && o->channel == channel && o->schedule == s->schedule && o->net == BL_NET_NONE)
			return o;
	}
	return NULL;
}

static BlStatus
unaligned(BlRate *r, const char *what, const char *hint)
{
	bl_problem(r->problem, BL_UNALIGNED, "%s", what);
	return bl_problem_hint(r->problem, "%s", hint);
}

/* adds times * the slots of a channel to those of the net, several to one where it is netted by the hour */
static BlStatus
add_slots(BlRate *r, const BlSlots *from, int times, BlSlots *net, int64_t *value)
{
	int			together = net->minutes / from->minutes;
	BlInt128	factor = bl_pow10(net->scale - from->scale) * times;

	for (int i = 0; i < net->n; i++)
	{
		BlInt128	sum = 0;

		if (i % 4096 == 0)
			bl_arena_poll(r->arena);
		for (int k = 0; k < together; k++)
			sum += from->value[i * together + k];
		if (__builtin_mul_overflow(sum, factor, &sum) || __builtin_add_overflow(sum, (BlInt128) value[i], &sum) ||
			sum > INT64_MAX || sum < INT64_MIN)
			return BL_OVERFLOW;
		value[i] = (int64_t) sum;
	}
	return BL_OK;
}

/* the net scan of the other channel, where nobody has made its slots yet */
static BlScan *
other_side(BlRate *r, const BlScan *s)
{
	for (int i = 0; i < r->b->scans; i++)
	{
		BlScan	   *o = &r->b->scan[i];

		if (o->part == s->part && o->net == s->net && o->channel != s->channel &&
			(o->channel == BL_IMPORT || o->channel == BL_EXPORT) && o->slots.minutes == 0)
			return o;
	}
	return NULL;
}

/* the slots of a netted scan, and of the other channel's, by plain differences; *done false: they do not do */
static BlStatus
net_alike(BlRate *r, BlScan *s, const int64_t *import, const int64_t *export, bool *done)
{
	BlScan	   *other = other_side(r, s);
	int64_t    *left[2] = {bl_arena_room(r->arena, sizeof **left * (size_t) (s->slots.n + 1)), NULL};

	if (other != NULL)
		left[1] = bl_arena_room(r->arena, sizeof **left * (size_t) (s->slots.n + 1));
	if (left[0] == NULL || (other != NULL && left[1] == NULL))
		return BL_NO_SPACE;
	if (s->channel == BL_IMPORT)
		*done = bl_slots_net(import, export, s->slots.n, left, bl_days_wide_here());
	else
		*done = bl_slots_net(export, import, s->slots.n, left, bl_days_wide_here());
	if (!*done)
		return BL_OK;
	s->slots.value = left[0];
	s->slots.small = true;
	if (other != NULL)
	{
		other->slots = s->slots;
		other->slots.value = left[1];
	}
	return BL_OK;
}

/* what is left of the scan's channel in each slot or hour */
static BlStatus
net_slots(BlRate *r, BlScan *s, BlScan *import, BlScan *export)
{
	BlScan	   *both[2] = {import, export};
	BlSlots		slots[2],
			   *net = &s->slots;
	const int64_t *all[2] = {NULL, NULL};
	int64_t    *value;
	bool		alike = s->net == BL_NET_SLOT;
	int			sign = s->channel == BL_IMPORT ? 1 : -1,
				minutes = 0,
				span = r->b->day[r->b->days].start - r->b->day[0].start;

	/* in another schedule it is the same */
	for (int i = 0; i < r->b->scans; i++)
		if (r->b->scan[i].part == s->part && r->b->scan[i].channel == s->channel && r->b->scan[i].net == s->net &&
			r->b->scan[i].slots.minutes != 0)
		{
			*net = r->b->scan[i].slots;
			return BL_OK;
		}
	net->scale = 0;
	for (int i = 0; i < 2; i++)
	{
		if (!both[i]->found)
			continue;
		if (r->t->part[s->part].whole && r->usage->parts > 1)
		{
			bl_problem(r->problem, BL_NO_USAGE, "several parts together cannot be netted by slot or hour");
			return bl_problem_hint(r->problem, "Net each part by itself, or add their profiles.");
		}
		BL_TRY(bl_billed_slots(r, both[i], &slots[i]));
		if (minutes != 0 && minutes != slots[i].minutes && s->net == BL_NET_SLOT)
			return unaligned(r, "import and export have slots of different length", "Resample one of them, or net by the hour.");
		if (s->net == BL_NET_HOUR && 60 % slots[i].minutes != 0)
			return unaligned(r, "netting by the hour needs slots that divide the hour", "Resample the profile.");
		alike = alike && (minutes == 0 || slots[i].scale == net->scale);
		all[i] = slots[i].value;
		minutes = slots[i].minutes;
		net->scale = slots[i].scale > net->scale ? slots[i].scale : net->scale;
	}
	minutes = s->net == BL_NET_HOUR ? 60 : minutes;
	if (span % minutes != 0)
		return unaligned(r, "the billed span is no whole number of hours", "Net by the slot, or bill another span.");
	net->n = span / minutes;
	net->minutes = minutes;
	net->start = r->b->day[0].start;
	if (alike)
		BL_TRY(net_alike(r, s, all[0], all[1], &alike));
	if (alike)
		return BL_OK;
	net->small = false;
	net->value = value = bl_arena_get(r->arena, sizeof *value * (size_t) (net->n + 1));
	if (value == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < 2; i++)
		if (both[i]->found)
			BL_TRY(add_slots(r, &slots[i], i == 0 ? sign : -sign, net, value));
	for (int i = 0; i < net->n; i++)
		value[i] = value[i] > 0 ? value[i] : 0;
	return BL_OK;
}

static void
add_run(BlScan *s, int cell, int period, int from, int to, BlInt128 *sums)
{
	int			peak = s->peaks == BL_PEAK_SPAN ? 0 : period;
	const int64_t *value = s->slots.value + from;
	int			n = to - from;
	int64_t		best[4] = {0};
	uint64_t	sum = 0,
				seen = 0;

	if (s->slots.small)
		for (int i = 0; i < n; i++)
			sum += (uint64_t) value[i];
	else
		for (int i = 0; i < n; i++)
		{
			sum += (uint64_t) value[i];
			seen |= (uint64_t) value[i];
		}
	/* none is negative, and a run has at most 1440 */
	if (seen >> 52 == 0)
		sums[cell] += sum;
	else
		for (int i = 0; i < n; i++)
			sums[cell] += value[i];
	if (s->peaks != BL_PEAK_NONE && from < to)
	{
		/* four chains of comparisons, none of which waits for another */
		for (; n >= 4; n -= 4, value += 4)
			for (int k = 0; k < 4; k++)
				best[k] = value[k] > best[k] ? value[k] : best[k];
		while (n-- > 0)
			best[0] = value[n] > best[0] ? value[n] : best[0];
		if (!s->has_peak[peak])
			s->peak[peak] = 0;
		s->has_peak[peak] = true;
		for (int k = 0; k < 4; k++)
			s->peak[peak] = best[k] > s->peak[peak] ? best[k] : s->peak[peak];
	}
}

/* the slots of one day into the sums of its piece */
static BlStatus
add_day(BlRate *r, BlScan *s, int day, int piece, BlInt128 *sums)
{
	const BlDay *d = &r->b->day[day];
	const BlDayMap *map = s->schedule < 0 || d->map[s->schedule] == NULL ? &bl_whole_day : d->map[s->schedule];
	int			m = s->slots.minutes,
				start = d->start - s->slots.start;

	if (d->minutes == BL_MINUTES_PER_DAY)
	{
		for (int i = 0; i < map->runs; i++)
		{
			int			from = start + map->run[i].from,
						to = start + map->run[i].to;

			if (from % m != 0 || to % m != 0)
				return unaligned(r, "a slot or hour reaches across a change of period", "Net by slots that divide the tariff's periods.");
			add_run(s, piece * s->periods + map->run[i].period, map->run[i].period, from / m, to / m, sums);
		}
		return BL_OK;
	}
	if (start % m != 0 || (start + d->minutes) % m != 0)
		return unaligned(r, "a slot or hour reaches across a midnight of the tariff's zone", "Net by slots that divide the day there.");
	for (int i = start / m; i < (start + d->minutes) / m; i++)
	{
		int			period = s->periods == 1 ? 0 : bl_slot_period(r, s->schedule, s->slots.start + i * m, m);

		if (period < 0)
			return unaligned(r, "a slot or hour reaches across a change of period", "Net by slots that divide the tariff's periods.");
		add_run(s, piece * s->periods + period, period, i, i + 1, sums);
	}
	return BL_OK;
}

/* the sums of a total, where the same net is known by period; quantities that are rounded share theirs anew */
static bool
add_periods(BlRate *r, BlScan *s)
{
	for (int i = 0; i < r->b->scans && s->schedule < 0 && !r->t->rounding.quantity.set; i++)
	{
		const BlScan *o = &r->b->scan[i];

		if (o->schedule < 0 || !o->done || o->slots.minutes == 0 || o->part != s->part || o->channel != s->channel || o->net != s->net)
			continue;
		for (int k = 0; k < r->pieces; k++)
		{
			s->cell[k] = (BlDec) {0, s->slots.scale};
			for (int p = 0; p < o->periods; p++)
				s->cell[k].coefficient += o->cell[k * o->periods + p].coefficient;
		}
		/* its peaks were looked for where the total's are wanted */
		for (int p = 0; p < o->periods && o->peaks != BL_PEAK_NONE; p++)
			if (o->has_peak[p] && (!s->has_peak[0] || o->peak[p] > s->peak[0]))
			{
				s->has_peak[0] = true;
				s->peak[0] = o->peak[p];
			}
		return true;
	}
	return false;
}

static BlStatus
net_by_slot(BlRate *r, BlScan *s, BlScan *import, BlScan *export)
{
	int			n = r->pieces * s->periods;
	BlInt128   *sums;

	BL_TRY(net_slots(r, s, import, export));
	memset(s->has_peak, 0, sizeof s->has_peak);
	s->peak_scale = s->slots.scale;
	s->peak_minutes = s->slots.minutes;
	if (add_periods(r, s))
		return BL_OK;
	sums = bl_arena_get(r->arena, sizeof *sums * (size_t) n);
	if (sums == NULL)
		return BL_NO_SPACE;
	for (int piece = 0; piece < r->pieces; piece++)
		for (int day = r->piece[piece].first; day < r->piece[piece].end; day++)
			BL_TRY(add_day(r, s, day, piece, sums));
	for (int i = 0; i < n; i++)
		s->cell[i] = (BlDec) {sums[i], s->slots.scale};
	if (r->t->rounding.quantity.set)
		return bl_share(r->arena, s->cell, n, &r->t->rounding.quantity);
	return BL_OK;
}

/* ---- banks ------------------------------------------------------------------------------ */

static const BlBankRule *
rule_of(const BlRate *r, const BlBank *entry)
{
	for (int i = 0; i < r->t->banks; i++)
		if (bl_text_equal(r->t->bank[i].name, entry->name))
			return &r->t->bank[i];
	return NULL;
}

static int32_t
months_later(int32_t day, int months)
{
	BlDate		d = bl_date_of(day);
	int			month = d.month - 1 + months;
	int			last = bl_days_in_month(d.year + month / 12, month % 12 + 1);

	return bl_day_of(d.year + month / 12, month % 12 + 1, d.day < last ? d.day : last);
}

/* may an entry of the opening carry lie in this bank? */
static BlStatus
check_entry(BlRate *r, const BlBankRule *rule, const BlBank *entry)
{
	const char *what = NULL,
			   *hint = "The carry comes from the bill before, of the same tariff.";
	const BlSchedule *s = rule->charge > 0 ? &r->t->schedule[r->t->charge[rule->charge - 1].schedule] : NULL;
	bool		known = entry->period.length == 0 && (rule->money || s == NULL || (s->periods == 1 && s->period[0].length == 0));

	for (int i = 0; !rule->money && s != NULL && i < s->periods; i++)
		known = known || bl_text_equal(s->period[i], entry->period);
	if (entry->amount.coefficient < 0)
		what = "holds less than nothing";
	else if (entry->first_day >= r->b->until)
		what = "has an entry of a later day than the bill";
	else if (!known)
		what = rule->money ? "is of money, but has an entry of a period" : "has an entry of a period that the tariff does not have";
	if (what == NULL)
		return BL_OK;
	bl_problem(r->problem, BL_BAD_CARRY, "the carry's bank \"%.*s\" %s", rule->name.length, rule->name.text, what);
	if (!known && entry->period.length > 0)
		bl_problem_detail(r->problem, "The entry's period is \"%.*s\".", entry->period.length, entry->period.text);
	return bl_problem_hint(r->problem, "%s", hint);
}

/* puts an amount into a bank; without an expiry there is one entry for each period */
static BlStatus
put(BlRate *r, const BlBankRule *rule, BlText period, int32_t day, BlDec amount)
{
	BlCarry    *c = &r->closing;

	if (amount.coefficient == 0)
		return BL_OK;
	for (int i = 0; i < c->banks; i++)
	{
		BlBank	   *b = &c->bank[i];

		if (!bl_text_equal(b->name, rule->name) || !bl_text_equal(b->period, period) ||
			(rule->months > 0 && b->first_day != day))
			continue;
		/* of what was there and is gone, the day says nothing */
		b->first_day = day > b->first_day || b->amount.coefficient == 0 ? day : b->first_day;
		return bl_dec_add(b->amount, amount, &b->amount);
	}
	c->bank[c->banks++] = (BlBank) {rule->name, period, day, amount};
	return BL_OK;
}

/* what lies in a period (of money: in all) */
static BlStatus
balance(const BlRate *r, const BlBankRule *rule, const BlText *period, BlDec *sum)
{
	*sum = BL_ZERO;
	for (int i = 0; i < r->closing.banks; i++)
	{
		const BlBank *b = &r->closing.bank[i];

		if (bl_text_equal(b->name, rule->name) && (period == NULL || bl_text_equal(b->period, *period)))
			BL_TRY(bl_dec_add(*sum, b->amount, sum));
	}
	return BL_OK;
}

/* takes an amount that is there, oldest first */
static BlStatus
draw(BlRate *r, const BlBankRule *rule, const BlText *period, BlDec amount)
{
	while (amount.coefficient > 0)
	{
		BlBank	   *oldest = NULL;

		for (int i = 0; i < r->closing.banks; i++)
		{
			BlBank	   *b = &r->closing.bank[i];

			if (bl_text_equal(b->name, rule->name) && (period == NULL || bl_text_equal(b->period, *period)) &&
				b->amount.coefficient > 0 && (oldest == NULL || b->first_day < oldest->first_day))
				oldest = b;
		}
		if (oldest == NULL)
			return BL_CORRUPT;
		if (bl_dec_cmp(oldest->amount, amount) >= 0)
			return bl_dec_sub(oldest->amount, amount, &oldest->amount);
		BL_TRY(bl_dec_sub(amount, oldest->amount, &amount));
		oldest->amount = BL_ZERO;
	}
	return BL_OK;
}

/* where an entry goes in this bill: the first move of its period, or none */
static const BlBankMove *
move_of(const BlRate *r, const BlBankRule *rule, const BlBank *b)
{
	unsigned	month = 1u << r->b->day[0].month;

	for (int k = 0; k < rule->moves && bl_text_equal(b->name, rule->name); k++)
		if ((rule->move[k].months & month) && bl_text_equal(b->period, rule->move[k].from))
			return &rule->move[k];
	return NULL;
}

/* all move at once: what comes into a period does not go on from there, so that two may change places */
static BlStatus
move_banks(BlRate *r, const BlBankRule *rule)
{
	int			n = rule->moves > 0 ? r->closing.banks : 0;
	BlBank	   *moved;

	if (n == 0)
		return BL_OK;
	moved = bl_arena_get(r->arena, sizeof *moved * (size_t) n);
	if (moved == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < n; i++)
	{
		BlBank	   *b = &r->closing.bank[i];

		moved[i] = *b;
		if (b->amount.coefficient != 0 && move_of(r, rule, b) != NULL)
			b->amount = BL_ZERO;
		else
			moved[i].amount = BL_ZERO;
	}
	for (int i = 0; i < n; i++)
	{
		const BlBankMove *move = moved[i].amount.coefficient != 0 ? move_of(r, rule, &moved[i]) : NULL;

		if (move != NULL && move->to.length > 0)
			BL_TRY(put(r, rule, move->to, moved[i].first_day, moved[i].amount));
	}
	return BL_OK;
}

/* the tariff's banks as they are when the bill begins; all other entries stay untouched */
BlStatus
bl_open_banks(BlRate *r)
{
	BlCarry    *c = &r->closing;
	BlBank	   *opening = c->bank;
	int			n = c->banks,
				room = n;

	if (r->t->banks == 0)
		return BL_OK;
	/* what can be put in: an entry for each period, and one for each entry that moves */
	for (int i = 0; i < r->t->banks; i++)
		room += BL_TARIFF_PERIODS_MAX + n * r->t->bank[i].moves;
	c->bank = bl_arena_get(r->arena, sizeof *c->bank * (size_t) (room + 1));
	r->deposit = bl_arena_get(r->arena, sizeof *r->deposit * (size_t) r->t->banks);
	if (c->bank == NULL || r->deposit == NULL)
		return BL_NO_SPACE;
	c->banks = 0;
	for (int i = 0; i < n; i++)
	{
		const BlBankRule *rule = rule_of(r, &opening[i]);

		if (rule == NULL)
		{
			c->bank[c->banks++] = opening[i];
			continue;
		}
		BL_TRY(check_entry(r, rule, &opening[i]));
		if (rule->months == 0 || months_later(opening[i].first_day, rule->months) > r->b->from)
			BL_TRY(put(r, rule, opening[i].period, opening[i].first_day, opening[i].amount));
	}
	for (int i = 0; i < r->t->banks; i++)
		BL_TRY(move_banks(r, &r->t->bank[i]));
	return BL_OK;
}

/* nothing is kept of an empty entry */
void
bl_close_banks(BlRate *r)
{
	int			n = 0;

	if (r->t->banks == 0)
		return;
	for (int i = 0; i < r->closing.banks; i++)
	{
		BlBank		b = r->closing.bank[i];

		b.amount = bl_dec_trim(b.amount);
		if (b.amount.coefficient != 0 || rule_of(r, &b) == NULL)
			r->closing.bank[n++] = b;
	}
	r->closing.banks = n;
}

/* ---- netted over the month -------------------------------------------------------------------- */

/* what is left of a period's import after what the bank has, or what is left over into it */
static BlStatus
through_bank(BlRate *r, const BlScan *s, int period, BlDec *left)
{
	const BlBankRule *rule = &r->t->bank[s->bank - 1];
	const BlText *name = &r->t->schedule[s->schedule].period[period];
	BlDec		kept;

	if (left->coefficient < 0)
		return put(r, rule, *name, r->b->from, (BlDec) {-left->coefficient, left->scale});
	BL_TRY(balance(r, rule, name, &kept));
	if (bl_dec_cmp(kept, *left) > 0)
		kept = *left;
	BL_TRY(draw(r, rule, name, kept));
	return bl_dec_sub(*left, kept, left);
}

/* the net of a period over its pieces, as the channel's own energy lies in them */
static BlStatus
over_pieces(BlRate *r, BlScan *s, const BlScan *own, int period, BlDec net)
{
	BlInt128	weight[BL_RATE_PIECES_MAX],
				sum = 0;
	BlDec		part[BL_RATE_PIECES_MAX];
	int			scale = 0;
	bool		by_days = false;

	for (int i = 0; i < r->pieces; i++)
		s->cell[i * s->periods + period] = BL_ZERO;
	if (net.coefficient <= 0)
		return BL_OK;
	if (r->pieces == 1)
	{
		s->cell[period] = net;
		return BL_OK;
	}
	for (int i = 0; i < r->pieces; i++)
	{
		BlDec		c = own->cell[i * s->periods + period];

		scale = c.scale > scale ? c.scale : scale;
		by_days |= c.coefficient < 0;
	}
	for (int i = 0; i < r->pieces; i++)
	{
		BlDec		c = own->cell[i * s->periods + period];

		weight[i] = c.coefficient;
		for (int k = c.scale; k < scale; k++)
			if (__builtin_mul_overflow(weight[i], (BlInt128) 10, &weight[i]))
				return BL_OVERFLOW;
		sum += weight[i];
	}
	for (int i = 0; i < r->pieces && (by_days || sum == 0); i++)
		weight[i] = r->piece[i].end - r->piece[i].first;
	BL_TRY(bl_split(net, r->t->rounding.quantity.set ? r->t->rounding.quantity.step : bl_dec(1, 6), weight, r->pieces, part));
	for (int i = 0; i < r->pieces; i++)
		s->cell[i * s->periods + period] = part[i];
	return BL_OK;
}

static BlStatus
net_by_month(BlRate *r, BlScan *s, const BlScan *import, const BlScan *export)
{
	const BlScan *own = s->channel == BL_IMPORT ? import : export;

	for (int p = 0; p < s->periods; p++)
	{
		BlDec		net = BL_ZERO;

		for (int i = 0; i < r->pieces; i++)
		{
			BL_TRY(bl_dec_add(net, import->cell[i * s->periods + p], &net));
			BL_TRY(bl_dec_sub(net, export->cell[i * s->periods + p], &net));
			s->spread[i * s->periods + p] = import->spread[i * s->periods + p] || export->spread[i * s->periods + p];
		}
		if (s->bank > 0)
			BL_TRY(through_bank(r, s, p, &net));
		if (s->channel == BL_EXPORT)
			net.coefficient = -net.coefficient;
		BL_TRY(over_pieces(r, s, own, p, net));
	}
	return BL_OK;
}

/*
 * Does a charge take part in the bill?  One on energy that holds on no day is
 * left out whole: it looks at no meter, and what it would set off, and keep,
 * is another's.
 */
BlStatus
bl_takes_part(BlRate *r, const BlCharge *q, bool *takes_part)
{
	*takes_part = q->kind != BL_CHARGE_ENERGY && q->kind != BL_CHARGE_TIERS;
	for (int i = 0; i < r->pieces && !*takes_part; i++)
		BL_TRY(bl_charge_holds(r, q, i, takes_part));
	return BL_OK;
}

BlStatus
bl_measure_net(BlRate *r, BlScan *s)
{
	BlScan	   *import = plain_scan(r, s, BL_IMPORT);
	BlScan	   *export = plain_scan(r, s, BL_EXPORT);

	if (import == NULL || export == NULL)
		return BL_CORRUPT;
	BL_TRY(bl_measure(r, import));
	BL_TRY(bl_measure(r, export));
	if (export->found && !import->found && !r->t->missing_zero)
	{
		bl_problem(r->problem, BL_NO_USAGE, "the usage has no import of part \"%.*s\" to net its export with",
				   r->t->part[s->part].name.length, r->t->part[s->part].name.text);
		return bl_problem_hint(r->problem, "Give its profile or registers, of 0 kWh where nothing was taken.");
	}
	s->done = true;
	s->found = import->found || export->found;
	s->estimated = import->estimated || export->estimated;
	if (s->net == BL_NET_MONTH)
		return net_by_month(r, s, import, export);
	if (s->found)
		return net_by_slot(r, s, import, export);
	for (int i = 0; i < r->pieces * s->periods; i++)
		s->cell[i] = BL_ZERO;
	return BL_OK;
}

/* ---- money ------------------------------------------------------------------------------------------ */

BlStatus
bl_deposit_lines(BlRate *r, const BlCharge *q, int first)
{
	const BlBankRule *rule = &r->t->bank[q->bank - 1];
	BlDec		sum = BL_ZERO;

	if (!rule->money)
		return BL_OK;
	for (int i = first; i < r->works; i++)
		if (r->work[i].line.flags & BL_LINE_COUNTED)
			BL_TRY(bl_dec_sub(sum, r->work[i].line.amount, &sum));
	/* what the customer owes (prices can be below zero) is no deposit: it stays on the bill */
	if (sum.coefficient < 0)
		return BL_OK;
	for (int i = first; i < r->works; i++)
		r->work[i].line.flags &= ~(BL_LINE_COUNTED | BL_LINE_OF_WHICH);
	if (sum.coefficient == 0)
		return BL_OK;
	BL_TRY(bl_dec_add(r->deposit[q->bank - 1], sum, &r->deposit[q->bank - 1]));
	return put(r, rule, (BlText) {"", 0}, r->b->from, sum);
}

/* the last piece in which a charge holds, or -1 */
static BlStatus
last_piece(BlRate *r, const BlCharge *q, int *last)
{
	bool		holds;

	*last = -1;
	for (int i = 0; i < r->pieces; i++)
	{
		BL_TRY(bl_charge_holds(r, q, i, &holds));
		if (holds)
			*last = i;
	}
	return BL_OK;
}

/* kept money against the lines before, as far as they go */
BlStatus
bl_rate_use(BlRate *r, const BlCharge *q)
{
	const BlBankRule *rule = &r->t->bank[q->from_bank - 1];
	BlRounding	down = q->rounding.line;
	BlDec		base = BL_ZERO,
				kept,
				one;
	BlWork	   *w;
	int			last;

	BL_TRY(last_piece(r, q, &last));
	for (int i = 0; i < r->pieces; i++)
	{
		bool		holds;

		BL_TRY(bl_charge_holds(r, q, i, &holds));
		if (!holds)
			continue;
		BL_TRY(bl_base_of(r, &q->of, false, i, i + 1, &one));
		BL_TRY(bl_dec_add(base, one, &base));
	}
	BL_TRY(balance(r, rule, NULL, &kept));
	if (rule->next)
		BL_TRY(bl_dec_sub(kept, r->deposit[q->from_bank - 1], &kept));
	if (bl_dec_cmp(kept, base) > 0)
		kept = base;
	down.mode = BL_DOWN;
	BL_TRY(bl_dec_round(kept, &down, &kept));
	if (last < 0 || kept.coefficient <= 0)
		return BL_OK;
	if ((w = bl_emit(r, q)) == NULL)
		return bl_too_many_lines(r);
	w->piece = last;
	BL_TRY(bl_amount(r, q, w, (BlDec) {-kept.coefficient, kept.scale}, bl_dec(1, 0), 1, 1));
	w->line.flags &= ~(BL_LINE_MEASURED | BL_LINE_PRICED);
	return draw(r, rule, NULL, kept);
}

/* the month of the true-up; 0: every span */
static BlStatus
true_up_month(BlRate *r, const BlCharge *q, int piece, int *month)
{
	BlDec		value;

	*month = q->true_up;
	if (q->true_up_term < 0)
		return BL_OK;
	BL_TRY(bl_term_decimal(r, q->true_up_term, piece, &value));
	for (*month = 1; *month <= 12; ++*month)
		if (bl_dec_cmp(value, bl_dec(*month, 0)) == 0)
			return BL_OK;
	bl_problem(r->problem, BL_NO_TERM, "term \"%.*s\" is not a month",
			   r->t->term[q->true_up_term].name.length, r->t->term[q->true_up_term].name.text);
	return bl_problem_hint(r->problem, "Give 1 for January to 12 for December.");
}

/* does the last day of the month lie in the span? */
static bool
ends_in_span(const BlRate *r, int month)
{
	for (int i = 0; i < r->b->days; i++)
		if (r->b->day[i].month == month && bl_date_of(r->b->from + i + 1).day == 1)
			return true;
	return false;
}

/* a line for what is kept, of one period of the schedule (-1: of all together) */
static BlStatus
pay_out_of(BlRate *r, const BlCharge *q, int piece, int period)
{
	const BlBankRule *rule = &r->t->bank[q->from_bank - 1];
	const BlSchedule *s = &r->t->schedule[q->schedule];
	const BlText *name = period < 0 ? NULL : &s->period[period];
	BlDec		kept,
				price = bl_dec(1, 0);
	BlWork	   *w;

	BL_TRY(balance(r, rule, name, &kept));
	if (kept.coefficient == 0)
		return BL_OK;
	if (q->price != NULL)
		BL_TRY(bl_price_rounded(r, q, q->price, piece, period < 0 ? 0 : period, &price));
	if ((w = bl_emit(r, q)) == NULL)
		return bl_too_many_lines(r);
	w->piece = piece;
	if (period >= 0)
		w->line.period = s->name_index[period];
	BL_TRY(bl_amount(r, q, w, bl_dec_trim(kept), price, 1, 1));
	if (q->price == NULL)
		w->line.flags &= ~(BL_LINE_MEASURED | BL_LINE_PRICED);
	return draw(r, rule, name, kept);
}

BlStatus
bl_rate_pay_out(BlRate *r, const BlCharge *q)
{
	int			last,
				month;

	BL_TRY(last_piece(r, q, &last));
	if (last < 0)
		return BL_OK;
	BL_TRY(true_up_month(r, q, last, &month));
	if (month != 0 && !ends_in_span(r, month))
		return BL_OK;
	if (!q->by_period)
		return pay_out_of(r, q, last, -1);
	for (int k = 0; k < r->t->schedule[q->schedule].periods; k++)
		BL_TRY(pay_out_of(r, q, last, k));
	return BL_OK;
}

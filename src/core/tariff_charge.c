/*
 * tariff_charge.c - the charges of a tariff document, by kind
 */
#include "tariff_parse.h"

static const char *const unit_names[] = {"kW", "kVA", "hp", NULL};
static const BlChargeUnit units[] = {BL_UNIT_KW, BL_UNIT_KVA, BL_UNIT_HP};

BlPer
bl_compile_per(BlCompile *c, BlJson *node)
{
	static const char *const names[] = {"day", "month", "year", "season", "period", NULL};

	return (BlPer) bl_compile_choice(c, node, names, "a span");
}

bool
bl_compile_credit(BlCompile *c, BlJson *node)
{
	static const char *const names[] = {"charge", "credit", NULL};

	return bl_compile_choice(c, node, names, "a sign") == 1;
}

static void
selection(BlCompile *c, BlJson *node, BlSelection *s)
{
	BlJson	   *of = bl_json_member(node, "of");
	BlJson	   *except = bl_json_member(node, "except");

	s->all = of == NULL;
	for (int side = 0; side < 2; side++)
	{
		BlJson	   *list = side ? except : of;
		BlText	   *names;
		int			n = 0;

		if (list == NULL || !bl_compile_is(c, list, BL_JSON_ARRAY, "a selection"))
			continue;
		if (list->count > BL_TARIFF_LIST_MAX)
		{
			bl_compile_error(c, list, "At most 64; a tag can stand for many charges.", "too many names in a selection");
			continue;
		}
		names = bl_compile_get(c, sizeof *names * (size_t) (list->count + 1));
		for (BlJson *e = list->first; e && !c->stop; e = e->next)
		{
			BlText		name = bl_compile_name(c, e, "a charge, tag or component");
			bool		known = bl_compile_find_component(c, name) >= 0;

			for (int i = 0; i < c->t->components; i++)
				for (int k = 0; k < c->t->component[i].tags.n; k++)
					known = known || bl_text_equal(c->t->component[i].tags.tag[k], name);
			for (int i = 0; i < c->t->charges; i++)
			{
				BlCharge   *q = &c->t->charge[i];

				known = known || bl_text_equal(q->code, name);
				for (int k = 0; k < q->tags.n; k++)
					known = known || bl_text_equal(q->tags.tag[k], name);
			}
			if (!known)
				bl_compile_error(c, e, "Name the code or a tag of an earlier charge, or a component.",
								 "nothing before this charge is called \"%.*s\"", name.length, name.text);
			names[n++] = name;
		}
		if (side)
			s->except = names, s->except_count = n;
		else
			s->of = names, s->of_count = n;
	}
}

unsigned
bl_compile_periods(BlCompile *c, BlJson *list, const BlSchedule *s)
{
	unsigned	bits = 0;

	if (!bl_compile_is(c, list, BL_JSON_ARRAY, "periods"))
		return 0;
	for (BlJson *e = list->first; e; e = e->next)
	{
		BlText		name = bl_compile_name(c, e, "a period");
		int			i;

		for (i = s->periods - 1; i >= 0 && !bl_text_equal(s->period[i], name); i--)
			;
		if (i < 0)
			bl_compile_error(c, e, "Name periods of the charge's schedule.", "period \"%.*s\" is not known", name.length, name.text);
		else
			bits |= 1u << i;
	}
	if (bits == 0)
		bl_compile_error(c, list, NULL, "an empty list of periods");
	return bits;
}

/* the proration of monthly charges */
static void
proration(BlCompile *c, BlJson *node, BlCharge *q)
{
	static const char *const proration_names[] = {"calendar", "thirty", "period", "year", "daily", NULL};
	BlJson	   *m;

	/* the days that are added up have their time in them */
	if (q->sum_of_days)
		q->proration = BL_PRORATE_PERIOD;
	if ((m = bl_json_member(node, "proration")) != NULL)
	{
		q->proration = (BlProration) bl_compile_choice(c, m, proration_names, "a proration");
		if (q->sum_of_days)
			bl_compile_error(c, m, "Take it out: the price is one per kW and day.", "the proration of a sum of days");
		if (q->proration == BL_PRORATE_DAILY && q->kind != BL_CHARGE_DEMAND && q->kind != BL_CHARGE_CAPACITY)
			bl_compile_error(c, m, "Say so by \"fixed\": \"day\" or \"per\": \"day\".", "daily prices are those of demand and capacity");
	}
	q->year_days = bl_dec(365, 0);
	if ((m = bl_json_member(node, "year_days")) != NULL)
	{
		q->year_days = bl_compile_decimal(c, m, 4, "days of a year");
		if (bl_dec_cmp(q->year_days, bl_dec(360, 0)) < 0 || bl_dec_cmp(q->year_days, bl_dec(366, 0)) > 0)
		{
			bl_compile_error(c, m, NULL, "a year has 360 to 366 days");
			q->year_days = bl_dec(365, 0);
		}
	}
}

static void
fixed(BlCompile *c, BlJson *node, BlJson *what, BlCharge *q)
{
	BlJson	   *m;

	q->kind = BL_CHARGE_FIXED;
	q->per = bl_compile_per(c, what);
	if (q->per == BL_PER_SEASON)
		bl_compile_error(c, what, "Use day, month, year or period.", "fixed charges do not go by season");
	q->unit = q->per == BL_PER_DAY ? BL_UNIT_DAY : q->per == BL_PER_MONTH ? BL_UNIT_MONTH :
		q->per == BL_PER_YEAR ? BL_UNIT_YEAR : BL_UNIT_COUNT_OF;
	if ((m = bl_json_member(node, "times")) != NULL)
		q->quantity_term = bl_compile_quantity_term(c, m);
	proration(c, node, q);
}

static void
power_factor(BlCompile *c, BlJson *node, BlJson *p, BlCharge *q)
{
	BlJson	   *m,
			   *standard;

	q->kind = BL_CHARGE_POWER_FACTOR;
	q->unit = BL_UNIT_PERCENT;
	q->places = 2;
	if (!bl_compile_is(c, p, BL_JSON_OBJECT, "power_factor"))
		return;
	if ((m = bl_json_member(p, "places")) != NULL)
		q->places = bl_compile_int(c, m, 1, 4, "places");
	if ((m = bl_json_member(p, "mode")) != NULL)
		q->factor_mode = bl_compile_mode(c, m);
	selection(c, node, &q->of);
	standard = bl_json_member(p, "standard");
	m = bl_json_member(p, "required");
	if ((standard == NULL) == (m == NULL))
		bl_compile_error(c, p, "Write {\"standard\": \"0.90\"} or {\"required\": \"0.93\"}.", "a power factor needs a standard or a required value");
	else if (m != NULL)
	{
		q->ratio_form = true;
		q->required = bl_compile_decimal(c, m, 4, "the required power factor");
		if (q->required.coefficient <= 0 || bl_dec_cmp(q->required, bl_dec(1, 0)) > 0)
			bl_compile_error(c, m, NULL, "the required power factor lies between 0 and 1");
		if ((q->has_most = (m = bl_json_member(p, "at_most")) != NULL))
			q->most = bl_compile_quantity(c, m, BL_RATIO_SCALE, "a cap");
	}
	else if (q->places != 2)
		bl_compile_error(c, p, "The tables go by 0.01.", "a table of power factors needs 2 places");
	else if (standard->type == BL_JSON_OBJECT)
	{
		standard->seen = true;
		if ((m = bl_json_member(standard, "term")) == NULL)
			bl_compile_error(c, standard, "Write {\"term\": \"pf_standard\"}.", "a standard by contract needs a term");
		else
			q->standard_term = bl_compile_term(c, m);
	}
	else
	{
		BlText		name = bl_compile_name(c, standard, "a table");

		for (q->standard = c->t->tables - 1; q->standard >= 0; q->standard--)
		{
			BlText		known = c->t->table[q->standard].name;
			BlDec		a,
						b;

			/* "0.9" is the table "0.90" */
			if (bl_text_equal(known, name) ||
				(bl_dec_parse(known.text, (size_t) known.length, 4, &a) == BL_OK &&
				 bl_dec_parse(name.text, (size_t) name.length, 4, &b) == BL_OK && bl_dec_cmp(a, b) == 0))
				break;
		}
		if (q->standard < 0)
		{
			bl_compile_error(c, standard, "Use a name of power_factor_tables (by default \"0.90\", \"0.85\", \"0.80\").",
							 "table \"%.*s\" is not known", name.length, name.text);
			q->standard = 0;
		}
	}
}

/* a part's index, entered on first use */
int
bl_compile_part(BlCompile *c, BlText name, const BlJson *at)
{
	BlTariff   *t = c->t;

	for (int i = 0; i < t->parts; i++)
		if (bl_text_equal(t->part[i].name, name))
			return i;
	if (t->parts == BL_TARIFF_PARTS_MAX)
	{
		bl_compile_error(c, at, "At most 14 besides main and whole.", "too many parts");
		return 0;
	}
	t->part[t->parts].name = name;
	t->part[t->parts].of = -1;
	return t->parts++;
}

/* an absolute price that says what it is made of */
static void
of_which(BlCompile *c, BlJson *node, BlJson *list, BlCharge *q)
{
	BlJson	   *rest = bl_json_member(node, "rest");

	if (!bl_compile_is(c, list, BL_JSON_OBJECT, "of_which"))
		return;
	if (list->count > BL_TARIFF_COMPONENTS_MAX)
	{
		bl_compile_refuse(c, list, "At most 64.", "too many components");
		return;
	}
	q->of_which_component = bl_compile_get(c, sizeof(int) * (size_t) (list->count + 1));
	q->of_which_price = bl_compile_get(c, sizeof(BlPrice *) * (size_t) (list->count + 1));
	for (BlJson *e = list->first; e; e = e->next)
	{
		BlText		name = {e->key, (int) e->key_length};
		int			k = bl_compile_find_component(c, name);

		e->seen = true;
		if (k < 0)
			bl_compile_error(c, e, "Declare it in components.", "component \"%.*s\" is not known",
							 bl_json_cut(name.text, (size_t) name.length, 63), name.text);
		q->of_which_component[q->of_which] = k < 0 ? 0 : k;
		q->of_which_price[q->of_which++] = bl_compile_plain_price(c, e, q->schedule);
	}
	q->rest_component = BL_NONE;
	if (rest == NULL)
		bl_compile_error(c, node, "Add \"rest\": the component that the remainder belongs to.", "of_which without rest");
	else
	{
		BlText		name = bl_compile_name(c, rest, "a component");
		int			k = bl_compile_find_component(c, name);

		if (k < 0)
			bl_compile_error(c, rest, "Declare it in components.", "component \"%.*s\" is not known", name.length, name.text);
		else
			q->rest_component = k;
	}
}

static void
energy(BlCompile *c, BlJson *node, BlCharge *q)
{
	static const char *const line_names[] = {"period", "component", NULL};
	BlJson	   *m;

	q->kind = BL_CHARGE_ENERGY;
	q->unit = BL_UNIT_KWH;
	if ((m = bl_json_member(node, "lines")) != NULL)
		q->by_component = bl_compile_choice(c, m, line_names, "a kind of lines") == 1;
	if ((m = bl_json_member(node, "sign")) != NULL)
		q->credit = bl_compile_credit(c, m);
	if ((m = bl_json_member(node, "periods")) != NULL)
		q->periods = bl_compile_periods(c, m, &c->t->schedule[q->schedule]);
	if ((m = bl_json_member(node, "of_which")) != NULL)
		of_which(c, node, m, q);
	if ((m = bl_json_member(node, "first")) != NULL && bl_compile_is(c, m, BL_JSON_OBJECT, "first"))
	{
		BlJson	   *kwh = bl_json_member(m, "kwh");
		BlJson	   *per = bl_json_member(m, "per");

		if (kwh == NULL || per == NULL)
			bl_compile_error(c, m, "Write {\"kwh\": \"15\", \"per\": \"month\"}.", "first needs kwh and per");
		else
		{
			q->has_first = true;
			q->first_kwh = bl_compile_quantity(c, kwh, BL_ENERGY_SCALE, "kWh");
			q->per = bl_compile_per(c, per);
			if (q->per != BL_PER_MONTH && q->per != BL_PER_DAY && q->per != BL_PER_PERIOD)
				bl_compile_error(c, per, "Use day, month or period.", "the first kWh count per day, month or period");
		}
	}
	q->by_period = bl_price_by_period(c, q->price, 0);
	for (int i = 0; i < q->of_which; i++)
		q->by_period = q->by_period || bl_price_by_period(c, q->of_which_price[i], 0);
	q->series = bl_price_has(q->price, BL_PRICE_SERIES, 0);
	if (q->series && (q->of_which || q->has_first || q->by_component))
		bl_compile_error(c, node, "Give components, and the first kWh, charges of their own.", "a price by series with components, or of the first kWh");
	if (q->by_component && !bl_price_has(q->price, BL_PRICE_COMPONENTS, 0) && q->of_which == 0)
		bl_compile_error(c, node, "Give it components or of_which.", "lines by component of a price without components");
	if (q->by_component && q->of_which == 0 && q->price != NULL && q->price->kind != BL_PRICE_COMPONENTS)
		bl_compile_error(c, node, "Let components (with their versions and seasons inside) be the whole price.",
						 "lines by component of a price with components deeper inside");
	if (q->of_which > 0 && q->price != NULL && q->price->kind == BL_PRICE_COMPONENTS)
		bl_compile_error(c, node, "A price built from components says by itself what it is made of.", "of_which on a built price");
}

/* what a bound by the year counts, and what is due of it for a part of one */
static void
year_bound(BlCompile *c, BlJson *node, BlJson *what, BlCharge *q)
{
	static const char *const names[] = {"calendar", "thirty", "none", NULL};
	BlJson	   *m;
	int			choice;

	if ((m = bl_json_member(node, "proration")) != NULL)
	{
		choice = bl_compile_choice(c, m, names, "a proration of a year");
		q->proration = choice == 1 ? BL_PRORATE_THIRTY : BL_PRORATE_CALENDAR;
		q->undivided = choice == 2;
	}
	if ((m = bl_json_member(node, "counter")) != NULL)
		q->counter = bl_compile_name(c, m, "a counter");
	for (int i = 0; i < c->t->banks; i++)
		if (bl_text_equal(c->t->bank[i].name, q->counter))
			bl_compile_error(c, what, "Give it another \"counter\".", "the count \"%.*s\" has the name of a bank", q->counter.length, q->counter.text);
	if (bl_text_equal(q->counter, bl_text_of("rounding")))
		bl_compile_error(c, what, "Give it another \"counter\".", "\"rounding\" is the bank of what rounding of the total leaves");
	for (int i = 0; i < c->t->charges; i++)
		if (bl_is_year_bound(&c->t->charge[i]) && bl_text_equal(c->t->charge[i].counter, q->counter))
			bl_compile_error(c, what, "Give each its own \"counter\".", "two bounds by the year count in \"%.*s\"", q->counter.length, q->counter.text);
	q->service_term = bl_compile_term_named(c, bl_text_of("service_until"), what);
}

/* is one of the values that are written in a price so low? */
static bool
goes_down_to(const BlCompile *c, const BlPrice *p, BlDec least, int depth)
{
	bool		low = p != NULL && p->kind == BL_PRICE_VALUE && bl_dec_cmp(p->value, least) <= 0;

	if (p == NULL || depth > BL_JSON_DEPTH)
		return false;
	for (int i = 0; p->kind == BL_PRICE_COMPONENTS && p->n == 1 && i < p->n; i++)
		low = low || goes_down_to(c, c->t->component[p->component[i]].price, least, depth + 1);
	for (int i = 0; (p->kind == BL_PRICE_VERSIONS || p->kind == BL_PRICE_BY_SEASON) && i < p->n; i++)
		low = low || goes_down_to(c, p->item[i], least, depth + 1);
	return low;
}

static const char *const kind_fields[] = {"steps", "demand", "capacity", "fixed", "percent", "power_factor", "minimum", "maximum",
	"use", "pay_out"};

static void
charge_kind(BlCompile *c, BlJson *node, BlCharge *q)
{
	BlJson	   *what[10],
			   *m;
	int			kind = -1;

	for (int i = 0; i < 10; i++)
	{
		what[i] = bl_json_member(node, kind_fields[i]);
		if (what[i] == NULL)
			continue;
		if (kind >= 0 && i != 1)
			bl_compile_error(c, what[i], "A charge measures one thing: split it in two.", "both %s and %s", kind_fields[kind], kind_fields[i]);
		kind = i;
	}
	m = bl_json_member(node, "price");
	if (m != NULL)
		q->price = bl_compile_price(c, m, q->schedule);
	if (m == NULL && (kind < 0 || (kind >= 1 && kind <= 3)) && !(kind == 1 && what[0] != NULL))
		bl_compile_error(c, node, "Add \"price\".", "charge \"%.*s\" has no price", q->code.length, q->code.text);
	if (m != NULL && (kind == 0 || (kind > 3 && kind < 9) || (kind == 1 && what[0] != NULL)))
		bl_compile_error(c, m, "Put the price into the steps, or take it away.", "a price beside %s", kind_fields[kind]);
	if (m != NULL && kind > 0 && (bl_price_has(q->price, BL_PRICE_SERIES, 0) ||
								  (!q->each_period && kind != 1 && kind != 9 && bl_price_by_period(c, q->price, 0))))
		bl_compile_error(c, m, "Only energy, tiers, demand by period and what a bank pays out can have it.", "a price by period or series for a charge without periods");
	switch (kind)
	{
		case 0:
			bl_compile_tiers(c, node, what[0], q);
			break;
		case 1:
			bl_compile_demand(c, node, what[1], q);
			proration(c, node, q);
			if (what[0] != NULL)
				bl_compile_demand_steps(c, what[0], q);
			break;
		case 2:
			q->kind = BL_CHARGE_CAPACITY;
			q->unit = BL_UNIT_KVA;
			q->quantity_term = bl_compile_quantity_term(c, what[2]);
			if ((m = bl_json_member(node, "unit")) != NULL)
				q->unit = units[bl_compile_choice(c, m, unit_names, "a unit of capacity")];
			proration(c, node, q);
			break;
		case 3:
			fixed(c, node, what[3], q);
			break;
		case 4:
			q->kind = BL_CHARGE_PERCENT;
			q->unit = BL_UNIT_PERCENT;
			q->price = bl_compile_price(c, what[4], 0);
			selection(c, node, &q->of);
			if ((m = bl_json_member(node, "included")) != NULL)
				q->included = bl_compile_bool(c, m);
			if (q->included && goes_down_to(c, q->price, bl_dec(-100, 0), 0))
				bl_compile_error(c, what[4], "A tax inside an amount is a share of it.", "an included percentage of -100 or less");
			if ((m = bl_json_member(node, "on")) != NULL)
			{
				static const char *const on_names[] = {"rounded", "exact", NULL};

				q->exact = bl_compile_choice(c, m, on_names, "a kind of amounts") == 1;
			}
			if (bl_price_by_period(c, q->price, 0) || bl_price_has(q->price, BL_PRICE_SERIES, 0))
				bl_compile_error(c, what[4], NULL, "a percentage by period");
			break;
		case 5:
			power_factor(c, node, what[5], q);
			break;
		case 6:
		case 7:
			q->kind = kind == 6 ? BL_CHARGE_MINIMUM : BL_CHARGE_MAXIMUM;
			q->price = bl_compile_price(c, what[kind], 0);
			q->per = BL_PER_PERIOD;
			if ((m = bl_json_member(node, "per")) != NULL)
				q->per = bl_compile_per(c, m);
			if (q->per == BL_PER_SEASON)
				bl_compile_error(c, m, "Use day, month, year or period.", "a bound by that span");
			if (bl_price_by_period(c, q->price, 0) || bl_price_has(q->price, BL_PRICE_SERIES, 0))
				bl_compile_error(c, what[kind], NULL, "a bound by period");
			selection(c, node, &q->of);
			if (q->per == BL_PER_YEAR)
				year_bound(c, node, what[kind], q);
			else
				proration(c, node, q);
			break;
		case 8:
			bl_compile_use(c, what[8], q);
			selection(c, node, &q->of);
			break;
		case 9:
			bl_compile_pay_out(c, node, what[9], q);
			break;
		default:
			energy(c, node, q);
	}
}

void
bl_compile_charge(BlCompile *c, BlJson *node, BlCharge *q)
{
	BlJson	   *m;

	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "a charge"))
		return;
	q->at = node;
	for (int i = 0; i <= 12; i++)
		q->own_share[i] = (BlDec) {0, -1};
	q->limit_charge = -1;
	q->limit_term = q->service_term = q->contract_term = q->floor_term = -1;
	q->discount_term = q->quantity_term = q->standard = q->standard_term = q->true_up_term = -1;
	q->rest_component = BL_NONE;
	q->rounding = c->t->rounding;
	if ((m = bl_json_member(node, "code")) == NULL)
		bl_compile_error(c, node, "Add \"code\".", "a charge without a code");
	else
		q->code = bl_compile_name(c, m, "a charge");
	for (int i = 0; i < c->t->charges; i++)
		if (bl_text_equal(c->t->charge[i].code, q->code))
			bl_compile_error(c, m, "Codes are unique in a tariff.", "code \"%.*s\" stands twice", q->code.length, q->code.text);
	if (bl_text_equal(q->code, bl_text_of("rounding")))
		bl_compile_error(c, m, "Choose another code.", "\"rounding\" is the line that rounding of the total makes");
	q->counter = q->code;
	if ((m = bl_json_member(node, "name")) != NULL)
		bl_compile_names(c, m);
	if ((m = bl_json_member(node, "notes")) != NULL)
		bl_json_see_all(m);
	if ((m = bl_json_member(node, "tags")) != NULL)
		bl_compile_tags(c, m, &q->tags);
	if ((m = bl_json_member(node, "tax_class")) != NULL)
		q->tax_class = bl_compile_name(c, m, "a tax class");
	if ((m = bl_json_member(node, "when")) != NULL)
		bl_compile_condition(c, m, &q->when);
	if ((q->has_from = (m = bl_json_member(node, "from")) != NULL))
		q->from = bl_compile_day(c, m);
	if ((q->has_until = (m = bl_json_member(node, "until")) != NULL))
		q->until = bl_compile_day(c, m);
	if (q->has_from && q->has_until && q->until <= q->from)
		bl_compile_error(c, m, "The last day that it holds is the one before until.", "the charge ends before it begins");
	if ((m = bl_json_member(node, "months")) != NULL)
		q->months = bl_compile_months(c, m);
	if ((m = bl_json_member(node, "schedule")) != NULL)
	{
		BlText		name = bl_compile_name(c, m, "a schedule");

		q->schedule = bl_compile_find_schedule(c, name);
		if (q->schedule < 0)
		{
			bl_compile_error(c, m, "Declare it in schedules.", "schedule \"%.*s\" is not known", name.length, name.text);
			q->schedule = 0;
		}
	}
	if ((m = bl_json_member(node, "rounding")) != NULL)
	{
		if (bl_json_member(m, "total") != NULL)
			bl_compile_error(c, m, "Put it into the tariff's rounding.", "the total is not one charge's to round");
		if (bl_json_member(m, "quantity") != NULL)
			bl_compile_error(c, m, "Put it into the tariff's rounding.", "the quantities are rounded once for all charges");
		bl_compile_rounding(c, m, &q->rounding);
	}
	if ((m = bl_json_member(node, "channel")) != NULL)
	{
		m->seen = true;
		if (m->type != BL_JSON_STRING || !bl_channel_find(m->text, m->length, &q->channel))
			bl_compile_error(c, m, "Use import, export, generation, reactive_import, reactive_export, reactive_q1 … q4 or apparent.", "not a channel");
	}
	/* power factor and demand discount look at the whole; all else at main */
	q->part = bl_json_member(node, "power_factor") != NULL ? 1 : 0;
	if ((m = bl_json_member(node, "part")) != NULL)
		q->part = bl_compile_part(c, bl_compile_name(c, m, "a part"), m);
	/* demand by period may have prices by period */
	m = bl_json_member(node, "demand");
	q->each_period = m != NULL && bl_json_is(bl_json_member(m, "periods"), "each");
	charge_kind(c, node, q);
	bl_compile_net(c, node, q);
	if (q->unit == BL_UNIT_KWH)
		q->unit = q->channel == BL_APPARENT ? BL_UNIT_KVAH : q->channel >= BL_REACTIVE_IMPORT ? BL_UNIT_KVARH : BL_UNIT_KWH;
}

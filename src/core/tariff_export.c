/*
 * tariff_export.c - what a tariff document says about export: netting, banks, their use and pay-out
 */
#include "tariff_parse.h"

static int
find_bank(const BlTariff *t, BlText name)
{
	for (int i = 0; i < t->banks; i++)
		if (bl_text_equal(t->bank[i].name, name))
			return i;
	return -1;
}

static void
moves(BlCompile *c, BlJson *list, BlBankRule *bank)
{
	if (!bl_compile_is(c, list, BL_JSON_ARRAY, "moves"))
		return;
	if (list->count > BL_TARIFF_LIST_MAX)
	{
		bl_compile_refuse(c, list, "At most 64.", "too many moves");
		return;
	}
	bank->move = bl_compile_get(c, sizeof *bank->move * (size_t) (list->count + 1));
	for (BlJson *e = list->first; e && !c->stop; e = e->next)
	{
		BlBankMove *move = &bank->move[bank->moves++];
		BlJson	   *months,
				   *from,
				   *to;

		if (!bl_compile_is(c, e, BL_JSON_OBJECT, "a move"))
			continue;
		months = bl_json_member(e, "months");
		from = bl_json_member(e, "from");
		to = bl_json_member(e, "to");
		if (months == NULL || from == NULL)
		{
			bl_compile_error(c, e, "Write {\"months\": [5], \"from\": \"shoulder\", \"to\": \"valley\"}.", "a move needs months and from");
			continue;
		}
		move->months = bl_compile_months(c, months);
		move->from = bl_compile_name(c, from, "a period");
		if (to != NULL)
			move->to = bl_compile_name(c, to, "a period");
	}
}

void
bl_compile_banks(BlCompile *c, BlJson *node)
{
	static const char *const unit_names[] = {"kWh", "money", NULL};
	static const char *const usable_names[] = {"at_once", "next", NULL};
	BlTariff   *t = c->t;

	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "banks"))
		return;
	if (node->count > BL_TARIFF_BANKS_MAX)
	{
		bl_compile_refuse(c, node, "At most 16.", "too many banks");
		return;
	}
	t->bank = bl_compile_get(c, sizeof *t->bank * (size_t) (node->count + 1));
	for (BlJson *e = node->first; e && !c->stop; e = e->next)
	{
		BlBankRule *bank = &t->bank[t->banks];
		BlJson	   *m;

		bank->name = bl_compile_key(c, e, "a bank");
		bank->at = e;
		t->banks++;
		if (bl_text_equal(bank->name, bl_text_of("rounding")))
			bl_compile_error(c, e, "Choose another name.", "\"rounding\" is the bank of what rounding of the total leaves");
		if (!bl_compile_is(c, e, BL_JSON_OBJECT, "a bank"))
			continue;
		if ((m = bl_json_member(e, "unit")) == NULL)
			bl_compile_error(c, e, "Add \"unit\": \"kWh\" or \"money\".", "a bank without a unit");
		else
			bank->money = bl_compile_choice(c, m, unit_names, "a unit of banks") == 1;
		if ((m = bl_json_member(e, "months")) != NULL)
			bank->months = bl_compile_int(c, m, 1, 600, "months");
		if ((m = bl_json_member(e, "usable")) != NULL)
		{
			bank->next = bl_compile_choice(c, m, usable_names, "when a credit is usable") == 1;
			if (!bank->money)
				bl_compile_error(c, m, "Energy is kept for the next bill in any case.", "usable goes with banks of money");
		}
		if ((m = bl_json_member(e, "moves")) != NULL)
		{
			moves(c, m, bank);
			if (bank->money)
				bl_compile_error(c, m, NULL, "money lies in no period that it could move from");
		}
	}
}

/* the bank so named, from 1; 0 after a complaint */
static int
bank_of(BlCompile *c, BlJson *node)
{
	BlText		name = bl_compile_name(c, node, "a bank");
	int			i = find_bank(c->t, name);

	if (i < 0)
		bl_compile_error(c, node, "Declare it in banks.", "bank \"%.*s\" is not known", name.length, name.text);
	return i + 1;
}

static bool
has_period(const BlSchedule *s, BlText name)
{
	for (int i = 0; i < s->periods; i++)
		if (bl_text_equal(s->period[i], name))
			return true;
	return false;
}

/* energy kept: by the net import of one part and schedule */
static void
keeps_energy(BlCompile *c, BlJson *m, BlCharge *q, BlBankRule *bank)
{
	const BlSchedule *s = &c->t->schedule[q->schedule];
	const BlCharge *first;

	if (q->kind != BL_CHARGE_ENERGY && q->kind != BL_CHARGE_TIERS)
	{
		bl_compile_error(c, m, "Name a bank of money, or a charge on energy.", "only charges on energy keep energy");
		return;
	}
	if (q->net != BL_NET_MONTH || q->channel != BL_IMPORT)
		bl_compile_error(c, m, "Add \"net\": \"month\" to a charge on import.", "energy is kept of what is netted over the month");
	if (bank->charge == 0)
	{
		bank->charge = (int) (q - c->t->charge) + 1;
		for (int i = 0; i < bank->moves; i++)
			if (!has_period(s, bank->move[i].from) || (bank->move[i].to.length > 0 && !has_period(s, bank->move[i].to)))
				bl_compile_error(c, bank->at, "Use the periods of the charges that keep energy there.", "a move between periods that are not there");
		return;
	}
	first = &c->t->charge[bank->charge - 1];
	if (first->part != q->part || first->schedule != q->schedule)
		bl_compile_error(c, m, "Give it a bank of its own.", "charge \"%.*s\" keeps energy of another part or schedule in this bank",
						 first->code.length, first->code.text);
}

void
bl_compile_net(BlCompile *c, BlJson *node, BlCharge *q)
{
	static const char *const net_names[] = {"slot", "hour", "month", NULL};
	bool		energy = q->kind == BL_CHARGE_ENERGY || q->kind == BL_CHARGE_TIERS;
	BlJson	   *m;

	if ((m = bl_json_member(node, "net")) != NULL)
	{
		q->net = (BlNet) (1 + bl_compile_choice(c, m, net_names, "a span over which import and export are netted"));
		if ((!energy && q->kind != BL_CHARGE_DEMAND) || q->channel > BL_EXPORT)
			bl_compile_error(c, m, "Charges on energy and demand of import or export can be netted.", "net does not go with this charge");
		else if (q->net == BL_NET_MONTH && (q->kind == BL_CHARGE_DEMAND || q->series || q->split == BL_SPLIT_CHRONOLOGICAL))
			bl_compile_error(c, m, "Net it by \"slot\" or \"hour\".", "what is netted over the month has no slots");
	}
	if ((m = bl_json_member(node, "bank")) != NULL && (q->bank = bank_of(c, m)) > 0)
	{
		BlBankRule *bank = &c->t->bank[q->bank - 1];

		if (!bank->money)
			keeps_energy(c, m, q, bank);
		else
		{
			if (!q->credit || (!energy && q->kind != BL_CHARGE_PAY_OUT))
				bl_compile_error(c, m, "Add \"sign\": \"credit\" to a charge on energy.", "only a credit goes into a bank of money");
			if (q->from_bank == q->bank)
				bl_compile_error(c, m, "Name another one.", "a bank is not paid out into itself");
			bank->charge = bank->charge ? bank->charge : (int) (q - c->t->charge) + 1;
		}
	}
}

/* Energy is kept before anything is paid of it; money is as it is when its charge comes. */
static void
emptied_bank(BlCompile *c, BlJson *what, BlCharge *q)
{
	q->from_bank = bank_of(c, what);
	if (q->from_bank > 0 && c->t->bank[q->from_bank - 1].charge == 0 && !c->t->bank[q->from_bank - 1].money)
		bl_compile_error(c, what, "Put a charge with that \"bank\" before this one.", "nothing before this charge feeds its bank");
}

void
bl_compile_use(BlCompile *c, BlJson *what, BlCharge *q)
{
	q->kind = BL_CHARGE_USE;
	emptied_bank(c, what, q);
	if (q->from_bank > 0 && !c->t->bank[q->from_bank - 1].money)
		bl_compile_error(c, what, "Kept energy is set off by itself.", "only money can be used");
}

void
bl_compile_pay_out(BlCompile *c, BlJson *node, BlJson *what, BlCharge *q)
{
	BlJson	   *m;

	q->kind = BL_CHARGE_PAY_OUT;
	q->credit = true;
	emptied_bank(c, what, q);
	if (q->from_bank > 0 && !c->t->bank[q->from_bank - 1].money)
	{
		q->unit = BL_UNIT_KWH;
		q->by_period = bl_price_by_period(c, q->price, 0);
		if (q->price == NULL)
			bl_compile_error(c, node, "Add \"price\": what a kWh is paid, 0 where it is lost.", "a bank of energy is paid out at a price");
	}
	else if (q->from_bank > 0 && bl_price_by_period(c, q->price, 0))
		bl_compile_error(c, node, "Give one price.", "a bank of money keeps nothing by period");
	m = bl_json_member(node, "true_up");
	if (m != NULL && m->type == BL_JSON_OBJECT)
	{
		BlJson	   *term = bl_json_member(m, "term");

		m->seen = true;
		if (term == NULL)
			bl_compile_error(c, m, "Write {\"term\": \"true_up_month\"}.", "a true-up by contract needs a term");
		else
			q->true_up_term = bl_compile_term(c, term);
	}
	else if (m != NULL)
		q->true_up = bl_compile_int(c, m, 1, 12, "the month of the true-up");
}

/* once all charges are read: is every bank fed that is emptied? */
void
bl_compile_banks_end(BlCompile *c)
{
	for (int i = 0; i < c->t->charges && !c->stop; i++)
	{
		const BlCharge *q = &c->t->charge[i];
		int			feeds = q->from_bank > 0 ? c->t->bank[q->from_bank - 1].charge : 0;

		if (q->kind == BL_CHARGE_PAY_OUT && q->by_period && feeds > 0 && c->t->charge[feeds - 1].schedule != q->schedule)
			bl_compile_error(c, q->at, "Give it the \"schedule\" of the charge that keeps energy there.",
							 "charge \"%.*s\" pays out by other periods than its bank's", q->code.length, q->code.text);
		if (q->from_bank > 0 && c->t->bank[q->from_bank - 1].money && c->t->bank[q->from_bank - 1].charge == 0)
			bl_compile_error(c, q->at, "Give the charge that earns the credit that \"bank\".", "no charge feeds the bank of charge \"%.*s\"",
							 q->code.length, q->code.text);
	}
}

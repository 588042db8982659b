/*
 * receivables.c - what customers were charged, and what of it is settled, as rows of receivable_sum
 *
 * Row security is not asked of the bills and transfers that are read back: what an account owes is the same whoever
 * posts.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "core/charges.h"
#include "core/clock.h"
#include "numeric.h"
#include "receivables.h"
#include "store_table.h"
#include "value_op.h"

/* a row of receivable_sum */
typedef struct Sum
{
	struct Sum *next;
	int64_t		org_id;
	bool		ahead;			/* money ahead of the bills: of no month and no day */
	bool		is_bill;
	DateADT		month_on;		/* of bills; that of transfers is that of the day */
	TimestampTz at;
	uint8_t		tariff_digest[BL_DIGEST];
	BlInt128	charged;
	BlInt128	settled;
} Sum;

/* a bill of the walk */
typedef struct Bill
{
	BlDebt		debt;
	int64_t		reverses_seq;	/* 0: it is no reversal */
	uint8_t		tariff_digest[BL_DIGEST];
} Bill;

/* An account's chain, backwards. */
typedef struct Walk
{
	int64_t		seq;			/* the link to look at next */
	bool		has_transfer;	/* the transfer finder stands at one */
	bool		has_bills;		/* there may be more bills */
	Bill	   *bill;			/* bills that came before their turn: they come by their days */
	int			bills;
	int			room;
	int64_t    *reversed;		/* links that were reversed */
	int			reversals;
	int			reversals_room;
} Walk;

struct BlReceivables
{
	MemoryContext context;
	MemoryContext walking;		/* one walk */
	Sum		   *sums;			/* the one found last stands first */
	bool		opened;
	BlFinder	bill;
	int			bill_from_on,
				bill_kind,
				bill_seq,
				bill_reverses_seq,
				bill_total,
				bill_issued_at,
				bill_charges;
	BlFinder	transfer;
	int			transfer_seq,
				transfer_debit,
				transfer_amount,
				transfer_posted_at,
				transfer_bill_seq;
};

BlReceivables *
bl_receivables_open(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "billing receivables", ALLOCSET_DEFAULT_SIZES);
	BlReceivables *r = MemoryContextAllocZero(context, sizeof *r);

	r->context = context;
	r->walking = AllocSetContextCreate(context, "billing receivables of an account", ALLOCSET_DEFAULT_SIZES);
	return r;
}

/* ---- sums ---- */

static bool
is_sum_of(const Sum *s, const Sum *key)
{
	return s->org_id == key->org_id && s->ahead == key->ahead && s->is_bill == key->is_bill && s->month_on == key->month_on && s->at == key->at &&
		memcmp(s->tariff_digest, key->tariff_digest, BL_DIGEST) == 0;
}

static void
add_sum(BlReceivables *r, const Sum *key, BlInt128 charged, BlInt128 settled)
{
	Sum		  **at = &r->sums;
	Sum		   *s;

	while ((s = *at) != NULL && !is_sum_of(s, key))
		at = &s->next;
	if (s == NULL)
	{
		s = MemoryContextAlloc(r->context, sizeof *s);
		*s = *key;
	}
	else
		*at = s->next;
	s->next = r->sums;
	r->sums = s;
	s->charged += charged;
	s->settled += settled;
}

static void
add_debt(BlReceivables *r, int64_t org_id, const BlDebt *debt, BlInt128 charged, BlInt128 settled)
{
	Sum			key = {.org_id = org_id,.is_bill = debt->is_bill,.at = debt->at};

	if (debt->is_bill)
	{
		BlDate		from = bl_date_of(debt->from_on);

		key.month_on = bl_day_of(from.year, from.month, 1);
		memcpy(key.tariff_digest, debt->tariff_digest, BL_DIGEST);
	}
	add_sum(r, &key, charged, settled);
}

static void
add_ahead(BlReceivables *r, int64_t org_id, BlInt128 settled)
{
	Sum			key = {.org_id = org_id,.ahead = true};

	if (settled != 0)
		add_sum(r, &key, 0, settled);
}

/* ---- the chain, backwards ---- */

static void
open_tables(BlReceivables *r)
{
	MemoryContext before = MemoryContextSwitchTo(r->context);
	Snapshot	snapshot = GetActiveSnapshot();

	bl_finder_open(&r->bill, "bill", "account_id", "from_on", snapshot);
	r->bill_from_on = bl_column(r->bill.table, "from_on");
	r->bill_kind = bl_column(r->bill.table, "kind");
	r->bill_seq = bl_column(r->bill.table, "seq");
	r->bill_reverses_seq = bl_column(r->bill.table, "reverses_seq");
	r->bill_total = bl_column(r->bill.table, "total");
	r->bill_issued_at = bl_column(r->bill.table, "issued_at");
	r->bill_charges = bl_column(r->bill.table, "charges");
	bl_finder_open(&r->transfer, "transfer", "account_id", "seq", snapshot);
	r->transfer_seq = bl_column(r->transfer.table, "seq");
	r->transfer_debit = bl_column(r->transfer.table, "debit");
	r->transfer_amount = bl_column(r->transfer.table, "amount");
	r->transfer_posted_at = bl_column(r->transfer.table, "posted_at");
	r->transfer_bill_seq = bl_column(r->transfer.table, "bill_seq");
	r->opened = true;
	MemoryContextSwitchTo(before);
}

static void
close_tables(BlReceivables *r)
{
	bl_finder_close(&r->bill);
	bl_finder_close(&r->transfer);
	r->opened = false;
}

static bool
is_null(TupleTableSlot *slot, int column)
{
	return slot_attisnull(slot, column + 1);
}

static int64_t
transfer_seq(const BlReceivables *r)
{
	return DatumGetInt64(bl_slot_value(r->transfer.slot, r->transfer_seq));
}

static void
start(BlReceivables *r, Walk *w, int64_t account_id, int64_t seq)
{
	if (!r->opened)
		open_tables(r);
	*w = (Walk) {.seq = seq - 1,.has_bills = true};
	bl_finder_seek(&r->transfer, account_id, 0, seq);
	w->has_transfer = bl_finder_next(&r->transfer, BackwardScanDirection);
	bl_finder_seek(&r->bill, account_id, DATEVAL_NOBEGIN, DATEVAL_NOEND);
}

/* the next bill of the account, by its days, into those that wait for their turn */
static void
read_bill(BlReceivables *r, Walk *w)
{
	TupleTableSlot *slot;
	BlCharges	charges;
	BlBytes		bytes;
	Bill	   *b;
	int64_t		seq;

	w->has_bills = bl_finder_next(&r->bill, BackwardScanDirection);
	if (!w->has_bills)
		return;
	slot = r->bill.slot;
	seq = DatumGetInt64(bl_slot_value(slot, r->bill_seq));
	/* a later link */
	if (seq > w->seq)
		return;
	if (w->bills == w->room)
	{
		w->room = Max(16, 2 * w->room);
		w->bill = w->bill == NULL ? palloc(sizeof *w->bill * (size_t) w->room) : repalloc(w->bill, sizeof *w->bill * (size_t) w->room);
	}
	b = &w->bill[w->bills++];
	*b = (Bill) {
		.debt = {
			.seq = seq,
			.amount = bl_cents(DatumGetNumeric(bl_slot_value(slot, r->bill_total))),
			.at = DatumGetTimestampTz(bl_slot_value(slot, r->bill_issued_at)),
			.is_bill = true,
			.from_on = DatumGetDateADT(bl_slot_value(slot, r->bill_from_on))
		},
		.reverses_seq = is_null(slot, r->bill_reverses_seq) ? 0 : DatumGetInt64(bl_slot_value(slot, r->bill_reverses_seq))
	};
	if (b->reverses_seq == 0 && b->debt.amount > 0)
	{
		bytes = bl_bytes(PG_DETOAST_DATUM_PACKED(bl_slot_value(slot, r->bill_charges)));
		bl_check(bl_charges_open(&charges, bytes.bytes, bytes.size), "charges");
		memcpy(b->tariff_digest, charges.tariff_digest, BL_DIGEST);
	}
}

/* the bill of the link, out of those that wait; false: there is none */
static bool
take_bill(BlReceivables *r, Walk *w, Bill *bill)
{
	int			i = 0;

	for (;;)
	{
		while (i < w->bills && w->bill[i].debt.seq != w->seq)
			i++;
		if (i < w->bills)
		{
			*bill = w->bill[i];
			w->bill[i] = w->bill[--w->bills];
			return true;
		}
		if (!w->has_bills)
			return false;
		read_bill(r, w);
	}
}

static bool
is_reversed(const Walk *w, int64_t seq)
{
	for (int i = 0; i < w->reversals; i++)
		if (w->reversed[i] == seq)
			return true;
	return false;
}

static void
keep_reversed(Walk *w, int64_t seq)
{
	if (w->reversals == w->reversals_room)
	{
		w->reversals_room = Max(16, 2 * w->reversals_room);
		w->reversed = w->reversed == NULL ? palloc(sizeof seq * (size_t) w->reversals_room) : repalloc(w->reversed, sizeof seq * (size_t) w->reversals_room);
	}
	w->reversed[w->reversals++] = seq;
}

/* no link of this number: to the last one before it that is there; all bills wait for their turn by now */
static int64_t
seq_before_hole(const BlReceivables *r, const Walk *w)
{
	int64_t		seq = w->has_transfer ? transfer_seq(r) : 0;

	for (int i = 0; i < w->bills; i++)
		if (w->bill[i].debt.seq < w->seq)
			seq = Max(seq, w->bill[i].debt.seq);
	return seq;
}

/* the transfer of the link; does it ask for money without a bill? */
static bool
take_transfer(BlReceivables *r, Walk *w, BlDebt *debt)
{
	TupleTableSlot *slot = r->transfer.slot;
	bool		asks = is_null(slot, r->transfer_bill_seq) && bl_is_text(bl_slot_value(slot, r->transfer_debit), "receivable");

	if (asks)
		*debt = (BlDebt) {
			.seq = w->seq,
			.amount = bl_cents(DatumGetNumeric(bl_slot_value(slot, r->transfer_amount))),
			.at = DatumGetTimestampTz(bl_slot_value(slot, r->transfer_posted_at))
		};
	w->has_transfer = bl_finder_next(&r->transfer, BackwardScanDirection);
	return asks;
}

/* the next older debt that is not reversed; false: there is none */
static bool
next_debt(BlReceivables *r, Walk *w, Bill *bill, BlDebt *debt)
{
	for (; w->seq > 0; w->seq--)
	{
		CHECK_FOR_INTERRUPTS();
		/* most links of bills have a transfer behind them, which says nothing more */
		if (w->has_transfer && transfer_seq(r) == w->seq)
		{
			if (!take_transfer(r, w, debt))
				continue;
			w->seq--;
			return true;
		}
		if (!take_bill(r, w, bill))
		{
			w->seq = seq_before_hole(r, w) + 1;
			continue;
		}
		if (bill->reverses_seq != 0)
			keep_reversed(w, bill->reverses_seq);
		else if (bill->debt.amount > 0 && !is_reversed(w, bill->debt.seq))
		{
			*debt = bill->debt;
			debt->tariff_digest = bill->tariff_digest;
			w->seq--;
			return true;
		}
	}
	return false;
}

/* ---- links ---- */

/* what is open of a debt, with this balance and these newer debts */
static BlInt128
open_of(BlInt128 amount, BlInt128 balance, BlInt128 newer)
{
	return Min(amount, Max(0, balance - newer));
}

/*
 * The link moves the border between what is open and what is settled; returns by how much more is open of debts that
 * stay.  *removed: what was open of the debt that the link reverses.
 */
static BlInt128
move_border(BlReceivables *r, const BlOwed *link, BlInt128 *removed)
{
	MemoryContext before = MemoryContextSwitchTo(r->walking);
	BlInt128	balance = link->before + link->owed;
	BlInt128	newer = 0;
	BlInt128	opened = 0;
	Walk		walk;
	Bill		bill;
	BlDebt		debt;

	*removed = 0;
	if (link->before > 0 || balance > 0)
	{
		start(r, &walk, link->account_id, link->seq);
		while (newer < Max(link->before, balance) && next_debt(r, &walk, &bill, &debt))
		{
			BlInt128	was = open_of(debt.amount, link->before, newer);
			BlInt128	is = open_of(debt.amount, balance, newer);

			/* older ones have it in common that it is gone from the debts and from the balance */
			if (link->removes != NULL && debt.seq == link->removes->seq)
			{
				*removed = was;
				break;
			}
			if (was != is)
				add_debt(r, link->org_id, &debt, 0, was - is);
			opened += is - was;
			newer += debt.amount;
		}
	}
	MemoryContextSwitchTo(before);
	MemoryContextReset(r->walking);
	return opened;
}

void
bl_receivables_add(BlReceivables *r, const BlOwed *link)
{
	if (link->adds != NULL)
	{
		/* of what is older as much is open as before: newer debts and balance have grown alike */
		BlInt128	settled = link->adds->amount - open_of(link->adds->amount, link->before + link->owed, 0);

		add_debt(r, link->org_id, link->adds, link->adds->amount, settled);
		add_ahead(r, link->org_id, -settled);
	}
	else
	{
		BlInt128	removed;
		BlInt128	opened = move_border(r, link, &removed);

		if (link->removes != NULL)
			add_debt(r, link->org_id, link->removes, -link->removes->amount, removed - link->removes->amount);
		/* what is ahead is what is open less the balance */
		add_ahead(r, link->org_id, opened - removed - link->owed);
	}
}

/* ---- writing ---- */

static BlStatement add_row = {.text = "INSERT INTO billing.receivable_sum (org_id, month_on, issued_on, tariff_digest, charged, settled)"
	" SELECT $1, coalesce($2, billing._month_of(d.day)), d.day, $4, $5, $6 FROM (SELECT billing._sum_day($3) AS day) d",.types = {INT8OID, DATEOID, TIMESTAMPTZOID, BYTEAOID, NUMERICOID, NUMERICOID}};

void
bl_receivables_flush(BlReceivables *r)
{
	static const uint8_t none[BL_DIGEST] = {0};

	if (r->opened)
		close_tables(r);
	for (const Sum *s = r->sums; s != NULL; s = s->next)
	{
		bool		has_digest = memcmp(s->tariff_digest, none, BL_DIGEST) != 0;
		Datum		values[] = {
			Int64GetDatum(s->org_id), DateADTGetDatum(s->month_on), TimestampTzGetDatum(s->at),
			has_digest ? PointerGetDatum(bl_value_of(s->tariff_digest, BL_DIGEST)) : (Datum) 0,
			bl_money(s->charged), bl_money(s->settled)
		};
		char		nulls[] = {' ', s->is_bill ? ' ' : 'n', s->ahead ? 'n' : ' ', has_digest ? ' ' : 'n', ' ', ' '};

		CHECK_FOR_INTERRUPTS();
		if (s->charged == 0 && s->settled == 0)
			continue;
		if (SPI_execute_plan(bl_plan(&add_row), values, nulls, false, 0) != SPI_OK_INSERT)
			elog(ERROR, "what is owed was not added");
	}
	MemoryContextDelete(r->context);
}

/*
 * sums.c - adds bills and transfers to the sums of the store, many at a time
 *
 * Bills of one org, month and tariff become one value of charges, which SQL
 * takes apart by code; receivables.c adds up what is owed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "billing.h"
#include "charges_agg.h"
#include "core/charges.h"
#include "core/clock.h"
#include "numeric.h"
#include "receivables.h"
#include "store_table.h"
#include "sums.h"
#include "value_op.h"

/* bills that are one row of sums */
typedef struct BillGroup
{
	struct BillGroup *next;
	int64_t		issued_org_id;
	int32_t		month_on;
	bool		reversal;
	uint8_t		tariff_digest[BL_DIGEST];
	int64_t		bills;
	int64_t		days;
	BlChargesAgg *charges;
} BillGroup;

/* transfers that are one row of sums */
typedef struct Flow
{
	struct Flow *next;
	int64_t		issued_org_id;
	TimestampTz posted_at;
	struct varlena *debit;
	struct varlena *credit;
	int64_t		transfers;
	Datum		amount;
} Flow;

struct BlSums
{
	MemoryContext context;
	BillGroup	   *groups;			/* the one found last stands first */
	Flow	   *flows;
	BlReceivables *receivables;
};

BlSums *
bl_sums_open(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "billing sums", ALLOCSET_DEFAULT_SIZES);
	BlSums	   *sums = MemoryContextAllocZero(context, sizeof *sums);

	sums->context = context;
	sums->receivables = bl_receivables_open();
	return sums;
}

static Datum
copied_numeric(Datum value)
{
	return PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
}

/* *sum += value, in the current context */
static void
add_numeric(Datum *sum, Datum value)
{
	Datum		before = *sum;

	if (before == (Datum) 0)
	{
		*sum = copied_numeric(value);
		return;
	}
	*sum = DirectFunctionCall2(numeric_add, before, value);
	pfree(DatumGetPointer(before));
}

static int32_t
month_of(DateADT day)
{
	BlDate		date = bl_date_of(day);

	return bl_day_of(date.year, date.month, 1);
}

static BillGroup *
find_group(BlSums *sums, const BlSumBill *bill, const uint8_t *tariff_digest)
{
	int32_t		month_on = month_of(bill->from_on);
	BillGroup	  **at = &sums->groups;
	BillGroup	   *g;

	while ((g = *at) != NULL &&
		   (g->month_on != month_on || g->issued_org_id != bill->issued_org_id || g->reversal != bill->reversal || memcmp(g->tariff_digest, tariff_digest, BL_DIGEST) != 0))
		at = &g->next;
	if (g == NULL)
	{
		g = palloc0(sizeof *g);
		g->issued_org_id = bill->issued_org_id;
		g->month_on = month_on;
		g->reversal = bill->reversal;
		memcpy(g->tariff_digest, tariff_digest, BL_DIGEST);
		g->charges = bl_charges_agg_new(sums->context);
	}
	else
		*at = g->next;
	g->next = sums->groups;
	sums->groups = g;
	return g;
}

/* what it changes in what is owed; a bill of zero changes nothing */
static void
owe_bill(BlSums *sums, const BlSumBill *bill, const uint8_t *tariff_digest)
{
	BlOwed		owed = {.account_id = bill->account_id,.org_id = bill->org_id,.seq = bill->seq,.before = bill->balance,.owed = bill->cents};
	BlDebt		debt = {
		.seq = bill->seq,
		.amount = bill->cents,
		.at = bill->issued_at,
		.is_bill = true,
		.from_on = bill->from_on,
		.tariff_digest = tariff_digest
	};

	if (bill->cents == 0)
		return;
	if (bill->cents > 0 && !bill->reversal)
		owed.adds = &debt;
	else if (bill->reversed_cents > 0)
	{
		debt.seq = bill->reversed_seq;
		debt.amount = bill->reversed_cents;
		debt.at = bill->reversed_issued_at;
		owed.removes = &debt;
	}
	bl_receivables_add(sums->receivables, &owed);
}

void
bl_sums_bill(BlSums *sums, const BlSumBill *bill)
{
	MemoryContext before = MemoryContextSwitchTo(sums->context);
	BlCharges	charges;
	BillGroup	   *g;

	bl_check(bl_charges_open(&charges, bill->charges.bytes, bill->charges.size), "charges");
	g = find_group(sums, bill, charges.tariff_digest);
	g->bills++;
	g->days += bill->days;
	bl_charges_agg_add(g->charges, &charges);
	owe_bill(sums, bill, charges.tariff_digest);
	MemoryContextSwitchTo(before);
}

static bool
is_same(const struct varlena *text, BlBytes bytes)
{
	BlBytes		own = bl_bytes(text);

	return own.size == bytes.size && memcmp(own.bytes, bytes.bytes, own.size) == 0;
}

void
bl_sums_transfer(BlSums *sums, int64_t issued_org_id, TimestampTz posted_at, BlBytes debit, BlBytes credit, Datum amount)
{
	MemoryContext before = MemoryContextSwitchTo(sums->context);
	Flow	   *f = sums->flows;

	while (f != NULL && (f->issued_org_id != issued_org_id || f->posted_at != posted_at || !is_same(f->debit, debit) || !is_same(f->credit, credit)))
		f = f->next;
	if (f == NULL)
	{
		f = palloc0(sizeof *f);
		f->issued_org_id = issued_org_id;
		f->posted_at = posted_at;
		f->debit = bl_value_of(debit.bytes, debit.size);
		f->credit = bl_value_of(credit.bytes, credit.size);
		f->next = sums->flows;
		sums->flows = f;
	}
	f->transfers++;
	add_numeric(&f->amount, amount);
	MemoryContextSwitchTo(before);
}

/* ---- writing ---- */

typedef enum Command
{
	ADD_BILLS,
	ADD_TRANSFERS,
	HEADS,
	BALANCE_AT,
	REVERSED
} Command;

enum
{
	A_CHARGES = 5				/* of ADD_BILLS */
};

static BlStatement commands[] = {
	[ADD_BILLS] = {.text = "SELECT billing._add_bills($1, $2, $3, $4, $5, $6)",.types = {INT8OID, DATEOID, INT4OID, INT8OID, INT8OID, InvalidOid}},
	[ADD_TRANSFERS] = {.text = "INSERT INTO billing.transfer_sum (org_id, month_on, debit, credit, transfers, amount)"
		" VALUES ($1, billing._month_of(billing._sum_day($2)), $3, $4, $5, $6)",.types = {INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, INT8OID, NUMERICOID}},
	[HEADS] = {.text = "SELECT h.account_id, h.seq, h.balance FROM billing.account_head h WHERE h.account_id = ANY ($1) ORDER BY h.account_id",.types = {INT8ARRAYOID}},
	[BALANCE_AT] = {.text = "SELECT billing._balance_at($1, $2)",.types = {INT8OID, INT8OID}},
	/* what was reversed before, or asks for no money itself, is no debt */
	[REVERSED] = {.text = "SELECT b.kind = 'normal', b.issued_at, CASE WHEN b.kind = 'reversal' OR EXISTS (SELECT FROM billing.bill r"
		" WHERE r.account_id = b.account_id AND r.from_on = b.from_on AND r.reverses_seq = b.seq AND r.seq < $4) THEN 0 ELSE b.total END"
	" FROM billing.bill b WHERE b.account_id = $1 AND b.from_on = $2 AND b.seq = $3",.types = {INT8OID, DATEOID, INT8OID, INT8OID}},
};

static Oid
charges_type(void)
{
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("charges"),
									   ObjectIdGetDatum(get_namespace_oid("billing", false)));

	if (!OidIsValid(type))
		elog(ERROR, "there is no type billing.charges");
	return type;
}

/* SPI is connected */
static void
execute(Command command, Datum *values)
{
	BlStatement *c = &commands[command];

	/* of an extension that was made anew the type is another */
	if (command == ADD_BILLS && c->types[A_CHARGES] != charges_type())
	{
		if (c->plan != NULL)
			SPI_freeplan(c->plan);
		c->plan = NULL;
		c->types[A_CHARGES] = charges_type();
	}
	if (SPI_execute_plan(bl_plan(c), values, NULL, false, 0) < 0)
		elog(ERROR, "cannot execute: %s", c->text);
}

static void
flush_group(const BillGroup *g)
{
	Datum		values[] = {
		Int64GetDatum(g->issued_org_id), DateADTGetDatum(g->month_on), Int32GetDatum(g->reversal ? -1 : 1), Int64GetDatum(g->bills),
		Int64GetDatum(g->days), PointerGetDatum(bl_charges_agg_value(g->charges))
	};

	execute(ADD_BILLS, values);
}

void
bl_sums_flush(BlSums *sums)
{
	MemoryContext before = CurrentMemoryContext;

	SPI_connect();
	for (const BillGroup *g = sums->groups; g != NULL; g = g->next)
		flush_group(g);
	for (const Flow *f = sums->flows; f != NULL; f = f->next)
	{
		Datum		values[] = {
			Int64GetDatum(f->issued_org_id), TimestampTzGetDatum(f->posted_at), PointerGetDatum(f->debit), PointerGetDatum(f->credit),
			Int64GetDatum(f->transfers), f->amount
		};

		execute(ADD_TRANSFERS, values);
	}
	bl_receivables_flush(sums->receivables);
	SPI_finish();
	MemoryContextSwitchTo(before);
	MemoryContextDelete(sums->context);
}

/* ---- triggers: what SQL writes ---- */

/* the rows of the statement, one after the other */
typedef struct Rows
{
	Tuplestorestate *store;
	TupleTableSlot *slot;
	TupleDesc	form;
} Rows;

static void
open_rows(Rows *rows, FunctionCallInfo fcinfo, const char *table)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(data->tg_event) || !TRIGGER_FIRED_FOR_STATEMENT(data->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(data->tg_event) || data->tg_newtable == NULL || strcmp(RelationGetRelationName(data->tg_relation), table) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function is the trigger of billing.%s after each INSERT, with a table of the new rows", table)));
	rows->store = data->tg_newtable;
	rows->form = RelationGetDescr(data->tg_relation);
	rows->slot = MakeSingleTupleTableSlot(rows->form, &TTSOpsMinimalTuple);
	/* others read it, too */
	tuplestore_select_read_pointer(rows->store, tuplestore_alloc_read_pointer(rows->store, EXEC_FLAG_REWIND));
	tuplestore_rescan(rows->store);
}

static bool
next_row(Rows *rows)
{
	return tuplestore_gettupleslot(rows->store, true, false, rows->slot);
}

static void
close_rows(Rows *rows)
{
	ExecDropSingleTupleTableSlot(rows->slot);
}

static Datum
column(const Rows *rows, const char *name, bool *isnull)
{
	int			n = SPI_fnumber(rows->form, name);

	if (n <= 0)
		elog(ERROR, "there is no column %s", name);
	return slot_getattr(rows->slot, n, isnull);
}

static int64_t
bigint_of(const Rows *rows, const char *name)
{
	bool		isnull;

	return DatumGetInt64(column(rows, name, &isnull));
}

static BlBytes
bytes_of(const Rows *rows, const char *name)
{
	bool		isnull;

	return bl_bytes(PG_DETOAST_DATUM_PACKED(column(rows, name, &isnull)));
}

static bool
is_column(const Rows *rows, const char *name, const char *text)
{
	bool		isnull;

	return bl_is_text(column(rows, name, &isnull), text);
}

static BlInt128
cents_of(const Rows *rows, const char *name)
{
	bool		isnull;

	return bl_cents(DatumGetNumeric(column(rows, name, &isnull)));
}

/* where an account stands: its head, and then the link that was looked at last */
typedef struct Head
{
	int64_t		account_id;
	int64_t		seq;
	BlInt128	balance;
	bool		at_bill;		/* whose transfer may follow, and counts with it */
} Head;

/* the heads of the accounts of all rows, rising */
static int
load_heads(Rows *rows, Head **heads)
{
	int			room = 64,
				n = 0;
	Datum	   *accounts = palloc(sizeof *accounts * (size_t) room);
	Datum		array;

	while (next_row(rows))
	{
		if (n == room)
			accounts = repalloc_huge(accounts, sizeof *accounts * (size_t) (room *= 2));
		accounts[n++] = Int64GetDatum(bigint_of(rows, "account_id"));
	}
	tuplestore_rescan(rows->store);
	array = PointerGetDatum(construct_array(accounts, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	/* as of now: this statement, too, may have changed them */
	execute(HEADS, &array);
	n = (int) SPI_processed;
	*heads = palloc(sizeof **heads * (size_t) Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	form = SPI_tuptable->tupdesc;
		bool		isnull;

		(*heads)[i] = (Head) {
			.account_id = DatumGetInt64(SPI_getbinval(row, form, 1, &isnull)),
			.seq = DatumGetInt64(SPI_getbinval(row, form, 2, &isnull)),
			.balance = bl_cents(DatumGetNumeric(SPI_getbinval(row, form, 3, &isnull)))
		};
	}
	SPI_freetuptable(SPI_tuptable);
	return n;
}

static Head *
find_head(Head *heads, int n, int64_t account_id)
{
	int			low = 0,
				high = n;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (heads[middle].account_id < account_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && heads[low].account_id == account_id ? &heads[low] : NULL;
}

/* the balance before a link by which so much more is owed */
static BlInt128
balance_before(Head *heads, int n, int64_t account_id, int64_t seq, BlInt128 owed, bool is_bill)
{
	Head	   *head = find_head(heads, n, account_id);
	BlInt128	balance = 0;

	if (head != NULL && (head->seq == seq - 1 || (head->at_bill && head->seq == seq - 2)))
		balance = head->balance;
	else
	{
		/* the head has been moved already, or there are links between */
		Datum		values[] = {Int64GetDatum(account_id), Int64GetDatum(seq - 1)};
		Datum		value;
		bool		isnull = true;

		execute(BALANCE_AT, values);
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
		if (!isnull)
			balance = bl_cents(DatumGetNumeric(value));
		SPI_freetuptable(SPI_tuptable);
	}
	if (head != NULL)
		*head = (Head) {account_id, seq, balance + owed, is_bill};
	return balance;
}

/* what a reversal takes away: the days of a bill of supply, a debt */
static void
find_reversed(const Rows *rows, BlSumBill *bill)
{
	bool		isnull;
	Datum		values[] = {
		Int64GetDatum(bill->account_id), DateADTGetDatum(bill->from_on), column(rows, "reverses_seq", &isnull), Int64GetDatum(bill->seq)
	};

	if (isnull)
		return;
	execute(REVERSED, values);
	if (SPI_processed == 1)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	form = SPI_tuptable->tupdesc;

		if (!DatumGetBool(SPI_getbinval(row, form, 1, &isnull)))
			bill->days = 0;
		bill->reversed_seq = DatumGetInt64(values[2]);
		bill->reversed_issued_at = DatumGetTimestampTz(SPI_getbinval(row, form, 2, &isnull));
		bill->reversed_cents = bl_cents(DatumGetNumeric(SPI_getbinval(row, form, 3, &isnull)));
	}
	else
		bill->days = 0;
	SPI_freetuptable(SPI_tuptable);
}

/* what the trigger reads is what was written until now, its own statement included */
static void
begin(Rows *rows, FunctionCallInfo fcinfo, const char *table)
{
	open_rows(rows, fcinfo, table);
	SPI_connect();
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
end(Rows *rows, BlSums *sums)
{
	close_rows(rows);
	bl_sums_flush(sums);
	PopActiveSnapshot();
	SPI_finish();
}

/* _sum_bills() returns trigger: bills are added to the sums */
PG_FUNCTION_INFO_V1(billing_sum_bills);
Datum
billing_sum_bills(PG_FUNCTION_ARGS)
{
	Rows		rows;
	Head	   *heads;
	int			n;
	BlSums	   *sums;

	begin(&rows, fcinfo, "bill");
	n = load_heads(&rows, &heads);
	sums = bl_sums_open();
	while (next_row(&rows))
	{
		bool		isnull;
		bool		reversal = is_column(&rows, "kind", "reversal");
		BlSumBill	bill = {
			.account_id = bigint_of(&rows, "account_id"),
			.seq = bigint_of(&rows, "seq"),
			.org_id = bigint_of(&rows, "org_id"),
			.issued_org_id = bigint_of(&rows, "issued_org_id"),
			.from_on = DatumGetDateADT(column(&rows, "from_on", &isnull)),
			.issued_at = DatumGetTimestampTz(column(&rows, "issued_at", &isnull)),
			.reversal = reversal,
			.cents = cents_of(&rows, "total"),
			.charges = bytes_of(&rows, "charges")
		};

		if (reversal || is_column(&rows, "kind", "normal"))
			bill.days = DatumGetDateADT(column(&rows, "until_on", &isnull)) - bill.from_on;
		if (reversal)
			find_reversed(&rows, &bill);
		bill.balance = balance_before(heads, n, bill.account_id, bill.seq, bill.cents, true);
		bl_sums_bill(sums, &bill);
	}
	end(&rows, sums);
	return PointerGetDatum(NULL);
}

/* a transfer without a bill: a debt of its own, or money that comes */
static void
owe_transfer(const Rows *rows, BlSums *sums, Head *heads, int n, bool adds)
{
	bool		isnull;
	BlInt128	amount = cents_of(rows, "amount");
	BlOwed		owed = {
		.account_id = bigint_of(rows, "account_id"),
		.org_id = bigint_of(rows, "org_id"),
		.seq = bigint_of(rows, "seq"),
		.owed = adds ? amount : -amount
	};
	BlDebt		debt = {.seq = owed.seq,.amount = amount,.at = DatumGetTimestampTz(column(rows, "posted_at", &isnull))};

	owed.before = balance_before(heads, n, owed.account_id, owed.seq, owed.owed, false);
	if (adds)
		owed.adds = &debt;
	bl_receivables_add(sums->receivables, &owed);
}

/* _sum_transfers() returns trigger: transfers are added to the sums; those of bills are owed with the bill */
PG_FUNCTION_INFO_V1(billing_sum_transfers);
Datum
billing_sum_transfers(PG_FUNCTION_ARGS)
{
	Rows		rows;
	Head	   *heads;
	int			n;
	BlSums	   *sums;

	begin(&rows, fcinfo, "transfer");
	n = load_heads(&rows, &heads);
	sums = bl_sums_open();
	while (next_row(&rows))
	{
		bool		isnull;
		bool		adds = is_column(&rows, "debit", "receivable");

		bl_sums_transfer(sums, bigint_of(&rows, "issued_org_id"), DatumGetTimestampTz(column(&rows, "posted_at", &isnull)),
						 bytes_of(&rows, "debit"), bytes_of(&rows, "credit"), column(&rows, "amount", &isnull));
		column(&rows, "bill_seq", &isnull);
		if (isnull && (adds || is_column(&rows, "credit", "receivable")))
			owe_transfer(&rows, sums, heads, n, adds);
	}
	end(&rows, sums);
	return PointerGetDatum(NULL);
}

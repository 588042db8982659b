/*
 * sums.c - adds bills and transfers to the sums of the store, many at a time
 *
 * Bills of one org, month and tariff become one value of charges, which SQL
 * takes apart by code; what is owed by accounts that have money waiting, or get
 * some back, is worked out by SQL account by account.
 */
#include "postgres.h"

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
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "billing.h"
#include "charges_agg.h"
#include "core/charges.h"
#include "core/clock.h"
#include "sums.h"
#include "value_op.h"

/* bills that are one row of sums */
typedef struct BillGroup
{
	struct BillGroup *next;
	int64_t		org_id;
	int64_t		issued_org_id;
	int32_t		month_on;
	TimestampTz issued_at;
	bool		reversal;
	uint8_t		tariff_digest[BL_DIGEST];
	int64_t		bills;
	int64_t		days;
	BlChargesAgg *charges;
	Datum		others;			/* the totals of those that are not plain; 0: none is */
} BillGroup;

/* a bill that changes more in what is settled than that it is owed */
typedef struct Other
{
	struct Other *next;
	int64_t		account_id;
	int64_t		org_id;
	int64_t		seq;
	Datum		total;
} Other;

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
	Other	   *others;
	Other	  **last;			/* in their order: links of one account follow each other */
	Flow	   *flows;
};

BlSums *
bl_sums_open(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "billing sums", ALLOCSET_DEFAULT_SIZES);
	BlSums	   *sums = MemoryContextAllocZero(context, sizeof *sums);

	sums->context = context;
	sums->last = &sums->others;
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
		   (g->month_on != month_on || g->org_id != bill->org_id || g->issued_org_id != bill->issued_org_id || g->issued_at != bill->issued_at ||
			g->reversal != bill->reversal || memcmp(g->tariff_digest, tariff_digest, BL_DIGEST) != 0))
		at = &g->next;
	if (g == NULL)
	{
		g = palloc0(sizeof *g);
		g->org_id = bill->org_id;
		g->issued_org_id = bill->issued_org_id;
		g->month_on = month_on;
		g->issued_at = bill->issued_at;
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
	bl_charges_agg_add(g->charges, bill->charges);
	if (!bill->plain)
	{
		Other	   *other = palloc(sizeof *other);

		*other = (Other) {NULL, bill->account_id, bill->org_id, bill->seq, copied_numeric(bill->total)};
		*sums->last = other;
		sums->last = &other->next;
		add_numeric(&g->others, bill->total);
	}
	MemoryContextSwitchTo(before);
}

static bool
is_text(const struct varlena *text, BlBytes bytes)
{
	BlBytes		own = bl_bytes(text);

	return own.size == bytes.size && memcmp(own.bytes, bytes.bytes, own.size) == 0;
}

void
bl_sums_transfer(BlSums *sums, int64_t issued_org_id, TimestampTz posted_at, BlBytes debit, BlBytes credit, Datum amount)
{
	MemoryContext before = MemoryContextSwitchTo(sums->context);
	Flow	   *f = sums->flows;

	while (f != NULL && (f->issued_org_id != issued_org_id || f->posted_at != posted_at || !is_text(f->debit, debit) || !is_text(f->credit, credit)))
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
	CHANGE_RECEIVABLES,
	HEADS,
	REVERSED,
	COMMANDS
} Command;

enum
{
	ARGS_MAX = 9,
	A_CHARGES = 7				/* of ADD_BILLS */
};

static const struct
{
	const char *text;
	Oid			types[ARGS_MAX];
}			commands[COMMANDS] = {
	[ADD_BILLS] = {"SELECT billing._add_bills($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	{INT8OID, INT8OID, DATEOID, TIMESTAMPTZOID, INT4OID, INT8OID, INT8OID, InvalidOid, NUMERICOID}},
	[ADD_TRANSFERS] = {"INSERT INTO billing.transfer_sum (org_id, month_on, debit, credit, transfers, amount)"
		" VALUES ($1, billing._month_of(billing._sum_day($2)), $3, $4, $5, $6)", {INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, INT8OID, NUMERICOID}},
	[CHANGE_RECEIVABLES] = {"SELECT billing._change_receivables($1, $2, $3, $4)", {INT8OID, INT8OID, INT8OID, NUMERICOID}},
	[HEADS] = {"SELECT h.account_id, h.seq, h.balance FROM billing.account_head h WHERE h.account_id = ANY ($1) ORDER BY h.account_id", {INT8ARRAYOID}},
	[REVERSED] = {"SELECT b.kind = 'normal' FROM billing.bill b WHERE b.account_id = $1 AND b.from_on = $2 AND b.seq = $3", {INT8OID, DATEOID, INT8OID}},
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

static SPIPlanPtr
prepare(Command command, Oid charges)
{
	Oid			types[ARGS_MAX];
	int			n = 0;
	SPIPlanPtr	plan;

	memcpy(types, commands[command].types, sizeof types);
	if (command == ADD_BILLS)
		types[A_CHARGES] = charges;
	while (n < ARGS_MAX && OidIsValid(types[n]))
		n++;
	plan = SPI_prepare(commands[command].text, n, types);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "cannot prepare: %s", commands[command].text);
	return plan;
}

/* prepared once a session, or anew for an extension that was made anew; SPI is connected */
static void
execute(Command command, Datum *values, const char *nulls)
{
	static SPIPlanPtr plans[COMMANDS];
	static Oid	charges;

	if (command == ADD_BILLS && charges != charges_type())
	{
		if (plans[ADD_BILLS] != NULL)
			SPI_freeplan(plans[ADD_BILLS]);
		plans[ADD_BILLS] = NULL;
		charges = charges_type();
	}
	if (plans[command] == NULL)
		plans[command] = prepare(command, charges);
	if (SPI_execute_plan(plans[command], values, nulls, false, 0) < 0)
		elog(ERROR, "cannot execute: %s", commands[command].text);
}

static void
flush_group(const BillGroup *g)
{
	Datum		values[ARGS_MAX] = {
		Int64GetDatum(g->issued_org_id), Int64GetDatum(g->org_id), DateADTGetDatum(g->month_on), TimestampTzGetDatum(g->issued_at),
		Int32GetDatum(g->reversal ? -1 : 1), Int64GetDatum(g->bills), Int64GetDatum(g->days), PointerGetDatum(bl_charges_agg_value(g->charges)), g->others
	};

	execute(ADD_BILLS, values, g->others == (Datum) 0 ? "        n" : "         ");
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

		execute(ADD_TRANSFERS, values, NULL);
	}
	for (const Other *o = sums->others; o != NULL; o = o->next)
	{
		Datum		values[] = {Int64GetDatum(o->account_id), Int64GetDatum(o->org_id), Int64GetDatum(o->seq), o->total};

		CHECK_FOR_INTERRUPTS();
		execute(CHANGE_RECEIVABLES, values, NULL);
	}
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
is_kind(BlBytes kind, const char *name)
{
	return kind.size == strlen(name) && memcmp(kind.bytes, name, kind.size) == 0;
}

typedef struct Head
{
	int64_t		account_id;
	int64_t		seq;
	Numeric		balance;
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
	execute(HEADS, &array, NULL);
	n = (int) SPI_processed;
	*heads = palloc(sizeof **heads * (size_t) Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	form = SPI_tuptable->tupdesc;
		bool		isnull;

		(*heads)[i].account_id = DatumGetInt64(SPI_getbinval(row, form, 1, &isnull));
		(*heads)[i].seq = DatumGetInt64(SPI_getbinval(row, form, 2, &isnull));
		(*heads)[i].balance = DatumGetNumericCopy(SPI_getbinval(row, form, 3, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	return n;
}

static const Head *
find_head(const Head *heads, int n, int64_t account_id)
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

static int
sign_of(Datum numeric)
{
	static const char zero[] = "0";
	Datum		nothing = DirectFunctionCall3(numeric_in, CStringGetDatum(zero), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));

	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, numeric, nothing));
}

/* was the balance before the bill not negative?  The head is where the bill has left it, or where it found it. */
static bool
owed_nothing_ahead(const Head *head, int64_t seq, Datum total)
{
	if (head == NULL || (head->seq != seq + 1 && head->seq != seq - 1))
		return false;
	if (head->seq == seq - 1)
		return sign_of(NumericGetDatum(head->balance)) >= 0;
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(head->balance), total)) >= 0;
}

/* was what a reversal takes away a bill of supply? */
static bool
reverses_supply(const Rows *rows, const BlSumBill *bill)
{
	bool		isnull;
	Datum		values[] = {
		Int64GetDatum(bill->account_id), DateADTGetDatum(bill->from_on), column(rows, "reverses_seq", &isnull)
	};
	bool		normal;

	if (isnull)
		return false;
	execute(REVERSED, values, NULL);
	normal = SPI_processed == 1 && DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull)) && !isnull;
	SPI_freetuptable(SPI_tuptable);
	return normal;
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

	open_rows(&rows, fcinfo, "bill");
	SPI_connect();
	n = load_heads(&rows, &heads);
	sums = bl_sums_open();
	while (next_row(&rows))
	{
		bool		isnull;
		BlBytes		kind = bytes_of(&rows, "kind");
		Datum		total = column(&rows, "total", &isnull);
		int			sign = sign_of(total);
		BlSumBill	bill = {
			.account_id = bigint_of(&rows, "account_id"),
			.seq = bigint_of(&rows, "seq"),
			.org_id = bigint_of(&rows, "org_id"),
			.issued_org_id = bigint_of(&rows, "issued_org_id"),
			.from_on = DatumGetDateADT(column(&rows, "from_on", &isnull)),
			.issued_at = DatumGetTimestampTz(column(&rows, "issued_at", &isnull)),
			.reversal = is_kind(kind, "reversal"),
			.total = total,
			.charges = bytes_of(&rows, "charges")
		};

		/* a bill of zero changes nothing in what is owed */
		bill.plain = sign == 0 || (sign > 0 && !bill.reversal && owed_nothing_ahead(find_head(heads, n, bill.account_id), bill.seq, total));
		if (is_kind(kind, "normal") || (bill.reversal && reverses_supply(&rows, &bill)))
			bill.days = DatumGetDateADT(column(&rows, "until_on", &isnull)) - bill.from_on;
		bl_sums_bill(sums, &bill);
	}
	close_rows(&rows);
	bl_sums_flush(sums);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* _sum_transfers() returns trigger: transfers are added to the sums; those of bills are owed with the bill */
PG_FUNCTION_INFO_V1(billing_sum_transfers);
Datum
billing_sum_transfers(PG_FUNCTION_ARGS)
{
	Rows		rows;
	BlSums	   *sums;

	open_rows(&rows, fcinfo, "transfer");
	SPI_connect();
	sums = bl_sums_open();
	while (next_row(&rows))
	{
		bool		isnull;
		BlBytes		debit = bytes_of(&rows, "debit");
		BlBytes		credit = bytes_of(&rows, "credit");
		Datum		amount = column(&rows, "amount", &isnull);
		TimestampTz posted_at = DatumGetTimestampTz(column(&rows, "posted_at", &isnull));
		bool		adds = is_kind(debit, "receivable");

		bl_sums_transfer(sums, bigint_of(&rows, "issued_org_id"), posted_at, debit, credit, amount);
		column(&rows, "bill_seq", &isnull);
		if (isnull && (adds || is_kind(credit, "receivable")))
		{
			Datum		values[] = {
				Int64GetDatum(bigint_of(&rows, "account_id")), Int64GetDatum(bigint_of(&rows, "org_id")), Int64GetDatum(bigint_of(&rows, "seq")),
				adds ? amount : DirectFunctionCall1(numeric_uminus, amount)
			};

			execute(CHANGE_RECEIVABLES, values, NULL);
		}
	}
	close_rows(&rows);
	bl_sums_flush(sums);
	SPI_finish();
	return PointerGetDatum(NULL);
}

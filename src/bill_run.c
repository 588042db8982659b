/*
 * bill_run.c - bills the next period of the accounts of a range: rates what each is billed by, has it written, or says why not
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "bill_due.h"
#include "bill_write.h"
#include "billing.h"
#include "carry_type.h"
#include "numeric.h"
#include "rate_fn.h"
#include "store_table.h"
#include "value_op.h"

static BlStatement rights = {.text = "SELECT billing.actor(), billing.can_write($1, 'bill') AND billing.can_write($1, 'money')"
		" AND billing.can_read($1, 'account') AND billing.can_read($1, 'reading')",.types = {INT8OID}};
static BlStatement revision_of = {.text = "SELECT coalesce(max(b.revision), 0) + 1 FROM billing.bill b WHERE b.account_id = $1 AND b.from_on = $2",.types = {INT8OID, DATEOID}};
static BlStatement add_exception = {.text = "INSERT INTO billing.run_exception (account_id, run_id, org_id, from_on, until_on, sqlstate, message, detail, hint)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",.types = {INT8OID, INT8OID, INT8OID, DATEOID, DATEOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}};

typedef struct Run
{
	int64_t		run_id;
	int64_t		org_id;
	MemoryContext call;			/* what lives as long as the call, */
	MemoryContext account;		/* until the next account */
	BlBillWriter *writer;
	FmgrInfo	rate;
	struct varlena *no_carry;
	/* the last span */
	DateADT		from_on;
	DateADT		until_on;
	Datum		during;
} Run;

/* ---- one account ---- */

static void
refuse_problem(BlDue *due, BlStatus status, const BlProblem *p)
{
	const char *hint = p->hint[0] ? p->hint : bl_status_hint(status);
	const char *state = pstrdup(unpack_sql_state(bl_status_sqlstate(status)));

	if (due->market_asked && strcmp(state, "UB203") == 0)
		hint = "publish_component(), publish_prices() and add_calendar_days() publish it, add_plan() names the calendar; the next run bills the account.";
	bl_due_refuse(due, state, bl_utf8_to_server(p->message), p->detail[0] ? bl_utf8_to_server(p->detail) : NULL,
		   hint == NULL ? NULL : bl_utf8_to_server(hint));
}

static Datum
span_of(Run *run, const BlDue *due)
{
	if (run->during == 0 || run->from_on != due->from_on || run->until_on != due->until_on)
	{
		MemoryContext before = MemoryContextSwitchTo(run->call);
		TypeCacheEntry *type = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
		RangeBound	lower = {.val = DateADTGetDatum(due->from_on),.inclusive = true,.lower = true};
		RangeBound	upper = {.val = DateADTGetDatum(due->until_on)};

		run->during = RangeTypePGetDatum(make_range(type, &lower, &upper, false));
		run->from_on = due->from_on;
		run->until_on = due->until_on;
		MemoryContextSwitchTo(before);
	}
	return run->during;
}

/* the total as money; an exception if it is not in whole cents */
static bool
money_of(BlDue *due, BlDec total, BlNewBill *bill)
{
	BlDec		cents;

	if (bl_dec_round(total, &(BlRounding) {.set = true,.mode = BL_DOWN,.step = {1, 2}}, &cents) != BL_OK || bl_dec_cmp(cents, total) != 0)
	{
		char		text[BL_DEC_TEXT];

		bl_dec_text(bl_dec_trim(total), text);
		bl_due_refuse(due, "UB307", "the total is not in whole cents", psprintf("It is %s.", text), "Let the tariff round its lines or the total.");
		return false;
	}
	bill->cents = cents.coefficient;
	bill->total = bl_numeric(cents);
	/* what fits 64 bits fits the column */
	if ((int64_t) cents.coefficient != cents.coefficient)
		bill->total = DirectFunctionCall2(numeric, bill->total, Int32GetDatum(BL_MONEY_TYPMOD));
	return true;
}

/* rates; true: there is a bill */
static bool
judge(Run *run, BlDue *due, BlNewBill *bill)
{
	LOCAL_FCINFO(fcinfo, BL_RATE_ARGS);
	BlRatedRow	rated;
	const BlProblem *problem;
	BlStatus	status;

	if (due->sqlstate != NULL)
		return false;
	InitFunctionCallInfoData(*fcinfo, &run->rate, BL_RATE_ARGS, InvalidOid, NULL, NULL);
	fcinfo->args[BL_RATE_TARIFF] = (NullableDatum) {due->version->tariff, false};
	fcinfo->args[BL_RATE_USAGE] = (NullableDatum) {due->usage, false};
	fcinfo->args[BL_RATE_DURING] = (NullableDatum) {span_of(run, due), false};
	fcinfo->args[BL_RATE_TERMS] = (NullableDatum) {due->terms, false};
	fcinfo->args[BL_RATE_MARKET] = (NullableDatum) {due->market, !due->has_market};
	fcinfo->args[BL_RATE_CARRY] = (NullableDatum) {due->carry, !due->has_carry};
	status = bl_rate_row(fcinfo, due->bare_profile, &rated, &problem);
	if (status != BL_OK)
	{
		refuse_problem(due, status, problem);
		return false;
	}
	if (!money_of(due, rated.total, bill))
		return false;
	if (due->has_currency && !bl_is_text(due->currency, rated.currency))
	{
		bl_due_refuse(due, "UB308", "the currency is not that of the bills before", NULL, NULL);
		return false;
	}
	bill->head = due->head;
	bill->account_id = due->account_id;
	bill->from_on = due->from_on;
	bill->until_on = due->until_on;
	bill->seq = due->seq;
	/* what is owed matters to money only */
	bill->balance = due->ahead || bill->cents < 0 ? bl_cents(DatumGetNumeric(due->balance)) : 0;
	bill->link = (struct varlena *) DatumGetPointer(due->link);
	bill->usage_digest = due->usage_digest;
	bill->charges = rated.charges;
	bill->carry = rated.carry_size > 0 ? bl_value_of(rated.carry, rated.carry_size) : run->no_carry;
	bill->currency = cstring_to_text(rated.currency);
	bill->revision = 1;
	if (due->voided)
	{
		Datum		args[2] = {Int64GetDatum(due->account_id), DateADTGetDatum(due->from_on)};
		Datum		revision;
		bool		null;

		bl_ask(&revision_of, args, 1, &revision, &null);
		bill->revision = (int16_t) DatumGetInt32(revision);
	}
	return true;
}

static Datum
text_arg(const char *text, char *null)
{
	*null = text == NULL || text[0] == '\0' ? 'n' : ' ';
	return *null == 'n' ? (Datum) 0 : CStringGetTextDatum(text);
}

static void
except(Run *run, const BlDue *due)
{
	Datum		args[9] = {Int64GetDatum(due->account_id), Int64GetDatum(run->run_id), Int64GetDatum(run->org_id),
		DateADTGetDatum(due->from_on), DateADTGetDatum(due->until_on)};
	char		nulls[9] = {' ', ' ', ' ', ' ', ' '};

	args[5] = text_arg(due->sqlstate, &nulls[5]);
	args[6] = text_arg(due->message, &nulls[6]);
	args[7] = text_arg(due->detail, &nulls[7]);
	args[8] = text_arg(due->hint, &nulls[8]);
	if (SPI_execute_plan(bl_plan(&add_exception), args, nulls, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "an exception was not kept");
}

/* ---- the range ---- */

static void
open_run(Run *run)
{
	Datum		values[2];
	bool		nulls[2];
	BlCarry		no_carry = {0};
	Datum		org_id = Int64GetDatum(run->org_id);

	bl_ask(&rights, &org_id, 2, values, nulls);
	if (nulls[1] || !DatumGetBool(values[1]))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("this needs the right to read account and reading, and to write bill and money at the run's org"),
				 errdetail("You are %s.", TextDatumGetCString(values[0]))));
	run->writer = bl_bills_open(run->run_id, run->org_id, (struct varlena *) DatumGetPointer(values[0]));
	run->no_carry = bl_carry_value(&no_carry);
	run->rate.fn_mcxt = run->call;
}

static void
bill_list(Run *run, BlDueList *list, int counts[2])
{
	MemoryContext before = MemoryContextSwitchTo(run->account);
	BlDue		due;

	while (bl_due_next(list, &due))
	{
		BlNewBill	bill;

		if (judge(run, &due, &bill))
		{
			bl_bills_add(run->writer, &bill);
			counts[0]++;
		}
		else
		{
			except(run, &due);
			counts[1]++;
		}
		if (bl_bills_full(run->writer))
			bl_bills_flush(run->writer);
		MemoryContextReset(run->account);
	}
	MemoryContextSwitchTo(before);
}

/* _bill_accounts(run_id bigint, org_id bigint, until_on date, first_account bigint, last_account bigint, OUT billed integer, OUT failed integer) */
PG_FUNCTION_INFO_V1(billing_bill_accounts);
Datum
billing_bill_accounts(PG_FUNCTION_ARGS)
{
	int			counts[2] = {0, 0};
	Run			run = {.run_id = PG_GETARG_INT64(0),.org_id = PG_GETARG_INT64(1)};
	BlDueList  *list;
	TupleDesc	result;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &result) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "two columns are expected");
	result = BlessTupleDesc(result);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI does not connect");
	list = bl_due_lock(run.org_id, PG_GETARG_INT64(3), PG_GETARG_INT64(4), PG_GETARG_DATEADT(2));
	if (list != NULL)
	{
		/* after the locks, so that it sees whatever was brought until then by who had them */
		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
		run.call = CurrentMemoryContext;
		/* its first block stays, and is large enough for nearly all accounts */
		run.account = AllocSetContextCreate(CurrentMemoryContext, "account", 0, 128 * 1024, ALLOCSET_DEFAULT_MAXSIZE);
		open_run(&run);
		bl_due_open(list, run.run_id);
		bill_list(&run, list, counts);
		bl_bills_close(run.writer);
		bl_due_close(list);
		PopActiveSnapshot();
	}
	SPI_finish();
	values[0] = Int32GetDatum(counts[0]);
	values[1] = Int32GetDatum(counts[1]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(result, values, nulls)));
}

/*
 * rate_fold_fn.c - rate_fold(): period after period of one account, each with the carry of the one before
 *
 * A what-if rates the year of each account of a segment: this keeps only what
 * the bills come to, and what is wrong ends the account, not the statement.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "billing.h"
#include "numeric.h"
#include "rate_fn.h"
#include "value_op.h"

enum
{
	/* the arguments of the step, after its state */
	FOLD_TARIFF = 1,
	FOLD_USAGE,
	FOLD_PERIODS,
	FOLD_TERMS,
	FOLD_MARKET,
	FOLD_CARRY,

	FOLD_PERIODS_MAX = 12000
};

typedef struct Fold
{
	MemoryContext context;
	bool		begun;
	int			bills;
	int			room;
	BlDec	   *totals;
	BlDec		total;
	struct varlena *carry;		/* NULL: none */
	char		currency[4];
	char	   *sqlstate;		/* NULL: all is well */
	char	   *message;
	char	   *detail;
} Fold;

static Fold *
fold_of(FunctionCallInfo fcinfo)
{
	MemoryContext context;
	Fold	   *fold;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the support functions of billing.rate_fold() cannot be called alone")));
	if (!PG_ARGISNULL(0))
		return (Fold *) PG_GETARG_POINTER(0);
	fold = MemoryContextAllocZero(context, sizeof *fold);
	fold->context = context;
	return fold;
}

static void
refuse(Fold *fold, int sqlstate, const char *message, const char *detail)
{
	MemoryContext before = MemoryContextSwitchTo(fold->context);

	fold->sqlstate = pstrdup(unpack_sql_state(sqlstate));
	fold->message = pstrdup(bl_utf8_to_server(message));
	fold->detail = detail != NULL && detail[0] != '\0' ? pstrdup(bl_utf8_to_server(detail)) : NULL;
	MemoryContextSwitchTo(before);
}

static void
keep_carry(Fold *fold, const BlRatedRow *row)
{
	MemoryContext before = MemoryContextSwitchTo(fold->context);

	if (fold->carry != NULL)
		pfree(fold->carry);
	fold->carry = row->carry_size > 0 ? bl_value_of(row->carry, row->carry_size) : NULL;
	MemoryContextSwitchTo(before);
}

static void
keep_total(Fold *fold, const BlRatedRow *row)
{
	if (fold->bills > 0 && strcmp(fold->currency, row->currency) != 0)
	{
		refuse(fold, ERRCODE_BILLING_BAD_UNIT, "the periods are not rated in one currency", NULL);
		return;
	}
	memcpy(fold->currency, row->currency, sizeof fold->currency);
	if (fold->bills >= FOLD_PERIODS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("rate_fold() rates at most %d periods of one account", FOLD_PERIODS_MAX)));
	if (fold->bills == fold->room)
	{
		fold->room = fold->room > 0 ? 2 * fold->room : 16;
		fold->totals = fold->totals == NULL ? MemoryContextAlloc(fold->context, sizeof *fold->totals * (Size) fold->room)
			: repalloc(fold->totals, sizeof *fold->totals * (Size) fold->room);
	}
	bl_check(bl_dec_add(fold->total, row->total, &fold->total), "total");
	fold->totals[fold->bills++] = row->total;
}

/* The library's own call of rate(), kept between rows and accounts. */
static FmgrInfo *
kept_call(FunctionCallInfo fcinfo)
{
	FmgrInfo   *call = fcinfo->flinfo->fn_extra;

	if (call == NULL)
	{
		call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof *call);
		call->fn_mcxt = fcinfo->flinfo->fn_mcxt;
		fcinfo->flinfo->fn_extra = call;
	}
	return call;
}

static void
rate_periods(Fold *fold, FunctionCallInfo fcinfo)
{
	LOCAL_FCINFO(one, BL_RATE_ARGS);
	Datum	   *periods;
	bool	   *nulls;
	int			n;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(FOLD_PERIODS), DATERANGEOID, -1, false, TYPALIGN_INT, &periods, &nulls, &n);
	InitFunctionCallInfoData(*one, kept_call(fcinfo), BL_RATE_ARGS, InvalidOid, NULL, NULL);
	one->args[BL_RATE_TARIFF] = fcinfo->args[FOLD_TARIFF];
	one->args[BL_RATE_USAGE] = fcinfo->args[FOLD_USAGE];
	one->args[BL_RATE_TERMS] = fcinfo->args[FOLD_TERMS];
	one->args[BL_RATE_MARKET] = fcinfo->args[FOLD_MARKET];
	for (int i = 0; i < n && fold->sqlstate == NULL; i++)
	{
		const BlProblem *problem;
		BlRatedRow	row;
		BlStatus	status;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
		{
			refuse(fold, ERRCODE_NULL_VALUE_NOT_ALLOWED, "there is no span to bill", NULL);
			break;
		}
		one->args[BL_RATE_DURING] = (NullableDatum) {periods[i], false};
		one->args[BL_RATE_CARRY] = fold->begun ? (NullableDatum) {PointerGetDatum(fold->carry), fold->carry == NULL} : fcinfo->args[FOLD_CARRY];
		status = bl_rate_row(one, false, &row, &problem);
		if (status != BL_OK)
		{
			refuse(fold, bl_status_sqlstate(status), problem->message, problem->detail);
			break;
		}
		fold->begun = true;
		keep_total(fold, &row);
		keep_carry(fold, &row);
		pfree(row.charges);
	}
}

/* _fold_step(internal, tariff, usage, daterange[], jsonb, market, carry) returns internal */
PG_FUNCTION_INFO_V1(billing_rate_fold_step);
Datum
billing_rate_fold_step(PG_FUNCTION_ARGS)
{
	Fold	   *fold = fold_of(fcinfo);

	if (fold->sqlstate == NULL && !PG_ARGISNULL(FOLD_PERIODS))
	{
		if (PG_ARGISNULL(FOLD_TARIFF))
			refuse(fold, ERRCODE_NULL_VALUE_NOT_ALLOWED, "there is no tariff", NULL);
		else if (PG_ARGISNULL(FOLD_USAGE))
			refuse(fold, ERRCODE_BILLING_NO_USAGE, "there is no usage", NULL);
		else
			rate_periods(fold, fcinfo);
	}
	PG_RETURN_POINTER(fold);
}

static Datum
totals_of(const Fold *fold)
{
	Datum	   *values = palloc(sizeof *values * (Size) Max(fold->bills, 1));

	for (int i = 0; i < fold->bills; i++)
		values[i] = bl_numeric(fold->totals[i]);
	return PointerGetDatum(construct_array(values, fold->bills, NUMERICOID, -1, false, TYPALIGN_INT));
}

/* _fold_final(internal) returns rated */
PG_FUNCTION_INFO_V1(billing_rate_fold_final);
Datum
billing_rate_fold_final(PG_FUNCTION_ARGS)
{
	Fold	   *fold = fold_of(fcinfo);
	TupleDesc	desc;
	Datum		values[8] = {0};
	bool		nulls[8] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 8)
		elog(ERROR, "rate_fold() must be called for a row");
	values[0] = Int32GetDatum(fold->bills);
	/* what could not be rated whole has no total that could be taken for one */
	nulls[1] = fold->sqlstate != NULL || fold->bills == 0;
	values[1] = nulls[1] ? (Datum) 0 : bl_numeric(fold->total);
	values[2] = totals_of(fold);
	nulls[3] = fold->bills == 0;
	values[3] = nulls[3] ? (Datum) 0 : CStringGetTextDatum(fold->currency);
	nulls[4] = nulls[1] || fold->carry == NULL;
	values[4] = PointerGetDatum(fold->carry);
	nulls[5] = nulls[6] = fold->sqlstate == NULL;
	if (fold->sqlstate != NULL)
	{
		values[5] = CStringGetTextDatum(fold->sqlstate);
		values[6] = CStringGetTextDatum(fold->message);
	}
	nulls[7] = fold->detail == NULL;
	values[7] = nulls[7] ? (Datum) 0 : CStringGetTextDatum(fold->detail);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

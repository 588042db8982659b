/*
 * rate_fn.c - rate(), try_rate(), rate_months(), explain_charges()
 *
 * rate() and try_rate() are one step of the fold.  All that the core finds wrong
 * is a status with its words: rate() raises it, try_rate() hands it back, so
 * that one bad account never stops a statement.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "billing.h"
#include "carry_type.h"
#include "jsontext.h"
#include "numeric.h"
#include "rate_cache.h"
#include "rate_fn.h"
#include "value_op.h"

/* ---- the span ---- */

static BlStatus
span_of(Datum during, int32_t *from, int32_t *until, BlProblem *problem)
{
	RangeType  *range = DatumGetRangeTypeP(during);
	TypeCacheEntry *type = lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO);
	RangeBound	lower,
				upper;
	bool		empty;

	range_deserialize(type, range, &lower, &upper, &empty);
	if (empty || lower.infinite || upper.infinite ||
		DATE_NOT_FINITE(DatumGetDateADT(lower.val)) || DATE_NOT_FINITE(DatumGetDateADT(upper.val)))
	{
		bl_problem(problem, BL_BAD_VALUE, "the billed span has no first or no last day");
		bl_problem_hint(problem, "Give a span such as daterange('2026-01-01', '2026-02-01').");
		return BL_BAD_VALUE;
	}
	*from = DatumGetDateADT(lower.val);
	*until = DatumGetDateADT(upper.val);
	return BL_OK;
}

static Datum
range_of(int32_t from, int32_t until)
{
	TypeCacheEntry *type = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound	lower = {.val = DateADTGetDatum(from), .inclusive = true, .lower = true};
	RangeBound	upper = {.val = DateADTGetDatum(until)};

	return RangeTypePGetDatum(make_range(type, &lower, &upper, false));
}

/* ---- one step ---- */

typedef struct Step
{
	BlRateCall *call;
	BlBinding  *binding;
	BlUsage		usage;
	BlCarry		carry;
	bool		has_carry;
	BlJson	   *terms;
	BlRated		rated;
	size_t		carry_size;		/* of the closing carry; 0: empty */
} Step;

static BlStatus
say(Step *s, BlStatus status, const char *what)
{
	return status == BL_OK ? BL_OK : bl_problem(&s->call->problem, status, "%s: %s", what, bl_status_text(status));
}

static BlStatus
open_carry(Step *s, FunctionCallInfo fcinfo)
{
	BlBytes		bytes;

	s->has_carry = !PG_ARGISNULL(BL_RATE_CARRY);
	if (!s->has_carry)
		return BL_OK;
	bytes = BL_GETARG_BYTES(BL_RATE_CARRY);
	return say(s, bl_carry_open(&s->carry, bytes.bytes, bytes.size, &s->call->arena), "carry");
}

/* everything but the usage; the span is given, since rate_months() walks it */
static BlStatus
prepare(Step *s, FunctionCallInfo fcinfo, int32_t from, int32_t until)
{
	BlStatus	status;

	status = bl_rate_bind(s->call, PG_GETARG_DATUM(BL_RATE_TARIFF), from, until,
						  PG_ARGISNULL(BL_RATE_MARKET) ? (Datum) 0 : PG_GETARG_DATUM(BL_RATE_MARKET),
						  !PG_ARGISNULL(BL_RATE_MARKET), &s->binding);
	if (status == BL_OK)
		status = bl_rate_terms(s->call, PG_ARGISNULL(BL_RATE_TERMS) ? (Datum) 0 : PG_GETARG_DATUM(BL_RATE_TERMS),
							   !PG_ARGISNULL(BL_RATE_TERMS), &s->terms);
	return status;
}

static BlStatus
rate_step(Step *s)
{
	BlStatus	status;

	s->call->problem.status = BL_OK;
	status = bl_rate(s->binding->bound, &s->usage, s->terms, s->has_carry ? &s->carry : NULL,
					 &s->call->arena, &s->rated, &s->call->problem);
	/* a status without words of its own */
	if (status != BL_OK && s->call->problem.status != status)
		bl_problem(&s->call->problem, status, "%s", bl_status_text(status));
	s->carry_size = 0;
	if (status == BL_OK && s->rated.carry.counters + s->rated.carry.demands + s->rated.carry.banks > 0)
	{
		BlWriter	size = {NULL, 0, 0};

		status = say(s, bl_carry_write(&s->rated.carry, &size), "closing carry");
		if (status == BL_LIMIT)
			bl_problem_hint(&s->call->problem, "A carry keeps %d counters, %d demands and %d banks: let charges share a \"counter\".",
							BL_CARRY_COUNTERS_MAX, BL_CARRY_DEMANDS_MAX, BL_CARRY_BANKS_MAX);
		s->carry_size = size.used;
	}
	return status;
}

/* the result as a value */
static struct varlena *
charges_of(Step *s)
{
	BlWriter	carry = {NULL, 0, 0};
	BlWriter	w;
	struct varlena *value;
	size_t		room;

	if (s->carry_size > 0)
	{
		carry = (BlWriter) {palloc(s->carry_size), s->carry_size, 0};
		bl_check(bl_carry_write(&s->rated.carry, &carry), "closing carry");
	}
	room = bl_rated_bound(s->binding->bound, &s->rated, carry.used);
	value = bl_new_value(room);
	w = (BlWriter) {bl_new_bytes(value), room, 0};
	bl_rated_write(s->binding->bound, &s->rated, s->binding->tariff_digest, s->binding->facts_digest,
				   carry.bytes, carry.used, &w);
	SET_VARSIZE(value, VARHDRSZ + w.used);
	return value;
}

static BlStatus
open_span(FunctionCallInfo fcinfo, BlRateCall *call, int32_t *from, int32_t *until)
{
	if (call->serial == 0 || !call->during_stable)
		return span_of(PG_GETARG_DATUM(BL_RATE_DURING), from, until, &call->problem);
	*from = call->from;
	*until = call->until;
	return BL_OK;
}

/* all of a call up to its result; usage is a value, or a bare import profile */
static BlStatus
whole_step(Step *s, FunctionCallInfo fcinfo, bool bare_profile)
{
	int32_t		from,
				until;
	BlStatus	status;
	BlBytes		bytes;

	/* by the time it is read, the start of the profile is here */
	for (int i = 0; i < 20 && !PG_ARGISNULL(BL_RATE_USAGE); i++)
		__builtin_prefetch(DatumGetPointer(PG_GETARG_DATUM(BL_RATE_USAGE)) + 64 * i);
	s->call = bl_rate_call(fcinfo, BL_RATE_TARIFF, BL_RATE_DURING, BL_RATE_MARKET);
	status = open_span(fcinfo, s->call, &from, &until);
	if (status != BL_OK)
		return status;
	bl_rate_next_row(s->call);
	status = prepare(s, fcinfo, from, until);
	if (status == BL_OK)
		status = open_carry(s, fcinfo);
	if (status != BL_OK)
		return status;
	if (bare_profile)
	{
		bytes = PG_ARGISNULL(BL_RATE_USAGE) ? (BlBytes) {NULL, 0} : BL_GETARG_BYTES(BL_RATE_USAGE);
		bl_usage_of_profile(&s->usage, BL_IMPORT, bytes.bytes, bytes.size);
	}
	else
	{
		bytes = BL_GETARG_BYTES(BL_RATE_USAGE);
		status = say(s, bl_usage_open(&s->usage, bytes.bytes, bytes.size), "usage");
		if (status != BL_OK)
			return status;
	}
	return rate_step(s);
}

BlStatus
bl_rate_row(FunctionCallInfo fcinfo, bool bare_profile, BlRatedRow *row, const BlProblem **problem)
{
	Step		s;
	BlStatus	status = whole_step(&s, fcinfo, bare_profile);
	BlText		currency;
	BlBytes		bytes;

	*problem = &s.call->problem;
	if (status != BL_OK)
		return status;
	row->charges = charges_of(&s);
	row->total = s.rated.total;
	currency = s.binding->tariff->currency;
	memset(row->currency, 0, sizeof row->currency);
	memcpy(row->currency, currency.text, Min((size_t) currency.length, sizeof row->currency - 1));
	bytes = bl_bytes(row->charges);
	row->carry_size = s.carry_size;
	row->carry = bytes.bytes + bytes.size - s.carry_size;
	return BL_OK;
}

/* rate(tariff, usage, during, terms, market, carry) returns charges */
PG_FUNCTION_INFO_V1(billing_rate);
Datum
billing_rate(PG_FUNCTION_ARGS)
{
	Step		s;

	if (PG_ARGISNULL(BL_RATE_TARIFF) || PG_ARGISNULL(BL_RATE_USAGE) || PG_ARGISNULL(BL_RATE_DURING))
		PG_RETURN_NULL();
	if (whole_step(&s, fcinfo, false) != BL_OK)
		bl_raise(&s.call->problem);
	PG_RETURN_POINTER(charges_of(&s));
}

/* _rate_import(tariff, profile, during, terms, market, carry) returns charges: rate() of usage(import => profile) */
PG_FUNCTION_INFO_V1(billing_rate_import);
Datum
billing_rate_import(PG_FUNCTION_ARGS)
{
	Step		s;

	if (PG_ARGISNULL(BL_RATE_TARIFF) || PG_ARGISNULL(BL_RATE_DURING))
		PG_RETURN_NULL();
	if (whole_step(&s, fcinfo, true) != BL_OK)
		bl_raise(&s.call->problem);
	PG_RETURN_POINTER(charges_of(&s));
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL || text[0] == '\0';
	return *isnull ? (Datum) 0 : CStringGetTextDatum(bl_utf8_to_server(text));
}

/* try_rate(...) returns (charges, sqlstate, message, detail, hint) */
PG_FUNCTION_INFO_V1(billing_try_rate);
Datum
billing_try_rate(PG_FUNCTION_ARGS)
{
	BlRateCall *call = bl_rate_call(fcinfo, BL_RATE_TARIFF, BL_RATE_DURING, BL_RATE_MARKET);
	Datum		values[5] = {0};
	bool		nulls[5] = {true, true, true, true, true};
	BlStatus	status;
	Step		s;

	if (call->result == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(call->context);
		TupleDesc	desc;

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "try_rate() must be called for a row");
		call->result = BlessTupleDesc(CreateTupleDescCopy(desc));
		MemoryContextSwitchTo(before);
	}
	/* no bill and no error would look like a success in a report of failures */
	if (PG_ARGISNULL(BL_RATE_TARIFF) || PG_ARGISNULL(BL_RATE_USAGE) || PG_ARGISNULL(BL_RATE_DURING))
	{
		bool		usage = !PG_ARGISNULL(BL_RATE_TARIFF) && !PG_ARGISNULL(BL_RATE_DURING);

		values[1] = CStringGetTextDatum(unpack_sql_state(usage ? ERRCODE_BILLING_NO_USAGE : ERRCODE_NULL_VALUE_NOT_ALLOWED));
		values[2] = CStringGetTextDatum(usage ? "there is no usage" :
										PG_ARGISNULL(BL_RATE_TARIFF) ? "there is no tariff" : "there is no span to bill");
		values[4] = CStringGetTextDatum(usage ? "Give what the meters say; usage() says that there is no meter." :
										"An argument of try_rate() is null.");
		nulls[1] = nulls[2] = nulls[4] = false;
	}
	else
	{
		status = whole_step(&s, fcinfo, false);
		if (status == BL_OK)
		{
			values[0] = PointerGetDatum(charges_of(&s));
			nulls[0] = false;
		}
		else
		{
			const BlProblem *p = &s.call->problem;

			values[1] = CStringGetTextDatum(unpack_sql_state(bl_status_sqlstate(status)));
			nulls[1] = false;
			values[2] = text_or_null(p->message, &nulls[2]);
			values[3] = text_or_null(p->detail, &nulls[3]);
			values[4] = text_or_null(p->hint[0] ? p->hint : bl_status_hint(status), &nulls[4]);
		}
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(call->result, values, nulls)));
}

/* ---- reasons ---- */

static char *
decimal_text(BlDec value)
{
	char	   *text = palloc(BL_DEC_TEXT);

	bl_dec_text(bl_dec_trim(value), text);
	return text;
}

/* where the quantity of a line comes from */
static char *
source_text(const BlTariff *t, const BlCharge *q, const BlLine *line, const BlLineNames *names)
{
	StringInfoData s;
	const BlPartRule *part = &t->part[q->part];

	initStringInfo(&s);
	switch (q->kind)
	{
		case BL_CHARGE_ENERGY:
		case BL_CHARGE_TIERS:
		case BL_CHARGE_DEMAND:
			appendStringInfo(&s, "%s%s of %.*s", q->kind == BL_CHARGE_DEMAND ? "highest demand, " : "",
							 bl_channel_name[q->channel], part->name.length, part->name.text);
			if (part->of >= 0)
				appendStringInfo(&s, " (a share of %.*s)", t->part[part->of].name.length, t->part[part->of].name.text);
			if (names->period.length > 0)
				appendStringInfo(&s, ", period %.*s", names->period.length, names->period.text);
			if (q->kind == BL_CHARGE_TIERS)
				appendStringInfo(&s, ", tier %d of count %.*s", line->tier, q->counter.length, q->counter.text);
			if (names->component.length > 0)
				appendStringInfo(&s, ", component %.*s", names->component.length, names->component.text);
			break;
		case BL_CHARGE_CAPACITY:
		case BL_CHARGE_FIXED:
			if (q->quantity_term >= 0)
				appendStringInfo(&s, "term %.*s", t->term[q->quantity_term].name.length, t->term[q->quantity_term].name.text);
			else
				appendStringInfoString(&s, "time");
			break;
		default:
			if (q->of.all)
				appendStringInfoString(&s, "all lines before");
			else
				appendStringInfoString(&s, "lines of");
			for (int i = 0; i < q->of.of_count; i++)
				appendStringInfo(&s, "%s %.*s", i ? "," : "", q->of.of[i].length, q->of.of[i].text);
			for (int i = 0; i < q->of.except_count; i++)
				appendStringInfo(&s, "%s %.*s", i ? "," : " except", q->of.except[i].length, q->of.except[i].text);
			if (bl_is_year_bound(q))
				appendStringInfo(&s, ", of the year in count %.*s", q->counter.length, q->counter.text);
	}
	return s.data;
}

/* quantity x price x fraction, as far as they make the amount */
static char *
how_text(const BlLine *line, const BlReason *reason)
{
	StringInfoData s;

	initStringInfo(&s);
	if (reason->charge != NULL && (reason->charge->kind == BL_CHARGE_MINIMUM || reason->charge->kind == BL_CHARGE_MAXIMUM))
		appendStringInfo(&s, "%s - %s", decimal_text(reason->bound), decimal_text(reason->base));
	if (!(line->flags & BL_LINE_MEASURED))
		return s.data;
	appendStringInfoString(&s, decimal_text(line->quantity));
	if (line->flags & BL_LINE_PRICED)
		appendStringInfo(&s, " * %s", decimal_text(line->price));
	if (line->flags & BL_LINE_INCLUDED)
		appendStringInfo(&s, " / (100 + %s)", decimal_text(line->price));
	else if (reason->num != 1 || reason->den != 1)
		appendStringInfo(&s, " * " INT64_FORMAT "/" INT64_FORMAT, reason->num, reason->den);
	return s.data;
}

static char *
rounding_text(const BlCharge *q)
{
	static const char *const modes[] = {"half_up", "half_even", "half_down", "down", "up", "floor", "ceiling"};
	const BlRounding *r = q->rounding.group.set ? &q->rounding.group : &q->rounding.line;

	if (!r->set)
		return NULL;
	return psprintf("%s to %s%s", modes[r->mode], decimal_text(r->step), q->rounding.group.set ? ", with its group" : "");
}

/* the charge as the tariff has it */
static Datum
rule_json(const BlCharge *q)
{
	BlArena		arena;
	BlWriter	w = {NULL, 0, 0};
	char	   *text;

	bl_arena_init(&arena, 1 << 26);
	if (!bl_json_write(q->at, &arena, &w))
		bl_fail(BL_NO_SPACE, "rule");
	text = palloc0(w.used + 1);
	w = (BlWriter) {(uint8_t *) text, w.used, 0};
	bl_json_write(q->at, &arena, &w);
	return bl_jsonb_of_text(bl_utf8_to_server(text));
}

/* explain_charges(...) returns table: a row a line of the bill, with its reason */
PG_FUNCTION_INFO_V1(billing_explain_charges);
Datum
billing_explain_charges(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int32_t		from,
				until;
	BlBytes		bytes;
	BlCharges	charges;
	BlStatus	status;
	const uint8_t *next;
	Step		s;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(BL_RATE_TARIFF) || PG_ARGISNULL(BL_RATE_USAGE) || PG_ARGISNULL(BL_RATE_DURING))
		return (Datum) 0;
	s.call = bl_rate_call(fcinfo, BL_RATE_TARIFF, BL_RATE_DURING, BL_RATE_MARKET);
	s.call->explains = true;
	status = open_span(fcinfo, s.call, &from, &until);
	bl_rate_next_row(s.call);
	if (status == BL_OK)
		status = prepare(&s, fcinfo, from, until);
	if (status == BL_OK)
		status = open_carry(&s, fcinfo);
	if (status == BL_OK)
	{
		bytes = BL_GETARG_BYTES(BL_RATE_USAGE);
		status = say(&s, bl_usage_open(&s.usage, bytes.bytes, bytes.size), "usage");
	}
	if (status == BL_OK)
		status = rate_step(&s);
	if (status != BL_OK)
		bl_raise(&s.call->problem);
	bytes = bl_bytes(charges_of(&s));
	bl_check(bl_charges_open(&charges, bytes.bytes, bytes.size), "charges");
	next = charges.first_line;
	for (int i = 0; i < charges.lines; i++)
	{
		BlLine		line;
		BlLineNames names;
		BlReason	reason;
		Datum		values[12];
		bool		nulls[12] = {false};
		char	   *how,
				   *rounding;

		bl_charges_line(&charges, &next, &line);
		bl_charges_names(&charges, &line, &names);
		bl_rated_reason(s.binding->bound, i, &reason);
		how = how_text(&line, &reason);
		rounding = reason.charge ? rounding_text(reason.charge) : NULL;
		values[0] = Int32GetDatum(i + 1);
		values[1] = reason.charge ? bl_text_datum(names.code) : CStringGetTextDatum("rounding");
		values[2] = range_of(reason.from, reason.until);
		nulls[3] = reason.charge == NULL;
		values[3] = nulls[3] ? (Datum) 0 : CStringGetTextDatum(bl_utf8_to_server(source_text(s.binding->tariff, reason.charge, &line, &names)));
		nulls[4] = !(line.flags & BL_LINE_MEASURED);
		values[4] = nulls[4] ? (Datum) 0 : bl_numeric(line.quantity);
		values[5] = CStringGetTextDatum(bl_charge_unit_name[line.unit]);
		nulls[6] = !(line.flags & BL_LINE_PRICED);
		values[6] = nulls[6] ? (Datum) 0 : bl_numeric(line.price);
		nulls[7] = how[0] == '\0';
		values[7] = nulls[7] ? (Datum) 0 : CStringGetTextDatum(how);
		values[8] = bl_numeric(bl_dec_trim(reason.exact));
		nulls[9] = rounding == NULL;
		values[9] = nulls[9] ? (Datum) 0 : CStringGetTextDatum(rounding);
		values[10] = bl_numeric(line.amount);
		nulls[11] = reason.charge == NULL;
		values[11] = nulls[11] ? (Datum) 0 : rule_json(reason.charge);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* ---- many months ---- */

/* the first of a month n months after from keeps its day where the month has it */
static int32_t
month_after(int32_t from, int n)
{
	BlDate		d = bl_date_of(from);
	int32_t		first = bl_day_of(d.year, d.month + n, 1);
	BlDate		f = bl_date_of(first);
	int			last = bl_days_in_month(f.year, f.month);

	return first + (d.day < last ? d.day : last) - 1;
}

static bool
has_open_register(const BlUsage *usage)
{
	for (int i = 0; i < usage->parts; i++)
	{
		const uint8_t *next = usage->part[i].register_bytes;

		for (int k = 0; k < usage->part[i].registers; k++)
		{
			BlRegister	reg;

			bl_usage_register(&usage->part[i], &next, &reg);
			if (reg.kind == BL_SPAN_NONE)
				return true;
		}
	}
	return false;
}

/* market_digest(tariff, during, market) returns bytea: what a bill of these days says of its market */
PG_FUNCTION_INFO_V1(billing_rate_market_digest);
Datum
billing_rate_market_digest(PG_FUNCTION_ARGS)
{
	BlRateCall *call = bl_rate_call(fcinfo, 0, 1, 2);
	BlBinding  *binding;
	int32_t		from,
				until;
	BlStatus	status;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	status = span_of(PG_GETARG_DATUM(1), &from, &until, &call->problem);
	if (status == BL_OK)
	{
		bl_rate_next_row(call);
		status = bl_rate_bind(call, PG_GETARG_DATUM(0), from, until, PG_ARGISNULL(2) ? (Datum) 0 : PG_GETARG_DATUM(2),
							  !PG_ARGISNULL(2), &binding);
	}
	if (status != BL_OK)
		bl_raise(&call->problem);
	PG_RETURN_POINTER(bl_value_of(binding->facts_digest, BL_DIGEST_SIZE));
}

/* rate_months(tariff, usage, from_on, months, terms, market, carry) returns table (during, charges) */
PG_FUNCTION_INFO_V1(billing_rate_months);
Datum
billing_rate_months(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	LOCAL_FCINFO(one, BL_RATE_ARGS);
	int32_t		from;
	int			months;
	BlBytes		bytes;
	Step		s;
	struct varlena *carry_value = NULL;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < 4; i++)
		if (PG_ARGISNULL(i))
			return (Datum) 0;
	from = PG_GETARG_DATEADT(2);
	months = PG_GETARG_INT32(3);
	if (DATE_NOT_FINITE(from) || from <= BL_DAY_MIN + 400 || from >= BL_DAY_MAX - 40000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the first day to rate is beyond the calendar"),
				 errhint("Check the year.")));
	if (months < 1 || months > 1200)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rate_months() rates 1 to 1200 months, not %d", months)));
	/* rate()'s arguments */
	InitFunctionCallInfoData(*one, fcinfo->flinfo, BL_RATE_ARGS, fcinfo->fncollation, NULL, NULL);
	one->args[BL_RATE_TARIFF] = fcinfo->args[0];
	one->args[BL_RATE_USAGE] = fcinfo->args[1];
	one->args[BL_RATE_DURING] = (NullableDatum) {(Datum) 0, true};
	one->args[BL_RATE_TERMS] = fcinfo->args[4];
	one->args[BL_RATE_MARKET] = fcinfo->args[5];
	one->args[BL_RATE_CARRY] = fcinfo->args[6];
	s.call = bl_rate_call(fcinfo, 0, 2, 5);
	s.call->during_stable = false;
	bytes = BL_GETARG_BYTES(1);
	bl_check(bl_usage_open(&s.usage, bytes.bytes, bytes.size), "usage");
	if (months > 1 && has_open_register(&s.usage))
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("a register without a span cannot be rated over several months"),
				 errhint("Give each register its \"from\" and \"until\".")));
	for (int i = 0; i < months; i++)
	{
		int32_t		first = month_after(from, i);
		int32_t		next = month_after(from, i + 1);
		Datum		values[2];
		bool		nulls[2] = {false, false};
		BlStatus	status;
		struct varlena *value;
		BlCharges	charges;

		CHECK_FOR_INTERRUPTS();
		bl_rate_next_row(s.call);
		status = prepare(&s, one, first, next);
		if (status == BL_OK)
			status = open_carry(&s, one);
		if (status == BL_OK)
			status = rate_step(&s);
		if (status != BL_OK)
			bl_raise(&s.call->problem);
		value = charges_of(&s);
		values[0] = range_of(first, next);
		values[1] = PointerGetDatum(value);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		/* hand the carry on */
		bl_check(bl_charges_open(&charges, bl_bytes(value).bytes, bl_bytes(value).size), "charges");
		if (carry_value != NULL)
			pfree(carry_value);
		carry_value = charges.carry_size > 0 ? bl_value_of(charges.carry, charges.carry_size) : NULL;
		one->args[BL_RATE_CARRY] = (NullableDatum) {PointerGetDatum(carry_value), carry_value == NULL};
		pfree(value);
	}
	return (Datum) 0;
}

/* ---- one call for rate(usage(import => p)) ---- */

/* is it usage() of this schema with nothing but the import profile of part main? */
static Node *
bare_import(Node *node, Oid schema)
{
	FuncExpr   *usage = (FuncExpr *) node;
	int			i = 0;
	ListCell   *cell;
	Node	   *import = NULL;
	char	   *name;

	if (!IsA(node, FuncExpr) || get_func_namespace(usage->funcid) != schema || list_length(usage->args) < 3)
		return NULL;
	name = get_func_name(usage->funcid);
	if (name == NULL || strcmp(name, "usage") != 0)
		return NULL;
	foreach(cell, usage->args)
	{
		Node	   *arg = lfirst(cell);

		if (i == 0)
		{
			/* the name of the part */
			if (!IsA(arg, Const) || ((Const *) arg)->constisnull || ((Const *) arg)->consttype != TEXTOID ||
				strcmp(TextDatumGetCString(((Const *) arg)->constvalue), "main") != 0)
				return NULL;
		}
		else if (i == 1)
			import = arg;
		else if (!IsA(arg, Const) || !((Const *) arg)->constisnull)
			return NULL;
		i++;
	}
	return import;
}

/*
 * Support function of rate(): a usage of one profile is rated straight from the
 * profile, without copying it into a usage first.
 */
PG_FUNCTION_INFO_V1(billing_rate_support);
Datum
billing_rate_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	FuncExpr   *call;
	Node	   *import;
	Oid			schema,
				direct,
				types[BL_RATE_ARGS];
	List	   *args;

	if (!IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(NULL);
	call = ((SupportRequestSimplify *) request)->fcall;
	if (list_length(call->args) != BL_RATE_ARGS)
		PG_RETURN_POINTER(NULL);
	schema = get_func_namespace(call->funcid);
	import = bare_import(list_nth(call->args, BL_RATE_USAGE), schema);
	if (import == NULL)
		PG_RETURN_POINTER(NULL);
	for (int i = 0; i < BL_RATE_ARGS; i++)
		types[i] = exprType(i == BL_RATE_USAGE ? import : list_nth(call->args, i));
	direct = LookupFuncName(list_make2(makeString(get_namespace_name(schema)), makeString(pstrdup("_rate_import"))),
							BL_RATE_ARGS, types, true);
	if (!OidIsValid(direct))
		PG_RETURN_POINTER(NULL);
	args = list_copy(call->args);
	lfirst(list_nth_cell(args, BL_RATE_USAGE)) = import;
	PG_RETURN_POINTER(makeFuncExpr(direct, call->funcresulttype, args, call->funccollid, call->inputcollid,
								   COERCE_EXPLICIT_CALL));
}

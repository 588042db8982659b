/*
 * carry_type.c - type carry: in, out, recv, casts, and its entries as rows
 *
 * The text form is the JSON of core/carry.h.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/tuplestore.h"

#include "billing.h"
#include "carry_type.h"
#include "jsontext.h"
#include "numeric.h"
#include "value_op.h"

enum
{
	ARENA_CEILING = 64 << 20
};

void
bl_carry_of(BlCarry *carry, BlBytes bytes)
{
	BlArena		arena;

	bl_arena_init(&arena, ARENA_CEILING);
	bl_check(bl_carry_open(carry, bytes.bytes, bytes.size, &arena), "carry");
}

struct varlena *
bl_carry_value(BlCarry *carry)
{
	BlWriter	w = {NULL, 0, 0};
	struct varlena *value;

	bl_check(bl_carry_write(carry, &w), "carry");
	value = bl_new_value(w.used);
	w = (BlWriter) {bl_new_bytes(value), w.used, 0};
	bl_check(bl_carry_write(carry, &w), "carry");
	return value;
}

static struct varlena *
from_text(const char *text)
{
	BlArena		arena;
	BlCarry		carry;
	BlProblem	problem = {0};

	bl_arena_init(&arena, ARENA_CEILING);
	if (bl_carry_from_json(&carry, bl_json_of_text(text, &arena), &arena, &problem) != BL_OK)
		bl_raise(&problem);
	return bl_carry_value(&carry);
}

static void
write_json(const void *carry, BlWriter *out)
{
	bl_carry_to_json(carry, out);
}

static char *
to_text(BlBytes bytes)
{
	BlCarry		carry;

	bl_carry_of(&carry, bytes);
	return bl_text_written(write_json, &carry);
}

/* carry_in(cstring) returns carry */
PG_FUNCTION_INFO_V1(billing_carry_in);
Datum
billing_carry_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(from_text(PG_GETARG_CSTRING(0)));
}

/* carry_out(carry) returns cstring */
PG_FUNCTION_INFO_V1(billing_carry_out);
Datum
billing_carry_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(to_text(BL_GETARG_BYTES(0)));
}

/* carry_recv(internal) returns carry */
PG_FUNCTION_INFO_V1(billing_carry_recv);
Datum
billing_carry_recv(PG_FUNCTION_ARGS)
{
	BlBytes		bytes = bl_received((StringInfo) PG_GETARG_POINTER(0));
	BlCarry		carry;

	bl_carry_of(&carry, bytes);
	PG_RETURN_POINTER(bl_value_of(bytes.bytes, bytes.size));
}

/* carry(jsonb) returns carry */
PG_FUNCTION_INFO_V1(billing_carry_from_jsonb);
Datum
billing_carry_from_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(from_text(bl_text_of_jsonb(PG_GETARG_DATUM(0))));
}

/* to_jsonb(carry) returns jsonb */
PG_FUNCTION_INFO_V1(billing_carry_to_jsonb);
Datum
billing_carry_to_jsonb(PG_FUNCTION_ARGS)
{
	return bl_jsonb_of_text(to_text(BL_GETARG_BYTES(0)));
}

/* ---- rows ---- */

static ReturnSetInfo *
rows_of(FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
	return (ReturnSetInfo *) fcinfo->resultinfo;
}

/* counters(carry) returns setof (name, kind, from_on, kwh) */
PG_FUNCTION_INFO_V1(billing_carry_counters);
Datum
billing_carry_counters(PG_FUNCTION_ARGS)
{
	static const char *const kinds[] = {
		[BL_COUNTER_YEAR] = "year",
		[BL_COUNTER_MONTH] = "month",
		[BL_COUNTER_FROM] = "from"
	};
	ReturnSetInfo *rows = rows_of(fcinfo);
	BlCarry		carry;

	bl_carry_of(&carry, BL_GETARG_BYTES(0));
	for (int i = 0; i < carry.counters; i++)
	{
		const BlCounter *c = &carry.counter[i];
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = bl_text_datum(c->name);
		values[1] = CStringGetTextDatum(kinds[c->kind]);
		values[2] = DateADTGetDatum(c->first_day);
		values[3] = bl_numeric(c->kwh);
		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* demands(carry) returns setof (name, month, kw) */
PG_FUNCTION_INFO_V1(billing_carry_demands);
Datum
billing_carry_demands(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rows = rows_of(fcinfo);
	BlCarry		carry;

	bl_carry_of(&carry, BL_GETARG_BYTES(0));
	for (int i = 0; i < carry.demands; i++)
	{
		const BlPastDemand *d = &carry.demand[i];
		Datum		values[3];
		bool		nulls[3] = {false};

		values[0] = bl_text_datum(d->name);
		values[1] = DateADTGetDatum(d->first_day);
		values[2] = bl_numeric(d->kw);
		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* banks(carry) returns setof (name, period, from_on, amount) */
PG_FUNCTION_INFO_V1(billing_carry_banks);
Datum
billing_carry_banks(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rows = rows_of(fcinfo);
	BlCarry		carry;

	bl_carry_of(&carry, BL_GETARG_BYTES(0));
	for (int i = 0; i < carry.banks; i++)
	{
		const BlBank *b = &carry.bank[i];
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = bl_text_datum(b->name);
		nulls[1] = b->period.length == 0;
		values[1] = nulls[1] ? (Datum) 0 : bl_text_datum(b->period);
		values[2] = DateADTGetDatum(b->first_day);
		values[3] = bl_numeric(b->amount);
		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
	}
	return (Datum) 0;
}

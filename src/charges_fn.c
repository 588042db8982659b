/*
 * charges_fn.c - what a bill says: its total, its lines as rows, amounts by
 * code or tag, what it was made from
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rangetypes.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "billing.h"
#include "carry_type.h"
#include "core/charges.h"
#include "jsontext.h"
#include "numeric.h"
#include "value_op.h"

static BlCharges
opened(BlBytes bytes)
{
	BlCharges	charges;

	bl_check(bl_charges_open(&charges, bytes.bytes, bytes.size), "charges");
	return charges;
}

#define GETARG_CHARGES(n) opened(BL_GETARG_BYTES(n))

/* total(charges) returns numeric */
PG_FUNCTION_INFO_V1(billing_charges_total);
Datum
billing_charges_total(PG_FUNCTION_ARGS)
{
	BlBytes		bytes = BL_GETARG_BYTES(0);
	BlDec		total;
	BlStatus	status;

	status = bl_charges_total_of(bytes.bytes, bytes.size, &total);
	bl_check(status, status == BL_OVERFLOW ? "total of charges" : "charges");
	return bl_numeric(total);
}

/* amount(charges, VARIADIC text[]) returns numeric */
PG_FUNCTION_INFO_V1(billing_charges_amount);
Datum
billing_charges_amount(PG_FUNCTION_ARGS)
{
	BlCharges	charges = GETARG_CHARGES(0);
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	BlText	   *texts;
	BlDec		amount;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &n);
	texts = palloc(Max(n, 1) * sizeof *texts);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a code or tag must not be null")));
		texts[i] = bl_text_of_datum(elements[i]);
	}
	bl_check(bl_charges_amount(&charges, texts, n, &amount), "amount of charges");
	return bl_numeric(amount);
}

/* carry(charges) returns carry */
PG_FUNCTION_INFO_V1(billing_charges_carry);
Datum
billing_charges_carry(PG_FUNCTION_ARGS)
{
	BlCharges	charges = GETARG_CHARGES(0);
	BlCarry		empty = {0};

	if (charges.carry_size == 0)
		PG_RETURN_POINTER(bl_carry_value(&empty));
	PG_RETURN_POINTER(bl_value_of(charges.carry, charges.carry_size));
}

/* during(charges) returns daterange */
PG_FUNCTION_INFO_V1(billing_charges_during);
Datum
billing_charges_during(PG_FUNCTION_ARGS)
{
	BlCharges	charges = GETARG_CHARGES(0);
	TypeCacheEntry *type = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound	lower = {DateADTGetDatum(charges.from), false, true, true};
	RangeBound	upper = {DateADTGetDatum(charges.until), false, false, false};

	PG_RETURN_RANGE_P(make_range(type, &lower, &upper, false));
}

/* currency(charges) returns text */
PG_FUNCTION_INFO_V1(billing_charges_currency);
Datum
billing_charges_currency(PG_FUNCTION_ARGS)
{
	BlCharges	charges = GETARG_CHARGES(0);

	PG_RETURN_TEXT_P(cstring_to_text(charges.currency));
}

static bool
is_zero(const uint8_t *digest)
{
	static const uint8_t zeros[BL_DIGEST];

	return memcmp(digest, zeros, BL_DIGEST) == 0;
}

/* tariff_digest(charges) returns bytea */
PG_FUNCTION_INFO_V1(billing_charges_tariff_digest);
Datum
billing_charges_tariff_digest(PG_FUNCTION_ARGS)
{
	BlCharges	charges = GETARG_CHARGES(0);

	if (is_zero(charges.tariff_digest))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(bl_value_of(charges.tariff_digest, BL_DIGEST));
}

/* market_digest(charges) returns bytea */
PG_FUNCTION_INFO_V1(billing_charges_market_digest);
Datum
billing_charges_market_digest(PG_FUNCTION_ARGS)
{
	BlCharges	charges = GETARG_CHARGES(0);

	if (is_zero(charges.market_digest))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(bl_value_of(charges.market_digest, BL_DIGEST));
}

/* ---- lines ---- */

enum
{
	LINE, CODE, PERIOD, COMPONENT, TIER, QUANTITY, UNIT, PRICE, AMOUNT, COUNTED, KIND, ESTIMATED,
	FROM_ON, UNTIL_ON, TAGS, TAX_CLASS, RULE, COLUMNS
};

static const char *
kind_of(const BlLine *line)
{
	return line->flags & BL_LINE_INCLUDED ? "included" :
		line->flags & BL_LINE_OF_WHICH ? "of_which" :
		line->charge == BL_NONE ? "rounding" :
		line->flags & BL_LINE_COUNTED ? "charge" : "kept";
}

static Datum
tags_of(const BlLineNames *names)
{
	Datum		tags[lengthof(names->tag)];

	if (names->tags == 0)
		return PointerGetDatum(construct_empty_array(TEXTOID));
	for (int i = 0; i < names->tags; i++)
		tags[i] = bl_text_datum(names->tag[i]);
	return PointerGetDatum(construct_array(tags, names->tags, TEXTOID, -1, false, TYPALIGN_INT));
}

/* where the line comes from in the tariff; lines of several tariffs come from none */
static const char *
rule_of(const BlCharges *charges, const BlLine *line, char out[32])
{
	if (is_zero(charges->tariff_digest))
		return NULL;
	if (line->charge == BL_NONE)
		return "rounding";
	snprintf(out, 32, "charges[%d]", line->charge);
	return out;
}

static void
set_text(Datum *values, bool *nulls, int column, BlText text)
{
	nulls[column] = text.length == 0;
	if (!nulls[column])
		values[column] = bl_text_datum(text);
}

static void
set_decimal(Datum *values, bool *nulls, int column, bool there, BlDec d)
{
	nulls[column] = !there;
	if (there)
		values[column] = bl_numeric(d);
}

static void
set_line(Datum *values, bool *nulls, const BlCharges *charges, const BlLine *line)
{
	BlLineNames names;
	char		buffer[32];
	const char *rule = rule_of(charges, line, buffer);
	const char *unit = bl_charge_unit_name[line->unit];

	bl_charges_names(charges, line, &names);
	set_text(values, nulls, CODE, names.code);
	set_text(values, nulls, PERIOD, names.period);
	set_text(values, nulls, COMPONENT, names.component);
	nulls[TIER] = line->tier == 0;
	values[TIER] = Int32GetDatum(line->tier);
	set_decimal(values, nulls, QUANTITY, line->flags & BL_LINE_MEASURED, line->quantity);
	set_text(values, nulls, UNIT, (BlText) {unit, (int) strlen(unit)});
	set_decimal(values, nulls, PRICE, line->flags & BL_LINE_PRICED, line->price);
	set_decimal(values, nulls, AMOUNT, true, line->amount);
	values[COUNTED] = BoolGetDatum((line->flags & BL_LINE_COUNTED) != 0);
	values[KIND] = CStringGetTextDatum(kind_of(line));
	values[ESTIMATED] = BoolGetDatum((line->flags & BL_LINE_ESTIMATED) != 0);
	nulls[FROM_ON] = nulls[UNTIL_ON] = !(line->flags & BL_LINE_SPAN);
	values[FROM_ON] = DateADTGetDatum(line->from);
	values[UNTIL_ON] = DateADTGetDatum(line->until);
	values[TAGS] = tags_of(&names);
	set_text(values, nulls, TAX_CLASS, names.tax_class);
	nulls[RULE] = rule == NULL;
	if (rule != NULL)
		values[RULE] = CStringGetTextDatum(rule);
}

/* lines(charges) returns setof (line, code, …): see set_line */
PG_FUNCTION_INFO_V1(billing_charges_lines);
Datum
billing_charges_lines(PG_FUNCTION_ARGS)
{
	BlCharges	charges = GETARG_CHARGES(0);
	const uint8_t *next = charges.first_line;
	ReturnSetInfo *rows;
	MemoryContext per_line,
				before;

	InitMaterializedSRF(fcinfo, 0);
	rows = (ReturnSetInfo *) fcinfo->resultinfo;
	per_line = AllocSetContextCreate(CurrentMemoryContext, "billing lines", ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(per_line);
	for (int i = 0; i < charges.lines; i++)
	{
		Datum		values[COLUMNS];
		bool		nulls[COLUMNS] = {false};
		BlLine		line;

		bl_charges_line(&charges, &next, &line);
		values[LINE] = Int32GetDatum(i + 1);
		set_line(values, nulls, &charges, &line);
		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
		MemoryContextReset(per_line);
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(per_line);
	return (Datum) 0;
}

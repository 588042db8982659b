/*
 * numeric.c - BlDec to numeric and back
 *
 * A bill's figures fit 64 bits, and PostgreSQL makes a numeric of such an
 * integer and a power of ten directly; only wider ones go through text.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "billing.h"
#include "numeric.h"

Datum
bl_numeric(BlDec value)
{
	char		text[BL_DEC_TEXT];

	if (likely((int64) value.coefficient == value.coefficient))
		return NumericGetDatum(int64_div_fast_to_numeric((int64) value.coefficient, value.scale));
	bl_dec_text_scaled(value, text);
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

Datum
bl_money(BlInt128 cents)
{
	return bl_numeric((BlDec) {cents, 2});
}

BlInt128
bl_cents(Numeric value)
{
	BlDec		money = bl_dec_from_numeric(value, 2, "an amount of money");

	for (; money.scale < 2; money.scale++)
		money.coefficient *= 10;
	return money.coefficient;
}

BlDec
bl_dec_from_numeric(Numeric value, int max_scale, const char *what)
{
	BlDec		result = BL_ZERO;
	BlStatus	status;
	char	   *text;

	if (numeric_is_nan(value) || numeric_is_inf(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number", what),
				 errdetail("NaN and infinities cannot be billed.")));

	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value)));
	status = bl_dec_parse(text, strlen(text), max_scale, &result);
	if (status == BL_BAD_VALUE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has too many decimals", what),
				 errdetail("At most %d are kept.", max_scale),
				 errhint("Round it first, for instance with round(value, %d).", max_scale)));
	if (status != BL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s is out of range", what),
				 errdetail("It has more than 38 digits.")));
	pfree(text);
	return result;
}

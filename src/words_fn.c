/*
 * words_fn.c - amounts in words
 */
#include "postgres.h"

#include "billing.h"
#include "core/words.h"
#include "jsontext.h"
#include "numeric.h"

/* zh, zh-CN, zh_Hans … */
static bool
is_language(BlText text, const char *code)
{
	return strncmp(text.text, code, 2) == 0 &&
		(text.length == 2 || text.text[2] == '-' || text.text[2] == '_');
}

/* the decimals of a currency */
static int
decimals_of(BlText currency)
{
	int			decimals = bl_currency_decimals(currency.text);

	if (decimals < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a currency is three capital letters"),
				 errhint("Use the ISO 4217 code, such as CNY.")));
	return decimals;
}

/* amount_in_words(amount numeric, language text, currency text) returns text */
PG_FUNCTION_INFO_V1(billing_amount_in_words);
Datum
billing_amount_in_words(PG_FUNCTION_ARGS)
{
	BlText		language = bl_text_of_datum(PG_GETARG_DATUM(1));
	BlText		currency = bl_text_of_datum(PG_GETARG_DATUM(2));
	BlDec		amount = bl_dec_from_numeric(PG_GETARG_NUMERIC(0), decimals_of(currency), "an amount in words");
	char		words[BL_WORDS_SIZE];
	BlStatus	status;

	if (!is_language(language, "zh") && !is_language(language, "en"))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("amounts cannot be said in this language"),
				 errhint("The languages are zh and en.")));
	status = is_language(language, "zh") ? bl_words_zh(amount, currency.text, words) :
		bl_words_en(amount, currency.text, words);
	if (status == BL_OVERFLOW)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the amount is too large to be said in words"),
				 errdetail("It must be below 10000000000000000.")));
	bl_check(status, "amount in words");
	return bl_text_datum((BlText) {words, (int) strlen(words)});
}

/* minor_unit(currency text) returns integer */
PG_FUNCTION_INFO_V1(billing_minor_unit);
Datum
billing_minor_unit(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(decimals_of(bl_text_of_datum(PG_GETARG_DATUM(0))));
}

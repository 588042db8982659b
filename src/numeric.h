/*
 * numeric.h - the core's exact decimals at the SQL border
 */
#ifndef BL_NUMERIC_H
#define BL_NUMERIC_H

#include "utils/numeric.h"

#include "core/fixed.h"

/* a numeric of the same value that shows the decimal's scale: 198.80 stays 198.80 */
extern Datum bl_numeric(BlDec value);

/*
 * The exact value, or an error that begins with what: NaN, infinities, more
 * than max_scale decimals other than trailing zeros, more than 38 digits.
 */
extern BlDec bl_dec_from_numeric(Numeric value, int max_scale, const char *what);

/* a value of a column numeric(20,2), and back */
extern BlInt128 bl_cents(Numeric value);
extern Datum bl_money(BlInt128 cents);

#endif							/* BL_NUMERIC_H */

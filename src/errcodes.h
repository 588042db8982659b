/*
 * errcodes.h - our SQLSTATEs, and those of PostgreSQL that we use
 *
 * Class UB is ours: UB1 metering, UB2 tariffs and rating, UB3 bills and
 * ledger, UB4 access, UB5 jobs, UB6 customers and contracts, UB7 supply and
 * equipment.  PostgreSQL's own are used where they mean just that:
 *
 *	22003 numeric_value_out_of_range	a number beyond its range
 *	22023 invalid_parameter_value		an argument outside what is allowed
 *	22P02 invalid_text_representation	text that is no value of the type
 *	54000 program_limit_exceeded		a stated bound of the engine
 *	XX001 data_corrupted				bytes that are no value of the type
 */
#ifndef BL_ERRCODES_H
#define BL_ERRCODES_H

#include "utils/elog.h"

#define BL_SQLSTATE(digit, tens, ones) MAKE_SQLSTATE('U', 'B', digit, tens, ones)

#define ERRCODE_BILLING_UNALIGNED	BL_SQLSTATE('1', '0', '1')	/* spans or slots do not fit */
#define ERRCODE_BILLING_OVERLAP		BL_SQLSTATE('1', '0', '2')	/* the same moment twice */
#define ERRCODE_BILLING_GAP			BL_SQLSTATE('1', '0', '3')	/* readings are missing */
#define ERRCODE_BILLING_BAD_UNIT	BL_SQLSTATE('1', '0', '4')	/* units do not go together */
#define ERRCODE_BILLING_NO_USAGE	BL_SQLSTATE('1', '0', '5')	/* no such part or channel */
#define ERRCODE_BILLING_BAD_RULES	BL_SQLSTATE('1', '0', '6')	/* rules that break the schema */

#define ERRCODE_BILLING_BAD_TARIFF	BL_SQLSTATE('2', '0', '0')	/* a document that breaks the schema */
#define ERRCODE_BILLING_TARIFF_GAP	BL_SQLSTATE('2', '0', '1')	/* no price for part of the period */
#define ERRCODE_BILLING_NO_TERM		BL_SQLSTATE('2', '0', '2')	/* a contract term is missing */
#define ERRCODE_BILLING_NO_MARKET	BL_SQLSTATE('2', '0', '3')	/* a market fact is missing */
#define ERRCODE_BILLING_BAD_MARKET	BL_SQLSTATE('2', '0', '4')	/* a document that breaks the schema */
#define ERRCODE_BILLING_BAD_CARRY	BL_SQLSTATE('2', '0', '5')	/* not a carry, or of another period */

#define ERRCODE_BILLING_BAD_TOKEN	BL_SQLSTATE('4', '0', '1')	/* a token that is not accepted */
#define ERRCODE_BILLING_NO_KEY		BL_SQLSTATE('4', '0', '2')	/* a file of keys cannot be used */
#define ERRCODE_BILLING_TWO_ACTORS	BL_SQLSTATE('4', '0', '3')	/* a second identity in one transaction */
#define ERRCODE_BILLING_GUARDED		BL_SQLSTATE('4', '0', '4')	/* dropping what holds business data */
#define ERRCODE_BILLING_SHUT		BL_SQLSTATE('4', '1', '1')	/* a sealed value does not open, or its key is destroyed */

#endif							/* BL_ERRCODES_H */

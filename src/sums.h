/*
 * sums.h - adds bills and transfers to the sums of the store, many at a time
 *
 * Who writes rows past the triggers of bill and transfer says each of them here
 * and flushes once they are written: a few rows of sums come of a whole chunk.
 * The triggers, through which all other rows come, do the same.
 */
#ifndef BL_SUMS_H
#define BL_SUMS_H

#include "datatype/timestamp.h"
#include "utils/date.h"

#include "billing.h"
#include "core/fixed.h"

typedef struct BlSums BlSums;

typedef struct BlSumBill
{
	int64_t		account_id;
	int64_t		seq;
	int64_t		org_id;
	int64_t		issued_org_id;
	DateADT		from_on;
	int			days;			/* of supply: of a reversal those of the bill it takes away; 0 of what only corrects */
	TimestampTz issued_at;
	bool		reversal;
	BlInt128	cents;			/* its total */
	BlInt128	balance;		/* of the account before it, in cents; BlOwed says how exactly */
	BlBytes		charges;
	/* of a reversal: the debt that it takes away, if it is one; in cents, 0: none */
	BlInt128	reversed_cents;
	int64_t		reversed_seq;
	TimestampTz reversed_issued_at;
} BlSumBill;

/* lives in the current context */
extern BlSums *bl_sums_open(void);
extern void bl_sums_bill(BlSums *sums, const BlSumBill *bill);
/* amount: numeric; debit, credit: text */
extern void bl_sums_transfer(BlSums *sums, int64_t issued_org_id, TimestampTz posted_at, BlBytes debit, BlBytes credit, Datum amount);
/* writes what was added, as the current user; the rows of bill and transfer are there by now, their heads or not yet */
extern void bl_sums_flush(BlSums *sums);

#endif							/* BL_SUMS_H */

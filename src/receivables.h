/*
 * receivables.h - what customers were charged, and what of it is settled, as rows of receivable_sum
 *
 * Money settles the oldest debt first: with a balance, the last debts are open, as far back as it goes.  A link of a chain
 * that brings or takes away money therefore changes only debts that are open before it or after it, and these are read
 * back from the link; what was settled before is not looked at.
 */
#ifndef BL_RECEIVABLES_H
#define BL_RECEIVABLES_H

#include "datatype/timestamp.h"
#include "utils/date.h"

#include "billing.h"
#include "core/fixed.h"

typedef struct BlReceivables BlReceivables;

/* a bill that asks for money, or a transfer that does without a bill; amounts are in cents */
typedef struct BlDebt
{
	int64_t		seq;
	BlInt128	amount;
	TimestampTz at;				/* issued or posted */
	bool		is_bill;
	DateADT		from_on;		/* of a bill */
	const uint8_t *tariff_digest;	/* of a bill, BL_DIGEST bytes; all zero: none */
} BlDebt;

/* a link of an account's chain that changes what is owed */
typedef struct BlOwed
{
	int64_t		account_id;
	int64_t		org_id;			/* who has the account */
	int64_t		seq;
	BlInt128	before;			/* the balance; not asked exactly where a debt is added: any from 0 on is as good */
	BlInt128	owed;			/* more; below zero: less */
	const BlDebt *adds;			/* the debt that it is; NULL: none */
	const BlDebt *removes;		/* the debt that it reverses; NULL: none */
} BlOwed;

/* lives in the current context; reads the chain with the snapshot that is active when a link is added */
extern BlReceivables *bl_receivables_open(void);
/* the links before it are in the tables; links of one account rise */
extern void bl_receivables_add(BlReceivables *r, const BlOwed *link);
/* writes what was added, as the current user, and ends it; SPI is connected */
extern void bl_receivables_flush(BlReceivables *r);

#endif							/* BL_RECEIVABLES_H */

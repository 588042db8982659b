/*
 * bill_write.h - writes what a bill run has rated
 *
 * Bills and transfers go out many at a time, as COPY writes them, and each head is changed in place.  A table on which
 * somebody put triggers of his own, or columns with defaults, is written by plain statements instead, so that they
 * have their effect.  The sums of what is written, which a trigger adds up for everybody else, are added up here.  Who may
 * write was asked before: row security is not asked here.
 */
#ifndef BL_BILL_WRITE_H
#define BL_BILL_WRITE_H

#include "storage/itemptr.h"
#include "utils/date.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"

#include "billing.h"
#include "core/fixed.h"

enum
{
	BL_MONEY_TYPMOD = ((20 << 16) | 2) + VARHDRSZ	/* numeric(20,2) */
};

/* A bill to be written. */
typedef struct BlNewBill
{
	ItemPointerData head;		/* the row of the account's head, which this transaction has locked */
	int64_t		account_id;
	DateADT		from_on;
	DateADT		until_on;
	int16_t		revision;
	int64_t		seq;			/* the last before it, */
	struct varlena *link;		/* and its link */
	Datum		total;			/* numeric with two decimals */
	BlInt128	cents;			/* the same */
	BlInt128	balance;		/* before it, in cents; of a bill that is not negative any from 0 on is as good as the right one */
	struct varlena *usage_digest;	/* NULL: none */
	struct varlena *charges;
	struct varlena *carry;
	struct varlena *currency;	/* text */
} BlNewBill;

typedef struct BlBillWriter BlBillWriter;

/* SPI is connected; acting: text */
extern BlBillWriter *bl_bills_open(int64_t run_id, int64_t org_id, struct varlena *acting);
extern void bl_bills_add(BlBillWriter *w, const BlNewBill *bill);
/* is it time to flush? */
extern bool bl_bills_full(const BlBillWriter *w);
extern void bl_bills_flush(BlBillWriter *w);
extern void bl_bills_close(BlBillWriter *w);

#endif							/* BL_BILL_WRITE_H */

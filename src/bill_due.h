/*
 * bill_due.h - the accounts of a range that have a bill to be made, and what each is billed by
 *
 * Their heads are locked by one statement; what follows sees whatever was brought until then.  What every account needs
 * (its plan, its readings) is looked up by key without a statement; plans with their versions and the markets of a month
 * are read once a list; registers and formed usage are asked for many accounts at once; what few need (several readings, a
 * change of plan within the days) is asked of the functions of the store that say so.
 */
#ifndef BL_BILL_DUE_H
#define BL_BILL_DUE_H

#include "storage/itemptr.h"
#include "utils/date.h"

#include "billing.h"

/* a version of a plan */
typedef struct BlVersion
{
	int64_t		plan_id;
	DateADT		from_on;
	Datum		tariff;
	Datum		market;			/* its own */
	bool		has_market;
	bool		asks;			/* for market facts */
} BlVersion;

/* An account to be billed. */
typedef struct BlDue
{
	ItemPointerData head;
	int64_t		account_id;
	DateADT		from_on;
	DateADT		until_on;
	int64_t		seq;
	Datum		link;
	Datum		currency;
	bool		has_currency;
	bool		voided;
	Datum		balance;		/* numeric */
	bool		ahead;			/* money waits in it: the balance is negative */
	Datum		carry;
	bool		has_carry;
	Datum		usage_from;
	DateADT		changed_on;
	bool		has_changed;

	/* what it is billed by */
	DateADT		plan_from_on;
	Datum		terms;
	const BlVersion *version;		/* NULL: no plan */
	Datum		market;
	bool		has_market;
	bool		market_asked;
	Datum		usage;
	bool		bare_profile;
	struct varlena *usage_digest;

	/* why it is not */
	const char *sqlstate;		/* NULL: it is */
	const char *message;
	const char *detail;
	const char *hint;
} BlDue;

typedef struct BlDueList BlDueList;

/* locks those of the org that have a bill to be made up to a day, but not who is locked by others; NULL: there is none.  SPI is connected; it lives in the current context */
extern BlDueList *bl_due_lock(int64_t org_id, int64_t first_account, int64_t last_account, DateADT until_on);
/* with the snapshot that is active, taken after the locks; who may read all of it was asked before */
extern void bl_due_open(BlDueList *list, int64_t run_id);
/* the next account, rising, but those that this run has given up; what due points to lives until the next one, or in the current context */
extern bool bl_due_next(BlDueList *list, BlDue *due);
extern void bl_due_close(BlDueList *list);
extern void bl_due_refuse(BlDue *due, const char *sqlstate, const char *message, const char *detail, const char *hint);

#endif							/* BL_BILL_DUE_H */

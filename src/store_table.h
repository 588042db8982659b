/*
 * store_table.h - the store's tables, for C that reads and writes them row after row
 */
#ifndef BL_STORE_TABLE_H
#define BL_STORE_TABLE_H

#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/* where a column stands, from 0; an error that advises install() if there is none */
extern int	bl_column(Relation table, const char *name);

/* a statement of SPI, or an error */
extern SPIPlanPtr bl_prepare(const char *command, int n, Oid *types);

/* A statement that is prepared once a session; a type of 0 ends its arguments. */
typedef struct BlStatement
{
	const char *text;
	Oid			types[9];
	SPIPlanPtr	plan;
} BlStatement;

extern SPIPlanPtr bl_plan(BlStatement *statement);
/* the first row of its answer by the active snapshot, in the current context; false: there is none, and all is null */
extern bool bl_ask(BlStatement *statement, Datum *args, int n, Datum *values, bool *nulls);
/* a copy in the current context, whole */
extern Datum bl_copy_of(Datum value, Form_pg_attribute a);

/* is this value of a text column just that? */
extern bool bl_is_text(Datum value, const char *text);

/* Rows of a table by the first two columns of its primary key, a bigint and a date or another bigint, over and over. */
typedef struct BlFinder
{
	Relation	table;
	Relation	index;
	IndexScanDesc scan;
	MemoryContext context;		/* what the scan keeps between two rows */
	TupleTableSlot *slot;		/* the row that was found last */
	TupleTableSlot *before;		/* the one before it */
	ScanKeyData key[3];
	int			number;			/* the columns, from 0 */
	int			day;			/* or whatever the second is */
	bool		is_day;
	bool		has_row;		/* a walk stands at slot */
	bool		is_over;		/* there is nothing behind it */
} BlFinder;

/* row security is not asked; it lives in the current context, whatever is current when it moves */
extern void bl_finder_open(BlFinder *f, const char *table, const char *number, const char *day, Snapshot snapshot);
/* where number is this, and day is after `after` and before `before` */
extern void bl_finder_seek(BlFinder *f, int64 number, int64 after, int64 before);
extern bool bl_finder_next(BlFinder *f, ScanDirection direction);
/* the last row where number is this and day is before `before`, in f->before: for numbers that rise, often by little; not mixed with seeking */
extern bool bl_finder_last(BlFinder *f, int64 number, int32 before);
/* a walk by bl_finder_last() may begin anew, from a number before */
extern void bl_finder_rewind(BlFinder *f);
extern void bl_finder_close(BlFinder *f);

static inline Datum
bl_slot_value(TupleTableSlot *slot, int column)
{
	bool		null;
	Datum		value = slot_getattr(slot, column + 1, &null);

	if (unlikely(null))
		elog(ERROR, "column %d is null", column + 1);
	return value;
}

#endif							/* BL_STORE_TABLE_H */

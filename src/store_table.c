/*
 * store_table.c - the store's tables, for C that reads and writes them row after row
 */
#include "postgres.h"

#include "access/nbtree.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "billing.h"
#include "store_table.h"

int
bl_column(Relation table, const char *name)
{
	TupleDesc	form = RelationGetDescr(table);

	for (int i = 0; i < form->natts; i++)
		if (!TupleDescAttr(form, i)->attisdropped && strcmp(NameStr(TupleDescAttr(form, i)->attname), name) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("table %s has no column %s", RelationGetRelationName(table), name),
			 errhint("SELECT billing.install(); brings the store up to date.")));
}

SPIPlanPtr
bl_prepare(const char *command, int n, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare(command, n, types);

	if (plan == NULL)
		elog(ERROR, "%s: %s", SPI_result_code_string(SPI_result), command);
	return plan;
}

SPIPlanPtr
bl_plan(BlStatement *statement)
{
	if (statement->plan == NULL)
	{
		int			n = 0;
		SPIPlanPtr	plan;

		while (n < (int) lengthof(statement->types) && OidIsValid(statement->types[n]))
			n++;
		plan = bl_prepare(statement->text, n, statement->types);
		if (SPI_keepplan(plan) != 0)
			elog(ERROR, "a plan is not kept");
		statement->plan = plan;
	}
	return statement->plan;
}

Datum
bl_copy_of(Datum value, Form_pg_attribute a)
{
	if (a->attlen == -1)
		return PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	return datumCopy(value, a->attbyval, a->attlen);
}

bool
bl_ask(BlStatement *statement, Datum *args, int n, Datum *values, bool *nulls)
{
	SPITupleTable *rows;
	bool		found;

	if (SPI_execute_plan(bl_plan(statement), args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "no answer to: %s", statement->text);
	rows = SPI_tuptable;
	found = SPI_processed > 0;
	for (int i = 0; i < n; i++)
	{
		nulls[i] = true;
		values[i] = (Datum) 0;
		if (found)
			values[i] = SPI_getbinval(rows->vals[0], rows->tupdesc, i + 1, &nulls[i]);
		if (!nulls[i])
			values[i] = bl_copy_of(values[i], TupleDescAttr(rows->tupdesc, i));
	}
	SPI_freetuptable(rows);
	return found;
}

bool
bl_is_text(Datum value, const char *text)
{
	const struct varlena *given = PG_DETOAST_DATUM_PACKED(value);
	size_t		length = strlen(text);

	return VARSIZE_ANY_EXHDR(given) == length && memcmp(VARDATA_ANY(given), text, length) == 0;
}

void
bl_finder_open(BlFinder *f, const char *table, const char *number, const char *day, Snapshot snapshot)
{
	Oid			relid = RangeVarGetRelid(makeRangeVar("billing", pstrdup(table), -1), AccessShareLock, false);
	AclResult	allowed = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);
	Oid			index;

	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_TABLE, table);
	f->table = table_open(relid, NoLock);
	RelationGetIndexList(f->table);
	index = f->table->rd_pkindex;
	if (!OidIsValid(index))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("table %s has no primary key", table)));
	f->index = index_open(index, AccessShareLock);
	f->number = bl_column(f->table, number);
	f->day = bl_column(f->table, day);
	f->is_day = TupleDescAttr(RelationGetDescr(f->table), f->day)->atttypid == DATEOID;
	f->has_row = f->is_over = false;
	if (IndexRelationGetNumberOfKeyAttributes(f->index) < 2 ||
		f->index->rd_index->indkey.values[0] != f->number + 1 || f->index->rd_index->indkey.values[1] != f->day + 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("the primary key of table %s does not begin with %s, %s", table, number, day)));
	f->slot = table_slot_create(f->table, NULL);
	f->before = table_slot_create(f->table, NULL);
	f->context = CurrentMemoryContext;
	f->scan = bl_index_beginscan(f->table, f->index, snapshot, lengthof(f->key));
}

static void
seek(BlFinder *f, StrategyNumber strategy, RegProcedure compare, int64 number, int64 after, int64 before)
{
	MemoryContext current;

	ScanKeyInit(&f->key[0], 1, strategy, compare, Int64GetDatum(number));
	ScanKeyInit(&f->key[1], 2, BTGreaterStrategyNumber, f->is_day ? F_DATE_GT : F_INT8GT, f->is_day ? DateADTGetDatum((DateADT) after) : Int64GetDatum(after));
	ScanKeyInit(&f->key[2], 2, BTLessStrategyNumber, f->is_day ? F_DATE_LT : F_INT8LT, f->is_day ? DateADTGetDatum((DateADT) before) : Int64GetDatum(before));
	current = MemoryContextSwitchTo(f->context);
	index_rescan(f->scan, f->key, lengthof(f->key), NULL, 0);
	MemoryContextSwitchTo(current);
}

void
bl_finder_seek(BlFinder *f, int64 number, int64 after, int64 before)
{
	seek(f, BTEqualStrategyNumber, F_INT8EQ, number, after, before);
}

bool
bl_finder_next(BlFinder *f, ScanDirection direction)
{
	TupleTableSlot *next = f->before;
	MemoryContext current;
	bool		found;

	f->before = f->slot;
	f->slot = next;
	/* a B-tree remembers dead entries in what is current when it meets the first, and a caller's context may end before the scan */
	current = MemoryContextSwitchTo(f->context);
	found = index_getnext_slot(f->scan, direction, next);
	MemoryContextSwitchTo(current);
	return found;
}

/* to the first row from this number on; the walk stands there */
static void
walk_to(BlFinder *f, int64 number)
{
	enum
	{
		STEPS = 8				/* cost as much as going down the tree again */
	};

	for (int i = 0; i < STEPS && f->has_row; i++)
	{
		if (DatumGetInt64(bl_slot_value(f->slot, f->number)) >= number)
			return;
		f->has_row = bl_finder_next(f, ForwardScanDirection);
		f->is_over = !f->has_row;
	}
	if (f->is_over)
		return;
	seek(f, BTGreaterEqualStrategyNumber, F_INT8GE, number, DATEVAL_NOBEGIN, DATEVAL_NOEND);
	f->has_row = bl_finder_next(f, ForwardScanDirection);
	f->is_over = !f->has_row;
}

bool
bl_finder_last(BlFinder *f, int64 number, int32 before)
{
	bool		found = false;

	walk_to(f, number);
	/* one step further than the row, which then is the one before */
	while (f->has_row && DatumGetInt64(bl_slot_value(f->slot, f->number)) == number &&
		   DatumGetDateADT(bl_slot_value(f->slot, f->day)) < before)
	{
		found = true;
		f->has_row = bl_finder_next(f, ForwardScanDirection);
		f->is_over = !f->has_row;
	}
	return found;
}

void
bl_finder_rewind(BlFinder *f)
{
	f->has_row = f->is_over = false;
}

void
bl_finder_close(BlFinder *f)
{
	index_endscan(f->scan);
	ExecDropSingleTupleTableSlot(f->slot);
	ExecDropSingleTupleTableSlot(f->before);
	index_close(f->index, NoLock);
	table_close(f->table, NoLock);
}

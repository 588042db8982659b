/*
 * bill_write.c - writes what a bill run has rated
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"

#include "bill_write.h"
#include "chain.h"
#include "sha256.h"
#include "store_table.h"
#include "sums.h"

enum
{
	BATCH = 250,
	COLUMNS_MAX = 20
};

/* the columns that are written, in the order of these enumerations; the others stay null */
static const char *const bill_column[] = {
	"account_id", "from_on", "revision", "kind", "until_on", "org_id", "issued_org_id", "seq", "run_id", "total", "issued_at",
	"issued_by", "usage_digest", "link", "charges"
};
enum
{
	B_ACCOUNT_ID, B_FROM_ON, B_REVISION, B_KIND, B_UNTIL_ON, B_ORG_ID, B_ISSUED_ORG_ID, B_SEQ, B_RUN_ID, B_TOTAL, B_ISSUED_AT,
	B_ISSUED_BY, B_USAGE_DIGEST, B_LINK, B_CHARGES, B_COLUMNS
};
static const char *const transfer_column[] = {
	"account_id", "seq", "org_id", "issued_org_id", "debit", "credit", "amount", "posted_at", "posted_by", "bill_seq", "link"
};
enum
{
	T_ACCOUNT_ID, T_SEQ, T_ORG_ID, T_ISSUED_ORG_ID, T_DEBIT, T_CREDIT, T_AMOUNT, T_POSTED_AT, T_POSTED_BY, T_BILL_SEQ, T_LINK,
	T_COLUMNS
};
static const char *const head_column[] = {"seq", "link", "billed_to", "balance", "currency", "carry"};
enum
{
	H_SEQ, H_LINK, H_BILLED_TO, H_BALANCE, H_CURRENCY, H_CARRY, H_COLUMNS
};

/* One table that is written. */
typedef struct Target
{
	Relation	rel;
	BlChainRow	chain;			/* of bill and transfer */
	int			columns;
	int			column[COLUMNS_MAX];	/* where each of them stands */
	Datum	   *values;			/* a row, by table column */
	bool	   *nulls;
	const char *summing;		/* the trigger function whose work is done here */
	bool		plain;			/* no trigger, no default of somebody's own */

	/* the plain way */
	ResultRelInfo *info;
	TupleDesc	form;			/* a copy, which no slot needs to pin */
	TupleTableSlot *slot[BATCH];	/* made when a row first needs it */
	int			slots;

	/* the other */
	SPIPlanPtr	statement;
} Target;

/* what the head of an account becomes */
typedef struct Move
{
	ItemPointerData head;
	int64_t		account_id;
	int64_t		seq;
	struct varlena *link;
	DateADT		billed_to;
	Datum		total;
	struct varlena *currency;
	struct varlena *carry;
} Move;

struct BlBillWriter
{
	EState	   *estate;
	BlSums	   *sums;
	int64_t		org_id;
	TimestampTz now;
	Target		bill;
	Target		transfer;
	Target		head;
	TupleTableSlot *old_head;
	Move		move[BATCH];
	int			moves;
	MemoryContext moved;		/* what they point to */
	struct varlena *receivable,
			   *billed;
};

/* ---- tables ---- */

static bool
is_written(const Target *t, int column)
{
	for (int i = 0; i < t->columns; i++)
		if (t->column[i] == column)
			return true;
	return false;
}

static bool
is_summing(const Target *t, const Trigger *trigger)
{
	char	   *name = t->summing == NULL ? NULL : get_func_name(trigger->tgfoid);

	return name != NULL && strcmp(name, t->summing) == 0 && get_func_namespace(trigger->tgfoid) == RelationGetNamespace(t->rel) &&
		(trigger->tgenabled == TRIGGER_FIRES_ON_ORIGIN || trigger->tgenabled == TRIGGER_FIRES_ALWAYS);
}

/* triggers that would have something to do; a foreign key's do nothing when its columns stay as they are */
static bool
has_triggers(const Target *t, bool update)
{
	const TriggerDesc *triggers = t->rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (update ? TRIGGER_FOR_UPDATE(trigger->tgtype) && !trigger->tgisinternal :
			TRIGGER_FOR_INSERT(trigger->tgtype) && !is_summing(t, trigger))
			return true;
	}
	return false;
}

/* does an INSERT or UPDATE do no more than put the row there? */
static bool
is_plain(const Target *t, const char *const *left_out, bool update)
{
	TupleDesc	form = RelationGetDescr(t->rel);

	if (t->rel->rd_rel->relkind != RELKIND_RELATION || t->rel->rd_tableam != GetHeapamTableAmRoutine() || has_triggers(t, update))
		return false;
	for (int i = 0; i < form->natts; i++)
	{
		Form_pg_attribute a = TupleDescAttr(form, i);
		bool		ours = is_written(t, i);

		for (const char *const *name = left_out; *name != NULL; name++)
			ours |= strcmp(NameStr(a->attname), *name) == 0;
		if (!a->attisdropped && !ours && (a->attgenerated != '\0' || (!update && (a->atthasdef || a->attidentity != '\0'))))
			return false;
	}
	return true;
}

static void
open_target(Target *t, const char *name, const char *const *columns, int n, const char *const *left_out, bool update)
{
	Oid			relid = RangeVarGetRelid(makeRangeVar("billing", pstrdup(name), -1), RowExclusiveLock, false);
	AclResult	allowed = pg_class_aclcheck(relid, GetUserId(), update ? ACL_UPDATE : ACL_INSERT);
	int			natts;

	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_TABLE, name);
	t->rel = table_open(relid, NoLock);
	natts = RelationGetDescr(t->rel)->natts;
	t->columns = n;
	for (int i = 0; i < n; i++)
		t->column[i] = bl_column(t->rel, columns[i]);
	t->values = palloc0(sizeof *t->values * (size_t) natts);
	t->nulls = palloc(sizeof *t->nulls * (size_t) natts);
	memset(t->nulls, true, (size_t) natts);
	t->plain = is_plain(t, left_out, update);
	if (t->plain)
	{
		t->info = makeNode(ResultRelInfo);
		InitResultRelInfo(t->info, t->rel, 0, NULL, 0);
		ExecOpenIndices(t->info, false);
		t->form = CreateTupleDescCopy(RelationGetDescr(t->rel));
	}
}

static void
open_inserted(Target *t, const char *name, const char *const *columns, int n, const char *const *left_out)
{
	open_target(t, name, columns, n, left_out, false);
	bl_chain_row(&t->chain, name, RelationGetDescr(t->rel));
	if (!t->plain)
	{
		StringInfoData command;
		Oid			types[COLUMNS_MAX];

		initStringInfo(&command);
		appendStringInfo(&command, "INSERT INTO billing.%s (", name);
		for (int i = 0; i < n; i++)
		{
			appendStringInfo(&command, "%s%s", i > 0 ? ", " : "", columns[i]);
			types[i] = TupleDescAttr(RelationGetDescr(t->rel), t->column[i])->atttypid;
		}
		appendStringInfoString(&command, ") VALUES (");
		for (int i = 0; i < n; i++)
			appendStringInfo(&command, "%s$%d", i > 0 ? ", " : "", i + 1);
		appendStringInfoChar(&command, ')');
		t->statement = bl_prepare(command.data, n, types);
	}
}

static void
open_head(Target *t)
{
	static const char *const left_out[] = {NULL};
	Oid			types[H_COLUMNS + 1] = {INT8OID, BYTEAOID, DATEOID, NUMERICOID, TEXTOID, InvalidOid, INT8OID};

	open_target(t, "account_head", head_column, H_COLUMNS, left_out, true);
	types[H_CARRY] = TupleDescAttr(RelationGetDescr(t->rel), t->column[H_CARRY])->atttypid;
	if (!t->plain)
		t->statement = bl_prepare("UPDATE billing.account_head SET seq = $1, link = $2, billed_to = $3, balance = balance + $4,"
								  " currency = $5, carry = $6 WHERE account_id = $7", H_COLUMNS + 1, types);
}

static void
close_target(Target *t)
{
	if (t->plain)
		ExecCloseIndices(t->info);
	table_close(t->rel, NoLock);
}

static inline void
put(Target *t, int column, Datum value)
{
	t->values[t->column[column]] = value;
	t->nulls[t->column[column]] = false;
}

/* ---- rows ---- */

/* lives as long as the writer, whatever is current */
static TupleTableSlot *
slot_of(BlBillWriter *w, Target *t, int i)
{
	if (t->slot[i] == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(w->estate->es_query_cxt);

		t->slot[i] = ExecAllocTableSlot(&w->estate->es_tupleTable, t->form, table_slot_callbacks(t->rel));
		MemoryContextSwitchTo(before);
	}
	return t->slot[i];
}

/* the row of the target into its batch, or into the table */
static void
add_row(BlBillWriter *w, Target *t)
{
	if (t->plain)
	{
		TupleTableSlot *slot = slot_of(w, t, t->slots++);
		size_t		natts = (size_t) RelationGetDescr(t->rel)->natts;

		ExecClearTuple(slot);
		memcpy(slot->tts_values, t->values, sizeof *t->values * natts);
		memcpy(slot->tts_isnull, t->nulls, sizeof *t->nulls * natts);
		ExecStoreVirtualTuple(slot);
		if (RelationGetDescr(t->rel)->constr != NULL)
			ExecConstraints(t->info, slot, w->estate);
		/* what it points to is the caller's */
		ExecMaterializeSlot(slot);
	}
	else
	{
		Datum		given[COLUMNS_MAX] = {0};
		char		none[COLUMNS_MAX] = {0};

		for (int i = 0; i < t->columns; i++)
		{
			given[i] = t->values[t->column[i]];
			none[i] = t->nulls[t->column[i]] ? 'n' : ' ';
		}
		if (SPI_execute_plan(t->statement, given, none, false, 0) != SPI_OK_INSERT)
			elog(ERROR, "a row was not inserted");
	}
}

static void
flush_rows(BlBillWriter *w, Target *t)
{
	if (t->slots == 0)
		return;
	table_multi_insert(t->rel, t->slot, t->slots, GetCurrentCommandId(true), 0, NULL);
	for (int i = 0; i < t->slots; i++)
	{
		if (t->info->ri_NumIndices > 0)
			list_free(bl_insert_index_tuples(t->info, t->slot[i], w->estate));
		ExecClearTuple(t->slot[i]);
	}
	ResetPerTupleExprContext(w->estate);
	t->slots = 0;
}

/* makes the link of the target's row, which follows `before`, and puts it there */
static struct varlena *
link_row(Target *t, int column, const struct varlena *before)
{
	struct varlena *link = palloc(VARHDRSZ + BL_SHA256_SIZE);
	uint8_t		content[BL_SHA256_SIZE];

	SET_VARSIZE(link, VARHDRSZ + BL_SHA256_SIZE);
	bl_chain_content(&t->chain, t->values, t->nulls, content);
	bl_chain_link(VARDATA_ANY(before), VARSIZE_ANY_EXHDR(before), content, (uint8_t *) VARDATA(link));
	put(t, column, PointerGetDatum(link));
	return link;
}

static void
sum_bill(BlBillWriter *w, const BlNewBill *bill, int64_t seq)
{
	BlSumBill	sum = {
		.account_id = bill->account_id,
		.seq = seq,
		.org_id = w->org_id,
		.issued_org_id = w->org_id,
		.from_on = bill->from_on,
		.days = bill->until_on - bill->from_on,
		.issued_at = w->now,
		.cents = bill->cents,
		.balance = bill->balance,
		.charges = bl_bytes(bill->charges)
	};

	bl_sums_bill(w->sums, &sum);
}

static struct varlena *
copy_of(const struct varlena *value)
{
	return memcpy(palloc(VARSIZE_ANY(value)), value, VARSIZE_ANY(value));
}

void
bl_bills_add(BlBillWriter *w, const BlNewBill *bill)
{
	Target	   *b = &w->bill,
			   *t = &w->transfer;
	int64_t		seq = bill->seq + 1;
	struct varlena *link;
	MemoryContext before;

	put(b, B_ACCOUNT_ID, Int64GetDatum(bill->account_id));
	put(b, B_FROM_ON, DateADTGetDatum(bill->from_on));
	put(b, B_REVISION, Int16GetDatum(bill->revision));
	put(b, B_UNTIL_ON, DateADTGetDatum(bill->until_on));
	put(b, B_SEQ, Int64GetDatum(seq));
	put(b, B_TOTAL, bill->total);
	b->nulls[b->column[B_USAGE_DIGEST]] = true;
	if (bill->usage_digest != NULL)
		put(b, B_USAGE_DIGEST, PointerGetDatum(bill->usage_digest));
	put(b, B_CHARGES, PointerGetDatum(bill->charges));
	link = link_row(b, B_LINK, bill->link);
	add_row(w, b);
	if (b->plain)
		sum_bill(w, bill, seq);
	/* a bill of zero moves no money */
	if (bill->cents != 0)
	{
		put(t, T_ACCOUNT_ID, Int64GetDatum(bill->account_id));
		put(t, T_SEQ, Int64GetDatum(seq + 1));
		put(t, T_DEBIT, PointerGetDatum(bill->cents > 0 ? w->receivable : w->billed));
		put(t, T_CREDIT, PointerGetDatum(bill->cents > 0 ? w->billed : w->receivable));
		put(t, T_AMOUNT, DirectFunctionCall1(numeric_abs, bill->total));
		put(t, T_BILL_SEQ, Int64GetDatum(seq));
		link = link_row(t, T_LINK, link);
		add_row(w, t);
		if (t->plain)
			bl_sums_transfer(w->sums, w->org_id, w->now, bl_bytes(bill->cents > 0 ? w->receivable : w->billed),
							 bl_bytes(bill->cents > 0 ? w->billed : w->receivable), t->values[t->column[T_AMOUNT]]);
		seq++;
	}
	before = MemoryContextSwitchTo(w->moved);
	w->move[w->moves++] = (Move) {
		bill->head, bill->account_id, seq, copy_of(link), bill->until_on,
		PointerGetDatum(copy_of((struct varlena *) DatumGetPointer(bill->total))), copy_of(bill->currency), copy_of(bill->carry)
	};
	MemoryContextSwitchTo(before);
}

/* ---- heads ---- */

/* the new values of a head, but its balance */
static void
put_head(Target *t, const Move *m)
{
	put(t, H_SEQ, Int64GetDatum(m->seq));
	put(t, H_LINK, PointerGetDatum(m->link));
	put(t, H_BILLED_TO, DateADTGetDatum(m->billed_to));
	put(t, H_CURRENCY, PointerGetDatum(m->currency));
	put(t, H_CARRY, PointerGetDatum(m->carry));
}

/* the row is locked, so that nobody has changed it since */
static void
move_head(BlBillWriter *w, Move *m)
{
	Target	   *t = &w->head;
	TupleTableSlot *old = w->old_head,
			   *slot = slot_of(w, t, 0);
	size_t		natts = (size_t) RelationGetDescr(t->rel)->natts;
	TM_FailureData failure;
	LockTupleMode lock;
	BlUpdateIndexes indexes;
	Datum		balance;

	if (!table_tuple_fetch_row_version(t->rel, &m->head, SnapshotAny, old))
		elog(ERROR, "the head of account " INT64_FORMAT " is gone", m->account_id);
	slot_getallattrs(old);
	memcpy(t->values, old->tts_values, sizeof *t->values * natts);
	memcpy(t->nulls, old->tts_isnull, sizeof *t->nulls * natts);
	balance = DirectFunctionCall2(numeric_add, t->values[t->column[H_BALANCE]], m->total);
	put(t, H_BALANCE, DirectFunctionCall2(numeric, balance, Int32GetDatum(BL_MONEY_TYPMOD)));
	put_head(t, m);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, t->values, sizeof *t->values * natts);
	memcpy(slot->tts_isnull, t->nulls, sizeof *t->nulls * natts);
	ExecStoreVirtualTuple(slot);
	if (RelationGetDescr(t->rel)->constr != NULL)
		ExecConstraints(t->info, slot, w->estate);
	if (table_tuple_update(t->rel, &m->head, slot, GetCurrentCommandId(true), GetActiveSnapshot(), InvalidSnapshot, true,
						   &failure, &lock, &indexes) != TM_Ok)
		elog(ERROR, "the head of account " INT64_FORMAT " was changed, though it is locked", m->account_id);
	if (indexes && t->info->ri_NumIndices > 0)
		list_free(bl_insert_index_tuples(t->info, slot, w->estate));
	ExecClearTuple(slot);
	ExecClearTuple(old);
	ResetPerTupleExprContext(w->estate);
}

static void
move_heads(BlBillWriter *w)
{
	Target	   *t = &w->head;

	for (int i = 0; i < w->moves; i++)
	{
		Datum		given[H_COLUMNS + 1];

		if (t->plain)
		{
			move_head(w, &w->move[i]);
			continue;
		}
		put_head(t, &w->move[i]);
		for (int c = 0; c < H_COLUMNS; c++)
			given[c] = t->values[t->column[c]];
		given[H_BALANCE] = w->move[i].total;
		given[H_COLUMNS] = Int64GetDatum(w->move[i].account_id);
		if (SPI_execute_plan(t->statement, given, NULL, false, 0) != SPI_OK_UPDATE || SPI_processed != 1)
			elog(ERROR, "the head of account " INT64_FORMAT " was not moved", w->move[i].account_id);
	}
	w->moves = 0;
	MemoryContextReset(w->moved);
}

/* ---- the whole ---- */

BlBillWriter *
bl_bills_open(int64_t run_id, int64_t org_id, struct varlena *acting)
{
	static const char *const bill_left_out[] = {"reverses_seq", "reason", NULL};
	static const char *const transfer_left_out[] = {"key", NULL};
	BlBillWriter *w = palloc0(sizeof *w);
	Target	   *b = &w->bill,
			   *t = &w->transfer;

	w->moved = AllocSetContextCreate(CurrentMemoryContext, "moved heads", ALLOCSET_DEFAULT_SIZES);
	w->receivable = cstring_to_text("receivable");
	w->billed = cstring_to_text("billed");
	w->org_id = org_id;
	w->now = GetCurrentTransactionStartTimestamp();
	w->sums = bl_sums_open();
	w->estate = CreateExecutorState();
	b->summing = "_sum_bills";
	t->summing = "_sum_transfers";
	open_inserted(b, "bill", bill_column, B_COLUMNS, bill_left_out);
	open_inserted(t, "transfer", transfer_column, T_COLUMNS, transfer_left_out);
	open_head(&w->head);
	w->old_head = table_slot_create(w->head.rel, &w->estate->es_tupleTable);
	/* what all rows have in common */
	put(b, B_KIND, CStringGetTextDatum("normal"));
	put(b, B_ORG_ID, Int64GetDatum(org_id));
	put(b, B_ISSUED_ORG_ID, Int64GetDatum(org_id));
	put(b, B_RUN_ID, Int64GetDatum(run_id));
	put(b, B_ISSUED_AT, TimestampTzGetDatum(w->now));
	put(b, B_ISSUED_BY, PointerGetDatum(acting));
	put(t, T_ORG_ID, Int64GetDatum(org_id));
	put(t, T_ISSUED_ORG_ID, Int64GetDatum(org_id));
	put(t, T_POSTED_AT, TimestampTzGetDatum(w->now));
	put(t, T_POSTED_BY, PointerGetDatum(acting));
	return w;
}

bool
bl_bills_full(const BlBillWriter *w)
{
	return w->moves == BATCH;
}

void
bl_bills_flush(BlBillWriter *w)
{
	flush_rows(w, &w->bill);
	flush_rows(w, &w->transfer);
	move_heads(w);
}

void
bl_bills_close(BlBillWriter *w)
{
	bl_bills_flush(w);
	CommandCounterIncrement();
	bl_sums_flush(w->sums);
	close_target(&w->bill);
	close_target(&w->transfer);
	close_target(&w->head);
	ExecResetTupleTable(w->estate->es_tupleTable, false);
	FreeExecutorState(w->estate);
}

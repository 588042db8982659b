/*
 * inbox_fn.c - lines that a session copies into an inbox, as the bytes of a file
 *
 * An inbox is a table of one column of text with these functions as triggers: its
 * rows are put one behind the other in memory, and none is stored.  So rows that come
 * by COPY cost their parsing and no more, and are then read as any file is.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "billing.h"

/* what one statement has put in; of the transaction at most */
typedef struct Inbox
{
	MemoryContext context;
	Oid			table;
	bytea	   *content;		/* its header, not yet set, and then the lines */
	size_t		used;
	size_t		room;
} Inbox;

static Inbox inbox;

static void
forget(void *unused)
{
	(void) unused;
	memset(&inbox, 0, sizeof inbox);
}

static void
start_anew(Oid table)
{
	static MemoryContextCallback at_end;

	if (inbox.context != NULL)
		MemoryContextDelete(inbox.context);
	inbox.context = AllocSetContextCreate(TopTransactionContext, "billing inbox", ALLOCSET_DEFAULT_SIZES);
	at_end.func = forget;
	MemoryContextRegisterResetCallback(inbox.context, &at_end);
	inbox.table = table;
	inbox.room = 1 << 20;
	inbox.content = MemoryContextAllocHuge(inbox.context, inbox.room);
	inbox.used = VARHDRSZ;
}

static void
add_line(const char *text, size_t length)
{
	if (inbox.used + length + 1 > inbox.room)
	{
		if (inbox.used + length + 1 > MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("more than 1 GB was copied at once"),
					 errhint("Copy it in parts.")));
		inbox.room = Min(Max(inbox.room * 2, inbox.used + length + 1), MaxAllocSize);
		inbox.content = repalloc_huge(inbox.content, inbox.room);
	}
	memcpy((char *) inbox.content + inbox.used, text, length);
	((char *) inbox.content)[inbox.used + length] = '\n';
	inbox.used += length + 1;
}

/* _take_line() returns trigger: before each statement, and before each row, which is not stored */
PG_FUNCTION_INFO_V1(billing_take_line);
Datum
billing_take_line(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	struct varlena *line;
	Datum		value;
	bool		isnull;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_take_line() is a trigger's function, before insert"),
				 errhint("open_inbox() makes a table that has it.")));
	if (TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
	{
		start_anew(RelationGetRelid(trigger->tg_relation));
		PG_RETURN_POINTER(NULL);
	}
	if (inbox.table != RelationGetRelid(trigger->tg_relation) ||
		TupleDescAttr(RelationGetDescr(trigger->tg_relation), 0)->atttypid != TEXTOID)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is no inbox", RelationGetRelationName(trigger->tg_relation)),
				 errhint("open_inbox() makes one.")));
	value = slot_getattr(trigger->tg_trigslot, 1, &isnull);
	if (isnull)
		add_line("", 0);
	else
	{
		line = PG_DETOAST_DATUM_PACKED(value);
		add_line(VARDATA_ANY(line), VARSIZE_ANY_EXHDR(line));
	}
	PG_RETURN_POINTER(NULL);
}

/* _taken_lines(regclass) returns bytea: what the statement at hand put into that inbox, in UTF-8; null: nothing */
PG_FUNCTION_INFO_V1(billing_taken_lines);
Datum
billing_taken_lines(PG_FUNCTION_ARGS)
{
	char	   *lines;
	char	   *converted;
	size_t		length;

	if (inbox.table != PG_GETARG_OID(0) || inbox.used <= VARHDRSZ)
		PG_RETURN_NULL();
	SET_VARSIZE(inbox.content, inbox.used);
	lines = VARDATA(inbox.content);
	length = inbox.used - VARHDRSZ;
	if (GetDatabaseEncoding() == PG_UTF8)
		PG_RETURN_BYTEA_P(inbox.content);
	converted = pg_server_to_any(lines, (int) length, PG_UTF8);
	PG_RETURN_BYTEA_P(cstring_to_text_with_len(converted, (int) (converted == lines ? length : strlen(converted))));
}

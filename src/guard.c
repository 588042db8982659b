/*
 * guard.c - triggers in C: tell sessions that rights have changed; refuse to
 * drop what holds business data
 *
 * The guard is a member of the extension, not an object of the store's owner:
 * an event trigger runs with the rights of whoever gives the command, and that
 * may be a superuser.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "utils/acl.h"

#include "actor.h"
#include "billing.h"

/* access_changed() returns trigger: after each statement that changes what rights rest on */
PG_FUNCTION_INFO_V1(billing_access_changed);
Datum
billing_access_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_access_changed() is a trigger's function")));
	bl_actor_rights_changed();
	PG_RETURN_POINTER(NULL);
}

/* tables whose loss is the loss of business data */
static const char *const guarded[] = {"account", "reading", "bill", "transfer"};

enum
{
	GUARDED = sizeof guarded / sizeof guarded[0]
};

/* the tables that had rows when the running command began */
static bool had_rows[GUARDED];

static bool
has_rows(const char *name)
{
	Oid			table = bl_store_table(name);
	Relation	relation;
	SysScanDesc scan;
	bool		found;

	if (!OidIsValid(table))
		return false;
	relation = table_open(table, AccessShareLock);
	scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

static void
refuse(const char *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_BILLING_GUARDED),
			 errmsg("this would drop the business data of billing"),
			 errdetail("Table billing.%s has rows.", table),
			 errhint("If that is meant: ALTER EVENT TRIGGER billing_guard_start DISABLE, and the same for billing_guard_end.")));
}

static bool
names(List *objects, const char *name)
{
	ListCell   *cell;

	foreach(cell, objects)
		if (IsA(lfirst(cell), String) && strcmp(strVal(lfirst(cell)), name) == 0)
			return true;
	return false;
}

/*
 * Does the command drop the extension, its schema, or all that their owners
 * have?  It must be refused before it begins: the extension takes its event
 * triggers along, so that none is left to look at the end.
 */
static bool
drops_all(Node *command)
{
	if (IsA(command, DropStmt))
	{
		DropStmt   *drop = (DropStmt *) command;

		if (drop->behavior != DROP_CASCADE)
			return false;
		return (drop->removeType == OBJECT_EXTENSION || drop->removeType == OBJECT_SCHEMA) && names(drop->objects, "billing");
	}
	if (IsA(command, DropOwnedStmt))
	{
		DropOwnedStmt *drop = (DropOwnedStmt *) command;
		Oid			schema = get_namespace_oid("billing", true);
		Oid			table = bl_store_table(guarded[0]);
		ListCell   *cell;

		foreach(cell, drop->roles)
		{
			Oid			role = get_rolespec_oid(lfirst(cell), true);

			if (OidIsValid(role) && ((OidIsValid(schema) && pg_namespace_ownercheck(schema, role)) ||
									 (OidIsValid(table) && pg_class_ownercheck(table, role))))
				return true;
		}
	}
	return false;
}

/* _guard_drop() returns event_trigger */
PG_FUNCTION_INFO_V1(billing_guard_drop);
Datum
billing_guard_drop(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = (EventTriggerData *) fcinfo->context;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_guard_drop() is an event trigger's function")));
	if (strcmp(data->event, "ddl_command_start") == 0)
	{
		bool		all = drops_all(data->parsetree);

		for (int i = 0; i < GUARDED; i++)
		{
			had_rows[i] = has_rows(guarded[i]);
			if (all && had_rows[i])
				refuse(guarded[i]);
		}
	}
	else
	{
		for (int i = 0; i < GUARDED; i++)
			if (had_rows[i] && !OidIsValid(bl_store_table(guarded[i])))
				refuse(guarded[i]);
	}
	PG_RETURN_NULL();
}

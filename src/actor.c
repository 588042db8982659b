/*
 * actor.c - who acts, and what they may: identity and the cached rights
 *
 * Rights are read from the store by plain scans with a catalogue snapshot:
 * no policies (they would ask for what is being loaded), no search path, the
 * newest state also in a REPEATABLE READ transaction and in parallel workers.
 * With an older snapshot a set could be filled with what was just revoked, and
 * no message would come any more to empty it.
 *
 * A message of change (sent with the transaction that changes grants, orgs or
 * staff) may arrive in mid-statement.  Then the set that a statement uses stays
 * until it ends; the next one loads anew.  Sets are freed only between
 * transactions, so that nobody holds a pointer into nothing.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "actor.h"
#include "billing.h"
#include "core/access.h"

enum
{
	SETS = 16					/* actors that a pool's backend remembers */
};

/* the actor that identify() named */
static BlActorKind bound_kind;
static int64_t bound_id;
static bool binding;			/* the setting is being changed by ourselves */
static uint64_t serial = 1;		/* of the actor: changes with every bind and unbind */

static uint64_t generation = 1; /* of the rights: changes with every message */
static uint64_t loaded_generation;
static Oid	signal_table;		/* its relcache messages mean: rights have changed */
static bool plans_made;			/* some cached plan holds for one actor only */

static BlRights *sets[SETS];
static int	next_set;
static BlRights *garbage;

/* accounts of a customer, for one transaction */
static struct
{
	uint32_t	transaction;
	uint64_t	serial;
	int64_t		customer_id;
	int64_t    *accounts;
	size_t		count;
}			own;

/* ---- messages ---- */

static void
forget_plans(void)
{
	if (plans_made)
	{
		plans_made = false;
		ResetPlanCache();
	}
}

static void
rights_are_old(void)
{
	generation++;
	forget_plans();
}

static void
on_relation(Datum argument, Oid relation)
{
	(void) argument;
	if (relation == InvalidOid || relation == signal_table)
		rights_are_old();
}

/* a role was renamed, or made superuser */
static void
on_role(Datum argument, int cache, uint32 hash)
{
	(void) argument;
	(void) cache;
	(void) hash;
	rights_are_old();
}

static void
on_transaction(XactEvent event, void *argument)
{
	(void) argument;
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			break;
		default:
			return;
	}
	while (garbage != NULL)
	{
		BlRights   *gone = garbage;

		garbage = gone->next;
		MemoryContextDelete(gone->context);
	}
	memset(&own, 0, sizeof own);	/* its memory is the transaction's */
}

/*
 * A plan without the check, chosen a moment ago, may be one that a message not
 * yet read would have thrown away: inside a transaction that holds its locks
 * nothing else reads it in time.  Whoever is told so asks again.
 */
static ExecutorStart_hook_type next_executor_start;

static void
executor_start(QueryDesc *query, int flags)
{
	if (plans_made)
	{
		AcceptInvalidationMessages();
		if (!plans_made)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("rights have changed while this statement was prepared"),
					 errhint("Run it again.")));
	}
	if (next_executor_start)
		next_executor_start(query, flags);
	else
		standard_ExecutorStart(query, flags);
}

void
bl_actor_init(void)
{
	next_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = executor_start;
	CacheRegisterRelcacheCallback(on_relation, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, on_role, (Datum) 0);
	RegisterXactCallback(on_transaction, NULL);
}

void
bl_actor_plan_made(void)
{
	plans_made = true;
}

/* ---- the setting ---- */

/* "staff:12", "customer:7", or empty */
static bool
parse_actor(const char *text, BlActorKind *kind, int64_t *id)
{
	int64_t		number = 0;

	*kind = BL_NOBODY;
	*id = 0;
	if (text == NULL || text[0] == '\0')
		return true;
	if (strncmp(text, "staff:", 6) == 0)
	{
		*kind = BL_STAFF;
		text += 6;
	}
	else if (strncmp(text, "customer:", 9) == 0)
	{
		*kind = BL_CUSTOMER;
		text += 9;
	}
	if (*kind == BL_NOBODY || *text == '\0')
		return false;
	for (; *text; text++)
		if (*text < '0' || *text > '9' || number > (PG_INT64_MAX - 9) / 10)
			return false;
		else
			number = number * 10 + (*text - '0');
	*id = number;
	return number > 0;
}

bool
bl_actor_check(char **value, void **extra, GucSource source)
{
	BlActorKind kind;
	int64_t		id;

	(void) extra;
	if (source == PGC_S_DEFAULT)
		return true;
	/* a worker takes over what its leader had */
	if (!binding && !InitializingParallelWorker)
	{
		GUC_check_errdetail("Only billing.identify() sets it.");
		return false;
	}
	return parse_actor(*value, &kind, &id);
}

/* also called when a transaction or savepoint puts the old value back */
void
bl_actor_assign(const char *value, void *extra)
{
	BlActorKind kind;
	int64_t		id;

	(void) extra;
	if (!parse_actor(value, &kind, &id))
		kind = BL_NOBODY, id = 0;
	if (kind == bound_kind && id == bound_id)
		return;
	bound_kind = kind;
	bound_id = id;
	serial++;
	forget_plans();
}

/* ---- reading the store ---- */

Oid
bl_store_table(const char *name)
{
	Oid			schema = get_namespace_oid("billing", true);

	return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

typedef struct StoreScan
{
	Relation	relation;
	SysScanDesc scan;
	HeapTuple	tuple;
} StoreScan;

/* all rows, or those of one key; false where there is no such table */
static bool
scan_begin(StoreScan *s, const char *table, const char *index, const char *column, RegProcedure equal, Datum key)
{
	Oid			relid = bl_store_table(table);
	Oid			schema = get_namespace_oid("billing", true);
	Oid			indexid = index && OidIsValid(schema) ? get_relname_relid(index, schema) : InvalidOid;
	ScanKeyData keys[1];

	s->relation = NULL;
	if (!OidIsValid(relid))
		return false;
	if (column)
		ScanKeyInit(&keys[0], get_attnum(relid, column), BTEqualStrategyNumber, equal, key);
	s->relation = table_open(relid, AccessShareLock);
	s->scan = systable_beginscan(s->relation, indexid, OidIsValid(indexid), NULL, column ? 1 : 0, keys);
	return true;
}

static bool
scan_next(StoreScan *s)
{
	s->tuple = systable_getnext(s->scan);
	return HeapTupleIsValid(s->tuple);
}

static void
scan_end(StoreScan *s)
{
	systable_endscan(s->scan);
	table_close(s->relation, AccessShareLock);
}

static AttrNumber
column_of(StoreScan *s, const char *name)
{
	AttrNumber	number = get_attnum(RelationGetRelid(s->relation), name);

	if (number == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table billing.%s is missing", name, RelationGetRelationName(s->relation)),
				 errhint("The store is of another release: SELECT billing.install() brings it up to date.")));
	return number;
}

static Datum
value_of(StoreScan *s, AttrNumber column, bool *isnull)
{
	return heap_getattr(s->tuple, column, RelationGetDescr(s->relation), isnull);
}

static int64_t
int8_of(StoreScan *s, AttrNumber column)
{
	bool		isnull;
	Datum		value = value_of(s, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* is now within the range?  next: the earliest moment at which that changes */
static bool
is_valid(StoreScan *s, AttrNumber column, TimestampTz now, TimestampTz *next)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound	lower,
				upper;
	bool		empty,
				isnull;
	Datum		value = value_of(s, column, &isnull);

	if (isnull)
		return true;
	range_deserialize(type, DatumGetRangeTypeP(value), &lower, &upper, &empty);
	if (empty)
		return false;
	if (!lower.infinite && DatumGetTimestampTz(lower.val) > now)
	{
		*next = Min(*next, DatumGetTimestampTz(lower.val));
		return false;
	}
	/* [from, until) whatever the brackets say: a right ends rather early */
	if (!upper.infinite)
	{
		if (DatumGetTimestampTz(upper.val) <= now)
			return false;
		*next = Min(*next, DatumGetTimestampTz(upper.val));
	}
	return true;
}

/* ---- loading a set ---- */

/* parents by number of org; the places between are BL_NO_ORG */
static void
load_orgs(BlRights *r)
{
	size_t		room = 64;
	int32_t    *parent = palloc(room * sizeof *parent);
	StoreScan		s;

	parent[0] = BL_NO_ORG;
	if (scan_begin(&s, "org", NULL, NULL, 0, 0))
	{
		AttrNumber	org_id = column_of(&s, "org_id");
		AttrNumber	parent_id = column_of(&s, "parent_id");

		while (scan_next(&s))
		{
			int64_t		org = int8_of(&s, org_id);
			int64_t		up = int8_of(&s, parent_id);

			if (org < 1 || org > BL_ORG_MAX || up < 0 || up > BL_ORG_MAX)
				continue;		/* a check of the table forbids it */
			if ((size_t) org >= room)
			{
				room = Max(room * 2, (size_t) org + 1);
				parent = repalloc(parent, room * sizeof *parent);
			}
			while (r->last < (size_t) org)
				parent[++r->last] = BL_NO_ORG;
			parent[org] = (int32_t) up;
			r->orgs++;
		}
		scan_end(&s);
	}
	r->parent = parent;
}

/* rights of grants as they stand, before the tree spreads them */
static void
load_grants(BlRights *r, uint64_t *rights, TimestampTz now)
{
	StoreScan		s;

	if (!scan_begin(&s, "access_grant", "access_grant_pkey", "staff_id", F_INT8EQ, Int64GetDatum(r->staff_id)))
		return;
	{
		AttrNumber	org_id = column_of(&s, "org_id");
		AttrNumber	action = column_of(&s, "action");
		AttrNumber	kind = column_of(&s, "kind");
		AttrNumber	valid = column_of(&s, "valid_during");

		while (scan_next(&s))
		{
			int64_t		org = int8_of(&s, org_id);
			bool		no_action,
						no_kind;
			Datum		a = value_of(&s, action, &no_action);
			Datum		k = value_of(&s, kind, &no_kind);

			if (no_action || no_kind || org < 1 || (uint64_t) org > r->last || !is_valid(&s, valid, now, &r->good_until))
				continue;
			rights[org] |= bl_access_right(TextDatumGetCString(a), TextDatumGetCString(k));
		}
	}
	scan_end(&s);
}

/* the staff or customer of this number, or of this role; 0: none that is valid now */
static int64_t
find_person(const char *table, const char *index, const char *column, RegProcedure equal, Datum key,
			const char *id_column, TimestampTz now, TimestampTz *next)
{
	int64_t		found = 0;
	StoreScan		s;

	if (!scan_begin(&s, table, index, column, equal, key))
		return 0;
	{
		AttrNumber	id = column_of(&s, id_column);
		AttrNumber	valid = column_of(&s, "valid_during");

		while (scan_next(&s))
			if (is_valid(&s, valid, now, next))
				found = int8_of(&s, id);
	}
	scan_end(&s);
	return found;
}

static void
find_actor(BlRights *r, TimestampTz now)
{
	NameData	role;
	char	   *name;

	if (r->bound == BL_STAFF)
		r->staff_id = find_person("staff", "staff_pkey", "staff_id", F_INT8EQ, Int64GetDatum(r->bound_id),
								  "staff_id", now, &r->good_until);
	else if (r->bound == BL_CUSTOMER)
		r->customer_id = find_person("customer", "customer_pkey", "customer_id", F_INT8EQ, Int64GetDatum(r->bound_id),
									 "customer_id", now, &r->good_until);
	if (r->bound != BL_NOBODY)
		return;

	r->superuser = superuser_arg(r->session_user);
	name = GetUserNameFromId(r->session_user, true);
	if (name == NULL)
		return;
	namestrcpy(&role, name);
	r->staff_id = find_person("staff", "staff_login_role_key", "login_role", F_NAMEEQ, NameGetDatum(&role),
							  "staff_id", now, &r->good_until);
	r->customer_id = find_person("customer", "customer_login_role_key", "login_role", F_NAMEEQ, NameGetDatum(&role),
								 "customer_id", now, &r->good_until);
}

static BlRights *
load(BlActorKind kind, int64_t id, Oid session_user)
{
	/* under the caller's context until it is whole */
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "billing rights", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TimestampTz now = GetCurrentTimestamp();
	BlRights   *r = palloc0(sizeof *r);
	uint64_t   *rights;

	r->context = context;
	r->bound = kind;
	r->bound_id = id;
	r->session_user = session_user;
	r->good_until = DT_NOEND;
	signal_table = bl_store_table("access_grant");
	find_actor(r, now);
	load_orgs(r);
	rights = palloc0((r->last + 1) * sizeof *rights);
	if (r->staff_id != 0)
		load_grants(r, rights, now);
	bl_access_spread(r->parent, rights, r->last);
	r->rights = rights;
	r->everywhere = bl_access_everywhere(r->parent, rights, r->last);

	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, CacheMemoryContext);
	return r;
}

static void
discard(BlRights *r)
{
	if (r != NULL)
	{
		r->next = garbage;
		garbage = r;
	}
}

static const BlRights *
rights_of(BlActorKind kind, int64_t id, Oid session_user)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	BlRights   *r;
	uint64_t	before;

	if (loaded_generation != generation)
	{
		for (int i = 0; i < SETS; i++)
		{
			discard(sets[i]);
			sets[i] = NULL;
		}
		loaded_generation = generation;
	}
	for (int i = 0; i < SETS; i++)
	{
		r = sets[i];
		if (r == NULL || r->bound != kind || r->bound_id != id || r->session_user != session_user)
			continue;
		if (r->good_until > now)
			return r;
		discard(r);
		sets[i] = NULL;
	}
	before = generation;
	r = load(kind, id, session_user);
	if (before != generation || (kind != BL_NOBODY && r->staff_id == 0 && r->customer_id == 0))
	{
		/* changed while we read: good for this statement, not for the next; or may yet come to be */
		discard(r);
		return r;
	}
	next_set = (next_set + 1) % SETS;
	discard(sets[next_set]);
	sets[next_set] = r;
	return r;
}

const BlRights *
bl_rights(void)
{
	if (!IsTransactionState())
		elog(ERROR, "rights are asked for outside a transaction");
	return rights_of(bound_kind, bound_id, bound_kind == BL_NOBODY ? GetSessionUserId() : InvalidOid);
}

const BlRights *
bl_rights_pinned(BlPin *pin)
{
	TimestampTz statement = GetCurrentStatementStartTimestamp();

	if (pin->rights == NULL || pin->transaction != MyProc->lxid || pin->serial != serial || pin->statement != statement ||
		(bound_kind == BL_NOBODY && pin->rights->session_user != GetSessionUserId()))
	{
		/*
		 * Messages are read when a lock is taken; a second statement on the same
		 * tables takes none, and would go on with what was revoked meanwhile.
		 */
		AcceptInvalidationMessages();
		pin->rights = bl_rights();
		pin->transaction = MyProc->lxid;
		pin->serial = serial;
		pin->statement = statement;
	}
	return pin->rights;
}

/* ---- customers ---- */

static int
compare_int64(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a;
	int64_t		y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

const int64_t *
bl_own_accounts(const BlRights *rights, size_t *count)
{
	size_t		room = 16;
	int64_t    *accounts;
	size_t		found = 0;
	StoreScan		s;

	*count = 0;
	if (rights->customer_id == 0)
		return NULL;
	if (own.accounts != NULL && own.transaction == MyProc->lxid && own.serial == serial && own.customer_id == rights->customer_id)
	{
		*count = own.count;
		return own.accounts;
	}
	/* what an earlier actor of this transaction had goes with the transaction */
	accounts = MemoryContextAlloc(TopTransactionContext, room * sizeof *accounts);
	if (scan_begin(&s, "account", "account_customer_id_idx", "customer_id", F_INT8EQ, Int64GetDatum(rights->customer_id)))
	{
		AttrNumber	account_id = column_of(&s, "account_id");

		while (scan_next(&s))
		{
			if (found == room)
				accounts = repalloc(accounts, (room *= 2) * sizeof *accounts);
			accounts[found++] = int8_of(&s, account_id);
		}
		scan_end(&s);
	}
	qsort(accounts, found, sizeof *accounts, compare_int64);
	own.transaction = MyProc->lxid;
	own.serial = serial;
	own.customer_id = rights->customer_id;
	own.accounts = accounts;
	own.count = *count = found;
	return accounts;
}

/* ---- binding ---- */

bool
bl_actor_bind(BlActorKind kind, int64_t id)
{
	const BlRights *rights = rights_of(kind, id, InvalidOid);
	char		value[40];

	if (rights->staff_id == 0 && rights->customer_id == 0)
		return false;
	if (bound_kind == kind && bound_id == id)
		return true;
	if (bound_kind != BL_NOBODY)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_TWO_ACTORS),
				 errmsg("this transaction already has an actor"),
				 errhint("Identify once in each transaction.")));
	snprintf(value, sizeof value, "%s:" INT64_FORMAT, kind == BL_STAFF ? "staff" : "customer", id);
	binding = true;
	PG_TRY();
	{
		(void) set_config_option("billing.actor", value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	}
	PG_FINALLY();
	{
		binding = false;
	}
	PG_END_TRY();
	return true;
}

char *
bl_actor_name(void)
{
	const BlRights *r = bl_rights();

	if (r->staff_id != 0)
		return psprintf("staff:" INT64_FORMAT, r->staff_id);
	if (r->customer_id != 0)
		return psprintf("customer:" INT64_FORMAT, r->customer_id);
	if (r->superuser)
		return psprintf("role:%s", GetUserNameFromId(r->session_user, false));
	return pstrdup("nobody");
}

void
bl_actor_rights_changed(void)
{
	Oid			table = bl_store_table("access_grant");

	if (OidIsValid(table))
		CacheInvalidateRelcacheByRelid(table);
}

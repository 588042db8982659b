/*
 * actor.c - who acts, and what they may: identity and the cached rights
 *
 * What an actor may is loaded by rights.c and kept here.
 *
 * A message of change (sent with the transaction that changes grants, orgs or
 * staff) may arrive in mid-statement.  Then the set that a statement uses stays
 * until it ends; the next one loads anew.  Sets are freed only between
 * transactions, so that nobody holds a pointer into nothing.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "actor.h"
#include "billing.h"
#include "core/access.h"
#include "rights.h"

enum
{
	SETS = 16,					/* actors that a pool's backend remembers */
	METHODS_MAX = 100			/* bytes */
};

/* the actor that identify() named */
static BlActorKind bound_kind;
static int64_t bound_id;
static char bound_methods[METHODS_MAX + 1];	/* how he proved it, with commas between */
static bool binding;			/* the setting is being changed by ourselves */
static uint64_t serial = 1;		/* of the actor: changes with every bind and unbind */

static uint64_t generation = 1; /* of the rights: changes with every message */
static uint64_t loaded_generation;
static Oid	signal_table;		/* its relcache messages mean: rights have changed */
static bool plans_made;			/* some cached plan holds for one actor only */

static BlRights *sets[SETS];
static int	next_set;
static BlRights *garbage;

/* accounts of a customer, or assigned to staff, for one transaction; rights: as they then were */
static struct
{
	uint32_t	transaction;
	uint64_t	serial;
	const BlRights *rights;
	const BlAccount *accounts;
	size_t		count;
	TimestampTz good_until;
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

/* "staff:12 login,token", "customer:7 password", or empty */
static bool
parse_actor(const char *text, BlActorKind *kind, int64_t *id, const char **methods)
{
	int64_t		number = 0;

	*methods = "";

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
	for (; *text && *text != ' '; text++)
		if (*text < '0' || *text > '9' || number > (PG_INT64_MAX - 9) / 10)
			return false;
		else
			number = number * 10 + (*text - '0');
	*id = number;
	if (*text == ' ')
		*methods = text + 1;
	return number > 0 && strlen(*methods) <= METHODS_MAX;
}

bool
bl_actor_check(char **value, void **extra, GucSource source)
{
	BlActorKind kind;
	int64_t		id;
	const char *methods;

	(void) extra;
	if (source == PGC_S_DEFAULT)
		return true;
	/* a worker takes over what its leader had */
	if (!binding && !InitializingParallelWorker)
	{
		GUC_check_errdetail("Only billing.identify() sets it.");
		return false;
	}
	return parse_actor(*value, &kind, &id, &methods);
}

/* also called when a transaction or savepoint puts the old value back */
void
bl_actor_assign(const char *value, void *extra)
{
	BlActorKind kind;
	int64_t		id;
	const char *methods;

	(void) extra;
	if (!parse_actor(value, &kind, &id, &methods))
		kind = BL_NOBODY, id = 0, methods = "";
	strlcpy(bound_methods, methods, sizeof bound_methods);
	if (kind == bound_kind && id == bound_id)
		return;
	bound_kind = kind;
	bound_id = id;
	serial++;
	forget_plans();
}

/* ---- sets ---- */

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
	signal_table = bl_store_table("access_grant");
	r = bl_rights_load(kind, id, session_user);
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

/* ---- accounts ---- */

const BlAccount *
bl_own_accounts(const BlRights *rights, size_t *count)
{
	*count = 0;
	if (rights->customer_id == 0 && rights->staff_id == 0)
		return NULL;
	if (own.accounts == NULL || own.transaction != MyProc->lxid || own.serial != serial || own.rights != rights ||
		own.good_until <= GetCurrentStatementStartTimestamp())
	{
		/* what an earlier actor of this transaction had goes with the transaction */
		own.accounts = bl_rights_accounts(rights, &own.count, &own.good_until);
		own.transaction = MyProc->lxid;
		own.serial = serial;
		own.rights = rights;
	}
	*count = own.count;
	return own.accounts;
}

/* ---- binding ---- */

/* is it the person of the login role? */
static bool
is_session_person(BlActorKind kind, int64_t id)
{
	const BlRights *own_role = rights_of(BL_NOBODY, 0, GetSessionUserId());

	return kind == BL_STAFF ? own_role->staff_id == id : own_role->staff_id == 0 && own_role->customer_id == id;
}

static bool
has_method(const char *methods, const char *method)
{
	size_t		length = strlen(method);

	for (const char *m = methods; m != NULL && *m; m = strchr(m, ','))
	{
		m += *m == ',';
		if (strncmp(m, method, length) == 0 && (m[length] == '\0' || m[length] == ','))
			return true;
	}
	return false;
}

bool
bl_actor_bind(BlActorKind kind, int64_t id, const char *method)
{
	const BlRights *rights = rights_of(kind, id, InvalidOid);
	const char *before = bound_methods;
	char	   *value;

	if (rights->staff_id == 0 && rights->customer_id == 0)
		return false;
	if (bound_kind != BL_NOBODY && (bound_kind != kind || bound_id != id))
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_TWO_ACTORS),
				 errmsg("this transaction already has an actor"),
				 errhint("Identify once in each transaction.")));
	if (bound_kind == BL_NOBODY && is_session_person(kind, id))
		before = "login";
	if (has_method(before, method))
		return true;
	value = psprintf("%s:" INT64_FORMAT " %s%s%s", kind == BL_STAFF ? "staff" : "customer", id, before, *before ? "," : "", method);
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

const char *
bl_actor_methods(void)
{
	const BlRights *r = bl_rights();

	if (bound_kind != BL_NOBODY)
		return bound_methods;
	return r->staff_id != 0 || r->customer_id != 0 || r->superuser ? "login" : "";
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

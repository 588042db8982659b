/*
 * rights.c - what an actor may, as the store says: grants to the person, to the
 * groups he is in, to his post
 *
 * Rights are read from the store by plain scans with a catalogue snapshot:
 * no policies (they would ask for what is being loaded), no search path, the
 * newest state also in a REPEATABLE READ transaction and in parallel workers.
 * With an older snapshot a set could be filled with what was just revoked, and
 * no message would come any more to empty it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "core/access.h"
#include "rights.h"

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

static char *
text_of(StoreScan *s, AttrNumber column)
{
	bool		isnull;
	Datum		value = value_of(s, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* is now within the range?  next: the earliest moment at which that changes */
static bool
covers(TypeCacheEntry *type, const RangeType *range, TimestampTz now, TimestampTz *next)
{
	RangeBound	lower,
				upper;
	bool		empty;

	range_deserialize(type, range, &lower, &upper, &empty);
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

/* the same of a column, a range of a person or customer, several of a right */
static bool
is_valid(StoreScan *s, AttrNumber column, TimestampTz now, TimestampTz *next)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	RangeType **ranges;
	int32		count;
	bool		valid = false,
				isnull;
	Datum		value = value_of(s, column, &isnull);

	if (isnull)
		return true;
	if (TupleDescAttr(RelationGetDescr(s->relation), column - 1)->atttypid == TSTZRANGEOID)
		return covers(type, DatumGetRangeTypeP(value), now, next);
	multirange_deserialize(type, DatumGetMultirangeTypeP(value), &count, &ranges);
	for (int32 i = 0; i < count; i++)
		valid |= covers(type, ranges[i], now, next);
	return valid;
}

/* ---- loading a set ---- */

/* a member of staff or a customer; id 0: none */
typedef struct Person
{
	int64_t		id;
	int64_t		org_id;
	char	   *post;			/* of staff */
} Person;

/* parents by number of org; the places between are BL_NO_ORG */
static void
load_orgs(BlRights *r)
{
	size_t		room = 64;
	int32_t    *parent = palloc(room * sizeof *parent);
	StoreScan	s;

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

/* grants as they stand, before the tree spreads them: of one person, or of one group; holder: who is in it by his post */
static void
load_grants(BlRights *r, uint64_t *rights, const char *table, const char *index, const char *column, int64_t id,
			const Person *holder, TimestampTz now)
{
	StoreScan	s;

	if (!scan_begin(&s, table, index, column, F_INT8EQ, Int64GetDatum(id)))
		return;
	{
		AttrNumber	org_id = column_of(&s, "org_id");
		AttrNumber	action = column_of(&s, "action");
		AttrNumber	kind = column_of(&s, "kind");
		AttrNumber	valid = column_of(&s, "valid_during");

		while (scan_next(&s))
		{
			int64_t		org = int8_of(&s, org_id);
			char	   *a = text_of(&s, action);
			char	   *k = text_of(&s, kind);

			if (a == NULL || k == NULL || org < 1 || (uint64_t) org > r->last || !is_valid(&s, valid, now, &r->good_until))
				continue;
			/* what a post may at a company, each who holds it may at his own org */
			if (holder != NULL && !bl_access_is_below(r->parent, r->last, (size_t) org, (size_t) holder->org_id))
			{
				if (!bl_access_is_below(r->parent, r->last, (size_t) holder->org_id, (size_t) org))
					continue;
				org = holder->org_id;
			}
			rights[org] |= bl_access_right(a, k);
		}
	}
	scan_end(&s);
}

/* ---- groups ---- */

typedef struct Groups
{
	int64_t    *ids;
	size_t		count;
	size_t		room;
} Groups;

/* once each, so that a circle ends */
static void
add_group(Groups *groups, int64_t id)
{
	for (size_t i = 0; i < groups->count; i++)
		if (groups->ids[i] == id)
			return;
	if (groups->count == groups->room)
	{
		groups->room = Max(groups->room * 2, 16);
		groups->ids = groups->ids ? repalloc(groups->ids, groups->room * sizeof *groups->ids) : palloc(groups->room * sizeof *groups->ids);
	}
	groups->ids[groups->count++] = id;
}

/* the groups of all who hold this person's post at an org where he is */
static void
find_posts(const BlRights *r, const Person *person, Groups *posts)
{
	StoreScan	s;

	if (!scan_begin(&s, "access_group", NULL, NULL, 0, 0))
		return;
	{
		AttrNumber	group_id = column_of(&s, "group_id");
		AttrNumber	org_id = column_of(&s, "org_id");
		AttrNumber	post = column_of(&s, "post");

		while (scan_next(&s))
		{
			char	   *name = text_of(&s, post);
			int64_t		org = int8_of(&s, org_id);

			if (name != NULL && strcmp(name, person->post) == 0 && org > 0 &&
				bl_access_is_below(r->parent, r->last, (size_t) person->org_id, (size_t) org))
				add_group(posts, int8_of(&s, group_id));
		}
	}
	scan_end(&s);
}

/* the groups that a person or group is in */
static void
find_groups(BlRights *r, const char *table, const char *index, const char *column, int64_t id, Groups *groups, TimestampTz now)
{
	StoreScan	s;

	if (!scan_begin(&s, table, index, column, F_INT8EQ, Int64GetDatum(id)))
		return;
	{
		AttrNumber	group_id = column_of(&s, "group_id");
		AttrNumber	valid = column_of(&s, "valid_during");

		while (scan_next(&s))
			if (is_valid(&s, valid, now, &r->good_until))
				add_group(groups, int8_of(&s, group_id));
	}
	scan_end(&s);
}

static void
load_group_grants(BlRights *r, uint64_t *rights, const Person *person, TimestampTz now)
{
	Groups		posts = {0};
	Groups		groups = {0};

	find_posts(r, person, &posts);
	for (size_t i = 0; i < posts.count; i++)
	{
		load_grants(r, rights, "group_grant", "group_grant_pkey", "group_id", posts.ids[i], person, now);
		find_groups(r, "group_group", "group_group_pkey", "member_id", posts.ids[i], &groups, now);
	}
	find_groups(r, "group_staff", "group_staff_pkey", "staff_id", person->id, &groups, now);
	for (size_t i = 0; i < groups.count; i++)
	{
		load_grants(r, rights, "group_grant", "group_grant_pkey", "group_id", groups.ids[i], NULL, now);
		find_groups(r, "group_group", "group_group_pkey", "member_id", groups.ids[i], &groups, now);
	}
}

/* who enters does not approve, where an org lays that down; after the tree has spread what is held */
static const uint64_t *
separate_duties(const BlRights *r)
{
	uint64_t   *rights = NULL;
	StoreScan	s;

	if (!scan_begin(&s, "duty_rule", NULL, NULL, 0, 0))
		return r->held;
	{
		AttrNumber	org_id = column_of(&s, "org_id");
		AttrNumber	kind = column_of(&s, "kind");

		while (scan_next(&s))
		{
			int64_t		org = int8_of(&s, org_id);
			char	   *k = text_of(&s, kind);

			if (k == NULL || org < 1 || (uint64_t) org > r->last)
				continue;
			if (rights == NULL)
			{
				rights = MemoryContextAllocHuge(r->context, (r->last + 1) * sizeof *rights);
				memcpy(rights, r->held, (r->last + 1) * sizeof *rights);
			}
			bl_access_separate(r->parent, rights, r->last, (size_t) org, bl_access_right("write", k), bl_access_right("approve", k));
		}
	}
	scan_end(&s);
	return rights ? rights : r->held;
}

/* ---- the person ---- */

/* the staff or customer of this number, or of this role; id 0: none that is valid now */
static Person
find_person(const char *table, const char *index, const char *column, RegProcedure equal, Datum key,
			const char *id_column, TimestampTz now, TimestampTz *next)
{
	Person		found = {0};
	StoreScan	s;

	if (!scan_begin(&s, table, index, column, equal, key))
		return found;
	{
		AttrNumber	id = column_of(&s, id_column);
		AttrNumber	org_id = column_of(&s, "org_id");
		AttrNumber	valid = column_of(&s, "valid_during");
		AttrNumber	post = strcmp(table, "staff") == 0 ? column_of(&s, "post") : InvalidAttrNumber;

		while (scan_next(&s))
			if (is_valid(&s, valid, now, next))
			{
				found.id = int8_of(&s, id);
				found.org_id = int8_of(&s, org_id);
				found.post = post == InvalidAttrNumber ? NULL : text_of(&s, post);
			}
	}
	scan_end(&s);
	return found;
}

/* sets staff_id, customer_id, superuser; returns the member of staff */
static Person
find_actor(BlRights *r, TimestampTz now)
{
	Person		staff = {0},
				customer = {0};
	NameData	role;
	char	   *name;

	if (r->bound == BL_STAFF)
		staff = find_person("staff", "staff_pkey", "staff_id", F_INT8EQ, Int64GetDatum(r->bound_id),
							"staff_id", now, &r->good_until);
	else if (r->bound == BL_CUSTOMER)
		customer = find_person("customer", "customer_pkey", "customer_id", F_INT8EQ, Int64GetDatum(r->bound_id),
							   "customer_id", now, &r->good_until);
	else
	{
		r->superuser = superuser_arg(r->session_user);
		name = GetUserNameFromId(r->session_user, true);
		if (name == NULL)
			return staff;
		namestrcpy(&role, name);
		staff = find_person("staff", "staff_login_role_key", "login_role", F_NAMEEQ, NameGetDatum(&role),
							"staff_id", now, &r->good_until);
		customer = find_person("customer", "customer_login_role_key", "login_role", F_NAMEEQ, NameGetDatum(&role),
							   "customer_id", now, &r->good_until);
	}
	r->staff_id = staff.id;
	r->customer_id = customer.id;
	r->home_id = staff.id != 0 ? staff.org_id : customer.org_id;
	return staff;
}

static void
load_person(BlRights *r, uint64_t *rights, const Person *person, TimestampTz now)
{
	load_grants(r, rights, "access_grant", "access_grant_pkey", "staff_id", person->id, NULL, now);
	load_group_grants(r, rights, person, now);
}

/* of those for whom the person stands in, as long as they are here; not of whom these stand in for */
static void
load_stand_ins(BlRights *r, uint64_t *rights, const Person *person, TimestampTz now)
{
	StoreScan	s;

	if (!scan_begin(&s, "stand_in", "stand_in_pkey", "staff_id", F_INT8EQ, Int64GetDatum(person->id)))
		return;
	{
		AttrNumber	for_staff_id = column_of(&s, "for_staff_id");
		AttrNumber	valid = column_of(&s, "valid_during");

		while (scan_next(&s))
			if (is_valid(&s, valid, now, &r->good_until))
			{
				Person		away = find_person("staff", "staff_pkey", "staff_id", F_INT8EQ, Int64GetDatum(int8_of(&s, for_staff_id)),
											   "staff_id", now, &r->good_until);

				if (away.id != 0)
					load_person(r, rights, &away, now);
			}
	}
	scan_end(&s);
}

BlRights *
bl_rights_load(BlActorKind kind, int64_t id, Oid session_user)
{
	/* under the caller's context until it is whole */
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "billing rights", ALLOCSET_SMALL_SIZES);
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "billing rights being loaded", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TimestampTz now = GetCurrentTimestamp();
	BlRights   *r = palloc0(sizeof *r);
	uint64_t   *rights;
	Person		person;

	r->context = context;
	r->bound = kind;
	r->bound_id = id;
	r->session_user = session_user;
	r->good_until = DT_NOEND;
	load_orgs(r);
	rights = palloc0((r->last + 1) * sizeof *rights);

	/* names and groups are not kept */
	MemoryContextSwitchTo(scratch);
	person = find_actor(r, now);
	if (person.id != 0)
	{
		load_person(r, rights, &person, now);
		load_stand_ins(r, rights, &person, now);
	}
	bl_access_spread(r->parent, rights, r->last);
	r->held = rights;
	r->rights = separate_duties(r);
	r->everywhere = bl_access_everywhere(r->parent, r->rights, r->last);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	MemoryContextSetParent(context, CacheMemoryContext);
	return r;
}

/* ---- accounts ---- */

typedef struct Accounts
{
	BlAccount  *list;
	size_t		count;
	size_t		room;
} Accounts;

/* next: NULL where accounts are the customer's own, else these are assignments with their dates and rights */
static void
add_accounts(Accounts *accounts, const char *table, const char *index, const char *column, int64_t id, TimestampTz *next)
{
	StoreScan	s;

	if (id == 0 || !scan_begin(&s, table, index, column, F_INT8EQ, Int64GetDatum(id)))
		return;
	{
		AttrNumber	account_id = column_of(&s, "account_id");
		AttrNumber	valid = next ? column_of(&s, "valid_during") : InvalidAttrNumber;
		AttrNumber	action = next ? column_of(&s, "action") : InvalidAttrNumber;
		AttrNumber	kind = next ? column_of(&s, "kind") : InvalidAttrNumber;

		while (scan_next(&s))
		{
			BlAccount  *account;

			if (next && !is_valid(&s, valid, GetCurrentStatementStartTimestamp(), next))
				continue;
			if (accounts->count == accounts->room)
				accounts->list = repalloc(accounts->list, (accounts->room *= 2) * sizeof *accounts->list);
			account = &accounts->list[accounts->count++];
			account->id = int8_of(&s, account_id);
			account->rights = next ? bl_access_right(text_of(&s, action), text_of(&s, kind)) : 0;
		}
	}
	scan_end(&s);
}

static int
compare_accounts(const void *a, const void *b)
{
	int64_t		x = ((const BlAccount *) a)->id;
	int64_t		y = ((const BlAccount *) b)->id;

	return (x > y) - (x < y);
}

/* each once, with all rights of its rows */
static void
merge_accounts(Accounts *accounts)
{
	size_t		kept = 0;

	qsort(accounts->list, accounts->count, sizeof *accounts->list, compare_accounts);
	for (size_t i = 0; i < accounts->count; i++)
		if (kept > 0 && accounts->list[kept - 1].id == accounts->list[i].id)
			accounts->list[kept - 1].rights |= accounts->list[i].rights;
		else
			accounts->list[kept++] = accounts->list[i];
	accounts->count = kept;
}

const BlAccount *
bl_rights_accounts(const BlRights *rights, size_t *count, TimestampTz *good_until)
{
	Accounts	accounts = {MemoryContextAlloc(TopTransactionContext, 16 * sizeof(BlAccount)), 0, 16};

	*good_until = DT_NOEND;
	add_accounts(&accounts, "account", "account_customer_id_idx", "customer_id", rights->customer_id, NULL);
	add_accounts(&accounts, "account_grant", "account_grant_staff_id_idx", "staff_id", rights->staff_id, good_until);
	merge_accounts(&accounts);
	*count = accounts.count;
	return accounts.list;
}

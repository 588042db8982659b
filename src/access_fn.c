/*
 * access_fn.c - can_read() and its kin, which policies call for each row
 *
 * The planner learns what share of the rows an actor sees, and gets an index
 * condition that is a call at run time, never a constant: a cached plan serves
 * the next actor with his own orgs.  Only who sees every org has the call
 * dropped from his plans; those plans are thrown away when the actor or any
 * right changes (actor.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "parser/parse_func.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "actor.h"
#include "billing.h"
#include "core/access.h"

/* ---- names of rights ---- */

static char *
names_of(const char *(*name) (int))
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; name(i) != NULL; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : ", ", name(i));
	return list.data;
}

static uint64_t
right_of(const char *action, const char *kind)
{
	uint64_t	right = bl_access_right(action, kind);

	if (right == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no right of this name"),
				 errdetail("Asked for: \"%s\" on \"%s\".", action, kind),
				 errhint("Actions: %s. Kinds: %s.", names_of(bl_access_action), names_of(bl_access_kind))));
	return right;
}

/* ---- the check ---- */

typedef struct Check
{
	BlPin		pin;
	uint64_t	right;
	bool		constant;		/* the right is the same in each call */
} Check;

static Check *
check_of(FunctionCallInfo fcinfo)
{
	Check	   *check = fcinfo->flinfo->fn_extra;

	if (check == NULL)
		fcinfo->flinfo->fn_extra = check = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof *check);
	return check;
}

static bool
is_const_arg(FmgrInfo *flinfo, int n)
{
	Node	   *call = flinfo->fn_expr;

	return call != NULL && IsA(call, FuncExpr) && n < list_length(((FuncExpr *) call)->args) &&
		IsA(list_nth(((FuncExpr *) call)->args, n), Const);
}

static bool
can(FunctionCallInfo fcinfo, const char *action, int kind_arg, int org_arg)
{
	Check	   *check = check_of(fcinfo);

	if (!check->constant)
	{
		check->right = right_of(action, text_to_cstring(PG_GETARG_TEXT_PP(kind_arg)));
		check->constant = kind_arg == 1 && is_const_arg(fcinfo->flinfo, kind_arg);
	}
	return bl_rights_allow(bl_rights_pinned(&check->pin), PG_GETARG_INT64(org_arg), check->right);
}

/* can_read(org_id bigint, kind text) returns boolean */
PG_FUNCTION_INFO_V1(billing_can_read);
Datum
billing_can_read(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(can(fcinfo, "read", 1, 0));
}

/* can_write(org_id bigint, kind text) returns boolean */
PG_FUNCTION_INFO_V1(billing_can_write);
Datum
billing_can_write(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(can(fcinfo, "write", 1, 0));
}

/* can_do(action text, kind text, org_id bigint) returns boolean */
PG_FUNCTION_INFO_V1(billing_can_do);
Datum
billing_can_do(PG_FUNCTION_ARGS)
{
	Check	   *check = check_of(fcinfo);
	uint64_t	right = right_of(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)));

	PG_RETURN_BOOL(bl_rights_allow(bl_rights_pinned(&check->pin), PG_GETARG_INT64(2), right));
}

/* _can_grant(action text, kind text, org_id bigint) returns boolean */
PG_FUNCTION_INFO_V1(billing_can_grant);
Datum
billing_can_grant(PG_FUNCTION_ARGS)
{
	uint64_t	right = right_of(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	int64_t		org = PG_GETARG_INT64(2);
	const BlRights *rights = bl_rights();

	PG_RETURN_BOOL(rights->superuser || (org > 0 && (uint64_t) org <= rights->last && (rights->held[org] & right) != 0));
}

/* can_everywhere(action text, kind text) returns boolean */
PG_FUNCTION_INFO_V1(billing_can_everywhere);
Datum
billing_can_everywhere(PG_FUNCTION_ARGS)
{
	uint64_t	right = right_of(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	const BlRights *rights = bl_rights();

	PG_RETURN_BOOL(rights->superuser || (rights->everywhere & right) != 0);
}

/* the actor's own or assigned account of this number; NULL: it is neither */
static const BlAccount *
own_account(FunctionCallInfo fcinfo, int64_t id)
{
	size_t		count;
	const BlAccount *accounts = bl_own_accounts(bl_rights_pinned(&check_of(fcinfo)->pin), &count);
	size_t		from = 0;

	while (from < count)
	{
		size_t		middle = from + (count - from) / 2;

		if (accounts[middle].id == id)
			return &accounts[middle];
		if (accounts[middle].id < id)
			from = middle + 1;
		else
			count = middle;
	}
	return NULL;
}

/* is_own(account_id bigint) returns boolean */
PG_FUNCTION_INFO_V1(billing_is_own);
Datum
billing_is_own(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(own_account(fcinfo, PG_GETARG_INT64(0)) != NULL);
}

/* is_assigned(account_id bigint, action text, kind text) returns boolean */
PG_FUNCTION_INFO_V1(billing_is_assigned);
Datum
billing_is_assigned(PG_FUNCTION_ARGS)
{
	Check	   *check = check_of(fcinfo);
	const BlRights *rights = bl_rights_pinned(&check->pin);
	const BlAccount *account;
	char	   *action;

	/* nearly nobody has any: nothing is looked up for them */
	if (rights->staff_id == 0 || (account = own_account(fcinfo, PG_GETARG_INT64(0))) == NULL)
		PG_RETURN_BOOL(false);
	action = text_to_cstring(PG_GETARG_TEXT_PP(1));
	/* what is assigned is read as its customer reads it, of every kind */
	if (strcmp(action, "read") == 0)
		PG_RETURN_BOOL(account->rights != 0);
	PG_RETURN_BOOL((account->rights & right_of(action, text_to_cstring(PG_GETARG_TEXT_PP(2)))) != 0);
}

/* what some org at or below each has, as of the rights that a call pinned */
typedef struct Inheriting
{
	BlPin		pin;
	uint64_t   *below;			/* NULL: nothing yet */
} Inheriting;

/* can_inherit(org_id bigint, kind text) returns boolean */
PG_FUNCTION_INFO_V1(billing_can_inherit);
Datum
billing_can_inherit(PG_FUNCTION_ARGS)
{
	Inheriting *call = fcinfo->flinfo->fn_extra;
	int64_t		org = PG_GETARG_INT64(0);
	uint64_t	right = right_of("read", text_to_cstring(PG_GETARG_TEXT_PP(1)));
	const BlRights *rights;
	BlPin		before;

	if (call == NULL)
		fcinfo->flinfo->fn_extra = call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof *call);
	before = call->pin;
	rights = bl_rights_pinned(&call->pin);
	if (rights->superuser)
		PG_RETURN_BOOL(true);
	if (call->below == NULL || before.rights != call->pin.rights || before.transaction != call->pin.transaction ||
		before.serial != call->pin.serial || before.statement != call->pin.statement)
	{
		if (call->below != NULL)
			pfree(call->below);
		call->below = NULL;		/* should there be no memory */
		call->below = MemoryContextAllocHuge(fcinfo->flinfo->fn_mcxt, (rights->last + 1) * sizeof *call->below);
		bl_access_gather(rights->parent, rights->rights, call->below, rights->last);
	}
	PG_RETURN_BOOL(org > 0 && (uint64_t) org <= rights->last && (call->below[org] & right) != 0);
}

static Datum
int8_array(const int64_t *values, size_t count)
{
	Datum	   *datums = palloc((count + 1) * sizeof *datums);

	for (size_t i = 0; i < count; i++)
		datums[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(construct_array(datums, (int) count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* _visible_orgs(kind text) returns bigint[] */
PG_FUNCTION_INFO_V1(billing_visible_orgs);
Datum
billing_visible_orgs(PG_FUNCTION_ARGS)
{
	uint64_t	right = right_of("read", text_to_cstring(PG_GETARG_TEXT_PP(0)));
	const BlRights *rights = bl_rights();
	int64_t    *orgs = palloc((rights->orgs + 1) * sizeof *orgs);
	size_t		count = 0;

	for (size_t org = 1; org <= rights->last; org++)
		if (rights->parent[org] != BL_NO_ORG && bl_rights_allow(rights, (int64_t) org, right))
			orgs[count++] = (int64_t) org;
	return int8_array(orgs, count);
}

/* _orgs_over(org_id bigint) returns bigint[] */
PG_FUNCTION_INFO_V1(billing_orgs_over);
Datum
billing_orgs_over(PG_FUNCTION_ARGS)
{
	const BlRights *rights = bl_rights();
	int64_t		org = PG_GETARG_INT64(0);
	int64_t		orgs[BL_ORG_DEPTH];
	size_t		count = 0;

	/* of others' orgs nothing is said */
	if (!rights->superuser && (org <= 0 || (uint64_t) org > rights->last || rights->rights[org] == 0))
		org = 0;
	while (count < BL_ORG_DEPTH && org > 0 && (uint64_t) org <= rights->last && rights->parent[org] != BL_NO_ORG)
	{
		orgs[count++] = org;
		org = rights->parent[org];
	}
	return int8_array(orgs, count);
}

/* _own_accounts() returns bigint[] */
PG_FUNCTION_INFO_V1(billing_own_accounts);
Datum
billing_own_accounts(PG_FUNCTION_ARGS)
{
	size_t		count;
	const BlAccount *accounts = bl_own_accounts(bl_rights(), &count);
	int64_t    *ids = palloc((count + 1) * sizeof *ids);

	(void) fcinfo;
	for (size_t i = 0; i < count; i++)
		ids[i] = accounts[i].id;
	return int8_array(ids, count);
}

/* ---- what the planner asks ---- */

/* can_read's right where its kind is a constant; 0: not known */
static uint64_t
right_of_call(List *args)
{
	Const	   *kind = list_length(args) == 2 ? lsecond(args) : NULL;

	if (kind == NULL || !IsA(kind, Const) || kind->constisnull || kind->consttype != TEXTOID)
		return 0;
	return bl_access_right("read", TextDatumGetCString(kind->constvalue));
}

/* the share of rows whose org may be read: by the common values of the column, the rest by count of orgs */
static double
share_of_rows(PlannerInfo *root, List *args, int relation, uint64_t right)
{
	const BlRights *rights = bl_rights();
	VariableStatData column;
	AttStatsSlot common;
	double		visible = 0,
				counted = 0;
	size_t		orgs = 0,
				rest = rights->orgs;

	for (size_t org = 1; org <= rights->last; org++)
		orgs += rights->parent[org] != BL_NO_ORG && bl_rights_allow(rights, (int64_t) org, right);
	if (rights->orgs == 0)
		return rights->superuser ? 1 : 0;

	examine_variable(root, linitial(args), relation, &column);
	if (HeapTupleIsValid(column.statsTuple) && column.atttype == INT8OID &&
		get_attstatsslot(&common, column.statsTuple, STATISTIC_KIND_MCV, InvalidOid, ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS))
	{
		for (int i = 0; i < common.nvalues; i++)
		{
			counted += common.numbers[i];
			if (rest > 0)
				rest--;
			if (bl_rights_allow(rights, DatumGetInt64(common.values[i]), right))
			{
				visible += common.numbers[i];
				if (orgs > 0)
					orgs--;
			}
		}
		free_attstatsslot(&common);
	}
	ReleaseVariableStats(column);
	if (rest > 0 && counted < 1)
		visible += (1 - counted) * (double) orgs / (double) rest;
	return Min(Max(visible, 0.0), 1.0);
}

enum
{
	INDEX_SHARE_PERCENT = 20	/* above it the planner's guess of ten elements would lead it astray */
};

/* column = ANY (billing.FUNCTION(args)) */
static List *
any_of(SupportRequestIndexCondition *request, Node *column, const char *function, List *args)
{
	Oid			types[1] = {TEXTOID};
	Oid			operator = get_opfamily_member(request->opfamily, INT8OID, INT8OID, BTEqualStrategyNumber);
	Oid			list = LookupFuncName(list_make2(makeString("billing"), makeString(pstrdup(function))), list_length(args), types, true);
	ScalarArrayOpExpr *any = makeNode(ScalarArrayOpExpr);

	if (!OidIsValid(operator) || get_opcode(operator) != F_INT8EQ || !OidIsValid(list))
		return NIL;
	any->opno = operator;
	any->opfuncid = F_INT8EQ;
	any->useOr = true;
	any->inputcollid = InvalidOid;
	any->args = list_make2(copyObject(column), makeFuncExpr(list, INT8ARRAYOID, args, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
	any->location = -1;
	return list_make1(any);
}

/*
 * May plans be made for this actor alone?  They are dropped when the actor
 * changes, which we see; but a superuser's session can become other roles, and
 * one that logged in by a role can not.
 */
static bool
plans_are_personal(const BlRights *rights)
{
	return !rights->superuser && !superuser_arg(GetAuthenticatedUserId()) &&
		GetAuthenticatedUserId() == GetSessionUserId() && rights->good_until == DT_NOEND;
}

/* _can_read_support(internal) returns internal */
PG_FUNCTION_INFO_V1(billing_can_read_support);
Datum
billing_can_read_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify))
	{
		FuncExpr   *call = ((SupportRequestSimplify *) request)->fcall;
		uint64_t	right = right_of_call(call->args);
		const BlRights *rights = bl_rights();

		/* a row of no org at all is nobody's, but the column is not null */
		if (right != 0 && (rights->everywhere & right) != 0 && plans_are_personal(rights))
		{
			bl_actor_plan_made();
			PG_RETURN_POINTER(makeBoolConst(true, false));
		}
	}
	else if (IsA(request, SupportRequestSelectivity))
	{
		SupportRequestSelectivity *ask = (SupportRequestSelectivity *) request;
		uint64_t	right = right_of_call(ask->args);

		if (right != 0 && !ask->is_join)
		{
			ask->selectivity = share_of_rows(ask->root, ask->args, ask->varRelid, right);
			PG_RETURN_POINTER(ask);
		}
	}
	else if (IsA(request, SupportRequestIndexCondition))
	{
		SupportRequestIndexCondition *ask = (SupportRequestIndexCondition *) request;
		FuncExpr   *call = (FuncExpr *) ask->node;
		uint64_t	right = IsA(call, FuncExpr) ? right_of_call(call->args) : 0;

		if (right != 0 && ask->indexarg == 0 &&
			share_of_rows(ask->root, call->args, 0, right) * 100 < INDEX_SHARE_PERCENT)
		{
			ask->lossy = true;
			PG_RETURN_POINTER(any_of(ask, linitial(call->args), "_visible_orgs", list_make1(copyObject(lsecond(call->args)))));
		}
	}
	PG_RETURN_POINTER(NULL);
}

enum
{
	ASSIGNED_ROWS = 100000		/* one row of so many is of an account that is assigned to the actor */
};

/* _is_assigned_support(internal) returns internal */
PG_FUNCTION_INFO_V1(billing_is_assigned_support);
Datum
billing_is_assigned_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSelectivity))
	{
		/* else a policy's second way would seem to let through a third of all rows */
		((SupportRequestSelectivity *) request)->selectivity = 1.0 / ASSIGNED_ROWS;
		PG_RETURN_POINTER(request);
	}
	PG_RETURN_POINTER(NULL);
}

/* _is_own_support(internal) returns internal */
PG_FUNCTION_INFO_V1(billing_is_own_support);
Datum
billing_is_own_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestIndexCondition))
	{
		SupportRequestIndexCondition *ask = (SupportRequestIndexCondition *) request;

		if (IsA(ask->node, FuncExpr) && ask->indexarg == 0)
		{
			ask->lossy = true;
			PG_RETURN_POINTER(any_of(ask, linitial(((FuncExpr *) ask->node)->args), "_own_accounts", NIL));
		}
	}
	PG_RETURN_POINTER(NULL);
}

/* ---- who acts ---- */

/* actor() returns text */
PG_FUNCTION_INFO_V1(billing_actor);
Datum
billing_actor(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_TEXT_P(cstring_to_text(bl_actor_name()));
}

/* actor_methods() returns text[] */
PG_FUNCTION_INFO_V1(billing_actor_methods);
Datum
billing_actor_methods(PG_FUNCTION_ARGS)
{
	char	   *methods = pstrdup(bl_actor_methods());
	ArrayBuildState *list = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	char	   *rest = NULL;

	(void) fcinfo;
	for (char *m = strtok_r(methods, ",", &rest); m != NULL; m = strtok_r(NULL, ",", &rest))
		list = accumArrayResult(list, CStringGetTextDatum(m), false, TEXTOID, CurrentMemoryContext);
	PG_RETURN_DATUM(makeArrayResult(list, CurrentMemoryContext));
}

/* actor_customer_id() returns bigint */
PG_FUNCTION_INFO_V1(billing_actor_customer_id);
Datum
billing_actor_customer_id(PG_FUNCTION_ARGS)
{
	const BlRights *rights = bl_rights();

	if (rights->customer_id == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(rights->customer_id);
}

/*
 * worker.c - bill runs in background workers
 *
 * A worker logs in as the role that asked and acts as the person who asked, so
 * that rights are those of the asker, checked anew at every chunk: an identity
 * ends with each transaction, and is bound again at the next one.  It does chunk
 * after chunk, each in its own transaction, until none is left.  Its errors go
 * into the run's row, since nobody listens to it.
 *
 * Any session may start workers; they need no preloaded library.  With it, a
 * launcher for each database of billing.worker_databases starts workers for runs
 * that lost theirs, after a crash or a restart.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/varlena.h"
#include "utils/wait_event.h"

#include "actor.h"
#include "billing.h"
#include "worker.h"

enum
{
	WORKERS_MAX = 64,
	CONFLICTS_MAX = 10,			/* a chunk that loses so many deadlocks in a row is a fault */
	WAIT_MS = 1000
};

/* what a worker is to do; fits bgw_extra */
typedef struct WorkOrder
{
	Oid			database;
	Oid			role;
	BlActorKind kind;			/* BL_NOBODY: whom the role is known as */
	int64_t		actor_id;
	int64_t		run_id;
	TransactionId after;		/* the run comes to be with it; invalid: it is there */
} WorkOrder;

StaticAssertDecl(sizeof(WorkOrder) <= BGW_EXTRALEN, "a work order fits bgw_extra");

extern PGDLLEXPORT void billing_worker_main(Datum argument);
extern PGDLLEXPORT void billing_launcher_main(Datum argument);

static int64_t working_for;		/* in a worker: its run */

/* those that the caller waits for */
static BackgroundWorkerHandle *awaited[WORKERS_MAX];
static int	awaiting;

static void
forget(int i)
{
	pfree(awaited[i]);
	awaited[i] = awaited[--awaiting];
}

/* ---- starting ---- */

static void
fill(BackgroundWorker *worker, const char *function, const char *name)
{
	memset(worker, 0, sizeof *worker);
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker->bgw_library_name, "billing", sizeof worker->bgw_library_name);
	strlcpy(worker->bgw_function_name, function, sizeof worker->bgw_function_name);
	strlcpy(worker->bgw_name, name, sizeof worker->bgw_name);
	strlcpy(worker->bgw_type, name, sizeof worker->bgw_type);
}

/* false: the server has no place for it */
static bool
start_worker(const WorkOrder *order, pid_t notify, BackgroundWorkerHandle **handle)
{
	BackgroundWorker worker;
	MemoryContext context = MemoryContextSwitchTo(TopMemoryContext);	/* the handle outlives transactions */
	bool		started;

	fill(&worker, "billing_worker_main", "billing run");
	worker.bgw_notify_pid = notify;
	memcpy(worker.bgw_extra, order, sizeof *order);
	started = RegisterDynamicBackgroundWorker(&worker, handle);
	MemoryContextSwitchTo(context);
	return started;
}

/* "staff:12" or "customer:7" of a run's row; others act by their role */
static void
order_actor(WorkOrder *order, const char *actor)
{
	order->kind = BL_NOBODY;
	order->actor_id = 0;
	if (strncmp(actor, "staff:", 6) == 0)
	{
		order->kind = BL_STAFF;
		order->actor_id = pg_strtoint64(actor + 6);
	}
}

/* _start_workers(run_id bigint, workers integer, waits boolean) returns integer */
PG_FUNCTION_INFO_V1(billing_start_workers);
Datum
billing_start_workers(PG_FUNCTION_ARGS)
{
	WorkOrder	order = {MyDatabaseId, GetSessionUserId(), BL_NOBODY, 0, PG_GETARG_INT64(0), InvalidTransactionId};
	int			workers = PG_GETARG_INT32(1);
	bool		waits = PG_GETARG_BOOL(2);
	int			started = 0;
	HeapTuple	role = SearchSysCache1(AUTHOID, ObjectIdGetDatum(order.role));
	bool		may_log_in = HeapTupleIsValid(role) && ((Form_pg_authid) GETSTRUCT(role))->rolcanlogin;

	if (HeapTupleIsValid(role))
		ReleaseSysCache(role);
	if (workers < 1 || workers > WORKERS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a run has 1 to %d workers", WORKERS_MAX)));
	if (!may_log_in)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("a worker logs in as the session's role, which may not"),
				 errhint("Log in by a role of your own, or run without workers.")));
	/* who is superuser by the role stays so, also where the role is of a member of staff */
	if (!bl_rights()->superuser)
		order_actor(&order, bl_actor_name());
	if (!waits)
		order.after = GetTopTransactionIdIfAny();
	while (started < workers && awaiting < WORKERS_MAX && start_worker(&order, waits ? MyProcPid : 0, waits ? &awaited[awaiting] : NULL))
	{
		started++;
		awaiting += waits;
	}
	if (waits && started == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("the server has no free place for a worker"),
				 errhint("Raise max_worker_processes, or run without workers.")));
	if (started < workers)
		ereport(NOTICE,
				(errmsg("%d of %d workers could be started", started, workers),
				 errhint("max_worker_processes limits those of the whole server.")));
	PG_RETURN_INT32(started);
}

/* _workers_busy() returns boolean: waits for a moment; is one still at work? */
PG_FUNCTION_INFO_V1(billing_workers_busy);
Datum
billing_workers_busy(PG_FUNCTION_ARGS)
{
	bool		waited = false;

	(void) fcinfo;
	for (;;)
	{
		for (int i = 0; i < awaiting;)
		{
			pid_t		pid;

			if (GetBackgroundWorkerPid(awaited[i], &pid) == BGWH_STOPPED)
				forget(i);
			else
				i++;
		}
		if (awaiting == 0 || waited)
			PG_RETURN_BOOL(awaiting > 0);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, WAIT_MS, WAIT_EVENT_BGWORKER_SHUTDOWN);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		waited = true;
	}
}

/* who waited is cancelled, or gone: those he waited for stop with the chunk they are at undone */
static void
on_transaction(XactEvent event, void *argument)
{
	(void) argument;
	if (event != XACT_EVENT_ABORT)
		return;
	while (awaiting > 0)
	{
		TerminateBackgroundWorker(awaited[0]);
		forget(0);
	}
}

/* ---- working ---- */

static void
begin(const char *activity)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	pgstat_report_activity(STATE_RUNNING, activity);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
commit(void)
{
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	(void) pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* the first column of the first row; calls are of one run */
static bool
ask(const char *call, int64_t run_id)
{
	Oid			types[1] = {INT8OID};
	Datum		values[1] = {Int64GetDatum(run_id)};
	bool		isnull;

	if (SPI_execute_with_args(call, 1, types, values, NULL, false, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "%s failed", call);
	(void) SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	return !isnull;
}

static void
act_for(const WorkOrder *order)
{
	/* whom the role is known as anyway is not bound: plans would be made anew at each change of actor */
	if (order->kind == BL_NOBODY || bl_rights()->staff_id == order->actor_id)
		return;
	if (!bl_actor_bind(order->kind, order->actor_id, "worker"))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("who asked for the run is not there any more"),
				 errhint("Somebody else can carry it on: CALL billing.resume_run(" INT64_FORMAT ").", order->run_id)));
}

/* one chunk; false: nothing is left */
static bool
work_once(const WorkOrder *order)
{
	bool		more;

	begin("billing run: a chunk");
	act_for(order);
	more = ask("SELECT billing._run_chunk($1)", order->run_id);
	if (!more)
		(void) ask("SELECT billing._finish_run($1)", order->run_id);
	commit();
	return more;
}

/* as the store's owner, whom the policies let change the row of the run he works for */
static void
record_failure(const ErrorData *error)
{
	Oid			types[6] = {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	const char *texts[4] = {unpack_sql_state(error->sqlerrcode), error->message, error->detail, error->hint};
	Datum		values[5] = {Int64GetDatum(working_for)};
	char		nulls[5] = {' ', ' ', ' ', ' ', ' '};
	Oid			table;
	HeapTuple	class;
	Oid			user;
	int			context;

	begin("billing run: an error is written down");
	table = bl_store_table("bill_run");
	class = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	if (!HeapTupleIsValid(class))
		elog(ERROR, "there is no table of runs any more");
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(((Form_pg_class) GETSTRUCT(class))->relowner,
						   context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	ReleaseSysCache(class);
	for (int i = 0; i < 4; i++)
		if (texts[i] == NULL)
			nulls[i + 1] = 'n';
		else
			values[i + 1] = CStringGetTextDatum(texts[i]);
	if (SPI_execute_with_args("SELECT billing._fail_run($1, $2, $3, $4, $5)", 5, types, values, nulls, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "_fail_run failed");
	SetUserIdAndSecContext(user, context);
	commit();
}

/* does a chunk; errors are written down, or forgiven where trying again helps */
static bool
work(const WorkOrder *order, int *conflicts)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool more = true;

	PG_TRY();
	{
		more = work_once(order);
		*conflicts = 0;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		EmitErrorReport();
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
		if ((error->sqlerrcode != ERRCODE_T_R_DEADLOCK_DETECTED && error->sqlerrcode != ERRCODE_T_R_SERIALIZATION_FAILURE) ||
			++*conflicts == CONFLICTS_MAX)
		{
			more = false;
			record_failure(error);
		}
		FreeErrorData(error);
	}
	PG_END_TRY();
	return more;
}

static void
prepare_process(void)
{
	/* names are the store's own; a role's settings do not lead elsewhere */
	SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_SUSET, PGC_S_OVERRIDE);
}

void
billing_worker_main(Datum argument)
{
	WorkOrder	order;
	int			conflicts = 0;

	(void) argument;
	memcpy(&order, MyBgworkerEntry->bgw_extra, sizeof order);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(order.database, order.role, 0);
	prepare_process();
	working_for = order.run_id;
	begin("billing run: waits for who asked to commit");
	if (TransactionIdIsValid(order.after))
		XactLockTableWait(order.after, NULL, NULL, XLTW_None);
	/* as long as it is held, somebody works on the run */
	(void) ask("SELECT pg_catalog.pg_advisory_lock_shared(billing._run_key($1))", order.run_id);
	commit();
	while (work(&order, &conflicts))
		CHECK_FOR_INTERRUPTS();
	proc_exit(0);
}

/* _works_for(run_id bigint) returns boolean */
PG_FUNCTION_INFO_V1(billing_works_for);
Datum
billing_works_for(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(working_for != 0 && working_for == PG_GETARG_INT64(0));
}

/* ---- launching: with preload, for runs that have lost their workers ---- */

/* runs that want workers, are not at an end, did not fail, and that nobody works on */
static const char orphans[] =
"SELECT r.run_id, r.workers, a.oid, CASE WHEN a.rolsuper THEN '' ELSE r.requested_by END"
"  FROM billing.bill_run r JOIN pg_catalog.pg_authid a ON a.rolname = r.requested_role"
" WHERE r.workers > 0 AND r.finished_at IS NULL AND r.failed_at IS NULL AND billing._run_sessions(r.run_id) = 0";

static void
launch(void)
{
	begin("billing launcher");
	/* a store of an earlier build has no such column */
	if (OidIsValid(bl_store_table("bill_run")) && get_attnum(bl_store_table("bill_run"), "requested_role") != InvalidAttrNumber)
	{
		if (SPI_execute(orphans, true, 0) != SPI_OK_SELECT)
			elog(ERROR, "the runs cannot be read");
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			HeapTuple	row = SPI_tuptable->vals[i];
			TupleDesc	form = SPI_tuptable->tupdesc;
			bool		isnull;
			WorkOrder	order = {MyDatabaseId, DatumGetObjectId(SPI_getbinval(row, form, 3, &isnull)), BL_NOBODY, 0,
			DatumGetInt64(SPI_getbinval(row, form, 1, &isnull)), InvalidTransactionId};
			int			workers = DatumGetInt32(SPI_getbinval(row, form, 2, &isnull));

			order_actor(&order, SPI_getvalue(row, form, 4));
			while (workers-- > 0 && start_worker(&order, 0, NULL))
				;
		}
	}
	commit();
}

void
billing_launcher_main(Datum argument)
{
	(void) argument;
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(MyBgworkerEntry->bgw_extra, NULL, 0);
	prepare_process();
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		launch();
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, bl_worker_interval * 1000L, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

static void
register_launchers(void)
{
	char	   *names = pstrdup(bl_worker_databases);
	List	   *list;
	ListCell   *cell;

	if (!SplitGUCList(names, ',', &list))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("billing.worker_databases is not a list of names")));
	foreach(cell, list)
	{
		BackgroundWorker worker;

		fill(&worker, "billing_launcher_main", "billing launcher");
		worker.bgw_restart_time = 10;
		strlcpy(worker.bgw_extra, lfirst(cell), sizeof worker.bgw_extra);
		RegisterBackgroundWorker(&worker);
	}
	list_free(list);
	pfree(names);
}

void
bl_worker_init(void)
{
	RegisterXactCallback(on_transaction, NULL);
	if (process_shared_preload_libraries_in_progress)
		register_launchers();
}

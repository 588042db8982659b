/*
 * bill_due.c - the accounts of a range that have a bill to be made, and what each is billed by
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "bill_due.h"
#include "sha256.h"
#include "store_table.h"

enum
{
	STORED_MAX = 250			/* accounts whose stored usage is asked at once */
};

enum
{
	HEADS, EXCEPTIONS, VERSIONS, MARKET, PIECE, USAGE, USAGE_DIGEST, STORED_USAGES, NO_USAGE
};

static BlStatement questions[] = {
	/* a period, or what is left of it before a request changes plan or terms, or ends the account */
	[HEADS] = {.text = "SELECT h.ctid, h.account_id, h.billed_to, h.seq, h.link, h.currency, h.voided, h.carry, h.usage_from, h.balance, h.balance < 0,"
		" least($4, h.stops_on, billing._period_end(h.billed_to, h.cycle_day, h.cycle_months, h.cycle_first),"
		" CASE WHEN h.plan_changes IS NOT NULL THEN (SELECT min(c) FROM unnest(h.plan_changes) c WHERE c > h.billed_to) END),"
		" CASE WHEN h.plan_changes IS NOT NULL THEN (SELECT max(c) FROM unnest(h.plan_changes) c WHERE c <= h.billed_to) END"
		" FROM billing.account_head h WHERE h.org_id = $1 AND h.account_id BETWEEN $2 AND $3 AND billing._is_due(h, $4)"
		" ORDER BY h.account_id FOR NO KEY UPDATE OF h SKIP LOCKED",.types = {INT8OID, INT8OID, INT8OID, DATEOID}},
	[EXCEPTIONS] = {.text = "SELECT x.account_id FROM billing.run_exception x WHERE x.run_id = $1 AND x.account_id BETWEEN $2 AND $3"
		" ORDER BY x.account_id",.types = {INT8OID, INT8OID, INT8OID}},
	[VERSIONS] = {.text = "SELECT v.from_on, v.tariff, v.market, v.asked IS NOT NULL FROM billing.plan_version v WHERE v.plan_id = $1"
		" ORDER BY v.from_on",.types = {INT8OID}},
	[MARKET] = {.text = "SELECT billing._bill_market($1, $2, $3, $4)",.types = {INT8OID, DATEOID, DATEOID, DATEOID}},
	[PIECE] = {.text = "SELECT p.ends_on, p.plan_id, p.plan_from_on, p.terms, p.version_from_on FROM billing._piece_of($1, $2, $3) p",.types = {INT8OID, DATEOID, DATEOID}},
	[USAGE] = {.text = "SELECT billing._usage_of($1, daterange($2, $3))",.types = {INT8OID, DATEOID, DATEOID}},
	[USAGE_DIGEST] = {.text = "SELECT billing._usage_digest_at($1, $2, $3, $4)",.types = {INT8OID, DATEOID, DATEOID, INT8OID}},
	[STORED_USAGES] = {.text = "SELECT s.usage, s.digest, s.sqlstate, s.message, s.detail, s.hint FROM billing._stored_usages($1, $2, $3, $4) s ORDER BY s.place",.types = {INT8ARRAYOID, TEXTARRAYOID, DATEARRAYOID, DATEARRAYOID}},
	[NO_USAGE] = {.text = "SELECT billing.usage()",.types = {InvalidOid}},
};

typedef struct PricePlan
{
	struct PricePlan *next;
	int64_t		plan_id;
	int			versions;
	BlVersion  *version;
} PricePlan;

/* the market that a version has for some days */
typedef struct Market
{
	struct Market *next;
	const BlVersion *version;
	DateADT		from_on;
	DateADT		until_on;
	Datum		value;
	bool		null;
} Market;

struct BlDueList
{
	MemoryContext call;			/* what lives as long as the list */
	SPITupleTable *heads;
	uint64		count;
	uint64		next;
	BlFinder	plan;			/* account_plan */
	int			plan_from_on,
				plan_id,
				plan_terms;
	BlFinder	reading;
	int			reading_from_on,
				reading_until_on,
				reading_part,
				reading_channel,
				reading_digest,
				reading_profile;
	PricePlan  *plans;			/* the last one asked for stands first */
	Market	   *markets;		/* likewise */
	Datum		no_usage;
	/* accounts ahead whose usage is stored, with it */
	MemoryContext stored_context;
	BlDue	   *stored;
	int			stored_count;
	int			stored_taken;
};

/* columns of HEADS */
enum
{
	H_CTID, H_ACCOUNT_ID, H_BILLED_TO, H_SEQ, H_LINK, H_CURRENCY, H_VOIDED, H_CARRY, H_USAGE_FROM, H_BALANCE, H_AHEAD, H_UNTIL_ON, H_CHANGED_ON, H_COLUMNS
};

void
bl_due_refuse(BlDue *due, const char *sqlstate, const char *message, const char *detail, const char *hint)
{
	due->sqlstate = sqlstate;
	due->message = message;
	due->detail = detail;
	due->hint = hint;
}

/* ---- plan, version, market ---- */

static PricePlan *
load_plan(BlDueList *list, int64_t plan_id)
{
	MemoryContext before = MemoryContextSwitchTo(list->call);
	PricePlan  *plan = palloc0(sizeof *plan);
	Datum		arg = Int64GetDatum(plan_id);
	SPITupleTable *rows;

	if (SPI_execute_plan(bl_plan(&questions[VERSIONS]), &arg, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "the versions of plan " INT64_FORMAT " are not found", plan_id);
	rows = SPI_tuptable;
	plan->plan_id = plan_id;
	plan->versions = (int) SPI_processed;
	plan->version = palloc0(sizeof *plan->version * (size_t) Max(plan->versions, 1));
	for (int i = 0; i < plan->versions; i++)
	{
		BlVersion  *v = &plan->version[i];
		Datum		values[4];
		bool		nulls[4];

		heap_deform_tuple(rows->vals[i], rows->tupdesc, values, nulls);
		v->plan_id = plan_id;
		v->from_on = DatumGetDateADT(values[0]);
		v->tariff = bl_copy_of(values[1], TupleDescAttr(rows->tupdesc, 1));
		v->has_market = !nulls[2];
		if (v->has_market)
			v->market = bl_copy_of(values[2], TupleDescAttr(rows->tupdesc, 2));
		v->asks = DatumGetBool(values[3]);
	}
	SPI_freetuptable(rows);
	MemoryContextSwitchTo(before);
	return plan;
}

static const PricePlan *
find_plan(BlDueList *list, int64_t plan_id)
{
	PricePlan **at = &list->plans;
	PricePlan  *plan;

	while (*at != NULL && (*at)->plan_id != plan_id)
		at = &(*at)->next;
	plan = *at;
	if (plan == NULL)
		plan = load_plan(list, plan_id);
	else
		*at = plan->next;
	plan->next = list->plans;
	list->plans = plan;
	return plan;
}

/* the last version from before a day; NULL: there is none */
static const BlVersion *
version_before(const PricePlan *plan, DateADT day)
{
	for (int i = plan->versions - 1; i >= 0; i--)
		if (plan->version[i].from_on < day)
			return &plan->version[i];
	return NULL;
}

/* the plan, the terms and the version of the days of a bill; ends it where one of them changes */
static void
find_version(BlDueList *list, BlDue *due)
{
	int64_t		plan_id;
	Datum		args[3],
				values[5];
	bool		nulls[5];

	if (!bl_finder_last(&list->plan, due->account_id, due->until_on))
		return;
	/* the last before the end: it is also that of the beginning, or else it changes within */
	plan_id = DatumGetInt64(bl_slot_value(list->plan.before, list->plan_id));
	due->plan_from_on = DatumGetDateADT(bl_slot_value(list->plan.before, list->plan_from_on));
	due->terms = bl_slot_value(list->plan.before, list->plan_terms);
	due->version = version_before(find_plan(list, plan_id), due->until_on);
	if (due->plan_from_on <= due->from_on && (due->version == NULL || due->version->from_on <= due->from_on))
		return;
	/* then this bill ends where it changes, and the next begins there */
	args[0] = Int64GetDatum(due->account_id);
	args[1] = DateADTGetDatum(due->from_on);
	args[2] = DateADTGetDatum(due->until_on);
	due->version = NULL;
	if (!bl_ask(&questions[PIECE], args, 5, values, nulls) || nulls[0])
		elog(ERROR, "the days of account " INT64_FORMAT " are not divided", due->account_id);
	due->until_on = DatumGetDateADT(values[0]);
	if (nulls[1])
		return;
	due->plan_from_on = DatumGetDateADT(values[2]);
	due->terms = values[3];
	if (!nulls[4])
		due->version = version_before(find_plan(list, DatumGetInt64(values[1])), DatumGetDateADT(values[4]) + 1);
}

/* the version's own, or that of the months it is in, which the run has prepared */
static void
find_market(BlDueList *list, BlDue *due)
{
	const BlVersion *v = due->version;
	Market	  **at = &list->markets;
	Market	   *market;

	if (v->has_market || !v->asks)
	{
		due->market = v->market;
		due->has_market = v->has_market;
		return;
	}
	due->market_asked = true;
	while (*at != NULL && ((*at)->version != v || (*at)->from_on != due->from_on || (*at)->until_on != due->until_on))
		at = &(*at)->next;
	market = *at;
	if (market == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(list->call);
		Datum		args[4] = {Int64GetDatum(v->plan_id), DateADTGetDatum(v->from_on),
			DateADTGetDatum(due->from_on), DateADTGetDatum(due->until_on)};

		market = palloc0(sizeof *market);
		market->version = v;
		market->from_on = due->from_on;
		market->until_on = due->until_on;
		bl_ask(&questions[MARKET], args, 1, &market->value, &market->null);
		MemoryContextSwitchTo(before);
	}
	else
		*at = market->next;
	market->next = list->markets;
	list->markets = market;
	due->market = market->value;
	due->has_market = !market->null;
}

/* ---- usage ---- */

static struct varlena *
sha256(Datum value)
{
	BlBytes		bytes = bl_bytes(PG_DETOAST_DATUM_PACKED(value));
	struct varlena *digest = bl_new_value(BL_SHA256_SIZE);

	bl_sha256(bytes.bytes, bytes.size, bl_new_bytes(digest));
	return digest;
}

static void
find_usage(BlDueList *list, BlDue *due)
{
	BlFinder   *r = &list->reading;
	TupleTableSlot *row;
	DateADT		until_on;
	bool		within,
				several;
	Datum		args[4];
	Datum		value;
	bool		null;

	/* a reading has 31 days at most */
	bl_finder_seek(r, due->account_id, due->from_on - 31, due->until_on);
	do
	{
		if (!bl_finder_next(r, ForwardScanDirection))
		{
			due->usage = list->no_usage;
			return;
		}
		until_on = DatumGetDateADT(bl_slot_value(r->slot, list->reading_until_on));
	} while (until_on <= due->from_on);
	row = r->slot;
	several = bl_finder_next(r, ForwardScanDirection);
	within = DatumGetDateADT(bl_slot_value(row, list->reading_from_on)) >= due->from_on && until_on <= due->until_on;
	args[0] = Int64GetDatum(due->account_id);
	args[1] = DateADTGetDatum(due->from_on);
	args[2] = DateADTGetDatum(due->until_on);
	args[3] = Int64GetDatum(due->seq + 1);
	/* most have one profile of just these days, which needs no sorting and joining */
	if (!several && within && bl_is_text(bl_slot_value(row, list->reading_channel), "import") &&
		bl_is_text(bl_slot_value(row, list->reading_part), "main"))
	{
		due->usage = bl_slot_value(row, list->reading_profile);
		due->bare_profile = true;
	}
	else
	{
		bl_ask(&questions[USAGE], args, 1, &value, &null);
		due->usage = null ? list->no_usage : value;
	}
	if (!several && within)
		due->usage_digest = sha256(bl_slot_value(row, list->reading_digest));
	else
	{
		bl_ask(&questions[USAGE_DIGEST], args, 1, &value, &null);
		due->usage_digest = null ? NULL : (struct varlena *) DatumGetPointer(value);
	}
}

/* the market and the readings; false: it waits for the next turn */
static bool
look_up(BlDueList *list, BlDue *due)
{
	/* a change that this snapshot does not see yet, though the head has it */
	if (due->has_changed && (due->version == NULL || due->plan_from_on < due->changed_on))
		return false;
	if (due->version != NULL)
		find_market(list, due);
	if (bl_is_text(due->usage_from, "reading"))
		find_usage(list, due);
	if (due->sqlstate == NULL && due->version == NULL)
		bl_due_refuse(due, "UB305", "the account has no price plan on the first day", NULL, "set_plan() gives it one.");
	return true;
}

/* ---- heads ---- */

static void
read_head(const SPITupleTable *heads, uint64 i, BlDue *due)
{
	Datum		values[H_COLUMNS];
	bool		nulls[H_COLUMNS];

	heap_deform_tuple(heads->vals[i], heads->tupdesc, values, nulls);
	*due = (BlDue) {
		.head = *(ItemPointer) DatumGetPointer(values[H_CTID]),
		.account_id = DatumGetInt64(values[H_ACCOUNT_ID]),
		.from_on = DatumGetDateADT(values[H_BILLED_TO]),
		.until_on = DatumGetDateADT(values[H_UNTIL_ON]),
		.seq = DatumGetInt64(values[H_SEQ]),
		.link = PointerGetDatum(PG_DETOAST_DATUM_PACKED(values[H_LINK])),
		.currency = values[H_CURRENCY],
		.has_currency = !nulls[H_CURRENCY],
		.voided = DatumGetBool(values[H_VOIDED]),
		.balance = values[H_BALANCE],
		.ahead = DatumGetBool(values[H_AHEAD]),
		.carry = values[H_CARRY],
		.has_carry = !nulls[H_CARRY],
		.usage_from = values[H_USAGE_FROM],
		.changed_on = nulls[H_CHANGED_ON] ? 0 : DatumGetDateADT(values[H_CHANGED_ON]),
		.has_changed = !nulls[H_CHANGED_ON]
	};
}

/* ---- stored usage, of many at once ---- */

static const char *
text_or_null(Datum value, bool null)
{
	return null ? NULL : TextDatumGetCString(value);
}

static ArrayType *
array_of(Datum *values, int n, Oid type)
{
	int16		length;
	bool		by_value;
	char		align;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	return construct_array(values, n, type, length, by_value, align);
}

/* what was stored of the usage of these accounts; what is missing is an exception */
static void
find_stored_usages(BlDue *due, int n)
{
	Datum		values[4][STORED_MAX];
	Datum		args[4];
	SPITupleTable *rows;

	for (int i = 0; i < n; i++)
	{
		values[0][i] = Int64GetDatum(due[i].account_id);
		values[1][i] = due[i].usage_from;
		values[2][i] = DateADTGetDatum(due[i].from_on);
		values[3][i] = DateADTGetDatum(due[i].until_on);
	}
	args[0] = PointerGetDatum(array_of(values[0], n, INT8OID));
	args[1] = PointerGetDatum(array_of(values[1], n, TEXTOID));
	args[2] = PointerGetDatum(array_of(values[2], n, DATEOID));
	args[3] = PointerGetDatum(array_of(values[3], n, DATEOID));
	if (SPI_execute_plan(bl_plan(&questions[STORED_USAGES]), args, NULL, true, 0) != SPI_OK_SELECT || SPI_processed != (uint64) n)
		elog(ERROR, "the stored usage of %d accounts is not found", n);
	rows = SPI_tuptable;
	for (int i = 0; i < n; i++)
	{
		Datum		said[6];
		bool		nulls[6];

		heap_deform_tuple(rows->vals[i], rows->tupdesc, said, nulls);
		due[i].usage = bl_copy_of(said[0], TupleDescAttr(rows->tupdesc, 0));
		due[i].usage_digest = nulls[1] ? NULL : (struct varlena *) DatumGetPointer(bl_copy_of(said[1], TupleDescAttr(rows->tupdesc, 1)));
		due[i].sqlstate = text_or_null(said[2], nulls[2]);
		due[i].message = text_or_null(said[3], nulls[3]);
		due[i].detail = text_or_null(said[4], nulls[4]);
		due[i].hint = text_or_null(said[5], nulls[5]);
	}
	SPI_freetuptable(rows);
}

/* head i and those after it whose usage is stored, as many as are asked at once */
static void
look_ahead(BlDueList *list, uint64 i)
{
	MemoryContext before;

	MemoryContextReset(list->stored_context);
	before = MemoryContextSwitchTo(list->stored_context);
	list->stored = palloc(sizeof *list->stored * STORED_MAX);
	list->stored_count = list->stored_taken = 0;
	for (; i < list->count && list->stored_count < STORED_MAX; i++)
	{
		BlDue		   *due = &list->stored[list->stored_count];

		read_head(list->heads, i, due);
		if (bl_is_text(due->usage_from, "reading"))
			continue;
		find_version(list, due);
		if (due->terms != (Datum) 0)
			due->terms = PointerGetDatum(PG_DETOAST_DATUM_COPY(due->terms));
		list->stored_count++;
	}
	/* it has gone ahead of those between */
	bl_finder_rewind(&list->plan);
	find_stored_usages(list->stored, list->stored_count);
	MemoryContextSwitchTo(before);
}

/* head i, whose usage is stored, with its plan and usage */
static const BlDue *
next_stored(BlDueList *list, uint64 i)
{
	if (list->stored_taken == list->stored_count)
		look_ahead(list, i);
	return &list->stored[list->stored_taken++];
}

/* ---- the list ---- */

static int64_t
number_of(const SPITupleTable *rows, uint64 i, int column)
{
	bool		null;

	return DatumGetInt64(SPI_getbinval(rows->vals[i], rows->tupdesc, column + 1, &null));
}

/* the heads that the run has not given up, in their order; both rise by account */
static uint64
leave_out(SPITupleTable *heads, uint64 n, const SPITupleTable *excepted, uint64 exceptions)
{
	uint64		left = 0;
	uint64		x = 0;

	for (uint64 i = 0; i < n && exceptions > 0; i++)
	{
		int64_t		account_id = number_of(heads, i, H_ACCOUNT_ID);

		while (x < exceptions && number_of(excepted, x, 0) < account_id)
			x++;
		if (x == exceptions || number_of(excepted, x, 0) != account_id)
			heads->vals[left++] = heads->vals[i];
	}
	return exceptions > 0 ? left : n;
}

BlDueList *
bl_due_lock(int64_t org_id, int64_t first_account, int64_t last_account, DateADT until_on)
{
	Datum		range[] = {Int64GetDatum(org_id), Int64GetDatum(first_account), Int64GetDatum(last_account), DateADTGetDatum(until_on)};
	BlDueList  *list;

	if (SPI_execute_plan(bl_plan(&questions[HEADS]), range, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "the heads are not locked");
	if (SPI_processed == 0)
		return NULL;
	list = palloc0(sizeof *list);
	list->call = CurrentMemoryContext;
	list->heads = SPI_tuptable;
	list->count = SPI_processed;
	return list;
}

void
bl_due_open(BlDueList *list, int64_t run_id)
{
	Datum		given_up[] = {Int64GetDatum(run_id), Int64GetDatum(number_of(list->heads, 0, H_ACCOUNT_ID)),
	Int64GetDatum(number_of(list->heads, list->count - 1, H_ACCOUNT_ID))};
	Snapshot	snapshot = GetActiveSnapshot();
	bool		null;

	if (SPI_execute_plan(bl_plan(&questions[EXCEPTIONS]), given_up, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "the exceptions are not found");
	list->count = leave_out(list->heads, list->count, SPI_tuptable, SPI_processed);
	SPI_freetuptable(SPI_tuptable);
	bl_finder_open(&list->plan, "account_plan", "account_id", "from_on", snapshot);
	list->plan_from_on = bl_column(list->plan.table, "from_on");
	list->plan_id = bl_column(list->plan.table, "plan_id");
	list->plan_terms = bl_column(list->plan.table, "terms");
	bl_finder_open(&list->reading, "reading", "account_id", "from_on", snapshot);
	list->reading_from_on = bl_column(list->reading.table, "from_on");
	list->reading_until_on = bl_column(list->reading.table, "until_on");
	list->reading_part = bl_column(list->reading.table, "part");
	list->reading_channel = bl_column(list->reading.table, "channel");
	list->reading_digest = bl_column(list->reading.table, "digest");
	list->reading_profile = bl_column(list->reading.table, "profile");
	bl_ask(&questions[NO_USAGE], NULL, 1, &list->no_usage, &null);
	list->stored_context = AllocSetContextCreate(list->call, "stored usage", ALLOCSET_DEFAULT_SIZES);
}

bool
bl_due_next(BlDueList *list, BlDue *due)
{
	while (list->next < list->count)
	{
		uint64		i = list->next++;

		CHECK_FOR_INTERRUPTS();
		read_head(list->heads, i, due);
		if (bl_is_text(due->usage_from, "reading"))
			find_version(list, due);
		else
			*due = *next_stored(list, i);
		if (look_up(list, due))
			return true;
	}
	return false;
}

void
bl_due_close(BlDueList *list)
{
	bl_finder_close(&list->plan);
	bl_finder_close(&list->reading);
}

/*
 * bill_run.c - bills the next period of the accounts of a range: finds what each is billed by, rates it, has it written
 *
 * The heads of the accounts are locked by one statement; what follows sees whatever was brought until then.  What every
 * account needs (its plan, its readings) is looked up by key without a statement; plans with their versions and the
 * markets of a month are read once a call; registers and formed usage are asked for many accounts at once; what few need
 * (several readings, a change of plan within the days) is asked of the functions of the store that say so.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "bill_write.h"
#include "billing.h"
#include "carry_type.h"
#include "numeric.h"
#include "rate_fn.h"
#include "sha256.h"
#include "store_table.h"
#include "value_op.h"

/* ---- statements, prepared once a session ---- */

typedef enum Question
{
	RIGHTS,
	HEADS,
	EXCEPTIONS,
	VERSIONS,
	MARKET,
	PIECE,
	USAGE,
	USAGE_DIGEST,
	STORED_USAGES,
	NO_USAGE,
	REVISION,
	EXCEPT,
	QUESTIONS
} Question;

enum
{
	ARGS_MAX = 9,
	STORED_MAX = 250			/* accounts whose stored usage is asked at once */
};

static const struct
{
	const char *text;
	Oid			types[ARGS_MAX];
}			questions[QUESTIONS] = {
	[RIGHTS] = {"SELECT billing.actor(), billing.can_write($1, 'bill') AND billing.can_write($1, 'money')"
		" AND billing.can_read($1, 'account') AND billing.can_read($1, 'reading')", {INT8OID}},
	/* a period, or what is left of it before a request changes plan or terms, or ends the account */
	[HEADS] = {"SELECT h.ctid, h.account_id, h.billed_to, h.seq, h.link, h.currency, h.voided, h.carry, h.usage_from, h.balance, h.balance < 0,"
		" least($4, h.stops_on, billing._period_end(h.billed_to, h.cycle_day, h.cycle_months, h.cycle_first),"
		" CASE WHEN h.plan_changes IS NOT NULL THEN (SELECT min(c) FROM unnest(h.plan_changes) c WHERE c > h.billed_to) END),"
		" CASE WHEN h.plan_changes IS NOT NULL THEN (SELECT max(c) FROM unnest(h.plan_changes) c WHERE c <= h.billed_to) END"
		" FROM billing.account_head h WHERE h.org_id = $1 AND h.account_id BETWEEN $2 AND $3 AND billing._is_due(h, $4)"
		" ORDER BY h.account_id FOR NO KEY UPDATE OF h SKIP LOCKED", {INT8OID, INT8OID, INT8OID, DATEOID}},
	[EXCEPTIONS] = {"SELECT x.account_id FROM billing.run_exception x WHERE x.run_id = $1 AND x.account_id BETWEEN $2 AND $3"
		" ORDER BY x.account_id", {INT8OID, INT8OID, INT8OID}},
	[VERSIONS] = {"SELECT v.from_on, v.tariff, v.market, v.asked IS NOT NULL FROM billing.plan_version v WHERE v.plan_id = $1"
		" ORDER BY v.from_on", {INT8OID}},
	[MARKET] = {"SELECT billing._bill_market($1, $2, $3, $4)", {INT8OID, DATEOID, DATEOID, DATEOID}},
	[PIECE] = {"SELECT p.ends_on, p.plan_id, p.plan_from_on, p.terms, p.version_from_on FROM billing._piece_of($1, $2, $3) p",
		{INT8OID, DATEOID, DATEOID}},
	[USAGE] = {"SELECT billing._usage_of($1, daterange($2, $3))", {INT8OID, DATEOID, DATEOID}},
	[USAGE_DIGEST] = {"SELECT billing._usage_digest_at($1, $2, $3, $4)", {INT8OID, DATEOID, DATEOID, INT8OID}},
	[STORED_USAGES] = {"SELECT s.usage, s.digest, s.sqlstate, s.message, s.detail, s.hint FROM billing._stored_usages($1, $2, $3, $4) s ORDER BY s.place",
		{INT8ARRAYOID, TEXTARRAYOID, DATEARRAYOID, DATEARRAYOID}},
	[NO_USAGE] = {"SELECT billing.usage()", {InvalidOid}},
	[REVISION] = {"SELECT coalesce(max(b.revision), 0) + 1 FROM billing.bill b WHERE b.account_id = $1 AND b.from_on = $2", {INT8OID, DATEOID}},
	[EXCEPT] = {"INSERT INTO billing.run_exception (account_id, run_id, org_id, from_on, until_on, sqlstate, message, detail, hint)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", {INT8OID, INT8OID, INT8OID, DATEOID, DATEOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}},
};

static SPIPlanPtr
plan_of(Question q)
{
	static SPIPlanPtr plans[QUESTIONS];

	if (plans[q] == NULL)
	{
		Oid			types[ARGS_MAX];
		int			n = 0;
		SPIPlanPtr	plan;

		while (n < ARGS_MAX && OidIsValid(questions[q].types[n]))
		{
			types[n] = questions[q].types[n];
			n++;
		}
		plan = bl_prepare(questions[q].text, n, types);
		if (SPI_keepplan(plan) != 0)
			elog(ERROR, "a plan is not kept");
		plans[q] = plan;
	}
	return plans[q];
}

/* a copy in this context, whole */
static Datum
copy_of(Datum value, Form_pg_attribute a)
{
	if (a->attlen == -1)
		return PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	return datumCopy(value, a->attbyval, a->attlen);
}

/* the first row of a question's answer, in this context; false: there is none */
static bool
ask(Question q, Datum *args, int n, Datum *values, bool *nulls)
{
	SPITupleTable *rows;
	bool		found;

	/* of this snapshot */
	if (SPI_execute_plan(plan_of(q), args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "no answer to: %s", questions[q].text);
	rows = SPI_tuptable;
	found = SPI_processed > 0;
	for (int i = 0; i < n; i++)
	{
		nulls[i] = true;
		values[i] = (Datum) 0;
		if (found)
			values[i] = SPI_getbinval(rows->vals[0], rows->tupdesc, i + 1, &nulls[i]);
		if (!nulls[i])
			values[i] = copy_of(values[i], TupleDescAttr(rows->tupdesc, i));
	}
	SPI_freetuptable(rows);
	return found;
}

/* ---- what a call keeps ---- */

/* a version of a plan */
typedef struct Version
{
	int64_t		plan_id;
	DateADT		from_on;
	Datum		tariff;
	Datum		market;			/* its own */
	bool		has_market;
	bool		asks;			/* for market facts */
} Version;

typedef struct PricePlan
{
	struct PricePlan *next;
	int64_t		plan_id;
	int			versions;
	Version    *version;
} PricePlan;

/* the market that a version has for some days */
typedef struct Market
{
	struct Market *next;
	const Version *version;
	DateADT		from_on;
	DateADT		until_on;
	Datum		value;
	bool		null;
} Market;

/* An account to be billed. */
typedef struct Due
{
	ItemPointerData head;
	int64_t		account_id;
	DateADT		from_on;
	DateADT		until_on;
	int64_t		seq;
	Datum		link;
	Datum		currency;
	bool		has_currency;
	bool		voided;
	Datum		balance;		/* numeric */
	bool		ahead;			/* money waits in it: the balance is negative */
	Datum		carry;
	bool		has_carry;
	Datum		usage_from;
	DateADT		changed_on;
	bool		has_changed;

	/* what it is billed by */
	DateADT		plan_from_on;
	Datum		terms;
	const Version *version;		/* NULL: no plan */
	Datum		market;
	bool		has_market;
	bool		market_asked;
	Datum		usage;
	bool		bare_profile;
	struct varlena *usage_digest;

	/* why it is not */
	const char *sqlstate;		/* NULL: it is */
	const char *message;
	const char *detail;
	const char *hint;
} Due;

typedef struct Run
{
	int64_t		run_id;
	int64_t		org_id;
	MemoryContext call;			/* what lives as long as the call, */
	MemoryContext account;		/* until the next account */
	BlBillWriter *writer;
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
	PricePlan	   *plans;			/* the last one asked for stands first */
	Market	   *markets;		/* likewise */
	FmgrInfo	rate;
	Datum		no_usage;
	struct varlena *no_carry;
	/* accounts ahead whose usage is stored, with it */
	MemoryContext stored_context;
	Due		   *stored;
	int			stored_count;
	int			stored_taken;
	/* the last span */
	DateADT		from_on;
	DateADT		until_on;
	Datum		during;
} Run;

/* columns of HEADS */
enum
{
	H_CTID, H_ACCOUNT_ID, H_BILLED_TO, H_SEQ, H_LINK, H_CURRENCY, H_VOIDED, H_CARRY, H_USAGE_FROM, H_BALANCE, H_AHEAD, H_UNTIL_ON, H_CHANGED_ON, H_COLUMNS
};

/* ---- plan, version, market ---- */

static PricePlan *
load_plan(Run *run, int64_t plan_id)
{
	MemoryContext before = MemoryContextSwitchTo(run->call);
	PricePlan	   *plan = palloc0(sizeof *plan);
	Datum		arg = Int64GetDatum(plan_id);
	SPITupleTable *rows;

	if (SPI_execute_plan(plan_of(VERSIONS), &arg, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "the versions of plan " INT64_FORMAT " are not found", plan_id);
	rows = SPI_tuptable;
	plan->plan_id = plan_id;
	plan->versions = (int) SPI_processed;
	plan->version = palloc0(sizeof *plan->version * (size_t) Max(plan->versions, 1));
	for (int i = 0; i < plan->versions; i++)
	{
		Version    *v = &plan->version[i];
		Datum		values[4];
		bool		nulls[4];

		heap_deform_tuple(rows->vals[i], rows->tupdesc, values, nulls);
		v->plan_id = plan_id;
		v->from_on = DatumGetDateADT(values[0]);
		v->tariff = copy_of(values[1], TupleDescAttr(rows->tupdesc, 1));
		v->has_market = !nulls[2];
		if (v->has_market)
			v->market = copy_of(values[2], TupleDescAttr(rows->tupdesc, 2));
		v->asks = DatumGetBool(values[3]);
	}
	SPI_freetuptable(rows);
	MemoryContextSwitchTo(before);
	return plan;
}

static const PricePlan *
find_plan(Run *run, int64_t plan_id)
{
	PricePlan	  **at = &run->plans;
	PricePlan	   *plan;

	while (*at != NULL && (*at)->plan_id != plan_id)
		at = &(*at)->next;
	plan = *at;
	if (plan == NULL)
		plan = load_plan(run, plan_id);
	else
		*at = plan->next;
	plan->next = run->plans;
	run->plans = plan;
	return plan;
}

/* the last version from before a day; NULL: there is none */
static const Version *
version_before(const PricePlan *plan, DateADT day)
{
	for (int i = plan->versions - 1; i >= 0; i--)
		if (plan->version[i].from_on < day)
			return &plan->version[i];
	return NULL;
}

/* the plan, the terms and the version of the days of a bill; ends it where one of them changes */
static void
find_version(Run *run, Due *due)
{
	int64_t		plan_id;
	Datum		args[3],
				values[5];
	bool		nulls[5];

	if (!bl_finder_last(&run->plan, due->account_id, due->until_on))
		return;
	/* the last before the end: it is also that of the beginning, or else it changes within */
	plan_id = DatumGetInt64(bl_slot_value(run->plan.before, run->plan_id));
	due->plan_from_on = DatumGetDateADT(bl_slot_value(run->plan.before, run->plan_from_on));
	due->terms = bl_slot_value(run->plan.before, run->plan_terms);
	due->version = version_before(find_plan(run, plan_id), due->until_on);
	if (due->plan_from_on <= due->from_on && (due->version == NULL || due->version->from_on <= due->from_on))
		return;
	/* then this bill ends where it changes, and the next begins there */
	args[0] = Int64GetDatum(due->account_id);
	args[1] = DateADTGetDatum(due->from_on);
	args[2] = DateADTGetDatum(due->until_on);
	due->version = NULL;
	if (!ask(PIECE, args, 5, values, nulls) || nulls[0])
		elog(ERROR, "the days of account " INT64_FORMAT " are not divided", due->account_id);
	due->until_on = DatumGetDateADT(values[0]);
	if (nulls[1])
		return;
	due->plan_from_on = DatumGetDateADT(values[2]);
	due->terms = values[3];
	if (!nulls[4])
		due->version = version_before(find_plan(run, DatumGetInt64(values[1])), DatumGetDateADT(values[4]) + 1);
}

/* the version's own, or that of the months it is in, which the run has prepared */
static void
find_market(Run *run, Due *due)
{
	const Version *v = due->version;
	Market	  **at = &run->markets;
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
		MemoryContext before = MemoryContextSwitchTo(run->call);
		Datum		args[4] = {Int64GetDatum(v->plan_id), DateADTGetDatum(v->from_on),
			DateADTGetDatum(due->from_on), DateADTGetDatum(due->until_on)};

		market = palloc0(sizeof *market);
		market->version = v;
		market->from_on = due->from_on;
		market->until_on = due->until_on;
		ask(MARKET, args, 1, &market->value, &market->null);
		MemoryContextSwitchTo(before);
	}
	else
		*at = market->next;
	market->next = run->markets;
	run->markets = market;
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
find_usage(Run *run, Due *due)
{
	BlFinder   *r = &run->reading;
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
			due->usage = run->no_usage;
			return;
		}
		until_on = DatumGetDateADT(bl_slot_value(r->slot, run->reading_until_on));
	} while (until_on <= due->from_on);
	row = r->slot;
	several = bl_finder_next(r, ForwardScanDirection);
	within = DatumGetDateADT(bl_slot_value(row, run->reading_from_on)) >= due->from_on && until_on <= due->until_on;
	args[0] = Int64GetDatum(due->account_id);
	args[1] = DateADTGetDatum(due->from_on);
	args[2] = DateADTGetDatum(due->until_on);
	args[3] = Int64GetDatum(due->seq + 1);
	/* most have one profile of just these days, which needs no sorting and joining */
	if (!several && within && bl_is_text(bl_slot_value(row, run->reading_channel), "import") &&
		bl_is_text(bl_slot_value(row, run->reading_part), "main"))
	{
		due->usage = bl_slot_value(row, run->reading_profile);
		due->bare_profile = true;
	}
	else
	{
		ask(USAGE, args, 1, &value, &null);
		due->usage = null ? run->no_usage : value;
	}
	if (!several && within)
		due->usage_digest = sha256(bl_slot_value(row, run->reading_digest));
	else
	{
		ask(USAGE_DIGEST, args, 1, &value, &null);
		due->usage_digest = null ? NULL : (struct varlena *) DatumGetPointer(value);
	}
}

/* ---- one account ---- */

static void
refuse(Due *due, const char *sqlstate, const char *message, const char *detail, const char *hint)
{
	due->sqlstate = sqlstate;
	due->message = message;
	due->detail = detail;
	due->hint = hint;
}

static void
refuse_problem(Due *due, BlStatus status, const BlProblem *p)
{
	const char *hint = p->hint[0] ? p->hint : bl_status_hint(status);
	const char *state = pstrdup(unpack_sql_state(bl_status_sqlstate(status)));

	if (due->market_asked && strcmp(state, "UB203") == 0)
		hint = "publish_component(), publish_prices() and add_calendar_days() publish it, add_plan() names the calendar; the next run bills the account.";
	refuse(due, state, bl_utf8_to_server(p->message), p->detail[0] ? bl_utf8_to_server(p->detail) : NULL,
		   hint == NULL ? NULL : bl_utf8_to_server(hint));
}

static Datum
span_of(Run *run, const Due *due)
{
	if (run->during == 0 || run->from_on != due->from_on || run->until_on != due->until_on)
	{
		MemoryContext before = MemoryContextSwitchTo(run->call);
		TypeCacheEntry *type = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
		RangeBound	lower = {.val = DateADTGetDatum(due->from_on),.inclusive = true,.lower = true};
		RangeBound	upper = {.val = DateADTGetDatum(due->until_on)};

		run->during = RangeTypePGetDatum(make_range(type, &lower, &upper, false));
		run->from_on = due->from_on;
		run->until_on = due->until_on;
		MemoryContextSwitchTo(before);
	}
	return run->during;
}

/* the total as money; an exception if it is not in whole cents */
static bool
money_of(Due *due, BlDec total, BlNewBill *bill)
{
	BlDec		cents;

	if (bl_dec_round(total, &(BlRounding) {.set = true,.mode = BL_DOWN,.step = {1, 2}}, &cents) != BL_OK || bl_dec_cmp(cents, total) != 0)
	{
		char		text[BL_DEC_TEXT];

		bl_dec_text(bl_dec_trim(total), text);
		refuse(due, "UB307", "the total is not in whole cents", psprintf("It is %s.", text), "Let the tariff round its lines or the total.");
		return false;
	}
	bill->cents = cents.coefficient;
	bill->total = bl_numeric(cents);
	/* what fits 64 bits fits the column */
	if ((int64_t) cents.coefficient != cents.coefficient)
		bill->total = DirectFunctionCall2(numeric, bill->total, Int32GetDatum(BL_MONEY_TYPMOD));
	return true;
}

/* the market and the readings; false: it waits for the next turn */
static bool
look_up(Run *run, Due *due)
{
	/* a change that this snapshot does not see yet, though the head has it */
	if (due->has_changed && (due->version == NULL || due->plan_from_on < due->changed_on))
		return false;
	if (due->version != NULL)
		find_market(run, due);
	if (bl_is_text(due->usage_from, "reading"))
		find_usage(run, due);
	if (due->sqlstate == NULL && due->version == NULL)
		refuse(due, "UB305", "the account has no price plan on the first day", NULL, "set_plan() gives it one.");
	return true;
}

/* rates; true: there is a bill */
static bool
judge(Run *run, Due *due, BlNewBill *bill)
{
	LOCAL_FCINFO(fcinfo, BL_RATE_ARGS);
	BlRatedRow	rated;
	const BlProblem *problem;
	BlStatus	status;

	if (due->sqlstate != NULL)
		return false;
	InitFunctionCallInfoData(*fcinfo, &run->rate, BL_RATE_ARGS, InvalidOid, NULL, NULL);
	fcinfo->args[BL_RATE_TARIFF] = (NullableDatum) {due->version->tariff, false};
	fcinfo->args[BL_RATE_USAGE] = (NullableDatum) {due->usage, false};
	fcinfo->args[BL_RATE_DURING] = (NullableDatum) {span_of(run, due), false};
	fcinfo->args[BL_RATE_TERMS] = (NullableDatum) {due->terms, false};
	fcinfo->args[BL_RATE_MARKET] = (NullableDatum) {due->market, !due->has_market};
	fcinfo->args[BL_RATE_CARRY] = (NullableDatum) {due->carry, !due->has_carry};
	status = bl_rate_row(fcinfo, due->bare_profile, &rated, &problem);
	if (status != BL_OK)
	{
		refuse_problem(due, status, problem);
		return false;
	}
	if (!money_of(due, rated.total, bill))
		return false;
	if (due->has_currency && !bl_is_text(due->currency, rated.currency))
	{
		refuse(due, "UB308", "the currency is not that of the bills before", NULL, NULL);
		return false;
	}
	bill->head = due->head;
	bill->account_id = due->account_id;
	bill->from_on = due->from_on;
	bill->until_on = due->until_on;
	bill->seq = due->seq;
	/* what is owed matters to money only */
	bill->balance = due->ahead || bill->cents < 0 ? bl_cents(DatumGetNumeric(due->balance)) : 0;
	bill->link = (struct varlena *) DatumGetPointer(due->link);
	bill->usage_digest = due->usage_digest;
	bill->charges = rated.charges;
	bill->carry = rated.carry_size > 0 ? bl_value_of(rated.carry, rated.carry_size) : run->no_carry;
	bill->currency = cstring_to_text(rated.currency);
	bill->revision = 1;
	if (due->voided)
	{
		Datum		args[2] = {Int64GetDatum(due->account_id), DateADTGetDatum(due->from_on)};
		Datum		revision;
		bool		null;

		ask(REVISION, args, 1, &revision, &null);
		bill->revision = (int16_t) DatumGetInt32(revision);
	}
	return true;
}

static Datum
text_arg(const char *text, char *null)
{
	*null = text == NULL || text[0] == '\0' ? 'n' : ' ';
	return *null == 'n' ? (Datum) 0 : CStringGetTextDatum(text);
}

static void
except(Run *run, const Due *due)
{
	Datum		args[9] = {Int64GetDatum(due->account_id), Int64GetDatum(run->run_id), Int64GetDatum(run->org_id),
		DateADTGetDatum(due->from_on), DateADTGetDatum(due->until_on)};
	char		nulls[9] = {' ', ' ', ' ', ' ', ' '};

	args[5] = text_arg(due->sqlstate, &nulls[5]);
	args[6] = text_arg(due->message, &nulls[6]);
	args[7] = text_arg(due->detail, &nulls[7]);
	args[8] = text_arg(due->hint, &nulls[8]);
	if (SPI_execute_plan(plan_of(EXCEPT), args, nulls, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "an exception was not kept");
}

/* ---- the range ---- */

static void
open_run(Run *run)
{
	Snapshot	snapshot = GetActiveSnapshot();
	Datum		values[2];
	bool		nulls[2];
	BlCarry		no_carry = {0};
	Datum		org_id = Int64GetDatum(run->org_id);

	ask(RIGHTS, &org_id, 2, values, nulls);
	if (nulls[1] || !DatumGetBool(values[1]))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("this needs the right to read account and reading, and to write bill and money at the run's org"),
				 errdetail("You are %s.", TextDatumGetCString(values[0]))));
	run->writer = bl_bills_open(run->run_id, run->org_id, (struct varlena *) DatumGetPointer(values[0]));
	bl_finder_open(&run->plan, "account_plan", "account_id", "from_on", snapshot);
	run->plan_from_on = bl_column(run->plan.table, "from_on");
	run->plan_id = bl_column(run->plan.table, "plan_id");
	run->plan_terms = bl_column(run->plan.table, "terms");
	bl_finder_open(&run->reading, "reading", "account_id", "from_on", snapshot);
	run->reading_from_on = bl_column(run->reading.table, "from_on");
	run->reading_until_on = bl_column(run->reading.table, "until_on");
	run->reading_part = bl_column(run->reading.table, "part");
	run->reading_channel = bl_column(run->reading.table, "channel");
	run->reading_digest = bl_column(run->reading.table, "digest");
	run->reading_profile = bl_column(run->reading.table, "profile");
	ask(NO_USAGE, NULL, 1, &run->no_usage, nulls);
	run->no_carry = bl_carry_value(&no_carry);
	run->rate.fn_mcxt = run->call;
}

static void
close_run(Run *run)
{
	bl_bills_close(run->writer);
	bl_finder_close(&run->plan);
	bl_finder_close(&run->reading);
}

static void
read_head(const SPITupleTable *heads, uint64 i, Due *due)
{
	Datum		values[H_COLUMNS];
	bool		nulls[H_COLUMNS];

	heap_deform_tuple(heads->vals[i], heads->tupdesc, values, nulls);
	*due = (Due) {
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
find_stored_usages(Due *due, int n)
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
	if (SPI_execute_plan(plan_of(STORED_USAGES), args, NULL, true, 0) != SPI_OK_SELECT || SPI_processed != (uint64) n)
		elog(ERROR, "the stored usage of %d accounts is not found", n);
	rows = SPI_tuptable;
	for (int i = 0; i < n; i++)
	{
		Datum		said[6];
		bool		nulls[6];

		heap_deform_tuple(rows->vals[i], rows->tupdesc, said, nulls);
		due[i].usage = copy_of(said[0], TupleDescAttr(rows->tupdesc, 0));
		due[i].usage_digest = nulls[1] ? NULL : (struct varlena *) DatumGetPointer(copy_of(said[1], TupleDescAttr(rows->tupdesc, 1)));
		due[i].sqlstate = text_or_null(said[2], nulls[2]);
		due[i].message = text_or_null(said[3], nulls[3]);
		due[i].detail = text_or_null(said[4], nulls[4]);
		due[i].hint = text_or_null(said[5], nulls[5]);
	}
	SPI_freetuptable(rows);
}

/* head i and those after it whose usage is stored, as many as are asked at once */
static void
look_ahead(Run *run, const SPITupleTable *heads, uint64 i, uint64 n)
{
	MemoryContext before;

	MemoryContextReset(run->stored_context);
	before = MemoryContextSwitchTo(run->stored_context);
	run->stored = palloc(sizeof *run->stored * STORED_MAX);
	run->stored_count = run->stored_taken = 0;
	for (; i < n && run->stored_count < STORED_MAX; i++)
	{
		Due		   *due = &run->stored[run->stored_count];

		read_head(heads, i, due);
		if (bl_is_text(due->usage_from, "reading"))
			continue;
		find_version(run, due);
		if (due->terms != (Datum) 0)
			due->terms = PointerGetDatum(PG_DETOAST_DATUM_COPY(due->terms));
		run->stored_count++;
	}
	/* it has gone ahead of those between */
	bl_finder_rewind(&run->plan);
	find_stored_usages(run->stored, run->stored_count);
	MemoryContextSwitchTo(before);
}

/* head i, whose usage is stored, with its plan and usage */
static const Due *
next_stored(Run *run, const SPITupleTable *heads, uint64 i, uint64 n)
{
	if (run->stored_taken == run->stored_count)
		look_ahead(run, heads, i, n);
	return &run->stored[run->stored_taken++];
}

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

static void
bill_heads(Run *run, const SPITupleTable *heads, uint64 n, int counts[2])
{
	MemoryContext before = MemoryContextSwitchTo(run->account);

	for (uint64 i = 0; i < n; i++)
	{
		Due			due;
		BlNewBill	bill;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(run->account);
		read_head(heads, i, &due);
		if (bl_is_text(due.usage_from, "reading"))
			find_version(run, &due);
		else
			due = *next_stored(run, heads, i, n);
		if (!look_up(run, &due))
			continue;
		if (judge(run, &due, &bill))
		{
			bl_bills_add(run->writer, &bill);
			counts[0]++;
		}
		else
		{
			except(run, &due);
			counts[1]++;
		}
		if (bl_bills_full(run->writer))
			bl_bills_flush(run->writer);
	}
	MemoryContextSwitchTo(before);
}

/* _bill_accounts(run_id bigint, org_id bigint, until_on date, first_account bigint, last_account bigint, OUT billed integer, OUT failed integer) */
PG_FUNCTION_INFO_V1(billing_bill_accounts);
Datum
billing_bill_accounts(PG_FUNCTION_ARGS)
{
	Datum		range[4] = {PG_GETARG_DATUM(1), PG_GETARG_DATUM(3), PG_GETARG_DATUM(4), PG_GETARG_DATUM(2)};
	Datum		given_up[3] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(3), PG_GETARG_DATUM(4)};
	int			counts[2] = {0, 0};
	Run			run = {.run_id = PG_GETARG_INT64(0),.org_id = PG_GETARG_INT64(1)};
	SPITupleTable *heads,
			   *excepted;
	uint64		n,
				exceptions;
	TupleDesc	result;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &result) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "two columns are expected");
	result = BlessTupleDesc(result);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI does not connect");
	if (SPI_execute_plan(plan_of(HEADS), range, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "the heads are not locked");
	heads = SPI_tuptable;
	n = SPI_processed;
	if (n > 0)
	{
		/* after the locks, so that it sees whatever was brought until then by who had them */
		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
		if (SPI_execute_plan(plan_of(EXCEPTIONS), given_up, NULL, true, 0) != SPI_OK_SELECT)
			elog(ERROR, "the exceptions are not found");
		excepted = SPI_tuptable;
		exceptions = SPI_processed;
		run.call = CurrentMemoryContext;
		/* its first block stays, and is large enough for nearly all accounts */
		run.account = AllocSetContextCreate(CurrentMemoryContext, "account", 0, 128 * 1024, ALLOCSET_DEFAULT_MAXSIZE);
		run.stored_context = AllocSetContextCreate(CurrentMemoryContext, "stored usage", ALLOCSET_DEFAULT_SIZES);
		open_run(&run);
		bill_heads(&run, heads, leave_out(heads, n, excepted, exceptions), counts);
		close_run(&run);
		PopActiveSnapshot();
	}
	SPI_finish();
	values[0] = Int32GetDatum(counts[0]);
	values[1] = Int32GetDatum(counts[1]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(result, values, nulls)));
}

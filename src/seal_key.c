/*
 * seal_key.c - the keys of sealed values, as the store keeps them
 *
 * Rows are read by a plain scan: policies say who may make and destroy keys;
 * which values somebody may open is asked before, where the value is.  What a
 * company's key unwrapped to is kept until the transaction ends (secret.h), so
 * that a command that prints master keys runs once for many values.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "port.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "actor.h"
#include "billing.h"
#include "keyfile.h"
#include "seal_key.h"
#include "secret.h"

enum
{
	KIND_MAX = 16,
	CONTEXT_SIZE = 16 + KIND_MAX
};

/* a row of billing.seal_key */
typedef struct KeyRow
{
	int64_t		key_id;
	int64_t		parent;			/* 0: a master key */
	char		kind[KIND_MAX];
	char		master[BL_KEY_NAME_MAX + 1];
	uint8_t		wrapped[BL_WRAPPED_SIZE];
	size_t		wrapped_size;	/* 0: destroyed */
} KeyRow;

/* ---- rows ---- */

static void
shut(const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_BILLING_SHUT),
			 errmsg("the sealed value cannot be opened"),
			 errdetail("%s", why)));
}

static Datum
value_of(HeapTuple tuple, Relation relation, const char *name, bool *isnull)
{
	AttrNumber	column = get_attnum(RelationGetRelid(relation), name);

	if (column == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table billing.seal_key is missing", name),
				 errhint("The store is of another release: SELECT billing.install() brings it up to date.")));
	return heap_getattr(tuple, column, RelationGetDescr(relation), isnull);
}

static void
take_row(KeyRow *row, HeapTuple tuple, Relation relation)
{
	bool		isnull;
	Datum		value = value_of(tuple, relation, "wrapped_by", &isnull);

	row->parent = isnull ? 0 : DatumGetInt64(value);
	value = value_of(tuple, relation, "kind", &isnull);
	strlcpy(row->kind, isnull ? "" : TextDatumGetCString(value), sizeof row->kind);
	value = value_of(tuple, relation, "master", &isnull);
	strlcpy(row->master, isnull ? "" : TextDatumGetCString(value), sizeof row->master);
	value = value_of(tuple, relation, "wrapped", &isnull);
	row->wrapped_size = 0;
	if (!isnull)
	{
		BlBytes		bytes = bl_bytes(PG_DETOAST_DATUM_PACKED(value));

		if (bytes.size != BL_WRAPPED_SIZE)
			shut("Its key is damaged.");
		memcpy(row->wrapped, bytes.bytes, bytes.size);
		row->wrapped_size = bytes.size;
	}
}

static void
read_row(KeyRow *row, int64_t key_id)
{
	Oid			table = bl_store_table("seal_key");
	Oid			index = bl_store_table("seal_key_pkey");
	Relation	relation;
	SysScanDesc scan;
	ScanKeyData by_id;
	HeapTuple	tuple;

	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there is no store, or one without sealed fields"),
				 errhint("SELECT billing.install() makes it, or brings it up to date.")));
	relation = table_open(table, AccessShareLock);
	ScanKeyInit(&by_id, get_attnum(table, "key_id"), BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(key_id));
	scan = systable_beginscan(relation, index, OidIsValid(index), NULL, 1, &by_id);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		shut("There is no key of its number.");
	row->key_id = key_id;
	take_row(row, tuple, relation);
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
}

/* what a wrapped key is bound to: which key it is, what for, under which */
static size_t
context_of(uint8_t context[CONTEXT_SIZE], int64_t key_id, int64_t parent, const char *kind)
{
	for (int i = 0; i < 8; i++)
	{
		context[i] = (uint8_t) ((uint64_t) key_id >> (8 * i));
		context[8 + i] = (uint8_t) ((uint64_t) parent >> (8 * i));
	}
	memset(context + 16, 0, KIND_MAX);
	strlcpy((char *) context + 16, kind, KIND_MAX);
	return CONTEXT_SIZE;
}

/* NULL: the first */
static const BlKey *
master_key(const char *name)
{
	const BlKey *key = bl_key_find(&bl_seal_keys, name);

	if (key == NULL)
		bl_key_refuse(&bl_seal_keys, name == NULL ? "has no key" : psprintf("has no key \"%s\"", name));
	return key;
}

/* the key that wraps a row's: a company's, or the master key of this name */
static const uint8_t *
parent_key(int64_t parent, const char *master)
{
	return parent != 0 ? bl_seal_key(parent) : master_key(master)->bytes;
}

const uint8_t *
bl_seal_key(int64_t key_id)
{
	BlSecrets  *secrets = bl_secrets();
	const uint8_t *over;
	uint8_t    *key;
	uint8_t		context[CONTEXT_SIZE];
	KeyRow		row;

	for (int i = 0; i < BL_KEYS_KEPT; i++)
		if (key_id > 0 && secrets->kept[i].key_id == key_id)
			return secrets->kept[i].key;
	check_stack_depth();
	read_row(&row, key_id);
	if (row.wrapped_size == 0)
		shut("Its key is destroyed.");
	if (row.parent == key_id)
		shut("Its key is damaged.");
	over = parent_key(row.parent, row.master);
	/* customers' keys are used once or twice; there may be many */
	if (strcmp(row.kind, "customer") == 0)
		key = secrets->once;
	else
	{
		/* never the parent's: that is the last */
		secrets->last_kept = (secrets->last_kept + 1) % BL_KEYS_KEPT;
		secrets->kept[secrets->last_kept].key_id = 0;
		key = secrets->kept[secrets->last_kept].key;
	}
	if (!bl_key_unwrap(key, over, row.wrapped, row.wrapped_size, context, context_of(context, key_id, row.parent, row.kind)))
		shut("Its key does not open: the master key is another, or the row was changed.");
	if (key != secrets->once)
		secrets->kept[secrets->last_kept].key_id = key_id;
	return key;
}

static void
random_bytes(void *out, size_t size)
{
	if (!pg_strong_random(out, size))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
}

static bytea *
wrap(int64_t key_id, int64_t parent, const char *kind, const uint8_t over[BL_KEY_SIZE], const uint8_t key[BL_KEY_SIZE])
{
	bytea	   *result = palloc(VARHDRSZ + BL_WRAPPED_SIZE);
	uint8_t		context[CONTEXT_SIZE];
	uint8_t		nonce[BL_NONCE_SIZE];

	random_bytes(nonce, sizeof nonce);
	SET_VARSIZE(result, VARHDRSZ + BL_WRAPPED_SIZE);
	if (!bl_key_wrap((uint8_t *) VARDATA(result), over, nonce, key, context, context_of(context, key_id, parent, kind)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("OpenSSL could not wrap a key")));
	return result;
}

/* _make_key(key_id bigint, kind text, wrapped_by bigint) returns bytea; wrapped_by null: a master key */
PG_FUNCTION_INFO_V1(billing_make_key);
Datum
billing_make_key(PG_FUNCTION_ARGS)
{
	int64_t		parent = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);
	const uint8_t *over;
	uint8_t    *key = bl_secrets()->once;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	over = parent_key(parent, NULL);
	random_bytes(key, BL_KEY_SIZE);
	PG_RETURN_BYTEA_P(wrap(PG_GETARG_INT64(0), parent, text_to_cstring(PG_GETARG_TEXT_PP(1)), over, key));
}

/* _rewrap_key(key_id bigint, wrapped_by bigint) returns bytea: the same key under another company's, or the first master key */
PG_FUNCTION_INFO_V1(billing_rewrap_key);
Datum
billing_rewrap_key(PG_FUNCTION_ARGS)
{
	int64_t		key_id;
	int64_t		parent = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1);
	const uint8_t *key;
	KeyRow		row;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	key_id = PG_GETARG_INT64(0);
	read_row(&row, key_id);
	key = bl_seal_key(key_id);
	PG_RETURN_BYTEA_P(wrap(key_id, parent, row.kind, parent_key(parent, NULL), key));
}

/* _master_key_name() returns text */
PG_FUNCTION_INFO_V1(billing_master_key_name);
Datum
billing_master_key_name(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_TEXT_P(cstring_to_text(master_key(NULL)->name));
}

/*
 * chain_fn.c - what a link of a chain is a hash of, and the root over many rows
 *
 *	1 version (1), 4 length of the domain, the domain; then for each value
 *	1 type, and unless null: 8 length, the bytes; integers little-endian
 *
 * Types: 'n' null, 'b' boolean, 'i' integers and days as 8 bytes, 't' moments in
 * microseconds since 2000, 'x' text in UTF-8, 'y' bytes, 'd' decimals as
 * PostgreSQL's binary numeric without its display scale's zeros, 'p' a packed
 * value of the extension as it is stored.  Nothing goes through a text form, so
 * that DateStyle, TimeZone, encodings and the like do not count.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "billing.h"
#include "chain.h"
#include "core/bytes.h"
#include "core/merkle.h"
#include "sha256.h"

/*
 * What the chain says of rows of these tables, in this order: all but the org
 * that may see them.  A column that came later stands behind OLDEST, and adds
 * nothing where it and all behind it are null: links made before it stay.
 */
#define BILL_OLDEST 15
#define TRANSFER_OLDEST 10
static const char *const bill_columns[] = {
	"account_id", "seq", "from_on", "until_on", "kind", "revision", "issued_org_id", "run_id", "reverses_seq", "total",
	"issued_at", "issued_by", "reason", "usage_digest", "charges", NULL
};
static const char *const transfer_columns[] = {
	"account_id", "seq", "issued_org_id", "debit", "credit", "amount", "posted_at", "posted_by", "bill_seq", "key",
	"value_on", NULL
};

/* takes a copy of what is hashed; NULL: nobody asked for one */
static StringInfo kept;

static void
begin(StringInfo copy)
{
	kept = copy;
	bl_sha256_begin();
}

static void
put(const void *bytes, size_t size)
{
	bl_sha256_put(bytes, size);
	if (kept != NULL)
		appendBinaryStringInfo(kept, bytes, (int) size);
}

static void
put_domain(const char *domain, size_t length)
{
	uint8_t		head[5] = {1};

	bl_put_le32(head + 1, (uint32_t) length);
	put(head, sizeof head);
	put(domain, length);
}

static void
put_value(char type, const void *bytes, size_t size)
{
	uint8_t		head[9];

	head[0] = (uint8_t) type;
	bl_put_le64(head + 1, (uint64_t) size);
	put(head, sizeof head);
	put(bytes, size);
}

static void
put_int(char type, int64_t value)
{
	uint8_t		bytes[8];

	bl_put_le64(bytes, (uint64_t) value);
	put_value(type, bytes, sizeof bytes);
}

static void
put_text(const text *value)
{
	const char *bytes = VARDATA_ANY(value);
	int			size = (int) VARSIZE_ANY_EXHDR(value);
	char	   *utf8 = (char *) pg_do_encoding_conversion((unsigned char *) unconstify(char *, bytes), size,
													  GetDatabaseEncoding(), PG_UTF8);

	put_value('x', utf8, utf8 == bytes ? (size_t) size : strlen(utf8));
}

/* may a link hold values of the type? asked before put_datum(), which a run calls for each bill */
static void
check_type(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case DATEOID:
		case TIMESTAMPTZOID:
		case TEXTOID:
		case BYTEAOID:
		case NUMERICOID:
			return;
		default:
			/* of an extension, ours: equal values of charges and carry have equal bytes */
			if (get_typlen(type) != -1 || get_typtype(type) != TYPTYPE_BASE || type < FirstNormalObjectId ||
				OidIsValid(get_element_type(type)))
				ereport(ERROR,
						(errcode(ERRCODE_DATATYPE_MISMATCH),
						 errmsg("a link cannot hold a value of type %s", format_type_be(type))));
	}
}

static void
put_datum(Oid type, Datum value)
{
	switch (type)
	{
		case BOOLOID:
			put_value('b', DatumGetBool(value) ? "\1" : "\0", 1);
			break;
		case INT2OID:
			put_int('i', DatumGetInt16(value));
			break;
		case INT4OID:
			put_int('i', DatumGetInt32(value));
			break;
		case INT8OID:
			put_int('i', DatumGetInt64(value));
			break;
		case DATEOID:
			put_int('i', DatumGetDateADT(value));
			break;
		case TIMESTAMPTZOID:
			put_int('t', DatumGetTimestampTz(value));
			break;
		case TEXTOID:
			put_text(DatumGetTextPP(value));
			break;
		case BYTEAOID:
			{
				BlBytes		bytes = bl_bytes(PG_DETOAST_DATUM_PACKED(value));

				put_value('y', bytes.bytes, bytes.size);
				break;
			}
		case NUMERICOID:
			{
				/* 1.50 and 1.5 are one amount */
				Datum		trimmed = DirectFunctionCall1(numeric_trim_scale, value);
				bytea	   *sent = DatumGetByteaPP(DirectFunctionCall1(numeric_send, trimmed));

				put_value('d', VARDATA_ANY(sent), VARSIZE_ANY_EXHDR(sent));
				break;
			}
		default:
			{
				BlBytes		bytes = bl_bytes(PG_DETOAST_DATUM_PACKED(value));

				put_value('p', bytes.bytes, bytes.size);
			}
	}
}

/* _content(domain text, VARIADIC "any") returns bytea */
PG_FUNCTION_INFO_V1(billing_content);
Datum
billing_content(PG_FUNCTION_ARGS)
{
	bytea	   *result = palloc(VARHDRSZ + BL_SHA256_SIZE);
	text	   *domain;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	/* an array spread over VARIADIC has no types of its own */
	if (get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("give the values one by one")));
	begin(NULL);
	domain = PG_GETARG_TEXT_PP(0);
	put_domain(VARDATA_ANY(domain), VARSIZE_ANY_EXHDR(domain));
	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			put("n", 1);
		else
		{
			Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);

			check_type(type);
			put_datum(type, PG_GETARG_DATUM(i));
		}
	SET_VARSIZE(result, VARHDRSZ + BL_SHA256_SIZE);
	bl_sha256_end((uint8_t *) VARDATA(result));
	PG_RETURN_BYTEA_P(result);
}

/* ---- a chain, link after link ---- */

typedef struct Chain
{
	int64_t		seq;			/* of the last link; each is one more than the one before */
	bool		is_broken;
	uint8_t		link[BL_SHA256_SIZE];
} Chain;

/* _chain_add(internal, seq bigint, link bytea, content bytea) returns internal */
PG_FUNCTION_INFO_V1(billing_chain_add);
Datum
billing_chain_add(PG_FUNCTION_ARGS)
{
	Chain	   *chain = PG_ARGISNULL(0) ? NULL : (Chain *) PG_GETARG_POINTER(0);
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "a chain is added up in an aggregate only");
	if (chain == NULL)
		chain = MemoryContextAllocZero(context, sizeof *chain);
	if (!chain->is_broken)
	{
		bool		is_whole = false;

		if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3) && PG_GETARG_INT64(1) == chain->seq + 1)
		{
			BlBytes		link = BL_GETARG_BYTES(2);
			BlBytes		content = BL_GETARG_BYTES(3);

			if (content.size != BL_SHA256_SIZE)
				elog(ERROR, "a link's content has %zu bytes", content.size);
			/* before the first there is no link */
			bl_chain_link(chain->link, chain->seq == 0 ? 0 : sizeof chain->link, content.bytes, chain->link);
			is_whole = link.size == sizeof chain->link && memcmp(link.bytes, chain->link, link.size) == 0;
		}
		chain->is_broken = !is_whole;
		chain->seq++;
	}
	PG_RETURN_POINTER(chain);
}

/* _chain_end(internal) returns bytea */
PG_FUNCTION_INFO_V1(billing_chain_end);
Datum
billing_chain_end(PG_FUNCTION_ARGS)
{
	Chain	   *chain = PG_ARGISNULL(0) ? NULL : (Chain *) PG_GETARG_POINTER(0);
	size_t		size = chain == NULL ? 0 : sizeof chain->link;
	bytea	   *result;

	if (chain != NULL && chain->is_broken)
		PG_RETURN_NULL();
	result = palloc(VARHDRSZ + size);
	SET_VARSIZE(result, VARHDRSZ + size);
	if (chain != NULL)
		memcpy(VARDATA(result), chain->link, size);
	PG_RETURN_BYTEA_P(result);
}

/* out may be one of the inputs: it is written last */
static void
merkle_hash(void *context, uint8_t prefix, const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
			uint8_t out[BL_MERKLE_HASH])
{
	(void) context;
	bl_sha256_begin();
	bl_sha256_put(&prefix, 1);
	bl_sha256_put(a, a_size);
	bl_sha256_put(b, b_size);
	bl_sha256_end(out);
}

/* _merkle_root(bytea[]) returns bytea */
PG_FUNCTION_INFO_V1(billing_merkle_root);
Datum
billing_merkle_root(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	bytea	   *result = palloc(VARHDRSZ + BL_MERKLE_HASH);
	ArrayIterator each = array_create_iterator(array, 0, NULL);
	BlMerkle	tree;
	Datum		leaf;
	bool		is_null;

	bl_merkle_begin(&tree, merkle_hash, NULL);
	while (array_iterate(each, &leaf, &is_null))
	{
		BlBytes		bytes;

		CHECK_FOR_INTERRUPTS();
		if (is_null)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a leaf is null")));
		bytes = bl_bytes(PG_DETOAST_DATUM_PACKED(leaf));
		bl_merkle_add(&tree, bytes.bytes, bytes.size);
	}
	SET_VARSIZE(result, VARHDRSZ + BL_MERKLE_HASH);
	if (!bl_merkle_root(&tree, (uint8_t *) VARDATA(result)))
		bl_sha256("", 0, (uint8_t *) VARDATA(result));
	PG_RETURN_BYTEA_P(result);
}

void
bl_chain_row(BlChainRow *row, const char *domain, TupleDesc form)
{
	const char *const *columns = strcmp(domain, "bill") == 0 ? bill_columns : strcmp(domain, "transfer") == 0 ? transfer_columns : NULL;

	if (columns == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there is no chain of rows \"%s\"", domain)));
	row->domain = domain;
	row->oldest = columns == bill_columns ? BILL_OLDEST : TRANSFER_OLDEST;
	for (row->columns = 0; columns[row->columns] != NULL; row->columns++)
	{
		int			i = 0;

		while (i < form->natts && (TupleDescAttr(form, i)->attisdropped || strcmp(NameStr(TupleDescAttr(form, i)->attname), columns[row->columns]) != 0))
			i++;
		if (i == form->natts)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("a %s has no column %s", domain, columns[row->columns])));
		row->column[row->columns] = i;
		row->type[row->columns] = TupleDescAttr(form, i)->atttypid;
		check_type(row->type[row->columns]);
	}
}

static void
hash_row(StringInfo copy, const BlChainRow *row, const Datum *values, const bool *nulls, uint8_t *digest)
{
	int			columns = row->columns;

	while (columns > row->oldest && nulls[row->column[columns - 1]])
		columns--;
	begin(copy);
	put_domain(row->domain, strlen(row->domain));
	for (int i = 0; i < columns; i++)
		if (nulls[row->column[i]])
			put("n", 1);
		else
			put_datum(row->type[i], values[row->column[i]]);
	bl_sha256_end(digest);
}

void
bl_chain_content(const BlChainRow *row, const Datum *values, const bool *nulls, uint8_t *digest)
{
	hash_row(NULL, row, values, nulls, digest);
}

void
bl_chain_link(const void *before, size_t size, const uint8_t *content, uint8_t *link)
{
	bl_sha256_begin();
	bl_sha256_put(before, size);
	bl_sha256_put(content, BL_SHA256_SIZE);
	bl_sha256_end(link);
}

/* where the columns stand in rows of a type, found once a call site */
typedef struct RowPlaces
{
	Oid			type;
	int32		typmod;
	char		domain[NAMEDATALEN];
	BlChainRow	row;
} RowPlaces;

static const BlChainRow *
places_of(FmgrInfo *flinfo, const char *domain, Oid type, int32 typmod, TupleDesc form)
{
	RowPlaces  *places = flinfo->fn_extra;

	if (places == NULL)
		flinfo->fn_extra = places = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof *places);
	if (places->type != type || places->typmod != typmod || strcmp(places->domain, domain) != 0)
	{
		places->type = InvalidOid;	/* should there be an error */
		bl_chain_row(&places->row, domain, form);
		strlcpy(places->domain, domain, sizeof places->domain);
		places->row.domain = places->domain;
		places->type = type;
		places->typmod = typmod;
	}
	return &places->row;
}

/* the content of a row, by the arguments of a function; copy: what it is a hash of */
static void
row_content(FunctionCallInfo fcinfo, StringInfo copy, uint8_t digest[BL_SHA256_SIZE])
{
	char	   *domain = text_to_cstring(PG_GETARG_TEXT_PP(0));
	HeapTupleHeader head = PG_GETARG_HEAPTUPLEHEADER(1);
	TupleDesc	form = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(head), HeapTupleHeaderGetTypMod(head));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(head), .t_data = head};
	Datum	   *values = palloc(sizeof *values * (size_t) form->natts);
	bool	   *nulls = palloc(sizeof *nulls * (size_t) form->natts);

	heap_deform_tuple(&tuple, form, values, nulls);
	hash_row(copy, places_of(fcinfo->flinfo, domain, HeapTupleHeaderGetTypeId(head), HeapTupleHeaderGetTypMod(head), form),
			 values, nulls, digest);
	ReleaseTupleDesc(form);
}

/* _row_content(domain text, row record) returns bytea */
PG_FUNCTION_INFO_V1(billing_row_content);
Datum
billing_row_content(PG_FUNCTION_ARGS)
{
	bytea	   *result = palloc(VARHDRSZ + BL_SHA256_SIZE);

	SET_VARSIZE(result, VARHDRSZ + BL_SHA256_SIZE);
	row_content(fcinfo, NULL, (uint8_t *) VARDATA(result));
	PG_RETURN_BYTEA_P(result);
}

/* _row_encoding(domain text, row record) returns bytea: for who checks it elsewhere */
PG_FUNCTION_INFO_V1(billing_row_encoding);
Datum
billing_row_encoding(PG_FUNCTION_ARGS)
{
	uint8_t		digest[BL_SHA256_SIZE];
	StringInfoData copy;
	bytea	   *result;

	initStringInfo(&copy);
	row_content(fcinfo, &copy, digest);
	result = palloc(VARHDRSZ + (size_t) copy.len);
	SET_VARSIZE(result, VARHDRSZ + copy.len);
	memcpy(VARDATA(result), copy.data, (size_t) copy.len);
	PG_RETURN_BYTEA_P(result);
}

/* _in_transaction_block() returns boolean */
PG_FUNCTION_INFO_V1(billing_in_transaction_block);
Datum
billing_in_transaction_block(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_BOOL(IsTransactionBlock());
}

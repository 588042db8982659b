/*
 * sign_fn.c - signatures of what is kept outside the database
 *
 * The store signs its anchors: texts that say where all chains ended at a
 * moment.  Who has the public key can check them without the database.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "billing.h"
#include "core/sealed.h"
#include "keyfile.h"

static const char *
document_of(const text *document, size_t *size)
{
	const char *utf8 = (const char *) pg_server_to_any(text_to_cstring(document), (int) VARSIZE_ANY_EXHDR(document), PG_UTF8);

	*size = strlen(utf8);
	return utf8;
}

static Datum
bytea_of(const uint8_t *bytes, size_t size)
{
	bytea	   *value = palloc(VARHDRSZ + size);

	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), bytes, size);
	return PointerGetDatum(value);
}

/* _sign_document(document text) returns (key_name text, public_key bytea, signature bytea) */
PG_FUNCTION_INFO_V1(billing_sign_document);
Datum
billing_sign_document(PG_FUNCTION_ARGS)
{
	size_t		size;
	const char *document = document_of(PG_GETARG_TEXT_PP(0), &size);
	uint8_t		public_key[BL_KEY_SIZE];
	uint8_t		signature[BL_SIGNATURE_SIZE];
	TupleDesc	form;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	const BlKey *key;

	if (get_call_result_type(fcinfo, NULL, &form) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "_sign_document() returns a row");
	key = bl_key_find(&bl_sign_keys, NULL);
	if (key == NULL)
		bl_key_refuse(&bl_sign_keys, "has no key");
	if (!bl_sign(signature, public_key, key->bytes, (const uint8_t *) document, size))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("OpenSSL could not sign")));
	values[0] = CStringGetTextDatum(key->name);
	values[1] = bytea_of(public_key, sizeof public_key);
	values[2] = bytea_of(signature, sizeof signature);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(form), values, nulls)));
}

/* _signature_good(document text, public_key bytea, signature bytea) returns boolean */
PG_FUNCTION_INFO_V1(billing_signature_good);
Datum
billing_signature_good(PG_FUNCTION_ARGS)
{
	size_t		size;
	const char *document = document_of(PG_GETARG_TEXT_PP(0), &size);
	BlBytes		public_key = BL_GETARG_BYTES(1);
	BlBytes		signature = BL_GETARG_BYTES(2);

	PG_RETURN_BOOL(public_key.size == BL_KEY_SIZE && signature.size == BL_SIGNATURE_SIZE &&
				   bl_signature_good(signature.bytes, public_key.bytes, (const uint8_t *) document, size));
}

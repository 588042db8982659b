/*
 * seal_fn.c - type sealed for SQL: its forms, sealing, opening, blind indexes
 *
 * Nothing here asks who may: these are for the store's own functions, which do,
 * and write down what they open.  There is no equality of sealed values, so
 * that ANALYZE keeps nothing of them and no plan or error shows them compared.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port.h"
#include "utils/builtins.h"

#include "billing.h"
#include "core/sealed.h"
#include "seal_key.h"
#include "value_op.h"

static void
check_sealed(BlSealed *sealed, BlBytes bytes)
{
	bl_check(bl_sealed_open(sealed, bytes.bytes, bytes.size), "sealed");
}

/* ---- forms ---- */

/* sealed_in(cstring) returns sealed: hexadecimal */
PG_FUNCTION_INFO_V1(billing_sealed_in);
Datum
billing_sealed_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	size_t		length = strlen(text);
	struct varlena *value;
	BlSealed	sealed;

	if (length % 2 != 0 || length / 2 > bl_sealed_size(BL_MASK_MAX, BL_PLAIN_MAX))
		bl_fail(BL_BAD_TEXT, "sealed");
	value = bl_new_value(length / 2);
	hex_decode(text, length, VARDATA(value));
	check_sealed(&sealed, bl_bytes(value));
	PG_RETURN_POINTER(value);
}

/* sealed_out(sealed) returns cstring */
PG_FUNCTION_INFO_V1(billing_sealed_out);
Datum
billing_sealed_out(PG_FUNCTION_ARGS)
{
	BlBytes		bytes = BL_GETARG_BYTES(0);
	char	   *text = palloc(2 * bytes.size + 1);

	hex_encode((const char *) bytes.bytes, bytes.size, text);
	text[2 * bytes.size] = '\0';
	PG_RETURN_CSTRING(text);
}

/* sealed_recv(internal) returns sealed */
PG_FUNCTION_INFO_V1(billing_sealed_recv);
Datum
billing_sealed_recv(PG_FUNCTION_ARGS)
{
	BlBytes		bytes = bl_received((StringInfo) PG_GETARG_POINTER(0));
	BlSealed	sealed;

	check_sealed(&sealed, bytes);
	PG_RETURN_POINTER(bl_value_of(bytes.bytes, bytes.size));
}

/* mask(sealed) returns text */
PG_FUNCTION_INFO_V1(billing_sealed_mask);
Datum
billing_sealed_mask(PG_FUNCTION_ARGS)
{
	BlSealed	sealed;

	check_sealed(&sealed, BL_GETARG_BYTES(0));
	PG_RETURN_TEXT_P(cstring_to_text(bl_utf8_to_server(pnstrdup(sealed.mask, sealed.mask_size))));
}

/* seal_key_id(sealed) returns bigint */
PG_FUNCTION_INFO_V1(billing_sealed_key_id);
Datum
billing_sealed_key_id(PG_FUNCTION_ARGS)
{
	BlSealed	sealed;

	check_sealed(&sealed, BL_GETARG_BYTES(0));
	PG_RETURN_INT64(sealed.key_id);
}

/* ---- sealing and opening ---- */

static char *
utf8_of(const text *value, size_t *size)
{
	char	   *converted = pg_server_to_any(text_to_cstring(value), (int) VARSIZE_ANY_EXHDR(value), PG_UTF8);

	*size = strlen(converted);
	return converted;
}

/* _seal(value text, mask text, key_id bigint, context bytea) returns sealed */
PG_FUNCTION_INFO_V1(billing_seal);
Datum
billing_seal(PG_FUNCTION_ARGS)
{
	int64_t		key_id = PG_GETARG_INT64(2);
	BlBytes		context = BL_GETARG_BYTES(3);
	size_t		size,
				mask_size;
	char	   *plain = utf8_of(PG_GETARG_TEXT_PP(0), &size);
	const char *mask = utf8_of(PG_GETARG_TEXT_PP(1), &mask_size);
	uint8_t		nonce[BL_NONCE_SIZE];
	struct varlena *value;
	BlStatus	status;

	/* bounded before memory is asked for */
	if (size > BL_PLAIN_MAX || mask_size > BL_MASK_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a text to be sealed has at most %d bytes, its mask %d", BL_PLAIN_MAX, BL_MASK_MAX)));
	value = bl_new_value(bl_sealed_size(mask_size, size));
	if (!pg_strong_random(nonce, sizeof nonce))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
	status = bl_sealed_make(bl_new_bytes(value), key_id, bl_seal_key(key_id), nonce, mask, mask_size, (const uint8_t *) plain, size,
							context.bytes, context.size);
	bl_wipe(plain, size);
	bl_check(status, "sealed");
	PG_RETURN_POINTER(value);
}

/*
 * _open(value sealed, context bytea) returns text
 *
 * An opening is written down in its transaction; where nothing can be written
 * nothing opens.
 */
PG_FUNCTION_INFO_V1(billing_open);
Datum
billing_open(PG_FUNCTION_ARGS)
{
	BlBytes		context = BL_GETARG_BYTES(1);
	BlSealed	sealed;
	uint8_t    *plain;
	text	   *result;

	PreventCommandIfReadOnly("opening a sealed value");
	check_sealed(&sealed, BL_GETARG_BYTES(0));
	plain = palloc(sealed.plain_size + 1);
	if (!bl_sealed_read(&sealed, bl_seal_key(sealed.key_id), context.bytes, context.size, plain))
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_SHUT),
				 errmsg("the sealed value cannot be opened"),
				 errdetail("It was changed, or belongs to another row.")));
	plain[sealed.plain_size] = '\0';
	result = cstring_to_text(bl_utf8_to_server((const char *) plain));
	bl_wipe(plain, sealed.plain_size);
	PG_RETURN_TEXT_P(result);
}

/* _blind(value text, key_id bigint, place text) returns bytea */
PG_FUNCTION_INFO_V1(billing_blind);
Datum
billing_blind(PG_FUNCTION_ARGS)
{
	int64_t		key_id = PG_GETARG_INT64(1);
	size_t		size,
				place_size;
	char	   *value = utf8_of(PG_GETARG_TEXT_PP(0), &size);
	const char *place = utf8_of(PG_GETARG_TEXT_PP(2), &place_size);
	bytea	   *result = palloc(VARHDRSZ + BL_DIGEST_SIZE);
	StringInfoData data;
	bool		good;

	/* the place and its end first: one value in two columns has two indexes */
	initStringInfo(&data);
	appendBinaryStringInfo(&data, place, (int) place_size + 1);
	appendBinaryStringInfo(&data, value, (int) size);
	SET_VARSIZE(result, VARHDRSZ + BL_DIGEST_SIZE);
	good = bl_hmac((uint8_t *) VARDATA(result), bl_seal_key(key_id), BL_KEY_SIZE, (const uint8_t *) data.data, (size_t) data.len);
	bl_wipe(data.data, (size_t) data.len);
	bl_wipe(value, size);
	if (!good)
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("OpenSSL could not make an HMAC")));
	PG_RETURN_BYTEA_P(result);
}

/*
 * value_op.c - equality, order, hash, digest and send of the types whose equal values
 * have equal bytes
 *
 * carry and charges are such types.  The entry points are declared in SQL once
 * for each of them.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/fmgrprotos.h"

#include "value_op.h"

BlBytes
bl_received(StringInfo message)
{
	int			size = message->len - message->cursor;

	return (BlBytes) {(const uint8_t *) pq_getmsgbytes(message, size), (size_t) size};
}

struct varlena *
bl_value_of(const uint8_t *bytes, size_t size)
{
	struct varlena *value = bl_new_value(size);

	memcpy(bl_new_bytes(value), bytes, size);
	return value;
}

static bool
same_bytes(FunctionCallInfo fcinfo)
{
	BlBytes		a = BL_GETARG_BYTES(0);
	BlBytes		b = BL_GETARG_BYTES(1);

	return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

/* value_send(T) returns bytea */
PG_FUNCTION_INFO_V1(billing_value_send);
Datum
billing_value_send(PG_FUNCTION_ARGS)
{
	BlBytes		value = BL_GETARG_BYTES(0);

	PG_RETURN_POINTER(bl_value_of(value.bytes, value.size));
}

/* value_eq(T, T) returns boolean */
PG_FUNCTION_INFO_V1(billing_value_eq);
Datum
billing_value_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(same_bytes(fcinfo));
}

/* value_ne(T, T) returns boolean */
PG_FUNCTION_INFO_V1(billing_value_ne);
Datum
billing_value_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!same_bytes(fcinfo));
}

/* bytes in their order, a shorter value before one that goes on */
static int
bytes_cmp(FunctionCallInfo fcinfo)
{
	BlBytes		a = BL_GETARG_BYTES(0);
	BlBytes		b = BL_GETARG_BYTES(1);
	int			order = memcmp(a.bytes, b.bytes, Min(a.size, b.size));

	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* value_lt(T, T) returns boolean */
PG_FUNCTION_INFO_V1(billing_value_lt);
Datum
billing_value_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(bytes_cmp(fcinfo) < 0);
}

/* value_le(T, T) returns boolean */
PG_FUNCTION_INFO_V1(billing_value_le);
Datum
billing_value_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(bytes_cmp(fcinfo) <= 0);
}

/* value_ge(T, T) returns boolean */
PG_FUNCTION_INFO_V1(billing_value_ge);
Datum
billing_value_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(bytes_cmp(fcinfo) >= 0);
}

/* value_gt(T, T) returns boolean */
PG_FUNCTION_INFO_V1(billing_value_gt);
Datum
billing_value_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(bytes_cmp(fcinfo) > 0);
}

/* value_cmp(T, T) returns integer */
PG_FUNCTION_INFO_V1(billing_value_cmp);
Datum
billing_value_cmp(PG_FUNCTION_ARGS)
{
	int			order = bytes_cmp(fcinfo);

	PG_RETURN_INT32((order > 0) - (order < 0));
}

/* value_hash(T) returns integer */
PG_FUNCTION_INFO_V1(billing_value_hash);
Datum
billing_value_hash(PG_FUNCTION_ARGS)
{
	BlBytes		value = BL_GETARG_BYTES(0);

	return hash_any(value.bytes, (int) value.size);
}

/* value_hash_extended(T, seed bigint) returns bigint */
PG_FUNCTION_INFO_V1(billing_value_hash_extended);
Datum
billing_value_hash_extended(PG_FUNCTION_ARGS)
{
	BlBytes		value = BL_GETARG_BYTES(0);

	return hash_any_extended(value.bytes, (int) value.size, (uint64) PG_GETARG_INT64(1));
}

/* digest(T) returns bytea: SHA-256 */
PG_FUNCTION_INFO_V1(billing_value_digest);
Datum
billing_value_digest(PG_FUNCTION_ARGS)
{
	/* the argument is laid out as a bytea is */
	return DirectFunctionCall1(sha256_bytea, PG_GETARG_DATUM(0));
}

/*
 * charges_type.c - type charges: in, out, recv, cast
 *
 * The text form is the JSON of core/charges.h; it gives the same bytes back,
 * so the digest of a bill outlives a dump.
 */
#include "postgres.h"

#include "billing.h"
#include "core/charges.h"
#include "jsontext.h"
#include "value_op.h"

enum
{
	ARENA_CEILING = 256 << 20
};

typedef struct Printed
{
	BlCharges	charges;
	BlArena    *arena;
} Printed;

static void
write_json(const void *value, BlWriter *out)
{
	const Printed *printed = value;

	bl_check(bl_charges_to_json(&printed->charges, printed->arena, out), "charges");
}

static char *
to_text(BlBytes bytes)
{
	BlArena		arena;
	Printed		printed = {.arena = &arena};

	bl_arena_init(&arena, ARENA_CEILING);
	bl_check(bl_charges_open(&printed.charges, bytes.bytes, bytes.size), "charges");
	return bl_text_written(write_json, &printed);
}

/* charges_in(cstring) returns charges */
PG_FUNCTION_INFO_V1(billing_charges_in);
Datum
billing_charges_in(PG_FUNCTION_ARGS)
{
	BlArena		arena;
	BlProblem	problem = {0};
	BlWriter	w = {NULL, 0, 0};
	BlJson	   *json;
	struct varlena *value;

	bl_arena_init(&arena, ARENA_CEILING);
	json = bl_json_of_text(PG_GETARG_CSTRING(0), &arena);
	if (bl_charges_from_json(json, &arena, &w, &problem) != BL_OK)
		bl_raise(&problem);
	value = bl_new_value(w.used);
	w = (BlWriter) {bl_new_bytes(value), w.used, 0};
	if (bl_charges_from_json(json, &arena, &w, &problem) != BL_OK)
		bl_raise(&problem);
	PG_RETURN_POINTER(value);
}

/* charges_out(charges) returns cstring */
PG_FUNCTION_INFO_V1(billing_charges_out);
Datum
billing_charges_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(to_text(BL_GETARG_BYTES(0)));
}

/* charges_recv(internal) returns charges */
PG_FUNCTION_INFO_V1(billing_charges_recv);
Datum
billing_charges_recv(PG_FUNCTION_ARGS)
{
	BlBytes		bytes = bl_received((StringInfo) PG_GETARG_POINTER(0));
	BlArena		arena;

	bl_arena_init(&arena, ARENA_CEILING);
	bl_check(bl_charges_validate(bytes.bytes, bytes.size, &arena), "charges");
	PG_RETURN_POINTER(bl_value_of(bytes.bytes, bytes.size));
}

/* to_jsonb(charges) returns jsonb */
PG_FUNCTION_INFO_V1(billing_charges_to_jsonb);
Datum
billing_charges_to_jsonb(PG_FUNCTION_ARGS)
{
	return bl_jsonb_of_text(to_text(BL_GETARG_BYTES(0)));
}

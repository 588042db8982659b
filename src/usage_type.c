/*
 * usage_type.c - type usage: in, out, recv, casts
 *
 * The text form is the JSON of core/usage_json.h with the profiles in theirs
 * (profile_type.c), and so is the jsonb form.  The binary form is the stored bytes.
 * Equality and hash are over these, in value_op.c.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"

#include "billing.h"
#include "core/usage_json.h"
#include "jsontext.h"
#include "usage_type.h"
#include "value_op.h"

extern Datum billing_profile_in(PG_FUNCTION_ARGS);
extern Datum billing_profile_out(PG_FUNCTION_ARGS);
extern Datum billing_profile_recv(PG_FUNCTION_ARGS);

/* ---------------------------------------------------------------- helpers */

void
bl_usage_of(const struct varlena *value, BlUsage *usage)
{
	bl_check(bl_usage_open(usage, (const uint8_t *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)),
			 "usage");
}

struct varlena *
bl_usage_packed(BlUsageDraft *draft)
{
	BlWriter	w = {NULL, 0, 0};
	BlProblem	problem = {0};
	struct varlena *value;

	if (bl_usage_write(draft, &w, &problem) != BL_OK)
		bl_raise(&problem);
	value = bl_new_value(w.used);
	w = (BlWriter) {bl_new_bytes(value), w.used, 0};
	if (bl_usage_write(draft, &w, &problem) != BL_OK)
		bl_raise(&problem);
	return value;
}

struct varlena *
bl_usage_merged(const BlUsage *a, const BlUsage *b)
{
	BlWriter	w = {NULL, 0, 0};
	BlProblem	problem = {0};
	struct varlena *value;

	if (bl_usage_merge(a, b, &w, &problem) != BL_OK)
		bl_raise(&problem);
	value = bl_new_value(w.used);
	w = (BlWriter) {bl_new_bytes(value), w.used, 0};
	if (bl_usage_merge(a, b, &w, &problem) != BL_OK)
		bl_raise(&problem);
	return value;
}

/* ---- whose profile an error speaks of ---- */

typedef struct ProfilePlace
{
	BlText		part;
	BlChannel	channel;
} ProfilePlace;

static void
say_place(void *arg)
{
	const ProfilePlace *place = arg;

	errcontext("channel %s of part \"%s\"", bl_channel_name[place->channel],
			   pg_any_to_server(pnstrdup(place->part.text, place->part.length),
								place->part.length, PG_UTF8));
}

/* calls an entry point of the type profile; what it raises says which profile it was */
static Datum
profile_call(PGFunction function, Datum argument, BlText part, int channel)
{
	ProfilePlace place = {part, (BlChannel) channel};
	ErrorContextCallback context = {error_context_stack, say_place, &place};
	Datum		result;

	error_context_stack = &context;
	result = DirectFunctionCall1(function, argument);
	error_context_stack = context.previous;
	return result;
}

/* --------------------------------------------------------------- text in */

typedef struct Subtree
{
	const BlJson *json;
	BlArena    *arena;
} Subtree;

static void
write_subtree(const void *value, BlWriter *out)
{
	const Subtree *subtree = value;

	if (!bl_json_write(subtree->json, subtree->arena, out))
		bl_fail(BL_NO_SPACE, "usage");
}

static void
pack_profiles(BlUsageDraftPart *part, BlArena *arena)
{
	for (int c = 0; c < BL_CHANNEL_COUNT; c++)
	{
		Subtree		subtree = {part->profile_json[c], arena};
		struct varlena *profile;
		char	   *text;

		if (subtree.json == NULL)
			continue;
		text = bl_text_written(write_subtree, &subtree);
		profile = (struct varlena *)
			DatumGetPointer(profile_call(billing_profile_in, CStringGetDatum(text), part->name, c));
		part->profile[c] = (const uint8_t *) VARDATA_ANY(profile);
		part->profile_size[c] = VARSIZE_ANY_EXHDR(profile);
		pfree(text);
	}
}

static struct varlena *
usage_read(const char *text)
{
	BlArena		arena;
	BlUsageDraft draft;
	BlProblem	problem = {0};

	bl_arena_init(&arena, (size_t) 1 << 30);
	if (bl_usage_from_json(bl_json_of_text(text, &arena), &arena, &draft, &problem) != BL_OK)
		bl_raise(&problem);
	for (int i = 0; i < draft.parts; i++)
		pack_profiles(&draft.part[i], &arena);
	return bl_usage_packed(&draft);
}

/* --------------------------------------------------------------- text out */

typedef struct Printed
{
	BlUsage		usage;
	BlText		profiles[BL_USAGE_PARTS_MAX][BL_CHANNEL_COUNT];
} Printed;

static void
write_usage(const void *value, BlWriter *out)
{
	const Printed *printed = value;

	bl_usage_to_json(&printed->usage, printed->profiles, out);
}

static char *
usage_text(const struct varlena *stored)
{
	Printed    *printed = palloc0(sizeof *printed);

	bl_usage_of(stored, &printed->usage);
	for (int i = 0; i < printed->usage.parts; i++)
		for (int c = 0; c < BL_CHANNEL_COUNT; c++)
		{
			const BlUsagePart *part = &printed->usage.part[i];
			struct varlena *profile;
			const char *text;

			if (part->profile[c] == NULL)
				continue;
			profile = bl_value_of(part->profile[c], part->profile_size[c]);
			/* digits, ASCII names: the same in every encoding of a server */
			text = DatumGetCString(profile_call(billing_profile_out, PointerGetDatum(profile), part->name, c));
			printed->profiles[i][c] = (BlText) {text, (int) strlen(text)};
		}
	return bl_text_written(write_usage, printed);
}

/* ----------------------------------------------------------------- binary */

/*
 * The profiles once more through the door of their own type, which cuts the
 * days anew where the sender's zone data differ from ours.
 */
static struct varlena *
receive_profiles(BlBytes received)
{
	static const BlUsage nothing;
	BlUsage		usage;

	bl_check(bl_usage_open(&usage, received.bytes, received.size), "usage");
	for (int i = 0; i < usage.parts; i++)
		for (int c = 0; c < BL_CHANNEL_COUNT; c++)
		{
			BlUsagePart *part = &usage.part[i];
			StringInfoData in;
			struct varlena *profile;

			if (part->profile[c] == NULL)
				continue;
			initStringInfo(&in);
			appendBinaryStringInfo(&in, (const char *) part->profile[c], (int) part->profile_size[c]);
			profile = (struct varlena *)
				DatumGetPointer(profile_call(billing_profile_recv, PointerGetDatum(&in), part->name, c));
			part->profile[c] = (const uint8_t *) VARDATA_ANY(profile);
			part->profile_size[c] = VARSIZE_ANY_EXHDR(profile);
		}
	return bl_usage_merged(&usage, &nothing);
}

/* ------------------------------------------------------------ entry points */

/* usage_in(cstring) returns usage */
PG_FUNCTION_INFO_V1(billing_usage_in);
Datum
billing_usage_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(usage_read(PG_GETARG_CSTRING(0)));
}

/* usage_out(usage) returns cstring */
PG_FUNCTION_INFO_V1(billing_usage_out);
Datum
billing_usage_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(usage_text(PG_GETARG_VARLENA_PP(0)));
}

/* usage_recv(internal) returns usage */
PG_FUNCTION_INFO_V1(billing_usage_recv);
Datum
billing_usage_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	BlBytes		received = bl_received(in);

	bl_check(bl_usage_validate(received.bytes, received.size), "usage");
	PG_RETURN_POINTER(receive_profiles(received));
}

/* jsonb(usage) returns jsonb */
PG_FUNCTION_INFO_V1(billing_usage_to_jsonb);
Datum
billing_usage_to_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(bl_jsonb_of_text(usage_text(PG_GETARG_VARLENA_PP(0))));
}

/* usage(jsonb) returns usage */
PG_FUNCTION_INFO_V1(billing_usage_from_jsonb);
Datum
billing_usage_from_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(usage_read(bl_text_of_jsonb(PG_GETARG_DATUM(0))));
}

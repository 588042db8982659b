/*
 * forest_fn.c - type forest: trained by aggregates, asked and explained by functions
 *
 * The text and binary forms are the stored bytes.  The rows to train on are
 * kept by the aggregate as they come; they travel between workers as they are.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "billing.h"
#include "core/forest.h"
#include "forest_fn.h"
#include "sha256.h"
#include "jsontext.h"
#include "value_op.h"

enum
{
	ARENA_CEILING = MaxAllocSize
};

/* ---- the type ---- */

static BlForest
forest_of(BlBytes bytes)
{
	BlForest	forest;

	bl_check(bl_forest_open(&forest, bytes.bytes, bytes.size), "forest");
	return forest;
}

/* A forest that a call site asks again and again: detoasted and checked once. */
typedef struct Kept
{
	struct varlena *given;		/* as it came */
	Size		size;
	struct varlena *value;
	BlForest	forest;
	float	   *row;
} Kept;

static Kept *
kept_forest(FunctionCallInfo fcinfo, int n)
{
	Kept	   *kept = fcinfo->flinfo->fn_extra;
	struct varlena *given = (struct varlena *) PG_GETARG_POINTER(n);
	Size		size = VARSIZE_ANY(given);
	MemoryContext before;

	/* a toast pointer says which value it is, other bytes are the value */
	if (kept != NULL && kept->size == size && memcmp(kept->given, given, size) == 0)
		return kept;
	before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (kept == NULL)
		fcinfo->flinfo->fn_extra = kept = palloc0(sizeof *kept);
	else
	{
		if (kept->value != kept->given)
			pfree(kept->value);
		pfree(kept->given);
		pfree(kept->row);
		kept->size = 0;
	}
	kept->given = palloc(size);
	memcpy(kept->given, given, size);
	kept->value = pg_detoast_datum_packed(kept->given);
	kept->forest = forest_of(bl_bytes(kept->value));
	kept->row = palloc(sizeof *kept->row * (Size) kept->forest.features);
	kept->size = size;
	MemoryContextSwitchTo(before);
	return kept;
}

const BlForest *
bl_forest_arg(FunctionCallInfo fcinfo, int n, float **row)
{
	Kept	   *kept = kept_forest(fcinfo, n);

	*row = kept->row;
	return &kept->forest;
}

/* forest_in(cstring) returns forest */
PG_FUNCTION_INFO_V1(billing_forest_in);
Datum
billing_forest_in(PG_FUNCTION_ARGS)
{
	struct varlena *value = (struct varlena *) DatumGetByteaP(DirectFunctionCall1(byteain, PG_GETARG_DATUM(0)));

	forest_of(bl_bytes(value));
	PG_RETURN_POINTER(value);
}

/* forest_out(forest) returns cstring */
PG_FUNCTION_INFO_V1(billing_forest_out);
Datum
billing_forest_out(PG_FUNCTION_ARGS)
{
	BlBytes		value = BL_GETARG_BYTES(0);
	char	   *text = palloc(2 * value.size + 3);

	/* whatever bytea_output says */
	text[0] = '\\';
	text[1] = 'x';
	hex_encode((const char *) value.bytes, value.size, text + 2);
	text[2 + 2 * value.size] = '\0';
	PG_RETURN_CSTRING(text);
}

/* forest_recv(internal) returns forest */
PG_FUNCTION_INFO_V1(billing_forest_recv);
Datum
billing_forest_recv(PG_FUNCTION_ARGS)
{
	BlBytes		message = bl_received((StringInfo) PG_GETARG_POINTER(0));

	forest_of(message);
	PG_RETURN_POINTER(bl_value_of(message.bytes, message.size));
}

static Datum
name_of(const uint8_t **at)
{
	BlText		name = {(const char *) *at + 1, **at};

	*at += 1 + name.length;
	return bl_text_datum(name);
}

/* jsonb(forest) returns jsonb */
PG_FUNCTION_INFO_V1(billing_forest_to_jsonb);
Datum
billing_forest_to_jsonb(PG_FUNCTION_ARGS)
{
	BlForest	f = forest_of(BL_GETARG_BYTES(0));
	StringInfoData json;
	const uint8_t *name = f.names;
	char		digest[2 * 32 + 1];

	hex_encode((const char *) f.digest, 32, digest);
	digest[64] = '\0';
	initStringInfo(&json);
	appendStringInfo(&json, "{\"kind\": \"%s\", \"trees\": %d, \"seed\": " UINT64_FORMAT ", \"rows\": %u, ",
					 f.kind == BL_FOREST_CLASSES ? "classes" : "isolation", f.trees, f.seed, f.rows);
	if (f.kind == BL_FOREST_CLASSES)
		appendStringInfo(&json, "\"positive\": %u, \"slope\": %.17g, \"intercept\": %.17g, ", f.positive, f.slope, f.intercept);
	else
		appendStringInfo(&json, "\"sample\": %u, ", f.sample);
	appendStringInfo(&json, "\"training_digest\": \"%s\", \"features\": [", digest);
	for (int i = 0; i < f.features; i++)
	{
		BlWriter	w = {NULL, 0, 0};
		const char *text = (const char *) name + 1;

		bl_json_write_string(&w, text, *name);
		enlargeStringInfo(&json, (int) w.used + 2);
		if (i > 0)
			appendStringInfoString(&json, ", ");
		w = (BlWriter) {(uint8_t *) json.data + json.len, w.used, 0};
		bl_json_write_string(&w, text, *name);
		json.len += (int) w.used;
		json.data[json.len] = '\0';
		name += 1 + *name;
	}
	appendStringInfoString(&json, "]}");
	PG_RETURN_DATUM(bl_jsonb_of_text(bl_utf8_to_server(json.data)));
}

/* ---- training ---- */

typedef struct State
{
	int			features;		/* 0: no row yet */
	uint32_t	rows;
	Size		room;			/* rows */
	float	   *value;
	uint8_t    *label;
	text	   *options;		/* NULL: none */
} State;

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the support functions of billing.train_forest() cannot be called alone")));
	return context;
}

static void
make_room(State *state, Size more)
{
	Size		room = state->room > 0 ? state->room : 256;

	if (state->rows + more > BL_FOREST_ROWS_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("a forest is trained on at most %d rows", BL_FOREST_ROWS_MAX)));
	while (room < state->rows + more)
		room *= 2;
	if (room == state->room)
		return;
	if (state->value == NULL)
	{
		state->value = MemoryContextAllocHuge(CurrentMemoryContext, sizeof *state->value * room * (Size) state->features);
		state->label = MemoryContextAllocHuge(CurrentMemoryContext, room);
	}
	else
	{
		state->value = repalloc_huge(state->value, sizeof *state->value * room * (Size) state->features);
		state->label = repalloc_huge(state->label, room);
	}
	state->room = room;
}

static int
features_of(ArrayType *array)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1 || n < 1 || n > BL_FOREST_FEATURES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("features are an array of 1 to %d numbers", BL_FOREST_FEATURES_MAX),
				 errdetail("This one has %d dimensions and %d elements.", ARR_NDIM(array), n)));
	return n;
}

static void
read_features(ArrayType *array, float *row)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		double		x = nulls[i] ? NAN : DatumGetFloat8(values[i]);

		/* one bit pattern for what is missing, and for zero, so that equal rows have equal bytes */
		row[i] = isnan(x) ? NAN : x == 0 ? 0.0f : (float) x;
		if (isinf(row[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("feature %d is beyond what a forest can hold", i + 1),
					 errdetail("It is %g; a feature is a number of single precision.", x), errhint("NULL stands for what is not known.")));
	}
	pfree(values);
	pfree(nulls);
}

static Datum
step(FunctionCallInfo fcinfo, int label_arg, int features_arg)
{
	MemoryContext before = MemoryContextSwitchTo(aggregate_context(fcinfo));
	State	   *state = PG_ARGISNULL(0) ? palloc0(sizeof *state) : (State *) PG_GETARG_POINTER(0);
	int			options_arg = features_arg + 1;

	if (PG_NARGS() > options_arg && !PG_ARGISNULL(options_arg))
	{
		char	   *given = bl_text_of_jsonb(PG_GETARG_DATUM(options_arg));

		if (state->options == NULL)
			state->options = cstring_to_text(given);
		else if (strlen(given) != VARSIZE_ANY_EXHDR(state->options) || memcmp(given, VARDATA_ANY(state->options), strlen(given)) != 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the options differ between rows"),
							errhint("Options are one constant for the whole forest.")));
		pfree(given);
	}
	/* what has not been judged teaches nothing */
	if (!PG_ARGISNULL(features_arg) && (label_arg == 0 || !PG_ARGISNULL(label_arg)))
	{
		ArrayType  *array = PG_GETARG_ARRAYTYPE_P(features_arg);
		int			n = features_of(array);

		if (state->features == 0)
			state->features = n;
		else if (n != state->features)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("rows have different numbers of features"),
							errdetail("One has %d, another %d.", state->features, n)));
		make_room(state, 1);
		read_features(array, state->value + (Size) state->rows * (Size) n);
		state->label[state->rows++] = label_arg > 0 && PG_GETARG_BOOL(label_arg);
		if ((Pointer) array != PG_GETARG_POINTER(features_arg))
			pfree(array);
	}
	MemoryContextSwitchTo(before);
	PG_RETURN_POINTER(state);
}

/* _forest_step(internal, boolean, double precision[], jsonb) returns internal */
PG_FUNCTION_INFO_V1(billing_forest_step);
Datum
billing_forest_step(PG_FUNCTION_ARGS)
{
	return step(fcinfo, 1, 2);
}

/* _isolation_step(internal, double precision[], jsonb) returns internal */
PG_FUNCTION_INFO_V1(billing_isolation_step);
Datum
billing_isolation_step(PG_FUNCTION_ARGS)
{
	return step(fcinfo, 0, 1);
}

/* _forest_combine(internal, internal) returns internal */
PG_FUNCTION_INFO_V1(billing_forest_combine);
Datum
billing_forest_combine(PG_FUNCTION_ARGS)
{
	MemoryContext before = MemoryContextSwitchTo(aggregate_context(fcinfo));
	State	   *a = PG_ARGISNULL(0) ? palloc0(sizeof *a) : (State *) PG_GETARG_POINTER(0);
	State	   *b = PG_ARGISNULL(1) ? NULL : (State *) PG_GETARG_POINTER(1);

	if (b != NULL && b->rows > 0)
	{
		if (a->features == 0)
			a->features = b->features;
		else if (a->features != b->features)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("rows have different numbers of features"),
							errdetail("One has %d, another %d.", a->features, b->features)));
		make_room(a, b->rows);
		memcpy(a->value + (Size) a->rows * (Size) a->features, b->value, sizeof *b->value * b->rows * (Size) b->features);
		memcpy(a->label + a->rows, b->label, b->rows);
		a->rows += b->rows;
	}
	if (b != NULL && a->options == NULL && b->options != NULL)
	{
		a->options = palloc(VARSIZE_ANY(b->options));
		memcpy(a->options, b->options, VARSIZE_ANY(b->options));
	}
	MemoryContextSwitchTo(before);
	PG_RETURN_POINTER(a);
}

/* _forest_serialize(internal) returns bytea */
PG_FUNCTION_INFO_V1(billing_forest_serialize);
Datum
billing_forest_serialize(PG_FUNCTION_ARGS)
{
	State	   *state = (State *) PG_GETARG_POINTER(0);
	Size		values = sizeof *state->value * state->rows * (Size) state->features;
	Size		options = state->options != NULL ? VARSIZE_ANY_EXHDR(state->options) : 0;
	struct varlena *bytes;
	uint8_t    *to;

	(void) aggregate_context(fcinfo);
	if (values > MaxAllocSize / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the rows of one worker take more than half a gigabyte"),
						errhint("SET max_parallel_workers_per_gather = 0 for this statement.")));
	bytes = bl_new_value(16 + options + state->rows + values);
	to = bl_new_bytes(bytes);
	bl_put_le32(to, (uint32_t) state->features);
	bl_put_le32(to + 4, state->rows);
	bl_put_le32(to + 8, state->options != NULL);
	bl_put_le32(to + 12, (uint32_t) options);
	if (options > 0)
		memcpy(to + 16, VARDATA_ANY(state->options), options);
	if (state->rows > 0)
	{
		memcpy(to + 16 + options, state->label, state->rows);
		memcpy(to + 16 + options + state->rows, state->value, values);
	}
	PG_RETURN_POINTER(bytes);
}

/* _forest_deserialize(bytea, internal) returns internal */
PG_FUNCTION_INFO_V1(billing_forest_deserialize);
Datum
billing_forest_deserialize(PG_FUNCTION_ARGS)
{
	BlBytes		bytes = BL_GETARG_BYTES(0);
	State	   *state = palloc0(sizeof *state);
	Size		options,
				rows,
				values;

	(void) aggregate_context(fcinfo);
	if (bytes.size < 16)
		elog(ERROR, "no state of a forest");
	state->features = (int) bl_le32(bytes.bytes);
	rows = bl_le32(bytes.bytes + 4);
	options = bl_le32(bytes.bytes + 12);
	values = sizeof *state->value * rows * (Size) state->features;
	if (bytes.size != 16 + options + rows + values)
		elog(ERROR, "no state of a forest");
	if (bl_le32(bytes.bytes + 8) != 0)
		state->options = cstring_to_text_with_len((const char *) bytes.bytes + 16, (int) options);
	if (rows > 0)
	{
		make_room(state, rows);
		memcpy(state->label, bytes.bytes + 16 + options, rows);
		memcpy(state->value, bytes.bytes + 16 + options + rows, values);
		state->rows = (uint32_t) rows;
	}
	PG_RETURN_POINTER(state);
}

static void
bad_option(const char *name, const char *rule)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("option \"%s\" of a forest is %s", name, rule)));
}

static void
whole_option(BlJson *options, const char *name, int64_t least, int64_t most, int64_t *value)
{
	BlJson	   *j = bl_json_member(options, name);
	BlDec		d;
	char	   *rule;

	if (j == NULL)
		return;
	rule = psprintf("a whole number from " INT64_FORMAT " to " INT64_FORMAT, least, most);
	if (bl_json_decimal(j, 0, &d) != BL_OK || d.coefficient < least || d.coefficient > most)
		bad_option(name, rule);
	*value = (int64_t) d.coefficient;
}

static void
read_options(BlForestTraining *t, const text *given, BlArena *arena)
{
	BlJson	   *options = bl_json_of_text(given != NULL ? text_to_cstring(given) : "{}", arena);
	bool		isolation = t->kind == BL_FOREST_ISOLATION;
	int64_t		trees = isolation ? 100 : 200,
				leaf = isolation ? 1 : 2,
				sample = 256,
				seed = 1;
	BlJson	   *j;
	const char **name = palloc(sizeof *name * (Size) t->features);

	if (options->type != BL_JSON_OBJECT)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("options of a forest are a JSON object")));
	whole_option(options, "trees", 1, BL_FOREST_TREES_MAX, &trees);
	whole_option(options, "seed", 0, INT64_MAX, &seed);
	t->share = 0.3;
	t->calibrate = !isolation;
	if (isolation)
		whole_option(options, "sample", 2, BL_FOREST_SAMPLE_MAX, &sample);
	else
	{
		whole_option(options, "leaf", 1, 1000000, &leaf);
		if ((j = bl_json_member(options, "share")) != NULL)
		{
			BlDec		d;

			if (bl_json_decimal(j, 9, &d) != BL_OK || d.coefficient <= 0 || d.coefficient > bl_pow10(d.scale))
				bad_option("share", "above 0 and at most 1");
			t->share = (double) d.coefficient / (double) bl_pow10(d.scale);
		}
		if ((j = bl_json_member(options, "calibrate")) != NULL)
		{
			if (j->type != BL_JSON_TRUE && j->type != BL_JSON_FALSE)
				bad_option("calibrate", "true or false");
			t->calibrate = j->type == BL_JSON_TRUE;
		}
	}
	if ((j = bl_json_member(options, "features")) != NULL)
	{
		BlJson	   *one = j->type == BL_JSON_ARRAY && j->count == t->features ? j->first : NULL;

		for (int i = 0; i < t->features; i++, one = one->next)
		{
			if (one == NULL || one->type != BL_JSON_STRING || one->length < 1 || one->length > 255)
				bad_option("features", psprintf("an array of %d names of 1 to 255 bytes", t->features));
			name[i] = pnstrdup(one->text, one->length);
		}
	}
	else
		for (int i = 0; i < t->features; i++)
			name[i] = psprintf("f%d", i + 1);
	if ((j = bl_json_unseen(options)) != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a forest has no option \"%s\"", bl_utf8_to_server(pnstrdup(j->key, j->key_length))),
						errhint("Options: trees, seed, features; of train_forest() also leaf, share, calibrate; of train_isolation_forest() sample.")));
	t->trees = (int) trees;
	t->seed = (uint64_t) seed;
	t->leaf = (int) leaf;
	t->sample = (uint32_t) sample;
	t->name = name;
}

/* of the rows in their order, as the machine's bytes would be little-endian */
static void
digest_rows(BlForestTraining *t, const uint32_t *order)
{
	uint8_t    *bytes = palloc(4 * (Size) t->features);

	bl_sha256_begin();
	for (uint32_t i = 0; i < t->rows; i++)
	{
		const float *row = t->value + (Size) order[i] * (Size) t->features;

		for (int f = 0; f < t->features; f++)
		{
			uint32_t	bits;

			memcpy(&bits, &row[f], sizeof bits);
			bl_put_le32(bytes + 4 * f, bits);
		}
		bl_sha256_put(bytes, 4 * (Size) t->features);
		if (t->label != NULL)
			bl_sha256_put(&t->label[order[i]], 1);
	}
	bl_sha256_end(t->digest);
	pfree(bytes);
}

static Datum
train(FunctionCallInfo fcinfo, BlForestKind kind)
{
	State	   *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	BlForestTraining t = {.kind = kind};
	BlForestGrower *grower;
	BlArena		arena;
	BlWriter	w = {NULL, 0, 0};
	StringInfoData out;

	(void) aggregate_context(fcinfo);
	if (state == NULL || state->rows == 0)
		PG_RETURN_NULL();
	t.features = state->features;
	t.rows = state->rows;
	t.value = state->value;
	t.label = kind == BL_FOREST_CLASSES ? state->label : NULL;
	bl_arena_init(&arena, ARENA_CEILING);
	read_options(&t, state->options, &arena);
	bl_check(bl_forest_begin(&t, &arena, &grower), "forest");
	digest_rows(&t, bl_forest_order(grower));

	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	enlargeStringInfo(&out, BL_FOREST_HEADER + 256 * t.features);
	w = (BlWriter) {(uint8_t *) out.data + out.len, (size_t) (out.maxlen - out.len), 0};
	bl_check(bl_forest_write_head(grower, &w), "forest");
	out.len += (int) w.used;
	for (int i = 0; i < t.trees; i++)
	{
		size_t		bytes;

		bl_check(bl_forest_grow(grower, i, &bytes), "forest");
		if (bytes > (size_t) (MaxAllocSize / 2) || (size_t) out.len + bytes > (size_t) (MaxAllocSize / 2))
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the forest takes more than half a gigabyte"),
							errhint("Fewer trees, or larger leaves, make it smaller.")));
		enlargeStringInfo(&out, (int) bytes);
		w = (BlWriter) {(uint8_t *) out.data + out.len, bytes, 0};
		bl_forest_write_tree(grower, &w);
		out.len += (int) w.used;
	}
	SET_VARSIZE(out.data, out.len);
	PG_RETURN_POINTER(out.data);
}

/* _forest_final(internal) returns forest */
PG_FUNCTION_INFO_V1(billing_forest_final);
Datum
billing_forest_final(PG_FUNCTION_ARGS)
{
	return train(fcinfo, BL_FOREST_CLASSES);
}

/* _isolation_final(internal) returns forest */
PG_FUNCTION_INFO_V1(billing_isolation_final);
Datum
billing_isolation_final(PG_FUNCTION_ARGS)
{
	return train(fcinfo, BL_FOREST_ISOLATION);
}

/* ---- asking ---- */

static const float *
row_for(Kept *kept, ArrayType *array)
{
	int			n = features_of(array);

	if (n != kept->forest.features)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the forest knows %d features, not %d", kept->forest.features, n)));
	read_features(array, kept->row);
	return kept->row;
}

/* score(forest, double precision[]) returns double precision */
PG_FUNCTION_INFO_V1(billing_forest_score);
Datum
billing_forest_score(PG_FUNCTION_ARGS)
{
	Kept	   *kept = kept_forest(fcinfo, 0);

	PG_RETURN_FLOAT8(bl_forest_score(&kept->forest, row_for(kept, PG_GETARG_ARRAYTYPE_P(1))));
}

/* probability(forest, double precision[]) returns double precision */
PG_FUNCTION_INFO_V1(billing_forest_probability);
Datum
billing_forest_probability(PG_FUNCTION_ARGS)
{
	Kept	   *kept = kept_forest(fcinfo, 0);

	PG_RETURN_FLOAT8(bl_forest_probability(&kept->forest, bl_forest_score(&kept->forest, row_for(kept, PG_GETARG_ARRAYTYPE_P(1)))));
}

/* contributions(forest, double precision[]) returns table */
PG_FUNCTION_INFO_V1(billing_forest_contributions);
Datum
billing_forest_contributions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Kept	   *kept = kept_forest(fcinfo, 0);
	const float *row = row_for(kept, PG_GETARG_ARRAYTYPE_P(1));
	const uint8_t *name = kept->forest.names;
	double	   *by_feature = palloc(sizeof *by_feature * (Size) kept->forest.features);
	Datum		values[3] = {0};
	bool		nulls[3] = {true, true, false};
	double		base;

	bl_forest_contributions(&kept->forest, row, &base, by_feature);
	InitMaterializedSRF(fcinfo, 0);
	values[2] = Float8GetDatum(base);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	for (int i = 0; i < kept->forest.features; i++)
	{
		values[0] = name_of(&name);
		values[1] = Float4GetDatum(row[i]);
		values[2] = Float8GetDatum(by_feature[i]);
		nulls[0] = false;
		nulls[1] = isnan(row[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* importance(forest) returns table */
PG_FUNCTION_INFO_V1(billing_forest_importance);
Datum
billing_forest_importance(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	BlForest	f = forest_of(BL_GETARG_BYTES(0));
	const uint8_t *name = f.names;
	double	   *by_feature = palloc(sizeof *by_feature * (Size) f.features);
	bool		nulls[2] = {false, false};

	bl_forest_importance(&f, by_feature);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < f.features; i++)
	{
		Datum		values[2] = {name_of(&name), Float8GetDatum(by_feature[i])};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

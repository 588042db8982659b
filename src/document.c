/*
 * document.c - types tariff and market: JSON in, checked and canonical, JSON out
 */
#include "postgres.h"

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "billing.h"
#include "calendar.h"
#include "document.h"
#include "jsontext.h"
#include "sha256.h"
#include "value_op.h"

enum
{
	ARENA_CEILING = 1 << 30
};

BlStatus
bl_document_open(BlBytes bytes, int kind, BlDocument *document)
{
	if (bytes.size < BL_DOCUMENT_HEADER)
		return BL_TRUNCATED;
	if (bytes.bytes[0] != BL_DOCUMENT_VERSION)
		return BL_BAD_VERSION;
	if (bytes.bytes[1] != kind || bytes.bytes[2] != 0 || bytes.bytes[3] != 0)
		return BL_CORRUPT;
	document->digest = bytes.bytes + 4;
	document->text = (const char *) bytes.bytes + BL_DOCUMENT_HEADER;
	document->length = bytes.size - BL_DOCUMENT_HEADER;
	return BL_OK;
}

/* ---- what a tariff's check finds ---- */

typedef struct FirstProblem
{
	BlProblem  *problem;
	int			found;
	bool		unknown;		/* it is an unknown field */
} FirstProblem;

/* keeps the first problem, counts the others; a mistyped field goes first, for others may follow from it */
static bool
keep_first(void *context, const char *path, const char *message, const char *hint)
{
	FirstProblem *first = context;
	bool		unknown = strncmp(message, "unknown field", 13) == 0;

	if (first->found++ > 0 && (first->unknown || !unknown))
		return true;
	first->unknown = unknown;
	bl_problem(first->problem, BL_BAD_TARIFF, "tariff: %s", message);
	bl_problem_detail(first->problem, "At %s.", path);
	if (hint[0] != '\0')
		bl_problem_hint(first->problem, "%s", hint);
	return true;
}

static BlStatus
compile_tariff(BlJson *root, BlArena *arena, BlTariff **tariff, BlProblem *problem)
{
	FirstProblem first = {problem, 0, false};
	BlStatus	status = bl_tariff_compile(root, arena, tariff, keep_first, &first);
	char		detail[sizeof problem->detail];

	if (status == BL_NO_SPACE)
		return bl_problem(problem, status, "the tariff is too large");
	if (first.found > 1)
	{
		strlcpy(detail, problem->detail, sizeof detail);
		bl_problem_detail(problem, "%s %d more: billing.tariff_check() lists all.", detail, first.found - 1);
	}
	return status;
}

/* the server's own zones only are known here */
static BlStatus
check_zone(const BlTariff *tariff, BlProblem *problem)
{
	BlZoneName	name;

	return bl_calendar_name(tariff->zone.text, (size_t) tariff->zone.length, &name, problem);
}

/* ---- text to value ---- */

static struct varlena *
pack(BlJson *root, BlArena *arena, int kind)
{
	BlWriter	w = {NULL, 0, 0};
	struct varlena *value;
	uint8_t    *bytes;

	if (!bl_json_write(root, arena, &w))
		bl_fail(BL_NO_SPACE, "document");
	value = bl_new_value(BL_DOCUMENT_HEADER + w.used);
	bytes = bl_new_bytes(value);
	memset(bytes, 0, BL_DOCUMENT_HEADER);
	bytes[0] = BL_DOCUMENT_VERSION;
	bytes[1] = (uint8_t) kind;
	w = (BlWriter) {bytes + BL_DOCUMENT_HEADER, w.used, 0};
	bl_json_write(root, arena, &w);
	bl_sha256(bytes + BL_DOCUMENT_HEADER, w.used, bytes + 4);
	return value;
}

/* text in the server's encoding */
static struct varlena *
document_of(const char *text, int kind)
{
	BlArena		arena;
	BlProblem	problem = {0};
	BlJson	   *root;
	BlTariff   *tariff;
	BlMarket   *market;
	BlStatus	status;

	bl_arena_init(&arena, ARENA_CEILING);
	root = bl_json_of_text(text, &arena);
	if (kind == BL_DOCUMENT_TARIFF)
	{
		status = compile_tariff(root, &arena, &tariff, &problem);
		if (status == BL_OK)
			status = check_zone(tariff, &problem);
	}
	else
		status = bl_market_compile(root, &arena, &market, &problem);
	if (status != BL_OK)
		bl_raise(&problem);
	return pack(root, &arena, kind);
}

static BlDocument
document_arg(FunctionCallInfo fcinfo, int kind)
{
	BlDocument	document;

	bl_check(bl_document_open(BL_GETARG_BYTES(0), kind, &document), kind == BL_DOCUMENT_TARIFF ? "tariff" : "market");
	return document;
}

static char *
text_of(const BlDocument *document)
{
	char	   *utf8 = pnstrdup(document->text, document->length);

	return pg_any_to_server(utf8, (int) document->length, PG_UTF8);
}

/* the canonical text once more through the compiler, after its digest */
static BlStatus
parse(const BlDocument *document, BlArena *arena, BlJson **root, BlProblem *problem)
{
	uint8_t		digest[BL_DIGEST_SIZE];
	char	   *text;

	bl_sha256(document->text, document->length, digest);
	if (memcmp(digest, document->digest, BL_DIGEST_SIZE) != 0)
		return bl_problem(problem, BL_CORRUPT, "the document does not fit its digest");
	/* the tree points into the text, which must live as long as it */
	text = palloc(document->length + 1);
	memcpy(text, document->text, document->length);
	return bl_json_parse(text, document->length, arena, root, problem);
}

BlStatus
bl_document_tariff(const BlDocument *document, BlTariff **tariff, BlProblem *problem)
{
	BlArena		arena;
	BlJson	   *root;
	BlStatus	status;

	bl_arena_init(&arena, ARENA_CEILING);
	status = parse(document, &arena, &root, problem);
	return status == BL_OK ? compile_tariff(root, &arena, tariff, problem) : status;
}

BlStatus
bl_document_market(const BlDocument *document, BlMarket **market, BlProblem *problem)
{
	BlArena		arena;
	BlJson	   *root;
	BlStatus	status;

	bl_arena_init(&arena, ARENA_CEILING);
	status = parse(document, &arena, &root, problem);
	return status == BL_OK ? bl_market_compile(root, &arena, market, problem) : status;
}

/* ---- entry points ---- */

#define DOCUMENT_TYPE(name, KIND) \
PG_FUNCTION_INFO_V1(billing_##name##_in); \
Datum \
billing_##name##_in(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_POINTER(document_of(PG_GETARG_CSTRING(0), KIND)); \
} \
\
PG_FUNCTION_INFO_V1(billing_##name##_out); \
Datum \
billing_##name##_out(PG_FUNCTION_ARGS) \
{ \
	BlDocument	document = document_arg(fcinfo, KIND); \
\
	PG_RETURN_CSTRING(text_of(&document)); \
} \
\
PG_FUNCTION_INFO_V1(billing_##name##_recv); \
Datum \
billing_##name##_recv(PG_FUNCTION_ARGS) \
{ \
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0); \
	int			size; \
	char	   *text = pq_getmsgtext(message, message->len - message->cursor, &size); \
\
	PG_RETURN_POINTER(document_of(text, KIND)); \
} \
\
PG_FUNCTION_INFO_V1(billing_##name##_send); \
Datum \
billing_##name##_send(PG_FUNCTION_ARGS) \
{ \
	BlDocument	document = document_arg(fcinfo, KIND); \
	char	   *text = text_of(&document); \
	StringInfoData message; \
\
	pq_begintypsend(&message); \
	pq_sendtext(&message, text, (int) strlen(text)); \
	PG_RETURN_BYTEA_P(pq_endtypsend(&message)); \
} \
\
PG_FUNCTION_INFO_V1(billing_##name##_to_jsonb); \
Datum \
billing_##name##_to_jsonb(PG_FUNCTION_ARGS) \
{ \
	BlDocument	document = document_arg(fcinfo, KIND); \
\
	PG_RETURN_DATUM(bl_jsonb_of_text(text_of(&document))); \
} \
\
PG_FUNCTION_INFO_V1(billing_##name##_from_jsonb); \
Datum \
billing_##name##_from_jsonb(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_POINTER(document_of(bl_text_of_jsonb(PG_GETARG_DATUM(0)), KIND)); \
} \
\
PG_FUNCTION_INFO_V1(billing_##name##_digest); \
Datum \
billing_##name##_digest(PG_FUNCTION_ARGS) \
{ \
	BlDocument	document = document_arg(fcinfo, KIND); \
\
	PG_RETURN_POINTER(bl_value_of(document.digest, BL_DIGEST_SIZE)); \
}

DOCUMENT_TYPE(tariff, BL_DOCUMENT_TARIFF)
DOCUMENT_TYPE(market, BL_DOCUMENT_MARKET)

/* ---- all problems of a tariff ---- */

static bool
put_problem(void *context, const char *path, const char *message, const char *hint)
{
	ReturnSetInfo *result = context;
	Datum		values[3];
	bool		nulls[3] = {false, false, hint[0] == '\0'};

	values[0] = CStringGetTextDatum(bl_utf8_to_server(path));
	values[1] = CStringGetTextDatum(bl_utf8_to_server(message));
	values[2] = CStringGetTextDatum(bl_utf8_to_server(hint));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	return true;
}

/* tariff_check(json) returns table (path, problem, hint) */
PG_FUNCTION_INFO_V1(billing_tariff_check);
Datum
billing_tariff_check(PG_FUNCTION_ARGS)
{
	char	   *given = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *utf8 = pg_server_to_any(given, (int) strlen(given), PG_UTF8);
	BlArena		arena;
	BlProblem	problem = {0};
	BlJson	   *root;
	BlTariff   *tariff;

	InitMaterializedSRF(fcinfo, 0);
	bl_arena_init(&arena, ARENA_CEILING);
	if (bl_json_parse(utf8, strlen(utf8), &arena, &root, &problem) != BL_OK)
	{
		char		message[sizeof problem.message + sizeof problem.detail];

		snprintf(message, sizeof message, "%s. %s", problem.message, problem.detail);
		put_problem(result, "$", message, "");
	}
	else
	{
		BlStatus	status = bl_tariff_compile(root, &arena, &tariff, put_problem, result);

		if (status == BL_NO_SPACE)
			bl_fail(status, "tariff");
		/* a text that is no name, read as "?", has been told of */
		if (tariff->zone.length > 0 && (status == BL_OK || tariff->zone.text[0] != '?') && check_zone(tariff, &problem) != BL_OK)
			put_problem(result, "$.time_zone", problem.message, problem.hint);
	}
	return (Datum) 0;
}

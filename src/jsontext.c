/*
 * jsontext.c - JSON between the server's text, jsonb and the core's reader
 *
 * The core reads and writes UTF-8 only; a database may have another encoding.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "billing.h"
#include "jsontext.h"

static void *
more_memory(void *context, size_t size)
{
	/* beyond any size is the value's fault, no memory is the server's */
	return AllocHugeSizeIsValid(size) ? MemoryContextAllocHuge(context, size) : NULL;
}

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

void
bl_arena_init(BlArena *arena, size_t ceiling)
{
	*arena = (BlArena) {
		.more = more_memory,
		.context = CurrentMemoryContext,
		.poll = check_interrupts,
		.ceiling = ceiling
	};
}

BlJson *
bl_json_of_text(const char *text, BlArena *arena)
{
	const char *utf8 = pg_server_to_any(text, (int) strlen(text), PG_UTF8);
	BlProblem	problem = {0};
	BlJson	   *root;

	if (bl_json_parse(utf8, strlen(utf8), arena, &root, &problem) != BL_OK)
		bl_raise(&problem);
	return root;
}

char *
bl_text_of_jsonb(Datum jsonb)
{
	Jsonb	   *value = DatumGetJsonbP(jsonb);

	return JsonbToCString(NULL, &value->root, VARSIZE(value));
}

Datum
bl_jsonb_of_text(const char *text)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

Datum
bl_text_datum(BlText value)
{
	char	   *server = pg_any_to_server(value.text, value.length, PG_UTF8);

	/* another encoding gives a new, terminated string */
	if (server != value.text)
		return CStringGetTextDatum(server);
	return PointerGetDatum(cstring_to_text_with_len(value.text, value.length));
}

BlText
bl_text_of_datum(Datum value)
{
	char	   *server = TextDatumGetCString(value);
	char	   *utf8 = pg_server_to_any(server, (int) strlen(server), PG_UTF8);

	return (BlText) {utf8, (int) strlen(utf8)};
}

char *
bl_text_written(BlTextWriter write, const void *value)
{
	BlWriter	out = {NULL, 0, 0};
	char	   *text;

	write(value, &out);
	if (out.used >= MaxAllocSize)
		bl_fail(BL_LIMIT, "text");
	text = palloc(out.used + 1);
	out = (BlWriter) {(uint8_t *) text, out.used, 0};
	write(value, &out);
	text[out.used] = '\0';
	return pg_any_to_server(text, (int) out.used, PG_UTF8);
}

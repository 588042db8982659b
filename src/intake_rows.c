/*
 * intake_rows.c - functions that read files: from an argument to rows
 *
 * Rows go into a tuplestore, which spills to disk beyond work_mem.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "billing.h"
#include "intake_rows.h"
#include "numeric.h"

void
bl_rows_init(BlRowMaker *rows, FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
	rows->result = (ReturnSetInfo *) fcinfo->resultinfo;
	rows->context = AllocSetContextCreate(CurrentMemoryContext, "billing row", ALLOCSET_DEFAULT_SIZES);
	if (rows->result->setDesc->natts > (int) lengthof(rows->values))
		elog(ERROR, "a row of %d columns", rows->result->setDesc->natts);
}

void
bl_row_begin(BlRowMaker *rows)
{
	CHECK_FOR_INTERRUPTS();
	rows->column = 0;
	rows->before = MemoryContextSwitchTo(rows->context);
}

void
bl_row_end(BlRowMaker *rows)
{
	if (rows->column != rows->result->setDesc->natts)
		elog(ERROR, "a row of %d columns has %d", rows->result->setDesc->natts, rows->column);
	tuplestore_putvalues(rows->result->setResult, rows->result->setDesc, rows->values, rows->nulls);
	MemoryContextSwitchTo(rows->before);
	MemoryContextReset(rows->context);
}

void
bl_put(BlRowMaker *rows, Datum value)
{
	rows->values[rows->column] = value;
	rows->nulls[rows->column++] = false;
}

void
bl_put_null(BlRowMaker *rows)
{
	rows->values[rows->column] = (Datum) 0;
	rows->nulls[rows->column++] = true;
}

void
bl_put_text(BlRowMaker *rows, const char *text)
{
	if (text == NULL || text[0] == '\0')
		bl_put_null(rows);
	else
		bl_put(rows, CStringGetTextDatum(bl_utf8_to_server(text)));
}

void
bl_put_second(BlRowMaker *rows, int64_t second)
{
	if (second == INT64_MIN)
		bl_put_null(rows);
	else
		bl_put(rows, TimestampTzGetDatum(second * USECS_PER_SEC));
}

void
bl_put_dec(BlRowMaker *rows, bool known, BlDec value)
{
	if (known)
		bl_put(rows, bl_numeric(value));
	else
		bl_put_null(rows);
}

/* what the database's encoding may lack is shown as bytes, so that a reject never fails */
static const char *
fit_for_server(char *text)
{
	size_t		length = strlen(text);
	char	   *out;
	size_t		used = 0;

	if (GetDatabaseEncoding() == PG_UTF8)
		return text;
	out = palloc(length * 4 + 1);
	for (size_t i = 0; i < length; i++)
	{
		if ((unsigned char) text[i] < 0x80)
			out[used++] = text[i];
		else
			used += (size_t) snprintf(out + used, 5, "\\x%02x", (unsigned char) text[i]);
	}
	out[used] = '\0';
	return out;
}

void
bl_put_rejected(BlRowMaker *rows, const char *rejected, BlSlice content)
{
	size_t		room;
	char	   *shown;

	if (rejected == NULL)
	{
		bl_put_null(rows);
		bl_put_null(rows);
		return;
	}
	bl_put(rows, CStringGetTextDatum(fit_for_server(pstrdup(rejected))));
	if (content.length == 0)
	{
		bl_put_null(rows);
		return;
	}
	content.length = Min(content.length, BL_CONTENT_MAX);
	room = content.length * 4 + 5;
	shown = palloc(room);
	bl_shown(content, shown, room);
	bl_put(rows, CStringGetTextDatum(fit_for_server(shown)));
}

BlSlice
bl_document_bytes(FunctionCallInfo fcinfo, bool text)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	const char *bytes = VARDATA_ANY(value);
	size_t		size = VARSIZE_ANY_EXHDR(value);

	if (text && GetDatabaseEncoding() != PG_UTF8)
	{
		const char *converted = pg_server_to_any(bytes, (int) size, PG_UTF8);

		if (converted != bytes)
			return (BlSlice) {converted, strlen(converted)};
	}
	return (BlSlice) {bytes, size};
}

BlSlice
bl_slice_arg(FunctionCallInfo fcinfo, int n)
{
	char	   *given;
	const char *converted;

	if (PG_ARGISNULL(n))
		return (BlSlice) {NULL, 0};
	given = text_to_cstring(PG_GETARG_TEXT_PP(n));
	converted = pg_server_to_any(given, (int) strlen(given), PG_UTF8);
	return (BlSlice) {converted, strlen(converted)};
}

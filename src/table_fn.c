/*
 * table_fn.c - text tables as rows of cells, whatever they are of
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "billing.h"
#include "core/table.h"
#include "intake_rows.h"

static char
delimiter_arg(FunctionCallInfo fcinfo)
{
	BlSlice		given = bl_slice_arg(fcinfo, 1);

	if (given.text == NULL)
		return ',';
	if (given.length != 1 || given.text[0] == '"' || given.text[0] == '\n' || given.text[0] == '\r')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a delimiter is one character of ASCII, and neither a quote nor the end of a line")));
	return given.text[0];
}

/* the cells as text[], or why the line has none */
static const char *
cells_of(BlSlice line, char delimiter, Datum *array)
{
	BlSlice    *cells = palloc(BL_TABLE_CELLS * sizeof *cells);
	char	   *scratch = palloc(line.length + 1);
	char	   *copy = palloc(line.length + 1);
	Datum	   *values;
	const char *reason;
	int			n;

	reason = bl_table_split(line, delimiter, cells, BL_TABLE_CELLS, &n, scratch);
	if (reason != NULL)
		return reason;
	values = palloc((size_t) n * sizeof *values);
	for (int i = 0; i < n; i++)
	{
		if (!bl_slice_copy(cells[i], copy, line.length + 1))
			return "the line is not UTF-8, or has control characters";
		values[i] = CStringGetTextDatum(bl_utf8_to_server(copy));
	}
	*array = PointerGetDatum(construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
	return NULL;
}

/* line, cells, rejected, content */
static Datum
read_cells(FunctionCallInfo fcinfo, bool text)
{
	BlRowMaker	rows;
	BlLines		lines = {0};
	BlTextLine	line;
	BlSlice		document;
	bool		utf16;

	bl_rows_init(&rows, fcinfo);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	lines.delimiter = delimiter_arg(fcinfo);
	document = bl_document_bytes(fcinfo, text);
	bl_lines_feed(&lines, document.text, document.length, true);
	utf16 = bl_lines_utf16(&lines);
	while (bl_lines_next(&lines, &line) == BL_TAKE_ROW)
	{
		const char *rejected;
		Datum		cells = (Datum) 0;

		bl_row_begin(&rows);
		bl_put(&rows, Int64GetDatum(line.number));
		rejected = utf16 ? "the file is UTF-16, not UTF-8" : line.too_long ? "the line is longer than 1 MB" :
			cells_of(line.text, lines.delimiter, &cells);
		if (rejected == NULL)
			bl_put(&rows, cells);
		else
			bl_put_null(&rows);
		bl_put_rejected(&rows, rejected, line.text);
		bl_row_end(&rows);
		if (utf16)
			break;
	}
	return (Datum) 0;
}

/* read_cells(bytea, text) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_cells);
Datum
billing_read_cells(PG_FUNCTION_ARGS)
{
	return read_cells(fcinfo, false);
}

/* read_cells(text, text) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_cells_text);
Datum
billing_read_cells_text(PG_FUNCTION_ARGS)
{
	return read_cells(fcinfo, true);
}

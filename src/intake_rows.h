/*
 * intake_rows.h - functions that read files: from an argument to rows
 */
#ifndef BL_INTAKE_ROWS_H
#define BL_INTAKE_ROWS_H

#include "funcapi.h"

#include "calendar.h"
#include "core/intake.h"

/* a row being made; columns are set from the left */
typedef struct BlRowMaker
{
	ReturnSetInfo *result;
	MemoryContext context;		/* of the row at hand */
	MemoryContext before;
	int			column;
	Datum		values[24];
	bool		nulls[24];
} BlRowMaker;

/* the result of a set-returning function; errors are raised */
extern void bl_rows_init(BlRowMaker *rows, FunctionCallInfo fcinfo);
/* each row between these two; what is allocated between them goes at the end */
extern void bl_row_begin(BlRowMaker *rows);
extern void bl_row_end(BlRowMaker *rows);

extern void bl_put_null(BlRowMaker *rows);
extern void bl_put(BlRowMaker *rows, Datum value);
extern void bl_put_text(BlRowMaker *rows, const char *text);	/* NULL or empty: null */
extern void bl_put_second(BlRowMaker *rows, int64_t second);	/* INT64_MIN: null */
extern void bl_put_dec(BlRowMaker *rows, bool known, BlDec value);
/* a bad record's reason and text; both null for rejected NULL */
extern void bl_put_rejected(BlRowMaker *rows, const char *rejected, BlSlice content);

/* argument 0, a bytea, or a text turned into UTF-8 */
extern BlSlice bl_document_bytes(FunctionCallInfo fcinfo, bool text);
/* an argument of type text in UTF-8; text NULL where it is null */
extern BlSlice bl_slice_arg(FunctionCallInfo fcinfo, int n);

#endif							/* BL_INTAKE_ROWS_H */

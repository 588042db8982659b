/*
 * table.h - a line of a text table as its cells
 *
 * Cells stand between delimiters, blanks around them left out; a cell in double
 * quotes may hold delimiters, newlines, and quotes written twice.
 */
#ifndef BL_TABLE_H
#define BL_TABLE_H

#include "intake.h"

enum
{
	BL_TABLE_CELLS = 1600
};

/*
 * The cells of a line.  Quotes within a cell are undone in scratch, which has room for the line's length.
 * NULL: there are no more than room; otherwise the reason why not.
 */
extern const char *bl_table_split(BlSlice line, char delimiter, BlSlice *cells, int room, int *n, char *scratch);

#endif							/* BL_TABLE_H */

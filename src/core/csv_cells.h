/*
 * csv_cells.h - what the files of csv.h share: cells, values, days a line
 */
#ifndef BL_CSV_CELLS_H
#define BL_CSV_CELLS_H

#include "csv.h"

/* All that return bool: false with csv->rejected. */

/* which columns are wanted, by the header where there is one; which members: single ones, then the list's */
extern bool bl_csv_columns_find(BlCsv *csv);
extern void bl_csv_members_plan(BlCsv *csv);
/* the wanted cells of a line, or members of an object */
extern bool bl_csv_cells_take(BlCsv *csv, BlSlice line);
extern bool bl_csv_members_take(BlCsv *csv, BlSlice line);
/* the number in a cell, the i-th of its kind; *quality becomes BL_MISSING where it says that there is none */
extern bool bl_csv_value_take(BlCsv *csv, int i, int cell, BlNumber *number, uint8_t *quality);

/*
 * A day a line.  bl_csv_day_plain: all its values from *at on, where they are plain decimals or empty cells that
 * mean no value; *at moves behind the last.  False: the cells must be read one by one.
 */
extern bool bl_csv_day_plain(BlCsv *csv, const char **at, const char *end);
/* the values, of the line's quality */
extern bool bl_csv_day_take(BlCsv *csv, BlQuality quality);
/* into their day: all of them or none */
extern bool bl_csv_day_put(BlCsv *csv, const BlMeterDayKey *key, int32_t midnight);

/* the day for a reading of the line's i-th channel; false: csv->rejected, or days->full */
extern bool bl_csv_day_find(BlCsv *csv, int i, const BlMeterDayKey *key, int32_t start);

#endif							/* BL_CSV_CELLS_H */

/*
 * compat.h - the only file that looks at PG_VERSION_NUM
 *
 * Supported: PostgreSQL 15 and later.
 */
#ifndef BL_COMPAT_H
#define BL_COMPAT_H

#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "billing needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM < 160000
/*
 * We compile with hidden visibility, as 16 does for every extension; the macro
 * of 15 exports the function's record but not the function.
 */
#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(function) \
extern PGDLLEXPORT Datum function(PG_FUNCTION_ARGS); \
extern PGDLLEXPORT const Pg_finfo_record *pg_finfo_##function(void); \
const Pg_finfo_record * \
pg_finfo_##function(void) \
{ \
	static const Pg_finfo_record info = {1}; \
	return &info; \
} \
extern int	no_such_variable
#endif

/*
 * Of those who read and write rows themselves; the headers of what is called are included by them.
 */
#if PG_VERSION_NUM < 160000
#define bl_insert_index_tuples(info, slot, estate) ExecInsertIndexTuples(info, slot, estate, false, false, NULL, NIL)
typedef bool BlUpdateIndexes;
#else
#define bl_insert_index_tuples(info, slot, estate) ExecInsertIndexTuples(info, slot, estate, false, false, NULL, NIL, false)
#define BlUpdateIndexes TU_UpdateIndexes
#endif
#if PG_VERSION_NUM < 180000
#define bl_index_beginscan(table, index, snapshot, keys) index_beginscan(table, index, snapshot, keys, 0)
#else
#define bl_index_beginscan(table, index, snapshot, keys) index_beginscan(table, index, snapshot, NULL, keys, 0)
#endif

#endif							/* BL_COMPAT_H */

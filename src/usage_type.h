/*
 * usage_type.h - usages between the server's memory and the core
 */
#ifndef BL_USAGE_TYPE_H
#define BL_USAGE_TYPE_H

#include "core/usage.h"

/* opens a stored usage; errors are raised */
extern void bl_usage_of(const struct varlena *value, BlUsage *usage);
#define BL_GETARG_USAGE(n, usage) bl_usage_of(PG_GETARG_VARLENA_PP(n), usage)

/* a stored usage of a draft; errors are raised */
extern struct varlena *bl_usage_packed(BlUsageDraft *draft);
/* a stored usage of both; errors are raised */
extern struct varlena *bl_usage_merged(const BlUsage *a, const BlUsage *b);

#endif							/* BL_USAGE_TYPE_H */

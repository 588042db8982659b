/*
 * profile_type.h - profiles between the server's memory and the core
 */
#ifndef BL_PROFILE_TYPE_H
#define BL_PROFILE_TYPE_H

#include "utils/numeric.h"

#include "calendar.h"
#include "core/profile.h"
#include "core/resample.h"

/* opens a stored profile; errors are raised */
extern BlProfile bl_profile_of(const struct varlena *value);
#define BL_GETARG_PROFILE(n) bl_profile_of(PG_GETARG_VARLENA_PP(n))

/* room for slots values and qualities in the current memory context */
extern void bl_series_room(BlSeries *series, int slots);
/* room for n decimals: palloc aligns to 8 bytes, which is not enough for 128-bit integers */
extern BlDec *bl_decimals_room(int n);
/* everything of a profile, unpacked */
extern BlSeries bl_series_of(const BlProfile *profile);

/* a stored profile; qualities NULL: all are shape->quality.  Errors are raised. */
extern struct varlena *bl_profile_packed(const BlProfile *shape, const BlZone *zone,
										 const int64_t *values, const uint8_t *qualities);
/* the same of a series; the zone is the shape's */
extern struct varlena *bl_series_packed(const BlSeries *series);

/* the shape takes a zone; its name must live as long as the shape */
extern void bl_profile_set_zone(BlProfile *shape, const BlZoneName *name, const BlZone *table);
/* the end of an unchecked shape, or the end of the core's years */
extern int32_t bl_shape_until(const BlProfile *shape);
extern bool bl_profile_same_zone(const BlProfile *a, const BlProfile *b);

/* the slots of n > 0 profiles, which may not overlap, in one; sorts them.  Errors are raised. */
extern struct varlena *bl_profiles_joined(BlProfile *parts, int n);

/* raises why a shape is refused, in words */
extern void bl_profile_refuse(BlStatus status, const BlProfile *shape) pg_attribute_noreturn();

static inline void
bl_profile_check(BlStatus status, const BlProfile *shape)
{
	if (unlikely(status != BL_OK))
		bl_profile_refuse(status, shape);
}

/* an error for levels, which have no energy */
extern void bl_profile_need_energy(const BlProfile *profile);
/* a finite numeric, cut off where it cannot matter for half-up rounding at `most` decimals; errors are raised */
extern BlDec bl_profile_decimal(Numeric value, int most);

/* a unit's name with its prefix; errors are raised */
extern void bl_unit_of(const char *text, size_t length, BlUnit *unit, int *scale);
extern BlQuality bl_quality_of(const char *text, size_t length);

/* "2026-01-01T00:00+08:00" for an error's detail or a text form; palloc'd */
extern char *bl_local_text(int32_t minute, int offset);

#endif							/* BL_PROFILE_TYPE_H */

/*
 * profile_value.c - a profile as a value: comparing, hashing, and what it says
 * of itself
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "billing.h"
#include "numeric.h"
#include "profile_type.h"
#include "sha256.h"

/* -------------------------------------------------------------- comparing */

#define ORDER(x, y) (((x) > (y)) - ((x) < (y)))

/* start, slots, slot, unit, then value by value, then qualities; 0: the same content */
static int
content_cmp(const struct varlena *a_value, const struct varlena *b_value)
{
	BlProfile	a = bl_profile_of(a_value);
	BlProfile	b = bl_profile_of(b_value);
	BlSeries	x;
	BlSeries	y;
	BlInt128	x_step = 1;
	BlInt128	y_step = 1;
	int			order;

	order = ORDER(a.start, b.start);
	if (order == 0)
		order = ORDER(a.slots, b.slots);
	if (order == 0)
		order = ORDER(a.slot_minutes, b.slot_minutes);
	if (order == 0)
		order = ORDER(a.unit, b.unit);
	if (order != 0)
		return order;
	if (VARSIZE_ANY_EXHDR(a_value) == VARSIZE_ANY_EXHDR(b_value) &&
		memcmp(VARDATA_ANY(a_value), VARDATA_ANY(b_value), VARSIZE_ANY_EXHDR(a_value)) == 0)
		return 0;
	x = bl_series_of(&a);
	y = bl_series_of(&b);
	if (a.scale > b.scale)
		x_step = bl_pow10(a.scale - b.scale);
	else
		y_step = bl_pow10(b.scale - a.scale);
	for (int i = 0; order == 0 && i < a.slots; i++)
		order = ORDER(x.values[i] * x_step, y.values[i] * y_step);
	if (order == 0)
		order = memcmp(x.qualities, y.qualities, (size_t) a.slots);
	pfree(x.values);
	pfree(x.qualities);
	pfree(y.values);
	pfree(y.qualities);
	return ORDER(order, 0);
}

static int
cmp_of(FunctionCallInfo fcinfo)
{
	return content_cmp(PG_GETARG_VARLENA_PP(0), PG_GETARG_VARLENA_PP(1));
}

/* equal(profile, profile) returns boolean */
PG_FUNCTION_INFO_V1(billing_profile_equal);
Datum
billing_profile_equal(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(cmp_of(fcinfo) == 0);
}

/* not_equal(profile, profile) returns boolean */
PG_FUNCTION_INFO_V1(billing_profile_not_equal);
Datum
billing_profile_not_equal(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(cmp_of(fcinfo) != 0);
}

/* profile_lt(profile, profile) returns boolean */
PG_FUNCTION_INFO_V1(billing_profile_lt);
Datum
billing_profile_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(cmp_of(fcinfo) < 0);
}

/* profile_le(profile, profile) returns boolean */
PG_FUNCTION_INFO_V1(billing_profile_le);
Datum
billing_profile_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(cmp_of(fcinfo) <= 0);
}

/* profile_ge(profile, profile) returns boolean */
PG_FUNCTION_INFO_V1(billing_profile_ge);
Datum
billing_profile_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(cmp_of(fcinfo) >= 0);
}

/* profile_gt(profile, profile) returns boolean */
PG_FUNCTION_INFO_V1(billing_profile_gt);
Datum
billing_profile_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(cmp_of(fcinfo) > 0);
}

/* profile_cmp(profile, profile) returns integer */
PG_FUNCTION_INFO_V1(billing_profile_cmp);
Datum
billing_profile_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(cmp_of(fcinfo));
}

/* the canonical bytes of profile.h, palloc'd */
static BlWriter
canonical_bytes(const BlProfile *profile)
{
	BlSeries	series = bl_series_of(profile);
	/* header, and at most ten bytes of value and four of quality a slot */
	size_t		room = 64 + (size_t) profile->slots * 14;
	BlWriter	w = {palloc(room), room, 0};

	bl_profile_canonical(profile, series.values, series.qualities, &w);
	pfree(series.values);
	pfree(series.qualities);
	return w;
}

/* hash(profile) returns integer */
PG_FUNCTION_INFO_V1(billing_profile_hash);
Datum
billing_profile_hash(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlWriter	w = canonical_bytes(&profile);
	uint32		hash = hash_bytes(w.bytes, (int) w.used);

	pfree(w.bytes);
	PG_RETURN_UINT32(hash);
}

/* hash(profile, bigint) returns bigint */
PG_FUNCTION_INFO_V1(billing_profile_hash_extended);
Datum
billing_profile_hash_extended(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlWriter	w = canonical_bytes(&profile);
	uint64		hash = hash_bytes_extended(w.bytes, (int) w.used, (uint64) PG_GETARG_INT64(1));

	pfree(w.bytes);
	PG_RETURN_UINT64(hash);
}

/* digest(profile) returns bytea */
PG_FUNCTION_INFO_V1(billing_profile_digest);
Datum
billing_profile_digest(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlWriter	w = canonical_bytes(&profile);
	bytea	   *digest = palloc(VARHDRSZ + BL_SHA256_SIZE);

	bl_sha256(w.bytes, w.used, (uint8_t *) VARDATA(digest));
	SET_VARSIZE(digest, VARHDRSZ + BL_SHA256_SIZE);
	PG_RETURN_BYTEA_P(digest);
}

/* -------------------------------------------------------------- accessors */

/* start_at(profile) returns timestamptz */
PG_FUNCTION_INFO_V1(billing_profile_start_at);
Datum
billing_profile_start_at(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(bl_timestamp_of(BL_GETARG_PROFILE(0).start));
}

/* until_at(profile) returns timestamptz */
PG_FUNCTION_INFO_V1(billing_profile_until_at);
Datum
billing_profile_until_at(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);

	PG_RETURN_TIMESTAMPTZ(bl_timestamp_of(bl_profile_until(&profile)));
}

/* slot(profile) returns interval */
PG_FUNCTION_INFO_V1(billing_profile_slot);
Datum
billing_profile_slot(PG_FUNCTION_ARGS)
{
	PG_RETURN_INTERVAL_P(bl_interval_of(BL_GETARG_PROFILE(0).slot_minutes));
}

/* slot_count(profile) returns integer */
PG_FUNCTION_INFO_V1(billing_profile_slot_count);
Datum
billing_profile_slot_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(BL_GETARG_PROFILE(0).slots);
}

/* unit(profile) returns text */
PG_FUNCTION_INFO_V1(billing_profile_unit);
Datum
billing_profile_unit(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(bl_unit_name(BL_GETARG_PROFILE(0).unit)));
}

/* time_zone(profile) returns text */
PG_FUNCTION_INFO_V1(billing_profile_time_zone);
Datum
billing_profile_time_zone(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlZoneName	name;
	char		text[BL_PROFILE_ZONE_MAX + 1];

	bl_calendar_name_of(&profile, &name);
	bl_calendar_name_text(&name, text);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

/* missing_count(profile) returns integer */
PG_FUNCTION_INFO_V1(billing_profile_missing_count);
Datum
billing_profile_missing_count(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlDec		sum;
	int			missing;

	bl_check(bl_profile_sum(&profile, &sum, &missing), "profile");
	PG_RETURN_INT32(missing);
}

/* energy in units of 10^-decimals; levels have none */
static BlDec
energy_of(FunctionCallInfo fcinfo)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlDec		sum;

	bl_profile_need_energy(&profile);
	bl_check(bl_profile_sum(&profile, &sum, NULL), "energy of a profile");
	return sum;
}

/* energy_wh(profile) returns numeric */
PG_FUNCTION_INFO_V1(billing_profile_energy_wh);
Datum
billing_profile_energy_wh(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(bl_numeric(energy_of(fcinfo)));
}

/* energy_kwh(profile) returns numeric */
PG_FUNCTION_INFO_V1(billing_profile_energy_kwh);
Datum
billing_profile_energy_kwh(PG_FUNCTION_ARGS)
{
	BlDec		sum = energy_of(fcinfo);

	sum.scale += 3;
	PG_RETURN_DATUM(bl_numeric(sum));
}

/*
 * period_fn.c - in which period of a tariff is a moment?
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "billing.h"
#include "jsontext.h"
#include "rate_cache.h"

enum
{
	ARG_TARIFF, ARG_AT, ARG_DURING, ARG_MARKET, ARG_SCHEDULE
};

/* period_at(tariff, at, during, market, schedule) returns text */
PG_FUNCTION_INFO_V1(billing_period_at);
Datum
billing_period_at(PG_FUNCTION_ARGS)
{
	BlRateCall *call;
	BlBinding  *binding;
	RangeType  *range;
	TypeCacheEntry *type;
	RangeBound	lower,
				upper;
	bool		empty;
	TimestampTz at;
	int64		minute;
	BlText		period;

	for (int i = 0; i < 5; i++)
		if (i != ARG_MARKET && PG_ARGISNULL(i))
			PG_RETURN_NULL();
	call = bl_rate_call(fcinfo, ARG_TARIFF, ARG_DURING, ARG_MARKET);
	range = PG_GETARG_RANGE_P(ARG_DURING);
	type = lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO);
	range_deserialize(type, range, &lower, &upper, &empty);
	if (empty || lower.infinite || upper.infinite || DATE_NOT_FINITE(DatumGetDateADT(lower.val)) || DATE_NOT_FINITE(DatumGetDateADT(upper.val)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the span has no first or no last day"),
				 errhint("Give a span such as daterange('2026-01-01', '2026-02-01').")));
	bl_rate_next_row(call);
	if (bl_rate_bind(call, PG_GETARG_DATUM(ARG_TARIFF), DatumGetDateADT(lower.val), DatumGetDateADT(upper.val),
					 PG_ARGISNULL(ARG_MARKET) ? (Datum) 0 : PG_GETARG_DATUM(ARG_MARKET), !PG_ARGISNULL(ARG_MARKET), &binding) != BL_OK)
		bl_raise(&call->problem);
	at = PG_GETARG_TIMESTAMPTZ(ARG_AT);
	if (TIMESTAMP_NOT_FINITE(at))
		PG_RETURN_NULL();
	/* the minute that it is in, also before 2000 */
	minute = at / USECS_PER_MINUTE - (at % USECS_PER_MINUTE < 0);
	if (minute < PG_INT32_MIN || minute > PG_INT32_MAX ||
		!bl_bound_period(binding->bound, bl_text_of_datum(PG_GETARG_DATUM(ARG_SCHEDULE)), (int32_t) minute, &period))
		PG_RETURN_NULL();
	return bl_text_datum(period);
}

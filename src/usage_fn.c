/*
 * usage_fn.c - building usages, taking them apart, registers by their readings
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "billing.h"
#include "calendar.h"
#include "core/usage_json.h"
#include "jsontext.h"
#include "numeric.h"
#include "profile_type.h"
#include "usage_type.h"
#include "value_op.h"

/* ---------------------------------------------------------------- helpers */

static Datum
channel_text(BlChannel channel)
{
	return PointerGetDatum(cstring_to_text(bl_channel_name[channel]));
}

static Datum
day_datum(int32_t day)
{
	return DateADTGetDatum((DateADT) day);
}

static Datum
moment_datum(int32_t minute)
{
	return TimestampTzGetDatum(bl_timestamp_of(minute));
}

/* a row of a materialized result */
static void
put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* --------------------------------------------------------------- building */

/* arguments of usage(): the part, the channels in their own order, then these */
enum
{
	ARG_PART,
	ARG_CHANNEL,
	ARG_REGISTERS = ARG_CHANNEL + BL_CHANNEL_COUNT,
	ARG_DEMAND_KW,
	ARG_DEMANDS,
	ARG_DEMAND_KVA
};

static BlJson *
json_arg(Datum jsonb, BlArena *arena)
{
	return bl_json_of_text(bl_text_of_jsonb(jsonb), arena);
}

/* the single demand of demand_kw or demand_kva, behind those of demands */
static void
add_demand(BlUsageDraftPart *part, Numeric kw, bool apparent, const char *argument)
{
	BlRounding	rounding = bl_round_places(BL_ENERGY_SCALE, BL_HALF_UP);
	BlDec		value = bl_dec_from_numeric(kw, BL_SCALE_MAX, argument);
	BlRecordedDemand *list = palloc((Size) (part->demands + 1) * sizeof *list);
	BlStatus	status = bl_dec_round(value, &rounding, &value);

	if (value.coefficient < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative", argument),
				 errhint("A demand is a highest mean power, never below zero.")));
	if (status != BL_OK || !bl_decimal_fits(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s is out of range", argument)));
	if (part->demands > 0)
		memcpy(list, part->demand, (Size) part->demands * sizeof *list);
	list[part->demands++] = (BlRecordedDemand) {.period = {"", 0},.apparent = apparent,.kw = value};
	part->demand = list;
}

/*
 * usage(part text, a profile for each channel, registers jsonb, demand_kw numeric,
 * demands jsonb, demand_kva numeric) returns usage
 */
PG_FUNCTION_INFO_V1(billing_usage_make);
Datum
billing_usage_make(PG_FUNCTION_ARGS)
{
	BlUsageDraft draft = {.parts = 1};
	BlUsageDraftPart *part = &draft.part[0];
	BlProblem	problem = {0};
	BlArena		arena;
	BlStatus	status = BL_OK;

	if (PG_ARGISNULL(ARG_PART))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("part must not be null"),
				 errhint("Leave it out for the part \"main\".")));
	bl_arena_init(&arena, (size_t) 256 << 20);
	part->name = bl_text_of_datum(PG_GETARG_DATUM(ARG_PART));
	for (int c = 0; c < BL_CHANNEL_COUNT; c++)
		if (!PG_ARGISNULL(ARG_CHANNEL + c))
		{
			BlBytes		profile = BL_GETARG_BYTES(ARG_CHANNEL + c);

			part->profile[c] = profile.bytes;
			part->profile_size[c] = profile.size;
		}
	if (!PG_ARGISNULL(ARG_REGISTERS))
		status = bl_registers_from_json(json_arg(PG_GETARG_DATUM(ARG_REGISTERS), &arena), "registers",
										&arena, &part->reg, &part->registers, &problem);
	if (status == BL_OK && !PG_ARGISNULL(ARG_DEMANDS))
		status = bl_demands_from_json(json_arg(PG_GETARG_DATUM(ARG_DEMANDS), &arena), "demands",
									  &arena, &part->demand, &part->demands, &problem);
	if (status != BL_OK)
		bl_raise(&problem);
	if (!PG_ARGISNULL(ARG_DEMAND_KW))
		add_demand(part, PG_GETARG_NUMERIC(ARG_DEMAND_KW), false, "demand_kw");
	if (!PG_ARGISNULL(ARG_DEMAND_KVA))
		add_demand(part, PG_GETARG_NUMERIC(ARG_DEMAND_KVA), true, "demand_kva");
	PG_RETURN_POINTER(bl_usage_packed(&draft));
}

/* concat(usage, usage) returns usage */
PG_FUNCTION_INFO_V1(billing_usage_concat);
Datum
billing_usage_concat(PG_FUNCTION_ARGS)
{
	BlUsage		a;
	BlUsage		b;

	BL_GETARG_USAGE(0, &a);
	BL_GETARG_USAGE(1, &b);
	PG_RETURN_POINTER(bl_usage_merged(&a, &b));
}

/* ------------------------------------------------------------ taking apart */

/* parts(usage) returns table (part, channels, registers, recorded_demands) */
PG_FUNCTION_INFO_V1(billing_usage_parts);
Datum
billing_usage_parts(PG_FUNCTION_ARGS)
{
	BlUsage		usage;

	BL_GETARG_USAGE(0, &usage);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < usage.parts; i++)
	{
		const BlUsagePart *part = &usage.part[i];
		Datum		channels[BL_CHANNEL_COUNT];
		Datum		values[4];
		bool		nulls[4] = {false};
		int			n = 0;

		for (int c = 0; c < BL_CHANNEL_COUNT; c++)
			if (part->profile[c] != NULL)
				channels[n++] = channel_text((BlChannel) c);
		values[0] = bl_text_datum(part->name);
		values[1] = PointerGetDatum(construct_array(channels, n, TEXTOID, -1, false, TYPALIGN_INT));
		values[2] = Int32GetDatum(part->registers);
		values[3] = Int32GetDatum(part->demands);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* registers(usage) returns table (part, channel, from_on, until_on, from_at, until_at, period, kwh, estimated) */
PG_FUNCTION_INFO_V1(billing_usage_registers);
Datum
billing_usage_registers(PG_FUNCTION_ARGS)
{
	BlUsage		usage;

	BL_GETARG_USAGE(0, &usage);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < usage.parts; i++)
	{
		const BlUsagePart *part = &usage.part[i];
		const uint8_t *next = part->register_bytes;

		for (int n = 0; n < part->registers; n++)
		{
			Datum		values[9] = {0};
			bool		nulls[9] = {false};
			BlRegister	r;

			bl_usage_register(part, &next, &r);
			values[0] = bl_text_datum(part->name);
			values[1] = channel_text(r.channel);
			nulls[2] = nulls[3] = r.kind != BL_SPAN_DAYS;
			nulls[4] = nulls[5] = r.kind != BL_SPAN_MOMENTS;
			values[2] = day_datum(r.from);
			values[3] = day_datum(r.until);
			values[4] = moment_datum(r.from);
			values[5] = moment_datum(r.until);
			values[6] = bl_text_datum(r.period);
			nulls[6] = r.period.length == 0;
			values[7] = bl_numeric(r.kwh);
			values[8] = BoolGetDatum(r.estimated);
			put_row(fcinfo, values, nulls);
		}
	}
	return (Datum) 0;
}

/* recorded_demands(usage) returns table (part, period, at, kw, kva) */
PG_FUNCTION_INFO_V1(billing_usage_recorded_demands);
Datum
billing_usage_recorded_demands(PG_FUNCTION_ARGS)
{
	BlUsage		usage;

	BL_GETARG_USAGE(0, &usage);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < usage.parts; i++)
	{
		const BlUsagePart *part = &usage.part[i];
		const uint8_t *next = part->demand_bytes;

		for (int n = 0; n < part->demands; n++)
		{
			Datum		values[5];
			bool		nulls[5] = {false};
			BlRecordedDemand d;

			bl_usage_demand(part, &next, &d);
			values[0] = bl_text_datum(part->name);
			values[1] = bl_text_datum(d.period);
			nulls[1] = d.period.length == 0;
			values[2] = moment_datum(d.moment);
			nulls[2] = !d.has_moment;
			values[3] = values[4] = bl_numeric(d.kw);
			nulls[3] = d.apparent;
			nulls[4] = !d.apparent;
			put_row(fcinfo, values, nulls);
		}
	}
	return (Datum) 0;
}

/* channels(usage) returns table (part, channel, profile) */
PG_FUNCTION_INFO_V1(billing_usage_channels);
Datum
billing_usage_channels(PG_FUNCTION_ARGS)
{
	BlUsage		usage;

	BL_GETARG_USAGE(0, &usage);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < usage.parts; i++)
		for (int c = 0; c < BL_CHANNEL_COUNT; c++)
		{
			const BlUsagePart *part = &usage.part[i];
			Datum		values[3];
			bool		nulls[3] = {false};

			if (part->profile[c] == NULL)
				continue;
			values[0] = bl_text_datum(part->name);
			values[1] = channel_text((BlChannel) c);
			values[2] = PointerGetDatum(bl_value_of(part->profile[c], part->profile_size[c]));
			put_row(fcinfo, values, nulls);
		}
	return (Datum) 0;
}

/* channel_profile(usage, part text, channel text) returns profile */
PG_FUNCTION_INFO_V1(billing_usage_channel_profile);
Datum
billing_usage_channel_profile(PG_FUNCTION_ARGS)
{
	BlUsage		usage;
	BlText		name = bl_text_of_datum(PG_GETARG_DATUM(1));
	BlText		channel_name = bl_text_of_datum(PG_GETARG_DATUM(2));
	BlChannel	channel;

	BL_GETARG_USAGE(0, &usage);
	if (!bl_channel_find(channel_name.text, (size_t) channel_name.length, &channel))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("channel \"%s\" is not known", text_to_cstring(PG_GETARG_TEXT_PP(2))),
				 errhint("Channels are import, export, generation, reactive_import, reactive_export, "
						 "reactive_q1 to reactive_q4, and apparent.")));
	for (int i = 0; i < usage.parts; i++)
	{
		const BlUsagePart *part = &usage.part[i];

		if (bl_text_cmp(part->name, name) == 0 && part->profile[channel] != NULL)
			PG_RETURN_POINTER(bl_value_of(part->profile[channel], part->profile_size[channel]));
	}
	PG_RETURN_NULL();
}

/* --------------------------------------------------------------- registers */

/* register_kwh(start_reading numeric, end_reading numeric, digits int, multiplier numeric) returns numeric */
PG_FUNCTION_INFO_V1(billing_usage_register_kwh);
Datum
billing_usage_register_kwh(PG_FUNCTION_ARGS)
{
	BlProblem	problem = {0};
	BlDec		kwh;
	int			digits = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(2))
	{
		/* the core's "not known" is for NULL to say */
		digits = PG_GETARG_INT32(2);
		digits = digits == 0 ? -1 : digits;
	}
	if (bl_register_energy(bl_dec_from_numeric(PG_GETARG_NUMERIC(0), BL_SCALE_MAX, "start_reading"),
						   bl_dec_from_numeric(PG_GETARG_NUMERIC(1), BL_SCALE_MAX, "end_reading"), digits,
						   bl_dec_from_numeric(PG_GETARG_NUMERIC(3), BL_SCALE_MAX, "multiplier"),
						   &kwh, &problem) != BL_OK)
		bl_raise(&problem);
	PG_RETURN_DATUM(bl_numeric(kwh));
}

/*
 * split_register(kwh numeric, from_at timestamptz, until_at timestamptz, split_at timestamptz,
 * standard profile) returns table (from_at, until_at, kwh)
 */
PG_FUNCTION_INFO_V1(billing_usage_split_register);
Datum
billing_usage_split_register(PG_FUNCTION_ARGS)
{
	BlDec		kwh = bl_dec_from_numeric(PG_GETARG_NUMERIC(0), BL_SCALE_MAX, "kwh");
	int32_t		from = bl_minute_of(PG_GETARG_TIMESTAMPTZ(1), "from_at");
	int32_t		until = bl_minute_of(PG_GETARG_TIMESTAMPTZ(2), "until_at");
	int32_t		split = bl_minute_of(PG_GETARG_TIMESTAMPTZ(3), "split_at");
	BlProfile	standard = BL_GETARG_PROFILE(4);
	BlProblem	problem = {0};
	BlDec		parts[2];

	if (bl_register_split(kwh, from, until, split, &standard, parts, &problem) != BL_OK)
		bl_raise(&problem);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < 2; i++)
	{
		Datum		values[3] = {
			moment_datum(i == 0 ? from : split),
			moment_datum(i == 0 ? split : until),
			bl_numeric(bl_dec_trim(parts[i]))
		};
		bool		nulls[3] = {false};

		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

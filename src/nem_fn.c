/*
 * nem_fn.c - NEM12 and NEM13 files as rows
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/date.h"

#include "billing.h"
#include "core/nem.h"
#include "intake_rows.h"
#include "jsontext.h"
#include "profile_type.h"

/* of memory for which days came already: about fifty million of them */
#define SEEN_CEILING ((size_t) 4 << 30)

/* arguments 1 and 2: a unit for channels without one, the market's offset */
static BlNem *
nem_new(FunctionCallInfo fcinfo, BlNemKind kind, BlSlice document, BlArena *arena)
{
	BlNem	   *nem = palloc(sizeof *nem);
	BlSlice		unit = bl_slice_arg(fcinfo, 1);
	BlSlice		zone = bl_slice_arg(fcinfo, 2);
	BlZoneName	name = {.offset = 600};
	BlProblem	problem;

	if (zone.text != NULL && bl_calendar_name(zone.text, zone.length, &name, &problem) != BL_OK)
		bl_raise(&problem);
	if (name.length > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" is no fixed offset", name.name),
				 errdetail("A NEM file is in its market's standard time the whole year."),
				 errhint("Give an offset such as +10:00.")));
	bl_arena_init(arena, SEEN_CEILING);
	if (!bl_nem_begin(nem, kind, name.offset, unit, arena))
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_BAD_UNIT),
				 errmsg("unit \"%.*s\" is not known", (int) Min(unit.length, 40), unit.text),
				 errhint("Units are kWh, kvarh, kVAh, kW, kvar, kVA, V, A with their prefixes, and pf.")));
	bl_lines_feed(&nem->lines, document.text, document.length, true);
	return nem;
}

/* the next row; false at the end */
static bool
nem_next(BlNem *nem, BlNemRow *row)
{
	switch (bl_nem_next(nem, row))
	{
		case BL_TAKE_ROW:
			return true;
		case BL_TAKE_NO_SPACE:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the file has too many days to be remembered"),
					 errhint("Read it in parts.")));
		default:
			return false;
	}
}

static void
put_channel(BlRowMaker *rows, const BlNemChannel *c)
{
	bl_put_text(rows, c ? c->nmi : NULL);
	bl_put_text(rows, c ? c->suffix : NULL);
	bl_put_text(rows, c ? c->register_id : NULL);
	bl_put_text(rows, c ? c->meter : NULL);
	bl_put_text(rows, c ? c->unit_text : NULL);
}

static void
put_quality(BlRowMaker *rows, const BlNemQuality *q)
{
	bl_put_text(rows, q ? q->text : NULL);
	bl_put_text(rows, q ? q->reason_code : NULL);
	bl_put_text(rows, q ? q->reason : NULL);
}

static void
put_profile(BlRowMaker *rows, const BlNemRow *row)
{
	BlZoneStep	step = {PG_INT32_MIN, (int16_t) row->shape.offset};
	BlZone		zone = {1, &step};

	if (row->has_profile)
		bl_put(rows, PointerGetDatum(bl_profile_packed(&row->shape, &zone, row->values, row->qualities)));
	else
		bl_put_null(rows);
}

static void
put_events(BlRowMaker *rows, BlSlice events)
{
	char	   *text;

	if (events.length == 0)
	{
		bl_put_null(rows);
		return;
	}
	text = pnstrdup(events.text, events.length);
	bl_put(rows, bl_jsonb_of_text(bl_utf8_to_server(text)));
}

static Datum
read_nem12(FunctionCallInfo fcinfo, bool text)
{
	BlRowMaker	rows;
	BlArena		arena;
	BlNem	   *nem;
	BlNemRow	row;

	bl_rows_init(&rows, fcinfo);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	nem = nem_new(fcinfo, BL_NEM12, bl_document_bytes(fcinfo, text), &arena);
	while (nem_next(nem, &row))
	{
		bl_row_begin(&rows);
		bl_put(&rows, Int64GetDatum(row.line));
		if (row.record > 0)
			bl_put(&rows, Int32GetDatum(row.record));
		else
			bl_put_null(&rows);
		put_channel(&rows, row.channel);
		if (row.has_day)
			bl_put(&rows, DateADTGetDatum(row.day));
		else
			bl_put_null(&rows);
		put_profile(&rows, &row);
		put_quality(&rows, row.quality);
		put_events(&rows, row.events);
		bl_put_second(&rows, row.updated_at);
		bl_put_second(&rows, row.loaded_at);
		bl_put_second(&rows, row.current.at);
		bl_put_dec(&rows, row.current.known, row.current.index);
		bl_put_rejected(&rows, row.rejected, row.content);
		bl_row_end(&rows);
	}
	return (Datum) 0;
}

/* read_nem12(bytea, text, text) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_nem12);
Datum
billing_read_nem12(PG_FUNCTION_ARGS)
{
	return read_nem12(fcinfo, false);
}

/* read_nem12(text, text, text) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_nem12_text);
Datum
billing_read_nem12_text(PG_FUNCTION_ARGS)
{
	return read_nem12(fcinfo, true);
}

static void
put_index(BlRowMaker *rows, const BlNemIndex *index, bool good)
{
	bl_put_second(rows, good ? index->at : BL_NO_SECOND);
	bl_put_dec(rows, good && index->known, index->index);
	put_quality(rows, good ? &index->quality : NULL);
}

static Datum
read_nem13(FunctionCallInfo fcinfo, bool text)
{
	BlRowMaker	rows;
	BlArena		arena;
	BlNem	   *nem;
	BlNemRow	row;

	bl_rows_init(&rows, fcinfo);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	nem = nem_new(fcinfo, BL_NEM13, bl_document_bytes(fcinfo, text), &arena);
	while (nem_next(nem, &row))
	{
		bool		good = row.rejected == NULL;

		bl_row_begin(&rows);
		bl_put(&rows, Int64GetDatum(row.line));
		put_channel(&rows, row.channel);
		bl_put_text(&rows, good ? row.direction : NULL);
		put_index(&rows, &row.previous, good);
		put_index(&rows, &row.current, good);
		bl_put_dec(&rows, good && row.has_quantity, row.quantity);
		bl_put_second(&rows, good ? row.updated_at : BL_NO_SECOND);
		bl_put_second(&rows, good ? row.loaded_at : BL_NO_SECOND);
		bl_put_rejected(&rows, row.rejected, row.content);
		bl_row_end(&rows);
	}
	return (Datum) 0;
}

/* read_nem13(bytea, text, text) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_nem13);
Datum
billing_read_nem13(PG_FUNCTION_ARGS)
{
	return read_nem13(fcinfo, false);
}

/* read_nem13(text, text, text) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_nem13_text);
Datum
billing_read_nem13_text(PG_FUNCTION_ARGS)
{
	return read_nem13(fcinfo, true);
}

/*
 * read_fn.c - files of readings as rows: one form of result for all of them
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "billing.h"
#include "core/csv.h"
#include "core/espi.h"
#include "core/mscons.h"
#include "intake_rows.h"
#include "jsontext.h"
#include "profile_type.h"

/* of memory for days that are still open, and for which of them came already */
#define DAYS_CEILING ((size_t) 256 << 20)
#define SEEN_CEILING ((size_t) 4 << 30)
/* and for one object of JSON, of at most BL_LINE_MAX bytes */
#define OBJECT_CEILING ((size_t) 128 << 20)

/* the zones of files are believed from 1975 to 2099; before, some were off the minute */
#define ZONE_FROM (-9131 * BL_MINUTES_PER_DAY)
#define ZONE_UNTIL (36525 * BL_MINUTES_PER_DAY)

/* what a reader works with, besides itself */
typedef struct Reader
{
	BlRowMaker	rows;
	BlArena		arena;			/* for the mapping and what was seen */
	BlArena		days_arena;
	BlMeterDays		days;
	BlZoneName	zone_name;
	BlZone		zone;
} Reader;

static void
release_days(void *context)
{
	MemoryContextReset((MemoryContext) context);
}

static void
reader_begin(Reader *r, FunctionCallInfo fcinfo)
{
	memset(r, 0, sizeof *r);
	bl_rows_init(&r->rows, fcinfo);
	bl_arena_init(&r->arena, SEEN_CEILING);
	bl_arena_init(&r->days_arena, DAYS_CEILING);
	r->days_arena.context = AllocSetContextCreate(CurrentMemoryContext, "billing days", ALLOCSET_DEFAULT_SIZES);
	r->days = (BlMeterDays) {.arena = &r->days_arena,.release = release_days,.seen_arena = &r->arena,.zone = &r->zone};
}

static void
reader_zone(Reader *r, BlSlice zone)
{
	BlProblem	problem;

	if (bl_calendar_name(zone.text, zone.length, &r->zone_name, &problem) != BL_OK ||
		bl_calendar_zone(&r->zone_name, ZONE_FROM, ZONE_UNTIL, &r->zone, &problem) != BL_OK)
		bl_raise(&problem);
	r->days.zone_name = r->zone_name.name;
	r->days.zone_length = r->zone_name.length;
}

/* "kWh" for Wh and 3 */
static const char *
unit_text(BlUnit unit, int scale)
{
	static const char prefixes[] = "num kMGT";

	if (scale == 0)
		return bl_unit_name(unit);
	return psprintf("%c%s", prefixes[scale / 3 + 3], bl_unit_name(unit));
}

/* line, meter, channel, day, profile, read_at, reading, unit, quality, rejected, content */
static void
put_read_row(Reader *r, const BlReadRow *row)
{
	BlRowMaker *rows = &r->rows;

	bl_row_begin(rows);
	bl_put(rows, Int64GetDatum(row->line));
	bl_put_text(rows, row->meter);
	bl_put_text(rows, row->channel);
	if (row->has_profile)
	{
		const BlMeterDayRow *p = &row->profile;

		bl_put(rows, DateADTGetDatum(p->day->day));
		bl_put(rows, PointerGetDatum(bl_profile_packed(&p->shape, &r->zone, p->values, p->qualities)));
	}
	else
	{
		bl_put_null(rows);
		bl_put_null(rows);
	}
	if (row->has_reading)
	{
		bl_put(rows, TimestampTzGetDatum(bl_timestamp_of(row->read_at)));
		bl_put_dec(rows, true, bl_dec(row->reading.mantissa, row->reading.decimals));
		bl_put_text(rows, unit_text(row->unit, row->unit_scale));
		bl_put_text(rows, bl_quality_name(row->quality));
	}
	else
	{
		bl_put_null(rows);
		bl_put_null(rows);
		bl_put_text(rows, row->has_profile ? bl_unit_name(row->profile.shape.unit) : NULL);
		bl_put_null(rows);
	}
	bl_put_rejected(rows, row->rejected, row->content);
	bl_row_end(rows);
}

static void
no_space(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the file has too many days to be remembered"),
			 errhint("Read it in parts.")));
}

/* ----------------------------------------------------------- CSV and JSON */

/* a text table, or JSON objects */
static Datum
read_table(FunctionCallInfo fcinfo, bool text, bool objects)
{
	Reader		r;
	BlArena		object_arena;
	BlCsvMap	map;
	BlProblem	problem = {0};
	BlCsv	   *csv = palloc(sizeof *csv);
	BlSlice		document;
	BlReadRow	row;
	BlTake		take;

	reader_begin(&r, fcinfo);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	if (bl_csv_map(bl_json_of_text(bl_text_of_jsonb(PG_GETARG_DATUM(1)), &r.arena), objects, &map, &problem) != BL_OK)
		bl_raise(&problem);
	reader_zone(&r, map.zone);
	document = bl_document_bytes(fcinfo, text);
	bl_csv_begin(csv, &map, &r.days, &r.arena);
	if (objects)
	{
		bl_arena_init(&object_arena, OBJECT_CEILING);
		object_arena.context = AllocSetContextCreate(CurrentMemoryContext, "billing object", ALLOCSET_DEFAULT_SIZES);
		bl_csv_objects(csv, &object_arena, release_days);
	}
	bl_lines_feed(&csv->lines, document.text, document.length, true);
	while ((take = bl_csv_next(csv, &row)) == BL_TAKE_ROW)
		put_read_row(&r, &row);
	if (take == BL_TAKE_NO_SPACE)
		no_space();
	return (Datum) 0;
}

/* read_csv(bytea, jsonb) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_csv);
Datum
billing_read_csv(PG_FUNCTION_ARGS)
{
	return read_table(fcinfo, false, false);
}

/* read_csv(text, jsonb) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_csv_text);
Datum
billing_read_csv_text(PG_FUNCTION_ARGS)
{
	return read_table(fcinfo, true, false);
}

/* read_json(bytea, jsonb) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_json);
Datum
billing_read_json(PG_FUNCTION_ARGS)
{
	return read_table(fcinfo, false, true);
}

/* read_json(text, jsonb) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_json_text);
Datum
billing_read_json_text(PG_FUNCTION_ARGS)
{
	return read_table(fcinfo, true, true);
}

/* ----------------------------------------------------------------- MSCONS */

static void
unknown_unit(BlSlice unit)
{
	ereport(ERROR,
			(errcode(ERRCODE_BILLING_BAD_UNIT),
			 errmsg("unit \"%.*s\" is not known", (int) Min(unit.length, 40), unit.text),
			 errhint("Units are Wh, varh, VAh, W, var, VA, V, A, Hz with prefixes such as kWh, and PF and degC.")));
}

/* argument n: a zone, or the one that is usual */
static BlSlice
zone_arg(FunctionCallInfo fcinfo, int n, const char *usual)
{
	BlSlice		zone = bl_slice_arg(fcinfo, n);

	return zone.text != NULL ? zone : (BlSlice) {usual, strlen(usual)};
}

static Datum
read_mscons(FunctionCallInfo fcinfo, bool text)
{
	Reader		r;
	BlMscons   *m = palloc(sizeof *m);
	BlSlice		document;
	BlSlice		unit;
	BlReadRow	row;
	BlTake		take;

	reader_begin(&r, fcinfo);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	reader_zone(&r, zone_arg(fcinfo, 1, "Europe/Berlin"));
	unit = bl_slice_arg(fcinfo, 2);
	document = bl_document_bytes(fcinfo, text);
	if (!bl_mscons_begin(m, &r.days, &r.arena, unit))
		unknown_unit(unit);
	bl_mscons_feed(m, document.text, document.length, true);
	while ((take = bl_mscons_next(m, &row)) == BL_TAKE_ROW)
		put_read_row(&r, &row);
	if (take == BL_TAKE_NO_SPACE)
		no_space();
	return (Datum) 0;
}

/* read_mscons(bytea, text, text) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_mscons);
Datum
billing_read_mscons(PG_FUNCTION_ARGS)
{
	return read_mscons(fcinfo, false);
}

/* read_mscons(text, text, text) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_mscons_text);
Datum
billing_read_mscons_text(PG_FUNCTION_ARGS)
{
	return read_mscons(fcinfo, true);
}

/* ------------------------------------------------------------------- ESPI */

/* the zone asked for, or the standard time that the file tells */
static void
espi_zone(Reader *r, FunctionCallInfo fcinfo, const BlEspi *espi)
{
	char		offset[16];
	unsigned	minutes = (unsigned) abs(espi->offset);

	snprintf(offset, sizeof offset, "%c%02u:%02u", espi->offset < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
	reader_zone(r, zone_arg(fcinfo, 1, espi->has_offset && minutes < 16 * 60 ? offset : "UTC"));
}

/* Expat's memory goes with the call, also when an error leaves it behind */
static void *
xml_realloc(void *old, size_t size)
{
	return old == NULL ? palloc(size) : repalloc(old, size);
}

static void
xml_free(void *old)
{
	if (old != NULL)
		pfree(old);
}

static Datum
read_espi(FunctionCallInfo fcinfo, bool text)
{
	static const XML_Memory_Handling_Suite memory = {palloc, xml_realloc, xml_free};
	Reader		r;
	BlEspi	   *espi = palloc(sizeof *espi);
	BlSlice		document;
	BlReadRow	row;
	BlTake		take;

	reader_begin(&r, fcinfo);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	document = bl_document_bytes(fcinfo, text);
	bl_espi_begin(espi, &r.arena, &memory, text ? "UTF-8" : NULL);
	bl_xml_feed(&espi->xml, document.text, document.length, true);
	if (bl_espi_scan(espi) == BL_TAKE_NO_SPACE || !bl_espi_again(espi, &r.days))
		no_space();
	espi_zone(&r, fcinfo, espi);
	bl_xml_feed(&espi->xml, document.text, document.length, true);
	while ((take = bl_espi_next(espi, &row)) == BL_TAKE_ROW)
		put_read_row(&r, &row);
	if (take == BL_TAKE_NO_SPACE)
		no_space();
	bl_espi_end(espi);
	return (Datum) 0;
}

/* read_espi(bytea, text) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_espi);
Datum
billing_read_espi(PG_FUNCTION_ARGS)
{
	return read_espi(fcinfo, false);
}

/* read_espi(text, text) returns setof record */
PG_FUNCTION_INFO_V1(billing_read_espi_text);
Datum
billing_read_espi_text(PG_FUNCTION_ARGS)
{
	return read_espi(fcinfo, true);
}

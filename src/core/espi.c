/*
 * espi.c - Green Button: ESPI in an Atom feed
 */
#include "espi.h"

#include <stddef.h>

void
bl_espi_begin(BlEspi *e, BlArena *arena, const XML_Memory_Handling_Suite *memory, const char *encoding)
{
	memset(e, 0, sizeof *e);
	bl_xml_begin(&e->xml, memory, encoding);
	e->arena = arena;
}

/* ---------------------------------------------------------- the first reading */

static const char *
kept(BlEspi *e, const char *text)
{
	size_t		n = strlen(text) + 1;
	char	   *copy = bl_arena_room(e->arena, n);

	e->no_space |= copy == NULL;
	return copy ? memcpy(copy, text, n) : NULL;
}

static BlHash
place_hash(BlEspiKind kind, const char *href, size_t length)
{
	BlHash		hash = {31, (uint64_t) kind};

	bl_hash_add(&hash, href, length);
	return hash;
}

/* under this kind and address this entry is found; the first one counts */
static void
place_add(BlEspi *e, BlEspiKind kind, const char *href, int number)
{
	const BlSeenKey *first;

	if (!bl_seen_add(&e->places, e->arena, place_hash(kind, href, strlen(href)), 0, number, &first))
		e->no_space = true;
}

/* the entry of a kind that is found under a kind and address */
static const BlEspiEntry *
place_find(const BlEspi *e, BlEspiKind kind, BlEspiKind place, const char *href, size_t length)
{
	const BlSeenKey *found = bl_seen_find(&e->places, place_hash(place, href, length));

	return found != NULL && e->entry[found->line]->kind == kind ? e->entry[found->line] : NULL;
}

static bool
under(const BlXml *xml, int levels, const char *name)
{
	return xml->depth >= levels && strcmp(xml->name[xml->depth - levels], name) == 0;
}

static void
entry_start(BlEspi *e)
{
	BlEspiEntry *entry = bl_arena_get(e->arena, sizeof *entry);

	if (entry == NULL)
	{
		e->no_space = true;
		return;
	}
	if (e->last != NULL)
		e->last->next = entry;
	else
		e->first = entry;
	e->last = entry;
	e->entries++;
}

static void
link_start(BlEspi *e)
{
	char		rel[16];
	char		href[BL_ESPI_HREF];
	BlEspiEntry *entry = e->last;

	if (!bl_xml_attribute(&e->xml, "rel", rel, sizeof rel) || !bl_xml_attribute(&e->xml, "href", href, sizeof href))
		return;
	if (strcmp(rel, "self") == 0)
	{
		entry->self = kept(e, href);
		/* its kind is not known yet: it is looked at when found */
		place_add(e, BL_ESPI_READING_TYPE, href, e->entries - 1);
		place_add(e, BL_ESPI_METER_READING, href, e->entries - 1);
	}
	else if (strcmp(rel, "up") == 0)
		entry->up = kept(e, href);
	else if (strcmp(rel, "related") == 0)
	{
		if (strstr(href, "/ReadingType") != NULL)
			entry->type_href = kept(e, href);
		else
			place_add(e, BL_ESPI_RELATED, href, e->entries - 1);
	}
}

static void
content_start(BlEspi *e)
{
	const char *name = e->xml.element;

	if (strcmp(name, "MeterReading") == 0)
		e->last->kind = BL_ESPI_METER_READING;
	else if (strcmp(name, "IntervalBlock") == 0)
		e->last->kind = BL_ESPI_INTERVAL_BLOCK;
	else if (strcmp(name, "ReadingType") == 0)
	{
		e->last->kind = BL_ESPI_READING_TYPE;
		e->last->type = bl_arena_get(e->arena, sizeof *e->last->type);
		e->no_space |= e->last->type == NULL;
		if (e->last->type != NULL)
			*e->last->type = (BlEspiType) {-1, 0, 0, 4, 0, -1};
		e->only_type = e->last;
		e->types++;
	}
}

/* a whole number; false where the text is none */
static bool
whole_text(const BlXml *xml, int64_t *value)
{
	BlSlice		s = {xml->text, xml->text_length};
	BlNumber	number;

	while (s.length > 0 && (s.text[0] == '\n' || s.text[0] == '\r' || s.text[0] == '\t' || s.text[0] == ' '))
		s = (BlSlice) {s.text + 1, s.length - 1};
	while (s.length > 0 && (s.text[s.length - 1] == '\n' || s.text[s.length - 1] == '\r'))
		s.length--;
	if (xml->text_cut || !bl_number_parse(bl_trimmed(s), '.', &number) || number.decimals > 0)
		return false;
	*value = number.mantissa;
	return true;
}

static void
type_end(BlEspi *e, BlEspiType *type)
{
	static const struct
	{
		const char *name;
		size_t		at;
	}			fields[] = {
		{"uom", offsetof(BlEspiType, uom)}, {"powerOfTenMultiplier", offsetof(BlEspiType, power)},
		{"flowDirection", offsetof(BlEspiType, flow)}, {"accumulationBehaviour", offsetof(BlEspiType, behaviour)},
		{"intervalLength", offsetof(BlEspiType, interval_seconds)}, {"defaultQuality", offsetof(BlEspiType, quality)}
	};
	int64_t		value;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (strcmp(e->xml.element, fields[i].name) == 0 && whole_text(&e->xml, &value) &&
			value >= -1000000 && value <= 1000000)
			*(int *) ((char *) type + fields[i].at) = (int) value;
}

BlTake
bl_espi_scan(BlEspi *e)
{
	for (;;)
	{
		BlXmlEvent	event = bl_xml_next(&e->xml);
		int64_t		value;

		if (e->no_space)
			return BL_TAKE_NO_SPACE;
		if (++e->events % 1024 == 0)
			bl_arena_poll(e->arena);
		switch (event)
		{
			case BL_XML_MORE:
				return BL_TAKE_MORE;
			case BL_XML_FINISHED:
			case BL_XML_BAD:
				return BL_TAKE_END;
			case BL_XML_START:
				if (strcmp(e->xml.element, "entry") == 0)
					entry_start(e);
				else if (e->last != NULL && under(&e->xml, 2, "entry") && strcmp(e->xml.element, "link") == 0)
					link_start(e);
				else if (e->last != NULL && under(&e->xml, 2, "content"))
					content_start(e);
				break;
			case BL_XML_END:
				if (e->last != NULL && e->last->type != NULL && under(&e->xml, 1, "ReadingType"))
					type_end(e, e->last->type);
				else if (under(&e->xml, 1, "LocalTimeParameters") && strcmp(e->xml.element, "tzOffset") == 0 &&
						 whole_text(&e->xml, &value) && value % 60 == 0 && value > -86400 && value < 86400)
				{
					e->has_offset = true;
					e->offset = (int) (value / 60);
				}
				break;
		}
	}
}

bool
bl_espi_again(BlEspi *e, BlMeterDays *days)
{
	int			n = 0;

	bl_xml_again(&e->xml);
	e->second = true;
	e->days = days;
	e->entry = bl_arena_room(e->arena, sizeof *e->entry * (size_t) (e->entries + 1));
	if (e->entry == NULL)
		return false;
	for (BlEspiEntry *entry = e->first; entry; entry = entry->next)
		e->entry[n++] = entry;
	return true;
}

/* --------------------------------------------------------- the second reading */

static void
row_clear(BlReadRow *row)
{
	memset(row, 0, sizeof *row);
	row->content = (BlSlice) {"", 0};
}

static BlTake
reject(BlEspi *e, BlReadRow *row, int64_t line)
{
	row_clear(row);
	row->line = line;
	row->meter = e->meter;
	row->channel = e->channel;
	row->rejected = e->rejected;
	row->content = (BlSlice) {e->content, strlen(e->content)};
	return BL_TAKE_ROW;
}

/* the part of an address behind "/name/"; false where there is none */
static bool
href_part(const char *href, const char *name, char *out, size_t room)
{
	const char *at = href ? strstr(href, name) : NULL;
	size_t		n;

	if (at == NULL)
		return false;
	at += strlen(name);
	n = strcspn(at, "/?#");
	return n > 0 && bl_slice_copy((BlSlice) {at, n}, out, room);
}

/* the MeterReading whose block this is, or NULL */
static const BlEspiEntry *
meter_reading_of(const BlEspi *e, const BlEspiEntry *block)
{
	const char *links[2] = {block->up, block->self};

	for (int i = 0; i < 2; i++)
	{
		const char *at = links[i] ? strstr(links[i], "/IntervalBlock") : NULL;
		const BlEspiEntry *found = NULL;

		if (at != NULL)
			found = place_find(e, BL_ESPI_METER_READING, BL_ESPI_METER_READING, links[i], (size_t) (at - links[i]));
		if (found == NULL && links[i] != NULL)
			found = place_find(e, BL_ESPI_METER_READING, BL_ESPI_RELATED, links[i], strlen(links[i]));
		if (found != NULL)
			return found;
	}
	return NULL;
}

static bool
unit_of(int uom, BlUnit *unit)
{
	static const struct
	{
		int			uom;
		BlUnit		unit;
	}			units[] = {
		{72, BL_WH}, {73, BL_VARH}, {71, BL_VAH}, {38, BL_W}, {63, BL_VAR}, {61, BL_VA},
		{29, BL_V}, {5, BL_A}, {33, BL_HZ}, {65, BL_PF}, {23, BL_CELSIUS}
	};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (units[i].uom == uom)
		{
			*unit = units[i].unit;
			return true;
		}
	return false;
}

static uint8_t
quality_of(int64_t code)
{
	return code == 7 ? BL_CORRECTED : code == 8 || code == 9 || code == 12 ? BL_ESTIMATED :
		code == 10 ? BL_SUSPECT : BL_ACTUAL;
}

/* what the readings of a block are of; false: e->rejected, and its readings are left out */
static bool
block_begin(BlEspi *e)
{
	const BlEspiEntry *block = e->at;
	const BlEspiEntry *meter_reading;
	const BlEspiEntry *type = NULL;
	const char *flow;
	char		id[BL_ESPI_NAME - 20] = "";

	e->meter[0] = e->channel[0] = e->content[0] = '\0';
	e->block_start = -1;
	e->block_readings = 0;
	if (block == NULL)
	{
		bl_reason(e->rejected, "an IntervalBlock stands outside of an entry");
		return false;
	}
	(void) bl_slice_copy((BlSlice) {block->self ? block->self : "", block->self ? strlen(block->self) : 0},
						 e->content, sizeof e->content);
	meter_reading = meter_reading_of(e, block);
	if (meter_reading != NULL && meter_reading->type_href != NULL)
		type = place_find(e, BL_ESPI_READING_TYPE, BL_ESPI_READING_TYPE, meter_reading->type_href, strlen(meter_reading->type_href));
	if (type == NULL && e->types == 1)
		type = e->only_type;
	if (!href_part(block->up, "/UsagePoint/", e->meter, sizeof e->meter) &&
		!href_part(block->self, "/UsagePoint/", e->meter, sizeof e->meter) &&
		!(meter_reading && href_part(meter_reading->self, "/UsagePoint/", e->meter, sizeof e->meter)))
	{
		bl_reason(e->rejected, "the links of the block do not tell its UsagePoint");
		return false;
	}
	if (!href_part(block->up, "/MeterReading/", id, sizeof id) && !href_part(block->self, "/MeterReading/", id, sizeof id) &&
		meter_reading != NULL)
		(void) href_part(meter_reading->self, "/MeterReading/", id, sizeof id);
	if (type == NULL || type->type == NULL)
	{
		bl_reason(e->rejected, "the ReadingType of the block is not in the file");
		return false;
	}
	e->type = type->type;
	if (!unit_of(e->type->uom, &e->unit))
	{
		bl_reason(e->rejected, "unit %d is not electric, or not known", e->type->uom);
		return false;
	}
	if (e->type->power < bl_unit_scale_min(e->unit) || e->type->power > BL_PROFILE_SCALE_MAX)
	{
		bl_reason(e->rejected, "a power of ten of %d is out of range", e->type->power);
		return false;
	}
	flow = e->type->flow == 1 ? " import" : e->type->flow == 19 ? " export" : e->type->flow == 4 ? " net" : "";
	memcpy(e->channel, id, strlen(id) + 1);
	memcpy(e->channel + strlen(id), flow, strlen(flow) + 1);
	return true;
}

static void
reading_begin(BlEspi *e)
{
	e->start = e->duration = -1;
	e->has_value = e->bad_value = false;
	e->quality = quality_of(e->type ? e->type->quality : -1);
	e->line = e->xml.event_line;
}

static void
field_end(BlEspi *e)
{
	const BlXml *xml = &e->xml;
	const char *name = xml->element;
	int64_t		value = 0;
	bool		good = whole_text(xml, &value);

	if (under(xml, 1, "timePeriod"))
	{
		if (strcmp(name, "start") == 0)
			e->start = good ? value : -1;
		else if (strcmp(name, "duration") == 0)
			e->duration = good ? value : -1;
	}
	else if (under(xml, 1, "interval") && strcmp(name, "start") == 0)
		e->block_start = good ? value : -1;
	else if (under(xml, 1, "IntervalReading") && strcmp(name, "value") == 0)
	{
		e->has_value = good;
		e->bad_value = !good;
		e->value = (BlNumber) {value, 0};
	}
	else if (under(xml, 1, "ReadingQuality") && strcmp(name, "quality") == 0 && good)
	{
		uint8_t		quality = quality_of(value);

		/* the worst of several */
		e->quality = (uint8_t) bl_quality_worse((BlQuality) e->quality, (BlQuality) quality);
	}
}

/* where the reading is; false: e->rejected */
static bool
reading_times(BlEspi *e)
{
	if (e->start < 0 && e->block_start >= 0 && e->type->interval_seconds > 0)
		e->start = e->block_start + (int64_t) (e->block_readings - 1) * e->type->interval_seconds;
	if (e->duration < 0)
		e->duration = e->type->interval_seconds;
	bl_reason(e->content, "start %lld, duration %lld, value %lld", (long long) e->start, (long long) e->duration,
			  (long long) e->value.mantissa);
	if (!e->has_value)
		bl_reason(e->rejected, e->bad_value ? "the value is no whole number" : "the reading has no value");
	else if (e->start < 0 || e->start % 60 != 0 || e->start >= INT64_C(4102444800) - 86400 * 2)
		bl_reason(e->rejected, "its start is missing, on no whole minute, or out of range");
	else if (e->duration < 0 || e->duration % 60 != 0 || e->duration > 86400)
		bl_reason(e->rejected, "its duration is on no whole minute, or longer than a day");
	else
		return true;
	return false;
}

/* BL_TAKE_MORE: it is in its day; BL_TAKE_NO_SPACE: days->full or lost */
static BlTake
reading_put(BlEspi *e, BlReadRow *row)
{
	BlMeterDayKey key = {
		.meter = {e->meter, strlen(e->meter)},.channel = {e->channel, strlen(e->channel)},
		.unit = e->unit,.unit_scale = e->type->power,.line = e->line
	};
	bool		registers = e->type->behaviour == 1 || e->type->behaviour == 3 || e->type->behaviour == 9;
	int32_t		start;
	int			place;

	e->waiting = false;
	if (!reading_times(e))
		return reject(e, row, e->line);
	start = (int32_t) (e->start / 60) - 10957 * BL_MINUTES_PER_DAY;
	key.slot_minutes = (int) (e->duration / 60);
	if (registers)
	{
		start += key.slot_minutes;
		if (!bl_register_new(e->days, &e->seen, e->arena, &key, start, &e->value, e->rejected))
			return e->days->lost ? BL_TAKE_NO_SPACE : reject(e, row, e->line);
		row_clear(row);
		*row = (BlReadRow) {.line = e->line,.meter = e->meter,.channel = e->channel,.has_reading = true,
			.read_at = start,.reading = e->value,.unit = e->unit,.unit_scale = e->type->power,
			.quality = (BlQuality) e->quality,.content = {"", 0}};
		return BL_TAKE_ROW;
	}
	if (key.slot_minutes < 1 || BL_MINUTES_PER_DAY % key.slot_minutes != 0)
	{
		bl_reason(e->rejected, "slots of %d minutes do not divide the day", key.slot_minutes);
		return reject(e, row, e->line);
	}
	if (e->day == NULL || !bl_meterday_is(e->day, &key, start))
		e->day = bl_meterdays_at(e->days, &key, start);
	if (e->day == NULL && (e->days->full || e->days->lost))
	{
		e->waiting = true;
		return BL_TAKE_NO_SPACE;
	}
	place = e->day ? bl_meterday_place(e->days, e->day, start, &e->value, e->quality) : -1;
	if (place < 0)
	{
		memcpy(e->rejected, e->days->rejected, sizeof e->rejected);
		return reject(e, row, e->line);
	}
	bl_meterday_put(e->day, place, e->value, e->quality, e->line);
	return BL_TAKE_MORE;
}

/* BL_TAKE_MORE: go on */
static BlTake
event_take(BlEspi *e, BlReadRow *row, BlXmlEvent event)
{
	const char *name = e->xml.element;

	if (event == BL_XML_START)
	{
		if (strcmp(name, "entry") == 0)
			e->at = e->at ? e->at->next : e->first;
		else if (strcmp(name, "IntervalBlock") == 0)
		{
			e->known = block_begin(e);
			if (!e->known)
				return reject(e, row, e->xml.event_line);
		}
		else if (strcmp(name, "IntervalReading") == 0)
		{
			reading_begin(e);
			e->block_readings++;
		}
		return BL_TAKE_MORE;
	}
	if (!e->known)
		return BL_TAKE_MORE;
	if (strcmp(name, "IntervalBlock") == 0)
		e->known = false;
	else if (strcmp(name, "IntervalReading") == 0)
		return reading_put(e, row);
	else
		field_end(e);
	return BL_TAKE_MORE;
}

static BlTake
give_all(BlEspi *e)
{
	e->giving = true;
	bl_meterdays_give(e->days);
	return BL_TAKE_MORE;
}

/* the end, or what is wrong with the file */
static BlTake
file_end(BlEspi *e, BlReadRow *row, BlXmlEvent event)
{
	if (!e->ended)
	{
		e->ended = true;
		e->meter[0] = e->channel[0] = e->content[0] = '\0';
		if (event == BL_XML_BAD)
		{
			bl_reason(e->rejected, "%s", e->xml.problem);
			return reject(e, row, e->xml.event_line);
		}
		if (e->first == NULL)
		{
			bl_reason(e->rejected, "the file has no entry of an Atom feed");
			return reject(e, row, e->xml.event_line);
		}
	}
	return e->days->first == NULL ? BL_TAKE_END : give_all(e);
}

BlTake
bl_espi_next(BlEspi *e, BlReadRow *row)
{
	for (;;)
	{
		BlTake		take;
		BlXmlEvent	event;

		if (e->giving)
		{
			row_clear(row);
			if (bl_meterdays_next(e->days, &row->profile))
			{
				bl_meterdays_row(e->days, row);
				return BL_TAKE_ROW;
			}
			e->giving = false;
			e->day = NULL;
		}
		if (e->days->lost)
			return BL_TAKE_NO_SPACE;
		if (e->waiting)
			take = reading_put(e, row);
		else
		{
			event = bl_xml_next(&e->xml);
			if (event == BL_XML_MORE)
				return BL_TAKE_MORE;
			if (++e->events % 1024 == 0)
				bl_arena_poll(e->arena);
			take = event == BL_XML_FINISHED || event == BL_XML_BAD ? file_end(e, row, event) : event_take(e, row, event);
		}
		if (take == BL_TAKE_NO_SPACE && !e->days->lost && e->days->first != NULL)
			(void) give_all(e);
		else if (take != BL_TAKE_MORE)
			return take;
	}
}

void
bl_espi_end(BlEspi *e)
{
	bl_xml_end(&e->xml);
}

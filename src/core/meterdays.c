/*
 * meterdays.c - readings in any order -> days, each slot once
 */
#include "meterdays.h"

static BlHash
key_hash(const BlMeterDayKey *key, int32_t day)
{
	BlHash		hash = {11, 12};

	bl_hash_add(&hash, key->meter.text, key->meter.length);
	bl_hash_add(&hash, key->channel.text, key->channel.length);
	bl_hash_add(&hash, &day, sizeof day);
	hash.b |= 1;
	return hash;
}

static bool
same_text(BlSlice s, const char *text)
{
	return strncmp(text, s.text, s.length) == 0 && text[s.length] == '\0';
}

static BlMeterDay **
table_place(BlMeterDay **table, size_t room, uint64_t a, uint64_t b)
{
	size_t		at = (size_t) a & (room - 1);

	while (table[at] != NULL && (table[at]->a != a || table[at]->b != b))
		at = (at + 1) & (room - 1);
	return &table[at];
}

static bool
table_grow(BlMeterDays *days)
{
	size_t		room = days->room == 0 ? 256 : days->room * 2;
	BlMeterDay	  **table = bl_arena_get(days->arena, room * sizeof *table);

	if (table == NULL)
		return false;
	for (size_t i = 0; i < days->room; i++)
		if (days->table[i] != NULL)
			*table_place(table, room, days->table[i]->a, days->table[i]->b) = days->table[i];
	days->table = table;
	days->room = room;
	return true;
}

static const char *
text_copy(BlMeterDays *days, BlSlice s)
{
	char	   *copy = bl_arena_room(days->arena, s.length + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, s.text, s.length);
	copy[s.length] = '\0';
	return copy;
}

static BlMeterDay *
day_new(BlMeterDays *days, const BlMeterDayKey *key, BlHash hash, int32_t local_day, int32_t start, int slots)
{
	BlMeterDay	   *day = bl_arena_room(days->arena, sizeof *day + (size_t) slots * 14);

	if (day == NULL)
		return NULL;
	*day = (BlMeterDay) {hash.a, hash.b, NULL, NULL, NULL, key->unit, key->unit_scale, key->slot_minutes,
		start, local_day, slots, 0, key->line, NULL, NULL, NULL, NULL};
	day->values = (int64_t *) (day + 1);
	day->lines = (uint32_t *) (day->values + slots);
	day->decimals = (uint8_t *) (day->lines + slots);
	day->qualities = day->decimals + slots;
	memset(day->qualities, BL_SLOT_ABSENT, (size_t) slots);
	/* mostly the meter of the day before */
	day->meter = days->last && same_text(key->meter, days->last->meter) ? days->last->meter : text_copy(days, key->meter);
	day->channel = days->last && same_text(key->channel, days->last->channel) ? days->last->channel :
		text_copy(days, key->channel);
	if (day->meter == NULL || day->channel == NULL)
		return NULL;
	if (days->last != NULL)
		days->last->next = day;
	else
		days->first = day;
	days->last = day;
	days->used++;
	return day;
}

static BlMeterDay *
refuse_key(BlMeterDays *days, const BlMeterDay *day, const BlMeterDayKey *key)
{
	if (day->slot_minutes != key->slot_minutes)
		bl_reason(days->rejected, "slots of %d minutes, but of %d on line %lld for the same day",
				  key->slot_minutes, day->slot_minutes, (long long) day->line);
	else
		bl_reason(days->rejected, "another unit than on line %lld for the same day", (long long) day->line);
	return NULL;
}

BlMeterDay *
bl_meterdays_at(BlMeterDays *days, const BlMeterDayKey *key, int32_t start)
{
	int32_t		local_day = bl_zone_day(days->zone, start);
	BlHash		hash = key_hash(key, local_day);
	BlMeterDay	  **place;
	const BlSeenKey *given;
	int32_t		midnight;
	int32_t		length;

	if (days->used * 4 >= days->room * 3 && !table_grow(days))
	{
		days->full = true;
		return NULL;
	}
	place = table_place(days->table, days->room, hash.a, hash.b);
	if (*place != NULL)
	{
		if ((*place)->unit != key->unit || (*place)->unit_scale != key->unit_scale ||
			(*place)->slot_minutes != key->slot_minutes)
			return refuse_key(days, *place, key);
		return *place;
	}
	given = bl_seen_find(&days->given, hash);
	if (given != NULL)
	{
		bl_reason(days->rejected, "its day, from line %lld on, was given out before; sort the file by meter",
				  (long long) given->line);
		return NULL;
	}
	midnight = bl_zone_midnight(days->zone, local_day);
	length = bl_zone_midnight(days->zone, local_day + 1) - midnight;
	if (length < 1 || length % key->slot_minutes != 0 || length / key->slot_minutes > BL_BLOCK_SLOTS_MAX)
	{
		bl_reason(days->rejected, "slots of %d minutes do not divide its day of %d minutes",
				  key->slot_minutes, (int) length);
		return NULL;
	}
	*place = day_new(days, key, hash, local_day, midnight, length / key->slot_minutes);
	days->full = *place == NULL;
	return *place;
}

bool
bl_meterday_is(const BlMeterDay *day, const BlMeterDayKey *key, int32_t start)
{
	return start >= day->start && start < day->start + day->slots * day->slot_minutes &&
		day->slot_minutes == key->slot_minutes && day->unit == key->unit && day->unit_scale == key->unit_scale &&
		same_text(key->meter, day->meter) && same_text(key->channel, day->channel);
}

int
bl_meterday_place(BlMeterDays *days, const BlMeterDay *day, int32_t start, BlNumber *value, uint8_t quality)
{
	int			place = (start - day->start) / day->slot_minutes;
	int			most = day->unit_scale - bl_unit_scale_min(day->unit);

	if ((start - day->start) % day->slot_minutes != 0)
	{
		bl_reason(days->rejected, "its time is not on the grid of slots of %d minutes", day->slot_minutes);
		return -1;
	}
	for (; value->decimals > most && quality != BL_MISSING; value->decimals--)
	{
		if (value->mantissa % 10 != 0)
		{
			bl_reason(days->rejected, "a value has more than %d decimals", most);
			return -1;
		}
		value->mantissa /= 10;
	}
	if (day->qualities[place] != BL_SLOT_ABSENT)
	{
		BlNumber	a = {quality == BL_MISSING ? 0 : value->mantissa, value->decimals};
		BlNumber	b = {day->values[place], day->decimals[place]};

		bl_number_trim(&a);
		bl_number_trim(&b);
		bl_reason(days->rejected,
				  a.mantissa == b.mantissa && a.decimals == b.decimals && quality == day->qualities[place] ?
				  "the same reading as on line %lld, again" : "line %lld has another reading of this time",
				  (long long) day->lines[place]);
		return -1;
	}
	return place;
}

void
bl_meterdays_give(BlMeterDays *days)
{
	days->giving = days->first;
}

/* the rows are out: begin anew */
static void
start_over(BlMeterDays *days)
{
	days->first = days->last = days->giving = NULL;
	days->table = NULL;
	days->room = days->used = 0;
	days->full = false;
	days->release(days->arena->context);
	days->arena->asked = days->arena->left = 0;
	days->arena->next = NULL;
}

bool
bl_meterdays_next(BlMeterDays *days, BlMeterDayRow *row)
{
	BlMeterDay	   *day;
	int			from = 0;
	int			until = 0;
	int			decimals;

	/* a day may have been made for a reading that was refused then */
	for (day = days->giving; day != NULL && day->taken == 0;)
		day = day->next;
	days->giving = day ? day->next : NULL;
	if (day == NULL)
	{
		if (days->first != NULL)
			start_over(days);
		return false;
	}
	if (days->full)
	{
		const BlSeenKey *first;

		if (!bl_seen_add(&days->given, days->seen_arena, (BlHash) {day->a, day->b}, 0, day->line, &first))
			days->lost = true;
	}
	until = day->slots;
	if (day->taken < day->slots)
	{
		while (day->qualities[until - 1] == BL_SLOT_ABSENT)
			until--;
		while (day->qualities[from] == BL_SLOT_ABSENT)
			from++;
		for (int i = from; i < until; i++)
			if (day->qualities[i] == BL_SLOT_ABSENT)
			{
				day->qualities[i] = BL_MISSING;
				day->values[i] = day->decimals[i] = 0;
			}
	}
	*row = (BlMeterDayRow) {.day = day,.values = day->values + from,.qualities = day->qualities + from};
	decimals = bl_numbers_align(day->values + from, day->decimals + from, until - from);
	if (decimals < 0)
	{
		bl_reason(days->rejected, "values of this day have too many digits");
		return true;
	}
	row->shape.start = day->start + from * day->slot_minutes;
	row->shape.slots = until - from;
	row->shape.slot_minutes = day->slot_minutes;
	row->shape.unit = day->unit;
	row->shape.scale = day->unit_scale - decimals;
	row->shape.offset = bl_zone_offset(days->zone, row->shape.start);
	row->shape.zone = days->zone_name;
	row->shape.zone_length = days->zone_length;
	return true;
}

void
bl_number_trim(BlNumber *number)
{
	if (number->mantissa == 0)
		number->decimals = 0;
	for (; number->decimals > 0 && number->mantissa % 10 == 0; number->decimals--)
		number->mantissa /= 10;
}

void
bl_number_round(BlNumber *number, int decimals)
{
	while (number->decimals > decimals)
	{
		/* all at once, so that nothing is rounded twice */
		int			drop = number->decimals - decimals;

		if (drop > BL_NUMBER_DIGITS)
		{
			number->mantissa = 0;
			number->decimals = decimals;
			break;
		}
		number->mantissa = (int64_t) bl_div_round(number->mantissa, bl_pow10(drop), BL_HALF_UP);
		number->decimals = decimals;
	}
}

bool
bl_register_new(BlMeterDays *days, BlSeen *seen, BlArena *arena, const BlMeterDayKey *key,
				int32_t at, const BlNumber *reading, char rejected[BL_REJECTED_MAX])
{
	BlHash		hash = {21, 22};
	BlNumber	trimmed = *reading;
	const BlSeenKey *first;
	uint64_t	content;

	bl_number_trim(&trimmed);
	if (trimmed.decimals > BL_NUMBER_DIGITS)
	{
		bl_reason(rejected, "a reading has more than %d decimals", BL_NUMBER_DIGITS);
		return false;
	}
	bl_hash_add(&hash, key->meter.text, key->meter.length);
	bl_hash_add(&hash, key->channel.text, key->channel.length);
	bl_hash_add(&hash, &at, sizeof at);
	content = (uint64_t) trimmed.mantissa * 31 + (uint64_t) trimmed.decimals;
	if (!bl_seen_add(seen, arena, hash, content, key->line, &first))
	{
		days->lost = true;
		return false;
	}
	if (first != NULL)
		bl_reason(rejected, first->content == content ? "the same reading as on line %lld, again" :
				  "line %lld has another reading of this time", (long long) first->line);
	return first == NULL;
}

void
bl_meterdays_row(const BlMeterDays *days, BlReadRow *row)
{
	row->line = row->profile.day->line;
	row->meter = row->profile.day->meter;
	row->channel = row->profile.day->channel;
	row->has_profile = row->profile.shape.slots > 0;
	if (!row->has_profile)
		row->rejected = days->rejected;
}

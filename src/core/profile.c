/*
 * profile.c - the load-profile codec; the layout is at the top of profile.h
 *
 * Bytes are never trusted: the header is checked when a profile is opened, a
 * block when the cursor steps over it, values when they are decoded.
 */
#include "profile.h"

#include <limits.h>

enum
{
	TAG_WIDTH = 31,
	TAG_COUNT = 32,
	TAG_RUNS = 64,
	TAG_WIDE = 128
};

static const int64_t POW10[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000
};

/* ------------------------------------------------------------------ names */

static const char *const UNITS[BL_UNIT_COUNT] = {
	[BL_WH] = "Wh", [BL_VARH] = "varh", [BL_VAH] = "VAh", [BL_W] = "W", [BL_VAR] = "var",
	[BL_VA] = "VA", [BL_V] = "V", [BL_A] = "A", [BL_HZ] = "Hz", [BL_PF] = "PF", [BL_CELSIUS] = "degC"
};

static const char *const QUALITIES[BL_QUALITY_COUNT] = {
	[BL_ACTUAL] = "actual", [BL_ESTIMATED] = "estimated", [BL_SUBSTITUTED] = "substituted",
	[BL_CORRECTED] = "corrected", [BL_SUSPECT] = "suspect", [BL_MISSING] = "missing"
};

/* the place of a text in a list of names, or -1 */
static int
name_find(const char *const *names, int n, const char *text, size_t length)
{
	for (int i = 0; i < n; i++)
		if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0)
			return i;
	return -1;
}

BlStatus
bl_unit_parse(const char *text, size_t length, BlUnit *unit, int *scale)
{
	static const char prefixes[] = "numkMGT";
	static const int8_t powers[] = {-9, -6, -3, 3, 6, 9, 12};
	int			found = name_find(UNITS, BL_UNIT_COUNT, text, length);
	const char *prefix;

	*scale = 0;
	if (found < 0 && length > 1 && (prefix = memchr(prefixes, text[0], sizeof prefixes - 1)) != NULL)
	{
		*scale = powers[prefix - prefixes];
		found = name_find(UNITS, BL_PF, text + 1, length - 1);
	}
	if (found < 0)
		return BL_BAD_UNIT;
	*unit = (BlUnit) found;
	return BL_OK;
}

const char *
bl_unit_name(BlUnit unit)
{
	return (unsigned) unit < BL_UNIT_COUNT ? UNITS[unit] : "unknown";
}

BlStatus
bl_quality_parse(const char *text, size_t length, BlQuality *quality)
{
	int			found = name_find(QUALITIES, BL_QUALITY_COUNT, text, length);

	if (found < 0)
		return BL_BAD_TEXT;
	*quality = (BlQuality) found;
	return BL_OK;
}

const char *
bl_quality_name(BlQuality quality)
{
	return (unsigned) quality < BL_QUALITY_COUNT ? QUALITIES[quality] : "unknown";
}

BlQuality
bl_quality_worse(BlQuality a, BlQuality b)
{
	static const uint8_t rank[BL_QUALITY_COUNT] = {
		[BL_ACTUAL] = 0, [BL_CORRECTED] = 1, [BL_SUBSTITUTED] = 2,
		[BL_ESTIMATED] = 3, [BL_SUSPECT] = 4, [BL_MISSING] = 5
	};

	return rank[a] >= rank[b] ? a : b;
}

/* ----------------------------------------------------------------- header */

/* what a header may say, whoever says it */
static BlStatus
shape_check(const BlProfile *p)
{
	int64_t		until = p->start + (int64_t) p->slots * p->slot_minutes;

	if (p->slot_minutes < 1 || p->slot_minutes > BL_MINUTES_PER_DAY ||
		BL_MINUTES_PER_DAY % p->slot_minutes != 0)
		return BL_BAD_VALUE;
	if (p->slots < 1)
		return BL_BAD_VALUE;
	/* some 179 years at most, so that minutes from the start stay in range */
	if (p->slots > BL_PROFILE_SLOTS_MAX ||
		until - p->start > (int64_t) BL_PROFILE_BLOCKS_MAX * BL_MINUTES_PER_DAY)
		return BL_LIMIT;
	if ((unsigned) p->unit >= BL_UNIT_COUNT || (unsigned) p->quality >= BL_QUALITY_COUNT ||
		p->scale < bl_unit_scale_min(p->unit) || p->scale > BL_PROFILE_SCALE_MAX)
		return BL_BAD_VALUE;
	if (p->offset <= -BL_MINUTES_PER_DAY || p->offset >= BL_MINUTES_PER_DAY)
		return BL_BAD_VALUE;
	/* two days of room on both sides, so that local midnights stay in range */
	if (p->start < (BL_DAY_MIN + 2) * BL_MINUTES_PER_DAY ||
		until > (BL_DAY_MAX - 2) * (int64_t) BL_MINUTES_PER_DAY)
		return BL_BAD_VALUE;
	if (p->zone_length < 0 || p->zone_length > BL_PROFILE_ZONE_MAX)
		return BL_BAD_ZONE;
	for (int i = 0; i < p->zone_length; i++)
	{
		char		c = p->zone[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			  c == '/' || c == '_' || c == '+' || c == '-'))
			return BL_BAD_ZONE;
	}
	return BL_OK;
}

BlStatus
bl_profile_open(BlProfile *profile, const uint8_t *bytes, size_t size)
{
	uint32_t	slots;
	BlStatus	status;

	if (size < BL_PROFILE_HEADER)
		return BL_TRUNCATED;
	if (bytes[0] != BL_PROFILE_VERSION || bytes[1] != 0)
		return BL_BAD_VERSION;
	slots = bl_le32(bytes + 16);
	profile->slot_minutes = bl_le16(bytes + 2);
	profile->start = (int32_t) bl_le32(bytes + 4);
	profile->offset = (int16_t) bl_le16(bytes + 8);
	profile->unit = (BlUnit) bytes[10];
	profile->scale = (int8_t) bytes[11];
	profile->quality = (BlQuality) bytes[12];
	profile->zone_length = bytes[13];
	profile->blocks = bl_le16(bytes + 14);
	profile->slots = slots > BL_PROFILE_SLOTS_MAX ? -1 : (int) slots;
	profile->zone = (const char *) bytes + BL_PROFILE_HEADER;
	profile->end = bytes + size;
	if (size - BL_PROFILE_HEADER < (size_t) profile->zone_length)
		return BL_TRUNCATED;
	profile->first = bytes + BL_PROFILE_HEADER + profile->zone_length;
	status = shape_check(profile);
	if (status != BL_OK)
		return BL_CORRUPT;
	profile->day_slots = BL_MINUTES_PER_DAY / profile->slot_minutes;

	/* Refuse lying counts here, so that loops and allocations can trust them. */
	if (profile->blocks > profile->slots ||
		(int64_t) profile->blocks * BL_BLOCK_SLOTS_MAX < profile->slots)
		return BL_CORRUPT;
	if ((size_t) (profile->end - profile->first) < (size_t) profile->blocks * 3)
		return BL_TRUNCATED;
	return BL_OK;
}

/* ----------------------------------------------------------------- blocks */

/* steps over quality runs that must cover `slots` slots */
static BlStatus
runs_skip(BlReader *r, int slots)
{
	uint64_t	runs = bl_read_varint(r);
	uint64_t	covered = 0;

	if (r->bad)
		return BL_TRUNCATED;
	if (runs == 0 || runs > (uint64_t) slots)
		return BL_CORRUPT;
	for (uint64_t i = 0; i < runs; i++)
	{
		uint8_t		quality = bl_read_u8(r);
		uint64_t	length = bl_read_varint(r);

		if (r->bad)
			return BL_TRUNCATED;
		if (quality >= BL_QUALITY_COUNT || length == 0 || length > (uint64_t) slots - covered)
			return BL_CORRUPT;
		covered += length;
	}
	return covered == (uint64_t) slots ? BL_OK : BL_CORRUPT;
}

BlStatus
bl_profile_next_any(const BlProfile *profile, BlCursor *cursor, BlBlock *block)
{
	BlReader	r = {cursor->next != NULL ? cursor->next : profile->first, profile->end, false};
	uint8_t		tag;
	size_t		size;

	if (cursor->block >= profile->blocks)
	{
		block->slots = 0;
		return r.next == r.end && cursor->slot == profile->slots ? BL_OK : BL_CORRUPT;
	}
	tag = bl_read_u8(&r);
	block->start = profile->start + cursor->slot * profile->slot_minutes;
	block->slots = tag & TAG_COUNT ? bl_read_le16(&r) : profile->day_slots;
	block->wide = (tag & TAG_WIDE) != 0;
	block->width = tag & TAG_WIDTH;
	if (block->wide)
	{
		if (block->width != 0)
			return BL_CORRUPT;
		block->width = bl_read_u8(&r);
		block->base = (int64_t) bl_read_le64(&r);
	}
	else
		block->base = (int16_t) bl_read_le16(&r);
	if (r.bad)
		return BL_TRUNCATED;
	if (block->slots < 1 || block->slots > BL_BLOCK_SLOTS_MAX ||
		block->slots > profile->slots - cursor->slot || block->width > (block->wide ? 64 : 16))
		return BL_CORRUPT;
	size = block->wide ? ((size_t) block->slots * (size_t) block->width + 7) / 8 :
		bl_lanes_bytes(bl_lanes_rows(block->slots), block->width);
	block->offsets = bl_read_bytes(&r, size);
	block->runs = block->runs_end = NULL;
	if (tag & TAG_RUNS)
	{
		BlStatus	status;

		block->runs = r.next;
		status = runs_skip(&r, block->slots);
		if (status != BL_OK)
			return status;
		block->runs_end = r.next;
	}
	if (r.bad)
		return BL_TRUNCATED;
	cursor->next = r.next;
	cursor->block++;
	cursor->slot += block->slots;
	return BL_OK;
}

/* `width` bits from bit `at` on, of bytes that end at `end` */
static inline uint64_t
bits_get(const uint8_t *bytes, const uint8_t *end, size_t at, int width)
{
	const uint8_t *p = bytes + at / 8;
	int			shift = (int) (at % 8);
	uint64_t	v;

	if (width == 0)
		return 0;
	if (end - p >= 9)
	{
		v = bl_le64(p) >> shift;
		if (shift + width > 64)
			v |= (uint64_t) p[8] << (64 - shift);
	}
	else
	{
		v = 0;
		for (int got = -shift; got < width && p < end; got += 8, p++)
			v |= got < 0 ? (uint64_t) *p >> shift : (uint64_t) *p << got;
	}
	return width == 64 ? v : v & ((UINT64_C(1) << width) - 1);
}

static void
bits_put(uint8_t *bytes, size_t at, int width, uint64_t v)
{
	for (int done = 0; done < width;)
	{
		size_t		bit = at + (size_t) done;
		int			free = 8 - (int) (bit % 8);

		bytes[bit / 8] |= (uint8_t) ((v >> done) << (bit % 8));
		done += free;
	}
}

_Static_assert(8 * BL_LANES_ROWS_MAX >= BL_BLOCK_SLOTS_MAX, "a block is unpacked into lanes");

static BlStatus
wide_decode(const BlBlock *block, int64_t *values)
{
	const uint8_t *end = block->offsets + ((size_t) block->slots * (size_t) block->width + 7) / 8;
	uint64_t	room = (uint64_t) INT64_MAX - (uint64_t) block->base;

	for (int i = 0; i < block->slots; i++)
	{
		uint64_t	v = bits_get(block->offsets, end, (size_t) i * (size_t) block->width, block->width);

		if (v > room)
			return BL_CORRUPT;
		values[i] = (int64_t) ((uint64_t) block->base + v);
	}
	return BL_OK;
}

/* Runs were checked by the cursor: they cover the block. */
static int
runs_apply(const BlBlock *block, int64_t *values, uint8_t *qualities)
{
	BlReader	r = {block->runs, block->runs_end, false};
	uint64_t	runs = bl_read_varint(&r);
	int			slot = 0;
	int			missing = 0;

	for (uint64_t i = 0; i < runs; i++)
	{
		uint8_t		quality = bl_read_u8(&r);
		int			length = (int) bl_read_varint(&r);

		if (length < 0 || length > block->slots - slot)
			break;
		if (quality == BL_MISSING)
		{
			missing += length;
			if (values != NULL)
				memset(values + slot, 0, (size_t) length * sizeof *values);
		}
		if (qualities != NULL)
			memset(qualities + slot, quality, (size_t) length);
		slot += length;
	}
	return missing;
}

BlStatus
bl_block_decode(const BlProfile *profile, const BlBlock *block,
				int64_t *values, uint8_t *qualities, int *missing)
{
	BlStatus	status = BL_OK;
	int			gone = 0;

	if (block->slots < 1 || block->slots > BL_BLOCK_SLOTS_MAX)
		return BL_CORRUPT;
	if (block->wide)
		status = wide_decode(block, values);
	else
		bl_lanes_values(block->offsets, block->width, block->slots, block->base, values);
	if (status != BL_OK)
		return status;
	if (block->runs != NULL)
		gone = runs_apply(block, values, qualities);
	else
	{
		if (qualities != NULL)
			memset(qualities, profile->quality, (size_t) block->slots);
		if (profile->quality == BL_MISSING)
		{
			gone = block->slots;
			memset(values, 0, (size_t) gone * sizeof *values);
		}
	}
	if (missing != NULL)
		*missing = gone;
	return BL_OK;
}

BlStatus
bl_block_sum(const BlProfile *profile, const BlBlock *block, BlInt128 *sum, int *missing)
{
	uint32_t	offsets;
	uint16_t	top;
	int			gone = profile->quality == BL_MISSING ? block->slots : 0;

	if (block->wide)
	{
		int64_t		values[BL_BLOCK_SLOTS_MAX];
		BlStatus	status = bl_block_decode(profile, block, values, NULL, missing);

		*sum = 0;
		if (status == BL_OK)
			for (int i = 0; i < block->slots; i++)
				*sum += values[i];
		return status;
	}
	/* a missing slot's offset is zero, so only its base must not be counted */
	bl_lanes_total(block->offsets, block->width, bl_lanes_rows(block->slots), &offsets, &top);
	if (block->runs != NULL)
		gone = runs_apply(block, NULL, NULL);
	*sum = (int64_t) offsets + block->base * (block->slots - gone);
	*missing = gone;
	return BL_OK;
}

BlStatus
bl_profile_decode(const BlProfile *profile, int64_t *values, uint8_t *qualities, int *missing)
{
	BlCursor	cursor = {0};
	BlBlock		block;
	int			slot = 0;
	int			gone = 0;

	for (;;)
	{
		int			here;
		BlStatus	status = bl_profile_next(profile, &cursor, &block);

		if (status == BL_OK && block.slots > 0)
			status = bl_block_decode(profile, &block, values + slot,
									 qualities != NULL ? qualities + slot : NULL, &here);
		if (status != BL_OK)
			return status;
		if (block.slots == 0)
			break;
		slot += block.slots;
		gone += here;
	}
	if (missing != NULL)
		*missing = gone;
	return BL_OK;
}

BlDec
bl_scaled(BlInt128 value, int scale)
{
	if (scale > 0)
		return (BlDec) {value * POW10[scale], 0};
	return (BlDec) {value, -scale};
}

BlStatus
bl_profile_sum(const BlProfile *profile, BlDec *sum, int *missing)
{
	BlCursor	cursor = {0};
	BlBlock		block;
	BlInt128	total = 0;
	int			gone = 0;

	for (;;)
	{
		BlInt128	part;
		int			here;
		BlStatus	status = bl_profile_next(profile, &cursor, &block);

		if (status == BL_OK && block.slots > 0)
			status = bl_block_sum(profile, &block, &part, &here);
		if (status != BL_OK)
			return status;
		if (block.slots == 0)
			break;
		total += part;
		gone += here;
	}
	*sum = bl_scaled(total, profile->scale);
	if (missing != NULL)
		*missing = gone;
	return BL_OK;
}

/* a block's padding, and the offsets of missing slots, are zero */
static BlStatus
block_check_zeros(const BlProfile *profile, const BlBlock *block)
{
	uint8_t		qualities[BL_BLOCK_SLOTS_MAX];
	int64_t		values[BL_BLOCK_SLOTS_MAX];
	uint16_t	offsets[BL_BLOCK_SLOTS_MAX + 7];
	uint8_t		again[2 * (BL_BLOCK_SLOTS_MAX + 7)];
	int			rows = bl_lanes_rows(block->slots);
	size_t		size = bl_lanes_bytes(rows, block->width);
	BlStatus	status = bl_block_decode(profile, block, values, qualities, NULL);

	if (status != BL_OK)
		return status;
	if (block->wide)
	{
		size_t		bits = (size_t) block->slots * (size_t) block->width;
		const uint8_t *end = block->offsets + (bits + 7) / 8;

		if (bits % 8 != 0 && end[-1] >> bits % 8 != 0)
			return BL_CORRUPT;
		for (int i = 0; i < block->slots; i++)
			if (qualities[i] == BL_MISSING &&
				bits_get(block->offsets, end, (size_t) i * (size_t) block->width, block->width) != 0)
				return BL_CORRUPT;
		return BL_OK;
	}
	bl_lanes_unpack(block->offsets, block->width, rows, offsets);
	for (int i = 0; i < rows * 8; i++)
		if (offsets[i] != 0 && (i >= block->slots || qualities[i] == BL_MISSING))
			return BL_CORRUPT;
	bl_lanes_pack(offsets, block->width, rows, again);
	return memcmp(again, block->offsets, size) == 0 ? BL_OK : BL_CORRUPT;
}

BlStatus
bl_profile_validate(const uint8_t *bytes, size_t size)
{
	BlProfile	profile;
	BlCursor	cursor = {0};
	BlBlock		block;
	BlStatus	status = bl_profile_open(&profile, bytes, size);

	while (status == BL_OK)
	{
		status = bl_profile_next(&profile, &cursor, &block);
		if (status == BL_OK && block.slots == 0)
			break;
		if (status == BL_OK)
			status = block_check_zeros(&profile, &block);
	}
	/* a fixed offset needs no zone data to tell its midnights */
	if (status == BL_OK && profile.zone_length == 0)
	{
		BlZoneStep	step = {0, (int16_t) profile.offset};
		BlZone		zone = {1, &step};

		status = bl_profile_check_days(&profile, &zone) == BL_OK ? BL_OK : BL_CORRUPT;
	}
	return status;
}

/* ---------------------------------------------------------------- packing */

/* the end of the local day that a moment falls on, always later than the moment */
static int32_t
day_end(const BlZone *zone, int32_t at)
{
	int32_t		day = bl_zone_day(zone, at);
	int32_t		end = bl_zone_midnight(zone, day + 1);

	/* a clock set back just after midnight lives the old day's last hour twice */
	if (end <= at)
		end = bl_zone_midnight(zone, day + 2);
	return end > at ? end : at + 1;
}

/* how many slots the block that begins at `at` holds */
static BlStatus
day_slots(const BlProfile *shape, const BlZone *zone, int32_t at, int left, int *slots)
{
	int32_t		end = day_end(zone, at);

	if ((end - at) / shape->slot_minutes >= left)
	{
		/* the last day: on the grid of its end or of its beginning is enough */
		int32_t		begin = bl_zone_midnight(zone, bl_zone_day(zone, at));

		*slots = left;
		if ((end - at) % shape->slot_minutes != 0 && (at - begin) % shape->slot_minutes != 0)
			return BL_UNALIGNED;
	}
	else
	{
		*slots = (end - at) / shape->slot_minutes;
		if ((end - at) % shape->slot_minutes != 0)
			return BL_UNALIGNED;
	}
	return *slots <= BL_BLOCK_SLOTS_MAX ? BL_OK : BL_LIMIT;
}

BlStatus
bl_profile_check_days(const BlProfile *profile, const BlZone *zone_table)
{
	BlCursor	cursor = {0};
	BlBlock		block;
	int			slot = 0;

	for (;;)
	{
		int			slots;
		BlStatus	status = bl_profile_next(profile, &cursor, &block);

		if (status != BL_OK || block.slots == 0)
			return status;
		status = day_slots(profile, zone_table, block.start, profile->slots - slot, &slots);
		if (status != BL_OK)
			return status;
		if (slots != block.slots)
			return BL_UNALIGNED;
		slot += slots;
	}
}

size_t
bl_profile_bound(const BlProfile *shape)
{
	size_t		slots = shape->slots > 0 ? (size_t) shape->slots : 0;
	size_t		blocks = slots * (size_t) shape->slot_minutes / BL_MINUTES_PER_DAY + 1;

	/* short days, should a zone have them, make a few blocks more */
	blocks = blocks + blocks / 8 + 8;
	if (blocks > slots)
		blocks = slots;

	/* a block's fixed parts take up to 32 bytes with the padding of lanes, a slot 8 and 2 for its run */
	return BL_PROFILE_HEADER + BL_PROFILE_ZONE_MAX + blocks * 40 + slots * 10;
}

static void
runs_write(BlWriter *w, const uint8_t *qualities, int slots)
{
	uint64_t	runs = 1;

	for (int i = 1; i < slots; i++)
		runs += qualities[i] != qualities[i - 1];
	bl_write_varint(w, runs);
	for (int i = 0, from = 0; i < slots; i++)
		if (i + 1 == slots || qualities[i + 1] != qualities[i])
		{
			bl_write_u8(w, qualities[i]);
			bl_write_varint(w, (uint64_t) (i + 1 - from));
			from = i + 1;
		}
}

static int
width_of(uint64_t spread)
{
	return spread == 0 ? 0 : 64 - __builtin_clzll(spread);
}

/* room for `size` zero bytes of offsets, or NULL where there is none (still counted) */
static uint8_t *
offsets_room(BlWriter *w, size_t size)
{
	uint8_t    *at = NULL;

	if (w->used <= w->size && size <= w->size - w->used)
		at = w->bytes + w->used;
	w->used += size;
	return at;
}

static void
narrow_write(BlWriter *w, const int64_t *values, const uint8_t *qualities, int slots,
			 int64_t base, int width)
{
	uint16_t	offsets[BL_BLOCK_SLOTS_MAX + 7];
	int			rows = bl_lanes_rows(slots);
	uint8_t    *at = offsets_room(w, bl_lanes_bytes(rows, width));

	if (at == NULL || width == 0)
		return;
	for (int i = 0; i < slots; i++)
		offsets[i] = (uint16_t) ((uint64_t) values[i] - (uint64_t) base);
	for (int i = slots; i < rows * 8; i++)
		offsets[i] = 0;
	if (qualities != NULL)
		for (int i = 0; i < slots; i++)
			if (qualities[i] == BL_MISSING)
				offsets[i] = 0;
	bl_lanes_pack(offsets, width, rows, at);
}

static void
wide_write(BlWriter *w, const int64_t *values, const uint8_t *qualities, int slots,
		   int64_t base, int width)
{
	size_t		size = ((size_t) slots * (size_t) width + 7) / 8;
	uint8_t    *at = offsets_room(w, size);

	if (at == NULL || width == 0)
		return;
	memset(at, 0, size);
	for (int i = 0; i < slots; i++)
		if (qualities == NULL || qualities[i] != BL_MISSING)
			bits_put(at, (size_t) i * (size_t) width, width, (uint64_t) values[i] - (uint64_t) base);
}

/* qualities NULL: every slot has the profile's, which is not `missing` */
static void
block_write(BlWriter *w, const int64_t *values, const uint8_t *qualities, int slots,
			int full_slots, BlQuality common)
{
	int64_t		low = INT64_MAX;
	int64_t		high = INT64_MIN;
	bool		runs = false;
	bool		narrow;
	int			width;
	uint8_t		tag = 0;

	if (qualities == NULL)
		for (int i = 0; i < slots; i++)
		{
			low = values[i] < low ? values[i] : low;
			high = values[i] > high ? values[i] : high;
		}
	else
		for (int i = 0; i < slots; i++)
		{
			runs |= qualities[i] != common;
			if (qualities[i] == BL_MISSING)
				continue;
			low = values[i] < low ? values[i] : low;
			high = values[i] > high ? values[i] : high;
		}
	if (low > high)
		low = high = 0;			/* all are missing */
	width = width_of((uint64_t) high - (uint64_t) low);
	narrow = low >= INT16_MIN && low <= INT16_MAX && width <= 16;

	tag |= slots != full_slots ? TAG_COUNT : 0;
	tag |= runs ? TAG_RUNS : 0;
	tag |= narrow ? (uint8_t) width : TAG_WIDE;
	bl_write_u8(w, tag);
	if (slots != full_slots)
		bl_write_le16(w, (uint16_t) slots);
	if (narrow)
	{
		bl_write_le16(w, (uint16_t) low);
		narrow_write(w, values, qualities, slots, low, width);
	}
	else
	{
		bl_write_u8(w, (uint8_t) width);
		bl_write_le64(w, (uint64_t) low);
		wide_write(w, values, qualities, slots, low, width);
	}
	if (runs)
		runs_write(w, qualities, slots);
}

static BlQuality
most_frequent(const uint8_t *qualities, int n)
{
	int			count[256] = {0};
	int			best = 0;

	for (int i = 0; i < n; i++)
		count[qualities[i]]++;
	for (int q = 1; q < BL_QUALITY_COUNT; q++)
		if (count[q] > count[best])
			best = q;
	return (BlQuality) best;
}

/* everything before the blocks; their count is put in later */
static void
header_write(BlWriter *w, const BlProfile *shape, int offset, BlQuality quality)
{
	bl_write_u8(w, BL_PROFILE_VERSION);
	bl_write_u8(w, 0);
	bl_write_le16(w, (uint16_t) shape->slot_minutes);
	bl_write_le32(w, (uint32_t) shape->start);
	bl_write_le16(w, (uint16_t) offset);
	bl_write_u8(w, (uint8_t) shape->unit);
	bl_write_u8(w, (uint8_t) shape->scale);
	bl_write_u8(w, (uint8_t) quality);
	bl_write_u8(w, (uint8_t) shape->zone_length);
	bl_write_le16(w, 0);
	bl_write_le32(w, (uint32_t) shape->slots);
	bl_write_bytes(w, shape->zone, (size_t) shape->zone_length);
}

BlStatus
bl_profile_pack(const BlProfile *shape, const BlZone *zone_table,
				const int64_t *values, const uint8_t *qualities,
				uint8_t *bytes, size_t room, size_t *size)
{
	BlWriter	w = {bytes, room, 0};
	BlQuality	common = shape->quality;
	BlStatus	status = shape_check(shape);
	int			full_slots;
	int			blocks = 0;
	int			offset;

	if (status != BL_OK)
		return status;
	full_slots = BL_MINUTES_PER_DAY / shape->slot_minutes;
	if (qualities != NULL)
	{
		bool		alike = memcmp(qualities, qualities + 1, (size_t) shape->slots - 1) == 0;

		for (int i = 0; i < (alike ? 1 : shape->slots); i++)
			if (qualities[i] >= BL_QUALITY_COUNT)
				return BL_BAD_VALUE;
		common = alike ? (BlQuality) qualities[0] : most_frequent(qualities, shape->slots);
		if (alike && common != BL_MISSING)
			qualities = NULL;
	}
	else if (common == BL_MISSING)
		return BL_BAD_VALUE;
	offset = bl_zone_offset(zone_table, shape->start);
	if (shape->zone_length == 0 && offset != shape->offset)
		return BL_BAD_ZONE;

	header_write(&w, shape, offset, common);
	for (int slot = 0, slots; slot < shape->slots; slot += slots)
	{
		int32_t		at = shape->start + slot * shape->slot_minutes;

		status = day_slots(shape, zone_table, at, shape->slots - slot, &slots);
		if (status != BL_OK)
			return status;
		if (++blocks > BL_PROFILE_BLOCKS_MAX)
			return BL_LIMIT;
		block_write(&w, values + slot, qualities != NULL ? qualities + slot : NULL, slots,
					full_slots, common);
	}
	if (w.used > room)
		return BL_NO_SPACE;
	bl_put_le16(bytes + 14, (uint16_t) blocks);
	*size = w.used;
	return BL_OK;
}

/* b's blocks may stand behind a's as they are */
static bool
follows(const BlProfile *a, const BlProfile *b, const BlZone *zone_table)
{
	return b->start == bl_profile_until(a) && b->slot_minutes == a->slot_minutes &&
		b->unit == a->unit && b->scale == a->scale && b->quality == a->quality &&
		b->zone_length == a->zone_length &&
		(a->zone_length > 0 ? memcmp(b->zone, a->zone, (size_t) a->zone_length) == 0 : b->offset == a->offset) &&
		bl_zone_midnight(zone_table, bl_zone_day(zone_table, b->start)) == b->start;
}

BlStatus
bl_profile_join(const BlProfile *parts, int n, const BlZone *zone_table, uint8_t *bytes, size_t room, size_t *size)
{
	BlWriter	w = {bytes, room, 0};
	BlProfile	whole = parts[0];

	if (whole.offset != bl_zone_offset(zone_table, whole.start))
		return BL_UNALIGNED;
	for (int i = 1; i < n; i++)
	{
		if (!follows(&parts[i - 1], &parts[i], zone_table))
			return BL_UNALIGNED;
		whole.slots += parts[i].slots;
		whole.blocks += parts[i].blocks;
		if (whole.slots > BL_PROFILE_SLOTS_MAX || whole.blocks > BL_PROFILE_BLOCKS_MAX)
			return BL_LIMIT;
	}
	header_write(&w, &whole, whole.offset, whole.quality);
	for (int i = 0; i < n; i++)
		bl_write_bytes(&w, parts[i].first, (size_t) (parts[i].end - parts[i].first));
	if (w.used > room)
		return BL_NO_SPACE;
	bl_put_le16(bytes + 14, (uint16_t) whole.blocks);
	*size = w.used;
	return BL_OK;
}

/* ------------------------------------------------------- logical content */

int
bl_values_scale(const int64_t *values, int n, int scale)
{
	int64_t		divisor = 1;
	int			zeros = 18;		/* that all values so far end in */
	bool		any = false;

	for (int i = 0; i < 18; i++)
		divisor *= 10;
	for (int i = 0; i < n && zeros > 0; i++)
	{
		if (values[i] == 0)
			continue;
		any = true;
		while (zeros > 0 && values[i] % divisor != 0)
		{
			divisor /= 10;
			zeros--;
		}
	}
	return any ? scale + zeros : 0;
}

void
bl_profile_canonical(const BlProfile *profile, const int64_t *values,
					 const uint8_t *qualities, BlWriter *w)
{
	int			scale = bl_values_scale(values, profile->slots, profile->scale);
	int64_t		divisor = 1;

	for (int i = profile->scale; i < scale; i++)
		divisor *= 10;
	bl_write_bytes(w, "profile", 8);
	bl_write_le32(w, (uint32_t) profile->start);
	bl_write_le32(w, (uint32_t) profile->slots);
	bl_write_le16(w, (uint16_t) profile->slot_minutes);
	bl_write_u8(w, (uint8_t) profile->unit);
	bl_write_u8(w, (uint8_t) scale);
	runs_write(w, qualities, profile->slots);
	for (int i = 0; i < profile->slots; i++)
		bl_write_varint(w, bl_zigzag(divisor == 1 ? values[i] : values[i] / divisor));
}

/*
 * profile.h - the load-profile format: equal slots, packed a local day a block
 *
 * A profile is one channel of one meter over [start, start + slots * slot): integers times
 * a decimal scale of a unit, and a quality per slot.  A missing slot holds no
 * value (its packed offset is zero) and counts as nothing in any sum.
 *
 * profile, version 1 (after the varlena length word; integers little-endian)
 *
 *	 0  1  version
 *	 1  1  flags, all reserved: zero
 *	 2  2  slot length in minutes, 1 .. 1440, a divisor of 1440
 *	 4  4  start of the first slot, minutes since 2000-01-01 00:00 UTC, signed
 *	 8  2  minutes east of UTC at the start, signed
 *	10  1  unit (BlUnit)
 *	11  1  scale, signed, -9 .. 9 (energies -6 .. 9, so 10^-9 kWh is the finest):
 *		   a value v means v * 10^scale units
 *	12  1  quality of every slot of a block that does not say otherwise
 *	13  1  length of the zone's name, 0 .. 63; 0: the offset at 8 holds throughout
 *	14  2  number of blocks
 *	16  4  number of slots, 1 .. 2^22
 *	20  .  the zone's name
 *	 .  .  blocks
 *
 * A block holds the slots that start on one local day of the profile's zone,
 * so only the first and the last are partial.  No slot straddles a local midnight.
 *
 *	 1	tag		bits 0-4  width of a packed offset in bits, 0 .. 16 (narrow), 0 (wide)
 *				bit 5	  a slot count follows; without it the block has 1440 / slot
 *				bit 6	  quality runs follow the values
 *				bit 7	  wide: a 64-bit base and width follow
 *	 2	slot count, with bit 5
 *	 2	base, signed (narrow)
 *	 1+8  width 0 .. 64, then base, signed (wide)
 *	 .	offsets from base
 *	 .	quality runs, with bit 6: a count of runs (varint), then for each a
 *		quality (1 byte) and a length in slots (varint, not 0); they cover the block
 *
 * Narrow offsets lie in 8 lanes of 16-bit words: with R = ceil(slots / 8), lane
 * l holds slots l * R .. l * R + R - 1 one after another, lowest bits first,
 * padded with zeros; word w of all lanes is 16 bytes at 16 * w, but where the last
 * word of a lane holds 8 bits or fewer, 8 bytes.  So unpacking is shifts of whole
 * vectors, and for a 24-hour day every lane is three hours.  That takes
 * 8 * ceil(R * width / 8) bytes (the half word lets two 31-day months of 10-bit
 * quarter-hours share a page).  Wide offsets follow each other in
 * reading order, lowest bits first, in ceil(slots * width / 8) bytes.
 *
 * Measured: lanes are 3 to 4 times faster than bits in reading order, without
 * any CPU dispatch; a day of zeros takes 3 bytes; general compression gains
 * nothing on top.
 *
 * Equality, hash and digest are over the logical content (span, slot, unit, values,
 * quality, zone-independent), never over blocking or scale.  Its canonical bytes are
 * the word "profile" and a zero byte, start (4), slots (4), slot length (2), unit (1),
 * the largest scale that holds every value in whole numbers (1, 0 where all are zero),
 * the quality runs of all slots as in a block, then every value at that scale as a
 * zigzag varint, 0 where missing.  The digest is their SHA-256.
 */
#ifndef BL_PROFILE_H
#define BL_PROFILE_H

#include "bytes.h"
#include "clock.h"
#include "fixed.h"
#include "lanes.h"

enum
{
	BL_PROFILE_VERSION = 1,
	BL_PROFILE_HEADER = 20,
	BL_PROFILE_SLOTS_MAX = 1 << 22,
	BL_PROFILE_BLOCKS_MAX = 65535,
	BL_BLOCK_SLOTS_MAX = 1500,	/* a 25-hour day of minutes */
	BL_PROFILE_ZONE_MAX = 63,
	BL_PROFILE_SCALE_MAX = 9,
	BL_PROFILE_SCALE_MIN = -9,
	BL_PROFILE_ENERGY_SCALE_MIN = -6
};

typedef enum BlUnit
{
	BL_WH,						/* energies: summed over time */
	BL_VARH,
	BL_VAH,
	BL_W,						/* levels: never summed by default */
	BL_VAR,
	BL_VA,
	BL_V,
	BL_A,
	BL_HZ,
	BL_PF,						/* power factor, no unit */
	BL_CELSIUS,
	BL_UNIT_COUNT
} BlUnit;

typedef enum BlQuality
{
	BL_ACTUAL,
	BL_ESTIMATED,
	BL_SUBSTITUTED,
	BL_CORRECTED,
	BL_SUSPECT,
	BL_MISSING,
	BL_QUALITY_COUNT
} BlQuality;

/* An opened profile: the header, and where the blocks are. */
typedef struct BlProfile
{
	int			slot_minutes;
	int32_t		start;			/* minutes, see clock.h */
	int			offset;			/* east of UTC at the start */
	BlUnit		unit;
	int			scale;
	BlQuality	quality;
	int			blocks;
	int			slots;
	int			day_slots;		/* of a 24-hour day */
	const char *zone;			/* not terminated; zone_length 0: the fixed offset */
	int			zone_length;
	const uint8_t *first;		/* first block */
	const uint8_t *end;
} BlProfile;

/* One block: where its parts are.  Checked: all of it lies within the bytes. */
typedef struct BlBlock
{
	int32_t		start;			/* of its first slot, minutes */
	int			slots;
	int			width;
	bool		wide;
	int64_t		base;
	const uint8_t *offsets;
	const uint8_t *runs;		/* NULL: every slot has the profile's quality */
	const uint8_t *runs_end;
} BlBlock;

typedef struct BlCursor
{
	const uint8_t *next;
	int			block;			/* already given */
	int			slot;			/* already given */
} BlCursor;

/* Checks the header only; the blocks are checked as they are walked. */
extern BlStatus bl_profile_open(BlProfile *profile, const uint8_t *bytes, size_t size);
/* Walks and checks everything, the values' decoding included. */
extern BlStatus bl_profile_validate(const uint8_t *bytes, size_t size);

static inline int32_t
bl_profile_until(const BlProfile *p)
{
	return p->start + p->slots * p->slot_minutes;
}

static inline bool
bl_unit_is_energy(BlUnit unit)
{
	return unit <= BL_VAH;
}

static inline int
bl_unit_scale_min(BlUnit unit)
{
	return bl_unit_is_energy(unit) ? BL_PROFILE_ENERGY_SCALE_MIN : BL_PROFILE_SCALE_MIN;
}

/* the general path of bl_profile_next */
extern BlStatus bl_profile_next_any(const BlProfile *profile, BlCursor *cursor, BlBlock *block);

/*
 * The next block.  BL_OK with block->slots == 0 after the last one; then it
 * also has checked that nothing is left over.  A cursor begins as zeros.
 */
static inline BlStatus
bl_profile_next(const BlProfile *profile, BlCursor *cursor, BlBlock *block)
{
	const uint8_t *p = cursor->next;
	size_t		size;

	/* the common case inline: a whole narrow day of one quality */
	if (p == NULL || profile->end - p < 3 || p[0] > 16 ||
		profile->slots - cursor->slot < profile->day_slots || cursor->block >= profile->blocks)
		return bl_profile_next_any(profile, cursor, block);
	size = 3 + bl_lanes_bytes(bl_lanes_rows(profile->day_slots), p[0]);
	if ((size_t) (profile->end - p) < size)
		return BL_TRUNCATED;
	block->start = profile->start + cursor->slot * profile->slot_minutes;
	block->slots = profile->day_slots;
	block->width = p[0];
	block->wide = false;
	block->base = (int16_t) bl_le16(p + 1);
	block->offsets = p + 3;
	block->runs = block->runs_end = NULL;
	cursor->next = p + size;
	cursor->block++;
	cursor->slot += block->slots;
	return BL_OK;
}

/*
 * The values of a block (0 where missing) and, unless NULL, the qualities; both have
 * room for BL_BLOCK_SLOTS_MAX.  *missing, unless NULL, is the number of missing slots.
 */
extern BlStatus bl_block_decode(const BlProfile *profile, const BlBlock *block,
								int64_t *values, uint8_t *qualities, int *missing);

/*
 * The sum of a block's slots, times 10^-scale, and how many are missing; no
 * slot is unpacked where the block is narrow.
 */
extern BlStatus bl_block_sum(const BlProfile *profile, const BlBlock *block, BlInt128 *sum, int *missing);

/*
 * Packing.  The shape (slot, start, unit, scale, zone...) comes in `shape`
 * (blocks and pointers are not looked at); zone_table gives the midnights.
 * values[i] of a missing slot is ignored; qualities NULL: all are shape->quality,
 * otherwise the most frequent of them goes into the header.
 * bl_profile_bound gives room enough for any values; *size is what was used.
 * BL_UNALIGNED where a slot would straddle a local midnight; BL_BAD_VALUE for a shape
 * that bl_profile_open would refuse; BL_LIMIT for too many slots or blocks.
 */
extern size_t bl_profile_bound(const BlProfile *shape);
extern BlStatus bl_profile_pack(const BlProfile *shape, const BlZone *zone_table,
								const int64_t *values, const uint8_t *qualities,
								uint8_t *bytes, size_t room, size_t *size);

/*
 * Profiles that follow each other, in one, by copying their blocks: BL_UNALIGNED
 * unless each begins where the one before ends, at a midnight of zone_table, and all
 * have the same slot, unit, scale, quality and zone.  Their sizes together are room enough.
 */
extern BlStatus bl_profile_join(const BlProfile *parts, int n, const BlZone *zone_table,
								uint8_t *bytes, size_t room, size_t *size);

/* BL_UNALIGNED unless every block is one whole local day of the table */
extern BlStatus bl_profile_check_days(const BlProfile *profile, const BlZone *zone_table);

/*
 * All values and, unless NULL, qualities, with room for profile->slots each.
 * *missing, unless NULL, is the number of missing slots.
 */
extern BlStatus bl_profile_decode(const BlProfile *profile, int64_t *values, uint8_t *qualities, int *missing);

/* The sum of all slots, as a decimal in units (10^scale applied); *missing as above. */
extern BlStatus bl_profile_sum(const BlProfile *profile, BlDec *sum, int *missing);

/* a value at a profile's scale as a decimal in units */
extern BlDec bl_scaled(BlInt128 value, int scale);

/* The canonical bytes of decoded content, for digest and hash; nothing is written beyond w->size. */
extern void bl_profile_canonical(const BlProfile *profile, const int64_t *values,
								 const uint8_t *qualities, BlWriter *w);
/* The largest scale, from `scale` on, that holds every value in whole numbers; 0 where all are zero. */
extern int	bl_values_scale(const int64_t *values, int n, int scale);

/* "kWh" is BL_WH with *scale 3; prefixes n u m k M G T, base names as bl_unit_name gives them */
extern BlStatus bl_unit_parse(const char *text, size_t length, BlUnit *unit, int *scale);
extern const char *bl_unit_name(BlUnit unit);
extern BlStatus bl_quality_parse(const char *text, size_t length, BlQuality *quality);
extern const char *bl_quality_name(BlQuality quality);
/* the one that a sum of slots keeps: missing, suspect, estimated, substituted, corrected, actual */
extern BlQuality bl_quality_worse(BlQuality a, BlQuality b);

#endif							/* BL_PROFILE_H */

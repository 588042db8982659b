/*
 * usage.h - what the meters say of one period: named parts with channels
 *
 * usage, version 1 (after the varlena length word; integers little-endian)
 *
 *	 0  1  version
 *	 1  1  flags, all reserved: zero
 *	 2  1  number of parts, 0 .. 16; names rise (bytes), so a set of parts has one form
 *	 .  .  parts, each
 *		1+n  name: length 1 .. 63, UTF-8
 *		1	 number of profiles; each: channel (1, rising), length (4), a profile (profile.h)
 *		2	 number of registers; each a BlRegister:
 *			 channel (1), span kind (1: BlSpanKind, and 4 where it is estimated), from and until (4+4,
 *			 unless the kind is none),
 *			 period name (1+n, empty: all periods), kWh (decimal)
 *		2	 number of recorded demands; each a BlRecordedDemand:
 *			 flags (1: bit 0 a moment follows, bit 1 kVA), moment (4), period name (1+n), kW or kVA (decimal)
 *
 * A decimal is its scale (1) and its coefficient, a zigzag varint of 64 bits,
 * without trailing zero decimals.  Energies are in the channel's own k-unit:
 * kWh, kvarh, kVAh.  No energy or demand is negative: what flows back has its
 * own channel.
 *
 * Registers rise by channel, period, span kind, from; those of one channel and
 * period are all of one span kind (days and moments cannot be compared without
 * a zone), do not overlap, and one without a span stands alone.  Demands rise
 * by moment (those without first), period, kW before kVA, size; one moment, period
 * and unit has one demand.  So equal usages have equal bytes, in whatever order they were given;
 * profiles count as packed.
 */
#ifndef BL_USAGE_H
#define BL_USAGE_H

#include "profile.h"

enum
{
	BL_USAGE_VERSION = 1,
	BL_USAGE_PARTS_MAX = 16,
	BL_USAGE_REGISTERS_MAX = 4096,	/* of a part */
	BL_USAGE_DEMANDS_MAX = 1024,
	BL_NAME_MAX = 63			/* bytes of the name of a part, period, charge, counter … */
};

typedef enum BlChannel
{
	BL_IMPORT,
	BL_EXPORT,
	BL_GENERATION,
	BL_REACTIVE_IMPORT,
	BL_REACTIVE_EXPORT,
	BL_REACTIVE_Q1,
	BL_REACTIVE_Q2,
	BL_REACTIVE_Q3,
	BL_REACTIVE_Q4,
	BL_APPARENT,
	BL_CHANNEL_COUNT
} BlChannel;

typedef enum BlSpanKind
{
	BL_SPAN_NONE,				/* the whole billed span, whatever it is */
	BL_SPAN_DAYS,				/* local days of the tariff's zone, see clock.h */
	BL_SPAN_MOMENTS				/* minutes */
} BlSpanKind;

/* A piece of text inside some bytes; not terminated. */
typedef struct BlText
{
	const char *text;
	int			length;
} BlText;

typedef struct BlRegister
{
	BlChannel	channel;
	BlSpanKind	kind;
	int32_t		from;
	int32_t		until;			/* not included; above from */
	BlText		period;			/* empty: all periods together */
	BlDec		kwh;			/* scale <= BL_ENERGY_SCALE */
	bool		estimated;		/* a reading behind it is */
} BlRegister;

typedef struct BlRecordedDemand
{
	bool		has_moment;
	int32_t		moment;
	BlText		period;			/* empty: whatever the period */
	BlDec		kw;				/* or kVA */
	bool		apparent;		/* it is kVA */
} BlRecordedDemand;

typedef struct BlUsagePart
{
	BlText		name;
	const uint8_t *profile[BL_CHANNEL_COUNT];	/* NULL: none */
	size_t		profile_size[BL_CHANNEL_COUNT];
	int			profiles;
	int			registers;
	const uint8_t *register_bytes;
	int			demands;
	const uint8_t *demand_bytes;
	const uint8_t *end;
} BlUsagePart;

typedef struct BlUsage
{
	int			parts;
	BlUsagePart part[BL_USAGE_PARTS_MAX];
} BlUsage;

/* A usage before it is packed; what it points to belongs to the caller. */
typedef struct BlUsageDraftPart
{
	BlText		name;
	const uint8_t *profile[BL_CHANNEL_COUNT];	/* NULL: none */
	size_t		profile_size[BL_CHANNEL_COUNT];
	struct BlJson *profile_json[BL_CHANNEL_COUNT];	/* see usage_json.h */
	int			registers;
	BlRegister *reg;
	int			demands;
	BlRecordedDemand *demand;
} BlUsageDraftPart;

typedef struct BlUsageDraft
{
	int			parts;
	BlUsageDraftPart part[BL_USAGE_PARTS_MAX];
} BlUsageDraft;

extern const char *const bl_channel_name[BL_CHANNEL_COUNT];
extern bool bl_channel_find(const char *text, size_t length, BlChannel *channel);
extern BlUnit bl_channel_unit(BlChannel channel);	/* that its profiles must have */

/* Checks everything but the inside of the profiles, which is checked as they are read. */
extern BlStatus bl_usage_open(BlUsage *usage, const uint8_t *bytes, size_t size);
/* The same, profiles included. */
extern BlStatus bl_usage_validate(const uint8_t *bytes, size_t size);

/* Walk: start with the part's register_bytes (or demand_bytes) and call once for each; never fails on an opened usage. */
extern void bl_usage_register(const BlUsagePart *part, const uint8_t **next, BlRegister *out);
extern void bl_usage_demand(const BlUsagePart *part, const uint8_t **next, BlRecordedDemand *out);

/* The usage of a single profile, without copying it: what usage(import => p) means. */
extern void bl_usage_of_profile(BlUsage *usage, BlChannel channel, const uint8_t *bytes, size_t size);

/*
 * Sorts the draft, checks it, and writes it: once into a writer without room
 * to learn the size, once for good.  The profiles' insides are not looked at,
 * their units are.
 */
extern BlStatus bl_usage_write(BlUsageDraft *draft, BlWriter *w, BlProblem *problem);

/*
 * Both as one: parts of one name become one part.  BL_OVERLAP where both have
 * the same part's profile of a channel, or registers that overlap; BL_UNALIGNED
 * where these have spans of days and of moments.
 */
extern BlStatus bl_usage_merge(const BlUsage *a, const BlUsage *b, BlWriter *w, BlProblem *problem);

/*
 * Writers: the parts of a usage, then for each its head, its profiles, the
 * number of registers, the registers, the number of demands, the demands.
 * They check nothing.
 */
extern void bl_usage_write_head(BlWriter *w, int parts);
extern void bl_usage_write_part(BlWriter *w, BlText name, int profiles);
extern void bl_usage_write_profile(BlWriter *w, BlChannel channel, const uint8_t *bytes, size_t size);
extern void bl_usage_write_count(BlWriter *w, int registers_or_demands);
extern void bl_usage_write_register(BlWriter *w, const BlRegister *r);
extern void bl_usage_write_demand(BlWriter *w, const BlRecordedDemand *d);

/*
 * Written without trailing zero decimals.  One that fails bl_decimal_fits
 * makes the writer need more memory than there is.
 */
extern void bl_write_decimal(BlWriter *w, BlDec d);
extern bool bl_decimal_fits(BlDec d);
extern BlDec bl_read_decimal(BlReader *r);	/* marks the reader bad when out of bounds */

extern int	bl_text_cmp(BlText a, BlText b);	/* by bytes, a shorter one first */
/* a name as all our formats want it: 1 .. BL_NAME_MAX bytes of UTF-8 without control characters */
extern bool bl_name_valid(BlText name);

/*
 * The energy between two readings of a register of `digits` whole digits (0:
 * not known), exact: (end - start) * multiplier, and where the end is the
 * smaller one the register rolled over once.
 */
extern BlStatus bl_register_energy(BlDec start, BlDec end, int digits, BlDec multiplier,
								   BlDec *energy, BlProblem *problem);

/*
 * A register's energy divided at a moment by the shape of a standard profile,
 * in whole steps of 10^-6 k-units: both add up to energy.  The profile covers
 * the span without gaps (BL_GAP), and its slots begin at all three moments
 * (BL_UNALIGNED).
 */
extern BlStatus bl_register_split(BlDec energy, int32_t from, int32_t until, int32_t split,
								  const BlProfile *standard, BlDec parts[2], BlProblem *problem);

#endif							/* BL_USAGE_H */

/*
 * usage.c - reading, checking, merging and writing usages; the layout is at
 * the top of usage.h
 */
#include "usage.h"

#include <stdio.h>
#include <stdlib.h>

#include "utf8.h"

const char *const bl_channel_name[BL_CHANNEL_COUNT] = {
	[BL_IMPORT] = "import", [BL_EXPORT] = "export", [BL_GENERATION] = "generation",
	[BL_REACTIVE_IMPORT] = "reactive_import", [BL_REACTIVE_EXPORT] = "reactive_export",
	[BL_REACTIVE_Q1] = "reactive_q1", [BL_REACTIVE_Q2] = "reactive_q2",
	[BL_REACTIVE_Q3] = "reactive_q3", [BL_REACTIVE_Q4] = "reactive_q4",
	[BL_APPARENT] = "apparent"
};

enum
{
	DEMAND_HAS_MOMENT = 1,
	DEMAND_APPARENT = 2,
	REGISTER_ESTIMATED = 4		/* with the span kind */
};

/* the core's years, in minutes */
static const int32_t MINUTE_MIN = BL_DAY_MIN * BL_MINUTES_PER_DAY;
static const int32_t MINUTE_MAX = BL_DAY_MAX * BL_MINUTES_PER_DAY;

bool
bl_channel_find(const char *text, size_t length, BlChannel *channel)
{
	for (int i = 0; i < BL_CHANNEL_COUNT; i++)
		if (strlen(bl_channel_name[i]) == length && memcmp(bl_channel_name[i], text, length) == 0)
		{
			*channel = (BlChannel) i;
			return true;
		}
	return false;
}

BlUnit
bl_channel_unit(BlChannel channel)
{
	return channel <= BL_GENERATION ? BL_WH : channel == BL_APPARENT ? BL_VAH : BL_VARH;
}

/* ------------------------------------------------------------------ names */

int
bl_text_cmp(BlText a, BlText b)
{
	int			n = a.length < b.length ? a.length : b.length;
	int			c = n > 0 ? memcmp(a.text, b.text, (size_t) n) : 0;

	return c != 0 ? c : (a.length > b.length) - (a.length < b.length);
}

bool
bl_name_valid(BlText name)
{
	return name.length >= 1 && name.length <= BL_NAME_MAX &&
		bl_utf8_plain(name.text, (size_t) name.length);
}

static BlText
read_text(BlReader *r, bool may_be_empty)
{
	int			length = bl_read_u8(r);
	BlText		name = {(const char *) bl_read_bytes(r, (size_t) length), length};

	if (name.text == NULL)
		return (BlText) {"", 0};
	if (!(length == 0 && may_be_empty) && !bl_name_valid(name))
		r->bad = true;
	return name;
}

static void
write_text(BlWriter *w, BlText text)
{
	bl_write_u8(w, (uint8_t) text.length);
	bl_write_bytes(w, text.text, (size_t) text.length);
}

/* --------------------------------------------------------------- decimals */

bool
bl_decimal_fits(BlDec d)
{
	d = bl_dec_trim(d);
	return d.coefficient >= INT64_MIN && d.coefficient <= INT64_MAX;
}

void
bl_write_decimal(BlWriter *w, BlDec d)
{
	d = bl_dec_trim(d);
	if (!bl_decimal_fits(d))
	{
		w->used |= SIZE_MAX / 2 + 1;
		return;
	}
	bl_write_u8(w, (uint8_t) d.scale);
	bl_write_varint(w, bl_zigzag((int64_t) d.coefficient));
}

BlDec
bl_read_decimal(BlReader *r)
{
	int			scale = bl_read_u8(r);
	int64_t		coefficient = bl_unzigzag(bl_read_varint(r));

	if (scale > BL_SCALE_MAX || (scale > 0 && coefficient % 10 == 0))
		r->bad = true;
	return r->bad ? BL_ZERO : bl_dec(coefficient, scale);
}

/* a decimal that is an energy or a demand of a usage */
static BlDec
read_quantity(BlReader *r)
{
	BlDec		d = bl_read_decimal(r);

	if (d.coefficient < 0 || d.scale > BL_ENERGY_SCALE)
		r->bad = true;
	return d;
}

static bool
quantity_valid(BlDec d)
{
	d = bl_dec_trim(d);
	return d.coefficient >= 0 && d.scale <= BL_ENERGY_SCALE && bl_decimal_fits(d);
}

/* -------------------------------------------------- registers and demands */

static bool
span_valid(const BlRegister *r)
{
	switch (r->kind)
	{
		case BL_SPAN_NONE:
			return true;
		case BL_SPAN_DAYS:
			return r->from >= BL_DAY_MIN && r->from < r->until && r->until <= BL_DAY_MAX;
		case BL_SPAN_MOMENTS:
			return r->from >= MINUTE_MIN && r->from < r->until && r->until <= MINUTE_MAX;
	}
	return false;
}

static BlRegister
read_register(BlReader *r)
{
	BlRegister	reg = {0};
	int			channel = bl_read_u8(r);
	int			kind = bl_read_u8(r);

	reg.estimated = (kind & REGISTER_ESTIMATED) != 0;
	kind &= ~REGISTER_ESTIMATED;
	if (channel >= BL_CHANNEL_COUNT || kind > BL_SPAN_MOMENTS)
	{
		r->bad = true;
		return reg;
	}
	reg.channel = (BlChannel) channel;
	reg.kind = (BlSpanKind) kind;
	if (reg.kind != BL_SPAN_NONE)
	{
		reg.from = (int32_t) bl_read_le32(r);
		reg.until = (int32_t) bl_read_le32(r);
	}
	reg.period = read_text(r, true);
	reg.kwh = read_quantity(r);
	if (!span_valid(&reg))
		r->bad = true;
	return reg;
}

static BlRecordedDemand
read_demand(BlReader *r)
{
	BlRecordedDemand d = {0};
	int			flags = bl_read_u8(r);

	if (flags & ~(DEMAND_HAS_MOMENT | DEMAND_APPARENT))
		r->bad = true;
	d.apparent = (flags & DEMAND_APPARENT) != 0;
	d.has_moment = (flags & DEMAND_HAS_MOMENT) != 0;
	if (d.has_moment)
	{
		d.moment = (int32_t) bl_read_le32(r);
		if (d.moment < MINUTE_MIN || d.moment > MINUTE_MAX)
			r->bad = true;
	}
	d.period = read_text(r, true);
	d.kw = read_quantity(r);
	return d;
}

/* same channel and period: they may meet */
static bool
same_register(const BlRegister *a, const BlRegister *b)
{
	return a->channel == b->channel && bl_text_cmp(a->period, b->period) == 0;
}

static int
register_cmp(const BlRegister *a, const BlRegister *b)
{
	int			c = (a->channel > b->channel) - (a->channel < b->channel);

	if (c == 0)
		c = bl_text_cmp(a->period, b->period);
	if (c == 0)
		c = (a->kind > b->kind) - (a->kind < b->kind);
	if (c == 0)
		c = (a->from > b->from) - (a->from < b->from);
	return c;
}

/* whether b may stand right behind a, given register_cmp(a, b) <= 0 */
static bool
register_follows(const BlRegister *a, const BlRegister *b)
{
	return !same_register(a, b) ||
		(a->kind == b->kind && a->kind != BL_SPAN_NONE && b->from >= a->until);
}

static bool
same_demand(const BlRecordedDemand *a, const BlRecordedDemand *b)
{
	return a->has_moment && b->has_moment && a->moment == b->moment && a->apparent == b->apparent &&
		bl_text_cmp(a->period, b->period) == 0;
}

static int
demand_cmp(const BlRecordedDemand *a, const BlRecordedDemand *b)
{
	int			c = a->has_moment - b->has_moment;

	if (c == 0 && a->has_moment)
		c = (a->moment > b->moment) - (a->moment < b->moment);
	if (c == 0)
		c = bl_text_cmp(a->period, b->period);
	if (c == 0)
		c = a->apparent - b->apparent;
	return c != 0 ? c : bl_dec_cmp(a->kw, b->kw);
}

/* ---------------------------------------------------------------- opening */

/* walks the registers of a part and checks their order */
static BlStatus
open_registers(BlUsagePart *part, BlReader *r)
{
	BlRegister	last = {0};

	part->registers = bl_read_le16(r);
	part->register_bytes = r->next;
	if (part->registers > BL_USAGE_REGISTERS_MAX)
		return BL_LIMIT;
	for (int i = 0; i < part->registers && !r->bad; i++)
	{
		BlRegister	reg = read_register(r);

		if (i > 0 && !r->bad && (register_cmp(&last, &reg) > 0 || !register_follows(&last, &reg)))
			return BL_CORRUPT;
		last = reg;
	}
	return BL_OK;
}

static BlStatus
open_demands(BlUsagePart *part, BlReader *r)
{
	BlRecordedDemand last = {0};

	part->demands = bl_read_le16(r);
	part->demand_bytes = r->next;
	if (part->demands > BL_USAGE_DEMANDS_MAX)
		return BL_LIMIT;
	for (int i = 0; i < part->demands && !r->bad; i++)
	{
		BlRecordedDemand demand = read_demand(r);

		if (i > 0 && !r->bad && (demand_cmp(&last, &demand) > 0 || same_demand(&last, &demand)))
			return BL_CORRUPT;
		last = demand;
	}
	return BL_OK;
}

static BlStatus
open_part(BlUsagePart *part, BlReader *r)
{
	int			last = -1;
	BlStatus	status;

	memset(part, 0, sizeof *part);
	part->name = read_text(r, false);
	part->profiles = bl_read_u8(r);
	for (int i = 0; i < part->profiles && !r->bad; i++)
	{
		int			channel = bl_read_u8(r);
		size_t		size = bl_read_le32(r);
		const uint8_t *bytes = bl_read_bytes(r, size);

		if (bytes == NULL)
			return BL_CORRUPT;
		if (channel <= last || channel >= BL_CHANNEL_COUNT)
			return BL_CORRUPT;
		part->profile[channel] = bytes;
		part->profile_size[channel] = size;
		last = channel;
	}
	status = open_registers(part, r);
	if (status == BL_OK)
		status = open_demands(part, r);
	part->end = r->next;
	return status == BL_OK && r->bad ? BL_CORRUPT : status;
}

BlStatus
bl_usage_open(BlUsage *usage, const uint8_t *bytes, size_t size)
{
	BlReader	r = {bytes, bytes + size, false};
	int			version = bl_read_u8(&r);
	int			flags = bl_read_u8(&r);

	usage->parts = 0;
	if (size < 3)
		return BL_TRUNCATED;
	if (version != BL_USAGE_VERSION || flags != 0)
		return BL_BAD_VERSION;
	usage->parts = bl_read_u8(&r);
	if (usage->parts > BL_USAGE_PARTS_MAX)
		return BL_LIMIT;
	for (int i = 0; i < usage->parts; i++)
	{
		BlStatus	status = open_part(&usage->part[i], &r);

		if (status != BL_OK)
			return status;
		if (i > 0 && bl_text_cmp(usage->part[i - 1].name, usage->part[i].name) >= 0)
			return BL_CORRUPT;
	}
	return r.next == r.end ? BL_OK : BL_CORRUPT;
}

BlStatus
bl_usage_validate(const uint8_t *bytes, size_t size)
{
	BlUsage		usage;
	BlStatus	status = bl_usage_open(&usage, bytes, size);

	for (int i = 0; i < usage.parts && status == BL_OK; i++)
		for (int c = 0; c < BL_CHANNEL_COUNT && status == BL_OK; c++)
		{
			const BlUsagePart *part = &usage.part[i];
			BlProfile	profile;

			if (part->profile[c] == NULL)
				continue;
			status = bl_profile_validate(part->profile[c], part->profile_size[c]);
			if (status == BL_OK)
				status = bl_profile_open(&profile, part->profile[c], part->profile_size[c]);
			if (status == BL_OK && profile.unit != bl_channel_unit((BlChannel) c))
				status = BL_BAD_UNIT;
		}
	return status;
}

void
bl_usage_register(const BlUsagePart *part, const uint8_t **next, BlRegister *out)
{
	BlReader	r = {*next, part->end, false};

	*out = read_register(&r);
	*next = r.next;
}

void
bl_usage_demand(const BlUsagePart *part, const uint8_t **next, BlRecordedDemand *out)
{
	BlReader	r = {*next, part->end, false};

	*out = read_demand(&r);
	*next = r.next;
}

void
bl_usage_of_profile(BlUsage *usage, BlChannel channel, const uint8_t *bytes, size_t size)
{
	BlUsagePart *part = &usage->part[0];

	usage->parts = 1;
	memset(part, 0, sizeof *part);
	part->name = (BlText) {"main", 4};
	part->profiles = 1;
	part->profile[channel] = bytes;
	part->profile_size[channel] = size;
}

/* ---------------------------------------------------------------- writing */

void
bl_usage_write_head(BlWriter *w, int parts)
{
	bl_write_u8(w, BL_USAGE_VERSION);
	bl_write_u8(w, 0);
	bl_write_u8(w, (uint8_t) parts);
}

void
bl_usage_write_part(BlWriter *w, BlText name, int profiles)
{
	write_text(w, name);
	bl_write_u8(w, (uint8_t) profiles);
}

void
bl_usage_write_profile(BlWriter *w, BlChannel channel, const uint8_t *bytes, size_t size)
{
	bl_write_u8(w, (uint8_t) channel);
	bl_write_le32(w, (uint32_t) size);
	bl_write_bytes(w, bytes, size);
}

void
bl_usage_write_count(BlWriter *w, int registers_or_demands)
{
	bl_write_le16(w, (uint16_t) registers_or_demands);
}

void
bl_usage_write_register(BlWriter *w, const BlRegister *r)
{
	bl_write_u8(w, (uint8_t) r->channel);
	bl_write_u8(w, (uint8_t) (r->kind | (r->estimated ? REGISTER_ESTIMATED : 0)));
	if (r->kind != BL_SPAN_NONE)
	{
		bl_write_le32(w, (uint32_t) r->from);
		bl_write_le32(w, (uint32_t) r->until);
	}
	write_text(w, r->period);
	bl_write_decimal(w, r->kwh);
}

void
bl_usage_write_demand(BlWriter *w, const BlRecordedDemand *d)
{
	bl_write_u8(w, (uint8_t) ((d->has_moment ? DEMAND_HAS_MOMENT : 0) | (d->apparent ? DEMAND_APPARENT : 0)));
	if (d->has_moment)
		bl_write_le32(w, (uint32_t) d->moment);
	write_text(w, d->period);
	bl_write_decimal(w, d->kw);
}

/* --------------------------------------------------------------- problems */

static void
span_text(const BlRegister *r, char out[64])
{
	char		from[24];
	char		until[24];

	if (r->kind == BL_SPAN_NONE)
	{
		snprintf(out, 64, "the whole span");
		return;
	}
	if (r->kind == BL_SPAN_DAYS)
	{
		bl_day_text(r->from, from);
		bl_day_text(r->until, until);
	}
	else
	{
		bl_moment_text(r->from, from);
		bl_moment_text(r->until, until);
	}
	snprintf(out, 64, "%s to %s", from, until);
}

/* why b may not stand beside a */
static BlStatus
register_overlap(BlText part, const BlRegister *a, const BlRegister *b, BlProblem *problem)
{
	bool		mixed = a->kind != b->kind && a->kind != BL_SPAN_NONE && b->kind != BL_SPAN_NONE;
	char		first[64];
	char		second[64];

	span_text(a, first);
	span_text(b, second);
	if (mixed)
		bl_problem(problem, BL_UNALIGNED, "registers of part \"%.*s\" have spans of days and of moments",
				   part.length, part.text);
	else
		bl_problem(problem, BL_OVERLAP, "two registers of part \"%.*s\" count the same energy",
				   part.length, part.text);
	bl_problem_detail(problem, "Channel %s, %s%.*s: one covers %s, the other %s.",
					  bl_channel_name[a->channel],
					  a->period.length > 0 ? "period " : "all periods together",
					  a->period.length, a->period.text, first, second);
	if (mixed)
		bl_problem_hint(problem, "Give the spans of one channel and period all as days, or all as moments.");
	else
		bl_problem_hint(problem, "Registers of one channel and period follow each other, "
						"from the first one's until; a second meter is a part of its own.");
	return mixed ? BL_UNALIGNED : BL_OVERLAP;
}

static BlStatus
demand_overlap(BlText part, const BlRecordedDemand *d, BlProblem *problem)
{
	char		at[24];

	bl_moment_text(d->moment, at);
	bl_problem(problem, BL_OVERLAP, "two demands of part \"%.*s\" are of the same moment",
			   part.length, part.text);
	bl_problem_detail(problem, "Both are of %s, %s%.*s.", at,
					  d->period.length > 0 ? "period " : "whatever the period",
					  d->period.length, d->period.text);
	return bl_problem_hint(problem, "Keep the one that holds.");
}

static BlStatus
too_many(BlText part, const char *what, int most, BlProblem *problem)
{
	return bl_problem(problem, BL_LIMIT, "part \"%.*s\" has more than %d %s",
					  part.length, part.text, most, what);
}

static BlStatus
too_many_parts(BlProblem *problem)
{
	return bl_problem(problem, BL_LIMIT, "a usage has at most %d parts", BL_USAGE_PARTS_MAX);
}

/* ----------------------------------------------------------------- drafts */

static int
by_register(const void *a, const void *b)
{
	return register_cmp(a, b);
}

static int
by_demand(const void *a, const void *b)
{
	return demand_cmp(a, b);
}

static int
by_part(const void *a, const void *b)
{
	return bl_text_cmp(((const BlUsageDraftPart *) a)->name, ((const BlUsageDraftPart *) b)->name);
}

static BlStatus
check_registers(BlUsageDraftPart *part, BlProblem *problem)
{
	if (part->registers > BL_USAGE_REGISTERS_MAX)
		return too_many(part->name, "registers", BL_USAGE_REGISTERS_MAX, problem);
	if (part->registers > 1)
		qsort(part->reg, (size_t) part->registers, sizeof *part->reg, by_register);
	for (int i = 0; i < part->registers; i++)
	{
		const BlRegister *r = &part->reg[i];

		if (!span_valid(r) || !quantity_valid(r->kwh) ||
			(r->period.length > 0 && !bl_name_valid(r->period)))
			return bl_problem(problem, BL_BAD_VALUE, "a register of part \"%.*s\" is out of bounds",
							  part->name.length, part->name.text);
		if (i > 0 && !register_follows(r - 1, r))
			return register_overlap(part->name, r - 1, r, problem);
	}
	return BL_OK;
}

static BlStatus
check_demands(BlUsageDraftPart *part, BlProblem *problem)
{
	if (part->demands > BL_USAGE_DEMANDS_MAX)
		return too_many(part->name, "demands", BL_USAGE_DEMANDS_MAX, problem);
	if (part->demands > 1)
		qsort(part->demand, (size_t) part->demands, sizeof *part->demand, by_demand);
	for (int i = 0; i < part->demands; i++)
	{
		const BlRecordedDemand *d = &part->demand[i];

		if (!quantity_valid(d->kw) || (d->period.length > 0 && !bl_name_valid(d->period)) ||
			(d->has_moment && (d->moment < MINUTE_MIN || d->moment > MINUTE_MAX)))
			return bl_problem(problem, BL_BAD_VALUE, "a demand of part \"%.*s\" is out of bounds",
							  part->name.length, part->name.text);
		if (i > 0 && same_demand(d - 1, d))
			return demand_overlap(part->name, d, problem);
	}
	return BL_OK;
}

static BlStatus
check_profiles(const BlUsageDraftPart *part, BlProblem *problem)
{
	for (int c = 0; c < BL_CHANNEL_COUNT; c++)
	{
		BlProfile	profile;
		BlUnit		unit = bl_channel_unit((BlChannel) c);
		BlStatus	status;

		if (part->profile[c] == NULL)
			continue;
		status = bl_profile_open(&profile, part->profile[c], part->profile_size[c]);
		if (status == BL_OK && part->profile_size[c] > UINT32_MAX)
			status = BL_LIMIT;
		if (status != BL_OK)
			return bl_problem(problem, status, "profile of channel %s: %s", bl_channel_name[c],
							  bl_status_text(status));
		if (profile.unit == unit)
			continue;
		bl_problem(problem, BL_BAD_UNIT, "channel %s cannot take a profile in %s",
				   bl_channel_name[c], bl_unit_name(profile.unit));
		return bl_problem_hint(problem, "It takes energies: a profile in %s, or a multiple such as k%s.",
							   bl_unit_name(unit), bl_unit_name(unit));
	}
	return BL_OK;
}

static void
write_draft_part(const BlUsageDraftPart *part, BlWriter *w)
{
	int			profiles = 0;

	for (int c = 0; c < BL_CHANNEL_COUNT; c++)
		profiles += part->profile[c] != NULL;
	bl_usage_write_part(w, part->name, profiles);
	for (int c = 0; c < BL_CHANNEL_COUNT; c++)
		if (part->profile[c] != NULL)
			bl_usage_write_profile(w, (BlChannel) c, part->profile[c], part->profile_size[c]);
	bl_usage_write_count(w, part->registers);
	for (int i = 0; i < part->registers; i++)
		bl_usage_write_register(w, &part->reg[i]);
	bl_usage_write_count(w, part->demands);
	for (int i = 0; i < part->demands; i++)
		bl_usage_write_demand(w, &part->demand[i]);
}

BlStatus
bl_usage_write(BlUsageDraft *draft, BlWriter *w, BlProblem *problem)
{
	if (draft->parts > BL_USAGE_PARTS_MAX)
		return too_many_parts(problem);
	qsort(draft->part, (size_t) draft->parts, sizeof *draft->part, by_part);
	bl_usage_write_head(w, draft->parts);
	for (int i = 0; i < draft->parts; i++)
	{
		BlUsageDraftPart *part = &draft->part[i];
		BlStatus	status;

		if (!bl_name_valid(part->name))
		{
			bl_problem(problem, BL_BAD_VALUE, "not the name of a part");
			return bl_problem_hint(problem, "A name has 1 to %d bytes and no control characters.",
								   BL_NAME_MAX);
		}
		if (i > 0 && by_part(part - 1, part) == 0)
			return bl_problem(problem, BL_OVERLAP, "part \"%.*s\" is given twice",
							  part->name.length, part->name.text);
		status = check_profiles(part, problem);
		if (status == BL_OK)
			status = check_registers(part, problem);
		if (status == BL_OK)
			status = check_demands(part, problem);
		if (status != BL_OK)
			return status;
		write_draft_part(part, w);
	}
	return BL_OK;
}

/* ---------------------------------------------------------------- merging */

static BlStatus
merge_registers(const BlUsagePart *a, const BlUsagePart *b, BlWriter *w, BlProblem *problem)
{
	const uint8_t *next[2] = {a->register_bytes, b->register_bytes};
	int			left[2] = {a->registers, b->registers};
	BlRegister	head[2];
	BlRegister	last;

	if (left[0] + left[1] > BL_USAGE_REGISTERS_MAX)
		return too_many(a->name, "registers", BL_USAGE_REGISTERS_MAX, problem);
	bl_usage_write_count(w, left[0] + left[1]);
	if (left[0] > 0)
		bl_usage_register(a, &next[0], &head[0]);
	if (left[1] > 0)
		bl_usage_register(b, &next[1], &head[1]);
	for (bool first = true; left[0] + left[1] > 0; first = false)
	{
		int			from = left[0] == 0 || (left[1] > 0 && register_cmp(&head[1], &head[0]) < 0);

		if (!first && !register_follows(&last, &head[from]))
			return register_overlap(a->name, &last, &head[from], problem);
		bl_usage_write_register(w, &head[from]);
		last = head[from];
		if (--left[from] > 0)
			bl_usage_register(from == 0 ? a : b, &next[from], &head[from]);
	}
	return BL_OK;
}

static BlStatus
merge_demands(const BlUsagePart *a, const BlUsagePart *b, BlWriter *w, BlProblem *problem)
{
	const uint8_t *next[2] = {a->demand_bytes, b->demand_bytes};
	int			left[2] = {a->demands, b->demands};
	BlRecordedDemand head[2];
	BlRecordedDemand last = {0};

	if (left[0] + left[1] > BL_USAGE_DEMANDS_MAX)
		return too_many(a->name, "demands", BL_USAGE_DEMANDS_MAX, problem);
	bl_usage_write_count(w, left[0] + left[1]);
	if (left[0] > 0)
		bl_usage_demand(a, &next[0], &head[0]);
	if (left[1] > 0)
		bl_usage_demand(b, &next[1], &head[1]);
	for (bool first = true; left[0] + left[1] > 0; first = false)
	{
		int			from = left[0] == 0 || (left[1] > 0 && demand_cmp(&head[1], &head[0]) < 0);

		if (!first && same_demand(&last, &head[from]))
			return demand_overlap(a->name, &last, problem);
		bl_usage_write_demand(w, &head[from]);
		last = head[from];
		if (--left[from] > 0)
			bl_usage_demand(from == 0 ? a : b, &next[from], &head[from]);
	}
	return BL_OK;
}

/* two parts of one name */
static BlStatus
merge_part(const BlUsagePart *a, const BlUsagePart *b, BlWriter *w, BlProblem *problem)
{
	BlStatus	status;

	bl_usage_write_part(w, a->name, a->profiles + b->profiles);
	for (int c = 0; c < BL_CHANNEL_COUNT; c++)
	{
		const BlUsagePart *from = a->profile[c] != NULL ? a : b;

		if (a->profile[c] != NULL && b->profile[c] != NULL)
		{
			bl_problem(problem, BL_OVERLAP, "both usages have channel %s of part \"%.*s\"",
					   bl_channel_name[c], a->name.length, a->name.text);
			return bl_problem_hint(problem, "Add the profiles before (profile + profile), join days by ||, "
								   "or name two parts.");
		}
		if (from->profile[c] != NULL)
			bl_usage_write_profile(w, (BlChannel) c, from->profile[c], from->profile_size[c]);
	}
	status = merge_registers(a, b, w, problem);
	return status == BL_OK ? merge_demands(a, b, w, problem) : status;
}

/* how many parts both have together */
static int
parts_together(const BlUsage *a, const BlUsage *b)
{
	int			n = a->parts + b->parts;

	for (int i = 0, j = 0; i < a->parts && j < b->parts;)
	{
		int			c = bl_text_cmp(a->part[i].name, b->part[j].name);

		n -= c == 0;
		i += c <= 0;
		j += c >= 0;
	}
	return n;
}

BlStatus
bl_usage_merge(const BlUsage *a, const BlUsage *b, BlWriter *w, BlProblem *problem)
{
	static const BlUsagePart nothing;
	int			parts = parts_together(a, b);
	int			i = 0;
	int			j = 0;

	if (parts > BL_USAGE_PARTS_MAX)
		return too_many_parts(problem);
	bl_usage_write_head(w, parts);
	while (i < a->parts || j < b->parts)
	{
		int			c = i == a->parts ? 1 : j == b->parts ? -1 :
			bl_text_cmp(a->part[i].name, b->part[j].name);
		BlStatus	status;

		if (c == 0)
			status = merge_part(&a->part[i], &b->part[j], w, problem);
		else
			status = merge_part(c < 0 ? &a->part[i] : &b->part[j], &nothing, w, problem);
		if (status != BL_OK)
			return status;
		i += c <= 0;
		j += c >= 0;
	}
	return BL_OK;
}

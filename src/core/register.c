/*
 * register.c - readings of registers: the energy between two of them, and its
 * shares where the span is cut
 */
#include "usage.h"

#include <stdio.h>

/* ------------------------------------------------------- register readings */

BlStatus
bl_register_energy(BlDec start, BlDec end, int digits, BlDec multiplier,
				   BlDec *energy, BlProblem *problem)
{
	char		from[BL_DEC_TEXT];
	char		to[BL_DEC_TEXT];
	BlDec		turn = BL_ZERO;
	BlDec		difference;
	BlStatus	status;

	bl_dec_text(start, from);
	bl_dec_text(end, to);
	if (digits < 0 || digits > 18)
	{
		bl_problem(problem, BL_BAD_VALUE, "not the digits of a register");
		return bl_problem_hint(problem, "digits is the number of whole digits the register shows, 1 to 18.");
	}
	if (start.coefficient < 0 || end.coefficient < 0)
	{
		bl_problem(problem, BL_BAD_VALUE, "a reading is negative");
		bl_problem_detail(problem, "The readings are %s and %s.", from, to);
		return bl_problem_hint(problem, "What flows back is read from the register of the channel export.");
	}
	if (multiplier.coefficient <= 0)
		return bl_problem(problem, BL_BAD_VALUE, "the multiplier of a register must be above zero");
	if (digits > 0)
	{
		turn.coefficient = bl_pow10(digits);
		if (bl_dec_cmp(start, turn) >= 0 || bl_dec_cmp(end, turn) >= 0)
		{
			bl_problem(problem, BL_BAD_VALUE, "a reading has more whole digits than its register");
			return bl_problem_detail(problem, "The readings are %s and %s, the register has %d digit%s.",
									 from, to, digits, digits == 1 ? "" : "s");
		}
	}
	if (bl_dec_cmp(end, start) < 0 && digits == 0)
	{
		bl_problem(problem, BL_BAD_VALUE, "the end reading is below the start reading");
		bl_problem_detail(problem, "The readings are %s and %s.", from, to);
		return bl_problem_hint(problem, "Give digits, the register's whole digits, if it rolled over; "
							   "a meter that was exchanged is two registers.");
	}
	status = bl_dec_sub(end, start, &difference);
	if (status == BL_OK && difference.coefficient < 0)
		status = bl_dec_add(difference, turn, &difference);
	if (status == BL_OK)
		status = bl_dec_mul(difference, multiplier, energy);
	if (status == BL_OK)
		*energy = bl_dec_trim(*energy);
	else
		bl_problem(problem, status, "the energy between two readings is out of range");
	return status;
}

/* the unit is one whose slots stand in proportion to energy */
static bool
is_shape_unit(BlUnit unit)
{
	return unit <= BL_VA;
}

/* adds a slot to the side of the split that it lies on */
static BlStatus
weigh_slot(int32_t at, int64_t value, int32_t split, BlInt128 weights[2], BlProblem *problem)
{
	if (value < 0)
	{
		char		when[24];

		bl_moment_text(at, when);
		bl_problem(problem, BL_BAD_VALUE, "the standard profile has a negative slot");
		return bl_problem_detail(problem, "It begins at %s.", when);
	}
	weights[at >= split] += value;
	return BL_OK;
}

static BlStatus
weigh_block(const BlProfile *p, const BlBlock *block, int32_t from, int32_t until, int32_t split,
			BlInt128 weights[2], BlProblem *problem)
{
	int64_t		values[BL_BLOCK_SLOTS_MAX];
	uint8_t		qualities[BL_BLOCK_SLOTS_MAX];
	BlStatus	status = bl_block_decode(p, block, values, qualities, NULL);

	for (int i = 0; i < block->slots && status == BL_OK; i++)
	{
		int32_t		at = block->start + i * p->slot_minutes;

		if (at < from || at >= until)
			continue;
		if (qualities[i] == BL_MISSING)
		{
			char		when[24];

			bl_moment_text(at, when);
			bl_problem(problem, BL_GAP, "the standard profile has a gap inside the register's span");
			return bl_problem_detail(problem, "The slot that begins at %s is missing.", when);
		}
		status = weigh_slot(at, values[i], split, weights, problem);
	}
	return status;
}

static BlStatus
split_check(BlDec energy, int32_t from, int32_t until, int32_t split, const BlProfile *p, BlProblem *problem)
{
	char		a[24];
	char		b[24];

	if (energy.coefficient < 0)
		return bl_problem(problem, BL_BAD_VALUE, "a register's energy is negative");
	if (from >= split || split >= until)
	{
		bl_problem(problem, BL_BAD_VALUE, "the split is not inside the register's span");
		return bl_problem_hint(problem, "from, split and until rise: nothing is to be split at an end.");
	}
	if (!is_shape_unit(p->unit))
	{
		bl_problem(problem, BL_BAD_UNIT, "a profile in %s is no load profile", bl_unit_name(p->unit));
		return bl_problem_hint(problem, "A standard profile holds energies or mean powers, in Wh or W.");
	}
	if (from < p->start || until > bl_profile_until(p))
	{
		bl_moment_text(p->start, a);
		bl_moment_text(bl_profile_until(p), b);
		bl_problem(problem, BL_GAP, "the standard profile does not cover the register's span");
		bl_problem_detail(problem, "It covers %s to %s.", a, b);
		return bl_problem_hint(problem, "Give a standard profile of at least the register's own span.");
	}
	if ((from - p->start) % p->slot_minutes != 0 || (until - p->start) % p->slot_minutes != 0 ||
		(split - p->start) % p->slot_minutes != 0)
	{
		bl_problem(problem, BL_UNALIGNED, "a moment of the split lies inside a slot of the standard profile");
		bl_problem_detail(problem, "Its slots are %d minutes long.", p->slot_minutes);
		return bl_problem_hint(problem, "Resample the standard profile to shorter slots.");
	}
	return BL_OK;
}

BlStatus
bl_register_split(BlDec energy, int32_t from, int32_t until, int32_t split,
				  const BlProfile *standard, BlDec parts[2], BlProblem *problem)
{
	BlInt128	weights[2] = {0, 0};
	BlCursor	cursor = {0};
	BlStatus	status = split_check(energy, from, until, split, standard, problem);

	while (status == BL_OK)
	{
		BlBlock		block;

		status = bl_profile_next(standard, &cursor, &block);
		if (status != BL_OK)
			return bl_problem(problem, status, "standard profile: %s", bl_status_text(status));
		if (block.slots == 0)
			break;
		if (block.start < until && block.start + block.slots * standard->slot_minutes > from)
			status = weigh_block(standard, &block, from, until, split, weights, problem);
	}
	if (status != BL_OK)
		return status;
	if (weights[0] + weights[1] == 0)
	{
		bl_problem(problem, BL_BAD_VALUE, "the standard profile is zero over the register's span");
		return bl_problem_hint(problem, "A shape of zeros says nothing of how to split; use another one.");
	}
	status = bl_split(energy, bl_dec(1, 6), weights, 2, parts);
	return status == BL_OK ? status : bl_problem(problem, status, "the energy to split is out of range");
}

/*
 * fault.c - what goes wrong with meters and their data
 */
#include "fault.h"

const char *const fault_name[FAULTS] = {
	[NO_FAULT] = "", [GAP] = "gap", [LONG_GAP] = "long gap", [SPIKE] = "spike", [STUCK] = "stuck", [NEGATIVE] = "negative",
	[CATCH_UP] = "catch-up", [ABSENT] = "absent", [LATE] = "late", [REPEATED] = "repeated", [GARBLED] = "garbled",
	[LEVEL_SHIFT] = "level shift", [ZERO] = "zero", [PHASE_LOSS] = "phase loss", [TAMPER] = "tamper", [BYPASS] = "bypass",
	[CLIPPING] = "clipping"};

/* in permille of those that have one */
static const int shares[FAULTS] = {
	[GAP] = 200, [LONG_GAP] = 130, [SPIKE] = 110, [STUCK] = 70, [NEGATIVE] = 50, [CATCH_UP] = 50, [ABSENT] = 40, [LATE] = 60,
	[REPEATED] = 30, [GARBLED] = 30, [LEVEL_SHIFT] = 40, [ZERO] = 60, [PHASE_LOSS] = 45, [TAMPER] = 45, [BYPASS] = 20, [CLIPPING] = 20};

static FaultKind
kind_of(const County *county, const Account *account, bool in_nem12, Chance *chance)
{
	int			draw;
	int			kind = GAP;

	if (account->number == FEATURED || account->mistake != NO_MISTAKE || !kinds[account->kind].intervals ||
		!chance_permille(chance, county->options.faults))
		return NO_FAULT;
	draw = chance_below(chance, 1000);
	while (draw >= shares[kind])
		draw -= shares[kind++];
	if ((kind == NEGATIVE && in_nem12) || (kind == PHASE_LOSS && kinds[account->kind].phases == 1))
		return GAP;
	/* lamps and pumps repeat and rest by themselves */
	if ((kind == STUCK || kind == ZERO || kind == CATCH_UP) && (account->kind == FARM || account->kind == STREET))
		return LONG_GAP;
	return (FaultKind) kind;
}

/* days that are whole, and last until the end of the month or in the midst of it */
static void
place(Fault *fault, int slots, Chance *chance)
{
	int			days = slots / DAY_SLOTS;

	switch (fault->kind)
	{
		case GAP:
			fault->slots = chance_between(chance, 1, 8);
			break;
		case LONG_GAP:
			fault->slots = chance_between(chance, 9, 3 * DAY_SLOTS);
			break;
		case STUCK:
			fault->slots = chance_between(chance, 16, DAY_SLOTS);
			break;
		case NEGATIVE:
			fault->slots = chance_between(chance, 1, 3);
			break;
		case CATCH_UP:
			fault->slots = chance_between(chance, 8, 64);
			break;
		case SPIKE:
			fault->slots = 1;
			break;
		case ABSENT:
		case LATE:
			fault->slots = DAY_SLOTS * chance_between(chance, 1, 3);
			fault->first = slots - fault->slots;
			return;
		case REPEATED:
		case GARBLED:
			fault->slots = DAY_SLOTS;
			fault->first = DAY_SLOTS * chance_below(chance, days);
			return;
		case ZERO:
			fault->slots = DAY_SLOTS * chance_between(chance, 2, 8);
			break;
		default:
			fault->first = DAY_SLOTS * chance_between(chance, 4, days - 8);
			fault->slots = slots - fault->first;
			return;
	}
	/* neither at the beginning nor at the end, so that neighbours are there */
	fault->first = chance_between(chance, 2 * DAY_SLOTS, slots - DAY_SLOTS - fault->slots);
}

static int64_t
energy(const int32_t *value, const Fault *fault)
{
	int64_t		sum = 0;

	for (int at = fault->first; at < fault->first + fault->slots; at++)
		sum += value[at] == MISSING ? 0 : value[at];
	return sum;
}

static int32_t
largest(const int32_t *value, int slots)
{
	int32_t		most = 1;

	for (int at = 0; at < slots; at++)
		if (value[at] > most)
			most = value[at];
	return most;
}

/* what the meter counts */
static void
change_meter(const Fault *fault, int32_t *value, Chance *chance)
{
	int			part = fault->kind == PHASE_LOSS ? 683 : fault->kind == TAMPER ? chance_between(chance, 150, 450) : 0;
	int32_t		most = largest(value, fault->first + fault->slots) / 4;

	for (int at = fault->first; at < fault->first + fault->slots; at++)
		if (fault->kind == CLIPPING)
			value[at] = value[at] < most ? value[at] : most;
		else if (fault->kind != BYPASS || at % DAY_SLOTS >= DAY_SLOTS * 22 / 24 || at % DAY_SLOTS < DAY_SLOTS * 6 / 24)
			value[at] = (int32_t) ((int64_t) value[at] * part / 1024);
}

/* what is said of what it counted */
static void
change_data(const Fault *fault, int32_t *value, int slots, Chance *chance)
{
	int64_t		sum = energy(value, fault);
	int			last = fault->first + fault->slots - 1;
	int32_t		same = value[fault->first] + 40;
	bool		doubled = fault->kind == LEVEL_SHIFT && chance_below(chance, 2) == 0;

	for (int at = fault->first; at <= last; at++)
		switch (fault->kind)
		{
			case GAP:
			case LONG_GAP:
			case ABSENT:
			case GARBLED:
				value[at] = MISSING;
				break;
			case SPIKE:
				value[at] = largest(value, slots) * chance_between(chance, 8, 30);
				break;
			case STUCK:
				value[at] = same;
				break;
			case NEGATIVE:
				value[at] = -value[at] - 100;
				break;
			case LEVEL_SHIFT:
				value[at] = doubled ? value[at] * 2 : value[at] / 2;
				break;
			case CATCH_UP:
				value[at] = at < last ? 0 : (int32_t) sum;
				break;
			default:
				return;
		}
}

Fault
fault_make(const County *county, const Account *account, int64_t first_day, bool in_nem12, Load *counted, Load *delivered)
{
	Chance		chance = chance_of(county->options.seed, FOR_FAULT + 100 * (uint64_t) first_day, (uint64_t) account->number);
	Fault		fault = {.kind = kind_of(county, account, in_nem12, &chance), .channel = IMPORT};

	if (fault.kind != NO_FAULT)
	{
		place(&fault, counted->slots, &chance);
		fault.true_wh = energy(counted->value[IMPORT], &fault);
		if (fault.kind >= ZERO)
			change_meter(&fault, counted->value[IMPORT], &chance);
	}
	*delivered = *counted;
	if (fault.kind != NO_FAULT)
	{
		if (fault.kind < ZERO)
			change_data(&fault, delivered->value[IMPORT], counted->slots, &chance);
		fault.delivered_wh = energy(delivered->value[IMPORT], &fault);
	}
	return fault;
}

/*
 * fault.h - what goes wrong with meters and their data, and the labels that say so
 */
#ifndef LOADGEN_FAULT_H
#define LOADGEN_FAULT_H

#include "load.h"

typedef enum FaultKind
{
	NO_FAULT,
	/* of the data: the meter's registers are right */
	GAP,						/* at most two hours */
	LONG_GAP,
	SPIKE,
	STUCK,						/* one value again and again */
	NEGATIVE,
	CATCH_UP,					/* zeros, then all of it in one slot */
	ABSENT,						/* the last days never come */
	LATE,						/* the last days come in a file of their own */
	REPEATED,					/* a day twice in one file */
	GARBLED,					/* a day whose line cannot be read */
	LEVEL_SHIFT,				/* twice or half of what was counted from a day on: a wrong ratio */
	/* of the meter, or around it: the registers show less too */
	ZERO,						/* nothing for some days */
	PHASE_LOSS,					/* a third is not counted from a day on */
	TAMPER,						/* most is not counted from a day on */
	BYPASS,						/* nothing is counted at night from a day on */
	CLIPPING,					/* nor what goes beyond a quarter of the peak */
	FAULTS
} FaultKind;

extern const char *const fault_name[FAULTS];

typedef struct Fault
{
	FaultKind	kind;
	Channel		channel;
	int			first;			/* slot */
	int			slots;
	int64_t		true_wh;		/* in the span */
	int64_t		delivered_wh;
} Fault;

/*
 * What an account's month has, if anything; changes what the meter counts, and
 * what of it is delivered.  in_nem12: negative values cannot be written there.
 */
extern Fault fault_make(const County *county, const Account *account, int64_t first_day, bool in_nem12, Load *counted,
						Load *delivered);

#endif

/*
 * load.h - what the meters of an account see in a month, in quarters of an hour
 */
#ifndef LOADGEN_LOAD_H
#define LOADGEN_LOAD_H

#include "county.h"

enum
{
	DAY_SLOTS = 96,
	MONTH_SLOTS = 31 * DAY_SLOTS,
	MISSING = INT32_MIN			/* in what is delivered: no value */
};

typedef enum Channel
{
	IMPORT,
	EXPORT,
	REACTIVE,
	CHANNELS
} Channel;

typedef struct Load
{
	int			slots;
	bool		has[CHANNELS];
	int32_t		value[CHANNELS][MONTH_SLOTS];	/* Wh, varh */
} Load;

/* registers by time of use: which of them counts in a slot */
typedef enum Register
{
	TOTAL,
	SHARP,
	PEAK,
	FLAT,
	VALLEY,
	REGISTERS
} Register;

extern const char *const register_name[REGISTERS];

extern void load_make(const County *county, const Account *account, int64_t first_day, Load *load);
/* the register beside TOTAL that an account's meter counts in; TOTAL: it has no other */
extern Register load_register(const Account *account, int month, int slot_of_day);

#endif

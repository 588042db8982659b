/*
 * status.h - every outcome of the core, and the problem that explains one
 *
 * The core never raises, prints or allocates: a function returns BL_OK or
 * another status, and where a person must learn more, fills in a BlProblem
 * (the statement of fact, the particulars, what to do).  ../errors.c turns
 * both into ereport; ../errcodes.h has the SQLSTATE of each status.
 */
#ifndef BL_STATUS_H
#define BL_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum BlStatus
{
	BL_OK = 0,
	/* bytes */
	BL_TRUNCATED,				/* the bytes end too early */
	BL_CORRUPT,					/* the bytes contradict themselves */
	BL_BAD_VERSION,				/* written by a newer release, or not ours */
	BL_NO_SPACE,				/* the caller's memory, or a stated limit, is too small */
	/* values */
	BL_BAD_TEXT,				/* text that is no value of the type */
	BL_BAD_VALUE,				/* an argument outside what is allowed */
	BL_OVERFLOW,				/* a number beyond its range */
	/* metering */
	BL_UNALIGNED,				/* spans or slots that do not fit each other */
	BL_OVERLAP,					/* the same moment twice */
	BL_GAP,						/* a moment without a reading, where one is needed */
	BL_BAD_UNIT,				/* units that do not go together */
	BL_NO_USAGE,				/* a part, channel or register the tariff needs is not there */
	BL_BAD_RULES,				/* rules of validation or estimation that break the schema */
	/* tariffs and rating */
	BL_BAD_TARIFF,				/* a tariff document that breaks the schema */
	BL_TARIFF_GAP,				/* a tariff without a price for part of the period */
	BL_NO_TERM,					/* a contract term the tariff needs is not there, or of another kind */
	BL_NO_MARKET,				/* a market fact the tariff names is not there */
	BL_BAD_MARKET,				/* a market document that breaks the schema */
	BL_BAD_CARRY,				/* a carry that breaks the schema, or of another period */
	BL_BAD_ZONE,				/* an unknown time zone */
	BL_NO_CIPHER,				/* OpenSSL failed; nothing it has made may be used */
	BL_LIMIT,					/* a stated bound of the engine is exceeded */
	BL_STATUS_COUNT
} BlStatus;

/* What went wrong, for a person.  Texts are UTF-8, cut at a character. */
typedef struct BlProblem
{
	BlStatus	status;
	char		message[200];	/* the fact, lower case, no full stop */
	char		detail[300];	/* the particulars; may be empty */
	char		hint[300];		/* what to do; may be empty */
} BlProblem;

/* fills in a problem and returns its status; problem may be NULL */
extern BlStatus bl_problem(BlProblem *problem, BlStatus status, const char *message,...)
			__attribute__((format(printf, 3, 4)));
extern BlStatus bl_problem_detail(BlProblem *problem, const char *detail,...)
			__attribute__((format(printf, 2, 3)));
extern BlStatus bl_problem_hint(BlProblem *problem, const char *hint,...)
			__attribute__((format(printf, 2, 3)));

/* a short English sentence for a status without a problem */
extern const char *bl_status_text(BlStatus status);

#endif							/* BL_STATUS_H */

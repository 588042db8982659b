/*
 * check.h - what a unit test needs: checks that count, and a TAP report
 *
 * A test program is one .c file: functions that check things, and a main()
 * that runs each by RUN() and returns DONE().  Every RUN is one test of the
 * suite; a failed check prints its place and what it saw.
 */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int	check_tests;
static int	check_failed_tests;
static int	check_failures;		/* in the running test */

enum
{
	CHECK_SHOWN = 20			/* failures printed of one test */
};

static inline bool
check_that(bool good, const char *file, int line, const char *what)
{
	if (!good && ++check_failures <= CHECK_SHOWN)
		printf("# %s:%d: %s\n", file, line, what);
	return good;
}

static inline bool
check_int(__int128 got, __int128 want, const char *file, int line, const char *what)
{
	if (got != want && ++check_failures <= CHECK_SHOWN)
		printf("# %s:%d: %s: got %.0Lf, want %.0Lf\n", file, line, what,
			   (long double) got, (long double) want);
	return got == want;
}

static inline bool
check_text(const char *got, const char *want, const char *file, int line, const char *what)
{
	if (strcmp(got, want) == 0)
		return true;
	if (++check_failures <= CHECK_SHOWN)
		printf("# %s:%d: %s: got \"%s\", want \"%s\"\n", file, line, what, got, want);
	return false;
}

#define CHECK(condition) check_that(condition, __FILE__, __LINE__, #condition)
#define CHECK_EQ(got, want) check_int(got, want, __FILE__, __LINE__, #got)
#define CHECK_TEXT(got, want) check_text(got, want, __FILE__, __LINE__, #got)

static inline void
check_run(void (*test) (void), const char *name)
{
	check_failures = 0;
	test();
	check_tests++;
	if (check_failures > 0)
		check_failed_tests++;
	printf("%s %d - %s\n", check_failures > 0 ? "not ok" : "ok", check_tests, name);
	fflush(stdout);
}

#define RUN(test) check_run(test, #test)

static inline int
check_done(void)
{
	printf("1..%d\n", check_tests);
	return check_failed_tests > 0;
}

#define DONE() check_done()

/* SplitMix64: the same numbers on every machine */
static inline uint64_t
check_random(uint64_t *state)
{
	uint64_t	z = (*state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* how much longer the long run (make soak) is */
static inline long
check_rounds(long rounds)
{
	const char *soak = getenv("SOAK");

	return soak != NULL && *soak != '\0' ? rounds * 50 : rounds;
}

#endif							/* CHECK_H */

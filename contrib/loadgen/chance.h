/*
 * chance.h - numbers by chance, from a seed: whole numbers only, so that every
 * compiler and machine makes the same county
 *
 * A stream begins from the seed and what it is for, so that one account's
 * numbers do not depend on how many another took.
 */
#ifndef LOADGEN_CHANCE_H
#define LOADGEN_CHANCE_H

#include <stdint.h>

typedef struct Chance
{
	uint64_t	state;
} Chance;

/* splitmix64: small, fast, good enough for shapes of load */
static inline uint64_t
chance_next(Chance *chance)
{
	uint64_t	z = (chance->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline Chance
chance_of(uint64_t seed, uint64_t purpose, uint64_t number)
{
	Chance		chance = {seed * UINT64_C(0xd1342543de82ef95) + purpose};

	chance.state = chance_next(&chance) ^ (number * UINT64_C(0xa0761d6478bd642f));
	chance_next(&chance);
	return chance;
}

/* 0 .. below - 1 */
static inline int
chance_below(Chance *chance, int below)
{
	return (int) (((chance_next(chance) >> 32) * (uint64_t) below) >> 32);
}

/* low .. high */
static inline int
chance_between(Chance *chance, int low, int high)
{
	return low + chance_below(chance, high - low + 1);
}

static inline int
chance_permille(Chance *chance, int share)
{
	return chance_below(chance, 1000) < share;
}

/* around 1024: the sum of two even chances, at most spread away from it */
static inline int
chance_around(Chance *chance, int spread)
{
	uint64_t	r = chance_next(chance);

	return 1024 + spread * ((int) (r & 1023) + (int) (r >> 10 & 1023) - 1023) / 1024;
}

#endif

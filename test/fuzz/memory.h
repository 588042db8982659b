/*
 * memory.h - an arena for fuzz targets: memory from malloc, given back by
 * release(), so that the sanitizer sees every byte beyond
 */
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H

#include <stdlib.h>

#include "core/arena.h"

enum
{
	MEMORY_CEILING = 64 << 20,
	MEMORY_PIECES = 8192
};

static void *memory_piece[MEMORY_PIECES];
static int	memory_pieces;

static inline void *
memory_more(void *context, size_t size)
{
	(void) context;
	if (memory_pieces == MEMORY_PIECES)
		return NULL;
	return memory_piece[memory_pieces++] = malloc(size);
}

static inline BlArena
memory_arena(void)
{
	return (BlArena) {.more = memory_more,.ceiling = MEMORY_CEILING};
}

static inline void
memory_release(void)
{
	while (memory_pieces > 0)
		free(memory_piece[--memory_pieces]);
}

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

#endif							/* FUZZ_MEMORY_H */

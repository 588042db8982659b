/*
 * arena.h - memory that the caller lends to the core, all given back at once
 *
 * The caller hands in a function that gives memory (in the server a memory
 * context, in tests malloc) and a ceiling; the core carves and never frees.
 * A NULL from the caller, or the ceiling reached, is BL_NO_SPACE, not a crash.
 * Since every long piece of work has an arena, it also carries the way to be
 * interrupted.
 */
#ifndef BL_ARENA_H
#define BL_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct BlArena
{
	void	   *(*more) (void *context, size_t size);	/* NULL when there is none */
	void	   *context;
	void		(*poll) (void);	/* called now and then during long work; may not return. NULL: none */
	size_t		ceiling;		/* bytes this arena may ask for in all */
	size_t		asked;
	uint8_t    *next;
	size_t		left;
} BlArena;

/* memory with anything in it, aligned to 16; NULL when there is none */
static inline void *
bl_arena_room(BlArena *arena, size_t size)
{
	uint8_t    *at;

	if (size > SIZE_MAX - 15)
		return NULL;
	size = (size + 15) & ~(size_t) 15;
	if (size > arena->left)
	{
		size_t		chunk = size > 16384 ? size : 16384;

		if (chunk > arena->ceiling - arena->asked)
			return NULL;
		at = arena->more(arena->context, chunk + 15);
		if (at == NULL)
			return NULL;
		arena->asked += chunk;
		at = (uint8_t *) (((uintptr_t) at + 15) & ~(uintptr_t) 15);
		if (chunk == size)
			return at;
		arena->next = at;
		arena->left = chunk;
	}
	at = arena->next;
	arena->next += size;
	arena->left -= size;
	return at;
}

/* the same, zeroed */
static inline void *
bl_arena_get(BlArena *arena, size_t size)
{
	void	   *at = bl_arena_room(arena, size);

	return at == NULL ? NULL : memset(at, 0, size);
}

/* lets the caller be interrupted: in the server a cancelled statement ends here */
static inline void
bl_arena_poll(const BlArena *arena)
{
	if (arena->poll != NULL)
		arena->poll();
}

#endif							/* BL_ARENA_H */

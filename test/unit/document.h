/*
 * document.h - what the tests of documents share: memory that lasts a test, and JSON from text
 */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include "check.h"
#include "core/json.h"

static void *pieces[4096];
static int	piece_count;
static BlProblem problem;

static inline void *
more_memory(void *context, size_t size)
{
	(void) context;
	return piece_count < 4096 ? pieces[piece_count++] = malloc(size) : NULL;
}

static inline BlArena
new_arena(void)
{
	return (BlArena) {.more = more_memory,.ceiling = (size_t) 1 << 28};
}

/* all that the arenas gave is gone */
static inline void
release(void)
{
	while (piece_count > 0)
		free(pieces[--piece_count]);
}

/* the tree, or NULL with the problem */
static inline BlJson *
tree_of(const char *text, size_t length, BlArena *arena)
{
	BlJson	   *root;

	memset(&problem, 0, sizeof problem);
	return bl_json_parse(text, length, arena, &root, &problem) == BL_OK ? root : NULL;
}

/* the canonical text of a tree, terminated */
static inline const char *
written(const BlJson *root, BlArena *arena)
{
	BlWriter	w = {NULL, 0, 0};
	char	   *text;

	if (!bl_json_write(root, arena, &w))
		return "no memory";
	text = bl_arena_get(arena, w.used + 1);
	w = (BlWriter) {(uint8_t *) text, w.used, 0};
	return text != NULL && bl_json_write(root, arena, &w) ? text : "no memory";
}

#endif							/* DOCUMENT_H */

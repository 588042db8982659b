/*
 * jsontext.h - JSON between the server's text, jsonb and the core's reader
 */
#ifndef BL_JSONTEXT_H
#define BL_JSONTEXT_H

#include "core/json.h"
#include "core/usage.h"

/* an arena in the current memory context, which gives all of it back */
extern void bl_arena_init(BlArena *arena, size_t ceiling);

/* text in the server's encoding -> tree; raises where it is no JSON */
extern BlJson *bl_json_of_text(const char *text, BlArena *arena);
extern char *bl_text_of_jsonb(Datum jsonb);
extern Datum bl_jsonb_of_text(const char *text);

/* a text of the core as SQL text, and an argument of type text in UTF-8 */
extern Datum bl_text_datum(BlText value);
extern BlText bl_text_of_datum(Datum value);

/*
 * What a core function writes, as a C string in the server's encoding.  It is
 * called twice: to measure, then to write.
 */
typedef void (*BlTextWriter) (const void *value, BlWriter *out);
extern char *bl_text_written(BlTextWriter write, const void *value);

#endif							/* BL_JSONTEXT_H */

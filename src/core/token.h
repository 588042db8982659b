/*
 * token.h - the parts of what is signed elsewhere: tokens and assertions
 *
 * A text of fields between dots, the first its version, the last its signature
 * in hexadecimal.  Who checks what the fields say is token.c beside the core.
 */
#ifndef BL_TOKEN_H
#define BL_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* takes the text apart in place, into exactly so many fields; false: it has another number of them, or another version */
extern bool bl_token_split(char *text, const char *version, char **field, int fields);

/* digits only, at most 18; -1: no such number */
extern int64_t bl_token_number(const char *digits);

/* from twice as many hexadecimal digits; false: some are none */
extern bool bl_hex_bytes(uint8_t *out, size_t size, const char *digits);

/* in a time that does not say how much is the same */
extern bool bl_token_same(const uint8_t *one, const uint8_t *other, size_t size);

#endif							/* BL_TOKEN_H */

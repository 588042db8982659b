/*
 * keyfile.h - keys come from a file of the server's user, or from a command
 *
 * Each line is a key's name and its bytes in hexadecimal; the first key is the
 * one that is used, the others are accepted still.  A file is read whenever a
 * key is needed, and what was read is wiped (secret.h).
 */
#ifndef BL_KEYFILE_H
#define BL_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum
{
	BL_KEY_NAME_MAX = 32,
	BL_KEY_MAX = 128			/* bytes */
};

typedef struct BlKey
{
	char		name[BL_KEY_NAME_MAX + 1];
	uint8_t		bytes[BL_KEY_MAX];
	size_t		size;
} BlKey;

/* where the keys of one purpose are, and how long they may be */
typedef struct BlKeySource
{
	const char *purpose;		/* "tokens": of messages */
	const char *setting;		/* "billing.token_key_file" */
	char	  **file;			/* empty: not set */
	char	  **command;		/* or one that prints them; NULL: never */
	size_t		min;
	size_t		max;
} BlKeySource;

extern const BlKeySource bl_token_keys;
extern const BlKeySource bl_seal_keys;
extern const BlKeySource bl_sign_keys;

/* the key of this name, or the first, until the next call or the transaction's end; NULL: there is none */
extern const BlKey *bl_key_find(const BlKeySource *source, const char *name);
/* the error that there is no usable key, and why */
extern void bl_key_refuse(const BlKeySource *source, const char *why) pg_attribute_noreturn();

#endif							/* BL_KEYFILE_H */

/*
 * secret.h - where keys are while they are in memory
 *
 * All that a session ever has of keys in plain is here, and in OpenSSL's
 * contexts while it computes: one piece of memory that core dumps leave out,
 * that does not go to swap where the system allows it, and that is wiped when
 * the transaction ends, whichever way.
 */
#ifndef BL_SECRET_H
#define BL_SECRET_H

#include "core/sealed.h"
#include "keyfile.h"

enum
{
	BL_KEY_TEXT_MAX = 65536,
	BL_KEYS_KEPT = 4
};

typedef struct BlSecrets
{
	BlKey		found;			/* the last of a file or command */
	uint8_t		once[BL_KEY_SIZE];	/* a customer's, or one that is being made */
	/* of companies and indexes, until the transaction ends; 0: none */
	struct
	{
		int64_t		key_id;
		uint8_t		key[BL_KEY_SIZE];
	}			kept[BL_KEYS_KEPT];
	int			last_kept;
	char		text[BL_KEY_TEXT_MAX];	/* of a file or command, while it is read */
} BlSecrets;

extern BlSecrets *bl_secrets(void);

#endif							/* BL_SECRET_H */

/*
 * seal_key.h - the keys of sealed values, as the store keeps them
 *
 * Three levels: a master key (keyfile.h) wraps the key of a company, that one
 * wraps the keys of its customers and of its blind indexes.  The store has
 * only wrapped keys, in billing.seal_key.
 */
#ifndef BL_SEAL_KEY_H
#define BL_SEAL_KEY_H

#include "core/sealed.h"

/* unwrapped, until the next call; UB411 where it is destroyed or does not open */
extern const uint8_t *bl_seal_key(int64_t key_id);

#endif							/* BL_SEAL_KEY_H */

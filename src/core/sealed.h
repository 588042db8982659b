/*
 * sealed.h - a text that only who has its key can read, and what may be shown
 * of it to everybody
 *
 * AES-256-GCM, a fresh nonce each time.  What a value belongs to (its context)
 * is authenticated with it, so that it does not open anywhere else; so are the
 * number of its key and its mask.  All of OpenSSL that the product uses is
 * here, through EVP.
 */
#ifndef BL_SEALED_H
#define BL_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum
{
	BL_KEY_SIZE = 32,
	BL_NONCE_SIZE = 12,
	BL_TAG_SIZE = 16,
	BL_DIGEST_SIZE = 32,
	BL_SIGNATURE_SIZE = 64,
	BL_MASK_MAX = 100,			/* bytes of what may be shown */
	BL_PLAIN_MAX = 4000,		/* bytes of what is sealed */
	BL_SEALED_HEADER = 22,
	BL_WRAPPED_SIZE = BL_NONCE_SIZE + BL_KEY_SIZE + BL_TAG_SIZE
};

/* a value taken apart; pointers into its bytes */
typedef struct BlSealed
{
	int64_t		key_id;
	const uint8_t *header;
	size_t		header_size;	/* with the mask */
	const char *mask;
	size_t		mask_size;
	const uint8_t *nonce;
	const uint8_t *cipher;
	size_t		plain_size;
	const uint8_t *tag;
} BlSealed;

/* every read of a value begins here: BL_TRUNCATED, BL_BAD_VERSION, BL_CORRUPT */
extern BlStatus bl_sealed_open(BlSealed *sealed, const uint8_t *bytes, size_t size);

static inline size_t
bl_sealed_size(size_t mask_size, size_t plain_size)
{
	return BL_SEALED_HEADER + mask_size + plain_size + BL_TAG_SIZE;
}

/*
 * Writes bl_sealed_size() bytes.  BL_LIMIT: mask or text are too long;
 * BL_BAD_VALUE: the mask is no plain text; BL_NO_CIPHER: nothing may be used.
 */
extern BlStatus bl_sealed_make(uint8_t *out, int64_t key_id, const uint8_t key[BL_KEY_SIZE], const uint8_t nonce[BL_NONCE_SIZE],
							   const char *mask, size_t mask_size, const uint8_t *plain, size_t plain_size,
							   const uint8_t *context, size_t context_size);

/* plain has room for sealed->plain_size; false: it does not open, for whatever reason, and plain is zeroed */
extern bool bl_sealed_read(const BlSealed *sealed, const uint8_t key[BL_KEY_SIZE],
						   const uint8_t *context, size_t context_size, uint8_t *plain);

/* a key under another: nonce, cipher, tag; context says which key it is */
extern bool bl_key_wrap(uint8_t out[BL_WRAPPED_SIZE], const uint8_t over[BL_KEY_SIZE], const uint8_t nonce[BL_NONCE_SIZE],
						const uint8_t key[BL_KEY_SIZE], const uint8_t *context, size_t context_size);
extern bool bl_key_unwrap(uint8_t key[BL_KEY_SIZE], const uint8_t over[BL_KEY_SIZE], const uint8_t *wrapped, size_t wrapped_size,
						  const uint8_t *context, size_t context_size);

/* HMAC-SHA-256; false: OpenSSL failed */
extern bool bl_hmac(uint8_t out[BL_DIGEST_SIZE], const uint8_t *key, size_t key_size, const uint8_t *data, size_t size);

/* Ed25519; the private key is its 32 bytes of seed */
extern bool bl_sign(uint8_t signature[BL_SIGNATURE_SIZE], uint8_t public_key[BL_KEY_SIZE], const uint8_t seed[BL_KEY_SIZE],
					const uint8_t *data, size_t size);
extern bool bl_signature_good(const uint8_t *signature, const uint8_t public_key[BL_KEY_SIZE], const uint8_t *data, size_t size);

/* zeros that the compiler leaves in */
extern void bl_wipe(void *secret, size_t size);

#endif							/* BL_SEALED_H */

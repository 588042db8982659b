/*
 * sealed.c - sealed texts, wrapped keys, blind indexes and signatures
 *
 * sealed, version 1 (after the varlena length word; integers little-endian)
 *
 *	 0  1  version
 *	 1  1  length of the mask
 *	 2  8  number of the key
 *	10 12  nonce
 *	22  .  mask, UTF-8 without control characters
 *	 .  .  cipher text, as long as the plain text
 *	 . 16  tag
 *
 * Authenticated with the cipher text: the header up to the cipher text, then
 * the context.  The context is a digest of fixed length, so that nothing can
 * move from the one to the other.
 */
#include "core/sealed.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "core/bytes.h"
#include "core/utf8.h"

enum
{
	VERSION = 1,
	AT_MASK_SIZE = 1,
	AT_KEY = 2,
	AT_NONCE = 10,
	HMAC_BLOCK = 64				/* of SHA-256; a longer key is not for us */
};

/* what is authenticated, in two parts */
typedef struct Context
{
	const uint8_t *first;
	size_t		first_size;
	const uint8_t *second;
	size_t		second_size;
} Context;

void
bl_wipe(void *secret, size_t size)
{
	OPENSSL_cleanse(secret, size);
}

/* ---- AES-256-GCM ---- */

static bool
gcm_begin(EVP_CIPHER_CTX *gcm, bool sealing, const uint8_t *key, const uint8_t *nonce, const Context *context)
{
	int			taken;

	/* the standard's nonce of 96 bits is the default; asking makes sure */
	return EVP_CipherInit_ex(gcm, EVP_aes_256_gcm(), NULL, NULL, NULL, sealing) == 1 &&
		EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_GCM_SET_IVLEN, BL_NONCE_SIZE, NULL) == 1 &&
		EVP_CipherInit_ex(gcm, NULL, NULL, key, nonce, sealing) == 1 &&
		(context->first_size == 0 || EVP_CipherUpdate(gcm, NULL, &taken, context->first, (int) context->first_size) == 1) &&
		(context->second_size == 0 || EVP_CipherUpdate(gcm, NULL, &taken, context->second, (int) context->second_size) == 1);
}

static bool
gcm_seal(uint8_t *cipher, uint8_t *tag, const uint8_t *key, const uint8_t *nonce, const uint8_t *plain, size_t size, const Context *context)
{
	EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
	uint8_t		none[BL_TAG_SIZE];
	int			taken = 0;
	bool		good = gcm != NULL && gcm_begin(gcm, true, key, nonce, context) &&
		(size == 0 || EVP_CipherUpdate(gcm, cipher, &taken, plain, (int) size) == 1) && (size_t) taken == size &&
		EVP_CipherFinal_ex(gcm, none, &taken) == 1 && taken == 0 &&
		EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_GCM_GET_TAG, BL_TAG_SIZE, tag) == 1;

	EVP_CIPHER_CTX_free(gcm);
	return good;
}

static bool
gcm_open(uint8_t *plain, const uint8_t *key, const uint8_t *nonce, const uint8_t *cipher, size_t size, const uint8_t *tag, const Context *context)
{
	EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
	uint8_t		expected[BL_TAG_SIZE];
	uint8_t		none[BL_TAG_SIZE];
	int			taken = 0;
	bool		good;

	memcpy(expected, tag, sizeof expected);
	good = gcm != NULL && gcm_begin(gcm, false, key, nonce, context) &&
		(size == 0 || EVP_CipherUpdate(gcm, plain, &taken, cipher, (int) size) == 1) && (size_t) taken == size &&
		EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_GCM_SET_TAG, BL_TAG_SIZE, expected) == 1 &&
		EVP_CipherFinal_ex(gcm, none, &taken) == 1 && taken == 0;
	EVP_CIPHER_CTX_free(gcm);
	/* before the tag is checked this is whatever somebody put there */
	if (!good)
		bl_wipe(plain, size);
	return good;
}

/* ---- values ---- */

BlStatus
bl_sealed_open(BlSealed *sealed, const uint8_t *bytes, size_t size)
{
	if (size < BL_SEALED_HEADER + BL_TAG_SIZE)
		return BL_TRUNCATED;
	if (bytes[0] != VERSION)
		return BL_BAD_VERSION;
	sealed->mask_size = bytes[AT_MASK_SIZE];
	if (sealed->mask_size > size - BL_SEALED_HEADER - BL_TAG_SIZE)
		return BL_TRUNCATED;
	if (size > bl_sealed_size(sealed->mask_size, BL_PLAIN_MAX))
		return BL_CORRUPT;
	sealed->header = bytes;
	sealed->header_size = BL_SEALED_HEADER + sealed->mask_size;
	sealed->key_id = (int64_t) bl_le64(bytes + AT_KEY);
	sealed->nonce = bytes + AT_NONCE;
	sealed->mask = (const char *) bytes + BL_SEALED_HEADER;
	sealed->cipher = bytes + sealed->header_size;
	sealed->plain_size = size - sealed->header_size - BL_TAG_SIZE;
	sealed->tag = bytes + size - BL_TAG_SIZE;
	if (sealed->key_id <= 0 || sealed->mask_size > BL_MASK_MAX || !bl_utf8_plain(sealed->mask, sealed->mask_size))
		return BL_CORRUPT;
	return BL_OK;
}

BlStatus
bl_sealed_make(uint8_t *out, int64_t key_id, const uint8_t key[BL_KEY_SIZE], const uint8_t nonce[BL_NONCE_SIZE],
			   const char *mask, size_t mask_size, const uint8_t *plain, size_t plain_size,
			   const uint8_t *context, size_t context_size)
{
	uint8_t    *cipher = out + BL_SEALED_HEADER + mask_size;
	Context		authenticated = {out, BL_SEALED_HEADER + mask_size, context, context_size};

	if (mask_size > BL_MASK_MAX || plain_size > BL_PLAIN_MAX)
		return BL_LIMIT;
	if (key_id <= 0 || !bl_utf8_plain(mask, mask_size))
		return BL_BAD_VALUE;
	out[0] = VERSION;
	out[AT_MASK_SIZE] = (uint8_t) mask_size;
	bl_put_le64(out + AT_KEY, (uint64_t) key_id);
	memcpy(out + AT_NONCE, nonce, BL_NONCE_SIZE);
	memcpy(out + BL_SEALED_HEADER, mask, mask_size);
	return gcm_seal(cipher, cipher + plain_size, key, nonce, plain, plain_size, &authenticated) ? BL_OK : BL_NO_CIPHER;
}

bool
bl_sealed_read(const BlSealed *sealed, const uint8_t key[BL_KEY_SIZE], const uint8_t *context, size_t context_size, uint8_t *plain)
{
	Context		authenticated = {sealed->header, sealed->header_size, context, context_size};

	return gcm_open(plain, key, sealed->nonce, sealed->cipher, sealed->plain_size, sealed->tag, &authenticated);
}

/* ---- keys ---- */

bool
bl_key_wrap(uint8_t out[BL_WRAPPED_SIZE], const uint8_t over[BL_KEY_SIZE], const uint8_t nonce[BL_NONCE_SIZE],
			const uint8_t key[BL_KEY_SIZE], const uint8_t *context, size_t context_size)
{
	Context		authenticated = {context, context_size, NULL, 0};

	memcpy(out, nonce, BL_NONCE_SIZE);
	return gcm_seal(out + BL_NONCE_SIZE, out + BL_NONCE_SIZE + BL_KEY_SIZE, over, nonce, key, BL_KEY_SIZE, &authenticated);
}

bool
bl_key_unwrap(uint8_t key[BL_KEY_SIZE], const uint8_t over[BL_KEY_SIZE], const uint8_t *wrapped, size_t wrapped_size,
			  const uint8_t *context, size_t context_size)
{
	Context		authenticated = {context, context_size, NULL, 0};

	return wrapped_size == BL_WRAPPED_SIZE &&
		gcm_open(key, over, wrapped, wrapped + BL_NONCE_SIZE, BL_KEY_SIZE, wrapped + BL_NONCE_SIZE + BL_KEY_SIZE, &authenticated);
}

/* ---- digests and signatures ---- */

/* RFC 2104 over EVP's digest: its own HMAC looks for its implementation at every call, which takes most of the time */
bool
bl_hmac(uint8_t out[BL_DIGEST_SIZE], const uint8_t *key, size_t key_size, const uint8_t *data, size_t size)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	const EVP_MD *sha256 = EVP_sha256();
	uint8_t		pad[HMAC_BLOCK] = {0};
	unsigned	made = 0;
	bool		good = hash != NULL && key_size <= HMAC_BLOCK;

	if (good)
		memcpy(pad, key, key_size);
	for (int i = 0; i < HMAC_BLOCK; i++)
		pad[i] ^= 0x36;
	good = good && EVP_DigestInit_ex(hash, sha256, NULL) == 1 && EVP_DigestUpdate(hash, pad, sizeof pad) == 1 &&
		EVP_DigestUpdate(hash, data, size) == 1 && EVP_DigestFinal_ex(hash, out, &made) == 1;
	for (int i = 0; i < HMAC_BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	good = good && EVP_DigestInit_ex(hash, sha256, NULL) == 1 && EVP_DigestUpdate(hash, pad, sizeof pad) == 1 &&
		EVP_DigestUpdate(hash, out, BL_DIGEST_SIZE) == 1 && EVP_DigestFinal_ex(hash, out, &made) == 1 && made == BL_DIGEST_SIZE;
	bl_wipe(pad, sizeof pad);
	EVP_MD_CTX_free(hash);
	return good;
}

bool
bl_sign(uint8_t signature[BL_SIGNATURE_SIZE], uint8_t public_key[BL_KEY_SIZE], const uint8_t seed[BL_KEY_SIZE],
		const uint8_t *data, size_t size)
{
	EVP_PKEY   *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, BL_KEY_SIZE);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t		made = BL_SIGNATURE_SIZE,
				public_size = BL_KEY_SIZE;
	bool		good = key != NULL && context != NULL &&
		EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestSign(context, signature, &made, data, size) == 1 && made == BL_SIGNATURE_SIZE &&
		EVP_PKEY_get_raw_public_key(key, public_key, &public_size) == 1 && public_size == BL_KEY_SIZE;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

bool
bl_signature_good(const uint8_t *signature, const uint8_t public_key[BL_KEY_SIZE], const uint8_t *data, size_t size)
{
	EVP_PKEY   *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, BL_KEY_SIZE);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool		good = key != NULL && context != NULL &&
		EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(context, signature, BL_SIGNATURE_SIZE, data, size) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

/*
 * sha256.c - SHA-256 by OpenSSL, one hash at a time
 */
#include "postgres.h"

#include <openssl/evp.h>

#include "sha256.h"

static EVP_MD_CTX *context;
static EVP_MD *algorithm;

/* small pieces wait here: a link has some fifty of eight or nine bytes, and a call of OpenSSL costs more than hashing one */
static uint8_t gathered[512];
static size_t gathered_size;

static void
check(int done)
{
	if (unlikely(done != 1))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("SHA-256 failed"), errdetail("OpenSSL does not provide it.")));
}

void
bl_sha256_begin(void)
{
	if (algorithm == NULL)
		algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (context == NULL)
		context = EVP_MD_CTX_new();
	check(algorithm != NULL && context != NULL && EVP_DigestInit_ex2(context, algorithm, NULL));
	gathered_size = 0;
}

static void
pass_on(void)
{
	check(EVP_DigestUpdate(context, gathered, gathered_size));
	gathered_size = 0;
}

void
bl_sha256_put(const void *bytes, size_t size)
{
	if (size > sizeof gathered - gathered_size)
		pass_on();
	if (size > sizeof gathered)
		check(EVP_DigestUpdate(context, bytes, size));
	else
	{
		memcpy(gathered + gathered_size, bytes, size);
		gathered_size += size;
	}
}

void
bl_sha256_end(uint8_t digest[BL_SHA256_SIZE])
{
	pass_on();
	check(EVP_DigestFinal_ex(context, digest, NULL));
}

void
bl_sha256(const void *bytes, size_t size, uint8_t digest[BL_SHA256_SIZE])
{
	bl_sha256_begin();
	bl_sha256_put(bytes, size);
	bl_sha256_end(digest);
}

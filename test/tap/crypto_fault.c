/*
 * crypto_fault.c - OpenSSL that fails on demand
 *
 * Preloaded into a server, it stands before each function of libcrypto that
 * the extension calls, and before those by which the server makes random bytes
 * and HMACs.  Called by SQL in a session: the n-th call from now on fails there,
 * as OpenSSL says that it failed.  Keys that pass by are written to the file
 * that CRYPTO_FAULT_KEYS names, by one write from where they are, so that a
 * search of the memory finds no copy made here.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "postgres.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "fmgr.h"
#include "utils/builtins.h"

PG_MODULE_MAGIC;

static int	left;				/* calls until one fails; 0: none does */
static int	calls;
static const char *failed;

static void *
next(const char *name)
{
	void	   *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

/* of the extension, not of the server or OpenSSL itself */
static bool
is_ours(const void *caller)
{
	Dl_info		about;

	return dladdr(caller, &about) != 0 && strstr(about.dli_fname, "/billing.so") != NULL;
}

/* is this the call that fails?  Of the server's own calls only those that it makes for us are counted. */
static bool
fails(const char *name, const void *caller, bool of_server)
{
	if (!of_server && !is_ours(caller))
		return false;
	calls++;
	if (left == 0 || --left > 0)
		return false;
	failed = name;
	return true;
}

static void
write_key(const void *key, size_t size)
{
	const char *file = getenv("CRYPTO_FAULT_KEYS");
	int			to = file == NULL ? -1 : open(file, O_WRONLY | O_APPEND | O_CREAT, 0600);

	if (to >= 0 && write(to, key, size) != (ssize_t) size)
		abort();
	if (to >= 0)
		close(to);
}

/* STANDS_BEFORE(result when it fails, returned type, name, parameters, arguments, of the server's?) */
#define STANDS_BEFORE(bad, type, name, parameters, arguments, of_server) \
	extern type name parameters; \
	type name parameters \
	{ \
		static type (*real) parameters; \
		if (real == NULL) \
			real = (type (*) parameters) next(#name); \
		return fails(#name, __builtin_return_address(0), of_server) ? bad : real arguments; \
	}

STANDS_BEFORE(NULL, EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), (), false)
STANDS_BEFORE(NULL, const EVP_CIPHER *, EVP_aes_256_gcm, (void), (), false)
STANDS_BEFORE(0, int, EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX *c, int type, int arg, void *ptr), (c, type, arg, ptr), false)
STANDS_BEFORE(0, int, EVP_CipherFinal_ex, (EVP_CIPHER_CTX *c, unsigned char *out, int *size), (c, out, size), false)
STANDS_BEFORE(NULL, EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), false)
STANDS_BEFORE(NULL, const EVP_MD *, EVP_sha256, (void), (), false)
STANDS_BEFORE(NULL, EVP_MD *, EVP_MD_fetch, (OSSL_LIB_CTX *l, const char *name, const char *properties), (l, name, properties), false)
STANDS_BEFORE(0, int, EVP_DigestInit_ex, (EVP_MD_CTX *c, const EVP_MD *type, ENGINE *e), (c, type, e), false)
STANDS_BEFORE(0, int, EVP_DigestInit_ex2, (EVP_MD_CTX *c, const EVP_MD *type, const OSSL_PARAM *p), (c, type, p), false)
STANDS_BEFORE(0, int, EVP_DigestUpdate, (EVP_MD_CTX *c, const void *data, size_t size), (c, data, size), false)
STANDS_BEFORE(0, int, EVP_DigestFinal_ex, (EVP_MD_CTX *c, unsigned char *out, unsigned *size), (c, out, size), false)
STANDS_BEFORE(0, int, EVP_DigestSignInit, (EVP_MD_CTX *c, EVP_PKEY_CTX **p, const EVP_MD *type, ENGINE *e, EVP_PKEY *key), (c, p, type, e, key), false)
STANDS_BEFORE(0, int, EVP_DigestSign, (EVP_MD_CTX *c, unsigned char *out, size_t *size, const unsigned char *data, size_t n), (c, out, size, data, n), false)
STANDS_BEFORE(0, int, EVP_DigestVerifyInit, (EVP_MD_CTX *c, EVP_PKEY_CTX **p, const EVP_MD *type, ENGINE *e, EVP_PKEY *key), (c, p, type, e, key), false)
STANDS_BEFORE(-1, int, EVP_DigestVerify, (EVP_MD_CTX *c, const unsigned char *sig, size_t size, const unsigned char *data, size_t n), (c, sig, size, data, n), false)
STANDS_BEFORE(NULL, EVP_PKEY *, EVP_PKEY_new_raw_public_key, (int type, ENGINE *e, const unsigned char *key, size_t size), (type, e, key, size), false)
STANDS_BEFORE(0, int, EVP_PKEY_get_raw_public_key, (const EVP_PKEY *key, unsigned char *out, size_t *size), (key, out, size), false)
STANDS_BEFORE(0, int, EVP_PBE_scrypt, (const char *pass, size_t size, const unsigned char *salt, size_t n, uint64_t N, uint64_t r, uint64_t p, uint64_t most,
			  unsigned char *key, size_t key_size), (pass, size, salt, n, N, r, p, most, key, key_size), false)
STANDS_BEFORE(0, int, RAND_bytes, (unsigned char *out, int size), (out, size), true)
STANDS_BEFORE(NULL, HMAC_CTX *, HMAC_CTX_new, (void), (), true)
STANDS_BEFORE(0, int, HMAC_Init_ex, (HMAC_CTX *c, const void *key, int size, const EVP_MD *type, ENGINE *e), (c, key, size, type, e), true)
STANDS_BEFORE(0, int, HMAC_Update, (HMAC_CTX *c, const unsigned char *data, size_t size), (c, data, size), true)
STANDS_BEFORE(0, int, HMAC_Final, (HMAC_CTX *c, unsigned char *out, unsigned *size), (c, out, size), true)

/* ---- and these see keys ---- */

int
EVP_CipherInit_ex(EVP_CIPHER_CTX *c, const EVP_CIPHER *type, ENGINE *e, const unsigned char *key, const unsigned char *iv, int sealing)
{
	static int	(*real) (EVP_CIPHER_CTX *, const EVP_CIPHER *, ENGINE *, const unsigned char *, const unsigned char *, int);

	if (real == NULL)
		real = next("EVP_CipherInit_ex");
	if (key != NULL && is_ours(__builtin_return_address(0)))
		write_key(key, 32);
	return fails("EVP_CipherInit_ex", __builtin_return_address(0), false) ? 0 : real(c, type, e, key, iv, sealing);
}

int
EVP_CipherUpdate(EVP_CIPHER_CTX *c, unsigned char *out, int *size, const unsigned char *data, int n)
{
	static int	(*real) (EVP_CIPHER_CTX *, unsigned char *, int *, const unsigned char *, int);
	int			done;

	if (real == NULL)
		real = next("EVP_CipherUpdate");
	if (fails("EVP_CipherUpdate", __builtin_return_address(0), false))
		return 0;
	done = real(c, out, size, data, n);
	/* a key that was unwrapped */
	if (done == 1 && out != NULL && n == 32 && is_ours(__builtin_return_address(0)) && !EVP_CIPHER_CTX_is_encrypting(c))
		write_key(out, 32);
	return done;
}

EVP_PKEY *
EVP_PKEY_new_raw_private_key(int type, ENGINE *e, const unsigned char *key, size_t size)
{
	static EVP_PKEY *(*real) (int, ENGINE *, const unsigned char *, size_t);

	if (real == NULL)
		real = next("EVP_PKEY_new_raw_private_key");
	write_key(key, size);
	return fails("EVP_PKEY_new_raw_private_key", __builtin_return_address(0), false) ? NULL : real(type, e, key, size);
}

/* ---- for SQL ---- */

/* crypto_fail(n integer): the n-th call from now on fails; 0: none */
PG_FUNCTION_INFO_V1(crypto_fail);
Datum
crypto_fail(PG_FUNCTION_ARGS)
{
	left = PG_GETARG_INT32(0);
	calls = 0;
	failed = NULL;
	PG_RETURN_VOID();
}

/* crypto_failed(): which has failed since then; null: none */
PG_FUNCTION_INFO_V1(crypto_failed);
Datum
crypto_failed(PG_FUNCTION_ARGS)
{
	left = 0;
	if (failed == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(failed));
}

/* crypto_calls(): how many there were */
PG_FUNCTION_INFO_V1(crypto_calls);
Datum
crypto_calls(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(calls);
}

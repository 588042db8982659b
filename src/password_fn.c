/*
 * password_fn.c - passwords of those who log in by name: a salted, slow hash,
 * and each attempt once
 */
#include "postgres.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "billing.h"

enum
{
	HASH_SIZE = 32,
	SALT_MIN = 16,
	SALT_MAX = 64,
	PASSWORD_MAX = 1024,
	COST_MIN = 10,				/* 1 MB */
	COST_MAX = 20				/* 1 GB */
};

/* scrypt, RFC 7914: N = 2^cost, r = 8, p = 1 */
static void
hash_password(FunctionCallInfo fcinfo, uint8_t *hash)
{
	text	   *password = PG_GETARG_TEXT_PP(0);
	bytea	   *salt = PG_GETARG_BYTEA_PP(1);
	int32_t		cost = PG_GETARG_INT32(2);
	uint64_t	most = (UINT64_C(1) << COST_MAX) * 8 * 128 + (1 << 20);

	if (VARSIZE_ANY_EXHDR(password) > PASSWORD_MAX || VARSIZE_ANY_EXHDR(salt) < SALT_MIN || VARSIZE_ANY_EXHDR(salt) > SALT_MAX ||
		cost < COST_MIN || cost > COST_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a password cannot be hashed like this"),
				 errdetail("A password has at most %d bytes, a salt %d to %d, a cost is %d to %d.",
						   PASSWORD_MAX, SALT_MIN, SALT_MAX, COST_MIN, COST_MAX)));
	if (EVP_PBE_scrypt(VARDATA_ANY(password), VARSIZE_ANY_EXHDR(password), (const uint8_t *) VARDATA_ANY(salt), VARSIZE_ANY_EXHDR(salt),
					   UINT64_C(1) << cost, 8, 1, most, hash, HASH_SIZE) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not hash a password"),
				 errhint("A lower cost needs less memory.")));
}

/* _password_hash(password text, salt bytea, cost integer) returns bytea */
PG_FUNCTION_INFO_V1(billing_password_hash);
Datum
billing_password_hash(PG_FUNCTION_ARGS)
{
	bytea	   *result = palloc(VARHDRSZ + HASH_SIZE);

	SET_VARSIZE(result, VARHDRSZ + HASH_SIZE);
	hash_password(fcinfo, (uint8_t *) VARDATA(result));
	PG_RETURN_BYTEA_P(result);
}

/* _password_matches(password text, salt bytea, cost integer, hash bytea) returns boolean */
PG_FUNCTION_INFO_V1(billing_password_matches);
Datum
billing_password_matches(PG_FUNCTION_ARGS)
{
	bytea	   *stored = PG_GETARG_BYTEA_PP(3);
	uint8_t		hash[HASH_SIZE];
	bool		same;

	hash_password(fcinfo, hash);
	same = VARSIZE_ANY_EXHDR(stored) == HASH_SIZE && CRYPTO_memcmp(hash, VARDATA_ANY(stored), HASH_SIZE) == 0;
	OPENSSL_cleanse(hash, sizeof hash);
	PG_RETURN_BOOL(same);
}

/* _backend_name() returns text */
PG_FUNCTION_INFO_V1(billing_backend_name);
Datum
billing_backend_name(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%d " INT64_FORMAT, MyProcPid, (int64_t) MyStartTimestamp)));
}

/*
 * _spend_login(attempt bigint) returns boolean
 *
 * Memory knows no rollback: an attempt that was looked at once in this backend
 * is never looked at again, whatever becomes of the transaction.
 */
PG_FUNCTION_INFO_V1(billing_spend_login);
Datum
billing_spend_login(PG_FUNCTION_ARGS)
{
	static int64_t spent = 0;
	int64_t		attempt = PG_GETARG_INT64(0);

	if (attempt <= spent)
		PG_RETURN_BOOL(false);
	spent = attempt;
	PG_RETURN_BOOL(true);
}

/*
 * token.c - what is signed elsewhere and believed here
 *
 * Tokens: a pooled application says for whom it asks.
 *
 *	b1.KEY.KIND.ID.EXPIRES.NONCE.SIGNATURE
 *
 *	KEY			name of the key that signed
 *	KIND, ID	"staff" or "customer", and its number
 *	EXPIRES		seconds since 1970, at most a minute ahead
 *	NONCE		hexadecimal, makes two tokens differ
 *	SIGNATURE	HMAC-SHA-256 in hexadecimal of all before its dot, another dot,
 *				and the name of the database
 *
 * Keys (keyfile.h) are wiped after use.
 * Every refusal has the same words, so that none says what was wrong.
 */
#include "postgres.h"

#include <time.h>

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "common/cryptohash.h"
#include "common/hmac.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "actor.h"
#include "billing.h"
#include "core/access.h"
#include "core/sealed.h"
#include "core/token.h"
#include "keyfile.h"

enum
{
	TOKEN_MAX = 256,
	LIFE_SECONDS = 60,
	TOKEN_FIELDS = 7,
	ASSERTION_FIELDS = 8,
	ASSERTION_MAX = 400,
	METHOD_MAX = 20
};

static void
sign(const char *text, size_t length, const BlKey *key, uint8_t *signature)
{
	const char *database = get_database_name(MyDatabaseId);
	pg_hmac_ctx *context = pg_hmac_create(PG_SHA256);
	bool		good = context != NULL &&
		pg_hmac_init(context, key->bytes, key->size) >= 0 &&
		pg_hmac_update(context, (const uint8 *) text, length) >= 0 &&
		pg_hmac_update(context, (const uint8 *) ".", 1) >= 0 &&
		pg_hmac_update(context, (const uint8 *) database, strlen(database)) >= 0 &&
		pg_hmac_final(context, signature, PG_SHA256_DIGEST_LENGTH) >= 0;

	pg_hmac_free(context);
	if (!good)
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("OpenSSL could not make an HMAC")));
}

static BlActorKind
kind_of(const char *name)
{
	if (strcmp(name, "staff") == 0)
		return BL_STAFF;
	return strcmp(name, "customer") == 0 ? BL_CUSTOMER : BL_NOBODY;
}

/* whom the token names; BL_NOBODY: refused */
static BlActorKind
accept(const char *token, int64_t *id)
{
	char		copy[TOKEN_MAX + 1];
	char	   *field[TOKEN_FIELDS];
	uint8_t		signature[PG_SHA256_DIGEST_LENGTH],
				said[PG_SHA256_DIGEST_LENGTH];
	const BlKey *key;
	BlActorKind kind;
	int64_t		expires,
				now = (int64_t) time(NULL);

	if (strlen(token) > TOKEN_MAX)
		return BL_NOBODY;
	strlcpy(copy, token, sizeof copy);
	if (!bl_token_split(copy, "b1", field, TOKEN_FIELDS))
		return BL_NOBODY;
	key = bl_key_find(&bl_token_keys, field[1]);
	if (key == NULL)
		return BL_NOBODY;
	sign(token, (size_t) (field[6] - 1 - copy), key, signature);
	if (strlen(field[6]) != 2 * sizeof said || !bl_hex_bytes(said, sizeof said, field[6]) || !bl_token_same(said, signature, sizeof signature))
		return BL_NOBODY;
	kind = kind_of(field[2]);
	*id = bl_token_number(field[3]);
	expires = bl_token_number(field[4]);
	/* one that lives longer than a minute was not made by our rules */
	if (*id <= 0 || expires <= now || expires > now + LIFE_SECONDS)
		return BL_NOBODY;
	return kind;
}

/* one error for whatever is wrong, so that none says what was right */
static void
refuse(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_BILLING_BAD_TOKEN),
			 errmsg("the token is not accepted"),
			 errhint("Ask for a new one: tokens live a minute, for one database.")));
}

static void
warn_outside_block(void)
{
	if (!IsTransactionBlock())
		ereport(WARNING,
				(errcode(ERRCODE_NO_ACTIVE_SQL_TRANSACTION),
				 errmsg("an identity ends with its transaction, and this one has only one statement"),
				 errhint("BEGIN first.")));
}

/* identify(token text) returns text */
PG_FUNCTION_INFO_V1(billing_identify);
Datum
billing_identify(PG_FUNCTION_ARGS)
{
	int64_t		id;
	BlActorKind kind = accept(text_to_cstring(PG_GETARG_TEXT_PP(0)), &id);

	if (kind == BL_NOBODY || !bl_actor_bind(kind, id, "token"))
		refuse();
	warn_outside_block();
	PG_RETURN_TEXT_P(cstring_to_text(bl_actor_name()));
}

static bool
is_signed(const uint8_t *public_key, const char *signature_hex, const char *text, size_t length)
{
	const char *database = get_database_name(MyDatabaseId);
	char	   *signed_text = psprintf("%.*s.%s", (int) length, text, database);
	uint8_t		signature[BL_SIGNATURE_SIZE];

	return strlen(signature_hex) == 2 * sizeof signature && bl_hex_bytes(signature, sizeof signature, signature_hex) &&
		bl_signature_good(signature, public_key, (const uint8_t *) signed_text, strlen(signed_text));
}

static bool
is_method(const char *method)
{
	size_t		length = strlen(method);

	return length > 0 && length <= METHOD_MAX && strspn(method, "abcdefghijklmnopqrstuvwxyz") == length;
}

/* _identify_by(assertion text, public_key bytea, org_id bigint) returns text */
PG_FUNCTION_INFO_V1(billing_identify_by);
Datum
billing_identify_by(PG_FUNCTION_ARGS)
{
	char	   *assertion = text_to_cstring(PG_GETARG_TEXT_PP(0));
	bytea	   *key = PG_GETARG_BYTEA_PP(1);
	int64_t		org = PG_GETARG_INT64(2);
	char	   *copy = pstrdup(assertion);
	char	   *field[ASSERTION_FIELDS];
	int64_t		id,
				expires,
				now = (int64_t) time(NULL);
	BlActorKind kind;
	const BlRights *rights;

	if (strlen(assertion) > ASSERTION_MAX || VARSIZE_ANY_EXHDR(key) != BL_KEY_SIZE ||
		!bl_token_split(copy, "a1", field, ASSERTION_FIELDS) ||
		!is_signed((const uint8_t *) VARDATA_ANY(key), field[7], assertion, (size_t) (field[7] - 1 - copy)))
		refuse();
	kind = kind_of(field[3]);
	id = bl_token_number(field[4]);
	expires = bl_token_number(field[5]);
	if (kind == BL_NOBODY || id <= 0 || expires <= now || expires > now + LIFE_SECONDS || !is_method(field[2]) ||
		!bl_actor_bind(kind, id, field[2]))
		refuse();
	/* a station's checker speaks for the station's people; the error unbinds */
	rights = bl_rights();
	if (rights->home_id <= 0 || !bl_access_is_below(rights->parent, rights->last, (size_t) rights->home_id, (size_t) org))
		refuse();
	warn_outside_block();
	PG_RETURN_TEXT_P(cstring_to_text(bl_actor_name()));
}

/* _bind_actor(kind text, id bigint, method text) returns text */
PG_FUNCTION_INFO_V1(billing_bind_actor);
Datum
billing_bind_actor(PG_FUNCTION_ARGS)
{
	char	   *method = text_to_cstring(PG_GETARG_TEXT_PP(2));
	BlActorKind kind = kind_of(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (kind == BL_NOBODY || !is_method(method) || !bl_actor_bind(kind, PG_GETARG_INT64(1), method))
		refuse();
	PG_RETURN_TEXT_P(cstring_to_text(bl_actor_name()));
}

/* issue_token(kind text, id bigint, seconds integer) returns text */
PG_FUNCTION_INFO_V1(billing_issue_token);
Datum
billing_issue_token(PG_FUNCTION_ARGS)
{
	char	   *kind = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int64_t		id = PG_GETARG_INT64(1);
	int32_t		seconds = PG_GETARG_INT32(2);
	uint8_t		nonce[8];
	uint8_t		signature[PG_SHA256_DIGEST_LENGTH];
	StringInfoData token;
	const BlKey *key;

	if (kind_of(kind) == BL_NOBODY || id <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a token is for a member of staff or a customer"),
				 errhint("Give 'staff' or 'customer', and its number.")));
	if (seconds < 1 || seconds > LIFE_SECONDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a token lives 1 to %d seconds", LIFE_SECONDS)));
	key = bl_key_find(&bl_token_keys, NULL);
	if (key == NULL)
		bl_key_refuse(&bl_token_keys, "has no key");
	if (!pg_strong_random(nonce, sizeof nonce))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));

	initStringInfo(&token);
	appendStringInfo(&token, "b1.%s.%s." INT64_FORMAT "." INT64_FORMAT ".", key->name, kind, id, (int64_t) time(NULL) + seconds);
	for (size_t i = 0; i < sizeof nonce; i++)
		appendStringInfo(&token, "%02x", nonce[i]);
	sign(token.data, (size_t) token.len, key, signature);
	appendStringInfoChar(&token, '.');
	for (size_t i = 0; i < sizeof signature; i++)
		appendStringInfo(&token, "%02x", signature[i]);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(token.data, token.len));
}

/* _token_key_name() returns text */
PG_FUNCTION_INFO_V1(billing_token_key_name);
Datum
billing_token_key_name(PG_FUNCTION_ARGS)
{
	const BlKey *key = bl_key_find(&bl_token_keys, NULL);

	(void) fcinfo;
	if (key == NULL)
		bl_key_refuse(&bl_token_keys, "has no key");
	PG_RETURN_TEXT_P(cstring_to_text(key->name));
}

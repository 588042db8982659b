/*
 * billing.h - what all glue shares: packed arguments and results, errors
 *
 * Include it right after postgres.h and the system's headers.  A glue function
 * fetches its arguments, calls the core, turns a status into an error.
 */
#ifndef BILLING_H
#define BILLING_H

#include "fmgr.h"

#include "compat.h"
#include "core/status.h"
#include "errcodes.h"

/* The bytes of a packed value, without its length word, wherever they are. */
typedef struct BlBytes
{
	const uint8_t *bytes;
	size_t		size;
} BlBytes;

static inline BlBytes
bl_bytes(const struct varlena *value)
{
	return (BlBytes) {(const uint8_t *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

/* of argument n; detoasted where needed, otherwise a pointer into the tuple */
#define BL_GETARG_BYTES(n) bl_bytes(PG_GETARG_VARLENA_PP(n))

/* a new packed value with room for size bytes; BL_LIMIT's error if too large */
extern struct varlena *bl_new_value(size_t size);

static inline uint8_t *
bl_new_bytes(struct varlena *value)
{
	return (uint8_t *) VARDATA(value);
}

/* errors.c */
extern int	bl_status_sqlstate(BlStatus status);
extern const char *bl_status_hint(BlStatus status);	/* NULL: nothing to advise */
/* raises what the core says went wrong; what: the subject, such as "profile" */
extern void bl_fail(BlStatus status, const char *what) pg_attribute_noreturn();
extern void bl_raise(const BlProblem *problem) pg_attribute_noreturn();

static inline void
bl_check(BlStatus status, const char *what)
{
	if (unlikely(status != BL_OK))
		bl_fail(status, what);
}

/* the core's texts are UTF-8, the database's perhaps not; palloc'd or the same */
extern const char *bl_utf8_to_server(const char *text);

/* guc.c */
extern void bl_define_settings(void);
/* never NULL; empty: not set */
extern char *bl_seal_key_command;
extern char *bl_seal_key_file;
extern char *bl_sign_key_command;
extern char *bl_sign_key_file;
extern char *bl_token_key_file;
extern char *bl_worker_databases;
extern int	bl_worker_interval; /* seconds */

#endif							/* BILLING_H */

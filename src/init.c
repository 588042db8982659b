/*
 * init.c - the library's entry: module magic, _PG_init, its release
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "actor.h"
#include "billing.h"
#include "worker.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	bl_define_settings();
	bl_actor_init();
	bl_worker_init();
}

/* version() returns text */
PG_FUNCTION_INFO_V1(billing_version);
Datum
billing_version(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_TEXT_P(cstring_to_text(BILLING_VERSION));
}

/*
 * guc.c - every setting, alphabetical
 */
#include "postgres.h"

#include "utils/guc.h"

#include "actor.h"
#include "billing.h"

char	   *bl_token_key_file;
static char *actor;

void
bl_define_settings(void)
{
	/*
	 * Not for users: it only carries the identity that identify() has checked,
	 * since settings follow savepoints and reach parallel workers.  The hook
	 * refuses every other source.
	 */
	DefineCustomStringVariable("billing.actor", "Who acts in this transaction, as identify() found.", NULL,
							   &actor, "", PGC_SUSET,
							   GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE | GUC_SUPERUSER_ONLY,
							   bl_actor_check, bl_actor_assign, NULL);
	/* sighup: the right to SET it would be the right to be anybody */
	DefineCustomStringVariable("billing.token_key_file", "File of the keys that sign tokens.",
							   "A line is a key's name and its bytes in hexadecimal; the first key signs, all are accepted. "
							   "The file must belong to the server's user, and nobody else may read it.",
							   &bl_token_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);

	/* a misspelt billing.* setting is an error, not a silent nothing */
	MarkGUCPrefixReserved("billing");
}

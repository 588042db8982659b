/*
 * guc.c - every setting, alphabetical
 */
#include "postgres.h"

#include "utils/guc.h"

#include "actor.h"
#include "billing.h"

char	   *bl_seal_key_command;
char	   *bl_seal_key_file;
char	   *bl_sign_key_command;
char	   *bl_sign_key_file;
char	   *bl_token_key_file;
char	   *bl_worker_databases;
int			bl_worker_interval;
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
	/* sighup, all that name keys: who could SET one could have his own */
	DefineCustomStringVariable("billing.seal_key_command", "Command that prints the master keys of sealed fields.",
							   "As billing.seal_key_file would hold them; it goes before the file.",
							   &bl_seal_key_command, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("billing.seal_key_file", "File of the master keys of sealed fields.",
							   "A line is a key's name and its 32 bytes in hexadecimal; the first key wraps, all unwrap. "
							   "The file must belong to the server's user, and nobody else may read it.",
							   &bl_seal_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("billing.sign_key_command", "Command that prints the keys that sign anchors.",
							   "As billing.sign_key_file would hold them; it goes before the file.",
							   &bl_sign_key_command, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("billing.sign_key_file", "File of the keys that sign anchors.",
							   "A line is a key's name and its 32 bytes (the seed of Ed25519) in hexadecimal; the first key signs. "
							   "The file must belong to the server's user, and nobody else may read it.",
							   &bl_sign_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	/* sighup: the right to SET it would be the right to be anybody */
	DefineCustomStringVariable("billing.token_key_file", "File of the keys that sign tokens.",
							   "A line is a key's name and its bytes in hexadecimal; the first key signs, all are accepted. "
							   "The file must belong to the server's user, and nobody else may read it.",
							   &bl_token_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);

	DefineCustomStringVariable("billing.worker_databases", "Databases whose bill runs get their workers back after a crash or restart.",
							   "A list of names; takes effect at the start of a server that has billing in shared_preload_libraries.",
							   &bl_worker_databases, "", PGC_SIGHUP, GUC_LIST_INPUT | GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("billing.worker_interval", "How often it is looked whether a bill run has lost its workers.", NULL,
							&bl_worker_interval, 10, 1, 3600, PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);

	/* a misspelt billing.* setting is an error, not a silent nothing */
	MarkGUCPrefixReserved("billing");
}

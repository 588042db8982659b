/*
 * secret.c - where keys are while they are in memory
 */
#include "postgres.h"

#include <sys/mman.h>

#include "access/xact.h"

#include "secret.h"

static BlSecrets *secrets;
static bool in_use;

static void
forget(XactEvent event, void *argument)
{
	(void) argument;
	if (in_use && (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE ||
				   event == XACT_EVENT_PARALLEL_COMMIT || event == XACT_EVENT_PARALLEL_ABORT))
	{
		bl_wipe(secrets, sizeof *secrets);
		in_use = false;
	}
}

BlSecrets *
bl_secrets(void)
{
	if (secrets == NULL)
	{
		/* pages of its own: what the kernel is told holds for whole ones */
		void	   *pages = mmap(NULL, sizeof *secrets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (pages == MAP_FAILED)
			ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"), errdetail("There are no pages for keys.")));
#ifdef MADV_DONTDUMP
		(void) madvise(pages, sizeof *secrets, MADV_DONTDUMP);
#endif
		(void) mlock(pages, sizeof *secrets);
		RegisterXactCallback(forget, NULL);
		secrets = pages;
	}
	in_use = true;
	return secrets;
}

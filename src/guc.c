/*
 * guc.c - every setting, alphabetical; none yet
 */
#include "postgres.h"

#include "utils/guc.h"

#include "billing.h"

void
bl_define_settings(void)
{
	/* a misspelt billing.* setting is an error, not a silent nothing */
	MarkGUCPrefixReserved("billing");
}

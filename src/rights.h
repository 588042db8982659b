/*
 * rights.h - reading from the store what an actor may
 */
#ifndef BL_RIGHTS_H
#define BL_RIGHTS_H

#include "actor.h"

/* What this actor may now, in a memory context of its own below CacheMemoryContext. */
extern BlRights *bl_rights_load(BlActorKind kind, int64_t id, Oid session_user);

/*
 * The accounts of a customer, or those assigned to a member of staff, sorted,
 * each once; allocated in the transaction.  good_until: when an assignment ends or begins.
 */
extern const BlAccount *bl_rights_accounts(const BlRights *rights, size_t *count, TimestampTz *good_until);

#endif							/* BL_RIGHTS_H */

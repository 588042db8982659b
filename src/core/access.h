/*
 * access.h - rights over a tree of organisations
 *
 * A right is an action on a kind of object, one bit of 64.  A grant gives
 * rights over an org and all below it.  The table of an actor has a word of
 * rights for each org, looked up by its number, so that asking costs one load.
 */
#ifndef BL_CORE_ACCESS_H
#define BL_CORE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum
{
	BL_ORG_MAX = 1000000,		/* the highest number of an org; a table in memory has a place for each */
	BL_ORG_DEPTH = 64,			/* levels of the tree */
	BL_NO_PARENT = 0,			/* a root */
	BL_NO_ORG = -1				/* no org has this number */
};

/* The bit of an action on a kind, such as "read" on "bill"; 0: no such right. */
extern uint64_t bl_access_right(const char *action, const char *kind);

/* The names in the order of their bits: 4 actions a kind; NULL behind the last. */
extern const char *bl_access_action(int n);
extern const char *bl_access_kind(int n);

/*
 * Gives every org what the orgs above it have.  parent and rights have a place
 * for each number from 0 to last; a place without an org is BL_NO_ORG.  An org
 * under a missing parent, in a circle, or below BL_ORG_DEPTH levels has no
 * rights at all: where the tree is damaged nobody sees anything.
 */
extern void bl_access_spread(const int32_t *parent, uint64_t *rights, size_t last);

/*
 * Gives every org what it and the orgs below it have, of rights that were
 * spread: who has a right at a station may be told what the company lays down
 * for all its stations.
 */
extern void bl_access_gather(const int32_t *parent, const uint64_t *rights, uint64_t *below, size_t last);

/* Which rights hold at every org there is; none where there is no org. */
extern uint64_t bl_access_everywhere(const int32_t *parent, const uint64_t *rights, size_t last);

/* Is an org another one, or below it? */
extern bool bl_access_is_below(const int32_t *parent, size_t last, size_t org, size_t up);

/*
 * At an org and all below it, who has the first right has not the second: who
 * enters does not approve.  After bl_access_spread().
 */
extern void bl_access_separate(const int32_t *parent, uint64_t *rights, size_t last, size_t from, uint64_t first, uint64_t second);

#endif							/* BL_CORE_ACCESS_H */

/*
 * access.c - rights over a tree of organisations
 */
#include "core/access.h"

#include <string.h>

static const char *const actions[] = {"read", "write", "approve", "run", NULL};
static const char *const kinds[] = {"org", "customer", "account", "reading", "plan", "bill", "money", "audit", "supply", "personal", NULL};

enum
{
	ACTIONS = 4
};

static int
place_of(const char *name, const char *const *names)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

uint64_t
bl_access_right(const char *action, const char *kind)
{
	int			a = place_of(action, actions);
	int			k = place_of(kind, kinds);

	return a < 0 || k < 0 ? 0 : UINT64_C(1) << (k * ACTIONS + a);
}

const char *
bl_access_action(int n)
{
	return n >= 0 && n < ACTIONS ? actions[n] : NULL;
}

const char *
bl_access_kind(int n)
{
	return n >= 0 && n < (int) (sizeof kinds / sizeof kinds[0]) ? kinds[n] : NULL;
}

/* Each org walks up to its root: trees are shallow, and the walk is bounded. */
static bool
spread_one(const int32_t *parent, const uint64_t *rights, size_t last, size_t org, uint64_t *found)
{
	uint64_t	have = rights[org];

	for (int depth = 0; depth < BL_ORG_DEPTH; depth++)
	{
		int32_t		up = parent[org];

		if (up == BL_NO_PARENT)
		{
			*found = have;
			return true;
		}
		if (up < 0 || (size_t) up > last || parent[up] == BL_NO_ORG)
			return false;
		org = (size_t) up;
		have |= rights[org];
	}
	return false;
}

void
bl_access_spread(const int32_t *parent, uint64_t *rights, size_t last)
{
	uint64_t	found = 0;

	/*
	 * In place: what an org above has been given already are rights that it
	 * has in truth, so it does no harm to meet them early.  Only a damaged one
	 * must not pass on what it had; whoever walks through it is damaged too.
	 */
	for (size_t org = 0; org <= last; org++)
		if (parent[org] == BL_NO_ORG || org == 0)
			rights[org] = 0;
		else
			rights[org] = spread_one(parent, rights, last, org, &found) ? found : 0;
}

void
bl_access_gather(const int32_t *parent, const uint64_t *rights, uint64_t *below, size_t last)
{
	memset(below, 0, (last + 1) * sizeof *below);
	for (size_t org = 1; org <= last; org++)
	{
		size_t		up = org;

		/* a damaged org has no rights, so that none go up from it */
		for (int depth = 0; rights[org] != 0 && depth < BL_ORG_DEPTH; depth++)
		{
			below[up] |= rights[org];
			if (parent[up] <= 0 || (size_t) parent[up] > last)
				break;
			up = (size_t) parent[up];
		}
	}
}

uint64_t
bl_access_everywhere(const int32_t *parent, const uint64_t *rights, size_t last)
{
	uint64_t	all = UINT64_MAX;
	bool		any = false;

	for (size_t org = 1; org <= last; org++)
		if (parent[org] != BL_NO_ORG)
		{
			all &= rights[org];
			any = true;
		}
	return any ? all : 0;
}

bool
bl_access_is_below(const int32_t *parent, size_t last, size_t org, size_t up)
{
	for (int depth = 0; depth < BL_ORG_DEPTH && org > 0 && org <= last && parent[org] != BL_NO_ORG; depth++)
	{
		if (org == up)
			return true;
		org = (size_t) parent[org];
	}
	return false;
}

void
bl_access_separate(const int32_t *parent, uint64_t *rights, size_t last, size_t from, uint64_t first, uint64_t second)
{
	uint64_t	both = first | second;

	for (size_t org = 1; org <= last; org++)
		if ((rights[org] & both) == both && bl_access_is_below(parent, last, org, from))
			rights[org] &= ~second;
}

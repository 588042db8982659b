/*
 * access_test.c - rights over a tree of organisations
 */
#include "check.h"
#include "core/access.h"

static void
names(void)
{
	uint64_t	seen = 0;

	for (int k = 0; bl_access_kind(k) != NULL; k++)
		for (int a = 0; bl_access_action(a) != NULL; a++)
		{
			uint64_t	right = bl_access_right(bl_access_action(a), bl_access_kind(k));

			CHECK(right != 0);
			CHECK_EQ(seen & right, 0);
			seen |= right;
		}
	CHECK_EQ(seen, UINT64_C(0xffffffffff));
	CHECK_EQ(bl_access_right("read", "nothing"), 0);
	CHECK_EQ(bl_access_right("", ""), 0);
	CHECK(bl_access_kind(-1) == NULL);
	CHECK(bl_access_action(99) == NULL);
}

/*
 *	1 company			4 another company
 *	2 station			5 its station
 *	3 team
 */
static void
subtrees(void)
{
	const int32_t parent[] = {BL_NO_ORG, BL_NO_PARENT, 1, 2, BL_NO_PARENT, 4, BL_NO_ORG};
	uint64_t	rights[] = {9, 1, 0, 2, 0, 4, 7};

	bl_access_spread(parent, rights, 6);
	CHECK_EQ(rights[0], 0);
	CHECK_EQ(rights[1], 1);
	CHECK_EQ(rights[2], 1);
	CHECK_EQ(rights[3], 3);
	CHECK_EQ(rights[4], 0);
	CHECK_EQ(rights[5], 4);
	CHECK_EQ(rights[6], 0);
	CHECK_EQ(bl_access_everywhere(parent, rights, 6), 0);
}

static void
gathered(void)
{
	const int32_t parent[] = {BL_NO_ORG, BL_NO_PARENT, 1, 2, BL_NO_PARENT, 4, BL_NO_ORG, 7, 6};
	uint64_t	rights[] = {9, 0, 0, 2, 0, 4, 7, 8, 8};
	uint64_t	below[9];

	bl_access_spread(parent, rights, 8);
	bl_access_gather(parent, rights, below, 8);
	CHECK_EQ(below[0], 0);
	CHECK_EQ(below[1], 2);		/* of the team's */
	CHECK_EQ(below[2], 2);
	CHECK_EQ(below[3], 2);
	CHECK_EQ(below[4], 4);
	CHECK_EQ(below[5], 4);
	CHECK_EQ(below[6], 0);
	CHECK_EQ(below[7], 0);		/* under itself */
	CHECK_EQ(below[8], 0);		/* under a missing one */
}

static void
everywhere(void)
{
	const int32_t parent[] = {BL_NO_ORG, BL_NO_PARENT, 1, BL_NO_PARENT};
	uint64_t	rights[] = {0, 3, 4, 2};
	const int32_t none[] = {BL_NO_ORG};

	bl_access_spread(parent, rights, 3);
	CHECK_EQ(bl_access_everywhere(parent, rights, 3), 2);
	CHECK_EQ(bl_access_everywhere(none, rights, 0), 0);
}

/* the child comes before its parent, in number */
static void
any_order(void)
{
	const int32_t parent[] = {BL_NO_ORG, 2, 3, BL_NO_PARENT};
	uint64_t	rights[] = {0, 0, 0, 8};

	bl_access_spread(parent, rights, 3);
	CHECK_EQ(rights[1], 8);
	CHECK_EQ(rights[2], 8);
}

static void
damage(void)
{
	/* 1 and 2 in a circle, 3 below it; 4 under nothing; 5 under a number beyond the table; 6 its own parent */
	const int32_t parent[] = {BL_NO_ORG, 2, 1, 1, 7, 1000, 6, BL_NO_ORG};
	uint64_t	rights[] = {1, 1, 1, 1, 1, 1, 1, 1};
	int32_t		deep[BL_ORG_DEPTH + 3];
	uint64_t	deep_rights[BL_ORG_DEPTH + 3] = {0};

	bl_access_spread(parent, rights, 7);
	for (int i = 0; i <= 7; i++)
		CHECK_EQ(rights[i], 0);

	deep[0] = BL_NO_ORG;
	for (int i = 1; i < BL_ORG_DEPTH + 3; i++)
		deep[i] = i - 1;
	deep_rights[1] = 1;
	bl_access_spread(deep, deep_rights, BL_ORG_DEPTH + 2);
	CHECK_EQ(deep_rights[BL_ORG_DEPTH], 1);
	CHECK_EQ(deep_rights[BL_ORG_DEPTH + 1], 0);
	CHECK_EQ(deep_rights[BL_ORG_DEPTH + 2], 0);
}

/* who enters does not approve, where that is laid down; the tree of subtrees() */
static void
duties(void)
{
	const int32_t parent[] = {BL_NO_ORG, BL_NO_PARENT, 1, 2, BL_NO_PARENT, 4, BL_NO_ORG};
	uint64_t	rights[] = {0, 3, 3, 7, 3, 2, 0};

	bl_access_separate(parent, rights, 6, 2, 1, 2);
	CHECK_EQ(rights[1], 3);		/* above */
	CHECK_EQ(rights[2], 1);
	CHECK_EQ(rights[3], 5);		/* below, other rights stay */
	CHECK_EQ(rights[4], 3);		/* another company */
	bl_access_separate(parent, rights, 6, 4, 1, 2);
	CHECK_EQ(rights[4], 1);
	CHECK_EQ(rights[5], 2);		/* has only one of the two */
	bl_access_separate(parent, rights, 6, 6, 1, 2);
	CHECK_EQ(rights[1], 3);		/* no such org */

	CHECK(bl_access_is_below(parent, 6, 3, 1));
	CHECK(bl_access_is_below(parent, 6, 1, 1));
	CHECK(!bl_access_is_below(parent, 6, 1, 3));
	CHECK(!bl_access_is_below(parent, 6, 5, 1));
	CHECK(!bl_access_is_below(parent, 6, 6, 6));
	CHECK(!bl_access_is_below(parent, 6, 7, 1));
	CHECK(!bl_access_is_below(parent, 6, 0, 0));
}

/* a circle ends */
static void
circle(void)
{
	const int32_t parent[] = {BL_NO_ORG, 2, 1};

	CHECK(!bl_access_is_below(parent, 2, 1, 3));
}

int
main(void)
{
	RUN(names);
	RUN(subtrees);
	RUN(gathered);
	RUN(everywhere);
	RUN(any_order);
	RUN(damage);
	RUN(duties);
	RUN(circle);
	return DONE();
}

/*
 * merkle_test.c - the shape of the tree, with a hash that shows it
 */
#include "../../src/core/merkle.h"
#include "check.h"

#include <string.h>

/* leaves "a" become 'a'; a node becomes a mix of both sides that depends on their order */
static void
plain(void *context, uint8_t prefix, const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
	  uint8_t out[BL_MERKLE_HASH])
{
	uint8_t		made[BL_MERKLE_HASH] = {0};

	++*(int *) context;
	if (prefix == 0)
		memcpy(made, a, a_size);
	else
	{
		size_t		i = 0;

		made[i++] = '(';
		for (size_t k = 0; k < a_size && a[k] != 0; k++)
			made[i++] = a[k];
		for (size_t k = 0; k < b_size && b[k] != 0; k++)
			made[i++] = b[k];
		made[i++] = ')';
	}
	memcpy(out, made, sizeof made);
}

static void
shapes_are_those_of_the_standard(void)
{
	static const char *const shapes[] = {
		"", "a", "(ab)", "((ab)c)", "((ab)(cd))", "(((ab)(cd))e)", "(((ab)(cd))(ef))", "(((ab)(cd))((ef)g))"
	};
	BlMerkle	tree;
	uint8_t		root[BL_MERKLE_HASH];
	int			hashes;

	for (int n = 0; n < 8; n++)
	{
		hashes = 0;
		memset(root, 0, sizeof root);
		bl_merkle_begin(&tree, plain, &hashes);
		for (int i = 0; i < n; i++)
			bl_merkle_add(&tree, (const uint8_t *) "abcdefg" + i, 1);
		CHECK_EQ(bl_merkle_root(&tree, root), n > 0);
		CHECK_TEXT((char *) root, shapes[n]);
		CHECK_EQ(hashes, n == 0 ? 0 : 2 * n - 1);
	}
}

int
main(void)
{
	RUN(shapes_are_those_of_the_standard);
	return DONE();
}

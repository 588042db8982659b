/*
 * merkle.c - the root of a hash tree over many rows
 */
#include "merkle.h"

#include <string.h>

void
bl_merkle_begin(BlMerkle *tree, BlMerkleHash hash, void *context)
{
	tree->hash = hash;
	tree->context = context;
	tree->leaves = 0;
}

void
bl_merkle_add(BlMerkle *tree, const uint8_t *data, size_t size)
{
	uint8_t		node[BL_MERKLE_HASH];
	int			level = 0;

	tree->hash(tree->context, 0, data, size, NULL, 0, node);
	/* as in counting: a carry joins two whole subtrees of one size */
	for (uint64_t bits = tree->leaves; (bits & 1) != 0; bits >>= 1, level++)
		tree->hash(tree->context, 1, tree->whole[level], BL_MERKLE_HASH, node, BL_MERKLE_HASH, node);
	memcpy(tree->whole[level], node, BL_MERKLE_HASH);
	tree->leaves++;
}

_Bool
bl_merkle_root(const BlMerkle *tree, uint8_t root[BL_MERKLE_HASH])
{
	_Bool		any = 0;

	/* from the smallest subtree, which is the rightmost */
	for (int level = 0; level < 48; level++)
	{
		if ((tree->leaves >> level & 1) == 0)
			continue;
		if (any)
			tree->hash(tree->context, 1, tree->whole[level], BL_MERKLE_HASH, root, BL_MERKLE_HASH, root);
		else
			memcpy(root, tree->whole[level], BL_MERKLE_HASH);
		any = 1;
	}
	return any;
}

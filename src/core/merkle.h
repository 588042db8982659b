/*
 * merkle.h - the root of a hash tree over many rows (RFC 6962, section 2.1)
 *
 * A leaf is H(0x00 || data), a node H(0x01 || left || right); of n leaves the
 * left side has the largest power of two below n.  The hash comes from outside.
 */
#ifndef BL_MERKLE_H
#define BL_MERKLE_H

#include <stddef.h>
#include <stdint.h>

enum
{
	BL_MERKLE_HASH = 32
};

/* out = H(prefix || a || b), of sizes given; b may be empty */
typedef void (*BlMerkleHash) (void *context, uint8_t prefix, const uint8_t *a, size_t a_size,
							  const uint8_t *b, size_t b_size, uint8_t out[BL_MERKLE_HASH]);

/* leaves come one by one; a tree of up to 2^48 */
typedef struct BlMerkle
{
	BlMerkleHash hash;
	void	   *context;
	uint64_t	leaves;
	/* roots of the whole subtrees so far, one for each bit of leaves */
	uint8_t		whole[48][BL_MERKLE_HASH];
} BlMerkle;

extern void bl_merkle_begin(BlMerkle *tree, BlMerkleHash hash, void *context);
extern void bl_merkle_add(BlMerkle *tree, const uint8_t *data, size_t size);
/* false: there are no leaves; the root is then the hash of nothing, which the caller makes */
extern _Bool bl_merkle_root(const BlMerkle *tree, uint8_t root[BL_MERKLE_HASH]);

#endif							/* BL_MERKLE_H */

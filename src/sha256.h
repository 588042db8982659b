/*
 * sha256.h - SHA-256 by OpenSSL, one hash at a time
 *
 * The context and the algorithm are looked up once a session: a bill needs five hashes of some hundred bytes, and looking
 * them up took longer than hashing.  Whoever begins ends before anybody else begins; what an error left begun is begun anew.
 */
#ifndef BL_SHA256_H
#define BL_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum
{
	BL_SHA256_SIZE = 32
};

extern void bl_sha256_begin(void);
extern void bl_sha256_put(const void *bytes, size_t size);
extern void bl_sha256_end(uint8_t digest[BL_SHA256_SIZE]);

/* all in one; digest may lie within bytes */
extern void bl_sha256(const void *bytes, size_t size, uint8_t digest[BL_SHA256_SIZE]);

#endif							/* BL_SHA256_H */

/*
 * bytes.h - bounded access to byte formats: little-endian integers, varints
 *
 * A BlReader never reads past its end: after the first bad read it stays
 * "bad", gives zeros, and the caller asks once at the end.
 */
#ifndef BL_BYTES_H
#define BL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t
bl_le16(const uint8_t *p)
{
	return (uint16_t) (p[0] | p[1] << 8);
}

static inline uint32_t
bl_le32(const uint8_t *p)
{
	return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static inline uint64_t
bl_le64(const uint8_t *p)
{
	return (uint64_t) bl_le32(p) | (uint64_t) bl_le32(p + 4) << 32;
}

/* the compiler joins reads of single bytes, but not always such writes */
static inline void
bl_put_le16(uint8_t *p, uint16_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(p, &v, sizeof v);
#else
	p[0] = (uint8_t) v;
	p[1] = (uint8_t) (v >> 8);
#endif
}

static inline void
bl_put_le32(uint8_t *p, uint32_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(p, &v, sizeof v);
#else
	bl_put_le16(p, (uint16_t) v);
	bl_put_le16(p + 2, (uint16_t) (v >> 16));
#endif
}

static inline void
bl_put_le64(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(p, &v, sizeof v);
#else
	bl_put_le32(p, (uint32_t) v);
	bl_put_le32(p + 4, (uint32_t) (v >> 32));
#endif
}

static inline uint64_t
bl_zigzag(int64_t v)
{
	return (uint64_t) v << 1 ^ (uint64_t) (v >> 63);
}

static inline int64_t
bl_unzigzag(uint64_t v)
{
	return (int64_t) (v >> 1) ^ -(int64_t) (v & 1);
}

typedef struct BlReader
{
	const uint8_t *next;
	const uint8_t *end;
	bool		bad;
} BlReader;

static inline const uint8_t *
bl_read_bytes(BlReader *r, size_t size)
{
	const uint8_t *at = r->next;

	if (r->bad || size > (size_t) (r->end - r->next))
	{
		r->bad = true;
		return NULL;
	}
	r->next += size;
	return at;
}

static inline uint8_t
bl_read_u8(BlReader *r)
{
	const uint8_t *p = bl_read_bytes(r, 1);

	return p ? *p : 0;
}

static inline uint16_t
bl_read_le16(BlReader *r)
{
	const uint8_t *p = bl_read_bytes(r, 2);

	return p ? bl_le16(p) : 0;
}

static inline uint32_t
bl_read_le32(BlReader *r)
{
	const uint8_t *p = bl_read_bytes(r, 4);

	return p ? bl_le32(p) : 0;
}

static inline uint64_t
bl_read_le64(BlReader *r)
{
	const uint8_t *p = bl_read_bytes(r, 8);

	return p ? bl_le64(p) : 0;
}

/* base-128, least first; at most ten bytes, no superfluous last zero byte */
static inline uint64_t
bl_read_varint(BlReader *r)
{
	uint64_t	v = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8_t		b = bl_read_u8(r);

		if (shift == 63 && b > 1)
			r->bad = true;
		v |= (uint64_t) (b & 127) << shift;
		if (b < 128)
		{
			if (b == 0 && shift > 0)
				r->bad = true;
			return r->bad ? 0 : v;
		}
	}
	r->bad = true;
	return 0;
}

/* A BlWriter counts what it would need even when there is no room for it. */
typedef struct BlWriter
{
	uint8_t    *bytes;
	size_t		size;			/* of bytes */
	size_t		used;			/* written, or needed when above size */
} BlWriter;

static inline void
bl_write_bytes(BlWriter *w, const void *bytes, size_t size)
{
	if (w->used <= w->size && size <= w->size - w->used && size > 0)
		memcpy(w->bytes + w->used, bytes, size);
	w->used += size;
}

static inline void
bl_write_u8(BlWriter *w, uint8_t v)
{
	bl_write_bytes(w, &v, 1);
}

static inline void
bl_write_le16(BlWriter *w, uint16_t v)
{
	uint8_t		b[2];

	bl_put_le16(b, v);
	bl_write_bytes(w, b, 2);
}

static inline void
bl_write_le32(BlWriter *w, uint32_t v)
{
	uint8_t		b[4];

	bl_put_le32(b, v);
	bl_write_bytes(w, b, 4);
}

static inline void
bl_write_le64(BlWriter *w, uint64_t v)
{
	uint8_t		b[8];

	bl_put_le64(b, v);
	bl_write_bytes(w, b, 8);
}

static inline void
bl_write_varint(BlWriter *w, uint64_t v)
{
	while (v > 127)
	{
		bl_write_u8(w, (uint8_t) (v | 128));
		v >>= 7;
	}
	bl_write_u8(w, (uint8_t) v);
}

#endif							/* BL_BYTES_H */

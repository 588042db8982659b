/*
 * sealed_fuzz.c - any bytes as a sealed value: what is taken apart is within them, what
 * nobody sealed does not open, and no byte of a plain text is there before its tag is right
 */
#include "core/sealed.h"
#include "core/utf8.h"
#include <string.h>

#include "memory.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[BL_KEY_SIZE] = {7};
static const uint8_t context[] = "a row";

/* as it came: not by our key, but for those of the corpus that were made by it */
static void
read_it(const uint8_t *data, size_t size)
{
	static uint8_t plain[BL_PLAIN_MAX];
	BlSealed	sealed;

	if (bl_sealed_open(&sealed, data, size) != BL_OK)
		return;
	MUST(sealed.key_id > 0 && sealed.mask_size <= BL_MASK_MAX && sealed.plain_size <= BL_PLAIN_MAX);
	MUST(bl_sealed_size(sealed.mask_size, sealed.plain_size) == size);
	MUST(sealed.header == data && sealed.cipher == data + sealed.header_size && sealed.tag + BL_TAG_SIZE == data + size);
	MUST(bl_utf8_plain(sealed.mask, sealed.mask_size));
	memset(plain, 0xaa, sizeof plain);
	if (!bl_sealed_read(&sealed, key, context, sizeof context, plain))
		for (size_t i = 0; i < sealed.plain_size; i++)
			MUST(plain[i] == 0);
}

/* the input as a plain text: sealed it opens, changed or elsewhere it does not */
static void
make_it(const uint8_t *data, size_t size)
{
	static uint8_t out[BL_SEALED_HEADER + BL_MASK_MAX + BL_PLAIN_MAX + BL_TAG_SIZE];
	static uint8_t plain[BL_PLAIN_MAX];
	uint8_t		nonce[BL_NONCE_SIZE] = {0};
	BlSealed	sealed;
	size_t		made,
				mask_size = size > 10 ? 10 : size;

	if (size > BL_PLAIN_MAX)
		size = BL_PLAIN_MAX;
	if (bl_sealed_make(out, 1 + (int64_t) size, key, nonce, (const char *) data, mask_size, data, size, context, sizeof context) != BL_OK)
	{
		MUST(!bl_utf8_plain((const char *) data, mask_size));
		mask_size = 0;
		MUST(bl_sealed_make(out, 1 + (int64_t) size, key, nonce, "", 0, data, size, context, sizeof context) == BL_OK);
	}
	made = bl_sealed_size(mask_size, size);
	MUST(bl_sealed_open(&sealed, out, made) == BL_OK);
	MUST(bl_sealed_read(&sealed, key, context, sizeof context, plain) && memcmp(plain, data, size) == 0);
	MUST(!bl_sealed_read(&sealed, key, context, sizeof context - 1, plain));
	if (size > 0)
	{
		out[data[0] % made] ^= (uint8_t) (1 << data[size - 1] % 8);
		if (bl_sealed_open(&sealed, out, made) == BL_OK)
			MUST(!bl_sealed_read(&sealed, key, context, sizeof context, plain));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t		unwrapped[BL_KEY_SIZE];

	read_it(data, size);
	make_it(data, size);
	if (!bl_key_unwrap(unwrapped, key, data, size, context, sizeof context) && size == BL_WRAPPED_SIZE)
		for (size_t i = 0; i < BL_KEY_SIZE; i++)
			MUST(unwrapped[i] == 0);
	return 0;
}

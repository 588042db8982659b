/*
 * sealed_test.c - known answers of AES-256-GCM, HMAC and Ed25519; a sealed value
 * opens with its key, at its place, unchanged, and not otherwise
 *
 * GCM: test cases 13, 14, 16 of McGrew and Viega, which NIST SP 800-38D rests on; HMAC:
 * RFC 4231, cases 1 and 2; Ed25519: RFC 8032, section 7.1, tests 1 and 3.
 */
#include "core/sealed.h"
#include "check.h"

static size_t
bytes_of(uint8_t *out, const char *hex)
{
	size_t		n = 0;

	for (; hex[0] && hex[1]; hex += 2)
	{
		unsigned	high = (unsigned) (hex[0] <= '9' ? hex[0] - '0' : hex[0] - 'a' + 10);
		unsigned	low = (unsigned) (hex[1] <= '9' ? hex[1] - '0' : hex[1] - 'a' + 10);

		out[n++] = (uint8_t) (high << 4 | low);
	}
	return n;
}

static bool
same(const uint8_t *bytes, const char *hex)
{
	uint8_t		want[4096];
	size_t		n = bytes_of(want, hex);

	return memcmp(bytes, want, n) == 0;
}

static void
wrapping_is_gcm_of_the_standard(void)
{
	uint8_t		over[32] = {0};
	uint8_t		nonce[12] = {0};
	uint8_t		key[32] = {0};
	uint8_t		wrapped[BL_WRAPPED_SIZE];

	/* case 14 has one block of zeros; its second block continues the same stream */
	CHECK(bl_key_wrap(wrapped, over, nonce, key, NULL, 0));
	CHECK(same(wrapped + BL_NONCE_SIZE, "cea7403d4d606b6e074ec5d3baf39d18"));
	CHECK(bl_key_unwrap(key, over, wrapped, sizeof wrapped, NULL, 0));
	CHECK(!bl_key_unwrap(key, over, wrapped, sizeof wrapped - 1, NULL, 0));
	CHECK(!bl_key_unwrap(key, over, wrapped, sizeof wrapped, (const uint8_t *) "x", 1));
}

/* case 13: nothing sealed, nothing authenticated; case 16's cipher text by its key and nonce */
static void
sealing_is_gcm_of_the_standard(void)
{
	uint8_t		key[32],
				nonce[12],
				plain[60],
				out[300];
	BlSealed	sealed;

	bytes_of(key, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
	bytes_of(nonce, "cafebabefacedbaddecaf888");
	bytes_of(plain, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
	CHECK_EQ(bl_sealed_make(out, 7, key, nonce, "a*", 2, plain, sizeof plain, NULL, 0), BL_OK);
	CHECK(same(out + BL_SEALED_HEADER + 2,
			   "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"));
	CHECK_EQ(bl_sealed_open(&sealed, out, bl_sealed_size(2, sizeof plain)), BL_OK);
	CHECK_EQ(sealed.key_id, 7);
	CHECK_EQ(sealed.plain_size, sizeof plain);
	CHECK(sealed.mask_size == 2 && memcmp(sealed.mask, "a*", 2) == 0);
}

/* every single bit of it counts: header, number of the key, nonce, mask, text, tag; and so does the context */
static void
a_changed_bit_does_not_open(void)
{
	uint8_t		key[32] = {1},
				nonce[12] = {2},
				out[300],
				plain[40];
	const char *text = "13800138000";
	size_t		size = bl_sealed_size(11, strlen(text));
	BlSealed	sealed;

	CHECK_EQ(bl_sealed_make(out, 1, key, nonce, "138****8000", 11, (const uint8_t *) text, strlen(text), (const uint8_t *) "row 1", 5), BL_OK);
	CHECK_EQ(bl_sealed_open(&sealed, out, size), BL_OK);
	CHECK(bl_sealed_read(&sealed, key, (const uint8_t *) "row 1", 5, plain));
	CHECK(memcmp(plain, text, strlen(text)) == 0);
	CHECK(!bl_sealed_read(&sealed, key, (const uint8_t *) "row 2", 5, plain));
	CHECK_EQ(plain[0], 0);
	for (size_t bit = 0; bit < 8 * size; bit++)
	{
		out[bit / 8] ^= (uint8_t) (1 << bit % 8);
		if (bl_sealed_open(&sealed, out, size) == BL_OK && sealed.plain_size <= sizeof plain)
			CHECK(!bl_sealed_read(&sealed, key, (const uint8_t *) "row 1", 5, plain));
		out[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	for (size_t cut = 0; cut < size; cut++)
		if (bl_sealed_open(&sealed, out, cut) == BL_OK)
			CHECK(!bl_sealed_read(&sealed, key, (const uint8_t *) "row 1", 5, plain));
	key[31] ^= 1;
	CHECK_EQ(bl_sealed_open(&sealed, out, size), BL_OK);
	CHECK(!bl_sealed_read(&sealed, key, (const uint8_t *) "row 1", 5, plain));
}

static void
bounds_are_kept(void)
{
	static uint8_t plain[BL_PLAIN_MAX + 1],
				out[BL_PLAIN_MAX + 500];
	static const char mask[BL_MASK_MAX + 1];
	uint8_t		key[32] = {0},
				nonce[12] = {0};

	CHECK_EQ(bl_sealed_make(out, 1, key, nonce, "", 0, plain, BL_PLAIN_MAX + 1, NULL, 0), BL_LIMIT);
	CHECK_EQ(bl_sealed_make(out, 1, key, nonce, mask, BL_MASK_MAX + 1, plain, 1, NULL, 0), BL_LIMIT);
	CHECK_EQ(bl_sealed_make(out, 0, key, nonce, "", 0, plain, 1, NULL, 0), BL_BAD_VALUE);
	CHECK_EQ(bl_sealed_make(out, 1, key, nonce, "\n", 1, plain, 1, NULL, 0), BL_BAD_VALUE);
	CHECK_EQ(bl_sealed_make(out, 1, key, nonce, "", 0, plain, BL_PLAIN_MAX, NULL, 0), BL_OK);
}

static void
hmac_is_that_of_the_standard(void)
{
	uint8_t		key[64],
				out[32];

	CHECK(bl_hmac(out, key, bytes_of(key, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), (const uint8_t *) "Hi There", 8));
	CHECK(same(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
	CHECK(bl_hmac(out, (const uint8_t *) "Jefe", 4, (const uint8_t *) "what do ya want for nothing?", 28));
	CHECK(same(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

static void
signatures_are_those_of_the_standard(void)
{
	uint8_t		seed[32],
				public_key[32],
				signature[64];

	bytes_of(seed, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
	CHECK(bl_sign(signature, public_key, seed, (const uint8_t *) "", 0));
	CHECK(same(public_key, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
	CHECK(same(signature, "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"));
	bytes_of(seed, "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
	CHECK(bl_sign(signature, public_key, seed, (const uint8_t *) "\xaf\x82", 2));
	CHECK(same(signature, "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"));
	CHECK(bl_signature_good(signature, public_key, (const uint8_t *) "\xaf\x82", 2));
	CHECK(!bl_signature_good(signature, public_key, (const uint8_t *) "\xaf\x83", 2));
	signature[63] ^= 1;
	CHECK(!bl_signature_good(signature, public_key, (const uint8_t *) "\xaf\x82", 2));
}

int
main(void)
{
	RUN(wrapping_is_gcm_of_the_standard);
	RUN(sealing_is_gcm_of_the_standard);
	RUN(a_changed_bit_does_not_open);
	RUN(bounds_are_kept);
	RUN(hmac_is_that_of_the_standard);
	RUN(signatures_are_those_of_the_standard);
	return DONE();
}

/*
 * fixed_fuzz.c - any bytes as decimal text: what is accepted survives the way
 * out and back, and arithmetic on it
 */
#include <stdlib.h>

#include "core/fixed.h"

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		text[BL_DEC_TEXT];
	BlRounding	rounding;
	BlDec		a,
				back,
				rounded,
				sum;

	/* the first byte chooses the rounding, the rest is the text */
	if (size < 1 || bl_dec_parse((const char *) data + 1, size - 1, BL_SCALE_MAX, &a) != BL_OK)
		return 0;
	MUST(bl_dec_parse(text, (size_t) bl_dec_text(a, text), BL_SCALE_MAX, &back) == BL_OK);
	MUST(bl_dec_cmp(a, back) == 0 && bl_dec_trim(a).scale == back.scale);

	rounding = bl_round_places(data[0] % 32 - 3, (BlRoundingMode) (data[0] / 32 % 7));
	if (bl_dec_round(a, &rounding, &rounded) == BL_OK)
	{
		/* rounding once more changes nothing */
		MUST(bl_dec_round(rounded, &rounding, &back) == BL_OK && bl_dec_cmp(rounded, back) == 0);
		if (bl_dec_sub(a, rounded, &sum) == BL_OK)
			MUST(bl_dec_cmp(sum, rounding.step) < 0);
	}
	if (bl_dec_mul(a, a, &sum) == BL_OK)
		MUST(sum.coefficient >= 0);
	return 0;
}

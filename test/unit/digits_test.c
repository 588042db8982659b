/*
 * digits_test.c - plain decimals read in whole words are what digit by digit gives, or left alone
 */
#include "check.h"

#include "core/digits.h"

/* the value in a buffer that ends right behind `text`, so that the sanitizer sees every step beyond it */
static void
compare(const char *text, char delimiter, char point)
{
	size_t		size = strlen(text);
	char	   *exact = malloc(size > 0 ? size : 1);
	const char *stop = memchr(text, delimiter, size);
	size_t		length = stop != NULL ? (size_t) (stop - text) : size;
	BlNumber	want = {0, 0};
	bool		good = bl_number_parse((BlSlice) {text, length}, point, &want) && text[0] != '-';
	int64_t		mantissa = -1;
	uint8_t		decimals = 0;
	const char *got;

	memcpy(exact, text, size);
	got = bl_plain_decimal(exact, exact + size, point, delimiter, &mantissa, &decimals);
	if ((got != NULL) != good)
		printf("# \"%s\": %s\n", text, got ? "taken" : "not taken");
	CHECK_EQ(got != NULL, good);
	if (got != NULL && good)
	{
		CHECK_EQ(got - exact, length);
		CHECK_EQ(mantissa, want.mantissa);
		CHECK_EQ(decimals, want.decimals);
	}
	free(exact);
}

/* every length before and behind the point, at the end and followed by more */
static void
all_lengths(void)
{
	static const char *const behind[] = {"", ",", ",7", ",0.123,4567890", ",,,,,,,,", ",\xff\xff\xff\xff\xff\xff\xff\xff"};
	char		text[100];

	for (int before = 0; before <= 20; before++)
		for (int after = -1; after <= 20; after++)
			for (size_t b = 0; b < sizeof behind / sizeof *behind; b++)
			{
				int			n = 0;

				for (int i = 0; i < before; i++)
					text[n++] = (char) ('0' + (i * 7 + 9) % 10);
				if (after >= 0)
					text[n++] = '.';
				for (int i = 0; i < after; i++)
					text[n++] = (char) ('0' + (i * 3 + 8) % 10);
				strcpy(text + n, behind[b]);
				compare(text, ',', '.');
			}
}

/* one byte of any kind at every place */
static void
other_bytes(void)
{
	static const char *const texts[] = {"0.123,0.5", "12345,1", "1234567.25,3", ".5,.5,.5,.5", "9,8,7,6,5,4"};

	for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
		for (size_t at = 0; at < strlen(texts[t]); at++)
			for (int byte = 1; byte < 256; byte++)
			{
				char		text[32];

				strcpy(text, texts[t]);
				text[at] = (char) byte;
				compare(text, ',', '.');
				compare(text, ';', ',');
				compare(text, '\t', '.');
			}
}

int
main(void)
{
	RUN(all_lengths);
	RUN(other_bytes);
	return DONE();
}

/*
 * rate_slots_test.c - loops over slots against a plain search, in vectors of either length
 */
#include "check.h"
#include "core/days.h"
#include "core/rate_slots.h"

enum
{
	SLOTS = 700,
	SMALL = 50					/* bits */
};

static int64_t import[SLOTS];
static int64_t export[SLOTS];
static int64_t left[2][SLOTS + 1];

static void
fill(int64_t *value, int n, int bits, uint64_t *seed)
{
	for (int i = 0; i < n; i++)
		value[i] = (int64_t) (check_random(seed) & (((uint64_t) 1 << bits) - 1)) - (check_random(seed) % 8 == 0 ? (int64_t) 1 << (bits - 1) : 0);
}

/* what is left of either, whichever is asked for, and nothing written behind it */
static void
nets_agree(bool wide)
{
	uint64_t	seed = 1;

	for (int round = 0; round < 400; round++)
	{
		int			n = (int) (check_random(&seed) % SLOTS);
		const int64_t *in = round % 7 == 0 ? NULL : import;
		const int64_t *out = round % 5 == 0 ? NULL : export;
		int64_t    *asked[2] = {left[0], round % 3 == 0 ? NULL : left[1]};

		fill(import, n, 1 + round % SMALL, &seed);
		fill(export, n, 1 + round % SMALL, &seed);
		left[0][n] = left[1][n] = 4711;
		CHECK(bl_slots_net(in, out, n, asked, wide));
		for (int i = 0; i < n; i++)
		{
			int64_t		net = (in != NULL ? in[i] : 0) - (out != NULL ? out[i] : 0);

			CHECK_EQ(left[0][i], net > 0 ? net : 0);
			CHECK(asked[1] == NULL || left[1][i] == (net < 0 ? -net : 0));
		}
		CHECK(left[0][n] == 4711 && left[1][n] == 4711);
	}
}

static void
net_plain(void)
{
	nets_agree(false);
}

/* on a processor without such vectors these are the plain ones again */
static void
net_wide(void)
{
	nets_agree(bl_days_wide_here());
}

/* one slot that is not small is seen, wherever it is */
static void
net_large(void)
{
	static const int64_t large[] = {(int64_t) 1 << SMALL, -((int64_t) 1 << SMALL) - 1, INT64_MAX, INT64_MIN};
	int64_t    *asked[2] = {left[0], left[1]};

	memset(import, 0, sizeof import);
	memset(export, 0, sizeof export);
	for (int w = 0; w < 2; w++)
		for (int k = 0; k < 4; k++)
			for (int i = 0; i < SLOTS; i += 13)
			{
				bool		wide = w > 0 && bl_days_wide_here();

				import[i] = large[k];
				CHECK(!bl_slots_net(import, export, SLOTS, asked, wide));
				CHECK(!bl_slots_net(export, import, SLOTS, asked, wide));
				import[i] = 0;
			}
	CHECK(bl_slots_net(import, export, SLOTS, asked, false));
}

static void
windows(void)
{
	uint64_t	seed = 2;

	for (int round = 0; round < 600; round++)
	{
		int			window = 1 + (int) (check_random(&seed) % (round % 2 ? 3 : 100));
		int			n = 1 + (int) (check_random(&seed) % 300);
		int64_t		top = INT64_MIN;

		fill(import, n + window - 1, 1 + round % SMALL, &seed);
		for (int i = 0; i < n; i++)
		{
			int64_t		sum = 0;

			for (int k = 0; k < window; k++)
				sum += import[i + k];
			top = sum > top ? sum : top;
		}
		CHECK_EQ(bl_slots_window_top(import, n, window, false), top);
		CHECK_EQ(bl_slots_window_top(import, n, window, bl_days_wide_here()), top);
	}
}

int
main(void)
{
	RUN(net_plain);
	RUN(net_wide);
	RUN(net_large);
	RUN(windows);
	return DONE();
}

/*
 * gen.c - the workload of the bench, to standard output
 *
 *	gen rows METERS				meter,timestamp,wh: W1 as CSV, day by day as a head-end delivers it
 *	gen calendar				timestamp,date,slot,period of W1
 *	gen tariff					the prices of W1, one row
 *	gen months CLASS METERS		(meter, profile) for COPY BINARY: a value a month,
 *	gen tens CLASS METERS		... ten days (the last takes the rest),
 *	gen days CLASS METERS		... a day, day by day
 *	gen heavy METERS			(meter, import, export) of W1's month for COPY BINARY: homes with a roof,
 *	gen heavy_rows METERS		... the same as CSV, with its periods and prices in
 *	gen heavy_calendar			... timestamp,period,price, and the prices alone,
 *	gen spot					... one an hour,
 *	gen heavy_facts METERS		... and the answer
 *	gen facts CLASS METERS		what the class looks like when packed, and the answer, by a
 *								table look-up for each reading
 *
 * The profiles are packed by the product's own core, so that a hundred thousand
 * meters load in seconds.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/profile.h"
#include "heavy.h"

enum
{
	OFFSET = 480,				/* minutes east of UTC */
	TEN = 10,
	PAGE_HALF = 4020			/* the largest profile of which two fit a page */
};
static const char ZONE[] = "Asia/Shanghai";

static void
date_text(int day_of_2026, char out[16])
{
	bl_day_text(bl_day_of(2026, 1, 1) + day_of_2026, out);
}

static char *
put_int(char *p, unsigned v)
{
	char		digits[12];
	int			n = 0;

	do
		digits[n++] = (char) ('0' + v % 10);
	while (v /= 10);
	while (n)
		*p++ = digits[--n];
	return p;
}

static void
rows(const MeterClass *c, int meters)
{
	enum { SLOTS = 96 };
	char		stamp[SLOTS][40];
	char		line[64];
	int32_t		wh[DAY_SLOTS_MAX];

	for (int d = 0; d < c->days; d++)
	{
		char		date[16];

		date_text(c->first_day + d, date);
		for (int s = 0; s < SLOTS; s++)
			snprintf(stamp[s], sizeof stamp[s], ",%s %02d:%02d:00+08,", date, s / 4, s % 4 * 15);
		for (int m = 1; m <= meters; m++)
		{
			meter_day(c, m, d, wh);
			for (int s = 0; s < SLOTS; s++)
			{
				char	   *p = put_int(line, (unsigned) m);

				p = stpcpy(p, stamp[s]);
				p = put_int(p, (unsigned) wh[s]);
				*p++ = '\n';
				fwrite(line, (size_t) (p - line), 1, stdout);
			}
		}
	}
}

static void
calendar(const MeterClass *c)
{
	for (int d = 0; d < c->days; d++)
	{
		char		date[16];

		date_text(c->first_day + d, date);
		for (int s = 0; s < 96; s++)
			printf("%s %02d:%02d:00+08,%s,%d,%d\n", date, s / 4, s % 4 * 15, date, s,
				   period_of(c->first_day + d, s / 4));
	}
}

static void
tariff(void)
{
	for (int i = 0; i < PERIODS; i++)
		printf("%ld,", (long) PRICE[i]);
	printf("%ld,%ld,%ld,%ld", (long) TIER_FROM[0], (long) TIER_FROM[1], (long) TIER_ADD[0], (long) TIER_ADD[1]);
	for (int i = 0; i < SURCHARGES; i++)
		printf(",%ld", (long) SURCHARGE[i]);
	putchar('\n');
}

/* One meter's profile of `days` days from `day` on; `bytes` has the room of a month. */
static size_t
pack_days(const MeterClass *c, int meter, int day, int days, bool sun, uint8_t *bytes, size_t room)
{
	static int64_t values[DAYS_MAX * DAY_SLOTS_MAX];
	static const BlZoneStep step = {INT32_MIN, OFFSET};
	static const BlZone zone = {1, &step};
	int32_t		wh[DAY_SLOTS_MAX];
	int			slots = class_day_slots(c);
	BlProfile	shape = {
		.slot_minutes = c->slot_minutes,
		.start = (bl_day_of(2026, 1, 1) + c->first_day + day) * BL_MINUTES_PER_DAY - OFFSET,
		.offset = OFFSET,
		.unit = BL_WH,
		.quality = BL_ACTUAL,
		.slots = days * slots,
		.day_slots = slots,
		.zone = ZONE,
		.zone_length = sizeof ZONE - 1
	};
	size_t		size;

	for (int d = 0; d < days; d++)
	{
		if (sun)
			sun_day(meter, day + d, wh);
		else
			meter_day(c, meter, day + d, wh);
		for (int s = 0; s < slots; s++)
			values[d * slots + s] = wh[s];
	}
	if (bl_profile_bound(&shape) > room ||
		bl_profile_pack(&shape, &zone, values, NULL, bytes, room, &size) != BL_OK)
	{
		fputs("gen: the profile cannot be packed\n", stderr);
		exit(1);
	}
	return size;
}

static size_t
pack(const MeterClass *c, int meter, int day, int days, uint8_t *bytes, size_t room)
{
	return pack_days(c, meter, day, days, false, bytes, room);
}

static uint8_t packed[1 << 20];

static void
put_row(const MeterClass *c, int meter, int day, int days)
{
	size_t		size = pack(c, meter, day, days, packed, sizeof packed);
	struct
	{
		uint16_t	fields;
		uint16_t	pad[3];
		uint32_t	meter[2];
		uint32_t	size;
	}			head = {.fields = htons(2), .meter = {htonl(4), htonl((uint32_t) meter)}, .size = htonl((uint32_t) size)};

	fwrite(&head.fields, 2, 1, stdout);
	fwrite(head.meter, 4, 2, stdout);
	fwrite(&head.size, 4, 1, stdout);
	fwrite(packed, size, 1, stdout);
}

static void
copy_binary(const MeterClass *c, int meters, int span)
{
	static const char head[19] = "PGCOPY\n\377\r\n\0";
	uint16_t	end = 0xffff;

	fwrite(head, sizeof head, 1, stdout);
	if (span == 1)
	{
		for (int d = 0; d < c->days; d++)
			for (int m = 1; m <= meters; m++)
				put_row(c, m, d, 1);
	}
	else
	{
		for (int m = 1; m <= meters; m++)
			for (int d = 0; d < c->days; d += span)
			{
				/* the days beyond the last whole span join it */
				int			days = c->days - d < 2 * span ? c->days - d : span;

				put_row(c, m, d, days);
				if (days > span)
					break;
			}
	}
	fwrite(&end, sizeof end, 1, stdout);
}

/* ---- the heavy tariff ---- */

static void
put_be32(uint32_t value)
{
	value = htonl(value);
	fwrite(&value, 4, 1, stdout);
}

static void
heavy(const MeterClass *c, int meters)
{
	static const char head[19] = "PGCOPY\n\377\r\n\0";
	uint16_t	fields = htons(3),
				end = 0xffff;

	fwrite(head, sizeof head, 1, stdout);
	for (int m = 1; m <= meters; m++)
	{
		fwrite(&fields, 2, 1, stdout);
		put_be32(4);
		put_be32((uint32_t) m);
		for (int sun = 0; sun < 2; sun++)
		{
			size_t		size = pack_days(c, m, 0, c->days, sun, packed, sizeof packed);

			put_be32((uint32_t) size);
			fwrite(packed, size, 1, stdout);
		}
	}
	fwrite(&end, sizeof end, 1, stdout);
}

static void
heavy_rows(const MeterClass *c, int meters)
{
	int32_t		in[DAY_SLOTS_MAX],
				out[DAY_SLOTS_MAX];

	for (int d = 0; d < c->days; d++)
	{
		char		date[16];

		date_text(c->first_day + d, date);
		for (int m = 1; m <= meters; m++)
		{
			meter_day(c, m, d, in);
			sun_day(m, d, out);
			for (int s = 0; s < HEAVY_DAY; s++)
				printf("%d,%s %02d:%02d:00+08,%d,%d\n", m, date, s / 4, s % 4 * 15, in[s], out[s]);
		}
	}
}

static void
heavy_calendar(const MeterClass *c)
{
	for (int d = 0; d < c->days; d++)
	{
		char		date[16];

		date_text(c->first_day + d, date);
		for (int s = 0; s < HEAVY_DAY; s++)
			printf("%s %02d:%02d:00+08,%d,%ld\n", date, s / 4, s % 4 * 15, period_of(c->first_day + d, s / 4),
				   (long) spot_price(d * HOURS + s / 4));
	}
}

static void
heavy_facts(const MeterClass *c, int meters)
{
	Answer		answer = {0};

	for (int m = 1; m <= meters; m++)
	{
		int64_t		peak_w;
		int64_t		total = heavy_bill(c, m, &peak_w);

		answer.n++;
		answer.total += total;
		answer.mix += total * (m % 1009 + 1);
		answer.demand += peak_w;
	}
	printf("{\"readings\": %ld, \"answer\": \"%ld|%ld|%ld|%ld\"}\n", (long) meters * c->days * HEAVY_DAY * 2,
		   (long) answer.n, (long) answer.total, (long) answer.mix, (long) answer.demand);
}

static int
by_size(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *) a;
	uint32_t	y = *(const uint32_t *) b;

	return (x > y) - (x < y);
}

static void
facts(const MeterClass *c, int meters)
{
	int			slots = class_day_slots(c);
	int			in_hour = 60 / c->slot_minutes;
	int64_t		widths[65] = {0};
	uint32_t   *size = malloc((size_t) meters * sizeof *size);
	int64_t		readings = (int64_t) meters * c->days * slots;
	int64_t		blocks = 0;
	int64_t		bits = 0;
	int64_t		bytes = 0;
	int64_t		seen = 0;
	int			halves = 0;
	int			decile[11] = {0};
	Answer		answer = {0};

	for (int m = 1; m <= meters; m++)
	{
		BlProfile	profile;
		BlCursor	cursor = {0};
		BlBlock		block;
		int64_t		wh[PERIODS] = {0};
		int			peak = 0;

		size[m - 1] = (uint32_t) pack(c, m, 0, c->days, packed, sizeof packed);
		bytes += size[m - 1];
		halves += size[m - 1] <= PAGE_HALF;
		if (bl_profile_open(&profile, packed, size[m - 1]) != BL_OK)
			exit(1);
		while (bl_profile_next(&profile, &cursor, &block) == BL_OK && block.slots > 0)
		{
			widths[block.width]++;
			blocks++;
			bits += block.width;
		}
		for (int d = 0; d < c->days; d++)
		{
			int32_t		v[DAY_SLOTS_MAX];

			meter_day(c, m, d, v);
			for (int s = 0; s < slots; s++)
			{
				wh[period_of(c->first_day + d, s / in_hour)] += v[s];
				peak = v[s] > peak ? v[s] : peak;
			}
		}
		answer_add(&answer, m, wh, (int64_t) peak * in_hour);
	}
	for (int w = 0, next = 0; w <= 64; w++)
		for (seen += widths[w]; next <= 10 && seen * 10 >= blocks * next && seen > 0; next++)
			decile[next] = w;
	qsort(size, (size_t) meters, sizeof *size, by_size);
	printf("{\"readings\": %ld, \"width_low\": %d, \"width_median\": %d, \"width_high\": %d, \"width_max\": %d, "
		   "\"width_mean\": %.2f, \"packed_bytes\": %.3f, \"month_median\": %u, \"month_high\": %u, "
		   "\"half_page\": %.3f, \"answer\": \"%ld|%ld|%ld|%ld\"}\n",
		   (long) readings, decile[1], decile[5], decile[9], decile[10], (double) bits / (double) blocks,
		   (double) bytes / (double) readings, size[meters / 2], size[meters * 9 / 10],
		   (double) halves / meters, (long) answer.n, (long) answer.total, (long) answer.mix, (long) answer.demand);
	free(size);
}

static int
usage(void)
{
	fputs("gen rows METERS | calendar | tariff | months|tens|days|facts CLASS METERS |\n"
		  "    heavy|heavy_rows|heavy_facts METERS | heavy_calendar | spot\n", stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const MeterClass *c = argc == 4 ? class_find(argv[2]) : &CLASSES[0];
	int			meters = argc > 2 ? atoi(argv[argc - 1]) : 0;

	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	if (argc == 2 && strcmp(what, "calendar") == 0)
		calendar(c);
	else if (argc == 2 && strcmp(what, "tariff") == 0)
		tariff();
	else if (argc == 2 && strcmp(what, "heavy_calendar") == 0)
		heavy_calendar(class_find("solar"));
	else if (argc == 2 && strcmp(what, "spot") == 0)
		for (int i = 0; i < class_find("solar")->days * HOURS; i++)
			printf("%ld\n", (long) spot_price(i));
	else if (argc < 3 || c == NULL || meters < 1)
		return usage();
	else if (argc == 3 && strcmp(what, "heavy") == 0)
		heavy(class_find("solar"), meters);
	else if (argc == 3 && strcmp(what, "heavy_rows") == 0)
		heavy_rows(class_find("solar"), meters);
	else if (argc == 3 && strcmp(what, "heavy_facts") == 0)
		heavy_facts(class_find("solar"), meters);
	else if (argc == 3 && strcmp(what, "rows") == 0)
		rows(c, meters);
	else if (strcmp(what, "months") == 0)
		copy_binary(c, meters, c->days);
	else if (strcmp(what, "tens") == 0)
		copy_binary(c, meters, TEN);
	else if (strcmp(what, "days") == 0)
		copy_binary(c, meters, 1);
	else if (strcmp(what, "facts") == 0)
		facts(c, meters);
	else
		return usage();
	return fflush(stdout) == 0 ? 0 : 1;
}

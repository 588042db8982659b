/*
 * main.c - makes a county from a seed: loadgen --help
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "calendar.h"
#include "tables.h"

static const char usage[] =
	"loadgen [OPTION...] --out FOLDER\n"
	"\n"
	"Makes a county: organisations, customers, accounts, grid, meters, contracts, and what comes\n"
	"from the meters each month. The same options give the same files, byte for byte.\n"
	"\n"
	"  --out FOLDER         where; made if it is not there. Files of another county in it stay\n"
	"  --accounts N         2000\n"
	"  --months N           1\n"
	"  --from YYYY-MM       2026-01\n"
	"  --seed N             2026\n"
	"  --faults N           of 1000 meter months so many have a fault: 20; 0: none, and no mistakes\n"
	"  --meters-per-file N  1000\n"
	"  --nem12 N            of N stations one sends NEM12, the others wide CSV: 4; 0: none\n"
	"  --no-readings        only what does not come from meters\n";

static _Noreturn void
refuse(const char *what, const char *value)
{
	fprintf(stderr, "loadgen: %s%s%s (loadgen --help)\n", what, value ? ": " : "", value ? value : "");
	exit(2);
}

static int64_t
number(const char *option, const char *text, int64_t low, int64_t high)
{
	int64_t		value = 0;

	if (*text == '\0')
		refuse(option, "needs a number");
	for (; *text != '\0'; text++)
	{
		if (*text < '0' || *text > '9' || value > high)
			refuse(option, "is no number in its range");
		value = value * 10 + (*text - '0');
	}
	if (value < low || value > high)
		refuse(option, "is no number in its range");
	return value;
}

static int64_t
month(const char *text)
{
	char		year[8];

	if (strlen(text) != 7 || text[4] != '-')
		refuse("--from", "is no month such as 2026-01");
	snprintf(year, sizeof(year), "%.4s", text);
	return calendar_number((int) number("--from", year, 1992, 2099), (int) number("--from", text + 5, 1, 12), 1);
}

static void
make_folder(const char *name, const char *below)
{
	char		path[4096];

	if (snprintf(path, sizeof(path), "%s%s", name, below) >= (int) sizeof(path))
		refuse("--out", "is too long");
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		refuse(path, strerror(errno));
}

static Options
options_of(int argc, char **argv)
{
	Options		options = {
		.seed = 2026, .accounts = 2000, .from_day = calendar_number(2026, 1, 1), .months = 1, .faults = 20,
		.meters_per_file = 1000, .nem12 = 4, .intervals = true
	};

	for (int i = 1; i < argc; i++)
	{
		const char *option = argv[i];
		const char *value;

		if (strcmp(option, "--help") == 0)
		{
			fputs(usage, stdout);
			exit(0);
		}
		if (strcmp(option, "--no-readings") == 0)
		{
			options.intervals = false;
			continue;
		}
		if (i + 1 == argc)
			refuse(option, "is unknown, or needs a value");
		value = argv[++i];
		if (strcmp(option, "--out") == 0)
			options.folder = value;
		else if (strcmp(option, "--accounts") == 0)
			options.accounts = number(option, value, 2, 10000000);
		else if (strcmp(option, "--months") == 0)
			options.months = (int) number(option, value, 1, 120);
		else if (strcmp(option, "--from") == 0)
			options.from_day = month(value);
		else if (strcmp(option, "--seed") == 0)
			options.seed = (uint64_t) number(option, value, 0, INT64_C(1000000000000000));
		else if (strcmp(option, "--faults") == 0)
			options.faults = (int) number(option, value, 0, 1000);
		else if (strcmp(option, "--meters-per-file") == 0)
			options.meters_per_file = (int) number(option, value, 1, 100000);
		else if (strcmp(option, "--nem12") == 0)
			options.nem12 = (int) number(option, value, 0, 1000);
		else
			refuse(option, "is unknown");
	}
	if (options.folder == NULL)
		refuse("--out names the folder", NULL);
	return options;
}

int
main(int argc, char **argv)
{
	Options		options = options_of(argc, argv);
	County		county = county_of(&options);

	make_folder(options.folder, "");
	make_folder(options.folder, "/intervals");
	write_frame(&county);
	write_accounts(&county);
	write_forming(&county);
	printf("%lld accounts in %d stations\n", (long long) options.accounts, county.orgs);
	if (options.intervals)
		write_readings(&county);
	return 0;
}

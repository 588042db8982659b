/*
 * driver.c - stands in for libFuzzer where the compiler has none
 *
 * Understands -runs=N and -seed=N of its options and passes over the others;
 * runs every file of the directories given, then N random changes of them.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum
{
	INPUTS = 4096,
	INPUT_SIZE = 65536
};

static struct
{
	uint8_t    *bytes;
	size_t		size;
}			inputs[INPUTS];
static int	input_count;

static void
read_file(const char *path)
{
	static uint8_t buffer[INPUT_SIZE];
	FILE	   *file = fopen(path, "rb");
	size_t		size;

	if (file == NULL || input_count == INPUTS)
		return;
	size = fread(buffer, 1, sizeof buffer, file);
	fclose(file);
	inputs[input_count].bytes = malloc(size + 1);
	memcpy(inputs[input_count].bytes, buffer, size);
	inputs[input_count++].size = size;
}

static void
read_directory(const char *path)
{
	DIR		   *directory = opendir(path);

	for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;)
	{
		char		name[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		read_file(name);
	}
	if (directory != NULL)
		closedir(directory);
}

/* a run's input lives in memory of just its size, so that ASan sees each step beyond */
static void
run_one(const uint8_t *bytes, size_t size)
{
	uint8_t    *copy = malloc(size);

	if (size > 0)
		memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
run_changed(uint64_t *seed)
{
	static uint8_t bytes[INPUT_SIZE + 1];
	int			from = (int) (check_random(seed) % (uint64_t) input_count);
	size_t		size = inputs[from].size;

	memcpy(bytes, inputs[from].bytes, size);
	for (int changes = (int) (check_random(seed) % 8); changes > 0 && size > 0; changes--)
	{
		size_t		at = check_random(seed) % size;

		switch (check_random(seed) % 4)
		{
			case 0:
				bytes[at] = (uint8_t) check_random(seed);
				break;
			case 1:
				bytes[at] ^= (uint8_t) (1 << check_random(seed) % 8);
				break;
			case 2:
				size = at;
				break;
			default:
				memmove(bytes + at, bytes + at + 1, size - at - 1);
				size--;
		}
	}
	run_one(bytes, size);
}

int
main(int argc, char **argv)
{
	long		runs = 10000;
	uint64_t	seed = 1;

	for (int i = 1; i < argc; i++)
	{
		if (strncmp(argv[i], "-runs=", 6) == 0)
			runs = atol(argv[i] + 6);
		else if (strncmp(argv[i], "-seed=", 6) == 0)
			seed = strtoull(argv[i] + 6, NULL, 10);
		else if (argv[i][0] != '-')
			read_directory(argv[i]);
	}
	run_one((const uint8_t *) "", 0);
	for (int i = 0; i < input_count; i++)
		run_one(inputs[i].bytes, inputs[i].size);
	for (long i = 0; i < runs && input_count > 0; i++)
		run_changed(&seed);
	return 0;
}

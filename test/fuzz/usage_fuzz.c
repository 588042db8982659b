/*
 * usage_fuzz.c - any bytes as a packed usage, and as the JSON of one: what is
 * accepted can be walked, said in JSON, read back to the same bytes, and
 * merged with nothing unchanged
 */
#include <stdlib.h>

#include "core/usage_json.h"

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- an arena that is given back after each run ---- */

enum
{
	CHUNKS = 4096
};

static void *chunks[CHUNKS];
static int	chunk_count;

static void *
more(void *context, size_t size)
{
	(void) context;
	return chunk_count < CHUNKS ? chunks[chunk_count++] = malloc(size) : NULL;
}

static void
give_back(void)
{
	while (chunk_count > 0)
		free(chunks[--chunk_count]);
}

/* a draft written; NULL where it is refused */
static uint8_t *
written(BlUsageDraft *draft, size_t *size)
{
	BlWriter	w = {NULL, 0, 0};
	BlProblem	problem;
	uint8_t    *bytes;

	if (bl_usage_write(draft, &w, &problem) != BL_OK)
		return NULL;
	*size = w.used;
	bytes = malloc(w.used);
	w = (BlWriter) {bytes, *size, 0};
	MUST(bl_usage_write(draft, &w, &problem) == BL_OK && w.used == *size);
	return bytes;
}

/* JSON -> packed, profiles left out; NULL where it is refused */
static uint8_t *
from_json(const char *text, size_t length, size_t *size)
{
	BlArena		arena = {.more = more,.ceiling = (size_t) 256 << 20};
	BlUsageDraft draft;
	BlProblem	problem;
	BlJson	   *root;

	if (bl_json_parse(text, length, &arena, &root, &problem) != BL_OK ||
		bl_usage_from_json(root, &arena, &draft, &problem) != BL_OK)
		return NULL;
	return written(&draft, size);
}

/* a usage that opens: walk it, say it, read it back, merge it with nothing */
static void
use(const uint8_t *bytes, size_t size)
{
	static const BlText profile = {"null", 4};
	static BlText profiles[BL_USAGE_PARTS_MAX][BL_CHANNEL_COUNT];
	static const BlUsage nothing;
	BlUsage		usage;
	BlWriter	w = {NULL, 0, 0};
	BlProblem	problem;
	uint8_t    *text;
	uint8_t    *again;
	size_t		again_size;
	bool		has_profile = false;

	MUST(bl_usage_open(&usage, bytes, size) == BL_OK);
	for (int i = 0; i < BL_USAGE_PARTS_MAX; i++)
		for (int c = 0; c < BL_CHANNEL_COUNT; c++)
		{
			profiles[i][c] = profile;
			has_profile |= i < usage.parts && usage.part[i].profile[c] != NULL;
		}
	bl_usage_to_json(&usage, profiles, &w);
	text = malloc(w.used);
	w = (BlWriter) {text, w.used, 0};
	bl_usage_to_json(&usage, profiles, &w);
	again = from_json((const char *) text, w.used, &again_size);
	MUST(again != NULL);
	MUST(has_profile || (again_size == size && memcmp(again, bytes, size) == 0));
	free(text);
	free(again);

	w = (BlWriter) {malloc(size), size, 0};
	MUST(bl_usage_merge(&usage, &nothing, &w, &problem) == BL_OK);
	MUST(w.used == size && memcmp(w.bytes, bytes, size) == 0);
	(void) bl_usage_merge(&usage, &usage, &w, &problem);
	free(w.bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlUsage		usage;
	uint8_t    *bytes;
	size_t		packed_size;

	if (bl_usage_open(&usage, data, size) == BL_OK)
	{
		use(data, size);
		(void) bl_usage_validate(data, size);
	}
	bytes = from_json((const char *) data, size, &packed_size);
	if (bytes != NULL)
	{
		use(bytes, packed_size);
		free(bytes);
	}
	give_back();
	return 0;
}

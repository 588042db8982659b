/*
 * charges_fuzz.c - any bytes as charges and as their JSON: what is accepted
 * can be read, totalled, added up, and comes back from its text the same
 */
#include "core/charges_sum.h"
#include "memory.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
read_json(const char *text, size_t size, BlArena *arena, uint8_t **bytes)
{
	BlProblem	problem;
	BlJson	   *json;
	BlWriter	w = {NULL, 0, 0};

	if (bl_json_parse(text, size, arena, &json, &problem) != BL_OK ||
		bl_charges_from_json(json, arena, &w, &problem) != BL_OK)
		return 0;
	*bytes = bl_arena_get(arena, w.used);
	MUST(*bytes != NULL);
	w = (BlWriter) {*bytes, w.used, 0};
	MUST(bl_charges_from_json(json, arena, &w, &problem) == BL_OK && w.used == w.size);
	return w.used;
}

static void
text_and_back(const BlCharges *charges, const uint8_t *bytes, size_t size, BlArena *arena)
{
	BlWriter	text = {NULL, 0, 0};
	uint8_t    *again;

	MUST(bl_charges_to_json(charges, arena, &text) == BL_OK);
	text = (BlWriter) {bl_arena_get(arena, text.used), text.used, 0};
	MUST(text.bytes != NULL && bl_charges_to_json(charges, arena, &text) == BL_OK);
	MUST(read_json((const char *) text.bytes, text.used, arena, &again) == size);
	MUST(memcmp(bytes, again, size) == 0);
}

static void
read_lines(const BlCharges *charges)
{
	const uint8_t *next = charges->first_line;
	volatile uint8_t seen = 0;

	for (int i = 0; i < charges->lines; i++)
	{
		BlLine		line;
		BlLineNames names;
		BlDec		amount;

		bl_charges_line(charges, &next, &line);
		bl_charges_names(charges, &line, &names);
		for (int j = 0; j < names.tags; j++)
			seen = (uint8_t) (seen ^ (uint8_t) names.tag[j].text[names.tag[j].length - 1]);
		if (i < 3)
			(void) bl_charges_amount(charges, &names.code, 1, &amount);
	}
	MUST(next == charges->carry);
}

/* the sum of charges with themselves, directly and by way of a union */
static void
add_up(const BlCharges *charges, BlArena *arena)
{
	BlChargesSum sum = {0};
	BlSumGroup	group = {.dictionary = charges->dictionary,.dictionary_size = charges->dictionary_size};
	BlSumGroup	united;
	BlDec		total;
	BlDec		twice;
	BlDec		got;
	BlWriter	w;
	BlCharges	result;

	group.room = charges->lines * 2 < BL_CHARGES_LINES_MAX ? charges->lines * 2 : BL_CHARGES_LINES_MAX;
	group.line = bl_arena_get(arena, (size_t) (group.room + 1) * sizeof *group.line);
	if (group.line == NULL)
		return;
	MUST(bl_sum_head(&sum, charges, NULL) == BL_OK && bl_sum_head(&sum, charges, NULL) == BL_OK);
	sum.group = &group;
	sum.groups = 1;
	MUST(bl_sum_find(&sum, charges->dictionary, charges->dictionary_size) == &group);
	if (bl_sum_lines(&group, charges) != BL_OK || bl_sum_lines(&group, charges) != BL_OK ||
		bl_sum_unite(&sum, arena, &united) != BL_OK)
		return;
	for (int i = 0; i < 2; i++)
	{
		w = (BlWriter) {NULL, 0, 0};
		bl_sum_write(&sum, i == 0 ? &group : &united, &w);
		w = (BlWriter) {bl_arena_get(arena, w.used), w.used, 0};
		if (w.bytes == NULL)
			return;
		bl_sum_write(&sum, i == 0 ? &group : &united, &w);
		MUST(bl_charges_validate(w.bytes, w.used, arena) == BL_OK);
		MUST(bl_charges_open(&result, w.bytes, w.used) == BL_OK);
		if (bl_charges_total(charges, &total) == BL_OK && bl_dec_add(total, total, &twice) == BL_OK &&
			bl_charges_total(&result, &got) == BL_OK)
			MUST(bl_dec_cmp(got, twice) == 0);
	}
}

static void
use(const uint8_t *bytes, size_t size, BlArena *arena)
{
	BlCharges	charges;
	BlDec		total;

	if (bl_charges_open(&charges, bytes, size) != BL_OK)
		return;
	read_lines(&charges);
	(void) bl_charges_total(&charges, &total);
	if (bl_charges_validate(bytes, size, arena) != BL_OK)
		return;
	text_and_back(&charges, bytes, size, arena);
	add_up(&charges, arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlArena		arena = memory_arena();
	uint8_t    *bytes;
	size_t		wrote;

	use(data, size, &arena);
	if (size < 100000 && (wrote = read_json((const char *) data, size, &arena, &bytes)) > 0)
	{
		MUST(bl_charges_validate(bytes, wrote, &arena) == BL_OK);
		use(bytes, wrote, &arena);
	}
	memory_release();
	return 0;
}

/*
 * carry_fuzz.c - any bytes as a carry and as its JSON: what is accepted is
 * written back the same, and survives the other form
 */
#include "core/carry.h"
#include "memory.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
write_carry(BlCarry *carry, BlArena *arena, uint8_t **bytes)
{
	BlWriter	w = {NULL, 0, 0};

	if (bl_carry_write(carry, &w) != BL_OK)
		return 0;
	*bytes = bl_arena_get(arena, w.used);
	MUST(*bytes != NULL);
	w = (BlWriter) {*bytes, w.used, 0};
	MUST(bl_carry_write(carry, &w) == BL_OK && w.used == w.size);
	return w.used;
}

static BlStatus
read_json(const char *text, size_t size, BlArena *arena, BlCarry *carry)
{
	BlProblem	problem;
	BlJson	   *json;
	BlStatus	status = bl_json_parse(text, size, arena, &json, &problem);

	return status == BL_OK ? bl_carry_from_json(carry, json, arena, &problem) : status;
}

/* a carry that was accepted: bytes to JSON to the same bytes */
static void
use(BlCarry *carry, BlArena *arena)
{
	BlWriter	text = {NULL, 0, 0};
	BlCarry		back;
	uint8_t    *bytes;
	uint8_t    *again;
	size_t		size = write_carry(carry, arena, &bytes);

	MUST(size >= BL_CARRY_EMPTY && bl_carry_open(&back, bytes, size, arena) == BL_OK);
	bl_carry_to_json(&back, &text);
	text = (BlWriter) {bl_arena_get(arena, text.used), text.used, 0};
	MUST(text.bytes != NULL);
	bl_carry_to_json(&back, &text);
	MUST(read_json((const char *) text.bytes, text.used, arena, &back) == BL_OK);
	MUST(write_carry(&back, arena, &again) == size && memcmp(bytes, again, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlArena		arena = memory_arena();
	BlCarry		carry;
	uint8_t    *bytes;

	if (bl_carry_open(&carry, data, size, &arena) == BL_OK)
	{
		/* one form only */
		MUST(write_carry(&carry, &arena, &bytes) == size && memcmp(bytes, data, size) == 0);
		use(&carry, &arena);
	}
	if (size < 100000 && read_json((const char *) data, size, &arena, &carry) == BL_OK)
		use(&carry, &arena);
	memory_release();
	return 0;
}

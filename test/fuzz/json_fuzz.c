/*
 * json_fuzz.c - any bytes as JSON: what is read is written in one form, which
 * reads back to the same form, and whose every place has a path
 */
#include "rating.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(BlJson *node, int depth)
{
	char		path[BL_JSON_PATH];
	BlDec		decimal;
	char		text[BL_DEC_TEXT];
	int			n = bl_json_path(node, path),
				count = 0;

	MUST(depth <= BL_JSON_DEPTH);
	MUST(n > 0 && n < BL_JSON_PATH && path[n] == '\0' && path[0] == '$');
	check_text(path);
	/* half of what can be a decimal is one */
	if (node->index % 2 == 0 && bl_json_decimal(node, BL_SCALE_MAX, &decimal) == BL_OK)
	{
		BlDec		back;

		n = bl_dec_text(decimal, text);
		MUST(bl_dec_parse(text, (size_t) n, BL_SCALE_MAX, &back) == BL_OK && bl_dec_cmp(back, decimal) == 0);
	}
	for (BlJson *c = node->first; c; c = c->next)
	{
		MUST(c->parent == node && c->index == count++);
		walk(c, depth + 1);
	}
	MUST(count == node->count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlArena		arena = memory_arena();
	BlArena		small = {.more = memory_more,.ceiling = size * 4};
	BlJson	   *root = parse_json(data, size, &arena);

	(void) parse_json(data, size, &small);
	if (root != NULL)
	{
		BlWriter	first,
					second;

		walk(root, 0);
		first = canonical_text(root, &arena);
		root = parse_json(first.bytes, first.used, &arena);
		MUST(root != NULL);
		second = canonical_text(root, &arena);
		MUST(first.used == second.used && memcmp(first.bytes, second.bytes, first.used) == 0);
		bl_json_see_all(root);
		MUST(bl_json_unseen(root) == NULL);
	}
	memory_release();
	return 0;
}

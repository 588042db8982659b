/*
 * nem_fuzz.c - any bytes as a NEM file, whole and in pieces: the same rows,
 * each with a profile that can be packed or a reason that can be shown
 */
#include "core/nem.h"
#include "core/utf8.h"
#include "memory.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static BlNem nem;

static void
check_text(const uint8_t *text, size_t size)
{
	for (size_t i = 0; i < size;)
	{
		int			n = bl_utf8_length(text + i, text + size);

		MUST(n > 0 && text[i] != '\0');
		i += (size_t) n;
	}
}

static void
use_row(const BlNemRow *row)
{
	static uint8_t packed[100000];
	static char shown[BL_CONTENT_MAX * 4 + 5];
	BlZoneStep	step = {INT32_MIN, (int16_t) row->shape.offset};
	BlZone		zone = {1, &step};
	size_t		size;

	MUST(row->has_profile ? row->rejected == NULL : true);
	if (row->has_profile)
	{
		MUST(bl_profile_bound(&row->shape) <= sizeof packed);
		MUST(bl_profile_pack(&row->shape, &zone, row->values, row->qualities, packed, sizeof packed, &size) == BL_OK);
		MUST(bl_profile_validate(packed, size) == BL_OK);
	}
	if (row->rejected != NULL)
	{
		BlSlice		content = row->content;

		check_text((const uint8_t *) row->rejected, strlen(row->rejected));
		if (content.length > BL_CONTENT_MAX)
			content.length = BL_CONTENT_MAX;
		size = bl_shown(content, shown, sizeof shown);
		check_text((const uint8_t *) shown, size);
	}
}

/* what all rows say, as a hash */
static BlHash
read_in_pieces(BlNemKind kind, const char *text, size_t size, size_t piece)
{
	BlArena		arena = memory_arena();
	BlHash		all = {1, 1};
	BlNemRow	row;
	char	   *buffer = NULL;
	size_t		given = 0;

	MUST(bl_nem_begin(&nem, kind, 600, (BlSlice) {NULL, 0}, &arena));
	for (;;)
	{
		BlTake		take = bl_nem_next(&nem, &row);

		if (take == BL_TAKE_END || take == BL_TAKE_NO_SPACE)
			break;
		if (take == BL_TAKE_ROW)
		{
			use_row(&row);
			bl_hash_add(&all, &row.line, sizeof row.line);
			bl_hash_add(&all, row.content.text, row.content.length);
			if (row.rejected != NULL)
				bl_hash_add(&all, row.rejected, strlen(row.rejected));
			if (row.has_profile)
				bl_hash_add(&all, row.values, (size_t) row.shape.slots * sizeof *row.values);
		}
		else
		{
			size_t		left = (size_t) (nem.lines.end - nem.lines.next);
			size_t		n = piece < size - given ? piece : size - given;
			char	   *next = malloc(left + n + 1);

			MUST(next != NULL);
			if (left > 0)
				memcpy(next, nem.lines.next, left);
			memcpy(next + left, text + given, n);
			given += n;
			bl_lines_feed(&nem.lines, next, left + n, given == size);
			free(buffer);
			buffer = next;
		}
	}
	free(buffer);
	memory_release();
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlNemKind	kind;
	BlHash		whole;
	BlHash		pieces;

	if (size < 2)
		return 0;
	kind = data[0] % 2 ? BL_NEM13 : BL_NEM12;
	whole = read_in_pieces(kind, (const char *) data + 2, size - 2, size);
	pieces = read_in_pieces(kind, (const char *) data + 2, size - 2, (size_t) data[1] + 2);
	MUST(whole.a == pieces.a && whole.b == pieces.b);
	return 0;
}

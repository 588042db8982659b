/*
 * reading.h - what the fuzz targets of readers share: memory for days, a zone
 * whose clocks change, and the use of each row
 */
#ifndef FUZZ_READING_H
#define FUZZ_READING_H

#include "core/meterdays.h"
#include "core/utf8.h"
#include "memory.h"

static const BlZoneStep steps[] = {{INT32_MIN, 60}, {13276860, 120}, {13579260, 60}};
static const BlZone zone = {3, steps};

static void *days_piece[256];
static int	days_pieces;

static inline void *
days_more(void *context, size_t size)
{
	(void) context;
	return days_pieces == 256 ? NULL : (days_piece[days_pieces++] = malloc(size));
}

static inline void
days_release(void *context)
{
	(void) context;
	while (days_pieces > 0)
		free(days_piece[--days_pieces]);
}

static inline void
use_row(const BlReadRow *row, BlHash *all)
{
	static uint8_t packed[100000];
	size_t		size;

	bl_hash_add(all, &row->line, sizeof row->line);
	bl_hash_add(all, row->content.text, row->content.length);
	MUST((row->rejected != NULL) + row->has_profile + row->has_reading == 1);
	if (row->meter != NULL)
		MUST(bl_utf8_plain(row->meter, strlen(row->meter)));
	if (row->rejected != NULL)
		bl_hash_add(all, row->rejected, strlen(row->rejected));
	if (!row->has_profile)
		return;
	MUST(bl_profile_bound(&row->profile.shape) <= sizeof packed);
	MUST(bl_profile_pack(&row->profile.shape, &zone, row->profile.values, row->profile.qualities, packed,
						 sizeof packed, &size) == BL_OK);
	MUST(bl_profile_validate(packed, size) == BL_OK);
	bl_hash_add(all, packed, size);
}

#endif							/* FUZZ_READING_H */

/*
 * espi_fuzz.c - any bytes as Green Button XML, whole and in pieces: the same rows
 */
#include "core/espi.h"
#include "reading.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* the next piece behind what is still to be read */
static void
feed(BlXml *xml, const char *text, size_t size, size_t piece, size_t *given, char **buffer)
{
	size_t		left = (size_t) (xml->end - xml->next);
	size_t		n = piece < size - *given ? piece : size - *given;
	char	   *next = malloc(left + n + 1);

	MUST(next != NULL);
	if (left > 0)
		memcpy(next, xml->next, left);
	memcpy(next + left, text + *given, n);
	*given += n;
	bl_xml_feed(xml, next, left + n, *given == size);
	free(*buffer);
	*buffer = next;
}

static BlHash
read_in_pieces(const char *text, size_t size, size_t piece, size_t ceiling)
{
	static const XML_Memory_Handling_Suite memory = {malloc, realloc, free};
	static BlEspi espi;
	BlArena		arena = memory_arena();
	BlArena		day_arena = {.more = days_more,.ceiling = ceiling};
	BlMeterDays days = {.arena = &day_arena,.release = days_release,.seen_arena = &arena,.zone = &zone,.zone_name = "x",.zone_length = 1};
	BlHash		all = {1, 1};
	BlReadRow	row;
	BlTake		take;
	char	   *buffer = NULL;
	size_t		given = 0;

	bl_espi_begin(&espi, &arena, &memory, NULL);
	while ((take = bl_espi_scan(&espi)) == BL_TAKE_MORE)
		feed(&espi.xml, text, size, piece, &given, &buffer);
	given = 0;
	if (take != BL_TAKE_NO_SPACE && bl_espi_again(&espi, &days))
		while ((take = bl_espi_next(&espi, &row)) == BL_TAKE_ROW || take == BL_TAKE_MORE)
		{
			if (take == BL_TAKE_ROW)
				use_row(&row, &all);
			else
				feed(&espi.xml, text, size, piece, &given, &buffer);
		}
	free(buffer);
	bl_espi_end(&espi);
	memory_release();
	days_release(NULL);
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlHash		whole;
	BlHash		pieces;

	if (size < 1)
		return 0;
	whole = read_in_pieces((const char *) data + 1, size - 1, size, 1 << 24);
	pieces = read_in_pieces((const char *) data + 1, size - 1, (size_t) data[0] + 1, 1 << 24);
	MUST(whole.a == pieces.a && whole.b == pieces.b);
	(void) read_in_pieces((const char *) data + 1, size - 1, size, 40000);
	return 0;
}

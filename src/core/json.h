/*
 * json.h - a small JSON reader that keeps decimals exact and knows where it is
 *
 * Why our own: the readers that Debian ships turn every number into a double,
 * and an error in a tariff must name the path of the offending value.
 * Bounds: BL_JSON_DEPTH levels, BL_JSON_SIZE bytes; a key twice in one object
 * is an error; text must be UTF-8.
 *
 * A schema reads a tree by asking for members, which marks them as seen; what
 * was never asked for is an unknown field (bl_json_unseen).  Values read as
 * decimals are marked too, so that the canonical text writes 0.50, "0.5" and
 * 5e-1 all as "0.5".  Canonical text: members sorted by key (bytes), no
 * blanks, decimals as strings without trailing zeros, everything else as given.
 */
#ifndef BL_JSON_H
#define BL_JSON_H

#include "arena.h"
#include "bytes.h"
#include "fixed.h"

enum
{
	BL_JSON_DEPTH = 24,
	BL_JSON_SIZE = 64 << 20,
	BL_JSON_PATH = 160			/* room for the text of a path */
};

typedef enum BlJsonType
{
	BL_JSON_NULL,
	BL_JSON_FALSE,
	BL_JSON_TRUE,
	BL_JSON_NUMBER,				/* text: as written */
	BL_JSON_STRING,				/* text: unescaped */
	BL_JSON_ARRAY,
	BL_JSON_OBJECT
} BlJsonType;

typedef struct BlJson
{
	BlJsonType	type;
	bool		seen;			/* a schema has read it */
	bool		decimal;		/* a schema has read it as a decimal */
	const char *text;			/* not terminated */
	uint32_t	length;
	const char *key;			/* of a member; not terminated */
	uint32_t	key_length;
	int			index;			/* of an element */
	int			count;			/* of members or elements */
	struct BlJson *parent;
	struct BlJson *first;
	struct BlJson *next;
} BlJson;

/* The whole text is one value.  On an error problem says where. */
extern BlStatus bl_json_parse(const char *text, size_t length, BlArena *arena,
							  BlJson **root, BlProblem *problem);

/* the member of that name, marked as seen; NULL when there is none, or no object */
extern BlJson *bl_json_member(BlJson *object, const char *key);
extern bool bl_json_is(const BlJson *string, const char *text);	/* a string of just that text */
extern bool bl_json_key_is(const BlJson *member, const char *key);

/* a number, or a string that is one; marks it as a decimal */
extern BlStatus bl_json_decimal(BlJson *value, int max_scale, BlDec *decimal);
/* marks a value and all below it as seen */
extern void bl_json_see_all(BlJson *value);
/* the first object member never asked for, in reading order, or NULL */
extern BlJson *bl_json_unseen(BlJson *value);

/* how much of a UTF-8 text fits into so many bytes without cutting a character */
extern int	bl_json_cut(const char *text, size_t length, int most);
/* "$.charges[0].price"; returns its length */
extern int	bl_json_path(const BlJson *value, char out[BL_JSON_PATH]);

/* canonical text; false when memory for sorting is lacking.  Nothing is terminated. */
extern bool bl_json_write(const BlJson *value, BlArena *arena, BlWriter *out);
/* a JSON string with its quotes */
extern void bl_json_write_string(BlWriter *out, const char *text, size_t length);

#endif							/* BL_JSON_H */

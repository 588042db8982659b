/*
 * json.c - reading, walking and writing JSON; see json.h
 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct Parser
{
	const char *start;
	const char *at;
	const char *end;
	BlArena    *arena;
	BlProblem  *problem;
	int			depth;
} Parser;

static BlStatus value(Parser *p, BlJson *node);

static BlStatus
fail(Parser *p, const char *what)
{
	const char *line = p->start;
	const char *near;
	int			number = 1;

	/* what was read already is ASCII, or strings whose UTF-8 was checked */
	for (const char *c = p->start; c < p->at; c++)
		if (*c == '\n')
		{
			line = c + 1;
			number++;
		}
	near = p->at - line > 40 ? p->at - 40 : line;
	while (near < p->at && ((unsigned char) *near & 0xC0) == 0x80)
		near++;
	bl_problem(p->problem, BL_BAD_TEXT, "invalid JSON: %s", what);
	if (p->at == p->start)
		bl_problem_detail(p->problem, p->end == p->start ? "The text is empty." : "At the first character.");
	else
		bl_problem_detail(p->problem, "%s line %d, after: %.*s", p->at < p->end ? "In" : "At the end, in", number,
						  (int) (p->at - near), near);
	return BL_BAD_TEXT;
}

static BlStatus
no_space(Parser *p)
{
	return bl_problem(p->problem, BL_NO_SPACE, "the JSON value is too large");
}

static void
blanks(Parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
		p->at++;
}

static bool
hex4(const char *s, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++)
	{
		char		c = s[i];
		int			d = c >= '0' && c <= '9' ? c - '0' :
			c >= 'a' && c <= 'f' ? c - 'a' + 10 :
			c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (d < 0)
			return false;
		*out = *out << 4 | (uint32_t) d;
	}
	return true;
}

static char *
put_utf8(char *out, uint32_t c)
{
	if (c < 0x80)
		*out++ = (char) c;
	else if (c < 0x800)
	{
		*out++ = (char) (0xC0 | c >> 6);
		*out++ = (char) (0x80 | (c & 63));
	}
	else if (c < 0x10000)
	{
		*out++ = (char) (0xE0 | c >> 12);
		*out++ = (char) (0x80 | (c >> 6 & 63));
		*out++ = (char) (0x80 | (c & 63));
	}
	else
	{
		*out++ = (char) (0xF0 | c >> 18);
		*out++ = (char) (0x80 | (c >> 12 & 63));
		*out++ = (char) (0x80 | (c >> 6 & 63));
		*out++ = (char) (0x80 | (c & 63));
	}
	return out;
}

/* the length of a well-formed UTF-8 sequence at s, or 0 */
static int
utf8_length(const unsigned char *s, const unsigned char *end)
{
	int			n = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;

	if (n == 0 || n > end - s)
		return 0;
	for (int i = 1; i < n; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
		(s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	return n;
}

/* p->at is behind the backslash */
static BlStatus
escape(Parser *p, char **out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	const char *hit;
	uint32_t	c,
				low;

	if (p->at >= p->end)
		return fail(p, "the text ends inside a string");
	if (*p->at != 'u')
	{
		hit = memchr(from, *p->at, sizeof from - 1);
		if (hit == NULL)
			return fail(p, "unknown escape in a string");
		*(*out)++ = to[hit - from];
		p->at++;
		return BL_OK;
	}
	if (p->end - p->at < 5 || !hex4(p->at + 1, &c) || c == 0)
		return fail(p, "bad \\u escape in a string");
	p->at += 5;
	if (c >= 0xD800 && c < 0xE000)
	{
		if (c >= 0xDC00 || p->end - p->at < 6 || p->at[0] != '\\' || p->at[1] != 'u' ||
			!hex4(p->at + 2, &low) || low < 0xDC00 || low > 0xDFFF)
			return fail(p, "half a surrogate pair in a string");
		p->at += 6;
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
	}
	*out = put_utf8(*out, c);
	return BL_OK;
}

/* p->at is behind the opening quote */
static BlStatus
string(Parser *p, const char **text, uint32_t *length)
{
	const char *from = p->at;
	const char *scan = p->at;
	bool		plain = true;
	char	   *out,
			   *to;
	BlStatus	status;

	while (scan < p->end && *scan != '"')
	{
		if (*scan == '\\')
		{
			plain = false;
			scan++;
			if (scan >= p->end)
				break;
		}
		scan++;
	}
	if (scan >= p->end)
		return fail(p, "a string without its closing quote");
	out = to = plain ? NULL : bl_arena_get(p->arena, (size_t) (scan - from) + 1);
	if (!plain && out == NULL)
		return no_space(p);
	while (*p->at != '"')
	{
		int			n;

		if (*p->at == '\\')
		{
			p->at++;
			status = escape(p, &to);
			if (status != BL_OK)
				return status;
			continue;
		}
		if ((unsigned char) *p->at < 0x20)
			return fail(p, "a control character in a string");
		n = utf8_length((const unsigned char *) p->at, (const unsigned char *) p->end);
		if (n == 0)
			return fail(p, "a string that is not UTF-8");
		if (!plain)
		{
			memcpy(to, p->at, (size_t) n);
			to += n;
		}
		p->at += n;
	}
	*text = plain ? from : out;
	*length = (uint32_t) (plain ? p->at - from : to - out);
	p->at++;
	return BL_OK;
}

static BlStatus
number(Parser *p, BlJson *node)
{
	const char *from = p->at;
	const char *mark;

	if (p->at < p->end && *p->at == '-')
		p->at++;
	mark = p->at;
	while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
		p->at++;
	if (p->at == mark || (*mark == '0' && p->at > mark + 1))
		return fail(p, "a value was expected");
	if (p->at < p->end && *p->at == '.')
	{
		mark = ++p->at;
		while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
			p->at++;
		if (p->at == mark)
			return fail(p, "a number without digits behind its point");
	}
	if (p->at < p->end && (*p->at == 'e' || *p->at == 'E'))
	{
		p->at++;
		if (p->at < p->end && (*p->at == '+' || *p->at == '-'))
			p->at++;
		mark = p->at;
		while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
			p->at++;
		if (p->at == mark)
			return fail(p, "a number without digits in its exponent");
	}
	node->type = BL_JSON_NUMBER;
	node->text = from;
	node->length = (uint32_t) (p->at - from);
	return BL_OK;
}

static bool
word(Parser *p, const char *text)
{
	size_t		n = strlen(text);

	if ((size_t) (p->end - p->at) < n || memcmp(p->at, text, n) != 0)
		return false;
	p->at += n;
	return true;
}

/* the members of an object or the elements of an array; p->at is behind the bracket */
static BlStatus
children(Parser *p, BlJson *node, char close)
{
	BlJson	  **tail = &node->first;
	BlStatus	status;

	if (++p->depth > BL_JSON_DEPTH)
		return fail(p, "nested too deeply");
	blanks(p);
	if (p->at < p->end && *p->at == close)
	{
		p->at++;
		p->depth--;
		return BL_OK;
	}
	for (;;)
	{
		BlJson	   *child = bl_arena_get(p->arena, sizeof *child);

		if (child == NULL)
			return no_space(p);
		child->parent = node;
		child->index = node->count++;
		if (node->count % 4096 == 0)
			bl_arena_poll(p->arena);
		*tail = child;
		tail = &child->next;
		blanks(p);
		if (close == '}')
		{
			if (p->at >= p->end || *p->at != '"')
				return fail(p, "a member's name in quotes was expected");
			p->at++;
			status = string(p, &child->key, &child->key_length);
			if (status != BL_OK)
				return status;
			blanks(p);
			if (p->at >= p->end || *p->at != ':')
				return fail(p, "a colon was expected");
			p->at++;
		}
		status = value(p, child);
		if (status != BL_OK)
			return status;
		blanks(p);
		if (p->at < p->end && *p->at == ',')
		{
			p->at++;
			continue;
		}
		if (p->at < p->end && *p->at == close)
		{
			p->at++;
			p->depth--;
			return BL_OK;
		}
		return fail(p, close == '}' ? "a comma or } was expected" : "a comma or ] was expected");
	}
}

static int
by_key(const void *a, const void *b)
{
	const BlJson *x = *(BlJson *const *) a,
			   *y = *(BlJson *const *) b;
	uint32_t	n = x->key_length < y->key_length ? x->key_length : y->key_length;
	int			c = n ? memcmp(x->key, y->key, n) : 0;

	return c ? c : (x->key_length > y->key_length) - (x->key_length < y->key_length);
}

/* the members sorted by key, or NULL without memory */
static BlJson **
sorted(const BlJson *object, BlArena *arena)
{
	BlJson	  **all = bl_arena_get(arena, sizeof *all * (size_t) (object->count + 1));
	int			n = 0;

	if (all == NULL)
		return NULL;
	for (BlJson *m = object->first; m; m = m->next)
		all[n++] = m;
	qsort(all, (size_t) n, sizeof *all, by_key);
	return all;
}

static BlStatus
value(Parser *p, BlJson *node)
{
	BlStatus	status;
	BlJson	  **all;

	blanks(p);
	if (p->at >= p->end)
		return fail(p, "a value was expected");
	switch (*p->at)
	{
		case '"':
			p->at++;
			node->type = BL_JSON_STRING;
			return string(p, &node->text, &node->length);
		case '{':
			p->at++;
			node->type = BL_JSON_OBJECT;
			status = children(p, node, '}');
			if (status != BL_OK || node->count < 2)
				return status;
			all = sorted(node, p->arena);
			if (all == NULL)
				return no_space(p);
			for (int i = 1; i < node->count; i++)
				if (by_key(&all[i - 1], &all[i]) == 0)
				{
					char		path[BL_JSON_PATH];

					bl_json_path(all[i], path);
					bl_problem(p->problem, BL_BAD_TEXT, "invalid JSON: %s is given twice", path);
					return BL_BAD_TEXT;
				}
			return BL_OK;
		case '[':
			p->at++;
			node->type = BL_JSON_ARRAY;
			return children(p, node, ']');
		case 't':
			node->type = BL_JSON_TRUE;
			return word(p, "true") ? BL_OK : fail(p, "a value was expected");
		case 'f':
			node->type = BL_JSON_FALSE;
			return word(p, "false") ? BL_OK : fail(p, "a value was expected");
		case 'n':
			node->type = BL_JSON_NULL;
			return word(p, "null") ? BL_OK : fail(p, "a value was expected");
		default:
			return number(p, node);
	}
}

BlStatus
bl_json_parse(const char *text, size_t length, BlArena *arena, BlJson **root, BlProblem *problem)
{
	Parser		p = {text, text, text + length, arena, problem, 0};
	BlStatus	status;

	if (length > BL_JSON_SIZE)
		return no_space(&p);
	*root = bl_arena_get(arena, sizeof **root);
	if (*root == NULL)
		return no_space(&p);
	status = value(&p, *root);
	if (status != BL_OK)
		return status;
	blanks(&p);
	return p.at == p.end ? BL_OK : fail(&p, "more text behind the value");
}

bool
bl_json_is(const BlJson *string, const char *text)
{
	return string != NULL && string->type == BL_JSON_STRING &&
		string->length == strlen(text) && memcmp(string->text, text, string->length) == 0;
}

bool
bl_json_key_is(const BlJson *member, const char *key)
{
	return member->key != NULL && member->key_length == strlen(key) &&
		memcmp(member->key, key, member->key_length) == 0;
}

BlJson *
bl_json_member(BlJson *object, const char *key)
{
	if (object == NULL || object->type != BL_JSON_OBJECT)
		return NULL;
	for (BlJson *m = object->first; m; m = m->next)
		if (bl_json_key_is(m, key))
		{
			m->seen = true;
			return m;
		}
	return NULL;
}

/* shifts the point of a decimal by a power of ten */
static BlStatus
shift(BlDec *decimal, long exponent, int max_scale)
{
	if (decimal->coefficient == 0)
		return BL_OK;
	for (; exponent > 0; exponent--)
	{
		if (decimal->scale > 0)
			decimal->scale--;
		else if (__builtin_mul_overflow(decimal->coefficient, (BlInt128) 10, &decimal->coefficient))
			return BL_OVERFLOW;
	}
	for (; exponent < 0; exponent++)
	{
		if (decimal->coefficient % 10 == 0 && decimal->scale == 0)
			decimal->coefficient /= 10;
		else if (++decimal->scale > BL_SCALE_MAX)
			return BL_OVERFLOW;
	}
	*decimal = bl_dec_trim(*decimal);
	return decimal->scale > max_scale ? BL_OVERFLOW : BL_OK;
}

BlStatus
bl_json_decimal(BlJson *value, int max_scale, BlDec *decimal)
{
	const char *e;
	BlStatus	status;
	long		exponent = 0;
	size_t		length;

	if (value == NULL || (value->type != BL_JSON_NUMBER && value->type != BL_JSON_STRING))
		return BL_BAD_TEXT;
	length = value->length;
	e = memchr(value->text, 'e', length);
	if (e == NULL)
		e = memchr(value->text, 'E', length);
	if (e != NULL && value->type == BL_JSON_STRING)
		return BL_BAD_TEXT;
	if (e != NULL)
	{
		const char *d = e + 1;
		bool		minus = *d == '-';

		if (*d == '-' || *d == '+')
			d++;
		for (; d < value->text + length && exponent < 1000; d++)
			exponent = exponent * 10 + (*d - '0');
		exponent = minus ? -exponent : exponent;
		length = (size_t) (e - value->text);
	}
	status = bl_dec_parse(value->text, length, e ? BL_SCALE_MAX : max_scale, decimal);
	if (status == BL_OK && e != NULL)
		status = shift(decimal, exponent, max_scale);
	if (status == BL_OK)
		value->decimal = value->seen = true;
	return status;
}

void
bl_json_see_all(BlJson *value)
{
	value->seen = true;
	for (BlJson *c = value->first; c; c = c->next)
		bl_json_see_all(c);
}

BlJson *
bl_json_unseen(BlJson *value)
{
	for (BlJson *c = value->first; c; c = c->next)
	{
		BlJson	   *below;

		if (value->type == BL_JSON_OBJECT && !c->seen)
			return c;
		below = bl_json_unseen(c);
		if (below != NULL)
			return below;
	}
	return NULL;
}

int
bl_json_cut(const char *text, size_t length, int most)
{
	if (length <= (size_t) most)
		return (int) length;
	while (most > 0 && ((unsigned char) text[most] & 0xC0) == 0x80)
		most--;
	return most;
}

int
bl_json_path(const BlJson *value, char out[BL_JSON_PATH])
{
	const BlJson *chain[BL_JSON_DEPTH + 2];
	int			n = 0,
				used;

	for (; value->parent != NULL && n < BL_JSON_DEPTH + 1; value = value->parent)
		chain[n++] = value;
	used = snprintf(out, BL_JSON_PATH, "$");
	while (n-- > 0)
	{
		int			room = BL_JSON_PATH - used;
		int			wrote;

		if (chain[n]->key != NULL)
			wrote = snprintf(out + used, (size_t) room, ".%.*s",
							 bl_json_cut(chain[n]->key, chain[n]->key_length, 60), chain[n]->key);
		else
			wrote = snprintf(out + used, (size_t) room, "[%d]", chain[n]->index);
		if (wrote >= room)
		{
			/* too long a path: say so rather than cut inside a character */
			used = bl_json_cut(out, (size_t) used, BL_JSON_PATH - 5);
			memcpy(out + used, "...", 4);
			return used + 3;
		}
		used += wrote;
	}
	return used;
}

void
bl_json_write_string(BlWriter *out, const char *text, size_t length)
{
	bl_write_u8(out, '"');
	for (size_t i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) text[i];
		char		escaped[8];

		if (c == '"' || c == '\\')
		{
			bl_write_u8(out, '\\');
			bl_write_u8(out, c);
		}
		else if (c < 0x20)
			bl_write_bytes(out, escaped, (size_t) snprintf(escaped, sizeof escaped, "\\u%04x", c));
		else
			bl_write_u8(out, c);
	}
	bl_write_u8(out, '"');
}

/* a value marked as a decimal, as the shortest string */
static void
write_decimal(const BlJson *value, BlWriter *out)
{
	BlJson		copy = *value;
	BlDec		decimal;
	char		text[BL_DEC_TEXT];

	if (bl_json_decimal(&copy, BL_SCALE_MAX, &decimal) != BL_OK)
		return;
	bl_write_u8(out, '"');
	bl_write_bytes(out, text, (size_t) bl_dec_text(bl_dec_trim(decimal), text));
	bl_write_u8(out, '"');
}

static bool
write_children(const BlJson *value, BlArena *arena, BlWriter *out)
{
	bool		object = value->type == BL_JSON_OBJECT;
	BlJson	  **all = object ? sorted(value, arena) : NULL;
	BlJson	   *child = value->first;

	if (object && all == NULL)
		return false;
	bl_write_u8(out, object ? '{' : '[');
	for (int i = 0; i < value->count; i++)
	{
		if (i > 0)
			bl_write_u8(out, ',');
		if (object)
		{
			child = all[i];
			bl_json_write_string(out, child->key, child->key_length);
			bl_write_u8(out, ':');
		}
		if (!bl_json_write(child, arena, out))
			return false;
		child = child->next;
	}
	bl_write_u8(out, object ? '}' : ']');
	return true;
}

bool
bl_json_write(const BlJson *value, BlArena *arena, BlWriter *out)
{
	if (value->decimal)
	{
		write_decimal(value, out);
		return true;
	}
	switch (value->type)
	{
		case BL_JSON_NULL:
			bl_write_bytes(out, "null", 4);
			return true;
		case BL_JSON_FALSE:
			bl_write_bytes(out, "false", 5);
			return true;
		case BL_JSON_TRUE:
			bl_write_bytes(out, "true", 4);
			return true;
		case BL_JSON_NUMBER:
			bl_write_bytes(out, value->text, value->length);
			return true;
		case BL_JSON_STRING:
			bl_json_write_string(out, value->text, value->length);
			return true;
		default:
			return write_children(value, arena, out);
	}
}

/*
 * xml.c - a small XML reader
 */
#include "xml.h"

#include "utf8.h"

enum
{
	NO_MARKUP,
	COMMENT,
	INSTRUCTION
};

void
bl_xml_begin(BlXml *xml)
{
	memset(xml, 0, sizeof *xml);
	xml->line = 1;
	xml->element = "";
	xml->attributes = (BlSlice) {"", 0};
}

void
bl_xml_feed(BlXml *xml, const char *bytes, size_t size, bool last)
{
	xml->next = bytes;
	xml->end = bytes + size;
	xml->last = last;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static BlXmlEvent
bad(BlXml *xml, const char *problem)
{
	xml->event_line = xml->line;
	xml->problem = problem;
	xml->finished = true;
	return BL_XML_BAD;
}

static void
pass(BlXml *xml, const char *to)
{
	for (const char *p = xml->next; (p = memchr(p, '\n', (size_t) (to - p))) != NULL; p++)
		xml->line++;
	xml->next = to;
}

static void
text_add(BlXml *xml, const char *bytes, size_t n)
{
	if (n > sizeof xml->text - xml->text_length)
	{
		xml->text_cut = true;
		return;
	}
	memcpy(xml->text + xml->text_length, bytes, n);
	xml->text_length += n;
}

/* a character as UTF-8; its bytes, 0 where it is none */
static int
utf8_of(uint32_t c, char out[4])
{
	if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
		return 0;
	if (c < 0x80)
	{
		out[0] = (char) c;
		return 1;
	}
	if (c < 0x800)
	{
		out[0] = (char) (0xC0 | c >> 6);
		out[1] = (char) (0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000)
	{
		out[0] = (char) (0xE0 | c >> 12);
		out[1] = (char) (0x80 | (c >> 6 & 63));
		out[2] = (char) (0x80 | (c & 63));
		return 3;
	}
	out[0] = (char) (0xF0 | c >> 18);
	out[1] = (char) (0x80 | (c >> 12 & 63));
	out[2] = (char) (0x80 | (c >> 6 & 63));
	out[3] = (char) (0x80 | (c & 63));
	return 4;
}

/* what stands between & and ;, as text; its bytes, 0 where it means nothing */
static int
reference(const char *name, size_t n, char out[4])
{
	static const struct
	{
		const char *name;
		char		is;
	}			known[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
	uint32_t	c = 0;
	bool		hex = n > 2 && name[1] == 'x';

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (n == strlen(known[i].name) && memcmp(name, known[i].name, n) == 0)
		{
			out[0] = known[i].is;
			return 1;
		}
	if (n < 2 || n > 9 || name[0] != '#')
		return 0;
	for (size_t i = hex ? 2 : 1; i < n; i++)
	{
		char		d = name[i];
		int			digit = d >= '0' && d <= '9' ? d - '0' : d >= 'a' && d <= 'f' ? d - 'a' + 10 :
			d >= 'A' && d <= 'F' ? d - 'A' + 10 : 16;

		if (digit >= (hex ? 16 : 10))
			return 0;
		c = c * (hex ? 16 : 10) + (uint32_t) digit;
	}
	return utf8_of(c, out);
}

/* text with its references; false where one means nothing */
static bool
text_take(BlXml *xml, const char *p, const char *end)
{
	while (p < end)
	{
		const char *amp = memchr(p, '&', (size_t) (end - p));
		const char *stop = amp ? amp : end;
		const char *semicolon;
		char		bytes[4];
		int			n;

		text_add(xml, p, (size_t) (stop - p));
		if (amp == NULL)
			return true;
		semicolon = memchr(amp, ';', (size_t) (end - amp));
		n = semicolon ? reference(amp + 1, (size_t) (semicolon - amp - 1), bytes) : 0;
		if (n == 0)
			return false;
		text_add(xml, bytes, (size_t) n);
		p = semicolon + 1;
	}
	return true;
}

static const char *
find(const char *p, const char *end, const char *what)
{
	size_t		n = strlen(what);

	for (; (size_t) (end - p) >= n; p++)
	{
		p = memchr(p, what[0], (size_t) (end - p) - n + 1);
		if (p == NULL)
			return NULL;
		if (memcmp(p, what, n) == 0)
			return p;
	}
	return NULL;
}

/* the > of a tag at p, not one in quotes; NULL */
static const char *
tag_end(const char *p, const char *end)
{
	char		quote = '\0';

	for (; p < end; p++)
	{
		if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '>')
			return p;
	}
	return NULL;
}

/* the name at p, without its prefix; what is behind it, NULL where it is no name */
static const char *
name_take(const char *p, const char *end, char out[BL_XML_NAME])
{
	const char *begin = p;
	const char *local = p;

	for (; p < end && !blank(*p) && *p != '/' && *p != '>' && *p != '='; p++)
	{
		if (*p == ':')
			local = p + 1;
		if (*p == '<' || *p == '&' || *p == '"' || *p == '\'' || *p == '\0')
			return NULL;
	}
	if (p == begin || p == local || p - local >= BL_XML_NAME)
		return NULL;
	memcpy(out, local, (size_t) (p - local));
	out[p - local] = '\0';
	return p;
}

static BlXmlEvent
element_end(BlXml *xml)
{
	xml->closing = false;
	xml->element = xml->name[--xml->depth];
	return BL_XML_END;
}

/* a start or end tag from next to its > at stop */
static BlXmlEvent
tag_take(BlXml *xml, const char *stop)
{
	const char *p = xml->next + 1;
	bool		closes = *p == '/';
	char		name[BL_XML_NAME];

	xml->event_line = xml->line;
	p = name_take(p + closes, stop, name);
	if (p == NULL)
		return bad(xml, "a tag has no proper name, or too long a one");
	if (closes)
	{
		if (xml->depth == 0 || strcmp(name, xml->name[xml->depth - 1]) != 0)
			return bad(xml, "an end tag does not match its start");
		pass(xml, stop + 1);
		return element_end(xml);
	}
	if (xml->depth == BL_XML_DEPTH)
		return bad(xml, "elements are nested too deeply");
	memcpy(xml->name[xml->depth++], name, sizeof name);
	xml->closing = stop[-1] == '/';
	xml->attributes = (BlSlice) {p, p < stop ? (size_t) (stop - p) - xml->closing : 0};
	if (p > stop - xml->closing)
		xml->attributes.length = 0;
	xml->element = xml->name[xml->depth - 1];
	xml->text_length = 0;
	xml->text_cut = false;
	pass(xml, stop + 1);
	return BL_XML_START;
}

/* <! and <?; BL_XML_START: passed over */
static BlXmlEvent
markup_take(BlXml *xml)
{
	size_t		left = (size_t) (xml->end - xml->next);

	if (left < 9 && !xml->last)
		return BL_XML_MORE;
	if (xml->next[1] == '?')
	{
		xml->in_markup = INSTRUCTION;
		pass(xml, xml->next + 2);
		return BL_XML_START;
	}
	if (left >= 4 && memcmp(xml->next, "<!--", 4) == 0)
	{
		xml->in_markup = COMMENT;
		pass(xml, xml->next + 4);
		return BL_XML_START;
	}
	if (left >= 9 && memcmp(xml->next, "<![CDATA[", 9) == 0)
	{
		const char *stop = find(xml->next + 9, xml->end, "]]>");

		if (stop == NULL)
			return !xml->last && left <= BL_XML_TOKEN ? BL_XML_MORE : bad(xml, "a CDATA section is too long, or has no end");
		text_add(xml, xml->next + 9, (size_t) (stop - xml->next - 9));
		pass(xml, stop + 3);
		return BL_XML_START;
	}
	return bad(xml, "a document type or other declaration is not allowed");
}

/* goes to the end of a comment or an instruction; false: more is needed */
static bool
markup_skip(BlXml *xml)
{
	const char *sign = xml->in_markup == COMMENT ? "-->" : "?>";
	size_t		n = strlen(sign);
	const char *stop = find(xml->next, xml->end, sign);

	if (stop != NULL)
	{
		pass(xml, stop + n);
		xml->in_markup = NO_MARKUP;
		return true;
	}
	/* its end may be cut in two */
	if ((size_t) (xml->end - xml->next) >= n)
		pass(xml, xml->end - n + 1);
	return false;
}

static bool
only_blanks(const char *p, const char *end)
{
	while (p < end && blank(*p))
		p++;
	return p == end;
}

BlXmlEvent
bl_xml_next(BlXml *xml)
{
	if (xml->closing)
		return element_end(xml);
	while (!xml->finished)
	{
		const char *stop;
		BlXmlEvent	event;

		if (!xml->begun)
		{
			if (xml->end - xml->next < 4 && !xml->last)
				return BL_XML_MORE;
			if (xml->end - xml->next >= 3 && memcmp(xml->next, "\xef\xbb\xbf", 3) == 0)
				xml->next += 3;
			else if (xml->end - xml->next >= 2 &&
					 (memcmp(xml->next, "\xff\xfe", 2) == 0 || memcmp(xml->next, "\xfe\xff", 2) == 0))
				return bad(xml, "the file is UTF-16; convert it to UTF-8");
			xml->begun = true;
		}
		if (xml->in_markup != NO_MARKUP && !markup_skip(xml))
			return xml->last ? bad(xml, "a comment or instruction has no end") : BL_XML_MORE;
		if (xml->next == xml->end)
		{
			if (!xml->last)
				return BL_XML_MORE;
			if (xml->depth > 0)
				return bad(xml, "the file ends within an element; it may be cut");
			xml->finished = true;
			break;
		}
		if (*xml->next != '<')
		{
			/* text as far as a tag; pieces end where no reference is cut */
			stop = memchr(xml->next, '<', (size_t) (xml->end - xml->next));
			if (stop == NULL && !xml->last && xml->end - xml->next <= BL_XML_TOKEN)
				return BL_XML_MORE;
			if (stop == NULL && xml->end - xml->next > BL_XML_TOKEN)
				return bad(xml, "a text is too long");
			stop = stop ? stop : xml->end;
			if (xml->depth == 0 && !only_blanks(xml->next, stop))
				return bad(xml, "text stands outside of all elements: this is no XML");
			if (xml->depth > 0 && !text_take(xml, xml->next, stop))
				return bad(xml, "a reference such as &name; is not known");
			pass(xml, stop);
			continue;
		}
		if (xml->end - xml->next < 2)
		{
			if (!xml->last)
				return BL_XML_MORE;
			return bad(xml, "the file ends within a tag; it may be cut");
		}
		if (xml->next[1] == '!' || xml->next[1] == '?')
		{
			event = markup_take(xml);
			if (event != BL_XML_START)
				return event;
			continue;
		}
		stop = tag_end(xml->next, xml->end);
		if (stop == NULL && xml->end - xml->next > BL_XML_TOKEN)
			return bad(xml, "a tag is too long");
		if (stop == NULL)
			return xml->last ? bad(xml, "the file ends within a tag; it may be cut") : BL_XML_MORE;
		return tag_take(xml, stop);
	}
	return xml->problem ? BL_XML_BAD : BL_XML_FINISHED;
}

bool
bl_xml_attribute(const BlXml *xml, const char *wanted, char *out, size_t room)
{
	const char *p = xml->attributes.text;
	const char *end = p + xml->attributes.length;
	char		name[BL_XML_NAME];

	out[0] = '\0';
	while (p < end)
	{
		const char *close;
		size_t		used = 0;

		while (p < end && blank(*p))
			p++;
		if (p == end || (p = name_take(p, end, name)) == NULL)
			return false;
		while (p < end && blank(*p))
			p++;
		if (p == end || *p++ != '=')
			return false;
		while (p < end && blank(*p))
			p++;
		if (p == end || (*p != '"' && *p != '\'') || (close = memchr(p + 1, *p, (size_t) (end - p - 1))) == NULL)
			return false;
		if (strcmp(name, wanted) != 0)
		{
			p = close + 1;
			continue;
		}
		for (p++; p < close && used + 5 < room; p++)
		{
			const char *semicolon = *p == '&' ? memchr(p, ';', (size_t) (close - p)) : NULL;
			int			n = semicolon ? reference(p + 1, (size_t) (semicolon - p - 1), out + used) : 0;

			if (n == 0)
				out[used++] = *p;
			else
			{
				used += (size_t) n;
				p = semicolon;
			}
		}
		out[used] = '\0';
		return true;
	}
	return false;
}

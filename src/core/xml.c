/*
 * xml.c - XML one event a call; see xml.h
 *
 * Expat calls back; it is told to stop at each event and resumed for the next.
 */
#include "xml.h"

#include <stdio.h>

enum
{
	PIECE = 1 << 20				/* bytes given to the parser at once: it keeps a copy */
};

/* nothing more is read, and what was read before is still given out */
static void
fail(BlXml *xml, const char *problem)
{
	if (xml->problem != NULL)
		return;
	xml->problem = problem;
	xml->problem_line = (int64_t) XML_GetCurrentLineNumber(xml->parser);
	XML_StopParser(xml->parser, XML_FALSE);
	xml->stop = true;
}

static void
put_event(BlXml *xml, BlXmlEvent event)
{
	/* an empty element's end comes before the parser stops */
	if (xml->queued == 2)
	{
		fail(xml, "two elements at once");
		return;
	}
	xml->queue[xml->queued] = event;
	xml->queue_line[xml->queued++] = (int64_t) XML_GetCurrentLineNumber(xml->parser);
	if (!xml->stop)
		XML_StopParser(xml->parser, XML_TRUE);
	xml->stop = true;
}

/* without its prefix */
static const char *
local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon == NULL ? name : colon + 1;
}

/* name, zero, value, zero; what has no room is as if it were not there */
static void
put_attribute(BlXml *xml, const char *name, const char *value)
{
	size_t		n = strlen(name) + 1;
	size_t		m = strlen(value) + 1;

	if (n + m > sizeof xml->attributes - xml->attributes_length)
		return;
	memcpy(xml->attributes + xml->attributes_length, name, n);
	memcpy(xml->attributes + xml->attributes_length + n, value, m);
	xml->attributes_length += n + m;
}

static void XMLCALL
on_start(void *context, const XML_Char *name, const XML_Char **attribute)
{
	BlXml	   *xml = context;

	name = local_name(name);
	if (xml->problem != NULL)
		return;
	if (strlen(name) >= BL_XML_NAME)
		fail(xml, "a tag has too long a name");
	else if (xml->open == BL_XML_DEPTH)
		fail(xml, "elements are nested too deeply");
	else
	{
		memcpy(xml->name[xml->open++], name, strlen(name) + 1);
		xml->attributes_length = 0;
		for (int i = 0; attribute[i] != NULL; i += 2)
			put_attribute(xml, local_name(attribute[i]), attribute[i + 1]);
		xml->text_length = 0;
		xml->text_cut = false;
		put_event(xml, BL_XML_START);
	}
}

static void XMLCALL
on_end(void *context, const XML_Char *name)
{
	BlXml	   *xml = context;

	(void) name;
	if (xml->problem != NULL)
		return;
	xml->open--;
	put_event(xml, BL_XML_END);
}

static void XMLCALL
on_text(void *context, const XML_Char *bytes, int n)
{
	BlXml	   *xml = context;
	size_t		room = sizeof xml->text - xml->text_length;

	/* behind an end that is not given out yet: of an element with children, which nobody wants */
	if (xml->queued > 0 && xml->queue[xml->queued - 1] == BL_XML_END)
		return;
	if ((size_t) n > room)
	{
		xml->text_cut = true;
		n = (int) room;
	}
	memcpy(xml->text + xml->text_length, bytes, (size_t) n);
	xml->text_length += (size_t) n;
}

static void XMLCALL
on_doctype(void *context, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id, int has_internal_subset)
{
	(void) name, (void) system_id, (void) public_id, (void) has_internal_subset;
	fail(context, "a document type or other declaration is not allowed");
}

/* what the parser does not like, in words for whoever has the file; NULL: there was nothing in it */
static const char *
problem_of(BlXml *xml)
{
	enum XML_Error code = XML_GetErrorCode(xml->parser);

	switch (code)
	{
		case XML_ERROR_NO_ELEMENTS:
			return xml->open > 0 ? "the file ends within an element; it may be cut" : NULL;
		case XML_ERROR_UNCLOSED_TOKEN:
		case XML_ERROR_PARTIAL_CHAR:
		case XML_ERROR_UNCLOSED_CDATA_SECTION:
			return "the file ends within a tag; it may be cut";
		default:
			snprintf(xml->said, sizeof xml->said, "this is no XML: %s", XML_ErrorString(code));
			return xml->said;
	}
}

static void
set_up(BlXml *xml)
{
	xml->next = xml->end = NULL;
	xml->last = xml->stop = xml->nothing = xml->text_cut = false;
	xml->queued = xml->depth = xml->open = 0;
	xml->attributes_length = xml->text_length = 0;
	xml->element = "";
	xml->event_line = 1;
	xml->problem = xml->parser == NULL ? XML_ErrorString(XML_ERROR_NO_MEMORY) : NULL;
	xml->problem_line = 1;
	if (xml->parser == NULL)
		return;
	XML_SetUserData(xml->parser, xml);
	XML_SetElementHandler(xml->parser, on_start, on_end);
	XML_SetCharacterDataHandler(xml->parser, on_text);
	XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
}

void
bl_xml_begin(BlXml *xml, const XML_Memory_Handling_Suite *memory, const char *encoding)
{
	xml->memory = memory;
	xml->encoding = encoding;
	xml->parser = XML_ParserCreate_MM(encoding, memory, NULL);
	set_up(xml);
}

void
bl_xml_again(BlXml *xml)
{
	if (xml->parser != NULL && !XML_ParserReset(xml->parser, xml->encoding))
		bl_xml_end(xml);
	set_up(xml);
}

void
bl_xml_end(BlXml *xml)
{
	if (xml->parser != NULL)
		XML_ParserFree(xml->parser);
	xml->parser = NULL;
}

void
bl_xml_feed(BlXml *xml, const char *bytes, size_t size, bool last)
{
	xml->next = bytes;
	xml->end = bytes + size;
	xml->last = last;
}

/* the first of the queue */
static BlXmlEvent
take_event(BlXml *xml)
{
	BlXmlEvent	event = xml->queue[0];

	xml->event_line = xml->queue_line[0];
	xml->queue[0] = xml->queue[1];
	xml->queue_line[0] = xml->queue_line[1];
	xml->queued--;
	if (event == BL_XML_START)
		xml->element = xml->name[xml->depth++];
	else
		xml->element = xml->name[--xml->depth];
	return event;
}

BlXmlEvent
bl_xml_next(BlXml *xml)
{
	while (xml->queued == 0)
	{
		XML_ParsingStatus at;
		enum XML_Status status;

		if (xml->problem != NULL)
		{
			xml->event_line = xml->problem_line;
			return BL_XML_BAD;
		}
		xml->stop = false;
		XML_GetParsingStatus(xml->parser, &at);
		if (at.parsing == XML_SUSPENDED)
			status = XML_ResumeParser(xml->parser);
		else if (at.parsing == XML_FINISHED || xml->nothing)
		{
			xml->event_line = (int64_t) XML_GetCurrentLineNumber(xml->parser);
			return BL_XML_FINISHED;
		}
		else
		{
			size_t		left = (size_t) (xml->end - xml->next);
			int			n = left < PIECE ? (int) left : PIECE;
			bool		final = xml->last && (size_t) n == left;

			if (left == 0 && !xml->last)
				return BL_XML_MORE;
			status = XML_Parse(xml->parser, n > 0 ? xml->next : "", n, final);
			xml->next += n;
		}
		if (status == XML_STATUS_ERROR && xml->problem == NULL)
		{
			const char *problem = problem_of(xml);

			if (problem != NULL)
				fail(xml, problem);
			else
				xml->nothing = true;
		}
	}
	return take_event(xml);
}

bool
bl_xml_attribute(const BlXml *xml, const char *wanted, char *out, size_t room)
{
	const char *end = xml->attributes + xml->attributes_length;

	out[0] = '\0';
	for (const char *p = xml->attributes; p < end;)
	{
		const char *value = p + strlen(p) + 1;
		size_t		n = strlen(value);

		if (strcmp(p, wanted) == 0)
		{
			n = n < room ? n : room - 1;
			memcpy(out, value, n);
			out[n] = '\0';
			return true;
		}
		p = value + strlen(value) + 1;
	}
	return false;
}

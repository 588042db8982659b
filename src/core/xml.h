/*
 * xml.h - a small XML reader: one event a call, from pieces of any size
 *
 * Why our own: an extension should not need a library that the server may not
 * have, and what meter files use of XML is small.  There is no document type, so no entities
 * but the five of XML and numbers; nothing outside the file is ever read.
 * Names are given without their prefix.  What breaks the rules of XML in a way that
 * could be misread ends the reading; finer rules are not checked.
 */
#ifndef BL_XML_H
#define BL_XML_H

#include "intake.h"

enum
{
	BL_XML_DEPTH = 32,
	BL_XML_NAME = 64,			/* bytes of a name and its zero */
	BL_XML_TOKEN = 65536,		/* bytes of one tag, comment piece or text */
	BL_XML_TEXT = 1024			/* bytes of text that are kept of an element */
};

typedef enum BlXmlEvent
{
	BL_XML_START,
	BL_XML_END,					/* with text, what stood between the tags without children */
	BL_XML_MORE,
	BL_XML_FINISHED,
	BL_XML_BAD					/* problem says why; nothing more can be read */
} BlXmlEvent;

typedef struct BlXml
{
	const char *next;			/* bytes still to be read, set by the feeder */
	const char *end;
	bool		last;
	bool		begun;
	bool		finished;
	bool		closing;		/* an empty element's end comes next */
	int			in_markup;		/* inside a comment or instruction: what ends it */
	int64_t		line;			/* from 1, of next */
	int			depth;
	char		name[BL_XML_DEPTH][BL_XML_NAME];
	const char *element;		/* of the event */
	BlSlice		attributes;		/* of a start: all between name and > */
	int64_t		event_line;
	char		text[BL_XML_TEXT];
	size_t		text_length;
	bool		text_cut;
	const char *problem;
} BlXml;

extern void bl_xml_begin(BlXml *xml);
extern void bl_xml_feed(BlXml *xml, const char *bytes, size_t size, bool last);
extern BlXmlEvent bl_xml_next(BlXml *xml);
/* an attribute's value, without references, cut to room; false where there is none */
extern bool bl_xml_attribute(const BlXml *xml, const char *name, char *out, size_t room);

#endif							/* BL_XML_H */

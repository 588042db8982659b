/*
 * xml.h - XML one event a call, from pieces of any size; Expat reads it
 *
 * Names are given without their prefix.  Document types are refused, so there are no
 * entities but the five of XML and numbers, and nothing outside the file is ever read.
 */
#ifndef BL_XML_H
#define BL_XML_H

#include <expat.h>

#include "intake.h"

enum
{
	BL_XML_DEPTH = 32,
	BL_XML_NAME = 64,			/* bytes of a name and its zero */
	BL_XML_ATTRIBUTES = 4096,	/* bytes of the names and values of one element that are kept */
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
	XML_Parser	parser;			/* NULL: there was no memory */
	const XML_Memory_Handling_Suite *memory;
	const char *encoding;
	const char *next;			/* bytes still to be given to the parser */
	const char *end;
	bool		last;
	bool		stop;			/* the parser was told to stop */
	bool		nothing;		/* the file has nothing but blanks */
	int			queued;			/* events it has given meanwhile: a start, and its end where it is empty */
	BlXmlEvent	queue[2];
	int64_t		queue_line[2];
	int			depth;			/* of the last event given out */
	int			open;			/* of what the parser has read */
	char		name[BL_XML_DEPTH][BL_XML_NAME];
	const char *element;		/* of the event */
	int64_t		event_line;
	char		attributes[BL_XML_ATTRIBUTES];	/* of a start: name, zero, value, zero, ... */
	size_t		attributes_length;
	char		text[BL_XML_TEXT];
	size_t		text_length;
	bool		text_cut;
	const char *problem;
	char		said[80];		/* room for it */
	int64_t		problem_line;
} BlXml;

/* encoding: that of the bytes, whatever the file says of itself; NULL: the file says it.  Memory is the caller's. */
extern void bl_xml_begin(BlXml *xml, const XML_Memory_Handling_Suite *memory, const char *encoding);
/* from the beginning of a file again */
extern void bl_xml_again(BlXml *xml);
extern void bl_xml_feed(BlXml *xml, const char *bytes, size_t size, bool last);
extern BlXmlEvent bl_xml_next(BlXml *xml);
extern void bl_xml_end(BlXml *xml);
/* an attribute's value, cut to room; false where there is none */
extern bool bl_xml_attribute(const BlXml *xml, const char *name, char *out, size_t room);

#endif							/* BL_XML_H */

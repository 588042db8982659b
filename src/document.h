/*
 * document.h - tariffs and markets as stored: canonical JSON with its digest
 *
 * document, version 1 (after the varlena length word)
 *
 *	 0	 1	version
 *	 1	 1	kind: 1 tariff, 2 market
 *	 2	 2	reserved, zero
 *	 4	32	SHA-256 of the text
 *	36	 .	canonical JSON, UTF-8 (core/json.h)
 *
 * What rating works with is compiled from the text at first use in a query
 * and kept by the digest (rate_cache.h); it has no byte format that could be
 * forged or outlive its reader.
 */
#ifndef BL_DOCUMENT_H
#define BL_DOCUMENT_H

#include "billing.h"
#include "core/market.h"
#include "core/tariff.h"

enum
{
	BL_DOCUMENT_VERSION = 1,
	BL_DOCUMENT_TARIFF = 1,
	BL_DOCUMENT_MARKET = 2,
	BL_DOCUMENT_HEADER = 36,
	BL_DIGEST_SIZE = 32
};

typedef struct BlDocument
{
	const uint8_t *digest;
	const char *text;
	size_t		length;
} BlDocument;

/* checks the header; the digest is checked when the text is compiled */
extern BlStatus bl_document_open(BlBytes bytes, int kind, BlDocument *document);

/* in the current memory context; problem says what is wrong with the text */
extern BlStatus bl_document_tariff(const BlDocument *document, BlTariff **tariff, BlProblem *problem);
extern BlStatus bl_document_market(const BlDocument *document, BlMarket **market, BlProblem *problem);

#endif							/* BL_DOCUMENT_H */

/*
 * chain.h - links of an account's chain, for those who write rows in C
 *
 * link = SHA-256(the link before, content); content = SHA-256 over the row's columns as chain_fn.c lists them.
 */
#ifndef BL_CHAIN_H
#define BL_CHAIN_H

#include "access/tupdesc.h"

/* where the columns that are hashed stand in a row */
typedef struct BlChainRow
{
	const char *domain;
	int			columns;
	int			oldest;			/* as many columns the first rows had */
	int			column[16];
	Oid			type[16];
} BlChainRow;

/* domain: "bill" or "transfer" */
extern void bl_chain_row(BlChainRow *row, const char *domain, TupleDesc form);
/* values and nulls by column of the table; digest has 32 bytes */
extern void bl_chain_content(const BlChainRow *row, const Datum *values, const bool *nulls, uint8_t *digest);
extern void bl_chain_link(const void *before, size_t size, const uint8_t *content, uint8_t *link);

#endif							/* BL_CHAIN_H */

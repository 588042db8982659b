/*
 * charges_sum.h - charges added up line by line, in any order, to one result
 *
 * Lines are merged that agree in charge, kind, period, component, tier and
 * unit.  Quantities and amounts are added; a price or a span stays where all
 * agree; the estimated flag spreads; the carry goes.  The digest of the tariff
 * or of the market becomes zero where not all agree.
 *
 * The state is one group for each dictionary.  Bills of one tariff share
 * theirs, so the usual bill finds its lines by three integers; with one
 * dictionary at the end, lines keep the order of the tariff.  Several are
 * united by name: charges of the same code, tax class and tags are one, so that
 * amounts by tag stay exact, and the result goes by (code, kind, period,
 * component, tier).  All of this commutes, so plans and workers do not show.
 */
#ifndef BL_CHARGES_SUM_H
#define BL_CHARGES_SUM_H

#include "charges.h"

enum
{
	BL_SUM_GROUPS_MAX = 32		/* unite beyond: bounded memory however many tariffs */
};

typedef struct BlSumLine
{
	uint64_t	key;			/* rises in a group */
	BlLine		line;
} BlSumLine;

typedef struct BlSumGroup
{
	const uint8_t *dictionary;
	size_t		dictionary_size;
	int			lines;
	int			room;			/* of line */
	int			last;			/* found last: bills of one tariff come in one order */
	BlSumLine  *line;
	struct BlSumGroup *next;
} BlSumGroup;

typedef struct BlChargesSum
{
	bool		any;
	int			flags;
	int32_t		from;
	int32_t		until;
	char		currency[4];
	uint8_t		tariff_digest[BL_DIGEST];
	uint8_t		market_digest[BL_DIGEST];
	int			groups;
	BlSumGroup *group;			/* the one used last comes first */
} BlChargesSum;

/* merges all but the lines; BL_BAD_UNIT where currencies differ */
extern BlStatus bl_sum_head(BlChargesSum *sum, const BlCharges *charges, BlProblem *problem);
/* the group of that dictionary, moved to the front, or NULL */
extern BlSumGroup *bl_sum_find(BlChargesSum *sum, const uint8_t *dictionary, size_t size);
/* how many lines the group must have room for before charges are added; BL_CHARGES_LINES_MAX at most */
extern int	bl_sum_room(const BlSumGroup *group, const BlCharges *charges);
/* BL_LIMIT above BL_CHARGES_LINES_MAX lines, BL_OVERFLOW; the group must be thrown away then */
extern BlStatus bl_sum_lines(BlSumGroup *group, const BlCharges *charges);
/*
 * Makes one group of all, in memory of the arena.  BL_LIMIT where codes,
 * periods, components or lines are too many for one value.
 */
extern BlStatus bl_sum_unite(BlChargesSum *sum, BlArena *arena, BlSumGroup *united);
/* charges made of one group and the head */
extern void bl_sum_write(const BlChargesSum *sum, const BlSumGroup *group, BlWriter *w);

#endif							/* BL_CHARGES_SUM_H */

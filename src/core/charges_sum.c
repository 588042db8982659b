/*
 * charges_sum.c - charges added up line by line; see charges_sum.h
 */
#include "charges_sum.h"

#include <stdlib.h>

/* ---- the head ---- */

static void
agree(uint8_t digest[BL_DIGEST], const uint8_t *other)
{
	if (memcmp(digest, other, BL_DIGEST) != 0)
		memset(digest, 0, BL_DIGEST);
}

BlStatus
bl_sum_head(BlChargesSum *sum, const BlCharges *charges, BlProblem *problem)
{
	if (!sum->any)
	{
		sum->any = true;
		sum->flags = charges->flags;
		sum->from = charges->from;
		sum->until = charges->until;
		memcpy(sum->currency, charges->currency, sizeof sum->currency);
		memcpy(sum->tariff_digest, charges->tariff_digest, BL_DIGEST);
		memcpy(sum->market_digest, charges->market_digest, BL_DIGEST);
		return BL_OK;
	}
	if (memcmp(sum->currency, charges->currency, sizeof sum->currency) != 0)
	{
		bool		rises = memcmp(sum->currency, charges->currency, 3) < 0;

		/* one text, whichever came first */
		bl_problem(problem, BL_BAD_UNIT, "charges in %s and in %s cannot be added",
				   rises ? sum->currency : charges->currency, rises ? charges->currency : sum->currency);
		return bl_problem_hint(problem, "Group by billing.currency(charges).");
	}
	sum->flags |= charges->flags;
	if (charges->from < sum->from)
		sum->from = charges->from;
	if (charges->until > sum->until)
		sum->until = charges->until;
	agree(sum->tariff_digest, charges->tariff_digest);
	agree(sum->market_digest, charges->market_digest);
	return BL_OK;
}

/* ---- lines of one dictionary ---- */

static const int kind_flags = BL_LINE_COUNTED | BL_LINE_INCLUDED | BL_LINE_OF_WHICH | BL_LINE_MEASURED;

/* the order of a bill: its charges, in each what counts before what it consists of */
static uint64_t
line_key(const BlLine *line)
{
	int			kind = line->flags & kind_flags;

	kind = (kind & BL_LINE_COUNTED ? 0 : 8) | (kind & BL_LINE_OF_WHICH ? 4 : 0) |
		(kind & BL_LINE_INCLUDED ? 2 : 0) | (kind & BL_LINE_MEASURED ? 0 : 1);
	return (uint64_t) line->charge << 40 | (uint64_t) kind << 32 | (uint64_t) line->period << 24 |
		(uint64_t) line->component << 16 | (uint64_t) line->tier << 8 | (uint64_t) line->unit;
}

static BlStatus
add_line(BlLine *to, const BlLine *line)
{
	BlStatus	status = bl_dec_add(to->amount, line->amount, &to->amount);

	if (status == BL_OK && line->flags & BL_LINE_MEASURED)
		status = bl_dec_add(to->quantity, line->quantity, &to->quantity);
	if (!(line->flags & BL_LINE_PRICED) || bl_dec_cmp(to->price, line->price) != 0)
		to->flags &= ~BL_LINE_PRICED;
	else if (line->price.scale > to->price.scale)
		to->price = line->price;
	if (!(line->flags & BL_LINE_SPAN) || line->from != to->from || line->until != to->until)
		to->flags &= ~BL_LINE_SPAN;
	to->flags |= line->flags & BL_LINE_ESTIMATED;
	return status;
}

/* the place of a key, or where it belongs */
static int
find_key(const BlSumGroup *group, uint64_t key)
{
	int			low = 0;
	int			high = group->lines;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (group->line[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static BlStatus
merge_line(BlSumGroup *group, const BlLine *line)
{
	uint64_t	key = line_key(line);
	int			at = group->last + 1;

	/* mostly the neighbour of the line before */
	if (at >= group->lines || group->line[at].key != key)
		at = find_key(group, key);
	if (at == group->lines || group->line[at].key != key)
	{
		if (group->lines >= group->room)
			return group->room < BL_CHARGES_LINES_MAX ? BL_NO_SPACE : BL_LIMIT;
		memmove(&group->line[at + 1], &group->line[at],
				(size_t) (group->lines - at) * sizeof *group->line);
		group->line[at].key = key;
		group->line[at].line = *line;
		group->lines++;
		group->last = at;
		return BL_OK;
	}
	group->last = at;
	return add_line(&group->line[at].line, line);
}

BlSumGroup *
bl_sum_find(BlChargesSum *sum, const uint8_t *dictionary, size_t size)
{
	for (BlSumGroup **link = &sum->group; *link != NULL; link = &(*link)->next)
	{
		BlSumGroup *group = *link;

		if (group->dictionary_size == size && memcmp(group->dictionary, dictionary, size) == 0)
		{
			*link = group->next;
			group->next = sum->group;
			sum->group = group;
			return group;
		}
	}
	return NULL;
}

int
bl_sum_room(const BlSumGroup *group, const BlCharges *charges)
{
	int			room = group->lines + charges->lines;

	return room < BL_CHARGES_LINES_MAX ? room : BL_CHARGES_LINES_MAX;
}

BlStatus
bl_sum_lines(BlSumGroup *group, const BlCharges *charges)
{
	const uint8_t *next = charges->first_line;

	group->last = -1;
	for (int i = 0; i < charges->lines; i++)
	{
		BlLine		line;
		BlStatus	status;

		bl_charges_line(charges, &next, &line);
		status = merge_line(group, &line);
		if (status != BL_OK)
			return status;
	}
	return BL_OK;
}

/* ---- several dictionaries ---- */

/* An entry of any dictionary: its name decides the order, its bytes the identity. */
typedef struct Entry
{
	BlText		name;
	BlText		bytes;
} Entry;

typedef enum Kind
{
	CODE,
	PERIOD,
	COMPONENT,
	KINDS
} Kind;

/* All entries that lines use, risen and unique. */
typedef struct Union
{
	int			n[KINDS];
	Entry	   *entry[KINDS];
} Union;

static int
entry_cmp(const void *a, const void *b)
{
	const Entry *x = a;
	const Entry *y = b;
	int			c = bl_text_cmp(x->name, y->name);

	return c != 0 ? c : bl_text_cmp(x->bytes, y->bytes);
}

/* the entries of one dictionary in their order; at most BL_NONE of each kind */
static void
list_entries(const BlSumGroup *group, Entry list[KINDS][BL_NONE], int n[KINDS])
{
	const uint8_t *next = group->dictionary;
	BlEntry		entry;

	for (Kind kind = CODE; kind < KINDS; kind++)
	{
		n[kind] = *next++;
		for (int i = 0; i < n[kind]; i++)
		{
			Entry	   *e = &list[kind][i];
			const uint8_t *from = next;

			if (kind == CODE)
				bl_charges_code(&next, &entry);
			else if (kind == COMPONENT)
				bl_charges_component(&next, &entry);
			else
				bl_charges_period(&next, &entry.name);
			e->name = entry.name;
			e->bytes = (BlText) {(const char *) from, (int) (next - from)};
		}
	}
}

static int
line_index(const BlLine *line, Kind kind)
{
	return kind == CODE ? line->charge : kind == PERIOD ? line->period : line->component;
}

static void
collect_used(const BlSumGroup *group, Entry list[KINDS][BL_NONE], Union *all)
{
	for (Kind kind = CODE; kind < KINDS; kind++)
	{
		bool		used[BL_NONE + 1] = {false};

		for (int i = 0; i < group->lines; i++)
			used[line_index(&group->line[i].line, kind)] = true;
		for (int i = 0; i < BL_NONE; i++)
		{
			if (used[i])
				all->entry[kind][all->n[kind]++] = list[kind][i];
		}
	}
}

static BlStatus
sort_unique(Union *all)
{
	for (Kind kind = CODE; kind < KINDS; kind++)
	{
		Entry	   *e = all->entry[kind];
		int			kept = 0;

		if (all->n[kind] > 1)
			qsort(e, (size_t) all->n[kind], sizeof *e, entry_cmp);
		for (int i = 0; i < all->n[kind]; i++)
		{
			if (kept == 0 || entry_cmp(&e[kept - 1], &e[i]) != 0)
				e[kept++] = e[i];
		}
		if (kept > BL_NONE)
			return BL_LIMIT;
		all->n[kind] = kept;
	}
	return BL_OK;
}

static int
place_of(const Union *all, Kind kind, const Entry *entry)
{
	const Entry *found = bsearch(entry, all->entry[kind], (size_t) all->n[kind], sizeof *entry, entry_cmp);

	return found != NULL ? (int) (found - all->entry[kind]) : BL_NONE;
}

static BlStatus
write_dictionary(const Union *all, BlArena *arena, BlSumGroup *united)
{
	BlWriter	w = {NULL, 0, 0};
	size_t		size = 0;

	for (Kind kind = CODE; kind < KINDS; kind++)
	{
		size++;
		for (int i = 0; i < all->n[kind]; i++)
			size += (size_t) all->entry[kind][i].bytes.length;
	}
	if (size > UINT16_MAX)
		return BL_LIMIT;
	w.bytes = bl_arena_get(arena, size);
	w.size = size;
	if (w.bytes == NULL)
		return BL_NO_SPACE;
	for (Kind kind = CODE; kind < KINDS; kind++)
	{
		bl_write_u8(&w, (uint8_t) all->n[kind]);
		for (int i = 0; i < all->n[kind]; i++)
			bl_write_bytes(&w, all->entry[kind][i].bytes.text, (size_t) all->entry[kind][i].bytes.length);
	}
	united->dictionary = w.bytes;
	united->dictionary_size = size;
	return BL_OK;
}

/* the lines of a group, their indices turned into the union's */
static BlStatus
move_lines(const BlSumGroup *group, Entry list[KINDS][BL_NONE], const int n[KINDS],
		   const Union *all, BlSumGroup *united)
{
	uint8_t		place[KINDS][BL_NONE + 1];

	for (Kind kind = CODE; kind < KINDS; kind++)
	{
		for (int i = 0; i <= BL_NONE; i++)
			place[kind][i] = (uint8_t) (i < n[kind] ? place_of(all, kind, &list[kind][i]) : BL_NONE);
	}
	united->last = -1;
	for (int i = 0; i < group->lines; i++)
	{
		BlLine		line = group->line[i].line;
		BlStatus	status;

		line.charge = place[CODE][line.charge];
		line.period = place[PERIOD][line.period];
		line.component = place[COMPONENT][line.component];
		status = merge_line(united, &line);
		if (status != BL_OK)
			return status;
	}
	return BL_OK;
}

BlStatus
bl_sum_unite(BlChargesSum *sum, BlArena *arena, BlSumGroup *united)
{
	Entry		(*list)[KINDS][BL_NONE] = bl_arena_get(arena, sizeof *list);
	Union		all = {{0}, {NULL}};
	int			n[KINDS];
	int			lines = 0;
	BlStatus	status;

	memset(united, 0, sizeof *united);
	if (list == NULL)
		return BL_NO_SPACE;
	for (Kind kind = CODE; kind < KINDS; kind++)
	{
		all.entry[kind] = bl_arena_get(arena, (size_t) (sum->groups + 1) * BL_NONE * sizeof(Entry));
		if (all.entry[kind] == NULL)
			return BL_NO_SPACE;
	}
	for (const BlSumGroup *g = sum->group; g != NULL; g = g->next)
	{
		list_entries(g, *list, n);
		collect_used(g, *list, &all);
		lines += g->lines;
	}
	status = sort_unique(&all);
	if (status == BL_OK)
		status = write_dictionary(&all, arena, united);
	if (status != BL_OK)
		return status;

	united->room = lines < BL_CHARGES_LINES_MAX ? lines : BL_CHARGES_LINES_MAX;
	united->line = bl_arena_get(arena, (size_t) (united->room + 1) * sizeof *united->line);
	if (united->line == NULL)
		return BL_NO_SPACE;
	for (const BlSumGroup *g = sum->group; g != NULL && status == BL_OK; g = g->next)
	{
		list_entries(g, *list, n);
		status = move_lines(g, *list, n, &all, united);
	}
	if (status != BL_OK)
		return status;
	/* indices no longer mean the rules of a tariff */
	memset(sum->tariff_digest, 0, BL_DIGEST);
	return BL_OK;
}

void
bl_sum_write(const BlChargesSum *sum, const BlSumGroup *group, BlWriter *w)
{
	BlCharges	head = {
		.flags = sum->flags,
		.lines = group->lines,
		.from = sum->from,
		.until = sum->until,
		.tariff_digest = sum->tariff_digest,
		.market_digest = sum->market_digest,
		.dictionary_size = group->dictionary_size,
	};

	memcpy(head.currency, sum->currency, sizeof head.currency);
	bl_charges_write_header(w, &head);
	bl_write_bytes(w, group->dictionary, group->dictionary_size);
	for (int i = 0; i < group->lines; i++)
		bl_line_write(w, &group->line[i].line);
}

/*
 * csv_cells.c - the wanted cells of a line, or members of an object; which columns they are; what a value says
 */
#include "csv_cells.h"

/* ---------------------------------------------------------------- numbers */

/* at most 400 times ten: more cannot be told from zero or is out of range */
static bool
exponent_parse(const char *p, const char *end, int *exponent)
{
	bool		minus = p < end && *p == '-';
	int			v = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end || end - p > 3)
		return false;
	for (; p < end; p++)
	{
		if (*p < '0' || *p > '9')
			return false;
		v = v * 10 + (*p - '0');
	}
	*exponent = minus ? -v : v;
	return true;
}

bool
bl_number_general(BlSlice s, char point, char group, BlNumber *number)
{
	const char *p = s.text;
	const char *end = p + s.length;
	bool		minus = p < end && *p == '-';
	bool		fraction = false;
	bool		any = false;
	int			digits = 0;
	int			exponent = 0;

	*number = (BlNumber) {0, 0};
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	for (; p < end; p++)
	{
		if (*p >= '0' && *p <= '9')
		{
			any = true;
			if (digits == 0 && *p == '0')
			{
				number->decimals += fraction;
				continue;
			}
			if (++digits > BL_NUMBER_DIGITS)
				return false;
			number->mantissa = number->mantissa * 10 + (*p - '0');
			number->decimals += fraction;
		}
		else if (*p == point && !fraction)
			fraction = true;
		else if (*p == group && group != '\0' && any && !fraction && p + 1 < end)
			continue;
		else if ((*p == 'e' || *p == 'E') && any)
		{
			if (!exponent_parse(p + 1, end, &exponent))
				return false;
			break;
		}
		else
			return false;
	}
	if (minus)
		number->mantissa = -number->mantissa;
	if (number->mantissa == 0)
		exponent = number->decimals = 0;
	for (number->decimals -= exponent; number->decimals < 0; number->decimals++)
		if (__builtin_mul_overflow(number->mantissa, 10, &number->mantissa))
			return false;
	return any && number->decimals <= UINT8_MAX;
}

/* ------------------------------------------------------------------ cells */

/* the delimiter from p on, or the end: cells are short, so eight bytes at a time */
static inline const char *
delimiter_find(const char *p, const char *end, char delimiter)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	for (; end - p >= 8; p += 8)
	{
		uint64_t	word = bl_le64((const uint8_t *) p) ^ (ones * (uint8_t) delimiter);
		uint64_t	zero = (word - ones) & ~word & ones << 7;

		if (zero != 0)
			return p + __builtin_ctzll(zero) / 8;
	}
	while (p < end && *p != delimiter)
		p++;
	return p;
}

/* the cell at p; what lies behind it is *p: the delimiter or the end.  false: quotes that do not match */
static inline bool
cell_take(BlCsv *csv, const char **at, const char *end, BlSlice *cell)
{
	const char *p = *at;
	bool		doubled = false;
	const char *begin;

	while (p < end && *p == ' ')
		p++;
	if (p == end || *p != '"')
	{
		*at = delimiter_find(p, end, csv->map->delimiter);
		*cell = bl_trimmed((BlSlice) {p, (size_t) (*at - p)});
		return true;
	}
	begin = ++p;
	for (;;)
	{
		p = memchr(p, '"', (size_t) (end - p));
		if (p == NULL)
			return false;
		if (p + 1 == end || p[1] != '"')
			break;
		doubled = true;
		p += 2;
	}
	*cell = (BlSlice) {begin, (size_t) (p - begin)};
	for (p++; p < end && *p == ' ';)
		p++;
	*at = p;
	if (p < end && *p != csv->map->delimiter)
		return false;
	if (doubled)
	{
		char	   *out = csv->scratch + csv->scratch_used;
		size_t		n = 0;

		if (cell->length > sizeof csv->scratch - csv->scratch_used)
			return false;
		for (size_t i = 0; i < cell->length; i++)
		{
			out[n++] = cell->text[i];
			i += cell->text[i] == '"';
		}
		csv->scratch_used += n;
		*cell = (BlSlice) {out, n};
	}
	*cell = bl_trimmed(*cell);
	return true;
}

bool
bl_csv_cells_take(BlCsv *csv, BlSlice line)
{
	const BlCsvMap *m = csv->map;
	const char *p = line.text;
	const char *end = p + line.length;
	BlSlice		passed;
	int			k = 0;

	csv->scratch_used = 0;
	csv->plain = false;
	for (int column = 0;; column++)
	{
		/* straight to its place: a copy of what was just written would wait for it */
		bool		wanted = csv->cell[k].column == column;
		BlSlice    *cell = wanted ? &csv->cell[k].text : &passed;

		if (m->count > 0 && k == csv->first_cell && wanted && bl_csv_day_plain(csv, &p, end))
		{
			k += m->count;
			column += m->count - 1;
		}
		else if (!cell_take(csv, &p, end, cell))
		{
			bl_reason(csv->rejected, "quotes of column %d do not match", column + 1);
			csv->torn = true;
			return false;
		}
		else
			for (k += wanted; k < csv->cells && csv->cell[k].column == column; k++)
				csv->cell[k].text = *cell;
		if (k == csv->cells)
			return true;
		if (p == end)
		{
			bl_reason(csv->rejected, "it has %d columns, but at least %d are needed", column + 1,
					  csv->cell[csv->cells - 1].column + 1);
			return false;
		}
		p++;
	}
}

/* --------------------------------------------------------------- members */

/* a member by its name; "a.b" is b of a where there is no member of that name */
static const BlJson *
member_find(const BlJson *object, BlSlice name)
{
	for (const BlJson *c = object->type == BL_JSON_OBJECT ? object->first : NULL; c; c = c->next)
	{
		const BlJson *inner;

		if (c->key_length == name.length && memcmp(c->key, name.text, name.length) == 0)
			return c;
		if (c->key_length < name.length && name.text[c->key_length] == '.' &&
			memcmp(c->key, name.text, c->key_length) == 0)
		{
			inner = member_find(c, (BlSlice) {name.text + c->key_length + 1, name.length - c->key_length - 1});
			if (inner != NULL)
				return inner;
		}
	}
	return NULL;
}

static bool
member_text(BlCsv *csv, const BlJson *member, BlSlice name, BlSlice *text)
{
	*text = (BlSlice) {"", 0};
	if (member == NULL || member->type == BL_JSON_NULL)
		return true;
	if (member->type == BL_JSON_STRING || member->type == BL_JSON_NUMBER)
	{
		*text = bl_trimmed((BlSlice) {member->text, member->length});
		return true;
	}
	bl_reason(csv->rejected, "member \"%.*s\" is neither text nor number",
			  (int) (name.length < 60 ? name.length : 60), name.text);
	return false;
}

bool
bl_csv_members_take(BlCsv *csv, BlSlice line)
{
	const BlCsvMap *m = csv->map;
	BlProblem	problem = {0};
	BlJson	   *object;
	const BlJson *list = NULL;
	int			singles = csv->cells - m->count;

	csv->plain = false;
	csv->object_release(csv->object_arena->context);
	csv->object_arena->asked = csv->object_arena->left = 0;
	csv->object_arena->next = NULL;
	if (bl_json_parse(line.text, line.length, csv->object_arena, &object, &problem) != BL_OK)
	{
		bl_reason(csv->rejected, "%s. %s", problem.message, problem.detail);
		return false;
	}
	for (int i = 0; i < singles; i++)
		if (!member_text(csv, member_find(object, csv->cell[i].member), csv->cell[i].member, &csv->cell[i].text))
			return false;
	if (m->count == 0)
		return true;
	list = member_find(object, m->first.name);
	if (list == NULL || list->type != BL_JSON_ARRAY || list->count > m->count)
	{
		bl_reason(csv->rejected, "member \"%.*s\" is no list of at most %d values",
				  (int) (m->first.name.length < 60 ? m->first.name.length : 60), m->first.name.text, m->count);
		return false;
	}
	list = list->first;
	for (int i = singles; i < csv->cells; i++)
	{
		if (!member_text(csv, list, m->first.name, &csv->cell[i].text))
			return false;
		list = list ? list->next : NULL;
	}
	return true;
}

void
bl_csv_members_plan(BlCsv *csv)
{
	const BlCsvMap *m = csv->map;

#define WANT(given_column, place) \
	do { \
		(place) = -1; \
		if ((given_column).given) \
		{ \
			(place) = csv->cells; \
			csv->cell[csv->cells].column = csv->cells; \
			csv->cell[csv->cells++].member = (given_column).name; \
		} \
	} while (0)

	csv->cells = 0;
	WANT(m->meter, csv->meter_cell);
	WANT(m->channel, csv->channel_cell);
	WANT(m->unit_column, csv->unit_cell);
	WANT(m->quality, csv->quality_cell);
	for (int i = 0; i < m->times; i++)
		WANT(m->time[i], csv->time_cell[i]);
	for (int i = 0; i < m->values; i++)
		WANT(m->value[i].column, csv->value_cell[i]);
	csv->first_cell = csv->cells;
	for (int i = 0; i < m->count; i++, csv->cells++)
		csv->cell[csv->cells].column = i;
#undef WANT
}

/* ----------------------------------------------------------------- header */

static bool
column_find(BlCsv *csv, const BlCsvColumn *wanted, int *found)
{
	const char *p = csv->line.text.text;
	const char *end = p + csv->line.text.length;

	*found = wanted->found;
	if (wanted->name.length == 0)
		return true;
	*found = -1;
	csv->scratch_used = 0;
	for (int column = 0;; column++, p++)
	{
		BlSlice		cell;

		if (!cell_take(csv, &p, end, &cell))
		{
			bl_reason(csv->rejected, "the quotes of the header do not match");
			return false;
		}
		if (cell.length == wanted->name.length && memcmp(cell.text, wanted->name.text, cell.length) == 0)
		{
			if (*found >= 0)
			{
				bl_reason(csv->rejected, "the header has column \"%.*s\" twice", (int) cell.length, cell.text);
				return false;
			}
			*found = column;
		}
		if (p == end)
			break;
	}
	if (*found < 0)
		bl_reason(csv->rejected, "the header has no column \"%.*s\"",
				  (int) (wanted->name.length < 100 ? wanted->name.length : 100), wanted->name.text);
	return *found >= 0;
}

typedef struct Wanted
{
	int			column;
	int		   *place;
} Wanted;

static bool
want(BlCsv *csv, Wanted *wanted, int *n, const BlCsvColumn *column, int *place)
{
	*place = -1;
	if (!column->given)
		return true;
	wanted[*n].place = place;
	return column_find(csv, column, &wanted[(*n)++].column);
}

bool
bl_csv_columns_find(BlCsv *csv)
{
	const BlCsvMap *m = csv->map;
	Wanted		wanted[8 + BL_CSV_TIMES + BL_CSV_CHANNELS];
	int			n = 0;
	int			first = 0;

	if (!want(csv, wanted, &n, &m->meter, &csv->meter_cell) ||
		!want(csv, wanted, &n, &m->channel, &csv->channel_cell) ||
		!want(csv, wanted, &n, &m->unit_column, &csv->unit_cell) ||
		!want(csv, wanted, &n, &m->quality, &csv->quality_cell))
		return false;
	for (int i = 0; i < m->times; i++)
		if (!want(csv, wanted, &n, &m->time[i], &csv->time_cell[i]))
			return false;
	for (int i = 0; i < m->values; i++)
		if (!want(csv, wanted, &n, &m->value[i].column, &csv->value_cell[i]))
			return false;
	if (m->count > 0 && !column_find(csv, &m->first, &first))
		return false;
	/* by rising column: those of single cells, and the row of a day's values among them */
	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && wanted[j].column < wanted[j - 1].column; j--)
		{
			Wanted		other = wanted[j];

			wanted[j] = wanted[j - 1];
			wanted[j - 1] = other;
		}
	csv->cells = 0;
	for (int i = 0, slot = 0; i < n || slot < m->count;)
	{
		if (slot == m->count || (i < n && wanted[i].column <= first + slot))
		{
			*wanted[i].place = csv->cells;
			csv->cell[csv->cells++].column = wanted[i++].column;
		}
		else
			csv->cell[csv->cells++].column = first + slot++;
	}
	/* a single cell among the values would tear them apart */
	csv->first_cell = 0;
	while (m->count > 0 && csv->cell[csv->first_cell].column != first)
		csv->first_cell++;
	for (int i = 0; i < n; i++)
		if (m->count > 0 && wanted[i].column >= first && wanted[i].column < first + m->count)
		{
			bl_reason(csv->rejected, "column %d is wanted twice: the values of a day begin at %d", wanted[i].column + 1, first + 1);
			return false;
		}
	return true;
}

/* ----------------------------------------------------------------- values */

static bool
is_null(const BlCsvMap *m, BlSlice s)
{
	for (int i = 0; i < m->nulls; i++)
		if (s.length == m->null[i].length && memcmp(s.text, m->null[i].text, s.length) == 0)
			return true;
	return false;
}

bool
bl_csv_value_take(BlCsv *csv, int i, int cell, BlNumber *number, uint8_t *quality)
{
	const BlCsvMap *m = csv->map;
	BlSlice		s = csv->cell[cell].text;

	if (bl_number_parse(s, m->point, number) || bl_number_general(s, m->point, m->group, number))
	{
		if (m->decimals >= 0)
			bl_number_round(number, m->decimals);
		return true;
	}
	*number = (BlNumber) {0, 0};
	*quality = BL_MISSING;
	if (is_null(m, s))
		return true;
	bl_reason(csv->rejected, "value \"%.*s\" of %s %d is no number of at most %d digits",
			  (int) (s.length < 40 ? s.length : 40), s.text, csv->object_arena ? "place" : "column",
			  (csv->object_arena ? i : csv->cell[cell].column) + 1, BL_NUMBER_DIGITS);
	return false;
}

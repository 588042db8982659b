/*
 * vee_rules.c - reading the rules of validation and estimation
 *
 * Driven by one table of fields: its kind of value, where it is kept, which
 * rules have it.  A reader that meets a problem tells of it and goes on, so
 * that one check names them all.
 */
#include "vee_rules.h"

#include <stddef.h>
#include <stdio.h>

const char bl_validation_rules[] =
"[{\"rule\": \"gap\"}, {\"rule\": \"quality\"}, {\"rule\": \"negative\"}, {\"rule\": \"catch_up\"}, "
"{\"rule\": \"spike\", \"name\": \"high spike\", \"over\": \"3\", \"severity\": \"reject\"}, {\"rule\": \"spike\"}, "
"{\"rule\": \"repeated\"}, {\"rule\": \"zero\"}, {\"rule\": \"clock_change\"}, "
"{\"rule\": \"high_low\"}, {\"rule\": \"sum\"}, {\"rule\": \"estimated\"}]";

const char bl_estimation_rules[] =
"{\"linear_minutes\": 120, \"days\": 10, \"least_days\": 3, \"within_days\": 62, \"day_type\": \"workday\", "
"\"average\": \"mean\", \"scale\": true, \"even\": false, \"tolerance_kwh\": \"0\", "
"\"sources\": [\"actual\", \"corrected\"], \"fill\": [\"missing\"]}";

const char *const bl_rule_name[BL_RULE_COUNT] = {
	"gap", "span", "channel", "quality", "negative", "capacity", "range", "step", "zero", "repeated", "spike",
	"catch_up", "peak", "high_low", "sum", "estimated", "clock_change"
};

const char *const bl_severity_name[BL_UNCHECKED + 1] = {"reject", "suspect", "notice", "unchecked"};

/* ----------------------------------------------------------------- fields */

typedef enum FieldKind
{
	F_DECIMAL,					/* 0 .. 10^9, at most 8 decimals */
	F_SIGNED,
	F_INTEGER,					/* low .. high */
	F_CHOICE,					/* its place in the list */
	F_BOOLEAN,
	F_BORDER,
	F_UNIT,
	F_TEXT,
	F_QUALITIES
} FieldKind;

typedef struct Field
{
	const char *name;
	FieldKind	kind;
	size_t		offset;
	unsigned	rules;			/* bits of BlRuleKind */
	unsigned	needed;			/* likewise */
	int			low;
	int			high;
	const char *choice[4];
} Field;

#define RULE(name) (1u << BL_RULE_##name)
#define EVERY ((1u << BL_RULE_COUNT) - 1)
#define AT(member) offsetof(BlRule, member)

static const Field rule_fields[] = {
	{"name", F_TEXT, AT(name), EVERY, 0, 0, 0, {NULL}},
	{"severity", F_CHOICE, AT(severity), EVERY, 0, 0, 0, {"reject", "suspect", "notice"}},
	{"over", F_DECIMAL, AT(over), RULE(SPIKE) | RULE(CATCH_UP) | RULE(PEAK), 0, 0, 0, {NULL}},
	{"low", F_DECIMAL, AT(low), RULE(HIGH_LOW), 0, 0, 0, {NULL}},
	{"high", F_DECIMAL, AT(high), RULE(HIGH_LOW), 0, 0, 0, {NULL}},
	{"cover", F_DECIMAL, AT(cover), RULE(HIGH_LOW), 0, 0, 0, {NULL}},
	{"against", F_CHOICE, AT(against), RULE(HIGH_LOW), 0, 0, 0, {"previous", "year"}},
	{"kw", F_DECIMAL, AT(kw), RULE(CAPACITY) | RULE(STEP), RULE(CAPACITY) | RULE(STEP), 0, 0, {NULL}},
	{"least_kw", F_DECIMAL, AT(least_kw), RULE(SPIKE) | RULE(CATCH_UP), 0, 0, 0, {NULL}},
	{"kwh", F_DECIMAL, AT(kwh), RULE(SUM), 0, 0, 0, {NULL}},
	{"percent", F_DECIMAL, AT(percent), RULE(SUM), 0, 0, 0, {NULL}},
	{"least", F_SIGNED, AT(least), RULE(RANGE), 0, 0, 0, {NULL}},
	{"most", F_SIGNED, AT(most), RULE(RANGE), 0, 0, 0, {NULL}},
	{"slots", F_INTEGER, AT(slots), RULE(REPEATED) | RULE(CATCH_UP), 0, 2, 1 << 20, {NULL}},
	{"minutes", F_INTEGER, AT(minutes), RULE(GAP) | RULE(ZERO), 0, 0, 1 << 29, {NULL}},
	{"days", F_INTEGER, AT(days), RULE(SPIKE) | RULE(CATCH_UP) | RULE(ESTIMATED), 0, 1, 3660, {NULL}},
	{"from", F_BORDER, AT(from), RULE(SPAN), 0, 0, 0, {NULL}},
	{"until", F_BORDER, AT(until), RULE(SPAN), 0, 0, 0, {NULL}},
	{"slot_minutes", F_INTEGER, AT(slot_minutes), RULE(CHANNEL), 0, 1, 1440, {NULL}},
	{"unit", F_UNIT, AT(unit), RULE(CHANNEL), 0, 0, 0, {NULL}},
	{"time_zone", F_TEXT, AT(zone), RULE(CHANNEL), 0, 0, 0, {NULL}},
	{"qualities", F_QUALITIES, AT(qualities), RULE(QUALITY), 0, 0, 0, {NULL}}
};

#undef AT
#define AT(member) offsetof(BlEstimationRules, member)

static const Field estimation_fields[] = {
	{"linear_minutes", F_INTEGER, AT(linear_minutes), 1, 0, 0, 10080, {NULL}},
	{"days", F_INTEGER, AT(days), 1, 0, 1, 31, {NULL}},
	{"least_days", F_INTEGER, AT(least_days), 1, 0, 1, 31, {NULL}},
	{"within_days", F_INTEGER, AT(within_days), 1, 0, 1, 731, {NULL}},
	{"day_type", F_CHOICE, AT(day_type), 1, 0, 0, 0, {"workday", "weekday", "any"}},
	{"average", F_CHOICE, AT(median), 1, 0, 0, 0, {"mean", "median"}},
	{"scale", F_BOOLEAN, AT(scale), 1, 0, 0, 0, {NULL}},
	{"even", F_BOOLEAN, AT(even), 1, 0, 0, 0, {NULL}},
	{"tolerance_kwh", F_DECIMAL, AT(tolerance_kwh), 1, 0, 0, 0, {NULL}},
	{"sources", F_QUALITIES, AT(sources), 1, 0, 0, 0, {NULL}},
	{"fill", F_QUALITIES, AT(fill), 1, 0, 0, 0, {NULL}}
};

enum
{
	RULE_FIELDS = sizeof rule_fields / sizeof rule_fields[0],
	ESTIMATION_FIELDS = sizeof estimation_fields / sizeof estimation_fields[0]
};

/* ---------------------------------------------------------------- problems */

typedef struct Reader
{
	BlRuleProblem tell;
	void	   *context;
	bool		found;
	bool		stopped;
} Reader;

static void
bad(Reader *r, const BlJson *at, const char *message, const char *hint)
{
	char		path[BL_JSON_PATH];

	bl_json_path(at, path);
	r->found = true;
	if (!r->stopped && !r->tell(r->context, path, message, hint))
		r->stopped = true;
}

/* a list of names such as: a, b and c */
static void
names_text(char *out, size_t room, const char *lead, const char *const *names, int n)
{
	int			used = snprintf(out, room, "%s", lead);

	for (int i = 0; i < n && used > 0 && (size_t) used < room; i++)
		used += snprintf(out + used, room - (size_t) used, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", names[i]);
	if (used > 0 && (size_t) used + 1 < room)
	{
		out[used] = '.';
		out[used + 1] = '\0';
	}
}

static void
unknown_field(Reader *r, const BlJson *member, const Field *fields, int n, unsigned rule, const char *lead)
{
	const char *names[RULE_FIELDS + 1];
	char		message[120];
	char		hint[300];
	int			known = 0;

	if (fields == rule_fields)
		names[known++] = "rule";
	for (int i = 0; i < n; i++)
		if (fields[i].rules & rule)
			names[known++] = fields[i].name;
	snprintf(message, sizeof message, "unknown field \"%.*s\"", bl_json_cut(member->key, member->key_length, 60), member->key);
	names_text(hint, sizeof hint, lead, names, known);
	bad(r, member, message, hint);
}

/* ------------------------------------------------------------------ values */

static void
read_decimal(Reader *r, BlJson *value, bool negative, BlDec *out)
{
	BlDec		d;

	if (bl_json_decimal(value, BL_RATIO_SCALE, &d) != BL_OK)
		bad(r, value, "a number was expected", "Write a decimal such as \"1.8\", with at most 8 decimals.");
	else if (bl_dec_cmp(d, bl_dec(1000000000, 0)) > 0 || bl_dec_cmp(d, bl_dec(negative ? -1000000000 : 0, 0)) < 0)
		bad(r, value, "the number is out of range", negative ? "From -1000000000 to 1000000000." : "From 0 to 1000000000.");
	else
		*out = bl_dec_trim(d);
}

static void
read_integer(Reader *r, BlJson *value, const Field *f, int *out)
{
	char		hint[60];
	BlDec		d;

	snprintf(hint, sizeof hint, "A whole number from %d to %d.", f->low, f->high);
	if (value->type != BL_JSON_NUMBER || bl_json_decimal(value, 0, &d) != BL_OK)
	{
		bad(r, value, "a whole number was expected", hint);
		return;
	}
	d = bl_dec_trim(d);
	if (d.coefficient < f->low || d.coefficient > f->high)
		bad(r, value, "the number is out of range", hint);
	else
		*out = (int) d.coefficient;
}

static void
read_choice(Reader *r, BlJson *value, const Field *f, int *out)
{
	char		hint[120];
	int			n = 0;

	for (; n < 4 && f->choice[n] != NULL; n++)
		if (bl_json_is(value, f->choice[n]))
		{
			*out = n;
			return;
		}
	names_text(hint, sizeof hint, "It is one of ", f->choice, n);
	bad(r, value, "not one of the words that it can be", hint);
}

static void
read_border(Reader *r, BlJson *value, BlRuleBorder *out)
{
	if (value->type == BL_JSON_STRING && bl_day_parse(value->text, value->length, &out->at) == BL_OK &&
		out->at > BL_DAY_MIN + 3 && out->at < BL_DAY_MAX - 3)
		out->day = true;
	else if (value->type != BL_JSON_STRING || bl_moment_parse(value->text, value->length, NULL, &out->at) != BL_OK)
	{
		bad(r, value, "neither a date nor a moment", "Write \"2026-01-31\", or \"2026-01-31T08:30+08:00\".");
		return;
	}
	out->given = true;
}

static void
read_text(Reader *r, BlJson *value, BlText *out)
{
	BlText		text = {value->text, value->length > BL_NAME_MAX ? BL_NAME_MAX + 1 : (int) value->length};

	if (value->type != BL_JSON_STRING || !bl_name_valid(text))
		bad(r, value, "not a name", "A name is a text of 1 to 63 bytes without control characters.");
	else
		*out = text;
}

static void
read_unit(Reader *r, BlJson *value, int *out)
{
	BlUnit		unit;
	int			scale;

	if (value->type != BL_JSON_STRING || bl_unit_parse(value->text, value->length, &unit, &scale) != BL_OK || scale != 0)
		bad(r, value, "not a plain unit", "Units are Wh, varh, VAh, W, var, VA, V, A, Hz, PF and degC.");
	else
		*out = (int) unit;
}

static void
read_qualities(Reader *r, BlJson *value, unsigned *out)
{
	static const char hint[] = "A list of actual, estimated, substituted, corrected, suspect, missing.";
	unsigned	all = 0;

	if (value->type != BL_JSON_ARRAY || value->count == 0)
	{
		bad(r, value, "not a list of qualities", hint);
		return;
	}
	for (BlJson *e = value->first; e; e = e->next)
	{
		BlQuality	quality;

		if (e->type != BL_JSON_STRING || bl_quality_parse(e->text, e->length, &quality) != BL_OK)
		{
			bad(r, e, "not a quality", hint);
			return;
		}
		all |= 1u << quality;
	}
	*out = all;
}

static void
read_field(Reader *r, BlJson *value, const Field *f, void *rules)
{
	void	   *at = (char *) rules + f->offset;

	switch (f->kind)
	{
		case F_DECIMAL:
		case F_SIGNED:
			read_decimal(r, value, f->kind == F_SIGNED, at);
			break;
		case F_INTEGER:
			read_integer(r, value, f, at);
			break;
		case F_CHOICE:
			read_choice(r, value, f, at);
			break;
		case F_BOOLEAN:
			if (value->type != BL_JSON_TRUE && value->type != BL_JSON_FALSE)
				bad(r, value, "neither true nor false", "Write true or false.");
			*(int *) at = value->type == BL_JSON_TRUE;
			break;
		case F_BORDER:
			read_border(r, value, at);
			break;
		case F_UNIT:
			read_unit(r, value, at);
			break;
		case F_TEXT:
			read_text(r, value, at);
			break;
		case F_QUALITIES:
			read_qualities(r, value, at);
			break;
	}
}

static const Field *
field_of(const Field *fields, int n, unsigned rule, const BlJson *member)
{
	for (int i = 0; i < n; i++)
		if ((fields[i].rules & rule) != 0 && bl_json_key_is(member, fields[i].name))
			return &fields[i];
	return NULL;
}

/* -------------------------------------------------------------- validation */

static BlRule
rule_defaults(BlRuleKind kind)
{
	static const int severity[BL_RULE_COUNT] = {
		[BL_RULE_GAP] = BL_REJECT,[BL_RULE_SPAN] = BL_REJECT,[BL_RULE_CHANNEL] = BL_REJECT,
		[BL_RULE_QUALITY] = BL_SUSPECTED,[BL_RULE_NEGATIVE] = BL_REJECT,[BL_RULE_CAPACITY] = BL_REJECT,
		[BL_RULE_RANGE] = BL_REJECT,[BL_RULE_STEP] = BL_SUSPECTED,[BL_RULE_ZERO] = BL_NOTICE,
		[BL_RULE_REPEATED] = BL_SUSPECTED,[BL_RULE_SPIKE] = BL_SUSPECTED,[BL_RULE_CATCH_UP] = BL_REJECT,
		[BL_RULE_PEAK] = BL_SUSPECTED,[BL_RULE_HIGH_LOW] = BL_SUSPECTED,[BL_RULE_SUM] = BL_SUSPECTED,
		[BL_RULE_ESTIMATED] = BL_NOTICE,[BL_RULE_CLOCK_CHANGE] = BL_SUSPECTED
	};

	return (BlRule) {
		.kind = kind,
		.name = {bl_rule_name[kind], (int) strlen(bl_rule_name[kind])},
		.severity = severity[kind],
		.over = kind == BL_RULE_PEAK ? bl_dec(5, 1) : bl_dec(18, 1),
		.low = bl_dec(5, 1),
		.high = bl_dec(2, 0),
		.cover = bl_dec(5, 1),
		.least_kw = bl_dec(1, 0),
		.percent = bl_dec(5, 1),
		.slots = kind == BL_RULE_CATCH_UP ? 4 : 8,
		.minutes = kind == BL_RULE_ZERO ? BL_MINUTES_PER_DAY : 0,
		.days = kind == BL_RULE_ESTIMATED ? 62 : 7,
		.unit = -1,
		.qualities = 1u << BL_SUSPECT
	};
}

static bool
rule_kind(const BlJson *value, BlRuleKind *kind)
{
	for (int i = 0; i < BL_RULE_COUNT; i++)
		if (bl_json_is(value, bl_rule_name[i]))
		{
			*kind = (BlRuleKind) i;
			return true;
		}
	return false;
}

/* what one field alone does not show */
static void
check_rule(Reader *r, BlJson *object, const BlRule *rule)
{
	if (rule->kind == BL_RULE_RANGE && !rule->has_least && !rule->has_most)
		bad(r, object, "a range without a border", "Give \"least\", \"most\" or both, in the plain unit.");
	if (rule->kind == BL_RULE_SPAN && !rule->from.given && !rule->until.given)
		bad(r, object, "a span without a border", "Give \"from\", \"until\" or both.");
	if (rule->kind == BL_RULE_CHANNEL && rule->unit < 0 && rule->slot_minutes == 0 && rule->zone.length == 0)
		bad(r, object, "nothing is said of the channel", "Give \"unit\", \"slot_minutes\" or \"time_zone\".");
	if (rule->kind == BL_RULE_HIGH_LOW && (bl_dec_cmp(rule->low, rule->high) >= 0 || bl_dec_cmp(rule->cover, bl_dec(1, 0)) > 0))
		bad(r, object, "limits that leave nothing between them", "\"low\" is below \"high\", and \"cover\" at most 1.");
}

static void
read_rule(Reader *r, BlJson *object, BlRule *rule)
{
	BlJson	   *kind_of = bl_json_member(object, "rule");
	BlRuleKind	kind;
	char		text[300];

	if (kind_of == NULL || !rule_kind(kind_of, &kind))
	{
		names_text(text, sizeof text, "Rules are ", bl_rule_name, BL_RULE_COUNT);
		bad(r, kind_of != NULL ? kind_of : object, kind_of != NULL ? "not the name of a rule" : "\"rule\" is not given", text);
		return;
	}
	*rule = rule_defaults(kind);
	for (BlJson *m = object->first; m; m = m->next)
	{
		const Field *field = field_of(rule_fields, RULE_FIELDS, 1u << kind, m);

		if (m == kind_of)
			continue;
		snprintf(text, sizeof text, "The rule \"%s\" has ", bl_rule_name[kind]);
		if (field == NULL)
			unknown_field(r, m, rule_fields, RULE_FIELDS, 1u << kind, text);
		else
			read_field(r, m, field, rule);
	}
	rule->has_least = bl_json_member(object, "least") != NULL;
	rule->has_most = bl_json_member(object, "most") != NULL;
	for (int i = 0; i < RULE_FIELDS; i++)
		if ((rule_fields[i].needed & 1u << kind) != 0 && bl_json_member(object, rule_fields[i].name) == NULL)
		{
			snprintf(text, sizeof text, "\"%s\" is not given", rule_fields[i].name);
			bad(r, object, text, "Without it there is nothing to check.");
		}
	check_rule(r, object, rule);
}

BlStatus
bl_rules_compile(BlJson *root, BlArena *arena, BlRules *rules, BlRuleProblem problem, void *context)
{
	Reader		r = {problem, context, false, false};

	*rules = (BlRules) {0};
	if (root->type != BL_JSON_ARRAY)
		bad(&r, root, "not a list of rules", "Write [{\"rule\": \"negative\"}, {\"rule\": \"capacity\", \"kw\": 80}].");
	else if (root->count > BL_RULES_MAX)
		bad(&r, root, "too many rules", "At most 64 of them can be given.");
	else
	{
		rules->rule = bl_arena_get(arena, (size_t) (root->count + 1) * sizeof *rules->rule);
		if (rules->rule == NULL)
			return BL_NO_SPACE;
		for (BlJson *e = root->first; e; e = e->next)
			if (e->type != BL_JSON_OBJECT)
				bad(&r, e, "not a rule", "A rule is an object such as {\"rule\": \"negative\"}.");
			else
				read_rule(&r, e, &rules->rule[rules->n++]);
	}
	return r.found ? BL_BAD_RULES : BL_OK;
}

/* -------------------------------------------------------------- estimation */

BlStatus
bl_estimation_rules_compile(BlJson *root, BlEstimationRules *rules, BlRuleProblem problem, void *context)
{
	Reader		r = {problem, context, false, false};
	BlEstimationRules defaults = {
		.linear_minutes = 120,.days = 10,.least_days = 3,.within_days = 62,.day_type = BL_WORKDAY,.scale = 1,
		.sources = 1u << BL_ACTUAL | 1u << BL_CORRECTED,.fill = 1u << BL_MISSING
	};

	*rules = defaults;
	if (root->type != BL_JSON_OBJECT)
	{
		bad(&r, root, "not an object", "Write {\"linear_minutes\": 120, \"days\": 10}; every member is optional.");
		return BL_BAD_RULES;
	}
	for (BlJson *m = root->first; m; m = m->next)
	{
		const Field *field = field_of(estimation_fields, ESTIMATION_FIELDS, 1, m);

		if (field == NULL)
			unknown_field(&r, m, estimation_fields, ESTIMATION_FIELDS, 1, "Fields are ");
		else
			read_field(&r, m, field, rules);
	}
	if (bl_json_member(root, "least_days") == NULL && rules->least_days > rules->days)
		rules->least_days = rules->days;
	if (!r.found && rules->least_days > rules->days)
		bad(&r, root, "more days are needed than taken", "\"least_days\" is at most \"days\".");
	if (!r.found && (rules->sources & rules->fill) != 0)
		bad(&r, root, "one quality is both filled and a source", "What is to be estimated cannot be what estimates are made of.");
	if (!r.found && (rules->sources & 1u << BL_MISSING) != 0)
		bad(&r, root, "missing slots cannot be a source", "Sources are qualities that have a value.");
	return r.found ? BL_BAD_RULES : BL_OK;
}

/*
 * validate.c - a profile goes through its rules: findings, or marks
 */
#include "validate_check.h"

/* --------------------------------------------------------------------- all */

static BlStatus
check_rule(BlCheck *c)
{
	switch (c->rule->kind)
	{
		case BL_RULE_GAP:
			bl_check_gap(c);
			break;
		case BL_RULE_SPAN:
			bl_check_span(c);
			break;
		case BL_RULE_CHANNEL:
			bl_check_channel(c);
			break;
		case BL_RULE_QUALITY:
			bl_check_quality(c);
			break;
		case BL_RULE_NEGATIVE:
			bl_check_negative(c);
			break;
		case BL_RULE_CAPACITY:
			bl_check_capacity(c);
			break;
		case BL_RULE_RANGE:
			bl_check_range(c);
			break;
		case BL_RULE_STEP:
			bl_check_step(c);
			break;
		case BL_RULE_ZERO:
			bl_check_zero(c);
			break;
		case BL_RULE_REPEATED:
			bl_check_repeated(c);
			break;
		case BL_RULE_SPIKE:
			return bl_check_spike(c, false);
		case BL_RULE_CATCH_UP:
			return bl_check_spike(c, true);
		case BL_RULE_PEAK:
			bl_check_peak(c);
			break;
		case BL_RULE_HIGH_LOW:
			bl_check_high_low(c);
			break;
		case BL_RULE_SUM:
			bl_check_sum(c);
			break;
		case BL_RULE_ESTIMATED:
			bl_check_estimated(c);
			break;
		case BL_RULE_CLOCK_CHANGE:
			bl_check_clock_change(c);
			break;
		case BL_RULE_COUNT:
			break;
	}
	return BL_OK;
}

/* what spares most rules their walk */
static void
survey(BlCheck *c)
{
	c->low = INT64_MAX;
	c->high = INT64_MIN;
	for (int i = c->from; i < c->until; i++)
	{
		int64_t		x = c->v[i];

		c->low = x < c->low ? x : c->low;
		c->high = x > c->high ? x : c->high;
	}
	for (int i = c->from; i < c->until; i++)
	{
		c->missing += c->q[i] == BL_MISSING;
		c->estimated += c->q[i] == BL_ESTIMATED || c->q[i] == BL_SUBSTITUTED;
	}
}

static void
reject(void *context, const BlFinding *f)
{
	BlCheck	   *c = context;
	int64_t		from = ((int64_t) f->from - bl_readings_at(c->r, c->from)) / c->step;
	int64_t		until = from + f->slots;

	for (int64_t i = from < 0 ? 0 : from; i < until && i < c->until - c->from; i++)
		c->rejected[i] = f->severity == BL_REJECT;
}

/* what rules of other kinds reject, wherever they stand in the list; nothing where there is no sum to check */
static BlStatus
find_rejected(BlCheck *all, const BlRules *rules)
{
	BlCheck		c = *all;
	BlStatus	status = BL_OK;
	int			sums = 0;

	for (int i = 0; i < rules->n; i++)
		sums += rules->rule[i].kind == BL_RULE_SUM;
	if (sums == 0 || c.r->registers == 0)
		return BL_OK;
	c.rejected = bl_arena_get(c.r->arena, (size_t) (c.until - c.from) * sizeof *c.rejected);
	if (c.rejected == NULL)
		return BL_NO_SPACE;
	c.sink = reject;
	c.context = &c;
	for (int i = 0; i < rules->n && status == BL_OK; i++)
	{
		c.rule = &rules->rule[i];
		if (c.rule->severity == BL_REJECT && c.rule->kind != BL_RULE_SUM)
			status = check_rule(&c);
	}
	all->rejected = c.rejected;
	return status;
}

BlStatus
bl_validate(const BlReadings *r, const BlRules *rules, BlFindingSink sink, void *context)
{
	BlCheck		c = {
		.r = r,.v = r->series.values,.q = r->series.qualities,.from = r->first,.until = r->first + r->slots,
		.step = r->series.shape.slot_minutes,.scale = r->series.shape.scale,.unit = r->series.shape.unit,
		.sink = sink,.context = context
	};
	BlStatus	status;

	survey(&c);
	status = find_rejected(&c, rules);
	for (int i = 0; i < rules->n && status == BL_OK; i++)
	{
		c.rule = &rules->rule[i];
		bl_arena_poll(r->arena);
		status = check_rule(&c);
	}
	return status;
}

/* ------------------------------------------------------------------ marking */

typedef struct Marks
{
	int32_t		start;			/* of the profile */
	int			slots;
	int			step;
	int64_t    *values;
	uint8_t    *qualities;
} Marks;

static void
mark(void *context, const BlFinding *f)
{
	Marks	   *m = context;
	int64_t		from = ((int64_t) f->from - m->start) / m->step;
	int64_t		until = from + f->slots;

	if (f->severity > BL_SUSPECTED)
		return;
	for (int64_t i = from < 0 ? 0 : from; i < until && i < m->slots; i++)
		if (f->severity == BL_REJECT)
		{
			m->values[i] = 0;
			m->qualities[i] = BL_MISSING;
		}
		else if (m->qualities[i] == BL_ACTUAL)
			m->qualities[i] = BL_SUSPECT;
}

BlStatus
bl_validate_mark(const BlReadings *r, const BlRules *rules, int64_t *values, uint8_t *qualities)
{
	Marks		m = {bl_readings_at(r, r->first), r->slots, r->series.shape.slot_minutes, values, qualities};

	memcpy(values, r->series.values + r->first, (size_t) r->slots * sizeof *values);
	memcpy(qualities, r->series.qualities + r->first, (size_t) r->slots);
	return bl_validate(r, rules, mark, &m);
}

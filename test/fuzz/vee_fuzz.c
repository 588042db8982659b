/*
 * vee_fuzz.c - any rules, registers and profiles: what is accepted is checked and
 * estimated, and what stands out is told, without a bad access; registers come out exact, nothing else moves
 *
 * The input is: validation rules, estimation rules, registers (JSON, each ended by
 * a zero byte), two bytes of length, a profile, and if there is more, its history.
 */
#include "core/estimate.h"
#include "core/level_shift.h"
#include "core/outliers.h"
#include "core/usage_json.h"
#include "core/validate.h"
#include "memory.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* clocks go back and forth around the year 2026 */
static const BlZoneStep steps[] = {{INT32_MIN, 60}, {13767000, 120}, {14070480, 60}, {14292000, 120}};
static const BlZone changing = {4, steps};

static bool
ignore(void *context, const char *path, const char *message, const char *hint)
{
	(void) context;
	MUST(path[0] == '$' && message[0] != '\0' && hint != NULL);
	return true;
}

/* the next text up to a zero byte, as JSON */
static BlJson *
next_json(const uint8_t **at, const uint8_t *end, BlArena *arena)
{
	const uint8_t *from = *at;
	const uint8_t *zero = end > from ? memchr(from, 0, (size_t) (end - from)) : NULL;
	BlProblem	problem;
	BlJson	   *root;

	if (zero == NULL)
		return NULL;
	*at = zero + 1;
	return bl_json_parse((const char *) from, (size_t) (zero - from), arena, &root, &problem) == BL_OK ? root : NULL;
}

typedef struct Seen
{
	const BlReadings *r;
	int			findings;
	int			last;			/* slot */
	bool		exact;			/* no register may be exceeded */
} Seen;

static void
see_finding(void *context, const BlFinding *f)
{
	Seen	   *seen = context;

	seen->findings++;
	MUST(f->slots >= 0 && f->slots <= seen->r->slots && f->from <= f->until);
	MUST(f->severity <= BL_UNCHECKED && memchr(f->detail, 0, sizeof f->detail) != NULL);
	MUST(!f->has_bound || f->unit != NULL);
}

static void
see_estimate(void *context, const BlEstimate *e)
{
	Seen	   *seen = context;
	BlInt128	sum = 0;

	MUST(e->from >= seen->last && e->from < e->until && e->from >= seen->r->first &&
		 e->until <= seen->r->first + seen->r->slots);
	seen->last = e->until;
	for (int i = e->from; i < e->until; i++)
		sum += seen->r->series.values[i];
	MUST(e->method == BL_NOT_ESTIMATED ? e->reason != NULL : sum == e->sum);
	/* a register that was scaled to is met exactly */
	if (e->reg >= 0 && e->method != BL_NOT_ESTIMATED)
	{
		const BlRegisterSpan *reg = &seen->r->reg[e->reg];
		BlDec		all;

		MUST(reg->from >= 0 && reg->until <= seen->r->series.shape.slots);
		sum = 0;
		for (int i = reg->from; i < reg->until; i++)
			sum += seen->r->series.values[i];
		all = bl_scaled(sum, seen->r->series.shape.scale);
		all.scale += 3;
		MUST(seen->exact ? bl_dec_cmp(all, reg->kwh) == 0 : bl_dec_cmp(all, reg->kwh) >= 0);
	}
}

static bool
readings_of(const BlProfile *profile, const BlProfile *history, BlJson *registers, BlArena *arena, BlReadings *r)
{
	BlProblem	problem = {0};
	BlRegister *list;
	int			n;

	if (bl_readings_make(profile, history, &changing, NULL, arena, r, &problem) != BL_OK)
		return false;
	return registers == NULL ||
		(bl_registers_from_json(registers, "registers", arena, &list, &n, &problem) == BL_OK &&
		 bl_readings_registers(r, list, n, &problem) == BL_OK);
}

static void
use(BlReadings *r, const BlRules *rules, const BlEstimationRules *estimation, BlArena *arena)
{
	int64_t    *values = bl_arena_room(arena, (size_t) r->slots * sizeof *values);
	uint8_t    *qualities = bl_arena_room(arena, (size_t) r->slots);
	uint8_t    *before = bl_arena_room(arena, (size_t) r->slots);
	Seen		seen = {.r = r};
	BlProblem	problem = {0};

	if (values == NULL || qualities == NULL || before == NULL)
		return;
	if (rules != NULL && bl_validate(r, rules, see_finding, &seen) == BL_OK &&
		bl_validate_mark(r, rules, values, qualities) == BL_OK)
		for (int i = 0; i < r->slots; i++)
			MUST(qualities[i] == BL_MISSING ? values[i] == 0 : values[i] == r->series.values[r->first + i]);
	memcpy(before, r->series.qualities + r->first, (size_t) r->slots);
	seen.exact = estimation != NULL && estimation->tolerance_kwh.coefficient == 0;
	if (estimation == NULL || bl_estimate(r, estimation, see_estimate, &seen, &problem) != BL_OK)
		return;
	for (int i = 0; i < r->slots; i++)
		MUST(r->series.qualities[r->first + i] == before[i] ||
			 ((estimation->fill & 1u << before[i]) != 0 && r->series.qualities[r->first + i] == BL_ESTIMATED));
}

static void
see_outlier(void *context, const BlOutlier *outlier)
{
	const BlReadings *r = context;

	MUST(outlier->score >= 0 && outlier->score <= 1);
	MUST(outlier->from >= r->first && outlier->from < outlier->until && outlier->until <= r->first + r->slots);
}

static void
stand_out(BlReadings *r, BlArena *arena)
{
	BlOutliers	outliers;
	BlLevelShift shift;

	if (bl_outliers_learn(r, arena, &outliers) == BL_OK)
		(void) bl_outliers_find(&outliers, 0, NULL, NULL, see_outlier, r);
	if (bl_level_shift(r, arena, &shift) == BL_OK)
		MUST(shift.at >= 0 && shift.at < r->days && (shift.at == 0 || (shift.score >= 0 && shift.score <= 1 && shift.factor > 0)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BlArena		arena = memory_arena();
	const uint8_t *end = data + size;
	BlJson	   *rules_json = next_json(&data, end, &arena);
	BlJson	   *estimation_json = next_json(&data, end, &arena);
	BlJson	   *registers = next_json(&data, end, &arena);
	BlEstimationRules estimation;
	BlRules		rules;
	BlProfile	profile;
	BlProfile	history;
	BlReadings	r;
	bool		has_rules = rules_json != NULL && bl_rules_compile(rules_json, &arena, &rules, ignore, NULL) == BL_OK;
	bool		has_estimation = estimation_json != NULL &&
		bl_estimation_rules_compile(estimation_json, &estimation, ignore, NULL) == BL_OK;
	size_t		length = end - data < 2 ? 0 : (size_t) (data[0] | data[1] << 8);

	data += end - data < 2 ? 0 : 2;
	if (length <= (size_t) (end - data) && bl_profile_open(&profile, data, length) == BL_OK && profile.slots < 20000)
	{
		bool		has_history = bl_profile_open(&history, data + length, (size_t) (end - data) - length) == BL_OK;

		if (readings_of(&profile, has_history ? &history : NULL, registers, &arena, &r) && r.series.shape.slots < 40000)
		{
			stand_out(&r, &arena);
			use(&r, has_rules ? &rules : NULL, has_estimation ? &estimation : NULL, &arena);
		}
	}
	memory_release();
	return 0;
}

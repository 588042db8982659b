/*
 * vee_rules.h - rules of validation and estimation as data
 *
 * Validation: a list of rules, each an object with "rule" (what is checked),
 * and if wanted "name", "severity" and the limits of that check:
 *
 *	[{"rule": "negative"}, {"rule": "capacity", "kw": "80"},
 *	 {"rule": "spike", "name": "high spike", "over": "5", "severity": "reject"}]
 *
 * Estimation: one object, every member optional (see bl_estimation_rules).
 * doc/validation.md says what each means.  An unknown field is refused by its path.
 */
#ifndef BL_VEE_RULES_H
#define BL_VEE_RULES_H

#include "json.h"
#include "usage.h"

enum
{
	BL_RULES_MAX = 64
};

typedef enum BlRuleKind
{
	BL_RULE_GAP,
	BL_RULE_SPAN,
	BL_RULE_CHANNEL,
	BL_RULE_QUALITY,
	BL_RULE_NEGATIVE,
	BL_RULE_CAPACITY,
	BL_RULE_RANGE,
	BL_RULE_STEP,
	BL_RULE_ZERO,
	BL_RULE_REPEATED,
	BL_RULE_SPIKE,
	BL_RULE_CATCH_UP,
	BL_RULE_PEAK,
	BL_RULE_HIGH_LOW,
	BL_RULE_SUM,
	BL_RULE_ESTIMATED,
	BL_RULE_CLOCK_CHANGE,
	BL_RULE_COUNT
} BlRuleKind;

typedef enum BlSeverity
{
	BL_REJECT,					/* the value does not stand: it is to be estimated */
	BL_SUSPECTED,				/* it stands until somebody has looked */
	BL_NOTICE,					/* only told */
	BL_UNCHECKED				/* the rule lacked what it needs */
} BlSeverity;

typedef enum BlAgainst
{
	BL_PREVIOUS,
	BL_LAST_YEAR
} BlAgainst;

/* a moment, or the midnight that begins a day of the profile's zone */
typedef struct BlRuleBorder
{
	bool		given;
	bool		day;
	int32_t		at;				/* minute or day */
} BlRuleBorder;

/* the limits that a kind does not have are not looked at */
typedef struct BlRule
{
	BlRuleKind	kind;
	BlText		name;
	int			severity;		/* BlSeverity */
	BlDec		over;			/* 1.8: by 180 % */
	BlDec		low;
	BlDec		high;
	BlDec		cover;
	BlDec		kw;
	BlDec		least_kw;
	BlDec		kwh;
	BlDec		percent;
	bool		has_least;
	bool		has_most;
	BlDec		least;
	BlDec		most;
	int			slots;
	int			minutes;
	int			days;
	int			against;		/* BlAgainst */
	BlRuleBorder from;
	BlRuleBorder until;
	int			slot_minutes;	/* 0: any */
	int			unit;			/* BlUnit; -1: any */
	BlText		zone;			/* length 0: any */
	unsigned	qualities;		/* bits */
} BlRule;

typedef struct BlRules
{
	int			n;
	BlRule	   *rule;
} BlRules;

typedef enum BlDayType
{
	BL_WORKDAY,					/* working days and rest days */
	BL_WEEKDAY,					/* the seven days of the week */
	BL_ANY_DAY
} BlDayType;

typedef struct BlEstimationRules
{
	int			linear_minutes; /* of the longest gap that is filled by a line */
	int			days;			/* how many like days make the mean */
	int			least_days;
	int			within_days;	/* how far away, on either side */
	int			day_type;		/* BlDayType */
	int			median;			/* 1: the middle instead of the mean */
	int			scale;			/* 1: to the registers */
	int			even;			/* 1: what has no like days takes an even share of what a register leaves */
	BlDec		tolerance_kwh;	/* by which measured energy may exceed a register */
	unsigned	sources;		/* qualities that estimates are made of, as bits */
	unsigned	fill;			/* qualities that are estimated, as bits */
} BlEstimationRules;

/* is told of each problem; false: do not go on */
typedef bool (*BlRuleProblem) (void *context, const char *path, const char *message, const char *hint);

/* BL_BAD_RULES after one problem or more has been told; BL_NO_SPACE */
extern BlStatus bl_rules_compile(BlJson *root, BlArena *arena, BlRules *rules, BlRuleProblem problem, void *context);
extern BlStatus bl_estimation_rules_compile(BlJson *root, BlEstimationRules *rules, BlRuleProblem problem, void *context);

/* what holds where no rules are given, as JSON */
extern const char bl_validation_rules[];
extern const char bl_estimation_rules[];

extern const char *const bl_rule_name[BL_RULE_COUNT];
extern const char *const bl_severity_name[BL_UNCHECKED + 1];

#endif							/* BL_VEE_RULES_H */

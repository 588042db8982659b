/*
 * tariff_parse.h - what the files that read a tariff document share
 *
 * tariff_parse.c reads the document, tariff_charge.c its charges, with those by
 * steps in tariff_steps.c and those on power in tariff_demand.c; tariff_when.c
 * seasons and periods, tariff_price.c prices, components, terms, conditions and
 * rounding, tariff_export.c netting and banks.
 * A reader that meets a problem reports it and goes on with a harmless value, so that one
 * check names all problems.
 */
#ifndef BL_TARIFF_PARSE_H
#define BL_TARIFF_PARSE_H

#include <setjmp.h>

#include "tariff.h"

typedef struct BlCompile
{
	BlArena    *arena;
	BlTariff   *t;
	BlTariffReport report;
	void	   *context;
	bool		failed;
	bool		stop;			/* the reporter has heard enough */
	int			unknown;		/* fields so far */
	jmp_buf		no_space;		/* memory is gone: nothing read so far is of use */
	int			declared_terms; /* the first so many terms are declared */
	int			names;			/* dictionary of period names */
	BlText		name[BL_PERIOD_NAMES_MAX];
} BlCompile;

extern void bl_compile_error(BlCompile *c, const BlJson *at, const char *hint, const char *message,...)
			__attribute__((format(printf, 4, 5)));
/* the same, and nothing more is said of what lies below */
extern void bl_compile_refuse(BlCompile *c, BlJson *node, const char *hint, const char *message,...)
			__attribute__((format(printf, 4, 5)));
extern void *bl_compile_get(BlCompile *c, size_t size); /* never NULL: jumps to no_space */

extern BlText bl_compile_name(BlCompile *c, BlJson *node, const char *what);	/* 1 .. 63 bytes */
extern BlText bl_compile_key(BlCompile *c, BlJson *member, const char *what);	/* the same of a member's key; marks it as seen */
extern void bl_compile_names(BlCompile *c, BlJson *node);	/* text, or texts by language */
extern BlDec bl_compile_decimal(BlCompile *c, BlJson *node, int scale, const char *what);
extern BlDec bl_compile_quantity(BlCompile *c, BlJson *node, int scale, const char *what);	/* not below zero */
extern int	bl_compile_choice(BlCompile *c, BlJson *node, const char *const *choices, const char *what);
extern int	bl_compile_int(BlCompile *c, BlJson *node, int least, int most, const char *what);
extern bool bl_compile_bool(BlCompile *c, BlJson *node);
extern int32_t bl_compile_day(BlCompile *c, BlJson *node);
extern unsigned bl_compile_months(BlCompile *c, BlJson *node);
extern bool bl_compile_is(BlCompile *c, BlJson *node, BlJsonType type, const char *what);

static inline bool
bl_text_equal(BlText a, BlText b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.text, b.text, (size_t) a.length) == 0);
}

static inline BlText
bl_text_of(const char *text)
{
	return (BlText) {text, (int) strlen(text)};
}

/* tariff_when.c */
extern void bl_compile_seasons(BlCompile *c, BlJson *node);
extern void bl_compile_schedule(BlCompile *c, BlJson *node, BlText name);
extern int	bl_compile_find_schedule(BlCompile *c, BlText name);	/* -1 */
extern int	bl_compile_find_season(BlCompile *c, BlText name);

/* tariff_price.c */
extern BlPrice *bl_compile_price(BlCompile *c, BlJson *node, int schedule);
extern BlPrice *bl_compile_plain_price(BlCompile *c, BlJson *node, int schedule);	/* not a series */
extern bool bl_price_by_period(BlCompile *c, const BlPrice *price, int depth);
extern bool bl_price_has(const BlPrice *price, BlPriceKind kind, int depth);
extern void bl_compile_components(BlCompile *c, BlJson *node);
extern int	bl_compile_find_component(BlCompile *c, BlText name);
extern void bl_compile_tags(BlCompile *c, BlJson *node, BlTags *tags);
extern void bl_compile_terms(BlCompile *c, BlJson *node);
extern int	bl_compile_term(BlCompile *c, BlJson *node);	/* the index of the term so named, made on first use */
extern int	bl_compile_quantity_term(BlCompile *c, BlJson *node);	/* the same of what cannot be below zero */
extern int	bl_compile_term_named(BlCompile *c, BlText name, const BlJson *at);
extern void bl_compile_condition(BlCompile *c, BlJson *node, BlCondition *condition);
extern void bl_compile_rounding(BlCompile *c, BlJson *node, BlRoundings *rounding);
extern BlRoundingMode bl_compile_mode(BlCompile *c, BlJson *node);
extern void bl_compile_one_rounding(BlCompile *c, BlJson *node, BlRoundingMode mode, BlRounding *rounding);

/* tariff_charge.c */
extern void bl_compile_charge(BlCompile *c, BlJson *node, BlCharge *q);
extern int	bl_compile_part(BlCompile *c, BlText name, const BlJson *at);	/* its index, entered on first use */
extern BlPer bl_compile_per(BlCompile *c, BlJson *node);	/* a span: day, month, ... */
extern bool bl_compile_credit(BlCompile *c, BlJson *node);	/* a sign: charge or credit */
extern unsigned bl_compile_periods(BlCompile *c, BlJson *list, const BlSchedule *s);	/* as bits */

/* tariff_steps.c */
extern void bl_compile_tiers(BlCompile *c, BlJson *node, BlJson *steps, BlCharge *q);
/* a list of steps, or one for each season, or for each period; defaults: what a step of energy has unless it says so */
extern void bl_compile_steps(BlCompile *c, BlJson *steps, BlCharge *q, const BlStep *defaults);
/* "counter/period" must fit where names are kept */
extern void bl_compile_joined_names(BlCompile *c, const BlJson *at, BlText name, const BlSchedule *s);

/* tariff_demand.c */
extern void bl_compile_demand(BlCompile *c, BlJson *node, BlJson *d, BlCharge *q);
extern void bl_compile_demand_steps(BlCompile *c, BlJson *steps, BlCharge *q);

/* tariff_export.c */
extern void bl_compile_banks(BlCompile *c, BlJson *node);
extern void bl_compile_banks_end(BlCompile *c);
extern void bl_compile_net(BlCompile *c, BlJson *node, BlCharge *q);	/* net and bank of a charge */
extern void bl_compile_use(BlCompile *c, BlJson *what, BlCharge *q);
extern void bl_compile_pay_out(BlCompile *c, BlJson *node, BlJson *what, BlCharge *q);

#endif							/* BL_TARIFF_PARSE_H */

/*
 * tariff.h - a tariff document, checked and compiled
 *
 * bl_tariff_compile() reads a JSON tree against the schema of doc/tariff.md,
 * reports every problem it finds, and makes a BlTariff: plain structures in
 * the caller's arena, all names turned into indices, all prices into small trees,
 * nothing left to look up while rating.  A tariff can neither loop nor
 * recurse: every list below has a bound, and trees are no deeper than their JSON.
 *
 * What is stored is the canonical JSON and its digest (../document.c); the
 * compiled form lives in a cache and has no byte format.
 */
#ifndef BL_TARIFF_H
#define BL_TARIFF_H

#include "charges.h"
#include "json.h"

enum
{
	BL_TARIFF_CHARGES_MAX = 200,
	BL_TARIFF_PERIODS_MAX = 32,	/* of one schedule */
	BL_TARIFF_SCHEDULES_MAX = 8,
	BL_TARIFF_SEASONS_MAX = 12,
	BL_TARIFF_COMPONENTS_MAX = 64,
	BL_TARIFF_STEPS_MAX = 64,
	BL_TARIFF_TERMS_MAX = 64,
	BL_TARIFF_PARTS_MAX = 16,
	BL_TARIFF_TAGS_MAX = 16,	/* of one charge or component */
	BL_TARIFF_LIST_MAX = 64,	/* selections, versions, windows, tests */
	BL_TARIFF_VERSIONS_MAX = 1200,
	BL_TARIFF_BANKS_MAX = 16,
	BL_PERIOD_NAMES_MAX = 200	/* in all schedules together */
};

/* ---- when ------------------------------------------------------------ */

/* One local day as far as windows care: bits of BlDayKind */
enum
{
	BL_DAYS_MON = 1,			/* ... 1 << 6 is Sunday */
	BL_DAYS_WEEKDAY = 128,
	BL_DAYS_WEEKEND = 256,
	BL_DAYS_HOLIDAY = 512
};

typedef struct BlWindow
{
	int			period;
	int			from;			/* minute of the day */
	int			to;				/* at or below from: wraps */
	unsigned	months;			/* bit m of 1 .. 12; 0: all */
	int			season;			/* -1: all */
	unsigned	days;			/* BL_DAYS_ bits; 0: all */
	BlText		event;			/* empty: none */
	const BlJson *at;
} BlWindow;

typedef struct BlSchedule
{
	BlText		name;			/* empty: the tariff's own periods */
	int			periods;		/* at least 1 */
	BlText		period[BL_TARIFF_PERIODS_MAX];	/* in line order; a single empty name: no periods */
	int			name_index[BL_TARIFF_PERIODS_MAX];	/* into the dictionary of period names, BL_NONE: unnamed */
	int			rest;			/* the period that is "else", or -1 */
	int			windows;
	BlWindow   *window;
} BlSchedule;

typedef struct BlSeason
{
	BlText		name;
	bool		day[367];		/* by day of a leap year, 1 .. 366 */
} BlSeason;

/* ---- prices ---------------------------------------------------------- */

typedef enum BlPriceKind
{
	BL_PRICE_VALUE,
	BL_PRICE_BY_PERIOD,			/* item[period of the charge's schedule] */
	BL_PRICE_BY_SEASON,			/* item[season] */
	BL_PRICE_VERSIONS,			/* item[i] from day[i] on; rising */
	BL_PRICE_COMPONENTS,		/* sum of component[i], multiplied where multiplied[i] */
	BL_PRICE_PUBLISHED,			/* market prices `name` */
	BL_PRICE_SERIES,			/* market series `name`, slot by slot: * times + plus */
	BL_PRICE_TERM,				/* term */
	BL_PRICE_BASE				/* item[0] * times + plus */
} BlPriceKind;

typedef struct BlPrice
{
	BlPriceKind kind;
	BlDec		value;
	int			n;
	struct BlPrice **item;
	int32_t    *day;
	int		   *component;
	bool	   *multiplied;
	int			multipliers;	/* as many as the schedule has periods; 0: none */
	struct BlPrice **multiplier;	/* by period; NULL: none */
	BlText		name;
	int			term;
	BlDec		times;
	BlDec		plus;
	bool		has_floor;
	bool		has_cap;
	bool		changed;		/* series: it is more than its values */
	bool		month_only;		/* published: each version holds in its own calendar month, not until the next */
	BlDec		floor;
	BlDec		cap;
	const BlJson *at;
} BlPrice;

typedef struct BlTags
{
	int			n;
	BlText		tag[BL_TARIFF_TAGS_MAX];
} BlTags;

typedef struct BlComponent
{
	BlText		name;
	BlPrice    *price;
	bool		by_period;		/* the price differs by the tariff's own periods */
	bool		constant;		/* no term has a part in it */
	BlTags		tags;
} BlComponent;

/* ---- terms and conditions -------------------------------------------- */

typedef struct BlTermRule
{
	BlText		name;
	const BlJson *fallback;		/* default; NULL: none */
	const BlJson *one_of;		/* array; NULL: anything */
} BlTermRule;

typedef enum BlSubject
{
	BL_SUBJECT_TERM,
	BL_SUBJECT_KWH,
	BL_SUBJECT_KWH_PER_DAY,
	BL_SUBJECT_DEMAND_KW
} BlSubject;

typedef struct BlTest
{
	BlSubject	subject;
	int			term;
	const BlJson *equal;		/* scalar or array of scalars; NULL: bounds */
	unsigned	bounds;			/* which of the four are set: 1 at_least, 2 above, 4 at_most, 8 below */
	BlDec		bound[4];
} BlTest;

typedef struct BlCondition
{
	int			n;
	BlTest	   *test;
} BlCondition;

/* ---- rounding -------------------------------------------------------- */

typedef struct BlRoundings
{
	BlRounding	line;
	BlRounding	group;
	BlRounding	total;
	BlRounding	quantity;
	BlRounding	price;
	BlRounding	demand;
	BlRounding	fraction;
	bool		carry;			/* hand the difference of total on */
} BlRoundings;

/* ---- charges --------------------------------------------------------- */

typedef enum BlChargeKind
{
	BL_CHARGE_ENERGY,
	BL_CHARGE_TIERS,
	BL_CHARGE_DEMAND,
	BL_CHARGE_CAPACITY,
	BL_CHARGE_FIXED,
	BL_CHARGE_PERCENT,
	BL_CHARGE_POWER_FACTOR,
	BL_CHARGE_MINIMUM,
	BL_CHARGE_MAXIMUM,
	BL_CHARGE_USE,
	BL_CHARGE_PAY_OUT
} BlChargeKind;

/* Import and export of what length are set off against each other. */
typedef enum BlNet
{
	BL_NET_NONE,
	BL_NET_SLOT,
	BL_NET_HOUR,
	BL_NET_MONTH				/* the billed span */
} BlNet;

typedef enum BlPer
{
	BL_PER_DAY,
	BL_PER_MONTH,
	BL_PER_YEAR,
	BL_PER_SEASON,
	BL_PER_PERIOD
} BlPer;

typedef enum BlMonthRule
{
	BL_MONTH_PERIOD,
	BL_MONTH_PRORATED,
	BL_MONTH_THIRTY,
	BL_MONTH_EACH
} BlMonthRule;

typedef enum BlProration
{
	BL_PRORATE_CALENDAR,
	BL_PRORATE_THIRTY,
	BL_PRORATE_PERIOD,
	BL_PRORATE_YEAR,
	BL_PRORATE_DAILY			/* the price is a day's */
} BlProration;

typedef enum BlTierSplit
{
	BL_SPLIT_PROPORTIONAL,
	BL_SPLIT_CHRONOLOGICAL,
	BL_SPLIT_COUNTERS
} BlTierSplit;

typedef enum BlOverrun
{
	BL_OVERRUN_NONE,
	BL_OVERRUN_CONTRACT_105,
	BL_OVERRUN_BAND_95_105,
	BL_OVERRUN_CONTRACT_105_LITERAL
} BlOverrun;

typedef struct BlStep
{
	bool		limited;
	BlDec		to;
	BlPrice    *price;			/* NULL: no line */
	bool		has_flat;
	BlPrice    *flat;
	bool		all;			/* once reached, its price is that of everything below */
	bool		multiplied;		/* the limit goes by a term's or a demand charge's kW or kVA */
	bool		of_energy;		/* … or by the part's own import: kvarh for each kWh */
	bool		daily;			/* the limit is a day's */
	BlDec		block;			/* kWh of a package; 0: by the kWh */
} BlStep;

typedef struct BlSteps
{
	int			n;
	BlStep	   *step;
} BlSteps;

typedef struct BlAllowance
{
	BlCondition when;
	BlDec		kwh;
	BlPer		per;
	bool		first_only;
	int			since_term;		/* of yearly tiers: it counts for the months from this day's on; -1: for twelve */
	int			until_term;		/* the first day without it; -1 */
} BlAllowance;

/* Not below a share of earlier demand. */
typedef struct BlRatchet
{
	BlDec		share;
	int			months;			/* looked back at; 0: the calendar year, later months too where the carry has them */
	unsigned	in;				/* bits of the months whose demand counts; 0: all */
	unsigned	during;			/* bits of the months in which it holds; 0: all */
	bool		mean;			/* of them, not the highest */
} BlRatchet;

/* Which earlier lines: names of charges, tags or components. */
typedef struct BlSelection
{
	bool		all;			/* no `of` given */
	int			of_count;
	BlText	   *of;
	int			except_count;
	BlText	   *except;
} BlSelection;

typedef struct BlCharge
{
	BlChargeKind kind;
	BlText		code;
	BlText		tax_class;
	BlTags		tags;
	BlCondition when;
	bool		has_from;
	bool		has_until;
	int32_t		from;
	int32_t		until;
	unsigned	months;			/* bits; 0: all */
	int			schedule;
	int			part;			/* index into BlTariff.part */
	BlChannel	channel;
	BlNet		net;
	int			bank;			/* from 1: kWh it keeps, or where its money goes; 0: none */
	int			from_bank;		/* from 1: of use and pay_out */
	int			true_up;		/* month; 0: every span, or: */
	int			true_up_term;	/* the term that says the month; -1 */
	BlRoundings rounding;
	BlPrice    *price;
	bool		series;			/* price holds a series */
	bool		by_period;		/* the price of energy differs by period: a line for each */
	bool		credit;			/* the amount changes its sign */
	bool		by_component;	/* lines by component */
	int			of_which;		/* components named by of_which */
	int		   *of_which_component;
	BlPrice   **of_which_price;
	int			rest_component; /* BL_NONE: none */
	unsigned	periods;		/* bits of the schedule's periods; 0: all */
	bool		has_first;
	BlDec		first_kwh;
	BlPer		per;			/* tiers, first, fixed, minimum */
	/* tiers */
	int			season_steps;	/* 0: steps[0] for all; else one for each season */
	int			period_steps;	/* likewise for each period of the schedule */
	BlSteps    *steps;
	bool		volume;
	bool		all;			/* some step is for everything below, too */
	bool		blocks;			/* some step sells packages */
	BlMonthRule month;
	int			limit_term;		/* what multiplied limits go by; -1: none, or: */
	int			limit_charge;	/* an earlier demand charge; -1 */
	bool		limit_energy;	/* some limit goes by the part's import */
	int			allowances;
	BlAllowance *allowance;
	bool		prorate_months;
	int			service_term;	/* index of service_from, of bounds by the year service_until; -1 */
	BlTierSplit split;
	BlText		counter;
	bool		beyond_last;
	bool		step_by_period; /* a step's price differs by period */
	/* demand */
	int			window_minutes; /* 0: the slot */
	bool		sliding;
	bool		each_period;
	bool		any_slot;		/* slots longer than the window are windows */
	bool		optional;		/* no line where the usage has nothing of it */
	int			mean_of;		/* 0 or 1: the highest */
	int			of_months;		/* 0: the highest lie on days; else in so many months, this one and before */
	bool		sum_of_days;	/* the highest of each day, added */
	int			weights;		/* periods that have one; 0: none */
	BlDec	   *weight;			/* by period */
	BlDec		own_share[13];	/* of the measured demand, by month; scale -1: all of it */
	int			contract_term;	/* -1 */
	BlOverrun	overrun;
	bool		has_floor;
	BlDec		floor_share;
	int			floor_term;		/* -1: floor_share is kW */
	int			ratchets;
	BlRatchet  *ratchet;
	int			memory;			/* months that the carry must keep; 0: none */
	int			discount_term;	/* -1 */
	BlDec		discount_at;
	BlDec		discount_times;
	/* capacity, fixed */
	int			quantity_term;	/* capacity, times; -1 */
	BlChargeUnit unit;
	BlProration proration;
	BlDec		year_days;
	/* percent, power factor, minimum, maximum */
	bool		undivided;		/* by the year: the whole for a part of one */
	BlSelection of;
	bool		included;
	bool		exact;
	int			standard;		/* table; -1: by term */
	int			standard_term;
	int			places;			/* of the factor */
	BlRoundingMode factor_mode;
	bool		ratio_form;		/* required / actual */
	BlDec		required;
	bool		has_most;
	BlDec		most;
	const BlJson *at;
} BlCharge;

typedef struct BlTableRise
{
	BlDec		to;
	BlDec		by;
} BlTableRise;

typedef struct BlPowerTable
{
	BlText		name;
	BlDec		best;
	BlDec		at;
	int			rises;
	BlTableRise rise[8];
} BlPowerTable;

/* A part of the usage: its own, or a share taken out of another. */
typedef struct BlPartRule
{
	BlText		name;
	bool		whole;			/* all parts added */
	int			of;				/* -1: the usage's own */
	BlPrice    *share;			/* value or term */
} BlPartRule;

/* What is left in one period goes to another in the bills of some months. */
typedef struct BlBankMove
{
	unsigned	months;			/* bits */
	BlText		from;
	BlText		to;				/* empty: it is lost */
} BlBankMove;

typedef struct BlBankRule
{
	BlText		name;
	bool		money;			/* else kWh */
	bool		next;			/* money is usable from the next bill on */
	int			months;			/* that a deposit lasts; 0: for ever */
	int			moves;
	BlBankMove *move;
	int			charge;			/* from 1: the first that feeds it; 0: none */
	const BlJson *at;
} BlBankRule;

typedef struct BlTariff
{
	BlText		currency;
	BlText		zone;
	bool		has_from;
	bool		has_until;
	int32_t		from;
	int32_t		until;
	BlRoundings rounding;
	int			seasons;		/* 0: none */
	BlSeason   *season;
	int			schedules;
	BlSchedule	schedule[BL_TARIFF_SCHEDULES_MAX];
	int			components;
	BlComponent *component;
	int			parts;
	BlPartRule	part[BL_TARIFF_PARTS_MAX];
	int			terms;
	BlTermRule	term[BL_TARIFF_TERMS_MAX];
	int			tables;
	BlPowerTable *table;
	int			banks;
	BlBankRule *bank;
	int			charges;
	BlCharge   *charge;
	bool		bills_set;
	bool		bills_registers;
	bool		split_days;
	bool		missing_zero;
	int			year_month;		/* tier year begins */
	int			year_day;
	bool		says_holiday;
	/* names for the charges' dictionary (charges.h), ready to copy */
	uint8_t    *dictionary;
	size_t		dictionary_size;
	const BlJson *root;
} BlTariff;

/* Called for each problem found; returning false stops the check. */
typedef bool (*BlTariffReport) (void *context, const char *path, const char *message, const char *hint);

/*
 * BL_OK, or BL_BAD_TARIFF after at least one report (BL_NO_SPACE without one).
 * The JSON tree must outlive the tariff; afterwards its decimals are marked,
 * so that bl_json_write gives the canonical text.
 */
static inline int
bl_step_lists(const BlCharge *q)
{
	return q->season_steps ? q->season_steps : q->period_steps ? q->period_steps : 1;
}

/* a minimum or maximum by the year */
static inline bool
bl_is_year_bound(const BlCharge *q)
{
	return (q->kind == BL_CHARGE_MINIMUM || q->kind == BL_CHARGE_MAXIMUM) && q->per == BL_PER_YEAR;
}

extern BlStatus bl_tariff_compile(BlJson *root, BlArena *arena, BlTariff **tariff,
								  BlTariffReport report, void *context);

#endif							/* BL_TARIFF_H */

/*
 * rate_work.h - what the files of rating share (see rate.h); not for others
 */
#ifndef BL_RATE_WORK_H
#define BL_RATE_WORK_H

#include "days.h"
#include "rate.h"
#include "tariff_parse.h"

enum
{
	BL_EXACT_SCALE = 20,		/* of amounts kept unrounded for later sums */
	BL_SUM_SCALE = 16			/* of the sums: the thirds of a decimal add up to it again */
};

typedef struct BlDay
{
	int32_t		start;			/* minute its local midnight falls on */
	int			minutes;
	int			month;
	int			season;			/* -1: none declared */
	const BlDayMap *map[BL_TARIFF_SCHEDULES_MAX];	/* NULL: schedule of one period */
} BlDay;

/* A stretch of days in which no price, season or term changes. */
typedef struct BlPiece
{
	int			first;			/* day index */
	int			end;
	int			epoch;			/* counts the changes of terms before it */
	int			season;
	int32_t		year_from;		/* first day of the tier year it lies in */
} BlPiece;

/* What is measured of one part and channel in one schedule. */
enum
{
	BL_SCHEDULE_TOTAL = -1		/* all periods together */
};

/* The slots of a span one after another, for what cannot work on sums. */
typedef struct BlSlots
{
	int			n;
	int			minutes;
	int			scale;			/* value * 10^-scale kWh */
	const int64_t *value;
	int32_t		start;
	bool		small;			/* it is known that none is negative, nor 2^(BL_SMALL_BITS + 1) or more */
} BlSlots;

typedef struct BlScan
{
	int			part;			/* of the tariff: its own, a made one, or the whole */
	BlChannel	channel;
	BlNet		net;
	int			bank;			/* from 1: of energy, into what is netted; 0: none */
	int			schedule;
	int			periods;
	int			peaks;			/* BL_PEAK_... */
	/* results of this rating */
	bool		done;
	bool		found;			/* the usage has it */
	bool		estimated;
	BlDec	   *cell;			/* [piece * periods + period], kWh */
	bool	   *spread;			/* [as cell]: a register was spread over the piece's end */
	bool		has_peak[BL_TARIFF_PERIODS_MAX];
	int64_t		peak[BL_TARIFF_PERIODS_MAX];	/* of a slot, * 10^-peak_scale kWh */
	int			peak_scale;
	int			peak_minutes;	/* 0: no profile */
	BlSlots		slots;			/* once asked for; minutes 0: not yet */
} BlScan;

typedef struct BlTermSteps
{
	int			n;				/* 0: absent */
	int32_t    *from;
	const BlJson **value;
} BlTermSteps;

/* A line in the making. */
typedef struct BlWork BlWork;
struct BlWork
{
	BlLine		line;
	BlDec		exact;			/* at BL_EXACT_SCALE where wanted */
	int64_t		num;			/* quantity * price * num / den is the amount */
	int64_t		den;
	int			epoch;			/* -1: spans several */
	int			piece;			/* first of those it covers */
	int			end;			/* and the first not covered */
	int			cell;			/* period of its scan; -1: all */
	const BlWork *kept;			/* the kept line it repeats; NULL: none */
	const uint8_t *bytes;		/* of a kept line, written once; NULL: none */
	bool		narrow;			/* its quantity and amount fit 64 bits, and there are bytes */
};

/* A line that grows from piece to piece while its price stays. */
typedef struct BlOpen
{
	int			line;			/* of the working lines; -1: none yet */
} BlOpen;

typedef struct BlCount
{
	BlText		name;
	BlDec	   *counted;		/* [piece]: energy that advanced it there */
	bool	   *set;
	BlCounterKind kind;
	bool		carried;		/* by year, season or each month: in the carry */
	bool		touched;
} BlCount;

/* The prices of a run of pieces: one for each period, or for each component and period. */
typedef struct BlPrices
{
	int			n;				/* periods told apart; 1 where the price is the same for all */
	unsigned	mask;			/* bits of the periods wanted; 0: all n */
	BlDec		price[BL_TARIFF_PERIODS_MAX];
	int			parts;			/* components, in printing order */
	int			component[BL_TARIFF_COMPONENTS_MAX + 1];
	BlDec	   *part;			/* [component * periods + period]; the rest's are the difference */
} BlPrices;

enum
{
	BL_KEPT_LINES_MAX = 512
};

/* The steps of one piece, with limits as whole numbers of 1 / (den * 10^scale) kWh. */
typedef struct BlLadder
{
	const BlSteps *steps;
	int64_t		den;
	int			scale;
	BlInt128	limit[BL_TARIFF_STEPS_MAX];	/* upper; not set where the step is open */
	BlInt128	block[BL_TARIFF_STEPS_MAX];	/* of a package; 0: by the kWh */
} BlLadder;

/*
 * The lines of a charge, kept from bill to bill where neither terms nor usage
 * have a say in them but for quantity and amount.
 */
typedef struct BlKept
{
	bool		constant;		/* they can be kept */
	bool		known;
	int			lines;
	const BlWork *line;			/* as closed, without what the usage says */
	int			places;			/* decimals that amounts are rounded to half-up; -1: in another way */
	BlLadder   *ladder;			/* of tiers: for energy of ladder_scale decimals; -1: none yet */
	int			ladder_scale;
} BlKept;

typedef struct BlReplay BlReplay;

typedef struct BlFraction
{
	int64_t		num;
	int64_t		den;			/* 0: not known yet */
} BlFraction;

/* The prices of a series over the span, as one charge takes them: they are the same for every bill. */
typedef struct BlSpanPrices
{
	int			n;				/* 0: not all of them can be had */
	int32_t		from;			/* minute of the first; later ones follow */
	int			minutes;
	int			scale;
	int64_t    *price;			/* * 10^-scale */
} BlSpanPrices;

struct BlBound
{
	const BlTariff *tariff;
	const BlMarket *market;
	const BlZone *zone;
	int32_t		from;
	int32_t		until;
	int			days;
	BlDay	   *day;			/* one more than days: where the span ends */
	int			maps;			/* different ones */
	const BlDayMap **whole;		/* [(schedule + 1) * days]: of days that lanes can add up, else NULL */
	int			cuts;			/* rising day indices, 0 and days left out */
	int		   *cut;
	bool		component_cut[BL_TARIFF_COMPONENTS_MAX];	/* while cuts are gathered */
	bool	   *money_cut;		/* [day]: a charge on money begins, ends or changes */
	bool		cuts_money;
	bool		uses_terms;
	bool		makes_parts;	/* out of others */
	bool		keeps_exact;
	int			scans;
	BlScan		scan[BL_RATE_SCANS_MAX];
	int			scan_of[BL_TARIFF_CHARGES_MAX];	/* of each charge, or -1 */
	BlScan		total[3];		/* of the whole: import, reactive import, reactive export */
	BlKernels	kernels;		/* for the slots of the last profile */
	bool		counts_years;	/* some tiers or bounds go by the year */
	BlFraction *span_months;	/* of each charge: the months of the whole span, once known */
	BlSpanPrices *span_prices;	/* of each charge at a series; NULL: no charge is */
	/* scratch of a rating */
	BlPrices   *prices;
	BlPiece    *piece;
	int			pieces;			/* 0: not cut yet */
	int			epochs;
	BlKept	   *kept;			/* of each charge */
	BlWork	   *kept_work;
	uint8_t    *kept_bytes;		/* BL_LINE_SIZE_MAX for each */
	int			kept_works;
	BlReplay   *replay;
	BlDec	   *cells;
	BlWork	   *work;
};

/* One rating under way. */
typedef struct BlRate
{
	BlBound    *b;
	const BlTariff *t;
	const BlUsage *usage;
	const BlCarry *opening;
	BlArena    *arena;
	BlProblem  *problem;
	int			pieces;
	BlPiece    *piece;
	int			epochs;
	BlTermSteps *term;			/* of each of the tariff's terms; NULL: the tariff has none */
	int			works;
	BlWork	   *work;
	int			counts;
	BlCount    *count;
	BlDec	   *billed;			/* [charge * pieces + piece]: kW of demand charges, where limits go by them; -1: none */
	BlCarry		closing;
	BlDec	   *deposit;		/* of each bank: what this bill has put in */
	int			years;			/* counts of bounds by the year that go on */
	BlBank	   *year;
} BlRate;

#define BL_TRY(call) \
	do \
	{ \
		BlStatus	status_ = (call); \
\
		if (status_ != BL_OK) \
			return status_; \
	} while (0)

/* bind.c */
extern const BlDayMap bl_whole_day;
extern int32_t bl_year_start(const BlTariff *t, int32_t day);	/* first day of its tier year */

/* measure.c */
extern BlStatus bl_measure(BlRate *r, BlScan *scan);
/* opens the profile of a part and sums it; the cells and has_peak are zero */
extern BlStatus bl_measure_profile(BlRate *r, const BlScan *scan, const BlUsagePart *part, BlProfile *p, BlSums *sums);
/* kWh (kvarh) of the whole over the span; *found false: no part has the channel */
extern BlStatus bl_measure_total(BlRate *r, int which, BlDec *sum, bool *found);
/* the same of the part that a charge on the power factor looks at */
extern BlStatus bl_measure_total_of(BlRate *r, const BlCharge *q, int which, BlDec *sum, bool *found);
extern bool bl_has_registers(const BlUsagePart *part, BlChannel channel);
extern BlStatus bl_slots_of(BlRate *r, BlScan *scan, BlSlots *slots);
extern BlStatus bl_billed_slots(BlRate *r, BlScan *scan, BlSlots *slots);

/* Of small slots, as many as a day has minutes are together below 2^62. */
enum
{
	BL_SMALL_BITS = 50
};
#define BL_SMALL_LIFT ((uint64_t) 1 << BL_SMALL_BITS)

/* are the slots [from, until) small? */
static inline bool
bl_slots_small(const BlSlots *slots, int from, int until)
{
	uint64_t	seen = 0;

	/* lifted by 2^50 none has a bit above that one */
	for (int i = from; i < until && !slots->small; i++)
		seen |= (uint64_t) slots->value[i] + BL_SMALL_LIFT;
	return seen >> (BL_SMALL_BITS + 1) == 0;
}

extern int	bl_slot_period(const BlRate *r, int schedule, int32_t minute, int slot_minutes);	/* -1: straddles */
/*
 * The first slot after i that may have another period than it; *day, 0 at first, is where the
 * search goes on, with rising i.
 */
extern int	bl_period_run(const BlRate *r, int schedule, const BlSlots *slots, int i, int *day, int *period);
/* a register spread over a cut that separates lines is only allowed where the tariff says so */
extern BlStatus bl_check_spread(BlRate *r, const BlCharge *q, const BlScan *s, int end_piece, int period);
extern BlStatus bl_check_line_spread(BlRate *r, const BlCharge *q, const BlScan *s, const BlWork *w);

/* rate_terms.c */
extern bool bl_price_constant(const BlTariff *t, const BlPrice *p);	/* depends on no term */
extern BlStatus bl_open_terms(BlRate *r, BlJson *terms);
extern bool bl_same_scalar(const BlJson *a, const BlJson *b);
extern const BlJson *bl_term_value(BlRate *r, int term, int piece);	/* NULL: absent, no default */
extern BlStatus bl_term_decimal(BlRate *r, int term, int piece, BlDec *value);
extern BlStatus bl_term_quantity(BlRate *r, int term, int piece, BlDec *value);	/* not below zero */
/* *built: the price was summed, multiplied or derived, so that the rounding of prices applies */
extern BlStatus bl_price_at(BlRate *r, const BlPrice *p, int piece, int period, BlDec *price, bool *built);
/* the item that holds, of a price by period, season or versions */
extern BlStatus bl_price_chosen(BlRate *r, const BlPrice *p, int piece, int period, const BlPrice **item);
extern BlStatus bl_price_rounded(BlRate *r, const BlCharge *q, const BlPrice *p, int piece, int period, BlDec *price);
extern BlStatus bl_condition_holds(BlRate *r, const BlCondition *condition, int piece, bool *holds);
extern BlStatus bl_charge_holds(BlRate *r, const BlCharge *q, int piece, bool *holds);

/* rate.c: lines */
extern BlWork *bl_emit(BlRate *r, const BlCharge *q);	/* NULL: too many lines */
extern BlStatus bl_too_many_lines(BlRate *r);
extern void bl_set_span(BlRate *r, BlWork *w, int first_piece, int end_piece);
/* a group is rounded when all its lines are there: NULL */
static inline const BlRounding *
bl_line_rounding(const BlCharge *q)
{
	return q->rounding.line.set && !q->rounding.group.set ? &q->rounding.line : NULL;
}

/*
 * Energy of the pieces [piece, end) into the line that is open, or a new one
 * where the price or a gap says so.
 */
extern BlStatus bl_extend_line(BlRate *r, const BlCharge *q, const BlScan *s, BlOpen *open, int piece, int end,
							   int period, int component, int tier, BlDec price, BlDec energy);
/* the line grows no more: its amount and span */
extern BlStatus bl_close_line(BlRate *r, const BlCharge *q, const BlScan *s, BlWork *w);
/* quantity * price * num / den, rounded as the charge says */
extern BlStatus bl_amount(BlRate *r, const BlCharge *q, BlWork *w, BlDec quantity, BlDec price, int64_t num, int64_t den);

/*
 * A sum of amounts at BL_EXACT_SCALE: BL_CHARGES_LINES_MAX of them are together less than half of
 * 10^-16 beside the exact sum, so that one that is a decimal of 16 places is met.
 */
static inline BlStatus
bl_settle_sum(BlDec *sum)
{
	BlRounding	settled = bl_round_places(BL_SUM_SCALE, BL_HALF_UP);

	return sum->scale > BL_SUM_SCALE ? bl_dec_round(*sum, &settled, sum) : BL_OK;
}

/* what a line with its price and factor makes of a quantity: the amount, rounded as the charge says */
static inline BlStatus
bl_reckon(BlRate *r, const BlCharge *q, BlWork *w, BlDec quantity)
{
	w->line.quantity = quantity;
	if (r->b->keeps_exact)
	{
		BlRounding	fine = bl_round_places(BL_EXACT_SCALE, BL_HALF_UP);

		BL_TRY(bl_dec_mul_ratio_any(quantity, w->line.price, w->num, w->den, &fine, &w->exact));
	}
	return bl_dec_mul_ratio(quantity, w->line.price, w->num, w->den, bl_line_rounding(q), &w->line.amount);
}

/* keeps the lines that a charge has made, from line `first` on, if they can be kept */
extern void bl_keep_lines(BlRate *r, const BlCharge *q, int first);

/* the lines of a charge as kept; NULL: they are not */
static inline const BlKept *
bl_kept_lines(const BlRate *r, const BlCharge *q)
{
	const BlKept *kept = &r->b->kept[q - r->t->charge];

	return kept->known && r->piece == r->b->piece ? kept : NULL;
}

/* one of them into the bill; NULL: too many lines */
static inline BlWork *
bl_repeat_line(BlRate *r, const BlKept *kept, int i)
{
	BlWork	   *w = &r->work[r->works];

	if (r->works == BL_CHARGES_LINES_MAX)
		return NULL;
	r->works++;
	*w = kept->line[i];
	return w;
}

/* the same with its energy and amount */
static inline BlStatus
bl_repeat_energy(BlRate *r, const BlCharge *q, const BlScan *s, const BlKept *kept, int i, BlDec energy)
{
	BlWork	   *w = &r->work[r->works];

	if (r->works == BL_CHARGES_LINES_MAX)
		return bl_too_many_lines(r);
	r->works++;
	/* mostly the last bill had it in the same place */
	if (r->works <= BL_KEPT_LINES_MAX && w->kept == &kept->line[i])
		w->line.flags = kept->line[i].line.flags;
	else
		*w = kept->line[i];
	if (r->pieces > 1)
		BL_TRY(bl_check_line_spread(r, q, s, w));
	if (s->estimated)
		w->line.flags |= BL_LINE_ESTIMATED;
	w->line.quantity = energy;
	w->narrow = kept->places >= 0 && bl_dec_mul_narrow(energy, w->line.price, kept->places, &w->line.amount);
	return w->narrow ? BL_OK : bl_reckon(r, q, w, energy);
}

/* replay.c */
extern BlStatus bl_bind_replay(BlBound *b, BlArena *arena);
/* the bill as the last one with this usage's figures; false: it has to be rated in full */
extern bool bl_replay(BlRate *r, BlRated *rated);
/* the bytes of a bill rated in full, from which the next may be made */
extern void bl_note_replay(const BlBound *b, const BlRated *rated, const uint8_t *bytes, size_t size);

/* rate_energy.c */
extern BlStatus bl_rate_energy(BlRate *r, const BlCharge *q);
extern BlStatus bl_rate_series(BlRate *r, const BlCharge *q);
extern BlStatus bl_bind_series(BlBound *b, BlArena *arena);

/* rate_time.c */
extern BlStatus bl_rate_time(BlRate *r, const BlCharge *q);
/* adds n / d to a fraction, kept small */
extern void bl_add_fraction(int64_t *num, int64_t *den, int64_t n, int64_t d);
extern BlStatus bl_months(BlRate *r, const BlCharge *q, int first, int end, int64_t *num, int64_t *den);
/* the same in two: as they are, to be added up first; then rounded as the charge says */
extern void bl_exact_months(BlRate *r, const BlCharge *q, int first, int end, int64_t *num, int64_t *den);
extern BlStatus bl_round_months(const BlCharge *q, int64_t *num, int64_t *den);
/* the share of the year [year, end) that lies in [from, until) */
extern void bl_year_share(const BlCharge *q, int32_t year, int32_t end, int32_t from, int32_t until, int64_t *num, int64_t *den);

/* rate_demand.c */
extern BlStatus bl_rate_demand(BlRate *r, const BlCharge *q);
extern BlStatus bl_open_billed(BlRate *r);	/* room for the kW that limits go by */

/* rate_peak.c */
/* the demand of a charge as measured, of one period (-1: of the charge's periods together) */
extern BlStatus bl_demand_kw(BlRate *r, const BlCharge *q, int period, bool *found, BlDec *kw);
extern bool bl_has_profile(const BlRate *r, const BlScan *s);
extern BlStatus bl_recorded(BlRate *r, int part, BlText period, bool apparent, bool *found, BlDec *kw);
extern BlStatus bl_measured_kw(BlRate *r, const BlCharge *q, unsigned periods, bool *found, BlDec *kw);

/* rate_tiers.c */
extern BlStatus bl_rate_tiers_prepare(BlRate *r);
extern BlStatus bl_rate_tiers(BlRate *r, const BlCharge *q);
extern BlText bl_joined_name(BlArena *arena, BlText name, BlText period);
extern BlStatus bl_rate_first(BlRate *r, const BlCharge *q);

/* rate_money.c */
/* the money of the selected lines whose piece lies in [first, end) */
extern BlStatus bl_base_of(const BlRate *r, const BlSelection *s, bool exact, int first, int end, BlDec *base);
/* the span's power factor; *none: no energy, no adjustment */
extern BlStatus bl_measure_factor(BlRate *r, const BlCharge *q, BlDec *factor, bool *none);
extern BlStatus bl_rate_percent(BlRate *r, const BlCharge *q);
extern BlStatus bl_rate_power_factor(BlRate *r, const BlCharge *q);
extern BlStatus bl_rate_bound(BlRate *r, const BlCharge *q);
/* what lacks of a bound, or is beyond it, into a line */
extern BlStatus bl_bound_amount(BlRate *r, const BlCharge *q, BlWork *w, BlDec bound, BlDec base);
extern BlStatus bl_share(BlArena *arena, BlDec *values, int n, const BlRounding *rounding);
extern BlStatus bl_round_group(BlRate *r, const BlCharge *q, int first);
extern BlStatus bl_round_total(BlRate *r, BlDec *total);

/* rate_year.c */
extern BlStatus bl_rate_year_bound(BlRate *r, const BlCharge *q);
extern BlStatus bl_close_years(BlRate *r);

/* rate_export.c */
extern BlStatus bl_measure_net(BlRate *r, BlScan *s);
extern BlStatus bl_takes_part(BlRate *r, const BlCharge *q, bool *takes_part);
extern BlStatus bl_open_banks(BlRate *r);
extern void bl_close_banks(BlRate *r);
/* the money of a charge's lines, from first on, goes into its bank */
extern BlStatus bl_deposit_lines(BlRate *r, const BlCharge *q, int first);
extern BlStatus bl_rate_use(BlRate *r, const BlCharge *q);
extern BlStatus bl_rate_pay_out(BlRate *r, const BlCharge *q);

/* an overflow names the charge it happened in */
extern BlStatus bl_rate_problem(BlRate *r, BlStatus status, const BlCharge *q);

#endif							/* BL_RATE_WORK_H */

/*
 * county.h - a county as a function of its options: account by number, each
 * made from the seed alone, so that nothing is kept and any size fits
 *
 * Accounts stand in the order of the grid: those of an organisation, of a
 * feeder, of a transformer area follow each other.
 */
#ifndef LOADGEN_COUNTY_H
#define LOADGEN_COUNTY_H

#include <stdbool.h>
#include <stdint.h>

#include "chance.h"

typedef struct Options
{
	uint64_t	seed;
	int64_t		accounts;
	int64_t		from_day;		/* first of a month */
	int			months;
	int			faults;			/* permille of the meter months that have one */
	int			meters_per_file;
	int			nem12;			/* one organisation in so many sends NEM12; 0: none */
	bool		intervals;
	const char *folder;
} Options;

typedef struct County
{
	Options		options;
	int			orgs;			/* supply stations below the company */
	const char *single_part;	/* the tariffs of shops and works */
	const char *two_part;
} County;

typedef enum Kind
{
	HOME,						/* tiers by the year */
	HOME_TOU,					/* tiers, day and night */
	HOME_CAR,					/* with an electric car */
	HOME_PV,					/* sells what its panels leave over */
	HOME_READ,					/* read once a month */
	SHOP,
	SHOP_READ,					/* read once a month, over current transformers */
	FARM,						/* irrigation */
	WORKS,						/* two shifts, supplied at 10 kV */
	STREET,						/* street lights */
	UNMETERED,					/* cabinets that draw what was agreed */
	KINDS
} Kind;

typedef struct KindInfo
{
	const char *code;
	int			share;			/* permille of the accounts */
	bool		intervals;		/* its meter is read every quarter of an hour */
	bool		reactive;
	int			phases;
} KindInfo;

extern const KindInfo kinds[KINDS];

/* What is wrong with an account's master data, which a bill run must find. */
typedef enum Mistake
{
	NO_MISTAKE,
	NO_PLAN,					/* nobody gave it a price plan */
	NO_CAPACITY,				/* billed by capacity, which is not said */
	WRONG_VOLTAGE				/* one that the tariff does not know */
} Mistake;

enum
{
	AREA_ACCOUNTS = 120,		/* of a public transformer */
	FEEDER_AREAS = 8,
	STATION_FEEDERS = 6,
	ORG_ACCOUNTS = 1200,
	FEATURED = 101				/* the account that the demonstration prints whole */
};

typedef struct Account
{
	int64_t		number;			/* from 1 on */
	Kind		kind;
	Mistake		mistake;
	int			org;			/* from 1 on */
	int			area;			/* within the org, from 1 on */
	int			feeder;			/* within the org, from 1 on */
	int			station;		/* within the org, from 1 on */
	bool		dedicated;		/* hangs on the feeder, with a transformer of its own */
	int			kwh;			/* a usual month's energy */
	int			kw;				/* what its motors and lamps draw */
	int			capacity_kva;
	int			ct;				/* ratio of the current transformers, 1 without */
	int			pt;
	int			panel_watts;
	int			agreed_watts;	/* of what has no meter, day and night */
	int			power_factor;	/* permille; 0 where nobody measures it */
	int			shifts;
	int			moved;			/* rises so many slots later than others */
	int			opened_month;	/* so many months before the first */
	const char *plan;
	const char *voltage;		/* as the tariffs call it */
	char		terms[128];		/* JSON */
} Account;

extern County county_of(const Options *options);
extern int64_t county_first_account(const County *county, int org);
extern Account county_account(const County *county, int64_t number);
extern int64_t county_areas(const County *county, int org);

/* names that are put together by chance; any likeness is one by chance too */
enum
{
	NAME_SIZE = 128
};

extern void name_person(char *name, Chance *chance);
extern void name_firm(char *name, Kind kind, int64_t number, Chance *chance);
extern void name_address(char *name, const Account *account, Chance *chance);
extern const char *name_town(int org);
/* numbers of the form and check digit that papers have, of a division that does not exist (999999); no two alike */
extern void name_resident_number(char *name, const County *county, int64_t number);
extern void name_credit_code(char *name, const County *county, int64_t number);
/* mobile numbers begin with 13 to 19: these with 10, which nobody has */
extern void name_mobile(char *name, const County *county, int64_t number);

/* what chances are for: streams of their own */
enum
{
	FOR_ACCOUNT = 1, FOR_NAME, FOR_SERIES, FOR_FAULT, FOR_METER, FOR_PAYMENT, FOR_WEATHER, FOR_STAFF, FOR_GRID
};

#endif

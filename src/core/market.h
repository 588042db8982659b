/*
 * market.h - dated facts that many tariffs share: calendar, events, prices, series, zones
 *
 * As JSON, every member optional:
 *	{"calendar": {"holidays": ["2026-10-01", …], "workdays": ["2026-10-10", …]},
 *	 "events": {"critical": [{"from": "2026-07-01T14:00+08:00", "until": "2026-07-01T18:00+08:00"},
 *							 {"from": "2026-07-05", "until": "2026-07-06"}]},
 *	 "prices": {"purchase": [{"from": "2026-01-01", "price": "0.38447"}, …]},
 *	 "series": {"spot": {"from": "2026-01-01T00:00Z", "slot_minutes": 60, "values": ["0.12", null, …]}},
 *	 "zones": {"Asia/Shanghai": [{"offset": 480}, {"from": "…Z", "offset": 540}]}}
 * A workday is a weekend day worked in exchange (调休).  A price holds from its date until
 * the next; dates without a time are local days of the tariff's zone.  A zone
 * here goes before the server's own data.
 */
#ifndef BL_MARKET_H
#define BL_MARKET_H

#include "json.h"
#include "usage.h"

enum
{
	BL_MARKET_DAYS_MAX = 20000,
	BL_MARKET_NAMES_MAX = 256,
	BL_MARKET_EVENTS_MAX = 20000,	/* of one name */
	BL_MARKET_VALUES_MAX = 2000000	/* of one series */
};

typedef struct BlEvent
{
	bool		days;			/* from and until are local days, else minutes */
	int32_t		from;
	int32_t		until;
} BlEvent;

typedef struct BlEvents
{
	BlText		name;
	int			n;
	int			whole_days;		/* how many of them are days; these come first */
	BlEvent    *event;			/* in order of time, none meets the next */
} BlEvents;

typedef struct BlPublished
{
	BlText		name;
	int			n;
	int32_t    *day;			/* rising */
	BlDec	   *price;
} BlPublished;

typedef struct BlPriceSeries
{
	BlText		name;
	int32_t		from;			/* minute */
	int			slot_minutes;
	int			n;
	BlDec	   *value;			/* scale -1: no value */
} BlPriceSeries;

typedef struct BlMarketZone
{
	BlText		name;
	BlZone		zone;
} BlMarketZone;

typedef struct BlMarket
{
	bool		has_calendar;
	int			holidays;
	int32_t    *holiday;		/* rising */
	int			workdays;
	int32_t    *workday;
	int			event_names;
	BlEvents   *events;
	int			price_names;
	BlPublished *prices;
	int			series_names;
	BlPriceSeries *series;
	int			zones;
	BlMarketZone *zone;
} BlMarket;

extern BlStatus bl_market_compile(BlJson *root, BlArena *arena, BlMarket **market, BlProblem *problem);

/* is the day in a rising list? */
extern bool bl_day_listed(const int32_t *days, int n, int32_t day);
/* NULL when there is none of that name */
extern const BlEvents *bl_market_events(const BlMarket *market, BlText name);
extern const BlPublished *bl_market_prices(const BlMarket *market, BlText name);
extern const BlPriceSeries *bl_market_series(const BlMarket *market, BlText name);
extern const BlZone *bl_market_zone(const BlMarket *market, BlText name);

#endif							/* BL_MARKET_H */

/*
 * county.c - who is supplied, what for, and from where
 *
 * Shares of kinds, sizes and habits are made up; only the tariffs are published
 * ones (contrib/tariffs).
 */
#include "county.h"

#include <stdio.h>

#include "calendar.h"

const KindInfo kinds[KINDS] = {
	[HOME] = {"home", 385, true, false, 1},
	[HOME_TOU] = {"home_tou", 275, true, false, 1},
	[HOME_CAR] = {"home_car", 30, true, false, 1},
	[HOME_PV] = {"home_pv", 40, true, false, 3},
	[HOME_READ] = {"home_read", 70, false, false, 1},
	[SHOP] = {"shop", 95, true, false, 3},
	[SHOP_READ] = {"shop_read", 25, false, false, 3},
	[FARM] = {"farm", 45, true, false, 3},
	[WORKS] = {"works", 25, true, true, 3},
	[STREET] = {"street", 5, true, false, 3},
	[UNMETERED] = {"unmetered", 5, false, false, 1},
};

County
county_of(const Options *options)
{
	County		county = {.options = *options};
	int64_t		orgs = options->accounts / ORG_ACCOUNTS;
	bool		january = options->months == 1 && options->from_day == calendar_number(2026, 1, 1);

	/* the tariff as printed for that month; for others the one that asks for each month's prices */
	county.single_part = january ? "cn-hubei-2026-01-single-part" : "cn-hubei-single-part";
	county.two_part = january ? "cn-hubei-2026-01-two-part" : "cn-hubei-two-part";
	county.orgs = (int) (orgs < 2 ? 2 : orgs > 400 ? 400 : orgs);
	return county;
}

/* of the org after the last: the number after the last account */
int64_t
county_first_account(const County *county, int org)
{
	return 1 + county->options.accounts * (org - 1) / county->orgs;
}

int64_t
county_areas(const County *county, int org)
{
	int64_t		accounts = county_first_account(county, org + 1) - county_first_account(county, org);

	return (accounts + AREA_ACCOUNTS - 1) / AREA_ACCOUNTS;
}

/* a few are much larger than most: quantiles of a log-normal distribution with median 1024 and sigma 0.5 */
static int
spread(Chance *chance, int median)
{
	static const int quantile[32] = {
		354, 433, 486, 530, 569, 604, 638, 670, 702, 733, 764, 795, 827, 860, 893, 928, 965, 1004, 1046, 1092,
		1141, 1195, 1255, 1323, 1400, 1491, 1601, 1741, 1875, 2075, 2425, 3160};
	int			at = chance_below(chance, 32);

	return (int) ((int64_t) median * quantile[at] / 1024 * chance_around(chance, 60) / 1024);
}

static Kind
kind_of(Chance *chance)
{
	int			draw = chance_below(chance, 1000);
	int			kind = 0;

	while (draw >= kinds[kind].share)
		draw -= kinds[kind++].share;
	return (Kind) kind;
}

static void
fill_home(Account *account, Chance *chance)
{
	account->kwh = spread(chance, account->kind == HOME_READ ? 180 : 215);
	if (chance_permille(chance, 15))
		account->kwh *= 6;
	account->kw = account->kwh / 25 + 3;
	account->plan = account->kind == HOME || account->kind == HOME_READ ? "cn-zhejiang-residential" : "cn-zhejiang-residential-tou";
	if (account->kind == HOME_PV)
	{
		account->panel_watts = chance_between(chance, 3000, 9000);
		snprintf(account->terms, sizeof(account->terms), "{\"pv\": true}");
	}
	else if (account->kind == HOME && chance_permille(chance, 30))
		snprintf(account->terms, sizeof(account->terms), "{\"low_income\": true}");
}

static void
fill_shop(const County *county, Account *account, Chance *chance)
{
	static const int ratios[] = {15, 20, 30, 40, 60};

	account->kwh = spread(chance, account->kind == SHOP_READ ? 3200 : 1200);
	account->kw = account->kwh / 160 + 3;
	account->plan = county->single_part;
	if (account->kind == SHOP_READ)
		account->ct = ratios[chance_below(chance, 5)];
	snprintf(account->terms, sizeof(account->terms), "{\"voltage\": \"%s\"%s}", account->voltage,
			 account->kwh < 1000 ? ", \"tou\": false" : "");
}

static void
fill_works(const County *county, Account *account, Chance *chance)
{
	static const char *const bases[] = {"capacity", "demand", "demand", "contract"};
	const char *basis = bases[chance_below(chance, 4)];
	int			used = chance_between(chance, 450, 850);

	account->capacity_kva = account->number == FEATURED ? 2000 : 50 * chance_between(chance, 7, 60);
	account->kw = account->number == FEATURED ? 1600 : account->capacity_kva * used / 1000;
	account->shifts = account->number == FEATURED || chance_permille(chance, 600) ? 2 : chance_between(chance, 1, 3);
	account->kwh = account->kw * account->shifts * 8 * 20;
	account->power_factor = account->number == FEATURED ? 872 : chance_between(chance, 840, 970);
	account->plan = county->two_part;
	account->voltage = "1-10 kV";
	account->dedicated = true;
	account->pt = 100;
	/* 5 A on the secondary side */
	account->ct = account->capacity_kva / 70 + 2;
	if (account->number == FEATURED)
		basis = "demand";
	if (account->mistake == NO_CAPACITY)
		snprintf(account->terms, sizeof(account->terms),
				 "{\"voltage\": \"%s\", \"basic_charge\": \"capacity\", \"pf_standard\": \"0.90\"}", account->voltage);
	else if (basis[2] == 'n')
		snprintf(account->terms, sizeof(account->terms),
				 "{\"voltage\": \"%s\", \"basic_charge\": \"contract\", \"capacity_kva\": %d, \"contract_kw\": %d, \"pf_standard\": \"0.90\"}",
				 account->voltage, account->capacity_kva, account->kw + account->kw / 50 * chance_between(chance, -4, 6));
	else
		snprintf(account->terms, sizeof(account->terms),
				 "{\"voltage\": \"%s\", \"basic_charge\": \"%s\", \"capacity_kva\": %d, \"pf_standard\": \"0.90\"}",
				 account->voltage, basis, account->capacity_kva);
}

static void
fill_place(const County *county, Account *account)
{
	int64_t		within;

	account->org = (int) ((account->number - 1) * county->orgs / county->options.accounts) + 1;
	while (account->org > 1 && county_first_account(county, account->org) > account->number)
		account->org--;
	while (county_first_account(county, account->org + 1) <= account->number)
		account->org++;
	within = account->number - county_first_account(county, account->org);
	account->area = (int) (within / AREA_ACCOUNTS) + 1;
	account->feeder = (account->area - 1) / FEEDER_AREAS + 1;
	account->station = (account->feeder - 1) / STATION_FEEDERS + 1;
}

/* those that the demonstration shows stand at fixed places */
static void
fill_fixed(Account *account)
{
	switch (account->number)
	{
		case FEATURED:
			account->kind = WORKS;
			break;
		case 211:
			account->kind = WORKS;
			account->mistake = NO_CAPACITY;
			break;
		case 307:
			account->kind = SHOP;
			account->mistake = WRONG_VOLTAGE;
			break;
		case 401:
			account->kind = HOME;
			account->mistake = NO_PLAN;
			break;
	}
}

Account
county_account(const County *county, int64_t number)
{
	Chance		chance = chance_of(county->options.seed, FOR_ACCOUNT, (uint64_t) number);
	Account		account = {.number = number, .ct = 1, .pt = 1, .voltage = "below 1 kV", .terms = "{}"};

	fill_place(county, &account);
	account.kind = kind_of(&chance);
	if (county->options.faults > 0 && chance_permille(&chance, 1))
		account.mistake = NO_PLAN;
	if (number == FEATURED || county->options.faults > 0)
		fill_fixed(&account);
	if (account.kind == UNMETERED)
		account.mistake = NO_MISTAKE;
	account.moved = chance_below(&chance, 9);
	account.opened_month = chance_below(&chance, 240) + 1;
	if (account.mistake == WRONG_VOLTAGE)
		account.voltage = "6 kV";
	switch (account.kind)
	{
		case SHOP:
		case SHOP_READ:
			fill_shop(county, &account, &chance);
			break;
		case WORKS:
			fill_works(county, &account, &chance);
			break;
		case FARM:
			account.kw = spread(&chance, 11);
			account.kwh = account.kw * 100;
			account.plan = "demo-farm";
			break;
		case STREET:
			account.kw = chance_between(&chance, 2, 25);
			account.kwh = account.kw * 330;
			account.plan = county->single_part;
			snprintf(account.terms, sizeof(account.terms), "{\"voltage\": \"below 1 kV\", \"tou\": false}");
			break;
		case UNMETERED:
			account.agreed_watts = 10 * chance_between(&chance, 12, 90);
			account.plan = county->single_part;
			snprintf(account.terms, sizeof(account.terms), "{\"voltage\": \"below 1 kV\", \"tou\": false}");
			break;
		default:
			fill_home(&account, &chance);
			break;
	}
	if (account.mistake == NO_PLAN)
		account.plan = NULL;
	return account;
}

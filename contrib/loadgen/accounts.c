/*
 * accounts.c - the files with a row an account: customers, accounts, price
 * plans, contracts, service points, meters, installations
 *
 * A customer has the number of the account, except that some firms have several.
 */
#include "tables.h"

#include <stdio.h>

#include "calendar.h"

typedef struct Files
{
	Out			customers;
	Out			accounts;
	Out			plans;
	Out			contracts;
	Out			points;
	Out			meters;
	Out			installs;
} Files;

static void
cells(Out *out, int count, const char *const *values)
{
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			out_char(out, ',');
		out_cell(out, values[i]);
	}
}

#define CELLS(out, ...) cells(out, (int) (sizeof((const char *[]) {__VA_ARGS__}) / sizeof(char *)), (const char *[]) {__VA_ARGS__})

static void
write_customer(const County *county, const Account *account, Files *files, char *address)
{
	Chance		chance = chance_of(county->options.seed, FOR_NAME, (uint64_t) account->number);
	bool		person = account->kind <= HOME_READ;
	char		number[NUMBER_SIZE];
	char		org[NUMBER_SIZE];
	char		name[NAME_SIZE];
	char		paper[NAME_SIZE];
	char		mobile[NAME_SIZE];

	number_account(number, account);
	number_org(org, account->org);
	if (person)
	{
		name_person(name, &chance);
		name_resident_number(paper, county, account->number);
	}
	else
	{
		name_firm(name, account->kind, account->number, &chance);
		name_credit_code(paper, county, account->number);
	}
	name_mobile(mobile, county, account->number);
	name_address(address, account, &chance);
	CELLS(&files->customers, number, org, name, person ? "person" : "firm", person ? "resident" : "credit_code", paper, mobile);
	out_line(&files->customers);
}

/* works and farms have a contract in writing, of two years, which is renewed */
static void
write_contract(const County *county, const Account *account, const char *number, Files *files)
{
	Out		   *out = &files->contracts;
	Chance		chance = chance_of(county->options.seed, FOR_NAME + 1000, (uint64_t) account->number);
	int64_t		signed_on = county->options.from_day - chance_between(&chance, 3, 300);

	out_text(out, "GYHT-");
	CELLS(out, number, number, account->plan);
	out_char(out, ',');
	out_day(out, county->options.from_day);
	out_char(out, ',');
	out_day(out, calendar_month(county->options.from_day, 24));
	out_text(out, ",24,0.001,");
	out_cell(out, account->terms);
	out_char(out, ',');
	out_day(out, signed_on);
	out_char(out, ',');
	for (int i = 0; i < 4; i++)
	{
		char		digits[NUMBER_SIZE];

		snprintf(digits, sizeof(digits), "%016llx", (unsigned long long) chance_next(&chance));
		out_text(out, digits);
	}
	out_line(out);
}

static void
write_equipment(const County *county, const Account *account, const char *number, Files *files)
{
	bool		high = account->pt > 1;
	int64_t		made = calendar_month(county->options.from_day, -account->opened_month % 60 - 1);
	char		org[NUMBER_SIZE];
	char		point[NUMBER_SIZE];
	char		meter[NUMBER_SIZE];
	char		area[NUMBER_SIZE] = "";
	char		feeder[NUMBER_SIZE] = "";

	number_org(org, account->org);
	number_point(point, account);
	number_meter(meter, account);
	if (account->dedicated)
		snprintf(feeder, sizeof(feeder), "L%03d%03d", account->org, account->feeder);
	else
		snprintf(area, sizeof(area), "T%03d%04d", account->org, account->area);
	CELLS(&files->points, number, "main", point, area, feeder, high ? "10000" : kinds[account->kind].phases == 3 ? "380" : "220",
		  high ? "high" : "low");
	out_line(&files->points);
	if (account->kind == UNMETERED)
		return;

	CELLS(&files->meters, meter, org, meter_type(account));
	out_char(&files->meters, ',');
	out_day(&files->meters, made);
	out_char(&files->meters, ',');
	out_day(&files->meters, made + 20);
	out_line(&files->meters);

	CELLS(&files->installs, number, "main", meter);
	out_char(&files->installs, ',');
	out_day(&files->installs, county->options.from_day);
	out_char(&files->installs, ',');
	out_number(&files->installs, account->ct > 1 ? account->ct * 5 : 1);
	out_text(&files->installs, account->ct > 1 ? ",5," : ",1,");
	out_text(&files->installs, high ? "10000,100" : "1,1");
	out_line(&files->installs);
}

void
write_accounts(const County *county)
{
	const char *folder = county->options.folder;
	Files		files;

	out_open(&files.customers, folder, "customers.csv");
	out_open(&files.accounts, folder, "accounts.csv");
	out_open(&files.plans, folder, "account_plans.csv");
	out_open(&files.contracts, folder, "contracts.csv");
	out_open(&files.points, folder, "points.csv");
	out_open(&files.meters, folder, "meters.csv");
	out_open(&files.installs, folder, "installs.csv");
	out_text(&files.customers, "customer_no,org_no,name,kind,paper_kind,paper_no,mobile\n");
	out_text(&files.accounts, "account_no,org_no,customer_no,address,opened_on,supplied_since,class,usage_from\n");
	out_text(&files.plans, "account_no,plan_code,from_on,terms\n");
	out_text(&files.contracts, "contract_no,account_no,plan_code,from_on,until_on,renewal_months,late_fee_rate,terms,signed_on,signature_digest\n");
	out_text(&files.points, "account_no,part,point_code,area_no,feeder_no,voltage_v,metered_at\n");
	out_text(&files.meters, "meter_no,org_no,type_code,made_on,verified_on\n");
	out_text(&files.installs, "account_no,part,meter_no,from_on,ct_primary,ct_secondary,pt_primary,pt_secondary\n");

	for (int64_t i = 1; i <= county->options.accounts; i++)
	{
		Account		account = county_account(county, i);
		char		number[NUMBER_SIZE];
		char		org[NUMBER_SIZE];
		char		address[NAME_SIZE];

		number_account(number, &account);
		number_org(org, account.org);
		write_customer(county, &account, &files, address);

		CELLS(&files.accounts, number, org, number, address);
		out_char(&files.accounts, ',');
		out_day(&files.accounts, county->options.from_day);
		out_char(&files.accounts, ',');
		out_day(&files.accounts, calendar_month(county->options.from_day, -account.opened_month));
		out_char(&files.accounts, ',');
		CELLS(&files.accounts, kinds[account.kind].code, kinds[account.kind].intervals ? "reading" : account.kind == UNMETERED ? "formed" : "register");
		out_line(&files.accounts);

		if (account.plan != NULL)
		{
			CELLS(&files.plans, number, account.plan);
			out_char(&files.plans, ',');
			out_day(&files.plans, county->options.from_day);
			out_char(&files.plans, ',');
			out_cell(&files.plans, account.terms);
			out_line(&files.plans);
			if (account.kind == WORKS || account.kind == FARM)
				write_contract(county, &account, number, &files);
		}
		write_equipment(county, &account, number, &files);
	}
	out_close(&files.customers);
	out_close(&files.accounts);
	out_close(&files.plans);
	out_close(&files.contracts);
	out_close(&files.points);
	out_close(&files.meters);
	out_close(&files.installs);
}

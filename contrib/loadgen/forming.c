/*
 * forming.c - usage that is not just what a meter counted: agreed quantities,
 * losses, meters behind others, ratios, joint accounts; collective statements
 */
#include <stdio.h>

#include "tables.h"

enum
{
	NEAR = 300					/* so far the other account of a rule is looked for */
};

static void
write_rule(const County *county, Out *out, const Account *account, const char *kind, const char *settings, const Account *other)
{
	char		number[NUMBER_SIZE];

	number_account(number, account);
	out_text(out, number);
	out_char(out, ',');
	out_text(out, kind);
	out_char(out, ',');
	out_day(out, county->options.from_day);
	out_char(out, ',');
	out_cell(out, settings);
	out_char(out, ',');
	if (other != NULL)
	{
		number_account(number, other);
		out_text(out, number);
	}
	out_line(out);
}

/* the next of its kind at the org that uses at most so much; it has no rule of its own */
static bool
find_other(const County *county, const Account *account, int kwh, Account *other)
{
	int64_t		end = county_first_account(county, account->org + 1);

	if (end > account->number + NEAR)
		end = account->number + NEAR;
	for (int64_t i = account->number + 1; i < end; i++)
	{
		*other = county_account(county, i);
		if (other->kind == account->kind && other->kwh <= kwh && other->mistake == NO_MISTAKE && i % 20 == 7)
			return true;
	}
	return false;
}

/* works measured on the low side of their transformer are shops here; whose number ends in 7 only give and get */
static void
write_shop(const County *county, Out *out, const Account *account)
{
	Account		other;

	switch (account->number % 20)
	{
		case 0:
		case 1:
		case 2:
		case 3:
			write_rule(county, out, account, "line_loss", "{\"ratio\": 0.015}", NULL);
			break;
		case 4:
		case 5:
		case 6:
			write_rule(county, out, account, "transformer_loss", "{\"kva\": 100, \"iron_kw\": 0.29, \"copper_kw\": 1.5, \"period\": \"flat\"}", NULL);
			break;
		case 10:
		case 11:
		case 12:
		case 13:
			if (find_other(county, account, account->kwh / 3, &other))
				write_rule(county, out, account, "deduct", "{}", &other);
			break;
	}
}

static void
write_home(const County *county, Out *out, const Account *account)
{
	Account		other;

	switch (account->number % 20)
	{
		case 1:
			if (find_other(county, account, 1 << 20, &other))
				write_rule(county, out, account, "fixed_ratio", "{\"ratio\": 0.25}", &other);
			break;
		case 3:
			if (find_other(county, account, 1 << 20, &other))
				write_rule(county, out, account, "fixed_quantity", "{\"kwh\": 20}", &other);
			break;
		case 5:
			if (find_other(county, account, 1 << 20, &other))
			{
				write_rule(county, out, account, "share", "{\"weight\": 1}", &other);
				write_rule(county, out, account, "share", "{\"weight\": 2}", NULL);
			}
			break;
	}
}

void
write_forming(const County *county)
{
	Out			rules;
	Out			collectives;

	out_open(&rules, county->options.folder, "forming.csv");
	out_open(&collectives, county->options.folder, "collectives.csv");
	out_text(&rules, "account_no,kind,from_on,settings,other_account_no\n");
	out_text(&collectives, "collective_no,org_no,name,account_no,from_on\n");
	for (int64_t i = 1; i <= county->options.accounts; i++)
	{
		Account		account = county_account(county, i);
		char		settings[128];
		char		number[NUMBER_SIZE];

		if (account.mistake != NO_MISTAKE)
			continue;
		if (account.kind == UNMETERED)
		{
			snprintf(settings, sizeof(settings), "{\"kw\": %d.%03d, \"hours\": [24]}", account.agreed_watts / 1000, account.agreed_watts % 1000);
			write_rule(county, &rules, &account, "unmetered", settings, NULL);
		}
		else if (account.kind == SHOP_READ)
			write_shop(county, &rules, &account);
		else if (account.kind == HOME_READ)
			write_home(county, &rules, &account);
		/* lamps and cabinets of a station: one statement */
		if (account.kind == STREET || account.kind == UNMETERED)
		{
			number_account(number, &account);
			snprintf(settings, sizeof(settings), "JT-S%03d,S%03d,%s路灯与机柜,%s,", account.org, account.org, name_town(account.org), number);
			out_text(&collectives, settings);
			out_day(&collectives, county->options.from_day);
			out_line(&collectives);
		}
	}
	out_close(&rules);
	out_close(&collectives);
}

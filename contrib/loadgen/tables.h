/*
 * tables.h - the files of the county
 */
#ifndef LOADGEN_TABLES_H
#define LOADGEN_TABLES_H

#include "county.h"
#include "out.h"

/* numbers as the office writes them */
enum
{
	NUMBER_SIZE = 32
};

extern void number_org(char *text, int org);
extern void number_account(char *text, const Account *account);
extern void number_point(char *text, const Account *account);
extern void number_meter(char *text, const Account *account);
extern const char *meter_type(const Account *account);

/* organisations, staff, plans, grid: what does not grow with the accounts, or hardly */
extern void write_frame(const County *county);
/* customers, accounts, plans, contracts, points, meters, installations */
extern void write_accounts(const County *county);
/* what is done to measured usage before it is billed; accounts whose bills go together */
extern void write_forming(const County *county);
/* intervals, registers, payments, labels */
extern void write_readings(const County *county);

#endif

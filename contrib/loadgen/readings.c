/*
 * readings.c - what comes from the meters each month: intervals as wide CSV or
 * NEM12, registers, with the faults and their labels; and what customers pay
 *
 * A file has the month of some accounts of one organisation.  Registers count
 * on from month to month, so a file's accounts are done month after month.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "fault.h"
#include "tables.h"

enum
{
	/* kWh with three decimals, as texts, of what most slots have */
	READY = 4096,
	READY_SIZE = 8
};

/* what the registers of a meter have counted since its first day: Wh, varh */
typedef struct Counters
{
	int64_t		of[REGISTERS];
	int64_t		of_export;
	int64_t		of_reactive;
} Counters;

typedef struct Writer
{
	const County *county;
	Out			registers;
	Out			faults;
	Out			payments;
	Out			intervals;
	Out			late;
	bool		is_late_open;
	char		name[2][96];
	char		ready[READY][READY_SIZE];	/* "0.123," */
	int64_t		readings;
	Load		counted;
	Load		delivered;
} Writer;

static void
put_kwh(Writer *writer, Out *out, int32_t wh)
{
	if ((uint32_t) wh < READY)
	{
		if (out->next >= out->end)
			out_flush(out);
		/* the eight bytes are there: OUT_SLACK */
		memcpy(out->next, writer->ready[wh], READY_SIZE);
		out->next += 6;
	}
	else
	{
		out_decimal(out, wh, 3);
		out_char(out, ',');
	}
}

static void
fill_ready(Writer *writer)
{
	for (int wh = 0; wh < READY; wh++)
	{
		char	   *text = writer->ready[wh];

		text[0] = (char) ('0' + wh / 1000);
		text[1] = '.';
		text[2] = (char) ('0' + wh / 100 % 10);
		text[3] = (char) ('0' + wh / 10 % 10);
		text[4] = (char) ('0' + wh % 10);
		text[5] = ',';
	}
}

/* ---- wide CSV: a channel's day a line ---- */

static const char *const channel_name[CHANNELS] = {"import", "export", "reactive_import"};

static void
wide_header(Out *out)
{
	out_text(out, "meter,channel,unit,day");
	for (int slot = 0; slot < DAY_SLOTS; slot++)
	{
		char		text[NUMBER_SIZE];

		snprintf(text, sizeof(text), ",%02d:%02d", slot / 4, slot % 4 * 15);
		out_text(out, text);
	}
	out_char(out, '\n');
}

static void
wide_day(Writer *writer, Out *out, const char *point, Channel channel, int64_t day, const int32_t *value, bool garbled)
{
	out_text(out, point);
	out_char(out, ',');
	out_text(out, channel_name[channel]);
	out_text(out, channel == REACTIVE ? ",kvarh," : ",kWh,");
	out_day(out, day);
	out_char(out, ',');
	for (int slot = 0; slot < DAY_SLOTS; slot++)
		if (garbled)
			out_text(out, "0.#17,");
		else if (value[slot] == MISSING)
			out_char(out, ',');
		else
			put_kwh(writer, out, value[slot]);
	/* in place of the last comma */
	out->next--;
	out_line(out);
}

/* ---- NEM12 ---- */

static void
nem_header(Out *out, int64_t day)
{
	out_text(out, "100,NEM12,");
	out_compact_day(out, day);
	out_text(out, "0600,LOADGEN,COUNTY\n");
}

static void
nem_channel(Out *out, const Load *load, const Account *account, const char *point, Channel channel)
{
	static const char *const suffix[CHANNELS] = {"E1", "B1", "Q1"};
	char		meter[NUMBER_SIZE];

	number_meter(meter, account);
	out_text(out, "200,");
	out_text(out, point);
	out_char(out, ',');
	for (int i = 0; i < CHANNELS; i++)
		if (load->has[i])
			out_text(out, suffix[i]);
	out_text(out, ",1,");
	out_text(out, suffix[channel]);
	out_text(out, ",N1,");
	out_text(out, meter);
	out_text(out, channel == REACTIVE ? ",kvarh,15,\n" : ",kWh,15,\n");
}

static void
nem_day(Writer *writer, Out *out, int64_t day, const int32_t *value, bool garbled)
{
	int			missing = 0;

	out_text(out, "300,");
	out_compact_day(out, day);
	out_char(out, ',');
	for (int slot = 0; slot < DAY_SLOTS; slot++)
	{
		missing += value[slot] == MISSING;
		if (garbled)
			out_text(out, "0.#17,");
		else
			put_kwh(writer, out, value[slot] == MISSING ? 0 : value[slot]);
	}
	out_text(out, garbled || missing == 0 ? "A,,," : missing == DAY_SLOTS ? "N,,," : "V,,,");
	out_compact_day(out, day + 1);
	out_text(out, "040000,");
	out_line(out);
	if (garbled || missing == 0 || missing == DAY_SLOTS)
		return;
	for (int from = 0, to; from < DAY_SLOTS; from = to)
	{
		for (to = from + 1; to < DAY_SLOTS && (value[to] == MISSING) == (value[from] == MISSING);)
			to++;
		out_text(out, "400,");
		out_number(out, from + 1);
		out_char(out, ',');
		out_number(out, to);
		out_text(out, value[from] == MISSING ? ",N,,\n" : ",A,,\n");
	}
}

/* ---- a month of an account ---- */

static bool
is_nem12(const County *county, int org)
{
	return county->options.nem12 > 0 && org % county->options.nem12 == 0;
}

static Out *
late_file(Writer *writer, bool nem12, int64_t first_day)
{
	if (!writer->is_late_open)
	{
		out_open(&writer->late, writer->county->options.folder, writer->name[1]);
		if (nem12)
			nem_header(&writer->late, calendar_month(first_day, 1) + 9);
		else
			wide_header(&writer->late);
		writer->is_late_open = true;
	}
	return &writer->late;
}

static void
write_intervals(Writer *writer, const Account *account, int64_t first_day, const Fault *fault)
{
	bool		nem12 = is_nem12(writer->county, account->org);
	const Load *load = &writer->delivered;
	char		point[NUMBER_SIZE];

	number_point(point, account);
	for (Channel channel = 0; channel < CHANNELS; channel++)
	{
		Out		   *named = NULL;	/* who has this channel's header */

		if (!load->has[channel])
			continue;
		for (int day = 0; day * DAY_SLOTS < load->slots; day++)
		{
			const int32_t *value = load->value[channel] + day * DAY_SLOTS;
			bool		here = day * DAY_SLOTS >= fault->first && day * DAY_SLOTS < fault->first + fault->slots;
			bool		garbled = here && fault->kind == GARBLED && channel == IMPORT;
			int			times = here && fault->kind == REPEATED && channel == IMPORT ? 2 : 1;
			Out		   *out = &writer->intervals;

			if (here && fault->kind == ABSENT)
				continue;
			if (here && fault->kind == LATE)
				out = late_file(writer, nem12, first_day);
			if (nem12 && named != out)
				nem_channel(out, load, account, point, channel);
			named = out;
			for (; times > 0; times--)
				if (nem12)
					nem_day(writer, out, first_day + day, value, garbled);
				else
					wide_day(writer, out, point, channel, first_day + day, value, garbled);
			writer->readings += DAY_SLOTS;
		}
	}
}

static void
write_fault(Writer *writer, const Account *account, int64_t first_day, const Fault *fault)
{
	Out		   *out = &writer->faults;
	char		number[NUMBER_SIZE];
	char		point[NUMBER_SIZE];

	number_account(number, account);
	number_point(point, account);
	out_text(out, number);
	out_char(out, ',');
	out_text(out, point);
	out_text(out, ",import,");
	out_text(out, fault_name[fault->kind]);
	for (int end = 0; end <= 1; end++)
	{
		int			slot = fault->first + (end ? fault->slots : 0);
		char		text[NUMBER_SIZE];

		out_char(out, ',');
		out_day(out, first_day + slot / DAY_SLOTS);
		snprintf(text, sizeof(text), " %02d:%02d+08", slot % DAY_SLOTS / 4, slot % 4 * 15);
		out_text(out, text);
	}
	out_char(out, ',');
	out_number(out, fault->slots);
	out_char(out, ',');
	out_number(out, fault->true_wh);
	out_char(out, ',');
	out_number(out, fault->delivered_wh);
	out_line(out);
}

static void
write_mistake(Writer *writer, const Account *account)
{
	static const char *const names[] = {"", "no plan", "no capacity", "unknown voltage"};
	char		number[NUMBER_SIZE];
	char		point[NUMBER_SIZE];

	number_account(number, account);
	number_point(point, account);
	out_text(&writer->faults, number);
	out_char(&writer->faults, ',');
	out_text(&writer->faults, point);
	out_text(&writer->faults, ",,");
	out_text(&writer->faults, names[account->mistake]);
	out_text(&writer->faults, ",,,0,,");
	out_line(&writer->faults);
}

/* ---- registers ---- */

static void
count(const Account *account, const Load *load, int month, Counters *counters, int32_t *peak_wh)
{
	Register	of_slot[DAY_SLOTS];

	for (int slot = 0; slot < DAY_SLOTS; slot++)
		of_slot[slot] = load_register(account, month, slot);
	*peak_wh = 0;
	for (int at = 0; at < load->slots; at++)
	{
		int32_t		wh = load->value[IMPORT][at];
		Register	other = of_slot[at % DAY_SLOTS];

		counters->of[TOTAL] += wh;
		if (other != TOTAL)
			counters->of[other] += wh;
		if (wh > *peak_wh)
			*peak_wh = wh;
		if (load->has[EXPORT])
			counters->of_export += load->value[EXPORT][at];
		if (load->has[REACTIVE])
			counters->of_reactive += load->value[REACTIVE][at];
	}
}

/* what the register showed on its first day: of most years' use, of some close to its end; in hundredths */
static int64_t
start_of(const County *county, const Account *account, int which)
{
	Chance		chance = chance_of(county->options.seed, FOR_METER + 100 * (uint64_t) which, (uint64_t) account->number);

	if (chance_permille(&chance, 10))
		return INT64_C(100000000) - chance_between(&chance, 1, 5000);
	return (int64_t) chance_below(&chance, 40000000);
}

static void
write_register(Writer *writer, const Account *account, const char *number, const char *meter, const char *name, int which, int64_t counted,
			   int64_t day)
{
	Out		   *out = &writer->registers;
	int64_t		shown = start_of(writer->county, account, which) + counted / (10 * account->ct * account->pt);

	out_text(out, number);
	out_text(out, ",main,");
	out_text(out, meter);
	out_char(out, ',');
	out_text(out, name);
	out_char(out, ',');
	out_day(out, day);
	out_char(out, ',');
	out_decimal(out, shown % INT64_C(100000000), 2);
	out_line(out);
}

static void
write_registers(Writer *writer, const Account *account, const Counters *counters, int64_t day, int32_t peak_wh)
{
	bool		has[REGISTERS] = {[TOTAL] = true};
	char		number[NUMBER_SIZE];
	char		meter[NUMBER_SIZE];

	number_account(number, account);
	number_meter(meter, account);
	for (int slot = 0; slot < DAY_SLOTS; slot++)
		has[load_register(account, calendar_day(day).month, slot)] = true;
	for (int i = 0; i < REGISTERS; i++)
		if (has[i])
			write_register(writer, account, number, meter, register_name[i], i, counters->of[i], day);
	if (account->kind == HOME_PV)
		write_register(writer, account, number, meter, "export", REGISTERS, counters->of_export, day);
	if (kinds[account->kind].reactive)
	{
		Out		   *out = &writer->registers;

		write_register(writer, account, number, meter, "reactive_import", REGISTERS + 1, counters->of_reactive, day);
		if (peak_wh < 0)
			return;
		/* kW on the secondary side, of the month that ends */
		out_text(out, number);
		out_text(out, ",main,");
		out_text(out, meter);
		out_text(out, ",demand,");
		out_day(out, day);
		out_char(out, ',');
		out_decimal(out, (int64_t) peak_wh * 40 / (account->ct * account->pt), 4);
		out_line(out);
	}
}

/* most pay the month's energy at 0.55 in the month after, on some day, by some way */
static void
write_payment(Writer *writer, const Account *account, int64_t kwh, int64_t next_month)
{
	static const char *const ways[] = {"wechat", "alipay", "bank", "counter", "wechat", "alipay"};
	Chance		chance = chance_of(writer->county->options.seed, FOR_PAYMENT + 100 * (uint64_t) next_month, (uint64_t) account->number);
	Out		   *out = &writer->payments;
	int			day = chance_between(&chance, 5, 27);
	const char *way = ways[chance_below(&chance, 6)];
	char		number[NUMBER_SIZE];

	if (kwh < 1 || !chance_permille(&chance, 720))
		return;
	number_account(number, account);
	out_text(out, number);
	out_char(out, ',');
	out_decimal(out, kwh * 55, 2);
	out_char(out, ',');
	out_day(out, next_month + day);
	out_char(out, ',');
	out_text(out, way);
	out_char(out, ',');
	out_text(out, way);
	out_char(out, '-');
	out_compact_day(out, next_month + day);
	out_char(out, '-');
	out_text(out, number);
	out_line(out);
}

static void
write_month(Writer *writer, const Account *account, int month, Counters *counters)
{
	const County *county = writer->county;
	int64_t		first_day = calendar_month(county->options.from_day, month);
	int64_t		next_month = calendar_month(first_day, 1);
	int64_t		before = counters->of[TOTAL];
	int32_t		peak_wh;
	Fault		fault;

	load_make(county, account, first_day, &writer->counted);
	fault = fault_make(county, account, first_day, is_nem12(county, account->org), &writer->counted, &writer->delivered);
	if (month == 0)
	{
		write_registers(writer, account, counters, first_day, -1);
		if (account->mistake != NO_MISTAKE)
			write_mistake(writer, account);
	}
	count(account, &writer->counted, calendar_day(first_day).month, counters, &peak_wh);
	write_registers(writer, account, counters, next_month, peak_wh);
	if (fault.kind != NO_FAULT)
		write_fault(writer, account, first_day, &fault);
	if (kinds[account->kind].intervals)
		write_intervals(writer, account, first_day, &fault);
	write_payment(writer, account, (counters->of[TOTAL] - before) / 1000, next_month);
}

/* some accounts of an org, month after month */
static void
write_group(Writer *writer, int org, int group, int64_t first, int64_t last, Counters *counters)
{
	const County *county = writer->county;
	bool		nem12 = is_nem12(county, org);

	memset(counters, 0, (size_t) (last - first + 1) * sizeof(Counters));
	for (int month = 0; month < county->options.months; month++)
	{
		int64_t		first_day = calendar_month(county->options.from_day, month);
		CalendarDay day = calendar_day(first_day);

		snprintf(writer->name[0], sizeof(writer->name[0]), "intervals/S%03d-%04d%02d-%03d.%s", org, day.year, day.month, group,
				 nem12 ? "nem12" : "csv");
		snprintf(writer->name[1], sizeof(writer->name[1]), "intervals/S%03d-%04d%02d-%03d-late.%s", org, day.year, day.month, group,
				 nem12 ? "nem12" : "csv");
		out_open(&writer->intervals, county->options.folder, writer->name[0]);
		if (nem12)
			nem_header(&writer->intervals, calendar_month(first_day, 1));
		else
			wide_header(&writer->intervals);
		for (int64_t i = first; i <= last; i++)
		{
			Account		account = county_account(county, i);

			if (account.kind != UNMETERED)
				write_month(writer, &account, month, &counters[i - first]);
		}
		if (nem12)
			out_text(&writer->intervals, "900\n");
		out_close(&writer->intervals);
		if (writer->is_late_open)
		{
			if (nem12)
				out_text(&writer->late, "900\n");
			out_close(&writer->late);
			writer->is_late_open = false;
		}
	}
}

void
write_readings(const County *county)
{
	static Writer writer;
	const char *folder = county->options.folder;
	int			size = county->options.meters_per_file;
	Counters   *counters = calloc((size_t) size, sizeof(Counters));

	if (counters == NULL)
	{
		fprintf(stderr, "loadgen: out of memory\n");
		exit(1);
	}
	writer.county = county;
	fill_ready(&writer);
	out_open(&writer.registers, folder, "registers.csv");
	out_open(&writer.faults, folder, "faults.csv");
	out_open(&writer.payments, folder, "payments.csv");
	out_text(&writer.registers, "account_no,part,meter_no,register,read_on,value\n");
	out_text(&writer.faults, "account_no,point_code,channel,kind,from_at,until_at,slots,true_wh,delivered_wh\n");
	out_text(&writer.payments, "account_no,amount,paid_on,way,key\n");
	for (int org = 1; org <= county->orgs; org++)
	{
		int64_t		end = county_first_account(county, org + 1);
		int			group = 1;

		for (int64_t first = county_first_account(county, org); first < end; first += size, group++)
			write_group(&writer, org, group, first, first + size < end ? first + size - 1 : end - 1, counters);
	}
	out_close(&writer.registers);
	out_close(&writer.faults);
	out_close(&writer.payments);
	free(counters);
	printf("%lld readings, %lld register readings, %lld faults, %lld payments\n", (long long) writer.readings,
		   (long long) writer.registers.rows, (long long) writer.faults.rows, (long long) writer.payments.rows);
}

/*
 * frame.c - organisations, staff, price plans, the grid
 */
#include "tables.h"

#include <stdio.h>

#include "calendar.h"

void
number_org(char *text, int org)
{
	snprintf(text, NUMBER_SIZE, "S%03d", org);
}

void
number_account(char *text, const Account *account)
{
	snprintf(text, NUMBER_SIZE, "%010lld", (long long) (INT64_C(4200000000) + account->number));
}

/* ten digits, as NEM12 wants them */
void
number_point(char *text, const Account *account)
{
	snprintf(text, NUMBER_SIZE, "%010lld", (long long) (INT64_C(7200000000) + account->number));
}

void
number_meter(char *text, const Account *account)
{
	snprintf(text, NUMBER_SIZE, "M%09lld", (long long) account->number);
}

static void
write_orgs(const County *county)
{
	Out			out;

	out_open(&out, county->options.folder, "orgs.csv");
	out_text(&out, "org_no,parent_no,name,kind\nC,,青禾供电公司,company\n");
	out.rows++;
	for (int org = 1; org <= county->orgs; org++)
	{
		char		text[NAME_SIZE];

		snprintf(text, sizeof(text), "S%03d,C,%s第%d供电所,station", org, name_town(org), (org - 1) / 16 + 1);
		out_text(&out, text);
		out_line(&out);
	}
	out_close(&out);
}

static void
write_person(Out *out, const char *staff_no, const char *org_no, const char *post, const char *login, Chance *chance)
{
	char		name[NAME_SIZE];

	name_person(name, chance);
	out_text(out, staff_no);
	out_char(out, ',');
	out_text(out, org_no);
	out_char(out, ',');
	out_text(out, name);
	out_char(out, ',');
	out_text(out, post);
	out_char(out, ',');
	out_text(out, login);
	out_line(out);
}

static void
write_staff(const County *county)
{
	static const char *const company[][2] = {
		{"administrator", "county_admin"}, {"account clerk", "county_accounts"}, {"meter reader", "county_readings"},
		{"equipment clerk", "county_equipment"}, {"billing clerk", "county_billing"}, {"manager", "county_manager"}, {"auditor", "county_auditor"},
		{"analyst", "county_analyst"}};
	static const char *const station[] = {
		"manager", "account clerk", "account clerk", "meter reader", "meter reader", "equipment clerk", "billing clerk"};
	Chance		chance = chance_of(county->options.seed, FOR_STAFF, 0);
	Out			out;

	out_open(&out, county->options.folder, "staff.csv");
	out_text(&out, "staff_no,org_no,name,post,login_role\n");
	for (int i = 0; i < (int) (sizeof(company) / sizeof(company[0])); i++)
	{
		char		number[NUMBER_SIZE];

		snprintf(number, sizeof(number), "C-%02d", i + 1);
		write_person(&out, number, "C", company[i][0], company[i][1], &chance);
	}
	for (int org = 1; org <= county->orgs; org++)
		for (int i = 0; i < (int) (sizeof(station) / sizeof(station[0])); i++)
		{
			char		number[NUMBER_SIZE];
			char		at[NUMBER_SIZE];

			number_org(at, org);
			snprintf(number, sizeof(number), "S%03d-%02d", org, i + 1);
			write_person(&out, number, at, station[i], "", &chance);
		}
	out_close(&out);
}

static void
write_plans(const County *county)
{
	const char *const plans[][2] = {
		{"cn-zhejiang-residential", "居民阶梯"}, {"cn-zhejiang-residential-tou", "居民阶梯分时"},
		{county->single_part, "工商业单一制"}, {county->two_part, "工业两部制"}, {"demo-farm", "农业排灌"}};
	Out			out;

	out_open(&out, county->options.folder, "plans.csv");
	out_text(&out, "plan_code,name,from_on\n");
	for (int i = 0; i < (int) (sizeof(plans) / sizeof(plans[0])); i++)
	{
		out_text(&out, plans[i][0]);
		out_char(&out, ',');
		out_text(&out, plans[i][1]);
		out_char(&out, ',');
		out_day(&out, county->options.from_day);
		out_line(&out);
	}
	out_close(&out);
	out_open(&out, county->options.folder, "months.csv");
	out_text(&out, "month\n");
	for (int i = 0; i < county->options.months; i++)
	{
		out_day(&out, calendar_month(county->options.from_day, i));
		out_line(&out);
	}
	out_close(&out);
}

/* stations of 110 kV, feeders of 10 kV, transformers */
static void
write_grid(const County *county)
{
	static const int ratings[] = {200, 315, 400, 400, 500, 630};
	Out			stations;
	Out			feeders;
	Out			areas;

	out_open(&stations, county->options.folder, "stations.csv");
	out_open(&feeders, county->options.folder, "feeders.csv");
	out_open(&areas, county->options.folder, "areas.csv");
	out_text(&stations, "station_no,org_no,name,voltage_v\n");
	out_text(&feeders, "feeder_no,station_no,org_no,name,voltage_v\n");
	out_text(&areas, "area_no,feeder_no,org_no,name,rating_kva,kind\n");
	for (int org = 1; org <= county->orgs; org++)
	{
		int			count = (int) county_areas(county, org);
		const char *town = name_town(org);
		Chance		chance = chance_of(county->options.seed, FOR_GRID, (uint64_t) org);

		for (int area = 1; area <= count; area++)
		{
			int			feeder = (area - 1) / FEEDER_AREAS + 1;
			int			station = (feeder - 1) / STATION_FEEDERS + 1;
			char		text[2 * NAME_SIZE];

			if ((area - 1) % (FEEDER_AREAS * STATION_FEEDERS) == 0)
			{
				snprintf(text, sizeof(text), "B%03d%02d,S%03d,%s%d号变电站,110000", org, station, org, town, station);
				out_text(&stations, text);
				out_line(&stations);
			}
			if ((area - 1) % FEEDER_AREAS == 0)
			{
				snprintf(text, sizeof(text), "L%03d%03d,B%03d%02d,S%03d,10kV%s%02d线,10000", org, feeder, org, station, org, town, feeder);
				out_text(&feeders, text);
				out_line(&feeders);
			}
			snprintf(text, sizeof(text), "T%03d%04d,L%03d%03d,S%03d,%s%d号公变,%d,public", org, area, org, feeder, org, town, area,
					 ratings[chance_below(&chance, 6)]);
			out_text(&areas, text);
			out_line(&areas);
		}
	}
	out_close(&stations);
	out_close(&feeders);
	out_close(&areas);
}

/* types of meters and what each counts; the ratings are usual ones, the makers' are not */
static void
write_meter_types(const County *county)
{
	static const char *const types[] = {
		"1P-60,demo,1P-60,1,220,5,60,2,,1200,96", "1P-60-T,demo,1P-60-T,1,220,5,60,2,,1200,96",
		"3P-60-PV,demo,3P-60-PV,3,220,5,60,1,,400,96", "3P-60,demo,3P-60,3,220,5,60,1,,400,96",
		"3P-CT,demo,3P-CT,3,220,1.5,6,0.5S,2,6400,72", "3P-HV,demo,3P-HV,3,100,1.5,6,0.5S,2,20000,72"};
	static const char *const registers[] = {
		"1P-60,total", "1P-60-T,total", "1P-60-T,peak", "1P-60-T,valley", "3P-60-PV,total", "3P-60-PV,peak", "3P-60-PV,valley",
		"3P-60-PV,export", "3P-60,total", "3P-60,sharp", "3P-60,peak", "3P-60,flat", "3P-60,valley", "3P-CT,total", "3P-CT,sharp",
		"3P-CT,peak", "3P-CT,flat", "3P-CT,valley", "3P-HV,total", "3P-HV,sharp", "3P-HV,peak", "3P-HV,flat", "3P-HV,valley"};
	Out			out;

	out_open(&out, county->options.folder, "meter_types.csv");
	out_text(&out, "type_code,maker,model,phases,voltage_v,basic_current_a,max_current_a,accuracy,reactive_accuracy,pulses_per_kwh,verify_months\n");
	for (int i = 0; i < (int) (sizeof(types) / sizeof(types[0])); i++)
	{
		out_text(&out, types[i]);
		out_line(&out);
	}
	out_close(&out);
	out_open(&out, county->options.folder, "meter_type_registers.csv");
	out_text(&out, "type_code,register,digits,decimals,unit\n");
	for (int i = 0; i < (int) (sizeof(registers) / sizeof(registers[0])); i++)
	{
		out_text(&out, registers[i]);
		out_text(&out, ",6,2,kWh");
		out_line(&out);
	}
	out_text(&out, "3P-HV,reactive_import,6,2,kvarh\n3P-HV,demand,4,4,kW\n");
	out_close(&out);
}

const char *
meter_type(const Account *account)
{
	switch (account->kind)
	{
		case HOME:
		case HOME_READ:
			return "1P-60";
		case HOME_TOU:
		case HOME_CAR:
			return "1P-60-T";
		case HOME_PV:
			return "3P-60-PV";
		case WORKS:
			return "3P-HV";
		default:
			return account->ct > 1 ? "3P-CT" : "3P-60";
	}
}

void
write_frame(const County *county)
{
	write_meter_types(county);
	write_orgs(county);
	write_staff(county);
	write_plans(county);
	write_grid(county);
}

/*
 * load.c - shapes of load by kind of customer
 *
 * A mean of 1024 throughout.  Homes and offices follow the means, by hour, of
 * the measured January loads in contrib/demo/data (NREL/ssc, see NOTICE there);
 * what differs by month, appliances, shifts, pumps, cars and panels are made up.
 */
#include "load.h"

#include <string.h>

#include "calendar.h"

const char *const register_name[REGISTERS] = {"total", "sharp", "peak", "flat", "valley"};

static const int home_hours[24] = {
	829, 725, 695, 685, 665, 731, 904, 1116, 978, 780, 764, 764, 758, 772, 800, 863, 1079, 1451, 1780, 1767, 1694, 1570, 1310, 1079};
static const int office_hours[2][24] = {
	{528, 532, 531, 536, 535, 571, 1749, 1523, 1929, 1695, 1615, 1615, 1637, 1604, 1542, 1534, 1589, 1649, 1267, 1288, 1194, 1230, 548, 514},
	{446, 446, 446, 446, 446, 446, 1169, 871, 866, 802, 760, 763, 747, 697, 510, 507, 544, 745, 446, 446, 446, 446, 446, 446}};

/* heating and cooling by month, in percent */
static const int home_months[12] = {118, 108, 92, 82, 82, 98, 130, 136, 104, 82, 86, 108};
static const int office_months[12] = {104, 100, 94, 90, 94, 106, 116, 118, 104, 92, 94, 102};
static const int farm_months[12] = {30, 40, 90, 130, 150, 170, 180, 160, 110, 70, 40, 30};
/* from noon to sunset, in slots */
static const int sun_slots[12] = {20, 22, 24, 26, 28, 28, 28, 27, 25, 23, 21, 20};

/* the hour's value and the next one's, in four steps */
static int
between_hours(const int *hours, int slot)
{
	int			here = hours[slot / 4 % 24];
	int			there = hours[(slot / 4 + 1) % 24];

	return here + (there - here) * (slot % 4) / 4;
}

/* 0 .. 1024 */
static int
sunshine(int month, int slot)
{
	int			half = sun_slots[month - 1];
	int			from_noon = slot - 48;
	int			height = 1024 - 1024 * from_noon * from_noon / (half * half);

	return height <= 0 ? 0 : height * (height + 1024) / 2048;
}

/* the county's day: cold or hot, cloudy or clear; the same for everybody */
static int
weather(const County *county, int64_t day, int below)
{
	int			sum = 0;

	for (int i = 0; i < 3; i++)
	{
		Chance		chance = chance_of(county->options.seed, FOR_WEATHER + 100 * (uint64_t) below, (uint64_t) (day - i));

		sum += chance_below(&chance, below);
	}
	return sum / 3;
}

static bool
is_worked(int64_t day)
{
	return calendar_weekday(day) != 0 && !calendar_is_holiday(day);
}

/* appliances, switched on when people are awake, until the month has its energy */
static void
switch_on(int32_t *wh, int slots, int64_t left, Chance *chance)
{
	static const int hours[] = {6, 6, 7, 7, 7, 11, 11, 12, 12, 12, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 19, 19, 20, 20, 20, 20, 20, 21, 21, 21, 21, 22, 22};
	static const int draws[] = {90, 150, 250, 375, 500};
	static const int lengths[] = {1, 1, 2, 2, 4, 6};

	while (left > 0)
	{
		int			hour = hours[chance_below(chance, (int) (sizeof(hours) / sizeof(hours[0])))];
		int			day = chance_below(chance, slots / DAY_SLOTS);
		int			at = day * DAY_SLOTS + hour * 4 + chance_below(chance, 4);
		int			each = draws[chance_below(chance, 5)];
		int			end = at + lengths[chance_below(chance, 6)];

		for (; at < end && at < slots; at++)
		{
			wh[at] += each;
			left -= each;
		}
	}
}

static void
make_home(const County *county, const Account *account, int64_t first_day, Load *load, Chance *chance)
{
	int32_t    *wh = load->value[IMPORT];
	int			month = calendar_day(first_day).month;
	int64_t		energy = (int64_t) account->kwh * 10 * home_months[month - 1];
	int64_t		base = energy * 55 / 100;

	for (int day = 0; day * DAY_SLOTS < load->slots; day++)
	{
		int64_t		level = base * (920 + weather(county, first_day + day, 160)) / 1000 * 1024 / load->slots;

		for (int slot = 0; slot < DAY_SLOTS; slot++)
			wh[day * DAY_SLOTS + slot] = (int32_t) (level * between_hours(home_hours, slot + DAY_SLOTS - account->moved)
													/ 1024 * chance_around(chance, 500) / (1024 * 1024));
	}
	switch_on(wh, load->slots, energy - base, chance);
	if (account->kind == HOME_CAR)
		/* 7 kW at the cheap hours, every few nights */
		for (int day = 0; day * DAY_SLOTS < load->slots; day++)
			if (chance_permille(chance, 400))
			{
				int			at = day * DAY_SLOTS + 88 + chance_below(chance, 3);
				int			end = at + chance_between(chance, 6, 24);

				for (; at < end && at < load->slots; at++)
					wh[at] += 1750;
			}
}

/* the meter nets each slot: what is left over is sold */
static void
add_panels(const County *county, const Account *account, int64_t first_day, Load *load, Chance *chance)
{
	int			month = calendar_day(first_day).month;

	int			clear = 0;

	load->has[EXPORT] = true;
	for (int at = 0; at < load->slots; at++)
	{
		int64_t		made;
		int64_t		net;

		if (at % DAY_SLOTS == 0)
			clear = 300 + weather(county, first_day + at / DAY_SLOTS, 700);
		made = (int64_t) account->panel_watts / 4 * sunshine(month, at % DAY_SLOTS) / 1024 * clear / 1000
			* chance_around(chance, 150) / 1024;
		net = load->value[IMPORT][at] - made;

		load->value[IMPORT][at] = net > 0 ? (int32_t) net : 0;
		load->value[EXPORT][at] = net < 0 ? (int32_t) -net : 0;
	}
}

static void
make_shop(const Account *account, int64_t first_day, Load *load, Chance *chance)
{
	int64_t		level = (int64_t) account->kwh * 10 * office_months[calendar_day(first_day).month - 1] * 1024 / load->slots;

	for (int at = 0; at < load->slots; at++)
	{
		const int  *hours = office_hours[is_worked(first_day + at / DAY_SLOTS) ? 0 : 1];

		load->value[IMPORT][at] = (int32_t) (level * between_hours(hours, at % DAY_SLOTS + DAY_SLOTS - account->moved)
											 / 1024 * chance_around(chance, 160) / (1024 * 1024));
	}
}

/* base load and one to three shifts from 06:00 on (one: from 08:00); Sundays off unless it never stops */
static void
make_works(const Account *account, int64_t first_day, Load *load, Chance *chance)
{
	static const int begins[4] = {0, 32, 24, 0};
	int			begin = begins[account->shifts];
	int			end = begin + 32 * account->shifts;

	for (int day = 0; day * DAY_SLOTS < load->slots; day++)
	{
		bool		worked = account->shifts == 3 || is_worked(first_day + day);
		int			level = account->kw * 250 / 100 * chance_between(chance, 90, 100);

		for (int slot = 0; slot < DAY_SLOTS; slot++)
		{
			int			on = 160;

			if (worked && slot >= begin && slot < end)
			{
				on = 900 + 80 * between_hours(office_hours[0], slot) / 1929;
				if (slot - begin < 3)
					on = on * (50 + 16 * (slot - begin)) / 100;	/* starting up */
				else if (account->shifts < 3 && slot >= 46 && slot < 50)
					on = on * 72 / 100;	/* the noon break */
			}
			load->value[IMPORT][day * DAY_SLOTS + slot] = (int32_t) ((int64_t) level * on / 1000 * chance_around(chance, 70) / 1024);
		}
	}
}

/* some days, some hours, full power */
static void
make_farm(const Account *account, int64_t first_day, Load *load, Chance *chance)
{
	int			wet = farm_months[calendar_day(first_day).month - 1];
	static const int begins[] = {20, 28, 56, 88};

	for (int at = 0; at < load->slots; at++)
		load->value[IMPORT][at] = chance_below(chance, 3);
	for (int day = 0; day * DAY_SLOTS < load->slots; day++)
		if (chance_permille(chance, 3 * wet + 200))
		{
			int			at = day * DAY_SLOTS + begins[chance_below(chance, 4)];
			int			end = at + chance_between(chance, 12, 40);

			for (; at < end && at < load->slots; at++)
				load->value[IMPORT][at] = account->kw * 250 * chance_around(chance, 15) / 1024;
		}
}

/* from dusk to dawn, every second lamp from 23:00 to 05:00 */
static void
make_street(const Account *account, int64_t first_day, Load *load, Chance *chance)
{
	int			month = calendar_day(first_day).month;

	for (int at = 0; at < load->slots; at++)
	{
		int			slot = at % DAY_SLOTS;
		int			lit = sunshine(month, slot) > 20 ? 0 : slot >= 92 || slot < 20 ? account->kw * 125 : account->kw * 250;

		load->value[IMPORT][at] = (int32_t) ((int64_t) lit * chance_around(chance, 10) / 1024);
	}
}

static void
add_reactive(const Account *account, Load *load, Chance *chance)
{
	/* tan(acos(x)) for x = 0.80, 0.82 .. 1.00, times 1024 */
	static const int tangent[11] = {768, 715, 661, 608, 553, 496, 436, 374, 299, 208, 0};
	int			at_factor = (account->power_factor - 800) / 20;
	int			here = tangent[at_factor];
	int			of_active = here + (tangent[at_factor + 1] - here) * ((account->power_factor - 800) % 20) / 20;

	load->has[REACTIVE] = true;
	for (int at = 0; at < load->slots; at++)
		load->value[REACTIVE][at] = (int32_t) ((int64_t) load->value[IMPORT][at] * of_active / 1024 * chance_around(chance, 80) / 1024);
}

void
load_make(const County *county, const Account *account, int64_t first_day, Load *load)
{
	Chance		chance = chance_of(county->options.seed, FOR_SERIES + 100 * (uint64_t) first_day, (uint64_t) account->number);

	load->slots = (int) (calendar_month(first_day, 1) - first_day) * DAY_SLOTS;
	memset(load->has, 0, sizeof(load->has));
	load->has[IMPORT] = true;
	switch (account->kind)
	{
		case SHOP:
		case SHOP_READ:
			make_shop(account, first_day, load, &chance);
			break;
		case WORKS:
			make_works(account, first_day, load, &chance);
			break;
		case FARM:
			make_farm(account, first_day, load, &chance);
			break;
		case STREET:
			make_street(account, first_day, load, &chance);
			break;
		default:
			make_home(county, account, first_day, load, &chance);
			break;
	}
	if (account->kind == HOME_PV)
		add_panels(county, account, first_day, load, &chance);
	if (kinds[account->kind].reactive)
		add_reactive(account, load, &chance);
}

/* the periods of the tariffs that loadgen assigns: day and night of Zhejiang, the four of Hubei */
Register
load_register(const Account *account, int month, int slot_of_day)
{
	int			hour = slot_of_day / 4;
	bool		summer = month == 7 || month == 8;

	switch (account->kind)
	{
		case HOME_TOU:
		case HOME_CAR:
		case HOME_PV:
			return hour >= 8 && hour < 22 ? PEAK : VALLEY;
		case SHOP:
		case SHOP_READ:
		case WORKS:
			if (hour < 6 || hour == 12 || hour == 13)
				return VALLEY;
			if (hour < 16)
				return FLAT;
			return (summer ? hour == 20 || hour == 21 : hour == 18 || hour == 19) ? SHARP : PEAK;
		default:
			return TOTAL;
	}
}

#!/usr/bin/env python3
"""Makes the accounts and the meter data of a county for January 2026, from a seed.

    county.py [accounts [seed]]

Rows for COPY go to standard output, one an account; the columns are those of demo.delivery in
county.sql. The same seed gives the same county, byte for byte. Shapes are those of the loads in
data/ (see data/NOTICE); sizes, noise, appliances, shifts and names are made up here.
"""
import csv
import datetime
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DAYS = 31
SLOTS = DAYS * 96

SURNAMES = [("王", "Wang"), ("李", "Li"), ("张", "Zhang"), ("刘", "Liu"), ("陈", "Chen"), ("杨", "Yang"),
            ("赵", "Zhao"), ("黄", "Huang"), ("周", "Zhou"), ("吴", "Wu"), ("徐", "Xu"), ("孙", "Sun")]
TOWNS = [("青禾", "Qinghe"), ("云岭", "Yunling"), ("石桥", "Shiqiao"), ("柳河", "Liuhe"), ("白沙", "Baisha"),
         ("东湖", "Donghu"), ("南山", "Nanshan"), ("凤台", "Fengtai")]
SHOPS = [("小吃店", "Snack Bar"), ("便利店", "Corner Shop"), ("理发店", "Barber"), ("药房", "Pharmacy"),
         ("宾馆", "Hotel"), ("修理厂", "Garage"), ("幼儿园", "Kindergarten"), ("超市", "Supermarket")]
WORKS = [("轴承厂", "Bearings"), ("纺织厂", "Textiles"), ("铸造厂", "Foundry"), ("食品厂", "Foods"),
         ("造纸厂", "Paper Mill"), ("塑料厂", "Plastics"), ("电子厂", "Electronics"), ("水泥厂", "Cement")]
FARMS = [("泵站", "Pumping Station"), ("农场", "Farm"), ("养殖场", "Fish Farm"), ("果园", "Orchard")]

# A source day for each day of January 2026: the loads begin on a Sunday. The first three days are
# the New Year holiday and the Sunday after it is worked; day 15 of the source is a holiday.
SOURCE_DAY = [7, 14, 21, 11] + [d + 4 if d + 4 <= 30 else d - 24 for d in range(4, DAYS)]
SOURCE_DAY[11] = 8


def shapes():
    """The loads as quarter-hours of January 2026, each with a mean of 1; solar with a peak of 1."""
    with open(os.path.join(HERE, "data", "loads.csv"), encoding="ascii") as file:
        rows = list(csv.reader(file))[1:]
    result = []
    for column in (1, 2, 3, 4):
        hours = [float(row[column]) for row in rows]
        if column != 4:
            hours = [hours[24 * day + hour] for day in SOURCE_DAY for hour in range(24)]
        level = max(hours) if column == 4 else sum(hours) / len(hours)
        quarters = []
        for i, here in enumerate(hours):
            there = hours[(i + 1) % len(hours)]
            quarters += [(here + (there - here) * q / 4) / level for q in range(4)]
        result.append(quarters)
    return result


RESIDENTIAL, COMMERCIAL, LARGE, SOLAR = shapes()


def moved(shape, slots):
    """The shape, later by so many slots: no two customers rise at the same time."""
    return shape[-slots:] + shape[:-slots] if slots else shape


def flicker(rng, spread):
    """Noise around 1, from a table: a fresh number for each slot would take most of the time."""
    table = [max(0.05, rng.gauss(1, spread)) for _ in range(311)]
    return (table * (SLOTS // 311 + 1))[:SLOTS]


def house(rng, kwh):
    """A household: the mean shape, and appliances switched on and off. Wh by quarter-hour."""
    base = kwh * 1000 / SLOTS * 0.55
    wh = [int(base * s * n) for s, n in zip(moved(RESIDENTIAL, rng.randrange(-6, 7)), flicker(rng, 0.25))]
    left = kwh * 1000 * 0.45
    while left > 0:
        hour = rng.choices((6, 7, 11, 12, 17, 18, 19, 20, 21, 22), (2, 3, 2, 2, 3, 4, 5, 5, 4, 2))[0]
        at = rng.randrange(DAYS) * 96 + hour * 4 + rng.randrange(4)
        each = rng.choice((90, 150, 250, 375, 500))
        for slot in range(at, min(at + rng.choice((1, 1, 2, 2, 4, 6)), SLOTS)):
            wh[slot] += each
            left -= each
    return wh


def car(rng, wh):
    """Charging at 7 kW from 22:00, every few nights."""
    for day in range(DAYS):
        if rng.random() < 0.4:
            at = day * 96 + 88 + rng.randrange(3)
            for slot in range(at, min(at + rng.randrange(6, 24), SLOTS)):
                wh[slot] += 1750


def trade(rng, kwh, shape=None):
    """A shop or an office."""
    shape = moved(shape or COMMERCIAL, rng.randrange(0, 13))
    return [int(kwh * 1000 / SLOTS * s * n) for s, n in zip(shape, flicker(rng, 0.08))]


def works(rng, kw, shifts):
    """A factory: base load and one, two or three shifts; Sundays off unless it never stops."""
    begin = {1: 32, 2: 24, 3: 0}[shifts]
    end = begin + 32 * shifts
    noise = flicker(rng, 0.035)
    wh = []
    for day in range(DAYS):
        worked = shifts == 3 or day >= 3 and (datetime.date(2026, 1, 1 + day).weekday() < 6 or day == 3)
        level = kw * 250 * rng.uniform(0.90, 1.0)
        for slot in range(96):
            on = 0.16
            if worked and begin <= slot < end:
                on = 0.78 + 0.22 * LARGE[day * 96 + slot] / 1.26
                if slot - begin < 3:
                    on *= 0.5 + 0.16 * (slot - begin)  # starting up
                elif shifts < 3 and 46 <= slot < 50:
                    on *= 0.72  # the noon break
            wh.append(int(level * on * noise[day * 96 + slot]))
    return wh


def pump(rng, kw):
    """Irrigation: some days, some hours, full power."""
    wh = [rng.randrange(0, 3) for _ in range(SLOTS)]
    for day in range(DAYS):
        if rng.random() < 0.45:
            at = day * 96 + rng.choice((20, 28, 56, 88))
            for slot in range(at, min(at + rng.randrange(12, 40), SLOTS)):
                wh[slot] = int(kw * 250 * rng.uniform(0.97, 1.0))
    return wh


def reactive(wh, rng, power_factor):
    tangent = (1 - power_factor ** 2) ** 0.5 / power_factor
    return [int(w * tangent * n) for w, n in zip(wh, flicker(rng, 0.04))]


def registers(rng, shares, kwh, multiplier, digits=6):
    """Readings at both ends of the month, by period; now and then a register rolls over."""
    result = []
    for period, share in shares:
        used = int(kwh * share / multiplier * 100)
        end = 10 ** (digits + 2)
        start = end - used // 2 if rng.random() < 0.01 else rng.randrange(end - used)
        reading = {"channel": "import", "start": "%.2f" % (start / 100), "end": "%.2f" % ((start + used) % end / 100),
                   "multiplier": multiplier, "digits": digits}
        result.append(dict(reading, period=period) if period else reading)
    return result


def person(rng):
    zh, en = rng.choice(SURNAMES)
    return zh + "**", en + " **"


def firm(rng, kinds, number):
    town, kind = rng.choice(TOWNS), rng.choice(kinds)
    return "%s%s（%d）" % (town[0], kind[0], number), "%s %s (%d)" % (town[1], kind[1], number)


# ---- classes of customers: each makes one row ----

def res_flat(rng, number):
    terms = {"low_income": True} if rng.random() < 0.03 else {}
    wh = house(rng, rng.lognormvariate(5.25, 0.5))
    return person(rng), "cn-zhejiang-residential", terms, {"wh": wh}


def res_tou(rng, number):
    wh = house(rng, rng.lognormvariate(5.4, 0.5) if rng.random() > 0.02 else rng.uniform(2500, 6000))
    if rng.random() < 0.12:
        car(rng, wh)
    return person(rng), "cn-zhejiang-residential-tou", {}, {"wh": wh}


def res_pv(rng, number):
    panels = rng.uniform(2500, 6500) / 4
    clouds = [rng.choice((1, 1, 1, 0.8, 0.5, 0.25)) for _ in range(DAYS)]
    wh = house(rng, rng.lognormvariate(5.4, 0.4))
    net = [w - int(panels * s * clouds[i // 96] * 0.75) for i, (w, s) in enumerate(zip(wh, SOLAR))]
    return person(rng), "cn-zhejiang-residential-tou", {"pv": True}, {"wh": net}


def res_read(rng, number):
    kwh = rng.lognormvariate(5.2, 0.6)
    if rng.random() < 0.5:
        return person(rng), "cn-zhejiang-residential", {}, {"registers": registers(rng, [("", 1)], kwh, 1)}
    peak = rng.uniform(0.5, 0.75)
    return (person(rng), "cn-zhejiang-residential-tou", {},
            {"registers": registers(rng, [("peak", peak), ("valley", 1 - peak)], kwh, 1)})


def res_other(rng, number):
    tariff = ("cn-guangdong-residential", "cn-shenzhen-residential", "cn-jiangsu-residential-tou",
              "cn-beijing-residential")[number % 4]
    terms = {"household_size": rng.randrange(1, 8)} if tariff == "cn-guangdong-residential" else {}
    return person(rng), tariff, terms, {"wh": house(rng, rng.lognormvariate(5.3, 0.6))}


def shop(rng, number):
    kwh = rng.lognormvariate(7.2, 0.8)
    capacity = max(10, round(kwh / 120, -1))
    terms = {"voltage": "below 1 kV", "capacity_kva": int(capacity)}
    if kwh < 1200:
        terms["tou"] = False
    data = {"wh": trade(rng, kwh)}
    if capacity >= 100:
        data["varh"] = reactive(data["wh"], rng, rng.uniform(0.80, 0.97))
    return firm(rng, SHOPS, number), "cn-hubei-2026-01-single-part", terms, data


def shop_read(rng, number):
    multiplier = rng.choice((20, 30, 40, 60))
    shares = [("sharp", 0.11), ("peak", 0.24), ("flat", 0.41), ("valley", 0.24)]
    return (firm(rng, SHOPS, number), "cn-hubei-2026-01-single-part",
            {"voltage": "1-10 kV" if multiplier == 60 else "below 1 kV"},
            {"registers": registers(rng, shares, rng.uniform(60, 150) * multiplier, multiplier)})


def farm(rng, number):
    kw = rng.choice((5.5, 7.5, 11, 15, 22, 37, 55, 132))
    terms = {"capacity_kva": 160} if kw > 100 else {}
    data = {"wh": pump(rng, kw)}
    if kw > 100:
        data["varh"] = reactive(data["wh"], rng, rng.uniform(0.74, 0.88))
    return firm(rng, FARMS, number), "demo-farm", terms, data


def industry(rng, number):
    voltage, low, high = rng.choices((("1-10 kV", 315, 4000), ("35 kV", 4000, 16000), ("110 kV", 20000, 63000),
                                      ("220 kV", 90000, 180000)), (86, 11, 2.5, 0.5))[0]
    capacity = round(rng.uniform(low, high), -2 if low > 1000 else -1)
    data = {"wh": works(rng, capacity * rng.uniform(0.45, 0.85), rng.choice((1, 2, 2, 3, 3)))}
    data["varh"] = reactive(data["wh"], rng, rng.uniform(0.84, 0.97))
    terms = {"voltage": voltage, "basic_charge": rng.choice(("capacity", "demand", "demand", "contract")),
             "capacity_kva": int(capacity), "pf_standard": "0.90"}
    if terms["basic_charge"] == "contract":
        terms["contract_kw"] = int(round(max(data["wh"]) / 250 * rng.uniform(0.88, 1.15), -1))
    return firm(rng, WORKS, number), "cn-hubei-2026-01-two-part", terms, data


def bearings(rng, number):
    """The customer whose bill is printed whole."""
    data = {"wh": works(rng, 1600, 2)}
    data["varh"] = reactive(data["wh"], rng, 0.872)
    return (("青禾精密轴承有限公司", "Qinghe Precision Bearings Co., Ltd."), "cn-hubei-2026-01-two-part",
            {"voltage": "1-10 kV", "basic_charge": "demand", "capacity_kva": 2000, "pf_standard": "0.90"}, data)


def shanghai(rng, number):
    data = {"wh": trade(rng, rng.uniform(40000, 120000))}
    data["varh"] = reactive(data["wh"], rng, rng.uniform(0.82, 0.96))
    return (firm(rng, WORKS, number), "cn-shanghai-06-two-part",
            {"basic_charge": rng.choice(("capacity", "demand")), "capacity_kva": 400}, data)


def britain(rng, number):
    quarters = house(rng, rng.lognormvariate(5.6, 0.4))
    wh = [quarters[i] + quarters[i + 1] for i in range(0, SLOTS, 2)]
    return (("英国住户 %d" % number, "British household %d" % number), "gb-flat-rate", {},
            {"wh": wh, "minutes": 30, "zone": "Europe/London"})


def america(rng, number):
    return (("萨克拉门托商户 %d" % number, "Sacramento office park %d" % number), "us-smud-ci-tod3", {},
            {"wh": trade(rng, rng.uniform(180000, 380000), LARGE), "zone": "America/Los_Angeles"})


# ---- accounts that cannot be billed as they are ----

def bad_gap(rng, number):
    who, tariff, terms, data = res_tou(rng, number)
    for slot in range(17 * 96 + 40, 18 * 96 + 12):
        data["wh"][slot] = None  # the collector was off from 10:00 until 03:00
    return who, tariff, terms, data


def bad_short(rng, number):
    who, tariff, terms, data = res_flat(rng, number)
    del data["wh"][29 * 96:]  # the last two days have not come in
    return who, tariff, terms, data


def bad_term(rng, number):
    who, tariff, terms, data = bearings(rng, number)
    terms["basic_charge"] = "capacity"
    del terms["capacity_kva"]
    return firm(rng, WORKS, number), tariff, terms, data


def bad_voltage(rng, number):
    who, tariff, terms, data = shop(rng, number)
    terms["voltage"] = "6 kV"
    return who, tariff, terms, data


def bad_register(rng, number):
    return (person(rng), "cn-zhejiang-residential-tou", {},
            {"registers": registers(rng, [("peak", 0.6), ("night", 0.4)], 220, 1)})


CLASSES = [  # class, maker, share of the accounts in thousandths
	("res_flat", res_flat, 320), ("res_tou", res_tou, 265), ("res_pv", res_pv, 40), ("res_read", res_read, 80),
	("res_other", res_other, 56), ("shop", shop, 110), ("shop_read", shop_read, 30), ("farm", farm, 45),
	("industry", industry, 30), ("shanghai", shanghai, 3), ("britain", britain, 16), ("america", america, 5)]
SINGLE = [("industry", bearings), ("res_tou", bad_gap), ("res_flat", bad_short), ("industry", bad_term),
          ("shop", bad_voltage), ("res_read", bad_register)]


def array(values):
    return "\\N" if values is None else "{%s}" % ",".join(["NULL" if v is None else str(v) for v in values])


def main():
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 6000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 2026
    plan = [(name, maker) for name, maker, share in CLASSES for _ in range(round(accounts * share / 1000))]
    # mixed, as an office has them; the singles stand at fixed places
    random.Random(seed).shuffle(plan)
    for i, single in enumerate(SINGLE):
        plan.insert(100 + 307 * i, single)
    for number, (name, maker) in enumerate(plan, 1):
        rng = random.Random(seed * 1000003 + number)
        (zh, en), tariff, terms, data = maker(rng, number)
        zone = data.get("zone", "Asia/Shanghai")
        row = ["%010d" % (4200000000 + number), name, zh, en, tariff, json.dumps(terms), zone,
               str(data.get("minutes", 15)), array(data.get("wh")), array(data.get("varh")),
               json.dumps(data["registers"]) if "registers" in data else "\\N"]
        sys.stdout.write("\t".join(row) + "\n")


if __name__ == "__main__":
    main()

"""Validation and estimation by plain loops over rows, and by the server: the same findings, the same watt-hours.

Cut from a year of a household's quarter-hours (../golden/loads), with faults put in at random: gaps, spikes, zeros,
negative and repeated values, a lump after silence; other slots, zones with clock changes, holidays, histories that
overlap, registers and rules at random.  ROUNDS (default 100; with SOAK 5,000) from the seed SEED on.  Prints TAP.
"""

import datetime
import decimal
import json
import os
import random
import sys
import zoneinfo
from fractions import Fraction

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import server

HERE = os.path.dirname(os.path.abspath(__file__))
UTC = datetime.timezone.utc
QUESTIONED = ("actual", "suspect")
ZONES = ["Asia/Shanghai", "Europe/London", "America/Denver", "Australia/Adelaide"]


class Slot:
	def __init__(self, at, value, quality, mine):
		self.at, self.value, self.quality, self.mine = at, value, quality, mine

	@property
	def missing(self):
		return self.quality == "missing"


def half_up(x):
	"""Half away from zero."""
	n = abs(Fraction(x)) + Fraction(1, 2)
	return (n.numerator // n.denominator) * (1 if x >= 0 else -1)


class Readings:
	"""Every slot from the first of profile and history to the last; the profile's own are mine."""

	def __init__(self, case):
		self.case = case
		self.minutes = case["slot"]
		self.step = datetime.timedelta(minutes=self.minutes)
		self.zone = zoneinfo.ZoneInfo(case["zone"])
		rows = {}
		for name in ("history", "profile"):
			if case[name]:
				for i, (value, quality) in enumerate(case[name]["rows"]):
					at = case[name]["start"] + i * self.step
					rows[at] = Slot(at, value, quality, name == "profile")
		first, last = min(rows), max(rows)
		self.slots = []
		while first <= last:
			self.slots.append(rows.get(first) or Slot(first, 0, "missing", False))
			first += self.step
		self.mine = [i for i, s in enumerate(self.slots) if s.mine]
		self.from_, self.until = self.mine[0], self.mine[-1] + 1
		self.registers = [(r, *(self.index(r[k]) for k in ("from", "until"))) for r in case["registers"] or []]
		self.registers.sort(key=lambda r: r[1])
		self.day_of = [self.local(s.at).date() for s in self.slots]
		self.by_day = {}
		for i, d in enumerate(self.day_of):
			self.by_day.setdefault(d, []).append(i)
		self.clock = {}                 # (day, local time) -> slot, on days of one offset
		for d in self.by_day:
			noon = datetime.datetime.combine(d, datetime.time(), self.zone)
			next_ = datetime.datetime.combine(d + datetime.timedelta(days=1), datetime.time(), self.zone)
			if (next_.astimezone(UTC) - noon.astimezone(UTC)) == datetime.timedelta(days=1):
				for i in self.by_day[d]:
					self.clock[d, self.local(self.slots[i].at).time()] = i

	def local(self, at):
		return at.astimezone(self.zone)

	def index(self, moment):
		return (datetime.datetime.fromisoformat(moment) - self.slots[0].at) // self.step

	def rest(self, day):
		market = self.case["market"]
		weekend = day.weekday() >= 5
		if market:
			if day.isoformat() in market["calendar"]["holidays"]:
				return True
			return weekend and day.isoformat() not in market["calendar"]["workdays"]
		return weekend

	def at(self, i):
		return self.slots[0].at + i * self.step

	def power(self, value):
		"""kW, rounded as the server shows it: three decimals of the watt."""
		return Fraction(half_up(Fraction(value * 60, self.minutes) * 1000), 1000000)


# ---- validation

def runs(r, test, whole):
	"""Spans of slots for which test(i) holds; whole: those that begin before the profile too."""
	out, start = [], None
	for i in range(len(r.slots) + 1):
		good = i < len(r.slots) and (whole or r.from_ <= i < r.until) and test(i)
		if good and start is None:
			start = i
		if not good and start is not None:
			out.append((start, i))
			start = None
	return [(a, b) for a, b in out if a < r.until and b > r.from_]


def finding(r, rule, a, b, measured=None, bound=None, severity=None):
	a, b = max(a, r.from_), min(b, r.until)
	return (rule.get("name", rule["rule"]), severity or rule["severity"], r.at(a), r.at(b), b - a, measured, bound)


def unchecked(r, rule):
	return [finding(r, rule, r.from_, r.until, severity="unchecked")]


def questioned(r, i):
	return r.slots[i].quality in QUESTIONED


def long_runs(r, rule, test, least, above):
	return [finding(r, rule, a, b, (b - a) * r.minutes, least) for a, b in runs(r, test, True)
			if ((b - a) * r.minutes > least if above else (b - a) * r.minutes >= least)]


def beyond(r, rule, test, extreme, show, bound):
	out = []
	for a, b in runs(r, lambda i: questioned(r, i) and test(r.slots[i].value), False):
		out.append(finding(r, rule, a, b, show(extreme(r.slots[i].value for i in range(a, b))), bound))
	return out


def spike_limits(r, rule):
	thirds = {}
	for day, slots in r.by_day.items():
		known = sorted((r.slots[i].value for i in slots if not r.slots[i].missing), reverse=True)
		if known:
			thirds[day] = known[2] if len(known) > 2 else known[-1]
	limits = {}
	around = (rule["days"] - 1) // 2
	for day in {r.day_of[i] for i in r.mine}:
		near = [t for d, t in thirds.items() if abs((d - day).days) <= around]
		if near:
			most = Fraction(max(near + [0])) * (1 + Fraction(rule["over"]))
			limits[day] = max(most.numerator // most.denominator,
							  int(Fraction(rule["least_kw"]) * 1000 * r.minutes // 60))
	return limits


def check(r, rule, rejected=()):
	v = [s.value for s in r.slots]
	kind = rule["rule"]
	mine = range(r.from_, r.until)
	if kind == "gap":
		return long_runs(r, rule, lambda i: r.slots[i].missing, rule["minutes"], True)
	if kind == "quality":
		return [finding(r, rule, a, b) for q in ("actual", "estimated", "substituted", "corrected", "suspect")
				if q in rule["qualities"] for a, b in runs(r, lambda i: r.slots[i].quality == q, False)]
	if kind == "negative":
		return beyond(r, rule, lambda x: x < 0, min, Fraction, 0)
	if kind == "capacity":
		most = Fraction(rule["kw"])
		return beyond(r, rule, lambda x: Fraction(x * 60, r.minutes * 1000) > most, max, r.power, most)
	if kind == "range":
		return beyond(r, rule, lambda x: x < Fraction(rule["least"]), min, Fraction, Fraction(rule["least"])) + \
			beyond(r, rule, lambda x: x > Fraction(rule["most"]), max, Fraction, Fraction(rule["most"]))
	if kind == "step":
		return [finding(r, rule, i, i + 1, r.power(v[i] - v[i - 1]), Fraction(rule["kw"])) for i in mine
				if i > 0 and questioned(r, i) and not r.slots[i - 1].missing
				and abs(Fraction((v[i] - v[i - 1]) * 60, r.minutes * 1000)) > Fraction(rule["kw"])]
	if kind == "zero":
		return long_runs(r, rule, lambda i: questioned(r, i) and v[i] == 0, rule["minutes"], False)
	if kind == "repeated":
		usual, run = 0, 0
		for i, s in enumerate(r.slots):
			good = not s.mine and s.value != 0 and s.quality in ("actual", "corrected")
			run = 0 if not good else run + 1 if run and v[i - 1] == v[i] else 1
			usual = max(usual, run)
		least = max(rule["slots"], usual + 1)
		out, i = [], r.from_
		while i < r.until:
			j = i + 1
			while j < r.until and questioned(r, i) and questioned(r, j) and v[i] == v[j]:
				j += 1
			if questioned(r, i) and v[i] != 0 and j - i >= least:
				out.append(finding(r, rule, i, j, j - i, least))
			i = j
		return out
	if kind in ("spike", "catch_up"):
		limits, out = spike_limits(r, rule), []
		for i in mine:
			most = limits.get(r.day_of[i])
			if most is None or v[i] <= most or not questioned(r, i):
				continue
			a = i
			if kind == "catch_up":
				while a > 0 and (r.slots[a - 1].missing or questioned(r, a - 1) and v[a - 1] == 0):
					a -= 1
				if i - a < rule["slots"]:
					continue
			out.append(finding(r, rule, a, i + 1, r.power(v[i]), r.power(most)))
		return out
	if kind == "peak":
		history = [s.value for s in r.slots if not s.mine and s.quality not in ("missing", "suspect")]
		if not history:
			return unchecked(r, rule)
		most = Fraction(max(history + [0])) * (1 + Fraction(rule["over"]))
		most = most.numerator // most.denominator
		return beyond(r, rule, lambda x: x > most, max, r.power, r.power(most))
	if kind == "high_low":
		away = len(mine) if rule["against"] == "previous" else 364 * 1440 // r.minutes
		now = [v[i] for i in mine if not r.slots[i].missing]
		then = [v[i - away] for i in mine if i - away >= 0 and not r.slots[i - away].missing]
		if not now or not then or len(then) < Fraction(rule["cover"]) * len(mine):
			return unchecked(r, rule)
		a_day = lambda x: Fraction(half_up(x * (1440 // r.minutes)), 1000)	# Wh a slot -> kWh a day, three decimals
		mean = a_day(Fraction(sum(now), len(now)))
		low = a_day(Fraction(sum(then), len(then)) * Fraction(rule["low"]))
		high = a_day(Fraction(sum(then), len(then)) * Fraction(rule["high"]))
		if low <= mean <= high:
			return []
		return [finding(r, rule, r.from_, r.until, mean, low if mean < low else high)]
	if kind == "sum":
		out = []
		for register, a, b in r.registers:
			if a >= r.until or b <= r.from_:
				continue
			if a < 0 or b > len(r.slots) or any(r.slots[i].missing or i in rejected for i in range(a, b)):
				out.append(finding(r, rule, a, b, severity="unchecked"))
				continue
			total, kwh = Fraction(sum(v[a:b]), 1000), Fraction(register["kwh"])
			if abs(total - kwh) > max(Fraction(rule["kwh"]), kwh * Fraction(rule["percent"]) / 100):
				out.append(finding(r, rule, a, b, total, kwh))
		return out or ([] if any(a < r.until and b > r.from_ for _, a, b in r.registers) else unchecked(r, rule))
	if kind == "estimated":
		return long_runs(r, rule, lambda i: r.slots[i].quality in ("estimated", "substituted"), rule["days"] * 1440, True)
	if kind == "clock_change":
		out = []
		for i in mine:
			before, here = r.local(r.at(i - 1)), r.local(r.at(i))
			back = (before.utcoffset() - here.utcoffset()) // datetime.timedelta(minutes=1)
			n = back // r.minutes
			if back <= 0 or i - n < 0 or i + n > r.until or not all(questioned(r, k) for k in range(i, i + n)):
				continue
			known = not any(r.slots[k].missing for k in range(i - n, i))
			same = known and v[i:i + n] == v[i - n:i]
			lull = not any(v[i:i + n])
			around = known and min(v[i - n:i]) > 0 and i + n < len(v) and v[i + n] > 0
			if around if lull else same:
				out.append(finding(r, rule, i, i + n))
		return out
	raise ValueError(kind)


# ---- estimation

def like_days(r, rules, slots):
	"""The days that a piece of one day takes its values from."""
	target = r.day_of[slots[0]]
	times = [r.local(r.at(i)).time() for i in slots]
	found = []
	for away in range(1, rules["within_days"] + 1):
		for day in (target - datetime.timedelta(days=away), target + datetime.timedelta(days=away)):
			if len(found) == rules["days"] or day not in r.by_day:
				continue
			if rules["day_type"] == "workday" and r.rest(day) != r.rest(target):
				continue
			if rules["day_type"] == "weekday" and weekday(r, day) != weekday(r, target):
				continue
			if all((day, t) in r.clock and r.slots[r.clock[day, t]].quality in rules["sources"] for t in times):
				found.append(day)
	return found, times


def weekday(r, day):
	n = day.weekday()
	return (6 if r.rest(day) else n) if n < 5 else (n if r.rest(day) else 4)


def estimate(r, rules):
	"""(pieces, values in Wh as fractions, by slot)"""
	v = [s.value for s in r.slots]
	target = [s.quality in rules["fill"] for s in r.slots]
	source = [s.quality in rules["sources"] for s in r.slots]
	borders = {r.from_, r.until} | {x for _, a, b in r.registers for x in (a, b)}
	scale = 0
	if rules["scale"]:
		scale = max([0] + [-decimal.Decimal(g["kwh"]).normalize().as_tuple().exponent - 3 for g, _, _ in r.registers])
	unit = Fraction(1, 10 ** scale)			# Wh
	pieces, made = [], {}
	i = 0
	while i < len(v):
		a = i
		while i < len(v) and target[i]:
			i += 1
		b = i
		i += 1
		if a == b:
			continue
		left, right = a > 0 and source[a - 1], b < len(v) and source[b]
		line = (b - a) * r.minutes <= rules["linear_minutes"] and (left or right)
		piece = []
		for k in range(a, b + 1):
			# a piece ends at a border; of like days also with the day and where the clock jumps
			if piece and (k == b or k in borders or not line and (
					r.day_of[k] != r.day_of[k - 1] or r.local(r.at(k)).utcoffset() != r.local(r.at(k - 1)).utcoffset())):
				p = {"slots": piece, "days": None, "reason": None, "register": None}
				if line:
					p["method"] = "linear" if left and right else "flat"
					for s in piece:
						made[s] = v[a - 1] + half_up(Fraction((v[b] - v[a - 1]) * (s - a + 1), (b - a + 1) * unit)) * unit \
							if left and right else v[a - 1] if left else v[b]
				else:
					days, times = like_days(r, rules, piece)
					p["method"] = "like days" if len(days) >= rules["least_days"] else "none"
					p["days"] = sorted(days) if p["method"] == "like days" else None
					for s, t in zip(piece, times):
						values = sorted(v[r.clock[d, t]] for d in days)
						n = len(values)
						made[s] = 0 if p["method"] == "none" else half_up((
							Fraction(sum(values), n) if rules["average"] == "mean" else
							Fraction(values[(n - 1) // 2] + values[n // 2], 2)) / unit) * unit
				p["unscaled"] = sum(made[s] for s in piece)
				pieces.append(p)
				piece = []
			if k < b:
				piece.append(k)
	for register, a, b in r.registers if rules["scale"] else []:
		inside = [p for p in pieces if a <= p["slots"][0] < b]
		if not inside:
			continue
		unserved = any(p["method"] == "none" for p in inside)
		gone = any(r.slots[k].missing and not target[k] for k in range(max(a, 0), min(b, len(v))))
		left = Fraction(register["kwh"]) * 1000 - sum(v[k] for k in range(max(a, 0), min(b, len(v))) if not target[k])
		if a < 0 or b > len(v) or gone or (unserved and not rules["even"]):
			continue
		if left < -Fraction(rules["tolerance_kwh"]) * 1000:
			for p in inside:
				p["method"], p["days"] = "none", None
			continue
		slots = [s for p in inside for s in p["slots"]]
		weight = {s: 0 if unserved else max(made[s], 0) for s in slots}
		if not any(weight.values()):
			for p in inside:
				if left > 0 or p["method"] == "none":
					p["method"], p["days"] = "even", None
			weight = {s: 1 for s in slots}
		steps = max(left, 0) / unit
		share = {s: Fraction(steps * weight[s]) / sum(weight.values()) for s in slots}
		whole = {s: x.numerator // x.denominator for s, x in share.items()}
		over = int(steps) - sum(whole.values())
		for s in sorted(slots, key=lambda s: (whole[s] - share[s], s))[:over]:
			whole[s] += 1
		for s in slots:
			made[s] = whole[s] * unit
		for p in inside:
			p["register"] = (r.at(a), r.at(b))
	mine = [p for p in pieces if r.from_ <= p["slots"][0] < r.until]
	values = {s: made[s] for p in mine if p["method"] != "none" for s in p["slots"]}
	return [(r.at(p["slots"][0]), r.at(p["slots"][-1] + 1), len(p["slots"]), p["method"],
			 None if p["method"] == "none" else Fraction(sum(made[s] for s in p["slots"])) / 1000,
			 None if p["method"] == "none" else Fraction(p["unscaled"]) / 1000,
			 p["days"], p["register"]) for p in mine], values


# ---- cases

def load():
	"""A year of quarter-hours in Wh."""
	with open(os.path.join(HERE, "../golden/loads/ssc_residential_load_15min.csv")) as file:
		next(file)
		return [round(float(line) * 250) for line in file]


def spoil(rng, rows, slot):
	for _ in range(rng.randrange(8)):
		i = rng.randrange(len(rows))
		n = min(rng.choice([1, 1, 2, 4, 8, 9, 24, 48, 96, 200]), len(rows) - i)
		kind = rng.randrange(7)
		for k in range(i, i + n):
			value, quality = rows[k]
			rows[k] = [(0, "missing"), (0, quality), (rows[i][0], quality), (value, rng.choice(["estimated", "suspect"])),
					   (value, "corrected"), (value, quality), (-value, quality) if k == i else (value, quality)][kind]
		if kind in (1, 5) and rows[i + n - 1][1] != "missing":
			rows[i + n - 1] = (rng.randrange(200, 20000), rows[i + n - 1][1])
	return rows


def random_rules(rng):
	rules = []
	for kind in rng.sample(["gap", "quality", "negative", "capacity", "range", "step", "zero", "repeated", "spike", "catch_up",
							"peak", "high_low", "sum", "estimated", "clock_change"], 6):
		rule = {"rule": kind, "severity": rng.choice(["reject", "suspect", "notice"])}
		if rng.random() < 0.3:
			rule["name"] = "规则 " + kind
		number = lambda *choice: rng.choice(choice)
		rule.update({"gap": {"minutes": number(0, 60, 300)}, "quality": {"qualities": ["suspect"]},
					 "capacity": {"kw": number("2.5", "5.125")}, "range": {"least": number("-10.5", "20"), "most": number("900", "1500.25")},
					 "step": {"kw": number("1.5", "3")}, "zero": {"minutes": number(60, 240)}, "repeated": {"slots": number(2, 4, 8)},
					 "spike": {"over": number("0.5", "1.8", "3"), "days": number(1, 3, 7, 8), "least_kw": number("0", "1")},
					 "catch_up": {"over": "0.2", "days": number(1, 7), "least_kw": "1", "slots": number(2, 4)},
					 "peak": {"over": number("0", "0.25")}, "estimated": {"days": 1},
					 "high_low": {"low": "0.9", "high": "1.1", "cover": number("0.5", "0.9"), "against": number("previous", "year")},
					 "sum": {"kwh": number("0", "1"), "percent": number("0", "0.5")}}.get(kind, {}))
		rules.append(rule)
	return rules


def random_case(rng, year):
	slot = rng.choice([15, 30, 60])
	wide = slot // 15
	values = [sum(year[i:i + wide]) for i in range(0, len(year), wide)]
	zone = rng.choice(ZONES)
	midnight = datetime.datetime.combine(datetime.date(2026, 1, 1) + datetime.timedelta(days=rng.randrange(330)), datetime.time(),
										 zoneinfo.ZoneInfo(zone)).astimezone(UTC)
	start = midnight + datetime.timedelta(minutes=slot * rng.choice([0, 0, 5]))
	length = rng.randrange(1, 40 * 1440 // slot)
	at = rng.randrange(len(values))
	part = lambda first, n: [(values[(at + first + i) % len(values)], "actual") for i in range(n)]
	case = {"slot": slot, "zone": zone, "market": None, "history": None, "registers": None,
			"profile": {"start": start, "rows": spoil(rng, part(0, length), slot)}, "rules": random_rules(rng)}
	step = datetime.timedelta(minutes=slot)
	if rng.random() < 0.7:
		first = -rng.randrange(60 * 1440 // slot) - (364 * 1440 // slot if rng.random() < 0.2 else 0)
		n = rng.randrange(1, length + 100 * 1440 // slot) if first > -364 * 1440 // slot else 60 * 1440 // slot
		case["history"] = {"start": start + first * step, "rows": spoil(rng, part(first, n), slot)}
	if rng.random() < 0.3:
		day = lambda: (start.date() + datetime.timedelta(days=rng.randrange(-20, 60))).isoformat()
		holidays = {day() for _ in range(4)}
		case["market"] = {"calendar": {"holidays": sorted(holidays), "workdays": sorted({day() for _ in range(4)} - holidays)}}
	if rng.random() < 0.7:
		edges = sorted({rng.randrange(-20, length + 20) for _ in range(rng.randrange(2, 5))})
		case["registers"] = []
		for a, b in zip(edges, edges[1:]):
			# as much as flowed, more or less, in steps of the register
			kwh = sum(values[(at + k) % len(values)] for k in range(a, b)) * rng.choice([0.9, 1, 1, 1.05]) / 1000
			case["registers"].append({"from": (start + a * step).isoformat(), "until": (start + b * step).isoformat(),
									  "kwh": f"{kwh:.{rng.choice([0, 1, 3, 4])}f}"})
	case["estimation"] = {"linear_minutes": rng.choice([0, 120, 600]), "days": rng.choice([1, 4, 10]),
						  "least_days": 1, "within_days": rng.choice([5, 62]), "day_type": rng.choice(["workday", "weekday", "any"]),
						  "average": rng.choice(["mean", "mean", "median"]), "scale": rng.random() < 0.9, "even": rng.random() < 0.3,
						  "tolerance_kwh": rng.choice(["0", "0.5"]), "sources": ["actual", "corrected"],
						  "fill": rng.choice([["missing"], ["missing", "suspect"], ["missing", "estimated"]])}
	return case


# ---- the server

def profile_sql(case, name):
	if not case[name]:
		return "NULL"
	rows = case[name]["rows"]
	values = ",".join("NULL" if q == "missing" else str(v) for v, q in rows)
	qualities = ",".join(q for _, q in rows)
	return (f"billing.profile('{case[name]['start'].isoformat()}', interval '{case['slot']} minutes', '{{{values}}}'::bigint[], "
			f"'Wh', '{case['zone']}', '{{{qualities}}}')")


def case_sql(case):
	arguments = lambda rules: (f"{profile_sql(case, 'profile')}, {server.as_json(rules)}, {profile_sql(case, 'history')}, "
							   f"{server.as_json(case['registers']) if case['registers'] else 'NULL'}, "
							   + (f"{server.as_json(case['market'])}::jsonb::billing.market" if case["market"] else "NULL"))
	return f"""SELECT json_build_object(
 'validate', (SELECT json_agg(json_build_array(rule, severity, from_at, until_at, slots, measured::text, bound::text))
	FROM billing.validate({arguments(case['rules'])})),
 'validated', (SELECT json_agg(quality ORDER BY at) FROM billing.slots(billing.validated({arguments(case['rules'])}))),
 'estimation', (SELECT json_agg(json_build_array(from_at, until_at, slots, method, energy_kwh::text, unscaled_kwh::text, like_days,
	lower(register_during), upper(register_during))) FROM billing.estimation({arguments(case['estimation'])})),
 'estimate', (SELECT json_agg(json_build_array(value::text, quality) ORDER BY at)
	FROM billing.slots(billing.estimate({arguments(case['estimation'])}))));"""


def moment(text):
	return None if text is None else datetime.datetime.fromisoformat(text).astimezone(UTC)


def number(text):
	return None if text is None else Fraction(text)


def expected_of(case):
	r = Readings(case)
	# sums leave out what other rules reject
	rejected = {i for rule in case["rules"] if rule["rule"] != "sum" for f in check(r, rule) if f[1] == "reject"
				for i in range(r.from_, r.until) if f[2] <= r.at(i) < f[3]}
	found = [f for rule in case["rules"] for f in sorted(check(r, rule, rejected), key=lambda f: f[2] if rule["rule"] not in ("range",) else r.at(0))]
	marks = {}
	for f in found:
		for i in range(r.from_, r.until):
			if f[2] <= r.at(i) < f[3] and f[1] in ("reject", "suspect"):
				marks[i] = "reject" if "reject" in (marks.get(i), f[1]) else "suspect"
	validated = ["missing" if marks.get(i) == "reject" else "suspect" if marks.get(i) and r.slots[i].quality == "actual"
				 else r.slots[i].quality for i in range(r.from_, r.until)]
	pieces, values = estimate(r, case["estimation"])
	estimated = [(Fraction(values[i]), "estimated") if i in values else
				 (None if r.slots[i].missing else Fraction(r.slots[i].value), r.slots[i].quality) for i in range(r.from_, r.until)]
	return {"validate": found, "validated": validated, "estimation": pieces, "estimate": estimated}


def answer_of(text):
	a = json.loads(text)
	return {"validate": [(n, s, moment(f), moment(u), k, number(m), number(b)) for n, s, f, u, k, m, b in a["validate"] or []],
			"validated": a["validated"],
			"estimation": [(moment(f), moment(u), k, m, number(e), number(x), d and [datetime.date.fromisoformat(y) for y in d],
							(moment(lo), moment(hi)) if lo else None) for f, u, k, m, e, x, d, lo, hi in a["estimation"] or []],
			"estimate": [(number(v), q) for v, q in a["estimate"]]}


def difference(expected, answer):
	for name in expected:
		if expected[name] == answer[name]:
			continue
		for i, (e, a) in enumerate(zip(expected[name], answer[name])):
			if e != a:
				return f"{name}[{i}]: expected {show(e)}, got {show(a)}"
		return f"{name}: expected {len(expected[name])} rows, got {len(answer[name])}"
	return None


def show(x):
	if isinstance(x, (tuple, list)):
		return "(" + ", ".join(show(e) for e in x) + ")"
	return str(x)


def main():
	if not server.ready():
		print("1..0 # SKIP " + server.SKIP)
		return
	rounds = int(os.environ.get("ROUNDS") or (5000 if os.environ.get("SOAK") else 100))
	seed = int(os.environ.get("SEED") or 1)
	year = load()
	counts = {}
	wrong = 0
	for first in range(seed, seed + rounds, 25):
		seeds = range(first, min(first + 25, seed + rounds))
		cases = [random_case(random.Random(s), year) for s in seeds]
		out = server.psql("SET TimeZone = 'UTC';" + "\\echo next case\n".join(case_sql(c) for c in cases)).split("next case\n")
		for s, case, text in zip(seeds, cases, out):
			try:
				expected = expected_of(case)
				told = difference(expected, answer_of(text))
				for f in expected["validate"]:
					counts[f[0].split()[-1]] = counts.get(f[0].split()[-1], 0) + (f[1] != "unchecked")
				for p in expected["estimation"]:
					counts[p[3]] = counts.get(p[3], 0) + 1
					counts["scaled"] = counts.get("scaled", 0) + (p[7] is not None)
			except (ValueError, json.JSONDecodeError) as problem:
				told = f"{problem}: {text[:400]}"
			if told:
				wrong += 1
				if wrong <= 10:
					print(f"# SEED={s} ROUNDS=1: {told}")
	print(f"# {rounds} cases; " + ", ".join(f"{n} {k}" for k, n in sorted(counts.items())))
	print(f"{'not ' if wrong else ''}ok 1 - validation and estimation as plain loops have them")
	seen = [k for k in ("gap", "negative", "capacity", "range", "step", "zero", "repeated", "spike", "catch_up", "peak", "high_low",
						"sum", "linear", "flat", "like days", "even", "none", "scaled") if counts.get(k, 0) == 0]
	print(f"{'not ' if seen and rounds >= 100 else ''}ok 2 - every kind of finding and method occurred" + (f": not {seen}" if seen else ""))
	print("1..2")


if __name__ == "__main__":
	main()

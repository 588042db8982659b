"""A slow, plain rater, written from doc/tariff.md and from nothing else.

It exists to disagree: what it says and what the C says are compared on
worked bills and on random tariffs.  Everything is an exact fraction; nothing
is clever.  Standard library only.

    rate(tariff, usage, during, terms, market, carry)
        -> {"lines": [...], "total": "12.34", "carry": {...}}

JSON is best read with parse_float=str, so that no decimal becomes a float.
"""

import datetime
import functools
import json
import math
from fractions import Fraction
from zoneinfo import ZoneInfo

ONE_DAY = datetime.timedelta(days=1)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
LINE_ORDER = ["sharp", "peak", "shoulder", "flat", "valley", "deep_valley"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
SPLIT_STEP = Fraction(1, 10**6)		# of energy, where no rounding is named
AMOUNT_STEP = Fraction(1, 10**10)	# of amounts that no rule rounds
EXACT_STEP = Fraction(1, 10**20)	# of amounts that are added up before they are rounded
SUM_STEP = Fraction(1, 10**16)		# of the sum

# The 1983 tables: percent at and above a factor, then so much more for each 0.01.
PF_1983 = {
	"0.90": {"best": "-0.75", "at": "0.95", "rise": [
		{"to": "0.90", "by": "0.15"}, {"to": "0.70", "by": "0.5"}, {"to": "0.65", "by": "1"}, {"by": "2"}]},
	"0.85": {"best": "-1.10", "at": "0.94", "rise": [
		{"to": "0.90", "by": "0.15"}, {"to": "0.85", "by": "0.10"}, {"to": "0.65", "by": "0.5"},
		{"to": "0.60", "by": "1"}, {"by": "2"}]},
	"0.80": {"best": "-1.30", "at": "0.92", "rise": [
		{"to": "0.90", "by": "0.15"}, {"to": "0.80", "by": "0.10"}, {"to": "0.60", "by": "0.5"},
		{"to": "0.55", "by": "1"}, {"by": "2"}]},
}


class RatingError(Exception):
	pass


# ---- numbers ----

def dec(x):
	if isinstance(x, bool) or x is None:
		raise RatingError(f"not a number: {x!r}")
	try:
		return Fraction(str(x))
	except ValueError:
		raise RatingError(f"not a number: {x!r}")


@functools.lru_cache(100000)
def energy(value, scale):
	"""kWh of a profile's value; the same few come again and again."""
	return dec(value) * Fraction(10) ** scale / 1000


def exact_sum(values):
	"""The same as sum(), without bringing each sum to its lowest terms."""
	values = list(values)
	whole = math.lcm(*{v.denominator for v in values})
	return Fraction(sum(v.numerator * (whole // v.denominator) for v in values), whole)


def text(x, places=10):
	"""Decimal text without trailing zeros; rounds half-up what is not finite."""
	x = Fraction(x)
	scale = 0
	while scale <= 40 and (x * 10**scale).denominator != 1:
		scale += 1
	if scale > 40:
		x = round_to(x, Fraction(1, 10**places), "half_up")
		return text(x)
	n = x * 10**scale
	sign = "-" if n < 0 else ""
	digits = str(abs(n.numerator)).rjust(scale + 1, "0")
	return sign + (digits[:-scale] + "." + digits[-scale:] if scale else digits)


def is_decimal(x):
	return 10**40 % Fraction(x).denominator == 0


def round_to(x, step, mode):
	q = Fraction(x) / step
	floor = math.floor(q)
	rest = q - floor
	if rest == 0:
		n = floor
	elif mode == "floor":
		n = floor
	elif mode == "ceiling":
		n = floor + 1
	elif mode == "down":
		n = floor if q > 0 else floor + 1
	elif mode == "up":
		n = floor + 1 if q > 0 else floor
	elif rest != Fraction(1, 2):
		n = floor + (rest > Fraction(1, 2))
	elif mode == "half_up":
		n = floor + 1 if q > 0 else floor
	elif mode == "half_down":
		n = floor if q > 0 else floor + 1
	elif mode == "half_even":
		n = floor + floor % 2
	else:
		raise RatingError(f"rounding mode {mode}")
	return n * step


def rounding_of(*documents):
	"""Members of later documents replace those of earlier ones."""
	rules = {}
	for document in documents:
		if not document:
			continue
		mode = document.get("mode", "half_up")
		for member, value in document.items():
			if member == "mode":
				continue
			if isinstance(value, dict):
				carry = value.get("carry", False)
				step = dec(value["step"]) if "step" in value else Fraction(10) ** -int(value["places"])
				rules[member] = (step, value.get("mode", mode), carry)
			else:
				rules[member] = (Fraction(10) ** -int(value), mode, False)
	return rules


def exact_amount(x):
	return round_to(x, EXACT_STEP, "half_up")


def exact_total(amounts):
	"""Of amounts that are not rounded: the thirds of a decimal add up to it again."""
	return round_to(sum(map(exact_amount, amounts), Fraction(0)), SUM_STEP, "half_up")


def as_measured(kw):
	"""A mean power that no decimal of 12 places says is in whole millionths."""
	return kw if (kw * 10**12).denominator == 1 else round_to(kw, SPLIT_STEP, "half_up")


def rounded(x, rule):
	return round_to(x, rule[0], rule[1]) if rule else Fraction(x)


def share_out(total, weights, step, rest=None):
	"""Whole steps by largest remainder; what is less than a step goes to the part named, or to the largest weight."""
	total = Fraction(total)
	weight_sum = sum(weights, Fraction(0))
	if weight_sum == 0:
		weights = [Fraction(1)] + [Fraction(0)] * (len(weights) - 1)
		weight_sum = Fraction(1)
	whole = math.floor(total / step) * step
	exact = [whole * w / weight_sum for w in weights]
	shares = [math.floor(e / step) * step for e in exact]
	order = sorted(range(len(exact)), key=lambda i: (-(exact[i] - shares[i]), i))
	for i in order[:int((whole - sum(shares)) / step)]:
		shares[i] += step
	if rest is None:
		rest = max(range(len(weights)), key=lambda i: (weights[i], -i))
	shares[rest] += total - whole
	return shares


def share_rounded(total, exact, step):
	"""Parts that share their rounded sum: each down to a step, the steps left to the largest remainders."""
	shares = [math.floor(e / step) * step for e in exact]
	left = total - sum(shares, Fraction(0))
	order = sorted(range(len(exact)), key=lambda i: (-(exact[i] - shares[i]), i))
	k = 0
	while left > 0:
		give = min(step, left)
		shares[order[k % len(order)]] += give
		left -= give
		k += 1
	while left < 0:
		shares[order[-1 - k % len(order)]] -= step
		left += step
		k += 1
	return shares


# ---- dates ----

def day(x):
	return x if isinstance(x, datetime.date) else datetime.date.fromisoformat(str(x))


def days_in_month(d):
	return (add_months(d.replace(day=1), 1) - d.replace(day=1)).days


def add_months(d, n):
	m = d.year * 12 + d.month - 1 + n
	year, month = divmod(m, 12)
	last = (datetime.date(year + (month == 11), (month + 1) % 12 + 1, 1) - ONE_DAY).day
	return datetime.date(year, month + 1, min(d.day, last))


def calendar_months(d0, d1):
	"""Days in the span over days of the month, summed over the months touched."""
	total = Fraction(0)
	while d0 < d1:
		end = min(d1, add_months(d0.replace(day=1), 1))
		total += Fraction((end - d0).days, days_in_month(d0))
		d0 = end
	return total


def calendar_years(d0, d1):
	total = Fraction(0)
	while d0 < d1:
		end = min(d1, datetime.date(d0.year + 1, 1, 1))
		total += Fraction((end - d0).days, (datetime.date(d0.year + 1, 1, 1) - datetime.date(d0.year, 1, 1)).days)
		d0 = end
	return total


def minute_of(hhmm):
	hours, minutes = str(hhmm).split(":")
	return int(hours) * 60 + int(minutes)


def is_date(x):
	return len(str(x)) == 10


# ---- the rater ----

class Price:
	"""A price found: its value, and whether it was built (multiplied, summed, percent)."""

	def __init__(self, value, built=False):
		self.value = value
		self.built = built


class Rater:
	def __init__(self, tariff, usage, during, terms, market, carry):
		self.tariff = tariff
		self.usage = usage.get("parts", {})
		self.from_, self.until = day(during[0]), day(during[1])
		if self.from_ >= self.until:
			raise RatingError("empty span")
		self.days = (self.until - self.from_).days
		self.market = market or {}
		self.old_carry = carry or {}
		if any(dec(e["kw"]) < 0 for e in self.old_carry.get("demand", [])):
			raise RatingError("a demand below zero in the carry")
		self.zone = ZoneInfo(tariff["time_zone"])
		self.charges = tariff["charges"]
		valid = tariff.get("valid", {})
		if "from" in valid and self.from_ < day(valid["from"]) or "until" in valid and self.until > day(valid["until"]):
			raise RatingError("outside the tariff's validity")
		self.day_starts = {}
		self.patterns = {}
		self.events = {}
		self.seasons = {}
		self.says_holiday = '"holiday"' in json.dumps(
			[tariff.get("periods"), tariff.get("schedules")], default=str)
		if self.says_holiday and "calendar" not in self.market:
			raise RatingError("the tariff says holiday, but no calendar is given")
		calendar = self.market.get("calendar", {})
		self.holidays = {day(d) for d in calendar.get("holidays", [])}
		for year in range(self.from_.year, (self.until - ONE_DAY).year + 1):
			if self.says_holiday and self.holidays and year not in {d.year for d in self.holidays}:
				raise RatingError(f"the calendar has no holidays of {year}")
		self.workdays = {day(d) for d in calendar.get("workdays", [])}
		self.read_terms(terms or {})
		self.cut()
		self.cell_cache = {}
		self.slot_cache = {}
		self.sorted_slots = {}
		self.lines = []
		self.counted = {}
		self.new_counters = {}
		self.new_demands = []
		self.billed = {c["code"]: {} for c in self.tariff["charges"] if "demand" in c}
		self.new_banks = {}
		self.dropped_banks = set()
		self.open_banks()

	# ---- terms ----

	def read_terms(self, terms):
		self.terms = {}
		for name, declared in self.tariff.get("terms", {}).items():
			if "default" in declared:
				self.terms[name] = [(datetime.date.min, declared["default"])]
		for name, value in terms.items():
			if isinstance(value, list):
				steps = [(day(s["from"]), s["value"]) for s in value]
				if steps[0][0] > self.from_:
					raise RatingError(f"term {name} begins after the span")
				self.terms[name] = steps
			else:
				self.terms[name] = [(datetime.date.min, value)]
			one_of = self.tariff.get("terms", {}).get(name, {}).get("one_of")
			if one_of:
				for _, v in self.terms[name]:
					if not any(same(v, w) for w in one_of):
						raise RatingError(f"term {name} is {v}")

	def term(self, name, at):
		if name not in self.terms:
			raise RatingError(f"term {name} is missing")
		value = None
		for from_, v in self.terms[name]:
			if from_ <= at:
				value = v
		return value

	def quantity(self, name, at):
		"""A term of what can be none, but not less."""
		value = dec(self.term(name, at))
		if value < 0:
			raise RatingError(f"term {name} is below zero")
		return value

	# ---- where the span is cut ----

	def walk_price(self, price, found):
		"""Collects cut dates and terms of a price."""
		if not isinstance(price, dict):
			return
		if "versions" in price:
			for v in price["versions"]:
				if "from" in v:
					found["dates"].add(day(v["from"]))
				self.walk_price(v["price"], found)
		elif "component" in price:
			self.walk_price(self.component(price["component"])["price"], found)
		elif "components" in price:
			for name in price["components"]:
				self.walk_price(self.component(name)["price"], found)
		elif "published" in price:
			for v in self.market.get("prices", {}).get(price["published"], []):
				found["dates"].add(day(v["from"]))
		elif "series" in price:
			pass
		elif "term" in price:
			found["terms"].add(price["term"])
		elif "base" in price:
			self.walk_price(price["base"], found)
		else:
			for p in price.values():
				self.walk_price(p, found)

	def cut(self):
		found = {"dates": set(), "terms": set()}
		hard = set()
		for c in self.charges:
			for key in ("price", "of_which"):
				self.walk_price(c.get(key), found)
			steps = c.get("steps", [])
			for step_list in steps.values() if isinstance(steps, dict) else [steps]:
				for s in step_list:
					for key in ("price", "add", "flat"):
						self.walk_price(s.get(key), found)
			for key in ("capacity", "times"):
				if isinstance(c.get(key), str):
					found["terms"].add(c[key])
			if "steps" in c and "demand" not in c and "of" in c and not any(o["code"] == c["of"] for o in self.charges if "demand" in o):
				found["terms"].add(c["of"])
			for key in ("percent", "minimum", "maximum"):
				if key in c:
					before = dict(found, dates=set())
					self.walk_price(c[key], before)
					found["dates"] |= before["dates"]
					hard |= before["dates"]
					if c.get("per") == "year":
						found["terms"].add("service_until")
						hard |= {self.year_end(self.from_), self.year_end(self.year_end(self.from_))}
			demand = c.get("demand", {})
			if "contract" in demand:
				found["terms"].add(demand["contract"])
			if isinstance(demand.get("at_least"), dict):
				found["terms"].add(demand["at_least"]["of"])
			if "actual" in demand.get("power_factor", {}):
				found["terms"].add(demand["power_factor"]["actual"])
			if "discount" in c:
				found["terms"].add(c["discount"]["kwh_per"])
			if isinstance(c.get("true_up"), dict):
				found["terms"].add(c["true_up"]["term"])
			standard = c.get("power_factor", {}).get("standard")
			if isinstance(standard, dict):
				found["terms"].add(standard["term"])
			found["terms"] |= {a[key] for a in c.get("allowance", []) for key in ("since", "until") if key in a}
			for condition in [c.get("when", {})] + [a.get("when", {}) for a in c.get("allowance", [])]:
				found["terms"] |= {name for name in condition if not name.startswith("usage.")}
			edges = {day(c[key]) for key in ("from", "until") if key in c}
			d = add_months(self.from_.replace(day=1), 1)
			while "months" in c and d < self.until:
				if (d.month in c["months"]) != ((d - ONE_DAY).month in c["months"]):
					edges.add(d)
				d = add_months(d, 1)
			found["dates"] |= edges
			if any(k in c for k in ("percent", "power_factor", "minimum", "maximum", "use", "pay_out")):
				hard |= edges
			if c.get("month") == "each":
				d = add_months(self.from_.replace(day=1), 1)
				while d < self.until:
					found["dates"].add(d)
					d = add_months(d, 1)
			if "year" in (c.get("per"), c.get("first", {}).get("per")):
				found["dates"] |= {self.year_start(self.from_), self.year_end(self.from_), self.year_end(self.until)}
		for p in self.tariff.get("parts", {}).values():
			if isinstance(p["share"], dict):
				found["terms"].add(p["share"]["term"])
		money_seasons = self.by_season([c.get(key) for c in self.charges for key in ("percent", "minimum", "maximum")])
		if self.seasonal():
			d = self.from_ + ONE_DAY
			while d < self.until:
				if self.season(d) != self.season(d - ONE_DAY):
					found["dates"].add(d)
					if money_seasons:
						hard.add(d)
				d += ONE_DAY
		for name in found["terms"]:
			steps = self.terms.get(name, [])
			for (_, a), (at, b) in zip(steps, steps[1:]):
				if not same(a, b):
					hard.add(at)
		inside = lambda d: self.from_ < d < self.until
		hard = {d for d in hard if inside(d)}
		edges = sorted({self.from_, self.until} | hard | {d for d in found["dates"] if inside(d)})
		self.atoms = []
		piece = 0
		for a, b in zip(edges, edges[1:]):
			piece += a in hard
			self.atoms.append(Atom(len(self.atoms), a, b, piece))
		self.pieces = piece + 1

	def seasonal(self):
		"""Whether a price, a list of steps or a count goes by season."""
		return self.by_season([self.charges, self.tariff.get("components", {})]) or any(c.get("per") == "season" for c in self.charges)

	def by_season(self, x):
		names = set(self.tariff.get("seasons", {}))
		if isinstance(x, list):
			return any(self.by_season(v) for v in x)
		if not names or not isinstance(x, dict) or not x:
			return False
		named = [x["component"]] if "component" in x else x.get("components", [])
		named = [self.tariff["components"][n] for n in named if isinstance(n, str) and n in self.tariff.get("components", {})]
		return set(x) == names or any(self.by_season(v) for v in list(x.values()) + named)

	def piece_span(self, piece):
		atoms = [a for a in self.atoms if a.piece == piece]
		return atoms[0].d0, atoms[-1].d1

	def year_start(self, d):
		month, dom = map(int, self.tariff.get("year_start", "01-01").split("-"))
		start = datetime.date(d.year, month, dom)
		return start if start <= d else datetime.date(d.year - 1, month, dom)

	def year_end(self, d):
		return add_months(self.year_start(d), 12)

	# ---- seasons and periods ----

	def season(self, d):
		if d not in self.seasons:
			self.seasons[d] = self.season_of(d)
		return self.seasons[d]

	def season_of(self, d):
		fallback = None
		for name, rule in self.tariff.get("seasons", {}).items():
			if rule == "else":
				fallback = name
				continue
			for r in rule if isinstance(rule, list) else [rule]:
				if "months" in r:
					if d.month in r["months"]:
						return name
				else:
					md = f"{d.month:02}-{d.day:02}"
					a, b = r["from"], r["until"]
					if a <= md < b if a < b else md >= a or md < b:
						return name
		return fallback

	def season_start(self, d):
		while self.season(d - ONE_DAY) == self.season(d):
			d -= ONE_DAY
		return d

	def schedule(self, charge):
		if "schedule" in charge:
			return charge["schedule"], self.tariff["schedules"][charge["schedule"]]
		return "", self.tariff.get("periods")

	def period_names(self, charge):
		"""In line order; [None] where there is one unnamed period."""
		_, periods = self.schedule(charge)
		if not periods:
			return [None]
		return sorted(periods, key=lambda p: (LINE_ORDER.index(p) if p in LINE_ORDER else 99, p))

	def day_is(self, d, word):
		holiday = d in self.holidays and self.says_holiday
		if word == "holiday":
			return d in self.holidays
		if word in WEEKDAYS:
			return d.weekday() == WEEKDAYS.index(word)
		swapped = d in self.workdays and self.says_holiday
		if word == "weekday":
			return (d.weekday() < 5 or swapped) and not holiday
		return d.weekday() >= 5 and not swapped and not holiday

	def window_holds(self, w, d):
		if "months" in w and d.month not in w["months"]:
			return False
		if "season" in w and self.season(d) not in (w["season"] if isinstance(w["season"], list) else [w["season"]]):
			return False
		days = w.get("days")
		if days is not None:
			days = days if isinstance(days, list) else [days]
			if not any(self.day_is(d, word) for word in days):
				return False
		return True

	@staticmethod
	def window_minutes(w):
		a, b = minute_of(w.get("from", "00:00")), minute_of(w.get("to", "24:00"))
		if a < b:
			return range(a, b)
		return list(range(0, b)) + list(range(a, 1440))

	def pattern(self, name, periods, d):
		"""The period of each wall-clock minute of a day, events aside."""
		key = (name,) + tuple(self.window_holds(w, d) for ws in periods.values() if ws != "else" for w in ws)
		if key not in self.patterns:
			fallback = next((p for p, ws in periods.items() if ws == "else"), None)
			minutes = [fallback] * 1440
			taken = [None] * 1440
			for p, windows in periods.items():
				if windows == "else":
					continue
				for w in windows:
					if "event" in w or not self.window_holds(w, d):
						continue
					for m in self.window_minutes(w):
						if taken[m] not in (None, p):
							raise RatingError(f"periods {taken[m]} and {p} overlap on {d}")
						taken[m] = minutes[m] = p
			self.patterns[key] = minutes
		return self.patterns[key]

	def event_spans(self, name):
		"""[(from, until)] of an event in UTC minutes; dates are whole local days."""
		if name not in self.events:
			minute = lambda x: self.day_start(day(x)) if is_date(x) else utc_minute(x)
			self.events[name] = [(minute(e["from"]), minute(e["until"])) for e in self.market.get("events", {}).get(name, [])]
		return self.events[name]

	def event_windows(self, periods, order):
		found = []
		for p in order:
			for w in periods[p] if periods[p] != "else" else []:
				if "event" in w:
					if w["event"] not in self.market.get("events", {}):
						raise RatingError(f"no events {w['event']}")
					found.append((p, w, set(self.window_minutes(w))))
		return found

	def period_by_minute(self, charge):
		"""For each day: the period of each elapsed minute."""
		name, periods = self.schedule(charge)
		order = self.period_names(charge)
		if not periods:
			return lambda d: None
		events = self.event_windows(periods, order)
		cache = {}

		def minutes_of(d):
			if d not in cache:
				start, end = self.day_start(d), self.day_start(d + ONE_DAY)
				wall = self.wall_minutes(d)
				pattern = self.pattern(name, periods, d)
				result = list(pattern) if end - start == 1440 else [pattern[wall[i]] for i in range(end - start)]
				for p, w, minutes in reversed(events):
					for a, b in self.event_spans(w["event"]) if self.window_holds(w, d) else []:
						for i in range(max(a - start, 0), min(b, end) - start):
							if wall[i] in minutes:
								result[i] = p
				if None in result:
					raise RatingError(f"some hour of {d} has no period")
				cache[d] = result
			return cache[d]
		return minutes_of

	def day_start(self, d):
		"""The UTC minute at which a local day begins."""
		if d not in self.day_starts:
			t = datetime.datetime(d.year, d.month, d.day, tzinfo=self.zone)
			self.day_starts[d] = int(t.timestamp()) // 60
		return self.day_starts[d]

	def wall_minutes(self, d):
		start, end = self.day_start(d), self.day_start(d + ONE_DAY)
		if end - start == 1440:
			return range(1440)
		wall = []
		for m in range(start, end):
			t = (EPOCH + datetime.timedelta(minutes=m)).astimezone(self.zone)
			wall.append(t.hour * 60 + t.minute)
		return wall

	# ---- usage ----

	def channel(self, part, channel):
		"""("profile", …), ("registers", […]) or None, as `bills` says."""
		if isinstance(channel, tuple):
			return self.netted(part, channel)
		p = self.usage.get(part, {})
		profile = p.get(channel)
		registers = [r for r in p.get("registers", []) if r["channel"] == channel]
		if profile and registers:
			bills = self.tariff.get("bills")
			if not bills:
				raise RatingError(f"{part}: {channel} has a profile and registers")
			return ("profile", profile) if bills == "profile" else ("registers", registers)
		if profile:
			return "profile", profile
		if registers:
			return "registers", registers
		return None

	def profile_slots(self, part, channel):
		"""[(UTC minute, minutes, day, kWh or None)] over exactly the billed span."""
		key = (part, channel)
		if key in self.slot_cache:
			return self.slot_cache[key]
		if isinstance(channel, tuple):
			self.slot_cache[key] = self.net_slots(part, channel)
			return self.slot_cache[key]
		profile = self.channel(part, channel)[1]
		length = profile["slot_minutes"]
		scale = int(profile.get("scale", 0))
		start = utc_minute(profile["start"])
		values = profile["values"]
		begin, end = self.day_start(self.from_), self.day_start(self.until)
		if (begin - start) % length:
			raise RatingError("slots do not begin with the billed span")
		slots = []
		d, next_day = self.from_, self.day_start(self.from_ + ONE_DAY)
		at = begin
		while at < end:
			while at >= next_day:
				d += ONE_DAY
				next_day = self.day_start(d + ONE_DAY)
			if at + length > next_day:
				raise RatingError(f"a slot straddles the end of {d}")
			i = (at - start) // length
			value = values[i] if 0 <= i < len(values) else None
			if value is None and self.tariff.get("missing", "error") == "error":
				raise RatingError(f"{part}: {channel} has a gap")
			if value is not None and energy(value, scale) < 0 and channel not in ("export", "generation"):
				raise RatingError(f"{part}: {channel} is below zero")
			slots.append((at, length, d, None if value is None else energy(value, scale)))
			at += length
		self.slot_cache[key] = slots
		return slots

	def slots(self, charge, part, channel):
		"""[(UTC minute, minutes, atom, period, kWh or None)]"""
		key = (self.schedule(charge)[0], part, channel)
		if key not in self.sorted_slots:
			self.sorted_slots[key] = self.sort_slots(charge, part, channel)
		return self.sorted_slots[key]

	def sort_slots(self, charge, part, channel):
		minutes_of = self.period_by_minute(charge)
		_, periods = self.schedule(charge)
		result = []
		atom_of = {}
		for a in self.atoms:
			d = a.d0
			while d < a.d1:
				atom_of[d] = a
				d += ONE_DAY
		for at, length, d, kwh in self.profile_slots(part, channel):
			period = None
			if periods:
				first = at - self.day_start(d)
				names = set(minutes_of(d)[first:first + length])
				if len(names) > 1:
					raise RatingError(f"a slot of {d} straddles two periods")
				period = names.pop()
			result.append((at, length, atom_of[d], period, kwh))
		return result

	def usage_cells(self, charge, part, channel):
		"""{(atom, period): kWh} as metered."""
		names = self.period_names(charge)
		cells = {(a.i, p): Fraction(0) for a in self.atoms for p in names}
		source = self.channel(part, channel)
		if source is None:
			return cells
		if source[0] == "profile":
			found = {k: [] for k in cells}
			for _, _, atom, period, kwh in self.slots(charge, part, channel):
				found[atom.i, period].append(kwh or Fraction(0))
			return {k: exact_sum(v) for k, v in found.items()}
		for r in source[1]:
			if not self.inside(r):
				continue
			period = r.get("period")
			if names == [None] or period is None and len(names) == 1:
				period = names[0]
			elif period not in names:
				if self.needs_periods(charge):
					raise RatingError(f"a register of period {period}; the charge has {names}")
				period = names[0]
			d0, d1 = day(r.get("from", self.from_)), day(r.get("until", self.until))
			if d0 < self.from_ or d1 > self.until:
				raise RatingError("a register reaches out of the billed span")
			atoms = [a for a in self.atoms if a.d0 < d1 and a.d1 > d0]
			weights = [Fraction((min(a.d1, d1) - max(a.d0, d0)).days) for a in atoms]
			shares = share_out(dec(r["kwh"]), weights, self.energy_step(charge)) if len(atoms) > 1 else [dec(r["kwh"])]
			for a, kwh in zip(atoms, shares):
				cells[a.i, period] += kwh
		self.check_covered(charge if self.needs_periods(charge) else {}, part, channel, source[1])
		return cells

	def check_covered(self, charge, part, channel, registers):
		"""Every day has its registers, and where they go by periods, each period of the day."""
		if self.tariff.get("missing") == "zero":
			return
		registers = [r for r in registers if self.inside(r)]
		names = self.period_names(charge)
		by_period = len(names) > 1 and (bool(charge) or any(r.get("period") for r in registers) and all(
			r.get("period") in names for r in registers if r.get("period")))
		minutes_of = self.period_by_minute(charge) if by_period else None
		d = self.from_
		while d < self.until:
			found = {r.get("period") for r in registers if day(r.get("from", self.from_)) <= d < day(r.get("until", self.until))}
			lacking = set(minutes_of(d)) - found if by_period and None not in found else set() if found else {None}
			if lacking:
				raise RatingError(f"{part}: no register of {channel} on {d} for {lacking}")
			d += ONE_DAY

	def needs_periods(self, c):
		"""Whether it matters to the charge in which period energy was used."""
		if self.kind(c) == "demand":
			return bool(c["demand"].get("periods") or c["demand"].get("weights"))
		if self.kind(c) not in ("energy", "steps") or self.period_names(c) == [None]:
			return False
		if c.get("periods") or c.get("split") == "counters" or c.get("net") == "month":
			return True
		if "steps" in c and self.lists_by_period(c):
			return True
		return self.by_period(c.get("price"), c) or "steps" in c and self.steps_by_period(c)

	def measured_by(self, charge, part, channel):
		"""The charge by whose periods the energy is measured: its own, or where it needs none, another's; or None."""
		apart = lambda c: self.needs_periods(c) or c.get("net") == "month"
		same = lambda c: self.metered(c.get("part", "main")) == self.metered(part) and (
			self.measured(c) == channel or "net" in c and channel in ("import", "export"))
		return charge if apart(charge) else next((c for c in self.charges if apart(c) and same(c) and self.knows_periods(c, channel)), None)

	def knows_periods(self, c, channel):
		"""Whether the charge's periods can say where each register belongs."""
		names, part = self.period_names(c), c.get("part", "main")
		found = [self.channel(p, channel) for p in (self.all_parts() if part == "whole" else [self.metered(part)])]
		periods = {r.get("period") for f in found if f and f[0] == "registers" for r in f[1] if self.inside(r)}
		return len(names) == 1 and periods <= {None, *names} or names == [None] or periods <= set(names)

	def cells(self, charge, channel=None):
		"""Billed kWh by (atom, period) of the charge's part, made parts taken out."""
		part, channel = charge.get("part", "main"), channel or self.measured(charge)
		if channel[0] == "month":
			key = (self.schedule(charge)[0], part, channel)
			if key not in self.cell_cache:
				self.cell_cache[key] = self.net_month(charge, channel)
			return self.cell_cache[key]
		by = self.measured_by(charge, part, channel)
		key = (self.schedule(charge)[0], part, channel, by and by["code"])
		if key not in self.cell_cache:
			cells = self.billed_cells(by or charge, part, channel, by is not None)
			names = self.period_names(charge)
			if by is None or self.schedule(by) != self.schedule(charge):
				cells = self.together(cells, names[0])
			self.cell_cache[key] = {(a.i, p): cells.get((a.i, p), Fraction(0)) for a in self.atoms for p in names}
		return self.cell_cache[key]

	def billed_cells(self, by, part, channel, periods):
		made = self.tariff.get("parts", {})
		if part == "whole":
			sums = {}
			for p in self.all_parts():
				for k, v in self.rounded_cells(by, p, channel, periods).items():
					sums[k] = sums.get(k, 0) + v
			return sums
		cells = self.rounded_cells(by, self.metered(part), channel, periods)
		if part in made:
			return self.taken_cells(cells, made[part], channel)
		left = dict(cells)
		for m in made.values():
			if m.get("of", "main") == part:
				for k, v in self.taken_cells(cells, m, channel).items():
					left[k] -= v
		return left

	def rounded_cells(self, by, part, channel, periods):
		"""The total of the part rounded; its cells share it."""
		cells = self.usage_cells(by, part, channel)
		if not periods:
			cells = self.together(cells, self.period_names(by)[0])
		rule = self.rules(by).get("quantity")
		if rule:
			keys = list(cells)
			total = rounded(sum(cells.values(), Fraction(0)), rule)
			cells = dict(zip(keys, share_rounded(total, [cells[k] for k in keys], rule[0])))
		return cells

	def taken_cells(self, cells, made, channel):
		"""A share of the energy of each piece, in whole steps."""
		if channel != "import":
			return {k: Fraction(0) for k in cells}
		rule = rounding_of(self.tariff.get("rounding")).get("quantity")
		step = rule[0] if rule else SPLIT_STEP
		taken = {}
		for piece in range(self.pieces):
			keys = [k for k in cells if self.atoms[k[0]].piece == piece]
			at = self.piece_span(piece)[0]
			self.check_shares(made.get("of", "main"), at)
			total = round_to(self.part_share(made, at) * sum(cells[k] for k in keys), step, "half_up")
			taken.update(zip(keys, share_out(total, [cells[k] for k in keys], step)))
		return taken

	def together(self, cells, period):
		sums = {}
		for (a, _), kwh in cells.items():
			sums[a, period] = sums.get((a, period), 0) + kwh
		return sums

	# ---- export ----

	def measured(self, c):
		"""What a charge measures: a channel, or (net, channel, its bank of energy)."""
		channel = c.get("channel", "import")
		if "net" not in c:
			return channel
		bank = c.get("bank")
		return c["net"], channel, bank if bank and self.tariff["banks"][bank]["unit"] == "kWh" else None

	def netted(self, part, channel):
		"""As channel(): what is netted by slot or hour is a profile of its own."""
		if channel[0] == "month":
			raise RatingError("what is netted over the month has no slots")
		found = [f for f in (self.channel(part, "import"), self.channel(part, "export")) if f]
		if any(f[0] != "profile" for f in found):
			raise RatingError("netting by slot or hour needs profiles")
		return ("profile", None) if found else None

	def check_import(self, part):
		"""Import that was not measured at all is no zero."""
		found = lambda channel: any(self.channel(p, channel) for p in (self.all_parts() if part == "whole" else [part]))
		if self.tariff.get("missing") != "zero" and found("export") and not found("import"):
			raise RatingError(f"{part}: export, but no import to net it with")

	def net_slots(self, part, channel):
		self.check_import(part)
		both = [self.profile_slots(part, ch) if self.channel(part, ch) else None for ch in ("import", "export")]
		lengths = [slots[0][1] for slots in both if slots]
		if channel[0] == "slot" and len(set(lengths)) > 1:
			raise RatingError("slots of different length")
		length = lengths[0] if channel[0] == "slot" else 60
		if any(length % l for l in lengths):
			raise RatingError("slots that do not divide the hour")
		begin = self.day_start(self.from_)
		if (self.day_start(self.until) - begin) % length:
			raise RatingError("no whole number of hours")
		sums = {}
		side = 1 if channel[1] == "import" else -1
		for sign, slots in zip((1, -1), both):
			for at, _, d, kwh in slots or []:
				day_of, found = sums.setdefault(at - (at - begin) % length, (d, []))
				if day_of != d:
					raise RatingError("an hour across midnight")
				if kwh:
					found.append(kwh if sign * side > 0 else -kwh)
		nothing = Fraction(0)
		return [(at, length, d, max(exact_sum(found), nothing) if found else nothing) for at, (d, found) in sorted(sums.items())]

	def check_net(self, c):
		part, made = c.get("part", "main"), self.tariff.get("parts", {})
		if c.get("channel", "import") not in ("import", "export"):
			raise RatingError("only import and export are netted")
		if part in made or any(m.get("of", "main") == part for m in made.values()):
			raise RatingError("netting of a part that is shared")
		# a demand may be recorded, and needs no slots
		if "demand" not in c and any(self.holds(c, a) for a in self.atoms):
			self.check_net_parts(c)

	def check_net_parts(self, c):
		if c.get("part", "main") == "whole" and c["net"] != "month" and len(self.all_parts()) > 1:
			raise RatingError("several parts together are not netted by slot")

	def net_month(self, charge, channel):
		"""Each period by itself; what is left lies in the atoms as the channel's own energy does."""
		_, side, bank = channel
		self.check_import(charge.get("part", "main"))
		plain = {ch: self.cells(charge, ch) for ch in ("import", "export")}
		cells = {}
		for p in self.period_names(charge):
			left = sum((plain["import"][a.i, p] - plain["export"][a.i, p] for a in self.atoms), Fraction(0))
			if bank and left < 0:
				self.put(bank, p, self.from_, -left)
			elif bank:
				left -= self.draw(bank, p, left)
			left = max(left if side == "import" else -left, Fraction(0))
			weights = [plain[side][a.i, p] for a in self.atoms]
			if any(w < 0 for w in weights) or not any(weights):
				weights = [Fraction((a.d1 - a.d0).days) for a in self.atoms]
			shares = [left] if len(self.atoms) == 1 else share_out(left, weights, self.energy_step(charge))
			for a, kwh in zip(self.atoms, shares):
				cells[a.i, p] = kwh if left else Fraction(0)
		return cells

	def open_banks(self):
		"""{bank: {(period, day): amount}}: the carry's, checked, worn off, moved."""
		self.banks = {name: {} for name in self.tariff.get("banks", {})}
		self.deposits = {name: Fraction(0) for name in self.banks}
		self.dropped_banks |= set(self.banks)
		for e in self.old_carry.get("banks", []):
			if e["name"] not in self.banks:
				continue
			rule = self.tariff["banks"][e["name"]]
			period, at, amount = e.get("period") or None, day(e["from"]), dec(e["amount"])
			feeding = [c for c in self.charges if c.get("bank") == e["name"]]
			names = self.period_names(feeding[0]) if rule["unit"] == "kWh" else [None]
			if amount < 0 or at >= self.until or period not in names:
				raise RatingError(f"carry: {e}")
			if "months" not in rule or add_months(at, rule["months"]) > self.from_:
				self.put(e["name"], period, at, amount)
		for name, rule in self.tariff.get("banks", {}).items():
			entries, self.banks[name] = self.banks[name], {}
			for (period, at), amount in entries.items():
				moves = [m for m in rule.get("moves", []) if self.from_.month in m["months"] and m["from"] == period]
				to = moves[0].get("to") if moves else period
				if not moves or to:
					self.put(name, to, at, amount)

	def put(self, name, period, at, amount):
		"""Without an expiry a period has one entry, of its latest deposit."""
		bank = self.banks[name]
		if not amount:
			return
		if "months" not in self.tariff["banks"][name]:
			for key in [k for k in bank if k[0] == period]:
				at = max(at, key[1]) if bank[key] else at
				amount += bank.pop(key)
		bank[period, at] = bank.get((period, at), Fraction(0)) + amount

	def draw(self, name, period, most):
		"""Takes what is there, at most so much, oldest first."""
		taken = Fraction(0)
		bank = self.banks[name]
		for key in sorted((k for k in bank if k[0] == period), key=lambda k: k[1]):
			part = min(bank[key], most - taken)
			bank[key] -= part
			taken += part
		return taken

	def keep(self, c, lines):
		"""The credit of a charge goes into its bank of money."""
		if "bank" not in c or self.tariff["banks"][c["bank"]]["unit"] != "money":
			return
		earned = -sum((l["amount"] for l in lines if counts(l)), Fraction(0))
		if earned < 0:
			return
		for l in lines:
			l["kind"] = "kept"
		if earned:
			self.put(c["bank"], None, self.from_, earned)
			self.deposits[c["bank"]] += earned

	def use(self, c):
		pieces = self.holding_pieces(c)
		base = sum((self.base(c, p) for p in pieces), Fraction(0))
		there = sum(self.banks[c["use"]].values(), Fraction(0))
		if self.tariff["banks"][c["use"]].get("usable") == "next":
			there -= self.deposits[c["use"]]
		rule = self.rules(c).get("line")
		amount = round_to(min(base, there), rule[0], "down") if rule else min(base, there)
		if not pieces or amount <= 0:
			return
		atom = [a for a in self.atoms if a.piece == pieces[-1]][-1]
		line = self.add(c, atom, -self.draw(c["use"], None, amount))
		self.finish_lines(c, [line])

	def pay_out(self, c):
		pieces = self.holding_pieces(c)
		if not pieces:
			return
		month = c.get("true_up")
		if isinstance(month, dict):
			month = dec(self.term(month["term"], self.piece_span(pieces[-1])[0]))
			if month not in range(1, 13):
				raise RatingError(f"true-up in month {month}")
		days = [self.from_ + n * ONE_DAY for n in range(self.days)]
		if month and not any((d + ONE_DAY).day == 1 and d.month == month for d in days):
			return
		name = c["pay_out"]
		atom = [a for a in self.atoms if a.piece == pieces[-1]][-1]
		energy = self.tariff["banks"][name]["unit"] == "kWh"
		before = len(self.lines)
		for period in self.period_names(c) if self.by_period(c.get("price"), c) else [None]:
			there = sum((v for k, v in self.banks[name].items() if period is None or k[0] == period), Fraction(0))
			if there == 0:
				continue
			price = self.finished(self.price(c["price"], c, atom, period), c) if "price" in c else None
			self.add(c, atom, -there * (1 if price is None else price), None if price is None else there, price,
					 "kWh" if energy else "", period)
		self.banks[name] = {}
		self.finish_lines(c, self.lines[before:])

	def all_parts(self):
		return sorted(self.usage)

	def part_share(self, made, at):
		share = made["share"]
		share = dec(self.term(share["term"], at)) if isinstance(share, dict) else dec(share)
		if not 0 <= share <= 1:
			raise RatingError(f"share {share}")
		return share

	def check_shares(self, source, at):
		total = sum(self.part_share(m, at) for m in self.tariff.get("parts", {}).values()
					if m.get("of", "main") == source)
		if total > 1:
			raise RatingError("shares above 1")

	def check_slots(self, part, channel):
		"""A share of a part has no slots, nor has the rest of it; of several parts they add up, slot by slot."""
		made = self.tariff.get("parts", {})
		if part == "whole":
			found = [self.usage[p][channel] for p in self.usage if isinstance(channel, str) and channel in self.usage[p]]
			if len({int(f["slot_minutes"]) for f in found}) > 1:
				raise RatingError("the parts have slots of different length")
		if part in made or any(m.get("of", "main") == part for m in made.values()):
			raise RatingError(f"part {part} has no slots of its own")

	def check_parts(self):
		"""A part that no charge addresses would be energy that nobody bills."""
		addressed = set()
		for c in self.charges:
			if self.kind(c) in ("energy", "steps", "demand"):
				addressed.add(c.get("part", "main"))
		if "whole" in addressed:
			return
		for p in set(self.usage) | set(self.tariff.get("parts", {})):
			if p not in addressed:
				raise RatingError(f"no charge addresses part {p}")

	def check_registers(self, charge, line_of):
		"""A register may not span what separates lines, unless `split` says how."""
		if self.tariff.get("split", "error") == "days":
			return
		part, channel = charge.get("part", "main"), charge.get("channel", "import")
		for p in self.all_parts() if part == "whole" else [self.metered(part)]:
			sources = [self.channel(p, ch) for ch in (("import", "export") if "net" in charge else (channel,))]
			for r in [r for s in sources if s and s[0] == "registers" for r in s[1]]:
				d0, d1 = day(r.get("from", self.from_)), day(r.get("until", self.until))
				period = None if self.period_names(charge) == [None] else r.get("period")
				lines = {line_of(a, period) for a in self.atoms if a.d0 < d1 and a.d1 > d0}
				if len(lines) > 1:
					raise RatingError(f"{charge['code']}: a register spans a change inside the period")

	def inside(self, r):
		return day(r.get("from", self.from_)) < self.until and day(r.get("until", self.until)) > self.from_

	def metered(self, part):
		while part in self.tariff.get("parts", {}):
			part = self.tariff["parts"][part].get("of", "main")
		return part

	# ---- prices ----

	def component(self, name):
		c = self.tariff["components"][name]
		if isinstance(c, dict) and {"price", "tags", "name"} & set(c):
			return {"price": c.get("price"), "tags": c.get("tags", [])}
		return {"price": c, "tags": []}

	def has_series(self, price):
		if not isinstance(price, dict):
			return False
		if "series" in price:
			return True
		if "component" in price:
			return self.has_series(self.component(price["component"])["price"])
		if "components" in price:
			return any(self.has_series(self.component(n)["price"]) for n in price["components"])
		if "versions" in price:
			return any(self.has_series(v["price"]) for v in price["versions"])
		if "base" in price:
			return self.has_series(price["base"])
		if "published" in price or "term" in price:
			return False
		return any(self.has_series(p) for p in price.values())

	def by_period(self, price, charge):
		"""Whether the price is written by period."""
		if not isinstance(price, dict):
			return False
		if "series" in price or "published" in price or "term" in price:
			return False
		if "component" in price:
			return self.by_period(self.component(price["component"])["price"], charge)
		if "components" in price:
			return "multipliers" in price or any(
				self.by_period(self.component(n)["price"], charge) for n in price["components"])
		if "versions" in price:
			return any(self.by_period(v["price"], charge) for v in price["versions"])
		if "base" in price:
			return self.by_period(price["base"], charge)
		if set(price) <= set(self.tariff.get("seasons", {})):
			return any(self.by_period(p, charge) for p in price.values())
		return True

	def price(self, price, charge, atom, period, slot=None):
		"""The price of an atom (and slot) in a period, not yet rounded."""
		at = atom.d0
		again = lambda p: self.price(p, charge, atom, period, slot)
		if not isinstance(price, dict):
			return Price(dec(price))
		if "versions" in price:
			chosen = None
			for v in price["versions"]:
				if "from" not in v or day(v["from"]) <= at:
					chosen = v
			if chosen is None:
				raise RatingError(f"{charge['code']}: no version on {at}")
			return again(chosen["price"])
		if "component" in price:
			return again(self.component(price["component"])["price"])
		if "components" in price:
			total = Fraction(0)
			for name in price["components"]:
				total += self.multiplied(price, name, charge, atom, period, slot).value
			return Price(total, len(price["components"]) > 1 or "multipliers" in price)
		if "published" in price:
			chosen = None
			for v in sorted(self.market.get("prices", {}).get(price["published"], []), key=lambda v: day(v["from"])):
				if day(v["from"]) <= at:
					chosen = v
			if chosen is None:
				raise RatingError(f"nothing published as {price['published']} on {at}")
			last, version = atom.d1 - ONE_DAY, day(chosen["from"])
			if "for" in price and (last.year, last.month) != (version.year, version.month):
				raise RatingError(f"nothing published as {price['published']} for the month of {last}")
			return Price(dec(chosen["price"]))
		if "series" in price:
			return self.series_price(price, slot)
		if "term" in price:
			return Price(dec(self.term(price["term"], at)))
		if "base" in price:
			base = again(price["base"])
			if "times" in price:
				return Price(base.value * dec(price["times"]), True)
			if "percent" in price:
				return Price(base.value * (1 + dec(price["percent"]) / 100), True)
			return Price(base.value + dec(price["plus"]), True)
		if set(price) <= set(self.tariff.get("seasons", {})):
			return again(price[self.season(at)])
		return again(price[period])

	def multiplied(self, price, name, charge, atom, period, slot=None):
		"""One component of a sum, with the period's multiplier if it is named."""
		p = self.price(self.component(name)["price"], charge, atom, period, slot)
		multipliers = price.get("multipliers")
		if multipliers and name in multipliers["on"]:
			return Price(p.value * dec(multipliers[period]), True)
		return p

	def series_price(self, price, slot):
		if slot is None:
			raise RatingError("a price series needs a profile")
		series = self.market.get("series", {}).get(price["series"])
		if series is None:
			raise RatingError(f"no series {price['series']}")
		at, length = slot
		first, step = utc_minute(series["from"]), series["slot_minutes"]
		i = (at - first) // step
		if (at + length - 1 - first) // step != i:
			raise RatingError("a slot straddles two prices")
		if not 0 <= i < len(series["values"]) or series["values"][i] is None:
			raise RatingError(f"no price in series {price['series']}")
		value = dec(series["values"][i])
		built = any(k in price for k in ("times", "plus", "at_least", "at_most"))
		value = value * dec(price.get("times", "1")) + dec(price.get("plus", "0"))
		if "at_least" in price:
			value = max(value, dec(price["at_least"]))
		if "at_most" in price:
			value = min(value, dec(price["at_most"]))
		return Price(value, built)

	def finished(self, price, charge):
		"""A price is rounded once, at the end, if it was built."""
		rule = self.rules(charge).get("price")
		return rounded(price.value, rule) if price.built else price.value

	# ---- charges in general ----

	def rules(self, charge):
		return rounding_of(self.tariff.get("rounding"), charge.get("rounding"))

	@staticmethod
	def kind(c):
		for key in ("demand", "steps", "capacity", "fixed", "percent", "power_factor", "minimum", "maximum", "use", "pay_out"):
			if key in c:
				return key
		return "energy"

	def holds(self, charge, atom):
		if "from" in charge and atom.d0 < day(charge["from"]):
			return False
		if "until" in charge and atom.d0 >= day(charge["until"]):
			return False
		if "months" in charge and atom.d0.month not in charge["months"]:
			return False
		return self.condition(charge.get("when", {}), atom.d0)

	def condition(self, when, at):
		for name, wanted in when.items():
			if name.startswith("usage."):
				value = self.usage_value(name)
			else:
				value = self.term(name, at)
			if isinstance(wanted, list):
				ok = any(same(value, w) for w in wanted)
			elif isinstance(wanted, dict):
				ok = True
				for op, bound in wanted.items():
					v, b = dec(value), dec(bound)
					ok = ok and {"at_least": v >= b, "above": v > b, "at_most": v <= b, "below": v < b}[op]
			else:
				ok = same(value, wanted)
			if not ok:
				return False
		return True

	def total_kwh(self, channel="import", part="whole"):
		"""Billed kWh of the span."""
		rule = rounding_of(self.tariff.get("rounding")).get("quantity")
		total = Fraction(0)
		for p in self.all_parts() if part == "whole" else [part]:
			source = self.channel(p, channel)
			if source and source[0] == "profile":
				metered = exact_sum(s[3] or Fraction(0) for s in self.profile_slots(p, channel))
			else:
				metered = sum((dec(r["kwh"]) for r in source[1] if self.inside(r)), Fraction(0)) if source else Fraction(0)
				if source:
					self.check_covered({}, p, channel, source[1])
			total += rounded(metered, rule)
		return total

	def usage_value(self, name):
		if name == "usage.kwh":
			return self.total_kwh()
		if name == "usage.kwh_per_day":
			return self.total_kwh() / self.days
		if name == "usage.demand_kw":
			return self.demand_kw({"code": "", "demand": {}}, None)
		raise RatingError(f"unknown {name}")

	def add(self, charge, atom, exact, quantity=None, price=None, unit="", period=None, component=None, tier=None,
			kind="charge"):
		line = {"code": charge["code"], "period": period, "component": component, "tier": tier, "unit": unit,
				"quantity": quantity, "price": price, "exact": Fraction(exact), "kind": kind, "piece": atom.piece,
				"tags": set(charge.get("tags", [])), "own": {charge["code"]} | set(charge.get("tags", [])), "first": atom.i}
		self.lines.append(line)
		return line

	def finish_lines(self, charge, lines):
		"""Amounts: by group, by line, or 10^-10."""
		rules = self.rules(charge)
		if "group" in rules:
			# in the order of the bill, by time, of a demand by period first: ties of remainders go to the earlier line
			counted = [l for l in lines if l["kind"] != "of_which"]
			periods = [l["period"] for l in counted]
			counted.sort(key=lambda l: (periods.index(l["period"]) if "demand" in charge else 0, l["first"]))
			if counted:
				exact = [exact_amount(l["exact"]) for l in counted]
				total = rounded(exact_total(exact), rules["group"])
				for l, amount in zip(counted, share_rounded(total, exact, rules["group"][0])):
					l["amount"] = amount
		for l in lines:
			if "amount" not in l:
				l["amount"] = self.line_amount(l["exact"], rules)

	@staticmethod
	def line_amount(exact, rules):
		return rounded(exact, rules.get("line", (AMOUNT_STEP, "half_up", False)))

	# ---- energy ----

	def energy(self, c):
		if "first" in c:
			as_steps = dict(c, steps=[{"to": c["first"]["kwh"], "price": c["price"]}], per=c["first"]["per"])
			as_steps.pop("first")
			return self.steps(as_steps, capped=True)
		names = self.period_names(c)
		if "periods" in c:
			names = [p for p in names if p in c["periods"]]
		form = self.component_form(c)
		whole = [(None, lambda a, p, s: self.price(c["price"], c, a, p, s), self.by_period(c["price"], c))]
		as_lines = form and c.get("lines", "period") == "component"
		before = len(self.lines)
		pieces = []			# what was printed in each piece
		for atoms in self.stretches(c):
			lines = self.energy_lines(c, atoms, names, whole if not as_lines or "of_which" in c else form)
			pieces.append((atoms, lines))
		self.finish_lines(c, self.lines[before:])
		if as_lines and "of_which" in c:
			del self.lines[before:]
		for atoms, printed in pieces if form else []:
			if not as_lines:
				self.of_which(c, atoms, names, form, printed)
			elif "of_which" in c:
				lines = self.energy_lines(c, atoms, names, form)
				if "group" not in self.rules(c):
					self.finish_lines(c, lines)
				self.rest_line(c, atoms, names, "charge", printed, lines)
		self.finish_lines(c, [l for l in self.lines[before:] if "amount" not in l])

	def stretches(self, c):
		"""Atoms of one piece in which the charge holds without a gap."""
		found = []
		for a in self.atoms:
			if not self.holds(c, a):
				continue
			if found and found[-1][-1].i + 1 == a.i and found[-1][-1].piece == a.piece:
				found[-1].append(a)
			else:
				found.append([a])
		return found

	def of_which(self, c, atoms, names, form, printed):
		"""Components below the lines of a piece, adding up to them."""
		parts = self.of_which_lines(c, atoms, names, form)
		self.finish_lines(c, parts)
		if "of_which" in c:
			self.rest_line(c, atoms, names, "of_which", printed, parts)
		else:
			parts[0]["amount"] = sum(l["amount"] for l in printed) - sum(l["amount"] for l in parts[1:])

	def component_form(self, c):
		"""[(component, price of (atom, period, slot), by period?)] where a charge says what it is made of."""
		price = c["price"]
		if "of_which" in c:
			return [(name, lambda a, p, s, q=q: self.price(q, c, a, p, s), self.by_period(q, c))
					for name, q in c["of_which"].items()]
		if isinstance(price, dict) and "components" in price:
			on = price.get("multipliers", {}).get("on", [])
			return [(name, lambda a, p, s, n=name: self.multiplied(price, n, c, a, p, s),
					 name in on or self.by_period(self.component(name)["price"], c)) for name in price["components"]]
		if isinstance(price, dict) and "component" in price:
			return [(price["component"], lambda a, p, s: self.price(price, c, a, p, s), self.by_period(price, c))]
		return None

	def energy_lines(self, c, atoms, names, form):
		"""For each form and period, or for all periods together, a line as long as its price stays."""
		before = len(self.lines)
		cells = self.cells(c)
		sign = -1 if c.get("sign") == "credit" else 1
		series = self.series_money(c, atoms, names) if self.has_series(c["price"]) else None
		for component, price_at, by_period in form:
			line_of = {}
			# a component that is the same in all periods says no period, but where the charge itself has only one
			shown = by_period or not component or "of_which" not in c and not self.by_period(c["price"], c)
			for group in [[p] for p in names] if by_period else [names]:
				last = None
				for a in atoms:
					kwh = sum((cells[a.i, p] for p in group), Fraction(0))
					if series is not None:
						price, exact = None, sum((series.get((a.i, p), Fraction(0)) for p in group), Fraction(0))
					else:
						price = self.finished(price_at(a, group[0], None), c)
						exact = kwh * price
					if last and last["price"] == price:
						last["quantity"] += kwh
						last["exact"] += sign * exact
					else:
						last = self.add(c, a, sign * exact, kwh, price, unit_of(c),
										group[0] if len(group) == 1 and shown and (by_period or "periods" in c) else None, component)
						last["tags"] = last["tags"] | self.component_tags(component)
					for p in group:
						line_of[a.i, p] = id(last)
			if series is None:
				self.check_registers(c, lambda a, p: line_of.get((a.i, p)))
		return self.lines[before:]

	def of_which_lines(self, c, atoms, names, form):
		"""What the components are of the lines above, one line each."""
		before = len(self.lines)
		cells = self.cells(c)
		sign = -1 if c.get("sign") == "credit" else 1
		for component, price_at, _ in form:
			prices = {(a.i, p): price_at(a, p, None).value for a in atoms for p in names}
			exact = sum((cells[k] * v for k, v in prices.items()), Fraction(0))
			kwh = sum((cells[k] for k in prices), Fraction(0))
			price = next(iter(prices.values())) if len(set(prices.values())) == 1 else None
			line = self.add(c, atoms[0], sign * exact, kwh, price, unit_of(c), None, component, kind="of_which")
			line["tags"] = line["tags"] | self.component_tags(component)
		return self.lines[before:]

	def component_tags(self, name):
		return set(self.component(name)["tags"]) if name in self.tariff.get("components", {}) else set()

	def rest_line(self, c, atoms, names, kind, printed, parts):
		"""What the printed lines say, less the named parts."""
		kwh = sum((self.cells(c)[a.i, p] for a in atoms for p in names), Fraction(0))
		line = self.add(c, atoms[0], 0, kwh, None, unit_of(c), None, c["rest"], kind=kind)
		if all("amount" in l for l in parts):
			line["amount"] = sum(l["amount"] for l in printed) - sum(l["amount"] for l in parts)
		line["exact"] = sum(l["exact"] for l in printed) - sum(l["exact"] for l in parts)
		line["tags"] = line["tags"] | self.component_tags(c["rest"])
		return line

	def series_money(self, c, atoms, names):
		"""{(atom, period): money} slot by slot."""
		part, channel = c.get("part", "main"), self.measured(c)
		self.check_slots(part, channel)
		inside = {a.i for a in atoms}
		money = {}
		for p in self.all_parts() if part == "whole" else [part]:
			source = self.channel(p, channel)
			if source is None:
				continue
			if source[0] != "profile":
				raise RatingError("a price series needs a profile")
			for at, length, atom, period, kwh in self.slots(c, p, channel):
				if kwh is None or period not in names or atom.i not in inside:
					continue
				value = self.finished(self.price(c["price"], c, atom, period, (at, length)), c)
				money[atom.i, period] = money.get((atom.i, period), 0) + kwh * value
		return money

	# ---- tiers ----

	def count_window(self, c, atom):
		"""(key of the window, carried kind or None, its days in the span)"""
		per = c["per"]
		seasonal = isinstance(c["steps"], dict) and not self.lists_by_period(c)
		if per == "year":
			start = self.year_start(atom.d0)
			return ("year", start), {"year": start.year}
		if per == "season":
			start = self.season_start(atom.d0)
			return ("season", start), {"from": start.isoformat()}
		if per == "month" and c.get("month", "period") == "each":
			start = atom.d0.replace(day=1)
			return ("month", start), {"month": start.isoformat()[:7]}
		if seasonal:
			return ("piece", self.season_start(atom.d0)), None
		return ("span",), None

	def limit_scale(self, c, window):
		"""What limits are multiplied by, from the window's days inside the span."""
		per, month = c["per"], c.get("month", "period")
		atoms = [a for a in self.atoms if self.count_window(c, a)[0] == window]
		d0, d1 = atoms[0].d0, atoms[-1].d1
		n = (d1 - d0).days
		if per == "day":
			return Fraction(n)
		if per == "month" and month == "prorated":
			return calendar_months(d0, d1)
		if per == "month" and month == "thirty":
			return Fraction(n, 30)
		if window[0] == "piece":
			return Fraction(n, self.days)
		if per == "year":
			return Fraction(self.service_months(c, d0), 12)
		return Fraction(1)

	def service_months(self, c, d0):
		if c.get("prorate") != "months":
			return 12
		service = day(self.term("service_from", d0))
		end = self.year_end(d0)
		return max(1, min(12, (end.year - service.year) * 12 + end.month - service.month))

	def granted_months(self, c, a, atom):
		"""The months of the tier year with an allowance: each that it has a day in, and service."""
		since = day(self.term(a["since"], atom.d0))
		until = day(self.term(a["until"], atom.d0)) if "until" in a else None
		start = self.year_start(atom.d0)
		first = start.replace(day=1)
		count = 0
		for i in range(12 - self.service_months(c, atom.d0), 12):
			begin, end = add_months(first, i), add_months(first, i + 1)
			# days before the tier year are another year's
			begin = max(begin, start)
			count += since < end and (until is None or until > begin) and (until is None or until > since)
		return count

	def step_list(self, c, atom):
		steps = c["steps"]
		if self.lists_by_period(c):
			return steps[next(iter(steps))]
		if isinstance(steps, dict):
			at = atom.d0
			if c.get("month") == "each":
				at = at.replace(day=1)
			return steps[self.season(at)]
		return steps

	def lists_by_period(self, c):
		"""Steps of their own for each period."""
		return isinstance(c["steps"], dict) and set(c["steps"]) <= set(self.period_names(c))

	def limits(self, c, atom, scale, steps=None):
		"""Upper limits of the steps; None: no limit."""
		result = []
		each = first = extra = extra_first = Fraction(0)
		for allowance in c.get("allowance", []):
			if not self.condition(allowance.get("when", {}), atom.d0):
				continue
			kwh = dec(allowance["kwh"])
			if "since" in allowance:
				kwh *= self.granted_months(c, allowance, atom)
				extra_first += kwh if allowance.get("to", "each") == "first" else 0
				extra += kwh if allowance.get("to", "each") == "each" else 0
				continue
			if c["per"] == "year" and allowance.get("per", "month") == "month":
				kwh *= 12
			if allowance.get("to", "each") == "first":
				first += kwh
			else:
				each += kwh
		steps = self.step_list(c, atom) if steps is None else steps
		days = sum((a.d1 - a.d0).days for a in self.atoms if self.count_window(c, a)[0] == self.count_window(c, atom)[0])
		units = [s.get("unit", c.get("unit", "kWh")).split("/") for s in steps]
		for i, (s, unit) in enumerate(zip(steps, units)):
			if "to" not in s:
				result.append(None)
				continue
			limit = dec(s["to"])
			if "kW" in unit or "kVA" in unit:
				limit *= self.limit_factor(c, atom)
			if "kvarh" in unit:
				limit *= self.limit_energy(c)
			if "day" in unit:
				limit *= days
			result.append((limit + each + (first if i == 0 else 0)) * scale + extra + (extra_first if i == 0 else 0))
		# kWh inside kWh per kW, then never falling
		per_unit = ["kW" in u or "kVA" in u or "kvarh" in u for u in units]
		for i, limit in enumerate(result):
			above = [result[j] for j in range(i + 1, len(result)) if per_unit[j] and result[j] is not None]
			if limit is not None and not per_unit[i] and above:
				result[i] = min(limit, above[0])
		for i in range(1, len(result)):
			if result[i] is not None:
				result[i] = max(result[i], result[i - 1])
		return result

	def limit_energy(self, c):
		"""kWh of the part, for limits in kvarh for each kWh."""
		part = c.get("part", "main")
		if not any(self.channel(p, "import") for p in (self.all_parts() if part == "whole" else [part])):
			raise RatingError("limits by an import that is not measured")
		return self.total_kwh(part=part)

	def limit_factor(self, c, atom):
		if c["of"] in self.billed:
			found = self.billed[c["of"]].get(atom.i)
			if found is None:
				raise RatingError("limits by a demand that does not hold")
			return found
		return self.quantity(c["of"], atom.d0)

	def carried(self, name, key):
		old = self.old_carry.get("counters", {}).get(name)
		if key is None or old is None:
			return Fraction(0)
		self.check_count(name, key, old)
		for k, v in key.items():
			if str(old.get(k)) != str(v):
				return Fraction(0)
		return dec(old["kwh"])

	def check_count(self, name, key, old):
		"""A count by another span that overlaps this one counts some of the same energy, but one cannot tell how much."""
		if dec(old["kwh"]) < 0:
			raise RatingError(f"counter {name} is below zero")
		if set(old) == set(key) | {"kwh"}:
			return
		def window(k):
			if "year" in k:
				month, dom = map(int, self.tariff.get("year_start", "01-01").split("-"))
				start = datetime.date(int(k["year"]), month, dom)
				return start, add_months(start, 12)
			if "month" in k:
				start = day(k["month"] + "-01")
				return start, add_months(start, 1)
			start = day(k["from"])
			return start, add_months(start, 12)
		a, b = window(key)
		if "from" in key:
			b = self.until
		c, d = window(old)
		if a < d and c < b:
			raise RatingError(f"counter {name} goes by another span")

	def count_names(self, c):
		base = c.get("counter", c["code"])
		if c.get("split") == "counters" and self.period_names(c) != [None]:
			return [(f"{base}/{p}", [p]) for p in self.tier_periods(c)]
		return [(base, self.tier_periods(c))]

	def tier_periods(self, c):
		names = self.period_names(c)
		return [p for p in names if p in c["periods"]] if "periods" in c else names

	def count_energy(self):
		"""What each counter counts in each atom: by the first charge that has it and holds."""
		for c in self.charges:
			if "first" in c:
				c = dict(c, steps=[], per=c["first"]["per"])
			if "steps" not in c or "demand" in c:
				continue
			for name, names in self.count_names(c):
				for a in self.atoms:
					if self.holds(c, a) and (name, a.i) not in self.counted:
						self.counted[name, a.i] = sum((self.cells(c)[a.i, p] for p in names), Fraction(0))

	def opening(self, c, name, atom):
		window, key = self.count_window(c, atom)
		count = self.carried(name, key)
		for a in self.atoms[:atom.i]:
			if self.count_window(c, a)[0] == window:
				count += self.counted.get((name, a.i), 0)
		return count

	def count_after(self, c, name, window):
		"""The count at the end of the span, whichever charges counted."""
		inside = [a for a in self.atoms if self.count_window(c, a)[0] == window]
		return self.carried(name, self.count_window(c, inside[0])[1]) + sum(self.counted.get((name, a.i), 0) for a in inside)

	def close_counter(self, c, name):
		"""The newest window in which the charge held goes into the carry."""
		held = [a for a in self.atoms if self.holds(c, a)]
		if not held:
			return
		_, key = self.count_window(c, held[-1])
		if key is None:
			return
		window = self.count_window(c, held[-1])[0]
		count = self.carried(name, key) + sum(
			self.counted.get((name, a.i), 0) for a in self.atoms if self.count_window(c, a)[0] == window)
		at = held[-1].d0
		if name not in self.new_counters or self.new_counters[name][0] <= at:
			self.new_counters[name] = (at, dict(key, kwh=text(count)))

	def runs(self, c):
		"""Holding atoms put together where window, terms and step prices are the same."""
		runs = []
		previous = None
		for a in self.atoms:
			if not self.holds(c, a):
				previous = None
				continue
			window = self.count_window(c, a)[0]
			key = (a.piece, window, json.dumps(self.step_list(c, a), default=str, sort_keys=True),
				   self.step_prices(c, a))
			if previous == key:
				runs[-1].append(a)
			else:
				runs.append([a])
			previous = key
		return runs

	def step_price(self, s, c, atom, period, slot=None):
		"""None: a step without a line."""
		key = next((k for k in ("price", "add") if k in s), None)
		return None if key is None else self.finished(self.price(s[key], c, atom, period, slot), c)

	def steps_by_period(self, c):
		lists = c["steps"].values() if isinstance(c["steps"], dict) else [c["steps"]]
		return any(self.by_period(s.get(k), c) for steps in lists for s in steps for k in ("price", "add"))

	def step_prices(self, c, atom):
		if self.lists_by_period(c):
			return tuple(self.step_price(s, c, atom, p) for p in self.tier_periods(c) for s in c["steps"][p])
		return tuple(self.step_price(s, c, atom, p) for s in self.step_list(c, atom) for p in self.tier_periods(c))

	def period_shares(self, c):
		"""Each period by its own steps: they go by the whole count, its energy takes their shares."""
		(name, names), = self.count_names(c)
		sign = -1 if c.get("sign") == "credit" else 1
		lines = {}
		for run in self.runs(c):
			scale = self.limit_scale(c, self.count_window(c, run[0])[0])
			kwh = sum((self.cells(c)[a.i, p] for a in run for p in names), Fraction(0))
			if kwh < 0:
				raise RatingError("tiers of negative energy")
			opening = self.opening(c, name, run[0])
			for p in names:
				steps = c["steps"][p]
				own = sum((self.cells(c)[a.i, p] for a in run), Fraction(0))
				limits = self.limits(c, run[0], scale, steps)
				lower, portions = Fraction(0), []
				for i, limit in enumerate(limits):
					upper = opening + kwh if limit is None or (c.get("beyond") == "last" and i == len(limits) - 1) else limit
					portions.append(max(Fraction(0), min(opening + kwh, upper) - max(opening, lower)))
					lower = max(lower, upper)
				if sum(portions) < kwh and own:
					raise RatingError("above the last step")
				shares = share_out(own, portions, self.energy_step(c)) if own else [Fraction(0)] * len(steps)
				for i, (s, quantity) in enumerate(zip(steps, shares)):
					price = self.step_price(s, c, run[0], p)
					if price is None:
						continue
					seen = lines.get((i, p))
					if seen and seen[0].i + 1 == run[0].i and seen[0].piece == run[0].piece and seen[1]["price"] == price:
						seen[1]["quantity"] += quantity
						seen[1]["exact"] += sign * quantity * price
					else:
						seen = lines[i, p] = [None, self.add(c, run[0], sign * quantity * price, quantity, price, unit_of(c), p, None, i + 1)]
					seen[0] = run[-1]
		self.check_registers(c, lambda a, p: a.i)

	def steps(self, c, capped=False):
		before = len(self.lines)
		if self.lists_by_period(c):
			self.period_shares(c)
			self.close_counter(c, self.count_names(c)[0][0])
			self.finish_lines(c, self.lines[before:])
			return
		for name, names in self.count_names(c):
			self.steps_count(c, name, names, capped)
			self.close_counter(c, name)
		order = self.period_names(c)
		lines = sorted(self.lines[before:], key=lambda l: (l["first"], l["tier"], order.index(l["period"]) if l["period"] else 0))
		self.lines[before:] = lines
		self.finish_lines(c, lines)

	def steps_count(self, c, name, names, capped):
		runs = self.runs(c)
		lines = {}			# (tier, period) -> [last run, price, line or None]
		per_period = c.get("split") == "counters" and self.period_names(c) != [None]
		run_of = {}
		flats = []
		for number, run in enumerate(runs):
			window = self.count_window(c, run[0])[0]
			scale = self.limit_scale(c, window)
			limits = self.limits(c, run[0], scale)
			steps = self.step_list(c, run[0])
			kwh = sum((self.cells(c)[a.i, p] for a in run for p in names), Fraction(0))
			if kwh < 0:
				raise RatingError("tiers of negative energy")
			opening = self.opening(c, name, run[0])
			closing = opening + kwh
			beyond = c.get("beyond") == "last"
			alone = None
			if c.get("mode") == "volume":
				after = self.count_after(c, name, window)
				tier = next((i for i, l in enumerate(limits) if l is None or after <= l), None)
				if tier is None:
					if not beyond:
						raise RatingError("above the last step")
					tier = len(steps) - 1
				amounts = {i: kwh if i == tier else Fraction(0) for i in range(len(steps))}
				last_of_window = number + 1 == len(runs) or self.count_window(c, runs[number + 1][0])[0] != window
				if "flat" in steps[tier] and last_of_window:
					flats.append((run[-1], tier, steps[tier]))
			else:
				# a step that takes all below it is one with them before anything is divided
				after = self.count_after(c, name, window)
				top = next((i for i, l in enumerate(limits) if l is None or after <= l), len(steps) - 1)
				alone = max((i for i in range(top + 1) if steps[i].get("all")), default=None)
				amounts = self.graduated(c, limits, opening, kwh, beyond, capped, alone)
				carries = self.count_window(c, run[0])[1] is not None
				lower = Fraction(0)
				for i, s in enumerate(steps):
					reached = opening <= lower < closing
					if i == 0 and not carries:
						reached = number == 0 or self.count_window(c, runs[number - 1][0])[0] != window
					if "flat" in s and reached:
						flats.append((run[0], i, s))
					lower = limits[i]
					if lower is None:
						break
			if c.get("split") == "chronological" and c.get("mode") != "volume" and self.steps_by_period(c):
				pieces = self.chronological(c, run, names, limits, opening, kwh, beyond, capped)
			else:
				pieces = self.proportional(c, run, names, steps, amounts, per_period)
			packed = {i: dec(s.get("block", c.get("block"))) for i, s in enumerate(steps) if s.get("block", c.get("block"))}
			if packed:
				whole = c.get("mode") == "volume"
				pieces = [(t, p, self.packages(packed[t], opening, closing, q, limits, t, whole or t == alone, alone) if t in packed else q)
						  for t, p, q in pieces]
			for tier, period, quantity in pieces:
				price = self.step_price(steps[tier], c, run[0], period or names[0])
				if price is None:
					continue
				amount = quantity * price * (-1 if c.get("sign") == "credit" else 1)
				seen = lines.get((tier, period))
				if seen and seen[0].i + 1 == run[0].i and seen[0].piece == run[0].piece and seen[1] == price:
					seen[2]["quantity"] += quantity
					seen[2]["exact"] += amount
				else:
					line = self.add(c, run[0], amount, quantity, price, "piece" if tier in packed else unit_of(c), period, None, tier + 1)
					seen = lines[tier, period] = [None, price, line]
				seen[0] = run[-1]
			for a in run:
				run_of[a.i] = number
		for atom, tier, s in flats:
			value = self.finished(self.price(s["flat"], c, atom, names[0]), c)
			self.add(c, atom, -value if c.get("sign") == "credit" else value, Fraction(1), value, "piece", None, None, tier + 1)
		self.check_registers(c, lambda a, p: run_of.get(a.i))

	@staticmethod
	def packages(block, opening, closing, kwh, limits, tier, from_zero, alone):
		"""How many more blocks are begun in a step between two counts."""
		if from_zero:
			return Fraction(math.ceil((opening + kwh) / block) - math.ceil(opening / block)) if kwh else Fraction(0)
		if alone is not None and tier < alone:
			return Fraction(0)
		lower = limits[tier - 1] if tier else Fraction(0)
		upper = limits[tier] if tier + 1 < len(limits) else None
		begun = lambda count: math.ceil(max(Fraction(0), (count if upper is None else min(count, upper)) - lower) / block)
		return Fraction(begun(closing) - begun(opening))

	def energy_step(self, c):
		rule = self.rules(c).get("quantity")
		return rule[0] if rule else SPLIT_STEP

	def undivided(self, c, limits):
		"""Whether steps take what they take: no whole steps of the quantity, and limits that decimals can say."""
		return not self.rules(c).get("quantity") and all(l is None or is_decimal(l) for l in limits)

	def graduated(self, c, limits, opening, kwh, beyond, capped, alone=None):
		"""{step: kWh} of the energy from the opening count on."""
		portions = []
		lower = Fraction(0)
		closing = opening + kwh
		for i, limit in enumerate(limits):
			upper = closing if limit is None else limit
			if beyond and i == len(limits) - 1:
				upper = max(closing, upper)
			portions.append(max(Fraction(0), min(closing, upper) - max(opening, lower)))
			lower = upper
		over = kwh - sum(portions)
		if over > 0 and not capped:
			raise RatingError("above the last step")
		portions.append(over)
		for i in range(alone or 0):
			portions[alone] += portions[i]
			portions[i] = Fraction(0)
		if self.undivided(c, limits):
			return dict(enumerate(portions[:-1]))
		# limits are whole steps: less than a step of the energy itself lies in the last one reached
		last = max((i for i, p in enumerate(portions) if p > 0), default=0)
		shares = share_out(kwh, portions, self.energy_step(c), last)
		return dict(enumerate(shares[:-1]))

	def proportional(self, c, run, names, steps, amounts, per_period):
		"""Each step takes its share of what the periods have left."""
		left = [sum((self.cells(c)[a.i, p] for a in run), Fraction(0)) for p in names]
		total = sum(amounts.values(), Fraction(0))
		result = []
		for tier, kwh in amounts.items():
			if per_period:
				result.append((tier, names[0], kwh))
				continue
			split = [Fraction(0)] * len(names)
			if kwh:
				split = left if kwh == sum(left) else share_out(kwh, [max(l, Fraction(0)) for l in left], self.energy_step(c))
			left = [l - s for l, s in zip(left, split)]
			if self.steps_by_period(c) and names != [None]:
				result += [(tier, p, s) for p, s in zip(names, split)]
			else:
				result.append((tier, None, kwh))
		return result

	def chronological(self, c, run, names, limits, opening, kwh, beyond, capped):
		"""Slots fill the steps in the order of time."""
		part, channel = c.get("part", "main"), self.measured(c)
		self.check_slots(part, channel)
		slots = []
		for p in self.all_parts() if part == "whole" else [part]:
			source = self.channel(p, channel)
			if source and source[0] != "profile":
				raise RatingError("chronological tiers need a profile")
			if source:
				slots += self.slots(c, p, channel)
		atoms = {a.i for a in run}
		exact = {}
		at_count = opening
		for at, length, atom, period, energy in sorted(slots, key=lambda s: s[0]):
			if atom.i not in atoms or period not in names or energy is None:
				continue
			if energy < 0:
				raise RatingError("tiers of negative energy")
			todo = energy
			for tier, limit in enumerate(limits):
				last = tier == len(limits) - 1
				if limit is not None and not (last and beyond):
					room = limit - at_count
					if room <= 0:
						continue
					take = min(todo, room)
				else:
					take = todo
				exact[tier, period] = exact.get((tier, period), 0) + take
				at_count += take
				todo -= take
				if todo == 0:
					break
			if todo > 0:
				if not capped:
					raise RatingError("above the last step")
				at_count += todo
				exact[len(limits), period] = exact.get((len(limits), period), 0) + todo
		keys = [(t, p) for t in range(len(limits) + 1) for p in names]
		weights = [exact.get(k, Fraction(0)) for k in keys]
		if self.undivided(c, limits):
			return [(t, p, w) for (t, p), w in zip(keys, weights) if t < len(limits)]
		shares = share_out(kwh, weights, self.energy_step(c), max((i for i, w in enumerate(weights) if w), default=0))
		return [(t, p, s) for (t, p), s in zip(keys, shares) if t < len(limits)]

	# ---- demand, capacity, fixed ----

	def months_of(self, c, d0, d1):
		"""A month's charge in [d0, d1) of the billed span."""
		proration = c.get("proration", "period" if c.get("demand", {}).get("highest", {}).get("sum_of") else "calendar")
		n = (d1 - d0).days
		if proration == "calendar":
			return calendar_months(d0, d1)
		if proration == "period":
			return Fraction(n, self.days)
		if proration == "daily":
			return Fraction(n)
		if proration == "year":
			return Fraction(n * 12) / dec(c.get("year_days", "365"))
		whole = 0
		while add_months(self.from_, whole) < self.until:
			whole += 1
		if add_months(self.from_, whole) != self.until:
			return Fraction(n, 30)
		return self.thirtieths(d1) - self.thirtieths(d0)

	def thirtieths(self, d):
		months = 0
		while add_months(self.from_, months + 1) <= d:
			months += 1
		return months + Fraction(min(30, (d - add_months(self.from_, months)).days), 30)

	def by_kw_steps(self, c, unit, kw_of, period):
		"""Demand priced by steps of kW."""
		steps = c["steps"][period] if self.lists_by_period(c) else None
		most = max(len(l) for l in (c["steps"].values() if isinstance(c["steps"], dict) else [c["steps"]]))
		for i in range(most):
			def part(a, i=i):
				found = steps or self.step_list(c, a)
				kw = kw_of(a)
				if "to" in found[-1] and kw > dec(found[-1]["to"]):
					raise RatingError("above the last step")
				if i >= len(found) or not {"price", "add"} & set(found[i]):
					return None
				lower = dec(found[i - 1]["to"]) if i else Fraction(0)
				upper = min(kw, dec(found[i]["to"])) if "to" in found[i] else kw
				return max(Fraction(0), upper - lower)
			price_of = lambda a, i=i: next((self.price((steps or self.step_list(c, a))[i][k], c, a, period)
											for k in ("price", "add") if k in (steps or self.step_list(c, a))[i]), None)
			self.by_time(c, unit, part, period, price_of=price_of, tier=i + 1)

	def by_time(self, c, unit, quantity_of, period=None, quantity_is_time=False, price_of=None, tier=None):
		"""Lines of things charged by the month: one for each stretch with one price and one quantity."""
		last = None
		for a in self.atoms:
			if not self.holds(c, a):
				last = None
				continue
			quantity = quantity_of(a)
			if quantity is None:
				last = None
				continue
			price = price_of(a) if price_of else self.price(c["price"], c, a, period)
			price = self.discounted(c, price, a)
			value = self.finished(price, c)
			time = self.time_of(c, a)
			if last and last["piece"] == a.piece and last["price"] == value and last["each"] == quantity:
				last["fraction"] += time
			else:
				last = self.add(c, a, 0, quantity, value, unit, period, None, tier)
				last["each"] = quantity
				last["fraction"] = time
				last["is_time"] = quantity_is_time

	def time_of(self, c, a):
		what = c.get("fixed", "month")
		n = (a.d1 - a.d0).days
		if what == "day":
			return Fraction(n)
		if what == "period":
			return Fraction(n, self.days)
		if what == "year":
			proration = c.get("proration", "calendar")
			if proration == "calendar":
				return calendar_years(a.d0, a.d1)
			if proration == "year":
				return Fraction(n) / dec(c.get("year_days", "365"))
			if proration == "period":
				return Fraction(n, self.days)
		return self.months_of(c, a.d0, a.d1)

	def finish_times(self, c, lines):
		rule = self.rules(c).get("fraction")
		for l in lines:
			if c.get("fixed", "month") == "month":
				l["fraction"] = rounded(l["fraction"], rule)
			elif c["fixed"] == "year" and c.get("proration") == "thirty":
				l["fraction"] = rounded(l["fraction"], rule) / 12
			l["exact"] = l["each"] * l["fraction"] * l["price"]
			if l["is_time"]:
				l["quantity"] = l["each"] * l["fraction"]
		self.finish_lines(c, lines)

	def discounted(self, c, price, atom):
		d = c.get("discount")
		if d and self.total_kwh() >= dec(d["at_least"]) * self.quantity(d["kwh_per"], atom.d0):
			return Price(price.value * dec(d["times"]), True)
		return price

	def capacity(self, c):
		before = len(self.lines)
		self.by_time(c, c.get("unit", "kVA"), lambda a: self.quantity(c["capacity"], a.d0))
		self.finish_times(c, self.lines[before:])

	def fixed(self, c):
		before = len(self.lines)
		times = lambda a: self.quantity(c["times"], a.d0) if "times" in c else Fraction(1)
		unit = {"period": "piece"}.get(c["fixed"], c["fixed"])
		self.by_time(c, unit, times, quantity_is_time=True)
		self.finish_times(c, self.lines[before:])

	def demand(self, c):
		before = len(self.lines)
		d = c["demand"]
		periods = self.period_names(c) if d.get("periods") == "each" else [None]
		for period in periods:
			wanted = [period] if period else d.get("periods")
			name = d.get("counter", c["code"]) + (f"/{period}" if period else "")
			if not any(self.holds(c, a) for a in self.atoms):
				continue
			exact = self.weighted_kw(c) if "weights" in d else self.demand_kw(c, wanted)
			if exact is None:
				continue
			if self.memory(d) and any(self.holds(c, a) for a in self.atoms):
				self.note_demand(name, d, exact)
			kw_of = lambda a: self.billed_kw(c, name, exact, a)
			for a in self.atoms:
				if self.holds(c, a):
					found = self.billed[c["code"]]
					found[a.i] = max(kw_of(a), found.get(a.i, Fraction(0)))
			channel = c.get("channel", "import")
			unit = "kVA" if channel == "apparent" else "kvar" if channel.startswith("reactive") else c.get("unit", "kW")
			if "steps" in c:
				self.by_kw_steps(c, unit, kw_of, period)
			else:
				self.by_time(c, unit, kw_of, period)
		self.finish_times(c, self.lines[before:])

	@staticmethod
	def ratchets(d):
		found = d.get("ratchet", [])
		return found if isinstance(found, list) else [found]

	def memory(self, d):
		"""Months that the carry keeps."""
		highest = d.get("highest", {})
		months = [int(r.get("months", 11)) for r in self.ratchets(d)]
		return max(months + [int(highest["of"]) - 1 if highest.get("on") == "months" else 0])

	def weighted_kw(self, c):
		found = []
		d, part = c["demand"], c.get("part", "main")
		parts = self.all_parts() if part == "whole" else [part]
		weights = {p: dec(w) for p, w in d["weights"].items() if dec(w)}
		summed = d.get("highest", {}).get("sum_of") == "days"
		if summed or d.get("highest", {}).get("on") == "days" and int(d["highest"]["mean_of"]) > 1 and not (
				c.get("channel", "import") in ("import", "apparent") and any(at in weights for p in parts for at, _ in self.recorded_demands(c, p))):
			return self.weighted_days(c, parts, weights)
		for period, weight in c["demand"]["weights"].items():
			if dec(weight):
				kw = self.demand_kw(dict(c, demand=dict(c["demand"], periods="each")), [period])
				found += [kw * dec(weight)] if kw is not None else []
		absent = not any(c.get("channel", "import") in p for p in self.usage.values())
		return max(found, default=None if absent and c["demand"].get("optional") else Fraction(0))

	def weighted_days(self, c, parts, weights):
		"""Each day's highest block times the weight of its period; the mean of the highest days."""
		summed = "sum_of" in c["demand"]["highest"]
		self.demand_kw(dict(c, demand={k: v for k, v in c["demand"].items() if k != "weights" and (k != "highest" or summed)}), list(weights))
		by_day = {}
		for period, weight in weights.items():
			for d, kw in self.blocks(c, parts, [period]):
				by_day[d] = max(by_day.get(d, kw * weight), kw * weight)
		return as_measured(self.of_days(c, list(by_day.values()))) if by_day else Fraction(0)

	@staticmethod
	def of_days(c, values):
		"""The mean of the highest, or the sum of all."""
		highest = c["demand"]["highest"]
		if highest.get("sum_of") == "days":
			return sum(values, Fraction(0))
		top = sorted(values, reverse=True)[:int(highest["mean_of"])]
		return sum(top, Fraction(0)) / len(top)

	def kw_rounded(self, c, kw):
		rule = rounding_of({"x": c["demand"]["rounding"]}).get("x") if "rounding" in c["demand"] else self.rules(c).get("demand")
		return rounded(kw, rule or (SPLIT_STEP, "half_up", False))

	def demand_kw(self, c, wanted):
		"""The statistic as metered, not rounded."""
		part = c.get("part", "main")
		if part in self.tariff.get("parts", {}):
			raise RatingError("demand of a made part")
		channel = c.get("channel", "import")
		parts = self.all_parts() if part == "whole" else [part]
		recorded = self.recorded(c, parts, wanted) if channel in ("import", "apparent") else None
		if recorded is not None:
			return recorded
		sources = [self.channel(p, self.measured(c)) if "net" in c else self.usage.get(p, {}).get(channel) for p in parts]
		if not any(sources):
			if c["demand"].get("optional"):
				return None
			if c["demand"].get("periods") == "each" and self.recorded_of_some_period(c, parts):
				return None
			raise RatingError("demand without a profile or a recorded demand")
		if "net" in c:
			self.check_net_parts(c)
		blocks = self.blocks(c, parts, wanted)
		highest = c["demand"].get("highest")
		if not blocks:
			return None if c["demand"].get("periods") == "each" else Fraction(0)
		if not highest or highest.get("on") == "months":
			return as_measured(max(kw for _, kw in blocks))
		by_day = {}
		for d, kw in blocks:
			by_day[d] = max(by_day.get(d, kw), kw)
		return as_measured(self.of_days(c, list(by_day.values())))

	def recorded_demands(self, c, part):
		"""[(period or None, kW or, of the channel apparent, kVA)]"""
		u = self.usage.get(part, {})
		unit = "kva" if c.get("channel") == "apparent" else "kw"
		found = u.get("demands", []) + ([{unit: u["demand_" + unit]}] if "demand_" + unit in u else [])
		return [(d.get("period"), dec(d[unit])) for d in found if unit in d]

	def recorded_of_some_period(self, c, parts):
		return c.get("channel", "import") in ("import", "apparent") and any(period for p in parts for period, _ in self.recorded_demands(c, p))

	def recorded(self, c, parts, wanted):
		"""The highest recorded demand, of several parts added; of several periods the highest; or None."""
		if c["demand"].get("highest", {}).get("sum_of"):
			return None
		if wanted is not None:
			for period in [period for p in parts for period, _ in self.recorded_demands(c, p) if period]:
				if period not in self.period_names(c):
					raise RatingError(f"a recorded demand of period {period}")
		sums = []
		for period in [None] if wanted is None else [n for n in self.period_names(c) if n in wanted]:
			highest = [max((kw for at, kw in self.recorded_demands(c, p) if at == period), default=None) for p in parts]
			found = [kw for kw in highest if kw is not None]
			if found:
				for p in parts:
					metered = "import" in self.usage.get(p, {}) or c.get("channel") in self.usage.get(p, {}) or any(r["channel"] == "import" for r in self.usage.get(p, {}).get("registers", []))
					if metered and not self.recorded_demands(c, p):
						raise RatingError(f"part {p} has no recorded demand")
				sums.append(sum(found, Fraction(0)))
		return max(sums, default=None)

	def blocks(self, c, parts, wanted):
		"""[(day, kW)] of blocks or windows that lie wholly within the wanted periods."""
		slots = self.slots_of_profiles(c, parts)
		if not slots:
			return []
		length = slots[0][1]
		minutes = int(c["demand"].get("minutes", length))
		if c["demand"].get("coarser"):
			minutes = max(minutes, length)
		if minutes % length:
			raise RatingError("demand minutes are not whole slots")
		n = minutes // length
		hours = Fraction(minutes, 60)
		result = []
		if c["demand"].get("sliding"):
			groups = [slots[i:i + n] for i in range(len(slots) - n + 1)]
		else:
			groups = []
			for s in slots:
				first = (s[0] - self.day_start(s[2])) // minutes
				if groups and groups[-1][0][2] == s[2] and (groups[-1][0][0] - self.day_start(s[2])) // minutes == first:
					groups[-1].append(s)
				else:
					groups.append([s])
		for g in groups:
			if wanted is None or all(s[3] in wanted for s in g):
				result.append((g[0][2], exact_sum(s[4] or Fraction(0) for s in g) / hours))
		return result

	def slots_of_profiles(self, c, parts):
		"""Those of all parts, added slot by slot."""
		channel = self.measured(c)
		found = [list(self.slots_of_profile(c, p)) for p in parts if self.channel(p, channel)]
		if len({slots[0][1] for slots in found if slots}) > 1:
			raise RatingError("the parts have slots of different length")
		return [(*same[0][:4], exact_sum(s[4] or Fraction(0) for s in same)) for same in zip(*found)]

	def slots_of_profile(self, c, part):
		channel = self.measured(c)
		minutes_of = self.period_by_minute(c)
		_, periods = self.schedule(c)
		if self.channel(part, channel)[0] != "profile":
			raise RatingError("demand of registers")
		for at, length, d, kwh in self.profile_slots(part, channel):
			period = None
			if periods:
				first = at - self.day_start(d)
				names = set(minutes_of(d)[first:first + length])
				if len(names) > 1:
					raise RatingError("a slot straddles two periods")
				period = names.pop()
			yield at, length, d, period, kwh

	def billed_kw(self, c, name, measured, atom):
		d = c["demand"]
		kw = measured
		if "power_factor" in d:
			kw *= self.kw_factor(c, atom)
		if c.get("unit") == "hp":
			kw = round_to(kw / Fraction(7457, 10000), SPLIT_STEP, "half_up")
		if "power_factor" in d or "rounding" in d or "demand" in self.rules(c):
			kw = self.kw_rounded(c, kw)
		if d.get("highest", {}).get("on") == "months":
			values = [kw] + self.past(name, int(d["highest"]["of"]) - 1)
			top = sorted(values, reverse=True)[:int(d["highest"]["mean_of"])]
			kw = self.kw_rounded(c, sum(top) / len(top))
		if "share" in d:
			share = d["share"][self.from_.month - 1] if isinstance(d["share"], list) else d["share"]
			kw = self.kw_rounded(c, kw * dec(share))
		for r in self.ratchets(d):
			if self.from_.month not in r.get("during", range(1, 13)):
				continue
			past = self.past(name, r.get("months") and int(r["months"]), r.get("in"))
			if past:
				value = sum(past) / len(past) if r.get("by") == "mean" else max(past)
				kw = max(kw, self.kw_rounded(c, dec(r["share"]) * value))
		if "contract" in d:
			contract = self.quantity(d["contract"], atom.d0)
			limit = contract * Fraction(105, 100)
			rule = d.get("overrun", "contract_105")
			if rule == "none":
				kw = max(kw, contract)
			elif rule == "contract_105":
				kw = contract if kw <= limit else limit + 2 * (kw - limit)
			elif rule == "contract_105_literal":
				kw = contract if kw <= limit else contract + 2 * (kw - limit)
			elif rule == "band_95_105":
				if kw < contract * Fraction(95, 100):
					kw = contract * Fraction(95, 100)
				elif kw > limit:
					kw = contract + 2 * (kw - contract)
		if "at_least" in d:
			floor = d["at_least"]
			if isinstance(floor, dict):
				kw = max(kw, self.kw_rounded(c, dec(floor["share"]) * self.quantity(floor["of"], atom.d0)))
			else:
				kw = max(kw, dec(floor))
		return kw

	def past(self, name, months, named=None):
		"""Demand of the months before, or (no number of months) of the others of the calendar year."""
		first = self.from_.replace(day=1)
		found = []
		for e in self.old_carry.get("demand", []):
			month = day(e["month"] + "-01")
			near = add_months(first, -months) <= month < first if months else month.year == first.year and month != first
			if e["name"] == name and near and month.month in (named or range(1, 13)):
				found.append(dec(e["kw"]))
		return found

	def kw_factor(self, c, atom):
		rule = c["demand"]["power_factor"]
		actual = dec(self.term(rule["actual"], atom.d0)) if "actual" in rule else self.factor(dict(c, part="whole"), rule)
		if actual is None or actual >= dec(rule["required"]):
			return Fraction(1)
		most = dec(rule["at_most"]) if "at_most" in rule else None
		if not actual and most is None:
			raise RatingError("a power factor of zero")
		ratio = dec(rule["required"]) / actual if actual else most
		return min(ratio, most) if most is not None else ratio

	def note_demand(self, name, d, measured):
		self.new_demands.append((name, self.from_.replace(day=1), self.memory(d), measured))

	# ---- money of other lines ----

	def holding_pieces(self, c):
		"""Pieces in which the charge holds; all atoms of a piece agree."""
		return [p for p in range(self.pieces) if self.holds(c, next(a for a in self.atoms if a.piece == p))]

	def base(self, c, piece, exact=False):
		"""Lines that `of` names without those that `except` names; components inside lines likewise."""
		of, leave = c.get("of"), set(c.get("except", []))
		amount = lambda x: exact_amount(x["exact"]) if exact else x["amount"]
		total = Fraction(0)
		for l in self.lines:
			if l["piece"] != piece:
				continue
			names = {l["code"], l["component"]} | l["tags"]
			if l["kind"] == "charge" and (of is None or names & set(of)) and not names & leave:
				total += amount(l)
			if l["kind"] == "of_which":
				of_line = (of is None or l["own"] & set(of)) and not l["own"] & leave
				if of_line and names & leave:
					total -= amount(l)
				if not of_line and names & set(of or []) and not names & leave:
					total += amount(l)
		return total

	def money_price(self, price, c, piece):
		"""One price of the whole piece; a month without one is an error also where nothing else changes."""
		atoms = [a for a in self.atoms if a.piece == piece]
		for a in atoms:
			self.price(price, c, Atom(a.i, a.d1 - ONE_DAY, a.d1, piece), None)
		return self.price(price, c, atoms[0], None).value

	def percent(self, c):
		kind = "included" if c.get("included") else "charge"
		found = []
		for piece in self.holding_pieces(c):
			rate = self.money_price(c["percent"], c, piece)
			found.append((piece, rate, rate, self.base(c, piece, c.get("on") == "exact")))
		self.percent_lines(c, found, kind)

	def percent_lines(self, c, found, kind="charge"):
		"""Pieces in a row under one rule are one line; it belongs to the last of them."""
		before = len(self.lines)
		last = None
		for piece, rule, rate, base in found:
			if last and last["rule"] == rule and last["piece"] == piece - 1:
				last["quantity"] += base
				last["piece"] = piece
			else:
				last = self.add(c, next(a for a in self.atoms if a.piece == piece), 0, base, rate, "%", kind=kind)
				last["rule"] = rule
		for l in self.lines[before:]:
			l["quantity"] = exact_total([l["quantity"]])
			whole = 100 + l["price"] if kind == "included" else 100
			l["exact"] = l["quantity"] * l["price"] / whole
		self.finish_lines(c, self.lines[before:])

	def factor(self, c, rule=None):
		rule = rule or c["power_factor"]
		part, made = c.get("part", "whole"), self.tariff.get("parts", {})
		if part in made or any(m.get("of", "main") == part for m in made.values()):
			raise RatingError("the power factor of a part that shares are taken of")
		channels = [self.channel(p, ch) for p in (self.all_parts() if part == "whole" else [part])
					for ch in ("reactive_import", "reactive_export")]
		if not any(channels):
			raise RatingError("a power factor without reactive energy")
		p = self.total_kwh("import", part)
		q = abs(self.total_kwh("reactive_import", part)) + abs(self.total_kwh("reactive_export", part))
		if p == 0:
			return None
		places = int(rule.get("places", 2))
		square = p * p * 100**places / (p * p + q * q)
		n = math.isqrt(math.floor(square))
		if square != n * n:
			half = Fraction(2 * n + 1, 2) ** 2
			mode = rule.get("mode", "half_up")
			n += {"down": False, "floor": False, "up": True, "ceiling": True, "half_down": square > half,
				  "half_even": square > half or square == half and n % 2 == 1}.get(mode, square >= half)
		return Fraction(n, 10**places)

	def power_factor(self, c):
		pieces = self.holding_pieces(c)
		pf = self.factor(c) if pieces else None
		if pf is None:
			return
		rule = c["power_factor"]
		found = []
		for piece in pieces:
			of, standard = c, None
			if "required" in rule:
				if "demand" in rule:
					of = dict(c, of=[rule["demand"]])
				most = dec(rule.get("at_most", "1000000"))
				ratio = min(dec(rule["required"]) / pf, most) if pf else most
				percent = max(Fraction(0), ratio - 1) * 100
			else:
				standard = self.standard(rule, self.piece_span(piece)[0])
				percent = self.table_percent(standard, pf)
			found.append((piece, standard and normal(standard), percent, self.base(of, piece)))
		self.percent_lines(c, found)

	def standard(self, rule, at):
		name = rule["standard"]
		return self.term(name["term"], at) if isinstance(name, dict) else name

	def table_percent(self, name, pf):
		tables = self.tariff.get("power_factor_tables", PF_1983)
		table = next((t for n, t in tables.items() if same(n, name)), None)
		if table is None:
			raise RatingError(f"no power factor table {name}")
		percent, level = dec(table["best"]), dec(table["at"])
		for rise in table["rise"]:
			to = dec(rise["to"]) if "to" in rise else Fraction(0)
			while level > to and pf < level:
				level -= Fraction(1, 100)
				percent += dec(rise["by"])
		return percent

	def bound(self, c, kind):
		if c.get("per") == "year":
			return self.year_bound(c, kind)
		before = len(self.lines)
		pieces = self.holding_pieces(c)
		if not pieces:
			return
		base = sum((self.base(c, p) for p in pieces), Fraction(0))
		per = c.get("per", "period")
		times = {}			# by price, so that months are rounded once
		for p in pieces:
			d0, d1 = self.piece_span(p)
			each = self.money_price(c[kind], c, p)
			n = (d1 - d0).days
			times[each] = times.get(each, 0) + (n if per == "day" else self.months_of(c, d0, d1) if per == "month" else Fraction(n, self.days))
		rule = self.rules(c).get("fraction") if per == "month" else None
		limit = exact_total(each * rounded(t, rule) for each, t in times.items())
		missing = limit - base
		if kind == "minimum" and missing > 0 or kind == "maximum" and missing < 0:
			atom = [a for a in self.atoms if a.piece == pieces[-1]][-1]
			self.add(c, atom, missing)
		self.finish_lines(c, self.lines[before:])

	def year_bound(self, c, kind):
		"""Counts from bill to bill; the line comes when the count ends."""
		before = len(self.lines)
		name = c.get("counter", c["code"])
		year = self.year_start(self.from_)
		count = None		# [first day, money, last piece of this bill, day after the last]
		for b in self.old_carry.get("banks", []):
			if b["name"] == name and day(b["from"]) >= self.from_:
				raise RatingError(f"the count {name} begins after the bill")
			if b["name"] == name and self.year_start(day(b["from"])) == year:
				count = [day(b["from"]), dec(b["amount"]), 0, self.from_]
		self.dropped_banks.add(name)
		holding = self.holding_pieces(c)
		for p in range(self.pieces):
			d0, d1 = self.piece_span(p)
			if count and (p not in holding or self.year_start(d0) != self.year_start(count[0])):
				self.settle_year(c, kind, *count)
				count = None
			if p in holding:
				count = count or [d0, Fraction(0), p, d1]
				count = [count[0], count[1] + self.base(c, p), p, d1]
		if count and (self.until == self.year_end(count[0]) or self.service_end(self.pieces - 1) <= self.until or
					  "until" in c and day(c["until"]) <= self.until):
			self.settle_year(c, kind, *count)
		elif count:
			self.new_banks[name] = tuple(count[:2])
		self.finish_lines(c, self.lines[before:])

	def service_end(self, piece):
		last = [a for a in self.atoms if a.piece == piece][-1]
		return day(self.term("service_until", last.d0)) if "service_until" in self.terms else datetime.date.max

	def settle_year(self, c, kind, first, money, piece, end):
		end = min(end, self.service_end(piece))
		if end <= first:
			return
		# where nothing of this bill was counted, the amount is that of its first day
		atom = next((a for a in self.atoms if a.d0 < end <= a.d1), self.atoms[0])
		year, next_year = self.year_start(first), self.year_end(first)
		share = Fraction((end - first).days, (next_year - year).days)
		if c.get("proration") == "thirty":
			def days_of(d):
				months = 0
				while add_months(year, months + 1) <= d:
					months += 1
				return 30 * months + min(30, (d - add_months(year, months)).days)
			share = Fraction(days_of(end) - days_of(first), 360)
		if c.get("proration") == "none":
			share = 1
		missing = self.price(c[kind], c, atom, None).value * share - money
		if kind == "minimum" and missing > 0 or kind == "maximum" and missing < 0:
			self.add(c, next(a for a in self.atoms if a.piece == piece), missing)

	# ---- the bill ----

	def check_document(self, x):
		"""What a tariff is refused for when it is stored, as far as random ones have it."""
		for v in x.values() if isinstance(x, dict) else x if isinstance(x, list) else []:
			self.check_document(v)
		if isinstance(x, dict) and {"series", "at_least", "at_most"} <= set(x) and dec(x["at_least"]) > dec(x["at_most"]):
			raise RatingError(f"a floor above the cap: {x}")

	def rate(self):
		self.check_document(self.charges)
		self.check_parts()
		for c in self.charges:
			if "net" in c:
				self.check_net(c)
				if self.measured(c)[2] and any(self.holds(c, a) for a in self.atoms):
					self.cells(c)		# kept energy moves once, before all prices
		self.count_energy()
		for c in self.charges:
			kind = self.kind(c)
			before = len(self.lines)
			if kind in ("minimum", "maximum"):
				self.bound(c, kind)
			else:
				before = len(self.lines)
				getattr(self, kind)(c)
				if kind in ("energy", "steps") and len(self.lines) > before:
					self.check_metered(c)
			self.keep(c, self.lines[before:])
		self.round_total()
		total = sum((l["amount"] for l in self.lines if counts(l)), Fraction(0))
		return {"lines": [self.printed(l) for l in self.lines], "total": text(total), "carry": self.carry()}

	def check_metered(self, c):
		"""Energy taken that was not measured at all is no zero."""
		part = c.get("part", "main")
		if c.get("channel", "import") != "import" or self.tariff.get("missing") == "zero":
			return
		for p in self.all_parts() if part == "whole" else [self.metered(part)]:
			u = self.usage.get(p, {})
			if "import" in u or any(r.get("channel", "import") == "import" for r in u.get("registers", [])):
				return
		raise RatingError(f"{c['code']}: no import of part {part}")

	def round_total(self):
		rule = rounding_of(self.tariff.get("rounding")).get("total")
		if not rule:
			return
		exact = sum((l["amount"] for l in self.lines if l["kind"] == "charge"), Fraction(0))
		handed = Fraction(0)
		if rule[2]:
			handed = sum((dec(b["amount"]) for b in self.old_carry.get("banks", []) if b["name"] == "rounding"), Fraction(0))
			self.dropped_banks.add("rounding")
		total = rounded(exact + handed, rule)
		if rule[2] and exact + handed != total:
			self.new_banks["rounding"] = (self.from_, exact + handed - total)
		if total != exact:
			line = self.add({"code": "rounding"}, self.atoms[-1], total - exact, kind="rounding")
			line["amount"] = total - exact

	@staticmethod
	def printed(l):
		number = lambda x, places: None if x is None else text(x, places)
		return {"code": l["code"], "period": l["period"], "component": l["component"], "tier": l["tier"],
				"quantity": number(l["quantity"], 6), "unit": l["unit"], "price": number(l["price"], 10),
				"amount": text(l["amount"]), "kind": l["kind"]}

	def carry(self):
		old = self.old_carry
		counters = {k: dict(v) for k, v in old.get("counters", {}).items()}
		for v in counters.values():
			v["kwh"] = text(dec(v["kwh"]))
		counters.update({k: v for k, (_, v) in self.new_counters.items()})
		demands = {(e["name"], e["month"]): dec(e["kw"]) for e in old.get("demand", [])}
		for name, month, months, kw in self.new_demands:
			oldest = add_months(month, -months)
			for key in [k for k in demands if k[0] == name and day(k[1] + "-01") <= oldest]:
				del demands[key]
			key = (name, month.isoformat()[:7])
			demands[key] = max(kw, demands.get(key, kw))
		banks = [b for b in old.get("banks", []) if b["name"] not in self.dropped_banks]
		banks = [dict(b, amount=text(dec(b["amount"]))) for b in banks]
		banks += [{"name": n, "from": d.isoformat(), "amount": text(a)} for n, (d, a) in self.new_banks.items()]
		for name, entries in self.banks.items():
			for (period, at), amount in entries.items():
				if amount:
					banks.append(dict({"name": name, "from": at.isoformat(), "amount": text(amount)},
									  **({"period": period} if period else {})))
		result = {}
		if counters:
			result["counters"] = counters
		if demands:
			result["demand"] = [{"name": n, "month": m, "kw": text(kw)} for (n, m), kw in sorted(demands.items())]
		if banks:
			result["banks"] = sorted(banks, key=lambda b: (b["name"], b.get("period", ""), b["from"]))
		return result


class Atom:
	"""Days between two cuts; `piece` counts changes of terms before it."""

	def __init__(self, i, d0, d1, piece):
		self.i, self.d0, self.d1, self.piece = i, d0, d1, piece


def counts(line):
	return line["kind"] in ("charge", "rounding")


def unit_of(c):
	channel = c.get("channel", "import")
	return "kvarh" if channel.startswith("reactive") else "kVAh" if channel == "apparent" else "kWh"


def same(a, b):
	"""Equal as terms are: numbers by value, however written."""
	if isinstance(a, bool) or isinstance(b, bool):
		return a is b
	code = lambda x: isinstance(x, str) and len(x) > 1 and x[0] == "0" and x[1].isdigit()
	if code(a) or code(b):
		return type(a) is type(b) and a == b
	try:
		return Fraction(str(a)) == Fraction(str(b))
	except ValueError:
		return str(a) == str(b)


def normal(x):
	try:
		return text(Fraction(str(x)))
	except ValueError:
		return str(x)


def utc_minute(x):
	t = datetime.datetime.fromisoformat(str(x))
	if t.tzinfo is None:
		raise RatingError(f"a moment without a zone: {x}")
	return int(t.timestamp()) // 60


def rate(tariff, usage, during, terms=None, market=None, carry=None):
	return Rater(tariff, usage, during, terms, market, carry).rate()


def rate_months(tariff, usage, from_on, months, terms=None, market=None, carry=None):
	"""[(during, result)], the carry handed on; usage by (from, until) or one for all."""
	results = []
	for i in range(months):
		during = (add_months(day(from_on), i), add_months(day(from_on), i + 1))
		result = rate(tariff, usage(during) if callable(usage) else usage, during, terms, market, carry)
		carry = result["carry"]
		results.append((during, result))
	return results


def load(path):
	with open(path, encoding="utf-8") as f:
		return json.load(f, parse_float=str)


if __name__ == "__main__":
	import sys

	case = load(sys.argv[1])
	result = rate(case["tariff"], case["usage"], case["during"], case.get("terms"), case.get("market"), case.get("carry"))
	json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
	print()

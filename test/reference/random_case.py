"""Random bills: a seed gives a tariff that uses the language in all its breadth, and what it is rated with."""

import datetime
import random

import rater

ZONES = ["Asia/Shanghai"] * 5 + ["America/New_York", "America/New_York", "Europe/London", "Asia/Kolkata", "Pacific/Auckland"]
PERIOD_SETS = [["peak", "valley"], ["peak", "flat", "valley"], ["sharp", "peak", "flat", "valley"], ["day", "night"],
			   ["sharp", "peak", "shoulder", "valley", "deep_valley"]]
MODES = ["half_up", "half_up", "half_even", "half_down", "down", "up", "floor", "ceiling"]


class Generator:
	def __init__(self, seed):
		self.r = random.Random(seed)
		self.market = {}
		self.terms = {}
		self.tariff = {"name": f"random {seed}", "currency": "CNY"}
		self.codes = []
		self.tags = []
		self.demands = []
		self.months = 0			# so many bills, one for each month of the span; 0: one bill

	# ---- small things ----

	def chance(self, p):
		return self.r.random() < p

	def decimal(self, low, high, places):
		scale = 10 ** self.r.randint(0, places)
		n = self.r.randint(int(low * scale), int(high * scale))
		return rater.text(rater.Fraction(n, scale))

	def price_text(self):
		return self.decimal(0, 2, 8) if self.chance(0.95) else "-" + self.decimal(0, 1, 4)

	def day_inside(self, margin=0):
		days = (self.until - self.from_).days
		return self.from_ + datetime.timedelta(self.r.randint(-margin, days - 1 + margin))

	# ---- the span ----

	def span(self):
		r = self.r
		year, month = r.choice([2023, 2024, 2025, 2026]), r.randint(1, 12)
		if self.chance(0.3):
			month = r.choice([3, 10, 11, 4, 9])		# clocks change
		kind = r.choice(["month", "month", "month", "shifted", "short", "long", "year"])
		first = datetime.date(year, month, 1)
		if kind == "month":
			span = first, rater.add_months(first, 1)
		elif kind == "shifted":
			start = datetime.date(year, month, r.randint(2, 28))
			span = start, rater.add_months(start, 1)
		elif kind == "short":
			start = first + datetime.timedelta(r.randint(0, 27))
			span = start, start + datetime.timedelta(r.randint(1, 9))
		elif kind == "long":
			span = first, rater.add_months(first, r.randint(2, 3)) + datetime.timedelta(r.randint(0, 5))
		else:
			start = datetime.date(year, 12, r.randint(5, 28))
			span = start, start + datetime.timedelta(r.randint(10, 40))
		self.from_, self.until = span

	# ---- seasons, periods, calendar ----

	def seasons(self):
		kind = self.r.choice(["none", "none", "months", "dates", "three"])
		if kind == "months":
			return {"summer": {"months": sorted(self.r.sample(range(1, 13), self.r.randint(1, 6)))}, "mild": "else"}
		if kind == "dates":
			a = self.day_inside(20)
			b = a + datetime.timedelta(self.r.randint(20, 200))
			return {"summer": {"from": f"{a:%m-%d}", "until": f"{b:%m-%d}"}, "mild": "else"}
		if kind == "three":
			return {"summer": {"months": [6, 7, 8]}, "winter": [{"months": [12]}, {"from": "01-01", "until": "03-01"}], "mild": "else"}
		return {}

	def day_windows(self, names, step):
		"""Intervals of a day for all but the last name: {name: [(from, to)]}"""
		cuts = sorted(self.r.sample(range(0, 1440 + step, step), self.r.randint(2, min(7, 1440 // step))))
		found = {}
		for a, b in zip(cuts, cuts[1:]):
			if self.chance(0.75):
				found.setdefault(self.r.choice(names), []).append((a, b))
		clock = lambda m: f"{m // 60:02}:{m % 60:02}"
		result = {}
		for n, spans in found.items():
			result[n] = [{"from": clock(a), "to": clock(b)} for a, b in spans]
		if cuts[0] > 0 and cuts[-1] < 1440 and self.chance(0.5):
			name = self.r.choice(names)
			result.setdefault(name, []).append({"from": clock(cuts[-1]), "to": clock(cuts[0])})		# round midnight
		return result

	def periods(self, seasons, step, names=None):
		names = names or self.r.choice(PERIOD_SETS)
		*named, fallback = self.r.sample(names, len(names))
		windows = {n: [] for n in named}

		def add(conditions):
			for n, ws in self.day_windows(named, step).items():
				windows[n] += [dict(conditions, **w) for w in ws]
		kind = self.r.choice(["plain", "plain", "days", "season", "months", "holiday"])
		if kind == "season" and seasons:
			for s in seasons:
				add({"season": s})
		elif kind == "days":
			add({"days": "weekday"})
			if self.chance(0.5):
				add({"days": ["weekend"]})
		elif kind == "months":
			months = sorted(self.r.sample(range(1, 13), 6))
			add({"months": months})
			add({"months": [m for m in range(1, 13) if m not in months]})
		elif kind == "holiday":
			add({"days": "weekday"})
			windows[named[0]].append({"days": "holiday"})
		else:
			add({})
		for n in named:
			if not windows[n]:
				windows[n] = [{"months": [1], "season": next(iter(seasons)), "event": "never"}] if seasons else \
					[{"months": [1], "event": "never"}]
				self.market.setdefault("events", {})["never"] = []
		if self.chance(0.1):
			name = self.r.choice(named)
			a = self.r.randrange(0, 1440 - step, step)
			b = self.r.randrange(a + step, 1440 + step, step)
			windows[name].append({"event": "critical", "from": f"{a // 60:02}:{a % 60:02}", "to": f"{b // 60:02}:{b % 60:02}"})
			d = self.day_inside()
			self.market.setdefault("events", {})["critical"] = [
				{"from": d.isoformat(), "until": (d + datetime.timedelta(self.r.randint(1, 3))).isoformat()}]
		windows[fallback] = "else"
		return windows

	def calendar(self):
		days = [self.from_ + datetime.timedelta(i) for i in range((self.until - self.from_).days)]
		holidays = [d for d in days if self.chance(0.1)]
		for year in {days[0].year, days[-1].year} - {d.year for d in holidays} if holidays else ():
			holidays.append(max(days[0], datetime.date(year, 1, 1)))		# a year without any would be an error
		workdays = [d for d in days if d.weekday() >= 5 and d not in holidays and self.chance(0.3)]
		self.market["calendar"] = {"holidays": [d.isoformat() for d in holidays], "workdays": [d.isoformat() for d in workdays]}

	# ---- terms ----

	def term(self, name, value):
		"""Declares a term's value, sometimes changing inside the span."""
		if name in self.terms:
			return name
		if self.chance(0.2) and (self.until - self.from_).days > 2:
			steps = [{"from": (self.from_ - datetime.timedelta(self.r.randint(0, 40))).isoformat(), "value": value()}]
			d = self.from_
			for _ in range(self.r.choice([1, 1, 1, 2])):
				d = d + datetime.timedelta(self.r.randint(1, max(1, (self.until - d).days)))
				if d < self.until:
					steps.append({"from": d.isoformat(), "value": value()})
			self.terms[name] = steps
		else:
			self.terms[name] = value()
		return name

	def capacity_term(self):
		return self.term("capacity_kva", lambda: self.r.randint(50, 3000))

	def when(self):
		r = self.r
		kind = r.choice(["class", "class", "kwh", "day", "capacity"])
		if kind == "class":
			name = self.term("class", lambda: r.choice(["residential", "farm", "large"]))
			return {name: r.choice(["residential", ["farm", "large"], ["residential", "farm"]])}
		if kind == "kwh":
			return {"usage.kwh": {r.choice(["at_least", "above", "at_most", "below"]): r.randint(50, 2000)}}
		if kind == "day":
			return {"usage.kwh_per_day": {r.choice(["at_least", "below"]): self.decimal(1, 60, 2)}}
		return {self.capacity_term(): {r.choice(["at_least", "above", "at_most", "below"]): 1000}}

	# ---- prices ----

	def price(self, names, depth=0, series=False):
		"""A price; names are the periods it may depend on."""
		r = self.r
		forms = ["text"] * (3 + 2 * depth) + ["versions", "component", "published", "term", "base"]
		if names != [None]:
			forms += ["periods"] * 5 + ["components"] * 2
		else:
			forms += ["components"]
		if self.tariff.get("seasons"):
			forms += ["seasons"] * 2
		if depth > 2:
			forms = ["text"]
		if series and depth == 0:
			forms += ["series"] * 4
		form = r.choice(forms)
		again = lambda: self.price(names, depth + 1)
		if form == "periods":
			return {p: self.price([None], depth + 1) for p in names}
		if form == "seasons":
			return {s: again() for s in self.tariff["seasons"]}
		if form == "versions":
			dates = sorted({self.day_inside(30) for _ in range(r.randint(1, 3))})
			versions = [{"price": again()}] + [{"from": d.isoformat(), "price": again()} for d in dates]
			return {"versions": versions}
		if form == "component":
			return {"component": self.component()}
		if form == "components":
			chosen = sorted({self.component() for _ in range(r.randint(1, 4))})
			price = {"components": chosen}
			if names != [None] and self.chance(0.8):
				on = r.sample(chosen, r.randint(1, len(chosen)))
				price["multipliers"] = dict({"on": on}, **{p: self.decimal(0.1, 2.5, 3) for p in names})
			return price
		if form == "published":
			return {"published": self.published(), **({"for": "month"} if self.chance(0.1) else {})}
		if form == "term":
			return {"term": self.term("agreed_price", lambda: self.decimal(0, 1, 6))}
		if form == "base":
			price = {"base": again()}
			key = r.choice(["times", "percent", "plus"])
			price[key] = self.decimal(0.2, 2, 3) if key == "times" else self.decimal(-50, 50, 2) if key == "percent" else self.decimal(-0.2, 0.2, 5)
			return price
		if form == "series":
			return self.with_series(names)
		return self.price_text()

	def component(self):
		name = self.r.choice(["purchase", "loss", "transmission", "system", "funds"])
		components = self.tariff.setdefault("components", {})
		if name not in components:
			form = self.r.choice(["text", "text", "published", "versions", "tagged"])
			if form == "published":
				components[name] = {"published": self.published()}
			elif form == "versions":
				components[name] = {"versions": [{"price": self.price_text()}, {"from": self.day_inside(10).isoformat(), "price": self.price_text()}]}
			elif form == "tagged":
				components[name] = {"price": self.price_text(), "tags": ["levy"]}
				self.tags.append("levy")
			else:
				components[name] = self.price_text()
		return name

	def published(self):
		prices = self.market.setdefault("prices", {})
		name = self.r.choice(["purchase_price", "bias"])
		if name not in prices:
			d = rater.add_months(self.from_.replace(day=1), -1)
			prices[name] = []
			while d < self.until:
				if not prices[name] or d.day == 1 and self.chance(0.8):
					prices[name].append({"from": d.isoformat(), "price": self.decimal(0, 1, 6)})
				d = rater.add_months(d, 1)
		return name

	def with_series(self, names, depth=0):
		"""A price series, or one among other forms of a price."""
		r = self.r
		other = lambda n: self.with_series(n, depth + 1) if self.chance(0.5) else self.price(n, 2)
		forms = ["series"] * (3 + 3 * depth) + ["versions", "base"] + (["periods"] * 2 if names != [None] else []) + \
			(["seasons"] if self.tariff.get("seasons") else [])
		form = r.choice(forms)
		if form == "versions":
			return {"versions": [{"price": other(names)}, {"from": self.day_inside(3).isoformat(), "price": self.with_series(names, depth + 1)}]}
		if form == "base":
			price = {"base": self.with_series(names, depth + 1)}
			key = r.choice(["times", "percent", "plus"])
			price[key] = self.decimal(0.2, 2, 3) if key == "times" else self.decimal(-50, 50, 2) if key == "percent" else self.decimal(-0.2, 0.2, 5)
			return price
		if form == "periods":
			price = {p: other([None]) for p in names}
			price[names[0]] = self.series()
			return price
		if form == "seasons":
			return {s: self.with_series(names, depth + 1) for s in self.tariff["seasons"]}
		return self.series()

	def series(self):
		series = self.market.setdefault("series", {})
		if "spot" not in series:
			begin = datetime.datetime.combine(self.from_ - rater.ONE_DAY, datetime.time(), datetime.timezone.utc)
			hours = ((self.until - self.from_).days + 3) * 24
			series["spot"] = {"from": begin.isoformat(timespec="minutes").replace("+00:00", "Z"), "slot_minutes": 60,
							  "values": [self.decimal(-0.2, 1, 5) for _ in range(hours)]}
		price = {"series": "spot"}
		for key, low, high in (("times", 0.5, 1.5), ("plus", -0.1, 0.2), ("at_least", -0.1, 0.1), ("at_most", 0.5, 1)):
			if self.chance(0.3):
				price[key] = self.decimal(low, high, 4)
		return price

	# ---- charges ----

	def charge_names(self, c):
		return sorted(self.tariff["schedules"][c["schedule"]]) if "schedule" in c else \
			sorted(self.tariff["periods"]) if self.tariff.get("periods") else [None]

	def common(self, c):
		r = self.r
		if self.chance(0.2):
			c["when"] = self.when()
		if self.chance(0.07):
			c["from"] = self.day_inside(3).isoformat()
		if self.chance(0.07):
			c["until"] = (self.day_inside(3) + rater.ONE_DAY).isoformat()
			if c.get("from", "") >= c["until"]:
				del c["until"]
		if self.chance(0.07):
			c["months"] = sorted(r.sample(range(1, 13), r.randint(3, 11)))
		if self.chance(0.3):
			c["tags"] = r.sample(["levy", "grid", "extra"], r.randint(1, 2))
			self.tags += c["tags"]
		if self.chance(0.08):
			c["rounding"] = r.choice([{"line": 1}, {"line": 3, "mode": "half_even"}, {"price": 4}, {"group": 2}])
		return c

	def schedule_for(self, c):
		if self.tariff.get("schedules") and self.chance(0.3):
			c["schedule"] = self.r.choice(sorted(self.tariff["schedules"]))

	def energy(self, c):
		self.schedule_for(c)
		names = self.charge_names(c)
		series = self.profiles and self.has_slots(c)
		if self.chance(0.12):
			c["price"] = self.price(names)
			c["first"] = {"kwh": self.decimal(1, 300, 1), "per": self.r.choice(["month", "period", "day"])}
			return
		c["price"] = self.price(names, series=series)
		if names != [None] and self.chance(0.1):
			c["periods"] = self.r.sample(names, self.r.randint(1, len(names)))
		if isinstance(c["price"], dict) and "components" in c["price"] and self.chance(0.5):
			c["lines"] = "component"
		if not isinstance(c["price"], dict) and self.chance(0.15):
			c["of_which"] = {self.component(): self.decimal(0, 0.1, 6)}
			c["rest"] = next(n for n in ("purchase", "loss", "transmission", "system", "funds") if n not in c["of_which"])
			self.tariff["components"].setdefault(c["rest"], "0.1")
			if self.chance(0.5):
				c["lines"] = "component"
		if self.chance(0.08):
			c["sign"] = "credit"

	def has_slots(self, c):
		return not self.tariff.get("parts") or c.get("part") in ("shop", "whole")

	def steps(self, c):
		r = self.r
		self.schedule_for(c)
		names = self.charge_names(c)
		if "part" not in c and "net" not in c and "lighting" not in self.part_names and self.chance(0.06):
			self.reactive_share(c)
			return
		per = r.choice(["month", "month", "month", "year", "year", "season", "period", "day"])
		if per == "season" and not self.tariff.get("seasons"):
			per = "month"
		c["per"] = per
		size = {"month": 400, "year": 4000, "season": 1500, "period": 600, "day": 15}[per]
		if per == "month":
			c["month"] = r.choice(["period", "prorated", "thirty", "each"])
		unit = 1
		if self.chance(0.1):
			c["unit"], c["of"] = "kWh/kVA", self.capacity_term()
			unit = 500
		simple = self.chance(0.6)

		def step_list():
			limits = sorted({self.decimal(size / 10 / unit, size * 2 / unit, r.choice([0, 0, 2])) for _ in range(r.randint(1, 3))}, key=rater.dec)
			steps = [{"to": l} for l in limits if rater.dec(l) > 0] + [{}]
			for i, s in enumerate(steps):
				if i == 0 and self.chance(0.4):
					continue
				key = r.choice(["price", "add"])
				s[key] = self.decimal(0, 1, 4) if simple else self.price(names, 1)
				if self.chance(0.08) and per in ("month", "period") and c.get("month") != "each":
					s["flat"] = self.decimal(0, 20, 2)
			if self.chance(0.05) and len(steps) > 1:
				steps.pop()
				c["beyond"] = "last"
				self.priced(steps[-1])
			return steps
		if self.tariff.get("seasons") and per in ("month", "season", "day") and self.chance(0.3):
			c["steps"] = {s: step_list() for s in self.tariff["seasons"]}
			if "beyond" in c:
				for l in c["steps"].values():
					self.priced(l[-1])
		else:
			c["steps"] = step_list()
		if self.chance(0.15):
			c["mode"] = "volume"
		if names != [None] and self.chance(0.35):
			c["split"] = r.choice(["proportional", "chronological", "counters"])
			if c["split"] == "chronological" and (not self.profiles or c.get("mode") or not self.has_slots(c)):
				c["split"] = "proportional"
		if self.chance(0.15) and per in ("month", "year"):
			name = self.term("household_size", lambda: r.randint(1, 8))
			c["allowance"] = [{"when": {name: {"at_least": 5}}, "kwh": self.decimal(10, 100, 0), "per": "month" if per == "month" else r.choice(["month", "year"])}]
			if self.chance(0.5):
				c["allowance"][0]["to"] = r.choice(["each", "first"])
			if per == "year" and c["allowance"][0]["per"] == "month" and self.chance(0.5):
				near = lambda: (self.from_ + datetime.timedelta(r.randint(-400, 100))).isoformat()
				c["allowance"][0]["since"] = self.term("granted_from", near)
				if self.chance(0.4):
					c["allowance"][0]["until"] = self.term("granted_until", near)
		if per == "year" and self.chance(0.2):
			c["prorate"] = "months"
			self.terms.setdefault("service_from", (self.from_ - datetime.timedelta(r.randint(0, 500))).isoformat())
		if self.chance(0.15) and "part" not in c and "split" not in c and "schedule" not in c:
			c["counter"] = f"shared {per} {c.get('month', '')}".strip()
		self.wider_steps(c, names, step_list)

	def reactive_share(self, c):
		"""Reactive energy above a share of the active energy."""
		c.update(channel="reactive_import", per=self.r.choice(["month", "period"]), unit="kvarh/kWh")
		c.pop("schedule", None)
		limits = sorted({self.decimal(0.05, 0.9, 3) for _ in range(self.r.randint(1, 2))}, key=rater.dec)
		c["steps"] = [{"to": l} for l in limits if rater.dec(l) > 0] + [{}]
		for s in c["steps"][self.r.randint(0, 1):]:
			s["price"] = self.decimal(0, 1, 4)

	def wider_steps(self, c, names, step_list):
		"""Steps for all, packages, limits by a demand charge, steps by period."""
		r = self.r
		lists = c["steps"].values() if isinstance(c["steps"], dict) else [c["steps"]]
		plain = c.get("split", "proportional") == "proportional" and "mode" not in c
		whole_limits = c.get("month") not in ("prorated", "thirty") and "prorate" not in c and not isinstance(c["steps"], dict)
		if c.get("split") != "chronological" and "mode" not in c and self.chance(0.12) and whole_limits:
			for s in [s for l in lists for s in l]:
				if self.chance(0.5):
					s["all"] = self.chance(0.9)
		elif c.get("split", "proportional") == "proportional" and all(isinstance(s.get(k, ""), str) for l in lists for s in l for k in ("price", "add")) \
				and self.chance(0.12):
			c["block"] = self.decimal(1, 50, r.choice([0, 1]))
		elif plain and names != [None] and not isinstance(c["steps"], dict) and "beyond" not in c and self.chance(0.15) and self.profiles:
			c["steps"] = {p: [{k: v for k, v in s.items() if k != "flat"} for s in step_list()] for p in names}
			c.pop("beyond", None)
			for l in c["steps"].values():
				self.priced(l[-1])
				l[-1].pop("to", None)
		demands = [d["code"] for d in self.demands]
		if demands and "unit" not in c and self.chance(0.4):
			c["of"] = r.choice(demands)
			if c["per"] in ("month", "period") and self.chance(0.3):
				c["unit"] = "kWh/kW/day"
			elif self.chance(0.5):
				c["unit"] = "kWh/kW"
			else:
				(list(lists)[0])[-1 if len(list(lists)[0]) < 2 else -2]["unit"] = "kWh/kW"

	@staticmethod
	def priced(step):
		if "add" not in step:
			step.setdefault("price", "0.5")

	def demand(self, c):
		r = self.r
		d = c["demand"] = {}
		if self.profiles:
			minutes = [m for m in (15, 30, 60, 120) if m % self.slot == 0]
			if self.chance(0.6) and minutes:
				d["minutes"] = r.choice(minutes)
				if self.chance(0.3):
					d["sliding"] = True
			self.schedule_for(c)
			names = self.charge_names(c)
			if names != [None] and self.chance(0.3):
				d["periods"] = "each" if self.chance(0.4) else r.sample(names, r.randint(1, len(names)))
			if self.chance(0.15):
				d["highest"] = {"mean_of": r.randint(2, 4), "on": "days"}
		elif self.recorded_periods and self.chance(0.6):
			names = self.charge_names(c)
			d["periods"] = "each" if self.chance(0.5) else r.sample(names, r.randint(1, len(names)))
		if len(self.part_names) > 1 and self.chance(0.5):
			c["part"] = r.choice(["whole", "shop" if "shop" in self.part_names else "main"])
		names = self.charge_names(c) if d.get("periods") == "each" else [None]
		c["price"] = self.price(names, 1)
		if self.chance(0.3):
			d["contract"] = self.term("contract_kw", lambda: r.randint(5, 300))
			d["overrun"] = r.choice(["contract_105", "band_95_105", "contract_105_literal", "none"])
		if self.chance(0.2):
			d["at_least"] = {"share": self.decimal(0.1, 0.6, 2), "of": self.capacity_term()} if self.chance(0.6) else self.decimal(1, 100, 1)
		if self.chance(0.2):
			d["ratchet"] = {"share": self.decimal(0.5, 1, 2), "months": r.randint(1, 12)}
		if self.chance(0.3):
			d["rounding"] = r.choice([0, 1, 2])
		self.wider_demand(c, d, names)
		if self.recorded and self.chance(0.25):
			c["channel"] = "apparent"
			c.pop("unit", None)
			d.pop("power_factor", None)
		self.demands.append(c)
		if self.chance(0.1):
			c["discount"] = {"kwh_per": self.capacity_term(), "at_least": self.decimal(1, 3, 1), "times": "0.9"}
		self.proration(c)

	def wider_demand(self, c, d, names):
		"""Price by steps of kW, weights, months, several ratchets, horsepower, power factor."""
		r = self.r
		if self.chance(0.15):
			step_list = lambda: [{"to": self.decimal(1, 20, 1), "price": self.price_text()}, {"price": self.price_text()}]
			c["steps"] = {p: step_list() for p in names} if names != [None] and self.chance(0.6) else step_list()
			del c["price"]
		own = self.charge_names(c)
		if self.profiles and own != [None] and "periods" not in d and self.chance(0.2):
			d["weights"] = {p: r.choice(["0", "0.5", "1"]) for p in own}
			d["weights"][own[0]] = "1"
		if "highest" not in d and self.chance(0.1):
			d["highest"] = {"mean_of": r.randint(1, 4), "on": "months", "of": r.randint(2, 12)}
		if self.chance(0.12):
			rule = lambda: {"share": self.decimal(0.3, 1, 2), **r.choice([{"months": r.randint(1, 14)}, {}, {"months": 11, "by": "mean"}]),
							**r.choice([{"in": sorted(r.sample(range(1, 13), 5))}, {"in": list(range(1, 13)), "during": sorted(r.sample(range(1, 13), 8))}])}
			d["ratchet"] = [rule() for _ in range(r.randint(1, 3))]
		if self.chance(0.08):
			d["share"] = self.decimal(0.3, 1, 2) if self.chance(0.5) else [self.decimal(0.3, 1, 2) for _ in range(12)]
		if self.chance(0.08):
			c["unit"] = "hp"
		if self.chance(0.08):
			d["power_factor"] = {"required": f"0.{r.randint(85, 98)}", "at_most": self.decimal(1, 1.3, 2),
								 "actual": self.term("pf", lambda: f"0.{r.randint(70, 99)}")}

	def proration(self, c):
		if self.chance(0.5):
			c["proration"] = self.r.choice(["calendar", "thirty", "period", "year"])
			if c["proration"] == "year" and self.chance(0.5):
				c["year_days"] = "365.25"

	def capacity(self, c):
		c["capacity"] = self.capacity_term()
		c["price"] = self.price([None], 1)
		self.proration(c)

	def fixed(self, c):
		c["fixed"] = self.r.choice(["day", "month", "month", "year", "period"])
		c["price"] = self.price([None], 1)
		if c["fixed"] in ("month", "year"):
			self.proration(c)
		if self.chance(0.2):
			c["times"] = self.term("meters", lambda: self.r.randint(0, 5))

	def of(self, c):
		if self.codes and self.chance(0.7):
			names = self.codes + self.tags + list(self.tariff.get("components", {}))
			c["of"] = sorted(set(self.r.sample(names, self.r.randint(1, min(3, len(names))))))
		if self.tags and self.chance(0.3):
			c["except"] = [self.r.choice(self.tags)]

	def percent(self, c):
		c["percent"] = self.decimal(-10, 25, 2)
		self.of(c)
		if self.chance(0.25):
			c["percent"] = self.decimal(1, 20, 1)
			c["included"] = True
		elif self.chance(0.15):
			c["on"] = "exact"

	def power_factor(self, c):
		r = self.r
		if self.chance(0.75):
			c["power_factor"] = {"standard": r.choice(["0.90", "0.85", "0.80"]) if self.chance(0.6) else
								 {"term": self.term("pf_standard", lambda: r.choice(["0.90", "0.85", "0.80"]))}}
			self.of(c)
			c.setdefault("of", [r.choice(self.codes)])
		else:
			c["power_factor"] = {"required": f"0.{r.randint(85, 98)}", "at_most": "1.2"}
			c["of"] = [r.choice(self.codes)]
			if self.chance(0.5):
				c["power_factor"]["places"] = 3
		if self.chance(0.3):
			c["power_factor"]["mode"] = r.choice(MODES)

	def minimum(self, c):
		c["minimum"] = self.decimal(0, 300, 2)
		self.bounded(c)

	def maximum(self, c):
		c["maximum"] = self.decimal(0, 1000, 2)
		self.bounded(c)

	def bounded(self, c):
		self.of(c)
		c["per"] = self.r.choice(["period", "month", "day", "year"])
		if c["per"] == "year":
			if self.chance(0.6):
				c["proration"] = self.r.choice(["calendar", "thirty", "none"])
			if self.chance(0.2):
				c["counter"] = f"year_{c['code']}"
			begin = self.r.choice([self.until, self.until, self.day_inside(), self.from_])
			if self.chance(0.6) and f"{begin:%m-%d}" != "02-29":
				self.tariff["year_start"] = f"{begin:%m-%d}"
			if self.chance(0.3) and "service_until" not in self.terms:
				self.terms["service_until"] = self.day_inside(30).isoformat()
			c[Generator.bound_key(c)] = self.decimal(0, 6000, 2)
		if c["per"] == "month":
			self.proration(c)
		if c["per"] == "day":
			c[Generator.bound_key(c)] = self.decimal(0, 10, 2)

	@staticmethod
	def bound_key(c):
		return "minimum" if "minimum" in c else "maximum"

	def charges(self):
		kinds = ["energy"] * 4 + ["steps"] * 4 + ["demand"] * 2 + ["capacity"] * 2 + ["fixed"] * 2 + ["percent"] * 2 + \
			["power_factor", "minimum", "maximum"]
		charges = []
		for i in range(self.r.randint(1, 7)):
			kind = self.r.choice(kinds) if i else self.r.choice(["energy", "steps"])
			if not self.codes and kind in ("percent", "power_factor", "minimum", "maximum"):
				kind = "fixed"
			if kind == "demand" and not (self.profiles or self.recorded):
				kind = "capacity"
			c = {"code": f"c{i + 1}"}
			if kind in ("energy", "steps") and i and self.chance(0.15):
				c["part"] = self.r.choice(self.part_names + ["whole"])
			getattr(self, kind)(c)
			self.common(c)
			if kind in ("power_factor",):
				c.pop("rounding", None)
			self.codes.append(c["code"])
			charges.append(c)
		addressed = {c.get("part", "main") for c in charges if {"price", "steps"} & set(c) and not {"capacity", "fixed"} & set(c)}
		for p in self.part_names:
			if p not in addressed and "whole" not in addressed:
				charges.append({"code": f"p_{p}", "part": p, "price": self.price_text()})
		return charges

	# ---- usage ----

	def wh(self, big):
		return self.r.choice([0, self.r.randint(0, 200), self.r.randint(0, big), self.r.randint(0, big)])

	def profile(self, big, gaps):
		zone = rater.ZoneInfo(self.tariff["time_zone"])
		begin = datetime.datetime.combine(self.from_, datetime.time(), zone)
		end = datetime.datetime.combine(self.until, datetime.time(), zone)
		count = int((end.timestamp() - begin.timestamp()) // 60) // self.slot
		values = [self.wh(big) for _ in range(count)]
		if self.chance(0.1):
			values += [self.wh(big) for _ in range(1440 // self.slot)]		# longer than the span
		if gaps:
			for _ in range(5):
				values[self.r.randrange(len(values))] = None
		return {"start": begin.isoformat(timespec="minutes"), "slot_minutes": self.slot, "values": values}

	def registers(self, channel, names, edges, size):
		found = []
		for p in names:
			i = 0
			while i + 1 < len(edges):
				j = i + 1
				if self.split_days and self.chance(0.5):
					j = self.r.randint(i + 1, len(edges) - 1)
					j = next((k for k in range(i + 1, j) if edges[k] in self.month_starts()), j)
				kwh = self.decimal(0, size, self.r.choice([0, 0, 1, 3, 6]))
				if self.chance(0.1):
					kwh = "0"
				reg = {"channel": channel, "from": edges[i].isoformat(), "until": edges[j].isoformat(), "kwh": kwh}
				if len(edges) == 2 and self.chance(0.5):
					del reg["from"], reg["until"]
				if p:
					reg["period"] = p
				found.append(reg)
				i = j
		return found

	def month_starts(self):
		return {rater.add_months(self.from_, i) for i in range(self.months)}

	def usage(self):
		parts = {}
		draft = rater.Rater(self.tariff, {}, (self.from_, self.until), self.terms, self.market, None)
		edges = sorted({a.d0 for a in draft.atoms} | {self.until} | self.month_starts())
		if self.chance(0.03):
			edges = sorted({self.from_, self.until} | self.month_starts())
		names = sorted(self.tariff["periods"]) if self.tariff.get("periods") else [None]
		for name in ["main"] + (["shop"] if "shop" in self.part_names else []):
			part = {}
			registers = []
			reactive = any("power_factor" in c for c in self.tariff["charges"]) or self.chance(0.1)
			apparent = any(c.get("channel") == "apparent" for c in self.tariff["charges"])
			channels = [("import", 3000)] + ([("apparent", 3500)] if apparent and self.profiles and self.chance(0.5) else []) + ([("reactive_import", 1500)] if reactive else []) + \
				([("reactive_export", 100)] if reactive and self.chance(0.3) else [])
			for channel, big in channels:
				if self.profiles:
					part[channel] = self.profile(big, self.gaps and self.chance(0.5))
				else:
					registers += self.registers(channel, names, edges, big // 2)
			if registers:
				part["registers"] = registers
			if self.recorded and (name == "main" or self.chance(0.9)):
				part["demand_kw"] = self.decimal(0, 400, 3)
				if self.recorded_periods:
					part["demands"] = [{"period": p, "kw": self.decimal(0, 400, 2)} for p in names if self.chance(0.9)]
				if apparent and self.chance(0.9):
					part["demand_kva"] = self.decimal(0, 400, 3)
					if self.recorded_periods:
						part["demands"] += [{"period": p, "kva": self.decimal(0, 400, 2)} for p in names if self.chance(0.9)]
			parts[name] = part
		return {"parts": parts}

	def carry(self):
		carry = {}
		for c in self.tariff["charges"]:
			if ("steps" in c and "demand" not in c or "first" in c) and self.chance(0.7):
				per = c.get("per") or c["first"]["per"]
				name = c.get("counter", c["code"])
				names = [f"{name}/{p}" for p in self.charge_names(c)] if c.get("split") == "counters" else [name]
				for n in names:
					kwh = self.decimal(0, 5000, 2)
					if per == "year":
						month, dom = map(int, self.tariff.get("year_start", "01-01").split("-"))
						year = self.from_.year - (self.from_ < datetime.date(self.from_.year, month, dom))
						carry.setdefault("counters", {})[n] = {"year": year - self.chance(0.1), "kwh": kwh}
					elif per == "month" and c.get("month") == "each":
						carry.setdefault("counters", {})[n] = {"month": f"{self.from_:%Y-%m}", "kwh": self.decimal(0, 300, 1)}
			if c.get("per") == "year" and {"minimum", "maximum"} & set(c) and self.chance(0.7):
				first = self.from_ - datetime.timedelta(self.r.randint(1, 200))
				carry.setdefault("banks", []).append({"name": c.get("counter", c["code"]), "from": first.isoformat(),
													  "amount": self.decimal(-50, 3000, 2)})
			if {"ratchet", "highest"} & set(c.get("demand", {})) and c["demand"].get("periods") != "each":
				for i in range(-3, 14):
					if self.chance(0.4):
						month = rater.add_months(self.from_.replace(day=1), -i)
						carry.setdefault("demand", []).append({"name": c["code"], "month": f"{month:%Y-%m}", "kw": self.decimal(0, 500, 2)})
		if "demand" in carry:
			carry["demand"].sort(key=lambda e: (e["name"], e["month"]))
		if self.chance(0.1):
			carry.setdefault("counters", {})["another"] = {"year": 2020, "kwh": "12.5"}
		return carry

	# ---- all of it ----

	def rounding(self):
		r = self.r
		rounding = {}
		if self.chance(0.7):
			rounding["line"] = r.choice([2, 2, 2, 0, 4, {"step": "0.05"}])
		if self.chance(0.1):
			rounding["group"] = 2
		if self.chance(0.15):
			rounding["total"] = r.choice([0, 1, {"step": "0.05"}, {"places": 0, "carry": True}])
		if self.chance(0.35):
			rounding["quantity"] = r.choice([0, 0, 0, 1, 2])
		if self.chance(0.3):
			rounding["price"] = r.choice([6, 6, 4])
		if self.chance(0.1):
			rounding["demand"] = r.choice([0, 1])
		if self.chance(0.1):
			rounding["fraction"] = 4
		if self.chance(0.3):
			rounding["mode"] = r.choice(MODES)
		return rounding

	def case(self):
		r = self.r
		self.span()
		t = self.tariff
		t["time_zone"] = r.choice(ZONES)
		self.profiles = self.chance(0.4)
		self.recorded = self.chance(0.3)
		self.recorded_periods = False
		self.gaps = False
		self.slot = r.choice([60, 60, 60, 30, 30, 15])
		if self.profiles and (self.until - self.from_).days > 35:
			self.slot = 60
		self.split_days = not self.profiles and self.chance(0.3)
		if self.split_days:
			t["split"] = "days"
		if self.profiles and self.chance(0.15):
			t["missing"] = "zero"
			self.gaps = True
		seasons = self.seasons()
		if seasons:
			t["seasons"] = seasons
		step = max(self.slot, 30) if self.profiles else 60
		if self.chance(0.7):
			t["periods"] = self.periods(seasons, step)
			self.recorded_periods = self.recorded and self.chance(0.4)
		if self.profiles and self.chance(0.2):
			t["schedules"] = {"other": self.periods(seasons, step, ["day", "evening", "night"])}
		if "holiday" in str(t) or self.chance(0.1):
			self.calendar()
		if self.chance(0.1):
			t["year_start"] = r.choice(["04-01", "07-01", "12-15"])
		rounding = self.rounding()
		if rounding:
			t["rounding"] = rounding
		self.part_names = ["main"]
		if self.chance(0.12):
			self.part_names.append("shop")
		if self.chance(0.15):
			t["parts"] = {"lighting": {"of": "main", "share": {"term": self.term("lighting_share", lambda: self.decimal(0, 0.3, 6))}
									   if self.chance(0.7) else self.decimal(0, 0.5, 4)}}
			self.part_names.append("lighting")
		t["charges"] = self.charges()
		case = {"tariff": t, "usage": self.usage(), "during": [self.from_.isoformat(), self.until.isoformat()],
				"terms": self.terms, "market": self.market, "carry": self.carry()}
		if self.chance(0.04):
			self.spoil(case)
		return case

	def spoil(self, case):
		"""Takes something away that may be needed."""
		r = self.r
		kind = r.choice(["term", "price", "calendar", "gap", "step", "register", "valid", "cover", "cover", "count", "demand", "sign"])
		profiles = [p for part in case["usage"]["parts"].values() for p in part.values() if isinstance(p, dict)]
		registers = [part["registers"] for part in case["usage"]["parts"].values() if "registers" in part]
		if kind == "term" and case["terms"]:
			case["terms"].pop(r.choice(sorted(case["terms"])))
		elif kind == "price" and case["market"].get("prices"):
			prices = case["market"]["prices"]
			prices[r.choice(sorted(prices))].pop(0)
		elif kind == "calendar":
			if self.chance(0.5) and case["market"].get("calendar", {}).get("holidays"):
				case["market"]["calendar"] = {"holidays": ["1999-01-01"]}
			else:
				case["market"].pop("calendar", None)
		elif kind == "gap" and profiles:
			values = r.choice(profiles)["values"]
			values[r.randrange(len(values))] = None
		elif kind == "sign" and profiles:
			values = r.choice(profiles)["values"]
			values[r.randrange(len(values))] = -r.randint(1, 500)
		elif kind == "step":
			for c in case["tariff"]["charges"]:
				if isinstance(c.get("steps"), list) and len(c["steps"]) > 1:
					c["steps"].pop()
					break
		elif kind == "register" and registers:
			r.choice(registers)[0]["period"] = "another"
		elif kind == "cover" and registers:
			left_out = r.choice(registers)
			left_out.pop(r.randrange(len(left_out)))
		elif kind == "demand":
			for part in case["usage"]["parts"].values():
				if part.get("demands"):
					part["demands"][0]["period"] = "another"
		elif kind == "count" and case["carry"].get("counters"):
			count = r.choice(list(case["carry"]["counters"].values()))
			for k in ("year", "month", "from"):
				count.pop(k, None)
			count.update(r.choice([{"year": self.from_.year}, {"month": f"{self.day_inside(40):%Y-%m}"}, {"from": self.day_inside(40).isoformat()}]))
		elif kind == "valid":
			case["tariff"]["valid"] = {"from": self.day_inside(1).isoformat()}


def case(seed):
	return Generator(seed).case()

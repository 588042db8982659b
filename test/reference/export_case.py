"""Random bills with export: netting, banks, credits, sell rates and pay-outs, one bill or month after month.

Half are bills of random_case.py to which export is added; half are tariffs as they are written for solar customers: net
billing, net metering, buy all sell all, with what comes before and after the credit.
"""

import copy
import json
import random
import re

import random_case
import rater


def energy_like(c):
	return rater.Rater.kind(c) in ("energy", "steps")


class Generator(random_case.Generator):
	def __init__(self, seed):
		super().__init__(seed)
		self.r = random.Random(f"export {seed}")
		self.banks = {}
		self.fed = set()

	def span(self):
		super().span()
		if self.chance(0.4):
			self.months = self.r.choice([2, 2, 3, 3, 4, 6])
			self.from_ = self.from_.replace(day=1)
			self.until = rater.add_months(self.from_, self.months)

	def nets(self, series=False):
		"""The spans that this tariff and usage can net over."""
		if not self.profiles:
			return ["month"]
		# hours that reach across a change of period are refused by whoever meets them first
		written = json.dumps([self.tariff.get("periods"), self.tariff.get("schedules")])
		hours = set(re.findall(r'"\d\d:(\d\d)"', written)) <= {"00"} and '"event"' not in written
		return ["slot", "hour" if hours else "slot"] + ([] if series else ["month"])

	def has_series(self, c):
		return '"series"' in json.dumps(c)

	# ---- charges ----

	def charges(self):
		if self.chance(0.95):
			# shares of a netted part are refused
			self.tariff.pop("parts", None)
			self.part_names = [p for p in self.part_names if p != "lighting"]
		self.declare_banks()
		charges = self.with_export(super().charges()) if self.chance(0.5) else self.solar()
		banks = {name: bank for name, bank in self.banks.items() if name in self.fed}
		if banks:
			self.tariff["banks"] = banks
		return charges

	def declare_banks(self):
		r = self.r
		names = sorted(self.tariff.get("periods") or {})
		kept = self.banks["kept"] = {"unit": "kWh"}
		if self.chance(0.5):
			kept["months"] = r.choice([1, 1, 2, 3, 6, 12])
		if names and self.chance(0.4):
			kept["moves"] = [dict({"months": sorted(r.sample(range(1, 13), 6)), "from": r.choice(names)},
								  **({"to": r.choice(names)} if self.chance(0.7) else {})) for _ in range(r.randint(1, 2))]
		for name in ("credit", "grant"):
			bank = self.banks[name] = {"unit": "money", "usable": r.choice(["next", "at_once"])}
			if self.chance(0.4):
				bank["months"] = r.choice([1, 1, 2, 3, 6, 12])

	def with_export(self, plain):
		"""Charges of any kind, netted and sold as they are."""
		r = self.r
		banked, in_money = self.chance(0.6), self.chance(0.6)
		charges = []
		for c in plain:
			charges.append(c)
			if c.get("channel", "import") not in ("import", "export"):
				continue
			if not energy_like(c) or c.get("part", "main") != "main":
				if "demand" in c and self.profiles and self.chance(0.5):
					c["net"] = r.choice(self.nets(series=True))
				continue
			if self.chance(0.6):
				c["net"] = r.choice(self.nets(self.has_series(c) or c.get("split") == "chronological"))
				if c["net"] == "month" and banked and "schedule" not in c and self.chance(0.7):
					self.feed(c, "kept")
			if self.chance(0.5):
				sold = copy.deepcopy(c)
				sold.update(code=c["code"] + "_sold", channel="export", sign="credit")
				sold.pop("bank", None)
				sold.pop("counter", None)
				if in_money and self.chance(0.6):
					self.feed(sold, "credit")
				charges.append(sold)
		return charges + self.settlement(charges)

	def feed(self, c, bank):
		c["bank"] = bank
		self.fed.add(bank)

	def settlement(self, charges):
		"""Credit used, banks paid out, a minimum before or after."""
		r = self.r
		found = []
		codes = [c["code"] for c in charges]
		bound = lambda n: {"code": f"least{n}", "per": r.choice(["period", "month"]),
						   "minimum": self.decimal(0, 60, 2) if self.chance(0.8) else self.price([None], 1)}
		if "kept" in self.fed and self.chance(0.6):
			found.append(self.pay_out("settled", "kept", charges))
			if self.chance(0.4):
				self.feed(found[-1], "credit")
		if "year" in self.fed and self.chance(0.7):
			found.append(self.pay_out("year_end", "year", charges))
		money = sorted(self.fed & {"credit", "grant"})
		for bank in money:
			if self.chance(0.3):
				found.append(bound(len(found)))
			used = {"code": f"used_{bank}", "use": bank}
			if self.chance(0.6):
				used["of"] = sorted(set(r.choices(codes + self.tags, k=2)))
			if self.tags and self.chance(0.2):
				used["except"] = [r.choice(self.tags)]
			if self.chance(0.3):
				self.common(used)
			found.append(used)
		if self.chance(0.3):
			found.append({"code": "service", "fixed": "month", "price": self.decimal(0, 20, 2)})
		if self.chance(0.3):
			found.append(bound(len(found)))
			if self.chance(0.5):
				found[-1]["of"] = [r.choice(codes)]
		if money and self.chance(0.5):
			found.append(self.pay_out("paid", r.choice(money)))
		if self.chance(0.2):
			percent = self.decimal(1, 20, 1) if self.chance(0.7) else self.price([None], 1)
			found.append({"code": "tax", "percent": percent, "of": [r.choice(codes + [c["code"] for c in found])]})
		return found

	def pay_out(self, code, bank, charges=()):
		r = self.r
		c = {"code": code, "pay_out": bank}
		feeding = next((f for f in charges if f.get("bank") == bank), {})
		names = self.charge_names(feeding) if feeding else [None]
		if names != [None] and self.chance(0.4):
			c.update({"schedule": feeding["schedule"]} if "schedule" in feeding else {})
			c["price"] = self.price(names)
			bank = ""
		if bank in ("kept", "year") or self.chance(0.4):
			c["price"] = r.choice(["0", self.decimal(0, 1, 4), self.price([None], 1)])
		if self.chance(0.7):
			inside = [rater.add_months(self.from_, i).month for i in range(max(1, self.months))]
			c["true_up"] = r.choice(inside + [r.randint(1, 12)])
			if self.chance(0.2):
				c["true_up"] = {"term": self.term("true_up_month", lambda: r.choice(inside))}
		if self.chance(0.2):
			self.common(c)
		return c

	# ---- as written for solar customers ----

	def measured(self, c, net=None):
		"""Fills in price or steps; over the month nothing goes slot by slot."""
		slots = self.profiles
		self.profiles = slots and net != "month"
		(self.steps if self.chance(0.35) else self.energy)(c)
		self.profiles = slots
		c.pop("sign", None)
		if self.chance(0.3):
			self.common(c)
		return c

	def solar(self):
		r = self.r
		self.part_names = [p for p in self.part_names if p == "main"]
		net = r.choice(self.nets() + ["month", None])
		side = {"net": net} if net else {}
		energy = self.measured({"code": "energy"}, net)
		energy.update(side)
		self.codes.append("energy")
		charges = [energy]
		if net == "month" and "schedule" not in energy and self.chance(0.7):
			self.feed(energy, "kept")
			if self.chance(0.3):
				charges.append({"code": "levy", "net": "month", "bank": "kept", "price": self.decimal(0, 0.1, 4)})
		if not (energy.get("bank") and self.chance(0.7)):
			channel = r.choice(["export", "export", "generation"] if not net else ["export"])
			sold = self.measured({"code": "feed_in", "channel": channel, "sign": "credit"}, net)
			sold.update(side, sign="credit")
			self.codes.append("feed_in")
			if self.chance(0.6):
				self.feed(sold, "credit")
			charges.append(sold)
			if self.chance(0.15):
				second = self.measured({"code": "bonus", "channel": channel, "sign": "credit"}, net)
				second.update(side, sign="credit")
				self.feed(second, "grant")
				charges.append(second)
		if self.chance(0.3):
			free = {"code": "grid_use", "channel": "export", "per": r.choice(["month", "period", "year"]),
					"steps": [r.choice([{"price": "0"}, {}]), {"price": self.decimal(0, 0.2, 3)}]}
			free["steps"][0]["to"] = self.decimal(10, 1500, 1)
			charges.append(dict(free, **side))
		if self.profiles and self.chance(0.2):
			demand = {"code": "demand", "demand": {}, "price": self.decimal(1, 40, 2), "net": r.choice(self.nets(series=True))}
			if self.chance(0.3):
				demand["channel"] = "export"
			charges.append(demand)
		if net == "month" and self.chance(0.3):
			charges.append(self.balance())
		return charges + self.settlement(charges)

	def balance(self):
		"""The same surplus kept once more, all periods together."""
		self.tariff.setdefault("schedules", {})["all_day"] = {"any": "else"}
		self.banks["year"] = {"unit": "kWh"}
		balance = {"code": "balance", "schedule": "all_day", "net": "month", "price": "0"}
		self.feed(balance, "year")
		return balance

	# ---- usage, carry ----

	def usage(self):
		r = self.r
		usage = super().usage()
		channels = {c.get("channel", "import") for c in self.tariff["charges"]}
		for part in usage["parts"].values():
			if "import" in part:
				values = part["import"]["values"]
				for channel in ["export"] + ["generation"] * ("generation" in channels):
					shift = r.randint(0, len(values) - 1)
					times = r.choice([[0, 0, 1, 2], [0, 1], [2, 3]])
					turned = values[shift:] + values[:shift]
					part[channel] = dict(part["import"], values=[None if v is None else v * r.choice(times) for v in turned])
				if self.chance(0.05):
					del part[r.choice(["import", "export"])]
			made = []
			for channel in ["export"] * self.chance(0.9) + ["generation"] * ("generation" in channels):
				made += [dict(g, channel=channel, kwh=rater.text(rater.Fraction(g["kwh"]) * r.randint(0, 25) / 10))
						 for g in part.get("registers", []) if g["channel"] == "import"]
			if made:
				part["registers"] = part["registers"] + made
		return usage

	def carry(self):
		r = self.r
		carry = super().carry()
		entries = []
		for name in sorted(self.fed):
			seen = set()
			names = sorted(self.tariff.get("periods") or {}) if name == "kept" else ["any"] if name == "year" else []
			for _ in range(r.choice([0, 1, 2, 4])):
				period = r.choice(names) if names else None
				at = rater.add_months(self.from_, -r.randint(0, 13)).isoformat()
				if (period, at) not in seen:
					entries.append(dict({"name": name, "from": at, "amount": self.decimal(0, 900, 2)},
										**({"period": period} if period else {})))
					seen.add((period, at))
		if entries:
			carry.setdefault("banks", []).extend(entries)
		return carry

	def case(self):
		case = super().case()
		if self.months:
			case["months"] = {"from": self.from_.isoformat(), "count": self.months}
		return case


def case(seed):
	return Generator(seed).case()

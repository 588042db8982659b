"""Random bills with export: netting, banks, credits and pay-outs, by the reference rater and by the server.

The bills of random_case.py, to which export is added.  PAIRS (default 1,500; with SOAK 30,000) from the seed SEED on.
Prints TAP.
"""

import copy
import json
import os
import random
import re
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import random_case
import random_test
import rater
import server


def energy_like(c):
	return "price" in c and rater.Rater.kind(c) == "energy" or "steps" in c


def exported_registers(r, registers):
	return [dict(g, channel="export", kwh=rater.text(rater.Fraction(g["kwh"]) * r.randint(0, 25) / 10))
			for g in registers if g["channel"] == "import"]


def add_export(r, usage):
	for part in usage["parts"].values():
		if "import" in part:
			values = part["import"]["values"]
			shift = r.randint(0, len(values) - 1)
			turned = values[shift:] + values[:shift]
			part["export"] = dict(part["import"], values=[None if v is None else v * r.choice([0, 0, 1, 2]) for v in turned])
		if "registers" in part and r.random() < 0.9:
			part["registers"] = part["registers"] + exported_registers(r, part["registers"])


def case(seed):
	r = random.Random(f"export {seed}")
	case = random_case.case(seed)
	tariff = case["tariff"]
	if r.random() < 0.9:
		# shares of a netted part are refused
		for c in tariff["charges"]:
			if c.get("part") in tariff.get("parts", {}):
				del c["part"]
		tariff.pop("parts", None)
	add_export(r, case["usage"])
	slots = any("import" in part for part in case["usage"]["parts"].values())
	# hours that reach across a change of period are refused by whoever meets them first
	times = re.findall(r'"\d\d:(\d\d)"', json.dumps([tariff.get("periods"), tariff.get("schedules"), case["market"]], default=str))
	hour = "hour" if set(times) <= {"00"} and "event" not in json.dumps(tariff, default=str) else "slot"
	nets = ["slot", hour, hour, "month"] if slots else ["month"]
	banks = {}
	names = sorted(tariff.get("periods") or {})
	if r.random() < 0.6:
		banks["kept"] = {"unit": "kWh"}
		if r.random() < 0.4:
			banks["kept"]["months"] = r.randint(1, 6)
		if names and r.random() < 0.3:
			banks["kept"]["moves"] = [dict({"months": sorted(r.sample(range(1, 13), 6)), "from": r.choice(names)},
										   **({"to": r.choice(names)} if r.random() < 0.7 else {}))]
	if r.random() < 0.6:
		banks["credit"] = {"unit": "money", "usable": r.choice(["next", "at_once"])}
		if r.random() < 0.4:
			banks["credit"]["months"] = r.randint(1, 6)
	charges = []
	fed = set()
	for c in tariff["charges"]:
		charges.append(c)
		if not energy_like(c) or c.get("channel", "import") != "import" or c.get("part", "main") != "main":
			if "demand" in c and slots and r.random() < 0.5:
				c["net"] = r.choice(["slot", hour])
			continue
		series = json.dumps(c.get("price", 0), default=str).find('"series"') >= 0
		if r.random() < 0.6:
			c["net"] = r.choice(nets)
			if series and c["net"] == "month" or c.get("split") == "chronological" and c["net"] == "month":
				c["net"] = "slot"
			if c["net"] == "month" and "kept" in banks and "schedule" not in c and r.random() < 0.7:
				c["bank"] = "kept"
				fed.add("kept")
		if r.random() < 0.5:
			sold = copy.deepcopy(c)
			sold.update(code=c["code"] + "_sold", channel="export", sign="credit")
			sold.pop("bank", None)
			sold.pop("counter", None)
			if "credit" in banks and r.random() < 0.6:
				sold["bank"] = "credit"
				fed.add("credit")
			charges.append(sold)
	if "credit" in fed:
		charges.append({"code": "used", "use": "credit"})
		if r.random() < 0.5:
			charges[-1]["of"] = [charges[0]["code"]]
	if "kept" in fed and r.random() < 0.5:
		charges.append({"code": "settled", "pay_out": "kept", "price": "0.3217", "true_up": r.randint(1, 12)})
		if "credit" in banks and r.random() < 0.4:
			charges[-1]["bank"] = "credit"
			fed.add("credit")
	if "credit" in fed and r.random() < 0.5:
		charges.append({"code": "paid", "pay_out": "credit"})
		if r.random() < 0.3:
			charges[-1]["price"] = "0.5"
	tariff["charges"] = charges
	tariff["banks"] = {name: bank for name, bank in banks.items() if name in fed}
	if not tariff["banks"]:
		del tariff["banks"]
	entries = case["carry"].setdefault("banks", [])
	start = rater.day(case["during"][0])
	for name in sorted(fed):
		seen = set()
		for _ in range(r.randint(0, 4)):
			period = r.choice(names) if names and name == "kept" else None
			at = rater.add_months(start, -r.randint(0, 7)).isoformat()
			if (period, at) not in seen:
				entries.append(dict({"name": name, "from": at, "amount": rater.text(rater.Fraction(r.randint(1, 90000), 100))},
									**({"period": period} if period else {})))
				seen.add((period, at))
	if not entries:
		del case["carry"]["banks"]
	return case


def main():
	if not server.ready():
		print(f"ok 1 # skip {server.SKIP}\n1..1")
		return 0
	if not hasattr(rater.Rater, "measured"):
		print("ok 1 # skip the reference does not net yet\n1..1")
		return 0
	first = int(os.environ.get("SEED", 1))
	count = int(os.environ.get("PAIRS", 30000 if os.environ.get("SOAK") else 1500))
	random_test.make_case = case
	bad = random_test.test_server(list(range(first, first + count)), 1)
	print("1..1")
	return bad > 0


if __name__ == "__main__":
	sys.exit(main())

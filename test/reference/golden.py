"""Reads test/golden: bills worked out by others, and by hand from published prices.

A file is a case, or holds `cases` whose members replace its own:

    name, source, licence   where the figures come from
    tariff, usage, terms, market, carry
                            what billing.rate() is given; in profiles {"each": Wh, "count": n} is n equal slots, and
                            with "but": {"i": Wh} those from 0 on have another value; "kw" in place of values is
                            a file in golden/loads of powers, a line each ("again": n has the first n once more at
                            the end); likewise "file" in a price series
    during                  ["2026-01-01", "2026-02-01"], or
    months                  {"from": "2026-01-01", "count": 12}: month after month, the carry handed on
    expect                  lines: any members of lines, found by code, period, tier and component (as far as they
                            are named), lines of the same names in the order of the bill; "tolerance" of the amount
                            total, total_tolerance, carry; with months: totals
"""

import copy
import json
import pathlib
from fractions import Fraction

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
KEYS = ("code", "period", "tier", "component")


def cases():
	for path in sorted(GOLDEN.glob("*.json")):
		with open(path, encoding="utf-8") as f:
			document = json.load(f, parse_float=str)
		for member in document.pop("cases", [{}]):
			case = dict(copy.deepcopy(document), **member)
			case["name"] = f"{path.stem}: {case['name']}"
			case["usage"] = expanded(case["usage"])
			for series in case.get("market", {}).get("series", {}).values():
				if "file" in series:
					series["values"] = column(series.pop("file"))
			yield case


def column(file):
	return (GOLDEN / "loads" / file).read_text(encoding="utf-8").split()[1:]


def expanded(usage):
	for part in usage.get("parts", {}).values():
		for profile in part.values():
			if isinstance(profile, dict) and "kw" in profile:
				# in 10^-9 kWh, the finest that a profile holds
				profile["scale"] = -6
				profile["values"] = [round(Fraction(kw) * 10**9 * profile["slot_minutes"] / 60)
									 for kw in column(profile.pop("kw"))]
				profile["values"] += profile["values"][:profile.pop("again", 0)]
			if isinstance(profile, dict) and isinstance(profile["values"], dict):
				values = [profile["values"]["each"]] * profile["values"]["count"]
				for i, value in profile["values"].get("but", {}).items():
					values[int(i)] = value
				profile["values"] = values
	return usage


def same(a, b, tolerance=0):
	if a is None or b is None:
		return a is b
	try:
		return abs(Fraction(str(a)) - Fraction(str(b))) <= Fraction(str(tolerance))
	except ValueError:
		return str(a) == str(b)


def check_lines(wanted, lines):
	"""Complaints about one bill's lines."""
	problems = []
	used = set()
	for w in wanted:
		found = next((i for i, l in enumerate(lines) if i not in used and
					  all(same(l.get(k), w[k]) for k in KEYS if k in w)), None)
		if found is None:
			problems.append(f"no line {w}")
			continue
		used.add(found)
		for k, v in w.items():
			if k not in KEYS + ("tolerance",) and not same(lines[found].get(k), v, w.get("tolerance", 0) if k == "amount" else 0):
				problems.append(f"line {found + 1} {w['code']}: {k} {lines[found].get(k)}, wanted {v}")
	return problems


def check(case, bills):
	"""Complaints about [{lines, total, carry}], one bill or one for each month."""
	expect = case["expect"]
	problems = []
	tolerance = expect.get("total_tolerance", 0)
	if "totals" in expect:
		if len(bills) != len(expect["totals"]):
			problems.append(f"{len(bills)} bills, wanted {len(expect['totals'])}")
		for i, (bill, total) in enumerate(zip(bills, expect["totals"])):
			if not same(bill["total"], total, tolerance):
				problems.append(f"bill {i + 1}: total {bill['total']}, wanted {total}")
	if "total" in expect:
		total = sum(Fraction(b["total"]) for b in bills)
		if not same(total, expect["total"], tolerance):
			problems.append(f"total {float(total)}, wanted {expect['total']}")
	problems += check_lines(expect.get("lines", []), bills[-1]["lines"])
	for i, bill in enumerate(bills):
		counted = sum(Fraction(l["amount"]) for l in bill["lines"] if l["kind"] in ("charge", "rounding"))
		if counted != Fraction(bill["total"]):
			problems.append(f"bill {i + 1}: lines sum to {float(counted)}, not to {bill['total']}")
	if "carry" in expect and not same_carry(expect["carry"], bills[-1]["carry"]):
		problems.append(f"carry {bills[-1]['carry']}, wanted {expect['carry']}")
	return problems


def same_carry(a, b):
	return carry_key(a) == carry_key(b)


def carry_key(carry):
	"""A carry with its numbers by value and its lists in no order."""
	carry = carry or {}
	number = lambda x: str(Fraction(str(x)))
	return (sorted((k, tuple(sorted((m, number(v) if m in ("kwh", "year") else str(v)) for m, v in c.items())))
				   for k, c in (carry.get("counters") or {}).items()),
			sorted((e["name"], e["month"][:7], number(e["kw"])) for e in carry.get("demand") or []),
			sorted((b["name"], b.get("period") or "", b["from"], number(b["amount"])) for b in carry.get("banks") or []))

"""Random bills by the reference rater and by the server, line by line.

PAIRS (default 3,000; with SOAK 100,000) bills from the seeds SEED (default 1)
on, in two processes.  Both must give the same lines and the same closing carry, or both an
error.  A difference is cut down and printed with its seed; the smallest case
is written to .build/test/random_<seed>.json.  Prints TAP.

Without the server, and for some of the seeds with it, the reference rater is
held to laws of its own.
"""

import copy
import json
import multiprocessing
import os
import pathlib
import sys
from fractions import Fraction

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import golden
import random_case
import rater
import server

BATCH = 100
PROCESSES = 2
LAWS = 200
SHOWN = 5
GIVEN = ("tariff", "usage", "during", "terms", "market", "carry")


def reference(case):
	"""[bill, …], one or one for each month, or the text of the error."""
	tariff, usage, during, *given = [case[k] for k in GIVEN]
	try:
		if "months" in case:
			months = case["months"]
			return [b for _, b in rater.rate_months(tariff, usage, months["from"], months["count"], *given)]
		return [rater.rate(tariff, usage, during, *given)]
	except rater.RatingError as e:
		return f"error: {e}"


# ---- comparing ----

def comparable(lines):
	"""Lines as a multiset; a line of nothing says nothing."""
	found = []
	for l in lines:
		number = lambda k: None if l[k] is None else Fraction(l[k])
		quantity, amount = number("quantity"), number("amount")
		if not quantity and not amount:
			continue
		names = tuple(str(l[k] if l[k] is not None else "") for k in ("code", "period", "component", "tier", "kind"))
		found.append((names, amount, quantity, number("price")))
	return sorted(found, key=lambda l: (l[0], l[1] or 0, l[2] or 0))


def shown(line):
	names, amount, quantity, price = line
	number = lambda x: "-" if x is None else rater.text(x)
	return f"{'/'.join(names)}: {number(quantity)} at {number(price)} = {number(amount)}"


def same_line(a, b):
	near = lambda x, y: x is None or y is None or abs(x - y) <= Fraction(1, 10**6)
	return a[0] == b[0] and a[1] == b[1] and near(a[2], b[2]) and near(a[3], b[3])


def differences(ours, theirs):
	"""ours: the reference's bills or error, theirs: the server's."""
	if isinstance(ours, str) or isinstance(theirs, str):
		if isinstance(ours, str) and isinstance(theirs, str):
			return []
		return [f"reference: {ours if isinstance(ours, str) else ours[0]['total']}",
				f"server: {theirs if isinstance(theirs, str) else theirs[0]['total']}"]
	if len(ours) != len(theirs):
		return [f"{len(ours)} bills by the reference, {len(theirs)} by the server"]
	# what is handed on makes the bills after the first different one different, too
	return next((found for found in map(bill_differences, ours, theirs) if found), [])


def bill_differences(ours, theirs):
	found = []
	a, b = comparable(ours["lines"]), comparable(theirs["lines"])
	if len(a) != len(b) or not all(same_line(x, y) for x, y in zip(a, b)):
		found += [f"only the reference: {shown(x)}" for x in a if not any(same_line(x, y) for y in b)]
		found += [f"only the server: {shown(y)}" for y in b if not any(same_line(x, y) for x in a)]
		found = found or [f"{len(a)} lines by the reference, {len(b)} by the server"]
	if Fraction(ours["total"]) != Fraction(theirs["total"]):
		found.append(f"total: reference {ours['total']}, server {theirs['total']}")
	if not golden.same_carry(ours["carry"], theirs["carry"]):
		found.append(f"carry: reference {json.dumps(ours['carry'])}, server {json.dumps(theirs['carry'])}")
	return found


# ---- the smallest case ----

def simpler(case):
	"""Cases with something left out."""
	for i in range(len(case["tariff"]["charges"])):
		if len(case["tariff"]["charges"]) > 1:
			yield without(case, ("tariff", "charges"), i)
	if case.get("months", {}).get("count", 1) > 1:
		yield dict(case, months=dict(case["months"], count=case["months"]["count"] - 1))
	for member in list(case["tariff"]):
		if member in ("rounding", "seasons", "periods", "schedules", "components", "parts", "split", "missing", "year_start"):
			yield without(case, ("tariff",), member)
	for rule in list(case["tariff"].get("rounding", {})):
		yield without(case, ("tariff", "rounding"), rule)
	for i, c in enumerate(case["tariff"]["charges"]):
		for member in list(c):
			if member != "code":
				yield without(case, ("tariff", "charges", i), member)
		for member in ("demand", "power_factor"):
			for key in list(c.get(member, {})):
				yield without(case, ("tariff", "charges", i, member), key)
	for member in ("terms", "market", "carry"):
		for key in list(case[member]):
			yield without(case, (member,), key)
	for name, part in case["usage"]["parts"].items():
		if len(case["usage"]["parts"]) > 1:
			yield without(case, ("usage", "parts"), name)
		for key, value in part.items():
			yield without(case, ("usage", "parts", name), key)
			if key == "registers":
				for i in range(len(value)):
					yield without(case, ("usage", "parts", name, key), i)
			elif key not in ("demand_kw", "demand_kva", "demands") and len(set(value["values"])) > 1:
				flat = copy.deepcopy(case)
				flat["usage"]["parts"][name][key]["values"] = [1000] * len(value["values"])
				yield flat


def without(case, path, key):
	smaller = copy.deepcopy(case)
	at = smaller
	for step in path:
		at = at[step]
	del at[key]
	return smaller


def differs(cases):
	"""The first of the cases that still differs."""
	for case, theirs in zip(cases, server.rate_all(cases)):
		try:
			ours = reference(case)
		except Exception:
			continue
		if not isinstance(ours, str) and not isinstance(theirs, str) and differences(ours, theirs):
			return case
	return None


def shrunk(case):
	if isinstance(reference(case), str) or isinstance(server.rate_all([case])[0], str):
		return case
	for _ in range(60):
		smaller = differs(list(simpler(case)))
		if smaller is None:
			break
		case = smaller
	return case


def brief(case):
	"""The case as text, profiles of equal slots short."""
	case = copy.deepcopy({k: v for k, v in case.items() if v})
	for part in case.get("usage", {}).get("parts", {}).values():
		for profile in part.values():
			if isinstance(profile, dict) and len(set(profile["values"])) == 1:
				profile["values"] = {"each": profile["values"][0], "count": len(profile["values"])}
	text = json.dumps(case, ensure_ascii=False)
	return text if len(text) < 4000 else text[:4000] + " …"


def report(seed, case):
	case = shrunk(case)
	directory = pathlib.Path(".build/test")
	if directory.is_dir():
		(directory / f"random_{seed}.json").write_text(json.dumps(case, ensure_ascii=False) + "\n", encoding="utf-8")
	print(f"#   {brief(case)}")
	for d in differences(reference(case), server.rate_all([case])[0]):
		print(f"#   {d}")


# ---- laws of the reference rater ----

def laws(seed):
	case = random_case.case(seed)
	bills = reference(case)
	if isinstance(bills, str):
		return []
	bill, = bills
	broken = []
	total = sum(Fraction(l["amount"]) for l in bill["lines"] if l["kind"] in ("charge", "rounding"))
	if total != Fraction(bill["total"]):
		broken.append(f"lines sum to {total}, not to {bill['total']}")
	shuffled = dict(case, tariff=json.loads(json.dumps(case["tariff"], sort_keys=True)))
	if reference(shuffled) != bills:
		broken.append("the order of members matters")
	halved = halves(case)
	if halved is not None:
		again = reference(halved)
		if isinstance(again, str) or again[0]["total"] != bill["total"] or again[0]["carry"] != bill["carry"]:
			broken.append("a register read twice gives another bill")
	return broken


def halves(case):
	"""The registers read once more inside a span without a change."""
	draft = rater.Rater(*[case[k] for k in GIVEN])
	case = copy.deepcopy(case)
	changed = False
	for part in case["usage"]["parts"].values():
		registers = []
		for r in part.get("registers", []):
			atom = next((a for a in draft.atoms if "from" in r and r["from"] == a.d0.isoformat() and
						 r["until"] == a.d1.isoformat() and (a.d1 - a.d0).days > 1), None)
			if atom is None:
				registers.append(r)
				continue
			changed = True
			middle = (atom.d0 + rater.ONE_DAY).isoformat()
			third = rater.text(rater.round_to(Fraction(r["kwh"]) / 3, Fraction(1, 10**6), "down"))
			registers.append(dict(r, until=middle, kwh=third))
			registers.append(dict(r, **{"from": middle, "kwh": rater.text(Fraction(r["kwh"]) - Fraction(third))}))
		if registers:
			part["registers"] = registers
	return case if changed else None


# ---- running ----

make_case = random_case.case


def compare(seeds):
	"""[(seed, case, differences)] where there are any, and how many are refused by both."""
	cases = [make_case(seed) for seed in seeds]
	different, refused = [], 0
	for seed, case, theirs in zip(seeds, cases, server.rate_all(cases)):
		ours = reference(case)
		refused += isinstance(ours, str) and isinstance(theirs, str)
		found = differences(ours, theirs)
		if found:
			different.append((seed, case, found))
	return different, refused


def test_laws(seeds, number):
	bad = 0
	for seed in seeds:
		for problem in laws(seed):
			bad += 1
			print(f"# seed {seed}: {problem}")
	print(f"{'not ' if bad else ''}ok {number} - laws of the reference rater, {len(seeds)} bills")
	return bad


def test_server(seeds, number):
	different, refused, done = [], 0, 0
	# each process makes its cases, asks the server and rates them by itself: no core waits for another
	with multiprocessing.Pool(PROCESSES) as pool:
		batches = [seeds[i:i + BATCH] for i in range(0, len(seeds), BATCH)]
		for batch, (found, both) in zip(batches, pool.imap(compare, batches)):
			different += found
			refused += both
			done += len(batch)
			if len(different) > 200:
				break
	for seed, case, found in different[:int(os.environ.get("SHOW", SHOWN))]:
		print(f"# seed {seed}:")
		for f in found[:12]:
			print(f"#   {f}")
		report(seed, case)
	if different:
		print("# seeds that differ:", *[seed for seed, _, _ in different])
	print(f"{'not ' if different else ''}ok {number} - reference and server agree on "
		  f"{done - len(different)} of {done} random bills ({refused} refused by both)")
	return len(different)


def main():
	first = int(os.environ.get("SEED", 1))
	count = int(os.environ.get("PAIRS", 100000 if os.environ.get("SOAK") else 3000))
	seeds = list(range(first, first + count))
	bad = test_laws(seeds[:LAWS], 1)
	if server.ready():
		bad += test_server(seeds, 2)
	else:
		print(f"ok 2 # skip {server.SKIP}")
	print("1..2")
	return bad > 0


if __name__ == "__main__":
	sys.exit(main())

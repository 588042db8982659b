"""The library of published tariffs: each compiles without a problem, says where it comes from and what it lacks, and
rates its examples.  Prints TAP.

contrib/tariffs/examples/NAME.json: source and licence of the figures, and cases as in test/golden, without the tariff
and, where the tariff names one, without the market.  Powers of a file may be a part of it: "skip" and "count" of its
values, each "repeat" times.
"""

import json
import pathlib
import sys
from fractions import Fraction

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import golden
import server

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TARIFFS = ROOT / "contrib" / "tariffs"
CLASSES = {"residential", "commercial", "industrial", "agricultural"}
tests = failures = 0


def test(name, problems):
	global tests, failures
	tests += 1
	failures += bool(problems)
	print(f"{'not ' if problems else ''}ok {tests} - {name}")
	for problem in problems:
		print("#   " + str(problem).replace("\n", "\n#   "))


def read(path):
	return json.loads(path.read_text(encoding="utf-8"), parse_float=str)


def column(name):
	path = golden.GOLDEN / "urdb" / "loads" / name
	return path.read_text(encoding="utf-8").split() if path.exists() else golden.column(name)


def expanded(usage):
	for part in usage["parts"].values():
		for profile in part.values():
			if isinstance(profile, dict) and "kw" in profile and "count" in profile:
				first = profile.pop("skip")
				kw = column(profile.pop("kw"))[first:first + profile.pop("count")]
				repeat = profile.pop("repeat", 1)
				profile["scale"] = -6		# in 10^-9 kWh
				profile["values"] = [round(Fraction(v) * 10**9 * profile["slot_minutes"] / 60)
									 for v in kw for _ in range(repeat)]
	return golden.expanded(usage)


def said(name, document):
	"""What a document must say of itself."""
	notes = document.get("notes", {})
	if not document.get("source"):
		yield "no source"
	if not isinstance(document.get("name"), dict) or not {"en", "zh"} <= document["name"].keys():
		yield "no name in both languages"
	if not notes.get("licence") or not notes.get("lacks"):
		yield "no licence, or nothing that it lacks"
	if not str(notes.get("region", "")).split("-")[0].isupper() or notes.get("class") not in CLASSES:
		yield "no region (ISO 3166), or no class"
	if not name.startswith(notes.get("region", "").lower().split("-")[0] + "-"):
		yield "another country in its name than in its region"
	if "market" in notes and not (TARIFFS / "markets" / (notes["market"] + ".json")).exists():
		yield "its market is not there"


def examples(name, document):
	path = TARIFFS / "examples" / (name + ".json")
	if not path.exists():
		return
	given = read(path)
	market = document["notes"].get("market")
	for case in given["cases"]:
		case = dict(case, name=f"{name}: {case['name']}", tariff=document, usage=expanded(case["usage"]))
		if market:
			case["market"] = read(TARIFFS / "markets" / (market + ".json"))
		yield case


def main():
	if not server.ready():
		print(f"ok 1 # skip {server.SKIP}\n1..1")
		return 0
	documents = {path.stem: read(path) for path in sorted(TARIFFS.glob("*.json")) if not path.stem.startswith("demo-")}
	for name, document in documents.items():
		text = (TARIFFS / (name + ".json")).read_text(encoding="utf-8")
		test(f"{name} says what it is", list(said(name, document)))
		found = server.psql(f"SELECT path || ' ' || problem FROM billing.tariff_check({server.quoted(text)}::json);")
		test(f"{name} has no problem", found.splitlines())

	listed = server.psql("SELECT code FROM billing.published_tariffs() ORDER BY code COLLATE \"C\";").split()
	test("published_tariffs() lists each file", [] if listed == sorted(documents) else set(listed) ^ set(documents))
	script = "\n".join(f"SELECT '{name}' WHERE NOT EXISTS (SELECT FROM billing.published_tariffs() p WHERE p.code = '{name}' "
					   f"AND p.tariff::jsonb = {server.as_json(document)}::jsonb::billing.tariff::jsonb "
					   f"AND (p.market IS NOT NULL) = {'market' in document['notes']} AND p.source IS NOT NULL "
					   f"AND cardinality(p.lacks) > 0);" for name, document in documents.items())
	test("and as it is written", server.psql(script).split())

	cases = [case for name, document in documents.items() for case in examples(name, document)]
	without = documents.keys() - {case["name"].split(":")[0] for case in cases}
	test("each has an example", sorted(without))
	orphans = {path.stem for path in (TARIFFS / "examples").glob("*.json")} - documents.keys()
	test("each example has its tariff", sorted(orphans))
	for case, bills in zip(cases, server.rate_all(cases)):
		test(case["name"], [bills] if isinstance(bills, str) else golden.check(case, bills))
	print(f"1..{tests}")
	return failures > 0


if __name__ == "__main__":
	sys.exit(main())

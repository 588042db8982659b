"""Records of the OpenEI Utility Rate Database, rated month by month as other engines do.  Prints TAP.

test/golden/urdb/*.json: name, source, licence, record and either

    load, months            a file of loads/ (kW, a value an hour from 1 January 2018, UTC) and the bills of the year's
                            months, equal to a millionth; "repeat" slots of an hour have each value;
                            "billing_demand" is what no record can say of that charge's demand; "parts" are amounts of
                            charges or tags, "kw" quantities of charges, "kwh" those of some months by period and tier
    with_system             the same with a system that generates: terms, load, months, and the file of what it generates
                            as "export" (netted with the load) or "generation"; *_15min has four values an hour.
                            "second_year": the same load again, all prices "times" so much, and the first year's carry
    twice                   the months of a year rated twice, the second time with the carry of the first: "kw" in every
                            hour "but" in some; the bills and the kW billed in each month
    hours                   [{year, hour, month, lines}]: 10 kW in one hour of the year, and amounts by charge
"""

import copy
import json
import pathlib
import sys
from decimal import Decimal
from fractions import Fraction

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import server

URDB = pathlib.Path(__file__).resolve().parent.parent / "golden" / "urdb"
LOADS = {}


def load(name):
	"""What stands in a file, of this folder or shared with the other bills; the latter have a heading."""
	if name not in LOADS:
		path = URDB / "loads" / name
		LOADS[name] = path.read_text(encoding="utf-8").split() if path.exists() else \
			(URDB.parent / "loads" / name).read_text(encoding="utf-8").split()[1:]
	return LOADS[name]


def system_sql(name, year):
	"""A year of kW as kWh of 10^-9, the finest that a profile holds."""
	minutes = 15 if name.endswith("_15min.csv") else 60
	values = ",".join(str(round(Fraction(kw) * minutes * 10**9 / 60)) + "e-9" for kw in load(name))
	return f"billing.profile('{year}-01-01Z'::timestamptz, interval '{minutes} minutes', '{{{values}}}'::numeric[], time_zone => 'UTC')"


def profile_sql(values, year, repeat=1):
	values = ",".join(v for value in values for v in [value] * repeat)
	if repeat > 1:		# the same power in shorter slots
		return (f"billing.profile('{year}-01-01Z'::timestamptz, interval '{60 // repeat} minutes', "
				f"(SELECT array_agg(round(v / {repeat}, 9) ORDER BY n) FROM unnest('{{{values}}}'::numeric[]) WITH ORDINALITY u(v, n)), time_zone => 'UTC')")
	return f"billing.profile('{year}-01-01Z'::timestamptz, interval '1 hour', '{{{values}}}'::numeric[], time_zone => 'UTC')"


def tariff_sql(case):
	tariff = f"billing.tariff_from_urdb({server.as_json(case['record'])}::jsonb)"
	if "billing_demand" not in case:
		return tariff
	return f"""(SELECT billing.tariff(jsonb_set(t, '{{charges}}', (SELECT jsonb_agg(CASE WHEN c ->> 'code' ~ '^billing_demand'
		THEN jsonb_set(c, '{{demand}}', {server.as_json(case['billing_demand'])}::jsonb) ELSE c END ORDER BY n)
		FROM jsonb_array_elements(t -> 'charges') WITH ORDINALITY e(c, n)))) FROM (SELECT {tariff}::jsonb) x(t))"""


def wanted_sql(wanted):
	"""What is asked of each month's bill, as an array: the total, parts of it, kW billed."""
	by_tag = "(SELECT coalesce(sum(l.quantity), 0) FROM billing.lines(charges) l WHERE starts_with(l.code, '%s'))"
	return "json_build_array(" + ", ".join(
		["billing.total(charges)"] +
		[f"billing.amount(charges, VARIADIC '{{{','.join(names.split())}}}')" for names in wanted.get("parts", {})] +
		[by_tag % name for name in wanted.get("kw", {})]) + ")"


def figures(wanted):
	return [list(month) for month in zip(wanted["months"], *wanted.get("parts", {}).values(), *wanted.get("kw", {}).values())]


# kWh of the steps of each period, where there are any
KWH = """(SELECT json_object_agg(coalesce(period, 'p00'), kwh) FROM (SELECT period, json_agg(quantity ORDER BY tier) AS kwh
	FROM billing.lines(charges) WHERE quantity <> 0 AND starts_with(code, 'energy') GROUP BY period) k)"""


def dearer(case, times):
	"""The case with other prices; a record's money is all that is multiplied."""
	case = copy.deepcopy(case)
	record = case["record"]
	times = Decimal(times)
	tiers = [t for name in record if name.endswith("structure") for period in record[name] for t in period]
	for where in [record, case["with_system"]["terms"]] + tiers:
		for name in ("rate", "sell", "fixedchargefirstmeter", "mincharge", "annualmincharge", "year_end_credit_rate"):
			if name in where:
				where[name] = str(Decimal(str(where[name])) * times)
	return case


def system_year_sql(case, year, generated, months, carry="NULL"):
	system = case["with_system"]
	channel = "generation" if "generation" in system else "export"
	return f"""billing.rate_months({tariff_sql(case)},
		billing.usage(import => {system_sql(system['load'], year)}, {channel} => {system_sql(generated[channel], year)}),
		'{year}-01-01', {months}, {server.as_json(system['terms'])}::jsonb, NULL, {carry})"""


def system_cases(case):
	system = case["with_system"]
	sql = f"SELECT json_agg({wanted_sql(system)} ORDER BY during) FROM {system_year_sql(case, 2018, system, 12)}"
	yield case["name"] + ", with system", sql, figures(system)
	if "second_year" in system:
		second = system["second_year"]
		# the engine's years all begin on a Monday: so does 2029
		sql = f"""SELECT json_agg(billing.total(y.charges) ORDER BY y.during) FROM (
			SELECT billing.carry(charges) AS carry FROM {system_year_sql(case, 2018, system, 12)} ORDER BY during DESC LIMIT 1) before,
			{system_year_sql(dearer(case, second['times']), 2029, second, len(second['months']), 'before.carry')} y"""
		yield case["name"] + ", second year", sql, second["months"]


def month_cases():
	for path in sorted(URDB.glob("*.json")):
		case = json.loads(path.read_text(encoding="utf-8"))
		if "months" in case:
			rated = f"""billing.rate_months({tariff_sql(case)},
				billing.usage(import => {profile_sql(load(case['load']), 2018, case.get('repeat', 1))}), '2018-01-01', 12)"""
			yield case["name"], f"SELECT json_agg({wanted_sql(case)} ORDER BY during) FROM {rated}", figures(case)
			yield (f"{case['name']}, kWh by period and tier",
				   f"""SELECT json_object_agg(extract(month FROM lower(during)), {KWH}) FROM {rated}
				   WHERE extract(month FROM lower(during)) IN ({', '.join(case['kwh'])})""", case["kwh"])
		if "with_system" in case:
			yield from system_cases(case)
		if "twice" in case:
			twice = case["twice"]
			year = twice["year"]
			values = [str(twice["but"].get(str(i), twice["kw"])) for i in range(8760)]
			given = f"{tariff_sql(case)}, billing.usage(import => {profile_sql(values, year)}), '{year}-01-01', 12"
			sql = f"""SELECT json_agg(json_build_array(billing.total(y.charges), (SELECT sum(quantity) FROM billing.lines(y.charges))) ORDER BY y.during)
				FROM (SELECT billing.carry(charges) AS carry FROM billing.rate_months({given}) ORDER BY during DESC LIMIT 1) before,
				billing.rate_months({given}, '{{}}', NULL, before.carry) y"""
			yield case["name"], sql, [list(month) for month in zip(twice["months"], twice["billed"])]
		for hour in case.get("hours", []):
			values = ["0"] * 8784
			values[hour["hour"]] = "10"
			lines = hour["lines"]
			sql = f"""SELECT json_build_array({', '.join(f"(SELECT coalesce(sum(amount), 0) FROM billing.lines(c) l WHERE starts_with(l.code, '{k}') "
				f"OR starts_with(l.code, 'flat_{k}'))" for k in lines)})
				FROM billing.rate({tariff_sql(case)}, billing.usage(import => {profile_sql(values, hour['year'])}),
				'[{hour['year']}-{hour['month']:02}-01,{hour['year']}-{hour['month'] + 1:02}-01)'::daterange) c"""
			yield f"{case['name']}, {hour['year']}", sql, list(lines.values())


def near(a, b):
	"""Equal to a millionth, number by number."""
	if isinstance(b, list):
		return isinstance(a, list) and len(a) == len(b) and all(map(near, a, b))
	if isinstance(b, dict):
		return isinstance(a, dict) and a.keys() == b.keys() and all(near(a[k], b[k]) for k in b)
	return abs(float(a) - float(b)) <= 1e-6 * max(1, abs(float(b)))


BASE = {"name": "r", "energyratestructure": [[{"rate": 0.1}]]}

# what registers of 100 kWh in and 130 kWh out come to in a January: a record, the terms, the bill or what is missing
SOLD = {"energyratestructure": [[{"rate": 0.1, "sell": 0.04}]]}
FUEL = {"fueladjustmentsmonthly": [0.01] * 12}
JANUARY = {"true_up_month": 1, "year_end_credit_rate": 0.02}
OPTIONS = [
	({}, {}, 10),
	(SOLD, {}, 10 - 5.2),
	(SOLD, {"carry_over_money": True}, 10),
	(SOLD, {"carry_over_money": True, "credit_at_once": True}, 10 - 5.2),
	(SOLD, {"carry_over_money": True, "true_up_month": 1}, 10 - 5.2),
	(SOLD, {"carry_over_money": True, "true_up_month": 1, "credit_expires": True}, 10),
	(SOLD, {"metering": "Net Metering"}, 0),
	(SOLD, {"metering": "Net Metering", **JANUARY}, -30 * 0.02),
	(SOLD, {"metering": "Net Metering", **JANUARY, "true_up_as_credit": True}, 0),
	(SOLD, {"metering": "Net Metering", "carry_over_money": True, **JANUARY}, -30 * 0.04),
	(SOLD, {"metering": "Buy All Sell All"}, 10),
	({**SOLD, "dgrules": "net metering"}, {}, 0),
	({**SOLD, "dgrules": "Net Metering"}, {"metering": "As Metered"}, 10 - 5.2),
	({**SOLD, "dgrules": "ask us"}, {}, 'term "metering" is missing'),
	({**SOLD, "dgrules": "ask us"}, {"metering": "As Metered"}, 10 - 5.2),
	(SOLD, {"metering": "net metering"}, 'term "metering" has a value that the tariff does not know'),
	(SOLD, {"metering": "Net Metering", "true_up_month": 13}, 'term "true_up_month" is not a month'),
	(SOLD, {"metering": "Net Billing Hourly"}, 'the tariff needs the import profile of part "main"'),
	(FUEL, {}, 10 + 1),
	({**SOLD, **FUEL}, {"metering": "Net Metering", **JANUARY}, -30 * 0.02),
	({**SOLD, **FUEL}, {"carry_over_money": True, "credit_at_once": True}, 10 + 1 - 5.2),
]


def option_sql(change, terms):
	return f"""SELECT billing.total(billing.rate(billing.tariff_from_urdb({server.as_json({**BASE, **change})}::jsonb), billing.usage(registers =>
		'[{{"channel": "import", "kwh": 100}}, {{"channel": "export", "kwh": 130}}]'), '[2018-01-01,2018-02-01)', {server.as_json(terms)}::jsonb))"""


# what an importer refuses, and what it names
DAY = [0] * 24
TWO = [[0] * 12 + [1] * 12] * 12
REFUSED = [
	({"mystery": 3}, "mystery"),
	({"items": [BASE, BASE]}, "2 records"),
	({"energyratestructure": [[{"rate": 0.1, "markup": 0.2}]]}, "energyratestructure[0][0]"),
	({"energyratestructure": [[{"rate": 0.1, "max": 10, "unit": "therm"}, {"rate": 0.2, "unit": "therm"}]]}, "energyratestructure[0][0].unit"),
	({"energyratestructure": [[{"rate": 0.1, "max": 10}, {"rate": 0.2, "max": 5}, {"rate": 0.3}]]}, "energyratestructure[0][1].max"),
	({"energyratestructure": [[{"rate": 0.1, "max": 10}, {"rate": 0.2, "max": 10}, {"rate": 0.3}]]}, "energyratestructure[0][1].max"),
	({"energyratestructure": [[{"rate": 0.1, "max": 0}, {"rate": 0.3}]]}, "energyratestructure[0][0].max"),
	({"energyratestructure": [[{"rate": 0.1}, {"rate": 0.3}]]}, "energyratestructure[0]"),
	({"energyweekdayschedule": [DAY] * 11, "energyweekendschedule": [DAY] * 12}, "energyweekdayschedule"),
	({"energyweekdayschedule": [DAY] * 11 + [[0] * 23 + [4]], "energyweekendschedule": [DAY] * 12}, "energyratestructure[4]"),
	({"energyratestructure": [[{"rate": 0.1}], [{"rate": 0.2}]]}, "energyweekdayschedule"),
	({"flatdemandstructure": [[{"rate": 1}]], "flatdemandunit": "MW"}, "flatdemandunit"),
	({"flatdemandstructure": [[{"rate": 1, "unit": "hp"}]], "flatdemandunit": "kW"}, "flatdemandunit"),
	({"flatdemandstructure": [[{"rate": 1, "sell": 1}]]}, "sell"),
	({"flatdemandstructure": [[{"rate": 1}], [{"rate": 2}]]}, "flatdemandstructure"),
	({"flatdemandstructure": [[{"rate": 1}]], "flatdemandmonths": [0, 2] * 6}, "flatdemandstructure[2]"),
	({"demandratestructure": [[{"rate": 1}], [{"rate": 2}]]}, "demandratestructure"),
	({"flatdemandmonths": [0, 1]}, "flatdemandmonths"),
	({"fixedchargefirstmeter": 3, "fixedchargeunits": "$/week"}, "fixedchargeunits"),
	({"mincharge": 3, "minchargeunits": "$/bill"}, "minchargeunits"),
	({"fixedchargeunits": "$/month", "fixedchargeunit": "$/day"}, "fixedchargeunits"),
	({"lookbackpercent": 0.8}, "lookbackpercent"),
	({"lookbackpercent": 0.8, "lookbackmonths": [1] * 12, "lookbackrange": 3}, "lookbackrange"),
]

# fields by kind, and values that are of no use to any of the kind; each is put into a record that is good
NUMBERS = ["x", "1,000", "NaN", "Infinity", "1e400", True, [1], {"a": 1}, 1e20, 1e300]
TWELVE = ["x", 1, {"a": 1}, [0] * 11, [0] * 13, ["x"] * 12, [True] * 12, [1e30] * 12, [[0]] * 12, "[0, 1", "[0, 0]]"]
SCHEDULE = TWELVE + [[DAY] * 11, [DAY] * 13, [DAY[:23]] * 12, [DAY + [0]] * 12, [[-1] * 24] * 12, [[0.5] * 24] * 12, [[None] * 24] * 12,
					 [["x"] * 24] * 12, [[1e9] * 24] * 12, [[[0]] * 24] * 12, [{"a": 1}] * 12]
STRUCTURE = ["x", 1, True, {"a": 1}, [1], [[1]], [[]], [[[]]], [None], [{"rate": 1}], [[{"rate": "x"}]], [[{"rate": [1]}]], [[{"rate": True}]],
			 [[{"adj": "NaN"}]], [[{"rate": 1e30}]], [[{"max": "x"}]], [[{"max": -1}]], [[{"unit": "furlong"}]], [[{"rate": 1}, {"rate": 2}]],
			 [[{"sell": "z"}]], [[{"rate": 0.1}] * 300], "[[{]]"]
TEXT = [1, True, ["kW"], {"a": 1}]
KINDS = [
	("fixedchargefirstmeter fixedchargeeaaddl fixedmonthlycharge mincharge minmonthlycharge annualmincharge demandreactivepowercharge", NUMBERS),
	("lookbackpercent", NUMBERS + [-0.1, 1.1, 80]),
	("lookbackrange demandwindow", NUMBERS + [-1, 1.5]),
	("flatdemandmonths lookbackmonths", TWELVE + [[-1] * 12, [0.5] * 12]),
	("demandratchetpercentage", TWELVE + [[-1] * 12, [101] * 12]),
	("fueladjustmentsmonthly", TWELVE),
	("energyweekdayschedule energyweekendschedule demandweekdayschedule demandweekendschedule coincidentrateschedule", SCHEDULE),
	("energyratestructure demandratestructure flatdemandstructure coincidentratestructure", STRUCTURE),
	("demandunits demandrateunit flatdemandunit coincidentrateunit", TEXT + ["MW", "kW weekly"]),
	("fixedchargeunits minchargeunits", TEXT + ["$/week"]),
	("dgrules", TEXT),
]
GOOD = {"name": "r", "energyratestructure": [[{"rate": 0.1, "max": 10, "unit": "kWh", "sell": 0.02}, {"rate": 0.2, "unit": "kWh"}], [{"rate": 0.3}]],
		"energyweekdayschedule": TWO, "energyweekendschedule": [DAY] * 12,
		"demandratestructure": [[{"rate": 5, "max": 10}, {"rate": 6}], [{"rate": 1}]], "demandrateunit": "kW",
		"demandweekdayschedule": TWO, "demandweekendschedule": [DAY] * 12, "demandunits": "kW", "demandwindow": 15,
		"flatdemandstructure": [[{"rate": 5}], [{"rate": 7}]], "flatdemandunit": "kW", "flatdemandmonths": [0] * 6 + [1] * 6,
		"coincidentratestructure": [[{"rate": 2}], [{"rate": 3}]], "coincidentrateunit": "kW", "coincidentrateschedule": TWO,
		"fixedchargefirstmeter": 1, "fixedchargeeaaddl": 2, "fixedchargeunits": "$/month", "mincharge": 3, "minchargeunits": "$/month",
		"minmonthlycharge": 4, "lookbackpercent": 0.5, "lookbackrange": 3, "demandratchetpercentage": [0.8] * 12,
		"demandreactivepowercharge": 0.1, "fueladjustmentsmonthly": [0.01] * 12, "dgrules": "Net Metering"}


def refusals():
	"""(record, what the message names, title)"""
	for change, field in REFUSED:
		yield {**BASE, **change}, field, field
	for fields, values in KINDS:
		for field in fields.split():
			for value in values:
				yield {**GOOD, field: value}, field, f"{field} {json.dumps(value)[:40]}"
	for document in (1, "x", [], None, {}, {"items": 1}, {"items": []}, {"items": [1]}):
		yield document, "", f"as a record: {json.dumps(document)}"


def refused(said, field):
	message = said.split("HINT")[0].split("CONTEXT")[0]
	return "ERROR:  UB200: " in message and field in message


def main():
	if not server.ready():
		print(f"ok 1 # skip {server.SKIP}\n1..1")
		return 0
	cases = list(month_cases())
	script = [f"\\echo case {i}\n{sql};" for i, (_, sql, _) in enumerate(cases)]
	answers = [a.split("\n", 1)[1] for a in ("\n" + server.psql("\n".join(script))).split("\ncase ")[1:]]
	failed = count = 0
	for (name, _, wanted), answer in zip(cases, answers):
		count += 1
		try:
			got = json.loads(answer, parse_float=str)
		except ValueError:
			got = []
		ok = near(got, wanted)
		failed += not ok
		print(f"{'' if ok else 'not '}ok {count} - {name}")
		if not ok:
			print(f"#   {answer[:600]}\n#   wanted {wanted}")
	for change, terms, wanted in OPTIONS:
		count += 1
		said = server.psql(option_sql(change, terms) + ";").strip()
		ok = wanted in said if isinstance(wanted, str) else "ERROR" not in said and near(said, wanted)
		failed += not ok
		print(f"{'' if ok else 'not '}ok {count} - {json.dumps(terms)} {'dgrules: ' + change['dgrules'] if 'dgrules' in change else ''}")
		if not ok:
			print(f"#   {said[:300]}\n#   wanted {wanted}")
	cases = list(refusals())
	good = server.psql(f"SELECT billing.tariff_from_urdb({server.as_json(GOOD)}::jsonb);")
	script = ["\\set VERBOSITY verbose"] + [f"\\echo case {i}\nSELECT billing.tariff_from_urdb({server.as_json(record)}::jsonb);"
											for i, (record, _, _) in enumerate(cases)]
	answers = [a.split("\n", 1)[1] for a in ("\n" + server.psql("\n".join(script))).split("\ncase ")[1:]]
	wrong = [(title, said) for (_, field, title), said in zip(cases, answers) if not refused(said, field)]
	ok = len(answers) == len(cases) and not wrong and "ERROR" not in good
	count += 1
	failed += not ok
	print(f"{'' if ok else 'not '}ok {count} - {len(cases)} records refused, each by the field")
	for title, said in wrong[:20]:
		print(f"#   {title}: {said[:200].strip()}")
	print(f"1..{count}")
	return failed > 0


if __name__ == "__main__":
	sys.exit(main())

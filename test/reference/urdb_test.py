"""Records of the OpenEI Utility Rate Database, rated month by month as other engines do.  Prints TAP.

test/golden/urdb/*.json: name, source, licence, record and either

    load, months            a file of loads/ (kW, a value an hour from 1 January 2018, UTC) and the bills of the year's
                            months, equal to a millionth; "repeat" slots of an hour have each value;
                            "billing_demand" is what no record can say of that charge's demand
    hours                   [{year, hour, month, lines}]: 10 kW in one hour of the year, and amounts by charge
"""

import json
import pathlib
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import server

URDB = pathlib.Path(__file__).resolve().parent.parent / "golden" / "urdb"
LOADS = {}


def load(name):
	if name not in LOADS:
		LOADS[name] = (URDB / "loads" / name).read_text(encoding="utf-8").split()
	return LOADS[name]


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
	return f"""(SELECT billing.tariff(jsonb_set(t, '{{charges}}', (SELECT jsonb_agg(CASE WHEN c ->> 'code' = 'billing_demand'
		THEN jsonb_set(c, '{{demand}}', {server.as_json(case['billing_demand'])}::jsonb) ELSE c END ORDER BY n)
		FROM jsonb_array_elements(t -> 'charges') WITH ORDINALITY e(c, n)))) FROM (SELECT {tariff}::jsonb) x(t))"""


def month_cases():
	for path in sorted(URDB.glob("*.json")):
		case = json.loads(path.read_text(encoding="utf-8"))
		if "months" in case:
			sql = f"""SELECT json_agg(billing.total(charges) ORDER BY during) FROM billing.rate_months({tariff_sql(case)},
				billing.usage(import => {profile_sql(load(case['load']), 2018, case.get('repeat', 1))}), '2018-01-01', 12)"""
			yield case["name"], sql, case["months"]
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
	return abs(float(a) - float(b)) <= 1e-6 * max(1, abs(float(b)))


# what an importer refuses, and the field it names
BASE = {"name": "r", "energyratestructure": [[{"rate": 0.1}]]}
DAY = [0] * 24
REFUSED = [
	({"mystery": 3}, "mystery"),
	({"energyratestructure": [[{"rate": 0.1, "markup": 0.2}]]}, "energyratestructure[0][0]"),
	({"energyratestructure": [[{"rate": 0.1, "max": 10, "unit": "therm"}, {"rate": 0.2, "unit": "therm"}]]}, "energyratestructure[0][0].unit"),
	({"energyratestructure": [[{"rate": 0.1, "max": 10}, {"rate": 0.2, "max": 5}, {"rate": 0.3}]]}, "energyratestructure[0][1].max"),
	({"energyweekdayschedule": [DAY] * 11, "energyweekendschedule": [DAY] * 12}, "energyweekdayschedule"),
	({"energyweekdayschedule": [DAY] * 11 + [[0] * 23 + [4]], "energyweekendschedule": [DAY] * 12}, "energyratestructure[4]"),
	({"energyratestructure": [[{"rate": 0.1}], [{"rate": 0.2}]]}, "energyweekdayschedule"),
	({"flatdemandstructure": [[{"rate": 1}]], "flatdemandunit": "MW"}, "flatdemandunit"),
	({"flatdemandmonths": [0, 1]}, "flatdemandmonths"),
	({"fixedchargefirstmeter": 3, "fixedchargeunits": "$/week"}, "fixedchargeunits"),
	({"lookbackpercent": 0.8}, "lookbackpercent"),
	({"lookbackpercent": 0.8, "lookbackmonths": [1] * 12, "lookbackrange": 3}, "lookbackrange"),
]


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
		ok = len(got) == len(wanted) and all(near(a, b) for a, b in zip(got, wanted))
		failed += not ok
		print(f"{'' if ok else 'not '}ok {count} - {name}")
		if not ok:
			print(f"#   {answer[:600]}\n#   wanted {wanted}")
	for change, field in REFUSED:
		count += 1
		said = server.psql(f"SELECT billing.tariff_from_urdb({server.as_json({**BASE, **change})}::jsonb);")
		ok = "ERROR" in said and field in said.split("HINT")[0].split("CONTEXT")[0]
		failed += not ok
		print(f"{'' if ok else 'not '}ok {count} - refused: {field}")
		if not ok:
			print(f"#   {said[:300]}")
	print(f"1..{count}")
	return failed > 0


if __name__ == "__main__":
	sys.exit(main())

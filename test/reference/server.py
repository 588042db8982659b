"""Rates by the server's billing.rate(), many bills to one psql.

The connection is psql's own: PGHOST, PGPORT, PGDATABASE.
"""

import json
import os
import subprocess

SKIP = "billing.rate() is not there"


def quoted(text):
	return "'" + text.replace("'", "''") + "'"


def as_json(value):
	return quoted(json.dumps(value, ensure_ascii=False))


def unit_of(channel):
	return "varh" if channel.startswith("reactive") else "VAh" if channel == "apparent" else "Wh"


def profile_sql(channel, profile, time_zone):
	if "scale" in profile:
		return as_json(dict(profile, unit=unit_of(channel), time_zone=time_zone)) + "::jsonb::billing.profile"
	values = ",".join("NULL" if v is None else str(v) for v in profile["values"])
	return (f"billing.profile({quoted(profile['start'])}::timestamptz, interval '{profile['slot_minutes']} minutes', "
			f"'{{{values}}}'::bigint[], {quoted(unit_of(channel))}, {quoted(time_zone)})")


def usage_sql(usage, time_zone):
	parts = []
	for name, part in usage.get("parts", {}).items():
		arguments = [quoted(name)]
		for member, value in part.items():
			if member in ("registers", "demands"):
				arguments.append(f"{member} => {as_json(value)}::jsonb")
			elif member in ("demand_kw", "demand_kva"):
				arguments.append(f"{member} => {value}")
			else:
				arguments.append(f"{member} => {profile_sql(member, value, time_zone)}")
		parts.append("billing.usage(" + ", ".join(arguments) + ")")
	return " OPERATOR(billing.||) ".join(parts) or "billing.usage()"


def context_sql(case):
	market = case.get("market")
	carry = case.get("carry")
	return ", ".join([
		as_json(case.get("terms") or {}) + "::jsonb",
		as_json(market) + "::jsonb::billing.market" if market else "NULL",
		as_json(carry) + "::jsonb::billing.carry" if carry else "NULL"])


BILL = """json_build_object('total', billing.total(c), 'carry', billing.carry(c)::jsonb,
	'lines', (SELECT json_agg(l ORDER BY l.line) FROM billing.lines(c) l))"""


def turned(usage):
	"""The same profiles with their values moved round by a few slots: other figures, as good a bill."""
	turn = lambda p: dict(p, values=p["values"][7:] + p["values"][:7]) if "values" in p else p
	return {"parts": {name: {member: turn(value) if isinstance(value, dict) else value for member, value in part.items()}
					  for name, part in usage.get("parts", {}).items()}}


def case_sql(case):
	"""One statement with one row of JSON: {"bills": […]} or {"sqlstate": …}."""
	tariff = as_json(case["tariff"]) + "::billing.tariff"
	usage = usage_sql(case["usage"], case["tariff"]["time_zone"])
	if "months" in case:
		m = case["months"]
		return (f"SELECT json_build_object('bills', json_agg({BILL} ORDER BY m.during)) FROM (SELECT during, charges AS c "
				f"FROM billing.rate_months({tariff}, {usage}, '{m['from']}', {m['count']}, {context_sql(case)})) m")
	# the answer is that of a bill after others: what a session keeps of them must not show
	others = usage_sql(turned(case["usage"]), case["tariff"]["time_zone"])
	return (f"SELECT CASE WHEN sqlstate IS NULL THEN json_build_object('bills', json_build_array({BILL})) "
			f"ELSE json_build_object('sqlstate', sqlstate, 'message', concat_ws(' / ', message, detail, hint)) END "
			f"FROM (SELECT n, charges AS c, sqlstate, message, detail, hint FROM generate_series(1, 4) n, billing.try_rate({tariff}, "
			f"CASE WHEN n < 4 THEN {others} ELSE {usage} END, "
			f"'[{case['during'][0]},{case['during'][1]})'::daterange, {context_sql(case)})) r ORDER BY n DESC LIMIT 1")


def psql(script):
	"""stdout and stderr in one, in the order they came."""
	environment = dict(os.environ, PGCLIENTENCODING="UTF8", PGOPTIONS="-c client_min_messages=warning")
	return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=0", "-f", "-"], input=script.encode(), env=environment,
						  stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode("utf-8", "replace")


def ready():
	"""Whether there is a server that can rate; creates the extension where it is only installed."""
	out = psql("CREATE EXTENSION IF NOT EXISTS billing;\n"
			   "SELECT 'found' FROM pg_proc WHERE pronamespace = 'billing'::regnamespace AND proname = 'try_rate';")
	return "found" in out


def rate_all(cases):
	"""For each case [bill, …], or the text of the error."""
	script = ["\\set VERBOSITY verbose"]
	for i, case in enumerate(cases):
		script.append(f"\\echo case {i}")
		script.append(case_sql(case) + ";")
	answers = [""] * len(cases)
	current = None
	for line in psql("\n".join(script)).splitlines():
		if line.startswith("case "):
			current = int(line[5:])
		elif current is not None:
			answers[current] += line + "\n"
		else:
			raise RuntimeError(line)
	return [answer_of(a) for a in answers]


def answer_of(text):
	if not text.startswith("{"):
		return text.strip() or "no answer"
	answer = json.loads(text, parse_float=str)
	if "bills" not in answer:
		return f"{answer['sqlstate']}: {answer['message']}"
	for bill in answer["bills"]:
		bill["total"] = str(bill["total"])
		bill["lines"] = bill["lines"] or []
		for line in bill["lines"]:
			for member in ("quantity", "price", "amount"):
				line[member] = None if line[member] is None else str(line[member])
	return answer["bills"]

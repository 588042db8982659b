#!/usr/bin/env python3
"""Validation and estimation in the store: runs of a clerk, with policies, findings and log, beside plain SQL over rows.

	contrib/pg run --set shared_buffers=1GB python3 test/bench/vee_store.py [METERS]

The data are those of vee.py: a month of quarter-hours, two gaps a meter, and faults in every 50th.  Plain SQL finds the
same spans by the four rules it knows and writes them into a keyed table, without row security, log or another version of
anything.  Ours writes findings, marks what is rejected, keeps which rules each profile was checked by, and is asked with
the same four rules and with its own.  Counts of spans must agree.  Medians of three rounds of the backend's processor
time; each round works on everything again.
"""
import statistics
import sys

import vee

METERS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
ROUNDS = 3
DAYS = 30
READINGS = METERS * DAYS * 96

STORE = f"""
SET client_min_messages = error;
SELECT billing.create_roles() <> '', billing.install() <> '';
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S', 'Station', 'station', 'C'), billing.add_org('D', 'Another', 'company');
DROP ROLE IF EXISTS vee_clerk;
CREATE ROLE vee_clerk LOGIN IN ROLE billing_clerk;
SELECT billing.add_staff('S', 'V', 'Vera', 'meter reader', 'vee_clerk'), billing.add_customer('S', 'x'), billing.grant_post('V', 'S');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{{"name": "h", "currency": "CNY", "time_zone": "Asia/Shanghai", "charges": [{{"code": "e", "price": "1"}}]}}');
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 2, 1, m, '2026-06-01' FROM generate_series(0, {METERS - 1}) m;
INSERT INTO billing.account_plan (account_id, org_id, plan_id, from_on) SELECT account_id, org_id, 1, opened_on FROM billing.account;
INSERT INTO billing.reading (account_id, org_id, profile) SELECT a.account_id, a.org_id, m.p FROM public.month m JOIN billing.account a ON a.account_no = m.meter::text;
CREATE TABLE public.received AS SELECT account_id, profile FROM billing.reading;
CREATE TABLE public.finding (meter int, rule text, from_at timestamptz, slots bigint, PRIMARY KEY (meter, rule, from_at));
VACUUM ANALYZE;
"""
FOUR = "SELECT billing.set_validation_rule('C', NULL, '2026-01-01', name => n) FROM unnest('{quality,catch_up,high spike,zero,clock_change,high_low,sum,estimated}'::text[]) n"

# the spans that vee.py counts, as rows
WRITTEN = vee.SQL_VALIDATE[:vee.SQL_VALIDATE.index("SELECT (SELECT count(*) FROM run")].replace(
	"min(ts), count(*) AS n", "min(ts) AS ts, count(*) AS n") + """
INSERT INTO finding
SELECT meter, CASE WHEN wh IS NULL THEN 'gap' WHEN wh < 0 THEN 'negative' ELSE 'repeated' END, ts, n FROM run WHERE wh IS NULL OR wh < 0 OR wh <> 0 AND n >= 8
UNION ALL
SELECT r.meter, 'spike', r.ts, 1 FROM reading r JOIN base b ON b.meter = r.meter AND b.d = (r.ts AT TIME ZONE 'Asia/Shanghai')::date
 WHERE r.wh > greatest(floor(b.base * 2.8), 250)"""


def measured(session, statement):
	start = session.processor_seconds()
	answer = session.ask(statement)
	return session.processor_seconds() - start, answer


def main():
	import os
	admin = vee.Psql()
	admin.ask("SET client_min_messages = error; DROP DATABASE IF EXISTS vee_store")
	admin.ask("CREATE DATABASE vee_store")
	os.environ["PGDATABASE"] = "vee_store"
	owner = vee.Psql()
	owner.ask(vee.SETUP)
	owner.ask(STORE)
	owner.ask("SET search_path = public, billing; SET jit = off; SET work_mem = '256MB'; SET max_parallel_workers_per_gather = 0")
	os.environ["PGUSER"] = "vee_clerk"
	clerk = vee.Psql()
	seconds = {}
	spans = {}

	def note(name, pair):
		seconds.setdefault(name, []).append(pair[0])
		return pair[1]

	def fresh():
		# what was validated goes back, so that each round has the same to do
		owner.ask("ALTER TABLE billing.reading DISABLE ROW LEVEL SECURITY; "
				  "UPDATE billing.reading r SET profile = v.profile FROM public.received v WHERE v.account_id = r.account_id AND r.profile OPERATOR(billing.<>) v.profile; "
				  "ALTER TABLE billing.reading ENABLE ROW LEVEL SECURITY")
		owner.ask("VACUUM billing.reading")

	for four in (False, True):
		if four:
			owner.ask(FOUR)
		for _ in range(ROUNDS + 1):
			fresh()
			name = "validate_readings(), four rules" if four else "validate_readings(), its own rules"
			note(name, measured(clerk, "CALL billing.validate_readings('S', '2026-06-01', '2026-07-01', again => true)"))
			spans[name] = clerk.ask("SELECT sum(findings) FROM billing.validation_chunk WHERE run_id = (SELECT max(run_id) FROM billing.validation_run)")
			if not four:
				note("estimate_readings()", measured(clerk, "CALL billing.estimate_readings('S', '2026-06-01', '2026-07-01', again => true)"))
	for _ in range(ROUNDS):
		owner.ask("TRUNCATE finding")
		note("plain SQL, four rules", measured(owner, WRITTEN))
		spans["plain SQL, four rules"] = owner.ask("SELECT count(*) FROM finding")
	# the first round of ours plans
	print(f"{METERS} meters, {READINGS:,} readings, one core")
	middle = {name: statistics.median(s[1:] if "SQL" not in name else s) for name, s in seconds.items()}
	for name, s in middle.items():
		print(f"  {name:36} {s * 1e9 / READINGS:8.1f} ns a reading  {READINGS / s / 1e6:7.2f} M readings/s  {spans.get(name, '')}")
	print(f"  plain SQL takes {middle['plain SQL, four rules'] / middle['validate_readings(), four rules']:.1f} times as long")
	same = spans["plain SQL, four rules"] == spans["validate_readings(), four rules"]
	print("  the spans are as many" if same else "  WRONG: other spans")
	clerk.ask("SELECT 1")
	return 0 if same else 1


if __name__ == "__main__":
	sys.exit(main())

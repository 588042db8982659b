#!/usr/bin/env python3
"""Re-rating a segment: accounts whose year is rated in a second of processor time, what that makes for 100,000, and how it grows.

	contrib/pg run python3 test/bench/decision.py [ACCOUNTS...]

Half hours of twelve months, a month a row; a tariff of two periods and tiers by the year.  The bills are made first.
Asked are: by the own plan (to the cent what was billed), by another plan, the best of three plans, and one account
after the other by simulate(), which rates the same; a search of twenty candidates; and the best way to pay for demand.  The year is that of the backend's
processor time, one core.
"""
import os
import sys

import vee

SETUP = """
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS billing;
SELECT billing.create_roles() <> '', billing.install() <> '';
SELECT billing.add_org('S', 'Station', 'station');
SELECT billing.add_plan(c, c, '2026-01-01', format('{"name": "%%s", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2},
	"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"},
	"charges": [{"code": "energy", "tags": ["energy"], "price": {"peak": "%%s", "valley": "0.288"}},
				{"code": "tier", "per": "year", "steps": [{"to": "2160"}, {"to": "4800", "add": "0.05"}, {"add": "0.30"}]}]}', c, p)::billing.tariff)
  FROM (VALUES ('own', '0.568'), ('dear', '0.6'), ('cheap', '0.55')) v(c, p);
SELECT billing.add_customer('S', 'x');
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 1, 1, 'A' || i, '2026-01-01' FROM generate_series(1, %(n)s) i;
SELECT count(*) FROM billing.set_plans('S', 'own', '2026-01-01');
ALTER TABLE billing.reading DISABLE TRIGGER USER;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, 1, billing.scale(p.profile, (50 + a.account_id %% 100) / 100.0)
  FROM (SELECT billing.profile(m AT TIME ZONE 'Asia/Shanghai', '30 minutes', ARRAY(SELECT (100 + (i * 7919 + k * 31) %% 300)::bigint
			FROM generate_series(1, 48 * ((m + interval '1 month')::date - m::date)) i), time_zone => 'Asia/Shanghai') AS profile, k
		  FROM generate_series('2026-01-01'::timestamp, '2026-12-01', interval '1 month') m, generate_series(0, 9) k) p
  JOIN billing.account a ON a.account_id %% 10 = p.k;
ALTER TABLE billing.reading ENABLE TRIGGER USER;
VACUUM ANALYZE;
"""
ASKED = (
	("by the own plan", "SELECT count(*), sum(before), sum(after), count(*) FILTER (WHERE difference <> 0) FROM billing.rate_segment('{}', '[2026-01-01,2027-01-01)')"),
	("by another plan", "SELECT count(*), sum(before), sum(after), count(*) FILTER (WHERE difference <> 0) FROM billing.rate_segment('{}', '[2026-01-01,2027-01-01)', 'dear')"),
	("best of three", "SELECT count(*), sum(before), sum(best), count(*) FILTER (WHERE saving > 0) FROM billing.best_plans('{}', '[2026-01-01,2027-01-01)', '{own,dear,cheap}')"),
	("search of 20", "SELECT count(*), max(before), max(after), 0 FROM billing.search_tariff('{}', '[2026-01-01,2027-01-01)', (SELECT tariff FROM billing.plan_version JOIN billing.plan USING (plan_id) WHERE plan_code = 'own'), "
		"'{\"p\": {\"path\": \"charges/0/price/peak\", \"from\": \"0.501\", \"to\": \"0.519\", \"step\": \"0.001\"}}')"),
	("best terms of 3", "SELECT count(*), sum(before), sum(amount), count(*) FILTER (WHERE changes_amount < amount) FROM billing.best_terms('{}', '[2026-01-01,2027-01-01)', '{\"capacity\": {\"basic_charge\": \"capacity\"}, \"demand\": {\"basic_charge\": \"demand\"}, "
		"\"contract\": {\"basic_charge\": \"contract\", \"contract_kw\": {\"peaks\": [\"1\", \"1.05\"]}}}', tariff => '{\"name\": \"two\", \"currency\": \"CNY\", \"time_zone\": \"Asia/Shanghai\", \"rounding\": {\"line\": 2}, \"charges\": [{\"code\": \"energy\", \"price\": \"0.4\"}, "
		"{\"code\": \"capacity\", \"when\": {\"basic_charge\": \"capacity\"}, \"fixed\": \"month\", \"price\": \"60\"}, {\"code\": \"demand\", \"when\": {\"basic_charge\": \"demand\"}, \"demand\": {\"minutes\": 30}, \"price\": \"42\"}, "
		"{\"code\": \"contract\", \"when\": {\"basic_charge\": \"contract\"}, \"price\": \"40\", \"demand\": {\"minutes\": 30, \"contract\": \"contract_kw\"}}]}')"),
	("simulate()", "SELECT count(DISTINCT account_no), sum(billed), sum(simulated), 0 FROM billing.simulate('[2026-01-01,2027-01-01)', ARRAY(SELECT account_no FROM billing.account WHERE account_id <= 50), plan_code => 'dear')"),
)


def main():
	for accounts in [int(a) for a in sys.argv[1:]] or [500, 2000]:
		admin = vee.Psql()
		admin.ask("SET client_min_messages = error; DROP DATABASE IF EXISTS decision WITH (FORCE)")
		admin.ask("CREATE DATABASE decision")
		before = os.environ.get("PGDATABASE")
		os.environ["PGDATABASE"] = "decision"
		session = vee.Psql()
		os.environ["PGDATABASE"] = before or "postgres"
		session.ask(SETUP % {"n": accounts})
		session.ask("CALL billing.run_bills('S', '2027-01-01')")
		session.ask("VACUUM ANALYZE")
		session.ask("SET max_parallel_workers_per_gather = 0")
		for what, query in ASKED:
			times = []
			for _ in range(1 if what == "simulate()" else 3):
				start = session.processor_seconds()
				said = session.ask(query)
				times.append(session.processor_seconds() - start)
			seconds = sorted(times)[len(times) // 2]
			asked = 50 if what == "simulate()" else accounts
			print(f"{accounts:6d} accounts, {what:16s} {1e6 * seconds / asked:8.0f} us an account-year, {100000 * seconds / asked:8.1f} s for 100,000   {said}")


if __name__ == "__main__":
	main()

#!/usr/bin/env python3
"""Forming of usage: accounts formed in a second of the backend's processor time, and how that grows with their number.

	contrib/pg run python3 test/bench/forming.py [GROUPS...]

A group is six accounts: a works with a transformer, a meter behind it that pays its share of the loss, another behind
that, lighting by a ratio, two joint accounts with one meter, and street lights; five of them are formed.  Formed first,
then asked again where nothing has changed, then again with one reading in ten corrected.
"""
import os
import sys

import vee

SETUP = """
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS billing;
SELECT billing.create_roles() <> '', billing.install() <> '';
SELECT billing.add_org('S', 'Station', 'station');
SELECT billing.add_plan('p', 'p', '2026-01-01', '{"name": "p", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "0.6"}]}');
SELECT billing.add_customer('S', 'x');
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 1, 1, k || i, '2026-01-01' FROM generate_series(1, %(n)s) i, unnest('{M,S,K,Y,A,L}'::text[]) k;
SELECT count(*) FROM billing.set_plans('S', 'p', '2026-01-01');
INSERT INTO billing.forming_rule (account_id, rule_no, org_id, kind, part, from_on, other_id, other_part, ratio, weight, kw, hours, step_kwh, kva, iron_kw, copper_kw)
SELECT a.account_id, r.no, 1, r.kind, 'main', '2026-01-01', o.account_id, coalesce(r.other_part, CASE WHEN r.other IS NOT NULL THEN 'main' END), r.ratio, r.weight, r.kw, r.hours, 0.001, r.kva, r.iron, r.copper
  FROM (VALUES ('M', 1, 'transformer_loss', NULL, NULL, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric[], 315, 0.5, 3.6),
		('M', 2, 'deduct', 'S', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('M', 3, 'loss_share', 'S', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		('M', 4, 'fixed_ratio', NULL, 'lighting', 0.03, NULL, NULL, NULL, NULL, NULL, NULL), ('S', 1, 'deduct', 'K', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		('Y', 1, 'share', 'A', NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL), ('Y', 2, 'share', NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL),
		('L', 1, 'unmetered', NULL, NULL, NULL, NULL, 1.2, '{12}', NULL, NULL, NULL)) r(letter, no, kind, other, other_part, ratio, weight, kw, hours, kva, iron, copper)
  JOIN billing.account a ON left(a.account_no, 1) = r.letter
  LEFT JOIN billing.account o ON o.account_no = r.other || substr(a.account_no, 2);
UPDATE billing.account_head h SET usage_from = CASE WHEN a.account_no LIKE 'K%%' THEN 'register' ELSE 'formed' END FROM billing.account a WHERE a.account_id = h.account_id;
INSERT INTO billing.register_reading (account_id, org_id, register, read_on, kind, value, digits, multiplier, state)
SELECT a.account_id, 1, 'total', v.day, v.kind, CASE WHEN v.kind = 'regular' THEN r.value ELSE 0 END, 6, r.multiplier, 'valid'
  FROM (VALUES ('M', 100, 412), ('S', 10, 380.5), ('K', 1, 260), ('Y', 1, 1000)) r(letter, multiplier, value) JOIN billing.account a ON left(a.account_no, 1) = r.letter,
	   (VALUES ('2026-01-01'::date, 'opening'), ('2026-02-01', 'regular')) v(day, kind);
ANALYZE;
"""
FORM = "SELECT string_agg(spans || ' ' || outcome, ', ' ORDER BY outcome) FROM billing.form_usage('S', '2026-02-01')"
CORRECT = """
UPDATE billing.register_reading SET state = 'superseded', superseded_after = 0 WHERE read_on = '2026-02-01' AND account_id %% 10 = 0;
INSERT INTO billing.register_reading (account_id, org_id, register, read_on, kind, value, digits, multiplier, state)
SELECT account_id, 1, register, read_on, kind, value + 1, digits, multiplier, 'valid' FROM billing.register_reading WHERE state = 'superseded'"""


def main():
	for groups in [int(a) for a in sys.argv[1:]] or [200, 800, 3200]:
		admin = vee.Psql()
		admin.ask("SET client_min_messages = error; DROP DATABASE IF EXISTS forming WITH (FORCE)")
		admin.ask("CREATE DATABASE forming")
		before = os.environ.get("PGDATABASE")
		os.environ["PGDATABASE"] = "forming"
		session = vee.Psql()
		os.environ["PGDATABASE"] = before or "postgres"
		session.ask(SETUP % {"n": groups})
		for what in ("first", "again", "corrected"):
			if what == "corrected":
				session.ask(CORRECT.replace("%%", "%"))
			start = session.processor_seconds()
			said = session.ask(FORM)
			seconds = session.processor_seconds() - start
			print(f"{5 * groups:6d} accounts, {what:9s} {seconds:7.2f} s {5 * groups / seconds:8.0f} accounts/s   {said}")


if __name__ == "__main__":
	main()

#!/usr/bin/env python3
"""Validation and estimation of a month of quarter-hours: ours beside plain SQL over rows, in one run.

	contrib/pg run python3 test/bench/vee.py [METERS]

Rows are (meter, ts, wh) with a primary key, wh null where missing.  Plain SQL does less: window functions find gaps,
negative values, spikes and repeated values with the same limits as ours, and fill gaps of up to two hours by a line and
longer ones by the mean of the nearest ten like days; it knows no registers, no history, no qualities, no clock changes.
Both must find the same spans, and before scaling the same energy.  Medians of five rounds, asked in turn, of the
backend's processor time, so that other work on the machine counts little.
"""
import os
import statistics
import subprocess
import sys

METERS = int(sys.argv[1]) if len(sys.argv) > 1 else 500
DAYS = 30
READINGS = METERS * DAYS * 96
ROUNDS = 5

SETUP = f"""
CREATE EXTENSION IF NOT EXISTS billing;
SET search_path = public, billing;
CREATE TABLE reading (meter int, ts timestamptz, wh bigint, PRIMARY KEY (meter, ts));
-- a household's day, more in the evening, less on working days; every 50th meter has a spike, repeats, falls below zero;
-- one gap of an hour and one of a day and a half for each
INSERT INTO reading
SELECT m, '2026-06-01 00:00+08'::timestamptz + i * interval '15 min',
	CASE WHEN i BETWEEN 300 + m % 90 AND 303 + m % 90 OR i BETWEEN 1200 + m AND 1343 + m THEN NULL
		 WHEN m % 50 = 1 AND i = 800 THEN 30000 WHEN m % 50 = 2 AND i = 900 THEN -7
		 WHEN m % 50 = 3 AND i BETWEEN 600 AND 615 THEN 250
		 ELSE 40 + hashint4(m * 10000 + i) & 127 + CASE WHEN i % 96 BETWEEN 70 AND 90 THEN 300 ELSE 60 END
			+ CASE WHEN i / 96 % 7 IN (5, 6) THEN 50 ELSE 0 END + (m + i * 7) % 11 END
  FROM generate_series(0, {METERS - 1}) m, generate_series(0, {DAYS * 96 - 1}) i;
CREATE TABLE month AS SELECT meter, profile('2026-06-01 00:00+08', '15 min', array_agg(wh ORDER BY ts), time_zone => 'Asia/Shanghai') AS p
  FROM reading GROUP BY meter;
ALTER TABLE month ADD PRIMARY KEY (meter);
CREATE TABLE registers AS SELECT meter, jsonb_build_array(jsonb_build_object('from', '2026-06-01', 'until', '2026-07-01',
	'kwh', energy_kwh(estimate(p)) * 1.01)) AS r FROM month;
VACUUM ANALYZE;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET work_mem = '256MB';
"""

RULES = """'[{"rule": "gap"}, {"rule": "negative"}, {"rule": "spike"}, {"rule": "repeated"}]'"""

OURS_VALIDATE = f"SELECT count(*) FROM month, validate(p, {RULES})"
SQL_VALIDATE = """
WITH day AS MATERIALIZED (
	SELECT meter, d, max(wh) FILTER (WHERE n = 3) AS third FROM (
		SELECT meter, (ts AT TIME ZONE 'Asia/Shanghai')::date AS d, wh,
			row_number() OVER (PARTITION BY meter, (ts AT TIME ZONE 'Asia/Shanghai')::date ORDER BY wh DESC NULLS LAST) AS n FROM reading) x
	 WHERE n <= 3 GROUP BY 1, 2),
base AS MATERIALIZED (SELECT meter, d, max(third) OVER (PARTITION BY meter ORDER BY d ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING) AS base FROM day),
island AS (
	SELECT meter, ts, wh, sum((wh IS DISTINCT FROM before)::int) OVER (PARTITION BY meter ORDER BY ts) AS island
	  FROM (SELECT *, lag(wh, 1, -999999) OVER (PARTITION BY meter ORDER BY ts) AS before FROM reading) x),
run AS (SELECT meter, island, min(ts), count(*) AS n, min(wh) AS wh FROM island GROUP BY 1, 2)
SELECT (SELECT count(*) FROM run WHERE wh IS NULL) + (SELECT count(*) FROM run WHERE wh < 0) + (SELECT count(*) FROM run WHERE wh <> 0 AND n >= 8)
	+ (SELECT count(*) FROM reading r JOIN base b ON b.meter = r.meter AND b.d = (r.ts AT TIME ZONE 'Asia/Shanghai')::date
		WHERE r.wh > greatest(floor(b.base * 2.8), 250))
"""

OURS_ESTIMATE = "SELECT sum(energy_wh(estimate(p))) FROM month"
OURS_SCALED = "SELECT sum(energy_wh(estimate(p, registers => r))) FROM month JOIN registers USING (meter)"
OURS_DEFAULT = "SELECT count(*) FROM month, validate(p)"
OURS_BOTH = "SELECT sum(energy_wh(estimate(validated(p), registers => r))) FROM month JOIN registers USING (meter)"
# every look-up of another day goes by the primary key
SQL_ESTIMATE = """
WITH numbered AS MATERIALIZED (
	SELECT meter, ts, wh, lag(wh) OVER w AS before, lead(wh) OVER w AS behind, count(wh) OVER w AS block FROM reading WINDOW w AS (PARTITION BY meter ORDER BY ts)),
gap AS MATERIALIZED (
	SELECT meter, min(ts) AS first, max(ts) AS last, count(*) AS slots, max(before) AS before, max(behind) AS behind
	  FROM numbered WHERE wh IS NULL GROUP BY meter, block),
slot AS MATERIALIZED (
	SELECT meter, first, (ts AT TIME ZONE 'Asia/Shanghai')::date AS d, (ts AT TIME ZONE 'Asia/Shanghai')::time AS t
	  FROM gap, generate_series(first, last, interval '15 min') ts WHERE slots > 8),
piece AS (SELECT meter, first, d, count(*) AS slots FROM slot GROUP BY 1, 2, 3),
candidate AS MATERIALIZED (
	SELECT p.*, p.d + k AS source FROM piece p, generate_series(-62, 62) k
	 WHERE k <> 0 AND p.d + k BETWEEN '2026-06-01' AND '2026-06-30' AND (extract(isodow FROM p.d + k) > 5) = (extract(isodow FROM p.d) > 5)),
served AS MATERIALIZED (
	SELECT c.meter, c.first, c.d, c.source, s.t, r.wh, count(r.wh) OVER w AS known, c.slots
	  FROM candidate c JOIN slot s USING (meter, first, d)
	  LEFT JOIN reading r ON r.meter = c.meter AND r.ts = (c.source + s.t) AT TIME ZONE 'Asia/Shanghai'
	WINDOW w AS (PARTITION BY c.meter, c.first, c.d, c.source)),
nearest AS (SELECT *, dense_rank() OVER (PARTITION BY meter, first, d ORDER BY abs(source - d), source) AS n FROM served WHERE known = slots),
filled AS (
	SELECT round(avg(wh)) AS wh FROM nearest WHERE n <= 10 GROUP BY meter, first, d, t
	UNION ALL
	SELECT g.before + round((g.behind - g.before)::numeric * k / (g.slots + 1)) FROM gap g, generate_series(1, g.slots) k WHERE g.slots <= 8)
SELECT (SELECT sum(wh) FROM reading) + (SELECT sum(wh) FROM filled)
"""


class Psql:
	def __init__(self):
		self.process = subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
		self.backend = self.ask("SELECT pg_backend_pid()")

	def processor_seconds(self):
		with open(f"/proc/{self.backend}/stat") as file:
			fields = file.read().rsplit(")", 1)[1].split()
		return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

	def ask(self, query):
		self.process.stdin.write(query + ";\n\\echo --done--\n")
		self.process.stdin.flush()
		lines = []
		for line in self.process.stdout:
			if line == "--done--\n":
				return "".join(lines).strip()
			lines.append(line)
		raise SystemExit("psql ended")


def main():
	psql = Psql()
	psql.ask(SETUP)
	ways = {"validate, four rules": OURS_VALIDATE, "the same in plain SQL": SQL_VALIDATE, "validate, default rules": OURS_DEFAULT,
			"estimate": OURS_ESTIMATE, "the same in plain SQL ": SQL_ESTIMATE, "estimate, scaled to a register": OURS_SCALED,
			"estimate(validated()), scaled": OURS_BOTH}
	seconds = {name: [] for name in ways}
	answers = {}
	for n in range(ROUNDS + 1):
		for name, query in ways.items():
			if n > 3 and "SQL" in name:
				continue                # they are slow, and steady
			# clock ticks are coarse: quick ones are asked again
			start, times = psql.processor_seconds(), 0
			while times == 0 or (psql.processor_seconds() - start < 1 and "SQL" not in name):
				answers[name] = psql.ask(query)
				times += 1
			if n > 0:
				seconds[name].append((psql.processor_seconds() - start) / times)
	print(f"{METERS} meters, {READINGS:,} readings, processor time of one core")
	for name in ways:
		s = statistics.median(seconds[name])
		print(f"  {name:32} {s * 1e9 / READINGS:9.1f} ns a reading   {answers[name]}")
	ratio = lambda a, b: statistics.median(seconds[a]) / statistics.median(seconds[b])
	print(f"  plain SQL takes {ratio('the same in plain SQL', 'validate, four rules'):.0f} times as long to validate, "
		  f"{ratio('the same in plain SQL ', 'estimate'):.0f} times to estimate")
	same = answers["validate, four rules"] == answers["the same in plain SQL"] and \
		float(answers["estimate"]) == float(answers["the same in plain SQL "])
	print("  the answers are the same" if same else "  WRONG: the answers differ")
	return 0 if same else 1


if __name__ == "__main__":
	sys.exit(main())

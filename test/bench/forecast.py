#!/usr/bin/env python3
"""A week of half-hours ahead for many customers, from twelve weeks each: how long it takes on two cores.

	contrib/pg run python3 test/bench/forecast.py [CUSTOMERS]

Two sessions foresee half of the customers each, with intervals and the usual options, from load profiles in a table.  The
figure is the processor time of the slower session, so that other work on the machine counts little.  The same forecasts
over again must be the same.
"""
import sys
import threading

from vee import Psql

CUSTOMERS = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
MARK = 60		# seconds for 10,000

SETUP = f"""
CREATE EXTENSION IF NOT EXISTS billing;
-- evenings, weekends, a level that drifts, and noise of the size of the load, as households have it
CREATE TABLE household AS
SELECT c, billing.profile('2026-01-05 00:00+08', '30 min', array_agg((60 + c % 90 + CASE WHEN i % 48 BETWEEN 36 AND 45 THEN 350 WHEN i % 48 < 12 THEN 0 ELSE 120 END
		+ CASE WHEN i / 48 % 7 > 4 THEN 90 ELSE 0 END + i / 60 + (hashint4(c * 5000 + i) & 255) * (hashint4(c * 7001 + i) & 3))::bigint ORDER BY i), time_zone => 'Asia/Shanghai') AS load
  FROM generate_series(0, {CUSTOMERS - 1}) c, generate_series(0, 48 * 84 - 1) i GROUP BY c;
VACUUM ANALYZE household
"""
FORECAST = """SET jit = off; SET max_parallel_workers_per_gather = 0;
SELECT count(*), sum(hashtextextended(f.forecast::text || f.lower::text || f.upper::text, 0)::numeric), count(*) FILTER (WHERE f.kind = 'customer')
  FROM household, billing.forecast(load, interval '7 days') f WHERE c % 2 = {half} AND c < {below}"""


def main():
	sessions = [Psql(), Psql()]
	for statement in SETUP.strip().split(";\n"):
		sessions[0].ask(statement)
	seconds, answers = [0, 0], [None, None]

	def foresee(half):
		begun = sessions[half].processor_seconds()
		answers[half] = sessions[half].ask(FORECAST.format(half=half, below=CUSTOMERS))
		seconds[half] = sessions[half].processor_seconds() - begun
	threads = [threading.Thread(target=foresee, args=(half,)) for half in (0, 1)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	few = min(CUSTOMERS, 200)
	again = [sessions[half].ask(FORECAST.format(half=0, below=few)) for half in (0, 1)]
	took = max(seconds)
	print(f"{CUSTOMERS} customers, 84 days of half-hours each, a week ahead with intervals")
	print(f"{took:.1f} s of each of two cores, {1000 * sum(seconds) / CUSTOMERS:.2f} ms a customer; 10,000: {took * 10000 / CUSTOMERS:.1f} s (mark: {MARK})")
	print("counts, sums of digests, customers by kind:", "; ".join(answers))
	if again[0] != again[1]:
		raise SystemExit("two sessions foresee differently")
	if took * 10000 / CUSTOMERS > MARK:
		raise SystemExit("the mark is missed")


if __name__ == "__main__":
	main()

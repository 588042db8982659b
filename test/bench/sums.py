#!/usr/bin/env python3
"""Sums and explanations measured.  test/bench/sums starts it.

A store of the bench is billed; then a clerk who may see all of it asks, in turn, what
managers ask of the sums and the same of the bills, and what is asked about one account.
Answers are compared; times are medians by the clock.
"""
import argparse
import statistics
import sys
import time

from store import MONTHS, Session, deliver, make_store, psql, timed

PAIRS = (
    ("bills and revenue by station",
     "SELECT org_id, sum(bills), sum(amount) FROM billing.bill_sum GROUP BY 1 ORDER BY 1",
     "SELECT issued_org_id, sum(CASE kind WHEN 'reversal' THEN -1 ELSE 1 END), sum(total) FROM billing.bill GROUP BY 1 ORDER BY 1"),
    ("revenue and kWh by code and month",
     "SELECT month_on, code, sum(amount), sum(kwh) FROM billing.charge_sum GROUP BY 1, 2 ORDER BY 1, 2",
     "SELECT date_trunc('month', b.from_on)::date, l.code, sum(l.amount), coalesce(sum(l.quantity) FILTER (WHERE l.unit = 'kWh'), 0)"
     " FROM billing.bill b, billing.lines(b.charges) l WHERE l.counted GROUP BY 1, 2 ORDER BY 1, 2"),
    ("what is owed by station",
     "SELECT org_id, sum(charged - settled) FROM billing.receivable_sum GROUP BY 1 ORDER BY 1",
     "SELECT org_id, sum(balance) FROM billing.account_head GROUP BY 1 ORDER BY 1"))
VIEWS = (
    ("billing_report.revenue", "SELECT * FROM billing_report.revenue"),
    ("billing_report.revenue_by_code", "SELECT * FROM billing_report.revenue_by_code"),
    ("billing_report.collection", "SELECT * FROM billing_report.collection"),
    ("billing_report.arrears", "SELECT * FROM billing_report.arrears"))
ACCOUNT = (
    ("its bills", "SELECT * FROM billing_report.bill WHERE account_no = '{no}'"),
    ("the lines of its bills", "SELECT * FROM billing_report.bill_line WHERE account_no = '{no}'"),
    ("its energy by day", "SELECT d.* FROM billing.account a JOIN billing.reading r USING (account_id), billing.daily(r.profile) d WHERE a.account_no = '{no}'"),
    ("a bill explained, by day", "SELECT e.* FROM billing_report.bill b, billing.explain_bill(b.account_id, b.bill_id) e WHERE b.account_no = '{no}' AND b.from_on = '{first}'"),
    ("a line of it, by slot", "SELECT e.* FROM billing_report.bill b, billing.explain_bill(b.account_id, b.bill_id, 1) e WHERE b.account_no = '{no}' AND b.from_on = '{first}'"))


def ask(session, statement):
    start = time.perf_counter()
    said = session.ask(statement)
    return (time.perf_counter() - start) * 1000, said


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=60000)
    parser.add_argument("--months", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    wrong = []
    make_store(options.accounts)
    for month in range(options.months):
        deliver(month)
        clock, cpu = timed([f"CALL billing.run_bills('C', '{MONTHS[month + 1]}')"], "bench_clerk")
        print(f"month {month + 1}: {options.accounts / clock:,.0f} bills/s, {cpu / options.accounts * 1e6:.1f} us CPU a bill", flush=True)
    psql("SELECT count(billing.post_payment(n::text, 50 + n % 100, 'bench')) FROM generate_series(1, 1000) n; CALL billing.fold_sums('C'); VACUUM ANALYZE;")
    bills = int(psql("SELECT count(*) FROM billing.bill"))
    session = Session("bench_clerk")
    print(f"\n{bills:,} bills of {options.accounts:,} accounts\n\n| asked | of the sums, ms | of the bills, ms | times |\n|---|---|---|---|")
    for name, sums, plain in PAIRS:
        times = [[], []]
        for _ in range(options.rounds):
            ours, said = ask(session, sums)
            theirs, answer = ask(session, plain)
            times[0].append(ours)
            times[1].append(theirs)
            if [line.rstrip("0").rstrip(".") for line in said] != [line.rstrip("0").rstrip(".") for line in answer] and \
               psql(f"SELECT count(*) FROM ({sums.split(' ORDER')[0]} EXCEPT {plain.split(' ORDER')[0]}) q") != "0":
                wrong.append(name)
        a, b = statistics.median(times[0]), statistics.median(times[1])
        print(f"| {name} | {a:.1f} | {b:.1f} | {b / a:.0f} |", flush=True)
    print("\n| report | ms |\n|---|---|")
    for name, statement in VIEWS:
        print(f"| {name} | {statistics.median(ask(session, statement)[0] for _ in range(options.rounds)):.1f} |", flush=True)
    print("\n| one account | ms | ms of CPU |\n|---|---|---|")
    for name, statement in ACCOUNT:
        times = []
        before = session.cpu()
        for i in range(10 * options.rounds):
            times.append(ask(session, statement.format(no=1 + i * 7919 % options.accounts, first=MONTHS[options.months - 1]))[0])
        print(f"| {name} | {statistics.median(times):.1f} | {(session.cpu() - before) / len(times) * 1000:.1f} |", flush=True)
    session.close()
    start = time.monotonic()
    if psql("SELECT count(*) FROM billing.check_sums()") != "0":
        wrong.append("check_sums()")
    print(f"\ncheck_sums(): all made anew and compared in {time.monotonic() - start:.1f} s")
    for name in wrong:
        print("WRONG:", name)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

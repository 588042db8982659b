#!/usr/bin/env python3
"""The store measured: bill runs, row security, growth, a month from files to posted bills.  test/bench/store starts it.

Contenders are asked in turn, round after round, in one run on one machine; figures are
medians, ratios are of medians.  Bills are counted and totals compared after each run:
a wrong answer fails.  CPU is that of the sessions, as the kernel counts it; it hardly
depends on what else the machine does, the time of the clock does.
"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ORGS = 30
MONTHS = ("2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01", "2026-09-01", "2026-10-01", "2026-11-01", "2026-12-01",
          "2027-01-01", "2027-02-01", "2027-03-01", "2027-04-01", "2027-05-01", "2027-06-01", "2027-07-01")
failures = []


def psql(script, user="postgres", database="bench"):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database], input=script,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {done.stderr}\n{script[:500]}")
    return done.stdout.strip()


class Session:
    """A psql that answers statements; knows the CPU of its backend."""

    def __init__(self, user="postgres", database="bench"):
        self.process = subprocess.Popen(["psql", "-XqAt", "-U", user, "-d", database], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
        self.pid = self.ask("SELECT pg_backend_pid()")[0]

    def send(self, statement):
        self.process.stdin.write(statement + ";\n\\echo --done--\n")

    def wait(self):
        lines = []
        while (line := self.process.stdout.readline()) not in ("--done--\n", ""):
            lines.append(line.rstrip("\n"))
        if any("ERROR" in line for line in lines):
            sys.exit("bench: " + "\n".join(lines))
        return lines

    def ask(self, statement):
        self.send(statement)
        return self.wait()

    def cpu(self):
        with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9

    def anonymous_mb(self):
        """memory of its own: without what it shares"""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) / 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(statements, user):
    """One statement a session, all at once: seconds by the clock, and of CPU."""
    sessions = [Session(user) for _ in statements]
    before = [s.cpu() for s in sessions]
    start = time.monotonic()
    for session, statement in zip(sessions, statements):
        session.send(statement)
    for session in sessions:
        session.wait()
    clock = time.monotonic() - start
    cpu = sum(s.cpu() for s in sessions) - sum(before)
    for session in sessions:
        session.close()
    return clock, cpu


def make_store(accounts):
    with open(os.path.join(HERE, "w1.json"), encoding="utf-8") as file:
        tariff = json.dumps(json.load(file), ensure_ascii=False).replace("'", "''")
    psql("DROP DATABASE IF EXISTS bench", database="postgres")
    psql("CREATE DATABASE bench TEMPLATE template0", database="postgres")
    psql(f"""
        SET client_min_messages = error;
        CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
        SELECT billing.add_org('C', 'Company', 'company');
        SELECT count(billing.add_org('S' || i, 'Station', 'station', 'C')) FROM generate_series(1, {ORGS}) i;
        DO $$ BEGIN CREATE ROLE bench_clerk LOGIN IN ROLE billing_clerk; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        SELECT billing.add_staff('C', 'K', 'Clerk', 'billing clerk', 'bench_clerk');
        SELECT billing.grant_access('K', 'C', '{{org,customer,account,reading,plan,bill,money,audit,supply}}', '{{read,write,approve,run}}');
        SELECT billing.add_plan('w1', 'W1', '2026-01-01', '{tariff}');
        INSERT INTO billing.customer (org_id, name) VALUES (2, 'x');
        INSERT INTO billing.account (org_id, customer_id, account_no, opened_on)
        SELECT 2 + (i - 1) * {ORGS} / {accounts}, 1, i, '{MONTHS[0]}' FROM generate_series(1, {accounts}) i;
        INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) SELECT account_id, opened_on, org_id, 1 FROM billing.account;
    """)


def deliver(month):
    """A month of quarter-hours for each account: 200 made-up meters, over and over."""
    first, until = MONTHS[month], MONTHS[month + 1]
    psql(f"""
        -- as the readings themselves: neither compressed nor out of line
        CREATE TEMPORARY TABLE meter WITH (toast_tuple_target = 8160) AS
        SELECT k, billing.profile('{first} 00:00+08'::timestamptz, '15 minutes',
                   ARRAY(SELECT (60 + k % 40 + (n * 7919 * (k + 3)) % 120 + CASE WHEN n % 96 BETWEEN 70 AND 88 THEN 90 ELSE 0 END)::bigint
                           FROM generate_series(1::bigint, 96 * ('{until}'::date - '{first}'::date)) n), time_zone => 'Asia/Shanghai') AS profile
          FROM generate_series(0, 199) k;
        INSERT INTO billing.reading (account_id, org_id, profile)
        SELECT a.account_id, a.org_id, m.profile FROM billing.account a JOIN meter m ON m.k = a.account_id % 200 ORDER BY a.account_id;
        VACUUM ANALYZE; CHECKPOINT;
    """)


def bench_run(accounts, rounds):
    print(f"\n## Bill run: {accounts} accounts, {ORGS} stations, a month of quarter-hours, four periods, three tiers, 11 lines")
    make_store(accounts)
    subprocess.run(["psql", "-XqAt", "-d", "bench", "-v", f"accounts={accounts}", "-v", "ON_ERROR_STOP=1", "-f", os.path.join(HERE, "store_plain.sql")], check=True)
    half = accounts // 2
    seen = {}
    wal = {}
    month = 0
    for _ in range(rounds):
        # the last: one call, two background workers; their CPU is not the session's
        for sessions, workers in ((1, 0), (2, 0), (1, 2)):
            deliver(month)
            until = MONTHS[month + 1]
            for name in ("ours", "plain rows") if not workers else ("ours, 2 workers",):
                if name != "plain rows":
                    statements, user = [f"CALL billing.run_bills('C', '{until}', workers => {workers})"] * sessions, "bench_clerk"
                else:
                    spans = [(1, accounts)] if sessions == 1 else [(1, half), (half + 1, accounts)]
                    statements, user = [f"CALL plain.run({a}, {b}, '{MONTHS[month]}', 2000)" for a, b in spans], "postgres"
                before = psql("SELECT pg_current_wal_insert_lsn()")
                seen.setdefault((name, sessions), []).append(timed(statements, user))
                wal.setdefault(name, []).append(int(psql(f"SELECT pg_current_wal_insert_lsn() - '{before}'::pg_lsn").split(".")[0]) / accounts)
                psql("CHECKPOINT")
            count = psql(f"SELECT count(*), count(DISTINCT account_id), {accounts if workers else f'''(SELECT count(*) FROM plain.bill WHERE period = '{MONTHS[month]}')'''} "
                         f"FROM billing.bill WHERE from_on = '{MONTHS[month]}'")
            if count != f"{accounts}|{accounts}|{accounts}":
                failures.append(f"bills of {MONTHS[month]}: {count}")
            month += 1
    if psql("SELECT count(*) FROM billing.verify()") != "0":
        failures.append("the chain is not whole")
    print("\n| way | sessions | bills/s | x | us CPU a bill | x | journal B/bill |\n|---|---|---|---|---|---|---|")
    base = {i: statistics.median(t[i] for t in seen["plain rows", 1]) for i in (0, 1)}
    for (name, sessions), times in sorted(seen.items(), key=lambda item: (item[0][0] == "ours", item[0][1])):
        clock, cpu = (statistics.median(t[i] for t in times) for i in (0, 1))
        by_cpu = f"{cpu / accounts * 1e6:.1f} | {base[1] / cpu:.2f}" if "workers" not in name else "not seen | not seen"
        print(f"| {name} | {sessions} | {accounts / clock:,.0f} | {base[0] / clock:.2f} | {by_cpu} | {statistics.median(wal[name]):,.0f} |")
    links = int(psql("SELECT sum(seq) FROM billing.account_head"))
    session = Session()
    # one core: what workers do is not the session's CPU
    session.ask("SET max_parallel_workers_per_gather = 0")
    before = session.cpu()
    session.ask("SELECT count(sha256(link)) FROM (SELECT link FROM billing.bill UNION ALL SELECT link FROM billing.transfer) l")
    print(f"sha256() of each link, in plain SQL: {links / (session.cpu() - before):,.0f} links/s of CPU")
    for readings, words in (("false", "the chain alone"), ("true", "with the readings behind the bills")):
        before = session.cpu()
        session.ask(f"SELECT count(*) FROM billing.verify(NULL, {readings})")
        print(f"verify(): {links / (session.cpu() - before):,.0f} links/s of CPU, {words}")
    session.close()
    start = time.monotonic()
    psql("SELECT billing.transfer_account('1', 'S9', 'bench')")
    print(f"transfer_account() of {2 * month} links and {month} readings: {(time.monotonic() - start) * 1000:.1f} ms, with its connection")
    # what policies cost the run: the same month again, in a store without them
    deliver(month)
    psql("DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'billing'::regnamespace AND relrowsecurity LOOP "
         "EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', t); END LOOP; END $$")
    without = timed([f"CALL billing.run_bills('C', '{MONTHS[month + 1]}')"], "bench_clerk")
    with_cpu = statistics.median(t[1] for t in seen["ours", 1])
    print(f"policies in the run: {with_cpu / without[1]:.2f} times the CPU of the same run without them (one round)")


def bench_policy(rows, rounds):
    print(f"\n## Row security: {rows:,} rows of 52 bytes, 300 orgs on 5 levels, count and sum; org in physical order (clustered) or not (scattered)")
    psql("DROP DATABASE IF EXISTS bench", database="postgres")
    psql("CREATE DATABASE bench TEMPLATE template0", database="postgres")
    people = {"all": ("C", 1), "almost all": (None, 0.99), "a third": ("A1", 1 / 3), "a sixtieth": ("T", 1 / 60)}
    psql(f"""
        SET client_min_messages = error;
        CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
        -- 1; 3; 15; 60; 221: 300 orgs on 5 levels
        INSERT INTO billing.org (org_id, parent_id, org_no, name, kind) OVERRIDING SYSTEM VALUE
        SELECT i, CASE WHEN i = 1 THEN NULL WHEN i <= 4 THEN 1 WHEN i <= 19 THEN 2 + (i - 5) % 3 WHEN i <= 79 THEN 5 + (i - 20) % 15 ELSE 20 + (i - 80) % 60 END,
               'O' || i, 'O', 'station' FROM generate_series(1, 300) i;
        CREATE SCHEMA bench;
        CREATE TABLE bench.clustered AS SELECT i AS id, (1 + i * 300 / ({rows} + 1))::bigint AS org_id, i % 100000 AS account_id, (i % 9973)::bigint AS amount FROM generate_series(1::bigint, {rows}) i;
        CREATE TABLE bench.scattered AS SELECT id, 1 + (id * 7919) % 300 AS org_id, account_id, amount FROM bench.clustered;
        GRANT USAGE ON SCHEMA bench TO PUBLIC;
    """)
    for table in ("clustered", "scattered"):
        psql(f"""
            CREATE INDEX ON bench.{table} (org_id); CREATE INDEX ON bench.{table} (account_id);
            CREATE TABLE bench.{table}_free AS TABLE bench.{table};
            CREATE INDEX ON bench.{table}_free (account_id);
            ALTER TABLE bench.{table} ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON bench.{table} FOR SELECT TO billing_analyst USING (billing.can_read(org_id, 'bill'));
            GRANT SELECT ON bench.{table}, bench.{table}_free TO PUBLIC;
            VACUUM ANALYZE bench.{table}; VACUUM ANALYZE bench.{table}_free;
            CREATE EXTENSION IF NOT EXISTS pg_prewarm; SELECT pg_prewarm('bench.{table}'), pg_prewarm('bench.{table}_free');
        """)
    grants = {"all": [1], "almost all": [i for i in range(2, 5)] + [], "a third": [2], "a sixtieth": [20]}
    for name, orgs in grants.items():
        role = "bench_" + name.replace(" ", "_")
        psql(f"DO $$ BEGIN CREATE ROLE {role} LOGIN IN ROLE billing_analyst; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "
             f"SELECT billing.add_staff('O1', '{role}', 'x', 'analyst', '{role}'); "
             + "".join(f"SELECT billing.grant_access('{role}', 'O{o}', '{{bill}}', '{{read}}');" for o in orgs))
    print("1 core: by CPU of the session; 2 cores and look-up: by the clock. Floor: anybody's `WHERE org_id <> 0` without policies, one core.\n")
    print("| who | share | table | 1 core | floor of any filter | 2 cores | look-up by account |\n|---|---|---|---|---|---|---|")
    for name in grants:
        role = "bench_" + name.replace(" ", "_")
        for table in ("clustered", "scattered"):
            session = Session(role)
            share = float(session.ask(f"SELECT count(*)::numeric / {rows} FROM bench.{table}")[0])
            got = session.ask(f"SELECT sum(amount) FROM bench.{table}")[0]
            if name == "all" and got != session.ask(f"SELECT sum(amount) FROM bench.{table}_free")[0]:
                failures.append("who sees all does not see all")
            ratios = {}
            total = f"SELECT count(*), sum(amount) FROM bench.{table}"
            for kind in ("1 core", "2 cores", "look-up"):
                cores = 2 if kind == "2 cores" else 1
                session.ask(f"SET max_parallel_workers_per_gather = {cores - 1}; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0")
                times = {"": [], "_free": [], "_free WHERE org_id <> 0": []}
                if kind != "1 core":
                    times.popitem()
                for _ in range(rounds + 1):
                    for suffix, list_ in times.items():
                        if kind == "look-up":
                            session.ask(f"PREPARE q{len(list_)}{suffix} (bigint) AS SELECT sum(amount) FROM bench.{table}{suffix} WHERE account_id = $1")
                        before, start = session.cpu(), time.perf_counter()
                        if kind == "look-up":
                            for i in range(200):
                                session.ask(f"EXECUTE q{len(list_)}{suffix} ({i * 37})")
                        else:
                            session.ask(total + suffix)
                        list_.append(session.cpu() - before if kind == "1 core" else time.perf_counter() - start)
                medians = [statistics.median(list_[1:]) for list_ in times.values()]
                ratios[kind] = medians[0] / medians[1]
                if kind == "1 core":
                    ratios["floor"] = medians[2] / medians[1]
            session.close()
            print(f"| {name} | {share:.3f} | {table} | {ratios['1 core']:.2f} | {ratios['floor']:.2f} | {ratios['2 cores']:.2f} | {ratios['look-up']:.2f} |")
    # how fast a backend learns what it may
    psql("""
        INSERT INTO billing.org (org_id, parent_id, org_no, name, kind) OVERRIDING SYSTEM VALUE
        SELECT i, 80 + i % 220, 'P' || i, 'P', 'team' FROM generate_series(301, 10000) i;
        INSERT INTO billing.staff (org_id, staff_no, name, post) SELECT 1, 'X' || i, 'x', 'clerk' FROM generate_series(1, 10000) i;
        INSERT INTO billing.access_grant (staff_id, org_id, kind, action)
        SELECT s.staff_id, 1 + (s.staff_id * 13 + k) % 9999, 'bill', (ARRAY['read','write','approve','run'])[1 + k % 4] FROM billing.staff s, generate_series(1, 10) k WHERE staff_no LIKE 'X%';
        VACUUM ANALYZE billing.org, billing.staff, billing.access_grant;
    """)
    loads = []
    for _ in range(rounds * 3):
        session = Session("bench_a_third")
        session.ask("SELECT billing.version()")
        start = time.perf_counter()
        session.ask("SELECT 1")
        empty = time.perf_counter() - start
        start = time.perf_counter()
        session.ask("SELECT billing.can_read(7, 'bill')")
        loads.append(time.perf_counter() - start - empty)
        session.close()
    print(f"\nrights of an actor among 10,000 orgs and {psql('SELECT count(*) FROM billing.access_grant')} grants are loaded in {statistics.median(loads) * 1000:.1f} ms, once a backend")


def bench_growth(rounds):
    print("\n## Growth: one session, second month\n| accounts | bills/s | us CPU a bill | MB of the backend |\n|---|---|---|---|")
    for accounts in (10000, 30000, 100000, 300000):
        make_store(accounts)
        deliver(0)
        timed([f"CALL billing.run_bills('C', '{MONTHS[1]}')"], "bench_clerk")
        deliver(1)
        session = Session("bench_clerk")
        cpu, start = session.cpu(), time.monotonic()
        session.ask(f"CALL billing.run_bills('C', '{MONTHS[2]}')")
        clock, cpu = time.monotonic() - start, session.cpu() - cpu
        memory = session.anonymous_mb()
        session.close()
        print(f"| {accounts:,} | {accounts / clock:,.0f} | {cpu / accounts * 1e6:.1f} | {memory:.0f} |")


FILE_METERS = 1000
# of one account, as a clerk asks
QUERIES = (
    ("its bill", "SELECT * FROM billing_report.bill WHERE account_no = '{no}' AND from_on = '{first}'"),
    ("the lines of it", "SELECT * FROM billing_report.bill_line WHERE account_no = '{no}' AND billed_from_on = '{first}'"),
    ("its usage, by day", "SELECT d.* FROM billing.account a JOIN billing.reading r ON r.account_id = a.account_id AND r.from_on = '{first}', billing.daily(r.profile) d WHERE a.account_no = '{no}'"),
    ("the bill explained, by day", "SELECT e.* FROM billing_report.bill b, billing.explain_bill(b.account_id, b.bill_id) e WHERE b.account_no = '{no}' AND b.from_on = '{first}'"),
    ("a line of it, by slot", "SELECT e.* FROM billing_report.bill b, billing.explain_bill(b.account_id, b.bill_id, 1) e WHERE b.account_no = '{no}' AND b.from_on = '{first}'"))


def write_month(place, accounts, month):
    """Files of a line a meter and day, of 200 made-up meters over and over; returns their names and the kWh that are in them."""
    randomly = random.Random(1)
    days = psql(f"SELECT day::date FROM generate_series(date '{MONTHS[month]}', date '{MONTHS[month + 1]}' - 1, '1 day') day", database="postgres").split()
    lines, wh = [], []
    for _ in range(200):
        load = [[int(randomly.random() ** 2 * 900) for _ in range(96)] for _ in days]
        wh.append(sum(map(sum, load)))
        lines.append([f"{day}," + ",".join(f"{v // 1000}.{v % 1000:03d}" for v in values) + "\n" for day, values in zip(days, load)])
    names, total = [], 0
    for first in range(1, accounts + 1, FILE_METERS):
        names.append(f"{place}/{first}.csv")
        with open(names[-1], "w", encoding="ascii") as file:
            file.write("meter,day," + ",".join(f"{i // 4:02d}:{i % 4 * 15:02d}" for i in range(96)) + "\n")
            for account in range(first, min(first + FILE_METERS, accounts + 1)):
                file.writelines(f"{account}," + line for line in lines[account % 200])
                total += wh[account % 200]
    return names, total


class Watch(threading.Thread):
    """What memory a session has of its own, ten times a second."""

    def __init__(self, session):
        super().__init__(daemon=True)
        self.session, self.seen, self.over = session, [], threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.1):
            self.seen.append(self.session.anonymous_mb())

    def end(self):
        self.over.set()
        self.join()
        return self.seen or [self.session.anonymous_mb()]


def bench_end(accounts):
    print(f"\n## A month from files to posted bills: {accounts:,} accounts, one session of a clerk, second month")
    make_store(accounts)
    psql("""GRANT pg_read_server_files TO bench_clerk; GRANT EXECUTE ON FUNCTION pg_read_binary_file(text) TO bench_clerk;
            SELECT billing.set_mapping('days', 'csv', '{"meter": "meter", "time_zone": "Asia/Shanghai", "unit": "kWh", "time": "day", "columns": {"first": "00:00", "count": 96}}')""")
    deliver(0)
    timed([f"CALL billing.run_bills('C', '{MONTHS[1]}')"], "bench_clerk")
    psql("VACUUM ANALYZE; CHECKPOINT")
    first, until = MONTHS[1], MONTHS[2]
    place = tempfile.mkdtemp(prefix="billing-end.")
    phases = []
    session = Session("bench_clerk")

    def phase(name, statements):
        """what a phase takes, and the memory of the session after its first tenth and at most"""
        watch, cpu, start = Watch(session), session.cpu(), time.monotonic()
        for statement in statements:
            said = session.ask(statement)
        clock, cpu, seen = time.monotonic() - start, session.cpu() - cpu, watch.end()
        phases.append((name, clock, cpu, seen[len(seen) // 10], max(seen)))
        print(f"| {name} | {clock:.1f} | {accounts / clock:,.0f} | {cpu / accounts * 1e6:.1f} | {seen[len(seen) // 10]:.0f} | {max(seen):.0f} |", flush=True)
        return said

    try:
        names, wh = write_month(place, accounts, 1)
        os.chmod(place, 0o755)
        print("\n| phase | s | accounts/s | us CPU an account | MB of the session after a tenth | at most |\n|---|---|---|---|---|---|")
        phase("files kept", (f"SELECT billing.receive('{name}', pg_read_binary_file('{name}'), 'csv', 'C', mapping => 'days')" for name in names))
    finally:
        shutil.rmtree(place)
    batches = psql("SELECT batch_id FROM billing.batch ORDER BY 1").split()
    phase("read and landed", (f"SELECT billing.land({batch})" for batch in batches))
    psql("VACUUM ANALYZE billing.reading")
    phase("validated", [f"CALL billing.validate_readings('C', '{first}', '{until}')"])
    phase("rated: a dry run", [f"CALL billing.run_bills('C', '{until}', dry_run => true)"])
    said = phase("rated, billed, chained, posted", [f"CALL billing.run_bills('C', '{until}')"])
    if f"{accounts} bills, 0 exceptions" not in said[-1]:
        failures.append(f"the run said {said[-1]}")
    phase("verified, with the readings", ["SELECT count(*) FROM billing.verify(NULL, true)"])
    whole = [phases[i] for i in (0, 1, 2, 4)]
    clock, cpu = (sum(p[i] for p in whole) for i in (1, 2))
    print(f"| from files to posted bills | {clock:.1f} | {accounts / clock:,.0f} | {cpu / accounts * 1e6:.1f} | | {max(p[4] for p in whole):.0f} |")
    billed = psql(f"SELECT count(*), count(DISTINCT account_id), round(sum(l.quantity) * 1000) FROM billing.bill b CROSS JOIN LATERAL billing.lines(b.charges) l "
                  f"WHERE b.from_on = '{first}' AND l.line = 1")
    metered = psql(f"SELECT sum(billing.energy_wh(profile)) FROM billing.reading WHERE from_on = '{first}'")
    posted = psql(f"SELECT count(*) FROM billing.bill b JOIN billing.transfer t ON t.account_id = b.account_id AND t.bill_seq = b.seq AND t.amount = b.total WHERE b.from_on = '{first}'")
    if metered != str(wh) or posted != str(accounts) or not billed.startswith(f"{accounts}|{accounts}|"):
        failures.append(f"{wh} Wh in the files, {metered} stored; bills {billed}; {posted} transfers")
    if psql("SELECT count(*) FROM billing.verify()") != "0":
        failures.append("the chain is not whole")

    print("\n| of one account | ms, median | 99 of 100 | ms CPU | mark 50 ms |\n|---|---|---|---|---|")
    randomly = random.Random(2)
    for name, query in QUERIES:
        for turn in range(320):
            if turn == 20:		# the first ones warm up
                times, cpu = [], session.cpu()
            statement = query.format(no=randomly.randint(1, accounts), first=first)
            start = time.perf_counter()
            answer = session.ask(statement)
            if turn >= 20:
                times.append((time.perf_counter() - start) * 1000)
            if not answer:
                failures.append(f"{name}: nothing")
        times.sort()
        cpu = (session.cpu() - cpu) / len(times) * 1000
        print(f"| {name} | {statistics.median(times):.1f} | {times[len(times) * 99 // 100]:.1f} | {cpu:.1f} | {'held' if times[len(times) * 99 // 100] < 50 else 'MISSED'} |", flush=True)
    session.close()


LATE_FEES = """
	-- three months of bills, issued long ago; some of the money came, late and in part
	CREATE FUNCTION pg_temp.charges(first date, until date, amount numeric) RETURNS billing.charges LANGUAGE sql AS $$
		SELECT format('{"currency": "CNY", "from": "%%s", "until": "%%s", "charges": [{"code": "energy"}], "lines": [{"code": "energy", "charge": 0, "amount": "%%s"}]}', first, until, amount)::billing.charges $$;
	CREATE TABLE plain.bill AS SELECT a.account_id, m.n, (%(first)s + make_interval(months => m.n))::date AS from_on, (%(first)s + make_interval(months => m.n + 1))::date AS until_on,
		   (50 + (a.account_id * 7919 + m.n * 104729) %% 20000 / 100.0)::numeric(20,2) AS amount FROM billing.account a, generate_series(0, 2) m(n);
	CREATE TABLE plain.payment AS SELECT b.account_id, b.n, b.until_on + 20 AS paid_on, round(b.amount / (1 + account_id %% 3), 2) AS amount FROM plain.bill b WHERE b.account_id %% 4 > b.n;
	SET client_min_messages = error;
	SELECT billing.set_late_fee_rule('C', NULL, '2020-01-01', 0.001, 0.002, 1);
	-- in sets that commit: bills one by one in one transaction find the sums of their month among ever more old versions
	DO $$ BEGIN
		FOR i IN 1 .. (SELECT max(account_id) FROM plain.bill) BY 1000 LOOP
			FOR month IN 0 .. 2 LOOP
				PERFORM billing._issue_bills((SELECT array_agg(ROW (b.account_id, b.from_on, NULL, 'sundry', b.until_on, NULL, NULL, NULL, NULL, NULL, b.amount, NULL, NULL, 'x', NULL, NULL,
					pg_temp.charges(b.from_on, b.until_on, b.amount))::billing.bill) FROM plain.bill b WHERE b.account_id BETWEEN i AND i + 999 AND b.n = month));
				COMMIT;
			END LOOP;
		END LOOP;
	END $$;
	ALTER TABLE billing.bill DISABLE TRIGGER bill_refuse_change;
	UPDATE billing.bill SET issued_at = until_on;
	ALTER TABLE billing.bill ENABLE TRIGGER bill_refuse_change;
	DO $$ BEGIN
		FOR i IN 1 .. (SELECT max(account_id) FROM plain.bill) BY 1000 LOOP
			PERFORM billing.post_payment(a.account_no, p.amount, p.n::text, p.paid_on) FROM plain.payment p JOIN billing.account a USING (account_id) WHERE p.account_id BETWEEN i AND i + 999;
			COMMIT;
		END LOOP;
	END $$;
	ALTER TABLE plain.bill ADD PRIMARY KEY (account_id, n);
	CREATE INDEX ON plain.payment (account_id);
	CREATE TABLE plain.fee (account_id bigint, on_day date, amount numeric(20,2) NOT NULL, PRIMARY KEY (account_id, on_day));
	CREATE TABLE plain.fee_line (account_id bigint, on_day date, n integer, amount numeric(20,2) NOT NULL, PRIMARY KEY (account_id, on_day, n));
	CREATE TABLE plain.entry (entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint NOT NULL, book text NOT NULL, amount numeric(20,2) NOT NULL);
	CREATE INDEX ON plain.entry (account_id);
	-- the same days, money and rate for all, as a careful hand writes it: neither rules by org and class, nor contracts, disputes, corrections, chain
	CREATE PROCEDURE plain.charge(day date, size integer) LANGUAGE plpgsql AS $$
	BEGIN
		FOR i IN 1 .. (SELECT max(account_id) FROM plain.bill) BY size LOOP
			WITH debt AS (
				SELECT b.*, b.until_on + 16 AS first_on, sum(b.amount) OVER (PARTITION BY b.account_id ORDER BY b.n) AS up_to FROM plain.bill b WHERE b.account_id BETWEEN i AND i + size - 1),
			money AS (
				SELECT p.account_id, p.paid_on AS day, sum(p.amount) AS amount FROM plain.payment p WHERE p.account_id BETWEEN i AND i + size - 1 GROUP BY 1, 2
				UNION ALL
				SELECT DISTINCT b.account_id, date '-infinity', 0 FROM plain.bill b WHERE b.account_id BETWEEN i AND i + size - 1),
			step AS (
				SELECT m.account_id, m.day + 1 AS from_on, coalesce(lead(m.day) OVER w + 1, 'infinity') AS until_on, sum(m.amount) OVER w AS settled FROM money m WINDOW w AS (PARTITION BY m.account_id ORDER BY m.day)),
			fee AS (
				SELECT d.account_id, d.n, greatest(1, round(sum(least(d.amount, d.up_to - s.settled) * 0.001 * (least(s.until_on, day + 1) - greatest(s.from_on, d.first_on))), 2)) AS amount
				  FROM debt d JOIN step s ON s.account_id = d.account_id AND s.settled < d.up_to AND s.until_on > d.first_on AND s.from_on <= day GROUP BY 1, 2),
			line AS (
				INSERT INTO plain.fee_line SELECT f.account_id, day, f.n, f.amount FROM fee f RETURNING account_id, amount),
			made AS (
				INSERT INTO plain.fee SELECT l.account_id, day, sum(l.amount) FROM line l GROUP BY 1 RETURNING account_id, amount)
			INSERT INTO plain.entry (account_id, book, amount)
			SELECT m.account_id, k.book, CASE k.book WHEN 'receivable' THEN m.amount ELSE -m.amount END FROM made m, (VALUES ('receivable'), ('late_fee')) k(book);
			COMMIT;
		END LOOP;
	END $$;
	VACUUM ANALYZE;
"""


def bench_late_fees(accounts):
    print("\n## Late fees: three bills an account, a quarter to three quarters of them paid late or in part\n\n"
          "| accounts | charged, us CPU an account | again, nothing new | plain rows | x | accounts/s | MB of the session after a tenth | at most |\n|---|---|---|---|---|---|---|---|")
    for count in (accounts // 2, accounts, accounts * 2):
        make_store(count)
        psql("CREATE SCHEMA plain;" + LATE_FEES % {"first": "date '2026-05-01'"})
        day = psql("SELECT billing._sum_day(now())")
        sessions = Session("bench_clerk"), Session()
        watch, cpu, start = Watch(sessions[0]), sessions[0].cpu(), time.monotonic()
        said = sessions[0].ask("CALL billing.charge_late_fees('C')")[-1]
        clock, ours, seen = time.monotonic() - start, sessions[0].cpu() - cpu, watch.end()
        cpu = sessions[0].cpu()
        again = sessions[0].ask("CALL billing.charge_late_fees('C')")[-1]
        again_cpu = sessions[0].cpu() - cpu
        cpu = sessions[1].cpu()
        sessions[1].ask(f"CALL plain.charge('{day}', 1000)")
        plain = sessions[1].cpu() - cpu
        for session in sessions:
            session.close()
        print(f"| {count:,} | {ours / count * 1e6:.0f} | {again_cpu / count * 1e6:.0f} | {plain / count * 1e6:.0f} | {ours / plain:.2f} | {count / clock:,.0f} | {seen[len(seen) // 10]:.0f} | {max(seen):.0f} |", flush=True)
        same = psql("SELECT count(*) FROM (SELECT account_id, total FROM billing.bill WHERE kind = 'late_fee' EXCEPT SELECT account_id, amount FROM plain.fee) q"), psql("SELECT count(*) - (SELECT count(*) FROM plain.fee) FROM billing.bill WHERE kind = 'late_fee'")
        if same != ("0", "0") or not again.startswith("0 accounts") or psql("SELECT count(*) FROM billing.verify(NULL, false) v JOIN billing.account a USING (account_no) JOIN billing.bill b ON b.account_id = a.account_id AND b.kind = 'late_fee' AND b.seq = v.seq") != "0":
            failures.append(f"late fees of {count}: {said} {again} {same}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=60000)
    parser.add_argument("--rows", type=int, default=5000000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("run", "policy", "growth", "end", "late_fees"))
    options = parser.parse_args()
    if options.only in (None, "run"):
        bench_run(options.accounts, options.rounds)
    if options.only in (None, "policy"):
        bench_policy(options.rows, options.rounds)
    if options.only in (None, "growth"):
        bench_growth(options.rounds)
    if options.only == "end":
        bench_end(options.accounts)
    if options.only == "late_fees":
        bench_late_fees(options.accounts)
    for failure in failures:
        print("WRONG:", failure)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

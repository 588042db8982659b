#!/usr/bin/env python3
"""Rating W1 and a mix of classes: ours, plain SQL, DuckDB and the bare loop, in one run.

Runs inside `contrib/pg run` (test/bench/run starts it).  Every contender answers on
request and is asked in turn, round after round, so that a busy moment of the machine
falls on all of them; figures are medians of rounds, ratios are ratios of medians.
Every answer is compared with one worked out by a table look-up for each reading.
"""
import argparse
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, ".build", "bench")
CORES = (1, 2)
ROUNDS = 7
SAMPLE_MS = 40          # a round asks a quick contender again until this much is measured
W1_DURING = "daterange('2026-05-17', '2026-06-16')"
JULY = "daterange('2026-07-01', '2026-08-01')"
CLASSES = ("household", "electric_car", "shop", "five_minute")
CLASS_METERS = 5000
HEAVY_PEER = 1000       # meters by the heavy tariff in plain SQL

failures = []


def fail(text):
    failures.append(text)
    print(f"  WRONG: {text}")


def build():
    """Compiles the generator (with the product's core) and the bare loop."""
    os.makedirs(BUILD, exist_ok=True)
    compiler = os.environ.get("CC", "gcc").split()
    warnings = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"]
    core = [os.path.join(TOP, "src/core", name + ".c") for name in ("profile", "lanes", "clock", "fixed", "status")]
    for name, more in (("gen", ["-I", os.path.join(TOP, "src"), *core]), ("kernel", ["-pthread"])):
        source = os.path.join(HERE, name + ".c")
        subprocess.run([*compiler, "-O2", *warnings, "-o", os.path.join(BUILD, name), source, *more], check=True)


def gen(*arguments):
    return subprocess.run([os.path.join(BUILD, "gen"), *map(str, arguments)], check=True,
                          capture_output=True, text=True).stdout


class LineServer:
    """A process that answers lines; the first line it says is about itself."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.about = json.loads(self.process.stdout.readline())

    def ask(self, cores):
        self.process.stdin.write(f"{cores}\n")
        ms, answer = self.process.stdout.readline().split()
        return float(ms), answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Psql:
    """A session; run() gives the lines of a script, time() those of one statement and its milliseconds."""
    MARK = "--done--"

    def __init__(self):
        self.process = subprocess.Popen(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, bufsize=1, env={**os.environ, "LC_ALL": "C"})
        self.cores = None

    def run(self, script):
        self.process.stdin.write(f"{script}\n\\echo {self.MARK}\n")
        lines = []
        while (line := self.process.stdout.readline().rstrip("\n")) != self.MARK:
            if line == "" and self.process.poll() is not None:
                sys.exit("bench: psql stopped")
            lines.append(line)
        return lines

    def use(self, cores):
        """One core: no worker.  Two: the leader and a worker, wherever the plan can have one."""
        if cores != self.cores:
            cost = "0" if cores > 1 else "DEFAULT"
            self.run(f"SET max_parallel_workers_per_gather = {cores - 1};" + "".join(
                f"SET {name} = {cost};" for name in ("parallel_setup_cost", "parallel_tuple_cost",
                                                     "min_parallel_table_scan_size", "min_parallel_index_scan_size")))
            self.cores = cores

    def time(self, query):
        lines = self.run(f"\\timing on\n{query};\n\\timing off")
        return float(lines[-1].split()[1]), lines[0]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Way:
    """A contender: how it is asked, what it must say, and what a reading takes on disk."""

    def __init__(self, name, ask, answer, size, note=""):
        self.name, self.ask, self.answer, self.size, self.note = name, ask, answer, size, note
        self.ms = {}


def same(a, b):
    """Equal numbers, however many zeros they show."""
    return [Decimal(x) for x in a.split("|")] == [Decimal(x) for x in b.split("|")]


def measure(ways, rounds):
    again = {}
    samples = {}
    for way in ways:                    # unmeasured: warms caches, shows the answer and how long it takes
        for cores in CORES:
            ms, answer = way.ask(cores)
            if not same(answer, way.answer):
                fail(f"{way.name}, {cores} cores: {answer}, expected {way.answer}")
            again[way, cores] = min(25, max(1, math.ceil(SAMPLE_MS / ms)))
            samples[way, cores] = []
    for _ in range(rounds):
        for way in ways:
            for cores in CORES:
                samples[way, cores].append(statistics.median(
                    way.ask(cores)[0] for _ in range(again[way, cores])))
    for way in ways:
        for cores in CORES:
            way.ms[cores] = statistics.median(samples[way, cores])


# ---- our own tables and queries

PARTITIONS = 4          # of tables that hold parts of months: a worker takes whole meters

# By index, each meter is put together and rated before the next, in constant memory and faster than by hash.
OUR_SETTINGS = "SET enable_hashagg = off; SET enable_partitionwise_aggregate = on;"


def our_session():
    psql = Psql()
    psql.run(OUR_SETTINGS)
    return psql


def load_profiles(psql, table, span, name, meters):
    """`span` is months, tens or days; the table as a user would set it up."""
    columns = "(meter_id int NOT NULL, profile billing.profile NOT NULL)"
    if span == "months":
        leaves = [table]
        psql.run(f"CREATE TABLE {table} {columns};")
    else:
        leaves = [f"{table}_{i}" for i in range(PARTITIONS)]
        psql.run(f"CREATE TABLE {table} {columns} PARTITION BY HASH (meter_id);" + "".join(
            f"CREATE TABLE {leaf} PARTITION OF {table} FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {i});"
            for i, leaf in enumerate(leaves)))
    psql.run(f"""
        {"".join(f"ALTER TABLE {leaf} SET (toast_tuple_target = 8160);" for leaf in leaves)}
        \\copy {table} FROM PROGRAM '{BUILD}/gen {span} {name} {meters}' (FORMAT binary)
        CREATE INDEX ON {table} (meter_id);
        VACUUM (FREEZE, ANALYZE) {table};
        {"".join(f"SELECT pg_prewarm('{leaf}');" for leaf in leaves)}""")


def size_of(psql, table, readings):
    """Bytes a reading, indexes too."""
    return int(psql.run(f"""
        SELECT coalesce((SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('{table}')),
                        pg_total_relation_size('{table}'));""")[0]) / readings


def rated(profile, during):
    return f"billing.rate((SELECT tariff FROM w1), billing.usage(import => {profile}), {during})"


def source(table, whole):
    """(meter_id, profile) of whole months, put together where the rows are shorter."""
    if whole:
        return f"SELECT meter_id, profile FROM {table}"
    return f"SELECT meter_id, billing.concat_agg(profile) AS profile FROM {table} GROUP BY meter_id"


def rate_query(table, whole, during):
    return f"SELECT count(*), sum(billing.total({rated('profile', during)})) FROM ({source(table, whole)}) s"


def check_query(table, whole, during):
    """The answer with the demand that the bill shows, in fen and watts."""
    return f"""
        SELECT count(*), (sum(total) * 100)::bigint, (sum(total * (meter_id % 1009 + 1)) * 100)::bigint,
               (sum(demand) * 1000)::bigint
        FROM (SELECT meter_id, billing.total(charges) AS total,
                     (SELECT sum(quantity) FROM billing.lines(charges) WHERE code = 'demand') AS demand
              FROM (SELECT meter_id, {rated('profile', during)} AS charges
                    FROM ({source(table, whole)}) s OFFSET 0) r) b"""


def our_way(psql, title, table, whole, during, facts):
    readings, answer = facts["readings"], facts["answer"]
    got = psql.run(check_query(table, whole, during) + ";")[0]
    if got != answer:
        fail(f"{title}: {got}, expected {answer}")
    n, fen = answer.split("|")[:2]
    query = rate_query(table, whole, during)

    def ask(cores):
        psql.use(cores)
        return psql.time(query)

    return Way(title, ask, f"{n}|{int(fen) // 100}.{int(fen) % 100:02}", size_of(psql, table, readings))


def memory_kb(table, whole, during, meters):
    """The most private memory that a fresh backend was seen with while it rated the table."""
    psql = our_session()
    psql.use(1)
    lines = psql.run(f"""
        SELECT max(CASE WHEN meter_id % {max(1, meters // 50)} = 0 THEN private_kb() END), sum(total)
        FROM (SELECT meter_id, billing.total({rated('profile', during)}) AS total
              FROM ({source(table, whole)}) s OFFSET 0) r;""")
    psql.close()
    return int(lines[0].split("|")[0])


# ---- peers

def load_rows(psql, folder, meters):
    csv = os.path.join(folder, f"rows.{meters}.csv")
    with open(csv, "w", encoding="ascii") as out:
        subprocess.run([os.path.join(BUILD, "gen"), "rows", str(meters)], stdout=out, check=True)
    psql.run(f"""
        SET client_min_messages = warning;
        DROP SCHEMA IF EXISTS peers CASCADE;
        CREATE SCHEMA peers;
        SET search_path = peers, public;
        \\i {HERE}/peers.sql
        \\copy calendar FROM '{folder}/calendar.csv' (FORMAT csv)
        \\copy tariff FROM '{folder}/tariff.csv' (FORMAT csv)
        \\copy readings FROM '{csv}' (FORMAT csv)
        ALTER TABLE readings ADD PRIMARY KEY (meter_id, ts);
        VACUUM (FREEZE, ANALYZE) calendar, tariff, readings;
        SELECT pg_prewarm('readings');""")
    return csv


def sql_way(psql, facts):
    with open(os.path.join(HERE, "peers_w1.sql"), encoding="utf-8") as text:
        query = text.read()

    def ask(cores):
        psql.use(cores)
        return psql.time(query)

    return Way("plain SQL over rows", ask, facts["answer"], size_of(psql, "readings", facts["readings"]))


def duckdb_missing():
    if shutil.which("node") is None:
        return "there is no node"
    if not os.path.isdir(os.path.join(HERE, "node_modules", "@duckdb", "node-api")):
        return "npm package @duckdb/node-api is not there"
    return None


# ---- printing

def row(*cells):
    widths = (30, 9, 11, 9, 11, 8, 11, 8, 8)
    print("  " + cells[0].ljust(widths[0]) + "".join(str(c).rjust(w) for c, w in zip(cells[1:], widths[1:])))


def times(a, b):
    """how many times b is a"""
    return "" if a is None or b is None else f"{b / a:.2f}" if b / a < 10 else f"{b / a:.0f}"


def ns(way, cores, readings):
    return way.ms[cores] * 1e6 / readings


def rate_text(way, cores, readings):
    per_second = readings / way.ms[cores] * 1000
    return f"{per_second / 1e9:.2f} G" if per_second >= 1e9 else f"{per_second / 1e6:.1f} M"


def print_ways(ways, readings):
    found = {way.name.split()[0]: way for way in ways}
    kernel, sql, duck = (found.get(name) for name in ("bare", "plain", "DuckDB"))
    row("", "1 core", "", "2 cores", "", "", "times the", "times", "times")
    row("", "ns", "readings/s", "ns", "readings/s", "bytes", "bare loop", "SQL", "DuckDB")
    for way in ways:
        row(way.name, f"{ns(way, 1, readings):.3f}", rate_text(way, 1, readings),
            f"{ns(way, 2, readings):.3f}", rate_text(way, 2, readings), f"{way.size:.2f}",
            times(kernel and kernel.ms[1], way.ms[1]),
            times(way.ms[1], sql and sql.ms[1]), times(way.ms[1], duck and duck.ms[1]))
    print()


marks = []


def mark(good, text):
    marks.append(f"  {'pass       ' if good else 'falls short'}  {text}")


# ---- the runs

def run_w1(psql, folder, sizes, peer_sizes, rounds):
    per_reading = {}
    memory = {}
    for meters in sizes:
        facts = json.loads(gen("facts", "w1", meters))
        readings = facts["readings"]
        kernel = LineServer(os.path.join(BUILD, "kernel"), str(meters))
        open_peers = [kernel]
        ways = [Way("bare loop in memory", kernel.ask, facts["answer"], kernel.about["bytes"])]
        for span, title in (("months", "ours, month values inline"), ("tens", "ours, ten-day values"),
                            ("days", "ours, day values")):
            load_profiles(psql, f"w1_{span}_{meters}", span, "w1", meters)
            ways.append(our_way(psql, title, f"w1_{span}_{meters}", span == "months", W1_DURING, facts))
        peers = Psql()
        if meters in peer_sizes:
            csv = load_rows(peers, folder, meters)
            ways.append(sql_way(peers, facts))
            missing = duckdb_missing()
            if missing is None:
                duck = LineServer("node", os.path.join(HERE, "duckdb.mjs"), folder, str(meters))
                open_peers.append(duck)
                ways.append(Way("DuckDB", duck.ask, facts["answer"], duck.about["bytes"] / readings))
            else:
                print(f"  DuckDB is left out: {missing}")
            os.remove(csv)
        print(f"{meters:,} meters, {readings:,} readings")
        measure(ways, rounds)
        print_ways(ways, readings)
        for peer in open_peers:
            peer.close()
        peers.close()
        found = {way.name: way for way in ways}
        months = found["ours, month values inline"]
        per_reading[meters] = ns(months, 1, readings), ns(ways[0], 1, readings)
        at = f"{meters:,} meters"
        ratio = months.ms[1] / ways[0].ms[1]
        mark(ratio <= 2.0, f"{ratio:.2f} times the bare loop (at most 2.0), month values, {at}")
        for peer, least in (("plain SQL over rows", 250), ("DuckDB", 25)):
            if peer in found:
                ratio = found[peer].ms[1] / months.ms[1]
                mark(ratio >= least, f"{ratio:.0f} times {peer} (at least {least}), month values, {at}")
        if meters == sizes[-1]:
            mark(months.size <= 1.6, f"{months.size:.2f} bytes a reading (at most 1.6), month values, {at}")
        for span in ("months", "days"):
            memory[span, meters] = memory_kb(f"w1_{span}_{meters}", span == "months", W1_DURING, meters)
        psql.run("DROP TABLE " + ", ".join(f"w1_{span}_{meters}" for span in ("months", "tens", "days")) + ";")
    if len(sizes) > 1:
        # what outgrows the processor's caches costs more, in the bare loop too
        ours, loop = (max(x) / min(x) for x in zip(*per_reading.values()))
        mark(ours <= 1.25 * loop, f"linear: ns a reading differ by {ours:.2f} times from {sizes[0]:,} to {sizes[-1]:,} "
             f"meters, the bare loop's by {loop:.2f} (at most 1.25 times as much), month values")
        for span in ("months", "days"):
            low, high = memory[span, sizes[0]], memory[span, sizes[-1]]
            mark(high - low <= 1024, f"memory: a backend's own {low:,} kB at {sizes[0]:,} meters, {high:,} kB at "
                 f"{sizes[-1]:,} (at most 1,024 more), {span[:-1]} values")


def run_classes(psql, meters, rounds):
    print(f"A July (31 days) by class, {meters:,} meters each, tariff W1; bits: width of a packed reading, by day\n")
    head = "  {:<14}{:>5}{:>20}{:>9}{:>10}  {:<10}{:>7}{:>8}{:>12}{:>8}{:>12}"
    print(head.format("", "", "bits", "bytes", "two a", "", "bytes", "1 core", "", "2 cores", ""))
    print(head.format("class", "slot", "10 50 90 100 %", "packed", "page", "rows of", "stored",
                      "ns", "readings/s", "ns", "readings/s"))
    for name in CLASSES:
        facts = json.loads(gen("facts", name, meters))
        readings = facts["readings"]
        ways = []
        for span in ("months", "tens"):
            load_profiles(psql, f"{name}_{span}", span, name, meters)
            ways.append(our_way(psql, span, f"{name}_{span}", span == "months", JULY, facts))
        measure(ways, rounds)
        # a month where nine in ten are such that two fit a page, else ten days
        chosen = "months" if facts["month_high"] <= 4020 else "tens"
        first = True
        for way in ways:
            bits = "{width_low} {width_median} {width_high} {width_max}".format(**facts)
            label = {"months": "a month", "tens": "ten days"}[way.name] + (" *" if way.name == chosen else "")
            slot = "5 min" if name == "five_minute" else "15 min"
            cells = (name, slot, bits, f"{facts['packed_bytes']:.2f}", f"{facts['half_page']:.0%}") if first else [""] * 5
            print(head.format(*cells, label, f"{way.size:.2f}", f"{ns(way, 1, readings):.3f}",
                              rate_text(way, 1, readings), f"{ns(way, 2, readings):.3f}", rate_text(way, 2, readings)))
            first = False
        psql.run(f"DROP TABLE {name}_months, {name}_tens;")
    print("\n  * what the class stores: a month where two fit a page in nine cases of ten, else ten days\n")


def heavy_bill():
    return ("billing.rate((SELECT tariff FROM heavy_tariff), billing.usage(import => import, export => export), "
            f"{W1_DURING}, '{{}}', (SELECT market FROM heavy_tariff))")


def load_heavy(psql, meters):
    psql.run(f"""
        DROP TABLE IF EXISTS heavy;
        CREATE TABLE heavy (meter_id int NOT NULL, import billing.profile NOT NULL, export billing.profile NOT NULL);
        ALTER TABLE heavy SET (toast_tuple_target = 8160);
        \\copy heavy FROM PROGRAM '{BUILD}/gen heavy {meters}' (FORMAT binary)
        CREATE INDEX ON heavy (meter_id);
        VACUUM (FREEZE, ANALYZE) heavy;
        SELECT pg_prewarm('heavy');""")


def load_heavy_rows(psql):
    psql.run(f"""
        CREATE TABLE heavy_calendar (ts timestamptz PRIMARY KEY, period int NOT NULL, price bigint NOT NULL);
        CREATE TABLE heavy_readings (meter_id int NOT NULL, ts timestamptz NOT NULL, wh_in int NOT NULL, wh_out int NOT NULL);
        \\copy heavy_calendar FROM PROGRAM '{BUILD}/gen heavy_calendar' (FORMAT csv)
        \\copy heavy_readings FROM PROGRAM '{BUILD}/gen heavy_rows {HEAVY_PEER}' (FORMAT csv)
        ALTER TABLE heavy_readings ADD PRIMARY KEY (meter_id, ts);
        VACUUM (FREEZE, ANALYZE) heavy_calendar, heavy_readings;
        SELECT pg_prewarm('heavy_readings');""")


def run_heavy(psql, sizes, peers, rounds):
    psql.run(f"""
        \\set text `cat {HERE}/heavy.json`
        CREATE TEMP TABLE spot (n serial, price numeric);
        \\copy spot (price) FROM PROGRAM '{BUILD}/gen spot'
        CREATE TABLE heavy_tariff AS
            SELECT :'text'::billing.tariff AS tariff, billing.market(series => billing.price_series(
                'spot', '2026-05-17 00:00+08', '1 hour', (SELECT array_agg(price / 100000 ORDER BY n) FROM spot))) AS market;""")
    for meters in sizes:
        facts = json.loads(gen("heavy_facts", meters))
        readings, answer = facts["readings"], facts["answer"]
        load_heavy(psql, meters)
        got = psql.run(f"""
            SELECT count(*), (sum(total) * 100)::bigint, (sum(total * (meter_id % 1009 + 1)) * 100)::bigint,
                   (sum(demand) * 1000)::bigint
            FROM (SELECT meter_id, billing.total(charges) AS total,
                         (SELECT quantity FROM billing.lines(charges) WHERE code = 'demand') AS demand
                  FROM (SELECT meter_id, {heavy_bill()} AS charges FROM heavy OFFSET 0) r) b;""")[0]
        if got != answer:
            fail(f"heavy tariff: {got}, expected {answer}")
        n, fen = answer.split("|")[:2]
        query = f"SELECT count(*), sum(billing.total({heavy_bill()})) FROM heavy"

        def ask(cores, query=query):
            psql.use(cores)
            return psql.time(query)

        ways = [Way("ours, month values inline", ask, f"{n}|{Decimal(fen) / 100}", size_of(psql, "heavy", readings))]
        if peers and meters == HEAVY_PEER:
            load_heavy_rows(psql)
            with open(os.path.join(HERE, "peers_heavy.sql"), encoding="utf-8") as text:
                plain = text.read()

            def ask_sql(cores):
                psql.use(cores)
                return psql.time(plain)

            ways.append(Way("plain SQL over rows", ask_sql, answer, size_of(psql, "heavy_readings", readings)))
        print(f"Heavy tariff, {meters:,} meters, {readings:,} readings (import and export)")
        measure(ways, rounds)
        print_ways(ways, readings)
        each = ns(ways[0], 1, readings)
        mark(each < 5, f"{each:.2f} ns a reading by the heavy tariff (below 5), {meters:,} meters")
        if len(ways) > 1:
            print(f"  {ways[1].ms[1] / ways[0].ms[1]:.0f} times as fast as plain SQL\n")
    psql.run("DROP TABLE IF EXISTS heavy, heavy_tariff, heavy_calendar, heavy_readings;")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 meters only, fewer rounds")
    parser.add_argument("--no-peers", action="store_true", help="without plain SQL and DuckDB")
    parser.add_argument("--heavy", action="store_true", help="the heavy tariff alone")
    parser.add_argument("--rounds", type=int, help=f"rounds to take the median of (default {ROUNDS})")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))     # so that temporary files go
    sizes = (1000,) if options.quick else (1000, 10000, 100000)
    peer_sizes = () if options.no_peers else (1000, 10000)
    rounds = options.rounds or (5 if options.quick else ROUNDS)

    started = time.time()
    build()
    psql = our_session()
    psql.run(f"""
        SET client_min_messages = warning;
        CREATE EXTENSION billing;
        CREATE EXTENSION pg_prewarm;
        \\set text `cat {HERE}/w1.json`
        CREATE TABLE w1 AS SELECT :'text'::billing.tariff AS tariff;
        CREATE FUNCTION private_kb() RETURNS int LANGUAGE sql VOLATILE AS
            $$ SELECT substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\\s+(\\d+)')::int $$;""")
    version = psql.run("SHOW server_version;")[0]
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        cpu = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "unknown CPU")
    print(f"PostgreSQL {version}, {os.cpu_count()} x {cpu}, load {os.getloadavg()[0]:.1f}; "
          f"medians of {rounds} rounds\n")
    if not options.heavy:
        print("W1: a month of quarter-hours (2,880 readings a meter), 11 lines, total, highest demand\n")

    folder = tempfile.mkdtemp(prefix="billing-bench.")
    try:
        for what in ("calendar", "tariff"):
            with open(os.path.join(folder, what + ".csv"), "w", encoding="ascii") as out:
                out.write(gen(what))
        if not options.heavy:
            run_w1(psql, folder, sizes, peer_sizes, rounds)
        run_heavy(psql, (HEAVY_PEER,) if options.quick else (HEAVY_PEER, 10000), not options.no_peers, rounds)
        if not options.heavy:
            run_classes(psql, 1000 if options.quick else CLASS_METERS, rounds)
    finally:
        shutil.rmtree(folder)
    print("Marks (one core)")
    print("\n".join(marks))
    print(f"\n{time.time() - started:.0f} seconds; every answer "
          + ("was the same" if not failures else f"was NOT the same: {len(failures)} differ"))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

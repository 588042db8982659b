#!/usr/bin/env python3
"""How fast meter files become readings in the store, beside COPY and plain SQL, in one run.  test/bench/intake starts it.

The same readings (30 days of quarter-hours of N meters) as a NEM12 file, a table of a day a
line, and a table of a reading a line, each a file of the server:

	NEM12, wide, long: read		our readers alone: rows with a profile a day, counted
	NEM12, wide: stored			receive() and land() as a clerk, with policies, audit and the chain of
								batches: the file is kept, its days are rows of billing.reading
	long: COPY and fold			COPY of lines into an inbox as a clerk, which ends in the same
	COPY rows					COPY of meter, time, Wh without any index: nothing is checked, nothing in its place
	COPY rows, key				the same into a table with its primary key
	COPY wide, arrays			COPY of a day a line, its values as one array: what plain SQL can do best with whole days
	SQL NEM12					the NEM12 file split by SQL into a row a reading

All count their readings and sum their energy, which must agree.  Contenders are asked in turn, round
after round, each in a database that has nothing yet, the store in a session that has landed a file before; figures
are medians.  CPU is that of the session as
the kernel counts it: it hardly depends on what else the machine does, the time of the clock does.

Marks: NEM12 or wide stored at 5 million readings a second of one core or more; COPY and fold at twice
the speed of COPY into a keyed table or more.
"""
import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import time

from store import Session, psql

DAYS = 30
SLOTS = 96


def write_files(place, meters):
    """the files, and the energy that is in each of them"""
    random.seed(1)
    total = 0
    with open(f"{place}/nem12", "w") as nem, open(f"{place}/wide", "w") as wide, \
            open(f"{place}/long", "w") as rows, open(f"{place}/arrays", "w") as arrays, \
            open(f"{place}/rows", "w") as plain:
        nem.write("100,NEM12,202512010000,A,B\n")
        wide.write("meter,day," + ",".join(f"{i // 4:02d}:{i % 4 * 15:02d}" for i in range(SLOTS)) + "\n")
        rows.write("meter,time,kwh\n")
        for m in range(meters):
            name = f"61{m:08d}"
            nem.write(f"200,{name},E1,1,E1,N1,M{m},kWh,15,\n")
            for d in range(1, DAYS + 1):
                wh = [int(random.random() ** 2 * 900) for _ in range(SLOTS)]
                total += sum(wh)
                kwh = ",".join(f"{v // 1000}.{v % 1000:03d}" for v in wh)
                nem.write(f"300,202511{d:02d},{kwh},A,,,20251202120025,\n")
                wide.write(f"{name},2025-11-{d:02d},{kwh}\n")
                arrays.write(f"{name}\t2025-11-{d:02d}\t{{{','.join(map(str, wh))}}}\n")
                for i, v in enumerate(wh):
                    at = f"2025-11-{d:02d} {i // 4:02d}:{i % 4 * 15:02d}"
                    rows.write(f"{name},{at},{v // 1000}.{v % 1000:03d}\n")
                    plain.write(f"{name}\t{at}+10\t{v}\n")
        nem.write("900\n")
    return total


def make_store(meters):
    """a template: a store with an account for each meter, the mappings, a clerk, and the files as bytes"""
    psql("DROP DATABASE IF EXISTS bench_round WITH (FORCE)", database="postgres")
    psql("DROP DATABASE IF EXISTS bench", database="postgres")
    psql("CREATE DATABASE bench TEMPLATE template0", database="postgres")
    common = '"meter": "meter", "time_zone": "+10:00", "unit": "kWh"'
    psql(f"""
        SET client_min_messages = error;
        CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
        SELECT billing.add_org('C', 'Company', 'company');
        SELECT count(billing.add_org('S' || i, 'Station', 'station', 'C')) FROM generate_series(1, 10) i;
        DO $$ BEGIN CREATE ROLE bench_clerk LOGIN IN ROLE billing_clerk; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        -- the files are the server's, so that no client is measured
        GRANT pg_read_server_files TO bench_clerk; GRANT EXECUTE ON FUNCTION pg_read_binary_file(text) TO bench_clerk;
        SELECT billing.add_staff('C', 'K', 'Clerk', 'meter reader', 'bench_clerk');
        SELECT billing.grant_access('K', 'C', '{{org,account,reading}}', '{{read,write}}');
        SELECT billing.add_customer('C', 'x');
        INSERT INTO billing.account (org_id, customer_id, account_no, opened_on)
        SELECT 2 + (i - 1) * 10 / {meters}, 1, '61' || lpad((i - 1)::text, 8, '0'), '2025-01-01' FROM generate_series(1, {meters}) i;
        SELECT billing.add_account('C', 'warm', 1, '2025-01-01');
        SELECT billing.set_mapping('wide', 'csv', '{{{common}, "time": "day", "columns": {{"first": "00:00", "count": {SLOTS}}}}}');
        SELECT billing.set_mapping('long', 'csv', '{{{common}, "time": "time", "slot_minutes": 15, "value": "kwh"}}');
        VACUUM ANALYZE;
    """)


READ = "SELECT count(profile) FROM billing.read_{}"
STORED = "SELECT sum(billing.slot_count(profile)), sum(billing.energy_wh(profile))::bigint FROM billing.reading WHERE source = 'bench'"
# a session that works: it has landed a file before
WARM = ["SELECT billing.receive('warm', '100,NEM12,202512010000,A,B\n200,warm,E1,1,E1,N1,M,kWh,720,\n300,20251101,1,1,A,,,20251202120025,\n900', "
        "'nem12', 'C', 'warm')", "SELECT billing.land(1)"]
ROWS = "SELECT count(*), sum(wh)::bigint FROM target"


def contenders(place):
    """name -> (user, what is made before, the statements that are measured, the check)"""
    def file(name):
        return f"pg_read_binary_file('{place}/{name}')"

    def mapped(name):
        return f"csv({file(name)}, (SELECT mapping FROM billing.csv_mapping WHERE name = '{name}'))"

    def landed(name, form, mapping):
        return [f"SELECT billing.receive('{name}', {file(name)}, '{form}', 'C', 'bench', '{mapping}')", "SELECT billing.land(2)"]
    plain = "CREATE TABLE target (meter text, at timestamptz, wh bigint{})"
    return {
        "NEM12: read": ("bench_clerk", [], [READ.format(f"nem12({file('nem12')})")], None),
        "wide: read": ("bench_clerk", [], [READ.format(mapped("wide"))], None),
        "long: read": ("bench_clerk", [], [READ.format(mapped("long"))], None),
        "NEM12: stored": ("bench_clerk", WARM, landed("nem12", "nem12", ""), STORED),
        "wide: stored": ("bench_clerk", WARM, landed("wide", "csv", "wide"), STORED),
        "long: COPY and fold": ("bench_clerk", [*WARM, "SELECT billing.open_inbox('inbox', 'long', 'csv', 'C', 'bench', 'long')"],
                                [f"COPY inbox FROM '{place}/long' (DELIMITER E'\\x01')"], STORED),
        "COPY rows": ("postgres", [plain.format("")], [f"COPY target FROM '{place}/rows'"], ROWS),
        "COPY rows, key": ("postgres", [plain.format(", PRIMARY KEY (meter, at)")], [f"COPY target FROM '{place}/rows'"], ROWS),
        "COPY wide, arrays": ("postgres", ["CREATE TABLE target (meter text, day date, wh integer[])"], [f"COPY target FROM '{place}/arrays'"],
                              "SELECT count(*), sum(v)::bigint FROM target, unnest(wh) v"),
        "SQL NEM12": ("postgres", [plain.format("")], [f"""
INSERT INTO target
SELECT nmi, day + (n - 1) * interval '15 minutes', (value::numeric * 1000)::bigint
  FROM (SELECT line, max(nmi) OVER (PARTITION BY block) AS nmi
		  FROM (SELECT line, CASE WHEN line LIKE '200,%' THEN split_part(line, ',', 2) END AS nmi,
					   count(*) FILTER (WHERE line LIKE '200,%') OVER (ORDER BY number) AS block
				  FROM string_to_table(convert_from({file('nem12')}, 'UTF8'), E'\\n') WITH ORDINALITY l(line, number)) b) c,
	   LATERAL (SELECT string_to_array(line, ',') AS field, to_timestamp(split_part(line, ',', 2) || ' +10', 'YYYYMMDD TZH') AS day) f,
	   LATERAL unnest(field[3:{SLOTS + 2}]) WITH ORDINALITY v(value, n)
 WHERE line LIKE '300,%'"""], ROWS),
    }


class Measured(Session):
    def cpu(self):
        with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9


def measure(user, before, statements, check):
    """seconds by the clock, and of CPU, and what the check says"""
    psql("DROP DATABASE IF EXISTS bench_round WITH (FORCE)", database="postgres")
    psql("CREATE DATABASE bench_round TEMPLATE bench", database="postgres")
    psql("CHECKPOINT", database="postgres")
    session = Measured(user, "bench_round")
    for statement in before:
        session.ask(statement)
    cpu, start = session.cpu(), time.monotonic()
    for statement in statements:
        said = session.ask(statement)
    clock, cpu = time.monotonic() - start, session.cpu() - cpu
    if check is not None:
        said = session.ask(check)
    session.close()
    return clock, cpu, said[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    place = tempfile.mkdtemp(prefix="billing-intake.")
    took = {}
    try:
        total = write_files(place, args.meters)
        os.chmod(place, 0o755)
        make_store(args.meters)
        readings = args.meters * DAYS * SLOTS
        for turn in range(args.rounds + 1):
            for name, (user, before, statements, check) in contenders(place).items():
                clock, cpu, said = measure(user, before, statements, check)
                wanted = f"{readings}|{total}" if check is not None else str(args.meters * DAYS)
                if said != wanted:
                    sys.exit(f"{name}: {said}, not {wanted}")
                if turn > 0:		# the first round warms up
                    took.setdefault(name, []).append((clock, cpu))
    finally:
        shutil.rmtree(place)
        psql("DROP DATABASE IF EXISTS bench_round WITH (FORCE)", database="postgres")
    clock, cpu = ({name: statistics.median(t[i] for t in times) for name, times in took.items()} for i in (0, 1))
    print(f"{readings} readings of {args.meters} meters, medians of {args.rounds} rounds\n")
    print("| way | ms | million/s | ms CPU | million/s of CPU | x COPY rows, key | x by CPU |\n|---|---|---|---|---|---|---|")
    for name in took:
        print(f"| {name} | {clock[name] * 1000:.0f} | {readings / clock[name] / 1e6:.2f} | {cpu[name] * 1000:.0f} | {readings / cpu[name] / 1e6:.2f} | "
              f"{clock['COPY rows, key'] / clock[name]:.2f} | {cpu['COPY rows, key'] / cpu[name]:.2f} |")
    print()
    for way in ("NEM12: stored", "wide: stored"):
        rates = [readings / took_by[way] / 1e6 for took_by in (clock, cpu)]
        print(f"mark: {way} at 5 million readings/s: {rates[0]:.1f} by the clock, {rates[1]:.1f} of one core, {'held' if max(rates) >= 5 else 'MISSED'}")
    ratios = [took_by["COPY rows, key"] / took_by["long: COPY and fold"] for took_by in (clock, cpu)]
    print(f"mark: COPY and fold 2 times COPY with a key: {ratios[0]:.2f} by the clock, {ratios[1]:.2f} of one core, {'held' if min(ratios) >= 2 else 'MISSED'}")


if __name__ == "__main__":
    main()

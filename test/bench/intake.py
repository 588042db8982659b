#!/usr/bin/env python3
"""How fast meter files become stored profiles, beside COPY and plain SQL, in one run.

	contrib/pg run --set shared_buffers=1GB python3 test/bench/intake.py [--meters N] [--rounds N]

The same readings (30 days of quarter-hours of N meters) as a NEM12 file, a table of a day a
line, and a table of a reading a line, each read from a file of the server into a table:

	NEM12, wide, long	our readers, into a row a meter-day with its profile
	COPY rows			COPY of meter, time, Wh without any index: nothing is checked, nothing in its place
	COPY rows, key		the same into a table with its primary key
	COPY wide, arrays	COPY of a day a line, its values as one array: what plain SQL can do best with whole days
	SQL NEM12			the NEM12 file split by SQL into a row a reading

All count their readings and sum their energy, which must agree.  Contenders are asked in turn, round
after round; figures are medians.  The mark: NEM12 or wide to profiles at 5 million readings/s or more.
"""
import argparse
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

DAYS = 30
SLOTS = 96


def psql(sql):
    """what psql prints, and the milliseconds of the last statement"""
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], input="\\timing on\n" + sql,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    times = re.findall(r"^Time: ([0-9.]+) ms", done.stdout, re.M)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("Time:")]
    return lines, [float(t) for t in times]


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


PROFILES = "SELECT sum(billing.slot_count(profile)), sum(billing.energy_wh(profile))::bigint FROM target"
ROWS = "SELECT count(*), sum(wh)::bigint FROM target"
MAP = '"meter": "meter", "time_zone": "+10:00", "unit": "kWh"'


def contenders(place):
    """name -> (table, the statement that is timed, the check)"""
    def file(name):
        return f"pg_read_binary_file('{place}/{name}')"
    return {
        "NEM12": ("meter text, day date, profile billing.profile",
                  f"INSERT INTO target SELECT nmi, day, profile FROM billing.read_nem12({file('nem12')}) WHERE rejected IS NULL", PROFILES),
        "wide": ("meter text, day date, profile billing.profile",
                 f"INSERT INTO target SELECT meter, day, profile FROM billing.read_csv({file('wide')}, "
                 f"'{{{MAP}, \"time\": \"day\", \"columns\": {{\"first\": \"00:00\", \"count\": {SLOTS}}}}}')", PROFILES),
        "long": ("meter text, day date, profile billing.profile",
                 f"INSERT INTO target SELECT meter, day, profile FROM billing.read_csv({file('long')}, "
                 f"'{{{MAP}, \"time\": \"time\", \"slot_minutes\": 15, \"value\": \"kwh\"}}')", PROFILES),
        "COPY rows": ("meter text, at timestamptz, wh bigint", f"COPY target FROM '{place}/rows'", ROWS),
        "COPY rows, key": ("meter text, at timestamptz, wh bigint, PRIMARY KEY (meter, at)", f"COPY target FROM '{place}/rows'", ROWS),
        "COPY wide, arrays": ("meter text, day date, wh integer[]", f"COPY target FROM '{place}/arrays'",
                              "SELECT count(*), sum(v)::bigint FROM target, unnest(wh) v"),
        "SQL NEM12": ("meter text, at timestamptz, wh bigint", f"""
INSERT INTO target
SELECT nmi, day + (n - 1) * interval '15 minutes', (value::numeric * 1000)::bigint
  FROM (SELECT line, max(nmi) OVER (PARTITION BY block) AS nmi
		  FROM (SELECT line, CASE WHEN line LIKE '200,%' THEN split_part(line, ',', 2) END AS nmi,
					   count(*) FILTER (WHERE line LIKE '200,%') OVER (ORDER BY number) AS block
				  FROM string_to_table(convert_from({file('nem12')}, 'UTF8'), E'\\n') WITH ORDINALITY l(line, number)) b) c,
	   LATERAL (SELECT string_to_array(line, ',') AS field, to_timestamp(split_part(line, ',', 2) || ' +10', 'YYYYMMDD TZH') AS day) f,
	   LATERAL unnest(field[3:{SLOTS + 2}]) WITH ORDINALITY v(value, n)
 WHERE line LIKE '300,%'""", ROWS),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    place = tempfile.mkdtemp(prefix="billing-intake.")
    try:
        total = write_files(place, args.meters)
        os.chmod(place, 0o755)
        psql("CREATE EXTENSION IF NOT EXISTS billing;")
        readings = args.meters * DAYS * SLOTS
        took = {}
        for turn in range(args.rounds + 1):
            for name, (table, statement, check) in contenders(place).items():
                said, times = psql(f"DROP TABLE IF EXISTS target; CREATE TABLE target ({table}); CHECKPOINT;\n"
                                   f"{statement};\n{check};\nDROP TABLE target;")
                if said[-1] != f"{readings}|{total}":
                    sys.exit(f"{name}: {said[-1]}, not {readings}|{total}")
                if turn > 0:		# the first round warms up
                    took.setdefault(name, []).append(times[-3])
        base = statistics.median(took["COPY rows"])
        print(f"{readings} readings of {args.meters} meters, medians of {args.rounds} rounds")
        print(f"{'':20} {'ms':>9} {'million/s':>10} {'x COPY rows':>12}")
        for name, times in took.items():
            ms = statistics.median(times)
            print(f"{name:20} {ms:9.1f} {readings / ms / 1000:10.2f} {base / ms:12.2f}")
        best = readings / min(statistics.median(took["NEM12"]), statistics.median(took["wide"])) / 1000
        print(f"mark: NEM12 or wide at 5 million readings/s: {best:.1f}, {'held' if best >= 5 else 'MISSED'}")
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()

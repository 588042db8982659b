#!/usr/bin/env python3
"""The loader of the State Grid set, on a small file of its shape: columns in any order, rows by label, values missing."""
import datetime
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PART = os.path.join(HERE, "..", "bench", "evaluation", "sgcc")


def write(path):
	"""customers of 200 days; those with label 1 use a fourth from some day on, and come first"""
	r = random.Random(5)
	days = [datetime.date(2014, 1, 1) + datetime.timedelta(d) for d in range(200)]
	shuffled = days[:]
	r.shuffle(shuffled)
	with open(path, "w") as file:
		file.write(",".join(["CONS_NO", "FLAG"] + [f"{d.year}/{d.month}/{d.day}" for d in shuffled]) + "\n")
		for c in range(150):
			thief, since, level = c < 40, r.randrange(60, 140), r.uniform(3, 20)
			kwh = {d: level * r.uniform(0.6, 1.4) * (0.25 if thief and i >= since else 1) for i, d in enumerate(days)}
			file.write(",".join([f"{c:032X}", str(int(thief))] + ["" if r.random() < 0.25 else f"{kwh[d]:.2f}" for d in shuffled]) + "\n")


def run(*arguments):
	return subprocess.run([PART, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main():
	said = []
	with tempfile.TemporaryDirectory() as folder:
		said.append(("nothing is asked of a folder without the set", "The set is not there" in run(folder).stdout))
		path = os.path.join(folder, "small.csv")
		write(path)
		done = run("--any", path)
		print("\n".join("# " + line for line in done.stdout.splitlines()))
		said.append(("a file of its shape is loaded whole", "150 customers, 40 with label true" in done.stdout))
		figures = {line.rsplit(None, 1)[0].strip(): float(line.split()[-1]) for line in done.stdout.splitlines() if line.startswith(("AUC", "average", "MAP"))}
		said.append(("and a change of level by days is learnt", done.returncode == 0 and figures.get("AUC, nested", 0) > 0.9))
	for n, (name, good) in enumerate(said, 1):
		print(f"{'ok' if good else 'not ok'} {n} - {name}")
	print(f"1..{len(said)}")
	return 0 if all(good for _, good in said) else 1


if __name__ == "__main__":
	sys.exit(main())

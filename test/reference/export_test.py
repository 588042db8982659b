"""Random bills with export by the reference rater and by the server, line by line.

PAIRS (default 2,000; with SOAK 100,000) from the seed SEED on; each may be several months.  Prints TAP.
"""

import os
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import export_case
import random_test
import server


def main():
	if not server.ready():
		print(f"ok 1 # skip {server.SKIP}\n1..1")
		return 0
	first = int(os.environ.get("SEED", 1))
	count = int(os.environ.get("PAIRS", 100000 if os.environ.get("SOAK") else 2000))
	random_test.make_case = export_case.case
	bad = random_test.test_server(list(range(first, first + count)), 1)
	print("1..1")
	return bad > 0


if __name__ == "__main__":
	sys.exit(main())

"""The golden bills by the server.  Prints TAP."""

import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import golden
import server


def main():
	if not server.ready():
		print(f"ok 1 # skip {server.SKIP}\n1..1")
		return 0
	cases = list(golden.cases())
	failed = 0
	for i, (case, bills) in enumerate(zip(cases, server.rate_all(cases)), 1):
		problems = [bills] if isinstance(bills, str) else golden.check(case, bills)
		failed += bool(problems)
		print(f"{'not ' if problems else ''}ok {i} - {case['name']}")
		for p in problems:
			print("#   " + p.replace("\n", "\n#   "))
	print(f"1..{len(cases)}")
	return failed > 0


if __name__ == "__main__":
	sys.exit(main())

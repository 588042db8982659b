"""The golden bills by the reference rater.  Needs no server; prints TAP."""

import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
import golden
import rater


def bills_of(case):
	given = [case.get(k) for k in ("terms", "market", "carry")]
	if "months" in case:
		months = case["months"]
		return [r for _, r in rater.rate_months(case["tariff"], case["usage"], months["from"], months["count"], *given)]
	return [rater.rate(case["tariff"], case["usage"], case["during"], *given)]


def main():
	count = failed = 0
	for case in golden.cases():
		count += 1
		try:
			problems = golden.check(case, bills_of(case))
		except Exception as e:
			problems = [f"{type(e).__name__}: {e}"]
		failed += bool(problems)
		print(f"{'not ' if problems else ''}ok {count} - {case['name']}")
		for p in problems:
			print(f"#   {p}")
	print(f"1..{count}")
	return failed > 0


if __name__ == "__main__":
	sys.exit(main())

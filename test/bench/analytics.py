#!/usr/bin/python3
"""Features, scores and training beside numpy, pandas and scikit-learn, in processor time of one core.

	test/bench/analytics [--customers N] [--days N]

Made-up customers with half-hours, a tenth of them metered to less from some day on, 2 % of readings missing in stretches.  Ours reads
profiles from a table and counts all that the backend does.  Beside it the same features, which must agree, twice: in numpy with its arrays in
memory already, and as one works without a database: pandas reads a CSV file (a line a customer and day, a column a half-hour), groups it by
customer, and numpy makes the features of each.
"""
import argparse
import os
import sys
import tempfile
import time

import numpy
import pandas
from sklearn.ensemble import ExtraTreesClassifier

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "evaluation"))
from common import copy, psql
from features import features

SLOTS = 48
TREES = 200


def made_up(customers, days):
	"""labels and half-hours in Wh, the same on every machine"""
	random = numpy.random.default_rng(20260101)
	hour = numpy.arange(SLOTS) / 2
	shape = 0.3 + numpy.exp(-((hour - 19.5) / 2.5) ** 2) + 0.5 * numpy.exp(-((hour - 8) / 2) ** 2)
	season = 1 + 0.3 * numpy.cos(numpy.arange(days) * 2 * numpy.pi / 365)
	wh = numpy.empty((customers, days * SLOTS))
	label = random.random(customers) < 0.1
	for c in range(customers):
		x = random.gamma(2.0, 0.5, (days, SLOTS)) * numpy.roll(shape, random.integers(-3, 4)) * season[:, None] * random.lognormal(5, 0.6)
		if label[c]:
			x[int(days * random.uniform(0.3, 0.7)):] *= random.uniform(0.2, 0.8)
		wh[c] = numpy.round(x).ravel()
		# a failing link: a day or so every two months
		for _ in range(days // 60):
			start = random.integers(0, days * SLOTS)
			wh[c, start:start + random.integers(1, 2 * SLOTS)] = numpy.nan
	return label, wh


def write_days(wh, path):
	"""a line a customer and day, a column a half-hour, empty where missing"""
	customers, days = len(wh), wh.shape[1] // SLOTS
	frame = pandas.DataFrame(wh.reshape(-1, SLOTS), columns=[f"hh_{k}" for k in range(SLOTS)])
	frame.insert(0, "customer", numpy.repeat(numpy.arange(customers), days))
	frame.insert(1, "day", numpy.tile(pandas.date_range("2025-01-01", periods=days).strftime("%Y-%m-%d"), customers))
	frame.to_csv(path, index=False, float_format="%.0f")


def by_pandas(path, usual_day, usual_shape):
	"""the features of a file's customers; the seconds of reading it and of all"""
	began = time.process_time()
	frame = pandas.read_csv(path, parse_dates=["day"]).sort_values(["customer", "day"])
	read = time.process_time() - began
	columns = [name for name in frame if name.startswith("hh_")]
	made = [features(days[columns].to_numpy().ravel() / 1000, SLOTS, days["day"].iloc[0].weekday(), usual_day, usual_shape)
			for _, days in frame.groupby("customer")]
	return numpy.array(made), read, time.process_time() - began


CPU = "SELECT 'cpu', (s[14]::numeric + s[15]::numeric) / 100 FROM string_to_array(pg_read_file('/proc/self/stat'), ' ') s;"


def measured(statement):
	"""processor seconds of the backend, of one statement after another that warms it up"""
	rows = [row for row in psql(f"SET search_path = public, billing; {CPU} {statement}; {CPU}") if row[0] == "cpu"]
	return float(rows[1][1]) - float(rows[0][1])


def main():
	parser = argparse.ArgumentParser()
	parser.add_argument("--customers", type=int, default=2000)
	parser.add_argument("--days", type=int, default=365)
	asked = parser.parse_args()
	label, wh = made_up(asked.customers, asked.days)
	psql("CREATE EXTENSION billing; CREATE TABLE reading (c int, label boolean, wh bigint[])")
	copy("reading", ((c, bool(label[c]), "{" + ",".join("NULL" if v != v else str(int(v)) for v in wh[c]) + "}") for c in range(asked.customers)))
	psql("""SET search_path = public, billing;
		CREATE TABLE customer AS SELECT c, label, profile('2025-01-01 00:00+08', '30 min', wh, time_zone => 'Asia/Shanghai') AS p FROM reading;
		CREATE TABLE usual AS SELECT usage_reference(p) AS r FROM customer; VACUUM ANALYZE customer""")
	reference = psql("SELECT x FROM public.usual, jsonb_array_elements_text(r -> 'day') x"), psql("SELECT x FROM public.usual, jsonb_array_elements_text(r -> 'shape') x")
	usual_day, usual_shape = (numpy.array([float(row[0]) for row in rows]) for rows in reference)

	began = time.process_time()
	theirs = numpy.array([features(wh[c] / 1000, SLOTS, 2, usual_day, usual_shape) for c in range(asked.customers)])
	numpy_seconds = time.process_time() - began
	with tempfile.TemporaryDirectory() as folder:
		write_days(wh, f"{folder}/days.csv")
		pandas_features, read_seconds, pandas_seconds = by_pandas(f"{folder}/days.csv", usual_day, usual_shape)
	if not numpy.array_equal(theirs, pandas_features, equal_nan=True):
		sys.exit("the features of a file are not those of the arrays it was made of")
	feature_seconds = min(measured("SELECT count(usage_features(p, r)) FROM customer, usual") for _ in range(3))
	reference_seconds = measured("SELECT usage_reference(p) FROM customer")
	psql("SET search_path = public, billing; CREATE TABLE feature AS SELECT c, label, usage_features(p, r) AS f FROM customer, usual")

	ours = numpy.array([[float(v) for v in row[0].split()] for row in psql("SELECT array_to_string(f, ' ') FROM public.feature ORDER BY c")])
	names = [row[0] for row in psql("SELECT unnest(billing.usage_feature_names())")]
	same = (numpy.isnan(ours) & numpy.isnan(theirs)) | (numpy.abs(ours - theirs) <= 1e-4 * (1 + numpy.abs(theirs)))
	others = [f"{name} {1 - same[:, i].mean():.2%}" for i, name in enumerate(names) if not same[:, i].all()]
	print(f"features that agree: {same.mean():.4%} of {same.size}" + (f"; not: {', '.join(others)}" if others else ""), flush=True)

	options = f'{{"trees": {TREES}, "calibrate": false}}'
	train_seconds = measured(f"CREATE TABLE model AS SELECT train_forest(label, f, '{options}') AS forest FROM feature, generate_series(1, 5) i GROUP BY i; DELETE FROM model WHERE ctid <> (SELECT min(ctid) FROM model)") / 5
	score_seconds = measured("SELECT sum(score(forest, f)) FROM feature, model, generate_series(1, 100)") / 100
	x = numpy.where(numpy.isnan(ours), -9, ours)
	trees = ExtraTreesClassifier(TREES, min_samples_leaf=2, max_features=0.3, random_state=1, n_jobs=1)
	began = time.process_time()
	trees.fit(x, label)
	their_train = time.process_time() - began
	began = time.process_time()
	for _ in range(10):
		trees.predict_proba(x)
	their_score = (time.process_time() - began) / 10

	n = asked.customers
	print(f"\n{n} customers, {asked.days} days of half-hours, {label.sum()} with label true; seconds of one core")
	print(f"{'':32}{'ours':>10}{'numpy':>10}{'ratio':>8}{'pandas':>10}{'ratio':>8}")

	def line(what, ours, *peers):
		print(f"{what:32}{ours:10.3f}" + "".join(f"{peer:10.3f}{peer / max(ours, 1e-4):8.1f}" for peer in peers), flush=True)
	line("features", feature_seconds, numpy_seconds, pandas_seconds)
	line("scores, 200 trees", score_seconds, their_score, their_score)
	line("features and scores", feature_seconds + score_seconds, numpy_seconds + their_score, pandas_seconds + their_score)
	line("training, 200 trees", train_seconds, their_train, their_train)
	print(f"{'reading the file, of pandas':32}{'':28}{read_seconds:10.3f}")
	print(f"{'reference':32}{reference_seconds:10.3f}")
	ratio = (pandas_seconds + their_score) / (feature_seconds + score_seconds)
	minutes = 100000 / n * 365 / asked.days * (feature_seconds + score_seconds) / 2 / 60
	print(f"\n100,000 customer-years on two cores, extrapolated: {minutes:.1f} minutes")
	print(f"mark: features and scores at least 20 times as fast as pandas and scikit-learn: {'held' if ratio >= 20 else 'MISSED'} ({ratio:.1f})")
	print(f"mark: training within twice scikit-learn's time: {'held' if train_seconds <= 2 * their_train else 'MISSED'} ({train_seconds / their_train:.2f})")


if __name__ == "__main__":
	main()

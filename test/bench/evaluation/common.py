"""What the parts of the evaluation share: the data, the server, measures, the table of marks."""
import csv
import gzip
import io
import statistics
import subprocess
import sys


def rows(folder, name):
	"""the rows of a CSV file, gzipped or not, as dictionaries of texts"""
	csv.field_size_limit(1 << 30)
	opened = gzip.open if name.endswith(".gz") else open
	with opened(f"{folder}/{name}", "rt", newline="") as file:
		yield from csv.DictReader(file)


def psql(script):
	"""runs a script; returns its rows as lists of texts ('' where NULL)"""
	done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--csv", "--tuples-only"], input=script, text=True,
						  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	if done.returncode != 0:
		sys.exit(done.stderr)
	return list(csv.reader(io.StringIO(done.stdout)))


def copy(table, lines):
	"""fills a table by COPY from an iterable of rows; None is NULL"""
	pipe = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", f"COPY {table} FROM STDIN (FORMAT csv)"],
							stdin=subprocess.PIPE, text=True)
	writer = csv.writer(pipe.stdin)
	for line in lines:
		writer.writerow(["" if cell is None else cell for cell in line])
	pipe.stdin.close()
	if pipe.wait() != 0:
		sys.exit(f"{table} could not be filled")


def numbers(text):
	"""the values of an array of numbers as psql prints it"""
	return [None if value == "NULL" else float(value) for value in text.strip("{}").split(",")]


def literal(values):
	"""the array of numbers that psql reads"""
	return "{" + ",".join("NULL" if value is None else repr(value) for value in values) + "}"


def mase(history, came, said, cycle):
	"""the mean absolute error over that of "as a cycle ago" in the history"""
	scale = statistics.fmean(abs(a - b) for a, b in zip(history[cycle:], history) if a is not None and b is not None)
	return statistics.fmean(abs(a - b) for a, b in zip(came, said)) / scale


def _ranked(labels, scores):
	"""(label, weight of its place) by falling score; equal scores share their places"""
	return sorted(zip(scores, labels), key=lambda pair: -pair[0])


def auc(labels, scores):
	"""area under the ROC curve: how often a positive is above a negative, equals count half"""
	order = sorted(zip(scores, labels))
	wins = below = i = 0
	while i < len(order):
		j = i
		while j < len(order) and order[j][0] == order[i][0]:
			j += 1
		positive = sum(1 for _, label in order[i:j] if label)
		negative = j - i - positive
		wins += positive * (below + negative / 2)
		below += negative
		i = j
	positives = len(order) - below
	return wins / (positives * below) if positives and below else float("nan")


def average_precision(labels, scores):
	"""the mean of precision over recall; rows of equal score come together, as in scikit-learn"""
	order = _ranked(labels, scores)
	positives = sum(1 for _, label in order if label)
	found = total = i = 0
	while i < len(order):
		j = i
		while j < len(order) and order[j][0] == order[i][0]:
			j += 1
		new = sum(1 for _, label in order[i:j] if label)
		found += new
		total += new * found / j
		i = j
	return total / positives if positives else float("nan")


def map_at(labels, scores, n):
	"""the mean of precision@k over the positives among the n highest scores"""
	found, precisions = 0, []
	for k, (_, label) in enumerate(_ranked(labels, scores)[:n], 1):
		if label:
			found += 1
			precisions.append(found / k)
	return sum(precisions) / len(precisions) if precisions else 0.0


class Marks:
	"""a table of figures beside a reference of the same run and a mark to hold"""

	def __init__(self):
		self.lines = []
		self.missed = 0

	def add(self, what, ours, reference=None, mark=None, least=True):
		"""least: the mark is a least value, else a greatest; without a mark the figure is only told"""
		held = ""
		if mark is not None:
			good = ours >= mark if least else ours <= mark
			held = "held" if good else "MISSED"
			self.missed += not good
		self.lines.append((what, f"{ours:.3f}", "" if reference is None else f"{reference:.3f}",
						   "" if mark is None else f"{'≥' if least else '≤'} {mark:.3f}", held))

	def show(self):
		"""prints the table; returns 1 where a mark is missed, for sys.exit()"""
		head = ("", "ours", "reference", "mark", "held?")
		wide = [max(len(line[i]) for line in [head, *self.lines]) for i in range(5)]
		for line in [head, *self.lines]:
			print("  ".join(cell.ljust(wide[i]) if i in (0, 4) else cell.rjust(wide[i]) for i, cell in enumerate(line)).rstrip(), flush=True)
		return 1 if self.missed else 0

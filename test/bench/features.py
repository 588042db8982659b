"""usage_features() in numpy, vectorised for each customer: to hold answers and speed against.

The same features in the same order from the same definitions (doc/theft.md), without those that need long histories of which there are none.
"""
import warnings

import numpy as np

warnings.simplefilter("ignore")


def log_share(x, least=0.02):
	return np.log(np.maximum(x, 0) + least)


def shift(x, margin):
	there = np.flatnonzero(~np.isnan(x))
	n = len(there)
	if n < 2 * margin:
		return np.nan, np.nan, np.nan
	v = x[there] - x[there].mean()
	k = np.arange(margin, n - margin + 1)
	before = np.cumsum(v)[k - 1]
	size = -before / (n - k) - before / k
	explained = size * size * k * (n - k) / n
	j = int(np.argmax(explained))
	if explained[j] <= 0:
		return 0.0, there[k[j]] / len(x), 0.0
	whole = (v * v).sum()
	rest = whole - explained[j]
	t = 1000.0 if rest <= whole * 1e-12 else min(1000.0, np.sqrt(explained[j] * (n - 2) / rest))
	return np.copysign(np.log1p(t), size[j]), there[k[j]] / len(x), size[j]


def correlation(a, b):
	both = ~(np.isnan(a) | np.isnan(b))
	if both.sum() < 3:
		return np.nan
	a, b = a[both] - a[both].mean(), b[both] - b[both].mean()
	below = np.sqrt((a * a).sum() * (b * b).sum())
	return (a * b).sum() / below if below > 0 else np.nan


def row_correlation(x, shape):
	a = x - np.nanmean(x, 1, keepdims=True)
	b = np.where(np.isnan(x), np.nan, shape)
	b = b - np.nanmean(b, 1, keepdims=True)
	below = np.sqrt(np.nansum(a * a, 1) * np.nansum(b * b, 1))
	return np.where(below > 0, np.nansum(a * b, 1) / below, np.nan)


def longest(mask):
	step = np.diff(np.r_[0, mask.astype(np.int8), 0])
	start, end = np.flatnonzero(step == 1), np.flatnonzero(step == -1)
	return (int((end - start).max()) if len(start) else 0), len(start)


def features(kwh, slots, weekday, usual_day, usual_shape):
	"""kwh: whole days of slots, NaN where missing; weekday of the first, Monday 0; the reference, of the same days"""
	days = len(kwh) // slots
	x = kwh.reshape(days, slots)
	there = ~np.isnan(x)
	have = there.sum(1)
	enough = have * 2 >= slots
	mean = np.nanmean(kwh)
	day = np.where(enough, np.nanmean(x, 1), np.nan) / mean
	xd = np.where(enough[:, None], x, np.nan)
	hours = 24 / slots
	thirds = [slice(0, days // 3), slice(days // 3, days - days // 3), slice(days - days // 3, days)]
	values = kwh[~np.isnan(kwh)] / mean
	known = day[~np.isnan(day)]
	out = [np.log(mean * slots + 0.001)]
	out += list(log_share(np.quantile(values, (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.99))))
	out += [log_share(values.max()), log_share(values.std()), log_share(known.std()), log_share(known.min())]
	out += [log_share(np.quantile(known, 0.1)), log_share(np.quantile(known, 0.9)), log_share(known.max())]
	zero = kwh == 0
	run, runs = longest(zero)
	out += [zero.sum() / len(values), log_share(run * hours), runs / days]
	equal = np.r_[False, (np.diff(kwh) == 0) & (kwh[1:] != 0)]
	out += [equal.sum() / len(values), log_share(longest(equal)[0] * hours)]
	low, high = np.nanmin(xd, 1), np.nanmax(xd, 1)
	out.append(np.mean((high - low <= 0.1 * day * mean)[enough]))
	out.append(log_share(longest(np.isnan(kwh))[0] * hours))
	out += [1 - there[third].mean() for third in thirds]

	level = log_share(day, 0.05)
	daily = np.where(day > 0, day * mean, np.nan)
	hour = np.arange(slots) * hours
	a = xd - (day * mean)[:, None]
	squares = np.nansum(a * a, 1)
	series = {
		"level": level,
		"minimum": log_share(low / mean), "maximum": log_share(high / mean),
		"zeros": np.where(enough, (xd == 0).sum(1) / have, np.nan),
		"variation": np.nanstd(xd, 1) / daily,
		"roughness": np.nanmean(np.abs(np.diff(xd, axis=1)), 1) / daily,
		"autocorrelation": np.where(squares > 0, np.nansum(a[:, 1:] * a[:, :-1], 1) / squares, np.nan),
		"night": np.nansum(xd[:, hour < 5], 1) / (daily * have),
		"evening": np.nansum(xd[:, (hour >= 17) & (hour < 22)], 1) / (daily * have),
		"relative": level - log_share(usual_day, 0.05),
		"likeness": row_correlation(xd, usual_shape),
	}
	margin = max(days // 10, 3)
	for name, one in series.items():
		m = np.nanmean(one)
		out += [*shift(one, margin), log_share(m) if name in ("variation", "roughness") else m, np.nanstd(one)]

	def change(one):
		return np.nanmean(one[thirds[2]]) - np.nanmean(one[thirds[0]])
	out += [log_share(np.nanmean(day[thirds[2]]), 0.05) - log_share(np.nanmean(day[thirds[0]]), 0.05), change(series["variation"]), change(series["relative"])]
	first, _, last = (np.nanmean(xd[third], 0) for third in thirds)
	shape = np.nanmean(xd, 0)
	c, r = correlation(first, last), correlation(first, last[::-1])
	out += [c, r, c - r, correlation(first, usual_shape)]
	c, r = correlation(last, usual_shape), correlation(last[::-1], usual_shape)
	out += [c, r, c - r, correlation(shape, usual_shape), correlation(shape[::-1], usual_shape)]
	out += [correlation(level[:-1], level[1:]), correlation(level[:-7], level[7:]), correlation(level, log_share(usual_day, 0.05))]
	out.append(np.polyfit((np.arange(days) / days)[enough], known, 1)[0])
	rest = (np.arange(days) + weekday) % 7 >= 5
	out.append(log_share(np.nanmean(day[rest]) / np.nanmean(day[~rest])))

	def bands(one):
		return np.array([np.nanmean(one[i * slots // 8:(i + 1) * slots // 8]) for i in range(8)]) / np.nanmean(one)
	out += list(bands(shape)) + list(bands(last) - bands(first))
	out += [log_share(np.nanmean(day[-n:])) if days > n else np.nan for n in (30, 90, 180)] + [np.nan]
	out += [log_share(np.nanmean(day[days - 30 * (i + 1):days - 30 * i])) if days >= 30 * (i + 1) else np.nan for i in range(36)]
	return out + [np.nan, np.nan]

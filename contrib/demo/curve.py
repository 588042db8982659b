#!/usr/bin/env python3
"""Draws a month's load curve as SVG, with the time-of-use periods of its tariff.

    curve.py TARIFF.json TITLE_ZH TITLE_EN <kilowatts >curve.svg

Input is one mean power in kW a line, a quarter-hour each, from the month's first midnight; the
month is that of the tariff's `valid.from`.
"""
import datetime
import json
import sys

PERIODS = {                             # fill, strong colour, names
    "sharp": ("#fde0dd", "#c9302c", "尖峰", "sharp"),
    "peak": ("#fdeccf", "#e08a1e", "高峰", "peak"),
    "flat": ("#e6f2e2", "#5b9f4b", "平段", "flat"),
    "valley": ("#e1ebf7", "#3f78b8", "低谷", "valley")}
WEEKDAYS = "一二三四五六日"
INK, FAINT, LINE, AREA = "#22303c", "#8896a3", "#1f4e79", "#2f6ea5"


def minutes(text):
    return int(text[:2]) * 60 + int(text[3:])


def period_of(tariff, month, minute):
    """The period of a minute of a day in that month: windows with months, seasons and times only."""
    rest = None
    for name, windows in tariff["periods"].items():
        if windows == "else":
            rest = name
            continue
        for window in windows:
            if "season" in window:
                season = tariff["seasons"][window["season"]]
                named = [m for s in tariff["seasons"].values() if s != "else" for m in s["months"]]
                if (month in named) if season == "else" else (month not in season["months"]):
                    continue
            begin, end = minutes(window.get("from", "00:00")), minutes(window.get("to", "24:00"))
            if begin <= minute < end or end <= begin and (minute >= begin or minute < end):
                return name
    return rest


def nice_top(value):
    """The least of 1, 2, 2.5, 4, 5, 8 times a power of ten above the value."""
    power = 1
    while power * 10 <= value:
        power *= 10
    return next(power * f for f in (1, 2, 2.5, 4, 5, 8, 10) if power * f >= value * 1.04)


class Picture:
    def __init__(self, width, height):
        self.out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" '
                    'font-family="\'Noto Sans CJK SC\',\'Source Han Sans SC\',\'PingFang SC\',\'Microsoft YaHei\','
                    '\'WenQuanYi Micro Hei\',sans-serif">' % (width, height, width, height),
                    '<rect width="100%" height="100%" fill="#ffffff"/>']

    def add(self, text, *values):
        self.out.append(text % values)

    def text(self, x, y, text, size=13, fill=INK, anchor="start", weight="normal"):
        text = text.replace("&", "&amp;").replace("<", "&lt;")
        self.add('<text x="%.1f" y="%.1f" font-size="%g" fill="%s" text-anchor="%s" font-weight="%s">%s</text>',
                 x, y, size, fill, anchor, weight, text)

    def rect(self, x, y, w, h, fill, extra=""):
        self.add('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" %s/>', x, y, w, h, fill, extra)

    def line(self, x1, y1, x2, y2, stroke, width=1.0, extra=""):
        self.add('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%g" %s/>',
                 x1, y1, x2, y2, stroke, width, extra)

    def curve(self, points, bottom, width):
        path = " L".join("%.1f %.1f" % p for p in points)
        self.add('<path d="M%.1f %.1f L%s L%.1f %.1f Z" fill="%s" fill-opacity="0.18"/>',
                 points[0][0], bottom, path, points[-1][0], bottom, AREA)
        self.add('<path d="M%s" fill="none" stroke="%s" stroke-width="%g" stroke-linejoin="round"/>', path, LINE, width)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        tariff = json.load(file)
    first = datetime.date.fromisoformat(tariff["valid"]["from"])
    kw = [float(line) for line in sys.stdin]
    days = len(kw) // 96
    periods = [period_of(tariff, first.month, 15 * slot) for slot in range(96)]
    peak = max(range(len(kw)), key=kw.__getitem__)
    peak_day, peak_slot = divmod(peak, 96)
    top = nice_top(kw[peak])
    energy = {name: sum(kw[i] for i in range(len(kw)) if periods[i % 96] == name) / 4 for name in PERIODS}
    total = sum(energy.values())
    p = Picture(1200, 860)

    p.text(60, 52, "%s  %d年%d月负荷曲线" % (sys.argv[2], first.year, first.month), 25, weight="bold")
    p.text(60, 80, "%s, load curve of %s" % (sys.argv[3], first.strftime("%B %Y")), 15, FAINT)
    p.text(1150, 52, "{:,.0f} kWh".format(total), 22, anchor="end", weight="bold")
    p.text(1150, 80, "最大需量 peak {:,.0f} kW · 负荷率 load factor {:.0f} %".format(kw[peak], 100 * total / (kw[peak] * len(kw) / 4)),
           14, FAINT, "end")

    def axes(left, width, y, height, step):
        for i in range(step + 1):
            at = y + height - height * i / step
            p.line(left, at, left + width, at, "#ffffff" if i else FAINT, 1.2 if i else 1)
            p.text(left - 8, at + 4.5, "{:,.0f}".format(top * i / step), 12, FAINT, "end")
        p.text(left - 8, y - 14, "kW", 12, FAINT, "end")

    # the month
    left, width, y, height = 90, 1060, 128, 215
    for day in range(days):
        date = first + datetime.timedelta(day)
        weekend = date.weekday() >= 5
        p.rect(left + width * day / days, y, width / days, height, "#eceff2" if weekend else "#f6f8f9")
        middle = left + width * (day + 0.5) / days
        p.text(middle, y + height + 18, str(date.day), 12, INK if day == peak_day else FAINT, "middle",
               "bold" if day == peak_day else "normal")
        p.text(middle, y + height + 33, WEEKDAYS[date.weekday()], 10.5, "#b4564f" if weekend else FAINT, "middle")
    axes(left, width, y, height, 4)
    p.text(left, y - 14, "全月 · the month", 14, weight="bold")
    p.rect(left + width * peak_day / days, y, width / days, height, "none",
           'stroke="%s" stroke-width="1.4" rx="3"' % PERIODS["sharp"][1])
    p.curve([(left + width * (i + 0.5) / len(kw), y + height - height * v / top) for i, v in enumerate(kw)],
            y + height, 0.9)

    # the day of the peak
    day = kw[peak_day * 96:peak_day * 96 + 96]
    date = first + datetime.timedelta(peak_day)
    y, height = 470, 268
    p.text(left, y - 42, "最大需量日 %d月%d日（周%s）· the day of the peak, %s"
           % (date.month, date.day, WEEKDAYS[date.weekday()], date.strftime("%A %d %B")), 14, weight="bold")
    begin = 0
    for slot in range(1, 97):
        if slot == 96 or periods[slot] != periods[begin]:
            fill, strong, zh, en = PERIODS[periods[begin]]
            x, w = left + width * begin / 96, width * (slot - begin) / 96
            p.rect(x, y, w, height, fill)
            p.rect(x, y - 28, w, 28, strong, 'fill-opacity="0.85" stroke="#ffffff" stroke-width="1"')
            p.text(x + w / 2, y - 9, "%s %s" % (zh, en), 12.5, "#ffffff", "middle", "bold")
            begin = slot
    axes(left, width, y, height, 4)
    p.curve([(left + width * (i + 0.5) / 96, y + height - height * v / top) for i, v in enumerate(day)], y + height, 2.2)
    x, at = left + width * (peak_slot + 0.5) / 96, y + height - height * kw[peak] / top
    p.line(left, at, left + width, at, PERIODS["sharp"][1], 1, 'stroke-dasharray="5 4" stroke-opacity="0.7"')
    p.line(x, at, x, y + height, PERIODS["sharp"][1], 1, 'stroke-dasharray="2 3"')
    p.add('<circle cx="%.1f" cy="%.1f" r="5.5" fill="%s" stroke="#ffffff" stroke-width="2"/>', x, at, PERIODS["sharp"][1])
    side = "end" if peak_slot > 60 else "start"
    p.text(x + (-12 if side == "end" else 12), at - 9, "{:,.1f} kW  {:02d}:{:02d}".format(
        kw[peak], peak_slot // 4, peak_slot % 4 * 15), 15, PERIODS["sharp"][1], side, "bold")
    for hour in range(0, 25, 2):
        at = left + width * hour / 24
        p.line(at, y + height, at, y + height + 5, FAINT)
        p.text(at, y + height + 20, "%02d:00" % hour, 12, FAINT, "middle")

    # energy by period
    y, x = 792, left
    p.text(left - 8, y + 17, "kWh", 12, FAINT, "end")
    for name, (fill, strong, zh, en) in PERIODS.items():
        w = width * energy[name] / total
        p.rect(x, y, w, 26, strong, 'stroke="#ffffff" stroke-width="1.5"')
        label = "{} {:,.0f} · {:.0f} %".format(zh, energy[name], 100 * energy[name] / total)
        if w > 120:
            p.text(x + w / 2, y + 18, label, 13, "#ffffff", "middle", "bold")
        else:
            p.text(x + w / 2, y + 43, label, 12, strong, "middle")
        x += w
    p.out.append("</svg>")
    sys.stdout.write("\n".join(p.out) + "\n")


if __name__ == "__main__":
    main()

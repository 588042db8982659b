-- The best plain SQL found for the heavy tariff over rows of readings, in bigint throughout: one
-- walk over each meter's slots in the order of time (the primary key's, so nothing is
-- sorted), sums by meter and period, then the lines.
SELECT count(*) AS n, sum(total) AS total, sum(total * (meter_id % 1009 + 1)) AS mix, sum(demand_w) AS demand
FROM (SELECT meter_id, peak * 2 AS demand_w,
             energy + (balancing + 5000000) / 10000000
             - CASE WHEN feed_in < 0 THEN -((500000 - feed_in) / 1000000) ELSE (feed_in + 500000) / 1000000 END
             + (peak * 2 * 3800 + 500) / 1000 AS total
      FROM (SELECT meter_id, max(peak) AS peak, sum(balancing)::bigint AS balancing, sum(feed_in)::bigint AS feed_in,
                   sum((t1 * p + 500000) / 1000000 + (t2 * (p + 5000) + 500000) / 1000000
                       + (t3 * (p + 30000) + 500000) / 1000000)::bigint AS energy
            FROM (SELECT meter_id, period, max(own + before) AS peak,
                         sum(own * (price + 10000))::bigint AS balancing, sum(other * price)::bigint AS feed_in,
                         sum(least(own, greatest(180000 - (counted - own), 0)))::bigint AS t1,
                         sum(greatest(least(counted, 400000) - greatest(counted - own, 180000), 0))::bigint AS t2,
                         sum(greatest(counted - greatest(counted - own, 400000), 0))::bigint AS t3
                  FROM (SELECT meter_id, period, price, own, other, sum(own) OVER slots AS counted,
                               lag(own, 1, 0) OVER slots AS before
                        FROM (SELECT meter_id, ts, period, price, greatest(wh_in - wh_out, 0) AS own, greatest(wh_out - wh_in, 0) AS other
                              FROM heavy_readings JOIN heavy_calendar USING (ts)
                              WHERE ts >= '2026-05-17 00:00:00+08' AND ts < '2026-06-16 00:00:00+08' OFFSET 0) r
                        WINDOW slots AS (PARTITION BY meter_id ORDER BY ts)) w
                  GROUP BY meter_id, period) g
            JOIN (VALUES (0, 134617), (1, 107694), (2, 64103), (3, 30769)) t(period, p) USING (period)
            GROUP BY meter_id) m) b

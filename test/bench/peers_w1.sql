-- The best plain SQL found for W1 over rows of readings, in bigint throughout: sums by
-- meter and period in one pass, then the lines.  PostgreSQL and DuckDB (with its
-- integer division) run the same text.
SELECT count(*) AS n, sum(total) AS total, sum(total * (meter_id % 1009 + 1)) AS mix, sum(demand_w) AS demand
FROM (SELECT meter_id, e0 + e1 + e2 + e3 + t2 + t3 + s1 + s2 + s3 + s4 + s5 AS total, peak * 4 AS demand_w
      FROM (SELECT meter_id,
                   (w0 * p0 + 500000) / 1000000 AS e0,
                   (w1 * p1 + 500000) / 1000000 AS e1,
                   (w2 * p2 + 500000) / 1000000 AS e2,
                   (w3 * p3 + 500000) / 1000000 AS e3,
                   (greatest(least(wh, from3) - from2, 0) * add2 + 500000) / 1000000 AS t2,
                   (greatest(wh - from3, 0) * add3 + 500000) / 1000000 AS t3,
                   (wh * c1 + 500000) / 1000000 AS s1,
                   (wh * c2 + 500000) / 1000000 AS s2,
                   (wh * c3 + 500000) / 1000000 AS s3,
                   (wh * c4 + 500000) / 1000000 AS s4,
                   (wh * c5 + 500000) / 1000000 AS s5,
                   peak
            FROM (SELECT q.*, w0 + w1 + w2 + w3 AS wh
                  FROM (SELECT meter_id,
                               coalesce(sum(wh) FILTER (WHERE period = 0), 0)::bigint AS w0,
                               coalesce(sum(wh) FILTER (WHERE period = 1), 0)::bigint AS w1,
                               coalesce(sum(wh) FILTER (WHERE period = 2), 0)::bigint AS w2,
                               coalesce(sum(wh) FILTER (WHERE period = 3), 0)::bigint AS w3,
                               max(peak) AS peak
                        FROM (SELECT meter_id, period, sum(wh) AS wh, max(wh) AS peak
                              FROM readings JOIN calendar USING (ts)
                              WHERE ts >= '2026-05-17 00:00:00+08' AND ts < '2026-06-16 00:00:00+08'
                              GROUP BY meter_id, period) g
                        GROUP BY meter_id) q) s
                 CROSS JOIN tariff) l) r

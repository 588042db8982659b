-- forest: trees that tell judged cases apart, or find odd ones without judgement.
SET search_path = public, billing;
\set VERBOSITY terse
-- numbers like random ones, the same everywhere
CREATE TABLE seen AS
SELECT i, a, b, CASE WHEN i % 9 = 0 THEN NULL ELSE c END AS c,
	   (a - 0.5) ^ 2 + (b - 0.5) ^ 2 < 0.06 OR (c > 0.8 AND i % 9 = 0) AS stolen
  FROM (SELECT i, hashint4(i)::bigint % 1000 / 2000.0 + 0.5 AS a, hashint4(i + 100000)::bigint % 1000 / 2000.0 + 0.5 AS b,
			   hashint4(i + 200000)::bigint % 1000 / 2000.0 + 0.5 AS c FROM generate_series(1, 1500) i) q;
CREATE TABLE model AS
SELECT train_forest(stolen, ARRAY[a, b, c], '{"trees": 50, "features": ["level", "夜间", "shift"]}') AS forest FROM seen WHERE i <= 1000;

SELECT forest::jsonb - 'slope' - 'intercept' FROM model;
-- scores of rows it has not seen tell them apart
SELECT stolen, round(avg(score(forest, ARRAY[a, b, c]))::numeric, 1) AS score, round(avg(probability(forest, ARRAY[a, b, c]))::numeric, 1) AS probability
  FROM seen, model WHERE i > 1000 GROUP BY stolen ORDER BY stolen;
-- contributions and the base are the score; importance is shared out
SELECT abs(sum(contribution) - min(score(forest, '{0.5,0.5,NULL}'))) < 1e-9 AS adds_up, count(*) FILTER (WHERE feature IS NULL) AS base
  FROM model, contributions(forest, '{0.5,0.5,NULL}');
SELECT feature, value FROM model, contributions(forest, '{0.5,0.25,NULL}');
SELECT round(sum(importance)::numeric, 9), min(feature) FILTER (WHERE importance < 0.25) AS least FROM model, importance(forest);

-- the same in any order, by workers, through text and binary
SELECT (SELECT train_forest(stolen, ARRAY[a, b, c], '{"trees": 50, "features": ["level", "夜间", "shift"]}') FROM (SELECT * FROM seen WHERE i <= 1000 ORDER BY a) q)::text
	   = forest::text AS any_order FROM model;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT train_forest(stolen, ARRAY[a, b, c], '{"trees": 50, "features": ["level", "夜间", "shift"]}')::text = (SELECT forest::text FROM model) AS by_workers FROM seen WHERE i <= 1000;
RESET max_parallel_workers_per_gather;
SELECT forest::text::forest::text = forest::text AS by_text FROM model;
SET bytea_output = escape;
SELECT left(forest::text, 6) FROM model;
RESET bytea_output;
COPY model TO PROGRAM 'cat >regress_forest' (FORMAT binary);
CREATE TABLE again (forest forest);
COPY again FROM PROGRAM 'cat regress_forest && rm regress_forest' (FORMAT binary);
SELECT a.forest::text = m.forest::text AS by_copy FROM again a, model m;
-- another seed is another forest
SELECT train_forest(stolen, ARRAY[a, b, c], '{"trees": 50, "seed": 2}')::text <> min(forest::text) AS another FROM seen, model WHERE i <= 1000;

-- without labels: what is cut off early is apart
SELECT score(forest, '{0.5,0.5}') < 0.5 AS usual, score(forest, '{9,9}') > 0.6 AS apart
  FROM (SELECT train_isolation_forest(ARRAY[a, b], '{"trees": 50, "sample": 64}') AS forest FROM (SELECT a, b FROM seen UNION ALL VALUES (9, 9)) q) f;
SELECT train_isolation_forest(ARRAY[a, b])::jsonb - 'training_digest' FROM seen;

-- what teaches nothing is passed over
SELECT (train_forest(CASE WHEN i < 100 THEN stolen END, CASE WHEN i > 3 THEN ARRAY[a, b] END, '{"trees": 1}')::jsonb) -> 'rows' AS rows FROM seen;
SELECT train_forest(NULL, ARRAY[1.0]) IS NULL AS no_rows;
-- several forests in one statement
SELECT n, round(score(train_forest(stolen, ARRAY[a, b, c], '{"trees": 20}'), '{0.5,0.5,0}')::numeric, 0) FROM seen, generate_series(0, 1) n WHERE i % 2 = n GROUP BY n ORDER BY n;

-- errors
SELECT score(forest, '{1,2}') FROM model;
SELECT score(forest, '{1,2,Infinity}') FROM model;
SELECT score(forest, '{{1,2,3}}') FROM model;
SELECT train_forest(stolen, CASE WHEN i = 9 THEN ARRAY[a] ELSE ARRAY[a, b] END) FROM seen;
SELECT train_forest(stolen, '{}'::float8[]) FROM seen;
SELECT train_forest(stolen, ARRAY[a], '{"tree": 3}') FROM seen;
SELECT train_forest(stolen, ARRAY[a], '{"trees": 0}') FROM seen;
SELECT train_forest(stolen, ARRAY[a], '{"trees": 1.5}') FROM seen;
SELECT train_forest(stolen, ARRAY[a], '{"leaf": "x"}') FROM seen;
SELECT train_forest(stolen, ARRAY[a], '{"share": 0}') FROM seen;
SELECT train_forest(stolen, ARRAY[a], '{"calibrate": 1}') FROM seen;
SELECT train_forest(stolen, ARRAY[a], '{"features": ["x", "y"]}') FROM seen;
SELECT train_forest(stolen, ARRAY[a], jsonb_build_object('seed', i)) FROM seen;
SELECT train_forest(stolen, ARRAY[a], '[]') FROM seen;
SELECT train_isolation_forest(ARRAY[a], '{"leaf": 3}') FROM seen;
SELECT '\x'::forest;
SELECT '\x02'::forest;
SELECT 'x'::forest;
DROP TABLE seen, model, again;

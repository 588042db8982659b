-- Tree ensembles: learnt from judged cases, or from none, over any numbers.

CREATE FUNCTION billing._forest_step(internal, boolean, double precision[])
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_forest_step';
COMMENT ON FUNCTION billing._forest_step(internal, boolean, double precision[]) IS 'step of train_forest()';
REVOKE ALL ON FUNCTION billing._forest_step(internal, boolean, double precision[]) FROM PUBLIC;

CREATE FUNCTION billing._forest_step(internal, boolean, double precision[], jsonb)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_forest_step';
COMMENT ON FUNCTION billing._forest_step(internal, boolean, double precision[], jsonb) IS 'step of train_forest()';
REVOKE ALL ON FUNCTION billing._forest_step(internal, boolean, double precision[], jsonb) FROM PUBLIC;

CREATE FUNCTION billing._isolation_step(internal, double precision[])
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_isolation_step';
COMMENT ON FUNCTION billing._isolation_step(internal, double precision[]) IS 'step of train_isolation_forest()';
REVOKE ALL ON FUNCTION billing._isolation_step(internal, double precision[]) FROM PUBLIC;

CREATE FUNCTION billing._isolation_step(internal, double precision[], jsonb)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_isolation_step';
COMMENT ON FUNCTION billing._isolation_step(internal, double precision[], jsonb) IS 'step of train_isolation_forest()';
REVOKE ALL ON FUNCTION billing._isolation_step(internal, double precision[], jsonb) FROM PUBLIC;

CREATE FUNCTION billing._forest_combine(internal, internal)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_forest_combine';
COMMENT ON FUNCTION billing._forest_combine(internal, internal) IS 'the rows of two workers together';
REVOKE ALL ON FUNCTION billing._forest_combine(internal, internal) FROM PUBLIC;

CREATE FUNCTION billing._forest_serialize(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_forest_serialize';
COMMENT ON FUNCTION billing._forest_serialize(internal) IS 'the rows of a worker as bytes';
REVOKE ALL ON FUNCTION billing._forest_serialize(internal) FROM PUBLIC;

CREATE FUNCTION billing._forest_deserialize(bytea, internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_forest_deserialize';
COMMENT ON FUNCTION billing._forest_deserialize(bytea, internal) IS 'the rows of a worker again';
REVOKE ALL ON FUNCTION billing._forest_deserialize(bytea, internal) FROM PUBLIC;

CREATE FUNCTION billing._forest_final(internal)
RETURNS billing.forest
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_forest_final';
COMMENT ON FUNCTION billing._forest_final(internal) IS 'grows the trees of train_forest()';
REVOKE ALL ON FUNCTION billing._forest_final(internal) FROM PUBLIC;

CREATE FUNCTION billing._isolation_final(internal)
RETURNS billing.forest
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_isolation_final';
COMMENT ON FUNCTION billing._isolation_final(internal) IS 'grows the trees of train_isolation_forest()';
REVOKE ALL ON FUNCTION billing._isolation_final(internal) FROM PUBLIC;

CREATE AGGREGATE billing.train_forest(label boolean, features double precision[]) (
	SFUNC = billing._forest_step,
	STYPE = internal,
	COMBINEFUNC = billing._forest_combine,
	SERIALFUNC = billing._forest_serialize,
	DESERIALFUNC = billing._forest_deserialize,
	FINALFUNC = billing._forest_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.train_forest(boolean, double precision[]) IS
'train_forest(label, features, options) with its usual options';

CREATE AGGREGATE billing.train_forest(label boolean, features double precision[], options jsonb) (
	SFUNC = billing._forest_step,
	STYPE = internal,
	COMBINEFUNC = billing._forest_combine,
	SERIALFUNC = billing._forest_serialize,
	DESERIALFUNC = billing._forest_deserialize,
	FINALFUNC = billing._forest_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.train_forest(boolean, double precision[], jsonb) IS
'extremely randomised trees that tell rows with label true from those with false; rows without a label or without features are passed '
'over; the same rows, options and seed give the same forest in any order of the rows, on any machine. Options: trees (200), seed (1), '
'leaf (2, the fewest rows of a leaf), share (0.3, of the features each cut may choose from), calibrate (true: scores to probabilities by rows '
'left out), features (their names). NULL or NaN in features is a missing value, which counts as such';

CREATE AGGREGATE billing.train_isolation_forest(features double precision[]) (
	SFUNC = billing._isolation_step,
	STYPE = internal,
	COMBINEFUNC = billing._forest_combine,
	SERIALFUNC = billing._forest_serialize,
	DESERIALFUNC = billing._forest_deserialize,
	FINALFUNC = billing._isolation_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.train_isolation_forest(double precision[]) IS
'train_isolation_forest(features, options) with its usual options';

CREATE AGGREGATE billing.train_isolation_forest(features double precision[], options jsonb) (
	SFUNC = billing._isolation_step,
	STYPE = internal,
	COMBINEFUNC = billing._forest_combine,
	SERIALFUNC = billing._forest_serialize,
	DESERIALFUNC = billing._forest_deserialize,
	FINALFUNC = billing._isolation_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.train_isolation_forest(double precision[], jsonb) IS
'trees that find rows apart from the rest, without labels: random cuts set them apart early. Options: trees (100), seed (1), sample (256, rows a '
'tree sees), features (their names)';

CREATE FUNCTION billing.score(forest billing.forest, features double precision[])
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_forest_score';
COMMENT ON FUNCTION billing.score(billing.forest, double precision[]) IS
'what the trees say of a row, 0 to 1: the mean share of true labels in its leaves; of an isolation forest how far apart it is, above 0.5 more than most';

CREATE FUNCTION billing.probability(forest billing.forest, features double precision[])
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_forest_probability';
COMMENT ON FUNCTION billing.probability(billing.forest, double precision[]) IS
'the score as the probability that the label is true, by Platt''s scaling; of a forest without calibration the score';

CREATE FUNCTION billing.contributions(forest billing.forest, features double precision[])
RETURNS TABLE (feature text, value real, contribution double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_forest_contributions';
COMMENT ON FUNCTION billing.contributions(billing.forest, double precision[]) IS
'how far each feature moved the score of a row from that of all rows (the row without a feature): together they are the score. Of an isolation '
'forest they are lengths of path: what is below zero sets the row apart';

CREATE FUNCTION billing.importance(forest billing.forest)
RETURNS TABLE (feature text, importance double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_forest_importance';
COMMENT ON FUNCTION billing.importance(billing.forest) IS
'the share of each feature in all that the cuts told apart (Gini), together 1; of an isolation forest in the number of cuts';

CREATE FUNCTION billing.jsonb(billing.forest)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_forest_to_jsonb';
COMMENT ON FUNCTION billing.jsonb(billing.forest) IS 'what a forest is: kind, trees, seed, rows, training_digest, features, calibration';

CREATE CAST (billing.forest AS jsonb) WITH FUNCTION billing.jsonb(billing.forest);
COMMENT ON CAST (billing.forest AS jsonb) IS 'what a forest is, without its trees';

CREATE FUNCTION billing.ranking_quality(labels boolean[], scores double precision[], first integer DEFAULT 100,
	OUT auc double precision, OUT average_precision double precision, OUT map_first double precision)
RETURNS record
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH ranked AS (
		SELECT u.label, u.score, row_number() OVER (ORDER BY u.score DESC, u.label) AS place FROM unnest(ranking_quality.labels, ranking_quality.scores) u(label, score)
		 WHERE u.label IS NOT NULL AND u.score IS NOT NULL),
	-- equal scores share their place
	tie AS (SELECT r.score, count(*) FILTER (WHERE r.label) AS positive, count(*) AS rows FROM ranked r GROUP BY r.score),
	run AS (SELECT t.*, sum(t.positive) OVER w AS found, sum(t.rows) OVER w AS seen FROM tie t WINDOW w AS (ORDER BY t.score DESC)),
	whole AS (SELECT sum(t.positive) AS positive, sum(t.rows) - sum(t.positive) AS negative FROM tie t),
	head AS (SELECT r.place, row_number() OVER (ORDER BY r.place) AS found FROM ranked r WHERE r.label AND r.place <= ranking_quality.first)
	SELECT (sum(r.positive * (w.negative - (r.seen - r.found) + (r.rows - r.positive) / 2.0)) / nullif(max(w.positive * w.negative), 0))::double precision,
		   (sum(r.positive * r.found / r.seen) / nullif(max(w.positive), 0))::double precision,
		   (SELECT avg(h.found::numeric / h.place)::double precision FROM head h)
	  FROM run r, whole w;
END;
COMMENT ON FUNCTION billing.ranking_quality(boolean[], double precision[], integer) IS
'how well scores rank what is true before what is not: auc, how often a true row is above a false one (0.5: by chance); average_precision, the mean of precision over recall; map_first, the mean of '
'precision@k over the true rows among the first highest. Rows without label or score are passed over';

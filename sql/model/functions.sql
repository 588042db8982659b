-- ---- what models look at ----

CREATE FUNCTION billing._usage_profile(account_id bigint, during daterange)
RETURNS billing.profile
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- of several lengths of slots the one with most readings
	SELECT billing.concat_agg(r.profile)
	  FROM billing.reading r
	 WHERE r.account_id = _usage_profile.account_id AND r.part = 'main' AND r.channel = 'import'
	   AND r.from_on >= lower(_usage_profile.during) AND r.until_on <= upper(_usage_profile.during) AND billing.unit(r.profile) = 'Wh'
	 GROUP BY billing.slot(r.profile), billing.time_zone(r.profile)
	 ORDER BY sum(r.until_on - r.from_on) DESC, billing.slot(r.profile), billing.time_zone(r.profile) LIMIT 1;
END;
COMMENT ON FUNCTION billing._usage_profile(bigint, daterange) IS 'the load profile of an account, over whole rows of readings within some days';

CREATE FUNCTION billing._usage_profiles(orgs bigint[], during daterange)
RETURNS TABLE (account_id bigint, org_id bigint, profile billing.profile)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT a.account_id, a.org_id, u.profile
	  FROM billing.account a CROSS JOIN LATERAL (SELECT billing._usage_profile(a.account_id, _usage_profiles.during) AS profile OFFSET 0) u
	 WHERE a.org_id = ANY (_usage_profiles.orgs) AND u.profile IS NOT NULL;
END;
COMMENT ON FUNCTION billing._usage_profiles(bigint[], daterange) IS 'the load profiles of the accounts of some orgs that have any';

CREATE FUNCTION billing._grid_slots(profile billing.profile)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH slot AS (SELECT (extract(epoch FROM billing.slot(_grid_slots.profile)) / 60)::integer AS minutes)
	SELECT 1440 / min(m) FROM slot, generate_series(slot.minutes, 1440, slot.minutes) m WHERE m >= 30 AND 1440 % m = 0;
END;
COMMENT ON FUNCTION billing._grid_slots(billing.profile) IS 'how many slots a day has for usage_features(), which adds up what is finer than half-hours';

CREATE FUNCTION billing._months_before(until_on date, months integer)
RETURNS daterange
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(isfinite(_months_before.until_on) AND _months_before.months BETWEEN 1 AND 60, false) THEN
		RAISE EXCEPTION 'a model looks at 1 to 60 months before a day' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN daterange((_months_before.until_on - make_interval(months => _months_before.months))::date, _months_before.until_on);
END $$;
COMMENT ON FUNCTION billing._months_before(date, integer) IS 'the days that a model looks at';

-- ---- models and labels ----

CREATE FUNCTION billing._model_of(code text)
RETURNS billing.model
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	model	billing.model;
BEGIN
	SELECT m.* INTO model FROM billing.model m WHERE m.code = _model_of.code;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('model %s', _model_of.code));
	END IF;
	RETURN model;
END $$;
COMMENT ON FUNCTION billing._model_of(text) IS 'a model by its code';

CREATE FUNCTION billing._model_version_of(code text, version integer)
RETURNS billing.model_version
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	model	billing.model := billing._model_of(_model_version_of.code);
	asked	billing.model_version;
BEGIN
	SELECT v.* INTO asked FROM billing.model_version v
	 WHERE v.model_id = model.model_id AND v.version = coalesce(_model_version_of.version, v.version) ORDER BY v.version DESC LIMIT 1;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'model % has no such version', model.code USING ERRCODE = 'no_data_found', HINT = 'Train it with train_model().';
	END IF;
	IF asked.forest::jsonb -> 'features' <> to_jsonb(billing.usage_feature_names()) THEN
		RAISE EXCEPTION 'version % of model % was trained on other features', asked.version, model.code
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Train it anew with train_model().';
	END IF;
	RETURN asked;
END $$;
COMMENT ON FUNCTION billing._model_version_of(text, integer) IS 'a version of a model, or its latest (null)';

CREATE FUNCTION billing.add_model(org_no text, code text, name text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: who may read readings may keep a model of them.
DECLARE
	at_org	bigint := billing._org_of(add_model.org_no, 'read', 'reading');
	made	bigint;
BEGIN
	PERFORM billing._given('add_model', org_no, code, name);
	INSERT INTO billing.model (org_id, code, name) VALUES (at_org, add_model.code, add_model.name) RETURNING model_id INTO made;
	PERFORM billing._audit(at_org, 'add_model', format('model %s', add_model.code), '{}');
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_model(text, text, text) IS
'a model that tells accounts of an org and those below it apart, by their readings: suspected theft, say; label_account() says what is known, train_model() learns; needs read on reading';

CREATE FUNCTION billing.label_account(code text, account_no text, label boolean, until_on date, source text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes for accounts that the caller may write.
DECLARE
	account	bigint := billing._account_of(label_account.account_no, 'write', 'account');
	model	billing.model := billing._model_of(label_account.code);
	at_org	bigint;
BEGIN
	PERFORM billing._given('label_account', code, account_no, label, until_on, source);
	SELECT a.org_id INTO at_org FROM billing.account a WHERE a.account_id = account FOR KEY SHARE;
	INSERT INTO billing.model_label (account_id, model_id, until_on, org_id, label, source)
	VALUES (account, model.model_id, label_account.until_on, at_org, label_account.label, label_account.source)
	    ON CONFLICT ON CONSTRAINT model_label_pkey DO UPDATE SET label = excluded.label, source = excluded.source, set_by = excluded.set_by, set_at = excluded.set_at;
	PERFORM billing._audit(at_org, 'label_account', format('account %s', label_account.account_no),
		jsonb_build_object('model', label_account.code, 'label', label_account.label, 'until_on', label_account.until_on, 'source', label_account.source));
END $$;
COMMENT ON FUNCTION billing.label_account(text, text, boolean, date, text) IS
'what an account was found to be, for a model to learn from: its readings before until_on show it; again for the same day corrects it; needs write on account';

-- ---- training ----

CREATE FUNCTION billing._model_rows(model_id bigint, orgs bigint[], until_on date, months integer, reference jsonb)
RETURNS TABLE (account_id bigint, label boolean, features double precision[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	-- the last that is known of each; readings up to the day on which it was
	WITH known AS MATERIALIZED (
		SELECT DISTINCT ON (l.account_id) l.account_id, l.label, l.until_on FROM billing.model_label l
		 WHERE l.model_id = _model_rows.model_id AND l.org_id = ANY (_model_rows.orgs) AND l.until_on <= _model_rows.until_on
		 ORDER BY l.account_id, l.until_on DESC)
	SELECT k.account_id, k.label, billing.usage_features(u.profile, _model_rows.reference)
	  FROM known k CROSS JOIN LATERAL (SELECT billing._usage_profile(k.account_id, billing._months_before(k.until_on, _model_rows.months)) AS profile OFFSET 0) u
	 WHERE billing._grid_slots(u.profile) = jsonb_array_length(_model_rows.reference -> 'shape');
END;
COMMENT ON FUNCTION billing._model_rows(bigint, bigint[], date, integer, jsonb) IS 'the rows that a model learns from: features of accounts with a label';

CREATE FUNCTION billing._model_reference(orgs bigint[], during daterange)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- a thousand is plenty; which ones does not depend on how they lie in the table
	WITH used AS MATERIALIZED (
		SELECT u.profile, billing._grid_slots(u.profile) AS slots
		  FROM (SELECT a.account_id FROM billing.account a
				 WHERE a.org_id = ANY (_model_reference.orgs)
				   AND EXISTS (SELECT FROM billing.reading r WHERE r.account_id = a.account_id
						AND r.from_on >= lower(_model_reference.during) AND r.until_on <= upper(_model_reference.during))
				 ORDER BY hashint8extended(a.account_id, 0), a.account_id LIMIT 1000) a
		 CROSS JOIN LATERAL (SELECT billing._usage_profile(a.account_id, _model_reference.during) AS profile OFFSET 0) u
		 WHERE u.profile IS NOT NULL),
	usual AS (SELECT u.slots, count(*) AS accounts FROM used u GROUP BY u.slots ORDER BY 2 DESC, 1 DESC LIMIT 1)
	SELECT billing.usage_reference(u.profile) FROM used u JOIN usual s ON s.slots = u.slots;
END;
COMMENT ON FUNCTION billing._model_reference(bigint[], daterange) IS 'how accounts of some orgs use, of those with the most usual length of slots';

CREATE FUNCTION billing._train(model_id bigint, orgs bigint[], until_on date, months integer, reference jsonb, options jsonb,
	OUT rows integer, OUT positive integer, OUT forest billing.forest, OUT backtest jsonb)
RETURNS record
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH judged AS MATERIALIZED (
		-- an account is always in the same fold
		SELECT r.label, r.features, mod(abs(hashint8extended(r.account_id, 1) / 2), 5)::integer AS fold
		  FROM billing._model_rows(_train.model_id, _train.orgs, _train.until_on, _train.months, _train.reference) r),
	counted AS MATERIALIZED (SELECT count(*) AS rows, count(*) FILTER (WHERE j.label) AS positive FROM judged j),
	-- with fewer there is nothing to learn, nor to test
	enough AS MATERIALIZED (SELECT j.* FROM judged j, counted c WHERE c.positive >= 10 AND c.rows - c.positive >= 10),
	part AS MATERIALIZED (
		SELECT k AS fold, billing.train_forest(j.label, j.features, _train.options || '{"calibrate": false}') AS forest
		  FROM enough j, generate_series(0, 4) k WHERE j.fold <> k GROUP BY k),
	scored AS MATERIALIZED (SELECT j.fold, j.label, billing.score(p.forest, j.features) AS score FROM enough j JOIN part p ON p.fold = j.fold),
	tested AS (
		SELECT q.fold, q.rows, q.positive, r.auc, r.average_precision, r.map_first AS map_100
		  FROM (SELECT s.fold, count(*) AS rows, count(*) FILTER (WHERE s.label) AS positive, array_agg(s.label) AS labels, array_agg(s.score) AS scores
				  FROM scored s GROUP BY s.fold) q
		 CROSS JOIN LATERAL billing.ranking_quality(q.labels, q.scores, 100) r)
	SELECT c.rows::integer, c.positive::integer, (SELECT billing.train_forest(j.label, j.features, _train.options) FROM enough j),
		   (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.fold), '[]') FROM tested t) FROM counted c;
END;
COMMENT ON FUNCTION billing._train(bigint, bigint[], date, integer, jsonb, jsonb) IS
'a forest of accounts with labels, null where there are too few; and of five folds how well one trained on the other four tells it';

CREATE FUNCTION billing.train_model(code text, until_on date, months integer DEFAULT 12, options jsonb DEFAULT '{}')
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
-- Definer: who may read the readings may keep what is learnt of them.
DECLARE
	model		billing.model := billing._model_of(train_model.code);
	at_org		bigint := billing._org_of((SELECT o.org_no FROM billing.org o WHERE o.org_id = model.org_id), 'read', 'reading');
	orgs		bigint[] := billing._orgs_below(at_org);
	during		daterange := billing._months_before(train_model.until_on, train_model.months);
	-- the days of all that is learnt from
	since		date := lower(billing._months_before(least(train_model.until_on, (SELECT min(l.until_on) FROM billing.model_label l WHERE l.model_id = model.model_id)), train_model.months));
	used		jsonb := '{"trees": 300, "seed": 1}'::jsonb || coalesce(train_model.options, '{}') || jsonb_build_object('features', billing.usage_feature_names());
	usual		jsonb;
	trained		record;
	made		integer;
BEGIN
	IF jsonb_typeof(train_model.options) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION 'the options of a model are an object' USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"trees": 300, "seed": 1}.';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended('billing model', model.model_id));
	usual := billing._model_reference(orgs, daterange(since, train_model.until_on));
	IF usual IS NULL THEN
		RAISE EXCEPTION 'no account of model % has readings from % on', model.code, to_char(since, 'YYYY-MM-DD') USING ERRCODE = 'no_data_found';
	END IF;
	SELECT 'trained' AS grade, t.* INTO trained FROM billing._train(model.model_id, orgs, train_model.until_on, train_model.months, usual, '{"share": 0.5}' || used) t;
	IF trained.forest IS NULL THEN
		SELECT 'cold' AS grade, count(*)::integer AS rows, 0 AS positive, billing.train_isolation_forest(billing.usage_features(u.profile, usual), used) AS forest, '[]'::jsonb AS backtest INTO trained
		  FROM billing._usage_profiles(orgs, during) u WHERE billing._grid_slots(u.profile) = jsonb_array_length(usual -> 'shape');
	END IF;
	IF trained.forest IS NULL THEN
		RAISE EXCEPTION 'no account of model % has readings from % on', model.code, to_char(lower(during), 'YYYY-MM-DD') USING ERRCODE = 'no_data_found';
	END IF;
	SELECT coalesce(max(v.version), 0) + 1 INTO made FROM billing.model_version v WHERE v.model_id = model.model_id;
	INSERT INTO billing.model_version (model_id, version, org_id, grade, until_on, months, options, rows, positive, training_digest, forest)
	VALUES (model.model_id, made, at_org, trained.grade, train_model.until_on, train_model.months, used - 'features', trained.rows, trained.positive,
			decode(trained.forest::jsonb ->> 'training_digest', 'hex'), trained.forest);
	INSERT INTO billing.model_backtest (model_id, version, fold, rows, positive, auc, average_precision, map_100)
	SELECT model.model_id, made, b.fold, b.rows, b.positive, b.auc, b.average_precision, b.map_100
	  FROM jsonb_to_recordset(trained.backtest) b (fold integer, rows integer, positive integer, auc double precision, average_precision double precision, map_100 double precision);
	PERFORM billing._audit(at_org, 'train_model', format('model %s', model.code), jsonb_build_object('version', made, 'grade', trained.grade,
		'until_on', train_model.until_on, 'training_digest', trained.forest::jsonb ->> 'training_digest'));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.train_model(text, date, integer, jsonb) IS
'the next version of a model, from the readings of some months before what is known of each account with a label, and before until_on. With ten labels of either kind it is trained, and tested by five folds of '
'accounts; with fewer it is cold: it only finds who stands apart. Options are those of train_forest(); by default 300 trees and a share of 0.5. The same readings, labels, options and seed give the same '
'forest; needs read on reading';

-- ---- asking ----

CREATE FUNCTION billing._model_scores(version billing.model_version, orgs bigint[], until_on date)
RETURNS TABLE (account_id bigint, org_id bigint, score double precision, probability double precision)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	WITH span AS MATERIALIZED (SELECT billing._months_before(_model_scores.until_on, (_model_scores.version).months) AS days),
	-- of the whole org of the model, as far as it may be seen, in these days: a cold month is no change of one account
	usual AS MATERIALIZED (SELECT billing._model_reference(billing._orgs_below((_model_scores.version).org_id), s.days) AS reference FROM span s),
	feature AS MATERIALIZED (
		SELECT p.account_id, p.org_id, billing.usage_features(p.profile, u.reference) AS f
		  FROM span s, usual u, billing._usage_profiles(_model_scores.orgs, s.days) p
		 WHERE billing._grid_slots(p.profile) = jsonb_array_length(u.reference -> 'shape')),
	-- without labels: how far changes are from what changes usually are here, beside how far apart all of it is
	change AS MATERIALIZED (
		SELECT f.account_id, x.n, x.value FROM feature f CROSS JOIN LATERAL unnest(f.f, billing.usage_feature_names()) WITH ORDINALITY x(value, name, n)
		 WHERE (_model_scores.version).grade = 'cold' AND x.name LIKE '%\_t' AND x.value <> 'NaN'),
	middle AS MATERIALIZED (SELECT c.n, percentile_cont(0.5) WITHIN GROUP (ORDER BY c.value) AS value FROM change c GROUP BY c.n),
	spread AS MATERIALIZED (
		SELECT c.n, m.value AS middle, 1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(c.value - m.value)) AS spread FROM change c JOIN middle m ON m.n = c.n GROUP BY c.n, m.value),
	moved AS (SELECT c.account_id, avg(abs(c.value - s.middle) / s.spread ORDER BY c.n) AS moved FROM change c JOIN spread s ON s.n = c.n WHERE s.spread > 0 GROUP BY c.account_id),
	scored AS (SELECT f.account_id, f.org_id, billing.score((_model_scores.version).forest, f.f) AS score FROM feature f)
	SELECT s.account_id, s.org_id,
		   CASE (_model_scores.version).grade WHEN 'trained' THEN s.score
			ELSE (percent_rank() OVER (ORDER BY s.score) + percent_rank() OVER (ORDER BY m.moved NULLS FIRST)) / 2 END,
		   CASE (_model_scores.version).grade WHEN 'trained' THEN billing.probability((_model_scores.version).forest, f.f) END
	  FROM scored s JOIN feature f ON f.account_id = s.account_id LEFT JOIN moved m ON m.account_id = s.account_id;
END;
COMMENT ON FUNCTION billing._model_scores(billing.model_version, bigint[], date) IS
'the scores of accounts by a version of a model; of a cold one ranks among them: of how far apart they are, and of how far their changes are from usual ones';

CREATE FUNCTION billing._trained_scores(version billing.model_version, reference jsonb, org_id bigint, first_account bigint, last_account bigint, until_on date)
RETURNS TABLE (account_id bigint, score double precision, probability double precision, level double precision, since date)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 500
BEGIN ATOMIC
	WITH feature AS MATERIALIZED (
		SELECT a.account_id, billing.days(u.profile) AS days, billing.usage_features(u.profile, _trained_scores.reference) AS f
		  FROM billing.account a
		 CROSS JOIN LATERAL (SELECT billing._usage_profile(a.account_id, billing._months_before(_trained_scores.until_on, (_trained_scores.version).months)) AS profile OFFSET 0) u
		 WHERE a.account_id >= _trained_scores.first_account AND a.account_id <= _trained_scores.last_account AND a.org_id = _trained_scores.org_id
		   AND billing._grid_slots(u.profile) = jsonb_array_length(_trained_scores.reference -> 'shape'))
	SELECT f.account_id, billing.score((_trained_scores.version).forest, f.f), billing.probability((_trained_scores.version).forest, f.f), exp(q.size), lower(f.days) + round(q.place * (upper(f.days) - lower(f.days)))::integer
	  FROM feature f
	 CROSS JOIN LATERAL (
		SELECT nullif(f.f[array_position(billing.usage_feature_names(), 'relative_size')], 'NaN') AS size, nullif(f.f[array_position(billing.usage_feature_names(), 'relative_at')], 'NaN') AS place) q;
END;
COMMENT ON FUNCTION billing._trained_scores(billing.model_version, jsonb, bigint, bigint, bigint, date) IS
'what a version that learnt from labels says of a chunk of accounts, beside a reference that was made before: it depends on no other account. level is the largest change of what was used beside '
'the reference, as a factor, and since its day';

CREATE FUNCTION billing.score_accounts(code text, org_no text, until_on date, version integer DEFAULT NULL)
RETURNS TABLE (account_id bigint, account_no text, score double precision, probability double precision, grade text, by_version integer)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	at_org	bigint := billing._org_of(score_accounts.org_no, 'read', 'reading');
	v		billing.model_version := billing._model_version_of(score_accounts.code, score_accounts.version);
BEGIN
	RETURN QUERY
	SELECT s.account_id, a.account_no, s.score, s.probability, v.grade, v.version
	  FROM billing._model_scores(v, billing._orgs_below(at_org), score_accounts.until_on) s
	  JOIN billing.account a ON a.account_id = s.account_id
	 ORDER BY s.score DESC, a.account_no;
END $$;
COMMENT ON FUNCTION billing.score_accounts(text, text, date, integer) IS
'what a model (its latest version, or another) says of the accounts of an org and those below it, by their readings before a day, highest first. grade trained: score is the mean share of true labels among '
'like ones, probability what that means; cold: a rank among these accounts, lower grade, not a probability; needs read on reading';

CREATE FUNCTION billing.explain_score(code text, account_no text, until_on date, version integer DEFAULT NULL)
RETURNS TABLE (feature text, value double precision, contribution double precision)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 155
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	account	bigint := (SELECT a.account_id FROM billing.account a WHERE a.account_no = explain_score.account_no AND billing.can_read(a.org_id, 'reading'));
	v		billing.model_version := billing._model_version_of(explain_score.code, explain_score.version);
	during	daterange := billing._months_before(explain_score.until_on, v.months);
BEGIN
	IF account IS NULL THEN
		PERFORM billing._not_found(format('account %s', explain_score.account_no));
	END IF;
	RETURN QUERY
	SELECT c.feature, c.value::double precision, c.contribution
	  FROM billing.contributions(v.forest, billing.usage_features(billing._usage_profile(account, during), billing._model_reference(billing._orgs_below(v.org_id), during))) c
	 ORDER BY abs(c.contribution) DESC, c.feature;
END $$;
COMMENT ON FUNCTION billing.explain_score(text, text, date, integer) IS
'why a model says what it says of an account: how far each feature moved the score from that of all (the row without a feature), largest first; of a cold version lengths of path, below zero sets apart';

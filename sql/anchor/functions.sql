CREATE FUNCTION billing._head_leaf(kind text, subject bigint, seq bigint, link bytea)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing._content('head', _head_leaf.kind, _head_leaf.subject, _head_leaf.seq, _head_leaf.link);
END;
COMMENT ON FUNCTION billing._head_leaf(text, bigint, bigint, bytea) IS 'what the tree of an anchor holds of the end of a chain';

CREATE FUNCTION billing.anchor_heads(org_no text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes an anchor over all heads of an org, for who approves bills there and may read all of them.
DECLARE
	at_org	bigint := billing._org_of(anchor_heads.org_no, 'approve', 'bill');
	missing	text;
	before	record;
	made	billing.anchor;
BEGIN
	PERFORM billing._given('anchor_heads', org_no);
	SELECT k INTO missing FROM unnest('{org,account,reading,money}'::text[]) k WHERE NOT billing.can_do('read', k, at_org);
	IF FOUND THEN
		RAISE EXCEPTION 'an anchor is made by who may read every chain'
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You lack: read on %s.', missing);
	END IF;
	-- one after the other: each names the one before
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.anchor ' || at_org, 0));
	SELECT a.anchor_no, sha256(convert_to(a.document, 'UTF8')) AS digest INTO before FROM billing.anchor a
	 WHERE a.org_id = at_org ORDER BY a.anchor_no DESC LIMIT 1;
	made.org_id := at_org;
	made.anchor_no := coalesce(before.anchor_no, 0) + 1;
	made.anchored_at := clock_timestamp();
	made.anchored_by := billing.actor();
	WITH below AS MATERIALIZED (SELECT o FROM unnest(billing._orgs_below(at_org)) o),
	leaf AS (
		SELECT 'account' AS kind, h.account_id AS subject, h.seq, h.link FROM billing.account_head h WHERE h.org_id IN (SELECT o FROM below)
		UNION ALL
		SELECT 'batch ' || b.kind, b.org_id, b.seq, b.link FROM billing.batch_head b WHERE b.org_id IN (SELECT o FROM below))
	SELECT coalesce(array_agg(l.kind ORDER BY l.kind COLLATE "C", l.subject), '{}'), coalesce(array_agg(l.subject ORDER BY l.kind COLLATE "C", l.subject), '{}'),
		   coalesce(array_agg(l.seq ORDER BY l.kind COLLATE "C", l.subject), '{}'), coalesce(array_agg(l.link ORDER BY l.kind COLLATE "C", l.subject), '{}'),
		   billing._merkle_root(coalesce(array_agg(billing._head_leaf(l.kind, l.subject, l.seq, l.link) ORDER BY l.kind COLLATE "C", l.subject), '{}'))
	  INTO made.kinds, made.subjects, made.seqs, made.links, made.root FROM leaf l;
	made.document := format(E'billing anchor 1\ndatabase %s\norg %s\nnumber %s\nat %s\nleaves %s\nroot %s\nbefore %s\n',
		current_database(), anchor_heads.org_no, made.anchor_no, to_char(made.anchored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		cardinality(made.kinds), encode(made.root, 'hex'), coalesce(encode(before.digest, 'hex'), 'none'));
	SELECT s.key_name, s.public_key, s.signature INTO made.key_name, made.public_key, made.signature FROM billing._sign_document(made.document) s;
	INSERT INTO billing.anchor SELECT made.*;
	PERFORM billing._audit(at_org, 'anchor_heads', format('org %s', anchor_heads.org_no),
		jsonb_build_object('anchor_no', made.anchor_no, 'root', encode(made.root, 'hex'), 'key', made.key_name));
	RETURN made.anchor_no;
END $$;
COMMENT ON FUNCTION billing.anchor_heads(text) IS
'the ends of all chains of an org and below it as one signed hash, to be kept outside (export_anchors()); needs approve on bill, and read on org, '
'account, reading and money; returns its number';

CREATE FUNCTION billing.close_period(org_no text, until_on date, accept_unbilled boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as anchor_heads().
DECLARE
	at_org	bigint := billing._org_of(close_period.org_no, 'approve', 'bill');
	last	date;
	billed	record;
	anchor	bigint;
BEGIN
	PERFORM billing._given('close_period', org_no, until_on, accept_unbilled);
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.anchor ' || at_org, 0));
	SELECT max(p.until_on) INTO last FROM billing.period_close p WHERE p.org_id = at_org;
	IF last >= close_period.until_on OR NOT isfinite(close_period.until_on) THEN
		RAISE EXCEPTION 'org % is closed up to % already', close_period.org_no, last USING ERRCODE = 'UB331', HINT = 'Close a later day.';
	END IF;
	SELECT count(*) AS accounts, count(*) FILTER (WHERE h.billed_to < least(close_period.until_on, h.stops_on)) AS unbilled,
		   (array_agg(a.account_no ORDER BY h.billed_to, a.account_id) FILTER (WHERE h.billed_to < least(close_period.until_on, h.stops_on)))[1:3] AS first
	  INTO billed
	  FROM billing.account_head h JOIN billing.account a ON a.account_id = h.account_id
	 WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND a.opened_on < close_period.until_on;
	IF billed.unbilled > 0 AND NOT close_period.accept_unbilled THEN
		RAISE EXCEPTION '% accounts of org % are not billed up to %', billed.unbilled, close_period.org_no, close_period.until_on
			USING ERRCODE = 'UB331', DETAIL = format('Among them %s.', array_to_string(billed.first, ', ')),
				  HINT = 'Bill them, see billing_report.run_exception; or accept_unbilled => true, and it is written down.';
	END IF;
	anchor := billing.anchor_heads(close_period.org_no);
	INSERT INTO billing.period_close (org_id, until_on, accounts, unbilled, anchor_no)
	VALUES (at_org, close_period.until_on, billed.accounts, billed.unbilled, anchor);
	PERFORM billing._audit(at_org, 'close_period', format('org %s', close_period.org_no),
		jsonb_build_object('until_on', close_period.until_on, 'anchor_no', anchor, 'unbilled', billed.unbilled));
	RETURN anchor;
END $$;
COMMENT ON FUNCTION billing.close_period(text, date, boolean) IS
'the bills of an org up to a day are done: refused (UB331) while accounts are not billed, unless that is accepted; makes an anchor, and returns its number';

-- ---- what leaves the database ----

CREATE FUNCTION billing._anchor_json(a billing.anchor)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object('document', a.document, 'key', a.key_name, 'public_key', encode(a.public_key, 'hex'), 'signature', encode(a.signature, 'hex'));
END;
COMMENT ON FUNCTION billing._anchor_json(billing.anchor) IS 'an anchor as it is kept outside';

CREATE FUNCTION billing.export_anchors(org_no text)
RETURNS SETOF text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object('anchor', billing._anchor_json(a))::text FROM billing.anchor a JOIN billing.org o ON o.org_id = a.org_id
	 WHERE o.org_no = export_anchors.org_no ORDER BY a.anchor_no;
END;
COMMENT ON FUNCTION billing.export_anchors(text) IS 'the anchors of an org, a line of JSON each, to be kept where this database''s superuser cannot reach them';

CREATE FUNCTION billing.export_chains(org_no text, anchor_no bigint)
RETURNS SETOF text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH the AS MATERIALIZED (
		SELECT a AS anchor, a.kinds, a.subjects, a.seqs, a.links FROM billing.anchor a JOIN billing.org o ON o.org_id = a.org_id
		 WHERE o.org_no = export_chains.org_no AND a.anchor_no = export_chains.anchor_no),
	leaf AS MATERIALIZED (
		SELECT u.* FROM the CROSS JOIN LATERAL unnest(the.kinds, the.subjects, the.seqs, the.links) WITH ORDINALITY u(kind, subject, seq, link, place)),
	line AS (
		SELECT 1 AS part, 0::bigint AS first, 0::bigint AS second, jsonb_build_object('anchor', billing._anchor_json(the.anchor)) AS said FROM the
		UNION ALL
		SELECT 2, l.place, 0, jsonb_build_object('leaf', jsonb_build_object('kind', l.kind, 'subject', l.subject, 'seq', l.seq, 'link', encode(l.link, 'hex'))) FROM leaf l
		UNION ALL
		SELECT 3, b.account_id, b.seq, jsonb_build_object('row', jsonb_build_object('subject', b.account_id, 'seq', b.seq,
				'bytes', encode(billing._row_encoding('bill', b), 'hex'), 'link', encode(b.link, 'hex')))
		  FROM leaf l JOIN billing.bill b ON b.account_id = l.subject AND b.seq <= l.seq WHERE l.kind = 'account'
		UNION ALL
		SELECT 3, t.account_id, t.seq, jsonb_build_object('row', jsonb_build_object('subject', t.account_id, 'seq', t.seq,
				'bytes', encode(billing._row_encoding('transfer', t), 'hex'), 'link', encode(t.link, 'hex')))
		  FROM leaf l JOIN billing.transfer t ON t.account_id = l.subject AND t.seq <= l.seq WHERE l.kind = 'account')
	SELECT l.said::text FROM line l ORDER BY l.part, l.first, l.second;
END;
COMMENT ON FUNCTION billing.export_chains(text, bigint) IS
'all that an anchor rests on, a line of JSON each: the anchor, its leaves in their order, the rows of the accounts'' chains up to there, with '
'the bytes that are hashed; contrib/proof checks it without a database; needs to read bills, money and audit there';

CREATE FUNCTION billing._merkle_path(leaves bytea[], place bigint)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	first	bigint := 0;
	last	bigint := cardinality(_merkle_path.leaves);
	half	bigint;
	path	text[] := '{}';
BEGIN
	-- as RFC 6962: of n leaves the left side has the largest power of two below n; from the leaf up
	WHILE last - first > 1 LOOP
		half := 1;
		WHILE half * 2 < last - first LOOP
			half := half * 2;
		END LOOP;
		IF _merkle_path.place < first + half THEN
			path := encode(billing._merkle_root(_merkle_path.leaves[first + half + 1:last]), 'hex') || path;
			last := first + half;
		ELSE
			path := encode(billing._merkle_root(_merkle_path.leaves[first + 1:first + half]), 'hex') || path;
			first := first + half;
		END IF;
	END LOOP;
	RETURN path;
END $$;
COMMENT ON FUNCTION billing._merkle_path(bytea[], bigint) IS 'the hashes by which a leaf (counted from 0) leads to the root of its tree, from the leaf up';

CREATE FUNCTION billing._anchor_proof(account_id bigint, seq bigint)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: of an anchor only what leads from one account to its root, for who may see the account's bills.
DECLARE
	covering record;
BEGIN
	IF NOT billing.is_own(_anchor_proof.account_id) AND NOT EXISTS (SELECT FROM billing.account a
			 WHERE a.account_id = _anchor_proof.account_id AND billing.can_read(a.org_id, 'bill')) THEN
		RETURN NULL;
	END IF;
	-- the first that covers it
	SELECT a AS anchor, p.place, a.kinds, a.subjects, a.seqs, a.links INTO covering FROM billing.anchor a
	 CROSS JOIN LATERAL (SELECT u.place - 1 AS place FROM unnest(a.kinds, a.subjects, a.seqs) WITH ORDINALITY u(kind, subject, seq, place)
						  WHERE u.kind = 'account' AND u.subject = _anchor_proof.account_id AND u.seq >= _anchor_proof.seq) p
	 ORDER BY a.anchored_at LIMIT 1;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	RETURN jsonb_build_object('anchor', billing._anchor_json(covering.anchor), 'place', covering.place, 'leaves', cardinality(covering.kinds),
		'head_seq', covering.seqs[covering.place + 1],
		'path', billing._merkle_path(ARRAY(SELECT billing._head_leaf(u.kind, u.subject, u.seq, u.link)
			FROM unnest(covering.kinds, covering.subjects, covering.seqs, covering.links) WITH ORDINALITY u(kind, subject, seq, link, place) ORDER BY u.place), covering.place));
END $$;
COMMENT ON FUNCTION billing._anchor_proof(bigint, bigint) IS 'how a link of an account leads to the root of a signed anchor; null: no anchor covers it yet, or it is not for the caller';

CREATE FUNCTION billing.bill_proof(account_no text, from_on date, revision integer DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bill	billing.bill;
	proof	jsonb;
	before	bytea;
	later	text[];
BEGIN
	SELECT b.* INTO bill FROM billing.bill b JOIN billing.account a ON a.account_id = b.account_id
	 WHERE a.account_no = bill_proof.account_no AND b.from_on = bill_proof.from_on AND b.kind <> 'reversal'
	   AND (bill_proof.revision IS NULL OR b.revision = bill_proof.revision) ORDER BY b.revision DESC LIMIT 1;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('bill of %s of account %s', bill_proof.from_on, bill_proof.account_no));
	END IF;
	proof := billing._anchor_proof(bill.account_id, bill.seq);
	IF proof IS NULL THEN
		RAISE EXCEPTION 'no anchor covers this bill yet' USING ERRCODE = 'UB332', HINT = 'Anchors are made when a period is closed.';
	END IF;
	-- the links around it, as hashes: what else is in the account's chain is not told
	SELECT coalesce((SELECT l.link FROM billing.bill l WHERE l.account_id = bill.account_id AND l.seq = bill.seq - 1),
					(SELECT l.link FROM billing.transfer l WHERE l.account_id = bill.account_id AND l.seq = bill.seq - 1), '') INTO before;
	SELECT coalesce(array_agg(encode(n.content, 'hex') ORDER BY n.seq), '{}') INTO later
	  FROM (SELECT b.seq, billing._row_content('bill', b) FROM billing.bill b WHERE b.account_id = bill.account_id
			UNION ALL
			SELECT t.seq, billing._row_content('transfer', t) FROM billing.transfer t WHERE t.account_id = bill.account_id) n(seq, content)
	 WHERE n.seq > bill.seq AND n.seq <= (proof ->> 'head_seq')::bigint;
	RETURN jsonb_build_object('format', 'billing proof 1', 'account_id', bill.account_id, 'seq', bill.seq, 'bill', encode(billing._row_encoding('bill', bill), 'hex'),
		'before', encode(before, 'hex'), 'later', later) || proof;
END $$;
COMMENT ON FUNCTION billing.bill_proof(text, date, integer) IS
'that a bill is in a signed anchor as it is: for the customer, who checks it by contrib/proof without the database; needs to see bill and transfers; UB332: no anchor yet';

-- Forgeries behind the triggers, each found, and found where it is: a hundred, or with SOAK=1 a thousand.
\getenv soak SOAK
SELECT CASE :'soak' WHEN '' THEN 100 ELSE 1000 END AS forgeries \gset
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('S', 'Station', 'station') \gset
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') \gset
SELECT billing.add_customer('S', 'x') AS customer \gset
SELECT count(billing.add_account('S', n::text, :customer, '2026-01-01')) FROM generate_series(1, 3) n \gset
SELECT count(*) FROM (SELECT billing.set_plan(n::text, 'home', '2026-01-01') FROM generate_series(1, 3) n) q \gset
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile(m, '1 day', array_fill(1000 * a.account_id, ARRAY[28])) FROM billing.account a, generate_series('2026-01-01 00:00+00'::timestamptz, '2026-04-01', interval '28 days') m;
DO $$
DECLARE
	run	bigint;
BEGIN
	-- the driver commits, which a test cannot: its parts
	FOR i IN 1 .. 4 LOOP
		run := billing._start_run('S', date '2026-01-01' + 28 * i, 10);
		WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
		PERFORM billing._finish_run(run), billing.post_payment(n::text, n, 'k' || i) FROM generate_series(1, 3) n;
	END LOOP;
	PERFORM billing.void_bill('2', max(from_on), 'x') FROM billing.bill;
END $$;

SELECT plan(8);
SELECT cmp_ok((SELECT sum(seq) FROM billing.account_head), '>', 35::numeric, 'so many links');
SELECT is_empty('SELECT * FROM billing.verify()', 'and nothing wrong with them');

CREATE TEMPORARY TABLE forged (kind text, account_no text, seq bigint, found boolean, placed boolean);
CREATE FUNCTION pg_temp.forge(n integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	account	bigint := (SELECT a.account_id FROM billing.account a ORDER BY a.account_id OFFSET floor(random() * 3) LIMIT 1);
	last	bigint := (SELECT h.seq FROM billing.account_head h WHERE account_id = account);
	at		bigint := 1 + floor(random() * last);
	is_bill	boolean := EXISTS (SELECT FROM billing.bill b WHERE b.account_id = account AND b.seq = at);
	target	text := CASE WHEN is_bill THEN 'billing.bill' ELSE 'billing.transfer' END;
	kind	text := (ARRAY['change', 'link', 'both', 'delete', 'insert', 'cut', 'fork', 'swap', 'head'])[1 + floor(random() * 9)];
	number	text := (SELECT a.account_no FROM billing.account a WHERE a.account_id = account);
	any_found boolean;
	near	boolean;
BEGIN
	BEGIN
		SET LOCAL session_replication_role = replica;
		CASE kind
			WHEN 'change' THEN
				EXECUTE format('UPDATE %s SET %s WHERE account_id = $1 AND seq = $2', target, CASE WHEN is_bill
					THEN (ARRAY['total = total + 0.01', 'until_on = until_on + 1', 'issued_by = issued_by || ''x''', 'issued_at = issued_at + interval ''1 us''', 'run_id = coalesce(run_id, 0) + 1', 'reason = coalesce(reason, '''') || '' ''', 'usage_digest = NULL', 'issued_org_id = issued_org_id + 1'])[1 + floor(random() * 8)]
					ELSE (ARRAY['amount = amount + 0.01', 'posted_by = ''x''', 'posted_at = posted_at + interval ''1 us''', 'key = coalesce(key, '''') || '' ''', 'bill_seq = coalesce(bill_seq, 0) + 1', 'debit = credit, credit = debit'])[1 + floor(random() * 6)] END)
					USING account, at;
			WHEN 'link' THEN
				EXECUTE format('UPDATE %s SET link = set_byte(link, $3, get_byte(link, $3) # $4) WHERE account_id = $1 AND seq = $2', target) USING account, at, floor(random() * 32)::integer, 1 << floor(random() * 8)::integer;
			WHEN 'both' THEN
				-- content and its own link made to fit; the next link, or the head, gives it away
				IF is_bill THEN
					UPDATE billing.bill b SET total = total + 1 WHERE b.account_id = account AND b.seq = at;
					UPDATE billing.bill b SET link = sha256(coalesce((SELECT l.link FROM billing.transfer l WHERE l.account_id = account AND l.seq = at - 1), (SELECT l.link FROM billing.bill l WHERE l.account_id = account AND l.seq = at - 1), '') || billing._bill_content(b))
					 WHERE b.account_id = account AND b.seq = at;
				ELSE
					UPDATE billing.transfer t SET posted_by = 'x' WHERE t.account_id = account AND t.seq = at;
					UPDATE billing.transfer t SET link = sha256(coalesce((SELECT l.link FROM billing.transfer l WHERE l.account_id = account AND l.seq = at - 1), (SELECT l.link FROM billing.bill l WHERE l.account_id = account AND l.seq = at - 1), '') || billing._transfer_content(t))
					 WHERE t.account_id = account AND t.seq = at;
				END IF;
			WHEN 'delete' THEN
				EXECUTE format('DELETE FROM %s WHERE account_id = $1 AND seq = $2', target) USING account, at;
			WHEN 'insert' THEN
				at := last + 1;
				INSERT INTO billing.transfer SELECT t.account_id, at, t.org_id, t.issued_org_id, t.debit, t.credit, t.amount, t.posted_at, t.posted_by, NULL, NULL, t.link FROM billing.transfer t WHERE t.account_id = account LIMIT 1;
			WHEN 'cut' THEN
				DELETE FROM billing.bill b WHERE b.account_id = account AND b.seq >= at;
				DELETE FROM billing.transfer t WHERE t.account_id = account AND t.seq >= at;
			WHEN 'fork' THEN
				-- a second row of this number, in the other table
				IF is_bill THEN
					INSERT INTO billing.transfer SELECT account, at, t.org_id, t.issued_org_id, t.debit, t.credit, t.amount, t.posted_at, t.posted_by, NULL, NULL, t.link FROM billing.transfer t WHERE t.account_id = account LIMIT 1;
				ELSE
					INSERT INTO billing.bill SELECT account, b.from_on, 99, b.kind, b.until_on, b.org_id, b.issued_org_id, at, b.run_id, b.reverses_seq, b.total, b.issued_at, b.issued_by, b.reason, b.usage_digest, b.link, b.charges
					  FROM billing.bill b WHERE b.account_id = account AND b.kind = 'normal' LIMIT 1;
				END IF;
			WHEN 'swap' THEN
				EXECUTE format('UPDATE %1$s SET link = (SELECT o.link FROM %1$s o WHERE o.account_id = $1 AND o.seq <> $2 LIMIT 1) WHERE account_id = $1 AND seq = $2', target) USING account, at;
			WHEN 'head' THEN
				at := last;
				EXECUTE 'UPDATE billing.account_head SET ' || (ARRAY['seq = seq + 1', 'seq = seq - 1', 'balance = balance + 0.01', 'link = sha256(link)'])[1 + floor(random() * 4)] || ' WHERE account_id = $1' USING account;
		END CASE;
		SELECT count(*) > 0, coalesce(bool_or(v.seq BETWEEN at - 1 AND at + 1), false) INTO any_found, near
		  FROM billing.verify(number) v;
		RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ999';
	EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
		NULL;
	END;
	INSERT INTO forged SELECT kind, account::text, at, any_found, near;
END $$;
SELECT setseed(0.42) \gset
SELECT count(*) FROM (SELECT pg_temp.forge(n) FROM generate_series(1, :forgeries) n) q \gset
SELECT is_empty('SELECT kind, account_no, seq FROM forged WHERE NOT found', 'each forgery is found');
SELECT is_empty('SELECT kind, account_no, seq FROM forged WHERE NOT placed', 'at its link, or beside it');
SELECT is_empty('SELECT * FROM billing.verify()', 'and afterwards nothing is wrong');

-- many accounts are verified in parts, by parallel workers where there are some
SELECT count(billing.add_account('S', n::text, :customer, '2026-01-01')) FROM generate_series(4, 1100) n \gset
SELECT is_empty('SELECT * FROM billing.verify()', 'in parts, nothing is wrong either');
SET LOCAL session_replication_role = replica;
UPDATE billing.transfer SET amount = amount + 1 WHERE account_id = (SELECT account_id FROM billing.account WHERE account_no = '2');
UPDATE billing.account_head SET seq = 1 WHERE account_id = (SELECT account_id FROM billing.account WHERE account_no = '1100');
RESET session_replication_role;
CREATE TEMPORARY TABLE alone AS SELECT * FROM billing.verify();
SELECT set_eq('SELECT account_no FROM alone', ARRAY['2', '1100'], 'what is wrong is found in each part');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT results_eq('SELECT * FROM billing.verify()', 'SELECT * FROM alone', 'alike with workers and without');
SELECT finish();
ROLLBACK;

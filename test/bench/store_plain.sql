-- What a bill run is compared with: the set-based SQL a careful hand writes for the
-- same facts in rows, with the keys that a billing system has; rating is given.
CREATE SCHEMA plain;
CREATE TABLE plain.account (account_id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO plain.account SELECT i, 'account ' || i FROM generate_series(1, :accounts) i;
CREATE TABLE plain.rated (account_id bigint PRIMARY KEY, lines bigint[] NOT NULL, total bigint NOT NULL);
INSERT INTO plain.rated SELECT i, l, (SELECT sum(v) FROM unnest(l) v)
  FROM (SELECT i, ARRAY(SELECT (i * 7919 + n * 104729) % 20000 FROM generate_series(1, 11) n)::bigint[] AS l FROM generate_series(1, :accounts) i) q;
CREATE TABLE plain.bill (
	bill_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	account_id	bigint NOT NULL REFERENCES plain.account,
	period		date NOT NULL,
	total		bigint NOT NULL,
	issued		timestamptz NOT NULL DEFAULT now(),
	UNIQUE (account_id, period)
);
CREATE TABLE plain.bill_line (
	bill_id		bigint NOT NULL REFERENCES plain.bill,
	line		integer NOT NULL,
	code		text NOT NULL,
	amount		bigint NOT NULL,
	PRIMARY KEY (bill_id, line)
);
CREATE TABLE plain.ledger (
	entry_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	bill_id		bigint NOT NULL REFERENCES plain.bill,
	account_id	bigint NOT NULL,
	book		text NOT NULL,
	amount		bigint NOT NULL
);
CREATE INDEX ON plain.ledger (account_id);
CREATE INDEX ON plain.ledger (bill_id);

CREATE PROCEDURE plain.run(first bigint, last bigint, period date, size integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN first .. last BY size LOOP
		WITH b AS (
			INSERT INTO plain.bill (account_id, period, total)
			SELECT r.account_id, run.period, r.total FROM plain.rated r WHERE r.account_id BETWEEN i AND least(i + size - 1, last)
			RETURNING bill_id, account_id, total),
		l AS (
			INSERT INTO plain.bill_line
			SELECT b.bill_id, u.n, 'line' || u.n, u.v FROM b JOIN plain.rated r USING (account_id), unnest(r.lines) WITH ORDINALITY u(v, n))
		INSERT INTO plain.ledger (bill_id, account_id, book, amount)
		SELECT b.bill_id, b.account_id, k.book, CASE k.book WHEN 'receivable' THEN b.total ELSE -b.total END
		  FROM b, (VALUES ('receivable'), ('revenue')) k(book);
		COMMIT;
	END LOOP;
END $$;
VACUUM ANALYZE plain.account, plain.rated;

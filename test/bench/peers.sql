-- The tables of the peers: rows of readings, the calendar and the prices of W1.
CREATE TABLE calendar (ts timestamptz PRIMARY KEY, day date NOT NULL, slot int NOT NULL, period int NOT NULL);
CREATE TABLE tariff (p0 bigint, p1 bigint, p2 bigint, p3 bigint, from2 bigint, from3 bigint,
	add2 bigint, add3 bigint, c1 bigint, c2 bigint, c3 bigint, c4 bigint, c5 bigint);
CREATE TABLE readings (meter_id int NOT NULL, ts timestamptz NOT NULL, wh int NOT NULL);

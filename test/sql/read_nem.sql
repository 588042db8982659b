-- read_nem12, read_nem13: files of others, and what is wrong with bad ones.
\getenv srcdir PG_ABS_SRCDIR
SET search_path = public, billing;
SET TimeZone = 'Australia/Brisbane';
\cd :srcdir

-- 20 intervals F14, 4 A, 24 S14: 18.023 first, 14.733 last, 896.99 kWh.
\set document `cat golden/meter/Example_NEM12_multiple_quality.csv`
\pset expanded on
SELECT line, record, nmi, suffix, register, meter, unit, day, quality, events, updated_at, loaded_at, rejected,
	   energy_kwh(profile), slot(profile), time_zone(profile), during(profile)
  FROM read_nem12(:'document');
\pset expanded off
SELECT q.* FROM read_nem12(:'document') n, qualities(n.profile) q ORDER BY 1;
SELECT s.* FROM read_nem12(:'document') n, slots(n.profile) s WHERE at::time IN ('00:00', '09:30', '10:00', '12:00', '23:30');

-- One channel of energy, one of reactive energy.
\set document `cat golden/meter/Example_NEM12_actual_interval.csv`
SELECT nmi, suffix, register, unit, unit(profile), energy_kwh(profile), slot_count(profile), quality FROM read_nem12(:'document');

-- 30 and 10 minutes; the voltage names no unit, which the caller can.
\set document `cat golden/meter/Example_NEM12_different_interval_length.csv`
SELECT line, suffix, unit(profile), slot_count(profile), rejected, left(content, 40) AS content FROM read_nem12(:'document');
SELECT suffix, unit(profile), slot(profile), s.* FROM read_nem12(:'document', default_unit => 'V'), statistics(profile) s WHERE suffix = 'V1';

-- Half-hours under a 200 record that says quarter-hours; a day without its values.
\set document `cat golden/meter/Example_NEM12_15min_200_30min_300.csv`
SELECT line, record, nmi, suffix, day, rejected, left(content, 40) AS content FROM read_nem12(:'document') ORDER BY line;
\set document `cat golden/meter/Example_NEM12_incomplete_interval.csv`
SELECT line, suffix, day, energy_kwh(profile), rejected, content FROM read_nem12(:'document') ORDER BY line;
\set document `cat golden/meter/Example_NEM12_no_scheduled_read.csv`
SELECT nmi, suffix, unit, slot_count(profile), energy_kwh(profile), rejected FROM read_nem12(:'document');

-- Five months of a house: the sums that its publisher asserts, a day and a month of them.
\set document `cat golden/meter/qld_NEM12.csv`
CREATE TEMPORARY TABLE house AS SELECT * FROM read_nem12(:'document');
SELECT count(*), count(profile) AS days, count(rejected) AS rejected FROM house;
SELECT to_char(day, 'YYYY-MM') AS month, sum(energy_kwh(profile)) FROM house GROUP BY 1 ORDER BY 1;
SELECT day, energy_kwh(profile) FROM house WHERE day IN ('2016-09-06', '2016-12-01');
-- The days are one profile, and the same whether the file comes as bytes or as text.
SELECT slot_count(p), energy_kwh(p), during(p) FROM (SELECT concat_agg(profile) AS p FROM house) h;
SELECT count(*) FROM house h JOIN read_nem12(convert_to(:'document', 'UTF8')) b ON b.line = h.line AND b.profile OPERATOR(billing.=) h.profile;

-- Registers: 7654.9 - 6342.8 = 1312.1.
\set document `cat golden/meter/Example_NEM13_consumption_data.csv`
\pset expanded on
SELECT * FROM read_nem13(:'document');
\pset expanded off
SELECT current_reading - previous_reading = quantity AS agrees FROM read_nem13(:'document');

-- A bad record is a row, the rest is read, and no day comes twice.
SELECT line, record, suffix, day, energy_kwh(profile), quality, read_at, reading, rejected, content
  FROM read_nem12('100,NEM12,200405011135,MDA1,Ret1
200,VABD000163,E1,1,E1,N1,METSER123,kWh,720,
300,20040201,1.5,2,A,,,20040202120025,
500,O,S01,20040202120025,1234.5
300,20040201,1.5,2,A,,,20040202120025,
300,20040201,1.5,2.5,A,,,20040203120025,
300,20040202,1.5
300,20040203,1.5,2,V
300,20040204,,2,V
400,1,1,N,,
400,2,2,E51,,
300,20040205,1.5,oops,A
300,20040231,1.5,2,A
200,VABD000163,E1,1,E1,N1,METSER123,gallons,720,
300,20040206,1.5,2,A
nonsense') ORDER BY line;

-- Bytes that are no text are shown as such; a zero byte ends nothing.
SELECT line, rejected, content FROM read_nem12('\x3130302c4e454d31320a3230302c00e42c0a3930300a'::bytea);
SELECT line, rejected, content FROM read_nem12('\xfffe31003000300000'::bytea);
-- Nothing, empty, not a NEM file at all, the other kind.
SELECT count(*) FROM read_nem12(NULL::bytea);
SELECT line, rejected FROM read_nem12('');
SELECT line, rejected, content FROM read_nem12('<html><body>');
SELECT line, record, rejected FROM read_nem12(:'document');
SELECT line, rejected FROM read_nem13(E'100,NEM13\n250,V,,1,11,,M,E,1,20031005093055,A,,,2,20031005093055,A,,,1,kWh\n900');
-- A line of a million columns is one bad record.
SELECT line, rejected, length(content) FROM read_nem12(E'100,NEM12\n200,N,E1,1,E1,N1,M,kWh,720\n300,20040201' || repeat(',1', 1000000)
	|| E'\n300,20040202,1,2,A\n900') ORDER BY line;

-- Another market's time; one with summer time is refused.
SELECT day, during(profile) FROM read_nem12(E'100,NEM12\n200,N,E1,1,E1,N1,M,kWh,720\n300,20040201,1,2,A\n900', time_zone => '+08:00');
SELECT * FROM read_nem12('', time_zone => 'Australia/Sydney');
SELECT * FROM read_nem12('', default_unit => 'gallons');

-- read_mscons: files of others, and what is wrong with bad ones.
\getenv srcdir PG_ABS_SRCDIR
SET search_path = public, billing;
SET TimeZone = 'Europe/Berlin';
\cd :srcdir

-- A day of a Swiss metering point: its publisher's test says 96 values, 36300 Wh first, 51600 Wh last.
-- Its message miscounts its own segments.
\set document `cat golden/meter/MSCONS_swiss_E66.txt`
SELECT line, meter, channel, day, slot_count(profile), energy_kwh(profile), during(profile), rejected FROM read_mscons(:'document');
SELECT s.* FROM read_mscons(:'document') m, slots(m.profile) s WHERE at IN ('2019-12-14 00:00', '2019-12-14 23:45');

-- A month of quarter-hours, some of which are no quarter-hours: nothing is lost, 680.282 kWh in all.
\set document `cat golden/meter/MSCONS_TL_SAMPLE01.txt`
CREATE TEMPORARY TABLE month AS SELECT * FROM read_mscons(:'document');
SELECT count(profile) AS days, sum(slot_count(profile) - missing_count(profile)) AS slots, count(rejected) AS rejected,
	   sum(energy_kwh(profile)) AS kwh,
	   sum(energy_kwh(profile)) + sum(replace(substring(content FROM 'QTY\+220:([0-9,]+)'), ',', '.')::numeric) AS with_rejected
  FROM month;
SELECT regexp_replace(rejected, '\d+', 'N', 'g') AS rejected, count(*) FROM month WHERE rejected IS NOT NULL GROUP BY 1 ORDER BY 1;
SELECT line, rejected, content FROM month WHERE rejected IS NOT NULL ORDER BY line LIMIT 2;

-- Registers, kinds, units, local times of the hour that comes twice, and everything that can be wrong.
SELECT line, meter, channel, read_at, reading, unit, quality, profile, rejected, content
  FROM read_mscons($$UNA:+,? '
UNB+UNOC:3+1:500+2:500+160112:1347+1'
UNH+1+MSCONS:D:04B:UN:2.2e'BGM+7+1+9'UNS+D'NAD+DP'
QTY+220:1'DTM+9:202501010000?+01:303'
LOC+172+DE?'0001'
LIN+1'PIA+5+1-1?:1.8.0:SRW'
QTY+220:1234,5'DTM+9:202501010000?+01:303'
QTY+220:1234,50'DTM+9:202412312300?+00:303'
QTY+67:1250'DTM+9:20250201:102'
LIN+2'PIA+5+1-1?:1.29.0:SRW'
QTY+67:1,5'DTM+163:202510260245:203'DTM+164:202510260200:203'
QTY+220:2'DTM+163:202510260200:203'DTM+164:202510260215:203'
QTY+201:2,25:MWH'DTM+163:202510270000:203'DTM+164:202510270015:203'
QTY+20:0'DTM+163:202510280000:203'DTM+164:202510280015:203'
QTY+220:2'DTM+163:202510280000:203'DTM+164:202510280015:203'
QTY+99:2'DTM+163:202510260200:203'DTM+164:202510260215:203'
QTY+220:x'DTM+163:202510260200:203'DTM+164:202510260215:203'
QTY+220:2:MTQ'DTM+163:202510260200:203'DTM+164:202510260215:203'
QTY+220:2'DTM+163:2025102602:203'DTM+164:202510260215:203'
QTY+220:2'DTM+163:202510260200:203'DTM+164:202510280215:203'
QTY+220:2'DTM+163:202503300215:203'DTM+164:202503300230:203'
QTY+220:2'
PIA+5+7-20?:99.33.17:SRW'QTY+220:2'DTM+163:202510260200:203'DTM+164:202510260215:203'
UNT+58+1'
UNH+2+MSCONS:D:04B:UN:2.2e'BGM+7+1+1'LOC+172+DE0002'PIA+5+1-1?:1.29.0:SRW'QTY+220:1'DTM+163:202510260200:203'DTM+164:202510260215:203'UNT+8+2'
UNH+3+UTILMD:D:11A:UN:5.2e'BGM+E01+1+9'UNT+3+3'
LOC+172+DE0003'
UNZ+3+$$);

SELECT line, rejected FROM read_mscons('');
SELECT line, rejected, length(content) FROM read_mscons('UNB+' || repeat('x', 1000000) || $$'UNZ+0+1'$$);
SELECT count(*) FROM read_mscons(NULL::bytea);
SELECT * FROM read_mscons('', 'Mars/Olympus');
SELECT * FROM read_mscons('', default_unit => 'gallons');

-- read_espi: Green Button files of others, and what is wrong with bad ones.
\getenv srcdir PG_ABS_SRCDIR
SET search_path = public, billing;
SET TimeZone = 'America/New_York';
\cd :srcdir

-- 216 hours, 199563 Wh in all; 8 hours of 16, 4086 Wh; 96 quarter-hours, 114936 Wh.
\set document `cat golden/meter/TestGBDataHourlyNineDaysBinnedDaily.xml`
SELECT meter, channel, count(profile) AS days, sum(slot_count(profile)), sum(energy_wh(profile)), min(start_at(profile)), max(until_at(profile)), count(rejected)
  FROM read_espi(:'document') GROUP BY 1, 2;
\set document `cat golden/meter/electric_containerized.xml`
SELECT line, meter, channel, day, slot_count(profile), missing_count(profile), energy_wh(profile), start_at(profile), until_at(profile), time_zone(profile) FROM read_espi(:'document');
\set document `cat golden/meter/espi_test_usage_data_10.xml`
SELECT line, meter, channel, day, slot_count(profile), energy_wh(profile), time_zone(profile), rejected FROM read_espi(:'document', 'America/New_York');
-- The same from bytes.
SELECT energy_wh(profile) FROM read_espi(convert_to(:'document', 'UTF8'));

-- Two channels whose types come later, registers, qualities, times by the block, and what can be wrong.
CREATE FUNCTION pg_temp.entry(links text, content text) RETURNS text LANGUAGE sql AS $$
	SELECT '<entry>' || regexp_replace(links, '(\w+)=(\S+)', '<link rel="\1" href="\2"/>', 'g') || '<content>' || content || '</content></entry>' || E'\n'
$$;
CREATE FUNCTION pg_temp.reading(start bigint, value text, more text DEFAULT '') RETURNS text LANGUAGE sql AS $$
	SELECT format('<IntervalReading>%s<timePeriod><duration>900</duration><start>%s</start></timePeriod><value>%s</value></IntervalReading>' || E'\n', more, start, value)
$$;
SELECT '<?xml version="1.0"?><!DOCTYPE none><feed/>' AS doctype,
	   '<feed xmlns="http://www.w3.org/2005/Atom">' || E'\n'
	|| pg_temp.entry('self=/UsagePoint/A&amp;B/MeterReading/1 related=/ReadingType/kwh', '<MeterReading/>')
	|| pg_temp.entry('self=/UsagePoint/A&amp;B/MeterReading/2 related=/ReadingType/register', '<MeterReading/>')
	|| pg_temp.entry('self=/UsagePoint/A&amp;B/MeterReading/3 related=/ReadingType/gas', '<MeterReading/>')
	|| pg_temp.entry('up=/UsagePoint/A&amp;B/MeterReading/1/IntervalBlock', '<IntervalBlock xmlns="http://naesb.org/espi"><interval><start>1735707600</start></interval>'
		|| pg_temp.reading(1735707600, '100') || pg_temp.reading(1735708500, '200', '<ReadingQuality><quality>8</quality></ReadingQuality>')
		|| pg_temp.reading(1735708500, '200', '<ReadingQuality><quality>8</quality></ReadingQuality>') || pg_temp.reading(1735708500, '201')
		|| pg_temp.reading(1735709400, '1.5') || pg_temp.reading(1735709401, '5') || pg_temp.reading(1735709700, '5') || pg_temp.reading(99999999999, '5')
		|| '<IntervalReading><timePeriod><duration>7200</duration><start>1735712100</start></timePeriod></IntervalReading>'
		|| '<IntervalReading><timePeriod><duration>1020</duration><start>1735712100</start></timePeriod><value>1</value></IntervalReading>'
		|| '</IntervalBlock><IntervalBlock><interval><start>1735794000</start></interval><IntervalReading><value>7</value></IntervalReading><IntervalReading><value>8</value></IntervalReading></IntervalBlock>')
	|| pg_temp.entry('self=/UsagePoint/A&amp;B/MeterReading/2/IntervalBlock/1', '<IntervalBlock>' || pg_temp.reading(1735707600, '123456') || '</IntervalBlock>')
	|| pg_temp.entry('self=/UsagePoint/A&amp;B/MeterReading/3/IntervalBlock/1', '<IntervalBlock>' || pg_temp.reading(1735707600, '1') || '</IntervalBlock>')
	|| pg_temp.entry('self=/UsagePoint/A&amp;B/MeterReading/4/IntervalBlock/1', '<IntervalBlock>' || pg_temp.reading(1735707600, '1') || '</IntervalBlock>')
	|| pg_temp.entry('self=/Somewhere', '<IntervalBlock>' || pg_temp.reading(1735707600, '1') || '</IntervalBlock>')
	|| pg_temp.entry('self=/ReadingType/kwh', '<ReadingType><flowDirection>19</flowDirection><intervalLength>900</intervalLength><powerOfTenMultiplier>-3</powerOfTenMultiplier><uom>72</uom></ReadingType>')
	|| pg_temp.entry('self=/ReadingType/register', '<ReadingType><accumulationBehaviour>1</accumulationBehaviour><flowDirection>1</flowDirection><powerOfTenMultiplier>3</powerOfTenMultiplier><uom>72</uom></ReadingType>')
	|| pg_temp.entry('self=/ReadingType/gas', '<ReadingType><uom>169</uom></ReadingType>')
	|| pg_temp.entry('', '<LocalTimeParameters><tzOffset>-18000</tzOffset></LocalTimeParameters>') || '</feed>' AS document \gset
SELECT line, meter, channel, profile, read_at, reading, unit, quality, rejected, content FROM read_espi(:'document');
-- A file that is cut: what came before is there.
SELECT line, day, slot_count(profile), rejected FROM read_espi(left(:'document', -20)) WHERE profile IS NOT NULL OR rejected ~ 'cut';

-- What is no XML, or more of it than is wanted: no entity is ever read.
SELECT line, rejected FROM read_espi('');
SELECT line, rejected FROM read_espi('100,NEM12');
SELECT line, rejected FROM read_espi('<feed></feed>');
SELECT line, rejected FROM read_espi('<feed><entry></feed>');
SELECT line, rejected FROM read_espi('<feed><entry>&xxe;</entry></feed>');
SELECT line, rejected FROM read_espi(:'doctype');
SELECT line, rejected FROM read_espi('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><feed>&b;</feed>');
SELECT line, rejected FROM read_espi(repeat('<a>', 100000));
SELECT line, rejected FROM read_espi('<a ' || repeat('b', 100000));
SELECT line, rejected FROM read_espi('\xfffe3c00'::bytea);
SELECT count(*) FROM read_espi(NULL::text);
SELECT * FROM read_espi('', 'Mars/Olympus');

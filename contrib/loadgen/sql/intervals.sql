-- One file of intervals (LOAD_FILE in the environment): received as it is for its station, then landed.
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_readings;
\set content `base64 -w0 "$LOAD_FILE"`
SELECT billing.receive(:'file', decode(:'content', 'base64'), :'format', :'org_no', 'loadgen', :'mapping') AS batch \gset
SELECT format('%s: %s days taken, %s unchanged, %s rejected', :'file', l.taken, l.unchanged, l.rejected) FROM billing.land(:batch) l;

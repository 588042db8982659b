CREATE TYPE billing.profile;

CREATE FUNCTION billing.profile_in(cstring)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 4000
AS 'MODULE_PATHNAME', 'billing_profile_in';
COMMENT ON FUNCTION billing.profile_in(cstring) IS 'a profile from its text form, a JSON object';

CREATE FUNCTION billing.profile_out(billing.profile)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_profile_out';
COMMENT ON FUNCTION billing.profile_out(billing.profile) IS 'text form of a profile, a JSON object';

CREATE FUNCTION billing.profile_recv(internal)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'billing_profile_recv';
COMMENT ON FUNCTION billing.profile_recv(internal) IS 'a profile from its binary form, checked whole';

CREATE FUNCTION billing.profile_send(billing.profile)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_profile_send';
COMMENT ON FUNCTION billing.profile_send(billing.profile) IS 'binary form of a profile, its stored bytes';

CREATE TYPE billing.profile (
	INPUT = billing.profile_in,
	OUTPUT = billing.profile_out,
	RECEIVE = billing.profile_recv,
	SEND = billing.profile_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = main
);
COMMENT ON TYPE billing.profile
	IS 'load profile: what one channel of one meter recorded in slots of equal length, with a quality for each slot; packed a local day a block. Text form: {"start": "2026-01-01T00:00+08:00", "slot_minutes": 15, "unit": "Wh", "scale": 0, "time_zone": "Asia/Shanghai", "quality": "actual", "values": [250, 260, null]}; a value v means v * 10^scale units, null a missing slot';

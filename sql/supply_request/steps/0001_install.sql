-- What was installed for a request, before the account is there.
CREATE TABLE billing.supply_request_install (
	account_id		bigint NOT NULL,
	request_id		bigint NOT NULL,
	part			text NOT NULL DEFAULT 'main',
	org_id			bigint NOT NULL,
	meter_no		text NOT NULL,
	at				timestamptz NOT NULL,
	readings		jsonb NOT NULL,
	end_readings	jsonb,
	transformers	text[] NOT NULL DEFAULT '{}',
	point_code		text,
	area_id			bigint,
	feeder_id		bigint,
	voltage_v		integer,
	metered_at		text NOT NULL DEFAULT 'low',
	installed_by	text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (account_id, request_id, part),
	FOREIGN KEY (account_id, request_id, org_id) REFERENCES billing.supply_request (account_id, request_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT supply_request_install_at_finite CHECK (isfinite(at)),
	CONSTRAINT supply_request_install_readings_object CHECK (jsonb_typeof(readings) = 'object' AND jsonb_typeof(end_readings) = 'object')
);
COMMENT ON TABLE billing.supply_request_install IS 'meters that were hung for a request; with its completion they count at its account';
COMMENT ON COLUMN billing.supply_request_install.end_readings IS 'of the meter that was there before';

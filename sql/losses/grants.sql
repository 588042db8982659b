GRANT EXECUTE ON FUNCTION billing.area_losses(text, daterange, text), billing.feeder_losses(text, daterange, text), billing.station_losses(text, daterange, text)
	TO billing_clerk, billing_analyst, billing_auditor;

-- as plans: everybody's to read
GRANT SELECT ON billing.calendar, billing.calendar_day, billing.calendar_event, billing.price_component, billing.component_price,
	billing.price_series, billing.series_price, billing.market_value, billing.market_change,
	billing_report.calendar_day, billing_report.published_price
	TO billing_admin, billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.add_calendar(text, text, text[]), billing.add_calendar_days(text, date[], text, text, text),
	billing.add_event(text, text, timestamptz, timestamptz, text), billing.add_event_days(text, text, date, date, text),
	billing.cancel_event(text, text, integer, text), billing.add_component(text, text, text), billing.publish_component(text, date, numeric, text),
	billing.request_component(text, date, numeric, text),
	billing.add_series(text, text, integer), billing.publish_prices(text, timestamptz, numeric[], text), billing.request_prices(text, timestamptz, numeric[], text),
	billing.publish_market(billing.market, text, text), billing.add_calendar_from_library(text, text)
	TO billing_admin, billing_clerk;
GRANT EXECUTE ON FUNCTION billing._market(billing.tariff, jsonb, bigint, date, date),
	billing._market_days(bigint, date, date), billing._market_events(bigint, jsonb, timestamptz, timestamptz),
	billing._market_prices(jsonb, date, date), billing._market_series(jsonb, timestamptz, timestamptz)
	TO billing_admin, billing_clerk, billing_analyst, billing_auditor;

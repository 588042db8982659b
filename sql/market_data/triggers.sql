CREATE TRIGGER calendar_day_refuse_change BEFORE UPDATE OR DELETE ON billing.calendar_day
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER calendar_day_refuse_truncate BEFORE TRUNCATE ON billing.calendar_day
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER calendar_event_refuse_change BEFORE UPDATE OR DELETE ON billing.calendar_event
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER calendar_event_refuse_truncate BEFORE TRUNCATE ON billing.calendar_event
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER component_price_refuse_change BEFORE UPDATE OR DELETE ON billing.component_price
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER component_price_refuse_truncate BEFORE TRUNCATE ON billing.component_price
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER series_price_refuse_change BEFORE UPDATE OR DELETE ON billing.series_price
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER series_price_refuse_truncate BEFORE TRUNCATE ON billing.series_price
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER market_value_refuse_change BEFORE UPDATE OR DELETE ON billing.market_value
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER market_value_refuse_truncate BEFORE TRUNCATE ON billing.market_value
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();

CREATE TRIGGER calendar_market_changed AFTER INSERT OR UPDATE ON billing.calendar
	FOR EACH STATEMENT EXECUTE FUNCTION billing._market_changed();
CREATE TRIGGER calendar_day_market_changed AFTER INSERT ON billing.calendar_day
	FOR EACH STATEMENT EXECUTE FUNCTION billing._market_changed();
CREATE TRIGGER calendar_event_market_changed AFTER INSERT ON billing.calendar_event
	FOR EACH STATEMENT EXECUTE FUNCTION billing._market_changed();
CREATE TRIGGER price_component_market_changed AFTER INSERT OR UPDATE ON billing.price_component
	FOR EACH STATEMENT EXECUTE FUNCTION billing._market_changed();
CREATE TRIGGER component_price_market_changed AFTER INSERT ON billing.component_price
	FOR EACH STATEMENT EXECUTE FUNCTION billing._market_changed();
CREATE TRIGGER series_price_market_changed AFTER INSERT ON billing.series_price
	FOR EACH STATEMENT EXECUTE FUNCTION billing._market_changed();

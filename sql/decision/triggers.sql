CREATE TRIGGER what_if_freeze BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.what_if FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER purchase_month_freeze BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.purchase_month FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER market_price_freeze BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.market_price FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();

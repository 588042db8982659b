CREATE TRIGGER e_invoice_guard BEFORE UPDATE OR DELETE ON billing.e_invoice
	FOR EACH ROW EXECUTE FUNCTION billing._guard_e_invoice();
CREATE TRIGGER e_invoice_refuse_truncate BEFORE TRUNCATE ON billing.e_invoice
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();

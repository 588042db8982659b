CREATE TRIGGER contract_version_guard BEFORE INSERT OR UPDATE OR DELETE ON billing.contract_version
	FOR EACH ROW EXECUTE FUNCTION billing._guard_contract_version();
CREATE TRIGGER contract_version_refuse_truncate BEFORE TRUNCATE ON billing.contract_version
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();

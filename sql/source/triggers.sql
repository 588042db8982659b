CREATE TRIGGER batch_refuse_change BEFORE UPDATE OR DELETE ON billing.batch
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_landed();
CREATE TRIGGER batch_refuse_content BEFORE UPDATE OF content ON billing.batch
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER batch_refuse_truncate BEFORE TRUNCATE ON billing.batch
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER batch_manifest_refuse_change BEFORE UPDATE OR DELETE ON billing.batch_manifest
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER batch_manifest_refuse_truncate BEFORE TRUNCATE ON billing.batch_manifest
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER batch_reject_refuse_change BEFORE UPDATE OR DELETE ON billing.batch_reject
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER batch_reject_refuse_truncate BEFORE TRUNCATE ON billing.batch_reject
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();

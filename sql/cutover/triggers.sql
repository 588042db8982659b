CREATE TRIGGER cutover_reject_refuse_change BEFORE UPDATE OR DELETE ON billing.cutover_reject
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER cutover_reject_refuse_truncate BEFORE TRUNCATE ON billing.cutover_reject
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
-- what was decided stays; a posted item moves with its account
CREATE TRIGGER cutover_refuse_change BEFORE UPDATE OR DELETE ON billing.cutover
	FOR EACH ROW WHEN (OLD.state <> 'checked') EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER cutover_item_refuse_change BEFORE UPDATE OR DELETE ON billing.cutover_item
	FOR EACH ROW WHEN (OLD.state <> 'staged') EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER dispute_refuse_change BEFORE UPDATE OR DELETE ON billing.dispute
	FOR EACH ROW WHEN (OLD.closed_on IS NOT NULL) EXECUTE FUNCTION billing._refuse_all_but_org();

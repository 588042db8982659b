ALTER TABLE billing.detector_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.detector_rule FORCE ROW LEVEL SECURITY;
-- what an org lays down holds for all below it
CREATE POLICY detector_rule_select_granted ON billing.detector_rule FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_inherit(org_id, 'reading'));
-- a run goes by them also where readings are not shown
CREATE POLICY detector_rule_select_run ON billing.detector_rule FOR SELECT TO billing_owner USING (billing.can_inherit(org_id, 'bill'));
CREATE POLICY detector_rule_insert_granted ON billing.detector_rule FOR INSERT TO billing_owner WITH CHECK (billing.can_do('approve', 'reading', org_id));
CREATE POLICY detector_rule_update_granted ON billing.detector_rule FOR UPDATE TO billing_owner
	USING (billing.can_do('approve', 'reading', org_id)) WITH CHECK (billing.can_do('approve', 'reading', org_id));

-- customers are not told of what is suspected
ALTER TABLE billing.anomaly ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.anomaly FORCE ROW LEVEL SECURITY;
CREATE POLICY anomaly_select_granted ON billing.anomaly FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY anomaly_select_owner ON billing.anomaly FOR SELECT TO billing_owner USING (billing.can_read(org_id, 'account') OR billing.can_read(org_id, 'reading'));
CREATE POLICY anomaly_insert_run ON billing.anomaly FOR INSERT TO billing_owner WITH CHECK (billing.can_do('run', 'bill', org_id));
CREATE POLICY anomaly_update_run ON billing.anomaly FOR UPDATE TO billing_owner
	USING (billing.can_do('run', 'bill', org_id) OR billing.can_write(org_id, 'reading')) WITH CHECK (billing.can_do('run', 'bill', org_id) OR billing.can_write(org_id, 'reading'));

-- only runs look at it
ALTER TABLE billing.detection_usual ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.detection_usual FORCE ROW LEVEL SECURITY;
CREATE POLICY detection_usual_select_run ON billing.detection_usual FOR SELECT TO billing_owner USING (billing.can_do('run', 'bill', org_id));
CREATE POLICY detection_usual_insert_run ON billing.detection_usual FOR INSERT TO billing_owner WITH CHECK (billing.can_do('run', 'bill', org_id));

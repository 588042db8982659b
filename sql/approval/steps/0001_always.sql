-- Acts that need a second person only where an organisation says so.
ALTER TABLE billing.approval_act ADD COLUMN always boolean NOT NULL DEFAULT true;
UPDATE billing.approval_act SET always = false WHERE act = 'price';
COMMENT ON TABLE billing.approval_act IS 'what can need a second person; who approves it needs approve on this kind';
COMMENT ON COLUMN billing.approval_act.always IS 'false: only where an organisation has a rule for it';

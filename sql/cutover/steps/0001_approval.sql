-- Imports wait as requests for an approval; those that wait already are asked for now.
INSERT INTO billing.approval_act (act, kind, meaning, carried_out_by) VALUES ('cutover', 'money', 'posting what comes from an old system', '_decide_cutover');
ALTER TABLE billing.cutover NO FORCE ROW LEVEL SECURITY;
INSERT INTO billing.approval (org_id, act, kind, subject, detail, asked_by, expires_at)
SELECT c.org_id, 'cutover', 'money', format('cut-over %s', c.cutover_no), jsonb_build_object('cutover_no', c.cutover_no, 'from_on', c.from_on, 'made_by', c.made_by),
	   c.made_by, now() + interval '7 days'
  FROM billing.cutover c WHERE c.state = 'checked';

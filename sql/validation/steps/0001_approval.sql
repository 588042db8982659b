-- Large edits wait as requests for an approval; those that wait already are asked for now.
INSERT INTO billing.approval_act (act, kind, meaning, carried_out_by) VALUES ('reading_edit', 'reading', 'a large change of a load profile, or one of billed days', '_decide_edit');
ALTER TABLE billing.reading_edit NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.account NO FORCE ROW LEVEL SECURITY;
INSERT INTO billing.approval (org_id, act, kind, subject, detail, asked_by, expires_at, account_id)
SELECT e.org_id, 'reading_edit', 'reading', format('edit %s of readings of account %s', e.edit_id, a.account_no),
	   to_jsonb(e) - '{org_id,state,digest_before,decided_by,decided_at,note}'::text[], e.author, now() + interval '7 days', e.account_id
  FROM billing.reading_edit e JOIN billing.account a ON a.account_id = e.account_id WHERE e.state = 'pending';

-- Drafts wait as requests for an approval; those that wait already are asked for now.
INSERT INTO billing.approval_act (act, kind, meaning, carried_out_by) VALUES ('contract', 'account', 'a contract that can be signed', '_decide_contract');
ALTER TABLE billing.contract_version NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.account NO FORCE ROW LEVEL SECURITY;
INSERT INTO billing.approval (org_id, act, kind, subject, detail, asked_by, expires_at, account_id)
SELECT v.org_id, 'contract', 'account', format('version %s of contract %s of account %s', v.version, v.contract_no, a.account_no),
	   to_jsonb(v) - '{state,org_id,approved_by,signed_on,signature_digest,signed_by}'::text[], v.drafted_by, now() + interval '7 days', v.account_id
  FROM billing.contract_version v JOIN billing.account a ON a.account_id = v.account_id WHERE v.state = 'draft';

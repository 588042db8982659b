-- Readings in doubt wait as requests for an approval; those that wait already are asked for now.
INSERT INTO billing.approval_act (act, kind, meaning, carried_out_by) VALUES ('register_reading', 'reading', 'a reading of a register that is in doubt', '_decide_reading');
ALTER TABLE billing.register_reading NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.account NO FORCE ROW LEVEL SECURITY;
INSERT INTO billing.approval (org_id, act, kind, subject, detail, asked_by, expires_at, account_id)
SELECT r.org_id, 'register_reading', 'reading',
	   format('register %s (%s) of account %s on %s, entry %s', r.register, r.part, a.account_no, to_char(r.read_on, 'YYYY-MM-DD'), r.entry_no),
	   jsonb_build_object('account_id', r.account_id, 'read_on', r.read_on, 'part', r.part, 'register', r.register, 'entry_no', r.entry_no, 'value', r.value,
			'finding', r.finding, 'detail', r.detail, 'author', r.author), r.author, now() + interval '7 days', r.account_id
  FROM billing.register_reading r JOIN billing.account a ON a.account_id = r.account_id WHERE r.state = 'pending';

-- One key instead of two, and none to account: they cost a run as much as all else of its notices.
ALTER TABLE billing.notice DROP CONSTRAINT notice_account_id_org_id_fkey, DROP CONSTRAINT notice_pkey, DROP CONSTRAINT notice_about_key,
	ADD CONSTRAINT notice_pkey PRIMARY KEY (account_id, kind, about);

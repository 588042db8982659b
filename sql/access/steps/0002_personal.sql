-- Rights on what is personal: opening sealed values, their keys, erasing.
ALTER TABLE billing.access_grant DROP CONSTRAINT access_grant_kind_known;
ALTER TABLE billing.access_grant ADD CONSTRAINT access_grant_kind_known
	CHECK (kind IN ('org', 'customer', 'account', 'reading', 'plan', 'bill', 'money', 'audit', 'supply', 'personal'));

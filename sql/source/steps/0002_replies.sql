-- Files that answer: invoices and receipts, which are of bills.
ALTER TABLE billing.csv_mapping DROP CONSTRAINT csv_mapping_format_known,
	ADD CONSTRAINT csv_mapping_format_known CHECK (format IN ('csv', 'json', 'nem12', 'nem13', 'espi', 'mscons', 'payments', 'staff', 'invoices', 'receipts'));
DROP INDEX billing.batch_seq_key;
ALTER TABLE billing.batch DROP CONSTRAINT batch_format_known,
	ADD CONSTRAINT batch_format_known CHECK (format IN ('csv', 'json', 'nem12', 'nem13', 'espi', 'mscons', 'payments', 'staff', 'invoices', 'receipts', 'hand')),
	DROP COLUMN kind;
ALTER TABLE billing.batch ADD COLUMN kind text NOT NULL
	GENERATED ALWAYS AS (CASE format WHEN 'payments' THEN 'money' WHEN 'staff' THEN 'org' WHEN 'invoices' THEN 'bill' WHEN 'receipts' THEN 'bill' ELSE 'reading' END) STORED;
COMMENT ON COLUMN billing.batch.kind IS 'whose right it takes to see it: reading, money (payments), org (staff), bill (replies about invoices, receipts of notices)';
COMMENT ON COLUMN billing.batch.taken IS 'days, payments, persons or replies that it brought; unchanged: those that said nothing new, or were older than what is there';
CREATE UNIQUE INDEX batch_seq_key ON billing.batch (org_id, kind, seq);

-- The book of debts that were given up.
ALTER TABLE billing.transfer DROP CONSTRAINT transfer_books_known, ADD CONSTRAINT transfer_books_known
	CHECK (debit IN ('receivable', 'billed', 'cash', 'opening', 'deposit', 'advance', 'written_off') AND credit IN ('receivable', 'billed', 'cash', 'opening', 'deposit', 'advance'));
COMMENT ON COLUMN billing.transfer.debit IS
'book that the amount goes to: receivable 应收, billed, cash, opening (what came from an old system), deposit 押金, advance 预收, written_off 核销';

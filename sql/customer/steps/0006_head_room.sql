-- Room for the next version of every head of a page, also after its first bill has made it longer; of pages that are filled from now on.
ALTER TABLE billing.account_head SET (fillfactor = 33);

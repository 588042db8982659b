-- The row of bill_sum that comes with these refers to the same org.
ALTER TABLE billing.charge_sum DROP CONSTRAINT charge_sum_org_id_fkey;

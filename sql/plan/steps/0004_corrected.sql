-- Why days that were billed got another plan.
ALTER TABLE billing.account_plan ADD COLUMN reason text;
COMMENT ON COLUMN billing.account_plan.reason IS 'why days that were billed already got another plan, or other terms; null: it was there before the bills';

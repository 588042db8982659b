-- a customer sees no org, but may ask: views name it
GRANT SELECT ON billing.org TO billing_customer;
GRANT SELECT ON billing.org, billing.staff TO billing_admin, billing_clerk, billing_analyst, billing_auditor;

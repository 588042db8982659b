GRANT SELECT ON billing.approval_act TO billing_admin, billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.approval_rule TO billing_admin, billing_clerk, billing_auditor;
GRANT SELECT ON billing.approval, billing_report.approval TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.approve(bigint, text), billing.decline(bigint, text), billing.withdraw_approval(bigint), billing.ask_again(bigint) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.set_approval_rule(text, text, numeric, interval, boolean) TO billing_admin;

GRANT SELECT ON billing.risky_act, billing.second_step_rule TO billing_admin, billing_clerk, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.require_second_step(text, text[], integer), billing.lift_second_step(text, text[]) TO billing_admin;

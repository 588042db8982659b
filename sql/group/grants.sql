GRANT SELECT ON billing.access_group, billing.group_staff, billing.group_group, billing.group_grant, billing.duty_rule, billing_report.staff_right
	TO billing_admin, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.add_group(text, text, text), billing.end_group(text), billing.add_post(text, text),
	billing.join_group(text, text, timestamptz, timestamptz), billing.leave_group(text, text), billing.nest_group(text, text, timestamptz, timestamptz), billing.unnest_group(text, text),
	billing.grant_group_access(text, text, text[], text[], timestamptz, timestamptz), billing.stand_in(text, text, timestamptz, timestamptz), billing.end_stand_in(text, text), billing.revoke_group_access(text, text, text[], text[]),
	billing.separate_duties(text, text[]), billing.unite_duties(text, text[]) TO billing_admin;
GRANT EXECUTE ON FUNCTION billing._orgs_above(bigint) TO billing_admin, billing_auditor;

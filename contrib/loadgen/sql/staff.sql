-- Organisations, staff, logins.  The first of each is a superuser's; the rest is the administrator's.
SET client_min_messages = warning;
BEGIN;
CREATE TEMP TABLE given_org (org_no text, parent_no text, name text, kind text, line serial);
CREATE TEMP TABLE given_staff (staff_no text, org_no text, name text, post text, login_role text, line serial);
GRANT SELECT ON given_org, given_staff TO PUBLIC;
\copy given_org (org_no, parent_no, name, kind) FROM 'orgs.csv' (FORMAT csv, HEADER)
\copy given_staff (staff_no, org_no, name, post, login_role) FROM 'staff.csv' (FORMAT csv, HEADER)

-- which group role a post needs; a role of that name that is there already stays as it is
SELECT format('CREATE ROLE %I LOGIN IN ROLE %s', g.login_role,
			  CASE g.post WHEN 'administrator' THEN 'billing_admin, billing_clerk' WHEN 'auditor' THEN 'billing_auditor'
						  WHEN 'analyst' THEN 'billing_analyst' ELSE 'billing_clerk' END)
  FROM given_staff g
 WHERE g.login_role IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = g.login_role) ORDER BY g.line \gexec

SELECT billing.add_org(g.org_no, g.name, g.kind) AS made FROM given_org g
 WHERE g.parent_no IS NULL AND NOT EXISTS (SELECT FROM billing.org o WHERE o.org_no = g.org_no) ORDER BY g.line \g /dev/null
SELECT billing.add_staff(g.org_no, g.staff_no, g.name, g.post, g.login_role),
	   billing.grant_access(g.staff_no, g.org_no, '{org,customer,account,supply,reading,plan,bill,money,audit}', '{read,write,approve,run}')
  FROM given_staff g WHERE g.post = 'administrator' AND NOT EXISTS (SELECT FROM billing.staff s WHERE s.staff_no = g.staff_no)
 ORDER BY g.line \g /dev/null

SET SESSION AUTHORIZATION county_admin;
SELECT count(billing.add_org(g.org_no, g.name, g.kind, g.parent_no)) FROM (SELECT * FROM given_org ORDER BY line) g
 WHERE NOT EXISTS (SELECT FROM billing.org o WHERE o.org_no = g.org_no) \g /dev/null
SELECT count(billing.add_staff(g.org_no, g.staff_no, g.name, g.post, g.login_role)) FROM (SELECT * FROM given_staff ORDER BY line) g
 WHERE NOT EXISTS (SELECT FROM billing.staff s WHERE s.staff_no = g.staff_no) \g /dev/null
SELECT count(billing.grant_post(g.staff_no, g.org_no)) FROM (SELECT * FROM given_staff ORDER BY line) g WHERE g.post <> 'administrator' \g /dev/null
COMMIT;
SELECT format('%s organisations, %s staff', (SELECT count(*) FROM billing.org), (SELECT count(*) FROM billing.staff));

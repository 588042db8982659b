-- What looks wrong: the work list's likeliest, and how much of it there is.
SELECT format('  %s  %s %s  %s to %s  %s  %s', rpad(n.account_no, 10), rpad(n.kind, 13), to_char(n.probability, '0.00'), n.from_on, n.until_on, coalesce(lpad(round(n.kwh)::text, 6) || ' kWh', '          '), coalesce('see to it by ' || n.due_on, ''))
  FROM billing_report.anomaly n WHERE n.kind IN ('level_shift', 'phase_fault', 'zero_use', 'inactive_use', 'power_factor', 'over_contract')
 ORDER BY n.probability DESC, n.kwh DESC NULLS LAST LIMIT 8;
SELECT '';
SELECT '  the first of them:  ' || n.action FROM billing_report.anomaly n WHERE n.kind IN ('level_shift', 'phase_fault') ORDER BY n.probability DESC, n.kwh DESC NULLS LAST LIMIT 1;
SELECT '  open, by kind:  ' || string_agg(format('%s %s', c.kind, c.open), ', ' ORDER BY c.open DESC, c.kind) FROM (SELECT kind, sum(open) AS open FROM billing_report.anomaly_count GROUP BY kind) c;

-- Where the power factor adjustment of one bill comes from.
SELECT format('功率因数 power factor: %s kWh / √(%s² + %s²) = %s → %s, 标准 standard %s: %s %%',
			  kwh, kwh, kvarh, round(factor, 5), round(factor, 2), standard, price)
  FROM (SELECT round(sum(billing.energy_kwh(r.profile)) FILTER (WHERE r.channel = 'import')) AS kwh,
			   round(sum(billing.energy_kwh(r.profile)) FILTER (WHERE r.channel = 'reactive_import')) AS kvarh,
			   min(p.terms ->> 'pf_standard') AS standard
		  FROM billing.account a JOIN billing.reading r USING (account_id) JOIN billing.account_plan p USING (account_id)
		 WHERE a.account_no = :'account') a
 CROSS JOIN LATERAL (SELECT kwh / sqrt(kwh * kwh + kvarh * kvarh) AS factor) f
  JOIN billing_report.bill_line l ON l.account_no = :'account' AND l.code = 'power_factor';

-- Where the power factor adjustment of one bill comes from.
SELECT format('功率因数 power factor: %s kWh / √(%s² + %s²) = %s → %s, 标准 standard %s: %s %%',
			  kwh, kwh, kvarh, round(factor, 5), round(factor, 2), terms ->> 'pf_standard', price)
  FROM (SELECT terms, charges, account_no,
			   round(billing.energy_kwh(billing.channel_profile(usage, 'main', 'import'))) AS kwh,
			   round(billing.energy_kwh(billing.channel_profile(usage, 'main', 'reactive_import'))) AS kvarh
		  FROM county.account JOIN county.bill USING (account_no)) a
 CROSS JOIN LATERAL (SELECT kwh / sqrt(kwh * kwh + kvarh * kvarh) AS factor) f
 CROSS JOIN LATERAL billing.lines(charges) l
 WHERE account_no = :'account' AND l.code = 'power_factor';

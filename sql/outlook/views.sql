CREATE VIEW billing_report.load_forecast WITH (security_invoker = true) AS
SELECT f.run_id, o.org_no, r.from_on, r.until_on, r.made_by, r.made_at, f.level, d.feeder_no, p.plan_code,
	   billing.energy_kwh(f.forecast) AS energy_kwh, billing.energy_kwh(f.lower) AS lower_kwh, billing.energy_kwh(f.upper) AS upper_kwh, billing.peak_kw(f.forecast) AS peak_kw,
	   f.kind, r.with_temperature, r.calendar_code
  FROM billing.load_forecast f
  JOIN billing.load_forecast_run r ON r.run_id = f.run_id
  LEFT JOIN billing.org o ON o.org_id = r.org_id
  LEFT JOIN billing.feeder d ON d.feeder_id = f.feeder_id
  LEFT JOIN billing.plan p ON p.plan_id = f.plan_id;
COMMENT ON VIEW billing_report.load_forecast IS 'loads foreseen: energy, peak, and the energy of all lower and of all upper bounds, further apart than the energy itself is likely to be';

CREATE VIEW billing_report.account_forecast WITH (security_invoker = true) AS
SELECT f.run_id, a.account_no, billing.start_at(f.forecast) AS start_at, billing.until_at(f.forecast) AS until_at,
	   billing.energy_kwh(f.forecast) AS energy_kwh, billing.energy_kwh(f.lower) AS lower_kwh, billing.energy_kwh(f.upper) AS upper_kwh, billing.peak_kw(f.forecast) AS peak_kw, f.kind
  FROM billing.account_forecast f
  JOIN billing.account a ON a.account_id = f.account_id;
COMMENT ON VIEW billing_report.account_forecast IS 'loads of single accounts foreseen, as in load_forecast; a customer sees his own';

CREATE VIEW billing_report.supply_plan WITH (security_invoker = true) AS
SELECT p.supply_plan_id, o.org_no, p.from_month, p.months, p.version, p.state, p.made_by, p.made_at, p.adopted_by, p.adopted_at, p.note,
	   l.level, d.feeder_no, a.area_no, l.month, l.energy_kwh, l.lower_kwh, l.upper_kwh, l.peak_kw, l.capacity_kw, l.load_percent, coalesce(l.load_percent > 100, false) AS overload
  FROM billing.supply_plan p
  JOIN billing.supply_plan_line l ON l.supply_plan_id = p.supply_plan_id
  LEFT JOIN billing.org o ON o.org_id = p.org_id
  LEFT JOIN billing.feeder d ON d.feeder_id = l.feeder_id
  LEFT JOIN billing.transformer_area a ON a.area_id = l.area_id;
COMMENT ON VIEW billing_report.supply_plan IS 'plans of supply with their lines; overload: the peak is above what the line or the transformer may carry';

-- What a manager asks of a month, each figure with its definition.

CREATE FUNCTION billing.indicators(org_no text, month_on date, codes text[] DEFAULT NULL)
RETURNS TABLE (code text, name_en text, name_zh text, value numeric, unit text, definition text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH asked AS MATERIALIZED (
		SELECT billing._org_of(indicators.org_no, 'read', 'bill') AS org_id, date_trunc('month', indicators.month_on::timestamp)::date AS month_on),
	below AS (
		SELECT b.below_no AS org_no FROM asked a JOIN billing.org o ON o.org_id = a.org_id JOIN billing_report.org_below b ON b.org_no = o.org_no),
	sold AS (
		SELECT r.currency, sum(r.customers) AS customers, sum(r.kwh) AS kwh, sum(r.amount) AS amount
		  FROM billing_report.revenue r JOIN below b ON b.org_no = r.org_no
		 WHERE r.month_on = (SELECT a.month_on FROM asked a) GROUP BY r.currency),
	found AS (
		SELECT 1 AS place, 'customers' AS code, sum(s.customers) AS value, 'accounts' AS unit FROM sold s
		UNION ALL
		SELECT 2, 'energy_sold', sum(s.kwh), 'kWh' FROM sold s
		UNION ALL
		SELECT 3, 'revenue', s.amount, s.currency FROM sold s
		UNION ALL
		SELECT 4, 'average_price', round(s.amount / nullif(s.kwh, 0), 6), s.currency || '/kWh' FROM sold s
		UNION ALL
		SELECT 5, 'collection_rate', round(100 * sum(c.settled) / nullif(sum(c.charged), 0), 2), '%'
		  FROM billing_report.collection c JOIN below b ON b.org_no = c.org_no WHERE c.month_on = (SELECT a.month_on FROM asked a)
		UNION ALL
		SELECT 6, 'overdue', coalesce(sum(a.open), 0), (SELECT min(s.currency) FROM sold s HAVING count(*) = 1)
		  FROM billing_report.arrears a JOIN below b ON b.org_no = a.org_no WHERE a.days_overdue > 0
		UNION ALL
		SELECT 7, 'overdue_age', round(sum(a.open * a.days_overdue) / nullif(sum(a.open), 0), 1), 'days'
		  FROM billing_report.arrears a JOIN below b ON b.org_no = a.org_no WHERE a.days_overdue > 0
		UNION ALL
		SELECT 8, 'loss_rate', CASE WHEN bool_and(l.loss_kwh IS NOT NULL) THEN round(100 * sum(l.loss_kwh) / nullif(sum(l.supplied_kwh), 0), 2) END, '%'
		  FROM asked a CROSS JOIN LATERAL billing.station_losses(indicators.org_no, daterange(a.month_on, (a.month_on + interval '1 month')::date)) l
		 WHERE coalesce('loss_rate' = ANY (indicators.codes), true)
		UNION ALL
		SELECT 9, 'reading_rate', round(100 * sum(r.whole_accounts)::numeric / nullif(sum(r.accounts), 0), 2), '%'
		  FROM billing_report.reading_rate r JOIN below b ON b.org_no = r.org_no
		 WHERE r.month = (SELECT a.month_on FROM asked a) AND coalesce('reading_rate' = ANY (indicators.codes), true)
		UNION ALL
		SELECT 10, 'correctness_rate', round(100 - 100 * sum(q.reversed)::numeric / nullif(sum(q.bills), 0), 2), '%'
		  FROM (SELECT count(*) AS bills, count(r.seq) AS reversed
				  FROM asked a JOIN billing.bill f ON f.from_on >= a.month_on AND f.from_on < (a.month_on + interval '1 month')::date AND f.kind = 'normal'
				  JOIN billing.org o ON o.org_id = f.issued_org_id JOIN below b ON b.org_no = o.org_no
				  LEFT JOIN billing.bill r ON r.account_id = f.account_id AND r.from_on = f.from_on AND r.revision = f.revision AND r.kind = 'reversal') q
		 WHERE coalesce('correctness_rate' = ANY (indicators.codes), true))
	SELECT f.code, w.name_en, w.name_zh, f.value, f.unit, w.definition
	  FROM found f
	  JOIN (VALUES
		('customers', 'Customers billed', '计费户数', 'days of supply billed in the month by the days of the month'),
		('energy_sold', 'Energy sold', '售电量', 'energy of the bills whose days begin in the month; each kWh once'),
		('revenue', 'Revenue', '应收电费', 'amounts of these bills, what was reversed taken away'),
		('average_price', 'Average price', '售电均价', 'revenue by energy sold'),
		('collection_rate', 'Collection rate', '电费回收率', 'share of the month''s bills that is settled by now; payments settle the oldest debt first'),
		('overdue', 'Overdue', '欠费余额', 'what is open today of all bills past the day they were due, of any month'),
		('overdue_age', 'Age of what is overdue', '平均欠费天数', 'days since it was due, weighted by amount'),
		('loss_rate', 'Loss rate', '综合线损率', 'energy supplied to the feeders less energy sold, by energy supplied; none while a reading is missing'),
		('reading_rate', 'Reading rate', '抄表率', 'accounts billed by profiles whose readings of the month are whole, by all of them'),
		('correctness_rate', 'Correctness rate', '电费核算正确率', 'normal bills of the month that were not reversed, by all of them')) w(code, name_en, name_zh, definition) ON w.code = f.code
	 WHERE coalesce(f.code = ANY (indicators.codes), true)
	 ORDER BY f.place, f.unit;
END $$;
COMMENT ON FUNCTION billing.indicators(text, date, text[]) IS
'what a manager asks of the month of a day, of an org and all below it that he may see: each figure with its unit and its definition, null where it cannot be said; '
'codes: only these, since losses and reading rate go through the readings, the others through the sums';

CREATE VIEW billing_report.e_invoice WITH (security_invoker = true) AS
SELECT i.invoice_id, a.account_no, o.org_no, format('%s-%s', a.account_no, i.bill_seq) AS bill_no, c.name AS customer, i.colour, i.amount, i.state, i.asked_at, i.number, i.code, i.issued_on,
	   i.net, i.tax, i.url, encode(i.pdf_digest, 'hex') AS pdf_digest, i.reason,
	   (SELECT b.number FROM billing.e_invoice b WHERE i.colour = 'red' AND b.account_id = i.account_id AND b.bill_seq = i.bill_seq AND b.colour = 'blue' AND b.state = 'issued') AS takes_back,
	   i.account_id, i.bill_seq AS bill_id
  FROM billing.e_invoice i
  JOIN billing.account a ON a.account_id = i.account_id
  LEFT JOIN billing.customer c ON c.customer_id = a.customer_id
  LEFT JOIN billing.org o ON o.org_id = i.org_id;
COMMENT ON VIEW billing_report.e_invoice IS
'electronic invoices, and what is to be told to the tax platform of those that are asked for; takes_back: the number of the one that a red one is about; the lines are in bill_document()';

CREATE VIEW billing_report.missing_red_invoice WITH (security_invoker = true) AS
SELECT i.invoice_id, a.account_no, i.number, i.amount, r.issued_at AS reversed_at
  FROM billing.e_invoice i
  JOIN billing.account a ON a.account_id = i.account_id
  JOIN billing.bill r ON r.account_id = i.account_id AND r.reverses_seq = i.bill_seq
 WHERE i.colour = 'blue' AND i.state = 'issued'
   AND NOT EXISTS (SELECT FROM billing.e_invoice d WHERE d.account_id = i.account_id AND d.bill_seq = i.bill_seq AND d.colour = 'red' AND d.state = 'issued');
COMMENT ON VIEW billing_report.missing_red_invoice IS 'invoices of bills that were reversed since, without a red one';

-- What customers are told of these bills, and one of them as its sender gets it.
SELECT format('  %s notices of kind %s wait to be sent by %s', sum(notices), kind, channel) FROM billing_report.notice_count WHERE state = 'queued' GROUP BY kind, channel;
SELECT format('  to %s: %s', (SELECT billing.mask(k.value) FROM billing.account a JOIN billing.customer_contact k ON k.customer_id = a.customer_id
							  WHERE a.account_no = t.account_no AND k.kind = 'mobile' ORDER BY k.contact_no DESC LIMIT 1), t.body)
  FROM billing.take_notices('sms', 1) t;

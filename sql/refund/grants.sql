GRANT EXECUTE ON FUNCTION billing.request_refund(text, numeric, text, text), billing.post_refund(text, numeric, text, text),
	billing.request_write_off(text, numeric, text, text), billing.post_write_off(text, numeric, text, text) TO billing_clerk;

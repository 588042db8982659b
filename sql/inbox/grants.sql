GRANT EXECUTE ON FUNCTION billing.open_inbox(name, text, text, text, text, text), billing._close_inbox() TO billing_admin, billing_clerk;

-- Rows that come by COPY: a session's own table that keeps none of them; what one COPY brings is a file.
CREATE FUNCTION billing._close_inbox()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lines	bytea := billing._taken_lines(TG_RELID);
BEGIN
	IF lines IS NOT NULL THEN
		PERFORM billing.land(billing.receive(TG_ARGV[0], lines, TG_ARGV[1], TG_ARGV[2], TG_ARGV[3], TG_ARGV[4]));
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._close_inbox() IS 'trigger of an inbox: what a statement copied into it is received as a file, and landed';

CREATE FUNCTION billing.open_inbox(inbox name, file_name text, format text, org_no text, source text DEFAULT '', mapping text DEFAULT '')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM billing._given('open_inbox', inbox, file_name, format, org_no, source, mapping);
	EXECUTE format('CREATE TEMPORARY TABLE %I (line text)', open_inbox.inbox);
	EXECUTE format('CREATE TRIGGER begins BEFORE INSERT ON pg_temp.%I FOR EACH STATEMENT EXECUTE FUNCTION billing._take_line()', open_inbox.inbox);
	EXECUTE format('CREATE TRIGGER takes BEFORE INSERT ON pg_temp.%I FOR EACH ROW EXECUTE FUNCTION billing._take_line()', open_inbox.inbox);
	EXECUTE format('CREATE TRIGGER ends AFTER INSERT ON pg_temp.%I FOR EACH STATEMENT EXECUTE FUNCTION billing._close_inbox(%L, %L, %L, %L, %L)',
				   open_inbox.inbox, open_inbox.file_name, open_inbox.format, open_inbox.org_no, open_inbox.source, open_inbox.mapping);
END $$;
COMMENT ON FUNCTION billing.open_inbox(name, text, text, text, text, text) IS
'makes a temporary table of this session for rows that come by COPY: COPY inbox FROM STDIN (DELIMITER E''\x01''). The lines of one COPY '
'are one file, which is received and landed as by receive() and land(), with the same arguments, in the same statement; no row is stored '
'in the table itself. A line is taken as it is, so a table with a header comes with its header; at most 1 GB at once';

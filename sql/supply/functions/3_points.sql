-- Service points.
CREATE FUNCTION billing._point_of(account_no text, part text)
RETURNS billing.service_point
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_id	bigint := billing._account_of(_point_of.account_no, 'write', 'supply');
	point		billing.service_point;
BEGIN
	-- the head first: the order in which everybody locks
	PERFORM FROM billing.account_head h WHERE h.account_id = found_id FOR NO KEY UPDATE;
	SELECT p.* INTO point FROM billing.service_point p WHERE p.account_id = found_id AND p.part = _point_of.part FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'account % has no service point "%"', _point_of.account_no, _point_of.part
			USING ERRCODE = 'no_data_found', HINT = 'add_service_point() adds it.';
	ELSIF point.state = 'ended' THEN
		RAISE EXCEPTION 'service point "%" of account % has ended', _point_of.part, _point_of.account_no
			USING ERRCODE = 'UB705', DETAIL = format('On %s.', to_char(point.until_on, 'YYYY-MM-DD'));
	END IF;
	RETURN point;
END $$;
COMMENT ON FUNCTION billing._point_of(text, text) IS 'a service point, locked with its account, where the actor may write supply';

CREATE FUNCTION billing.add_service_point(account_no text, part text DEFAULT 'main', point_code text DEFAULT NULL, area_no text DEFAULT NULL,
	feeder_no text DEFAULT NULL, from_on date DEFAULT NULL, voltage_v integer DEFAULT NULL, metered_at text DEFAULT 'low', purpose text DEFAULT 'billing')
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply at the account's org; area or feeder must be such as the caller may read.
DECLARE
	found_id	bigint := billing._account_of(add_service_point.account_no, 'write', 'supply');
	account		record;
	begin_on	date;
	area		billing.transformer_area;
	feeder		billing.feeder;
BEGIN
	SELECT h.org_id, a.opened_on INTO account FROM billing.account a JOIN billing.account_head h ON h.account_id = a.account_id
	 WHERE a.account_id = found_id FOR NO KEY UPDATE OF h;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', add_service_point.account_no));
	END IF;
	begin_on := coalesce(add_service_point.from_on, account.opened_on);
	IF begin_on < account.opened_on THEN
		RAISE EXCEPTION 'account % is there from % on', add_service_point.account_no, to_char(account.opened_on, 'YYYY-MM-DD')
			USING ERRCODE = 'UB705', DETAIL = format('The service point would be from %s.', to_char(begin_on, 'YYYY-MM-DD'));
	END IF;
	area := billing._area_of(add_service_point.area_no, 'read', begin_on);
	feeder := billing._feeder_of(add_service_point.feeder_no, 'read', begin_on);
	INSERT INTO billing.service_point (account_id, part, org_id, point_code, purpose, voltage_v, metered_at, area_id, feeder_id, placed_on, from_on)
	VALUES (found_id, add_service_point.part, account.org_id, add_service_point.point_code, add_service_point.purpose, add_service_point.voltage_v,
			add_service_point.metered_at, area.area_id, feeder.feeder_id, begin_on, begin_on);
	PERFORM billing._audit(account.org_id, 'add_service_point', format('account %s', add_service_point.account_no),
		jsonb_strip_nulls(jsonb_build_object('part', add_service_point.part, 'point_code', add_service_point.point_code, 'area_no', add_service_point.area_no,
			'feeder_no', add_service_point.feeder_no, 'from_on', begin_on)));
END $$;
COMMENT ON FUNCTION billing.add_service_point(text, text, text, text, text, date, integer, text, text) IS
'where an account is supplied and metered 计量点: part is the name that its readings carry, point_code the number by which others know it; '
'in a transformer area, or on a feeder; from a day on, else from the account''s first; metered_at high or low voltage; purpose billing or check';

CREATE FUNCTION billing.move_service_point(account_no text, moved_on date, area_no text DEFAULT NULL, feeder_no text DEFAULT NULL, part text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(move_service_point.account_no, move_service_point.part);
	area	billing.transformer_area := billing._area_of(move_service_point.area_no, 'read', move_service_point.moved_on);
	feeder	billing.feeder := billing._feeder_of(move_service_point.feeder_no, 'read', move_service_point.moved_on);
BEGIN
	IF (area.area_id IS NULL) = (feeder.feeder_id IS NULL) THEN
		RAISE EXCEPTION 'a service point hangs in an area or on a feeder' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give one of the two.';
	END IF;
	PERFORM billing._check_after(format('service point "%s"', point.part), point.placed_on, move_service_point.moved_on);
	INSERT INTO billing.service_point_place (account_id, part, from_on, until_on, org_id, area_id, feeder_id)
	VALUES (point.account_id, point.part, point.placed_on, move_service_point.moved_on, point.org_id, point.area_id, point.feeder_id);
	UPDATE billing.service_point p SET area_id = area.area_id, feeder_id = feeder.feeder_id, placed_on = move_service_point.moved_on
	 WHERE p.account_id = point.account_id AND p.part = point.part;
	PERFORM billing._audit(point.org_id, 'move_service_point', format('account %s', move_service_point.account_no),
		jsonb_strip_nulls(jsonb_build_object('part', point.part, 'moved_on', move_service_point.moved_on, 'area_no', move_service_point.area_no, 'feeder_no', move_service_point.feeder_no)));
END $$;
COMMENT ON FUNCTION billing.move_service_point(text, date, text, text, text) IS
'from a day on a service point hangs in another area, or on another feeder; where it was stays known, so that the losses of a month are those of its grid';

CREATE FUNCTION billing.number_service_point(account_no text, point_code text, part text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(number_service_point.account_no, number_service_point.part);
BEGIN
	PERFORM billing._given('number_service_point', account_no, point_code, part);
	UPDATE billing.service_point p SET point_code = number_service_point.point_code WHERE p.account_id = point.account_id AND p.part = point.part;
	PERFORM billing._audit(point.org_id, 'number_service_point', format('account %s', number_service_point.account_no),
		jsonb_build_object('part', point.part, 'point_code', number_service_point.point_code, 'was', point.point_code));
END $$;
COMMENT ON FUNCTION billing.number_service_point(text, text, text) IS 'the number by which others know a service point, where it was not known or is another; the one before is in the audit trail';

CREATE FUNCTION billing._check_cut(point billing.service_point, account_no text, cause text, reason text)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF cause = 'arrears' THEN
		RAISE EXCEPTION 'supply is not cut for arrears by hand'
			USING ERRCODE = 'UB608', DETAIL = format('Account %s.', account_no), HINT = 'A request of kind disconnection does it, when it is completed: open_supply_request().';
	ELSIF cause NOT IN ('danger', 'theft', 'breach', 'order', 'customer') OR btrim(reason) = '' OR length(reason) > 1000 THEN
		RAISE EXCEPTION 'supply is cut for a cause, and a reason in words' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Given: %s.', left(cause, 100)),
			HINT = 'Causes: danger, theft, breach, order, customer.';
	ELSIF point.state = 'disconnected' THEN
		RAISE EXCEPTION 'service point "%" of account % is cut already', point.part, account_no
			USING ERRCODE = 'UB705', DETAIL = format('For %s.', coalesce(point.disconnected_for, 'a cause that nobody wrote down'));
	END IF;
	-- what can wait is no way around the days of notice that who owes has
	RETURN cause NOT IN ('danger', 'theft') AND NOT EXISTS (SELECT FROM billing.account_head h WHERE h.account_id = point.account_id AND h.balance <= 0);
END $$;
COMMENT ON FUNCTION billing._check_cut(billing.service_point, text, text, text) IS 'raises where a point cannot be cut for this by hand; true: it takes a second person';

CREATE FUNCTION billing._cut_subject(account_no text, part text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT format('service point %s of account %s', _cut_subject.part, _cut_subject.account_no);
END;
COMMENT ON FUNCTION billing._cut_subject(text, text) IS 'what the approval of a disconnection is about';

CREATE FUNCTION billing.request_disconnection(account_no text, cause text, reason text, part text DEFAULT 'main')
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(request_disconnection.account_no, request_disconnection.part);
BEGIN
	PERFORM billing._given('request_disconnection', account_no, cause, reason, part);
	PERFORM billing._check_cut(point, account_no, cause, reason);
	RETURN billing._ask_approval('disconnection', point.org_id, billing._cut_subject(account_no, part), jsonb_build_object('cause', cause, 'reason', reason), NULL, point.account_id);
END $$;
COMMENT ON FUNCTION billing.request_disconnection(text, text, text, text) IS
'asks that the supply of a point of an account that owes be cut by disconnect_service_point() for just this cause and reason; who approves needs approve on supply; needs write on supply; returns approval_id';

CREATE FUNCTION billing.disconnect_service_point(account_no text, cause text, reason text, part text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(disconnect_service_point.account_no, disconnect_service_point.part);
BEGIN
	PERFORM billing._given('disconnect_service_point', account_no, cause, reason, part);
	IF billing._check_cut(point, account_no, cause, reason) THEN
		PERFORM billing._take_approval('disconnection', point.org_id, billing._cut_subject(account_no, part), jsonb_build_object('cause', cause, 'reason', reason));
	END IF;
	UPDATE billing.service_point p SET state = 'disconnected', disconnected_for = disconnect_service_point.cause WHERE p.account_id = point.account_id AND p.part = point.part;
	PERFORM billing._audit(point.org_id, 'disconnect_service_point', format('account %s', disconnect_service_point.account_no),
		jsonb_build_object('part', point.part, 'cause', disconnect_service_point.cause, 'reason', disconnect_service_point.reason));
END $$;
COMMENT ON FUNCTION billing.disconnect_service_point(text, text, text, text) IS
'the supply of a point is cut 停电, for a cause: danger (to people or the grid), theft, breach (of contract), order (of an authority), customer (who wishes it), and a reason in words; it and its meter stay. '
'Of an account that owes, all but danger and theft needs a second person, by request_disconnection(); for arrears only a request of kind disconnection cuts; needs write on supply';

CREATE FUNCTION billing.reconnect_service_point(account_no text, reason text, part text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(reconnect_service_point.account_no, reconnect_service_point.part);
BEGIN
	PERFORM billing._given('reconnect_service_point', account_no, reason, part);
	IF point.disconnected_for = 'arrears' OR (billing._phase_of(point.account_id)).phase = 'disconnected' THEN
		RAISE EXCEPTION 'account % is disconnected for arrears', account_no
			USING ERRCODE = 'UB608', HINT = 'A request of kind reconnection gives supply back, when it is completed: open_supply_request().';
	END IF;
	UPDATE billing.service_point p SET state = 'active', disconnected_for = NULL WHERE p.account_id = point.account_id AND p.part = point.part;
	PERFORM billing._audit(point.org_id, 'reconnect_service_point', format('account %s', reconnect_service_point.account_no),
		jsonb_build_object('part', point.part, 'was', point.disconnected_for, 'reason', reconnect_service_point.reason));
END $$;
COMMENT ON FUNCTION billing.reconnect_service_point(text, text, text) IS
'a point is supplied again 复电, which was not cut for arrears: that a request of kind reconnection ends; needs write on supply';

CREATE FUNCTION billing.end_service_point(account_no text, until_on date, part text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(end_service_point.account_no, end_service_point.part);
BEGIN
	PERFORM billing._given('end_service_point', account_no, until_on, part);
	PERFORM billing._check_after(format('service point "%s"', point.part), point.placed_on, end_service_point.until_on);
	UPDATE billing.service_point p SET state = 'ended', until_on = end_service_point.until_on WHERE p.account_id = point.account_id AND p.part = point.part;
	PERFORM billing._audit(point.org_id, 'end_service_point', format('account %s', end_service_point.account_no),
		jsonb_build_object('part', point.part, 'until_on', end_service_point.until_on));
END $$;
COMMENT ON FUNCTION billing.end_service_point(text, date, text) IS 'a service point is given up; its meters are removed before';

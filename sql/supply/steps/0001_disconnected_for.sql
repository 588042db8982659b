-- Why the supply of a point is cut; of those that are cut already nobody has written it down.
ALTER TABLE billing.service_point ADD COLUMN disconnected_for text,
	ADD CONSTRAINT service_point_disconnected_for_known CHECK (disconnected_for IN ('danger', 'theft', 'breach', 'order', 'customer', 'arrears')),
	ADD CONSTRAINT service_point_disconnected_for_cut CHECK (disconnected_for IS NULL OR state <> 'active');
COMMENT ON COLUMN billing.service_point.disconnected_for IS
'why its supply is cut: danger to people or the grid, theft, breach of contract, an authority''s order, the customer''s wish; arrears, by a request only; null: not cut, or not known';
INSERT INTO billing.approval_act (act, kind, meaning) VALUES ('disconnection', 'supply', 'cutting the supply of an account that owes, for another cause that can wait');

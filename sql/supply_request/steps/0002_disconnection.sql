-- Supply is stopped for arrears, and given back.
ALTER TABLE billing.supply_request DROP CONSTRAINT supply_request_kind_known,
	ADD CONSTRAINT supply_request_kind_known CHECK (kind IN ('new_supply', 'capacity_change', 'price_class_change', 'suspension', 'vacancy',
		'resumption', 'transfer', 'move_out', 'move_in', 'close', 'disconnection', 'reconnection'));

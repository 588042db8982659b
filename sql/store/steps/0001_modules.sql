-- Which module stands where: before, the store knew only its release as a whole.
CREATE TABLE billing.store_module (
	module	text PRIMARY KEY,
	step	integer NOT NULL
);
COMMENT ON TABLE billing.store_module IS 'how far the tables of each module are: the number of the last state step';
INSERT INTO billing.store_module (module, step)
VALUES ('org', 0), ('access', 0), ('customer', 0), ('plan', 0), ('reading', 0), ('bill', 0), ('run', 0), ('supply_request', 0), ('contact', 0), ('contract', 0);

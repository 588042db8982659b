-- Waived late fees are a risky act.
INSERT INTO billing.risky_act (act, above, meaning) VALUES ('waive_late_fee', 0, 'a late fee given up');

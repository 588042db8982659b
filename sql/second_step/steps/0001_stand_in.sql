-- To stand in for another is to have his rights.
INSERT INTO billing.risky_act (act, above, meaning) VALUES ('stand_in', 0, 'somebody stands in for another');

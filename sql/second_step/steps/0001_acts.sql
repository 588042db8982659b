-- To stand in for another is to have his rights; prices slot by slot are prices.
INSERT INTO billing.risky_act (act, above, meaning) VALUES ('stand_in', 0, 'somebody stands in for another'), ('publish_prices', 0, 'published prices, slot by slot');

-- an area has an amount, too
COMMENT ON COLUMN billing.anomaly.kwh IS 'energy that is too little (above zero) or too much in these days, estimated; amount at the mean price of the last twelve months of bills of the account, or of those of the area';

-- What a run reads for each account is not compressed; a text and back, since a value that is only moved stays as it is.
ALTER TABLE billing.plan_version ALTER tariff SET STORAGE EXTERNAL, ALTER market SET STORAGE EXTERNAL;
UPDATE billing.plan_version SET tariff = tariff::text::billing.tariff, market = market::text::billing.market;

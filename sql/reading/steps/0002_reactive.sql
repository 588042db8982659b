-- Reactive energy beside active: tariffs with a power factor ask for it.
ALTER TABLE billing.reading DROP CONSTRAINT reading_channel_known;
ALTER TABLE billing.reading ADD CONSTRAINT reading_channel_known CHECK (channel IN ('import', 'export', 'generation', 'reactive_import', 'reactive_export'));

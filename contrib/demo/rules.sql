-- What holds for homes holds for all; shops, works and roofs with panels get rules of their own.
SET SESSION AUTHORIZATION county_manager;
SELECT format('  %s rules laid down beside those that hold for all, for shops, works, farms and solar homes', sum(n)) FROM (VALUES
	(billing.install_validation_rules('C', 'business', '2026-01-01', 'cn-hubei-2026-01-single-part')),
	(billing.install_validation_rules('C', 'business', '2026-01-01', 'demo-farm')),
	(billing.install_validation_rules('C', 'industry', '2026-01-01', 'cn-hubei-2026-01-two-part')),
	(billing.install_validation_rules('C', 'solar', '2026-01-01', 'cn-zhejiang-residential-tou'))) v(n);
-- a step of the works' registers is a hundredth times CT and PT
SELECT billing.set_estimation_rules('C', '{"tolerance_kwh": 50}', '2026-01-01', 'cn-hubei-2026-01-two-part') \g /dev/null

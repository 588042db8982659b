-- What holds for homes holds for all; shops, works and roofs with panels get rules of their own.
SET SESSION AUTHORIZATION county_manager;
SELECT format('  %s rules laid down beside those that hold for all, for shops, works, farms and solar homes', sum(n)) FROM (VALUES
	(billing.install_validation_rules('C', 'business', '2026-01-01', 'cn-hubei-2026-01-single-part')),
	(billing.install_validation_rules('C', 'business', '2026-01-01', 'demo-farm')),
	(billing.install_validation_rules('C', 'industry', '2026-01-01', 'cn-hubei-2026-01-two-part')),
	(billing.install_validation_rules('C', 'solar', '2026-01-01', 'cn-zhejiang-residential-tou'))) v(n);
-- who is told of his bill, and how
SELECT billing.set_notice_rule('C', 'bill_ready', '2026-01-01', 'sms'), billing.set_notice_template('C', 'bill_ready', 'sms', 'zh', '',
	'【{org}】{customer}：户号{account_no}电费{total}元，请于{due_on}前缴纳。') \g /dev/null
-- a step of the works' registers is a hundredth times CT and PT
SELECT billing.set_estimation_rules('C', '{"tolerance_kwh": 50}', '2026-01-01', 'cn-hubei-2026-01-two-part') \g /dev/null

GRANT SELECT ON billing.what_if, billing.purchase_contract, billing.purchase_month, billing.market_price, billing.campaign, billing.campaign_account, billing_report.campaign_account
	TO billing_clerk, billing_analyst, billing_auditor;
-- what is tried leaves no trace: who reads bills and readings may, and a customer his own
GRANT EXECUTE ON FUNCTION billing.rate_segment(jsonb, daterange, text, date, billing.tariff, jsonb), billing.segment_effect(jsonb, daterange, text, date, billing.tariff, jsonb),
	billing.best_plans(jsonb, daterange, text[], jsonb), billing.best_terms(jsonb, daterange, jsonb, integer, text, billing.tariff),
	billing._rate_accounts(bigint[], jsonb[], daterange, text, date, billing.tariff), billing._trial_usages(bigint[], jsonb[], daterange),
	billing._rate_versions(bigint, jsonb, daterange[], billing.usage, billing.carry, bigint[], bigint[], daterange[], billing.tariff[], billing.market[]),
	billing._trial_result(bigint, jsonb, daterange, text, billing.tariff, text, text, daterange[], billing.rated),
	billing._trial_versions(daterange, text, date, billing.tariff), billing._try_accounts(bigint[], daterange, text[], billing.tariff[], jsonb), billing._trial_accounts(jsonb, daterange), billing._is_one_currency(text[]), billing._check_trial(daterange, text, date, billing.tariff, jsonb),
	billing._choice_terms(bigint, daterange, jsonb), billing._check_choices(jsonb, integer), billing._best_sequence(text[], jsonb, integer, integer), billing._terms_by_steps(jsonb, text[], jsonb[])
	TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.search_tariff(jsonb, daterange, billing.tariff, jsonb, jsonb, text, text, jsonb, integer), billing._search_options(jsonb, text, text, integer),
	billing._tariff_effects(bigint[], daterange, billing.tariff[], jsonb), billing._try_figures(bigint[], daterange, billing.tariff, jsonb, jsonb[], jsonb, jsonb, text),
	billing._try_balanced(bigint[], daterange, billing.tariff, jsonb, jsonb[], jsonb, jsonb, text, jsonb), billing._grid_places(integer[]), billing._next_places(text, integer[], text[]),
	billing._figures_at(billing.tariff, jsonb, text[], text[]),
	billing._what_if_result(jsonb, daterange, text, date, billing.tariff, jsonb), billing.repeat_what_if(bigint), billing._campaign_of(text, text), billing.campaign_outcome(text, date),
	billing.purchase_against_sales(text, daterange, text), billing._sales(bigint[], daterange), billing._loads(bigint[], daterange, text), billing._purchases(bigint[], daterange), billing._check_sale_days(daterange),
	billing.contract_mix(text, daterange), billing.product_margin(text, daterange, text, text[]), billing.component_margin(text, daterange, text, jsonb, text[]),
	billing._check_components(jsonb, text[]), billing.compare_market_prices(text, daterange), billing._orgs_above(bigint)
	TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.save_what_if(text, text, jsonb, daterange, text, date, billing.tariff, jsonb),
	billing.record_market_price(text, text, text, daterange, numeric, text, text, text) TO billing_clerk, billing_analyst;
GRANT EXECUTE ON FUNCTION billing.add_campaign(text, text, text, text, jsonb, daterange, numeric), billing.answer_campaign(text, text, text, text),
	billing.add_purchase_contract(text, text, text, text, text), billing.set_purchase_month(text, date, numeric, numeric) TO billing_clerk;

-- what a customer's first bill went on from
CREATE POLICY cutover_item_select_own ON billing.cutover_item FOR SELECT TO billing_customer USING (billing.is_own(account_id));

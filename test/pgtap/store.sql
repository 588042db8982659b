-- What the store owes on every table, function and view, whoever adds the next
-- one.  Each check lists its offenders.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset

CREATE TEMPORARY VIEW store_table AS
SELECT c.oid, c.relname::text AS name, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c
 WHERE c.relnamespace IN ('billing'::regnamespace, 'billing_report'::regnamespace) AND c.relkind IN ('r', 'p');
CREATE TEMPORARY VIEW store_function AS
SELECT p.oid, p.proname, p.proacl, p.proconfig, p.prosecdef, p.prosqlbody, p.oid::regprocedure::text AS signature FROM pg_proc p
 WHERE p.pronamespace IN ('billing'::regnamespace, 'billing_report'::regnamespace) AND p.proowner = to_regrole('billing_owner');
-- tables with the column, so that a row is somebody's
CREATE TEMPORARY VIEW scoped AS
SELECT t.*, a.attname::text AS scope, a.attnum AS scope_column FROM store_table t
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname IN ('org_id', 'account_id') AND NOT a.attisdropped;

SELECT plan(22);

SELECT is_empty($$SELECT name FROM store_table WHERE relowner <> to_regrole('billing_owner')$$, 'every table belongs to billing_owner');
SELECT is_empty($$SELECT rolname FROM pg_roles WHERE rolname ~ '^billing_' AND (rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole)$$,
	'the roles of the store are plain groups');
SELECT is_empty($$SELECT name FROM store_table WHERE obj_description(oid, 'pg_class') IS NULL$$, 'every table has a comment');
SELECT is_empty($$SELECT signature FROM store_function WHERE obj_description(oid, 'pg_proc') IS NULL$$, 'every function has a comment');
-- a scan or join that there is all the same is taken to cost 1e10, and would be compiled each time: 50 ms for a draft that is issued
SELECT is_empty($$SELECT signature FROM store_function WHERE array_to_string(proconfig, ' ') ~ 'enable_[a-z]+=off' AND NOT 'jit=off' = ANY (proconfig)$$,
	'what forbids scans or joins is not compiled');

-- row security
SELECT is_empty($$SELECT DISTINCT name FROM scoped WHERE NOT (relrowsecurity AND relforcerowsecurity)$$,
	'what has org_id or account_id has row security, for its owner too');
SELECT is_empty($$SELECT DISTINCT name FROM scoped s WHERE NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = s.oid AND p.polcmd = 'r')$$,
	'and a policy for reading');
SELECT is_empty($$SELECT DISTINCT s.name, c.cmd FROM scoped s, (VALUES ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')) c(privilege, cmd)
	WHERE EXISTS (SELECT FROM pg_roles r, aclexplode(s.relacl) a WHERE a.grantee = r.oid AND r.rolname <> 'billing_owner' AND a.privilege_type = c.privilege)
	  AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = s.oid AND p.polcmd IN (c.cmd::"char", '*'))$$,
	'a privilege to write has its policy');
SELECT is_empty($$SELECT p.polname FROM pg_policy p JOIN store_table t ON t.oid = p.polrelid WHERE p.polroles = '{0}' OR NOT p.polpermissive$$,
	'every policy is for named roles');
SELECT is_empty($$SELECT p.polname FROM pg_policy p JOIN store_table t ON t.oid = p.polrelid
	 WHERE p.polcmd IN ('a', 'w') AND p.polwithcheck IS NULL$$, 'every policy to write checks the new row');
SELECT is_empty($$SELECT DISTINCT s.name FROM scoped s WHERE s.scope = 'account_id'
	AND NOT EXISTS (SELECT FROM scoped o WHERE o.oid = s.oid AND o.scope = 'org_id')$$, 'what has account_id has org_id');

-- distribution: the account is the unit
SELECT is_empty($$SELECT s.name, i.indexrelid::regclass FROM scoped s JOIN pg_index i ON i.indrelid = s.oid AND i.indisunique
	 WHERE s.scope = 'account_id' AND i.indkey[0] <> s.scope_column AND i.indexrelid::regclass::text NOT IN ('billing.account_account_no_key', 'billing.service_point_point_code_key', 'billing.e_invoice_number_key',
		-- what waits may be about no account
		'billing.approval_pkey', 'billing.approval_pending_key')$$,
	'keys of what has account_id begin with it');
SELECT is_empty($$SELECT s.name, c.conname FROM scoped s JOIN pg_constraint c ON c.conrelid = s.oid AND c.contype = 'f'
	  JOIN scoped t ON t.oid = c.confrelid AND t.scope = 'account_id'
	 WHERE s.scope = 'account_id' AND (c.conkey[1] <> s.scope_column OR c.confkey[1] <> t.scope_column)$$,
	'and so do the foreign keys between them');
SELECT is_empty($$SELECT t.name, c.conname FROM store_table t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f'
	  JOIN scoped s ON s.oid = c.confrelid AND s.scope = 'account_id'
	 WHERE NOT EXISTS (SELECT FROM scoped o WHERE o.oid = t.oid AND o.scope = 'account_id')$$,
	'no foreign key goes from what is everybody''s to what is an account''s');

-- a policy of a table does not guard a part of it that is read by name
SELECT is_empty($$SELECT i.inhrelid::regclass FROM pg_inherits i JOIN store_table t ON t.oid IN (i.inhrelid, i.inhparent)
	 JOIN pg_class c ON c.oid = i.inhrelid WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)$$, 'no table has parts without row security of their own');

-- privileges
SELECT is_empty($$SELECT parname, paracl FROM pg_parameter_acl WHERE parname LIKE 'billing.%'$$, 'nobody was given a setting of ours');
SELECT is_empty($$SELECT t.name, a.privilege_type FROM store_table t, aclexplode(t.relacl) a WHERE a.grantee = 0$$, 'no table grants anything to PUBLIC');
SELECT is_empty($$SELECT t.name, a.grantee::regrole, a.privilege_type FROM store_table t, aclexplode(t.relacl) a
	 WHERE a.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER') AND a.grantee <> to_regrole('billing_owner')$$,
	'nobody else may truncate, refer to or put triggers on a table');
SELECT is_empty($$SELECT signature FROM store_function
	 WHERE proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) a WHERE a.grantee = 0)$$, 'no function of the store is for PUBLIC');
SELECT is_empty($$SELECT signature FROM store_function
	 WHERE prosqlbody IS NULL AND NOT coalesce(proconfig @> '{"search_path=pg_catalog, pg_temp"}', false)
	   -- drivers that COMMIT, which a SET clause forbids; they only call pinned functions
	   AND proname NOT IN ('login', 'change_password', 'run_bills', 'resume_run', 'retry_bills', '_work', 'validate_readings', 'estimate_readings', 'land_batches', 'fold_readings', 'settle_late', 'charge_late_fees', 'run_cycle', 'run_detection', 'run_forecast', 'reseal')$$, 'every function pins its path');
-- This list is reviewed with every change to it: each runs with the owner's privileges, under the policies of its caller.
SELECT bag_eq($$SELECT proname::text FROM store_function WHERE prosecdef$$,
	ARRAY['add_org', 'move_org', 'add_staff', 'change_staff', 'end_staff', 'grant_access', 'revoke_access', 'add_customer', 'add_account', '_make_heads', 'add_cycle', 'set_cycle',
		'approve', 'decline', 'withdraw_approval', 'ask_again', 'set_approval_rule', '_check_risky_act', 'require_second_step', 'lift_second_step',
		'request_refund', 'post_refund', 'request_write_off', 'post_write_off', 'request_plan', 'request_component',
		'add_group', 'end_group', 'add_post', 'join_group', 'stand_in', 'end_stand_in', 'leave_group', 'nest_group', 'unnest_group', 'grant_group_access', 'revoke_group_access',
		'separate_duties', 'unite_duties', 'assign_accounts', 'unassign_accounts', '_end_assignments',
		'set_identity_checker', 'end_identity_checker', 'identify_by', 'set_login', '_begin_login', '_end_login', '_change_password', 'identify_session', 'logout',
		'set_mapping', 'receive', 'land', 'land_again', '_next_batch', '_fold_chunk',
		'add_plan', 'set_plan', 'set_plans', '_begin_plans', 'outdated_bills', 'add_plan_from_library', 'add_calendar', 'add_calendar_days', 'add_event', 'add_event_days', 'cancel_event',
		'add_component', 'publish_component', 'add_series', 'publish_prices', 'request_prices', 'publish_market', 'add_calendar_from_library', 'record_profile', 'close_readings', 'post_payment', 'void_bill', 'transfer_account', '_run_chunk', '_start_run', 'set_detector', 'assign_anomaly', 'work_on_anomaly', 'close_anomaly', '_start_detection', '_start_forecast', 'waive_late_fee', 'request_late_fee_waiver', 'request_bill_correction', 'anomaly_evidence', '_finish_run', '_start_retry', '_take_up_run', 'cancel_run',
		'fold_sums', 'rebuild_sums', '_class_plans', 'set_plan_class', 'set_due_days', '_inherit_due_rules',
		'set_validation_rule', 'set_estimation_rules', 'set_editing_rules', 'install_validation_rules', '_validation_chunk', '_start_validation', '_finish_validation',
		'edit_reading', 'mark_reading', 'undo_action', 'decide_edit', '_unbilled',
		'add_register', 'set_register_limit', '_inherit_limits', 'set_usage_from', '_install_readings', 'record_register', 'record_registers', 'check_registers',
		'approve_reading', 'estimate_register', 'estimate_registers',
		'cutover_import', 'withdraw_cutover', 'approve_cutover', 'open_dispute', 'close_dispute',
		'form_usage', 'add_loss_table', 'add_forming_rule', 'end_forming_rule', 'add_collective', 'join_collective',
		'open_supply_request', 'change_supply_request', 'attach_document', 'step_supply_request', 'record_move_reading', '_move_requests',
		'_audit_rows', 'record_upkeep', 'check_chains', 'health', 'metrics', 'set_alert_rule', 'check_alerts', 'take_alert', 'anchor_heads', 'close_period', '_anchor_proof', '_blinds', 'rewrap_keys', 'rotate_keys', '_end_rotation', 'destroy_keys', '_reseal_chunk', 'open_contact', 'open_identity', 'open_bank_account',
		'erase_customer', 'add_bank_account', 'end_bank_account', 'register_customer', 'import_customers', 'add_contact', 'end_contact', 'add_identity', 'decide_duplicate', 'merge_customers',
		'draft_contract', 'amend_contract', 'withdraw_contract_draft', 'approve_contract', 'sign_contract', 'terminate_contract',
		'report_fault', 'close_fault', 'number_service_point', 'area_losses', 'feeder_losses', 'install_for_request', '_begin_installs', '_end_installs', '_move_equipment', 'add_station', 'add_feeder', 'move_feeder', 'add_transformer_area', 'move_area',
		'close_station', 'close_feeder', 'close_area', 'add_service_point', 'move_service_point', 'request_disconnection', 'disconnect_service_point', 'reconnect_service_point',
		'end_service_point', 'add_meter_type', 'add_meter', 'add_instrument_transformer', 'step_meter', 'step_transformer', 'pass_transformer',
		'move_meters', 'seal_meter', 'record_meter_test', 'install_meter', 'exchange_meter', 'exchange_transformers', 'remove_meter', 'install_gateway_meter',
		'record_gateway_reading', 'remove_gateway_meter', 'record_transfer_readings',
		'set_late_policy', '_settle_chunk', 'settle_account', 'correct_plan', 'correct_register', 'correct_outdated', 'request_correction', '_note_formed', '_note_inserted',
		'set_notice_rule', 'set_notice_template', 'set_disconnection_rule', 'queue_notices', 'queue_price_change', 'queue_notice', 'requeue_notice', 'take_notices', 'notice_sent', 'notice_failed', 'reconnections', 'ask_invoice', 'ask_red_invoices', '_cycle_days', '_files_left', '_move_notices',
		'set_late_fee_rule', 'late_fees', 'charge_late_fee', '_late_fee_chunk',
		'draft_bill', 'draft_next_bill', 'draft_rated_bill', 'edit_draft', 'discard_draft', 'submit_draft', 'issue_draft', 'reverse_bill', 'settle_deposit',
		'record_temperature', 'make_forecast', 'forecast_errors', 'set_feeder_capacity', 'make_supply_plan', 'submit_supply_plan', 'adopt_supply_plan', 'withdraw_supply_plan', 'supply_plan_actual',
		'set_industry', 'add_segmentation', 'refresh_segments', 'put_segments', 'save_what_if', 'add_campaign', 'answer_campaign', 'add_purchase_contract', 'set_purchase_month', 'record_market_price', 'add_model', 'label_account', 'train_model',
		'set_claim_rule', 'draft_meter_claim', 'draft_rated_claim', 'draft_theft_claim', 'draft_penalty', 'draft_power_factor_claim'],
	'functions that run as billing_owner are those of the list');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relkind = 'v' AND c.relowner = to_regrole('billing_owner')
	   AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false)$$, 'every view asks as its reader');
SELECT finish();
ROLLBACK;

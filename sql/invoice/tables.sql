/*
 * Electronic invoices 数电票: asked for of the tax platform, which is outside;
 * what it answers comes as a file.  An invoice is of one bill; a bill that was
 * reversed after it needs a red one 红字发票.
 */
CREATE TABLE billing.e_invoice (
	account_id	bigint NOT NULL,
	invoice_id	bigint GENERATED ALWAYS AS IDENTITY,
	org_id		bigint NOT NULL,
	bill_seq	bigint NOT NULL,
	colour		text NOT NULL DEFAULT 'blue',
	amount		numeric(20,2) NOT NULL,
	state		text NOT NULL DEFAULT 'asked',
	asked_by	text NOT NULL DEFAULT billing.actor(),
	asked_at	timestamptz NOT NULL DEFAULT now(),
	number		text,
	code		text,
	issued_on	date,
	net			numeric(20,2),
	tax			numeric(20,2),
	url			text,
	pdf_digest	bytea,
	reason		text,
	batch_id	bigint REFERENCES billing.batch,
	issuer_id	bigint NOT NULL REFERENCES billing.org,
	PRIMARY KEY (account_id, invoice_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT e_invoice_colour_known CHECK (colour IN ('blue', 'red')),
	CONSTRAINT e_invoice_amount_signed CHECK (CASE colour WHEN 'red' THEN amount < 0 ELSE amount > 0 END),
	CONSTRAINT e_invoice_state_known CHECK (state IN ('asked', 'issued', 'refused', 'withdrawn')),
	CONSTRAINT e_invoice_issued_whole CHECK ((state = 'issued') = (number IS NOT NULL) AND (number IS NULL) = (issued_on IS NULL) AND (number IS NULL) = (net IS NULL) AND (number IS NULL) = (tax IS NULL)),
	CONSTRAINT e_invoice_tax_adds_up CHECK (net + tax = amount),
	CONSTRAINT e_invoice_issued_on_finite CHECK (isfinite(issued_on)),
	CONSTRAINT e_invoice_number_plain CHECK (number ~ '^[0-9A-Za-z]{1,40}$'),
	CONSTRAINT e_invoice_code_plain CHECK (code ~ '^[0-9A-Za-z]{1,20}$'),
	CONSTRAINT e_invoice_url_plain CHECK (url ~ '^https?://[!-~]+$' AND length(url) <= 500),
	CONSTRAINT e_invoice_pdf_digest_whole CHECK (length(pdf_digest) = 32),
	CONSTRAINT e_invoice_reason_bounded CHECK (length(reason) <= 1000)
);
COMMENT ON TABLE billing.e_invoice IS 'electronic invoices of bills: asked for, and what the tax platform answered; what is issued stays';
COMMENT ON COLUMN billing.e_invoice.bill_seq IS 'the bill; of a red one the bill that was reversed';
COMMENT ON COLUMN billing.e_invoice.colour IS 'blue; red 红字: takes a blue one back';
COMMENT ON COLUMN billing.e_invoice.amount IS 'with tax: the bill''s total; of a red one below zero';
COMMENT ON COLUMN billing.e_invoice.code IS '发票代码, which fully digital invoices have no more';
COMMENT ON COLUMN billing.e_invoice.batch_id IS 'the file that brought the answer';
COMMENT ON COLUMN billing.e_invoice.issuer_id IS 'the company in whose name it is, whose numbers are each of one invoice';
CREATE UNIQUE INDEX e_invoice_bill_key ON billing.e_invoice (account_id, bill_seq, colour) WHERE state IN ('asked', 'issued');
CREATE UNIQUE INDEX e_invoice_number_key ON billing.e_invoice (number, code, issuer_id) NULLS NOT DISTINCT WHERE state = 'issued';
CREATE INDEX e_invoice_invoice_id_idx ON billing.e_invoice (invoice_id);
CREATE INDEX e_invoice_org_id_idx ON billing.e_invoice (org_id, state);

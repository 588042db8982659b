-- Correcting bills needs a second person where an organisation says so.
UPDATE billing.approval_act SET always = false, meaning = 'taking issued bills back, or rating them again' WHERE act = 'bill_correction';

-- What all homes would have paid by the plan with day and night, without a trace; by class, winners and losers.
\pset format aligned
\pset linestyle unicode
\pset border 1
\pset tuples_only off
\pset footer off
SELECT coalesce(class, '合计 all') AS "类别 class", accounts AS "户数 accounts", refused AS "未算 refused", before AS "实收 before", after AS "试算 after", percent AS "% ", winners AS "少付 less", losers AS "多付 more"
  FROM billing.segment_effect('{"org": "C", "class": "residential"}', '[2026-01-01,2026-02-01)', :'plan');

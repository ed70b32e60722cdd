-- NAME: STAFF_OUTCOME
-- What the state machine made of a request, or of its approval ($2 is the kind), as whom
-- it was told ($4): the newest, since an approval that was refused may be followed by one
-- that was not. Without an event there may be a parked fact.
SELECT e.note, e.to_state AS state, e.version, '' AS parked,
       coalesce(s.amended -> 'staff' @> jsonb_build_array(jsonb_build_object('request_id', $3::text)), false) AS pending
FROM swap.swap_event e JOIN swap.swap s ON s.id = e.swap_id
WHERE e.swap_id = $1 AND e.kind = $2 AND e.fact #>> '{staff,request_id}' = $3 AND e.fact #>> '{staff,actor}' = $4
UNION ALL
SELECT '', '', 0, p.reason, false
FROM swap.parked_fact p
WHERE p.swap_id = $1 AND p.kind = $2 AND p.fact #>> '{staff,request_id}' = $3 AND p.fact #>> '{staff,actor}' = $4
ORDER BY version DESC LIMIT 1

-- NAME: CASE_STAFF
-- What staff asked for, who agreed, and what the state machine made of both.
SELECT a.request_id, a.actor, a.action, a.deposit_id, a.reason, a.at, coalesce(p.actor, '') AS approved_by,
       coalesce(p.reason, '') AS approval_reason, p.at AS approved_at, coalesce(e.note, '') AS outcome, coalesce(f.note, '') AS approval_outcome,
       coalesce(s.amended -> 'staff' @> jsonb_build_array(jsonb_build_object('request_id', a.request_id)), false) AS pending
FROM swap.staff_action a
JOIN swap.swap s ON s.id = a.swap_id
LEFT JOIN swap.staff_approval p USING (request_id)
LEFT JOIN swap.swap_event e ON e.swap_id = a.swap_id AND e.kind = 'staff.action' AND e.fact #>> '{staff,request_id}' = a.request_id
LEFT JOIN swap.swap_event f ON f.swap_id = a.swap_id AND f.kind = 'staff.approved' AND f.fact #>> '{staff,request_id}' = a.request_id
    AND f.fact #>> '{staff,actor}' = p.actor
WHERE a.swap_id = $1 ORDER BY a.at DESC, a.request_id DESC LIMIT $2

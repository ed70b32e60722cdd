-- HALT
-- The first reason stays until somebody resumes.
INSERT INTO halt (chain, reason, actor) VALUES ($1, $2, $3) ON CONFLICT (chain) DO NOTHING

-- STAFF_ACTION
INSERT INTO staff_action (actor, action, target, reason) VALUES ($1, $2, $3, $4)

-- ALARM
-- Not again while it is the newest of its kind and target.
INSERT INTO staff_action (actor, action, target, reason)
SELECT $1, $2, $3, $4
WHERE (SELECT a.reason FROM staff_action a WHERE a.action = $2 AND a.target = $3 ORDER BY a.id DESC LIMIT 1)
      IS DISTINCT FROM $4

UPDATE relay_cursor SET xid = $1::text::xid8, id = $2, seq = $3 WHERE seq = $4

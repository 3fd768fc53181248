package bunstore

import "github.com/uptrace/bun"

// Listen has a hook hear PostgreSQL's statements, with their arguments.
func (db *DB) Listen(hook bun.QueryHook) { db.read = db.read.WithQueryHook(hook) }

// Package migrations holds the schema, once for each engine, in the same versions.
//
// A file that is in use is never edited: every change of the schema is a new file in both folders. Expand first, contract
// later: a new file only adds (a table, a nullable column, an index), so that the replicas of the version before go on
// working during a deployment; a file of a later version removes the parts that nobody uses any more.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed postgres/*.sql
var postgres embed.FS

//go:embed sqlite/*.sql
var sqlite embed.FS

// Postgres and SQLite are the migrations of each engine, at the root of the file system.
var (
	Postgres = sub(postgres, "postgres")
	SQLite   = sub(sqlite, "sqlite")
)

func sub(files embed.FS, folder string) fs.FS {
	inner, err := fs.Sub(files, folder)
	if err != nil {
		panic(err) // the folder's name is a constant
	}
	return inner
}

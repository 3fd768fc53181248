// Package migrations holds the schema, once for each engine. The two folders have the same versions; a
// migration that was released is never edited, the next one changes what it made.
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

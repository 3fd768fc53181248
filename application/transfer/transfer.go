// Package transfer brings users in from files and other systems, and writes them out. Nothing in the core calls it.
package transfer

import (
	"cmp"
	"context"
	"iter"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Record is a user as a file or another system holds it. What is empty is absent.
type Record struct {
	Line         int // or row, from 1 on
	ID           string
	Email        string
	FirstName    string
	LastName     string
	Role         string
	Status       string
	Locale       string
	CreatedAt    time.Time
	Blocked      bool
	BlockedUntil time.Time
	BlockReason  string
	Profile      []byte // a JSON object
	AppData      []byte // the same
	LegacyID     string
	PasswordHash domain.PasswordHash
}

// Source reads records from the beginning, in a stable order, each time it is called. A BadLine is about one record, and
// the next one follows; any other error is the last that it yields.
type Source func(ctx context.Context) iter.Seq2[Record, error]

// BadLine says why a line cannot be taken. The reason holds no value of the line.
type BadLine struct {
	Line   int
	ID     string // of the user in the other system, or its id, as the line has it; empty: it has none
	Reason string
}

func (b BadLine) Error() string { return b.Reason }

// name is by what an operator finds a record in the system that it comes from.
func (r Record) name() string { return cmp.Or(r.LegacyID, r.ID) }

// Deps are the ports and values that transfers work with.
type Deps struct {
	Store     ports.Store
	CheckHash func(domain.PasswordHash) error // nil: the hasher can verify it
	Now       func() time.Time
	NewID     func() uuid.UUID // version 7
}

// Transfer imports and exports users, for the operator.
type Transfer struct{ deps Deps }

// New returns a Transfer.
func New(d Deps) *Transfer { return &Transfer{d} }

func (t *Transfer) now() time.Time { return t.deps.Now().UTC().Truncate(time.Microsecond) }

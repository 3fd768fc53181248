package ports

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// Users keeps accounts, and unverified users: sign-ups. Among verified users an address (Email.Key) is unique; among
// unverified ones it is not. A legacy id is unique among all; that it is taken is an error, which ends a transaction.
//
// Custom fields are large, and few need them: Create, CreateSignUp and SetCustom store them, ByID, List and
// Sessions.Authenticate return them, and all other methods leave them alone.
type Users interface {
	// Lock takes first the address and then, in one pass by ascending ids, the users, and keeps them until the end of
	// the transaction. It returns the users in that order, as they are once all are held; absent ones are left out.
	// Nobody else can change or delete them, nor give anybody the address.
	//
	// Only inside InTx, once a transaction. Every transaction locks in one order, so that no two wait for each other:
	// first this call, then sessions with their tokens, then challenges, then throttles by ascending keys. A transaction
	// that did not make this call locks one session only. Before a transaction writes a new row, it locks the rows that
	// the new row refers to.
	Lock(ctx context.Context, set UserSet) ([]domain.User, error)

	// CreateSignUp stores an unverified user unless a verified one has the address, and reports whether it did. It
	// does the same work in either case.
	CreateSignUp(ctx context.Context, u domain.User) (created bool, err error)
	// CreateMany stores users, verified or not, and returns the ids of those that it stored. It leaves out whose id or
	// legacy id somebody has, and who is verified while another verified user has the address.
	CreateMany(ctx context.Context, users []domain.User) ([]uuid.UUID, error)
	// Create stores a verified user; domain.ErrEmailTaken when a verified one has the address.
	Create(ctx context.Context, u domain.User) error

	ByID(ctx context.Context, id uuid.UUID) (domain.User, error)
	// ByEmail returns the user of an address, as domain.User.Precedes says. Invitations are left out.
	ByEmail(ctx context.Context, key string) (domain.User, error)
	// List returns up to q.Limit users that fit, in the order of q.Sort, from q.After on. A row added or removed
	// meanwhile neither repeats nor hides another. Not inside InTx.
	//
	// One call reads at most ListReads rows, whatever the filter. It looks at the next ListWalk users in the order, and
	// returns those that fit; with a filter a page may so have fewer users than fit, and Next is then the last one that
	// was looked at. A legacy id, and a prefix that begins at most ListPrefix keys of each sort (addresses, first names,
	// last names), are looked up instead: that page has all users that fit, up to the limit.
	List(ctx context.Context, q domain.UserQuery) (domain.UserPage, error)
	// Count counts the users that fit, by reading at most ListReads rows: it looks users up as List does, or looks at some.
	// It is exact when it looked at all. Not inside InTx.
	Count(ctx context.Context, f domain.UserFilter) (domain.Tally, error)

	// HashBegins reports whether the password hash of any user begins with one of the prefixes. It may look at every
	// user.
	HashBegins(ctx context.Context, prefixes []string) (bool, error)

	// Update stores u and raises the version if the stored one is u.Version; domain.ErrConflict otherwise,
	// domain.ErrNotFound when the user is gone, domain.ErrEmailTaken when u is verified and another verified user has
	// the address.
	Update(ctx context.Context, u domain.User) error
	// SetCustom replaces the custom fields of a locked user. Only inside InTx.
	SetCustom(ctx context.Context, id uuid.UUID, c domain.CustomFields) error
	// UpgradeHash replaces a user's hash by a stronger one of the same password. The version stays: to others the user
	// has not changed. When the hash is no longer from, or the user gone, it changes nothing and returns no error.
	UpgradeHash(ctx context.Context, id uuid.UUID, from, to domain.PasswordHash) error
	// Delete removes the user and its sessions and challenges; the blacklist keeps its tokens (reason revoked,
	// at now). domain.ErrNotFound when there is no such user.
	Delete(ctx context.Context, id uuid.UUID, now time.Time) error
	// DeleteSignUps removes the given users that are unverified, with their challenges. Only inside InTx, of locked
	// users. It does the same work for none as for one.
	DeleteSignUps(ctx context.Context, ids ...uuid.UUID) error
	// DeleteUnverified removes up to limit unverified users whose UnverifiedUntil has passed, with their
	// challenges, and returns how many. Concurrent calls do not wait for each other's rows.
	DeleteUnverified(ctx context.Context, now time.Time, limit int) (int, error)
}

// How many rows a list reads. Each prefix is looked for three times; the users of a walk are read twice: first the place
// where it ends.
const (
	ListReads  = 10_000
	ListPrefix = 1000
	ListWalk   = 1600
	CountWalk  = ListReads - 3*(ListPrefix+1)
)

// UserSet names users to lock, in any combination.
type UserSet struct {
	Address string // a key: the address itself, and every user that has it, verified or not; empty: none
	IDs     []uuid.UUID
	Admins  bool // every verified admin, blocked ones too
	// Emails are keys, and LegacyIDs ids of other systems: every user that has one of them. The addresses themselves are
	// not taken: others can give one to somebody meanwhile.
	Emails    []string
	LegacyIDs []string
}

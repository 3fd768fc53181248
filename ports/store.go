// Package ports declares what the use cases need from the outside. A port's comment is its contract; the suites
// in portstest prove it for every adapter.
//
// All methods are safe for concurrent use. They return domain.ErrNotFound for absence and nothing else for it:
// any other error means that the adapter could not do its work.
//
// Every method respects its ctx: one whose ctx has ended does nothing. Its error is domain.ErrUnavailable when the
// deadline has passed; when ctx was canceled, that or context.Canceled. A deadline that passes during a commit may be
// reported although the commit took place.
package ports

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// Store gives access to the data. Whoever opened it closes it, once nobody uses it any more. A store that is closed
// or cannot be reached answers domain.ErrUnavailable.
//
// InTx runs fn in one transaction: fn's error, or a panic, rolls everything back. fn may run more than once
// (serialization failures, busy database), so it must not have side effects outside tx. Use only tx inside fn, and
// nowhere else: once fn has returned, every call on tx is an error. Transactions do not nest: InTx of a tx is an
// error. So is, outside of a transaction, every method that says "only inside InTx".
//
// Each method is atomic: it does all that it says, or nothing. A verdict, which is any error of package domain but
// domain.ErrUnavailable, leaves the transaction in order: it goes on, and can commit. (A verdict on a race over an
// address or a user that the transaction did not lock may end it.) Any other error ends it: fn returns it.
//
// Transactions are READ COMMITTED: a method sees what others committed before it began, also when the transaction
// read something else before. Rows that a method locks are returned as they are once the lock is held. Purges (the
// methods that take a limit and delete) pass over rows that another transaction holds. A store whose transactions
// run one after the other keeps all of this.
//
// What is stored comes back as it was. Text is any valid UTF-8 without NUL, up to the domain's limits, and a password
// hash of up to 255 bytes; it is compared byte by byte, never by a collation that takes different texts for equal.
// Times, from the year 1 to 9999, come back in UTC, cut to microseconds; the zero time comes back as the zero time.
// Integers have 64 bits.
type Store interface {
	Users() Users
	Sessions() Sessions
	Challenges() Challenges
	Notices() Notices
	Throttles() Throttles
	Audit() Audit
	Jobs() Jobs
	InTx(ctx context.Context, fn func(tx Store) error) error
}

// Users keeps accounts and the unverified attempts to open one. Among verified users an address (Email.Key)
// is unique; among unverified ones it is not.
type Users interface {
	// Lock takes, and keeps until the end of the transaction, first the address and then, in one pass by ascending
	// ids, the users; it returns the users as they are once all of that is held, in that order. Nobody else can
	// change or delete them, nor give anybody the address. Who is absent is left out.
	//
	// Only inside InTx, once a transaction. Locks have one order, so that no two transactions wait for each other:
	// this call; sessions and their tokens, of one session where this call was not made; challenges; throttles, by
	// ascending keys. Rows that a new one refers to are locked before it is written.
	Lock(ctx context.Context, who Whom) ([]domain.User, error)

	// CreateAttempt stores an unverified user unless a verified one has the address, and reports whether it did:
	// the same work in either case.
	CreateAttempt(ctx context.Context, u domain.User) (created bool, err error)
	// Create stores a verified user; domain.ErrEmailTaken when a verified one has the address.
	Create(ctx context.Context, u domain.User) error

	ByID(ctx context.Context, id uuid.UUID) (domain.User, error)
	// ByEmail returns the user of an address: the verified one, else the newest unverified one.
	ByEmail(ctx context.Context, key string) (domain.User, error)
	// List returns up to limit users, newest first (descending ids), that come after the given id; uuid.Nil
	// starts at the newest. A row added meanwhile neither repeats nor hides another.
	List(ctx context.Context, after uuid.UUID, limit int) ([]domain.User, error)

	// HashBegins reports whether the password hash of any user begins with one of the prefixes. It may look at every
	// user.
	HashBegins(ctx context.Context, prefixes []string) (bool, error)

	// Update stores u if the stored version still is u.Version, and raises the version; domain.ErrConflict
	// otherwise, domain.ErrNotFound when the user is gone, domain.ErrEmailTaken when u is verified and another
	// verified user has the address.
	Update(ctx context.Context, u domain.User) error
	// Delete removes the user and its sessions and challenges; the blacklist keeps its tokens (reason revoked,
	// at now). domain.ErrNotFound when there is no such user.
	Delete(ctx context.Context, id uuid.UUID, now time.Time) error
	// DeleteAttempts removes those of the given users that are unverified, with their challenges. Only inside InTx,
	// of users that it has locked. The work for none is that for one.
	DeleteAttempts(ctx context.Context, ids ...uuid.UUID) error
	// DeleteUnverified removes up to limit unverified users whose UnverifiedUntil has passed, with their
	// challenges, and returns how many. Concurrent calls do not wait for each other's rows.
	DeleteUnverified(ctx context.Context, now time.Time, limit int) (int, error)
}

// Whom names users to lock, in any combination.
type Whom struct {
	Address string // a key: the address itself, and every user that has it, verified or not; empty: none
	IDs     []uuid.UUID
	Admins  bool // every verified admin, blocked ones too
}

// Authenticated is what an access token stands for at the moment.
type Authenticated struct {
	User         domain.User
	Generation   int64     // the session's current one
	InUse        bool      // as domain.Session.InUse
	SupersededAt time.Time // when the token's generation was superseded; zero: it was not
}

// Rotation asks for the exchange of a session's refresh token.
type Rotation struct {
	SessionID uuid.UUID
	JTI       uuid.UUID               // the token that gives way; it has to be the session's current one
	Reason    domain.RevocationReason // domain.ReasonRotated or domain.ReasonSuperseded
	NextJTI   uuid.UUID               // the successor's
	Now       time.Time
	Life      time.Duration // of the successor, which never outlives the session
}

// Rotated is the outcome of a Rotation: all as it is afterwards.
type Rotated struct {
	User    domain.User
	Session domain.Session
	Token   domain.RefreshToken // the successor
}

// SessionState is a session with its user and its current refresh token.
type SessionState = Rotated

// Sessions keeps sessions, the whitelist (each session's one current refresh token) and the blacklist (those
// that were). A session that was ended has no row; one past its ExpiresAt, or with an expired current token,
// may still have one until it is purged, but counts as absent in every method that takes a time; Authenticate ignores
// the token.
type Sessions interface {
	// Create stores a session with its first token; domain.ErrNotFound when the user is gone.
	Create(ctx context.Context, s domain.Session, t domain.RefreshToken) error

	// Authenticate reads, atomically, what an access token of that session and generation stands for. An
	// access token has to end with the refresh token that it came with, or before: this one is not looked at.
	Authenticate(ctx context.Context, id uuid.UUID, generation int64, now time.Time) (Authenticated, error)
	// MarkDelivered raises Delivered to generation if that is the session's current generation; otherwise, and
	// when repeated, it changes nothing and is no error.
	MarkDelivered(ctx context.Context, id uuid.UUID, generation int64) error

	// Rotate atomically puts a successor in the place of the current token, the token itself into the blacklist,
	// and the session into its next generation, last used now; Rotated follows when the reason is
	// domain.ReasonRotated.
	// Of any number of calls with the same JTI exactly one succeeds; the others, and those for an absent
	// session, get domain.ErrNotFound.
	Rotate(ctx context.Context, r Rotation) (Rotated, error)

	// Touch sets LastUsedAt to now; no error when the session is gone.
	Touch(ctx context.Context, id uuid.UUID, now time.Time) error

	// Lock returns a session and keeps others from rotating or ending it until the end of the transaction. Only
	// inside InTx.
	Lock(ctx context.Context, id uuid.UUID, now time.Time) (SessionState, error)
	// Revoked returns the blacklist's record of a token.
	Revoked(ctx context.Context, jti uuid.UUID) (domain.RevokedToken, error)
	// ByUser returns the user's sessions, newest first.
	ByUser(ctx context.Context, user uuid.UUID, now time.Time) ([]domain.Session, error)

	// End removes a session and moves its current token into the blacklist; of concurrent calls one succeeds,
	// the others get domain.ErrNotFound.
	End(ctx context.Context, id uuid.UUID, reason domain.RevocationReason, now time.Time) error
	// EndAll ends all sessions of a user but the one named by except (uuid.Nil: none), and returns how many.
	EndAll(ctx context.Context, user, except uuid.UUID, reason domain.RevocationReason, now time.Time) (int, error)
	// EndOldest ends the user's oldest sessions until at most keep are left, and returns how many it ended.
	EndOldest(ctx context.Context, user uuid.UUID, keep int, reason domain.RevocationReason, now time.Time) (int, error)

	// DeleteExpired removes up to limit sessions that have reached their end or whose current token has expired,
	// and up to limit expired rows of the blacklist, and returns how many rows it removed in all. Concurrent
	// calls do not wait for each other's rows.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}

// Challenges keeps the open questions to addresses. An answered challenge has no row.
type Challenges interface {
	// Create stores a challenge. Its user, if it has one, has to be there, and is locked before.
	Create(ctx context.Context, c domain.Challenge) error
	ByID(ctx context.Context, id uuid.UUID) (domain.Challenge, error)
	// Live returns the challenges of an address that have not expired, newest first.
	Live(ctx context.Context, p domain.Purpose, key string, now time.Time) ([]domain.Challenge, error)
	// CountGuess counts a wrong guess on each live challenge of the address that has fewer than domain.MaxGuesses.
	CountGuess(ctx context.Context, p domain.Purpose, key string, now time.Time) error
	// Consume removes a live challenge: of concurrent calls one succeeds, the others get domain.ErrNotFound.
	Consume(ctx context.Context, id uuid.UUID, now time.Time) error
	// BeginHandOver counts a try to hand the mail over. The first one sets HandedOverAt to now and ExpiresAt to
	// expires. No error when the challenge is gone.
	BeginHandOver(ctx context.Context, id uuid.UUID, now, expires time.Time) error
	// UndoHandOver takes a try back that has certainly failed. With the last one HandedOverAt is zero again and
	// ExpiresAt is expires. No error when the challenge is gone or has no try.
	UndoHandOver(ctx context.Context, id uuid.UUID, expires time.Time) error
	// DeleteByAddress removes the challenges of an address for a purpose.
	DeleteByAddress(ctx context.Context, p domain.Purpose, key string) error
	// DeleteByUser removes all challenges of a user.
	DeleteByUser(ctx context.Context, user uuid.UUID) error
	// DeleteExpired removes up to limit expired challenges and returns how many.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}

// Notices keeps mails that wait to be sent.
type Notices interface {
	Create(ctx context.Context, n domain.Notice) error
	ByID(ctx context.Context, id uuid.UUID) (domain.Notice, error)
	// Delete removes a notice; it may be gone already.
	Delete(ctx context.Context, id uuid.UUID) error
}

// Throttles limits how often something happens, by the generic cell rate algorithm, and remembers keys for a
// while. Replicas share both.
type Throttles interface {
	// Take asks for one unit of the budget of key, atomically. It returns zero when it was granted,
	// and otherwise, without taking anything, how long it is until one would be. Concurrent calls together never
	// get more than the budget.
	Take(ctx context.Context, key string, b domain.Budget, now time.Time) (wait time.Duration, err error)
	// Wait is the wait that Take would answer with now, without taking anything.
	Wait(ctx context.Context, key string, b domain.Budget, now time.Time) (time.Duration, error)
	// Return gives one unit back. It is no error when there is none to give back.
	Return(ctx context.Context, key string, b domain.Budget) error
	// Reset restores the full budget and returns how many units of it were in use, rounded up.
	Reset(ctx context.Context, key string, b domain.Budget, now time.Time) (inUse int, err error)
	// DeleteIdle removes up to limit throttles that are back at their full budget, and returns how many.
	DeleteIdle(ctx context.Context, now time.Time, limit int) (int, error)

	// Remember keeps a key until the given time; a later time replaces an earlier one.
	Remember(ctx context.Context, key string, until time.Time) error
	// Remembered reports whether a key is remembered.
	Remembered(ctx context.Context, key string, now time.Time) (bool, error)
	// DeleteForgotten removes up to limit keys whose time has passed, and returns how many.
	DeleteForgotten(ctx context.Context, now time.Time, limit int) (int, error)
}

// Audit keeps what happened.
type Audit interface {
	Append(ctx context.Context, e domain.AuditEvent) error
	// Forget takes network and user agent out of all events of which the user is actor or subject, and what is
	// in their details.
	Forget(ctx context.Context, user uuid.UUID) error
	// DeleteBefore removes up to limit events that are older than the given time, and returns how many. Concurrent
	// calls do not wait for each other's rows.
	DeleteBefore(ctx context.Context, before time.Time, limit int) (int, error)
}

// Jobs enqueues work that is done later. Inside InTx the work becomes visible with the commit, and never without it.
// Jobs carry ids and nothing else.
//
// The worker, which has no port, runs a job until it returns nil, at least once: again after an error, with growing
// pauses, and after the death of the process. Any process that works finds it. Periodic work, such as purging, runs
// once at a time across all processes. A worker that stops takes no new job, lets those at work end in the time it has,
// and leaves the others to the next start.
type Jobs interface {
	// SendChallenge mails the codes of a challenge.
	SendChallenge(ctx context.Context, challenge uuid.UUID) error
	// SendNotice mails a notice and deletes it.
	SendNotice(ctx context.Context, notice uuid.UUID) error
}

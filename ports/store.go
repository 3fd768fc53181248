// Package ports declares the interfaces of the outside world that the use cases need. A port's comment is its contract; the suites
// in portstest prove it for every adapter.
//
// All methods are safe for concurrent use. They return domain.ErrNotFound for absence only; any error that is not one of
// package domain means that the adapter could not do its work.
//
// Every method respects its ctx: one whose ctx has ended does nothing. Its error is domain.ErrUnavailable when the
// deadline has passed; when ctx was canceled, that or context.Canceled. A deadline that passes during a commit may be
// reported although the commit took place.
package ports

import "context"

// Store gives access to the data. Its opener closes it once nobody uses it any more. A store that is closed or cannot
// be reached answers domain.ErrUnavailable.
//
// InTx runs fn in one transaction: fn's error, or a panic, rolls everything back. fn may run more than once
// (serialization failures, busy database), so it must not have side effects outside tx. Use only tx inside fn, and
// nowhere else: once fn has returned, every call on tx is an error. fn runs in its caller's goroutine and waits for
// nothing but tx, since all other transactions may wait for fn. Transactions do not nest: InTx of a tx is an
// error. A method that says "only inside InTx" returns an error outside of it; one that says "not inside InTx" returns an
// error inside.
//
// Each method is atomic: it does all that it says, or nothing. An error of package domain, except
// domain.ErrUnavailable, does not end the transaction: it can still commit. (An error from a race over an address or a user that
// the transaction did not lock may end it.) Any other error ends it: fn returns it.
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

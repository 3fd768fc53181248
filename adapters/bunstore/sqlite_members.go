package bunstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"modernc.org/sqlite"
)

// member is a transaction, or a statement outside of one, in the queue or in a group.
type member struct {
	alone bool          // in a group of its own
	turn  chan struct{} // closed when its turn begins, or when it has failed before
	end   chan bool     // its turn has ended; true: its changes stay
	done  chan struct{} // closed when its group has ended, with the outcome err
	err   error

	mu    sync.Mutex
	left  bool // the queue, before its turn
	begun bool

	began  time.Time
	broken error // of a statement after which the transaction may be gone
}

// enter waits in the queue until the member's turn begins, or until ctx ends.
func (w *writer) enter(ctx context.Context, alone bool) (*member, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	came := time.Now()
	m := &member{alone: alone, turn: make(chan struct{}), end: make(chan bool, 1), done: make(chan struct{})}
	if err := w.join(m); err != nil {
		return nil, err
	}
	select {
	case <-m.turn:
	case <-ctx.Done():
		if m.leave() {
			return nil, ctx.Err()
		}
		<-m.turn
	}
	select {
	case <-m.done:
		return nil, m.err
	default:
		m.began = time.Now()
		w.waited(m.began.Sub(came))
		return m, nil
	}
}

// stays reports whether the member is still in the queue. From then on it cannot leave.
func (m *member) stays() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.begun = !m.left
	return m.begun
}

// leave reports whether the member could leave the queue.
func (m *member) leave() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = !m.begun
	return m.left
}

// fail answers a member that has had no turn.
func (m *member) fail(err error) {
	m.answer(err)
	close(m.turn)
}

func (m *member) answer(err error) {
	m.err = err
	close(m.done)
}

// finish ends the member's turn, and returns the outcome of its group.
func (m *member) finish(keep bool, log *zap.Logger) error {
	if took := time.Since(m.began); took > slowTurn {
		log.Warn("a slow transaction has kept all other writers waiting", zap.Duration("took", took), zap.String("of", callers()))
	}
	m.end <- keep
	<-m.done
	return m.err
}

const slowTurn = time.Second

// between are the packages between a caller and its member.
var between = []string{"/bunstore.", "/bun.", "database/sql."}

// callers names the functions outside the store that have led here, the innermost first.
func callers() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	var names []string
	for more := true; more && len(names) < 4; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if !slices.ContainsFunc(between, func(s string) bool { return strings.Contains(frame.Function, s) }) {
			names = append(names, frame.Function[strings.LastIndexByte(frame.Function, '/')+1:])
		}
	}
	return strings.Join(names, " < ")
}

// do runs a statement. A statement is never interrupted, since SQLite would roll back the whole group: database/sql looks
// at ctx before. After a failure that may have rolled the group back no further statement runs: outside a transaction it
// would commit by itself.
func (m *member) do(ctx context.Context, run func(ctx context.Context) error) error {
	if m.broken != nil {
		return m.broken
	}
	err := run(context.WithoutCancel(ctx))
	if err != nil && !violatesConstraint(err) {
		m.broken = err
	}
	return err
}

// memberConn is a connection of database/sql. Its transactions, and its statements outside of one, are members.
type memberConn struct {
	w *writer
	m *member // of the open transaction; nil: none is open
}

type memberConnector struct{ w *writer }

func (c memberConnector) Connect(context.Context) (driver.Conn, error) {
	return &memberConn{w: c.w}, nil
}
func (c memberConnector) Driver() driver.Driver { return &sqlite.Driver{} }

// entry says how a transaction enters the queue. It is in the context of BeginTx, which itself must not end: database/sql
// would roll back by itself, between two statements.
type entry struct {
	ctx   context.Context //nolint:containedctx // bounds the wait
	alone bool
}

type entryKey struct{}

func (c *memberConn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	e, ok := ctx.Value(entryKey{}).(entry)
	if !ok {
		e.ctx = ctx
	}
	m, err := c.w.enter(e.ctx, e.alone)
	if err != nil {
		return nil, err
	}
	c.m = m
	return c, nil
}

func (c *memberConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}
func (c *memberConn) Commit() error   { return c.end(true) }
func (c *memberConn) Rollback() error { return c.end(false) }
func (c *memberConn) Close() error    { return nil }

func (c *memberConn) end(keep bool) error {
	m := c.m
	c.m = nil
	return m.finish(keep, c.w.log)
}

func (c *memberConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (res driver.Result, err error) {
	err = c.run(ctx, func(ctx context.Context) (err error) {
		res, err = c.w.conn.ExecContext(ctx, text, args)
		return err
	})
	return res, err
}

func (c *memberConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = c.run(ctx, func(ctx context.Context) (err error) {
		rows, err = c.w.conn.QueryContext(ctx, text, args)
		if err == nil {
			rows, err = readAll(rows) // in this turn, so that a failure of a later row is one of the statement
		}
		return err
	})
	return rows, err
}

// run runs a statement in the open transaction, or as a member.
func (c *memberConn) run(ctx context.Context, statement func(ctx context.Context) error) error {
	if c.m != nil {
		return c.m.do(ctx, statement)
	}
	err := c.runMember(ctx, false, statement)
	if errors.Is(err, errGroupEnded) {
		err = c.runMember(ctx, true, statement)
	}
	return err
}

// runMember runs a statement outside of a transaction.
func (c *memberConn) runMember(ctx context.Context, alone bool, statement func(ctx context.Context) error) error {
	m, err := c.w.enter(ctx, alone)
	if err != nil {
		return err
	}
	failed := true
	defer func() {
		if failed { // by a panic
			_ = m.finish(false, c.w.log)
		}
	}()
	errRun := m.do(ctx, statement)
	failed = false
	if err := m.finish(errRun == nil, c.w.log); err != nil {
		return err
	}
	return errRun
}

func (c *memberConn) Prepare(text string) (driver.Stmt, error) { return memberStatement{c, text}, nil }

// memberStatement is prepared by the connection when it runs.
type memberStatement struct {
	conn *memberConn
	text string
}

func (s memberStatement) Close() error  { return nil }
func (s memberStatement) NumInput() int { return -1 }

func (s memberStatement) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.text, args)
}

func (s memberStatement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.text, args)
}

var errNeedsContext = errors.New("the statement needs a context")

func (s memberStatement) Exec([]driver.Value) (driver.Result, error) { return nil, errNeedsContext }
func (s memberStatement) Query([]driver.Value) (driver.Rows, error)  { return nil, errNeedsContext }

// readRows are the rows of a statement that has ended.
type readRows struct {
	columns []string
	rows    [][]driver.Value
}

func readAll(rows driver.Rows) (_ *readRows, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	all := &readRows{columns: rows.Columns()}
	for {
		row := make([]driver.Value, len(all.columns))
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all.rows = append(all.rows, row)
	}
}

func (r *readRows) Columns() []string { return r.columns }
func (r *readRows) Close() error      { return nil }

func (r *readRows) Next(row []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(row, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	groupMost = 64 // members
	groupTime = 5 * time.Millisecond

	busyPoll = 500 * time.Microsecond // between two tries to begin while another process writes
)

// errGroupEnded says that a member's group was rolled back because of another member, or could not commit. The member
// runs again, alone.
var errGroupEnded = errors.New("the group of transactions was rolled back")

// writer is the one writer of SQLite's file. Members wait in its queue: first come, first served. Each runs in a
// savepoint of its group's transaction, and one commit ends the group. A member gets its answer after the commit. An error
// waits for the commit too: it may depend on rows that other members wrote, and that may still be rolled back.
type writer struct {
	conn *keepingConn // used by the member whose turn it is, otherwise by run
	log  *zap.Logger

	groupDone func(size int)
	waited    func(before time.Duration)
	groupTime time.Duration // from a group's begin; then nobody joins it any more

	begin, commit, rollback, savepoint, release, rollbackTo sqliteStatement

	mu     sync.Mutex
	queue  []*member
	closed bool

	wake chan struct{} // a member has come, or the writer was closed
	done chan struct{} // closed when run has returned
}

// newWriter starts the writer on a connection, which it owns.
func newWriter(ctx context.Context, conn *keepingConn, cfg Config) (*writer, error) {
	w := &writer{conn: conn, log: cfg.Log, groupDone: cfg.GroupDone, waited: cfg.Waited, groupTime: groupTime, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if w.groupDone == nil {
		w.groupDone = func(int) {}
	}
	if w.waited == nil {
		w.waited = func(time.Duration) {}
	}
	// Waiting is the writer's own business: SQLite would wait in its own steps, of up to 100 ms.
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0", nil); err != nil {
		return nil, err
	}
	for text, stmt := range map[string]*sqliteStatement{
		"BEGIN IMMEDIATE": &w.begin, "COMMIT": &w.commit, "ROLLBACK": &w.rollback,
		"SAVEPOINT member": &w.savepoint, "RELEASE member": &w.release, "ROLLBACK TO member": &w.rollbackTo,
	} {
		prepared, err := conn.PrepareContext(ctx, text)
		if err != nil {
			return nil, err
		}
		*stmt = prepared.(sqliteStatement)
	}
	go w.run()
	return w, nil
}

// close ends the writer after the group that is under way. Members that still wait get an error.
func (w *writer) close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.signal()
	select {
	case <-w.done:
		for _, stmt := range []sqliteStatement{w.begin, w.commit, w.rollback, w.savepoint, w.release, w.rollbackTo} {
			_ = stmt.Close()
		}
		return w.conn.Close()
	case <-time.After(closeTime):
		return errors.New("a transaction is still running")
	}
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// join puts a member into the queue.
func (w *writer) join(m *member) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return sql.ErrConnDone
	}
	w.queue = append(w.queue, m)
	w.signal()
	return nil
}

// next takes the first member from the queue; nil if nobody waits, or if the first one does not join the group.
func (w *writer) next(group []*member) *member {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) > 0 {
		m := w.queue[0]
		if len(group) > 0 && (m.alone || group[0].alone) {
			return nil
		}
		w.queue[0] = nil
		w.queue = w.queue[1:]
		if m.stays() {
			return m
		}
	}
	return nil
}

func (w *writer) run() {
	defer close(w.done)
	for range w.wake {
		for w.group() {
		}
		w.mu.Lock()
		closed := w.closed
		w.mu.Unlock()
		if closed {
			for m := w.next(nil); m != nil; m = w.next(nil) {
				m.fail(sql.ErrConnDone)
			}
			return
		}
	}
}

// group runs one group and answers its members. It reports whether there may be a next one.
func (w *writer) group() bool {
	w.mu.Lock()
	nobody := len(w.queue) == 0 || w.closed
	w.mu.Unlock()
	if nobody {
		return false
	}
	if err := step(w.begin); err != nil {
		if lost(err) {
			time.Sleep(busyPoll) // nobody has begun yet: all can leave the queue
		} else if m := w.next(nil); m != nil {
			m.fail(err)
		}
		return true
	}
	began := time.Now()
	var group []*member
	whole := true // the transaction is still there
	for whole && len(group) < groupMost && (len(group) == 0 || time.Since(began) < w.groupTime) {
		m := w.next(group)
		if m == nil {
			break
		}
		group = append(group, m)
		whole = w.serve(m)
	}
	var err error
	if whole {
		if err = step(w.commit); err == nil {
			w.groupDone(len(group))
		}
	}
	if !whole || err != nil {
		_ = step(w.rollback) // fails if SQLite has rolled back
	}
	for _, m := range group {
		switch {
		case m.broken != nil:
			m.answer(m.broken)
		case !whole || err != nil && len(group) > 1:
			m.answer(errGroupEnded)
		default:
			m.answer(err)
		}
	}
	return true
}

// serve gives a member its turn and waits until the turn has ended. It reports whether the group's transaction is still
// there: SQLite rolls all of it back when the disk is full or fails.
func (w *writer) serve(m *member) bool {
	m.broken = step(w.savepoint)
	close(m.turn)
	keep := <-m.end
	if keep && m.broken == nil {
		m.broken = step(w.release)
		return m.broken == nil
	}
	err := step(w.rollbackTo)
	if err == nil {
		err = step(w.release)
	}
	if m.broken == nil {
		m.broken = err
	}
	return err == nil
}

func step(stmt sqliteStatement) error {
	_, err := stmt.ExecContext(context.Background(), nil)
	return err
}

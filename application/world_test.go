package application_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/adapters/jwttoken"
	"coffeeshop/adapters/memstore"
	"coffeeshop/application"
	"coffeeshop/domain"
	"coffeeshop/ports"
	"coffeeshop/ports/portstest"
)

const password = "correct horse battery"

// world is the application on a store, with a clock that stands still until it is moved. Every transaction's function
// runs twice, and a lock out of order is an error.
type world struct {
	*application.App
	t       *testing.T
	store   ports.Store // as it is, past the application
	memory  *memstore.Store
	jobs    func() []memstore.Job // the committed ones that were not taken before
	waiting func() int            // transactions that wait for a lock; nil where they are serial
	clock   *clock
	hasher  *hasher
	mails   *outbox
	stops   *stops
	ctx     context.Context
}

// newWorld is a world in memory.
func newWorld(t *testing.T, adjust ...func(*application.Settings)) *world {
	t.Helper()
	memory := memstore.New()
	w := newWorldOn(t, memory, memory.TakeJobs, adjust...)
	w.memory = memory
	return w
}

func newWorldOn(t *testing.T, store ports.Store, jobs func() []memstore.Job, adjust ...func(*application.Settings)) *world {
	t.Helper()
	w := &world{t: t, store: store, jobs: jobs, clock: newClock(), hasher: &hasher{}, mails: &outbox{}, stops: &stops{}, ctx: t.Context()}
	w.App = newApp(t, stopping{portstest.Twice(portstest.Strict(store)), w.stops}, w.clock.Now, stoppingHasher{w.hasher, w.stops}, w.mails, adjust...)
	return w
}

func newApp(t *testing.T, store ports.Store, now func() time.Time, h ports.Hasher, mails *outbox, adjust ...func(*application.Settings)) *application.App {
	t.Helper()
	secret := domain.NewSecret("a secret of at least thirty-two bytes")
	tokens, err := jwttoken.New(jwttoken.Config{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	settings := application.Settings{
		Sessions:   domain.SessionLimits{Access: 30 * time.Minute, Refresh: 24 * time.Hour, Session: 30 * 24 * time.Hour, Grace: 10 * time.Second, PerUser: 20},
		RateLimits: true,
		Budgets: domain.Budgets{
			LoginOfAccountFromNetwork: domain.Budget{Burst: 10, Interval: 90 * time.Second},
			LoginFromNetwork:          domain.Budget{Burst: 100, Interval: 36 * time.Second},
			LoginOfAccount:            domain.Budget{Burst: 100, Interval: 864 * time.Second},
			CodesOfAddress:            domain.Budget{Burst: 25, Interval: 24 * time.Hour / 25},
			CodesFromNetwork:          domain.Budget{Burst: 60, Interval: time.Minute},
			SuccessfulLogins:          domain.Budget{Burst: 60, Interval: time.Minute},
			MailsToAddress:            domain.Budget{Burst: 10, Interval: 30 * time.Minute},
			MailsFromNetwork:          domain.Budget{Burst: 60, Interval: time.Minute},
			SignUpsFromNetwork:        domain.Budget{Burst: 30, Interval: 2 * time.Minute},
			InvitationsOfAdmin:        domain.Budget{Burst: 100, Interval: 36 * time.Second},
		},
		AuditRetention: 400 * 24 * time.Hour,
	}
	for _, f := range adjust {
		f(&settings)
	}
	app, err := application.New(application.Deps{
		Store: store, Hasher: h, Tokens: tokens, Mailer: mails, Passwords: wellKnown{}, Secret: secret, Now: now,
		NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, NewRandomID: uuid.New, Settings: settings,
	})
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// deliver does the enqueued work, as the workers would.
func (w *world) deliver() {
	w.t.Helper()
	for _, job := range w.jobs() {
		deliver := w.DeliverChallenge
		if job.Kind == "send_notice" {
			deliver = w.DeliverNotice
		}
		if err := deliver(w.ctx, job.ID); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) signUp(email string) domain.User {
	w.t.Helper()
	u, err := w.SignUp(w.ctx, application.SignUp{Email: email, Password: password, FirstName: "Ada", Locale: domain.LocaleEnglish})
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// signUpFrom signs up from a network of its own.
func (w *world) signUpFrom(ip, email string) domain.User {
	w.t.Helper()
	u, err := w.SignUp(w.ctx, application.SignUp{Email: email, Password: password, Locale: domain.LocaleEnglish, Source: domain.Source{IP: ip}})
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// verified signs somebody up and answers the mail.
func (w *world) verified(email string) domain.User {
	w.t.Helper()
	u := w.signUp(email)
	w.deliver()
	if err := w.Verify(w.ctx, application.Verify{Email: email, Code: w.mails.last().Digits.Reveal()}); err != nil {
		w.t.Fatal(err)
	}
	w.deliver()
	return w.user(u.ID)
}

// forgot has the codes mailed that reset a password, a minute later.
func (w *world) forgot(email string) domain.Codes {
	w.t.Helper()
	w.clock.advance(time.Minute)
	if err := w.ForgotPassword(w.ctx, email, domain.Source{}); err != nil {
		w.t.Fatal(err)
	}
	w.deliver()
	return w.mails.last()
}

func (w *world) user(id uuid.UUID) domain.User {
	w.t.Helper()
	u, err := w.store.Users().ByID(w.ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

func (w *world) login(email string) application.TokenPair {
	w.t.Helper()
	pair, err := w.Login(w.ctx, application.Login{Email: email, Password: password})
	if err != nil {
		w.t.Fatal(err)
	}
	return pair
}

func (w *world) admin(email string) domain.Principal {
	w.t.Helper()
	if _, err := w.CreateAdmin(w.ctx, email, password, domain.LocaleEnglish); err != nil {
		w.t.Fatal(err)
	}
	return w.principal(w.login(email))
}

func (w *world) principal(pair application.TokenPair) domain.Principal {
	w.t.Helper()
	p, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Source{}, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) refresh(pair application.TokenPair) (application.TokenPair, error) {
	return w.Refresh(w.ctx, pair.Refresh.Reveal(), domain.Source{})
}

// events are the audit events, oldest first.
func (w *world) events() []domain.AuditEvent {
	w.t.Helper()
	page, err := w.store.Audit().List(w.ctx, domain.AuditQuery{Limit: 10_000})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Reverse(page.Events)
	return page.Events
}

// audited counts the audit rows of an action.
func (w *world) audited(action domain.Action) int {
	n := 0
	for _, e := range w.events() {
		if e.Action == action {
			n++
		}
	}
	return n
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// hasher does no work, and counts it.
type hasher struct {
	mu     sync.Mutex
	count  int
	refuse func() error // instead of the work; nil: nothing is refused
}

// begin counts a hash, unless it is refused.
func (h *hasher) begin() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuse != nil {
		if err := h.refuse(); err != nil {
			return err
		}
	}
	h.count++
	return nil
}

func (h *hasher) Hash(_ context.Context, p domain.Password) (domain.PasswordHash, error) {
	if err := h.begin(); err != nil {
		return domain.PasswordHash{}, err
	}
	return domain.NewPasswordHash("hash of " + p.Reveal()), nil
}

func (h *hasher) Verify(_ context.Context, hash domain.PasswordHash, p domain.Password) (ok, outdated bool, err error) {
	if err := h.begin(); err != nil {
		return false, false, err
	}
	ok = hash.Reveal() == "hash of "+p.Reveal() || hash.Reveal() == "old hash of "+p.Reveal()
	return ok, ok && hash.Reveal() == "old hash of "+p.Reveal(), nil
}

// outbox keeps what was mailed.
type outbox struct {
	mu         sync.Mutex
	challenges []domain.Challenge
	codes      []domain.Codes
	notices    []domain.Notice
	fail       error
	before     func() error // comes before a challenge's mail; its error is the outcome
}

func (o *outbox) SendChallenge(_ context.Context, c domain.Challenge, codes domain.Codes) error {
	if o.before != nil {
		if err := o.before(); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return o.fail
	}
	o.challenges, o.codes = append(o.challenges, c), append(o.codes, codes)
	return nil
}

func (o *outbox) SendNotice(_ context.Context, n domain.Notice) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return o.fail
	}
	o.notices = append(o.notices, n)
	return nil
}

func (o *outbox) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.codes)
}

func (o *outbox) last() domain.Codes {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.codes[len(o.codes)-1]
}

// codesOf are the codes that were mailed last for a user.
func (o *outbox) codesOf(user uuid.UUID) domain.Codes {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := len(o.challenges) - 1; i >= 0; i-- {
		if o.challenges[i].UserID == user {
			return o.codes[i]
		}
	}
	return domain.Codes{}
}

func (o *outbox) mailed() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.codes)
}

// notices are the kinds of the notices that were mailed, in order.
func (o *outbox) kinds() []domain.NoticeKind {
	o.mu.Lock()
	defer o.mu.Unlock()
	var kinds []domain.NoticeKind
	for _, n := range o.notices {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

// wellKnown knows two passwords.
type wellKnown struct{}

func (wellKnown) Common(p string) bool { return p == "password1" || p == "iloveyou" }

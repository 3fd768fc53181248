package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Notices are all that there are.
var Notices = []domain.NoticeKind{domain.NoticeSessionStolen, domain.NoticePasswordReset, domain.NoticePasswordChanged,
	domain.NoticeEmailRequested, domain.NoticeEmailChanged, domain.NoticeSignUpAttempted, domain.NoticeAddressRequested,
	domain.NoticeSuspiciousLogin, domain.NoticeAccountDeleted}

// Mail is one that arrived, as the reader's program shows it.
type Mail struct {
	Recipients []string // who got it: those of the envelope, if there is one
	Subject    string   // decoded, once
	Text, HTML string   // decoded, with \n between lines
	Headers    map[string][]string
}

// Delivery is the far end of a mailer. One of Refuse, Lose and Hang is called at most, before the first mail.
type Delivery struct {
	// Arrived lists the mails that arrived so far, oldest first.
	Arrived func(t *testing.T) []Mail
	// Refuse makes every delivery fail for certain, with an answer that quotes all it was told: the mail, the
	// recipient and, if there is one, the password.
	Refuse func(t *testing.T)
	// Lose makes every mail arrive and its answer get lost.
	Lose func(t *testing.T)
	// Hang makes every delivery wait for an answer that does not come, and returns what tells that one waits.
	// Nil: a delivery waits for nobody.
	Hang func(t *testing.T) (waiting <-chan struct{})
	// Secrets are what no error may quote, beside the codes and the recipient.
	Secrets []string
}

// MailerFixture is a mailer to be tested, with a look at what it delivers.
type MailerFixture struct {
	Mailer ports.Mailer
	Delivery
}

// Mailer tests a mailer against the contract of ports.Mailer. The function open gives a fresh one, and closes it
// by t.Cleanup; it is called often, concurrently.
func Mailer(t *testing.T, open func(t *testing.T) MailerFixture) {
	for _, set := range []map[string]func(e *mailEnv){mailTests, mailFailureTests} {
		for sentence, test := range set {
			t.Run(sentence, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				t.Cleanup(cancel)
				test(&mailEnv{t, open(t), ctx})
			})
		}
	}
}

// mailEnv is what one test of a mailer works with.
type mailEnv struct {
	*testing.T
	MailerFixture
	ctx context.Context
}

var mailCodes = domain.Codes{Digits: domain.NewSecret("948271"), Long: domain.NewSecret("qz5xk2mjw7vtr4ypn3hgs6bdfc")}

// written is the address of most tests, and reached what the mail has to go to.
const (
	written = "Ann.Case+tag@Bücher.Example"
	reached = "Ann.Case+tag@xn--bcher-kva.example"
)

// letter is a mail to be sent, of either kind.
type letter struct {
	name string
	send func(ctx context.Context, to domain.Email, locale domain.Locale, codes domain.Codes) error
}

func (e *mailEnv) challenge(p domain.Purpose) letter {
	return letter{string(p), func(ctx context.Context, to domain.Email, locale domain.Locale, codes domain.Codes) error {
		c := domain.NewChallenge(uuid.New(), p, to, uuid.New(), locale, 0, domain.Source{}, time.Date(2030, 3, 4, 5, 6, 7, 0, time.UTC))
		return e.Mailer.SendChallenge(ctx, c, codes)
	}}
}

func (e *mailEnv) notice(kind domain.NoticeKind) letter {
	return letter{string(kind), func(ctx context.Context, to domain.Email, locale domain.Locale, _ domain.Codes) error {
		return e.Mailer.SendNotice(ctx, domain.Notice{ID: uuid.New(), Kind: kind, Email: to, Locale: locale,
			Source: domain.Source{IP: "203.0.113.7", UserAgent: "Browser/1"}, CreatedAt: time.Date(2030, 3, 4, 5, 6, 7, 0, time.UTC)})
	}}
}

// each returns a challenge's mail and a notice.
func (e *mailEnv) each() []letter {
	return []letter{e.challenge(domain.PurposeVerifyEmail), e.notice(domain.NoticePasswordChanged)}
}

func (e *mailEnv) all() (letters []letter) {
	for _, p := range domain.Purposes {
		letters = append(letters, e.challenge(p))
	}
	for _, kind := range Notices {
		letters = append(letters, e.notice(kind))
	}
	return letters
}

func (e *mailEnv) address(text string) domain.Email {
	e.Helper()
	email, err := domain.ParseEmail(text)
	if err != nil {
		e.Fatal(err)
	}
	return email
}

// english sends the letter to the usual address.
func (e *mailEnv) english(ctx context.Context, l letter) error {
	e.Helper()
	return l.send(ctx, e.address(written), domain.LocaleEnglish, mailCodes)
}

// arrives sends the letter and returns the mail that it became.
func (e *mailEnv) arrives(l letter, locale domain.Locale) Mail {
	e.Helper()
	before := len(e.Arrived(e.T))
	if err := l.send(e.ctx, e.address(written), locale, mailCodes); err != nil {
		e.Fatalf("%s in %s: %v", l.name, locale, err)
	}
	arrived := e.Arrived(e.T)
	if len(arrived) != before+1 {
		e.Fatalf("%s in %s: %d mails arrived, want 1", l.name, locale, len(arrived)-before)
	}
	return arrived[before]
}

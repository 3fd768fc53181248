package application_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
)

// work is what a call costs.
type work struct {
	hashes int
	jobs   int
	calls  map[string]int
	answer string
}

func (w *world) work() work {
	return work{hashes: w.hasher.count, jobs: len(w.memory.EnqueuedJobs()), calls: w.memory.Calls()}
}

func (w work) since(before work) work {
	done := work{hashes: w.hashes - before.hashes, jobs: w.jobs - before.jobs, calls: map[string]int{}}
	for name, n := range w.calls {
		if n -= before.calls[name]; n != 0 {
			done.calls[name] = n
		}
	}
	return done
}

func (w work) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d hashes, %d jobs, answer %q", w.hashes, w.jobs, w.answer)
	for _, name := range slices.Sorted(maps.Keys(w.calls)) {
		fmt.Fprintf(&s, ", %s %d", name, w.calls[name])
	}
	return s.String()
}

// Whoever asks must not be able to tell from the work done, or from the answers, whether an address has an account:
// neither by one call nor by many, when mails are repeated, codes used up and budgets spent. The worker is idle
// between the calls, or not.
func TestWork_IsTheSameWhetherAnAddressExistsOrNot(t *testing.T) {
	t.Parallel()
	const wrongDigits, wrongLong = "000000", "abcdefghijklmnopqrstuvwxyz"
	verify := func(w *world, address, code string) (any, error) {
		return nil, errors.Join(w.Resend(w.ctx, application.Resend{Email: address}), w.Verify(w.ctx, application.Verify{Email: address, Code: code}))
	}
	reset := func(w *world, address, code, password string) (any, error) {
		return nil, errors.Join(w.ForgotPassword(w.ctx, address, domain.Source{}),
			w.ResetPassword(w.ctx, application.ResetPassword{Email: address, Code: code, NewPassword: password}))
	}
	for name, call := range map[string]func(w *world, boss domain.Principal, address string) (any, error){
		"sign-up": func(w *world, _ domain.Principal, address string) (any, error) {
			u, err := w.SignUp(w.ctx, application.SignUp{Email: address, Password: password, FirstName: "Eve", Locale: domain.LocaleRussian})
			u.ID, u.Email = uuid.Nil, domain.Email{}
			return u, err
		},
		"login": func(w *world, _ domain.Principal, address string) (any, error) {
			return w.Login(w.ctx, application.Login{Email: address, Password: "wrong password"})
		},
		"verify": func(w *world, _ domain.Principal, address string) (any, error) {
			return verify(w, address, wrongDigits)
		},
		"verify with the long code": func(w *world, _ domain.Principal, address string) (any, error) {
			return verify(w, address, wrongLong)
		},
		"resend": func(w *world, _ domain.Principal, address string) (any, error) {
			return nil, w.Resend(w.ctx, application.Resend{Email: address})
		},
		"resend of a sign-up": func(w *world, _ domain.Principal, address string) (any, error) {
			return nil, w.Resend(w.ctx, application.Resend{Email: address, ID: uuid.New()})
		},
		"forgot": func(w *world, _ domain.Principal, address string) (any, error) {
			return nil, w.ForgotPassword(w.ctx, address, domain.Source{})
		},
		"reset": func(w *world, _ domain.Principal, address string) (any, error) {
			return reset(w, address, wrongDigits, newPassword)
		},
		"reset with the long code": func(w *world, _ domain.Principal, address string) (any, error) {
			return reset(w, address, wrongLong, newPassword)
		},
		"reset to the name": func(w *world, _ domain.Principal, address string) (any, error) {
			return reset(w, address, wrongDigits, "Ada 1815 !!!")
		},
		"another address": func(w *world, boss domain.Principal, address string) (any, error) {
			u, err := w.UpdateUser(w.ctx, boss, application.UpdateUser{ID: boss.User.ID, Email: &address, CurrentPassword: password})
			u.ID, u.PendingEmail = uuid.Nil, domain.Email{}
			return u, err
		},
	} {
		for _, delivered := range []bool{false, true} {
			var first []string
			for i, address := range []string{"nobody@example.com", "verified@example.com", "blocked@example.com", "waiting@example.com", "no address"} {
				if address == "no address" && name != "login" {
					continue
				}
				got := askedOften(t, address, delivered, call)
				if i == 0 {
					first = got
				}
				for n := range got {
					if got[n] != first[n] {
						t.Errorf("%s of %s, call %d:\n%s\nbut of nobody's address:\n%s", name, address, n, got[n], first[n])
						break
					}
				}
			}
		}
	}
}

// askedOften makes a call over and over in a world with accounts of each kind, and returns what each was and cost.
func askedOften(t *testing.T, address string, delivered bool, call func(w *world, boss domain.Principal, address string) (any, error)) []string {
	t.Helper()
	w := newWorld(t)
	boss := w.admin("boss@example.com")
	w.verified("verified@example.com")
	if _, err := w.BlockUser(w.ctx, boss, application.BlockUser{ID: w.verified("blocked@example.com").ID}); err != nil {
		t.Fatal(err)
	}
	w.signUp("waiting@example.com")
	w.deliver()
	w.clock.advance(5 * time.Hour) // until no budget remembers that
	var all []string
	for n := range 30 { // more than the budgets have
		before := w.work()
		result, err := call(w, boss, address)
		done := w.work().since(before)
		done.answer = fmt.Sprintf("%+v, %v", result, err)
		if e := (*domain.Error)(nil); errors.As(err, &e) {
			done.answer += fmt.Sprint(", ", e.RetryAfter)
		}
		all = append(all, done.String())
		if delivered {
			w.deliver()
		}
		if n%3 == 2 {
			w.clock.advance(time.Minute)
		}
	}
	return all
}

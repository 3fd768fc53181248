//go:build faults

package faults_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

func TestKill_DuringSignUps(t *testing.T) {
	onEngines(t, func(t *testing.T, engine string, environ []string) {
		m := newMails(t)
		s := newService(t, append(environ, m.environ()...)...)
		var mu sync.Mutex
		var answered []string
		moments := several(50, 4)
		for moment := range moments {
			s.start()
			stop := beside(4, func(worker, turn int) {
				email := fmt.Sprintf("u%d-%d-%d@example.com", moment, worker, turn)
				if s.signUp(email).status == 201 {
					mu.Lock()
					answered = append(answered, email)
					mu.Unlock()
				}
				time.Sleep(10 * time.Millisecond)
			})
			time.Sleep(time.Duration(rand.IntN(600)) * time.Millisecond)
			s.kill()
			stop()
		}
		s.start()
		took := s.until(time.Minute, "every answered sign-up has its mail", func() bool { return m.missing(answered) == 0 })
		access, _ := s.login()
		for _, email := range answered {
			if a := s.call("GET", "/users/count?q="+email, access, nil); a.text("count") != "1" {
				t.Errorf("%s is there more than once or not at all: %s", email, a)
			}
			codes := m.codes(email)
			if a := s.call("POST", "/auth/verify", "", fields{"email": email, "code": codes[len(codes)-1]}); a.status != 200 {
				t.Errorf("%s: %s", email, a)
			}
			if a := s.call("POST", "/auth/login", "", fields{"email": email, "password": password}); a.status != 200 {
				t.Errorf("%s: %s", email, a)
			}
		}
		tell(t, engine+": kill -9 at "+fmt.Sprint(moments)+" random moments during sign-ups", "every answered one exists once, and gets its mail within 60 s",
			"%d of %d answered exist, each once; the last mail came %.1f s after the restart", len(answered), len(answered), took.Seconds())
	})
}

func TestKill_BetweenHandOverAndCompletion(t *testing.T) {
	onEngines(t, func(t *testing.T, engine string, environ []string) {
		m := newMails(t)
		m.hang = make(chan struct{})
		s := newService(t, append(environ, m.environ()...)...)
		s.start()
		const email = "ada@example.com"
		if a := s.signUp(email); a.status != 201 {
			t.Fatal(a)
		}
		s.until(20*time.Second, "handed over", func() bool { return len(m.codes(email)) == 1 })
		s.kill()
		m.mu.Lock()
		close(m.hang)
		m.hang = nil
		m.mu.Unlock()
		s.start()
		took := s.until(time.Minute, "sent again", func() bool { return len(m.codes(email)) == 2 })
		codes := m.codes(email)
		if codes[0] != codes[1] {
			t.Error("the codes differ")
		}
		if a := s.call("POST", "/auth/verify", "", fields{"email": email, "code": codes[0]}); a.status != 200 {
			t.Error(a)
		}
		tell(t, engine+": kill -9 between a mail's hand-over and its completion", "sent again within 60 s, with the same valid codes", "sent again after %.0f s, the same code, which was valid", took.Seconds())
	})
}

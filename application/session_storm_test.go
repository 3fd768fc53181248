package application_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coffeeshop/adapters/jwttoken"
	"coffeeshop/adapters/memstore"
	"coffeeshop/application"
	"coffeeshop/domain"
	"coffeeshop/ports/portstest"
)

const (
	stormSessions = 200
	stormTabs     = 4
	stormLatency  = 100 * time.Millisecond
)

func TestRefresh_ManyTabsOfManySessionsAllStayLoggedIn(t *testing.T) {
	t.Parallel()
	for name, shared := range map[string]bool{"each tab with a copy of its own": false, "tabs sharing one store": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { storm(t, shared, 5*time.Second, time.Second, 0) })
		})
	}
}

func TestRefresh_LostAnswersEndNoSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { storm(t, true, 4*time.Minute, 15*time.Second, 10) })
}

// storm lets the tabs of many sessions refresh at random for a while, up to pause apart, over a network of which
// every lost-th answer (0: none) never arrives; the tab then tries again up to a minute later.
func storm(t *testing.T, shared bool, length, pause time.Duration, lost int) {
	memory := memstore.New()
	w := &world{t: t, store: memory, memory: memory, hasher: &hasher{}, mails: &outbox{}, ctx: t.Context()}
	w.App = newApp(t, portstest.Twice(portstest.Strict(w.store)), time.Now, w.hasher, w.mails, func(s *application.Settings) { s.Sessions.PerUser, s.RateLimits = stormSessions, false })
	if _, err := w.CreateAdmin(w.ctx, "ada@example.com", password, domain.LocaleEnglish); err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(length)
	var tabs sync.WaitGroup
	for range stormSessions {
		pair := w.login("ada@example.com")
		common := newKeeper(t, pair)
		for range stormTabs {
			keeper := common
			if !shared {
				keeper = newKeeper(t, pair)
			}
			tabs.Go(func() {
				for time.Sleep(rand.N(pause)); time.Now().Before(end); time.Sleep(rand.N(pause)) {
					token := keeper.token()
					time.Sleep(rand.N(stormLatency))
					next, err := w.Refresh(w.ctx, token, domain.Source{})
					if err != nil {
						t.Errorf("a tab was logged out: %v", err)
						return
					}
					if lost > 0 && rand.N(lost) == 0 {
						time.Sleep(rand.N(time.Minute))
						continue
					}
					time.Sleep(rand.N(stormLatency))
					keeper.keep(next)
					if _, err := w.Authenticate(w.ctx, next.Access.Reveal(), domain.Source{}, false); err != nil {
						t.Errorf("a tab's access token: %v", err)
						return
					}
				}
			})
		}
	}
	tabs.Wait()
	if n := w.audited(domain.ActionSessionStolen); n != 0 {
		t.Errorf("%d sessions were reported stolen", n)
	}
}

// keeper is where a client keeps its refresh token: it replaces a token by a newer one only, since answers
// may overtake each other.
type keeper struct {
	t      *testing.T
	tokens *jwttoken.Tokens
	mu     sync.Mutex
	latest string
	gen    int64
}

func newKeeper(t *testing.T, pair application.TokenPair) *keeper {
	t.Helper()
	tokens, err := jwttoken.New(jwttoken.Config{Secret: domain.NewSecret("a secret of at least thirty-two bytes")})
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{t: t, tokens: tokens}
	k.keep(pair)
	return k
}

func (k *keeper) token() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.latest
}

func (k *keeper) keep(pair application.TokenPair) {
	claims, err := k.tokens.ParseRefresh(pair.Refresh.Reveal(), time.Now())
	if err != nil {
		k.t.Error(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if claims.Generation > k.gen {
		k.latest, k.gen = pair.Refresh.Reveal(), claims.Generation
	}
}

// party is somebody who holds tokens of a session.
type party struct {
	name string
	pair application.TokenPair
	got  bool // has refreshed, and received the answer
}

// A thief copies the owner's tokens at a random moment. Whatever the two then do, more than a grace interval
// apart, the theft is found at the latest by the owner's first refresh after the thief first used what it got.
func TestRefresh_AThiefIsFoundByTheOwnersNextRefresh(t *testing.T) {
	t.Parallel()
	met := 0
	for i := range 2000 {
		w := newWorld(t)
		w.admin("ada@example.com")
		owner := &party{name: "owner", pair: w.login("ada@example.com")}
		random := rand.New(rand.NewPCG(7, uint64(i)))
		story := ""
		act := func(p *party) (refreshed bool, err error) {
			w.clock.advance(11*time.Second + time.Duration(random.Int64N(int64(20*time.Second))))
			if random.IntN(2) == 0 {
				story += p.name + " calls; "
				_, err = w.Authenticate(w.ctx, p.pair.Access.Reveal(), domain.Source{}, false)
				return false, err
			}
			next, err := w.refresh(p.pair)
			if err == nil && random.IntN(4) > 0 {
				p.pair, p.got = next, true
				story += p.name + " refreshes; "
			} else {
				story += p.name + " refreshes without getting an answer; "
			}
			return true, err
		}
		for range random.IntN(5) {
			if _, err := act(owner); err != nil {
				t.Fatalf("the owner alone is accused: %s%v", story, err)
			}
		}
		thief := &party{name: "thief", pair: owner.pair}
		story += "theft; "
		used := false // the thief, what it got
		for range 40 {
			if random.IntN(2) == 0 {
				used = used || thief.got
				if _, err := act(thief); found(err) {
					met++
					break
				}
				continue
			}
			refreshed, err := act(owner)
			if found(err) {
				met++
				break
			}
			if refreshed && used {
				t.Fatalf("not found: %s", story)
			}
		}
		if stolen := w.audited(domain.ActionSessionStolen); stolen > 1 {
			t.Fatalf("reported %d times: %s", stolen, story)
		}
	}
	if met < 1900 {
		t.Errorf("only %d of 2000 thefts were found", met)
	}
}

func found(err error) bool {
	return errors.Is(err, domain.ErrTokenReused) || errors.Is(err, domain.ErrTokenRevoked) || errors.Is(err, domain.ErrSessionEnded)
}

package httpapi_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"coffeeshop/ports"
)

// interrupted has something else done, from beginning to end, before a transaction.
type interrupted struct {
	ports.Store
	mu   sync.Mutex
	left int // transactions before it
	do   func()
}

func (s *interrupted) arm(n int, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.do = n, do
}

// armed reports whether it still has to come, and calls it off.
func (s *interrupted) armed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	armed := s.do != nil
	s.do = nil
	return armed
}

func (s *interrupted) InTx(ctx context.Context, fn func(tx ports.Store) error) error {
	s.mu.Lock()
	do := s.do
	if s.left--; s.left >= 0 {
		do = nil
	} else {
		s.do = nil
	}
	s.mu.Unlock()
	if do != nil {
		do()
	}
	return s.Store.InTx(ctx, fn)
}

// stage is an admin who acts, another user, and an admin who takes the first one's authority away.
type stage struct {
	*world
	boss          string // a token
	actor, target user
	invited       user
	token         tokens // the actor's
	session       string // of the target
	code          string // of the actor's pending address
}

// writes are the requests of the operations that write for somebody who is logged in.
var writes = map[string]func(s stage) answer{
	"PUT /users/me/password": func(s stage) answer {
		return s.as(s.token.AccessToken, "PUT", "/users/me/password", object("current_password", password, "new_password", "another one of mine"))
	},
	"POST /users/me/email/confirm": func(s stage) answer {
		return s.as(s.token.AccessToken, "POST", "/users/me/email/confirm", object("code", s.code))
	},
	"POST /users/me/delete": func(s stage) answer {
		return s.as(s.token.AccessToken, "POST", "/users/me/delete", object("current_password", password))
	},
	"DELETE /users/me": func(s stage) answer {
		return s.as(s.token.AccessToken, "DELETE", "/users/me", object("current_password", password))
	},
	"PATCH /users/me": func(s stage) answer {
		return s.as(s.token.AccessToken, "PATCH", "/users/me", object("first_name", "Changed"))
	},
	"PATCH /users/me of one's own role": func(s stage) answer {
		return s.as(s.token.AccessToken, "PATCH", "/users/me", object("role", "admin"))
	},
	"DELETE /users/me/sessions": func(s stage) answer { return s.as(s.token.AccessToken, "DELETE", "/users/me/sessions", "") },
	"PATCH /users/{id}": func(s stage) answer {
		return s.as(s.token.AccessToken, "PATCH", "/users/"+s.target.ID, object("first_name", "Changed", "role", "admin"))
	},
	"PATCH /users/{id} of oneself": func(s stage) answer {
		return s.as(s.token.AccessToken, "PATCH", "/users/"+s.actor.ID, object("first_name", "Changed"))
	},
	"PATCH /users/{id} of one's own role": func(s stage) answer {
		return s.as(s.token.AccessToken, "PATCH", "/users/"+s.actor.ID, object("role", "admin"))
	},
	"PATCH /users/{id} of one's own address": func(s stage) answer {
		return s.as(s.token.AccessToken, "PATCH", "/users/"+s.actor.ID, object("email", "new-"+s.actor.Email, "current_password", password))
	},
	"POST /users": func(s stage) answer {
		return s.as(s.token.AccessToken, "POST", "/users", object("email", "invited-"+s.target.Email))
	},
	"POST /users/{id}/invite": func(s stage) answer {
		return s.as(s.token.AccessToken, "POST", "/users/"+s.invited.ID+"/invite", "")
	},
	"DELETE /users/{id}/invite": func(s stage) answer {
		return s.as(s.token.AccessToken, "DELETE", "/users/"+s.invited.ID+"/invite", "")
	},
	"POST /users/{id}/reset-password": func(s stage) answer {
		return s.as(s.token.AccessToken, "POST", "/users/"+s.target.ID+"/reset-password", "")
	},
	"DELETE /users/{id}": func(s stage) answer { return s.as(s.token.AccessToken, "DELETE", "/users/"+s.target.ID, "") },
	"POST /users/{id}/block": func(s stage) answer {
		return s.as(s.token.AccessToken, "POST", "/users/"+s.target.ID+"/block", "{}")
	},
	"POST /users/{id}/unblock": func(s stage) answer {
		return s.as(s.token.AccessToken, "POST", "/users/"+s.target.ID+"/unblock", "")
	},
	"POST /users/{id}/unblock of oneself": func(s stage) answer {
		return s.as(s.token.AccessToken, "POST", "/users/"+s.actor.ID+"/unblock", "")
	},
	"DELETE /users/{id}/sessions": func(s stage) answer {
		return s.as(s.token.AccessToken, "DELETE", "/users/"+s.target.ID+"/sessions", "")
	},
	"DELETE /users/{id}/sessions/{session_id}": func(s stage) answer {
		return s.as(s.token.AccessToken, "DELETE", "/users/"+s.target.ID+"/sessions/"+s.session, "")
	},
	"DELETE /users/me/sessions/{session_id}": func(s stage) answer {
		return s.as(s.token.AccessToken, "DELETE", "/users/me/sessions/"+s.session, "")
	},
	"POST /auth/logout-all": func(s stage) answer { return s.as(s.token.AccessToken, "POST", "/auth/logout-all", "") },
}

// losses take the actor's authority away.
var losses = map[string]func(s stage) answer{
	"demotion": func(s stage) answer { return s.as(s.boss, "PATCH", "/users/"+s.actor.ID, object("role", "user")) },
	"block":    func(s stage) answer { return s.as(s.boss, "POST", "/users/"+s.actor.ID+"/block", "{}") },
	"deletion": func(s stage) answer { return s.as(s.boss, "DELETE", "/users/"+s.actor.ID, "") },
	"logout": func(s stage) answer {
		return s.post("/auth/logout", object("refresh_token", s.token.RefreshToken))
	},
}

// Every operation that writes answers an actor who lost its authority while it was at work like one who lost it
// before, and does as much.
func TestAuthority_LostDuringAWriteIsLostForIt(t *testing.T) {
	t.Parallel()
	operations := documentedWrites(t)
	for name := range writes {
		if operation, _, _ := strings.Cut(name, " of "); !slices.Contains(operations, operation) {
			t.Errorf("there is no operation %s", operation)
		}
	}
	for _, operation := range operations {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(writes)), func(name string) bool {
			return name == operation || strings.HasPrefix(name, operation+" of ")
		}) {
			t.Errorf("%s is not tried here", operation)
		}
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &interrupted{}
			w := newWorld(t, func(o *options) {
				o.store = func(s ports.Store) ports.Store { store.Store = s; return store }
			})
			boss, _ := w.admin()
			n := 0
			next := func() stage {
				n++
				return w.stage(boss, n)
			}
			for loss, lose := range losses {
				s := next()
				if a := lose(s); a.status >= http.StatusBadRequest {
					t.Fatalf("%s: %d %s", loss, a.status, a.body)
				}
				want := write(s)
				for at := 0; ; at++ {
					s := next()
					before, _ := w.store.Users().ByEmail(t.Context(), s.target.Email)
					store.arm(at, func() { lose(s) })
					got := write(s)
					if store.armed() {
						if at == 0 {
							t.Error("there was no transaction")
						}
						break
					}
					if got.status != want.status || got.problem().Code != want.problem().Code {
						t.Errorf("%s before transaction %d: %d %s, want %d %s", loss, at, got.status, got.problem().Code, want.status, want.problem().Code)
					}
					if after, _ := w.store.Users().ByEmail(t.Context(), s.target.Email); want.status >= http.StatusBadRequest && after != before {
						t.Errorf("%s before transaction %d: the other user is now %+v", loss, at, after)
					}
				}
			}
		})
	}
}

func (w *world) stage(boss string, n int) stage {
	w.t.Helper()
	s := stage{world: w, boss: boss, actor: w.verified(fmt.Sprintf("actor%d@example.com", n)), target: w.verified(fmt.Sprintf("target%d@example.com", n))}
	w.as(boss, "PATCH", "/users/"+s.actor.ID, object("role", "admin")).want(w.t, 200, "")
	s.token = w.login(s.actor.Email, password)
	w.as(s.token.AccessToken, "PATCH", "/users/"+s.actor.ID, object("email", "pending-"+s.actor.Email, "current_password", password)).want(w.t, 200, "")
	w.deliver()
	s.code = w.mails.code()
	var list struct{ Sessions []struct{ ID string } }
	token := w.login(s.target.Email, password).AccessToken
	w.as(token, "GET", "/users/me/sessions", "").into(w.t, &list)
	s.session = list.Sessions[0].ID
	w.as(boss, "POST", "/users", object("email", fmt.Sprintf("guest%d@example.com", n))).want(w.t, 201, "").into(w.t, &s.invited)
	return s
}

// documentedWrites are the operations of the OpenAPI document that take a token and are no GET.
func documentedWrites(t *testing.T) (operations []string) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct{ Security []map[string][]string }
	}
	newWorld(t).send("GET", "/openapi.json", "").into(t, &doc)
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if len(op.Security) > 0 && method != "get" {
				operations = append(operations, strings.ToUpper(method)+" "+path)
			}
		}
	}
	if len(operations) < 10 {
		t.Fatalf("the document has %v", operations)
	}
	return operations
}

package e2e_test

import (
	"fmt"
	"testing"
)

// Without limits, all that keeps a flood of hashes from the others is the queue.
func TestAttack_AFloodOfHashesCostsNoOtherNetworkARefusal(t *testing.T) {
	onEachEngine(t, map[string]string{"RATE_LIMITS": "off", "BCRYPT_COST": "10"}, func(t *testing.T, s *service, _ *clock) {
		s.verified(t, ada)
		operations := []string{"POST /auth/login", "POST /auth/token", "POST /auth/signup"}
		for round, from := range []struct {
			name string
			ip   func(i int) string
		}{
			{"one network", func(i int) string { return fmt.Sprintf("2001:db8:f:1::%x", i) }},
			{"64 networks of a /48", func(i int) string { return fmt.Sprintf("2001:db8:f:%x::1", i%flooders) }},
		} {
			t.Run(from.name, func(t *testing.T) {
				got := besiege(flooders, func(i int) string {
					return s.strikeFrom(t, from.ip(i), operations[i%len(operations)], "", map[string]any{"password": wrong}, round, i)
				}, func() {
					for range 40 {
						s.post(t, home, "/auth/login", map[string]any{"email": ada, "password": password}).want(t, 200, "")
					}
				})
				for _, answer := range []string{"invalid_credentials", "201", "overloaded", "unavailable"} { // the last: its time ended after the hash
					delete(got, answer)
				}
				wantCounts(t, got, map[string]int{})
			})
		}
	})
}

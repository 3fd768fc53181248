package e2e_test

import (
	"fmt"
	"maps"
	"testing"
	"time"
)

// Without limits, all that keeps a flood of hashes from the others is the queue, which has fewer places than there
// are flooders.
var onlyTheQueue = map[string]string{"RATE_LIMITS": "off", "BCRYPT_COST": "8", "HASH_QUEUE": "48"}

func TestAttack_AFloodOfHashesFromOneNetworkCostsNobodyElseARefusal(t *testing.T) {
	onEachEngine(t, onlyTheQueue, func(t *testing.T, s *service, _ *clock) {
		s.keepsLoggingIn(t, func(i int) string { return fmt.Sprintf("2001:db8:f:1::%x", i) })
	})
}

func TestAttack_AFloodOfHashesFromAllNetworksOfAPartyCostsNobodyElseARefusal(t *testing.T) {
	t.Parallel()
	s, _ := besieged(t, onlyTheQueue)
	s.keepsLoggingIn(t, func(i int) string { return fmt.Sprintf("2001:db8:f:%x::1", i%flooders) })
}

// keepsLoggingIn has every operation that hashes flooded, while Ada logs in fifteen times.
func (s *service) keepsLoggingIn(t *testing.T, from func(i int) string) {
	t.Helper()
	s.verified(t, ada)
	hashing := []string{"POST /auth/login", "POST /auth/token", "POST /auth/signup"}
	body := map[string]any{"password": wrong}
	got := besiege(flooders, func(i int) string {
		answer := s.strikeFrom(t, from(i), hashing[i%len(hashing)], "", body, 0, i)
		if answer == "overloaded" {
			time.Sleep(50 * time.Millisecond) // the flooders' processors are the service's
		}
		return answer
	}, func() {
		for range 15 {
			s.post(t, home, "/auth/login", map[string]any{"email": ada, "password": password}).want(t, 200, "")
		}
	})
	if got["overloaded"] == 0 || got["invalid_credentials"] == 0 || got["201"] == 0 {
		t.Errorf("answered %v: that is no flood", got)
	}
	maps.DeleteFunc(got, func(answer string, _ int) bool {
		switch answer {
		case "invalid_credentials", "201", "overloaded", "unavailable": // the last: its time ended after the hash
			return true
		}
		return false
	})
	wantCounts(t, got, map[string]int{})
}

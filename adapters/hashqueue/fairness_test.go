package hashqueue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"coffeeshop/domain"
)

const (
	annes  = "192.0.2.1"
	alsoAn = "192.0.2.99" // in the same /24
	bens   = "198.51.100.1"
	caras  = "203.0.113.1"
)

func TestQueue_ServesANetworkInTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	inWorld(t, 10, func(w *world) {
		w.flood(annes, "a", 4)
		w.serve(4)
		w.begin("a1", "a2", "a3", "a4")
	})
}

func TestQueue_ServesNeighbourhoodsInTurn(t *testing.T) {
	t.Parallel()
	inWorld(t, 20, func(w *world) {
		w.flood(annes, "a", 5)
		w.flood(bens, "b", 2)
		w.flood(caras, "c", 3)
		w.serve(10)
		w.begin("a1", "b1", "c1", "a2", "b2", "c2", "a3", "c3", "a4", "a5")
	})
}

func TestQueue_ServesTheNetworksOfANeighbourhoodInTurn(t *testing.T) {
	t.Parallel()
	inWorld(t, 20, func(w *world) {
		w.flood(annes, "a", 4)
		w.flood(alsoAn, "d", 2)
		w.flood(bens, "b", 4)
		w.serve(10)
		w.begin("a1", "b1", "d1", "b2", "a2", "b3", "d2", "b4", "a3", "a4")
	})
}

func TestQueue_TakesA48ForOnePartyHoweverManyNetworksItHas(t *testing.T) {
	t.Parallel()
	inWorld(t, 100, func(w *world) {
		for i := range 64 {
			w.flood(fmt.Sprintf("2001:db8:1:%x::1", i), fmt.Sprintf("f%d.", i), 1)
		}
		w.flood("2001:db8:2::1", "b", 2)
		w.serve(4)
		w.begin("f0.1", "b1", "f1.1", "b2")
	})
}

func TestQueue_WhatComesFromNoNetworkHasATurnOfItsOwn(t *testing.T) {
	t.Parallel()
	inWorld(t, 20, func(w *world) {
		w.flood(annes, "a", 3)
		w.flood("", "terminal", 2)
		w.serve(5)
		w.begin("a1", "terminal1", "a2", "terminal2", "a3")
	})
}

// The newcomer comes one request after the other, as somebody who logs in does.
func TestQueue_ANewcomerComesBeforeWhoHadTheLastTurn(t *testing.T) {
	t.Parallel()
	for name, flooding := range map[string]string{"another neighbourhood": bens, "another network": alsoAn} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, 20, func(w *world) {
				w.flood(flooding, "f", 9)
				w.serve(1)
				w.begin("f1")
				for i := range 3 {
					w.come(annes, "a")
					w.serve(2)
					w.begin("a", fmt.Sprint("f", i+2))
				}
			})
		})
	}
}

func overloaded(w *world, err error) time.Duration {
	w.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || !errors.Is(err, domain.Overloaded(0)) || e.RetryAfter < time.Second {
		w.Fatalf("got %#v, want an overload", err)
	}
	return e.RetryAfter
}

func TestQueue_WhenFullRefusesAtOnceWhoHasItsShare(t *testing.T) {
	t.Parallel()
	inWorld(t, 3, func(w *world) {
		waiting := w.flood(annes, "a", 3)
		overloaded(w, answered(w, w.come(annes, "a4")))
		w.serve(4)
		w.begin("a1", "a2", "a3")
		for _, result := range waiting {
			if err := answered(w, result); err != nil {
				w.Error(err)
			}
		}
		if err := w.come(annes, "a5"); len(err) != 0 {
			w.Error("an idle queue refuses work")
		}
	})
}

func TestQueue_WhenFullTheLargestPartyGivesPlacesToTheOthers(t *testing.T) {
	t.Parallel()
	inWorld(t, 6, func(w *world) {
		a := w.flood(annes, "a", 6)
		b := w.flood(bens, "b", 4)
		for _, i := range []int{5, 4, 3} { // the last ones
			overloaded(w, answered(w, a[i]))
		}
		overloaded(w, answered(w, b[3])) // three each: that is b's share
		overloaded(w, answered(w, w.come(annes, "a7")))
		w.flood(caras, "c", 3)
		overloaded(w, answered(w, a[2]))
		overloaded(w, answered(w, b[2]))
		w.serve(6)
		w.begin("a1", "b1", "c1", "a2", "b2", "c2")
	})
}

func TestQueue_WhenFullTheLargestNetworkGivesPlacesToItsNeighbours(t *testing.T) {
	t.Parallel()
	inWorld(t, 4, func(w *world) {
		b := w.flood(bens, "b", 2)
		a := w.flood(annes, "a", 2)
		w.come(alsoAn, "d1") // their neighbourhood holds its share, of which each of them gets one
		overloaded(w, answered(w, a[1]))
		w.serve(4)
		w.begin("b1", "a1", "b2", "d1")
		for _, result := range b {
			if err := answered(w, result); err != nil {
				w.Error(err)
			}
		}
	})
}

func TestQueue_AFloodCostsNobodyElseAPlace(t *testing.T) {
	t.Parallel()
	inWorld(t, 8, func(w *world) {
		for i := range 64 {
			w.come(fmt.Sprintf("2001:db8:1:%x::1", i), "f")
		}
		w.serve(1)
		for range 20 {
			result := w.come("2001:db8:2::1", "b")
			w.come("2001:db8:1::1", "f")
			w.come("2001:db8:1:77::1", "f")
			w.serve(2)
			if err := answered(w, result); err != nil {
				w.Fatal(err)
			}
		}
	})
}

func TestQueue_EstimatesAWaitByTurns(t *testing.T) {
	t.Parallel()
	inWorld(t, 100, func(w *world) {
		w.flood(annes, "a", 40)
		w.flood(bens, "b", 3)
		w.learn(time.Second)
		for _, c := range []struct {
			name, ip string
			want     time.Duration // for a thread: each turn before, and what is being hashed
		}{
			{"one of the flood, behind all", annes, 44 * time.Second},
			{"a neighbour of the flood, after one of its turns", alsoAn, 4 * time.Second},
			{"somebody with three places", bens, 8 * time.Second},
			{"a newcomer", caras, 3 * time.Second},
			{"the terminal", "", 3 * time.Second},
		} {
			late, stop := context.WithTimeout(w.Context(), c.want+time.Second-1)
			if got := overloaded(w, answered(w, w.comeFor(late, c.ip, "late"))); got != c.want {
				w.Errorf("%s: may come back after %v, want %v", c.name, got, c.want)
			}
			stop()
			if before := w.Queue.everyone.waiting; before != 43 {
				t.Fatalf("%s: %d wait", c.name, before)
			}
			ctx, leave := context.WithTimeout(w.Context(), c.want+time.Second)
			result := w.comeFor(ctx, c.ip, "in time")
			leave()
			if err := <-result; !errors.Is(err, context.Canceled) {
				w.Errorf("%s: refused: %v", c.name, err)
			}
		}
	})
}

func TestQueue_TheEstimateKnowsWhoHadTheLastTurn(t *testing.T) {
	t.Parallel()
	inWorld(t, 100, func(w *world) {
		w.flood(annes, "a", 40)
		w.serve(1)
		w.learn(time.Second)
		ctx, stop := context.WithTimeout(w.Context(), 2*time.Second)
		defer stop()
		result := w.comeFor(ctx, bens, "b")
		w.serve(2)
		w.begin("a1", "b", "a2")
		if err := answered(w, result); err != nil {
			w.Error(err)
		}
	})
}

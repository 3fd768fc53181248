package hashqueue

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The main thread does not end with a goroutine. It stays with the main one, so that no lane gets it.
func init() { runtime.LockOSThread() }

// Not parallel: it looks at the threads of the whole process.
func TestLane_OnlyItsThreadsAreNicer(t *testing.T) {
	before := nicenesses(t)
	l := startLane(2, 0, 5)
	done := make(chan struct{}, 2)
	for range 2 { // each thread has lowered its priority before it takes work
		go func() {
			_ = l.do(t.Context(), func() { done <- struct{}{}; <-t.Context().Done() })
		}()
	}
	<-done
	<-done
	base := 0
	for nice := range before {
		base = nice
	}
	if got := nicenesses(t)[base+5]; got != 2 {
		t.Errorf("%d threads are nicer by 5", got)
	}
	t.Cleanup(func() {
		l.close()
		// A thread ends a moment after its goroutine.
		for limit := time.Now().Add(10 * time.Second); nicenesses(t)[base+5] != 0; runtime.Gosched() {
			if time.Now().After(limit) {
				t.Fatal("nicer threads are left")
			}
		}
	})
}

// nicenesses counts the threads of the process by niceness.
func nicenesses(t *testing.T) map[int]int {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	count := map[int]int{}
	for _, thread := range threads {
		stat, err := os.ReadFile("/proc/self/task/" + thread.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		nice, err := strconv.Atoi(strings.Fields(rest)[16])
		if err != nil {
			t.Fatal(err)
		}
		count[nice]++
	}
	return count
}

package application_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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

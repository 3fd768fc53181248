package bcrypthash

import (
	"runtime"
	"sync"
)

// niceness is by how much a hashing thread stands behind the others (setpriority(2): 0 alike, 19 last). It is a
// trade, chosen by measurement: 32 connections call a trivial endpoint while 64 log in. At 19 the endpoint keeps
// all of its quiet rate, but hashes are starved to a quarter of theirs, and the threads that wait with a Go
// processor in hand delay everybody (p99 17.6 ms). At 0, with GOMAXPROCS raised, the endpoint keeps 0.93 (p99
// 11 ms) and the logins 0.54: the kernel's fair share is a floor for both.
const niceness = 0

// procs raises GOMAXPROCS by the width of the first lane that is open, so that a hash, which never yields, does
// not hold a Go processor that requests need; the kernel shares out the real ones.
type procs struct {
	mu     sync.Mutex
	lanes  int
	raised int
}

var extraProcs procs

func (p *procs) raise(by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lanes++; p.lanes == 1 {
		p.raised = by
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + by)
	}
}

func (p *procs) restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lanes--; p.lanes == 0 {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)-p.raised))
		p.raised = 0
	}
}

// processors is GOMAXPROCS as it is without lanes.
func processors() int {
	extraProcs.mu.Lock()
	defer extraProcs.mu.Unlock()
	return max(1, runtime.GOMAXPROCS(0)-extraProcs.raised)
}

package hashqueue

import (
	"runtime"
	"sync"
)

// niceness is by how much a hashing thread stands behind the others (setpriority(2): 0 alike, 19 last). It is a
// trade, chosen by measurement: go run ./bench -only '^storm SQLite' with other values here. Logins that keep half
// of their rate are what the lane owes to them, so it is 0; the kernel's fair share is then a floor for both.
//
//	niceness                                0     1     3     5    10
//	GET /users/me keeps of its quiet rate  0.51  0.54  0.58  0.63  0.68   (p99 12 to 14 ms)
//	POST /auth/login                       0.55  0.52  0.45  0.41  0.34
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

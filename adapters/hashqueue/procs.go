package hashqueue

import (
	"runtime"
	"sync"
)

// procs raises GOMAXPROCS by the width of the first queue that is open, so that hashes, which never
// yield, hold no Go processor that requests need. The kernel shares out the real ones.
type procs struct {
	mu     sync.Mutex
	queues int
	raised int
}

var extraProcs procs

func (p *procs) raise(by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queues++; p.queues == 1 {
		p.raised = by
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + by)
	}
}

func (p *procs) restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queues--; p.queues == 0 {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)-p.raised))
		p.raised = 0
	}
}

// processors is GOMAXPROCS without the raise.
func processors() int {
	extraProcs.mu.Lock()
	defer extraProcs.mu.Unlock()
	return max(1, runtime.GOMAXPROCS(0)-extraProcs.raised)
}

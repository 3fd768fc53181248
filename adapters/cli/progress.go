package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// patience is how long something may take in silence, and the time between two lines where there is no terminal.
const patience = 2 * time.Second

// progress shows how far a long command has come: a bar on a terminal, lines otherwise.
type progress struct {
	err  io.Writer
	unit string
	bar  *progressbar.ProgressBar // nil: no terminal, or nothing to show yet
	tty  bool
	last time.Time
}

func newProgress(t Terminal, unit string) *progress {
	file, ok := t.Err.(*os.File)
	return &progress{err: t.Err, unit: unit, tty: ok && term.IsTerminal(int(file.Fd())), last: time.Now()}
}

// show says that n are done.
func (p *progress) show(n int) {
	switch {
	case p.bar != nil:
		_ = p.bar.Set(n)
	case time.Since(p.last) < patience:
	case p.tty:
		p.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(p.err), progressbar.OptionShowCount(), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetDescription(p.unit), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		_ = p.bar.Set(n)
	default:
		fmt.Fprintf(p.err, "%d %s\n", n, p.unit)
		p.last = time.Now()
	}
}

// end leaves the terminal as it was.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

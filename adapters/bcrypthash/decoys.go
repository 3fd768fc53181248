package bcrypthash

import (
	"crypto/rand"
	"fmt"
)

// newDecoy invents a hash without hashing. A comparison with it is as much work as with a real one.
func newDecoy(cost int) encoded {
	random := rand.Text() + rand.Text() + rand.Text() // of bcrypt's alphabet
	return encoded{cost: cost, bcrypt: fmt.Sprintf("$2a$%02d$%s", cost, random[:53])}
}

// makeUp adds work after a comparison with a cheaper hash, so that a wrong password takes as long as with nobody's hash:
// bcrypt at c, c+1 … C-1 adds up, with the comparison at c, to C.
func (h *Hasher) makeUp(done int, input []byte) {
	for cost := done; cost < h.cost; cost++ {
		_ = h.compare([]byte(h.decoys[cost].bcrypt), input)
	}
}

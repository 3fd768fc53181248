// Package bcrypthash hashes passwords with bcrypt, in a lane of its own that leaves the processors to everything
// else.
//
// A stored hash is what bcrypt writes: "$2a$12$…". bcrypt reads 72 bytes, so a longer password is replaced by the
// base64 of its SHA-384, and the stored hash says so: "$bcrypt-sha384$2a$12$…". Neither form is ever compared as
// the other, since otherwise a leaked digest would itself be a password.
package bcrypthash

import (
	"context"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// The costs that can be configured; a stored hash of a higher one is refused, since it would block the lane.
const (
	MinCost = 4
	MaxCost = 15
)

const (
	maxPlainBytes = 72
	digestPrefix  = "$bcrypt-sha384"
)

// Config sizes the work.
type Config struct {
	Cost  int // 4 to 15
	Width int // how many hashes at the same time; 0: one a processor
	Queue int // how many may wait; 0: QueuePerWidth for each of Width
}

// QueuePerWidth is the default length of the queue: at cost 12 the last in it waits some 15 seconds.
const QueuePerWidth = 64

// Hasher implements ports.Hasher.
type Hasher struct {
	cost  int
	decoy encoded // nobody's, of the configured cost
	lane  *lane

	generate func(password []byte, cost int) ([]byte, error) // bcrypt's, or counting
	compare  func(hash, password []byte) error
}

var _ ports.Hasher = (*Hasher)(nil)

// New starts the lane; Close ends it.
func New(cfg Config) (*Hasher, error) {
	switch {
	case cfg.Cost < MinCost || cfg.Cost > MaxCost:
		return nil, fmt.Errorf("the cost of password hashes must be %d to %d, not %d", MinCost, MaxCost, cfg.Cost)
	case cfg.Width < 0:
		return nil, fmt.Errorf("the width of the hashing lane must not be negative: %d", cfg.Width)
	case cfg.Queue < 0:
		return nil, fmt.Errorf("the queue of the hashing lane must not be negative: %d", cfg.Queue)
	}
	return &Hasher{
		cost: cfg.Cost, decoy: newDecoy(cfg.Cost), lane: startLane(cfg.Width, cfg.Queue, niceness),
		generate: bcrypt.GenerateFromPassword, compare: bcrypt.CompareHashAndPassword,
	}, nil
}

// Close ends the lane: what is being hashed is finished, what waits gets domain.ErrUnavailable.
func (h *Hasher) Close() error {
	h.lane.close()
	return nil
}

// Hash implements ports.Hasher.
func (h *Hasher) Hash(ctx context.Context, p domain.Password) (domain.PasswordHash, error) {
	prefix, input := "", []byte(p.Reveal())
	if len(input) > maxPlainBytes {
		prefix, input = digestPrefix, digest(p.Reveal())
	}
	var hash []byte
	var err error
	if laneErr := h.lane.do(ctx, func() { hash, err = h.generate(input, h.cost) }); laneErr != nil {
		return domain.PasswordHash{}, laneErr
	}
	if err != nil {
		return domain.PasswordHash{}, fmt.Errorf("hash a password: %w", err)
	}
	return domain.NewPasswordHash(prefix + string(hash)), nil
}

// Verify implements ports.Hasher. A hash that no bcrypt wrote is an error.
func (h *Hasher) Verify(ctx context.Context, hash domain.PasswordHash, p domain.Password) (ok, outdated bool, err error) {
	stored, nobody := h.decoy, hash.IsZero()
	if !nobody {
		if stored, err = parse(hash.Reveal()); err != nil {
			return false, false, err
		}
	}
	text := p.Reveal()
	long := len(text) > maxPlainBytes
	input := []byte(text)
	if stored.digested || nobody && long {
		input = digest(text)
	}
	var result error
	if err := h.lane.do(ctx, func() { result = h.compare([]byte(stored.bcrypt), input) }); err != nil {
		return false, false, err
	}
	switch {
	case errors.Is(result, bcrypt.ErrMismatchedHashAndPassword):
		return false, false, nil
	case result != nil:
		return false, false, errDamaged
	case nobody, stored.digested && !long, strings.ContainsRune(text, 0): // bcrypt takes "a\x00a" for "a"
		return false, false, nil
	}
	return true, stored.cost < h.cost || long && !stored.digested, nil
}

// encoded is a stored hash, taken apart.
type encoded struct {
	bcrypt   string
	cost     int
	digested bool // of the password's digest
}

var (
	form       = regexp.MustCompile(`^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$`)
	errDamaged = errors.New("verify a password: the stored hash is damaged, or not bcrypt's")
	errCostly  = fmt.Errorf("verify a password: the stored hash has a cost over %d", MaxCost)
)

// parse reads a stored hash. The errors do not quote it.
func parse(text string) (encoded, error) {
	var e encoded
	e.bcrypt, e.digested = strings.CutPrefix(text, digestPrefix)
	if !form.MatchString(e.bcrypt) {
		return encoded{}, errDamaged
	}
	var err error
	if e.cost, err = bcrypt.Cost([]byte(e.bcrypt)); err != nil {
		return encoded{}, errDamaged
	}
	if e.cost > MaxCost {
		return encoded{}, errCostly
	}
	return e, nil
}

// newDecoy makes up a hash, without the work of hashing: comparing with it is the same work as with a real one.
func newDecoy(cost int) encoded {
	random := rand.Text() + rand.Text() + rand.Text() // of bcrypt's alphabet
	return encoded{cost: cost, bcrypt: fmt.Sprintf("$2a$%02d$%s", cost, random[:53])}
}

// digest is what bcrypt gets instead of a long password: 64 characters, none of them NUL.
func digest(password string) []byte {
	sum := sha512.Sum384([]byte(password))
	return base64.StdEncoding.AppendEncode(nil, sum[:])
}

// Package bcrypthash hashes passwords with bcrypt.
//
// A stored hash is bcrypt's own text: "$2a$12$…". bcrypt reads 72 bytes, of which one marks the end of the
// password, so one of more than 71 is replaced by the base64 of its SHA-384, and the stored hash says so:
// "$bcrypt-sha384$2a$12$…". Neither form is ever compared as the other, since otherwise a leaked digest would
// itself be a password.
package bcrypthash

import (
	"context"
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

// The costs that can be configured; a stored hash of a higher one is refused, since it would keep others waiting.
const (
	MinCost = 4
	MaxCost = 15
)

const (
	maxPlainBytes = 71 // of 72 bytes bcrypt would take any continuation
	digestPrefix  = "$bcrypt-sha384"
)

// Config sizes the work.
type Config struct {
	Cost int // MinCost to MaxCost
}

// Hasher implements ports.Hasher.
type Hasher struct {
	cost   int
	decoys map[int]encoded // nobody's, by cost, up to the configured one

	generate func(password []byte, cost int) ([]byte, error) // bcrypt's, or counting
	compare  func(hash, password []byte) error
}

var _ ports.Hasher = (*Hasher)(nil)

// New returns a hasher.
func New(cfg Config) (*Hasher, error) {
	if cfg.Cost < MinCost || cfg.Cost > MaxCost {
		return nil, fmt.Errorf("the cost of password hashes must be %d to %d, not %d", MinCost, MaxCost, cfg.Cost)
	}
	h := &Hasher{cost: cfg.Cost, decoys: map[int]encoded{}, generate: bcrypt.GenerateFromPassword, compare: bcrypt.CompareHashAndPassword}
	for cost := MinCost; cost <= cfg.Cost; cost++ {
		h.decoys[cost] = newDecoy(cost)
	}
	return h, nil
}

// Hash implements ports.Hasher.
func (h *Hasher) Hash(_ context.Context, p domain.Password) (domain.PasswordHash, error) {
	prefix, input := "", []byte(p.Reveal())
	if len(input) > maxPlainBytes {
		prefix, input = digestPrefix, digest(p.Reveal())
	}
	hash, err := h.generate(input, h.cost)
	if err != nil {
		return domain.PasswordHash{}, fmt.Errorf("hash a password: %w", err)
	}
	return domain.NewPasswordHash(prefix + string(hash)), nil
}

// Verify implements ports.Hasher. A hash that no bcrypt wrote is an error.
func (h *Hasher) Verify(_ context.Context, hash domain.PasswordHash, p domain.Password) (ok, outdated bool, err error) {
	stored, nobody := h.decoys[h.cost], hash.IsZero()
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
	right, err := h.matches(stored, input)
	if err != nil {
		return false, false, err
	}
	if !right || nobody || stored.digested && !long || strings.ContainsRune(text, 0) { // bcrypt takes "a\x00a" for "a"
		h.makeUp(stored.cost, input)
		return false, false, nil
	}
	return true, stored.cost < h.cost || long && !stored.digested, nil
}

func (h *Hasher) matches(stored encoded, input []byte) (bool, error) {
	err := h.compare([]byte(stored.bcrypt), input)
	if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, errDamaged
	}
	return err == nil, nil
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

// DearerThan returns the prefixes of stored hashes above a cost. A wrong password takes longer with them than with
// nobody's hash.
func DearerThan(cost int) (prefixes []string) {
	for cost++; cost <= MaxCost; cost++ {
		for _, version := range "aby" {
			plain := fmt.Sprintf("$2%c$%02d$", version, cost)
			prefixes = append(prefixes, plain, digestPrefix+plain)
		}
	}
	return prefixes
}

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

// digest replaces a long password for bcrypt: 64 characters, none of them NUL.
func digest(password string) []byte {
	sum := sha512.Sum384([]byte(password))
	return base64.StdEncoding.AppendEncode(nil, sum[:])
}

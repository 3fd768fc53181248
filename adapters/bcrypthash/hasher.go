// Package bcrypthash hashes passwords with bcrypt, and verifies those of argon2id that other systems made.
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

// Check returns an error unless Verify can compare a password with the hash: one of ours, bcrypt's, or an imported one of
// argon2id. The error says which rule the hash breaks, and quotes none of it.
func Check(hash domain.PasswordHash) error {
	text := hash.Reveal()
	if strings.HasPrefix(text, argonPrefix) {
		_, err := parseArgon(text)
		return err
	}
	_, err := parse(text)
	return err
}

// Verify implements ports.Hasher. A hash that no bcrypt wrote is an error, unless it is one of argon2id. That one is
// outdated; a wrong password costs its work beside that of Hash, until the first right one replaces it.
func (h *Hasher) Verify(_ context.Context, hash domain.PasswordHash, p domain.Password) (ok, outdated bool, err error) {
	if strings.HasPrefix(hash.Reveal(), argonPrefix) {
		return h.verifyArgon(hash.Reveal(), []byte(p.Reveal()))
	}
	stored, nobody := h.decoys[h.cost], hash.IsZero()
	if !nobody {
		if stored, err = parse(hash.Reveal()); err != nil {
			return false, false, damaged(err)
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

func (h *Hasher) verifyArgon(stored string, password []byte) (ok, outdated bool, err error) {
	hash, err := parseArgon(stored)
	if err != nil {
		return false, false, damaged(err)
	}
	if hash.matches(password) {
		return true, true, nil
	}
	_ = h.compare([]byte(h.decoys[h.cost].bcrypt), []byte("x")) // the work of Hash, to no effect
	return false, false, nil
}

func (h *Hasher) matches(stored encoded, input []byte) (bool, error) {
	err := h.compare([]byte(stored.bcrypt), input)
	if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, damaged(errDamaged)
	}
	return err == nil, nil
}

func damaged(rule error) error {
	return fmt.Errorf("verify a password: the stored hash %w", rule)
}

// encoded is a stored hash, taken apart.
type encoded struct {
	bcrypt   string
	cost     int
	digested bool // of the password's digest
}

var (
	form       = regexp.MustCompile(`^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$`)
	errDamaged = errors.New("must be a hash of bcrypt or argon2id, undamaged")
	errCost    = fmt.Errorf("must have a cost of %d to %d", MinCost, MaxCost)
)

// DearerThan returns the prefixes of stored hashes above a cost, and of argon2id. A wrong password takes longer with them than with
// nobody's hash.
func DearerThan(cost int) (prefixes []string) {
	for cost++; cost <= MaxCost; cost++ {
		for _, version := range "aby" {
			plain := fmt.Sprintf("$2%c$%02d$", version, cost)
			prefixes = append(prefixes, plain, digestPrefix+plain)
		}
	}
	return append(prefixes, argonPrefix)
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
	if e.cost < MinCost || e.cost > MaxCost {
		return encoded{}, errCost
	}
	return e, nil
}

// digest replaces a long password for bcrypt: 64 characters, none of them NUL.
func digest(password string) []byte {
	sum := sha512.Sum384([]byte(password))
	return base64.StdEncoding.AppendEncode(nil, sum[:])
}

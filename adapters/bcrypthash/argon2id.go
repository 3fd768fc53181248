package bcrypthash

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"golang.org/x/crypto/argon2"
)

const argonPrefix = "$argon2id$"

// The limits of imported argon2id hashes: more would keep others waiting, or take their memory.
const (
	argonMaxMemory  = 64 << 10 // KiB
	argonMaxTime    = 10
	argonMaxThreads = 4
)

var (
	argonForm = regexp.MustCompile(`^\$argon2id\$v=19\$m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,9})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$`)

	errArgonForm   = errors.New("must be an argon2id hash of version 19 in PHC string format, undamaged")
	errArgonLimits = fmt.Errorf("must keep the limits of argon2id: memory from 8 KiB a thread to 64 MiB, time 1 to %d, threads 1 to %d, salt 8 to 64 bytes, hash 16 to 64 bytes", argonMaxTime, argonMaxThreads)
)

// argonHash is an argon2id hash of another system (PHC string format). Hash makes none.
type argonHash struct {
	memory, time uint32 // KiB, passes
	threads      uint8
	salt, sum    []byte
}

func parseArgon(text string) (argonHash, error) {
	parts := argonForm.FindStringSubmatch(text)
	if parts == nil {
		return argonHash{}, errArgonForm
	}
	var n [3]uint64
	for i := range n {
		n[i], _ = strconv.ParseUint(parts[i+1], 10, 64) // ten digits fit
	}
	salt, err := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	if err != nil {
		return argonHash{}, errArgonForm
	}
	sum, err := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err != nil {
		return argonHash{}, errArgonForm
	}
	if n[0] > argonMaxMemory || n[1] > argonMaxTime || n[2] > argonMaxThreads || n[0] < 8*n[2] ||
		len(salt) < 8 || len(salt) > 64 || len(sum) < 16 || len(sum) > 64 {
		return argonHash{}, errArgonLimits
	}
	return argonHash{uint32(n[0]), uint32(n[1]), uint8(n[2]), salt, sum}, nil
}

// matches compares all bytes of a password, in constant time.
func (a argonHash) matches(password []byte) bool {
	sum := argon2.IDKey(password, a.salt, a.time, a.memory, a.threads, uint32(len(a.sum)))
	return subtle.ConstantTimeCompare(sum, a.sum) == 1
}

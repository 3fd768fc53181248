package domain

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"
)

// Budget is how much of something a throttle lets through: Burst at once, and one more each Interval.
type Budget struct {
	Burst    int
	Interval time.Duration
}

// ResendBudget limits the codes that are mailed to an address on request.
var ResendBudget = Budget{Burst: 1, Interval: time.Minute}

// ThrottleKey makes the keys of throttles, from which nobody can tell whom they concern.
type ThrottleKey struct{ key []byte }

// NewThrottleKey derives the key from the service's secret.
func NewThrottleKey(secret Secret) (ThrottleKey, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, "coffee-shop-api throttle keys v1", sha256.Size)
	if err != nil {
		return ThrottleKey{}, fmt.Errorf("derive the key of throttles: %w", err)
	}
	return ThrottleKey{key}, nil
}

// For returns the key of what (such as "mail") for whom (such as an address's key).
func (k ThrottleKey) For(what, whom string) string {
	h := hmac.New(sha256.New, k.key)
	fmt.Fprintf(h, "%d:%s%s", len(what), what, whom)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

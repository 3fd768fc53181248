package domain

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Throttle is the kind of a throttle. Keys sort by it: every transaction takes its throttles in this order, so that none
// waits for another in a circle.
type Throttle uint8

// The throttles.
const (
	ThrottleLoginOfAccountFromNetwork Throttle = iota
	ThrottleLoginFromNetwork
	ThrottleLoginOfAccount
	ThrottleSuccessfulLogins
	ThrottleKnownNetwork // remembered, not counted
	ThrottleLoginFailures
	ThrottleSuspicionNotices
	ThrottleCodesOfAddress
	ThrottleCodesFromNetwork
	ThrottleSignUpsFromNetwork
	ThrottleMailsFromNetwork
	ThrottleRepeatedMails
	ThrottleMailsShare
	ThrottleMailsToAddress
	ThrottleSignUpNotices
	ThrottleInvitationsOfAdmin
)

var throttleNames = [...]string{
	ThrottleLoginOfAccountFromNetwork: "login_account_network",
	ThrottleLoginFromNetwork:          "login_network",
	ThrottleLoginOfAccount:            "login_account",
	ThrottleSuccessfulLogins:          "successful_logins",
	ThrottleKnownNetwork:              "known_network",
	ThrottleLoginFailures:             "login_failures",
	ThrottleSuspicionNotices:          "suspicion_notices",
	ThrottleCodesOfAddress:            "codes_address",
	ThrottleCodesFromNetwork:          "codes_network",
	ThrottleSignUpsFromNetwork:        "signups_network",
	ThrottleMailsFromNetwork:          "mails_network",
	ThrottleRepeatedMails:             "repeated_mails",
	ThrottleMailsShare:                "mails_share",
	ThrottleMailsToAddress:            "mails_address",
	ThrottleSignUpNotices:             "signup_notices",
	ThrottleInvitationsOfAdmin:        "invites_admin",
}

// String is the throttle's name; that of a limit is as in its setting.
func (t Throttle) String() string { return throttleNames[t] }

// ThrottleKey makes the keys of throttles. They are keyed hashes, and name nobody.
type ThrottleKey struct{ key []byte }

// NewThrottleKey derives the key from the service's secret.
func NewThrottleKey(secret Secret) (ThrottleKey, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, "coffee-shop-api throttle keys v1", sha256.Size)
	if err != nil {
		return ThrottleKey{}, fmt.Errorf("derive the key of throttles: %w", err)
	}
	return ThrottleKey{key}, nil
}

// For returns the key of a throttle for its parties, such as an address's key and a network.
func (k ThrottleKey) For(t Throttle, parties ...string) string {
	h := hmac.New(sha256.New, k.key)
	for _, part := range parties {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	h.Write([]byte{byte(t)})
	return fmt.Sprintf("%02d.%s", t, base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18]))
}

package domain

import "time"

// Budget is how much of something a throttle lets through: Burst at once, and one more each Interval, so that
// within any time t it never lets through more than Burst + t/Interval.
type Budget struct {
	Burst    int
	Interval time.Duration
}

// Budgets are the throttles' limits; docs/security.md gives the reason of each.
type Budgets struct {
	LoginOfAccountFromNetwork Budget // failed logins to one account from one network
	LoginFromNetwork          Budget // failed logins from one network
	LoginOfAccount            Budget // failed logins to one account from networks where it never logged in
	CodesOfAddress            Budget // guesses of the digits mailed to one address
	CodesFromNetwork          Budget // guesses of digits from one network
	SuccessfulLogins          Budget // right passwords of one account from one network
	MailsToAddress            Budget // mails to one address that anybody can ask for
	MailsFromNetwork          Budget // mails that one network asks for
	SignUpsFromNetwork        Budget
	InvitationsOfAdmin        Budget // invitations, and repeated ones, of one admin
}

// mailsShare is how many mails of an address's budget one network or account takes.
const mailsShare = 3

// MailsShare is the share of MailsToAddress that one network, or one account, may take: somebody who asks for mails
// leaves some for the address's owner.
func (b Budgets) MailsShare() Budget {
	whole, n := b.MailsToAddress, min(mailsShare, b.MailsToAddress.Burst)
	return Budget{Burst: n, Interval: whole.Interval * time.Duration(whole.Burst) / time.Duration(max(n, 1))}
}

// The limits that are part of a promise rather than a choice.
var (
	// RepeatedMails keeps repeated mails a minute apart.
	RepeatedMails = Budget{Burst: 1, Interval: time.Minute}
	// SignUpNotices limits how often an owner is told that somebody tried to sign up with the address.
	SignUpNotices = Budget{Burst: 1, Interval: time.Hour}
	// SuspicionNotices limits how often an owner is told of a suspicious sign-in.
	SuspicionNotices = Budget{Burst: 1, Interval: 24 * time.Hour}
	// LoginFailures remembers failed logins of an account for a day each; it is never used up.
	LoginFailures = Budget{Burst: 1_000_000, Interval: 24 * time.Hour}
)

// SuspiciousFailures is how many failed logins make the next successful one suspicious.
const SuspiciousFailures = 5

// KnownNetworkLife is how long an account's networks are remembered after a login.
const KnownNetworkLife = 90 * 24 * time.Hour

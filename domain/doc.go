// Package domain holds the entities, values and rules of user accounts, challenges and sessions. It knows no
// database, no transport and no clock: time, randomness and keys come in as arguments. Times are UTC and
// truncated to microseconds, which is what both databases keep.
package domain

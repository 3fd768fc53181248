package ports

import (
	"context"
	"errors"
	"fmt"

	"coffeeshop/domain"
)

// ErrNotTaken says that a mail was certainly not taken over, and will not be by this call.
var ErrNotTaken = errors.New("the mail was not taken over")

// ErrRejected is an ErrNotTaken of a mail that will not be taken over later either: its recipient or its content was
// refused for good.
var ErrRejected = fmt.Errorf("%w, and never will be", ErrNotTaken)

// Mailer writes mails and hands them to whatever delivers them. A nil error means that the mail was taken over.
// An error for which errors.Is(err, ErrNotTaken) holds means that it was not: it could not be written or
// addressed, or the mail server was not reached or refused it, by a 4xx as by a 5xx answer. It is an ErrRejected after a 5xx
// answer to the recipient or to the content; before that, a 5xx speaks of the service, such as of an expired password.
// Any other error leaves it open: the answer was lost, the connection broke, or ctx ended while the mail was being handed
// over. After any other error than ErrRejected the caller may try again, so that a mail can arrive twice but is never lost.
//
// A mail goes to the one address that is given, as it is written, in text and in HTML. A repeated call sends
// another mail, with an id of its own. When ctx ends, the call does: its error is then ctx's too. No error's text
// holds a code, the recipient's address or the mail server's password. Both methods may be called concurrently.
type Mailer interface {
	// SendChallenge mails the codes of c to c.Email, in c.Locale. Both codes (of an invitation the long one alone)
	// stand in both parts of the mail, and in none of its headers.
	SendChallenge(ctx context.Context, c domain.Challenge, codes domain.Codes) error
	// SendNotice mails n to n.Email, in n.Locale.
	SendNotice(ctx context.Context, n domain.Notice) error
}

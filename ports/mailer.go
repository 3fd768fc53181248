package ports

import (
	"context"
	"errors"

	"coffeeshop/domain"
)

// ErrNotTaken says that a mail was certainly not taken over.
var ErrNotTaken = errors.New("the mail was not taken over")

// Mailer writes mails and hands them to whatever delivers them. A nil error means that the mail was taken over;
// after an error it may be sent again, so that a mail can arrive twice but is never lost.
type Mailer interface {
	// SendChallenge mails the codes of c to c.Email, in c.Locale.
	SendChallenge(ctx context.Context, c domain.Challenge, codes domain.Codes) error
	// SendNotice mails n to n.Email, in n.Locale.
	SendNotice(ctx context.Context, n domain.Notice) error
}

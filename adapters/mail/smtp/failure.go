package smtp

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	gomail "github.com/wneessen/go-mail"
	librarysmtp "github.com/wneessen/go-mail/smtp"

	"coffeeshop/ports"
)

// failure turns an error of the library into ours. Of a server's answer it keeps the numbers only: the words may
// quote the recipient, the mail or the password.
func failure(ctx context.Context, err error) error {
	var send *gomail.SendError
	if errors.As(err, &send) {
		err = sending(send)
	} else {
		err = fmt.Errorf("%w: connect and log in: %w", ports.ErrNotTaken, withoutWords(err))
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}

// sending tells an error of the mail's own commands. From the first byte of the content on, only a refusal means
// that the server does not have it: it may have read the end that we could not see arrive.
func sending(e *gomail.SendError) error {
	if code := e.ErrorCode(); code != 0 { // 4xx or 5xx
		numbers := strings.TrimSpace(fmt.Sprint(code, " ", e.EnhancedStatusCode()))
		return fmt.Errorf("%w: %s: refused: %s", ports.ErrNotTaken, e.Reason, numbers)
	}
	if e.Reason == gomail.ErrWriteContent || e.Reason == gomail.ErrSMTPDataClose {
		return fmt.Errorf("%s: no usable answer, the mail may have been taken over", e.Reason)
	}
	return fmt.Errorf("%w: %s: no usable answer", ports.ErrNotTaken, e.Reason)
}

func withoutWords(err error) error {
	var answer *textproto.Error
	var malformed textproto.ProtocolError
	switch {
	case errors.As(err, &answer):
		return fmt.Errorf("refused: %d", answer.Code)
	case errors.As(err, &malformed), errors.Is(err, librarysmtp.ErrUnexpectedServerResponse):
		return errors.New("the answer is not what SMTP says")
	}
	return err
}

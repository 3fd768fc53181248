package mail

import (
	"fmt"
	netmail "net/mail"
	"time"

	gomail "github.com/wneessen/go-mail"

	"coffeeshop/ports"
)

// Message is a mail for one recipient. All texts are as people read them: nothing is encoded, and lines end with "\n".
type Message struct {
	ID      string          // Message-ID, without the brackets
	From    netmail.Address // its domain is ASCII
	ReplyTo string          // an ASCII address; empty: From
	To      string          // an ASCII address
	Date    time.Time
	Subject string
	Text    string            // as plain text
	HTML    string            // the same as HTML
	Headers map[string]string // others, such as Auto-Submitted
}

// Encode returns the message in MIME, for transports that send RFC 5322 text. Its error is ports.ErrNotTaken.
func (m Message) Encode() (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&m.From)
	if msg.To(m.To) != nil { // its error quotes the address
		return nil, fmt.Errorf("%w: the mail has no address", ports.ErrNotTaken)
	}
	if m.ReplyTo != "" {
		if err := msg.ReplyTo(m.ReplyTo); err != nil {
			return nil, fmt.Errorf("%w: the address for answers: %w", ports.ErrNotTaken, err)
		}
	}
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date)
	msg.Subject(m.Subject)
	for name, value := range m.Headers {
		msg.SetGenHeader(gomail.Header(name), value)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

package mail

import (
	"net/url"
	"time"

	"coffeeshop/domain"
)

// What templates are written with. docs/mail.md names the members: operators' templates use them. No text here comes from
// a stranger as it was given: names of people are not mailed at all, since a stranger can sign up with any.
type (
	// codeMail is the data of a mail with codes; its template has the name of the purpose.
	codeMail struct {
		App     string
		Digits  string
		Long    string
		Link    string    // to the operator's page, with the long code in its fragment; empty: there is none
		Minutes int       // for which the codes are good
		At      time.Time // when the sign-up came; zero: it is no sign-up
		Network string    // from where it came, an IPv4 address or an IPv6 network; empty: not known
		Until   time.Time // of an invitation: the end of its code, which has no digits
	}
	// noticeMail is the data of a notice; its template has the name of the kind.
	noticeMail struct {
		App   string
		At    time.Time // when it happened
		IP    string    // where it was done; empty: hidden or not known
		Agent string    // the browser or program, as it called itself; empty: hidden or not known
	}
)

func (m *Mailer) codeMail(c domain.Challenge, codes domain.Codes) codeMail {
	if c.Purpose == domain.PurposeInvitation {
		return codeMail{App: m.cfg.AppName, Long: codes.Long.Reveal(), Link: m.link(c, codes.Long), Until: c.ExpiresAt}
	}
	return codeMail{
		App: m.cfg.AppName, Digits: codes.Digits.Reveal(), Long: codes.Long.Reveal(), Link: m.link(c, codes.Long),
		Minutes: int(domain.ChallengeLife / time.Minute), At: c.SignUp.At, Network: c.SignUp.Network,
	}
}

func (m *Mailer) noticeMail(n domain.Notice) noticeMail {
	return noticeMail{App: m.cfg.AppName, At: n.CreatedAt, IP: plainIP(n.Source.IP), Agent: plainAgent(n.Source.UserAgent)}
}

// link is the page of the purpose with all that it has to send. It stands in the fragment, which browsers send to no
// server: neither a log nor a Referer header has it.
func (m *Mailer) link(c domain.Challenge, code domain.Secret) string {
	page := m.cfg.Links[c.Purpose]
	if page == "" {
		return ""
	}
	values := url.Values{"code": {code.Reveal()}, "email": {c.Email.Address}}
	if c.Purpose == domain.PurposeVerifyEmail {
		values.Set("id", c.UserID.String())
	}
	return page + "#" + values.Encode()
}

package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAttack_MailBombingOneAddressSendsNoMoreThanItsBudgets(t *testing.T) {
	t.Parallel()
	s, c := besieged(t, nil)
	sent, asked := 0, 0
	ask := func(path string, more bool) {
		t.Helper()
		body := map[string]any{"email": ada}
		if path == "/auth/signup" {
			body["password"] = password
		}
		// A sign-up without a mail is none; forgot and resend are answered like any other.
		if a := s.post(t, network(asked), path, body); a.status != 202 && (a.status == 201) != (more && path == "/auth/signup") {
			t.Fatalf("%s answered %s", path, a)
		}
		if asked++; more {
			sent++
			s.mail(t, ada, sent)
		}
	}
	for i := range 15 {
		ask("/auth/signup", i < 10)
	}
	for range 5 {
		c.advance(time.Minute)
		ask("/auth/resend", false)
	}
	for i := range 15 {
		c.advance(time.Minute)
		ask("/auth/forgot-password", i < 10)
	}
	c.advance(10 * time.Minute) // half an hour after the first: one more of each kind
	ask("/auth/resend", true)
	c.advance(30 * time.Minute)
	ask("/auth/forgot-password", true)
	ask("/auth/forgot-password", false)
	s.settle(t)
	if n := len(s.files(t)); n != 22 {
		t.Errorf("%d mails of %d that were asked for, the budgets are 11 and 11", n, asked)
	}
}

func TestAttack_MailBombingAnOwnerSendsNoMoreThanItsBudgets(t *testing.T) {
	t.Parallel()
	s, c := besieged(t, nil)
	s.verified(t, ada)
	s.post(t, network(0), "/auth/signup", map[string]any{"email": ada, "password": password}).want(t, 201, "")
	s.mail(t, ada, 2) // that somebody tried, once an hour
	for minute := range 15 {
		c.advance(time.Minute)
		for i, path := range []string{"/auth/resend", "/auth/forgot-password"} {
			s.post(t, network(3*minute+i), path, map[string]any{"email": ada}).want(t, 202, "")
		}
		if minute < 10 {
			s.mail(t, ada, 3+minute)
		}
		a := s.post(t, network(3*minute+2), "/auth/signup", map[string]any{"email": ada, "password": password})
		if a.status != 201 && a.code() != "too_many_requests" {
			t.Errorf("answered %s", a)
		}
	}
	s.settle(t)
	if n := len(s.files(t)); n != 12 {
		t.Errorf("%d mails of 47 that were asked for, the budget is ten beside the sign-up's and a notice", n)
	}
}

// A mail has these headers and no others, one recipient, and no word that a stranger chose.
func TestAttack_NothingAStrangerWritesReachesTheHeadersOrTheTextOfAMail(t *testing.T) {
	t.Parallel()
	s, _ := besieged(t, nil)
	for _, name := range []string{"Ada\r\nBcc: eve@evil.example", "Ada\nSubject: x", "Ada\x00", "Ada\u2028Bcc: eve@evil.example", "Ada\u0085x"} {
		s.call(t, "POST", "/auth/signup", "", map[string]any{"email": ada, "password": password, "first_name": name}).want(t, 422, "invalid_input")
		s.call(t, "POST", "/auth/signup", "", map[string]any{"email": ada, "password": password, "last_name": name}).want(t, 422, "invalid_input")
	}
	for _, address := range []string{
		ada + "\r\nBcc: eve@evil.example", "ada\r\nBcc: eve@evil.example\r\n@example.com", ada + ", eve@evil.example", ada + " eve@evil.example",
		"Ada <" + ada + ">", `"ada\r\nBcc: eve"@example.com`, "<" + ada + ">,<eve@evil.example>", ada + "\nDATA", "ada@example.com\x00.evil.example",
		"ada%0d%0aBcc:eve@evil.example@example.com", "eve@evil.example;" + ada,
	} {
		for _, path := range []string{"/auth/resend", "/auth/forgot-password"} {
			s.call(t, "POST", path, "", map[string]any{"email": address}).want(t, 422, "invalid_input")
		}
		s.call(t, "POST", "/auth/signup", "", map[string]any{"email": address, "password": password}).want(t, 422, "invalid_input")
	}
	agent := "Zebulon =?utf-8?q?=0D=0ABcc:_eve@evil.example?= http://evil.example/ <a href=//evil.example>{{.}}%0d%0aBcc: eve@evil.example"
	header := http.Header{"User-Agent": {agent}, "Accept-Language": {"ru\tBcc: eve@evil.example, zebulon"}, "X-Forwarded-For": {"evil.example"}}
	for i, name := range []string{"Zebulon Bcc: eve@evil.example", "=?utf-8?q?=0D=0ABcc:_eve@evil.example?=", "<b>Zebulon</b> https://evil.example"} {
		s.callWith(t, maps.Clone(header), "POST", "/auth/signup", map[string]any{"email": ada, "password": password, "first_name": name, "last_name": name}).want(t, 201, "")
		s.mail(t, ada, i+1)
	}
	digits, _ := s.codes(t, ada, 3)
	s.callWith(t, maps.Clone(header), "POST", "/auth/verify", map[string]any{"email": ada, "code": digits}).want(t, 200, "")
	header.Set("Authorization", "Bearer "+s.login(t, ada, password).Access)
	s.callWith(t, maps.Clone(header), "PUT", "/users/me/password", map[string]any{"current_password": password, "new_password": "another one of hers"}).want(t, 204, "")
	s.mail(t, ada, 4)
	s.folded(t, "/users/me/delete", header.Get("Authorization"), `{"current_password":"another one of hers"}`)
	s.settle(t)

	allowed := []string{"Auto-Submitted", "Content-Language", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}
	all := s.rawMails(t)
	if len(all) < 4 {
		t.Fatalf("%d mails", len(all))
	}
	for _, m := range all {
		for name, lines := range m.Header {
			if !slices.Contains(allowed, name) || len(lines) != 1 {
				t.Errorf("a mail has %s: %q", name, lines)
			}
		}
		if to := m.Header.Get("To"); to != "<"+ada+">" {
			t.Errorf("a mail went to %q", to)
		}
	}
	list, err := s.mails.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range list {
		for _, part := range []string{entry.Subject, entry.From, entry.Text, entry.HTML} {
			for _, word := range []string{"evil.example", "eve@", "<b>", "<a href=//", "{{"} {
				if strings.Contains(part, word) {
					t.Errorf("%q is in %q", word, part)
				}
			}
		}
		if strings.Contains(entry.Text, "code") && strings.Contains(entry.Text, "Zebulon") {
			t.Errorf("a name is in %q", entry.Text)
		}
	}
}

// folded sends a request whose user agent is folded, as old clients may, with a header of mails in its second line.
func (s *service) folded(t *testing.T, path, authorization, body string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.URL, "http://"), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nUser-Agent: old\r\n Bcc: eve@evil.example\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", path, authorization, len(body), body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 204 && resp.StatusCode != 400 {
		t.Fatalf("answered %d %s, %v", resp.StatusCode, got, err)
	}
}

func TestAttack_LookAlikesAndCaseTricksOfAnAddressOpenNoSecondAccount(t *testing.T) {
	onEachEngine(t, map[string]string{"LIMIT_SIGNUPS_NETWORK": "1000/1h"}, func(t *testing.T, s *service, _ *clock) {
		owner := s.verified(t, "kassel@example.com")
		// The same address: the account stays the only one, and its owner gets in however she writes it.
		for i, same := range []string{
			"KASSEL@EXAMPLE.COM", " kassel@example.com ", "kassel@Example.Com", "kassel@ＥＸＡＭＰＬＥ.com", "kassel@exa\u00admple.com",
			"kassel@example\u3002com", "kassel@ex\u200bample.com", "kassel@e\u24e7ample.com",
		} {
			a := s.post(t, network(i), "/auth/signup", map[string]any{"email": same, "password": "the attacker's own"})
			if a.status != 201 && a.code() != "invalid_input" {
				t.Errorf("%q answered %s", same, a)
			}
			s.call(t, "POST", "/auth/login", "", map[string]any{"email": same, "password": "the attacker's own"}).want(t, 401, "invalid_credentials")
			if a.status == 201 {
				var me user
				s.call(t, "GET", "/users/me", s.login(t, same, password).Access, nil).want(t, 200, "").into(t, &me)
				if me.ID != owner.ID {
					t.Errorf("%q is another account", same)
				}
			}
		}
		// What merely looks like it is no address.
		for _, other := range []string{
			"\u212aassel@example.com" /* the Kelvin sign */, "ka\u017fsel@example.com" /* the long s */, "kаssel@example.com", /* a Cyrillic а */
			"ｋassel@example.com", "kas\u200bsel@example.com", "kasse\u0301l@example.com", "\u202elessak@example.com", "kassel\u00a0@example.com",
			"kaßel@example.com", "kassel@example.com.", "kassel@example..com", "kassel@example.com@example.com", "kassel\x00@example.com", "kassel@\u202eexample.com",
		} {
			s.call(t, "POST", "/auth/signup", "", map[string]any{"email": other, "password": "the attacker's own"}).want(t, 422, "invalid_input")
			s.call(t, "POST", "/auth/forgot-password", "", map[string]any{"email": other}).want(t, 422, "invalid_input")
			if a := s.call(t, "POST", "/auth/login", "", map[string]any{"email": other, "password": password}); a.status != 401 && a.code() != "invalid_input" {
				t.Errorf("%q answered %s", other, a)
			}
		}
		// Another domain that looks like hers is another domain: its mails do not go to her, nor hers there.
		s.call(t, "POST", "/auth/signup", "", map[string]any{"email": "kassel@exаmple.com", "password": "the attacker's own"}).want(t, 201, "")
		s.mail(t, "kassel@xn--exmple-4nf.com", 1)
		s.call(t, "POST", "/auth/forgot-password", "", map[string]any{"email": "kassel@example.com"}).want(t, 202, "")
		s.settle(t)
		for _, m := range s.rawMails(t) {
			if to := m.Header.Get("To"); to != "<kassel@example.com>" && to != "<kassel@xn--exmple-4nf.com>" {
				t.Errorf("a mail went to %s", to)
			}
		}
		var page struct{ Users []user }
		s.call(t, "GET", "/users", s.login(t, adminEmail, adminPassword).Access, nil).want(t, 200, "").into(t, &page)
		if len(page.Users) != 3 {
			t.Errorf("there are %+v", page.Users)
		}
	})
}

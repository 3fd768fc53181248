package httpapi_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"coffeeshop/adapters/httpapi"
	"coffeeshop/domain"
)

type mails []httpapi.Mail

func (m mails) List(context.Context) (list []httpapi.Mail, _ error) {
	for _, mail := range m {
		mail.Text, mail.HTML = "", ""
		list = append(list, mail)
	}
	return list, nil
}

func (m mails) Read(_ context.Context, name string) (httpapi.Mail, error) {
	for _, mail := range m {
		if mail.Name == name {
			return mail, nil
		}
	}
	return httpapi.Mail{}, domain.ErrNotFound
}

func mailboxWorld(t *testing.T, adjust ...func(*options)) *world {
	t.Helper()
	box := mails{
		{Name: "new.eml", To: "ada@example.com", Subject: "<script>alert(1)</script>", Date: time.Unix(2, 0).UTC(),
			Text: "Code <123456>\n\n    https://shop.example/v#code=a&email=b\n\nsee https://shop.example/other", HTML: `<b>Code</b> "123456"<script>alert(2)</script>`},
		{Name: "old.eml", To: "ada@example.com", Subject: "First", Date: time.Unix(1, 0).UTC(), Text: "1"},
	}
	return newWorld(t, append([]func(*options){func(o *options) { o.config.Mailbox = box }}, adjust...)...)
}

func TestMailbox_ListsAndShowsMails(t *testing.T) {
	t.Parallel()
	w := mailboxWorld(t)
	list := w.send("GET", "/dev/mailbox", "").want(t, 200, "")
	page := string(list.body)
	if first, second := strings.Index(page, "new.eml"), strings.Index(page, "old.eml"); first < 0 || second < first || strings.Contains(page, "<script>") {
		t.Errorf("the list is %s", page)
	}
	mail := w.send("GET", "/dev/mailbox/new.eml", "").want(t, 200, "")
	page = string(mail.body)
	if !strings.Contains(page, "Code &lt;123456&gt;") || !strings.Contains(page, `<iframe sandbox `) ||
		!strings.Contains(page, `<a href="https://shop.example/v#code=a&amp;email=b" target="_blank"`) || strings.Contains(page, `<a href="https://shop.example/other`) || strings.Contains(page, "<script>") {
		t.Errorf("the mail is %s", page)
	}
	for _, a := range []answer{list, mail} {
		if policy := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "script-src") || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", a.header)
		}
	}
	var index struct{ Mails []httpapi.Mail }
	w.send("GET", "/dev/mailbox", "", "Accept", "application/json").want(t, 200, "").into(t, &index)
	if len(index.Mails) != 2 || index.Mails[0].Name != "new.eml" {
		t.Errorf("listed %v", index)
	}
	var one httpapi.Mail
	w.send("GET", "/dev/mailbox/old.eml", "", "Accept", "application/json").want(t, 200, "").into(t, &one)
	if one.Text != "1" || one.To != "ada@example.com" {
		t.Errorf("read %+v", one)
	}
	w.send("GET", "/dev/mailbox/none.eml", "").want(t, 404, "not_found")
	w.send("GET", "/dev/mailbox/..%2fx", "").want(t, 404, "not_found")
	w.send("POST", "/dev/mailbox", "").want(t, 405, "method_not_allowed")
}

func TestMailbox_IsNotThereForAnybodyElse(t *testing.T) {
	t.Parallel()
	w := mailboxWorld(t)
	missing := w.send("GET", "/nothing", "", "X-Request-Id", "x").want(t, 404, "not_found")
	for _, host := range []string{"evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "0.0.0.0", "[::]", "[fe80::1]:80", "127.0.0.1@evil.example", "[::1].evil.example"} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			a := w.send(method, "/dev/mailbox", "", "Host", host, "X-Forwarded-Host", "localhost")
			if a.status == 400 {
				continue // a Host that is none
			}
			a.want(t, 404, "not_found")
			w.send(method, "/dev/mailbox/new.eml", "", "Host", host).want(t, 404, "not_found")
		}
	}
	for _, forwarded := range []string{"Forwarded", "X-Forwarded-For", "x-forwarded-proto", "X-FORWARDED-HOST", "X-Forwarded-Anything", "X-Forwarded", "Via"} {
		for _, value := range []string{"127.0.0.1", ""} {
			w.send("GET", "/dev/mailbox", "", forwarded, value).want(t, 404, "not_found")
			w.send("GET", "/dev/mailbox/new.eml", "", forwarded, value).want(t, 404, "not_found")
		}
	}
	w.send("GET", "/dev/mailbox", "", "X-Forward", "x", "Viable", "x").want(t, 200, "")
	if a := w.send("GET", "/dev/mailbox", "", "Host", "evil.example", "X-Request-Id", "x"); string(a.body) != string(missing.body) {
		t.Errorf("%s and %s differ", a.body, missing.body)
	}
	for _, host := range []string{"localhost", "LOCALHOST:8000", "127.0.0.1", "127.8.9.1:1", "[::1]", "[::1]:8000"} {
		w.send("GET", "/dev/mailbox", "", "Host", host).want(t, 200, "")
	}
	production := mailboxWorld(t, func(o *options) { o.config.Production = true })
	production.send("GET", "/dev/mailbox", "").want(t, 404, "not_found")
}

func TestMailbox_IsNotThereOnAnotherInterface(t *testing.T) {
	t.Parallel()
	addr := otherInterface(t)
	if addr == "" {
		t.Skip("this machine has no interface but loopback")
	}
	w := mailboxWorld(t, func(o *options) { o.listen = addr + ":0" })
	w.send("GET", "/healthz", "").want(t, 200, "")
	w.send("GET", "/dev/mailbox", "", "Host", "localhost").want(t, 404, "not_found")
}

func otherInterface(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	must(t, err)
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	return ""
}

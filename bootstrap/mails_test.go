package bootstrap_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coffeeshop/bootstrap"
	"coffeeshop/bootstrap/config"
)

func TestMails_InitWritesTemplatesThatTheServiceThenUses(t *testing.T) {
	s := newSite(t)
	if p := s.run("", "mails", "init", "mine"); p.exit() != 0 || !strings.Contains(p.out.String(), "templates are in mine") {
		t.Fatalf("exit code %d, %s%s", p.exit(), p.out.String(), p.err.String())
	}
	if p := s.run("", "mails", "init", "mine"); p.exit() != 1 || !strings.Contains(p.err.String(), "file exists") {
		t.Errorf("once more: exit code %d, %s", p.exit(), p.err.String())
	}
	file := filepath.Join(s.dir, "mine", "en", "verify_email.txt")
	if err := os.WriteFile(file, []byte(`{{define "subject"}}{{.App}}{{end}}Ours: {{.Digits}} {{.Long}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s.environ = append(s.environ, "MAIL_TEMPLATES_DIR=mine", "APP_NAME=Tea & Co", "LINK_VERIFY_URL=https://shop.example/v")
	p := s.run("", "mails", "preview", "shown")
	text, err := os.ReadFile(filepath.Join(s.dir, "shown", "en-verify_email.txt"))
	if err != nil || !strings.HasPrefix(string(text), "Subject: Tea & Co\n\nOurs: ") || p.exit() != 0 {
		t.Errorf("exit code %d, %s, %q, %v", p.exit(), p.err.String(), text, err)
	}
	html, err := os.ReadFile(filepath.Join(s.dir, "shown", "ru-verify_email.html"))
	if err != nil || !strings.Contains(string(html), "Tea &amp; Co") || !strings.Contains(string(html), "https://shop.example/v#code=") {
		t.Errorf("%s, %v", html, err)
	}
}

func TestMails_AFaultyTemplateIsAWrongValue(t *testing.T) {
	s := newSite(t)
	if err := errors.Join(os.MkdirAll(filepath.Join(s.dir, "mine", "en"), 0o700), os.WriteFile(filepath.Join(s.dir, "mine", "en", "verify_email.txt"), []byte("{{"), 0o600)); err != nil {
		t.Fatal(err)
	}
	_, err := bootstrap.Start(t.Context(), map[string]string{"MAIL_TEMPLATES_DIR": filepath.Join(s.dir, "mine"), "DATA_DIR": s.dir, "HTTP_ADDR": "127.0.0.1:0"})
	var errs config.Errors
	if !errors.As(err, &errs) || len(errs) != 1 || errs[0].Name != "MAIL_TEMPLATES_DIR" || !strings.Contains(errs[0].Wrong, "en/verify_email") {
		t.Errorf("got %v", err)
	}
}

func TestMails_TestSendsOneAndTellsWhetherItWasTakenOver(t *testing.T) {
	s := newSite(t, "APP_NAME=Tea & Co", "EMAIL_REPLY_TO=help@tea.example")
	p := s.run("", "mails", "test", "Ann@cafe.example")
	if files, err := filepath.Glob(filepath.Join(s.dir, "data", "mailbox", "*.eml")); p.exit() != 0 || err != nil || len(files) != 1 || !strings.Contains(p.out.String(), "mailbox") {
		t.Errorf("exit code %d, %s%s, %v", p.exit(), p.out.String(), p.err.String(), files)
	}
	for answer, want := range map[string]string{
		"250 2.0.0 queued as 4711":       "The mail server 127.0.0.1 took over the mail to Ann@cafe.example, written in ru.",
		"554 5.7.1 Ann@cafe.example: no": "refused: 554",
	} {
		port, got := smtpServer(t, answer)
		s.environ = append(s.environ, "EMAIL_HOST=127.0.0.1", "EMAIL_TLS=none", "EMAIL_FROM=no-reply@tea.example", "EMAIL_PORT="+port)
		p := s.run("", "mails", "test", "Ann@cafe.example", "--locale", "ru")
		told := p.out.String() + p.err.String()
		if !strings.Contains(told, want) || (p.exit() == 0) != strings.HasPrefix(answer, "2") {
			t.Errorf("exit code %d, %q, want %q", p.exit(), told, answer)
		}
		mail := <-got
		for _, header := range []string{"From: \"Tea & Co\" <no-reply@tea.example>", "Reply-To: <help@tea.example>", "Auto-Submitted: auto-generated",
			"Content-Language: ru", "@tea.example>", "To: <Ann@cafe.example>"} {
			if !strings.Contains(mail, header) {
				t.Errorf("%q is missing in %s", header, mail)
			}
		}
	}
}

// smtpServer takes one mail, answers it, and hands it over.
func smtpServer(t *testing.T, answer string) (port string, mail <-chan string) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	taken := make(chan string, 1)
	go func() {
		defer close(taken)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var text strings.Builder
		data := false
		fmt.Fprint(conn, "220 here\r\n")
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			line := lines.Text()
			switch {
			case data && line == ".":
				data = false
				taken <- text.String()
				fmt.Fprint(conn, answer+"\r\n")
			case data:
				text.WriteString(line + "\r\n")
			case line == "DATA":
				data = true
				fmt.Fprint(conn, "354 go on\r\n")
			case line == "QUIT":
				fmt.Fprint(conn, "221 bye\r\n")
			default:
				fmt.Fprint(conn, "250 ok\r\n")
			}
		}
	}()
	_, port, err = net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, taken
}

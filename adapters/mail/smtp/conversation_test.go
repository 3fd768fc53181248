package smtp

import (
	"bufio"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"coffeeshop/ports"
)

// scripted speaks SMTP by hand, and does something else at one stage of the conversation.
type scripted struct {
	stage   string
	instead func(line net.Conn) // what it does instead of the answer; the connection ends afterwards
	auth    string              // the mechanism it offers; empty: PLAIN
}

// The stages, by what the server answers.
var stages = []string{"greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "content", "end", "QUIT"}

func (s scripted) start(t *testing.T) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		line, err := listener.Accept()
		if err != nil {
			return
		}
		s.talk(line)
		_ = line.Close()
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return &server{port: listener.Addr().(*net.TCPAddr).Port}
}

func (s scripted) talk(line net.Conn) {
	in := bufio.NewReader(line)
	answer := func(stage, text string) (goOn bool) {
		if stage == s.stage {
			s.instead(line)
			return false
		}
		_, err := io.WriteString(line, text+"\r\n")
		return err == nil
	}
	if !answer("greeting", "220 ready") {
		return
	}
	for {
		command, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.TrimSpace(command), " ")
		switch verb {
		case "EHLO", "HELO":
			if !answer("EHLO", "250-test\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH "+cmp.Or(s.auth, "PLAIN")) {
				return
			}
		case "AUTH":
			if !answer("AUTH", "235 in") {
				return
			}
		case "DATA":
			if !answer("DATA", "354 go on") || !s.content(line, in) || !answer("end", "250 taken") {
				return
			}
		case "QUIT":
			answer("QUIT", "221 bye")
			return
		default:
			if !answer(verb, "250 ok") {
				return
			}
		}
	}
}

// content reads a mail; at the stage "content" it stops after the first line.
func (s scripted) content(line net.Conn, in *bufio.Reader) (whole bool) {
	for {
		text, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if s.stage == "content" {
			s.instead(line)
			return false
		}
		if text == ".\r\n" {
			return true
		}
	}
}

// says answers with a line that quotes everything, and is gone.
func says(code string) func(net.Conn, func()) {
	return func(line net.Conn, _ func()) {
		_, _ = io.WriteString(line, code+" 5.7.1 <ann@example.com> "+password+" 123456\r\n")
		_ = line.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, line) // what is left unread would reset the line
	}
}

func hangsUp(net.Conn, func()) {}

// resets breaks the connection, as a crashed machine does.
func resets(line net.Conn, _ func()) { _ = line.(*net.TCPConn).SetLinger(0) }

// isSilent says nothing while the client's context ends; a client that does not mind is told so by a hang-up.
func isSilent(line net.Conn, endContext func()) {
	endContext()
	_ = line.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.Copy(io.Discard, line)
}

func TestDeliver_SaysWhatBecameOfTheMailWhereverTheConversationEnds(t *testing.T) {
	t.Parallel()
	const taken, notTaken, open = "taken", "not taken", "open"
	for name, c := range map[string]struct {
		instead func(line net.Conn, endContext func())
		content string // the outcome when it happens in the middle of the content
		end     string // when it happens instead of the answer to the whole mail
	}{
		"hangs up":       {hangsUp, open, open},
		"resets":         {resets, open, open},
		"silent":         {isSilent, open, open},
		"421":            {says("421"), notTaken, notTaken},
		"451":            {says("451"), notTaken, notTaken},
		"550":            {says("550"), notTaken, notTaken},
		"half an answer": {says("550-"), open, open},
		"half a yes":     {says("250-"), open, open},
		"another yes":    {says("252"), open, open},
		"nonsense":       {says("perhaps"), open, open},
	} {
		for _, stage := range stages {
			want := map[string]string{"content": c.content, "end": c.end, "QUIT": taken}[stage]
			if want == "" {
				want = notTaken
			}
			t.Run(stage+", "+name, func(t *testing.T) {
				t.Parallel()
				ctx, endContext := context.WithCancel(t.Context())
				defer endContext()
				m := message()
				if stage == "content" { // more than the line can hold: the client is still writing
					m.Text = strings.Repeat("the code is 123456\r\n", 1<<16)
				}
				s := scripted{stage: stage, instead: func(line net.Conn) { c.instead(line, endContext) }}.start(t)
				err := s.transport(t, credentials(NoTLS)).Deliver(ctx, m)
				got := open
				switch {
				case err == nil:
					got = taken
				case errors.Is(err, ports.ErrNotTaken):
					got = notTaken
				}
				if got != want {
					t.Errorf("%s (%v), want %s", got, err, want)
				}
				if err != nil && errors.Is(err, context.Canceled) != (ctx.Err() != nil) {
					t.Errorf("the context: %v, the error: %v", ctx.Err(), err)
				}
				rejected := name == "550" && slices.Contains([]string{"RCPT", "DATA", "content", "end"}, stage)
				if errors.Is(err, ports.ErrRejected) != rejected {
					t.Errorf("rejected for good: %t, want %t (%v)", !rejected, rejected, err)
				}
				tellsNothing(t, err)
			})
		}
	}
}

func TestDeliver_ATimeoutEndsItAsAContextDoes(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"greeting", "end"} {
		s := scripted{stage: stage, instead: func(line net.Conn) { _, _ = io.Copy(io.Discard, line) }}.start(t)
		cfg := credentials(NoTLS)
		cfg.Timeout = 300 * time.Millisecond
		if err := s.transport(t, cfg).Deliver(t.Context(), message()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", stage, err)
		}
	}
}

func TestDeliver_DoesNotRepeatWhatTheServerSaysAboutThePassword(t *testing.T) {
	t.Parallel()
	quoting := func(line net.Conn) { // AUTH LOGIN asks for more than name and password, and quotes what it heard
		in := bufio.NewReader(line)
		for _, text := range []string{"Username:", "Password:", password} {
			_, _ = fmt.Fprintf(line, "334 %s\r\n", base64.StdEncoding.EncodeToString([]byte(text)))
			_, _ = in.ReadString('\n')
		}
	}
	s := scripted{stage: "AUTH", instead: quoting, auth: "LOGIN"}.start(t)
	err := s.transport(t, credentials(NoTLS)).Deliver(t.Context(), message())
	if !errors.Is(err, ports.ErrNotTaken) {
		t.Errorf("got %v", err)
	}
	tellsNothing(t, err)
}

func tellsNothing(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"ann@", password, "123456"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
}

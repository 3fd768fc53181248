package portstest

import (
	"context"
	"errors"
	"strings"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var mailFailureTests = map[string]func(e *mailEnv){
	"a refused mail was not taken": func(e *mailEnv) {
		e.Refuse(e.T)
		for _, l := range e.each() {
			e.notTaken(l.name, e.english(e.ctx, l))
		}
		e.nothingArrived()
	},
	"a lost answer leaves it open": func(e *mailEnv) {
		e.Lose(e.T)
		for _, l := range e.each() {
			err := e.english(e.ctx, l)
			if err == nil || errors.Is(err, ports.ErrNotTaken) {
				e.Errorf("%s: error %v, want one that leaves it open", l.name, err)
			}
			e.tellsNothing(err)
		}
		if n := len(e.Arrived(e.T)); n != len(e.each()) {
			e.Errorf("%d mails arrived, want %d", n, len(e.each()))
		}
	},
	"what cannot be written or addressed was not taken": func(e *mailEnv) {
		for _, l := range []letter{e.challenge("unheard_of"), e.notice("unheard_of")} {
			e.notTaken(l.name, e.english(e.ctx, l))
		}
		for _, l := range e.each() {
			e.notTaken(l.name, l.send(e.ctx, domain.Email{}, domain.LocaleEnglish, mailCodes))
			bad := domain.Email{Address: "ann case@cafe.example", Key: "ann case@cafe.example"}
			err := l.send(e.ctx, bad, domain.LocaleEnglish, mailCodes)
			e.notTaken(l.name, err)
			if err != nil && strings.Contains(err.Error(), "ann case") {
				e.Errorf("%s: the error tells the address: %v", l.name, err)
			}
		}
		e.nothingArrived()
	},
	"nothing is sent when ctx has ended": func(e *mailEnv) {
		ctx, cancel := context.WithCancel(e.ctx)
		cancel()
		for _, l := range e.each() {
			err := e.english(ctx, l)
			e.notTaken(l.name, err)
			e.is(l.name, err, context.Canceled)
		}
		e.nothingArrived()
	},
	"a call ends with ctx": func(e *mailEnv) {
		if e.Hang == nil {
			return
		}
		waiting := e.Hang(e.T)
		for _, l := range e.each() {
			ctx, cancel := context.WithCancel(e.ctx)
			ended := make(chan error, 1)
			go func() { ended <- e.english(ctx, l) }()
			select {
			case <-waiting:
			case err := <-ended:
				e.Fatalf("%s: it did not wait: %v", l.name, err)
			case <-e.ctx.Done():
				e.Fatalf("%s: it never came to waiting", l.name)
			}
			cancel()
			select {
			case err := <-ended:
				e.is(l.name, err, context.Canceled)
				e.tellsNothing(err)
			case <-time.After(patience / 6):
				e.Fatalf("%s: the call goes on after its context", l.name)
			}
		}
	},
}

func (e *mailEnv) is(name string, err, target error) {
	e.Helper()
	if !errors.Is(err, target) {
		e.Errorf("%s: error %v, want %v", name, err, target)
	}
}

// notTaken checks that the error says so, and nothing that is nobody's business.
func (e *mailEnv) notTaken(name string, err error) {
	e.Helper()
	e.is(name, err, ports.ErrNotTaken)
	e.tellsNothing(err)
}

// tellsNothing checks that the error's text quotes neither what is secret nor whom the mail was for.
func (e *mailEnv) tellsNothing(err error) {
	e.Helper()
	if err == nil {
		return
	}
	text := strings.ToLower(err.Error())
	for _, secret := range append([]string{mailCodes.Digits.Reveal(), mailCodes.Long.Reveal(), reached, written}, e.Secrets...) {
		if strings.Contains(text, strings.ToLower(secret)) {
			e.Errorf("the error tells %q: %v", secret, err)
		}
	}
}

func (e *mailEnv) nothingArrived() {
	e.Helper()
	if mails := e.Arrived(e.T); len(mails) != 0 {
		e.Errorf("mails arrived: %+v", mails)
	}
}

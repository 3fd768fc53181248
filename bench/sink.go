package main

import (
	"errors"
	"io"
	"net"
	"strconv"

	"github.com/emersion/go-smtp"
)

// sink is a mail server that takes every mail and keeps none.
type sink struct {
	server *smtp.Server
	port   string
	done   chan error
}

func beginSink() (*sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with the server
	if err != nil {
		return nil, err
	}
	s := &sink{server: smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return sinkSession{}, nil })), done: make(chan error, 1)}
	s.server.Domain = "localhost"
	s.port = strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	go func() { s.done <- s.server.Serve(listener) }()
	return s, nil
}

func (s *sink) stop() error {
	err := s.server.Close()
	if served := <-s.done; !errors.Is(served, smtp.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

type sinkSession struct{}

func (sinkSession) Reset()                               {}
func (sinkSession) Logout() error                        { return nil }
func (sinkSession) Mail(string, *smtp.MailOptions) error { return nil }
func (sinkSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (sinkSession) Data(r io.Reader) error               { _, err := io.Copy(io.Discard, r); return err }

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// refresher is one client that exchanges the refresh tokens of its sessions in turn. It reads as little of an
// answer as the next call needs: the client runs on the processors that are measured.
type refresher struct {
	conn   net.Conn
	in     *bufio.Reader
	tokens []*tokens
	took   []time.Duration
}

// refresh drives POST /auth/refresh from all connections, and leaves in all the tokens that are live afterwards.
func refresh(ctx context.Context, addr string, all []tokens, d time.Duration) (sample, error) {
	clients := make([]*refresher, connections)
	defer func() {
		for _, c := range clients {
			if c != nil {
				_ = c.conn.Close()
			}
		}
	}()
	for i := range clients {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return sample{}, err
		}
		clients[i] = &refresher{conn: conn, in: bufio.NewReaderSize(conn, 8<<10)}
	}
	for i := range all {
		c := clients[i%connections]
		c.tokens = append(c.tokens, &all[i])
	}
	errs := make([]error, connections)
	start := time.Now()
	var running sync.WaitGroup
	for i, c := range clients {
		running.Go(func() { errs[i] = c.run(ctx, start.Add(d)) })
	}
	running.Wait()
	s := sample{time: time.Since(start)}
	if err := errors.Join(errs...); err != nil {
		return s, fmt.Errorf("refresh: %w", err)
	}
	var took []time.Duration
	for _, c := range clients {
		took = append(took, c.took...)
	}
	slices.Sort(took)
	at := func(share float64) time.Duration { return took[min(len(took)-1, int(share*float64(len(took))))] }
	s.requests, s.p50, s.p95, s.p99 = len(took), at(0.50), at(0.95), at(0.99)
	return s, nil
}

func (c *refresher) run(ctx context.Context, until time.Time) error {
	if err := c.conn.SetDeadline(until.Add(30 * time.Second)); err != nil {
		return err
	}
	for i := 0; ctx.Err() == nil; i++ {
		t := c.tokens[i%len(c.tokens)]
		start := time.Now()
		if start.After(until) && i > 0 {
			return nil
		}
		if _, err := io.WriteString(c.conn, post("/auth/refresh", `{"refresh_token":"`+t.refresh+`"}`)); err != nil {
			return err
		}
		next, err := c.answer()
		if err != nil {
			return err
		}
		t.refresh = next
		c.took = append(c.took, time.Since(start))
	}
	return ctx.Err()
}

var (
	contentLength = []byte("content-length:")
	refreshToken  = []byte(`"refresh_token":"`)
)

// answer reads one answer and returns the refresh token in it.
func (c *refresher) answer() (string, error) {
	status, err := c.in.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	good := bytes.HasPrefix(status, []byte("HTTP/1.1 200 "))
	told := string(bytes.TrimSpace(status))
	length := 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if len(line) > len(contentLength) && bytes.EqualFold(line[:len(contentLength)], contentLength) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return "", err
			}
		}
	}
	body, err := c.in.Peek(length)
	if err != nil {
		return "", err
	}
	_, rest, found := bytes.Cut(body, refreshToken)
	token, _, ended := bytes.Cut(rest, []byte(`"`))
	if !good || !found || !ended {
		return "", fmt.Errorf("%s: %s", told, body)
	}
	next := string(token)
	_, err = c.in.Discard(length)
	return next, err
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// refresher is one client that exchanges the refresh tokens of its sessions in turn.
type refresher struct {
	*client
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
		c, err := dial(ctx, addr)
		if err != nil {
			return sample{}, err
		}
		clients[i] = &refresher{client: c}
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
	length := time.Since(start)
	if err := errors.Join(errs...); err != nil {
		return sample{}, fmt.Errorf("refresh: %w", err)
	}
	var took []time.Duration
	for _, c := range clients {
		took = append(took, c.took...)
	}
	return sampleOf(took, length), nil
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

var refreshToken = []byte(`"refresh_token":"`)

// answer reads one answer and returns the refresh token in it.
func (c *refresher) answer() (string, error) {
	status, length, err := c.head()
	if err != nil {
		return "", err
	}
	body, err := c.in.Peek(length)
	if err != nil {
		return "", err
	}
	_, rest, found := bytes.Cut(body, refreshToken)
	token, _, ended := bytes.Cut(rest, []byte(`"`))
	if status != http.StatusOK || !found || !ended {
		return "", fmt.Errorf("%d: %s", status, body)
	}
	next := string(token)
	_, err = c.in.Discard(length)
	return next, err
}

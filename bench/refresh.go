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

// errEnough ends a client's calls before its time.
var errEnough = errors.New("enough")

// loop has so many clients call again and again, each on a connection of its own.
func loop(ctx context.Context, addr string, clients int, d time.Duration, call func(c *client, who, i int) error) (sample, error) {
	start := time.Now()
	errs, took := make([]error, clients), make([][]time.Duration, clients)
	var running sync.WaitGroup
	for who := range clients {
		running.Go(func() {
			took[who], errs[who] = repeat(ctx, addr, start.Add(d), func(c *client, i int) error { return call(c, who, i) })
		})
	}
	running.Wait()
	length := time.Since(start)
	if err := errors.Join(errs...); err != nil {
		return sample{}, err
	}
	var all []time.Duration
	for _, t := range took {
		all = append(all, t...)
	}
	return sampleOf(all, length), nil
}

func repeat(ctx context.Context, addr string, until time.Time, call func(c *client, i int) error) (took []time.Duration, err error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.conn.Close() }()
	if err := c.conn.SetDeadline(until.Add(30 * time.Second)); err != nil {
		return nil, err
	}
	for i := 0; ctx.Err() == nil; i++ {
		start := time.Now()
		if start.After(until) && i > 0 {
			return took, nil
		}
		switch err := call(c, i); {
		case errors.Is(err, errEnough):
			return took, nil
		case err != nil:
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	return nil, ctx.Err()
}

// refresh exchanges the refresh tokens in turn, and leaves in all those that are live afterwards.
func refresh(ctx context.Context, addr string, all []tokens, clients int, d time.Duration) (sample, error) {
	return loop(ctx, addr, clients, d, func(c *client, who, i int) error {
		own := (len(all) - who + clients - 1) / clients // sessions, so that no two clients share one
		t := &all[who+i%own*clients]
		if _, err := io.WriteString(c.conn, post("/auth/refresh", `{"refresh_token":"`+t.refresh+`"}`)); err != nil {
			return err
		}
		next, err := c.refreshed()
		if err != nil {
			return fmt.Errorf("refresh: %w", err)
		}
		t.refresh = next
		return nil
	})
}

var refreshToken = []byte(`"refresh_token":"`)

// refreshed reads one answer and returns the refresh token in it.
func (c *client) refreshed() (string, error) {
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

// signUp makes sign-ups of addresses that nobody has, up to so many from each client.
func (r *running) signUp(ctx context.Context, seconds, most int) (sample, error) {
	r.signUps++
	turn := r.signUps
	return loop(ctx, r.addr, connections, time.Duration(seconds)*time.Second, func(c *client, who, i int) error {
		if i == most {
			return errEnough
		}
		status, err := c.call(post("/auth/signup", fmt.Sprintf(`{"email":"new%d.%d.%d@example.com","password":%q}`, turn, who, i, password)))
		if err == nil && status != http.StatusCreated {
			err = fmt.Errorf("sign-up: %d", status)
		}
		return err
	})
}

// beside runs me while 16 clients refresh other sessions.
func (r *running) beside(ctx context.Context, seconds int) (sample, error) {
	half := len(r.tokens) / 2
	refreshed := make(chan error, 1)
	go func() {
		_, err := refresh(ctx, r.addr, r.tokens[:half], 16, time.Duration(seconds)*time.Second)
		refreshed <- err
	}()
	me, err := r.drive(ctx, r.addr, getMe(r.tokens[half:]), seconds)
	return me, errors.Join(err, <-refreshed)
}

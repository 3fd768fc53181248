package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/crypto/bcrypt"
)

// bareAnswer is as long as the answer of GET /users/me.
var bareAnswer = `{"id":"` + strings.Repeat("0", 200) + `"}`

// bareFiber answers every request at once. It prints its address first, and runs until it is killed.
func bareFiber(out io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/users/me", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		return c.SendString(bareAnswer)
	})
	fmt.Fprintln(out, listener.Addr())
	return app.Listener(listener)
}

// bareFiberRate is how many requests a second a bare handler answers, in a process of its own.
func (b *bench) bareFiberRate(ctx context.Context, l load) (rate float64, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	log := b.dir + "/fiber.log"
	p, err := begin(ctx, nil, b.dir, log, nil, syscall.SIGKILL, self, "-bare-fiber")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.stop(syscall.SIGKILL)) }()
	var addr string
	err = p.await(func() bool {
		file, err := os.Open(log)
		if err != nil {
			return false
		}
		defer func() { _ = file.Close() }()
		addr, err = bufio.NewReader(file).ReadString('\n')
		return err == nil
	})
	if err != nil {
		return 0, err
	}
	s, err := b.drive(ctx, strings.TrimSpace(addr), l, b.seconds)
	return s.rate(), err
}

// bcryptRate is how many passwords a second all processors together can compare.
func bcryptRate(ctx context.Context, d time.Duration) (float64, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcryptCost)
	if err != nil {
		return 0, err
	}
	counts := make([]int, runtime.GOMAXPROCS(0))
	start := time.Now()
	var running sync.WaitGroup
	for i := range counts {
		running.Go(func() {
			for time.Since(start) < d && ctx.Err() == nil {
				if bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil && time.Since(start) < d {
					counts[i]++ // as with the service, what is not done in time does not count
				}
			}
		})
	}
	running.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / d.Seconds(), ctx.Err()
}

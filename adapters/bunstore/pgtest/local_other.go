//go:build !linux

package pgtest

import (
	"errors"
	"os"
	"syscall"
)

func serverUser() (*account, error) {
	if os.Getuid() == 0 {
		return nil, errors.New("PostgreSQL does not run as root")
	}
	return nil, nil
}

func attributes(*account) *syscall.SysProcAttr { return nil }

//go:build !linux

package main

import (
	"errors"
	"syscall"
	"time"
)

var errLinux = errors.New("what the service uses is read from /proc: the benchmark needs Linux")

func attributes(*account, syscall.Signal) *syscall.SysProcAttr { return nil }

func serverUser() (*account, error)            { return nil, errLinux }
func processorTime(int) (time.Duration, error) { return 0, errLinux }
func residentMemory(int) (int64, error)        { return 0, errLinux }
func machineMemory() (int64, error)            { return 0, errLinux }
func machineTime() (int64, int64, error)       { return 0, 0, errLinux }
func processor() string                        { return "unknown" }

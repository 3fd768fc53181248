package hashqueue

import "syscall"

// lowerPriority makes the calling thread nicer by n. Where that is not allowed the lane works without it.
func lowerPriority(n int) {
	if n == 0 {
		return
	}
	thread := syscall.Gettid()
	kernel, err := syscall.Getpriority(syscall.PRIO_PROCESS, thread)
	if err != nil {
		return
	}
	nice := 20 - kernel // the system call, unlike the C library, answers 20 minus the niceness
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, thread, min(nice+n, 19))
}

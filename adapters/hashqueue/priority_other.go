//go:build !linux

package hashqueue

// lowerPriority does nothing: elsewhere a thread has no priority of its own that could be set portably.
func lowerPriority(int) {}

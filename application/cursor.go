package application

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// writePlace writes what a cursor holds: the place of a row in a list, as its sort keys.
func writePlace(at time.Time, id uuid.UUID, text string) []byte {
	return append(binary.BigEndian.AppendUint64(id[:], uint64(micros(at))), text...)
}

// readPlace reads what writePlace wrote.
func readPlace(place []byte) (at time.Time, id uuid.UUID, text string, err error) {
	if len(place) < 24 {
		return at, id, "", domain.ErrInvalidCursor
	}
	if since := int64(binary.BigEndian.Uint64(place[16:24])); since != 0 {
		at = time.UnixMicro(since).UTC()
	}
	return at, uuid.UUID(place[:16]), string(place[24:]), nil
}

// micros are the microseconds of a time since 1970; 0 for the zero time.
func micros(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMicro()
}

package application

import (
	"encoding/binary"
	"math"
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
	if since := int64(binary.BigEndian.Uint64(place[16:24])); since != noTime {
		at = time.UnixMicro(since).UTC()
	}
	return at, uuid.UUID(place[:16]), string(place[24:]), nil
}

// noTime stands for the zero time, in place of the microseconds since 1970.
const noTime = math.MinInt64

func micros(at time.Time) int64 {
	if at.IsZero() {
		return noTime
	}
	return at.UnixMicro()
}

package memstore_test

import (
	"testing"

	"coffeeshop/adapters/memstore"
	"coffeeshop/ports/portstest"
)

func TestStore_KeepsTheContracts(t *testing.T) {
	t.Parallel()
	portstest.Store(t, func(*testing.T) portstest.Fixture {
		s := memstore.New()
		return portstest.Fixture{
			Store:  s,
			Serial: true,
			Jobs: func(*testing.T) []portstest.Job {
				var jobs []portstest.Job
				for _, j := range s.EnqueuedJobs() {
					jobs = append(jobs, portstest.Job(j))
				}
				return jobs
			},
		}
	})
}

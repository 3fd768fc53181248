package riverjobs_test

import (
	"testing"

	"coffeeshop/adapters/bunstore/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

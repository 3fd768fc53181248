package main

import (
	"testing"
	"time"
)

func TestMerge_AddsRequestsAndTakesTheMedianOfPercentiles(t *testing.T) {
	t.Parallel()
	turn := func(p50 time.Duration) sample {
		return sample{requests: 10, refused: 1, time: time.Second, p50: p50, p95: 2 * p50, p99: 3 * p50}
	}
	want := sample{requests: 30, refused: 3, time: 3 * time.Second, p50: 2, p95: 4, p99: 6}
	if got := merge([]sample{turn(9), turn(1), turn(2)}); got != want {
		t.Errorf("got %+v", got)
	}
	if got := merge([]sample{turn(1), turn(3)}); got.p50 != 2 || got.rate() != 10 {
		t.Errorf("got %+v", got)
	}
}

func TestRatio_ComparesRatesTimesAndMemory(t *testing.T) {
	t.Parallel()
	rate := func(n int) sample {
		return sample{requests: n, time: time.Second, p50: time.Millisecond, p99: 9 * time.Millisecond}
	}
	for want, r := range map[string]ratio{
		"0.50": {samples: [2]sample{rate(200), rate(100)}},
		"1.50": {start: [2]time.Duration{100 * time.Millisecond, 150 * time.Millisecond}},
		"2.00": {memory: [2]int64{1 << 20, 2 << 20}},
	} {
		if cells := r.cells(); cells[4] != want {
			t.Errorf("%+v: %q, want %s", r, cells, want)
		}
	}
}

func TestMarkdown_AlignsColumns(t *testing.T) {
	t.Parallel()
	const want = "| what |   n |\n|------|----:|\n| a    | 100 |\n"
	if got := markdown([][]string{{"what", "n"}, {"a", "100"}}, 1, 1); got != want {
		t.Errorf("got\n%s", got)
	}
}

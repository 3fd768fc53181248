package hashqueue

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model is a queue that is driven without threads, beside the plain list of what waits.
type model struct {
	*rapid.T
	all     *party
	waiting []*task
	turns   map[string]map[string]bool // by a party that waits: which others had a turn meanwhile
}

func (m *model) drawOrigin() origin {
	n := rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(m.T, "neighbourhood")
	return origin{n, n + rapid.SampledFrom([]string{"1", "2", "3"}).Draw(m.T, "network")}
}

func (m *model) add(from origin) *task {
	t := &task{from: from}
	m.all.add(t)
	m.waiting = append(m.waiting, t)
	return t
}

func (m *model) drop(t *task) {
	m.waiting = slices.DeleteFunc(m.waiting, func(other *task) bool { return other == t })
	for name := range m.turns {
		if m.holds(name) == 0 {
			delete(m.turns, name) // it has gone, and waits for its turn anew when it comes back
		}
	}
}

// holds counts the tasks of a neighbourhood ("A") or network ("A1").
func (m *model) holds(name string) (n int) {
	for _, t := range m.waiting {
		if slices.Contains(t.from[:], name) {
			n++
		}
	}
	return n
}

// next gives a turn, and checks that nobody else had two while somebody waited for one.
func (m *model) next() *task {
	t := m.all.next()
	for _, first := range m.waiting {
		if first.from == t.from {
			if first != t {
				m.Fatal("a network is not served in the order of arrival")
			}
			break
		}
	}
	note := func(had string, others []string) {
		delete(m.turns, had)
		for _, name := range others {
			if name == had {
				continue
			}
			if m.turns[name] == nil {
				m.turns[name] = map[string]bool{}
			}
			if m.turns[name][had] {
				m.Fatalf("%s had two turns while %s waited for one", had, name)
			}
			m.turns[name][had] = true
		}
	}
	var neighbourhoods, networks []string
	for _, other := range m.waiting {
		if !slices.Contains(neighbourhoods, other.from[0]) {
			neighbourhoods = append(neighbourhoods, other.from[0])
		}
		if other.from[0] == t.from[0] && !slices.Contains(networks, other.from[1]) {
			networks = append(networks, other.from[1])
		}
	}
	note(t.from[0], neighbourhoods)
	note(t.from[1], networks)
	m.drop(t)
	return t
}

// check compares what the parties count with the list.
func (m *model) check(p *party) {
	sum, most := 0, 0
	for name, member := range p.parties {
		if member.waiting == 0 || member.waiting != m.holds(name) {
			m.Fatalf("%s counts %d of %d", name, member.waiting, m.holds(name))
		}
		sum += member.waiting
		most = max(most, member.waiting)
		m.check(member)
	}
	sized := 0
	for size, same := range p.sizes {
		for e := same.Front(); e != nil; e = e.Next() {
			sized++
			if e.Value.(*party).waiting != size {
				m.Fatalf("%d is among those of %d", e.Value.(*party).waiting, size)
			}
		}
		if same.Len() == 0 {
			m.Fatalf("an empty list of those of %d is kept", size)
		}
	}
	inLine := p.line.Len()
	if p.served != nil {
		inLine++
	}
	if p.most != most || sized != len(p.parties) || inLine != len(p.parties) {
		m.Fatalf("most %d of %d; %d parties, %d by size, %d in line", p.most, most, len(p.parties), sized, inLine)
	}
	if len(p.parties) > 0 && sum != p.waiting || p.tasks.Len() > 0 && p.tasks.Len() != p.waiting {
		m.Fatalf("%d wait, not %d", sum, p.waiting)
	}
}

func TestParty_GivesTurnsAndPlacesFairlyWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &model{T: t, all: newParty("", nil), turns: map[string]map[string]bool{}}
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { m.check(m.all) },
			"comes": func(*rapid.T) {
				m.add(m.drawOrigin())
			},
			"served": func(*rapid.T) {
				if len(m.waiting) > 0 {
					m.next()
				}
			},
			"goes": func(*rapid.T) {
				if len(m.waiting) > 0 {
					t := rapid.SampledFrom(m.waiting).Draw(m.T, "who")
					t.leave()
					t.leave() // twice is once
					m.drop(t)
				}
			},
			"comes when it is full": func(*rapid.T) {
				from := m.drawOrigin()
				loser := m.all.loser(from[:]...)
				if loser == nil {
					for _, name := range []string{"A", "B", "C", "D"} {
						if m.holds(name) > m.holds(from[0])+1 {
							m.Fatalf("%s is refused with %d, and %s keeps %d", from[0], m.holds(from[0]), name, m.holds(name))
						}
					}
					for _, t := range m.waiting {
						if t.from[0] == from[0] && m.holds(t.from[1]) > m.holds(from[1])+1 {
							m.Fatalf("%s is refused with %d, and its neighbour %s keeps %d", from[1], m.holds(from[1]), t.from[1], m.holds(t.from[1]))
						}
					}
					return
				}
				i := 0 // neighbourhoods decide, or networks of one of them
				if loser.from[0] == from[0] {
					i = 1
				}
				if m.holds(loser.from[i]) < m.holds(from[i])+2 {
					m.Fatalf("%s with %d gives way to %s with %d", loser.from[i], m.holds(loser.from[i]), from[i], m.holds(from[i]))
				}
				for _, t := range m.waiting {
					if t.from == loser.from && slices.Index(m.waiting, t) > slices.Index(m.waiting, loser) {
						m.Fatal("not the last of its network gives way")
					}
				}
				loser.leave()
				m.drop(loser)
				m.add(from)
			},
		})
		from := m.drawOrigin()
		spare := 0 // one turn of each other neighbourhood, for each of its own that may come first
		if own := m.all.parties[from[0]]; own != nil {
			spare = len(m.all.parties) * (len(own.parties) + 1)
		}
		estimate := m.all.ahead(from[:]...)
		last, ahead := m.add(from), 0
		for m.next() != last {
			ahead++
		}
		if ahead > estimate || estimate > ahead+spare {
			t.Fatalf("%d had their turn before, %d were estimated", ahead, estimate)
		}
	})
}

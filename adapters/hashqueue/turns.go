package hashqueue

import "container/list"

// party shares turns and places with others of its level. There are three levels: everybody, neighbourhoods, networks. A
// party exists while one of its tasks waits.
//
// The parties within one are served in turn. A party that has just been served goes back to the end of the line only when
// the next turn is given. A party that arrives before then gets ahead of it.
type party struct {
	name    string
	within  *party // nil: everybody
	waiting int    // tasks

	parties map[string]*party
	line    list.List // of *party, in the order of their turns; without served
	served  *party    // had the last turn
	sizes   map[int]*list.List
	most    int // waiting of the largest; sizes[n] are those with n tasks

	tasks list.List // of *task, in the order of arrival: of a network

	inLine, inSize *list.Element // its own, in the party that it is within
}

func newParty(name string, within *party) *party {
	return &party{name: name, within: within, parties: map[string]*party{}, sizes: map[int]*list.List{}}
}

// origin is the neighbourhood and the network of a task.
type origin [2]string

// add puts a task at the end of its network.
func (p *party) add(t *task) {
	for _, name := range t.from {
		member := p.parties[name]
		if member == nil {
			member = newParty(name, p)
			p.parties[name] = member
			member.inLine = p.line.PushBack(member)
		}
		p = member
	}
	t.network, t.place = p, p.tasks.PushBack(t)
	p.count(1)
}

// next removes and returns the task that is next. There has to be one.
func (p *party) next() *task {
	if p.served != nil {
		p.served.inLine = p.line.PushBack(p.served)
		p.served = nil
	}
	first := p.line.Front()
	if first == nil {
		t := p.tasks.Front().Value.(*task)
		t.leave()
		return t
	}
	member := p.line.Remove(first).(*party)
	member.inLine, p.served = nil, member
	return member.next()
}

// leave removes the task, if it still waits.
func (t *task) leave() {
	if t.place == nil {
		return
	}
	t.network.tasks.Remove(t.place)
	t.place = nil
	t.network.count(-1)
}

// count notes a task more or less of p, and of those that p is within.
func (p *party) count(by int) {
	old := p.waiting
	p.waiting += by
	w := p.within
	if w == nil {
		return
	}
	if old > 0 {
		same := w.sizes[old]
		same.Remove(p.inSize)
		if same.Len() == 0 {
			delete(w.sizes, old)
		}
	}
	if p.waiting > 0 {
		same := w.sizes[p.waiting]
		if same == nil {
			same = list.New()
			w.sizes[p.waiting] = same
		}
		p.inSize = same.PushBack(p)
	} else {
		w.forget(p)
	}
	if p.waiting > w.most || w.sizes[w.most] == nil {
		w.most = p.waiting // it was the only one of the largest size, or has become it
	}
	w.count(by)
}

func (p *party) forget(member *party) {
	delete(p.parties, member.name)
	if p.served == member {
		p.served = nil
		return
	}
	p.line.Remove(member.inLine)
}

// loser returns the task that gives its place to a newcomer when all places are taken: the last one of the party with
// most tasks, if that party has at least two more than the newcomer's. Otherwise the newcomer has its share: nil.
func (p *party) loser(from ...string) *task {
	if len(from) == 0 {
		return nil
	}
	own := p.parties[from[0]]
	switch {
	case own == nil && p.most > 1, own != nil && p.most > own.waiting+1:
		return p.last()
	case own == nil:
		return nil
	}
	return own.loser(from[1:]...)
}

// last returns the last task of the largest network in the largest neighbourhood.
func (p *party) last() *task {
	for p.most > 0 {
		p = p.sizes[p.most].Front().Value.(*party)
	}
	return p.tasks.Back().Value.(*task)
}

// ahead returns how many tasks have their turn before a newcomer's, at most, if nobody else comes.
func (p *party) ahead(from ...string) int {
	if len(from) == 0 {
		return p.waiting
	}
	own, mine := p.parties[from[0]], 0 // the turns of its own party before its turn
	if own != nil {
		mine = own.ahead(from[1:]...)
	}
	turns := mine
	for size, same := range p.sizes { // another party has as many, and one more if it comes first
		turns += same.Len() * min(size, mine+1)
	}
	if own != nil {
		turns -= min(own.waiting, mine+1)
	}
	if p.served != nil && p.served != own && p.served.waiting > mine {
		turns-- // it comes last
	}
	return turns
}

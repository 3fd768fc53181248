package portstest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// page asks for a page of all users, newest first.
func (e *env) page(after domain.UserPlace, limit int) domain.UserPage {
	e.Helper()
	return ok[domain.UserPage](e)(e.Store.Users().List(e.ctx, domain.UserQuery{Sort: domain.SortNewest, After: after, Limit: limit}))
}

var listTests = tests{
	"List returns users newest first, in pages that neither repeat nor miss one": func(e *env) {
		var want []domain.User
		for i := range 7 {
			u := e.newUser(e.email())
			if i%3 == 0 {
				u.PendingEmail = e.email()
			}
			if i%2 == 0 {
				u.Verify(e.now)
				e.must(e.Store.Users().Create(e.ctx, u))
			} else {
				ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, u))
			}
			want = append([]domain.User{u}, want...)
		}
		var got []domain.User
		page := e.page(domain.UserPlace{}, 3)
		for got = page.Users; !page.Next.IsZero() && len(got) <= len(want); got = append(got, page.Users...) {
			page = e.page(page.Next, 3)
		}
		sameList(e, got, want)
		sameList(e, e.page(domain.UserPlace{}, 100).Users, want)
		same(e, e.page(domain.UserPlace{}, 7).Next, domain.UserPlace{})
		sameList(e, e.page(domain.SortNewest.Place(want[6]), 100).Users, nil)
		sameList(e, e.page(domain.UserPlace{}, 0).Users, nil)
	},
	"a row added or removed meanwhile neither repeats nor hides another": func(e *env) {
		var users []domain.User
		for range 6 {
			users = append(users, e.user())
		}
		first := e.page(domain.UserPlace{}, 3)
		sameList(e, first.Users, []domain.User{users[5], users[4], users[3]})
		e.user()
		e.must(e.Store.Users().Delete(e.ctx, users[3].ID, e.now)) // where the page ended
		e.must(e.Store.Users().Delete(e.ctx, users[1].ID, e.now))
		sameList(e, e.page(first.Next, 3).Users, []domain.User{users[2], users[0]})
	},
	"the pages stay whole while users sign up": func(e *env) {
		var want []uuid.UUID
		for range 20 {
			want = append([]uuid.UUID{e.user().ID}, want...)
		}
		newcomers := make([]domain.User, 20)
		for i := range newcomers {
			newcomers[i] = e.newVerified(e.email())
		}
		var got []uuid.UUID
		first := e.page(domain.UserPlace{}, 2)
		e.allWin(e.race(2, func(i int) error {
			if i == 0 {
				for _, u := range newcomers {
					if err := e.Store.Users().Create(e.ctx, u); err != nil {
						return err
					}
				}
				return nil
			}
			page, err := first, error(nil)
			for ; err == nil; page, err = e.Store.Users().List(e.ctx, domain.UserQuery{Sort: domain.SortNewest, After: page.Next, Limit: 2}) {
				for _, u := range page.Users {
					got = append(got, u.ID)
				}
				if page.Next.IsZero() {
					break
				}
			}
			return err
		}))
		sameList(e, got, want)
	},
	"users are sorted by the search key of the address, and by id": func(e *env) {
		var want []uuid.UUID
		for _, address := range []string{"a@example.com", "B@example.com", "c@bücher.example", "c@Z.example", "c@яма.example"} {
			u := e.newUser(ok[domain.Email](e)(domain.ParseEmail(address)))
			ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, u))
			again := e.newUser(u.Email)
			ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, again))
			want = append(want, u.ID, again.ID)
		}
		var got []uuid.UUID
		q := domain.UserQuery{Sort: domain.SortEmail, Limit: 3}
		for page := ok[domain.UserPage](e)(e.Store.Users().List(e.ctx, q)); ; page = ok[domain.UserPage](e)(e.Store.Users().List(e.ctx, q)) {
			for _, u := range page.Users {
				got = append(got, u.ID)
			}
			if q.After = page.Next; q.After.IsZero() {
				break
			}
		}
		sameList(e, got, want)
	},
	"a search key follows the change of an address and of a name": func(e *env) {
		u := e.user()
		e.must(u.Rename("Алиса", "Ångström", e.now))
		u.ChangeEmail(ok[domain.Email](e)(domain.ParseEmail("Zed@example.com")), e.now)
		e.must(e.Store.Users().Update(e.ctx, u))
		u.Version++
		for prefix, want := range map[string][]domain.User{"АЛ": {u}, "ånGS": {u}, "zed@EX": {u}, "ann.": nil, "Ал.": nil} {
			f := domain.UserFilter{Prefix: ok[domain.Prefix](e)(domain.ParsePrefix(prefix))}
			sameList(e, ok[domain.UserPage](e)(e.Store.Users().List(e.ctx, domain.UserQuery{UserFilter: f, Sort: domain.SortEmail, Limit: 5})).Users, want)
			same(e, ok[domain.Tally](e)(e.Store.Users().Count(e.ctx, f)), domain.Tally{N: len(want), Exact: true})
		}
	},
	"a legacy id is one user's": func(e *env) {
		users := []domain.User{e.newVerified(e.email()), e.newVerified(e.email())}
		users[0].LegacyID, users[1].LegacyID = "17", "018"
		for _, u := range users {
			e.must(e.Store.Users().Create(e.ctx, u))
		}
		for id, want := range map[string][]domain.User{"17": users[:1], "018": users[1:], "18": nil} {
			got := ok[domain.UserPage](e)(e.Store.Users().List(e.ctx, domain.UserQuery{UserFilter: domain.UserFilter{LegacyID: id}, Sort: domain.SortNewest, Limit: 5}))
			sameList(e, got.Users, want)
		}
		third := e.newVerified(e.email())
		third.LegacyID = "17"
		if err := e.Store.Users().Create(e.ctx, third); err == nil {
			e.Error("two users have one legacy id")
		}
	},
}

// manyTests need so many users that walks end before the list does; they share them.
var manyTests = tests{
	"random queries give the pages and the counts that the contract describes": func(e *env) {
		crowd := e.manyUsers()
		sorted := map[domain.UserSort][]domain.User{}
		for _, by := range []domain.UserSort{domain.SortNewest, domain.SortOldest, domain.SortEmail} {
			sorted[by] = inOrder(crowd, by)
		}
		queries := 60
		if n, err := strconv.Atoi(os.Getenv("LIST_QUERIES")); err == nil {
			queries, e.ctx = n, e.T.Context() // which takes longer than one test may otherwise
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range queries {
			q := randomQuery(random, crowd, e.now)
			got, want := ok[domain.UserPage](e)(e.Store.Users().List(e.ctx, q)), pageOf(sorted[q.Sort], q)
			if !slices.EqualFunc(got.Users, want.Users, func(a, b domain.User) bool { return a.ID == b.ID }) || got.Next != want.Next {
				e.Fatalf("%+v:\ngot  %s\nwant %s", q, summary(got), summary(want))
			}
			tally := ok[domain.Tally](e)(e.Store.Users().Count(e.ctx, q.UserFilter))
			if expected := tallyOf(crowd, q.UserFilter); tally != expected {
				e.Fatalf("%+v: counted %+v, want %+v", q.UserFilter, tally, expected)
			}
		}
	},
	"walks find all that fits, once and in order, while other rows come and go": func(e *env) {
		crowd := e.manyUsers()
		random := rand.New(rand.NewPCG(3, 4))
		for range 6 {
			q := randomQuery(random, crowd, e.now)
			q.After, q.Limit = domain.UserPlace{}, 40
			var got, passing []domain.User
			for {
				page := ok[domain.UserPage](e)(e.Store.Users().List(e.ctx, q))
				got = append(got, slices.DeleteFunc(page.Users, func(u domain.User) bool { return !slices.Contains(crowd, u) })...)
				if q.After = page.Next; q.After.IsZero() {
					break
				}
				if len(passing) > 0 {
					e.must(e.Store.Users().Delete(e.ctx, passing[0].ID, e.now))
					passing = passing[1:]
				}
				u := e.newVerified(e.email())
				u.CreatedAt = crowd[random.IntN(len(crowd))].CreatedAt
				e.must(e.Store.Users().Create(e.ctx, u))
				passing = append(passing, u)
			}
			for _, u := range passing {
				e.must(e.Store.Users().Delete(e.ctx, u.ID, e.now))
			}
			sameList(e, got, slices.DeleteFunc(inOrder(crowd, q.Sort), func(u domain.User) bool { return !q.Fits(u) }))
		}
	},
}

// manyUsers stores more users than a walk looks at. Prefixes fit none, few and many of them.
func (e *env) manyUsers() []domain.User {
	e.Helper()
	random := rand.New(rand.NewPCG(5, 6))
	names := []string{"Ada", "Adam", "Анна", "Антон", "Zoë", "", "Ådne", "anna"}
	start := e.now
	crowd := make([]domain.User, ports.ListWalk+700)
	for i := range crowd {
		name := names[random.IntN(len(names))]
		if i == 17 || i == len(crowd)-3 {
			name = "Quentin"
		}
		e.now = start.Add(time.Duration(i/3) * time.Second) // three at a time
		u := e.newUser(ok[domain.Email](e)(domain.ParseEmail(fmt.Sprintf("%c%d@example.com", 'a'+rune(random.IntN(3)), i))))
		e.must(u.Rename(name, names[random.IntN(len(names))], e.now))
		switch random.IntN(40) {
		case 0:
			u.InvitedBy = newID()
		case 1, 2, 3, 4:
		default:
			u.Verify(e.now)
		}
		if random.IntN(50) == 0 && u.Verified() {
			e.must(u.ChangeRole(domain.RoleAdmin, e.now))
		}
		if random.IntN(20) == 0 {
			e.must(u.Block("", start.Add(time.Duration(1+random.IntN(9000))*time.Second), start))
		}
		if random.IntN(10) == 0 {
			u.LegacyID = strconv.Itoa(i)
		}
		crowd[i] = u
	}
	for some := range slices.Chunk(crowd, 500) {
		e.inTx(func(tx ports.Store) error {
			for _, u := range some {
				store := func() error { _, err := tx.Users().CreateSignUp(e.ctx, u); return err }
				if u.Verified() {
					store = func() error { return tx.Users().Create(e.ctx, u) }
				}
				if err := store(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	e.now = start.Add(4000 * time.Second)
	return crowd
}

func randomQuery(random *rand.Rand, crowd []domain.User, now time.Time) domain.UserQuery {
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	condition := func() *bool {
		return map[string]*bool{"": nil, "yes": new(true), "no": new(false)}[one("", "", "", "yes", "no")]
	}
	q := domain.UserQuery{Sort: domain.UserSort(one(string(domain.SortNewest), string(domain.SortOldest), string(domain.SortEmail))), Limit: 1 + random.IntN(30)}
	q.UserFilter = domain.UserFilter{Status: domain.Status(one("", "", "", "verified", "unverified")), Role: domain.Role(one("", "", "user", "admin")),
		Blocked: condition(), Invited: condition(), Now: now}
	if random.IntN(12) == 0 {
		q.LegacyID = strconv.Itoa(random.IntN(len(crowd)))
	}
	if text := one("", "", "", "ad", "ADA", "ан", "ann", "zo", "quen", "b1", "a2", "c10", "nobody", "åd"); text != "" {
		q.Prefix, _ = domain.ParsePrefix(text)
	}
	if random.IntN(3) > 0 {
		q.After = q.Sort.Place(crowd[random.IntN(len(crowd))])
	}
	return q
}

// looked reports whether the contract has the users of a filter looked up rather than walked to.
func looked(crowd []domain.User, f domain.UserFilter) bool {
	if f.LegacyID != "" || f.Prefix.IsZero() {
		return f.LegacyID != ""
	}
	var n [3]int
	for _, u := range crowd {
		email, first, last := u.SearchKeys()
		for i, key := range []string{email, first, last} {
			if f.Prefix.Of(key) {
				n[i]++
			}
		}
	}
	return slices.Max(n[:]) <= ports.ListPrefix
}

func inOrder(crowd []domain.User, by domain.UserSort) []domain.User {
	return slices.SortedFunc(slices.Values(crowd), func(a, b domain.User) int { return by.Compare(by.Place(a), by.Place(b)) })
}

// pageOf is the page of a crowd that is in the query's order.
func pageOf(crowd []domain.User, q domain.UserQuery) (page domain.UserPage) {
	walk, seen := !q.All() && !looked(crowd, q.UserFilter), 0
	for _, u := range crowd {
		place := q.Sort.Place(u)
		if !q.After.IsZero() && q.Sort.Compare(place, q.After) <= 0 {
			continue
		}
		if q.Fits(u) {
			if len(page.Users) == q.Limit {
				page.Next = q.Sort.Place(page.Users[q.Limit-1])
				return page
			}
			page.Users = append(page.Users, u)
		}
		if seen++; walk && seen == ports.ListWalk {
			page.Next = place
			return page
		}
	}
	return page
}

func tallyOf(crowd []domain.User, f domain.UserFilter) domain.Tally {
	most := ports.ListReads
	if !f.Prefix.IsZero() {
		most = ports.CountWalk
	}
	if len(crowd) >= most {
		panic("the crowd is larger than a count reads")
	}
	n := 0
	for _, u := range crowd {
		if f.Fits(u) {
			n++
		}
	}
	return domain.Tally{N: n, Exact: true}
}

func summary(p domain.UserPage) string {
	text := fmt.Sprintf("%d users, next %+v:", len(p.Users), p.Next)
	for _, u := range p.Users {
		text += fmt.Sprintf(" %s(%s %s)", u.Email.Address, u.FirstName, u.LastName)
	}
	return text
}

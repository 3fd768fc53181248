package portstest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// method is a method of a port, with arguments that fit nothing in the store.
type method struct {
	name string // such as "Users.ByID"
	call func(ctx context.Context, s ports.Store) error
}

// The methods that are an error outside of a transaction, and those that are one inside.
var (
	onlyInTx = []string{"Users.Lock", "Users.SetCustom", "Users.DeleteSignUps", "Sessions.Lock", "Jobs.SendChallenge", "Jobs.SendNotice"}
	notInTx  = []string{"Users.List", "Users.Count", "Audit.List", "Sessions.Authenticate", "Sessions.MarkDelivered"}
)

// methods lists the methods of all ports of a store, so that none is forgotten.
func methods() []method {
	var all []method
	store := reflect.TypeFor[ports.Store]()
	for i := range store.NumMethod() {
		port := store.Method(i)
		if port.Name == "InTx" {
			continue
		}
		for j := range port.Type.Out(0).NumMethod() {
			m := port.Type.Out(0).Method(j)
			all = append(all, method{port.Name + "." + m.Name, func(ctx context.Context, s ports.Store) error {
				args := []reflect.Value{reflect.ValueOf(ctx)}
				for k := 1; k < m.Type.NumIn(); k++ {
					args = append(args, something(m.Type.In(k)))
				}
				fn := reflect.ValueOf(s).MethodByName(port.Name).Call(nil)[0].MethodByName(m.Name)
				call := fn.Call
				if m.Type.IsVariadic() {
					call = fn.CallSlice
				}
				results := call(args)
				err, _ := results[len(results)-1].Interface().(error)
				return err
			}})
		}
	}
	return all
}

// something returns a value of a type. Its ids are those of nobody, whom no order of locks concerns; nothing else in it
// is zero as far as that can be.
func something(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	if t == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
		return v
	}
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if v.Field(i).CanSet() {
				v.Field(i).Set(something(t.Field(i).Type))
			}
		}
	case reflect.Slice:
		v.Set(reflect.Append(v, something(t.Elem())))
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	}
	return v
}

var methodTests = tests{
	"every method respects its ctx, in a transaction and outside": func(e *env) {
		canceled, cancel := context.WithCancel(e.ctx)
		cancel()
		late, cancel := context.WithDeadline(e.ctx, time.Unix(0, 0))
		defer cancel()
		for ctx, wants := range map[context.Context][]error{late: {domain.ErrUnavailable}, canceled: {domain.ErrUnavailable, context.Canceled}} {
			ended := func(err error) bool {
				return slices.ContainsFunc(wants, func(want error) bool { return errors.Is(err, want) })
			}
			for _, m := range methods() {
				var inside error
				e.fails(e.Store.InTx(e.ctx, func(tx ports.Store) error {
					inside = m.call(ctx, tx)
					return errRollBack
				}), errRollBack)
				if !ended(inside) && !slices.Contains(notInTx, m.name) {
					e.Errorf("%s in a transaction: error %v, want one of %v", m.name, inside, wants)
				}
				if slices.Contains(onlyInTx, m.name) {
					continue
				}
				if err := m.call(ctx, e.Store); !ended(err) {
					e.Errorf("%s: error %v, want one of %v", m.name, err, wants)
				}
			}
			err := e.Store.InTx(ctx, func(ports.Store) error { return errors.New("the transaction was begun") })
			if !ended(err) {
				e.Errorf("InTx: error %v, want one of %v", err, wants)
			}
		}
	},
	"methods that are only for transactions are refused outside of one, and the other way round": func(e *env) {
		refused := 0
		for _, m := range methods() {
			if slices.Contains(onlyInTx, m.name) {
				refused++
				e.refused(m.name, m.call(e.ctx, e.Store))
			}
			if slices.Contains(notInTx, m.name) {
				refused++
				e.inTx(func(tx ports.Store) error {
					e.refused(m.name+" in a transaction", m.call(e.ctx, tx))
					return nil
				})
			}
		}
		same(e, refused, len(onlyInTx)+len(notInTx))
	},
	"transactions do not nest": func(e *env) {
		kept := e.newVerified(e.email())
		e.inTx(func(tx ports.Store) error {
			e.refused("a transaction in a transaction", tx.InTx(e.ctx, func(ports.Store) error {
				e.Error("it was begun")
				return nil
			}))
			return tx.Users().Create(e.ctx, kept)
		})
		e.must(second(e.Store.Users().ByID(e.ctx, kept.ID)))
	},
	"a transaction that is over takes no more calls": func(e *env) {
		for _, end := range []error{nil, errRollBack} {
			var over ports.Store
			if err := e.Store.InTx(e.ctx, func(tx ports.Store) error { over = tx; return end }); !errors.Is(err, end) {
				e.Fatal(err)
			}
			for _, m := range methods() {
				if err := m.call(e.ctx, over); err == nil || errors.Is(err, domain.ErrNotFound) {
					e.Errorf("%s: error %v", m.name, err)
				}
			}
		}
	},
}

// refused reports a call that was not refused: no error, or one of the domain, which would mean that it was looked at.
func (e *env) refused(what string, err error) {
	e.Helper()
	var answer *domain.Error
	if err == nil || errors.As(err, &answer) {
		e.Errorf("%s: error %v", what, err)
	}
}

// goneTests each end their store.
var goneTests = tests{
	"a closed store is unavailable": func(e *env) {
		if e.Close == nil {
			e.Skip("it cannot be closed")
		}
		e.Close()
		e.unavailable()
	},
	"a store that cannot be reached is unavailable": func(e *env) {
		if e.Cut == nil {
			e.Skip("it is always there")
		}
		e.Cut()
		e.unavailable()
	},
	"a store that is lost during a transaction is unavailable": func(e *env) {
		if e.Cut == nil {
			e.Skip("it is always there")
		}
		var inside error
		err := e.Store.InTx(e.ctx, func(tx ports.Store) error {
			e.Cut()
			inside = second(tx.Users().ByID(e.ctx, newID()))
			return nil
		})
		e.fails(inside, domain.ErrUnavailable)
		e.fails(err, domain.ErrUnavailable)
	},
}

// unavailable reports every method that is not domain.ErrUnavailable.
func (e *env) unavailable() {
	e.Helper()
	for _, m := range methods() {
		if slices.Contains(onlyInTx, m.name) {
			continue
		}
		if err := m.call(e.ctx, e.Store); !errors.Is(err, domain.ErrUnavailable) {
			e.Errorf("%s: error %v", m.name, err)
		}
	}
	e.fails(e.Store.InTx(e.ctx, func(ports.Store) error { e.Error("a transaction was begun"); return nil }), domain.ErrUnavailable)
}

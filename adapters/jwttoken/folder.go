package jwttoken

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pollEvery   = time.Second            // how soon a change of the folder is noticed
	rereadEvery = 100 * time.Millisecond // how often a token of an unknown key may cause a look at the folder
)

// keySet is what the folder held when it was read.
type keySet struct {
	keys   map[string]*key // by the encoded header: all that verify
	signer *key
	jwks   []byte
}

// readKey is a key with what its file looked like when it was read.
type readKey struct {
	key      *key
	size     int64
	modified time.Time
}

// folder follows a folder of keys. It is looked at when it is used, at most once a second; what cannot be used
// is reported, and the last good state of it stays.
type folder struct {
	dir        string
	accessLife time.Duration
	now        func() time.Time
	report     func(error)

	set     atomic.Pointer[keySet]
	checked atomic.Int64 // when the folder was last looked at, in Unix nanoseconds
	busy    atomic.Bool  // somebody is looking because pollEvery has passed

	mu       sync.Mutex
	files    []file             // as last listed
	read     map[string]readKey // by kid: the last good state of each file
	nextEnd  time.Time          // when the first of the retired keys ends; zero: none
	reported string
}

func openFolder(cfg Config) (*folder, error) {
	if cfg.AccessLife <= 0 {
		return nil, errors.New("a key folder needs the life of access tokens")
	}
	f := &folder{dir: cfg.KeysDir, accessLife: cfg.AccessLife, now: cfg.Now, report: cfg.Report}
	if f.now == nil {
		f.now = time.Now
	}
	if f.report == nil {
		f.report = func(error) {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(); err != nil {
		return nil, err
	}
	return f, nil
}

// current returns the keys, at most pollEvery old.
func (f *folder) current() *keySet {
	if !f.due(pollEvery) || !f.busy.CompareAndSwap(false, true) {
		return f.set.Load()
	}
	defer f.busy.Store(false)
	return f.look(pollEvery)
}

// reread returns the keys, at most rereadEvery old.
func (f *folder) reread() *keySet {
	if !f.due(rereadEvery) {
		return f.set.Load()
	}
	return f.look(rereadEvery)
}

func (f *folder) due(every time.Duration) bool {
	return time.Duration(f.now().UnixNano()-f.checked.Load()).Abs() >= every // a clock may be set back, too
}

func (f *folder) look(every time.Duration) *keySet {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.due(every) { // else somebody did while this call waited
		err := f.load()
		if err != nil && err.Error() != f.reported {
			f.report(err)
		}
		f.reported = ""
		if err != nil {
			f.reported = err.Error()
		}
	}
	return f.set.Load()
}

// load brings the set up to date. A set that was put in place may be accompanied by an error about other files.
func (f *folder) load() error {
	now := f.now()
	defer f.checked.Store(now.UnixNano())
	var err error
	for range 5 {
		var files []file
		if files, err = listFiles(f.dir); err != nil {
			return err
		}
		same := slices.Equal(files, f.files) && (f.nextEnd.IsZero() || now.Before(f.nextEnd))
		if f.set.Load() != nil && f.reported == "" && same {
			return nil
		}
		if err = f.take(files, now); !errors.Is(err, os.ErrNotExist) { // else a file was renamed in between
			return err
		}
	}
	return err
}

// take makes the listed files the set.
func (f *folder) take(files []file, now time.Time) error {
	var faults []error
	set := &keySet{keys: map[string]*key{}}
	read := map[string]readKey{}
	var nextEnd time.Time
	var public []*key
	for _, file := range slices.Backward(files) { // retired ones first: a kid that is listed twice is retired
		if file.ended(f.accessLife, now) {
			continue
		}
		if read[file.kid].key != nil {
			faults = append(faults, fmt.Errorf("key file %s: there is a retired key of that name", file.path))
			continue
		}
		r := f.read[file.kid]
		if r.key == nil || r.size != file.size || !r.modified.Equal(file.modified) {
			switch k, err := file.read(); {
			case errors.Is(err, os.ErrNotExist):
				return err
			case err != nil:
				faults = append(faults, err)
			default:
				r = readKey{key: k, size: file.size, modified: file.modified}
			}
		}
		if r.key == nil {
			continue
		}
		read[file.kid], set.keys[r.key.header] = r, r.key
		public = append(public, r.key)
		if file.retired.IsZero() {
			set.signer = r.key // the last is the newest
		} else if end := file.retired.Add(f.accessLife + retiredSlack); nextEnd.IsZero() || end.Before(nextEnd) {
			nextEnd = end
		}
	}
	if set.signer == nil {
		faults = append(faults, fmt.Errorf("the key folder %s holds no active key that could sign: generate one", f.dir))
		return errors.Join(faults...)
	}
	if f.set.Load() == nil && len(faults) > 0 {
		return errors.Join(faults...) // at the start everything has to be right
	}
	slices.Reverse(public)
	var err error
	if set.jwks, err = marshalJWKS(public); err != nil {
		return err
	}
	f.files, f.read, f.nextEnd = files, read, nextEnd
	f.set.Store(set)
	return errors.Join(faults...)
}

package jwttoken

import (
	"errors"
	"fmt"
	"time"
)

// keySet is the state of the folder when it was read.
type keySet struct {
	keys   map[string]*key // by the encoded header: all that verify
	byKID  map[string]*key
	signer *key
	jwks   []byte
}

// readFolder reads the folder. Of a file that cannot be used it takes the key from the set before, if there is one there,
// and reports the fault beside the set. Without a set before every fault is an error, and without a key that can sign
// there is no set.
func readFolder(dir string, accessLife time.Duration, now time.Time, before *keySet) (*keySet, error) {
	files, err := listFiles(dir)
	if err != nil {
		return nil, err
	}
	var faults []error
	var active []file
	var public []*key
	set := &keySet{keys: map[string]*key{}, byKID: map[string]*key{}}
	for _, f := range files {
		if !f.retired.IsZero() && !now.Before(f.end(accessLife)) {
			continue
		}
		k, err := f.read()
		if err != nil {
			faults = append(faults, err)
			if before == nil || before.byKID[f.kid] == nil {
				continue
			}
			k = before.byKID[f.kid]
		}
		if set.byKID[f.kid] != nil {
			faults = append(faults, fmt.Errorf("key file %s: there is another key of that name", f.path))
			continue
		}
		set.keys[k.header], set.byKID[f.kid] = k, k
		public = append(public, k)
		if f.retired.IsZero() {
			active = append(active, f)
		}
	}
	if i := signer(active, now); i >= 0 {
		set.signer = set.byKID[active[i].kid]
	} else {
		faults = append(faults, fmt.Errorf("the key folder %s holds no active key that could sign: generate one", dir))
	}
	if set.signer == nil || before == nil && len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if set.jwks, err = marshalJWKS(public); err != nil {
		return nil, err
	}
	return set, errors.Join(faults...)
}

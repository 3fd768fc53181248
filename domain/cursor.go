package domain

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// CursorKey seals the places at which pages of lists begin, so that nobody reads or forges one.
type CursorKey struct{ aead cipher.AEAD }

// NewCursorKey derives the key from the service's secret.
func NewCursorKey(secret Secret) (CursorKey, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, "coffee-shop-api cursors v1", 32)
	if err != nil {
		return CursorKey{}, fmt.Errorf("derive the key of cursors: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return CursorKey{}, fmt.Errorf("make the cipher of cursors: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return CursorKey{aead}, err
}

// Seal returns the text of a place. It is good for the same query only: the list, its filters and its order.
func (k CursorKey) Seal(place []byte, query string) string {
	return base64.RawURLEncoding.EncodeToString(k.aead.Seal(nil, nil, place, []byte(query))) //nolint:gosec // the AEAD makes the nonce
}

// Open returns the place of a text. A forged text, and one of another query or key, is ErrInvalidCursor.
func (k CursorKey) Open(text, query string) ([]byte, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, ErrInvalidCursor
	}
	place, err := k.aead.Open(nil, nil, sealed, []byte(query))
	if err != nil {
		return nil, ErrInvalidCursor
	}
	return place, nil
}

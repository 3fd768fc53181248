package domain

import (
	"encoding/json"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is text that must not reach an answer, a log, a job or a metric: every way to print or marshal it gives
// "[redacted]". Only Reveal gives the text.
type Secret struct{ text string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.text == "" }

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }

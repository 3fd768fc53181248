package httpapi

import (
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"coffeeshop/domain"
)

// The texts of a body that the domain has rules for. Huma asks them for their faults, so that an answer tells all faulty
// fields at once. The use cases apply the same rules again.
type (
	emailText    string
	passwordText string
	localeText   string
)

// Resolve implements huma.ResolverWithPath.
func (t emailText) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	_, err := domain.ParseEmail(string(t))
	return faultAt(at, err)
}

// Resolve implements huma.ResolverWithPath.
func (t passwordText) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	_, err := domain.NewPassword(string(t))
	return faultAt(at, err)
}

// Resolve implements huma.ResolverWithPath.
func (t localeText) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	_, err := domain.ParseLocale(string(t))
	return faultAt(at, err)
}

func faultAt(at *huma.PathBuffer, err error) []error {
	var failure *domain.Error
	if !errors.As(err, &failure) || len(failure.Fields) == 0 {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: at.String(), Message: failure.Fields[0].Message}}
}

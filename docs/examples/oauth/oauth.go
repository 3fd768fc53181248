// Package oauth logs in and refreshes as an OAuth 2.0 client does.
package oauth

import (
	"context"
	"net/http"

	"golang.org/x/oauth2"
)

// Client returns a client whose requests carry the user's access token, and which refreshes it by itself.
func Client(ctx context.Context, api, email, password string) (*http.Client, error) {
	config := oauth2.Config{Endpoint: oauth2.Endpoint{
		TokenURL:  api + "/auth/token",
		AuthStyle: oauth2.AuthStyleInParams, // without it a wrong password is sent twice, and counts twice
	}}
	token, err := config.PasswordCredentialsToken(ctx, email, password)
	if err != nil {
		return nil, err
	}
	return config.Client(ctx, token), nil
}

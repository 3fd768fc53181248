package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"coffeeshop/docs/examples/oauth"
)

// counting counts requests.
type counting struct{ n atomic.Int32 }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return http.DefaultTransport.RoundTrip(r)
}

func TestOAuth_GoClientLogsInRefreshesByItselfAndReadsTheCode(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service) {
		transport := &counting{}
		ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: transport})
		config := oauth2.Config{Endpoint: oauth2.Endpoint{TokenURL: s.URL + "/auth/token", AuthStyle: oauth2.AuthStyleInParams}}

		token, err := config.PasswordCredentialsToken(ctx, adminEmail, adminPassword)
		if err != nil {
			t.Fatal(err)
		}
		if life := time.Until(token.Expiry); life < 29*time.Minute || life > 30*time.Minute || token.Type() != "Bearer" {
			t.Errorf("expires in %v, type %s", life, token.Type())
		}
		token.Expiry = time.Now() // it refreshes now
		client := config.Client(ctx, token)
		for range 2 {
			res, err := client.Get(s.URL + "/users/me")
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("answered %s", res.Status)
			}
		}

		shown, err := oauth.Client(t.Context(), s.URL, adminEmail, adminPassword) // as docs/clients.md has it
		if err != nil {
			t.Fatal(err)
		}
		res, err := shown.Get(s.URL + "/users/me")
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", res, err)
		}
		res.Body.Close()

		before := transport.n.Load()
		_, err = config.PasswordCredentialsToken(ctx, adminEmail, "wrong password")
		var refused *oauth2.RetrieveError
		if !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" || refused.ErrorDescription != "E-mail or password is wrong." {
			t.Errorf("a wrong password is %v", err)
		}
		if n := transport.n.Load() - before; n != 1 {
			t.Errorf("a wrong password was sent %d times", n)
		}
		refused = nil
		_, err = config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.AccessToken}).Token()
		if !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
			t.Errorf("an access token as a refresh token is %v", err)
		}
	})
}

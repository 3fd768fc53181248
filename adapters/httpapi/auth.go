package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func (a *API) registerAuth() {
	register(a, huma.Operation{
		OperationID: "sign-up", Method: http.MethodPost, Path: "/auth/signup", Tags: []string{tagAuth}, DefaultStatus: http.StatusCreated,
		Summary:     "Open an account",
		Description: "Stores an unverified account and mails a code to the address. An address that has an account already is answered alike, and its owner told; with `SIGNUP_REVEALS_DUPLICATES=true` it is a 409. The mail is in a language of `Accept-Language`, if there are mails in it, and otherwise in English.",
	}, a.signUp, append(passwordFailures, domain.ErrEmailTaken, throttled, overloaded)...)
	register(a, huma.Operation{
		OperationID: "verify", Method: http.MethodPost, Path: "/auth/verify", Tags: []string{tagAuth},
		Summary:     "Prove the address with the mailed code",
		Description: "Takes the six digits or the long code. With `id`, only the sign-up that answered this id counts. With `password`, it has to be that of the sign-up whose code it is: a wrong one counts as a failed login, and the code stays good.",
		RequestBody: example(map[string]any{"email": "ada@example.com", "code": "123456"}),
	}, a.verify, domain.ErrInvalidCode, domain.ErrInvalidCredentials, throttled, overloaded)
	register(a, huma.Operation{
		OperationID: "resend", Method: http.MethodPost, Path: "/auth/resend", Tags: []string{tagAuth}, DefaultStatus: http.StatusAccepted,
		Summary:     "Have the code mailed again",
		Description: "Answers alike whether the address is known or not. At most one mail a minute goes to an address. With `id`, the codes of that sign-up are mailed.",
		RequestBody: example(map[string]any{"email": "ada@example.com"}),
	}, a.resend, throttled)
	register(a, huma.Operation{
		OperationID: "log-in", Method: http.MethodPost, Path: pathLogin, Tags: []string{tagAuth},
		Summary:     "Log in with e-mail and password",
		Description: "Begins a session. After too many failures of one account, or from one network, it is a 429 for a while.",
	}, a.logIn, domain.ErrInvalidCredentials, domain.ErrAccountUnverified, domain.ErrAccountBlocked, throttled, overloaded)
	register(a, huma.Operation{
		OperationID: "token", Method: http.MethodPost, Path: pathToken, Tags: []string{tagAuth},
		Summary:     "Log in, or refresh, as an OAuth 2.0 client does",
		Description: "The password grant and the refresh token grant of RFC 6749, by the rules of `POST /auth/login` and `POST /auth/refresh`. Errors are those of RFC 6749 §5.2, with our `code` beside them. Client credentials are ignored.",
	}, a.token, append([]*domain.Error{domain.ErrInvalidCredentials, domain.ErrAccountUnverified, domain.ErrAccountBlocked, throttled, overloaded}, refreshFailures...)...)
	register(a, huma.Operation{
		OperationID: "refresh", Method: http.MethodPost, Path: "/auth/refresh", Tags: []string{tagAuth},
		Summary:     "Exchange a refresh token for the next tokens",
		Description: "A refresh token is good for one exchange. Repeated within a few seconds, as by two tabs, it gets the same successor.",
	}, a.refresh, refreshFailures...)
	register(a, huma.Operation{
		OperationID: "log-out", Method: http.MethodPost, Path: "/auth/logout", Tags: []string{tagAuth},
		Summary:     "End the session of a refresh token",
		Description: "Its access tokens are refused from then on.",
	}, a.logOut, domain.ErrTokenMalformed, domain.ErrTokenExpired, domain.ErrTokenScope, domain.ErrTokenUnknown, domain.ErrTokenRevoked)
	register(a, huma.Operation{
		OperationID: "log-out-all", Method: http.MethodPost, Path: "/auth/logout-all", Tags: []string{tagAuth}, Security: loggedIn,
		Summary: "End all sessions of the caller", Description: "This one too.",
	}, a.logOutAll)
}

var refreshFailures = []*domain.Error{domain.ErrTokenMalformed, domain.ErrTokenExpired, domain.ErrTokenScope,
	domain.ErrTokenUnknown, domain.ErrTokenRevoked, domain.ErrTokenReused}

// Message is the answer of a call without a result.
type Message struct {
	Message string `json:"message" example:"Done." doc:"What was done, for people."`
}

type messageOutput struct{ Body Message }

// message answers with a sentence, or fails.
func message(text string, err error) (*messageOutput, error) {
	if err != nil {
		return nil, err
	}
	return &messageOutput{Message{text}}, nil
}

// SignUpBody asks for an account.
type SignUpBody struct {
	Email     emailText    `json:"email" maxLength:"254" example:"ada@example.com" doc:"The address; the code goes there."`
	Password  passwordText `json:"password" minLength:"8" maxLength:"1024" example:"correct horse battery staple" doc:"8 characters to 1,024 bytes."`
	FirstName *string      `json:"first_name" required:"false" maxLength:"100" example:"Ada" doc:"The first name."`
	LastName  *string      `json:"last_name" required:"false" maxLength:"100" example:"Lovelace" doc:"The last name."`
}

type signUpInput struct {
	AcceptLanguage string `header:"Accept-Language" example:"ru, en;q=0.5" doc:"The languages wanted for mails."`
	Body           SignUpBody
}

func (a *API) signUp(ctx context.Context, in *signUpInput) (*userOutput, error) {
	return userAnswer(a.app.SignUp(ctx, application.SignUp{
		Email: string(in.Body.Email), Password: string(in.Body.Password), FirstName: given(in.Body.FirstName), LastName: given(in.Body.LastName),
		Locale: a.localeOf(in.AcceptLanguage), Source: sourceOf(ctx),
	}))
}

func given(name *string) string {
	if name == nil {
		return ""
	}
	return *name
}

// VerifyBody answers the question that went to an address.
type VerifyBody struct {
	Email    emailText  `json:"email" maxLength:"254" example:"ada@example.com" doc:"The address that the code went to."`
	Code     string     `json:"code" maxLength:"64" example:"123456" doc:"The six digits or the long code of the mail."`
	ID       *uuid.UUID `json:"id,omitempty" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The id that sign-up answered: only that sign-up counts."`
	Password *string    `json:"password,omitempty" maxLength:"1024" example:"correct horse battery staple" doc:"Has to be the password of the sign-up whose code it is. A page that a mail links to asks for it, so that nobody verifies a stranger's sign-up with a click."`
}

type verifyInput struct{ Body VerifyBody }

func (a *API) verify(ctx context.Context, in *verifyInput) (*messageOutput, error) {
	answer := application.Verify{Email: string(in.Body.Email), Code: in.Body.Code, Password: in.Body.Password, Source: sourceOf(ctx)}
	if in.Body.ID != nil {
		answer.ID = *in.Body.ID
	}
	return message("The e-mail address is verified.", a.app.Verify(ctx, answer))
}

// ResendBody names a sign-up.
type ResendBody struct {
	Email emailText  `json:"email" maxLength:"254" example:"ada@example.com" doc:"The address that signed up."`
	ID    *uuid.UUID `json:"id,omitempty" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The id that sign-up answered. Without it: the sign-up of the caller's network, else the newest."`
}

func (a *API) resend(ctx context.Context, in *struct{ Body ResendBody }) (*messageOutput, error) {
	again := application.Resend{Email: string(in.Body.Email), Source: sourceOf(ctx)}
	if in.Body.ID != nil {
		again.ID = *in.Body.ID
	}
	return message("If the address waits for a code, it is on its way.", a.app.Resend(ctx, again))
}

// LoginBody identifies a user.
type LoginBody struct {
	Email    string `json:"email" example:"ada@example.com" doc:"The address."`
	Password string `json:"password" example:"correct horse battery staple" doc:"The password."`
}

type loginInput struct{ Body LoginBody }

func (a *API) logIn(ctx context.Context, in *loginInput) (*tokensOutput, error) {
	pair, err := a.app.Login(ctx, application.Login{Email: in.Body.Email, Password: in.Body.Password, Source: sourceOf(ctx)})
	return tokens(pair, err)
}

// RefreshTokenBody carries a refresh token.
type RefreshTokenBody struct {
	RefreshToken string `json:"refresh_token" example:"eyJhbGciOiJIUzI1NiJ9.eyJzY29wZSI6InJlZnJlc2hfdG9rZW4ifQ.c2lnbmF0dXJl" doc:"The refresh token."`
}

type refreshTokenInput struct{ Body RefreshTokenBody }

func (a *API) refresh(ctx context.Context, in *refreshTokenInput) (*tokensOutput, error) {
	pair, err := a.app.Refresh(ctx, in.Body.RefreshToken, sourceOf(ctx))
	return tokens(pair, err)
}

func (a *API) logOut(ctx context.Context, in *refreshTokenInput) (*messageOutput, error) {
	return message("The session has ended.", a.app.Logout(ctx, in.Body.RefreshToken, sourceOf(ctx)))
}

// Tokens are the result of a login or a refresh.
type Tokens struct {
	AccessToken  string `json:"access_token" example:"eyJhbGciOiJIUzI1NiJ9.eyJzY29wZSI6ImFjY2Vzc190b2tlbiJ9.c2lnbmF0dXJl" doc:"For the Authorization header."`
	RefreshToken string `json:"refresh_token" example:"eyJhbGciOiJIUzI1NiJ9.eyJzY29wZSI6InJlZnJlc2hfdG9rZW4ifQ.c2lnbmF0dXJl" doc:"For one exchange at /auth/refresh."`
	TokenType    string `json:"token_type" enum:"bearer" example:"bearer" doc:"Always bearer."`
	ExpiresIn    int64  `json:"expires_in" example:"1800" doc:"Seconds for which the access token is good."`
}

type tokensOutput struct{ Body Tokens }

func tokens(pair application.TokenPair, err error) (*tokensOutput, error) {
	if err != nil {
		return nil, err
	}
	return &tokensOutput{Tokens{
		AccessToken: pair.Access.Reveal(), RefreshToken: pair.Refresh.Reveal(),
		TokenType: "bearer", ExpiresIn: int64(pair.ExpiresIn / time.Second),
	}}, nil
}

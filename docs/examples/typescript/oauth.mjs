// Logs in and refreshes as an OAuth 2.0 client does, with openid-client.

import * as oauth from 'openid-client';

const { API, EMAIL, PASSWORD } = process.env;

// The service asks for no client: its id is any name, and it has no secret.
const config = new oauth.Configuration({ issuer: API, token_endpoint: `${API}/auth/token` }, 'my-app', undefined, oauth.None());
if (API.startsWith('http://')) oauth.allowInsecureRequests(config); // on this machine only

const first = await oauth.genericGrantRequest(config, 'password', { username: EMAIL, password: PASSWORD });
const next = await oauth.refreshTokenGrant(config, first.refresh_token);
const me = await oauth.fetchProtectedResource(config, next.access_token, new URL(`${API}/users/me`), 'GET');
console.log('logged in as', (await me.json()).email);

const refused = await oauth.genericGrantRequest(config, 'password', { username: EMAIL, password: 'wrong' }).catch((e) => e);
console.log('refused:', refused.status, refused.error, refused.cause.code);

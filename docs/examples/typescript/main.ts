// Signs up, verifies, logs in, refreshes and logs out, with a client made from the OpenAPI document; then shows how another
// service verifies an access token.
//
//   npx openapi-typescript http://127.0.0.1:8000/openapi.json -o schema.d.ts
//   npx tsc && API=http://127.0.0.1:8000 node main.js

import createClient from 'openapi-fetch';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { paths } from './schema.js';

const api = process.env.API ?? 'http://127.0.0.1:8000';
const email = `ada.${Date.now()}@example.com`;
const password = 'correct horse battery';

const client = createClient<paths>({ baseUrl: api });

// In development the code is in the mailbox; elsewhere its owner types it in.
async function codeFromMailbox(): Promise<string> {
  const headers = { Accept: 'application/json' };
  for (let tries = 0; tries < 50; tries++) {
    const { mails } = await (await fetch(`${api}/dev/mailbox`, { headers })).json();
    const mail = mails.find((m: { to: string }) => m.to.includes(email));
    if (mail) {
      const { text } = await (await fetch(`${api}/dev/mailbox/${mail.name}`, { headers })).json();
      return /^ *(\d{6})\r?$/m.exec(text)![1]!;
    }
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error('no mail came');
}

const signedUp = await client.POST('/auth/signup', { body: { email, password, first_name: 'Ada' } });
if (signedUp.error) throw new Error(signedUp.error.detail);
const { id } = signedUp.data;

// A refused call has an error whose code is one of those that the document names for it: a misspelled one does not compile.
const early = await client.POST('/auth/login', { body: { email, password } });
if (early.error?.code === 'account_unverified') console.log('not verified yet');

const verified = await client.POST('/auth/verify', { body: { email, code: await codeFromMailbox(), id } });
if (verified.error) throw new Error(verified.error.detail);

const loggedIn = await client.POST('/auth/login', { body: { email, password } });
if (loggedIn.error) throw new Error(loggedIn.error.detail);

const refreshed = await client.POST('/auth/refresh', { body: { refresh_token: loggedIn.data.refresh_token } });
if (refreshed.error) throw new Error(refreshed.error.detail);
const { access_token, refresh_token } = refreshed.data;

const headers = { Authorization: `Bearer ${access_token}` };
const me = await client.GET('/users/me', { headers });
if (me.error) throw new Error(me.error.detail);
console.log(`logged in as ${me.data.email === email ? 'ada' : 'somebody else'}`);

// Another service verifies the token by the public keys (JWT_KEYS_DIR), without asking.
if (process.env.VERIFY) {
  const keys = createRemoteJWKSet(new URL(`${api}/.well-known/jwks.json`));
  const verify = (token: string) =>
    jwtVerify<{ scope: string; role: string; sid: string }>(token, keys, {
      issuer: 'coffee-shop-api', audience: 'coffee-shop-users', algorithms: ['EdDSA', 'ES256', 'RS256'],
    });
  const { payload } = await verify(access_token);
  if (payload.scope !== 'access_token') throw new Error('not an access token');
  console.log(`verified ${payload.sub === me.data.id ? 'ada' : 'somebody else'} with the role ${payload.role}`);
  await verify(refresh_token).then(
    () => { throw new Error('a refresh token was taken for an access token'); },
    () => console.log('a refresh token is refused'),
  );
}

const loggedOut = await client.POST('/auth/logout', { body: { refresh_token } });
if (loggedOut.error) throw new Error(loggedOut.error.detail);
const after = await client.GET('/users/me', { headers });
if (after.error?.code === 'session_ended') console.log('logged out');

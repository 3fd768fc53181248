// A client of the service for pages: calls, tokens, and messages for people.

const api = document.querySelector('meta[name=api]').content;

// The access token lives as long as the page. The refresh token lives as long as the tab, so that a reload keeps the
// session; each tab has its own, so that no two tabs race for the next one.
let access = null;
const stored = 'refresh_token';

// Problem is a refused call. Switch on its code; its message is for people.
export class Problem extends Error {
  constructor(status, problem, retryAfter) {
    const faults = (problem.errors ?? []).map((e) => `${e.location.replace('body.', '')} ${e.message}`);
    super([problem.detail, ...faults].join(' '));
    Object.assign(this, { status, code: problem.code, retryAfter: Number(retryAfter) });
  }
}

async function send(method, path, body) {
  const headers = { 'Content-Type': 'application/json' };
  if (access) headers.Authorization = `Bearer ${access}`;
  const answer = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) });
  const result = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Problem(answer.status, result, answer.headers.get('Retry-After'));
  return result;
}

// call is send for a user who is logged in: it exchanges an access token that has expired, once.
async function call(method, path, body) {
  if (!access) await refresh();
  try {
    return await send(method, path, body);
  } catch (problem) {
    if (problem.code !== 'token_expired') throw problem;
    await refresh();
    return send(method, path, body);
  }
}

function keep(tokens) {
  access = tokens.access_token;
  sessionStorage.setItem(stored, tokens.refresh_token);
}

function forget() {
  access = null;
  sessionStorage.removeItem(stored);
}

export const hasSession = () => sessionStorage.getItem(stored) !== null;

// signUp remembers the id: this browser need not prove the sign-up with its password.
export async function signUp(email, password) {
  const user = await send('POST', '/auth/signup', { email, password });
  localStorage.setItem('sign-up', user.id);
}

export const signedUpHere = (id) => localStorage.getItem('sign-up') === id;

export const verify = (answer) => send('POST', '/auth/verify', answer);

export async function logIn(email, password) {
  keep(await send('POST', '/auth/login', { email, password }));
}

let refreshing = null;

// refresh gets the next tokens; calls at the same time share one exchange. A refused one ends the session here too.
export function refresh() {
  refreshing ??= exchange().finally(() => { refreshing = null; });
  return refreshing;
}

async function exchange() {
  access = null;
  try {
    keep(await send('POST', '/auth/refresh', { refresh_token: sessionStorage.getItem(stored) ?? '' }));
  } catch (problem) {
    if (problem.status === 401) forget();
    throw problem;
  }
}

export const me = () => call('GET', '/users/me');

// logOut ends the session here whatever the answer: the next person at this browser must not get in. Without an answer the
// session lives on at the service until it expires, and the error says so.
export async function logOut() {
  const token = sessionStorage.getItem(stored) ?? '';
  forget();
  try {
    await send('POST', '/auth/logout', { refresh_token: token });
  } catch (problem) {
    if (problem.status !== 401) throw new Error(`Logged out here only: ${problem.message}`); // 401: it has ended already
  }
}

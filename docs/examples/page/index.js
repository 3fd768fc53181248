import { hasSession, logIn, logOut, me, refresh, signUp } from './api.js';

const element = (id) => document.getElementById(id);
const say = (text) => { element('message').textContent = text; };

// Each step tells its outcome, or why it was refused.
function on(id, event, step) {
  element(id).addEventListener(event, async (e) => {
    e.preventDefault();
    try {
      say(await step(new FormData(id === 'signup' || id === 'login' ? e.target : undefined)));
    } catch (problem) {
      say(problem.message);
    }
    await show();
  });
}

async function show() {
  const user = hasSession() ? await me().catch(() => null) : null;
  element('outside').hidden = user !== null;
  element('inside').hidden = user === null;
  element('me').textContent = user?.email ?? '';
}

on('signup', 'submit', async (form) => {
  await signUp(form.get('email'), form.get('password'));
  return 'A mail is on its way: open its link.';
});
on('login', 'submit', async (form) => {
  await logIn(form.get('email'), form.get('password'));
  return 'Logged in.';
});
on('refresh', 'click', async () => {
  await refresh();
  return 'Refreshed.';
});
on('logout', 'click', async () => {
  await logOut();
  return 'Logged out.';
});
await show();

import { signedUpHere, verify } from './api.js';

const element = (id) => document.getElementById(id);

// The fragment goes to no server. Out of the address bar, it does not stay in the history either.
const { code, email, id } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
history.replaceState(null, '', location.pathname);

element('email').textContent = email;
// Somebody else may have signed up with this address and a password of their own. Only this browser's own sign-up goes
// without the password.
const asks = !signedUpHere(id);
element('proof').hidden = !asks;

// Opening the page does nothing: programs that scan mails open links too.
element('verify').addEventListener('submit', async (e) => {
  e.preventDefault();
  try {
    await verify({ code, email, id, ...(asks && { password: new FormData(e.target).get('password') }) });
    element('verify').hidden = true;
    element('message').textContent = 'Your address is confirmed.';
  } catch (problem) {
    element('message').textContent = problem.message;
  }
});

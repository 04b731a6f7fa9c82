// A link opened from another site's page (a web terminal, a chat) arrives without the cookie, because it is
// SameSite=Strict. A request of our own carries it, so ask once before asking for a token.
const answer = await fetch('/api/info', { headers: { accept: 'application/json' } }).catch(() => null);
if (answer?.ok) location.replace('/' + location.hash);

// One stream per tab: browsers allow six connections to a host, and a tab in the background needs none.

const listeners = new Map();
let source = null;
let run = null;
let wanted = { resource: null, after: 0 };
let retry = 0;

// Until the first list has come, nobody knows whether there is a resource.
export const connection = { state: 'connecting', knowsResources: false, skew: 0, application: '' };

export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
}

const tell = (name, data) => listeners.get(name)?.forEach((listener) => listener(data));

function become(state) {
  if (connection.state === state) return;
  connection.state = state;
  tell('connection', state);
}

/** Which resource's console lines to receive, and after which number. */
export function follow(resource, after = 0) {
  wanted = { resource, after };
  open();
}

function open() {
  clearTimeout(retry);
  source?.close();
  const query = wanted.resource
    ? `?${new URLSearchParams({ console: wanted.resource, after: wanted.after })}`
    : '';
  const mine = (source = new EventSource(`/api/live${query}`));
  const receive = (name, take) =>
    mine.addEventListener(name, (event) => {
      if (mine === source) take(JSON.parse(event.data), event);
    });

  receive('hello', (hello) => {
    if (run !== null && run !== hello.run) {
      location.reload();
      return;
    }
    run = hello.run;
    connection.skew = Date.parse(hello.now) - Date.now();
    connection.application = hello.application;
    become('open');
    tell('hello', hello);
  });
  receive('resources', (data) => {
    connection.knowsResources = true;
    tell('resources', data);
  });
  receive('counts', (data) => tell('counts', data));
  receive('console', (data) => {
    if (data.resource === wanted.resource) {
      wanted.after = data.lines[data.lines.length - 1].number;
      tell('console', data);
    }
  });
  mine.onerror = async () => {
    if (mine !== source || connection.state === 'denied') return;
    become('lost');
    if (mine.readyState !== EventSource.CLOSED) return;
    const answer = await fetch('/api/info').catch(() => null);
    if (answer?.status === 401) become('denied');
    else retry = setTimeout(open, 2000);
  };
}

let asleep = 0;
document.addEventListener('visibilitychange', () => {
  clearTimeout(asleep);
  if (document.hidden) {
    asleep = setTimeout(() => {
      source?.close();
      source = null;
      clearTimeout(retry);
    }, 15_000);
  } else if (source === null && connection.state !== 'denied') {
    open();
  }
});

export async function get(path, query) {
  const entries = Object.entries(query ?? {}).filter(
    ([, value]) => value !== undefined && value !== null && value !== '' && value !== false,
  );
  const text = entries.length ? `?${new URLSearchParams(entries)}` : '';
  const answer = await fetch(path + text, { headers: { accept: 'application/json' } });
  if (answer.status === 401) become('denied');
  if (!answer.ok)
    throw new Error(
      (await answer.json().catch(() => null))?.title ?? `The dashboard answered ${answer.status}.`,
    );
  return answer.json();
}

export async function post(path) {
  const answer = await fetch(path, { method: 'POST' });
  if (answer.status === 401) become('denied');
  if (!answer.ok)
    throw new Error(
      (await answer.json().catch(() => null))?.title ?? `The dashboard answered ${answer.status}.`,
    );
}

/** Runs at once, then at most every so many milliseconds, and once more for what came meanwhile. */
export function throttle(action, ms) {
  let busy = false;
  let again = false;
  return async function run() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await action();
    } catch (failure) {
      tell('failure', failure);
    }
    setTimeout(() => {
      busy = false;
      if (again) {
        again = false;
        run();
      }
    }, ms);
  };
}

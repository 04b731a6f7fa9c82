import { h, icon, patchChildren } from './dom.js';
import { connection, follow, get, on } from './live.js';
import { whole } from './format.js';
import { button } from './parts.js';
import * as resources from './resources.js';
import * as consoles from './console.js';
import * as logs from './logs.js';
import * as traces from './traces.js';
import * as metrics from './metrics.js';

const VIEWS = { resources, console: consoles, logs, traces, metrics };
const NAMES = {
  resources: 'Resources',
  console: 'Console',
  logs: 'Structured logs',
  traces: 'Traces',
  metrics: 'Metrics',
};

export const state = {
  route: { view: 'resources', path: [], query: new URLSearchParams() },
  resources: [],
  counts: null,
  info: null,
  toasts: [],
};

/** Where a link leads: `link('logs', { service })`, `link(['traces', id])`. */
export function link(path, query = {}) {
  const entries = Object.entries(query).filter(([, value]) => value);
  const text = entries.length ? `?${new URLSearchParams(entries)}` : '';
  return `#/${[path].flat().map(encodeURIComponent).join('/')}${text}`;
}

export const go = (path, query) => {
  location.hash = link(path, query);
};

/** Changes filters in place: they belong to the address, not to the history. */
export function refine(changes) {
  const query = Object.fromEntries(state.route.query);
  for (const [name, value] of Object.entries(changes)) query[name] = value;
  history.replaceState(null, '', link([state.route.view, ...state.route.path], query));
  navigate();
}

let painting = false;
export function update() {
  if (painting) return;
  painting = true;
  requestAnimationFrame(() => {
    painting = false;
    paint();
  });
}

let toastNumber = 0;
export function toast(text) {
  const one = { text, number: toastNumber++ };
  state.toasts.push(one);
  setTimeout(() => {
    state.toasts = state.toasts.filter((other) => other !== one);
    update();
  }, 8000);
  update();
}

function navigate() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const [view, ...rest] = path.split('/').map(decodeURIComponent);
  const before = state.route.view;
  state.route = {
    view: VIEWS[view] ? view : 'resources',
    path: rest.filter(Boolean),
    query: new URLSearchParams(query ?? ''),
  };
  if (before !== state.route.view) VIEWS[before].leave?.();
  VIEWS[state.route.view].enter?.(state.route);
  document.title = `${NAMES[state.route.view]} · ${connection.application || 'Dashboard'}`;
  update();
}

const STATES = {
  connecting: ['busy', 'Connecting…'],
  open: ['good', 'Live'],
  lost: ['bad', 'Connection lost, trying again'],
  denied: ['bad', 'Logged out'],
};

function rail() {
  const [tone, text] = STATES[connection.state];
  const failing = state.resources.filter((one) => resources.isProblem(one)).length;
  const errors = state.resources.reduce((sum, one) => sum + one.errors, 0);
  const badges = { resources: failing, logs: errors };
  const titles = { resources: `${failing} need attention`, logs: `${errors} errors logged` };
  return h(
    'nav',
    { class: 'rail', 'aria-label': 'Views', 'data-key': 'rail' },
    h(
      'div',
      { class: 'brand' },
      h('img', { src: '/assets/icon.svg', alt: '', width: 24, height: 24 }),
      h('span', {}, connection.application || 'Dashboard'),
    ),
    Object.entries(NAMES).map(([view, name]) =>
      h(
        'a',
        {
          href: link(view),
          'data-key': view,
          class: 'place',
          title: name,
          'aria-current': state.route.view === view ? 'page' : false,
        },
        icon(view),
        h('span', { class: 'label' }, name),
        badges[view] > 0 &&
          h(
            'span',
            { class: 'count', title: titles[view], 'aria-label': titles[view] },
            badges[view] > 999 ? '999+' : String(badges[view]),
          ),
      ),
    ),
    h('div', { class: 'grow' }),
    kept(),
    h(
      'div',
      { class: `live ${tone}`, role: 'status', title: text },
      h('i', { class: 'dot' }),
      h('span', { class: 'label' }, text),
    ),
  );
}

function kept() {
  const counts = state.counts;
  if (!counts) return null;
  const gone = [
    [counts.logs.forgotten, 'older logs dropped'],
    [counts.traces.forgotten, 'older traces dropped'],
    [counts.traces.spansDropped, 'spans dropped (trace too large)'],
    [counts.metrics.pointsRefused, 'metric points refused (too many series)'],
  ].filter(([count]) => count > 0);
  return (
    gone.length > 0 &&
    h(
      'details',
      { class: 'kept', 'data-key': 'kept' },
      h(
        'summary',
        { title: 'Memory is bounded: the oldest telemetry goes first' },
        `${whole(gone.reduce((sum, [count]) => sum + count, 0))} dropped`,
      ),
      h(
        'ul',
        {},
        gone.map(([count, text]) => h('li', {}, `${whole(count)} ${text}`)),
      ),
    )
  );
}

const denied = () =>
  h(
    'main',
    { class: 'denied', id: 'main', 'data-key': 'denied' },
    h(
      'div',
      { class: 'empty' },
      icon('lock'),
      h('h1', {}, 'You are logged out'),
      h(
        'p',
        {},
        'The application was started again. Open the link that it printed, or log in with its token.',
      ),
      h('p', {}, h('a', { class: 'primary', href: '/login' }, 'Log in')),
    ),
  );

function paint() {
  const view = VIEWS[state.route.view];
  patchChildren(
    document.getElementById('app'),
    connection.state === 'denied'
      ? [denied()]
      : [
          rail(),
          h(
            'main',
            { id: 'main', tabindex: '-1', class: `view ${state.route.view}`, 'data-key': state.route.view },
            view.render(),
          ),
          h(
            'div',
            { class: 'toasts', role: 'alert', 'data-key': 'toasts' },
            state.toasts.map((one) =>
              h(
                'div',
                { class: 'toast', 'data-key': `toast-${one.number}` },
                h('span', {}, one.text),
                button('close', 'Dismiss', () => {
                  state.toasts = state.toasts.filter((other) => other !== one);
                  update();
                }),
              ),
            ),
          ),
        ],
  );
  view.painted?.();
}

on('hello', async () => {
  document.title = `${NAMES[state.route.view]} · ${connection.application}`;
  state.info ??= await get('/api/info').catch(() => null);
  update();
});
on('resources', (data) => {
  state.resources = data;
  update();
});
on('counts', (counts) => {
  state.counts = counts;
  VIEWS[state.route.view].news?.(counts);
  update();
});
on('console', (data) => consoles.receive(data.lines));
on('connection', update);
on('failure', (failure) => {
  if (connection.state === 'open') toast(failure.message);
});

document.addEventListener('keydown', (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/' && !typing) {
    event.preventDefault();
    document.querySelector('main [data-search]')?.focus();
  } else if (event.key === 'Escape') {
    if (typing) event.target.blur();
    else document.querySelector('.inspector [aria-label="Close details"]')?.click();
  } else if (!typing && /^[1-5]$/.test(event.key)) {
    go(Object.keys(NAMES)[event.key - 1]);
  }
});

addEventListener('hashchange', navigate);
addEventListener('resize', update);
setInterval(update, 1000);
follow(null);
navigate();

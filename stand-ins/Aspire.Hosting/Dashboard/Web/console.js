import { h, icon } from './dom.js';
import { connection, follow } from './live.js';
import { clock, exact } from './format.js';
import { empty, page, searchBox, select, toggle, toneOf } from './parts.js';
import { go, link, state, update } from './app.js';

// Thousands of lines: they are appended, never rebuilt, and the page around them leaves them alone.
const MAX_LINES = 5_000;

const output = h('div', {
  class: 'output',
  role: 'log',
  tabindex: '0',
  'aria-label': 'Console output',
  'aria-live': 'off',
  'data-key': 'output',
  'data-opaque': true,
});
let resource = null;
let last = 0;
let count = 0;
let hits = 0;
let filter = '';
let errorsOnly = false;
let following = true;
let stamps = true;
let wrap = true;
let dropped = 0;

export function enter(route) {
  // Without a choice: the first resource that has something to say.
  const name = route.path[0] ?? null;
  if (name === resource) return;
  resource = name;
  clear();
  if (resource !== null) follow(resource);
}

export function leave() {
  resource = null;
  clear();
  follow(null);
}

function clear() {
  output.replaceChildren();
  [last, count, hits, dropped, following] = [0, 0, 0, 0, true];
}

export function receive(lines) {
  const fragment = document.createDocumentFragment();
  for (const line of lines) {
    if (line.number <= last) continue;
    if (last > 0 && line.number > last + 1) {
      fragment.append(h('div', { class: 'line gap' }, `… ${line.number - last - 1} lines were dropped`));
    }
    last = line.number;
    fragment.append(draw(line));
    count++;
  }
  output.append(fragment);
  while (output.childElementCount > MAX_LINES) {
    if (!output.firstChild.hidden) hits--;
    output.firstChild.remove();
    count--;
    dropped++;
  }
  if (following) toEnd();
  update();
}

function draw(line) {
  const at = Date.parse(line.at);
  const node = h(
    'div',
    { class: `line${line.isError ? ' err' : ''}` },
    h('span', { class: 'at', title: exact(at) }, clock(at)),
    h('span', { class: 'text' }, colored(line.text)),
  );
  node.text = line.text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
  sift(node);
  return node;
}

/** The few terminal colors that programs use; other escapes are left out. */
function colored(text) {
  if (!text.includes('\x1b')) return text;
  const parts = [];
  let style = '';
  let from = 0;
  for (const match of text.matchAll(/\x1b\[([0-9;?]*)([A-Za-z])/g)) {
    if (match.index > from)
      parts.push(
        style ? h('span', { class: style }, text.slice(from, match.index)) : text.slice(from, match.index),
      );
    from = match.index + match[0].length;
    if (match[2] === 'm') style = sgr(style, match[1]);
  }
  if (from < text.length)
    parts.push(style ? h('span', { class: style }, text.slice(from)) : text.slice(from));
  return parts;
}

function sgr(style, codes) {
  const classes = new Set(style.split(' ').filter(Boolean));
  for (const code of (codes || '0').split(';').map(Number)) {
    if (code === 0) classes.clear();
    else if (code === 1) classes.add('bold');
    else if (code === 22) classes.delete('bold');
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97) || code === 39) {
      for (const one of [...classes]) if (one.startsWith('fg')) classes.delete(one);
      if (code !== 39) classes.add(`fg${code % 10}`);
    }
  }
  return [...classes].join(' ');
}

function sift(node) {
  if (node.text === undefined) return;
  const found = filter ? node.text.toLowerCase().includes(filter.toLowerCase()) : true;
  const was = node.hidden;
  node.hidden = !found || (errorsOnly && !node.classList.contains('err'));
  if (!node.hidden) hits++;
  const text = node.querySelector('.text');
  if (filter && !node.hidden) {
    text.replaceChildren(...marked(node.text));
    node.marked = true;
  } else if (node.marked) {
    text.replaceChildren(node.text);
    node.marked = false;
  }
  return was;
}

function marked(text) {
  const parts = [];
  const [where, what] = [text.toLowerCase(), filter.toLowerCase()];
  let from = 0;
  for (let at = where.indexOf(what); at >= 0; at = where.indexOf(what, from)) {
    parts.push(text.slice(from, at), h('mark', {}, text.slice(at, at + what.length)));
    from = at + what.length;
  }
  parts.push(text.slice(from));
  return parts;
}

function resift() {
  hits = 0;
  for (const node of output.children) sift(node);
  if (following) toEnd();
  update();
}

const toEnd = () => {
  output.scrollTop = output.scrollHeight;
};

output.addEventListener(
  'scroll',
  () => {
    const atEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 24;
    if (following !== atEnd) {
      following = atEnd;
      update();
    }
  },
  { passive: true },
);

export function painted() {
  output.classList.toggle('no-stamps', !stamps);
  output.classList.toggle('no-wrap', !wrap);
  if (following) toEnd();
}

export function render() {
  if (!state.resources.length)
    return page(
      'Console',
      null,
      null,
      connection.knowsResources
        ? empty('console', 'No resources', 'There is nothing that could write to a console.')
        : empty('clock', 'Connecting…'),
    );
  if (resource === null) {
    const first = state.resources.find((one) => one.processId) ?? state.resources[0];
    queueMicrotask(() => {
      if (state.route.view === 'console' && !state.route.path.length)
        location.replace(link(['console', first.name]));
    });
  }

  const current = state.resources.find((one) => one.name === resource);
  const isFiltered = filter || errorsOnly;
  const note = isFiltered
    ? `${hits} of ${count} lines`
    : count
      ? `${count} lines${dropped ? `, ${dropped} older ones dropped` : ''}`
      : null;
  const tools = [
    searchBox(filter, 'Search lines', (value) => {
      filter = value;
      resift();
    }),
    toggle(errorsOnly, 'Errors only', () => {
      errorsOnly = !errorsOnly;
      resift();
    }),
    toggle(
      stamps,
      'Times',
      () => {
        stamps = !stamps;
        update();
      },
      'clock',
    ),
    toggle(
      wrap,
      'Wrap',
      () => {
        wrap = !wrap;
        update();
      },
      'wrap',
    ),
    toggle(
      following,
      'Follow',
      () => {
        following = !following;
        if (following) toEnd();
        update();
      },
      'down',
    ),
    resource &&
      h(
        'a',
        {
          class: 'toggle',
          href: `/api/resources/${encodeURIComponent(resource)}/console.txt`,
          download: `${resource}.log`,
        },
        icon('download'),
        'Download',
      ),
  ];
  return page(
    'Console',
    note,
    tools,
    h(
      'div',
      { class: 'split', 'data-key': 'split' },
      h(
        'nav',
        { class: 'sublist', 'aria-label': 'Resources', 'data-key': 'sublist' },
        state.resources.map((one) =>
          h(
            'a',
            {
              href: link(['console', one.name]),
              'data-key': one.name,
              'aria-current': one.name === resource ? 'true' : false,
              class: toneOf(one),
              title: `${one.name}: ${one.state}`,
            },
            h('i', { class: 'dot' }),
            h('span', { class: 'clip' }, one.name),
          ),
        ),
      ),
      h(
        'div',
        { class: 'narrow-only', 'data-key': 'choice' },
        select(
          resource ?? '',
          'Resource',
          state.resources.map((one) => [one.name, one.name]),
          (name) => go(['console', name]),
        ),
      ),
      h(
        'div',
        { class: 'terminal', 'data-key': 'terminal' },
        h(
          'div',
          { class: 'output-place', 'data-key': 'place' },
          output.isConnected ? placeholder() : output,
          count === 0 && h('div', { class: 'quiet', 'data-key': 'quiet' }, quiet(current)),
          count > 0 &&
            hits === 0 &&
            h(
              'div',
              { class: 'quiet', 'data-key': 'quiet' },
              'No line matches. Clear the search to see all.',
            ),
        ),
      ),
    ),
  );
}

// Stands for the real one when the page is compared with its successor.
const placeholder = () =>
  h('div', {
    'data-key': 'output',
    'data-opaque': true,
    class: output.className,
    role: 'log',
    tabindex: '0',
    'aria-label': 'Console output',
    'aria-live': 'off',
  });

function quiet(current) {
  if (!current) return 'There is no such resource.';
  if (current.processId) return `${current.name} has not written anything yet.`;
  return current.commands.includes('start')
    ? `${current.name} is not running: start it under Resources.`
    : `${current.name} has written nothing: it is no process of its own, or has not started.`;
}

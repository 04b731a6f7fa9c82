import { h, icon } from './dom.js';
import { clock, exact, isWeb } from './format.js';

/** Each service keeps one color everywhere on the page. */
const colors = new Map();
export const COLORS = 12;

export function learnServices(names) {
  for (const name of names) if (!colors.has(name)) colors.set(name, colors.size % COLORS);
}

export function colorOf(service) {
  learnServices([service]);
  return `c${colors.get(service)}`;
}

export const service = (name, extra) =>
  h('span', { class: `service ${colorOf(name)}` }, h('i', { class: 'dot' }), h('span', {}, name), extra);

const TONES = {
  running: 'good',
  active: 'good',
  healthy: 'good',
  starting: 'busy',
  stopping: 'busy',
  waiting: 'busy',
  restarting: 'busy',
  building: 'busy',
  finished: 'done',
  exited: 'off',
  notstarted: 'off',
  stopped: 'off',
  failedtostart: 'bad',
  failed: 'bad',
  crashed: 'bad',
  unhealthy: 'bad',
  runtimeunhealthy: 'bad',
  degraded: 'warn',
};

/** What the colour of a resource says; its words say the same. */
export function toneOf(resource) {
  const state = resource.state.toLowerCase().replace(/[^a-z]/g, '');
  const tone = TONES[state] ?? 'off';
  if ((state === 'exited' || state === 'finished') && (resource.exitCode ?? 0) !== 0) return 'bad';
  if (tone === 'good' && /unhealthy|degraded/i.test(resource.health ?? '')) return 'warn';
  return tone;
}

export const stateBadge = (resource) =>
  h('span', { class: `badge ${toneOf(resource)}` }, h('i', { class: 'dot' }), words(resource.state));

export const healthTone = (health) => TONES[(health ?? '').toLowerCase()] ?? 'off';

/** FailedToStart → Failed to start. */
export function words(name) {
  const text = name.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const LEVELS = {
  Critical: 'crit',
  Error: 'bad',
  Warning: 'warn',
  Information: 'info',
  Debug: 'off',
  Trace: 'off',
};
export const LEVEL_NAMES = Object.keys(LEVELS).reverse();
export const levelTone = (level) => LEVELS[level] ?? 'off';
export const levelBadge = (level) =>
  h('span', { class: `level ${levelTone(level)}` }, level === 'Information' ? 'Info' : level);

export const button = (name, label, onclick, props) =>
  h(
    'button',
    { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick, ...props },
    icon(name),
  );

export const copyButton = (text, what) =>
  button(
    'copy',
    `Copy ${what}`,
    async (event) => {
      const target = event.currentTarget;
      await navigator.clipboard.writeText(text);
      target.classList.add('copied');
      setTimeout(() => target.classList.remove('copied'), 1200);
    },
    { class: 'icon-button small' },
  );

export const moment = (ms, options) =>
  h('time', { datetime: new Date(ms).toISOString(), title: exact(ms) }, clock(ms, options));

/** A link when it is a web address, else plain text. */
export const address = (url, text = url) =>
  isWeb(url)
    ? h('a', { href: url, target: '_blank', rel: 'noreferrer noopener', title: url }, text)
    : h('span', { class: 'mono', title: url }, text);

export const empty = (name, title, ...text) =>
  h(
    'div',
    { class: 'empty' },
    icon(name),
    h('h2', {}, title),
    text.map((one) => (one?.nodeType ? one : h('p', {}, one))),
  );

export function attributes(list, label, links) {
  if (!list.length) return null;
  return h(
    'table',
    { class: 'attributes', 'aria-label': label },
    h(
      'tbody',
      {},
      list.map(({ key, value }) =>
        h('tr', {}, h('th', { scope: 'row' }, key), h('td', { class: 'mono' }, links?.(key, value) ?? value)),
      ),
    ),
  );
}

export const section = (title, ...content) => {
  const filled = content.flat().filter(Boolean);
  return filled.length ? h('section', {}, h('h3', {}, title), filled) : null;
};

export const facts = (...pairs) =>
  h(
    'dl',
    { class: 'facts' },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );

export function inspector(title, subtitle, close, ...content) {
  return h(
    'aside',
    {
      class: 'inspector',
      'data-key': 'inspector',
      'aria-label': title,
      onkeydown: (event) => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          close();
        }
      },
    },
    h(
      'header',
      {},
      h('div', { class: 'grow' }, h('h2', {}, title), subtitle),
      button('close', 'Close details', close),
    ),
    h('div', { class: 'body' }, content),
  );
}

export const searchBox = (value, label, oninput) =>
  h(
    'div',
    { class: 'search' },
    icon('search'),
    h('input', {
      type: 'search',
      value,
      placeholder: label,
      'aria-label': label,
      'data-search': true,
      spellcheck: 'false',
      autocomplete: 'off',
      oninput: (event) => oninput(event.target.value),
    }),
  );

export const select = (value, label, options, onchange) =>
  h(
    'select',
    { 'aria-label': label, title: label, onchange: (event) => onchange(event.target.value) },
    options.map(([key, text]) => h('option', { value: key, selected: key === value }, text)),
  );

export const toggle = (pressed, label, onclick, name) =>
  h(
    'button',
    { type: 'button', class: 'toggle', 'aria-pressed': String(pressed), onclick },
    name && icon(name),
    label,
  );

/** Table rows that open something: click, Enter, and the arrow keys between them. */
export const row = (props, open, ...cells) =>
  h(
    'tr',
    {
      ...props,
      tabindex: '0',
      'data-row': true,
      onclick: (event) => {
        if (!event.target.closest('a,button')) open();
      },
      onkeydown: (event) => {
        if (event.target !== event.currentTarget) return;
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          open();
        }
        const next =
          event.key === 'ArrowDown'
            ? 'nextElementSibling'
            : event.key === 'ArrowUp'
              ? 'previousElementSibling'
              : null;
        if (next) {
          event.preventDefault();
          event.currentTarget[next]?.focus();
        }
      },
    },
    cells,
  );

export const page = (title, note, tools, ...content) => [
  h(
    'header',
    { class: 'topbar', 'data-key': 'bar' },
    h('h1', {}, title),
    note && h('span', { class: 'note' }, note),
    h('div', { class: 'tools' }, tools),
  ),
  h('div', { class: 'content', 'data-key': 'content' }, content),
];

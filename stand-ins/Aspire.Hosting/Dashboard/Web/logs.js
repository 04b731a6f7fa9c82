import { h, icon } from './dom.js';
import { get, throttle } from './live.js';
import { whole } from './format.js';
import {
  attributes,
  copyButton,
  empty,
  facts,
  inspector,
  learnServices,
  levelBadge,
  levelTone,
  LEVEL_NAMES,
  moment,
  page,
  row,
  searchBox,
  section,
  select,
  service,
  toggle,
} from './parts.js';
import { link, refine, state, update } from './app.js';

const AT_ONCE = 200;
const MAX_ROWS = 1_000;

let rows = [];
let services = [];
let loaded = null;
let hasOlder = false;
let paused = false;
let waiting = 0;
let selected = null;
let shownChanges = 0;

const query = () => ({
  service: state.route.query.get('service') ?? '',
  level: state.route.query.get('level') ?? '',
  text: state.route.query.get('text') ?? '',
  trace: state.route.query.get('trace') ?? '',
  span: state.route.query.get('span') ?? '',
});

export function enter() {
  const wanted = JSON.stringify(query());
  if (loaded === wanted) {
    if (!paused) refresh();
    return;
  }
  load(wanted);
}

// Services send in batches: the order of arrival is not the order of events.
const inOrder = (logs) => logs.sort((a, b) => b.time - a.time || b.number - a.number);

async function load(wanted) {
  loaded = wanted;
  const data = await get('/api/logs', { ...query(), limit: AT_ONCE }).catch(() => null);
  if (loaded !== wanted || !data) return;
  rows = inOrder(data.logs);
  services = data.services;
  learnServices(services);
  hasOlder = rows.length === AT_ONCE;
  waiting = 0;
  shownChanges = state.counts?.logs.changes ?? 0;
  update();
}

const refresh = throttle(async () => {
  const wanted = loaded;
  const data = await get('/api/logs', {
    ...query(),
    after: rows.reduce((most, one) => Math.max(most, one.number), 0),
    limit: MAX_ROWS,
  });
  if (loaded !== wanted || paused) return;
  services = data.services;
  learnServices(services);
  if (!data.logs.length) return;
  rows = inOrder([...data.logs, ...rows]);
  if (rows.length > MAX_ROWS) {
    rows.length = MAX_ROWS;
    hasOlder = true;
  }
  update();
}, 500);

export function news(counts) {
  if (paused) waiting = Math.max(0, counts.logs.changes - shownChanges);
  else {
    shownChanges = counts.logs.changes;
    refresh();
  }
}

async function older() {
  const wanted = loaded;
  const data = await get('/api/logs', {
    ...query(),
    before: rows.reduce((least, one) => Math.min(least, one.number), Infinity),
    limit: AT_ONCE,
  }).catch(() => null);
  if (loaded !== wanted || !data) return;
  // What is scrolled back to stays: news wait until they are asked for.
  paused = true;
  rows = inOrder([...rows, ...data.logs]);
  hasOlder = data.logs.length === AT_ONCE;
  update();
}

function resume() {
  paused = !paused;
  if (!paused) load(JSON.stringify(query()));
  update();
}

let typing = 0;
function search(value) {
  clearTimeout(typing);
  typing = setTimeout(() => refine({ text: value }), 200);
}

export function render() {
  const now = query();
  const known = now.service && !services.includes(now.service) ? [...services, now.service] : services;
  const tools = [
    now.trace &&
      h(
        'button',
        {
          type: 'button',
          class: 'filter-chip',
          title: 'Show all traces again',
          onclick: () => refine({ trace: '', span: '' }),
        },
        `trace ${now.trace.slice(0, 8)}`,
        icon('close'),
      ),
    select(now.service, 'Service', [['', 'All services'], ...known.map((one) => [one, one])], (value) =>
      refine({ service: value }),
    ),
    select(
      now.level,
      'Minimum level',
      [
        ['', 'All levels'],
        ...LEVEL_NAMES.slice(1).map((one) => [one, one === 'Critical' ? one : `${one} and up`]),
      ],
      (value) => refine({ level: value }),
    ),
    searchBox(now.text, 'Filter messages', search),
    toggle(
      !paused,
      paused ? (waiting ? `${whole(waiting)} new` : 'Paused') : 'Live',
      resume,
      paused ? 'start' : 'pause',
    ),
  ];
  const current = rows.find((one) => one.number === selected);
  const note = state.counts ? `${whole(state.counts.logs.kept)} kept` : null;
  return page(
    'Structured logs',
    note,
    tools,
    h(
      'div',
      { class: 'split', 'data-key': 'split' },
      h('div', { class: 'scroll', 'data-key': 'table' }, rows.length ? table() : nothing(now)),
      current && details(current),
    ),
  );
}

function nothing(now) {
  if (loaded === null) return empty('clock', 'Loading…');
  if (Object.values(now).some(Boolean)) {
    return empty(
      'search',
      'No log matches',
      h(
        'p',
        {},
        h(
          'button',
          {
            type: 'button',
            class: 'primary',
            onclick: () => refine({ service: '', level: '', text: '', trace: '', span: '' }),
          },
          'Clear filters',
        ),
      ),
    );
  }
  return empty(
    'logs',
    'No structured logs yet',
    'They appear here as soon as a service sends them over OTLP. Start a resource, or check OTEL_EXPORTER_OTLP_ENDPOINT in its environment.',
    state.info && h('p', { class: 'mono muted' }, state.info.otlp.grpc),
  );
}

const exception = (log) => log.attributes.find((one) => one.key === 'exception.type')?.value;

const table = () =>
  h(
    'table',
    { class: 'rows fixed logs', 'aria-label': 'Structured logs', 'data-key': 'rows' },
    h(
      'colgroup',
      {},
      ['time', 'svc', 'lvl', 'msg', 'trc'].map((name) => h('col', { class: name })),
    ),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ['Time', 'Service', 'Level', 'Message', 'Trace'].map((name) => h('th', { scope: 'col' }, name)),
      ),
    ),
    h(
      'tbody',
      {},
      rows.map((log) =>
        row(
          {
            'data-key': String(log.number),
            'aria-selected': String(log.number === selected),
            class: `tone-${levelTone(log.level)}`,
          },
          () => {
            selected = selected === log.number ? null : log.number;
            update();
          },
          h('td', { class: 'mono muted' }, moment(log.time)),
          h('td', {}, service(log.service)),
          h('td', {}, levelBadge(log.level)),
          h(
            'td',
            { class: 'clip' },
            log.message.split('\n', 1)[0],
            exception(log) && h('span', { class: 'muted' }, `  ${exception(log)}`),
          ),
          h(
            'td',
            {},
            log.trace
              ? h(
                  'a',
                  { class: 'mono', href: link(['traces', log.trace], { span: log.span }) },
                  log.trace.slice(0, 8),
                )
              : h('span', { class: 'none' }, '–'),
          ),
        ),
      ),
      hasOlder &&
        h(
          'tr',
          { 'data-key': 'older' },
          h(
            'td',
            { colspan: '5', class: 'more' },
            h('button', { type: 'button', class: 'toggle', onclick: older }, 'Load older'),
          ),
        ),
    ),
  );

export function logDetails(log, close) {
  const stack = log.attributes.find((one) => one.key === 'exception.stacktrace')?.value;
  return inspector(
    'Log entry',
    h(
      'span',
      { class: 'subtitle' },
      levelBadge(log.level),
      service(log.service),
      h('span', { class: 'muted mono' }, moment(log.time)),
    ),
    close,
    section(
      'Message',
      h('div', { class: 'copyable' }, h('pre', {}, log.message), copyButton(log.message, 'message')),
    ),
    stack &&
      section(
        'Exception',
        h(
          'div',
          { class: 'copyable' },
          h('pre', { class: 'failure' }, stack),
          copyButton(stack, 'stack trace'),
        ),
      ),
    section(
      'Source',
      facts(
        ['Category', log.category && h('span', { class: 'mono' }, log.category)],
        ['Instance', log.instance && h('span', { class: 'mono' }, log.instance)],
        [
          'Trace',
          log.trace &&
            h('a', { class: 'mono', href: link(['traces', log.trace], { span: log.span }) }, log.trace),
        ],
        ['Span', log.span && h('span', { class: 'mono' }, log.span)],
      ),
    ),
    section(
      'Attributes',
      attributes(
        log.attributes.filter((one) => one.key !== 'exception.stacktrace'),
        'Attributes of the log entry',
      ),
    ),
  );
}

const details = (log) =>
  logDetails(log, () => {
    selected = null;
    update();
  });

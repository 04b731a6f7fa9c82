import { h, icon } from './dom.js';
import { get, throttle } from './live.js';
import { clock, duration, whole } from './format.js';
import {
  attributes,
  button,
  colorOf,
  copyButton,
  empty,
  facts,
  inspector,
  learnServices,
  levelBadge,
  levelTone,
  moment,
  page,
  row,
  searchBox,
  section,
  select,
  service,
  toggle,
} from './parts.js';
import { go, link, refine, state, update } from './app.js';

const AT_ONCE = 200;
const SLOWER = [
  ['', 'Any duration'],
  ['10', '≥ 10 ms'],
  ['100', '≥ 100 ms'],
  ['1000', '≥ 1 s'],
  ['10000', '≥ 10 s'],
];

let list = [];
let services = [];
let loaded = null;
let limit = AT_ONCE;
let paused = false;

let trace = null;
let traceId = null;
let missing = null;
const collapsed = new Set();
let spanFilter = '';

const query = () => ({
  service: state.route.query.get('service') ?? '',
  text: state.route.query.get('text') ?? '',
  errors: state.route.query.get('errors') ?? '',
  minimum: state.route.query.get('minimum') ?? '',
});

export function enter(route) {
  const id = route.path[0] ?? null;
  if (id) {
    if (id !== traceId) {
      traceId = id;
      trace = missing = null;
      spanFilter = '';
      collapsed.clear();
      loadTrace();
    }
    return;
  }
  traceId = null;
  const wanted = JSON.stringify(query());
  if (wanted !== loaded) {
    limit = AT_ONCE;
    loaded = wanted;
  }
  load();
}

const load = throttle(async () => {
  const wanted = loaded;
  const data = await get('/api/traces', { ...query(), limit });
  if (wanted !== loaded) return load();
  list = data.traces;
  services = data.services;
  learnServices(services);
  update();
}, 700);

const loadTrace = throttle(async () => {
  const id = traceId;
  if (!id) return;
  try {
    const data = await get(`/api/traces/${encodeURIComponent(id)}`);
    if (id !== traceId) return loadTrace();
    learnServices(data.summary.services.map((one) => one.service));
    trace = data;
  } catch (failure) {
    if (id === traceId && !trace) missing = failure.message;
  }
  update();
}, 1000);

let seen = 0;
export function news(counts) {
  if (counts.traces.changes === seen) return;
  seen = counts.traces.changes;
  if (traceId) loadTrace();
  else if (!paused) load();
}

export const render = () => (traceId ? waterfallPage() : listPage());

// --- list

let typing = 0;
function search(value) {
  clearTimeout(typing);
  typing = setTimeout(() => refine({ text: value }), 200);
}

function listPage() {
  const now = query();
  const known = now.service && !services.includes(now.service) ? [...services, now.service] : services;
  const tools = [
    select(now.service, 'Service', [['', 'All services'], ...known.map((one) => [one, one])], (value) =>
      refine({ service: value }),
    ),
    select(now.minimum, 'Duration', SLOWER, (value) => refine({ minimum: value })),
    toggle(now.errors === 'true', 'With errors', () => refine({ errors: now.errors ? '' : 'true' })),
    searchBox(now.text, 'Filter by span, attribute, id', search),
    toggle(
      !paused,
      paused ? 'Paused' : 'Live',
      () => {
        paused = !paused;
        if (!paused) load();
        update();
      },
      paused ? 'start' : 'pause',
    ),
  ];
  const note = state.counts ? `${whole(state.counts.traces.kept)} kept` : null;
  return page(
    'Traces',
    note,
    tools,
    h('div', { class: 'scroll', 'data-key': 'table' }, list.length ? table() : nothing(now)),
  );
}

function nothing(now) {
  if (loaded === null) return empty('clock', 'Loading…');
  if (Object.values(now).some(Boolean)) {
    return empty(
      'search',
      'No trace matches',
      h(
        'p',
        {},
        h(
          'button',
          {
            type: 'button',
            class: 'primary',
            onclick: () => refine({ service: '', text: '', errors: '', minimum: '' }),
          },
          'Clear filters',
        ),
      ),
    );
  }
  return empty(
    'traces',
    'No traces yet',
    'Send a request to one of the services: its way through all of them appears here. Services without traces need OTEL_EXPORTER_OTLP_ENDPOINT in their environment.',
    state.info && h('p', { class: 'mono muted' }, state.info.otlp.grpc),
  );
}

function table() {
  const longest = Math.max(...list.map((one) => one.duration), 0.001);
  return h(
    'table',
    { class: 'rows fixed traces', 'aria-label': 'Traces', 'data-key': 'rows' },
    h(
      'colgroup',
      {},
      ['time', 'root', 'svcs', 'spans', 'length'].map((name) => h('col', { class: name })),
    ),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, 'Start'),
        h('th', { scope: 'col' }, 'Name'),
        h('th', { scope: 'col' }, 'Services'),
        h('th', { scope: 'col', class: 'number' }, 'Spans'),
        h('th', { scope: 'col' }, 'Duration'),
      ),
    ),
    h(
      'tbody',
      {},
      list.map((one) =>
        row(
          { 'data-key': one.id },
          () => go(['traces', one.id]),
          h('td', { class: 'mono muted' }, moment(one.start)),
          h(
            'td',
            { class: 'clip' },
            service(one.service),
            '  ',
            h('a', { class: 'name', href: link(['traces', one.id]) }, one.name),
            ' ',
            h('span', { class: 'mono faint' }, one.id.slice(0, 7)),
          ),
          h(
            'td',
            { class: 'clip' },
            h(
              'span',
              { class: 'shares' },
              one.services.map((share) =>
                h(
                  'span',
                  {
                    class: `share ${colorOf(share.service)}${share.errors ? ' failed' : ''}`,
                    title: `${share.service}: ${share.spans} spans${share.errors ? `, ${share.errors} failed` : ''}`,
                  },
                  h('i', { class: 'dot' }),
                  share.service,
                  h('b', {}, String(share.spans)),
                ),
              ),
            ),
          ),
          h(
            'td',
            { class: 'number' },
            one.errors > 0 &&
              h(
                'span',
                { class: 'failed-mark', title: `${one.errors} failed` },
                icon('error'),
                h('span', { class: 'visually-hidden' }, `${one.errors} failed`),
              ),
            String(one.spans),
          ),
          h(
            'td',
            {},
            h(
              'span',
              { class: `length ${colorOf(one.service)}` },
              h('i', {
                class: 'bar',
                style: { width: `${Math.max(1.5, (one.duration / longest) * 100)}px` },
              }),
              h('span', {}, duration(one.duration)),
            ),
          ),
        ),
      ),
      list.length >= limit &&
        limit < 1000 &&
        h(
          'tr',
          { 'data-key': 'older' },
          h(
            'td',
            { colspan: '5', class: 'more' },
            h(
              'button',
              {
                type: 'button',
                class: 'toggle',
                onclick: () => {
                  limit = 1000;
                  load();
                },
              },
              'Load more',
            ),
          ),
        ),
    ),
  );
}

// --- one trace

function tree() {
  const byId = new Map(trace.spans.map((span) => [span.id, span]));
  const children = new Map();
  for (const span of trace.spans) {
    const parent = span.parent && byId.has(span.parent) && span.parent !== span.id ? span.parent : null;
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(span);
  }
  const flat = [];
  const visited = new Set();
  const walk = (span, depth) => {
    if (visited.has(span.id)) return;
    visited.add(span.id);
    const below = children.get(span.id) ?? [];
    flat.push({ span, depth, below: below.length, orphan: depth === 0 && span.parent !== null });
    if (!collapsed.has(span.id)) for (const child of below) walk(child, depth + 1);
    else hide(below);
  };
  const hide = (spans) => {
    for (const span of spans)
      if (!visited.has(span.id)) {
        visited.add(span.id);
        hide(children.get(span.id) ?? []);
      }
  };
  for (const root of children.get(null) ?? []) walk(root, 0);
  // Spans that name each other as parents hang nowhere: show them rather than lose them.
  for (const span of trace.spans) walk(span, 0);
  return flat;
}

function waterfallPage() {
  const back = h(
    'a',
    { class: 'icon-button', href: link('traces'), 'aria-label': 'All traces', title: 'All traces' },
    icon('back'),
  );
  if (!trace)
    return page(
      h('span', { class: 'crumb' }, back, 'Trace'),
      null,
      null,
      missing
        ? empty(
            'traces',
            'This trace is not here',
            missing,
            'Memory is bounded, so the oldest traces go first.',
          )
        : empty('clock', 'Loading…'),
    );

  const { summary } = trace;
  const spans = tree();
  const text = spanFilter.toLowerCase();
  const matches = (span) =>
    !text ||
    `${span.name} ${span.service} ${span.attributes.map((one) => one.value).join(' ')}`
      .toLowerCase()
      .includes(text);
  const selected = trace.spans.find((span) => span.id === state.route.query.get('span'));
  const tools = [
    searchBox(spanFilter, 'Find in this trace', (value) => {
      spanFilter = value;
      update();
    }),
    h(
      'a',
      { class: 'toggle', href: link('logs', { trace: summary.id }) },
      icon('logs'),
      `Logs ${trace.logs.length}`,
    ),
  ];
  return page(
    h('span', { class: 'crumb' }, back, h('span', { class: 'clip', title: summary.name }, summary.name)),
    null,
    tools,
    h(
      'div',
      { class: 'trace-facts', 'data-key': 'facts' },
      h('span', {}, moment(summary.start)),
      h('span', {}, h('b', {}, duration(summary.duration))),
      h('span', {}, `${whole(summary.spans)} spans`),
      summary.errors > 0 && h('span', { class: 'wrong' }, icon('error'), `${summary.errors} failed`),
      summary.dropped > 0 &&
        h(
          'span',
          { class: 'wrong', title: 'A trace keeps a limited number of spans' },
          `${whole(summary.dropped)} spans dropped`,
        ),
      h(
        'span',
        { class: 'shares' },
        summary.services.map((one) =>
          h(
            'span',
            { class: `share ${colorOf(one.service)}` },
            h('i', { class: 'dot' }),
            one.service,
            h('b', {}, String(one.spans)),
          ),
        ),
      ),
      h('span', { class: 'grow' }),
      h('span', { class: 'mono muted' }, summary.id),
      copyButton(summary.id, 'trace id'),
    ),
    h(
      'div',
      { class: 'split', 'data-key': 'split' },
      h(
        'div',
        { class: 'scroll', 'data-key': 'table' },
        h(
          'table',
          { class: 'waterfall', 'aria-label': 'Spans', 'data-key': 'rows' },
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              h('th', { scope: 'col' }, 'Span'),
              h(
                'th',
                { scope: 'col' },
                h(
                  'span',
                  { class: 'ticks' },
                  [0, 0.25, 0.5, 0.75, 1].map((part) =>
                    h('span', { style: { left: `${part * 100}%` } }, duration(summary.duration * part)),
                  ),
                ),
              ),
            ),
          ),
          h(
            'tbody',
            {},
            spans.map((one) => spanRow(one, summary, selected, !matches(one.span))),
          ),
        ),
      ),
      selected && details(selected),
    ),
  );
}

function spanRow({ span, depth, below, orphan }, summary, selected, dimmed) {
  const total = Math.max(summary.duration, 0.001);
  const left = ((span.start - summary.start) / total) * 100;
  const width = (span.duration / total) * 100;
  const isOpen = !collapsed.has(span.id);
  const fold = (event) => {
    event.stopPropagation();
    if (isOpen) collapsed.add(span.id);
    else collapsed.delete(span.id);
    update();
  };
  const marks = [
    ...span.events.map((one) => [one.time, one.name, '']),
    ...trace.logs
      .filter((log) => log.span === span.id)
      .map((log) => [log.time, log.message, levelTone(log.level)]),
  ];
  const failed = span.status === 'error';
  const open = () => refine({ span: selected?.id === span.id ? '' : span.id });
  const tr = row(
    {
      'data-key': span.id,
      'aria-selected': String(selected?.id === span.id),
      class: `${colorOf(span.service)}${failed ? ' failed' : ''}${dimmed ? ' dimmed' : ''}`,
    },
    open,
    h(
      'td',
      {},
      h(
        'span',
        { class: 'span-name', style: { '--depth': String(Math.min(depth, 16)) } },
        below > 0
          ? h(
              'button',
              {
                type: 'button',
                class: `fold${isOpen ? ' open' : ''}`,
                'aria-expanded': String(isOpen),
                'aria-label': `${below} child spans of ${span.name}`,
                onclick: fold,
              },
              icon('right'),
            )
          : h('span', { class: 'fold' }),
        h('i', { class: 'stripe' }),
        failed && icon('error'),
        h(
          'span',
          { class: 'clip', title: `${span.service}: ${span.name}` },
          h('b', {}, span.service),
          ' ',
          span.name,
          orphan &&
            h(
              'span',
              { class: 'muted', title: 'The span that caused this one has not arrived' },
              ' (parent missing)',
            ),
        ),
      ),
    ),
    h(
      'td',
      {},
      h(
        'span',
        { class: 'lane' },
        h('i', { class: 'bar', style: { left: `${left}%`, width: `max(2px, ${width}%)` } }),
        marks.map(([time, name, tone]) =>
          h('i', {
            class: `mark ${tone}`,
            title: `${clock(time)} ${name}`,
            style: { left: `${Math.min(100, Math.max(0, ((time - summary.start) / total) * 100))}%` },
          }),
        ),
        h(
          'span',
          {
            class: 'took',
            style:
              left + width < 82
                ? { left: `calc(${left + width}% + 6px)` }
                : left > 18
                  ? { right: `calc(${100 - left}% + 6px)` }
                  : { right: `calc(${100 - left - width}% + 6px)` },
          },
          duration(span.duration),
        ),
      ),
    ),
  );
  const plain = tr.onkeydown;
  tr.onkeydown = (event) => {
    if (
      event.target === event.currentTarget &&
      below > 0 &&
      ((event.key === 'ArrowLeft' && isOpen) || (event.key === 'ArrowRight' && !isOpen))
    )
      fold(event);
    else plain(event);
  };
  return tr;
}

function details(span) {
  const logs = trace.logs.filter((log) => log.span === span.id);
  const offset = (time) => `+${duration(Math.max(0, time - span.start))}`;
  return inspector(
    span.name,
    h(
      'span',
      { class: 'subtitle' },
      service(span.service),
      span.kind && h('span', { class: 'tag' }, span.kind),
      h('b', {}, duration(span.duration)),
    ),
    () => refine({ span: '' }),
    section(
      'Span',
      facts(
        [
          'Status',
          span.status === 'error'
            ? h(
                'span',
                { class: 'wrong' },
                icon('error'),
                `error${span.statusMessage ? `: ${span.statusMessage}` : ''}`,
              )
            : span.status,
        ],
        ['Starts', `+${duration(Math.max(0, span.start - trace.summary.start))}`],
        ['At', moment(span.start)],
        ['Source', span.scope && h('span', { class: 'mono' }, span.scope)],
        ['Span id', h('span', { class: 'mono' }, span.id)],
        [
          'Parent',
          span.parent &&
            h(
              'button',
              { type: 'button', class: 'linklike mono', onclick: () => refine({ span: span.parent }) },
              span.parent,
            ),
        ],
      ),
    ),
    section('Attributes', attributes(span.attributes, 'Attributes of the span')),
    section(
      `Events (${span.events.length})`,
      span.events.map((one) =>
        h(
          'div',
          { class: 'event' },
          h('p', {}, h('span', { class: 'mono muted' }, offset(one.time)), ' ', h('b', {}, one.name)),
          attributes(one.attributes, `Attributes of ${one.name}`),
        ),
      ),
    ),
    section(
      `Logs (${logs.length})`,
      logs.map((log) =>
        h(
          'div',
          { class: 'event' },
          h(
            'p',
            {},
            h('span', { class: 'mono muted' }, offset(log.time)),
            ' ',
            levelBadge(log.level),
            ' ',
            log.message,
          ),
        ),
      ),
    ),
    section(
      `Links (${span.links.length})`,
      span.links.map((one) =>
        h(
          'div',
          { class: 'event' },
          h(
            'p',
            {},
            h('a', { class: 'mono', href: link(['traces', one.trace], { span: one.span }) }, one.trace),
          ),
          attributes(one.attributes, 'Attributes of the link'),
        ),
      ),
    ),
    section('Resource', attributes(span.resource, 'Attributes of the sender')),
  );
}

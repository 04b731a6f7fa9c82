import { h } from './dom.js';
import { get, throttle } from './live.js';
import { unitFormat, whole } from './format.js';
import { chart } from './chart.js';
import { COLORS, empty, learnServices, page, searchBox, select, toggle } from './parts.js';
import { link, refine, state, update } from './app.js';

const WINDOWS = [
  ['5', 'Last 5 min'],
  ['15', 'Last 15 min'],
  ['30', 'Last 30 min'],
];
const QUANTILES = [
  ['p99', 'c3'],
  ['p90', 'c1'],
  ['p50', 'c0'],
];

let names = null;
let drawing = null;
let wanted = null;
let filter = '';
let form = 'rate';
let onlySet = '';
const hidden = new Set();

const query = () => ({
  service: state.route.query.get('service') ?? '',
  meter: state.route.query.get('meter') ?? '',
  instrument: state.route.query.get('instrument') ?? '',
  minutes: state.route.query.get('minutes') ?? '5',
});

let timer = 0;

export function enter() {
  const now = query();
  const asked = JSON.stringify([now.service, now.meter, now.instrument]);
  if (asked !== wanted) {
    wanted = asked;
    drawing = null;
    onlySet = '';
    hidden.clear();
  }
  load();
  clearInterval(timer);
  timer = setInterval(load, 3000);
}

export function leave() {
  clearInterval(timer);
}

const load = throttle(async () => {
  const now = query();
  names = (await get('/api/metrics')).services;
  learnServices(names.map((one) => one.service));
  if (now.instrument) {
    const data = await get('/api/metrics/chart', { ...now, set: onlySet }).catch(() => null);
    if (JSON.stringify(query()) !== JSON.stringify(now)) return load();
    drawing = data;
  }
  update();
}, 800);

export const news = () => load();

export function render() {
  if (names === null) return page('Metrics', null, null, empty('clock', 'Loading…'));
  if (!names.length) {
    return page(
      'Metrics',
      null,
      null,
      empty(
        'metrics',
        'No metrics yet',
        'Services send them over OTLP every few seconds. Start a resource, or check OTEL_EXPORTER_OTLP_ENDPOINT in its environment.',
        state.info && h('p', { class: 'mono muted' }, state.info.otlp.grpc),
      ),
    );
  }

  const now = query();
  const current = names.find((one) => one.service === now.service) ?? (now.service ? null : names[0]);
  const tools = [
    select(now.minutes, 'Time window', WINDOWS, (value) => refine({ minutes: value === '5' ? '' : value })),
  ];
  const note = state.counts ? `${whole(state.counts.metrics.kept)} series kept` : null;
  return page(
    'Metrics',
    note,
    tools,
    h(
      'div',
      { class: 'split', 'data-key': 'split' },
      h(
        'div',
        { class: 'sublist instruments', 'data-key': 'list' },
        h(
          'div',
          { class: 'sublist-head' },
          select(
            current?.service ?? now.service,
            'Service',
            [
              ...names.map((one) => [one.service, one.service]),
              ...(current ? [] : [[now.service, now.service]]),
            ],
            (value) => refine({ service: value, meter: '', instrument: '' }),
          ),
          searchBox(filter, 'Filter instruments', (value) => {
            filter = value;
            update();
          }),
        ),
        current
          ? instruments(current, now)
          : h('p', { class: 'muted pad' }, `${now.service} has sent no metrics yet.`),
      ),
      h(
        'div',
        { class: 'scroll plot', 'data-key': 'plot' },
        now.instrument
          ? plot(now)
          : empty('metrics', 'Pick an instrument', 'Meters and their instruments are on the left.'),
      ),
    ),
  );
}

function instruments(current, now) {
  const text = filter.toLowerCase();
  const meters = current.meters
    .map((one) => ({
      ...one,
      instruments: one.instruments.filter(
        (instrument) => !text || `${one.meter} ${instrument.name}`.toLowerCase().includes(text),
      ),
    }))
    .filter((one) => one.instruments.length);
  if (!meters.length) return h('p', { class: 'muted pad' }, 'No instrument matches.');
  return h(
    'nav',
    { 'aria-label': 'Instruments', class: 'tree' },
    meters.map((one) =>
      h(
        'section',
        { 'data-key': one.meter },
        h('h2', { class: 'clip', title: one.meter }, one.meter),
        one.instruments.map((instrument) =>
          h(
            'a',
            {
              href: link('metrics', {
                service: current.service,
                meter: one.meter,
                instrument: instrument.name,
                minutes: now.minutes === '5' ? '' : now.minutes,
              }),
              'data-key': instrument.name,
              title: instrument.description || instrument.name,
              'aria-current': now.instrument === instrument.name && now.meter === one.meter ? 'true' : false,
            },
            h('span', { class: 'clip' }, instrument.name),
            h('span', { class: 'faint' }, KINDS[instrument.kind]),
          ),
        ),
      ),
    ),
  );
}

const setName = (set) =>
  set.attributes.length
    ? set.attributes.map((one) => `${one.key}=${one.value}`).join(' ')
    : '(no attributes)';

function plot(now) {
  if (!drawing)
    return empty('clock', 'Loading…', 'If nothing comes: the instrument has not reported lately.');
  const head = h(
    'div',
    { class: 'plot-head' },
    h(
      'div',
      {},
      h('h2', { class: 'mono' }, drawing.instrument),
      h(
        'p',
        { class: 'muted' },
        [
          drawing.description,
          drawing.unit && `unit ${drawing.unit.replace(/^\{(.*)\}$/, '$1')}`,
          KINDS[drawing.kind],
        ]
          .filter(Boolean)
          .join(' · '),
      ),
    ),
    drawing.kind === 'sum' &&
      h(
        'div',
        { class: 'group', role: 'group', 'aria-label': 'Show as' },
        toggle(form === 'rate', 'Per second', () => {
          form = 'rate';
          update();
        }),
        toggle(form === 'value', 'Total', () => {
          form = 'value';
          update();
        }),
      ),
  );
  if (!drawing.sets.length)
    return [
      head,
      empty(
        'clock',
        'No point in this window',
        'The instrument has not reported lately: choose a longer window, or look whether its service runs.',
      ),
    ];
  return [
    head,
    ...(drawing.kind === 'histogram' || drawing.kind === 'summary' ? histogram(now) : numbers(now)),
  ];
}

const KINDS = {
  sum: 'counter',
  level: 'up-down',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
};

const plotWidth = () => Math.max(280, (document.querySelector('.plot')?.clientWidth ?? 800) - 40);

function numbers(now) {
  const asRate = drawing.kind === 'sum' && form === 'rate';
  const format = unitFormat(drawing.unit, asRate);
  const lines = drawing.sets.map((set, index) => ({
    key: set.key,
    label: setName(set),
    color: `c${index % COLORS}`,
    points: set.points.map((point) => [point.time, asRate ? point.rate : point.value]),
  }));
  const visible = lines.filter((line) => !hidden.has(line.key));
  const hasPoints = visible.some((line) => line.points.some(([, value]) => value !== null));
  return [
    chart({
      key: `${drawing.service}/${drawing.meter}/${drawing.instrument}/${form}`,
      label: `${drawing.instrument} of ${drawing.service}`,
      lines: visible,
      from: drawing.from,
      to: drawing.to,
      format,
      width: plotWidth(),
      binary: drawing.unit === 'By',
      fill: true,
      note: asRate && !hasPoints ? 'A rate needs two measurements: it appears with the next one.' : null,
    }),
    h(
      'table',
      { class: 'rows legend', 'aria-label': 'Attribute sets', 'data-key': 'legend' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, 'Attributes'),
          drawing.kind === 'sum' && h('th', { scope: 'col', class: 'number' }, 'Per second'),
          h('th', { scope: 'col', class: 'number' }, drawing.kind === 'sum' ? 'Total' : 'Latest'),
        ),
      ),
      h(
        'tbody',
        {},
        drawing.sets.map((set, index) =>
          h(
            'tr',
            { 'data-key': set.key, class: hidden.has(set.key) ? 'dim' : '' },
            h(
              'td',
              {},
              h(
                'button',
                {
                  type: 'button',
                  class: `swatch c${index % COLORS}`,
                  'aria-pressed': String(!hidden.has(set.key)),
                  title: 'Show or hide this line',
                  onclick: () => {
                    if (!hidden.delete(set.key)) hidden.add(set.key);
                    update();
                  },
                },
                h('i', { class: 'dot' }),
                h('span', { class: 'mono' }, setName(set)),
              ),
            ),
            drawing.kind === 'sum' &&
              h(
                'td',
                { class: 'number' },
                set.rate === null || set.rate === undefined ? '–' : unitFormat(drawing.unit, true)(set.rate),
              ),
            h(
              'td',
              { class: 'number' },
              set.latest === null || set.latest === undefined ? '–' : unitFormat(drawing.unit)(set.latest),
            ),
          ),
        ),
      ),
    ),
    more(),
  ];
}

const more = () =>
  drawing.hiddenSets > 0 &&
  h(
    'p',
    { class: 'muted pad', 'data-key': 'more' },
    `${whole(drawing.hiddenSets)} more attribute sets are not shown.`,
  );

function histogram(now) {
  const format = unitFormat(drawing.unit);
  const at = (name) => drawing.merged.map((point) => [point.time, point[name] ?? null]);
  const hasQuantiles = drawing.merged.some((point) => point.p50 !== null && point.p50 !== undefined);
  const lines = hasQuantiles
    ? QUANTILES.map(([name, color]) => ({ key: name, label: name, color, points: at(name) }))
    : [{ key: 'mean', label: 'mean', color: 'c0', points: at('value') }];
  const base = { from: drawing.from, to: drawing.to, width: plotWidth() };
  const key = `${drawing.service}/${drawing.meter}/${drawing.instrument}`;
  const choose = (value) => {
    onlySet = onlySet === value ? '' : value;
    load();
    update();
  };
  const number = (value, how) => (value === null || value === undefined ? '–' : how(value));
  return [
    h(
      'div',
      { class: 'lines-legend', 'data-key': 'lines' },
      lines.map((line) => h('span', { class: line.color }, h('i', { class: 'dot' }), line.label)),
    ),
    chart({
      ...base,
      key: `${key}/quantiles`,
      label: `Quantiles of ${drawing.instrument} of ${drawing.service}`,
      lines,
      format,
      binary: drawing.unit === 'By',
      note:
        drawing.merged.length < 2 ? 'Quantiles need two measurements: they appear with the next one.' : null,
    }),
    h('h3', { class: 'pad', 'data-key': 'rate-head' }, 'Measurements per second'),
    chart({
      ...base,
      key: `${key}/rate`,
      label: `Measurements per second of ${drawing.instrument}`,
      lines: [{ key: 'rate', label: 'per second', color: 'c0', points: at('rate') }],
      format: unitFormat('', true),
      fill: true,
    }),
    h(
      'table',
      { class: 'rows legend', 'aria-label': 'Attribute sets', 'data-key': 'legend' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, 'Attributes'),
          ['Count', 'Mean', 'p50', 'p99'].map((name) => h('th', { scope: 'col', class: 'number' }, name)),
        ),
      ),
      h(
        'tbody',
        {},
        drawing.sets.map((set) =>
          h(
            'tr',
            { 'data-key': set.key, 'aria-selected': String(onlySet === set.key) },
            h(
              'td',
              {},
              h(
                'button',
                {
                  type: 'button',
                  class: 'swatch',
                  'aria-pressed': String(onlySet === set.key),
                  title: 'Chart this attribute set alone',
                  onclick: () => choose(set.key),
                },
                h('span', { class: 'mono' }, setName(set)),
              ),
            ),
            h('td', { class: 'number' }, whole(set.count ?? 0)),
            h('td', { class: 'number' }, number(set.latest, format)),
            h('td', { class: 'number' }, number(set.p50, format)),
            h('td', { class: 'number' }, number(set.p99, format)),
          ),
        ),
      ),
    ),
    more(),
  ];
}

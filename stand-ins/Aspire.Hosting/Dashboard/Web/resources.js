import { h, icon } from './dom.js';
import { connection, post } from './live.js';
import { span, exact } from './format.js';
import {
  address,
  button,
  copyButton,
  empty,
  facts,
  healthTone,
  inspector,
  moment,
  page,
  row,
  searchBox,
  section,
  stateBadge,
  toggle,
  toneOf,
  words,
} from './parts.js';
import { go, link, refine, state, toast, update } from './app.js';

const busy = new Map();
let filter = '';
let only = 'all';
let environmentFilter = '';

export const isProblem = (resource) => ['bad', 'warn'].includes(toneOf(resource));

const now = () => Date.now() + connection.skew;
const LABELS = { start: 'Start', stop: 'Stop', restart: 'Restart' };

async function run(resource, command) {
  busy.set(resource.name, command);
  update();
  try {
    await post(`/api/resources/${encodeURIComponent(resource.name)}/${encodeURIComponent(command)}`);
  } catch (failure) {
    toast(`${LABELS[command] ?? command} ${resource.name}: ${failure.message}`);
  }
  busy.delete(resource.name);
  update();
}

const actions = (resource) =>
  ['start', 'restart', 'stop'].map((command) => {
    if (!resource.commands.includes(command)) return null;
    const isBusy = busy.has(resource.name);
    return button(command, `${LABELS[command]} ${resource.name}`, () => run(resource, command), {
      'data-key': command,
      disabled: isBusy,
      class: `icon-button ${busy.get(resource.name) === command ? 'spin' : ''}`,
    });
  });

const uptime = (resource) =>
  resource.startedAt && resource.processId
    ? h('span', { title: `Started ${exact(resource.startedAt)}` }, span(now() - resource.startedAt))
    : null;

const dash = () => h('span', { class: 'none', 'aria-label': 'none' }, '–');

function health(resource) {
  if (!resource.health || resource.health === 'Unknown') {
    return resource.healthDetail
      ? h(
          'span',
          { class: 'health muted', title: resource.healthDetail },
          h('span', { class: 'clip' }, resource.healthDetail),
        )
      : dash();
  }
  return h(
    'span',
    { class: `health ${healthTone(resource.health)}`, title: resource.healthDetail ?? resource.health },
    h('i', { class: 'dot' }),
    words(resource.health),
    resource.healthDetail &&
      healthTone(resource.health) !== 'good' &&
      h('span', { class: 'muted clip' }, ` ${resource.healthDetail}`),
  );
}

function endpoints(resource) {
  if (!resource.endpoints.length) return dash();
  return h(
    'span',
    { class: 'addresses' },
    resource.endpoints.map((one) => address(one.url, one.url.replace(/^https?:\/\//, '').replace(/\/$/, ''))),
  );
}

const errors = (resource) =>
  resource.errors > 0
    ? h(
        'a',
        {
          class: 'count',
          href: link('logs', { service: resource.name, level: 'Error' }),
          title: `${resource.errors} errors in the structured logs`,
          'aria-label': `${resource.errors} errors in the structured logs of ${resource.name}`,
        },
        String(resource.errors),
      )
    : null;

function line(resource) {
  const selected = state.route.query.get('resource') === resource.name;
  return row(
    {
      'data-key': resource.name,
      'aria-selected': String(selected),
      class: toneOf(resource) === 'off' ? 'dim' : '',
    },
    () => refine({ resource: selected ? '' : resource.name }),
    h(
      'th',
      { scope: 'row' },
      h('a', { class: 'name', href: link('resources', { resource: resource.name }) }, resource.name),
    ),
    h('td', { class: 'muted col-kind' }, words(resource.kind)),
    h('td', {}, stateBadge(resource)),
    h('td', {}, health(resource)),
    h('td', { class: 'col-endpoints' }, endpoints(resource)),
    h('td', { class: 'number mono col-pid' }, resource.processId ? String(resource.processId) : dash()),
    h('td', { class: 'number col-uptime' }, uptime(resource) ?? dash()),
    h(
      'td',
      { class: 'number col-restarts' },
      resource.restarts > 0 ? h('b', {}, String(resource.restarts)) : h('span', { class: 'none' }, '0'),
    ),
    h(
      'td',
      { class: 'number col-exit' },
      resource.exitCode === null || resource.exitCode === undefined
        ? dash()
        : h('span', { class: resource.exitCode === 0 ? '' : 'wrong' }, String(resource.exitCode)),
    ),
    h(
      'td',
      { class: 'error-cell' },
      h(
        'span',
        { class: 'error-line' },
        errors(resource),
        resource.lastError
          ? h('span', { class: 'clip', title: resource.lastError.text }, resource.lastError.text)
          : !resource.errors && dash(),
      ),
    ),
    h(
      'td',
      { class: 'col-actions' },
      h(
        'span',
        { class: 'actions' },
        actions(resource),
        h(
          'a',
          {
            class: 'icon-button',
            href: link(['console', resource.name]),
            title: `Console of ${resource.name}`,
            'aria-label': `Console of ${resource.name}`,
          },
          icon('console'),
        ),
      ),
    ),
  );
}

const FILTERS = {
  all: ['All', () => true],
  running: ['Running', (one) => ['good', 'warn', 'busy'].includes(toneOf(one))],
  problems: ['Problems', isProblem],
};

export function render() {
  const text = filter.toLowerCase();
  const shown = state.resources.filter(
    (one) =>
      FILTERS[only][1](one) && (!text || `${one.name} ${one.kind} ${one.state}`.toLowerCase().includes(text)),
  );
  const selected = state.resources.find((one) => one.name === state.route.query.get('resource'));
  const tools = [
    h(
      'div',
      { class: 'group', role: 'group', 'aria-label': 'Show' },
      Object.entries(FILTERS).map(([key, [name, matches]]) =>
        toggle(only === key, `${name} ${state.resources.filter(matches).length}`, () => {
          only = key;
          update();
        }),
      ),
    ),
    searchBox(filter, 'Filter resources', (value) => {
      filter = value;
      update();
    }),
  ];
  return page(
    'Resources',
    null,
    tools,
    h(
      'div',
      { class: 'split', 'data-key': 'split' },
      h('div', { class: 'scroll', 'data-key': 'table' }, shown.length ? table(shown) : nothing()),
      selected && details(selected),
    ),
  );
}

function nothing() {
  if (!connection.knowsResources) return empty('clock', 'Connecting…');
  return state.resources.length
    ? empty(
        'search',
        'No resource matches',
        h(
          'p',
          {},
          h(
            'button',
            {
              type: 'button',
              class: 'primary',
              onclick: () => {
                filter = '';
                only = 'all';
                update();
              },
            },
            'Show all',
          ),
        ),
      )
    : empty(
        'resources',
        'No resources',
        'The application model is empty: add resources to the AppHost and start it again.',
      );
}

const COLUMNS = [
  'Name',
  'Kind',
  'State',
  'Health',
  'Endpoints',
  'PID',
  'Uptime',
  'Restarts',
  'Exit',
  'Last error',
  'Actions',
];
const columnOf = (name) => `col-${name.toLowerCase().replace(' ', '-')}`;
const NUMBERS = ['PID', 'Uptime', 'Restarts', 'Exit'];

const table = (shown) =>
  h(
    'table',
    { class: 'rows fixed resources', 'aria-label': 'Resources', 'data-key': 'rows' },
    h(
      'colgroup',
      {},
      COLUMNS.map((name) => h('col', { class: columnOf(name) })),
    ),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        COLUMNS.map((name) =>
          h(
            'th',
            { scope: 'col', class: `${columnOf(name)}${NUMBERS.includes(name) ? ' number' : ''}` },
            name === 'Actions' ? h('span', { class: 'visually-hidden' }, name) : name,
          ),
        ),
      ),
    ),
    h('tbody', {}, shown.map(line)),
  );

function details(resource) {
  const text = environmentFilter.toLowerCase();
  const variables = resource.environment.filter((one) => !text || one.name.toLowerCase().includes(text));
  return inspector(
    resource.name,
    h(
      'span',
      { class: 'subtitle' },
      stateBadge(resource),
      h('span', { class: 'muted' }, words(resource.kind)),
      h('span', { class: 'actions' }, actions(resource)),
    ),
    () => refine({ resource: '' }),
    h(
      'p',
      { class: 'jump' },
      h('a', { href: link(['console', resource.name]) }, icon('console'), 'Console'),
      h('a', { href: link('logs', { service: resource.name }) }, icon('logs'), 'Logs'),
      h('a', { href: link('traces', { service: resource.name }) }, icon('traces'), 'Traces'),
      h('a', { href: link('metrics', { service: resource.name }) }, icon('metrics'), 'Metrics'),
    ),
    resource.lastError &&
      section(
        'Last error',
        h('pre', { class: 'failure' }, resource.lastError.text),
        h(
          'p',
          { class: 'muted' },
          resource.lastError.source === 'console' ? 'On the console at ' : 'Logged at ',
          moment(resource.lastError.at),
        ),
      ),
    section(
      'Overview',
      facts(
        [
          'Health',
          resource.health &&
            resource.health !== 'Unknown' &&
            h(
              'span',
              { class: `health ${healthTone(resource.health)}` },
              h('i', { class: 'dot' }),
              words(resource.health),
            ),
        ],
        ['Detail', resource.healthDetail],
        ['Process', resource.processId && h('span', { class: 'mono' }, String(resource.processId))],
        ['Started', resource.startedAt && moment(resource.startedAt, { precise: false })],
        ['Uptime', uptime(resource)],
        ['Restarts', String(resource.restarts)],
        [
          'Exit code',
          resource.exitCode === null || resource.exitCode === undefined ? null : String(resource.exitCode),
        ],
        [
          'Waits for',
          resource.waitsFor.length > 0 && h('span', { class: 'chips' }, resource.waitsFor.map(dependency)),
        ],
      ),
    ),
    section(
      'Endpoints',
      resource.endpoints.map((one) =>
        h(
          'div',
          { class: 'copyable' },
          h('span', { class: 'muted' }, one.name),
          address(one.url),
          copyButton(one.url, 'address'),
        ),
      ),
    ),
    resource.command &&
      section(
        'Command',
        h(
          'div',
          { class: 'copyable' },
          h('code', {}, resource.command),
          copyButton(resource.command, 'command'),
        ),
      ),
    resource.environment.length > 0 &&
      section(
        `Environment (${resource.environment.length})`,
        resource.environment.length > 8 &&
          searchBox(environmentFilter, 'Filter environment', (value) => {
            environmentFilter = value;
            update();
          }),
        h(
          'table',
          { class: 'attributes', 'aria-label': 'Environment' },
          h(
            'tbody',
            {},
            variables.map((one) =>
              h(
                'tr',
                { 'data-key': one.name },
                h('th', { scope: 'row' }, one.name),
                h(
                  'td',
                  { class: 'mono' },
                  one.isSecret
                    ? h(
                        'span',
                        { class: 'secret', title: 'Secrets stay in the AppHost: they are not shown here' },
                        icon('lock'),
                        one.value,
                      )
                    : one.value,
                ),
              ),
            ),
          ),
        ),
      ),
  );
}

function dependency(name) {
  const other = state.resources.find((one) => one.name === name);
  return h(
    'button',
    {
      type: 'button',
      class: `chip ${other ? toneOf(other) : 'off'}`,
      title: other ? words(other.state) : 'unknown',
      onclick: () => refine({ resource: name }),
    },
    h('i', { class: 'dot' }),
    name,
  );
}

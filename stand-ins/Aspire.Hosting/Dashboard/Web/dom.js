// Builds elements and brings a page up to date with a newly built one, keeping focus, selection and scroll.
// Text only ever becomes text nodes and attributes: what services send is never read as markup.

const SVG = 'http://www.w3.org/2000/svg';
const HANDLERS = [
  'onclick',
  'oninput',
  'onchange',
  'onkeydown',
  'onpointermove',
  'onpointerleave',
  'onscroll',
  'ontoggle',
];

export const h = (tag, props, ...children) => build(document.createElement(tag), props, children);
export const s = (tag, props, ...children) => build(document.createElementNS(SVG, tag), props, children);

function build(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') node[name] = value;
    else if (name === 'style')
      for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else node.setAttribute(name, value === true ? '' : value);
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children) {
    if (child === undefined || child === null || child === false || child === '') continue;
    if (Array.isArray(child)) append(node, child);
    else node.append(child.nodeType ? child : document.createTextNode(child));
  }
}

const keyOf = (node) => (node.nodeType === 1 ? node.getAttribute('data-key') : null);

/** Makes `old` look like `next`. An element with data-opaque looks after its own content. */
export function patch(old, next) {
  if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName || keyOf(old) !== keyOf(next)) {
    old.replaceWith(next);
    return;
  }
  if (old.nodeType !== 1) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }

  for (const { name } of [...old.attributes]) {
    if (name !== 'style' && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.style.cssText !== next.style.cssText) old.style.cssText = next.style.cssText;
  for (const name of HANDLERS) if (old[name] !== next[name]) old[name] = next[name];

  if (!old.hasAttribute('data-opaque')) patchChildren(old, [...next.childNodes]);
  if (old.nodeName === 'INPUT' && old !== document.activeElement) old.value = next.value;
  if (old.nodeName === 'SELECT' && old.value !== next.value) old.value = next.value;
}

export function patchChildren(parent, wanted) {
  const keys = new Set(wanted.map(keyOf).filter((key) => key !== null));
  const known = new Map();
  for (const child of [...parent.childNodes]) {
    const key = keyOf(child);
    if (key === null) continue;
    if (keys.has(key)) known.set(key, child);
    else child.remove();
  }

  let at = parent.firstChild;
  for (const next of wanted) {
    const key = keyOf(next);
    const match = key === null ? null : known.get(key);
    if (match) {
      if (match === at) at = at.nextSibling;
      else parent.insertBefore(match, at);
      patch(match, next);
    } else if (key === null && at && keyOf(at) === null) {
      const here = at;
      at = at.nextSibling;
      patch(here, next);
    } else {
      parent.insertBefore(next, at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

const PATHS = {
  resources:
    'M2.5 3.5a1 1 0 0 1 1-1h2.5a1 1 0 0 1 1 1V6a1 1 0 0 1-1 1H3.5a1 1 0 0 1-1-1zM9 3.5a1 1 0 0 1 1-1h2.5a1 1 0 0 1 1 1V6a1 1 0 0 1-1 1H10a1 1 0 0 1-1-1zM2.500 10a1 1 0 0 1 1-1h2.500a1 1 0 0 1 1 1v2.500a1 1 0 0 1-1 1H3.500a1 1 0 0 1-1-1zM9 10a1 1 0 0 1 1-1h2.500a1 1 0 0 1 1 1v2.500a1 1 0 0 1-1 1H10a1 1 0 0 1-1-1z',
  console: 'M2 3.500h12v9H2zM4.500 6.200 6.700 8l-2.200 1.800M8.200 10h3',
  logs: 'M3 3.500h10M3 6.500h10M3 9.500h7M3 12.500h5',
  traces: 'M2 3.500h6M5 6.500h7M7 9.500h4M9 12.500h5',
  metrics: 'M2 2.500v11h12M4.500 10.500l2.700-3.700 2.300 2 3.500-4.800',
  start: 'M5 3.200v9.600l7.500-4.800z',
  stop: 'M4 4h8v8H4z',
  restart: 'M13 8a5 5 0 1 1-1.700-3.750M13 2.300v2.700h-2.700',
  close: 'M4 4l8 8M12 4l-8 8',
  search: 'M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM10.300 10.300 13.500 13.500',
  download: 'M8 2.500v7.500M5 7.300l3 3 3-3M3 13.500h10',
  down: 'M8 3v9M4.500 8.700 8 12.200l3.500-3.500',
  open: 'M6.500 3.500h-3v9h9v-3M9.500 3h3.500v3.500M13 3 8 8',
  right: 'M6 3.500 10.500 8 6 12.500',
  error: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v3.700M8 10.900v.2',
  check: 'M3.500 8.500 6.500 11.500 12.500 4.800',
  pause: 'M5.500 3.500v9M10.500 3.500v9',
  copy: 'M5.500 5.500h8v8h-8zM3 10.500h-.5v-8h8V3',
  lock: 'M4 7.500h8v6H4zM5.500 7.500V5.500a2.500 2.500 0 0 1 5 0v2',
  back: 'M10 3.500 5.500 8l4.500 4.500',
  wrap: 'M2.500 4h11M2.500 8h9a2.200 2.200 0 0 1 0 4.400H8.500M10 10.700l-1.700 1.700L10 14.100M2.500 12.400h3',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.700V8l2.300 1.500',
};

export const icon = (name) =>
  s(
    'svg',
    { viewBox: '0 0 16 16', class: `icon i-${name}`, 'aria-hidden': 'true' },
    s('path', { d: PATHS[name] }),
  );

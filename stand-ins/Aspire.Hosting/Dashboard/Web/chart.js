import { h, s } from './dom.js';
import { clock } from './format.js';
import { update } from './app.js';

const HEIGHT = 260;
const MARGIN = { top: 10, right: 14, bottom: 24, left: 76 };

let hovered = null; // { chart, time }

/** Steps of 1, 2 or 5 times a power of the base, so that labels are round. */
function ticks(low, high, wanted, binary) {
  const raw = (high - low) / wanted;
  if (!(raw > 0)) return [low];
  const base = binary ? 2 : 10;
  const power = base ** Math.floor(Math.log(raw) / Math.log(base));
  const step = binary
    ? power < raw
      ? power * 2
      : power
    : [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw);
  const first = Math.ceil(low / step) * step;
  const all = [];
  for (let i = 0; first + i * step <= high + step * 1e-6 && i < 50; i++) all.push(first + i * step);
  return all;
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800].map((seconds) => seconds * 1000);

/**
 * Lines over time. `lines`: [{ key, label, color, points: [[ms, value or null]] }], one unit for all.
 * With `fill`, the area under a single line is tinted.
 */
export function chart({ key, label, lines, from, to, format, width, binary, fill, note }) {
  const inner = {
    width: Math.max(120, width - MARGIN.left - MARGIN.right),
    height: HEIGHT - MARGIN.top - MARGIN.bottom,
  };
  const values = lines.flatMap((line) =>
    line.points.map(([, value]) => value).filter((value) => value !== null && Number.isFinite(value)),
  );
  const top = Math.max(...values, 0);
  const bottom = Math.min(...values, 0);
  const marks = ticks(bottom, top === bottom ? top + 1 : top + (top - bottom) * 0.06, 5, binary);
  const high = Math.max(top === bottom ? top + 1 : top + (top - bottom) * 0.06, marks[marks.length - 1]);
  const x = (time) => MARGIN.left + ((time - from) / (to - from)) * inner.width;
  const y = (value) => MARGIN.top + inner.height - ((value - bottom) / (high - bottom)) * inner.height;

  const every = STEPS.find((step) => (to - from) / step <= inner.width / 90) ?? STEPS[STEPS.length - 1];
  const times = [];
  const offset = new Date(to).getTimezoneOffset() * 60_000;
  for (let time = Math.ceil((from - offset) / every) * every + offset; time <= to; time += every)
    times.push(time);

  const isHovered = hovered?.chart === key;
  const at = isHovered ? nearest(lines, hovered.time) : null;
  const move = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const time = from + ((event.clientX - box.left - MARGIN.left) / inner.width) * (to - from);
    hovered = { chart: key, time: Math.min(to, Math.max(from, time)) };
    update();
  };
  const step = (event) => {
    const direction = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (event.key === 'Escape') {
      hovered = null;
      update();
      return;
    }
    if (!direction) return;
    event.preventDefault();
    const all = [...new Set(lines.flatMap((line) => line.points.map(([time]) => time)))].sort(
      (a, b) => a - b,
    );
    const index = at === null ? all.length - 1 : all.indexOf(at) + direction;
    if (all[index] !== undefined) hovered = { chart: key, time: all[index] };
    update();
  };

  const last = lines.map((line) => `${line.label}: ${lastOf(line, format)}`).join(', ');
  return h(
    'figure',
    { class: 'chart', 'data-key': key },
    s(
      'svg',
      {
        width: String(Math.round(width)),
        height: String(HEIGHT),
        role: 'img',
        tabindex: '0',
        'aria-label': `${label}. Latest: ${last}`,
        onpointermove: move,
        onpointerleave: () => {
          hovered = null;
          update();
        },
        onkeydown: step,
      },
      s(
        'g',
        { class: 'grid' },
        marks.map((mark) => [
          s('line', {
            x1: String(MARGIN.left),
            x2: String(MARGIN.left + inner.width),
            y1: y(mark).toFixed(1),
            y2: y(mark).toFixed(1),
          }),
          s(
            'text',
            { x: String(MARGIN.left - 8), y: (y(mark) + 4).toFixed(1), 'text-anchor': 'end' },
            format(mark),
          ),
        ]),
        times.map((time) => [
          s('line', {
            class: 'tick',
            x1: x(time).toFixed(1),
            x2: x(time).toFixed(1),
            y1: String(MARGIN.top + inner.height),
            y2: String(MARGIN.top + inner.height + 4),
          }),
          s(
            'text',
            { x: x(time).toFixed(1), y: String(HEIGHT - 6), 'text-anchor': 'middle' },
            clock(time, { precise: false }).slice(-8, every < 60_000 ? undefined : -3),
          ),
        ]),
      ),
      lines.map((line) => drawn(line, x, y, y(Math.max(0, bottom)), fill && lines.length === 1)),
      at !== null &&
        s(
          'g',
          { class: 'cross' },
          s('line', {
            x1: x(at).toFixed(1),
            x2: x(at).toFixed(1),
            y1: String(MARGIN.top),
            y2: String(MARGIN.top + inner.height),
          }),
          lines.map((line) => {
            const value = valueAt(line, at);
            return (
              value !== null &&
              s('circle', { class: line.color, cx: x(at).toFixed(1), cy: y(value).toFixed(1), r: '3.5' })
            );
          }),
        ),
    ),
    at !== null &&
      h(
        'div',
        {
          class: 'tip',
          'aria-hidden': 'true',
          style: x(at) > width / 2 ? { right: `${width - x(at) + 12}px` } : { left: `${x(at) + 12}px` },
        },
        h('p', { class: 'muted' }, clock(at, { precise: false })),
        lines
          .map((line) => [line, valueAt(line, at)])
          .filter(([, value]) => value !== null)
          .sort((a, b) => b[1] - a[1])
          .slice(0, 12)
          .map(([line, value]) =>
            h(
              'p',
              { class: line.color },
              h('i', { class: 'dot' }),
              h('span', { class: 'clip' }, line.label),
              h('b', {}, format(value)),
            ),
          ),
      ),
    note && h('figcaption', {}, note),
  );
}

function drawn(line, x, y, floor, fill) {
  const points = line.points.filter(([, value]) => value !== null && Number.isFinite(value));
  const gaps = points
    .slice(1)
    .map(([time], index) => time - points[index][0])
    .sort((a, b) => a - b);
  const usual = gaps[Math.floor(gaps.length / 2)] ?? 0;
  const runs = [];
  for (const [index, point] of points.entries()) {
    // Where nothing was reported the line has a hole.
    if (index === 0 || point[0] - points[index - 1][0] > usual * 3.5) runs.push([]);
    runs[runs.length - 1].push(point);
  }
  const path = (run) =>
    run
      .map(([time, value], index) => `${index ? 'L' : 'M'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`)
      .join('');
  return s(
    'g',
    { class: `line ${line.color}`, 'data-key': `line-${line.key}` },
    fill &&
      runs
        .filter((run) => run.length > 1)
        .map((run) =>
          s('path', {
            class: 'area',
            d: `${path(run)}L${x(run[run.length - 1][0]).toFixed(1)} ${floor}L${x(run[0][0]).toFixed(1)} ${floor}Z`,
          }),
        ),
    s('path', {
      d: runs
        .filter((run) => run.length > 1)
        .map(path)
        .join(''),
    }),
    runs
      .filter((run) => run.length === 1)
      .map(([[time, value]]) => s('circle', { cx: x(time).toFixed(1), cy: y(value).toFixed(1), r: '2.5' })),
  );
}

function nearest(lines, time) {
  let best = null;
  for (const line of lines)
    for (const [at, value] of line.points)
      if (value !== null && (best === null || Math.abs(at - time) < Math.abs(best - time))) best = at;
  return best;
}

function valueAt(line, time) {
  let best = null;
  for (const point of line.points)
    if (point[1] !== null && (best === null || Math.abs(point[0] - time) < Math.abs(best[0] - time)))
      best = point;
  return best && Math.abs(best[0] - time) < 15_000 ? best[1] : null;
}

function lastOf(line, format) {
  for (let index = line.points.length - 1; index >= 0; index--)
    if (line.points[index][1] !== null) return format(line.points[index][1]);
  return 'none';
}

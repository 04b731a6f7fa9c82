const two = (n) => String(n).padStart(2, '0');
const three = (n) => String(n).padStart(3, '0');

/** Local time of day; with the date when that is not today. */
export function clock(ms, { precise = true } = {}) {
  const at = new Date(ms);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const day =
    at.toDateString() === new Date().toDateString()
      ? ''
      : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} `;
  return day + time + (precise ? `.${three(at.getMilliseconds())}` : '');
}

export const exact = (ms) =>
  `${new Date(ms).toISOString()} (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;

export function duration(ms) {
  if (ms < 0.0005) return '0';
  if (ms < 1) return `${significant(ms * 1000)} µs`;
  if (ms < 1000) return `${significant(ms)} ms`;
  if (ms < 60_000) return `${significant(ms / 1000)} s`;
  return span(ms);
}

/** How long something has been going on, in its two largest units. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [d, hours, m, sec] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  if (d) return `${d}d ${hours}h`;
  if (hours) return `${hours}h ${two(m)}m`;
  if (m) return `${m}m ${two(sec)}s`;
  return `${sec}s`;
}

function significant(number) {
  if (number >= 100) return Math.round(number).toString();
  return number >= 10 ? number.toFixed(1) : number.toFixed(2);
}

export const whole = (n) => new Intl.NumberFormat('en-US').format(n);

export function compact(number) {
  const size = Math.abs(number);
  if (size === 0) return '0';
  if (size < 0.001) return number.toExponential(1);
  if (size < 1) return trim(number.toFixed(3));
  if (size < 100) return trim(number.toFixed(2));
  if (size < 10_000) return trim(number.toFixed(1));
  return new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 2 }).format(number);
}

const trim = (text) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(number) {
  let step = 0;
  while (Math.abs(number) >= 1024 && step < BYTES.length - 1) {
    number /= 1024;
    step++;
  }
  return `${trim(number.toFixed(step ? 1 : 0))} ${BYTES[step]}`;
}

/** A formatter for values of an OpenTelemetry unit. */
export function unitFormat(unit, perSecond = false) {
  const rate = perSecond ? '/s' : '';
  switch (unit) {
    case 's':
      return perSecond
        ? (n) => `${compact(n)} s/s`
        : (n) => (n < 0 ? `−${duration(-n * 1000)}` : duration(n * 1000));
    case 'ms':
      return perSecond ? (n) => `${compact(n)} ms/s` : (n) => (n < 0 ? `−${duration(-n)}` : duration(n));
    case 'By':
      return (n) => bytes(n) + rate;
    case '%':
      return (n) => `${compact(n)} %${rate}`;
    case '':
    case '1':
      return (n) => compact(n) + rate;
  }
  // {request} and the like only say what is counted: the heading does so as well.
  const word = /^\{.*\}$/.test(unit) ? '' : ` ${unit}`;
  return (n) => `${compact(n)}${word}${rate}`;
}

/** Only web addresses become links: text from elsewhere must not become script. */
export const isWeb = (url) => /^https?:\/\//i.test(url);

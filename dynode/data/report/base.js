// Shared by all parts of the report: the data, numbers in words, small pieces of HTML, charts that follow the theme.
'use strict';
const report = JSON.parse(document.getElementById('report-data').textContent);

// ── text ──
const escapes = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};
const escaped = text => String(text).replace(/[&<>"']/g, c => escapes[c]);
class Markup { constructor(text) { this.text = text; } }
const markup = piece => piece instanceof Markup ? piece.text : Array.isArray(piece) ? piece.map(markup).join('')
    : piece === null || piece === undefined || piece === false ? '' : escaped(piece);
// html`<b>${text}</b>`: pieces are escaped unless they are markup themselves
const html = (strings, ...pieces) => new Markup(strings.reduce((out, s, i) => out + markup(pieces[i - 1]) + s));
const put = (host, content) => { host.innerHTML = markup(content); return host; };
const part = (id, name) => document.querySelector(`#${id} ${name}`);

// ── numbers ──
const thin = '\u202f';
function number(x, digits = 4) {
  if (x === null || x === undefined || !isFinite(x)) return '–';
  if (x === 0) return '0';
  const size = Math.abs(x);
  if (size >= 1e6 || size < 1e-4)
    return x.toExponential(Math.max(0, digits - 2)).replace(/\.?0*e/, 'e').replace('e+', 'e').replace('-', '−').replace('e-', 'e−');
  const places = Math.min(8, Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
  return grouped(x.toFixed(places).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, ''));
}
function grouped(text) {
  const [whole, rest] = String(text).replace('-', '−').split('.');
  return whole.replace(/(\d)(?=(\d{3})+$)/g, '$1,') + (rest ? '.' + rest : '');
}
const percent = (x, places = 1) => x === null || x === undefined || !isFinite(x) ? '–' : (100 * x).toFixed(places) + thin + '%';
const is_percent = name => report.metric.percent && name === report.metric.name;
const metric_text = (name, x) => is_percent(name) ? percent(x) : number(x);
const capital = text => text.charAt(0).toUpperCase() + text.slice(1).replace(/_/g, ' ');
const count_of = (n, one, many = one + 's') => `${grouped(n)} ${n === 1 ? one : many}`;
const present = values => (values || []).some(v => v !== null);
const class_name = k => k < 0 ? '–' : report.classes[k] ?? `class ${k}`;

// packed arrays: base64 of bytes; trajectories are 16 bits little-endian between low and high, 65535 means no number
const bytes_of = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
function unpack16({packed, low, high}) {
  const bytes = bytes_of(packed), values = new Float32Array(bytes.length / 2);
  for (let i = 0; i < values.length; ++i) {
    const code = bytes[2 * i] | bytes[2 * i + 1] << 8;
    values[i] = code === 65535 ? NaN : low + (high - low) * code / 65534;
  }
  return values;
}

// ── theme ──
const colour = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
let themed = [];                                       // {host, draw, gone}: drawn again when the theme changes
function on_theme(host, draw, gone = () => {}) {
  themed.forEach(t => t.host.isConnected || t.gone());
  themed = [...themed.filter(t => t.host.isConnected), {host, draw, gone}];
}
const redraw_all = () => themed.forEach(t => t.host.isConnected && t.draw());
for (const query of ['(prefers-color-scheme: dark)', 'print'])
  matchMedia(query).addEventListener('change', redraw_all);
addEventListener('beforeprint', () => document.querySelectorAll('#config details').forEach(d => { d.open = true; }));

// ── controls ──
let choice_count = 0;
function choice(host, label, options, chosen, change) {
  const name = `choice-${++choice_count}`, field = document.createElement('fieldset');
  field.className = 'choice';
  put(field, html`<legend class="visually-hidden">${label}</legend>${options.map(([value, text]) =>
      html`<label><input type="radio" name="${name}" value="${value}">${text}</label>`)}`);
  field.querySelectorAll('input').forEach(input => {
    input.checked = input.value === String(chosen);
    input.addEventListener('change', () => change(input.value));
  });
  host.append(field);
}
function checkbox(host, label, change) {
  const box = document.createElement('label');
  box.className = 'check';
  put(box, html`<input type="checkbox">${label}`);
  box.firstChild.addEventListener('change', event => change(event.target.checked));
  host.append(box);
}
const table = (caption, heads, rows, numeric) => html`<table class="plain"><caption>${caption}</caption><thead><tr>${heads.map((h, i) =>
    html`<th scope="col" class="${numeric[i] ? 'number' : ''}">${h}</th>`)}</tr></thead><tbody>${rows.map(row => html`<tr>${row.map((cell, i) =>
    html`<td class="${numeric[i] ? 'number' : ''}">${cell}</td>`)}</tr>`)}</tbody></table>`;

// ── charts ──
// nearest sample of a series that has a value there
function nearest_value(u, series, index) {
  const values = u.data[series];
  for (let d = 0; d < values.length; ++d)
    for (const i of [index - d, index + d])
      if (values[i] !== null && values[i] !== undefined) return i;
  return index;
}
// A figure with a title, a legend that shows the values under the cursor (else spec.idle, else the last ones) and a
// uPlot chart.
// spec: {title, data: [x, y…], series: [{name, key, width, points, faint, hidden, text}], x_text, y_text, log, sync,
//        height, x_range, y_range, y_splits, y_down, under(u), draw(u), at(x), idle, idle_at, watch(u, index), click(u)}
//        key: the name of a colour
function chart(host, spec) {
  const figure = document.createElement('figure'), shown = spec.series.map((s, i) => ({...s, index: i + 1})).filter(s => s.name);
  figure.className = `chart card ${spec.full ? 'full' : ''}`;
  put(figure, html`<figcaption><h3>${spec.title}</h3><span class="legend">${spec.at && html`<span class="at"></span>`}${shown.map(s =>
      html`<span class="key" style="--key: var(--${s.key})">${s.name} <b></b></span>`)}</span></figcaption>
      <div class="plot" role="img" tabindex="0" aria-label="Chart. ${spec.description || spec.title}"></div>`);
  host.append(figure);
  const plot = figure.querySelector('.plot'), values = figure.querySelectorAll('.key b'), at = figure.querySelector('.at');
  const text_of = s => (s.text || spec.y_text || number);
  const legend = u => {
    const inside = u.cursor.idx !== null && u.cursor.idx !== undefined && u.cursor.left >= 0;
    shown.forEach((s, i) => {
      const index = nearest_value(u, s.index, inside ? u.cursor.idx : u.data[0].length - 1);
      values[i].textContent = spec.idle && !inside ? spec.idle[i] : text_of(s)(u.data[s.index][index]);
    });
    if (at) at.textContent = inside ? spec.at(u.data[0][u.cursor.idx]) : spec.idle_at || '';
    if (spec.watch) spec.watch(u, inside ? u.cursor.idx : u.data[0].length - 1);
  };
  const font = `12px ${colour('sans')}`, axis = {stroke: () => colour('soft'), font, ticks: {show: false}, grid: {stroke: () => colour('line'), width: 1}};
  const u = new uPlot({
    width: plot.clientWidth || 400, height: spec.height || 250, padding: [8, 12, 0, 0], legend: {show: false},
    cursor: {sync: spec.sync ? {key: spec.sync, setSeries: false} : undefined, drag: {x: true, y: false, uni: 8}, y: !!spec.cross,
             points: {size: 7, width: 0, fill: (u, s) => colour(spec.series[s - 1].key)}, dataIdx: (u, s, closest) => s === 0 ? closest : nearest_value(u, s, closest),
             focus: {prox: -1}},
    scales: {x: {time: false, ...(spec.x_range && {range: () => spec.x_range})},
             y: {distr: spec.log ? 3 : 1, ...(spec.log && {range: (u, low, high) => low > 0 ? [low / 1.12, high * 1.12] : [.1, 1]}), ...(spec.y_down && {dir: -1}), ...(spec.y_range && {range: () => spec.y_range})}},
    axes: [{...axis, size: 26, gap: 4, label: spec.x_label, labelSize: 17, labelGap: -1, labelFont: font, values: (u, ticks, a, space, step) => spec.x_text ? ticks.map(spec.x_text) : even(ticks, step), ...(spec.whole_x && {incrs: whole}),
            grid: {show: false}, space: 64},
           {...axis, size: spec.y_size || 48, ...(spec.log && {splits: (u, axis, low, high) => decades(low, high), filter: (u, ticks) => ticks}),
            ...(spec.y_splits && {splits: spec.y_splits}), values: (u, ticks, a, space, step) => spec.y_tick ? ticks.map(spec.y_tick) : spec.log ? ticks.map(v => number(v)) : even(ticks, step), space: spec.y_space || 38,
            ...(spec.whole_y && {incrs: whole, grid: {show: false}}), ...(spec.whole_counts && {incrs: whole})}],
    series: [{}, ...spec.series.map(s => ({
      label: s.name || '', show: !s.hidden, width: s.points ? 1.75 : s.width || 2, spanGaps: !!s.points,
      stroke: () => colour(s.key) + (s.faint ? '48' : ''),
      points: {show: !!s.points || undefined, size: 6, width: 1.5, fill: () => colour('card'), stroke: () => colour(s.key)}}))],
    hooks: {setCursor: [legend], setData: [legend], ready: [legend], draw: spec.draw ? [spec.draw] : [], drawClear: spec.under ? [spec.under] : [],
            init: [u => { if (spec.click) u.over.addEventListener('click', () => spec.click(u)); }]},
  }, spec.data, plot);
  plot.addEventListener('keydown', event => {
    const move = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!move) return;
    event.preventDefault();
    const x = u.data[0], last = x.length - 1;
    const index = Math.min(last, Math.max(0, (u.cursor.left >= 0 ? u.cursor.idx ?? last : last + 1) + move));
    u.setCursor({left: u.valToPos(x[index], 'x'), top: u.over.clientHeight / 2});
  });
  let width = 0;
  new ResizeObserver(() => {
    if (plot.clientWidth && plot.clientWidth !== width) u.setSize({width: width = plot.clientWidth, height: spec.height || 250});
  }).observe(plot);
  on_theme(figure, () => u.redraw(false), () => u.destroy());
  return u;
}
// ticks with the same number of decimals: 0, 0.5, 1.0
function even(ticks, step) {
  let places = 0;
  while (places < 8 && Math.abs(Math.round(step * 10 ** places) / 10 ** places - step) > 1e-6 * step) ++places;
  return ticks.map(x => x === 0 || places > 5 ? number(x) : grouped(x.toFixed(places)));
}
// 1, 2, 5, 10 … inside a range; only powers of ten where there would be too many
function decades(low, high) {
  const out = [], wide = Math.log10(high / low) > 3.2;
  for (let p = Math.floor(Math.log10(low)); p <= Math.log10(high); ++p)
    for (const m of wide ? [1] : [1, 2, 5])
      if (m * 10 ** p >= low && m * 10 ** p <= high) out.push(+`${m}e${p}`);
  return out;
}
const whole = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8, 1e9];

// the link of the part in view
const links = [...document.querySelectorAll('.tabs a')];
if (links.length) {
  const seen = () => {
    const line = innerHeight * .35;
    const here = links.filter(a => document.querySelector(a.hash).getBoundingClientRect().top < line).pop();
    links.forEach(a => a === here ? a.setAttribute('aria-current', 'true') : a.removeAttribute('aria-current'));
  };
  addEventListener('scroll', seen, {passive: true});
  seen();
}

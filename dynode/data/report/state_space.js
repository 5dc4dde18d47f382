// State space: runs in the plane of two principal components with fixed points on it, how much each component explains,
// eigenvalues at a point with the border of stability, Lyapunov exponents.
function state_space() {
  const space = report.state_space, state = {x: 0, y: space.components > 1 ? 1 : 0, condition: 0, point: -1};
  const kinds = {
    'stable node': ['good', 'all modes fall'], 'stable focus': ['u5', 'all modes fall, the slowest swings'], 'marginal': ['u6', 'one mode neither grows nor falls'],
    'saddle': ['bad', 'some modes grow'], 'unstable': ['u7', 'all modes grow'], 'slow': ['soft', 'nearly at rest, no fixed point'],
  };
  const component = k => `PC${k + 1}`, share = k => percent(space.explained[k]);
  const points = () => space.points.map((p, i) => ({...p, i})).filter(p => p.condition === state.condition);
  const several = space.conditions.length > 1, key = k => `u${k % 8 + 1}`;
  const paint = (name, extra = '') => `stroke:var(--${name});${extra}`;

  // ── pieces of pictures ──
  const steps = (low, high, count) => {
    const raw = (high - low) / count, size = 10 ** Math.floor(Math.log10(raw)), step = size * ([1, 2, 5].find(m => m * size >= raw * .999) || 10);
    const out = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k) out.push(k * step);
    return {list: out, text: even(out, step)};
  };
  const range_of = (values, room = .06) => {
    let low = Infinity, high = -Infinity;
    for (const v of values) if (v !== null && isFinite(v)) low = Math.min(low, v), high = Math.max(high, v);
    if (!(low <= high)) low = -1, high = 1;
    const more = (high - low) * room || Math.abs(high) * .1 || 1;
    return [low - more, high + more];
  };
  // axes with a grid; inside(X, Y, box) draws
  function picture(width, height, [x0, x1], [y0, y1], labels, description, inside, options = {}) {
    const left = 58, right = 14, top = 10, bottom = 40, box = {left, top, right: width - right, bottom: height - bottom};
    const X = x => left + (x - x0) / (x1 - x0) * (box.right - left), Y = y => box.bottom - (y - y0) / (y1 - y0) * (box.bottom - top);
    const xs = options.x_ticks || steps(x0, x1, Math.max(2, Math.floor(width / 110))), ys = steps(y0, y1, Math.max(2, Math.floor(height / 60)));
    return html`<svg class="space" width="${width}" height="${height}" role="${options.role || 'img'}" aria-label="${description}">
      ${ys.list.map((y, i) => html`<path class="grid" d="M${left} ${Y(y).toFixed(1)}H${box.right}"/><text x="${left - 8}" y="${(Y(y) + 4).toFixed(1)}" text-anchor="end">${
          options.y_text ? options.y_text(y) : ys.text[i]}</text>`)}
      ${xs.list.map((x, i) => html`${!options.x_ticks && html`<path class="grid" d="M${X(x).toFixed(1)} ${top}V${box.bottom}"/>`}<text x="${X(x).toFixed(1)}" y="${box.bottom + 17}" text-anchor="middle">${xs.text[i]}</text>`)}
      <text x="${(left + box.right) / 2}" y="${height - 5}" text-anchor="middle">${labels[0]}</text>
      ${labels[1] && html`<text transform="translate(13 ${(top + box.bottom) / 2}) rotate(-90)" text-anchor="middle">${labels[1]}</text>`}
      <svg x="${left}" y="${top}" width="${box.right - left}" height="${box.bottom - top}" viewBox="${left} ${top} ${box.right - left} ${box.bottom - top}">${inside(X, Y, box)}</svg></svg>`;
  }
  const mark = (p, x, y, chosen) => {
    const name = kinds[p.kind][0], shape = {
      'stable node': html`<circle cx="${x}" cy="${y}" r="5.5" style="fill:var(--good)"/>`,
      'stable focus': html`<circle cx="${x}" cy="${y}" r="5.5" style="fill:var(--u5)"/><circle cx="${x}" cy="${y}" r="2" style="fill:var(--card);stroke:none"/>`,
      'marginal': html`<path d="M${x} ${y - 6.5}l6.5 6.5l-6.5 6.5l-6.5 -6.5Z" style="fill:var(--u6)"/>`,
      'saddle': html`<path class="halo" d="M${x - 5} ${y - 5}l10 10m0 -10l-10 10"/><path d="M${x - 5} ${y - 5}l10 10m0 -10l-10 10" style="fill:none;stroke:var(--bad);stroke-width:2.6"/>`,
      'unstable': html`<circle cx="${x}" cy="${y}" r="5" style="fill:var(--card);stroke:var(--u7);stroke-width:2.4"/>`,
      'slow': html`<rect x="${x - 4}" y="${y - 4}" width="8" height="8" style="fill:var(--soft)"/>`}[p.kind];
    return html`<g class="mark ${chosen ? 'chosen' : ''}" ${p.i === undefined ? '' : html`data-i="${p.i}" tabindex="0" role="button" aria-pressed="${String(chosen)}" aria-label="${p.kind} ${p.i + 1}"`}>${chosen && html`<circle cx="${x}" cy="${y}" r="11" class="ring" style="${paint(name)}"/>`}${shape}${
        p.i !== undefined && html`<title>${p.kind}${p.unstable ? `, ${count_of(p.unstable, 'direction')} grow` : ''}; speed ${number(p.speed, 3)}; slowest mode ${number(p.time_constant, 3)}</title>`}</g>`;
  };
  // which way time goes: a head halfway along the path, if it is long enough
  function arrow(path, name) {
    const far = [0];
    for (let i = 1; i < path.length; ++i) far.push(far[i - 1] + Math.hypot(path[i][0] - path[i - 1][0], path[i][1] - path[i - 1][1]));
    const half = far[far.length - 1] / 2, i = far.findIndex(d => d >= half);
    if (half < 30 || i < 1) return '';
    const before = far.findIndex(d => d >= half - 6), [a, b] = [path[Math.max(0, Math.min(before, i - 1))], path[i]];
    return html`<path d="M-5 -4L5 0L-5 4Z" style="fill:var(--${name})" transform="translate(${b[0].toFixed(1)} ${b[1].toFixed(1)}) rotate(${(Math.atan2(b[1] - a[1], b[0] - a[0]) * 180 / Math.PI).toFixed(0)})"/>`;
  }
  // a card whose picture is as wide as it is
  function card(title, height, draw, full) {
    const figure = document.createElement('figure');
    figure.className = `chart card ${full ? 'full' : ''}`;
    put(figure, html`<figcaption><h3></h3><span class="legend"></span></figcaption><div class="plot"></div>`);
    part('state-space', '.charts').append(figure);
    const plot = figure.querySelector('.plot'), legend = figure.querySelector('.legend');
    const show = () => {
      figure.querySelector('h3').textContent = title();
      put(plot, draw(Math.max(260, Math.floor(plot.clientWidth)), height, legend));
    };
    let width = 0;
    new ResizeObserver(() => { if (plot.clientWidth !== width) width = plot.clientWidth, show(); }).observe(plot);
    return {show, figure};
  }

  // ── runs and points in a plane ──
  const pack = space.runs.map(r => ({label: r.label, places: r.places}));
  const at = (places, k) => places.filter((_, i) => i % space.components === k);
  const labels = [...new Set(space.runs.map(r => r.label))].sort((a, b) => a - b), label_key = k => labels.length > 1 ? key(labels.indexOf(k)) : 'accent';
  const label_name = k => space.labels[k] ?? `label ${k}`;
  const plane = card(() => several ? `Runs, and points of rest under ${space.conditions[state.condition].name}` : 'Runs and points of rest', 470, (width, height, legend) => {
    const shown = points(), x = state.x, y = state.y;
    put(legend, html`${labels.length > 1 && labels.map(k => html`<span class="key" style="--key: var(--${label_key(k)})">${label_name(k)}</span>`)}${
        Object.keys(kinds).filter(k => shown.some(p => p.kind === k)).map(k => html`<span class="kind"><svg width="14" height="14" class="space" aria-hidden="true">${mark({kind: k}, 7, 7)}</svg>${k}</span>`)}`);
    return picture(width, height, range_of([...pack.flatMap(r => at(r.places, x)), ...shown.map(p => p.place[x])]),
        range_of([...pack.flatMap(r => at(r.places, y)), ...shown.map(p => p.place[y])]), [`${component(x)}, ${share(x)}`, `${component(y)}, ${share(y)}`],
        `${count_of(pack.length, 'run')} and ${count_of(shown.length, 'point')} of rest in the plane of ${component(x)} and ${component(y)}.`,
        (X, Y) => html`${pack.map(r => {
          const ys = at(r.places, y), path = at(r.places, x).map((v, i) => [X(v), Y(ys[i])]);
          return html`<path class="run" style="${paint(label_key(r.label))}" d="M${path.map(p => `${p[0].toFixed(1)} ${p[1].toFixed(1)}`).join('L')}"/>${arrow(path, label_key(r.label))}`;
        })}${pack.map(r => html`<circle class="start" cx="${X(r.places[x]).toFixed(1)}" cy="${Y(r.places[y]).toFixed(1)}" r="3" style="${paint(label_key(r.label))}"/>`)}${
            shown.map(p => mark(p, +X(p.place[x]).toFixed(1), +Y(p.place[y]).toFixed(1), p.i === state.point))}`, {role: 'group'});
  }, true);

  // ── what components explain ──
  card(() => 'Variance explained', 280, (width, height, legend) => {
    const list = space.explained.slice(0, Math.min(space.explained.length, Math.max(4, Math.floor(width / 44)))), sums = [];
    list.reduce((sum, v, k) => sums[k] = sum + v, 0);
    const first = [.9, .95, .99].map(s => [s, sums.findIndex(v => v >= s) + 1]).filter(([, n]) => n > 0).pop();
    put(legend, html`<span class="key" style="--key: var(--accent)">each</span><span class="key" style="--key: var(--ink)">together</span>${first && html`<span>${percent(first[0], 0)} in ${first[1]}</span>`}`);
    return picture(width, height, [.4, list.length + .6], [0, 1.03], ['component', ''], `Shares of variance: ${list.map(v => percent(v)).join(', ')}.`, (X, Y) => html`${
        list.map((v, k) => html`<rect x="${X(k + .65).toFixed(1)}" y="${Y(v).toFixed(1)}" width="${(X(1.7) - X(1)).toFixed(1)}" height="${(Y(0) - Y(v)).toFixed(1)}" style="fill:var(--accent)"><title>${component(k)} ${percent(v)}</title></rect>`)}<path class="run" style="${
        paint('ink', 'opacity:1')}" d="M${sums.map((v, k) => `${X(k + 1).toFixed(1)} ${Y(v).toFixed(1)}`).join('L')}"/>${sums.map((v, k) => html`<circle cx="${X(k + 1).toFixed(1)}" cy="${Y(v).toFixed(1)}" r="3" style="fill:var(--card);stroke:var(--ink)"/>`)}`,
        {x_ticks: {list: list.map((_, k) => k + 1), text: list.map((_, k) => k + 1)}, y_text: v => percent(v, 0)});
  });

  // ── eigenvalues at the chosen point ──
  const spectrum = space.points.length && card(() => {
    const p = space.points[state.point];
    return p ? `Eigenvalues at ${p.kind === 'slow' ? 'a slow point' : p.kind === 'marginal' ? 'a marginal point' : p.kind === 'unstable' ? 'an unstable point' : `a ${p.kind}`}` : 'Eigenvalues';
  }, 280, (width, height, legend) => {
    const p = space.points[state.point], dt = space.dt;
    put(legend, html`<span class="key" style="--key: var(--bad)">grow</span><span class="key" style="--key: var(--accent)">fall</span><span class="border">border of stability</span>`);
    if (!p) return html`<p class="quiet">No point here.</p>`;
    const xr = range_of([...p.re, 0], .1), reach = Math.max(...p.im.map(Math.abs), .25 * (xr[1] - xr[0])) * 1.15, border = [];
    // |λ| = 1 is the circle around −1/dt through 0
    for (let k = 0; k <= 720; ++k) border.push([(Math.cos(Math.PI * (k / 360 - 1)) - 1) / dt, Math.sin(Math.PI * (k / 360 - 1)) / dt]);
    return picture(width, height, xr, [-reach, reach], ['real part, per unit of time', 'imaginary part'],
        `${p.re.length} eigenvalues, ${p.unstable} of them grow; the largest real part is ${number(Math.max(...p.re))}.`, (X, Y, box) => html`<path class="zero" d="M${X(0).toFixed(1)} ${box.top}V${box.bottom}"/><path class="border" d="M${
            border.map(([a, b]) => `${X(a).toFixed(1)} ${Y(b).toFixed(1)}`).join('L')}"/>${p.re.map((a, k) => {
          const grows = (1 + dt * a) ** 2 + (dt * p.im[k]) ** 2 > 1 + 2e-6;
          return html`<circle cx="${X(a).toFixed(1)}" cy="${Y(p.im[k]).toFixed(1)}" r="3.6" style="fill:var(--${grows ? 'bad' : 'accent'});fill-opacity:.75"><title>${number(a)} ${p.im[k] < 0 ? '−' : '+'} ${number(Math.abs(p.im[k]))} i</title></circle>`;
        })}`);
  });

  // ── Lyapunov exponents ──
  const ticks_to = last => { const list = [...Array(last).keys()].map(k => k + 1).filter(k => last <= 20 || k % 10 === 0); return {list, text: list}; };
  const exponents = space.conditions.some(c => c.lyapunov.length) && card(() => several ? `Lyapunov exponents under ${space.conditions[state.condition].name}` : 'Lyapunov exponents', 280, (width, height, legend) => {
    const {lyapunov: list, deviation} = space.conditions[state.condition];
    put(legend, html`<span>largest <b>${number(list[0], 3)}</b>${space.lyapunov_runs > 1 ? ` ± ${number(deviation[0], 2)}` : ''}</span>`);
    return picture(width, height, [.4, list.length + .6], range_of([0, ...list.map((v, k) => v - deviation[k]), ...list.map((v, k) => v + deviation[k])]), ['number', 'per unit of time'],
        `Lyapunov exponents: ${list.map(v => number(v, 3)).join(', ')}.`, (X, Y, box) => html`<path class="zero" d="M${box.left} ${Y(0).toFixed(1)}H${box.right}"/>${list.map((v, k) => v === null ? '' : html`<path style="${
            paint(v > 0 ? 'bad' : 'accent', 'stroke-width:1.5')}" d="M${X(k + 1).toFixed(1)} ${Y(v - deviation[k]).toFixed(1)}V${Y(v + deviation[k]).toFixed(1)}"/><circle cx="${X(k + 1).toFixed(1)}" cy="${Y(v).toFixed(1)}" r="4" style="fill:var(--${
            v > 0 ? 'bad' : 'accent'})"><title>${number(v)}</title></circle>`)}`,
        {x_ticks: ticks_to(list.length)});
  }, !!space.points.length);

  // ── choices ──
  const choose = i => { state.point = i; plane.show(), spectrum && spectrum.show(); };
  const first_point = () => { const p = points(); return p.length ? (p.find(q => q.kind === 'saddle') || p[0]).i : -1; };
  state.point = first_point();
  const pick = event => {
    const g = event.target.closest('.mark[data-i]');
    if (!g) return;
    event.preventDefault();
    choose(+g.dataset.i);
    const again = plane.figure.querySelector(`[data-i="${g.dataset.i}"]`);
    if (event.type === 'keydown' && again) again.focus();
  };
  plane.figure.addEventListener('click', pick);
  plane.figure.addEventListener('keydown', event => (event.key === 'Enter' || event.key === ' ') && pick(event));
  const show_all = () => [plane, spectrum, exponents].forEach(c => c && c.show());
  const controls = part('state-space', '.controls'), pairs = [[0, 1], [0, 2], [1, 2]].filter(([, y]) => y < space.components);
  if (several) choice(controls, 'Constant input', space.conditions.map((c, k) => [k, c.name]), 0, k => { state.condition = +k; state.point = first_point(); show_all(); });
  if (pairs.length > 1) choice(controls, 'Plane', pairs.map(([x, y]) => [`${x}${y}`, `${component(x)}, ${component(y)}`]), '01', v => { state.x = +v[0], state.y = +v[1]; plane.show(); });
  show_all();

  put(part('state-space', '.lede'), html`<b>${count_of(space.runs.length, 'run')}</b>${space.runs_all > space.runs.length ? ` of ${grouped(space.runs_all)}` : ''} of a state of ${count_of(space.units, 'number')}, without noise; small circles are their starts.${
      space.points.length ? ' A point of rest can be chosen; its eigenvalues are below. Left of the border modes fall.' : ''}`);
  put(part('state-space', 'details .scroll'), space.points.length ? table('Points of rest', ['under', 'kind', 'directions that grow', 'speed', 'slowest mode, time constant', 'starts that led here'],
      space.points.map(p => [space.conditions[p.condition].name, p.kind, p.unstable, number(p.speed, 3), number(p.time_constant, 4), p.starts]), [false, false, true, true, true, true])
      : table('Variance explained', ['component', 'share'], space.explained.slice(0, 20).map((v, k) => [k + 1, percent(v)]), [true, true]));
}
if (part('state-space', '.charts')) state_space();

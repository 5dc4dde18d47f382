// Examples: a strip to choose from, the picture and the answer, and what each layer did over time.
function example_viewer() {
  const list = report.examples, layers = [...new Set(list.flatMap(e => e.trajectories.map(t => t.layer)))];
  const variables_of = layer => [...new Map(list.flatMap(e => e.trajectories.filter(t => t.layer === layer).map(t => [t.variable, t.meaning])))];
  // at first the largest layer, which is rarely the input or the output
  const units_of = layer => list.flatMap(e => e.trajectories).find(t => t.layer === layer).all_units;
  const inner = layers.filter((l, i) => i > 0 && i + 1 < layers.length), start = (inner.length ? inner : layers.slice(-1)).reduce((a, b) => units_of(b) > units_of(a) ? b : a, inner[0] ?? layers[layers.length - 1]);
  const state = {example: 0, layer: start, variable: start && variables_of(start)[0][0], order: 'index', units: null};
  const name_of = (e, k) => e.title || `example ${k + 1}`;
  const verdict = e => e.label < 0 ? (e.prediction < 0 ? '' : html`<span>read as ${class_name(e.prediction)}</span>`)
      : e.prediction < 0 ? html`<span>${class_name(e.label)}</span>`
      : e.prediction === e.label ? html`<span class="right">✓ ${class_name(e.prediction)}</span>`
      : html`<span class="wrong">✗ ${class_name(e.prediction)}</span>`;
  function paint(canvas, e) {
    const grey = bytes_of(e.image);
    canvas.width = e.columns, canvas.height = e.rows;
    const context = canvas.getContext('2d'), image = context.createImageData(e.columns, e.rows);
    grey.forEach((v, i) => image.data.set([v, v, v, 255], 4 * i));
    context.putImageData(image, 0, 0);
  }

  put(part('examples', '.body'), html`<div class="strip" role="group" aria-label="Examples">${list.map((e, k) => html`<button type="button" class="thumb" data-k="${k}">${
      e.image && html`<canvas role="img" aria-label="Image of ${name_of(e, k)}"></canvas>`}<span title="${name_of(e, k)}">${e.label >= 0 ? class_name(e.label) : name_of(e, k)}</span>${
      e.prediction >= 0 ? html`<span class="verdict">${e.label >= 0 ? verdict(e) : class_name(e.prediction)}</span>` : ''}</button>`)}</div>
    <div class="card"><div class="example"><div class="portrait"></div><div class="traces"><div class="controls"></div><div class="map"></div><div class="chips"></div><div class="lines"></div></div></div></div>`);
  const body = part('examples', '.body'), thumbs = [...body.querySelectorAll('.thumb')];
  thumbs.forEach((thumb, k) => {
    if (list[k].image) paint(thumb.querySelector('canvas'), list[k]);
    thumb.addEventListener('click', () => { state.example = k; show(); });
  });
  const traces = body.querySelector('.traces'), map = traces.querySelector('.map'), lines = traces.querySelector('.lines'), chips = traces.querySelector('.chips');
  const controls = traces.querySelector('.controls');
  function draw_controls() {
    controls.replaceChildren();
    if (!layers.length) return;
    const what = document.createElement('div'), variables = variables_of(state.layer);
    what.className = 'controls';
    const change_layer = layer => {
      state.layer = layer, state.units = null;
      if (!variables_of(layer).some(([name]) => name === state.variable)) state.variable = variables_of(layer)[0][0];
      draw_controls();
      show();
    };
    if (layers.length > 3 || layers.join('').length > 60) {
      const label = put(document.createElement('label'), html`<span class="visually-hidden">Layer</span><select>${layers.map(l => html`<option value="${l}">${l}</option>`)}</select>`);
      const select = label.querySelector('select');
      select.value = state.layer;
      select.addEventListener('change', () => { change_layer(select.value); controls.querySelector('select').focus(); });
      what.append(label);
    } else if (layers.length > 1) {
      choice(what, 'Layer', layers.map(l => [l, l]), state.layer, change_layer);
    } else {
      what.append(layers[0]);
    }
    if (variables.length > 1) choice(what, 'Variable', variables.map(([name]) => [name, name]), state.variable, variable => { state.variable = variable; show(); });
    controls.append(what);
    choice(controls, 'Order of units', [['index', 'by number'], ['peak', 'by time of peak']], state.order, order => { state.order = order; show(); });
  }
  draw_controls();
  const unpacked = new Map();
  const values_of = t => { if (!unpacked.has(t)) unpacked.set(t, unpack16(t)); return unpacked.get(t); };

  // colours from low to high; two-sided where the values have both signs
  const ramps = {light: {one: ['#f4f6fd', '#c3d2fa', '#85a3f2', '#4468dd', '#27399a', '#12194a'], two: ['#7d2c04', '#d9590b', '#f5b98c', '#f5f5f2', '#93adf3', '#3358d4', '#1a2560']},
                 dark: {one: ['#14171c', '#1d2a58', '#3050bd', '#6b93ff', '#b4cbff', '#f6f9ff'], two: ['#ffd7b5', '#f08a3c', '#84400f', '#17191d', '#2a449f', '#7d9dff', '#dbe5ff']}};
  const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
  function ramp(two) {
    const dark = rgb(colour('card'))[0] < 128, stops = ramps[dark ? 'dark' : 'light'][two ? 'two' : 'one'].map(rgb), last = stops.length - 1;
    return x => {
      const p = Math.min(last - 1e-6, Math.max(0, x * last)), k = Math.floor(p);
      return stops[k].map((c, i) => Math.round(c + (p - k) * (stops[k + 1][i] - c)));
    };
  }
  // the same scale for one variable of all examples
  const is_chosen = t => t.layer === state.layer && t.variable === state.variable && t.packed;
  const limits = () => {
    const all = list.flatMap(e => e.trajectories.filter(is_chosen));
    let low = Math.min(...all.map(t => t.low)), high = Math.max(...all.map(t => t.high));
    if (!(low <= high)) low = 0, high = 1;
    const two = low < 0 && high > 0 && Math.min(-low, high) > .08 * Math.max(-low, high);
    if (two) high = Math.max(-low, high), low = -high;
    if (low === high) high = low + 1;
    return {low, high, two};
  };

  function portrait(e, k) {
    const host = body.querySelector('.portrait');
    put(host, html`${e.image && html`<canvas role="img" aria-label="Image of ${name_of(e, k)}"></canvas>`}<div><h3>${name_of(e, k)}</h3><p class="verdict">${
        e.label >= 0 ? html`<span class="quiet">is</span> ${class_name(e.label)}<br>` : ''}${e.prediction >= 0 ? html`<span class="quiet">read as</span> ${
        html`<span class="${e.label < 0 ? '' : e.prediction === e.label ? 'right' : 'wrong'}">${class_name(e.prediction)}</span>`}` : ''}</p></div>
        ${e.probabilities.length ? html`<ol class="probabilities" aria-label="Probabilities of the classes">${e.probabilities.map((p, c) => [p ?? 0, c]).sort((a, b) => b[0] - a[0]).slice(0, 10)
            .map(([p, c]) => html`<li class="${c === e.label ? 'asked' : c === e.prediction ? 'mistaken' : ''}"><span class="class" title="${class_name(c)}">${class_name(c)}</span><i style="width:${
            (100 * p).toFixed(1)}%"></i><span class="number">${percent(p, p > .0995 && p < .9995 ? 0 : 1)}</span></li>`)}</ol>` : ''}`);
    if (e.image) paint(host.querySelector('canvas'), e);
    if (e.outputs.length) host.append(put(document.createElement('div'), table('Values', ['', 'target', 'answer'],
        e.outputs.map((v, i) => [i, number(e.targets[i], 3), number(v, 3)]), [true, true, true])));
    const bare = !e.image && !e.probabilities.length && !e.outputs.length && e.label < 0 && e.prediction < 0;
    host.hidden = bare;
    body.querySelector('.example').classList.toggle('alone', bare);
  }

  function show() {
    const e = list[state.example], t = e.trajectories.find(is_chosen) || null;
    thumbs.forEach((thumb, k) => thumb.setAttribute('aria-pressed', k === state.example));
    portrait(e, state.example);
    map.replaceChildren();
    lines.replaceChildren();
    chips.replaceChildren();
    traces.hidden = !layers.length;
    if (!t) { if (layers.length) put(map, html`<p class="quiet">No values of this variable were kept for this example.</p>`); return; }
    const values = values_of(t), {low, high, two} = limits(), steps = t.steps, units = t.units;
    const value = (s, u) => values[s * units + u], time = Array.from({length: steps}, (_, s) => t.first + s * t.step_stride), number_of = u => u * t.unit_stride;
    const unit_name = u => t.answers ? class_name(number_of(u)) : String(number_of(u));

    // order of the rows, and the units that move most
    const peak = [], moves = [];
    for (let u = 0; u < units; ++u) {
      let best = -1, top = -Infinity, sum = 0, squares = 0, n = 0;
      for (let s = 0; s < steps; ++s) {
        const v = value(s, u);
        if (Number.isNaN(v)) continue;
        if (Math.abs(v) > top) top = Math.abs(v), best = s;
        sum += v, squares += v * v, ++n;
      }
      peak.push(best), moves.push(n ? squares / n - (sum / n) ** 2 : 0);
    }
    const rows = Array.from({length: units}, (_, u) => u);
    if (state.order === 'peak') rows.sort((a, b) => peak[a] - peak[b]);
    const row_of = [];
    rows.forEach((u, r) => row_of[u] = r);
    // of an output the answers in question, else those that move most
    const asked = t.answers ? [e.label, e.prediction] : [], rank = u => asked.includes(u) ? Infinity : moves[u];
    state.units = (state.units ?? [...rows].sort((a, b) => rank(b) - rank(a) || a - b).slice(0, 4).sort((a, b) => a - b)).filter(u => u < units);
    const key = i => `u${1 + i % 8}`, half = t.step_stride / 2;

    // heat map: one pixel a value, stretched into the chart
    const sheet = document.createElement('canvas');
    sheet.width = steps, sheet.height = units;
    let sheet_for = null;
    const fill_sheet = () => {
      const of = ramp(two), context = sheet.getContext('2d'), image = context.createImageData(steps, units);
      for (let r = 0; r < units; ++r)
        for (let s = 0; s < steps; ++s) {
          const v = value(s, rows[r]);
          image.data.set(Number.isNaN(v) ? [0, 0, 0, 0] : [...of((v - low) / (high - low)), 255], 4 * (r * steps + s));
        }
      context.putImageData(image, 0, 0);
      sheet_for = colour('card');
    };
    const common = {x_range: [time[0] - half, time[steps - 1] + half], sync: 'examples', x_label: 'step', whole_x: true, x_text: x => Number.isInteger(x) ? grouped(x) : ''};
    const height = Math.round(Math.min(360, Math.max(t.answers ? 60 + 18 * units : 150, 60 + 2.2 * units)));
    let over = false;                                  // the cursor also follows that of the other chart
    const pointed = () => {
      const s = heat.cursor.idx, r = Math.round(heat.posToVal(heat.cursor.top, 'y'));
      if (!over || s === null || s === undefined || !(r >= 0 && r < units)) return '';
      return `${t.answers ? '' : 'unit '}${unit_name(rows[r])}, step ${time[s]}: ${number(value(s, rows[r]), 3)}`;
    };
    const heat = chart(map, {...common, title: html`All ${grouped(t.all_units)} units: ${t.variable}${t.meaning && html`<span class="quiet">, ${t.meaning}</span>`}`, data: [time, time.map(() => null)], series: [{hidden: true, key: 'u1'}], height,
      description: `Heat map of ${t.variable} of ${t.layer}, units by time steps.`, y_range: [-.5, units - .5], y_down: true, whole_y: true, cross: true,
      ...(t.answers && {y_size: 92, y_splits: () => rows.map((_, r) => r)}),
      y_tick: r => !Number.isInteger(r) ? '' : t.answers ? unit_name(rows[r]) : state.order === 'index' ? grouped(number_of(r)) : '',
      under: u => {
        if (sheet_for !== colour('card')) fill_sheet();
        const {left, top, width, height} = u.bbox;
        u.ctx.save();
        u.ctx.imageSmoothingEnabled = false;
        u.ctx.drawImage(sheet, left, top, width, height);
        u.ctx.restore();
      },
      draw: u => {                                     // where the chosen units lie
        const {left, width} = u.bbox, size = 5 * devicePixelRatio;
        u.ctx.save();
        state.units.forEach((unit, i) => {
          const y = u.valToPos(row_of[unit], 'y', true);
          u.ctx.fillStyle = colour(key(i));
          u.ctx.beginPath();
          u.ctx.moveTo(left + width + 1, y);
          u.ctx.lineTo(left + width + 1.6 * size, y - size);
          u.ctx.lineTo(left + width + 1.6 * size, y + size);
          u.ctx.fill();
        });
        u.ctx.restore();
      },
      at: pointed,
      click: u => toggle(rows[Math.min(units - 1, Math.max(0, Math.round(u.posToVal(u.cursor.top, 'y'))))])});
    const of = ramp(two), figure = map.querySelector('.legend');
    const bar = put(document.createElement('span'), html`<span class="scale">${number(low, 3)}<i></i>${number(high, 3)}</span>`);
    bar.querySelector('i').style.background = `linear-gradient(90deg, ${Array.from({length: 13}, (_, i) => `rgb(${of(i / 12)})`)})`;
    figure.append(bar);
    for (const [event, here] of [['pointerenter', true], ['pointerleave', false]]) heat.over.addEventListener(event, () => { over = here; });
    on_theme(bar, () => { const of = ramp(two); bar.querySelector('i').style.background = `linear-gradient(90deg, ${Array.from({length: 13}, (_, i) => `rgb(${of(i / 12)})`)})`; });

    // chosen units
    put(chips, html`<span>Units</span>${state.units.map((u, i) => html`<button type="button" data-u="${u}" style="--key: var(--${key(i)})" aria-label="remove unit ${unit_name(u)}">${
        unit_name(u)}</button>`)}<label><span class="visually-hidden">Add a unit by its number</span><input type="text" inputmode="numeric" placeholder="add a number"></label><span>or click the map</span>`);
    chips.querySelectorAll('button').forEach(b => b.addEventListener('click', () => toggle(+b.dataset.u)));
    chips.querySelector('input').addEventListener('change', event => {
      const u = Math.round(parseInt(event.target.value, 10) / t.unit_stride);
      if (u >= 0 && u < units && !state.units.includes(u)) toggle(u);
    });
    if (state.units.length) {
      chart(lines, {...common, title: html`Chosen units: ${t.variable}`, height: 220, ...(t.answers && {y_size: 92}), at: s => `step ${s}`, y_text: v => number(v, 3), description: 'Values of the chosen units over time.',
        data: [time, ...state.units.map(u => time.map((_, s) => Number.isNaN(value(s, u)) ? null : value(s, u)))],
        series: state.units.map((u, i) => ({name: unit_name(u), key: key(i), width: 1.75}))});
    }
    const thinned = [t.step_stride > 1 && `one of ${t.step_stride} steps`, t.unit_stride > 1 && `one of ${t.unit_stride} units`].filter(Boolean);
    if (thinned.length) chips.append(`Kept in this file: ${thinned.join(', ')}.`);
  }
  function toggle(u) {
    state.units = state.units.includes(u) ? state.units.filter(v => v !== u) : [...state.units, u].slice(-8);
    show();
  }
  show();

  const judged = list.filter(e => e.label >= 0 && e.prediction >= 0), right = judged.filter(e => e.label === e.prediction).length;
  put(part('examples', '.lede'), html`${count_of(list.length, 'sample')} the network was not trained on${judged.length ? html`, <b>${right}</b> of ${judged.length} read rightly` : ''}. ${
      layers.length ? 'Colours have the same scale for all examples.' : ''}`);
}
if (report.examples.length) example_viewer();

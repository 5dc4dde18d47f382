// Histograms of weight and parameter blocks: small ones to choose from, the chosen one large. Trained values are bars,
// initial ones an outline, or a line where they were all equal.
function histograms() {
  const list = report.histograms, state = {chosen: 0, log: false};
  const size_of = h => h.counts.reduce((a, b) => a + b, 0);
  const has_initial = h => h.initial_counts.length > 0, all_equal = h => h.initial_deviation === 0;
  const height = v => state.log ? Math.log10(1 + v) : v;
  // an initial peak may run out of the picture, so that the trained values stay readable
  const top_of = h => {
    const trained = Math.max(1e-9, ...h.counts.map(height));
    return has_initial(h) && !all_equal(h) ? Math.min(Math.max(trained, ...h.initial_counts.map(height)), 1.5 * trained) : trained;
  };

  // ── small ──
  function thumbnail(h) {
    const width = 100 / h.counts.length, top = top_of(h), y = v => (40 - 38 * Math.min(1, height(v) / top)).toFixed(2);
    const x = value => (100 * (value - h.low) / (h.high - h.low)).toFixed(2);
    const bars = h.counts.map((v, i) => v ? `M${(i * width + .04 * width).toFixed(2)} 40V${y(v)}h${(.92 * width).toFixed(2)}V40Z` : '').join('');
    const outline = !has_initial(h) ? '' : all_equal(h) ? `M${x(h.initial_mean)} 0V40`
        : h.initial_counts.map((v, i) => `${i ? 'L' : 'M'}${(i * width).toFixed(2)} ${y(v)}H${((i + 1) * width).toFixed(2)}`).join('');
    return html`<svg viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true"><path class="bars" d="${bars}"/><path class="initial" d="${outline}"/></svg>`;
  }

  // ── large ──
  const with_unit = (text, h) => h.unit ? `${text} ${h.unit}` : text;
  const spread = (mean, deviation) => deviation === 0 ? `all ${number(mean, 3)}` : `${number(mean, 3)} ± ${number(deviation, 3)}`;
  function large(host, h) {
    const bins = h.counts.length, step = (h.high - h.low) / bins, edge = i => h.low + i * step, top = top_of(h);
    const digits = Math.max(3, Math.ceil(Math.log10(Math.max(Math.abs(h.low), Math.abs(h.high)) / step)) + 1);
    const count = v => grouped(Math.round(state.log ? 10 ** v - 1 : v));
    const decades = [0, ...[1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].filter(v => height(v) <= 1.05 * top).map(height)];
    chart(host, {
      title: h.name, height: 290, data: [h.counts.map((_, i) => edge(i + .5)), h.counts.map(height), ...(has_initial(h) ? [h.initial_counts.map(height)] : [])],
      series: [{name: 'after', key: 'accent', hidden: true, text: count}, ...(has_initial(h) ? [{name: 'before', key: 'ink', hidden: true, text: count}] : [])],
      idle_at: 'counts per bin',
      idle: [spread(h.mean, h.deviation), has_initial(h) ? spread(h.initial_mean, h.initial_deviation) : ''],
      at: x => { const i = Math.floor((x - h.low) / step); return with_unit(`${number(edge(i), digits)} … ${number(edge(i + 1), digits)}`, h); },
      x_range: [h.low, h.high], y_range: [0, 1.06 * top], x_label: h.unit ? `value, ${h.unit}` : 'value',
      y_tick: count, ...(state.log ? {y_splits: () => decades} : {whole_counts: true}),
      description: `${grouped(size_of(h))} values, ${spread(h.mean, h.deviation)}.`,
      draw: u => {
        const {ctx, bbox} = u, base = bbox.top + bbox.height, at = i => u.valToPos(edge(i), 'x', true), y = v => Math.max(bbox.top, u.valToPos(height(v), 'y', true));
        ctx.save();
        ctx.fillStyle = colour('accent');
        h.counts.forEach((v, i) => v && ctx.fillRect(at(i) + .04 * (at(1) - at(0)), y(v), .92 * (at(1) - at(0)), base - y(v)));
        ctx.strokeStyle = colour('ink'), ctx.lineWidth = 1.5 * devicePixelRatio, ctx.beginPath();
        if (has_initial(h) && all_equal(h)) {
          const x = u.valToPos(h.initial_mean, 'x', true);
          ctx.moveTo(x, bbox.top), ctx.lineTo(x, base);
        } else {
          h.initial_counts.forEach((v, i) => { ctx.lineTo(at(i), y(v)), ctx.lineTo(at(i + 1), y(v)); });
        }
        ctx.stroke();
        ctx.restore();
      }});
  }

  const body = put(part('weights', '.body'), html`<div class="blocks" role="group" aria-label="Blocks"></div><div class="large"></div>`);
  const show = () => {
    put(body.querySelector('.blocks'), list.map((h, k) => html`<button type="button" class="thumb" data-k="${k}" aria-pressed="${String(k === state.chosen)}">${
        thumbnail(h)}<span title="${h.name}">${h.name}</span><span class="verdict">${count_of(size_of(h), 'value')}</span></button>`));
    body.querySelectorAll('.thumb').forEach(thumb => thumb.addEventListener('click', () => {
      state.chosen = +thumb.dataset.k;
      show();
      body.querySelector(`[data-k="${state.chosen}"]`).focus();
    }));
    body.querySelector('.large').replaceChildren();
    large(body.querySelector('.large'), list[state.chosen]);
  };
  checkbox(part('weights', '.controls'), 'logarithmic counts', log => { state.log = log; show(); });
  show();
  put(part('weights', '.lede'), html`<i class="swatch"></i>after training${
      list.some(has_initial) ? html` &ensp; <i class="swatch initial"></i>before` : ''} &ensp; Choose a block to see it large; numbers are mean ± deviation.`);
  put(part('weights', 'details .scroll'), table('Blocks of weights and parameters', ['block', 'unit', 'values', 'mean before', 'deviation before', 'mean', 'deviation'],
      list.map(h => [h.name, h.unit, grouped(size_of(h)), number(h.initial_mean), number(h.initial_deviation), number(h.mean), number(h.deviation)]),
      [false, false, true, true, true, true, true]));
}
if (report.histograms.length) histograms();

// keys and comments of the YAML texts in colour
document.querySelectorAll('#config pre').forEach(pre => put(pre, pre.textContent.split('\n').map((line, i) => {
  const [, before, key, rest] = line.match(/^(\s*(?:- )*)([\w.$/-]+:(?=\s|$))(.*)$/) || [null, '', '', line];
  const comment = rest.match(/^([^'"#]*(?:\s|^))(#.*)$/);
  return html`${i ? '\n' : ''}${before}${key && html`<span class="key">${key}</span>`}${comment ? html`${comment[1]}<span class="comment">${comment[2]}</span>` : rest}`;
})));

// Histograms of weight and parameter blocks: trained values as bars, initial ones as an outline.
function histograms() {
  const list = report.histograms, compared = list.some(h => h.initial_counts.length);
  const zero_of = h => h.low < 0 && h.high > 0 ? (100 * -h.low / (h.high - h.low)).toFixed(2) : null;
  const picture = (h, log) => {
    const bins = h.counts.length, width = 100 / bins, size = v => log ? Math.log1p(v) : v;
    // a narrow start (all values equal) may run out of the picture, so that the trained values stay readable
    const trained = Math.max(1e-9, ...h.counts.map(size)), top = Math.min(Math.max(trained, ...h.initial_counts.map(size)), 1.5 * trained);
    const y = v => (60 - 58 * size(v) / top).toFixed(2), edge = i => number(h.low + (h.high - h.low) * i / bins, 3);
    const bars = h.counts.map((v, i) => v ? html`<rect x="${(i * width + width * .06).toFixed(2)}" y="${y(v)}" width="${(width * .88).toFixed(2)}" height="${
        (60 - y(v)).toFixed(2)}"><title>${edge(i)} … ${edge(i + 1)}: ${grouped(v)}${h.initial_counts.length ? `, before ${grouped(h.initial_counts[i])}` : ''}</title></rect>` : '');
    const outline = h.initial_counts.map((v, i) => `${i ? 'L' : 'M'}${(i * width).toFixed(2)} ${y(v)}H${((i + 1) * width).toFixed(2)}`).join('');
    const zero = zero_of(h);
    return html`<svg viewBox="0 0 100 60" preserveAspectRatio="none" role="img" aria-label="Histogram of ${h.name}: mean ${number(h.mean, 3)}, deviation ${
        number(h.deviation, 3)}">${zero && html`<path class="zero" d="M${zero} 0V60"/>`}${bars}${outline && html`<path class="initial" d="${outline}"/>`}</svg>`;
  };
  const spread = (mean, deviation) => `${number(mean, 3)} ± ${number(deviation, 3)}`;
  const draw = log => put(part('weights', '.body'), html`<div class="histograms">${list.map(h => html`<figure class="histogram card"><figcaption><h3>${h.name}</h3>
      <p>${h.initial_mean !== null ? html`${spread(h.initial_mean, h.initial_deviation)} → ` : ''}<b>${spread(h.mean, h.deviation)}</b></p></figcaption>${
      picture(h, log)}<div class="ends"><span>${number(h.low, 3)}</span>${zero_of(h) > 18 && zero_of(h) < 82 && html`<span class="origin" style="left:${zero_of(h)}%">0</span>`}<span>${number(h.high, 3)}</span></div></figure>`)}</div>`);
  checkbox(part('weights', '.controls'), 'logarithmic counts', draw);
  draw(false);
  put(part('weights', '.lede'), html`<i class="swatch"></i>after training${compared ? html` &ensp; <i class="swatch initial"></i>before` : ''} &ensp; The line above each picture is mean ± deviation.`);
  put(part('weights', 'details .scroll'), table('Blocks of weights and parameters', ['block', 'values', 'mean before', 'deviation before', 'mean', 'deviation'],
      list.map(h => [h.name, grouped(h.counts.reduce((a, b) => a + b, 0)), number(h.initial_mean), number(h.initial_deviation), number(h.mean), number(h.deviation)]),
      [false, true, true, true, true, true]));
}
if (report.histograms.length) histograms();

// keys and comments of the YAML texts in colour
document.querySelectorAll('#config pre').forEach(pre => put(pre, pre.textContent.split('\n').map((line, i) => {
  const [, before, key, rest] = line.match(/^(\s*(?:- )*)([\w.$/-]+:(?=\s|$))(.*)$/) || [null, '', '', line];
  const comment = rest.match(/^([^'"#]*(?:\s|^))(#.*)$/);
  return html`${i ? '\n' : ''}${before}${key && html`<span class="key">${key}</span>`}${comment ? html`${comment[1]}<span class="comment">${comment[2]}</span>` : rest}`;
})));

// Learning curves and gradient norms: per step with a running mean, or per epoch.
const title_of = metric => metric.length <= 3 ? metric.toUpperCase() : capital(metric);   // MSE, Accuracy
// centred mean over `span` records; gaps stay gaps
function smooth(values, span) {
  return values.map((v, i) => {
    if (v === null) return null;
    let sum = 0, n = 0;
    for (let j = Math.max(0, i - span); j <= Math.min(values.length - 1, i + span); ++j)
      if (values[j] !== null) sum += values[j], ++n;
    return sum / n;
  });
}
const transposed = ([a, b]) => a.map((x, i) => [x, b[i]]);

function learning_curves() {
  const splits = report.curve;
  const split_colour = name => ({train: 'train', validation: 'validation'})[name] || `u${3 + splits.findIndex(s => s.name === name) % 6}`;
  const column = (split, what) => what in split ? split[what] : split.metrics[what];
  const weight = (split, i) => split.records ? split.records[i] : 1;

  // mean of each epoch; the last value where the quantity is a setting or a clock
  function by_epoch(split, what) {
    const sums = new Map(), values = column(split, what) || [];
    values.forEach((v, i) => {
      const epoch = split.epoch[i], sum = sums.get(epoch) || {total: 0, weight: 0, last: null};
      if (v !== null) sum.total += v * weight(split, i), sum.weight += weight(split, i), sum.last = v;
      sums.set(epoch, sum);
    });
    const last = what === 'lr' || what === 'seconds';
    return [[...sums.keys()], [...sums.values()].map(s => s.weight ? last ? s.last : s.total / s.weight : null)];
  }
  const dense = split => split.step.length > 1.5 * new Set(split.epoch).size && split.step.length >= 12;
  const epochs = new Set(splits.flatMap(s => s.epoch)).size;
  const is_dense = splits.some(dense);
  const state = {per: is_dense ? 'step' : 'epoch', log: false};

  // {data, series} of one quantity over all splits
  function lines(what, chosen = splits, raw = true) {
    const tables = [], series = [];
    for (const split of chosen) {
      const values = column(split, what);
      if (!present(values)) continue;
      const key = split_colour(split.name);
      if (state.per === 'epoch') {
        tables.push(by_epoch(split, what));
        series.push({name: split.name, key, points: true});
      } else if (dense(split) && raw) {
        const span = Math.max(1, Math.round(values.length / 60));
        tables.push([split.step, values, smooth(values, span)]);
        series.push({key, faint: true, width: 1}, {name: split.name, key});
      } else {
        tables.push([split.step, values]);
        series.push({name: split.name, key, points: !dense(split)});
      }
    }
    return tables.length ? {data: tables.length > 1 ? uPlot.join(tables) : tables[0], series} : null;
  }
  const at = x => `${state.per} ${grouped(x)}`;
  const whole_x = x => Number.isInteger(x) ? grouped(x) : '';

  const host = part('curves', '.charts');
  // a metric that is the loss itself needs no chart of its own
  const is_loss = name => splits.every(s => (s.metrics[name] || []).every((v, i) => v === null || Math.abs(v - s.loss[i]) <= 1e-5 * Math.abs(v)));
  const all_metrics = [...new Set(splits.flatMap(s => Object.keys(s.metrics)))];
  const metrics = all_metrics.filter(name => !is_loss(name)), same = all_metrics.filter(is_loss);
  if (metrics.includes(report.metric.name)) metrics.unshift(...metrics.splice(metrics.indexOf(report.metric.name), 1));
  function draw() {
    host.replaceChildren();
    const common = {sync: 'curves', at, x_label: state.per, x_text: whole_x, whole_x: true};
    const loss = lines('loss'), positive = loss && loss.data.slice(1).every(d => d.every(v => v === null || v === undefined || v > 0));
    const others = metrics.map(name => [name, lines(name)]).filter(m => m[1]);
    const lr = lines('lr', splits.filter(s => present(s.lr)).slice(0, 1), false);
    const parts = [loss && {...common, ...loss, title: ['Loss', ...same.map(title_of)].join(', '), log: state.log && positive,
                            description: 'Loss of training and validation over time.'},
                   ...others.map(([name, line]) => ({...common, ...line, title: title_of(name), y_text: v => metric_text(name, v),
                       y_tick: is_percent(name) ? v => number(100 * v, 4) + thin + '%' : null})),
                   lr && {...common, data: lr.data, series: [{...lr.series[0], name: ' ', key: 'u5', points: state.per === 'epoch'}],
                          title: 'Learning rate', height: 170, y_space: 30}].filter(Boolean);
    const wide = parts.length % 2 ? parts.length - 1 : -1;
    parts.forEach((spec, i) => chart(host, {...spec, full: i === wide, height: spec.title === 'Learning rate' && i !== wide ? 250 : spec.height}));
  }
  const controls = part('curves', '.controls');
  if (is_dense && epochs > 1)
    choice(controls, 'Horizontal axis', [['step', 'per step'], ['epoch', 'per epoch']], state.per, per => { state.per = per; draw(); });
  checkbox(controls, 'logarithmic loss', on => { state.log = on; draw(); });
  draw();

  // in words, and as a table
  const words = [], validation = splits.find(s => s.name === 'validation');
  if (validation && present(validation.loss)) {
    const [when, loss] = by_epoch(validation, 'loss');
    const best = loss.reduce((b, v, i) => v !== null && (b < 0 || v < loss[b]) ? i : b, -1);
    words.push(html`Lowest validation loss <b>${number(loss[best], 4)}</b> in epoch <b>${when[best]}</b> of ${Math.max(...when)}. `);
  }
  if (is_dense) words.push(html`Per step, the pale line is every record and the strong one a running mean. `);
  if (report.curve_thinned > 1) words.push(html`Each point stands for the mean of ${report.curve_thinned} records. `);
  words.push('Drag across a chart to zoom, double-click to return.');
  put(part('curves', '.lede'), words);

  const heads = ['epoch'], columns = [], kinds = [];
  for (const split of splits)
    for (const what of ['loss', ...Object.keys(split.metrics)])
      if (present(column(split, what)))
        heads.push(`${split.name} ${what.replace(/_/g, ' ')}`), kinds.push(what), columns.push(new Map(transposed(by_epoch(split, what))));
  for (const [what, name] of [['lr', 'learning rate'], ['seconds', 'seconds']]) {
    const split = splits.find(s => present(s[what]));
    if (split) heads.push(name), kinds.push(what), columns.push(new Map(transposed(by_epoch(split, what))));
  }
  const rows = [...new Set(splits.flatMap(s => s.epoch))].sort((a, b) => a - b).map(epoch =>
      [epoch, ...columns.map((c, i) => metric_text(kinds[i], c.get(epoch)))]);
  put(part('curves', 'details .scroll'), table('Means of each epoch; learning rate and seconds at its end', heads, rows, heads.map(() => true)));
}

function gradient_norms() {
  const host = part('gradients', '.charts'), split = report.curve.find(s => present(s.gradient)), step = split.step;
  const positive = values => values.map(v => v > 0 ? v : null);
  const median = values => {
    const known = values.filter(v => v !== null).sort((a, b) => a - b);
    return known.length ? known[known.length >> 1] : 0;
  };
  const many = step.length >= 12, span = Math.max(1, Math.round(step.length / 60));
  const common = {x_label: 'step', at: x => `step ${grouped(x)}`, whole_x: true, sync: 'gradients',
                  x_text: x => Number.isInteger(x) ? grouped(x) : '', y_text: v => number(v, 3)};

  // of everything
  const norms = positive(split.gradient), known = norms.filter(v => v !== null);
  chart(host, {...common, title: 'Whole gradient', data: many ? [step, norms, smooth(norms, span)] : [step, norms],
               series: many ? [{key: 'u8', faint: true, width: 1}, {name: ' ', key: 'u8'}]
                            : [{name: ' ', key: 'u8', points: true}],
               log: known.length > 0, height: 200,
               description: 'Norm of the whole gradient before clipping, over the steps of training.'});
  put(part('gradients', '.lede'), known.length
      ? html`Before clipping, by the stored parameters. Median <b>${number(median(norms), 3)}</b>, largest <b>${
          number(Math.max(...known), 3)}</b>.`
      : 'Before clipping. It is zero throughout.');

  // of each block; those with the largest come first, each keeps its colour
  const blocks = Object.entries(split.block_norms).map(([name, values]) => ({name, values: positive(values)}))
      .filter(b => present(b.values)).sort((a, b) => median(b.values) - median(a.values));
  if (blocks.length < 2) return;
  const shown = new Set(blocks.slice(0, 6));
  const colour_of = b => `u${1 + blocks.indexOf(b) % 8}`;
  const chips = document.createElement('div'), lines = document.createElement('div');
  chips.className = 'chips toggles', chips.setAttribute('aria-label', 'Blocks to show');
  host.append(lines);
  function draw() {
    lines.replaceChildren();
    const list = blocks.filter(b => shown.has(b));
    put(chips, blocks.map((b, i) => html`<button type="button" data-i="${i}" aria-pressed="${String(shown.has(b))}" style="--key: var(--${
        colour_of(b)})">${b.name}<b></b></button>`));
    const values = [...chips.querySelectorAll('b')];
    chart(lines, {...common, title: 'Blocks of parameters', log: list.length > 0, height: 260,
                  data: [step, ...list.map(b => many ? smooth(b.values, span) : b.values)],
                  series: list.map(b => ({key: colour_of(b), width: 1.75, points: !many})),
                  watch: (u, index) => list.forEach((b, i) => {
                    values[blocks.indexOf(b)].textContent = number(u.data[i + 1][nearest_value(u, i + 1, index)], 3);
                  }),
                  description: 'Norms of the gradient of each block of parameters, over the steps of training.'});
    chips.querySelectorAll('button').forEach(button => button.addEventListener('click', () => {
      const b = blocks[+button.dataset.i];
      if (!shown.delete(b)) shown.add(b);
      draw();
      chips.querySelector(`[data-i="${button.dataset.i}"]`).focus();
    }));
    lines.firstElementChild.append(chips);
  }
  draw();
}
if (part('curves', '.charts')) learning_curves();
if (part('gradients', '.charts')) gradient_norms();

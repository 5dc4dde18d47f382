// Robustness: the metric against the level of each disturbance, with a band of one standard deviation.
function sweeps() {
  const name = report.metric.name, host = part('sweeps', '.charts'), undisturbed = report.metric.test;
  const text = x => metric_text(name, x);
  report.sweeps.forEach((sweep, i) => {
    const order = sweep.levels.map((_, k) => k).sort((a, b) => sweep.levels[a] - sweep.levels[b]);
    const pick = values => order.map(k => values[k]);
    const x = pick(sweep.levels), mean = pick(sweep.mean), deviation = pick(sweep.deviation);
    const low = mean.map((m, k) => m - deviation[k]), high = mean.map((m, k) => m + deviation[k]);
    const known = [...low, ...high, undisturbed].filter(v => v !== null && isFinite(v));
    const bottom = Math.min(...known), top = Math.max(...known), room = (top - bottom) * .06 || Math.abs(top) * .1 || 1;
    const wide = (x[x.length - 1] - x[0]) * .03 || .5;
    chart(host, {
      title: sweep.name, x_label: sweep.level, data: [x, mean], series: [{name: name.replace(/_/g, ' '), key: 'train', points: true}], y_text: text,
      y_tick: is_percent(name) ? v => number(100 * v, 4) + thin + '%' : null,
      x_range: [x[0] - wide, x[x.length - 1] + wide], y_range: [bottom - room, top + room],
      full: report.sweeps.length % 2 === 1 && i === report.sweeps.length - 1,
      at: v => number(v), idle: [''],
      description: `${capital(name)} against ${sweep.level}: ${x.map((v, k) => `${number(v)}: ${text(mean[k])}`).join('; ')}.`,
      under: u => {
        const context = u.ctx, at = (k, v) => [u.valToPos(x[k], 'x', true), u.valToPos(v, 'y', true)];
        context.save();
        if (present(deviation) && deviation.some(d => d > 0)) {
          context.beginPath();
          x.forEach((_, k) => context.lineTo(...at(k, high[k])));
          [...x.keys()].reverse().forEach(k => context.lineTo(...at(k, low[k])));
          context.closePath();
          context.fillStyle = colour('train') + '26';
          context.fill();
        }
        const y = u.valToPos(undisturbed, 'y', true);
        context.strokeStyle = colour('soft');
        context.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
        context.lineWidth = devicePixelRatio;
        context.beginPath();
        context.moveTo(u.bbox.left, y);
        context.lineTo(u.bbox.left + u.bbox.width, y);
        context.stroke();
        context.restore();
      }});
  });
  const repeats = Math.max(...report.sweeps.map(s => s.repeats));
  put(part('sweeps', '.lede'), html`${report.kind === 'conversion' ? 'The dashed line is what the best factor reaches in other trials' : 'The dashed line is the network as it is'}, <b>${text(undisturbed)}</b>. ${report.kind === 'conversion' ? 'The band is one standard error.' : repeats > 1
      ? html`Points are means over up to <b>${repeats}</b> draws, bands one standard deviation.` : ''}`);
  put(part('sweeps', 'details .scroll'), report.sweeps.map(s => table(s.name, [s.level, name.replace(/_/g, ' '), 'deviation', 'draws'],
      s.levels.map((level, k) => [number(level), text(s.mean[k]), s.repeats > 1 ? text(s.deviation[k]) : '–', s.repeats]),
      [true, true, true, true])));
}
if (part('sweeps', '.charts')) sweeps();

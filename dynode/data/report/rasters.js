// Spiking trials: who fired when, excitatory units on top, and what the readout made of it, on one time axis.
function rasters() {
  const host = part('rasters', '.charts');
  put(part('rasters', '.lede'), html`Every mark is a spike, excitatory units above inhibitory ones. Beside it the output of the spiking network and of the one it was made from, in the same trial.`);
  report.rasters.forEach((trial, i) => {
    const last = trial.seconds, sync = `raster-${i}`, rows = [0, last];
    const hertz = x => `${number(x, 3)} Hz`, time = x => `${number(x, 3)} s`;
    const kinds = [['excitatory', 'bad', trial.rate_excitatory], ['inhibitory', 'train', trial.rate_inhibitory]].filter(k => k[2] !== null);
    chart(host, {
      title: trial.title, data: [rows, ...kinds.map(() => [null, null])], height: 260, sync,
      series: kinds.map(([name, key, rate]) => ({name, key, text: () => hertz(rate)})), idle: kinds.map(k => hertz(k[2])),
      x_range: [0, last], y_range: [-1, trial.units], y_down: true, whole_y: true, x_label: 's', at: time,
      description: `Spikes of ${count_of(trial.units, 'unit')} in ${time(last)}: ${grouped(trial.times.length)}.`,
      draw: u => {
        const context = u.ctx, height = Math.max(2 * devicePixelRatio, u.bbox.height / (trial.units + 1)), width = 1.5 * devicePixelRatio;
        context.save();
        kinds.forEach(([name, key]) => {
          context.fillStyle = colour(key);
          trial.times.forEach((at, k) => {
            if ((trial.spiking[k] < trial.excitatory) !== (name === 'excitatory')) return;
            context.fillRect(u.valToPos(at, 'x', true), u.valToPos(trial.spiking[k], 'y', true) - height / 2, width, height);
          });
        });
        context.restore();
      }});
    chart(host, {
      title: 'Output', data: [trial.output_times, trial.output, trial.rate_output], height: 260, sync, x_range: [0, last], x_label: 's', at: time,
      series: [{name: 'spiking network', key: 'validation', width: 1.5}, {name: 'rate network', key: 'train', width: 2}],
      description: `Output of the spiking and of the rate network over ${time(last)}.`});
  });
}
if (part('rasters', '.charts')) rasters();

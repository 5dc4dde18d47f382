// The confusion matrix as a heat map of row shares, with recall, precision and the commonest mix-ups.
function confusion_matrix() {
  const n = report.confusion.length, counts = report.confusion, sum = values => values.reduce((a, b) => a + b, 0);
  const asked = counts.map(sum), answered = counts.map((_, j) => sum(counts.map(row => row[j]))), all = sum(asked);
  const right = sum(counts.map((row, i) => row[i])), dense = n > 24;
  const share = (i, j) => asked[i] ? counts[i][j] / asked[i] : 0;
  const shade = (i, j) => {
    const strength = i === j ? .08 + .82 * share(i, j) ** 1.5 : .06 + .9 * Math.min(1, Math.sqrt(share(i, j) / .5));
    return `background:rgb(var(--${i === j ? 'hit' : 'miss'}) / ${strength.toFixed(3)})`;
  };
  const strong = (i, j) => i === j ? share(i, j) > .86 : share(i, j) > .2;     // where dark ink would not be read well

  const cell = (i, j) => html`<td data-i="${i}" data-j="${j}" class="${counts[i][j] ? '' : 'zero'} ${i === j ? 'diagonal' : ''} ${
      strong(i, j) && counts[i][j] ? 'strong' : ''}" style="${counts[i][j] ? shade(i, j) : ''}" title="${dense ? cell_text(i, j) : ''}">${counts[i][j]}</td>`;
  const cell_text = (i, j) => `${class_name(i)} read as ${class_name(j)}: ${counts[i][j]}`;
  const matrix = html`<div class="scroll"><table class="matrix ${dense ? 'dense' : ''}" style="--classes:${n}">
    <caption class="visually-hidden">Counts of true classes (rows) against predicted classes (columns)</caption>
    <colgroup><col class="side">${counts.map(() => html`<col>`)}${dense ? '' : html`<col class="recall">`}</colgroup>
    <thead><tr><td class="corner">${dense ? '' : 'true ╲ read as'}</td>${counts.map((_, j) =>
        html`<th scope="col" data-column="${j}">${dense ? '' : html`<span>${class_name(j)}</span>`}</th>`)}${dense ? '' : html`<th scope="col" class="flat">recall</th>`}</tr></thead>
    <tbody>${counts.map((row, i) => html`<tr><th scope="row" title="${class_name(i)}">${dense && i % 5 ? '' : class_name(i)}</th>${row.map((_, j) => cell(i, j))}
        ${dense ? '' : html`<td class="share">${percent(asked[i] ? share(i, i) : null)}</td>`}</tr>`)}</tbody>
    ${dense ? '' : html`<tfoot><tr><th scope="row">precision, %</th>${counts.map((row, j) =>
        html`<td class="share">${answered[j] ? (100 * row[j] / answered[j]).toFixed(0) : '–'}</td>`)}<td></td></tr></tfoot>`}</table></div>`;

  const mixups = counts.flatMap((row, i) => row.map((count, j) => ({i, j, count}))).filter(m => m.i !== m.j && m.count)
      .sort((a, b) => b.count - a.count).slice(0, 6);
  const idle = html`<span class="quiet">Point at a cell to read it.</span>`;
  put(part('confusion', '.body'), html`<div class="confusion"><div class="card">${matrix}</div><div class="aside"><div class="card">
    <p class="readout" aria-live="polite">${idle}</p>
    ${mixups.length ? html`<h3>Most frequent mix-ups</h3><ol class="mixups">${mixups.map(m => html`<li><span>${class_name(m.i)} <span class="quiet">read as</span> ${
        class_name(m.j)}</span><b>${grouped(m.count)}</b><i style="width:${(100 * m.count / mixups[0].count).toFixed(1)}%"></i></li>`)}</ol>` : ''}
    </div></div></div>`);

  const classes = counts.map((_, i) => i).filter(i => asked[i]).sort((a, b) => share(a, a) - share(b, b));
  put(part('confusion', '.lede'), html`<b>${grouped(right)}</b> of ${grouped(all)} are right. ${classes.length > 1 ? html`Best known: <b>${
      class_name(classes[classes.length - 1])}</b> (${percent(share(classes[classes.length - 1], classes[classes.length - 1]))}), least: <b>${class_name(classes[0])}</b> (${
      percent(share(classes[0], classes[0]))}).` : ''} Colour is the share of the row: blue right, orange wrong.`);

  const grid = part('confusion', '.matrix'), readout = part('confusion', '.readout');
  const point = event => {
    const td = event.target.closest('td[data-i]');
    grid.querySelectorAll('.lit, .here').forEach(e => e.classList.remove('lit', 'here'));
    if (!td) { put(readout, idle); return; }
    const i = +td.dataset.i, j = +td.dataset.j;
    td.classList.add('here');
    td.parentNode.classList.add('lit');
    grid.querySelector(`[data-column="${j}"]`).classList.add('lit');
    put(readout, html`<b>${class_name(i)}</b> ${i === j ? 'recognised' : html`read as <b>${class_name(j)}</b>`}: ${grouped(counts[i][j])} of ${
        grouped(asked[i])} <span class="quiet">(${percent(share(i, j))})</span>`);
  };
  grid.addEventListener('pointermove', point);
  grid.addEventListener('pointerdown', point);
  grid.addEventListener('pointerleave', point);
}
if (report.confusion.length) confusion_matrix();

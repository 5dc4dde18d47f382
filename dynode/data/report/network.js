// The network as a picture: stages from left to right (on narrow pages from top to bottom), arrows for connections,
// loops and arcs for what goes back.
function network_picture() {
  const layers = report.layers, box = {w: 176, h: 74}, letter = 6.2;
  const shorten = (text, n) => text.length > n ? text.slice(0, n - 1) + '…' : text;
  const kinds = [...new Set(layers.map(l => l.type))];
  const layer_name = l => l.name || l.type || `layer ${l.id}`;

  // connections of equal ends and lag are one arrow
  const arrows = new Map();
  for (const c of report.connections) {
    const key = [c.from, c.to, c.lag].join();
    if (!arrows.has(key)) arrows.set(key, {from: c.from, to: c.to, lag: c.lag, parts: []});
    arrows.get(key).parts.push(c);
  }
  const edges = [...arrows.values()].map(e => ({...e, weights: e.parts.reduce((s, c) => s + c.weights, 0),
      present: e.parts.reduce((s, c) => s + c.present, 0), learnable: e.parts.some(c => c.learnable)}));
  edges.forEach(e => {
    const names = e.parts.map(c => shorten(c.name, 22));
    e.lines = names.length > 3 ? [...names.slice(0, 2), `and ${names.length - 2} more`] : names;
    const kinds = [...new Set(e.parts.map(c => c.kind).filter(Boolean))], share = e.weights ? e.present / e.weights : 1;
    e.note = [kinds.length > 2 ? 'several kinds' : shorten(kinds.join(', '), 24), share < 1 && percent(share, share < .0995 ? 1 : 0),
              e.lag && 'lag 1'].filter(Boolean).join(' · ');
    e.label_width = letter * Math.max(...e.lines.map(l => l.length), e.note.length) + 12;
    e.loop = e.from === e.to;
  });

  // ── columns: forward edges make no cycle; those of one stage that would close one go back ──
  const onward = layers.map(() => []);
  const reaches = (a, b) => a === b || onward[a].some(c => reaches(c, b));
  const rank = e => (layers[e.from].stage !== layers[e.to].stage ? 0 : e.lag === 0 ? 1 : 2) * 2 + (e.from < e.to ? 0 : 1);
  for (const e of [...edges].sort((a, b) => rank(a) - rank(b)))
    if (!e.loop && !reaches(e.to, e.from)) onward[e.from].push(e.to), e.forward = true;
  const stages = [...new Set(layers.map(l => l.stage))].sort((a, b) => a - b);
  const blocks = new Map(stages.map(stage => [stage, {stage, members: layers.map((l, i) => i).filter(i => layers[i].stage === stage)}]));
  const place = layers.map(() => ({}));
  for (const block of blocks.values()) {               // columns and rows inside a stage
    const inside = new Set(block.members), depth = new Map(), used = [];
    const depth_of = i => {
      if (!depth.has(i)) depth.set(i, Math.max(0, ...block.members.filter(j => onward[j].includes(i) && inside.has(j)).map(j => depth_of(j) + 1)));
      return depth.get(i);
    };
    for (const i of block.members) place[i].column = depth_of(i), place[i].row = used[depth.get(i)] = (used[depth.get(i)] ?? -1) + 1;
    block.wide = used.length, block.high = Math.max(...used) + 1;
    block.stepwise = layers[block.members[0]].stepwise;
  }
  const inside = e => layers[e.from].stage === layers[e.to].stage;      // of one stage
  const taken = [];                                    // taken[row] = columns in use
  for (const block of blocks.values()) {               // stages after those they read, in the nearest free row
    const before = edges.filter(e => layers[e.to].stage === block.stage && layers[e.from].stage !== block.stage && e.forward)
        .map(e => blocks.get(layers[e.from].stage)).filter(b => b.first !== undefined);
    block.first = Math.max(0, ...before.map(b => b.first + b.wide));
    const wish = before.length ? Math.min(...before.map(b => b.row)) : 0;
    const free = row => {
      for (let r = row; r < row + block.high; ++r)
        for (let c = block.first; c < block.first + block.wide; ++c)
          if (taken[r]?.has(c)) return false;
      return true;
    };
    block.row = wish;
    while (!free(block.row)) ++block.row;
    for (let r = block.row; r < block.row + block.high; ++r)
      for (let c = block.first; c < block.first + block.wide; ++c) (taken[r] ??= new Set()).add(c);
    for (const i of block.members) place[i].column += block.first, place[i].row += block.row;
  }
  const columns = Math.max(...place.map(p => p.column)) + 1, rows = Math.max(...place.map(p => p.row)) + 1;
  const at = new Map(place.map((p, i) => [p.column + ',' + p.row, i]));

  // ── routes: straight on, a loop, or a lane above (back) or below (over others) ──
  for (const e of edges) {
    const a = place[e.from], b = place[e.to];
    let blocked = false;
    for (let c = a.column + 1; c < b.column; ++c) blocked ||= a.row === b.row && at.has(c + ',' + a.row);
    e.route = e.loop ? 'loop' : !e.forward || b.column <= a.column ? 'back' : blocked ? 'over' : 'on';
    e.row = Math.min(a.row, b.row);
    e.span = Math.abs(a.column - b.column);
  }
  const lanes = route => edges.filter(e => e.route === route).sort((a, b) => a.span - b.span);    // from the inside out
  for (const route of ['back', 'over']) lanes(route).forEach((e, k) => e.lane = k);
  const columns_of = e => [place[e.from].column, place[e.to].column].sort((a, b) => a - b);
  const overlap = (a, b) => a.row === b.row && columns_of(a)[0] <= columns_of(b)[1] && columns_of(b)[0] <= columns_of(a)[1];
  const lifted = place.map((_, i) => edges.filter(e => e.route === 'loop' && e.from === i));
  // the second, third … connection of two layers that are neighbours get parallel arrows
  const spread = (list, i) => (i - (list.length - 1) / 2) * Math.min(18, 46 / list.length);
  for (let i = 0; i < layers.length; ++i) {
    const out = edges.filter(e => e.route === 'on' && e.from === i).sort((a, b) => place[a.to].row - place[b.to].row);
    const into = edges.filter(e => e.route === 'on' && e.to === i).sort((a, b) => place[a.from].row - place[b.from].row);
    out.forEach((e, k) => e.leave = spread(out, k));
    into.forEach((e, k) => e.arrive = spread(into, k));
    // lanes: the outer ones leave and arrive further inside, so that they do not cross the inner ones
    for (const route of ['back', 'over'])
      for (const [end, port] of [['from', 'leave'], ['to', 'arrive']])
        edges.filter(e => e.route === route && e[end] === i).sort((a, b) => a.lane - b.lane).forEach((e, k) => e[port] = k);
  }

  function picture(upright) {
    const [deep, tall] = upright ? [box.h, box.w] : [box.w, box.h];      // extent of a box along and across the flow
    const line = 14, inset = k => (10 + Math.min(k, 4) * (upright ? 11 : 15)) / deep;
    const pad = 14, behind = pad, before = upright ? 30 : pad;          // of a frame: across, after, and before its boxes
    const label_room = e => upright ? e.label_width : line * (e.lines.length + (e.note ? 1 : 0)) + 4;
    // gap behind each column, wide enough for the labels in it
    const gaps = Array.from({length: columns}, (_, c) => {
      const here = edges.filter(e => e.route === 'on' && place[e.to].column === c + 1);
      const words = e => upright ? line * (e.lines.length + !!e.note) + 18 : e.label_width + 14;
      const frames = e => inside(e) ? 18 : before + behind;
      return Math.max(upright ? 54 : 64, before + behind + 10, ...here.map(e => words(e) + frames(e)));
    });
    const starts = [];
    let along = 0;
    for (let c = 0; c < columns; ++c) starts.push(along), along += deep + gaps[c];
    // rows with the room their loops and lanes need
    const loops = edges.filter(e => e.route === 'loop'), caption = upright ? 6 : 26, rise_of = e => e.level + label_room(e);
    for (const e of loops) e.level = 36;
    // a lane runs outside the loops and lanes that it passes, each with room for the words of its arrow
    for (const route of ['back', 'over'])
      lanes(route).forEach((e, k, all) => {
        const passed = [...(route === 'back' ? loops : []), ...all.slice(0, k)].filter(f => overlap(e, f));
        // and on an upright page beside the words of the arrows between
        const words = upright && route === 'back' ? edges.filter(f => f.route === 'on' && overlap(e, f)) : [];
        e.level = Math.max(route === 'over' ? 26 : 28, ...passed.map(f => rise_of(f) + 12), ...words.map(f => f.label_width + 14 - tall / 2));
      });
    const tops = [];
    let across = 0;
    for (let r = 0; r < rows; ++r) {
      const room = routes => edges.filter(e => e.row === r && routes.includes(e.route)).map(rise_of);
      tops[r] = across + Math.max(pad, ...room(['loop', 'back'])) + caption;
      across = tops[r] + tall + Math.max(0, ...room(['over'])) + (r + 1 < rows ? 40 : pad);
    }
    // u along, v across the flow → x, y of the page; upright pages have their lanes on the right
    const xy = (u, v) => upright ? [across - v, u] : [u, v];
    const P = (u, v) => xy(u, v).map(z => z.toFixed(1)).join(' ');
    const u0 = i => starts[place[i].column], v0 = i => tops[place[i].row];
    const corner = i => { const [x, y] = xy(u0(i), v0(i)); return upright ? [x - box.w, y] : [x, y]; };

    const head = (u, v, du, dv) => {                  // a triangle with its tip at (u, v)
      const s = 9, w = 4.2;
      return `M${P(u, v)}L${P(u - s * du - w * dv, v - s * dv + w * du)}L${P(u - s * du + w * dv, v - s * dv - w * du)}Z`;
    };
    const text_at = (e, u, v, side) => {               // side: −1 above, 1 below, 0 centred on the line
      const [x, y] = xy(u, v), all = [...e.lines, ...(e.note ? [e.note] : [])], height = line * all.length;
      const shift = side && upright ? -side * (e.label_width / 2 + 2) : 0;
      const top = y + 10 + (upright || !side ? -height / 2 : side < 0 ? -height - 5 : 5);
      return html`<text class="label ${e.lag ? 'late' : ''} ${in_frame(e) ? 'inside' : ''}">${all.map((words, k) => html`<tspan x="${(x + shift).toFixed(1)}" y="${
          (top + line * k).toFixed(1)}" class="${k < e.lines.length ? 'title' : ''}">${words}</tspan>`)}</text>`;
    };
    const in_frame = e => inside(e) && layers[e.from].stage > 0;

    const drawn = edges.map((e, k) => {
      let path, tip, label;
      const ua = u0(e.from), va = v0(e.from), ub = u0(e.to), vb = v0(e.to), tip_room = 8;
      if (e.route === 'on') {
        const a = [ua + deep, va + tall / 2 + e.leave], b = [ub, vb + tall / 2 + e.arrive], bend = Math.min(b[0] - a[0], gaps[place[e.to].column - 1]) * .55;
        path = `M${P(...a)}C${P(a[0] + bend, a[1])} ${P(b[0] - tip_room - bend, b[1])} ${P(b[0] - tip_room, b[1])}`;
        tip = head(b[0], b[1], 1, 0);
        const gap = gaps[place[e.to].column - 1], middle = inside(e) ? b[0] - (gap + tip_room) / 2 : b[0] - (gap + before - behind) / 2;
        const flat = Math.abs(a[1] - b[1]) < 24;       // such an arrow carries its words beside it
        label = text_at(e, middle, flat ? Math.min(a[1], b[1]) : b[0] - a[0] > 2 * gap ? b[1] : (a[1] + b[1]) / 2, flat ? -1 : 0);
      } else if (e.route === 'loop') {
        const own = lifted[e.from], m = ua + deep / 2 + (own.indexOf(e) - (own.length - 1) / 2) * 46, r = upright ? 9 : 11, up = 29;
        path = `M${P(m + r, va)}C${P(m + 3.2 * r, va - up * 1.33)} ${P(m - 3.2 * r, va - up * 1.33)} ${P(m - r - 3.5, va - tip_room)}`;
        tip = head(m - r, va, .45, .89);
        label = text_at(e, m, va - up, -1);
      } else {
        const back = e.route === 'back', s = back ? -1 : 1, r = 12;
        const base = back ? tops[e.row] : tops[e.row] + tall;
        const level = base + s * e.level, near = inset(e.leave), far = inset(e.arrive);
        const a = [ua + deep * (back ? near : 1 - near), back ? va : va + tall], b = [ub + deep * (back ? 1 - far : far), back ? vb : vb + tall], d = Math.sign(b[0] - a[0]) || 1;
        path = `M${P(...a)}L${P(a[0], level - s * r)}Q${P(a[0], level)} ${P(a[0] + d * r, level)}L${P(b[0] - d * r, level)}Q${P(b[0], level)} ${
            P(b[0], level - s * r)}L${P(b[0], b[1] + s * tip_room)}`;
        tip = head(b[0], b[1], 0, -s);
        label = text_at(e, (a[0] + b[0]) / 2, level, s);
      }
      const width = Math.max(1.2, .8 + .55 * Math.log10(Math.max(1, e.present)));
      const words = e.parts.map(c => `${c.name}: ${c.kind && c.kind + ', '}${count_of(c.present, 'weight')}${c.present < c.weights ? ` of ${grouped(c.weights)}` : ''}`).join(', ');
      return html`<g class="link" data-from="${e.from}" data-to="${e.to}"><title>${words}; lag ${e.lag}${e.learnable ? '' : '; fixed'}</title>
        <path class="edge ${e.lag ? 'late' : ''} ${e.learnable ? '' : 'fixed'}" d="${path}" stroke-width="${width.toFixed(2)}"/>
        <path class="head ${e.lag ? 'late' : ''}" d="${tip}"/>${label}</g>`;
    });

    // its name above the first box, on an upright page to both sides of the arrow that arrives there
    const name_of = (b, x, y) => {
      const right = across - tops[b.row], words = (x, anchor, text) =>
          html`<text class="frame-name" x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${text}</text>`;
      if (!upright) return words(x, 'start', `stage ${b.stage}${b.stepwise ? ' · step by step' : ''}`);
      return [words(right - box.w, 'start', `stage ${b.stage}`), b.stepwise && words(right, 'end', 'step by step')];
    };
    // a frame around every stage, as high as its own loops and lanes need
    const frames = [...blocks.values()].filter(b => b.stage > 0).map(b => {
      const own = edges.filter(e => inside(e) && layers[e.from].stage === b.stage && e.row === b.row);
      const room = routes => own.filter(e => routes.includes(e.route)).map(rise_of);
      const rise = Math.max(6, ...room(['loop', 'back'])), sink = Math.max(0, ...room(['over']));
      const last = b.row + b.high - 1;
      const spots = [[starts[b.first] - before, tops[b.row] - rise - caption],
                     [starts[b.first + b.wide - 1] + deep + behind, tops[last] + tall + pad + sink]].map(p => xy(...p));
      const [x, y] = [Math.min(spots[0][0], spots[1][0]), Math.min(spots[0][1], spots[1][1])];
      const w = Math.abs(spots[0][0] - spots[1][0]), h = Math.abs(spots[0][1] - spots[1][1]);
      return html`<rect class="frame" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${w.toFixed(1)}" height="${h.toFixed(1)}" rx="14"/>
        ${name_of(b, x + pad, y + 19)}`;
    });
    const boxes = layers.map((l, i) => {
      const [x, y] = corner(i), type = [l.name ? l.type : '', l.source].filter(Boolean).join(' · ');
      return html`<g class="layer" data-i="${i}" tabindex="0" role="button" aria-label="Layer ${l.id}, ${layer_name(l)}, ${count_of(l.units, 'unit')}" transform="translate(${
          x.toFixed(1)} ${y.toFixed(1)})"><rect class="box" width="${box.w}" height="${box.h}" rx="10"/>
        <rect x="9" y="12" width="3.5" height="${box.h - 24}" rx="1.75" style="fill:var(--u${1 + kinds.indexOf(l.type) % 8})"/>
        <text class="name" x="22" y="25">${shorten(layer_name(l), 20)}</text><text class="type" x="22" y="42">${shorten(type, 26)}</text>
        <text class="units" x="22" y="59">${count_of(l.units, 'unit')}</text><text class="type" x="${box.w - 11}" y="59" text-anchor="end">#${l.id}</text></g>`;
    });
    const back_room = Math.max(0, ...edges.filter(e => e.route !== 'on').map(e => e.label_width / 2 - deep / 2)), edge = 20;
    const [w, h] = upright ? [across, along - gaps[columns - 1]] : [along - gaps[columns - 1], across];
    const left = upright ? edge : edge + back_room, below = edge;
    const total = [w + 2 * left, h + edge + below];
    return {width: total[0], svg: html`<svg viewBox="${-left} ${-edge} ${total[0].toFixed(0)} ${total[1].toFixed(0)}" width="${total[0].toFixed(0)}" height="${
        total[1].toFixed(0)}" role="group" aria-label="Network of ${layers.length} layers and ${report.connections.length} connections">${frames}${drawn}${boxes}</svg>`};
  }

  // ── on the page ──
  const sample = (late, fixed) => html`<svg width="34" height="10" aria-hidden="true"><path d="M0 5H26" style="fill:none;stroke:var(--${late ? 'late' : 'soft'});stroke-width:2${
      fixed ? ';stroke-dasharray:5 4' : ''}"/><path d="M34 5L25 1V9Z" style="fill:var(--${late ? 'late' : 'soft'})"/></svg>`;
  const has = test => edges.some(test);
  put(part('network', '.body'), html`<div class="card drawing"><div class="picture"></div><div class="network-key">
    ${has(e => !e.lag) && html`<span>${sample()}reads its source fresh</span>`}${has(e => e.lag) && html`<span>${sample(true)}lag 1: reads it one step late</span>`}
    ${has(e => !e.learnable) && html`<span>${sample(false, true)}not learned</span>`}${has(e => e.present < e.weights) && html`<span>20${thin}%: share of the weights that exist</span>`}
    ${edges.length > 0 && html`<span>thicker: more weights</span>`}${layers.some(l => l.stepwise) && html`<span>frame: a stage; its layers advance step by step together, other stages many steps at once</span>`}</div><div class="layer-facts" aria-live="polite"></div></div>`);
  const host = part('network', '.picture'), facts = part('network', '.layer-facts');
  let chosen = Math.max(0, layers.findIndex((l, i) => edges.some(e => e.loop && e.from === i)));
  const choose = i => {
    const l = layers[chosen = i];
    host.querySelectorAll('.layer').forEach(g => g.classList.toggle('chosen', +g.dataset.i === i));
    put(facts, html`<h3>${layer_name(l)} <span class="quiet">layer ${l.id}</span></h3><dl>${[['type', l.type], ['source function', l.source], ['units', grouped(l.units)],
        ['stage', l.stage ? `${l.stage}, ${l.stepwise ? 'step by step' : 'many steps at once'}` : 'input'], ['time step', l.dt === null ? '' : number(l.dt)], ...l.facts].filter(f => f[1]).map(([k, v]) => html`<div><dt>${k}</dt><dd>${v}</dd></div>`)}</dl>`);
  };
  const dim = i => host.querySelectorAll('.link').forEach(g => g.classList.toggle('dim', i !== null && +g.dataset.from !== i && +g.dataset.to !== i));
  let shown = null;
  const draw = () => {
    const card = part('network', '.drawing'), room = card.clientWidth - 48, level = picture(false), steep = picture(true);
    const upright = room / level.width < .85 && steep.width < level.width;
    const result = upright ? steep : level, scale = Math.max(.8, Math.min(1, room / result.width)), state = upright + ',' + scale;
    if (!card.clientWidth || state === shown) return;
    shown = state;
    card.classList.toggle('beside', upright && room - result.width * scale > 240);
    put(host, result.svg);
    const svg = host.firstElementChild;
    svg.setAttribute('width', svg.getAttribute('width') * scale);
    svg.setAttribute('height', svg.getAttribute('height') * scale);
    host.querySelectorAll('.layer').forEach(g => {
      g.addEventListener('click', () => choose(+g.dataset.i));
      g.addEventListener('keydown', event => { if (event.key === 'Enter' || event.key === ' ') event.preventDefault(), choose(+g.dataset.i); });
      for (const [on, off] of [['pointerenter', 'pointerleave'], ['focus', 'blur']])
        g.addEventListener(on, () => dim(+g.dataset.i)), g.addEventListener(off, () => dim(null));
    });
    const first = host.querySelector('.layer').getBoundingClientRect(), frame = host.getBoundingClientRect();
    host.scrollLeft += upright ? (first.left + first.right - frame.left - frame.right) / 2 : 0;   // the boxes in the middle
    choose(chosen);
    lede(upright);
  };
  const units = layers.reduce((s, l) => s + l.units, 0), weights = edges.reduce((s, e) => s + e.present, 0);
  const lede = upright => put(part('network', '.lede'), html`<b>${count_of(layers.length, 'layer')}</b> with ${count_of(units, 'unit')}${edges.length ? html`, <b>${
      count_of(report.connections.length, 'connection')}</b> with ${count_of(weights, 'weight')}` : ''}. Read it ${upright ? 'downwards' : 'from left to right'}. Choose a layer to see what is in it.`);
  new ResizeObserver(draw).observe(part('network', '.drawing'));
  draw();

  put(part('network', 'details .scroll'), [
    table('Layers', ['id', 'name', 'type', 'source function', 'units', 'stage', 'time step'], layers.map(l => [l.id, l.name, l.type, l.source, grouped(l.units), l.stage || 'input', number(l.dt)]),
          [true, false, false, false, true, true, true]),
    table('Connections', ['name', 'kind', 'from', 'to', 'lag', 'weights', 'present', 'learned'], report.connections.map(c =>
        [c.name, c.kind, layer_name(layers[c.from]), layer_name(layers[c.to]), c.lag, grouped(c.weights), grouped(c.present), c.learnable ? 'yes' : 'no']),
          [false, false, false, false, true, true, true, false])]);
}
if (report.layers.length) network_picture();

// SPDX-License-Identifier: Apache-2.0
//
// Draws the report from the JSON in the element "data". All text of the run, completions above all, is untrusted: it reaches
// the page through textContent only. There is no innerHTML in this file, and the page's policy would stop a script anyway.
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const { run, steps, metrics, completions } = data;
  const $ = id => document.getElementById(id);

  /** A new element with properties and children (elements or text). */
  function h(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children.filter(child => child !== null && child !== undefined));
    return element;
  }

  // --- facts and figures ---------------------------------------------------------------------------------------------

  /** A value of run.json by key, the topmost if it occurs in several places. */
  function fact(...keys) {
    for (const key of keys) {
      let level = [run];
      while (level.length) {
        for (const node of level) {
          if (Object.hasOwn(node, key) && node[key] !== null) return node[key];
        }
        level = level.flatMap(node => Object.values(node).filter(isObject));
      }
    }
    return undefined;
  }

  function isObject(value) {
    return value !== null && typeof value === 'object' && !Array.isArray(value);
  }

  function name(value) {
    return isObject(value) ? value.name ?? '' : value === undefined ? '' : String(value);
  }

  const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

  /** Three significant digits or so, in the form that is shortest to read. */
  function figure(value) {
    if (value === null || value === undefined || Number.isNaN(value)) return '–';
    const size = Math.abs(value);
    if (value === 0) return '0';
    if (size >= 1000 || (size >= 100 && Number.isInteger(value))) return grouped.format(value).replaceAll(',', '\u202f');
    if (size < 1e-3) return value.toExponential(1).replace('e-', 'e−').replace(/^-/, '−');
    return String(Number(value.toPrecision(3))).replace('-', '−');
  }

  function percent(value) {
    return value === null || value === undefined || Number.isNaN(value) ? '–' : (100 * value).toFixed(1) + '\u202f%';
  }

  function compact(value) {
    return new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
  }

  function duration(seconds) {
    const s = Math.round(seconds);
    if (s < 60) return `${figure(Number(seconds.toPrecision(2)))} s`;
    const parts = s < 3600 ? [Math.floor(s / 60), 'min', s % 60, 's'] : [Math.floor(s / 3600), 'h', Math.floor(s % 3600 / 60), 'min'];
    return `${parts[0]} ${parts[1]} ${parts[2]} ${parts[3]}`;
  }

  function bytes(value) {
    const gib = value / 2 ** 30;
    return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${Math.round(value / 2 ** 20)} MiB`;
  }

  const measured = values => (values ?? []).filter(value => value !== null);
  const lastOf = values => measured(values).at(-1);
  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;

  const HELD_OUT = 'pass@1';
  const SAMPLED = 'pass@1/train';
  const before = fact('pass@1_before') ?? measured(metrics[HELD_OUT])[0];
  const after = fact('pass@1_after') ?? (measured(metrics[HELD_OUT]).length > 1 ? lastOf(metrics[HELD_OUT]) : undefined);
  const trainSteps = steps.filter(step => step > 0).length; // step 0 is what was measured before training

  function head() {
    const algorithm = name(fact('algorithm')).toUpperCase();
    const task = name(fact('task'));
    $('what').textContent = algorithm ? algorithm + (task ? ` on ${task}` : '') : 'Training run';
    const model = name(fact('model')).replace(/^(?:\/|[A-Za-z]:\\).*[/\\](?=[^/\\])/, '').replace(/[/\\]$/, '');
    const seed = fact('seed');
    $('who').textContent = [model, seed === undefined ? '' : `seed ${seed}`, name(fact('machine')), name(fact('started', 'date'))]
      .filter(Boolean).join(' · ');

    const planned = fact('max_steps');
    const finished = fact('pass@1_after') !== undefined || fact('finished') === true;
    if (!trainSteps) {
      notice('No training step is recorded yet. Make this report again after the first one.');
    } else if (!finished && planned > steps.at(-1)) {
      notice(`${steps.at(-1)} of ${planned} steps: this run is still going on, or was stopped.`);
    }

    if (before !== undefined && after !== undefined) {
      const points = 100 * (after - before);
      result('pass@1 on held-out problems, before and after training', percent(before), percent(after), after > before,
        `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)} points`);
    } else if (measured(metrics.reward).length > 1) {
      const rewards = smooth(metrics.reward);
      const [first, final] = [measured(rewards)[0], lastOf(rewards)];
      result('mean reward, first and last step (smoothed)', figure(first), figure(final), final > first, '');
    } else if (measured(metrics.loss).length > 1) {
      const losses = smooth(metrics.loss);
      const [first, final] = [measured(losses)[0], lastOf(losses)];
      result('loss, first and last step (smoothed)', figure(first), figure(final), final < first, '');
    }

    const difference = fact('sampling_logp_difference_max') ?? largest(metrics['sampling/sampling_logp_difference/max']);
    const tokens = fact('tokens', 'num_tokens') ?? lastOf(metrics.num_tokens);
    const seconds = fact('seconds') ?? (metrics.step_time ? measured(metrics.step_time).reduce((a, b) => a + b, 0) : undefined);
    const speed = measured(metrics.tokens_per_s);
    tile('Steps', trainSteps ? grouped.format(trainSteps) : undefined, planned > trainSteps ? `of ${planned}` : '');
    tile('Time', seconds > 0 ? duration(seconds) : undefined, trainSteps && seconds > 0 ? `${figure(seconds / trainSteps)} s per step` : '');
    tile('Completions', fact('samples') === undefined ? undefined : compact(fact('samples')), '');
    tile('Tokens', tokens === undefined ? undefined : compact(tokens), speed.length ? `${figure(Math.round(mean(speed)))} per second` : '');
    tile('Peak memory', fact('peak_memory_bytes') === undefined ? undefined : bytes(fact('peak_memory_bytes')), '');
    if (difference !== undefined) {
      const exact = difference === 0;
      tile('Sampler and trainer differ by', exact ? '0.0' : figure(difference),
        exact ? 'their log-probabilities agree bit for bit' : 'nats, the largest difference of a token’s log-probability', exact);
    }
  }

  function notice(text) {
    $('state').textContent = text;
    $('state').hidden = false;
  }

  function result(label, from, to, up, change) {
    $('result').append(
      h('div', { className: 'name' }, label),
      h('div', { className: 'figure' },
        h('span', { className: 'before' }, from), h('span', { className: 'arrow' }, '→'),
        h('span', { className: up ? 'after up' : 'after' }, to)),
      h('div', { className: 'change' }, change));
  }

  function tile(label, value, remark, proud = false) {
    if (value === undefined) return;
    $('facts').append(h('div', { className: proud ? 'proud' : '' },
      h('dt', {}, label), h('dd', {}, value, remark ? h('small', {}, remark) : null)));
  }

  function largest(values) {
    const all = measured(values);
    return all.length ? all.reduce((a, b) => Math.max(a, b)) : undefined;
  }

  // --- curves --------------------------------------------------------------------------------------------------------

  const SMOOTH_FROM = 12; // fewer points are shown as they are

  /** Gaussian smoothing over the measured points: centred, so it does not lag, and narrower for shorter runs. */
  function smooth(values) {
    const at = [...values.keys()].filter(i => values[i] !== null);
    if (at.length < SMOOTH_FROM) return values;
    const width = Math.max(1, at.length / 40);
    const reach = Math.ceil(3 * width);
    const out = values.map(() => null);
    at.forEach((index, i) => {
      let sum = 0;
      let weights = 0;
      for (let j = Math.max(0, i - reach); j <= Math.min(at.length - 1, i + reach); j++) {
        const weight = Math.exp(-((i - j) ** 2) / (2 * width ** 2));
        sum += weight * values[at[j]];
        weights += weight;
      }
      out[index] = sum / weights;
    });
    return out;
  }

  const share = { format: percent, axis: value => `${+(100 * value).toFixed(1)}%`, zero: true };

  // key: metric; dots: few points that are joined, not smoothed.
  const CHARTS = [
    { title: 'pass@1', about: 'Share of solved completions.', ...share, series: [
      { key: HELD_OUT, label: 'held-out problems', colour: 'blue', dots: true },
      { key: SAMPLED, label: 'training samples', colour: 'quiet' }] },
    { title: 'Reward', about: 'Mean over the completions of a step.', series: [{ key: 'reward', label: 'reward', colour: 'blue' }] },
    ...(metrics.reward ? [] : [ // that of a policy gradient says nothing
      { title: 'Loss', about: 'Of each step.', series: [{ key: 'loss', label: 'loss', colour: 'blue' }] }]),
    { title: 'Implicit rewards', about: 'How much likelier completions have become than the reference has them, times beta.', series: [
      { key: 'rewards/chosen', label: 'chosen', colour: 'teal' },
      { key: 'rewards/rejected', label: 'rejected', colour: 'rose' }] },
    { title: 'Margin', about: 'Implicit reward of what was chosen less that of what was rejected.',
      series: [{ key: 'rewards/margins', label: 'margin', colour: 'blue' }] },
    { title: 'Preferred', about: 'Share of pairs whose chosen completion has the higher implicit reward.', ...share,
      series: [{ key: 'rewards/accuracies', label: 'pairs', colour: 'blue' }] },
    { title: 'Tokens right', about: 'Share of the learned tokens that the model finds likeliest.', ...share,
      series: [{ key: 'mean_token_accuracy', label: 'tokens', colour: 'teal' }] },
    { title: 'Completion length', about: 'Tokens: mean, and the shortest and longest of each step.', zero: true,
      band: ['completions/min_length', 'completions/max_length'],
      series: [{ key: 'completions/mean_length', label: 'mean', colour: 'blue' }] },
    { title: 'Entropy', about: 'Of the sampled distribution, in nats per token. Zero means that nothing is left to explore.', zero: true,
      series: [{ key: 'entropy', label: 'entropy', colour: 'teal' }] },
    { title: 'KL to the initial model', about: 'How far the policy has moved, in nats per token.', zero: true,
      series: [{ key: metrics.kl_to_init ? 'kl_to_init' : 'kl', label: 'KL', colour: 'teal' }] },
    { title: 'Gradient norm', about: 'Before clipping.', zero: true, series: [{ key: 'grad_norm', label: 'norm', colour: 'amber' }] },
    { title: 'Throughput', about: 'Tokens per second, sampling and training together.', zero: true,
      series: [{ key: 'tokens_per_s', label: 'tokens/s', colour: 'amber' }] },
    { title: 'Time of a step', about: 'Seconds. Where sampling runs ahead, it and the rewards are those of the step’s own samples, and waiting is the trainer’s.', zero: true, series: [
      { key: 'step_time', label: 'step', colour: 'teal' },
      { key: 'sampling_time', label: 'sampling', colour: 'blue' },
      { key: 'rollout/reward_seconds', label: 'rewards', colour: 'amber' },
      { key: 'rollout/wait_seconds', label: 'waiting', colour: 'quiet' }] },
    { title: 'Staleness', about: 'Rollouts by which the weights that sampled are older than those that learn.', zero: true, series: [
      { key: 'staleness/mean', label: 'mean', colour: 'blue' },
      { key: 'staleness/max', label: 'largest', colour: 'quiet' }] },
    { title: 'Signal', about: 'Share of groups whose rewards are all equal, which teach nothing, and share of clipped tokens.', ...share, series: [
      { key: 'frac_reward_zero_std', label: 'groups without signal', colour: 'rose' },
      { key: 'clip_ratio/region_mean', label: 'clipped tokens', colour: 'amber' }] },
    { title: 'Sampler against trainer', about: 'Largest difference between a token’s log-probability when sampled and when trained on.',
      exact: true, series: [{ key: 'sampling/sampling_logp_difference/max', label: 'largest difference', colour: 'teal' }] },
  ];

  let colours = {};
  let drawn = [];
  let hovered = null;

  /** The colours of the style sheet as the browser resolves them for light or dark. */
  function readColours() {
    const probe = document.body.appendChild(h('span', { hidden: true }));
    const read = key => {
      probe.style.color = `var(--${key})`;
      return getComputedStyle(probe).color;
    };
    colours = Object.fromEntries(['text', 'quiet', 'rule', 'edge', 'card', 'blue', 'teal', 'amber', 'rose'].map(key => [key, read(key)]));
    probe.remove();
  }

  const faint = (colour, opacity) => colour.replace(/^rgba?\((\d+), (\d+), (\d+).*/, `rgba($1, $2, $3, ${opacity})`);

  /** A vertical line at the step under the pointer, on every chart. */
  const crosshair = {
    id: 'crosshair',
    afterEvent(chart, { event }) {
      const active = event.type === 'mouseout' ? undefined : chart.getActiveElements()[0];
      const index = active ? active.index : null;
      if (index !== hovered) {
        hovered = index;
        drawn.forEach(other => other.draw());
      }
    },
    afterDatasetsDraw(chart) {
      if (hovered === null) return;
      const x = chart.scales.x.getPixelForValue(steps[hovered]);
      const { ctx, chartArea: { top, bottom } } = chart;
      ctx.save();
      ctx.strokeStyle = colours.quiet;
      ctx.globalAlpha = 0.6;
      ctx.lineWidth = 1;
      ctx.setLineDash([3, 3]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, bottom);
      ctx.stroke();
      ctx.restore();
    },
  };

  const points = values => values.map((value, i) => ({ x: steps[i], y: value ?? NaN }));

  function datasets(spec, series) {
    const sets = [];
    if (spec.band && spec.band.every(key => metrics[key])) {
      const colour = colours[series[0].colour];
      const edge = { borderWidth: 0, pointRadius: 0, pointHitRadius: 0, spanGaps: true };
      sets.push(
        { ...edge, label: 'shortest', data: points(metrics[spec.band[0]]), fill: false },
        { ...edge, label: 'longest', data: points(metrics[spec.band[1]]), fill: '-1', backgroundColor: faint(colour, 0.14) });
    }
    for (const { key, label, colour: colourName, dots } of series) {
      const colour = colours[colourName];
      const values = metrics[key];
      const line = { label, borderColor: colour, backgroundColor: colour, spanGaps: true, clip: 8, pointHoverRadius: 4, borderJoinStyle: 'round' };
      const few = measured(values).length < SMOOTH_FROM;
      if (dots || few || spec.exact) {
        const radius = spec.exact && !few ? 0 : measured(values).length <= 60 ? 3 : 1.5;
        sets.push({ ...line, data: points(values), borderWidth: 2, pointRadius: radius, order: dots ? 0 : 1 });
      } else {
        sets.push({ ...line, data: points(values), borderWidth: 1, borderColor: faint(colour, 0.32), pointRadius: 0, order: 3 });
        sets.push({ ...line, label: `${label}, smoothed`, data: points(smooth(values)), borderWidth: 2.2, pointRadius: 0, order: 1, quiet: true });
      }
    }
    return sets;
  }

  function options(spec, series) {
    const format = spec.format ?? figure;
    const everything = series.flatMap(({ key }) => measured(metrics[key]));
    const zeroOnly = everything.every(value => value === 0);
    const tick = { color: colours.quiet, font: { size: 11 }, padding: 6, maxRotation: 0 };
    return {
      responsive: true, maintainAspectRatio: false, animation: false, parsing: false, normalized: true,
      interaction: { mode: 'index', axis: 'x', intersect: false },
      onClick: (event, active) => active.length && showStep(steps[active[0].index]),
      layout: { padding: { top: 6, right: 6 } },
      scales: {
        x: { type: 'linear', min: steps[0], max: steps.length > 1 ? steps.at(-1) : steps[0] + 1,
          grid: { display: false }, border: { color: colours.edge },
          ticks: { ...tick, precision: 0, maxTicksLimit: 7, callback: value => Number.isInteger(value) ? grouped.format(value) : '' } },
        y: { beginAtZero: Boolean(spec.zero), grace: zeroOnly ? 0 : spec.zero ? 0 : '6%', grid: { color: colours.rule }, border: { display: false },
          ...(zeroOnly ? spec.exact ? { min: -1, max: 1 } : { min: 0, max: 1 } : {}),
          ticks: { ...tick, maxTicksLimit: 5,
            callback: value => zeroOnly ? (value === 0 ? '0' : '') : (spec.axis ?? figure)(value) } },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          backgroundColor: colours.text, titleColor: colours.card, bodyColor: colours.card, padding: 9, cornerRadius: 8, boxPadding: 4,
          displayColors: series.length > 1, titleFont: { weight: '600' },
          filter: item => !item.dataset.quiet && !Number.isNaN(item.parsed.y),
          callbacks: { title: items => items.length ? `Step ${items[0].parsed.x}` : '', label: item => ` ${item.dataset.label} ${format(item.parsed.y)}` },
        },
      },
    };
  }

  /** A card with title, explanation and latest value; null when none of its metrics was measured. */
  function card(spec) {
    const series = spec.series.filter(({ key }) => key && measured(metrics[key]).length);
    if (!series.length) return null;
    const canvas = h('canvas');
    canvas.setAttribute('role', 'img');
    const format = spec.format ?? figure;
    const values = metrics[series[0].key];
    const last = lastOf(series[0].dots ? values : smooth(values));
    canvas.setAttribute('aria-label', `${spec.title} over training steps; last value ${format(last)}`);
    const legend = h('div', { className: 'legend' });
    const element = h('figure', { className: 'chart' },
      h('header', {}, h('h3', {}, spec.title), h('span', { className: 'last' }, spec.exact && last === 0 ? '0.0' : format(last))),
      spec.about ? h('p', {}, spec.about) : null, legend, h('div', { className: 'plot' }, canvas));
    return { spec, series, canvas, legend, element };
  }

  function draw({ spec, series, canvas, legend }) {
    const key = (colour, kind, label) => {
      const mark = h('i', { className: kind });
      mark.style.background = colour;
      return h('span', {}, mark, label);
    };
    const keys = series.length > 1 || spec.band
      ? series.map(one => key(colours[one.colour], one.dots ? 'dot' : '', one.label)) : [];
    if (spec.band && spec.band.every(one => metrics[one])) keys.push(key(colours[series[0].colour], 'box', 'shortest to longest'));
    legend.replaceChildren(...keys);
    legend.hidden = !keys.length;
    drawn.push(new Chart(canvas, { type: 'line', data: { datasets: datasets(spec, series) }, options: options(spec, series), plugins: [crosshair] }));
  }

  let cards = [];
  let moreCards = [];

  function curves() {
    cards = CHARTS.map(card).filter(Boolean);
    $('charts').append(...cards.map(one => one.element));
    $('curves-lead').textContent = !cards.length ? 'No metrics are recorded yet.'
      : steps.length >= SMOOTH_FROM ? 'Faint lines are the values of single steps, strong lines are smoothed over neighbouring steps. Click a curve to read what was sampled then.'
        : 'One point per step.';
    const used = new Set(CHARTS.flatMap(spec => [...spec.series.map(one => one.key), ...(spec.band ?? [])]));
    const rest = Object.keys(metrics).filter(key => !used.has(key));
    const more = $('more');
    moreCards = rest.map(key => card({ title: key, series: [{ key, label: key, colour: 'blue' }] })).filter(Boolean);
    if (moreCards.length) {
      more.hidden = false;
      more.querySelector('summary').textContent = moreCards.length === 1 ? 'One more metric' : `${moreCards.length} more metrics`;
      more.querySelector('.grid').append(...moreCards.map(one => one.element));
      more.addEventListener('toggle', redraw);
    }
    redraw();
  }

  function redraw() {
    readColours();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    drawn.forEach(chart => chart.destroy());
    drawn = [];
    hovered = null;
    cards.forEach(draw);
    if ($('more').open) moreCards.forEach(draw);
  }

  // --- timeline ------------------------------------------------------------------------------------------------------

  const LANES = [['sampling', 'sampling'], ['scoring', 'rewards'], ['idle', 'sampler waits'], ['waiting', 'waiting'], ['learning', 'learning'], ['switching', 'switching'], ['measuring', 'measuring'], ['saving', 'saving']];

  /** Where the time went: a lane for each kind of work. */
  function timeline() {
    const spans = (data.timeline ?? []).filter(one => one.end > one.begin);
    const lanes = LANES.filter(([work]) => spans.some(one => one.work === work));
    if (!lanes.length) return;
    const [left, width, row] = [80, 1000, 22];
    const begin = Math.min(...spans.map(one => one.begin));
    const length = Math.max(...spans.map(one => one.end)) - begin;
    const x = second => left + (width - left) * (second - begin) / length;
    const svg = (tag, attributes, text) => {
      const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      if (text !== undefined) element.textContent = text;
      return element;
    };
    const picture = svg('svg', { class: 'timeline', role: 'img', viewBox: `0 0 ${width} ${row * lanes.length + 20}`,
      'aria-label': lanes.map(([work, label]) => `${label} ${figure(total(spans, work))} s`).join(', ') });
    lanes.forEach(([work, label], lane) => {
      picture.append(svg('text', { x: 0, y: row * lane + 15 }, label));
      for (const one of spans.filter(span => span.work === work)) {
        const bar = svg('rect', { class: work, x: x(one.begin), y: row * lane + 3, width: Math.max(0.5, x(one.end) - x(one.begin)), height: row - 6, rx: 2 });
        bar.append(svg('title', {}, `${label}${one.rollout ? ` of rollout ${one.rollout}` : ''}: ${figure(one.end - one.begin)} s`));
        picture.append(bar);
      }
    });
    for (let tick = 0; tick <= 4; tick++) {
      const second = begin + length * tick / 4;
      picture.append(svg('text', { x: x(second), y: row * lanes.length + 15, 'text-anchor': tick === 4 ? 'end' : tick ? 'middle' : 'start' }, `${figure(second)} s`));
    }
    $('timeline').append(
      h('header', {}, h('h3', {}, 'Where the time went'), h('span', { className: 'last' }, `${figure(length)} s`)),
      h('p', {}, 'The last rollouts of the run. Work in several lanes at once overlaps.'), picture);
    $('timeline').hidden = false;
  }

  /** Who sampled for the run elsewhere, as it was when the run ended. */
  function workers() {
    const all = data.workers ?? [];
    if (!all.length) return;
    const columns = [['address', 'worker'], ['state', 'at the end'], ['version', 'weights'], ['samples', 'samples'], ['tokens', 'tokens'],
      ['tokens_per_second', 'tokens/s'], ['idle', 'idle'], ['losses', 'lost'], ['last_heard', 'last heard']];
    const text = (key, value) => key === 'idle' ? `${figure(100 * value)} %` : key === 'last_heard' ? `${figure(value)} s ago`
      : typeof value === 'number' ? figure(value) : String(value);
    $('workers').append(
      h('header', {}, h('h3', {}, 'Workers')),
      h('table', { className: 'workers' },
        h('thead', {}, h('tr', {}, ...columns.map(([, label]) => h('th', {}, label)))),
        h('tbody', {}, ...all.map(one => h('tr', {}, ...columns.map(([key]) => h('td', {}, text(key, one[key]))))))));
    $('workers').hidden = false;
  }

  function total(spans, work) {
    return spans.filter(one => one.work === work).reduce((sum, one) => sum + one.end - one.begin, 0);
  }

  // --- completions ---------------------------------------------------------------------------------------------------

  const sampledSteps = [...new Set(completions.map(one => one.step))].sort((a, b) => a - b);
  const rewards = measured(completions.map(one => one.reward));
  const lowest = rewards.reduce((a, b) => Math.min(a, b), Infinity);
  const highest = rewards.reduce((a, b) => Math.max(a, b), -Infinity);
  let showStep = () => {};

  /** Text with what stands between think and answer tags set apart. Builds text nodes only. */
  function marked(text) {
    const out = document.createDocumentFragment();
    let inside = null;
    for (const part of text.split(/(<\/?(?:think|answer)>)/)) {
      const tag = /^<(\/?)(think|answer)>$/.exec(part);
      if (tag) {
        inside = tag[1] ? null : tag[2];
        out.append(h('span', { className: 'tag' }, part));
      } else if (part) {
        out.append(inside ? h('span', { className: inside }, part) : part);
      }
    }
    return out;
  }

  function sample(one) {
    const chip = h('span', { className: 'reward' }, `reward ${figure(one.reward ?? NaN)}`);
    const place = highest > lowest ? (one.reward - lowest) / (highest - lowest) : one.reward > 0 ? 1 : 0;
    const hue = 15 + 135 * place; // from red over amber to green
    chip.style.background = `light-dark(hsl(${hue} 70% 88%), hsl(${hue} 45% 26%))`;
    return h('article', { className: 'sample' },
      h('header', {}, chip,
        typeof one.advantage === 'number' ? h('span', {}, `advantage ${one.advantage > 0 ? '+' : ''}${figure(one.advantage)}`) : null,
        one.finish_reason === 'length' ? h('span', { className: 'cut' }, 'cut off at the length limit')
          : one.finish_reason && one.finish_reason !== 'stop' ? h('span', {}, one.finish_reason) : null),
      h('div', { className: 'texts' },
        h('div', {}, h('h4', {}, 'Prompt'), h('pre', { className: 'prompt' }, one.prompt ?? '')),
        h('div', {}, h('h4', {}, 'Completion'), h('pre', {},
          one.completion ? marked(one.completion) : h('span', { className: 'empty' }, 'empty')))));
  }

  function texts() {
    if (!completions.length) {
      $('completions-lead').textContent = 'No completions were logged.';
      return;
    }
    const total = data.completions_total;
    $('completions-lead').textContent = total > completions.length
      ? `${grouped.format(completions.length)} of the ${grouped.format(total)} logged completions, spread evenly over the run.`
      : 'What the model wrote, step by step.';
    $('controls').hidden = false;
    const slider = $('step');
    slider.max = sampledSteps.length - 1;
    const show = () => {
      const step = sampledSteps[slider.value];
      const here = completions.filter(one => one.step === step);
      const order = $('order').value;
      if (order !== 'logged') here.sort((a, b) => (order === 'best' ? b.reward - a.reward : a.reward - b.reward));
      $('step-label').textContent = `Step ${step} of ${Math.max(steps.at(-1) ?? 0, sampledSteps.at(-1))}`;
      slider.setAttribute('aria-valuetext', `step ${step}`);
      $('earlier').disabled = +slider.value === 0;
      $('later').disabled = +slider.value === sampledSteps.length - 1;
      $('samples').replaceChildren(...here.map(sample));
    };
    const move = by => {
      slider.value = +slider.value + by;
      show();
    };
    showStep = step => {
      const index = sampledSteps.findLastIndex(one => one <= step);
      slider.value = Math.max(0, index);
      show();
      $('completions').scrollIntoView();
    };
    slider.value = sampledSteps.length - 1;
    slider.addEventListener('input', show);
    $('order').addEventListener('change', show);
    $('earlier').addEventListener('click', () => move(-1));
    $('later').addEventListener('click', () => move(1));
    show();
  }

  // --- configuration -------------------------------------------------------------------------------------------------

  function configuration() {
    const group = (title, entries) => entries.length && $('config').append(h('section', { className: 'group' },
      h('h3', {}, title), h('dl', {}, ...entries.flatMap(([key, value]) => [
        h('dt', {}, key), h('dd', {}, typeof value === 'string' ? value : JSON.stringify(value))]))));
    const walk = (title, node) => {
      const entries = Object.entries(node);
      group(title, entries.filter(([, value]) => !isObject(value)));
      entries.filter(([, value]) => isObject(value)).forEach(([key, value]) => walk(title === 'run' ? key : `${title}.${key}`, value));
    };
    walk('run', run);
    if (!$('config').childElementCount) $('config').append(h('p', { className: 'empty' }, 'There is no run.json.'));
  }

  head();
  timeline();
  workers();
  curves();
  texts();
  configuration();

  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', redraw);
  $('theme').addEventListener('click', () => {
    const root = document.documentElement.style;
    const now = root.colorScheme || (dark.matches ? 'dark' : 'light');
    root.colorScheme = now === 'dark' ? 'light' : 'dark';
    redraw();
  });
  addEventListener('beforeprint', redraw);
  addEventListener('afterprint', redraw);
})();

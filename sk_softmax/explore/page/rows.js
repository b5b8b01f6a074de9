"use strict";
// The rows and what the shown model says of the plane they lie in: regions as a mix of the
// colours of the classes, or for one column the sigmoid (the softmax, for more classes).

Explore.rows = (() => {
  const $ = (id) => document.getElementById(id);
  const PIXELS = 200;
  let data = null;
  let frame = null;
  let params = null;
  let drawn = null; // the columns on the axes
  let plotted = ""; // what the plot of the rows shows
  let ends = null; // of the axes: left, right, lower, upper

  function setData(given) {
    data = given;
    params = null;
    $("mix").title = "";
    $("card-rows").hidden = Boolean(data.imageShape);
    $("rows-title").textContent = data.chosen.length === 1
      ? (data.classes.length > 2 ? "Data and softmax" : "Data and sigmoid") : "Data and regions";
  }

  // The columns on the axes: those of the two parameters, if they belong to different columns.
  function axes() {
    const columns = [frame.across[1], frame.up[1]].filter((j) => j < data.columns.length);
    const chosen = [...new Set([...columns, 0, 1])].slice(0, 2);
    return chosen.sort((a, b) => a - b);
  }

  // Probabilities of the classes at a row, from params class-major with the intercept last.
  function probabilities(row) {
    const width = data.columns.length + 1;
    const logits = data.classes.length === 2 ? [0] : [];
    for (let k = 0; k < params.length / width; k++) {
      let z = params[k * width + width - 1];
      for (let j = 0; j < width - 1; j++) z += params[k * width + j] * row[j];
      logits.push(z);
    }
    const most = Math.max(...logits);
    const weights = logits.map((z) => Math.exp(z - most));
    const total = weights.reduce((a, b) => a + b, 0);
    return weights.map((w) => w / total);
  }

  // The rows are plotted once; what the model says of them is painted below on a canvas, so that
  // a step takes a few milliseconds however many rows there are.
  function draw(newParams) {
    if (newParams !== undefined) params = newParams;
    if (!data || !frame || data.imageShape) return;
    $("rows-note").textContent = note();
    drawMix();
    const key = [data.key, frame.across, frame.up, Explore.fontSize()].join();
    if (key !== plotted) {
      plotted = key;
      if (data.chosen.length === 1) plotCurve();
      else plotPlane();
      $("plane").removeAllListeners("plotly_afterplot");
      $("plane").on("plotly_afterplot", paint); // also when the plot has another size
    }
    paint();
  }

  function paint() {
    const { width, height, _size } = $("plane")._fullLayout;
    const scale = window.devicePixelRatio || 1;
    const canvas = $("regions");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    if (params === null || !frame) return;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.beginPath();
    context.rect(_size.l, _size.t, _size.w, _size.h);
    context.clip();
    if (data.chosen.length === 1) paintCurves(context, _size);
    else context.drawImage(mixture(ends.slice(0, 2), ends.slice(2)), _size.l, _size.t, _size.w, _size.h);
  }

  function markers(k, open) {
    const { colour, symbol } = Explore.ofClass(k);
    return {
      symbol: open ? `${symbol}-open` : symbol, color: colour, size: 8,
      line: { color: open ? colour : "#ffffff", width: open ? 1.6 : 0.8 },
    };
  }

  function scatter(points, x, y, open) {
    return data.classes.map((name, k) => {
      const here = points.labels.map((label, i) => i).filter((i) => points.labels[i] === k);
      return {
        type: "scatter", mode: "markers", name: Explore.plain(name) + (open ? ", validation" : ""),
        x: here.map((i) => x(i, k)), y: here.map((i) => y(i, k)), marker: markers(k, open),
        hovertemplate: `${Explore.plain(name)}${open ? " (validation)" : ""}<br>%{x:.3g}, %{y:.3g}<extra></extra>`,
      };
    });
  }

  const unit = () => (Explore.state.values.scale === "standard" ? ", standardised" : "");

  function bounds(values) {
    const low = Math.min(...values), high = Math.max(...values);
    const spare = 0.07 * (high - low) || 1;
    return [low - spare, high + spare];
  }

  const legend = () => ({
    showlegend: true, plot_bgcolor: "rgba(0,0,0,0)",
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: Explore.fontSize() } },
    margin: { ...Explore.margin(), t: 14 + 1.4 * Explore.fontSize() },
  });

  // --- one column -------------------------------------------------------------------------------

  function plotCurve() {
    const x = data.train.columns[0];
    const binary = data.classes.length === 2;
    ends = [...bounds([...x, ...(data.val.columns[0] || [])]), binary ? -0.1 : -0.1 - 0.05 * data.classes.length, 1.1];
    const height = (i, k) => (binary ? k : -0.06 - 0.05 * k) + jitter(i);
    const traces = scatter(data.train, (i) => x[i], data.shares ? shares : height, false);
    if (data.nVal) traces.push(...hidden(scatter(data.val, (i) => data.val.columns[0][i], height, true)));
    Plotly.react("plane", traces, Explore.layout({
      ...legend(),
      xaxis: { range: ends.slice(0, 2), title: { text: Explore.plain(data.columns[0]) + unit(), standoff: 6 }, zeroline: false, fixedrange: true },
      yaxis: {
        range: ends.slice(2), fixedrange: true,
        title: { text: binary ? `probability of ${Explore.plain(data.classes[1])}` : "probability", standoff: 6 },
      },
    }), Explore.config);
  }

  // Their names stand in the legend already.
  const hidden = (traces) => traces.map((one) => ({ ...one, showlegend: false }));

  const jitter = (i) => 0.05 * (((i * 0.618034) % 1) - 0.5);
  const shares = (i, k) => (data.classes.length === 2 ? data.shares[i][1] : data.shares[i][k]) + 0.4 * jitter(i);

  // The probability along the column: of the second of two classes, or of every class.
  function paintCurves(context, { l, t, w, h }) {
    const [left, right, low, high] = ends;
    const steps = Array.from({ length: 161 }, (_, i) => left + (i / 160) * (right - left));
    const values = steps.map((x) => probabilities([x]));
    const u = (x) => l + ((x - left) / (right - left)) * w;
    context.lineWidth = 3;
    for (let k = data.classes.length === 2 ? 1 : 0; k < data.classes.length; k++) {
      context.strokeStyle = data.classes.length === 2 ? "#1b1f24" : Explore.ofClass(k).colour;
      context.beginPath();
      steps.forEach((x, i) => context.lineTo(u(x), t + ((high - values[i][k]) / (high - low)) * h));
      context.stroke();
    }
    context.lineWidth = 1.2;
    context.strokeStyle = "#1b1f24";
    context.setLineDash([3, 3]);
    for (const x of boundaries(steps, values)) {
      context.beginPath();
      context.moveTo(u(x), t);
      context.lineTo(u(x), t + h);
      context.stroke();
    }
  }

  // Where the most probable class changes.
  function boundaries(steps, values) {
    const best = values.map(largest);
    return steps.flatMap((x, i) => (i > 0 && best[i] !== best[i - 1] ? [crossing(steps[i - 1], x)] : []));
  }

  function crossing(low, high) {
    const left = largest(probabilities([low]));
    for (let i = 0; i < 30; i++) {
      const middle = (low + high) / 2;
      if (largest(probabilities([middle])) === left) low = middle; else high = middle;
    }
    return high;
  }

  const largest = (p) => p.indexOf(Math.max(...p));

  // --- two columns and more -----------------------------------------------------------------------

  function plotPlane() {
    drawn = axes();
    const [a, b] = drawn;
    const has = data.train.columns.length > 0;
    const x = has ? data.train.columns[a] : [-3, 3], y = has ? data.train.columns[b] : [-3, 3];
    const hasVal = has && data.nVal > 0;
    ends = [...bounds([...x, ...(hasVal ? data.val.columns[a] : [])]), ...bounds([...y, ...(hasVal ? data.val.columns[b] : [])])];
    const traces = has ? scatter(data.train, (i) => x[i], (i) => y[i], false) : [];
    if (hasVal) traces.push(...hidden(scatter(data.val, (i) => data.val.columns[a][i], (i) => data.val.columns[b][i], true)));
    const axis = (name, range) => ({
      zeroline: false, showgrid: false, fixedrange: true, range,
      title: { text: Explore.plain(name) + unit(), standoff: 6 },
    });
    Plotly.react("plane", traces, Explore.layout({
      ...legend(),
      xaxis: axis(data.columns[a], ends.slice(0, 2)), yaxis: axis(data.columns[b], ends.slice(2)),
    }), Explore.config);
  }

  // A picture of the plane: each pixel mixes the classes' colours by their probabilities, and is
  // dark where the most probable class changes.
  function mixture(xs, ys) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = PIXELS;
    const context = canvas.getContext("2d");
    const image = context.createImageData(PIXELS, PIXELS);
    const best = new Int16Array(PIXELS * PIXELS);
    const tints = data.classes.map((_, k) => Explore.rgb(Explore.ofClass(k).colour).map((c) => 0.5 * (255 - c)));
    const planes = logitPlanes(xs, ys);
    const p = new Float64Array(planes.length);
    for (let v = 0, at = 0; v < PIXELS; v++) {
      for (let u = 0; u < PIXELS; u++, at++) {
        best[at] = softmaxAt(planes, u, v, p);
        const edge = (u > 0 && best[at - 1] !== best[at]) || (v > 0 && best[at - PIXELS] !== best[at]);
        for (let i = 0; i < 3; i++) {
          let c = 255;
          for (let k = 0; k < p.length; k++) c -= p[k] * tints[k][i];
          image.data[4 * at + i] = edge ? 30 : c;
        }
        image.data[4 * at + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  // The logit of each class as [at the first pixel, change a pixel across, change a pixel down].
  function logitPlanes(xs, ys) {
    const width = data.columns.length + 1;
    const dx = (xs[1] - xs[0]) / PIXELS, dy = (ys[0] - ys[1]) / PIXELS;
    const row = data.means.slice();
    row[drawn[0]] = xs[0] + dx / 2;
    row[drawn[1]] = ys[1] + dy / 2;
    const planes = data.classes.length === 2 ? [[0, 0, 0]] : [];
    for (let k = 0; k < params.length / width; k++) {
      const w = params.slice(k * width, (k + 1) * width);
      const first = row.reduce((z, value, j) => z + w[j] * value, w[width - 1]);
      planes.push([first, w[drawn[0]] * dx, w[drawn[1]] * dy]);
    }
    return planes;
  }

  // Puts the probabilities at a pixel into p, and returns the most probable class.
  function softmaxAt(planes, u, v, p) {
    let most = 0, total = 0;
    planes.forEach(([z, du, dv], k) => {
      p[k] = z + u * du + v * dv;
      if (p[k] > p[most]) most = k;
    });
    const highest = p[most];
    for (let k = 0; k < p.length; k++) total += p[k] = Math.exp(p[k] - highest);
    for (let k = 0; k < p.length; k++) p[k] /= total;
    return most;
  }

  // Towards white, so that the rows stand out.
  function mixed(p) {
    const sum = [0, 0, 0];
    p.forEach((share, k) => Explore.rgb(Explore.ofClass(k).colour).forEach((c, i) => { sum[i] += share * c; }));
    return sum.map((c) => Math.round(255 - 0.5 * (255 - c)));
  }

  // The key of the mix for three classes: a triangle with a class at each corner.
  function drawMix() {
    const canvas = $("mix");
    canvas.hidden = data.classes.length !== 3 || data.chosen.length === 1;
    if (canvas.hidden || canvas.title) return;
    canvas.title = `The mix of ${data.classes.join(", ")}: a corner is certainty, the middle a third each`;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const image = context.createImageData(96, 84);
    for (let v = 0; v < 84; v++) {
      for (let u = 0; u < 96; u++) {
        const top = 1 - v / 83;
        const right = u / 95 - top / 2;
        const p = [1 - top - right, right, top];
        if (Math.min(...p) < 0) continue;
        image.data.set([...mixed(p), 255], 4 * (v * 96 + u));
      }
    }
    context.putImageData(image, 0, 0);
    context.font = "bold 13px system-ui, sans-serif";
    context.fillStyle = "#000000";
    [[4, 82], [82, 82], [43, 13]].forEach(([u, v], k) => context.fillText(Explore.ofClass(k).mark, u, v));
  }

  function note() {
    const parts = [data.note];
    if (data.nVal) parts.push(`${data.nRows} rows are fitted; ${data.nVal} open marks are validation rows.`);
    else parts.push(`All ${data.nRows} rows are fitted.`);
    if (data.train.labels.length < data.nRows) parts.push(`${data.train.labels.length} of them are drawn.`);
    if (data.columns.length > 2) parts.push("Columns that are not drawn are at their means.");
    if (data.shares) parts.push("The targets are probabilities: the classes' shares among the 15 nearest rows.");
    return parts.join(" ");
  }

  return { setData, setFrame: (given) => { frame = given; }, draw, probabilities: (row) => probabilities(row) };
})();

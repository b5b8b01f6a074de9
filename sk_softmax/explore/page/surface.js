"use strict";
// The loss surface as contours and in three dimensions, with the paths on it. The start is set
// by the pointer at any pixel: Plotly's own click knows the points of the grid alone.

Explore.surface = (() => {
  const $ = (id) => document.getElementById(id);
  const state = Explore.state;
  let grid = null; // { x, y, values, levels, ranks }
  let frame = null;
  let paths = [];
  let at = Infinity; // the iteration shown
  let listens = false;
  let drawn = {}; // what the bands show
  let reliefTimer = null;

  const form = () => state.values.surface || (window.innerWidth >= 1600 ? "both" : "contour");

  function ranked({ x, y, values }) {
    const levels = Explore.bands.levelsOf(values);
    const lowest = levels[0];
    const top = lowest + 1.05 * (levels[Math.floor(0.9 * (levels.length - 1))] - lowest || 1);
    const cut = values.map((row) => row.map((v) => Math.min(v ?? top, top)));
    const ranks = values.map((row) => row.map((v) => Explore.bands.rank(levels, v ?? Infinity)));
    return { x, y, values, levels, lowest, top, cut, ranks };
  }

  const SCALE = [[0, "#ffffff"], [0.5, "#d3d9e0"], [1, "#8d99a6"]];

  function shownPart(path) {
    let last = path.iterations.length - 1;
    while (last > 0 && path.iterations[last] > at) last -= 1;
    return last + 1;
  }

  function pathTraces() {
    return frame ? [...paths.flatMap(lineAndMarks), ...marks()] : [];
  }

  // A line through every point, and marks after whole iterations and where the path is now.
  function lineAndMarks(path) {
    const style = Explore.solvers[path.solver];
    const n = shownPart(path);
    const near = path.pair.slice(0, n).map(clamped);
    const marked = near.filter((_, i) => i === n - 1 || Number.isInteger(path.iterations[i]));
    const isMany = marked.length > 60;
    const line = {
      type: "scatter", mode: "lines", name: path.label, x: near.map((p) => p[0]), y: near.map((p) => p[1]),
      line: { color: style.colour, width: path.nBatches > 1 ? 1.2 : 2, dash: style.dash },
      hovertemplate: `${path.label}<br>%{x:.4g}, %{y:.4g}<extra></extra>`,
    };
    return [line, {
      type: "scatter", mode: "markers", name: `marks of ${path.label}`,
      x: marked.map((p) => p[0]), y: marked.map((p) => p[1]), hoverinfo: "skip",
      marker: {
        color: style.colour, symbol: style.symbol, opacity: 1,
        line: { color: "#ffffff", width: isMany ? 0 : 0.7 },
        size: marked.map((_, i) => (i === marked.length - 1 ? 11 : isMany ? 3 : 6)),
      },
    }];
  }

  // A path that diverges leaves the picture; coordinates of 1e300 no browser can draw.
  function clamped(point) {
    const [left, right, low, high] = frame.window;
    const wide = 30 * (right - left), tall = 30 * (high - low);
    return [
      point[0] === null ? null : Math.min(Math.max(point[0], left - wide), right + wide),
      point[1] === null ? null : Math.min(Math.max(point[1], low - tall), high + tall),
    ];
  }

  function marks() {
    const start = [Number(state.values.start_x), Number(state.values.start_y)];
    const found = [];
    if (frame.isFinite) {
      found.push({
        type: "scatter", mode: "markers", name: "optimum", x: [frame.optimum[0]], y: [frame.optimum[1]],
        marker: { symbol: "star", size: 15, color: "#F0E442", line: { color: "#000000", width: 1.4 } },
        hovertemplate: `optimum, loss ${Explore.number(frame.bestValue, 5)}<extra></extra>`,
      });
    }
    found.push({
      type: "scatter", mode: "markers", name: "start", x: [start[0]], y: [start[1]],
      marker: { symbol: "cross-thin", size: 18, line: { color: "#000000", width: 2.5 } },
      hovertemplate: "start: drag it, or click anywhere<extra></extra>",
    });
    return found;
  }

  function planeLayout() {
    const [left, right, low, high] = frame.window;
    const axis = { showgrid: false, zeroline: false, fixedrange: true, ticks: "outside" };
    return Explore.layout({
      plot_bgcolor: "rgba(0,0,0,0)",
      margin: { ...Explore.margin(), r: 24 + 4 * Explore.fontSize(), autoexpand: false },
      xaxis: { ...axis, range: [left, right], title: { text: Explore.plain(frame.names[0]), standoff: 6 } },
      yaxis: { ...axis, range: [low, high], title: { text: Explore.plain(frame.names[1]), standoff: 6 } },
    });
  }

  function drawContour() {
    const plot = $("contour");
    Plotly.react(plot, pathTraces(), planeLayout(), Explore.config);
    if (listens) return drawBands();
    listens = true;
    listen(plot);
    plot.on("plotly_afterplot", drawBands); // also when the plot has another size
    drawBands();
  }

  // Only a new surface, window or size changes the bands.
  function drawBands() {
    const layout = $("contour")._fullLayout;
    if (!grid || !layout) return;
    const { l, t, w, h } = layout._size;
    const key = [layout.width, layout.height, l, t, w, h, ...frame.window].join();
    if (drawn.grid === grid && drawn.key === key) return;
    drawn = { grid, key };
    Explore.bands.draw($("bands"), grid, frame.window, layout, { left: l, top: t, width: w, height: h }, Explore.fontSize());
  }

  // In three dimensions walls are cut off above the heights that matter, else the valley is flat.
  function drawRelief() {
    if (!grid) return;
    const { lowest, top } = grid;
    const [left, right, low, high] = frame.window;
    const axis = (name, range) => ({
      title: { text: Explore.plain(name), font: { size: Explore.fontSize() - 1 } }, range,
      tickfont: { size: Explore.fontSize() - 2 }, nticks: 6, gridcolor: "#cccccc",
    });
    const shortened = (name) => name.replace(/^coefficient of /, "").replace(/: .*/, "");
    const traces = [{
      type: "surface", x: grid.x, y: grid.y, z: grid.cut,
      surfacecolor: grid.ranks, colorscale: SCALE, cmin: 0, cmax: grid.levels.length - 1, showscale: false, opacity: 0.92,
      contours: { z: { show: true, start: lowest, end: top - (top - lowest) / 24, size: (top - lowest) / 12, color: "#ffffff", width: 1 } },
      lighting: { ambient: 0.75, diffuse: 0.5, specular: 0.05 },
      hovertemplate: "%{x:.3g}, %{y:.3g}<br>loss %{z:.5g}<extra></extra>",
    }];
    for (const path of paths) traces.push(lineAbove(path, top, lowest));
    Plotly.react("relief", traces, Explore.layout({
      margin: { l: 0, r: 0, t: 0, b: 0 },
      uirevision: frame.names.join(), // the eye stays where a hand has put it
      scene: {
        xaxis: axis(shortened(frame.names[0]), [left, right]), yaxis: axis(shortened(frame.names[1]), [low, high]),
        zaxis: axis("", [lowest - 0.02 * (top - lowest), top + 0.02 * (top - lowest)]),
        aspectmode: "manual", aspectratio: { x: 1.15, y: 1.15, z: 0.75 },
        camera: { eye: eye(), center: { x: 0, y: 0, z: -0.15 } }, dragmode: "turntable",
      },
    }), Explore.config);
  }

  // From above the lowest corner, so that no wall hides the valley.
  function eye() {
    const last = grid.values.length - 1;
    const corners = [[-1, -1], [1, -1], [-1, 1], [1, 1]].map(([x, y]) => [
      grid.values[y > 0 ? last : 0][x > 0 ? last : 0] ?? Infinity, x, y]);
    const [, x, y] = corners.reduce((a, b) => (b[0] < a[0] ? b : a));
    return { x: 1.5 * x, y: 1.65 * y, z: 1.1 };
  }

  function lineAbove(path, top, lowest) {
    const style = Explore.solvers[path.solver];
    const [left, right, low, high] = frame.window;
    const lift = 0.012 * (top - lowest);
    const points = path.pair.slice(0, shownPart(path)).map(([x, y], i) => {
      const z = path.values[i];
      const inside = x >= left && x <= right && y >= low && y <= high && z !== null && z <= top;
      return inside ? [x, y, z + lift] : [null, null, null];
    });
    return {
      type: "scatter3d", mode: "lines+markers", name: path.label,
      x: points.map((p) => p[0]), y: points.map((p) => p[1]), z: points.map((p) => p[2]),
      line: { color: style.colour, width: path.nBatches > 1 ? 2.5 : 5 },
      marker: { color: style.colour, size: points.map((_, i) => (
        i === points.length - 1 ? 6 : Number.isInteger(path.iterations[i]) ? 2.5 : 0)) },
      hovertemplate: `${path.label}<br>loss %{z:.5g}<extra></extra>`,
    };
  }

  // The relief takes longest, so while a slider moves it waits until the slider rests.
  function draw({ patient = false } = {}) {
    if (!frame) return;
    const which = form();
    $("card-surface").dataset.form = which;
    for (const button of document.querySelectorAll("[data-surface]")) {
      button.setAttribute("aria-pressed", String(button.dataset.surface === which));
    }
    $("slice").textContent = explanation(); // first, since it takes room from the plots
    if (which !== "3d") drawContour();
    drawReliefSoon(which, patient);
  }

  function drawReliefSoon(which, patient) {
    clearTimeout(reliefTimer);
    if (which !== "contour") reliefTimer = setTimeout(drawRelief, patient ? 200 : 0);
  }

  function explanation() {
    const outside = paths.some((path) => path.pair.some(([x, y]) => x === null || y === null
      || x < frame.window[0] || x > frame.window[1] || y < frame.window[2] || y > frame.window[3]));
    const leaves = outside ? " A path leaves the window: “fit” shows all of it." : "";
    const infinite = frame.isFinite ? "" : " There is no finite optimum: the classes are separated, so larger coefficients always fit better.";
    if (frame.isSlice) {
      return `The model has ${frame.nFree} parameters. The surface is the slice through the optimum over two of them, and the paths are projections: the others move as well, so a path may lie above the surface.${infinite}${leaves}`;
    }
    if (frame.nFree > 2) {
      return `All parameters but these two are held at the optimum, so the paths lie on this surface.${infinite}${leaves}`;
    }
    return `The model has these two parameters alone: this is its whole loss.${infinite}${leaves}`;
  }

  // --- the start by pointer and by keys -------------------------------------------------------

  function listen(plot) {
    let dragged = false;
    plot.addEventListener("pointerdown", (event) => {
      const place = placeOf(plot, event);
      if (event.button !== 0 || !place || Explore.kept) return;
      dragged = true;
      plot.setPointerCapture(event.pointerId);
      plot.focus({ preventScroll: true });
      setStart(place);
    }, true);
    plot.addEventListener("pointermove", (event) => {
      const place = placeOf(plot, event);
      if (dragged && place) setStart(place);
      $("reading").textContent = place && grid ? reading(place) : "";
    }, true);
    plot.addEventListener("pointerleave", () => { $("reading").textContent = ""; });
    for (const end of ["pointerup", "pointercancel"]) {
      plot.addEventListener(end, () => { dragged = false; }, true);
    }
    plot.addEventListener("keydown", byKey);
  }

  // From a pixel to the two parameters; null beside the surface.
  function placeOf(plot, event) {
    const { xaxis, yaxis } = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    const px = event.clientX - box.left - xaxis._offset;
    const py = event.clientY - box.top - yaxis._offset;
    if (px < 0 || py < 0 || px > xaxis._length || py > yaxis._length) return null;
    return [xaxis.p2d(px), yaxis.p2d(py)];
  }

  // The loss at a place, between the four points of the grid around it.
  function reading([x, y]) {
    const last = grid.x.length - 1;
    const u = ((x - grid.x[0]) / (grid.x[last] - grid.x[0])) * last;
    const v = ((y - grid.y[0]) / (grid.y[last] - grid.y[0])) * last;
    const i = Math.min(Math.max(Math.floor(u), 0), last - 1), j = Math.min(Math.max(Math.floor(v), 0), last - 1);
    const between = (row) => row[i] + (u - i) * (row[i + 1] - row[i]);
    const loss = between(grid.values[j]) + (v - j) * (between(grid.values[j + 1]) - between(grid.values[j]));
    return `${Explore.number(x, 3)}, ${Explore.number(y, 3)}: loss ${Explore.number(loss, 4)}`;
  }

  function setStart([x, y]) {
    const [left, right, low, high] = frame.window;
    state.set({ start_x: digits(x, right - left), start_y: digits(y, high - low), step: "" });
  }

  // As many digits as a pixel is worth, so that links are short.
  const digits = (value, extent) => String(Number(value.toFixed(Math.max(0, 4 - Math.ceil(Math.log10(extent))))));

  function byKey(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way || Explore.kept) return;
    event.preventDefault();
    const [left, right, low, high] = frame.window;
    const share = event.shiftKey ? 0.1 : 0.02;
    const next = [
      Number(state.values.start_x) + way[0] * share * (right - left),
      Number(state.values.start_y) + way[1] * share * (high - low),
    ];
    setStart([Math.min(Math.max(next[0], left), right), Math.min(Math.max(next[1], low), high)]);
  }

  // --- the window -----------------------------------------------------------------------------

  function zoom(factor) {
    const [left, right, low, high] = frame.window;
    const x = (left + right) / 2, y = (low + high) / 2;
    setWindow([x - factor * (right - left) / 2, x + factor * (right - left) / 2,
      y - factor * (high - low) / 2, y + factor * (high - low) / 2]);
  }

  function fit() {
    const points = paths.flatMap((path) => path.pair).filter(([x, y]) => x !== null && y !== null);
    points.push([Number(state.values.start_x), Number(state.values.start_y)]);
    if (frame.isFinite) points.push(frame.optimum);
    const ends = [0, 1].flatMap((i) => {
      const low = Math.min(...points.map((p) => p[i])), high = Math.max(...points.map((p) => p[i]));
      const spare = 0.15 * (high - low) || 1;
      return [low - spare, high + spare];
    });
    setWindow(ends);
  }

  const setWindow = (ends) => state.set({ window: ends.map((end) => Number(end.toPrecision(4))).join(",") });

  function make() {
    for (const button of document.querySelectorAll("[data-surface]")) {
      button.addEventListener("click", () => { state.set({ surface: button.dataset.surface }); draw(); });
    }
    for (const id of ["contour", "relief"]) Explore.fitting($(id));
    $("zoom-in").addEventListener("click", () => zoom(0.6));
    $("zoom-out").addEventListener("click", () => zoom(1 / 0.6));
    $("zoom-fit").addEventListener("click", fit);
    $("zoom-usual").addEventListener("click", () => state.set({ window: "" }));
  }

  return {
    make, draw,
    setFrame: (given) => { frame = given; },
    clear() {
      grid = null;
      drawn = {};
      $("bands").width = 0;
    },
    setGrid(part) {
      grid = ranked(part);
      if (form() !== "3d") drawBands();
      drawReliefSoon(form(), true);
    },
    setPaths: (given) => { paths = given; },
    showStep: (iteration, options) => { at = iteration; draw(options); },
  };
})();

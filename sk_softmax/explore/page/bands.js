"use strict";
// The loss surface as bands between contours, painted on a canvas below the paths: a new surface
// takes a few milliseconds, where contours as vectors took ten times as long.

Explore.bands = (() => {
  const BANDS = 20;
  const LOW = [255, 255, 255], HIGH = [141, 153, 166];

  // Levels are quantiles, so that all bands cover the same area: evenly spaced ones would all lie
  // on the steep walls.
  function levelsOf(values) {
    const flat = values.flat().filter((v) => v !== null).sort((a, b) => a - b);
    const levels = [];
    for (let i = 0; i <= BANDS; i++) {
      const level = flat[Math.round((i / BANDS) * (flat.length - 1))];
      if (!levels.length || level > levels[levels.length - 1]) levels.push(level);
    }
    return levels;
  }

  // The place of a value among the levels: 2.5 is half way between the third and the fourth.
  function rank(levels, value) {
    const last = levels.length - 1;
    if (!(value < levels[last])) return last;
    if (value <= levels[0]) return 0;
    let low = 0, high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (levels[middle] <= value) low = middle; else high = middle;
    }
    return low + (value - levels[low]) / (levels[high] - levels[low]);
  }

  // Cubic convolution (Keys, 1981): weights of the four grid points around a place.
  function around(place, n) {
    const i = Math.min(Math.max(Math.floor(place), 0), n - 2), t = place - i;
    const weights = [
      ((-0.5 * t + 1) * t - 0.5) * t, (1.5 * t - 2.5) * t * t + 1,
      ((-1.5 * t + 2) * t + 0.5) * t, (0.5 * t - 0.5) * t * t,
    ];
    return { at: [-1, 0, 1, 2].map((d) => Math.min(Math.max(i + d, 0), n - 1)), weights };
  }

  // Places of the grid at each pixel, and null outside of it.
  function placesOf(points, low, high, n) {
    const step = points[1] - points[0];
    return Array.from({ length: n }, (_, i) => {
      const place = (low + ((i + 0.5) / n) * (high - low) - points[0]) / step;
      return place < -1e-9 || place > points.length - 1 + 1e-9 ? null : around(place, points.length);
    });
  }

  // The ranks of the pixels of a box, row by row from the top; NaN outside of the grid.
  function ranksOf(grid, window, width, height) {
    const [left, right, low, high] = window;
    const across = placesOf(grid.x, left, right, width);
    const up = placesOf(grid.y, high, low, height);
    const top = grid.levels[grid.levels.length - 1];
    const wide = grid.values.map((row) => across.map((place) => {
      if (place === null) return NaN;
      return place.weights.reduce((sum, w, k) => sum + w * (row[place.at[k]] ?? top), 0);
    }));
    const ranks = new Float32Array(width * height).fill(NaN);
    up.forEach((place, v) => {
      if (place === null) return;
      const rows = place.at.map((j) => wide[j]);
      const [a, b, c, d] = place.weights;
      for (let u = 0; u < width; u++) {
        const value = a * rows[0][u] + b * rows[1][u] + c * rows[2][u] + d * rows[3][u];
        if (value === value) ranks[v * width + u] = rank(grid.levels, value);
      }
    });
    return ranks;
  }

  function paint(context, ranks, width, height, n) {
    const image = context.createImageData(width, height);
    for (let v = 0, at = 0; v < height; v++) {
      for (let u = 0; u < width; u++, at++) {
        const here = ranks[at];
        if (here !== here) continue;
        const slope = Math.abs(here - ranks[u > 0 ? at - 1 : at + 1]) + Math.abs(here - ranks[v > 0 ? at - width : at + width]);
        // White within a pixel of a level.
        const line = Math.max(0, 1 - Math.abs(here - Math.round(here)) / (slope || 1)) * (slope > 0.6 ? 0.4 : 0.8);
        const share = Math.min(Math.floor(here) + 0.5, n - 0.5) / n;
        for (let i = 0; i < 3; i++) {
          const colour = LOW[i] + share * (HIGH[i] - LOW[i]);
          image.data[4 * at + i] = colour + line * (255 - colour);
        }
        image.data[4 * at + 3] = 255;
      }
    }
    return image;
  }

  function drawBar(context, levels, { right, top, height }, font) {
    const n = levels.length - 1, step = height / n;
    for (let i = 0; i < n; i++) {
      const share = (i + 0.5) / n;
      context.fillStyle = `rgb(${LOW.map((c, k) => Math.round(c + share * (HIGH[k] - c))).join(",")})`;
      context.fillRect(right + 8, top + height - (i + 1) * step, 10, step + 0.5);
    }
    context.strokeStyle = "#8d99a6";
    context.strokeRect(right + 8, top, 10, height);
    context.fillStyle = "#1b1f24";
    context.font = `${font}px system-ui, "DejaVu Sans", sans-serif`;
    context.textBaseline = "middle";
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const i = Math.round(share * n);
      context.fillText(Explore.number(levels[i], 3), right + 22, top + height - i * step);
    }
  }

  // Paints the surface where a plot has its axes: size is that of the plot, and box its inner part.
  function draw(canvas, grid, window, size, box, font) {
    const scale = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(size.width * scale);
    canvas.height = Math.round(size.height * scale);
    const context = canvas.getContext("2d");
    const width = Math.round(box.width * scale), height = Math.round(box.height * scale);
    if (width < 2 || height < 2) return;
    const ranks = ranksOf(grid, window, width, height);
    context.putImageData(paint(context, ranks, width, height, grid.levels.length - 1), Math.round(box.left * scale), Math.round(box.top * scale));
    context.scale(scale, scale);
    drawBar(context, grid.levels, { right: box.left + box.width, top: box.top, height: box.height }, font);
  }

  return { draw, levelsOf, rank };
})();

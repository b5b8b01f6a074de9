"use strict";
// Colours and marks, after Okabe and Ito (2008) and Tol (2021): they can be told apart with any
// colour vision, as a test computes, and every solver and every class has a mark of its own as well.

const Explore = {};

Explore.solvers = {
  gd: { colour: "#0072B2", symbol: "circle", dash: "solid", mark: "●" },
  momentum: { colour: "#D55E00", symbol: "square", dash: "solid", mark: "■" },
  sgd: { colour: "#009E73", symbol: "diamond", dash: "solid", mark: "◆" },
  sgd_momentum: { colour: "#CC79A7", symbol: "triangle-up", dash: "solid", mark: "▲" },
  rmsprop: { colour: "#E69F00", symbol: "triangle-down", dash: "solid", mark: "▼" },
  adam: { colour: "#56B4E9", symbol: "pentagon", dash: "solid", mark: "⬟" },
  lbfgs: { colour: "#000000", symbol: "cross", dash: "dash", mark: "✚" },
  newton: { colour: "#882255", symbol: "star", dash: "dash", mark: "★" },
};

// The first three classes are the corners of the mix: they differ most, in lightness too.
Explore.classes = [
  { colour: "#0072B2", symbol: "circle", mark: "●" },
  { colour: "#E69F00", symbol: "square", mark: "■" },
  { colour: "#882255", symbol: "triangle-up", mark: "▲" },
  { colour: "#999999", symbol: "diamond", mark: "◆" },
  { colour: "#56B4E9", symbol: "triangle-down", mark: "▼" },
  { colour: "#111111", symbol: "pentagon", mark: "⬟" },
  { colour: "#332288", symbol: "cross", mark: "✚" },
  { colour: "#D55E00", symbol: "star", mark: "★" },
  { colour: "#117733", symbol: "hexagon", mark: "⬢" },
  { colour: "#F0E442", symbol: "x", mark: "✖" },
];

Explore.ofClass = (k) => Explore.classes[k % Explore.classes.length];

Explore.rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

// Text of a user's file in a plot: Plotly reads tags in text, so none is left.
Explore.plain = (text) =>
  String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

// A number as the page writes it.
Explore.number = (value, digits = 4) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4) return value.toExponential(2).replace("-", "−");
  return String(Number(value.toPrecision(digits))).replace("-", "−");
};

// An iteration; within an epoch the whole epochs and the minibatches of the next.
Explore.iteration = (at, nBatches) => (Number.isInteger(at) ? String(at)
  : `${Math.floor(at)}+${Math.round((at % 1) * nBatches)}/${nBatches}`);

Explore.layout = (more) => ({
  margin: Explore.margin(),
  font: { family: "system-ui, sans-serif", size: Explore.fontSize(), color: "#1b1f24" },
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "#ffffff",
  showlegend: false,
  dragmode: false,
  ...more,
});

// Room for the numbers and the title of an axis.
Explore.margin = () => ({ l: 18 + 3 * Explore.fontSize(), r: 10, t: 8, b: 14 + 2.4 * Explore.fontSize() });

Explore.fontSize = () => (window.innerWidth >= 1600 ? 15 : 12);

// Keeps a plot as large as its place, whatever moves around it.
Explore.fitting = (plot) => new ResizeObserver(() => {
  const { width, height } = plot._fullLayout || {};
  const fits = width === plot.clientWidth && height === plot.clientHeight;
  if (width && !fits && plot.clientHeight > 0) Plotly.relayout(plot, { width: plot.clientWidth, height: plot.clientHeight });
}).observe(plot);

Explore.config = { displayModeBar: false, showTips: false };

"use strict";
// The loss of each solver, on the rows fitted and on validation rows; and where each is now.

Explore.curves = (() => {
  const $ = (id) => document.getElementById(id);
  let paths = [];
  let best = null;

  function draw(at) {
    const logarithmic = Explore.state.values.log === "1";
    $("log-loss").checked = logarithmic;
    table(at); // first, since it takes room from the plot
    const traces = paths.flatMap((path) => {
      const style = Explore.solvers[path.solver];
      const fitted = {
        type: "scatter", mode: path.iterations.length > 60 ? "lines" : "lines+markers", name: path.label,
        x: path.iterations, y: path.values, line: { color: style.colour, width: 2 },
        marker: { color: style.colour, symbol: style.symbol, size: 5 },
        hovertemplate: `${path.label}, %{x}: %{y:.5g}<extra></extra>`,
      };
      if (!path.validation) return [fitted];
      return [fitted, {
        ...fitted, mode: "lines", y: path.validation.loss, line: { color: style.colour, width: 2, dash: "dot" },
        hovertemplate: `${path.label}, validation, %{x}: %{y:.5g}<extra></extra>`,
      }];
    });
    Plotly.react("loss", traces, Explore.layout({
      margin: Explore.margin(),
      xaxis: { title: { text: "epochs or steps", standoff: 4 }, fixedrange: true, zeroline: false, rangemode: "tozero" },
      yaxis: { title: { text: "nats a row", standoff: 4 }, fixedrange: true, type: logarithmic ? "log" : "linear", range: range(logarithmic), zeroline: false },
      shapes: Number.isFinite(at) ? [{ type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, line: { color: "#1b1f24", width: 1, dash: "dot" } }] : [],
      annotations: [{
        text: paths.some((path) => path.validation) ? "solid: rows fitted, dotted: validation" : "rows fitted",
        xref: "paper", yref: "paper", x: 1, y: 1, xanchor: "right", yanchor: "top", showarrow: false,
      }],
    }), Explore.config);
  }

  // A path that diverges is cut off at twice the loss of the starts.
  function range(logarithmic) {
    const values = paths.flatMap((path) => [...path.values, ...(path.validation ? path.validation.loss : [])])
      .filter((v) => v !== null && (!logarithmic || v > 0));
    if (!values.length) return undefined;
    const starts = paths.map((path) => path.values[0]).filter((v) => v !== null);
    const low = Math.min(...values), high = Math.min(Math.max(...values), 2 * Math.max(...starts, low));
    if (logarithmic) return [Math.log10(low) - 0.05, Math.log10(high) + 0.05];
    return [low - 0.06 * (high - low || 1), high + 0.06 * (high - low || 1)];
  }

  function table(at) {
    const hasVal = paths.some((path) => path.validation);
    const heads = ["", "at", "loss", "− best", "correct", ...(hasVal ? ["val. loss", "correct"] : []), "passes"];
    const head = document.createElement("tr");
    head.append(...heads.map((text) => cell("th", text)));
    $("now").tHead.replaceChildren(head);
    $("now").tBodies[0].replaceChildren(...paths.map((path) => {
      const i = indexAt(path, at);
      const line = document.createElement("tr");
      const name = cell("th", Explore.choices.SOLVERS[path.solver]);
      const mark = document.createElement("span");
      mark.className = "mark";
      mark.style.color = Explore.solvers[path.solver].colour;
      mark.textContent = Explore.solvers[path.solver].mark;
      name.prepend(mark);
      const above = path.values[i] === null ? null : path.values[i] - best;
      const numbers = [
        Explore.iteration(path.iterations[i], path.nBatches), Explore.number(path.values[i], 4),
        above === null ? "–" : Explore.number(Math.max(above, 0), 2), percent(path.accuracy[i]),
      ];
      if (hasVal) numbers.push(...(path.validation ? [Explore.number(path.validation.loss[i], 4), percent(path.validation.accuracy[i])] : ["–", "–"]));
      numbers.push(Explore.number(path.passes[i], 4));
      line.append(name, ...numbers.map((text) => cell("td", text)));
      return line;
    }));
  }

  const percent = (share) => (share === null ? "–" : `${(100 * share).toFixed(1)} %`);

  function cell(kind, text) {
    const made = document.createElement(kind);
    made.textContent = text;
    return made;
  }

  function indexAt(path, at) {
    let i = path.iterations.length - 1;
    while (i > 0 && path.iterations[i] > at) i -= 1;
    return i;
  }

  function make(redraw) {
    Explore.fitting($("loss"));
    $("log-loss").addEventListener("change", () => { Explore.state.set({ log: $("log-loss").checked ? "1" : "" }); redraw(); });
  }

  return { make, draw, indexAt, cell, setPaths: (given) => { paths = given; }, setBest: (value) => { best = value; } };
})();

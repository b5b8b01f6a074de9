"use strict";
// One gradient step in numbers, as the lecture writes it: X'(A - Y) / n.

Explore.gradient = (() => {
  const $ = (id) => document.getElementById(id);
  const { cell } = Explore.curves;
  const PAUSE = 60; // milliseconds between two requests while a path plays
  let data = null;
  let frame = null;
  let timer = null;
  let asked = 0;
  let latest = 0;

  // Shows the gradient at params, of which where says what they are.
  function at(params, where, kept) {
    $("gradient-where").textContent = where;
    if (kept) return show(kept, params);
    if (Explore.kept || params === null) return clear();
    asked = performance.now();
    clearTimeout(timer);
    timer = setTimeout(() => fetched(params), Math.max(0, PAUSE - (asked - latest)));
  }

  function clear() {
    $("gradient").replaceChildren(cell("p", "No gradient is kept for this path."));
  }

  async function fetched(params) {
    latest = performance.now();
    const mine = latest;
    try {
      const numbers = await Explore.request.post("gradient", Explore.state.computed(), params);
      if (mine === latest && numbers.part === "gradient") show(numbers, params);
    } catch (error) {
      $("gradient").replaceChildren(cell("p", error.message));
    }
  }

  const few = () => data.columns.length <= 6;

  function show(numbers, params) {
    const binary = data.classes.length === 2;
    const parts = [formula(binary)];
    if (few()) parts.push(firstRows(numbers, binary));
    if (few() && !binary) parts.push(matrix(numbers));
    parts.push(steps(numbers, params, binary));
    if (data.imageShape) parts.push(...downhill(numbers));
    $("gradient").replaceChildren(...parts);
    $("gradient").dataset.norm = numbers.norm;
  }

  function formula(binary) {
    const line = document.createElement("p");
    const penalty = Explore.state.values.C.toLowerCase().startsWith("inf") ? "" : " + w / (C n)";
    line.textContent = `∇F = X′(A − Y) / n${penalty}, with n = ${data.nRows}; A is ${binary ? `the probability of ${data.classes[1]}` : "the softmax of the logits"}, and the last row of X′ is ones.${
      Number(Explore.state.values.l1_ratio) > 0 && penalty ? " The absolute values of L1 have no gradient at zero and are left out." : ""}`;
    return line;
  }

  function made(heads, lines, caption) {
    const table = document.createElement("table");
    const title = document.createElement("caption");
    title.textContent = caption;
    const head = document.createElement("thead");
    head.append(row(heads, "th"));
    const body = document.createElement("tbody");
    body.append(...lines.map((line) => row(line, "td")));
    table.append(title, head, body);
    return table;
  }

  function row(texts, kind) {
    const line = document.createElement("tr");
    line.append(...texts.map((text, i) => cell(i === 0 && kind === "td" ? "th" : kind, text)));
    return line;
  }

  // Minus the gradient as images: what a step adds to the coefficients.
  function downhill(numbers) {
    const outputs = numbers.total[0].map((_, k) => numbers.total.map((row) => -row[k]));
    const box = document.createElement("div");
    box.className = "pictures";
    box.append(...Explore.coefficients.pictures("minus the gradient", outputs.flat()));
    return [cell("p", "Minus the gradient as images: what a step adds to the coefficients"), box];
  }

  // The name of a column without its unit.
  const brief = (name) => name.replace(/, [^,]*$/, "");

  const short = (value) => (Math.abs(value) < 1000 ? value.toFixed(3).replace("-", "−") : number(value));
  const number = (value) => Explore.number(value, 4);

  // A label is one column, a target of probabilities one a class.
  function firstRows(numbers, binary) {
    const names = data.columns.map(brief);
    const hard = !binary && !data.shares;
    const of = (what) => (binary ? [what] : data.classes.map((_, k) => `${what} ${Explore.ofClass(k).mark}`));
    const heads = ["row", ...names, ...of("a"), ...(hard ? ["y"] : of("y")), ...of("a − y")];
    const lines = numbers.rows.map((x, i) => {
      const y = numbers.targets[i];
      return [
        String(numbers.shown[i]), ...x.map(short), ...numbers.outputs[i].map(short),
        ...(hard ? [Explore.ofClass(y.indexOf(1)).mark] : y.map((share) => Explore.number(share, 3))),
        ...numbers.outputs[i].map((a, k) => short(a - y[k])),
      ];
    });
    return made(heads, lines, `${lines.length} of the ${data.nRows} rows`);
  }

  function matrix(numbers) {
    const lines = [...data.columns.map(brief), "intercept"].map((name, j) => [name, ...numbers.data[j].map(number)]);
    const heads = data.classes.map((name, k) => `${Explore.ofClass(k).mark} ${name}`);
    return made(["X′(A − Y) / n", ...heads], lines, "A row for each column of X, a column for each class");
  }

  // Each parameter, its gradient and where one step of gradient descent leads.
  function steps(numbers, params, binary) {
    const width = data.columns.length + 1;
    const rate = numbers.learningRate;
    const listed = binary && few()
      ? Array.from({ length: width }, (_, j) => [0, j]) : [frame.across, frame.up];
    const lines = listed.map(([k, j]) => {
      const w = params[k * width + j], g = numbers.total[j][k];
      const name = j === width - 1 ? "intercept" : brief(data.columns[j]);
      return [
        binary ? name : `${name} ${Explore.ofClass(k).mark}`, number(w), number(numbers.data[j][k]),
        number(numbers.penalty[j][k]), number(g), number(w - rate * g),
      ];
    });
    return made(["", "w", "X′(A − Y) / n", "+ w / (C n)", "= gradient", "next w"],
      lines, `One step: next w = w − ${number(rate)} × gradient, whose length is ${number(numbers.norm)}`);
  }

  return { at, setData: (given) => { data = given; }, setFrame: (given) => { frame = given; } };
})();

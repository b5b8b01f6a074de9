"use strict";
// Numbers: a slider and a field for each, bound to one name of the view. What cannot be is
// explained below the field.

Explore.fields = (() => {
  const $ = (id) => document.getElementById(id);
  const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const tens = (low, high) => range(low, high).flatMap((e) =>
    [1, 2, 5].map((m) => Number(`${m}e${e}`)));

  // The values of each slider, in its order.
  const SLIDERS = [
    { name: "C", group: "penalty", label: "C", values: [...tens(-4, 3), 1e4, Infinity],
      help: "The penalty is divided by C: a large C is a weak penalty, inf none." },
    { name: "l1_ratio", group: "penalty", label: "share of L1", values: range(0, 20).map((i) => i / 20),
      help: "0: squares of the coefficients; 1: absolute values. Only L-BFGS and Newton take L1." },
    { name: "learning_rate", group: "descent", label: "learning rate",
      values: range(-12, 8).map((i) => Number((10 ** (i / 4)).toPrecision(2))).concat([150, 200]),
      help: "The step is this times the gradient." },
    { name: "momentum", group: "descent", label: "momentum", values: range(0, 99).map((i) => i / 100),
      help: "Share of its velocity that a step keeps; the first of Adam's two rates." },
    { name: "decay", group: "descent", label: "decay", values: range(0, 99).map((i) => i / 100).concat([0.995, 0.999]),
      help: "Share of the running mean of squares that RMSprop and Adam keep." },
    { name: "batch_size", group: "descent", label: "batch size", values: range(0, 13).map((i) => 2 ** i),
      help: "Rows in a step of the minibatch solvers." },
    { name: "epochs", group: "descent", label: "epochs",
      values: [0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1000, 2000, 5000, 10000],
      help: "Rounds through the rows; steps, for the solvers that use all rows at once." },
    { name: "validation", group: "data", label: "validation", values: range(0, 10).map((i) => i / 20),
      help: "Share of the rows that no solver sees." },
    { name: "rows", group: "data", label: "rows", values: [20, 50, 100, 200, 400, 1000, 2000, 5000, 10000, 20000, 50000, 100000],
      help: "How many rows there are." },
  ];
  const PLAIN = [
    { name: "start_x", group: "start", label: "across" },
    { name: "start_y", group: "start", label: "up" },
    { name: "seed", group: "descent", label: "seed", help: "The order of the rows in the epochs." },
  ];

  function make() {
    for (const slider of SLIDERS) $(`controls-${slider.group}`).append(row(slider));
    for (const field of PLAIN) $(`controls-${field.group}`).append(row(field));
  }

  function row({ name, label, values, help }) {
    const line = document.createElement("div");
    line.className = values ? "field" : "field short";
    const text = document.createElement("label");
    text.htmlFor = name;
    text.textContent = label;
    if (help) line.title = help;
    const number = document.createElement("input");
    Object.assign(number, { type: "text", id: name, inputMode: "decimal", size: 6 });
    number.spellcheck = false;
    number.addEventListener("input", () => put(name, number.value.trim()));
    number.addEventListener("change", () => { if (!number.value.trim()) show(name); });
    line.append(text);
    if (values) line.append(sliderOf(name, label, values, number));
    line.append(number, why(name));
    return line;
  }

  function sliderOf(name, label, values, number) {
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", id: `${name}-slider`, min: 0, max: values.length - 1, step: 1 });
    slider.setAttribute("aria-label", label);
    slider.addEventListener("input", () => {
      number.value = written(values[slider.value]);
      slider.setAttribute("aria-valuetext", number.value);
      put(name, number.value);
    });
    return slider;
  }

  function put(name, text) {
    clear(name);
    if (text) Explore.state.set({ [name]: text });
  }

  const written = (value) => (value === Infinity ? "inf" : String(value));

  function why(name) {
    const place = document.createElement("p");
    place.className = "why";
    place.id = `${name}-why`;
    place.hidden = true;
    return place;
  }

  // Shows the values of the view in the fields, but for one that is being written.
  function show(only) {
    for (const { name, values } of [...SLIDERS, ...PLAIN]) {
      if (only && name !== only) continue;
      const text = Explore.state.values[name];
      const number = $(name);
      if (document.activeElement !== number || only) number.value = shortened(text);
      const slider = $(`${name}-slider`);
      if (!slider || !values) continue;
      const value = text.toLowerCase().startsWith("inf") ? Infinity : Number(text);
      slider.value = nearest(values, value);
      slider.setAttribute("aria-valuetext", text);
    }
  }

  const shortened = (text) => (text.length > 9 && Number.isFinite(Number(text))
    ? String(Number(Number(text).toPrecision(5))) : text);

  function nearest(values, value) {
    let best = 0;
    values.forEach((one, i) => {
      if (distance(one, value) < distance(values[best], value)) best = i;
    });
    return best;
  }

  function distance(a, b) {
    if (a === b) return 0;
    return a > 0 && b > 0 ? Math.abs(Math.log(Math.min(a, 1e9) / Math.min(b, 1e9))) : 1e3 + Math.abs(a - b);
  }

  function explain(name, message) {
    const place = $(`${name}-why`) || $("data-why");
    place.textContent = message;
    place.hidden = false;
    place.setAttribute("role", "alert");
    const field = $(name);
    if (field) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", place.id);
    }
  }

  function clear(only) {
    for (const place of document.querySelectorAll(".why")) {
      if (only && place.id !== `${only}-why`) continue;
      place.hidden = true;
      place.textContent = "";
    }
    for (const field of document.querySelectorAll("[aria-invalid]")) {
      if (only && field.id !== only) continue;
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
  }

  return { make, show, explain, clear, why };
})();

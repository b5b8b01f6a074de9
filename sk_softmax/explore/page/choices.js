"use strict";
// Choices that are no numbers: data, classes, columns, targets, solvers, parameters of the plane.

Explore.choices = (() => {
  const $ = (id) => document.getElementById(id);
  const state = Explore.state;
  const DATA = [["iris", "iris"], ["cars", "fuel efficiency"], ["digits", "digits"], ["moons", "two moons"], ["own", "your own file"]];
  // What else begins anew when a choice changes.
  const OF_PLANE = { across: "", up: "", window: "", start_x: "0", start_y: "0", step: "" };
  const ANEW = {
    data: { classes: "", features: "", ...OF_PLANE },
    classes: OF_PLANE,
    features: OF_PLANE,
    scale: OF_PLANE,
    targets: {},
    across: { window: "", start_x: "0", step: "" },
    up: { window: "", start_y: "0", step: "" },
    schedule: {},
  };
  const SOLVERS = {
    gd: "full batch GD", momentum: "GD + momentum", sgd: "minibatch SGD",
    sgd_momentum: "SGD + momentum", rmsprop: "RMSprop", adam: "Adam", lbfgs: "L-BFGS", newton: "Newton",
  };

  function make() {
    const data = $("controls-data");
    data.append(
      choice("data", "data", DATA),
      choice("classes", "classes", []),
      columnsBox(),
      choice("scale", "columns", [["standard", "standardised"], ["raw", "as measured"]]),
      choice("targets", "targets", [["labels", "one-hot: the label"], ["shares", "probabilities"]]),
    );
    $("targets").parentElement.title = "One-hot, or the shares of the classes among the 15 nearest rows, as if so many people had labelled each row.";
    $("controls-descent").append(choice("schedule", "schedule",
      [["constant", "constant"], ["inverse_scaling", "1 / √epochs"], ["cosine", "cosine to 0"]]));
    makeSolvers();
    makeOthers();
    for (const name of ["across", "up"]) onChoice($(name), name);
    for (const name of ["across", "up", "window"]) $("slice").before(Explore.fields.why(name));
  }

  function choice(name, label, options) {
    const line = document.createElement("div");
    line.className = "field";
    const text = document.createElement("label");
    text.htmlFor = name;
    text.textContent = label;
    const select = document.createElement("select");
    select.id = name;
    fill(select, options);
    onChoice(select, name);
    line.append(text, select, Explore.fields.why(name));
    return line;
  }

  function onChoice(select, name) {
    select.addEventListener("change", () => {
      Explore.fields.clear();
      state.set({ ...ANEW[name], [name]: select.value });
    });
  }

  function fill(select, options) {
    select.replaceChildren(...options.map(([value, label]) => new Option(label, value)));
  }

  function columnsBox() {
    const box = document.createElement("details");
    box.id = "columns-box";
    const summary = document.createElement("summary");
    summary.id = "columns-summary";
    const list = document.createElement("div");
    list.id = "features";
    box.append(summary, list, Explore.fields.why("features"));
    return box;
  }

  function makeSolvers() {
    const list = document.createElement("div");
    list.id = "solvers";
    for (const [name, label] of Object.entries(SOLVERS)) {
      const line = document.createElement("label");
      line.className = "solver";
      const box = document.createElement("input");
      Object.assign(box, { type: "checkbox", value: name, id: `solver-${name}` });
      box.addEventListener("change", () => {
        const chosen = [...list.querySelectorAll("input:checked")].map((one) => one.value);
        state.set({ solvers: chosen.join(",") || "none", step: "" });
      });
      const mark = document.createElement("span");
      mark.className = "mark";
      mark.style.color = Explore.solvers[name].colour;
      mark.textContent = Explore.solvers[name].mark;
      mark.ariaHidden = "true";
      line.append(box, mark, label);
      list.append(line);
    }
    const notes = document.createElement("ul");
    notes.id = "solver-notes";
    notes.setAttribute("role", "status");
    $("controls-solvers").append(list, Explore.fields.why("solvers"), notes);
  }

  function makeOthers() {
    const group = document.createElement("div");
    group.id = "others";
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-label", "The other parameters");
    for (const [value, label] of [["free", "let all parameters move"], ["held", "hold the others at the optimum"]]) {
      const line = document.createElement("label");
      const box = document.createElement("input");
      Object.assign(box, { type: "radio", name: "others", value, id: `others-${value}` });
      box.addEventListener("change", () => { Explore.fields.clear("others"); state.set({ others: value }); });
      line.append(box, label);
      group.append(line);
    }
    $("controls-start").append(group, Explore.fields.why("others"));
  }

  // Shows the view in the choices that do not depend on the data.
  function show() {
    const values = state.values;
    for (const name of ["data", "scale", "targets", "schedule"]) $(name).value = values[name];
    const chosen = values.solvers.split(",");
    for (const box of document.querySelectorAll("#solvers input")) box.checked = chosen.includes(box.value);
    for (const box of document.querySelectorAll("#others input")) box.checked = box.value === values.others;
  }

  // Shows what there is to choose in the data.
  function showData(data) {
    fill($("classes"), classesOf(data.allClasses));
    const asked = state.values.classes || data.usualClasses;
    if (![...$("classes").options].some((one) => one.value === asked)) {
      $("classes").append(new Option(data.classes.join(" or "), asked));
    }
    $("classes").value = asked;
    $("rows").closest(".field").hidden = !data.isMadeUp;
    showColumns(data);
    const names = parametersOf(data);
    fill($("across"), names);
    fill($("up"), names);
  }

  function classesOf(classes) {
    const options = [["all", classes.length === 2 ? classes.join(" or ") : `all ${classes.length}`]];
    if (classes.length === 2) return options;
    classes.forEach((name, k) => options.push([String(k), `${name} against the rest`]));
    if (classes.length <= 10) {
      classes.forEach((a, i) => classes.forEach((b, j) => {
        if (j > i) options.push([`${i}-${j}`, `${a} or ${b} alone`]);
      }));
    }
    return options;
  }

  function showColumns(data) {
    const summary = data.chosen.length === data.allColumns.length
      ? `all ${data.chosen.length} columns` : data.columns.join("; ");
    $("columns-summary").textContent = summary.length > 60 ? `${data.chosen.length} columns` : summary;
    if (data.allColumns.length > 100) {
      $("features").textContent = "The columns of so many cannot be chosen here; name their numbers in the address, as features=0,1.";
      return;
    }
    $("features").replaceChildren(...data.allColumns.map((name, j) => {
      const line = document.createElement("label");
      const box = document.createElement("input");
      Object.assign(box, { type: "checkbox", value: j, checked: data.chosen.includes(j) });
      box.addEventListener("change", () => {
        const chosen = [...document.querySelectorAll("#features input:checked")].map((one) => one.value);
        if (!chosen.length) {
          box.checked = true;
          Explore.fields.explain("features", "A model needs a column: choose another first.");
          return;
        }
        Explore.fields.clear();
        state.set({ ...ANEW.features, features: chosen.join(",") });
      });
      line.append(box, name);
      return line;
    }));
  }

  function parametersOf(data) {
    const outputs = data.classes.length > 2 ? data.classes : [null];
    return outputs.flatMap((output, k) => {
      const of = output === null ? "" : `${output}: `;
      return [
        ...data.columns.map((name, j) => [`${k}.${j}`, `${of}coefficient of ${name}`]),
        [`${k}.b`, `${of}intercept`],
      ];
    });
  }

  function showFrame(frame, data) {
    for (const name of ["across", "up"]) {
      const [row, column] = frame[name];
      $(name).value = `${row}.${column === data.columns.length ? "b" : column}`;
    }
    $("others").hidden = frame.nFree <= 2;
  }

  function notes(list) {
    $("solver-notes").replaceChildren(...list.map(({ solver, message }) => {
      const line = document.createElement("li");
      const name = document.createElement("b");
      name.textContent = `${SOLVERS[solver]}: `;
      line.append(name, message);
      return line;
    }));
  }

  return { make, show, showData, showFrame, notes, SOLVERS };
})();

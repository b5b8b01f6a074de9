"use strict";
// The page: parts of an answer go to the panels as they come, and a step of the player to all.

(() => {
  const $ = (id) => document.getElementById(id);
  const { state, fields, choices, request, surface, rows, curves, gradient, coefficients, player } = Explore;
  const CLIENT_ONLY = ["surface", "shown", "step", "pace", "log"];
  let data = null;
  let frame = null;
  let surfaceKey = "";
  let arriving = null; // paths and refusals of the answer under way
  let paths = [];

  const keptText = $("kept");
  Explore.kept = keptText ? JSON.parse(keptText.textContent) : null;

  function has() {
    return [data ? data.key : "", surfaceKey].join(",");
  }

  const handlers = {
    asked() {
      arriving = { paths: [], refused: [] };
      document.body.dataset.busy = "yes";
      later(() => progress("computing", null));
    },
    data(part) {
      data = part;
      choices.showData(data);
      for (const panel of [rows, gradient, coefficients]) panel.setData(data);
      showQuestion();
      forget();
    },
    frame(part) {
      frame = part;
      fields.clear();
      choices.showFrame(frame, data);
      for (const panel of [surface, rows, gradient]) panel.setFrame(frame);
      curves.setBest(frame.bestValue);
    },
    path(part) { arriving.paths.push(part); },
    refused(part) { arriving.refused.push(part); },
    paths() {
      paths = arriving.paths;
      choices.notes([...arriving.refused, ...paths.filter((path) => path.note).map((path) => ({ solver: path.solver, message: path.note }))]);
      for (const panel of [surface, curves]) panel.setPaths(paths);
      showChoiceOfModel();
      player.setPaths(paths);
      showStep({ patient: true });
    },
    surface(part) {
      surfaceKey = part.key;
      if (!part.values) return;
      surface.setGrid(part);
    },
    progress(part) { progress(part.what, part.share); },
    impossible(part) { fields.explain(part.field, part.message); $("stage").dataset.stale = "yes"; idle(); },
    failed(part) { tell(part.message); idle(); },
    done(part) {
      idle();
      document.body.dataset.milliseconds = part.milliseconds;
    },
  };

  // What belongs to other data is not drawn with these, whoever presses a key meanwhile.
  function forget() {
    frame = null;
    paths = [];
    surfaceKey = "";
    surface.clear();
    for (const panel of [rows, gradient]) panel.setFrame(null);
    for (const panel of [surface, curves]) panel.setPaths(paths);
  }

  function receive(part) {
    if (part.part === "frame") { delete $("stage").dataset.stale; if (!Explore.kept) tell(""); }
    handlers[part.part](part);
  }

  // --- what the whole page shows ------------------------------------------------------------------

  function showQuestion() {
    const asked = data.classes.length === 2 ? `${data.classes[1]} or ${data.classes[0]}` : `one of ${data.classes.length} classes`;
    $("question").textContent = `${data.title}: ${asked}, by ${data.columns.length > 3 ? `${data.columns.length} columns` : data.columns.join(" and ")}`;
  }

  function showChoiceOfModel() {
    const before = state.values.shown;
    $("shown").replaceChildren(...paths.map((path) => new Option(path.label, path.solver)), new Option("the optimum", "optimum"));
    const known = [...$("shown").options].map((one) => one.value);
    $("shown").value = known.includes(before) ? before : known[0];
  }

  // The surface is drawn at once and the rest in the next frame, so that a hand is followed.
  let rest = 0;
  function showStep(options) {
    if (!frame) return;
    const at = player.iteration();
    surface.showStep(at, options);
    cancelAnimationFrame(rest);
    rest = requestAnimationFrame(() => { curves.draw(at); showModel(at); });
  }

  // The model drawn: the chosen solver's at this step, or the best.
  function showModel(at) {
    if (!frame) return;
    const path = paths.find((one) => one.solver === $("shown").value);
    const i = path ? curves.indexAt(path, at) : 0;
    const given = path ? path.params[i] : frame.best;
    const params = given.every((value) => value !== null) ? given : null;
    rows.draw(params);
    coefficients.draw(params);
    const where = path ? `at ${path.unit} ${Explore.iteration(path.iterations[i], path.nBatches)} of ${path.label}` : "at the optimum";
    const kept = Explore.kept && path ? (Explore.kept.gradients[path.solver] || [])[i] : null;
    gradient.at(params, where, kept);
  }

  let waiting = null;
  function later(work) {
    clearTimeout(waiting);
    waiting = setTimeout(work, 90);
  }

  function progress(what, share) {
    clearTimeout(waiting);
    const bar = $("progress");
    bar.hidden = false;
    bar.classList.toggle("unknown", share === null);
    bar.firstElementChild.style.width = share === null ? "30%" : `${Math.round(100 * share)}%`;
    bar.lastElementChild.textContent = share === null ? `${what} …` : `${what}: ${Math.round(100 * share)} %`;
    if (share === null) bar.removeAttribute("aria-valuenow"); else bar.setAttribute("aria-valuenow", Math.round(100 * share));
  }

  function idle() {
    clearTimeout(waiting);
    $("progress").hidden = true;
    document.body.dataset.busy = "no";
  }

  function tell(message) {
    $("banner").textContent = message;
    $("banner").hidden = !message;
  }

  // --- beginning ----------------------------------------------------------------------------------

  function show() {
    fields.show();
    choices.show();
  }

  function begin() {
    choices.make();
    fields.make();
    surface.make();
    Explore.fitting($("plane"));
    player.make();
    curves.make(() => curves.draw(player.iteration()));
    Explore.exporting.make(tell);
    Explore.lesson.make();
    player.onStep(() => showStep());
    $("shown").addEventListener("change", () => { state.set({ shown: $("shown").value }); showModel(player.iteration()); });
    request.onPart(receive);
    state.onChange((changed) => {
      show();
      if (changed.every((name) => CLIENT_ONLY.includes(name))) return;
      request.ask(state.computed(), has);
    });
    window.addEventListener("popstate", () => open(location.search));
    let resized = null;
    window.addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(() => showStep(), 100); });
  }

  function open(query) {
    player.pause();
    state.read(query);
    fields.clear();
    show();
    request.ask(state.computed(), has);
  }
  Explore.open = (query) => { history.pushState(null, "", query); open(query); };

  function openKept() {
    state.read(new URLSearchParams(Explore.kept.query).toString());
    show();
    document.body.dataset.kept = "yes";
    for (const part of [{ part: "asked" }, ...Explore.kept.parts]) receive(part);
    for (const control of document.querySelectorAll("#controls input, #controls select, #across, #up, #zoom-in, #zoom-out, #zoom-fit, #zoom-usual, #copy-link, #save-file, #show-lesson")) control.disabled = true;
    tell("This file shows one view: its paths play and its surface turns. To change it, run  python -m sk_softmax explore");
  }

  begin();
  if (Explore.kept) openKept();
  else if (request.takeToken()) open(location.search);
  else tell("The token of this page is missing: open the address that the command printed when it started. After that, links to the page open in this browser.");
})();

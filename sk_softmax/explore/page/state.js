"use strict";
// The view of the page: one text for each control, in the address bar where it is not as usual.

Explore.state = (() => {
  // The names down to "window" are those of the server's View, with the same usual values.
  const USUAL = {
    data: "iris", classes: "", features: "", scale: "standard", rows: "400",
    validation: "0.25", targets: "labels", solvers: "gd,momentum,sgd",
    learning_rate: "0.5", momentum: "0.9", decay: "0.9", batch_size: "16", epochs: "30",
    schedule: "constant", C: "1", l1_ratio: "0", seed: "0", across: "", up: "",
    start_x: "0", start_y: "0", others: "free", window: "",
    surface: "", shown: "", step: "", pace: "", log: "",
  };
  const COMPUTED = Object.keys(USUAL).slice(0, Object.keys(USUAL).indexOf("surface"));
  const values = { ...USUAL };
  const listeners = [];

  function read(query) {
    const given = new URLSearchParams(query);
    for (const name of Object.keys(USUAL)) {
      values[name] = given.has(name) ? given.get(name) : USUAL[name];
    }
  }

  function query(names = Object.keys(USUAL)) {
    const written = new URLSearchParams();
    for (const name of names) {
      if (values[name] !== USUAL[name]) written.set(name, values[name]);
    }
    return written.toString().replace(/%2C/g, ",");
  }

  function set(changes, { quietly = false } = {}) {
    const changed = Object.keys(changes).filter((name) => values[name] !== String(changes[name]));
    if (!changed.length) return;
    for (const name of changed) values[name] = String(changes[name]);
    write();
    if (!quietly) listeners.forEach((listener) => listener(changed));
  }

  function write() {
    if (Explore.kept) return;
    const text = query();
    history.replaceState(null, "", text ? `?${text}` : location.pathname);
  }

  return {
    USUAL, COMPUTED, values, read, query, set, write,
    computed: () => query(COMPUTED),
    link: () => `${location.origin}${location.pathname}${query() ? "?" + query() : ""}`,
    onChange: (listener) => listeners.push(listener),
  };
})();

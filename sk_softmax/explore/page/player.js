"use strict";
// Plays the paths: step by step, all solvers together. The step is an iteration number, or with
// the pace of minibatches that of the epoch and a fraction.

Explore.player = (() => {
  const $ = (id) => document.getElementById(id);
  const state = Explore.state;
  let paths = [];
  let numbers = [0]; // the iterations that any path shows
  let place = 0;
  let timer = null;
  let listener = () => {};

  const nBatches = () => Math.max(1, ...paths.map((path) => path.nBatches));

  function setPaths(given) {
    paths = given;
    $("pace").hidden = nBatches() === 1;
    $("pace").value = state.values.pace;
    const all = new Set(paths.flatMap((path) => path.iterations));
    numbers = [...all].filter((at) => state.values.pace || Number.isInteger(at)).sort((a, b) => a - b);
    if (!numbers.length) numbers = [0];
    $("step").max = numbers.length - 1;
    place = timer === null ? placeOf(state.values.step) : Math.min(place, numbers.length - 1);
    showPlace();
  }

  // An empty step is the end, whatever its number.
  function placeOf(text) {
    const last = numbers.length - 1;
    if (text === "" || !Number.isFinite(Number(text))) return last;
    let at = last;
    while (at > 0 && numbers[at] > Number(text)) at -= 1;
    return at;
  }

  function showPlace() {
    $("step").value = place;
    $("step-text").textContent = `${Explore.iteration(numbers[place], nBatches())} of ${numbers[numbers.length - 1]}`;
    $("step").setAttribute("aria-valuetext", $("step-text").textContent);
  }

  function go(to) {
    place = Math.min(Math.max(to, 0), numbers.length - 1);
    showPlace();
    state.set({ step: place === numbers.length - 1 ? "" : numbers[place] }, { quietly: true });
    listener(numbers[place]);
  }

  function play() {
    if (timer !== null) return pause();
    if (place >= numbers.length - 1) go(0);
    $("play").textContent = "❚❚ Pause";
    $("play").setAttribute("aria-pressed", "true");
    schedule();
  }

  // Who has asked for less motion sees two steps a second at most.
  function schedule() {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const rate = calm ? 2 : Number($("speed").value);
    timer = setTimeout(() => {
      go(place + 1);
      if (place >= numbers.length - 1) pause(); else schedule();
    }, 1000 / rate);
  }

  function pause() {
    clearTimeout(timer);
    timer = null;
    $("play").textContent = "▶ Play";
    $("play").setAttribute("aria-pressed", "false");
  }

  function make() {
    const by = (change) => () => { pause(); go(change()); };
    $("play").addEventListener("click", play);
    $("forward").addEventListener("click", by(() => place + 1));
    $("back").addEventListener("click", by(() => place - 1));
    $("reset").addEventListener("click", by(() => 0));
    $("step").addEventListener("input", by(() => Number($("step").value)));
    $("pace").addEventListener("change", () => {
      pause();
      state.set({ pace: $("pace").value }, { quietly: true });
      setPaths(paths);
      go(place);
    });
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.target.closest("input:not([type=range]):not([type=checkbox]):not([type=radio]), select, textarea")) return;
      const button = { k: "play", l: "forward", j: "back", r: "reset" }[event.key.toLowerCase()];
      if (button) $(button).click();
    });
  }

  return { make, setPaths, pause, iteration: () => numbers[place], onStep: (given) => { listener = given; } };
})();

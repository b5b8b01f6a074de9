"use strict";
// Asks the server for views, one at a time. Each request has a number: what belongs to an older
// one is not drawn, and the server stops computing it.

Explore.request = (() => {
  const PATIENCE = 150; // milliseconds that an answer may take once something newer is wanted
  const tab = Math.random().toString(36).slice(2);
  let token = "";
  let number = 0;
  let running = null; // { controller, number, started, hasPaths }
  let wanted = null; // the newest query that is not asked for yet
  let listener = () => {};

  // The token comes behind "#" in the address that the command prints. It is kept for this
  // origin, so that links without it open in the same browser.
  function takeToken() {
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given) {
      keep(given);
      history.replaceState(null, "", location.pathname + location.search);
    }
    token = given || kept();
    return Boolean(token);
  }

  function keep(value) {
    try { localStorage.setItem("explore-token", value); } catch { /* this tab has it still */ }
  }

  function kept() {
    try { return localStorage.getItem("explore-token") || ""; } catch { return ""; }
  }

  const headers = () => ({ "X-Explore-Token": token });

  // While a slider is dragged the answer that runs is let finish its paths, unless it is slow:
  // else nothing would be drawn until the slider rests.
  function ask(query, has) {
    wanted = { query, has };
    if (!running) return start();
    const age = performance.now() - running.started;
    if (running.hasPaths || age > PATIENCE) return restart();
    setTimeout(() => wanted && running && performance.now() - running.started > PATIENCE
      && restart(), PATIENCE - age + 1);
  }

  function restart() {
    running.controller.abort();
    running = null;
    start();
  }

  async function start() {
    const { query, has } = wanted;
    wanted = null;
    number += 1;
    const mine = { controller: new AbortController(), number, started: performance.now(), hasPaths: false };
    running = mine;
    listener({ part: "asked", number: mine.number });
    try {
      const about = new URLSearchParams({ tab, number: mine.number, has: has() });
      const answer = await fetch(`answer?${query}&${about}`, {
        headers: headers(), signal: mine.controller.signal,
      });
      if (!answer.ok) throw new Error(await answer.text());
      await readLines(answer.body, (part) => {
        if (running !== mine) return;
        if (part.part === "paths") mine.hasPaths = true;
        listener(part);
        if (mine.hasPaths && wanted) restart();
      });
    } catch (error) {
      if (running === mine) listener({ part: "failed", message: explained(error) });
    }
    if (running === mine) {
      running = null;
      if (wanted) start();
    }
  }

  function explained(error) {
    return error instanceof TypeError
      ? "The server does not answer: it has ended. Start it again, and open the address that it prints."
      : error.message;
  }

  async function readLines(body, each) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line) each(JSON.parse(line));
    }
  }

  async function post(path, query, body) {
    const answer = await fetch(`${path}?${query}`, {
      method: "POST", headers: { ...headers(), "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  async function get(path, query) {
    const answer = await fetch(`${path}?${query}`, { headers: headers() });
    if (!answer.ok) throw new Error(await answer.text());
    return answer;
  }

  return {
    takeToken, ask, post, get,
    isRunning: () => running !== null,
    onPart: (given) => { listener = given; },
  };
})();

"use strict";
// What is taken away: a link, the Python, the view as a file.

Explore.exporting = (() => {
  const $ = (id) => document.getElementById(id);

  function save(text, name, kind) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  async function copied(text, button) {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      window.prompt("Copy this:", text);
    }
    setTimeout(() => { button.textContent = before; }, 1500);
  }

  async function code() {
    if (Explore.kept) return Explore.kept.code;
    const answer = await (await Explore.request.get("code", Explore.state.computed())).json();
    return answer.code ?? `# ${answer.message}`;
  }

  async function file() {
    const answer = await Explore.request.get("file", Explore.state.query());
    save(await answer.text(), "softmax.html", "text/html");
  }

  function make(tell) {
    const trying = (work) => async () => {
      try { await work(); } catch (error) { tell(error.message); }
    };
    $("copy-link").addEventListener("click", () => copied(Explore.state.link(), $("copy-link")));
    $("show-code").addEventListener("click", trying(async () => {
      $("code").textContent = await code();
      $("dialog-code").showModal();
    }));
    $("copy-code").addEventListener("click", () => copied($("code").textContent, $("copy-code")));
    $("save-code").addEventListener("click", () => save($("code").textContent, "softmax.py", "text/x-python"));
    $("save-file").addEventListener("click", trying(file));
    $("show-help").addEventListener("click", () => $("dialog-help").showModal());
    for (const button of document.querySelectorAll("[data-close]")) {
      button.addEventListener("click", () => button.closest("dialog").close());
    }
  }

  return { make };
})();

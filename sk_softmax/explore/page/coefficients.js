"use strict";
// The coefficients as images, where the rows are images: blue for a class, red against it.

Explore.coefficients = (() => {
  const $ = (id) => document.getElementById(id);
  const BLUE = [5, 48, 97], RED = [103, 0, 31];
  let data = null;

  function setData(given) {
    data = given;
    $("card-images").hidden = !data.imageShape;
    if (!data.imageShape) return;
    $("images").replaceChildren(...figures("coefficients"));
  }

  // An empty picture a class, of what.
  function figures(what) {
    const names = data.classes.length > 2 ? data.classes : [data.classes[1]];
    return names.map((name) => {
      const figure = document.createElement("figure");
      const canvas = document.createElement("canvas");
      [canvas.height, canvas.width] = data.imageShape;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${what} of class ${name}`);
      const caption = document.createElement("figcaption");
      caption.textContent = name;
      figure.append(canvas, caption);
      return figure;
    });
  }

  function draw(params) {
    if (!data || !data.imageShape || params === null) return;
    fill([...$("images").children], params);
  }

  // Draws params, class-major with the intercept last, into pictures on one scale.
  function fill(pictures, params) {
    const [height, width] = data.imageShape;
    const step = height * width + 1;
    const coefficients = params.filter((_, i) => i % step !== step - 1);
    const most = Math.max(...coefficients.map(Math.abs)) || 1;
    pictures.forEach((figure, k) => {
      const context = figure.firstChild.getContext("2d");
      const image = context.createImageData(width, height);
      for (let i = 0; i < height * width; i++) {
        image.data.set([...shade(params[k * step + i] / most), 255], 4 * i);
      }
      context.putImageData(image, 0, 0);
    });
  }

  // The same pictures of other numbers, for another panel.
  function pictures(what, params) {
    const made = figures(what);
    fill(made, params);
    return made;
  }

  // From white at zero to blue or red at one; square roots make small coefficients visible.
  function shade(share) {
    const strength = Math.sqrt(Math.abs(share));
    const colour = share > 0 ? BLUE : RED;
    return colour.map((c) => Math.round(255 - strength * (255 - c)));
  }

  return { setData, draw, pictures };
})();

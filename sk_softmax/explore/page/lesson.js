"use strict";
// The hour's lesson as links of this page; examples/lesson.md has the same with more words.

Explore.lesson = (() => {
  const $ = (id) => document.getElementById(id);
  const STEPS = [
    ["A neuron by hand",
      "?data=cars&solvers=gd&epochs=0&start_x=1&start_y=0.5",
      "A car's weight goes in, the probability of 30 miles to the gallon comes out. A point of the loss surface is a slope and an intercept: click on it, and the sigmoid follows."],
    ["One valley",
      "?data=cars&solvers=gd&epochs=0&start_x=1&start_y=0.5&surface=3d",
      "Every point of the plane is one neuron, and its height is the mean cross-entropy of all rows. The surface is convex: there is one valley and no other."],
    ["One step",
      "?classes=2&validation=0&solvers=gd&learning_rate=1&epochs=1&step=0",
      "At zero weights every a is 0.5, whatever the flower. The gradient is X′(A − Y) / n, and the next weights are w minus the learning rate times it. Press Step."],
    ["The lecture's five numbers",
      "?features=0,1,2,3&scale=raw&validation=0&C=inf&solvers=gd&learning_rate=0.1&epochs=5000&across=0.2&up=0.3&step=0",
      "Iris virginica by all four columns as measured, without a penalty: the gradient at zero is (0.7257, 0.5373, 0.0283, −0.0757) and 0.1667 for the intercept."],
    ["Too small a step, too large a step",
      "?data=cars&solvers=gd&learning_rate=0.03&epochs=50&start_x=1&start_y=0.5",
      "With 0.03 the descent has hardly begun after 50 steps. Drag the learning rate to the right: at 10 it is quick and bounces, at 18 it jumps across the valley."],
    ["Full batch against minibatches",
      "?data=cars&solvers=gd,sgd&learning_rate=0.5&batch_size=8&start_x=1.5&start_y=1",
      "Both see every row 30 times. The full batch takes 30 long looks and 30 steps; batches of 8 rows take 38 steps in each round, and tremble around the optimum. Choose “by minibatch”, and play the first round."],
    ["One row at a time",
      "?data=cars&solvers=gd,sgd&learning_rate=0.1&batch_size=1&epochs=20&start_x=1.5&start_y=1",
      "The stochastic rule of the textbooks: each row alone moves the weights, and not always downhill. A mark stands after each round."],
    ["A narrow valley",
      "?scale=raw&validation=0&solvers=gd,momentum&learning_rate=0.1&epochs=100",
      "Petal lengths as measured, all far from zero: a slope can be had for an intercept, and the valley is long and flat. Plain descent creeps (loss 0.526 after 100 steps), with momentum it is at 0.294."],
    ["RMSprop and Adam",
      "?scale=raw&validation=0&solvers=momentum,rmsprop,adam&learning_rate=0.1&batch_size=256&epochs=100",
      "Both divide each entry of the gradient by its own running size, so that a flat direction is walked as fast as a steep one. After 100 steps Adam is at 0.232."],
    ["Curvature",
      "?scale=raw&validation=0&solvers=gd,lbfgs,newton&learning_rate=0.1&epochs=100",
      "Newton's method knows how the surface bends and needs 7 steps, L-BFGS guesses it from the gradients that it has seen. Neither has a learning rate."],
    ["A penalty draws to zero",
      "?validation=0&solvers=newton",
      "C divides the penalty. Drag it: with C = 0.01 the slope is 0.386, with C = 1 it is 4.16, and without a penalty (inf) 15.8."],
    ["Absolute values set weights to zero",
      "?features=0,1,2,3&validation=0&solvers=lbfgs&C=0.05&l1_ratio=1&epochs=50&across=0.2&up=0.3",
      "With L1 only petal width keeps a weight, 1.316; the other three are exactly zero. On the surface there is a crease along each axis."],
    ["No penalty and no optimum",
      "?classes=0&C=inf&solvers=gd,newton&epochs=300",
      "Setosa is told apart without a mistake. Each larger slope is better still, so without a penalty there is no finite optimum and the descent never ends."],
    ["Three classes",
      "?classes=all&features=2,3&solvers=gd&learning_rate=2&epochs=100&C=10",
      "One row of weights a class. The colour of a point mixes those of the classes by their probabilities; the lines are where the most probable class changes, and they are straight."],
    ["A slice and a shadow",
      "?classes=all&features=2,3&solvers=gd&learning_rate=2&epochs=100&C=10&others=held",
      "A model of nine parameters does not fit on a plane. Here seven are held at the optimum, so that the path lies on the surface; let them move, and it is a shadow on a slice. Any two can be chosen."],
    ["Targets that are probabilities",
      "?data=moons&targets=shares&solvers=gd,newton&learning_rate=1",
      "As if 15 people had labelled each row: its target is the share of each class among the 15 nearest rows. Softmax regression takes it as it is."],
    ["Ten digits",
      "?data=digits&solvers=gd,lbfgs&learning_rate=0.5&epochs=60",
      "650 parameters. The weights of a class are an image: blue where ink speaks for the digit, red where it speaks against it. Minus the gradient is the image that a step adds."],
  ];

  let at = -1;

  function go(to) {
    at = Math.min(Math.max(to, 0), STEPS.length - 1);
    $("lesson-step").selectedIndex = at;
    $("lesson-text").textContent = STEPS[at][2];
    $("lesson-back").disabled = at === 0;
    $("lesson-next").disabled = at === STEPS.length - 1;
    Explore.open(STEPS[at][1]);
  }

  function show(visible) {
    $("lesson").hidden = !visible;
    $("show-lesson").setAttribute("aria-expanded", String(visible));
    if (visible && at < 0) go(0);
  }

  function make() {
    $("lesson-step").replaceChildren(...STEPS.map(([title], i) => new Option(`${i + 1}. ${title}`, String(i))));
    $("lesson-step").addEventListener("change", () => go($("lesson-step").selectedIndex));
    $("lesson-back").addEventListener("click", () => go(at - 1));
    $("lesson-next").addEventListener("click", () => go(at + 1));
    $("show-lesson").addEventListener("click", () => show($("lesson").hidden));
    $("lesson-close").addEventListener("click", () => { show(false); $("show-lesson").focus(); });
  }

  return { make };
})();

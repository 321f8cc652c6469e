// A sheet that is not painted for a moment: one painting of answers for one of #GETTING_DATA and another of them.

export class Painting {
  #until = 0;

  constructor(renders) {
    const watch = render => {
      const scene = render?.scene, paint = scene?.render;
      if (!paint || Object.hasOwn(scene, "render")) return;
      // What has changed stays marked, for the frame after.
      scene.render = (...given) => performance.now() < this.#until || paint.apply(scene, given);
    };
    renders.getRenderAll().forEach(watch);
    renders.created$.subscribe(watch);
  }

  // From now on so many milliseconds, unless told otherwise before.
  wait(milliseconds) {
    if (!milliseconds || performance.now() >= this.#until) this.#until = performance.now() + milliseconds;
  }
}

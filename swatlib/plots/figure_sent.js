// plotly.js of the page shows what the kernel sends. A figure is sent whole; of one that grows, only what is new is sent.

const CONFIG = { displaylogo: false, responsive: true, doubleClick: false, showTips: false };
const KINDS = { f8: Float64Array, f4: Float32Array };
const shown = new Map(); // key of the widget → the whole figure

// anywidget gives a module two seconds, after which its model hears of nothing any more: what takes long comes later.
let library;
const plotly = source => library ??= import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));

const values = packed => packed.bdata === undefined ? packed
  : new KINDS[packed.dtype](Uint8Array.from(atob(packed.bdata), each => each.charCodeAt(0)).buffer);

function joined(old, { drop, add }) {
  const kept = values(old).slice(drop), more = values(add);
  if (Array.isArray(kept)) return kept.concat(more);
  const whole = new kept.constructor(kept.length + more.length);
  whole.set(kept);
  whole.set(more, kept.length);
  return whole;
}

function grown(trace, { changed, grown }) {
  const arrays = Object.entries(grown).map(([name, more]) => [name, joined(trace[name], more)]);
  return { ...trace, ...changed, ...Object.fromEntries(arrays) };
}

function initialize({ model }) {
  const key = model.get("key");
  shown.set(key, model.get("sent"));
  model.on("change:sent", () => shown.set(key, model.get("sent")));
  model.on("msg:custom", more => {
    const before = shown.get(key);
    if (before.number !== more.after) model.send({ whole: true });
    else shown.set(key, { ...more, data: before.data.map((trace, place) => grown(trace, more.data[place])) });
  });
  model.send({ has: shown.get(key).number }); // rows that came while this page was loading were not heard of
  return () => shown.delete(key);
}

async function render({ model, el }) {
  const { default: Plotly } = await plotly(model.get("plotly"));
  const node = document.createElement("div");
  el.append(node);

  // A zoom is asked of the kernel under a number; an answer to an earlier one than the last is not drawn any more.
  const draw = () => {
    const { data, layout, answers } = shown.get(model.get("key"));
    if (answers !== null && answers < (model.get("asked").number ?? 0)) return;
    Plotly.react(node, data, structuredClone(layout), CONFIG);
  };
  const ask = changed => {
    const { range } = node.layout.xaxis;
    if (!Object.keys(changed).some(name => name.startsWith("xaxis.range"))) return;
    const number = (model.get("asked").number ?? 0) + 1;
    model.set("asked", { span: range, number, seen: shown.get(model.get("key")).number });
    model.save_changes();
  };

  draw();
  node.on("plotly_relayout", ask);
  const happenings = ["change:sent", "msg:custom"];
  happenings.forEach(each => model.on(each, draw));
  const resized = new ResizeObserver(() => { if (node.clientWidth) Plotly.Plots.resize(node); });
  resized.observe(el);
  return () => {
    resized.disconnect();
    happenings.forEach(each => model.off(each, draw));
    Plotly.purge(node);
  };
}

export default { initialize, render };

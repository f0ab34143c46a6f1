// plotly.js of the page shows what the kernel sends, whole; it finds out itself what differs from what it shows.

const CONFIG = { displaylogo: false, responsive: true, doubleClick: false, showTips: false };

function render({ model, el }) {
  const node = document.createElement("div");
  el.append(node);

  // A zoom is asked of the kernel under a number; an answer to an earlier one than the last is not drawn any more.
  const draw = () => {
    const { data, layout, answers } = model.get("sent");
    if (answers !== null && answers < (model.get("asked").number ?? 0)) return;
    Plotly.react(node, data, structuredClone(layout), CONFIG);
  };
  const ask = changed => {
    const { range } = node.layout.xaxis;
    if (!Object.keys(changed).some(name => name.startsWith("xaxis.range"))) return;
    const number = (model.get("asked").number ?? 0) + 1;
    model.set("asked", { span: range, number, seen: model.get("sent").number });
    model.save_changes();
  };

  draw();
  node.on("plotly_relayout", ask);
  model.on("change:sent", draw);
  const resized = new ResizeObserver(() => { if (node.clientWidth) Plotly.Plots.resize(node); });
  resized.observe(el);
  return () => {
    resized.disconnect();
    model.off("change:sent", draw);
    Plotly.purge(node);
  };
}

export default { render };

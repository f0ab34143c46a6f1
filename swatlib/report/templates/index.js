// Filters and orders the rows and sets two runs beside each other; what is chosen stands in the address, so that a reload keeps it.
function show(runs) {
  const form = document.querySelector(".filter"), changed = document.querySelector(".changed");
  const boxes = [...document.querySelectorAll(".compare input")];
  const rows = new Map(boxes.map(box => [box.value, box.closest("tr")]));
  const { data, detector, parameter, order } = form.elements, kept = [data, detector, parameter, order];
  const fill = (place, values) => [...new Set(values)].sort().forEach(value => place.append(new Option(value)));
  const cell = (kind, text) => Object.assign(document.createElement(kind), { textContent: text ?? "–" });
  const line = (name, values, kind) => {
    const row = document.createElement("tr");
    row.append(cell("th", name), ...values.map(value => cell("td", value)));
    row.className = kind ?? "";
    return row;
  };

  const filter = () => {
    const words = parameter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    runs.forEach(run => {
      const has = run.parameters.map(each => each.toLowerCase().replaceAll(" ", ""));
      const fits = (!data.value || run.data.includes(data.value)) && (!detector.value || run.detectors.includes(detector.value))
        && words.every(word => has.some(each => each.includes(word)));
      rows.get(run.run).hidden = !fits;
      shown += fits;
    });
    form.querySelector("output").textContent = `${shown} of ${runs.length} runs`;
  };
  const arrange = () => {
    const [name, way] = order.value.split(", "), figure = run => parseFloat(run.key[name]?.replaceAll(",", ""));
    const known = order.value ? runs.filter(run => !isNaN(figure(run))) : [];
    known.sort((one, other) => (figure(one) - figure(other)) * (way === "rising" ? 1 : -1));
    [...known, ...runs.filter(run => !known.includes(run))].forEach(run => {
      const row = rows.get(run.run);
      row.parentElement.append(row);
    });
    form.parentElement.querySelectorAll("tr.damaged").forEach(row => row.parentElement.append(row));
  };
  const compare = () => {
    const names = boxes.filter(box => box.checked).map(box => box.value);
    boxes.forEach(box => { box.disabled = names.length === 2 && !box.checked; });
    changed.hidden = names.length === 0;
    if (names.length < 2) {
      changed.replaceChildren(cell("p", names.length ? `${names[0]}: tick a second run to see what changed.` : ""));
      return;
    }
    const [later, earlier] = names.map(name => runs.find(run => run.run === name).facts);
    const table = document.createElement("table");
    const head = table.createTHead(), body = table.createTBody();
    head.append(line("", [names[1], names[0]]));
    let same = 0;
    Object.keys(later).forEach(group => {
      const known = [...new Set([...Object.keys(earlier[group]), ...Object.keys(later[group])])];
      const differ = known.filter(name => earlier[group][name] !== later[group][name]);
      same += known.length - differ.length;
      if (differ.length) body.append(line(group, [], "group"));
      differ.forEach(name => body.append(line(name, [earlier[group][name], later[group][name]])));
    });
    changed.replaceChildren(cell("h2", "What changed"), table, cell("p", `${same} others are equal.`));
  };
  const keep = () => {
    const chosen = new URLSearchParams();
    kept.filter(each => each.value).forEach(each => chosen.set(each.name, each.value));
    boxes.filter(box => box.checked).forEach(box => chosen.append("run", box.value));
    history.replaceState(null, "", `#${chosen}`);
  };

  fill(data, runs.flatMap(run => run.data));
  fill(detector, runs.flatMap(run => run.detectors));
  fill(document.getElementById("parameters"), runs.flatMap(run => run.parameters));
  fill(order, runs.flatMap(run => Object.keys(run.key)).flatMap(name => [`${name}, falling`, `${name}, rising`]));
  const chosen = new URLSearchParams(location.hash.slice(1));
  kept.forEach(each => { each.value = chosen.get(each.name) ?? ""; });
  boxes.forEach(box => { box.checked = chosen.getAll("run").includes(box.value); });
  [form, ...document.querySelectorAll(".compare")].forEach(each => { each.hidden = false; });
  form.onsubmit = event => event.preventDefault();
  form.oninput = () => { filter(); arrange(); keep(); };
  boxes.forEach(box => { box.oninput = () => { compare(); keep(); }; });
  filter();
  arrange();
  compare();
}

// A table is sorted by a click on a heading, a long one also filtered by words; one with cells over several rows is left.
function sortable(table) {
  const body = table.tBodies[0], rows = [...body.rows], number = /^[-+−]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?(?=[\s%(×]|$)/i;
  if (!table.tHead || rows.length < 2 || table.querySelector("tbody [rowspan], thead [colspan]")) return;
  const text = (row, column) => row.cells[column].textContent.trim();
  const absent = value => ["", "–", "NaN", "None"].includes(value);
  const value = word => parseFloat(word.replaceAll(",", "").replace("−", "-"));

  const sort = column => {
    const headings = [...table.tHead.rows].map(row => row.cells[column]);
    const down = headings[0].ariaSort === "ascending";
    const there = rows.filter(row => !absent(text(row, column))), rest = rows.filter(row => !there.includes(row));
    const inNumbers = there.every(row => number.test(text(row, column)));
    const order = (one, other) => inNumbers ? value(one) - value(other) : one.localeCompare(other, "en", { numeric: true });
    there.sort((one, other) => order(text(one, column), text(other, column)) * (down ? -1 : 1));
    table.tHead.querySelectorAll("th").forEach(each => { each.ariaSort = null; });
    headings.forEach(each => { each.ariaSort = down ? "descending" : "ascending"; });
    body.append(...there, ...rest);
  };
  table.tHead.querySelectorAll("th").forEach(heading => {
    heading.tabIndex = heading.parentElement.rowIndex ? -1 : 0;
    heading.title = "sort";
    heading.style.cursor = "pointer";
    heading.onclick = () => sort(heading.cellIndex);
    heading.onkeydown = event => { if (event.key === "Enter") sort(heading.cellIndex); };
  });
  if (rows.length < 8) return;
  const filter = Object.assign(document.createElement("input"), { type: "search", className: "words-wanted", placeholder: "filter rows" });
  filter.oninput = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach(row => { row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word)); });
  };
  table.before(filter);
}

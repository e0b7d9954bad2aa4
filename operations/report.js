"use strict";
const table = document.getElementById("differences");
if (table) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const text = document.getElementById("text");
  const type = document.getElementById("type");
  const count = document.getElementById("count");
  const show = () => {
    const wanted = text.value.toLowerCase();
    let visible = 0;
    for (const row of rows) {
      const fits = (!type.value || row.cells[0].textContent === type.value)
        && row.cells[1].textContent.toLowerCase().includes(wanted);
      row.hidden = !fits;
      visible += fits;
    }
    count.textContent = `${visible} of ${rows.length} shown`;
  };
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.className === "number" ? Number(cell.dataset.value ?? -1) : cell.textContent;
  };
  const sort = (heading) => {
    const column = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const each of heading.parentNode.cells) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
    });
    body.append(...rows);
  };
  text.addEventListener("input", show);
  type.addEventListener("change", show);
  for (const button of table.tHead.querySelectorAll("button")) {
    button.addEventListener("click", () => sort(button.parentNode));
  }
  document.getElementById("controls").hidden = false;
  show();
}

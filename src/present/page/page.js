// Sorting of tables by a click on a heading, within each part of the table.
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.querySelectorAll("thead th")];
  heads.forEach((head, column) => {
    head.tabIndex = 0;
    head.title = "Sort by this column";
    head.addEventListener("keydown", (event) => event.key === "Enter" && head.click());
    head.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => {
        const cell = row.cells[column];
        const number = parseFloat(cell.dataset.value ?? "");
        return Number.isNaN(number) ? cell.textContent : number;
      };
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (typeof x === typeof y) return typeof x === "number" ? x - y : x.localeCompare(y);
        return typeof x === "number" ? -1 : 1;
      };
      for (const body of table.tBodies) {
        const rows = [...body.rows].filter((row) => !row.classList.contains("part"));
        rows.sort(order);
        if (down) rows.reverse();
        body.append(...rows);
      }
    });
  });
}
// A closer look: the wheel magnifies an enlarged figure, Escape closes it.
for (const plate of document.querySelectorAll("figure .plate")) {
  const svg = plate.querySelector("svg");
  let scale = 1;
  plate.addEventListener("wheel", (event) => {
    if (!plate.parentElement.matches(":target")) return;
    event.preventDefault();
    scale = Math.min(12, Math.max(1, scale * (event.deltaY < 0 ? 1.15 : 1 / 1.15)));
    svg.style.width = scale === 1 ? "" : `${100 * scale}%`;
    svg.style.height = scale === 1 ? "" : "auto";
  }, { passive: false });
}
addEventListener("keydown", (event) => {
  const open = document.querySelector("figure:target .close");
  if (event.key === "Escape" && open) open.click();
});

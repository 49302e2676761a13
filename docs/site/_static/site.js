// A block that scrolls sideways must be reachable by the keyboard, also one in a tab that opens later.
function reachable() {
  document.querySelectorAll(".highlight pre, .sourceCode pre, p.wide").forEach((block) => {
    if (block.scrollWidth > block.clientWidth) {
      block.setAttribute("tabindex", "0");
    }
  });
}
document.addEventListener("DOMContentLoaded", () => {
  reachable();
  document.addEventListener("change", reachable);
  window.addEventListener("resize", reachable);
});

// Pictures of several panels side by side scroll on a phone, where they would be too small.
window.addEventListener("load", () => {
  if (!window.matchMedia("(max-width: 600px)").matches) return;
  document.querySelectorAll(".bd-article p > img:only-child").forEach((picture) => {
    const wide = picture.naturalWidth > 700 && picture.naturalWidth > 1.9 * picture.naturalHeight;
    picture.parentElement.classList.toggle("wide", wide);
  });
  reachable();
});

// A number and its range have a line each.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("td").forEach((cell) => {
    const found = /^([\d.,]+ ?\S*) (\([\d.,]+ to [\d.,]+\))$/.exec(cell.textContent.trim());
    if (!found) return;
    cell.textContent = `${found[1]}\n${found[2]}`;
    cell.classList.add("range");
  });
});

// The arrows that open parts of the list of pages say what they open.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".bd-sidebar-primary details > summary").forEach((summary) => {
    const link = summary.closest("li")?.querySelector("a");
    summary.setAttribute("aria-label", `Pages below "${link?.textContent.trim() ?? ""}"`);
  });
});

// Drawings have their words inside, where a browser that shows them hides them.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("object.graphviz").forEach((drawing) => {
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", drawing.textContent.trim());
  });
});

// Long names in tables break after an underscore.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("td code .pre").forEach((name) => {
    const parts = name.textContent.split(/(?<=_)/);
    name.replaceChildren(...parts.flatMap((part, i) => (i ? [document.createElement("wbr"), part] : [part])));
  });
});

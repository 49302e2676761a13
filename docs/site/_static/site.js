// A block that scrolls sideways must be reachable by the keyboard, also one in a tab that opens later.
function reachable() {
  document.querySelectorAll(".highlight pre, .sourceCode pre").forEach((block) => {
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

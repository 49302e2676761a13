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
